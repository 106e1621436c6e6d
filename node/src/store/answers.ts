import { json, type Database } from './database.ts';
import { isForeignKeyViolation, isUniqueViolation } from './errors.ts';

export type ReceivedState = 'received' | 'proving' | 'logging' | 'answered' | 'refused' | 'failed';

/** Where a question stands in the answer log. */
export interface LogPlace {
  /** Decimal. */
  readonly logId: string;
  readonly transactionHash: string;
  /** Decimal. */
  readonly blockNumber: string;
  /** Unix seconds. */
  readonly time: number;
}

export interface StoredError {
  readonly code: string;
  readonly message: string;
  readonly messageZh: string;
  readonly operands?: Readonly<Record<string, unknown>>;
}

/** A request id is its requester's own: another member's question under it is another question. */
export interface QuestionKey {
  readonly requester: bigint;
  readonly requestId: Uint8Array;
  readonly registerId: bigint;
}

/** A question that another member asked this one. */
export interface ReceivedQuestion extends QuestionKey {
  readonly id: bigint;
  readonly requestDigest: Uint8Array;
  readonly subjectTag: Uint8Array;
  readonly request: unknown;
  /** What it was signed with before its requester changed its key, oldest first. */
  readonly formerSignatures: readonly string[];
  readonly uscc: string;
  readonly nonce: Uint8Array;
  /** The consent that came with it, and the salt of the subject's binding. */
  readonly consentId: Uint8Array | null;
  readonly bindingSalt: Uint8Array | null;
  readonly state: ReceivedState;
  /** Every answer that was ever sent to the log, oldest first. */
  readonly prepared: readonly unknown[];
  readonly refusalCode: number | null;
  readonly attempt: number;
  readonly outboxId: bigint | null;
  readonly log: LogPlace | null;
  readonly answer: unknown;
  readonly error: StoredError | null;
  readonly receivedAt: Date;
  readonly updatedAt: Date;
}

interface Row {
  id: string;
  request_id: Uint8Array;
  request_digest: Uint8Array;
  requester: string;
  register_id: string;
  subject_tag: Uint8Array;
  request: unknown;
  former_signatures: string[];
  uscc: string;
  nonce: Uint8Array;
  consent_id: Uint8Array | null;
  binding_salt: Uint8Array | null;
  state: ReceivedState;
  prepared: unknown[];
  refusal_code: number | null;
  attempt: number;
  outbox_id: string | null;
  log: LogPlace | null;
  answer: unknown;
  error: StoredError | null;
  received_at: Date;
  updated_at: Date;
}

/** What is shown of a received question to the agency's own people: nothing about the subject. */
export interface ReceivedSummary {
  readonly id: bigint;
  readonly requestId: Uint8Array;
  readonly requester: bigint;
  readonly registerId: bigint;
  /** What was signed: it names the subject by a tag only. */
  readonly request: unknown;
  readonly state: ReceivedState;
  readonly refusalCode: number | null;
  readonly logId: string | null;
  readonly error: StoredError | null;
  readonly receivedAt: Date;
  readonly updatedAt: Date;
}

const OPEN = "('received', 'proving', 'logging')";

/** Questions that this member answers. */
export class AnswerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Adds a question and returns its id; undefined when its requester asked this register under this
   * request id before, or used its tag for another request.
   */
  async insert(
    question: Pick<
      ReceivedQuestion,
      | 'requestId'
      | 'requestDigest'
      | 'requester'
      | 'registerId'
      | 'subjectTag'
      | 'request'
      | 'uscc'
      | 'nonce'
      | 'consentId'
      | 'bindingSalt'
    >,
    now: Date,
  ): Promise<bigint | undefined> {
    try {
      const [made] = await this.#db.query<{ id: string }>(
        `WITH tag AS (INSERT INTO received_tags (requester, subject_tag, request_id) VALUES ($3, $5, $1)
                      ON CONFLICT DO NOTHING)
         INSERT INTO received_questions
           (request_id, request_digest, requester, register_id, subject_tag, request, uscc, nonce, consent_id,
            binding_salt, state, received_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10, $11, 'received', $9, $9)
         RETURNING id`,
        [
          question.requestId,
          question.requestDigest,
          question.requester,
          question.registerId,
          question.subjectTag,
          json(question.request),
          question.uscc,
          question.nonce,
          now,
          question.consentId,
          question.bindingSalt,
        ],
      );
      return made === undefined ? undefined : BigInt(made.id);
    } catch (error) {
      // A foreign key is violated when the tag is another request's.
      if (isUniqueViolation(error) || isForeignKeyViolation(error, 'received_questions_tag_of_request')) {
        return undefined;
      }
      throw error;
    }
  }

  async byId(id: bigint): Promise<ReceivedQuestion | undefined> {
    const [row] = await this.#db.query<Row>('SELECT * FROM received_questions WHERE id = $1', [id]);
    return row === undefined ? undefined : fromRow(row);
  }

  async byKey({ requester, requestId, registerId }: QuestionKey): Promise<ReceivedQuestion | undefined> {
    const [row] = await this.#db.query<Row>(
      'SELECT * FROM received_questions WHERE requester = $1 AND request_id = $2 AND register_id = $3',
      [requester, requestId, registerId],
    );
    return row === undefined ? undefined : fromRow(row);
  }

  /** Every member's question to a register under a request id: one a member. */
  async ofRequest(requestId: Uint8Array, registerId: bigint): Promise<ReceivedQuestion[]> {
    const rows = await this.#db.query<Row>(
      'SELECT * FROM received_questions WHERE request_id = $1 AND register_id = $2 ORDER BY id',
      [requestId, registerId],
    );
    return rows.map(fromRow);
  }

  /**
   * Questions that were lodged on chain against one of the agency's registers, whose deadline is
   * between two times (unix seconds), and which never arrived here: neither settled nor denied. The
   * hash of a question is public, so anybody may lodge it again, or against another register: only a
   * question of that requester to that register has arrived. Those whose denial was queued before are
   * left out, and so many given that `mostOpen` denials wait to be mined.
   */
  async lodgedNotReceived(from: bigint, to: bigint, mostOpen: number): Promise<string[]> {
    const rows = await this.#db.query<{ question_id: string }>(
      `SELECT l.args->>'questionId' AS question_id FROM chain_events l
       WHERE l.contract = 'AnswerLog' AND l.name = 'QuestionLodged'
         AND (l.args->>'registerId')::bigint IN (SELECT register_id FROM own_registers)
         AND (l.args->>'deadline')::bigint BETWEEN $1 AND $2
         AND NOT EXISTS (SELECT 1 FROM chain_events c
                         WHERE c.contract = 'AnswerLog' AND c.name IN ('QuestionSettled', 'QuestionDenied')
                           AND c.args->>'questionId' = l.args->>'questionId')
         AND NOT EXISTS (SELECT 1 FROM received_questions r
                         WHERE '0x' || encode(r.request_digest, 'hex') = l.args->>'requestDigest'
                           AND r.requester = (l.args->>'requester')::bigint
                           AND r.register_id = (l.args->>'registerId')::bigint)
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.dedupe_key = 'deny ' || (l.args->>'questionId'))
       ORDER BY l.block_number, l.log_index
       LIMIT greatest(0, $3 - (SELECT count(*) FROM outbox
                               WHERE kind = 'deny-receipt' AND state IN ('queued', 'sent')))`,
      [from, to, mostOpen],
    );
    return rows.map((row) => row.question_id);
  }

  /** The same question, signed with another key; false when it needs none any more. */
  async signedAnew(id: bigint, request: unknown, formerSignature: string, now: Date): Promise<boolean> {
    const rows = await this.#db.query(
      `UPDATE received_questions SET request = $2, former_signatures = former_signatures || $3::jsonb, updated_at = $4
       WHERE id = $1 AND state IN ${OPEN} RETURNING id`,
      [id, json(request), json([formerSignature]), now],
    );
    return rows.length > 0;
  }

  /** Ids of the questions that still have to be worked on, oldest first. */
  async open(): Promise<bigint[]> {
    const rows = await this.#db.query<{ id: string }>(
      `SELECT id FROM received_questions WHERE state IN ${OPEN} ORDER BY received_at, id`,
    );
    return rows.map((row) => BigInt(row.id));
  }

  /** Open questions: of everyone, and of one requester. */
  async countOpen(requester: bigint): Promise<{ readonly all: number; readonly ofOne: number }> {
    const [row] = await this.#db.query<{ n: string; of_one: string }>(
      `SELECT count(*) AS n, count(*) FILTER (WHERE requester = $1) AS of_one
       FROM received_questions WHERE state IN ${OPEN}`,
      [requester],
    );
    return { all: Number(row?.n ?? 0), ofOne: Number(row?.of_one ?? 0) };
  }

  async toProving(id: bigint, now: Date): Promise<void> {
    await this.#db.query("UPDATE received_questions SET state = 'proving', updated_at = $2 WHERE id = $1", [
      id,
      now,
    ]);
  }

  /** An answer is ready to be logged: it is kept before anything is sent. */
  async toLogging(id: bigint, prepared: unknown, outboxId: bigint, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE received_questions SET state = 'logging', prepared = prepared || $2::jsonb, refusal_code = NULL,
         attempt = attempt + 1, outbox_id = $3, error = NULL, updated_at = $4 WHERE id = $1`,
      [id, json([prepared]), outboxId, now],
    );
  }

  /** A refusal is ready to be logged. `error` says why, for the operator. */
  async toRefusing(
    id: bigint,
    refusalCode: number,
    error: StoredError,
    outboxId: bigint,
    now: Date,
  ): Promise<void> {
    await this.#db.query(
      `UPDATE received_questions SET state = 'logging', refusal_code = $2, attempt = attempt + 1, outbox_id = $3,
         error = $4, updated_at = $5 WHERE id = $1`,
      [id, refusalCode, outboxId, json(error), now],
    );
  }

  /** The transaction failed for good: the question starts again from its checks. */
  async backToReceived(id: bigint, error: StoredError, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE received_questions SET state = 'received', refusal_code = NULL, error = $2, updated_at = $3
       WHERE id = $1`,
      [id, json(error), now],
    );
  }

  /** The log has it: only now is there an answer, or a refusal, to be fetched. */
  async settle(
    id: bigint,
    state: 'answered' | 'refused',
    answer: unknown,
    log: LogPlace,
    now: Date,
  ): Promise<void> {
    await this.#db.query(
      `UPDATE received_questions SET state = $2, answer = $3, log = $4, log_block = $5, updated_at = $6
       WHERE id = $1`,
      [id, state, json(answer), json(log), BigInt(log.blockNumber), now],
    );
  }

  async fail(id: bigint, error: StoredError, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE received_questions SET state = 'failed', error = $2, updated_at = $3 WHERE id = $1`,
      [id, json(error), now],
    );
  }

  /** What keeps an open question from going on, for people to see. */
  async trouble(id: bigint, error: StoredError, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE received_questions SET error = $2, updated_at = $3 WHERE id = $1 AND state IN ${OPEN}`,
      [id, json(error), now],
    );
  }

  /** The log entry of this question is gone: what was released is withheld until it is logged again. */
  async withhold(id: bigint, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE received_questions SET state = 'logging', answer = NULL, log = NULL, log_block = NULL, updated_at = $2
       WHERE id = $1 AND state IN ('answered', 'refused')`,
      [id, now],
    );
  }

  /** The same for everything logged in blocks after `block`. Returns the ids of the questions. */
  async withholdAfter(block: bigint, now: Date): Promise<bigint[]> {
    const rows = await this.#db.query<{ id: string }>(
      `UPDATE received_questions SET state = 'logging', answer = NULL, log = NULL, log_block = NULL, updated_at = $2
       WHERE log_block > $1 RETURNING id`,
      [block, now],
    );
    return rows.map((row) => BigInt(row.id));
  }

  /** Newest first. */
  async list(limit: number, offset = 0): Promise<ReceivedSummary[]> {
    const rows = await this.#db.query<Row>(
      'SELECT * FROM received_questions ORDER BY received_at DESC, id DESC LIMIT $1 OFFSET $2',
      [limit, offset],
    );
    return rows.map((row) => ({
      id: BigInt(row.id),
      requestId: row.request_id,
      requester: BigInt(row.requester),
      registerId: BigInt(row.register_id),
      request: row.request,
      state: row.state,
      refusalCode: row.refusal_code,
      logId: row.log?.logId ?? null,
      error: row.error,
      receivedAt: row.received_at,
      updatedAt: row.updated_at,
    }));
  }
}

function fromRow(row: Row): ReceivedQuestion {
  return {
    id: BigInt(row.id),
    requestId: row.request_id,
    requestDigest: row.request_digest,
    requester: BigInt(row.requester),
    registerId: BigInt(row.register_id),
    subjectTag: row.subject_tag,
    request: row.request,
    uscc: row.uscc,
    formerSignatures: row.former_signatures,
    nonce: row.nonce,
    consentId: row.consent_id,
    bindingSalt: row.binding_salt,
    state: row.state,
    prepared: row.prepared,
    refusalCode: row.refusal_code,
    attempt: row.attempt,
    outboxId: row.outbox_id === null ? null : BigInt(row.outbox_id),
    log: row.log,
    answer: row.answer,
    error: row.error,
    receivedAt: row.received_at,
    updatedAt: row.updated_at,
  };
}
