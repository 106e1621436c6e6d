import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { circuitIdOf, type VerificationKey as SdkVerificationKey } from '@credit-ledger/sdk/protocol';
import { network } from 'hardhat';
import { createRequire } from 'node:module';
import { bytesToHex, decodeFunctionResult, encodeFunctionData, hexToBytes, parseAbi, type Hex } from 'viem';
import { circuitId, verificationKeyHash } from '../../circuits/tools/circuit-id.ts';
import { compileClaim } from '../../circuits/tools/compile.ts';
import {
  differingFiles,
  readManifest,
  sha256OfFile,
  type ManifestCircuit,
} from '../../circuits/tools/manifest.ts';
import { KEYS_DIR, VERIFIERS_DIR, type ClaimSize } from '../../circuits/tools/paths.ts';
import {
  endSnarkWorkers,
  snarkjs,
  solidityTemplatePath,
  type Groth16Proof,
  type SnarkVerificationKey,
} from '../../circuits/tools/snarkjs.ts';
import { solidityVerifier } from '../../circuits/tools/verifier.ts';
import { ANY, OP, OPEN_END } from './support/reference.ts';
import { TODAY, inputOf } from './support/world.ts';

const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

const VERIFIER = parseAbi([
  'function verifyProof(uint256[2] a, uint256[2][2] b, uint256[2] c, uint256[8] signals) view returns (bool)',
]);

interface SolidityProof {
  a: bigint[];
  b: bigint[][];
  c: bigint[];
  signals: bigint[];
}

/** A proof as the contract takes it: the coordinates of B with the imaginary part first. */
function forSolidity(proof: Groth16Proof, publicSignals: string[]): SolidityProof {
  const pair = (values: string[]): bigint[] => values.slice(0, 2).map(BigInt);
  return {
    a: pair(proof.pi_a),
    b: proof.pi_b.slice(0, 2).map((each) => pair(each).reverse()),
    c: pair(proof.pi_c),
    signals: publicSignals.map(BigInt),
  };
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string }[];
  contracts: Record<string, Record<string, { evm: { bytecode: { object: string } } }>>;
}

function compileSolidity(source: string, contract: string): Hex {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'Verifier.sol': { content: source } },
        settings: {
          evmVersion: 'cancun',
          optimizer: { enabled: true },
          outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
        },
      }),
    ),
  ) as SolcOutput;
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  expect(errors.map(({ formattedMessage }) => formattedMessage)).to.deep.equal([]);
  return `0x${output.contracts['Verifier.sol']?.[contract]?.evm.bytecode.object ?? ''}`;
}

describe('reference keys', () => {
  after(() => endSnarkWorkers());

  it('has every file of the manifest, unchanged', async () => {
    const manifest = await readManifest();
    expect(await differingFiles(manifest)).to.deep.equal([]);
    expect(Object.keys(manifest.files).sort()).to.deep.equal(
      [8, 40].flatMap((size) => ['vkey.json', 'wasm', 'zkey'].map((end) => `claim${size}.${end}`)).sort(),
    );
  });

  it('notices a file that was changed or is missing', async () => {
    const manifest = await readManifest();
    const files = {
      ...manifest.files,
      'claim8.wasm': { sha256: '00', bytes: 1 },
      'claim9.zkey': { sha256: '00', bytes: 1 },
    };
    expect(await differingFiles({ ...manifest, files })).to.deep.equal(['claim8.wasm', 'claim9.zkey']);
  });

  it('keeps to the budget: claim(8) 16,384 constraints, claim(40) 65,536', async () => {
    for (const [size, budget] of [
      [8, 16_384],
      [40, 65_536],
    ] as const) {
      const compiled = await compileClaim(size);
      // Every public signal and the constant take a row of the proving key's domain too.
      expect(compiled.constraints + compiled.publicSignals + 1).to.be.at.most(budget);
    }
  });

  for (const size of [8, 40] as const) {
    describe(`claim(${size})`, () => {
      let circuit: ManifestCircuit;
      let vkey: SnarkVerificationKey;
      const zkey = join(KEYS_DIR, `claim${size}.zkey`);

      before(async () => {
        const found = (await readManifest()).circuits.find((each) => each.size === size);
        if (found === undefined) throw new Error('not in the manifest');
        circuit = found;
        vkey = JSON.parse(
          await readFile(join(KEYS_DIR, `claim${size}.vkey.json`), 'utf8'),
        ) as SnarkVerificationKey;
      });

      it('belongs to the sources: constraints and witness calculator are what they compile to', async () => {
        const compiled = await compileClaim(size as ClaimSize);
        expect((await sha256OfFile(compiled.r1cs)).sha256).to.equal(circuit.r1csSha256);
        expect((await sha256OfFile(compiled.wasm)).sha256).to.equal(
          (await sha256OfFile(join(KEYS_DIR, circuit.files.wasm))).sha256,
        );
        expect(compiled.constraints).to.equal(circuit.constraints);
      });

      it('has the circuit id that the SDK computes', () => {
        const hash = verificationKeyHash(vkey);
        expect(hash).to.equal(circuit.verificationKeyHash);
        expect(circuitId('claim', size, hash)).to.equal(circuit.circuitId);
        expect(circuitIdOf('claim', size, vkey as unknown as SdkVerificationKey)).to.equal(circuit.circuitId);
      });

      it('has three contributions or more and a beacon', () => {
        expect(circuit.phase2.contributions.length).to.be.at.least(3);
        expect(circuit.phase2.beacon.value).to.match(/^[0-9a-f]{64}$/);
        const hashes = [...circuit.phase2.contributions, circuit.phase2.beacon].map(({ hash }) => hash);
        expect(new Set(hashes).size).to.equal(hashes.length);
      });

      it('has the verification key and the contract that the proving key gives', async () => {
        const exported = await snarkjs.zKey.exportVerificationKey(zkey);
        expect(verificationKeyHash(exported)).to.equal(circuit.verificationKeyHash);
        const stored = await readFile(join(VERIFIERS_DIR, `Claim${size}Verifier.sol`), 'utf8');
        expect(stored).to.equal(await solidityVerifier(zkey, `Claim${size}Verifier`));
        for (const x of [...vkey.vk_alpha_1.slice(0, 2), ...vkey.IC.flatMap((point) => point.slice(0, 2))]) {
          expect(stored).to.include(` = ${x};`);
        }
      });

      it('proves and verifies, off chain and on chain, and refuses every other spelling and signal', async () => {
        const penalty = {
          op: OP.RECORD,
          kind: 7,
          domain: 3,
          severity: 3,
          day: TODAY,
          until: OPEN_END,
          amountFen: 1n,
          ref: 0,
        };
        const { proof, publicSignals } = await snarkjs.groth16.fullProve(
          inputOf({ size, chain: [penalty], clauses: [ANY] }),
          join(KEYS_DIR, circuit.files.wasm),
          zkey,
        );
        expect(publicSignals.slice(0, 2)).to.deep.equal(['0', '0']);
        expect(await snarkjs.groth16.verify(vkey, publicSignals, proof)).to.equal(true);
        for (let i = 0; i < publicSignals.length; i++) {
          const altered = publicSignals.map((signal, k) => (k === i ? String(BigInt(signal) + 1n) : signal));
          expect(await snarkjs.groth16.verify(vkey, altered, proof), `signal ${i}`).to.equal(false);
        }

        const path = join(VERIFIERS_DIR, `Claim${size}Verifier.sol`);
        expect(existsSync(path)).to.equal(true);
        const bytecode = compileSolidity(await readFile(path, 'utf8'), `Claim${size}Verifier`);
        const { provider, close } = await network.connect();
        try {
          const [from] = (await provider.request({ method: 'eth_accounts' })) as Hex[];
          const deploy = async (code: Hex): Promise<Hex> => {
            const hash = await provider.request({
              method: 'eth_sendTransaction',
              params: [{ from, data: code }],
            });
            const receipt = (await provider.request({
              method: 'eth_getTransactionReceipt',
              params: [hash],
            })) as { contractAddress: Hex };
            return receipt.contractAddress;
          };
          const to = await deploy(bytecode);
          const encode = ({ a, b, c, signals }: SolidityProof): Hex =>
            encodeFunctionData({
              abi: VERIFIER,
              functionName: 'verifyProof',
              args: [a, b, c, signals] as never,
            });
          const verify = async (each: SolidityProof, at = to): Promise<boolean> => {
            const data = (await provider.request({
              method: 'eth_call',
              params: [{ from, to: at, data: encode(each) }, 'latest'],
            })) as Hex;
            return decodeFunctionResult({ abi: VERIFIER, functionName: 'verifyProof', data });
          };
          const good = forSolidity(proof, publicSignals);
          expect(await verify(good)).to.equal(true);

          // Every word of the call: off by one, and the same number spelled with the modulus added.
          const call = hexToBytes(encode(good));
          for (let word = 0; word < 16; word++) {
            const start = 4 + 32 * word;
            const value = BigInt(bytesToHex(call.subarray(start, start + 32)));
            for (const other of [value + 1n, value + (word < 8 ? Q : R)]) {
              if (other >= 1n << 256n) continue;
              const changed = Uint8Array.from(call);
              changed.set(hexToBytes(`0x${other.toString(16).padStart(64, '0')}`), start);
              const data = (await provider.request({
                method: 'eth_call',
                params: [{ from, to, data: bytesToHex(changed) }, 'latest'],
              })) as Hex;
              expect(BigInt(data), `word ${word}`).to.equal(0n);
            }
          }
          // The spelling that snarkjs's own template lets through: it reduces −A's y, wrapped at 2^256, modulo q.
          const wrapped = { ...good, a: [good.a[0] ?? 0n, (good.a[1] ?? 0n) + ((1n << 256n) % Q) + Q] };
          expect((wrapped.a[1] ?? 0n) < 1n << 256n).to.equal(true);
          expect(await verify(wrapped)).to.equal(false);
          const template = await readFile(solidityTemplatePath(), 'utf8');
          const unchanged = await snarkjs.zKey.exportSolidityVerifier(zkey, { groth16: template });
          expect(await verify(wrapped, await deploy(compileSolidity(unchanged, 'Groth16Verifier')))).to.equal(
            true,
          );

          const gas = BigInt(
            (await provider.request({
              method: 'eth_estimateGas',
              params: [{ from, to, data: encode(good) }],
            })) as Hex,
          );
          expect(gas < 300_000n, `${gas} gas`).to.equal(true);
        } finally {
          await close();
        }
      });
    });
  }
});
