import { fileError } from './errors.ts';
import type { ByteSource } from './source.ts';

/** How the characters of a text file are written. */
export type TextEncoding = 'utf-8' | 'gb18030' | 'utf-16le' | 'utf-16be';

export type FileKind =
  | { readonly kind: 'xlsx' }
  | { readonly kind: 'text'; readonly encoding: TextEncoding; readonly bomBytes: number };

const HEAD_BYTES = 4096;

/** By their first bytes, whatever the file's name says. */
const FOREIGN: readonly (readonly [magic: string, en: string, zh: string])[] = [
  ['%PDF', 'a PDF document', ' PDF 文档'],
  ['{\\rtf', 'an RTF document', ' RTF 文档'],
  ['Rar!', 'a RAR archive', ' RAR 压缩包'],
  ['7z\xbc\xaf', 'a 7z archive', ' 7z 压缩包'],
  ['\x1f\x8b', 'a gzip archive', ' gzip 压缩包'],
  ['\x89PNG', 'a picture', '图片'],
  ['\xff\xd8\xff', 'a picture', '图片'],
  ['GIF8', 'a picture', '图片'],
  ['BM\x00', 'a picture', '图片'],
  ['SQLite format', 'a database file', '数据库文件'],
  ['<?xml', 'an XML document', ' XML 文档'],
  ['<html', 'a web page', '网页'],
  ['<!DOCTYPE', 'a web page', '网页'],
  ['<table', 'a web page', '网页'],
  ['{"', 'JSON', ' JSON 文件'],
  ['[{', 'JSON', ' JSON 文件'],
];
const OLE = '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1';

/**
 * Says what a file is, from its bytes alone.
 * @throws LedgerError FILE_EMPTY, FILE_TYPE_UNSUPPORTED, FILE_ENCRYPTED, FILE_ENCODING_UNKNOWN, FILE_ENCODING_BROKEN
 */
export async function detectFile(source: ByteSource): Promise<FileKind> {
  if (source.size === 0) throw fileError('FILE_EMPTY');
  const head = await headOf(source, HEAD_BYTES);
  const latin = Buffer.from(head).toString('latin1');
  if (latin.startsWith('PK\x03\x04') || latin.startsWith('PK\x05\x06')) return { kind: 'xlsx' };
  if (latin.startsWith(OLE)) throw await oldOfficeFile(source);
  const bom = byteOrderMark(head);
  const text = latin.slice(bom?.bytes ?? 0).trimStart();
  for (const [magic, found, foundZh] of FOREIGN) {
    if (text.slice(0, magic.length).toLowerCase() === magic.toLowerCase())
      throw fileError('FILE_TYPE_UNSUPPORTED', { found, foundZh });
  }
  return textKind(source, head, bom);
}

function byteOrderMark(head: Uint8Array): { readonly encoding: TextEncoding; readonly bytes: number } | null {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', bytes: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', bytes: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', bytes: 2 };
  if (head[0] === 0x84 && head[1] === 0x31 && head[2] === 0x95 && head[3] === 0x33)
    return { encoding: 'gb18030', bytes: 4 };
  return null;
}

async function textKind(
  source: ByteSource,
  head: Uint8Array,
  bom: ReturnType<typeof byteOrderMark>,
): Promise<FileKind> {
  if (bom !== null && bom.encoding !== 'utf-8') {
    if (!(await decodes(source, bom.encoding, bom.bytes)).ok) throw fileError('FILE_ENCODING_UNKNOWN');
    return blankRefused(source, { kind: 'text', encoding: bom.encoding, bomBytes: bom.bytes });
  }
  if (head.includes(0)) {
    // Text never holds a zero byte, apart from UTF-16 without a mark: every other byte of its ASCII part.
    const zeros = [0, 0];
    head.forEach((byte, i) => {
      if (byte === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1;
    });
    const [even = 0, odd = 0] = zeros;
    const encoding = odd > 4 * even ? 'utf-16le' : even > 4 * odd ? 'utf-16be' : null;
    if (encoding === null || !(await decodes(source, encoding, 0)).ok) {
      throw fileError('FILE_TYPE_UNSUPPORTED', { found: 'not a table', foundZh: '非表格文件' });
    }
    return { kind: 'text', encoding, bomBytes: 0 };
  }
  const bomBytes = bom?.bytes ?? 0;
  const utf8 = await decodes(source, 'utf-8', bomBytes);
  if (utf8.ok) return blankRefused(source, { kind: 'text', encoding: 'utf-8', bomBytes });
  // Chinese UTF-8 reads as valid but senseless GB18030, so a file that begins as UTF-8 is broken, not GB18030.
  if (bom !== null || beginsAsUtf8(head)) throw fileError('FILE_ENCODING_BROKEN', { offset: utf8.offset });
  if (!(await decodes(source, 'gb18030', 0)).ok) throw fileError('FILE_ENCODING_UNKNOWN');
  return { kind: 'text', encoding: 'gb18030', bomBytes: 0 };
}

async function decodes(
  source: ByteSource,
  encoding: TextEncoding,
  from: number,
): Promise<{ ok: true } | { ok: false; offset: number }> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let offset = from;
  try {
    for await (const chunk of source.chunks(from)) {
      decoder.decode(chunk, { stream: true });
      offset += chunk.length;
    }
    decoder.decode();
    return { ok: true };
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, offset };
    throw error;
  }
}

/** True when the first line is valid UTF-8 and holds more than ASCII. */
function beginsAsUtf8(head: Uint8Array): boolean {
  const end = head.indexOf(0x0a);
  const line = end < 0 ? head : head.subarray(0, end);
  if (!line.some((byte) => byte >= 0x80)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(line, { stream: end < 0 });
    return true;
  } catch {
    return false;
  }
}

/** A file of nothing but white space is as empty as one of no bytes. */
async function blankRefused<T extends FileKind>(source: ByteSource, kind: T): Promise<T> {
  if (source.size <= HEAD_BYTES && kind.kind === 'text') {
    const text = new TextDecoder(kind.encoding).decode(await headOf(source, HEAD_BYTES));
    if (text.trim() === '') throw fileError('FILE_EMPTY');
  }
  return kind;
}

async function headOf(source: ByteSource, bytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.chunks(0, Math.min(bytes, source.size))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The old binary format, or a password-protected workbook, which hides in the same container. */
async function oldOfficeFile(source: ByteSource): Promise<Error> {
  const marks = {
    encrypted: Buffer.from('EncryptedPackage', 'utf16le'),
    word: Buffer.from('WordDocument', 'utf16le'),
  };
  let tail: Uint8Array = new Uint8Array(0);
  let isWord = false;
  for await (const chunk of source.chunks()) {
    const window = Buffer.concat([tail, chunk]);
    if (window.includes(marks.encrypted)) return fileError('FILE_ENCRYPTED');
    isWord ||= window.includes(marks.word);
    tail = window.subarray(-64);
  }
  return isWord
    ? fileError('FILE_TYPE_UNSUPPORTED', {
        found: 'an old Word document (.doc)',
        foundZh: '旧版 Word 文档（.doc）',
      })
    : fileError('FILE_TYPE_UNSUPPORTED', {
        found: 'an old Excel workbook (.xls)',
        foundZh: '旧版 Excel 工作簿（.xls）',
      });
}
