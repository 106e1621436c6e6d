import { type Day, dayOfDate } from './days.ts';
import { LedgerError } from './errors.ts';

/**
 * The working days of one year, as the calendar contract keeps them: bit i of `low` is day i of the year (0 = 1 January),
 * bit i of `high` day 256 + i.
 */
export interface YearBitmap {
  readonly low: bigint;
  readonly high: bigint;
}

const WORD_DAYS = 256;
const MAX_YEAR = 65_535;
/** Longest period that the contract computes, in working days. */
export const MAX_PERIOD_WORKING_DAYS = 250;

/** The days of a year, as day numbers: first and last. */
export function daysOfYear(year: number): { readonly first: Day; readonly last: Day } {
  return { first: dayOfDate(`${year}-01-01`), last: dayOfDate(`${year}-12-31`) };
}

/** Packs the working days of a year. `isWorkingDay` is asked once for each day, in order. */
export function packYear(year: number, isWorkingDay: (day: Day) => boolean): YearBitmap {
  const { first, last } = daysOfYear(year);
  let [low, high] = [0n, 0n];
  for (let day = first; day <= last; day = (day + 1) as Day) {
    if (!isWorkingDay(day)) continue;
    const index = day - first;
    if (index < WORD_DAYS) low |= 1n << BigInt(index);
    else high |= 1n << BigInt(index - WORD_DAYS);
  }
  return { low, high };
}

/**
 * The calendar of working days (工作日历): the twin of the contract, for due days that are shown before a chain is asked.
 * Knows the years that it was given and guesses nothing about others. What counts is what the contract says.
 */
export class WorkingCalendar {
  readonly #years: ReadonlyMap<number, YearBitmap>;

  constructor(years: ReadonlyMap<number, YearBitmap>) {
    this.#years = new Map(years);
  }

  /** The years that it knows, rising. */
  get years(): readonly number[] {
    return [...this.#years.keys()].sort((a, b) => a - b);
  }

  /** Whether people work on this day. @throws LedgerError DAY_NOT_COVERED when its year has no bitmap */
  isWorkingDay(day: Day): boolean {
    const year = yearOf(day);
    const bitmap = this.#years.get(year);
    // All zero is how the contract says that a year has none.
    if (bitmap === undefined || bitmap.low === 0n) throw notCovered(day, year);
    const index = day - daysOfYear(year).first;
    const word = index < WORD_DAYS ? bitmap.low : bitmap.high;
    return ((word >> BigInt(index % WORD_DAYS)) & 1n) === 1n;
  }

  /**
   * The last day of a period of working days; the first day is not counted and need not be covered.
   * @param workingDays 1 to 250
   * @throws LedgerError DAY_NOT_COVERED when a day that is counted has no bitmap, WORKING_DAYS_INVALID
   */
  dueDay(fromDay: Day, workingDays: number): Day {
    if (!Number.isInteger(workingDays) || workingDays < 1 || workingDays > MAX_PERIOD_WORKING_DAYS) {
      throw new LedgerError(
        'WORKING_DAYS_INVALID',
        {
          en: `A period is 1 to ${MAX_PERIOD_WORKING_DAYS} working days.`,
          zh: `期限应为 1 至 ${MAX_PERIOD_WORKING_DAYS} 个工作日。`,
        },
        { workingDays },
      );
    }
    let day = fromDay;
    for (let left = workingDays; left > 0;) {
      day = (day + 1) as Day;
      if (this.isWorkingDay(day)) left -= 1;
    }
    return day;
  }

  /**
   * How many working days lie after `fromDay`, up to and with `toDay`; 0 when `toDay` is not later.
   * @throws LedgerError DAY_NOT_COVERED when a day that is counted has no bitmap
   */
  workingDaysBetween(fromDay: Day, toDay: Day): number {
    let count = 0;
    for (let day = (fromDay + 1) as Day; day <= toDay; day = (day + 1) as Day) {
      if (this.isWorkingDay(day)) count += 1;
    }
    return count;
  }
}

/** As the contract says it: 65535 for every year that is later. */
function yearOf(day: Day): number {
  const year = new Date(day * 86_400_000).getUTCFullYear();
  return Number.isNaN(year) ? MAX_YEAR : Math.min(year, MAX_YEAR);
}

function notCovered(day: Day, year: number): LedgerError {
  return new LedgerError(
    'DAY_NOT_COVERED',
    {
      en: `The calendar of working days does not cover ${year}: the council must set that year first.`,
      zh: `工作日历未覆盖 ${year} 年，须先由理事会设定该年度。`,
    },
    { day, year },
  );
}
