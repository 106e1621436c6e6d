import { structDigest, type TypedDomain } from './eip712.ts';
import type { Message } from './errors.ts';
import type { Hex } from './field.ts';

/** A voluntary pledge (自律性信用承诺), signed by the pledger's key; the contract checks this very type. */
export const PLEDGE_TYPES = {
  Pledge: [
    { name: 'association', type: 'uint256' },
    { name: 'kind', type: 'uint8' },
    { name: 'documentHash', type: 'bytes32' },
    { name: 'scopeHash', type: 'bytes32' },
    { name: 'publicUntil', type: 'uint32' },
  ],
} as const;

/** By this a pledger takes its pledge back. */
export const PLEDGE_WITHDRAWAL_TYPES = {
  PledgeWithdrawal: [{ name: 'pledgeId', type: 'uint256' }],
} as const;

/** What a pledge is about, as the contract numbers it. */
export const PLEDGE_KIND = { comprehensive: 1, productQuality: 2 } as const;
export type PledgeKind = (typeof PLEDGE_KIND)[keyof typeof PLEDGE_KIND];

/** What a person is told. */
export const PLEDGE_KIND_NAMES: Readonly<Record<keyof typeof PLEDGE_KIND, Message>> = {
  comprehensive: { en: 'comprehensive', zh: '综合' },
  productQuality: { en: 'quality of products and services', zh: '产品服务质量专项' },
};

/** One step that the contract allows; `by` is whose word it needs, whoever relays it. */
export interface PledgeTransition {
  readonly action: 'publish' | 'observe' | 'withdraw';
  readonly from: 'none' | 'published' | 'withdrawn';
  readonly to: 'published' | 'withdrawn';
  readonly by: 'association' | 'pledger' | 'other-member';
}

/** Every step of a pledge, and no other. To publish takes the association and the pledger's signature. */
export const PLEDGE_TRANSITIONS: readonly PledgeTransition[] = [
  { action: 'publish', from: 'none', to: 'published', by: 'association' },
  { action: 'observe', from: 'published', to: 'published', by: 'other-member' },
  { action: 'withdraw', from: 'published', to: 'withdrawn', by: 'pledger' },
];

/** What a company pledges, and through whom. */
export interface PledgeTerms {
  /** Member id of the association. */
  readonly association: bigint;
  readonly kind: PledgeKind;
  /** Hash of the salted document. */
  readonly documentHash: Hex;
  /** Hash of the scope in which it is published. */
  readonly scopeHash: Hex;
  /** Last day of publication. */
  readonly publicUntil: number;
}

/**
 * The digest that the pledger signs; `domain` names the pledges' contract.
 * @throws LedgerError WORD_OUT_OF_RANGE for a number of more than 32 bytes
 */
export function pledgeDigest(domain: TypedDomain, terms: PledgeTerms): Hex {
  return structDigest(domain, 'Pledge', PLEDGE_TYPES.Pledge, terms);
}

/** The digest by which a pledger takes its pledge back. */
export function pledgeWithdrawalDigest(domain: TypedDomain, pledgeId: bigint): Hex {
  return structDigest(domain, 'PledgeWithdrawal', PLEDGE_WITHDRAWAL_TYPES.PledgeWithdrawal, { pledgeId });
}
