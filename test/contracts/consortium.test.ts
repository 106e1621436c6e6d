import { expect } from 'chai';
import { id, ZeroAddress } from 'ethers';
import {
  CIRCUIT_8,
  ethers,
  freshWorld,
  networkHelpers,
  REGIONS,
  ROLE,
  STATUS,
  type World,
} from './support/world.ts';

describe('Consortium: members and what is in force', () => {
  let world: World;
  beforeEach(async () => {
    world = await freshWorld();
  });

  const keyAt = (index: number): string => {
    const key = world.spare[index];
    if (!key) throw new Error('no spare key');
    return key.address;
  };
  const newcomer = (changes: object = {}): object => ({
    name: '邯郸市发展改革委',
    regionCode: 130_400,
    creditCode: '11130400MB0000001X',
    role: ROLE.authority,
    endpoint: 'https://handan.example',
    operator: keyAt(0),
    witness: keyAt(1),
    ...changes,
  });
  const blockNumber = async (): Promise<bigint> => BigInt(await ethers.provider.getBlockNumber());

  describe('admission', () => {
    it('gives ids from 1 and stores what the council said', async () => {
      const { consortium } = world;
      await expect(world.council(consortium, 'admit', newcomer()))
        .to.emit(consortium, 'MemberAdmitted')
        .withArgs(
          8,
          '邯郸市发展改革委',
          130_400,
          130_000,
          '11130400MB0000001X',
          ROLE.authority,
          'https://handan.example',
          keyAt(0),
          keyAt(1),
        );
      const member = await consortium.member(8);
      expect(member.region).to.equal(130_000n);
      expect(member.status).to.equal(STATUS.active);
      expect(member.operator).to.equal(keyAt(0));
      expect(member.witness).to.equal(keyAt(1));
      expect(member.admittedAtBlock).to.equal(await blockNumber());
      expect(await consortium.memberCount()).to.equal(8n);
      expect(await consortium.memberOfOperator(keyAt(0))).to.equal(8n);
      expect(await consortium.memberOfWitness(keyAt(1))).to.equal(8n);
      expect(await consortium.requireOperator(keyAt(0))).to.equal(8n);
      expect(await consortium.roleAndRegion(8)).to.deep.equal([1n, 130_000n]);
    });

    it('refuses a place outside the three regions, no role, and texts out of bounds', async () => {
      const { consortium } = world;
      const refusals: [object, string, unknown[]][] = [
        [{ regionCode: 310_000 }, 'InvalidRegion', [310_000]],
        [{ role: 0 }, 'InvalidRole', [0]],
        [{ name: '' }, 'InvalidText', ['name', 0]],
        [{ name: 'x'.repeat(129) }, 'InvalidText', ['name', 129]],
        [{ creditCode: '1'.repeat(17) }, 'InvalidText', ['creditCode', 17]],
        [{ endpoint: 'x'.repeat(257) }, 'InvalidText', ['endpoint', 257]],
        [{ operator: ZeroAddress }, 'InvalidKey', [ZeroAddress]],
        [{ witness: ZeroAddress }, 'InvalidKey', [ZeroAddress]],
        [{ role: ROLE.requester }, 'InvalidKey', [keyAt(1)]],
      ];
      for (const [changes, error, args] of refusals) {
        await expect(world.council(consortium, 'admit', newcomer(changes)))
          .to.be.revertedWithCustomError(consortium, error)
          .withArgs(...args);
      }
    });

    it('gives a key to one member in one role for ever', async () => {
      const { consortium, beijing } = world;
      for (const changes of [
        { operator: beijing.operator.address },
        { operator: beijing.witness.address },
        { witness: beijing.operator.address },
      ]) {
        const taken = Object.values(changes)[0];
        await expect(world.council(consortium, 'admit', newcomer(changes)))
          .to.be.revertedWithCustomError(consortium, 'KeyTaken')
          .withArgs(taken, beijing.id);
      }
      await expect(world.council(consortium, 'admit', newcomer({ witness: keyAt(0) })))
        .to.be.revertedWithCustomError(consortium, 'KeyTaken')
        .withArgs(keyAt(0), 8);
    });

    it('admits one agency once, and again under a new id after it has left', async () => {
      const { consortium } = world;
      await world.council(consortium, 'admit', newcomer());
      const again = newcomer({ operator: keyAt(2), witness: keyAt(3) });
      await expect(world.council(consortium, 'admit', again))
        .to.be.revertedWithCustomError(consortium, 'CreditCodeTaken')
        .withArgs('11130400MB0000001X', 8);
      await world.council(consortium, 'remove', 8);
      await world.council(consortium, 'admit', again);
      expect(await consortium.memberOfOperator(keyAt(2))).to.equal(9n);
      // Its old keys stay with its old id.
      expect(await consortium.memberOfOperator(keyAt(0))).to.equal(8n);
    });

    it('knows nothing of members that do not exist', async () => {
      const { consortium, stranger } = world;
      await expect(consortium.member(99))
        .to.be.revertedWithCustomError(consortium, 'UnknownMember')
        .withArgs(99);
      await expect(consortium.member(0))
        .to.be.revertedWithCustomError(consortium, 'UnknownMember')
        .withArgs(0);
      expect(await consortium.memberOfOperator(stranger.address)).to.equal(0n);
      expect(await consortium.memberOfOperator(ZeroAddress)).to.equal(0n);
      expect(await consortium.memberOfWitness(ZeroAddress)).to.equal(0n);
      expect(await consortium.roleAndRegion(99)).to.deep.equal([0n, 0n]);
      expect(await consortium.statusAt(99, 1)).to.equal(STATUS.none);
      await expect(consortium.requireOperator(stranger.address))
        .to.be.revertedWithCustomError(consortium, 'NotOperator')
        .withArgs(stranger.address);
      await expect(consortium.requireWitness(stranger.address))
        .to.be.revertedWithCustomError(consortium, 'NotWitness')
        .withArgs(stranger.address);
    });
  });

  describe('status', () => {
    it('suspends from the next block on, and leaves history as it was', async () => {
      const { consortium, beijing } = world;
      await world.council(consortium, 'suspend', beijing.id, id('reason'));
      const suspendedIn = await blockNumber();
      expect(await consortium.statusAt(beijing.id, suspendedIn)).to.equal(STATUS.active);
      expect(await consortium.statusAt(beijing.id, suspendedIn + 1n)).to.equal(STATUS.suspended);
      await networkHelpers.mine();
      expect((await consortium.member(beijing.id)).status).to.equal(STATUS.suspended);
      expect(await consortium.activeAt(beijing.id, suspendedIn)).to.equal(true);
      await expect(consortium.requireOperator(beijing.operator.address))
        .to.be.revertedWithCustomError(consortium, 'MemberNotActive')
        .withArgs(beijing.id, STATUS.suspended);
      await expect(consortium.requireWitness(beijing.witness.address))
        .to.be.revertedWithCustomError(consortium, 'MemberNotActive')
        .withArgs(beijing.id, STATUS.suspended);
      // Whose key it is can still be read.
      expect(await consortium.memberOfOperator(beijing.operator.address)).to.equal(beijing.id);
    });

    it('reinstates a suspended member', async () => {
      const { consortium, beijing } = world;
      await world.council(consortium, 'suspend', beijing.id, id('reason'));
      await expect(world.council(consortium, 'reinstate', beijing.id)).to.emit(
        consortium,
        'MemberReinstated',
      );
      await networkHelpers.mine();
      expect(await consortium.requireOperator(beijing.operator.address)).to.equal(beijing.id);
    });

    it('removes for good', async () => {
      const { consortium, beijing } = world;
      await world.council(consortium, 'remove', beijing.id);
      await networkHelpers.mine();
      expect((await consortium.member(beijing.id)).status).to.equal(STATUS.left);
      for (const [method, args] of [
        ['remove', [beijing.id]],
        ['reinstate', [beijing.id]],
        ['suspend', [beijing.id, id('x')]],
        ['changeKeys', [beijing.id, keyAt(0), keyAt(1), (await blockNumber()) + 10n]],
      ] as const) {
        await expect(world.council(consortium, method, ...args))
          .to.be.revertedWithCustomError(consortium, 'WrongStatus')
          .withArgs(beijing.id, STATUS.left);
      }
    });

    it('refuses to suspend twice, to reinstate who is active, and who is not there', async () => {
      const { consortium, beijing, call } = world;
      const suspend = await call(consortium, 'suspend', [beijing.id, id('x')]);
      // Twice in one block as well: the second sees the first.
      await expect(world.decide(suspend, suspend))
        .to.be.revertedWithCustomError(consortium, 'WrongStatus')
        .withArgs(beijing.id, STATUS.suspended);
      await expect(world.council(consortium, 'reinstate', beijing.id))
        .to.be.revertedWithCustomError(consortium, 'WrongStatus')
        .withArgs(beijing.id, STATUS.active);
      for (const [method, args] of [
        ['suspend', [99, id('x')]],
        ['reinstate', [99]],
        ['remove', [99]],
        ['changeKeys', [99, keyAt(0), keyAt(1), (await blockNumber()) + 10n]],
      ] as const) {
        await expect(world.council(consortium, method, ...args))
          .to.be.revertedWithCustomError(consortium, 'UnknownMember')
          .withArgs(99);
      }
    });
  });

  describe('keys', () => {
    it('change from the given block on, and leave history alone', async () => {
      const { consortium, beijing } = world;
      const fromBlock = (await blockNumber()) + 10n;
      await expect(world.council(consortium, 'changeKeys', beijing.id, keyAt(0), keyAt(1), fromBlock))
        .to.emit(consortium, 'KeysChanged')
        .withArgs(beijing.id, keyAt(0), keyAt(1), fromBlock);
      expect(await consortium.memberOfOperator(beijing.operator.address)).to.equal(beijing.id);
      expect(await consortium.memberOfOperator(keyAt(0))).to.equal(0n);
      await networkHelpers.mine(20);
      expect(await consortium.memberOfOperator(beijing.operator.address)).to.equal(0n);
      expect(await consortium.memberOfOperator(keyAt(0))).to.equal(beijing.id);
      expect(await consortium.memberOfWitness(keyAt(1))).to.equal(beijing.id);
      expect(await consortium.operatorAt(beijing.id, fromBlock - 1n)).to.equal(beijing.operator.address);
      expect(await consortium.operatorAt(beijing.id, fromBlock)).to.equal(keyAt(0));
      expect(await consortium.witnessAt(beijing.id, fromBlock - 1n)).to.equal(beijing.witness.address);
      expect(await consortium.operatorAt(beijing.id, 0)).to.equal(ZeroAddress);
      expect(await consortium.operatorAt(beijing.id, 2n ** 200n)).to.equal(keyAt(0));
    });

    it('cannot be changed for the present block, the past, or the far future', async () => {
      const { consortium, beijing } = world;
      // Two blocks further on: the proposal, then the deciding approval.
      const decidedIn = (await blockNumber()) + 2n;
      await expect(world.council(consortium, 'changeKeys', beijing.id, keyAt(0), keyAt(1), decidedIn))
        .to.be.revertedWithCustomError(consortium, 'InvalidFromBlock')
        .withArgs(decidedIn, decidedIn + 1n, decidedIn + 1_000_001n);
      await expect(
        world.council(consortium, 'changeKeys', beijing.id, keyAt(0), keyAt(1), decidedIn + 2_000_000n),
      ).to.be.revertedWithCustomError(consortium, 'InvalidFromBlock');
    });

    it('drop a change that had not come into effect when there is a new one', async () => {
      const { consortium, beijing } = world;
      const far = (await blockNumber()) + 1_000n;
      await world.council(consortium, 'changeKeys', beijing.id, keyAt(0), keyAt(1), far);
      // The new key was stolen before it came into effect: an earlier change takes its place.
      const near = (await blockNumber()) + 5n;
      await world.council(consortium, 'changeKeys', beijing.id, keyAt(2), keyAt(3), near);
      await networkHelpers.mine(1_100);
      expect(await consortium.operatorAt(beijing.id, near)).to.equal(keyAt(2));
      expect(await consortium.operatorAt(beijing.id, far + 1n)).to.equal(keyAt(2));
      expect(await consortium.memberOfOperator(keyAt(0))).to.equal(0n);
    });

    it('may go back to a key that the member had before', async () => {
      const { consortium, beijing } = world;
      await world.council(
        consortium,
        'changeKeys',
        beijing.id,
        keyAt(0),
        keyAt(1),
        (await blockNumber()) + 3n,
      );
      await world.council(
        consortium,
        'changeKeys',
        beijing.id,
        beijing.operator.address,
        beijing.witness.address,
        (await blockNumber()) + 3n,
      );
      await networkHelpers.mine();
      expect(await consortium.requireOperator(beijing.operator.address)).to.equal(beijing.id);
    });

    it('cannot become those of another member, nor change their role', async () => {
      const { consortium, beijing, tianjin } = world;
      const from = (await blockNumber()) + 100n;
      await expect(
        world.council(
          consortium,
          'changeKeys',
          beijing.id,
          tianjin.operator.address,
          beijing.witness.address,
          from,
        ),
      )
        .to.be.revertedWithCustomError(consortium, 'KeyTaken')
        .withArgs(tianjin.operator.address, tianjin.id);
      await expect(
        world.council(
          consortium,
          'changeKeys',
          beijing.id,
          beijing.witness.address,
          beijing.operator.address,
          from,
        ),
      )
        .to.be.revertedWithCustomError(consortium, 'KeyTaken')
        .withArgs(beijing.witness.address, beijing.id);
    });
  });

  describe('endpoint', () => {
    it('is set by the operator key of an active member', async () => {
      const { consortium, beijing } = world;
      await expect(consortium.connect(beijing.operator).setEndpoint('https://new.example'))
        .to.emit(consortium, 'EndpointSet')
        .withArgs(beijing.id, 'https://new.example');
      expect((await consortium.member(beijing.id)).endpoint).to.equal('https://new.example');
    });

    it('is refused to witness keys, strangers, suspended members, and when too long', async () => {
      const { consortium, beijing, stranger } = world;
      for (const caller of [beijing.witness, stranger]) {
        await expect(consortium.connect(caller).setEndpoint('x'))
          .to.be.revertedWithCustomError(consortium, 'NotOperator')
          .withArgs(caller.address);
      }
      await expect(consortium.connect(beijing.operator).setEndpoint('x'.repeat(257)))
        .to.be.revertedWithCustomError(consortium, 'InvalidText')
        .withArgs('endpoint', 257);
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      await expect(consortium.connect(beijing.operator).setEndpoint('x'))
        .to.be.revertedWithCustomError(consortium, 'MemberNotActive')
        .withArgs(beijing.id, STATUS.suspended);
    });
  });

  describe('contracts, catalogue and circuits', () => {
    it('keeps which contract was in force in which block', async () => {
      const { consortium, registers, grants } = world;
      const name = id('CreditRegisters');
      await world.council(consortium, 'putInForce', name, await grants.getAddress(), 2);
      const decidedIn = await blockNumber();
      expect(await consortium.contractAt(name, decidedIn)).to.equal(await registers.getAddress());
      expect(await consortium.contractAt(name, decidedIn + 1n)).to.equal(await grants.getAddress());
      await networkHelpers.mine();
      expect(await consortium.contractInForce(name)).to.equal(await grants.getAddress());
      expect(await consortium.contractInForce(id('nothing'))).to.equal(ZeroAddress);
      expect(await consortium.contractAt(name, 0)).to.equal(ZeroAddress);
    });

    it('refuses an older or equal version, no name, and an address without code', async () => {
      const { consortium, registers, stranger } = world;
      const name = id('CreditRegisters');
      const address = await registers.getAddress();
      await expect(world.council(consortium, 'putInForce', name, address, 1))
        .to.be.revertedWithCustomError(consortium, 'VersionNotNewer')
        .withArgs(1, 1);
      await expect(
        world.council(consortium, 'putInForce', `0x${'0'.repeat(64)}`, address, 1),
      ).to.be.revertedWithCustomError(consortium, 'InvalidName');
      await expect(world.council(consortium, 'putInForce', name, stranger.address, 2))
        .to.be.revertedWithCustomError(consortium, 'NotAContract')
        .withArgs(stranger.address);
    });

    it('sets the catalogue by rising versions', async () => {
      const { consortium } = world;
      expect(await consortium.catalogue()).to.deep.equal([1n, id('catalogue')]);
      await expect(world.council(consortium, 'setCatalogue', 2, id('second')))
        .to.emit(consortium, 'CatalogueSet')
        .withArgs(2, id('second'));
      await expect(world.council(consortium, 'setCatalogue', 2, id('third')))
        .to.be.revertedWithCustomError(consortium, 'VersionNotNewer')
        .withArgs(2, 2);
      await expect(
        world.council(consortium, 'setCatalogue', 3, `0x${'0'.repeat(64)}`),
      ).to.be.revertedWithCustomError(consortium, 'InvalidCatalogueHash');
    });

    it('puts a circuit in force once, with one verifier for good', async () => {
      const { consortium, verifier, target, stranger } = world;
      const circuit = await consortium.circuit(CIRCUIT_8);
      expect([circuit.size, circuit.verifier, circuit.toBlock]).to.deep.equal([
        8n,
        await verifier.getAddress(),
        0n,
      ]);
      expect(await consortium.circuitInForce(CIRCUIT_8)).to.equal(true);
      expect(await consortium.circuitInForce(id('other'))).to.equal(false);
      await expect(world.council(consortium, 'putCircuit', CIRCUIT_8, 8, await target.getAddress()))
        .to.be.revertedWithCustomError(consortium, 'CircuitKnown')
        .withArgs(CIRCUIT_8);
      await expect(world.council(consortium, 'putCircuit', id('new'), 0, await verifier.getAddress()))
        .to.be.revertedWithCustomError(consortium, 'InvalidCircuit')
        .withArgs(id('new'), 0);
      await expect(world.council(consortium, 'putCircuit', id('new'), 8, stranger.address))
        .to.be.revertedWithCustomError(consortium, 'NotAContract')
        .withArgs(stranger.address);
    });

    it('retires a circuit from the next block on, once and for good', async () => {
      const { consortium, verifier } = world;
      await world.council(consortium, 'retireCircuit', CIRCUIT_8);
      const decidedIn = await blockNumber();
      expect((await consortium.circuit(CIRCUIT_8)).toBlock).to.equal(decidedIn + 1n);
      await networkHelpers.mine();
      expect(await consortium.circuitInForce(CIRCUIT_8)).to.equal(false);
      for (const circuit of [CIRCUIT_8, id('unknown')]) {
        await expect(world.council(consortium, 'retireCircuit', circuit))
          .to.be.revertedWithCustomError(consortium, 'CircuitNotInForce')
          .withArgs(circuit);
      }
      await expect(world.council(consortium, 'putCircuit', CIRCUIT_8, 8, await verifier.getAddress()))
        .to.be.revertedWithCustomError(consortium, 'CircuitKnown')
        .withArgs(CIRCUIT_8);
    });

    it('names the regions in the order of bit masks', async () => {
      const { consortium, seats } = world;
      expect(await consortium.regions()).to.deep.equal(REGIONS.map(BigInt));
      expect(await consortium.regionIndex(REGIONS[2])).to.equal(2n);
      expect(await consortium.seatOf(REGIONS[1])).to.equal(seats[1].address);
      expect(await consortium.seatOf(1)).to.equal(ZeroAddress);
    });
  });
});
