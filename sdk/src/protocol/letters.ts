import { keccakHex, keccakWords } from './entry.ts';
import type { Message } from './errors.ts';
import type { EntryBody, Hex } from './field.ts';

/** States of a commitment letter, in the order of the contract's enum. */
export const LETTER_STATES = [
  'none',
  'offered',
  'informed',
  'promised',
  'decided',
  'checked-true',
  'checked-false',
  'withdrawn',
  'refused',
  'terminated',
] as const;
export type LetterState = (typeof LETTER_STATES)[number];

/** What people call the states. */
export const LETTER_STATE_NAMES: Readonly<Record<LetterState, Message>> = {
  none: { zh: '无', en: 'None' },
  offered: { zh: '已提供', en: 'Offered' },
  informed: { zh: '已告知', en: 'Informed' },
  promised: { zh: '已承诺', en: 'Promised' },
  decided: { zh: '已办结', en: 'Decided' },
  'checked-true': { zh: '核查属实', en: 'Checked: true' },
  'checked-false': { zh: '核查不实', en: 'Checked: false' },
  withdrawn: { zh: '已撤回', en: 'Withdrawn' },
  refused: { zh: '转一般程序', en: 'Refused' },
  terminated: { zh: '已终止', en: 'Terminated' },
};

/** Who does something: by its operator key, by a signature that a member relays, or simply by sending it. */
export type ProcessParty = 'deciding-authority' | 'applicant' | 'anyone';

/** One step of a process. Several rows of one action and state: what the call says, or the day, decides. */
export interface ProcessTransition<Action extends string, State extends string> {
  readonly action: Action;
  readonly from: State;
  readonly to: State;
  readonly by: ProcessParty;
}

/** Every step that a letter can take; there is no other. */
export const LETTER_TRANSITIONS = [
  { action: 'offer', from: 'none', to: 'offered', by: 'deciding-authority' },
  { action: 'inform', from: 'offered', to: 'informed', by: 'deciding-authority' },
  { action: 'make-promise', from: 'informed', to: 'promised', by: 'deciding-authority' },
  { action: 'decide', from: 'promised', to: 'decided', by: 'deciding-authority' },
  { action: 'check', from: 'decided', to: 'checked-true', by: 'deciding-authority' },
  { action: 'check', from: 'decided', to: 'checked-false', by: 'deciding-authority' },
  { action: 'withdraw', from: 'informed', to: 'withdrawn', by: 'applicant' },
  { action: 'withdraw', from: 'promised', to: 'withdrawn', by: 'applicant' },
  { action: 'refuse', from: 'offered', to: 'refused', by: 'deciding-authority' },
  { action: 'refuse', from: 'informed', to: 'refused', by: 'deciding-authority' },
  { action: 'terminate', from: 'informed', to: 'terminated', by: 'deciding-authority' },
  { action: 'terminate', from: 'promised', to: 'terminated', by: 'deciding-authority' },
] as const satisfies readonly ProcessTransition<string, LetterState>[];
export type LetterAction = (typeof LETTER_TRANSITIONS)[number]['action'];

/** Why a letter was not promised, in the order of the contract's enum. */
export const LETTER_REFUSAL_REASONS = ['none', 'applicant-declined', 'not-eligible'] as const;
export type LetterRefusalReason = (typeof LETTER_REFUSAL_REASONS)[number];

/** What people call the reasons. */
export const LETTER_REFUSAL_REASON_NAMES: Readonly<Record<LetterRefusalReason, Message>> = {
  none: { zh: '无', en: 'None' },
  'applicant-declined': { zh: '申请人不愿或不能承诺', en: 'The applicant declined' },
  'not-eligible': { zh: '未取得适用资格证明', en: 'Eligibility was not proved' },
};

/** How a promise is checked after the decision, in the order of the contract's enum. */
export const CHECK_MODES = ['none', 'exempt', 'routine', 'on-site'] as const;
export type CheckMode = (typeof CHECK_MODES)[number];

/** What people call the ways of checking. */
export const CHECK_MODE_NAMES: Readonly<Record<CheckMode, Message>> = {
  none: { zh: '无', en: 'None' },
  exempt: { zh: '免于核查', en: 'Exempt' },
  routine: { zh: '日常核查', en: 'Routine check' },
  'on-site': { zh: '现场核查', en: 'Check on site' },
};

/** What follows from a false commitment, in the order of the contract's enum. */
export const LETTER_OUTCOMES = [
  'none',
  'handling-terminated',
  'rectification-ordered',
  'decision-revoked',
  'penalised',
  'transferred-to-judiciary',
] as const;
export type LetterOutcome = (typeof LETTER_OUTCOMES)[number];

/** What people call the outcomes. */
export const LETTER_OUTCOME_NAMES: Readonly<Record<LetterOutcome, Message>> = {
  none: { zh: '无', en: 'None' },
  'handling-terminated': { zh: '终止办理', en: 'Handling terminated' },
  'rectification-ordered': { zh: '责令限期整改', en: 'Rectification ordered' },
  'decision-revoked': { zh: '撤销行政决定', en: 'Decision revoked' },
  penalised: { zh: '行政处罚', en: 'Penalised' },
  'transferred-to-judiciary': { zh: '移送司法机关', en: 'Transferred to the judiciary' },
};

/** Why letters of an item are published, in the order of the contract's enum. */
export const PUBLIC_REASONS = ['none', 'public-interest', 'third-parties', 'hard-to-check'] as const;
export type PublicReason = (typeof PUBLIC_REASONS)[number];

/** What people call the reasons. */
export const PUBLIC_REASON_NAMES: Readonly<Record<PublicReason, Message>> = {
  none: { zh: '不公开', en: 'Not published' },
  'public-interest': { zh: '涉及社会公共利益', en: 'Public interest' },
  'third-parties': { zh: '涉及第三人利益', en: 'Interests of third parties' },
  'hard-to-check': { zh: '核查难度较大', en: 'Hard to check' },
};

/** What both copies of a letter sign; domain: `ledgerDomain` with the letters' contract. */
export const LETTER_TYPES = {
  Letter: [
    { name: 'letterId', type: 'uint256' },
    { name: 'authority', type: 'uint256' },
    { name: 'itemId', type: 'bytes32' },
    { name: 'itemVersion', type: 'uint32' },
    { name: 'templateId', type: 'bytes32' },
    { name: 'subjectTag', type: 'bytes32' },
    { name: 'applicant', type: 'address' },
    { name: 'documentHash', type: 'bytes32' },
    { name: 'publicScopeHash', type: 'bytes32' },
    { name: 'publicUntil', type: 'uint32' },
    { name: 'drawId', type: 'uint256' },
  ],
} as const;

/** What an applicant signs to withdraw its letter; domain as that of the letter. */
export const WITHDRAWAL_TYPES = {
  Withdrawal: [
    { name: 'letterId', type: 'uint256' },
    { name: 'reasonHash', type: 'bytes32' },
  ],
} as const;

/** The request id of every claim for a letter. `contract`: the letters' contract. */
export function letterRequestIdOf(chainId: bigint, contract: Hex, letterId: bigint): Hex {
  return keccakWords([chainId, BigInt(contract), letterId]);
}

/** The id of an authority's item. */
export function itemIdOf(owner: bigint, slug: string): Hex {
  return keccakWords([owner, BigInt(keccakHex(new TextEncoder().encode(slug)))]);
}

/** The seven things that an applicant must be told, as hashes of their texts, in the contract's order. */
export type ToldHashes = readonly [Hex, Hex, Hex, Hex, Hex, Hex, Hex];
/** The four things that an applicant confirms, as hashes of their texts, in the contract's order. */
export type ConfirmedHashes = readonly [Hex, Hex, Hex, Hex];

/** The id of a template. */
export function templateIdOf(itemId: Hex, told: ToldHashes, confirmed: ConfirmedHashes): Hex {
  return keccakWords([itemId, ...told, ...confirmed].map(BigInt));
}

/** How a process names the register entry that follows from it. `salt`: 256 random bits, told with the entry only. */
export function entryCommitmentOf(salt: Hex, registerId: bigint, body: EntryBody): Hex {
  return keccakWords([BigInt(salt), registerId, body]);
}

/** What an authority says of a draw's seed before any applicant of it signs. */
export function seedCommitOf(seed: Hex): Hex {
  return keccakWords([BigInt(seed)]);
}

const ALL_BASIS_POINTS = 10_000n;

/**
 * Whether a draw selects a letter for a check.
 * @param applicantCopy keccak256 of the applicant's signature, as the promise's event says it
 * @param rateBasisPoints how many of 10,000 letters are checked
 */
export function selectionOf(
  seed: Hex,
  letterId: bigint,
  applicantCopy: Hex,
  rateBasisPoints: number,
): boolean {
  const lot = BigInt(keccakWords([BigInt(seed), letterId, BigInt(applicantCopy)])) % ALL_BASIS_POINTS;
  return lot < BigInt(rateBasisPoints);
}
