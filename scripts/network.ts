// npm run network: the ledger on a consortium chain of four validators.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { dateOfDay, dayAt, isLedgerError } from '@credit-ledger/sdk/protocol';
import { askAboutFive, isAsExpected } from './lib/acts/answers.ts';
import { agenciesOf, playOn } from './lib/acts/play.ts';
import { fillRegisters } from './lib/acts/registers.ts';
import { playProcesses } from './lib/acts/story.ts';
import { root } from './lib/checks.ts';
import { buildEngine } from './lib/engine/build.ts';
import { chainOf } from './lib/engine/stage-chain.ts';
import { startValidators } from './lib/engine/validators.ts';
import { Narrator } from './lib/narrate.ts';
import { endProcesses, isAlive } from './lib/processes.ts';
import { makeSamples } from './lib/samples.ts';
import { setStage } from './lib/stage.ts';

const HELP = `npm run network [-- --exit | --stop]

Builds the validators' engine (Go 1.24 or newer and a C compiler; a few minutes the first time), makes a chain of four
validators with fresh keys, deploys and founds the ledger on it, and starts the nodes of four members in three regions,
each with the endpoint of its own validator.
构建验证节点引擎，建立四个验证节点的联盟链，部署账本，并启动三地四个成员的节点。

  --exit   plays the story of the demonstration on it, then ends everything; steps that need days to pass are skipped
           播放演示流程后全部停止；需推进时间的环节跳过
  --stop   only ends what an earlier run left running
           仅停止上次运行留下的进程

Without --exit everything goes on running; the next run, or --stop, ends it. All data is in .data/network.
`;

interface Run {
  readonly nodes: readonly number[];
  readonly validators: readonly number[];
}

const { values } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const directory = join(root, '.data', 'network');
const runFile = join(directory, 'run.json');

if (values.help) {
  process.stdout.write(HELP);
} else {
  await endEarlierRun();
  if (!values.stop) await run();
}

async function run(): Promise<void> {
  const n = new Narrator();
  n.say('Credit ledger on a consortium chain · 联盟链上的企业公共信用账本\n');
  let binary: string;
  try {
    binary = await n.step('The engine of the validators · 验证节点引擎', (progress) => buildEngine(progress));
  } catch (error) {
    if (!isLedgerError(error)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n${error.messageZh}\n`);
    process.exitCode = 1;
    return;
  }
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'answers'), { recursive: true });
  const samples = join(directory, 'samples');
  const cast = await makeSamples({
    today: dateOfDay(dayAt(Math.floor(Date.now() / 1000))),
    seed: 2021,
    dir: samples,
  });
  const agencies = agenciesOf(cast);
  const network = await n.step('Four validators make a chain · 四个验证节点组网出块', () =>
    startValidators({ directory: join(directory, 'chain'), binary, slugs: agencies.map(({ slug }) => slug) }),
  );
  const remember = (nodes: readonly number[]): Promise<void> =>
    writeFile(
      runFile,
      JSON.stringify({ nodes, validators: network.validators.map(({ pid }) => pid) } satisfies Run),
    );
  await remember([]);
  const stage = await n.step(
    'The council founds the ledger; four members in three regions start their nodes · 建立账本，启动三地四个成员节点',
    (progress) =>
      setStage({
        directory,
        agencies,
        chain: chainOf(network),
        settings: { pollMilliseconds: 500 },
        onPart: (part) =>
          progress({ chain: 'the chain', contracts: 'contracts and council', nodes: 'nodes' }[part]),
      }),
  );
  await remember(stage.nodes.map(({ process }) => process?.pid ?? 0));
  const ended = (): void => void stage.stop().then(() => process.exit(130));
  process.once('SIGINT', ended);
  process.once('SIGTERM', ended);
  for (const [i, node] of stage.nodes.entries()) {
    const validator = network.validators[i];
    n.say(`  member ${node.memberId}  ${node.name}  ${node.url}  validator ${validator?.url ?? '–'}`);
  }
  if (!values.exit) {
    process.off('SIGINT', ended);
    process.off('SIGTERM', ended);
    n.say('\nEverything goes on running. Look around, for example · 节点继续运行，可以试试：');
    for (const { dataDir } of stage.nodes) n.say(`  npm run -s ledger -- status --data ${shown(dataDir)}`);
    n.say('End it · 停止： npm run network -- --stop');
    return;
  }
  try {
    const play = playOn(stage, { narrator: n, cast, samples, directory });
    await fillRegisters(play);
    const told = await askAboutFive(play);
    const outcomes = await playProcesses(play);
    n.say('');
    n.table(
      ['act 环节', 'company 企业', 'outcome 结果', ''],
      outcomes.map(({ act, subject, outcome, asExpected }) => [
        act,
        subject,
        outcome,
        asExpected ? '✔' : '✖',
      ]),
    );
    const asExpected =
      told.every((each) => isAsExpected(play, each)) && outcomes.every((each) => each.asExpected);
    if (!asExpected) process.exitCode = 1;
    n.say(
      asExpected
        ? `\nAll answers are right and verified, and every process that was played ended as the rules want it. ${n.seconds.toFixed(0)} s in all. 全部答案正确并通过验证，各环节结果均符合规则。`
        : '\nNOT all is as it should be. 有结果不符合预期。',
    );
  } finally {
    await stage.stop();
    await rm(runFile, { force: true });
    n.say('Nodes and validators have ended. 节点与验证节点已停止。');
  }
}

async function endEarlierRun(): Promise<void> {
  let earlier: Run;
  try {
    earlier = JSON.parse(await readFile(runFile, 'utf8')) as Run;
  } catch {
    // Not there, or cut short: no earlier run, or one that ended itself.
    return;
  }
  const nodes = earlier.nodes.filter((pid) => isAlive(pid, directory));
  const validators = earlier.validators.filter((pid) => isAlive(pid, 'kcn'));
  if (nodes.length + validators.length > 0) {
    process.stdout.write('Ending what an earlier run left running … 停止上次运行的进程\n');
    await endProcesses(nodes);
    await endProcesses(validators);
  }
  await rm(runFile, { force: true });
}

function shown(path: string): string {
  return relative(process.env['INIT_CWD'] ?? process.cwd(), path);
}
