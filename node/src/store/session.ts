import { AsyncLocalStorage } from 'node:async_hooks';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Database, JsonParameter, Parameter } from './database.ts';
import { asStoreError, storeBusy } from './errors.ts';

/** One connection of an engine: the least that the two engines must do alike. */
export interface Connection {
  query(sql: string, parameters: readonly unknown[]): Promise<unknown[]>;
  exec(sql: string): Promise<void>;
}

/** An engine: connections for single statements and one for transactions. */
export interface Engine {
  /** Used for statements outside transactions. */
  readonly loose: Connection;
  /**
   * Runs `work` in a transaction: commits when it resolves, rolls back when it
   * rejects. Called for one transaction at a time.
   */
  transact<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Transactions that may wait for their turn: beyond that the database is stuck, and waiting only fills the memory. */
const MOST_WAITING = 1000;

interface Scope {
  readonly root: SessionDatabase;
  open: boolean;
}

const currentScope = new AsyncLocalStorage<Scope>();

/** The part of a database that does not depend on the engine. */
export class SessionDatabase implements Database {
  readonly #engine: Engine;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #closed: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async query<T>(sql: string, parameters: readonly Parameter[] = []): Promise<T[]> {
    this.#check();
    return run<T>(this.#engine.loose, sql, parameters);
  }

  async exec(sql: string): Promise<void> {
    this.#check();
    await this.#engine.loose.exec(sql).catch(rethrow);
  }

  async transaction<T>(work: (db: Database) => Promise<T>): Promise<T> {
    this.#check();
    if (this.#waiting >= MOST_WAITING) throw storeBusy(MOST_WAITING);
    this.#waiting += 1;
    const turn = this.#tail.then(() => this.#transact(work));
    this.#tail = turn.catch(() => undefined);
    return turn.finally(() => {
      this.#waiting -= 1;
    });
  }

  afterCommit(callback: () => void): void {
    callback();
  }

  close(): Promise<void> {
    this.#closed ??= this.#tail.then(() => this.#engine.close());
    return this.#closed;
  }

  async #transact<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const callbacks: (() => void)[] = [];
    let ofWork: { readonly error: unknown } | undefined;
    const result = await this.#engine
      .transact(async (connection) => {
        const scope: Scope = { root: this, open: true };
        const transaction = new TransactionDatabase(connection, scope, callbacks);
        try {
          const value = await currentScope.run(scope, () => work(transaction));
          if (transaction.failure !== undefined) throw transaction.failure.error;
          return value;
        } catch (error) {
          ofWork = { error };
          throw error;
        } finally {
          scope.open = false;
        }
      })
      .catch((error: unknown) => {
        // An error of the caller's own passes through as it is; the engine's is put into our words.
        throw ofWork === undefined ? asStoreError(error) : ofWork.error;
      });
    for (const callback of callbacks) callback();
    return result;
  }

  #check(): void {
    if (this.#closed !== undefined) {
      throw new LedgerError('STORE_CLOSED', { en: 'The database is closed.', zh: '数据库已关闭。' });
    }
    const scope = currentScope.getStore();
    if (scope?.root === this && scope.open) throw wrongHandle();
  }
}

class TransactionDatabase implements Database {
  readonly #connection: Connection;
  readonly #scope: Scope;
  readonly #callbacks: (() => void)[];
  failure: { readonly error: unknown } | undefined;

  constructor(connection: Connection, scope: Scope, callbacks: (() => void)[]) {
    this.#connection = connection;
    this.#scope = scope;
    this.#callbacks = callbacks;
  }

  async query<T>(sql: string, parameters: readonly Parameter[] = []): Promise<T[]> {
    this.#check();
    return this.#dooming(() => run<T>(this.#connection, sql, parameters));
  }

  async exec(sql: string): Promise<void> {
    this.#check();
    await this.#dooming(() => this.#connection.exec(sql).catch(rethrow));
  }

  async transaction<T>(work: (db: Database) => Promise<T>): Promise<T> {
    this.#check();
    return this.#dooming(() => work(this));
  }

  afterCommit(callback: () => void): void {
    this.#check();
    this.#callbacks.push(callback);
  }

  close(): Promise<void> {
    return Promise.reject(wrongHandle());
  }

  async #dooming<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.failure ??= { error };
      throw error;
    }
  }

  #check(): void {
    if (!this.#scope.open) throw wrongHandle();
  }
}

function wrongHandle(): LedgerError {
  return new LedgerError('STORE_WRONG_HANDLE', {
    en: 'Inside a transaction only its own handle may be used, and only until it ends.',
    zh: '事务内只能使用该事务的句柄，且事务结束后不得再用。',
  });
}

async function run<T>(connection: Connection, sql: string, parameters: readonly Parameter[]): Promise<T[]> {
  // Checked here as well as by the types: both engines would store NULL for undefined.
  const values = parameters.map(toEngine);
  return (await connection.query(sql, values).catch(rethrow)) as T[];
}

function rethrow(error: unknown): never {
  throw asStoreError(error);
}

/** Spells a parameter so that both engines read it alike. */
function toEngine(value: Parameter): unknown {
  if (value === undefined) throw new TypeError('a parameter is undefined; use null');
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toEngine);
  return (value as JsonParameter).json;
}
