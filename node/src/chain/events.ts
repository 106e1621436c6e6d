import type {
  answerLogAbi,
  applicationListAbi,
  commitmentItemsAbi,
  commitmentLettersAbi,
  consortiumAbi,
  creditCasesAbi,
  creditRegistersAbi,
  incompleteFilingsAbi,
  sharingGrantsAbi,
  subjectConsentsAbi,
  voluntaryPledgesAbi,
  workingCalendarAbi,
} from '@credit-ledger/sdk/chain';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import {
  decodeEventLog,
  type AbiEvent,
  type AbiParameter,
  type ContractEventName,
  type DecodeEventLogReturnType,
  type Hex,
} from 'viem';
import type { EventRow } from '../store/events.ts';
import type { ChainContract, ChainLog } from './client.ts';

/** An event of a followed contract, of whatever kind. `args` as viem decodes them. */
export interface FollowedEvent {
  readonly contract: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly blockNumber: bigint;
  /** Unix seconds. */
  readonly blockTime: bigint;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

interface Abis {
  Consortium: typeof consortiumAbi;
  CreditRegisters: typeof creditRegistersAbi;
  ApplicationList: typeof applicationListAbi;
  SharingGrants: typeof sharingGrantsAbi;
  AnswerLog: typeof answerLogAbi;
  WorkingCalendar: typeof workingCalendarAbi;
  CommitmentItems: typeof commitmentItemsAbi;
  CommitmentLetters: typeof commitmentLettersAbi;
  IncompleteFilings: typeof incompleteFilingsAbi;
  SubjectConsents: typeof subjectConsentsAbi;
  CreditCases: typeof creditCasesAbi;
  VoluntaryPledges: typeof voluntaryPledgesAbi;
}

export type ContractName = keyof Abis;

type EventOf<C extends ContractName, N extends ContractEventName<Abis[C]>> = Omit<
  FollowedEvent,
  'contract' | 'name' | 'args'
> & {
  readonly contract: C;
  readonly name: N;
  readonly args: DecodeEventLogReturnType<Abis[C], N, [Hex, ...Hex[]], undefined, true>['args'];
};

/** Every event of the ledger's contracts; `contract` and `name` tell them apart. */
export type LedgerEvent = {
  [C in ContractName]: { [N in ContractEventName<Abis[C]>]: EventOf<C, N> }[ContractEventName<Abis[C]>];
}[ContractName];

/**
 * Decodes a log by the address that emitted it: the same topic from another
 * address is not our event. Errors: `CHAIN_EVENT_UNDECODABLE`.
 */
export function decodeLog(
  contracts: readonly ChainContract[],
  log: ChainLog,
  blockTime: bigint,
): FollowedEvent {
  const contract = contracts.find(({ address }) => address === log.address);
  try {
    if (contract === undefined) throw new Error('not an address of ours');
    const { eventName, args } = decodeEventLog({
      abi: contract.abi,
      data: log.data,
      topics: log.topics as [Hex, ...Hex[]],
      strict: true,
    });
    return {
      contract: contract.name,
      name: eventName ?? '',
      args: (args ?? {}) as Record<string, unknown>,
      blockNumber: log.blockNumber,
      blockTime,
      transactionHash: log.transactionHash,
      logIndex: log.logIndex,
    };
  } catch (cause) {
    // To skip it would be to miss something that the chain says.
    throw new LedgerError(
      'CHAIN_EVENT_UNDECODABLE',
      {
        en: `A contract emitted an event that this program does not know (block ${log.blockNumber}, log ${log.logIndex}).`,
        zh: `合约发出了本程序不认识的事件（第 ${log.blockNumber} 块，日志 ${log.logIndex}）。`,
      },
      {
        address: log.address,
        topic: log.topics[0] ?? null,
        blockNumber: log.blockNumber,
        logIndex: log.logIndex,
      },
      { cause },
    );
  }
}

/** How an event is stored: integers as decimal strings, addresses and bytes as lower-case hexadecimal. */
export function toEventRow(event: FollowedEvent): EventRow {
  const args = toStored(event.args) as Record<string, unknown>;
  return {
    blockNumber: event.blockNumber,
    logIndex: event.logIndex,
    txHash: Buffer.from(event.transactionHash.slice(2), 'hex'),
    blockTime: event.blockTime,
    contract: event.contract,
    name: event.name,
    registerId: smallId(args['registerId']),
    seq: smallId(args['seq']),
    memberId: smallId(args['memberId']),
    args,
  };
}

/** The event as it was decoded, from its stored form. The contract must be among `contracts`. */
export function fromEventRow(contracts: readonly ChainContract[], row: EventRow): FollowedEvent {
  const contract = contracts.find(({ name }) => name === row.contract);
  const event = contract?.abi.find(
    (item): item is AbiEvent => item.type === 'event' && item.name === row.name,
  );
  if (event === undefined) throw new Error(`no event ${row.contract}.${row.name} in the ABI`);
  return {
    contract: row.contract,
    name: row.name,
    args: Object.fromEntries(
      event.inputs.map((input) => [input.name ?? '', fromStored(input, row.args[input.name ?? ''])]),
    ),
    blockNumber: row.blockNumber,
    blockTime: row.blockTime,
    transactionHash: `0x${Buffer.from(row.txHash).toString('hex')}`,
    logIndex: row.logIndex,
  };
}

function toStored(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') return value.toString();
  if (typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value)) return value.toLowerCase();
  if (Array.isArray(value)) return value.map(toStored);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toStored(inner)]));
  }
  return value;
}

/** viem's own rule: integers of up to 48 bits are numbers, larger ones bigint. */
function fromStored(parameter: AbiParameter, value: unknown): unknown {
  const array = /^(.*)\[\d*\]$/.exec(parameter.type);
  if (array !== null) {
    const element = { ...parameter, type: array[1] ?? '' } as AbiParameter;
    return (value as unknown[]).map((inner) => fromStored(element, inner));
  }
  if ('components' in parameter) {
    const fields = value as Record<string, unknown>;
    return Object.fromEntries(
      parameter.components.map((part) => [part.name ?? '', fromStored(part, fields[part.name ?? ''])]),
    );
  }
  const integer = /^u?int(\d*)$/.exec(parameter.type);
  if (integer !== null) return Number(integer[1] || '256') <= 48 ? Number(value) : BigInt(value as string);
  return value;
}

const MAX_INT8 = 2n ** 63n - 1n;

/** Ids that fit the column; an id that does not is in `args` all the same. */
function smallId(value: unknown): bigint | null {
  if (typeof value !== 'string' || !/^\d+$/.test(value)) return null;
  const id = BigInt(value);
  return id <= MAX_INT8 ? id : null;
}
