import {
  canonicalBytes,
  dateOfDay,
  type Day,
  type EntryBody,
  entryCommitmentOf,
  type Hex,
  OP,
  packEntry,
  randomSalt256,
} from '@credit-ledger/sdk/protocol';
import { createHash } from 'node:crypto';
import { BatchStore, type Database, EntryStore } from '../store/index.ts';
import { type NewRecord, RecordStore } from '../store/records.ts';
import type { StepRow } from '../store/letter-steps.ts';
import type { Desk } from './desk.ts';
import { letterError } from './errors.ts';
import type { MemberSaid } from './followed.ts';

/** 告知承诺不实 and 容缺受理逾期未补 in the catalogue. */
export const BROKEN_COMMITMENT = 15;
export const FILING_OVERDUE = 16;
const ADVERSE = 1;

/** What the officer says of the record; it is attributed to the agency, and nobody grades it again. */
export interface RecordTerms {
  readonly severity: 0 | 1 | 2 | 3;
  /** The rule by which the agency set the severity. */
  readonly severityBasis: string;
  readonly domain: number;
  /** Last day of effect; 1048575 for no end. */
  readonly until: Day;
  /** Number of the agency's own document. */
  readonly documentNumber: string;
}

export interface AdverseRecord {
  readonly kind: typeof BROKEN_COMMITMENT | typeof FILING_OVERDUE;
  readonly subject: { readonly uscc: string; readonly name: string };
  readonly source: MemberSaid;
  readonly terms: RecordTerms;
  /** Day of the finding. */
  readonly day: Day;
  /** What links it to its process, field by field: each can later be shown alone. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** Records that refused steps of the same letter or filing left behind: the same one again is that one, others go. */
  readonly leftBehind: readonly bigint[];
}

/** The records of steps that the chain refused. */
export function leftBehind(steps: readonly StepRow[]): bigint[] {
  return steps.flatMap(({ recordId, sending }) =>
    recordId !== null && sending.state === 'failed' ? [recordId] : [],
  );
}

/** What was made: the record, and what of its entry goes on chain. */
export interface MadeRecord {
  readonly recordId: bigint;
  readonly entryId: bigint;
  readonly registerId: bigint;
  /** Opens the commitment, with the entry. */
  readonly salt: Hex;
  readonly entryCommitment: Hex;
}

/**
 * Stores an adverse record and makes its entry, in the caller's transaction: with the step that names it,
 * or not at all. Errors: `REGISTER_NOT_OPEN`, `ENTRY_FIELD_OUT_OF_RANGE`, `LETTER_RECORD_KNOWN`,
 * `LETTER_RECORD_UNTIL_INVALID`.
 */
export async function recordAdverse(tx: Database, desk: Desk, adverse: AdverseRecord): Promise<MadeRecord> {
  const { clock, register } = desk.parts;
  const record = newRecord(adverse);
  requireRecordable(record);
  const records = new RecordStore(tx);
  const onFile = await records.withDocumentNumbers(ADVERSE, [record.documentNumber]);
  const known = onFile.find(
    ({ uscc, contentHash }) => uscc === record.uscc && contentHash === record.contentHash,
  );
  const isTakenUp =
    known !== undefined && adverse.leftBehind.includes(known.id) && !(await isRevoked(tx, known.id));
  if (known !== undefined && !isTakenUp) {
    throw letterError('LETTER_RECORD_KNOWN', { documentNumber: record.documentNumber });
  }
  await takeBack(
    tx,
    desk,
    adverse.leftBehind.filter((id) => id !== known?.id),
  );
  const [stored] =
    known === undefined ? await records.insert([{ ...record, importRow: null }], null, clock.now()) : [known];
  if (stored === undefined) throw new RangeError('the record was not stored');
  await register.appendRecords(tx, [stored]);
  const [entry] = (await new EntryStore(tx).ofRecord(stored.id)).filter(({ op }) => op === OP.RECORD);
  const own = (await new BatchStore(tx).registers()).find(({ keyId }) => keyId === entry?.keyId);
  const registerId = own?.registerId;
  if (entry === undefined || registerId === undefined || registerId === null) {
    throw new RangeError('the record has no entry in an open register');
  }
  const salt: Hex = `0x${randomSalt256()}`;
  return {
    recordId: stored.id,
    entryId: entry.id,
    registerId,
    salt,
    entryCommitment: entryCommitmentOf(salt, registerId, entry.body as EntryBody),
  };
}

/**
 * Revokes what refused steps left in the register, in the caller's transaction: one breach counts once, and
 * none counts that the process does not know. What was revoked before stays so.
 */
export async function takeBack(tx: Database, desk: Desk, recordIds: readonly bigint[]): Promise<void> {
  for (const recordId of new Set(recordIds)) {
    if (await isRevoked(tx, recordId)) continue;
    await desk.parts.register.operateIn(tx, {
      op: 'revoke',
      recordId,
      day: dateOfDay(desk.today()),
      reason: '该记录所依据的步骤未被链上接受',
    });
  }
}

async function isRevoked(tx: Database, recordId: bigint): Promise<boolean> {
  return (await new EntryStore(tx).ofRecord(recordId)).some(({ op }) => op === OP.REVOKE);
}

/** Before the store is asked: what is out of range has a name of its own. */
function requireRecordable(record: NewRecord): void {
  const { day, until } = record;
  packEntry(OP.RECORD, { ...record, day: day as Day, until: until as Day, ref: 0 });
  if (until < day) throw letterError('LETTER_RECORD_UNTIL_INVALID', { day, until });
}

function newRecord({ kind, subject, source, terms, day, fields }: AdverseRecord): NewRecord {
  const said = {
    class: ADVERSE,
    uscc: subject.uscc,
    subjectName: subject.name,
    documentNumber: terms.documentNumber,
    kind,
    domain: terms.domain,
    severity: terms.severity,
    severityBasis: terms.severityBasis,
    day,
    until: terms.until,
    fields,
  } as const;
  return {
    ...said,
    amountFen: 0n,
    sourceProfile: 'process',
    sourceAgency: { name: source.name, uscc: source.creditCode },
    contentHash: `0x${createHash('sha256').update(canonicalBytes(said)).digest('hex')}`,
  };
}
