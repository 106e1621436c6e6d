import {
  CHECK_MODES,
  type CheckMode,
  type Hex,
  LETTER_OUTCOMES,
  LETTER_REFUSAL_REASONS,
  type LetterOutcome,
  type LetterRefusalReason,
  type LetterState,
  PUBLIC_REASONS,
  type PublicReason,
} from '@credit-ledger/sdk/protocol';
import type { Database } from '../store/index.ts';
import { type EventOf, type Followed, type Place, placeOf } from './followed.ts';
import { wordAt } from './words.ts';

/** What a letter is since the applicant was informed. */
export interface NoticeSaid {
  readonly subjectTag: Hex;
  /** Lower case. */
  readonly applicant: Hex;
  readonly documentHash: Hex;
  readonly publicScopeHash: Hex;
  /** 0 when it is not published. */
  readonly publicUntil: number;
  readonly promiseBy: bigint;
  /** 0 for none. */
  readonly drawId: bigint;
}

/** One event of a letter's history. */
export interface LetterHappening extends Place {
  readonly event: string;
  /** The state that it led to. */
  readonly state: LetterState;
}

/** A letter as its events say it stands. */
export interface LetterSaid {
  readonly letterId: bigint;
  readonly authority: bigint;
  readonly itemId: Hex;
  readonly itemVersion: number;
  readonly templateId: Hex;
  readonly state: LetterState;
  readonly requestId: Hex | null;
  readonly digest: Hex | null;
  readonly notice: NoticeSaid | null;
  readonly copies: {
    readonly applicant: Hex;
    readonly agency: Hex;
    readonly logIds: readonly bigint[];
  } | null;
  readonly publicReason: PublicReason;
  readonly refusalReason: LetterRefusalReason;
  readonly checkMode: CheckMode;
  /** 0 when there is none. */
  readonly checkBy: number;
  readonly check: {
    readonly kept: boolean;
    readonly outcome: LetterOutcome;
    readonly entryCommitment: Hex;
    readonly late: boolean;
  } | null;
  readonly history: readonly LetterHappening[];
}

/** A draw as its events say. */
export interface DrawSaid {
  readonly drawId: bigint;
  readonly authority: bigint;
  readonly seedCommit: Hex;
  readonly seed: Hex | null;
  readonly rateBasisPoints: number;
  readonly closesAt: bigint;
  readonly openedAt: bigint;
}

/** So long after its closing a seed may be revealed; what was not by then has selected every letter. */
export const REVEAL_SECONDS = 7n * 86_400n;

type LettersEvent = EventOf<'CommitmentLetters'>;
type Draft = { -readonly [Name in keyof LetterSaid]: LetterSaid[Name] };

/** Letters of these numbers on chain; those that there are not are absent. */
export async function lettersSaid(
  db: Database,
  followed: Followed,
  letterIds: readonly bigint[],
): Promise<Map<bigint, LetterSaid>> {
  if (letterIds.length === 0) return new Map();
  const events = await followed.events(db, 'CommitmentLetters', {
    arg: { name: 'letterId', values: letterIds.map(String) },
  });
  return foldLetters(events);
}

/** What events say of letters, in the order of the chain. */
export function foldLetters(events: readonly LettersEvent[]): Map<bigint, LetterSaid> {
  const letters = new Map<bigint, Draft>();
  for (const event of events) {
    if (event.name === 'LetterOffered') letters.set(event.args.letterId, offered(event.args));
    if (!('letterId' in event.args)) continue;
    const letter = letters.get(event.args.letterId);
    if (letter === undefined) continue;
    apply(letter, event);
    letter.history = [...letter.history, { event: event.name, state: letter.state, ...placeOf(event) }];
  }
  return letters;
}

function offered(args: Extract<LettersEvent, { name: 'LetterOffered' }>['args']): Draft {
  return {
    letterId: args.letterId,
    authority: args.authority,
    itemId: args.itemId,
    itemVersion: args.itemVersion,
    templateId: args.templateId,
    state: 'offered',
    requestId: null,
    digest: null,
    notice: null,
    copies: null,
    publicReason: 'none',
    refusalReason: 'none',
    checkMode: 'none',
    checkBy: 0,
    check: null,
    history: [],
  };
}

function apply(letter: Draft, event: LettersEvent): void {
  switch (event.name) {
    case 'LetterInformed': {
      const { requestId, digest, notice } = event.args;
      letter.state = 'informed';
      letter.requestId = requestId;
      letter.digest = digest;
      letter.notice = { ...notice, applicant: notice.applicant.toLowerCase() as Hex };
      return;
    }
    case 'LetterPromised':
      letter.state = 'promised';
      letter.copies = {
        applicant: event.args.applicantCopy,
        agency: event.args.agencyCopy,
        logIds: event.args.logIds,
      };
      return;
    case 'LetterPublished':
      letter.publicReason = wordAt(PUBLIC_REASONS, event.args.reason);
      return;
    case 'LetterDecided':
      letter.state = 'decided';
      letter.checkMode = wordAt(CHECK_MODES, event.args.checkMode);
      letter.checkBy = event.args.checkBy;
      return;
    case 'LetterChecked': {
      const { kept, outcome, entryCommitment, late } = event.args;
      letter.state = kept ? 'checked-true' : 'checked-false';
      letter.check = { kept, outcome: wordAt(LETTER_OUTCOMES, outcome), entryCommitment, late };
      return;
    }
    case 'LetterWithdrawn':
      letter.state = 'withdrawn';
      return;
    case 'LetterRefused':
      letter.state = 'refused';
      letter.refusalReason = wordAt(LETTER_REFUSAL_REASONS, event.args.reason);
      return;
    case 'LetterTerminated':
      letter.state = 'terminated';
      return;
    default:
  }
}

/** Draws as their events say: all, or those of these numbers. */
export async function drawsSaid(
  db: Database,
  followed: Followed,
  drawIds?: readonly bigint[],
): Promise<Map<bigint, DrawSaid>> {
  const events = await followed.events(db, 'CommitmentLetters', {
    names: ['DrawOpened', 'DrawRevealed'],
    ...(drawIds === undefined ? {} : { arg: { name: 'drawId', values: drawIds.map(String) } }),
  });
  const draws = new Map<bigint, DrawSaid>();
  for (const event of events) {
    if (event.name === 'DrawOpened') {
      const { drawId, authority, seedCommit, rateBasisPoints, closesAt } = event.args;
      draws.set(drawId, {
        drawId,
        authority,
        seedCommit,
        seed: null,
        rateBasisPoints,
        closesAt,
        openedAt: event.blockTime,
      });
    } else if (event.name === 'DrawRevealed') {
      const draw = draws.get(event.args.drawId);
      if (draw !== undefined) draws.set(draw.drawId, { ...draw, seed: event.args.seed });
    }
  }
  return draws;
}
