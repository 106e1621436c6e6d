import type { LetterCopy } from '@credit-ledger/sdk/answer';
import type { Day } from '@credit-ledger/sdk/protocol';
import type { Wait } from '../exchange/index.ts';
import type { BlockRange, EventHandler, FollowedEvent } from '../chain/index.ts';
import type { Database } from '../store/index.ts';
import { Checks } from './checks.ts';
import { copiesOf, publicLetters, type PublicLetter, publicPledges, type PublicPledge } from './copies.ts';
import { Desk } from './desk.ts';
import { Draws } from './draws.ts';
import { Filings } from './filings.ts';
import { Items } from './items.ts';
import { Letters } from './letters.ts';
import { OverdueWatch } from './overdue.ts';
import { Pledges } from './pledges.ts';
import type { LetterParts } from './ports.ts';
import { type Pauses, Promises } from './promises.ts';
import { LetterViews } from './views.ts';
import { Withdrawals } from './withdrawals.ts';

export type { RecordTerms } from './adverse.ts';
export type { Decision, Finding } from './checks.ts';
export type { PublicLetter, PublicPledge } from './copies.ts';
export { failedStep, pendingStep, type Settling } from './desk.ts';
export type { Place } from './followed.ts';
export { digestOf } from './signatures.ts';
export type { Salted } from './documents.ts';
export type { DrawView, Selection } from './draws.ts';
export { deadlineOf, type FilingSaid } from './filing-facts.ts';
export { type LoadedFiling, type NewFiling, possibleFilingActions } from './filings.ts';
export {
  CONFIRMED,
  type ConfirmedTexts,
  type ItemView,
  type NewItem,
  type TemplateView,
  TOLD,
  type ToldTexts,
} from './items.ts';
export type { Informed, NewLetter, Notice } from './letters.ts';
export type { NewPledge, PledgeKindName, PledgeView } from './pledges.ts';
export type { EligibilityAsker, LetterContracts, LetterParts, RoomLog } from './ports.ts';
export type { Pauses } from './promises.ts';
export { asLetterError, codeOfRevert } from './reverts.ts';
export type { TypedDocument } from './signatures.ts';
export { documentsOf, entryOf, type EntryOpening, type LetterView, toldError } from './views.ts';

/**
 * The room of commitment letters, incomplete filings and pledges. As a handler of the follower it looks
 * after what comes due with the chain's time.
 */
export class LettersRoom implements EventHandler<FollowedEvent> {
  readonly items: Items;
  readonly letters: Letters;
  readonly withdrawals: Withdrawals;
  readonly checks: Checks;
  readonly draws: Draws;
  readonly filings: Filings;
  readonly pledges: Pledges;
  readonly views: LetterViews;
  readonly promises: Promises;
  readonly overdue: OverdueWatch;
  readonly #desk: Desk;

  constructor(
    parts: LetterParts & {
      readonly wait?: Wait;
      readonly pauses?: Pauses;
      /** How often filings are looked through for a due day that has passed; a minute by default. */
      readonly watchMilliseconds?: number;
    },
  ) {
    this.#desk = new Desk(parts);
    this.items = new Items(this.#desk);
    this.letters = new Letters(this.#desk, this.items, (id) => this.promises.kick(id));
    this.withdrawals = new Withdrawals(this.#desk);
    this.checks = new Checks(this.#desk, this.items);
    this.draws = new Draws(this.#desk);
    this.filings = new Filings(this.#desk);
    this.pledges = new Pledges(this.#desk);
    this.views = new LetterViews(this.#desk, this.items);
    this.promises = new Promises({
      desk: this.#desk,
      items: this.items,
      typed: (said) => this.letters.typedLetter(said),
      wait: parts.wait,
      pauses: parts.pauses,
    });
    this.overdue = new OverdueWatch(this.filings, parts.log, parts.watchMilliseconds);
  }

  /** Goes on with what is under way. */
  async start(): Promise<void> {
    await this.promises.start();
    this.overdue.start();
  }

  /** Leaves what is open as it is; the next start goes on. */
  async stop(): Promise<void> {
    await this.overdue.stop();
    await this.promises.stop();
  }

  /** The civil day by the node's clock. */
  today(): Day {
    return this.#desk.today();
  }

  /** The two signed copies of a promised letter. Errors: `LETTER_UNKNOWN`, `LETTER_STATE_WRONG`. */
  copies(id: bigint): Promise<readonly [LetterCopy, LetterCopy]> {
    return copiesOf(this.#desk, id);
  }

  /** Letters of ours that are published now. */
  publicLetters(): Promise<PublicLetter[]> {
    return publicLetters(this.#desk, this.items);
  }

  /** Pledges that are published through us now. */
  publicPledges(): Promise<PublicPledge[]> {
    return publicPledges(this.pledges);
  }

  // ── what the follower tells ──────────────────────────────────────────────────

  async onEvents(): Promise<void> {
    // Where things stand is read from the stored events when it is asked for.
  }

  async onRollback(): Promise<void> {
    // Nothing of the chain is kept here.
  }

  async onAdvance(db: Database, _range: BlockRange): Promise<void> {
    db.afterCommit(() => this.overdue.wake());
  }
}
