import { LedgerError } from './errors.ts';
import type { Entry } from './entry.ts';
import { EMPTY_HEAD, nextHead } from './entry.ts';
import {
  bytesToInteger,
  type ChainHead,
  integerToBytes,
  type RegisterRoot,
  type SubjectKey,
} from './field.ts';
import { H3, H4 } from './poseidon.ts';

/** Levels between a leaf and the root; four children a node (protocol §5). */
export const TREE_DEPTH = 14;
const CAPACITY = 4 ** TREE_DEPTH;

/** A leaf of the indexed Merkle tree; leaves are a list sorted by key. `nextKey` 0 = the largest. */
export interface TreeLeaf {
  readonly key: SubjectKey;
  readonly nextKey: SubjectKey;
  readonly head: ChainHead;
}

/** What shows a key's head, or its absence, under a root. */
export interface TreePath {
  /** `member`: the leaf is the key's own. `absent`: it is the low leaf, the largest key below. */
  readonly kind: 'member' | 'absent';
  readonly leaf: TreeLeaf;
  readonly position: number;
  /** The position in base 4, bottom level first. */
  readonly digits: readonly number[];
  /** At each level, bottom first, the three other children in their order. */
  readonly siblings: readonly (readonly [bigint, bigint, bigint])[];
}

/** What one batch changed: enough to redo it from a store without hashing again. */
export interface TreeDelta {
  readonly seq: number;
  readonly root: RegisterRoot;
  readonly leaves: readonly (TreeLeaf & { readonly position: number })[];
  /** Level 0 are leaf hashes, level 14 is the root. */
  readonly nodes: readonly { readonly level: number; readonly index: number; readonly hash: bigint }[];
}

/** Roots of empty subtrees by level: z₀ = 0, zₖ₊₁ = H4(zₖ, zₖ, zₖ, zₖ). */
const EMPTY: readonly bigint[] = Array.from({ length: TREE_DEPTH }).reduce<bigint[]>(
  (levels) => {
    const z = levels[levels.length - 1] ?? 0n;
    return [...levels, H4(z, z, z, z)];
  },
  [0n],
);
const emptyAt = (level: number): bigint => EMPTY[level] ?? 0n;

const NO_KEY = 0n as SubjectKey;
const SENTINEL: TreeLeaf = { key: NO_KEY, nextKey: NO_KEY, head: EMPTY_HEAD };

/** Hash of a leaf: H3(key, nextKey, head). */
export function leafHash(leaf: TreeLeaf): bigint {
  return H3(leaf.key, leaf.nextKey, leaf.head);
}

interface Version<T> {
  readonly seq: number;
  readonly value: T;
}

/** The value in force at `seq`: versions are in ascending order. */
function versionAt<T>(versions: readonly Version<T>[] | undefined, seq: number): T | undefined {
  if (!versions) return undefined;
  for (let i = versions.length - 1; i >= 0; i -= 1) {
    const version = versions[i];
    if (version && version.seq <= seq) return version.value;
  }
  return undefined;
}

/**
 * A register's tree with its history: every node remembers its value by batch, so
 * that a path can be given for any batch and the last ones can be undone
 * (protocol §5). In memory; persisted by its deltas.
 */
export class RegisterTree {
  readonly #nodes = new Map<number, Version<bigint>[]>();
  readonly #leaves: Version<TreeLeaf>[][] = [];
  readonly #positions = new Map<SubjectKey, number>();
  /** Every key except the sentinel's, ascending. */
  #sortedKeys: SubjectKey[] = [];
  #changes: {
    readonly seq: number;
    readonly root: RegisterRoot;
    readonly leaves: number[];
    readonly nodes: number[];
    readonly newKeys: SubjectKey[];
  }[] = [];

  constructor() {
    this.#leaves.push([{ seq: 0, value: SENTINEL }]);
    let hash = leafHash(SENTINEL);
    this.#nodes.set(nodeId(0, 0), [{ seq: 0, value: hash }]);
    for (let level = 1; level <= TREE_DEPTH; level += 1) {
      const z = emptyAt(level - 1);
      hash = H4(hash, z, z, z);
      this.#nodes.set(nodeId(level, 0), [{ seq: 0, value: hash }]);
    }
  }

  /** Sequence number of the last batch applied; 0 for the empty tree. */
  get seq(): number {
    return this.#changes.at(-1)?.seq ?? 0;
  }

  /** Number of subject keys, the sentinel not counted. */
  get size(): number {
    return this.#sortedKeys.length;
  }

  /** The root now, or as it was after batch `seq`. */
  root(seq: number = this.seq): RegisterRoot {
    return this.#node(TREE_DEPTH, 0, seq) as RegisterRoot;
  }

  /** Head of a key's chain; 0 when the key is absent. */
  headOf(key: SubjectKey, seq: number = this.seq): ChainHead {
    const position = this.#positionAt(key, seq);
    return position === undefined ? EMPTY_HEAD : this.#leaf(position, seq).head;
  }

  /**
   * Appends one batch and returns what changed. Deterministic: a list of entries has
   * exactly one right root.
   * @throws LedgerError TREE_SEQ_NOT_RISING, TREE_ENTRY_INVALID, TREE_FULL; the tree is then unchanged
   */
  append(entries: readonly Entry[], seq: number): TreeDelta {
    this.#requireRising(seq);
    if (entries.some((entry) => entry.key <= 0n || entry.key >= 1n << 248n)) {
      throw new LedgerError('TREE_ENTRY_INVALID', {
        en: 'A subject key must be from 1 to 2^248 − 1.',
        zh: '主体键应在 1 到 2^248 − 1 之间。',
      });
    }
    const leaves = new Map<number, TreeLeaf>();
    const positions = new Map<SubjectKey, number>();
    const newKeys: SubjectKey[] = [];
    const positionOf = (key: SubjectKey): number | undefined =>
      positions.get(key) ?? this.#positions.get(key);
    const leafAt = (position: number): TreeLeaf => leaves.get(position) ?? this.#leaf(position, seq);
    const sorted = new SortedOverlay(this.#sortedKeys);

    for (const { key, op, body } of entries) {
      const position = positionOf(key);
      if (position !== undefined) {
        const leaf = leafAt(position);
        leaves.set(position, { ...leaf, head: nextHead(leaf.head, op, body) });
        continue;
      }
      const free = this.#leaves.length + newKeys.length;
      if (free >= CAPACITY) {
        throw new LedgerError('TREE_FULL', {
          en: 'The register has no room for another subject key.',
          zh: '登记册已无空间容纳新的主体键。',
        });
      }
      const lowKey = sorted.below(key);
      const lowPosition = lowKey === undefined ? 0 : (positionOf(lowKey) ?? 0);
      const low = leafAt(lowPosition);
      leaves.set(lowPosition, { ...low, nextKey: key });
      leaves.set(free, { key, nextKey: low.nextKey, head: nextHead(EMPTY_HEAD, op, body) });
      positions.set(key, free);
      newKeys.push(key);
      sorted.add(key);
    }

    const nodes: { level: number; index: number; hash: bigint }[] = [];
    let dirty = new Map<number, bigint>();
    for (const [position, leaf] of leaves) dirty.set(position, leafHash(leaf));
    for (let level = 0; level <= TREE_DEPTH; level += 1) {
      const parents = new Set<number>();
      for (const [index, hash] of dirty) {
        nodes.push({ level, index, hash });
        parents.add(Math.floor(index / 4));
      }
      if (level === TREE_DEPTH) break;
      const below = dirty;
      dirty = new Map();
      for (const parent of parents) {
        const child = (i: number): bigint =>
          below.get(parent * 4 + i) ?? this.#node(level, parent * 4 + i, seq);
        dirty.set(parent, H4(child(0), child(1), child(2), child(3)));
      }
    }
    const root = (dirty.get(0) ?? this.root()) as RegisterRoot;
    const delta: TreeDelta = {
      seq,
      root,
      leaves: [...leaves].map(([position, leaf]) => ({ position, ...leaf })),
      nodes,
    };
    this.applyDelta(delta);
    return delta;
  }

  /**
   * Applies a delta that this program made earlier and kept; nothing is hashed again.
   * @throws LedgerError TREE_SEQ_NOT_RISING
   */
  applyDelta(delta: TreeDelta): void {
    this.#requireRising(delta.seq);
    const { seq } = delta;
    const newKeys: SubjectKey[] = [];
    for (const { position, key, nextKey, head } of [...delta.leaves].sort(
      (a, b) => a.position - b.position,
    )) {
      const versions = this.#leaves[position];
      const version = { seq, value: { key, nextKey, head } };
      if (versions) {
        versions.push(version);
      } else {
        this.#leaves[position] = [version];
        this.#positions.set(key, position);
        newKeys.push(key);
      }
    }
    for (const { level, index, hash } of delta.nodes) {
      const id = nodeId(level, index);
      const versions = this.#nodes.get(id);
      if (versions) versions.push({ seq, value: hash });
      else this.#nodes.set(id, [{ seq, value: hash }]);
    }
    this.#sortedKeys = mergeSorted(this.#sortedKeys, newKeys);
    this.#changes.push({
      seq,
      root: delta.root,
      leaves: delta.leaves.map((leaf) => leaf.position),
      nodes: delta.nodes.map((node) => nodeId(node.level, node.index)),
      newKeys,
    });
  }

  /** Forgets every batch after `seq`. */
  rollbackTo(seq: number): void {
    while (this.seq > seq) {
      const change = this.#changes.pop();
      if (!change) return;
      for (const id of change.nodes) {
        const versions = this.#nodes.get(id);
        versions?.pop();
        if (versions?.length === 0) this.#nodes.delete(id);
      }
      for (const position of change.leaves) this.#leaves[position]?.pop();
      while (this.#leaves.at(-1)?.length === 0) this.#leaves.pop();
      const gone = new Set(change.newKeys);
      for (const key of gone) this.#positions.delete(key);
      if (gone.size > 0) this.#sortedKeys = this.#sortedKeys.filter((key) => !gone.has(key));
    }
  }

  /** The path that shows a key's head, or its absence, now or after batch `seq`. */
  path(key: SubjectKey, seq: number = this.seq): TreePath {
    const own = this.#positionAt(key, seq);
    const position = own ?? this.#lowPosition(key, seq);
    const digits: number[] = [];
    const siblings: [bigint, bigint, bigint][] = [];
    for (let level = 0, index = position; level < TREE_DEPTH; level += 1) {
      const digit = index % 4;
      const first = index - digit;
      const others = [0, 1, 2, 3]
        .filter((child) => child !== digit)
        .map((child) => this.#node(level, first + child, seq));
      digits.push(digit);
      siblings.push(others as [bigint, bigint, bigint]);
      index = Math.floor(index / 4);
    }
    return {
      kind: own === undefined ? 'absent' : 'member',
      leaf: this.#leaf(position, seq),
      position,
      digits,
      siblings,
    };
  }

  #requireRising(seq: number): void {
    if (!Number.isSafeInteger(seq) || seq <= this.seq) {
      throw new LedgerError(
        'TREE_SEQ_NOT_RISING',
        {
          en: 'Batches must be applied in rising order of their sequence numbers.',
          zh: '批次必须按序号递增的顺序应用。',
        },
        { seq, last: this.seq },
      );
    }
  }

  #node(level: number, index: number, seq: number): bigint {
    return versionAt(this.#nodes.get(nodeId(level, index)), seq) ?? emptyAt(level);
  }

  #leaf(position: number, seq: number): TreeLeaf {
    return versionAt(this.#leaves[position], seq) ?? SENTINEL;
  }

  #positionAt(key: SubjectKey, seq: number): number | undefined {
    const position = this.#positions.get(key);
    if (position === undefined || versionAt(this.#leaves[position], seq) === undefined) return undefined;
    return position;
  }

  #lowPosition(key: SubjectKey, seq: number): number {
    for (let i = lowerBound(this.#sortedKeys, key) - 1; i >= 0; i -= 1) {
      const candidate = this.#sortedKeys[i];
      if (candidate === undefined) break;
      const position = this.#positionAt(candidate, seq);
      if (position !== undefined) return position;
    }
    return 0;
  }
}

/** Keys of the tree and those of the batch at hand, searched together without copying the tree's. */
class SortedOverlay {
  readonly #base: readonly SubjectKey[];
  readonly #added: SubjectKey[] = [];

  constructor(base: readonly SubjectKey[]) {
    this.#base = base;
  }

  below(key: SubjectKey): SubjectKey | undefined {
    const fromBase = this.#base[lowerBound(this.#base, key) - 1];
    const fromAdded = this.#added[lowerBound(this.#added, key) - 1];
    if (fromBase === undefined) return fromAdded;
    if (fromAdded === undefined) return fromBase;
    return fromBase > fromAdded ? fromBase : fromAdded;
  }

  add(key: SubjectKey): void {
    this.#added.splice(lowerBound(this.#added, key), 0, key);
  }
}

/** Index of the first element not below `key`. */
function lowerBound(keys: readonly SubjectKey[], key: SubjectKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mergeSorted(keys: readonly SubjectKey[], added: readonly SubjectKey[]): SubjectKey[] {
  const fresh = [...added].sort((a, b) => (a < b ? -1 : 1));
  const merged: SubjectKey[] = [];
  let i = 0;
  for (const key of fresh) {
    for (; i < keys.length; i += 1) {
      const old = keys[i];
      if (old === undefined || old > key) break;
      merged.push(old);
    }
    merged.push(key);
  }
  return merged.concat(keys.slice(i));
}

function nodeId(level: number, index: number): number {
  return level * CAPACITY + index;
}

/** Root of the register that holds no entry: the sentinel alone. */
export const EMPTY_ROOT: RegisterRoot = new RegisterTree().root();

const DELTA_VERSION = 1;

/** A delta as bytes, for a store. */
export function encodeDelta(delta: TreeDelta): Uint8Array {
  const bytes = new Uint8Array(1 + 8 + 32 + 4 + delta.leaves.length * 98 + 4 + delta.nodes.length * 37);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const u8 = (value: number): void => {
    view.setUint8(at, value);
    at += 1;
  };
  const u32 = (value: number): void => {
    view.setUint32(at, value);
    at += 4;
  };
  const big = (value: bigint, length: number): void => {
    bytes.set(integerToBytes(value, length), at);
    at += length;
  };
  u8(DELTA_VERSION);
  big(BigInt(delta.seq), 8);
  big(delta.root, 32);
  u32(delta.leaves.length);
  for (const leaf of delta.leaves) {
    u32(leaf.position);
    big(leaf.key, 31);
    big(leaf.nextKey, 31);
    big(leaf.head, 32);
  }
  u32(delta.nodes.length);
  for (const node of delta.nodes) {
    u8(node.level);
    u32(node.index);
    big(node.hash, 32);
  }
  return bytes.subarray(0, at);
}

/** The inverse of encodeDelta. @throws LedgerError TREE_DELTA_MALFORMED */
export function decodeDelta(bytes: Uint8Array): TreeDelta {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw malformedDelta();
    at += length;
    return bytes.subarray(at - length, at);
  };
  const u8 = (): number => view.getUint8(take(1).byteOffset - bytes.byteOffset);
  const u32 = (): number => view.getUint32(take(4).byteOffset - bytes.byteOffset);
  const big = (length: number): bigint => bytesToInteger(take(length));
  if (u8() !== DELTA_VERSION) throw malformedDelta();
  const seq = Number(big(8));
  const root = big(32) as RegisterRoot;
  const leaves = Array.from({ length: u32() }, () => ({
    position: u32(),
    key: big(31) as SubjectKey,
    nextKey: big(31) as SubjectKey,
    head: big(32) as ChainHead,
  }));
  const nodes = Array.from({ length: u32() }, () => ({ level: u8(), index: u32(), hash: big(32) }));
  if (at !== bytes.length) throw malformedDelta();
  return { seq, root, leaves, nodes };
}

function malformedDelta(): LedgerError {
  return new LedgerError('TREE_DELTA_MALFORMED', {
    en: 'The stored tree change cannot be read.',
    zh: '存储的树变更无法读取。',
  });
}
