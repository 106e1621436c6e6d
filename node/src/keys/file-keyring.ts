import { randomBytes } from 'node:crypto';
import { open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  LedgerError,
  randomSecret,
  secretCommitOf,
  type RegisterSecret,
  type SecretCommit,
} from '@credit-ledger/sdk/protocol';
import type { Address, Hex, TransactionSerializableEIP1559, TypedDataDefinition } from 'viem';
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { DEFAULT_SCRYPT_COST, Seal } from './sealed.ts';
import type { KeyRole, Keyring } from './keyring.ts';

interface Secrets {
  readonly operatorKey: Hex;
  readonly witnessKey: Hex;
  readonly journalKey: string;
  readonly tokenPepper: string;
  /** Register secrets by key id, decimal. */
  readonly registers: Readonly<Record<string, string>>;
}

export interface FileKeyringOptions {
  /** Existing private keys, for a member whose keys are on chain already; made afresh otherwise. */
  readonly operatorKey?: Hex;
  readonly witnessKey?: Hex;
  /** scrypt's N. */
  readonly scryptCost?: number;
}

const MIN_PASSPHRASE_LENGTH = 12;

/**
 * A keyring in one file, sealed with a passphrase (scrypt, AES-256-GCM), mode
 * 0600. The file is written beside itself, flushed and renamed, so that it is
 * old or new and never half.
 */
export class FileKeyring implements Keyring {
  readonly operatorAddress: Address;
  readonly witnessAddress: Address;
  readonly #path: string;
  readonly #seal: Seal;
  readonly #accounts: Readonly<Record<KeyRole, PrivateKeyAccount>>;
  #secrets: Secrets;
  /** The file as last read or written: a change by another hand must not be overwritten. */
  #text: string;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, seal: Seal, secrets: Secrets, text: string) {
    this.#path = path;
    this.#seal = seal;
    this.#secrets = secrets;
    this.#text = text;
    this.#accounts = {
      operator: privateKeyToAccount(secrets.operatorKey),
      witness: privateKeyToAccount(secrets.witnessKey),
    };
    this.operatorAddress = this.#accounts.operator.address;
    this.witnessAddress = this.#accounts.witness.address;
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
    if (passphrase.length < MIN_PASSPHRASE_LENGTH) {
      throw new LedgerError(
        'KEYRING_PASSPHRASE_WEAK',
        {
          en: `The passphrase must have at least ${MIN_PASSPHRASE_LENGTH} characters.`,
          zh: `口令至少需要 ${MIN_PASSPHRASE_LENGTH} 个字符。`,
        },
        { minLength: MIN_PASSPHRASE_LENGTH },
      );
    }
    const secrets: Secrets = {
      operatorKey: checkedKey('operator', options.operatorKey ?? generatePrivateKey()),
      witnessKey: checkedKey('witness', options.witnessKey ?? generatePrivateKey()),
      journalKey: randomBytes(32).toString('hex'),
      tokenPepper: randomBytes(32).toString('hex'),
      registers: {},
    };
    const seal = await Seal.make(passphrase, options.scryptCost ?? DEFAULT_SCRYPT_COST);
    const text = seal.seal(encode(secrets));
    try {
      await writeDurably(path, text, 'wx');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new LedgerError(
        'KEYRING_EXISTS',
        { en: `There is a key file at ${path} already.`, zh: `${path} 处已有密钥文件。` },
        { path },
      );
    }
    return new FileKeyring(path, seal, secrets, text);
  }

  /**
   * Opens a keyring. Errors: `KEYRING_NOT_FOUND`, `KEYRING_FILE_EXPOSED` when
   * others may read or write the file, `KEYRING_FILE_INVALID`, `KEYRING_PASSPHRASE_WRONG`.
   */
  static async open(path: string, passphrase: string): Promise<FileKeyring> {
    const text = await readPrivately(path);
    const { seal, plain } = await Seal.open(text, passphrase);
    return new FileKeyring(path, seal, decode(plain), text);
  }

  signTransaction(role: KeyRole, transaction: TransactionSerializableEIP1559): Promise<Hex> {
    return this.#accounts[role].signTransaction(transaction);
  }

  signTypedData(role: KeyRole, typedData: TypedDataDefinition): Promise<Hex> {
    return this.#accounts[role].signTypedData(typedData);
  }

  async registerSecret(keyId: string): Promise<RegisterSecret> {
    const secret = Object.hasOwn(this.#secrets.registers, keyId) ? this.#secrets.registers[keyId] : undefined;
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
    return BigInt(secret) as RegisterSecret;
  }

  /** Errors besides the interface's: `KEYRING_CHANGED_ON_DISK`. */
  createRegisterSecret(): Promise<{ readonly keyId: string; readonly secretCommit: SecretCommit }> {
    const turn = this.#writing.then(async () => {
      const keyId = `register-${randomBytes(6).toString('hex')}`;
      const secret = randomSecret();
      const secrets: Secrets = {
        ...this.#secrets,
        registers: { ...this.#secrets.registers, [keyId]: secret.toString() },
      };
      if ((await readPrivately(this.#path)) !== this.#text) {
        throw new LedgerError(
          'KEYRING_CHANGED_ON_DISK',
          {
            en: `The key file ${this.#path} was changed by another program; restart the node.`,
            zh: `密钥文件 ${this.#path} 已被其他程序更改，请重启节点。`,
          },
          { path: this.#path },
        );
      }
      const text = this.#seal.seal(encode(secrets));
      const beside = `${this.#path}.new`;
      await unlink(beside).catch(ignoreAbsence);
      await writeDurably(beside, text, 'wx');
      await rename(beside, this.#path);
      await flushDirectory(this.#path);
      this.#secrets = secrets;
      this.#text = text;
      return { keyId, secretCommit: secretCommitOf(secret) };
    });
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async journalKey(): Promise<Uint8Array> {
    return Buffer.from(this.#secrets.journalKey, 'hex');
  }

  async tokenPepper(): Promise<Uint8Array> {
    return Buffer.from(this.#secrets.tokenPepper, 'hex');
  }

  /** What may be shown of a keyring. */
  toJSON(): { operatorAddress: Address; witnessAddress: Address } {
    return { operatorAddress: this.operatorAddress, witnessAddress: this.witnessAddress };
  }
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

function encode(secrets: Secrets): Uint8Array {
  return Buffer.from(JSON.stringify(secrets), 'utf8');
}

function decode(plain: Buffer): Secrets {
  return JSON.parse(plain.toString('utf8')) as Secrets;
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
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new LedgerError(
      'KEYRING_NOT_FOUND',
      { en: `There is no key file at ${path}.`, zh: `${path} 处没有密钥文件。` },
      { path },
    );
  }
}

async function writeDurably(path: string, text: string, flag: 'wx'): Promise<void> {
  const file = await open(path, flag, 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await flushDirectory(path);
}

/** A new name is durable only when its directory is. */
async function flushDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function ignoreAbsence(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
