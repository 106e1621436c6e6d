import { insertRows, json, type Database, type Parameter } from './database.ts';
import { EntryStore, type NewEntryRow } from './entries.ts';
import type { NewRecord } from './records.ts';
import { wordBytes, wordOf } from './words.ts';

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

  /**
   * Puts a batch in: its records and entries where they are not there, and where they are, as a backup of before the
   * batch has them, it takes the entries in. False when the batch is there already.
   * @throws RangeError when what is there under the same numbers is something else
   */
  async insertBatch(batch: RestoredBatch, now: Date): Promise<boolean> {
    const [made] = await this.#db.query<{ id: string }>(
      `INSERT INTO own_batches (key_id, ordinal, entries_hash, size, journalled_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id, ordinal) DO NOTHING RETURNING id`,
      [batch.keyId, batch.ordinal, wordBytes(batch.entriesHash), batch.entries.length, now, batch.createdAt],
    );
    if (made === undefined) {
      const [there] = await this.#db.query<{ entries_hash: Uint8Array }>(
        'SELECT entries_hash FROM own_batches WHERE key_id = $1 AND ordinal = $2',
        [batch.keyId, batch.ordinal],
      );
      if (there === undefined || wordOf(there.entries_hash) !== batch.entriesHash)
        throw new RangeError(`batch ${batch.ordinal} is another one`);
      return false;
    }
    const knownRecords = await this.#known(
      'records',
      batch.records.map(({ id }) => id),
    );
    const knownEntries = await this.#known(
      'entries',
      batch.entries.map(({ id }) => id),
    );
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
      batch.records
        .filter(({ id }) => !knownRecords.has(id))
        .map((record): Parameter[] => [
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
    await new EntryStore(this.#db).insert(batch.entries.filter(({ id }) => !knownEntries.has(id)));
    const taken = await this.#db.query<{ id: string }>(
      `UPDATE entries e SET batch_id = $1, batch_position = t.place - 1
       FROM unnest($2::bigint[], $3::bytea[]) WITH ORDINALITY AS t (id, body, place)
       WHERE e.id = t.id AND e.batch_id IS NULL AND e.key_id = $4 AND e.body = t.body RETURNING e.id`,
      [
        made.id,
        batch.entries.map(({ id }) => id.toString()),
        batch.entries.map(({ body }) => wordBytes(body)),
        batch.keyId,
      ],
    );
    const wanting = batch.entries.length - taken.length;
    if (wanting > 0) throw new RangeError(`${wanting} entries of batch ${batch.ordinal} are others`);
    return true;
  }

  /** Which batches of a register are there, by ordinal. */
  async ordinals(keyId: string): Promise<Set<number>> {
    const rows = await this.#db.query<{ ordinal: number }>(
      'SELECT ordinal FROM own_batches WHERE key_id = $1',
      [keyId],
    );
    return new Set(rows.map(({ ordinal }) => ordinal));
  }

  async #known(table: 'records' | 'entries', ids: readonly bigint[]): Promise<Set<bigint>> {
    const rows = await this.#db.query<{ id: string }>(
      `SELECT id FROM ${table} WHERE id = ANY($1::bigint[])`,
      [ids.map(String)],
    );
    return new Set(rows.map(({ id }) => BigInt(id)));
  }
}
