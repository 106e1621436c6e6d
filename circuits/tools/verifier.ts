import { readFile } from 'node:fs/promises';
import { snarkjs, solidityTemplatePath } from './snarkjs.ts';

function replaceOnce(text: string, pattern: RegExp, replacement: string): string {
  const matches = text.match(new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`)) ?? [];
  if (matches.length !== 1) {
    throw new Error(`The Solidity template has changed: ${pattern.source} found ${matches.length} times`);
  }
  return text.replace(pattern, () => replacement);
}

/**
 * The Solidity verifier of a proving key, named `contractName`.
 *
 * snarkjs's template checks that public signals are below r. It leaves coordinates to the precompiles,
 * but reduces −A's y modulo q itself, so a proof whose A.y is at least q can pass. Here each of the
 * eight coordinates must be below q: one proof has one spelling.
 * @throws Error when the template of a newer snarkjs no longer has the lines that are changed
 */
export async function solidityVerifier(zkey: string, contractName: string): Promise<string> {
  const template = await readFile(solidityTemplatePath(), 'utf8');
  let text = await snarkjs.zKey.exportSolidityVerifier(zkey, { groth16: template });
  text = replaceOnce(text, /pragma solidity [^;]*;/, 'pragma solidity ^0.8.28;');
  text = replaceOnce(
    text,
    /contract Groth16Verifier \{/,
    [
      `/// @title Groth16 verifier of the circuit ${contractName.replace('Verifier', '')}`,
      '/// @notice Generated with the keys by scripts/ceremony.ts; not to be edited. Returns false for a',
      '/// proof that does not verify, a signal not below r and a coordinate not below q.',
      `contract ${contractName} {`,
    ].join('\n'),
  );
  text = replaceOnce(
    text,
    /\n +\/\/ G1 function to multiply/,
    `
            function checkCoordinate(v) {
                if iszero(lt(v, q)) {
                    mstore(0, 0)
                    return(0, 0x20)
                }
            }

            // G1 function to multiply`,
  );
  const coordinates = [
    ...[0, 32].map((offset) => `add(_pA, ${offset})`),
    ...[0, 32, 64, 96].map((offset) => `add(_pB, ${offset})`),
    ...[0, 32].map((offset) => `add(_pC, ${offset})`),
  ];
  text = replaceOnce(
    text,
    /\n +\/\/ Validate all evaluations\n/,
    `
            // Validate that every coordinate is spelled canonically
${coordinates.map((place) => `            checkCoordinate(calldataload(${place}))`).join('\n')}

            // Validate all evaluations
`,
  );
  return `${text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}
