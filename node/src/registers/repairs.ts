import {
  dateOfDay,
  type Day,
  LedgerError,
  LEDGER_CLASS,
  REPAIR_CONDITIONS,
  type RepairCondition,
  type RepairTerms,
  repairTerms,
  ruleSetOn,
} from '@credit-ledger/sdk/protocol';
import type { RegisterRecord } from './entry-maker.ts';
import { registerError } from './errors.ts';

/** What of a record the rules of repair read. */
export type RepairableFacts = Pick<
  RegisterRecord,
  'class' | 'kind' | 'domain' | 'severity' | 'day' | 'until'
>;

/** Whether a record may be repaired; when not, why not and by which rule. */
export type RepairVerdict =
  | { readonly refusal: null; readonly terms: RepairTerms }
  /** Only adverse records are repaired: there are no rules about others. */
  | { readonly refusal: 'not-adverse' }
  | { readonly refusal: 'never'; readonly terms: RepairTerms }
  | { readonly refusal: 'too-early'; readonly terms: RepairTerms; readonly earliestDay: Day }
  | {
      readonly refusal: 'conditions';
      readonly terms: RepairTerms;
      readonly missing: readonly RepairCondition[];
    };

/**
 * Judges a repair by the rule set in force on the day of the application. The shortest period is
 * computed; every other condition counts as met only when somebody says so.
 * @throws LedgerError RULES_NOT_COVERED, RULES_KIND_NOT_ADVERSE, RULES_DOMAIN_UNKNOWN
 */
export function judgeRepair(
  record: RepairableFacts,
  appliedDay: Day,
  conditionsMet: readonly RepairCondition[],
): RepairVerdict {
  if (record.class !== LEDGER_CLASS.adverse) return { refusal: 'not-adverse' };
  const terms = repairTerms(ruleSetOn(appliedDay), {
    kind: record.kind,
    domain: record.domain,
    severity: record.severity,
    decisionDay: record.day as Day,
    until: record.until as Day,
  });
  if (terms.earliestRepairDay === null) return { refusal: 'never', terms };
  if (appliedDay < terms.earliestRepairDay) {
    return { refusal: 'too-early', terms, earliestDay: terms.earliestRepairDay };
  }
  const missing = REPAIR_CONDITIONS.filter(
    (condition) =>
      condition !== 'minimum-reached' &&
      terms.conditions.includes(condition) &&
      !conditionsMet.includes(condition),
  );
  return missing.length === 0 ? { refusal: null, terms } : { refusal: 'conditions', terms, missing };
}

/**
 * The terms under which a record is repaired.
 * @throws LedgerError OPERATION_NOT_REPAIRABLE, OPERATION_REPAIR_TOO_EARLY, OPERATION_CONDITIONS_MISSING, RULES_*
 */
export function requireRepairable(
  record: RepairableFacts & Pick<RegisterRecord, 'id'>,
  appliedDay: Day,
  conditionsMet: readonly RepairCondition[],
): RepairTerms | undefined {
  const verdict = judgeRepair(record, appliedDay, conditionsMet);
  const operands = { recordId: record.id };
  switch (verdict.refusal) {
    case null:
      return verdict.terms;
    case 'not-adverse':
      throw registerError('OPERATION_NOT_REPAIRABLE', operands);
    case 'never': {
      const { reason, ruleSet } = verdict.terms;
      throw new LedgerError(
        'OPERATION_NOT_REPAIRABLE',
        { en: `This record cannot be repaired. ${reason.en}`, zh: `该记录不可修复。${reason.zh}` },
        { ...operands, ruleSet, reason: reason.en, reasonZh: reason.zh },
      );
    }
    case 'too-early': {
      const earliest = dateOfDay(verdict.earliestDay);
      throw new LedgerError(
        'OPERATION_REPAIR_TOO_EARLY',
        {
          en: `This record can be repaired from ${earliest} on. ${verdict.terms.reason.en}`,
          zh: `该记录自 ${earliest} 起方可修复。${verdict.terms.reason.zh}`,
        },
        { ...operands, earliestDate: earliest, ruleSet: verdict.terms.ruleSet },
      );
    }
    case 'conditions':
      throw new LedgerError(
        'OPERATION_CONDITIONS_MISSING',
        {
          en: `It is not stated that these conditions are met: ${verdict.missing.join(', ')}. ${verdict.terms.reason.en}`,
          zh: `未说明以下条件已满足：${verdict.missing.map((each) => CONDITION_NAMES[each]).join('、')}。${verdict.terms.reason.zh}`,
        },
        { ...operands, missing: [...verdict.missing], ruleSet: verdict.terms.ruleSet },
      );
  }
}

/** Conditions in the words of the rules. */
export const CONDITION_NAMES: Readonly<Record<RepairCondition, string>> = {
  'minimum-reached': '达到最短公示期限',
  'obligations-done': '已履行义务、纠正失信行为',
  'public-promise': '公开作出信用承诺',
  training: '参加信用修复培训',
  'credit-report': '提交信用报告',
};
