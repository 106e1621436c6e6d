import {
  answerDigest,
  type CreditAnswer,
  documentHash,
  parseCreditAnswer,
  requestDigest,
  signerOf,
} from '@credit-ledger/sdk/answer';
import { dayAt, type Hex, LedgerError, REFUSAL, type RefusalName } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { hexToBytes } from 'viem';
import { ShiftedClock } from '../../node/src/clock.ts';
import { Evidence, Responder, type ResponderParts } from '../../node/src/exchange/index.ts';
import { refusalSigner, type FetchOutcome } from '../../node/src/exchange/wire.ts';
import { AnswerStore } from '../../node/src/store/answers.ts';
import type { Database } from '../../node/src/store/index.ts';
import { codeOf } from '../support/codes.ts';
import { waitFor } from '../support/wait.ts';
import { emptyTables, memoryDatabase, type TestDatabase } from '../support/database.ts';
import { deferred, FakeLedger, FakeTransactions, TestSigner, word } from './support/fake-ledger.ts';
import {
  APPLICATION_ID,
  FakeAnswers,
  fetchBody,
  GRANT_ID,
  LISTED,
  question,
  type QuestionChange,
  REGISTER_ID,
  SUBJECT,
} from './support/questions.ts';
import { OTHER_SUBJECT } from '../answers/support/claims.ts';

const OWN = 1n;
const REQUESTER = 2n;
const DAY = 86_400n;

describe('The responder', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let db: Database;
  let ledger: FakeLedger;
  let transactions: FakeTransactions;
  let answers: FakeAnswers;
  let clock: ShiftedClock;
  let own: TestSigner;
  let requester: TestSigner;
  let responder: Responder;
  let running: Responder[];

  before(async () => {
    database = await memoryDatabase();
    db = database.db;
  });
  after(() => database.dispose());

  beforeEach(async () => {
    await emptyTables(db);
    ledger = new FakeLedger();
    transactions = new FakeTransactions(ledger);
    answers = new FakeAnswers(ledger);
    clock = new ShiftedClock();
    own = new TestSigner();
    requester = new TestSigner();
    ledger.time = BigInt(Math.floor(clock.now().getTime() / 1000));
    ledger.addMember(OWN, own);
    ledger.addMember(REQUESTER, requester, { region: 120000, role: 'requester' });
    ledger.registers.set(REGISTER_ID, { owner: OWN, secretCommit: 99n });
    ledger.list(LISTED);
    ledger.grants.set(GRANT_ID, {
      grantor: OWN,
      grantee: { kind: 'region', id: 120000n },
      applicationId: APPLICATION_ID,
      classes: 1 << 1,
      validFrom: ledger.time - DAY,
      validUntil: ledger.time + DAY,
      maxUses: 3,
      consentRequired: false,
      uses: 0,
      revokedAt: 0n,
    });
    running = [];
    responder = await make();
  });
  afterEach(async () => {
    for (const each of running) await each.stop();
  });

  /** A responder on the same database: another object is what a restarted node would have. */
  async function make(change: Partial<ResponderParts> = {}): Promise<Responder> {
    const made = new Responder({
      db,
      facts: ledger,
      answers,
      transactions,
      signer: own,
      clock,
      memberId: OWN,
      wait: () => new Promise((resolve) => setImmediate(resolve)),
      ...change,
    });
    running.push(made);
    await made.start();
    return made;
  }

  async function ask(change: QuestionChange = {}): Promise<Hex> {
    const body = await question(ledger, requester, change);
    await responder.receive(body);
    await responder.idle();
    return body.request.requestId;
  }

  async function fetched(requestId: Hex): Promise<FetchOutcome> {
    return responder.answerFor(requestId, await fetchBody(ledger, requester, requestId));
  }

  async function answered(requestId: Hex): Promise<CreditAnswer> {
    const outcome = await fetched(requestId);
    if (outcome.state !== 'answered') throw new Error(`it is ${JSON.stringify(outcome)}`);
    return parseCreditAnswer(outcome.answer);
  }

  async function refused(requestId: Hex): Promise<RefusalName> {
    const outcome = await fetched(requestId);
    if (outcome.state !== 'refused') throw new Error(`it is ${JSON.stringify(outcome)}`);
    expect(refusalSigner(ledger.domain, outcome.refusal)).to.equal(own.operatorAddress);
    expect(ledger.entries[Number(outcome.refusal.logId) - 1]?.refusalCode).to.equal(outcome.refusal.code);
    return outcome.refusal.name as RefusalName;
  }

  const keyOf = (requestId: Hex) => ({
    requester: REQUESTER,
    requestId: hexToBytes(requestId),
    registerId: REGISTER_ID,
  });
  const stateOf = async (requestId: Hex): Promise<string | undefined> =>
    (await new AnswerStore(db).byKey(keyOf(requestId)))?.state;

  describe('answers', () => {
    for (const answer of [true, false]) {
      it(`${answer ? 'YES' : 'NO'}: logged, then signed and released, exactly as logged`, async () => {
        answers.answer = answer;
        const document = await answered(await ask());
        expect(document.answer).to.equal(answer);
        expect(document.log.logId).to.equal('1');
        expect(document.log.transactionHash).to.equal(ledger.entries[0]?.transactionHash);
        const digest = answerDigest(ledger.domain, documentHash(document));
        expect(signerOf(digest, document.responder.signature)).to.equal(own.operatorAddress);
        expect(ledger.calls).to.deep.equal(['log']);
      });
    }

    it('an unknown subject like any other', async () => {
      const document = await answered(await ask({ uscc: OTHER_SUBJECT }));
      expect(document.answer).to.equal(true);
      expect(answers.prepared.map(({ uscc }) => uscc)).to.deep.equal([OTHER_SUBJECT]);
    });

    it('to nobody before the log has it', async () => {
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      await responder.receive(body);
      const { requestId } = body.request;
      while ((await stateOf(requestId)) !== 'logging') await new Promise((resolve) => setImmediate(resolve));
      expect(await fetched(requestId)).to.deep.equal({ state: 'pending' });
      const stored = await new AnswerStore(db).byKey(keyOf(requestId));
      expect(stored?.answer).to.equal(null);
      mine();
      await responder.idle();
      expect((await answered(requestId)).answer).to.equal(true);
    });
  });

  describe('when a key changes,', () => {
    const signedAnew = (body: Awaited<ReturnType<typeof question>>) =>
      question(ledger, requester, {
        request: body.request,
        uscc: body.uscc,
        nonce: BigInt(body.nonce),
      });
    const untilLogging = async (requestId: Hex): Promise<void> => {
      while ((await stateOf(requestId)) !== 'logging') await new Promise((resolve) => setImmediate(resolve));
    };
    const requesterOf = ({ request }: CreditAnswer): Hex | undefined =>
      signerOf(requestDigest(ledger.domain, request), request.signature);

    it('its own: signs with the one that held in the block of the log entry', async () => {
      const former = own.operatorAddress;
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      await responder.receive(body);
      await untilLogging(body.request.requestId);
      ledger.changeKey(OWN, own, ledger.blockNumber + 2n);
      mine();
      await responder.idle();
      const document = await answered(body.request.requestId);
      const digest = answerDigest(ledger.domain, documentHash(document));
      expect(signerOf(digest, document.responder.signature)).to.equal(former);

      answers.outcome = { kind: 'refusal', name: 'CHAIN_TOO_LONG', reason: 'x' };
      const late = await fetched(await ask());
      if (late.state !== 'refused') throw new Error(late.state);
      expect(refusalSigner(ledger.domain, late.refusal)).to.equal(own.operatorAddress);
    });

    it('the requester’s: takes its question again under the new one, and answers with what the log took', async () => {
      const former = requester.operatorAddress;
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      await responder.receive(body);
      await untilLogging(body.request.requestId);
      ledger.changeKey(REQUESTER, requester, ledger.blockNumber + 2n);
      await responder.receive(await signedAnew(body));
      mine();
      await responder.idle();
      expect(requesterOf(await answered(body.request.requestId))).to.equal(former);
    });

    it('the requester’s: waits when the log does not take the former signature any more, and goes on with the new one', async () => {
      transactions.reverts.push('WrongSigner');
      ledger.callRefusal = undefined;
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      const { requestId } = body.request;
      await responder.receive(body);
      await untilLogging(requestId);
      ledger.changeKey(REQUESTER, requester, ledger.blockNumber);
      ledger.callRefusal = 'WrongSigner';
      mine();
      await waitFor('it to wait', async () => {
        const stored = await new AnswerStore(db).byKey(keyOf(requestId));
        return stored?.state === 'received' && stored.error?.code === 'REQUEST_SIGNATURE_STALE';
      });
      expect(ledger.entries).to.deep.equal([]);
      ledger.callRefusal = undefined;
      await responder.receive(await signedAnew(body));
      await responder.idle();
      expect(requesterOf(await answered(requestId))).to.equal(requester.operatorAddress);
    });

    it('takes a question under a key that is about to hold, and none under a former one', async () => {
      const signer = new TestSigner();
      ledger.formerKeys.set(REQUESTER, {
        beforeBlock: ledger.blockNumber + 5n,
        operator: requester.operatorAddress,
      });
      const member = ledger.members.get(REQUESTER);
      if (member === undefined) throw new Error('no requester');
      const { operator } = member;
      ledger.operatorAt = (id, block) =>
        Promise.resolve(
          id === REQUESTER && block >= ledger.blockNumber + 5n ? signer.operatorAddress : operator,
        );
      const early = await question(ledger, signer);
      expect((await responder.receive(early)).state).to.equal('received');
      await responder.idle();
      ledger.members.set(REQUESTER, { ...member, operator: signer.operatorAddress });
      const late = await question(ledger, requester);
      expect(await codeOf(responder.receive(late))).to.equal('QUESTION_NOT_AUTHENTIC');
    });
  });

  describe('turns away, without a trace on chain or in the store,', () => {
    const cases: [string, string, QuestionChange | ((body: Record<string, unknown>) => unknown)][] = [
      ['a question with a field too many', 'QUESTION_MALFORMED', (body) => ({ ...body, extra: 1 })],
      ['a question without a nonce', 'QUESTION_MALFORMED', ({ request, uscc }) => ({ request, uscc })],
      [
        'a credit code in another spelling',
        'QUESTION_MALFORMED',
        (body) => ({ ...body, uscc: SUBJECT.toLowerCase() }),
      ],
      [
        'a credit code with a wrong check character',
        'QUESTION_MALFORMED',
        (body) => ({ ...body, uscc: `${SUBJECT.slice(0, 17)}${SUBJECT.endsWith('0') ? '1' : '0'}` }),
      ],
      ['a nonce above 248 bits', 'QUESTION_MALFORMED', (body) => ({ ...body, nonce: word(1n << 248n) })],
      ['text in place of a question', 'QUESTION_MALFORMED', () => 'question'],
      ['a signature of somebody else', 'QUESTION_NOT_AUTHENTIC', { signer: new TestSigner() }],
      ['a request in the name of another member', 'QUESTION_NOT_AUTHENTIC', { request: { requester: '1' } }],
      ['a request in the name of nobody', 'QUESTION_NOT_AUTHENTIC', { request: { requester: '77' } }],
      ['a tag of another subject', 'TAG_MISMATCH', (body) => ({ ...body, uscc: OTHER_SUBJECT })],
      ['a tag under another nonce', 'TAG_MISMATCH', (body) => ({ ...body, nonce: word(5) })],
      ['a register that is not ours', 'REGISTER_NOT_OURS', { request: { registerId: '8' } }],
      ['a register that does not exist', 'REGISTER_NOT_OURS', { request: { registerId: '9' } }],
      ['an expired question', 'REQUEST_EXPIRED', { request: { expiry: 1_700_000_000 } }],
      ['an expiry beyond 30 days', 'REQUEST_EXPIRY_TOO_FAR', { request: { expiry: 9_999_999_999 } }],
    ];
    for (const [title, code, change] of cases) {
      it(title, async () => {
        ledger.registers.set(8n, { owner: REQUESTER, secretCommit: 98n });
        const body =
          typeof change === 'function'
            ? change({ ...(await question(ledger, requester)) })
            : await question(ledger, requester, change);
        expect(await codeOf(responder.receive(body))).to.equal(code);
        await responder.idle();
        expect(transactions.sent).to.have.length(0);
        expect(await new AnswerStore(db).list(10)).to.have.length(0);
      });
    }

    it('a signed request with one field altered', async () => {
      const body = await question(ledger, requester);
      const altered = { ...body, request: { ...body.request, asOfDay: body.request.asOfDay - 1 } };
      expect(await codeOf(responder.receive(altered))).to.equal('QUESTION_NOT_AUTHENTIC');
    });

    it('a signature re-spelled with a high s', async () => {
      const body = await question(ledger, requester);
      const { signature } = body.request;
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const s = order - BigInt(`0x${signature.slice(66, 130)}`);
      const v = signature.endsWith('1b') ? '1c' : '1b';
      const high = `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}` as Hex;
      const respelled = { ...body, request: { ...body.request, signature: high } };
      expect(await codeOf(responder.receive(respelled))).to.equal('QUESTION_MALFORMED');
    });

    it('a suspended member', async () => {
      ledger.addMember(REQUESTER, requester, { active: false });
      expect(await codeOf(responder.receive(await question(ledger, requester)))).to.equal(
        'QUESTION_NOT_AUTHENTIC',
      );
    });

    it('everything while its clock and the chain’s disagree', async () => {
      const body = await question(ledger, requester);
      clock.shift(301_000);
      expect(await codeOf(responder.receive(body))).to.equal('CLOCK_OFF');
      clock.shift(-602_000);
      expect(await codeOf(responder.receive(body))).to.equal('CLOCK_OFF');
      clock.shift(301_000);
      await responder.receive(body);
    });

    it('what comes while as many questions are open as may be', async () => {
      const mine = transactions.hold();
      const narrow = await make({ limits: { open: 1, atOnce: 1 } });
      await narrow.receive(await question(ledger, requester));
      expect(await codeOf(narrow.receive(await question(ledger, requester)))).to.equal('BUSY');
      mine();
      await narrow.idle();
    });

    it('says nothing of the subject in any error', async () => {
      const body = await question(ledger, requester);
      for (const altered of [
        { ...body, uscc: OTHER_SUBJECT },
        { ...body, nonce: word(5) },
        { ...body, uscc: 'X' },
      ]) {
        const error = await responder.receive(altered).then(
          () => undefined,
          (reason: unknown) => reason as LedgerError,
        );
        const said = JSON.stringify(error);
        expect(said).not.to.include(SUBJECT);
        expect(said).not.to.include(OTHER_SUBJECT);
        expect(said).not.to.include(body.nonce);
      }
    });
  });

  describe('refuses a replay', () => {
    it('of the very same question, while it is open and after it was answered', async () => {
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      await responder.receive(body);
      expect(await codeOf(responder.receive(body))).to.equal('REQUEST_REPLAYED');
      mine();
      await responder.idle();
      expect(await codeOf(responder.receive(body))).to.equal('REQUEST_REPLAYED');
      expect(answers.prepared).to.have.length(1);
    });

    it('of a tag under a new requestId', async () => {
      await ask({ nonce: 5n });
      expect(await codeOf(responder.receive(await question(ledger, requester, { nonce: 5n })))).to.equal(
        'REQUEST_REPLAYED',
      );
    });

    it('of a requestId for another subject', async () => {
      const requestId = await ask();
      const other = await question(ledger, requester, { request: { requestId }, uscc: OTHER_SUBJECT });
      expect(await codeOf(responder.receive(other))).to.equal('REQUEST_REPLAYED');
    });

    it('that only the chain remembers', async () => {
      const body = await question(ledger, requester);
      await responder.receive(body);
      await responder.idle();
      await emptyTables(db);
      expect(await codeOf(responder.receive(body))).to.equal('REQUEST_REPLAYED');
      const sameTag = await question(ledger, requester, { nonce: BigInt(body.nonce) });
      expect(await codeOf(responder.receive(sameTag))).to.equal('REQUEST_REPLAYED');
    });
  });

  describe('keeps requests apart that share a request id', () => {
    const OTHER = 3n;
    const SECOND_REGISTER = 8n;
    let other: TestSigner;
    beforeEach(() => {
      other = new TestSigner();
      ledger.addMember(OTHER, other, { region: 120000, role: 'requester' });
      ledger.registers.set(SECOND_REGISTER, { owner: OWN, secretCommit: 98n });
    });

    /** A question of the other member under somebody's request id. */
    const squat = async (requestId: Hex): Promise<void> => {
      const body = await question(ledger, other, {
        request: { requestId, requester: OTHER.toString() },
        uscc: OTHER_SUBJECT,
      });
      await responder.receive(body);
      await responder.idle();
    };

    it('of two members: whoever foresees an id and uses it first blocks nobody, and fetches only its own', async () => {
      const body = await question(ledger, requester);
      const { requestId } = body.request;
      await squat(requestId);
      await responder.receive(body);
      await responder.idle();
      expect((await answered(requestId)).request).to.deep.equal(body.request);
      const theirs = await responder.answerFor(requestId, await fetchBody(ledger, other, requestId));
      if (theirs.state !== 'answered') throw new Error(theirs.state);
      expect(parseCreditAnswer(theirs.answer).request.requester).to.equal(OTHER.toString());
      expect(answers.prepared.map(({ uscc }) => uscc)).to.deep.equal([OTHER_SUBJECT, SUBJECT]);
    });

    it('of two members, in one another’s way only as far as a refused grant: each has its own outcome', async () => {
      const body = await question(ledger, requester);
      const { requestId } = body.request;
      await responder.receive(body);
      await responder.idle();
      ledger.grants.clear();
      await squat(requestId);
      expect((await fetched(requestId)).state).to.equal('answered');
      const theirs = await responder.answerFor(requestId, await fetchBody(ledger, other, requestId));
      expect(theirs.state).to.equal('refused');
    });

    it('of one member to two of our registers, about one subject under one tag: both answered', async () => {
      const first = await question(ledger, requester, { nonce: 5n });
      const { requestId } = first.request;
      const second = await question(ledger, requester, {
        nonce: 5n,
        request: { requestId, registerId: SECOND_REGISTER.toString() },
      });
      await Promise.all([responder.receive(first), responder.receive(second)]);
      await responder.idle();
      for (const [registerId, body] of [
        [REGISTER_ID, first],
        [SECOND_REGISTER, second],
      ] as const) {
        const fetch = await fetchBody(ledger, requester, requestId, undefined, registerId.toString());
        const outcome = await responder.answerFor(requestId, fetch);
        if (outcome.state !== 'answered') throw new Error(outcome.state);
        expect(parseCreditAnswer(outcome.answer).request).to.deep.equal(body.request);
      }
      expect(new Set(transactions.sent.map(({ dedupeKey }) => dedupeKey)).size).to.equal(2);
      // Signed for one, it opens nothing of the other.
      const fetch = await fetchBody(ledger, requester, requestId);
      const turned = { ...fetch, registerId: SECOND_REGISTER.toString() };
      expect(await codeOf(responder.answerFor(requestId, turned))).to.equal('QUESTION_UNKNOWN');
    });

    it('and gives nothing for a fetch that was signed for another register', async () => {
      const requestId = await ask();
      const fetch = await fetchBody(ledger, requester, requestId, undefined, SECOND_REGISTER.toString());
      expect(await codeOf(responder.answerFor(requestId, fetch))).to.equal('QUESTION_UNKNOWN');
      const altered = { ...fetch, registerId: REGISTER_ID.toString() };
      expect(await codeOf(responder.answerFor(requestId, altered))).to.equal('QUESTION_UNKNOWN');
    });

    it('but not a tag: under another request id it is refused at every register, here and by the chain’s memory', async () => {
      await ask({ nonce: 5n });
      const elsewhere = await question(ledger, requester, {
        nonce: 5n,
        request: { registerId: SECOND_REGISTER.toString() },
      });
      expect(await codeOf(responder.receive(elsewhere))).to.equal('REQUEST_REPLAYED');
      // The answer is in no block: only this node knows the tag.
      ledger.entries = [];
      expect(await codeOf(responder.receive(elsewhere))).to.equal('REQUEST_REPLAYED');
    });

    it('nor one that another member used for something else', async () => {
      const body = await question(ledger, requester, { nonce: 5n });
      const copied = await question(ledger, other, { nonce: 5n, request: { requester: OTHER.toString() } });
      await responder.receive(copied);
      await responder.receive(body);
      await responder.idle();
      await answered(body.request.requestId);
    });
  });

  describe('logs a coded refusal, and proves nothing, when', () => {
    const changeGrant = (change: Partial<NonNullable<ReturnType<typeof ledger.grants.get>>>): void => {
      const grant = ledger.grants.get(GRANT_ID);
      if (grant !== undefined) ledger.grants.set(GRANT_ID, { ...grant, ...change });
    };
    const cases: [string, RefusalName, () => void, QuestionChange?][] = [
      ['there is no such grant', 'GRANT_NOT_USABLE', () => ledger.grants.clear()],
      ['the grant is another authority’s', 'GRANT_NOT_USABLE', () => changeGrant({ grantor: 3n })],
      ['the grant has expired', 'GRANT_NOT_USABLE', () => changeGrant({ validUntil: ledger.time - 1n })],
      ['the grant is not valid yet', 'GRANT_NOT_USABLE', () => changeGrant({ validFrom: ledger.time + 1n })],
      ['the grant was revoked', 'GRANT_NOT_USABLE', () => changeGrant({ revokedAt: ledger.time - 1n })],
      ['the grant is used up', 'GRANT_NOT_USABLE', () => changeGrant({ uses: 3 })],
      [
        'the grant is for another application',
        'GRANT_NOT_USABLE',
        () => changeGrant({ applicationId: word(3) }),
      ],
      ['the grant is for another class', 'GRANT_NOT_USABLE', () => changeGrant({ classes: 1 << 2 })],
      [
        'the grant is for another region',
        'GRANT_NOT_USABLE',
        () => changeGrant({ grantee: { kind: 'region', id: 130000n } }),
      ],
      [
        'the grant is for another member',
        'GRANT_NOT_USABLE',
        () => changeGrant({ grantee: { kind: 'member', id: 3n } }),
      ],
      ['the predicate is not listed', 'PREDICATE_NOT_LISTED', () => ledger.predicates.clear()],
      ['no circuit may answer it', 'PREDICATE_NOT_LISTED', () => ledger.list(LISTED, [])],
      [
        'the application was withdrawn',
        'PREDICATE_NOT_LISTED',
        () => {
          ledger.application = { ...ledger.application, version: 0 };
        },
      ],
      [
        'the application has a newer version',
        'PREDICATE_NOT_LISTED',
        () => {
          ledger.application = { ...ledger.application, version: 2 };
        },
      ],
      ['the day is two days ago', 'DAY_NOT_ALLOWED', () => undefined, { request: { asOfDay: -2 } }],
      ['the day is after tomorrow', 'DAY_NOT_ALLOWED', () => undefined, { request: { asOfDay: 2 } }],
      [
        'the grant needs a consent and there is none',
        'CONSENT_MISSING',
        () => changeGrant({ consentRequired: true }),
      ],
      [
        'the gateway needs a consent and there is none',
        'CONSENT_MISSING',
        () => {
          ledger.application = { ...ledger.application, gateway: 'subject-consent' };
        },
      ],
      [
        'the log would not take it',
        'GRANT_NOT_USABLE',
        () => {
          ledger.callRefusal = 'GrantExhausted';
        },
      ],
    ];
    for (const [title, name, prepare, change = {}] of cases) {
      it(`${title} (${name})`, async () => {
        prepare();
        const days = change.request?.asOfDay;
        const asked = days === undefined ? change : { request: { asOfDay: dayAt(ledger.time) + days } };
        expect(await refused(await ask(asked))).to.equal(name);
        expect(answers.prepared).to.have.length(0);
        expect(ledger.calls).to.deep.equal(['refuse']);
      });
    }

    it('not for yesterday or tomorrow, and for no day where the application permits any', async () => {
      for (const days of [-1, 1]) {
        await answered(await ask({ request: { asOfDay: dayAt(ledger.time) + days } }));
      }
      ledger.application = { ...ledger.application, historicalDays: true };
      await answered(await ask({ request: { asOfDay: dayAt(ledger.time) - 900 } }));
    });

    for (const name of ['CHAIN_TOO_LONG', 'OPENINGS_LOST', 'REGISTER_CONTESTED', 'NOT_WITNESSED'] as const) {
      it(`the answers room says ${name}`, async () => {
        answers.outcome = { kind: 'refusal', name, reason: 'because' };
        expect(await refused(await ask())).to.equal(name);
        expect(ledger.entries[0]?.refusalCode).to.equal(REFUSAL[name]);
      });
    }

    it('nothing explains why it cannot be answered (INTERNAL)', async () => {
      answers.outcome = new LedgerError('ROOT_DIFFERS', { en: 'x', zh: 'x' });
      expect(await refused(await ask())).to.equal('INTERNAL');
    });
  });

  describe('when the log refuses what was proved', () => {
    it('because the grant was used up meanwhile: a refusal', async () => {
      transactions.reverts.push('GrantExhausted');
      expect(await refused(await ask())).to.equal('GRANT_NOT_USABLE');
      expect(answers.prepared).to.have.length(1);
    });

    it('because the root is not usable any more: proved again, and that one is released', async () => {
      transactions.reverts.push('BatchNotUsable');
      const document = await answered(await ask());
      expect(answers.prepared).to.have.length(2);
      expect(BigInt(document.publicSignals[7] ?? 0)).to.equal(2n);
    });

    it('again and again: a refusal, not a silence', async () => {
      transactions.reverts.push(...Array.from({ length: 6 }, () => 'BatchNotUsable'));
      expect(await refused(await ask())).to.equal('INTERNAL');
    });

    it('and the refusal as well: failed, visible to the requester, and nothing is released', async () => {
      transactions.reverts.push('GrantExhausted', 'RequesterNotActive');
      const requestId = await ask();
      expect(await stateOf(requestId)).to.equal('failed');
      expect(await codeOf(fetched(requestId))).to.equal('QUESTION_FAILED');
    });

    it('and an earlier transaction got there after all: the answer that was logged is released', async () => {
      transactions.reverts.push('BatchNotUsable');
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      await responder.receive(body);
      mine();
      await responder.idle();
      // The chain reorganises: the first transaction is in after all, and the second is not.
      const first = transactions.sent[0];
      ledger.entries = [];
      ledger.execute(first?.data ?? '0x');
      transactions.outcomes.set(
        2n,
        new LedgerError('CHAIN_REVERTED', { en: 'x', zh: 'x' }, { error: 'AlreadyLogged' }),
      );
      await db.transaction((tx) => responder.onRollback(tx, 100n));
      await responder.idle();
      const document = await answered(body.request.requestId);
      expect(BigInt(document.publicSignals[7] ?? 0)).to.equal(1n);
    });

    it('and what was said to be logged already is gone with the chain: the question is decided anew', async () => {
      transactions.reverts.push('BatchNotUsable');
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      await responder.receive(body);
      mine();
      await responder.idle();
      const sent = transactions.sent.length;
      // The first transaction was in a block when the second was refused for it, and then that block went.
      ledger.entries = [];
      transactions.outcomes.set(
        2n,
        new LedgerError('CHAIN_REVERTED', { en: 'x', zh: 'x' }, { error: 'AlreadyLogged' }),
      );
      await db.transaction((tx) => responder.onRollback(tx, 100n));
      await responder.idle();
      expect(transactions.sent.length).to.equal(sent + 1);
      expect((await answered(body.request.requestId)).answer).to.equal(true);
    });

    it('never releases an answer that the log does not hold', async () => {
      const requestId = await ask();
      const entry = ledger.entries[0];
      if (entry === undefined) throw new Error('nothing was logged');
      ledger.entries[0] = { ...entry, answerCommitment: word(1), blockNumber: entry.blockNumber + 5n };
      expect(await fetched(requestId)).to.deep.equal({ state: 'pending' });
      await responder.idle();
      expect(await codeOf(fetched(requestId))).to.equal('QUESTION_FAILED');
    });
  });

  describe('after a restart', () => {
    it('goes on with a question that was only received', async () => {
      const body = await question(ledger, requester);
      await responder.stop();
      await responder.receive(body);
      expect(await stateOf(body.request.requestId)).to.equal('received');
      responder = await make();
      await responder.idle();
      expect((await answered(body.request.requestId)).answer).to.equal(true);
    });

    it('goes on with a question whose proof was interrupted', async () => {
      const { promise, resolve } = deferred();
      answers.gate = promise;
      const body = await question(ledger, requester);
      await responder.receive(body);
      while (answers.prepared.length === 0) await new Promise((done) => setImmediate(done));
      const stopped = responder.stop();
      resolve();
      await stopped;
      expect(await stateOf(body.request.requestId)).to.equal('proving');
      responder = await make();
      await responder.idle();
      await answered(body.request.requestId);
      expect(transactions.sent).to.have.length(1);
    });

    it('between log and release, releases once exactly the answer that was logged', async () => {
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      const { requestId } = body.request;
      await responder.receive(body);
      while ((await stateOf(requestId)) !== 'logging') await new Promise((done) => setImmediate(done));
      await responder.stop();
      mine();
      // Mined while the node is down.
      await transactions.waitFor(1n);
      answers.answer = false;
      responder = await make();
      await responder.idle();
      const document = await answered(requestId);
      expect(document.answer).to.equal(true);
      expect(answers.prepared).to.have.length(1);
      expect(transactions.sent).to.have.length(1);
      expect(ledger.entries).to.have.length(1);
      expect(await answered(requestId)).to.deep.equal(document);
    });
  });

  describe('when the chain', () => {
    it('rolls the log back: withholds until it is logged again, then releases the new place', async () => {
      const requestId = await ask();
      const before = await answered(requestId);
      const mine = transactions.hold();
      ledger.entries = [];
      transactions.outcomes.clear();
      await db.transaction((tx) => responder.onRollback(tx, 100n));
      expect(await fetched(requestId)).to.deep.equal({ state: 'pending' });
      mine();
      await responder.idle();
      const after = await answered(requestId);
      expect(after.proof).to.deep.equal(before.proof);
      expect(after.log.blockNumber).not.to.equal(before.log.blockNumber);
      expect(answers.prepared).to.have.length(1);
    });

    it('has lost the log and nobody has told yet: withholds all the same', async () => {
      const requestId = await ask();
      ledger.entries = [];
      const mine = transactions.hold();
      expect(await fetched(requestId)).to.deep.equal({ state: 'pending' });
      transactions.outcomes.clear();
      mine();
      await responder.idle();
      await answered(requestId);
    });

    it('is down, and a grace is set: what is logged leaves for so long, to who asked, and nothing else does', async () => {
      let elapsed = 0;
      await responder.stop();
      responder = await make({ evidence: new Evidence(30, () => elapsed) });
      const requestId = await ask();
      const mine = transactions.hold();
      const open = await question(ledger, requester);
      await responder.receive(open);
      const before = await answered(requestId);
      ledger.down = true;
      elapsed = 30_000;
      expect(await answered(requestId)).to.deep.equal(before);
      expect(await codeOf(fetched(open.request.requestId)), 'not logged').to.equal('CHAIN_UNREACHABLE');
      const stranger = await fetchBody(ledger, new TestSigner(), requestId);
      expect(await codeOf(responder.answerFor(requestId, stranger))).to.equal('QUESTION_UNKNOWN');
      expect(await codeOf(responder.receive(await question(ledger, requester)))).to.equal(
        'CHAIN_UNREACHABLE',
      );
      elapsed = 30_001;
      expect(await codeOf(fetched(requestId)), 'after the grace').to.equal('CHAIN_UNREACHABLE');
      ledger.down = false;
      expect(await answered(requestId)).to.deep.equal(before);
      mine();
    });

    it('is down after the clock was seen to be off: the grace does not count', async () => {
      await responder.stop();
      responder = await make({ evidence: new Evidence(30, () => 0) });
      const requestId = await ask();
      await answered(requestId);
      ledger.time += 1_000n;
      expect(await codeOf(fetched(requestId))).to.equal('FETCH_TIME_OFF');
      const body = await fetchBody(ledger, requester, requestId, Math.floor(clock.now().getTime() / 1000));
      expect(await codeOf(responder.answerFor(requestId, body))).to.equal('CLOCK_OFF');
      ledger.down = true;
      expect(await codeOf(responder.answerFor(requestId, body))).to.equal('CHAIN_UNREACHABLE');
    });

    it('is down: nothing is taken in or released, and open questions go on when it is back', async () => {
      const requestId = await ask();
      const next = await question(ledger, requester);
      ledger.down = true;
      expect(await codeOf(responder.receive(next))).to.equal('CHAIN_UNREACHABLE');
      expect(await codeOf(fetched(requestId))).to.equal('CHAIN_UNREACHABLE');
      ledger.down = false;
      const mine = transactions.hold();
      await responder.receive(next);
      while ((await stateOf(next.request.requestId)) !== 'logging')
        await new Promise((done) => setImmediate(done));
      ledger.down = true;
      mine();
      const store = new AnswerStore(db);
      const key = keyOf(next.request.requestId);
      while ((await store.byKey(key))?.error?.code !== 'CHAIN_UNREACHABLE') {
        await new Promise((done) => setImmediate(done));
      }
      ledger.down = false;
      await responder.idle();
      await answered(next.request.requestId);
    });
  });

  describe('denies on chain', () => {
    let logIndex = 0;
    async function event(name: string, args: Record<string, string>): Promise<void> {
      await db.query(
        `INSERT INTO chain_events (block_number, log_index, tx_hash, block_time, contract, name, args)
         VALUES (1, $1, '\\x00', 0, 'AnswerLog', $2, $3::jsonb)`,
        [(logIndex += 1), name, JSON.stringify(args)],
      );
    }
    const lodge = (
      questionId: Hex,
      digest: Hex,
      seconds: bigint,
      { registerId = REGISTER_ID, by = REQUESTER } = {},
    ) =>
      event('QuestionLodged', {
        questionId,
        requestDigest: digest,
        registerId: registerId.toString(),
        requester: by.toString(),
        deadline: (ledger.time + seconds).toString(),
      });
    const denied = async (): Promise<Hex[]> => {
      await db.transaction((tx) => responder.onAdvance(tx, { time: ledger.time }));
      return transactions.sent
        .filter(({ kind }) => kind === 'deny-receipt')
        .map(({ data }): Hex => `0x${data.slice(10)}`);
    };

    beforeEach(() =>
      db.query(
        `INSERT INTO own_registers (key_id, register_id, secret_commit, promise_seconds, created_at)
         VALUES ('k', $1, '\\x00', 60, now())`,
        [REGISTER_ID],
      ),
    );

    it('a lodged question that never arrived, shortly before its deadline and once', async () => {
      await lodge(word(1), word(11), 500n);
      expect(await denied()).to.deep.equal([word(1)]);
      expect(await denied()).to.deep.equal([word(1)]);
    });

    it('a few at a time: a thousand lodged hashes do not stand before the agency’s own transactions', async () => {
      for (let i = 1; i <= 30; i += 1) await lodge(word(i), word(100 + i), 500n);
      expect(await denied()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8].map(word));
      expect(await denied()).to.have.length(8);
      await db.query("UPDATE outbox SET state = 'mined' WHERE dedupe_key = ANY($1)", [
        [1, 2, 3].map((i) => `deny ${word(i)}`),
      ]);
      expect((await denied()).slice(8)).to.deep.equal([9, 10, 11].map(word));
    });

    it('none that arrived, was settled or denied, has time, is overdue, or is another’s', async () => {
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      await responder.receive(body);
      await lodge(word(1), requestDigest(ledger.domain, body.request), 500n);
      await lodge(word(2), word(12), 500n);
      await event('QuestionSettled', { questionId: word(2) });
      await lodge(word(3), word(13), 500n);
      await event('QuestionDenied', { questionId: word(3) });
      await lodge(word(4), word(14), 700n);
      await lodge(word(5), word(15), -1n);
      await lodge(word(6), word(16), 500n, { registerId: 8n });
      expect(await denied()).to.deep.equal([]);
      mine();
      await responder.idle();
    });

    it('the hash of a question that did arrive, lodged once more by another or against another register', async () => {
      await db.query(
        `INSERT INTO own_registers (key_id, register_id, secret_commit, promise_seconds, created_at)
         VALUES ('k2', 8, '\\x01', 60, now())`,
      );
      const mine = transactions.hold();
      const body = await question(ledger, requester);
      await responder.receive(body);
      const digest = requestDigest(ledger.domain, body.request);
      await lodge(word(1), digest, 500n);
      // Neither of these can ever be settled by an answer: undenied, each would count as overdue.
      await lodge(word(2), digest, 500n, { by: 3n });
      await lodge(word(3), digest, 500n, { registerId: 8n });
      expect(await denied()).to.deep.equal([word(2), word(3)]);
      mine();
      await responder.idle();
    });
  });

  describe('hands an answer out', () => {
    it('only to the operator key of its requester', async () => {
      const requestId = await ask();
      const stranger = new TestSigner();
      ledger.addMember(3n, stranger);
      for (const signer of [stranger, own]) {
        const body = await fetchBody(ledger, signer, requestId);
        expect(await codeOf(responder.answerFor(requestId, body))).to.equal('QUESTION_UNKNOWN');
      }
      // With the same words as for a question that does not exist.
      const nowhere = word(12);
      expect(
        await codeOf(responder.answerFor(nowhere, await fetchBody(ledger, requester, nowhere))),
      ).to.equal('QUESTION_UNKNOWN');
    });

    it('not to a key that the requester had before, and not to a suspended member', async () => {
      const requestId = await ask();
      const body = await fetchBody(ledger, requester, requestId);
      ledger.addMember(REQUESTER, new TestSigner());
      expect(await codeOf(responder.answerFor(requestId, body))).to.equal('QUESTION_UNKNOWN');
      ledger.addMember(REQUESTER, requester, { active: false });
      expect(await codeOf(responder.answerFor(requestId, body))).to.equal('QUESTION_UNKNOWN');
    });

    it('not for a signature about another question', async () => {
      const requestId = await ask();
      const other = await ask();
      const body = await fetchBody(ledger, requester, other);
      expect(await codeOf(responder.answerFor(requestId, body))).to.equal('QUESTION_UNKNOWN');
    });

    it('not for a fetch signed more than five minutes ago or ahead', async () => {
      const requestId = await ask();
      for (const seconds of [-302, 302]) {
        const body = await fetchBody(ledger, requester, requestId, Number(ledger.time) + seconds);
        expect(await codeOf(responder.answerFor(requestId, body))).to.equal('FETCH_TIME_OFF');
      }
    });

    it('not while its clock is off', async () => {
      const requestId = await ask();
      ledger.time += 400n;
      const time = Number(ledger.time) - 400;
      const body = await fetchBody(ledger, requester, requestId, time);
      expect(await codeOf(responder.answerFor(requestId, body))).to.equal('CLOCK_OFF');
    });

    it('not for a malformed fetch', async () => {
      const requestId = await ask();
      const body = await fetchBody(ledger, requester, requestId);
      for (const bad of [{}, { ...body, extra: 1 }, { ...body, signature: '0x00' }, { ...body, time: -1 }]) {
        expect(await codeOf(responder.answerFor(requestId, bad))).to.equal('FETCH_MALFORMED');
      }
      expect(await codeOf(responder.answerFor('nonsense', body))).to.equal('FETCH_MALFORMED');
    });
  });
});
