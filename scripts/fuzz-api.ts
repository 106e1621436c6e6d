// npm run fuzz:api: schemathesis on the description of the API, against a real node, with each role's token.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dateOfDay, dayAt } from '@credit-ledger/sdk/protocol';
import { LOCAL_TOKENS_FILE } from '../node/src/setup.ts';
import { agenciesOf, playerOf, playOn } from './lib/acts/play.ts';
import { fillRegisters, giveGrant } from './lib/acts/registers.ts';
import { root } from './lib/checks.ts';
import { Narrator } from './lib/narrate.ts';
import { makeSamples } from './lib/samples.ts';
import { setStage, type Stage } from './lib/stage.ts';

/** The version that this was written with; another may be used. */
const VERSION = '4.32.5';
const HELP = `npm run fuzz:api [-- --examples N] [--seed N] [--role ROLE] [--if-possible]

Puts made-up requests to every endpoint of a node that has records, registers and grants, as each role: no answer may be
of 5xx, or another than node/openapi.json describes. Needs schemathesis (pip install schemathesis==${VERSION}) on the PATH,
or its place in SCHEMATHESIS. With --if-possible it says so, and ends well, where there is none.
对每个接口以各角色身份发送生成的请求：不得出现 5xx 或接口描述之外的应答。
`;
/** What is wrong in an answer. Whether wrong input is refused, and right input taken, are tests of our own. */
const CHECKS =
  'not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,ignored_auth';
const ROLES = ['officer', 'auditor', 'operator'] as const;
const APPLICATION = 'procurement-qualification';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    examples: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    role: { type: 'string' },
    'if-possible': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const n = new Narrator();
const program = process.env['SCHEMATHESIS'] ?? 'schemathesis';
const roles = ROLES.filter((role) => values.role === undefined || values.role === role);
if (values.help) {
  process.stdout.write(HELP);
} else if (
  roles.length === 0 ||
  ![values.examples, values.seed].every((text) => /^[1-9][0-9]{0,8}$/.test(text))
) {
  process.stderr.write(
    `--role is one of ${ROLES.join(', ')}; --examples and --seed are numbers from 1 on.\n\n${HELP}`,
  );
  process.exitCode = 2;
} else if (spawnSync(program, ['--version']).status !== 0) {
  process.stderr.write(
    `There is no schemathesis here: pip install schemathesis==${VERSION}, or name it in SCHEMATHESIS.\n`,
  );
  process.exitCode = values['if-possible'] ? 0 : 2;
} else {
  await fuzz();
}

async function fuzz(): Promise<void> {
  const directory = join(root, '.data', 'fuzz');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const stage = await makeStage(directory);
  try {
    for (const role of roles) {
      const code = await fuzzAs(stage, role);
      if (code !== 0) process.exitCode = 1;
    }
  } finally {
    await stage.stop();
  }
}

async function makeStage(directory: string): Promise<Stage> {
  const samples = join(directory, 'samples');
  await mkdir(samples, { recursive: true });
  const today = dateOfDay(dayAt(Math.floor(Date.now() / 1000)));
  const cast = await makeSamples({ today, seed: 2021, dir: samples });
  const stage = await n.step('A chain and four nodes', () =>
    setStage({
      directory: join(directory, 'stage'),
      agencies: agenciesOf(cast),
      settings: {
        // One address sends everything here: the limits are tested elsewhere.
        requestsPerMinute: 1_000_000,
        requestsPerMinuteOfToken: 1_000_000,
        failedSignInsPerMinute: 10_000,
      },
    }),
  );
  const play = playOn(stage, { narrator: n, cast, samples, directory });
  await fillRegisters(play);
  await giveGrant(play, playerOf(play, 'beijing'), playerOf(play, 'hebei'), APPLICATION, { region: 130_000 });
  return stage;
}

/** Its exit code: 0 when no answer was wrong. */
async function fuzzAs({ nodes }: Stage, role: (typeof ROLES)[number]): Promise<number> {
  const [node] = nodes;
  if (node === undefined) throw new Error('a stage without nodes');
  const tokens = JSON.parse(await readFile(join(node.dataDir, LOCAL_TOKENS_FILE), 'utf8')) as Record<
    string,
    string
  >;
  n.say(`As ${role}:`);
  const child = spawn(
    program,
    [
      ...['run', join(root, 'node', 'openapi.json'), '--url', node.url],
      ...['--header', `Authorization: Bearer ${tokens[role] ?? ''}`, '--header', 'X-Access-Reason: fuzz'],
      ...['--checks', CHECKS, '--phases', 'coverage,fuzzing', '--suppress-health-check', 'all'],
      ...[
        '--max-examples',
        values.examples,
        '--seed',
        values.seed,
        '--workers',
        '1',
        '--continue-on-failure',
      ],
      ...['--request-timeout', '60', '--no-color', '--warnings', 'off'],
    ],
    { stdio: 'inherit', cwd: join(root, '.data', 'fuzz') },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
