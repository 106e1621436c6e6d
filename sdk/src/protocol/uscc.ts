import { LedgerError, type Message } from './errors.ts';
import type { Brand } from './field.ts';

/** A unified social credit code, canonical (18 upper-case half-width characters) and checked. */
export type Uscc = Brand<string, 'Uscc'>;

/** The 31 characters of GB 32100-2015: no I, O, S, V, Z. */
export const USCC_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] as const;
const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2] as const;
/** Registering authority and category (GB 32100-2015, positions 1 and 2), as loosely as registries use them. */
const PREFIX = /^[1-9ANY][1-59]$/;

export type UsccCode =
  'USCC_LENGTH' | 'USCC_CHARACTER' | 'USCC_PREFIX' | 'USCC_ORGANISATION_CHECK' | 'USCC_CHECK';

export type UsccCheck =
  | { readonly ok: true; readonly uscc: Uscc }
  | { readonly ok: false; readonly code: UsccCode; readonly canonical: string; readonly message: Message };

const MESSAGES: Record<UsccCode, Message> = {
  USCC_LENGTH: {
    en: 'A unified social credit code has 18 characters.',
    zh: '统一社会信用代码应为 18 位。',
  },
  USCC_CHARACTER: {
    en: 'A unified social credit code holds digits and capital letters without I, O, S, V, Z.',
    zh: '统一社会信用代码只含数字和大写字母（不含 I、O、S、V、Z）。',
  },
  USCC_PREFIX: {
    en: 'The first two characters name no registering authority and category.',
    zh: '统一社会信用代码第 1–2 位不是有效的登记管理部门和机构类别。',
  },
  USCC_ORGANISATION_CHECK: {
    en: 'The check character of the organisation code (position 17) is wrong.',
    zh: '组织机构代码校验位（第 17 位）不正确。',
  },
  USCC_CHECK: {
    en: 'The check character (position 18) is wrong.',
    zh: '校验位（第 18 位）不正确。',
  },
};

/** Half width, upper case, without surrounding or inner white space. Nothing else is mended. */
export function canonicalUscc(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\s\u200b\ufeff]+/gu, '')
    .toUpperCase();
}

/** Checks both check characters and the prefix (GB 32100-2015, GB 11714). Never throws. */
export function checkUscc(text: string): UsccCheck {
  const canonical = canonicalUscc(text);
  const fail = (code: UsccCode): UsccCheck => ({ ok: false, code, canonical, message: MESSAGES[code] });
  if (canonical.length !== 18) return fail('USCC_LENGTH');
  if ([...canonical].some((c) => !USCC_ALPHABET.includes(c))) return fail('USCC_CHARACTER');
  // All zeros satisfy both checksums, so the prefix is not decoration.
  if (!PREFIX.test(canonical.slice(0, 2))) return fail('USCC_PREFIX');
  if (organisationCheck(canonical.slice(8, 16)) !== canonical[16]) return fail('USCC_ORGANISATION_CHECK');
  if (usccCheckCharacter(canonical.slice(0, 17)) !== canonical[17]) return fail('USCC_CHECK');
  return { ok: true, uscc: canonical as Uscc };
}

/** The canonical code. @throws LedgerError with one of the USCC_… codes */
export function parseUscc(text: string): Uscc {
  const check = checkUscc(text);
  if (!check.ok) throw new LedgerError(check.code, check.message, { read: check.canonical.slice(0, 32) });
  return check.uscc;
}

/** Check character 18 of the first 17 characters (GB 32100-2015). */
export function usccCheckCharacter(first17: string): string {
  const sum = WEIGHTS.reduce(
    (total, weight, i) => total + weight * USCC_ALPHABET.indexOf(first17.charAt(i)),
    0,
  );
  return USCC_ALPHABET.charAt((31 - (sum % 31)) % 31);
}

/** Check character of an 8-character organisation code (GB 11714): 0–9 or X. */
export function organisationCheck(first8: string): string {
  const sum = ORGANISATION_WEIGHTS.reduce(
    (total, weight, i) => total + weight * parseInt(first8.charAt(i), 36),
    0,
  );
  const rest = 11 - (sum % 11);
  return rest === 10 ? 'X' : rest === 11 ? '0' : String(rest);
}

/** The code as a number in base 31, most significant character first (protocol §3); below 2^90. */
export function usccNumber(uscc: Uscc): bigint {
  let value = 0n;
  for (const c of uscc) value = value * 31n + BigInt(USCC_ALPHABET.indexOf(c));
  return value;
}

/** The six-digit region segment (GB/T 2260 when the code was issued). */
export function regionSegment(uscc: Uscc): string {
  return uscc.slice(2, 8);
}
