import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LedgerError, type Message } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { messageOfIssue, said } from './api/schemas/said.ts';
import { mistakeInNetwork } from './exchange/peer-addresses.ts';

/** Name of the settings file in a node's data directory. */
export const CONFIG_FILE = 'ledger.json';

const path = z.string().min(1).max(4096);
const flag = z.union([
  z.boolean(),
  z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1'),
]);
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Several values: a list in `ledger.json`, with commas between them in the environment. */
const several = (each: z.ZodType<string>) =>
  z.preprocess(
    (given) =>
      typeof given === 'string'
        ? given
            .split(',')
            .map((part) => part.trim())
            .filter((part) => part !== '')
        : given,
    z.array(each).max(256).default([]),
  );
const rpcAddress = z.url({ protocol: /^https?$/ });
const network = z.string().superRefine((cidr, context) => {
  const message = mistakeInNetwork(cidr);
  if (message === undefined) return;
  const { en, zh } = message;
  context.addIssue({ code: 'custom', message: said({ en: `${cidr}: ${en}`, zh: `${cidr}：${zh}` }) });
});

const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  error: said({
    en: 'expected an origin such as https://desk.example.cn, without a path',
    zh: '应为不带路径的来源，例如 https://desk.example.cn',
  }),
});

interface Setting<S extends z.ZodType> {
  readonly env: string;
  readonly schema: S;
  readonly about: string;
  /** How the default reads in the reference; '' when there is none and the setting is needed. */
  readonly shown: string;
}

function setting<S extends z.ZodType>(env: string, schema: S, shown: string, about: string): Setting<S> {
  return { env, schema, shown, about };
}

/**
 * Every setting of a node: its name in `ledger.json`, its environment variable
 * (which wins), its check, its default and what it is for. The configuration
 * reference in the documentation is this table.
 */
export const SETTINGS = {
  dataDir: setting(
    'LEDGER_DATA_DIR',
    path.optional(),
    'the directory of ledger.json',
    'Where the embedded database, the keys and uploads in progress live.',
  ),
  journalPath: setting(
    'LEDGER_JOURNAL_PATH',
    path.optional(),
    '<dataDir>-journal/openings.journal',
    'The encrypted journal of openings. Put it on another disk: no batch is sent before its openings are durable there.',
  ),
  keysPath: setting(
    'LEDGER_KEYS_PATH',
    path.optional(),
    '<dataDir>/keys',
    'The directory of encrypted keystores (Ethereum JSON, version 3), under one passphrase: LEDGER_KEYS_PASSPHRASE_FILE or LEDGER_KEYS_PASSPHRASE, or asked for at a terminal.',
  ),
  databaseUrl: setting(
    'DATABASE_URL',
    z
      .string()
      .regex(
        /^postgres(ql)?:\/\//,
        said({ en: 'expected a postgres:// address', zh: '应为 postgres:// 地址' }),
      )
      .optional(),
    'embedded database',
    'A PostgreSQL server to use in place of the embedded database.',
  ),
  host: setting(
    'LEDGER_HOST',
    z.string().min(1).default('127.0.0.1'),
    '127.0.0.1',
    'Address to listen on. TLS is the business of the proxy in front.',
  ),
  port: setting(
    'LEDGER_PORT',
    whole(0, 65_535).default(8645),
    '8645',
    'Port to listen on; 0 takes a free one.',
  ),
  trustProxyHops: setting(
    'LEDGER_TRUST_PROXY_HOPS',
    whole(0, 8).default(0),
    '0',
    'How many reverse proxies stand in front: needed to tell callers apart when their number is limited.',
  ),
  rpcUrl: setting(
    'LEDGER_RPC_URL',
    rpcAddress,
    '',
    'JSON-RPC endpoint of the chain: that of the agency’s own validator.',
  ),
  rpcUrls: setting(
    'LEDGER_RPC_URLS',
    several(rpcAddress),
    'none',
    'Further endpoints, of other members’ validators: then the node believes what a quorum of them all says, and sends to all. Three in all stand the loss or the lie of one.',
  ),
  rpcQuorum: setting(
    'LEDGER_RPC_QUORUM',
    whole(1, 64).optional(),
    'more than half',
    'How many endpoints must say the same, where there are several.',
  ),
  deploymentPath: setting(
    'LEDGER_DEPLOYMENT',
    path.optional(),
    '<dataDir>/deployment.json',
    'The deployment file of the ledger: chain id, addresses of the contracts, block of the deployment.',
  ),
  pollMilliseconds: setting(
    'LEDGER_POLL_MILLISECONDS',
    whole(50, 600_000).default(1000),
    '1000',
    'How often the chain is asked for new blocks.',
  ),
  chainSilenceSeconds: setting(
    'LEDGER_CHAIN_SILENCE_SECONDS',
    whole(5, 86_400).default(60),
    '60',
    'After so long without a new block the node says that the chain stands still, and is not ready. Answers need a block each, so none leaves meanwhile.',
  ),
  evidenceGraceSeconds: setting(
    'LEDGER_EVIDENCE_GRACE_SECONDS',
    whole(0, 300).default(0),
    '0',
    'For so long answers that are logged still leave when the chain cannot be asked whether they are. At 0 none does. A clock that is off, or a chain that says otherwise, ends it at once.',
  ),
  production: setting(
    'LEDGER_PRODUCTION',
    flag.default(false),
    'false',
    'Refuses reference proving keys, shifted clocks and plain-text endpoints of other members.',
  ),
  peerNetworks: setting(
    'LEDGER_PEER_NETWORKS',
    several(network),
    'none',
    'Private networks where other members’ nodes are, such as 10.20.0.0/16,10.30.0.0/16. Endpoints are data from the chain: in production the node connects to no other private address.',
  ),
  peerAuthoritiesPath: setting(
    'LEDGER_PEER_AUTHORITIES',
    path.optional(),
    'the system’s',
    'PEM file with the certificate authorities that vouch for other members’ nodes.',
  ),
  clock: setting(
    'LEDGER_CLOCK',
    z.enum(['system', 'chain']).default('system'),
    'system',
    'Whose time the node keeps: the machine’s, or in development the chain’s (so that deadlines can be tried by moving the chain’s time).',
  ),
  circuitKeysDir: setting(
    'LEDGER_CIRCUIT_KEYS_DIR',
    path.optional(),
    'the reference keys of this program',
    'Directory of the proving and verification keys with their manifest.',
  ),
  proverWorkers: setting(
    'LEDGER_PROVER_WORKERS',
    whole(1, 64).default(Math.max(1, Math.min(4, availableParallelism() - 1))),
    'processors less one, at most 4',
    'Threads that prove.',
  ),
  proverQueue: setting(
    'LEDGER_PROVER_QUEUE',
    whole(1, 10_000).default(64),
    '64',
    'Questions that may wait for a proof before further ones are refused as BUSY.',
  ),
  batchEverySeconds: setting(
    'LEDGER_BATCH_EVERY_SECONDS',
    whole(1, 604_800).default(300),
    '300',
    'Schedule of anchoring: entries wait for it, so that their time of arrival does not show.',
  ),
  heartbeatEverySeconds: setting(
    'LEDGER_HEARTBEAT_EVERY_SECONDS',
    whole(1, 2_592_000).default(21_600),
    '21600',
    'How often the register is stood by when there is nothing to append. Must be below promiseSeconds.',
  ),
  promiseSeconds: setting(
    'LEDGER_PROMISE_SECONDS',
    whole(60, 31_536_000).default(86_400),
    '86400',
    'What a new register promises: never to be silent longer than this.',
  ),
  coverEntries: setting(
    'LEDGER_COVER_ENTRIES',
    whole(0, 1000).default(0),
    '0',
    'Cover entries (under random keys) that are added to each batch.',
  ),
  checkEverySeconds: setting(
    'LEDGER_CHECK_EVERY_SECONDS',
    whole(60, 604_800).default(3600),
    '3600',
    'How often the newest batches are held against journal, tree and chain in the background; “ledger check” looks at all.',
  ),
  maxImportMebibytes: setting(
    'LEDGER_MAX_IMPORT_MEBIBYTES',
    whole(1, 4096).default(512),
    '512',
    'Largest file that may be imported.',
  ),
  maxBodyKibibytes: setting(
    'LEDGER_MAX_BODY_KIBIBYTES',
    whole(16, 65_536).default(1024),
    '1024',
    'Largest JSON body.',
  ),
  requestsPerMinute: setting(
    'LEDGER_REQUESTS_PER_MINUTE',
    whole(1, 1_000_000).default(1200),
    '1200',
    'Requests a minute from one address; answered with 429 beyond.',
  ),
  requestsPerMinuteOfToken: setting(
    'LEDGER_REQUESTS_PER_MINUTE_OF_TOKEN',
    whole(1, 1_000_000).default(1200),
    '1200',
    'Requests a minute with one token, from wherever; answered with 429 beyond.',
  ),
  requestsAtOnce: setting(
    'LEDGER_REQUESTS_AT_ONCE',
    whole(1, 100_000).default(256),
    '256',
    'Requests answered at the same time; further ones are told BUSY (503) with Retry-After.',
  ),
  connections: setting(
    'LEDGER_CONNECTIONS',
    whole(1, 100_000).default(1000),
    '1000',
    'Open connections; further ones are closed at once.',
  ),
  headersSeconds: setting(
    'LEDGER_HEADERS_SECONDS',
    whole(1, 600).default(20),
    '20',
    'Time for the headers of a request.',
  ),
  bodyIdleSeconds: setting(
    'LEDGER_BODY_IDLE_SECONDS',
    whole(1, 600).default(30),
    '30',
    'So long nothing of a body may come; a JSON body has twice as long in all.',
  ),
  requestSeconds: setting(
    'LEDGER_REQUEST_SECONDS',
    whole(10, 86_400).default(1800),
    '1800',
    'Time for a whole request to arrive: for the largest file over the slowest line.',
  ),
  importsWaiting: setting(
    'LEDGER_IMPORTS_WAITING',
    whole(1, 1000).default(8),
    '8',
    'Imports that may wait behind the one under way; further ones are told BUSY before their file is read.',
  ),
  questionsOpen: setting(
    'LEDGER_QUESTIONS_OPEN',
    whole(1, 100_000).default(1000),
    '1000',
    'Questions to other members that may be open; further ones are told BUSY.',
  ),
  corsOrigins: setting(
    'LEDGER_CORS_ORIGINS',
    several(origin),
    'none',
    'Origins of pages that may call the node from a browser, such as https://desk.example.cn.',
  ),
  shutdownSeconds: setting(
    'LEDGER_SHUTDOWN_SECONDS',
    whole(1, 3600).default(30),
    '30',
    'Time that what is under way has to end after SIGTERM; then it is handed back to the next start. A second signal ends at once.',
  ),
  failedSignInsPerMinute: setting(
    'LEDGER_FAILED_SIGN_INS_PER_MINUTE',
    whole(1, 10_000).default(20),
    '20',
    'Requests with a wrong token a minute from one address; answered with 429 beyond.',
  ),
  logLevel: setting(
    'LEDGER_LOG_LEVEL',
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
    'info',
    'At info and above the log names no person, company or credit code.',
  ),
} as const;

type Settings = { [K in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[K]['schema']> };
type Located = 'dataDir' | 'journalPath' | 'keysPath' | 'deploymentPath' | 'circuitKeysDir';
type MayBeLocated = 'peerAuthoritiesPath';

/** The settings of a node, checked, with every path absolute. */
export type NodeConfig = Readonly<
  Omit<Settings, Located | MayBeLocated> & Record<Located, string> & Record<MayBeLocated, string | undefined>
>;

type Environment = Readonly<Record<string, string | undefined>>;

const NAMES = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];
const REFERENCE_KEYS = fileURLToPath(new URL('../../circuits/keys', import.meta.url));

/**
 * Checks settings (as in `ledger.json`) with the environment on top.
 * All mistakes are told at once. Errors: `CONFIG_INVALID` (operand `mistakes`).
 */
export function checkConfig(
  fromFile: Readonly<Record<string, unknown>>,
  environment: Environment = {},
  directory: string = process.cwd(),
): NodeConfig {
  const mistakes: Message[] = [];
  const mistake = (where: string, { en, zh }: Message): void =>
    void mistakes.push({ en: `${where}: ${en}`, zh: `${where}：${zh}` });
  for (const name of Object.keys(fromFile)) {
    if (!Object.hasOwn(SETTINGS, name))
      mistake(name, { en: 'there is no such setting', zh: '没有这个设置项' });
  }
  const values: Record<string, unknown> = {};
  for (const name of NAMES) {
    const { env, schema } = SETTINGS[name];
    const given = environment[env];
    const fromEnvironment = given !== undefined && given !== '';
    const read = fromEnvironment ? given : fromFile[name];
    const result = schema.safeParse(read, { reportInput: true });
    if (result.success) values[name] = result.data;
    else {
      const [issue] = result.error.issues;
      const isMissing = read === undefined || issue === undefined;
      mistake(
        fromEnvironment ? `${env} (environment)` : name,
        isMissing ? { en: 'is needed and missing', zh: '缺少该必填项' } : messageOfIssue(issue),
      );
    }
  }
  const settings = values as Settings;
  if (mistakes.length === 0 && settings.heartbeatEverySeconds >= settings.promiseSeconds) {
    mistake('heartbeatEverySeconds', {
      en: 'must be below promiseSeconds, or the promise is broken by design',
      zh: '必须小于 promiseSeconds，否则承诺必然落空',
    });
  }
  if (mistakes.length === 0 && settings.headersSeconds > settings.requestSeconds) {
    mistake('headersSeconds', {
      en: 'must not be above requestSeconds, which is for headers and body',
      zh: '不得大于 requestSeconds，后者包含请求头与请求体',
    });
  }
  if (mistakes.length === 0) {
    const endpoints = [settings.rpcUrl, ...settings.rpcUrls];
    if (new Set(endpoints).size < endpoints.length)
      mistake('rpcUrls', {
        en: 'an endpoint is named twice, and would be heard twice',
        zh: '同一链节点重复列出，会被重复计票',
      });
    if ((settings.rpcQuorum ?? 1) > endpoints.length)
      mistake('rpcQuorum', {
        en: `must not be above ${endpoints.length}, the number of endpoints`,
        zh: `不得大于链节点数 ${endpoints.length}`,
      });
  }
  if (mistakes.length === 0 && settings.production && settings.clock !== 'system') {
    mistake('clock', {
      en: 'must be system in production: otherwise whoever makes the blocks sets the deadlines',
      zh: '生产模式下必须为 system，否则期限将由出块方决定',
    });
  }
  if (mistakes.length > 0) {
    throw new LedgerError(
      'CONFIG_INVALID',
      {
        en: `The configuration has ${mistakes.length} mistake(s):\n  ${mistakes.map(({ en }) => en).join('\n  ')}`,
        zh: `配置有 ${mistakes.length} 处错误：\n  ${mistakes.map(({ zh }) => zh).join('\n  ')}`,
      },
      { mistakes: mistakes.map(({ en }) => en) },
    );
  }
  const dataDir = resolve(directory, settings.dataDir ?? '.');
  const beside = join(dirname(dataDir), `${basename(dataDir)}-journal`, 'openings.journal');
  return {
    ...settings,
    dataDir,
    journalPath: settings.journalPath === undefined ? beside : resolve(directory, settings.journalPath),
    keysPath: settings.keysPath === undefined ? join(dataDir, 'keys') : resolve(directory, settings.keysPath),
    deploymentPath:
      settings.deploymentPath === undefined
        ? join(dataDir, 'deployment.json')
        : resolve(directory, settings.deploymentPath),
    peerAuthoritiesPath:
      settings.peerAuthoritiesPath === undefined
        ? undefined
        : resolve(directory, settings.peerAuthoritiesPath),
    circuitKeysDir:
      settings.circuitKeysDir === undefined ? REFERENCE_KEYS : resolve(directory, settings.circuitKeysDir),
  };
}

/**
 * Reads `<directory>/ledger.json` and the environment.
 * Errors: `CONFIG_NOT_FOUND`, `CONFIG_INVALID`.
 */
export async function loadConfig(
  directory: string,
  environment: Environment = process.env,
): Promise<NodeConfig> {
  return checkConfig(await readConfigFile(directory), environment, directory);
}

/** The settings file as it stands, unchecked. Errors: `CONFIG_NOT_FOUND`, `CONFIG_INVALID`. */
export async function readConfigFile(directory: string): Promise<Record<string, unknown>> {
  const file = join(directory, CONFIG_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new LedgerError(
      'CONFIG_NOT_FOUND',
      {
        en: `There is no settings file at ${file}. Run "ledger init" first, or name the directory with --data.`,
        zh: `${file} 处没有配置文件。请先运行 "ledger init"，或用 --data 指定目录。`,
      },
      { file },
      { cause },
    );
  }
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === 'object' && read !== null && !Array.isArray(read))
      return read as Record<string, unknown>;
  } catch {
    // Told below like any other JSON that is not an object.
  }
  throw new LedgerError(
    'CONFIG_INVALID',
    { en: `${file} is not a JSON object.`, zh: `${file} 不是 JSON 对象。` },
    { mistakes: [file] },
  );
}

/** The configuration reference as a Markdown table: what the documentation shows. */
export function configReference(): string {
  const rows = NAMES.map((name) => {
    const { env, shown, about } = SETTINGS[name];
    return `| \`${name}\` | \`${env}\` | ${shown === '' ? '**needed**' : shown} | ${about} |`;
  });
  return ['| setting | environment | default | what it is for |', '|---|---|---|---|', ...rows].join('\n');
}
