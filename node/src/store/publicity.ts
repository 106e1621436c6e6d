import type { Database, Parameter } from './database.ts';
import { RecordStore, type StoredRecord } from './records.ts';
import { wordOf } from './words.ts';

/** Why an officer may keep a record out of publicity. */
export const WITHHOLDING_REASONS = [
  'state-security',
  'public-security',
  'economic-security',
  'social-stability',
  'trade-secret',
  'privacy',
] as const;
export type WithholdingReason = (typeof WITHHOLDING_REASONS)[number];

/** One line of the log: a record was kept out of publicity, or let back in. */
export interface WithholdingRow {
  readonly id: bigint;
  readonly recordId: bigint;
  readonly action: 'withhold' | 'release';
  /** Of `withhold`. */
  readonly reason: WithholdingReason | null;
  readonly note: string;
  readonly by: string;
  readonly at: Date;
}

/** A later entry about a record. */
export interface LaterEntry {
  readonly recordId: bigint;
  /** 1 REVOKE, 2 REPAIR, 3 DISPUTE, 4 SETTLE. */
  readonly op: number;
  readonly packed: bigint;
}

/** A record with where it stands. */
export interface PublicityRow {
  readonly record: StoredRecord;
  /** Time of the block that anchored it, unix seconds; null while no batch with it stands. */
  readonly anchoredAt: bigint | null;
  /** It took the place of a corrected record. */
  readonly isReplacement: boolean;
  /** In the order of the register. */
  readonly laterEntries: readonly LaterEntry[];
  /** Oldest first. */
  readonly withholdings: readonly WithholdingRow[];
}

/** How many records, of one kind and day, were anchored on one day. */
export interface AnchoredGroup {
  readonly class: 1 | 2;
  readonly kind: number;
  readonly domain: number;
  readonly severity: 0 | 1 | 2 | 3;
  /** Day of the decision. */
  readonly day: number;
  /** Civil day at UTC+8; null for those that are not anchored. */
  readonly anchoredDay: number | null;
  readonly count: number;
}

export interface PublicityFilter {
  readonly ids?: readonly bigint[];
  readonly uscc?: string;
  readonly documentNumber?: string;
}

/** Batches that stand, with their places: where an entry is anchored, if it is. Derived, so it goes back with the chain. */
const STANDING = `standing AS (
  SELECT register_id, entries_hash, block_time, row_number() OVER (PARTITION BY register_id ORDER BY seq) AS place
  FROM register_trees WHERE annulled_at_block IS NULL)`;
const ANCHORING = `LEFT JOIN entries e ON e.record_id = r.id AND e.op = 0
  LEFT JOIN own_batches b ON b.id = e.batch_id
  LEFT JOIN own_registers g ON g.key_id = b.key_id
  LEFT JOIN standing s ON s.register_id = g.register_id AND s.place = b.ordinal AND s.entries_hash = b.entries_hash`;
/** Most records of one subject, or of one document, that are looked at. */
const MOST_RECORDS = 5_000;
const UTC8_SECONDS = 8 * 3600;
const DAY_SECONDS = 86_400;

/** What is published, what is withheld, and what has not been published yet. */
export class PublicityStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Records with all that decides whether the public sees them; the same statements whatever is found. */
  async rows(filter: PublicityFilter): Promise<PublicityRow[]> {
    const found = await this.#db.query<{ id: string; anchored_at: string | null; replaces: boolean }>(
      `WITH ${STANDING}
       SELECT r.id, min(s.block_time) AS anchored_at, coalesce(bool_or(e.bundle IS NOT NULL), false) AS replaces
       FROM records r ${ANCHORING}
       WHERE ($1::bigint[] IS NULL OR r.id = ANY($1::bigint[])) AND ($2::text IS NULL OR r.uscc = $2)
         AND ($3::text IS NULL OR (r.class IN (1, 2, 3) AND r.document_number = $3))
       GROUP BY r.id ORDER BY r.id LIMIT $4`,
      [
        filter.ids === undefined ? null : [...filter.ids],
        filter.uscc ?? null,
        filter.documentNumber ?? null,
        MOST_RECORDS,
      ],
    );
    return this.#completed(found);
  }

  /**
   * Records of classes 1 and 2 that no standing batch holds, that were neither revoked nor put in the place
   * of another and are not withheld; the oldest decisions first.
   */
  async unpublished(limit: number): Promise<PublicityRow[]> {
    const found = await this.#db.query<{ id: string; anchored_at: null; replaces: boolean }>(
      `WITH ${STANDING}
       SELECT r.id, NULL AS anchored_at, false AS replaces FROM records r ${ANCHORING}
       WHERE r.class IN (1, 2) AND (SELECT action FROM publicity_withholdings w WHERE w.record_id = r.id
           ORDER BY w.id DESC LIMIT 1) IS DISTINCT FROM 'withhold'
         AND NOT EXISTS (SELECT 1 FROM entries o WHERE o.record_id = r.id AND o.op = 1)
       GROUP BY r.id, r.day HAVING count(s.block_time) = 0 AND NOT coalesce(bool_or(e.bundle IS NOT NULL), false)
       ORDER BY r.day, r.id LIMIT $1`,
      [limit],
    );
    return this.#completed(found);
  }

  /** Records of classes 1 and 2 that were never withheld and took nobody's place, counted. */
  async anchoredGroups(): Promise<AnchoredGroup[]> {
    const rows = await this.#db.query<{
      class: 1 | 2;
      kind: number;
      domain: number;
      severity: 0 | 1 | 2 | 3;
      day: number;
      anchored_day: string | null;
      count: string;
    }>(
      `WITH ${STANDING}, anchored AS (
         SELECT r.id, r.class, r.kind, r.domain, r.severity, r.day, min(s.block_time) AS anchored_at
         FROM records r ${ANCHORING}
         WHERE r.class IN (1, 2) AND NOT EXISTS (SELECT 1 FROM publicity_withholdings w WHERE w.record_id = r.id)
         GROUP BY r.id HAVING NOT coalesce(bool_or(e.bundle IS NOT NULL), false))
       SELECT class, kind, domain, severity, day,
         floor((anchored_at + $1::bigint) / $2::bigint)::bigint AS anchored_day, count(*) AS count
       FROM anchored GROUP BY class, kind, domain, severity, day, anchored_day`,
      [UTC8_SECONDS, DAY_SECONDS],
    );
    return rows.map(({ anchored_day: anchoredDay, count, ...group }) => ({
      ...group,
      anchoredDay: anchoredDay === null ? null : Number(anchoredDay),
      count: Number(count),
    }));
  }

  /** Records of classes 1 and 2 that were ever withheld. */
  async everWithheld(): Promise<PublicityRow[]> {
    const ids = await this.#db.query<{ record_id: string }>(
      'SELECT DISTINCT record_id FROM publicity_withholdings ORDER BY record_id',
    );
    return ids.length === 0 ? [] : this.rows({ ids: ids.map((row) => BigInt(row.record_id)) });
  }

  async withholdings(recordIds: readonly bigint[]): Promise<WithholdingRow[]> {
    const rows = await this.#db.query<{
      id: string;
      record_id: string;
      action: 'withhold' | 'release';
      reason: WithholdingReason | null;
      note: string;
      by_name: string;
      at: Date;
    }>('SELECT * FROM publicity_withholdings WHERE record_id = ANY($1::bigint[]) ORDER BY id', [recordIds]);
    return rows.map(({ id, record_id: recordId, by_name: by, ...row }) => ({
      ...row,
      id: BigInt(id),
      recordId: BigInt(recordId),
      by,
    }));
  }

  /** Adds to the log. */
  async insertWithholding(row: Omit<WithholdingRow, 'id'>): Promise<void> {
    await this.#db.query(
      `INSERT INTO publicity_withholdings (record_id, action, reason, note, by_name, at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [row.recordId, row.action, row.reason, row.note, row.by, row.at] satisfies Parameter[],
    );
  }

  async #completed(
    found: readonly { id: string; anchored_at: string | null; replaces: boolean }[],
  ): Promise<PublicityRow[]> {
    const ids = found.map(({ id }) => BigInt(id));
    const records = new Map<bigint, StoredRecord>();
    const store = new RecordStore(this.#db);
    for (const record of await store.byIds(ids.length === 0 ? [0n] : ids)) records.set(record.id, record);
    const later = await this.#laterEntries(ids);
    const withholdings = await this.withholdings(ids);
    return found.flatMap((row) => {
      const id = BigInt(row.id);
      const record = records.get(id);
      if (record === undefined) return [];
      return {
        record,
        anchoredAt: row.anchored_at === null ? null : BigInt(row.anchored_at),
        isReplacement: row.replaces,
        laterEntries: later.filter(({ recordId }) => recordId === id),
        withholdings: withholdings.filter(({ recordId }) => recordId === id),
      };
    });
  }

  async #laterEntries(recordIds: readonly bigint[]): Promise<LaterEntry[]> {
    const rows = await this.#db.query<{ record_id: string; op: number; packed: Uint8Array }>(
      'SELECT record_id, op, packed FROM entries WHERE record_id = ANY($1::bigint[]) AND op <> 0 ORDER BY id',
      [recordIds],
    );
    return rows.map(({ record_id: recordId, op, packed }) => ({
      recordId: BigInt(recordId),
      op,
      packed: wordOf(packed),
    }));
  }
}
