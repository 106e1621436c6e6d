import { keccak_256 } from '@noble/hashes/sha3.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Day, OPEN_END } from './days.ts';
import { LedgerError } from './errors.ts';
import {
  asFieldElement,
  type ChainHead,
  type Content,
  bytesToInteger,
  type EntryBody,
  fromBytes32,
  type Hex,
  integerToBytes,
  type RegisterRoot,
  type SubjectKey,
  toBytes32,
  wordHex,
} from './field.ts';
import { canonicalBytes } from './jcs.ts';
import { H2, H3 } from './poseidon.ts';

/** What an entry does; public on chain (protocol §4). */
export const OP = { RECORD: 0, REVOKE: 1, REPAIR: 2, DISPUTE: 3, SETTLE: 4 } as const;
export type Op = (typeof OP)[keyof typeof OP];

/** Severity as the source authority set it; the platform never changes it. */
export const SEVERITY = { none: 0, general: 1, serious: 2, severe: 3 } as const;
export type Severity = (typeof SEVERITY)[keyof typeof SEVERITY];

/** The fields that a predicate can read. For op ≠ RECORD only `day` and `ref` may differ from 0. */
export interface EntryFields {
  /** Catalogue code 0–63. */
  readonly kind: number;
  /** Area of regulation 0–15. */
  readonly domain: number;
  readonly severity: Severity;
  /** Day of the decision. */
  readonly day: Day;
  /** Last day of effect; OPEN_END for none. */
  readonly until: Day;
  readonly amountFen: bigint;
  /** For op ≠ RECORD: position, from 0, in the subject's chain of the RECORD it acts on. */
  readonly ref: number;
}

/** One entry as the chain sees it. */
export interface Entry {
  readonly key: SubjectKey;
  readonly op: Op;
  readonly body: EntryBody;
}

/** One entry as its authority knows it, enough to prove. */
export interface OpenedEntry {
  readonly op: Op;
  readonly packed: bigint;
  readonly content: Content;
}

/** A field of a record with the salt that blinds it; `salt` is 32 lower-case hexadecimal digits. */
export interface SaltedField {
  readonly name: string;
  readonly value: string;
  readonly salt: string;
}

const WIDTHS = [
  ['kind', 8, 63],
  ['domain', 8, 15],
  ['severity', 4, 3],
  ['day', 20, 1_048_575],
  ['until', 20, 1_048_575],
  ['amountFen', 64, 2n ** 64n - 1n],
  ['ref', 16, 65_535],
] as const;

/** Largest number of entries that one batch may hold (protocol §5). */
export const MAX_BATCH_ENTRIES = 1_024;

/**
 * Packs the fields into one number, least significant first (protocol §4).
 * @throws LedgerError ENTRY_FIELD_OUT_OF_RANGE, naming the field
 */
export function packEntry(op: Op, fields: EntryFields): bigint {
  let packed = 0n;
  let shift = 0n;
  for (const [name, bits, max] of WIDTHS) {
    const value = BigInt(fields[name]);
    const unused = op !== OP.RECORD && name !== 'day' && name !== 'ref';
    const limit = unused || (op === OP.RECORD && name === 'ref') ? 0n : BigInt(max);
    if (value < 0n || value > limit) {
      throw new LedgerError(
        'ENTRY_FIELD_OUT_OF_RANGE',
        {
          en: `The field ${name} must be from 0 to ${limit} for this operation.`,
          zh: `字段 ${name} 在该操作下应在 0 到 ${limit} 之间。`,
        },
        { field: name, value, limit, op },
      );
    }
    packed |= value << shift;
    shift += BigInt(bits);
  }
  return packed;
}

/** The packed form of an operation on an earlier record: only a day and a reference. */
export function packOperation(op: Exclude<Op, 0>, day: Day, ref: number): bigint {
  return packEntry(op, {
    kind: 0,
    domain: 0,
    severity: 0,
    day,
    until: 0 as Day,
    amountFen: 0n,
    ref,
  });
}

/**
 * The inverse of packEntry. Unused upper bits of kind, domain and severity must be zero.
 * @throws LedgerError ENTRY_PACKED_MALFORMED
 */
export function unpackEntry(packed: bigint): EntryFields {
  if (packed < 0n || packed >= 1n << 140n) throw malformedPacked();
  let rest = packed;
  const read = (bits: number, max: bigint): bigint => {
    const value = rest & ((1n << BigInt(bits)) - 1n);
    rest >>= BigInt(bits);
    if (value > max) throw malformedPacked();
    return value;
  };
  return {
    kind: Number(read(8, 63n)),
    domain: Number(read(8, 15n)),
    severity: Number(read(4, 3n)) as Severity,
    day: Number(read(20, BigInt(OPEN_END))) as Day,
    until: Number(read(20, BigInt(OPEN_END))) as Day,
    amountFen: read(64, 2n ** 64n - 1n),
    ref: Number(read(16, 65_535n)),
  };
}

function malformedPacked(): LedgerError {
  return new LedgerError('ENTRY_PACKED_MALFORMED', {
    en: 'The packed entry sets bits that the protocol keeps at zero.',
    zh: '打包的条目设置了协议规定为零的位。',
  });
}

/** A fresh salt of 128 random bits. */
export function randomSalt(): string {
  return [...globalThis.crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/** SHA-256 of JCS([salt, name, value]) (protocol §4). */
export function fieldDigest(field: SaltedField): Uint8Array {
  return sha256(canonicalBytes([field.salt, field.name, field.value]));
}

/**
 * Commitment to all fields of a record: each can later be shown alone, beside the
 * digests of the others (protocol §4).
 * @throws LedgerError CONTENT_EMPTY, CONTENT_SALT_MALFORMED
 */
export function contentOf(fields: readonly SaltedField[]): Content {
  if (fields.length === 0) {
    throw new LedgerError('CONTENT_EMPTY', {
      en: 'An entry needs at least one salted field; an unsalted body could be guessed.',
      zh: '条目至少需要一个加盐字段，否则可被猜测。',
    });
  }
  for (const { salt, name } of fields) {
    if (!/^[0-9a-f]{32}$/.test(salt)) {
      throw new LedgerError(
        'CONTENT_SALT_MALFORMED',
        { en: 'A salt is 32 lower-case hexadecimal digits.', zh: '盐应为 32 位小写十六进制数字。' },
        { field: name },
      );
    }
  }
  return contentOfDigests(fields.map(fieldDigest));
}

/** The same commitment from digests alone, when some fields stay hidden. */
export function contentOfDigests(digests: readonly Uint8Array[]): Content {
  const sorted = [...digests].sort(compareBytes);
  const joined = new Uint8Array(sorted.length * 32);
  sorted.forEach((digest, i) => joined.set(digest, i * 32));
  return bytesToInteger(sha256(joined).subarray(0, 31)) as Content;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What of an entry's opening goes on chain. */
export function bodyOf(packed: bigint, content: Content): EntryBody {
  return H2(packed, content) as bigint as EntryBody;
}

/** Head of the empty chain. */
export const EMPTY_HEAD = 0n as ChainHead;

/** The head after one more entry (protocol §4). */
export function nextHead(head: ChainHead, op: Op, body: EntryBody): ChainHead {
  return H3(head, BigInt(op), body) as bigint as ChainHead;
}

/** The head of a whole chain. */
export function headOfChain(chain: readonly OpenedEntry[]): ChainHead {
  return chain.reduce(
    (head, entry) => nextHead(head, entry.op, bodyOf(entry.packed, entry.content)),
    EMPTY_HEAD,
  );
}

/** Entries as calldata and events carry them: two words each (protocol §5). */
export interface EncodedEntry {
  readonly opAndKey: Hex;
  readonly body: Hex;
}

export function encodeEntry(entry: Entry): EncodedEntry {
  return {
    opAndKey: wordHex((BigInt(entry.op) << 248n) | entry.key),
    body: toBytes32(entry.body),
  };
}

/** A whole batch as calldata. */
export function encodeEntries(entries: readonly Entry[]): EncodedEntry[] {
  return entries.map(encodeEntry);
}

/**
 * Reads entries from an event.
 * @throws LedgerError ENTRY_MALFORMED for an undefined op, a key of 0, or a body not below r
 */
export function decodeEntries(encoded: readonly EncodedEntry[]): Entry[] {
  return encoded.map(({ opAndKey, body }, position) => {
    const word = BigInt(opAndKey);
    const op = Number(word >> 248n);
    const key = word & ((1n << 248n) - 1n);
    if (op > OP.SETTLE || key === 0n) {
      throw new LedgerError(
        'ENTRY_MALFORMED',
        { en: 'The entry has an undefined operation or a key of 0.', zh: '条目的操作未定义或键为 0。' },
        { position, op },
      );
    }
    return { op: op as Op, key: key as SubjectKey, body: fromBytes32(body) as bigint as EntryBody };
  });
}

/** keccak256(abi.encode(entries)) as the contract computes it (protocol §5). */
export function entriesHash(entries: readonly Entry[]): Hex {
  const bytes = new Uint8Array(64 + entries.length * 64);
  bytes.set(integerToBytes(32n, 32), 0);
  bytes.set(integerToBytes(BigInt(entries.length), 32), 32);
  entries.forEach((entry, i) => {
    bytes.set(integerToBytes((BigInt(entry.op) << 248n) | entry.key, 32), 64 + i * 64);
    bytes.set(integerToBytes(asFieldElement(entry.body), 32), 96 + i * 64);
  });
  return keccakHex(bytes);
}

/** The name of a batch everywhere (protocol §5). */
export function batchHash(
  registerId: bigint,
  seq: bigint,
  prevRoot: RegisterRoot,
  newRoot: RegisterRoot,
  hashOfEntries: Hex,
): Hex {
  return keccakWords([registerId, seq, prevRoot, newRoot, BigInt(hashOfEntries)]);
}

/** keccak256 over 32-byte words: abi.encode of static types. */
export function keccakWords(words: readonly bigint[]): Hex {
  const bytes = new Uint8Array(words.length * 32);
  words.forEach((word, i) => bytes.set(integerToBytes(word, 32), i * 32));
  return keccakHex(bytes);
}

/** keccak256 as 0x and 64 lower-case digits. */
export function keccakHex(bytes: Uint8Array): Hex {
  return wordHex(bytesToInteger(keccak_256(bytes)));
}

/**
 * The order that the contract demands: by key, entries of one key as they came (protocol §5).
 * The sort is stable, so a subject's chain keeps its order.
 */
export function sortForBatch<T extends { readonly key: SubjectKey }>(entries: readonly T[]): T[] {
  return [...entries].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
