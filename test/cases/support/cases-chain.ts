import { creditCasesAbi } from '@credit-ledger/sdk/chain';
import {
  CASE_STATES,
  CASE_TYPES,
  type CaseAction,
  type CaseActor,
  type CaseState,
  type CaseType,
  caseStateAfter,
  dayAt,
  dismissalAllowed,
  type Hex,
} from '@credit-ledger/sdk/protocol';
import { decodeFunctionData } from 'viem';
import type { ShiftedClock } from '../../../node/src/clock.ts';

interface Event {
  readonly contract: string;
  readonly name: string;
  readonly args: Record<string, unknown>;
}

interface FakeCase {
  readonly caseType: CaseType;
  readonly registerId: bigint;
  readonly filedBy: bigint;
  readonly documentHash: Hex;
  state: CaseState;
  dueDay: number;
  counted: number;
}

const NO_HASH: Hex = `0x${'0'.repeat(64)}`;
/** Days that the pretended rules give. */
export const DISPUTE_DAYS = 9;
export const REPAIR_DAYS = 14;
export const CARRY_OUT_DAYS = 4;

/** What CreditCases would do with a call, by the table of its steps; told apart from it by being small. */
export class CasesChain {
  readonly cases = new Map<bigint, FakeCase>();
  readonly owners = new Map<bigint, bigint>();
  readonly superiors = new Map<bigint, bigint>();
  readonly #clock: ShiftedClock;

  constructor(clock: ShiftedClock) {
    this.#clock = clock;
  }

  /** Does a member's call. @throws Error with the name of the contract's error */
  call(member: bigint, data: Hex): Event[] {
    const { functionName, args } = decodeFunctionData({ abi: creditCasesAbi, data });
    const today = this.#today();
    if (functionName === 'file') {
      const [typeIndex, registerId, documentHash] = args;
      const caseType = CASE_TYPES[typeIndex];
      if (caseType === undefined || caseType === 'none') throw new Error('InvalidCaseType');
      const known = [...this.cases.values()].some(
        (each) => each.filedBy === member && each.documentHash === documentHash,
      );
      if (known) throw new Error('DocumentFiled');
      const caseId = BigInt(this.cases.size + 1);
      const dueDay = today + (caseType === 'dispute' ? DISPUTE_DAYS : REPAIR_DAYS);
      const made = { caseType, registerId, filedBy: member, documentHash, dueDay, counted: 0 };
      this.cases.set(caseId, { ...made, state: 'filed' });
      return [
        event('CaseFiled', {
          caseId,
          registerId,
          filedBy: member,
          caseType: typeIndex,
          documentHash,
          filedDay: today,
          dueDay,
        }),
      ];
    }
    const [caseId] = args as readonly [bigint];
    const found = this.cases.get(caseId);
    if (found === undefined) throw new Error('UnknownCase');
    const { registerId } = found;
    const late =
      functionName === 'acknowledge' || today <= found.dueDay || found.counted === found.dueDay
        ? []
        : [event('CaseOverdue', { caseId, registerId, dueDay: found.dueDay, overdueCount: 1n })];
    if (functionName === 'markOverdue' && late.length === 0) throw new Error('NotYetOverdue');
    const step = this.#step(found, member, functionName, args);
    if (late.length > 0) found.counted = found.dueDay;
    found.state = step.to;
    switch (functionName) {
      case 'acknowledge':
        return [event('CaseReceived', { caseId, registerId })];
      case 'markOverdue':
        return late;
      case 'withdraw':
        return [...late, event('CaseWithdrawn', { caseId, registerId })];
      case 'dismiss':
        return [...late, event('CaseDismissed', { caseId, registerId, code: args[1] })];
      case 'carryOut':
        return [...late, event('CaseCarriedOut', { caseId, registerId, entryCommitment: args[1] })];
      case 'decideDispute':
      case 'decideRepair':
        if (step.to === 'granted') found.dueDay = today + CARRY_OUT_DAYS;
        return [
          ...late,
          event('CaseDecided', {
            caseId,
            registerId,
            decidedBy: member,
            state: CASE_STATES.indexOf(step.to),
            decisionHash: args[2],
            entryCommitment: args[3],
            dueDay: found.dueDay,
          }),
        ];
      default:
        throw new Error(`no such call: ${functionName}`);
    }
  }

  #step(
    found: FakeCase,
    member: bigint,
    functionName: string,
    args: readonly unknown[],
  ): { readonly to: CaseState } {
    const source = this.owners.get(found.registerId) ?? 0n;
    const action = actionOf(functionName, args);
    const actors: CaseActor[] = ['anyone', 'member'];
    if (member === source) actors.push('source');
    if (member === this.superiors.get(source)) actors.push('superior');
    if (member === found.filedBy) actors.push('filer');
    for (const by of actors) {
      const to = caseStateAfter(found.caseType, action, found.state, by);
      if (to === undefined) continue;
      if (functionName === 'dismiss' && !dismissalAllowed(found.caseType, Number(args[1]))) {
        throw new Error('UnknownDismissalCode');
      }
      requireEntryAsExpected(functionName, to, args);
      return { to };
    }
    throw new Error('WrongState');
  }

  #today(): number {
    return dayAt(BigInt(Math.floor(this.#clock.now().getTime() / 1000)));
  }
}

function actionOf(functionName: string, args: readonly unknown[]): CaseAction {
  switch (functionName) {
    case 'acknowledge':
    case 'dismiss':
    case 'withdraw':
      return functionName;
    case 'carryOut':
      return 'carry-out';
    case 'markOverdue':
      return 'mark-overdue';
    case 'decideRepair':
      return args[1] === true ? 'grant' : 'deny';
    default: {
      const to = CASE_STATES[Number(args[1])];
      return to === 'upheld' ? 'uphold' : to === 'corrected' ? 'correct' : 'revoke';
    }
  }
}

function requireEntryAsExpected(functionName: string, to: CaseState, args: readonly unknown[]): void {
  const isDecision = functionName === 'decideDispute' || functionName === 'decideRepair';
  if (!isDecision && functionName !== 'carryOut') return;
  const isGiven = (isDecision ? args[3] : args[1]) !== NO_HASH;
  const isExpected = to !== 'granted' && to !== 'denied';
  if (isGiven !== isExpected) throw new Error(isExpected ? 'EntryMissing' : 'EntryNotExpected');
}

export function event(name: string, args: Record<string, unknown>): Event {
  return { contract: 'CreditCases', name, args };
}
