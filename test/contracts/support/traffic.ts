import { concat } from 'ethers';
import { bytesOfHex, type Source } from '../../support/plaintext-scan.ts';
import { ethers } from './world.ts';

/** Everything that went into the chain from a block on: what transactions carried, and what contracts told. */
export interface Traffic {
  readonly calls: readonly { readonly to: string | null; readonly data: string }[];
  readonly events: readonly {
    readonly from: string;
    readonly topics: readonly string[];
    readonly data: string;
  }[];
}

/** Reads all blocks from one on. */
export async function trafficFrom(block: number): Promise<Traffic> {
  const last = await ethers.provider.getBlockNumber();
  const calls: { to: string | null; data: string }[] = [];
  for (let number = block; number <= last; number += 1) {
    const found = await ethers.provider.getBlock(number, true);
    calls.push(...(found?.prefetchedTransactions ?? []).map(({ to, data }) => ({ to, data })));
  }
  const logs = await ethers.provider.getLogs({ fromBlock: block, toBlock: last });
  return { calls, events: logs.map(({ address, topics, data }) => ({ from: address, topics, data })) };
}

/** The part of the traffic that went to these contracts, or came from them. */
export function trafficOf(traffic: Traffic, addresses: readonly string[]): Traffic {
  return {
    calls: traffic.calls.filter(({ to }) => to !== null && addresses.includes(to)),
    events: traffic.events.filter(({ from }) => addresses.includes(from)),
  };
}

/** The traffic as bytes to be searched. */
export function sourcesOf({ calls, events }: Traffic): Source[] {
  return [
    ...calls.map(({ data }, i) => ({ where: `call ${i}, ${data.slice(0, 10)}`, bytes: bytesOfHex(data) })),
    ...events.map(({ topics, data }, i) => ({
      where: `event ${i}, ${topics[0] ?? ''}`,
      bytes: bytesOfHex(concat([...topics, data])),
    })),
  ];
}

/** The aligned words of a traffic that are more than a number, an id or a time. */
export function widestWords({ calls, events }: Traffic): Set<string> {
  const words = new Set<string>();
  const add = (hex: string): void => {
    for (const [word] of hex.matchAll(/[0-9a-f]{64}/g))
      if (BigInt(`0x${word}`) >> 64n !== 0n) words.add(word);
  };
  for (const { data } of calls) add(data.slice(10));
  for (const { topics, data } of events) {
    // The first topic names the event.
    for (const topic of topics.slice(1)) add(topic.slice(2));
    add(data.slice(2));
  }
  return words;
}
