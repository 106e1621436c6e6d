import { expect } from 'chai';
import fc from 'fast-check';
import { EMPTY_ROOT, entriesHash, type Entry, type Hex, toBytes32 } from '@credit-ledger/sdk/protocol';
import {
  DAY,
  encoded,
  freshWorld,
  HOUR,
  madeUpRoot,
  makeEntries,
  networkHelpers,
  PARAMETERS,
  PROMISE_SECONDS,
  selectorOf,
  STANDING,
  type TestMember,
  TestRegister,
  type World,
} from './support/world.ts';
import { type ModelMember, type Outcome, RegisterModel } from './support/register-model.ts';

/** What anyone might try, honest or not. Numbers pick among what is there. */
type Action =
  | { readonly kind: 'append'; readonly entries: number; readonly again: boolean }
  | { readonly kind: 'rollback'; readonly to: number }
  | { readonly kind: 'overlap'; readonly from: number }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'shrink'; readonly from: number; readonly to: number }
  | { readonly kind: 'foreign'; readonly member: number }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'attest'; readonly member: number; readonly batch: number }
  | { readonly kind: 'object'; readonly member: number; readonly batch: number }
  | { readonly kind: 'rule'; readonly batch: number; readonly earliest: boolean; readonly upheld: boolean }
  | { readonly kind: 'restore'; readonly member: number }
  | { readonly kind: 'wait'; readonly seconds: number };

const pick = fc.nat({ max: 1_000 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('append' as const), entries: pick, again: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rollback' as const), to: pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('overlap' as const), from: pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('duplicate' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shrink' as const), from: pick, to: pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('foreign' as const), member: pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('attest' as const), member: pick, batch: pick }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('object' as const), member: pick, batch: pick }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('rule' as const),
      batch: pick,
      earliest: fc.boolean(),
      upheld: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), member: pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 300, HOUR, DAY, 15 * DAY, 31 * DAY),
    }),
  },
);

const RULES = { ...PARAMETERS, promiseSeconds: PROMISE_SECONDS };
const REASON = madeUpRoot(0);

describe('CreditRegisters: properties, against a second telling of the rules', () => {
  it('every step of every history has the outcome and the state that the rules say', async function () {
    this.timeout(300_000);
    // How often each outcome was seen: a history that only ever succeeds, or never does, would test little.
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 40 }), async (actions) => {
        const history = await History.start();
        for (const each of actions) {
          const outcome = await history.take(each);
          const name = `${each.kind}: ${outcome ?? 'done'}`;
          seen.set(name, (seen.get(name) ?? 0) + 1);
          await history.compare();
        }
      }),
      { numRuns: 40, seed: 20_261_123 },
    );
    for (const wanted of [
      'append: done',
      'append: EntriesMustComeAgain',
      'append: RegisterContested',
      'rollback: RootAlreadyUsed',
      'overlap: WrongPrevRoot',
      'duplicate: WrongPrevRoot',
      'shrink: WrongPrevRoot',
      'foreign: NotRegisterOwner',
      'heartbeat: done',
      'heartbeat: EntriesOwed',
      'attest: done',
      'attest: BatchAnnulled',
      'object: done',
      'object: AlreadyAttested',
      'object: ObjectionOpen',
      'object: ObjectorBarred',
      'object: BatchFinal',
      'object: OwnBatch',
      'rule: done',
      'rule: NotContested',
      'rule: NotEarliestContested',
      'restore: done',
    ]) {
      expect(seen.get(wanted) ?? 0, `${wanted} was never reached`).to.be.greaterThan(0);
    }
  });

  it('annulling never deletes an entry: what was anchored is anchored when nothing is owed', async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 4 }),
        async (count, annulments) => {
          const world = await freshWorld();
          const { registers, beijing, hebei } = world;
          const register = await TestRegister.open(world, beijing);
          const anchored = Array.from({ length: count }, (_, i) => makeEntries(1 + (i % 3), 100 + i));
          let root = toBytes32(EMPTY_ROOT);
          let fresh = 1;
          const append = async (entries: readonly Entry[]): Promise<void> => {
            fresh += 1;
            const next = madeUpRoot(fresh);
            await registers.connect(beijing.operator).append(register.id, root, next, encoded(entries));
            root = next;
          };
          for (const entries of anchored) await append(entries);
          for (const position of annulments) {
            // Some of what was annulled before may still be owed.
            const { headSeq } = await registers.register(register.id);
            const length = (await registers.batch(register.id, headSeq)).position;
            if (length > 0n) {
              const at = 1n + (BigInt(position) % length);
              const target = await registers.batchAt(register.id, at);
              await registers.connect(hebei.witness).object(target.batchHash, REASON);
              await world.council(registers, 'rule', register.id, target.seq, true, REASON);
              root = (await registers.register(register.id)).root as Hex;
            }
            const held = Number((await registers.current(register.id)).position);
            const [next] = anchored.slice(held);
            if (next && position % 2 === 0) await append(next);
          }
          for (let held = Number((await registers.current(register.id)).position); held < count; held += 1) {
            await append(anchored[held] ?? []);
          }
          expect((await registers.register(register.id)).owedBatches).to.equal(0n);
          const hashes: string[] = [];
          for (let position = 1; position <= count; position += 1) {
            hashes.push((await registers.batchAt(register.id, position)).entriesHash);
          }
          expect(hashes).to.deep.equal(anchored.map((entries) => entriesHash(entries)));
          expect((await registers.register(register.id)).size).to.equal(
            BigInt(anchored.reduce((sum, entries) => sum + entries.length, 0)),
          );
        },
      ),
      { numRuns: 25, seed: 7 },
    );
  });

  it('accepts a list of entries exactly when it is sorted and every part is in bounds', async function () {
    this.timeout(120_000);
    const world = await freshWorld();
    const { registers, beijing } = world;
    const register = await TestRegister.open(world, beijing);
    const field = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
    const key = fc.oneof(
      fc.bigInt({ min: 0n, max: 6n }),
      fc.bigInt({ min: 2n ** 248n - 4n, max: 2n ** 248n - 1n }),
      fc.bigInt({ min: 1n, max: 2n ** 248n - 1n }),
    );
    const body = fc.oneof(
      { weight: 8, arbitrary: fc.bigInt({ min: 0n, max: field - 1n }) },
      { weight: 1, arbitrary: fc.bigInt({ min: field - 2n, max: field + 2n }) },
    );
    const op = fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: 0, max: 4 }) },
      { weight: 1, arbitrary: fc.integer({ min: 5, max: 255 }) },
    );
    let accepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key, op, body }), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (list, sorted) => {
          const entries = sorted
            ? [...list].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
            : list;
          const inBounds = entries.every((e) => e.key > 0n && e.op <= 4 && e.body < field);
          const inOrder = entries.every((e, i) => i === 0 || (entries[i - 1]?.key ?? 0n) <= e.key);
          const attempt = registers.connect(beijing.operator).append.staticCall(
            register.id,
            toBytes32(EMPTY_ROOT),
            madeUpRoot(1),
            entries.map((e) => ({
              opAndKey: `0x${((BigInt(e.op) << 248n) | e.key).toString(16).padStart(64, '0')}`,
              body: `0x${e.body.toString(16).padStart(64, '0')}`,
            })),
          );
          const outcome = await attempt.then(
            () => true,
            () => false,
          );
          expect(outcome).to.equal(inBounds && inOrder);
          if (outcome) accepted += 1;
          else refused += 1;
        },
      ),
      { numRuns: 300, seed: 11 },
    );
    expect(accepted).to.be.greaterThan(30);
    expect(refused).to.be.greaterThan(30);
  });
});

/** One register on chain and its model beside it. */
class History {
  readonly #world: World;
  readonly #register: TestRegister;
  readonly #model: RegisterModel;
  readonly #members: readonly { readonly model: ModelMember; readonly member: TestMember }[];
  readonly #hashes = new Map<number, Hex>();
  readonly #entries = new Map<string, readonly Entry[]>();
  #counter = 0;

  private constructor(world: World, register: TestRegister, openedAt: number) {
    const { beijing, tianjin, hebei, tianjin2, beijing2 } = world;
    this.#world = world;
    this.#register = register;
    this.#members = [beijing, tianjin, hebei, tianjin2, beijing2].map((member, index) => ({
      member,
      model: { index, region: member.region },
    }));
    this.#model = new RegisterModel(
      RULES,
      { index: 0, region: beijing.region },
      toBytes32(EMPTY_ROOT),
      openedAt,
    );
  }

  static async start(): Promise<History> {
    const world = await freshWorld();
    const register = await TestRegister.open(world, world.beijing);
    return new History(world, register, await networkHelpers.time.latest());
  }

  /** Does it on chain and in the model; both must agree on the outcome. */
  async take(action: Action): Promise<Outcome> {
    const model = this.#model;
    const { registers, consortium } = this.#world;
    if (action.kind === 'wait') {
      await networkHelpers.time.increase(action.seconds);
      return undefined;
    }
    if (action.kind === 'rule') {
      const seq = action.earliest ? (model.earliestContested?.seq ?? 1) : this.#batchOf(action.batch);
      const expected = model.rule(seq, action.upheld);
      await this.#agree(expected, () =>
        this.#world.council(registers, 'rule', this.#register.id, seq, action.upheld, REASON),
      );
      return expected;
    }
    if (action.kind === 'restore') {
      const { member, model: who } = this.#memberOf(action.member);
      const expected = model.restore(who);
      await this.#agree(expected, () =>
        this.#world.council(registers, 'restoreObjector', this.#register.id, member.id),
      );
      return expected;
    }

    const time = (await networkHelpers.time.latest()) + 2;
    const owner = registers.connect(this.#register.owner.operator);
    let expected: Outcome;
    let attempt: () => Promise<unknown>;
    if (action.kind === 'heartbeat') {
      expected = model.heartbeat(time);
      attempt = () => owner.heartbeat(this.#register.id);
    } else if (action.kind === 'attest' || action.kind === 'object') {
      const { member, model: who } = this.#memberOf(action.member);
      const seq = this.#batchOf(action.batch);
      const hash = this.#hashes.get(seq);
      if (hash === undefined) return 'nothing there';
      const witness = registers.connect(member.witness);
      if (action.kind === 'attest') {
        expected = model.attest(who, seq);
        attempt = () => witness.attest([hash]);
      } else {
        expected = model.object(who, seq, time);
        attempt = () => witness.object(hash, REASON);
      }
    } else {
      const { prevRoot, root, entries, caller } = this.#batchToSend(action);
      const hash = entriesHash(entries);
      this.#entries.set(hash, entries);
      expected = caller === undefined ? model.append(prevRoot, root, hash, time) : 'NotRegisterOwner';
      attempt = () =>
        (caller === undefined ? owner : registers.connect(caller.operator)).append(
          this.#register.id,
          prevRoot,
          root,
          encoded(entries),
        );
    }
    await networkHelpers.time.setNextBlockTimestamp(time);
    await this.#agree(expected, attempt);
    // A refusal leaves no block behind; the time that was set must not reach the next step.
    if (expected !== undefined) await networkHelpers.mine();
    const { seq } = model.head;
    if (!this.#hashes.has(seq)) {
      this.#hashes.set(seq, (await registers.batch(this.#register.id, seq)).batchHash as Hex);
    }
    expect(await consortium.memberCount()).to.equal(7n);
    return expected;
  }

  #memberOf(number: number): { model: ModelMember; member: TestMember } {
    const found = this.#members[number % this.#members.length];
    if (!found) throw new Error('no member');
    return found;
  }

  #batchOf(number: number): number {
    return 1 + (number % Math.max(1, this.#model.all.length - 1));
  }

  #batchToSend(
    action: Exclude<Action, { kind: 'heartbeat' | 'attest' | 'object' | 'rule' | 'restore' | 'wait' }>,
  ): { prevRoot: Hex; root: Hex; entries: readonly Entry[]; caller?: TestMember } {
    const { head, holding, owed } = this.#model;
    this.#counter += 1;
    const fresh = {
      prevRoot: head.root as Hex,
      root: madeUpRoot(this.#counter),
      entries: makeEntries(1, this.#counter),
    };
    const earlier = (number: number): Hex =>
      (holding[number % Math.max(1, holding.length - 1)]?.root ?? head.root) as Hex;
    // What is owed does come again half of the time; otherwise the owner tries something else.
    const due = this.#entries.get(owed[0] ?? '');
    switch (action.kind) {
      case 'append':
        return action.again && due
          ? { ...fresh, entries: due }
          : { ...fresh, entries: makeEntries(1 + (action.entries % 3), this.#counter) };
      case 'rollback':
        return { ...fresh, root: earlier(action.to) };
      case 'overlap':
        return { ...fresh, prevRoot: earlier(action.from) };
      case 'duplicate': {
        const before = holding.at(-2) ?? head;
        return {
          prevRoot: before.root as Hex,
          root: head.root as Hex,
          entries: this.#entries.get(head.entriesHash) ?? fresh.entries,
        };
      }
      case 'shrink':
        return { ...fresh, prevRoot: earlier(action.from), root: earlier(action.to) };
      case 'foreign': {
        const others = this.#members.slice(1);
        const other = others[action.member % others.length];
        if (!other) throw new Error('no member');
        return { ...fresh, caller: other.member };
      }
    }
  }

  async #agree(expected: Outcome, attempt: () => Promise<unknown>): Promise<void> {
    const { registers } = this.#world;
    if (expected === undefined) await attempt();
    else await expect(attempt()).to.be.revertedWithCustomError(registers, expected);
  }

  /** Everything that can be read is as the model says. */
  async compare(): Promise<void> {
    const { registers } = this.#world;
    const model = this.#model;
    const { id } = this.#register;
    const members = this.#members.map((each) => each.model);
    const now = await networkHelpers.time.latest();
    const view = await registers.register(id);
    expect({
      root: view.root,
      headSeq: Number(view.headSeq),
      contested: view.contested,
      owed: await registers.owed(id),
      lastStoodAt: Number(view.lastStoodAt),
      open: (await registers.openObjections(id)).map((o) => `${o.seq} by ${o.memberId}`).sort(),
    }).to.deep.equal({
      root: model.head.root,
      headSeq: model.head.seq,
      contested: model.objections.length > 0,
      owed: model.owed,
      lastStoodAt: model.head.stoodAt,
      open: model.objections.map((o) => `${o.seq} by ${this.#memberOf(o.member).member.id}`).sort(),
    });
    for (const batch of model.all) {
      const shown = await registers.batch(id, batch.seq);
      const [standing, reason] = await registers.usable(id, shown.batchHash);
      expect({
        annulled: shown.annulled,
        contested: shown.contested,
        witnessed: shown.witnessed,
        isFinal: shown.isFinal,
        supersededAt: Number(shown.supersededAt),
        prevSeq: Number(shown.prevSeq),
        standing: STANDING_NAMES.get(standing) ?? reason,
      }).to.deep.equal(
        {
          annulled: batch.annulled,
          contested: model.contested(batch),
          witnessed: model.witnessed(batch, members, now),
          isFinal: model.final(batch, now),
          supersededAt: batch.supersededAt,
          prevSeq: batch.prevSeq,
          standing: this.#standingOf(model.standing(batch, members, now)),
        },
        `batch ${batch.seq}`,
      );
    }
  }

  #standingOf(name: string): string {
    return name in STANDING ? name : selectorOf(this.#world.registers, name);
  }
}

const STANDING_NAMES = new Map<bigint, string>(
  Object.entries(STANDING)
    .filter(([name]) => name !== 'notUsable')
    .map(([name, value]) => [value, name]),
);
