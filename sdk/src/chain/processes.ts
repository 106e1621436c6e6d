import { getContract, type GetContractReturnType, keccak256, stringToBytes } from 'viem';
import { type Hex, LedgerError } from '../protocol/index.ts';
import {
  commitmentItemsAbi,
  commitmentLettersAbi,
  creditCasesAbi,
  incompleteFilingsAbi,
  subjectConsentsAbi,
  voluntaryPledgesAbi,
  workingCalendarAbi,
} from './abi/index.ts';
import { lowerCase } from './deployment.ts';
import { asked, type LedgerView, type ReadClient } from './view.ts';

/** The names under which the council puts the contracts of the processes in force. */
export const PROCESS_CONTRACT_NAMES = {
  calendar: keccak256(stringToBytes('WorkingCalendar')),
  items: keccak256(stringToBytes('CommitmentItems')),
  letters: keccak256(stringToBytes('CommitmentLetters')),
  filings: keccak256(stringToBytes('IncompleteFilings')),
  consents: keccak256(stringToBytes('SubjectConsents')),
  cases: keccak256(stringToBytes('CreditCases')),
  pledges: keccak256(stringToBytes('VoluntaryPledges')),
} as const;

/** Where the contracts of the processes are, in any letter case. */
export type ProcessAddresses = { readonly [Name in keyof typeof PROCESS_CONTRACT_NAMES]: Hex };

/** Typed reading of the processes' contracts; errors as those of {@link LedgerView}. */
export class ProcessView {
  readonly addresses: ProcessAddresses;
  readonly calendar: GetContractReturnType<typeof workingCalendarAbi, ReadClient>;
  readonly items: GetContractReturnType<typeof commitmentItemsAbi, ReadClient>;
  readonly letters: GetContractReturnType<typeof commitmentLettersAbi, ReadClient>;
  readonly filings: GetContractReturnType<typeof incompleteFilingsAbi, ReadClient>;
  readonly consents: GetContractReturnType<typeof subjectConsentsAbi, ReadClient>;
  readonly cases: GetContractReturnType<typeof creditCasesAbi, ReadClient>;
  readonly pledges: GetContractReturnType<typeof voluntaryPledgesAbi, ReadClient>;

  constructor(client: ReadClient, addresses: ProcessAddresses) {
    this.addresses = addresses;
    this.calendar = getContract({ abi: workingCalendarAbi, address: addresses.calendar, client });
    this.items = getContract({ abi: commitmentItemsAbi, address: addresses.items, client });
    this.letters = getContract({ abi: commitmentLettersAbi, address: addresses.letters, client });
    this.filings = getContract({ abi: incompleteFilingsAbi, address: addresses.filings, client });
    this.consents = getContract({ abi: subjectConsentsAbi, address: addresses.consents, client });
    this.cases = getContract({ abi: creditCasesAbi, address: addresses.cases, client });
    this.pledges = getContract({ abi: voluntaryPledgesAbi, address: addresses.pledges, client });
  }
}

/**
 * The addresses that the council has put in force: what a verifier starts from, who pinned the consortium.
 * @throws LedgerError CHAIN_UNREACHABLE, CONTRACT_NOT_IN_FORCE when a process has no contract
 */
export async function processAddressesInForce(view: LedgerView): Promise<ProcessAddresses> {
  const found: Partial<Record<keyof ProcessAddresses, Hex>> = {};
  for (const [name, hash] of Object.entries(PROCESS_CONTRACT_NAMES) as [keyof ProcessAddresses, Hex][]) {
    const address = lowerCase(await asked(view.consortium.read.contractInForce([hash])));
    if (BigInt(address) === 0n) {
      throw new LedgerError(
        'CONTRACT_NOT_IN_FORCE',
        { en: 'The council has put no such contract in force.', zh: '理事会尚未启用该合约。' },
        { contract: name },
      );
    }
    found[name] = address;
  }
  return found as ProcessAddresses;
}
