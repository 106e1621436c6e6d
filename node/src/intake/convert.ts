import { hash } from 'node:crypto';
import {
  checkUscc,
  isSelfDeclaredKind,
  OPEN_END,
  regionSegment,
  type UsccCheck,
} from '@credit-ledger/sdk/protocol';
import type { NewRecord, RecordField } from '../store/records.ts';
import { type AmountReading, readAmount, readNumberAmount, yuanOfFen } from './amounts.ts';
import { type DateReading, readDate, readSerialDate } from './dates.ts';
import { decimalText, parseSpreadsheetNumber } from './decimals.ts';
import { type Issue, type IssueCode, issueOf } from './issues.ts';
import { conditionHolds, mapDomain, mapKind, mapSeverity } from './mapping.ts';
import type { Plan, PlannedColumn } from './plan.ts';
import {
  isNaturalPersonCategory,
  isResidentId,
  mayBePersonalName,
  withoutPersonalNumbers,
  withoutResidentIds,
} from './privacy.ts';
import { regionStanding } from './regions.ts';
import { DocumentsSeen, type Earlier } from './repeats.ts';
import { type Cell, cellName, cellText, type Table, type TableRow } from './table.ts';
import { canonicalDocumentNumber, canonicalName, canonicalText, isMissing, squeezed, tidy } from './text.ts';

/** A record as intake makes it: canonical, without personal columns, not yet stored. */
export type CanonicalRecord = NewRecord;

/** What became of one row. */
export type RowOutcome =
  | {
      readonly row: number;
      readonly record: CanonicalRecord;
      readonly warnings: readonly Issue[];
      readonly original: readonly string[];
    }
  /** `original`: the cells that may be shown again, in the plan's columns; null where nothing may be. */
  | { readonly row: number; readonly issues: readonly Issue[]; readonly original: readonly string[] | null }
  | { readonly row: number; readonly duplicateOf: { readonly row: number } };

export interface ConvertOptions {
  /** YYYY-MM-DD at UTC+8, from the node's clock: decisions cannot be later. */
  readonly today: string;
}

const NAME_CHARS = 200;
const MAY_HOLD_TELEPHONES = new Set(['text', 'name', 'code', 'list']);
const DOCUMENT_CHARS = 128;

/**
 * Turns the rows of a table into records or issues, one outcome a row that is
 * not blank. Needs no store. Repeated rows are recognised within the file: the
 * same document with the same content is a duplicate, with other content an
 * issue.
 */
export async function* convertRows(
  table: Table,
  plan: Plan,
  options: ConvertOptions,
): AsyncGenerator<RowOutcome> {
  const context = new PlanContext(plan, table, options.today);
  const seen = new DocumentsSeen();
  for await (const row of table.rows(plan.sheet)) {
    if (row.row < plan.firstRow) continue;
    if (row.cells.every((cell) => cellText(cell).trim() === '')) continue;
    const outcome = new RowConversion(row, context).outcome();
    if ('record' in outcome) {
      const { record } = outcome;
      const document = plan.profile.severalSubjectsPerDocument
        ? `${record.documentNumber}\n${record.uscc}`
        : record.documentNumber;
      const earlier = seen.meet(document, { ...record, row: row.row });
      if (earlier !== undefined) {
        yield earlier.isSameContent
          ? { row: row.row, duplicateOf: { row: earlier.row } }
          : { row: row.row, issues: [conflictWithin(plan, outcome, earlier)], original: outcome.original };
        continue;
      }
    }
    yield outcome;
  }
}

/** The column of the document number as the file names it. */
export function documentColumn(plan: Plan): string | null {
  return plan.columns.find(({ spec }) => spec.field === plan.profile.record.documentNumber)?.header ?? null;
}

function conflictWithin(
  plan: Plan,
  outcome: { readonly row: number; readonly record: CanonicalRecord },
  earlier: Earlier,
): Issue {
  return issueOf(
    { row: outcome.row, column: documentColumn(plan) },
    'CONFLICTS_WITH_RECORD',
    outcome.record.documentNumber,
    {
      where: `本文件第 ${earlier.row} 行 / row ${earlier.row} of this file`,
      fields: earlier.isSameSubject ? '内容 / content' : '主体 / subject',
    },
  );
}

/** What is the same for all rows of a file, worked out once. */
class PlanContext {
  readonly plan: Plan;
  readonly table: Table;
  readonly today: string;
  readonly columns: ReadonlyMap<string, PlannedColumn>;
  readonly volatile: ReadonlySet<string>;
  /** Few authorities stand in many rows. */
  readonly #agencyCodes = new Map<string, UsccCheck>();
  readonly #authorityNames = new Map<string, boolean>();

  constructor(plan: Plan, table: Table, today: string) {
    this.plan = plan;
    this.table = table;
    this.today = today;
    this.columns = new Map(plan.columns.map((column) => [column.spec.field, column]));
    this.volatile = new Set(
      plan.profile.columns.filter((column) => column.volatile).map(({ field }) => field),
    );
  }

  agencyCode(text: string): UsccCheck {
    return remembered(this.#agencyCodes, text, checkUscc);
  }

  isNoAuthorityName(name: string): boolean {
    return remembered(this.#authorityNames, name, isNoAuthorityName);
  }
}

const REMEMBERED = 1000;

function remembered<T>(memory: Map<string, T>, key: string, work: (key: string) => T): T {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = work(key);
  if (memory.size < REMEMBERED) memory.set(key, made);
  return made;
}

/** The conversion of one row; collects every problem, so that an officer mends them all at once. */
class RowConversion {
  readonly #row: TableRow;
  readonly #context: PlanContext;
  readonly #plan: Plan;
  readonly #issues: Issue[] = [];
  readonly #warnings: Issue[] = [];
  readonly #values = new Map<string, string>();
  readonly #fields: RecordField[] = [];
  readonly #days = new Map<string, number>();
  readonly #fen = new Map<string, bigint>();

  constructor(row: TableRow, context: PlanContext) {
    this.#row = row;
    this.#context = context;
    this.#plan = context.plan;
  }

  outcome(): RowOutcome {
    const { row } = this.#row;
    const person = this.#naturalPerson();
    if (person !== null) return { row, issues: [issueOf({ row }, person, '')], original: null };
    if (this.#row.cells.slice(this.#plan.width).some((cell) => cellText(cell).trim() !== '')) {
      this.#issues.push(issueOf({ row }, 'ROW_SHAPE', `${this.#row.cells.length} / ${this.#plan.width}`));
    }
    this.#readFixed();
    for (const column of this.#plan.columns) this.#readColumn(column);
    this.#readAmountFromText();
    this.#checkCompanions();
    const record = this.#record();
    const original = this.#original();
    return record !== null && this.#issues.length === 0
      ? { row, record, warnings: this.#warnings, original }
      : { row, issues: this.#issues, original };
  }

  // ── who the row is about ───────────────────────────────────────────────────

  /** Natural persons are no subjects here; where it is likely, nothing is kept either. */
  #naturalPerson(): IssueCode | null {
    const { record } = this.#plan.profile;
    const text = (field: string | undefined): string => this.#textOf(field);
    if (isNaturalPersonCategory(text(record.subjectCategory))) return 'NATURAL_PERSON';
    const code = text(record.subjectCode);
    if (isResidentId(code)) return 'NATURAL_PERSON';
    const name = text(record.subjectName);
    if (isResidentId(name) || (mayBePersonalName(name) && !checkUscc(code).ok))
      return 'NATURAL_PERSON_LIKELY';
    return null;
  }

  // ── cells ──────────────────────────────────────────────────────────────────

  #readFixed(): void {
    const { profile } = this.#plan;
    const days = [profile.record.day, ...profile.record.until];
    for (const [field, given] of Object.entries(profile.fixed)) {
      const value = given === 'today' && days.includes(field) ? this.#context.today : given;
      if (value === '') continue;
      if (days.includes(field))
        this.#takeDate(field, readDate(value), {
          field,
          column: field,
          isEnd: field !== profile.record.day,
          optional: false,
        });
      else this.#put(field, value);
    }
  }

  #readColumn(column: PlannedColumn): void {
    const cell = this.#row.cells[column.index] ?? '';
    const { field, required } = column.spec;
    if (typeof cell === 'object' && (cell.type === 'formula' || cell.type === 'error')) {
      const code = cell.type === 'formula' ? 'FORMULA_CELL' : 'ERROR_CELL';
      this.#issue(column, code, cell.text, { cell: cellName(column.index, this.#row.row) });
      return;
    }
    const text = tidy(unwrapped(cellText(cell)));
    if (isMissing(text)) {
      // A subject's code has its own, better message.
      if (field === this.#plan.profile.record.subjectCode) this.#issue(column, 'CODE_MISSING', text);
      else if (required === 'value') this.#issue(column, 'VALUE_MISSING', text);
      else if (required === 'advised') this.#warn(column, 'VALUE_ADVISED', text);
      return;
    }
    this.#readValue(column, cell, text);
  }

  #readValue(column: PlannedColumn, cell: Cell, text: string): void {
    const { field, type } = column.spec;
    switch (type) {
      case 'code':
        this.#readSubjectCode(column, text);
        break;
      case 'agencyCode':
        this.#readAgencyCode(column, text);
        break;
      case 'name':
        this.#readName(column, text);
        break;
      case 'document':
        this.#readDocumentNumber(column, cell, text);
        break;
      case 'amount':
        this.#readAmountColumn(column, cell, text);
        break;
      case 'day':
      case 'end':
      case 'date':
        this.#readDateColumn(column, cell, text);
        break;
      case 'list': {
        const parts = column.spec.values === undefined ? [text] : text.split(/[,;，；|]/u);
        this.#put(
          field,
          withoutPersonalNumbers(parts.map((part) => squeezed(mappedValue(column, part) ?? part)).join('；')),
        );
        break;
      }
      case 'text':
        this.#readText(column, cell, text);
    }
  }

  #readSubjectCode(column: PlannedColumn, text: string): void {
    if (/^\d(?:\.\d+)?e\+?1\d$/iu.test(text)) {
      this.#issue(column, 'CODE_SCIENTIFIC', text);
      return;
    }
    const check = checkUscc(text);
    if (!check.ok) {
      this.#issue(column, check.code, text, { hint: likelyCode(check.canonical) });
      return;
    }
    this.#put(column.spec.field, check.uscc, text);
    const standing = regionStanding(regionSegment(check.uscc));
    if (standing.standing === 'historical')
      this.#warn(column, 'REGION_HISTORICAL', check.uscc, { region: standing.name });
    if (standing.standing === 'unknown') this.#warn(column, 'REGION_UNKNOWN', check.uscc);
    const category = this.#textOf(this.#plan.profile.record.subjectCategory);
    if (/个体/u.test(category) && !check.uscc.startsWith('92'))
      this.#issue(column, 'CATEGORY_CONTRADICTS_CODE', `${category} ${check.uscc}`);
  }

  #textOf(field: string | undefined): string {
    const column = field === undefined ? undefined : this.#context.columns.get(field);
    return column === undefined ? '' : tidy(cellText(this.#row.cells[column.index]));
  }

  #readAgencyCode(column: PlannedColumn, text: string): void {
    const check = this.#context.agencyCode(text);
    if (check.ok) this.#put(column.spec.field, check.uscc, text);
    else this.#warn(column, 'AGENCY_CODE_INVALID', text);
  }

  #readName(column: PlannedColumn, text: string): void {
    const { record } = this.#plan.profile;
    const { field } = column.spec;
    const name = withoutPersonalNumbers(canonicalName(text));
    if (name.length > NAME_CHARS) this.#issue(column, 'VALUE_TOO_LONG', text, { limit: NAME_CHARS });
    else if (field !== record.subjectName && this.#context.isNoAuthorityName(name)) {
      if (field === record.sourceName) this.#warn(column, 'SOURCE_NAME_REPLACED', text);
      else this.#issue(column, 'NAME_NOT_A_NAME', text);
    } else this.#put(field, name, text);
  }

  #readDocumentNumber(column: PlannedColumn, cell: Cell, text: string): void {
    const number = canonicalDocumentNumber(
      typeof cell === 'object' && cell.type === 'number' ? numberText(cell.text) : text,
    );
    const isDateCell = typeof cell === 'object' && cell.isDate;
    if (
      isDateCell ||
      withoutResidentIds(number) !== number ||
      number.length < 2 ||
      number.length > DOCUMENT_CHARS ||
      !/[\d一二三四五六七八九十〇零]/u.test(number)
    ) {
      this.#issue(column, 'DOCUMENT_NUMBER_INVALID', text);
    } else this.#put(column.spec.field, number, text);
  }

  #readText(column: PlannedColumn, cell: Cell, text: string): void {
    const { field } = column.spec;
    const kept = canonicalText(
      typeof cell === 'object' && cell.type === 'number' ? numberText(cell.text) : unwrapped(cellText(cell)),
    );
    const mapped = column.spec.values === undefined ? kept : mappedValue(column, text);
    if (mapped === null) {
      if (field === this.#plan.profile.severityField) this.#issue(column, 'SEVERITY_UNKNOWN', text);
      else this.#put(field, withoutPersonalNumbers(kept));
      return;
    }
    const safe = withoutPersonalNumbers(mapped);
    if (safe !== mapped) this.#warn(column, 'PERSONAL_NUMBER_REMOVED', '');
    this.#put(field, safe, column.spec.values === undefined ? undefined : text);
  }

  #readAmountColumn(column: PlannedColumn, cell: Cell, text: string): void {
    const reading =
      typeof cell === 'object' && cell.type === 'number'
        ? readNumberAmount(cell.text, column.unit)
        : readAmount(text, column.unit);
    this.#takeAmount(column, reading, text);
  }

  #takeAmount(column: PlannedColumn, reading: AmountReading, text: string): void {
    if (reading.verdict === 'issue')
      this.#issue(column, reading.code, text, { hint: reading.suggestion, unit: column.unit });
    if (reading.verdict !== 'accept') return;
    const { field } = column.spec;
    this.#fen.set(field, reading.fen);
    this.#put(field, `${yuanOfFen(reading.fen)}元`, text);
  }

  #readDateColumn(column: PlannedColumn, cell: Cell, text: string): void {
    const { spec } = column;
    const { profile } = this.#plan;
    const options = {
      profile: spec.dates === undefined ? profile.dates : { ...profile.dates, ...spec.dates },
      decidedBy: spec.type === 'day' ? this.#context.today : undefined,
    };
    const reading =
      typeof cell === 'object' && cell.type === 'number'
        ? readSerialDate(cell.text, this.#context.table.dateSystem, cell.isDate, options)
        : readDate(text, options);
    this.#takeDate(spec.field, reading, {
      field: spec.field,
      column: column.header,
      isEnd: spec.type === 'end',
      optional: spec.type === 'date',
    });
  }

  #takeDate(
    field: string,
    reading: DateReading,
    how: {
      readonly field: string;
      readonly column: string;
      readonly isEnd: boolean;
      readonly optional: boolean;
    },
  ): void {
    if (reading.verdict === 'missing') return;
    const at = { row: this.#row.row, column: how.column };
    if (how.optional) {
      // Only informs: what is no exact date is kept as it was written.
      if (reading.verdict !== 'accept') this.#warnings.push(issueOf(at, 'DATE_LEFT_OUT', reading.raw));
      this.#put(
        field,
        reading.verdict === 'accept' ? spanText(reading) : withoutPersonalNumbers(tidy(reading.raw)),
        reading.raw,
      );
      return;
    }
    if (reading.verdict !== 'accept') {
      this.#issues.push(
        issueOf(at, reading.code, reading.raw, {
          hint: reading.verdict === 'question' ? reading.suggestion : null,
        }),
      );
      return;
    }
    const isOpen = how.isEnd && reading.end === null;
    const date = how.isEnd ? reading.end : reading.start;
    if (!isOpen && (date === null || (reading.kind !== 'day' && !(how.isEnd && reading.kind === 'range')))) {
      this.#issues.push(issueOf(at, 'DATE_NOT_A_DAY', reading.raw));
      return;
    }
    if (date !== null && date < '1970-01-01') {
      this.#issues.push(issueOf(at, 'DATE_BEFORE_1970', reading.raw));
      return;
    }
    if (reading.warning !== null)
      this.#warnings.push(issueOf(at, 'DATE_WRITTEN_ODDLY', reading.raw, { hint: date ?? '长期' }));
    this.#days.set(field, isOpen || date === null ? OPEN_END : Date.parse(date) / 86_400_000);
    this.#put(field, isOpen || date === null ? '长期' : date, reading.raw);
  }

  /** A value under its field; the raw text beside it where that reads otherwise. */
  #put(field: string, value: string, raw?: string): void {
    this.#values.set(field, value);
    this.#fields.push({ name: field, value });
    if (raw !== undefined && raw !== value)
      this.#fields.push({ name: `${field}.raw`, value: withoutPersonalNumbers(raw) });
  }

  // ── the row as a whole ─────────────────────────────────────────────────────

  #readAmountFromText(): void {
    const rule = this.#plan.profile.amountFromText;
    if (rule === undefined || this.#fen.has(rule.field)) return;
    const text = (this.#values.get(rule.text) ?? '').normalize('NFKC');
    const found = [
      ...text.matchAll(
        /罚款(?:金额)?(?:人民币|合计|共计|计|为)*[:]?([\d,.]+|[一二三四五六七八九十百千万亿两〇零壹贰叁肆伍陆柒捌玖拾佰仟]+)(亿|万)?元/gu,
      ),
    ];
    const [only] = found;
    if (only?.[1] === undefined || found.length !== 1) return;
    const reading = readAmount(`${only[1]}${only[2] ?? ''}元`, '元');
    if (reading.verdict !== 'accept') return;
    this.#fen.set(rule.field, reading.fen);
    this.#put(rule.field, `${yuanOfFen(reading.fen)}元`, only[0]);
    this.#warnings.push(
      issueOf({ row: this.#row.row, column: this.#header(rule.text) }, 'AMOUNT_FROM_TEXT', only[0], {
        hint: yuanOfFen(reading.fen),
      }),
    );
  }

  #checkCompanions(): void {
    for (const { when, field, level } of this.#plan.profile.requires) {
      if (this.#values.has(field) || !conditionHolds(when, this.#values)) continue;
      const column = this.#header(field);
      if (this.#issues.some((issue) => issue.column === column)) continue;
      const at = { row: this.#row.row, column };
      if (level === 'warning') this.#warnings.push(issueOf(at, 'COMPANION_MISSING', ''));
      else this.#issues.push(issueOf(at, 'AMOUNT_MISSING', ''));
    }
  }

  #record(): CanonicalRecord | null {
    const { profile } = this.#plan;
    const { record: roles } = profile;
    const value = (field: string | undefined): string | undefined =>
      field === undefined ? undefined : this.#values.get(field);
    const day = this.#days.get(roles.day);
    const untilField = roles.until.find((field) => this.#days.has(field));
    const until = (untilField === undefined ? undefined : this.#days.get(untilField)) ?? OPEN_END;
    if (day !== undefined && until < day) {
      this.#issues.push(
        issueOf(
          { row: this.#row.row, column: this.#header(untilField ?? roles.day) },
          'DATES_REVERSED',
          `${value(roles.day) ?? ''} / ${value(untilField) ?? ''}`,
        ),
      );
    }
    const kind = mapKind(profile.kinds, this.#values);
    if (kind === null)
      this.#issues.push(
        issueOf(
          { row: this.#row.row },
          'KIND_UNKNOWN',
          [...this.#values].find(([field]) => field.endsWith('Types'))?.[1] ?? '',
        ),
      );
    else if (isSelfDeclaredKind(kind.code))
      this.#issues.push(issueOf({ row: this.#row.row }, 'KIND_SELF_DECLARED', kind.slug));
    const [uscc, subjectName, documentNumber, authorityName] = [
      roles.subjectCode,
      roles.subjectName,
      roles.documentNumber,
      roles.authorityName,
    ].map(value);
    if (this.#issues.length > 0) return null;
    if (
      day === undefined ||
      kind === null ||
      uscc === undefined ||
      subjectName === undefined ||
      documentNumber === undefined ||
      authorityName === undefined
    ) {
      // A profile that does not make its necessary fields required: the row is not lost, it is an issue.
      this.#issues.push(issueOf({ row: this.#row.row }, 'VALUE_MISSING', ''));
      return null;
    }
    if (!kind.byRule) this.#warnings.push(issueOf({ row: this.#row.row }, 'KIND_TAKEN_AS_OTHER', kind.slug));
    const amountFen = roles.amount.reduce((sum, field) => sum + (this.#fen.get(field) ?? 0n), 0n);
    const { severity, basis } = this.#severity(kind.slug, amountFen, authorityName);
    const sourceAgency = {
      name: value(roles.sourceName) ?? authorityName,
      uscc:
        (value(roles.sourceName) === undefined ? undefined : value(roles.sourceCode)) ??
        value(roles.authorityCode) ??
        null,
    };
    const said = { class: profile.class, uscc, documentNumber, day, until, amountFen };
    return {
      ...said,
      subjectName,
      kind: kind.code,
      domain: mapDomain(profile.domains, this.#values),
      severity,
      severityBasis: basis,
      fields: this.#fields,
      sourceProfile: `${profile.id}@${profile.version}`,
      sourceAgency,
      contentHash: this.#contentHash(said),
    };
  }

  #severity(
    kindSlug: string,
    amountFen: bigint,
    authorityName: string,
  ): { severity: 0 | 1 | 2 | 3; basis: string } {
    const { profile } = this.#plan;
    const label = profile.severityField === undefined ? undefined : this.#values.get(profile.severityField);
    if (label !== undefined) {
      const level = Number(label);
      if (level === 1 || level === 2 || level === 3)
        return {
          severity: level,
          basis: `${profile.id}@${profile.version}: ${this.#header(profile.severityField ?? '') ?? ''}（来源部门标定）`,
        };
    }
    if (profile.severities === null) return { severity: 0, basis: 'none' };
    return (
      mapSeverity(profile.severities, { kindSlug, amountFen, authorityName }) ?? {
        severity: 0,
        basis: 'none',
      }
    );
  }

  /**
   * SHA-256 of what the source says, in canonical values: another spelling of a
   * date is the same content, and so is a row read under newer mappings.
   */
  #contentHash(said: {
    readonly class: number;
    readonly uscc: string;
    readonly documentNumber: string;
    readonly day: number;
    readonly until: number;
    readonly amountFen: bigint;
  }): string {
    const { volatile } = this.#context;
    const fields = this.#fields
      .filter(({ name }) => !name.endsWith('.raw') && !volatile.has(name))
      .map(({ name, value }) => [name, value])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));
    const text = JSON.stringify([
      said.class,
      said.uscc,
      said.documentNumber,
      said.day,
      said.until,
      said.amountFen.toString(),
      fields,
    ]);
    return `0x${hash('sha256', text, 'hex')}`;
  }

  /** The cells of the plan's columns, for a report that the officer mends: no personal column is among them. */
  #original(): string[] {
    return this.#plan.columns.map(({ index, spec }) => {
      const text = cellText(this.#row.cells[index]);
      return MAY_HOLD_TELEPHONES.has(spec.type) ? withoutPersonalNumbers(text) : withoutResidentIds(text);
    });
  }

  #header(field: string): string | null {
    return this.#context.columns.get(field)?.header ?? null;
  }

  #issue(
    column: PlannedColumn,
    code: IssueCode,
    read: string,
    operands: Record<string, string | number | null> = {},
  ): void {
    this.#issues.push(issueOf({ row: this.#row.row, column: column.header }, code, read, operands));
  }

  #warn(
    column: PlannedColumn,
    code: IssueCode,
    read: string,
    operands: Record<string, string | number | null> = {},
  ): void {
    this.#warnings.push(issueOf({ row: this.#row.row, column: column.header }, code, read, operands));
  }
}

/** `="9111…"`: how exports keep a spreadsheet from turning a text into a number. */
function unwrapped(text: string): string {
  return /^\s*="([^"]*)"\s*$/u.exec(text)?.[1] ?? text;
}

/** A number cell that is a text by its column: 12 digits stay 12 digits. */
function numberText(text: string): string {
  const value = parseSpreadsheetNumber(text);
  return value === null ? text : decimalText(value);
}

function mappedValue(column: PlannedColumn, text: string): string | null {
  const wanted = squeezed(text).toLowerCase();
  return (
    Object.entries(column.spec.values ?? {}).find(([key]) => squeezed(key).toLowerCase() === wanted)?.[1] ??
    null
  );
}

const CONFUSED: Readonly<Record<string, string>> = { O: '0', I: '1', S: '5', Z: '2', V: 'U', L: '1' };

/** The code with letters that do not occur read as the digits they resemble, if it is valid then. */
function likelyCode(canonical: string): string | null {
  const read = canonical.replace(/[-·.]/gu, '').replace(/[OISZV]/gu, (c) => CONFUSED[c] ?? c);
  return read !== canonical && checkUscc(read).ok ? read : null;
}

/** A date, an identifier or the name of a system where the name of an authority belongs. */
function isNoAuthorityName(name: string): boolean {
  if (!/\p{Script=Han}{2}/u.test(name)) return true;
  if (/(?:系统|平台|数据库|接口)$/u.test(name)) return true;
  return readDate(name).verdict === 'accept' || /[0-9a-f]{8}-[0-9a-f]{4}-/iu.test(name);
}

function spanText(reading: Extract<DateReading, { verdict: 'accept' }>): string {
  if (reading.start === null) return '长期';
  return reading.start === reading.end ? reading.start : `${reading.start}/${reading.end ?? '长期'}`;
}
