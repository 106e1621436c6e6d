import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SNIPPETS = join(import.meta.dirname, '../system/snippets');

describe('docs/integrators.md', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8');

  for (const file of readdirSync(SNIPPETS)) {
    it(`shows ${file} as the system tests run it`, () => {
      expect(docs).to.include(`\`\`\`ts\n${readFileSync(join(SNIPPETS, file), 'utf8')}\`\`\``);
    });
  }
});
