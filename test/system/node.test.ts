import { dateOfDay, dayAt } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LocalAccount } from 'viem';
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
import type { Question, QuestionDetail, Verification } from '../../node/src/api/schemas/answers.ts';
import type { CreditRecord, Import } from '../../node/src/api/schemas/intake.ts';
import type { Grant, Receipt, Register, Sent } from '../../node/src/api/schemas/ledger.ts';
import type { PublicRecords, Timeliness } from '../../node/src/api/schemas/publicity.ts';
import type { Readiness, StoreReport } from '../../node/src/api/schemas/system.ts';
import { createLogger } from '../../node/src/api/logging.ts';
import { createNode, type LedgerNode } from '../../node/src/app.ts';
import { Connection } from '../../node/src/cli/connection.ts';
import { run } from '../../node/src/cli/main.ts';
import { loadConfig, type NodeConfig } from '../../node/src/config.ts';
import { followedCalendar } from '../../node/src/publicity/index.ts';
import { setUpNode, type SetUp } from '../../node/src/setup.ts';
import { ANVIL_MNEMONIC, startAnvil, type Anvil } from '../../scripts/lib/anvil.ts';
import { deployLedger, type Deployment } from '../../scripts/lib/deploy.ts';
import { fundAccounts, foundLedger } from '../../scripts/lib/found.ts';
import { makeLargeFile, makeSamples } from '../../scripts/lib/samples.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection, waitFor } from '../support/wait.ts';
import { ask } from './snippets/ask.ts';
import { importFile } from './snippets/import.ts';
import { verify } from './snippets/verify.ts';

interface Agency {
  readonly name: string;
  readonly regionCode: number;
  readonly creditCode: string;
}

const AGENCIES: readonly Agency[] = [
  { name: '北京示例市场监管局', regionCode: 110_000, creditCode: '11110101MAK0GYY85R' },
  { name: '天津示例生态环境局', regionCode: 120_000, creditCode: '11120101MAJNDYEF8Y' },
  { name: '河北示例交通运输厅', regionCode: 130_000, creditCode: '11130102MA4C74F26Q' },
];
const TODAY = dateOfDay(dayAt(Math.floor(Date.now() / 1000)));
const EXAMPLE_PROFILE = join(
  import.meta.dirname,
  '../../node/src/intake/profiles/example-ecology-export.json',
);

/** The command line as a person runs it: its exit code and what it printed. */
async function cli(
  directory: string,
  ...argv: string[]
): Promise<{ code: number; out: string; err: string }> {
  return cliWith({}, directory, ...argv);
}

async function cliWith(
  environment: Readonly<Record<string, string>>,
  directory: string,
  ...argv: string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await run([...argv, '--lang', 'en'], {
    environment,
    directory,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

describe('three nodes on one chain', function () {
  this.timeout(240_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let chain: Anvil;
  let chainFile: string;
  let deployment: Deployment;
  let cast: Record<string, { uscc: string }>;
  let samples: string;
  const nodes: LedgerNode[] = [];
  const connections: Connection[] = [];

  const dirOf = (i: number): string => join(temp.path, `node-${i + 1}`);
  const beijing = (): Connection => connections[0] as Connection;
  const tianjin = (): Connection => connections[1] as Connection;
  const call = async <T>(connection: Connection, id: string, options = {}): Promise<T> =>
    (await connection.call<T>(id, options)).body;

  /** The first node once more, with these settings: what a restarted process would be. */
  const startFirst = async (config: NodeConfig): Promise<LedgerNode> => {
    const node = await createNode(config, {
      environment: {},
      checkReplies: true,
      logger: createLogger('silent'),
    });
    nodes[0] = node;
    await node.start();
    return node;
  };

  before(async () => {
    temp = await makeTempDir();
    // Written for today: what is in force in the samples is in force whenever the test runs.
    samples = join(temp.path, 'samples');
    const { companies } = await makeSamples({ today: TODAY, seed: 2021, dir: samples });
    cast = Object.fromEntries(companies.map((company) => [company.role, company]));
    chainFile = join(temp.path, 'chain.json');
    chain = await startAnvil({ stateFile: chainFile });
    const deployer = mnemonicToAccount(ANVIL_MNEMONIC);
    const seats = [0, 1, 2].map(() => privateKeyToAccount(generatePrivateKey())) as [
      LocalAccount,
      LocalAccount,
      LocalAccount,
    ];
    deployment = await deployLedger({
      rpcUrl: chain.url,
      deployer,
      regions: [110_000, 120_000, 130_000],
      seats: [seats[0].address, seats[1].address, seats[2].address],
    });
    const deploymentFile = join(temp.path, 'deployment.json');
    await writeFile(deploymentFile, JSON.stringify(deployment));

    const keys: SetUp[] = [];
    for (const i of AGENCIES.keys()) {
      keys.push(
        await setUpNode({
          directory: dirOf(i),
          settings: {
            rpcUrl: chain.url,
            port: 0,
            pollMilliseconds: 100,
            proverWorkers: 1,
            batchEverySeconds: 86_400,
          },
          deploymentFile,
          environment: {},
        }),
      );
    }
    for (const i of AGENCIES.keys()) {
      const node = await createNode(await loadConfig(dirOf(i), {}), {
        environment: {},
        checkReplies: true,
        logger: createLogger('silent'),
      });
      nodes.push(node);
      await node.start();
      connections.push(
        new Connection(
          { url: node.url, dataDir: dirOf(i) },
          { environment: {}, signal: new AbortController().signal },
        ),
      );
    }
    // Founded only now: nodes may run before the council has admitted them.
    const ready = await call<Readiness>(beijing(), 'getReadiness');
    expect(ready.chain.detail).to.be.oneOf(['NOT_A_MEMBER', 'CHAIN_NOT_FOLLOWED_YET']);
    await fundAccounts(chain.url, deployer, [
      ...seats.map((seat) => seat.address),
      ...keys.flatMap(({ operator, witness }) => [operator, witness]),
    ]);
    await foundLedger({
      rpcUrl: chain.url,
      deployment,
      seats: [seats[0], seats[1]],
      members: AGENCIES.map((agency, i) => ({
        ...agency,
        role: 'authority',
        endpoint: nodes[i]?.url ?? '',
        operator: keys[i]?.operator ?? '0x',
        witness: keys[i]?.witness ?? '0x',
      })),
    });
    for (const connection of connections) {
      await waitFor(
        'a node that is ready',
        async () => (await call<Readiness>(connection, 'getReadiness')).ready,
      );
    }
  });

  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await chain?.stop();
    await temp?.remove();
  });

  it('take a file in before the register is open, and its entries follow when it is', async () => {
    const started = await call<Import>(beijing(), 'startImport', {
      query: { fileName: 'penalties.csv' },
      raw: { body: await readFile(join(samples, 'beijing-penalties.csv')), mediaType: 'text/csv' },
    });
    const done = await waitFor('the import', async () => {
      const current = await call<Import>(beijing(), 'getImport', { params: { id: started.id } });
      return current.state === 'running' ? undefined : current;
    });
    expect(done.state, JSON.stringify(done.error)).to.equal('done');
    expect(done.records).to.be.greaterThan(0);
    expect(done.rows).to.equal(done.records + done.duplicates + done.rowsWithIssues);
    const opened = await call<Sent>(beijing(), 'openRegister', { json: {} });
    expect(opened).to.deep.include({ state: 'mined', registerId: '1' });
    await waitFor('entries of the records', async () => {
      const receipt = await beijing()
        .call<Receipt>('getReceipt', { params: { recordId: '1' } })
        .catch(() => undefined);
      return receipt?.body.entries.length === 1;
    });
  });

  it('anchor the entries, and the other two witness them', async () => {
    await call(beijing(), 'anchor', { params: { id: '1' } });
    const receipt = await waitFor(
      'a witnessed batch',
      async () => {
        const current = await call<Receipt>(beijing(), 'getReceipt', { params: { recordId: '1' } });
        return current.entries[0]?.state === 'witnessed' ? current : undefined;
      },
      { timeoutMilliseconds: 60_000 },
    );
    const standing = receipt.entries[0]?.batch?.standing;
    expect(standing?.attestedBy.map(({ member }) => member).sort()).to.deep.equal(['2', '3']);
    expect(standing?.rootIsRight).to.equal(true);
    const { items } = await call<{ items: Register[] }>(tianjin(), 'listRegisters');
    expect(items[0]).to.deep.include({ id: '1', owner: '1', own: false, contested: false });
  });

  it('publish what the law shows to anybody, and count how timely by the calendar of the chain', async () => {
    const uscc = cast['severe']?.uscc ?? '';
    const published = await call<PublicRecords>(beijing(), 'getPublicRecords', { query: { uscc } });
    expect(published.agency).to.deep.include({ member: '1', name: AGENCIES[0]?.name });
    expect(published.items.length).to.be.greaterThan(0);
    for (const { id, subject, severity } of published.items) {
      expect(id).to.match(/^[0-9a-f]{32}$/);
      expect(subject.uscc).to.equal(uscc);
      expect(severity).to.have.all.keys('code', 'name', 'source', 'basis');
    }
    const figures = await call<Timeliness>(beijing(), 'getTimeliness');
    const { inTime, late, due, overdue, calendarMissing } = figures.total;
    expect(inTime + late + calendarMissing).to.be.greaterThan(0);
    expect(due + overdue).to.equal(0);
    // The years that the founding set are those that the node counts with.
    const calendar = await followedCalendar((nodes[0] as LedgerNode).rooms.db);
    expect(calendar.years).to.include.members([2025, 2026]);
    const metrics = await (nodes[0] as LedgerNode).services.health.gauges();
    expect(metrics).to.include({ publicity_at_risk: 0, publicity_overdue: 0 });
  });

  it('correct, repair and dispute by command, and say what cannot be done by its code', async () => {
    const at = ['--data', dirOf(0)];
    const { items } = await call<{ items: CreditRecord[] }>(beijing(), 'findRecords', {
      query: { subject: cast['general']?.uscc },
    });
    const record = items[0];
    const id = record?.id ?? '';
    const corrected = await cli(
      temp.path,
      'correct',
      id,
      '--reason',
      '金额录入有误',
      '--set',
      '罚款金额=0.5',
      '--json',
      ...at,
    );
    expect(corrected.code, corrected.err).to.equal(0);
    const { newRecordId } = JSON.parse(corrected.out) as { newRecordId: string };
    const fresh = await call<CreditRecord>(beijing(), 'getRecord', { params: { id: newRecordId } });
    expect(fresh).to.deep.include({ amountFen: '500000', documentNumber: record?.documentNumber });
    const receipt = await call<Receipt>(beijing(), 'getReceipt', { params: { recordId: id } });
    expect(receipt.entries.map(({ op }) => op)).to.deep.equal(['record', 'revoke']);
    const disputed = await cli(temp.path, 'dispute', newRecordId, '--reason', '当事人异议', '--json', ...at);
    expect(disputed.code, disputed.err).to.equal(0);
    const twice = await cli(temp.path, 'dispute', newRecordId, '--reason', '另一理由', '--json', ...at);
    expect(twice.code).to.equal(1);
    expect((JSON.parse(twice.out) as { error: { code: string } }).error.code).to.equal(
      'OPERATION_ALREADY_DISPUTED',
    );
    const settled = await cli(temp.path, 'settle', newRecordId, '--reason', '异议不成立', ...at);
    expect(settled.code, settled.err).to.equal(0);
    const future = await cli(
      temp.path,
      'repair',
      newRecordId,
      '--reason',
      'r',
      '--date',
      '2999-01-01',
      '--json',
      ...at,
    );
    expect((JSON.parse(future.out) as { error: { code: string } }).error.code).to.equal(
      'OPERATION_DAY_IN_FUTURE',
    );
    const nonsense = await cli(
      temp.path,
      'correct',
      newRecordId,
      '--reason',
      'r',
      '--set',
      '没有此列=1',
      '--json',
      ...at,
    );
    expect((JSON.parse(nonsense.out) as { error: { code: string } }).error.code).to.equal(
      'CORRECTION_REFUSED',
    );
  });

  it('take a file of operations, and the same file again without effect, corrections too', async () => {
    const file = join(temp.path, 'operations.csv');
    const number =
      cast['general'] &&
      (
        await call<{ items: CreditRecord[] }>(beijing(), 'findRecords', {
          query: { subject: cast['general'].uscc },
        })
      ).items[0]?.documentNumber;
    await writeFile(
      file,
      `决定书文号,操作,日期,原因,更正项,更正值\n${number},correct,${TODAY},再次更正,罚款金额,0.7\n`,
    );
    const run = async (): Promise<unknown> => {
      const { code, out, err } = await cli(temp.path, 'operations', file, '--json', '--data', dirOf(0));
      expect(code, err).to.equal(0);
      return JSON.parse(out);
    };
    expect(await run()).to.deep.equal({ rows: 1, done: 1, alreadyDone: 0, issues: [] });
    expect(await run()).to.deep.equal({ rows: 1, done: 0, alreadyDone: 1, issues: [] });
  });

  it('take a mapping profile of the operator’s own, and no path for one', async () => {
    const profiles = join(dirOf(2), 'profiles');
    await mkdir(profiles);
    const example = JSON.parse(await readFile(EXAMPLE_PROFILE, 'utf8')) as object;
    await writeFile(join(profiles, 'our-own.json'), JSON.stringify({ ...example, id: 'our-own' }));
    const ran = await cli(
      temp.path,
      'import',
      join(samples, 'tianjin-export.csv'),
      '--profile',
      'our-own',
      '--json',
      '--data',
      dirOf(2),
    );
    expect(ran.code, ran.err).to.equal(0);
    expect((JSON.parse(ran.out) as { records: number }).records).to.be.greaterThan(0);
    for (const profile of ['../node-1/ledger', 'nobody-has-this']) {
      const refused = await cli(
        temp.path,
        'import',
        join(samples, 'tianjin-export.csv'),
        '--profile',
        profile,
        '--json',
        '--data',
        dirOf(2),
      );
      expect((JSON.parse(refused.out) as { error: { code: string } }).error.code).to.be.oneOf([
        'REQUEST_INVALID',
        'PROFILE_UNKNOWN',
      ]);
    }
  });

  it('refuse files that are no templates as a whole, and store nothing of them', async () => {
    const before = await call<{ items: unknown[] }>(beijing(), 'listImports');
    for (const [content, code] of [
      ['', 'FILE_EMPTY'],
      ['%PDF-1.7\n', 'FILE_TYPE_UNSUPPORTED'],
      ['a,b\n1,2\n', 'HEADER_NOT_FOUND'],
    ] as const) {
      const error = await beijing()
        .call('startImport', { query: { fileName: 'a.csv' }, raw: { body: content, mediaType: 'text/csv' } })
        .then(
          () => undefined,
          (reason: unknown) => reason as { code: string },
        );
      expect(error?.code, content).to.equal(code);
    }
    expect(await call<{ items: unknown[] }>(beijing(), 'listImports')).to.deep.equal(before);
  });

  it('refuse a question without a grant, in words', async () => {
    const error = await tianjin()
      .call('ask', {
        json: { subject: cast['clean']?.uscc, member: '1', ...firstPredicate(), reason: 'test' },
      })
      .then(
        () => undefined,
        (reason: unknown) => reason as { code: string },
      );
    expect(error?.code).to.equal('GRANT_MISSING');
  });

  it('answer a granted question, and the answer verifies online, offline and by command', async () => {
    const { application, predicate } = firstPredicate();
    const grant = await call<Grant>(beijing(), 'giveGrant', {
      json: {
        grantee: { member: '2' },
        application,
        classes: [1],
        validUntil: new Date(Date.now() + 86_400_000).toISOString(),
      },
    });
    expect(grant).to.deep.include({ grantor: '1', application, uses: 0, revoked: false });
    await waitFor('the grant to be followed', async () =>
      (await call<{ items: Grant[] }>(tianjin(), 'listGrants')).items.some(({ id }) => id === grant.id),
    );
    const subject = cast['clean']?.uscc ?? '';
    const question = { subject, member: '1', application, predicate, reason: '招标资格审查' };
    const askNamed = (): Promise<{ items: QuestionDetail[] }> =>
      call(tianjin(), 'ask', { json: { ...question, idempotencyKey: 'after a lost line' } });
    const asked = await askNamed();
    // Asked again under the same name, as after a lost connection, it is the same question.
    const again = await askNamed();
    expect(again.items.map(({ id }) => id)).to.deep.equal(asked.items.map(({ id }) => id));
    const id = asked.items[0]?.id ?? '';
    const answered = await waitFor(
      'an answer',
      async () => {
        const current = await call<QuestionDetail>(tianjin(), 'getQuestion', { params: { id } });
        return ['created', 'sent'].includes(current.state) ? undefined : current;
      },
      { timeoutMilliseconds: 90_000 },
    );
    expect(answered.state, JSON.stringify(answered.error ?? answered.refusal)).to.equal('answered');
    expect(answered.answer).to.equal(true);
    expect(answered.verification?.overall).to.equal('VALID');

    // By the API of a third node, which was not asked.
    const { document } = answered;
    const verification = await call<Verification>(connections[2] as Connection, 'verify', {
      json: {
        answer: document,
        expected: { subject, application, predicate, requester: '2', register: '1' },
      },
    });
    expect(
      verification.overall,
      JSON.stringify(verification.checks.filter(({ verdict }) => verdict !== 'VALID')),
    ).to.equal('VALID');
    const other = await call<Verification>(connections[2] as Connection, 'verify', {
      json: { answer: document, expected: { subject: cast['severe']?.uscc ?? '' } },
    });
    expect(other.overall).to.equal('INVALID');

    // By the command line, which believes no node: online, then with a checkpoint alone.
    await writeFile(join(temp.path, 'answer.json'), JSON.stringify(document));
    const network = await cli(temp.path, 'network', '--output', 'network.json', '--data', dirOf(1));
    expect(network.code, network.err).to.equal(0);
    const known = [
      '--subject',
      subject,
      '--application',
      application,
      '--predicate',
      predicate,
      '--requester',
      '2',
      '--register',
      '1',
      '--as-of',
      answered.asOf,
    ];
    const online = await cli(
      temp.path,
      'verify',
      'answer.json',
      '--network',
      'network.json',
      ...known,
      '--max-age',
      '48',
      '--rpc',
      chain.url,
    );
    expect(online.code, online.out + online.err).to.equal(0);
    expect(online.out).to.match(/VALID: YES/);
    const logId = (document as { log?: { logId?: string } } | null)?.log?.logId ?? '';
    const made = await cli(
      temp.path,
      'checkpoint',
      '1',
      '--log',
      logId,
      '--output',
      'checkpoint.json',
      '--data',
      dirOf(1),
    );
    expect(made.code, made.err).to.equal(0);
    const offline = await cli(
      temp.path,
      'verify',
      'answer.json',
      '--network',
      'network.json',
      ...known,
      '--checkpoint',
      'checkpoint.json',
      '--json',
    );
    expect(offline.code, offline.out).to.equal(0);
    expect((JSON.parse(offline.out) as Verification).overall).to.equal('VALID');
    // The checkpoint is good for a week: judged as of a month later it is not, and it is said by which time.
    const later = new Date(Date.now() + 30 * 86_400_000).toISOString();
    const expired = await cli(
      temp.path,
      'verify',
      'answer.json',
      '--network',
      'network.json',
      '--checkpoint',
      'checkpoint.json',
      '--now',
      later,
    );
    expect(expired.code, expired.out).to.equal(1);
    expect(expired.out).to.include('CHECKPOINT_EXPIRED');
    expect(expired.err).to.include('Judged as of');
    const wrongSubject = await cli(
      temp.path,
      'verify',
      'answer.json',
      '--network',
      'network.json',
      '--subject',
      cast['severe']?.uscc ?? '',
      '--rpc',
      chain.url,
    );
    expect(wrongSubject.code).to.equal(1);
    const unreachable = await cli(
      temp.path,
      'verify',
      'answer.json',
      '--network',
      'network.json',
      '--rpc',
      'http://127.0.0.1:9',
    );
    expect(unreachable.code).to.equal(2);
    expect(unreachable.out).to.include('Not compared: ');

    const used = await call<{ items: Grant[] }>(beijing(), 'listGrants');
    expect(used.items[0]?.uses).to.equal(1);
    const listed = await call<{ items: Question[] }>(tianjin(), 'listQuestions');
    expect(JSON.stringify(listed)).to.not.include(subject);
  });

  it('say NO about a company with a severe penalty in force', async () => {
    const result = await cli(
      temp.path,
      'ask',
      '--data',
      dirOf(1),
      '--url',
      nodes[1]?.url ?? '',
      '--member',
      '1',
      '--subject',
      cast['severe']?.uscc ?? '',
      '--application',
      firstPredicate().application,
      '--predicate',
      firstPredicate().predicate,
      '--reason',
      'test',
      '--output',
      'no.json',
    );
    expect(result.code, result.out + result.err).to.equal(0);
    expect(result.out.trim()).to.equal('NO');
  });

  it('go on by themselves after a restart in which nothing was lost', async () => {
    const node = nodes[0] as LedgerNode;
    await node.stop();
    const config = await loadConfig(dirOf(0), { LEDGER_PORT: new URL(node.url).port });
    const again = await startFirst(config);
    // A member is one from the first call on: another node takes what it says of itself for its word.
    expect(() => again.rooms.exchange()).not.to.throw();
    await waitFor(
      'the node to be ready again',
      async () => (await call<Readiness>(beijing(), 'getReadiness')).ready,
    );
    const receipt = await call<Receipt>(beijing(), 'getReceipt', { params: { recordId: '1' } });
    expect(receipt.entries[0]?.state).to.equal('witnessed');
  });

  it('let only one process have a data directory', async () => {
    const error = await createNode(await loadConfig(dirOf(0), {}), {
      environment: {},
      logger: createLogger('silent'),
    }).then(
      () => undefined,
      (reason: unknown) => reason as { code: string },
    );
    expect(error?.code).to.equal('STORE_IN_USE');
  });

  it('do what docs/integrators.md shows: import, ask, verify', async () => {
    const tokens = async (i: number): Promise<Record<string, string>> =>
      JSON.parse(await readFile(join(dirOf(i), 'tokens.json'), 'utf8')) as Record<string, string>;
    const [first, second] = [await tokens(0), await tokens(1)];
    const bytes = new Uint8Array(await readFile(join(samples, 'beijing-penalties.csv')));
    const again = await importFile(nodes[0]?.url ?? '', first['officer'] ?? '', 'again.csv', bytes);
    // The same file twice changes nothing.
    expect(again).to.include({ state: 'done', records: 0 });
    const subject = cast['general']?.uscc ?? '';
    const question = await ask(nodes[1]?.url ?? '', second['officer'] ?? '', subject, '1');
    expect(question.state, JSON.stringify(question.error)).to.equal('answered');
    expect(question.answer).to.equal(true);
    const network = await readFile(join(temp.path, 'network.json'), 'utf8');
    const text = JSON.stringify(question.document);
    const verification = await verify(text, network, subject, chain.url);
    expect(verification.overall).to.equal('VALID');
    expect(verification.proved).to.deep.equal({ answer: true, disputed: false });
    expect((await verify(text, network, cast['old']?.uscc ?? '', chain.url)).overall).to.equal('INVALID');
  });

  it('stand an audit that trusts nobody', async () => {
    const ran = await cli(temp.path, 'audit', '--network', 'network.json', '--rpc', chain.url, '--json');
    expect(ran.code, ran.out + ran.err).to.equal(0);
    const report = JSON.parse(ran.out) as { holds: boolean; checks: { check: string; examined: number }[] };
    expect(report.holds).to.equal(true);
    for (const check of ['roots', 'witnesses', 'answers']) {
      expect(report.checks.find((each) => each.check === check)?.examined, check).to.be.greaterThan(0);
    }
    const down = await cli(temp.path, 'audit', '--network', 'network.json', '--rpc', 'http://127.0.0.1:9');
    expect(down.code).to.equal(2);
    expect(down.err).to.include('CHAIN_UNREACHABLE');
  });

  it('import while the chain is down, say that they are not ready, and anchor by themselves when it is back', async () => {
    const { port } = chain;
    await chain.stop();
    await waitFor(
      'the node to notice',
      async () => !(await call<Readiness>(beijing(), 'getReadiness')).ready,
    );
    const { status, body } = await beijing().call<Readiness>('getReadiness');
    expect(status).to.equal(503);
    expect(body).to.deep.include({
      store: { ok: true, detail: '' },
      chain: { ok: false, detail: 'CHAIN_UNREACHABLE' },
    });
    const imported = await cli(
      temp.path,
      'import',
      join(samples, 'beijing-permits.xlsx'),
      '--json',
      '--data',
      dirOf(0),
    );
    expect(imported.code, imported.err).to.equal(0);
    expect((JSON.parse(imported.out) as { records: number }).records).to.be.greaterThan(0);
    const { items } = await call<{ items: { id: string }[] }>(beijing(), 'listImports');
    const records = await call<{ items: { id: string }[] }>(beijing(), 'listImportRecords', {
      params: { id: items[0]?.id ?? '' },
    });
    const recordId = records.items[0]?.id ?? '';
    await call(beijing(), 'anchor', { params: { id: '1' } });
    const stateOf = async (): Promise<string | undefined> =>
      (await call<Receipt>(beijing(), 'getReceipt', { params: { recordId } })).entries[0]?.state;
    expect(await stateOf()).to.equal('batched');
    const status2 = await cli(temp.path, 'status', '--data', dirOf(0));
    expect(status2.code).to.equal(1);
    expect(status2.out).to.include('NOT ready').and.include('CHAIN_UNREACHABLE');

    chain = await startAnvil({ port, stateFile: chainFile });
    await waitFor('the batch to be witnessed', async () => (await stateOf()) === 'witnessed', {
      timeoutMilliseconds: 60_000,
    });
    expect((await call<Readiness>(beijing(), 'getReadiness')).ready).to.equal(true);
  });

  it('come back from journal and keys when the database is lost', async () => {
    const node = nodes[0] as LedgerNode;
    const before = await call<Receipt>(beijing(), 'getReceipt', { params: { recordId: '1' } });
    await node.stop();
    await rm(join(dirOf(0), 'pgdata'), { recursive: true });
    const restored = await cli(temp.path, 'restore', '--data', dirOf(0), '--json');
    expect(restored.code, restored.err).to.equal(0);
    expect((JSON.parse(restored.out) as { entries: number }).entries).to.be.greaterThan(10);
    const config = await loadConfig(dirOf(0), { LEDGER_PORT: new URL(node.url).port });
    await startFirst(config);
    await waitFor(
      'the node to be ready again',
      async () => (await call<Readiness>(beijing(), 'getReadiness')).ready,
    );
    const after = await call<Receipt>(beijing(), 'getReceipt', { params: { recordId: '1' } });
    const placeOf = ({ entries }: Receipt): unknown[] =>
      entries.map(({ op, subjectKey, chainIndex, state, batch }) => [
        op,
        subjectKey,
        chainIndex,
        state,
        batch?.standing?.batchHash,
      ]);
    expect(placeOf(after)).to.deep.equal(placeOf(before));
    const twice = await cli(temp.path, 'restore', '--data', dirOf(0), '--json');
    expect((JSON.parse(twice.out) as { error: { code: string } }).error.code).to.equal('STORE_IN_USE');
  });

  it('come back from a backup and the journal: what came after it is there, and an older database is refused', async () => {
    const node = nodes[0] as LedgerNode;
    const importRows = async (name: string, from: number): Promise<string> => {
      const file = join(temp.path, `${name}.csv`);
      await makeLargeFile(file, 6, { today: TODAY, seed: from, firstNumber: from });
      const done = await cli(temp.path, 'import', file, '--data', dirOf(0), '--json');
      expect(done.code, done.err).to.equal(0);
      const { items } = await call<{ items: { id: string }[] }>(beijing(), 'listImports');
      const records = await call<{ items: { id: string }[] }>(beijing(), 'listImportRecords', {
        params: { id: items[0]?.id ?? '' },
      });
      return records.items[0]?.id ?? '';
    };
    const witnessed = async (recordId: string): Promise<Receipt> => {
      await call(beijing(), 'anchor', { params: { id: '1' } });
      return waitFor(
        'the record to be witnessed',
        async () => {
          const receipt = await call<Receipt>(beijing(), 'getReceipt', { params: { recordId } });
          return receipt.entries[0]?.state === 'witnessed' ? receipt : undefined;
        },
        { timeoutMilliseconds: 60_000 },
      );
    };
    await witnessed(await importRows('before', 90_001));
    // In no batch when the backup is made, and in one afterwards.
    const waiting = await importRows('waiting', 90_101);
    const backups = join(temp.path, 'backups');
    const made = await cli(temp.path, 'backup', backups, '--data', dirOf(0), '--json');
    expect(made.code, made.err).to.equal(0);
    const { file, rows, journalLines } = JSON.parse(made.out) as {
      file: string;
      rows: number;
      journalLines: number;
    };
    expect(rows).to.be.greaterThan(100);
    expect(journalLines).to.be.greaterThan(2);
    const sealed = await readFile(file, 'utf8');
    for (const { uscc } of Object.values(cast)) expect(sealed).not.to.contain(uscc);

    const after = await importRows('after', 90_201);
    const receipts = [await witnessed(waiting), await witnessed(after)];
    await node.stop();

    // Yesterday's database under today's journal and chain: found out before anything is done with it.
    const config = await loadConfig(dirOf(0), { LEDGER_PORT: new URL(node.url).port });
    const today = join(temp.path, 'today-pgdata');
    await rename(join(dirOf(0), 'pgdata'), today);
    const withoutJournal = join(temp.path, 'no-journal', 'openings.journal');
    await mkdir(dirname(withoutJournal));
    const elsewhere = { LEDGER_JOURNAL_PATH: withoutJournal };
    const older = await cliWith(elsewhere, temp.path, 'restore', file, '--data', dirOf(0), '--json');
    expect(older.code, older.err).to.equal(0);
    expect(JSON.parse(older.out)).to.deep.include({ batches: 0, journal: 'from-backup' });
    const behind = await createNode(config, { environment: {}, logger: createLogger('silent') });
    expect((await rejection(behind.start())).code).to.equal('JOURNAL_AHEAD');

    // With the journal lost too the node starts, stops its register, and says which records cannot be proved.
    const lossy = await startFirst(
      await loadConfig(dirOf(0), { ...elsewhere, LEDGER_PORT: String(config.port) }),
    );
    const standing = await waitFor('the loss to be seen', async () => {
      const { body } = await beijing().call<StoreReport>('checkStore');
      return body.checks.find(({ check, holds }) => check === 'standing' && !holds);
    });
    expect(standing.difference).to.deep.include({ batches: 1, entries: 12 });
    expect(standing.difference?.['recordsNotProvable']).to.be.greaterThan(0);
    const checked = await cli(temp.path, 'check', '--data', dirOf(0));
    expect(checked.code).to.equal(1);
    expect(checked.out).to.include('✖ standing').and.include('ledger restore');
    await waitFor(
      'the register to stop',
      async () => (await lossy.rooms.registers.status()).hindrance?.code === 'REGISTER_DIVERGED',
    );
    await lossy.stop();

    // Brought forward by the journal that was kept on another disk.
    const forward = await cli(temp.path, 'restore', '--data', dirOf(0), '--json');
    expect(forward.code, forward.err).to.equal(0);
    expect((JSON.parse(forward.out) as { batches: number }).batches).to.equal(1);
    await startFirst(config);
    await waitFor(
      'the node to be ready',
      async () => (await call<Readiness>(beijing(), 'getReadiness')).ready,
    );
    for (const [i, recordId] of [waiting, after].entries()) {
      const receipt = await call<Receipt>(beijing(), 'getReceipt', { params: { recordId } });
      expect(receipt.entries[0]?.batch?.standing?.batchHash).to.equal(
        receipts[i]?.entries[0]?.batch?.standing?.batchHash,
      );
    }
    const whole = await cli(temp.path, 'check', '--data', dirOf(0));
    expect(whole.code, whole.out + whole.err).to.equal(0);
    // And goes on: new rows get numbers of their own, and are anchored after the others.
    await witnessed(await importRows('later', 90_301));

    const secret = join(temp.path, 'new-passphrase');
    await writeFile(secret, 'a new and long passphrase\n');
    const rekey = ['keys', 'passphrase', '--new-passphrase-file', secret, '--data', dirOf(0), '--json'];
    const inUse = await cli(temp.path, ...rekey);
    expect((JSON.parse(inUse.out) as { error: { code: string } }).error.code).to.equal('STORE_IN_USE');
    const full = await cli(temp.path, 'restore', file, '--data', dirOf(0), '--json');
    expect((JSON.parse(full.out) as { error: { code: string } }).error.code).to.equal('STORE_IN_USE');
    const altered = Buffer.from(await readFile(file));
    altered[altered.length - 100] = (altered[altered.length - 100] ?? 0) ^ 1;
    await writeFile(file, altered);
    const refused = await cli(temp.path, 'backup-verify', file, '--data', dirOf(0), '--json');
    expect((JSON.parse(refused.out) as { error: { code: string } }).error.code).to.equal('BACKUP_INVALID');
  });
});

function firstPredicate(): { application: string; predicate: string } {
  return { application: 'procurement-qualification', predicate: 'no-severe-default' };
}
