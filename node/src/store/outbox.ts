import { json, type Database } from './database.ts';

export type OutboxRole = 'operator' | 'witness';
export type OutboxState = 'queued' | 'sent' | 'mined' | 'failed';

/** One transaction that the node owes to the chain. */
export interface OutboxRow {
  readonly id: bigint;
  readonly role: OutboxRole;
  readonly kind: string;
  readonly dedupeKey: string;
  /** Lower-case hexadecimal with 0x. */
  readonly to: string;
  readonly data: Uint8Array;
  readonly state: OutboxState;
  /** Of the latest attempt. */
  readonly nonce: bigint | null;
  /** Of the latest attempt, or of the one that was mined. */
  readonly txHash: Uint8Array | null;
  readonly attempts: number;
  /** Where it was mined; also set for `failed` when it was mined and reverted. */
  readonly blockNumber: bigint | null;
  readonly blockHash: Uint8Array | null;
  readonly error: OutboxError | null;
  /** Of the API call for the sake of which it was made; null for what the node does of itself. */
  readonly requestId: string | null;
}

export interface OutboxError {
  readonly code: string;
  readonly message: string;
  readonly messageZh: string;
  readonly operands: Readonly<Record<string, unknown>>;
}

/** A signed transaction, kept before it is sent. */
export interface OutboxAttempt {
  /** Whose nonce it takes, lower case; null for what was signed when a role had one key for good. */
  readonly sender: string | null;
  readonly nonce: bigint;
  readonly txHash: Uint8Array;
  readonly rawTx: Uint8Array;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly gas: bigint;
  readonly signedAt: Date;
}

interface Row {
  id: string;
  role: OutboxRole;
  kind: string;
  dedupe_key: string;
  to_address: string;
  data: Uint8Array;
  state: OutboxState;
  nonce: string | null;
  tx_hash: Uint8Array | null;
  attempts: number;
  block_number: string | null;
  block_hash: Uint8Array | null;
  error: OutboxError | null;
  request_id: string | null;
}

const COLUMNS =
  'id, role, kind, dedupe_key, to_address, data, state, nonce, tx_hash, attempts, block_number, block_hash, error, request_id';

/** The durable queue of transactions. What they mean is decided elsewhere. */
export class OutboxStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Adds a row unless its dedupe key exists; undefined when it did. */
  async insert(
    row: Pick<OutboxRow, 'role' | 'kind' | 'dedupeKey' | 'to' | 'data'> & {
      readonly requestId?: string | null;
    },
    now: Date,
  ): Promise<bigint | undefined> {
    const [made] = await this.#db.query<{ id: string }>(
      `INSERT INTO outbox (role, kind, dedupe_key, to_address, data, state, created_at, updated_at, request_id)
       VALUES ($1, $2, $3, $4, $5, 'queued', $6, $6, $7) ON CONFLICT (dedupe_key) DO NOTHING RETURNING id`,
      [row.role, row.kind, row.dedupeKey, row.to, row.data, now, row.requestId ?? null],
    );
    return made === undefined ? undefined : BigInt(made.id);
  }

  async byId(id: bigint): Promise<OutboxRow | undefined> {
    return this.#one('id = $1', [id]);
  }

  async byDedupeKey(dedupeKey: string): Promise<OutboxRow | undefined> {
    return this.#one('dedupe_key = $1', [dedupeKey]);
  }

  /** The oldest row of a role that is neither mined nor failed. */
  async nextOpen(role: OutboxRole): Promise<OutboxRow | undefined> {
    return this.#one("role = $1 AND state IN ('queued', 'sent') ORDER BY id LIMIT 1", [role]);
  }

  /** Newest first. */
  async list(limit: number, state?: OutboxState): Promise<OutboxRow[]> {
    const rows = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM outbox WHERE $2::text IS NULL OR state = $2 ORDER BY id DESC LIMIT $1`,
      [limit, state ?? null],
    );
    return rows.map(fromRow);
  }

  async countOpen(): Promise<Record<OutboxRole, { queued: number; sent: number }>> {
    const counts = { operator: { queued: 0, sent: 0 }, witness: { queued: 0, sent: 0 } };
    const rows = await this.#db.query<{ role: OutboxRole; state: 'queued' | 'sent'; n: string }>(
      `SELECT role, state, count(*) AS n FROM outbox WHERE state IN ('queued', 'sent') GROUP BY role, state`,
    );
    for (const { role, state, n } of rows) counts[role][state] = Number(n);
    return counts;
  }

  /** When the oldest row that is not in a block was made. */
  async oldestOpen(): Promise<Partial<Record<OutboxRole, Date>>> {
    const rows = await this.#db.query<{ role: OutboxRole; since: Date }>(
      `SELECT role, min(created_at) AS since FROM outbox WHERE state IN ('queued', 'sent') GROUP BY role`,
    );
    return Object.fromEntries(rows.map(({ role, since }) => [role, since]));
  }

  /** Keeps a signed transaction and makes the row `sent`: before anything goes out. */
  async addAttempt(id: bigint, attempt: OutboxAttempt): Promise<void> {
    await this.#db.query(
      `INSERT INTO outbox_attempts
         (tx_hash, outbox_id, nonce, raw_tx, gas, max_fee_per_gas, max_priority_fee_per_gas, signed_at, sender)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (outbox_id, tx_hash) DO UPDATE SET signed_at = excluded.signed_at, abandoned_at = NULL`,
      [
        attempt.txHash,
        id,
        attempt.nonce,
        attempt.rawTx,
        attempt.gas,
        attempt.maxFeePerGas,
        attempt.maxPriorityFeePerGas,
        attempt.signedAt,
        attempt.sender,
      ],
    );
    await this.#db.query(
      `UPDATE outbox SET state = 'sent', nonce = $2, tx_hash = $3, attempts = attempts + 1, updated_at = $4
       WHERE id = $1`,
      [id, attempt.nonce, attempt.txHash, attempt.signedAt],
    );
  }

  /** What was signed for an earlier try of a row is not looked up for a new one. */
  async abandonAttempts(id: bigint, now: Date): Promise<void> {
    await this.#db.query(
      'UPDATE outbox_attempts SET abandoned_at = $2 WHERE outbox_id = $1 AND abandoned_at IS NULL',
      [id, now],
    );
  }

  /** One that came into a block without effect, and is to be signed by another key. */
  async abandonAttempt(id: bigint, txHash: Uint8Array, now: Date): Promise<void> {
    await this.#db.query(
      'UPDATE outbox_attempts SET abandoned_at = $3 WHERE outbox_id = $1 AND tx_hash = $2',
      [id, txHash, now],
    );
  }

  /** Every transaction signed for a row and not abandoned, newest first. */
  async attemptsOf(id: bigint): Promise<OutboxAttempt[]> {
    const rows = await this.#db.query<{
      sender: string | null;
      nonce: string;
      tx_hash: Uint8Array;
      raw_tx: Uint8Array;
      gas: string;
      max_fee_per_gas: string;
      max_priority_fee_per_gas: string;
      signed_at: Date;
    }>('SELECT * FROM outbox_attempts WHERE outbox_id = $1 AND abandoned_at IS NULL ORDER BY ordinal DESC', [
      id,
    ]);
    return rows.map((row) => ({
      sender: row.sender,
      nonce: BigInt(row.nonce),
      txHash: row.tx_hash,
      rawTx: row.raw_tx,
      gas: BigInt(row.gas),
      maxFeePerGas: BigInt(row.max_fee_per_gas),
      maxPriorityFeePerGas: BigInt(row.max_priority_fee_per_gas),
      signedAt: row.signed_at,
    }));
  }

  /**
   * The highest nonce of a sender among what was mined for a role; -1 when nothing was. With `first`, what
   * was signed when a role had one key for good is that sender's too.
   */
  async highestMinedNonce(role: OutboxRole, sender: string, first: boolean): Promise<bigint> {
    const [row] = await this.#db.query<{ nonce: string | null }>(
      `SELECT max(o.nonce) AS nonce FROM outbox o
       JOIN outbox_attempts a ON a.outbox_id = o.id AND a.tx_hash = o.tx_hash
       WHERE o.role = $1 AND o.block_number IS NOT NULL AND (a.sender = $2 OR (a.sender IS NULL AND $3::boolean))`,
      [role, sender, first],
    );
    return BigInt(row?.nonce ?? -1);
  }

  /** It is in a block: `mined`, or `failed` when the chain reverted it. */
  async settle(
    id: bigint,
    place: { txHash: Uint8Array; nonce: bigint; blockNumber: bigint; blockHash: Uint8Array },
    error: OutboxError | null,
    now: Date,
  ): Promise<void> {
    await this.#db.query(
      `UPDATE outbox SET state = $2, tx_hash = $3, nonce = $4, block_number = $5, block_hash = $6, error = $7,
         updated_at = $8 WHERE id = $1`,
      [
        id,
        error === null ? 'mined' : 'failed',
        place.txHash,
        place.nonce,
        place.blockNumber,
        place.blockHash,
        error === null ? null : json(error),
        now,
      ],
    );
  }

  /** It cannot be sent at all. */
  async fail(id: bigint, error: OutboxError, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE outbox SET state = 'failed', error = $2, block_number = NULL, block_hash = NULL, updated_at = $3
       WHERE id = $1`,
      [id, json(error), now],
    );
  }

  /** Its nonce was used by another transaction, or it is to be tried anew: a new attempt will be signed. */
  async requeue(id: bigint, now: Date): Promise<void> {
    await this.#db.query(
      `UPDATE outbox SET state = 'queued', nonce = NULL, tx_hash = NULL, block_number = NULL, block_hash = NULL,
         error = NULL, updated_at = $2 WHERE id = $1`,
      [id, now],
    );
  }

  /** The block it was in is gone: `sent` again, its receipt is to be looked up. Returns the ids. */
  async unsettleAfter(block: bigint, now: Date): Promise<bigint[]> {
    return this.#unsettle('block_number > $2', [now, block]);
  }

  async unsettle(id: bigint, now: Date): Promise<bigint[]> {
    return this.#unsettle('id = $2', [now, id]);
  }

  /**
   * Undoes what stands in a block from `from` to `to` that the followed chain
   * does not have (`chain_blocks` holds the blocks that were compared).
   */
  async unsettleUnlessFollowed(from: bigint, to: bigint, now: Date): Promise<bigint[]> {
    return this.#unsettle(
      `block_number BETWEEN $2 AND $3 AND NOT EXISTS (
         SELECT 1 FROM chain_blocks b WHERE b.number = outbox.block_number AND b.hash = outbox.block_hash)`,
      [now, from, to],
    );
  }

  /** What stands in a block that has not been followed yet, so that nobody would tell of its loss. */
  async settledBeyond(followed: bigint, role: OutboxRole, limit: number): Promise<OutboxRow[]> {
    const rows = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM outbox WHERE role = $1 AND block_number > $2 ORDER BY id DESC LIMIT $3`,
      [role, followed, limit],
    );
    return rows.map(fromRow);
  }

  async #unsettle(condition: string, parameters: readonly (bigint | Date)[]): Promise<bigint[]> {
    const rows = await this.#db.query<{ id: string }>(
      `UPDATE outbox SET state = 'sent', block_number = NULL, block_hash = NULL, error = NULL, updated_at = $1
       WHERE block_number IS NOT NULL AND ${condition} RETURNING id`,
      parameters,
    );
    return rows.map(({ id }) => BigInt(id));
  }

  async #one(condition: string, parameters: readonly (string | bigint)[]): Promise<OutboxRow | undefined> {
    const [row] = await this.#db.query<Row>(`SELECT ${COLUMNS} FROM outbox WHERE ${condition}`, parameters);
    return row === undefined ? undefined : fromRow(row);
  }
}

function fromRow(row: Row): OutboxRow {
  return {
    id: BigInt(row.id),
    role: row.role,
    kind: row.kind,
    dedupeKey: row.dedupe_key,
    to: row.to_address,
    data: row.data,
    state: row.state,
    nonce: row.nonce === null ? null : BigInt(row.nonce),
    txHash: row.tx_hash,
    attempts: row.attempts,
    blockNumber: row.block_number === null ? null : BigInt(row.block_number),
    blockHash: row.block_hash,
    error: row.error,
    requestId: row.request_id,
  };
}
