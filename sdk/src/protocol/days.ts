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
