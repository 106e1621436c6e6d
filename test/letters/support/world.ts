import {
  type Day,
  dayOfDate,
  type Hex,
  keccakWords,
  LedgerError,
  packYear,
  toBytes32,
  WorkingCalendar,
  type YearBitmap,
} from '@credit-ledger/sdk/protocol';
import { randomBytes } from 'node:crypto';
import type { TypedDataDefinition } from 'viem';
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { ledgerContracts, parseDeployment } from '../../../node/src/chain/index.ts';
import type { ShiftedClock } from '../../../node/src/clock.ts';
import type { Ask } from '../../../node/src/exchange/index.ts';
import {
  CONFIRMED,
  type EligibilityAsker,
  LettersRoom,
  type NewItem,
  TOLD,
  type TypedDocument,
} from '../../../node/src/letters/index.ts';
import type { Database } from '../../../node/src/store/index.ts';
import { type AskedQuestion, QuestionStore } from '../../../node/src/store/questions.ts';
import { deferred } from '../../exchange/support/fake-ledger.ts';
import { COMPANY, type RegisterWorld, registerWorld } from '../../registers/support/world.ts';
import { madeUpProcesses } from '../../support/deployment.ts';
import { CHAIN_ID, CONTRACTS, PretendProcesses } from './pretend.ts';

export const BY = '王芳';
export const SUBJECT = { creditCode: COMPANY, name: '北京晨雾食品有限公司' } as const;
/** Monday, 1 June 2026, ten in the morning in Beijing. */
const START = Date.UTC(2026, 5, 1, 2);
export const TODAY = dayOfDate('2026-06-01');
export const day = (date: string): Day => dayOfDate(date);

const address = (digit: string): string => `0x${digit.repeat(40)}`;
const deployment = parseDeployment({
  chainId: CHAIN_ID,
  consortium: address('1'),
  registers: address('2'),
  applications: address('3'),
  grants: address('4'),
  answerLog: address('5'),
  processes: { ...madeUpProcesses(), ...CONTRACTS },
  deployedAtBlock: '1',
});

/** Weekdays of 2026, for tests in which holidays do not matter. */
export const WEEKDAYS_2026: YearBitmap = packYear(2026, (each) => ![2, 3].includes(each % 7));

export const ITEM: NewItem = {
  slug: 'food-business-licence',
  title: '食品经营许可',
  legalBasis: '《食品经营许可和备案管理办法》',
  touches: { stateSecurity: false, publicSafety: false, lifeOrHealth: false },
  claimMaxAgeSeconds: 86_400,
  publicReason: 'none',
};

export const TEXTS = {
  told: Object.fromEntries(TOLD.map(({ name, words }) => [name, `${words.zh}：示例`])),
  confirmed: Object.fromEntries(CONFIRMED.map(({ name, words }) => [name, `${words.zh}。`])),
};

/** What a register says: YES or NO, a coded refusal, a failure, or that it cannot even be asked. */
export type Says =
  | { readonly answer: boolean; readonly loggedAt?: bigint }
  | { readonly refusal: number }
  | { readonly failure: string }
  | { readonly notAsked: string };

/** The exchange as this room sees it: answers as a test has it, and keeps what was asked. */
export class FakeAsker implements EligibilityAsker {
  readonly asked: (Ask & { fixed: { requestId: Hex; nonce: bigint } })[] = [];
  readonly says = new Map<bigint, Says>();
  gate: Promise<void> = Promise.resolve();
  readonly #db: Database;
  readonly #clock: ShiftedClock;
  readonly #ofQuestion = new Map<bigint, bigint>();

  constructor(db: Database, clock: ShiftedClock) {
    this.#db = db;
    this.#clock = clock;
  }

  async ask(ask: Ask & { fixed: { requestId: Hex; nonce: bigint } }): Promise<bigint> {
    this.asked.push(ask);
    const says = this.#says(ask.registerId);
    if ('notAsked' in says) throw new LedgerError(says.notAsked, { en: 'no', zh: '否' });
    const store = new QuestionStore(this.#db);
    const requestId = Buffer.from(ask.fixed.requestId.slice(2), 'hex');
    const [known] = await this.#db.query<{ id: string }>(
      'SELECT id FROM asked_questions WHERE request_id = $1 AND register_id = $2',
      [requestId, ask.registerId],
    );
    const id =
      known === undefined
        ? await store.insert(
            {
              clientKey: null,
              requestId,
              requestDigest: randomBytes(32),
              responder: 2n,
              registerId: ask.registerId,
              application: ask.application,
              predicate: ask.predicate,
              request: {},
              uscc: ask.subject,
              nonce: Buffer.from(toBytes32(ask.fixed.nonce).slice(2), 'hex'),
              consentId: null,
              bindingSalt: null,
              askedBy: ask.askedBy,
            },
            this.#clock.now(),
          )
        : BigInt(known.id);
    if (id === undefined) throw new Error('not asked');
    this.#ofQuestion.set(id, ask.registerId);
    return id;
  }

  async outcome(id: bigint, signal?: AbortSignal): Promise<AskedQuestion> {
    signal?.throwIfAborted();
    await Promise.race([
      this.gate,
      new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true })),
    ]);
    signal?.throwIfAborted();
    const says = this.#says(this.#ofQuestion.get(id) ?? 0n);
    const question = (await new QuestionStore(this.#db).byId(id)) as AskedQuestion;
    if ('answer' in says) {
      const loggedAt = says.loggedAt ?? BigInt(Math.floor(this.#clock.now().getTime() / 1000));
      const word = (n: bigint): Hex => toBytes32(n);
      const pair = [word(1n), word(2n)];
      const answer = {
        answer: says.answer,
        disputed: false,
        proof: { a: pair, b: [pair, pair], c: pair },
        log: { logId: (100n + id).toString(), time: Number(loggedAt) },
      };
      return { ...question, state: 'answered', answer };
    }
    if ('refusal' in says) return { ...question, state: 'refused', refusalCode: says.refusal };
    const code = 'failure' in says ? says.failure : 'INTERNAL';
    const error = { code, message: code, messageZh: code, operands: {} };
    return { ...question, state: 'failed', error };
  }

  #says(registerId: bigint): Says {
    return this.says.get(registerId) ?? { answer: true };
  }
}

/** A node's room on a pretended chain, with a real database and the agency's real register. */
export interface LetterWorld {
  readonly register: RegisterWorld;
  readonly db: Database;
  readonly clock: ShiftedClock;
  readonly chain: PretendProcesses;
  readonly asker: FakeAsker;
  readonly operator: PrivateKeyAccount;
  room: LettersRoom;
  /** The same room as a new process would find it. */
  restart(): Promise<LettersRoom>;
  /** Moves every clock. */
  pass(seconds: number): void;
  dispose(): Promise<void>;
}

export async function letterWorld(
  change: {
    readonly memberId?: () => Promise<bigint | undefined>;
    readonly patienceMilliseconds?: number;
  } = {},
): Promise<LetterWorld> {
  const register = await registerWorld();
  const { db, clock } = register;
  clock.shift(START - Date.now());
  const operator = privateKeyToAccount(generatePrivateKey());
  const chain = new PretendProcesses(db, register.chain, clock);
  const asker = new FakeAsker(db, clock);
  await register.service.open(86_400);
  await register.settle();
  const make = (): LettersRoom =>
    new LettersRoom({
      db,
      clock,
      signer: {
        signTypedData: (_role, typed: TypedDataDefinition) => operator.signTypedData(typed),
        journalKey: () => Promise.resolve(new Uint8Array(32).fill(7)),
      },
      transactions: chain,
      followed: () => Promise.resolve(),
      chainId: CHAIN_ID,
      contracts: CONTRACTS,
      followedContracts: ledgerContracts(deployment),
      memberId:
        change.memberId ??
        // Reads the database as a node does: within a transaction no other handle would be let through.
        ((handle) => handle.query('SELECT 1 AS one').then(() => chain.member)),
      asker: () => asker,
      register: register.service,
      chainTime: () => Promise.resolve(chain.time),
      log: { info: () => undefined, warn: () => undefined },
      pauses: { firstMilliseconds: 5, mostMilliseconds: 20 },
      patienceMilliseconds: change.patienceMilliseconds ?? 5_000,
    });
  const world: LetterWorld = {
    register,
    db,
    clock,
    chain,
    asker,
    operator,
    room: make(),
    async restart() {
      await this.room.stop();
      this.room = make();
      await this.room.start();
      return this.room;
    },
    pass: (seconds) => clock.shift(seconds * 1000),
    async dispose() {
      await this.room.stop();
      await register.dispose();
    },
  };
  await world.room.start();
  return world;
}

/** The council has set a year of the calendar. */
export async function setYear(world: LetterWorld, year: number, bitmap: YearBitmap): Promise<void> {
  world.chain.calendar = new WorkingCalendar(new Map([[year, bitmap]]));
  await world.register.chain.mine([
    {
      contract: 'WorkingCalendar',
      name: 'YearSet',
      args: { year, ...bitmap, sourceHash: keccakWords([1n]) },
    },
  ]);
}

/** Another member is admitted; with a register of its own when it is an authority. */
export async function admit(
  world: LetterWorld,
  member: {
    readonly id: bigint;
    readonly role: 1 | 2 | 3;
    readonly operator?: Hex;
    readonly registerId?: bigint;
  },
): Promise<void> {
  const key = (): Hex => privateKeyToAccount(generatePrivateKey()).address;
  const { id, role, registerId } = member;
  await world.register.chain.mine([
    {
      contract: 'Consortium',
      name: 'MemberAdmitted',
      args: {
        memberId: id,
        name: `成员 ${id}`,
        regionCode: 120_101,
        region: 120_000,
        creditCode: '11120101MAJNDYEF8Y',
        role,
        endpoint: '',
        operator: member.operator ?? key(),
        witness: role === 1 ? key() : address('0'),
      },
    },
  ]);
  if (registerId === undefined) return;
  await world.register.chain.mine([
    {
      name: 'RegisterOpened',
      args: { registerId, owner: id, secretCommit: toBytes32(registerId), promiseSeconds: 86_400 },
    },
  ]);
}

/** A key made for one letter. */
export function oneTimeKey(): PrivateKeyAccount {
  return privateKeyToAccount(generatePrivateKey());
}

/** Signs what the node gave to be signed, as any wallet does: it is plain JSON. */
export function sign(account: PrivateKeyAccount, typed: TypedDocument): Promise<Hex> {
  return account.signTypedData(JSON.parse(JSON.stringify(typed)) as TypedDataDefinition);
}

/** An item in force with a template. */
export async function publishItem(
  { room }: LetterWorld,
  change: Partial<NewItem> = {},
): Promise<{ itemId: Hex; templateId: Hex }> {
  const { itemId } = await room.items.publish({ ...ITEM, ...change }, BY);
  const { templateId } = await room.items.publishTemplate(itemId, TEXTS, BY);
  return { itemId, templateId };
}

const usual = new WeakMap<LetterWorld, Promise<{ itemId: Hex; templateId: Hex }>>();

/** The world's usual item, published once. */
export function usualItem(world: LetterWorld): Promise<{ itemId: Hex; templateId: Hex }> {
  const known = usual.get(world) ?? publishItem(world);
  usual.set(world, known);
  return known;
}

/** A letter that was offered. */
export async function offer(world: LetterWorld, item?: { itemId: Hex; templateId: Hex }): Promise<bigint> {
  const { itemId, templateId } = item ?? (await usualItem(world));
  return (await world.room.letters.offer({ itemId, templateId, ...SUBJECT }, BY)).id;
}

export interface InformedLetter {
  readonly id: bigint;
  readonly account: PrivateKeyAccount;
  readonly typedData: TypedDocument;
}

/** A letter of which the applicant was informed. */
export async function inform(world: LetterWorld, id: bigint, change: object = {}): Promise<InformedLetter> {
  const account = oneTimeKey();
  const informed = await world.room.letters.inform(
    id,
    { applicant: account.address as Hex, application: { 经营场所: '北京市示例路 1 号' }, ...change },
    BY,
  );
  return { id, account, typedData: informed.typedData };
}

/** Signs and promises, and waits until the promise has an outcome. */
export async function promise(world: LetterWorld, letter: InformedLetter): Promise<void> {
  const applicant = await sign(letter.account, letter.typedData);
  await world.room.letters.promise(letter.id, { applicant, bound: null }, BY);
  await world.room.promises.idle();
  await world.chain.mineAll();
}

export { deferred };
