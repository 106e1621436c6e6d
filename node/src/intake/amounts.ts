import { decimalText, parseDecimal, parseSpreadsheetNumber, type Decimal } from './decimals.ts';
import { integerOfChinese } from './numerals.ts';
import { isMissing, squeezed } from './text.ts';

/** What a number without a unit counts in: the templates say 万元. */
export type AmountUnit = '元' | '万元' | '亿元';

export type AmountCode =
  | 'AMOUNT_UNREADABLE'
  | 'AMOUNT_NEGATIVE'
  | 'AMOUNT_FINER_THAN_FEN'
  | 'AMOUNT_SEPARATORS'
  | 'AMOUNT_UNIT_UNCLEAR'
  | 'AMOUNT_FOREIGN_CURRENCY'
  | 'AMOUNT_TOO_LARGE';

export type AmountReading =
  | { readonly verdict: 'accept'; readonly fen: bigint }
  | { readonly verdict: 'missing' }
  | { readonly verdict: 'issue'; readonly code: AmountCode; readonly suggestion: string | null };

const FEN_PER_UNIT_EXPONENT: Readonly<Record<AmountUnit, number>> = { 元: 2, 万元: 6, 亿元: 10 };
/** The entry holds amounts in 64 bits (protocol §4). */
const MAX_FEN = (1n << 64n) - 1n;

const SHAPE =
  /^(?:人民币|RMB|CNY)?([¥￥]?)([+-]?(?:[\d,]+(?:\.\d*)?|\.\d+)(?:E[+-]?\d{1,3})?|[一二三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟两〇零]+?)(亿元|亿|万元|万|元|圆)?(?:人民币)?(?:整|正)?$/u;
const SPELLED =
  /^(?:人民币)?([〇零一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟]+)(?:元|圆)(?:整|正)?$/u;

/**
 * Reads an amount exactly, in fen: decimal strings and integers only, never a
 * float. A unit in the text wins over the column's; a currency sign without a
 * unit in a column of 万元 has two readings and is not decided here.
 */
export function readAmount(raw: string, columnUnit: AmountUnit): AmountReading {
  if (isMissing(raw)) return { verdict: 'missing' };
  const text = squeezed(raw)
    .replace(/[，、](?=\d{3})/gu, ',')
    .toUpperCase();
  if (/USD|US\$|\$|EUR|€|HKD|HK|港元|港币|美元|欧元|日元|英镑/u.test(text))
    return issue('AMOUNT_FOREIGN_CURRENCY');
  const spelled = SPELLED.exec(text);
  if (spelled?.[1] !== undefined) {
    const yuan = integerOfChinese(spelled[1]);
    return yuan === null ? issue('AMOUNT_UNREADABLE') : inFen({ digits: yuan, scale: 0 }, '元');
  }
  const match = SHAPE.exec(text);
  if (match === null) return issue('AMOUNT_UNREADABLE');
  const [, sign = '', figures = '', unitText] = match;
  const unit: AmountUnit =
    unitText === undefined
      ? columnUnit
      : unitText.startsWith('亿')
        ? '亿元'
        : unitText.startsWith('万')
          ? '万元'
          : '元';
  if (sign !== '' && unitText === undefined && columnUnit !== '元')
    return issue('AMOUNT_UNIT_UNCLEAR', `${figures}元`);
  if (figures.includes(',') && !/^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/u.test(figures))
    return issue('AMOUNT_SEPARATORS');
  const spelledFigures = /^[\d.,+\-E]+$/u.test(figures) ? null : integerOfChinese(figures);
  const value =
    spelledFigures !== null
      ? { digits: spelledFigures, scale: 0 }
      : parseDecimal(figures.replaceAll(',', ''));
  return value === null ? issue('AMOUNT_UNREADABLE') : inFen(value, unit);
}

/** Reads a number cell of a workbook: 15 significant digits, then exactly as text. */
export function readNumberAmount(text: string, columnUnit: AmountUnit): AmountReading {
  const value = parseSpreadsheetNumber(text);
  return value === null ? issue('AMOUNT_UNREADABLE') : inFen(value, columnUnit);
}

/** Fen as a decimal of yuan, for people: 123456 → "1234.56". */
export function yuanOfFen(fen: bigint): string {
  return decimalText({ digits: fen, scale: 2 });
}

function inFen(value: Decimal, unit: AmountUnit): AmountReading {
  if (value.digits < 0n) return issue('AMOUNT_NEGATIVE');
  const exponent = FEN_PER_UNIT_EXPONENT[unit] - value.scale;
  const divisor = exponent < 0 ? 10n ** BigInt(-exponent) : 1n;
  const scaled = exponent > 0 ? value.digits * 10n ** BigInt(exponent) : value.digits;
  if (scaled % divisor !== 0n) {
    const rounded = (scaled + divisor / 2n) / divisor;
    return issue('AMOUNT_FINER_THAN_FEN', `${yuanOfFen(rounded)}元`);
  }
  const fen = scaled / divisor;
  return fen > MAX_FEN ? issue('AMOUNT_TOO_LARGE') : { verdict: 'accept', fen };
}

function issue(code: AmountCode, suggestion: string | null = null): AmountReading {
  return { verdict: 'issue', code, suggestion };
}
