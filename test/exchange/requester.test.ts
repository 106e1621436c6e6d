import type { CheckResult, Expectations, SignedRequestJson, Verification } from '@credit-ledger/sdk/answer';
import { requestDigest, signerOf } from '@credit-ledger/sdk/answer';
import {
  type Hex,
  LedgerError,
  REFUSAL,
  subjectTagOf,
  toBytes32,
  type Nonce,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { bytesToHex } from 'viem';
import { ShiftedClock } from '../../node/src/clock.ts';
import { type Ask, type PeerResponse, type PeerTransport, Requester } from '../../node/src/exchange/index.ts';
import { refusalDocument, refusalTypedData } from '../../node/src/exchange/wire.ts';
import { refuseCall } from '../../node/src/exchange/log-calls.ts';
import type { AskedQuestion } from '../../node/src/store/questions.ts';
import type { Database } from '../../node/src/store/index.ts';
import { waitFor } from '../support/wait.ts';
import { codeOf } from '../support/codes.ts';
import { emptyTables, memoryDatabase, type TestDatabase } from '../support/database.ts';
import { FakeLedger, FakeTransactions, TestSigner, word } from './support/fake-ledger.ts';
import { OTHER_SUBJECT } from '../answers/support/claims.ts';
import {
  APPLICATION,
  APPLICATION_ID,
  GRANT_ID,
  LISTED,
  PREDICATE,
  REGISTER_ID,
  SUBJECT,
} from './support/questions.ts';

const OWN = 2n;
const RESPONDER = 1n;

/** The other node: what it answers is for a test to say; what reached it is kept. */
class FakePeer implements PeerTransport {
  readonly posts: { endpoint: string; path: string; body: Record<string, unknown> }[] = [];
  readonly questions: (PeerResponse | Error)[] = [];
  readonly fetches: (PeerResponse | Error | ((requestId: Hex) => Promise<PeerResponse>))[] = [];

  async post(endpoint: string, path: string, body: unknown): Promise<PeerResponse> {
    this.posts.push({ endpoint, path, body: body as Record<string, unknown> });
    const isQuestion = path === '/v1/exchange/questions';
    const next = isQuestion ? (this.questions.shift() ?? { status: 202, body: {} }) : this.fetches.shift();
    if (next instanceof Error) throw next;
    if (typeof next === 'function') return next(path.split('/').at(-1) as Hex);
    return next ?? { status: 202, body: { state: 'pending' } };
  }

  requestIds(): Set<string> {
    const ids = this.posts
      .filter(({ path }) => path === '/v1/exchange/questions')
      .map(({ body }) => (body['request'] as SignedRequestJson).requestId);
    return new Set(ids);
  }
}

const UNREACHABLE = new LedgerError('PEER_UNREACHABLE', { en: 'away', zh: '离线' });
const problem = (status: number, code: string): PeerResponse => ({ status, body: { code, detail: 'x' } });

function verification(
  overall: Verification['overall'],
  reason: CheckResult['reason'] = 'FORMAT_OK',
): Verification {
  return {
    overall,
    checks: [
      {
        check: 'root-current',
        verdict: overall,
        reason,
        message: { en: 'x', zh: 'x' },
        operands: { age: 5n },
      },
    ],
    notCompared: [],
  };
}

describe('The requester', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let db: Database;
  let ledger: FakeLedger;
  let transactions: FakeTransactions;
  let peer: FakePeer;
  let clock: ShiftedClock;
  let own: TestSigner;
  let responder: TestSigner;
  let verdicts: (Verification['overall'] | Verification)[];
  let expected: Expectations[];
  let requester: Requester;
  let running: Requester[];
  const ask: Ask = {
    subject: SUBJECT,
    registerId: REGISTER_ID,
    application: APPLICATION,
    predicate: PREDICATE,
    grantId: GRANT_ID,
    askedBy: 'officer',
  };

  before(async () => {
    database = await memoryDatabase();
    db = database.db;
  });
  after(() => database.dispose());

  beforeEach(async () => {
    await emptyTables(db);
    ledger = new FakeLedger();
    transactions = new FakeTransactions(ledger);
    peer = new FakePeer();
    clock = new ShiftedClock();
    own = new TestSigner();
    responder = new TestSigner();
    ledger.time = BigInt(Math.floor(clock.now().getTime() / 1000));
    ledger.addMember(OWN, own, { region: 120000 });
    ledger.addMember(RESPONDER, responder);
    ledger.registers.set(REGISTER_ID, { owner: RESPONDER, secretCommit: 99n });
    ledger.list(LISTED);
    ledger.grants.set(GRANT_ID, {
      grantor: RESPONDER,
      grantee: { kind: 'member', id: OWN },
      applicationId: APPLICATION_ID,
      classes: 1 << 1,
      validFrom: ledger.time - 60n,
      validUntil: ledger.time + 86_400n,
      maxUses: 0,
      consentRequired: false,
      uses: 0,
      revokedAt: 0n,
    });
    verdicts = [];
    expected = [];
    running = [];
    requester = await make();
  });
  afterEach(async () => {
    for (const each of running) await each.stop();
  });

  async function make(): Promise<Requester> {
    const made = new Requester({
      db,
      facts: ledger,
      transport: peer,
      transactions,
      verifier: {
        verify: (_, wanted) => {
          expected.push(wanted);
          const next = verdicts.shift() ?? 'VALID';
          return Promise.resolve(typeof next === 'string' ? verification(next) : next);
        },
      },
      signer: own,
      clock,
      memberId: OWN,
      wait: () => new Promise((resolve) => setImmediate(resolve)),
    });
    running.push(made);
    await made.start();
    return made;
  }

  /** What an honest responder's document has that is looked at here: the request itself. */
  const answerTo = (id: bigint) => async (): Promise<PeerResponse> => {
    const question = await requester.question(id);
    return { status: 200, body: { state: 'answered', answer: { request: question?.request } } };
  };

  async function until(condition: () => boolean): Promise<void> {
    await waitFor('the requester', async () => condition());
  }

  async function outcome(id: bigint): Promise<AskedQuestion> {
    return requester.outcome(id);
  }

  it('signs the question, keeps it, and sends subject and nonce to the responder only', async () => {
    const id = await requester.ask(ask);
    peer.fetches.push(answerTo(id));
    const question = await outcome(id);
    expect(question.state).to.equal('answered');
    const request = question.request as SignedRequestJson;
    expect(signerOf(requestDigest(ledger.domain, request), request.signature)).to.equal(own.operatorAddress);
    const nonce = BigInt(bytesToHex(question.nonce)) as Nonce;
    expect(request.subjectTag).to.equal(toBytes32(subjectTagOf(SUBJECT as Uscc, nonce)));
    expect(peer.posts[0]).to.deep.include({
      endpoint: 'http://member-1.test',
      path: '/v1/exchange/questions',
    });
    expect(peer.posts[0]?.body).to.deep.equal({ request, uscc: SUBJECT, nonce: bytesToHex(question.nonce) });
    expect(expected[0]).to.deep.include({
      subject: SUBJECT,
      predicate: { application: APPLICATION, predicate: PREDICATE },
      requester: '2',
      registerId: '7',
    });
  });

  it('uses another nonce and requestId for every question', async () => {
    const questions = await Promise.all(
      [await requester.ask(ask), await requester.ask(ask)].map((id) => requester.question(id)),
    );
    expect(new Set(questions.map((each) => bytesToHex(each?.requestId ?? new Uint8Array()))).size).to.equal(
      2,
    );
    expect(new Set(questions.map((each) => bytesToHex(each?.nonce ?? new Uint8Array()))).size).to.equal(2);
  });

  it('finds a usable grant by itself, and says so when there is none', async () => {
    const give = (grantId: string, validUntil: bigint, kind = '1', grantee = '2') =>
      db.query(
        `INSERT INTO chain_events (block_number, log_index, tx_hash, block_time, contract, name, args)
         VALUES ($1, 0, '\\x00', 0, 'SharingGrants', 'GrantGiven', $2::jsonb)`,
        [
          validUntil,
          JSON.stringify({
            grantId,
            grantor: '1',
            grantee,
            granteeKind: kind,
            applicationId: APPLICATION_ID,
            classes: '2',
            validFrom: '0',
            validUntil: validUntil.toString(),
            maxUses: '0',
            consentRequired: false,
          }),
        ],
      );
    const { grantId: _, ...without } = ask;
    expect(await codeOf(requester.ask(without))).to.equal('GRANT_MISSING');
    // Known from an event, and not usable any more according to the chain.
    await give(`0x${'1'.repeat(64)}`, 99n);
    expect(await codeOf(requester.ask(without))).to.equal('GRANT_MISSING');
    await give(GRANT_ID, 50n);
    const question = await requester.question(await requester.ask(without));
    expect((question?.request as SignedRequestJson).grantId).to.equal(GRANT_ID);
  });

  for (const [title, code, change] of [
    ['a credit code that is none', 'USCC_LENGTH', { subject: '123' }],
    ['an application that there is not', 'APPLICATION_UNKNOWN', { application: 'nothing' }],
    ['a predicate that the application may not ask', 'PREDICATE_UNKNOWN', { predicate: 'nothing' }],
    ['a register that there is not', 'REGISTER_UNKNOWN', { registerId: 70n }],
    ['a grant that cannot be used', 'GRANT_NOT_USABLE', { grantId: `0x${'1'.repeat(64)}` as Hex }],
    ['an expiry beyond 30 days', 'EXPIRY_INVALID', { expirySeconds: 31 * 86_400 }],
  ] as const) {
    it(`refuses ${title}, and keeps nothing`, async () => {
      expect(await codeOf(requester.ask({ ...ask, ...change }))).to.equal(code);
      expect(peer.posts).to.have.length(0);
    });
  }

  it('asks nothing while its clock is off', async () => {
    clock.shift(400_000);
    expect(await codeOf(requester.ask(ask))).to.equal('CLOCK_OFF');
  });

  it('tries again when the responder is away, busy or broken: one requestId for one question', async () => {
    peer.questions.push(
      UNREACHABLE,
      problem(503, 'BUSY'),
      problem(500, 'INTERNAL'),
      problem(429, 'TOO_MANY_REQUESTS'),
    );
    peer.fetches.push(UNREACHABLE, problem(503, 'CLOCK_OFF'), { status: 202, body: { state: 'pending' } });
    const id = await requester.ask(ask);
    peer.fetches.push(answerTo(id));
    expect((await outcome(id)).state).to.equal('answered');
    expect(peer.posts.filter(({ path }) => path === '/v1/exchange/questions')).to.have.length(5);
    expect(peer.requestIds().size).to.equal(1);
  });

  it('takes REQUEST_REPLAYED for the confirmation that was lost', async () => {
    peer.questions.push(UNREACHABLE, problem(409, 'REQUEST_REPLAYED'));
    const id = await requester.ask(ask);
    peer.fetches.push(answerTo(id));
    expect((await outcome(id)).state).to.equal('answered');
  });

  it('goes on after a restart, with the same requestId, sent or not', async () => {
    peer.questions.push(...Array.from({ length: 1000 }, () => UNREACHABLE));
    const id = await requester.ask(ask);
    while (peer.posts.length < 3) await new Promise((resolve) => setImmediate(resolve));
    await requester.stop();
    peer.questions.length = 0;
    requester = await make();
    while ((await requester.question(id))?.state !== 'sent')
      await new Promise((resolve) => setImmediate(resolve));
    await requester.stop();
    peer.fetches.push(answerTo(id));
    requester = await make();
    expect((await outcome(id)).state).to.equal('answered');
    expect(peer.requestIds().size).to.equal(1);
  });

  it('treats a question asked twice under one name as one, and another under that name as an error', async () => {
    const first = await requester.ask({ ...ask, clientKey: 'case 7' });
    const both = await Promise.all([1, 2].map(() => requester.ask({ ...ask, clientKey: 'case 7' })));
    expect(both).to.deep.equal([first, first]);
    expect(
      await codeOf(requester.ask({ ...ask, clientKey: 'case 7', predicate: PREDICATE, registerId: 8n })),
    ).to.equal('CLIENT_KEY_TAKEN');
  });

  describe('with a request id and nonce of the caller', () => {
    const fixed = { requestId: word(0x1d), nonce: 5n as Nonce };
    const SECOND = 8n;
    beforeEach(() => ledger.registers.set(SECOND, { owner: RESPONDER, secretCommit: 98n }));

    it('asks several registers under one id and one tag, and fetches each answer by its register', async () => {
      const ids = [
        await requester.ask({ ...ask, fixed }),
        await requester.ask({ ...ask, fixed, registerId: SECOND }),
      ];
      const requests = await Promise.all(
        ids.map(async (id) => (await requester.question(id))?.request as SignedRequestJson),
      );
      expect(new Set(requests.map(({ requestId }) => requestId))).to.deep.equal(new Set([fixed.requestId]));
      const tag = toBytes32(subjectTagOf(SUBJECT as Uscc, fixed.nonce));
      expect(requests.map(({ subjectTag }) => subjectTag)).to.deep.equal([tag, tag]);
      const fetchedFrom = (): Set<unknown> =>
        new Set(
          peer.posts.filter(({ path }) => path.includes('answers')).map(({ body }) => body['registerId']),
        );
      while (fetchedFrom().size < 2) await new Promise((resolve) => setImmediate(resolve));
      expect(fetchedFrom()).to.deep.equal(new Set(['7', '8']));
    });

    it('takes the same id and register for the same question, also at the same moment', async () => {
      const both = await Promise.all([1, 2].map(() => requester.ask({ ...ask, fixed })));
      expect(both[0]).to.equal(both[1]);
      expect(await requester.ask({ ...ask, fixed })).to.equal(both[0]);
      expect(peer.requestIds().size).to.be.lessThanOrEqual(1);
    });

    for (const [title, change] of [
      ['another subject', { subject: OTHER_SUBJECT }],
      ['another nonce', { fixed: { ...fixed, nonce: 6n as Nonce } }],
    ] as const) {
      it(`refuses ${title} under the same id`, async () => {
        await requester.ask({ ...ask, fixed });
        expect(await codeOf(requester.ask({ ...ask, fixed, ...change }))).to.equal('REQUEST_ID_TAKEN');
      });
    }
  });

  it('ends when the responder turns it away for good', async () => {
    peer.questions.push(problem(401, 'QUESTION_NOT_AUTHENTIC'));
    const question = await outcome(await requester.ask(ask));
    expect(question.state).to.equal('failed');
    expect(question.error?.operands).to.include({ code: 'QUESTION_NOT_AUTHENTIC' });
  });

  it('goes on when the responder says that it is no member, as one that starts may', async () => {
    peer.questions.push(problem(409, 'NOT_A_MEMBER'));
    const id = await requester.ask(ask);
    peer.fetches.push(problem(409, 'NOT_A_MEMBER'), answerTo(id));
    expect((await outcome(id)).state).to.equal('answered');
  });

  it('goes on when it is turned away around the block in which its key changes', async () => {
    ledger.changeKey(OWN, own, ledger.blockNumber);
    peer.questions.push(problem(401, 'QUESTION_NOT_AUTHENTIC'));
    const id = await requester.ask(ask);
    peer.fetches.push(problem(404, 'QUESTION_UNKNOWN'), answerTo(id));
    expect((await outcome(id)).state).to.equal('answered');
  });

  it('sends an open question again under another key, as the same question, and takes an answer to either', async () => {
    const id = await requester.ask(ask);
    const before = (await requester.question(id))?.request as SignedRequestJson;
    const sent = (): SignedRequestJson[] =>
      peer.posts
        .filter(({ path }) => path === '/v1/exchange/questions')
        .map(({ body }) => body['request'] as SignedRequestJson);
    await until(() => sent().length === 1);
    ledger.changeKey(OWN, own, ledger.blockNumber);
    await until(() => sent().length === 2);
    const [, again] = sent();
    expect({ ...again, signature: '' }).to.deep.equal({ ...before, signature: '' });
    const digest = requestDigest(ledger.domain, before);
    expect(signerOf(digest, again?.signature ?? '0x')).to.equal(own.operatorAddress);
    // It was logged before the change, so its document has the former signature.
    peer.fetches.push({ status: 200, body: { state: 'answered', answer: { request: before } } });
    expect((await outcome(id)).state).to.equal('answered');
  });

  it('does not believe an answer that does not verify, and keeps it as evidence', async () => {
    verdicts.push('INVALID');
    const id = await requester.ask(ask);
    peer.fetches.push(answerTo(id));
    const question = await outcome(id);
    expect(question.state).to.equal('failed');
    expect(question.error?.code).to.equal('ANSWER_NOT_BELIEVED');
    expect(question.answer).to.have.property('request');
    expect(question.verdicts).to.deep.include({ overall: 'INVALID' });
  });

  it('does not believe a valid answer to another question of its own', async () => {
    const other = await requester.question(await requester.ask(ask));
    const id = await requester.ask({ ...ask, clientKey: 'x' });
    // Both questions fetch; whichever comes first gets the other’s document.
    peer.fetches.push(
      ...Array.from(
        { length: 4 },
        () => async (requestId: Hex) =>
          requestId === bytesToHex(other?.requestId ?? new Uint8Array())
            ? { status: 202, body: { state: 'pending' } }
            : { status: 200, body: { state: 'answered', answer: { request: other?.request } } },
      ),
    );
    const question = await outcome(id);
    expect(question.error?.operands).to.deep.include({ reason: 'REQUEST_OTHER' });
  });

  it('verifies again later when it could not: an answer is neither believed nor thrown away', async () => {
    verdicts.push('ERROR', 'ERROR', 'VALID');
    const id = await requester.ask(ask);
    peer.fetches.push(answerTo(id), answerTo(id), answerTo(id));
    const question = await outcome(id);
    expect(question.state).to.equal('answered');
    expect(expected).to.have.length(3);
  });

  for (const reason of ['NOT_LOGGED', 'LOGGED_ELSEWHERE', 'LOGGED_OTHER_REQUEST'] as const) {
    it(`asks again for an answer that is not in the log where it says (${reason}), as after a chain went back, and never believes it before`, async () => {
      verdicts.push(verification('INVALID', reason), verification('INVALID', reason), 'VALID');
      const id = await requester.ask(ask);
      peer.fetches.push(answerTo(id), answerTo(id), answerTo(id));
      const question = await outcome(id);
      expect(question.state).to.equal('answered');
      expect(expected).to.have.length(3);
    });
  }

  it('does not ask again when the log holds another answer to this question', async () => {
    verdicts.push(verification('INVALID', 'LOGGED_OTHER_ANSWER'));
    const id = await requester.ask(ask);
    peer.fetches.push(answerTo(id), answerTo(id));
    expect((await outcome(id)).error?.operands).to.deep.include({ reason: 'LOGGED_OTHER_ANSWER' });
  });

  it('opens a question again when its answer’s log entry is gone with the chain, and takes the answer as it is logged now', async () => {
    const id = await requester.ask(ask);
    const loggedIn = (block: string) => async (): Promise<PeerResponse> => {
      const response = await answerTo(id)();
      const body = response.body as { answer: object };
      return { ...response, body: { ...body, answer: { ...body.answer, log: { blockNumber: block } } } };
    };
    peer.fetches.push(loggedIn('50'));
    expect((await outcome(id)).state).to.equal('answered');
    await db.transaction((tx) => requester.onRollback(tx, 50n));
    expect((await requester.question(id))?.state).to.equal('answered');
    peer.fetches.push(loggedIn('53'));
    await db.transaction((tx) => requester.onRollback(tx, 49n));
    const again = await outcome(id);
    expect(again.state).to.equal('answered');
    expect(again.answer).to.have.nested.property('log.blockNumber', '53');
  });

  describe('takes a refusal', () => {
    async function refusalFor(id: bigint, code: number, signer: TestSigner): Promise<unknown> {
      const question = await requester.question(id);
      const requestId = bytesToHex(question?.requestId ?? new Uint8Array());
      const signature = await signer.signTypedData(
        'operator',
        refusalTypedData(ledger.domain, requestId, code, 1n),
      );
      return refusalDocument(requestId, code, 1n, RESPONDER, signature);
    }

    it('that is signed and logged', async () => {
      const id = await requester.ask(ask);
      const request = (await requester.question(id))?.request as SignedRequestJson;
      ledger.execute(refuseCall(request, REFUSAL.GRANT_NOT_USABLE));
      const refusal = await refusalFor(id, REFUSAL.GRANT_NOT_USABLE, responder);
      peer.fetches.push({ status: 200, body: { state: 'refused', refusal } });
      const question = await outcome(id);
      expect([question.state, question.refusalCode]).to.deep.equal(['refused', REFUSAL.GRANT_NOT_USABLE]);
    });

    for (const [title, code, who, logged] of [
      ['that somebody else signed', REFUSAL.BUSY, 'other', true],
      ['that was logged with another code', REFUSAL.INTERNAL, 'responder', true],
      ['that was never logged', REFUSAL.BUSY, 'responder', false],
    ] as const) {
      it(`but not one ${title}: it goes on asking`, async () => {
        const id = await requester.ask(ask);
        const request = (await requester.question(id))?.request as SignedRequestJson;
        if (logged) ledger.execute(refuseCall(request, REFUSAL.BUSY));
        const refusal = await refusalFor(id, code, who === 'other' ? new TestSigner() : responder);
        peer.fetches.push({ status: 200, body: { state: 'refused', refusal } }, answerTo(id));
        expect((await outcome(id)).state).to.equal('answered');
      });
    }
  });

  it('ends when the question has expired and the log has nothing: no answer is never YES', async () => {
    const id = await requester.ask(ask);
    clock.shift(3_800_000);
    ledger.time += 3_800n;
    const question = await outcome(id);
    expect([question.state, question.error?.code]).to.deep.equal(['failed', 'NO_ANSWER_IN_TIME']);
    expect(question.answer).to.equal(null);
  });

  it('keeps fetching after the expiry what the log has, for seven days', async () => {
    const id = await requester.ask(ask);
    const request = (await requester.question(id))?.request as SignedRequestJson;
    ledger.execute(refuseCall(request, REFUSAL.BUSY));
    ledger.time += 4_000n;
    clock.shift(4_000_000);
    const posts = peer.posts.length;
    while (peer.posts.length < posts + 5) await new Promise((resolve) => setImmediate(resolve));
    expect((await requester.question(id))?.state).to.equal('sent');
    ledger.time += 8n * 86_400n;
    expect((await outcome(id)).error?.code).to.equal('ANSWER_NOT_DELIVERED');
  });

  it('lodges the question on chain when asked to', async () => {
    await requester.ask({ ...ask, lodge: true });
    expect(transactions.sent.map(({ kind, role }) => [kind, role])).to.deep.equal([['lodge', 'operator']]);
  });

  it('tells a member that there is not from one that has opened no register', async () => {
    const { registerId: _, ...rest } = ask;
    expect(await codeOf(requester.askMember({ ...rest, memberId: 99n }))).to.equal('MEMBER_UNKNOWN');
    ledger.registers.clear();
    expect(await codeOf(requester.askMember({ ...rest, memberId: RESPONDER }))).to.equal('REGISTER_UNKNOWN');
    expect(peer.posts).to.have.length(0);
  });

  it('asks every register of an authority', async () => {
    ledger.registers.set(8n, { owner: RESPONDER, secretCommit: 98n });
    const { registerId: _, ...rest } = ask;
    const ids = await requester.askMember({ ...rest, memberId: RESPONDER, clientKey: 'all' });
    const questions = await Promise.all(ids.map((id) => requester.question(id)));
    expect(questions.map((each) => each?.registerId)).to.deep.equal([7n, 8n]);
  });
});
