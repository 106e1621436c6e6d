import type { Standing } from '@credit-ledger/sdk/answer';
import type {
  Hex,
  LedgerClass,
  OpenedEntry,
  Predicate,
  RegisterSecret,
  TreePath,
  Uscc,
} from '@credit-ledger/sdk/protocol';

// What this room needs of others that it may not import. The program that puts the
// rooms together hands them over.

/** A batch of a register as the chain says it stands now. */
export interface BatchChoice {
  /** 0 is the empty register. */
  readonly seq: bigint;
  /** 32 zero bytes for the empty register. */
  readonly batchHash: Hex;
  readonly root: bigint;
}

/** How a batch may be used for answering, as the answer log will judge it. */
export interface BatchUse {
  readonly standing: Standing;
  /** Name of the contract's error that says why it is not usable. */
  readonly reason?: string;
}

/** What the chain says about the question. Rejected promises mean that it could not be asked. */
export interface AnswerFacts {
  readonly domain: { readonly chainId: bigint; readonly answerLog: Hex };
  register(
    registerId: bigint,
  ): Promise<{ readonly owner: bigint; readonly secretCommit: bigint } | undefined>;
  /** The latest batch that is witnessed and not contested. */
  latestWitnessed(registerId: bigint): Promise<BatchChoice>;
  usable(registerId: bigint, batchHash: Hex): Promise<BatchUse>;
  /** Circuits in force that the application list lets answer this predicate. */
  circuitsFor(applicationId: Hex, version: number, predicateHash: Hex): Promise<readonly Hex[]>;
  /** The preimage of a predicate hash, from the list's events or the catalogue. */
  predicate(applicationId: Hex, version: number, predicateHash: Hex): Promise<Predicate | undefined>;
}

/** A subject's whole chain as of a batch, with what shows that it is whole. */
export interface ProvableChain {
  /** Oldest first; empty when the subject has no entry. */
  readonly entries: readonly OpenedEntry[];
  readonly path: TreePath;
  readonly root: bigint;
}

/** The agency's own registers: the only place where openings and secrets come from. */
export interface OwnRegisters {
  /**
   * A subject's chain in a class as of a batch (0: the empty register). Never fails for an
   * unknown subject: that one has an empty chain and a path of absence. `OPENINGS_LOST`.
   */
  chainOf(uscc: Uscc, ledgerClass: LedgerClass, registerId: bigint, seq: bigint): Promise<ProvableChain>;
  /** The secret of one of the agency's registers. */
  secretOf(registerId: bigint): Promise<RegisterSecret>;
}
