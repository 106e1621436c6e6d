import { expect } from 'chai';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempDir } from '../support/temp.ts';
import { json, ledger } from './support.ts';

interface Outcome {
  rows: number;
  records: number;
  duplicates: number;
  issues: Record<string, unknown>[];
  recordList?: Record<string, unknown>[];
}

const SAMPLES = join(import.meta.dirname, '../samples');

describe('import --dry-run', () => {
  it('writes no report over a file that is there, the imported one least of all, and says so before any work', async () => {
    const temp = await makeTempDir();
    try {
      const file = join(temp.path, 'penalties.csv');
      const bytes = await readFile(join(SAMPLES, 'beijing-penalties.csv'));
      await writeFile(file, bytes);
      const over = await ledger(['import', file, '--dry-run', '--json', '--report', file], {
        directory: temp.path,
      });
      expect(over.code).to.equal(1);
      expect(json<{ error: { code: string } }>(over).error.code).to.equal('OUTPUT_EXISTS');
      expect(await readFile(file)).to.deep.equal(bytes);
      const nowhere = await ledger(
        ['import', file, '--dry-run', '--json', '--report', join(temp.path, 'none', 'x.xlsx')],
        { directory: temp.path },
      );
      expect(json<{ error: { code: string } }>(nowhere).error.code).to.equal('OUTPUT_NOT_WRITABLE');
    } finally {
      await temp.remove();
    }
  });

  it('needs neither node nor chain, and prints exactly the documented shape', async () => {
    const ran = await ledger(['import', 'dirty-penalties.csv', '--dry-run', '--json'], {
      directory: SAMPLES,
    });
    expect(ran.code, ran.err).to.equal(0);
    const outcome = json<Outcome>(ran);
    expect(Object.keys(outcome)).to.deep.equal(['rows', 'records', 'duplicates', 'issues']);
    expect(outcome.issues).to.not.be.empty;
    for (const issue of outcome.issues) {
      expect(Object.keys(issue)).to.deep.equal(['row', 'column', 'code', 'read', 'message', 'suggestion']);
      expect(issue['row']).to.be.a('number').greaterThan(1);
    }
    const failed = new Set(outcome.issues.map(({ row }) => row)).size;
    expect(outcome.rows).to.equal(outcome.records + outcome.duplicates + failed);
  });

  it('adds each record with its row and canonical values under --records', async () => {
    const ran = await ledger(['import', 'beijing-penalties.csv', '--dry-run', '--json', '--records'], {
      directory: SAMPLES,
    });
    const { records, recordList = [] } = json<Outcome>(ran);
    expect(recordList).to.have.length(records);
    expect(recordList[0]).to.have.all.keys(
      'row',
      'class',
      'uscc',
      'subjectName',
      'documentNumber',
      'kind',
      'domain',
      'severity',
      'severityBasis',
      'date',
      'until',
      'amountFen',
      'fields',
      'sourceProfile',
      'sourceAgency',
    );
    expect(recordList[0]?.['amountFen']).to.match(/^\d+$/);
    expect(recordList[0]?.['date']).to.match(/^\d{4}-\d{2}-\d{2}$/);
  });

  it('speaks the language that is asked for', async () => {
    const zh = json<Outcome>(
      await ledger(['import', 'dirty-penalties.csv', '--dry-run', '--json', '--lang', 'zh'], {
        directory: SAMPLES,
      }),
    );
    const en = json<Outcome>(
      await ledger(['import', 'dirty-penalties.csv', '--dry-run', '--json', '--lang', 'en'], {
        directory: SAMPLES,
      }),
    );
    expect(zh.issues[0]?.['message']).to.match(/\p{Script=Han}/u);
    expect(en.issues[0]?.['message']).to.not.equal(zh.issues[0]?.['message']);
    expect(en.issues.map(({ code }) => code)).to.deep.equal(zh.issues.map(({ code }) => code));
  });

  it('writes the rows with issues as a spreadsheet that is imported again as it is', async () => {
    const temp = await makeTempDir();
    try {
      const report = join(temp.path, 'to-mend.xlsx');
      const first = json<Outcome>(
        await ledger([
          'import',
          join(SAMPLES, 'dirty-penalties.csv'),
          '--dry-run',
          '--json',
          '--report',
          report,
        ]),
      );
      expect((await stat(report)).size).to.be.greaterThan(1000);
      const again = await ledger(['import', report, '--dry-run', '--json']);
      expect(again.code, again.err).to.equal(0);
      expect(json<Outcome>(again).rows).to.be.greaterThan(0).and.at.most(first.rows);
    } finally {
      await temp.remove();
    }
  });

  it('shows progress to a person at a terminal only, and never on standard output', async () => {
    const watched = await ledger(['import', 'beijing-penalties.csv', '--dry-run', '--json'], {
      directory: SAMPLES,
      tty: true,
    });
    expect(watched.err).to.include('\r');
    json(watched);
    const unwatched = await ledger(['import', 'beijing-penalties.csv', '--dry-run', '--json'], {
      directory: SAMPLES,
    });
    expect(unwatched.err).to.not.include('\r');
  });

  for (const [what, name, content, code] of [
    ['an empty file', 'a.csv', '', 'FILE_EMPTY'],
    ['a file of another kind', 'a.csv', '%PDF-1.7\n\u0000\u0001\u0002', 'FILE_TYPE_UNSUPPORTED'],
    ['a file that is not there', undefined, '', 'FILE_NOT_FOUND'],
  ] as const) {
    it(`tells ${what} by its code, in JSON too, and ends with 1`, async () => {
      const temp = await makeTempDir();
      try {
        if (name !== undefined) await writeFile(join(temp.path, name), content, 'latin1');
        const ran = await ledger(['import', 'a.csv', '--dry-run', '--json'], { directory: temp.path });
        expect(ran.code).to.equal(1);
        expect(json<{ error: { code: string; messageZh: string } }>(ran).error.code).to.equal(code);
        expect(ran.err).to.include(code);
      } finally {
        await temp.remove();
      }
    });
  }

  it('is documented as it is', async () => {
    const docs = await readFile(join(SAMPLES, '../../docs/operators.md'), 'utf8');
    const [, example = '{}'] = /```json\n(\{[\s\S]*?\n\})\n```/.exec(docs) ?? [];
    const shape = JSON.parse(example) as Outcome;
    expect(Object.keys(shape)).to.deep.equal(['rows', 'records', 'duplicates', 'issues']);
    expect(Object.keys(shape.issues[0] ?? {})).to.deep.equal([
      'row',
      'column',
      'code',
      'read',
      'message',
      'suggestion',
    ]);
    const failed = new Set(shape.issues.map(({ row }) => row)).size;
    expect(shape.rows).to.equal(shape.records + shape.duplicates + failed);
  });
});
