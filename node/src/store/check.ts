import type { Database } from './database.ts';
import { wordBytes } from './words.ts';

/** Questions to the whole store, for looking whether it contradicts itself. */
export class CheckStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async count(table: 'records' | 'entries' | 'own_batches'): Promise<number> {
    const [row] = await this.#db.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
    return Number(row?.n ?? 0);
  }

  /** The first record that has no RECORD entry; undefined when all have theirs. */
  async recordWithoutEntry(): Promise<bigint | undefined> {
    const [row] = await this.#db.query<{ id: string }>(
      `SELECT r.id FROM records r WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.record_id = r.id AND e.op = 0)
       ORDER BY r.id LIMIT 1`,
    );
    return row === undefined ? undefined : BigInt(row.id);
  }

  /** The first entry before which its subject's chain has a gap; undefined when no chain has one. */
  async entryAfterGap(keyId: string): Promise<bigint | undefined> {
    const [row] = await this.#db.query<{ id: string }>(
      `SELECT id FROM (SELECT id, chain_index, row_number() OVER (PARTITION BY subject_key ORDER BY chain_index) - 1 AS place
         FROM entries WHERE key_id = $1) AS t WHERE chain_index <> place ORDER BY id LIMIT 1`,
      [keyId],
    );
    return row === undefined ? undefined : BigInt(row.id);
  }

  /** Ids of a register's batches, the newest first. */
  async batchIds(keyId: string, limit: number): Promise<bigint[]> {
    const rows = await this.#db.query<{ id: string }>(
      'SELECT id FROM own_batches WHERE key_id = $1 ORDER BY ordinal DESC LIMIT $2',
      [keyId, limit],
    );
    return rows.map(({ id }) => BigInt(id));
  }

  /** Records of subjects with these keys: those about which something is known here. */
  async recordsOfKeys(keyId: string, keys: readonly bigint[]): Promise<bigint[]> {
    if (keys.length === 0) return [];
    const rows = await this.#db.query<{ record_id: string }>(
      `SELECT DISTINCT record_id FROM entries
       WHERE key_id = $1 AND subject_key = ANY($2::bytea[]) AND record_id IS NOT NULL ORDER BY record_id`,
      [keyId, keys.map((key) => wordBytes(key))],
    );
    return rows.map(({ record_id: id }) => BigInt(id));
  }
}
