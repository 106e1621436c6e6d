import { requestDigest, type SignedRequestJson } from '@credit-ledger/sdk/answer';
import { type Hex, isLedgerError, type LedgerError, type RefusalName } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { hexToBytes } from 'viem';
import { ShiftedClock } from '../../node/src/clock.ts';
import {
  type Ask,
  type BindingFact,
  type ConsentFact,
  type ConsentOpening,
  type PeerTransport,
  Requester,
  Responder,
} from '../../node/src/exchange/index.ts';
import { AnswerStore } from '../../node/src/store/answers.ts';
import type { Database } from '../../node/src/store/index.ts';
import type { AskedQuestion } from '../../node/src/store/questions.ts';
import { OTHER_SUBJECT } from '../answers/support/claims.ts';
import { codeOf } from '../support/codes.ts';
import { emptyTables, memoryDatabase, type TestDatabase } from '../support/database.ts';
import { FakeLedger, FakeTransactions, TestSigner, word } from './support/fake-ledger.ts';
import {
  APPLICATION,
  APPLICATION_ID,
  CONSENT_ID,
  FakeAnswers,
  fetchBody,
  giveConsent,
  GRANT_ID,
  LISTED,
  PREDICATE,
  question,
  type QuestionChange,
  REGISTER_ID,
  SUBJECT,
} from './support/questions.ts';

const OWNER = 1n;
const REQUESTER = 2n;

describe('Questions that need the subject’s consent', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let db: Database;
  let ledger: FakeLedger;
  let transactions: FakeTransactions;
  let answers: FakeAnswers;
  let clock: ShiftedClock;
  let owner: TestSigner;
  let asker: TestSigner;
  const stops: (() => Promise<void>)[] = [];

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
    owner = new TestSigner();
    asker = new TestSigner();
    ledger.time = BigInt(Math.floor(clock.now().getTime() / 1000));
    ledger.application = { ...ledger.application, gateway: 'subject-consent' };
    ledger.addMember(OWNER, owner);
    ledger.addMember(REQUESTER, asker, { role: 'requester' });
    ledger.registers.set(REGISTER_ID, { owner: OWNER, secretCommit: 99n });
    ledger.list(LISTED);
    ledger.grants.set(GRANT_ID, {
      grantor: OWNER,
      grantee: { kind: 'member', id: REQUESTER },
      applicationId: APPLICATION_ID,
      classes: 1 << 1,
      validFrom: ledger.time - 60n,
      validUntil: ledger.time + 86_400n,
      maxUses: 0,
      consentRequired: false,
      uses: 0,
      revokedAt: 0n,
    });
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  describe('the responder', () => {
    async function make(citationSeconds = 0): Promise<Responder> {
      const made = new Responder({
        db,
        facts: ledger,
        answers,
        transactions,
        signer: owner,
        clock,
        memberId: OWNER,
        limits: { citationSeconds },
        wait: soon,
      });
      stops.push(() => made.stop());
      await made.start();
      return made;
    }

    /** What becomes of a question whose citation, if any, is on chain. */
    async function outcomeOf(
      change: QuestionChange,
      cited: Hex | undefined = change.consent?.consentId,
    ): Promise<RefusalName | 'answered'> {
      const responder = await make();
      const body = await question(ledger, asker, change);
      const digest = requestDigest(ledger.domain, body.request);
      if (cited !== undefined) ledger.citations.set(`${REQUESTER} ${digest}`, cited);
      await responder.receive(body);
      await responder.idle();
      const { requestId } = body.request;
      const outcome = await responder.answerFor(requestId, await fetchBody(ledger, asker, requestId));
      if (outcome.state === 'pending') throw new Error('pending');
      return outcome.state === 'answered' ? 'answered' : (outcome.refusal.name as RefusalName);
    }

    it('answers with a consent that is cited, usable and the subject’s own', async () => {
      expect(await outcomeOf({ consent: giveConsent(ledger) })).to.equal('answered');
    });

    it('by the grant as well as by the gateway', async () => {
      ledger.application = { ...ledger.application, gateway: 'government-sharing' };
      const grant = ledger.grants.get(GRANT_ID);
      if (grant !== undefined) ledger.grants.set(GRANT_ID, { ...grant, consentRequired: true });
      const consent = giveConsent(ledger);
      expect(await outcomeOf({})).to.equal('CONSENT_MISSING');
      expect(await outcomeOf({ consent })).to.equal('answered');
    });

    const end = (change: Partial<BindingFact>) => (): void => {
      const binding = ledger.bindings.get(1n);
      if (binding !== undefined) ledger.bindings.set(1n, { ...binding, ...change });
    };
    const attacks: [string, Partial<ConsentFact>, (() => void)?][] = [
      ['was revoked', { revokedAt: 5n }],
      ['is used up', { uses: 1 }],
      ['has expired', { validUntil: 5n }],
      ['is not valid yet', { validFrom: 9_999_999_999n }],
      ['is for another requester', { requester: 3n }],
      ['is for another register', { registerId: 8n }],
      ['is for another application', { applicationId: word(3) }],
      ['is of a key whose binding has ended', {}, end({ endedAt: 5n })],
      ['is of a binding that there is not', { bindingId: 9n }],
    ];
    for (const [title, change, prepare] of attacks) {
      it(`refuses, and proves nothing, when the consent ${title}`, async () => {
        const consent = giveConsent(ledger, change);
        prepare?.();
        expect(await outcomeOf({ consent })).to.equal('CONSENT_MISSING');
        expect(answers.prepared).to.have.length(0);
      });
    }

    it('refuses a consent of another company, whoever cites it on chain and with whatever salt', async () => {
      const consent = giveConsent(ledger, {}, OTHER_SUBJECT);
      expect(await outcomeOf({ consent })).to.equal('CONSENT_MISSING');
      expect(await outcomeOf({ consent: { ...consent, salt: word(5) } })).to.equal('CONSENT_MISSING');
      expect(answers.prepared).to.have.length(0);
    });

    it('refuses a consent that is shown and not cited, cited and not shown, or another than the cited', async () => {
      const consent = giveConsent(ledger);
      ledger.consentsGiven.set(word(7), { ...(ledger.consentsGiven.get(CONSENT_ID) as ConsentFact) });
      expect(await outcomeOf({})).to.equal('CONSENT_MISSING');
      expect(await outcomeOf({}, CONSENT_ID)).to.equal('CONSENT_MISSING');
      expect(await outcomeOf({ consent }, word(7))).to.equal('CONSENT_MISSING');
      const responder = await make();
      const body = await question(ledger, asker, { consent });
      await responder.receive(body);
      await responder.idle();
      expect(ledger.calls.at(-1)).to.equal('refuse');
    });

    it('waits a while for a citation that its endpoint does not show yet', async () => {
      const responder = await make(60);
      const body = await question(ledger, asker, { consent: giveConsent(ledger) });
      await responder.receive(body);
      const key = {
        requester: REQUESTER,
        requestId: hexToBytes(body.request.requestId),
        registerId: REGISTER_ID,
      };
      while ((await new AnswerStore(db).byKey(key))?.error?.code !== 'CITATION_NOT_SEEN') await soon();
      ledger.citations.set(`${REQUESTER} ${requestDigest(ledger.domain, body.request)}`, CONSENT_ID);
      await responder.idle();
      expect(ledger.calls.at(-1)).to.equal('log');
    });

    for (const error of ['ConsentIsRevoked', 'ConsentExhausted', 'ConsentNotCited', 'BindingHasEnded']) {
      it(`logs the refusal when the log finds ${error} between check and entry`, async () => {
        transactions.reverts.push(error);
        expect(await outcomeOf({ consent: giveConsent(ledger) })).to.equal('CONSENT_MISSING');
        expect(answers.prepared).to.have.length(1);
      });
    }

    it('takes no consent with a field too many or too few', async () => {
      const responder = await make();
      const body = await question(ledger, asker, { consent: giveConsent(ledger) });
      for (const consent of [{ ...body.consent, more: 1 }, { consentId: CONSENT_ID }, 'consent', null]) {
        expect(await codeOf(responder.receive({ ...body, consent }))).to.equal('QUESTION_MALFORMED');
      }
    });
  });

  describe('the requester', () => {
    const posts: { path: string; body: Record<string, unknown> }[] = [];
    const ask: Ask = {
      subject: SUBJECT,
      registerId: REGISTER_ID,
      application: APPLICATION,
      predicate: PREDICATE,
      grantId: GRANT_ID,
      askedBy: 'officer',
    };
    const peer: PeerTransport = {
      post: (_, path, body) => {
        posts.push({ path, body: body as Record<string, unknown> });
        return Promise.resolve({ status: 202, body: { state: 'pending' } });
      },
    };
    let requester: Requester;
    beforeEach(async () => {
      posts.length = 0;
      requester = new Requester({
        db,
        facts: ledger,
        transport: peer,
        transactions,
        verifier: { verify: () => Promise.reject(new Error('nothing came')) },
        signer: asker,
        clock,
        memberId: REQUESTER,
        wait: soon,
      });
      stops.push(() => requester.stop());
      await requester.start();
    });

    it('cites the consent, and sends it with the question once the citation is in a block', async () => {
      const consent = giveConsent(ledger);
      const mined = transactions.hold();
      const id = await requester.ask({ ...ask, consent });
      expect(transactions.sent.map(({ kind }) => kind)).to.deep.equal(['cite-consent']);
      await soon();
      expect(posts).to.have.length(0);
      mined();
      while (posts.length === 0) await soon();
      expect(posts[0]?.body['consent']).to.deep.equal(consent);
      const request = (await requester.question(id))?.request as SignedRequestJson;
      expect(await ledger.citedConsent(REQUESTER, requestDigest(ledger.domain, request))).to.equal(
        CONSENT_ID,
      );
    });

    it('ends, unsent, when the consent is revoked before the citation', async () => {
      const consent = giveConsent(ledger);
      transactions.reverts.push('ConsentIsRevoked');
      const question: AskedQuestion = await requester.outcome(await requester.ask({ ...ask, consent }));
      expect([question.state, question.error?.code]).to.deep.equal(['failed', 'CONSENT_REVOKED']);
      expect(posts).to.have.length(0);
    });

    it('refuses at once to ask without one, and says in both languages how to get one', async () => {
      giveConsent(ledger);
      const error = await requester.ask(ask).then(
        () => undefined,
        (reason: unknown) => reason as LedgerError,
      );
      expect(isLedgerError(error, 'CONSENT_MISSING')).to.equal(true);
      expect(error?.message).to.include('ledger subject consent');
      expect(error?.messageZh).to.include('ledger subject consent');
      expect(transactions.sent).to.have.length(0);
    });

    const cases: [string, string, Partial<ConsentFact>, Partial<ConsentOpening>?][] = [
      ['that was revoked', 'CONSENT_REVOKED', { revokedAt: 5n }],
      ['that has expired', 'CONSENT_EXPIRED', { validUntil: 5n }],
      ['that is not valid yet', 'CONSENT_NOT_YET_VALID', { validFrom: 9_999_999_999n }],
      ['that is used up', 'CONSENT_EXHAUSTED', { uses: 1 }],
      ['for another requester', 'CONSENT_NOT_FOR_REQUESTER', { requester: 3n }],
      ['for another register', 'CONSENT_NOT_FOR_REGISTER', { registerId: 8n }],
      ['for another application', 'CONSENT_NOT_FOR_APPLICATION', { applicationId: word(3) }],
      ['that there is not', 'CONSENT_UNKNOWN', {}, { consentId: word(3) }],
      ['with another salt', 'CONSENT_OTHER_SUBJECT', {}, { salt: word(3) }],
    ];
    for (const [title, code, change, opening = {}] of cases) {
      it(`refuses to ask with a consent ${title} (${code}), and keeps nothing`, async () => {
        const consent = { ...giveConsent(ledger, change), ...opening };
        expect(await codeOf(requester.ask({ ...ask, consent }))).to.equal(code);
        expect(transactions.sent).to.have.length(0);
        expect(posts).to.have.length(0);
      });
    }

    it('refuses to ask with another company’s consent', async () => {
      const consent = giveConsent(ledger, {}, OTHER_SUBJECT);
      expect(await codeOf(requester.ask({ ...ask, consent }))).to.equal('CONSENT_OTHER_SUBJECT');
    });

    it('shows no consent where none is needed', async () => {
      const consent = giveConsent(ledger);
      ledger.application = { ...ledger.application, gateway: 'government-sharing' };
      expect(await codeOf(requester.ask({ ...ask, consent }))).to.equal('CONSENT_NOT_NEEDED');
    });

    it('refuses while no contract for consents is in force', async () => {
      const consent = giveConsent(ledger);
      ledger.consents = false;
      expect(await codeOf(requester.ask({ ...ask, consent }))).to.equal('CONSENTS_NOT_IN_FORCE');
    });
  });
});
