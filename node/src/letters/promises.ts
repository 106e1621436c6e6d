import type { CreditAnswer } from '@credit-ledger/sdk/answer';
import { commitmentLettersAbi } from '@credit-ledger/sdk/chain';
import {
  fromBytes32,
  type Hex,
  isLedgerError,
  type LedgerError,
  letterRequestIdOf,
  type Nonce,
  refusalName,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData, type TypedDataDefinition } from 'viem';
import { storedError } from '../exchange/errors.ts';
import { pauseAfter, realWait, type Wait } from '../exchange/retry.ts';
import { LetterStore, type PromiseState } from '../store/letters.ts';
import type { AskedQuestion } from '../store/questions.ts';
import type { Desk } from './desk.ts';
import { letterError } from './errors.ts';
import type { Items, ItemView } from './items.ts';
import type { LetterSaid } from './letter-facts.ts';
import { informedParts, loadLetter, type LoadedLetter, requirePossible } from './letter-rows.ts';
import { requireInTime } from './letters.ts';
import type { TypedDocument } from './signatures.ts';

const APPLICATION = 'commitment-eligibility';
const PREDICATE = 'may-promise';
/** Bounds of a question's expiry. */
const LEAST_EXPIRY_SECONDS = 60n;
const MOST_EXPIRY_SECONDS = 30n * 86_400n - 1n;
/** Errors of asking that pass by themselves: chain, store, clock, peers. */
const PASSING = /^(CHAIN_|STORE_|CLOCK_OFF|NOT_A_MEMBER|QUESTION_NOT_PURSUED|PEER_|OUTBOX_|FOLLOWER_)/;

/** How long to wait between two tries that got nowhere. */
export interface Pauses {
  readonly firstMilliseconds: number;
  readonly mostMilliseconds: number;
}

/**
 * Sees promises through, from the applicant's signature to the chain: asks every register that the item
 * names whether the applicant may promise, waits, and sends both copies with the proofs when all say YES.
 * On a NO nothing is sent. What is under way is in the database, so a restart goes on with it; what is
 * sent is sent once.
 */
export class Promises {
  readonly #desk: Desk;
  readonly #items: Items;
  readonly #typed: (said: LetterSaid) => TypedDocument;
  readonly #wait: Wait;
  readonly #pauses: Pauses;
  readonly #working = new Map<bigint, Promise<void>>();
  #stop: AbortController | undefined;

  constructor(parts: {
    readonly desk: Desk;
    readonly items: Items;
    /** What both copies sign. */
    readonly typed: (said: LetterSaid) => TypedDocument;
    readonly wait?: Wait | undefined;
    readonly pauses?: Pauses | undefined;
  }) {
    this.#desk = parts.desk;
    this.#items = parts.items;
    this.#typed = parts.typed;
    this.#wait = parts.wait ?? realWait;
    this.#pauses = parts.pauses ?? { firstMilliseconds: 500, mostMilliseconds: 15_000 };
  }

  /** Goes on with every promise that has no outcome yet. */
  async start(): Promise<void> {
    this.#stop ??= new AbortController();
    for (const id of await new LetterStore(this.#desk.parts.db).openPromises()) this.kick(id);
  }

  /** Leaves what is open as it is; the next start goes on. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await Promise.all(this.#working.values());
    this.#stop = undefined;
  }

  /** Resolves when no promise is being pursued. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working.values());
  }

  /** Looks after a letter's promise, if this is running. */
  kick(id: bigint): void {
    if (this.#stop === undefined || this.#stop.signal.aborted || this.#working.has(id)) return;
    const work = this.#pursue(id, this.#stop.signal).finally(() => this.#working.delete(id));
    this.#working.set(id, work);
  }

  async #pursue(id: bigint, signal: AbortSignal): Promise<void> {
    const { log, clock, db } = this.#desk.parts;
    for (let turns = 0; !signal.aborted; turns += 1) {
      try {
        await this.#seeThrough(id, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const stored = storedError(error);
        log.warn({ letter: id.toString(), code: stored.code }, 'a promise does not go on');
        // Shown while it is tried again; that it could not be noted changes nothing about trying.
        await new LetterStore(db)
          .movePromise(id, 'asking', stored, clock.now())
          .catch((again: unknown) =>
            log.warn(
              { letter: id.toString(), code: storedError(again).code },
              'a trouble could not be noted',
            ),
          );
      }
      const { firstMilliseconds, mostMilliseconds } = this.#pauses;
      await this.#wait(pauseAfter(turns, firstMilliseconds, mostMilliseconds), signal).catch(() => undefined);
    }
  }

  /** To the promise's outcome, whatever it is; throws only what passes by itself. */
  async #seeThrough(id: bigint, signal: AbortSignal): Promise<void> {
    const { db } = this.#desk.parts;
    const letter = await loadLetter(db, this.#desk.followed, id);
    if (letter.promise?.state !== 'asking') return;
    try {
      const self = await this.#desk.authority(db);
      const said = requirePossible(letter, 'make-promise', self.id);
      requireInTime(said, this.#desk.now());
      const item = await this.#items.get(db, said.itemId, said.itemVersion);
      if (item === undefined) throw letterError('LETTER_ITEM_UNKNOWN', { itemId: said.itemId });
      const answers = await this.#answers(letter, said, item, signal);
      if (answers.some(({ answer }) => !answer)) {
        await this.#end(id, 'not-eligible', letterError('LETTER_NOT_ELIGIBLE'));
        return;
      }
      await this.#send(id, item, answers);
    } catch (error) {
      if (!isLedgerError(error) || PASSING.test(error.code) || error.code === 'STEP_ON_ITS_WAY') throw error;
      await this.#end(id, 'failed', error);
    }
  }

  /** The answers of all registers, in the item's order. A NO is enough, whatever the others say. */
  async #answers(
    letter: LoadedLetter,
    said: LetterSaid,
    item: ItemView,
    signal: AbortSignal,
  ): Promise<CreditAnswer[]> {
    const { parts } = this.#desk;
    const asker = parts.asker();
    const nonce = fromBytes32(informedParts(letter).nonce) as bigint as Nonce;
    const left = (said.notice?.promiseBy ?? 0n) - this.#desk.now();
    const ids: { readonly registerId: bigint; readonly id: bigint }[] = [];
    for (const registerId of item.registers) {
      try {
        const id = await asker.ask({
          subject: letter.row.uscc,
          registerId,
          application: APPLICATION,
          predicate: PREDICATE,
          fixed: {
            requestId: letterRequestIdOf(BigInt(parts.chainId), parts.contracts.letters, said.letterId),
            nonce,
          },
          expirySeconds: expiryWithin(left),
          askedBy: letter.promise?.promisedBy ?? letter.row.offeredBy,
        });
        ids.push({ registerId, id });
      } catch (error) {
        if (!isLedgerError(error) || PASSING.test(error.code)) throw error;
        throw claimFailed(registerId, error);
      }
    }
    const questions = await Promise.all(
      ids.map(async ({ registerId, id }) => ({ registerId, question: await asker.outcome(id, signal) })),
    );
    const answered = questions.flatMap(({ question }) =>
      question.state === 'answered' ? [question.answer as CreditAnswer] : [],
    );
    if (answered.some(({ answer }) => !answer)) return answered;
    for (const { registerId, question } of questions) {
      if (question.state !== 'answered') throw notAnswered(registerId, question);
    }
    return answered;
  }

  async #send(id: bigint, item: ItemView, answers: readonly CreditAnswer[]): Promise<void> {
    const { parts, followed } = this.#desk;
    requireRecent(item, answers, this.#desk.now());
    await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      // Once more, in the transaction: somebody may have ended the letter while the registers were asked.
      const letter = await loadLetter(tx, followed, id);
      const said = requirePossible(letter, 'make-promise', self.id);
      requireInTime(said, this.#desk.now());
      const store = new LetterStore(tx);
      const signatures = letter.promise?.signatures;
      if (signatures === undefined || !(await store.movePromise(id, 'sent', null, parts.clock.now()))) {
        throw letterError('STEP_ON_ITS_WAY', {
          action: 'make-promise',
          state: letter.promise?.state ?? null,
        });
      }
      const typed = this.#typed(said) as unknown as TypedDataDefinition;
      const agency = await parts.signer.signTypedData('operator', typed);
      return {
        about: 'letter',
        key: id.toString(),
        action: 'make-promise',
        detail: { signatures: { ...signatures, agency } },
        to: parts.contracts.letters,
        data: encodeFunctionData({
          abi: commitmentLettersAbi,
          functionName: 'makePromise',
          args: [said.letterId, signatures.applicant as Hex, agency, answers.map(claimOf)],
        }),
        by: letter.promise?.promisedBy ?? '',
      };
    });
  }

  async #end(id: bigint, state: PromiseState, error: LedgerError): Promise<void> {
    const { db, clock, log } = this.#desk.parts;
    await new LetterStore(db).movePromise(id, state, storedError(error), clock.now());
    log.info({ letter: id.toString(), code: error.code }, 'a promise was not sent');
  }
}

/** A claim as the contract takes it: the answer's own proof, imaginary parts first as documents have it. */
export function claimOf(answer: Pick<CreditAnswer, 'log' | 'disputed' | 'proof'>) {
  const pair = ([first, second]: readonly [Hex, Hex]) => [BigInt(first), BigInt(second)] as const;
  const { a, b, c } = answer.proof;
  return {
    logId: BigInt(answer.log.logId),
    disputed: answer.disputed,
    proof: { a: pair(a), b: [pair(b[0]), pair(b[1])] as const, c: pair(c) },
  };
}

/** A question is good for as long as the letter may be promised. */
function expiryWithin(seconds: bigint): number {
  if (seconds < LEAST_EXPIRY_SECONDS) return Number(LEAST_EXPIRY_SECONDS);
  return Number(seconds > MOST_EXPIRY_SECONDS ? MOST_EXPIRY_SECONDS : seconds);
}

function requireRecent(item: ItemView, answers: readonly CreditAnswer[], now: bigint): void {
  const earliest = now - BigInt(item.claimMaxAgeSeconds);
  const stale = answers.find(({ log }) => BigInt(log.time) < earliest);
  if (stale === undefined) return;
  throw letterError('LETTER_CLAIMS_STALE', {
    logId: stale.log.logId,
    loggedAt: stale.log.time,
    earliest,
  });
}

function notAnswered(registerId: bigint, question: AskedQuestion): LedgerError {
  if (question.state === 'refused' && question.refusalCode !== null) {
    return letterError('LETTER_CLAIM_REFUSED', {
      registerId,
      refusal: refusalName(question.refusalCode) ?? question.refusalCode,
      questionId: question.id,
    });
  }
  return letterError('LETTER_CLAIM_FAILED', {
    registerId,
    cause: question.error?.code ?? question.state,
    questionId: question.id,
  });
}

function claimFailed(registerId: bigint, error: LedgerError): LedgerError {
  return letterError('LETTER_CLAIM_FAILED', { registerId, cause: error.code }, error);
}
