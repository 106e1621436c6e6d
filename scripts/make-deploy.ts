// npm run deploy:files -- MEMBERS.json DIRECTORY: genesis, peers and configuration of every validator, from one description.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { publicKeyToAddress } from 'viem/utils';
import {
  besuGenesis,
  besuStaticNodes,
  type ChainDescription,
  kaiaGenesis,
  kaiaStaticNodes,
} from './lib/engine/description.ts';

const HELP = `npm run deploy:files -- MEMBERS.json DIRECTORY

Writes, for each validator that the description names, what it needs to start the chain: for Besu (QBFT) genesis.json,
static-nodes.json, permissions.toml and config.toml; for the engine of the test network genesis.json and
static-nodes.json. Every member makes them from the same description and compares: the same files, byte for byte.
See deploy/members.example.json and docs/deployment.md. 由同一份成员描述生成各验证节点的创世文件与配置。
`;

interface Members {
  readonly chainId: number;
  readonly timestamp: number;
  readonly alloc: Readonly<Record<string, string>>;
  readonly validators: readonly {
    readonly slug: string;
    readonly publicKey: string;
    readonly host: string;
    readonly p2pPort: number;
  }[];
}

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const WEI = /^[1-9]\d{0,40}$/;
const PARTS: Readonly<Record<string, RegExp>> = {
  slug: /^[a-z][a-z0-9-]{0,31}$/,
  publicKey: /^0x[0-9a-fA-F]{128}$/,
  host: /^[A-Za-z0-9.-]{1,253}$/,
};

/** The description, or every mistake in it. */
function membersOf(read: unknown): Members | string[] {
  const mistakes: string[] = [];
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(read)) return ['the file is not there, or is no JSON object'];
  const { chainId, timestamp = 0, alloc = {}, validators } = read;
  const unknown = Object.keys(read).filter(
    (name) => !['chainId', 'timestamp', 'alloc', 'validators'].includes(name),
  );
  for (const name of unknown) mistakes.push(`${name}: there is no such thing in a description`);
  const isWhole = (value: unknown, most: number): boolean =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;
  if (!isWhole(chainId, 2 ** 31 - 1) || chainId === 0)
    mistakes.push('chainId: expected a whole number from 1 on');
  // The same for everybody, whenever the files are made.
  if (!isWhole(timestamp, 2 ** 40)) mistakes.push('timestamp: expected unix seconds');
  if (
    !isObject(alloc) ||
    !Object.entries(alloc).every(([address, wei]) => ADDRESS.test(address) && WEI.test(String(wei)))
  )
    mistakes.push('alloc: expected addresses with wei as decimal text');
  if (!Array.isArray(validators) || validators.length < 4 || validators.length > 100) {
    mistakes.push('validators: expected 4 to 100; with fewer than four none may fail');
    return mistakes;
  }
  for (const [i, validator] of validators.entries()) {
    const given: Record<string, unknown> = isObject(validator) ? validator : {};
    for (const [part, pattern] of Object.entries(PARTS))
      if (typeof given[part] !== 'string' || !pattern.test(given[part]))
        mistakes.push(`validators.${i}.${part}: expected ${pattern.source}`);
    if (!isWhole(given['p2pPort'], 65_535) || given['p2pPort'] === 0)
      mistakes.push(`validators.${i}.p2pPort: expected a port`);
  }
  for (const part of ['slug', 'publicKey']) {
    const all = validators.map((validator) =>
      String((validator as Record<string, unknown>)[part]).toLowerCase(),
    );
    if (new Set(all).size < all.length) mistakes.push(`validators: a ${part} is there twice`);
  }
  return mistakes.length > 0 ? mistakes : ({ chainId, timestamp, alloc, validators } as Members);
}

const [source, target, ...more] = process.argv.slice(2).filter((argument) => argument !== '--');
if (source === '--help' || source === '-h') {
  process.stdout.write(HELP);
} else if (source === undefined || target === undefined || more.length > 0) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  const from = process.env['INIT_CWD'] ?? process.cwd();
  const read = membersOf(await jsonOf(resolve(from, source)));
  if (Array.isArray(read)) {
    process.stderr.write(`DEPLOY_MEMBERS_INVALID: ${source} · 成员描述有误\n  ${read.join('\n  ')}\n`);
    process.exitCode = 1;
  } else await writeAll(read, resolve(from, target));
}

async function jsonOf(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // Not there, or no JSON: both are said by the check as what is missing.
    return undefined;
  }
}

async function writeAll(given: Members, directory: string): Promise<void> {
  const chain: ChainDescription = {
    chainId: given.chainId,
    timestamp: given.timestamp,
    alloc: Object.fromEntries(Object.entries(given.alloc).map(([address, wei]) => [address, BigInt(wei)])),
    validators: given.validators.map(({ publicKey, ...rest }) => ({
      ...rest,
      address: publicKeyToAddress(`0x04${publicKey.slice(2)}`),
      nodeId: `0x${publicKey.slice(2).toLowerCase()}`,
    })),
  };
  const enodes = besuStaticNodes(chain);
  const files: Record<string, string> = {
    'besu/genesis.json': json(besuGenesis(chain)),
    'besu/static-nodes.json': json(enodes),
    'besu/permissions.toml': `# Peers that may connect: the validators, and nobody else.\nnodes-allowlist=${JSON.stringify(enodes)}\n`,
    'engine/genesis.json': json(kaiaGenesis(chain)),
    'engine/static-nodes.json': json(kaiaStaticNodes(chain)),
  };
  for (const { slug, p2pPort } of chain.validators) files[`besu/${slug}.toml`] = besuConfig(p2pPort);
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  }
  process.stdout.write(
    `${Object.keys(files)
      .map((name) => join(directory, name))
      .join('\n')}\n`,
  );
}

function besuConfig(p2pPort: number): string {
  return `# Besu as a validator of the ledger's chain. JSON-RPC for this machine's node only; no mining account, no discovery.
data-path="/var/lib/besu"
genesis-file="/etc/besu/genesis.json"
node-private-key-file="/etc/besu/nodekey"
static-nodes-file="/etc/besu/static-nodes.json"
permissions-nodes-config-file-enabled=true
permissions-nodes-config-file="/etc/besu/permissions.toml"
discovery-enabled=false
p2p-host="0.0.0.0"
p2p-port=${p2pPort}
rpc-http-enabled=true
rpc-http-host="127.0.0.1"
rpc-http-port=8545
rpc-http-api=["ETH","NET","WEB3"]
host-allowlist=["localhost","127.0.0.1"]
min-gas-price=0
sync-mode="FULL"
data-storage-format="FOREST"
logging="INFO"
`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
