/** An exact decimal: value = digits × 10^−scale. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/u;
/** A spreadsheet shows and keeps 15 significant digits; what its files hold beyond is noise of the binary form. */
const SPREADSHEET_DIGITS = 15;

/** Reads `12`, `-0.50`, `.5`, `1.2E-3` exactly; null for anything else. */
export function parseDecimal(text: string): Decimal | null {
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const whole = match[2] ?? '';
  const fraction = match[3] ?? '';
  if (whole + fraction === '' || whole.length + fraction.length > 60) return null;
  const magnitude = BigInt(whole + fraction);
  return atScale(match[1] === '-' ? -magnitude : magnitude, fraction.length - Number(match[4] ?? 0));
}

/** A number cell of a workbook as the decimal that was typed: rounded to 15 significant digits, by string arithmetic. */
export function parseSpreadsheetNumber(text: string): Decimal | null {
  const exact = parseDecimal(text);
  if (exact === null) return null;
  const negative = exact.digits < 0n;
  const figures = (negative ? -exact.digits : exact.digits).toString();
  const excess = figures.length - SPREADSHEET_DIGITS;
  if (excess <= 0) return exact;
  const unit = 10n ** BigInt(excess);
  const rounded = (BigInt(figures) + unit / 2n) / unit;
  return atScale(negative ? -rounded : rounded, exact.scale - excess);
}

/** The decimal as plain text, without an exponent and without trailing zeros. */
export function decimalText({ digits, scale }: Decimal): string {
  const negative = digits < 0n;
  const figures = (negative ? -digits : digits).toString().padStart(scale + 1, '0');
  const whole = figures.slice(0, figures.length - scale);
  const fraction = scale === 0 ? '' : figures.slice(-scale).replace(/0+$/u, '');
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

function atScale(digits: bigint, scale: number): Decimal {
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}
