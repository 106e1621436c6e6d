import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { TextEncoding } from './detect.ts';
import { fileError } from './errors.ts';
import type { IntakeLimits } from './limits.ts';
import type { ByteSource } from './source.ts';
import type { TableRow } from './table.ts';

const DELIMITERS = [',', '\t', ';', '|'] as const;

/** The sign that parts the first line most often, outside of quotes. */
export async function detectDelimiter(source: ByteSource, encoding: TextEncoding, bomBytes: number): Promise<string> {
  const decoder = new TextDecoder(encoding);
  let text = '';
  for await (const chunk of source.stream(bomBytes, Math.min(source.size, bomBytes + 16_384))) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  const counts = new Map<string, number>();
  let quoted = false;
  let lines = 0;
  for (const c of text) {
    if (c === '"') quoted = !quoted;
    else if (!quoted && c === '\n' && ++lines === 10) break;
    else if (!quoted && (DELIMITERS as readonly string[]).includes(c)) counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  return DELIMITERS.reduce<string>((best, c) => ((counts.get(c) ?? 0) > (counts.get(best) ?? 0) ? c : best), ',');
}

/**
 * The rows of a CSV file, streamed. A row is numbered as a spreadsheet numbers
 * it: from 1, the header included, a quoted line break not counting.
 * @throws LedgerError CSV_QUOTES_BROKEN, CELL_TOO_LARGE, TOO_MANY_COLUMNS, TOO_MANY_ROWS
 */
export async function* csvRows(
  source: ByteSource,
  format: { readonly encoding: TextEncoding; readonly bomBytes: number; readonly delimiter: string },
  limits: IntakeLimits,
): AsyncGenerator<TableRow> {
  const parser = parse({
    delimiter: format.delimiter,
    relax_column_count: true,
    max_record_size: limits.rowBytes,
    skip_empty_lines: false,
  });
  pipeline(Readable.from(decoded(source, format), { objectMode: false }), parser, () => {
    // The error, if any, reaches the reader through the parser.
  });
  let row = 0;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      row++;
      if (row > limits.rows) throw fileError('TOO_MANY_ROWS', { limit: limits.rows });
      if (cells.length > limits.columns && cells.slice(limits.columns).some((cell) => cell.trim() !== '')) {
        throw fileError('TOO_MANY_COLUMNS', { row, limit: limits.columns });
      }
      if (cells.some((cell) => cell.length > limits.cellChars)) {
        throw fileError('CELL_TOO_LARGE', { row, limitKiB: Math.floor(limits.cellChars / 1024) });
      }
      yield { row, cells };
    }
  } catch (error) {
    throw asFileError(error, row + 1, limits);
  } finally {
    parser.destroy();
  }
}

async function* decoded(source: ByteSource, format: { readonly encoding: TextEncoding; readonly bomBytes: number }): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(format.encoding, { fatal: true });
  for await (const chunk of source.stream(format.bomBytes)) {
    // Checked as a whole before: valid UTF-8 needs no second decoding.
    if (format.encoding === 'utf-8') yield chunk as Buffer;
    else yield Buffer.from(decoder.decode(chunk as Uint8Array, { stream: true }));
  }
  if (format.encoding !== 'utf-8') yield Buffer.from(decoder.decode());
}

function asFileError(error: unknown, row: number, limits: IntakeLimits): unknown {
  if (!(error instanceof CsvError)) return error;
  if (error.code === 'CSV_MAX_RECORD_SIZE') return fileError('CELL_TOO_LARGE', { row, limitKiB: Math.floor(limits.rowBytes / 1024) }, { cause: error });
  const line = typeof error['lines'] === 'number' ? error['lines'] : row;
  return fileError('CSV_QUOTES_BROKEN', { line, row });
}
