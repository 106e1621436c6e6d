import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalAccount } from 'viem';
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
import type { Question, QuestionDetail, Verification } from '../../node/src/api/schemas/answers.ts';
import type { Import } from '../../node/src/api/schemas/intake.ts';
import type { Grant, Receipt, Register, Sent } from '../../node/src/api/schemas/ledger.ts';
import type { Readiness } from '../../node/src/api/schemas/system.ts';
import { createLogger } from '../../node/src/api/logging.ts';
import { createNode, type LedgerNode } from '../../node/src/app.ts';
import { Connection } from '../../node/src/cli/connection.ts';
import { run } from '../../node/src/cli/main.ts';
import { loadConfig } from '../../node/src/config.ts';
import { setUpNode } from '../../node/src/setup.ts';
import { ANVIL_MNEMONIC, startAnvil, type Anvil } from '../../scripts/lib/anvil.ts';
import { deployLedger, type Deployment } from '../../scripts/lib/deploy.ts';
import { fundAccounts, foundLedger } from '../../scripts/lib/found.ts';
import { makeTempDir } from '../support/temp.ts';
import { waitFor } from '../support/wait.ts';

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
const SAMPLES = join(import.meta.dirname, '../samples');

/** The command line as a person runs it: its exit code and what it printed. */
async function cli(
  directory: string,
  ...argv: string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await run([...argv, '--lang', 'en'], {
    environment: {},
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
  let deployment: Deployment;
  let cast: Record<string, { uscc: string }>;
  const nodes: LedgerNode[] = [];
  const connections: Connection[] = [];

  const dirOf = (i: number): string => join(temp.path, `node-${i + 1}`);
  const beijing = (): Connection => connections[0] as Connection;
  const tianjin = (): Connection => connections[1] as Connection;
  const call = async <T>(connection: Connection, id: string, options = {}): Promise<T> =>
    (await connection.call<T>(id, options)).body;

  before(async () => {
    temp = await makeTempDir();
    const { companies } = JSON.parse(await readFile(join(SAMPLES, 'cast.json'), 'utf8')) as {
      companies: { role: string; uscc: string }[];
    };
    cast = Object.fromEntries(companies.map((company) => [company.role, company]));
    chain = await startAnvil();
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

    const keys = [];
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
      raw: { body: await readFile(join(SAMPLES, 'beijing-penalties.csv')), mediaType: 'text/csv' },
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
    const asked = await call<{ items: QuestionDetail[] }>(tianjin(), 'ask', {
      json: { subject, member: '1', application, predicate, reason: '招标资格审查' },
    });
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
    expect(unreachable.out).to.include('Not given, and therefore not compared');

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
    const again = await createNode(config, {
      environment: {},
      checkReplies: true,
      logger: createLogger('silent'),
    });
    nodes[0] = again;
    await again.start();
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

  it('import while the chain is down, say that they are not ready, and anchor when it is back', async function () {
    const stateless = chain.port;
    expect(stateless).to.be.greaterThan(0);
    // A node of its own whose endpoint is a port where nothing listens: as a chain that is down from the start.
    const directory = join(temp.path, 'alone');
    await setUpNode({
      directory,
      settings: { rpcUrl: 'http://127.0.0.1:9', port: 0, pollMilliseconds: 100, proverWorkers: 1 },
      deploymentFile: join(temp.path, 'deployment.json'),
      environment: {},
    });
    const alone = await createNode(await loadConfig(directory, {}), {
      environment: {},
      checkReplies: true,
      logger: createLogger('silent'),
    });
    await alone.start();
    try {
      const connection = new Connection(
        { url: alone.url, dataDir: directory },
        { environment: {}, signal: new AbortController().signal },
      );
      const { status, body } = await connection.call<Readiness>('getReadiness');
      expect(status).to.equal(503);
      expect(body.store.ok).to.equal(true);
      expect(body.chain.ok).to.equal(false);
      const result = await cli(
        temp.path,
        'import',
        join(SAMPLES, 'beijing-penalties.csv'),
        '--json',
        '--url',
        alone.url,
        '--data',
        directory,
      );
      expect(result.code, result.err).to.equal(0);
      expect((JSON.parse(result.out) as { records: number }).records).to.be.greaterThan(0);
    } finally {
      await alone.stop();
    }
  });
});

function firstPredicate(): { application: string; predicate: string } {
  return { application: 'procurement-qualification', predicate: 'no-severe-default' };
}
