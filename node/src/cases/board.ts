import {
  CASE_STATES,
  CASE_TYPES,
  type CaseState,
  type CaseType,
  type Day,
  type Hex,
  isCaseOpen,
} from '@credit-ledger/sdk/protocol';
import { type Database, EventStore, type EventRow } from '../store/index.ts';

/** A case as it stands on the chain, as far as the chain was followed. */
export interface CaseStanding {
  readonly caseId: bigint;
  readonly caseType: CaseType;
  readonly state: CaseState;
  readonly registerId: bigint;
  /** The member that owns the register; 0 when its opening was not followed. */
  readonly source: bigint;
  readonly filedBy: bigint;
  readonly documentHash: Hex;
  readonly filedDay: Day;
  /** Unix seconds of the block. */
  readonly filedAt: bigint;
  /** Last day for the decision; after `granted`, for carrying it out. */
  readonly dueDay: Day;
  /** Due days that the chain has counted as passed. */
  readonly countedDueDays: readonly number[];
  readonly decidedBy: bigint | null;
  readonly decisionHash: Hex | null;
  readonly entryCommitment: Hex | null;
  readonly dismissalCode: number | null;
  /** Unix seconds of the block of the latest step. */
  readonly changedAt: bigint;
}

/** All cases at one moment, and who stands where. */
export interface CaseSnapshot {
  /** By rising id. */
  readonly cases: readonly CaseStanding[];
  byId(caseId: bigint): CaseStanding | undefined;
  byKey(filedBy: bigint, documentHash: Hex): CaseStanding | undefined;
  ownerOf(registerId: bigint): bigint | undefined;
  /** Who may decide a member's repairs in its place; undefined for nobody. */
  superiorOf(memberId: bigint): bigint | undefined;
}

/** Whether a due day of a case has passed before what it was for, as of a day. */
export function isOverdue(standing: CaseStanding, today: Day): boolean {
  return standing.countedDueDays.length > 0 || isLateNow(standing, today);
}

/** Whether what the present due day is for has not happened in time. */
export function isLateNow(standing: CaseStanding, today: Day): boolean {
  return isCaseOpen(standing.state) && today > standing.dueDay;
}

const NAMES = [
  'CaseFiled',
  'CaseReceived',
  'CaseDecided',
  'CaseCarriedOut',
  'CaseDismissed',
  'CaseWithdrawn',
  'CaseOverdue',
  'SuperiorSet',
  'RegisterOpened',
] as const;
const AT_ONCE = 5_000;

/**
 * What the chain says of all cases, folded from the followed events, and forgotten when the chain goes back.
 * Never to be asked within a transaction: a reader inside and one outside would wait for each other.
 */
export class CaseBoard {
  readonly #db: Database;
  #state = new Fold();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The cases as of the last event that was followed. */
  snapshot(): Promise<CaseSnapshot> {
    const turn = this.#turn.then(() => this.#refresh());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** The chain has gone back: all is read anew. */
  forget(): void {
    this.#state = new Fold();
  }

  async #refresh(): Promise<CaseSnapshot> {
    const store = new EventStore(this.#db);
    for (;;) {
      const state = this.#state;
      const events = await store.events({
        names: NAMES,
        limit: AT_ONCE,
        ...(state.last === undefined ? {} : { after: state.last }),
      });
      // What was read while the chain went back is of a chain that is no more.
      if (state !== this.#state) continue;
      for (const event of events) state.take(event);
      if (events.length < AT_ONCE) return state.snapshot();
    }
  }
}

class Fold {
  last: { readonly blockNumber: bigint; readonly logIndex: number } | undefined;
  readonly #cases = new Map<bigint, CaseStanding>();
  readonly #owners = new Map<bigint, bigint>();
  readonly #superiors = new Map<bigint, bigint>();
  #snapshot: CaseSnapshot | undefined;

  take(event: EventRow): void {
    this.last = { blockNumber: event.blockNumber, logIndex: event.logIndex };
    this.#snapshot = undefined;
    const { args } = event;
    const whole = (name: string): bigint => BigInt(String(args[name]));
    if (event.name === 'RegisterOpened') this.#owners.set(whole('registerId'), whole('owner'));
    if (event.contract !== 'CreditCases') return;
    if (event.name === 'SuperiorSet') this.#superiors.set(whole('memberId'), whole('superior'));
    else if (event.name === 'CaseFiled') this.#file(event, whole);
    else if (event.name.startsWith('Case')) this.#step(event, whole);
  }

  snapshot(): CaseSnapshot {
    this.#snapshot ??= this.#take();
    return this.#snapshot;
  }

  #take(): CaseSnapshot {
    const byId = new Map(this.#cases);
    const byKey = new Map([...byId.values()].map((each) => [keyOf(each.filedBy, each.documentHash), each]));
    const owners = new Map(this.#owners);
    const superiors = new Map(this.#superiors);
    return {
      cases: [...byId.values()],
      byId: (caseId) => byId.get(caseId),
      byKey: (filedBy, documentHash) => byKey.get(keyOf(filedBy, documentHash)),
      ownerOf: (registerId) => owners.get(registerId),
      superiorOf: (memberId) => {
        const superior = superiors.get(memberId);
        return superior === 0n ? undefined : superior;
      },
    };
  }

  #file(event: EventRow, whole: (name: string) => bigint): void {
    const caseType = CASE_TYPES[Number(whole('caseType'))];
    if (caseType === undefined || caseType === 'none') return;
    const registerId = whole('registerId');
    this.#cases.set(whole('caseId'), {
      caseId: whole('caseId'),
      caseType,
      state: 'filed',
      registerId,
      source: this.#owners.get(registerId) ?? 0n,
      filedBy: whole('filedBy'),
      documentHash: String(event.args['documentHash']) as Hex,
      filedDay: Number(whole('filedDay')) as Day,
      filedAt: event.blockTime,
      dueDay: Number(whole('dueDay')) as Day,
      countedDueDays: [],
      decidedBy: null,
      decisionHash: null,
      entryCommitment: null,
      dismissalCode: null,
      changedAt: event.blockTime,
    });
  }

  #step(event: EventRow, whole: (name: string) => bigint): void {
    const before = this.#cases.get(whole('caseId'));
    if (before === undefined) return;
    const hash = (name: string): Hex | null => {
      const value = String(event.args[name]) as Hex;
      return BigInt(value) === 0n ? null : value;
    };
    this.#cases.set(before.caseId, {
      ...before,
      ...(event.name === 'CaseOverdue' ? {} : { changedAt: event.blockTime }),
      ...changeOf(event.name, before, whole, hash),
    });
  }
}

function changeOf(
  name: string,
  before: CaseStanding,
  whole: (name: string) => bigint,
  hash: (name: string) => Hex | null,
): Partial<CaseStanding> {
  switch (name) {
    case 'CaseReceived':
      return { state: 'received' };
    case 'CaseDecided':
      return {
        state: CASE_STATES[Number(whole('state'))] ?? before.state,
        decidedBy: whole('decidedBy'),
        decisionHash: hash('decisionHash'),
        entryCommitment: hash('entryCommitment'),
        dueDay: Number(whole('dueDay')) as Day,
      };
    case 'CaseCarriedOut':
      return { state: 'carried-out', entryCommitment: hash('entryCommitment') };
    case 'CaseDismissed':
      return { state: 'dismissed', dismissalCode: Number(whole('code')) };
    case 'CaseWithdrawn':
      return { state: 'withdrawn' };
    case 'CaseOverdue':
      return { countedDueDays: [...before.countedDueDays, Number(whole('dueDay'))] };
    default:
      return {};
  }
}

function keyOf(filedBy: bigint, documentHash: Hex): string {
  return `${filedBy}:${documentHash}`;
}
