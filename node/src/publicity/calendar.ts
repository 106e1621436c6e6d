import { WorkingCalendar, type YearBitmap } from '@credit-ledger/sdk/protocol';
import { type Database, EventStore } from '../store/index.ts';

/** The calendar of working days as the council has set it, as far as the chain was followed. */
export async function followedCalendar(db: Database): Promise<WorkingCalendar> {
  const events = await new EventStore(db).events({ contract: 'WorkingCalendar', names: ['YearSet'] });
  const years = new Map<number, YearBitmap>();
  for (const { args } of events) {
    const { year, low, high } = args;
    years.set(Number(year), { low: BigInt(String(low)), high: BigInt(String(high)) });
  }
  return new WorkingCalendar(years);
}
