import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { fromRlp, type Hex } from 'viem';
import { publicKeyToAddress } from 'viem/utils';
import { makeTempDir } from '../support/temp.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const example = join(root, 'deploy/members.example.json');

function make(...args: readonly string[]): { status: number | null; err: string } {
  const ran = spawnSync(
    process.execPath,
    [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      join(root, 'scripts/make-deploy.ts'),
      ...args,
    ],
    { encoding: 'utf8' },
  );
  return { status: ran.status, err: ran.stderr };
}

describe('The deployment pack', function () {
  this.timeout(60_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  before(async () => {
    temp = await makeTempDir();
  });
  after(() => temp.remove());

  it('is made from one description, the same byte for byte by every member', async () => {
    const [one, two] = [join(temp.path, 'one'), join(temp.path, 'two')];
    for (const directory of [one, two])
      expect(make(example, directory)).to.deep.equal({ status: 0, err: '' });
    const files = readdirSync(one, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).to.equal(9);
    for (const { parentPath, name } of files) {
      const file = join(parentPath, name);
      expect(await readFile(file, 'utf8')).to.equal(await readFile(file.replace(one, two), 'utf8'));
    }
  });

  it('names in Besu’s genesis exactly the validators of the description, in QBFT’s own form', async () => {
    const directory = join(temp.path, 'one');
    const { validators } = JSON.parse(await readFile(example, 'utf8')) as {
      validators: { publicKey: Hex; host: string }[];
    };
    const genesis = JSON.parse(await readFile(join(directory, 'besu/genesis.json'), 'utf8')) as {
      extraData: Hex;
    };
    const [vanity, addresses, vote, round, seals] = fromRlp(genesis.extraData) as [
      Hex,
      Hex[],
      Hex[],
      Hex,
      Hex[],
    ];
    expect(vanity).to.equal(`0x${'00'.repeat(32)}`);
    expect([vote, round, seals]).to.deep.equal([[], '0x', []]);
    expect(addresses).to.deep.equal(
      validators.map(({ publicKey }) => publicKeyToAddress(`0x04${publicKey.slice(2)}`).toLowerCase()),
    );
    const peers = JSON.parse(await readFile(join(directory, 'besu/static-nodes.json'), 'utf8')) as string[];
    expect(peers).to.deep.equal(
      validators.map(({ publicKey, host }) => `enode://${publicKey.slice(2)}@${host}:30303`),
    );
    const permissions = await readFile(join(directory, 'besu/permissions.toml'), 'utf8');
    for (const peer of peers) expect(permissions).to.include(`"${peer}"`);
  });

  it('says every mistake of a description at once, and writes nothing', async () => {
    const file = join(temp.path, 'wrong.json');
    await writeFile(
      file,
      JSON.stringify({
        chainId: 0,
        colour: 1,
        validators: [1, 2, 3, 4].map(() => ({ slug: 'A', p2pPort: 0 })),
      }),
    );
    const { status, err } = make(file, join(temp.path, 'nothing'));
    expect(status).to.equal(1);
    expect(err).to.match(/^DEPLOY_MEMBERS_INVALID/);
    for (const part of [
      'colour',
      'chainId',
      'validators.3.slug',
      'validators.0.publicKey',
      'validators.2.host',
      'p2pPort',
    ])
      expect(err).to.include(part);
    expect(make(join(temp.path, 'absent.json'), temp.path).status).to.equal(1);
    expect(readdirSync(temp.path)).not.to.include('nothing');
  });

  it('has an nginx configuration that nginx accepts', async function () {
    if (spawnSync('nginx', ['-v']).error !== undefined) {
      process.stderr.write('\n  NOT TESTED with nginx: it is not installed\n\n');
      return this.skip();
    }
    const tls = join(temp.path, 'tls');
    await mkdir(tls);
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
      ...['-subj', '/CN=test', '-keyout', join(tls, 'ledger.key'), '-out', join(tls, 'ledger.crt')],
    ]);
    expect(made.status).to.equal(0);
    const site = readFileSync(join(root, 'deploy/nginx/credit-ledger.conf'), 'utf8').replaceAll(
      '/etc/nginx/tls',
      tls,
    );
    const file = join(temp.path, 'nginx.conf');
    await writeFile(file, `pid ${temp.path}/nginx.pid;\nevents {}\nhttp {\n${site}\n}\n`);
    const checked = spawnSync('nginx', ['-t', '-c', file], { encoding: 'utf8' });
    // Versions before 1.25.1 write "http2" otherwise; that is not what is tested.
    if (checked.stderr.includes('unknown directive "http2"')) {
      await writeFile(file, (await readFile(file, 'utf8')).replace(/^\s*http2 on;\n/m, ''));
      const again = spawnSync('nginx', ['-t', '-c', file], { encoding: 'utf8' });
      expect(again.status, again.stderr).to.equal(0);
    } else expect(checked.status, checked.stderr).to.equal(0);
  });

  it('has systemd units that systemd accepts', function () {
    if (spawnSync('systemd-analyze', ['--version']).error !== undefined) {
      process.stderr.write('\n  NOT TESTED with systemd: it is not installed\n\n');
      return this.skip();
    }
    const directory = join(root, 'deploy/systemd');
    for (const unit of readdirSync(directory)) {
      const checked = spawnSync('systemd-analyze', ['verify', join(directory, unit)], { encoding: 'utf8' });
      // Programs and pages of the machine that is deployed to are not on this one.
      const complaints = checked.stderr
        .split('\n')
        .filter((line) => line.includes(unit))
        .filter((line) => !/is not executable|Failed to (find|open|create)|man page|not found/.test(line));
      expect(complaints, unit).to.deep.equal([]);
    }
  });
});
