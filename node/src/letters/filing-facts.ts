import type { Day, FilingState, Hex } from '@credit-ledger/sdk/protocol';
import type { Database } from '../store/index.ts';
import { type Followed, type Place, placeOf } from './followed.ts';

export interface FilingHappening extends Place {
  readonly event: string;
  readonly state: FilingState;
}

/** A filing as its events say it stands. */
export interface FilingSaid {
  readonly filingId: bigint;
  readonly authority: bigint;
  readonly promiseHash: Hex;
  readonly applicant: Hex;
  readonly acceptedDay: Day;
  readonly dueDay: Day;
  readonly state: FilingState;
  readonly suppliedDay: Day | null;
  readonly entryCommitment: Hex | null;
  readonly history: readonly FilingHappening[];
}

/** Filings as their events say: of all members, or those of these numbers. */
export async function filingsSaid(
  db: Database,
  followed: Followed,
  filingIds?: readonly bigint[],
): Promise<Map<bigint, FilingSaid>> {
  const filter = filingIds === undefined ? {} : { arg: { name: 'filingId', values: filingIds.map(String) } };
  const events = await followed.events(db, 'IncompleteFilings', filter);
  const filings = new Map<bigint, FilingSaid>();
  for (const event of events) {
    if (event.name === 'FilingAccepted') filings.set(event.args.filingId, accepted(event.args));
    const filing = 'filingId' in event.args ? filings.get(event.args.filingId) : undefined;
    if (filing === undefined) continue;
    const next = { ...filing, ...changeBy(event) };
    const happening = { event: event.name, state: next.state, ...placeOf(event) };
    filings.set(filing.filingId, { ...next, history: [...filing.history, happening] });
  }
  return filings;
}

type FilingEvent = Awaited<ReturnType<typeof Followed.prototype.events<'IncompleteFilings'>>>[number];

function accepted(args: Extract<FilingEvent, { name: 'FilingAccepted' }>['args']): FilingSaid {
  return {
    filingId: args.filingId,
    authority: args.authority,
    promiseHash: args.promiseHash,
    applicant: args.applicant.toLowerCase() as Hex,
    acceptedDay: args.acceptedDay as Day,
    dueDay: args.dueDay as Day,
    state: 'accepted',
    suppliedDay: null,
    entryCommitment: null,
    history: [],
  };
}

function changeBy(event: FilingEvent): Partial<FilingSaid> {
  switch (event.name) {
    case 'FilingSupplied':
      return {
        state: event.args.late ? 'supplied-late' : 'supplied',
        suppliedDay: event.args.day as Day,
      };
    case 'FilingOverdue':
      return { state: 'overdue' };
    case 'FilingRecorded':
      return { entryCommitment: event.args.entryCommitment };
    default:
      return {};
  }
}

/** How a filing stands against its due day, seen from a day. */
export function deadlineOf(
  said: Pick<FilingSaid, 'state' | 'dueDay'>,
  today: Day,
): { readonly daysLeft: number | null; readonly overdue: boolean } {
  const isOpen = said.state === 'accepted';
  return {
    daysLeft: isOpen ? Math.max(0, said.dueDay - today) : null,
    overdue: said.state === 'overdue' || (isOpen && today > said.dueDay),
  };
}
