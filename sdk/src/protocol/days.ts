import { LedgerError } from './errors.ts';
import type { Brand } from './field.ts';

/** A civil day at UTC+8, counted from 1970-01-01 (protocol §2). */
export type Day = Brand<number, 'Day'>;

/** "No end": the largest day that an entry can hold (protocol §4). */
export const OPEN_END = 1_048_575 as Day;

const ISO_DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const UTC8_SECONDS = 8 * 3600;
const DAY_SECONDS = 86_400;

/**
 * The day of a date written YYYY-MM-DD.
 * @throws LedgerError DATE_INVALID for another spelling, an impossible date, or one before 1970
 */
export function dayOfDate(date: string): Day {
  const match = ISO_DATE.exec(date);
  const time = match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) : NaN;
  if (Number.isNaN(time) || time < 0 || new Date(time).toISOString().slice(0, 10) !== date) {
    throw new LedgerError(
      'DATE_INVALID',
      {
        en: 'Expected a real date from 1970 on, written YYYY-MM-DD.',
        zh: '应为 1970 年以后的有效日期，格式 YYYY-MM-DD。',
      },
      { date },
    );
  }
  return (time / 1000 / DAY_SECONDS) as Day;
}

/** A day as YYYY-MM-DD. */
export function dateOfDay(day: Day): string {
  return new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
}

/** The civil day at UTC+8 of a moment in seconds since the epoch. */
export function dayAt(unixSeconds: number | bigint): Day {
  return Number((BigInt(unixSeconds) + BigInt(UTC8_SECONDS)) / BigInt(DAY_SECONDS)) as Day;
}

/**
 * The day whole months later: the day of the same number, or the last of a shorter month
 * (2024-08-31 and 6 months: 2025-02-28). Never beyond OPEN_END, the largest day that there is.
 */
export function addMonths(day: Day, months: number): Day {
  const date = new Date(day * DAY_SECONDS * 1000);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + months;
  const lastOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const time = Date.UTC(year, month, Math.min(date.getUTCDate(), lastOfMonth));
  return Math.min(time / 1000 / DAY_SECONDS, OPEN_END) as Day;
}
