import { read } from 'read';
import { EXIT } from './io.ts';
import { run } from './main.ts';

/** A terminal and npm both pass one Ctrl+C on: that is no second wish. */
const TWICE_MILLISECONDS = 500;

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
  environment: process.env,
  // Under npm the process stands in the package; the person stood elsewhere.
  directory: process.env['INIT_CWD'] ?? process.cwd(),
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
