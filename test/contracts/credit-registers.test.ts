import { expect } from 'chai';
import { AbiCoder, id, keccak256 } from 'ethers';
import {
  batchHash,
  EMPTY_ROOT,
  entriesHash,
  FIELD_MODULUS,
  type Hex,
  toBytes32,
  wordHex,
} from '@credit-ledger/sdk/protocol';
import {
  allRefused,
  DAY,
  encoded,
  ethers,
  freshWorld,
  madeUpRoot,
  makeEntries,
  networkHelpers,
  PARAMETERS,
  PROMISE_SECONDS,
  STANDING,
  STATUS,
  selectorOf,
  TestRegister,
  type World,
} from './support/world.ts';

const COMMIT = toBytes32(77n);
const ZERO = wordHex(0n);

describe('CreditRegisters: opening, appending, standing by', () => {
  let world: World;
  beforeEach(async () => {
    world = await freshWorld();
  });

  describe('open', () => {
    it('opens one register for an authority', async () => {
      const { registers, beijing } = world;
      await expect(registers.connect(beijing.operator).open(COMMIT, 3_600))
        .to.emit(registers, 'RegisterOpened')
        .withArgs(1, beijing.id, COMMIT, 3_600);
      const register = await registers.register(1);
      expect(register.owner).to.equal(beijing.id);
      expect(register.secretCommit).to.equal(COMMIT);
      expect(register.root).to.equal(toBytes32(EMPTY_ROOT));
      expect(register.headSeq).to.equal(0n);
      expect(register.size).to.equal(0n);
      expect(register.lastStoodAt).to.equal(register.openedAt);
      expect(await registers.registersOf(beijing.id)).to.deep.equal([1n]);
      expect(await registers.registerOfSecret(COMMIT)).to.equal(1n);
      expect(await registers.ownerOf(1)).to.equal(beijing.id);
      expect(await registers.registerCount()).to.equal(1n);
    });

    it('refuses a second register, which takes the council', async () => {
      const { registers, beijing } = world;
      await registers.connect(beijing.operator).open(COMMIT, 3_600);
      await expect(registers.connect(beijing.operator).open(toBytes32(78n), 3_600))
        .to.be.revertedWithCustomError(registers, 'RegisterAlreadyOpen')
        .withArgs(beijing.id, 1);
      await world.council(registers, 'openFor', beijing.id, toBytes32(78n), 3_600);
      expect(await registers.registersOf(beijing.id)).to.deep.equal([1n, 2n]);
    });

    it('refuses a commitment that another register uses, the council as well', async () => {
      const { registers, beijing, tianjin } = world;
      await registers.connect(beijing.operator).open(COMMIT, 3_600);
      await expect(registers.connect(tianjin.operator).open(COMMIT, 3_600))
        .to.be.revertedWithCustomError(registers, 'SecretCommitTaken')
        .withArgs(COMMIT, 1);
      await expect(world.council(registers, 'openFor', tianjin.id, COMMIT, 3_600))
        .to.be.revertedWithCustomError(registers, 'SecretCommitTaken')
        .withArgs(COMMIT, 1);
    });

    it('refuses who is not an active authority', async () => {
      const { consortium, registers, requester, association, beijing, stranger } = world;
      for (const member of [requester, association]) {
        await expect(registers.connect(member.operator).open(COMMIT, 3_600))
          .to.be.revertedWithCustomError(registers, 'NotAnAuthority')
          .withArgs(member.id);
        await expect(world.council(registers, 'openFor', member.id, COMMIT, 3_600))
          .to.be.revertedWithCustomError(registers, 'NotAnAuthority')
          .withArgs(member.id);
      }
      await expect(world.council(registers, 'openFor', 99, COMMIT, 3_600))
        .to.be.revertedWithCustomError(registers, 'NotAnAuthority')
        .withArgs(99);
      for (const caller of [beijing.witness, stranger]) {
        await expect(registers.connect(caller).open(COMMIT, 3_600))
          .to.be.revertedWithCustomError(consortium, 'NotOperator')
          .withArgs(caller.address);
      }
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      await expect(registers.connect(beijing.operator).open(COMMIT, 3_600))
        .to.be.revertedWithCustomError(consortium, 'MemberNotActive')
        .withArgs(beijing.id, STATUS.suspended);
      await expect(world.council(registers, 'openFor', beijing.id, COMMIT, 3_600))
        .to.be.revertedWithCustomError(registers, 'NotAnAuthority')
        .withArgs(beijing.id);
    });

    it('refuses a commitment that is no field element and promises out of bounds', async () => {
      const { registers, beijing } = world;
      const open = registers.connect(beijing.operator);
      for (const value of [0n, FIELD_MODULUS, FIELD_MODULUS + 77n, 2n ** 256n - 1n]) {
        await expect(open.open(wordHex(value), 3_600))
          .to.be.revertedWithCustomError(registers, 'InvalidFieldElement')
          .withArgs(wordHex(value));
      }
      await open.open.staticCall(wordHex(FIELD_MODULUS - 1n), 3_600);
      for (const seconds of [0, 366 * DAY + 1]) {
        await expect(open.open(COMMIT, seconds))
          .to.be.revertedWithCustomError(registers, 'InvalidPromise')
          .withArgs(seconds);
      }
    });
  });

  describe('append', () => {
    it('emits the entries and names the batch as every member computes it', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      const entries = makeEntries(3);
      const root = register.tree.append(entries, 1).root;
      const hash = entriesHash(entries);
      const name = batchHash(1n, 1n, EMPTY_ROOT, root, hash);
      const transaction = await registers
        .connect(beijing.operator)
        .append(1, toBytes32(EMPTY_ROOT), toBytes32(root), encoded(entries));
      await expect(transaction)
        .to.emit(registers, 'BatchAppended')
        .withArgs(
          1,
          1,
          name,
          toBytes32(EMPTY_ROOT),
          toBytes32(root),
          hash,
          (emitted: { opAndKey: string; body: string }[]) =>
            emitted.every(
              (e, i) => e.opAndKey === encoded(entries)[i]?.opAndKey && e.body === encoded(entries)[i]?.body,
            ),
        );
      const batch = await registers.batch(1, 1);
      expect(batch.batchHash).to.equal(name);
      expect(batch.entriesHash).to.equal(hash);
      expect(batch.prevRoot).to.equal(toBytes32(EMPTY_ROOT));
      expect(batch.newRoot).to.equal(toBytes32(root));
      expect([batch.seq, batch.prevSeq, batch.position, batch.size]).to.deep.equal([1n, 0n, 1n, 3n]);
      expect(await registers.batchByHash(name)).to.deep.equal([1n, 1n]);
      expect(await registers.batchByHash(id('x'))).to.deep.equal([0n, 0n]);
      expect((await registers.register(1)).size).to.equal(3n);
      expect((await registers.batch(1, 0)).supersededAt).to.equal(batch.time);
    });

    it('hashes entries as abi.encode does, whatever their number', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      for (const count of [1, 2, 33]) {
        const entries = makeEntries(count, count);
        const appended = await register.append(entries);
        const plain = keccak256(
          AbiCoder.defaultAbiCoder().encode(
            ['tuple(bytes32 opAndKey, bytes32 body)[]'],
            [encoded(entries).map(({ opAndKey, body }) => [opAndKey, body])],
          ),
        );
        expect((await registers.batch(1, appended.seq)).entriesHash).to.equal(plain);
      }
    });

    it('takes 1 and 1,024 entries, and refuses 0 and 1,025', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      for (const size of [0, 1_025]) {
        await expect(
          registers
            .connect(beijing.operator)
            .append(1, toBytes32(EMPTY_ROOT), madeUpRoot(1), encoded(makeEntries(size))),
        )
          .to.be.revertedWithCustomError(registers, 'InvalidBatchSize')
          .withArgs(size);
      }
      await register.append(makeEntries(1, 3));
      await register.append(makeEntries(1_024, 4));
      expect((await registers.register(1)).size).to.equal(1_025n);
    });

    it("refuses someone else's register, and everyone but the owner's operator key", async () => {
      const { consortium, registers, beijing, tianjin, stranger } = world;
      await TestRegister.open(world, beijing);
      const args = [1, toBytes32(EMPTY_ROOT), madeUpRoot(1), encoded(makeEntries(1))] as const;
      await expect(registers.connect(tianjin.operator).append(...args))
        .to.be.revertedWithCustomError(registers, 'NotRegisterOwner')
        .withArgs(1, tianjin.id);
      for (const caller of [beijing.witness, stranger]) {
        await expect(registers.connect(caller).append(...args))
          .to.be.revertedWithCustomError(consortium, 'NotOperator')
          .withArgs(caller.address);
      }
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      await expect(registers.connect(beijing.operator).append(...args))
        .to.be.revertedWithCustomError(consortium, 'MemberNotActive')
        .withArgs(beijing.id, STATUS.suspended);
    });

    it('compares and sets: a batch for another root than the current one is refused', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      const first = await register.append(makeEntries(2));
      const append = registers.connect(beijing.operator);
      // Out of order, and the same batch twice.
      for (const prevRoot of [toBytes32(EMPTY_ROOT), madeUpRoot(9)]) {
        await expect(append.append(1, prevRoot, madeUpRoot(2), encoded(makeEntries(1))))
          .to.be.revertedWithCustomError(registers, 'WrongPrevRoot')
          .withArgs(1, prevRoot, first.root);
      }
    });

    it('refuses a rollback: any root that the register had', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      const first = await register.append(makeEntries(2, 1));
      const second = await register.append(makeEntries(2, 2));
      for (const [root, seq] of [
        [second.root, 2],
        [first.root, 1],
        [toBytes32(EMPTY_ROOT), 0],
      ] as const) {
        await expect(
          registers.connect(beijing.operator).append(1, second.root, root, encoded(makeEntries(1, 3))),
        )
          .to.be.revertedWithCustomError(registers, 'RootAlreadyUsed')
          .withArgs(1, root, seq);
      }
    });

    it('refuses keys out of order, key 0, undefined operations, and values not below r', async () => {
      const { registers, beijing } = world;
      await TestRegister.open(world, beijing);
      const entry = (key: bigint, op = 0n, body = 5n): { opAndKey: Hex; body: Hex } => ({
        opAndKey: wordHex((op << 248n) | key),
        body: wordHex(body),
      });
      const highest = 2n ** 248n - 1n;
      const refusals: [{ opAndKey: Hex; body: Hex }[], string, unknown[]][] = [
        [[entry(5n), entry(4n)], 'EntriesOutOfOrder', [1]],
        [[entry(1n), entry(9n), entry(8n)], 'EntriesOutOfOrder', [2]],
        // The operation is not part of the order.
        [[entry(5n, 4n), entry(4n, 0n)], 'EntriesOutOfOrder', [1]],
        [[entry(0n)], 'InvalidEntryKey', [0]],
        [[entry(7n), entry(0n, 1n)], 'InvalidEntryKey', [1]],
        [[entry(7n, 5n)], 'InvalidEntryOp', [0, 5]],
        [[entry(highest, 255n)], 'InvalidEntryOp', [0, 255]],
        [[entry(7n, 0n, FIELD_MODULUS)], 'InvalidEntryBody', [0, wordHex(FIELD_MODULUS)]],
        [[entry(7n), entry(8n, 0n, 2n ** 256n - 1n)], 'InvalidEntryBody', [1, wordHex(2n ** 256n - 1n)]],
      ];
      const append = registers.connect(beijing.operator);
      for (const [entries, error, operands] of refusals) {
        await expect(append.append(1, toBytes32(EMPTY_ROOT), madeUpRoot(1), entries))
          .to.be.revertedWithCustomError(registers, error)
          .withArgs(...operands);
      }
      for (const root of [FIELD_MODULUS, 2n ** 256n - 1n]) {
        await expect(append.append(1, toBytes32(EMPTY_ROOT), wordHex(root), [entry(7n)]))
          .to.be.revertedWithCustomError(registers, 'InvalidFieldElement')
          .withArgs(wordHex(root));
      }
      // Several entries of one key, the highest key, every operation, the highest body.
      await append.append(1, toBytes32(EMPTY_ROOT), madeUpRoot(1), [
        entry(7n, 0n),
        entry(7n, 1n),
        entry(7n, 2n),
        entry(7n, 3n),
        entry(highest, 4n, FIELD_MODULUS - 1n),
      ]);
    });

    it('knows nothing of registers that do not exist', async () => {
      const { registers, beijing } = world;
      await allRefused(
        [
          () => registers.connect(beijing.operator).append(1, ZERO, madeUpRoot(1), encoded(makeEntries(1))),
          () => registers.connect(beijing.operator).heartbeat(1),
          () => registers.register(1),
          () => registers.batch(1, 0),
          () => registers.current(1),
          () => registers.latestWitnessed(1),
          () => registers.asOf(1, 1),
          () => registers.owed(1),
        ],
        registers,
        'UnknownRegister',
        1,
      );
      expect(await registers.usable(1, ZERO)).to.deep.equal([
        STANDING.notUsable,
        selectorOf(registers, 'UnknownRegister'),
        0n,
      ]);
      await expect(registers.claimBasis(1, 0))
        .to.be.revertedWithCustomError(registers, 'UnknownBatchSeq')
        .withArgs(1, 0);
    });
  });

  describe('heartbeat', () => {
    it('records that the owner stands by its root now, and is no batch', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      const { root } = await register.append(makeEntries(1));
      await networkHelpers.time.increase(1_000);
      const transaction = await registers.connect(beijing.operator).heartbeat(1);
      const time = BigInt(await networkHelpers.time.latest());
      await expect(transaction).to.emit(registers, 'Heartbeat').withArgs(1, root, time);
      const view = await registers.register(1);
      expect(view.lastStoodAt).to.equal(time);
      expect(view.headSeq).to.equal(1n);
      expect((await registers.batch(1, 1)).time).to.be.lessThan(time);
    });

    it('may stand by an empty register', async () => {
      const { registers, beijing } = world;
      await TestRegister.open(world, beijing);
      await networkHelpers.time.increase(1_000);
      await registers.connect(beijing.operator).heartbeat(1);
      expect((await registers.register(1)).lastStoodAt).to.equal(BigInt(await networkHelpers.time.latest()));
    });

    it("is the owner's alone", async () => {
      const { consortium, registers, beijing, hebei, stranger } = world;
      await TestRegister.open(world, beijing);
      await expect(registers.connect(hebei.operator).heartbeat(1))
        .to.be.revertedWithCustomError(registers, 'NotRegisterOwner')
        .withArgs(1, hebei.id);
      await expect(registers.connect(stranger).heartbeat(1)).to.be.revertedWithCustomError(
        consortium,
        'NotOperator',
      );
    });
  });

  describe('keys and status as of their block', () => {
    it('lets the new key append from its block on, and leaves what the old one did', async () => {
      const { consortium, registers, beijing, spare } = world;
      const [operator, witness] = spare;
      if (!operator || !witness) throw new Error('no spare keys');
      const register = await TestRegister.open(world, beijing);
      const first = await register.append(makeEntries(1, 1));
      const block = BigInt(await ethers.provider.getBlockNumber());
      await world.council(
        consortium,
        'changeKeys',
        beijing.id,
        operator.address,
        witness.address,
        block + 3n,
      );
      const args = [1, first.root, madeUpRoot(2), encoded(makeEntries(1, 2))] as const;
      await expect(registers.connect(beijing.operator).append(...args)).to.be.revertedWithCustomError(
        consortium,
        'NotOperator',
      );
      await registers.connect(operator).append(...args);
      const batch = await registers.batch(1, 1);
      expect(batch.annulled).to.equal(false);
      expect(await consortium.operatorAt(beijing.id, batch.blockNumber)).to.equal(beijing.operator.address);
      expect(await consortium.operatorAt(beijing.id, (await registers.batch(1, 2)).blockNumber)).to.equal(
        operator.address,
      );
    });

    it("keeps a suspended member's history valid and readable, and its attestations counted", async () => {
      const { consortium, registers, beijing, tianjin } = world;
      const register = await TestRegister.open(world, beijing);
      const { batchHash: name } = await register.appendWitnessed(makeEntries(2));
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      await world.council(consortium, 'remove', tianjin.id);
      await networkHelpers.mine();
      const batch = await registers.latestWitnessed(1);
      expect(batch.batchHash).to.equal(name);
      expect(batch.witnessed).to.equal(true);
      expect((await registers.register(1)).owner).to.equal(beijing.id);
      expect((await registers.usable(1, name))[0]).to.equal(STANDING.current);
    });
  });

  describe('history and standing', () => {
    it('finds the batch that was the head at a time', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      const { openedAt } = await registers.register(1);
      const times: bigint[] = [];
      for (let i = 1; i <= 5; i += 1) {
        await networkHelpers.time.increase(100 * i);
        const { seq } = await register.append(makeEntries(1, i));
        times.push((await registers.batch(1, seq)).time);
      }
      expect((await registers.asOf(1, openedAt)).seq).to.equal(0n);
      for (const [index, time] of times.entries()) {
        expect((await registers.asOf(1, time)).seq).to.equal(BigInt(index + 1));
        expect((await registers.asOf(1, time - 1n)).seq).to.equal(BigInt(index));
      }
      expect((await registers.asOf(1, 2n ** 63n)).seq).to.equal(5n);
      await expect(registers.asOf(1, openedAt - 1n))
        .to.be.revertedWithCustomError(registers, 'NotOpenYet')
        .withArgs(1, openedAt);
    });

    it('gives batches by position and refuses what is not there', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      await register.append(makeEntries(1));
      expect((await registers.batchAt(1, 0)).newRoot).to.equal(toBytes32(EMPTY_ROOT));
      expect((await registers.batchAt(1, 1)).seq).to.equal(1n);
      await expect(registers.batchAt(1, 2))
        .to.be.revertedWithCustomError(registers, 'UnknownPosition')
        .withArgs(1, 2);
      await expect(registers.batch(1, 2))
        .to.be.revertedWithCustomError(registers, 'UnknownBatchSeq')
        .withArgs(1, 2);
    });

    it('counts the empty register as witnessed and final', async () => {
      const { registers, beijing } = world;
      await TestRegister.open(world, beijing);
      const batch = await registers.latestWitnessed(1);
      expect([batch.seq, batch.witnessed, batch.isFinal, batch.annulled]).to.deep.equal([
        0n,
        true,
        true,
        false,
      ]);
      expect(batch.batchHash).to.equal(ZERO);
      expect(await registers.usable(1, ZERO)).to.deep.equal([STANDING.current, '0x00000000', 0n]);
      expect(await registers.claimBasis(1, 0)).to.deep.equal([toBytes32(EMPTY_ROOT), toBytes32(1_001n)]);
    });

    it('says that an owner is stale when it has been silent longer than it promised', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      const { batchHash: name } = await register.appendWitnessed(makeEntries(1));
      const { lastStoodAt } = await registers.register(1);
      await networkHelpers.time.increaseTo(lastStoodAt + BigInt(PROMISE_SECONDS));
      expect((await registers.usable(1, name))[0]).to.equal(STANDING.current);
      await networkHelpers.time.increaseTo(lastStoodAt + BigInt(PROMISE_SECONDS) + 1n);
      expect((await registers.usable(1, name))[0]).to.equal(STANDING.stale);
      await registers.connect(beijing.operator).heartbeat(1);
      expect((await registers.usable(1, name))[0]).to.equal(STANDING.current);
    });

    it('lets a superseded batch be answered under within grace, and no longer', async () => {
      const { registers, beijing } = world;
      const register = await TestRegister.open(world, beijing);
      const first = await register.appendWitnessed(makeEntries(1, 1));
      const second = await register.append(makeEntries(1, 2));
      const { supersededAt } = await registers.batch(1, 1);
      expect((await registers.usable(1, first.batchHash))[0]).to.equal(STANDING.withinGrace);
      expect(await registers.usable(1, second.batchHash)).to.deep.equal([
        STANDING.notUsable,
        selectorOf(registers, 'NotWitnessed'),
        2n,
      ]);
      await networkHelpers.time.increaseTo(supersededAt + BigInt(PARAMETERS.graceSeconds));
      expect((await registers.usable(1, first.batchHash))[0]).to.equal(STANDING.withinGrace);
      await networkHelpers.time.increaseTo(supersededAt + BigInt(PARAMETERS.graceSeconds) + 1n);
      expect(await registers.usable(1, first.batchHash)).to.deep.equal([
        STANDING.notUsable,
        selectorOf(registers, 'Superseded'),
        1n,
      ]);
    });

    it("does not take one register's batch for another's", async () => {
      const { registers, beijing, tianjin } = world;
      const register = await TestRegister.open(world, beijing);
      await TestRegister.open(world, tianjin);
      const { batchHash: name } = await register.appendWitnessed(makeEntries(1));
      expect(await registers.usable(2, name)).to.deep.equal([
        STANDING.notUsable,
        selectorOf(registers, 'UnknownBatch'),
        0n,
      ]);
    });
  });

  describe('parameters', () => {
    it('are refused when they make no sense', async () => {
      const { registers } = world;
      for (const p of [
        [0, 10, 20, 0],
        [3, 10, 20, 0],
        [1, 20, 20, 0],
        [1, 21, 20, 0],
      ] as const) {
        const [quorumRegions, quietSeconds, finalSeconds, graceSeconds] = p;
        await expect(
          world.council(registers, 'setParameters', {
            quorumRegions,
            quietSeconds,
            finalSeconds,
            graceSeconds,
          }),
        )
          .to.be.revertedWithCustomError(registers, 'InvalidParameters')
          .withArgs(...p);
      }
    });

    it('hold for batches to come; a batch keeps its own', async () => {
      const { registers, beijing, tianjin } = world;
      const register = await TestRegister.open(world, beijing);
      const old = await register.append(makeEntries(1, 1));
      await registers.connect(tianjin.witness).attest([old.batchHash]);
      await expect(
        world.council(registers, 'setParameters', {
          quorumRegions: 2,
          quietSeconds: 10,
          finalSeconds: 20,
          graceSeconds: 5,
        }),
      )
        .to.emit(registers, 'ParametersSet')
        .withArgs(2, 10, 20, 5);
      const next = await register.append(makeEntries(1, 2));
      await registers.connect(tianjin.witness).attest([next.batchHash]);
      await networkHelpers.time.increase(PARAMETERS.quietSeconds);
      // The old one needs one region, the new one two.
      expect((await registers.batch(1, 1)).witnessed).to.equal(true);
      expect((await registers.batch(1, 2)).witnessed).to.equal(false);
      // Twenty seconds have passed, yet the new one rests on one that may be objected to for thirty days.
      const [first, second] = [await registers.batch(1, 1), await registers.batch(1, 2)];
      expect(second.objectionsUntil).to.equal(first.objectionsUntil);
      expect(second.isFinal).to.equal(false);
    });
  });
});
