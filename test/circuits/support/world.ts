import { poseidon2, poseidon3, poseidon4 } from 'poseidon-lite';
import { ANY, packClause, packEntry, type ReferenceClause, type ReferenceEntry } from './reference.ts';

export const DEPTH = 14;
const LOW_248 = (1n << 248n) - 1n;

/** 2026-11-23. */
export const TODAY = 20780;

export interface Leaf {
  key: bigint;
  nextKey: bigint;
  head: bigint;
}

/** A register's tree with few leaves, built from scratch. */
export class SmallTree {
  readonly leaves: Leaf[];
  private readonly levels: bigint[][] = [];
  private readonly empty: bigint[] = [0n];

  constructor(leaves: Leaf[]) {
    this.leaves = leaves;
    let level = leaves.map(({ key, nextKey, head }) => poseidon3([key, nextKey, head]));
    for (let k = 0; k < DEPTH; k++) {
      const z = this.empty[k] as bigint;
      this.empty.push(poseidon4([z, z, z, z]));
      this.levels.push(level);
      const above: bigint[] = [];
      for (let i = 0; i < level.length; i += 4) {
        above.push(poseidon4([0, 1, 2, 3].map((c) => level[i + c] ?? z)));
      }
      level = above;
    }
    this.levels.push(level);
  }

  /** The tree of a register that holds these keys, in this order of arrival. */
  static of(heads: readonly (readonly [bigint, bigint])[]): SmallTree {
    const sorted = heads.map(([key]) => key).sort((a, b) => (a < b ? -1 : 1));
    const next = (key: bigint): bigint => sorted.find((each) => each > key) ?? 0n;
    return new SmallTree([
      { key: 0n, nextKey: next(0n), head: 0n },
      ...heads.map(([key, head]) => ({ key, nextKey: next(key), head })),
    ]);
  }

  get root(): bigint {
    return this.levels[DEPTH]?.[0] as bigint;
  }

  path(index: number): { position: number[]; siblings: bigint[][] } {
    const position: number[] = [];
    const siblings: bigint[][] = [];
    let at = index;
    for (let k = 0; k < DEPTH; k++) {
      const digit = at % 4;
      position.push(digit);
      siblings.push(
        [0, 1, 2, 3]
          .filter((c) => c !== digit)
          .map((c) => this.levels[k]?.[at - digit + c] ?? (this.empty[k] as bigint)),
      );
      at = (at - digit) / 4;
    }
    return { position, siblings };
  }

  /** Index of the key's own leaf, or of the low leaf of an absent key. */
  indexFor(key: bigint): number {
    let best = 0;
    this.leaves.forEach((leaf, i) => {
      if (leaf.key <= key && leaf.key >= (this.leaves[best] as Leaf).key) best = i;
    });
    return best;
  }
}

/** Input of claim(N). */
export interface ClaimInput {
  root: bigint;
  secretCommit: bigint;
  subjectTag: bigint;
  predicateHash: bigint;
  asOfDay: bigint;
  context: bigint;
  uscc: bigint;
  secret: bigint;
  nonce: bigint;
  class: bigint;
  count: bigint;
  op: bigint[];
  packed: bigint[];
  content: bigint[];
  leafKey: bigint;
  leafNextKey: bigint;
  leafHead: bigint;
  position: bigint[];
  siblings: bigint[][];
  clauses: bigint[];
}

/** An entry as it is anchored: what reference entries pack to, or anything else that was hashed. */
export interface AnchoredEntry {
  op: bigint;
  packed: bigint;
  content: bigint;
}

export interface Scene {
  size: number;
  uscc: bigint;
  secret: bigint;
  nonce: bigint;
  class: number;
  chain: readonly ReferenceEntry[];
  /** Overrides what is anchored for the chain (malformed entries). */
  anchored?: readonly AnchoredEntry[];
  clauses: readonly ReferenceClause[];
  asOfDay: number;
  context: bigint;
  /** Keys of other subjects, with heads; placed before the subject. */
  others: readonly (readonly [bigint, bigint])[];
}

export const BASE: Scene = {
  size: 8,
  uscc: 123456789012345678901234567n,
  secret: 0xa5a5a5a5deadbeef0123456789abcdefn,
  nonce: 0x5ca1ab1e5ca1ab1e5ca1ab1en,
  class: 1,
  chain: [],
  clauses: [ANY],
  asOfDay: TODAY,
  context: 987654321987654321n,
  others: [
    [1n << 247n, 11n],
    [(1n << 247n) + (1n << 246n), 12n],
    [5n, 13n],
    [LOW_248 - 4n, 14n],
  ],
};

export function keyOf(uscc: bigint, ledgerClass: number, secret: bigint): bigint {
  return poseidon4([2n, uscc, BigInt(ledgerClass), secret]) & LOW_248;
}

export function anchoredForm(chain: readonly ReferenceEntry[]): AnchoredEntry[] {
  return chain.map((entry, i) => ({
    op: BigInt(entry.op),
    packed: packEntry(entry),
    content: 1000n + BigInt(i),
  }));
}

export function headOf(entries: readonly AnchoredEntry[]): bigint {
  return entries.reduce(
    (head, { op, packed, content }) => poseidon3([head, op, poseidon2([packed, content])]),
    0n,
  );
}

/** The tree of the scene's register. */
export function treeOf(scene: Scene): SmallTree {
  const key = keyOf(scene.uscc, scene.class, scene.secret);
  const entries = scene.anchored ?? anchoredForm(scene.chain);
  return SmallTree.of([
    ...scene.others.filter(([other]) => other !== key),
    ...(entries.length > 0 ? [[key, headOf(entries)] as const] : []),
  ]);
}

/** The input that an honest owner of the register would use. */
export function inputOf(overrides: Partial<Scene> = {}): ClaimInput {
  const scene = { ...BASE, ...overrides };
  const key = keyOf(scene.uscc, scene.class, scene.secret);
  const entries = scene.anchored ?? anchoredForm(scene.chain);
  const tree = treeOf(scene);
  const index = tree.indexFor(key);
  const leaf = tree.leaves[index] as Leaf;
  const { position, siblings } = tree.path(index);
  const clauses = [0, 1].map((c) => {
    const clause = scene.clauses[c];
    return clause === undefined ? 0n : packClause(clause);
  });
  const slots = Array.from(
    { length: scene.size },
    (_, i) => entries[i] ?? { op: 0n, packed: 0n, content: 0n },
  );
  return {
    root: tree.root,
    secretCommit: poseidon2([1n, scene.secret]),
    subjectTag: poseidon3([3n, scene.uscc, scene.nonce]),
    predicateHash: poseidon4([4n, BigInt(scene.class), clauses[0] as bigint, clauses[1] as bigint]),
    asOfDay: BigInt(scene.asOfDay),
    context: scene.context,
    uscc: scene.uscc,
    secret: scene.secret,
    nonce: scene.nonce,
    class: BigInt(scene.class),
    count: BigInt(entries.length),
    op: slots.map(({ op }) => op),
    packed: slots.map(({ packed }) => packed),
    content: slots.map(({ content }) => content),
    leafKey: leaf.key,
    leafNextKey: leaf.nextKey,
    leafHead: leaf.head,
    position: position.map(BigInt),
    siblings,
    clauses,
  };
}
