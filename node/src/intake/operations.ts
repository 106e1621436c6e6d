import { dayOfDate, REPAIR_CONDITIONS, type RepairCondition } from '@credit-ledger/sdk/protocol';
import type { StoredRecord } from '../store/records.ts';
import { type CanonicalRecord, convertRows } from './convert.ts';
import { readDate } from './dates.ts';
import { fileError } from './errors.ts';
import { headerKey } from './headers.ts';
import { type Issue, type IssueCode, issueOf } from './issues.ts';
import { planTable } from './plan.ts';
import { withoutPersonalNumbers } from './privacy.ts';
import type { Profile } from './profile.ts';
import { cellText, type Table, tableOfRows } from './table.ts';
import { canonicalDocumentNumber, canonicalText, isMissing, squeezed, tidy } from './text.ts';

export type OperationName = 'revoke' | 'repair' | 'correct' | 'dispute' | 'settle';

/** A column of the template and what it should say instead. */
export interface Correction {
  readonly column: string;
  readonly value: string;
}

/** One operation on the record of a document. */
export interface Operation {
  readonly row: number;
  readonly documentNumber: string;
  readonly op: OperationName;
  /** Days at UTC+8 since 1970-01-01. */
  readonly day: number;
  readonly reason: string;
  /** For `correct` alone, and never empty there. */
  readonly corrections: readonly Correction[];
  /** For `repair` alone: what the officer says is fulfilled. */
  readonly conditionsMet: readonly RepairCondition[];
}

export type OperationOutcome =
  | { readonly row: number; readonly operation: Operation }
  | { readonly row: number; readonly issues: readonly Issue[] };

const COLUMNS = {
  documentNumber: [
    '决定书文号',
    '文书号',
    '行政处罚决定书文号',
    '行政许可决定文书号',
    'document',
    'document number',
    'documentNumber',
  ],
  op: ['操作', '操作类型', 'op', 'operation'],
  day: ['日期', '操作日期', 'day', 'date'],
  reason: ['原因', '理由', 'reason'],
  column: ['更正项', 'column', 'field'],
  value: ['更正值', 'value'],
  conditionsMet: ['已满足条件', '修复条件', 'conditionsMet', 'conditions met'],
} as const;

const CONDITIONS: Readonly<Record<string, RepairCondition>> = {
  ...Object.fromEntries(REPAIR_CONDITIONS.map((condition) => [condition, condition])),
  达到最短公示期: 'minimum-reached',
  达到最短公示期限: 'minimum-reached',
  履行义务: 'obligations-done',
  已履行义务: 'obligations-done',
  信用承诺: 'public-promise',
  公开信用承诺: 'public-promise',
  修复培训: 'training',
  信用修复培训: 'training',
  信用报告: 'credit-report',
};

const NAMES: Readonly<Record<string, OperationName>> = {
  revoke: 'revoke',
  撤销: 'revoke',
  repair: 'repair',
  修复: 'repair',
  信用修复: 'repair',
  correct: 'correct',
  更正: 'correct',
  dispute: 'dispute',
  异议: 'dispute',
  settle: 'settle',
  异议终结: 'settle',
  维持: 'settle',
};

/**
 * Reads a file of operations: document number, operation, day, reason, for a correction
 * the column and its right value, for a repair the conditions that are fulfilled. Corrections of one document
 * that follow each other are one operation.
 * @throws LedgerError OPERATION_UNKNOWN_COLUMNS, and what reading a table throws
 */
export async function* readOperations(
  table: Table,
  options: { readonly today: string },
): AsyncGenerator<OperationOutcome> {
  let columns: Map<keyof typeof COLUMNS, number> | null = null;
  let pending = null as Operation | null;
  for await (const { row, cells } of table.rows(table.sheets[0])) {
    if (cells.every((cell) => cellText(cell).trim() === '')) continue;
    if (columns === null) {
      columns = columnsOf(cells.map(cellText));
      continue;
    }
    const at = columns;
    const text = (name: keyof typeof COLUMNS): string => {
      const index = at.get(name);
      return index === undefined ? '' : tidy(cellText(cells[index]));
    };
    const outcome = operationOf(row, text, options.today);
    if (pending !== null && 'operation' in outcome && continues(pending, outcome.operation)) {
      pending = { ...pending, corrections: [...pending.corrections, ...outcome.operation.corrections] };
      continue;
    }
    if (pending !== null) yield { row: pending.row, operation: pending };
    pending = null;
    if ('operation' in outcome && outcome.operation.op === 'correct') pending = outcome.operation;
    else yield outcome;
  }
  if (columns === null) throw fileError('OPERATION_UNKNOWN_COLUMNS');
  if (pending !== null) yield { row: pending.row, operation: pending };
}

/**
 * The record as it should have been: what the source said, with the corrected
 * columns in place, converted by the same rules as a row of a file.
 * Returns issues when the correction itself cannot be read.
 */
export async function correctedRecord(
  stored: StoredRecord,
  corrections: readonly Correction[],
  profile: Profile,
  today: string,
): Promise<{ readonly record: CanonicalRecord } | { readonly issues: readonly Issue[] }> {
  const values = new Map(
    stored.fields.filter(({ name }) => !name.endsWith('.raw')).map(({ name, value }) => [name, value]),
  );
  const unknown: Issue[] = [];
  for (const { column, value } of corrections) {
    const key = headerKey(column);
    const spec = profile.columns.find(
      ({ field, names }) => field === column || names.some((name) => headerKey(name) === key),
    );
    if (spec === undefined) unknown.push(issueOf({ row: 0, column }, 'COLUMN_UNKNOWN', column));
    else values.set(spec.field, value);
  }
  if (unknown.length > 0) return { issues: unknown };
  // Stored values are canonical, so spellings that only this profile could read must not be asked of them again.
  const plain: Profile = {
    ...profile,
    dates: {},
    columns: profile.columns.map((column) => ({
      ...column,
      dates: undefined,
      values: column.values === undefined ? undefined : withOwnValues(column.values),
    })),
  };
  const header = plain.columns.map(({ names }) => names[0] ?? '');
  const table = tableOfRows(header, [plain.columns.map(({ field }) => values.get(field) ?? '')]);
  const plan = await planTable(table, plain);
  for await (const outcome of convertRows(table, plan, { today })) {
    if ('record' in outcome) return { record: outcome.record };
    if ('issues' in outcome) return { issues: outcome.issues };
  }
  throw fileError('NO_ROWS');
}

/** The mapped values stand for themselves as well. */
function withOwnValues(values: Readonly<Record<string, string>>): Record<string, string> {
  return { ...Object.fromEntries(Object.values(values).map((value) => [value, value])), ...values };
}

function columnsOf(header: readonly string[]): Map<keyof typeof COLUMNS, number> {
  const found = new Map<keyof typeof COLUMNS, number>();
  header.forEach((text, index) => {
    const key = headerKey(text);
    for (const [name, names] of Object.entries(COLUMNS) as [keyof typeof COLUMNS, readonly string[]][]) {
      if (!found.has(name) && names.some((one) => headerKey(one) === key)) found.set(name, index);
    }
  });
  if (!found.has('documentNumber') || !found.has('op')) throw fileError('OPERATION_UNKNOWN_COLUMNS');
  return found;
}

function operationOf(
  row: number,
  text: (name: keyof typeof COLUMNS) => string,
  today: string,
): OperationOutcome {
  const issues: Issue[] = [];
  const issue = (name: keyof typeof COLUMNS, code: IssueCode, hint: string | null = null): void => {
    issues.push(issueOf({ row, column: COLUMNS[name][0] }, code, text(name), { hint }));
  };
  const documentNumber = canonicalDocumentNumber(text('documentNumber'));
  if (isMissing(documentNumber)) issue('documentNumber', 'VALUE_MISSING');
  const op = NAMES[squeezed(text('op')).toLowerCase()];
  if (op === undefined) issue('op', 'OPERATION_UNKNOWN');
  const reading = readDate(isMissing(text('day')) ? today : text('day'), { decidedBy: today });
  const date = reading.verdict === 'accept' && reading.kind === 'day' ? reading.start : null;
  if (reading.verdict === 'question' || reading.verdict === 'reject')
    issue('day', reading.code, reading.verdict === 'question' ? reading.suggestion : null);
  else if (date === null) issue('day', 'DATE_NOT_A_DAY');
  else if (date < '1970-01-01') issue('day', 'DATE_BEFORE_1970');
  const corrections = op === 'correct' ? [{ column: text('column'), value: text('value') }] : [];
  if (op === 'correct' && isMissing(text('column'))) issue('column', 'VALUE_MISSING');
  const conditionsMet: RepairCondition[] = [];
  for (const part of op === 'repair' ? text('conditionsMet').split(/[,，;；、\n]/u) : []) {
    const condition = CONDITIONS[squeezed(part).toLowerCase()];
    if (condition !== undefined) conditionsMet.push(condition);
    else if (!isMissing(part.trim())) issue('conditionsMet', 'OPERATION_CONDITION_UNKNOWN');
  }
  if (issues.length > 0 || op === undefined || date === null) return { row, issues };
  return {
    row,
    operation: {
      row,
      documentNumber,
      op,
      day: dayOfDate(date),
      reason: withoutPersonalNumbers(canonicalText(text('reason'))),
      corrections,
      conditionsMet,
    },
  };
}

function continues(before: Operation, next: Operation): boolean {
  return next.op === 'correct' && next.documentNumber === before.documentNumber && next.day === before.day;
}
