import {
  type CheckMode,
  type Day,
  type Hex,
  isLedgerError,
  LedgerError,
  type LetterAction,
  type LetterOutcome,
  type LetterState,
  type Operand,
} from '@credit-ledger/sdk/protocol';
import type { StoredError } from '../store/answers.ts';
import type { Database } from '../store/index.ts';
import type { StepRow } from '../store/letter-steps.ts';
import { LetterStore, type PromiseRow } from '../store/letters.ts';
import { type Desk, failedStep, pendingStep } from './desk.ts';
import type { Salted } from './documents.ts';
import { selectionFor, type Selection } from './draws.ts';
import { hex } from './followed.ts';
import type { Items } from './items.ts';
import { type DrawSaid, drawsSaid, type LetterHappening, type LetterSaid } from './letter-facts.ts';
import { loadLetter, loadLetters, type LoadedLetter, possibleActions, stateOf } from './letter-rows.ts';
import { asLetterError } from './reverts.ts';

/** What opens the commitment to an entry, with the entry itself. */
export interface EntryOpening {
  readonly registerId: string;
  readonly entryId: string;
  readonly salt: Hex;
}

/** The opening of the entry that a standing step made; null when none did. */
export function entryOf(steps: readonly StepRow[]): EntryOpening | null {
  const step = steps.findLast(({ recordId, sending }) => recordId !== null && sending.state !== 'failed');
  return step === undefined ? null : (step.detail['entry'] as EntryOpening);
}

/** The documents of steps that were not refused, oldest first. */
export function documentsOf(steps: readonly StepRow[]): { action: string; document: Salted }[] {
  return steps.flatMap(({ action, detail, sending }) =>
    sending.state === 'failed'
      ? []
      : ['document', 'legalBasis'].flatMap((name) =>
          detail[name] === undefined ? [] : [{ action, document: detail[name] as Salted }],
        ),
  );
}

/** What is late about a letter: the promise, or the check. */
export type LetterOverdue = 'promise' | 'check';

/** A letter as it is shown to the agency's own people. */
export interface LetterView {
  readonly id: bigint;
  /** Null until the offer has been followed. */
  readonly letterId: bigint | null;
  readonly subject: { readonly uscc: string; readonly name: string };
  readonly itemId: Hex;
  readonly itemVersion: number;
  readonly itemTitle: string | null;
  readonly templateId: Hex;
  readonly state: LetterState;
  readonly possible: readonly LetterAction[];
  /** A step that is not on the chain yet. */
  readonly pending: { readonly action: string; readonly state: string } | null;
  /** The last step, when the chain refused it. */
  readonly failed: { readonly action: string; readonly error: StoredError } | null;
  readonly promise: {
    readonly state: 'asking' | 'not-eligible' | 'failed' | 'sent';
    readonly error: StoredError | null;
  } | null;
  readonly promiseBy: bigint | null;
  readonly checkMode: CheckMode;
  readonly checkBy: Day | null;
  readonly publicUntil: Day | null;
  readonly overdue: readonly LetterOverdue[];
  readonly drawId: bigint | null;
  /** Undefined before the decision. */
  readonly selection: Selection | undefined;
  readonly outcome: LetterOutcome;
  /** The adverse record that followed from a false commitment. */
  readonly recordId: bigint | null;
  /** Opens the commitment to the record's entry that is on chain. */
  readonly entry: EntryOpening | null;
  /** The documents behind the hashes of the steps, with their salts. */
  readonly documents: readonly { readonly action: string; readonly document: Salted }[];
  readonly digest: Hex | null;
  readonly history: readonly LetterHappening[];
  readonly offeredBy: string;
  readonly createdAt: Date;
}

/** Shows letters. */
export class LetterViews {
  readonly #desk: Desk;
  readonly #items: Items;

  constructor(desk: Desk, items: Items) {
    this.#desk = desk;
    this.#items = items;
  }

  /** Newest first; `before` goes on after that letter. */
  async list(filter: {
    readonly uscc?: string | undefined;
    readonly before?: bigint | undefined;
    readonly limit: number;
  }): Promise<LetterView[]> {
    const { db } = this.#desk.parts;
    const rows = await new LetterStore(db).list(filter);
    return this.#views(db, await loadLetters(db, this.#desk.followed, rows));
  }

  /** @throws LedgerError LETTER_UNKNOWN */
  async get(id: bigint): Promise<LetterView> {
    const { db } = this.#desk.parts;
    const [view] = await this.#views(db, [await loadLetter(db, this.#desk.followed, id)]);
    if (view === undefined) throw new RangeError('a letter has one view');
    return view;
  }

  async #views(db: Database, letters: readonly LoadedLetter[]): Promise<LetterView[]> {
    const drawIds = letters.flatMap(({ said }) => drawIdOf(said) ?? []);
    const draws = drawIds.length === 0 ? new Map() : await drawsSaid(db, this.#desk.followed, drawIds);
    const titles = new Map<string, string | null>();
    const views: LetterView[] = [];
    for (const letter of letters) {
      const itemId = hex(letter.row.itemId);
      const name = `${itemId}:${letter.row.itemVersion}`;
      if (!titles.has(name)) {
        titles.set(name, (await this.#items.get(db, itemId, letter.row.itemVersion))?.title ?? null);
      }
      const drawId = drawIdOf(letter.said);
      const draw = drawId === null ? undefined : (draws.get(drawId) as DrawSaid | undefined);
      views.push(this.#view(letter, titles.get(name) ?? null, draw));
    }
    return views;
  }

  #view(letter: LoadedLetter, itemTitle: string | null, draw: DrawSaid | undefined): LetterView {
    const { row, steps, said, promise } = letter;
    const pending = pendingStep(steps);
    const failed = failedStep(steps);
    const state = stateOf(letter);
    const notice = said?.notice ?? null;
    return {
      id: row.id,
      letterId: said?.letterId ?? null,
      subject: { uscc: row.uscc, name: row.subjectName },
      itemId: hex(row.itemId),
      itemVersion: row.itemVersion,
      itemTitle,
      templateId: hex(row.templateId),
      state,
      possible: pending === undefined ? possibleNow(state, promise) : [],
      pending: pending === undefined ? null : { action: pending.action, state: pending.sending.state },
      failed:
        failed === undefined
          ? null
          : { action: failed.action, error: toldError(failed.sending.error, 'letter') },
      promise: promise === undefined ? null : { state: promise.state, error: promise.error },
      promiseBy: notice?.promiseBy ?? null,
      checkMode: said?.checkMode ?? 'none',
      checkBy: said === undefined || said.checkBy === 0 ? null : (said.checkBy as Day),
      publicUntil: notice === null || notice.publicUntil === 0 ? null : (notice.publicUntil as Day),
      overdue: overdueOf(said, this.#desk.now(), this.#desk.today()),
      drawId: drawIdOf(said),
      selection: said === undefined ? undefined : selectionFor(said, draw, this.#desk.now()),
      outcome: said?.check?.outcome ?? 'none',
      recordId:
        steps.findLast((step) => step.recordId !== null && step.sending.state !== 'failed')?.recordId ?? null,
      entry: entryOf(steps),
      documents: documentsOf(steps),
      digest: said?.digest ?? null,
      history: said?.history ?? [],
      offeredBy: row.offeredBy,
      createdAt: row.createdAt,
    };
  }
}

/** A promise that is being asked for, or cannot be had, is not offered again. */
function possibleNow(state: LetterState, promise: PromiseRow | undefined): LetterAction[] {
  const isClosed = promise?.state === 'asking' || promise?.state === 'not-eligible';
  return possibleActions(state).filter((action) => !isClosed || action !== 'make-promise');
}

function drawIdOf(said: LetterSaid | undefined): bigint | null {
  const drawId = said?.notice?.drawId ?? 0n;
  return drawId === 0n ? null : drawId;
}

function overdueOf(said: LetterSaid | undefined, now: bigint, today: Day): LetterOverdue[] {
  if (said?.state === 'informed' && said.notice !== null && now > said.notice.promiseBy) return ['promise'];
  if (said?.state === 'decided' && said.checkBy !== 0 && today > said.checkBy) return ['check'];
  return [];
}

/** A stored refusal of the chain in this room's words. */
export function toldError(
  stored: {
    code: string;
    message: string;
    messageZh: string;
    operands: Readonly<Record<string, unknown>>;
  } | null,
  about: 'letter' | 'filing' | 'pledge',
): StoredError {
  const error = new LedgerError(
    stored?.code ?? 'INTERNAL',
    { en: stored?.message ?? '', zh: stored?.messageZh ?? '' },
    (stored?.operands ?? {}) as Readonly<Record<string, Operand>>,
  );
  const told = asLetterError(error, about);
  return isLedgerError(told) ? told.toJSON() : error.toJSON();
}
