import type { LogEntryFact, SignedRequestJson } from '@credit-ledger/sdk/answer';
import type { Gateway, Hex, LedgerClass, Nonce, Uscc } from '@credit-ledger/sdk/protocol';
import type { TypedDataDefinition } from 'viem';
import type { AnswerFacts, Preparation, ProveOptions } from '../answers/index.ts';
import type { MinedTransaction, TransactionRequest } from '../chain/outbox.ts';
import type { Database } from '../store/index.ts';

/** A member as it stands now. */
export interface MemberFact {
  readonly id: bigint;
  readonly name: string;
  readonly region: number;
  readonly role: 'authority' | 'requester' | 'association';
  readonly active: boolean;
  /** Lower case. */
  readonly operator: Hex;
  readonly witness: Hex;
  readonly endpoint: string;
}

/** What the chain says of an application; version 0 when none is in force. */
export interface ApplicationTerms {
  readonly version: number;
  readonly gateway: Gateway;
  readonly historicalDays: boolean;
}

export interface GrantFact {
  /** 0 when there is no such grant. */
  readonly grantor: bigint;
  readonly grantee: { readonly kind: 'member' | 'region'; readonly id: bigint };
  readonly applicationId: Hex;
  readonly classes: number;
  readonly validFrom: bigint;
  readonly validUntil: bigint;
  readonly maxUses: number;
  readonly consentRequired: boolean;
  readonly uses: number;
  readonly revokedAt: bigint;
}

/** A subject's consent as it stands now (ISubjectConsents). */
export interface ConsentFact {
  readonly bindingId: bigint;
  readonly applicationId: Hex;
  readonly registerId: bigint;
  /** Member id of who may ask. */
  readonly requester: bigint;
  /** Unix seconds, both inclusive. */
  readonly validFrom: bigint;
  readonly validUntil: bigint;
  readonly maxUses: number;
  readonly uses: number;
  /** 0 while it is not revoked. */
  readonly revokedAt: bigint;
}

/** The key of a subject, as it stands now. */
export interface BindingFact {
  /** Lower case. */
  readonly subject: Hex;
  readonly voucher: bigint;
  readonly bindingCommit: Hex;
  readonly boundAt: bigint;
  /** 0 while it holds. */
  readonly endedAt: bigint;
}

/**
 * What the exchange reads from the chain. A rejected promise means that the chain
 * could not be asked (`CHAIN_…`); that there is nothing is `undefined`.
 */
export interface LedgerReads extends AnswerFacts {
  readonly contracts: {
    readonly consortium: Hex;
    readonly registers: Hex;
    readonly applications: Hex;
    readonly grants: Hex;
    readonly answerLog: Hex;
    readonly consents: Hex;
  };
  /** The newest block, and what time the chain would give the next one as far as it says. */
  now(): Promise<{ readonly blockNumber: bigint; readonly time: bigint }>;
  member(memberId: bigint): Promise<MemberFact | undefined>;
  /** The keys of a member in a block, also one to come; lower case, undefined for none. */
  operatorAt(memberId: bigint, blockNumber: bigint): Promise<Hex | undefined>;
  witnessAt(memberId: bigint, blockNumber: bigint): Promise<Hex | undefined>;
  memberCount(): Promise<bigint>;
  registersOf(memberId: bigint): Promise<readonly bigint[]>;
  terms(applicationId: Hex): Promise<ApplicationTerms>;
  listed(
    applicationId: Hex,
    version: number,
    predicateHash: Hex,
  ): Promise<{ readonly listed: boolean; readonly class: LedgerClass }>;
  grant(grantId: Hex): Promise<GrantFact>;
  /** Whether the contract that knows consents is in force. */
  consentsInForce(): Promise<boolean>;
  consent(consentId: Hex): Promise<ConsentFact | undefined>;
  binding(bindingId: bigint): Promise<BindingFact | undefined>;
  /** The consent that a requester cites for a question (its EIP-712 digest); undefined for none. */
  citedConsent(requester: bigint, requestDigest: Hex): Promise<Hex | undefined>;
  /** 0 for none. */
  logIdOf(registerId: bigint, grantId: Hex, requester: bigint, requestId: Hex): Promise<bigint>;
  requestOfTag(requester: bigint, subjectTag: Hex): Promise<Hex | undefined>;
  logEntry(logId: bigint): Promise<LogEntryFact | undefined>;
  /** The transaction that made a log entry; undefined when that block has no such entry (any more). */
  logTransaction(logId: bigint, blockNumber: bigint): Promise<Hex | undefined>;
  /** Name of the error with which the answer log would refuse a call now; undefined when it would not. */
  refusalOfCall(from: Hex, data: Hex): Promise<string | undefined>;
}

/** The queue of transactions, as `Outbox` is. */
export interface Transactions {
  enqueue(db: Database, request: TransactionRequest): Promise<bigint>;
  waitFor(id: bigint, signal?: AbortSignal): Promise<Pick<MinedTransaction, 'blockNumber'>>;
}

/** The answers room, as `AnswerService` is. */
export interface AnswerPreparer {
  prepare(request: SignedRequestJson, uscc: Uscc, nonce: Nonce, options?: ProveOptions): Promise<Preparation>;
}

/** As much of the keyring as the exchange uses. */
export interface Signer {
  readonly operatorAddress: Hex;
  readonly witnessAddress: Hex;
  /** With the key that signs now, or with another that it holds (`KEYRING_KEY_UNKNOWN`). */
  signTypedData(role: 'operator' | 'witness', typedData: TypedDataDefinition, as?: Hex): Promise<Hex>;
}

/** What is asked of a foreign register's replay before a checkpoint over it is signed. */
export interface ReplayedRoots {
  /** The root that this node itself computed for a batch; undefined while it has not, or when it was annulled. */
  rootOf(registerId: bigint, seq: bigint): Promise<bigint | undefined>;
}

/** A line for the operator: codes and ids, never subjects. */
export interface ExchangeLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export const silentLog: ExchangeLog = { info: () => undefined, warn: () => undefined };
