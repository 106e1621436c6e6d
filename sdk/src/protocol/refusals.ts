import type { Message } from './errors.ts';

/** Why a responder gave no answer; logged on chain as a number (protocol §8). */
export const REFUSAL = {
  CHAIN_TOO_LONG: 1,
  OPENINGS_LOST: 2,
  REGISTER_CONTESTED: 3,
  NOT_WITNESSED: 4,
  DAY_NOT_ALLOWED: 5,
  PREDICATE_NOT_LISTED: 6,
  GRANT_NOT_USABLE: 7,
  CONSENT_MISSING: 8,
  BUSY: 9,
  INTERNAL: 10,
  NOT_RECEIVED: 11,
} as const;
export type RefusalName = keyof typeof REFUSAL;
export type RefusalCode = (typeof REFUSAL)[RefusalName];

/** The name of a code read from the chain, if this version knows it. */
export function refusalName(code: number): RefusalName | undefined {
  return (Object.keys(REFUSAL) as RefusalName[]).find((name) => REFUSAL[name] === code);
}

/** What a person is told. */
export const REFUSAL_MESSAGES: Readonly<Record<RefusalName, Message>> = {
  CHAIN_TOO_LONG: {
    en: 'The subject has more entries in this class than the circuits allowed for this question can prove.',
    zh: '该主体在此类别下的条目数超过该问题允许的电路所能证明的数量。',
  },
  OPENINGS_LOST: {
    en: 'The authority has lost an opening of this subject, so its entries can no longer be proved.',
    zh: '该机构丢失了该主体的条目原文，已无法再作证明。',
  },
  REGISTER_CONTESTED: {
    en: 'The register is contested; ask again after the council has ruled.',
    zh: '登记册处于争议中，请在理事会裁决后再问。',
  },
  NOT_WITNESSED: {
    en: 'The register’s current batch is not witnessed yet; ask again shortly.',
    zh: '登记册当前批次尚未被见证，请稍后再问。',
  },
  DAY_NOT_ALLOWED: {
    en: 'The application does not permit this day.',
    zh: '该应用不允许询问此日期。',
  },
  PREDICATE_NOT_LISTED: {
    en: 'The application list does not permit this predicate.',
    zh: '应用清单不允许此判断条件。',
  },
  GRANT_NOT_USABLE: {
    en: 'The sharing grant is missing, expired, revoked, used up, or for something else.',
    zh: '共享授权不存在、已过期、已撤销、已用完或不适用。',
  },
  CONSENT_MISSING: {
    en: 'The subject’s consent is needed and is not there.',
    zh: '需要主体授权，但尚未取得。',
  },
  BUSY: { en: 'The responder is busy; ask again later.', zh: '应答方繁忙，请稍后再问。' },
  NOT_RECEIVED: {
    en: 'A question was lodged on chain, but it never reached the responder.',
    zh: '问题已在链上登记，但应答方从未收到。',
  },
  INTERNAL: { en: 'The responder failed; its operator has been told.', zh: '应答方内部错误，已通知其运维。' },
};
