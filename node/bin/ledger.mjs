#!/usr/bin/env node
// The `ledger` command. The program is TypeScript that Node.js runs as it is; the SDK is found
// by its source where it stands in the workspace.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/cli/start.ts', import.meta.url));
const child = spawn(
  process.execPath,
  ['--conditions=source', '--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
// The terminal's own signal reaches the child too; a signal to this process alone is handed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
