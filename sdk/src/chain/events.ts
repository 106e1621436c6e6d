import {
  type ContractEventName,
  decodeEventLog,
  type DecodeEventLogReturnType,
  type Hex as ViemHex,
  type Log,
} from 'viem';
import { type Hex, LedgerError } from '../protocol/index.ts';
import {
  answerLogAbi,
  applicationListAbi,
  consortiumAbi,
  creditRegistersAbi,
  sharingGrantsAbi,
} from './abi/index.ts';
import { type LedgerAddresses, type LedgerDeployment, lowerCase } from './deployment.ts';
import { asked, type ReadClient } from './view.ts';

const ABIS = {
  consortium: consortiumAbi,
  registers: creditRegistersAbi,
  applications: applicationListAbi,
  grants: sharingGrantsAbi,
  answerLog: answerLogAbi,
} as const;
type Abis = typeof ABIS;
export type LedgerContract = keyof Abis;

/** Where on chain an event stands. */
export interface EventPlace {
  readonly blockNumber: bigint;
  readonly logIndex: number;
  readonly transactionHash: Hex;
}

type EventOf<C extends LedgerContract, N extends ContractEventName<Abis[C]>> = EventPlace & {
  readonly contract: C;
  readonly name: N;
  readonly args: DecodeEventLogReturnType<Abis[C], N, [ViemHex, ...ViemHex[]], undefined, true>['args'];
};

/** Any event of the ledger's contracts; `contract` and `name` tell them apart. */
export type LedgerEvent = {
  [C in LedgerContract]: { [N in ContractEventName<Abis[C]>]: EventOf<C, N> }[ContractEventName<Abis[C]>];
}[LedgerContract];

/**
 * Decodes a log by the address that emitted it; undefined for an address that is none of the ledger's:
 * the same topic from elsewhere is not our event.
 * @throws LedgerError CHAIN_EVENT_UNDECODABLE for an event of our contracts that this version does not know
 */
export function decodeLedgerLog(
  addresses: LedgerAddresses,
  log: Log<bigint, number, false>,
): LedgerEvent | undefined {
  const emitter = lowerCase(log.address);
  const contract = (Object.keys(ABIS) as LedgerContract[]).find(
    (name) => lowerCase(addresses[name]) === emitter,
  );
  if (contract === undefined) return undefined;
  try {
    const { eventName, args } = decodeEventLog({
      abi: ABIS[contract],
      data: log.data,
      topics: log.topics,
      strict: true,
    });
    return {
      contract,
      name: eventName,
      args,
      blockNumber: log.blockNumber,
      logIndex: log.logIndex,
      transactionHash: log.transactionHash,
    } as unknown as LedgerEvent;
  } catch (cause) {
    throw new LedgerError(
      'CHAIN_EVENT_UNDECODABLE',
      {
        en: 'A contract of the ledger emitted an event that this version does not know.',
        zh: '账本合约发出了本版本不认识的事件。',
      },
      { address: emitter, blockNumber: log.blockNumber, logIndex: log.logIndex },
      { cause },
    );
  }
}

/** Blocks asked for at once; a batch of 1,024 entries is one log of 64 KiB. */
const BLOCKS_AT_ONCE = 2_000n;

/**
 * Every event of the ledger from one block to another, in the chain's order.
 * @throws LedgerError CHAIN_UNREACHABLE, CHAIN_EVENT_UNDECODABLE
 */
export async function ledgerEvents(
  client: ReadClient,
  deployment: LedgerDeployment,
  fromBlock: bigint,
  toBlock: bigint,
  progress?: (block: bigint) => void,
): Promise<LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  const address = (Object.keys(ABIS) as LedgerContract[]).map((name) => deployment[name]);
  for (let from = fromBlock; from <= toBlock; from += BLOCKS_AT_ONCE) {
    const to = from + BLOCKS_AT_ONCE - 1n < toBlock ? from + BLOCKS_AT_ONCE - 1n : toBlock;
    const logs = await asked(client.getLogs({ address, fromBlock: from, toBlock: to }));
    for (const log of logs) {
      const event = decodeLedgerLog(deployment, log);
      if (event) events.push(event);
    }
    progress?.(to);
  }
  return events.sort((a, b) =>
    a.blockNumber === b.blockNumber ? a.logIndex - b.logIndex : a.blockNumber < b.blockNumber ? -1 : 1,
  );
}
