import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { BUILD_DIR, CIRCUITS_DIR, PROJECT_ROOT, claimName, type ClaimSize } from './paths.ts';

const require = createRequire(import.meta.url);
const COMPILER_CLI = require.resolve('circom2/cli.js');
/** `--O2` eliminates linear constraints and makes the keys; tests also read the system of `--O1`. */
export type Optimisation = '--O2' | '--O1';
const OPTIMISATION: Optimisation = '--O2';

export interface CompiledCircuit {
  name: string;
  r1cs: string;
  wasm: string;
  sym: string;
  /** Constraints after optimisation, from the header of the .r1cs. */
  constraints: number;
  /** Outputs and public inputs. */
  publicSignals: number;
  /** SHA-256 over the sources that decide the result, compiler version included. */
  sourceHash: string;
  /** false when the result of an earlier run was still good. */
  fresh: boolean;
}

/** Name and version of the compiler package, as recorded in the manifest. */
export async function compilerVersion(): Promise<string> {
  const packageJson: unknown = JSON.parse(
    await readFile(join(dirname(COMPILER_CLI), 'package.json'), 'utf8'),
  );
  const { version } = packageJson as { version: string };
  return `circom2 ${version} ${OPTIMISATION}`;
}

async function circomFilesIn(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.endsWith('.circom')).map((name) => join(dir, name));
}

/** SHA-256 over the entry file, everything in circuits/lib, circomlib's circuits and the compiler. */
async function hashSources(main: string, optimisation: Optimisation): Promise<string> {
  const circomlib = dirname(require.resolve('circomlib/circuits/poseidon.circom'));
  const files = [
    main,
    ...(await circomFilesIn(join(CIRCUITS_DIR, 'lib'))),
    ...(await circomFilesIn(circomlib)),
  ];
  const hash = createHash('sha256').update((await compilerVersion()).replace(OPTIMISATION, optimisation));
  for (const file of files.sort()) {
    hash.update(`\0${relative(PROJECT_ROOT, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}

function runCompiler(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMPILER_CLI, ...args], { cwd: PROJECT_ROOT });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      // The WASM build of the compiler can end with 0 after an error: its closing line decides.
      if (code === 0 && output.includes('Everything went okay')) resolve();
      else reject(new Error(`The circuit compiler failed (exit ${code}):\n${output}`));
    });
  });
}

/** Reads the counts from the header of a .r1cs file (iden3 binary format, version 1). */
export function readR1csCounts(file: Uint8Array): {
  constraints: number;
  publicSignals: number;
  wires: number;
} {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = String.fromCharCode(...file.subarray(0, 4));
  if (magic !== 'r1cs') throw new Error('Not an .r1cs file');
  const sections = view.getUint32(8, true);
  let offset = 12;
  for (let i = 0; i < sections; i++) {
    const type = view.getUint32(offset, true);
    const size = Number(view.getBigUint64(offset + 4, true));
    const body = offset + 12;
    if (type === 1) {
      const counts = body + 4 + view.getUint32(body, true);
      return {
        wires: view.getUint32(counts, true),
        publicSignals: view.getUint32(counts + 4, true) + view.getUint32(counts + 8, true),
        constraints: view.getUint32(counts + 24, true),
      };
    }
    offset = body + size;
  }
  throw new Error('The .r1cs file has no header');
}

/**
 * Compiles one circuit into `buildDir`, unless the sources are those of the last run.
 * @param main absolute path of the .circom file with the main component
 * @throws Error with the compiler's output when it does not compile
 */
export async function compileCircuit(
  main: string,
  buildDir = BUILD_DIR,
  optimisation: Optimisation = OPTIMISATION,
): Promise<CompiledCircuit> {
  const name = main.replace(/^.*[\\/]/, '').replace(/\.circom$/, '');
  const r1cs = join(buildDir, `${name}.r1cs`);
  const sym = join(buildDir, `${name}.sym`);
  const wasm = join(buildDir, `${name}_js`, `${name}.wasm`);
  const stamp = join(buildDir, `${name}.sources`);
  const sourceHash = await hashSources(main, optimisation);

  const isCurrent =
    [r1cs, sym, wasm, stamp].every((file) => existsSync(file)) &&
    (await readFile(stamp, 'utf8')) === sourceHash;
  if (!isCurrent) {
    await mkdir(buildDir, { recursive: true });
    await runCompiler([
      relative(PROJECT_ROOT, main),
      '--r1cs',
      '--wasm',
      '--sym',
      optimisation,
      '-l',
      'node_modules',
      '-o',
      relative(PROJECT_ROOT, buildDir),
    ]);
    await writeFile(stamp, sourceHash);
  }
  const counts = readR1csCounts(await readFile(r1cs));
  return {
    name,
    r1cs,
    wasm,
    sym,
    constraints: counts.constraints,
    publicSignals: counts.publicSignals,
    sourceHash,
    fresh: !isCurrent,
  };
}

/** Compiles claim(size); see {@link compileCircuit}. */
export function compileClaim(size: ClaimSize): Promise<CompiledCircuit> {
  return compileCircuit(join(CIRCUITS_DIR, `${claimName(size)}.circom`));
}
