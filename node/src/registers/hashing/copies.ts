import { decodeDelta, type Entry, RegisterTree, type TreeDelta } from '@credit-ledger/sdk/protocol';
import type { TreeBase } from './hasher.ts';

/** Copies of registers' trees that only serve for hashing; the replay keeps the ones that count. */
export class TreeCopies {
  readonly #trees = new Map<bigint, RegisterTree>();

  /** Appends to the copy; undefined when there is none that stands at `base`. */
  append(base: TreeBase, entries: readonly Entry[], seq: number): TreeDelta | undefined {
    const tree = base.seq === 0 ? this.#fresh(base.registerId) : this.#trees.get(base.registerId);
    if (tree === undefined) return undefined;
    tree.rollbackTo(base.seq);
    if (tree.seq !== base.seq || tree.root() !== base.root) return undefined;
    return tree.append(entries, seq);
  }

  /** Makes a copy anew from the deltas that lead to it. */
  load(registerId: bigint, deltas: readonly Uint8Array[]): void {
    const tree = this.#fresh(registerId);
    for (const delta of deltas) tree.applyDelta(decodeDelta(delta));
  }

  #fresh(registerId: bigint): RegisterTree {
    const tree = new RegisterTree();
    this.#trees.set(registerId, tree);
    return tree;
  }
}
