import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENDPOINTS } from '../../node/src/api/index.ts';
import { run } from '../../node/src/cli/main.ts';
import { makeTempDir } from '../support/temp.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const documents = ['README.md', 'docs', 'docs/processes'].flatMap((place) =>
  place.endsWith('.md')
    ? [place]
    : readdirSync(join(root, place))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${place}/${name}`),
);
/** What the program says when a command line is none of its own. */
const UNKNOWN = /unknown (command|option)|too many arguments/i;
/** What it says when something is left out: in running text a command may be named without all that it needs. */
const INCOMPLETE = /missing required argument|required option|argument missing/i;

interface CommandLine {
  readonly line: string;
  /** In a block to be copied, and not in running text. */
  readonly isWhole: boolean;
}

/** The command lines of a page: `ledger …` in code, over several lines where they end with a backslash. */
function commandLines(markdown: string): CommandLine[] {
  const text = markdown.replaceAll(/\s*\\\n\s*/g, ' ');
  const fenced = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(
    ([, code = '']) => code,
  );
  const read = (code: string): string =>
    (/^(?:\w+=\$\()?(?:npm run -s )?ledger (?:-- )?([a-z][^#|]*)/.exec(code.trim())?.[1] ?? '').replace(
      /\)?\s*$/,
      '',
    );
  return [
    ...fenced.map((code) => ({ line: read(code), isWhole: true })),
    ...inline.map((code) => ({ line: read(code), isWhole: false })),
  ].filter(({ line }) => line !== '');
}

/** The words of a command line as a shell would hand them over. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}

describe('The endpoints in the documents', () => {
  const paths = new Set(
    ENDPOINTS.map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`),
  );
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8');
    const named = [...text.matchAll(/`(GET|POST|PUT|DELETE) (\/v1\/[^\s`?…]*)[^`]*`/g)].map(
      ([, method = '', path = '']) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`,
    );
    if (named.length === 0) continue;
    it(`${document}: ${named.length} are the API’s`, () => {
      expect(named.filter((each) => !paths.has(each) && !each.endsWith('/'))).to.deep.equal([]);
    });
  }
});

describe('The command lines in the documents', function () {
  this.timeout(60_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  before(async () => {
    temp = await makeTempDir();
  });
  after(() => temp.remove());

  it('are read from code, whole, with their quotes', () => {
    const page = '`ledger a "b c"` and\n```sh\nX=$(ledger d \\\n  --e f)\nexport Y=1 # ledger no\n```\n';
    expect(commandLines(page)).to.deep.equal([
      { line: 'd --e f', isWhole: true },
      { line: 'a "b c"', isWhole: false },
    ]);
    expect(wordsOf('a "b c" --d=1')).to.deep.equal(['a', 'b c', '--d=1']);
  });

  for (const document of documents) {
    const lines = commandLines(readFileSync(join(root, document), 'utf8'));
    if (lines.length === 0) continue;
    it(`${document}: ${lines.length} are what the program takes`, async () => {
      const wrong: string[] = [];
      for (const { line, isWhole } of lines) {
        let said = '';
        // No node, and nowhere to write: whatever is taken fails at once and changes nothing.
        await run([...wordsOf(line.replaceAll('/srv/', `${temp.path}/`)), '--lang', 'en'], {
          environment: { LEDGER_URL: 'http://127.0.0.1:9', LEDGER_TOKEN: 'none' },
          directory: temp.path,
          stdout: { write: () => true },
          stderr: { write: (text) => (said += text) },
          signal: new AbortController().signal,
        });
        if (UNKNOWN.test(said) || (isWhole && INCOMPLETE.test(said))) wrong.push(`${line}: ${said.trim()}`);
      }
      expect(wrong).to.deep.equal([]);
    });
  }
});
