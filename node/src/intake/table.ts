import { csvRows, detectDelimiter } from './csv.ts';
import { detectFile, type TextEncoding } from './detect.ts';
import { DEFAULT_LIMITS, type IntakeLimits } from './limits.ts';
import { type ByteSource, memorySource, streamSource } from './source.ts';
import { openWorkbook } from './xlsx.ts';

/** A cell of a workbook that is more than text. A text cell, and every cell of a CSV file, is a string. */
export interface TypedCell {
  readonly type: 'number' | 'boolean' | 'error' | 'formula';
  /** As the file holds it; for a formula the stored result, which is not trusted. */
  readonly text: string;
  /** True for a number that is formatted as a date. */
  readonly isDate: boolean;
}

export type Cell = string | TypedCell;

/** One row; `row` as a spreadsheet numbers it, the header included. Missing cells are empty strings. */
export interface TableRow {
  readonly row: number;
  readonly cells: readonly Cell[];
}

/** A file as rows. It can be read as often as needed. */
export interface Table {
  readonly fileName: string;
  readonly format: 'csv' | 'xlsx' | 'rows';
  readonly encoding: TextEncoding | null;
  /** What bare date numbers count from. */
  readonly dateSystem: '1900' | '1904';
  /** The sheets that may hold the table; a CSV file has one without a name. */
  readonly sheets: readonly string[];
  rows(sheet?: string): AsyncGenerator<TableRow>;
  close(): Promise<void>;
}

/** Text of any cell, for a person. */
export function cellText(cell: Cell | undefined): string {
  return cell === undefined ? '' : typeof cell === 'string' ? cell : cell.text;
}

/** `S12`: the name of a cell, column counted from 0. */
export function cellName(column: number, row: number): string {
  let name = '';
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    name = String.fromCharCode(65 + ((rest - 1) % 26)) + name;
  }
  return `${name}${row}`;
}

/**
 * Opens a CSV file or an XLSX workbook, whatever its name says. Nothing is
 * converted yet. The caller closes the table.
 * @throws LedgerError FILE_…, XLSX_…
 */
export async function readTable(
  input: Uint8Array | AsyncIterable<Uint8Array> | ByteSource,
  fileName: string,
  limits: IntakeLimits = DEFAULT_LIMITS,
): Promise<Table> {
  const source = await asSource(input, limits);
  try {
    const file = await detectFile(source);
    if (file.kind === 'xlsx') return await openWorkbook(source, fileName, limits);
    const delimiter = await detectDelimiter(source, file.encoding, file.bomBytes);
    return {
      fileName,
      format: 'csv',
      encoding: file.encoding,
      dateSystem: '1900',
      sheets: [''],
      rows: () => csvRows(source, { ...file, delimiter }, limits),
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Rows that come from a program instead of a file, under the same column names. */
export function tableOfRows(header: readonly string[], rows: readonly (readonly string[])[]): Table {
  return {
    fileName: 'rows',
    format: 'rows',
    encoding: null,
    dateSystem: '1900',
    sheets: [''],
    async *rows() {
      yield { row: 1, cells: header };
      for (const [i, cells] of rows.entries()) yield { row: i + 2, cells };
    },
    close: async () => {},
  };
}

async function asSource(
  input: Uint8Array | AsyncIterable<Uint8Array> | ByteSource,
  limits: IntakeLimits,
): Promise<ByteSource> {
  if (input instanceof Uint8Array) return memorySource(input);
  if ('chunks' in input) return input;
  return streamSource(input, limits.fileBytes);
}
