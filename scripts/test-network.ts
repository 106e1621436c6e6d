// npm run test:network [-- --grep TEXT]: the fault matrix on a consortium chain of four validators.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './lib/checks.ts';
import { missingToolchain } from './lib/engine/build.ts';

const HELP = `npm run test:network [-- --grep TEXT] [-- --if-possible]

Runs the fault matrix on a consortium chain of four real validators: some down, frozen, wiped; links cut and lossy;
a member that lies, equivocates, objects without cause. Takes some ten minutes on two cores. Needs Go 1.24 or newer
and a C compiler, for building the validators' engine; without them it fails, or with --if-possible says that it did not
run and ends well.
在四个真实验证节点的联盟链上运行故障测试。需要 Go 1.24 或更新版本及 C 编译器。
`;

const IF_POSSIBLE = '--if-possible';
const given = process.argv.slice(2).filter((argument) => argument !== '--');
const args = given.filter((argument) => argument !== IF_POSSIBLE);
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(HELP);
} else {
  const missing = missingToolchain();
  if (missing !== undefined) {
    const mayBeMissing = given.includes(IF_POSSIBLE);
    const verdict = mayBeMissing ? 'The network of validators was NOT TESTED here. ' : '';
    process.stderr.write(`${verdict}${missing.code}: ${missing.message}\n${missing.messageZh}\n`);
    process.exitCode = mayBeMissing ? 0 : 1;
  } else {
    const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
    const child = spawn(
      process.execPath,
      [
        ...['--conditions=source', '--disable-warning=ExperimentalWarning', mocha],
        ...['--exit', 'test/network/*.test.ts', ...args],
      ],
      { cwd: root, stdio: 'inherit' },
    );
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    child.on('exit', (code) => (process.exitCode = code ?? 1));
  }
}
