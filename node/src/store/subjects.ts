import type { Database } from './database.ts';
import type { OutboxState } from './outbox.ts';

/** What opens a binding's commitment on chain: nothing on chain can be recomputed without the salt. */
export interface NewBinding {
  readonly voucher: bigint;
  readonly bindingCommit: Uint8Array;
  /** The subject's address, lower case. */
  readonly subject: string;
  readonly uscc: string;
  readonly salt: Uint8Array;
  /** The transaction that binds it; null when another member vouched. */
  readonly outboxId: bigint | null;
  readonly addedBy: string;
}

/** A binding as far as it has come: of ours, or one whose opening was handed to us. */
export interface BindingRow {
  /** Null until the chain has it. */
  readonly bindingId: bigint | null;
  readonly voucher: bigint;
  readonly subject: string;
  /** 0x and 64 lower-case digits. */
  readonly bindingCommit: string;
  /** Null when the opening is not known here. */
  readonly uscc: string | null;
  readonly sending: OutboxState | null;
  /** Unix seconds; null until the chain has it. */
  readonly boundAt: bigint | null;
  readonly endedAt: bigint | null;
}

/** A consent as the followed events tell it. */
export interface ConsentRow {
  readonly consentId: string;
  readonly bindingId: bigint;
  readonly applicationId: string;
  readonly registerId: bigint;
  readonly requester: bigint;
  /** Unix seconds, both inclusive. */
  readonly validFrom: bigint;
  readonly validUntil: bigint;
  readonly maxUses: number;
  readonly uses: number;
  readonly givenAt: bigint;
  readonly revokedAt: bigint | null;
  readonly bindingEndedAt: bigint | null;
}

/** A question about a subject, that this node received or asked. */
export interface AskedAbout {
  readonly direction: 'received' | 'asked';
  /** What was signed. */
  readonly request: unknown;
  readonly requestDigest: Uint8Array;
  /** Opens the request's tag. */
  readonly nonce: Uint8Array;
  readonly consentId: Uint8Array | null;
  readonly state: string;
  readonly refusalCode: number | null;
  /** Entry of the answer log, decimal; null while it has none. */
  readonly logId: string | null;
  readonly at: Date;
}

interface AskedAboutRow {
  direction: 'received' | 'asked';
  request: unknown;
  request_digest: Uint8Array;
  nonce: Uint8Array;
  consent_id: Uint8Array | null;
  state: string;
  refusal_code: number | null;
  log_id: string | null;
  at: Date;
}

interface BindingDbRow {
  binding_id: string | null;
  voucher: string;
  subject: string;
  binding_commit: string;
  uscc: string | null;
  sending: OutboxState | null;
  bound_at: string | null;
  ended_at: string | null;
}

interface ConsentDbRow {
  consent_id: string;
  input: {
    bindingId: string;
    applicationId: string;
    registerId: string;
    requester: string;
    validFrom: string;
    validUntil: string;
    maxUses: string;
  };
  uses: string | null;
  given_at: string;
  revoked_at: string | null;
  binding_ended_at: string | null;
}

const BINDINGS = `
  SELECT (e.args->>'bindingId')::bigint AS binding_id, coalesce(b.voucher, (e.args->>'voucher')::bigint) AS voucher,
    coalesce(e.args->>'subject', b.subject) AS subject,
    coalesce(e.args->>'bindingCommit', '0x' || encode(b.binding_commit, 'hex')) AS binding_commit,
    b.uscc, o.state AS sending, e.block_time AS bound_at,
    (SELECT min(x.block_time) FROM chain_events x WHERE x.contract = 'SubjectConsents' AND x.name = 'BindingEnded'
       AND x.args->>'bindingId' = e.args->>'bindingId') AS ended_at
  FROM subject_bindings b
  FULL JOIN (SELECT * FROM chain_events WHERE contract = 'SubjectConsents' AND name = 'SubjectBound') e
    ON (e.args->>'voucher')::bigint = b.voucher AND e.args->>'bindingCommit' = '0x' || encode(b.binding_commit, 'hex')
  LEFT JOIN outbox o ON o.id = b.outbox_id`;

const CONSENTS = `
  SELECT g.args->>'consentId' AS consent_id, g.args->'input' AS input, g.block_time AS given_at,
    (SELECT max((u.args->>'uses')::bigint) FROM chain_events u
     WHERE u.contract = 'SubjectConsents' AND u.name = 'ConsentUsed'
       AND u.args->>'consentId' = g.args->>'consentId') AS uses,
    (SELECT min(r.block_time) FROM chain_events r
     WHERE r.contract = 'SubjectConsents' AND r.name = 'ConsentRevoked'
       -- By its own binding: any bound key can sign about an id that is not given yet.
       AND r.args->>'consentId' = g.args->>'consentId' AND r.args->>'bindingId' = g.args->>'bindingId') AS revoked_at,
    (SELECT min(x.block_time) FROM chain_events x
     WHERE x.contract = 'SubjectConsents' AND x.name = 'BindingEnded'
       AND x.args->>'bindingId' = g.args->>'bindingId') AS binding_ended_at
  FROM chain_events g
  WHERE g.contract = 'SubjectConsents' AND g.name = 'ConsentGiven'`;

/** Keys and consents of subjects: the openings are kept here, all else is derived from the followed events. */
export class SubjectStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Keeps an opening; one that is known stays, and gets the transaction if it had none. */
  async keepBinding(binding: NewBinding, now: Date): Promise<void> {
    await this.#db.query(
      `INSERT INTO subject_bindings (voucher, binding_commit, subject, uscc, salt, outbox_id, added_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (voucher, binding_commit)
       DO UPDATE SET outbox_id = coalesce(subject_bindings.outbox_id, excluded.outbox_id)`,
      [
        binding.voucher,
        binding.bindingCommit,
        binding.subject,
        binding.uscc,
        binding.salt,
        binding.outboxId,
        binding.addedBy,
        now,
      ],
    );
  }

  /** Bindings that `memberId` vouched for, and those whose opening is known here; newest first. */
  async bindings(memberId: bigint, uscc?: string): Promise<BindingRow[]> {
    const rows = await this.#db.query<BindingDbRow>(
      `SELECT * FROM (${BINDINGS}) AS known
       WHERE (uscc IS NOT NULL OR voucher = $1) AND ($2::text IS NULL OR uscc = $2)
       ORDER BY binding_id DESC NULLS FIRST`,
      [memberId, uscc ?? null],
    );
    return rows.map(bindingOf);
  }

  /** One by its commitment, as its voucher made it. */
  async bindingByCommit(voucher: bigint, bindingCommit: string): Promise<BindingRow | undefined> {
    const rows = await this.#db.query<BindingDbRow>(
      `SELECT * FROM (${BINDINGS}) AS known WHERE voucher = $1 AND binding_commit = $2`,
      [voucher, bindingCommit],
    );
    return rows.map(bindingOf)[0];
  }

  /** Consents to `memberId`, about its registers, or by bindings that it knows; newest first. */
  async consents(memberId: bigint, limit: number, offset: number): Promise<ConsentRow[]> {
    const rows = await this.#db.query<ConsentDbRow>(
      `${CONSENTS}
         AND (g.args->'input'->>'requester' = $1::bigint::text
           OR (g.args->'input'->>'registerId')::numeric IN (SELECT register_id FROM own_registers)
           OR (g.args->>'bindingId')::bigint IN
              (SELECT binding_id FROM (${BINDINGS}) AS known WHERE uscc IS NOT NULL OR voucher = $1::bigint))
       ORDER BY g.block_number DESC, g.log_index DESC LIMIT $2 OFFSET $3`,
      [memberId, limit, offset],
    );
    return rows.map(consentOf);
  }

  /** Questions about a subject, newest first. */
  async askedAbout(uscc: string, limit: number, offset: number): Promise<AskedAbout[]> {
    const rows = await this.#db.query<AskedAboutRow>(
      `SELECT * FROM (
         SELECT 'received' AS direction, request, request_digest, nonce, consent_id, state, refusal_code,
           log->>'logId' AS log_id, received_at AS at, id
         FROM received_questions WHERE uscc = $1
         UNION ALL
         SELECT 'asked', request, request_digest, nonce, consent_id, state, refusal_code,
           CASE state WHEN 'answered' THEN answer->'log'->>'logId' WHEN 'refused' THEN answer->>'logId' END,
           asked_at, id
         FROM asked_questions WHERE uscc = $1
       ) AS about ORDER BY at DESC, direction, id DESC LIMIT $2 OFFSET $3`,
      [uscc, limit, offset],
    );
    return rows.map((row) => ({
      direction: row.direction,
      request: row.request,
      requestDigest: row.request_digest,
      nonce: row.nonce,
      consentId: row.consent_id,
      state: row.state,
      refusalCode: row.refusal_code,
      logId: row.log_id,
      at: row.at,
    }));
  }

  async consent(consentId: string): Promise<ConsentRow | undefined> {
    const rows = await this.#db.query<ConsentDbRow>(`${CONSENTS} AND g.args->>'consentId' = $1`, [consentId]);
    return rows.map(consentOf)[0];
  }
}

function bindingOf(row: BindingDbRow): BindingRow {
  return {
    bindingId: row.binding_id === null ? null : BigInt(row.binding_id),
    voucher: BigInt(row.voucher),
    subject: row.subject,
    bindingCommit: row.binding_commit,
    uscc: row.uscc,
    sending: row.sending,
    boundAt: row.bound_at === null ? null : BigInt(row.bound_at),
    endedAt: row.ended_at === null ? null : BigInt(row.ended_at),
  };
}

function consentOf({ consent_id, input, ...row }: ConsentDbRow): ConsentRow {
  return {
    consentId: consent_id,
    bindingId: BigInt(input.bindingId),
    applicationId: input.applicationId,
    registerId: BigInt(input.registerId),
    requester: BigInt(input.requester),
    validFrom: BigInt(input.validFrom),
    validUntil: BigInt(input.validUntil),
    maxUses: Number(input.maxUses),
    uses: Number(row.uses ?? 0),
    givenAt: BigInt(row.given_at),
    revokedAt: row.revoked_at === null ? null : BigInt(row.revoked_at),
    bindingEndedAt: row.binding_ended_at === null ? null : BigInt(row.binding_ended_at),
  };
}
