// Brings what is missing, then runs a task. No dependencies: it must work right after a clone.
//
//   node scripts/bootstrap.mjs TASK [ARGUMENTS]
//
// 1. A Node.js that runs the project (24, or 22.18 and newer); where the machine's is older, the
//    platform's binary package of Node 24, through npx.
// 2. The dependencies, from the lock file, installed under that very Node: npm leaves out optional
//    binaries whose engine range does not match the Node that installs.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_VERSION = '24.21.0';
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Task → the script that does it, and whether it needs compiled contracts. */
const TASKS = {
  demo: { script: 'scripts/demo.ts', contracts: true },
  test: { script: 'scripts/test.ts', contracts: true },
  forgeries: { script: 'scripts/forgeries.ts', contracts: false },
  network: { script: 'scripts/network.ts', contracts: true },
  'test:network': { script: 'scripts/test-network.ts', contracts: true },
  'test:chaos': { script: 'scripts/test-chaos.ts', contracts: true },
  bench: { script: 'scripts/bench.ts', contracts: true },
  analyze: { script: 'scripts/analyze.ts', contracts: true },
  'fuzz:api': { script: 'scripts/fuzz-api.ts', contracts: true },
  'deploy:files': { script: 'scripts/make-deploy.ts', contracts: false },
  'bench:load': { script: 'scripts/bench-load.ts', contracts: true },
  ledger: { script: 'scripts/ledger.ts', contracts: false },
  lint: { script: 'scripts/lint.ts', contracts: true },
  format: { script: 'scripts/format.ts', contracts: false },
  setup: { script: undefined, contracts: true },
};

const [task, ...rest] = process.argv.slice(2);
const known = task !== undefined && Object.hasOwn(TASKS, task);
if (!known) {
  say(`Usage: node scripts/bootstrap.mjs ${Object.keys(TASKS).join(' | ')} [arguments]`);
  process.exit(2);
}

if (!nodeIsGood(process.versions.node)) {
  runUnderNewerNode();
} else {
  installDependencies();
  if (TASKS[task].contracts) compileContracts();
  if (TASKS[task].script) run(TASKS[task].script, rest);
}

function nodeIsGood(version) {
  const [major, minor] = version.split('.').map(Number);
  return major >= 24 || (major === 22 && minor >= 18);
}

function runUnderNewerNode() {
  if (process.env.LEDGER_BOOTSTRAPPED === '1') {
    fail(`Node ${process.versions.node} is still too old after Node ${NODE_VERSION} was brought.`);
  }
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const nodePackage = `node-${platform}-${process.arch}@${NODE_VERSION}`;
  if (!existsSync(join(root, 'node_modules', '.ledger-setup'))) {
    say(`Node ${process.versions.node} is older than the project needs; using ${nodePackage} through npx.`);
  }
  const child = spawn(
    'npx',
    [
      '--yes',
      '--loglevel=error',
      '-p',
      nodePackage,
      '--',
      'node',
      fileURLToPath(import.meta.url),
      task,
      ...rest,
    ],
    { stdio: 'inherit', env: { ...process.env, LEDGER_BOOTSTRAPPED: '1' } },
  );
  follow(child, 'npx did not start. Is npm installed?');
}

function installDependencies() {
  const marker = join(root, 'node_modules', '.ledger-setup');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.versions.modules)
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  const started = Date.now();
  say('Installing the dependencies from the lock file …');
  // npm itself must run under this Node, whichever Node its own first line names.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` };
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    fail(
      'The dependencies could not be installed. Check that an npm registry is reachable, then run this again.',
    );
  }
  writeFileSync(marker, wanted);
  say(`Dependencies installed in ${seconds(started)} s.`);
}

function compileContracts() {
  const cache = join(root, '.cache');
  const marker = join(cache, 'contracts');
  const wanted = createHash('sha256');
  const listing = spawnSync(process.execPath, [join(root, 'scripts', 'lib', 'list-sources.mjs')], {
    encoding: 'utf8',
  });
  if (listing.status !== 0) fail(listing.stderr);
  for (const file of listing.stdout.split('\n').filter(Boolean)) {
    wanted.update(file).update(readFileSync(join(root, file)));
  }
  const digest = wanted.digest('hex');
  const artifacts = join(root, 'artifacts');
  if (existsSync(artifacts) && existsSync(marker) && readFileSync(marker, 'utf8') === digest) return;
  const started = Date.now();
  say('Compiling the contracts …');
  rmSync(marker, { force: true });
  const result = spawnSync(
    process.execPath,
    [
      '--conditions=source',
      join(root, 'node_modules', 'hardhat', 'dist', 'src', 'cli.js'),
      'build',
      '--quiet',
    ],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
    },
  );
  // The compiler's remarks about library code are of interest only when something is wrong.
  if (result.status !== 0) fail(`The contracts did not compile.\n${result.stdout}${result.stderr}`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(marker, digest);
  say(`Contracts compiled in ${seconds(started)} s.`);
}

function run(script, args) {
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', join(root, script), ...args],
    {
      stdio: 'inherit',
      cwd: process.cwd(),
      env: { ...process.env, INIT_CWD: process.env.INIT_CWD ?? process.cwd() },
    },
  );
  follow(child, `${script} did not start.`);
}

/** Hands signals on and ends as the child ends. */
function follow(child, message) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${message} ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1);
  });
}

// Everything the set-up says goes to standard error: standard output belongs to the task.
function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

function seconds(started) {
  return ((Date.now() - started) / 1000).toFixed(0);
}
