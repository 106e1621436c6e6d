const DIGITS: Readonly<Record<string, number>> = {
  〇: 0,
  零: 0,
  '○': 0,
  '◯': 0,
  Ｏ: 0,
  O: 0,
  一: 1,
  壹: 1,
  弌: 1,
  二: 2,
  贰: 2,
  貳: 2,
  两: 2,
  三: 3,
  叁: 3,
  參: 3,
  四: 4,
  肆: 4,
  五: 5,
  伍: 5,
  六: 6,
  陆: 6,
  陸: 6,
  七: 7,
  柒: 7,
  八: 8,
  捌: 8,
  九: 9,
  玖: 9,
};
const UNITS: Readonly<Record<string, bigint>> = {
  十: 10n,
  拾: 10n,
  百: 100n,
  佰: 100n,
  千: 1000n,
  仟: 1000n,
};
const MYRIADS: Readonly<Record<string, bigint>> = {
  万: 10_000n,
  萬: 10_000n,
  亿: 100_000_000n,
  億: 100_000_000n,
};

/** Every character that can stand in a Chinese numeral. */
export const NUMERAL_CLASS = '〇零○◯一壹弌二贰貳两三叁參四肆五伍六陆陸七柒八捌九玖';
export const NUMERAL_UNIT_CLASS = '十拾百佰千仟廿卅';

/** 二〇二〇 → "2020", digit by digit; null when a character is not a digit. */
export function digitsOfChinese(text: string): string | null {
  let result = '';
  for (const c of text) {
    const digit = /\d/u.test(c) ? Number(c) : DIGITS[c];
    if (digit === undefined) return null;
    result += String(digit);
  }
  return result === '' ? null : result;
}

/**
 * A whole number written with units: 三十一 → 31, 二千零二十 → 2020, 五万 → 50000,
 * 廿一 → 21; plain digits are read as they stand. Null when it is no numeral.
 */
export function integerOfChinese(text: string): bigint | null {
  if (/^\d{1,18}$/u.test(text)) return BigInt(text);
  const spelled = text.replace(/廿/gu, '二十').replace(/卅/gu, '三十');
  if (spelled === '' || spelled.length > 40) return null;
  let total = 0n;
  let section = 0n;
  let digit: bigint | null = null;
  for (const c of spelled) {
    const value = DIGITS[c];
    const unit = UNITS[c];
    const myriad = MYRIADS[c];
    if (value !== undefined) {
      // Two digits in a row, apart from a zero that only bridges, are not a numeral with units.
      if (digit !== null && digit !== 0n) return null;
      digit = BigInt(value);
    } else if (unit !== undefined) {
      section += (digit ?? 1n) * unit;
      digit = null;
    } else if (myriad !== undefined) {
      section += digit ?? 0n;
      if (section + total === 0n) return null;
      total = myriad === 10_000n ? total + section * myriad : (total + section) * myriad;
      section = 0n;
      digit = null;
    } else return null;
  }
  return total + section + (digit ?? 0n);
}
