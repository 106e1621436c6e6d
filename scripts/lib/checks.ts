import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's top folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Check {
  readonly name: string;
  /** A program of node_modules/.bin and its arguments. */
  readonly command: readonly [string, ...string[]];
}

/** Every static check; each must pass for the tests to pass. */
export const CHECKS: readonly Check[] = [
  { name: 'types: tsc', command: ['tsc', '--project', '.'] },
  { name: 'lint: TypeScript', command: ['eslint', '--max-warnings', '0', '.'] },
  { name: 'lint: Solidity', command: ['solhint', '--max-warnings', '0', '--noPoster', 'contracts/**/*.sol'] },
  { name: 'format: prettier', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  {
    name: 'rooms: who may import whom',
    command: ['depcruise', '--config', '.dependency-cruiser.mjs', 'sdk/src', 'node/src'],
  },
];

/** Runs one check and keeps what it printed. */
export function runCheck(check: Check): Promise<{ ok: boolean; output: string }> {
  const [program, ...args] = check.command;
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules', '.bin', program), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('exit', (code) => resolve({ ok: code === 0, output }));
  });
}
