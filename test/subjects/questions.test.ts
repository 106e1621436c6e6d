import {
  type Hex,
  isLedgerError,
  ledgerDomain,
  SUBJECT_QUESTIONS_TYPES,
  tagIsOf,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { bytesToHex, hexToBytes } from 'viem';
import { type SubjectReading, SubjectQuestions } from '../../node/src/subjects/index.ts';
import { AnswerStore } from '../../node/src/store/answers.ts';
import { QuestionStore } from '../../node/src/store/questions.ts';
import { OTHER_SUBJECT } from '../answers/support/claims.ts';
import { memoryDatabase, type TestDatabase } from '../support/database.ts';
import { TestSigner, word } from '../exchange/support/fake-ledger.ts';
import { question } from '../exchange/support/questions.ts';
import { BINDING_ID, Desk, OWN } from './support/desk.ts';
import { TestSubject } from './support/subject.ts';

describe('What was asked about a subject', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let desk: Desk;
  let questions: SubjectQuestions;
  before(async () => {
    database = await memoryDatabase();
  });
  after(() => database.dispose());
  beforeEach(async () => {
    desk = await Desk.make(database.db);
    questions = new SubjectQuestions(desk.parts);
    await desk.bound();
  });

  async function reading(
    change: Partial<SubjectReading> & { readonly by?: TestSubject; readonly member?: bigint } = {},
  ): Promise<SubjectReading> {
    const { by = desk.subject, member = OWN, ...given } = change;
    const time = given.time ?? Number(desk.ledger.time);
    const bindingId = given.bindingId ?? BINDING_ID;
    const signature = await by.account.signTypedData({
      domain: desk.domain,
      types: SUBJECT_QUESTIONS_TYPES,
      primaryType: 'SubjectQuestions',
      message: { bindingId, member, time: BigInt(time) },
    });
    const { uscc, salt } = desk.subject;
    return { bindingId, uscc, salt, time, signature, ...given };
  }

  describe('is read by whoever has key, code and salt of a binding that holds', () => {
    it('and nobody else: every failure has the same code and the same words', async () => {
      expect(await questions.authenticate(await reading())).to.equal(desk.subject.uscc);
      const other = new TestSubject(OTHER_SUBJECT, desk.domain);
      await desk.bound(other, 5n);
      const attempts: [string, () => Promise<SubjectReading>][] = [
        ['another key', () => reading({ by: other })],
        ['another’s binding', () => reading({ by: other, bindingId: 5n })],
        ['another code', () => reading({ uscc: OTHER_SUBJECT })],
        ['a code that is none', () => reading({ uscc: 'nothing' })],
        ['another salt', () => reading({ salt: word(5) })],
        ['a binding that there is not', () => reading({ bindingId: 99n })],
        ['a signature that was made for another member’s node', () => reading({ member: 2n })],
        ['a time of six minutes ago', () => reading({ time: Number(desk.ledger.time) - 360 })],
        ['a time of in six minutes', () => reading({ time: Number(desk.ledger.time) + 360 })],
        [
          'a time that was altered',
          async () => ({ ...(await reading()), time: Number(desk.ledger.time) - 10 }),
        ],
        ['a signature cut off', async () => ({ ...(await reading()), signature: `0x${'0'.repeat(130)}` })],
      ];
      const said = new Set<string>();
      for (const [title, attempt] of attempts) {
        const error: unknown = await questions.authenticate(await attempt()).then(
          () => title,
          (reason: unknown) => reason,
        );
        expect(isLedgerError(error, 'SUBJECT_NOT_AUTHENTIC'), title).to.equal(true);
        said.add(JSON.stringify(error));
      }
      const binding = desk.ledger.bindings.get(BINDING_ID);
      if (binding !== undefined) desk.ledger.bindings.set(BINDING_ID, { ...binding, endedAt: 5n });
      const ended: unknown = await questions.authenticate(await reading()).catch((error: unknown) => error);
      said.add(JSON.stringify(ended));
      expect([...said]).to.have.length(1);
      expect([...said][0]).not.to.include(desk.subject.uscc);
    });

    it('not under the domain of another ledger', async () => {
      const elsewhere = new TestSubject(desk.subject.uscc, ledgerDomain(1n, `0x${'9'.repeat(40)}`));
      const signature = await desk.subject.account.signTypedData({
        domain: elsewhere.domain,
        types: SUBJECT_QUESTIONS_TYPES,
        primaryType: 'SubjectQuestions',
        message: { bindingId: BINDING_ID, member: OWN, time: desk.ledger.time },
      });
      const error: unknown = await questions
        .authenticate(await reading({ signature }))
        .catch((reason: unknown) => reason);
      expect(isLedgerError(error, 'SUBJECT_NOT_AUTHENTIC')).to.equal(true);
    });
  });

  it('tells of every question received and asked, and of no other subject’s, with the nonce that opens its tag', async () => {
    const asker = new TestSigner();
    const answers = new AnswerStore(desk.db);
    for (const uscc of [desk.subject.uscc, OTHER_SUBJECT]) {
      const { request, nonce } = await question(desk.ledger, asker, { uscc });
      await answers.insert(
        {
          requestId: hexToBytes(request.requestId),
          requestDigest: hexToBytes(word(BigInt(nonce) & 0xffn)),
          requester: 2n,
          registerId: 7n,
          subjectTag: hexToBytes(request.subjectTag),
          request,
          uscc,
          nonce: hexToBytes(nonce),
          consentId: hexToBytes(word(3)),
          bindingSalt: hexToBytes(word(4)),
        },
        new Date('2026-06-01T00:00:00Z'),
      );
    }
    const own = await question(desk.ledger, asker);
    const store = new QuestionStore(desk.db);
    const id = await store.insert(
      {
        clientKey: null,
        requestId: hexToBytes(own.request.requestId),
        requestDigest: hexToBytes(word(9)),
        responder: 2n,
        registerId: 8n,
        application: 'a',
        predicate: 'p',
        request: own.request,
        uscc: desk.subject.uscc,
        nonce: hexToBytes(own.nonce),
        consentId: null,
        bindingSalt: null,
        askedBy: 'officer',
      },
      new Date('2026-06-02T00:00:00Z'),
    );
    await store.answered(id ?? 0n, { log: { logId: '12' } }, {}, new Date());

    const about = await questions.about(desk.subject.uscc, 10);
    expect(about.map(({ direction, logId }) => [direction, logId])).to.deep.equal([
      ['asked', '12'],
      ['received', null],
    ]);
    for (const { request, nonce } of about) {
      expect(tagIsOf(desk.subject.uscc, bytesToHex(nonce), request.subjectTag)).to.equal(true);
      expect(tagIsOf(OTHER_SUBJECT, bytesToHex(nonce), request.subjectTag)).to.equal(false);
    }
    expect(bytesToHex(about[1]?.consentId ?? new Uint8Array())).to.equal(word(3));
    expect(await questions.about(desk.subject.uscc, 1, 1)).to.have.length(1);
  });

  it('a nonce that is none opens nothing', () => {
    const tooLarge: Hex = word(1n << 250n);
    expect(tagIsOf(desk.subject.uscc, tooLarge, word(1))).to.equal(false);
  });
});
