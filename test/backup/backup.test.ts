import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  JournalMerge,
  loadBackup,
  SealedReader,
  verifyBackup,
  writeBackup,
} from '../../node/src/backup/index.ts';
import { SealedWriter } from '../../node/src/backup/sealed-file.ts';
import { systemClock } from '../../node/src/clock.ts';
import { openDatabase } from '../../node/src/store/database.ts';
import type { Database } from '../../node/src/store/index.ts';
import { emptyTables, onBothEngines, type TestDatabase } from '../support/database.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection } from '../support/wait.ts';

const KEY = Buffer.alloc(32, 7);
const OTHER_KEY = Buffer.alloc(32, 8);
const schemas = new URL('../store/schemas/', import.meta.url);

/** Every table with every row, as text. */
async function everything(db: Database): Promise<Record<string, string[]>> {
  const tables = await db.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY 1",
  );
  const all: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = await db.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t ORDER BY 1`);
    all[name] = rows.map(({ row }) => row);
  }
  return all;
}

onBothEngines('a backup', (open) => {
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let database: TestDatabase;
  let path: string;
  let parts: Parameters<typeof writeBackup>[1];

  beforeEach(async () => {
    temp = await makeTempDir();
    database = await open();
    path = join(temp.path, 'node.backup');
    await mkdir(join(temp.path, 'keys'));
    for (const name of ['ledger.json', 'deployment.json', 'keys/operator.json'])
      await writeFile(join(temp.path, name), `{"file":"${name}"}`);
    await writeFile(join(temp.path, 'openings.journal'), 'Zmlyc3Q=\nc2Vjb25k\nYmVpbmcgd3JpdHRlb');
    parts = {
      db: database.db,
      keyring: { journalKey: () => Promise.resolve(KEY) } as never,
      clock: systemClock,
      dataDir: temp.path,
      keysPath: join(temp.path, 'keys'),
      deploymentPath: join(temp.path, 'deployment.json'),
      journalPath: join(temp.path, 'openings.journal'),
    };
    // The rows of the schemas' fixtures: something in every table.
    for (const file of readdirSync(schemas).sort()) {
      const sql = readFileSync(new URL(file, schemas), 'utf8');
      // A received question needs its tag since 0002, which moved them by itself.
      if (file === '0001.sql')
        await database.db.exec(
          `INSERT INTO received_tags (requester, subject_tag, request_id) VALUES (3, '\\x16', '\\x14')`,
        );
      await database.db.exec(sql);
    }
  });
  afterEach(async () => {
    await database.dispose();
    await temp.remove();
  });

  it('puts every row of every table back as it was, into either engine, and goes on with new numbers', async () => {
    const before = await everything(database.db);
    for (const [table, rows] of Object.entries(before)) expect(rows, table).not.to.deep.equal([]);
    const counts = await writeBackup(path, parts);
    expect(counts).to.deep.equal({
      tables: Object.keys(before).length,
      rows: Object.values(before).flat().length,
      journalLines: 2,
    });
    const verified = await verifyBackup(path, KEY);
    expect(verified).to.deep.include(counts);
    expect(verified.schema.at(-1)).to.equal('0008_key_changes');

    const into = await openDatabase({ memory: true });
    const reader = await SealedReader.open(path);
    const journal: string[] = [];
    const loaded = await loadBackup(reader, KEY, into, systemClock, async (line) => void journal.push(line));
    expect(loaded).to.deep.equal(counts);
    expect(journal).to.deep.equal(['Zmlyc3Q=', 'c2Vjb25k']);
    expect(await everything(into)).to.deep.equal(before);
    await into.query(
      "INSERT INTO access_log (at, token_name, action, detail) VALUES (now(), 'x', 'y', '{}')",
    );
    expect((await into.query<{ id: string }>('SELECT max(id) AS id FROM access_log'))[0]?.id).to.equal('2');
    // A second time there is something there already.
    expect(await loadBackup(reader, KEY, into, systemClock, async () => undefined)).to.equal(false);
    await reader.close();
    await into.close();
    await emptyTables(database.db);
  });

  it('tells nothing of a row without the key, and takes nobody else’s', async () => {
    await writeBackup(path, parts);
    const text = await readFile(path, 'latin1');
    for (const word of ['91110105MA00EXMP8L', 'penalties.csv', 'entries', 'Zmlyc3Q='])
      expect(text).not.to.contain(word);
    expect(text).to.contain('operator.json');
    expect((await rejection(verifyBackup(path, OTHER_KEY))).code).to.equal('BACKUP_WRONG_KEY');
    expect((await rejection(writeBackup(path, parts))).code).to.equal('BACKUP_EXISTS');
  });

  it('of a later program is refused by name', async () => {
    const writer = await SealedWriter.create(path, KEY, {
      createdAt: new Date().toISOString(),
      schema: ['0001_ledger', '9999_later'],
      files: {},
    });
    await writer.end();
    const reader = await SealedReader.open(path);
    const into = await openDatabase({ memory: true });
    const error = await rejection(loadBackup(reader, KEY, into, systemClock, async () => undefined));
    expect(error.code).to.equal('RESTORE_SCHEMA_UNKNOWN');
    await reader.close();
    await into.close();
  });
});

describe('the file of a backup', function () {
  this.timeout(60_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let whole: Buffer;
  let path: string;

  before(async () => {
    temp = await makeTempDir();
    path = join(temp.path, 'whole.backup');
    const writer = await SealedWriter.create(path, KEY, {
      createdAt: '2026-01-01T00:00:00.000Z',
      schema: ['0001_ledger'],
      files: { 'ledger.json': '{}' },
    });
    // Several chunks, characters of several bytes across their borders.
    await writer.write(`${JSON.stringify({ table: 'records', columns: [], types: [] })}\n`);
    for (let i = 0; i < 60; i++) await writer.write(`${JSON.stringify(['示例'.repeat(2_000), String(i)])}\n`);
    await writer.write(`${JSON.stringify({ end: { tables: 1, rows: 60, journalLines: 0 } })}\n`);
    await writer.end();
    whole = await readFile(path);
  });
  after(() => temp.remove());

  const verifyBytes = async (bytes: Uint8Array): Promise<unknown> => {
    const file = join(temp.path, 'altered.backup');
    await writeFile(file, bytes);
    return verifyBackup(file, KEY);
  };
  const CODES = ['BACKUP_INVALID', 'BACKUP_WRONG_KEY'];

  it('is read back as it was written', async () => {
    expect(await verifyBytes(whole)).to.deep.include({ tables: 1, rows: 60 });
  });

  it('is refused with any bit of it altered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const altered = Buffer.from(whole);
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        expect((await rejection(verifyBytes(altered))).code).to.be.oneOf(CODES);
      }),
      { numRuns: 60 },
    );
  });

  it('is refused cut off anywhere, with something after it, or with a chunk left out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        expect((await rejection(verifyBytes(whole.subarray(0, length)))).code).to.be.oneOf(CODES);
      }),
      { numRuns: 40 },
    );
    expect((await rejection(verifyBytes(Buffer.concat([whole, Buffer.from('x')])))).code).to.equal(
      'BACKUP_INVALID',
    );
    const start = whole.indexOf('\n') + 1;
    const first = 4 + (whole.readUInt32BE(start) % 0x8000_0000);
    const without = Buffer.concat([whole.subarray(0, start), whole.subarray(start + first)]);
    expect((await rejection(verifyBytes(without))).code).to.be.oneOf(CODES);
  });

  it('ends every rubbish in one error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string().map((text) => Buffer.from(text)),
        ),
        async (bytes) => {
          expect((await rejection(verifyBytes(bytes))).code).to.equal('BACKUP_INVALID');
        },
      ),
      { numRuns: 150 },
    );
    expect((await rejection(verifyBackup(join(temp.path, 'absent'), KEY))).code).to.equal('BACKUP_INVALID');
  });
});

describe('the journal when a backup comes back', () => {
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let path: string;
  beforeEach(async () => {
    temp = await makeTempDir();
    path = join(temp.path, 'openings.journal');
  });
  afterEach(() => temp.remove());

  const settle = (...lines: string[]): Promise<string> => {
    const merge = new JournalMerge(path);
    for (const line of lines) merge.add(line);
    return merge.settle();
  };

  it('goes on when it says all that the backup’s says, and more', async () => {
    await writeFile(path, 'a\nb\nc\n');
    expect(await settle('a', 'b')).to.equal('kept');
    expect(await readFile(path, 'utf8')).to.equal('a\nb\nc\n');
  });

  it('is the backup’s when there is none', async () => {
    expect(await settle('a', 'b')).to.equal('from-backup');
    expect(await readFile(path, 'utf8')).to.equal('a\nb\n');
  });

  for (const [what, text] of [
    ['says less', 'a\n'],
    ['says something else', 'a\nx\nc\n'],
    ['is torn', 'a\nb'],
  ] as const) {
    it(`is set aside, never lost, when it ${what}`, async () => {
      await writeFile(path, text);
      expect(await settle('a', 'b')).to.equal('replaced');
      expect(await readFile(path, 'utf8')).to.equal('a\nb\n');
      const [aside] = readdirSync(temp.path).filter((name) => name.includes('before-restore'));
      expect(await readFile(join(temp.path, aside ?? ''), 'utf8')).to.equal(text);
    });
  }
});
