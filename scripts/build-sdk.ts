// Compiles the SDK to sdk/dist, as it is packed and published: npm run build -w sdk
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
rmSync(`${root}sdk/dist`, { recursive: true, force: true });
const built = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '--project', `${root}sdk/tsconfig.build.json`],
  { stdio: 'inherit' },
);
process.exitCode = built.status ?? 1;
