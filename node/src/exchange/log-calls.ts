import { answerLogAbi, subjectConsentsAbi } from '@credit-ledger/sdk/chain';
import type { SignedRequestJson } from '@credit-ledger/sdk/answer';
import type { Hex } from '@credit-ledger/sdk/protocol';
import { encodeFunctionData } from 'viem';

/** A request as the answer log takes it. */
export function requestTuple(request: SignedRequestJson): {
  requestId: Hex;
  requester: bigint;
  registerId: bigint;
  applicationId: Hex;
  applicationVersion: number;
  predicateHash: Hex;
  asOfDay: number;
  subjectTag: Hex;
  grantId: Hex;
  expiry: bigint;
} {
  return {
    requestId: request.requestId,
    requester: BigInt(request.requester),
    registerId: BigInt(request.registerId),
    applicationId: request.applicationId,
    applicationVersion: request.applicationVersion,
    predicateHash: request.predicateHash,
    asOfDay: request.asOfDay,
    subjectTag: request.subjectTag,
    grantId: request.grantId,
    expiry: BigInt(request.expiry),
  };
}

export function logCall(
  request: SignedRequestJson,
  answer: { readonly batchHash: Hex; readonly circuitId: Hex; readonly answerCommitment: Hex },
): Hex {
  return encodeFunctionData({
    abi: answerLogAbi,
    functionName: 'log',
    args: [
      requestTuple(request),
      request.signature,
      answer.batchHash,
      answer.circuitId,
      answer.answerCommitment,
    ],
  });
}

export function refuseCall(request: SignedRequestJson, code: number): Hex {
  return encodeFunctionData({
    abi: answerLogAbi,
    functionName: 'refuse',
    args: [requestTuple(request), request.signature, code],
  });
}

export function lodgeCall(requestDigest: Hex, registerId: bigint, deadline: bigint): Hex {
  return encodeFunctionData({
    abi: answerLogAbi,
    functionName: 'lodge',
    args: [requestDigest, registerId, deadline],
  });
}

export function citeCall(consentId: Hex, requestDigest: Hex): Hex {
  return encodeFunctionData({
    abi: subjectConsentsAbi,
    functionName: 'cite',
    args: [consentId, requestDigest],
  });
}

export function denyReceiptCall(questionId: Hex): Hex {
  return encodeFunctionData({ abi: answerLogAbi, functionName: 'denyReceipt', args: [questionId] });
}
