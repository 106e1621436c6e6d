import { dateOfDay, type Day, dayAt, isLedgerError, type WorkingCalendar } from '@credit-ledger/sdk/protocol';
import type { AnchoredGroup, PublicityRow, WithholdingRow } from '../store/publicity.ts';
import { isShownBy, rulesOfDecision } from './visibility.ts';

/** Within how many working days of the decision a record has to be published; the day itself is not counted. */
export const PUBLICITY_WORKING_DAYS = 7;

/** How an agency kept its deadlines. Figures about the agency: no subject is in them. */
export interface Timeliness {
  readonly inTime: number;
  readonly late: number;
  /** Not published, and the due day has not passed. */
  readonly due: number;
  /** Not published, and the due day has passed. */
  readonly overdue: number;
  /** The calendar of working days does not cover the period, so nobody can say. */
  readonly calendarMissing: number;
}

export interface MonthOfTimeliness extends Timeliness {
  /** YYYY-MM of the decisions. */
  readonly month: string;
}

/** The due day of a decision; null when the calendar does not cover it. */
export function dueDayOf(calendar: WorkingCalendar, decisionDay: Day): Day | null {
  try {
    return calendar.dueDay(decisionDay, PUBLICITY_WORKING_DAYS);
  } catch (error) {
    if (isLedgerError(error, 'DAY_NOT_COVERED')) return null;
    throw error;
  }
}

/**
 * Counts by month of decision. What happens to a record after it was published changes no figure: nobody can
 * tell from them that something was repaired, revoked, corrected or has ended.
 */
export function timelinessOf(
  groups: readonly AnchoredGroup[],
  everWithheld: readonly PublicityRow[],
  calendar: WorkingCalendar,
  today: Day,
): MonthOfTimeliness[] {
  const months = new Map<string, MonthOfTimeliness>();
  const add = (day: Day, publishedDay: Day | null, count: number): void => {
    const month = dateOfDay(day).slice(0, 7);
    const before = months.get(month) ?? { month, inTime: 0, late: 0, due: 0, overdue: 0, calendarMissing: 0 };
    const figure = figureOf(dueDayOf(calendar, day), publishedDay, today);
    months.set(month, { ...before, [figure]: before[figure] + count });
  };
  for (const group of groups) {
    const day = group.day as Day;
    if (isShownBy(rulesOfDecision(day), group)) add(day, group.anchoredDay as Day | null, group.count);
  }
  for (const row of everWithheld) {
    const day = row.record.day as Day;
    if (row.isReplacement || !isShownBy(rulesOfDecision(day), row.record)) continue;
    const published = publishedAt(row.anchoredAt, row.withholdings);
    if (published !== 'exempt') add(day, published === null ? null : dayAt(published), 1);
  }
  return [...months.values()].sort((a, b) => (a.month < b.month ? -1 : 1));
}

function figureOf(dueDay: Day | null, publishedDay: Day | null, today: Day): keyof Timeliness {
  if (dueDay === null) return 'calendarMissing';
  if (publishedDay === null) return today <= dueDay ? 'due' : 'overdue';
  return publishedDay <= dueDay ? 'inTime' : 'late';
}

/**
 * When a record that was withheld at some time was first published: anchored and not withheld. What is withheld
 * and never was published owes nothing; so a release brings the lateness back that it would otherwise hide.
 */
function publishedAt(
  anchoredAt: bigint | null,
  withholdings: readonly WithholdingRow[],
): bigint | null | 'exempt' {
  const seconds = (row: WithholdingRow): bigint => BigInt(Math.floor(row.at.getTime() / 1000));
  const isWithheldNow = withholdings.at(-1)?.action === 'withhold';
  if (anchoredAt === null) return isWithheldNow ? 'exempt' : null;
  const before = withholdings.filter((row) => seconds(row) <= anchoredAt);
  if (before.at(-1)?.action !== 'withhold') return anchoredAt;
  const released = withholdings.slice(before.length).find(({ action }) => action === 'release');
  return released === undefined ? 'exempt' : seconds(released);
}
