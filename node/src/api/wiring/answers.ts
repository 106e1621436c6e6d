import {
  type Expectations,
  type SignedRequestJson,
  type Verification as SdkVerification,
  verifyAnswer,
} from '@credit-ledger/sdk/answer';
import { chainFacts } from '@credit-ledger/sdk/chain';
import {
  CATALOGUE,
  dayOfDate,
  type Day,
  type Hex,
  LedgerError,
  predicateByHash,
  REFUSAL_MESSAGES,
  refusalName,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex } from 'viem';
import { AnswerStore } from '../../store/answers.ts';
import { QuestionStore, type AskedQuestion } from '../../store/questions.ts';
import type { Rooms } from '../rooms.ts';
import type {
  Ask,
  GivenAnswer,
  GivenAnswerDetail,
  Question,
  QuestionDetail,
  Verification,
  Verify,
} from '../schemas/answers.ts';
import type { PageOf } from '../schemas/common.ts';
import type { AnswersPort, QuestionsPort } from '../services.ts';
import { busy } from '../traffic.ts';
import { pageFrom } from './intake.ts';
import { Slots } from './slots.ts';
import { dateText, failureOf } from './words.ts';

/** Our questions to others. */
export class Questions implements QuestionsPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async ask(ask: Ask, by: string): Promise<QuestionDetail[]> {
    const { requester } = this.#rooms.exchange();
    const question = {
      subject: ask.subject,
      application: ask.application,
      predicate: ask.predicate,
      askedBy: by,
      ...(ask.asOf === undefined ? {} : { asOfDay: dayOfDate(ask.asOf) }),
      ...(ask.grant === undefined ? {} : { grantId: ask.grant as Hex }),
      ...(ask.consent === undefined
        ? {}
        : { consent: { consentId: ask.consent.consentId as Hex, salt: ask.consent.salt as Hex } }),
      // Of one caller: another may use the same name.
      ...(ask.idempotencyKey === undefined ? {} : { clientKey: JSON.stringify([by, ask.idempotencyKey]) }),
    };
    const ids =
      ask.register !== undefined
        ? [await requester.ask({ ...question, registerId: BigInt(ask.register) })]
        : await requester.askMember({ ...question, memberId: BigInt(ask.member ?? 0) });
    const asked = await Promise.all(ids.map((id) => this.get(id)));
    return asked.filter((each) => each !== undefined);
  }

  async list(page: { limit: number; after?: string | undefined }): Promise<PageOf<Question>> {
    const rows = await new QuestionStore(this.#rooms.db).list(
      page.limit + 1,
      page.after === undefined ? undefined : BigInt(page.after),
    );
    return pageFrom(rows, page.limit, questionView, ({ id }) => id);
  }

  async get(id: bigint): Promise<QuestionDetail | undefined> {
    const row = await new QuestionStore(this.#rooms.db).byId(id);
    if (row === undefined) return undefined;
    return {
      ...questionView(row),
      subject: row.uscc,
      // A refusal is kept in the same place; it is no CreditAnswer.
      document:
        row.state === 'refused' || row.answer === null ? null : (row.answer as QuestionDetail['document']),
      verification: row.verdicts === null ? null : verificationView(row.verdicts as SdkVerification),
    };
  }
}

function questionView(row: AskedQuestion): Question {
  const request = row.request as SignedRequestJson;
  // What was not believed is shown as evidence and never as an answer.
  const document =
    row.state === 'answered' ? (row.answer as { answer: boolean; disputed: boolean }) : undefined;
  return {
    id: row.id.toString(),
    requestId: bytesToHex(row.requestId),
    responder: row.responder.toString(),
    registerId: row.registerId.toString(),
    application: row.application,
    predicate: row.predicate,
    asOf: dateText(request.asOfDay),
    state: row.state,
    answer: document?.answer ?? null,
    disputed: document?.disputed ?? null,
    refusal: refusalView(row.refusalCode),
    error: failureOf(row.error),
    askedBy: row.askedBy,
    askedAt: row.askedAt.toISOString(),
  };
}

export function refusalView(code: number | null): Question['refusal'] {
  if (code === null) return null;
  const name = refusalName(code);
  return {
    code,
    name: name ?? null,
    message:
      name === undefined
        ? { en: `Refusal code ${code}.`, zh: `拒答代码 ${code}。` }
        : { ...REFUSAL_MESSAGES[name] },
  };
}

/** A verification takes a processor for a while: few at once, and not many more waiting. */
const VERIFIED_AT_ONCE = 2;
const VERIFICATIONS_WAITING = 32;

/** Questions of others to us, and verification. */
export class Answers implements AnswersPort {
  readonly #rooms: Rooms;
  readonly #verifying = new Slots(VERIFIED_AT_ONCE, VERIFICATIONS_WAITING);

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async list(page: { limit: number; after?: string | undefined }): Promise<PageOf<GivenAnswer>> {
    const offset = Number(page.after ?? 0);
    const rows = await new AnswerStore(this.#rooms.db).list(page.limit + 1, offset);
    return {
      items: rows.slice(0, page.limit).map((row) => ({
        id: row.id.toString(),
        requestId: bytesToHex(row.requestId),
        requester: row.requester.toString(),
        registerId: row.registerId.toString(),
        logId: row.logId,
        state: row.state,
        refusal: refusalView(row.refusalCode),
        error: failureOf(row.error),
        receivedAt: row.receivedAt.toISOString(),
      })),
      next: rows.length > page.limit ? String(offset + page.limit) : null,
    };
  }

  async get(id: bigint): Promise<GivenAnswerDetail | undefined> {
    const row = await new AnswerStore(this.#rooms.db).byId(id);
    if (row === undefined) return undefined;
    const request = row.request as SignedRequestJson;
    const application = CATALOGUE.applications.find(({ id }) => id === request.applicationId);
    return {
      id: row.id.toString(),
      requestId: bytesToHex(row.requestId),
      requester: row.requester.toString(),
      registerId: row.registerId.toString(),
      logId: row.log?.logId ?? null,
      state: row.state,
      refusal: refusalView(row.refusalCode),
      error: failureOf(row.error),
      receivedAt: row.receivedAt.toISOString(),
      subject: row.uscc,
      application: application?.slug ?? null,
      predicate: predicateByHash(request.predicateHash)?.slug ?? null,
      asOf: dateText(request.asOfDay),
      document: row.state === 'answered' ? (row.answer as GivenAnswerDetail['document']) : null,
    };
  }

  async verify(verify: Verify): Promise<Verification> {
    return this.#verifying.run(
      () => this.#verified(verify),
      () => busy('verifications', VERIFICATIONS_WAITING),
    );
  }

  async #verified({ answer, expected, checkpoint }: Verify): Promise<Verification> {
    const { view, clock } = this.#rooms;
    const expectations: Expectations = {
      now: Math.floor(clock.now().getTime() / 1000),
      ...(expected.subject === undefined ? {} : { subject: expected.subject }),
      ...(expected.application === undefined ? {} : { application: expected.application }),
      ...(expected.predicate === undefined ? {} : { predicate: predicateOf(expected) }),
      ...(expected.asOf === undefined ? {} : { asOfDay: dayOfDate(expected.asOf) as Day }),
      ...(expected.requester === undefined ? {} : { requester: expected.requester }),
      ...(expected.register === undefined ? {} : { registerId: expected.register }),
      ...(expected.maxAgeHours === undefined
        ? {}
        : { maxAgeSeconds: Math.floor(expected.maxAgeHours * 3600) }),
    };
    const network = await this.#rooms.network();
    const source = checkpoint === undefined ? { chain: chainFacts(view) } : { checkpoint };
    return verificationView(await verifyAnswer(answer, network, expectations, source));
  }
}

function predicateOf(expected: Verify['expected']): NonNullable<Expectations['predicate']> {
  const { predicate = '', application } = expected;
  if (/^0x[0-9a-f]{64}$/.test(predicate)) return predicate as Hex;
  if (application !== undefined) return { application, predicate };
  throw new LedgerError('PREDICATE_UNKNOWN', {
    en: 'A predicate is named within its application: give the application too.',
    zh: '判断条件的名称属于某个应用，请同时给出应用。',
  });
}

export function verificationView(verification: SdkVerification): Verification {
  return {
    overall: verification.overall,
    checks: verification.checks.map(({ check, verdict, reason, message, operands }) => ({
      check,
      verdict,
      reason,
      message: { en: message.en, zh: message.zh },
      operands: { ...operands },
    })),
    notCompared: verification.notCompared.map(({ expectation, message }) => ({
      expectation,
      message: { en: message.en, zh: message.zh },
    })),
    ...(verification.proved === undefined ? {} : { proved: { ...verification.proved } }),
  };
}
