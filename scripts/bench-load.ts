// npm run bench:load: many clients at once, or (--soak) many days in a row; a table of figures.
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dateOfDay, dayAt, isLedgerError } from '@credit-ledger/sdk/protocol';
import type { QuestionDetail } from '../node/src/api/schemas/answers.ts';
import type { ChainStatus } from '../node/src/api/schemas/ledger.ts';
import { agenciesOf, chainDate, PLAY_STARTS_AT, type Play, playerOf, playOn } from './lib/acts/play.ts';
import { fillRegisters, giveGrant } from './lib/acts/registers.ts';
import { root } from './lib/checks.ts';
import { importFile, untilAnswered, untilWitnessed } from './lib/errands.ts';
import { Narrator } from './lib/narrate.ts';
import { makeLargeFile, makeSamples } from './lib/samples.ts';
import { setStage, type Stage, type StageNode } from './lib/stage.ts';

const HELP = `npm run bench:load [-- --clients N --seconds N | -- --soak MINUTES]

Without --soak: N clients (50) for N seconds (120) over reads, imports and questions at Beijing's and Hebei's nodes:
throughput, times, errors by code, memory before and after.
With --soak: days of work, one after the other, as fast as they go: a file of 200 rows, five questions, then the chain's
time moves on by a day. Memory, handles and table sizes as time goes by.
压力与耐久测试：吞吐、时延、错误代码、内存与句柄。
`;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    clients: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '120' },
    soak: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const APPLICATION = 'procurement-qualification';
const PREDICATE = 'no-severe-default';
const REASON = 'load';
const ROWS_A_FILE = 20;
const ROWS_A_DAY = 200;
const QUESTIONS_A_DAY = 5;
/** Of ten clients so many import and ask; the others read. */
const IMPORTING = 1;
const ASKING = 1;

/** “Come again later”: what a node that is full says, by design. */
const EXPLAINED = new Set(['BUSY', 'TOO_MANY_REQUESTS', 'STORE_BUSY']);

const n = new Narrator();
const directory = join(root, '.data', 'load');
const numbers = [values.clients, values.seconds, values.soak ?? '1'];
if (values.help) {
  process.stdout.write(HELP);
} else if (numbers.some((text) => !/^[1-9][0-9]{0,5}$/.test(text))) {
  process.stderr.write(`--clients, --seconds and --soak are numbers from 1 on.\n\n${HELP}`);
  process.exitCode = 2;
} else {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const { stage, play } = await makeStage(values.soak !== undefined);
  try {
    if (values.soak === undefined) await load(stage, play, Number(values.clients), Number(values.seconds));
    else await soak(stage, play, Number(values.soak));
  } finally {
    await stage.stop();
  }
}

async function makeStage(ownTime: boolean): Promise<{ stage: Stage; play: Play }> {
  const today = dayNow(ownTime ? PLAY_STARTS_AT.getTime() : Date.now());
  const samples = join(directory, 'samples');
  const cast = await makeSamples({ today, seed: 2021, dir: samples });
  const stage = await n.step('A chain and four nodes', () =>
    setStage({
      directory: join(directory, 'stage'),
      agencies: agenciesOf(cast),
      settings: {
        batchEverySeconds: ownTime ? 300 : 5,
        // All clients have one address here, and one token a role: the limits are tested elsewhere.
        requestsPerMinute: 1_000_000,
        requestsPerMinuteOfToken: 1_000_000,
      },
      ...(ownTime ? { startAt: PLAY_STARTS_AT } : {}),
    }),
  );
  const play = playOn(stage, { narrator: n, cast, samples, directory, movesTime: ownTime });
  await fillRegisters(play);
  await giveGrant(play, playerOf(play, 'beijing'), playerOf(play, 'hebei'), APPLICATION, { region: 130_000 });
  return { stage, play };
}

// ── load ─────────────────────────────────────────────────────────────────────────

interface Kind {
  readonly milliseconds: number[];
  readonly errors: Map<string, number>;
}

async function load(stage: Stage, play: Play, clients: number, seconds: number): Promise<void> {
  const [beijing, , hebei] = stage.nodes as [StageNode, StageNode, StageNode];
  const kinds = new Map<string, Kind>();
  const kindOf = (name: string): Kind => {
    let kind = kinds.get(name);
    if (kind === undefined) kinds.set(name, (kind = { milliseconds: [], errors: new Map() }));
    return kind;
  };
  const before = await memory([beijing, hebei]);
  let files = 0;
  const until = performance.now() + seconds * 1000;
  const reads: readonly [string, () => Promise<unknown>][] = [
    ['getChain', () => beijing.connection.call('getChain')],
    ['listRegisters', () => beijing.connection.call('listRegisters')],
    ['listImports', () => beijing.connection.call('listImports')],
    [
      'findRecords',
      () =>
        beijing.connection.call('findRecords', {
          query: { subject: play.cast.companies[0]?.uscc },
          reason: REASON,
        }),
    ],
    [
      'getReceipt',
      () => beijing.connection.call('getReceipt', { params: { recordId: '1' }, reason: REASON }),
    ],
    ['listQuestions', () => hebei.connection.call('listQuestions', { reason: REASON })],
    ['listGrants', () => beijing.connection.call('listGrants')],
  ];
  const importOne = async (): Promise<unknown> => {
    const seed = 1_000 + ++files;
    const file = join(directory, `load-${seed}.csv`);
    await makeLargeFile(file, ROWS_A_FILE, {
      today: dayNow(Date.now()),
      seed,
      firstNumber: seed * ROWS_A_FILE,
    });
    const done = await importFile(beijing.connection, file);
    await rm(file);
    if (done.records !== ROWS_A_FILE)
      throw new Error(`${done.records} of ${ROWS_A_FILE} rows became records`);
    return done;
  };
  const askOne = async (): Promise<unknown> => {
    const company = play.cast.companies[files % play.cast.companies.length];
    const question = await untilAnswered(hebei.connection, {
      subject: company?.uscc ?? '',
      member: beijing.memberId.toString(),
      application: APPLICATION,
      predicate: PREDICATE,
      reason: REASON,
    });
    if (question.answer !== company?.noSevereDefault) throw new Error('a wrong answer');
    return question;
  };
  await n.step(`${clients} clients for ${seconds} s`, async (progress) => {
    let calls = 0;
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        for (let i = client; performance.now() < until; i++) {
          const read = reads[i % reads.length];
          const part = client % 10;
          const [name, work]: readonly [string, () => Promise<unknown>] =
            part < IMPORTING
              ? [`import of ${ROWS_A_FILE} rows`, importOne]
              : part < IMPORTING + ASKING || read === undefined
                ? ['question to answer', askOne]
                : read;
          const kind = kindOf(name);
          const started = performance.now();
          try {
            await work();
            kind.milliseconds.push(performance.now() - started);
          } catch (error) {
            const code = codeOf(error);
            kind.errors.set(code, (kind.errors.get(code) ?? 0) + 1);
          }
          calls += 1;
          progress(`${calls} calls`);
        }
      }),
    );
  });
  const after = await memory([beijing, hebei]);
  await n.step('What was taken in is witnessed', () =>
    untilWitnessed(stage.nodes.slice(0, 3).map(({ connection }) => connection)),
  );
  n.say(`\n${availableParallelism()} processors, Node.js ${process.versions.node}, ${clients} clients\n`);
  n.table(
    ['call', 'done', 'a second', 'p50 ms', 'p99 ms', 'errors by code'],
    [...kinds].map(([name, { milliseconds, errors }]) => {
      const sorted = milliseconds.sort((a, b) => a - b);
      const at = (part: number): string =>
        sorted.length === 0
          ? '–'
          : (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(0);
      return [
        name,
        String(sorted.length),
        (sorted.length / seconds).toFixed(1),
        at(0.5),
        at(0.99),
        [...errors].map(([code, count]) => `${code} ${count}`).join(', ') || 'none',
      ];
    }),
  );
  n.say('');
  n.table(
    ['memory, MiB', 'before', 'after'],
    ['beijing', 'hebei'].map((name, i) => [name, String(before[i]), String(after[i])]),
  );
  const unexplained = [...kinds.values()]
    .flatMap(({ errors }) => [...errors.keys()])
    .filter((code) => !EXPLAINED.has(code));
  if (unexplained.length > 0) {
    n.say(`\nUnexplained errors: ${unexplained.join(', ')}`);
    process.exitCode = 1;
  }
}

/** An error by its code; one without a code is shown as what it says. */
function codeOf(error: unknown): string {
  if (isLedgerError(error)) return error.code;
  const text = error instanceof Error ? error.message : String(error);
  return /"code":"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 60);
}

// ── soak ─────────────────────────────────────────────────────────────────────────

async function soak(stage: Stage, play: Play, minutes: number): Promise<void> {
  const [beijing, , hebei] = stage.nodes as [StageNode, StageNode, StageNode];
  const until = performance.now() + minutes * 60_000;
  const samples: string[][] = [];
  const sample = async (day: number): Promise<void> => {
    const [own = 0, asking = 0] = await memory([beijing, hebei]);
    const { body } = await beijing.connection.call<ChainStatus>('getChain');
    samples.push([
      String(day),
      String(own),
      String(asking),
      String(await handles(beijing)),
      String(await handles(hebei)),
      String(await sizeOf(join(beijing.dataDir, 'pgdata'))),
      body.followedBlock ?? '',
    ]);
  };
  let day = 0;
  await sample(day);
  await n.step(`Days of work for ${minutes} min`, async (progress) => {
    while (performance.now() < until) {
      day += 1;
      const file = join(directory, 'day.csv');
      const today = await chainDate(play);
      await makeLargeFile(file, ROWS_A_DAY, {
        today,
        seed: 10_000 + day,
        firstNumber: 10_000 + day * ROWS_A_DAY,
      });
      await importFile(beijing.connection, file);
      for (let i = 0; i < QUESTIONS_A_DAY; i++) await askFor(play, beijing, hebei, i);
      await stage.moveTime(1);
      progress(`day ${day}`);
      if (day % 5 === 0) await sample(day);
    }
  });
  await sample(day);
  n.say('');
  n.table(
    ['day', 'beijing MiB', 'hebei MiB', 'beijing handles', 'hebei handles', 'beijing store MiB', 'block'],
    samples,
  );
}

async function askFor(play: Play, of: StageNode, by: StageNode, index: number): Promise<QuestionDetail> {
  const company = play.cast.companies[index % play.cast.companies.length];
  return untilAnswered(by.connection, {
    subject: company?.uscc ?? '',
    member: of.memberId.toString(),
    application: APPLICATION,
    predicate: PREDICATE,
    reason: REASON,
  });
}

// ── what the system says of a node ─────────────────────────────────────────────────

/** What each holds in memory now, MiB, by the kernel. */
async function memory(nodes: readonly StageNode[]): Promise<number[]> {
  return Promise.all(
    nodes.map(async ({ process: own }) => {
      const status = await readFile(`/proc/${own?.pid ?? 0}/status`, 'utf8');
      return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
    }),
  );
}

async function handles(node: StageNode): Promise<number> {
  return (await readdir(`/proc/${node.process?.pid ?? 0}/fd`)).length;
}

async function sizeOf(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0, // it went meanwhile
    );
  }
  return Math.round(bytes / 2 ** 20);
}

function dayNow(milliseconds: number): string {
  return dateOfDay(dayAt(Math.floor(milliseconds / 1000)));
}
