import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  LedgerError,
  randomSecret,
  secretCommitOf,
  type RegisterSecret,
  type SecretCommit,
} from '@credit-ledger/sdk/protocol';
import {
  numberToHex,
  type Address,
  type Hex,
  type TransactionSerializableEIP1559,
  type TypedDataDefinition,
} from 'viem';
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { randomBytes } from 'node:crypto';
import { decryptSecret, DEFAULT_SCRYPT_COST, encryptSecret } from './keystore.ts';
import type { KeyRole, Keyring } from './keyring.ts';
import { Seal } from './sealed.ts';

export interface FileKeyringOptions {
  /** Existing private keys, for a member whose keys are on chain already; made afresh otherwise. */
  readonly operatorKey?: Hex;
  readonly witnessKey?: Hex;
  /** scrypt's N. */
  readonly scryptCost?: number;
}

const MIN_PASSPHRASE_LENGTH = 12;
/** Those that every keyring has; a register's secret is in `register-….json`. */
const PARTS = ['operator', 'witness', 'journal', 'tokens'] as const;
type Part = (typeof PARTS)[number];
const REGISTER_FILE = /^(register-[0-9a-f]{12})\.json$/;
/** A further key of a role, made for a change of keys; the first one's file bears the role alone. */
const FURTHER_KEY_FILE = /^((operator|witness)-[0-9a-f]{40})\.json$/;
/** Where the first versions kept all secrets in one file, beside the directory of today. */
const OLD_FILE = 'keys.json';

interface Secrets extends Record<Part, Hex> {
  /** Further keys of the roles, by the names of their files. */
  readonly further: ReadonlyMap<string, Hex>;
  /** Register secrets by key id. */
  readonly registers: ReadonlyMap<string, RegisterSecret>;
}

/**
 * A keyring in a directory (mode 0700) of encrypted keystores (Ethereum JSON keystore V3, mode 0600), one a secret:
 * `operator.json`, `witness.json`, `journal.json`, `tokens.json` and `register-….json`, all under one passphrase; a
 * further key of a role is in `operator-ADDRESS.json` or `witness-ADDRESS.json`. A keyring is made as a whole or not
 * at all, and no file of it is ever written again: a new secret is a new file.
 *
 * Which of a role's keys signs is not written down: the chain says it. Until somebody has asked the chain and called
 * {@link use}, the first key signs.
 */
export class FileKeyring implements Keyring {
  readonly #path: string;
  readonly #passphrase: string;
  readonly #cost: number;
  readonly #accounts: Readonly<Record<KeyRole, PrivateKeyAccount[]>>;
  readonly #signing: Record<KeyRole, PrivateKeyAccount>;
  readonly #journal: Hex;
  readonly #tokens: Hex;
  readonly #registers: Map<string, RegisterSecret>;

  private constructor(path: string, passphrase: string, cost: number, secrets: Secrets) {
    this.#path = path;
    this.#passphrase = passphrase;
    this.#cost = cost;
    this.#journal = secrets.journal;
    this.#tokens = secrets.tokens;
    this.#registers = new Map(secrets.registers);
    const operator = privateKeyToAccount(secrets.operator);
    const witness = privateKeyToAccount(secrets.witness);
    this.#accounts = { operator: [operator], witness: [witness] };
    this.#signing = { operator, witness };
    for (const [name, key] of secrets.further) this.#add(name, key);
  }

  get operatorAddress(): Address {
    return this.#signing.operator.address;
  }

  get witnessAddress(): Address {
    return this.#signing.witness.address;
  }

  /**
   * Makes a keyring where there is none.
   * Errors: `KEYRING_EXISTS`, `KEYRING_PASSPHRASE_WEAK`, `KEYRING_KEY_INVALID`.
   */
  static async create(
    path: string,
    passphrase: string,
    options: FileKeyringOptions = {},
  ): Promise<FileKeyring> {
    requireStrong(passphrase);
    const secrets: Secrets = {
      operator: checkedKey('operator', options.operatorKey ?? generatePrivateKey()),
      witness: checkedKey('witness', options.witnessKey ?? generatePrivateKey()),
      journal: generatePrivateKey(),
      tokens: generatePrivateKey(),
      further: new Map(),
      registers: new Map(),
    };
    const cost = options.scryptCost ?? DEFAULT_SCRYPT_COST;
    await writeKeyring(path, passphrase, cost, secrets);
    return new FileKeyring(path, passphrase, cost, secrets);
  }

  /**
   * Opens a keyring. Errors: `KEYRING_NOT_FOUND`, `KEYRING_OLD_FORMAT`, `KEYRING_FILE_EXPOSED` when others may read or
   * write a file, `KEYRING_FILE_INVALID`, `KEYRING_PASSPHRASE_WRONG`.
   */
  static async open(
    path: string,
    passphrase: string,
    scryptCost = DEFAULT_SCRYPT_COST,
  ): Promise<FileKeyring> {
    return new FileKeyring(path, passphrase, scryptCost, await readKeyring(path, passphrase));
  }

  /**
   * Makes a keyring from the one file in which the first versions kept all secrets; that file stays.
   * Errors: as {@link open} and {@link create}.
   */
  static async convert(
    oldFile: string,
    path: string,
    passphrase: string,
    scryptCost = DEFAULT_SCRYPT_COST,
  ): Promise<FileKeyring> {
    const { plain } = await Seal.open(await readPrivately(oldFile), passphrase);
    const old = JSON.parse(plain.toString('utf8')) as {
      readonly operatorKey: Hex;
      readonly witnessKey: Hex;
      readonly journalKey: string;
      readonly tokenPepper: string;
      readonly registers: Readonly<Record<string, string>>;
    };
    const secrets: Secrets = {
      operator: old.operatorKey,
      witness: old.witnessKey,
      journal: `0x${old.journalKey}`,
      tokens: `0x${old.tokenPepper}`,
      further: new Map(),
      registers: new Map(
        Object.entries(old.registers).map(([keyId, secret]) => [keyId, BigInt(secret) as RegisterSecret]),
      ),
    };
    await writeKeyring(path, passphrase, scryptCost, secrets);
    return new FileKeyring(path, passphrase, scryptCost, secrets);
  }

  /**
   * Writes the keyring anew under another passphrase; the old directory stays beside it, and is given, for whoever
   * wants to destroy it. Errors: `KEYRING_PASSPHRASE_WEAK`.
   */
  async changePassphrase(passphrase: string): Promise<string> {
    requireStrong(passphrase);
    const secrets = await readKeyring(this.#path, this.#passphrase);
    const beside = `${this.#path}.new-${randomBytes(4).toString('hex')}`;
    await writeKeyring(beside, passphrase, this.#cost, secrets);
    const former = `${this.#path}.former-${randomBytes(4).toString('hex')}`;
    await rename(this.#path, former);
    await rename(beside, this.#path);
    await flushDirectory(dirname(this.#path));
    return former;
  }

  addresses(role: KeyRole): readonly Address[] {
    return this.#accounts[role].map(({ address }) => address);
  }

  use(role: KeyRole, address: Address): void {
    this.#signing[role] = this.#account(role, address);
  }

  /** Makes a further key for a role; it is durable before the promise resolves, and signs nothing before {@link use}. */
  async createKey(role: KeyRole): Promise<Address> {
    const key = generatePrivateKey();
    const { address } = privateKeyToAccount(key);
    const name = `${role}-${address.slice(2).toLowerCase()}`;
    await writeDurably(
      join(this.#path, `${name}.json`),
      await encryptSecret(key, this.#passphrase, this.#cost),
    );
    this.#add(name, key);
    return address;
  }

  /** Errors: as {@link open}. */
  async reload(): Promise<void> {
    const found = (await readdir(this.#path)).flatMap((file) => FURTHER_KEY_FILE.exec(file)?.[1] ?? []);
    const held = [...this.addresses('operator'), ...this.addresses('witness')].map((address) =>
      address.slice(2).toLowerCase(),
    );
    for (const name of found.filter((each) => !held.includes(each.slice(-40)))) {
      const file = join(this.#path, `${name}.json`);
      this.#add(name, await decryptSecret(await readPrivately(file), this.#passphrase, file));
    }
  }

  async signTransaction(
    role: KeyRole,
    transaction: TransactionSerializableEIP1559,
    as?: Address,
  ): Promise<Hex> {
    return this.#account(role, as).signTransaction(transaction);
  }

  async signTypedData(role: KeyRole, typedData: TypedDataDefinition, as?: Address): Promise<Hex> {
    return this.#account(role, as).signTypedData(typedData);
  }

  async registerSecret(keyId: string): Promise<RegisterSecret> {
    const secret = this.#registers.get(keyId);
    if (secret === undefined) {
      throw new LedgerError(
        'KEYRING_SECRET_UNKNOWN',
        {
          en: `The keyring has no register secret named ${keyId}.`,
          zh: `密钥环中没有名为 ${keyId} 的登记簿秘密。`,
        },
        { keyId },
      );
    }
    return secret;
  }

  async createRegisterSecret(): Promise<{ readonly keyId: string; readonly secretCommit: SecretCommit }> {
    const keyId = `register-${randomBytes(6).toString('hex')}`;
    const secret = randomSecret();
    const text = await encryptSecret(hexOfSecret(secret), this.#passphrase, this.#cost);
    await writeDurably(join(this.#path, `${keyId}.json`), text);
    this.#registers.set(keyId, secret);
    return { keyId, secretCommit: secretCommitOf(secret) };
  }

  async journalKey(): Promise<Uint8Array> {
    return Buffer.from(this.#journal.slice(2), 'hex');
  }

  async tokenPepper(): Promise<Uint8Array> {
    return Buffer.from(this.#tokens.slice(2), 'hex');
  }

  /** What may be shown of a keyring. */
  toJSON(): { operatorAddress: Address; witnessAddress: Address } {
    return { operatorAddress: this.operatorAddress, witnessAddress: this.witnessAddress };
  }

  /** Takes a further key in, unless it is held already. */
  #add(name: string, key: Hex): void {
    const role: KeyRole = name.startsWith('operator') ? 'operator' : 'witness';
    const account = privateKeyToAccount(key);
    if (!this.addresses(role).includes(account.address)) this.#accounts[role].push(account);
  }

  #account(role: KeyRole, address?: Address): PrivateKeyAccount {
    if (address === undefined) return this.#signing[role];
    const lower = address.toLowerCase();
    const account = this.#accounts[role].find((each) => each.address.toLowerCase() === lower);
    if (account !== undefined) return account;
    throw new LedgerError(
      'KEYRING_KEY_UNKNOWN',
      {
        en: `The keyring does not hold the ${role} key ${address}.`,
        zh: `密钥环中没有 ${role} 密钥 ${address}。`,
      },
      { role, address },
    );
  }
}

/** All of it beside where it is to be, then renamed: there is a whole keyring or none. Errors: `KEYRING_EXISTS`. */
async function writeKeyring(path: string, passphrase: string, cost: number, secrets: Secrets): Promise<void> {
  const parent = dirname(path);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const beside = await mkdtemp(join(parent, `.${basename(path)}-`));
  try {
    const named: [string, Hex][] = [
      ...PARTS.map((part): [string, Hex] => [part, secrets[part]]),
      ...secrets.further,
      ...[...secrets.registers].map(([keyId, secret]): [string, Hex] => [keyId, hexOfSecret(secret)]),
    ];
    const texts = await Promise.all(named.map(([, secret]) => encryptSecret(secret, passphrase, cost)));
    for (const [i, [name]] of named.entries())
      await writeDurably(join(beside, `${name}.json`), texts[i] ?? '');
    // A rename may take the place of an empty directory, of a full one never: this looks first, that decides.
    if (await exists(path)) throw keyringExists(path);
    await rename(beside, path).catch((error: unknown) => {
      throw isCode(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR') ? keyringExists(path) : error;
    });
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
  await flushDirectory(parent);
}

async function readKeyring(path: string, passphrase: string): Promise<Secrets> {
  const found = await readdir(path).catch((error: unknown) => {
    if (!isCode(error, 'ENOENT', 'ENOTDIR')) throw error;
    return undefined;
  });
  if (found === undefined) {
    const old = join(dirname(path), OLD_FILE);
    throw (await exists(old)) ? oldFormat(old) : notFound(path);
  }
  const keyIds = found.flatMap((file) => REGISTER_FILE.exec(file)?.[1] ?? []);
  const further = found.flatMap((file) => FURTHER_KEY_FILE.exec(file)?.[1] ?? []);
  const names = [...PARTS, ...further, ...keyIds];
  const read = await Promise.all(
    names.map(async (name): Promise<[string, Hex]> => {
      const file = join(path, `${name}.json`);
      return [name, await decryptSecret(await readPrivately(file), passphrase, file)];
    }),
  );
  const secrets = new Map(read);
  const part = (name: Part): Hex => secrets.get(name) ?? '0x';
  return {
    operator: part('operator'),
    witness: part('witness'),
    journal: part('journal'),
    tokens: part('tokens'),
    further: new Map(further.map((name) => [name, secrets.get(name) ?? '0x'])),
    registers: new Map(keyIds.map((keyId) => [keyId, BigInt(secrets.get(keyId) ?? 0) as RegisterSecret])),
  };
}

function hexOfSecret(secret: RegisterSecret): Hex {
  return numberToHex(secret, { size: 32 });
}

function requireStrong(passphrase: string): void {
  if (passphrase.length >= MIN_PASSPHRASE_LENGTH) return;
  throw new LedgerError(
    'KEYRING_PASSPHRASE_WEAK',
    {
      en: `The passphrase must have at least ${MIN_PASSPHRASE_LENGTH} characters.`,
      zh: `口令至少需要 ${MIN_PASSPHRASE_LENGTH} 个字符。`,
    },
    { minLength: MIN_PASSPHRASE_LENGTH },
  );
}

function checkedKey(role: KeyRole, key: Hex): Hex {
  try {
    privateKeyToAccount(key);
    return key;
  } catch {
    // No cause: the library's message might quote what it was given.
    throw new LedgerError(
      'KEYRING_KEY_INVALID',
      { en: `The ${role} key is not a private key.`, zh: `${role} 密钥不是有效私钥。` },
      { role },
    );
  }
}

function keyringExists(path: string): LedgerError {
  return new LedgerError(
    'KEYRING_EXISTS',
    { en: `There are keys at ${path} already.`, zh: `${path} 处已有密钥。` },
    { path },
  );
}

function notFound(path: string): LedgerError {
  return new LedgerError(
    'KEYRING_NOT_FOUND',
    { en: `There are no keys at ${path}.`, zh: `${path} 处没有密钥。` },
    { path },
  );
}

function oldFormat(file: string): LedgerError {
  return new LedgerError(
    'KEYRING_OLD_FORMAT',
    {
      en: `The keys are still in one file, ${file}, as the first versions kept them. Run "ledger keys convert" once.`,
      zh: `密钥仍保存在旧版单一文件 ${file} 中。请运行一次 "ledger keys convert"。`,
    },
    { file },
  );
}

async function readPrivately(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    // Windows has no such bits; there the directory's rights are all there is.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new LedgerError(
        'KEYRING_FILE_EXPOSED',
        {
          en: `Others may read or write the key file ${path}; set its mode to 0600.`,
          zh: `其他用户可读写密钥文件 ${path}，请将权限设为 0600。`,
        },
        { path, mode: (mode & 0o777).toString(8) },
      );
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    throw notFound(path);
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await flushDirectory(dirname(path));
}

/** A new name is durable only when its directory is. */
async function flushDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
