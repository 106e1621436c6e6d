import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite, types } from '@electric-sql/pglite';
import type { Database } from './database.ts';
import { lockDirectory } from './lock.ts';
import { SessionDatabase, type Connection, type Engine } from './session.ts';

const asText = (value: string): string => value;

/**
 * Opens the embedded engine (PGlite: PostgreSQL in this process) in
 * `<dataDir>/pgdata`, or in memory. Errors: `STORE_IN_USE`.
 */
export async function openEmbeddedDatabase(dataDir?: string): Promise<Database> {
  let release = async (): Promise<void> => undefined;
  let path: string | undefined;
  if (dataDir !== undefined) {
    path = join(dataDir, 'pgdata');
    await mkdir(path, { recursive: true, mode: 0o700 });
    release = await lockDirectory(dataDir);
  }
  try {
    const pglite = await PGlite.create({
      ...(path === undefined ? {} : { dataDir: path }),
      parsers: { [types.INT8]: asText, [types.NUMERIC]: asText, [types.DATE]: asText },
    });
    return new SessionDatabase(new EmbeddedEngine(pglite, release));
  } catch (error) {
    await release();
    throw error;
  }
}

class EmbeddedEngine implements Engine {
  readonly loose: Connection;
  readonly #pglite: PGlite;
  readonly #release: () => Promise<void>;

  constructor(pglite: PGlite, release: () => Promise<void>) {
    this.#pglite = pglite;
    this.#release = release;
    // There is one connection: a statement from outside waits until the transaction has ended.
    this.loose = {
      query: async (sql, parameters) => (await pglite.query(sql, [...parameters])).rows,
      exec: async (sql) => void (await pglite.exec(sql)),
    };
  }

  transact<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#pglite.transaction((inner) =>
      work({
        query: async (sql, parameters) => (await inner.query(sql, [...parameters])).rows,
        exec: async (sql) => void (await inner.exec(sql)),
      }),
    );
  }

  async close(): Promise<void> {
    try {
      await this.#pglite.close();
    } finally {
      await this.#release();
    }
  }
}
