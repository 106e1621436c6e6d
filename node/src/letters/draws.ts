import { commitmentLettersAbi } from '@credit-ledger/sdk/chain';
import { type Hex, seedCommitOf, selectionOf } from '@credit-ledger/sdk/protocol';
import { createHmac, randomUUID } from 'node:crypto';
import { encodeFunctionData } from 'viem';
import type { Database } from '../store/index.ts';
import { StepStore } from '../store/letter-steps.ts';
import { type Desk, requireIdle, type Settling } from './desk.ts';
import { letterError, letterErrorWith, momentWords } from './errors.ts';
import { type DrawSaid, drawsSaid, type LetterSaid, REVEAL_SECONDS } from './letter-facts.ts';

/** A draw with what may be done about it. */
export interface DrawView extends DrawSaid {
  readonly own: boolean;
  /** Last second at which the seed may be revealed. */
  readonly revealBy: bigint;
  readonly state: 'open' | 'to-be-revealed' | 'revealed' | 'not-revealed';
}

/** Whether a letter is to be checked, as far as it is known. */
export interface Selection {
  readonly known: boolean;
  readonly selected: boolean;
}

const ALL_BASIS_POINTS = 10_000;
const MIN_PERIOD_SECONDS = 3_600n;
const MAX_PERIOD_SECONDS = 366n * 86_400n;

/**
 * Draws of letters to be checked. A seed is made when the draw is opened and only its commitment is sent. It
 * is no row anywhere: it follows from the keyring and the draw's own random name, so whoever has the
 * database alone cannot know it before it is revealed.
 */
export class Draws {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Errors: `LETTER_NOT_AUTHORITY`, `LETTER_DRAW_RATE_INVALID`, `LETTER_DRAW_PERIOD_INVALID`. */
  async open(
    draw: { readonly rateBasisPoints: number; readonly closesAt: bigint },
    by: string,
  ): Promise<{ readonly drawId: bigint | null; readonly settling: Settling }> {
    const name = randomUUID();
    const seedCommit = seedCommitOf(await this.#seedOf(name));
    const { outboxId } = await this.#desk.take(async (tx) => {
      await this.#desk.authority(tx);
      const { rateBasisPoints, closesAt } = draw;
      if (!Number.isInteger(rateBasisPoints) || rateBasisPoints < 1 || rateBasisPoints > ALL_BASIS_POINTS) {
        throw letterError('LETTER_DRAW_RATE_INVALID', { rateBasisPoints });
      }
      const now = this.#desk.now();
      const [earliest, latest] = [now + MIN_PERIOD_SECONDS, now + MAX_PERIOD_SECONDS];
      if (closesAt < earliest || closesAt > latest) {
        throw letterError('LETTER_DRAW_PERIOD_INVALID', { closesAt, earliest, latest });
      }
      return {
        about: 'draw',
        key: name,
        action: 'open',
        detail: {},
        to: this.#desk.parts.contracts.letters,
        data: encodeFunctionData({
          abi: commitmentLettersAbi,
          functionName: 'openDraw',
          args: [seedCommit, rateBasisPoints, closesAt],
        }),
        by,
      };
    });
    const settling = await this.#desk.settled(outboxId, 'draw');
    const own = await this.#ownDraws(this.#desk.parts.db);
    return { drawId: own.find((each) => each.name === name)?.draw.drawId ?? null, settling };
  }

  /** Errors: `LETTER_DRAW_UNKNOWN`, `LETTER_DRAW_NOT_YOURS`, `LETTER_DRAW_OPEN`, `LETTER_DRAW_REVEALED`, `LETTER_DRAW_TOO_LATE`. */
  async reveal(drawId: bigint, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const draw = (await drawsSaid(tx, this.#desk.followed, [drawId])).get(drawId);
      if (draw === undefined) throw letterError('LETTER_DRAW_UNKNOWN', { drawId });
      if (draw.authority !== self.id) throw letterError('LETTER_DRAW_NOT_YOURS', { drawId });
      const now = this.#desk.now();
      if (now < draw.closesAt) {
        throw letterErrorWith(
          'LETTER_DRAW_OPEN',
          {
            en: `It closes ${momentWords(draw.closesAt)}.`,
            zh: `截止时间为 ${momentWords(draw.closesAt)}。`,
          },
          { drawId, closesAt: draw.closesAt },
        );
      }
      if (draw.seed !== null) throw letterError('LETTER_DRAW_REVEALED', { drawId });
      const latest = draw.closesAt + REVEAL_SECONDS;
      if (now > latest) throw letterError('LETTER_DRAW_TOO_LATE', { drawId, latest });
      const own = (await this.#ownDraws(tx)).find((each) => each.draw.drawId === drawId);
      if (own === undefined) throw letterError('LETTER_DRAW_SEED_WRONG', { drawId });
      requireIdle(await new StepStore(tx).of('draw', [own.name]));
      return {
        about: 'draw',
        key: own.name,
        action: 'reveal',
        detail: {},
        to: this.#desk.parts.contracts.letters,
        data: encodeFunctionData({
          abi: commitmentLettersAbi,
          functionName: 'revealDraw',
          args: [drawId, await this.#seedOf(own.name)],
        }),
        by,
      };
    });
    return this.#desk.settled(outboxId, 'draw');
  }

  /** Draws of all authorities, oldest first. */
  async list(): Promise<DrawView[]> {
    const { db, memberId } = this.#desk.parts;
    const self = await memberId(db);
    const now = this.#desk.now();
    return [...(await drawsSaid(db, this.#desk.followed)).values()].map((draw) => {
      const revealBy = draw.closesAt + REVEAL_SECONDS;
      const state =
        draw.seed !== null
          ? 'revealed'
          : now < draw.closesAt
            ? 'open'
            : now > revealBy
              ? 'not-revealed'
              : 'to-be-revealed';
      return { ...draw, own: draw.authority === self, revealBy, state };
    });
  }

  async #seedOf(name: string): Promise<Hex> {
    const key = await this.#desk.parts.signer.journalKey();
    return `0x${createHmac('sha256', key).update(`credit-ledger/letter-draw:${name}`).digest('hex')}`;
  }

  /** Our draws under their names here. */
  async #ownDraws(db: Database): Promise<{ readonly name: string; readonly draw: DrawSaid }[]> {
    const opened = (await new StepStore(db).all('draw', 'open')).filter(
      ({ sending }) => sending.state !== 'failed' && sending.txHash !== null,
    );
    const txHashes = opened.flatMap(({ sending }) => (sending.txHash === null ? [] : [sending.txHash]));
    if (txHashes.length === 0) return [];
    const { followed } = this.#desk;
    const events = await followed.events(db, 'CommitmentLetters', { names: ['DrawOpened'], txHashes });
    const draws = await drawsSaid(db, followed);
    return events.flatMap((event) => {
      const draw = event.name === 'DrawOpened' ? draws.get(event.args.drawId) : undefined;
      const step = opened.find(
        ({ sending }) =>
          sending.txHash !== null &&
          event.transactionHash === `0x${Buffer.from(sending.txHash).toString('hex')}`,
      );
      return draw === undefined || step === undefined ? [] : [{ name: step.aboutKey, draw }];
    });
  }
}

/**
 * Whether a decided letter is to be checked, as the contract's `selection` says it at this time. Undefined
 * before the decision.
 */
export function selectionFor(
  said: LetterSaid,
  draw: DrawSaid | undefined,
  now: bigint,
): Selection | undefined {
  if (!['decided', 'checked-true', 'checked-false'].includes(said.state)) return undefined;
  if (draw === undefined) return { known: true, selected: said.checkMode !== 'exempt' };
  if (draw.seed === null) {
    const tooLate = now > draw.closesAt + REVEAL_SECONDS;
    return { known: tooLate, selected: tooLate };
  }
  const applicantCopy = said.copies?.applicant;
  if (applicantCopy === undefined) throw new RangeError('a decided letter has no copies');
  return {
    known: true,
    selected: selectionOf(draw.seed, said.letterId, applicantCopy, draw.rateBasisPoints),
  };
}
