import { structDigest, type TypedDomain } from './eip712.ts';
import { type Hex, type Nonce, toBytes32 } from './field.ts';
import { subjectTagOf } from './identity.ts';
import type { SaltedDocument } from './salted.ts';
import type { Uscc } from './uscc.ts';

/**
 * By this a subject reads what was asked about it, at the node of one member: handed on to another
 * member's node it opens nothing. `time` in unix seconds, good for five minutes.
 */
export const SUBJECT_QUESTIONS_TYPES = {
  SubjectQuestions: [
    { name: 'bindingId', type: 'uint256' },
    { name: 'member', type: 'uint256' },
    { name: 'time', type: 'uint64' },
  ],
} as const;

/** The digest of it; `domain` names the consents' contract. */
export function subjectQuestionsDigest(
  domain: TypedDomain,
  message: { readonly bindingId: bigint; readonly member: bigint; readonly time: number | bigint },
): Hex {
  return structDigest(domain, 'SubjectQuestions', SUBJECT_QUESTIONS_TYPES.SubjectQuestions, message);
}

/** Whether a question's tag names this subject: only the subject and who has the nonce can tell. */
export function tagIsOf(uscc: Uscc, nonce: Hex, subjectTag: Hex): boolean {
  const blinding = BigInt(nonce);
  return (
    blinding < 1n << 248n && toBytes32(subjectTagOf(uscc, blinding as Nonce)) === subjectTag.toLowerCase()
  );
}

/** Kinds of what a subject registers itself (自愿注册): a certificate, a contract performed, public welfare. */
export const SELF_DECLARED_KINDS = [46, 47, 48] as const;
export type SelfDeclaredKind = (typeof SELF_DECLARED_KINDS)[number];

/** Whether a kind is a subject's own statement, which no agency may record as its own. */
export function isSelfDeclaredKind(kind: number): kind is SelfDeclaredKind {
  return (SELF_DECLARED_KINDS as readonly number[]).includes(kind);
}

/** The public promise of truth that every statement carries, to the letter. */
export const TRUTH_PROMISE =
  '本单位公开承诺：所注册信息真实、准确、完整、合法、有效；如有虚假，自愿接受惩戒并依法承担责任。';

/** What a subject says of itself, with its public promise that it is true. */
export interface StatementDocument extends SaltedDocument {
  readonly format: 'credit-statement/1';
  readonly kind: SelfDeclaredKind;
  readonly uscc: string;
  readonly subjectName: string;
  readonly title: string;
  readonly contents: string;
  /** Day of the certificate, of the performance, of the deed: YYYY-MM-DD at UTC+8. */
  readonly day: string;
  /** Last day; null for no end. */
  readonly until: string | null;
  /** Whether the subject wants it shown to the public, with its promise. */
  readonly publicityAsked: boolean;
  /** {@link TRUTH_PROMISE}. */
  readonly promise: string;
}

/** By this a subject registers a statement. */
export const STATEMENT_TYPES = {
  Statement: [
    { name: 'bindingId', type: 'uint256' },
    { name: 'documentHash', type: 'bytes32' },
  ],
} as const;

/** By this a subject withdraws it; with whichever key is bound to it then. */
export const STATEMENT_REVOCATION_TYPES = {
  StatementRevocation: [
    { name: 'bindingId', type: 'uint256' },
    { name: 'documentHash', type: 'bytes32' },
  ],
} as const;

/** The digest by which a subject registers a statement; `domain` names the consents' contract. */
export function statementDigest(domain: TypedDomain, bindingId: bigint, documentHash: Hex): Hex {
  return structDigest(domain, 'Statement', STATEMENT_TYPES.Statement, { bindingId, documentHash });
}

/** The digest by which a subject withdraws a statement. */
export function statementRevocationDigest(domain: TypedDomain, bindingId: bigint, documentHash: Hex): Hex {
  return structDigest(domain, 'StatementRevocation', STATEMENT_REVOCATION_TYPES.StatementRevocation, {
    bindingId,
    documentHash,
  });
}
