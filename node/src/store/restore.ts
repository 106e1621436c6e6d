import { insertRows, json, type Database, type Parameter } from './database.ts';
import type { NewEntryRow } from './entries.ts';
import type { NewRecord } from './records.ts';
import { wordBytes } from './words.ts';

/** A batch with its entries as a journal has kept it. */
export interface RestoredBatch {
  readonly keyId: string;
  readonly ordinal: number;
  readonly entriesHash: bigint;
  readonly createdAt: Date;
  readonly entries: readonly (NewEntryRow & { readonly id: bigint })[];
  readonly records: readonly (NewRecord & { readonly id: bigint })[];
}

/** Puts back, under their old numbers, records, entries and batches that a database has lost. */
export class RestoreStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** True when there is no register, record or entry that a restored one could meet. */
  async isEmpty(): Promise<boolean> {
    const [row] = await this.#db.query<{ empty: boolean }>(
      `SELECT NOT EXISTS (SELECT 1 FROM own_registers) AND NOT EXISTS (SELECT 1 FROM records)
         AND NOT EXISTS (SELECT 1 FROM entries) AS empty`,
    );
    return row?.empty === true;
  }

  /** False when the batch is there already. */
  async insertBatch(batch: RestoredBatch, now: Date): Promise<boolean> {
    const [made] = await this.#db.query<{ id: string }>(
      `INSERT INTO own_batches (key_id, ordinal, entries_hash, size, journalled_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id, ordinal) DO NOTHING RETURNING id`,
      [batch.keyId, batch.ordinal, wordBytes(batch.entriesHash), batch.entries.length, now, batch.createdAt],
    );
    if (made === undefined) return false;
    await insertRows(
      this.#db,
      'records',
      [
        'id',
        'origin',
        'class',
        'uscc',
        'subject_name',
        'document_number',
        'kind',
        'domain',
        'severity',
        'severity_basis',
        'day',
        'until',
        'amount_fen',
        'fields',
        'source_profile',
        'source_agency',
        'content_hash',
        'created_at',
      ],
      batch.records.map((record): Parameter[] => [
        record.id,
        // A journal of before there were origins has none.
        record.origin ?? 'agency',
        record.class,
        record.uscc,
        record.subjectName,
        record.documentNumber,
        record.kind,
        record.domain,
        record.severity,
        record.severityBasis,
        record.day,
        record.until,
        record.amountFen,
        json(record.fields),
        record.sourceProfile,
        json(record.sourceAgency),
        Buffer.from(record.contentHash.slice(2), 'hex'),
        batch.createdAt,
      ]),
    );
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
        'batch_id',
        'batch_position',
        'created_at',
      ],
      batch.entries.map((entry, position): Parameter[] => [
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
        made.id,
        position,
        entry.createdAt,
      ]),
    );
    return true;
  }

  /** New rows get numbers after the restored ones. */
  async continueNumbers(): Promise<void> {
    for (const table of ['records', 'entries', 'own_batches']) {
      await this.#db.query(
        `SELECT setval(pg_get_serial_sequence('${table}', 'id'), coalesce((SELECT max(id) FROM ${table}), 0) + 1, false)`,
      );
    }
  }
}
