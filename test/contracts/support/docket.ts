import {
  CASE_STATES,
  CASE_TRANSITIONS,
  CASE_TYPES,
  type CaseAction,
  type CaseActor,
  type CaseState,
  type CaseType,
  type Day,
  dateOfDay,
  dayAt,
  type Hex,
  WorkingCalendar,
} from '@credit-ledger/sdk/protocol';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { type ContractTransactionResponse, id, ZeroHash } from 'ethers';
import type { CreditCases } from '../../../types/index.ts';
import { freshProcesses, type ProcessWorld } from './processes.ts';
import { yearBitmap } from '../../../scripts/lib/calendar.ts';
import { coverYears, goTo } from './calendar.ts';
import { DAY, HOUR, loadFixture, networkHelpers, type TestMember, TestRegister } from './world.ts';

/** Years of the calendar that is in force; the chain's clock starts in the first. */
export const YEARS = [2020, 2021, 2022, 2023] as const;
/** The same calendar, told by the SDK. */
export const CALENDAR = new WorkingCalendar(new Map(YEARS.map((year) => [year, yearBitmap(year)])));

export const RULES = { disputeDays: 20, repairDays: 10, carryOutDays: 3 } as const;

export const caseTypeNumber = (caseType: CaseType): number => CASE_TYPES.indexOf(caseType);
export const caseStateNumber = (state: CaseState): number => CASE_STATES.indexOf(state);
/** Names of the contract's numbers; a number beyond the SDK's list has none. */
export const caseStateName = (number: bigint): CaseState | undefined => CASE_STATES[Number(number)];

/** A step as it is about to be sent: the same whether it is tried, sent or put in a block with others. */
export interface Step {
  send(overrides?: { readonly gasLimit?: bigint }): Promise<ContractTransactionResponse>;
  /** Only says whether it would be refused. */
  attempt(): Promise<unknown>;
}

/** Cases about two registers: Beijing’s (1), whose superior is Tianjin, and Hebei’s (2), which has none. */
export class Docket {
  readonly world: ProcessWorld;
  readonly cases: CreditCases;
  #count = 0;

  readonly #address: string;

  private constructor(world: ProcessWorld, address: string) {
    this.world = world;
    this.cases = world.cases;
    this.#address = address;
  }

  /** The world with registers, rules and a calendar of four years, at noon of 2021-02-05; restored after the first call. */
  static fresh(): Promise<Docket> {
    return loadFixture(prepareDocket);
  }

  static async prepare(): Promise<Docket> {
    const world = await freshProcesses();
    const { cases, beijing, tianjin, hebei } = world;
    await TestRegister.open(world, beijing);
    await TestRegister.open(world, hebei);
    await coverYears(world, ...YEARS);
    await world.decide(
      await world.call(cases, 'setRules', [RULES]),
      await world.call(cases, 'setSuperior', [beijing.id, tianjin.id]),
    );
    // Noon: no test runs over into the next day unless it means to.
    await goTo('2021-02-05');
    return new Docket(world, await cases.getAddress());
  }

  /** Who takes a step about Beijing’s register when the table says `by`. */
  actor(by: CaseActor): HardhatEthersSigner {
    const { beijing, tianjin, requester, stranger } = this.world;
    const actors = { member: requester, filer: requester, source: beijing, superior: tianjin } as const;
    return by === 'anyone' ? stranger : actors[by].operator;
  }

  newHash(what: string): Hex {
    this.#count += 1;
    return id(`${what} ${this.#count}`) as Hex;
  }

  /** Files a case about Beijing’s register for the requester, or as said. */
  async file(
    caseType: CaseType,
    options: { by?: TestMember; registerId?: bigint; documentHash?: string } = {},
  ): Promise<bigint> {
    await this.cases
      .connect((options.by ?? this.world.requester).operator)
      .file(
        caseTypeNumber(caseType),
        options.registerId ?? 1n,
        options.documentHash ?? this.newHash('document'),
      );
    return this.cases.caseCount();
  }

  /** A step on a case with arguments that the contract accepts from who may take it. */
  step(
    action: Exclude<CaseAction, 'file'>,
    caseId: bigint,
    caller: HardhatEthersSigner,
    // What a superior grants, the owner carries out: only the owner names the entry.
    namesEntry = caller.address !== this.world.tianjin.operator.address,
  ): Step {
    const decision = this.newHash('decision');
    const entry = this.newHash('entry');
    const call = this.#call(action, caseId, decision, entry, namesEntry);
    const to = this.#address;
    return {
      send: async (overrides = {}) =>
        (await caller.sendTransaction({ to, data: call, ...overrides })) as ContractTransactionResponse,
      attempt: () => caller.call({ to, data: call }),
    };
  }

  #call(
    action: Exclude<CaseAction, 'file'>,
    caseId: bigint,
    decision: Hex,
    entry: Hex,
    namesEntry: boolean,
  ): string {
    const abi = this.cases.interface;
    const dispute = (state: CaseState): string =>
      abi.encodeFunctionData('decideDispute', [caseId, caseStateNumber(state), decision, entry]);
    const repair = (granted: boolean, named: string): string =>
      abi.encodeFunctionData('decideRepair', [caseId, granted, decision, named]);
    switch (action) {
      case 'acknowledge':
        return abi.encodeFunctionData('acknowledge', [caseId]);
      case 'uphold':
        return dispute('upheld');
      case 'correct':
        return dispute('corrected');
      case 'revoke':
        return dispute('revoked');
      case 'grant':
        return repair(true, namesEntry ? entry : ZeroHash);
      case 'deny':
        return repair(false, ZeroHash);
      case 'carry-out':
        return abi.encodeFunctionData('carryOut', [caseId, entry]);
      case 'dismiss':
        return abi.encodeFunctionData('dismiss', [caseId, 3]);
      case 'withdraw':
        return abi.encodeFunctionData('withdraw', [caseId]);
      case 'mark-overdue':
        return abi.encodeFunctionData('markOverdue', [caseId]);
    }
  }

  /** Takes a step as who the table names. */
  async take(action: Exclude<CaseAction, 'file'>, caseId: bigint, by: CaseActor): Promise<void> {
    await this.step(action, caseId, this.actor(by)).send();
  }

  /** A new case about Beijing’s register that has come to a state, by the shortest way of the table. */
  async caseIn(caseType: CaseType, state: CaseState): Promise<bigint> {
    const caseId = await this.file(caseType);
    for (const { action, by } of wayTo(caseType, state)) {
      if (action !== 'file') await this.take(action, caseId, by);
    }
    return caseId;
  }

  async stateOf(caseId: bigint): Promise<CaseState | undefined> {
    return caseStateName((await this.cases.caseOf(caseId)).state);
  }

  /** Goes on to noon of the day after the case’s due day. */
  async passDueDay(caseId: bigint): Promise<void> {
    const { dueDay } = await this.cases.caseOf(caseId);
    await goTo(dateOfDay((Number(dueDay) + 1) as Day));
  }
}

/** The first second of a civil day at UTC+8. */
export function startOfDay(day: number): number {
  return day * DAY - 8 * HOUR;
}

/** The chain's civil day at UTC+8. */
export async function today(): Promise<Day> {
  return dayAt(await networkHelpers.time.latest());
}

/** Named, so that the chain is restored to one snapshot. */
function prepareDocket(): Promise<Docket> {
  return Docket.prepare();
}

/** States that a case of this type can be in, `none` but for. */
export function statesOf(caseType: CaseType): CaseState[] {
  const steps = CASE_TRANSITIONS.filter((step) => step.caseType === caseType);
  return CASE_STATES.filter((state) => steps.some((step) => step.to === state));
}

/** The shortest way from nothing to a state. */
function wayTo(caseType: CaseType, state: CaseState): { action: CaseAction; by: CaseActor }[] {
  let ways: { at: CaseState; steps: { action: CaseAction; by: CaseActor }[] }[] = [{ at: 'none', steps: [] }];
  for (let length = 0; length < CASE_STATES.length; length += 1) {
    const found = ways.find((way) => way.at === state);
    if (found) return found.steps;
    ways = ways.flatMap((way) =>
      CASE_TRANSITIONS.filter((step) => step.caseType === caseType && step.from === way.at).map(
        ({ action, by, to }) => ({ at: to, steps: [...way.steps, { action, by }] }),
      ),
    );
  }
  throw new Error(`no ${caseType} comes to ${state}`);
}
