import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requestDigest, type SignedRequestJson } from '@credit-ledger/sdk/answer';
import { checkSubjectQuestions, type ToldQuestion } from '@credit-ledger/sdk/chain';
import {
  applicationIdOf,
  type ConsentTerms,
  dayAt,
  findPredicate,
  type Hex,
  ledgerDomain,
  predicateHashOf,
  randomNonce,
  REQUEST_TYPES,
  SUBJECT_QUESTIONS_TYPES,
  subjectTagOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { bytesToHex, type LocalAccount } from 'viem';
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
import { createLogger } from '../../node/src/api/logging.ts';
import type { QuestionDetail } from '../../node/src/api/schemas/answers.ts';
import type { Grant, Sent } from '../../node/src/api/schemas/ledger.ts';
import type { Binding, Consent, QuestionAbout } from '../../node/src/api/schemas/subjects.ts';
import type { Readiness } from '../../node/src/api/schemas/system.ts';
import { createNode, type LedgerNode } from '../../node/src/app.ts';
import { Connection } from '../../node/src/cli/connection.ts';
import { loadConfig } from '../../node/src/config.ts';
import { citeCall, requestTuple } from '../../node/src/exchange/log-calls.ts';
import { setUpNode, type SetUp } from '../../node/src/setup.ts';
import { ANVIL_MNEMONIC, type Anvil, startAnvil } from '../../scripts/lib/anvil.ts';
import { deployLedger, type Deployment } from '../../scripts/lib/deploy.ts';
import { foundLedger, fundAccounts } from '../../scripts/lib/found.ts';
import { madeUpUscc } from '../answers/support/claims.ts';
import { TestSubject } from '../subjects/support/subject.ts';
import { codeOf } from '../support/codes.ts';
import { makeTempDir } from '../support/temp.ts';
import { waitFor } from '../support/wait.ts';

const APPLICATION = 'bank-credit-review';
const PREDICATE = 'no-severe-default';
const PATIENT = { timeoutMilliseconds: 180_000, everyMilliseconds: 100 };
const MEMBERS = [
  {
    name: '北京示例市场监管局',
    regionCode: 110_101,
    creditCode: '11110101MAK0GYY85R',
    role: 'authority',
  },
  { name: '河北示例银行', regionCode: 130_102, creditCode: '11130102MA4C74F26Q', role: 'requester' },
] as const;

/** Beijing's agency keeps a register; a bank in Hebei asks; two companies have keys of their own. */
describe('Consents between two nodes on one chain', function () {
  this.timeout(300_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let chain: Anvil;
  let deployment: Deployment;
  const nodes: LedgerNode[] = [];
  const connections: Connection[] = [];
  let company: TestSubject;
  let other: TestSubject;
  let companyBinding: Binding;
  let otherBinding: Binding;
  let grant: Grant;

  const node = (i: number): LedgerNode => nodes[i] as LedgerNode;
  const agency = (): Connection => connections[0] as Connection;
  const bank = (): Connection => connections[1] as Connection;
  const call = async <T>(connection: Connection, id: string, options = {}): Promise<T> =>
    (await connection.call<T>(id, options)).body;

  before(async () => {
    temp = await makeTempDir();
    chain = await startAnvil();
    const deployer = mnemonicToAccount(ANVIL_MNEMONIC);
    const seat = (): LocalAccount => privateKeyToAccount(generatePrivateKey());
    const seats = [seat(), seat(), seat()] as const;
    deployment = await deployLedger({
      rpcUrl: chain.url,
      deployer,
      regions: [110_000, 120_000, 130_000],
      seats: [seats[0].address, seats[1].address, seats[2].address],
    });
    const deploymentFile = join(temp.path, 'deployment.json');
    await writeFile(deploymentFile, JSON.stringify(deployment));
    const keys: SetUp[] = [];
    for (const i of MEMBERS.keys()) {
      const directory = join(temp.path, `node-${i}`);
      const settings = {
        rpcUrl: chain.url,
        port: 0,
        pollMilliseconds: 100,
        proverWorkers: 1,
        // A test looks more often than people do.
        requestsPerMinute: 100_000,
      };
      keys.push(await setUpNode({ directory, settings, deploymentFile, environment: {} }));
      const made = await createNode(await loadConfig(directory, {}), {
        environment: {},
        checkReplies: true,
        logger: createLogger('silent'),
      });
      nodes.push(made);
      await made.start();
      connections.push(
        new Connection(
          { url: made.url, dataDir: directory },
          { environment: {}, signal: new AbortController().signal },
        ),
      );
    }
    await fundAccounts(chain.url, deployer, [
      ...seats.map(({ address }) => address),
      ...keys.flatMap(({ operator, witness }) => [operator, witness]),
    ]);
    await foundLedger({
      rpcUrl: chain.url,
      deployment,
      seats: [seats[0], seats[1]],
      members: MEMBERS.map((member, i) => ({
        ...member,
        endpoint: nodes[i]?.url ?? '',
        operator: keys[i]?.operator ?? '0x',
        ...(member.role === 'authority' ? { witness: keys[i]?.witness ?? '0x' } : {}),
      })),
    });
    for (const connection of connections) {
      await waitFor(
        'a node that is ready',
        async () => (await call<Readiness>(connection, 'getReadiness')).ready,
      );
    }
    await call<Sent>(agency(), 'openRegister', { json: {} });
    grant = await call<Grant>(agency(), 'giveGrant', {
      json: {
        grantee: { region: 130_000 },
        application: APPLICATION,
        classes: [1],
        validUntil: new Date(Date.now() + 86_400_000).toISOString(),
      },
    });
    const domain = ledgerDomain(BigInt(deployment.chainId), deployment.processes.consents);
    company = new TestSubject(madeUpUscc('91110000', 'MA0E0001'), domain);
    other = new TestSubject(madeUpUscc('91110000', 'MA0E0002'), domain);
    companyBinding = await bind(company);
    otherBinding = await bind(other);
    // The bank's node follows by itself.
    await waitFor('the bank to see the grant', async () => {
      const { items } = await call<{ items: Grant[] }>(bank(), 'listGrants');
      return items.some(({ id }) => id === grant.id);
    });
  });
  after(async () => {
    await Promise.all(nodes.map((each) => each.stop()));
    await chain?.stop();
    await temp?.remove();
  });

  async function bind(subject: TestSubject): Promise<Binding> {
    return call<Binding>(agency(), 'makeBinding', {
      json: {
        uscc: subject.uscc,
        subject: subject.address,
        salt: subject.salt,
        signature: await subject.binding(1n),
      },
    });
  }

  /** A consent that its subject signed and the bank relayed. */
  async function consent(
    subject: TestSubject,
    binding: Binding,
    change: Partial<ConsentTerms> = {},
  ): Promise<Consent> {
    const now = BigInt(Math.floor(Date.now() / 1000));
    const terms: ConsentTerms = {
      bindingId: BigInt(binding.bindingId ?? 0),
      applicationId: applicationIdOf(APPLICATION),
      registerId: 1n,
      requester: 2n,
      validFrom: now - 3_600n,
      validUntil: now + 86_400n,
      maxUses: 1,
      salt: bytesToHex(randomBytes(32)),
      ...change,
    };
    const { validFrom, validUntil, ...rest } = terms;
    const input = {
      ...rest,
      bindingId: rest.bindingId.toString(),
      registerId: rest.registerId.toString(),
      requester: rest.requester.toString(),
      validFrom: Number(validFrom),
      validUntil: Number(validUntil),
    };
    return call<Consent>(bank(), 'giveConsent', { json: { input, signature: await subject.consent(terms) } });
  }

  async function ask(
    subject: TestSubject,
    given?: { readonly id: string },
    salt = subject.salt,
  ): Promise<QuestionDetail> {
    const asked = await call<{ items: QuestionDetail[] }>(bank(), 'ask', {
      json: {
        subject: subject.uscc,
        register: '1',
        application: APPLICATION,
        predicate: PREDICATE,
        reason: '授信审查',
        ...(given === undefined ? {} : { consent: { consentId: given.id, salt } }),
      },
    });
    const id = asked.items[0]?.id ?? '';
    return waitFor(
      'an outcome',
      async () => {
        const question = await call<QuestionDetail>(bank(), 'getQuestion', { params: { id } });
        return ['created', 'sent'].includes(question.state) ? undefined : question;
      },
      PATIENT,
    );
  }

  /** What a bank would send whose own node had been altered: signed by its key, and whatever comes with it. */
  async function forged(
    uscc: Uscc,
    shown: { readonly consentId: Hex; readonly salt: Hex } | undefined,
  ): Promise<string> {
    const { keyring, outbox, db } = node(1).rooms;
    const { facts } = node(1).rooms.exchange();
    const { time } = await facts.now();
    const nonce = randomNonce();
    const unsigned = {
      requestId: bytesToHex(randomBytes(32)),
      requester: '2',
      registerId: '1',
      applicationId: applicationIdOf(APPLICATION),
      applicationVersion: 1,
      predicateHash: toBytes32(predicateHashOf(findPredicate(APPLICATION, PREDICATE).predicate)),
      asOfDay: dayAt(time),
      subjectTag: toBytes32(subjectTagOf(uscc, nonce)),
      grantId: grant.id as Hex,
      expiry: Number(time) + 3_600,
    };
    const request: SignedRequestJson = {
      ...unsigned,
      signature: await keyring.signTypedData('operator', {
        domain: ledgerDomain(facts.domain.chainId, facts.domain.answerLog),
        types: REQUEST_TYPES,
        primaryType: 'Request',
        message: requestTuple({ ...unsigned, signature: '0x' }),
      }),
    };
    if (shown !== undefined) {
      const digest = requestDigest(facts.domain, request);
      const id = await db.transaction((tx) =>
        outbox.enqueue(tx, {
          kind: 'cite-consent',
          dedupeKey: `forged ${digest}`,
          role: 'operator',
          to: facts.contracts.consents,
          data: citeCall(shown.consentId, digest),
        }),
      );
      await outbox.waitFor(id);
    }
    const { responder } = node(0).rooms.exchange();
    const body = {
      request,
      uscc,
      nonce: toBytes32(nonce),
      ...(shown === undefined ? {} : { consent: shown }),
    };
    await responder.receive(body);
    return waitFor(
      'the responder to settle it',
      async () => {
        const { items } = await call<{ items: { requestId: string; state: string; refusal: unknown }[] }>(
          agency(),
          'listAnswers',
        );
        const mine = items.find(({ requestId }) => requestId === request.requestId);
        if (mine === undefined || !['answered', 'refused', 'failed'].includes(mine.state)) return undefined;
        return (mine.refusal as { name: string } | null)?.name ?? mine.state;
      },
      PATIENT,
    );
  }

  /** What the company reads of itself at the agency's node, by its key alone: no token. */
  async function readByKey(subject: TestSubject, binding: Binding): Promise<QuestionAbout[]> {
    const time = Math.floor(Date.now() / 1000);
    const bindingId = binding.bindingId ?? '';
    const signature = await subject.account.signTypedData({
      domain: subject.domain,
      types: SUBJECT_QUESTIONS_TYPES,
      primaryType: 'SubjectQuestions',
      message: { bindingId: BigInt(bindingId), member: 1n, time: BigInt(time) },
    });
    const { items } = await call<{ items: QuestionAbout[] }>(agency(), 'readOwnQuestions', {
      json: { bindingId, uscc: subject.uscc, salt: subject.salt, time, signature },
    });
    return items;
  }

  it('a key is bound once, by an authority, and by its own signature', async () => {
    expect(companyBinding).to.include({ state: 'holds', voucher: '1' });
    expect(await codeOf(bind(company))).to.equal('BINDING_KEY_BOUND');
    const impostor = new TestSubject(company.uscc, company.domain);
    const json = {
      uscc: company.uscc,
      subject: impostor.address,
      salt: impostor.salt,
      signature: await company.binding(1n, impostor.bindingCommit),
    };
    expect(await codeOf(call(agency(), 'makeBinding', { json }))).to.equal('BINDING_WRONG_SIGNER');
    const asBank = {
      uscc: company.uscc,
      subject: impostor.address,
      salt: impostor.salt,
      signature: await impostor.binding(2n),
    };
    expect(await codeOf(call(bank(), 'makeBinding', { json: asBank }))).to.equal('BINDING_NOT_AUTHORITY');
  });

  it('without a consent nothing is asked; sent all the same, it is refused on chain', async () => {
    expect(await codeOf(ask(company))).to.equal('CONSENT_MISSING');
    expect(await forged(company.uscc, undefined)).to.equal('CONSENT_MISSING');
  });

  it('with a consent it is answered, once; the next finds it used up', async () => {
    const given = await consent(company, companyBinding);
    expect(given).to.include({ state: 'valid', uses: 0, application: APPLICATION });
    const question = await ask(company, given);
    expect(question.error, JSON.stringify(question.error)).to.equal(null);
    expect([question.state, question.answer]).to.deep.equal(['answered', true]);
    expect(question.verification?.overall).to.equal('VALID');
    await waitFor('the use to be followed', async () => {
      const now = await call<Consent>(bank(), 'getConsent', { params: { id: given.id } });
      return now.state === 'exhausted';
    });
    expect(await codeOf(ask(company, given))).to.equal('CONSENT_EXHAUSTED');
    const shown = { consentId: given.id as Hex, salt: company.salt };
    expect(await codeOf(forged(company.uscc, shown))).to.equal('CHAIN_REVERTED');
  });

  it('two questions at the same moment on one use: one answer and one refusal', async () => {
    const given = await consent(company, companyBinding);
    const both = await Promise.all([ask(company, given), ask(company, given)]);
    const outcomes = both.map(({ state, refusal, error }) => refusal?.name ?? error?.code ?? state).sort();
    // Which of the two notices depends on who was faster: the citing, the check or the log.
    expect(outcomes).to.include('answered');
    expect(outcomes.filter((outcome) => outcome !== 'answered')[0]).to.be.oneOf([
      'CONSENT_MISSING',
      'CONSENT_EXHAUSTED',
    ]);
  });

  it('another company’s consent is refused by the bank’s own node, and by the responder when it is forged', async () => {
    const given = await consent(other, otherBinding);
    expect(await codeOf(ask(company, given, other.salt))).to.equal('CONSENT_OTHER_SUBJECT');
    const shown = { consentId: given.id as Hex, salt: other.salt };
    expect(await forged(company.uscc, shown)).to.equal('CONSENT_MISSING');
    expect(await forged(company.uscc, { ...shown, salt: company.salt })).to.equal('CONSENT_MISSING');
    const untouched = await call<Consent>(bank(), 'getConsent', { params: { id: given.id } });
    expect(untouched.uses).to.equal(0);
  });

  it('revoked by its subject, it is good for nothing any more', async () => {
    const given = await consent(company, companyBinding, { maxUses: 5 });
    const signature = await company.revocation(given.id as Hex);
    const forgedBy = await other.revocation(given.id as Hex);
    const revoke = (by: Hex) =>
      call<Sent>(agency(), 'revokeConsent', { params: { id: given.id }, json: { signature: by } });
    expect(await codeOf(revoke(forgedBy))).to.equal('CONSENT_WRONG_SIGNER');
    expect((await revoke(signature)).state).to.equal('mined');
    expect(await codeOf(ask(company, given))).to.equal('CONSENT_REVOKED');
    expect(await codeOf(revoke(signature))).to.equal('CONSENT_REVOKED');
  });

  it('the company sees every question about it, can check each on chain, and finds what it was not told', async () => {
    const told = await readByKey(company, companyBinding);
    const { items } = await call<{ items: QuestionAbout[] }>(agency(), 'questionsAbout', {
      params: { uscc: company.uscc },
      reason: '主体申请查询',
    });
    expect(items).to.deep.equal(told);
    expect(told.length).to.be.at.least(5);
    expect(new Set(told.map(({ requester }) => requester))).to.deep.equal(new Set(['2']));
    expect(new Set(told.map(({ application }) => application))).to.deep.equal(new Set([APPLICATION]));

    const { view, processes } = node(0).rooms;
    const subject = { uscc: company.uscc, bindingIds: [BigInt(companyBinding.bindingId ?? 0)] };
    const check = (list: readonly ToldQuestion[]) => checkSubjectQuestions(view, processes, subject, list);
    const honest = await check(told);
    expect(honest.untold).to.deep.equal([]);
    for (const { question, verdict } of honest.told) {
      expect(verdict).to.equal((question as QuestionAbout).state);
    }
    const answered = told.filter(({ state }) => state === 'answered');
    expect(answered).to.have.length(2);

    // An agency that keeps one quiet is found out by the use of the consent.
    const quiet = answered[0];
    const found = await check(told.filter((each) => each !== quiet));
    expect(found.untold.map(({ requestDigest, foundBy }) => [requestDigest, foundBy])).to.deep.equal([
      [quiet?.requestDigest, 'consent'],
    ]);
    // One that names another company's question, or another entry of the log, as well.
    const swapped = { ...(answered[1] as QuestionAbout), nonce: toBytes32(randomNonce()) };
    const moved = { ...(answered[1] as QuestionAbout), logId: quiet?.logId ?? null };
    expect((await check([swapped])).told[0]?.verdict).to.equal('tag-of-another');
    expect((await check([moved])).told[0]?.verdict).to.equal('log-differs');
  });

  it('nobody else reads it: not with another key, and not once the binding has ended', async () => {
    expect(await codeOf(readByKey(other, companyBinding))).to.equal('SUBJECT_NOT_AUTHENTIC');
    expect(await readByKey(other, otherBinding)).to.deep.equal([]);
    const signature = await other.bindingEnd(BigInt(otherBinding.bindingId ?? 0));
    await call<Sent>(bank(), 'endBinding', {
      params: { id: otherBinding.bindingId ?? '' },
      json: { signature },
    });
    expect(await codeOf(readByKey(other, otherBinding))).to.equal('SUBJECT_NOT_AUTHENTIC');
  });
});
