import {
  type Hex,
  LETTER_STATE_NAMES,
  LETTER_TRANSITIONS,
  type LetterAction,
  type LetterState,
  type Message,
} from '@credit-ledger/sdk/protocol';
import { type Database, hexOf } from '../store/index.ts';
import { type LetterRow, LetterStore, type PromiseRow } from '../store/letters.ts';
import { type StepRow, StepStore } from '../store/letter-steps.ts';
import { requireIdle, standingStep } from './desk.ts';
import { letterError, letterErrorWith } from './errors.ts';
import type { Followed } from './followed.ts';
import { type LetterSaid, lettersSaid } from './letter-facts.ts';

/** A letter with all that the node has about it: what is private, its steps, and what the chain says. */
export interface LoadedLetter {
  readonly row: LetterRow;
  readonly steps: readonly StepRow[];
  readonly promise: PromiseRow | undefined;
  /** Undefined until the offer has been followed. */
  readonly said: LetterSaid | undefined;
}

/** What the actions are called. */
export const ACTION_NAMES: Readonly<Record<LetterAction, Message>> = {
  offer: { en: 'offer', zh: '提供' },
  inform: { en: 'inform', zh: '告知' },
  'make-promise': { en: 'promise', zh: '承诺' },
  decide: { en: 'decide', zh: '办结' },
  check: { en: 'check', zh: '核查' },
  withdraw: { en: 'withdraw', zh: '撤回' },
  refuse: { en: 'refuse', zh: '转一般程序' },
  terminate: { en: 'terminate', zh: '终止' },
};

/** Letters with their steps and what the chain says, in the order given. */
export async function loadLetters(
  db: Database,
  followed: Followed,
  rows: readonly LetterRow[],
): Promise<LoadedLetter[]> {
  const steps = await new StepStore(db).of(
    'letter',
    rows.map(({ id }) => id.toString()),
  );
  const of = (row: LetterRow): StepRow[] => steps.filter(({ aboutKey }) => aboutKey === row.id.toString());
  const offers = new Map(rows.map((row) => [row.id, standingStep(of(row), 'offer')?.sending.txHash ?? null]));
  const txHashes = [...offers.values()].filter((hash) => hash !== null);
  const offered =
    txHashes.length === 0
      ? []
      : await followed.events(db, 'CommitmentLetters', { names: ['LetterOffered'], txHashes });
  const idOfTx = new Map(
    offered.flatMap((event) =>
      event.name === 'LetterOffered' ? [[event.transactionHash as string, event.args.letterId]] : [],
    ) as [string, bigint][],
  );
  const said = await lettersSaid(db, followed, [...idOfTx.values()]);
  const store = new LetterStore(db);
  return Promise.all(
    rows.map(async (row) => {
      const txHash = offers.get(row.id);
      const letterId = txHash === null || txHash === undefined ? undefined : idOfTx.get(hexOf(txHash));
      return {
        row,
        steps: of(row),
        promise: await store.promise(row.id),
        said: letterId === undefined ? undefined : said.get(letterId),
      };
    }),
  );
}

/** @throws LedgerError LETTER_UNKNOWN */
export async function loadLetter(db: Database, followed: Followed, id: bigint): Promise<LoadedLetter> {
  const row = await new LetterStore(db).byId(id);
  const [loaded] = row === undefined ? [] : await loadLetters(db, followed, [row]);
  if (loaded === undefined) throw letterError('LETTER_UNKNOWN', { id });
  return loaded;
}

/** Where a letter stands: `none` until its offer has been followed. */
export function stateOf({ said }: Pick<LoadedLetter, 'said'>): LetterState {
  return said?.state ?? 'none';
}

/** What the chain would take from a letter's state; an offer is a new letter's. */
export function possibleActions(state: LetterState): LetterAction[] {
  if (state === 'none') return [];
  return [...new Set(LETTER_TRANSITIONS.filter(({ from }) => from === state).map(({ action }) => action))];
}

/**
 * The letter as the chain says it stands, where this action is possible, by the authority that it belongs to.
 * @throws LedgerError STEP_ON_ITS_WAY, LETTER_STATE_WRONG (says the state and what is possible), LETTER_NOT_YOURS
 */
export function requirePossible(letter: LoadedLetter, action: LetterAction, selfId: bigint): LetterSaid {
  requireIdle(letter.steps);
  const { said } = letter;
  const state = stateOf(letter);
  if (said === undefined || !possibleActions(state).includes(action)) throw stateWrong(state, action);
  if (said.authority !== selfId) {
    throw letterError('LETTER_NOT_YOURS', { letterId: said.letterId, authority: said.authority });
  }
  return said;
}

/** An error that says where the letter stands and what could be done */
export function stateWrong(state: LetterState, action: LetterAction): Error {
  const possible = possibleActions(state);
  const said = LETTER_STATE_NAMES[state];
  const names = (lang: 'en' | 'zh'): string => possible.map((each) => ACTION_NAMES[each][lang]).join(', ');
  return letterErrorWith(
    'LETTER_STATE_WRONG',
    possible.length === 0
      ? { en: `It stands at “${said.en}”, which is final.`, zh: `当前状态为“${said.zh}”，已了结。` }
      : {
          en: `It stands at “${said.en}”; possible now: ${names('en')}.`,
          zh: `当前状态为“${said.zh}”，可办理：${names('zh').replaceAll(', ', '、')}。`,
        },
    { state, action, possible },
  );
}

/** The inform step whose notice stands, with its private parts. */
export interface InformedParts {
  readonly document: Readonly<Record<string, unknown>>;
  readonly scope: Readonly<Record<string, unknown>> | null;
  readonly nonce: Hex;
}

/** @throws RangeError when the letter was not informed by this node */
export function informedParts(letter: LoadedLetter): InformedParts {
  const step = standingStep(letter.steps, 'inform');
  if (step === undefined) throw new RangeError(`letter ${letter.row.id} was not informed here`);
  return step.detail as unknown as InformedParts;
}
