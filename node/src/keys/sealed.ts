import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { LedgerError } from '@credit-ledger/sdk/protocol';

const FORMAT = 'credit-keyring/1';
const CIPHER = 'aes-256-gcm';
/** 2^17 with r = 8 takes 128 MiB and about half a second: what a guesser pays for each try. */
export const DEFAULT_SCRYPT_COST = 2 ** 17;
/** Bounds for a file's own claim: below, it was weakened; above, it is meant to exhaust the memory. */
const MIN_SCRYPT_COST = 2 ** 14;
const MAX_SCRYPT_COST = 2 ** 20;
const SCRYPT_BLOCK = 8;
const KEY_BYTES = 32;

interface SealedHeader {
  readonly format: string;
  readonly cipher: string;
  readonly kdf: {
    readonly name: string;
    readonly cost: number;
    readonly block: number;
    readonly salt: string;
  };
}

interface SealedFile extends SealedHeader {
  readonly iv: string;
  readonly tag: string;
  readonly sealed: string;
}

/** A passphrase turned into a key once, for a file that is sealed again and again. */
export class Seal {
  readonly #key: Buffer;
  readonly #header: SealedHeader;

  private constructor(key: Buffer, header: SealedHeader) {
    this.#key = key;
    this.#header = header;
  }

  /** A seal for a new file. */
  static async make(passphrase: string, cost: number = DEFAULT_SCRYPT_COST): Promise<Seal> {
    const salt = randomBytes(16);
    const header: SealedHeader = {
      format: FORMAT,
      cipher: CIPHER,
      kdf: { name: 'scrypt', cost, block: SCRYPT_BLOCK, salt: salt.toString('hex') },
    };
    return new Seal(await deriveKey(passphrase, salt, cost), header);
  }

  /** Opens a file's text. Errors: `KEYRING_FILE_INVALID`, `KEYRING_PASSPHRASE_WRONG`. */
  static async open(text: string, passphrase: string): Promise<{ seal: Seal; plain: Buffer }> {
    const file = parseFile(text);
    const header: SealedHeader = { format: file.format, cipher: file.cipher, kdf: file.kdf };
    const key = await deriveKey(passphrase, Buffer.from(file.kdf.salt, 'hex'), file.kdf.cost);
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(file.iv, 'hex'), { authTagLength: 16 });
    decipher.setAAD(headerBytes(header));
    decipher.setAuthTag(Buffer.from(file.tag, 'hex'));
    try {
      const plain = Buffer.concat([decipher.update(Buffer.from(file.sealed, 'base64')), decipher.final()]);
      return { seal: new Seal(key, header), plain };
    } catch {
      // The engine's error says nothing more, and nothing may be added to it.
      throw new LedgerError('KEYRING_PASSPHRASE_WRONG', {
        en: 'The passphrase is wrong, or the key file was altered.',
        zh: '口令错误，或密钥文件已被改动。',
      });
    }
  }

  /** Seals bytes under a fresh initialisation vector; returns the file's text. */
  seal(plain: Uint8Array): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv(CIPHER, this.#key, iv, { authTagLength: 16 });
    cipher.setAAD(headerBytes(this.#header));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    const file: SealedFile = {
      ...this.#header,
      iv: iv.toString('hex'),
      tag: cipher.getAuthTag().toString('hex'),
      sealed: sealed.toString('base64'),
    };
    return `${JSON.stringify(file, null, 2)}\n`;
  }
}

function headerBytes({ format, cipher, kdf }: SealedHeader): Buffer {
  return Buffer.from(JSON.stringify([format, cipher, kdf.name, kdf.cost, kdf.block, kdf.salt]));
}

function deriveKey(passphrase: string, salt: Buffer, cost: number): Promise<Buffer> {
  const options = { N: cost, r: SCRYPT_BLOCK, p: 1, maxmem: 2 * 128 * SCRYPT_BLOCK * cost };
  return new Promise((resolve, reject) => {
    // One passphrase, however its characters were composed on the keyboard.
    scrypt(passphrase.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function parseFile(text: string): SealedFile {
  try {
    const file = JSON.parse(text) as SealedFile;
    const isPowerOfTwo = Number.isInteger(Math.log2(file.kdf.cost));
    if (
      file.format === FORMAT &&
      file.cipher === CIPHER &&
      file.kdf.name === 'scrypt' &&
      file.kdf.block === SCRYPT_BLOCK &&
      isPowerOfTwo &&
      file.kdf.cost >= MIN_SCRYPT_COST &&
      file.kdf.cost <= MAX_SCRYPT_COST &&
      /^[0-9a-f]{32}$/.test(file.kdf.salt) &&
      /^[0-9a-f]{24}$/.test(file.iv) &&
      /^[0-9a-f]{32}$/.test(file.tag) &&
      typeof file.sealed === 'string'
    ) {
      return file;
    }
  } catch {
    // Not JSON, or a part is missing: the same to the reader.
  }
  throw new LedgerError('KEYRING_FILE_INVALID', {
    en: `The key file is not of the format ${FORMAT}.`,
    zh: `密钥文件不是 ${FORMAT} 格式。`,
  });
}
