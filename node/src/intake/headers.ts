import type { AmountUnit } from './amounts.ts';

/**
 * A column name without what exports and officers do to it: width, case,
 * blanks and line breaks, brackets, underscores, asterisks, and 非法财务 for
 * 非法财物.
 */
export function headerKey(header: string): string {
  return header
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\u200b-\u200f\ufeff]+/gu, '')
    .replace(/[*()[\]{}<>《》〈〉【】〔〕「」_\-‐-―—:：;；,，、.。/\\"'“”‘’·※#]/gu, '')
    .replace(/必填项?$|^必填项?|选填项?$/gu, '')
    .replace(/非法财务/gu, '非法财物');
}

const BRACKETED = /[(（[【〔][^)）\]】〕]*[)）\]】〕]/gu;
const UNIT_AT_END = /(亿元|万元|元)$/u;

/** The keys under which a header may be known, the most exact first. */
export function headerKeys(header: string): readonly string[] {
  const full = headerKey(header);
  const withoutBrackets = headerKey(header.replace(BRACKETED, ''));
  const keys = [
    full,
    withoutBrackets,
    full.replace(UNIT_AT_END, ''),
    withoutBrackets.replace(UNIT_AT_END, ''),
  ];
  return [...new Set(keys.filter((key) => key !== ''))];
}

/** The unit that a header states, `（元）` for one; null when it states none. */
export function unitOfHeader(header: string): AmountUnit | null {
  const match =
    UNIT_AT_END.exec(headerKey(header)) ??
    /[(（](?:单位[:：]?)?(?:人民币)?(亿元|万元|元)[)）]/u.exec(header.normalize('NFKC'));
  return (match?.[1] as AmountUnit | undefined) ?? null;
}
