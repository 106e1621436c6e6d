import type { Entry, Hex, RegisterTree } from '@credit-ledger/sdk/protocol';
import type { Database } from '../store/index.ts';

// What this room needs of others that it may not import. The program that puts the
// rooms together hands them over.

/** A transaction to be sent; a second one with the same `dedupeKey` is the first. */
export interface TransactionOrder {
  readonly kind: string;
  readonly dedupeKey: string;
  readonly role: 'operator' | 'witness';
  readonly to: Hex;
  readonly data: Hex;
}

/** Sends transactions, durably and once. */
export interface TransactionSender {
  /** Queues it in the caller's transaction; returns its number in the outbox. */
  enqueue(db: Database, order: TransactionOrder): Promise<bigint>;
}

/** An event of the chain, in the order of the chain; `args` as decoded by the contract's ABI. */
export interface RegisterEvent {
  readonly contract: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly blockNumber: bigint;
  /** Unix seconds. */
  readonly blockTime: bigint;
}

/** The trees of the registers as they were replayed from the followed events. */
export interface RegisterTrees {
  /** The tree as of the last event followed. Only to be read, and within the transaction of `db`. */
  tree(db: Database, registerId: bigint): Promise<RegisterTree>;
  /**
   * The root that a register would have, were these entries its next batch after the one
   * of seq `headSeq`. What is computed is kept, so that the replay need not hash again.
   * Undefined when the register has moved on meanwhile. Not within a transaction.
   */
  rootAfter(registerId: bigint, headSeq: bigint, entries: readonly Entry[]): Promise<bigint | undefined>;
}
