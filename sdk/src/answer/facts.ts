import type { Gateway, Hex } from '../protocol/index.ts';

/** How a root stood when something was logged under it; the order is the contract's. */
export const STANDINGS = ['current', 'within-grace', 'stale', 'contested', 'not-usable'] as const;
export type Standing = (typeof STANDINGS)[number];

export interface LogEntryFact {
  readonly requestDigest: Hex;
  readonly registerId: bigint;
  readonly batchHash: Hex;
  readonly seq: bigint;
  readonly standing: Standing;
  readonly circuitId: Hex;
  readonly answerCommitment: Hex;
  /** 0 for an answer. */
  readonly refusalCode: number;
  /** Seconds since 1970. */
  readonly time: bigint;
  readonly blockNumber: bigint;
}

export interface RegisterFact {
  readonly owner: bigint;
  readonly secretCommit: bigint;
  readonly promiseSeconds: number;
}

export interface BatchFact {
  readonly batchHash: Hex;
  readonly root: bigint;
  readonly witnessed: boolean;
  /** An objection to it, or to one before it, is open now. */
  readonly contested: boolean;
  readonly annulled: boolean;
  /** Seconds since 1970; 0 while it is the head. */
  readonly supersededAt: bigint;
  /** When the owner last stood by this root as the head. */
  readonly lastStoodAt: bigint;
}

export interface CircuitFact {
  readonly size: number;
  readonly fromBlock: bigint;
  /** 0 = no end. */
  readonly toBlock: bigint;
}

export interface GrantFact {
  readonly grantor: bigint;
  readonly grantee: { readonly kind: 'member' | 'region'; readonly id: bigint };
  readonly applicationId: Hex;
  /** A bit `1 << class` for each ledger class. */
  readonly classes: number;
  readonly validFrom: bigint;
  readonly validUntil: bigint;
  /** 0 while it is not revoked. */
  readonly revokedAt: bigint;
  readonly uses: number;
}

export interface ListedPredicateFact {
  readonly listed: boolean;
  readonly circuits: readonly Hex[];
  readonly gateway: Gateway;
}

/**
 * What verification asks of the chain. All of it is current state: no archive is needed, since
 * the contracts keep what was true at a block. `undefined` means that the chain says there is none;
 * a rejected promise means that the chain could not be asked, and never anything else.
 */
export interface ChainFacts {
  chainId(): Promise<bigint>;
  /** The answer log in force in a block. */
  answerLogAt(blockNumber: bigint): Promise<Hex | undefined>;
  logEntry(logId: bigint): Promise<LogEntryFact | undefined>;
  register(registerId: bigint): Promise<RegisterFact | undefined>;
  registersOf(memberId: bigint): Promise<readonly bigint[]>;
  batch(registerId: bigint, seq: bigint): Promise<BatchFact | undefined>;
  /** The key that acted for a member in a block. */
  operatorAt(memberId: bigint, blockNumber: bigint): Promise<Hex | undefined>;
  circuit(circuitId: Hex): Promise<CircuitFact | undefined>;
  grant(grantId: Hex): Promise<GrantFact | undefined>;
  listedPredicate(
    applicationId: Hex,
    version: number,
    predicateHash: Hex,
  ): Promise<ListedPredicateFact | undefined>;
}
