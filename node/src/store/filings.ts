import { json, type Database, type Parameter } from './database.ts';
import { isUniqueViolation } from './errors.ts';

/** An incomplete filing as this node took it in; its promise waits for a signature until one is kept. */
export interface FilingRow {
  readonly id: bigint;
  readonly uscc: string;
  readonly subjectName: string;
  /** The applicant's key for this filing alone, lower case. */
  readonly applicant: string;
  readonly document: Readonly<Record<string, unknown>>;
  readonly documentHash: Uint8Array;
  readonly signature: string | null;
  readonly madeBy: string;
  readonly createdAt: Date;
}

/** A voluntary pledge as an association's node drew it up. */
export interface PledgeRow {
  readonly id: bigint;
  readonly uscc: string;
  readonly subjectName: string;
  readonly pledger: string;
  readonly kind: number;
  readonly document: Readonly<Record<string, unknown>>;
  readonly documentHash: Uint8Array;
  readonly scope: Readonly<Record<string, unknown>>;
  readonly publicUntil: number;
  readonly madeBy: string;
  readonly createdAt: Date;
}

interface FilingSql {
  id: string;
  uscc: string;
  subject_name: string;
  applicant: string;
  document: Record<string, unknown>;
  document_hash: Uint8Array;
  signature: string | null;
  made_by: string;
  created_at: Date;
}

interface PledgeSql extends Omit<FilingSql, 'applicant' | 'signature'> {
  pledger: string;
  kind: number;
  scope: Record<string, unknown>;
  public_until: number;
}

/** Filings with what of them is private. */
export class FilingStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Undefined when the applicant's key was used for another filing. */
  async insert(filing: Omit<FilingRow, 'id' | 'signature'>): Promise<bigint | undefined> {
    try {
      const [made] = await this.#db.query<{ id: string }>(
        `INSERT INTO filings (uscc, subject_name, applicant, document, document_hash, made_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
        [
          filing.uscc,
          filing.subjectName,
          filing.applicant,
          json(filing.document),
          filing.documentHash,
          filing.madeBy,
          filing.createdAt,
        ],
      );
      return made === undefined ? undefined : BigInt(made.id);
    } catch (error) {
      if (isUniqueViolation(error, 'filings_applicant_key')) return undefined;
      throw error;
    }
  }

  async setSignature(id: bigint, signature: string): Promise<void> {
    await this.#db.query('UPDATE filings SET signature = $2 WHERE id = $1', [id, signature]);
  }

  async byId(id: bigint): Promise<FilingRow | undefined> {
    return (await this.#filings('id = $1', [id]))[0];
  }

  /** Newest first; `before` goes on after that id. */
  async list(limit: number, before?: bigint): Promise<FilingRow[]> {
    return this.#filings('($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $1', [
      limit,
      before ?? null,
    ]);
  }

  async #filings(condition: string, parameters: readonly Parameter[]): Promise<FilingRow[]> {
    const rows = await this.#db.query<FilingSql>(`SELECT * FROM filings WHERE ${condition}`, parameters);
    return rows.map((row) => ({
      id: BigInt(row.id),
      uscc: row.uscc,
      subjectName: row.subject_name,
      applicant: row.applicant,
      document: row.document,
      documentHash: row.document_hash,
      signature: row.signature,
      madeBy: row.made_by,
      createdAt: row.created_at,
    }));
  }
}

/** Pledges with their documents. */
export class PledgeStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(pledge: Omit<PledgeRow, 'id'>): Promise<bigint> {
    const [made] = await this.#db.query<{ id: string }>(
      `INSERT INTO pledges
         (uscc, subject_name, pledger, kind, document, document_hash, scope, public_until, made_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
      [
        pledge.uscc,
        pledge.subjectName,
        pledge.pledger,
        pledge.kind,
        json(pledge.document),
        pledge.documentHash,
        json(pledge.scope),
        pledge.publicUntil,
        pledge.madeBy,
        pledge.createdAt,
      ],
    );
    return BigInt(made?.id ?? 0);
  }

  async byId(id: bigint): Promise<PledgeRow | undefined> {
    return (await this.#pledges('id = $1', [id]))[0];
  }

  /** The pledges with these document hashes. */
  async byHashes(hashes: readonly Uint8Array[]): Promise<PledgeRow[]> {
    return this.#pledges('document_hash = ANY($1::bytea[]) ORDER BY id', [hashes]);
  }

  async #pledges(condition: string, parameters: readonly Parameter[]): Promise<PledgeRow[]> {
    const rows = await this.#db.query<PledgeSql>(`SELECT * FROM pledges WHERE ${condition}`, parameters);
    return rows.map((row) => ({
      id: BigInt(row.id),
      uscc: row.uscc,
      subjectName: row.subject_name,
      pledger: row.pledger,
      kind: row.kind,
      document: row.document,
      documentHash: row.document_hash,
      scope: row.scope,
      publicUntil: row.public_until,
      madeBy: row.made_by,
      createdAt: row.created_at,
    }));
  }
}
