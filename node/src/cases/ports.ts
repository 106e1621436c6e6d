import type { Hex } from '@credit-ledger/sdk/protocol';
import type { Clock } from '../clock.ts';
import type { ExchangeLog, LedgerReads, PeerTransport, Signer } from '../exchange/index.ts';
import type { Operation, OperationDone } from '../registers/index.ts';
import type { Database } from '../store/index.ts';
import type { CaseBoard } from './board.ts';

/** What the room reads from the chain itself: keys must be those of now. */
export type CaseReads = Pick<LedgerReads, 'domain' | 'member' | 'binding'>;

/** The agency's own register, as `RegisterService` is. */
export interface CaseRegisters {
  operateIn(tx: Database, operation: Operation): Promise<OperationDone>;
}

/** The queue of transactions, as `Outbox` is. */
export interface CaseTransactions {
  enqueue(
    db: Database,
    request: {
      readonly kind: string;
      readonly dedupeKey: string;
      readonly role: 'operator';
      readonly to: Hex;
      readonly data: Hex;
      readonly ifFailed?: 'keep' | 'retry';
    },
  ): Promise<bigint>;
}

export interface CaseLimits {
  /** Messages of a member that name no entry of ours, in a day; then it is not answered any more. */
  readonly missesOfOne: number;
  /** Documents of a member that wait to be filed on chain. */
  readonly unfiledOfOne: number;
  /** So long a filing officer is kept waiting for the source's word. */
  readonly firstWordMilliseconds: number;
  /** The first pause before a document is sent again; it doubles. */
  readonly firstRetryMilliseconds: number;
  readonly mostRetryMilliseconds: number;
  /** How often the room looks by itself. */
  readonly tickMilliseconds: number;
}

export const CASE_LIMITS: CaseLimits = {
  missesOfOne: 20,
  unfiledOfOne: 64,
  firstWordMilliseconds: 10_000,
  firstRetryMilliseconds: 5_000,
  mostRetryMilliseconds: 3_600_000,
  tickMilliseconds: 5_000,
};

/** What the room works with. */
export interface CaseParts {
  readonly db: Database;
  readonly clock: Clock;
  /** Who this node is. */
  readonly memberId: bigint;
  readonly facts: CaseReads;
  readonly registers: CaseRegisters;
  readonly transactions: CaseTransactions;
  readonly transport: PeerTransport;
  readonly signer: Pick<Signer, 'signTypedData'>;
  readonly board: CaseBoard;
  /** Address of CreditCases. */
  readonly contract: Hex;
  readonly log: ExchangeLog;
  readonly limits: CaseLimits;
}
