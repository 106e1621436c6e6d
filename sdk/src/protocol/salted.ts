import { keccakHex } from './entry.ts';
import { LedgerError } from './errors.ts';
import type { Hex } from './field.ts';
import { canonicalBytes } from './jcs.ts';

/** A JSON document whose hash may go on chain: without its salt nobody can test a guess against the hash. */
export interface SaltedDocument {
  /** 256 random bits as 64 lower-case hexadecimal digits. */
  readonly salt: string;
}

const SALT = /^[0-9a-f]{64}$/;

/** A fresh salt of 256 bits from the platform's secure source, as {@link SaltedDocument} spells it. */
export function randomSalt256(): string {
  return [...globalThis.crypto.getRandomValues(new Uint8Array(32))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/**
 * keccak256(JCS(document)): how documents that stay off chain are named there.
 * @throws LedgerError DOCUMENT_NOT_SALTED when the document has no own salt of 256 bits, or one that is plainly
 * not random; JSON_NOT_CANONICAL for what JSON cannot say
 */
export function saltedHash(document: SaltedDocument): Hex {
  const salt: unknown = Object.hasOwn(document, 'salt') ? document.salt : undefined;
  // One digit repeated is a placeholder that was never filled in.
  if (typeof salt !== 'string' || !SALT.test(salt) || new Set(salt).size === 1) {
    throw new LedgerError('DOCUMENT_NOT_SALTED', {
      en: 'A document whose hash goes on chain needs a salt of 256 random bits, as 64 lower-case hexadecimal digits.',
      zh: '哈希上链的文书须含 256 位随机盐（64 位小写十六进制数字）。',
    });
  }
  return keccakHex(canonicalBytes(document));
}
