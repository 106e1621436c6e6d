import { type Day, isLedgerError, WorkingCalendar } from '@credit-ledger/sdk/protocol';
import type { Database } from '../store/index.ts';
import { letterErrorWith } from './errors.ts';
import type { Followed } from './followed.ts';

/** The calendar of working days as the council has set it, as far as the chain was followed. */
export async function followedCalendar(db: Database, followed: Followed): Promise<WorkingCalendar> {
  const set = await followed.events(db, 'WorkingCalendar', { names: ['YearSet'] });
  return new WorkingCalendar(
    new Map(set.map(({ args }) => [args.year, { low: args.low, high: args.high }] as const)),
  );
}

/** The last day of a period. @throws LedgerError FILING_CALENDAR_NOT_COVERED, with the year that the council must set */
export function dueDayIn(calendar: WorkingCalendar, fromDay: Day, workingDays: number): Day {
  try {
    return calendar.dueDay(fromDay, workingDays);
  } catch (error) {
    if (!isLedgerError(error, 'DAY_NOT_COVERED')) throw error;
    const year = Number(error.operands['year']);
    throw letterErrorWith(
      'FILING_CALENDAR_NOT_COVERED',
      { en: `Missing: ${year}.`, zh: `缺少 ${year} 年。` },
      { year, day: Number(error.operands['day']) },
    );
  }
}
