/**
 * What protocol §5 says of one register, written down a second time and as plainly as possible: lists instead of
 * positions, so that it can be compared with the contract step by step.
 */

export interface ModelBatch {
  readonly seq: number;
  readonly prevSeq: number;
  readonly root: string;
  readonly entriesHash: string;
  readonly time: number;
  objectionsUntil: number;
  supersededAt: number;
  stoodAt: number;
  annulled: boolean;
  dismissed: boolean;
  readonly attestedBy: Set<number>;
}

export interface ModelObjection {
  readonly seq: number;
  readonly member: number;
}

export interface ModelMember {
  readonly index: number;
  readonly region: number;
}

export interface ModelRules {
  readonly quietSeconds: number;
  readonly finalSeconds: number;
  readonly graceSeconds: number;
  readonly promiseSeconds: number;
}

/** An action's outcome: the name of the contract's error, or none. */
export type Outcome = string | undefined;

export class RegisterModel {
  readonly all: ModelBatch[] = [];
  /** The batches that hold, oldest first; the first is the empty register. */
  holding: ModelBatch[];
  /** Hashes of the entries that must come again, in order. */
  owed: string[] = [];
  objections: ModelObjection[] = [];
  readonly barred = new Set<number>();
  readonly #rules: ModelRules;
  readonly #owner: ModelMember;

  constructor(rules: ModelRules, owner: ModelMember, emptyRoot: string, openedAt: number) {
    this.#rules = rules;
    this.#owner = owner;
    const empty: ModelBatch = {
      seq: 0,
      prevSeq: 0,
      root: emptyRoot,
      entriesHash: '',
      time: openedAt,
      objectionsUntil: 0,
      supersededAt: 0,
      stoodAt: openedAt,
      annulled: false,
      dismissed: false,
      attestedBy: new Set(),
    };
    this.all.push(empty);
    this.holding = [empty];
  }

  get head(): ModelBatch {
    return this.holding.at(-1) as ModelBatch;
  }

  /** The earliest batch with an open objection. */
  get earliestContested(): ModelBatch | undefined {
    return this.holding.find(({ seq }) => this.objections.some((objection) => objection.seq === seq));
  }

  append(prevRoot: string, root: string, entriesHash: string, time: number): Outcome {
    if (this.objections.length > 0) return 'RegisterContested';
    if (prevRoot !== this.head.root) return 'WrongPrevRoot';
    if (this.holding.some((batch) => batch.root === root)) return 'RootAlreadyUsed';
    if (this.owed.length > 0 && this.owed[0] !== entriesHash) return 'EntriesMustComeAgain';
    this.owed.shift();
    const prev = this.head;
    prev.supersededAt = time;
    const batch: ModelBatch = {
      seq: this.all.length,
      prevSeq: prev.seq,
      root,
      entriesHash,
      time,
      objectionsUntil: Math.max(time + this.#rules.finalSeconds, prev.objectionsUntil),
      supersededAt: 0,
      stoodAt: time,
      annulled: false,
      dismissed: false,
      attestedBy: new Set(),
    };
    this.all.push(batch);
    this.holding.push(batch);
    return undefined;
  }

  heartbeat(time: number): Outcome {
    if (this.objections.length > 0) return 'RegisterContested';
    if (this.owed.length > 0) return 'EntriesOwed';
    this.head.stoodAt = time;
    return undefined;
  }

  attest(member: ModelMember, seq: number): Outcome {
    const batch = this.all[seq] as ModelBatch;
    if (batch.annulled) return 'BatchAnnulled';
    if (member.index === this.#owner.index) return 'OwnBatch';
    if (batch.attestedBy.has(member.index)) return 'AlreadyAttested';
    if (this.objections.some((o) => o.member === member.index && o.seq === seq)) return 'ObjectionOpen';
    batch.attestedBy.add(member.index);
    return undefined;
  }

  object(member: ModelMember, seq: number, time: number): Outcome {
    const batch = this.all[seq] as ModelBatch;
    if (batch.annulled) return 'BatchAnnulled';
    if (member.index === this.#owner.index) return 'OwnBatch';
    if (batch.attestedBy.has(member.index)) return 'AlreadyAttested';
    if (this.barred.has(member.index)) return 'ObjectorBarred';
    if (batch.dismissed || time >= batch.objectionsUntil) return 'BatchFinal';
    if (this.objections.some((o) => o.member === member.index)) return 'ObjectionOpen';
    this.objections.push({ seq, member: member.index });
    return undefined;
  }

  rule(seq: number, upheld: boolean): Outcome {
    const earliest = this.earliestContested;
    if (!earliest) return 'NotContested';
    if (earliest.seq !== seq) return 'NotEarliestContested';
    if (!upheld) {
      earliest.dismissed = true;
      for (const { member } of this.objections.filter((o) => o.seq === seq)) this.barred.add(member);
      this.objections = this.objections.filter((o) => o.seq !== seq);
      return undefined;
    }
    const removed = this.holding.splice(this.holding.indexOf(earliest));
    for (const batch of removed) batch.annulled = true;
    this.owed = [...removed.map(({ entriesHash }) => entriesHash), ...this.owed];
    this.objections = [];
    this.head.supersededAt = 0;
    return undefined;
  }

  restore(member: ModelMember): Outcome {
    return this.barred.delete(member.index) ? undefined : 'ObjectorNotBarred';
  }

  contested(batch: ModelBatch): boolean {
    const earliest = this.earliestContested;
    return (
      !batch.annulled &&
      earliest !== undefined &&
      this.holding.indexOf(batch) >= this.holding.indexOf(earliest)
    );
  }

  /** By all other regions, or by one of them and an hour of quiet. */
  witnessed(batch: ModelBatch, members: readonly ModelMember[], now: number): boolean {
    if (batch.annulled) return false;
    if (batch.seq === 0) return true;
    const regions = new Set(
      members.filter(({ index }) => batch.attestedBy.has(index)).map(({ region }) => region),
    );
    regions.delete(this.#owner.region);
    return regions.size === 2 || (regions.size === 1 && now >= batch.time + this.#rules.quietSeconds);
  }

  /** Nobody may object to it or to anything that it rests on. */
  final(batch: ModelBatch, now: number): boolean {
    if (batch.annulled || this.contested(batch)) return false;
    return this.holding
      .slice(1, this.holding.indexOf(batch) + 1)
      .every((each) => each.dismissed || now >= each.objectionsUntil);
  }

  /** How an answer under it would stand: a standing, or the name of what forbids it. */
  standing(batch: ModelBatch, members: readonly ModelMember[], now: number): string {
    if (batch.annulled) return 'BatchAnnulled';
    if (this.contested(batch)) return 'BatchContested';
    if (this.owed.length > 0) return 'EntriesOwed';
    if (!this.witnessed(batch, members, now)) return 'NotWitnessed';
    const earliest = this.earliestContested;
    const lastUncontested =
      earliest !== undefined && this.holding[this.holding.indexOf(earliest) - 1] === batch;
    const isHead = batch === this.head;
    if (!isHead && !lastUncontested && now > batch.supersededAt + this.#rules.graceSeconds)
      return 'Superseded';
    if (earliest) return 'contested';
    if (now > this.head.stoodAt + this.#rules.promiseSeconds) return 'stale';
    return isHead ? 'current' : 'withinGrace';
  }
}
