import { type Address, createPublicClient, type Hex, http } from 'viem';
import { bytesOfHex, type Source } from '../../support/plaintext-scan.ts';

/** A transaction with all that it left on the chain for everybody to read. */
export interface PublicTransaction {
  readonly hash: Hex;
  /** Lower case; null when it made a contract. */
  readonly to: Address | null;
  readonly input: Hex;
  readonly logs: readonly {
    readonly address: Address;
    readonly topics: readonly Hex[];
    readonly data: Hex;
  }[];
}

/** Every transaction of a chain from its first block on, with its events. */
export async function readWholeChain(rpcUrl: string): Promise<PublicTransaction[]> {
  const client = createPublicClient({ transport: http(rpcUrl, { batch: true }), cacheTime: 0 });
  const last = await client.getBlockNumber();
  const found: PublicTransaction[] = [];
  for (let blockNumber = 0n; blockNumber <= last; blockNumber++) {
    const { transactions } = await client.getBlock({ blockNumber, includeTransactions: true });
    for (const { hash, to, input } of transactions) {
      const { logs } = await client.getTransactionReceipt({ hash });
      found.push({
        hash,
        to: to === null ? null : (to.toLowerCase() as Address),
        input,
        logs: logs.map(({ address, topics, data }) => ({
          address: address.toLowerCase() as Address,
          topics,
          data,
        })),
      });
    }
  }
  return found;
}

const SELECTOR_DIGITS = 10;
const WORD_DIGITS = 64;

/** The 32-byte words of a transaction's call and of its events, as numbers. */
export function wordsOf({ input, logs }: PublicTransaction): Set<bigint> {
  const words = new Set(wordsIn(input.slice(SELECTOR_DIGITS)));
  for (const { topics, data } of logs) {
    // The first topic names the event.
    for (const topic of topics.slice(1)) words.add(BigInt(topic));
    for (const word of wordsIn(data.slice(2))) words.add(word);
  }
  return words;
}

/** Words of many transactions. */
export function wordsOfAll(transactions: readonly PublicTransaction[]): Set<bigint> {
  return new Set(transactions.flatMap((transaction) => [...wordsOf(transaction)]));
}

/** Widest number that says nothing by itself: an id, a day, a time, a length, an offset, an enum. */
const TELLING_ABOVE = 2n ** 32n;
const LOW_248 = 2n ** 248n - 1n;

/** Whether a number is wide enough to be known again. */
export function isTelling(word: bigint): boolean {
  return word >= TELLING_ABOVE;
}

/**
 * What would link two sets of transactions by data: words wider than 32 bits that are in both, whole or (as in the
 * entries of a batch, which have an operation above the key) in their low 248 bits.
 */
export function sharedWords(
  some: readonly PublicTransaction[],
  others: readonly PublicTransaction[],
): bigint[] {
  const low = (words: Set<bigint>): Set<bigint> => new Set([...words].map((word) => word & LOW_248));
  const [left, right] = [low(wordsOfAll(some)), low(wordsOfAll(others))];
  return [...left].filter((word) => isTelling(word) && right.has(word));
}

/** All that transactions left, part by part, to be searched. */
export function sourcesOf(transactions: readonly PublicTransaction[]): Source[] {
  return transactions.flatMap(({ hash, input, logs }) => [
    { where: `call ${hash}`, bytes: bytesOfHex(input) },
    ...logs.flatMap(({ topics, data }) =>
      [...topics, data].map((part) => ({ where: `event of ${hash}`, bytes: bytesOfHex(part) })),
    ),
  ]);
}

function wordsIn(digits: string): bigint[] {
  const words: bigint[] = [];
  for (let at = 0; at + WORD_DIGITS <= digits.length; at += WORD_DIGITS) {
    words.push(BigInt(`0x${digits.slice(at, at + WORD_DIGITS)}`));
  }
  return words;
}
