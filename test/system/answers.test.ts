import { randomBytes } from 'node:crypto';
import {
  CHECKS,
  type Check,
  type CreditAnswer,
  type SignedRequestJson,
  type Verification,
  verifyAnswer,
} from '@credit-ledger/sdk/answer';
import { answerLogAbi, chainFacts } from '@credit-ledger/sdk/chain';
import {
  applicationIdOf,
  CATALOGUE,
  dayAt,
  findPredicate,
  type Hex,
  LEDGER_CLASS,
  type OpenedEntry,
  predicateHashOf,
  randomNonce,
  randomSecret,
  RegisterTree,
  secretCommitOf,
  subjectKeyOf,
  subjectTagOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { bytesToHex, hexToBytes } from 'viem';
import { AnswerService } from '../../node/src/answers/index.ts';
import type { Ask } from '../../node/src/exchange/index.ts';
import { fetchTypedData, type FetchOutcome } from '../../node/src/exchange/wire.ts';
import { AnswerStore } from '../../node/src/store/answers.ts';
import type { AskedQuestion } from '../../node/src/store/questions.ts';
import { madeUpUscc, severePenalty } from '../answers/support/claims.ts';
import { codeOf } from '../support/codes.ts';
import { waitFor } from '../support/wait.ts';
import { PROMISE_SECONDS, Stage } from './support/agencies.ts';

const APPLICATION = 'commitment-eligibility';
const PREDICATE = 'may-promise';
const APPLICATION_ID = applicationIdOf(APPLICATION);
const SEVERE = madeUpUscc('91110000', 'MA0D0001');
const CLEAN = madeUpUscc('91120000', 'MA0D0002');
/** A proof takes as long as the machine is busy. */
const PATIENT = { timeoutMilliseconds: 120_000 };
const OTHER = madeUpUscc('91130000', 'MA0D0003');

describe('Answers between agencies on a real chain', function () {
  this.timeout(300_000);
  let stage: Stage;
  let grantId: Hex;

  before(async () => {
    stage = await Stage.make();
    await stage.append([[SEVERE, penalty()]]);
    grantId = await stage.grant({ applicationId: APPLICATION_ID });
  });
  after(() => stage.dispose());

  const penalty = (content = 77n): OpenedEntry => severePenalty(undefined, content);

  async function ask(subject: Uscc, change: Partial<Ask> = {}): Promise<AskedQuestion> {
    const { requester } = stage.tianjin;
    if (requester === undefined) throw new Error('nobody asks');
    const id = await requester.ask({
      subject,
      registerId: stage.register.registerId,
      application: APPLICATION,
      predicate: PREDICATE,
      grantId,
      askedBy: 'officer',
      ...change,
    });
    return requester.outcome(id);
  }

  async function answerTo(subject: Uscc, change: Partial<Ask> = {}): Promise<CreditAnswer> {
    const question = await ask(subject, change);
    expect(question.error, JSON.stringify(question.error)).to.equal(null);
    expect(question.state).to.equal('answered');
    return question.answer as CreditAnswer;
  }

  const expectations = (answer: CreditAnswer, subject: Uscc) => ({
    subject,
    predicate: { application: APPLICATION, predicate: PREDICATE },
    asOfDay: answer.request.asOfDay,
    requester: 2n,
    registerId: stage.register.registerId,
    now: Math.floor(stage.hebei.clock.now().getTime() / 1000),
  });

  /** As a third party does: Hebei, over its own endpoint, with its own network file. */
  async function verified(answer: CreditAnswer, subject: Uscc): Promise<Verification> {
    const chain = chainFacts(stage.hebei.view);
    return verifyAnswer(answer, await stage.network(), expectations(answer, subject), { chain });
  }

  const invalid = ({ checks }: Verification): Check[] =>
    checks.filter(({ verdict }) => verdict === 'INVALID').map(({ check }) => check);

  async function verifyOnChain(answer: CreditAnswer, bit: boolean): Promise<boolean> {
    const words = (pair: readonly [Hex, Hex]) => [BigInt(pair[0]), BigInt(pair[1])] as const;
    const { a, b, c } = answer.proof;
    return stage.hebei.chain.viem.readContract({
      address: stage.deployment.answerLog,
      abi: answerLogAbi,
      functionName: 'verifyClaim',
      args: [
        BigInt(answer.log.logId),
        bit,
        answer.disputed,
        { a: words(a), b: [words(b[0]), words(b[1])], c: words(c) },
      ],
    });
  }

  /** A question of Tianjin's with any content, straight to Beijing's responder. */
  async function raw(change: Partial<SignedRequestJson>, subject = CLEAN) {
    const { time } = await stage.tianjin.facts.now();
    const nonce = randomNonce();
    const request = await stage.signed({
      requestId: bytesToHex(randomBytes(32)),
      requester: '2',
      registerId: stage.register.registerId.toString(),
      applicationId: APPLICATION_ID,
      applicationVersion: 1,
      predicateHash: toBytes32(predicateHashOf(findPredicate(APPLICATION, PREDICATE).predicate)),
      asOfDay: dayAt(time),
      subjectTag: toBytes32(subjectTagOf(subject, nonce)),
      grantId,
      expiry: Number(time) + 3600,
      ...change,
    });
    return { request, uscc: subject, nonce: toBytes32(nonce) };
  }

  async function fetched(requestId: Hex): Promise<FetchOutcome> {
    const { facts, signer, clock } = stage.tianjin;
    const time = Math.floor(clock.now().getTime() / 1000);
    const registerId = stage.register.registerId.toString();
    const typed = fetchTypedData(facts.domain, { requestId, registerId, time });
    const signature = await signer.signTypedData('operator', typed);
    return responder().answerFor(requestId, { registerId, time, signature });
  }

  function responder() {
    const { responder: found } = stage.beijing;
    if (found === undefined) throw new Error('nobody answers');
    return found;
  }

  async function refusalOf(body: Awaited<ReturnType<typeof raw>>): Promise<string> {
    await responder().receive(body);
    await responder().idle();
    const outcome = await fetched(body.request.requestId);
    return outcome.state === 'refused' ? outcome.refusal.name : outcome.state;
  }

  const logCount = (): Promise<bigint> => stage.beijing.view.answerLog.read.logCount();

  it('NO about a severe penalty in force: every verdict VALID, on chain too', async () => {
    const answer = await answerTo(SEVERE);
    expect(answer.answer).to.equal(false);
    const verification = await verified(answer, SEVERE);
    expect(verification.checks.map(({ check, verdict }) => `${check} ${verdict}`)).to.deep.equal(
      CHECKS.map((check) => `${check} VALID`),
    );
    expect(await verifyOnChain(answer, false)).to.equal(true);
    expect(await verifyOnChain(answer, true)).to.equal(false);
  });

  it('YES about a company without an entry, and not about another one', async () => {
    const answer = await answerTo(CLEAN);
    expect(answer.answer).to.equal(true);
    expect((await verified(answer, CLEAN)).overall).to.equal('VALID');
    expect(invalid(await verified(answer, OTHER))).to.deep.equal(['subject']);
    expect(await verifyOnChain(answer, true)).to.equal(true);
  });

  it('an answer with a checkpoint of both other regions verifies without the chain', async () => {
    const answer = await answerTo(CLEAN);
    const { checkpoints } = stage.tianjin;
    const checkpoint = await checkpoints?.issue(stage.register.registerId, [BigInt(answer.log.logId)]);
    expect(checkpoint?.signatures.map(({ member }) => member)).to.deep.equal(['2', '3']);
    const verification = await verifyAnswer(answer, await stage.network(), expectations(answer, CLEAN), {
      checkpoint,
    });
    expect(invalid(verification)).to.deep.equal([]);
    expect(verification.overall).to.equal('VALID');
    expect(verification.checks.find(({ check }) => check === 'answer-logged')?.verdict).to.equal('VALID');
  });

  it('there is no checkpoint of a register, a batch or a log entry that there are not, and it says so', async () => {
    const { checkpoints } = stage.tianjin;
    const { registerId } = stage.register;
    const codeOfIssue = (...wish: Parameters<NonNullable<typeof checkpoints>['issue']>): Promise<string> =>
      codeOf(checkpoints?.issue(...wish) ?? Promise.resolve());
    expect(await codeOfIssue(999n)).to.equal('REGISTER_UNKNOWN');
    expect(await codeOfIssue(registerId, [999n])).to.equal('CHECKPOINT_REFUSED');
    expect(await codeOfIssue(registerId, [], { seq: 999n })).to.equal('CHECKPOINT_REFUSED');
  });

  it('no witness signs a checkpoint that its own chain does not give, and no owner its own', async () => {
    const { checkpoints } = stage.tianjin;
    const { signatures: _, ...honest } = (await checkpoints?.issue(stage.register.registerId)) ?? {};
    const sign = (agency: typeof stage.hebei, change: object) =>
      codeOf(
        agency.checkpoints?.sign({ checkpoint: { ...honest, ...change }, logIds: [] }) ?? Promise.resolve(),
      );
    expect(await sign(stage.hebei, {})).to.equal('nothing was refused');
    expect(await sign(stage.hebei, { root: toBytes32(5n) })).to.equal('CHECKPOINT_NOT_SIGNED');
    expect(await sign(stage.hebei, { lastStoodAt: 1 })).to.equal('CHECKPOINT_NOT_SIGNED');
    expect(await sign(stage.hebei, { expiry: 9_999_999_999 })).to.equal('CHECKPOINT_NOT_SIGNED');
    expect(await sign(stage.hebei, { logEntries: [toBytes32(5n)] })).to.equal('CHECKPOINT_NOT_SIGNED');
    expect(await sign(stage.hebei, { root: 'x' })).to.equal('CHECKPOINT_MALFORMED');
    expect(await sign(stage.beijing, {})).to.equal('CHECKPOINT_NOT_SIGNED');
  });

  it('a replayed question is turned away, and logged once', async () => {
    const body = await raw({});
    await responder().receive(body);
    expect(await codeOf(responder().receive(body))).to.equal('REQUEST_REPLAYED');
    await responder().idle();
    const before = await logCount();
    expect(await codeOf(responder().receive(body))).to.equal('REQUEST_REPLAYED');
    await stage.restart();
    expect(await codeOf(responder().receive(body))).to.equal('REQUEST_REPLAYED');
    expect(await logCount()).to.equal(before);
  });

  it('a grant good for one answer gives one, and a coded refusal after it', async () => {
    const once = await stage.grant({ applicationId: APPLICATION_ID, maxUses: 1 });
    await answerTo(CLEAN, { grantId: once });
    expect(await refusalOf(await raw({ grantId: once }))).to.equal('GRANT_NOT_USABLE');
    // Two at the same time: one is answered, the other refused, whoever comes first.
    const single = await stage.grant({ applicationId: APPLICATION_ID, maxUses: 1 });
    const both = [await raw({ grantId: single }), await raw({ grantId: single })];
    for (const body of both) await responder().receive(body);
    await responder().idle();
    const outcomes = await Promise.all(both.map(({ request }) => fetched(request.requestId)));
    expect(outcomes.map(({ state }) => state).sort()).to.deep.equal(['answered', 'refused']);
  });

  it('a predicate, a version, a day that the list does not permit: coded refusals', async () => {
    const other = CATALOGUE.applications
      .flatMap(({ predicates }) => predicates)
      .map(({ predicate }) => toBytes32(predicateHashOf(predicate)))
      .find((hash) => hash !== toBytes32(predicateHashOf(findPredicate(APPLICATION, PREDICATE).predicate)));
    expect(await refusalOf(await raw({ predicateHash: other ?? '0x' }))).to.equal('PREDICATE_NOT_LISTED');
    expect(await refusalOf(await raw({ applicationVersion: 2 }))).to.equal('PREDICATE_NOT_LISTED');
    expect(await refusalOf(await raw({ asOfDay: 20_000 }))).to.equal('DAY_NOT_ALLOWED');
  });

  it('a grant that needs a consent is refused until there are consents', async () => {
    const consent = await stage.grant({ applicationId: APPLICATION_ID, consentRequired: true });
    expect(await refusalOf(await raw({ grantId: consent }))).to.equal('CONSENT_MISSING');
  });

  it('a chain of 41 entries is refused as CHAIN_TOO_LONG, and the requester takes the signed refusal', async () => {
    const long = madeUpUscc('91110000', 'MA0D0041');
    await stage.append(Array.from({ length: 41 }, (_, i) => [long, penalty(BigInt(i + 1))] as const));
    const question = await ask(long);
    expect([question.state, question.refusalCode]).to.deep.equal(['refused', 1]);
  });

  it('a crash between log and release: released once, exactly as logged', async () => {
    await stage.beijing.outbox.stop();
    const body = await raw({}, SEVERE);
    const key = {
      requester: BigInt(body.request.requester),
      requestId: hexToBytes(body.request.requestId),
      registerId: stage.register.registerId,
    };
    const store = new AnswerStore(stage.beijing.db);
    await responder().receive(body);
    await waitFor(
      'the answer to be queued',
      async () => (await store.byKey(key))?.state === 'logging',
      PATIENT,
    );
    expect((await fetched(body.request.requestId)).state).to.equal('pending');
    await responder().stop();
    // The chain takes it while nobody is there to release it.
    const before = await logCount();
    stage.beijing.outbox.start();
    await waitFor('the log', async () => (await logCount()) === before + 1n, PATIENT);
    expect((await store.byKey(key))?.answer).to.equal(null);
    await stage.restart();
    await responder().idle();
    const outcome = await fetched(body.request.requestId);
    if (outcome.state !== 'answered') throw new Error(outcome.state);
    const answer = outcome.answer as CreditAnswer;
    expect(await logCount()).to.equal(before + 1n);
    expect((await verified(answer, SEVERE)).overall).to.equal('VALID');
    expect(await fetched(body.request.requestId)).to.deep.equal(outcome);
  });

  it('a chain that forgets the log: withheld, logged again, released again', async () => {
    const snapshot = await stage.test.snapshot();
    const body = await raw({});
    await responder().receive(body);
    await responder().idle();
    const first = await fetched(body.request.requestId);
    if (first.state !== 'answered') throw new Error(first.state);
    // Nothing else is sent meanwhile, so that the withheld state can be seen.
    await stage.beijing.outbox.stop();
    await stage.test.revert({ id: snapshot });
    await stage.test.mine({ blocks: 1 });
    expect((await fetched(body.request.requestId)).state).to.equal('pending');
    stage.beijing.outbox.start();
    const again = await waitFor(
      'the answer to be logged again',
      async () => {
        const outcome = await fetched(body.request.requestId);
        return outcome.state === 'answered' ? (outcome.answer as CreditAnswer) : undefined;
      },
      PATIENT,
    );
    expect(again.proof).to.deep.equal((first.answer as CreditAnswer).proof);
    expect((await verified(again, CLEAN)).overall).to.equal('VALID');
  });

  it('under an invented secret anyone is clean: proved, logged, and not believed', async () => {
    const secret = randomSecret();
    const empty = new RegisterTree();
    const { facts } = stage.beijing;
    const lie = new AnswerService({
      prover: stage.prover,
      facts: {
        domain: facts.domain,
        register: async (id) => {
          const register = await facts.register(id);
          return register && { ...register, secretCommit: secretCommitOf(secret) };
        },
        latestWitnessed: async (id) => ({
          ...(await facts.latestWitnessed(id)),
          root: stage.register.tree.root(),
        }),
        usable: (id, hash) => facts.usable(id, hash),
        circuitsFor: (...of) => facts.circuitsFor(...of),
        predicate: (...of) => facts.predicate(...of),
      },
      own: {
        // Under the invented secret the subject has another key, which is absent from the true tree.
        chainOf: (uscc) =>
          Promise.resolve({
            entries: [],
            path: stage.register.tree.path(subjectKeyOf(uscc, LEDGER_CLASS.adverse, secret)),
            root: stage.register.tree.root(),
          }),
        secretOf: () => Promise.resolve(secret),
      },
    });
    expect(empty.root()).not.to.equal(stage.register.tree.root());
    await stage.restart(lie);
    const question = await ask(SEVERE);
    expect([question.state, question.error?.code]).to.deep.equal(['failed', 'ANSWER_NOT_BELIEVED']);
    const answer = question.answer as CreditAnswer;
    expect(answer.answer).to.equal(true);
    expect(invalid(await verified(answer, SEVERE))).to.deep.equal(['register-secret']);
    expect(await verifyOnChain(answer, true)).to.equal(false);
    // Claiming the true commitment beside that proof is no better.
    const claimed = {
      ...answer,
      register: { ...answer.register, secretCommit: toBytes32(secretCommitOf(stage.register.secret)) },
    };
    expect((await verified(claimed, SEVERE)).overall).to.equal('INVALID');
    await stage.restart();
  });

  it('under an old root: the log does not take it, and the requester gets a refusal, not an answer', async () => {
    const old = await stage.beijing.facts.latestWitnessed(stage.register.registerId);
    await stage.append([[OTHER, penalty()]]);
    await stage.passTime(700);
    const { facts } = stage.beijing;
    const lie = new AnswerService({
      prover: stage.prover,
      own: stage.register,
      facts: {
        domain: facts.domain,
        register: (id) => facts.register(id),
        latestWitnessed: () => Promise.resolve(old),
        usable: () => Promise.resolve({ standing: 'current' }),
        circuitsFor: (...of) => facts.circuitsFor(...of),
        predicate: (...of) => facts.predicate(...of),
      },
    });
    let proved: ReturnType<typeof lie.prepare> | undefined;
    await stage.restart({ prepare: (...question) => (proved ??= lie.prepare(...question)) });
    const question = await ask(OTHER);
    expect([question.state, question.refusalCode]).to.deep.equal(['refused', 10]);
    await stage.restart();
    expect((await answerTo(OTHER)).answer).to.equal(false);
  });

  it('a contested batch: nothing rests on it; what the last uncontested root says is not believed as current', async () => {
    const fresh = madeUpUscc('91110000', 'MA0D0099');
    const hash = await stage.append([[fresh, penalty()]], false);
    await stage.object(hash);
    const question = await ask(fresh);
    expect([question.state, question.error?.code]).to.deep.equal(['failed', 'ANSWER_NOT_BELIEVED']);
    const answer = question.answer as CreditAnswer;
    expect(answer.batchHash).not.to.equal(hash);
    expect(invalid(await verified(answer, fresh))).to.deep.equal(['root-current']);
    const { checkpoints } = stage.tianjin;
    expect(await codeOf(checkpoints?.issue(stage.register.registerId) ?? Promise.resolve())).to.equal(
      'CHECKPOINT_REFUSED',
    );
    // Dismissed, the batch stands; once it is attested, answers rest on it.
    await stage.rule(BigInt(stage.register.tree.seq), false);
    await stage.attest(hash);
    expect((await answerTo(fresh)).answer).to.equal(false);
  });

  it('an expired grant is refused; so is a register that is silent longer than it promised', async () => {
    const short = await stage.grant({ applicationId: APPLICATION_ID, validSeconds: 600n });
    await stage.passTime(700);
    expect(await refusalOf(await raw({ grantId: short }))).to.equal('GRANT_NOT_USABLE');
    await stage.passTime(PROMISE_SECONDS + 60);
    expect(await refusalOf(await raw({}))).to.equal('INTERNAL');
  });

  it('a clock that is off: nothing is answered or handed out until it is right', async () => {
    const { clock } = stage.beijing;
    const body = await raw({});
    clock.shift(400_000);
    expect(await codeOf(responder().receive(body))).to.equal('CLOCK_OFF');
    clock.shift(-400_000);
    await responder().receive(body);
    await responder().idle();
  });
});
