import { EventEmitter } from 'node:events';
import { isLedgerError, LedgerError } from '@credit-ledger/sdk/protocol';
import { hexToBytes, bytesToHex, type Hex } from 'viem';
import type { Clock } from '../clock.ts';
import type { Database } from '../store/database.ts';
import { EventStore, type BlockRow } from '../store/events.ts';
import type { BlockHeader, ChainClient, ChainLog } from './client.ts';
import { decodeLog, toEventRow, type FollowedEvent, type LedgerEvent } from './events.ts';
import { Backoff, Pause } from './pause.ts';

export interface BlockRange {
  readonly fromBlock: bigint;
  readonly toBlock: bigint;
  /** Time of the last block, unix seconds. */
  readonly time: bigint;
}

/**
 * Turns events into rows. Every method runs in the transaction in which the
 * events are stored or undone: write through `db` only, and change what is in
 * memory after `db.afterCommit`. What throws is tried again; it holds up
 * everything behind it and is shown.
 */
export interface EventHandler<E = LedgerEvent> {
  /** Events in the order of the chain; never empty. */
  onEvents(db: Database, events: readonly E[]): Promise<void>;
  /** The chain has changed: everything derived from blocks after `toBlock` is to be undone. */
  onRollback(db: Database, toBlock: bigint): Promise<void>;
  /** Blocks were followed, with or without events; after `onEvents` of all handlers. */
  onAdvance?(db: Database, range: BlockRange): Promise<void>;
}

export interface FollowerOptions<E = LedgerEvent> {
  readonly db: Database;
  readonly client: ChainClient;
  readonly clock: Clock;
  /** In this order forwards, in reverse backwards. */
  readonly handlers: readonly EventHandler<E>[];
  readonly pollMilliseconds?: number;
  readonly backoff?: { readonly firstMilliseconds: number; readonly mostMilliseconds: number };
  /** For so long the endpoint must go on serving what is not our chain before following ends. 10,000 by default. */
  readonly believedAfterMilliseconds?: number;
  /** Blocks read at once, at most. */
  readonly rangeBlocks?: number;
  /** So many of the newest blocks are read and kept one by one; a fork is found within them exactly. */
  readonly denseBlocks?: number;
}

export interface FollowerStatus {
  /** `stopped` after an error that trying again cannot mend. */
  readonly state: 'idle' | 'following' | 'stopped';
  readonly followedBlock: bigint | null;
  /** The chain's newest block as last seen. */
  readonly headBlock: bigint | null;
  /** Blocks between the two. */
  readonly lag: bigint | null;
  /** For how long the endpoint has shown no newer block, by this machine's steady clock; null before the first. */
  readonly silentMilliseconds: number | null;
  /** The node's clock less the newest block's time, when it came; null before the first. */
  readonly clockOffsetSeconds: number | null;
  readonly lastError: Error | null;
  readonly failingSince: Date | null;
}

interface FollowerEvents {
  advanced: [range: BlockRange];
  'rolled-back': [change: { readonly fromBlock: bigint; readonly toBlock: bigint }];
  /** Something failed; it is tried again. */
  trouble: [error: Error];
  /** It has ended: stopped, or for an error that cannot be mended. */
  ended: [error: Error | null];
}

/** Trying again does not help: the chain is another one, or says what we do not understand. */
/** What ends the following: believed when it is said so often and for so long. Nothing is undone meanwhile. */
const NOT_OUR_CHAIN = ['CHAIN_WRONG_ID', 'CHAIN_REPLACED', 'CHAIN_CONTRACTS_MISSING'];
const BELIEVED_AFTER_TIMES = 3;
/** Of blocks that are deep and hold no event, every so many one is kept. */
const SPARSE_STEP = 256;

/**
 * Follows the contracts from the block of their deployment: reads blocks in
 * ranges, checks that each continues the one before, stores blocks, decoded
 * events and what the handlers make of them in one transaction a range, and
 * goes on where it stopped. When the chain no longer has what was followed,
 * everything after the last common block is undone and read again. An endpoint
 * of another chain ends it (`CHAIN_WRONG_ID`, `CHAIN_REPLACED`,
 * `CHAIN_CONTRACTS_MISSING`).
 */
export class Follower<E = LedgerEvent> {
  readonly events = new EventEmitter<FollowerEvents>();
  readonly #db: Database;
  readonly #store: EventStore;
  readonly #client: ChainClient;
  readonly #clock: Clock;
  readonly #handlers: readonly EventHandler<E>[];
  readonly #pollMilliseconds: number;
  readonly #rangeBlocks: number;
  readonly #denseBlocks: bigint;
  readonly #believedAfterMilliseconds: number;
  readonly #pause = new Pause();
  readonly #backoff: Backoff;
  #running: Promise<void> | undefined;
  #stopping = false;
  #verified = false;
  #rangeNow: number;
  #prunedBelow = 0n;
  #notOurs: { times: number; since: number | undefined } = { times: 0, since: undefined };
  #state: FollowerStatus['state'] = 'idle';
  #followed: bigint | null = null;
  #head: bigint | null = null;
  #headHash: Hex | undefined;
  #headSince: number | undefined;
  #clockOffsetSeconds: number | null = null;
  #lastError: Error | null = null;
  #failingSince: Date | null = null;

  constructor(options: FollowerOptions<E>) {
    this.#db = options.db;
    this.#store = new EventStore(options.db);
    this.#client = options.client;
    this.#clock = options.clock;
    this.#handlers = options.handlers;
    this.#pollMilliseconds = options.pollMilliseconds ?? 500;
    this.#rangeBlocks = options.rangeBlocks ?? 500;
    this.#rangeNow = this.#rangeBlocks;
    this.#denseBlocks = BigInt(options.denseBlocks ?? 256);
    this.#believedAfterMilliseconds = options.believedAfterMilliseconds ?? 10_000;
    const { firstMilliseconds = 250, mostMilliseconds = 15_000 } = options.backoff ?? {};
    this.#backoff = new Backoff(firstMilliseconds, mostMilliseconds);
    this.events.setMaxListeners(0); // one a waiting caller
  }

  status(): FollowerStatus {
    const lag =
      this.#head === null || this.#followed === null
        ? null
        : this.#head > this.#followed
          ? this.#head - this.#followed
          : 0n;
    return {
      state: this.#state,
      followedBlock: this.#followed,
      headBlock: this.#head,
      lag,
      silentMilliseconds: this.#headSince === undefined ? null : performance.now() - this.#headSince,
      clockOffsetSeconds: this.#clockOffsetSeconds,
      lastError: this.#lastError,
      failingSince: this.#failingSince,
    };
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#stopping = false;
    this.#verified = false;
    this.#state = 'following';
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Ends after the range that is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#pause.wake();
    await this.#running;
  }

  /** Looks for new blocks at once. */
  nudge(): void {
    this.#pause.wake();
  }

  /**
   * Waits until a block has been followed. Rejects when the follower has ended
   * (with its error, or `FOLLOWER_STOPPED`) or with the signal's reason.
   */
  async waitForBlock(number: bigint, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#followed !== null && this.#followed >= number) return;
      if (this.#state !== 'following') {
        throw (
          this.#lastError ??
          new LedgerError('FOLLOWER_STOPPED', {
            en: 'The node is not following the chain.',
            zh: '节点当前没有跟踪链。',
          })
        );
      }
      let onChange = (): void => undefined;
      const changed = new Promise<void>((resolve) => {
        onChange = resolve;
      });
      this.events.on('advanced', onChange);
      this.events.on('ended', onChange);
      signal?.addEventListener('abort', onChange);
      this.nudge();
      await changed;
      this.events.off('advanced', onChange);
      this.events.off('ended', onChange);
      signal?.removeEventListener('abort', onChange);
    }
  }

  async #run(): Promise<void> {
    let fatal: Error | null = null;
    while (!this.#stopping && fatal === null) {
      try {
        const more = await this.#step();
        this.#lastError = null;
        this.#failingSince = null;
        this.#notOurs = { times: 0, since: undefined };
        this.#backoff.reset();
        if (!more && !this.#stopping) await this.#pause.wait(this.#pollMilliseconds);
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        this.#lastError = error;
        this.#failingSince ??= this.#clock.now();
        // After a break it may be another chain that answers.
        this.#verified = false;
        if (this.#isFatal(error)) {
          fatal = error;
          break;
        }
        this.events.emit('trouble', error);
        await this.#pause.sleep(this.#backoff.next(), () => this.#stopping);
      }
    }
    this.#state = fatal === null ? 'idle' : 'stopped';
    this.events.emit('ended', fatal);
  }

  #isFatal(error: Error): boolean {
    if (isLedgerError(error, 'CHAIN_EVENT_UNDECODABLE')) return true;
    if (!NOT_OUR_CHAIN.some((code) => isLedgerError(error, code))) return false;
    // An endpoint that is just starting or being restored may show an empty chain, or another one, for a moment.
    this.#notOurs.times += 1;
    this.#notOurs.since ??= performance.now();
    const { times, since } = this.#notOurs;
    return times >= BELIEVED_AFTER_TIMES && performance.now() - since >= this.#believedAfterMilliseconds;
  }

  /** Reads one range, or undoes a fork; true when there is more to do at once. */
  async #step(): Promise<boolean> {
    if (!this.#verified) {
      await this.#verifyChain();
      this.#verified = true;
    }
    const head = await this.#client.head();
    this.#head = head.number;
    if (head.hash !== this.#headHash) {
      this.#headHash = head.hash;
      this.#headSince = performance.now();
      this.#clockOffsetSeconds = Math.round(this.#clock.now().getTime() / 1000 - Number(head.time));
    }
    const last = await this.#store.lastBlock();
    if (last === undefined) throw new Error('the anchor block is missing');
    this.#followed = last.number;
    if (head.number < last.number || (head.number === last.number && !isSame(head, last))) {
      await this.#undoFork(last);
      return true;
    }
    const first = last.number + 1n;
    const fromBlock = first < this.#client.deployedAtBlock ? this.#client.deployedAtBlock : first;
    if (head.number < fromBlock) return false;
    const mostInRange = fromBlock + BigInt(this.#rangeNow) - 1n;
    const toBlock = mostInRange < head.number ? mostInRange : head.number;
    const range = await this.#read(last, fromBlock, toBlock, head);
    if (range === 'forked') {
      await this.#undoFork(last);
      return true;
    }
    if (range === 'smaller') return true;
    if (range === 'moved') return false; // the chain changed while it was read: looked at again after a pause
    await this.#keep(range, head);
    return toBlock < head.number;
  }

  /**
   * Checks that this is the chain that was followed so far, by its id, its
   * genesis block (kept as the anchor) and the code at the contracts' addresses.
   */
  async #verifyChain(): Promise<void> {
    const genesis = await this.#client.block(0n);
    const anchor = await this.#store.block(0n);
    if (anchor !== undefined && genesis !== null && !isSame(genesis, anchor)) {
      throw new LedgerError(
        'CHAIN_REPLACED',
        {
          en: 'The endpoint serves another chain than the one that was followed: its first block differs.',
          zh: '该节点所服务的链不是此前跟踪的链：创世区块不同。',
        },
        { expected: bytesToHex(anchor.hash), actual: genesis.hash },
      );
    }
    // An endpoint that ends before the contracts (a validator that was wiped gets the whole chain anew) is waited
    // for, with `CHAIN_BEHIND_DEPLOYMENT`; nothing is undone meanwhile.
    await this.#client.check();
    if (anchor === undefined) {
      if (genesis === null) throw new Error('the chain has no first block');
      await this.#store.insertBlocks([toRow(genesis)]);
    }
  }

  /**
   * Reads headers and events of a range. The last block is read before the
   * events and after: when it is the same, all that lies between is of one chain.
   */
  async #read(
    last: BlockRow,
    fromBlock: bigint,
    toBlock: bigint,
    head: BlockHeader,
  ): Promise<Range | 'forked' | 'moved' | 'smaller'> {
    const before = toBlock === head.number ? head : await this.#client.block(toBlock);
    const logs = await this.#logs(fromBlock, toBlock);
    if (logs === undefined) return 'smaller';
    if (before === null) return 'moved';
    const numbers = this.#blocksToRead(fromBlock, toBlock, head, logs);
    const [followed, ...headers] = await Promise.all([
      this.#client.block(last.number),
      ...numbers.map((number) => this.#client.block(number)),
    ]);
    if (followed === null || followed === undefined || !isSame(followed, last)) return 'forked';
    const byNumber = new Map<bigint, BlockHeader>();
    for (const [index, header] of headers.entries()) {
      if (header === null || header.number !== numbers[index]) return 'moved';
      const parent = header.number === last.number + 1n ? followed : byNumber.get(header.number - 1n);
      if (parent !== undefined && header.parentHash !== parent.hash) return 'moved';
      byNumber.set(header.number, header);
    }
    if (byNumber.get(toBlock)?.hash !== before.hash) return 'moved';
    const events: FollowedEvent[] = [];
    for (const log of logs) {
      const header = byNumber.get(log.blockNumber);
      if (header === undefined || header.hash !== log.blockHash) return 'moved';
      events.push(decodeLog(this.#client.contracts, log, header.time));
    }
    return { fromBlock, toBlock, time: before.time, headers: [...byNumber.values()], events };
  }

  /** All of the newest blocks; of deeper ones those with events, and the range's last. */
  #blocksToRead(fromBlock: bigint, toBlock: bigint, head: BlockHeader, logs: readonly ChainLog[]): bigint[] {
    const numbers = new Set([...logs.map(({ blockNumber }) => blockNumber), toBlock]);
    const denseFrom = head.number - this.#denseBlocks + 1n;
    for (let number = denseFrom > fromBlock ? denseFrom : fromBlock; number < toBlock; number++) {
      numbers.add(number);
    }
    return [...numbers].sort((a, b) => Number(a - b));
  }

  /** Undefined when the endpoint finds the range too large; a smaller one is tried next. */
  async #logs(fromBlock: bigint, toBlock: bigint): Promise<ChainLog[] | undefined> {
    try {
      const logs = await this.#client.logs(fromBlock, toBlock);
      this.#rangeNow = Math.min(this.#rangeNow * 2, this.#rangeBlocks);
      return logs;
    } catch (error) {
      if (fromBlock === toBlock || !isLedgerError(error, 'CHAIN_REFUSED_REQUEST')) throw error;
      this.#rangeNow = Math.max(1, Math.floor(this.#rangeNow / 2));
      return undefined;
    }
  }

  async #keep(range: Range, head: BlockHeader): Promise<void> {
    const { fromBlock, toBlock, time, headers, events } = range;
    const known = { fromBlock, toBlock, time };
    const pruneBelow = head.number - this.#denseBlocks;
    const prune = pruneBelow - this.#prunedBelow >= BigInt(SPARSE_STEP);
    await this.#db.transaction(async (tx) => {
      const store = new EventStore(tx);
      await store.insertBlocks(headers.map(toRow));
      await store.insertEvents(events.map(toEventRow));
      if (events.length > 0) {
        // The one place where what was decoded by the ABIs gets the type that the ABIs give it.
        for (const handler of this.#handlers) await handler.onEvents(tx, events as unknown as readonly E[]);
      }
      for (const handler of this.#handlers) await handler.onAdvance?.(tx, known);
      if (prune) await store.pruneBlocks(pruneBelow < toBlock ? pruneBelow : toBlock, SPARSE_STEP);
    });
    if (prune) this.#prunedBelow = pruneBelow;
    this.#followed = toBlock;
    this.events.emit('advanced', known);
  }

  /** Finds the last block that we and the chain have in common, and undoes what lies after it. */
  async #undoFork(last: BlockRow): Promise<void> {
    await this.#verifyChain();
    const common = await this.#lastCommonBlock();
    if (common.number >= last.number) return;
    const toBlock = common.number;
    await this.#db.transaction(async (tx) => {
      for (const handler of [...this.#handlers].reverse()) await handler.onRollback(tx, toBlock);
      await new EventStore(tx).deleteAfter(toBlock);
    });
    this.#followed = toBlock;
    this.#prunedBelow = 0n;
    this.events.emit('rolled-back', { fromBlock: last.number, toBlock });
  }

  /** If the chain has a stored block, it has all stored before it: doubling steps back, then halving. */
  async #lastCommonBlock(): Promise<BlockRow> {
    const isCommon = async (offset: number): Promise<BlockRow | undefined> => {
      const stored = await this.#store.storedBlock(offset);
      if (stored === undefined) return undefined;
      const block = await this.#client.block(stored.number);
      return block !== null && isSame(block, stored) ? stored : undefined;
    };
    const deepest = (await this.#store.countBlocks()) - 1;
    let differs = -1;
    let offset = 0;
    let common = await isCommon(offset);
    while (common === undefined) {
      if (offset >= deepest) throw new Error('the anchor block has gone though the chain was verified');
      differs = offset;
      offset = Math.min(offset === 0 ? 1 : offset * 2, deepest);
      common = await isCommon(offset);
    }
    while (offset - differs > 1) {
      const middle = Math.floor((offset + differs) / 2);
      const found = await isCommon(middle);
      if (found === undefined) differs = middle;
      else {
        offset = middle;
        common = found;
      }
    }
    return common;
  }
}

interface Range extends BlockRange {
  readonly headers: readonly BlockHeader[];
  readonly events: readonly FollowedEvent[];
}

function isSame(header: BlockHeader, row: BlockRow): boolean {
  return header.hash === bytesToHex(row.hash);
}

function toRow(header: BlockHeader): BlockRow {
  return {
    number: header.number,
    hash: hexToBytes(header.hash),
    parentHash: hexToBytes(header.parentHash),
    time: header.time,
  };
}
