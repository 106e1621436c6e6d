import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  ...readdirSync(join(root, 'docs/processes')).map((name) => `docs/processes/${name}`),
  'circuits/README.md',
  'contracts/README.md',
  'sdk/README.md',
].filter((name) => name.endsWith('.md'));

/** Titles may be built: `${name}` stands for anything. */
function hasTitle(source: string, title: string): boolean {
  return source
    .split('\n')
    .flatMap((line) =>
      [...line.matchAll(/(?:it|describe)\(\s*(['"`])(.*?)\1\s*,/g)].map((match) => match[2] ?? ''),
    )
    .concat(
      [...source.matchAll(/(?:it|describe)\(\s*\n\s*(['"`])(.*?)\1\s*,/g)].map((match) => match[2] ?? ''),
    )
    .map((found) => found.replaceAll('\\’', '’').replaceAll("\\'", "'"))
    .some((found) => found === title);
}

describe('The documents', () => {
  it('name controls with tests that exist, by file and title', () => {
    const text = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
    const references = [...text.matchAll(/`(test\/[\w/.-]+\.test\.ts)`: “([^”]+)”/g)];
    expect(references.length).to.be.greaterThan(30);
    const missing = references
      .filter(([, file = '', title = '']) => {
        const path = join(root, file);
        return !statSync(path, { throwIfNoEntry: false }) || !hasTitle(readFileSync(path, 'utf8'), title);
      })
      .map(([, file, title]) => `${file}: ${title}`);
    expect(missing).to.deep.equal([]);
  });

  it('leave no row of the threat model without a test', () => {
    const text = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
    const rows = text.split('\n').filter((line) => line.startsWith('|') && !/^\|[\s-|]+\|$/.test(line));
    const without = rows.filter((row) => !row.includes('.test.ts') && !row.includes('held by'));
    expect(without).to.deep.equal([]);
  });

  it('link to files that exist', () => {
    const broken = documents.flatMap((document) => {
      const text = readFileSync(join(root, document), 'utf8');
      return [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => join(root, dirname(document), target))
        .filter((path) => !statSync(path, { throwIfNoEntry: false }))
        .map((path) => `${document} → ${relative(root, path)}`);
    });
    expect(broken).to.deep.equal([]);
  });
});
