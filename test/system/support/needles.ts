import { createHash } from 'node:crypto';
import { H1, H2, H3, H4, type Uscc, usccNumber } from '@credit-ledger/sdk/protocol';
import { keccak256, toHex } from 'viem';

/** Something that must not be found on a chain: what it is, and its bytes as hexadecimal digits. */
export interface Needle {
  readonly what: string;
  readonly digits: string;
}

/** Shorter texts are found by chance. Two Chinese characters are six bytes. */
export const LEAST_BYTES = 6;
const INDEXED_DIGITS = LEAST_BYTES * 2;
const CLASSES = [1n, 2n, 3n];
const WORD_BYTES = 32;

/** A text in every form in which it could have been put on a chain without a secret: itself, and its hashes. */
export function needlesOfText(text: string): Needle[] {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length < LEAST_BYTES) return [];
  const padded = new Uint8Array(Math.ceil(bytes.length / WORD_BYTES) * WORD_BYTES);
  padded.set(bytes);
  return [
    { what: `${text}, as it is`, digits: bare(toHex(bytes)) },
    ...hashesOf(text, bytes),
    ...(padded.length === bytes.length ? [] : hashesOf(`${text}, padded to words`, padded)),
  ];
}

/** A credit code in every such form: as a text, as the number that circuits take, and that number’s hashes. */
export function needlesOfCode(uscc: Uscc): Needle[] {
  const number = usccNumber(uscc);
  const poseidons: readonly (readonly [string, bigint])[] = [
    ['the number', number],
    ['H1 of the number', H1(number)],
    ...CLASSES.flatMap((ledgerClass): [string, bigint][] => [
      [`H2 of number and class ${ledgerClass}`, H2(number, ledgerClass)],
      [`the subject key of class ${ledgerClass} without a secret`, H4(2n, number, ledgerClass, 0n)],
    ]),
    ['the subject tag without a nonce', H3(3n, number, 0n)],
  ];
  const word = toHex(number, { size: WORD_BYTES });
  return [
    ...needlesOfText(uscc),
    ...needlesOfText(uscc.toLowerCase()),
    ...hashesOf(`${uscc} as a number`, Buffer.from(bare(word), 'hex')),
    ...poseidons.flatMap(([name, value]) => {
      const digits = bare(toHex(value, { size: WORD_BYTES }));
      // What is cut to 248 bits, as subject keys are, keeps the low ones; the number itself is shorter still.
      const shortest = value === number ? digits.replace(/^(00)+/, '') : digits.slice(2);
      return [{ what: `${name} of ${uscc}`, digits: shortest }];
    }),
  ];
}

/** Which needles are in a text of hexadecimal digits, in which parts are set apart by `|`. */
export function findNeedles(digits: string, needles: readonly Needle[]): string[] {
  const byStart = new Map<string, Needle[]>();
  for (const needle of needles) {
    const start = needle.digits.slice(0, INDEXED_DIGITS);
    byStart.set(start, [...(byStart.get(start) ?? []), needle]);
  }
  const found = new Set<string>();
  for (const part of digits.split('|')) {
    for (let at = 0; at + INDEXED_DIGITS <= part.length; at += 2) {
      for (const needle of byStart.get(part.slice(at, at + INDEXED_DIGITS)) ?? []) {
        if (part.startsWith(needle.digits, at)) found.add(needle.what);
      }
    }
  }
  return [...found];
}

function hashesOf(what: string, bytes: Uint8Array): Needle[] {
  return [
    { what: `keccak-256 of ${what}`, digits: bare(keccak256(bytes)) },
    { what: `SHA-256 of ${what}`, digits: createHash('sha256').update(bytes).digest('hex') },
    { what: `SM3 of ${what}`, digits: createHash('sm3').update(bytes).digest('hex') },
  ];
}

function bare(hex: string): string {
  return hex.slice(2);
}
