import type { Hex, Operand } from '../protocol/index.ts';
import type { CreditAnswer } from './document.ts';
import type { NetworkFile, NetworkMember, NetworkRegister } from './network.ts';
import type { ReasonCode } from './reasons.ts';

/** What a check found, with what a person needs to act on it. */
export interface Finding {
  readonly reason: ReasonCode;
  readonly operands?: Readonly<Record<string, Operand>>;
}

export function finding(reason: ReasonCode, operands?: Readonly<Record<string, Operand>>): Finding {
  return operands === undefined ? { reason } : { reason, operands };
}

/** What is asked of a source, whatever it is. */
export interface Question {
  readonly answer: CreditAnswer;
  readonly network: NetworkFile;
  /** The register of the question, as pinned. */
  readonly pinned: { readonly owner: NetworkMember; readonly register: NetworkRegister } | undefined;
  /** EIP-712 digest of the request. */
  readonly requestDigest: Hex;
  readonly answerCommitment: Hex;
  /** Seconds since 1970, by the verifier's clock. */
  readonly now: number;
  readonly maxAgeSeconds: number | undefined;
  readonly minWitnessRegions: number | undefined;
}

/**
 * What the chain or a checkpoint says of an answer. A method that may return undefined returns it
 * when the source has nothing against the answer.
 */
export interface Evidence {
  registerOwner(): Finding | undefined;
  registerSecret(): Finding | undefined;
  circuit(): Finding | undefined;
  predicate(): Finding | undefined;
  expiry(): Finding;
  rootKnown(): Finding;
  rootWitnessed(): Finding;
  rootCurrent(): Finding;
  grant(): Finding;
  answerLogged(): Finding;
  /** What is wrong with a signature by this address as the member's operator in the log's block. */
  operator(memberId: string, signer: Hex | undefined, otherwise: ReasonCode): Finding | undefined;
  /** Registers of the owner beyond those pinned. */
  furtherRegisters(): readonly string[] | Finding;
}

/** How far two honest clocks may be apart. */
export const CLOCK_TOLERANCE_SECONDS = 300;

/** The verifier's own staleness limit, where one was set. */
export function tooOld(question: Question, lastStoodAt: bigint): Finding | undefined {
  if (question.maxAgeSeconds === undefined) return undefined;
  const ageSeconds = BigInt(question.now) - lastStoodAt;
  if (ageSeconds < -BigInt(CLOCK_TOLERANCE_SECONDS)) {
    return finding('VERIFIER_CLOCK_OFF', { now: question.now, lastStoodAt });
  }
  return ageSeconds > BigInt(question.maxAgeSeconds)
    ? finding('TOO_OLD', { ageSeconds, maxAgeSeconds: question.maxAgeSeconds })
    : undefined;
}
