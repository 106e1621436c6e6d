import { signerOf } from '@credit-ledger/sdk/answer';
import {
  bindingCommitOf,
  type CaseDocument,
  caseFilingDigest,
  dateOfDay,
  type Day,
  isCaseOpen,
  isLedgerError,
  ledgerDomain,
  LedgerError,
  OP,
  type RepairCondition,
  saltedHash,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex } from 'viem';
import { judgeRepair, type RepairableFacts } from '../registers/index.ts';
import { CaseStore, type CaseRow } from '../store/cases.ts';
import { type Database, EntryStore } from '../store/index.ts';
import { RecordStore, type StoredRecord } from '../store/records.ts';
import type { CaseSnapshot } from './board.ts';
import { caseError } from './errors.ts';
import type { CaseParts } from './ports.ts';
import type { SubjectFiling } from './wire.ts';

const MOST_VERSIONS = 1_000;

/** What the source makes of a filing: the record that is meant, or the exact reason why it would turn it away. */
export interface Judged {
  readonly recordId: bigint | null;
  readonly objection: LedgerError | null;
}

/**
 * Checks that a filing in the subject's name is signed by its bound key, and a member's own is not dressed up.
 * `filedAt`: unix seconds at which the binding must have held.
 * @throws LedgerError CASE_SIGNATURE_MISSING, CASE_SIGNATURE_WRONG, CASE_BINDING_WRONG, CASE_BINDING_ENDED
 */
export async function requireSigned(
  parts: Pick<CaseParts, 'facts' | 'contract'>,
  document: CaseDocument,
  filing: SubjectFiling | null,
  filedAt: bigint,
): Promise<void> {
  if (document.bindingId === null) {
    if (filing !== null) throw caseError('CASE_SIGNATURE_WRONG');
    return;
  }
  if (filing === null) throw caseError('CASE_SIGNATURE_MISSING');
  const { facts } = parts;
  const bindingId = BigInt(document.bindingId);
  const binding = filing.bindingId === document.bindingId ? await facts.binding(bindingId) : undefined;
  const domain = ledgerDomain(facts.domain.chainId, parts.contract);
  const signer = signerOf(caseFilingDigest(domain, bindingId, saltedHash(document)), filing.signature);
  if (binding === undefined || signer !== binding.subject) throw caseError('CASE_SIGNATURE_WRONG');
  if (bindingCommitOf(document.uscc, filing.salt) !== binding.bindingCommit) {
    throw caseError('CASE_BINDING_WRONG');
  }
  if (binding.endedAt !== 0n && binding.endedAt <= filedAt) throw caseError('CASE_BINDING_ENDED');
}

/**
 * Judges a filing at the source, exactly: what of it another member may be told is for {@link toldToOthers}.
 * Refusals are given back, errors of the node's own thrown.
 */
export async function judgeFiling(
  parts: CaseParts,
  snapshot: CaseSnapshot,
  given: {
    readonly document: CaseDocument;
    readonly filing: SubjectFiling | null;
    readonly filedAt: bigint;
    readonly filedDay: Day;
    /** Filed at this very node: its officers may name a record by its number. */
    readonly isOwn: boolean;
  },
): Promise<Judged> {
  let recordId: bigint | null = null;
  try {
    await requireSigned(parts, given.document, given.filing, given.filedAt);
    const record = await findRecord(parts.db, given.document, given.isOwn);
    recordId = record.id;
    await requireNoneOpen(parts.db, snapshot, given.document, record.id);
    if (given.document.caseType === 'repair') {
      const entries = await new EntryStore(parts.db).ofRecord(record.id);
      if (entries.some(({ op }) => op === OP.REPAIR)) throw caseError('CASE_ALREADY_REPAIRED');
      requireRepairAllowed(record, given.filedDay, given.document.conditionsMet);
    }
    return { recordId, objection: null };
  } catch (error) {
    if (!isLedgerError(error) || !/^(CASE|RULES)_/.test(error.code)) throw error;
    return { recordId, objection: error };
  }
}

/** Codes that tell whether there is a record, and of whom. */
const MISSES: readonly string[] = ['CASE_ENTRY_UNKNOWN', 'CASE_NOT_THE_SUBJECTS', 'CASE_ENTRY_REVOKED'];

/** Whether an objection says that no entry was named. */
export function isMiss(objection: LedgerError): boolean {
  return MISSES.includes(objection.code);
}

/**
 * What another member is told: only an entry that it named by document number and credit code is
 * acknowledged as existing. Whether the document exists, whose it is, or that it was revoked, is one answer.
 */
export function toldToOthers(objection: LedgerError): LedgerError {
  return isMiss(objection) ? caseError('CASE_ENTRY_UNKNOWN') : objection;
}

/**
 * Checks a repair against the rules of the day of its application.
 * @throws LedgerError CASE_NOT_REPAIRABLE, CASE_REPAIR_TOO_EARLY, CASE_CONDITIONS_MISSING, RULES_*
 */
export function requireRepairAllowed(
  record: RepairableFacts,
  appliedDay: Day,
  conditionsMet: readonly RepairCondition[],
): void {
  const verdict = judgeRepair(record, appliedDay, conditionsMet);
  switch (verdict.refusal) {
    case null:
      return;
    case 'not-adverse':
      throw new LedgerError(
        'CASE_NOT_REPAIRABLE',
        { en: 'Only adverse records are repaired.', zh: '只有失信类记录适用信用修复。' },
        { ruleSet: null },
      );
    case 'never':
      throw new LedgerError(
        'CASE_NOT_REPAIRABLE',
        {
          en: `A record of this kind cannot be repaired. ${verdict.terms.reason.en}`,
          zh: `该类记录不可修复。${verdict.terms.reason.zh}`,
        },
        { ruleSet: verdict.terms.ruleSet },
      );
    case 'too-early': {
      const earliestDate = dateOfDay(verdict.earliestDay);
      throw new LedgerError(
        'CASE_REPAIR_TOO_EARLY',
        {
          en: `Repair can be applied for from ${earliestDate} on. ${verdict.terms.reason.en}`,
          zh: `自 ${earliestDate} 起方可申请修复。${verdict.terms.reason.zh}`,
        },
        { earliestDate, ruleSet: verdict.terms.ruleSet },
      );
    }
    case 'conditions':
      throw new LedgerError(
        'CASE_CONDITIONS_MISSING',
        {
          en: `Not shown to be met: ${verdict.missing.join(', ')}. ${verdict.terms.reason.en}`,
          zh: `尚未说明已满足：${verdict.missing.join('、')}。${verdict.terms.reason.zh}`,
        },
        { missing: [...verdict.missing], ruleSet: verdict.terms.ruleSet },
      );
  }
}

/** @throws LedgerError CASE_ENTRY_UNKNOWN, CASE_NOT_THE_SUBJECTS, CASE_ENTRY_REVOKED, CASE_ENTRY_AMBIGUOUS */
async function findRecord(db: Database, document: CaseDocument, isOwn: boolean): Promise<StoredRecord> {
  const named = await recordsNamed(db, document, isOwn);
  if (named.length === 0) throw caseError('CASE_ENTRY_UNKNOWN');
  const theirs = named.filter(({ uscc }) => uscc === document.uscc);
  if (theirs.length === 0) throw caseError('CASE_NOT_THE_SUBJECTS');
  const entries = new EntryStore(db);
  const standing: StoredRecord[] = [];
  for (const record of theirs) {
    const ops = (await entries.ofRecord(record.id)).map(({ op }) => op);
    if (ops.includes(OP.RECORD) && !ops.includes(OP.REVOKE)) standing.push(record);
  }
  const [record] = standing;
  if (record === undefined) throw caseError('CASE_ENTRY_REVOKED');
  if (standing.length > 1) {
    throw caseError('CASE_ENTRY_AMBIGUOUS', { classes: standing.map((each) => each.class) });
  }
  return record;
}

/** Numbers of records are small: who is neither the subject nor of this house could count through them. */
async function recordsNamed(
  db: Database,
  document: CaseDocument,
  isOwn: boolean,
): Promise<readonly StoredRecord[]> {
  const { documentNumber, recordId, class: ledgerClass } = document.record;
  const store = new RecordStore(db);
  // What a subject says of itself it can take back itself: there is no source to decide about it.
  const fits = (record: StoredRecord): boolean =>
    record.origin === 'agency' &&
    (ledgerClass === null || record.class === ledgerClass) &&
    (recordId === null || record.id === BigInt(recordId)) &&
    (documentNumber === null || record.documentNumber === documentNumber);
  if (documentNumber !== null) {
    return (await store.list({ documentNumber, limit: MOST_VERSIONS })).filter(fits);
  }
  if (recordId === null || (document.bindingId === null && !isOwn)) return [];
  const record = await store.byId(BigInt(recordId));
  return record !== undefined && fits(record) ? [record] : [];
}

/** One party has one open case of a type about a record; a member's own is not in the way of the subject's. */
async function requireNoneOpen(
  db: Database,
  snapshot: CaseSnapshot,
  document: CaseDocument,
  recordId: bigint,
): Promise<void> {
  const own = saltedHash(document);
  const party = partyOf(document);
  for (const row of await new CaseStore(db).aboutRecord(recordId)) {
    const hash = bytesToHex(row.documentHash);
    const standing = snapshot.byKey(row.filedBy, hash);
    if (standing === undefined || !isCaseOpen(standing.state)) continue;
    if (hash === own || row.caseType !== document.caseType || partyOf(documentOf(row)) !== party) continue;
    throw caseError('CASE_ALREADY_OPEN', { caseId: standing.caseId, dueDate: dateOfDay(standing.dueDay) });
  }
}

function partyOf(document: CaseDocument): string {
  return document.bindingId === null ? `member ${document.filedBy}` : 'the subject';
}

/** The document of a row: it was read strictly before it was stored. */
export function documentOf(row: Pick<CaseRow, 'document'>): CaseDocument {
  return row.document as CaseDocument;
}
