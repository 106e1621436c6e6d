import type { Hex, Nonce } from '@credit-ledger/sdk/protocol';
import type { TypedDataDefinition } from 'viem';
import type { ChainContract } from '../chain/client.ts';
import type { MinedTransaction, TransactionRequest } from '../chain/outbox.ts';
import type { Clock } from '../clock.ts';
import type { Ask } from '../exchange/index.ts';
import type { Operation, OperationDone, RegisterRecord } from '../registers/index.ts';
import type { Database } from '../store/index.ts';
import type { AskedQuestion } from '../store/questions.ts';

/** The queue of transactions, as `Outbox` is. */
export interface Transactions {
  enqueue(db: Database, request: TransactionRequest): Promise<bigint>;
  waitFor(id: bigint, signal?: AbortSignal): Promise<Pick<MinedTransaction, 'blockNumber'>>;
}

/** As much of the keyring as the room uses. */
export interface Signer {
  signTypedData(role: 'operator', typedData: TypedDataDefinition): Promise<Hex>;
  /** 32 bytes that no database holds: the seeds of draws come from them. */
  journalKey(): Promise<Uint8Array>;
}

/** The exchange's requester: puts the question of eligibility to registers. */
export interface EligibilityAsker {
  ask(ask: Ask & { readonly fixed: { readonly requestId: Hex; readonly nonce: Nonce } }): Promise<bigint>;
  outcome(id: bigint, signal?: AbortSignal): Promise<AskedQuestion>;
}

/** The agency's own register, for what follows from a broken promise. */
export interface OwnRegister {
  appendRecords(db: Database, records: readonly RegisterRecord[]): Promise<number>;
  operateIn(db: Database, operation: Operation): Promise<OperationDone>;
}

/** A line for the operator: codes and ids, never subjects. */
export interface RoomLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Where the contracts of this room are. */
export interface LetterContracts {
  readonly items: Hex;
  readonly letters: Hex;
  readonly filings: Hex;
  readonly pledges: Hex;
}

/** What the room needs of others. */
export interface LetterParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly transactions: Transactions;
  /** Resolves when the node has followed the chain up to a block. */
  readonly followed: (blockNumber: bigint, signal: AbortSignal) => Promise<unknown>;
  readonly chainId: number;
  readonly contracts: LetterContracts;
  /** The followed contracts with their ABIs: how stored events are read. */
  readonly followedContracts: readonly ChainContract[];
  /** Who this node is among the members, read by this handle; undefined before it is admitted. */
  readonly memberId: (db: Database) => Promise<bigint | undefined>;
  /** Errors: `NOT_A_MEMBER` while the exchange has not begun. */
  readonly asker: () => EligibilityAsker;
  readonly register: OwnRegister;
  /** The time that the chain would give its next block, unix seconds. Errors: `CHAIN_…`. */
  readonly chainTime: () => Promise<bigint>;
  readonly log: RoomLog;
  /** So long a caller is kept waiting for a block; 20 seconds by default. */
  readonly patienceMilliseconds?: number;
}
