import type { ContractTransactionResponse } from 'ethers';
import { dayOfDate } from '@credit-ledger/sdk/protocol';
import { yearBitmap } from '../../../scripts/lib/calendar.ts';
import type { ProcessWorld } from './processes.ts';
import { DAY, networkHelpers, type TestCall } from './world.ts';

/** The council sets these years of the calendar, from the kept data. */
export async function coverYears(
  world: ProcessWorld,
  ...years: readonly number[]
): Promise<ContractTransactionResponse> {
  const calls: TestCall[] = [];
  for (const year of years) {
    const { low, high, sourceHash } = yearBitmap(year);
    calls.push(await world.call(world.calendar, 'setYear', [year, low, high, sourceHash]));
  }
  return world.decide(...calls);
}

/** The second at which a day begins at UTC+8. */
export function startOf(date: string): number {
  return dayOfDate(date) * DAY - 8 * 3_600;
}

/** The next block is at noon, UTC+8, of this date. The chain's clock only goes forward. */
export async function goTo(date: string): Promise<void> {
  await networkHelpers.time.setNextBlockTimestamp(startOf(date) + 12 * 3_600);
  await networkHelpers.mine();
}
