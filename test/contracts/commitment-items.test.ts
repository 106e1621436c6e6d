import { expect } from 'chai';
import { id, ZeroHash } from 'ethers';
import { itemIdOf, PUBLIC_REASONS, templateIdOf } from '@credit-ledger/sdk/protocol';
import { commitmentItemsAbi } from '../../sdk/src/chain/abi/index.ts';
import { CONFIRMED, makeItem, SLUG, type TestItem, TOLD } from './support/letters.ts';
import { freshProcesses, type ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import {
  APPLICATION,
  DAY,
  HOUR,
  networkHelpers,
  PERMIT_PREDICATE,
  PREDICATE,
  type TestMember,
  TestRegister,
} from './support/world.ts';

const refusals = new Refusals(commitmentItemsAbi);

describe('Items to which commitment letters apply', () => {
  let world: ProcessWorld;
  let itemId: string;
  beforeEach(async () => {
    world = await freshProcesses();
    itemId = itemIdOf(world.beijing.id, SLUG);
    for (const owner of [world.beijing, world.tianjin, world.hebei]) await TestRegister.open(world, owner);
  });

  const publish = (changes: Partial<TestItem> = {}, slug = SLUG, by: TestMember = world.beijing) =>
    world.items.connect(by.operator).publishItem(slug, makeItem([1n, 3n], changes));
  const publishTemplate = (told = [...TOLD], confirmed = [...CONFIRMED], by: TestMember = world.beijing) =>
    world.items
      .connect(by.operator)
      .publishTemplate(itemId, told as typeof TOLD, confirmed as typeof CONFIRMED);

  describe('eligibility', () => {
    it('is set by the council alone, to a listed predicate of an application in force', async () => {
      const { items, beijing, seats, stranger } = world;
      expect(await items.eligibility()).to.deep.equal([ZeroHash, ZeroHash]);
      for (const caller of [beijing.operator, seats[0], stranger]) {
        const attempt = items.connect(caller).setEligibility(APPLICATION, PREDICATE);
        await refusals.expect(attempt, items, 'NotCouncil', caller.address);
      }
      await expect(world.council(items, 'setEligibility', APPLICATION, PREDICATE))
        .to.emit(items, 'EligibilitySet')
        .withArgs(APPLICATION, PREDICATE);
      expect(await items.eligibility()).to.deep.equal([APPLICATION, PREDICATE]);
      await world.council(items, 'setEligibility', APPLICATION, PERMIT_PREDICATE);
      expect(await items.eligibility()).to.deep.equal([APPLICATION, PERMIT_PREDICATE]);
    });

    it('cannot be what nobody could ask', async () => {
      const { items, applications } = world;
      for (const [application, predicate] of [
        [ZeroHash, PREDICATE],
        [APPLICATION, ZeroHash],
        [id('application:unknown'), PREDICATE],
        [APPLICATION, id('predicate')],
      ] as const) {
        await refusals.expect(
          world.council(items, 'setEligibility', application, predicate),
          items,
          'InvalidEligibility',
        );
      }
      await world.council(applications, 'withdraw', APPLICATION);
      await refusals.expect(
        world.council(items, 'setEligibility', APPLICATION, PREDICATE),
        items,
        'InvalidEligibility',
      );
      expect(await items.eligibility()).to.deep.equal([ZeroHash, ZeroHash]);
    });
  });

  describe('publishing', () => {
    it('makes versions, the latest of which is in force, and leaves earlier ones as they were', async () => {
      const { items, beijing } = world;
      const first = makeItem([1n, 3n]);
      await expect(publish())
        .to.emit(items, 'ItemPublished')
        .withArgs(itemId, beijing.id, 1, SLUG, first.title, first.legalBasis, [1n, 3n], DAY, 0);
      const publishedAt = BigInt(await networkHelpers.time.latest());
      await publish({ title: '另一名称', registers: [2n], publicReason: 2, claimMaxAgeSeconds: HOUR });
      const one = await items.itemAt(itemId, 1);
      const two = await items.itemAt(itemId, 2);
      expect([one.owner, one.version, one.inForce, one.title, one.legalBasis, one.publishedAt]).to.deep.equal(
        [beijing.id, 1n, false, first.title, first.legalBasis, publishedAt],
      );
      expect([...one.registers, one.claimMaxAgeSeconds, one.publicReason]).to.deep.equal([
        1n,
        3n,
        BigInt(DAY),
        0n,
      ]);
      expect([two.version, two.inForce, two.title, ...two.registers]).to.deep.equal([
        2n,
        true,
        '另一名称',
        2n,
      ]);
      expect([two.claimMaxAgeSeconds, two.publicReason]).to.deep.equal([BigInt(HOUR), 2n]);
      expect(await items.versionInForce(itemId)).to.equal(2n);
    });

    it('answers with nothing for a version that is not there', async () => {
      const { items } = world;
      await publish();
      for (const version of [0, 2]) expect((await items.itemAt(itemId, version)).owner).to.equal(0n);
      expect(await items.versionInForce(id('another'))).to.equal(0n);
    });

    it('is for active authorities only', async () => {
      const { items, consortium, requester, association, tianjin, stranger } = world;
      for (const member of [requester, association]) {
        await refusals.expect(publish({}, SLUG, member), items, 'NotAnAuthority', member.id);
      }
      for (const caller of [stranger, tianjin.witness]) {
        await refusals.expect(
          items.connect(caller).publishItem(SLUG, makeItem([1n])),
          consortium,
          'NotOperator',
          caller.address,
        );
      }
      await world.council(consortium, 'suspend', tianjin.id, id('reason'));
      await refusals.expect(publish({}, SLUG, tianjin), consortium, 'MemberNotActive', tianjin.id, 2);
    });

    it('under the slug of another authority makes an item of its own', async () => {
      const { items, tianjin } = world;
      await publish();
      await publish({}, SLUG, tianjin);
      expect(await items.versionInForce(itemId)).to.equal(1n);
      expect((await items.itemAt(itemIdOf(tianjin.id, SLUG), 1)).owner).to.equal(tianjin.id);
    });

    it('is refused for what touches state security, public safety, or life and health', async () => {
      const { items } = world;
      for (const [touches, code] of [
        [{ touchesStateSecurity: true }, 1],
        [{ touchesPublicSafety: true }, 2],
        [{ touchesLifeOrHealth: true }, 3],
        [{ touchesStateSecurity: true, touchesPublicSafety: true, touchesLifeOrHealth: true }, 1],
      ] as const) {
        await refusals.expect(publish(touches), items, 'ItemExcluded', code);
      }
      await publish();
      await refusals.expect(publish({ touchesLifeOrHealth: true }), items, 'ItemExcluded', 3);
      expect(await items.versionInForce(itemId)).to.equal(1n);
    });

    it('takes one to eight registers that exist, rising', async () => {
      const { items, tianjin2, beijing2 } = world;
      for (const registers of [[], [3n, 1n], [1n, 1n], [1n, 2n, 2n], Array.from({ length: 9 }, () => 1n)]) {
        await refusals.expect(publish({ registers }), items, 'InvalidRegisters');
      }
      for (const [registers, unknown] of [
        [[0n], 0n],
        [[1n, 4n], 4n],
        [[2n ** 255n], 2n ** 255n],
      ] as const) {
        await refusals.expect(publish({ registers: [...registers] }), items, 'UnknownRegister', unknown);
      }
      for (const owner of [tianjin2, beijing2]) await TestRegister.open(world, owner);
      for (const n of [6, 7, 8]) {
        await world.council(world.registers, 'openFor', beijing2.id, `0x${String(n).padStart(64, '0')}`, DAY);
      }
      await publish({ registers: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n] });
      expect((await items.itemAt(itemId, 1)).registers.length).to.equal(8);
    });

    it('limits the texts, in bytes', async () => {
      const { items } = world;
      const long = (bytes: number): string => '证'.repeat(Math.floor(bytes / 3)) + 'x'.repeat(bytes % 3);
      for (const [changes, slug, field, length] of [
        [{}, '', 'slug', 0],
        [{}, long(65), 'slug', 65],
        [{ title: '' }, SLUG, 'title', 0],
        [{ title: long(257) }, SLUG, 'title', 257],
        [{ legalBasis: '' }, SLUG, 'legalBasis', 0],
        [{ legalBasis: long(513) }, SLUG, 'legalBasis', 513],
      ] as const) {
        await refusals.expect(publish(changes, slug), items, 'InvalidText', field, length);
      }
      await publish({ title: long(256), legalBasis: long(512) }, long(64));
    });

    it('limits the age of claims to between an hour and 30 days', async () => {
      const { items } = world;
      for (const claimMaxAgeSeconds of [0, HOUR - 1, 30 * DAY + 1]) {
        await refusals.expect(publish({ claimMaxAgeSeconds }), items, 'InvalidClaimAge', claimMaxAgeSeconds);
      }
      await publish({ claimMaxAgeSeconds: HOUR });
      await publish({ claimMaxAgeSeconds: 30 * DAY });
    });

    it('takes the reasons for publication that the SDK names, and no other', async () => {
      for (const publicReason of PUBLIC_REASONS.keys()) await publish({ publicReason });
      await expect(publish({ publicReason: PUBLIC_REASONS.length })).to.be.revert(world.connection.ethers);
    });

    it('gives the id that the SDK computes', async () => {
      const { items, beijing } = world;
      for (const slug of ['a', SLUG, '容缺受理']) {
        expect(await items.itemIdOf(beijing.id, slug)).to.equal(itemIdOf(beijing.id, slug));
      }
      await publish();
      expect((await items.itemAt(itemIdOf(beijing.id, SLUG), 1)).version).to.equal(1n);
    });
  });

  describe('withdrawing', () => {
    it('takes the item out of force until its owner publishes it again', async () => {
      const { items, beijing } = world;
      await publish();
      const own = items.connect(beijing.operator);
      await expect(own.withdrawItem(itemId)).to.emit(items, 'ItemWithdrawn').withArgs(itemId, beijing.id, 1);
      expect(await items.versionInForce(itemId)).to.equal(0n);
      expect((await items.itemAt(itemId, 1)).inForce).to.equal(false);
      await refusals.expect(own.withdrawItem(itemId), items, 'ItemNotInForce', itemId);
      await publish();
      expect(await items.versionInForce(itemId)).to.equal(2n);
    });

    it('is the owner’s alone, while it is active', async () => {
      const { items, consortium, beijing, tianjin, association, stranger } = world;
      await publish();
      for (const member of [tianjin, association]) {
        const attempt = items.connect(member.operator).withdrawItem(itemId);
        await refusals.expect(attempt, items, 'NotItemOwner', itemId, member.id);
      }
      await refusals.expect(
        items.connect(stranger).withdrawItem(itemId),
        consortium,
        'NotOperator',
        stranger.address,
      );
      const own = items.connect(beijing.operator);
      await refusals.expect(own.withdrawItem(id('none')), items, 'UnknownItem', id('none'));
      await world.council(consortium, 'suspend', beijing.id, id('reason'));
      await refusals.expect(own.withdrawItem(itemId), consortium, 'MemberNotActive', beijing.id, 2);
    });
  });

  describe('templates', () => {
    beforeEach(async () => {
      await publish();
    });

    it('have an id that follows from what they say, and are kept', async () => {
      const { items } = world;
      const templateId = templateIdOf(itemIdOf(world.beijing.id, SLUG), TOLD, CONFIRMED);
      await expect(publishTemplate())
        .to.emit(items, 'TemplatePublished')
        .withArgs(templateId, itemId, TOLD, CONFIRMED);
      const kept = await items.template(templateId);
      expect([kept.itemId, [...kept.told], [...kept.confirmed]]).to.deep.equal([itemId, TOLD, CONFIRMED]);
      await refusals.expect(publishTemplate(), items, 'TemplateKnown', templateId);
      expect((await items.template(id('another'))).itemId).to.equal(ZeroHash);
    });

    it('are refused when any of the seven things to tell or the four to confirm is missing', async () => {
      const { items } = world;
      const whole = [...TOLD, ...CONFIRMED];
      for (const index of whole.keys()) {
        const texts = whole.map((hash, i) => (i === index ? (ZeroHash as typeof hash) : hash));
        const attempt = publishTemplate(texts.slice(0, 7), texts.slice(7));
        await refusals.expect(attempt, items, 'TemplateIncomplete', index);
      }
      const none = Array.from({ length: 11 }, () => ZeroHash as (typeof TOLD)[0]);
      await refusals.expect(publishTemplate(none.slice(0, 7), none.slice(7)), items, 'TemplateIncomplete', 0);
    });

    it('are published by the item’s owner alone, for an item that is there and in force', async () => {
      const { items, consortium, beijing, tianjin, requester, stranger } = world;
      for (const member of [tianjin, requester]) {
        const attempt = publishTemplate([...TOLD], [...CONFIRMED], member);
        await refusals.expect(attempt, items, 'NotItemOwner', itemId, member.id);
      }
      await refusals.expect(
        items.connect(stranger).publishTemplate(itemId, TOLD, CONFIRMED),
        consortium,
        'NotOperator',
        stranger.address,
      );
      const own = items.connect(beijing.operator);
      await refusals.expect(
        own.publishTemplate(id('none'), TOLD, CONFIRMED),
        items,
        'UnknownItem',
        id('none'),
      );
      await own.withdrawItem(itemId);
      await refusals.expect(publishTemplate(), items, 'ItemNotInForce', itemId);
    });

    it('of one item are not those of another, though they say the same', async () => {
      const { items, tianjin } = world;
      await publish({}, SLUG, tianjin);
      const other = itemIdOf(tianjin.id, SLUG);
      await publishTemplate();
      await items.connect(tianjin.operator).publishTemplate(other, TOLD, CONFIRMED);
      expect((await items.template(templateIdOf(other, TOLD, CONFIRMED))).itemId).to.equal(other);
    });
  });

  describe('the errors of the interface', () => {
    it('were all provoked', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});
