import {
  canonicalBytes,
  canonicalUscc,
  type Day,
  dayAt,
  dayOfDate,
  LedgerError,
  LEDGER_CLASS,
  type LedgerClass,
  OP,
  type Op,
  parseUscc,
  type RepairCondition,
  type SubjectKey,
} from '@credit-ledger/sdk/protocol';
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Database, type EntryRow, EntryStore } from '../store/index.ts';
import { RecordStore } from '../store/records.ts';
import { asRef, enterInBook } from './book.ts';
import { carriedRepair, carryWithholding } from './carry-over.ts';
import {
  makeOperationEntry,
  makeRecordEntries,
  type RegisterRecord,
  type SubjectKeys,
} from './entry-maker.ts';
import { registerError } from './errors.ts';
import type { Hasher } from './hashing/hasher.ts';
import { requireRepairable } from './repairs.ts';

/** What can be done to a record. A correction is a REVOKE and a new RECORD in one batch, with its REPAIR where there was one. */
export const OPERATIONS = ['revoke', 'repair', 'correct', 'dispute', 'settle'] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** What a correction puts in the place of what the record said. */
export type CorrectedFields = { readonly [Name in Correctable]?: RegisterRecord[Name] | undefined };

const CORRECTABLE = [
  'class',
  'uscc',
  'subjectName',
  'kind',
  'domain',
  'severity',
  'severityBasis',
  'day',
  'until',
  'amountFen',
  'fields',
] as const;
type Correctable = (typeof CORRECTABLE)[number];

const CLASSES: readonly LedgerClass[] = [LEDGER_CLASS.adverse, LEDGER_CLASS.permit, LEDGER_CLASS.positive];

/** One operation on one record. */
export interface Operation {
  readonly op: OperationName;
  readonly recordId?: bigint;
  /** Names the record where its number is not known; with subject and class when it is not unique. */
  readonly documentNumber?: string;
  readonly uscc?: string;
  readonly class?: number;
  /** Day of the decision to revoke, repair, … as YYYY-MM-DD at UTC+8. */
  readonly day: string;
  readonly reason: string;
  /** Number of the document that the operation rests on; tells two like operations apart. */
  readonly reference?: string;
  /** Only for `correct`. */
  readonly corrected?: CorrectedFields;
  /** Only for `repair`: what an officer has seen to be fulfilled. The shortest period is computed. */
  readonly conditionsMet?: readonly RepairCondition[];
  /** Only for `repair`: day of the application, whose rules govern; that of the operation when left out. */
  readonly appliedDay?: Day;
}

/** An operation on one of several records of a document. */
export type OperationOnVersion = Operation & { readonly recordId: bigint };

export interface OperationDone {
  /** `unchanged`: this very operation was given before. */
  readonly status: 'done' | 'unchanged';
  readonly recordId: bigint;
  /** The entries made, now or then. */
  readonly entryIds: readonly bigint[];
  /** The record that takes the corrected one's place. */
  readonly correctedRecordId?: bigint;
}

const OPS: Record<Exclude<OperationName, 'correct'>, Exclude<Op, 0>> = {
  revoke: OP.REVOKE,
  repair: OP.REPAIR,
  dispute: OP.DISPUTE,
  settle: OP.SETTLE,
};

/** What an operation needs besides itself. */
export interface OperationContext {
  readonly db: Database;
  readonly keyId: string;
  readonly keys: SubjectKeys;
  readonly hasher: Hasher;
  readonly clock: Clock;
}

/**
 * Checks one operation and enters it in the book, in the caller's transaction. Nothing
 * is written when it throws. Giving the same operation again changes nothing.
 * A repair is done only as the rules in force on the day of the application allow.
 * @throws LedgerError OPERATION_* (see errors.ts), RULES_* for a repair, USCC_* for a corrected credit code
 */
export async function performOperation(
  context: OperationContext,
  operation: Operation,
): Promise<OperationDone> {
  const { db, keyId, clock } = context;
  if (!OPERATIONS.includes(operation.op)) throw registerError('OPERATION_UNKNOWN', { op: operation.op });
  const reason = operation.reason.trim();
  if (reason === '' || [...reason].length > 500) throw registerError('OPERATION_REASON_MISSING');
  const day = operationDay(operation.day, clock);
  const store = new EntryStore(db);
  const matching = await recordsNamed(db, operation);
  for (const { id } of matching) {
    const before = await store.ofOperation(keyId, hashOf({ ...operation, recordId: id, reason }));
    if (before !== undefined) return unchanged(store, id, before);
  }
  const record = await theOneMeant(store, operation, matching);
  const operationHash = hashOf({ ...operation, recordId: record.id, reason });

  const entries = (await store.ofRecord(record.id)).filter((entry) => entry.keyId === keyId);
  const recorded = entries.find((entry) => entry.op === OP.RECORD);
  if (recorded === undefined) throw registerError('OPERATION_RECORD_UNKNOWN', { recordId: record.id });
  if (record.origin === 'self-declared' && (operation.op === 'correct' || operation.op === 'repair')) {
    throw registerError('OPERATION_SELF_DECLARED', { recordId: record.id });
  }
  requireAllowed(operation.op, record, entries);
  if (day < record.day) throw registerError('OPERATION_DAY_TOO_EARLY', { day, recordDay: record.day });
  if (operation.op === 'repair')
    requireRepairable(record, operation.appliedDay ?? day, operation.conditionsMet ?? []);

  const corrected = operation.op === 'correct' ? correctionOf(record, operation.corrected ?? {}) : undefined;
  const acting = await makeOperationEntry(
    {
      op: operation.op === 'correct' ? OP.REVOKE : OPS[operation.op],
      recordId: record.id,
      class: recorded.class,
      uscc: record.uscc,
      subjectKey: recorded.subjectKey as SubjectKey,
      day,
      ref: asRef(recorded.chainIndex),
      reason,
      reference: operation.reference,
    },
    context.hasher,
  );
  if (corrected === undefined) {
    const entryIds = await enterInBook(db, keyId, [acting], clock, { operationHash });
    return { status: 'done', recordId: record.id, entryIds };
  }

  // Made before anything is written, so that a value out of range leaves nothing behind.
  const made = await makeRecordEntries([{ ...corrected, id: 0n }], context.keys, context.hasher);
  const records = new RecordStore(db);
  const onFile = await records.withDocumentNumbers(corrected.class, [corrected.documentNumber]);
  if (
    onFile.some(({ uscc, contentHash }) => uscc === corrected.uscc && contentHash === corrected.contentHash)
  ) {
    throw registerError('OPERATION_CORRECTION_CONFLICTS', { recordId: record.id });
  }
  const [stored] = await records.insert([{ ...corrected, importRow: null }], null, clock.now());
  const [replacement] = made;
  if (stored === undefined || replacement === undefined)
    throw new RangeError('the corrected record was not stored');
  const correctedRecordId = stored.id;
  const repair = await carriedRepair(db, context.hasher, {
    keyId,
    entries,
    record,
    corrected: stored,
    subjectKey: replacement.subjectKey,
  });
  const entryIds = await enterInBook(
    db,
    keyId,
    [acting, { ...replacement, recordId: correctedRecordId }, ...(repair === undefined ? [] : [repair])],
    clock,
    { together: true, operationHash },
  );
  await carryWithholding(db, record.id, correctedRecordId, clock.now());
  return { status: 'done', recordId: record.id, entryIds, correctedRecordId };
}

/**
 * Does an operation on a document that has several versions, as a correction leaves them; `versions`
 * is the operation as it would be on each record. What was done before, on whichever version, stays
 * done; otherwise the version that stands is meant.
 * @throws LedgerError as {@link performOperation}
 */
export async function performOnVersions(
  context: OperationContext,
  versions: readonly OperationOnVersion[],
): Promise<OperationDone> {
  const store = new EntryStore(context.db);
  const standing: Operation[] = [];
  for (const operation of versions) {
    const reason = operation.reason.trim();
    const before = await store.ofOperation(context.keyId, hashOf({ ...operation, reason }));
    if (before !== undefined) return unchanged(store, operation.recordId, before);
    const entries = await store.ofRecord(operation.recordId);
    if (!entries.some((entry) => entry.op === OP.REVOKE)) standing.push(operation);
  }
  if (standing.length > 1) {
    throw registerError('OPERATION_RECORD_AMBIGUOUS', {
      recordId: null,
      documentNumber: standing[0]?.documentNumber ?? null,
      recordIds: versions.map(({ recordId }) => recordId),
    });
  }
  const meant = standing[0] ?? versions.at(-1);
  if (meant === undefined) throw registerError('OPERATION_RECORD_MISSING');
  return performOperation(context, meant);
}

function operationDay(date: string, clock: Clock): Day {
  let day: Day;
  try {
    day = dayOfDate(date);
  } catch (error) {
    throw registerError('OPERATION_DAY_INVALID', { day: date }, error);
  }
  const today = dayAt(BigInt(Math.floor(clock.now().getTime() / 1000)));
  if (day > today) throw registerError('OPERATION_DAY_IN_FUTURE', { day: date });
  return day;
}

async function recordsNamed(db: Database, operation: Operation): Promise<RegisterRecord[]> {
  const { recordId, documentNumber } = operation;
  const records = new RecordStore(db);
  if (recordId !== undefined) {
    const record = await records.byId(recordId);
    const other = documentNumber !== undefined && record?.documentNumber !== documentNumber;
    return record === undefined || other ? [] : [record];
  }
  if (documentNumber === undefined) throw registerError('OPERATION_RECORD_MISSING');
  const uscc = operation.uscc === undefined ? undefined : canonicalUscc(operation.uscc);
  const classes = CLASSES.filter((ledgerClass) => (operation.class ?? ledgerClass) === ledgerClass);
  const found: RegisterRecord[] = [];
  for (const ledgerClass of classes) {
    const named = await records.withDocumentNumbers(ledgerClass, [documentNumber]);
    found.push(...named.filter((record) => uscc === undefined || record.uscc === uscc));
  }
  return found;
}

async function theOneMeant(
  store: EntryStore,
  operation: Operation,
  matching: readonly RegisterRecord[],
): Promise<RegisterRecord> {
  const operands = { recordId: operation.recordId ?? null, documentNumber: operation.documentNumber ?? null };
  const live = matching.length > 1 ? await withoutRevoked(store, matching) : matching;
  const [record] = live;
  if (record === undefined) {
    throw registerError(
      matching.length > 0 ? 'OPERATION_RECORD_REVOKED' : 'OPERATION_RECORD_UNKNOWN',
      operands,
    );
  }
  if (live.length > 1) {
    throw registerError('OPERATION_RECORD_AMBIGUOUS', { ...operands, recordIds: live.map(({ id }) => id) });
  }
  return record;
}

/** A corrected record and its replacement share a document number; the one that stands is meant. */
async function withoutRevoked(
  store: EntryStore,
  records: readonly RegisterRecord[],
): Promise<RegisterRecord[]> {
  const live: RegisterRecord[] = [];
  for (const record of records) {
    const entries = await store.ofRecord(record.id);
    if (!entries.some((entry) => entry.op === OP.REVOKE)) live.push(record);
  }
  return live;
}

function requireAllowed(op: OperationName, record: RegisterRecord, entries: readonly EntryRow[]): void {
  const operands = { recordId: record.id };
  if (entries.some((entry) => entry.op === OP.REVOKE)) {
    throw registerError(op === 'revoke' ? 'OPERATION_ALREADY_REVOKED' : 'OPERATION_RECORD_REVOKED', operands);
  }
  const disputed =
    entries.filter((entry) => entry.op === OP.DISPUTE || entry.op === OP.SETTLE).at(-1)?.op === OP.DISPUTE;
  if (op === 'repair' && entries.some((entry) => entry.op === OP.REPAIR)) {
    throw registerError('OPERATION_ALREADY_REPAIRED', operands);
  }
  if (op === 'dispute' && disputed) throw registerError('OPERATION_ALREADY_DISPUTED', operands);
  if (op === 'settle' && !disputed) throw registerError('OPERATION_NOT_DISPUTED', operands);
}

function correctionOf(record: RegisterRecord, corrected: CorrectedFields): Omit<RegisterRecord, 'id'> {
  const old = CORRECTABLE.map((name) => [name, record[name]] as const);
  const given = old.map(([name, value]) => [name, corrected[name] ?? value] as const);
  const replacement = { ...record, ...(Object.fromEntries(given) as Pick<RegisterRecord, Correctable>) };
  const uscc = parseUscc(replacement.uscc) as string;
  if (!CLASSES.includes(replacement.class)) {
    throw new LedgerError(
      'ENTRY_FIELD_OUT_OF_RANGE',
      { en: 'The class must be 1, 2 or 3.', zh: '类别应为 1、2 或 3。' },
      { field: 'class', value: replacement.class },
    );
  }
  if (Buffer.compare(plainBytes({ ...replacement, uscc }), plainBytes(record)) === 0) {
    throw registerError('OPERATION_CORRECTION_EMPTY', { recordId: record.id });
  }
  const said = plainBytes({ ...Object.fromEntries(given), uscc, documentNumber: record.documentNumber });
  const contentHash = `0x${createHash('sha256').update('corrected:').update(said).digest('hex')}`;
  return { ...replacement, uscc, contentHash };
}

function plainBytes(value: object): Uint8Array {
  const plain = JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'bigint' ? part.toString() : part,
  );
  return canonicalBytes(JSON.parse(plain));
}

/** Tells whether an operation is the same as one given before, however its record was named. */
function hashOf(operation: OperationOnVersion): Uint8Array {
  const { op, recordId, day, reason, reference, corrected } = operation;
  return createHash('sha256')
    .update(
      plainBytes({ op, recordId, day, reason, reference: reference ?? null, corrected: corrected ?? null }),
    )
    .digest();
}

async function unchanged(store: EntryStore, recordId: bigint, entry: EntryRow): Promise<OperationDone> {
  if (entry.bundle === null) return { status: 'unchanged', recordId, entryIds: [entry.id] };
  const bundle = await store.ofBundle(entry.bundle);
  const replacement = bundle.find((other) => other.op === OP.RECORD)?.recordId;
  return {
    status: 'unchanged',
    recordId,
    entryIds: bundle.map(({ id }) => id),
    ...(typeof replacement === 'bigint' ? { correctedRecordId: replacement } : {}),
  };
}
