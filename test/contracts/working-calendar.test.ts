import { expect } from 'chai';
import fc from 'fast-check';
import { id, ZeroHash } from 'ethers';
import {
  dateOfDay,
  type Day,
  dayOfDate,
  daysOfYear,
  packYear,
  WorkingCalendar as CalendarTwin,
} from '@credit-ledger/sdk/protocol';
import { CALENDAR_YEARS, yearBitmap } from '../../scripts/lib/calendar.ts';
import { workingCalendarAbi } from '../../sdk/src/chain/abi/index.ts';
import { coverYears, startOf } from './support/calendar.ts';
import { freshProcesses, type ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { networkHelpers } from './support/world.ts';

const NOTICE = id('a notice of the State Council');
const ALL = (1n << 256n) - 1n;
const refusals = new Refusals(workingCalendarAbi);

/** Working from Monday to Friday, whatever the year. */
function weekdays(year: number): { low: bigint; high: bigint } {
  return packYear(year, (day) => (day + 4) % 7 >= 1 && (day + 4) % 7 <= 5);
}

describe('The calendar of working days', () => {
  let world: ProcessWorld;
  beforeEach(async () => {
    world = await freshProcesses();
  });

  const set = (year: number, low: bigint, high: bigint, source: string = NOTICE) =>
    world.council(world.calendar, 'setYear', year, low, high, source);
  const due = async (from: string, workingDays: number): Promise<string> =>
    dateOfDay(Number(await world.calendar.dueDay(dayOfDate(from), workingDays)) as Day);

  describe('setting a year', () => {
    it('is the council’s alone', async () => {
      const { calendar, seats, beijing, stranger } = world;
      const { low, high } = yearBitmap(2026);
      for (const caller of [seats[0], beijing.operator, beijing.witness, stranger]) {
        await refusals.expect(
          calendar.connect(caller).setYear(2026, low, high, NOTICE),
          calendar,
          'NotCouncil',
          caller.address,
        );
      }
      expect(await calendar.yearOf(2026)).to.deep.equal([0n, 0n]);
    });

    it('is told with the bitmap and the notice that it follows, and replaces what was there', async () => {
      const { calendar } = world;
      const { low, high } = yearBitmap(2026);
      await expect(set(2026, low, high))
        .to.emit(calendar, 'YearSet')
        .withArgs(2026, low, high, NOTICE);
      expect(await calendar.yearOf(2026)).to.deep.equal([low, high]);
      const plain = weekdays(2026);
      await set(2026, plain.low, plain.high, id('a correction'));
      expect(await calendar.yearOf(2026)).to.deep.equal([plain.low, plain.high]);
      expect(await calendar.isWorkingDay(dayOfDate('2026-10-01'))).to.equal(true);
    });

    it('is refused for years before 1970 and after 2199', async () => {
      const { calendar } = world;
      const { low, high } = weekdays(2025);
      for (const year of [0, 1969, 2200, 65_535]) {
        await refusals.expect(set(year, low, high), calendar, 'InvalidYear', year);
      }
      for (const year of [1970, 2199]) await set(year, weekdays(year).low, weekdays(year).high);
    });

    it('is refused with a day beyond the end of the year, which a leap year has one more of', async () => {
      const { calendar } = world;
      for (const [year, days] of [
        [2000, 366],
        [2024, 366],
        [2025, 365],
        [2100, 365],
      ] as const) {
        const { low, high } = weekdays(year);
        const last = 1n << BigInt(days - 1 - 256);
        await set(year, low, high | last);
        expect(await calendar.isWorkingDay(daysOfYear(year).last)).to.equal(true);
        const count = bits(low) + bits(high) + 1;
        await refusals.expect(set(year, low, high | (last << 1n)), calendar, 'InvalidBitmap', year, count);
      }
    });

    it('is refused with fewer working days than 200 or more than 300', async () => {
      const { calendar } = world;
      const first = (days: number): bigint => (1n << BigInt(days)) - 1n;
      for (const [low, high, count] of [
        [0n, 0n, 0],
        [first(199), 0n, 199],
        [ALL, first(45), 301],
        [ALL, first(109), 365],
      ] as const) {
        await refusals.expect(set(2025, low, high), calendar, 'InvalidBitmap', 2025, count);
      }
      await set(2025, first(200), 0n);
      await set(2025, ALL, first(44));
    });

    it('is refused without a source', async () => {
      const { low, high } = weekdays(2025);
      await refusals.expect(set(2025, low, high, ZeroHash), world.calendar, 'InvalidSource');
    });
  });

  describe('due days', () => {
    it('are those of the policy: seven working days after 2021-02-05 and after 2020-12-31', async () => {
      await coverYears(world, 2020, 2021);
      expect(await due('2021-02-05', 7)).to.equal('2021-02-20');
      expect(await due('2020-12-31', 7)).to.equal('2021-01-12');
    });

    it('go around the holidays of 2026, and count make-up working days at weekends', async () => {
      await coverYears(world, 2026);
      for (const [from, to] of [
        // New Year: off until the 3rd, working on Sunday the 4th.
        ['2025-12-31', '2026-01-12'],
        // Spring Festival: working on Saturday 14 February, off until the 23rd, working on Saturday the 28th.
        ['2026-02-13', '2026-03-02'],
        ['2026-02-14', '2026-03-03'],
        // Tomb-sweeping Day.
        ['2026-04-03', '2026-04-15'],
        // Labour Day: off until 5 May, working on Saturday the 9th.
        ['2026-04-30', '2026-05-13'],
        // Dragon Boat Festival.
        ['2026-06-18', '2026-06-30'],
        // Mid-Autumn: working on Sunday 20 September, off from the 25th to the 27th.
        ['2026-09-18', '2026-09-29'],
        // National Day: off until 7 October, working on Saturday the 10th.
        ['2026-09-30', '2026-10-15'],
      ] as const) {
        expect(await due(from, 7), from).to.equal(to);
      }
    });

    it('do not count the day on which the period begins, working day or not', async () => {
      await coverYears(world, 2026);
      // Friday, Saturday and Sunday before a plain Monday.
      for (const from of ['2026-03-06', '2026-03-07', '2026-03-08']) {
        expect(await due(from, 1), from).to.equal('2026-03-09');
      }
      expect(await due('2026-03-09', 1)).to.equal('2026-03-10');
    });

    it('go over 29 February of a leap year and the end of it', async () => {
      await coverYears(world, 2023, 2024, 2025);
      expect(await due('2024-02-28', 1)).to.equal('2024-02-29');
      expect(await due('2024-02-29', 1)).to.equal('2024-03-01');
      expect(await due('2023-02-28', 1)).to.equal('2023-03-01');
      expect(await due('2024-12-30', 2)).to.equal('2025-01-02');
    });

    it('are refused for a period of no working day, or of more than 250', async () => {
      const { calendar } = world;
      await coverYears(world, 2025, 2026);
      for (const workingDays of [0, 251, 65_535]) {
        await refusals.expect(
          calendar.dueDay(dayOfDate('2025-01-01'), workingDays),
          calendar,
          'InvalidWorkingDays',
          workingDays,
        );
      }
      expect(await due('2025-01-01', 250)).to.equal('2026-01-05');
    });

    it('agree with those of the SDK on any day and any number', async () => {
      await coverYears(world, ...CALENDAR_YEARS);
      const twin = new CalendarTwin(new Map(CALENDAR_YEARS.map((year) => [year, yearBitmap(year)])));
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: daysOfYear(2004).first - 1, max: daysOfYear(2026).last - 400 }),
          fc.integer({ min: 1, max: 250 }),
          async (from, n) => {
            expect(await world.calendar.dueDay(from, n)).to.equal(BigInt(twin.dueDay(from as Day, n)));
          },
        ),
        { numRuns: 150 },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: daysOfYear(2004).first, max: daysOfYear(2026).last }),
          async (day) => {
            expect(await world.calendar.isWorkingDay(day)).to.equal(twin.isWorkingDay(day as Day));
          },
        ),
        { numRuns: 150 },
      );
    });
  });

  describe('a year that was not set', () => {
    const refused = (attempt: Promise<unknown>, date: string, year: number) =>
      refusals.expect(attempt, world.calendar, 'DayNotCovered', dayOfDate(date), year);

    it('has neither working days nor due days', async () => {
      const { calendar } = world;
      await refused(calendar.isWorkingDay(dayOfDate('2026-03-05')), '2026-03-05', 2026);
      await refused(calendar.dueDay(dayOfDate('2026-03-05'), 7), '2026-03-06', 2026);
      await coverYears(world, 2026);
      await refused(calendar.isWorkingDay(dayOfDate('2025-12-31')), '2025-12-31', 2025);
      await refused(calendar.isWorkingDay(dayOfDate('2027-01-01')), '2027-01-01', 2027);
      await refused(calendar.dueDay(dayOfDate('2025-12-30'), 1), '2025-12-31', 2025);
    });

    it('refuses a period of which only the end lies in it', async () => {
      await coverYears(world, 2026);
      expect(await due('2026-12-25', 4)).to.equal('2026-12-31');
      await refused(world.calendar.dueDay(dayOfDate('2026-12-25'), 5), '2027-01-01', 2027);
    });

    it('refuses a period of which only the middle lies in it', async () => {
      await coverYears(world, 2024, 2026);
      await refused(world.calendar.dueDay(dayOfDate('2024-12-31'), 250), '2025-01-01', 2025);
    });

    it('does not matter to a period that only begins in it', async () => {
      await coverYears(world, 2026);
      expect(await due('2025-12-31', 1)).to.equal('2026-01-04');
    });

    it('is told to the end of all days', async () => {
      const { calendar } = world;
      const last = 4_294_967_295;
      await refusals.expect(calendar.isWorkingDay(last), calendar, 'DayNotCovered', last, 65_535);
      await refusals.expect(calendar.dueDay(last, 250), calendar, 'DayNotCovered', last, 65_535);
      await refused(calendar.isWorkingDay(0), '1970-01-01', 1970);
    });
  });

  it('puts every day of 230 years into the year that it lies in', async () => {
    const { calendar } = world;
    for (let year = 1970; year <= 2199; year += 1) {
      const { first, last } = daysOfYear(year);
      for (const day of [first, last]) {
        await refusals.expect(calendar.isWorkingDay(day), calendar, 'DayNotCovered', day, year);
      }
    }
  });

  it('begins a day at midnight at UTC+8', async () => {
    const { calendar } = world;
    const today = startOf('2026-03-01');
    await networkHelpers.time.increaseTo(today - 1);
    expect(await calendar.today()).to.equal(BigInt(dayOfDate('2026-02-28')));
    await networkHelpers.time.increaseTo(today);
    expect(await calendar.today()).to.equal(BigInt(dayOfDate('2026-03-01')));
  });

  // Nested, so that it comes after all others.
  describe('the errors of the interface', () => {
    it('were all provoked', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});

function bits(word: bigint): number {
  return word.toString(2).replaceAll('0', '').length;
}
