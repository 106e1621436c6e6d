/** White space of every kind seen in administrative files, with byte order marks and zero-width characters. */
const BLANKS = /[\s\u00a0\u180e\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060\u3000\ufeff]+/gu;
/** Control characters that no cell should hold; a tab or line break counts as white space. */
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/gu;

/** Anything that tidying would touch: most cells hold none of it. */
const UNTIDY =
  /[\u0000-\u0020\u007f\u0085\u00a0\u1680\u180e\u2000-\u200f\u2018\u2019\u2028-\u202f\u205f\u2060\u3000\ufeff\uff07']/u;

/** What officers and exports write for "nothing here" (after NFKC, without blanks). */
const MISSING = new Set([
  '',
  '-',
  '--',
  '---',
  '----',
  '/',
  '//',
  '\\',
  '\\n',
  '\\r\\n',
  '\\t',
  '*',
  '**',
  '***',
  '.',
  '...',
  '......',
  '无',
  '空',
  '暂无',
  '没有',
  '不详',
  '未知',
  '不适用',
  '未填',
  '未填写',
  '待定',
  '待补充',
  'n/a',
  'na',
  'n.a.',
  'null',
  '(null)',
  '[null]',
  '<null>',
  'nil',
  'none',
  'undefined',
  'tbd',
  'nan',
  '#n/a',
]);

/** Surrounding blanks, a leading apostrophe (Excel's text mark) and control characters removed; inner blanks become one space. */
export function tidy(text: string): string {
  if (!UNTIDY.test(text)) return text;
  return text
    .replace(CONTROLS, '')
    .replace(BLANKS, ' ')
    .trim()
    .replace(/^['\u2018\u2019\uff07](?=.)/u, '')
    .trim();
}

/** NFKC (half width), dashes unified to `-`, without any blank: for comparing, never for keeping. */
export function squeezed(text: string): string {
  return tidy(text)
    .normalize('NFKC')
    .replace(BLANKS, '')
    .replace(/[‐‑‒–—―−─﹣－]/gu, '-');
}

/** True for an empty cell and for the marks that stand for one: — —, /, 无, N/A, NULL, \n … */
export function isMissing(text: string): boolean {
  if (text.length > 24) return false;
  return text === '' || MISSING.has(squeezed(text).toLowerCase());
}

/**
 * A document number in one spelling, so that one document stays one record:
 * half width, no blanks, every bracket a 〔〕, dashes unified, upper case.
 */
export function canonicalDocumentNumber(text: string): string {
  return squeezed(text)
    .replace(/[([{<【《〈「『〖]/gu, '〔')
    .replace(/[)\]}>】》〉」』〗]/gu, '〕')
    .toUpperCase();
}

/** A name in one spelling: half-width letters and digits, full-width brackets as they are written in Chinese. */
export function canonicalName(text: string): string {
  return tidy(text)
    .normalize('NFKC')
    .replace(/\(/gu, '（')
    .replace(/\)/gu, '）')
    .replace(/(?<=[\p{Script=Han}（）])\s+|\s+(?=[\p{Script=Han}（）])/gu, '');
}

/**
 * Free text kept as it was written, apart from blanks at the ends, control
 * characters, and the apostrophe that keeps a report's text from being a formula.
 */
export function canonicalText(text: string): string {
  return text
    .replace(CONTROLS, '')
    .replace(/\r\n?/gu, '\n')
    .replace(/^[\s\u3000\ufeff]+|[\s\u3000\ufeff]+$/gu, '')
    .replace(/^'(?=\s*[=+\-@|%])/u, '')
    .normalize('NFC');
}
