import type { Hex } from './field.ts';

/**
 * The EIP-712 domain of what is signed on one ledger. Questions, answers and all that travels between nodes name the
 * answer log; what another contract checks, such as a consent, names that contract.
 */
export function ledgerDomain(
  chainId: bigint,
  verifyingContract: Hex,
): {
  name: 'CreditLedger';
  version: '1';
  chainId: number;
  verifyingContract: Hex;
} {
  return { name: 'CreditLedger', version: '1', chainId: Number(chainId), verifyingContract };
}

/** A question, signed by the requester's operator key; the contract checks this very type. */
export const REQUEST_TYPES = {
  Request: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'requester', type: 'uint256' },
    { name: 'registerId', type: 'uint256' },
    { name: 'applicationId', type: 'bytes32' },
    { name: 'applicationVersion', type: 'uint32' },
    { name: 'predicateHash', type: 'bytes32' },
    { name: 'asOfDay', type: 'uint32' },
    { name: 'subjectTag', type: 'bytes32' },
    { name: 'grantId', type: 'bytes32' },
    { name: 'expiry', type: 'uint64' },
  ],
} as const;

/** A whole answer document, signed by the responder's operator key. */
export const ANSWER_TYPES = { Answer: [{ name: 'documentHash', type: 'bytes32' }] } as const;

/** A checkpoint document, signed by witness keys. */
export const CHECKPOINT_TYPES = { Checkpoint: [{ name: 'documentHash', type: 'bytes32' }] } as const;

/** A refusal told to the requester, signed by the responder's operator key. */
export const REFUSAL_TYPES = {
  Refusal: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'code', type: 'uint16' },
    { name: 'logId', type: 'uint256' },
  ],
} as const;

/**
 * Fetching one's own answer: only the requester's operator key can. One request may go to several
 * registers of one owner. `time` in unix seconds.
 */
export const FETCH_TYPES = {
  Fetch: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'registerId', type: 'uint256' },
    { name: 'time', type: 'uint64' },
  ],
} as const;
