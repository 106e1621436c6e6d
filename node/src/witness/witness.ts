import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import { type Hex, type LedgerError, toBytes32 } from '@credit-ledger/sdk/protocol';
import { EventEmitter } from 'node:events';
import { encodeFunctionData, keccak256 } from 'viem';
import type { BlockRange, EventHandler, FollowedEvent, Outbox } from '../chain/index.ts';
import type { Clock } from '../clock.ts';
import {
  type Database,
  EventStore,
  hexOf,
  type ReplayedBatchRow,
  SendStore,
  TreeStore,
  wordBytes,
} from '../store/index.ts';
import { witnessError } from './errors.ts';
import { membershipOf, registersOf } from './member.ts';
import type { TreeAppender } from './ports.ts';
import { RegisterReplay } from './replay.ts';

/** Batches that one transaction attests at most. */
const MOST_AT_ONCE = 32;
/** After a refusal: 1, 2, 4, … seconds, at most this many. */
const MOST_BACKOFF_SECONDS = 60;

export interface WitnessOptions {
  readonly db: Database;
  readonly outbox: Pick<Outbox, 'enqueue'>;
  readonly clock: Clock;
  readonly appender: TreeAppender;
  /** Addresses of this node's witness keys: of the past, of now, and of the next change. */
  readonly witnessAddresses: () => readonly Hex[];
  /** Address of CreditRegisters. */
  readonly contract: Hex;
  /** False makes a node that only replays: it neither attests nor objects. */
  readonly votes?: boolean;
  /** How often it looks whether what was refused is to be tried again. */
  readonly tickMilliseconds?: number;
}

/** How one register looks from here. */
export interface RegisterWatch {
  readonly registerId: bigint;
  readonly headSeq: bigint;
  /** Standing batches. */
  readonly batches: number;
  readonly openObjections: number;
  /** True when the replay here gives other roots than the chain has: nothing more is attested. */
  readonly diverged: boolean;
}

export interface WitnessStatus {
  readonly memberId: bigint | null;
  readonly mayWitness: boolean;
  readonly registers: readonly RegisterWatch[];
  /** What a person should look at now. */
  readonly alarms: readonly LedgerError[];
}

interface WitnessEvents {
  /** A batch has another root than the replay gives, or an objection to it was dismissed. */
  alarm: [alarm: LedgerError];
  /** Looking for what to attest failed; it is tried again. */
  trouble: [error: Error];
}

interface Vote {
  readonly kind: 'attest' | 'object';
  readonly batch: ReplayedBatchRow;
  /** How often it was sent in vain. */
  readonly refusals: number;
}

/**
 * Replays every register and says on chain whether it found the same root: `attest` when
 * it did, `object` with its own when it did not. It decides from what was followed, each
 * time anew, so that a member that was down catches up in order, and a chain that went
 * back is answered again. It never votes on its own registers, nor attests a batch whose
 * predecessor it found wrong.
 */
export class Witness implements EventHandler<FollowedEvent> {
  readonly replay: RegisterReplay;
  readonly events = new EventEmitter<WitnessEvents>();
  readonly #db: Database;
  readonly #outbox: Pick<Outbox, 'enqueue'>;
  readonly #clock: Clock;
  readonly #witnessAddresses: () => readonly Hex[];
  readonly #contract: Hex;
  readonly #votes: boolean;
  readonly #tickMilliseconds: number;
  readonly #alarmed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #queued = false;
  #lastError: Error | null = null;

  constructor(options: WitnessOptions) {
    this.#db = options.db;
    this.#outbox = options.outbox;
    this.#clock = options.clock;
    this.#witnessAddresses = options.witnessAddresses;
    this.#contract = options.contract;
    this.#votes = options.votes ?? true;
    this.#tickMilliseconds = options.tickMilliseconds ?? 2_000;
    this.replay = new RegisterReplay(options.db, options.appender);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.wake(), this.#tickMilliseconds);
    this.wake();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#turn;
  }

  /** Looks soon whether there is something to attest or to object to. */
  wake(): void {
    if (this.#queued || this.#timer === undefined) return;
    this.#queued = true;
    this.#turn = this.#turn.then(async () => {
      this.#queued = false;
      try {
        await this.vote();
        this.#lastError = null;
      } catch (error) {
        this.#lastError = error instanceof Error ? error : new Error(String(error));
        this.events.emit('trouble', this.#lastError);
      }
    });
  }

  /** What kept it from voting when it last looked; null when nothing did. */
  get lastError(): Error | null {
    return this.#lastError;
  }

  // ── what the follower tells ──────────────────────────────────────────────────

  async onEvents(db: Database, events: readonly FollowedEvent[]): Promise<void> {
    await this.replay.onEvents(db, events);
  }

  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    await this.replay.onRollback(db, toBlock);
    db.afterCommit(() => this.wake());
  }

  async onAdvance(db: Database, _range: BlockRange): Promise<void> {
    db.afterCommit(() => this.wake());
  }

  // ── voting ───────────────────────────────────────────────────────────────────

  /** Queues every vote that is due. Returns how many batches were voted on. */
  async vote(): Promise<number> {
    const { votes, alarms } = await this.#db.transaction(async (tx) => {
      const due = await this.#due(tx);
      for (const group of grouped(due.votes)) await this.#send(tx, group);
      return { votes: due.votes, alarms: await this.#alarms(tx) };
    });
    for (const alarm of alarms) {
      const name = JSON.stringify(alarm.toJSON());
      if (!this.#alarmed.has(name)) this.events.emit('alarm', alarm);
      this.#alarmed.add(name);
    }
    return votes.length;
  }

  async status(): Promise<WitnessStatus> {
    return this.#db.transaction(async (tx) => {
      const trees = new TreeStore(tx);
      const membership = await membershipOf(tx, { witness: this.#witnessAddresses() });
      const wrong = new Set((await trees.wrong()).map(({ registerId }) => registerId));
      const registers: RegisterWatch[] = [];
      for (const registerId of await trees.registerIds()) {
        registers.push({
          registerId,
          headSeq: (await trees.head(registerId))?.seq ?? 0n,
          batches: await trees.countStanding(registerId),
          openObjections: (await trees.openObjections(registerId)).length,
          diverged: wrong.has(registerId),
        });
      }
      return {
        memberId: membership?.memberId ?? null,
        mayWitness: membership?.mayWitness ?? false,
        registers,
        alarms: await this.#alarms(tx),
      };
    });
  }

  async #due(tx: Database): Promise<{ votes: Vote[] }> {
    const membership = await membershipOf(tx, { witness: this.#witnessAddresses() });
    if (!this.#votes || membership?.mayWitness !== true) return { votes: [] };
    const { memberId } = membership;
    const own = await registersOf(tx, memberId);
    const trees = new TreeStore(tx);
    const firstWrong = new Map((await trees.wrong()).map((batch) => [batch.registerId, batch]));
    const votes: Vote[] = [];
    for (const batch of await trees.unattested(memberId, own)) {
      const wrong = firstWrong.get(batch.registerId);
      if (wrong === undefined || batch.seq < wrong.seq) votes.push({ kind: 'attest', batch, refusals: 0 });
    }
    for (const batch of firstWrong.values()) {
      if (own.includes(batch.registerId)) continue;
      if (await this.#mayObject(tx, memberId, batch)) votes.push({ kind: 'object', batch, refusals: 0 });
    }
    return { votes: await this.#notInFlight(tx, votes) };
  }

  /** One open objection a register, and none again to a batch on which the council has ruled. */
  async #mayObject(tx: Database, memberId: bigint, batch: ReplayedBatchRow): Promise<boolean> {
    const open = await new TreeStore(tx).openObjections(batch.registerId);
    if (open.some((objection) => objection.memberId === memberId)) return false;
    return !(await isDismissed(tx, batch));
  }

  async #notInFlight(tx: Database, votes: readonly Vote[]): Promise<Vote[]> {
    const sends = await new SendStore(tx).latest(votes.map(subjectOf));
    const followed = (await new EventStore(tx).lastBlock())?.number ?? -1n;
    const now = this.#clock.now().getTime();
    return votes.flatMap((vote) => {
      const send = sends.get(subjectOf(vote));
      if (send === undefined) return [vote];
      if (send.state === 'queued' || send.state === 'sent') return [];
      const again = [{ ...vote, refusals: send.sends }];
      // Mined and not followed yet: its event will tell.
      if (send.state === 'mined')
        return send.blockNumber !== null && send.blockNumber <= followed ? again : [];
      const waitSeconds = Math.min(MOST_BACKOFF_SECONDS, 2 ** (send.sends - 1));
      return now >= send.updatedAt.getTime() + waitSeconds * 1000 ? again : [];
    });
  }

  async #send(tx: Database, group: readonly Vote[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const data = callData(group);
    const attempt = Math.max(...group.map(({ refusals }) => refusals)) + 1;
    const outboxId = await this.#outbox.enqueue(tx, {
      kind: first.kind,
      dedupeKey: `${first.kind}:${keccak256(data)}:${attempt}`,
      role: 'witness',
      to: this.#contract,
      data,
    });
    await new SendStore(tx).note(group.map(subjectOf), outboxId);
  }

  async #alarms(tx: Database): Promise<LedgerError[]> {
    const trees = new TreeStore(tx);
    const membership = await membershipOf(tx, { witness: this.#witnessAddresses() });
    // Of our own registers the room that keeps them speaks.
    const own = membership === undefined ? [] : await registersOf(tx, membership.memberId);
    const alarms: LedgerError[] = [];
    for (const batch of await trees.wrong()) {
      if (own.includes(batch.registerId)) continue;
      const operands = {
        registerId: batch.registerId,
        seq: batch.seq,
        claimedRoot: hexOf(wordBytes(batch.claimedRoot)),
        computedRoot: hexOf(wordBytes(batch.root)),
      };
      const code = (await isDismissed(tx, batch)) ? 'WITNESS_OVERRULED' : 'WITNESS_OBJECTION';
      alarms.push(witnessError(code, operands));
    }
    return alarms;
  }
}

async function isDismissed(tx: Database, batch: ReplayedBatchRow): Promise<boolean> {
  const rulings = await new EventStore(tx).events({
    registerId: batch.registerId,
    seq: batch.seq,
    names: ['BatchRuled'],
  });
  return rulings.some(({ args }) => args['upheld'] === false);
}

/** Objections alone; attestations of a register together, unless one was refused before. */
function grouped(votes: readonly Vote[]): Vote[][] {
  const groups: Vote[][] = [];
  for (const vote of votes) {
    const group = groups.at(-1);
    const [first] = group ?? [];
    const joins =
      group !== undefined &&
      first?.kind === 'attest' &&
      vote.kind === 'attest' &&
      first.refusals === 0 &&
      vote.refusals === 0 &&
      first.batch.registerId === vote.batch.registerId &&
      group.length < MOST_AT_ONCE;
    if (joins) group.push(vote);
    else groups.push([vote]);
  }
  return groups;
}

function callData(group: readonly Vote[]): Hex {
  const [first] = group;
  return first?.kind === 'object'
    ? encodeFunctionData({
        abi: creditRegistersAbi,
        functionName: 'object',
        args: [hashOf(first.batch), toBytes32(first.batch.root)],
      })
    : encodeFunctionData({
        abi: creditRegistersAbi,
        functionName: 'attest',
        args: [group.map(({ batch }) => hashOf(batch))],
      });
}

function hashOf(batch: ReplayedBatchRow): Hex {
  return hexOf(wordBytes(batch.batchHash));
}

/** Names what is voted on. */
function subjectOf(vote: Vote): string {
  return `${vote.kind}:${hashOf(vote.batch)}`;
}
