import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Uscc } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { LOCAL_TOKENS_FILE, setUpNode } from '../../node/src/setup.ts';
import { penaltyCsv, penaltyRow } from '../intake/helpers.ts';
import { companyCode } from '../registers/support/world.ts';
import { madeUpProcesses } from '../support/deployment.ts';
import { findPlaintext, type Secret, secretCode, secretText } from '../support/plaintext-scan.ts';
import { makeTempDir } from '../support/temp.ts';
import { waitFor } from '../support/wait.ts';

const PASSPHRASE = 'a passphrase that no report may hold';
const START = new URL('../../node/src/cli/start.ts', import.meta.url).pathname;
const NAME = '示例崩溃报告有限公司';
const SUBJECT = companyCode(77);
const [consortium, registers, applications, grants, answerLog] = ['1', '2', '3', '4', '5'].map(
  (digit) => `0x${digit.repeat(40)}`,
);
const DEPLOYMENT = {
  ...{ chainId: 31337, deployedAtBlock: '0', processes: madeUpProcesses() },
  ...{ consortium, registers, applications, grants, answerLog },
};
const encoder = new TextEncoder();

describe('What a node leaves behind when it crashes', function () {
  this.timeout(90_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let dataDir: string;
  let url: string;
  let secrets: Secret[];
  let child: ChildProcess | undefined;
  let said = '';

  before(async () => {
    temp = await makeTempDir();
    dataDir = join(temp.path, 'node');
    await mkdir(join(temp.path, 'reports'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const deploymentFile = join(temp.path, 'deployment.json');
    await writeFile(deploymentFile, JSON.stringify(DEPLOYMENT));
    await setUpNode({
      directory: dataDir,
      // No chain listens there: what needs none works all the same.
      settings: { rpcUrl: `http://127.0.0.1:${await freePort()}`, port, logLevel: 'debug' },
      deploymentFile,
      environment: { LEDGER_KEYS_PASSPHRASE: PASSPHRASE },
    });
    secrets = [
      secretText('the passphrase', PASSPHRASE),
      secretCode('the subject', SUBJECT as Uscc),
      secretText('its name', NAME),
    ];
  });
  after(async () => {
    child?.kill('SIGKILL');
    await temp.remove();
  });

  /** A node process that writes a report when it is asked to, and whatever else Node.js writes by itself. */
  async function start(...options: string[]): Promise<ChildProcess> {
    const reports = `--report-directory=${join(temp.path, 'reports')}`;
    const asked = ['--report-on-signal', '--report-uncaught-exception', reports];
    const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', ...asked, ...options];
    said = '';
    const started = spawn(process.execPath, [...node, START, 'serve', '--data', dataDir], {
      env: { ...process.env, LEDGER_KEYS_PASSPHRASE: PASSPHRASE },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream?.on('data', (text) => (said += String(text)));
    await waitFor(
      'the node to listen',
      async () => {
        if (started.exitCode !== null) throw new Error(`it ended: ${said}`);
        return fetch(`${url}/v1/health`).then(
          ({ ok }) => ok,
          () => false,
        );
      },
      { timeoutMilliseconds: 60_000 },
    );
    return started;
  }

  const reports = async (): Promise<string[]> =>
    Promise.all(
      (await readdir(join(temp.path, 'reports'))).map((file) =>
        readFile(join(temp.path, 'reports', file), 'utf8'),
      ),
    );
  const found = (...texts: string[]): string[] => {
    const sources = texts.map((text, i) => ({ where: `text ${i}`, bytes: encoder.encode(text) }));
    return [...new Set(findPlaintext(sources, secrets).map(({ label, where }) => `${label}: ${where}`))];
  };

  it('is no passphrase and no subject: neither in a diagnostic report nor in the log', async () => {
    const node = await start();
    const tokens = JSON.parse(await readFile(join(dataDir, LOCAL_TOKENS_FILE), 'utf8')) as {
      officer: string;
    };
    const csv = penaltyCsv([
      penaltyRow({ 行政相对人名称: NAME, '行政相对人代码_1(统一社会信用代码)': SUBJECT }),
    ]);
    const taken = await fetch(`${url}/v1/imports?fileName=a.csv`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.officer}`, 'content-type': 'text/csv' },
      body: Buffer.from(csv),
    });
    expect(taken.ok, await taken.text()).to.equal(true);
    node.kill('SIGUSR2');
    const [report] = await waitFor('the report', async () => {
      const written = await reports();
      return written[0]?.trimEnd().endsWith('}') === true ? written : undefined;
    });
    expect(JSON.parse(report ?? '')).to.have.nested.property('header.trigger', 'Signal');
    expect(said).to.include('"route":"/v1/imports"');
    expect(found(report ?? '', said)).to.deep.equal([]);
    node.kill('SIGTERM');
    await once(node, 'exit');
  });

  it('says of an error that nobody caught what it is and where, and not what it quotes', async () => {
    const quoted = `throw new TypeError('cannot read ${SUBJECT} ${NAME}')`;
    const preload = `data:text/javascript,${encodeURIComponent(`process.on('SIGURG',()=>{setImmediate(()=>{${quoted}})})`)}`;
    const node = await start(`--import=${preload}`);
    node.kill('SIGURG');
    const [code] = (await once(node, 'close')) as [number];
    expect(code).to.equal(1);
    const fatal = said.split('\n').find((line) => line.includes('"fatal"'));
    expect(JSON.parse(fatal ?? '{}')).to.nested.include({
      event: 'uncaughtException',
      'err.type': 'TypeError',
    });
    expect(found(said.replaceAll(encodeURIComponent(quoted), ''))).to.deep.equal([]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
