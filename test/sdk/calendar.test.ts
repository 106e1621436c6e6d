import { expect } from 'chai';
import chineseDays from 'chinese-days';
import fc from 'fast-check';
import {
  dateOfDay,
  type Day,
  dayOfDate,
  daysOfYear,
  isLedgerError,
  packYear,
  WorkingCalendar,
} from '@credit-ledger/sdk/protocol';
import { CALENDAR_YEARS, yearBitmap } from '../../scripts/lib/calendar.ts';

const calendar = new WorkingCalendar(new Map(CALENDAR_YEARS.map((year) => [year, yearBitmap(year)])));
const { first } = daysOfYear(2004);
const { last } = daysOfYear(2026);

function due(from: string, workingDays: number): string {
  return dateOfDay(calendar.dueDay(dayOfDate(from), workingDays));
}

function refused(call: () => unknown): object {
  try {
    call();
  } catch (error) {
    if (isLedgerError(error)) return { code: error.code, ...error.operands };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('The calendar of working days in the SDK', () => {
  it('agrees with chinese-days on every day of the years 2004 to 2026', () => {
    for (let day = first; day <= last; day = (day + 1) as Day) {
      expect(calendar.isWorkingDay(day), dateOfDay(day)).to.equal(chineseDays.isWorkday(dateOfDay(day)));
    }
  });

  it('agrees with chinese-days on due days', () => {
    fc.assert(
      fc.property(fc.integer({ min: first, max: last - 60 }), fc.integer({ min: 1, max: 30 }), (from, n) => {
        const day = from as Day;
        expect(due(dateOfDay(day), n)).to.equal(chineseDays.findWorkday(n, dateOfDay(day)));
      }),
    );
  });

  it('gives the seven working days of the policy', () => {
    expect(due('2021-02-05', 7)).to.equal('2021-02-20');
    expect(due('2020-12-31', 7)).to.equal('2021-01-12');
  });

  it('counts what it gives: a period has as many working days as were asked for, and ends on one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: first, max: last - 400 }),
        fc.integer({ min: 1, max: 250 }),
        (from, n) => {
          const to = calendar.dueDay(from as Day, n);
          expect(calendar.isWorkingDay(to)).to.equal(true);
          expect(calendar.workingDaysBetween(from as Day, to)).to.equal(n);
          expect(calendar.workingDaysBetween(from as Day, (to - 1) as Day)).to.equal(n - 1);
        },
      ),
    );
  });

  it('counts no working days backwards', () => {
    expect(calendar.workingDaysBetween(dayOfDate('2026-03-05'), dayOfDate('2026-03-05'))).to.equal(0);
    expect(calendar.workingDaysBetween(dayOfDate('2026-03-05'), dayOfDate('2026-03-02'))).to.equal(0);
  });

  it('refuses days of years that it was not given, and names the year', () => {
    for (const [date, year] of [
      ['2003-12-31', 2003],
      ['2027-01-01', 2027],
      ['1970-01-01', 1970],
    ] as const) {
      const day = dayOfDate(date);
      expect(refused(() => calendar.isWorkingDay(day))).to.deep.equal({ code: 'DAY_NOT_COVERED', day, year });
    }
    for (const day of [4_294_967_295, 60_000_000] as Day[]) {
      expect(refused(() => calendar.isWorkingDay(day))).to.deep.equal({
        code: 'DAY_NOT_COVERED',
        day,
        year: 65_535,
      });
    }
  });

  it('refuses a period of which only the end is not covered, and takes one of which only the start is not', () => {
    const end = dayOfDate('2027-01-01');
    const refusal = { code: 'DAY_NOT_COVERED', day: end, year: 2027 };
    expect(refused(() => calendar.dueDay(dayOfDate('2026-12-25'), 7))).to.deep.equal(refusal);
    expect(refused(() => calendar.workingDaysBetween(dayOfDate('2026-12-25'), end))).to.deep.equal(refusal);
    expect(due('2003-12-31', 1)).to.equal('2004-01-02');
  });

  it('refuses a year whose bitmap is empty, as the contract does', () => {
    const empty = new WorkingCalendar(new Map([[2026, { low: 0n, high: 0n }]]));
    expect(refused(() => empty.isWorkingDay(dayOfDate('2026-03-05')))).to.include({
      code: 'DAY_NOT_COVERED',
    });
  });

  it('refuses periods that the contract does not compute', () => {
    for (const workingDays of [0, -1, 251, 1.5, Number.NaN]) {
      expect(refused(() => calendar.dueDay(dayOfDate('2026-03-05'), workingDays))).to.include({
        code: 'WORKING_DAYS_INVALID',
      });
    }
  });

  it('keeps no hold on the map that it was given', () => {
    const years = new Map([[2026, yearBitmap(2026)]]);
    const kept = new WorkingCalendar(years);
    years.clear();
    expect(kept.years).to.deep.equal([2026]);
  });

  it('packs every day of a year, and of a leap year, in its own bit', () => {
    for (const [year, days] of [
      [2025, 365],
      [2024, 366],
    ] as const) {
      const { low, high } = packYear(year, () => true);
      expect(low).to.equal((1n << 256n) - 1n);
      expect(high).to.equal((1n << BigInt(days - 256)) - 1n);
    }
  });
});

describe('Bitmaps made from chinese-days', () => {
  it('are there for the years that its data cover, and for no other', () => {
    expect(CALENDAR_YEARS).to.deep.equal(Array.from({ length: 23 }, (_, i) => 2004 + i));
    for (const year of [1999, 2003, 2027, 2100]) {
      expect(refused(() => yearBitmap(year))).to.deep.equal({
        code: 'CALENDAR_YEAR_UNKNOWN',
        year,
        first: 2004,
        last: 2026,
      });
      // What makes the refusal needed: the package answers as if there were no holidays.
      expect(chineseDays.isHoliday(`${year}-10-01`)).to.equal(isWeekend(`${year}-10-01`));
    }
  });

  it('have about 250 working days, and a source of their own each', () => {
    const sources = CALENDAR_YEARS.map((year) => {
      const { low, high, sourceHash } = yearBitmap(year);
      expect(bits(low) + bits(high), String(year)).to.be.within(245, 255);
      return sourceHash;
    });
    expect(new Set(sources).size).to.equal(CALENDAR_YEARS.length);
    expect(yearBitmap(2026)).to.deep.equal(yearBitmap(2026));
  });
});

function bits(word: bigint): number {
  return word.toString(2).replaceAll('0', '').length;
}

function isWeekend(date: string): boolean {
  return [0, 6].includes(new Date(date).getUTCDay());
}
