import { CATALOGUE } from './catalogue.ts';
import { addMonths, dateOfDay, type Day, dayOfDate } from './days.ts';
import type { Severity } from './entry.ts';
import { LedgerError, type Message } from './errors.ts';
import { REPAIR_RULES_DATA } from './repair-rules.data.ts';

/** Levels of the rules, from light to heavy. */
export const REPAIR_LEVELS = ['minor', 'general', 'serious', 'special'] as const;
export type RepairLevel = (typeof REPAIR_LEVELS)[number];

/** What an applicant must have shown before a record may be repaired. */
export const REPAIR_CONDITIONS = [
  'minimum-reached',
  'obligations-done',
  'public-promise',
  'training',
  'credit-report',
] as const;
export type RepairCondition = (typeof REPAIR_CONDITIONS)[number];

export type RuleSetId = '2019-527' | '2023-58' | '2026-36';

/** What of an adverse record the rules read: as in its entry, and what its source alone can say. */
export interface RecordFacts {
  /** Catalogue code of an adverse kind. */
  readonly kind: number;
  readonly domain: number;
  readonly severity: Severity;
  /** Day of the decision: every clock runs from it. */
  readonly decisionDay: Day;
  /** Last day of effect; OPEN_END for none. */
  readonly until: Day;
  /** The source states that a law names the conduct as not repairable: our data cannot show it. */
  readonly lawNamed?: boolean;
}

/** One level of a rule set. Periods are civil months from the decision day. */
export interface RuleLevel {
  readonly level: RepairLevel;
  readonly minimumMonths: number;
  readonly maximumMonths: number;
  readonly repairable: boolean;
  /** Whether a record of this level is published at all. */
  readonly shown: boolean;
  readonly conditions: readonly RepairCondition[];
  readonly confirmed: boolean;
}

/** Records of these kinds (and domains, when given) are at least of this level. */
export interface KindLevel {
  readonly kinds: readonly number[];
  readonly domains?: readonly number[];
  readonly level: RepairLevel;
  readonly confirmed: boolean;
  readonly note: Message;
}

/** The rules that are in force from a day until the next set. */
export interface RuleSet {
  readonly id: RuleSetId;
  readonly fromDay: Day;
  readonly name: Message;
  /** Number of the document. */
  readonly source: string;
  /** The level of a kind that no rule of `kindLevels` names. */
  readonly baseLevel: RepairLevel;
  readonly levels: readonly RuleLevel[];
  /** The level that a severity, as the source set it, makes at least. */
  readonly severityLevels: Readonly<Record<Severity, RepairLevel>> & {
    readonly confirmed: boolean;
    readonly note: Message;
  };
  readonly kindLevels: readonly KindLevel[];
  /** The level of what a law names as not repairable; null: the level does not change. */
  readonly lawNamedLevel: RepairLevel | null;
  readonly longerMinimums: readonly {
    readonly domains: readonly number[];
    readonly minimumMonths: number;
    readonly confirmed: boolean;
    readonly note: Message;
  }[];
  /** Kinds whose end another body decides. */
  readonly listings: readonly {
    readonly kinds: readonly number[];
    readonly confirmed: boolean;
    readonly note: Message;
  }[];
  /** What the rules ask for and our records cannot show, and the fact by which the source can state it. */
  readonly notInOurData: readonly {
    readonly text: Message;
    readonly statedBy: 'lawNamed' | null;
    readonly confirmed: boolean;
  }[];
  readonly notes: readonly { readonly text: Message; readonly confirmed: boolean }[];
}

/** What a rule set says about one record. */
export interface RepairTerms {
  readonly ruleSet: RuleSetId;
  readonly level: RepairLevel;
  /** Whether the record is published at all. */
  readonly shown: boolean;
  /** First day on which repair may be applied for; null: never. */
  readonly earliestRepairDay: Day | null;
  /** Last day of publicity; OPEN_END for a listing without end. */
  readonly publicUntilDay: Day;
  readonly conditions: readonly RepairCondition[];
  readonly reason: Message;
}

/** All rule sets, the oldest first. */
export const RULE_SETS: readonly RuleSet[] = REPAIR_RULES_DATA.sets.map(({ inForceFrom, ...set }) => ({
  ...set,
  fromDay: dayOfDate(inForceFrom),
}));

const ADVERSE_KINDS: ReadonlySet<number> = new Set(
  CATALOGUE.kinds.filter((kind) => kind.class === 1).map((kind) => kind.code),
);
const DOMAINS: ReadonlySet<number> = new Set(CATALOGUE.domains.map((domain) => domain.code));

/**
 * The rule set that is in force on a day: of the application for a repair, of the look for publicity.
 * @throws LedgerError RULES_NOT_COVERED for a day before the first set
 */
export function ruleSetOn(day: Day): RuleSet {
  const found = RULE_SETS.findLast((set) => set.fromDay <= day);
  if (found) return found;
  const first = REPAIR_RULES_DATA.sets[0].inForceFrom;
  throw new LedgerError(
    'RULES_NOT_COVERED',
    {
      en: `The ledger holds rules of repair from ${first} on; none cover this day.`,
      zh: `账本载有 ${first} 起施行的信用修复规则，该日期无适用规则。`,
    },
    { date: dateOfDay(day), firstDay: first },
  );
}

/**
 * What the rules say about one adverse record: its level, the first day for a repair, the last day of publicity.
 * A period of months ends on the day of the same number, or on the last day of a shorter month (Civil Code,
 * article 202); that day itself is the first for a repair, and the last of publicity.
 * @throws LedgerError RULES_KIND_NOT_ADVERSE, RULES_DOMAIN_UNKNOWN
 */
export function repairTerms(rules: RuleSet, facts: RecordFacts): RepairTerms {
  requireKnown(facts);
  const listing = rules.listings.find((entry) => entry.kinds.includes(facts.kind));
  const level = levelOf(rules, facts);
  const neverRepaired = !level.repairable || facts.lawNamed === true;
  const minimumMonths = Math.max(
    level.minimumMonths,
    ...rules.longerMinimums
      .filter((rule) => level.shown && rule.domains.includes(facts.domain))
      .map((rule) => rule.minimumMonths),
  );
  const earliestRepairDay = listing ? facts.decisionDay : addMonths(facts.decisionDay, minimumMonths);
  const publicUntilDay = listing
    ? (Math.max(facts.until, facts.decisionDay) as Day)
    : addMonths(facts.decisionDay, level.maximumMonths);
  return {
    ruleSet: rules.id,
    level: level.level,
    shown: level.shown,
    earliestRepairDay: neverRepaired ? null : earliestRepairDay,
    publicUntilDay,
    conditions: neverRepaired ? [] : listing ? ['obligations-done'] : level.conditions,
    reason: reasonOf(rules, level, minimumMonths, { listing: listing?.note, neverRepaired }),
  };
}

/**
 * The terms of one decision with several kinds: of each figure the longest; never repairable when one part is not.
 * @throws LedgerError as repairTerms; RULES_WITHOUT_FACTS for none
 */
export function repairTermsOfSeveral(rules: RuleSet, several: readonly RecordFacts[]): RepairTerms {
  const terms = several.map((facts) => repairTerms(rules, facts));
  const [first, ...others] = terms;
  if (!first) {
    throw new LedgerError('RULES_WITHOUT_FACTS', {
      en: 'Terms need the facts of at least one record.',
      zh: '计算修复期限至少需要一条记录的事实。',
    });
  }
  return others.reduce((longest, next) => {
    const heavier = rank(next.level) > rank(longest.level) ? next : longest;
    const conditions = new Set([...longest.conditions, ...next.conditions]);
    const never = longest.earliestRepairDay === null || next.earliestRepairDay === null;
    return {
      ...heavier,
      shown: longest.shown || next.shown,
      earliestRepairDay: never ? null : (Math.max(longest.earliestRepairDay, next.earliestRepairDay) as Day),
      publicUntilDay: Math.max(longest.publicUntilDay, next.publicUntilDay) as Day,
      conditions: never ? [] : REPAIR_CONDITIONS.filter((condition) => conditions.has(condition)),
    };
  }, first);
}

const rank = (level: RepairLevel): number => REPAIR_LEVELS.indexOf(level);

function levelOf(rules: RuleSet, facts: RecordFacts): RuleLevel {
  const byKind = rules.kindLevels.find(
    (rule) => rule.kinds.includes(facts.kind) && (rule.domains?.includes(facts.domain) ?? true),
  );
  const byLaw = facts.lawNamed === true ? rules.lawNamedLevel : null;
  const levels = [byKind?.level ?? rules.baseLevel, rules.severityLevels[facts.severity], byLaw ?? 'minor'];
  const name = levels.reduce((heaviest, level) => (rank(level) > rank(heaviest) ? level : heaviest));
  const found = rules.levels.find((level) => level.level === name);
  if (!found) throw new Error(`rule set ${rules.id} has no level ${name}`);
  return found;
}

function requireKnown(facts: RecordFacts): void {
  if (!ADVERSE_KINDS.has(facts.kind)) {
    throw new LedgerError(
      'RULES_KIND_NOT_ADVERSE',
      {
        en: 'Rules of repair cover adverse records only; this kind is none.',
        zh: '信用修复规则仅适用于不良信息，该种类不属于不良信息。',
      },
      { kind: facts.kind },
    );
  }
  if (!DOMAINS.has(facts.domain)) {
    throw new LedgerError(
      'RULES_DOMAIN_UNKNOWN',
      { en: 'The catalogue has no such area of regulation.', zh: '目录中没有该监管领域。' },
      { domain: facts.domain },
    );
  }
}

/** Names of the levels for people. */
export const REPAIR_LEVEL_NAMES: Readonly<Record<RepairLevel, Message>> = {
  minor: { en: 'minor', zh: '轻微' },
  general: { en: 'general', zh: '一般' },
  serious: { en: 'serious', zh: '严重' },
  special: { en: 'specially serious', zh: '特定严重' },
};

function reasonOf(
  rules: RuleSet,
  level: RuleLevel,
  minimumMonths: number,
  why: { readonly listing: Message | undefined; readonly neverRepaired: boolean },
): Message {
  const name = REPAIR_LEVEL_NAMES[level.level];
  const most = level.maximumMonths;
  const shown = level.shown
    ? { en: 'shown', zh: '公示' }
    : { en: 'not shown as a rule', zh: '原则上不予公示' };
  const period = why.listing ?? {
    en: `${shown.en}; publicity ends ${most} months after the decision`,
    zh: `${shown.zh}；公示至决定之日起满${most}个月`,
  };
  const repair = why.neverRepaired
    ? { en: 'not repairable', zh: '不可修复' }
    : why.listing
      ? { en: 'repair follows the listing body’s decision', zh: '修复以列入机关的移出决定为准' }
      : {
          en: `repair from ${minimumMonths} months after the decision`,
          zh: `决定之日起满${minimumMonths}个月可申请修复`,
        };
  return {
    en: `${rules.source}: ${name.en}; ${period.en.replace(/\.$/, '')}; ${repair.en}.`,
    zh: `${rules.source}：${name.zh}；${period.zh.replace(/。$/, '')}；${repair.zh}。`,
  };
}
