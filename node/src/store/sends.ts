import type { Database } from './database.ts';
import type { OutboxError, OutboxState } from './outbox.ts';

/** The latest transaction that was sent for a subject, and how many there were. */
export interface SendRow {
  readonly subject: string;
  readonly outboxId: bigint;
  readonly state: OutboxState;
  /** Where it was mined. */
  readonly blockNumber: bigint | null;
  readonly error: OutboxError | null;
  readonly updatedAt: Date;
  readonly sends: number;
}

/** For what the outbox sends: a subject names it, such as one batch at one place. */
export class SendStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async note(subjects: readonly string[], outboxId: bigint): Promise<void> {
    await this.#db.query(
      `INSERT INTO outbox_subjects (subject, outbox_id) SELECT subject, $2 FROM unnest($1::text[]) AS given (subject)
       ON CONFLICT DO NOTHING`,
      [subjects, outboxId],
    );
  }

  /** The latest send of each subject; subjects never sent for are absent. */
  async latest(subjects: readonly string[]): Promise<Map<string, SendRow>> {
    const rows = await this.#db.query<{
      subject: string;
      outbox_id: string;
      state: OutboxState;
      block_number: string | null;
      error: OutboxError | null;
      updated_at: Date;
      sends: string;
    }>(
      `SELECT s.subject, o.id AS outbox_id, o.state, o.block_number, o.error, o.updated_at, s.sends
       FROM (SELECT subject, max(outbox_id) AS outbox_id, count(*) AS sends FROM outbox_subjects
             WHERE subject = ANY($1::text[]) GROUP BY subject) s
       JOIN outbox o ON o.id = s.outbox_id`,
      [subjects],
    );
    return new Map(
      rows.map((row) => [
        row.subject,
        {
          subject: row.subject,
          outboxId: BigInt(row.outbox_id),
          state: row.state,
          blockNumber: row.block_number === null ? null : BigInt(row.block_number),
          error: row.error,
          updatedAt: row.updated_at,
          sends: Number(row.sends),
        },
      ]),
    );
  }
}
