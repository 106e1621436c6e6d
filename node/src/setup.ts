import { randomBytes, X509Certificate } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Address } from 'viem';
import { Tokens } from './api/auth.ts';
import { parseDeployment } from './chain/index.ts';
import { systemClock } from './clock.ts';
import { backupError, JournalMerge, type JournalOutcome, loadBackup, SealedReader } from './backup/index.ts';
import { checkConfig, CONFIG_FILE, loadConfig, type NodeConfig } from './config.ts';
import { type AskPassphrase, FileKeyring, readPassphrase } from './keys/index.ts';
import { bringForward, type BroughtForward, OpeningsJournal } from './registers/index.ts';
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

/** What a restored node has, and where it comes from. */
export interface Restored extends BroughtForward {
  /** From the backup: rows of all tables, and when it was made; null without one. */
  readonly backup: { readonly rows: number; readonly createdAt: string } | null;
  /** Whether the journal that was there goes on, or the backup's. */
  readonly journal: JournalOutcome;
}

/**
 * Brings a node back, with the node stopped. With a backup: keys, settings, every table, and then from the journal
 * what came after it. Without one: from the journal, into an empty database, or into one that is older than its
 * journal. What the chain says is followed again when the node is started. Entries that were in no batch yet when the
 * backup was made or the journal ended are in neither: their files are to be imported again.
 * Errors: `BACKUP_…`, `RESTORE_…`, `OPENINGS_LOST`, `JOURNAL_…`, `KEYRING_…`, `STORE_…`, `CONFIG_…`.
 */
export async function restoreNode(
  directory: string,
  options: {
    readonly backup?: string | undefined;
    readonly environment?: Environment;
    readonly ask?: AskPassphrase | undefined;
  } = {},
): Promise<Restored> {
  const environment = options.environment ?? process.env;
  if (options.backup === undefined) {
    const config = await loadConfig(directory, environment);
    return restoreInto(config, await openKeyring(config, environment, options.ask), undefined);
  }
  const reader = await SealedReader.open(options.backup);
  try {
    const config = await prepareDirectory(directory, reader.header.files, environment);
    const keyring = await openKeyring(config, environment, options.ask);
    return await restoreInto(config, keyring, reader);
  } finally {
    await reader.close();
  }
}

async function restoreInto(
  config: NodeConfig,
  keyring: FileKeyring,
  reader: SealedReader | undefined,
): Promise<Restored> {
  await mkdir(dirname(config.journalPath), { recursive: true, mode: 0o700 });
  const journalKey = await keyring.journalKey();
  const db = await openStore(config);
  try {
    let backup: Restored['backup'] = null;
    let outcome: JournalOutcome = 'kept';
    if (reader !== undefined) {
      const merge = new JournalMerge(config.journalPath);
      const loaded = await loadBackup(reader, journalKey, db, systemClock, async (line) => merge.add(line));
      if (loaded === false) throw backupError('RESTORE_DATABASE_NOT_EMPTY');
      outcome = await merge.settle();
      backup = { rows: loaded.rows, createdAt: reader.header.createdAt };
    } else await migrate(db);
    const journal = new OpeningsJournal(config.journalPath, journalKey);
    try {
      const forward = await db.transaction((tx) => bringForward(tx, journal, keyring, systemClock));
      // Those of people came with the backup; those of this machine are in no backup.
      const known = await new UserStore(db).listTokens();
      if (known.length === 0 || !(await exists(join(config.dataDir, LOCAL_TOKENS_FILE))))
        await makeLocalTokens(db, keyring, config.dataDir);
      return { ...forward, backup, journal: outcome };
    } finally {
      await journal.close();
    }
  } finally {
    await db.close();
  }
}

/** Puts settings, deployment and keystores where they are missing; what is there stays. Errors: `RESTORE_KEYS_DIFFER`. */
async function prepareDirectory(
  directory: string,
  files: Readonly<Record<string, string>>,
  environment: Environment,
): Promise<NodeConfig> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const put = async (path: string, text: string | undefined): Promise<void> => {
    if (text === undefined || (await exists(path))) return;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  };
  await put(join(directory, CONFIG_FILE), files[CONFIG_FILE]);
  const config = await loadConfig(directory, environment);
  await put(config.deploymentPath, files['deployment.json']);
  for (const [name, text] of Object.entries(files)) {
    if (!name.startsWith('keys/')) continue;
    const path = join(config.keysPath, name.slice('keys/'.length));
    await put(path, text);
    if (addressOf(await readFile(path, 'utf8')) !== addressOf(text))
      throw backupError('RESTORE_KEYS_DIFFER', { file: path });
  }
  return config;
}

/** What a keystore says openly of its secret; undefined of what is none. */
function addressOf(text: string): string | undefined {
  try {
    const { address } = JSON.parse(text) as { address?: unknown };
    return typeof address === 'string' ? address.toLowerCase() : undefined;
  } catch {
    // Said by whoever opens it.
    return undefined;
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
