import type { StoredError } from './answers.ts';
import { json, type Database, type Parameter } from './database.ts';

/** The texts of a template. */
export interface TemplateRow {
  readonly templateId: Uint8Array;
  readonly itemId: Uint8Array;
  readonly told: readonly string[];
  readonly confirmed: readonly string[];
}

/** A letter as this node offered it. */
export interface LetterRow {
  readonly id: bigint;
  readonly itemId: Uint8Array;
  readonly itemVersion: number;
  readonly templateId: Uint8Array;
  readonly uscc: string;
  readonly subjectName: string;
  readonly offeredBy: string;
  readonly createdAt: Date;
}

export type PromiseState = 'asking' | 'not-eligible' | 'failed' | 'sent';

/** Who signed a letter's digest, 65 bytes each. */
export interface PromiseSignatures {
  readonly applicant: string;
  /** By the key that is bound to the applicant's credit code, where it co-signed. */
  readonly bound: { readonly address: string; readonly signature: string } | null;
}

/** A promise on its way: from the applicant's signature to the transaction. */
export interface PromiseRow {
  readonly letterId: bigint;
  readonly state: PromiseState;
  readonly signatures: PromiseSignatures;
  readonly error: StoredError | null;
  readonly promisedBy: string;
}

interface LetterSql {
  id: string;
  item_id: Uint8Array;
  item_version: number;
  template_id: Uint8Array;
  uscc: string;
  subject_name: string;
  offered_by: string;
  created_at: Date;
}

interface PromiseSql {
  letter_id: string;
  state: PromiseState;
  signatures: PromiseSignatures;
  error: StoredError | null;
  promised_by: string;
}

/** Letters with what of them is private; where they stand is read from the followed events. */
export class LetterStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Keeps a template's texts; the same template again changes nothing. */
  async putTemplate(template: TemplateRow, now: Date): Promise<void> {
    await this.#db.query(
      `INSERT INTO letter_templates (template_id, item_id, told, confirmed, created_at)
       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (template_id) DO NOTHING`,
      [template.templateId, template.itemId, json(template.told), json(template.confirmed), now],
    );
  }

  async template(templateId: Uint8Array): Promise<TemplateRow | undefined> {
    const [row] = await this.#db.query<{
      template_id: Uint8Array;
      item_id: Uint8Array;
      told: string[];
      confirmed: string[];
    }>('SELECT * FROM letter_templates WHERE template_id = $1', [templateId]);
    if (row === undefined) return undefined;
    return {
      templateId: row.template_id,
      itemId: row.item_id,
      told: row.told,
      confirmed: row.confirmed,
    };
  }

  async insert(letter: Omit<LetterRow, 'id'>): Promise<bigint> {
    const [made] = await this.#db.query<{ id: string }>(
      `INSERT INTO letters (item_id, item_version, template_id, uscc, subject_name, offered_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
      [
        letter.itemId,
        letter.itemVersion,
        letter.templateId,
        letter.uscc,
        letter.subjectName,
        letter.offeredBy,
        letter.createdAt,
      ],
    );
    return BigInt(made?.id ?? 0);
  }

  async byId(id: bigint): Promise<LetterRow | undefined> {
    return (await this.#letters('id = $1', [id]))[0];
  }

  /** Newest first; `before` goes on after that id. */
  async list(filter: {
    readonly uscc?: string | undefined;
    readonly before?: bigint | undefined;
    readonly limit: number;
  }): Promise<LetterRow[]> {
    return this.#letters(
      `($1::text IS NULL OR uscc = $1) AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [filter.uscc ?? null, filter.before ?? null, filter.limit],
    );
  }

  /** The letters of these numbers on chain, by number: those whose offer this node's transaction made. */
  async byChainIds(letterIds: readonly string[]): Promise<Map<string, LetterRow>> {
    const rows = await this.#db.query<LetterSql & { chain_id: string }>(
      `SELECT l.*, e.args->>'letterId' AS chain_id FROM chain_events e
       JOIN outbox o ON o.tx_hash = e.tx_hash
       JOIN letter_steps s ON s.outbox_id = o.id AND s.about = 'letter' AND s.action = 'offer'
       JOIN letters l ON l.id::text = s.about_key
       WHERE e.contract = 'CommitmentLetters' AND e.name = 'LetterOffered' AND e.args->>'letterId' = ANY($1::text[])`,
      [letterIds],
    );
    return new Map(rows.map((row) => [row.chain_id, letterOf(row)]));
  }

  // ── promises on their way ────────────────────────────────────────────────────

  async promise(letterId: bigint): Promise<PromiseRow | undefined> {
    const [row] = await this.#db.query<PromiseSql>('SELECT * FROM letter_promises WHERE letter_id = $1', [
      letterId,
    ]);
    return row === undefined ? undefined : promiseOf(row);
  }

  /** Puts a promise on its way, or on its way again after it failed. */
  async startPromise(
    letterId: bigint,
    signatures: PromiseSignatures,
    promisedBy: string,
    now: Date,
  ): Promise<void> {
    await this.#db.query(
      `INSERT INTO letter_promises (letter_id, state, signatures, promised_by, updated_at)
       VALUES ($1, 'asking', $2, $3, $4)
       ON CONFLICT (letter_id) DO UPDATE SET state = 'asking', signatures = excluded.signatures, error = NULL,
         promised_by = excluded.promised_by, updated_at = excluded.updated_at`,
      [letterId, json(signatures), promisedBy, now],
    );
  }

  /** Moves a promise that is being asked for; false when it is not any more. */
  async movePromise(
    letterId: bigint,
    state: PromiseState,
    error: StoredError | null,
    now: Date,
  ): Promise<boolean> {
    const rows = await this.#db.query(
      `UPDATE letter_promises SET state = $2, error = $3, updated_at = $4
       WHERE letter_id = $1 AND state = 'asking' RETURNING letter_id`,
      [letterId, state, error === null ? null : json(error), now],
    );
    return rows.length === 1;
  }

  /** Letters whose promise waits for proofs, oldest first. */
  async openPromises(): Promise<bigint[]> {
    const rows = await this.#db.query<{ letter_id: string }>(
      "SELECT letter_id FROM letter_promises WHERE state = 'asking' ORDER BY letter_id",
    );
    return rows.map(({ letter_id }) => BigInt(letter_id));
  }

  async #letters(condition: string, parameters: readonly Parameter[]): Promise<LetterRow[]> {
    const rows = await this.#db.query<LetterSql>(`SELECT * FROM letters WHERE ${condition}`, parameters);
    return rows.map(letterOf);
  }
}

function letterOf(row: LetterSql): LetterRow {
  return {
    id: BigInt(row.id),
    itemId: row.item_id,
    itemVersion: row.item_version,
    templateId: row.template_id,
    uscc: row.uscc,
    subjectName: row.subject_name,
    offeredBy: row.offered_by,
    createdAt: row.created_at,
  };
}

function promiseOf(row: PromiseSql): PromiseRow {
  return {
    letterId: BigInt(row.letter_id),
    state: row.state,
    signatures: row.signatures,
    error: row.error,
    promisedBy: row.promised_by,
  };
}
