import { run } from './main.ts';

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => ending.abort(new Error(signal)));
}
process.exitCode = await run(process.argv.slice(2), {
  environment: process.env,
  // Under npm the process stands in the package; the person stood elsewhere.
  directory: process.env['INIT_CWD'] ?? process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  signal: ending.signal,
});
