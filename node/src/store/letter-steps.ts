import { json, type Database } from './database.ts';
import type { OutboxError, OutboxState } from './outbox.ts';

/** What a step is about. */
export type StepAbout = 'item' | 'template' | 'letter' | 'draw' | 'filing' | 'pledge';

export interface NewStep {
  readonly about: StepAbout;
  /** The row's number here, or the id on chain where there is no row. */
  readonly aboutKey: string;
  readonly action: string;
  /** The salted documents behind the hashes that were sent, and whatever else only this node knows. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly outboxId: bigint;
  readonly recordId?: bigint;
  readonly takenBy: string;
}

/** A step with how far its transaction has come. */
export interface StepRow extends Omit<NewStep, 'recordId'> {
  readonly id: bigint;
  readonly recordId: bigint | null;
  readonly takenAt: Date;
  readonly sending: {
    readonly state: OutboxState;
    readonly txHash: Uint8Array | null;
    readonly blockNumber: bigint | null;
    readonly error: OutboxError | null;
    /** In a block that the node has followed: its events are known. */
    readonly followed: boolean;
  };
}

interface Sql {
  id: string;
  about: StepAbout;
  about_key: string;
  action: string;
  detail: Record<string, unknown>;
  outbox_id: string;
  record_id: string | null;
  taken_by: string;
  taken_at: Date;
  state: OutboxState;
  tx_hash: Uint8Array | null;
  block_number: string | null;
  error: OutboxError | null;
  followed: boolean | null;
}

/** Steps of letters, filings and pledges that this node took; never changed, never deleted. */
export class StepStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(step: NewStep, now: Date): Promise<void> {
    await this.#db.query(
      `INSERT INTO letter_steps (about, about_key, action, detail, outbox_id, record_id, taken_by, taken_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        step.about,
        step.aboutKey,
        step.action,
        json(step.detail),
        step.outboxId,
        step.recordId ?? null,
        step.takenBy,
        now,
      ],
    );
  }

  /** Every step about these, oldest first. */
  async of(about: StepAbout, aboutKeys: readonly string[]): Promise<StepRow[]> {
    return this.#select('s.about = $1 AND s.about_key = ANY($2::text[])', [about, aboutKeys]);
  }

  /** Every step of a kind, oldest first. */
  async all(about: StepAbout, action: string): Promise<StepRow[]> {
    return this.#select('s.about = $1 AND s.action = $2', [about, action]);
  }

  async #select(condition: string, parameters: readonly (string | readonly string[])[]): Promise<StepRow[]> {
    const rows = await this.#db.query<Sql>(
      `SELECT s.*, o.state, o.tx_hash, o.block_number, o.error,
         o.block_number <= (SELECT max(number) FROM chain_blocks) AS followed
       FROM letter_steps s JOIN outbox o ON o.id = s.outbox_id WHERE ${condition} ORDER BY s.id`,
      parameters,
    );
    return rows.map((row) => ({
      id: BigInt(row.id),
      about: row.about,
      aboutKey: row.about_key,
      action: row.action,
      detail: row.detail,
      outboxId: BigInt(row.outbox_id),
      recordId: row.record_id === null ? null : BigInt(row.record_id),
      takenBy: row.taken_by,
      takenAt: row.taken_at,
      sending: {
        state: row.state,
        txHash: row.tx_hash,
        blockNumber: row.block_number === null ? null : BigInt(row.block_number),
        error: row.error,
        followed: row.followed ?? false,
      },
    }));
  }
}
