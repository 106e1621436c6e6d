// npm run demo: the whole way, from a spreadsheet to a proved answer.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { dateOfDay, dayAt } from '@credit-ledger/sdk/protocol';
import { askAboutFive, isAsExpected, ROLES, type Told } from './lib/acts/answers.ts';
import { agenciesOf, PLAY_STARTS_AT, playOn } from './lib/acts/play.ts';
import { failures } from './lib/acts/questions.ts';
import { fillRegisters } from './lib/acts/registers.ts';
import { playProcesses } from './lib/acts/story.ts';
import { root } from './lib/checks.ts';
import { Narrator } from './lib/narrate.ts';
import { makeSamples } from './lib/samples.ts';
import { endProcesses, isAlive } from './lib/processes.ts';
import { setStage } from './lib/stage.ts';

const HELP = `npm run demo [-- --exit | --stop]

Starts a chain and the nodes of three agencies and a bank on this machine, imports sample files, anchors them, lets the
other two members witness, asks across provinces and verifies the answers as a third party. Then the processes, from
8 June to 20 November 2026: consent, commitment letters, a dispute, an incomplete filing, a repair.

  --exit   ends chain and nodes after the story
  --stop   only ends what an earlier demo left running

Without --exit the nodes go on running; the next demo, or --stop, ends them. All data is in .data/demo.
`;

const { values } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const directory = join(root, '.data', 'demo');
const runFile = join(directory, 'run.json');
const SLUGS = ['beijing', 'tianjin', 'hebei', 'bank'] as const;

if (values.help) {
  process.stdout.write(HELP);
} else {
  await endEarlierRun();
  if (!values.stop) await demonstrate();
}

async function demonstrate(): Promise<void> {
  const n = new Narrator();
  n.say('Credit ledger: from a spreadsheet to a proved answer · 企业公共信用账本演示\n');
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'answers'), { recursive: true });

  const today = dateOfDay(dayAt(PLAY_STARTS_AT.getTime() / 1000));
  const samples = join(directory, 'samples');
  const cast = await n.step(`It is ${today}; sample files are written for this day · 生成示例文件`, () =>
    makeSamples({ today, seed: 2021, dir: samples }),
  );

  const stage = await n.step(
    'A chain starts, the council founds the ledger, three agencies and a bank start their nodes · 启动链、合约与四个节点',
    (progress) =>
      setStage({
        directory,
        startAt: PLAY_STARTS_AT,
        agencies: agenciesOf(cast),
        onPart: (part) =>
          progress({ chain: 'the chain', contracts: 'contracts and council', nodes: 'nodes' }[part]),
      }),
  );
  await writeFile(
    runFile,
    JSON.stringify({
      nodes: stage.nodes.map(({ process }) => process?.pid ?? 0),
      chain: stage.chain.pids[0],
      rpcUrl: stage.chain.url,
    }),
  );
  const ended = (): void => void stage.stop().then(() => process.exit(130));
  process.once('SIGINT', ended);
  process.once('SIGTERM', ended);
  try {
    for (const node of stage.nodes) n.say(`  member ${node.memberId}  ${node.name}  ${node.url}`);
    const play = playOn(stage, { narrator: n, cast, samples, directory, movesTime: true });
    await fillRegisters(play);
    const told = await askAboutFive(play);
    summarise(n, told);
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
        ? `\nAll answers are right and verified, and every process ended as the rules want it. ${n.seconds.toFixed(0)} s in all. 全部答案正确并通过验证，各环节结果均符合规则。`
        : '\nNOT all is as it should be. 有结果不符合预期。',
    );
  } catch (error) {
    await stage.stop();
    throw error;
  } finally {
    process.off('SIGINT', ended);
    process.off('SIGTERM', ended);
  }
  if (values.exit) {
    await stage.stop();
    await rm(runFile, { force: true });
    n.say('Nodes and chain have ended. 节点与链已停止。');
  } else {
    n.say('\nThe nodes go on running. Look around, for example · 节点继续运行，可以试试：');
    for (const node of stage.nodes) n.say(`  npm run -s ledger -- status --data ${shown(node.dataDir)}`);
    n.say(
      `  npm run -s ledger -- audit --network ${shown(join(directory, 'network.json'))} --rpc ${stage.chain.url}`,
    );
    n.say(
      `  npm run -s ledger -- verify ${shown(join(directory, 'answers', 'repair-after.json'))} --network ${shown(join(directory, 'network.json'))} --rpc ${stage.chain.url}`,
    );
    n.say(
      'The story has a time of its own: with --max-age, judge by it with --now. 演示时间并非当前时间，判断时限请用 --now。',
    );
    n.say('End them · 停止： npm run demo -- --stop');
  }
}

function summarise(n: Narrator, told: readonly Told[]): void {
  n.say('');
  n.table(
    ['company 企业', 'answer', 'online', 'offline', 'seconds', 'answer file'],
    told.map(({ role, answer, online, offline, seconds, file }) => [
      ROLES[role],
      answer,
      online.overall + (online.overall === 'VALID' ? '' : ` ${failures(online)}`),
      offline.overall + (offline.overall === 'VALID' ? '' : ` ${failures(offline)}`),
      seconds.toFixed(1),
      shown(file),
    ]),
  );
  n.say(
    `\nnetwork file ${shown(join(directory, 'network.json'))}   checkpoint ${shown(join(directory, 'checkpoint.json'))}`,
  );
}

async function endEarlierRun(): Promise<void> {
  const run = await readJson<{ nodes: number[]; chain: number }>(runFile);
  const nodes = new Set(run?.nodes.filter((pid) => isAlive(pid, directory)));
  // A node that somebody started again in between says so in its own directory.
  for (const slug of SLUGS) {
    const serving = await readJson<{ pid: number }>(join(directory, slug, 'serving.json'));
    if (serving !== undefined && isAlive(serving.pid, 'start.ts')) nodes.add(serving.pid);
  }
  const chain = run !== undefined && isAlive(run.chain, 'anvil') ? [run.chain] : [];
  if (nodes.size + chain.length > 0) {
    process.stdout.write('Ending what an earlier demo left running … 停止上次演示的进程\n');
    await endProcesses([...nodes]);
    await endProcesses(chain);
  }
  await rm(runFile, { force: true });
}

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    // Not there, or cut short: no earlier run, or one that ended itself.
    return undefined;
  }
}

function shown(path: string): string {
  return relative(process.env['INIT_CWD'] ?? process.cwd(), path);
}
