import { structDigest, type TypedDomain } from './eip712.ts';
import { keccakWords } from './entry.ts';
import { bytesToInteger, type Hex } from './field.ts';
import type { Uscc } from './uscc.ts';

/** By this a subject's key lets an authority bind it; the contract checks this very type. */
export const BINDING_TYPES = {
  Binding: [
    { name: 'voucher', type: 'uint256' },
    { name: 'bindingCommit', type: 'bytes32' },
  ],
} as const;

/** By this a subject ends its binding. */
export const BINDING_END_TYPES = { BindingEnd: [{ name: 'bindingId', type: 'uint256' }] } as const;

/** A consent, signed by the binding's key. */
export const CONSENT_TYPES = {
  Consent: [
    { name: 'bindingId', type: 'uint256' },
    { name: 'applicationId', type: 'bytes32' },
    { name: 'registerId', type: 'uint256' },
    { name: 'requester', type: 'uint256' },
    { name: 'validFrom', type: 'uint64' },
    { name: 'validUntil', type: 'uint64' },
    { name: 'maxUses', type: 'uint32' },
    { name: 'salt', type: 'bytes32' },
  ],
} as const;

/** By this a subject takes a consent back. */
export const CONSENT_REVOCATION_TYPES = {
  ConsentRevocation: [{ name: 'consentId', type: 'bytes32' }],
} as const;

/** What a subject consents to: who may ask which register for what, when and how often. */
export interface ConsentTerms {
  readonly bindingId: bigint;
  readonly applicationId: Hex;
  readonly registerId: bigint;
  /** Member id of who may ask. */
  readonly requester: bigint;
  /** First second, since 1970. */
  readonly validFrom: bigint;
  /** Last second, since 1970. */
  readonly validUntil: bigint;
  /** Answers that it is good for: at least 1. */
  readonly maxUses: number;
  /** 32 random bytes, not zero: tells two like consents apart. */
  readonly salt: Hex;
}

/** One step that the contract allows; `by` is whose word it needs, whoever relays it. */
export interface BindingTransition {
  readonly action: 'bind' | 'end';
  readonly from: 'none' | 'bound' | 'ended';
  readonly to: 'bound' | 'ended';
  readonly by: 'authority' | 'voucher' | 'council' | 'subject';
}

/** Every step of a binding, and no other. */
export const BINDING_TRANSITIONS: readonly BindingTransition[] = [
  { action: 'bind', from: 'none', to: 'bound', by: 'authority' },
  { action: 'end', from: 'bound', to: 'ended', by: 'voucher' },
  { action: 'end', from: 'bound', to: 'ended', by: 'council' },
  { action: 'end', from: 'bound', to: 'ended', by: 'subject' },
];

/** One step that the contract allows; `by` is whose word it needs, whoever relays it. */
export interface ConsentTransition {
  readonly action: 'give' | 'revoke' | 'cite' | 'use';
  readonly from: 'none' | 'given' | 'revoked';
  readonly to: 'given' | 'revoked';
  readonly by: 'subject' | 'requester' | 'answer-log';
}

/**
 * Every step of a consent, and no other. To cite and to use, it must besides be in its time and have uses left, and its
 * binding must hold.
 */
export const CONSENT_TRANSITIONS: readonly ConsentTransition[] = [
  { action: 'give', from: 'none', to: 'given', by: 'subject' },
  { action: 'revoke', from: 'none', to: 'revoked', by: 'subject' },
  { action: 'cite', from: 'given', to: 'given', by: 'requester' },
  { action: 'use', from: 'given', to: 'given', by: 'answer-log' },
  { action: 'revoke', from: 'given', to: 'revoked', by: 'subject' },
];

const BINDING_DOMAIN = 'credit-ledger/binding';
const encoder = new TextEncoder();

/**
 * What of a binding goes on chain: keccak256(abi.encode("credit-ledger/binding", uscc, salt)). Without the salt, 32
 * random bytes that subject and voucher keep and hand to who must check, nobody can test a credit code against it.
 * @throws LedgerError WORD_OUT_OF_RANGE for a salt of more than 32 bytes
 */
export function bindingCommitOf(uscc: Uscc, salt: Hex): Hex {
  // Three words ahead: where the two texts begin, and the salt; then each text, its length before it.
  return keccakWords([96n, 160n, BigInt(salt), ...textWords(BINDING_DOMAIN), ...textWords(uscc)]);
}

/** A text of at most 32 bytes as abi.encode writes it: its length, then its bytes, padded on the right. */
function textWords(text: string): readonly [bigint, bigint] {
  const bytes = encoder.encode(text);
  return [BigInt(bytes.length), bytesToInteger(bytes) << BigInt((32 - bytes.length) * 8)];
}

/** The digest by which a subject's key lets the voucher bind it; `domain` names the consents' contract. */
export function bindingDigest(domain: TypedDomain, voucher: bigint, bindingCommit: Hex): Hex {
  return structDigest(domain, 'Binding', BINDING_TYPES.Binding, { voucher, bindingCommit });
}

/** The digest by which a subject ends its binding. */
export function bindingEndDigest(domain: TypedDomain, bindingId: bigint): Hex {
  return structDigest(domain, 'BindingEnd', BINDING_END_TYPES.BindingEnd, { bindingId });
}

/**
 * The id of a consent, which is the digest that the subject signs; `domain` names the consents' contract.
 * @throws LedgerError WORD_OUT_OF_RANGE for a number of more than 32 bytes
 */
export function consentIdOf(domain: TypedDomain, terms: ConsentTerms): Hex {
  return structDigest(domain, 'Consent', CONSENT_TYPES.Consent, terms);
}

/** The digest by which a subject takes a consent back. */
export function consentRevocationDigest(domain: TypedDomain, consentId: Hex): Hex {
  return structDigest(domain, 'ConsentRevocation', CONSENT_REVOCATION_TYPES.ConsentRevocation, { consentId });
}
