import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { circuitId, verificationKeyHash, withoutDerivedFields } from './circuit-id.ts';
import { compileClaim, compilerVersion } from './compile.ts';
import {
  differingFiles,
  readManifest,
  sha256OfFile,
  type KeysManifest,
  type ManifestCircuit,
} from './manifest.ts';
import { BUILD_DIR, CLAIM_SIZES, KEYS_DIR, VERIFIERS_DIR, claimName, type ClaimSize } from './paths.ts';
import { readPhase1, requirePower, type Phase1File } from './phase1.ts';
import { snarkjs, type SnarkLogger } from './snarkjs.ts';
import { solidityVerifier } from './verifier.ts';

export type Progress = (text: string) => void;

const BEACON_ITERATIONS_EXP = 10;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export interface CeremonyOptions {
  /** Prepared phase-1 file. */
  ptau: string;
  /** Where the keys go; circuits/keys by default. Elsewhere, the verifiers go to a folder in it. */
  out?: string | undefined;
  /** Names of the contributors, three or more. */
  contributors?: string[] | undefined;
  /** Public randomness fixed beforehand, hexadecimal; by default SHA-256 of the compiled circuit. */
  beacon?: string | undefined;
  progress?: Progress | undefined;
}

async function setUp(
  size: ClaimSize,
  phase1: Phase1File,
  contributors: string[],
  beaconHex: string | undefined,
  out: string,
  verifiers: string,
  progress: Progress,
): Promise<ManifestCircuit> {
  const name = claimName(size);
  progress(`${name}: compiling`);
  const compiled = await compileClaim(size);
  requirePower(phase1, name, compiled.constraints, compiled.publicSignals);
  const { sha256: r1csSha256 } = await sha256OfFile(compiled.r1cs);

  await mkdir(BUILD_DIR, { recursive: true });
  const work = await mkdtemp(join(BUILD_DIR, `${name}-phase2-`));
  try {
    progress(`${name}: phase 2 set-up, ${compiled.constraints} constraints`);
    let current = join(work, '0.zkey');
    const circuitHash = await snarkjs.zKey.newZKey(compiled.r1cs, phase1.path, current);
    if (circuitHash === -1) throw new Error(`${name}: phase 2 could not be set up from ${phase1.path}`);

    const contributions: { name: string; hash: string }[] = [];
    for (const [i, contributor] of contributors.entries()) {
      progress(`${name}: contribution ${i + 1} of ${contributors.length}, ${contributor}`);
      const next = join(work, `${i + 1}.zkey`);
      // snarkjs mixes the entropy with its own randomness of the operating system.
      const hash = await snarkjs.zKey.contribute(current, next, contributor, randomBytes(64).toString('hex'));
      contributions.push({ name: contributor, hash: hex(hash) });
      await rm(current);
      current = next;
    }

    progress(`${name}: beacon`);
    const value =
      beaconHex ?? createHash('sha256').update(`credit-ledger reference keys ${r1csSha256}`).digest('hex');
    const final = join(work, 'final.zkey');
    const beaconHash = await snarkjs.zKey.beacon(current, final, 'beacon', value, BEACON_ITERATIONS_EXP);
    if (beaconHash === false)
      throw new Error(`The beacon ${value} is not a hexadecimal text of 1 to 255 bytes`);

    progress(`${name}: verification key and contract`);
    const key = withoutDerivedFields(await snarkjs.zKey.exportVerificationKey(final));
    const vkHash = verificationKeyHash(key);
    const contractName = `Claim${size}Verifier`;
    await writeFile(join(verifiers, `${contractName}.sol`), await solidityVerifier(final, contractName));
    const files = { zkey: `${name}.zkey`, wasm: `${name}.wasm`, vkey: `${name}.vkey.json` };
    await rename(final, join(work, files.zkey));
    await copyFile(join(work, files.zkey), join(out, files.zkey));
    await copyFile(compiled.wasm, join(out, files.wasm));
    await writeFile(join(out, files.vkey), `${JSON.stringify(key, null, 2)}\n`);

    return {
      name: 'claim',
      size,
      circuitId: circuitId('claim', size, vkHash),
      verificationKeyHash: vkHash,
      constraints: compiled.constraints,
      publicSignals: compiled.publicSignals,
      r1csSha256,
      files,
      phase2: {
        circuitHash: hex(circuitHash),
        contributions,
        beacon: { name: 'beacon', value, iterationsExp: BEACON_ITERATIONS_EXP, hash: hex(beaconHash) },
      },
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Makes proving keys, verification keys, verifier contracts and the manifest anew.
 *
 * All contributions are made in this one process: good for development, where the keys are only a
 * reference. In a consortium each member contributes on a machine of its own (`snarkjs zkey contribute`)
 * and the beacon is a public value of a later day.
 * @throws Error when the phase-1 file is unusable or too small, or there are fewer than three contributors
 */
export async function runCeremony(options: CeremonyOptions): Promise<KeysManifest> {
  const progress = options.progress ?? (() => undefined);
  const contributors = options.contributors ?? [
    'reference member 1',
    'reference member 2',
    'reference member 3',
  ];
  if (contributors.length < 3) throw new Error('A ceremony needs at least three contributors');
  const out = options.out ?? KEYS_DIR;
  const verifiers = options.out === undefined ? VERIFIERS_DIR : join(options.out, 'verifiers');
  await mkdir(out, { recursive: true });
  await mkdir(verifiers, { recursive: true });

  progress(`reading ${options.ptau}`);
  const phase1 = await readPhase1(options.ptau);
  // Both circuits are compiled and measured before anything is written: a file that is too small for
  // the larger must not leave half a set of keys.
  for (const size of CLAIM_SIZES) {
    const compiled = await compileClaim(size);
    requirePower(phase1, compiled.name, compiled.constraints, compiled.publicSignals);
  }

  const circuits: ManifestCircuit[] = [];
  for (const size of CLAIM_SIZES) {
    circuits.push(await setUp(size, phase1, contributors, options.beacon, out, verifiers, progress));
  }
  const files: KeysManifest['files'] = {};
  for (const circuit of circuits) {
    for (const file of Object.values(circuit.files)) files[file] = await sha256OfFile(join(out, file));
  }
  const manifest: KeysManifest = {
    format: 'circuit-keys/1',
    purpose: 'Reference keys for development. A node in production mode refuses them.',
    compiler: await compilerVersion(),
    phase1: { power: phase1.power, sha256: phase1.sha256 },
    circuits,
    files,
  };
  await writeFile(join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

export interface VerificationOptions {
  ptau: string;
  /** Directory of the keys; circuits/keys by default. */
  keys?: string | undefined;
  /** Verify the phase-1 file itself too, which takes many minutes. */
  withPhase1?: boolean | undefined;
  progress?: Progress | undefined;
}

/**
 * Verifies the whole chain from the sources to the keys: sources compile to the r1cs of the manifest,
 * every contribution and the beacon follow from the phase-1 file and that r1cs, the proving key gives
 * the stored verification key, circuit id and contract, and every file has the hash of the manifest.
 * @returns what is wrong, in words; empty when everything holds
 */
export async function verifyCeremony(options: VerificationOptions): Promise<string[]> {
  const progress = options.progress ?? (() => undefined);
  const dir = options.keys ?? KEYS_DIR;
  const verifiers = options.keys === undefined ? VERIFIERS_DIR : join(options.keys, 'verifiers');
  const problems: string[] = [];
  const manifest = await readManifest(dir);
  for (const file of await differingFiles(manifest, dir))
    problems.push(`${file}: not the file of the manifest`);

  progress(`reading ${options.ptau}`);
  const phase1 = await readPhase1(options.ptau);
  if (phase1.sha256 !== manifest.phase1.sha256)
    problems.push('phase 1: another file than the manifest names');
  if (options.withPhase1 === true) {
    progress('phase 1: verifying (many minutes)');
    if (!(await snarkjs.powersOfTau.verify(phase1.path))) problems.push('phase 1: does not verify');
  }

  for (const size of CLAIM_SIZES) {
    const name = claimName(size);
    const circuit = manifest.circuits.find((each) => each.size === size);
    if (circuit === undefined) {
      problems.push(`${name}: not in the manifest`);
      continue;
    }
    problems.push(...(await verifyCircuit(size, circuit, phase1, dir, verifiers, progress)));
  }
  return problems;
}

async function verifyCircuit(
  size: ClaimSize,
  circuit: ManifestCircuit,
  phase1: Phase1File,
  dir: string,
  verifiers: string,
  progress: Progress,
): Promise<string[]> {
  const name = claimName(size);
  const problems: string[] = [];
  const require = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(`${name}: ${problem}`);
  };

  progress(`${name}: compiling`);
  const compiled = await compileClaim(size);
  require((await sha256OfFile(compiled.r1cs)).sha256 ===
    circuit.r1csSha256, 'the sources compile to another r1cs');
  require(compiled.constraints === circuit.constraints, 'another number of constraints');
  const wasm = await sha256OfFile(join(dir, circuit.files.wasm));
  require((await sha256OfFile(compiled.wasm)).sha256 === wasm.sha256, 'the sources compile to another wasm');

  progress(`${name}: verifying ${circuit.phase2.contributions.length} contributions and the beacon`);
  const zkey = join(dir, circuit.files.zkey);
  const said: string[] = [];
  const logger: SnarkLogger = {
    debug: () => undefined,
    info: (text) => void said.push(text),
    warn: (text) => void said.push(text),
    error: (text) => void said.push(text),
  };
  const holds = await snarkjs.zKey.verifyFromR1cs(compiled.r1cs, phase1.path, zkey, logger);
  require(holds, `the proving key does not follow from phase 1 and its contributions:\n${said.join('\n')}`);

  // snarkjs prints each hash in groups of eight digits, the latest contribution first.
  const printed = said.join('').replace(/\s/g, '').toLowerCase();
  const hashes = [...circuit.phase2.contributions.map(({ hash }) => hash), circuit.phase2.beacon.hash];
  let place = printed.length;
  for (const hash of hashes) {
    const found = printed.lastIndexOf(hash, place);
    require(found >= 0, `contribution ${hash.slice(0, 16)}… is not in the proving key, or not in its place`);
    if (found >= 0) place = found;
  }
  const contributionCount = (said.join('\n').match(/contribution #\d+/g) ?? []).length;
  require(contributionCount ===
    hashes.length, `${contributionCount} contributions in the proving key, ${hashes.length} in the manifest`);
  require(printed.includes(circuit.phase2.beacon.value), 'another beacon');

  progress(`${name}: verification key and contract`);
  const key = withoutDerivedFields(await snarkjs.zKey.exportVerificationKey(zkey));
  const vkHash = verificationKeyHash(key);
  require(vkHash === circuit.verificationKeyHash, 'the proving key gives another verification key');
  require(circuitId('claim', size, vkHash) === circuit.circuitId, 'another circuit id');
  const stored: unknown = JSON.parse(await readFile(join(dir, circuit.files.vkey), 'utf8'));
  require(JSON.stringify(stored) === JSON.stringify(key), 'the stored verification key differs');
  const contract = `Claim${size}Verifier`;
  const solidity = await readFile(join(verifiers, `${contract}.sol`), 'utf8');
  require(solidity ===
    (await solidityVerifier(zkey, contract)), `${contract}.sol differs from what the proving key gives`);
  return problems;
}
