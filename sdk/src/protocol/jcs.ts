import canonicalizeModule from 'canonicalize';
import { LedgerError } from './errors.ts';

// The package is CommonJS and its types describe an ES module's default export.
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined;

const encoder = new TextEncoder();

// The package drops or replaces what JSON cannot say inside objects and arrays: two values would share
// a hash. So that is refused first.
function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || (!('toJSON' in value) && Object.values(value).every(isJson));
    default:
      return false;
  }
}

/**
 * RFC 8785 (JCS) bytes of a JSON value: what is signed and hashed (protocol §2).
 * @throws LedgerError JSON_NOT_CANONICAL for what JSON cannot say (undefined, NaN, bigint)
 */
export function canonicalBytes(value: unknown): Uint8Array {
  if (!isJson(value)) throw notCanonical();
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw notCanonical(cause);
  }
  if (text === undefined) throw notCanonical();
  return encoder.encode(text);
}

function notCanonical(cause?: unknown): LedgerError {
  return new LedgerError(
    'JSON_NOT_CANONICAL',
    { en: 'The value has no canonical JSON form.', zh: '该值没有规范的 JSON 形式。' },
    {},
    { cause },
  );
}
