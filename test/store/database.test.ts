import { expect } from 'chai';
import { insertRows, json, openDatabase, type Database } from '../../node/src/store/database.ts';
import { isUniqueViolation } from '../../node/src/store/errors.ts';
import { migrate } from '../../node/src/store/migrate.ts';
import { onBothEngines, type TestDatabase } from '../support/database.ts';
import { testServer } from '../support/postgres.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection } from '../support/wait.ts';

onBothEngines('the database', (open) => {
  let test: TestDatabase;
  let db: Database;

  before(async () => {
    test = await open();
    db = test.db;
    await db.exec('CREATE TABLE things (id bigint PRIMARY KEY, name text NOT NULL, body jsonb, raw bytea)');
  });
  after(() => test?.dispose());
  beforeEach(() => db.exec('TRUNCATE things'));

  const names = async (): Promise<string[]> =>
    (await db.query<{ name: string }>('SELECT name FROM things ORDER BY id')).map(({ name }) => name);

  it('reads every type alike: exact integers as text, bytes as bytes, instants as dates', async () => {
    const [row] = await db.query<Record<string, unknown>>(
      `SELECT 9223372036854775807::bigint AS big, 7::integer AS small, 18446744073709551615::numeric AS amount,
              $1::bytea AS bytes, $2::timestamptz AS instant, DATE '2024-02-29' AS day, $3::jsonb AS body,
              count(*) AS n, true AS yes, NULL::text AS nothing`,
      [new Uint8Array([0, 255]), new Date('2026-11-23T00:00:00.123Z'), json([1, { a: '二' }])],
    );
    const { bytes, ...rest } = row ?? {};
    expect(rest).to.deep.equal({
      big: '9223372036854775807',
      small: 7,
      amount: '18446744073709551615',
      instant: new Date('2026-11-23T00:00:00.123Z'),
      day: '2024-02-29',
      body: [1, { a: '二' }],
      n: '1',
      yes: true,
      nothing: null,
    });
    expect(bytes).to.be.instanceOf(Uint8Array);
    expect([...(bytes as Uint8Array)]).to.deep.equal([0, 255]);
  });

  it('takes integers beyond 2^53, arrays of bytes and arrays of integers as parameters', async () => {
    await insertRows(
      db,
      'things',
      ['id', 'name', 'raw'],
      [
        [9007199254740993n, 'a', new Uint8Array([1])],
        [2n, 'b', new Uint8Array([2, 0])],
      ],
    );
    const byId = await db.query<{ name: string }>('SELECT name FROM things WHERE id = ANY($1::bigint[])', [
      [9007199254740993n],
    ]);
    const byBytes = await db.query<{ name: string }>('SELECT name FROM things WHERE raw = ANY($1::bytea[])', [
      [new Uint8Array([2, 0])],
    ]);
    expect([byId, byBytes]).to.deep.equal([[{ name: 'a' }], [{ name: 'b' }]]);
  });

  it('stores text with quotes, backslashes and Chinese as it is', async () => {
    const text = `'; DROP TABLE things; -- \\ "北京"`;
    await db.query('INSERT INTO things (id, name, body) VALUES (1, $1, $2)', [text, json({ text })]);
    expect(await db.query('SELECT name, body FROM things')).to.deep.equal([{ name: text, body: { text } }]);
  });

  it('refuses undefined as a parameter, which would be stored as nothing', async () => {
    const error = await rejection(db.query('SELECT $1::text', [undefined as unknown as string]));
    expect(error).to.be.instanceOf(TypeError);
  });

  it('inserts more rows at once than one statement has parameters for', async () => {
    const rows = Array.from({ length: 20_001 }, (_, index) => [index, `n${index}`]);
    expect(await insertRows(db, 'things', ['id', 'name'], rows)).to.equal(20_001);
    expect(
      await insertRows(
        db,
        'things',
        ['id', 'name'],
        [
          [5, 'again'],
          [20_001, 'new'],
        ],
        'DO NOTHING',
      ),
    ).to.equal(1);
    expect((await names()).length).to.equal(20_002);
  });

  it('commits a transaction as a whole and calls back only then', async () => {
    const seen: string[] = [];
    await db.transaction(async (tx) => {
      tx.afterCommit(() => seen.push('committed'));
      await tx.query("INSERT INTO things (id, name) VALUES (1, 'a')");
      seen.push('working');
    });
    expect(seen).to.deep.equal(['working', 'committed']);
    expect(await names()).to.deep.equal(['a']);
  });

  it('rolls everything back when the work throws, and does not call back', async () => {
    const seen: string[] = [];
    const error = await rejection(
      db.transaction(async (tx) => {
        tx.afterCommit(() => seen.push('committed'));
        await tx.query("INSERT INTO things (id, name) VALUES (1, 'a')");
        throw new RangeError('no');
      }),
    );
    expect(error).to.be.instanceOf(RangeError);
    expect(seen).to.deep.equal([]);
    expect(await names()).to.deep.equal([]);
  });

  it('commits nothing after a failed statement, even when the failure was caught', async () => {
    const error = await rejection(
      db.transaction(async (tx) => {
        await tx.query("INSERT INTO things (id, name) VALUES (1, 'a')");
        await tx.query('SELECT no_such_column FROM things').catch(() => undefined);
      }),
    );
    expect(error.code).to.equal('STORE_STATEMENT_REFUSED');
    expect(error.operands?.['sqlState']).to.equal('42703');
    expect(await names()).to.deep.equal([]);
  });

  it('treats a nested transaction as the same one: a caught inner failure undoes the outer too', async () => {
    const error = await rejection(
      db.transaction(async (tx) => {
        await tx.query("INSERT INTO things (id, name) VALUES (1, 'outer')");
        await tx
          .transaction(async (inner) => {
            await inner.query("INSERT INTO things (id, name) VALUES (2, 'inner')");
            throw new Error('inner');
          })
          .catch(() => undefined);
      }),
    );
    expect(error.message).to.equal('inner');
    expect(await names()).to.deep.equal([]);
  });

  it('runs transactions one after another, so that read and write in one are not interleaved', async () => {
    await db.query("INSERT INTO things (id, name) VALUES (1, '0')");
    const increment = (): Promise<void> =>
      db.transaction(async (tx) => {
        const [row] = await tx.query<{ name: string }>('SELECT name FROM things WHERE id = 1');
        await tx.query('SELECT 1');
        await tx.query('UPDATE things SET name = $1 WHERE id = 1', [String(Number(row?.name) + 1)]);
      });
    await Promise.all(Array.from({ length: 20 }, increment));
    expect(await names()).to.deep.equal(['20']);
  });

  it("refuses another handle inside a transaction and the transaction's handle after it", async () => {
    let leaked: Database | undefined;
    await db.transaction(async (tx) => {
      leaked = tx;
      expect((await rejection(db.query('SELECT 1'))).code).to.equal('STORE_WRONG_HANDLE');
      expect((await rejection(db.transaction(async () => 1))).code).to.equal('STORE_WRONG_HANDLE');
    });
    expect((await rejection(leaked?.query('SELECT 1') ?? Promise.resolve())).code).to.equal(
      'STORE_WRONG_HANDLE',
    );
    expect(await db.query('SELECT 1 AS n')).to.deep.equal([{ n: 1 }]);
  });

  it('says which constraint was violated and none of the values', async () => {
    await db.query("INSERT INTO things (id, name) VALUES (91110000, 'a')");
    const error = await rejection(db.query("INSERT INTO things (id, name) VALUES (91110000, 'b')"));
    expect(isUniqueViolation(error, 'things_pkey')).to.equal(true);
    expect(isUniqueViolation(error, 'another')).to.equal(false);
    const bad = await rejection(db.query('SELECT $1::bigint', ['91110000MA0000000X']));
    expect(bad.operands?.['sqlState']).to.equal('22P02');
    for (const shown of [error, bad]) {
      expect(JSON.stringify(shown) + shown.message + String(shown.stack)).not.to.contain('91110000');
      expect(shown.cause).to.equal(undefined);
    }
  });

  it('applies each migration once', async () => {
    expect(await migrate(db)).to.deep.equal([]);
  });

  it('refuses a database whose migration was changed, or that a later program migrated', async () => {
    const changed = db.transaction(async (tx) => {
      await tx.query("UPDATE schema_migrations SET sha256 = 'other' WHERE version = 1");
      await migrate(tx);
    });
    expect((await rejection(changed)).code).to.equal('STORE_MIGRATION_CHANGED');
    const later = db.transaction(async (tx) => {
      await tx.query("INSERT INTO schema_migrations VALUES (9999, '9999_later', '', now())");
      await migrate(tx);
    });
    expect((await rejection(later)).code).to.equal('STORE_NEWER_THAN_PROGRAM');
  });
});

describe('possession of a database', function () {
  this.timeout(120_000);

  it('refuses a second opening of an embedded database, and allows it after closing', async () => {
    const temp = await makeTempDir();
    const first = await openDatabase({ dataDir: temp.path });
    await first.exec('CREATE TABLE kept (id integer)');
    expect((await rejection(openDatabase({ dataDir: temp.path }))).code).to.equal('STORE_IN_USE');
    await first.close();
    expect((await rejection(first.query('SELECT 1'))).code).to.equal('STORE_CLOSED');
    const second = await openDatabase({ dataDir: temp.path });
    expect(await second.query('SELECT * FROM kept')).to.deep.equal([]);
    await second.close();
    await temp.remove();
  });

  it('refuses a second node on one server database', async function () {
    const server = await testServer();
    if ('unavailable' in server) return this.skip();
    const { url, drop } = await server.createDatabase();
    const first = await openDatabase({ url });
    expect((await rejection(openDatabase({ url }))).code).to.equal('STORE_IN_USE');
    await first.close();
    const second = await openDatabase({ url });
    await second.close();
    await drop();
  });

  it('goes on after the server broke off its connections', async function () {
    const server = await testServer();
    if ('unavailable' in server) return this.skip();
    const { url, drop } = await server.createDatabase();
    const db = await openDatabase({ url });
    await db.exec('CREATE TABLE kept (id integer)');
    const broken = db.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (1)');
      await tx.query('SELECT pg_terminate_backend(pg_backend_pid())');
    });
    expect((await rejection(broken)).code).to.equal('STORE_UNAVAILABLE');
    await db.transaction((tx) => tx.query('INSERT INTO kept VALUES (2)'));
    expect(await db.query('SELECT id FROM kept')).to.deep.equal([{ id: 2 }]);
    await db.close();
    await drop();
  });

  it('says that a server cannot be reached, without its password', async () => {
    const error = await rejection(openDatabase({ url: 'postgresql://u:hunter2@127.0.0.1:1/x' }));
    expect(error.code).to.equal('STORE_UNAVAILABLE');
    expect(JSON.stringify(error) + error.message + String(error.stack)).not.to.contain('hunter2');
  });
});
