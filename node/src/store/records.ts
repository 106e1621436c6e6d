import { isSelfDeclaredKind, LedgerError } from '@credit-ledger/sdk/protocol';
import { type Database, json } from './database.ts';

/** One field of a record as the source wrote it, made canonical. */
export interface RecordField {
  readonly name: string;
  readonly value: string;
}

/** Who says it: the agency, or the subject of itself (自愿注册). */
export type RecordOrigin = 'agency' | 'self-declared';

/** A credit record in canonical form, before it is stored. */
export interface NewRecord {
  /** 1 adverse, 2 permit, 3 positive (protocol §2). */
  readonly class: 1 | 2 | 3;
  /** The agency when left out; kinds of statements are the subject's, and no others. */
  readonly origin?: RecordOrigin;
  readonly uscc: string;
  readonly subjectName: string;
  readonly documentNumber: string;
  /** Catalogue codes. */
  readonly kind: number;
  readonly domain: number;
  readonly severity: 0 | 1 | 2 | 3;
  /** The rule that set the severity, and whose rule it is. */
  readonly severityBasis: string;
  /** Days at UTC+8 since 1970-01-01; `until` 1048575 for no end. */
  readonly day: number;
  readonly until: number;
  readonly amountFen: bigint;
  readonly fields: readonly RecordField[];
  readonly sourceProfile: string;
  readonly sourceAgency: { readonly name: string; readonly uscc: string | null };
  /** SHA-256 of what the source said, 0x + 64 hexadecimal digits: equal for exact duplicates. */
  readonly contentHash: string;
}

/** A record in the store. Never changed, never deleted: operations are entries of their own. */
export interface StoredRecord extends NewRecord {
  readonly origin: RecordOrigin;
  readonly id: bigint;
  readonly importId: bigint | null;
  readonly importRow: number | null;
  readonly createdAt: Date;
}

export interface RecordFilter {
  readonly uscc?: string | undefined;
  readonly class?: 1 | 2 | 3 | undefined;
  readonly origin?: RecordOrigin | undefined;
  readonly documentNumber?: string | undefined;
  readonly importId?: bigint | undefined;
  /** Only records with a larger id, in the order of ids: how a caller pages. */
  readonly afterId?: bigint | undefined;
  readonly limit?: number | undefined;
}

interface Row {
  id: string;
  origin: RecordOrigin;
  class: 1 | 2 | 3;
  uscc: string;
  subject_name: string;
  document_number: string;
  kind: number;
  domain: number;
  severity: 0 | 1 | 2 | 3;
  severity_basis: string;
  day: number;
  until: number;
  amount_fen: string;
  fields: RecordField[];
  source_profile: string;
  source_agency: { name: string; uscc: string | null };
  content_hash: Uint8Array;
  import_id: string | null;
  import_row: string | null;
  created_at: Date;
}

const COLUMNS = `id, origin, class, uscc, subject_name, document_number, kind, domain, severity, severity_basis,
  day, until, amount_fen, fields, source_profile, source_agency, content_hash, import_id, import_row, created_at`;

/** Credit records of the agency itself. */
export class RecordStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Inserts records in one statement; the stored ones come back in the order given.
   * @throws LedgerError RECORD_ORIGIN_WRONG for a statement's kind that is not the subject's, or the reverse
   */
  async insert(
    records: readonly (NewRecord & { readonly importRow: number | null })[],
    importId: bigint | null,
    createdAt: Date,
  ): Promise<StoredRecord[]> {
    if (records.length === 0) return [];
    for (const record of records) requireOrigin(record);
    const rows = await this.#db.query<{ id: string; ordinal: string }>(
      `WITH given AS (
         SELECT *, row_number() OVER () AS ordinal FROM jsonb_to_recordset($1::jsonb) AS given(
           origin text, class smallint, uscc text, subject_name text, document_number text, kind smallint, domain smallint,
           severity smallint, severity_basis text, day integer, until integer, amount_fen numeric,
           fields jsonb, source_profile text, source_agency jsonb, content_hash text, import_row bigint)
       ), made AS (
         INSERT INTO records (origin, class, uscc, subject_name, document_number, kind, domain, severity, severity_basis,
           day, until, amount_fen, fields, source_profile, source_agency, content_hash, import_id, import_row, created_at)
         SELECT origin, class, uscc, subject_name, document_number, kind, domain, severity, severity_basis,
           day, until, amount_fen, fields, source_profile, source_agency, decode(content_hash, 'hex'), $2, import_row, $3
         FROM given ORDER BY ordinal
         RETURNING id, class, uscc, document_number, content_hash
       )
       SELECT made.id, given.ordinal FROM made JOIN given
         ON made.class = given.class AND made.uscc = given.uscc AND made.document_number = given.document_number
        AND made.content_hash = decode(given.content_hash, 'hex')`,
      [
        json(
          records.map((record) => ({
            origin: record.origin ?? 'agency',
            class: record.class,
            uscc: record.uscc,
            subject_name: record.subjectName,
            document_number: record.documentNumber,
            kind: record.kind,
            domain: record.domain,
            severity: record.severity,
            severity_basis: record.severityBasis,
            day: record.day,
            until: record.until,
            amount_fen: record.amountFen.toString(),
            fields: record.fields,
            source_profile: record.sourceProfile,
            source_agency: record.sourceAgency,
            content_hash: record.contentHash.slice(2),
            import_row: record.importRow,
          })),
        ),
        importId,
        createdAt,
      ],
    );
    const idOfOrdinal = new Map(rows.map(({ id, ordinal }) => [Number(ordinal), BigInt(id)]));
    return records.map((record, i) => {
      const id = idOfOrdinal.get(i + 1);
      if (id === undefined) throw new Error('an inserted record did not come back');
      return { ...record, origin: record.origin ?? 'agency', id, importId, createdAt };
    });
  }

  /** All records with one of these document numbers in a class. */
  async withDocumentNumbers(
    recordClass: 1 | 2 | 3,
    documentNumbers: readonly string[],
  ): Promise<StoredRecord[]> {
    if (documentNumbers.length === 0) return [];
    const rows = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM records WHERE class = $1 AND document_number = any($2::text[]) ORDER BY id`,
      [recordClass, [...documentNumbers]],
    );
    return rows.map(recordOf);
  }

  async byId(id: bigint): Promise<StoredRecord | undefined> {
    const [row] = await this.#db.query<Row>(`SELECT ${COLUMNS} FROM records WHERE id = $1`, [id]);
    return row === undefined ? undefined : recordOf(row);
  }

  async byIds(ids: readonly bigint[]): Promise<StoredRecord[]> {
    if (ids.length === 0) return [];
    const rows = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM records WHERE id = any($1::bigint[]) ORDER BY id`,
      [ids.map(String)],
    );
    return rows.map(recordOf);
  }

  /** Records in the order of ids; 100 unless another limit is given, 1,000 at most. */
  async list(filter: RecordFilter = {}): Promise<StoredRecord[]> {
    const rows = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM records
       WHERE ($1::text IS NULL OR uscc = $1) AND ($2::smallint IS NULL OR class = $2)
         AND ($3::text IS NULL OR document_number = $3) AND ($4::bigint IS NULL OR import_id = $4)
         AND ($5::bigint IS NULL OR id > $5) AND ($7::text IS NULL OR origin = $7)
       ORDER BY id LIMIT $6`,
      [
        filter.uscc ?? null,
        filter.class ?? null,
        filter.documentNumber ?? null,
        filter.importId ?? null,
        filter.afterId ?? null,
        Math.max(1, Math.min(filter.limit ?? 100, 1000)),
        filter.origin ?? null,
      ],
    );
    return rows.map(recordOf);
  }

  /** Records that have no RECORD entry yet, oldest first: those that came in before the register was open. */
  async withoutEntry(limit: number): Promise<StoredRecord[]> {
    const rows = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM records r
       WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.record_id = r.id AND e.op = 0) ORDER BY id LIMIT $1`,
      [limit],
    );
    return rows.map(recordOf);
  }

  async count(): Promise<number> {
    const [row] = await this.#db.query<{ count: string }>('SELECT count(*) AS count FROM records');
    return Number(row?.count ?? 0);
  }
}

function requireOrigin({ kind, class: ledgerClass, origin = 'agency' }: NewRecord): void {
  const right = isSelfDeclaredKind(kind)
    ? origin === 'self-declared' && ledgerClass === 3
    : origin === 'agency';
  if (right) return;
  throw new LedgerError(
    'RECORD_ORIGIN_WRONG',
    {
      en: 'What a subject says of itself and what an agency found are kept apart: the kind is not one of this origin.',
      zh: '主体自愿注册信息与行政机关认定信息须分开：该类别与来源不符。',
    },
    { kind, origin },
  );
}

function recordOf(row: Row): StoredRecord {
  return {
    id: BigInt(row.id),
    origin: row.origin,
    class: row.class,
    uscc: row.uscc,
    subjectName: row.subject_name,
    documentNumber: row.document_number,
    kind: row.kind,
    domain: row.domain,
    severity: row.severity,
    severityBasis: row.severity_basis,
    day: row.day,
    until: row.until,
    amountFen: BigInt(row.amount_fen),
    fields: row.fields,
    sourceProfile: row.source_profile,
    sourceAgency: row.source_agency,
    contentHash: `0x${Buffer.from(row.content_hash).toString('hex')}`,
    importId: row.import_id === null ? null : BigInt(row.import_id),
    importRow: row.import_row === null ? null : Number(row.import_row),
    createdAt: row.created_at,
  };
}
