import type { StoredError } from './answers.ts';
import { json, type Database, type Parameter } from './database.ts';

export type AskedState = 'created' | 'sent' | 'answered' | 'refused' | 'failed';

/** A question that this member asked. */
export interface AskedQuestion {
  readonly id: bigint;
  readonly clientKey: string | null;
  readonly requestId: Uint8Array;
  readonly requestDigest: Uint8Array;
  readonly responder: bigint;
  readonly registerId: bigint;
  /** Names in the catalogue. */
  readonly application: string;
  readonly predicate: string;
  readonly request: unknown;
  readonly uscc: string;
  readonly nonce: Uint8Array;
  /** The subject's consent that it cites, the salt of its binding, and the transaction that cites it. */
  readonly consentId: Uint8Array | null;
  readonly bindingSalt: Uint8Array | null;
  readonly citationOutboxId: bigint | null;
  readonly state: AskedState;
  readonly answer: unknown;
  readonly verdicts: unknown;
  readonly refusalCode: number | null;
  readonly error: StoredError | null;
  readonly askedBy: string;
  readonly askedAt: Date;
  readonly updatedAt: Date;
}

export type NewQuestion = Omit<
  AskedQuestion,
  | 'id'
  | 'citationOutboxId'
  | 'state'
  | 'answer'
  | 'verdicts'
  | 'refusalCode'
  | 'error'
  | 'askedAt'
  | 'updatedAt'
>;

interface Row {
  id: string;
  client_key: string | null;
  request_id: Uint8Array;
  request_digest: Uint8Array;
  responder: string;
  register_id: string;
  application: string;
  predicate: string;
  request: unknown;
  uscc: string;
  nonce: Uint8Array;
  consent_id: Uint8Array | null;
  binding_salt: Uint8Array | null;
  citation_outbox_id: string | null;
  state: AskedState;
  answer: unknown;
  verdicts: unknown;
  refusal_code: number | null;
  error: StoredError | null;
  asked_by: string;
  asked_at: Date;
  updated_at: Date;
}

/** Questions that this member asks. */
export class QuestionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Adds a question before it is sent; undefined when its client key, or its request id with this
   * register, was used before.
   */
  async insert(question: NewQuestion, now: Date): Promise<bigint | undefined> {
    const [made] = await this.#db.query<{ id: string }>(
      `INSERT INTO asked_questions
         (client_key, request_id, request_digest, responder, register_id, application, predicate, request, uscc,
          nonce, consent_id, binding_salt, state, asked_by, asked_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, $14, 'created', $11, $12, $12)
       ON CONFLICT DO NOTHING RETURNING id`,
      [
        question.clientKey,
        question.requestId,
        question.requestDigest,
        question.responder,
        question.registerId,
        question.application,
        question.predicate,
        json(question.request),
        question.uscc,
        question.nonce,
        question.askedBy,
        now,
        question.consentId,
        question.bindingSalt,
      ],
    );
    return made === undefined ? undefined : BigInt(made.id);
  }

  async byId(id: bigint): Promise<AskedQuestion | undefined> {
    return this.#one('id = $1', id);
  }

  /** One request may go to several registers. */
  async byRequest(requestId: Uint8Array, registerId: bigint): Promise<AskedQuestion | undefined> {
    return this.#one('request_id = $1 AND register_id = $2', requestId, registerId);
  }

  async byClientKey(clientKey: string): Promise<AskedQuestion | undefined> {
    return this.#one('client_key = $1', clientKey);
  }

  /** Ids of the questions that have no outcome yet, oldest first. */
  async open(): Promise<bigint[]> {
    const rows = await this.#db.query<{ id: string }>(
      "SELECT id FROM asked_questions WHERE state IN ('created', 'sent') ORDER BY id",
    );
    return rows.map(({ id }) => BigInt(id));
  }

  async countOpen(): Promise<number> {
    const [row] = await this.#db.query<{ n: string }>(
      "SELECT count(*) AS n FROM asked_questions WHERE state IN ('created', 'sent')",
    );
    return Number(row?.n ?? 0);
  }

  /** Notes the transaction that cites its consent: the question is sent once that is in a block. */
  async citedBy(id: bigint, outboxId: bigint): Promise<void> {
    await this.#db.query('UPDATE asked_questions SET citation_outbox_id = $2 WHERE id = $1', [id, outboxId]);
  }

  async toSent(id: bigint, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE asked_questions SET state = 'sent', error = NULL, updated_at = $2 WHERE id = $1 AND state = 'created'`,
      [id, now],
    );
  }

  /** Signed with another key: it is to be sent (again). */
  async signedAnew(id: bigint, request: unknown, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE asked_questions SET request = $2, state = 'created', updated_at = $3
       WHERE id = $1 AND state IN ('created', 'sent')`,
      [id, json(request), now],
    );
  }

  /** An answer that was verified. */
  async answered(id: bigint, answer: unknown, verdicts: unknown, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE asked_questions SET state = 'answered', answer = $2, verdicts = $3, error = NULL, updated_at = $4
       WHERE id = $1`,
      [id, json(answer), json(verdicts), now],
    );
  }

  /** Answers whose log entry is gone with blocks after one: they are to be fetched again. Gives the questions. */
  async unanswerAfter(block: bigint, now: Date): Promise<bigint[]> {
    const rows = await this.#db.query<{ id: string }>(
      `UPDATE asked_questions SET state = 'sent', verdicts = NULL, updated_at = $2
       WHERE state = 'answered' AND (answer->'log'->>'blockNumber')::bigint > $1 RETURNING id`,
      [block, now],
    );
    return rows.map(({ id }) => BigInt(id));
  }

  /** A refusal that the responder signed; the document is the evidence. */
  async refused(id: bigint, code: number, refusal: unknown, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE asked_questions SET state = 'refused', refusal_code = $2, answer = $3, error = NULL, updated_at = $4
       WHERE id = $1`,
      [id, code, json(refusal), now],
    );
  }

  /** No answer will come, or the one that came is not believed (`evidence`, `verdicts`). */
  async failed(
    id: bigint,
    error: StoredError,
    now: Date,
    evidence: { readonly answer: unknown; readonly verdicts: unknown } | null = null,
  ): Promise<void> {
    await this.#db.query(
      `UPDATE asked_questions SET state = 'failed', error = $2, answer = $3, verdicts = $4, updated_at = $5
       WHERE id = $1`,
      [
        id,
        json(error),
        evidence === null ? null : json(evidence.answer),
        evidence === null ? null : json(evidence.verdicts),
        now,
      ],
    );
  }

  /** What keeps an open question from going on, for people to see; null when nothing does any more. */
  async trouble(id: bigint, error: StoredError | null, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE asked_questions SET error = $2, updated_at = $3 WHERE id = $1 AND state IN ('created', 'sent')`,
      [id, error === null ? null : json(error), now],
    );
  }

  /** Newest first; `before` goes on after that id. */
  async list(limit: number, before?: bigint): Promise<AskedQuestion[]> {
    const rows = await this.#db.query<Row>(
      'SELECT * FROM asked_questions WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1',
      [limit, before ?? null],
    );
    return rows.map(fromRow);
  }

  async #one(condition: string, ...parameters: Parameter[]): Promise<AskedQuestion | undefined> {
    const [row] = await this.#db.query<Row>(`SELECT * FROM asked_questions WHERE ${condition}`, parameters);
    return row === undefined ? undefined : fromRow(row);
  }
}

function fromRow(row: Row): AskedQuestion {
  return {
    id: BigInt(row.id),
    clientKey: row.client_key,
    requestId: row.request_id,
    requestDigest: row.request_digest,
    responder: BigInt(row.responder),
    registerId: BigInt(row.register_id),
    application: row.application,
    predicate: row.predicate,
    request: row.request,
    uscc: row.uscc,
    nonce: row.nonce,
    consentId: row.consent_id,
    bindingSalt: row.binding_salt,
    citationOutboxId: row.citation_outbox_id === null ? null : BigInt(row.citation_outbox_id),
    state: row.state,
    answer: row.answer,
    verdicts: row.verdicts,
    refusalCode: row.refusal_code,
    error: row.error,
    askedBy: row.asked_by,
    askedAt: row.asked_at,
    updatedAt: row.updated_at,
  };
}
