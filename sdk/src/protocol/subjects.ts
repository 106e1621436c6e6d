import { structDigest, type TypedDomain } from './eip712.ts';
import { type Hex, type Nonce, toBytes32 } from './field.ts';
import { subjectTagOf } from './identity.ts';
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
