import type { Readable } from 'node:stream';
import { fileError } from './errors.ts';
import type { IntakeLimits } from './limits.ts';
import type { ByteSource } from './source.ts';
import { StringTable } from './strings.ts';
import type { Cell, Table, TableRow } from './table.ts';
import { BoundedXml, type XmlHandlers } from './xml.ts';
import { openPackage, type Package } from './zip.ts';

const SMALL_PART_BYTES = 16 * 1024 * 1024;
/** Number formats that are dates without saying so, the Chinese ones included (ECMA-376 18.8.30). */
const BUILT_IN_DATES = new Set([
  14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47, 50, 51, 52, 53, 54,
  55, 56, 57, 58,
]);

interface Sheet {
  readonly name: string;
  readonly part: string;
}

/**
 * Opens a workbook and streams the rows of its sheets: only the shared strings
 * stay in memory, within a limit.
 * @throws LedgerError XLSX_BROKEN, XLSX_TOO_LARGE, FILE_ENCRYPTED, FILE_TYPE_UNSUPPORTED, CELL_TOO_LARGE
 */
export async function openWorkbook(
  source: ByteSource,
  fileName: string,
  limits: IntakeLimits,
): Promise<Table> {
  const parts = await openPackage(source, limits);
  const workbookPart = await workbookOf(parts);
  const { sheets, date1904 } = await readWorkbook(parts, workbookPart);
  const strings = await readSharedStrings(parts, workbookPart, limits);
  const dateStyles = await readDateStyles(parts, workbookPart);
  return {
    fileName,
    format: 'xlsx',
    encoding: null,
    dateSystem: date1904 ? '1904' : '1900',
    sheets: sheets.map((sheet) => sheet.name),
    rows: (name) => {
      const sheet = name === undefined ? sheets[0] : sheets.find((one) => one.name === name);
      if (sheet === undefined) throw fileError('XLSX_BROKEN', { reason: `there is no sheet ${name ?? ''}` });
      return sheetRows(parts, sheet.part, { strings, dateStyles }, limits);
    },
    close: () => source.close(),
  };
}

// ── the parts around the sheets ──────────────────────────────────────────────

async function workbookOf(parts: Package): Promise<string> {
  if (!parts.has('[Content_Types].xml')) {
    throw fileError('FILE_TYPE_UNSUPPORTED', {
      found: parts.has('mimetype') ? 'an OpenDocument file' : 'a ZIP archive',
      foundZh: parts.has('mimetype') ? ' OpenDocument 文件' : ' ZIP 压缩包',
    });
  }
  const found = (await relations(parts, '_rels/.rels', '')).find(({ type }) =>
    type.endsWith('/officeDocument'),
  );
  if (found !== undefined && /\.bin$/u.test(found.target))
    throw fileError('FILE_TYPE_UNSUPPORTED', {
      found: 'a binary workbook (.xlsb)',
      foundZh: '二进制工作簿（.xlsb）',
    });
  if (found === undefined || !parts.has(found.target) || !found.target.includes('xl/')) {
    const word = parts.names.some((name) => name.startsWith('word/'));
    throw fileError('FILE_TYPE_UNSUPPORTED', {
      found: word ? 'a Word document' : 'not a workbook',
      foundZh: word ? ' Word 文档' : '非工作簿文件',
    });
  }
  return found.target;
}

async function readWorkbook(parts: Package, part: string): Promise<{ sheets: Sheet[]; date1904: boolean }> {
  const targets = new Map(
    (await relations(parts, relationsOf(part), part)).map(({ id, target }) => [id, target]),
  );
  const sheets: Sheet[] = [];
  let date1904 = false;
  await readPart(parts, part, {
    open(name, attributes) {
      if (name === 'workbookPr') date1904 = isTrue(attributes['date1904']);
      if (name !== 'sheet' || (attributes['state'] ?? 'visible') !== 'visible') return;
      const id = Object.entries(attributes).find(([key]) => /(?:^|:)id$/u.test(key))?.[1];
      const target = id === undefined ? undefined : targets.get(id);
      if (target !== undefined && parts.has(target))
        sheets.push({ name: attributes['name'] ?? '', part: target });
    },
  });
  if (sheets.length === 0) throw fileError('XLSX_BROKEN', { reason: 'it has no visible sheet' });
  return { sheets, date1904 };
}

async function readSharedStrings(
  parts: Package,
  workbookPart: string,
  limits: IntakeLimits,
): Promise<StringTable> {
  const strings = new StringTable(limits.sharedStringBytes);
  const found = (await relations(parts, relationsOf(workbookPart), workbookPart)).find(({ type }) =>
    type.endsWith('/sharedStrings'),
  );
  if (found === undefined || !parts.has(found.target)) return strings;
  const reader = textReader(limits);
  await readPart(
    parts,
    found.target,
    {
      open: (name) => {
        if (name === 'si') reader.reset();
        reader.open(name);
      },
      close: (name) => {
        reader.close(name);
        if (name === 'si') strings.push(reader.take());
      },
      text: reader.text,
    },
    limits.partBytes,
  );
  return strings;
}

async function readDateStyles(parts: Package, workbookPart: string): Promise<ReadonlySet<number>> {
  const styles = new Set<number>();
  const found = (await relations(parts, relationsOf(workbookPart), workbookPart)).find(({ type }) =>
    type.endsWith('/styles'),
  );
  if (found === undefined || !parts.has(found.target)) return styles;
  const custom = new Map<number, boolean>();
  let inCellFormats = false;
  let index = 0;
  await readPart(parts, found.target, {
    open(name, attributes) {
      if (name === 'numFmt')
        custom.set(Number(attributes['numFmtId']), isDateFormat(attributes['formatCode'] ?? ''));
      if (name === 'cellXfs') inCellFormats = true;
      if (name !== 'xf' || !inCellFormats) return;
      const id = Number(attributes['numFmtId'] ?? 0);
      if (custom.get(id) ?? BUILT_IN_DATES.has(id)) styles.add(index);
      index++;
    },
    close(name) {
      if (name === 'cellXfs') inCellFormats = false;
    },
  });
  return styles;
}

/** True for a format code with year, month or day in it, quoted text and colours aside. */
function isDateFormat(code: string): boolean {
  const bare = code.replace(/"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]/giu, '');
  return /[yd年月日]|m(?![^;]*[#0])/iu.test(bare) && !/general/iu.test(bare);
}

interface Relation {
  readonly id: string;
  readonly type: string;
  readonly target: string;
}

async function relations(parts: Package, part: string, base: string): Promise<Relation[]> {
  const found: Relation[] = [];
  if (!parts.has(part)) return found;
  await readPart(parts, part, {
    open(name, attributes) {
      if (name !== 'Relationship' || attributes['TargetMode'] === 'External') return;
      found.push({
        id: attributes['Id'] ?? '',
        type: attributes['Type'] ?? '',
        target: resolved(base, attributes['Target'] ?? ''),
      });
    },
  });
  return found;
}

function relationsOf(part: string): string {
  const slash = part.lastIndexOf('/');
  return `${part.slice(0, slash + 1)}_rels/${part.slice(slash + 1)}.rels`;
}

function resolved(base: string, target: string): string {
  if (target.startsWith('/')) return target.slice(1);
  const path = base.split('/').slice(0, -1);
  for (const step of target.split('/')) {
    if (step === '..') path.pop();
    else if (step !== '.') path.push(step);
  }
  return path.join('/');
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

// ── rows ─────────────────────────────────────────────────────────────────────

async function* sheetRows(
  parts: Package,
  part: string,
  { strings, dateStyles }: { readonly strings: StringTable; readonly dateStyles: ReadonlySet<number> },
  limits: IntakeLimits,
): AsyncGenerator<TableRow> {
  let done: TableRow[] = [];
  let cells: Cell[] = [];
  let row = 0;
  let column = -1;
  let type = '';
  let style = -1;
  let hasFormula = false;
  let collects = false;
  let value = '';
  const inline = textReader(limits);
  const handlers: XmlHandlers = {
    open(name, attributes) {
      switch (name) {
        case 'row': {
          const next = attributes['r'] === undefined ? row + 1 : Number(attributes['r']);
          if (!Number.isSafeInteger(next) || next <= row)
            throw fileError('XLSX_BROKEN', { reason: `row ${attributes['r'] ?? ''} follows row ${row}` });
          row = next;
          if (row > limits.rows) throw fileError('TOO_MANY_ROWS', { limit: limits.rows });
          cells = [];
          column = -1;
          break;
        }
        case 'c': {
          const next = attributes['r'] === undefined ? column + 1 : columnOf(attributes['r']);
          if (next <= column)
            throw fileError('XLSX_BROKEN', { reason: `cell ${attributes['r'] ?? ''} is out of order` });
          column = next;
          type = attributes['t'] ?? 'n';
          style = attributes['s'] === undefined ? 0 : Number(attributes['s']);
          hasFormula = false;
          value = '';
          inline.reset();
          break;
        }
        case 'f':
          hasFormula = true;
          break;
        case 'v':
          collects = true;
          break;
        default:
          if (type === 'inlineStr') inline.open(name);
      }
    },
    text(text) {
      if (collects) {
        value += text;
        if (value.length > limits.cellChars)
          throw fileError('CELL_TOO_LARGE', { row, limitKiB: Math.floor(limits.cellChars / 1024) });
      } else if (type === 'inlineStr') inline.text(text);
    },
    close(name) {
      switch (name) {
        case 'v':
          collects = false;
          break;
        case 'c': {
          const cell = cellOf();
          type = '';
          if (cell === '') break;
          if (column >= limits.columns) throw fileError('TOO_MANY_COLUMNS', { row, limit: limits.columns });
          while (cells.length < column) cells.push('');
          cells.push(cell);
          break;
        }
        case 'row':
          if (cells.length > 0) done.push({ row, cells });
          break;
        default:
          if (type === 'inlineStr') inline.close(name);
      }
    },
  };
  const cellOf = (): Cell => {
    const text = type === 'inlineStr' ? inline.take() : value;
    if (hasFormula) return { type: 'formula', text, isDate: false };
    switch (type) {
      case 's': {
        if (value === '') return '';
        const shared = strings.get(Number(value));
        if (shared === undefined)
          throw fileError('XLSX_BROKEN', { reason: `a cell in row ${row} names a string that is not there` });
        return shared;
      }
      case 'b':
        return { type: 'boolean', text: value === '1' ? 'TRUE' : 'FALSE', isDate: false };
      case 'e':
        return { type: 'error', text: value, isDate: false };
      case 'n':
        return value === '' ? '' : { type: 'number', text: value.trim(), isDate: dateStyles.has(style) };
      default: // str, inlineStr, d
        return text;
    }
  };
  for await (const _read of parsePart(parts, part, handlers)) {
    if (done.length > 0) {
      const ready = done;
      done = [];
      yield* ready;
    }
  }
}

/** `AB12` → 27. */
function columnOf(reference: string): number {
  let column = 0;
  for (const c of reference) {
    const code = c.charCodeAt(0);
    if (code < 65 || code > 90) break;
    column = column * 26 + code - 64;
    if (column > 16_384) break;
  }
  if (column === 0 || column > 16_384)
    throw fileError('XLSX_BROKEN', { reason: `there is no cell ${reference.slice(0, 16)}` });
  return column - 1;
}

/** Collects the text of a string item: runs joined, phonetic guides left out. */
function textReader(limits: IntakeLimits): {
  open(name: string): void;
  close(name: string): void;
  text(text: string): void;
  take(): string;
  reset(): void;
} {
  let collected = '';
  let inText = false;
  let phonetic = 0;
  return {
    open(name) {
      if (name === 'rPh') phonetic++;
      if (name === 't') inText = true;
    },
    close(name) {
      if (name === 'rPh') phonetic--;
      if (name === 't') inText = false;
    },
    text(text) {
      if (!inText || phonetic > 0) return;
      collected += text;
      if (collected.length > limits.cellChars)
        throw fileError('CELL_TOO_LARGE', { row: '?', limitKiB: Math.floor(limits.cellChars / 1024) });
    },
    take: () =>
      collected.replace(/_x([0-9A-Fa-f]{4})_/gu, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    reset() {
      collected = '';
      inText = false;
      phonetic = 0;
    },
  };
}

// ── reading a part ───────────────────────────────────────────────────────────

async function readPart(
  parts: Package,
  part: string,
  handlers: XmlHandlers,
  limitBytes = SMALL_PART_BYTES,
): Promise<void> {
  let chars = 0;
  for await (const read of parsePart(parts, part, handlers)) {
    chars += read;
    if (chars > limitBytes) throw fileError('XLSX_TOO_LARGE', { part });
  }
}

/** Parses a part piece by piece; yields the characters read after each, so that the reader can take what is ready. */
async function* parsePart(parts: Package, part: string, handlers: XmlHandlers): AsyncGenerator<number> {
  const stream: Readable = await parts.open(part);
  const xml = new BoundedXml(part, handlers);
  let decoder: TextDecoder | null = null;
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Uint8Array;
      decoder ??= new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8', {
        fatal: true,
      });
      const text = decoded(decoder, part, bytes);
      xml.write(text);
      yield text.length;
    }
    if (decoder !== null) xml.write(decoded(decoder, part));
    xml.end();
    yield 0;
  } finally {
    stream.destroy();
  }
}

function decoded(decoder: TextDecoder, part: string, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (error) {
    throw fileError('XLSX_BROKEN', { reason: `${part} is not UTF-8` }, { cause: error });
  }
}
