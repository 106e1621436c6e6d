import { LedgerError } from './errors.ts';

/** The BN254 scalar field: everything that is hashed or proved lives in it (protocol §2). */
export const FIELD_MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** The BN254 base field: coordinates of proof points are below it (protocol §2). */
export const BASE_FIELD_MODULUS =
  21888242871839275222246405745257275088696311157297823662689037894645226208583n;

declare const brand: unique symbol;
/** A number with a meaning: two brands never mix by accident. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type FieldElement = Brand<bigint, 'FieldElement'>;
/** Root of a register's tree. */
export type RegisterRoot = Brand<bigint, 'RegisterRoot'>;
/** The blinded identity of a subject in one register and class; 248 bits. */
export type SubjectKey = Brand<bigint, 'SubjectKey'>;
/** How one request names its subject. */
export type SubjectTag = Brand<bigint, 'SubjectTag'>;
/** The secret of one register; never leaves its node. */
export type RegisterSecret = Brand<bigint, 'RegisterSecret'>;
/** What is public of a register's secret. */
export type SecretCommit = Brand<bigint, 'SecretCommit'>;
/** The blinding of one request's tag. */
export type Nonce = Brand<bigint, 'Nonce'>;
export type PredicateHash = Brand<bigint, 'PredicateHash'>;
/** What binds a proof to one request. */
export type Context = Brand<bigint, 'Context'>;
/** Hash over a subject's chain of entries; 0 is the empty chain. */
export type ChainHead = Brand<bigint, 'ChainHead'>;
export type EntryBody = Brand<bigint, 'EntryBody'>;
/** Commitment to a record's salted fields. */
export type Content = Brand<bigint, 'Content'>;

export type Hex = `0x${string}`;

const BYTES32 = /^0x[0-9a-f]{64}$/;
const LOW_248 = (1n << 248n) - 1n;

/**
 * The value, if it is a canonical field element.
 * @throws LedgerError FIELD_OUT_OF_RANGE
 */
export function asFieldElement(value: bigint): FieldElement {
  if (value < 0n || value >= FIELD_MODULUS) {
    throw new LedgerError(
      'FIELD_OUT_OF_RANGE',
      {
        en: 'The value is not a canonical element of the BN254 scalar field.',
        zh: '该值不是 BN254 标量域的规范元素。',
      },
      { value },
    );
  }
  return value as FieldElement;
}

/** 32 bytes, big-endian, as `0x` and 64 lower-case digits. @throws LedgerError FIELD_OUT_OF_RANGE */
export function toBytes32(value: bigint): Hex {
  return wordHex(asFieldElement(value));
}

/** Any unsigned 256-bit integer as `0x` and 64 lower-case digits. @throws LedgerError WORD_OUT_OF_RANGE */
export function wordHex(value: bigint): Hex {
  if (value < 0n || value >= 1n << 256n) {
    throw new LedgerError(
      'WORD_OUT_OF_RANGE',
      { en: 'The value does not fit 32 bytes.', zh: '该值超出 32 字节。' },
      { value },
    );
  }
  return `0x${value.toString(16).padStart(64, '0')}`;
}

/**
 * Reads the one spelling of a field element that the protocol allows (§2).
 * @throws LedgerError BYTES32_MALFORMED for another spelling, FIELD_OUT_OF_RANGE for a value ≥ r
 */
export function fromBytes32(text: string): FieldElement {
  if (!BYTES32.test(text)) {
    throw new LedgerError(
      'BYTES32_MALFORMED',
      {
        en: 'Expected 0x and 64 lower-case hexadecimal digits.',
        zh: '应为 0x 加 64 位小写十六进制数字。',
      },
      { length: text.length },
    );
  }
  return asFieldElement(BigInt(text));
}

/** The low 248 bits of the canonical representation of a field element (protocol §2). */
export function trunc248(value: FieldElement): bigint {
  return value & LOW_248;
}

/** Big-endian bytes as an unsigned integer. */
export function bytesToInteger(bytes: Uint8Array): bigint {
  let hex = '0x0';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
}

/** An unsigned integer as big-endian bytes of the given length. @throws LedgerError WORD_OUT_OF_RANGE */
export function integerToBytes(value: bigint, length: number): Uint8Array {
  if (value < 0n || value >= 1n << BigInt(length * 8)) {
    throw new LedgerError(
      'WORD_OUT_OF_RANGE',
      { en: `The value does not fit ${length} bytes.`, zh: `该值超出 ${length} 字节。` },
      { value, length },
    );
  }
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i -= 1, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}

/** 248 bits from the platform's secure source. */
export function random248(): bigint {
  return bytesToInteger(globalThis.crypto.getRandomValues(new Uint8Array(31)));
}
