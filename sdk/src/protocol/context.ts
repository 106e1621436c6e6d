import { type Context, FIELD_MODULUS, type Hex } from './field.ts';
import { keccakWords } from './entry.ts';

/** What a proof is bound to; members are ids, not addresses (protocol §7). */
export interface ContextParts {
  readonly chainId: bigint;
  readonly answerLog: Hex;
  readonly registerId: bigint;
  readonly requestId: Hex;
  readonly grantId: Hex;
  readonly requester: bigint;
  readonly applicationId: Hex;
  /** Unix seconds. */
  readonly expiry: bigint;
}

/** keccak256 of the parts as ABI words, reduced into the field (protocol §7). */
export function contextOf(parts: ContextParts): Context {
  const hash = keccakWords([
    parts.chainId,
    BigInt(parts.answerLog),
    parts.registerId,
    BigInt(parts.requestId),
    BigInt(parts.grantId),
    parts.requester,
    BigInt(parts.applicationId),
    parts.expiry,
  ]);
  return (BigInt(hash) % FIELD_MODULUS) as Context;
}

/**
 * What the answer log stores of an answer: it hides the bit, and fixes it (protocol §8).
 * `signals` are the eight public signals of the claim in their order.
 */
export function answerCommitmentOf(parts: {
  readonly registerId: bigint;
  readonly batchHash: Hex;
  readonly circuitId: Hex;
  readonly signals: readonly bigint[];
  readonly nonce: bigint;
}): Hex {
  return keccakWords([
    parts.registerId,
    BigInt(parts.batchHash),
    BigInt(parts.circuitId),
    ...parts.signals,
    parts.nonce,
  ]);
}
