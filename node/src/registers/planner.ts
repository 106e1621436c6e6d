import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import { EMPTY_ROOT, encodeEntry, type Hex, toBytes32 } from '@credit-ledger/sdk/protocol';
import { encodeFunctionData } from 'viem';
import type { Clock } from '../clock.ts';
import {
  BatchStore,
  type Database,
  EntryStore,
  EventStore,
  type OwnBatchRow,
  type OwnRegisterRow,
  SendStore,
  TreeStore,
} from '../store/index.ts';
import { publicEntry } from './batching.ts';
import { registerError } from './errors.ts';
import type { RegisterTrees, TransactionSender } from './ports.ts';

/** After a refusal: 1, 2, 4, … seconds, at most this many. */
const MOST_BACKOFF_SECONDS = 60;

/** What keeps a register from going on; it is looked at again each time. */
export interface Hindrance {
  readonly code: string;
  readonly error: Error;
}

interface Situation {
  readonly register: OwnRegisterRow & { readonly registerId: bigint };
  /** Seq and root of the last batch that stands; 0 and EMPTY_ROOT for none. */
  readonly headSeq: bigint;
  readonly headRoot: bigint;
  /** The seq that the chain will give the next batch. */
  readonly nextSeq: bigint;
  readonly next: OwnBatchRow | undefined;
}

/**
 * Decides what to send next for a register of ours: the first batch that does not stand on
 * the chain. The decision is made anew from what was followed each time, so that after an
 * annulment or a rollback the same batches come again, in order, under new roots, and none
 * comes twice. One transaction of a register at a time.
 */
export class Planner {
  readonly #db: Database;
  readonly #sender: TransactionSender;
  readonly #trees: RegisterTrees;
  readonly #clock: Clock;
  readonly #contract: Hex;

  constructor(options: {
    readonly db: Database;
    readonly sender: TransactionSender;
    readonly trees: RegisterTrees;
    readonly clock: Clock;
    /** Address of CreditRegisters. */
    readonly contract: Hex;
  }) {
    this.#db = options.db;
    this.#sender = options.sender;
    this.#trees = options.trees;
    this.#clock = options.clock;
    this.#contract = options.contract;
  }

  /**
   * Sends the next batch when one is due and nothing is in the way. Returns whether one
   * was queued.
   * @throws LedgerError REGISTER_DIVERGED, REGISTER_ROOT_WRONG, REGISTER_CONTESTED, SEND_REFUSED
   */
  async sendNext(register: OwnRegisterRow): Promise<boolean> {
    const situation = await this.#db.transaction((tx) => this.#situation(tx, register));
    if (situation?.next === undefined) return false;
    const { headSeq, headRoot, next } = situation;
    const entries = (await new EntryStore(this.#db).ofBatch(next.id)).map(publicEntry);
    // Hashing takes a second: outside of the transaction, and the situation is looked at again after it.
    const newRoot = await this.#trees.rootAfter(situation.register.registerId, headSeq, entries);
    if (newRoot === undefined) return false;
    const data = encodeFunctionData({
      abi: creditRegistersAbi,
      functionName: 'append',
      args: [
        situation.register.registerId,
        toBytes32(headRoot),
        toBytes32(newRoot),
        entries.map(encodeEntry),
      ],
    });
    return this.#db.transaction(async (tx) => {
      const now = await this.#situation(tx, register);
      if (now?.next?.id !== next.id || now.headRoot !== headRoot || now.nextSeq !== situation.nextSeq)
        return false;
      await this.#send(tx, this.#subject(now, next), 'append', data);
      return true;
    });
  }

  /** Stands by the current root, unless something is in flight or in the way. Errors as `sendNext`. */
  async sendHeartbeat(register: OwnRegisterRow, lastStoodAt: bigint): Promise<boolean> {
    return this.#db.transaction(async (tx) => {
      const situation = await this.#situation(tx, register);
      // A batch that is due stands by its root as well.
      if (situation === undefined || situation.next !== undefined) return false;
      const subject = `heartbeat:${situation.register.registerId}:${situation.headSeq}:${lastStoodAt}`;
      if (await this.#inFlight(tx, subject)) return false;
      const data = encodeFunctionData({
        abi: creditRegistersAbi,
        functionName: 'heartbeat',
        args: [situation.register.registerId],
      });
      await this.#send(tx, subject, 'heartbeat', data);
      return true;
    });
  }

  /** Where the register stands; undefined when its next transaction is on its way already. */
  async #situation(tx: Database, register: OwnRegisterRow): Promise<Situation | undefined> {
    const { registerId } = register;
    if (registerId === null) return undefined;
    const trees = new TreeStore(tx);
    const batches = new BatchStore(tx);
    const foreign = await batches.firstForeign(register.keyId, registerId);
    if (foreign !== undefined) {
      throw registerError('REGISTER_DIVERGED', { registerId, seq: foreign.seq, place: foreign.place });
    }
    const head = await trees.head(registerId);
    const objections = await trees.openObjections(registerId);
    const wrong = await trees.firstWrong(registerId);
    if (wrong !== undefined) throw registerError('REGISTER_ROOT_WRONG', { registerId, seq: wrong.seq });
    const [objection] = objections;
    if (objection !== undefined) {
      throw registerError('REGISTER_CONTESTED', {
        registerId,
        seq: objection.seq,
        memberIds: objections.map(({ memberId }) => memberId),
      });
    }
    const standing = await trees.countStanding(registerId);
    const next = await batches.byOrdinal(register.keyId, standing + 1);
    const situation = {
      register: { ...register, registerId },
      headSeq: head?.seq ?? 0n,
      headRoot: head?.claimedRoot ?? EMPTY_ROOT,
      nextSeq: (await trees.lastSeq(registerId)) + 1n,
      // No batch before its openings are durable.
      next: next?.journalledAt === null ? undefined : next,
    };
    if (
      situation.next !== undefined &&
      (await this.#inFlight(tx, this.#subject(situation, situation.next)))
    ) {
      return undefined;
    }
    return situation;
  }

  #subject(situation: Situation, batch: OwnBatchRow): string {
    return `append:${situation.register.registerId}:${batch.ordinal}:${situation.nextSeq}`;
  }

  /**
   * Whether what was sent for a subject may still take effect, or is known to have.
   * @throws LedgerError SEND_REFUSED when it failed a short while ago
   */
  async #inFlight(tx: Database, subject: string): Promise<boolean> {
    const send = (await new SendStore(tx).latest([subject])).get(subject);
    if (send === undefined) return false;
    if (send.state === 'queued' || send.state === 'sent') return true;
    if (send.state === 'mined') {
      // Mined and not followed yet: its event will tell. Followed without the event: it is of another chain now.
      const followed = (await new EventStore(tx).lastBlock())?.number ?? -1n;
      return send.blockNumber === null || send.blockNumber > followed;
    }
    const waitSeconds = Math.min(MOST_BACKOFF_SECONDS, 2 ** (send.sends - 1));
    if (this.#clock.now().getTime() < send.updatedAt.getTime() + waitSeconds * 1000) {
      throw registerError('SEND_REFUSED', {
        subject,
        refusal: send.error?.code ?? null,
        reason: send.error?.message ?? null,
        retryInSeconds: waitSeconds,
      });
    }
    return false;
  }

  async #send(tx: Database, subject: string, kind: string, data: Hex): Promise<void> {
    const sends = new SendStore(tx);
    const attempt = (await sends.latest([subject])).get(subject)?.sends ?? 0;
    const id = await this.#sender.enqueue(tx, {
      kind,
      dedupeKey: `${subject}:${attempt + 1}`,
      role: 'operator',
      to: this.#contract,
      data,
    });
    await sends.note([subject], id);
  }
}
