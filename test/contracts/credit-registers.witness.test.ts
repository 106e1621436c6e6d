import { expect } from 'chai';
import { id } from 'ethers';
import { FIELD_MODULUS, type Hex, toBytes32, wordHex } from '@credit-ledger/sdk/protocol';
import {
  encoded,
  freshWorld,
  HOUR,
  madeUpRoot,
  makeEntries,
  networkHelpers,
  PARAMETERS,
  STANDING,
  STATUS,
  selectorOf,
  type TestMember,
  TestRegister,
  type World,
} from './support/world.ts';

const REASON = id('the written reason');

describe('CreditRegisters: witnesses, objections, rulings', () => {
  let world: World;
  let register: TestRegister;
  beforeEach(async () => {
    world = await freshWorld();
    register = await TestRegister.open(world, world.beijing);
  });

  const attest = (member: TestMember, ...hashes: Hex[]): Promise<unknown> =>
    world.registers.connect(member.witness).attest(hashes);
  const object = (member: TestMember, hash: Hex, root: Hex = madeUpRoot(99)): Promise<unknown> =>
    world.registers.connect(member.witness).object(hash, root);
  const rule = (seq: bigint | number, upheld: boolean, registerId: bigint = register.id): Promise<unknown> =>
    world.council(world.registers, 'rule', registerId, seq, upheld, REASON);
  const standing = async (hash: Hex): Promise<[bigint, string]> => {
    const [how, why] = await world.registers.usable(register.id, hash);
    return [how, why];
  };

  describe('attest', () => {
    it('witnesses a batch when members of all other regions have attested', async () => {
      const { registers, beijing2, tianjin, tianjin2, hebei } = world;
      const { batchHash } = await register.append(makeEntries(1));
      await expect(attest(tianjin, batchHash))
        .to.emit(registers, 'BatchAttested')
        .withArgs(1, 1, batchHash, tianjin.id, tianjin.region);
      // A second member of that region, and one of the owner's own, do not make a second region.
      await attest(tianjin2, batchHash);
      await attest(beijing2, batchHash);
      let batch = await registers.batch(1, 1);
      expect([batch.witnessed, batch.regionsAttested, batch.attestations]).to.deep.equal([false, 0b010n, 3n]);
      await expect(attest(hebei, batchHash)).to.emit(registers, 'BatchWitnessed').withArgs(1, 1, batchHash);
      batch = await registers.batch(1, 1);
      expect([batch.witnessed, batch.regionsAttested, batch.attestations]).to.deep.equal([true, 0b110n, 4n]);
      expect(await registers.hasAttested(batchHash, hebei.id)).to.equal(true);
    });

    it('witnesses by one of two regions when the quiet time has passed without an objection', async () => {
      const { registers, hebei } = world;
      const { batchHash } = await register.append(makeEntries(1));
      const { quietUntil } = await registers.batch(1, 1);
      await networkHelpers.time.increaseTo(quietUntil);
      expect((await registers.batch(1, 1)).witnessed, 'nobody attested').to.equal(false);
      await attest(hebei, batchHash);
      expect((await registers.batch(1, 1)).witnessed).to.equal(true);
    });

    it('does not witness by one region before the quiet time has passed', async () => {
      const { registers, hebei } = world;
      const { batchHash } = await register.append(makeEntries(1));
      await attest(hebei, batchHash);
      const { quietUntil, time } = await registers.batch(1, 1);
      expect(quietUntil - time).to.equal(BigInt(PARAMETERS.quietSeconds));
      await networkHelpers.time.increaseTo(quietUntil - 1n);
      expect((await registers.batch(1, 1)).witnessed).to.equal(false);
      await networkHelpers.time.increaseTo(quietUntil);
      expect((await registers.batch(1, 1)).witnessed).to.equal(true);
    });

    it("never witnesses by the owner's own region alone", async () => {
      const { registers, beijing2 } = world;
      const { batchHash } = await register.append(makeEntries(1));
      await attest(beijing2, batchHash);
      await networkHelpers.time.increase(HOUR * 24 * 365);
      expect((await registers.batch(1, 1)).witnessed).to.equal(false);
    });

    it('takes many at once, and none when one of them is bad', async () => {
      const { registers, tianjin } = world;
      const first = await register.append(makeEntries(1, 1));
      const second = await register.append(makeEntries(1, 2));
      await expect(attest(tianjin, first.batchHash, id('none') as Hex))
        .to.be.revertedWithCustomError(registers, 'UnknownBatch')
        .withArgs(id('none'));
      expect(await registers.hasAttested(first.batchHash, tianjin.id)).to.equal(false);
      await attest(tianjin, first.batchHash, second.batchHash);
      expect(await registers.hasAttested(second.batchHash, tianjin.id)).to.equal(true);
    });

    it("refuses the owner, twice the same, nothing, and whoever is not an active authority's witness", async () => {
      const { consortium, registers, beijing, tianjin, requester, association, stranger } = world;
      const { batchHash } = await register.append(makeEntries(1));
      await expect(attest(beijing, batchHash))
        .to.be.revertedWithCustomError(registers, 'OwnBatch')
        .withArgs(batchHash, beijing.id);
      await attest(tianjin, batchHash);
      await expect(attest(tianjin, batchHash))
        .to.be.revertedWithCustomError(registers, 'AlreadyAttested')
        .withArgs(batchHash, tianjin.id);
      await expect(attest(world.hebei, batchHash, batchHash))
        .to.be.revertedWithCustomError(registers, 'AlreadyAttested')
        .withArgs(batchHash, world.hebei.id);
      await expect(attest(tianjin)).to.be.revertedWithCustomError(registers, 'NothingToAttest');
      for (const caller of [
        tianjin.operator,
        requester.operator,
        requester.witness,
        association.witness,
        stranger,
      ]) {
        await expect(registers.connect(caller).attest([batchHash]))
          .to.be.revertedWithCustomError(consortium, 'NotWitness')
          .withArgs(caller.address);
        await expect(registers.connect(caller).object(batchHash, madeUpRoot(1)))
          .to.be.revertedWithCustomError(consortium, 'NotWitness')
          .withArgs(caller.address);
      }
      await world.council(consortium, 'suspend', world.hebei.id, id('x'));
      await expect(attest(world.hebei, batchHash))
        .to.be.revertedWithCustomError(consortium, 'MemberNotActive')
        .withArgs(world.hebei.id, STATUS.suspended);
    });
  });

  describe('object', () => {
    it('contests the batch and all after it: nothing follows, nothing may be logged under it', async () => {
      const { registers, tianjin } = world;
      const first = await register.appendWitnessed(makeEntries(1, 1));
      const second = await register.appendWitnessed(makeEntries(1, 2));
      const third = await register.appendWitnessed(makeEntries(1, 3));
      await networkHelpers.time.increase(HOUR);
      // Tianjin attested; another member of its region has a different root.
      await expect(object(world.tianjin2, second.batchHash, madeUpRoot(5)))
        .to.emit(registers, 'BatchObjected')
        .withArgs(1, 2, second.batchHash, world.tianjin2.id, madeUpRoot(5));
      const contested = [];
      for (const seq of [1, 2, 3]) contested.push((await registers.batch(1, seq)).contested);
      expect(contested).to.deep.equal([false, true, true]);
      for (const { batchHash } of [second, third]) {
        expect(await standing(batchHash)).to.deep.equal([
          STANDING.notUsable,
          selectorOf(registers, 'BatchContested'),
        ]);
      }
      // Superseded an hour ago, and still the last uncontested root.
      expect((await standing(first.batchHash))[0]).to.equal(STANDING.contested);
      expect((await registers.latestWitnessed(1)).seq).to.equal(1n);
      expect((await registers.register(1)).contested).to.equal(true);
      await expect(
        registers
          .connect(register.owner.operator)
          .append(1, third.root, madeUpRoot(7), encoded(makeEntries(1, 4))),
      )
        .to.be.revertedWithCustomError(registers, 'RegisterContested')
        .withArgs(1, 2);
      await expect(registers.connect(register.owner.operator).heartbeat(1))
        .to.be.revertedWithCustomError(registers, 'RegisterContested')
        .withArgs(1, 2);
      await expect(registers.claimBasis(1, 2))
        .to.be.revertedWithCustomError(registers, 'BatchContested')
        .withArgs(1, 2);
      const [objection] = await registers.openObjections(1);
      expect([objection?.seq, objection?.memberId, objection?.expectedRoot]).to.deep.equal([
        2n,
        world.tianjin2.id,
        madeUpRoot(5),
      ]);
      expect(tianjin.id).to.not.equal(world.tianjin2.id);
    });

    it('reaches the first batch: then the empty register is the last uncontested root', async () => {
      const { registers } = world;
      const { batchHash } = await register.append(makeEntries(1));
      await object(world.hebei, batchHash);
      expect((await registers.usable(1, wordHex(0n)))[0]).to.equal(STANDING.contested);
      expect((await registers.latestWitnessed(1)).seq).to.equal(0n);
    });

    it("refuses the owner, whoever attested it, a second open one, and the batch's own root", async () => {
      const { registers, beijing, tianjin, hebei } = world;
      const first = await register.append(makeEntries(1, 1));
      const second = await register.append(makeEntries(1, 2));
      await expect(object(beijing, first.batchHash))
        .to.be.revertedWithCustomError(registers, 'OwnBatch')
        .withArgs(first.batchHash, beijing.id);
      await attest(tianjin, first.batchHash);
      await expect(object(tianjin, first.batchHash))
        .to.be.revertedWithCustomError(registers, 'AlreadyAttested')
        .withArgs(first.batchHash, tianjin.id);
      await expect(object(hebei, first.batchHash, first.root))
        .to.be.revertedWithCustomError(registers, 'ExpectedRootIsBatchRoot')
        .withArgs(first.batchHash);
      await expect(object(hebei, first.batchHash, wordHex(FIELD_MODULUS)))
        .to.be.revertedWithCustomError(registers, 'InvalidFieldElement')
        .withArgs(wordHex(FIELD_MODULUS));
      await expect(object(hebei, id('none') as Hex)).to.be.revertedWithCustomError(registers, 'UnknownBatch');
      await object(hebei, second.batchHash);
      for (const { batchHash } of [first, second]) {
        await expect(object(hebei, batchHash))
          .to.be.revertedWithCustomError(registers, 'ObjectionOpen')
          .withArgs(1, hebei.id);
      }
      // Nor may it attest what it objects to; the batch before it may.
      await expect(attest(hebei, second.batchHash))
        .to.be.revertedWithCustomError(registers, 'ObjectionOpen')
        .withArgs(1, hebei.id);
      await attest(hebei, first.batchHash);
    });

    it('comes too late when the batch is final', async () => {
      const { registers, hebei } = world;
      const { batchHash } = await register.append(makeEntries(1));
      const { objectionsUntil, time } = await registers.batch(1, 1);
      expect(objectionsUntil - time).to.equal(BigInt(PARAMETERS.finalSeconds));
      await networkHelpers.time.setNextBlockTimestamp(objectionsUntil);
      await expect(object(hebei, batchHash))
        .to.be.revertedWithCustomError(registers, 'BatchFinal')
        .withArgs(batchHash);
      await networkHelpers.time.increaseTo(objectionsUntil + 1n);
      expect((await registers.batch(1, 1)).isFinal).to.equal(true);
    });

    it('is in time in the last second before', async () => {
      const { registers, hebei } = world;
      const { batchHash } = await register.append(makeEntries(1));
      const { objectionsUntil } = await registers.batch(1, 1);
      await networkHelpers.time.setNextBlockTimestamp(objectionsUntil - 1n);
      await object(hebei, batchHash);
      // An open objection keeps the batch from becoming final, however long the council takes.
      await networkHelpers.time.increase(PARAMETERS.finalSeconds);
      expect((await registers.batch(1, 1)).isFinal).to.equal(false);
      await rule(1, true);
      expect((await registers.batch(1, 1)).annulled).to.equal(true);
    });

    it('against a later batch is possible while an earlier one is contested', async () => {
      // Otherwise an owner and a lying objector could sit out the time for objections to a wrong root behind it.
      const { registers, tianjin, hebei } = world;
      const first = await register.append(makeEntries(1, 1));
      const wrong = await register.append(makeEntries(1, 2), madeUpRoot(66));
      await object(tianjin, first.batchHash);
      await object(hebei, wrong.batchHash);
      await rule(1, false);
      expect((await registers.batch(1, 1)).isFinal).to.equal(true);
      expect((await registers.batch(1, 2)).contested).to.equal(true);
      await rule(2, true);
      expect((await registers.register(1)).root).to.equal(first.root);
    });
  });

  describe('rule', () => {
    it('dismissed: the batch is final, the objector is barred here until restored', async () => {
      const { registers, hebei, tianjin } = world;
      const first = await register.append(makeEntries(1, 1));
      await object(hebei, first.batchHash);
      await expect(rule(1, false))
        .to.emit(registers, 'BatchRuled')
        .withArgs(1, 1, first.batchHash, false, REASON)
        .and.to.emit(registers, 'ObjectionClosed')
        .withArgs(1, 1, hebei.id, 0);
      const batch = await registers.batch(1, 1);
      expect([batch.isFinal, batch.contested, batch.annulled]).to.deep.equal([true, false, false]);
      expect(await registers.isBarred(1, hebei.id)).to.equal(true);
      await expect(object(tianjin, first.batchHash))
        .to.be.revertedWithCustomError(registers, 'BatchFinal')
        .withArgs(first.batchHash);
      const second = await register.append(makeEntries(1, 2));
      await expect(object(hebei, second.batchHash))
        .to.be.revertedWithCustomError(registers, 'ObjectorBarred')
        .withArgs(1, hebei.id);
      // It may attest, and it may object elsewhere.
      await attest(hebei, first.batchHash, second.batchHash);
      const elsewhere = await TestRegister.open(world, tianjin);
      await object(hebei, (await elsewhere.append(makeEntries(1))).batchHash);
      await expect(world.council(registers, 'restoreObjector', 1, hebei.id))
        .to.emit(registers, 'ObjectorRestored')
        .withArgs(1, hebei.id);
      const third = await register.append(makeEntries(1, 3));
      await object(hebei, third.batchHash);
    });

    it('closes every objection to the batch, and no other', async () => {
      const { registers, hebei, tianjin, beijing2 } = world;
      const first = await register.append(makeEntries(1, 1));
      const second = await register.append(makeEntries(1, 2));
      await object(beijing2, second.batchHash);
      await object(hebei, first.batchHash);
      await object(tianjin, first.batchHash);
      await rule(1, false);
      expect(await registers.isBarred(1, hebei.id)).to.equal(true);
      expect(await registers.isBarred(1, tianjin.id)).to.equal(true);
      expect(await registers.isBarred(1, beijing2.id)).to.equal(false);
      const open = await registers.openObjections(1);
      expect(open.map(({ seq, memberId }) => [seq, memberId])).to.deep.equal([[2n, beijing2.id]]);
      expect((await registers.batch(1, 1)).contested).to.equal(false);
      expect((await registers.batch(1, 2)).contested).to.equal(true);
    });

    it('takes the earliest contested batch first, and only contested ones', async () => {
      const { registers, hebei, tianjin } = world;
      const first = await register.append(makeEntries(1, 1));
      const second = await register.append(makeEntries(1, 2));
      await expect(rule(1, true)).to.be.revertedWithCustomError(registers, 'NotContested').withArgs(1, 1);
      await object(hebei, second.batchHash);
      await expect(rule(1, true))
        .to.be.revertedWithCustomError(registers, 'NotEarliestContested')
        .withArgs(1, 1, 2);
      await object(tianjin, first.batchHash);
      await expect(rule(2, true))
        .to.be.revertedWithCustomError(registers, 'NotEarliestContested')
        .withArgs(1, 2, 1);
      await rule(1, true);
      await expect(rule(1, true)).to.be.revertedWithCustomError(registers, 'NotContested').withArgs(1, 1);
      await expect(rule(1, true, 9n))
        .to.be.revertedWithCustomError(registers, 'UnknownRegister')
        .withArgs(9);
    });

    it('goes on with the earliest of those that are left, in whatever order the objections came', async () => {
      const { registers, hebei, tianjin, beijing2 } = world;
      const first = await register.append(makeEntries(1, 1));
      const second = await register.append(makeEntries(1, 2));
      const third = await register.append(makeEntries(1, 3));
      await object(hebei, second.batchHash);
      await object(tianjin, third.batchHash);
      await object(beijing2, first.batchHash);
      await rule(1, false);
      expect((await registers.batch(1, 2)).contested).to.equal(true);
      await expect(rule(3, true))
        .to.be.revertedWithCustomError(registers, 'NotEarliestContested')
        .withArgs(1, 3, 2);
      await rule(2, true);
      expect((await registers.register(1)).root).to.equal(first.root);
    });

    it('restores only who is barred', async () => {
      const { registers, hebei } = world;
      await expect(world.council(registers, 'restoreObjector', 1, hebei.id))
        .to.be.revertedWithCustomError(registers, 'ObjectorNotBarred')
        .withArgs(1, hebei.id);
      await expect(world.council(registers, 'restoreObjector', 9, hebei.id))
        .to.be.revertedWithCustomError(registers, 'UnknownRegister')
        .withArgs(9);
    });

    it('upheld: the root is annulled, the head goes back, and later objections are moot', async () => {
      const { registers, beijing2, tianjin, hebei } = world;
      const good = await register.appendWitnessed(makeEntries(2, 1));
      const wrong = await register.append(makeEntries(3, 2), madeUpRoot(1));
      const after = await register.append(makeEntries(4, 3), madeUpRoot(2));
      await object(tianjin, after.batchHash);
      await object(hebei, wrong.batchHash);
      const ruling = rule(2, true);
      await expect(ruling).to.emit(registers, 'RootsAnnulled').withArgs(1, 2, 2, 1, good.root);
      await expect(ruling).to.emit(registers, 'ObjectionClosed').withArgs(1, 2, hebei.id, 1);
      await expect(ruling).to.emit(registers, 'ObjectionClosed').withArgs(1, 3, tianjin.id, 2);
      const view = await registers.register(1);
      expect([view.root, view.headSeq, view.size, view.contested, view.owedBatches]).to.deep.equal([
        good.root,
        1n,
        2n,
        false,
        2n,
      ]);
      for (const { batchHash, seq } of [wrong, after]) {
        const batch = await registers.batch(1, seq);
        expect([batch.annulled, batch.witnessed, batch.isFinal, batch.contested]).to.deep.equal([
          true,
          false,
          false,
          false,
        ]);
        expect(await standing(batchHash)).to.deep.equal([
          STANDING.notUsable,
          selectorOf(registers, 'BatchAnnulled'),
        ]);
        await expect(attest(beijing2, batchHash))
          .to.be.revertedWithCustomError(registers, 'BatchAnnulled')
          .withArgs(batchHash);
        await expect(object(beijing2, batchHash))
          .to.be.revertedWithCustomError(registers, 'BatchAnnulled')
          .withArgs(batchHash);
        await expect(registers.claimBasis(1, seq))
          .to.be.revertedWithCustomError(registers, 'BatchAnnulled')
          .withArgs(batchHash);
      }
      expect(await registers.openObjections(1)).to.deep.equal([]);
      expect((await registers.batch(1, 1)).supersededAt).to.equal(0n);
      expect(await registers.isBarred(1, hebei.id)).to.equal(false);
    });

    it('takes back with the root what the owner said when standing by it', async () => {
      const { registers, beijing, hebei } = world;
      await register.appendWitnessed(makeEntries(2, 1));
      const before = (await registers.register(1)).lastStoodAt;
      const wrong = await register.append(makeEntries(3, 2), madeUpRoot(1));
      await networkHelpers.time.increase(500);
      await registers.connect(beijing.operator).heartbeat(1);
      await object(hebei, wrong.batchHash);
      await rule(2, true);
      expect((await registers.register(1)).lastStoodAt).to.equal(before);
    });
  });

  describe('entries that must come again', () => {
    let good: { seq: bigint; batchHash: Hex; root: Hex };
    const owed = [makeEntries(3, 20), makeEntries(4, 21)] as const;
    beforeEach(async () => {
      const { hebei } = world;
      good = await register.appendWitnessed(makeEntries(2, 1));
      const wrong = await register.append(owed[0], madeUpRoot(1));
      await register.append(owed[1], madeUpRoot(2));
      await object(hebei, wrong.batchHash);
      await rule(2, true);
    });

    it('come again in their order, and only then something new', async () => {
      const { registers, beijing } = world;
      const hashes = await registers.owed(1);
      expect(hashes.length).to.equal(2);
      const append = registers.connect(beijing.operator);
      for (const entries of [owed[1], makeEntries(1, 50), owed[0].slice(1)]) {
        await expect(
          append.append(1, good.root, madeUpRoot(50), encoded(entries)),
        ).to.be.revertedWithCustomError(registers, 'EntriesMustComeAgain');
      }
      const again = await register.append(owed[0]);
      expect(again.seq).to.equal(4n);
      await expect(
        append.append(1, again.root, madeUpRoot(51), encoded(makeEntries(1, 50))),
      ).to.be.revertedWithCustomError(registers, 'EntriesMustComeAgain');
      await expect(append.heartbeat(1))
        .to.be.revertedWithCustomError(registers, 'EntriesOwed')
        .withArgs(1, 1);
      await append.append(1, again.root, madeUpRoot(52), encoded(owed[1]));
      expect((await registers.register(1)).owedBatches).to.equal(0n);
      await append.heartbeat(1);
      await append.append(1, madeUpRoot(52), madeUpRoot(53), encoded(makeEntries(1, 50)));
      expect((await registers.register(1)).size).to.equal(10n);
    });

    it('keep the register from answering until all of them have come: an answer would leave them out', async () => {
      const { registers } = world;
      const owing = [STANDING.notUsable, selectorOf(registers, 'EntriesOwed')];
      expect(await standing(good.batchHash)).to.deep.equal(owing);
      await networkHelpers.time.increase(HOUR * 24 * 30);
      expect(await standing(good.batchHash)).to.deep.equal(owing);
      const first = await register.appendWitnessed(owed[0]);
      expect(await standing(first.batchHash)).to.deep.equal(owing);
      const second = await register.appendWitnessed(owed[1]);
      expect(await standing(second.batchHash)).to.deep.equal([STANDING.current, '0x00000000']);
    });

    it('are still owed when the batch that brought them again is annulled as well', async () => {
      const { registers, hebei } = world;
      const wrongAgain = await register.append(owed[0], madeUpRoot(30));
      await object(hebei, wrongAgain.batchHash);
      await rule(wrongAgain.seq, true);
      expect((await registers.register(1)).owedBatches).to.equal(2n);
      const hashes = await registers.owed(1);
      expect(hashes).to.deep.equal([
        (await registers.batch(1, 2)).entriesHash,
        (await registers.batch(1, 3)).entriesHash,
      ]);
      const again = await register.append(owed[0]);
      // Never a sequence number twice.
      expect(again.seq).to.equal(5n);
    });

    it('may bring the same root again: the council may have annulled the right one', async () => {
      const { registers, beijing } = world;
      await registers.connect(beijing.operator).append(1, good.root, madeUpRoot(1), encoded(owed[0]));
      const batch = await registers.current(1);
      expect([batch.newRoot, batch.seq]).to.deep.equal([madeUpRoot(1), 4n]);
      // Under another name, so that nothing said of the annulled one holds for this one.
      expect(batch.batchHash).to.not.equal((await registers.batch(1, 2)).batchHash);
      expect((await registers.batch(1, 2)).annulled).to.equal(true);
      // And now it holds, so it cannot come a third time.
      await expect(
        registers.connect(beijing.operator).append(1, madeUpRoot(1), madeUpRoot(1), encoded(owed[1])),
      )
        .to.be.revertedWithCustomError(registers, 'RootAlreadyUsed')
        .withArgs(1, madeUpRoot(1), 4);
    });

    it('can be objected to again, with all the time there is', async () => {
      const { registers, hebei } = world;
      await networkHelpers.time.increase(PARAMETERS.finalSeconds);
      const again = await register.append(owed[0], madeUpRoot(31));
      await object(hebei, again.batchHash);
      expect((await registers.register(1)).contested).to.equal(true);
    });

    it('are seen as of a time: the predecessor until they came again', async () => {
      const { registers } = world;
      const beforeAgain = BigInt(await networkHelpers.time.latest());
      await networkHelpers.time.increase(10);
      await register.append(owed[0]);
      expect((await registers.asOf(1, beforeAgain)).seq).to.equal(1n);
      expect((await registers.asOf(1, BigInt(await networkHelpers.time.latest()))).seq).to.equal(4n);
    });
  });

  it('is final only with everything that it rests on', async () => {
    const { registers, hebei, tianjin } = world;
    const first = await register.append(makeEntries(1, 1));
    const second = await register.append(makeEntries(1, 2));
    await object(hebei, second.batchHash);
    await rule(2, false);
    // The second was ruled on, the first may still be objected to, which would take both back.
    expect((await registers.batch(1, 2)).isFinal).to.equal(false);
    await object(tianjin, first.batchHash);
    await rule(1, false);
    expect((await registers.batch(1, 1)).isFinal).to.equal(true);
    expect((await registers.batch(1, 2)).isFinal).to.equal(true);
    expect(toBytes32(register.tree.root())).to.equal(second.root);
  });
});
