// npm run lint: the static checks alone.
import { CHECKS, runCheck } from './lib/checks.ts';

for (const check of CHECKS) {
  const { ok, output } = await runCheck(check);
  process.stdout.write(`${ok ? '✔' : '✖'} ${check.name}\n`);
  if (!ok) {
    process.stdout.write(`${output}\n`);
    process.exitCode = 1;
  }
}
