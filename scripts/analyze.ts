// npm run analyze: eslint's security rules, circomspect, slither and an audit of the dependencies; each finding explained or an error.
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ESLint } from 'eslint';
import { root } from './lib/checks.ts';

const HELP = `npm run analyze [-- --if-possible]

Runs eslint's security rules, circomspect (CIRCOMSPECT, or on the PATH), slither (SLITHER) and npm audit. Every finding
of the first three must be explained in docs/static-analysis.md, which also says how to get them. A tool that is not there fails the run, or with
--if-possible is named as not run.
运行 slither、circomspect 与依赖审计；每条发现须在 docs/static-analysis.md 中说明。
`;

const TOOLS = ['eslint', 'circomspect', 'slither'] as const;

/** One kind of finding in one file. */
interface Finding {
  readonly tool: (typeof TOOLS)[number];
  readonly check: string;
  readonly file: string;
}

const work = join(root, '.data', 'analysis');
const known = ['--if-possible', '--help', '-h', '--'];
const given = process.argv.slice(2);
const isOptional = given.includes('--if-possible');
if (given.includes('--help') || given.includes('-h') || given.some((argument) => !known.includes(argument))) {
  process.stdout.write(HELP);
  process.exitCode = given.includes('--help') || given.includes('-h') ? 0 : 2;
} else {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const explained = await readExplained();
  compare('eslint', await securityRules(), explained);
  for (const [tool, run] of [
    ['circomspect', circomspect],
    ['slither', slither],
  ] as const) {
    const program = process.env[tool.toUpperCase()] ?? tool;
    if (spawnSync(program, [tool === 'slither' ? '--version' : '--help']).error !== undefined) {
      notRun(tool, 'it is not installed; docs/static-analysis.md says how to get it');
      continue;
    }
    compare(tool, await run(program), explained);
  }
  audit();
}

/** The rows of the table that explains. */
async function readExplained(): Promise<Finding[]> {
  const text = await readFile(join(root, 'docs', 'static-analysis.md'), 'utf8');
  const [, table = ''] = text.split('## Explained');
  return table.split('\n').flatMap((line) => {
    const [, tool, check, file, why] = line.split('|').map((cell) => cell.trim());
    const known = TOOLS.find((each) => each === tool);
    if (known === undefined || !check || !file || !why) return [];
    return [{ tool: known, check, file }];
  });
}

function compare(tool: Finding['tool'], found: readonly Finding[], explained: readonly Finding[]): void {
  const keyOf = ({ check, file }: Finding): string => `${check} ${file}`;
  const own = new Set(explained.filter((each) => each.tool === tool).map(keyOf));
  const kinds = new Set(found.map(keyOf));
  const fresh = [...kinds].filter((key) => !own.has(key));
  const stale = [...own].filter((key) => !kinds.has(key));
  for (const key of fresh) process.stdout.write(`✖ ${tool}: ${key} is not explained\n`);
  for (const key of stale) process.stdout.write(`✖ ${tool}: ${key} is explained and not found any more\n`);
  if (fresh.length + stale.length > 0) process.exitCode = 1;
  else process.stdout.write(`✔ ${tool}: ${found.length} findings of ${kinds.size} kinds, all explained\n`);
}

function notRun(what: string, why: string): void {
  process.stdout.write(`${isOptional ? '–' : '✖'} ${what} was NOT RUN: ${why}\n`);
  if (!isOptional) process.exitCode = 1;
}

async function securityRules(): Promise<Finding[]> {
  const eslint = new ESLint({ cwd: root, overrideConfigFile: join(root, 'eslint.security.config.mjs') });
  const files = await eslint.lintFiles(['node/src/**/*.ts', 'sdk/src/**/*.ts']);
  return files.flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId, message }) => {
      if (ruleId === null) throw new Error(`${filePath}: ${message}`);
      const check = ruleId.replace(/^security\//, '');
      return { tool: 'eslint' as const, check, file: relative(root, filePath) };
    }),
  );
}

async function circomspect(program: string): Promise<Finding[]> {
  const report = join(work, 'circomspect.sarif');
  spawnSync(program, ['-L', 'node_modules', 'circuits', '-s', report], { cwd: root });
  const { runs } = JSON.parse(await readFile(report, 'utf8')) as {
    runs: {
      results: {
        ruleId: string;
        locations: { physicalLocation: { artifactLocation: { uri: string } } }[];
      }[];
    }[];
  };
  return runs.flatMap(({ results }) =>
    results.map(({ ruleId, locations }) => {
      const uri = locations[0]?.physicalLocation.artifactLocation.uri ?? '';
      return {
        tool: 'circomspect' as const,
        check: ruleId,
        file: relative(root, uri.replace(/^file:\/\//, '')),
      };
    }),
  );
}

/** Slither reads the build of an earlier Hardhat: the two parts of today's are put together for it. */
async function slither(program: string): Promise<Finding[]> {
  const built = join(root, 'artifacts', 'build-info');
  const directory = join(work, 'slither');
  await mkdir(join(directory, 'artifacts', 'build-info'), { recursive: true });
  const outputs = (await readdir(built)).filter((file) => file.endsWith('.output.json'));
  for (const file of outputs) {
    const input = JSON.parse(
      await readFile(join(built, file.replace('.output.json', '.json')), 'utf8'),
    ) as object;
    const { output } = JSON.parse(await readFile(join(built, file), 'utf8')) as { output: object };
    const merged = { ...input, _format: 'hh-sol-build-info-1', output };
    await writeFile(
      join(directory, 'artifacts', 'build-info', file.replace('.output', '')),
      JSON.stringify(merged),
    );
  }
  await writeFile(join(directory, 'hardhat.config.js'), 'module.exports = {};\n');
  await symlink(join(root, 'contracts'), join(directory, 'contracts'));
  await symlink(join(root, 'node_modules', '@openzeppelin'), join(directory, '@openzeppelin'));
  const report = join(work, 'slither.json');
  const ran = spawnSync(
    program,
    [
      ...['.', '--compile-force-framework', 'hardhat', '--hardhat-ignore-compile'],
      ...['--hardhat-artifacts-directory', 'artifacts', '--json', report],
    ],
    { cwd: directory, encoding: 'utf8' },
  );
  const result = JSON.parse(
    await readFile(report, 'utf8').catch(() => {
      throw new Error(`slither did not end well:\n${ran.stderr.slice(-2_000)}`);
    }),
  ) as {
    success: boolean;
    results: {
      detectors?: { check: string; elements: { source_mapping: { filename_relative: string } }[] }[];
    };
  };
  if (!result.success) throw new Error(`slither did not end well:\n${ran.stderr.slice(-2_000)}`);
  return (result.results.detectors ?? []).flatMap(({ check, elements }) => {
    const file = elements
      .map(({ source_mapping: { filename_relative: name } }) => name)
      .find((name) => name.startsWith('contracts/'));
    return file === undefined ? [] : [{ tool: 'slither' as const, check, file }];
  });
}

/** Of what a node runs; a registry without audits is said to be one. */
function audit(): void {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: root, encoding: 'utf8' });
  let report: { metadata?: { vulnerabilities?: Record<string, number> } } = {};
  try {
    report = JSON.parse(stdout) as typeof report;
  } catch {
    // No report at all: said below.
  }
  const counts = report.metadata?.vulnerabilities;
  if (counts === undefined) {
    notRun('npm audit', 'the registry gives no audits');
    return;
  }
  const serious = (counts['high'] ?? 0) + (counts['critical'] ?? 0);
  process.stdout.write(`${serious === 0 ? '✔' : '✖'} npm audit: ${JSON.stringify(counts)}\n`);
  if (serious > 0) process.exitCode = 1;
}
