import { BASE_FIELD_MODULUS } from '@credit-ledger/sdk/protocol';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A document that somebody tampered with, and how. */
export interface Forgery {
  readonly what: string;
  readonly document: unknown;
}

const SIGNATURE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Every way to alter, re-spell or remove one field of an answer, and the well-known ways to
 * write the same proof or signature differently. The checkpoint that it may carry is left alone:
 * it is signed by others.
 */
export function* forgeriesOf(answer: unknown): Generator<Forgery> {
  const original = answer as Json;
  for (const path of leavesOf(original, [])) {
    const name = path.join('.');
    const value = at(original, path);
    yield { what: `altered ${name}`, document: replaced(original, path, altered(value)) };
    const spelled = respelled(value);
    if (spelled !== undefined)
      yield { what: `re-spelled ${name}`, document: replaced(original, path, spelled) };
  }
  for (const path of membersOf(original, [])) {
    yield { what: `removed ${path.join('.')}`, document: replaced(original, path, undefined) };
  }
  yield { what: 'proof as (−A, −B)', document: negated(original) };
  for (const path of [
    ['responder', 'signature'],
    ['request', 'signature'],
  ]) {
    const signature = at(original, path);
    if (typeof signature === 'string') {
      yield { what: `high s in ${path.join('.')}`, document: replaced(original, path, highS(signature)) };
    }
  }
}

type Path = readonly (string | number)[];

function* leavesOf(value: Json, path: Path): Generator<Path> {
  if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) {
      if (path.length === 0 && name === 'checkpoint') continue;
      yield* leavesOf(childOf(value, name), [...path, name]);
    }
  } else yield path;
}

function* membersOf(value: Json, path: Path): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const name of Object.keys(value)) {
    yield [...path, name];
    if (path.length === 0 && name === 'checkpoint') continue;
    yield* membersOf(childOf(value, name), [...path, name]);
  }
}

function childOf(value: Json, name: string | number): Json {
  return (value as Record<string, Json>)[name] ?? null;
}

function at(value: Json, path: Path): Json {
  return path.reduce<Json>((inner, name) => childOf(inner, name), value);
}

function replaced(value: Json, path: Path, by: Json | undefined): Json {
  const copy = structuredClone(value);
  const parent = at(copy, path.slice(0, -1)) as Record<string, Json>;
  const name = String(path.at(-1));
  if (by !== undefined) parent[name] = by;
  else if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else delete parent[name];
  return copy;
}

function altered(value: Json): Json {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value !== 'string') return 'x';
  if (/^0x[0-9a-f]+$/.test(value)) {
    const middle = Math.floor(value.length / 2);
    return `${value.slice(0, middle)}${value[middle] === '7' ? '8' : '7'}${value.slice(middle + 1)}`;
  }
  return /^\d+$/.test(value) ? (BigInt(value) + 1n).toString() : `${value}x`;
}

/** Another spelling of the same value. */
function respelled(value: Json): Json | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return undefined;
  if (/^0x[0-9a-f]*[a-f]/.test(value)) return `0x${value.slice(2).toUpperCase()}`;
  if (/^0x0*[0-9]+$/.test(value)) return `0x00${value.slice(2)}`;
  return /^\d+$/.test(value) ? `0${value}` : undefined;
}

/** The same statement proved by another spelling of the proof: it holds as well. */
function negated(answer: Json): Json {
  const copy = structuredClone(answer) as { proof: { a: string[]; b: string[][] } };
  const minus = (word = '0x0'): string =>
    `0x${((BASE_FIELD_MODULUS - BigInt(word)) % BASE_FIELD_MODULUS).toString(16).padStart(64, '0')}`;
  copy.proof.a = [copy.proof.a[0] ?? '', minus(copy.proof.a[1])];
  copy.proof.b = [copy.proof.b[0] ?? [], (copy.proof.b[1] ?? []).map(minus)];
  return copy as unknown as Json;
}

function highS(signature: string): string {
  const s = SIGNATURE_ORDER - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith('1b') ? '1c' : '1b';
  return `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}`;
}
