import { read } from 'read';
import { loggedError } from '../api/logging.ts';
import { EXIT } from './io.ts';
import { run } from './main.ts';

/** A terminal and npm both pass one Ctrl+C on: that is no second wish. */
const TWICE_MILLISECONDS = 500;

// What a crash writes down may lie about for years: frames and codes, and neither messages, which may quote what was
// read, nor the environment, which may hold the passphrase.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(`${JSON.stringify({ level: 'fatal', event, err: loggedError(error) })}\n`);
    process.exit(EXIT.failed);
  });
}
process.report.excludeEnv = true;
const environment = { ...process.env };
delete process.env['LEDGER_KEYS_PASSPHRASE'];

const ending = new AbortController();
let firstAt = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!ending.signal.aborted) {
      firstAt = performance.now();
      ending.abort(new Error(signal));
    } else if (performance.now() - firstAt > TWICE_MILLISECONDS) {
      // Whoever asks a second time does not want to wait: the store survives it, what was in hand begins anew.
      process.exit(EXIT.interrupted);
    }
  });
}
// Whoever reads may stop reading, as “| head” does: that is the end, and no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});
process.exitCode = await run(process.argv.slice(2), {
  environment,
  // Under npm the process stands in the package; the person stood elsewhere.
  directory: environment['INIT_CWD'] ?? process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  signal: ending.signal,
  // Whoever reads standard output as data must not find a question in it.
  ...(process.stdin.isTTY && process.stderr.isTTY
    ? {
        askPassphrase: () =>
          read({ prompt: 'Passphrase of the keys · 密钥口令: ', silent: true, output: process.stderr }),
      }
    : {}),
});
// What was told to end and still holds something open must not hold the process.
if (ending.signal.aborted) setTimeout(() => process.exit(), 2_000).unref();
