import {
  CASE_TRANSITIONS,
  type CaseAction,
  type CaseActor,
  type CaseState,
  type CaseTransition,
  type CaseType,
  type Day,
  type WorkingCalendar,
} from '@credit-ledger/sdk/protocol';

/** A case as the model has it. Members and registers are ids. */
export interface ModelCase {
  readonly caseType: CaseType;
  readonly registerId: bigint;
  readonly source: bigint;
  readonly filedBy: bigint;
  readonly filedDay: Day;
  state: CaseState;
  dueDay: Day;
  overdue: boolean;
  /** Whether the due day that runs now was counted. */
  counted: boolean;
}

/** The rules of cases told a second time, by the SDK's table and without a chain. */
export class CaseModel {
  readonly cases: ModelCase[] = [];
  readonly overdueCounts = new Map<bigint, number>();
  readonly superiors = new Map<bigint, bigint>();
  readonly #owners: ReadonlyMap<bigint, bigint>;
  readonly #calendar: WorkingCalendar;
  readonly #rules: {
    readonly disputeDays: number;
    readonly repairDays: number;
    readonly carryOutDays: number;
  };

  constructor(
    owners: ReadonlyMap<bigint, bigint>,
    rules: { readonly disputeDays: number; readonly repairDays: number; readonly carryOutDays: number },
    calendar: WorkingCalendar,
  ) {
    this.#owners = owners;
    this.#rules = rules;
    this.#calendar = calendar;
  }

  file(caseType: CaseType, registerId: bigint, filedBy: bigint, today: Day): void {
    const source = this.#owners.get(registerId);
    if (source === undefined) throw new Error('no such register');
    const days = caseType === 'dispute' ? this.#rules.disputeDays : this.#rules.repairDays;
    this.cases.push({
      caseType,
      registerId,
      source,
      filedBy,
      filedDay: today,
      state: 'filed',
      dueDay: this.#calendar.dueDay(today, days),
      overdue: false,
      counted: false,
    });
  }

  /** What a member is in a case; a member may be several things at once. */
  roles(found: ModelCase, member: bigint): CaseActor[] {
    const roles: CaseActor[] = ['anyone'];
    if (member === found.source) roles.unshift('source');
    if (member === this.superiors.get(found.source)) roles.unshift('superior');
    if (member === found.filedBy) roles.unshift('filer');
    return roles;
  }

  /** The row of the table by which a member may take a step today; undefined when it may not. */
  row(found: ModelCase, action: CaseAction, member: bigint, today: Day): CaseTransition | undefined {
    if (action === 'mark-overdue' && (found.counted || today <= found.dueDay)) return undefined;
    return CASE_TRANSITIONS.find(
      (row) =>
        row.caseType === found.caseType &&
        row.action === action &&
        row.from === found.state &&
        this.roles(found, member).includes(row.by),
    );
  }

  /** Rows that somebody may take from where a case stands. */
  rowsFrom(found: ModelCase): CaseTransition[] {
    return CASE_TRANSITIONS.filter((row) => row.caseType === found.caseType && row.from === found.state);
  }

  take(found: ModelCase, row: CaseTransition, today: Day): void {
    // Whatever moves a case counts it when it is late.
    const moves = row.to !== row.from && row.action !== 'acknowledge';
    if ((moves || row.action === 'mark-overdue') && today > found.dueDay && !found.counted) {
      found.counted = true;
      found.overdue = true;
      this.overdueCounts.set(found.registerId, (this.overdueCounts.get(found.registerId) ?? 0) + 1);
    }
    found.state = row.to;
    if (row.to === 'granted' && row.from !== 'granted') {
      found.dueDay = this.#calendar.dueDay(today, this.#rules.carryOutDays);
      found.counted = false;
    }
  }
}
