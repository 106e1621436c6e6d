import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { isLedgerError, LedgerError } from '@credit-ledger/sdk/protocol';
import { systemClock, type Clock } from '../clock.ts';
import type { Database } from './database.ts';

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

const MIGRATIONS = new URL('./migrations/', import.meta.url);

/**
 * Brings the schema up to date, one transaction a migration, forward only.
 * Returns the names of the migrations applied now.
 * Errors: `STORE_MIGRATION_CHANGED` when an applied migration reads otherwise
 * than when it was applied, `STORE_NEWER_THAN_PROGRAM` when the database was
 * migrated by a later version of the program, `STORE_MIGRATION_FAILED` when one
 * cannot be applied: then nothing of it was, and those before it stand.
 * `directory` is for tests; `upTo` stops at an earlier schema, into which a
 * backup of an earlier version is put back.
 */
export async function migrate(
  db: Database,
  clock: Clock = systemClock,
  directory: URL = MIGRATIONS,
  upTo = Infinity,
): Promise<string[]> {
  const known = await readMigrations(directory);
  await db.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL
  )`);
  const applied = await db.query<{ version: number; name: string; sha256: string }>(
    'SELECT version, name, sha256 FROM schema_migrations ORDER BY version',
  );
  for (const { version, name, sha256 } of applied) {
    const migration = known.find((candidate) => candidate.version === version);
    if (migration === undefined) {
      throw new LedgerError(
        'STORE_NEWER_THAN_PROGRAM',
        {
          en: `The database has migration ${name}, which this program does not know.`,
          zh: `数据库已应用迁移 ${name}，本程序版本不认识该迁移。`,
        },
        { version, name },
      );
    }
    if (migration.sha256 !== sha256) {
      throw new LedgerError(
        'STORE_MIGRATION_CHANGED',
        {
          en: `Migration ${name} was changed after it had been applied to this database.`,
          zh: `迁移 ${name} 在应用到本数据库之后被修改。`,
        },
        { version, name },
      );
    }
  }
  const done = new Set(applied.map(({ version }) => version));
  const names: string[] = [];
  for (const migration of known) {
    if (done.has(migration.version) || migration.version > upTo) continue;
    await db
      .transaction(async (tx) => {
        await tx.exec(migration.sql);
        await tx.query('INSERT INTO schema_migrations VALUES ($1, $2, $3, $4)', [
          migration.version,
          migration.name,
          migration.sha256,
          clock.now(),
        ]);
      })
      .catch((error: unknown) => {
        throw migrationFailed(migration, error);
      });
    names.push(migration.name);
  }
  return names;
}

function migrationFailed({ version, name }: Migration, error: unknown): Error {
  // A database that is away or full is not the migration's fault.
  if (!isLedgerError(error, 'STORE_STATEMENT_REFUSED')) return error as Error;
  const { message: en, messageZh: zh } = error;
  return new LedgerError(
    'STORE_MIGRATION_FAILED',
    {
      en: `Migration ${name} could not be applied, and nothing of it was: ${en} The program of the version before still runs on this database.`,
      zh: `迁移 ${name} 未能应用，数据库未作更改：${zh} 上一版本程序仍可使用该数据库。`,
    },
    { version, name, ...error.operands },
  );
}

async function readMigrations(directory: URL): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    files.map(async (file) => {
      const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
      if (match === null) throw new Error(`not a name for a migration: ${file}`);
      const sql = await readFile(new URL(file, directory), 'utf8');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      return { version: Number(match[1]), name: file.slice(0, -'.sql'.length), sql, sha256 };
    }),
  );
  migrations.forEach(({ version, name }, index) => {
    if (version !== index + 1) throw new Error(`migration ${name} is out of sequence`);
  });
  return migrations;
}

/** Names of all migrations of this program, in order. */
export async function knownSchema(): Promise<string[]> {
  return (await readMigrations(MIGRATIONS)).map(({ name }) => name);
}
