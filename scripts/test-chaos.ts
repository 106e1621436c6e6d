// npm run test:chaos [-- --rounds N --rows N --seed N]: the kill matrix.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './lib/checks.ts';

const HELP = `npm run test:chaos [-- --rounds N] [--rows N] [--seed N]

Kills nodes, store and chain with kill -9 at random moments, N rounds (5), while rows (10000) are imported and
questions asked, with chain rollbacks of 1 to 30 seconds among the kills. At the end every acknowledged row must be
anchored exactly once, every answer logged, and the audit clean; the figures are printed. The same seed strikes the
same things in the same order; moments differ. Five rounds take about three minutes on two cores, fifty about ten.
以 kill -9 随机终止节点、数据库和链，同时导入数据并提问；结束时逐项核对并打印数字。
`;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const wrong = (['rounds', 'rows', 'seed'] as const).filter(
  (name) => values[name] !== undefined && !/^[1-9][0-9]{0,9}$/.test(values[name]),
);
if (values.help) {
  process.stdout.write(HELP);
} else if (wrong.length > 0) {
  process.stderr.write(`${wrong.map((name) => `--${name} is a number from 1 on.`).join('\n')}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const child = spawn(
    process.execPath,
    [
      ...['--conditions=source', '--disable-warning=ExperimentalWarning', mocha],
      ...['--exit', 'test/chaos/*.test.ts'],
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        CHAOS_ROUNDS: values.rounds,
        CHAOS_ROWS: values.rows,
        ...(values.seed === undefined ? {} : { CHAOS_SEED: values.seed }),
      },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => (process.exitCode = code ?? 1));
}
