import { json, type Database, type Parameter } from './database.ts';
import type { StoredError } from './answers.ts';

/** What names a case everywhere: who filed it, and the hash of its document. */
export interface CaseKey {
  readonly filedBy: bigint;
  readonly documentHash: Uint8Array;
}

export interface NewCaseRow extends CaseKey {
  readonly caseType: 'dispute' | 'repair';
  readonly registerId: bigint;
  readonly document: object;
  readonly uscc: string;
  /** The subject's own signature and binding; null when the member files in its own name. */
  readonly filing: object | null;
  /** At the source: which record is meant. */
  readonly recordId: bigint | null;
  /** At the source: the code with which it would have been turned away. */
  readonly objection: string | null;
  /** At the superior: what the source says of the record. */
  readonly facts: object | null;
  readonly createdBy: string;
}

/** What a node keeps of a case; where the case stands is read from the chain's events. */
export interface CaseRow extends NewCaseRow {
  readonly id: bigint;
  readonly flagEntry: bigint | null;
  readonly flagEnded: boolean;
  readonly decision: object | null;
  readonly entry: { readonly salt: string; readonly body: string } | null;
  readonly filedOutbox: bigint | null;
  readonly acknowledgedOutbox: bigint | null;
  readonly decidedOutbox: bigint | null;
  readonly carriedOutbox: bigint | null;
  readonly trouble: StoredError | null;
  readonly createdAt: Date;
}

/** What may become of a row. */
export interface CaseChange {
  readonly recordId?: bigint | null;
  readonly objection?: string | null;
  readonly facts?: object;
  readonly flagEntry?: bigint;
  readonly flagEnded?: boolean;
  readonly decision?: object;
  readonly entry?: { readonly salt: string; readonly body: string };
  readonly filedOutbox?: bigint;
  readonly acknowledgedOutbox?: bigint;
  readonly decidedOutbox?: bigint;
  readonly carriedOutbox?: bigint;
  readonly trouble?: StoredError | null;
}

interface Row {
  id: string;
  filed_by: string;
  document_hash: Uint8Array;
  case_type: 'dispute' | 'repair';
  register_id: string;
  document: object;
  uscc: string;
  filing: object | null;
  record_id: string | null;
  objection: string | null;
  facts: object | null;
  flag_entry: string | null;
  flag_ended: boolean;
  decision: object | null;
  entry: { salt: string; body: string } | null;
  filed_outbox: string | null;
  acknowledged_outbox: string | null;
  decided_outbox: string | null;
  carried_outbox: string | null;
  trouble: StoredError | null;
  created_by: string;
  created_at: Date;
}

const COLUMN: Readonly<Record<keyof CaseChange, string>> = {
  recordId: 'record_id',
  objection: 'objection',
  facts: 'facts',
  flagEntry: 'flag_entry',
  flagEnded: 'flag_ended',
  decision: 'decision',
  entry: 'entry',
  filedOutbox: 'filed_outbox',
  acknowledgedOutbox: 'acknowledged_outbox',
  decidedOutbox: 'decided_outbox',
  carriedOutbox: 'carried_outbox',
  trouble: 'trouble',
};
const DOCUMENTS: readonly string[] = ['facts', 'decision', 'entry', 'trouble'];

/** The private side of cases. */
export class CaseStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Keeps a new case; undefined when this filer's document is known already. */
  async insert(row: NewCaseRow, now: Date): Promise<bigint | undefined> {
    const [made] = await this.#db.query<{ id: string }>(
      `INSERT INTO cases (filed_by, document_hash, case_type, register_id, document, uscc, filing, record_id,
         objection, facts, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       ON CONFLICT (filed_by, document_hash) DO NOTHING RETURNING id`,
      [
        row.filedBy,
        row.documentHash,
        row.caseType,
        row.registerId,
        json(row.document),
        row.uscc,
        orNull(row.filing),
        row.recordId,
        row.objection,
        orNull(row.facts),
        row.createdBy,
        now,
      ],
    );
    return made === undefined ? undefined : BigInt(made.id);
  }

  async change(id: bigint, change: CaseChange): Promise<void> {
    const names = Object.keys(change) as (keyof CaseChange)[];
    if (names.length === 0) return;
    const sets = names.map((name, i) => `${COLUMN[name]} = $${i + 2}`);
    const values = names.map((name): Parameter => {
      const value = change[name];
      return DOCUMENTS.includes(name) ? orNull(value as object | null) : ((value ?? null) as Parameter);
    });
    await this.#db.query(`UPDATE cases SET ${sets.join(', ')} WHERE id = $1`, [id, ...values]);
  }

  async byId(id: bigint): Promise<CaseRow | undefined> {
    return (await this.#select('id = $1', [id]))[0];
  }

  async byKey({ filedBy, documentHash }: CaseKey): Promise<CaseRow | undefined> {
    return (await this.#select('filed_by = $1 AND document_hash = $2', [filedBy, documentHash]))[0];
  }

  /** Every case with one of these documents, of whatever filer. */
  async withDocuments(hashes: readonly Uint8Array[]): Promise<CaseRow[]> {
    return hashes.length === 0 ? [] : this.#select('document_hash = ANY($1::bytea[]) ORDER BY id', [hashes]);
  }

  /** Cases about one record, at its source. */
  async aboutRecord(recordId: bigint): Promise<CaseRow[]> {
    return this.#select('record_id = $1 ORDER BY id', [recordId]);
  }

  /** Those whose flag stands in the register. */
  async flagged(): Promise<CaseRow[]> {
    return this.#select('flag_entry IS NOT NULL AND NOT flag_ended ORDER BY id', []);
  }

  /** What others delivered before a time and nobody has acted upon: it may never have been filed on chain. */
  async untouchedOfOthers(memberId: bigint, before: Date): Promise<CaseRow[]> {
    return this.#select(
      `filed_by <> $1 AND created_at < $2 AND acknowledged_outbox IS NULL AND decided_outbox IS NULL
       AND facts IS NULL ORDER BY id`,
      [memberId, before],
    );
  }

  async ofFiler(filedBy: bigint): Promise<CaseRow[]> {
    return this.#select('filed_by = $1 ORDER BY id', [filedBy]);
  }

  /** Forgets what was delivered and never filed on chain. */
  async forget(ids: readonly bigint[]): Promise<void> {
    await this.#db.query('DELETE FROM cases WHERE id = ANY($1::bigint[])', [ids]);
  }

  async #select(condition: string, parameters: readonly Parameter[]): Promise<CaseRow[]> {
    const rows = await this.#db.query<Row>(`SELECT * FROM cases WHERE ${condition}`, parameters);
    return rows.map(fromRow);
  }
}

/** A document on its way to another member. */
export interface DeliveryRow {
  readonly id: bigint;
  readonly caseId: bigint;
  readonly toMember: bigint;
  readonly kind: 'filing' | 'decision';
  readonly acceptedAt: Date | null;
  readonly attempts: number;
  readonly nextAt: Date;
  readonly error: StoredError | null;
}

interface DeliveryRowRaw {
  id: string;
  case_id: string;
  to_member: string;
  kind: 'filing' | 'decision';
  accepted_at: Date | null;
  attempts: number;
  next_at: Date;
  error: StoredError | null;
}

/** What has to be handed to other members, until it is not needed any more. */
export class CaseDeliveryStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Once for each case, member and kind. */
  async insert(
    delivery: Pick<DeliveryRow, 'caseId' | 'toMember' | 'kind' | 'acceptedAt' | 'nextAt'>,
  ): Promise<void> {
    await this.#db.query(
      `INSERT INTO case_deliveries (case_id, to_member, kind, accepted_at, next_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (case_id, to_member, kind) DO NOTHING`,
      [delivery.caseId, delivery.toMember, delivery.kind, delivery.acceptedAt, delivery.nextAt],
    );
  }

  /** Those whose time has come, oldest first. */
  async due(now: Date, limit: number): Promise<DeliveryRow[]> {
    return this.#select('NOT ended AND next_at <= $1 ORDER BY next_at, id LIMIT $2', [now, limit]);
  }

  async ofCase(caseId: bigint): Promise<DeliveryRow[]> {
    return this.#select('case_id = $1 ORDER BY id', [caseId]);
  }

  async accepted(id: bigint, now: Date, nextAt: Date): Promise<void> {
    await this.#db.query(
      `UPDATE case_deliveries SET accepted_at = coalesce(accepted_at, $2), next_at = $3, error = NULL,
         attempts = 0 WHERE id = $1`,
      [id, now, nextAt],
    );
  }

  async failed(id: bigint, error: StoredError, nextAt: Date): Promise<void> {
    await this.#db.query(
      'UPDATE case_deliveries SET error = $2, next_at = $3, attempts = attempts + 1 WHERE id = $1',
      [id, json(error), nextAt],
    );
  }

  /** There is nothing to be delivered any more. */
  async end(id: bigint): Promise<void> {
    await this.#db.query('UPDATE case_deliveries SET ended = true WHERE id = $1', [id]);
  }

  async #select(condition: string, parameters: readonly Parameter[]): Promise<DeliveryRow[]> {
    const rows = await this.#db.query<DeliveryRowRaw>(
      `SELECT * FROM case_deliveries WHERE ${condition}`,
      parameters,
    );
    return rows.map((row) => ({
      id: BigInt(row.id),
      caseId: BigInt(row.case_id),
      toMember: BigInt(row.to_member),
      kind: row.kind,
      acceptedAt: row.accepted_at,
      attempts: row.attempts,
      nextAt: row.next_at,
      error: row.error,
    }));
  }
}

/** The messages of the last while, by their digest. */
export class CaseMessageStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Notes a message; false when this very message was received before. */
  async note(digest: Uint8Array, fromMember: bigint, now: Date): Promise<boolean> {
    const rows = await this.#db.query(
      `INSERT INTO case_messages (digest, from_member, received_at, missed) VALUES ($1, $2, $3, false)
       ON CONFLICT (digest) DO NOTHING RETURNING 1 AS made`,
      [digest, fromMember, now],
    );
    return rows.length > 0;
  }

  /** It named no entry that is there. */
  async markMissed(digest: Uint8Array): Promise<void> {
    await this.#db.query('UPDATE case_messages SET missed = true WHERE digest = $1', [digest]);
  }

  async countMissed(fromMember: bigint, since: Date): Promise<number> {
    const [row] = await this.#db.query<{ n: string }>(
      'SELECT count(*) AS n FROM case_messages WHERE missed AND from_member = $1 AND received_at > $2',
      [fromMember, since],
    );
    return Number(row?.n ?? 0);
  }

  async forgetBefore(time: Date): Promise<void> {
    await this.#db.query('DELETE FROM case_messages WHERE received_at < $1', [time]);
  }
}

function orNull(value: object | null | undefined): Parameter {
  return value === null || value === undefined ? null : json(value);
}

function id(text: string | null): bigint | null {
  return text === null ? null : BigInt(text);
}

function fromRow(row: Row): CaseRow {
  return {
    id: BigInt(row.id),
    filedBy: BigInt(row.filed_by),
    documentHash: row.document_hash,
    caseType: row.case_type,
    registerId: BigInt(row.register_id),
    document: row.document,
    uscc: row.uscc,
    filing: row.filing,
    recordId: id(row.record_id),
    objection: row.objection,
    facts: row.facts,
    flagEntry: id(row.flag_entry),
    flagEnded: row.flag_ended,
    decision: row.decision,
    entry: row.entry,
    filedOutbox: id(row.filed_outbox),
    acknowledgedOutbox: id(row.acknowledged_outbox),
    decidedOutbox: id(row.decided_outbox),
    carriedOutbox: id(row.carried_outbox),
    trouble: row.trouble,
    createdBy: row.created_by,
    createdAt: row.created_at,
  };
}
