import {
  applicationIdOf,
  CATALOGUE,
  type CatalogueApplication,
  catalogueHash,
  findPredicate,
  GATEWAYS,
  packedClauses,
  predicateHashOf,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import {
  createPublicClient,
  createWalletClient,
  decodeEventLog,
  encodeFunctionData,
  http,
  keccak256,
  stringToBytes,
  type Address,
  type Hex,
  type LocalAccount,
  type PublicClient,
} from 'viem';
import {
  applicationListAbi,
  commitmentItemsAbi,
  consortiumAbi,
  creditCasesAbi,
  ledgerErrorsAbi,
  workingCalendarAbi,
} from '../../sdk/src/chain/abi/index.ts';
import { CALENDAR_YEARS, yearBitmap } from './calendar.ts';
import type { DeployedCircuit, Deployment } from './deploy.ts';

/** As `Role` in the contract. */
export const ROLE = { authority: 1, requester: 2, association: 3 } as const;

/** A member to be admitted. */
export interface FoundingMember {
  readonly name: string;
  /** GB/T 2260 code of the place. */
  readonly regionCode: number;
  /** The member's own unified social credit code. */
  readonly creditCode: string;
  readonly role: keyof typeof ROLE;
  readonly endpoint: string;
  readonly operator: Address;
  /** Authorities only. */
  readonly witness?: Address;
}

/** One call of a council proposal. */
export interface CouncilCall {
  readonly target: Address;
  readonly data: Hex;
}

export interface FoundOptions {
  readonly rpcUrl: string;
  readonly deployment: Deployment;
  /** Keys of two seats: the first proposes, the second approves. */
  readonly seats: readonly [LocalAccount, LocalAccount];
  readonly members: readonly FoundingMember[];
  /** Those of the catalogue by default. */
  readonly applications?: readonly CatalogueApplication[];
  /** Whose working days are set; {@link DEFAULT_CALENDAR_YEARS} by default. */
  readonly calendarYears?: readonly number[];
  readonly pollMilliseconds?: number;
}

export interface Founding {
  readonly proposalId: bigint;
  /** Ids in the order of `members`. */
  readonly memberIds: readonly bigint[];
  /** The block of the deciding approval. */
  readonly blockNumber: bigint;
  readonly transactionHash: Hex;
}

/** Name under which a contract is put in force. */
export function contractName(name: string): Hex {
  return keccak256(stringToBytes(name));
}

/**
 * The founding decision of the council, in one proposal: contracts, circuits and catalogue in force, members admitted,
 * working days of these years set, applications published. Whoever executes it, it takes two of three regions.
 * @throws LedgerError CALENDAR_YEAR_UNKNOWN for a year whose holidays are not known
 */
export function foundingCalls(
  deployment: Deployment,
  members: readonly FoundingMember[],
  applications: readonly CatalogueApplication[] = CATALOGUE.applications,
  calendarYears: readonly number[] = DEFAULT_CALENDAR_YEARS,
): CouncilCall[] {
  const onConsortium = (data: Hex): CouncilCall => ({ target: deployment.consortium, data });
  const inForce: readonly [string, Address][] = [
    ['CreditRegisters', deployment.registers],
    ['ApplicationList', deployment.applications],
    ['SharingGrants', deployment.grants],
    ['AnswerLog', deployment.answerLog],
    ['WorkingCalendar', deployment.processes.calendar],
    ['CommitmentItems', deployment.processes.items],
    ['CommitmentLetters', deployment.processes.letters],
    ['IncompleteFilings', deployment.processes.filings],
    ['SubjectConsents', deployment.processes.consents],
    ['CreditCases', deployment.processes.cases],
    ['VoluntaryPledges', deployment.processes.pledges],
  ];
  return [
    ...inForce.map(([name, address]) =>
      onConsortium(
        encodeFunctionData({
          abi: consortiumAbi,
          functionName: 'putInForce',
          args: [contractName(name), address, 1],
        }),
      ),
    ),
    ...deployment.circuits.map(({ id, size, verifier }) =>
      onConsortium(
        encodeFunctionData({ abi: consortiumAbi, functionName: 'putCircuit', args: [id, size, verifier] }),
      ),
    ),
    onConsortium(
      encodeFunctionData({
        abi: consortiumAbi,
        functionName: 'setCatalogue',
        args: [CATALOGUE.version, catalogueHash()],
      }),
    ),
    ...members.map((member) => onConsortium(admissionData(member))),
    ...applications.map((application) => ({
      target: deployment.applications,
      data: publicationData(application, deployment.circuits),
    })),
    // After the applications: eligibility is a predicate that one of them lists.
    ...processCalls(deployment),
    ...calendarCalls(deployment, calendarYears),
  ];
}

/**
 * The years of which the holidays are known, from 2019 on, when the oldest rules of repair came into force. The next
 * year is the council's to set when the State Council has published it ({@link calendarCalls} with newer data).
 */
export const DEFAULT_CALENDAR_YEARS: readonly number[] = CALENDAR_YEARS.filter((year) => year >= 2019);

/** Sets the working days of years. @throws LedgerError CALENDAR_YEAR_UNKNOWN */
export function calendarCalls(
  { processes }: Pick<Deployment, 'processes'>,
  years: readonly number[],
): CouncilCall[] {
  return years.map((year) => {
    const { low, high, sourceHash } = yearBitmap(year);
    return {
      target: processes.calendar,
      data: encodeFunctionData({
        abi: workingCalendarAbi,
        functionName: 'setYear',
        args: [year, low, high, sourceHash],
      }),
    };
  });
}

/** Working days for cases: starting values, which the council changes with `CreditCases.setRules`. */
export const DEFAULT_CASE_RULES = { disputeDays: 7, repairDays: 10, carryOutDays: 3 } as const;

/** What the processes need besides being in force: who may promise, and how long cases may take. */
function processCalls({ processes }: Pick<Deployment, 'processes'>): CouncilCall[] {
  const { predicate } = findPredicate('commitment-eligibility', 'may-promise');
  return [
    {
      target: processes.items,
      data: encodeFunctionData({
        abi: commitmentItemsAbi,
        functionName: 'setEligibility',
        args: [applicationIdOf('commitment-eligibility'), toBytes32(predicateHashOf(predicate))],
      }),
    },
    {
      target: processes.cases,
      data: encodeFunctionData({ abi: creditCasesAbi, functionName: 'setRules', args: [DEFAULT_CASE_RULES] }),
    },
  ];
}

/** Call data that admits a member. */
export function admissionData(member: FoundingMember): Hex {
  return encodeFunctionData({
    abi: consortiumAbi,
    functionName: 'admit',
    args: [
      {
        name: member.name,
        regionCode: member.regionCode,
        creditCode: member.creditCode,
        role: ROLE[member.role],
        endpoint: member.endpoint,
        operator: member.operator,
        witness: member.witness ?? '0x0000000000000000000000000000000000000000',
      },
    ],
  });
}

/** Call data that publishes an application of the catalogue with the circuits of the sizes that it allows. */
export function publicationData(
  application: CatalogueApplication,
  circuits: readonly DeployedCircuit[],
): Hex {
  return encodeFunctionData({
    abi: applicationListAbi,
    functionName: 'publish',
    args: [
      application.id,
      application.name.zh,
      application.legalBasisHash,
      GATEWAYS.indexOf(application.gateway),
      application.historicalDays,
      application.predicates.map(({ predicate, circuitSizes }) => {
        const [clause0, clause1] = packedClauses(predicate);
        return {
          predicateHash: toBytes32(predicateHashOf(predicate)),
          class: predicate.class,
          clause0,
          clause1,
          circuits: circuits.filter(({ size }) => circuitSizes.includes(size)).map(({ id }) => id),
        };
      }),
    ],
  });
}

/** Founds the ledger. @throws viem errors with the contract's own error decoded */
export async function foundLedger(options: FoundOptions): Promise<Founding> {
  const calls = foundingCalls(
    options.deployment,
    options.members,
    options.applications,
    options.calendarYears,
  );
  const decision = await decideInCouncil({ ...options, calls, summary: 'Founding of the ledger' });
  const memberIds: bigint[] = [];
  for (const log of decision.logs) {
    // An event counts only when the consortium itself emitted it.
    if (log.address.toLowerCase() !== options.deployment.consortium.toLowerCase()) continue;
    const event = decodeEventLog({
      abi: consortiumAbi,
      data: log.data,
      topics: [...log.topics] as [Hex, ...Hex[]],
    });
    if (event.eventName === 'MemberAdmitted') memberIds.push(event.args.memberId);
  }
  const { proposalId, blockNumber, transactionHash } = decision;
  return { proposalId, memberIds, blockNumber, transactionHash };
}

export interface DecideOptions {
  readonly rpcUrl: string;
  readonly deployment: Pick<Deployment, 'consortium'>;
  readonly seats: readonly [LocalAccount, LocalAccount];
  readonly calls: readonly CouncilCall[];
  readonly summary: string;
  readonly pollMilliseconds?: number;
}

export interface Decision {
  readonly proposalId: bigint;
  readonly blockNumber: bigint;
  readonly transactionHash: Hex;
  readonly logs: readonly {
    readonly address: Address;
    readonly data: Hex;
    readonly topics: readonly Hex[];
  }[];
}

/** Proposes with the first seat, approves with the second, and waits for both. */
export async function decideInCouncil(options: DecideOptions): Promise<Decision> {
  const pollingInterval = options.pollMilliseconds ?? 50;
  const client = createPublicClient({ transport: http(options.rpcUrl), pollingInterval });
  const { consortium } = options.deployment;
  const [proposer, approver] = options.seats;
  const { request } = await client.simulateContract({
    account: proposer,
    address: consortium,
    abi: COUNCIL_ABI,
    functionName: 'propose',
    args: [options.calls, options.summary],
  });
  const proposed = await confirm(
    client,
    await walletOf(options.rpcUrl, proposer).writeContract({ ...request, chain: null }),
  );
  const proposalId = proposalIdOf(proposed.logs, consortium);
  const approval = await client.simulateContract({
    account: approver,
    address: consortium,
    abi: COUNCIL_ABI,
    functionName: 'approve',
    args: [proposalId],
  });
  const receipt = await confirm(
    client,
    await walletOf(options.rpcUrl, approver).writeContract({ ...approval.request, chain: null }),
  );
  return {
    proposalId,
    blockNumber: receipt.blockNumber,
    transactionHash: receipt.transactionHash,
    logs: receipt.logs.map(({ address, data, topics }) => ({ address, data, topics })),
  };
}

/** From the event, not from a simulation: another proposal may have come in between. */
function proposalIdOf(logs: Decision['logs'], consortium: Address): bigint {
  for (const log of logs) {
    if (log.address.toLowerCase() !== consortium.toLowerCase()) continue;
    const event = decodeEventLog({
      abi: consortiumAbi,
      data: log.data,
      topics: [...log.topics] as [Hex, ...Hex[]],
    });
    if (event.eventName === 'ProposalMade') return event.args.id;
  }
  throw new Error('the consortium made no proposal');
}

/** Sends each address some of the chain's coin, where gas has a price. */
export async function fundAccounts(
  rpcUrl: string,
  from: LocalAccount,
  addresses: readonly Address[],
  wei: bigint = 10n ** 20n,
): Promise<void> {
  const client = createPublicClient({ transport: http(rpcUrl), pollingInterval: 50 });
  const wallet = walletOf(rpcUrl, from);
  const first = await client.getTransactionCount({ address: from.address });
  // All at once, one nonce after the other: where a block takes seconds, waiting for each would take a minute.
  const sent: Hex[] = [];
  for (const [i, to] of addresses.entries()) {
    sent.push(await wallet.sendTransaction({ to, value: wei, nonce: first + i, chain: null }));
  }
  await Promise.all(sent.map((hash) => confirm(client, hash)));
}

/** With every error that a call may bring back from within. */
const COUNCIL_ABI = [...consortiumAbi.filter((item) => item.type !== 'error'), ...ledgerErrorsAbi] as const;

function walletOf(rpcUrl: string, account: LocalAccount) {
  return createWalletClient({ account, transport: http(rpcUrl) });
}

async function confirm(client: PublicClient, hash: Hex) {
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== 'success') throw new Error(`the transaction ${hash} failed`);
  return receipt;
}
