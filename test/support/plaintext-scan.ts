import { createHash } from 'node:crypto';
import {
  bytesToInteger,
  H1,
  H2,
  integerToBytes,
  keccakHex,
  keccakWords,
  type Uscc,
  usccNumber,
} from '@credit-ledger/sdk/protocol';

/** Something that must not be found, in every form in which it might be written down. */
export interface Secret {
  /** What a finding is called: never the secret itself, which would then be in the test's output. */
  readonly label: string;
  /** Each form with its name; at least {@link KEY_BYTES} bytes long. */
  readonly forms: readonly { readonly form: string; readonly bytes: Uint8Array }[];
}

/** Where bytes come from, for people: a transaction, an event. */
export interface Source {
  readonly where: string;
  readonly bytes: Uint8Array;
}

export interface Finding {
  readonly where: string;
  readonly label: string;
  readonly form: string;
  /** Position of its first byte. */
  readonly at: number;
}

/** By so many first bytes a form is looked up; a shorter form would be found by chance. */
const KEY_BYTES = 6;
/** Half a hash is enough to know it by, cut off on either side: as an address, or below a field's modulus. */
const HALF_BYTES = 16;
const encoder = new TextEncoder();

/**
 * A text that must not be found: as text in the encodings that Chinese files come in, as digits, and as an unsalted
 * hash (keccak-256, SHA-256, SM3) of each, whole or cut in half.
 * @throws Error for a text so short that it would be found by chance
 */
export function secretText(label: string, text: string): Secret {
  const written = encodings(text);
  const digits = encoder.encode(Buffer.from(text).toString('hex'));
  const hashed = [
    ...written,
    { form: 'JSON', bytes: encoder.encode(JSON.stringify(text)) },
    { form: 'ABI string', bytes: abiString(text) },
  ].flatMap(({ form, bytes }) => hashForms(form, bytes));
  return secret(label, [...written, { form: 'hexadecimal digits', bytes: digits }, ...hashed]);
}

/**
 * A credit code that must not be found: as a text, in lower case, as its number, and as an unsalted hash of each, with
 * Poseidon besides.
 */
export function secretCode(label: string, uscc: Uscc): Secret {
  const number = usccNumber(uscc);
  const lower = secretText(label, uscc.toLowerCase()).forms.map(({ form, bytes }) => ({
    form: `lower case, ${form}`,
    bytes,
  }));
  const word = integerToBytes(number, 32);
  // 90 bits: 12 bytes are the number wherever it stands, in a word or in another integer.
  const numbers = [{ form: 'number', bytes: integerToBytes(number, 12) }];
  const poseidon = [
    { form: 'Poseidon H1 of the number', hash: H1(number) as bigint },
    ...[1n, 2n, 3n, 4n].map((domain) => ({
      form: `Poseidon H2(${domain}, number)`,
      hash: H2(domain, number) as bigint,
    })),
    { form: 'Poseidon H1 of the text', hash: H1(bytesToInteger(encoder.encode(uscc))) as bigint },
  ].flatMap(({ form, hash }) => halves(form, integerToBytes(hash, 32)));
  const words = [
    ...hashForms('number in a word', word),
    ...halves('keccak of abi.encode("credit-ledger/binding", code, 0)', unsaltedBinding(uscc)),
  ];
  return secret(label, [...secretText(label, uscc).forms, ...lower, ...numbers, ...poseidon, ...words]);
}

/** A number of 32 bytes that must not be found, whole or in half: a subject's key in a register, a salt. */
export function secretWord(label: string, value: bigint): Secret {
  const bytes = integerToBytes(value, 32);
  return secret(label, [...halves('word', bytes), ...hashForms('word', bytes)]);
}

/**
 * Every place in which a secret is written down in one of its forms, at any position, aligned or not.
 * Reads each byte once, so that a whole system's traffic can be searched for many secrets.
 */
export function findPlaintext(sources: Iterable<Source>, secrets: readonly Secret[]): Finding[] {
  const byKey = new Map<number, { label: string; form: string; bytes: Uint8Array }[]>();
  for (const { label, forms } of secrets) {
    for (const { form, bytes } of forms) {
      const key = keyAt(bytes, 0);
      byKey.set(key, [...(byKey.get(key) ?? []), { label, form, bytes }]);
    }
  }
  const findings: Finding[] = [];
  for (const { where, bytes } of sources) {
    for (let at = 0; at + KEY_BYTES <= bytes.length; at += 1) {
      for (const { label, form, bytes: wanted } of byKey.get(keyAt(bytes, at)) ?? []) {
        if (wanted.every((byte, i) => bytes[at + i] === byte)) findings.push({ where, label, form, at });
      }
    }
  }
  return findings;
}

/** Bytes written as 0x and digits, as chains give them. */
export function bytesOfHex(hex: string): Uint8Array {
  if (!/^0x(?:[0-9a-f]{2})*$/i.test(hex)) throw new Error('expected 0x and hexadecimal digits');
  return Buffer.from(hex.slice(2), 'hex');
}

function keyAt(bytes: Uint8Array, at: number): number {
  let key = 0;
  for (let i = 0; i < KEY_BYTES; i += 1) key = key * 256 + (bytes[at + i] ?? 0);
  return key;
}

function secret(label: string, forms: Secret['forms']): Secret {
  for (const { form, bytes } of forms) {
    if (bytes.length < KEY_BYTES) throw new Error(`${label} as ${form} is too short to be looked for`);
    // Half of a small number is nothing but zeros, which are everywhere.
    if (new Set(bytes).size === 1) throw new Error(`${label} as ${form} would be found everywhere`);
  }
  return { label, forms };
}

function encodings(text: string): { form: string; bytes: Uint8Array }[] {
  const little = Buffer.from(text, 'utf16le');
  const all = [
    { form: 'UTF-8', bytes: encoder.encode(text) },
    { form: 'UTF-16 LE', bytes: little },
    { form: 'UTF-16 BE', bytes: Buffer.from(little).swap16() },
  ];
  const mainland = gb18030(text);
  return mainland === undefined ? all : [...all, { form: 'GB 18030', bytes: mainland }];
}

/** Hashes of the bytes, whole and in halves. */
function hashForms(of: string, bytes: Uint8Array): { form: string; bytes: Uint8Array }[] {
  return [
    { name: 'keccak-256', hash: Buffer.from(keccakHex(bytes).slice(2), 'hex') },
    { name: 'SHA-256', hash: createHash('sha256').update(bytes).digest() },
    { name: 'SM3', hash: createHash('sm3').update(bytes).digest() },
  ].flatMap(({ name, hash }) => halves(`${name} of ${of}`, hash));
}

function halves(form: string, bytes: Uint8Array): { form: string; bytes: Uint8Array }[] {
  return [
    { form: `${form}, first half`, bytes: bytes.subarray(0, HALF_BYTES) },
    { form: `${form}, second half`, bytes: bytes.subarray(bytes.length - HALF_BYTES) },
  ];
}

function abiString(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const padded = new Uint8Array(64 + 32 * Math.ceil(bytes.length / 32));
  padded.set(integerToBytes(32n, 32));
  padded.set(integerToBytes(BigInt(bytes.length), 32), 32);
  padded.set(bytes, 64);
  return padded;
}

/** What a binding's commitment would be if its salt had been forgotten. */
function unsaltedBinding(uscc: Uscc): Uint8Array {
  const text = (value: string): [bigint, bigint] => {
    const bytes = encoder.encode(value);
    return [BigInt(bytes.length), bytesToInteger(bytes) << BigInt(8 * (32 - bytes.length))];
  };
  const hash = keccakWords([96n, 160n, 0n, ...text('credit-ledger/binding'), ...text(uscc)]);
  return Buffer.from(hash.slice(2), 'hex');
}

let mainlandBytes: ReadonlyMap<string, readonly number[]> | undefined;

/** A text in GB 18030, of characters that have one or two bytes there; undefined when one has more. */
function gb18030(text: string): Uint8Array | undefined {
  mainlandBytes ??= mainlandTable();
  const bytes: number[] = [];
  for (const character of text) {
    const found = mainlandBytes.get(character);
    if (!found) return undefined;
    bytes.push(...found);
  }
  return Uint8Array.from(bytes);
}

/** The platform only decodes this encoding, so the table is made by decoding every pair of bytes. */
function mainlandTable(): ReadonlyMap<string, readonly number[]> {
  const decoder = new TextDecoder('gb18030');
  const table = new Map<string, readonly number[]>();
  for (let byte = 0x20; byte < 0x7f; byte += 1) table.set(String.fromCharCode(byte), [byte]);
  for (let first = 0x81; first <= 0xfe; first += 1) {
    for (let second = 0x40; second <= 0xfe; second += 1) {
      if (second === 0x7f) continue;
      const character = decoder.decode(Uint8Array.of(first, second));
      if ([...character].length === 1 && character !== '\ufffd') table.set(character, [first, second]);
    }
  }
  return table;
}
