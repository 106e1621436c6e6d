import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  ANSWER_TYPES,
  bytesToInteger,
  CHECKPOINT_TYPES,
  type Hex,
  integerToBytes,
  ledgerDomain,
  REQUEST_TYPES,
  structDigest,
} from '../protocol/index.ts';

/** Which ledger a signature belongs to. */
export interface SigningDomain {
  readonly chainId: bigint;
  readonly answerLog: Hex;
}

/** {@link structDigest} for what travels between nodes and names the answer log. */
export function typedDigest<const Fields extends readonly { readonly name: string; readonly type: string }[]>(
  domain: SigningDomain,
  name: string,
  fields: Fields,
  message: Readonly<Record<Fields[number]['name'], bigint | number | string>>,
): Hex {
  return structDigest(ledgerDomain(domain.chainId, domain.answerLog), name, fields, message);
}

/** The fields of a question that its requester signs (protocol §8). */
export interface RequestFields {
  readonly requestId: Hex;
  readonly requester: bigint | string;
  readonly registerId: bigint | string;
  readonly applicationId: Hex;
  readonly applicationVersion: number;
  readonly predicateHash: Hex;
  readonly asOfDay: number;
  readonly subjectTag: Hex;
  readonly grantId: Hex;
  readonly expiry: bigint | number;
}

/** EIP-712 digest of a question: what the requester signs and the answer log stores. */
export function requestDigest(domain: SigningDomain, request: RequestFields): Hex {
  return typedDigest(domain, 'Request', REQUEST_TYPES.Request, request);
}

/** EIP-712 digest of an answer document, from its documentHash. */
export function answerDigest(domain: SigningDomain, documentHash: Hex): Hex {
  return typedDigest(domain, 'Answer', ANSWER_TYPES.Answer, { documentHash });
}

/** EIP-712 digest of a checkpoint, from its checkpointHash. */
export function checkpointDigest(domain: SigningDomain, documentHash: Hex): Hex {
  return typedDigest(domain, 'Checkpoint', CHECKPOINT_TYPES.Checkpoint, { documentHash });
}

/** The address whose key made a signature (65 bytes, already read strictly); undefined when none could have. */
export function signerOf(digest: Hex, signature: Hex): Hex | undefined {
  const r = BigInt(`0x${signature.slice(2, 66)}`);
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  const recovery = Number.parseInt(signature.slice(130), 16) - 27;
  let publicKey: Uint8Array;
  try {
    publicKey = new secp256k1.Signature(r, s, recovery)
      .recoverPublicKey(integerToBytes(BigInt(digest), 32))
      .toBytes(false);
  } catch {
    // r is no coordinate of a curve point, or the key would be the point at infinity: nobody signed this.
    return undefined;
  }
  const hash = keccak_256(publicKey.subarray(1));
  return `0x${bytesToInteger(hash.subarray(12)).toString(16).padStart(40, '0')}`;
}
