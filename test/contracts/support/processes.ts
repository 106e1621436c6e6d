import { id } from 'ethers';
import type {
  CommitmentItems,
  CommitmentLetters,
  CreditCases,
  IncompleteFilings,
  SubjectConsents,
  VoluntaryPledges,
  WorkingCalendar,
} from '../../../types/index.ts';
import { deployContract, freshWorld, loadFixture, type TestCall, type World } from './world.ts';

/** The contracts of the processes, put in force in the founded world. */
export interface Processes {
  readonly calendar: WorkingCalendar;
  readonly items: CommitmentItems;
  readonly letters: CommitmentLetters;
  readonly filings: IncompleteFilings;
  readonly consents: SubjectConsents;
  readonly cases: CreditCases;
  readonly pledges: VoluntaryPledges;
}

/** The founded world, and the processes in it. */
export type ProcessWorld = World & Processes;

/** Restores the founded world with the processes in force; the first call makes it. */
export function freshProcesses(): Promise<ProcessWorld> {
  return loadFixture(buildProcesses);
}

async function buildProcesses(): Promise<ProcessWorld> {
  const world = await freshWorld();
  const { consortium } = world;
  const processes: Processes = {
    calendar: await deployContract<WorkingCalendar>('WorkingCalendar', consortium),
    items: await deployContract<CommitmentItems>('CommitmentItems', consortium),
    letters: await deployContract<CommitmentLetters>('CommitmentLetters', consortium),
    filings: await deployContract<IncompleteFilings>('IncompleteFilings', consortium),
    consents: await deployContract<SubjectConsents>('SubjectConsents', consortium),
    cases: await deployContract<CreditCases>('CreditCases', consortium),
    pledges: await deployContract<VoluntaryPledges>('VoluntaryPledges', consortium),
  };
  const calls: TestCall[] = [];
  for (const [name, contract] of [
    ['WorkingCalendar', processes.calendar],
    ['CommitmentItems', processes.items],
    ['CommitmentLetters', processes.letters],
    ['IncompleteFilings', processes.filings],
    ['SubjectConsents', processes.consents],
    ['CreditCases', processes.cases],
    ['VoluntaryPledges', processes.pledges],
  ] as const) {
    calls.push(await world.call(consortium, 'putInForce', [id(name), await contract.getAddress(), 1]));
  }
  await (await world.decide(...calls)).wait();
  return { ...world, ...processes };
}
