import { LedgerError, type Message } from '@credit-ledger/sdk/protocol';

export interface JsonLimits {
  /** How deep objects and lists may be nested. */
  readonly depth: number;
  /** How many names and values there may be in all. */
  readonly parts: number;
}

/** No document of ours comes near. */
export const JSON_LIMITS: JsonLimits = { depth: 40, parts: 200_000 };

/**
 * Reads JSON that a stranger wrote. Beyond what JSON.parse refuses: nesting and number of parts have a
 * limit that is looked at before anything is built, a name may stand once in an object (two readers
 * would take different ones), and `__proto__` is no name.
 * Errors: `BODY_MALFORMED`, `BODY_TOO_COMPLEX`, `BODY_AMBIGUOUS`.
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits = JSON_LIMITS): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused('BODY_MALFORMED', { en: 'The text is not UTF-8.', zh: '文本不是 UTF-8 编码。' });
  }
  look(text, limits);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refused('BODY_MALFORMED', { en: 'The text is not JSON.', zh: '文本不是 JSON。' });
  }
}

/** One pass over the text. What is no JSON at all it may misread: JSON.parse has the last word. */
function look(text: string, limits: JsonLimits): void {
  // A set for an object: its names so far; undefined for a list.
  const open: (Set<string> | undefined)[] = [];
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        open.push(text[at] === '{' ? new Set() : undefined);
        if (open.length > limits.depth) throw tooComplex('depth', limits.depth);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        break;
      case 0x2c: // ,
      case 0x3a: // :
        parts += 1;
        if (parts > limits.parts) throw tooComplex('parts', limits.parts);
        break;
      case 0x22: {
        const end = endOfText(text, at);
        const names = open.at(-1);
        if (names !== undefined && isName(text, end)) noteName(names, text.slice(at, end + 1));
        at = end;
        break;
      }
    }
  }
}

/** Where the text that begins here ends: at its closing quotation mark, or with the document. */
function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at;
    if (code === 0x5c) at += 1;
  }
  return text.length;
}

function isName(text: string, end: number): boolean {
  let at = end + 1;
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at += 1;
  return text[at] === ':';
}

function noteName(names: Set<string>, quoted: string): void {
  let name: string;
  try {
    // Spelled with escapes it is the same name.
    name = quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
  } catch {
    throw refused('BODY_MALFORMED', { en: 'The text is not JSON.', zh: '文本不是 JSON。' });
  }
  if (name === '__proto__') {
    throw refused('BODY_AMBIGUOUS', {
      en: 'A name in the JSON is “__proto__”, which no document has.',
      zh: 'JSON 中出现不允许的字段名“__proto__”。',
    });
  }
  if (names.has(name)) {
    // Not which: it is a stranger's text.
    throw refused('BODY_AMBIGUOUS', {
      en: 'A name stands twice in one object of the JSON; write each once.',
      zh: 'JSON 的同一对象中字段名重复，请保留一个。',
    });
  }
  names.add(name);
}

function tooComplex(what: 'depth' | 'parts', most: number): LedgerError {
  return refused(
    'BODY_TOO_COMPLEX',
    what === 'depth'
      ? { en: `The JSON is nested deeper than ${most}.`, zh: `JSON 嵌套超过 ${most} 层。` }
      : {
          en: `The JSON has more than ${most} parts; send fewer at a time.`,
          zh: `JSON 超过 ${most} 项，请分次发送。`,
        },
    { what, most },
  );
}

function refused(
  code: string,
  message: Message,
  operands: Record<string, string | number> = {},
): LedgerError {
  return new LedgerError(code, message, operands);
}
