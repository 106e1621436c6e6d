import { expect } from 'chai';
import { AbiCoder, id, keccak256 } from 'ethers';
import { FIELD_MODULUS, wordHex } from '@credit-ledger/sdk/protocol';
import {
  APPLICATION,
  CIRCUIT_40,
  CIRCUIT_8,
  deployContract,
  freshWorld,
  PERMIT_PREDICATE,
  PREDICATE,
  type World,
} from './support/world.ts';
import type { ApplicationList } from '../../types/index.ts';

const NEW = id('application:new');
const BASIS = id('basis');
const ZERO = wordHex(0n);

describe('ApplicationList', () => {
  let world: World;
  beforeEach(async () => {
    world = await freshWorld();
  });

  const predicate = (changes: object = {}): object => ({
    predicateHash: wordHex(500n),
    class: 1,
    clause0: 1n,
    clause1: 0n,
    circuits: [CIRCUIT_8],
    ...changes,
  });
  const publish = (
    changes: { applicationId?: string; title?: string; basis?: string; predicates?: object[] } = {},
  ) =>
    world.council(
      world.applications,
      'publish',
      changes.applicationId ?? NEW,
      changes.title ?? '新应用',
      changes.basis ?? BASIS,
      2,
      true,
      changes.predicates ?? [predicate()],
    );

  it('publishes an application with the preimages in the event', async () => {
    const { applications } = world;
    await expect(publish())
      .to.emit(applications, 'ApplicationPublished')
      .withArgs(
        NEW,
        1,
        '新应用',
        BASIS,
        2,
        true,
        (predicates: { predicateHash: string; clause0: bigint }[]) => {
          const [first] = predicates;
          return predicates.length === 1 && first?.predicateHash === wordHex(500n) && first.clause0 === 1n;
        },
      );
    const shown = await applications.application(NEW);
    expect([
      shown.version,
      shown.title,
      shown.legalBasisHash,
      shown.gateway,
      shown.historicalDays,
      shown.inForce,
    ]).to.deep.equal([1n, '新应用', BASIS, 2n, true, true]);
    expect(await applications.predicate(NEW, 1, wordHex(500n))).to.deep.equal([true, 1n, [CIRCUIT_8]]);
    expect(await applications.terms(NEW)).to.deep.equal([1n, 2n, true]);
  });

  it('never edits a version: a publication is the next one, and the old one stays readable', async () => {
    const { applications } = world;
    await publish();
    await publish({ title: '第二版', predicates: [predicate({ predicateHash: wordHex(501n) })] });
    const [first, second] = [
      await applications.applicationAt(NEW, 1),
      await applications.applicationAt(NEW, 2),
    ];
    expect([first.title, first.inForce]).to.deep.equal(['新应用', false]);
    expect([second.title, second.inForce]).to.deep.equal(['第二版', true]);
    // What the first listed is not listed in the second.
    expect((await applications.predicate(NEW, 2, wordHex(500n)))[0]).to.equal(false);
    expect((await applications.predicate(NEW, 1, wordHex(500n)))[0]).to.equal(true);
    expect((await applications.applicationAt(NEW, 3)).version).to.equal(0n);
    expect((await applications.applicationAt(NEW, 0)).version).to.equal(0n);
  });

  it('withdraws an application, once, and publishes it again only as a further version', async () => {
    const { applications } = world;
    await publish();
    await expect(world.council(applications, 'withdraw', NEW))
      .to.emit(applications, 'ApplicationWithdrawn')
      .withArgs(NEW, 1);
    expect((await applications.application(NEW)).inForce).to.equal(false);
    expect(await applications.terms(NEW)).to.deep.equal([0n, 0n, false]);
    for (const gone of [NEW, id('application:never')]) {
      await expect(world.council(applications, 'withdraw', gone))
        .to.be.revertedWithCustomError(applications, 'ApplicationNotInForce')
        .withArgs(gone);
    }
    await publish();
    expect(await applications.terms(NEW)).to.deep.equal([2n, 2n, true]);
    expect((await applications.applicationAt(NEW, 1)).inForce).to.equal(false);
  });

  it('says which circuit may answer which predicate', async () => {
    const { applications } = world;
    expect(await applications.allowed(APPLICATION, 1, PREDICATE, CIRCUIT_40)).to.deep.equal([1n, true]);
    expect(await applications.allowed(APPLICATION, 1, PERMIT_PREDICATE, CIRCUIT_8)).to.deep.equal([2n, true]);
    expect(await applications.allowed(APPLICATION, 1, PERMIT_PREDICATE, CIRCUIT_40)).to.deep.equal([
      2n,
      false,
    ]);
    expect(await applications.allowed(APPLICATION, 1, wordHex(9n), CIRCUIT_8)).to.deep.equal([0n, false]);
    expect(await applications.allowed(APPLICATION, 2, PREDICATE, CIRCUIT_8)).to.deep.equal([0n, false]);
    expect(await applications.allowed(NEW, 0, PREDICATE, CIRCUIT_8)).to.deep.equal([0n, false]);
  });

  it('refuses malformed publications', async () => {
    const { applications } = world;
    const tooLong = 'x'.repeat(257);
    const refusals: [Parameters<typeof publish>[0], string, unknown[]][] = [
      [{ applicationId: ZERO }, 'InvalidApplicationId', []],
      [{ title: '' }, 'InvalidTitle', [0]],
      [{ title: tooLong }, 'InvalidTitle', [257]],
      [{ basis: ZERO }, 'InvalidLegalBasis', []],
      [{ predicates: [] }, 'NoPredicates', []],
      [{ predicates: [predicate(), predicate()] }, 'PredicateListedTwice', [wordHex(500n)]],
      [{ predicates: [predicate({ circuits: [] })] }, 'NoCircuits', [wordHex(500n)]],
      [{ predicates: [predicate({ circuits: [id('x')] })] }, 'CircuitNotInForce', [id('x')]],
    ];
    for (const [changes, error, operands] of refusals) {
      await expect(publish(changes))
        .to.be.revertedWithCustomError(applications, error)
        .withArgs(...operands);
    }
  });

  it('refuses predicates that are no predicates', async () => {
    const { applications } = world;
    const statusShift = 104n;
    for (const changes of [
      { predicateHash: ZERO },
      { predicateHash: wordHex(FIELD_MODULUS) },
      { class: 0 },
      { class: 4 },
      // Nothing to hold: everybody would get a YES.
      { clause0: 0n },
      { clause0: 1n << 178n },
      { clause1: 1n << 178n },
      { clause0: 3n << statusShift },
      { clause1: 3n << statusShift },
    ]) {
      const bad = { ...predicate(), ...changes } as { predicateHash: string };
      await expect(publish({ predicates: [predicate({ predicateHash: wordHex(7n) }), bad] }))
        .to.be.revertedWithCustomError(applications, 'InvalidPredicate')
        .withArgs(1, bad.predicateHash);
    }
    await publish({
      predicates: [
        predicate({ clause0: (1n << 178n) - 1n - (1n << statusShift), clause1: 2n << statusShift }),
      ],
    });
  });

  it('does not publish for a circuit that was retired', async () => {
    const { applications, consortium } = world;
    await world.council(consortium, 'retireCircuit', CIRCUIT_8);
    await expect(publish())
      .to.be.revertedWithCustomError(applications, 'CircuitNotInForce')
      .withArgs(CIRCUIT_8);
  });

  it('rolls all publications and withdrawals into one hash that anyone can compute', async () => {
    const list = await deployContract<ApplicationList>('ApplicationList', world.consortium);
    expect(await list.listHash()).to.equal(ZERO);
    const coder = AbiCoder.defaultAbiCoder();
    const roll = (previous: string, publication: string): string =>
      keccak256(coder.encode(['bytes32', 'bytes32'], [previous, publication]));
    const published = (version: number): string =>
      keccak256(
        coder.encode(
          [
            'bytes32',
            'uint32',
            'string',
            'bytes32',
            'uint8',
            'bool',
            'tuple(bytes32,uint8,uint256,uint256,bytes32[])[]',
          ],
          [NEW, version, '新应用', BASIS, 2, true, [[wordHex(500n), 1, 1n, 0n, [CIRCUIT_8]]]],
        ),
      );
    const args = [NEW, '新应用', BASIS, 2, true, [predicate()]] as const;
    const first = roll(ZERO, published(1));
    await expect(world.council(list, 'publish', ...args))
      .to.emit(list, 'ListChanged')
      .withArgs(first);
    expect(await list.listHash()).to.equal(first);
    await world.council(list, 'withdraw', NEW);
    const second = roll(
      first,
      keccak256(coder.encode(['string', 'bytes32', 'uint32'], ['withdrawn', NEW, 1])),
    );
    expect(await list.listHash()).to.equal(second);
    await world.council(list, 'publish', ...args);
    expect(await list.listHash()).to.equal(roll(second, published(2)));
  });
});
