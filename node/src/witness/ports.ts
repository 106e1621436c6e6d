import type { Entry, TreeDelta } from '@credit-ledger/sdk/protocol';

/** Appends to trees beside the event loop; the program that puts the rooms together hands it over. */
export interface TreeAppender {
  /**
   * What appending `entries` as batch `seq` changes in a tree that stands at `base`.
   * `history` gives the deltas that lead to `base`, oldest first.
   */
  append(
    base: { readonly registerId: bigint; readonly seq: number; readonly root: bigint },
    entries: readonly Entry[],
    seq: number,
    history: () => Promise<readonly Uint8Array[]>,
  ): Promise<TreeDelta>;
}
