import { type Day, dayAt, isLedgerError, type Hex } from '@credit-ledger/sdk/protocol';
import type { Database } from '../store/index.ts';
import { type StepAbout, type StepRow, StepStore } from '../store/letter-steps.ts';
import { letterError } from './errors.ts';
import { Followed, type MemberSaid } from './followed.ts';
import type { LetterParts } from './ports.ts';
import { asLetterError } from './reverts.ts';

/** A step as it is about to be taken. */
export interface PlannedStep {
  readonly about: StepAbout;
  readonly key: string;
  readonly action: string;
  /** The salted documents behind the hashes that are sent. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly to: Hex;
  readonly data: Hex;
  readonly by: string;
  readonly recordId?: bigint;
}

/** How far a step has come when its caller is answered. */
export type Settling = 'followed' | 'on-its-way';

/** What the services of this room share: who we are, what time it is, and how a step is taken. */
export class Desk {
  readonly parts: LetterParts;
  readonly followed: Followed;

  constructor(parts: LetterParts) {
    this.parts = parts;
    this.followed = new Followed(parts.followedContracts);
  }

  /** Unix seconds by the node's clock. What counts is the chain's; this is for being told beforehand. */
  now(): bigint {
    return BigInt(Math.floor(this.parts.clock.now().getTime() / 1000));
  }

  today(): Day {
    return dayAt(this.now());
  }

  /** This node's member. Errors: `NOT_A_MEMBER`. */
  async self(db: Database): Promise<MemberSaid> {
    const id = await this.parts.memberId(db);
    const member = id === undefined ? undefined : await this.followed.member(db, id);
    if (member === undefined) throw letterError('NOT_A_MEMBER');
    return member;
  }

  /** This node's member, an active authority. Errors: `NOT_A_MEMBER`, `LETTER_NOT_AUTHORITY`. */
  async authority(db: Database): Promise<MemberSaid> {
    const self = await this.self(db);
    if (self.role !== 'authority' || !self.active) {
      throw letterError('LETTER_NOT_AUTHORITY', { memberId: self.id, role: self.role, active: self.active });
    }
    return self;
  }

  /**
   * Takes a step: what `plan` writes, the step with its documents and the transaction to be sent are
   * there together or not at all. `plan` makes every check, on what holds in that database transaction.
   * Returns its number in the outbox.
   */
  async take<P extends PlannedStep>(
    plan: (tx: Database) => Promise<P>,
  ): Promise<{ readonly outboxId: bigint; readonly planned: P }> {
    const { db, transactions, clock } = this.parts;
    return db.transaction(async (tx) => {
      const planned = await plan(tx);
      const { about, key, action, to, data } = planned;
      const steps = new StepStore(tx);
      const before = await steps.of(about, [key]);
      const outboxId = await transactions.enqueue(tx, {
        kind: `${about}-${action}`,
        dedupeKey: `${about}:${key}:${action}:${before.length + 1}`,
        role: 'operator',
        to,
        data,
      });
      await steps.insert(
        {
          about,
          aboutKey: key,
          action,
          detail: planned.detail,
          outboxId,
          takenBy: planned.by,
          ...(planned.recordId === undefined ? {} : { recordId: planned.recordId }),
        },
        clock.now(),
      );
      return { outboxId, planned };
    });
  }

  /**
   * Waits a while until a step is in a block that the node has followed. Errors: the contract's refusal in
   * this room's words, and `TRANSACTION_TOO_LARGE`.
   */
  async settled(outboxId: bigint, about: StepAbout): Promise<Settling> {
    const { transactions, followed, patienceMilliseconds = 20_000 } = this.parts;
    const patience = AbortSignal.timeout(patienceMilliseconds);
    try {
      const { blockNumber } = await transactions.waitFor(outboxId, patience);
      await followed(blockNumber, patience);
      return 'followed';
    } catch (error) {
      // Not there in time, or nobody follows just now: it is on its way all the same.
      if (patience.aborted || isLedgerError(error, 'FOLLOWER_STOPPED')) return 'on-its-way';
      throw asLetterError(error, about);
    }
  }
}

/** The step whose events are not known yet; undefined when there is none. */
export function pendingStep(steps: readonly StepRow[]): StepRow | undefined {
  return steps.find(({ sending }) => {
    if (sending.state === 'failed') return false;
    return sending.state !== 'mined' || !sending.followed;
  });
}

/** @throws LedgerError STEP_ON_ITS_WAY: two steps at once could only be in each other's way */
export function requireIdle(steps: readonly StepRow[]): void {
  const pending = pendingStep(steps);
  if (pending !== undefined) {
    throw letterError('STEP_ON_ITS_WAY', { action: pending.action, state: pending.sending.state });
  }
}

/** The latest step of an action that was not refused. */
export function standingStep(steps: readonly StepRow[], action: string): StepRow | undefined {
  return steps.findLast((step) => step.action === action && step.sending.state !== 'failed');
}

/** The last step when it was refused: what a person must be told. */
export function failedStep(steps: readonly StepRow[]): StepRow | undefined {
  const last = steps.at(-1);
  return last?.sending.state === 'failed' ? last : undefined;
}
