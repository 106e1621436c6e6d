import { insertRows, json, type Database, type Parameter } from './database.ts';
import { wordBytes, wordOf } from './words.ts';

/** A field with the salt that blinds it, exactly as digested. */
export interface SaltRow {
  readonly name: string;
  readonly value: string;
  readonly salt: string;
}

/** An entry before it has a number. */
export interface NewEntryRow {
  readonly keyId: string;
  /** The record that it is about; null for cover entries. */
  readonly recordId: bigint | null;
  readonly op: number;
  readonly class: number;
  readonly uscc: string | null;
  readonly subjectKey: bigint;
  readonly chainIndex: number;
  readonly packed: bigint;
  readonly content: bigint;
  readonly body: bigint;
  readonly salts: readonly SaltRow[];
  /** Entries of one bundle must be in one batch. */
  readonly bundle: bigint | null;
  /** Recognises an operation that was given before. */
  readonly operationHash: Uint8Array | null;
  readonly createdAt: Date;
}

/** An entry of the agency's own register with its opening. */
export interface EntryRow extends NewEntryRow {
  readonly id: bigint;
  readonly batchId: bigint | null;
  readonly batchPosition: number | null;
}

interface Row {
  id: string;
  key_id: string;
  record_id: string | null;
  op: number;
  class: number;
  uscc: string | null;
  subject_key: Uint8Array;
  chain_index: number;
  packed: Uint8Array;
  content: Uint8Array;
  body: Uint8Array;
  salts: SaltRow[];
  bundle: string | null;
  operation_hash: Uint8Array | null;
  batch_id: string | null;
  batch_position: number | null;
  created_at: Date;
}

/** The entries of the agency's own registers: appended, put in a batch once, never changed or deleted. */
export class EntryStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Numbers for entries that are about to be inserted, in rising order. */
  async reserveIds(count: number): Promise<bigint[]> {
    const rows = await this.#db.query<{ id: string }>(
      `SELECT nextval(pg_get_serial_sequence('entries', 'id')) AS id FROM generate_series(1, $1::integer)`,
      [count],
    );
    return rows.map(({ id }) => BigInt(id));
  }

  /** Inserts entries under reserved numbers. */
  async insert(entries: readonly (NewEntryRow & { readonly id: bigint })[]): Promise<void> {
    await insertRows(
      this.#db,
      'entries',
      [
        'id',
        'key_id',
        'record_id',
        'op',
        'class',
        'uscc',
        'subject_key',
        'chain_index',
        'packed',
        'content',
        'body',
        'salts',
        'bundle',
        'operation_hash',
        'created_at',
      ],
      entries.map((entry): Parameter[] => [
        entry.id,
        entry.keyId,
        entry.recordId,
        entry.op,
        entry.class,
        entry.uscc,
        wordBytes(entry.subjectKey),
        entry.chainIndex,
        wordBytes(entry.packed),
        wordBytes(entry.content),
        wordBytes(entry.body),
        json(entry.salts),
        entry.bundle,
        entry.operationHash,
        entry.createdAt,
      ]),
    );
  }

  /** How long the chains of these subject keys are; keys without an entry are absent. */
  async chainLengths(keyId: string, keys: readonly bigint[]): Promise<Map<bigint, number>> {
    const rows = await this.#db.query<{ subject_key: Uint8Array; length: number }>(
      `SELECT subject_key, max(chain_index) + 1 AS length FROM entries
       WHERE key_id = $1 AND subject_key = ANY($2::bytea[]) GROUP BY subject_key`,
      [keyId, keys.map(wordBytes)],
    );
    return new Map(rows.map((row) => [wordOf(row.subject_key), row.length]));
  }

  /** Which of these records have their entry already. */
  async recordsWithEntry(keyId: string, recordIds: readonly bigint[]): Promise<Set<bigint>> {
    const rows = await this.#db.query<{ record_id: string }>(
      `SELECT record_id FROM entries WHERE key_id = $1 AND op = 0 AND record_id = ANY($2::bigint[])`,
      [keyId, recordIds],
    );
    return new Set(rows.map((row) => BigInt(row.record_id)));
  }

  /** Everything about one record, in the order of the register. */
  async ofRecord(recordId: bigint): Promise<EntryRow[]> {
    return this.#select('record_id = $1 ORDER BY id', [recordId]);
  }

  /** Which of these records were revoked; `corrected` when another took their place. */
  async revoked(recordIds: readonly bigint[]): Promise<Map<bigint, { readonly corrected: boolean }>> {
    if (recordIds.length === 0) return new Map();
    const rows = await this.#db.query<{ record_id: string; corrected: boolean }>(
      `SELECT record_id, bool_or(bundle IS NOT NULL) AS corrected FROM entries
       WHERE op = 1 AND record_id = ANY($1::bigint[]) GROUP BY record_id`,
      [recordIds],
    );
    return new Map(rows.map((row) => [BigInt(row.record_id), { corrected: row.corrected }]));
  }

  async ofOperation(keyId: string, operationHash: Uint8Array): Promise<EntryRow | undefined> {
    const [row] = await this.#select('key_id = $1 AND operation_hash = $2', [keyId, operationHash]);
    return row;
  }

  /** Entries that must be in one batch. */
  async ofBundle(bundle: bigint): Promise<EntryRow[]> {
    return this.#select('id >= $1 AND bundle = $1 ORDER BY id', [bundle]);
  }

  /** A subject's chain as far as it is in batches up to an ordinal, in its order. */
  async chainUpTo(keyId: string, subjectKey: bigint, ordinal: number): Promise<EntryRow[]> {
    return this.#select(
      `key_id = $1 AND subject_key = $2
       AND batch_id IN (SELECT b.id FROM own_batches b WHERE b.key_id = $1 AND b.ordinal <= $3)
       ORDER BY chain_index`,
      [keyId, wordBytes(subjectKey), ordinal],
    );
  }

  /** The oldest entries that are in no batch. */
  async unbatched(keyId: string, limit: number): Promise<EntryRow[]> {
    return this.#select('key_id = $1 AND batch_id IS NULL ORDER BY id LIMIT $2', [keyId, limit]);
  }

  /** Those of these entries that are in no batch. */
  async unbatchedById(keyId: string, ids: readonly bigint[]): Promise<EntryRow[]> {
    return this.#select('key_id = $1 AND batch_id IS NULL AND id = ANY($2::bigint[]) ORDER BY id', [
      keyId,
      ids,
    ]);
  }

  async countUnbatched(keyId: string): Promise<number> {
    const [row] = await this.#db.query<{ n: string }>(
      'SELECT count(*) AS n FROM entries WHERE key_id = $1 AND batch_id IS NULL',
      [keyId],
    );
    return Number(row?.n ?? 0);
  }

  /** The entries of a batch in their order. */
  async ofBatch(batchId: bigint): Promise<EntryRow[]> {
    return this.#select('batch_id = $1 ORDER BY batch_position', [batchId]);
  }

  /** Puts entries in a batch, in the order given; each must be in none yet. */
  async putInBatch(batchId: bigint, entryIds: readonly bigint[]): Promise<void> {
    const rows = await this.#db.query<{ id: string }>(
      `UPDATE entries SET batch_id = $1, batch_position = given.position - 1
       FROM unnest($2::bigint[]) WITH ORDINALITY AS given (id, position)
       WHERE entries.id = given.id AND entries.batch_id IS NULL RETURNING entries.id`,
      [batchId, entryIds],
    );
    if (rows.length !== entryIds.length) {
      throw new RangeError(`${entryIds.length - rows.length} of the entries are in a batch already`);
    }
  }

  async #select(condition: string, parameters: readonly Parameter[]): Promise<EntryRow[]> {
    const rows = await this.#db.query<Row>(`SELECT * FROM entries WHERE ${condition}`, parameters);
    return rows.map((row) => ({
      id: BigInt(row.id),
      keyId: row.key_id,
      recordId: row.record_id === null ? null : BigInt(row.record_id),
      op: row.op,
      class: row.class,
      uscc: row.uscc,
      subjectKey: wordOf(row.subject_key),
      chainIndex: row.chain_index,
      packed: wordOf(row.packed),
      content: wordOf(row.content),
      body: wordOf(row.body),
      salts: row.salts,
      bundle: row.bundle === null ? null : BigInt(row.bundle),
      operationHash: row.operation_hash,
      batchId: row.batch_id === null ? null : BigInt(row.batch_id),
      batchPosition: row.batch_position,
      createdAt: row.created_at,
    }));
  }
}
