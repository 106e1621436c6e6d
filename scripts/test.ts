// npm test [GROUP …] [-- --grep TEXT]
//
// Runs every group of tests in a process of its own and ends with one line that adds them up.
// Groups: checks (types, lint, format, room rules), and the folders of test/.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECKS, root, runCheck } from './lib/checks.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Quick and local first, whole systems last. */
const ORDER = [
  'contracts',
  'circuits',
  'sdk',
  'intake',
  'store',
  'chain',
  'registers',
  'witness',
  'answers',
  'exchange',
  'publicity',
  'letters',
  'api',
  'cli',
  'scripts',
  'system',
];
/** Folders without tests, and those whose long runs have commands of their own. */
const NOT_TESTS = new Set(['support', 'vectors', 'samples', 'network', 'chaos']);

const argv = process.argv.slice(2);
const split = argv.findIndex((argument) => argument.startsWith('-'));
const wanted = split === -1 ? argv : argv.slice(0, split);
const passedOn = (split === -1 ? [] : argv.slice(split)).filter((argument) => argument !== '--');

const folders = readdirSync(join(root, 'test'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !NOT_TESTS.has(entry.name))
  .map((entry) => entry.name)
  .filter((name) => readdirSync(join(root, 'test', name)).some((file) => file.endsWith('.test.ts')))
  .sort((a, b) => rank(a) - rank(b));
const groups = ['checks', ...folders].filter((name) => wanted.length === 0 || wanted.includes(name));
const unknown = wanted.filter((name) => name !== 'checks' && !folders.includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `No such group of tests: ${unknown.join(', ')}. There are: checks, ${folders.join(', ')}.\n`,
  );
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'ledger-tests-'));
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const table: { group: string; counts: Counts; seconds: number }[] = [];
for (const group of groups) {
  const started = performance.now();
  process.stdout.write(`\n── ${group} ${'─'.repeat(Math.max(0, 70 - group.length))}\n`);
  const counts = group === 'checks' ? await runChecks() : await runMocha(group);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  table.push({ group, counts, seconds: (performance.now() - started) / 1000 });
}
rmSync(scratch, { recursive: true, force: true });

process.stdout.write('\n');
for (const { group, counts, seconds } of table) {
  process.stdout.write(
    `${group.padEnd(12)} ${String(counts.passed).padStart(5)} passed ${String(counts.failed).padStart(3)} failed ${String(counts.skipped).padStart(3)} skipped ${seconds.toFixed(1).padStart(7)} s\n`,
  );
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function rank(name: string): number {
  const position = ORDER.indexOf(name);
  return position === -1 ? ORDER.length : position;
}

async function runChecks(): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const check of CHECKS) {
    const { ok, output } = await runCheck(check);
    if (ok) counts.passed += 1;
    else counts.failed += 1;
    process.stdout.write(`  ${ok ? '✔' : '✖'} ${check.name}\n`);
    if (!ok) process.stdout.write(`${output}\n`);
  }
  return counts;
}

async function runMocha(group: string): Promise<Counts> {
  const countsFile = join(scratch, group);
  const hardhat = join(root, 'node_modules', 'hardhat', 'dist', 'src', 'cli.js');
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const reporter = join(root, 'test', 'support', 'counting-reporter.cjs');
  const args =
    group === 'contracts'
      ? ['--conditions=source', hardhat, 'test', 'mocha', '--no-compile', ...passedOn]
      : [
          '--conditions=source',
          '--disable-warning=ExperimentalWarning',
          mocha,
          '--reporter',
          reporter,
          '--timeout',
          '120000',
          '--exit',
          `test/${group}/*.test.ts`,
          ...passedOn,
        ];
  const code = await new Promise<number>((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, LEDGER_TEST_COUNTS: countsFile },
    });
    child.on('error', () => resolve(1));
    child.on('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  if (existsSync(countsFile)) {
    for (const line of readFileSync(countsFile, 'utf8').split('\n').filter(Boolean)) {
      const part = JSON.parse(line) as Counts;
      counts.passed += part.passed;
      counts.failed += part.failed;
      counts.skipped += part.skipped;
    }
  }
  // A process that died, or that counted nothing, has failed whatever it printed.
  if (counts.failed === 0 && (code !== 0 || counts.passed === 0)) counts.failed += 1;
  return counts;
}
