import {
  type Content,
  contentOf,
  type Day,
  dateOfDay,
  type LedgerClass,
  OP,
  type Op,
  packEntry,
  packOperation,
  randomSalt,
  random248,
  type RegisterSecret,
  type SaltedField,
  type SubjectKey,
  trunc248,
  type FieldElement,
  type Uscc,
  usccNumber,
} from '@credit-ledger/sdk/protocol';
import type { StoredRecord } from '../store/records.ts';
import type { Hasher } from './hashing/hasher.ts';

/** A record as it was taken in and stored: what an entry is made of. */
export type RegisterRecord = Omit<StoredRecord, 'importId' | 'importRow' | 'createdAt'>;

/** An entry with its opening, before it has a place in a chain. */
export interface MadeEntry {
  readonly recordId: bigint | null;
  readonly op: Op;
  readonly class: number;
  readonly uscc: string | null;
  readonly subjectKey: SubjectKey;
  readonly packed: bigint;
  readonly content: Content;
  readonly body: bigint;
  readonly salts: readonly SaltedField[];
}

/** Domain of subject keys among the uses of Poseidon (protocol §3). */
const KEY_DOMAIN = 2n;

/** Keys of subjects in one register; what was computed is remembered as long as this lives. */
export class SubjectKeys {
  readonly #secret: RegisterSecret;
  readonly #hasher: Hasher;
  readonly #known = new Map<string, SubjectKey>();

  constructor(secret: RegisterSecret, hasher: Hasher) {
    this.#secret = secret;
    this.#hasher = hasher;
  }

  /** The keys of these subjects, in order. */
  async of(
    subjects: readonly { readonly uscc: string; readonly class: LedgerClass }[],
  ): Promise<SubjectKey[]> {
    const names = subjects.map((subject) => `${subject.class}:${subject.uscc}`);
    const missing = new Map<string, (typeof subjects)[number]>();
    subjects.forEach((subject, i) => {
      const name = names[i] ?? '';
      if (!this.#known.has(name)) missing.set(name, subject);
    });
    const hashes = await this.#hasher.hash(
      [...missing.values()].map((subject) => [
        KEY_DOMAIN,
        usccNumber(subject.uscc as Uscc),
        BigInt(subject.class),
        this.#secret,
      ]),
    );
    [...missing.keys()].forEach((name, i) => {
      this.#known.set(name, trunc248((hashes[i] ?? 0n) as FieldElement) as SubjectKey);
    });
    return names.map((name) => this.#known.get(name) as SubjectKey);
  }
}

/**
 * Makes the RECORD entries of records. Every field is salted, so that each can later be
 * shown alone (protocol §4).
 * @throws LedgerError ENTRY_FIELD_OUT_OF_RANGE
 */
export async function makeRecordEntries(
  records: readonly RegisterRecord[],
  keys: SubjectKeys,
  hasher: Hasher,
): Promise<MadeEntry[]> {
  const subjectKeys = await keys.of(records.map((record) => ({ uscc: record.uscc, class: record.class })));
  const opened = records.map((record) => {
    const packed = packEntry(OP.RECORD, {
      kind: record.kind,
      domain: record.domain,
      severity: record.severity,
      day: record.day as Day,
      until: record.until as Day,
      amountFen: record.amountFen,
      ref: 0,
    });
    const salts = salted(fieldsOf(record));
    return { packed, salts, content: contentOf(salts) };
  });
  const bodies = await hasher.hash(opened.map(({ packed, content }) => [packed, content]));
  return records.map((record, i) => ({
    recordId: record.id,
    op: OP.RECORD,
    class: record.class,
    uscc: record.uscc,
    subjectKey: subjectKeys[i] as SubjectKey,
    packed: opened[i]?.packed as bigint,
    content: opened[i]?.content as Content,
    body: bodies[i] as bigint,
    salts: opened[i]?.salts ?? [],
  }));
}

/** Makes the entry of an operation on an earlier record. @throws LedgerError ENTRY_FIELD_OUT_OF_RANGE */
export async function makeOperationEntry(
  operation: {
    readonly op: Exclude<Op, 0>;
    readonly recordId: bigint;
    readonly class: number;
    readonly uscc: string;
    readonly subjectKey: SubjectKey;
    readonly day: Day;
    /** Place of the RECORD in the subject's chain. */
    readonly ref: number;
    readonly reason: string;
    readonly reference: string | undefined;
  },
  hasher: Hasher,
): Promise<MadeEntry> {
  const packed = packOperation(operation.op, operation.day, operation.ref);
  const salts = salted([
    { name: 'reason', value: operation.reason },
    { name: 'day', value: dateOfDay(operation.day) },
    ...(operation.reference === undefined ? [] : [{ name: 'reference', value: operation.reference }]),
  ]);
  const content = contentOf(salts);
  const [body] = await hasher.hash([[packed, content]]);
  return {
    recordId: operation.recordId,
    op: operation.op,
    class: operation.class,
    uscc: operation.uscc,
    subjectKey: operation.subjectKey,
    packed,
    content,
    body: body as bigint,
    salts,
  };
}

/**
 * Makes cover entries: each under a random key, which nobody can tell from a subject's
 * (protocol §5). They are RECORDs, since operations are counted by who watches. Their
 * openings are kept like any others.
 */
export async function makeCoverEntries(count: number, hasher: Hasher): Promise<MadeEntry[]> {
  const opened = Array.from({ length: count }, () => {
    const salts = salted([{ name: 'cover', value: '' }]);
    return { salts, content: contentOf(salts) };
  });
  const bodies = await hasher.hash(opened.map(({ content }) => [0n, content]));
  return opened.map(({ salts, content }, i) => ({
    recordId: null,
    op: OP.RECORD,
    class: 0,
    uscc: null,
    subjectKey: randomKey(),
    packed: 0n,
    content,
    body: bodies[i] as bigint,
    salts,
  }));
}

function randomKey(): SubjectKey {
  for (;;) {
    const key = random248();
    if (key !== 0n) return key as SubjectKey;
  }
}

function salted(fields: readonly { readonly name: string; readonly value: string }[]): SaltedField[] {
  return fields.map(({ name, value }) => ({ name, value, salt: randomSalt() }));
}

/** What the source said, and what the record as a whole says where the source had no such column. */
function fieldsOf(record: RegisterRecord): { name: string; value: string }[] {
  const own = [
    { name: 'uscc', value: record.uscc },
    { name: 'subjectName', value: record.subjectName },
    { name: 'documentNumber', value: record.documentNumber },
    { name: 'severityBasis', value: record.severityBasis },
    { name: 'sourceAgency', value: record.sourceAgency.name },
    { name: 'sourceAgencyUscc', value: record.sourceAgency.uscc ?? '' },
  ];
  const given = new Set(record.fields.map(({ name }) => name));
  return [
    ...own.filter(({ name }) => !given.has(name)),
    ...record.fields.map(({ name, value }) => ({ name, value })),
  ];
}
