import type { Hex } from '../protocol/index.ts';

/** Where a ledger's contracts are, in any letter case. */
export interface LedgerAddresses {
  readonly consortium: Hex;
  readonly registers: Hex;
  readonly applications: Hex;
  readonly grants: Hex;
  readonly answerLog: Hex;
}

/** Where a ledger lives and since when. */
export interface LedgerDeployment extends LedgerAddresses {
  readonly chainId: number | bigint;
  /** No event of these contracts is older. */
  readonly deployedAtBlock: number | bigint;
}

/** An address in the one spelling that documents use. */
export function lowerCase(address: string): Hex {
  return address.toLowerCase() as Hex;
}
