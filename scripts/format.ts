// npm run format: writes every file as the formatter wants it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './lib/checks.ts';

const result = spawnSync(
  join(root, 'node_modules', '.bin', 'prettier'),
  ['--write', '--log-level', 'warn', '.'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exitCode = result.status ?? 1;
