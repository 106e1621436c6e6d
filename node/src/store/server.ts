import pg from 'pg';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Database } from './database.ts';
import { storeBusy } from './errors.ts';
import { SessionDatabase, type Connection, type Engine } from './session.ts';

/** Names the ledger's advisory lock among those of a database ('CRLD'). */
const OWNER_LOCK = 0x43524c44;
const LOCK_WAIT_MILLISECONDS = 3_000;
/** For a new connection, and for one of the pool that others use. */
const CONNECT_MILLISECONDS = 10_000;
const MOST_WAITING = 1000;

const INT8_OID = 20;
const NUMERIC_OID = 1700;
const DATE_OID = 1082;

const asText = (value: string): string => value;
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8_OID || oid === NUMERIC_OID || oid === DATE_OID) return asText;
    return format === undefined ? pg.types.getTypeParser(oid) : pg.types.getTypeParser(oid, format);
  },
} as pg.CustomTypesConfig;

/**
 * Opens a database on a PostgreSQL server and keeps an advisory lock on it, so
 * that no second node writes to it. Errors: `STORE_IN_USE`, `STORE_UNAVAILABLE`.
 */
export async function openServerDatabase(url: string): Promise<Database> {
  const engine = new ServerEngine(url);
  const database = new SessionDatabase(engine);
  try {
    await engine.takeOwnership();
  } catch (error) {
    await engine.close();
    throw error;
  }
  return database;
}

class ServerEngine implements Engine {
  readonly loose: Connection;
  readonly #url: string;
  readonly #pool: pg.Pool;
  /** Holds the advisory lock; transactions run on it, so what commits was the owner's. */
  #writer: pg.Client | undefined;

  constructor(url: string) {
    this.#url = url;
    this.#pool = new pg.Pool({
      connectionString: url,
      types,
      max: 6,
      connectionTimeoutMillis: CONNECT_MILLISECONDS,
    });
    // An idle connection that breaks is replaced; the statement that needs one reports what is wrong.
    this.#pool.on('error', () => undefined);
    this.loose = {
      query: async (sql, parameters) =>
        (await this.#roomy().query<pg.QueryResultRow>(sql, [...parameters])).rows,
      exec: async (sql) => void (await this.#roomy().query(sql)),
    };
  }

  /** The pool, as long as not too much waits for it. Errors: `STORE_BUSY`. */
  #roomy(): pg.Pool {
    if (this.#pool.waitingCount >= MOST_WAITING) throw storeBusy(MOST_WAITING);
    return this.#pool;
  }

  /** Connects the writer if there is none and takes the lock. */
  async takeOwnership(): Promise<pg.Client> {
    if (this.#writer !== undefined) return this.#writer;
    const client = new pg.Client({ connectionString: this.#url, types });
    const forget = (): void => {
      if (this.#writer === client) this.#writer = undefined;
    };
    client.on('error', forget);
    client.on('end', forget);
    try {
      await client.connect();
    } catch (error) {
      throw unavailable(error);
    }
    try {
      await client.query(`SET lock_timeout = ${LOCK_WAIT_MILLISECONDS}`);
      await client.query('SELECT pg_advisory_lock($1)', [OWNER_LOCK]);
      await client.query('SET lock_timeout = 0');
    } catch (error) {
      await client.end().catch(() => undefined);
      if ((error as { code?: unknown }).code !== '55P03') throw unavailable(error);
      throw new LedgerError('STORE_IN_USE', {
        en: 'Another node is using this database.',
        zh: '该数据库正被另一个节点使用。',
      });
    }
    this.#writer = client;
    return client;
  }

  async transact<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const client = await this.takeOwnership();
    await client.query('BEGIN');
    try {
      const value = await work({
        query: async (sql, parameters) => (await client.query<pg.QueryResultRow>(sql, [...parameters])).rows,
        exec: async (sql) => void (await client.query(sql)),
      });
      await client.query('COMMIT');
      return value;
    } catch (error) {
      // When even this fails the connection is gone, and the transaction with it.
      await client.query('ROLLBACK').catch(() => {
        if (this.#writer === client) this.#writer = undefined;
        client.end().catch(() => undefined);
      });
      throw error;
    }
  }

  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await Promise.all([writer?.end(), this.#pool.end()]);
  }
}

function unavailable(error: unknown): LedgerError {
  const { code } = error as { code?: unknown };
  return new LedgerError(
    'STORE_UNAVAILABLE',
    { en: 'The database server cannot be reached.', zh: '无法连接数据库服务器。' },
    // Never the message: it may quote the connection string.
    { reason: typeof code === 'string' ? code : 'unknown' },
  );
}
