import { createRequire } from 'node:module';
import type * as ExcelJS from 'exceljs';
import type { Writable } from 'node:stream';
import type { Issue } from './issues.ts';
import { type Plan, REPORT_COLUMN_SIGN } from './plan.ts';

// The package is CommonJS; its types name a namespace.
const exceljs = createRequire(import.meta.url)('exceljs') as typeof ExcelJS;

/** What `import` says, as JSON: rows = records + duplicates + rows with issues. */
export interface ImportReport {
  readonly fileName: string;
  readonly profile: string;
  readonly rows: number;
  readonly records: number;
  readonly duplicates: number;
  readonly rowsWithIssues: number;
  readonly issues: readonly Issue[];
  /** Things to look at in rows that became records. */
  readonly warnings: readonly Issue[];
  readonly ignoredColumns: readonly string[];
  readonly droppedColumns: readonly string[];
}

/** A row for the spreadsheet: its cells as they were, and why it failed. */
export interface FailedRowReport {
  readonly row: number;
  /** In the columns of the report; null where nothing may be shown. */
  readonly cells: readonly string[] | null;
  readonly issues: readonly Pick<Issue, 'column' | 'code' | 'message' | 'suggestion'>[];
}

const REASON_COLUMNS = ['原文件行号', '问题代码', '问题', '处理建议', 'Problem', 'What to do'] as const;

/**
 * A text that no spreadsheet program takes for a formula, also after it was
 * saved as CSV. Intake takes the apostrophe off again.
 */
export function formulaSafe(text: string): string {
  return /^[\s]*[=+\-@\t\r|%]/u.test(text) && !/^[+-]?\d+(?:\.\d+)?$/u.test(text) ? `'${text}` : text;
}

/** The names of the columns that a report shows: those of the plan, never a personal one. */
export function reportColumns(plan: Plan): string[] {
  return plan.columns.map(({ header }) => header);
}

/**
 * Writes the rows that failed as a workbook, streamed: the officer's columns,
 * then the reasons. Mended, it can be imported as it is: the appended columns
 * are passed over.
 */
export async function writeFailedRows(
  output: Writable,
  columns: readonly string[],
  rows: AsyncIterable<FailedRowReport> | Iterable<FailedRowReport>,
): Promise<void> {
  const book = new exceljs.stream.xlsx.WorkbookWriter({
    stream: output,
    useStyles: true,
    useSharedStrings: false,
  });
  const sheet = book.addWorksheet('待修改 rows to mend', { views: [{ state: 'frozen', ySplit: 1 }] });
  sheet.columns = [
    ...columns.map(() => ({ width: 18, style: { numFmt: '@' } })),
    ...REASON_COLUMNS.map(() => ({ width: 32 })),
  ];
  const header = sheet.addRow([
    ...columns.map(formulaSafe),
    ...REASON_COLUMNS.map((name) => `${REPORT_COLUMN_SIGN}${name}`),
  ]);
  header.font = { bold: true };
  header.commit();
  for await (const { row, cells, issues } of rows) {
    const at = (text: string, column: string | null): string =>
      column === null ? text : `${column}: ${text}`;
    const line = sheet.addRow([
      ...columns.map((_, i) => formulaSafe(cells?.[i] ?? '')),
      row,
      issues.map(({ code }) => code).join('; '),
      ...[
        issues.map(({ column, message }) => at(message.zh, column)),
        issues.map(({ suggestion }) => suggestion.zh),
        issues.map(({ column, message }) => at(message.en, column)),
        issues.map(({ suggestion }) => suggestion.en),
      ].map((texts) => formulaSafe([...new Set(texts)].join('\n'))),
    ]);
    const wrong = new Set(issues.map(({ column }) => column));
    columns.forEach((name, i) => {
      if (wrong.has(name))
        line.getCell(i + 1).fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: 'FFFFE0E0' } };
    });
    line.commit();
  }
  sheet.commit();
  await book.commit();
}
