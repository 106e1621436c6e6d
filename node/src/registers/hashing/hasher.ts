import type { Entry, TreeDelta } from '@credit-ledger/sdk/protocol';

/** Where a register's tree stands: enough to notice a copy that is behind or off. */
export interface TreeBase {
  readonly registerId: bigint;
  readonly seq: number;
  readonly root: bigint;
}

/**
 * The slow arithmetic (Poseidon takes a fraction of a millisecond, a batch thousands of
 * them), behind one interface, so that it can be done beside the event loop.
 */
export interface Hasher {
  /** Poseidon of each list of 1 to 6 inputs, in order. */
  hash(inputs: readonly (readonly bigint[])[]): Promise<bigint[]>;

  /**
   * What appending `entries` as batch `seq` changes in a tree that stands at `base`.
   * `history` gives the deltas that lead to `base`, oldest first; it is asked only when
   * the hasher's own copy of the tree is missing or off.
   */
  append(
    base: TreeBase,
    entries: readonly Entry[],
    seq: number,
    history: () => Promise<readonly Uint8Array[]>,
  ): Promise<TreeDelta>;

  close(): Promise<void>;
}
