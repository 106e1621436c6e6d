// Prints the files that the compiled contracts depend on, one a line, relative to the project.
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const sources = readdirSync(join(root, 'contracts'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.sol'))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  .sort();
process.stdout.write(['hardhat.config.ts', ...sources].join('\n') + '\n');
