import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { AnswerStore } from '../../node/src/store/answers.ts';
import { openDatabase, type Database } from '../../node/src/store/database.ts';
import { migrate } from '../../node/src/store/migrate.ts';
import { QuestionStore } from '../../node/src/store/questions.ts';

const bytes = (digit: number): Uint8Array => new Uint8Array(32).fill(digit);

/** A database as an earlier version of the program left it: the first `names` migrations and nothing more. */
async function migratedUpTo(
  names: readonly string[],
  atEach: (db: Database, version: number) => Promise<void> = () => Promise.resolve(),
): Promise<Database> {
  const db = await openDatabase({ memory: true });
  await db.exec(`CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL,
                 sha256 text NOT NULL, applied_at timestamptz NOT NULL)`);
  for (const [i, name] of names.entries()) {
    const sql = await readFile(
      new URL(`../../node/src/store/migrations/${name}.sql`, import.meta.url),
      'utf8',
    );
    await db.exec(sql);
    await db.query('INSERT INTO schema_migrations VALUES ($1, $2, $3, now())', [
      i + 1,
      name,
      createHash('sha256').update(sql).digest('hex'),
    ]);
    await atEach(db, i + 1);
  }
  return db;
}

const RELEASED = readdirSync(new URL('../../node/src/store/migrations/', import.meta.url))
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.slice(0, -'.sql'.length))
  .sort();

/** Puts rows into what a migration added: the fixture of its schema, where it has one. */
async function fill(db: Database, version: number): Promise<void> {
  const file = new URL(`./schemas/${String(version).padStart(4, '0')}.sql`, import.meta.url);
  if (existsSync(file)) await db.exec(await readFile(file, 'utf8'));
}

/** Every row of every table, as text: by these columns, or by all that there are. */
async function rowsOf(
  db: Database,
  columns?: ReadonlyMap<string, readonly string[]>,
): Promise<{ columns: Map<string, string[]>; rows: Map<string, string[]> }> {
  const found = new Map<string, string[]>();
  for (const { table, column } of await db.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name <> 'schema_migrations' ORDER BY 1, ordinal_position`,
  )) {
    if (columns !== undefined && columns.get(table)?.includes(column) !== true) continue;
    found.set(table, [...(found.get(table) ?? []), column]);
  }
  const rows = new Map<string, string[]>();
  for (const [table, names] of found) {
    const all = await db.query<{ row: string }>(
      `SELECT ROW(${names.join(', ')})::text AS row FROM ${table} ORDER BY 1`,
    );
    rows.set(
      table,
      all.map(({ row }) => row),
    );
  }
  return { columns: found, rows };
}

describe('A database of an earlier version', function () {
  this.timeout(60_000);
  let db: Database;
  afterEach(() => db.close());

  for (const [i, name] of RELEASED.entries()) {
    it(`keeps every row when it was made by ${name}`, async () => {
      db = await migratedUpTo(RELEASED.slice(0, i + 1), fill);
      const before = await rowsOf(db);
      for (const [table, rows] of before.rows) {
        expect(rows, `the fixture has no row in ${table}`).not.to.deep.equal([]);
      }
      expect(await migrate(db)).to.deep.equal(RELEASED.slice(i + 1));
      const after = await rowsOf(db, before.columns);
      expect([...after.columns.keys()]).to.deep.equal([...before.columns.keys()]);
      for (const [table, rows] of before.rows) expect(after.rows.get(table), table).to.deep.equal(rows);
      expect(await migrate(db)).to.deep.equal([]);
    });
  }

  it('keeps the questions it asked and received, and what they have used up, when requests get their owners', async () => {
    db = await migratedUpTo(['0001_ledger']);
    const insertReceived = (requestId: number, tag: number) =>
      db.query(
        `INSERT INTO received_questions (request_id, request_digest, requester, register_id, subject_tag, request,
           uscc, nonce, state, received_at, updated_at)
         VALUES ($1, $2, 2, 7, $3, '{}', '91110105MA00EXMP8L', '\\x05', 'answered', now(), now())`,
        [bytes(requestId), bytes(requestId + 100), bytes(tag)],
      );
    await insertReceived(1, 11);
    await insertReceived(2, 12);
    await db.query(
      `INSERT INTO asked_questions (request_id, request_digest, responder, register_id, application, predicate,
         request, uscc, nonce, state, asked_by, asked_at, updated_at)
       VALUES ($1, $1, 1, 7, 'a', 'p', '{}', '91110105MA00EXMP8L', '\\x05', 'sent', 'officer', now(), now())`,
      [bytes(3)],
    );
    expect((await migrate(db))[0]).to.equal('0002_requests');

    const answers = new AnswerStore(db);
    const known = await answers.byKey({ requester: 2n, requestId: bytes(1), registerId: 7n });
    expect([known?.state, known?.uscc]).to.deep.equal(['answered', '91110105MA00EXMP8L']);
    expect(await answers.list(10)).to.have.length(2);
    const question = (requestId: number, tag: number, registerId = 7n, requester = 2n) =>
      answers.insert(
        {
          requestId: bytes(requestId),
          requestDigest: bytes(99),
          requester,
          registerId,
          subjectTag: bytes(tag),
          request: {},
          uscc: '91110105MA00EXMP8L',
          nonce: bytes(5),
          consentId: null,
          bindingSalt: null,
        },
        new Date(),
      );
    expect(await question(1, 11)).to.equal(undefined);
    expect(await question(9, 11)).to.equal(undefined);
    expect(await question(9, 11, 8n)).to.equal(undefined);
    // What was turned away has not taken up its tag.
    expect(await question(1, 50)).to.equal(undefined);
    expect(await question(60, 50)).to.be.a('bigint');
    expect(await question(1, 11, 8n)).to.be.a('bigint');
    expect(await question(1, 11, 7n, 3n)).to.be.a('bigint');
    expect((await new QuestionStore(db).byRequest(bytes(3), 7n))?.state).to.equal('sent');
  });
});
