import { expect } from 'chai';
import { network } from 'hardhat';
import type { NetworkConnection } from 'hardhat/types/network';
import { type BytesLike, type ContractTransactionResponse, id, type Interface, ZeroAddress } from 'ethers';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import {
  type Entry,
  type EntryBody,
  entriesHash,
  encodeEntry,
  type Hex,
  type RegisterRoot,
  RegisterTree,
  sortForBatch,
  type SubjectKey,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import type {
  AnswerLog,
  ApplicationList,
  Consortium,
  CouncilTarget,
  CreditRegisters,
  MockClaimVerifier,
  SharingGrants,
} from '../../../types/index.ts';
import { keepFixtures } from './fixtures.ts';

export const REGIONS = [110_000, 120_000, 130_000] as const;
export const ROLE = { authority: 1, requester: 2, association: 3 } as const;
export const STATUS = { none: 0n, active: 1n, suspended: 2n, left: 3n } as const;
export const STANDING = { current: 0n, withinGrace: 1n, stale: 2n, contested: 3n, notUsable: 4n } as const;
export const HOUR = 3_600;
export const DAY = 86_400;
export const PARAMETERS = {
  quorumRegions: 1,
  quietSeconds: HOUR,
  finalSeconds: 30 * DAY,
  graceSeconds: 600,
} as const;
export const PROMISE_SECONDS = DAY;

export const CIRCUIT_8 = id('claim 8');
export const CIRCUIT_40 = id('claim 40');
export const APPLICATION = id('application:procurement');
export const HISTORICAL_APPLICATION = id('application:inspection');
export const CONSENT_APPLICATION = id('application:bank');
export const PREDICATE = toBytes32(41n);
export const PERMIT_PREDICATE = toBytes32(42n);

/** A member with the keys that act for it. */
export interface TestMember {
  readonly id: bigint;
  readonly region: number;
  readonly operator: HardhatEthersSigner;
  readonly witness: HardhatEthersSigner;
}

/** One call for the council to make. */
export interface TestCall {
  readonly target: string;
  readonly data: BytesLike;
}

interface CallableContract {
  readonly interface: Interface;
  getAddress(): Promise<string>;
}

export interface World {
  readonly connection: NetworkConnection;
  readonly consortium: Consortium;
  readonly registers: CreditRegisters;
  readonly applications: ApplicationList;
  readonly grants: SharingGrants;
  readonly answerLog: AnswerLog;
  readonly verifier: MockClaimVerifier;
  readonly target: CouncilTarget;
  /** The keys of the three seats, in the order of the regions. */
  readonly seats: readonly [HardhatEthersSigner, HardhatEthersSigner, HardhatEthersSigner];
  /** Authorities: Beijing (1), Tianjin (2), Hebei (3), Tianjin again (4), Beijing again (5). */
  readonly beijing: TestMember;
  readonly tianjin: TestMember;
  readonly hebei: TestMember;
  readonly tianjin2: TestMember;
  readonly beijing2: TestMember;
  /** A requester in Hebei (6) and an association in Beijing (7): no witness keys. */
  readonly requester: TestMember;
  readonly association: TestMember;
  /** Nobody. */
  readonly stranger: HardhatEthersSigner;
  /** Keys that nobody uses yet. */
  readonly spare: readonly HardhatEthersSigner[];
  /** A call as the council makes it. */
  call(contract: CallableContract, method: string, args: readonly unknown[]): Promise<TestCall>;
  /** Proposed by the first seat and approved by the second: the deciding transaction. */
  decide(...calls: TestCall[]): Promise<ContractTransactionResponse>;
  /** The same for one call. */
  council(
    contract: CallableContract,
    method: string,
    ...args: unknown[]
  ): Promise<ContractTransactionResponse>;
  /** A proposal made by the first seat. */
  propose(...calls: TestCall[]): Promise<bigint>;
}

/** A chain of its own for a test file; its clock starts on this day in any year, so that tests can name dates. */
export const connection = await network.create({ override: { initialDate: '2020-12-30T00:00:00Z' } });
export const { ethers, networkHelpers } = connection;

/** What a function built, restored when it is asked for again. */
export const loadFixture = keepFixtures(() => networkHelpers.takeSnapshot());

/** Deploys a contract and gives it the type that TypeChain made for it. */
export async function deployContract<T>(name: string, ...args: unknown[]): Promise<T> {
  return (await ethers.deployContract(name, args)) as unknown as T;
}

/** Restores the founded world; the first call makes it. */
export function freshWorld(): Promise<World> {
  return loadFixture(buildWorld);
}

async function buildWorld(): Promise<World> {
  const signers = await ethers.getSigners();
  const [deployer, seat1, seat2, seat3, stranger, ...keys] = signers;
  if (!deployer || !seat1 || !seat2 || !seat3 || !stranger) throw new Error('too few accounts');
  const seats = [seat1, seat2, seat3] as const;
  const consortium = await deployContract<Consortium>(
    'Consortium',
    [...REGIONS],
    [seat1.address, seat2.address, seat3.address],
  );
  const registers = await deployContract<CreditRegisters>('CreditRegisters', consortium, PARAMETERS);
  const applications = await deployContract<ApplicationList>('ApplicationList', consortium);
  const grants = await deployContract<SharingGrants>('SharingGrants', consortium);
  const answerLog = await deployContract<AnswerLog>('AnswerLog', consortium, registers);
  const verifier = await deployContract<MockClaimVerifier>('MockClaimVerifier');
  const target = await deployContract<CouncilTarget>('CouncilTarget');

  const call = async (
    contract: CallableContract,
    method: string,
    args: readonly unknown[],
  ): Promise<TestCall> => ({
    target: await contract.getAddress(),
    data: contract.interface.encodeFunctionData(method, args),
  });
  const propose = async (...calls: TestCall[]): Promise<bigint> => {
    const transaction = await consortium.connect(seat1).propose([...calls], 'a decision');
    const receipt = await transaction.wait();
    const made = receipt?.logs
      .map((entry) => consortium.interface.parseLog(entry))
      .find((e) => e?.name === 'ProposalMade');
    return made?.args['id'] as bigint;
  };
  const decide = async (...calls: TestCall[]): Promise<ContractTransactionResponse> =>
    consortium.connect(seat2).approve(await propose(...calls));
  const council = async (
    contract: CallableContract,
    method: string,
    ...args: unknown[]
  ): Promise<ContractTransactionResponse> => decide(await call(contract, method, args));

  const places = [
    ['Beijing market regulator', 110_108, ROLE.authority],
    ['Tianjin ecology bureau', 120_101, ROLE.authority],
    ['Hebei transport bureau', 130_100, ROLE.authority],
    ['Tianjin tax office', 120_102, ROLE.authority],
    ['Beijing customs', 110_000, ROLE.authority],
    ['Hebei procurement centre', 130_200, ROLE.requester],
    ['Beijing association', 110_105, ROLE.association],
  ] as const;
  const members: TestMember[] = [];
  const calls: TestCall[] = [
    await call(consortium, 'putInForce', [id('CreditRegisters'), await registers.getAddress(), 1]),
    await call(consortium, 'putInForce', [id('ApplicationList'), await applications.getAddress(), 1]),
    await call(consortium, 'putInForce', [id('SharingGrants'), await grants.getAddress(), 1]),
    await call(consortium, 'putInForce', [id('AnswerLog'), await answerLog.getAddress(), 1]),
    await call(consortium, 'putCircuit', [CIRCUIT_8, 8, await verifier.getAddress()]),
    await call(consortium, 'putCircuit', [CIRCUIT_40, 40, await verifier.getAddress()]),
    await call(consortium, 'setCatalogue', [1, id('catalogue')]),
  ];
  for (const [index, [name, regionCode, role]] of places.entries()) {
    const operator = keys[2 * index];
    const witness = keys[2 * index + 1];
    if (!operator || !witness) throw new Error('too few accounts');
    members.push({
      id: BigInt(index + 1),
      region: Math.floor(regionCode / 10_000) * 10_000,
      operator,
      witness,
    });
    calls.push(
      await call(consortium, 'admit', [
        {
          name,
          regionCode,
          creditCode: `1100000000000000${String(index).padStart(2, '0')}`,
          role,
          endpoint: `https://node${index}.example`,
          operator: operator.address,
          witness: role === ROLE.authority ? witness.address : ZeroAddress,
        },
      ]),
    );
  }
  const predicates = [
    { predicateHash: PREDICATE, class: 1, clause0: 1n, clause1: 0n, circuits: [CIRCUIT_8, CIRCUIT_40] },
    { predicateHash: PERMIT_PREDICATE, class: 2, clause0: 2n, clause1: 3n, circuits: [CIRCUIT_8] },
  ];
  const legalBasis = id('a law');
  calls.push(
    await call(applications, 'publish', [APPLICATION, '招标资格审查', legalBasis, 0, false, predicates]),
    await call(applications, 'publish', [
      HISTORICAL_APPLICATION,
      '历史核查',
      legalBasis,
      0,
      true,
      predicates,
    ]),
    await call(applications, 'publish', [CONSENT_APPLICATION, '银行授信', legalBasis, 1, false, predicates]),
  );
  await (await decide(...calls)).wait();
  const [beijing, tianjin, hebei, tianjin2, beijing2, requester, association] = members;
  if (!beijing || !tianjin || !hebei || !tianjin2 || !beijing2 || !requester || !association)
    throw new Error('members');
  return {
    connection,
    consortium,
    registers,
    applications,
    grants,
    answerLog,
    verifier,
    target,
    seats,
    beijing,
    tianjin,
    hebei,
    tianjin2,
    beijing2,
    requester,
    association,
    stranger,
    spare: keys.slice(14),
    call,
    decide,
    council,
    propose,
  };
}

/** Entries under pseudo-random keys; the same seed gives the same. */
export function makeEntries(count: number, seed = 1): Entry[] {
  let state = BigInt(seed) + 0x9e3779b97f4a7c15n;
  const next = (): bigint => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % (1n << 64n);
    return state;
  };
  const wide = (): bigint => (next() << 192n) | (next() << 128n) | (next() << 64n) | next();
  return sortForBatch(
    Array.from({ length: count }, (_, i) => ({
      key: ((wide() >> 8n) | 1n) as SubjectKey,
      op: (i % 5) as Entry['op'],
      body: (wide() >> 3n) as EntryBody,
    })),
  );
}

/** What `append` takes. */
export function encoded(entries: readonly Entry[]): { opAndKey: Hex; body: Hex }[] {
  return entries.map(encodeEntry);
}

/** A register driven by its owner, with an honest tree beside it. */
export class TestRegister {
  readonly world: World;
  readonly owner: TestMember;
  readonly id: bigint;
  readonly tree = new RegisterTree();

  private constructor(world: World, owner: TestMember, registerId: bigint) {
    this.world = world;
    this.owner = owner;
    this.id = registerId;
  }

  static async open(
    world: World,
    owner: TestMember,
    secretCommit: Hex = toBytes32(1_000n + owner.id),
  ): Promise<TestRegister> {
    await world.registers.connect(owner.operator).open(secretCommit, PROMISE_SECONDS);
    return new TestRegister(world, owner, await world.registers.registerCount());
  }

  /** Appends with the honest root, or with the one given. */
  async append(
    entries: readonly Entry[],
    root?: Hex,
  ): Promise<{ seq: bigint; batchHash: Hex; root: Hex; entriesHash: Hex }> {
    const { registers } = this.world;
    const current = await registers.register(this.id);
    const seq = this.tree.seq + 1;
    const newRoot = root ?? toBytes32(this.tree.append(entries, seq).root);
    await registers.connect(this.owner.operator).append(this.id, current.root, newRoot, encoded(entries));
    const head = await registers.current(this.id);
    return {
      seq: head.seq,
      batchHash: head.batchHash as Hex,
      root: newRoot,
      entriesHash: entriesHash(entries),
    };
  }

  /** Appends and has members of both other regions attest. */
  async appendWitnessed(
    entries: readonly Entry[],
    root?: Hex,
  ): Promise<{ seq: bigint; batchHash: Hex; root: Hex }> {
    const appended = await this.append(entries, root);
    const { registers, beijing, tianjin, hebei } = this.world;
    for (const member of [beijing, tianjin, hebei]) {
      if (member.id !== this.owner.id) await registers.connect(member.witness).attest([appended.batchHash]);
    }
    return appended;
  }
}

/** A root that nobody computed. */
export function madeUpRoot(seed: number): Hex {
  return toBytes32((BigInt(id(`root ${seed}`)) >> 8n) as RegisterRoot);
}

/** The selector of a custom error. */
export function selectorOf(contract: CallableContract, name: string): string {
  const fragment = contract.interface.getError(name);
  if (!fragment) throw new Error(`no error ${name}`);
  return fragment.selector;
}

/** Each attempt is refused with this error and these operands; attempts are made one after the other. */
export async function allRefused(
  attempts: readonly (() => Promise<unknown>)[],
  contract: CallableContract,
  error: string,
  ...operands: unknown[]
): Promise<void> {
  for (const attempt of attempts) {
    await expect(attempt())
      .to.be.revertedWithCustomError(contract, error)
      .withArgs(...operands);
  }
}
