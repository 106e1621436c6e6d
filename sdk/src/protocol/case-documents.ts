import { CASE_STATES, type CaseState, type CaseType } from './cases.ts';
import { dayOfDate } from './days.ts';
import { structDigest, type TypedDomain } from './eip712.ts';
import { LedgerError } from './errors.ts';
import type { Hex } from './field.ts';
import { REPAIR_CONDITIONS, type RepairCondition } from './repair-rules.ts';
import { randomSalt256, type SaltedDocument, saltedHash } from './salted.ts';
import { checkUscc, type Uscc } from './uscc.ts';

export const CASE_DOCUMENT_FORMAT = 'credit-case/1';
export const CASE_DECISION_FORMAT = 'credit-case-decision/1';

/** By this the subject's bound key files a case; another member cannot file the same document. */
export const CASE_FILING_TYPES = {
  CaseFiling: [
    { name: 'bindingId', type: 'uint256' },
    { name: 'documentHash', type: 'bytes32' },
  ],
} as const;

/** Which record of the register a case is about. */
export interface CaseRecordName {
  /** The number of its document, in the ledger's spelling. */
  readonly documentNumber: string | null;
  /** Its number in the source's books: enough only for the subject itself, and at the source. */
  readonly recordId: string | null;
  /** Ledger class, where one document has records of several. */
  readonly class: 1 | 2 | 3 | null;
}

/** What is filed: it travels between nodes, and its hash alone goes on chain. Ids are decimal texts. */
export interface CaseDocument extends SaltedDocument {
  readonly format: typeof CASE_DOCUMENT_FORMAT;
  readonly caseType: CaseType;
  readonly registerId: string;
  /** The member that files it on chain. */
  readonly filedBy: string;
  /** The binding whose key signs; null when the member files in its own name, whatever it says for whom. */
  readonly bindingId: string | null;
  readonly uscc: Uscc;
  readonly record: CaseRecordName;
  /** Why: 1 to 2,000 characters. */
  readonly grounds: string;
  /** Of a repair: what the applicant says is fulfilled. */
  readonly conditionsMet: readonly RepairCondition[];
}

/** Why a case was decided as it was; its hash is the decision's on chain. */
export interface CaseDecision extends SaltedDocument {
  readonly format: typeof CASE_DECISION_FORMAT;
  /** Names the case as the filer does. */
  readonly documentHash: Hex;
  readonly filedBy: string;
  readonly decidedBy: string;
  readonly outcome: Extract<CaseState, 'upheld' | 'corrected' | 'revoked' | 'granted' | 'denied'>;
  /** Day of the decision, YYYY-MM-DD. */
  readonly date: string;
  readonly reasons: string;
}

const DECIMAL = /^[1-9][0-9]{0,18}$/;
const HASH = /^0x[0-9a-f]{64}$/;
/** What no database and no screen takes well: control characters but the line break, halves of characters. */
const UNPRINTABLE = /[\p{Cs}\p{Cc}]/u;
const MOST_GROUNDS = 2_000;
const MOST_NUMBER = 500;
const OUTCOMES: readonly CaseState[] = ['upheld', 'corrected', 'revoked', 'granted', 'denied'];

/**
 * Makes the document of a case with a fresh salt.
 * @throws LedgerError CASE_DOCUMENT_MALFORMED
 */
export function makeCaseDocument(said: Omit<CaseDocument, 'format' | 'salt'>): CaseDocument {
  return parseCaseDocument({ ...said, format: CASE_DOCUMENT_FORMAT, salt: randomSalt256() });
}

/**
 * Makes a decision document with a fresh salt.
 * @throws LedgerError CASE_DOCUMENT_MALFORMED
 */
export function makeCaseDecision(said: Omit<CaseDecision, 'format' | 'salt'>): CaseDecision {
  return parseCaseDecision({ ...said, format: CASE_DECISION_FORMAT, salt: randomSalt256() });
}

/**
 * Reads the document of a case strictly: these fields and no others, each in one spelling. The result is a copy.
 * @throws LedgerError CASE_DOCUMENT_MALFORMED (operand `path`; never a value: it may be a subject)
 */
export function parseCaseDocument(value: unknown): CaseDocument {
  const read = fields(value, '', [
    'format',
    'caseType',
    'registerId',
    'filedBy',
    'bindingId',
    'uscc',
    'record',
    'grounds',
    'conditionsMet',
    'salt',
  ]);
  const caseType = oneOf<CaseType>(read['caseType'], ['dispute', 'repair'], 'caseType');
  const document: CaseDocument = {
    format: oneOf(read['format'], [CASE_DOCUMENT_FORMAT], 'format'),
    caseType,
    registerId: decimal(read['registerId'], 'registerId'),
    filedBy: decimal(read['filedBy'], 'filedBy'),
    bindingId: read['bindingId'] === null ? null : decimal(read['bindingId'], 'bindingId'),
    uscc: creditCode(read['uscc']),
    record: recordName(read['record']),
    grounds: text(read['grounds'], MOST_GROUNDS, 'grounds'),
    conditionsMet: conditions(read['conditionsMet'], caseType),
    salt: String(read['salt']),
  };
  requireSalt(document);
  return document;
}

/**
 * Reads a decision document strictly.
 * @throws LedgerError CASE_DOCUMENT_MALFORMED
 */
export function parseCaseDecision(value: unknown): CaseDecision {
  const names = ['format', 'documentHash', 'filedBy', 'decidedBy', 'outcome', 'date', 'reasons', 'salt'];
  const read = fields(value, '', names);
  const decision: CaseDecision = {
    format: oneOf(read['format'], [CASE_DECISION_FORMAT], 'format'),
    documentHash: hash(read['documentHash'], 'documentHash'),
    filedBy: decimal(read['filedBy'], 'filedBy'),
    decidedBy: decimal(read['decidedBy'], 'decidedBy'),
    outcome: oneOf(
      read['outcome'],
      CASE_STATES.filter((state) => OUTCOMES.includes(state)),
      'outcome',
    ) as CaseDecision['outcome'],
    date: date(read['date']),
    reasons: text(read['reasons'], MOST_GROUNDS, 'reasons'),
    salt: String(read['salt']),
  };
  requireSalt(decision);
  return decision;
}

/** The digest by which a subject's key files a case; `domain` names the cases' contract. */
export function caseFilingDigest(domain: TypedDomain, bindingId: bigint, documentHash: Hex): Hex {
  return structDigest(domain, 'CaseFiling', CASE_FILING_TYPES.CaseFiling, { bindingId, documentHash });
}

function fields(value: unknown, path: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(path);
  const given = value as Readonly<Record<string, unknown>>;
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of Object.keys(given)) if (!names.includes(name)) throw malformed(at(name));
  for (const name of names) if (!Object.hasOwn(given, name)) throw malformed(at(name));
  return given;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], path: string): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw malformed(path);
  return found;
}

function decimal(value: unknown, path: string): string {
  if (typeof value !== 'string' || !DECIMAL.test(value)) throw malformed(path);
  return value;
}

function hash(value: unknown, path: string): Hex {
  if (typeof value !== 'string' || !HASH.test(value)) throw malformed(path);
  return value as Hex;
}

function text(value: unknown, most: number, path: string): string {
  if (typeof value !== 'string' || value.trim() !== value || value === '') throw malformed(path);
  if ([...value].length > most || UNPRINTABLE.test(value.replaceAll('\n', ''))) throw malformed(path);
  return value;
}

function date(value: unknown): string {
  try {
    dayOfDate(String(value));
  } catch {
    // Another spelling or no day at all: the same to who reads.
    throw malformed('date');
  }
  return String(value);
}

function creditCode(value: unknown): Uscc {
  const check = typeof value === 'string' ? checkUscc(value) : undefined;
  if (check?.ok !== true || check.uscc !== value) throw malformed('uscc');
  return check.uscc;
}

function recordName(value: unknown): CaseRecordName {
  const read = fields(value, 'record', ['documentNumber', 'recordId', 'class']);
  const { documentNumber, recordId } = read;
  const name: CaseRecordName = {
    documentNumber:
      documentNumber === null ? null : text(documentNumber, MOST_NUMBER, 'record.documentNumber'),
    recordId: recordId === null ? null : decimal(recordId, 'record.recordId'),
    class: ledgerClass(read['class']),
  };
  if (name.documentNumber === null && name.recordId === null) throw malformed('record');
  return name;
}

function ledgerClass(value: unknown): CaseRecordName['class'] {
  if (value !== null && value !== 1 && value !== 2 && value !== 3) throw malformed('record.class');
  return value;
}

function conditions(value: unknown, caseType: CaseType): readonly RepairCondition[] {
  if (!Array.isArray(value) || (caseType === 'dispute' && value.length > 0)) throw malformed('conditionsMet');
  const read = value.map((each: unknown) => oneOf(each, REPAIR_CONDITIONS, 'conditionsMet'));
  // One order, each once: one meaning, one hash.
  if (read.join() !== REPAIR_CONDITIONS.filter((each) => read.includes(each)).join()) {
    throw malformed('conditionsMet');
  }
  return read;
}

function requireSalt(document: SaltedDocument): void {
  saltedHash(document);
}

function malformed(path: string): LedgerError {
  return new LedgerError(
    'CASE_DOCUMENT_MALFORMED',
    { en: 'The document of the case is not written as it must be.', zh: '案件文书的格式不正确。' },
    { path },
  );
}
