import { randomBytes, X509Certificate } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Address } from 'viem';
import { Tokens } from './api/auth.ts';
import { parseDeployment } from './chain/index.ts';
import { systemClock } from './clock.ts';
import { checkConfig, CONFIG_FILE, type NodeConfig } from './config.ts';
import { type AskPassphrase, FileKeyring, readPassphrase } from './keys/index.ts';
import { OpeningsJournal, restoreFromJournal } from './registers/index.ts';
import { migrate, openDatabase, type Database } from './store/index.ts';
import { UserStore, type UserRole } from './store/users.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Tokens of the machine's own command line, in the data directory, readable by its owner only. */
export const LOCAL_TOKENS_FILE = 'tokens.json';
/** Says where a running node listens. */
export const SERVING_FILE = 'serving.json';

export interface SetUpOptions {
  /** The new data directory. */
  readonly directory: string;
  /** Settings for `ledger.json`; what is left out keeps its default. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The deployment file; copied into the data directory. */
  readonly deploymentFile: string;
  readonly environment?: Environment;
}

export interface SetUp {
  readonly directory: string;
  readonly configFile: string;
  /** To be handed to the council: the node's keys on chain. */
  readonly operator: Address;
  readonly witness: Address;
  /** Where the passphrase is; null when it came from the environment. */
  readonly passphraseFile: string | null;
  readonly journalPath: string;
}

/**
 * Sets a node up: settings, keys, database, and two API tokens for the command
 * line on this machine. Changes nothing where there is a node already.
 * Errors: `NODE_EXISTS`, `CONFIG_INVALID`, `CHAIN_DEPLOYMENT_INVALID`, `KEYRING_…`, `STORE_…`.
 */
export async function setUpNode(options: SetUpOptions): Promise<SetUp> {
  const directory = resolve(options.directory);
  const environment = options.environment ?? process.env;
  const configFile = join(directory, CONFIG_FILE);
  if (
    (await exists(configFile)) ||
    (await exists(join(directory, 'keys'))) ||
    (await exists(join(directory, 'keys.json')))
  ) {
    throw new LedgerError(
      'NODE_EXISTS',
      { en: `There is a node in ${directory} already.`, zh: `${directory} 中已有节点。` },
      { directory },
    );
  }
  // All that can be wrong is checked before anything is written.
  const config = checkConfig(options.settings, environment, directory);
  await readDeployment(options.deploymentFile);
  const given =
    isSet(environment, 'LEDGER_KEYS_PASSPHRASE_FILE') || isSet(environment, 'LEDGER_KEYS_PASSPHRASE');
  const passphraseFile = given ? null : defaultPassphraseFile(directory);
  const passphrase = given ? await readPassphrase(environment) : randomBytes(24).toString('base64url');

  const wasThere = await exists(directory);
  try {
    const made = await writeNode(options, config, passphrase, passphraseFile);
    return { directory, configFile, passphraseFile, journalPath: config.journalPath, ...made };
  } catch (error) {
    // Half a node is none, and would stand in the way of the next try. Nobody knows these keys yet.
    const half = wasThere
      ? ['deployment.json', LOCAL_TOKENS_FILE, 'pgdata', CONFIG_FILE].map((name) => join(directory, name))
      : [directory];
    for (const path of [...half, config.keysPath, ...(passphraseFile === null ? [] : [passphraseFile])]) {
      await rm(path, { recursive: true, force: true });
    }
    throw error;
  }
}

async function writeNode(
  options: SetUpOptions,
  config: NodeConfig,
  passphrase: string,
  passphraseFile: string | null,
): Promise<Pick<SetUp, 'operator' | 'witness'>> {
  const directory = config.dataDir;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await mkdir(dirname(config.journalPath), { recursive: true, mode: 0o700 });
  if (passphraseFile !== null)
    await writeFile(passphraseFile, `${passphrase}\n`, { mode: 0o600, flag: 'wx' });
  const keyring = await FileKeyring.create(config.keysPath, passphrase);
  await copyFile(options.deploymentFile, config.deploymentPath);
  const db = await openStore(config);
  try {
    await migrate(db);
    await makeLocalTokens(db, keyring, directory);
  } finally {
    await db.close();
  }
  // Last: a directory with a settings file is a node that is complete.
  await writeFile(join(directory, CONFIG_FILE), `${JSON.stringify(options.settings, null, 2)}\n`, {
    mode: 0o600,
  });
  return { operator: keyring.operatorAddress, witness: keyring.witnessAddress };
}

/** One token a role for the command line on this machine. */
async function makeLocalTokens(db: Database, keyring: FileKeyring, directory: string): Promise<void> {
  const tokens = new Tokens(new UserStore(db), keyring, systemClock);
  const local: Partial<Record<UserRole, string>> = {};
  for (const role of ['operator', 'officer', 'auditor'] as const) {
    // The name is marked, so that a database that served another set-up does not refuse it.
    const mark = randomBytes(3).toString('hex');
    local[role] = (await tokens.create(`local command line ${role} ${mark}`, role)).secret;
  }
  const file = join(directory, LOCAL_TOKENS_FILE);
  await writeFile(file, `${JSON.stringify(local, null, 2)}\n`, { mode: 0o600 });
}

/**
 * After the database was lost: makes a new one from the openings journal and the
 * keyring, with new tokens for the command line. What the chain says is followed
 * again when the node is started. Entries that were in no batch are not in the
 * journal: their files are to be imported again.
 * Errors: `RESTORE_NOT_EMPTY`, `OPENINGS_LOST`, `JOURNAL_…`, `KEYRING_…`, `STORE_…`.
 */
export async function restoreNode(
  config: NodeConfig,
  environment: Environment = process.env,
  ask?: AskPassphrase,
): Promise<{ readonly batches: number; readonly entries: number; readonly records: number }> {
  const keyring = await openKeyring(config, environment, ask);
  const db = await openStore(config);
  try {
    await migrate(db);
    const journal = new OpeningsJournal(config.journalPath, await keyring.journalKey());
    try {
      const restored = await restoreFromJournal(db, journal, keyring, systemClock);
      await makeLocalTokens(db, keyring, config.dataDir);
      return restored;
    } finally {
      await journal.close();
    }
  } finally {
    await db.close();
  }
}

/** The database of a configuration. Errors: `STORE_IN_USE`, `STORE_UNAVAILABLE`. */
export function openStore(config: Pick<NodeConfig, 'dataDir' | 'databaseUrl'>): Promise<Database> {
  return openDatabase(
    config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl },
  );
}

/**
 * Opens the keyring of a configuration, with the passphrase of the environment,
 * of the file that the set-up left beside the data directory, or of the person
 * at the terminal.
 */
export async function openKeyring(
  config: Pick<NodeConfig, 'dataDir' | 'keysPath'>,
  environment: Environment = process.env,
  ask?: AskPassphrase,
): Promise<FileKeyring> {
  return FileKeyring.open(config.keysPath, await passphraseOf(config, environment, ask));
}

/** The passphrase of a node's keys; see {@link openKeyring}. Errors: `KEYRING_PASSPHRASE_MISSING`. */
export async function passphraseOf(
  config: Pick<NodeConfig, 'dataDir'>,
  environment: Environment = process.env,
  ask?: AskPassphrase,
): Promise<string> {
  const named =
    isSet(environment, 'LEDGER_KEYS_PASSPHRASE_FILE') || isSet(environment, 'LEDGER_KEYS_PASSPHRASE');
  const beside = defaultPassphraseFile(config.dataDir);
  return readPassphrase(
    !named && (await exists(beside)) ? { LEDGER_KEYS_PASSPHRASE_FILE: beside } : environment,
    ask,
  );
}

/** Reads a deployment file. Errors: `CHAIN_DEPLOYMENT_INVALID`, `DEPLOYMENT_NOT_FOUND`. */
export async function readDeployment(file: string): Promise<ReturnType<typeof parseDeployment>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new LedgerError(
      'DEPLOYMENT_NOT_FOUND',
      { en: `There is no deployment file at ${file}.`, zh: `${file} 处没有部署文件。` },
      { file },
      { cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What is not JSON is no deployment: said by the check.
  }
  return parseDeployment(value);
}

/** The authorities of other members' nodes (PEM). Errors: `PEER_AUTHORITIES_UNREADABLE`. */
export async function readAuthorities(file: string): Promise<string> {
  const unreadable = (cause?: unknown): LedgerError =>
    new LedgerError(
      'PEER_AUTHORITIES_UNREADABLE',
      {
        en: `peerAuthoritiesPath: ${file} cannot be read, or is no PEM file with certificates.`,
        zh: `peerAuthoritiesPath：${file} 无法读取，或不是 PEM 证书文件。`,
      },
      { file },
      { cause },
    );
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(cause);
  });
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw unreadable();
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw unreadable(cause);
    }
  }
  return text;
}

/** Beside the data directory and not in it: who copies the data does not copy the passphrase with it. */
function defaultPassphraseFile(directory: string): string {
  return join(dirname(directory), `${basename(directory)}.passphrase`);
}

function isSet(environment: Environment, name: string): boolean {
  return environment[name] !== undefined && environment[name] !== '';
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
