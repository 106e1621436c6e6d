import { type Entry, H1, H2, H3, H4, H5, H6, LedgerError, type TreeDelta } from '@credit-ledger/sdk/protocol';
import { TreeCopies } from './copies.ts';
import type { Hasher, TreeBase } from './hasher.ts';

const POSEIDON: readonly ((...inputs: [bigint, bigint, bigint, bigint, bigint, bigint]) => bigint)[] = [
  H1,
  H2,
  H3,
  H4,
  H5,
  H6,
];

/** Poseidon of 1 to 6 inputs. */
export function poseidon(inputs: readonly bigint[]): bigint {
  const hash = POSEIDON[inputs.length - 1];
  if (hash === undefined) throw new RangeError(`Poseidon takes 1 to 6 inputs, not ${inputs.length}`);
  return hash(...(inputs as unknown as [bigint, bigint, bigint, bigint, bigint, bigint]));
}

/** What a copy that cannot be brought to its base means: the store's deltas do not give the root it keeps. */
export function historyInconsistent(base: TreeBase): LedgerError {
  return new LedgerError(
    'TREE_HISTORY_INCONSISTENT',
    {
      en: 'The stored changes of a register do not give the root that is stored with them.',
      zh: '存储的登记册变更与存储的根不符。',
    },
    { registerId: base.registerId, seq: base.seq },
  );
}

/** Hashes in this thread. For tests and small tools: it holds up whatever else the thread has to do. */
export class InlineHasher implements Hasher {
  readonly #copies = new TreeCopies();

  async hash(inputs: readonly (readonly bigint[])[]): Promise<bigint[]> {
    return inputs.map(poseidon);
  }

  async append(
    base: TreeBase,
    entries: readonly Entry[],
    seq: number,
    history: () => Promise<readonly Uint8Array[]>,
  ): Promise<TreeDelta> {
    const delta = this.#copies.append(base, entries, seq);
    if (delta !== undefined) return delta;
    this.#copies.load(base.registerId, await history());
    const again = this.#copies.append(base, entries, seq);
    if (again === undefined) throw historyInconsistent(base);
    return again;
  }

  async close(): Promise<void> {}
}
