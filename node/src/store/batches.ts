import type { Database, Parameter } from './database.ts';
import { wordBytes, wordOf } from './words.ts';

/** A register of this agency. Its secret is in the keyring under `keyId`. */
export interface OwnRegisterRow {
  readonly keyId: string;
  /** Null until the chain has opened it. */
  readonly registerId: bigint | null;
  readonly secretCommit: bigint;
  readonly promiseSeconds: number;
  readonly createdAt: Date;
}

/** A batch of the agency: its entries and their order, decided once. */
export interface OwnBatchRow {
  readonly id: bigint;
  readonly keyId: string;
  /** 1, 2, …: the order in which batches must be anchored. */
  readonly ordinal: number;
  readonly entriesHash: bigint;
  readonly size: number;
  /** When its openings were durable in the journal; null before. */
  readonly journalledAt: Date | null;
  readonly createdAt: Date;
}

interface RegisterRow {
  key_id: string;
  register_id: string | null;
  secret_commit: Uint8Array;
  promise_seconds: number;
  created_at: Date;
}

interface BatchRow {
  id: string;
  key_id: string;
  ordinal: number;
  entries_hash: Uint8Array;
  size: number;
  journalled_at: Date | null;
  created_at: Date;
}

/** The agency's registers and the batches that it decided. Where a batch stands on the chain is derived. */
export class BatchStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insertRegister(register: Omit<OwnRegisterRow, 'registerId'>): Promise<void> {
    await this.#db.query(
      `INSERT INTO own_registers (key_id, secret_commit, promise_seconds, created_at) VALUES ($1, $2, $3, $4)`,
      [register.keyId, wordBytes(register.secretCommit), register.promiseSeconds, register.createdAt],
    );
  }

  /** All of them, oldest first. */
  async registers(): Promise<OwnRegisterRow[]> {
    const rows = await this.#db.query<RegisterRow>('SELECT * FROM own_registers ORDER BY created_at, key_id');
    return rows.map(registerFromRow);
  }

  /** The chain has opened a register under this commitment; returns it when it is ours. */
  async bindRegister(
    secretCommit: bigint,
    registerId: bigint,
    promiseSeconds: number,
    block: bigint,
  ): Promise<OwnRegisterRow | undefined> {
    const [row] = await this.#db.query<RegisterRow>(
      `UPDATE own_registers SET register_id = $2, promise_seconds = $3, opened_block = $4
       WHERE secret_commit = $1 RETURNING *`,
      [wordBytes(secretCommit), registerId, promiseSeconds, block],
    );
    return row === undefined ? undefined : registerFromRow(row);
  }

  /** The chain went back: registers opened after this block are not open. */
  async unbindAfter(block: bigint): Promise<void> {
    await this.#db.query(
      'UPDATE own_registers SET register_id = NULL, opened_block = NULL WHERE opened_block > $1',
      [block],
    );
  }

  /** Decides a batch; it gets the next ordinal. */
  async insertBatch(keyId: string, entriesHash: bigint, size: number, now: Date): Promise<OwnBatchRow> {
    const [row] = await this.#db.query<BatchRow>(
      `INSERT INTO own_batches (key_id, ordinal, entries_hash, size, created_at)
       SELECT $1, coalesce(max(ordinal), 0) + 1, $2, $3, $4 FROM own_batches WHERE key_id = $1 RETURNING *`,
      [keyId, wordBytes(entriesHash), size, now],
    );
    if (row === undefined) throw new RangeError('the database inserted no batch');
    return batchFromRow(row);
  }

  async markJournalled(batchId: bigint, now: Date): Promise<void> {
    await this.#db.query('UPDATE own_batches SET journalled_at = $2 WHERE id = $1', [batchId, now]);
  }

  async unjournalled(): Promise<OwnBatchRow[]> {
    return this.#select('journalled_at IS NULL ORDER BY key_id, ordinal', []);
  }

  async journalled(): Promise<OwnBatchRow[]> {
    return this.#select('journalled_at IS NOT NULL ORDER BY key_id, ordinal', []);
  }

  async byOrdinal(keyId: string, ordinal: number): Promise<OwnBatchRow | undefined> {
    return (await this.#select('key_id = $1 AND ordinal = $2', [keyId, ordinal]))[0];
  }

  async byId(id: bigint): Promise<OwnBatchRow | undefined> {
    return (await this.#select('id = $1', [id]))[0];
  }

  async countBatches(keyId: string): Promise<number> {
    const [row] = await this.#db.query<{ n: string }>(
      'SELECT count(*) AS n FROM own_batches WHERE key_id = $1',
      [keyId],
    );
    return Number(row?.n ?? 0);
  }

  /**
   * The first batch that stands on the chain in a register of ours and is not the
   * one that we decided for that place; undefined when all are.
   */
  async firstForeign(keyId: string, registerId: bigint): Promise<{ seq: bigint; place: number } | undefined> {
    const [row] = await this.#db.query<{ seq: string; place: string }>(
      `SELECT t.seq, t.place FROM (
         SELECT seq, entries_hash, row_number() OVER (ORDER BY seq) AS place FROM register_trees
         WHERE register_id = $2 AND annulled_at_block IS NULL) t
       LEFT JOIN own_batches b ON b.key_id = $1 AND b.ordinal = t.place
       WHERE b.entries_hash IS DISTINCT FROM t.entries_hash ORDER BY t.place LIMIT 1`,
      [keyId, registerId],
    );
    return row === undefined ? undefined : { seq: BigInt(row.seq), place: Number(row.place) };
  }

  async #select(condition: string, parameters: readonly Parameter[]): Promise<OwnBatchRow[]> {
    const rows = await this.#db.query<BatchRow>(`SELECT * FROM own_batches WHERE ${condition}`, parameters);
    return rows.map(batchFromRow);
  }
}

function registerFromRow(row: RegisterRow): OwnRegisterRow {
  return {
    keyId: row.key_id,
    registerId: row.register_id === null ? null : BigInt(row.register_id),
    secretCommit: wordOf(row.secret_commit),
    promiseSeconds: row.promise_seconds,
    createdAt: row.created_at,
  };
}

function batchFromRow(row: BatchRow): OwnBatchRow {
  return {
    id: BigInt(row.id),
    keyId: row.key_id,
    ordinal: row.ordinal,
    entriesHash: wordOf(row.entries_hash),
    size: row.size,
    journalledAt: row.journalled_at,
    createdAt: row.created_at,
  };
}
