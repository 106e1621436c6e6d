import type { TransformOptions } from 'node:stream';
import { CsvError, type Options, parse, type Parser } from 'csv-parse';
import type { TextEncoding } from './detect.ts';
import { fileError } from './errors.ts';
import type { IntakeLimits } from './limits.ts';
import type { ByteSource } from './source.ts';
import type { TableRow } from './table.ts';

const DELIMITERS = [',', '\t', ';', '|'] as const;

/** The sign that parts the first line most often, outside of quotes. */
export async function detectDelimiter(
  source: ByteSource,
  encoding: TextEncoding,
  bomBytes: number,
): Promise<string> {
  const decoder = new TextDecoder(encoding);
  let text = '';
  for await (const chunk of source.chunks(bomBytes, Math.min(source.size, bomBytes + 16_384))) {
    text += decoder.decode(chunk, { stream: true });
  }
  const counts = new Map<string, number>();
  let quoted = false;
  let lines = 0;
  for (const c of text) {
    if (c === '"') quoted = !quoted;
    else if (!quoted && c === '\n' && ++lines === 10) break;
    else if (!quoted && (DELIMITERS as readonly string[]).includes(c))
      counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  return DELIMITERS.reduce<string>(
    (best, c) => ((counts.get(c) ?? 0) > (counts.get(best) ?? 0) ? c : best),
    ',',
  );
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
  const options: Options & TransformOptions = {
    delimiter: format.delimiter,
    relax_column_count: true,
    max_record_size: limits.rowBytes,
    skip_empty_lines: false,
    // Every row of a chunk is taken before the next chunk is given, so nothing piles up here.
    readableHighWaterMark: Number.MAX_SAFE_INTEGER,
  };
  const parser = parse(options);
  let row = 0;
  try {
    for await (const chunk of decoded(source, format)) {
      await given(parser, chunk);
      for (let cells = taken(parser); cells !== null; cells = taken(parser))
        yield checked(cells, ++row, limits);
    }
    await given(parser, null);
    for (let cells = taken(parser); cells !== null; cells = taken(parser))
      yield checked(cells, ++row, limits);
  } catch (error) {
    throw asFileError(error, row + 1, limits);
  } finally {
    parser.destroy();
  }
}

/** Gives the parser a chunk, or the end, and waits until it has been parsed. */
function given(parser: Parser, chunk: Uint8Array | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error);
    const done = (error?: Error | null): void => {
      if (error) return; // comes as an event too, with more in it
      parser.off('error', onError);
      resolve();
    };
    parser.once('error', onError);
    if (chunk === null) parser.end(done);
    else parser.write(chunk, done);
  });
}

function taken(parser: Parser): string[] | null {
  return parser.read() as string[] | null;
}

function checked(cells: string[], row: number, limits: IntakeLimits): TableRow {
  if (row > limits.rows) throw fileError('TOO_MANY_ROWS', { limit: limits.rows });
  if (cells.length > limits.columns && cells.slice(limits.columns).some((cell) => cell.trim() !== '')) {
    throw fileError('TOO_MANY_COLUMNS', { row, limit: limits.columns });
  }
  if (cells.some((cell) => cell.length > limits.cellChars)) {
    throw fileError('CELL_TOO_LARGE', { row, limitKiB: Math.floor(limits.cellChars / 1024) });
  }
  return { row, cells };
}

async function* decoded(
  source: ByteSource,
  format: { readonly encoding: TextEncoding; readonly bomBytes: number },
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(format.encoding, { fatal: true });
  for await (const chunk of source.chunks(format.bomBytes)) {
    // Checked as a whole before: valid UTF-8 needs no second decoding.
    if (format.encoding === 'utf-8') yield chunk;
    else yield Buffer.from(decoder.decode(chunk, { stream: true }));
  }
  if (format.encoding !== 'utf-8') yield Buffer.from(decoder.decode());
}

function asFileError(error: unknown, row: number, limits: IntakeLimits): unknown {
  if (!(error instanceof CsvError)) return error;
  if (error.code === 'CSV_MAX_RECORD_SIZE')
    return fileError(
      'CELL_TOO_LARGE',
      { row, limitKiB: Math.floor(limits.rowBytes / 1024) },
      { cause: error },
    );
  const line = typeof error['lines'] === 'number' ? error['lines'] : row;
  return fileError('CSV_QUOTES_BROKEN', { line, row });
}
