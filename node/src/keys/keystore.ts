import { scrypt as nodeScrypt } from 'node:crypto';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import { decryptKeystoreJson, encryptKeystoreJson } from 'ethers/wallet';
import { computeAddress } from 'ethers/transaction';
import { scrypt } from 'ethers/crypto';
import type { Hex } from 'viem';
import { z } from 'zod';

/** 2^17 with r = 8 takes 128 MiB and about half a second: what a guesser pays for each try. */
export const DEFAULT_SCRYPT_COST = 2 ** 17;
/** Bounds for a file's own claim: below, it was weakened; above, it is meant to exhaust the memory. */
const MIN_SCRYPT_COST = 2 ** 14;
const MAX_SCRYPT_COST = 2 ** 20;

// The engine's own function: off the main thread, and several times as fast as the library's.
scrypt.register(
  (password, salt, N, r, p, length) =>
    new Promise((resolve, reject) => {
      nodeScrypt(bytesOf(password), bytesOf(salt), length, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
        if (error === null) resolve(`0x${key.toString('hex')}`);
        else reject(error);
      });
    }) as never,
);

function bytesOf(bytes: unknown): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes.slice(2), 'hex') : Buffer.from(bytes as Uint8Array);
}

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`, 'i'));
const crypto = z.object({
  cipher: z.literal('aes-128-ctr'),
  cipherparams: z.object({ iv: hex(16) }),
  ciphertext: hex(32),
  kdf: z.literal('scrypt'),
  kdfparams: z.object({
    dklen: z.literal(32),
    n: z
      .int()
      .min(MIN_SCRYPT_COST)
      .max(MAX_SCRYPT_COST)
      .refine((n) => (n & (n - 1)) === 0, 'not a power of two'),
    r: z.int().min(8).max(16),
    p: z.int().min(1).max(16),
    salt: z.string().regex(/^([0-9a-f]{2}){16,64}$/i),
  }),
  mac: hex(32),
});
/** What of a keystore is taken; geth writes `crypto`, other programs `Crypto`. The address is what shows an altered file. */
const keystore = z
  .object({
    version: z.literal(3),
    address: z.string().regex(/^(0x)?[0-9a-f]{40}$/i),
    crypto: crypto.optional(),
    Crypto: crypto.optional(),
  })
  .refine((file) => (file.crypto === undefined) !== (file.Crypto === undefined), 'crypto: needed once');

/**
 * Encrypts 32 bytes as an Ethereum JSON keystore, version 3 (Web3 Secret Storage): scrypt, AES-128-CTR, and a code over
 * the cipher text. The secret must be a private key of secp256k1, which a register's secret is too: it is below 2^254.
 */
export async function encryptSecret(
  secret: Hex,
  passphrase: string,
  cost = DEFAULT_SCRYPT_COST,
): Promise<string> {
  const account = { address: computeAddress(secret), privateKey: secret };
  const text = await encryptKeystoreJson(account, Buffer.from(passphrase, 'utf8'), {
    scrypt: { N: cost, r: 8, p: 1 },
  });
  return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
}

/**
 * The secret of a keystore. `name` names the file in errors.
 * Errors: `KEYRING_FILE_INVALID`, `KEYRING_PASSPHRASE_WRONG`.
 */
export async function decryptSecret(text: string, passphrase: string, name: string): Promise<Hex> {
  const checked = keystore.safeParse(parsed(text));
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const where = issue?.path.join('.') ?? '';
    const why = issue?.message ?? '';
    throw new LedgerError(
      'KEYRING_FILE_INVALID',
      {
        en: `${name} is not a keystore of version 3 with scrypt (${where === '' ? why : `${where}: ${why}`}).`,
        zh: `${name} 不是采用 scrypt 的第 3 版密钥库文件（${where === '' ? why : where}）。`,
      },
      { file: name, where },
    );
  }
  const { version, address, crypto: lower, Crypto: upper } = checked.data;
  const plain = JSON.stringify({ version, address, Crypto: lower ?? upper });
  try {
    const { privateKey } = await decryptKeystoreJson(plain, Buffer.from(passphrase, 'utf8'));
    return privateKey as Hex;
  } catch {
    // The library's error may quote what it was given, and nothing may be added to this.
    throw new LedgerError(
      'KEYRING_PASSPHRASE_WRONG',
      {
        en: `The passphrase is wrong, or ${name} was altered.`,
        zh: `口令错误，或 ${name} 已被改动。`,
      },
      { file: name },
    );
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: refused below as what it is not.
    return undefined;
  }
}
