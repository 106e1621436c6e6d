import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { expect } from 'chai';
import { build } from 'esbuild';
import { endSnarkWorkers } from '../../circuits/tools/snarkjs.ts';
import { checkpointOf, EXPECTED, makeScene, networkJson, witnessed } from './support/scene.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function run(program: string, args: readonly string[], cwd: string): string {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (done.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${done.error?.message ?? ''}${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** Folders of the machine's own path that hold a Node of that major version. */
function otherNodes(major: number): string[] {
  const folders = ['/usr/bin', '/usr/local/bin', '/bin', ...(process.env['PATH'] ?? '').split(':')];
  return [...new Set(folders)]
    .map((folder) => join(folder, 'node'))
    .filter((node) => existsSync(node))
    .filter((node) => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.startsWith(`v${major}.`));
}

/** What a stranger would write: an answer, the network file and expectations in, verdicts out. */
const PROGRAM = `
import { parseNetworkFile, verifyAnswer } from '@credit-ledger/sdk/answer';
import { readFileSync } from 'node:fs';
const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const network = parseNetworkFile(read('network.json'));
const expected = JSON.parse(read('expected.json'));
const good = await verifyAnswer(read('answer.json'), network, expected, {});
const bad = await verifyAnswer(read('answer.json').replace('"answer":true', '"answer":false'), network, expected, {});
console.log(JSON.stringify({ good: good.overall, proved: good.proved, bad: bad.overall, node: process.version }));
`;

describe('the packed SDK', function () {
  this.timeout(240_000);
  let project: string;
  let files: Readonly<Record<string, string>>;

  before('packed, and installed in an empty project', async () => {
    const scene = await makeScene();
    const checkpoint = await witnessed(checkpointOf(scene));
    files = {
      'answer.json': JSON.stringify({ ...scene.answer, checkpoint }),
      'network.json': JSON.stringify(networkJson()),
      'expected.json': JSON.stringify(EXPECTED),
      'verify.mjs': PROGRAM,
      'package.json': JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
    };
    project = mkdtempSync(join(tmpdir(), 'ledger-sdk-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
    run(process.execPath, [join(root, 'scripts/build-sdk.ts')], root);
    const packed = run('npm', ['pack', '--silent', '--pack-destination', project, '-w', 'sdk'], root).trim();
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];
    run('npm', ['install', ...quiet, join(project, packed.split('\n').at(-1) ?? '')], project);
  });

  after(async () => {
    rmSync(project, { recursive: true, force: true });
    await endSnarkWorkers();
  });

  it('holds what was compiled and its README, and nothing else', () => {
    const installed = join(project, 'node_modules/@credit-ledger/sdk');
    expect(readdirSync(installed).sort()).to.deep.equal(['README.md', 'dist', 'package.json']);
    const names = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((each) => each.includes('.'))) expect(name).to.match(/\.(js|d\.ts)$/);
  });

  it('uses nothing of Node’s own modules', () => {
    const dist = join(project, 'node_modules/@credit-ledger/sdk/dist');
    const modules = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js'),
    );
    expect(modules.length).to.be.greaterThan(40);
    for (const name of modules) {
      const text = readFileSync(join(dist, name), 'utf8');
      expect(text, name).not.to.match(/from ["']node:|require\(|\bprocess\.|\bBuffer\b/);
    }
  });

  it('verifies an answer in an empty project', () => {
    const result = JSON.parse(run(process.execPath, ['verify.mjs'], project)) as Record<string, unknown>;
    expect(result).to.deep.include({
      good: 'VALID',
      bad: 'INVALID',
      proved: { answer: true, disputed: false },
    });
  });

  it('verifies an answer there on Node 20', function () {
    const [node] = otherNodes(20);
    if (node === undefined) {
      process.stderr.write('      There is no Node 20 on this machine: NOT TESTED on Node 20.\n');
      this.skip();
    }
    const result = JSON.parse(run(node, ['verify.mjs'], project)) as Record<string, unknown>;
    expect(result).to.deep.include({ good: 'VALID', bad: 'INVALID' });
    expect(result['node']).to.match(/^v20\./);
  });

  it('gives a program its types', () => {
    mkdirSync(join(project, 'types'), { recursive: true });
    writeFileSync(
      join(project, 'types/use.ts'),
      `import { type Verification, verifyAnswer, type NetworkFile } from '@credit-ledger/sdk/answer';
import { LedgerView, chainFacts } from '@credit-ledger/sdk/chain';
import { LedgerClient } from '@credit-ledger/sdk/client';
import { parseUscc, type Uscc } from '@credit-ledger/sdk/protocol';
import * as all from '@credit-ledger/sdk';
export const result = (network: NetworkFile, view: LedgerView): Promise<Verification> =>
  verifyAnswer('', network, {}, { chain: chainFacts(view) });
export const uscc: Uscc = parseUscc('x');
export const api = new LedgerClient({ baseUrl: 'http://localhost' }).api;
export const same = all.verifyAnswer;
// @ts-expect-error: a result is not a boolean
export const wrong: boolean = await result({} as NetworkFile, {} as LedgerView);
`,
    );
    const options = [
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2023,dom,dom.iterable',
    ];
    run(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        '--noEmit',
        '--skipLibCheck',
        ...options,
        'types/use.ts',
      ],
      project,
    );
  });

  it('verifies an answer bundled for a browser, where there is nothing of Node', async () => {
    const bundle = await build({
      stdin: {
        contents: `
          import { parseNetworkFile, verifyAnswer } from '@credit-ledger/sdk/answer';
          globalThis.verify = async (answer, network, expected) =>
            (await verifyAnswer(answer, parseNetworkFile(network), JSON.parse(expected), {})).overall;`,
        resolveDir: project,
      },
      bundle: true,
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
      write: false,
      minify: true,
    });
    const text = bundle.outputFiles[0]?.text ?? '';
    // A page has these, and no process, Buffer, require or global.
    const page = createContext({
      crypto: globalThis.crypto,
      TextEncoder,
      TextDecoder,
      atob,
      btoa,
      URL,
      setTimeout,
      clearTimeout,
    });
    runInContext(text, page);
    const {
      'answer.json': answer = '',
      'network.json': network = '',
      'expected.json': expected = '',
    } = files;
    const verify = (page as { verify: (...texts: string[]) => Promise<string> }).verify;
    expect(await verify(answer, network, expected)).to.equal('VALID');
    expect(await verify(answer.replace('"disputed":false', '"disputed":true'), network, expected)).to.equal(
      'INVALID',
    );
    expect(text.length, 'bytes of the bundle').to.be.below(400_000);
    process.stderr.write(`      bundle for a browser: ${Math.round(text.length / 1024)} KiB\n`);
  });

  it('bundles whole for a browser, chain and client included', async () => {
    const bundle = await build({
      stdin: { contents: `export * from '@credit-ledger/sdk';`, resolveDir: project },
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      logLevel: 'silent',
    });
    expect(bundle.warnings).to.deep.equal([]);
  });
});
