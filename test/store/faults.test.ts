import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openDatabase, type Database } from '../../node/src/store/database.ts';
import { migrate } from '../../node/src/store/migrate.ts';
import { ImportService } from '../../node/src/intake/service.ts';
import { systemClock } from '../../node/src/clock.ts';
import { penaltyCsv, penaltyRow } from '../intake/helpers.ts';
import { onBothEngines, type TestDatabase } from '../support/database.ts';
import { killableServer, testServer } from '../support/postgres.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection, waitFor } from '../support/wait.ts';

const run = promisify(execFile);

/** A file system of so many mebibytes; undefined where this process may not mount one. */
async function smallDisk(
  mebibytes: number,
): Promise<{ path: string; remove: () => Promise<void> } | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'credit-ledger-small-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0777`, 'tmpfs', path]);
  } catch {
    // Only root may, and not in every container.
    await rm(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    remove: async () => {
      await run('umount', ['-l', path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Writes megabytes until it is refused; gives how many rows were acknowledged, and the error. */
async function fill(db: Database): Promise<{ acknowledged: number; error: Error & { code?: string } }> {
  await db.exec('CREATE TABLE ballast (id integer NOT NULL, data text NOT NULL)');
  await db.exec('ALTER TABLE ballast ALTER COLUMN data SET STORAGE EXTERNAL');
  for (let acknowledged = 0; acknowledged < 1_000; acknowledged++) {
    try {
      await db.transaction((tx) =>
        tx.query('INSERT INTO ballast VALUES ($1, $2)', [acknowledged, 'x'.repeat(2 ** 20)]),
      );
    } catch (error) {
      return { acknowledged, error: error as Error };
    }
  }
  throw new Error('the disk is not small');
}

describe('a store in trouble', function () {
  this.timeout(180_000);

  it('on a full disk refuses with a code, keeps what it acknowledged, and goes on when there is room', async function () {
    if ('unavailable' in (await testServer())) return this.skip();
    const disk = await smallDisk(160);
    if (disk === undefined) {
      process.stderr.write('\n  NOT TESTED with a full disk: this process may not mount a small one\n\n');
      return this.skip();
    }
    try {
      const server = await killableServer(disk.path);
      const db = await openDatabase({ url: server.url });
      const { acknowledged, error } = await fill(db);
      // A server whose log has no room ends itself; both are said as what they are.
      expect(error.code).to.be.oneOf(['STORE_DISK_FULL', 'STORE_UNAVAILABLE']);
      await db.close();
      await server.kill();
      await run('mount', ['-o', 'remount,size=400m', disk.path]);
      await server.start();
      const again = await openDatabase({ url: server.url });
      const [row] = await again.query<{ n: string }>('SELECT count(*) AS n FROM ballast');
      expect(Number(row?.n)).to.equal(acknowledged);
      await again.transaction((tx) => tx.query("INSERT INTO ballast VALUES (9999, 'room again')"));
      await again.close();
      await server.kill();
    } finally {
      await disk.remove();
    }
  });

  it('an embedded store on a full disk refuses, and has all that it acknowledged when there is room again', async function () {
    const disk = await smallDisk(160);
    if (disk === undefined) return this.skip();
    try {
      const db = await openDatabase({ dataDir: disk.path });
      const { acknowledged, error } = await fill(db);
      expect(error.code).to.be.oneOf(['STORE_DISK_FULL', 'STORE_UNAVAILABLE']);
      await db.close().catch(() => undefined); // it cannot write its last words either
      await run('mount', ['-o', 'remount,size=400m', disk.path]);
      const again = await openDatabase({ dataDir: disk.path });
      const [row] = await again.query<{ n: string }>('SELECT count(*) AS n FROM ballast');
      expect(Number(row?.n)).to.equal(acknowledged);
      await again.close();
    } finally {
      await disk.remove();
    }
  });

  it('whose server is restarted in mid-import: the import ends with a code, half a chunk is none, and again it is whole', async function () {
    if ('unavailable' in (await testServer())) return this.skip();
    const server = await killableServer();
    const db = await openDatabase({ url: server.url });
    await migrate(db);
    const rows = 4_000;
    const imports = new ImportService(db, systemClock, () => Promise.resolve());
    let killed: Promise<void> | undefined;
    const request = {
      input: penaltyCsv(Array.from({ length: rows }, () => penaltyRow())),
      fileName: 'rows.csv',
      startedBy: 'test',
      onProgress: () => {
        killed ??= server.kill();
      },
    };
    const error = await rejection(imports.importFile(request));
    expect(error.code).to.equal('STORE_UNAVAILABLE');
    await killed;
    await server.start();
    await waitFor('the store to be back', () =>
      db.query('SELECT 1').then(
        () => true,
        () => false, // not yet
      ),
    );
    // That the store could not be told at the time is made up for: nothing seems to be running for ever.
    expect(await imports.find(1n)).to.deep.include({ state: 'failed' });
    expect((await imports.find(1n))?.error).to.deep.include({ code: 'STORE_UNAVAILABLE' });
    const [before] = await db.query<{ n: string }>('SELECT count(*) AS n FROM records');
    expect(Number(before?.n)).to.be.within(1, rows - 1);
    const done = await imports.importFile({ ...request, onProgress: undefined });
    expect(done.records + done.duplicates).to.equal(rows);
    expect(done.duplicates).to.equal(Number(before?.n));
    const [after] = await db.query<{ n: string }>('SELECT count(*) AS n FROM records');
    expect(Number(after?.n)).to.equal(rows);
    await db.close();
    await server.kill();
  });
});

onBothEngines('a migration that fails', (open) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await open();
  });
  afterEach(() => database.dispose());

  it('leaves nothing of itself, says which it is, and is applied when it has been mended', async () => {
    const { db } = database;
    const temp = await makeTempDir();
    const directory = join(temp.path, 'migrations');
    await mkdir(directory);
    const url = pathToFileURL(`${directory}/`);
    await db.exec('DROP TABLE schema_migrations');
    await writeFile(join(directory, '0001_first.sql'), 'CREATE TABLE first (id integer);');
    const broken = 'CREATE TABLE second (id integer); ALTER TABLE no_such_table ADD COLUMN x integer;';
    await writeFile(join(directory, '0002_second.sql'), broken);
    const error = await rejection(migrate(db, systemClock, url));
    expect(error.code).to.equal('STORE_MIGRATION_FAILED');
    expect(error.operands).to.include({ version: 2, name: '0002_second', sqlState: '42P01' });
    const tables = async (): Promise<string[]> =>
      (
        await db.query<{ name: string }>(
          "SELECT tablename AS name FROM pg_tables WHERE tablename IN ('first', 'second') ORDER BY 1",
        )
      ).map(({ name }) => name);
    expect(await tables()).to.deep.equal(['first']);
    await writeFile(join(directory, '0002_second.sql'), 'CREATE TABLE second (id integer);');
    expect(await migrate(db, systemClock, url)).to.deep.equal(['0002_second']);
    expect(await tables()).to.deep.equal(['first', 'second']);
    await temp.remove();
  });
});
