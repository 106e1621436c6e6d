import {
  CASE_ACTIONS,
  CASE_TRANSITIONS,
  type CaseAction,
  type CaseTransition,
  type Day,
  dayAt,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { CaseModel, type ModelCase } from './support/case-model.ts';
import { CALENDAR, caseStateName, caseTypeNumber, Docket, RULES, startOfDay } from './support/docket.ts';
import { DAY, HOUR, networkHelpers, type TestMember } from './support/world.ts';

type Step = Exclude<CaseAction, 'file'>;
const STEPS = CASE_ACTIONS.filter((action): action is Step => action !== 'file');

/** What filers, sources, superiors and others might do. Numbers pick among what is there. */
type Move =
  | { readonly kind: 'file'; readonly repair: boolean; readonly register: number; readonly member: number }
  | { readonly kind: 'sensible'; readonly case: number; readonly row: number; readonly member: number }
  | { readonly kind: 'try'; readonly case: number; readonly action: Step; readonly member: number }
  | { readonly kind: 'superior'; readonly of: number; readonly to: number }
  | { readonly kind: 'wait'; readonly seconds: number };

// Without fast-check's leaning to small numbers: here a number is a choice, and all are alike.
const pick = fc.noBias(fc.nat({ max: 1_000 }));
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('file' as const),
      repair: fc.boolean(),
      register: pick,
      member: pick,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('sensible' as const), case: pick, row: pick, member: pick }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('try' as const),
      case: pick,
      action: fc.constantFrom(...STEPS),
      member: pick,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('superior' as const), of: pick, to: pick }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.constantFrom(HOUR, DAY, 15 * DAY, 32 * DAY),
    }),
  },
);

describe('CreditCases: random walks, against a second telling of the rules', () => {
  it('every step of every walk is allowed exactly when the table says so, and leaves what it says', async function () {
    this.timeout(300_000);
    const taken = new Set<string>();
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 30, maxLength: 60, size: 'max' }), async (moves) => {
        const walk = await Walk.start();
        for (const each of moves) {
          const row = await walk.take(each);
          if (row === 'refused') refusals += 1;
          else if (row) taken.add(nameOf(row));
          await walk.compare();
        }
      }),
      { numRuns: 70, seed: 20_261_125 },
    );
    // A walk that only ever succeeds, or never does, would show little: every row was walked, and much was refused.
    const rows = CASE_TRANSITIONS.filter((row) => row.action !== 'file').map(nameOf);
    expect([...rows].filter((row) => !taken.has(row))).to.deep.equal([]);
    expect(refusals).to.be.greaterThan(100);
  });
});

const nameOf = (row: CaseTransition): string =>
  `${row.caseType}: ${row.action} from ${row.from} by ${row.by}`;

/** Cases on chain and the model beside them. */
class Walk {
  readonly #docket: Docket;
  readonly #model: CaseModel;
  readonly #members: readonly TestMember[];

  private constructor(docket: Docket) {
    const { beijing, tianjin, hebei, requester, association } = docket.world;
    this.#docket = docket;
    this.#members = [beijing, tianjin, hebei, requester, association];
    this.#model = new CaseModel(
      new Map([
        [1n, beijing.id],
        [2n, hebei.id],
      ]),
      RULES,
      CALENDAR,
    );
    for (const owner of [beijing, hebei]) this.#model.superiors.set(owner.id, tianjin.id);
  }

  static async start(): Promise<Walk> {
    const docket = await Docket.fresh();
    const { cases, hebei, tianjin } = docket.world;
    await docket.world.council(cases, 'setSuperior', hebei.id, tianjin.id);
    return new Walk(docket);
  }

  /** Does it on chain and in the model. @returns the row of the table, or that it was refused */
  async take(move: Move): Promise<CaseTransition | 'refused' | undefined> {
    const { cases, world } = this.#docket;
    if (move.kind === 'wait') {
      await networkHelpers.time.increase(move.seconds);
      return undefined;
    }
    if (move.kind === 'superior') {
      const owner = move.of % 2 === 0 ? world.beijing : world.hebei;
      const superior = [world.tianjin.id, world.tianjin.id, world.tianjin2.id, 0n][move.to % 4] ?? 0n;
      await world.council(cases, 'setSuperior', owner.id, superior);
      if (superior === 0n) this.#model.superiors.delete(owner.id);
      else this.#model.superiors.set(owner.id, superior);
      return undefined;
    }
    if (move.kind === 'sensible') await this.#patience(move);
    const time = (await networkHelpers.time.latest()) + 2;
    const today = dayAt(time);
    if (move.kind === 'file') {
      const caseType = move.repair ? 'repair' : 'dispute';
      const registerId = 1n + BigInt(move.register % 2);
      const by = this.#member(move.member);
      await networkHelpers.time.setNextBlockTimestamp(time);
      await this.#docket.file(caseType, { by, registerId });
      this.#model.file(caseType, registerId, by.id, today);
      return undefined;
    }
    return this.#step(move, time, today);
  }

  async #step(
    move: Extract<Move, { kind: 'sensible' | 'try' }>,
    time: number,
    today: Day,
  ): Promise<CaseTransition | 'refused' | undefined> {
    const model = this.#model;
    const index = this.#indexOf(move.case);
    const found = model.cases[index];
    if (!found) return undefined;
    const chosen = this.#choose(move, found);
    if (!chosen) return undefined;
    const { action, member } = chosen;
    const row = model.row(found, action, member.id, today);
    // Who is not the owner names no entry; a stranger is refused whatever it names.
    const step = this.#docket.step(action, BigInt(index + 1), member.operator, member.id === found.source);
    await networkHelpers.time.setNextBlockTimestamp(time);
    if (row) {
      await step.send();
      model.take(found, row, today);
      return row;
    }
    const outcome = await step.send().then(
      () => 'done',
      () => 'refused',
    );
    expect(outcome, `${action} by member ${member.id} on a ${found.caseType} in ${found.state}`).to.equal(
      'refused',
    );
    // A refusal leaves no block behind; the time that was set must not reach the next step.
    await networkHelpers.mine();
    return 'refused';
  }

  /** One of the latest: a case that nobody comes back to shows little. */
  #indexOf(number: number): number {
    const { length } = this.#model.cases;
    return length - 1 - (number % Math.min(3, Math.max(1, length)));
  }

  /** Who means to count a case waits for its due day to pass. */
  async #patience(move: Extract<Move, { kind: 'sensible' }>): Promise<void> {
    const found = this.#model.cases[this.#indexOf(move.case)];
    if (!found || this.#choose(move, found)?.action !== 'mark-overdue' || found.counted) return;
    const late = startOfDay(found.dueDay + 1);
    if (late > (await networkHelpers.time.latest())) await networkHelpers.time.increaseTo(late);
  }

  #choose(
    move: Extract<Move, { kind: 'sensible' | 'try' }>,
    found: ModelCase,
  ): { action: Step; member: TestMember } | undefined {
    if (move.kind === 'try') return { action: move.action, member: this.#member(move.member) };
    // Most cases are not given up, or few would come to where a superior has granted.
    const givenUp = move.row % 5 === 0;
    const rows = this.#model
      .rowsFrom(found)
      .filter(({ action }) => givenUp || (action !== 'dismiss' && action !== 'withdraw'));
    const row = rows[move.row % Math.max(1, rows.length)];
    const able = this.#members.filter(
      (member) => row !== undefined && this.#model.roles(found, member.id).includes(row.by),
    );
    const member = able[move.member % Math.max(1, able.length)];
    return row && row.action !== 'file' && member ? { action: row.action, member } : undefined;
  }

  #member(number: number): TestMember {
    const found = this.#members[number % this.#members.length];
    if (!found) throw new Error('no member');
    return found;
  }

  /** All that can be read is as the model says. */
  async compare(): Promise<void> {
    const { cases } = this.#docket;
    expect(Number(await cases.caseCount())).to.equal(this.#model.cases.length);
    for (const [index, expected] of this.#model.cases.entries()) {
      const shown = await cases.caseOf(index + 1);
      expect({
        caseType: Number(shown.caseType),
        state: caseStateName(shown.state),
        registerId: shown.registerId,
        source: shown.source,
        filedBy: shown.filedBy,
        filedDay: Number(shown.filedDay),
        dueDay: Number(shown.dueDay),
        overdue: shown.overdue,
      }).to.deep.equal(
        {
          caseType: caseTypeNumber(expected.caseType),
          state: expected.state,
          registerId: expected.registerId,
          source: expected.source,
          filedBy: expected.filedBy,
          filedDay: expected.filedDay,
          dueDay: expected.dueDay,
          overdue: expected.overdue,
        },
        `case ${index + 1}`,
      );
    }
    for (const registerId of [1n, 2n]) {
      expect(Number(await cases.overdueCount(registerId))).to.equal(
        this.#model.overdueCounts.get(registerId) ?? 0,
      );
    }
  }
}
