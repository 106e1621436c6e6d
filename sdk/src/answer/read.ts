import { BASE_FIELD_MODULUS, FIELD_MODULUS, type Hex, LedgerError, type Message } from '../protocol/index.ts';

/** Why a document cannot be read; each is a reason of the check `format`. */
export type FormatCode =
  | 'FORMAT_NOT_JSON'
  | 'FORMAT_RESPELLED'
  | 'FORMAT_FIELD_MISSING'
  | 'FORMAT_FIELD_UNKNOWN'
  | 'FORMAT_FIELD_MALFORMED';

const MESSAGES: Readonly<Record<FormatCode, Message>> = {
  FORMAT_NOT_JSON: { en: 'The document is not JSON.', zh: '文件不是 JSON。' },
  FORMAT_RESPELLED: {
    en: 'The JSON has a key twice, or writes a number or a text in another way than the one allowed.',
    zh: 'JSON 有重复的键，或数字、文本的写法不是唯一允许的写法。',
  },
  FORMAT_FIELD_MISSING: { en: 'A field is missing.', zh: '缺少字段。' },
  FORMAT_FIELD_UNKNOWN: {
    en: 'There is a field that the format does not have.',
    zh: '存在格式未定义的字段。',
  },
  FORMAT_FIELD_MALFORMED: {
    en: 'A field is not written in the one way that the format allows.',
    zh: '字段的写法不是格式允许的唯一写法。',
  },
};

function refuse(code: FormatCode, path: string, expected?: string): never {
  throw new LedgerError(code, MESSAGES[code], expected === undefined ? { path } : { path, expected });
}

/** Reads a value strictly: one spelling, or a LedgerError that names the path. */
export type Reader<T> = (value: unknown, path: string) => T;
export type ReadBy<R> = R extends Reader<infer T> ? T : never;

type Shape = Readonly<Record<string, Reader<unknown>>>;
type FromShape<S extends Shape> = { readonly [K in keyof S]: ReadBy<S[K]> };

function fieldsOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('FORMAT_FIELD_MALFORMED', path, 'object');
  }
  return value as Readonly<Record<string, unknown>>;
}

/** An object with exactly these fields. The result is a copy, so that nothing can change it after it was read. */
export function object<S extends Shape>(shape: S): Reader<FromShape<S>> {
  return (value, path) => {
    const given = fieldsOf(value, path);
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(shape, name)) refuse('FORMAT_FIELD_UNKNOWN', at(name));
    }
    // Not by assignment: a field named __proto__ would vanish, and what is shown would not be what is hashed.
    return Object.fromEntries(
      Object.entries(shape).map(([name, reader]) => {
        if (!Object.hasOwn(given, name)) refuse('FORMAT_FIELD_MISSING', at(name));
        return [name, reader(given[name], at(name))];
      }),
    ) as FromShape<S>;
  };
}

/** A value that may be null instead. */
export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null ? null : reader(value, path));
}

/** An array of `min` to `max` items. */
export function list<T>(item: Reader<T>, min: number, max: number): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      return refuse(
        'FORMAT_FIELD_MALFORMED',
        path,
        min === max ? `array of ${min}` : `array of ${min} to ${max}`,
      );
    }
    return Array.from(value as readonly unknown[], (each, i) => item(each, `${path}[${i}]`));
  };
}

/** An array of exactly two. */
export function pair<T>(item: Reader<T>): Reader<readonly [T, T]> {
  const two = list(item, 2, 2);
  return (value, path) => two(value, path) as unknown as readonly [T, T];
}

export function literal<const T extends string | number>(...allowed: readonly T[]): Reader<T> {
  return (value, path) =>
    allowed.includes(value as T) ? (value as T) : refuse('FORMAT_FIELD_MALFORMED', path, allowed.join(' | '));
}

export const boolean: Reader<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse('FORMAT_FIELD_MALFORMED', path, 'true | false');

/** A whole JSON number from 0 to `max`. */
export function integer(max: number): Reader<number> {
  return (value, path) =>
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    value >= 0 &&
    value <= max &&
    !Object.is(value, -0)
      ? value
      : refuse('FORMAT_FIELD_MALFORMED', path, `whole number from 0 to ${max}`);
}

/** Seconds since 1970. */
export const unixSeconds: Reader<number> = integer(Number.MAX_SAFE_INTEGER);

function text(pattern: RegExp, expected: string): Reader<string> {
  return (value, path) =>
    typeof value === 'string' && pattern.test(value)
      ? value
      : refuse('FORMAT_FIELD_MALFORMED', path, expected);
}

/** A text for people, of 0 to `max` UTF-16 units. */
export function words(max: number): Reader<string> {
  return (value, path) =>
    typeof value === 'string' && value.length <= max
      ? value
      : refuse('FORMAT_FIELD_MALFORMED', path, `text of at most ${max} characters`);
}

/** A text of one exact form. */
export function pattern(form: RegExp, expected: string): Reader<string> {
  return text(form, expected);
}

/** An integer as a decimal text without leading zeros, below 2^bits. */
export function decimal(bits: number): Reader<string> {
  const spelled = text(/^(0|[1-9][0-9]{0,77})$/, 'decimal digits without leading zeros');
  return (value, path) => {
    const digits = spelled(value, path);
    return BigInt(digits) < 1n << BigInt(bits)
      ? digits
      : refuse('FORMAT_FIELD_MALFORMED', path, `integer below 2^${bits}`);
  };
}

function hex(bytes: number): Reader<Hex> {
  const digits = bytes * 2;
  return text(new RegExp(`^0x[0-9a-f]{${digits}}$`), `0x and ${digits} lower-case digits`) as Reader<Hex>;
}

/** 32 bytes. */
export const bytes32: Reader<Hex> = hex(32);
export const bits64: Reader<Hex> = hex(8);
export const bits16: Reader<Hex> = hex(2);
export const address: Reader<Hex> = hex(20);

function below(modulus: bigint, name: string): Reader<Hex> {
  return (value, path) => {
    const spelled = bytes32(value, path);
    return BigInt(spelled) < modulus ? spelled : refuse('FORMAT_FIELD_MALFORMED', path, `below ${name}`);
  };
}

/** An element of the scalar field: below r. */
export const fieldElement: Reader<Hex> = below(FIELD_MODULUS, 'r');
/** A coordinate of a proof point: below q. */
export const coordinate: Reader<Hex> = below(BASE_FIELD_MODULUS, 'q');
/** 248 random bits. */
export const nonce: Reader<Hex> = below(1n << 248n, '2^248');

const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** An ECDSA signature r, s, v over secp256k1 with the low s, v 27 or 28. */
export const signature: Reader<Hex> = (value, path) => {
  const spelled = hex(65)(value, path);
  const r = BigInt(`0x${spelled.slice(2, 66)}`);
  const s = BigInt(`0x${spelled.slice(66, 130)}`);
  const v = spelled.slice(130);
  const good =
    r > 0n && r < SECP256K1_ORDER && s > 0n && s <= SECP256K1_ORDER / 2n && (v === '1b' || v === '1c');
  return good ? spelled : refuse('FORMAT_FIELD_MALFORMED', path, 'signature with low s and v 27 or 28');
};

/** Longest text of a document that is read at all. */
export const MAX_DOCUMENT_CHARACTERS = 4_000_000;

/**
 * JSON text to a value, refusing what JSON.parse would silently mend: a key given twice,
 * another spelling of a number (1.0, 1e0) or of a character (\u0061). White space between
 * tokens is free.
 * @throws LedgerError FORMAT_NOT_JSON, FORMAT_RESPELLED
 */
export function parseJsonStrictly(json: string): unknown {
  if (json.length > MAX_DOCUMENT_CHARACTERS) refuse('FORMAT_NOT_JSON', '', 'a shorter document');
  let value: unknown;
  let respelled: string;
  try {
    value = JSON.parse(json);
    // Throws for what is nested so deep that no document is.
    respelled = JSON.stringify(value);
  } catch (cause) {
    throw new LedgerError('FORMAT_NOT_JSON', MESSAGES.FORMAT_NOT_JSON, {}, { cause });
  }
  const tight = json.replace(
    /("(?:[^"\\]|\\.)*")|[\t\n\r ]+/g,
    (_, quoted: string | undefined) => quoted ?? '',
  );
  if (respelled !== tight) refuse('FORMAT_RESPELLED', '');
  return value;
}
