import type { Database, Parameter } from './database.ts';
import { wordBytes, wordOf } from './words.ts';

/** A batch of any register as it was replayed here. */
export interface ReplayedBatchRow {
  readonly registerId: bigint;
  readonly seq: bigint;
  readonly blockNumber: bigint;
  /** Unix seconds. */
  readonly blockTime: bigint;
  readonly txHash: Uint8Array;
  readonly batchHash: bigint;
  readonly entriesHash: bigint;
  readonly size: number;
  /** Computed here, not believed. */
  readonly root: bigint;
  /** What the owner anchored. */
  readonly claimedRoot: bigint;
  /** Where the council annulled its root; null while it stands. */
  readonly annulledAtBlock: bigint | null;
}

/** An objection that has not been ruled on, as followed. */
export interface OpenObjectionRow {
  readonly seq: bigint;
  readonly memberId: bigint;
  readonly expectedRoot: string;
  readonly blockNumber: bigint;
}

interface Row {
  register_id: string;
  seq: string;
  block_number: string;
  block_time: string;
  tx_hash: Uint8Array;
  batch_hash: Uint8Array;
  entries_hash: Uint8Array;
  size: number;
  root: Uint8Array;
  claimed_root: Uint8Array;
  annulled_at_block: string | null;
}

const COLUMNS = `register_id, seq, block_number, block_time, tx_hash, batch_hash, entries_hash, size,
  root, claimed_root, annulled_at_block`;

/** Replayed batches of every register with what each changed in its tree; undoable to any block. */
export class TreeStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(batch: Omit<ReplayedBatchRow, 'annulledAtBlock'>, delta: Uint8Array): Promise<void> {
    await this.#db.query(
      `INSERT INTO register_trees (register_id, seq, block_number, block_time, tx_hash, batch_hash, entries_hash,
         size, root, claimed_root, delta) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        batch.registerId,
        batch.seq,
        batch.blockNumber,
        batch.blockTime,
        batch.txHash,
        wordBytes(batch.batchHash),
        wordBytes(batch.entriesHash),
        batch.size,
        wordBytes(batch.root),
        wordBytes(batch.claimedRoot),
        delta,
      ],
    );
  }

  /** Every register of which a batch was replayed. */
  async registerIds(): Promise<bigint[]> {
    const rows = await this.#db.query<{ register_id: string }>(
      'SELECT DISTINCT register_id FROM register_trees ORDER BY register_id',
    );
    return rows.map((row) => BigInt(row.register_id));
  }

  /** The batches of a register that stand, in order; `after` leaves out those up to a seq. */
  async standing(registerId: bigint, after = 0n): Promise<ReplayedBatchRow[]> {
    return this.#select('register_id = $1 AND annulled_at_block IS NULL AND seq > $2 ORDER BY seq', [
      registerId,
      after,
    ]);
  }

  /** The first standing batch whose owner anchored another root than its entries give. */
  async firstWrong(registerId: bigint): Promise<ReplayedBatchRow | undefined> {
    const rows = await this.#select(
      'register_id = $1 AND annulled_at_block IS NULL AND root <> claimed_root ORDER BY seq LIMIT 1',
      [registerId],
    );
    return rows[0];
  }

  /** The last batch that stands. */
  async head(registerId: bigint): Promise<ReplayedBatchRow | undefined> {
    const rows = await this.#select(
      'register_id = $1 AND annulled_at_block IS NULL ORDER BY seq DESC LIMIT 1',
      [registerId],
    );
    return rows[0];
  }

  async bySeq(registerId: bigint, seq: bigint): Promise<ReplayedBatchRow | undefined> {
    return (await this.#select('register_id = $1 AND seq = $2', [registerId, seq]))[0];
  }

  async byBatchHash(batchHash: bigint): Promise<ReplayedBatchRow | undefined> {
    return (await this.#select('batch_hash = $1', [wordBytes(batchHash)]))[0];
  }

  /** Standings that a batch had: the same entries at several seqs, when a root was annulled. */
  async withEntries(registerId: bigint, entriesHash: bigint): Promise<ReplayedBatchRow[]> {
    return this.#select('register_id = $1 AND entries_hash = $2 ORDER BY seq', [
      registerId,
      wordBytes(entriesHash),
    ]);
  }

  /** How many batches stand up to a seq; the place of that batch when it stands itself. */
  async countStanding(registerId: bigint, seq?: bigint): Promise<number> {
    const [row] = await this.#db.query<{ n: string }>(
      `SELECT count(*) AS n FROM register_trees
       WHERE register_id = $1 AND annulled_at_block IS NULL AND ($2::bigint IS NULL OR seq <= $2)`,
      [registerId, seq ?? null],
    );
    return Number(row?.n ?? 0);
  }

  /** The batch that stands at a place, counted from 1. */
  async standingAt(registerId: bigint, place: number): Promise<ReplayedBatchRow | undefined> {
    const rows = await this.#select(
      'register_id = $1 AND annulled_at_block IS NULL ORDER BY seq OFFSET $2 LIMIT 1',
      [registerId, place - 1],
    );
    return rows[0];
  }

  /** The highest seq that was ever used in a register; 0 for none. */
  async lastSeq(registerId: bigint): Promise<bigint> {
    const [row] = await this.#db.query<{ seq: string | null }>(
      'SELECT max(seq) AS seq FROM register_trees WHERE register_id = $1',
      [registerId],
    );
    return BigInt(row?.seq ?? 0);
  }

  /** What the standing batches after a seq changed, in order, a few at a time. */
  async deltas(
    registerId: bigint,
    after: bigint,
    limit: number,
  ): Promise<{ seq: bigint; delta: Uint8Array }[]> {
    const rows = await this.#db.query<{ seq: string; delta: Uint8Array }>(
      `SELECT seq, delta FROM register_trees
       WHERE register_id = $1 AND annulled_at_block IS NULL AND seq > $2 ORDER BY seq LIMIT $3`,
      [registerId, after, limit],
    );
    return rows.map((row) => ({ seq: BigInt(row.seq), delta: row.delta }));
  }

  /** The council annulled every standing batch after a seq. */
  async annulAfter(registerId: bigint, seq: bigint, block: bigint): Promise<void> {
    await this.#db.query(
      `UPDATE register_trees SET annulled_at_block = $3
       WHERE register_id = $1 AND seq > $2 AND annulled_at_block IS NULL`,
      [registerId, seq, block],
    );
  }

  /** The chain went back: forgets what came after a block, batches and annulments. Returns the registers it changed. */
  async undoAfter(block: bigint): Promise<bigint[]> {
    const rows = await this.#db.query<{ register_id: string }>(
      'SELECT DISTINCT register_id FROM register_trees WHERE block_number > $1 OR annulled_at_block > $1',
      [block],
    );
    await this.#db.query('DELETE FROM register_trees WHERE block_number > $1', [block]);
    await this.#db.query('UPDATE register_trees SET annulled_at_block = NULL WHERE annulled_at_block > $1', [
      block,
    ]);
    return rows.map((row) => BigInt(row.register_id));
  }

  /** Forgets what was replayed of a register, so that it can be replayed afresh. */
  async forget(registerId: bigint): Promise<void> {
    await this.#db.query('DELETE FROM register_trees WHERE register_id = $1', [registerId]);
  }

  /** First wrong batches of all registers: whose owner anchored another root than the entries give. */
  async wrong(): Promise<ReplayedBatchRow[]> {
    return this.#select(
      `annulled_at_block IS NULL AND root <> claimed_root AND NOT EXISTS (
         SELECT 1 FROM register_trees earlier WHERE earlier.register_id = register_trees.register_id
           AND earlier.annulled_at_block IS NULL AND earlier.root <> earlier.claimed_root
           AND earlier.seq < register_trees.seq)
       ORDER BY register_id`,
      [],
    );
  }

  /**
   * Standing batches of registers other than `notRegisters` that `memberId` has not
   * attested, in order of register and seq.
   */
  async unattested(memberId: bigint, notRegisters: readonly bigint[]): Promise<ReplayedBatchRow[]> {
    return this.#select(
      `annulled_at_block IS NULL AND NOT register_id = ANY($2::bigint[]) AND NOT EXISTS (
         SELECT 1 FROM chain_events e WHERE e.name = 'BatchAttested' AND e.register_id = register_trees.register_id
           AND e.seq = register_trees.seq AND e.args->>'memberId' = $1::text)
       ORDER BY register_id, seq`,
      [memberId.toString(), notRegisters],
    );
  }

  /**
   * Chain time at which the owner last stood by the register's current root: its opening, the
   * last batch that stands, or a heartbeat after it; undefined when it was never opened.
   */
  async lastStoodAt(registerId: bigint): Promise<bigint | undefined> {
    const [row] = await this.#db.query<{ time: string | null }>(
      `SELECT greatest(
         (SELECT max(block_time) FROM register_trees WHERE register_id = $1 AND annulled_at_block IS NULL),
         (SELECT max(block_time) FROM chain_events
          WHERE register_id = $1 AND name IN ('RegisterOpened', 'Heartbeat'))) AS time`,
      [registerId],
    );
    const time = row?.time ?? null;
    return time === null ? undefined : BigInt(time);
  }

  /** The objections to a register that have not been ruled on, as far as the chain was followed. */
  async openObjections(registerId: bigint): Promise<OpenObjectionRow[]> {
    const rows = await this.#db.query<{
      seq: string;
      member_id: string;
      expected_root: string;
      block_number: string;
    }>(
      `SELECT o.seq, o.args->>'memberId' AS member_id, o.args->>'expectedRoot' AS expected_root, o.block_number
       FROM chain_events o WHERE o.name = 'BatchObjected' AND o.register_id = $1 AND NOT EXISTS (
         SELECT 1 FROM chain_events c WHERE c.name = 'ObjectionClosed' AND c.register_id = o.register_id
           AND c.seq = o.seq AND c.args->>'memberId' = o.args->>'memberId'
           AND (c.block_number, c.log_index) > (o.block_number, o.log_index))
       ORDER BY o.block_number, o.log_index`,
      [registerId],
    );
    return rows.map((row) => ({
      seq: BigInt(row.seq),
      memberId: BigInt(row.member_id),
      expectedRoot: row.expected_root,
      blockNumber: BigInt(row.block_number),
    }));
  }

  async #select(condition: string, parameters: readonly Parameter[]): Promise<ReplayedBatchRow[]> {
    const rows = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM register_trees WHERE ${condition}`,
      parameters,
    );
    return rows.map((row) => ({
      registerId: BigInt(row.register_id),
      seq: BigInt(row.seq),
      blockNumber: BigInt(row.block_number),
      blockTime: BigInt(row.block_time),
      txHash: row.tx_hash,
      batchHash: wordOf(row.batch_hash),
      entriesHash: wordOf(row.entries_hash),
      size: row.size,
      root: wordOf(row.root),
      claimedRoot: wordOf(row.claimed_root),
      annulledAtBlock: row.annulled_at_block === null ? null : BigInt(row.annulled_at_block),
    }));
  }
}
