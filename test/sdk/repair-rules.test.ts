import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  addMonths,
  CATALOGUE,
  type Day,
  dateOfDay,
  dayOfDate,
  isLedgerError,
  OPEN_END,
  REPAIR_LEVELS,
  type RecordFacts,
  repairTerms,
  repairTermsOfSeveral,
  RULE_SETS,
  type RuleSet,
  type RuleSetId,
  ruleSetOn,
  type Severity,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import fc from 'fast-check';

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isLedgerError(error)) return error.code;
    throw error;
  }
  return 'nothing was refused';
}

function rules(id: RuleSetId): RuleSet {
  const found = RULE_SETS.find((set) => set.id === id);
  if (!found) throw new Error(`no rule set ${id}`);
  return found;
}

function facts(
  kind: number,
  severity: number,
  decided: string,
  more: Partial<RecordFacts> = {},
): RecordFacts {
  return {
    kind,
    domain: 3,
    severity: severity as Severity,
    decisionDay: dayOfDate(decided),
    until: OPEN_END,
    ...more,
  };
}

/** One line of a table: earliest repair (or never), last day of publicity, level, whether shown. */
function line(set: RuleSet, given: RecordFacts): string {
  const terms = repairTerms(set, given);
  const repair = terms.earliestRepairDay === null ? 'never' : dateOfDay(terms.earliestRepairDay);
  const end = terms.publicUntilDay === OPEN_END ? 'open' : dateOfDay(terms.publicUntilDay);
  return `${terms.level} ${terms.shown ? 'shown' : 'hidden'} ${repair} ${end}`;
}

const FINE = 3;
const [WARNING, CRITICISM, REVOKED, RESTRICTED, STOPPED, BAN] = [1, 2, 6, 7, 8, 9];
const [ABNORMAL, SEVERE_LIST, JUDGMENT, BROKEN, OVERDUE] = [12, 13, 14, 15, 16];
const [ECOLOGY, TRANSPORT, FOOD, SAFETY, FIRE, CONSTRUCTION] = [2, 3, 4, 5, 6, 7];

type Case = readonly [kind: number, domain: number, severity: number, decided: string, expected: string];

const CASES: Readonly<Record<RuleSetId, readonly Case[]>> = {
  '2019-527': [
    [FINE, TRANSPORT, 0, '2020-01-15', 'general shown 2020-04-15 2021-01-15'],
    [FINE, TRANSPORT, 1, '2020-01-15', 'general shown 2020-04-15 2021-01-15'],
    [FINE, TRANSPORT, 2, '2020-01-15', 'serious shown 2020-07-15 2023-01-15'],
    [FINE, TRANSPORT, 3, '2020-01-15', 'serious shown 2020-07-15 2023-01-15'],
    [WARNING, TRANSPORT, 1, '2020-01-15', 'general shown 2020-04-15 2021-01-15'],
    [FINE, TRANSPORT, 1, '2020-02-29', 'general shown 2020-05-29 2021-02-28'],
    [FINE, TRANSPORT, 1, '2019-11-30', 'general shown 2020-02-29 2020-11-30'],
    [FINE, TRANSPORT, 3, '2019-08-31', 'serious shown 2020-02-29 2022-08-31'],
    [STOPPED, FOOD, 3, '2020-01-15', 'special shown never 2023-01-15'],
    [REVOKED, ECOLOGY, 1, '2020-01-15', 'special shown never 2023-01-15'],
    [REVOKED, CONSTRUCTION, 3, '2020-01-15', 'special shown never 2023-01-15'],
    [STOPPED, SAFETY, 3, '2020-02-29', 'special shown never 2023-02-28'],
    [STOPPED, FIRE, 3, '2020-01-15', 'special shown never 2023-01-15'],
    [STOPPED, TRANSPORT, 3, '2020-01-15', 'serious shown 2020-07-15 2023-01-15'],
    [SEVERE_LIST, TRANSPORT, 3, '2020-01-15', 'serious shown 2020-01-15 open'],
    [BROKEN, TRANSPORT, 2, '2020-01-15', 'serious shown 2020-07-15 2023-01-15'],
  ],
  '2023-58': [
    [WARNING, TRANSPORT, 1, '2024-01-15', 'minor hidden 2024-01-15 2027-01-15'],
    [CRITICISM, TRANSPORT, 3, '2024-01-15', 'minor hidden 2024-01-15 2027-01-15'],
    [WARNING, FOOD, 1, '2024-01-15', 'minor hidden 2024-01-15 2027-01-15'],
    [FINE, TRANSPORT, 0, '2024-01-15', 'general shown 2024-04-15 2027-01-15'],
    [FINE, TRANSPORT, 3, '2024-01-15', 'general shown 2024-04-15 2027-01-15'],
    [FINE, FOOD, 1, '2024-01-15', 'general shown 2025-01-15 2027-01-15'],
    [FINE, SAFETY, 1, '2024-01-15', 'general shown 2025-01-15 2027-01-15'],
    [REVOKED, FIRE, 3, '2024-02-29', 'general shown 2025-02-28 2027-02-28'],
    [REVOKED, ECOLOGY, 3, '2024-01-15', 'general shown 2024-04-15 2027-01-15'],
    [ABNORMAL, TRANSPORT, 1, '2024-01-15', 'general shown 2024-01-15 open'],
    [JUDGMENT, TRANSPORT, 3, '2024-01-15', 'general shown 2024-01-15 open'],
    [OVERDUE, TRANSPORT, 1, '2023-11-30', 'general shown 2024-02-29 2026-11-30'],
  ],
  '2026-36': [
    [WARNING, TRANSPORT, 1, '2026-04-20', 'minor hidden 2026-04-20 2026-07-20'],
    [CRITICISM, TRANSPORT, 0, '2026-04-20', 'minor hidden 2026-04-20 2026-07-20'],
    [WARNING, TRANSPORT, 3, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [FINE, TRANSPORT, 0, '2026-04-20', 'general shown 2026-07-20 2027-04-20'],
    [FINE, TRANSPORT, 1, '2026-04-20', 'general shown 2026-07-20 2027-04-20'],
    [FINE, TRANSPORT, 2, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [FINE, TRANSPORT, 3, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [FINE, FOOD, 1, '2026-04-20', 'general shown 2026-07-20 2027-04-20'],
    [REVOKED, TRANSPORT, 1, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [RESTRICTED, TRANSPORT, 1, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [STOPPED, FOOD, 3, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [BAN, TRANSPORT, 1, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [SEVERE_LIST, TRANSPORT, 3, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [ABNORMAL, TRANSPORT, 1, '2026-04-20', 'general shown 2026-04-20 open'],
    [BROKEN, TRANSPORT, 1, '2026-04-20', 'general shown 2026-07-20 2027-04-20'],
    [OVERDUE, TRANSPORT, 2, '2026-04-20', 'serious shown 2027-04-20 2029-04-20'],
    [FINE, TRANSPORT, 1, '2026-08-31', 'general shown 2026-11-30 2027-08-31'],
    [FINE, TRANSPORT, 3, '2028-02-29', 'serious shown 2029-02-28 2031-02-28'],
    [FINE, TRANSPORT, 1, '2023-06-10', 'general shown 2023-09-10 2024-06-10'],
  ],
};

describe('the rules of repair and publicity', function () {
  this.timeout(30_000);

  it('govern by the day on which somebody applies or looks, each set until the day before the next', () => {
    for (const [date, id] of [
      ['2019-07-01', '2019-527'],
      ['2023-04-30', '2019-527'],
      ['2023-05-01', '2023-58'],
      ['2026-03-31', '2023-58'],
      ['2026-04-01', '2026-36'],
      ['2031-01-01', '2026-36'],
    ] as const)
      expect(ruleSetOn(dayOfDate(date)).id, date).to.equal(id);
    expect(codeOf(() => ruleSetOn(dayOfDate('2019-06-30')))).to.equal('RULES_NOT_COVERED');
  });

  for (const [id, cases] of Object.entries(CASES) as [RuleSetId, readonly Case[]][]) {
    describe(`of ${id}: level, shown or hidden, first day of repair or never, last day of publicity`, () => {
      for (const [kind, domain, severity, decided, expected] of cases)
        it(`kind ${kind}, domain ${domain}, severity ${severity}, decided ${decided}: ${expected}`, () => {
          expect(line(rules(id), facts(kind, severity, decided, { domain }))).to.equal(expected);
        });
    });
  }

  it('never let a record be repaired whose source states that a law names it', () => {
    const named = { lawNamed: true };
    for (const [id, expected] of [
      ['2019-527', 'special shown never 2029-04-20'],
      ['2023-58', 'general shown never 2029-04-20'],
      ['2026-36', 'general shown never 2027-04-20'],
    ] as const)
      expect(line(rules(id), facts(FINE, 1, '2026-04-20', named)), id).to.equal(expected);
  });

  it('ask for training and a credit report only for what 2019 calls serious', () => {
    const plain = ['minimum-reached', 'obligations-done', 'public-promise'];
    const of = (id: RuleSetId, severity: number): readonly string[] =>
      repairTerms(rules(id), facts(FINE, severity, '2026-04-20')).conditions;
    expect(of('2019-527', 1)).to.deep.equal(plain);
    expect(of('2019-527', 3)).to.deep.equal([...plain, 'training', 'credit-report']);
    expect(of('2023-58', 3)).to.deep.equal(plain);
    expect(of('2026-36', 3)).to.deep.equal(plain);
  });

  it('let a listing end with its own last day, whatever the level', () => {
    const until = dayOfDate('2027-02-03');
    for (const set of RULE_SETS)
      expect(repairTerms(set, facts(ABNORMAL, 1, '2026-04-20', { until })).publicUntilDay, set.id).to.equal(
        until,
      );
  });

  it('take the longest when a decision has several kinds', () => {
    const both = [facts(FINE, 1, '2026-04-20'), facts(REVOKED, 1, '2026-04-20')];
    const terms = repairTermsOfSeveral(rules('2026-36'), both);
    expect(terms).to.include({ level: 'serious', shown: true });
    expect(terms.earliestRepairDay).to.equal(dayOfDate('2027-04-20'));
    expect(terms.publicUntilDay).to.equal(dayOfDate('2029-04-20'));
    const withBan = [facts(FINE, 1, '2020-01-15'), facts(STOPPED, 1, '2020-01-15', { domain: FOOD })];
    expect(repairTermsOfSeveral(rules('2019-527'), withBan)).to.include({
      earliestRepairDay: null,
      level: 'special',
    });
    expect(codeOf(() => repairTermsOfSeveral(rules('2026-36'), []))).to.equal('RULES_WITHOUT_FACTS');
  });

  it('refuse what is no adverse record, and an area that the catalogue does not have', () => {
    for (const kind of [0, 24, 40, 46, 63])
      expect(codeOf(() => repairTerms(rules('2026-36'), facts(kind, 1, '2026-04-20')))).to.equal(
        'RULES_KIND_NOT_ADVERSE',
      );
    const domain = 16;
    expect(codeOf(() => repairTerms(rules('2026-36'), facts(FINE, 1, '2026-04-20', { domain })))).to.equal(
      'RULES_DOMAIN_UNKNOWN',
    );
  });

  it('count months on the civil calendar, a shorter month ends on its last day', () => {
    for (const [from, months, to] of [
      ['2024-02-29', 12, '2025-02-28'],
      ['2024-02-29', 48, '2028-02-29'],
      ['2025-12-31', 2, '2026-02-28'],
      ['2027-12-31', 2, '2028-02-29'],
      ['2026-03-31', 1, '2026-04-30'],
      ['2026-01-30', 0, '2026-01-30'],
      ['2026-11-30', 3, '2027-02-28'],
    ] as const)
      expect(dateOfDay(addMonths(dayOfDate(from), months)), `${from} + ${months}`).to.equal(to);
    expect(addMonths(OPEN_END, 36)).to.equal(OPEN_END);
  });

  it('say what they are in both languages, each level and mark of confirmation stated', () => {
    for (const set of RULE_SETS) {
      expect(set.name.zh).to.match(/[\u4e00-\u9fff]/);
      for (const level of set.levels) expect(level.minimumMonths).to.be.at.most(level.maximumMonths);
      for (const marked of [
        ...set.levels,
        set.severityLevels,
        ...set.kindLevels,
        ...set.listings,
        ...set.notInOurData,
      ])
        expect(marked.confirmed).to.be.a('boolean');
      const reason = repairTerms(set, facts(FINE, 1, '2026-04-20')).reason;
      expect(reason.en).to.contain(set.source);
      expect(reason.zh).to.contain(set.source);
    }
  });

  describe('for every record', () => {
    const anyFacts = fc.record({
      kind: fc.constantFrom(...CATALOGUE.kinds.filter((kind) => kind.class === 1).map((kind) => kind.code)),
      domain: fc.nat(15),
      severity: fc.constantFrom<Severity>(0, 1, 2, 3),
      decisionDay: fc.nat(OPEN_END) as fc.Arbitrary<Day>,
      until: fc.nat(OPEN_END) as fc.Arbitrary<Day>,
      lawNamed: fc.boolean(),
    });
    const anySet = fc.constantFrom(...RULE_SETS);

    it('publicity has a last day, and no repair begins after it or before the decision', () => {
      fc.assert(
        fc.property(anySet, anyFacts, (set, given) => {
          const { earliestRepairDay: earliest, publicUntilDay: end } = repairTerms(set, given);
          expect(Number.isSafeInteger(end)).to.equal(true);
          expect(end).to.be.at.least(given.decisionDay);
          if (earliest !== null) {
            expect(earliest).to.be.at.most(end);
            expect(earliest).to.be.at.least(given.decisionDay);
          }
        }),
      );
    });

    it('a later decision is repaired and ends no earlier', () => {
      fc.assert(
        fc.property(anySet, anyFacts, fc.nat(2_000), (set, given, days) => {
          const later = Math.min(given.decisionDay + days, OPEN_END) as Day;
          const [one, two] = [repairTerms(set, given), repairTerms(set, { ...given, decisionDay: later })];
          expect(two.publicUntilDay).to.be.at.least(one.publicUntilDay);
          if (one.earliestRepairDay === null) expect(two.earliestRepairDay).to.equal(null);
          else expect(two.earliestRepairDay).to.be.at.least(one.earliestRepairDay);
        }),
      );
    });

    it('a graver label of the source never shortens anything', () => {
      fc.assert(
        fc.property(anySet, anyFacts, (set, given) => {
          if (given.severity === 3) return;
          const graver = repairTerms(set, { ...given, severity: (given.severity + 1) as Severity });
          const terms = repairTerms(set, given);
          expect(REPAIR_LEVELS.indexOf(graver.level)).to.be.at.least(REPAIR_LEVELS.indexOf(terms.level));
          expect(graver.publicUntilDay).to.be.at.least(terms.publicUntilDay);
          if (terms.earliestRepairDay === null) expect(graver.earliestRepairDay).to.equal(null);
        }),
      );
    });

    it('several facts together have the longest terms of any', () => {
      fc.assert(
        fc.property(anySet, fc.array(anyFacts, { minLength: 1, maxLength: 5 }), (set, several) => {
          const each = several.map((given) => repairTerms(set, given));
          const terms = repairTermsOfSeveral(set, several);
          expect(terms.publicUntilDay).to.equal(Math.max(...each.map((one) => one.publicUntilDay)));
          const days = each.map((one) => one.earliestRepairDay);
          expect(terms.earliestRepairDay).to.equal(
            days.includes(null) ? null : Math.max(...days.map(Number)),
          );
        }),
      );
    });
  });

  it('stand in the documentation as the program has them', () => {
    const script = fileURLToPath(new URL('../../scripts/make-rules.ts', import.meta.url));
    execFileSync(process.execPath, ['--conditions=source', script, '--check'], { stdio: 'pipe' });
  });
});
