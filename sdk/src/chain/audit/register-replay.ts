import {
  batchHash,
  decodeEntries,
  EMPTY_ROOT,
  type EncodedEntry,
  entriesHash,
  type Entry,
  fromBytes32,
  type Hex,
  MAX_BATCH_ENTRIES,
  type RegisterRoot,
  RegisterTree,
} from '../../protocol/index.ts';
import { type Standing } from '../../answer/index.ts';
import { codeOf, type Findings } from './report.ts';

/** What the council had set when a batch came. */
export interface BatchTerms {
  readonly quorumRegions: number;
  readonly quietSeconds: number;
  readonly finalSeconds: number;
  readonly graceSeconds: number;
}

interface Batch {
  readonly seq: number;
  readonly position: number;
  readonly hash: Hex;
  readonly root: Hex;
  readonly entriesHash: Hex;
  readonly time: bigint;
  readonly blockNumber: bigint;
  readonly terms: BatchTerms;
  /** Root that the replay gives. */
  readonly expectedRoot: Hex | undefined;
  readonly totalEntries: bigint;
  readonly attestedBy: Set<bigint>;
  /** Regions other than the owner's. */
  readonly regions: Set<number>;
  supersededAt: bigint;
  stoodAt: bigint;
}

export interface AppendedBatch {
  readonly seq: bigint;
  readonly batchHash: Hex;
  readonly prevRoot: Hex;
  readonly newRoot: Hex;
  readonly entriesHash: Hex;
  readonly entries: readonly EncodedEntry[];
  readonly blockNumber: bigint;
  readonly time: bigint;
}

export const NO_BATCH: Hex = `0x${'0'.repeat(64)}`;

const word = (root: RegisterRoot): Hex => `0x${root.toString(16).padStart(64, '0')}`;

/**
 * One register lived through again from its events, by the protocol's rules alone (protocol §5).
 * Whatever does not follow is a finding; the replay goes on with what the entries give.
 */
export class RegisterReplay {
  readonly id: bigint;
  readonly owner: bigint;
  readonly ownerRegion: number;
  readonly secretCommit: Hex;
  readonly promiseSeconds: number;
  readonly otherRegions: readonly number[];
  readonly #findings: Findings;
  readonly #tree = new RegisterTree();
  readonly #batches: Batch[] = [];
  readonly #byHash = new Map<Hex, Batch>();
  /** The latest batch with a root; an annulled root may come again. */
  readonly #byRoot = new Map<Hex, Batch>();
  /** Seq by position; what lies beyond `chainLength` was annulled and may be owed. */
  readonly #chain: number[] = [0];
  #chainLength = 0;
  #owedUntil = 0;
  #objections: { seq: number; memberId: bigint }[] = [];

  constructor(
    findings: Findings,
    opened: {
      readonly registerId: bigint;
      readonly owner: bigint;
      readonly ownerRegion: number;
      readonly secretCommit: Hex;
      readonly promiseSeconds: number;
      readonly regions: readonly number[];
      readonly blockNumber: bigint;
      readonly time: bigint;
      readonly terms: BatchTerms;
    },
  ) {
    this.#findings = findings;
    this.id = opened.registerId;
    this.owner = opened.owner;
    this.ownerRegion = opened.ownerRegion;
    this.secretCommit = opened.secretCommit;
    this.promiseSeconds = opened.promiseSeconds;
    this.otherRegions = opened.regions.filter((region) => region !== opened.ownerRegion);
    const empty: Batch = {
      seq: 0,
      position: 0,
      hash: NO_BATCH,
      root: word(EMPTY_ROOT),
      entriesHash: NO_BATCH,
      time: opened.time,
      blockNumber: opened.blockNumber,
      terms: opened.terms,
      expectedRoot: word(EMPTY_ROOT),
      totalEntries: 0n,
      attestedBy: new Set(),
      regions: new Set(),
      supersededAt: 0n,
      stoodAt: opened.time,
    };
    this.#batches.push(empty);
    this.#byRoot.set(empty.root, empty);
  }

  get head(): Batch {
    return this.#at(this.#chain[this.#chainLength] ?? 0);
  }

  #at(seq: number): Batch {
    const batch = this.#batches[seq] ?? this.#batches[0];
    if (!batch) throw new RangeError('A register has at least its empty batch.');
    return batch;
  }

  get contestedFrom(): number | undefined {
    const positions = this.#objections.map((objection) => this.#at(objection.seq).position);
    return positions.length === 0 ? undefined : Math.min(...positions);
  }

  get owedBatches(): number {
    return Math.max(0, this.#owedUntil - this.#chainLength);
  }

  get lastSeq(): number {
    return this.#batches.length - 1;
  }

  append(event: AppendedBatch, terms: BatchTerms): void {
    const { blockNumber } = event;
    const about = { registerId: this.id, seq: event.seq };
    const differs = (en: string, zh: string): void =>
      this.#findings.differs('batches', { en, zh }, about, blockNumber);
    this.#findings.examined('batches');
    const head = this.head;
    const seq = this.#batches.length;
    if (event.seq !== BigInt(seq))
      differs('A sequence number was left out or used again.', '批次序号缺失或重复。');
    if (event.prevRoot !== head.root)
      differs('The batch does not follow on the current root.', '批次未接续当前的根。');
    if (this.contestedFrom !== undefined)
      differs('A batch came while the register was contested.', '登记册争议期间出现批次。');

    const entries = this.#read(event, differs);
    const position = this.#chainLength + 1;
    if (this.#owedUntil >= position) {
      const owed = this.#at(this.#chain[position] ?? 0).entriesHash;
      if (event.entriesHash !== owed)
        differs(
          'Something else came where annulled entries had to come again.',
          '应重新登记的条目未重新登记。',
        );
    }
    const earlier = this.#byRoot.get(event.newRoot);
    if (earlier && this.holds(earlier)) differs('The register had this root before.', '该根此前已出现过。');

    head.supersededAt = event.time;
    const batch: Batch = {
      seq,
      position,
      hash: event.batchHash,
      root: event.newRoot,
      entriesHash: event.entriesHash,
      time: event.time,
      blockNumber,
      terms,
      expectedRoot: this.#replayed(entries, seq, differs),
      totalEntries: head.totalEntries + BigInt(event.entries.length),
      attestedBy: new Set(),
      regions: new Set(),
      supersededAt: 0n,
      stoodAt: event.time,
    };
    this.#batches.push(batch);
    this.#byHash.set(batch.hash, batch);
    this.#byRoot.set(batch.root, batch);
    this.#chain[position] = seq;
    this.#chainLength = position;
  }

  #read(event: AppendedBatch, differs: (en: string, zh: string) => void): Entry[] | undefined {
    const size = event.entries.length;
    if (size < 1 || size > MAX_BATCH_ENTRIES)
      differs('The batch has a size that no batch may have.', '批次条目数不合规定。');
    let entries: Entry[];
    try {
      entries = decodeEntries(event.entries);
    } catch (error) {
      differs(`An entry is malformed (${codeOf(error)}).`, `条目格式有误（${codeOf(error)}）。`);
      return undefined;
    }
    if (entries.some((entry, i) => i > 0 && entry.key < (entries[i - 1]?.key ?? entry.key))) {
      differs('The entries are out of order.', '条目未按序排列。');
    }
    const hash = entriesHash(entries);
    if (hash !== event.entriesHash)
      differs('entriesHash is not that of the entries.', 'entriesHash 与条目不符。');
    const named = batchHash(
      this.id,
      event.seq,
      fromBytes32(event.prevRoot) as bigint as RegisterRoot,
      fromBytes32(event.newRoot) as bigint as RegisterRoot,
      hash,
    );
    if (named !== event.batchHash) differs('batchHash is not that of the batch.', 'batchHash 与批次不符。');
    return entries;
  }

  #replayed(
    entries: Entry[] | undefined,
    seq: number,
    differs: (en: string, zh: string) => void,
  ): Hex | undefined {
    if (!entries) return undefined;
    try {
      return word(this.#tree.append(entries, seq).root);
    } catch (error) {
      differs(`The batch cannot be replayed (${codeOf(error)}).`, `批次无法重放（${codeOf(error)}）。`);
      return undefined;
    }
  }

  heartbeat(root: Hex, time: bigint, blockNumber: bigint): void {
    this.#findings.examined('batches');
    this.#findings.demand(
      root === this.head.root && this.contestedFrom === undefined && this.owedBatches === 0,
      'batches',
      { en: 'A heartbeat stands by another root than the current one.', zh: '心跳所确认的不是当前的根。' },
      { registerId: this.id },
      blockNumber,
    );
    this.head.stoodAt = time;
  }

  /** A batch that holds today, by its hash. */
  holding(hash: Hex): Batch | undefined {
    if (hash === NO_BATCH) return this.#at(0);
    const batch = this.#byHash.get(hash);
    return batch && this.holds(batch) ? batch : undefined;
  }

  holds(batch: Batch): boolean {
    return batch.position <= this.#chainLength && this.#chain[batch.position] === batch.seq;
  }

  attest(hash: Hex, memberId: bigint, region: number, blockNumber: bigint): void {
    const batch = this.holding(hash);
    const again = batch?.attestedBy.has(memberId) ?? true;
    this.#findings.demand(
      batch !== undefined && batch.seq !== 0 && memberId !== this.owner && !again,
      'witnesses',
      { en: 'A batch was attested that this member could not attest.', zh: '成员见证了其无权见证的批次。' },
      { registerId: this.id, memberId, batchHash: hash },
      blockNumber,
    );
    if (!batch) return;
    batch.attestedBy.add(memberId);
    if (region !== this.ownerRegion) batch.regions.add(region);
  }

  object(hash: Hex, memberId: bigint, blockNumber: bigint): void {
    const batch = this.holding(hash);
    const entitled =
      batch !== undefined &&
      memberId !== this.owner &&
      !batch.attestedBy.has(memberId) &&
      this.#objections.every((objection) => objection.memberId !== memberId);
    this.#findings.demand(
      entitled,
      'witnesses',
      { en: 'An objection was taken that this member could not make.', zh: '受理了成员无权提出的异议。' },
      { registerId: this.id, memberId, batchHash: hash },
      blockNumber,
    );
    if (batch) this.#objections.push({ seq: batch.seq, memberId });
  }

  /** A ruling can be checked by anyone: upheld must mean that the replay gives another root. */
  rule(seq: number, upheld: boolean, blockNumber: bigint): void {
    const batch = this.#at(seq);
    this.#findings.examined('rulings');
    const wrong = batch.expectedRoot !== batch.root;
    this.#findings.demand(
      wrong === upheld,
      'rulings',
      upheld
        ? {
            en: 'The council annulled a root that follows from the entries.',
            zh: '理事会撤销了可由条目推出的根。',
          }
        : { en: 'The council dismissed an objection to a wrong root.', zh: '理事会驳回了对错误的根的异议。' },
      { registerId: this.id, seq, root: batch.root, replayedRoot: batch.expectedRoot },
      blockNumber,
    );
    if (!upheld) this.#objections = this.#objections.filter((objection) => objection.seq !== seq);
  }

  annul(fromPosition: number, headSeq: number, root: Hex, blockNumber: bigint): void {
    this.#owedUntil = Math.max(this.#owedUntil, this.#chainLength);
    this.#chainLength = fromPosition - 1;
    this.#objections = [];
    const head = this.head;
    head.supersededAt = 0n;
    this.#findings.demand(
      head.seq === headSeq && head.root === root,
      'batches',
      { en: 'After annulling, the head is not the batch before.', zh: '撤销后，当前批次不是其前一批次。' },
      { registerId: this.id, headSeq },
      blockNumber,
    );
    this.#tree.rollbackTo(head.seq);
  }

  witnessed(batch: Batch, time: bigint): boolean {
    if (batch.seq === 0 || this.otherRegions.every((region) => batch.regions.has(region))) return true;
    const { quorumRegions, quietSeconds } = batch.terms;
    return batch.regions.size >= quorumRegions && time >= batch.time + BigInt(quietSeconds);
  }

  contested(batch: Batch): boolean {
    return this.holds(batch) && this.contestedFrom !== undefined && batch.position >= this.contestedFrom;
  }

  /** How a batch stands for answering, by the protocol's rules and not by what the log says. */
  standing(hash: Hex, time: bigint): Standing {
    const batch = this.holding(hash);
    const { contestedFrom } = this;
    if (!batch || this.contested(batch) || this.owedBatches > 0 || !this.witnessed(batch, time))
      return 'not-usable';
    const latest = batch.position === this.#chainLength;
    const lastUncontested = contestedFrom !== undefined && batch.position + 1 === contestedFrom;
    const inGrace = time <= batch.supersededAt + BigInt(batch.terms.graceSeconds);
    if (!latest && !lastUncontested && !inGrace) return 'not-usable';
    if (contestedFrom !== undefined) return 'contested';
    if (time > this.head.stoodAt + BigInt(this.promiseSeconds)) return 'stale';
    return latest ? 'current' : 'within-grace';
  }

  /** Says of every batch that holds at the end whether its root follows from the entries. */
  finish(): void {
    for (let position = 1; position <= this.#chainLength; position += 1) {
      const batch = this.#at(this.#chain[position] ?? 0);
      this.#findings.examined('roots');
      this.#findings.demand(
        batch.expectedRoot === batch.root,
        'roots',
        { en: 'The root does not follow from the entries.', zh: '根无法由条目推出。' },
        { registerId: this.id, seq: batch.seq, root: batch.root, replayedRoot: batch.expectedRoot },
        batch.blockNumber,
      );
    }
  }

  all(): readonly Batch[] {
    return this.#batches;
  }
}
