import { creditCasesAbi } from '@credit-ledger/sdk/chain';
import {
  CASE_STATES,
  CASE_TYPES,
  type CaseState,
  type CaseType,
  type Hex,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData } from 'viem';
import type { Database } from '../store/index.ts';
import type { CaseParts } from './ports.ts';

const NO_ENTRY: Hex = `0x${'0'.repeat(64)}`;

/** A call of CreditCases, and what it is called in the outbox. */
interface CaseCall {
  readonly kind: string;
  readonly dedupeKey: string;
  readonly data: Hex;
}

/** Queues a call in the caller's transaction; asking again after a failure tries it once more. */
export function queueCall(
  parts: Pick<CaseParts, 'transactions' | 'contract'>,
  tx: Database,
  call: CaseCall,
): Promise<bigint> {
  return parts.transactions.enqueue(tx, {
    ...call,
    role: 'operator',
    to: parts.contract,
    ifFailed: 'retry',
  });
}

export function fileCall(caseType: CaseType, registerId: bigint, documentHash: Hex): CaseCall {
  return {
    kind: 'case-file',
    dedupeKey: `case-file:${documentHash}`,
    data: encodeFunctionData({
      abi: creditCasesAbi,
      functionName: 'file',
      args: [CASE_TYPES.indexOf(caseType), registerId, documentHash],
    }),
  };
}

export function acknowledgeCall(caseId: bigint): CaseCall {
  return {
    kind: 'case-acknowledge',
    dedupeKey: `case-acknowledge:${caseId}`,
    data: encodeFunctionData({ abi: creditCasesAbi, functionName: 'acknowledge', args: [caseId] }),
  };
}

export function decideDisputeCall(
  caseId: bigint,
  outcome: Extract<CaseState, 'upheld' | 'corrected' | 'revoked'>,
  decisionHash: Hex,
  entryCommitment: Hex,
): CaseCall {
  return {
    kind: 'case-decide',
    dedupeKey: `case-decide:${caseId}`,
    data: encodeFunctionData({
      abi: creditCasesAbi,
      functionName: 'decideDispute',
      args: [caseId, CASE_STATES.indexOf(outcome), decisionHash, entryCommitment],
    }),
  };
}

/** `entryCommitment` null: a denial, or a grant by the superior, which the source carries out. */
export function decideRepairCall(
  caseId: bigint,
  granted: boolean,
  decisionHash: Hex,
  entryCommitment: Hex | null,
): CaseCall {
  return {
    kind: 'case-decide',
    dedupeKey: `case-decide:${caseId}`,
    data: encodeFunctionData({
      abi: creditCasesAbi,
      functionName: 'decideRepair',
      args: [caseId, granted, decisionHash, entryCommitment ?? NO_ENTRY],
    }),
  };
}

export function carryOutCall(caseId: bigint, entryCommitment: Hex): CaseCall {
  return {
    kind: 'case-carry-out',
    dedupeKey: `case-carry-out:${caseId}`,
    data: encodeFunctionData({
      abi: creditCasesAbi,
      functionName: 'carryOut',
      args: [caseId, entryCommitment],
    }),
  };
}

export function dismissCall(caseId: bigint, code: number): CaseCall {
  return {
    kind: 'case-dismiss',
    dedupeKey: `case-dismiss:${caseId}`,
    data: encodeFunctionData({ abi: creditCasesAbi, functionName: 'dismiss', args: [caseId, code] }),
  };
}

export function withdrawCall(caseId: bigint): CaseCall {
  return {
    kind: 'case-withdraw',
    dedupeKey: `case-withdraw:${caseId}`,
    data: encodeFunctionData({ abi: creditCasesAbi, functionName: 'withdraw', args: [caseId] }),
  };
}

/** A case has up to two due days, and each is counted once. */
export function markOverdueCall(caseId: bigint, dueDay: number): CaseCall {
  return {
    kind: 'case-overdue',
    dedupeKey: `case-overdue:${caseId}:${dueDay}`,
    data: encodeFunctionData({ abi: creditCasesAbi, functionName: 'markOverdue', args: [caseId] }),
  };
}
