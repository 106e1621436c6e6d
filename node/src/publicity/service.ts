import {
  dateOfDay,
  type Day,
  dayAt,
  isLedgerError,
  OPEN_END,
  type WorkingCalendar,
} from '@credit-ledger/sdk/protocol';
import type { Clock } from '../clock.ts';
import type { Database } from '../store/index.ts';
import {
  type PublicityFilter,
  type PublicityRow,
  PublicityStore,
  type WithholdingReason,
  type WithholdingRow,
} from '../store/publicity.ts';
import { RecordStore, type StoredRecord } from '../store/records.ts';
import type { Agency } from './agency.ts';
import { followedCalendar } from './calendar.ts';
import { dueDayOf, type MonthOfTimeliness, timelinessOf } from './deadlines.ts';
import { publicityError } from './errors.ts';
import { type PublicRecord, publicRecordOf } from './public-record.ts';
import {
  isSelfDeclared,
  isShownBy,
  isWithheld,
  rulesOfDecision,
  type Visibility,
  visibilityOf,
} from './visibility.ts';

export interface PublicityOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** Who this agency is; undefined while the council has not admitted it. */
  agency(): Promise<Agency | undefined>;
  /** A name for a record that says nothing and cannot be made without a secret of this node; 32 hexadecimal digits. */
  mark(recordId: bigint): Promise<string>;
}

/** One page of what the public sees. */
export interface PublicPage {
  readonly agency: Agency | undefined;
  readonly asOfDay: Day;
  readonly items: readonly PublicRecord[];
  /** The subject's own statements. */
  readonly selfDeclared: readonly PublicRecord[];
  /** Cursor of the next page; null on the last. */
  readonly next: string | null;
}

export interface TimelinessReport {
  readonly agency: Agency | undefined;
  readonly asOfDay: Day;
  readonly months: readonly MonthOfTimeliness[];
}

/** A record that is not published and has to be. */
export interface DuePublication {
  readonly record: StoredRecord;
  /** Null when the calendar of working days does not cover it. */
  readonly dueDay: Day | null;
  readonly state: 'due' | 'overdue' | 'calendar-missing';
}

/** One record, as an officer asks about it. */
export interface PublicityState {
  readonly recordId: bigint;
  readonly visibility: Visibility;
  /** Null for what has no due day, or when the calendar does not cover it. */
  readonly dueDay: Day | null;
  /** Civil day of the block that anchored it. */
  readonly anchoredDay: Day | null;
  readonly log: readonly WithholdingRow[];
}

/** A page's cursor: the day and the mark of its last record, which the reader has seen. */
export const CURSOR = /^\d{4}-\d{2}-\d{2}\.[0-9a-f]{32}$/;
/** Most unpublished records that are looked through for deadlines. */
const MOST_UNPUBLISHED = 10_000;
/** A record due within so many working days is at risk. */
const AT_RISK_WORKING_DAYS = 2;
/** The figures read every record once: not for each caller anew. */
const FIGURES_FOR_MS = 60_000;

/** Publicity (公示): what the public sees, until when, what is kept out, and how timely it came. */
export class Publicity {
  readonly #options: PublicityOptions;
  #figures: { readonly madeAt: number; readonly report: Promise<TimelinessReport> } | undefined;

  constructor(options: PublicityOptions) {
    this.#options = options;
  }

  /** Whose publicity this is; undefined while the council has not admitted it. */
  agency(): Promise<Agency | undefined> {
    return this.#options.agency();
  }

  /**
   * What the public sees of a subject, or of a document, newest decisions first. Of what it does not see
   * nothing remains, in no count, cursor or number: the reply is that for a subject without any record.
   */
  async publicRecords(
    filter: Pick<PublicityFilter, 'uscc' | 'documentNumber'>,
    page: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<PublicPage> {
    const { db, mark } = this.#options;
    const asOfDay = this.#today();
    const agency = await this.#options.agency();
    const rows = await new PublicityStore(db).rows(filter);
    const shown: PublicRecord[] = [];
    for (const row of rows) {
      const visibility = visibilityOf(row, asOfDay);
      if (visibility.visible) shown.push(publicRecordOf(row.record, visibility, await mark(row.record.id)));
    }
    shown.sort((a, b) => (cursorOf(a) < cursorOf(b) ? 1 : -1));
    const { after } = page;
    const rest = after === undefined ? shown : shown.filter((record) => cursorOf(record) < after);
    const items = rest.slice(0, page.limit);
    const last = items.at(-1);
    return {
      agency,
      asOfDay,
      items: items.filter((record) => !isSelfDeclared(record)),
      selfDeclared: items.filter(isSelfDeclared),
      next: last !== undefined && rest.length > items.length ? cursorOf(last) : null,
    };
  }

  /** How timely this agency publishes, by month of decision; as of at most a minute ago. */
  async timeliness(): Promise<TimelinessReport> {
    const now = this.#options.clock.now().getTime();
    const known = this.#figures;
    if (known !== undefined && now >= known.madeAt && now - known.madeAt < FIGURES_FOR_MS)
      return known.report;
    const report = this.#makeFigures();
    this.#figures = { madeAt: now, report };
    report.catch(() => {
      this.#figures = undefined;
    });
    return report;
  }

  /** Records whose due day is within so many working days, or has passed; the most urgent first. */
  async due(
    withinWorkingDays: number,
  ): Promise<{ readonly asOfDay: Day; readonly items: readonly DuePublication[] }> {
    const { db } = this.#options;
    const today = this.#today();
    const calendar = await followedCalendar(db);
    const horizon = horizonOf(calendar, today, withinWorkingDays);
    const found: DuePublication[] = [];
    for (const { record } of await new PublicityStore(db).unpublished(MOST_UNPUBLISHED)) {
      const day = record.day as Day;
      if (!isShownBy(rulesOfDecision(day), record)) continue;
      const dueDay = dueDayOf(calendar, day);
      if (dueDay !== null && dueDay > horizon) continue;
      const state = dueDay === null ? 'calendar-missing' : dueDay < today ? 'overdue' : 'due';
      found.push({ record, dueDay, state });
    }
    // What nobody can compute comes last: it is for the council to set the year.
    const order = ({ dueDay }: DuePublication): number => dueDay ?? OPEN_END;
    return { asOfDay: today, items: found.sort((a, b) => order(a) - order(b)) };
  }

  /**
   * Keeps a record out of publicity from now on; undefined when there is no such record.
   * @throws LedgerError PUBLICITY_ALREADY_WITHHELD
   */
  async withhold(
    recordId: bigint,
    order: { readonly reason: WithholdingReason; readonly note: string },
    by: string,
  ): Promise<PublicityState | undefined> {
    return this.#note(recordId, { action: 'withhold', reason: order.reason, note: order.note }, by);
  }

  /**
   * Lets a record back in; undefined when there is no such record.
   * @throws LedgerError PUBLICITY_NOT_WITHHELD
   */
  async release(recordId: bigint, note: string, by: string): Promise<PublicityState | undefined> {
    return this.#note(recordId, { action: 'release', reason: null, note }, by);
  }

  /** Whether the public sees a record, until when, and why not; undefined when there is no such record. */
  async stateOf(recordId: bigint): Promise<PublicityState | undefined> {
    const { db } = this.#options;
    const [row] = await new PublicityStore(db).rows({ ids: [recordId] });
    return row === undefined ? undefined : this.#state(row, await followedCalendar(db));
  }

  /** Numbers for the metrics: unpublished records due within two working days, past their due day, or without one. */
  async gauges(): Promise<Record<'due' | 'overdue' | 'calendar-missing', number>> {
    const counts = { due: 0, overdue: 0, 'calendar-missing': 0 };
    for (const { state } of (await this.due(AT_RISK_WORKING_DAYS)).items) counts[state] += 1;
    return counts;
  }

  async #note(
    recordId: bigint,
    order: Pick<WithholdingRow, 'action' | 'reason' | 'note'>,
    by: string,
  ): Promise<PublicityState | undefined> {
    const { db, clock } = this.#options;
    await db.transaction(async (tx) => {
      if ((await new RecordStore(tx).byId(recordId)) === undefined) return;
      const store = new PublicityStore(tx);
      const withheld = isWithheld(await store.withholdings([recordId]));
      if (order.action === 'withhold' && withheld)
        throw publicityError('PUBLICITY_ALREADY_WITHHELD', { recordId });
      if (order.action === 'release' && !withheld)
        throw publicityError('PUBLICITY_NOT_WITHHELD', { recordId });
      await store.insertWithholding({ recordId, ...order, by, at: clock.now() });
    });
    return this.stateOf(recordId);
  }

  #state(row: PublicityRow, calendar: WorkingCalendar): PublicityState {
    const { record, anchoredAt } = row;
    const day = record.day as Day;
    const isOwed = !row.isReplacement && isShownBy(rulesOfDecision(day), record);
    return {
      recordId: record.id,
      visibility: visibilityOf(row, this.#today()),
      dueDay: isOwed ? dueDayOf(calendar, day) : null,
      anchoredDay: anchoredAt === null ? null : dayAt(anchoredAt),
      log: row.withholdings,
    };
  }

  async #makeFigures(): Promise<TimelinessReport> {
    const { db } = this.#options;
    const asOfDay = this.#today();
    const store = new PublicityStore(db);
    return {
      agency: await this.#options.agency(),
      asOfDay,
      months: timelinessOf(
        await store.anchoredGroups(),
        await store.everWithheld(),
        await followedCalendar(db),
        asOfDay,
      ),
    };
  }

  #today(): Day {
    return dayAt(BigInt(Math.floor(this.#options.clock.now().getTime() / 1000)));
  }
}

function cursorOf(record: PublicRecord): string {
  return `${dateOfDay(record.decisionDay)}.${record.mark}`;
}

function horizonOf(calendar: WorkingCalendar, today: Day, workingDays: number): Day {
  if (workingDays === 0) return today;
  try {
    return calendar.dueDay(today, workingDays);
  } catch (error) {
    if (!isLedgerError(error, 'DAY_NOT_COVERED')) throw error;
    // The calendar ends: whatever has a due day at all is within it.
    return OPEN_END;
  }
}
