import type { Hex } from 'viem';

/** How a method is asked when several endpoints are there. */
export type Manner =
  /** The same answer from a quorum. */
  | 'agree'
  /** The newest block that a quorum has. */
  | 'head'
  /** As of the newest block that a quorum has, and then the same answer from a quorum. */
  | 'pinned'
  /** Numbers that may differ a little: the one in the middle. */
  | 'middle'
  /** To everybody; it is enough that one takes it. */
  | 'send'
  /** Whatever anybody has. */
  | 'any';

/** Where a method has its block parameter. */
const BLOCK_AT: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getBalance: 1,
  eth_getStorageAt: 2,
  eth_getProof: 2,
};
const MIDDLE = ['eth_estimateGas', 'eth_maxPriorityFeePerGas', 'eth_gasPrice'];

/** Only the tag `latest` is known to every engine; `pending` is asked as `latest`, which every engine has. */
export function mannerOf(method: string, params: readonly unknown[]): Manner {
  if (method === 'eth_sendRawTransaction') return 'send';
  if (method === 'eth_getTransactionByHash') return 'any';
  if (MIDDLE.includes(method)) return 'middle';
  if (method === 'eth_blockNumber') return 'head';
  if (method === 'eth_getBlockByNumber') return isMoving(params[0]) ? 'head' : 'agree';
  const at = BLOCK_AT[method];
  if (at !== undefined && isMoving(params[at])) return 'pinned';
  return 'agree';
}

/** The same question, of one block. */
export function pin(method: string, params: readonly unknown[], block: Hex): unknown[] {
  const at = BLOCK_AT[method];
  if (at === undefined) return [...params];
  const pinned = [...params];
  pinned[at] = block;
  return pinned;
}

function isMoving(block: unknown): boolean {
  return block === undefined || block === null || block === 'latest' || block === 'pending';
}

/**
 * What an answer says, in one spelling: two endpoints agree when this is the same. Of blocks, logs and receipts only
 * what the node goes by, for engines and versions differ in what else they tell.
 */
export function meaningOf(method: string, answer: unknown): string {
  if (answer === null || answer === undefined) return 'null';
  switch (method) {
    case 'eth_getBlockByNumber':
    case 'eth_getBlockByHash':
      return fields(answer, ['number', 'hash', 'parentHash', 'timestamp', 'gasLimit', 'baseFeePerGas']);
    case 'eth_getTransactionReceipt':
      // A receipt without a block is of a transaction that still waits.
      return isObject(answer) && !answer['blockHash']
        ? 'null'
        : fields(answer, ['transactionHash', 'blockNumber', 'blockHash', 'status']);
    case 'eth_getLogs':
      return JSON.stringify(
        (Array.isArray(answer) ? answer : [])
          .map((log) =>
            fields(log, [
              'blockNumber',
              'logIndex',
              'blockHash',
              'transactionHash',
              'address',
              'data',
              'topics',
            ]),
          )
          .sort(),
      );
    default:
      return spelled(answer);
  }
}

function fields(value: unknown, names: readonly string[]): string {
  if (!isObject(value)) return spelled(value);
  return JSON.stringify(names.map((name) => lower(value[name] ?? null)));
}

/** Independent of the order of names, and of upper and lower case. */
function spelled(value: unknown): string {
  return JSON.stringify(lower(value), (_key, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function lower(value: unknown): unknown {
  if (typeof value === 'string') return value.toLowerCase();
  if (Array.isArray(value)) return value.map(lower);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The answer of which a quorum says the same; undefined while there is none. `votes` are in the order of arrival, and
 * the first of those that agree is given.
 */
export function agreed<T extends { readonly meaning: string }>(
  votes: readonly T[],
  quorum: number,
): T | undefined {
  const counts = new Map<string, number>();
  for (const { meaning } of votes) counts.set(meaning, (counts.get(meaning) ?? 0) + 1);
  return votes.find(({ meaning }) => (counts.get(meaning) ?? 0) >= quorum);
}

/** The highest block that so many endpoints have reached; undefined when too few told. */
export function reachedBy(heads: readonly bigint[], quorum: number): bigint | undefined {
  return [...heads].sort((a, b) => (a === b ? 0 : a > b ? -1 : 1))[quorum - 1];
}

/**
 * The value in the middle (the upper one of two), if a quorum lies within half of it on either side: one endpoint
 * that says far too much or too little changes nothing. Undefined otherwise.
 */
export function middleOf(values: readonly bigint[], quorum: number): bigint | undefined {
  if (values.length < quorum) return undefined;
  const sorted = [...values].sort((a, b) => (a === b ? 0 : a < b ? -1 : 1));
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0n;
  const near = sorted.filter((value) => value * 2n >= middle && value * 2n <= middle * 3n);
  return near.length >= quorum ? middle : undefined;
}
