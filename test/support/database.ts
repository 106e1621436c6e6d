import { openDatabase, type Database } from '../../node/src/store/database.ts';
import { migrate } from '../../node/src/store/migrate.ts';
import { testServer } from './postgres.ts';

export interface TestDatabase {
  readonly db: Database;
  /** Closes it and takes it away. */
  dispose(): Promise<void>;
}

/** An empty, migrated database in memory. */
export async function memoryDatabase(): Promise<TestDatabase> {
  const db = await openDatabase({ memory: true });
  await migrate(db);
  return { db, dispose: () => db.close() };
}

/**
 * The same tests on the embedded engine and on a PostgreSQL server. `define`
 * gets a function that opens an empty, migrated database. Where no server can
 * be started this is said aloud and its tests count as skipped.
 */
export function onBothEngines(title: string, define: (open: () => Promise<TestDatabase>) => void): void {
  describe(`${title} (embedded)`, function () {
    this.timeout(60_000);
    define(memoryDatabase);
  });
  describe(`${title} (server)`, function () {
    this.timeout(120_000);
    before(async function () {
      const server = await testServer();
      if (!('unavailable' in server)) return;
      process.stderr.write(`\n  NOT TESTED on a PostgreSQL server: ${server.unavailable}\n\n`);
      this.skip();
    });
    define(async () => {
      const server = await testServer();
      if ('unavailable' in server) throw new Error(server.unavailable);
      const { url, drop } = await server.createDatabase();
      const db = await openDatabase({ url });
      await migrate(db);
      return {
        db,
        dispose: async () => {
          await db.close();
          await drop();
        },
      };
    });
  });
}

/** Empties every table, faster than a new database. */
export async function emptyTables(db: Database): Promise<void> {
  const tables = await db.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables
     WHERE schemaname = 'public' AND tablename <> 'schema_migrations'`,
  );
  await db.exec(`TRUNCATE ${tables.map(({ name }) => name).join(', ')} RESTART IDENTITY CASCADE`);
}
