import { ledgerDomain, type Hex, type LedgerError } from '@credit-ledger/sdk/protocol';
import type { Clock } from '../clock.ts';
import type { LedgerReads, Transactions } from '../exchange/index.ts';
import type { Database } from '../store/index.ts';

/** What the room takes from the others. */
export interface SubjectParts {
  readonly db: Database;
  readonly facts: SubjectReads;
  readonly transactions: Transactions;
  readonly clock: Clock;
  /** Who this node is. */
  readonly memberId: bigint;
  /** The error with which a contract would refuse a call of the operator now; undefined when it would not. */
  simulate(to: Hex, data: Hex): Promise<LedgerError | undefined>;
}

export type SubjectReads = Pick<
  LedgerReads,
  'domain' | 'contracts' | 'now' | 'consent' | 'binding' | 'consentsInForce'
>;

/** The domain of everything that a subject signs about its keys and consents. */
export function consentDomain({ domain, contracts }: SubjectReads): ReturnType<typeof ledgerDomain> {
  return ledgerDomain(domain.chainId, contracts.consents);
}
