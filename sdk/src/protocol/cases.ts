import type { Message } from './errors.ts';

/** What a case may be, in the contract's order. */
export const CASE_TYPES = ['none', 'dispute', 'repair'] as const;
/** The type of a case that is there. */
export type CaseType = Exclude<(typeof CASE_TYPES)[number], 'none'>;

/** The types as people read them. */
export const CASE_TYPE_NAMES: Readonly<Record<CaseType, Message>> = {
  dispute: { en: 'dispute', zh: '异议' },
  repair: { en: 'repair', zh: '信用修复' },
};

/** Where a case may stand, in the contract's order. */
export const CASE_STATES = [
  'none',
  'filed',
  'received',
  'upheld',
  'corrected',
  'revoked',
  'denied',
  'granted',
  'carried-out',
  'dismissed',
  'withdrawn',
] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** The states as people read them. */
export const CASE_STATE_NAMES: Readonly<Record<CaseState, Message>> = {
  none: { en: 'not filed', zh: '未提交' },
  filed: { en: 'filed', zh: '已提交' },
  received: { en: 'received', zh: '已受理' },
  upheld: { en: 'record upheld', zh: '维持原记录' },
  corrected: { en: 'corrected', zh: '已更正' },
  revoked: { en: 'revoked', zh: '已撤销' },
  denied: { en: 'repair denied', zh: '不予修复' },
  granted: { en: 'repair granted, not carried out yet', zh: '准予修复，尚未执行' },
  'carried-out': { en: 'repair carried out', zh: '修复已执行' },
  dismissed: { en: 'dismissed', zh: '已驳回' },
  withdrawn: { en: 'withdrawn', zh: '已撤回' },
};

/** Every step of a case. The decisions share two functions of the contract: `decideDispute` and `decideRepair`. */
export const CASE_ACTIONS = [
  'file',
  'acknowledge',
  'uphold',
  'correct',
  'revoke',
  'grant',
  'deny',
  'carry-out',
  'dismiss',
  'withdraw',
  'mark-overdue',
] as const;
export type CaseAction = (typeof CASE_ACTIONS)[number];

/** The steps as people read them. */
export const CASE_ACTION_NAMES: Readonly<Record<CaseAction, Message>> = {
  file: { en: 'file', zh: '提交' },
  acknowledge: { en: 'acknowledge', zh: '受理' },
  uphold: { en: 'uphold', zh: '维持' },
  correct: { en: 'correct', zh: '更正' },
  revoke: { en: 'revoke', zh: '撤销' },
  grant: { en: 'grant', zh: '准予' },
  deny: { en: 'deny', zh: '不予' },
  'carry-out': { en: 'carry out', zh: '执行' },
  dismiss: { en: 'dismiss', zh: '驳回' },
  withdraw: { en: 'withdraw', zh: '撤回' },
  'mark-overdue': { en: 'mark as overdue (once its day has passed)', zh: '标记超期（期限届满后）' },
};

/**
 * Who takes a step: any member; the source, which owns the register; its superior, whom the council named; the member
 * that filed the case; anyone at all.
 */
export type CaseActor = 'member' | 'source' | 'superior' | 'filer' | 'anyone';

/** One step that the contract allows. */
export interface CaseTransition {
  readonly caseType: CaseType;
  readonly action: CaseAction;
  readonly from: CaseState;
  readonly to: CaseState;
  readonly by: CaseActor;
}

type Step = readonly [action: CaseAction, from: CaseState, to: CaseState, by: CaseActor];

const COMMON: readonly Step[] = [
  ['file', 'none', 'filed', 'member'],
  ['acknowledge', 'filed', 'received', 'source'],
  ['dismiss', 'filed', 'dismissed', 'source'],
  ['dismiss', 'received', 'dismissed', 'source'],
  ['withdraw', 'filed', 'withdrawn', 'filer'],
  ['withdraw', 'received', 'withdrawn', 'filer'],
  ['mark-overdue', 'filed', 'filed', 'anyone'],
  ['mark-overdue', 'received', 'received', 'anyone'],
];

const DISPUTE: readonly Step[] = [
  ['uphold', 'received', 'upheld', 'source'],
  ['correct', 'received', 'corrected', 'source'],
  ['revoke', 'received', 'revoked', 'source'],
];

const REPAIR: readonly Step[] = [
  ['deny', 'received', 'denied', 'source'],
  ['deny', 'received', 'denied', 'superior'],
  ['grant', 'received', 'carried-out', 'source'],
  ['grant', 'received', 'granted', 'superior'],
  ['carry-out', 'granted', 'carried-out', 'source'],
  ['mark-overdue', 'granted', 'granted', 'anyone'],
];

const stepsOf = (caseType: CaseType, steps: readonly Step[]): CaseTransition[] =>
  steps.map(([action, from, to, by]) => ({ caseType, action, from, to, by }));

/** Every step that the contract allows, and no other: the contract is tested against this table. */
export const CASE_TRANSITIONS: readonly CaseTransition[] = [
  ...stepsOf('dispute', [...COMMON, ...DISPUTE]),
  ...stepsOf('repair', [...COMMON, ...REPAIR]),
];

/** Where a step leads; undefined when the contract would refuse it. */
export function caseStateAfter(
  caseType: CaseType,
  action: CaseAction,
  from: CaseState,
  by: CaseActor,
): CaseState | undefined {
  return CASE_TRANSITIONS.find(
    (step) => step.caseType === caseType && step.action === action && step.from === from && step.by === by,
  )?.to;
}

/** Whether somebody still has to act. */
export function isCaseOpen(state: CaseState): boolean {
  return state === 'filed' || state === 'received' || state === 'granted';
}

/** Why a case was dismissed, as the contract numbers it. The last three are for repairs only. */
export const DISMISSAL = {
  ENTRY_UNKNOWN: 1,
  NOT_THE_SUBJECTS: 2,
  NOT_DELIVERED: 3,
  MALFORMED: 4,
  ALREADY_OPEN: 5,
  NOT_REPAIRABLE: 6,
  TOO_EARLY: 7,
  CONDITIONS_NOT_MET: 8,
} as const;
export type DismissalName = keyof typeof DISMISSAL;
export type DismissalCode = (typeof DISMISSAL)[DismissalName];

/** What a person is told. */
export const DISMISSAL_NAMES: Readonly<Record<DismissalName, Message>> = {
  ENTRY_UNKNOWN: { en: 'The register holds no such entry.', zh: '登记册中没有该条目。' },
  NOT_THE_SUBJECTS: { en: 'The entry is about another subject.', zh: '该条目不属于该主体。' },
  NOT_DELIVERED: { en: 'The document of the case was never delivered.', zh: '案件文书从未送达。' },
  MALFORMED: {
    en: 'The document of the case does not fit its hash or its form.',
    zh: '案件文书与其哈希或格式不符。',
  },
  ALREADY_OPEN: { en: 'A case about this entry is open already.', zh: '该条目已有未结案件。' },
  NOT_REPAIRABLE: {
    en: 'The rules do not allow a record of this kind to be repaired.',
    zh: '按规定，该类记录不可修复。',
  },
  TOO_EARLY: {
    en: 'The shortest period before a repair has not passed.',
    zh: '尚未届满修复所需的最短期限。',
  },
  CONDITIONS_NOT_MET: { en: 'The conditions of the repair are not met.', zh: '不符合信用修复条件。' },
};

/** The name of a code read from the chain, if this version knows it. */
export function dismissalName(code: number): DismissalName | undefined {
  return (Object.keys(DISMISSAL) as DismissalName[]).find((name) => DISMISSAL[name] === code);
}

/** Whether a case of this type may be dismissed with this code. */
export function dismissalAllowed(caseType: CaseType, code: number): boolean {
  const last = caseType === 'repair' ? DISMISSAL.CONDITIONS_NOT_MET : DISMISSAL.ALREADY_OPEN;
  return Number.isInteger(code) && code >= DISMISSAL.ENTRY_UNKNOWN && code <= last;
}
