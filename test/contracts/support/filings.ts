import { id, Wallet } from 'ethers';
import {
  FILING_PROMISE_TYPES,
  FILING_STATES,
  type FilingAction,
  type FilingState,
  type Hex,
  ledgerDomain,
} from '@credit-ledger/sdk/protocol';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { coverYears } from './calendar.ts';
import { freshProcesses, type ProcessWorld } from './processes.ts';
import { DAY, loadFixture, networkHelpers, type TestMember } from './world.ts';

export const PROMISE = id('what is missing, and that it will come');
export const DOCUMENTS = id('what came');
export const ENTRY = id('the entry that records it');

/** Filings of the Beijing authority, in a world whose calendar covers the years that the tests name. */
export class FilingStage {
  readonly world: ProcessWorld;
  #count = 0;

  constructor(world: ProcessWorld) {
    this.world = world;
  }

  /** The accepting authority's filings. */
  get filings() {
    return this.world.filings.connect(this.world.beijing.operator);
  }

  /** A key that nobody has used. */
  freshApplicant(): Wallet {
    this.#count += 1;
    return new Wallet(id(`filing applicant ${this.#count}`));
  }

  async sign(
    applicant: Wallet,
    authority: bigint = this.world.beijing.id,
    promiseHash = PROMISE,
  ): Promise<string> {
    return applicant.signTypedData(
      ledgerDomain(31_337n, (await this.world.filings.getAddress()) as Hex),
      { FilingPromise: [...FILING_PROMISE_TYPES.FilingPromise] },
      { authority, promiseHash },
    );
  }

  async accept(applicant = this.freshApplicant(), by: TestMember = this.world.beijing) {
    const signature = await this.sign(applicant, by.id);
    return this.world.filings.connect(by.operator).accept(PROMISE, applicant.address, signature);
  }

  /** Takes a step with arguments that are right wherever the step is. */
  async take(action: FilingAction, filingId: bigint, caller: HardhatEthersSigner) {
    const filings = this.world.filings.connect(caller);
    switch (action) {
      case 'accept': {
        const applicant = this.freshApplicant();
        return filings.accept(PROMISE, applicant.address, await this.sign(applicant));
      }
      case 'supply':
        return filings.supply(filingId, DOCUMENTS);
      case 'mark-overdue':
        return filings.markOverdue(filingId);
      case 'record':
        return filings.record(filingId, ENTRY);
    }
  }

  /** A filing in a state, reached on the shortest way. */
  async reach(state: FilingState): Promise<bigint> {
    if (state === 'none') return (await this.world.filings.filingCount()) + 1n;
    await this.accept();
    const filingId = await this.world.filings.filingCount();
    if (state === 'accepted') return filingId;
    if (state === 'supplied') {
      await this.filings.supply(filingId, DOCUMENTS);
      return filingId;
    }
    await this.afterEndOf(await this.dueDayOf(filingId));
    if (state === 'overdue') await this.world.filings.connect(this.world.stranger).markOverdue(filingId);
    else await this.filings.supply(filingId, DOCUMENTS);
    return filingId;
  }

  async dueDayOf(filingId: bigint): Promise<number> {
    return Number((await this.world.filings.filing(filingId)).dueDay);
  }

  async stateOf(filingId: bigint): Promise<FilingState> {
    const { state } = await this.world.filings.filing(filingId);
    return FILING_STATES[Number(state)] as FilingState;
  }

  /** The next block is in the last second of a day at UTC+8. */
  atEndOf(day: number): Promise<void> {
    return networkHelpers.time.setNextBlockTimestamp((day + 1) * DAY - 8 * 3_600 - 1);
  }

  /** The next block is in the first second after a day at UTC+8. */
  afterEndOf(day: number): Promise<void> {
    return networkHelpers.time.setNextBlockTimestamp((day + 1) * DAY - 8 * 3_600);
  }
}

/** Restores a world in which filings can be accepted; the first call makes it. */
export async function freshFilings(): Promise<FilingStage> {
  return new FilingStage(await loadFixture(covered));
}

async function covered(): Promise<ProcessWorld> {
  const world = await freshProcesses();
  await coverYears(world, 2020, 2021, 2025, 2026);
  return world;
}
