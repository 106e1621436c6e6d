// npm run demo: the whole way, from a spreadsheet to a proved answer.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Expectations,
  parseCreditAnswer,
  parseNetworkFile,
  verifyAnswer,
  type Verification,
} from '@credit-ledger/sdk/answer';
import { chainFacts, deploymentOf, LedgerView } from '@credit-ledger/sdk/chain';
import { dateOfDay, dayAt, dayOfDate } from '@credit-ledger/sdk/protocol';
import { createPublicClient, http } from 'viem';
import type { Grant } from '../node/src/api/schemas/ledger.ts';
import { root } from './lib/checks.ts';
import {
  importFile,
  operateFile,
  untilAnswered,
  untilGrantKnown,
  untilRegisterOpen,
  untilWitnessed,
} from './lib/errands.ts';
import { Narrator } from './lib/narrate.ts';
import { type Cast, makeSamples } from './lib/samples.ts';
import { endProcesses, isAlive, setStage, type StageNode } from './lib/stage.ts';

const HELP = `npm run demo [-- --exit | --stop]

Starts a chain and three agencies' nodes on this machine, imports sample files, anchors them, lets the
other two members witness, asks across provinces and verifies the answers as a third party.

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
const APPLICATION = 'procurement-qualification';
const PREDICATE = 'no-severe-default';
const SLUGS = ['beijing', 'tianjin', 'hebei'] as const;
const REASON = 'demonstration: qualification of a supplier';
const ROLES = {
  clean: 'no entry at all 无任何记录',
  severe: 'severe penalty in force 严重处罚有效',
  repaired: 'severe penalty, repaired 严重处罚已修复',
  general: 'general penalty only 仅一般处罚',
  old: 'severe, before the window 严重处罚已超期限',
} as const;

if (values.help) {
  process.stdout.write(HELP);
} else {
  await endEarlierRun();
  if (!values.stop) await demonstrate();
}

interface Told {
  readonly file: string;
  readonly role: keyof typeof ROLES;
  readonly answer: string;
  readonly seconds: number;
  readonly online: Verification;
  readonly offline: Verification;
}

async function demonstrate(): Promise<void> {
  const n = new Narrator();
  n.say('Credit ledger: from a spreadsheet to a proved answer · 企业公共信用账本演示\n');
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'answers'), { recursive: true });

  const today = dateOfDay(dayAt(Math.floor(Date.now() / 1000)));
  const samples = join(directory, 'samples');
  const cast = await n.step('Sample files are written for today · 生成示例文件', () =>
    makeSamples({ today, seed: 2021, dir: samples }),
  );

  const stage = await n.step(
    'A chain starts, the council founds the ledger, three agencies start their nodes · 启动链、合约与三个节点',
    (progress) =>
      setStage({
        directory,
        agencies: [
          {
            slug: 'beijing',
            regionCode: 110_101,
            name: cast.authorities.beijing.name,
            creditCode: cast.authorities.beijing.uscc,
          },
          {
            slug: 'tianjin',
            regionCode: 120_101,
            name: cast.authorities.tianjin.name,
            creditCode: cast.authorities.tianjin.uscc,
          },
          {
            slug: 'hebei',
            regionCode: 130_102,
            name: cast.authorities.hebei.name,
            creditCode: cast.authorities.hebei.uscc,
          },
        ],
        onPart: (part) =>
          progress({ chain: 'the chain', contracts: 'contracts and council', nodes: 'nodes' }[part]),
      }),
  );
  await writeFile(
    runFile,
    JSON.stringify({
      nodes: stage.nodes.map(({ pid }) => pid),
      chain: stage.chain.pid,
      rpcUrl: stage.chain.url,
    }),
  );
  const ended = (): void => void stage.stop().then(() => process.exit(130));
  process.once('SIGINT', ended);
  process.once('SIGTERM', ended);
  try {
    for (const node of stage.nodes) n.say(`  member ${node.memberId}  ${node.name}  ${node.url}`);
    const told = await tell(n, stage.nodes, cast, samples, stage.chain.url, stage.deployment.deployedAtBlock);
    summarise(n, told);
    const asExpected = told.every(
      ({ role, answer, online, offline }) =>
        answer ===
          (cast.companies.find((company) => company.role === role)?.noSevereDefault === true
            ? 'YES'
            : 'NO') &&
        online.overall === 'VALID' &&
        offline.overall === 'VALID',
    );
    if (!asExpected) process.exitCode = 1;
    n.say(
      asExpected
        ? `\nAll five answers are right and verified. ${n.seconds.toFixed(0)} s in all. 五个答案均正确并通过验证。`
        : '\nNOT all answers are right and verified. 有答案不正确或未通过验证。',
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
    n.say('End them · 停止： npm run demo -- --stop');
  }
}

async function tell(
  n: Narrator,
  nodes: readonly StageNode[],
  cast: Cast,
  samples: string,
  rpcUrl: string,
  deployedAtBlock: number,
): Promise<Told[]> {
  const bySlug = (slug: string): StageNode => {
    const node = nodes.find((candidate) => candidate.slug === slug);
    if (node === undefined) throw new Error(`no node ${slug}`);
    return node;
  };
  const beijing = bySlug('beijing');
  const hebei = bySlug('hebei');

  await n.step(
    'Each agency opens its register: a secret stays at home, its commitment goes on chain · 开立登记册',
    () =>
      Promise.all(
        nodes.map(async (node) => {
          await node.connection.call('openRegister', { json: {} });
          await untilRegisterOpen(node.connection);
        }),
      ),
  );

  await n.step(
    'Officers import their files; nothing of them leaves the agency · 导入双公示文件',
    async (progress) => {
      for (const node of nodes) {
        const { files, operations } = cast.imports[node.slug as keyof Cast['imports']];
        for (const { file, profile } of files) {
          progress(`${node.name}: ${file}`);
          const done = await importFile(node.connection, join(samples, file), profile);
          n.say(
            `  ${file}: ${done.rows} rows 行 → ${done.records} records 记录, ${done.duplicates} duplicates 重复, ${done.rowsWithIssues} with issues 问题`,
          );
        }
        const done = await operateFile(node.connection, join(samples, operations));
        n.say(
          `  ${operations}: ${done.done} of ${done.rows} operations 操作 (repair, revoke, dispute, settle, correct)`,
        );
      }
      const dirty = await importFile(beijing.connection, join(samples, 'dirty-penalties.csv'));
      n.say(
        `  dirty-penalties.csv: ${dirty.rows} rows 行 → ${dirty.records} records 记录, ${dirty.duplicates} duplicates 重复, ${dirty.rowsWithIssues} with issues 问题, each with its reason 每个问题都有原因`,
      );
    },
  );

  await n.step(
    'Blinded entries are anchored, and replayed and attested by the two other members · 上链并由两地见证',
    async (progress) => {
      for (const node of nodes) {
        const { items } = (
          await node.connection.call<{ items: { id: string; own: boolean }[] }>('listRegisters')
        ).body;
        const own = items.find((register) => register.own);
        if (own === undefined) throw new Error(`${node.name} has no register`);
        await node.connection.call('anchor', { params: { id: own.id } });
      }
      await untilWitnessed(
        nodes.map((node) => node.connection),
        progress,
      );
    },
  );

  await n.step(
    'Beijing grants Hebei one purpose: qualification of suppliers · 北京向河北授权一个用途',
    async () => {
      const { body } = await beijing.connection.call<Grant>('giveGrant', {
        json: {
          grantee: { region: 130_000 },
          application: APPLICATION,
          classes: [1],
          validUntil: new Date(Date.now() + 90 * 86_400_000).toISOString(),
          maxUses: 1000,
        },
      });
      await untilGrantKnown(hebei.connection, body.id);
    },
  );

  n.say(`\nHebei asks Beijing: “${PREDICATE}”? · 河北向北京提问：近三年内无有效的严重失信记录？`);
  const asked: {
    role: keyof typeof ROLES;
    file: string;
    answer: string;
    seconds: number;
    logId: string;
    registerId: string;
  }[] = [];
  for (const company of cast.companies) {
    const started = performance.now();
    const question = await n.step(`${company.name} (${ROLES[company.role]})`, async (progress) => {
      progress('checked, proved, logged on chain, signed, verified');
      return untilAnswered(hebei.connection, {
        subject: company.uscc,
        member: beijing.memberId.toString(),
        application: APPLICATION,
        predicate: PREDICATE,
        reason: REASON,
      });
    });
    const file = join(directory, 'answers', `${company.role}.json`);
    await writeFile(file, `${JSON.stringify(question.document, null, 2)}\n`);
    const answer = question.answer === true ? 'YES' : 'NO';
    n.say(`  ${answer}${question.disputed === true ? ' (rests on a disputed record 含异议记录)' : ''}`);
    const document = parseCreditAnswer(question.document);
    asked.push({
      role: company.role,
      file,
      answer,
      seconds: (performance.now() - started) / 1000,
      logId: document.log.logId,
      registerId: document.request.registerId,
    });
  }

  return n.step(
    'A third party verifies, with the chain and without · 第三方在线、离线验证',
    async (progress) => {
      const network = (await hebei.connection.call<Record<string, unknown>>('getNetwork')).body;
      await writeFile(join(directory, 'network.json'), `${JSON.stringify(network, null, 2)}\n`);
      const checkpoint = (
        await hebei.connection.call<Record<string, unknown>>('makeCheckpoint', {
          json: { registerId: asked[0]?.registerId, logIds: asked.map(({ logId }) => logId) },
        })
      ).body;
      await writeFile(join(directory, 'checkpoint.json'), `${JSON.stringify(checkpoint, null, 2)}\n`);
      const pinned = parseNetworkFile(network);
      const facts = chainFacts(
        new LedgerView(
          createPublicClient({ transport: http(rpcUrl) }),
          deploymentOf(pinned, BigInt(deployedAtBlock)),
        ),
      );
      const told: Told[] = [];
      for (const { role, file, answer, seconds } of asked) {
        progress(file);
        const company = cast.companies.find((candidate) => candidate.role === role);
        const expected: Expectations = {
          subject: company?.uscc ?? '',
          predicate: { application: APPLICATION, predicate: PREDICATE },
          application: APPLICATION,
          asOfDay: dayOfDate(cast.today),
          requester: hebei.memberId,
          authority: beijing.memberId,
          maxAgeSeconds: 86_400,
        };
        const text = await readFile(file, 'utf8');
        told.push({
          file,
          role,
          answer,
          seconds,
          online: await verifyAnswer(text, pinned, expected, { chain: facts }),
          offline: await verifyAnswer(text, pinned, expected, { checkpoint }),
        });
        if (role === 'severe') {
          const forged = text.replace('"answer": false', '"answer": true');
          const verdict = await verifyAnswer(forged, pinned, expected, { chain: facts });
          n.say(
            `  somebody turns the NO into a YES · 有人把“否”改成“是”: ${verdict.overall}, ${failures(verdict)}`,
          );
          const other = cast.companies.find((candidate) => candidate.role === 'general');
          const swapped = await verifyAnswer(
            text,
            pinned,
            { ...expected, subject: other?.uscc ?? '' },
            { chain: facts },
          );
          n.say(
            `  somebody shows it for another company · 冒用于另一企业: ${swapped.overall}, ${failures(swapped)}`,
          );
        }
      }
      return told;
    },
  );
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

/** The checks that an answer did not pass. */
function failures({ checks }: Verification): string {
  return checks
    .filter(({ verdict }) => verdict === 'INVALID' || verdict === 'ERROR')
    .map(({ check, reason }) => `${check} ${reason}`)
    .join(', ');
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
