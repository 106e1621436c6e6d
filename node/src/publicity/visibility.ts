import {
  addMonths,
  dayOfDate,
  type Day,
  isLedgerError,
  OP,
  OPEN_END,
  repairTerms,
  type RuleSet,
  ruleSetOn,
  unpackEntry,
} from '@credit-ledger/sdk/protocol';
import type { PublicityRow, WithholdingRow } from '../store/publicity.ts';
import type { StoredRecord } from '../store/records.ts';
import { PUBLIC_FIELDS } from './public-fields.data.ts';

/** Why the public does not see a record. */
export type HiddenBecause =
  | 'class-not-public'
  | 'not-asked-for'
  | 'not-anchored'
  | 'withheld'
  | 'revoked'
  | 'repaired'
  | 'rules-do-not-show'
  | 'ended';

/** Whether the public sees a record on a day. */
export type Visibility =
  | { readonly visible: true; readonly publicUntilDay: Day; readonly disputed: boolean }
  | {
      readonly visible: false;
      readonly because: HiddenBecause;
      /** Last day of publicity, where there is one. */
      readonly publicUntilDay: Day | null;
    };

/** Whether a record is its subject's own statement. */
export function isSelfDeclared(record: Pick<StoredRecord, 'class' | 'kind'>): boolean {
  return record.class === 3 && (PUBLIC_FIELDS.selfDeclared.kinds as readonly number[]).includes(record.kind);
}

/**
 * Whether the public sees a record, looking on `today`: by the rules in force on that day, and by what has
 * happened to the record up to it.
 * @throws LedgerError RULES_NOT_COVERED for a day before the first rules
 */
export function visibilityOf(row: PublicityRow, today: Day): Visibility {
  const { record } = row;
  const until = publicUntil(record, today);
  const hidden = (because: HiddenBecause): Visibility => ({
    visible: false,
    because,
    publicUntilDay: until.day,
  });
  if (record.class === 3) {
    if (!isSelfDeclared(record)) return hidden('class-not-public');
    if (!isAskedFor(record)) return hidden('not-asked-for');
  }
  const happened = row.laterEntries
    .map(({ op, packed }) => ({ op, day: unpackEntry(packed).day }))
    .filter(({ op, day }) => op === OP.REVOKE || day <= today);
  if (happened.some(({ op }) => op === OP.REVOKE)) return hidden('revoked');
  if (happened.some(({ op }) => op === OP.REPAIR)) return hidden('repaired');
  if (isWithheld(row.withholdings)) return hidden('withheld');
  if (!until.shown) return hidden('rules-do-not-show');
  if (until.day < today) return hidden('ended');
  if (row.anchoredAt === null) return hidden('not-anchored');
  const lastOfDispute = happened.filter(({ op }) => op === OP.DISPUTE || op === OP.SETTLE).at(-1);
  return { visible: true, publicUntilDay: until.day, disputed: lastOfDispute?.op === OP.DISPUTE };
}

/** Whether the last word in the log keeps the record out. */
export function isWithheld(withholdings: readonly WithholdingRow[]): boolean {
  return withholdings.at(-1)?.action === 'withhold';
}

/** The rules under which a record had to be published: of its decision's day, or the first there were. */
export function rulesOfDecision(day: Day): RuleSet {
  try {
    return ruleSetOn(day);
  } catch (error) {
    if (!isLedgerError(error, 'RULES_NOT_COVERED')) throw error;
    return ruleSetOn(dayOfDate(String(error.operands['firstDay'])));
  }
}

/** Whether rules show records of this kind at all; permits always are. */
export function isShownBy(
  rules: RuleSet,
  record: Pick<StoredRecord, 'class' | 'kind' | 'domain' | 'severity' | 'day'>,
): boolean {
  if (record.class === 2) return true;
  if (record.class !== 1) return false;
  return termsOf(rules, record).shown;
}

function termsOf(
  rules: RuleSet,
  record: Pick<StoredRecord, 'kind' | 'domain' | 'severity' | 'day'>,
  until = OPEN_END,
): ReturnType<typeof repairTerms> {
  const { kind, domain, severity, day } = record;
  return repairTerms(rules, { kind, domain, severity, decisionDay: day as Day, until });
}

function publicUntil(record: StoredRecord, today: Day): { readonly day: Day; readonly shown: boolean } {
  const until = record.until as Day;
  const terms = record.class === 1 ? termsOf(ruleSetOn(today), record, until) : undefined;
  const day = Math.min(terms?.publicUntilDay ?? until, ownLastDay(record) ?? OPEN_END) as Day;
  return { day, shown: terms?.shown ?? true };
}

/** The last day of publicity that the source itself gave: 公示截止期, or the term of the template of 2015. */
function ownLastDay(record: StoredRecord): Day | undefined {
  const value = (name: string): string =>
    record.fields.find((field) => field.name === name)?.value.trim() ?? '';
  const date = value('publicUntil');
  if (/^\d{4}-\d{2}-\d{2}$/.test(date)) return dayOfDate(date);
  const years = /^([13一三])\s*年?$/u.exec(value('publicTerm'))?.[1];
  if (years === undefined) return undefined;
  return addMonths(record.day as Day, years === '1' || years === '一' ? 12 : 36);
}

function isAskedFor(record: StoredRecord): boolean {
  const { askedField, askedValue } = PUBLIC_FIELDS.selfDeclared;
  return record.fields.some(({ name, value }) => name === askedField && value === askedValue);
}
