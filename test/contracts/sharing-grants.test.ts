import { expect } from 'chai';
import { id } from 'ethers';
import {
  allRefused,
  APPLICATION,
  DAY,
  freshWorld,
  HISTORICAL_APPLICATION,
  networkHelpers,
  STATUS,
  type World,
} from './support/world.ts';

describe('SharingGrants', () => {
  let world: World;
  let now: bigint;
  beforeEach(async () => {
    world = await freshWorld();
    now = BigInt(await networkHelpers.time.latest());
  });

  const terms = (changes: object = {}) => ({
    granteeKind: 1,
    grantee: world.requester.id,
    applicationId: APPLICATION,
    classes: 0b0110,
    validFrom: now,
    validUntil: now + BigInt(DAY),
    maxUses: 2,
    consentRequired: false,
    ...changes,
  });
  const give = async (changes: object = {}, giver = world.beijing): Promise<string> => {
    const grants = world.grants.connect(giver.operator);
    const grantId = await grants.give.staticCall(terms(changes));
    await grants.give(terms(changes));
    return grantId;
  };

  it('is given by an authority and says all its terms', async () => {
    const { grants, beijing, requester } = world;
    const grantId = await grants.connect(beijing.operator).give.staticCall(terms());
    await expect(grants.connect(beijing.operator).give(terms()))
      .to.emit(grants, 'GrantGiven')
      .withArgs(grantId, beijing.id, requester.id, 1, APPLICATION, 0b0110, now, now + BigInt(DAY), 2, false);
    const grant = await grants.grant(grantId);
    expect([
      grant.grantor,
      grant.grantee,
      grant.classes,
      grant.maxUses,
      grant.uses,
      grant.revokedAt,
    ]).to.deep.equal([beijing.id, requester.id, 0b0110n, 2n, 0n, 0n]);
    expect(await grants.grantCount()).to.equal(1n);
    // The same terms again are another grant.
    expect(await give()).to.not.equal(grantId);
  });

  it('is given by active authorities only', async () => {
    const { consortium, grants, requester, beijing, stranger } = world;
    await expect(grants.connect(requester.operator).give(terms()))
      .to.be.revertedWithCustomError(grants, 'NotAnAuthority')
      .withArgs(requester.id);
    for (const caller of [beijing.witness, stranger]) {
      await expect(grants.connect(caller).give(terms()))
        .to.be.revertedWithCustomError(consortium, 'NotOperator')
        .withArgs(caller.address);
    }
    await world.council(consortium, 'suspend', beijing.id, id('x'));
    await expect(grants.connect(beijing.operator).give(terms()))
      .to.be.revertedWithCustomError(consortium, 'MemberNotActive')
      .withArgs(beijing.id, STATUS.suspended);
  });

  it('refuses terms that make no sense', async () => {
    const { grants, beijing } = world;
    const refusals: [object, string, unknown[]][] = [
      [{ granteeKind: 0 }, 'InvalidGrantee', [0, world.requester.id]],
      [{ granteeKind: 3 }, 'InvalidGrantee', [3, world.requester.id]],
      [{ grantee: 99 }, 'InvalidGrantee', [1, 99]],
      [{ grantee: 0 }, 'InvalidGrantee', [1, 0]],
      [{ granteeKind: 2, grantee: 140_000 }, 'InvalidGrantee', [2, 140_000]],
      [{ granteeKind: 2, grantee: 2n ** 32n + 130_000n }, 'InvalidGrantee', [2, 2n ** 32n + 130_000n]],
      [{ classes: 0 }, 'InvalidClasses', [0]],
      [{ classes: 1 }, 'InvalidClasses', [1]],
      [{ classes: 0b10010 }, 'InvalidClasses', [0b10010]],
      [{ validUntil: now - 1n }, 'InvalidValidity', [now, now - 1n]],
      [{ validFrom: 1, validUntil: 2 }, 'InvalidValidity', [1, 2]],
      [{ applicationId: id('x') }, 'ApplicationNotInForce', [id('x')]],
    ];
    for (const [changes, error, operands] of refusals) {
      await expect(grants.connect(beijing.operator).give(terms(changes)))
        .to.be.revertedWithCustomError(grants, error)
        .withArgs(...operands);
    }
  });

  it('is revoked by its grantor alone, at once and for good', async () => {
    const { grants, beijing, tianjin, requester } = world;
    const grantId = await give();
    for (const other of [tianjin, requester]) {
      await expect(grants.connect(other.operator).revoke(grantId))
        .to.be.revertedWithCustomError(grants, 'NotGrantor')
        .withArgs(grantId, other.id);
    }
    await expect(grants.connect(beijing.operator).revoke(grantId))
      .to.emit(grants, 'GrantRevoked')
      .withArgs(grantId, beijing.id);
    const { revokedAt } = await grants.grant(grantId);
    await allRefused(
      [
        () => grants.connect(beijing.operator).revoke(grantId),
        () => grants.check(grantId, beijing.id, requester.id, APPLICATION, 1),
      ],
      grants,
      'GrantIsRevoked',
      grantId,
      revokedAt,
    );
    await expect(grants.connect(beijing.operator).revoke(id('x')))
      .to.be.revertedWithCustomError(grants, 'UnknownGrant')
      .withArgs(id('x'));
  });

  it('is used by the answer log in force only', async () => {
    const { consortium, grants, answerLog, beijing, requester, seats, target, stranger } = world;
    const grantId = await give();
    for (const caller of [beijing.operator, requester.operator, seats[0], stranger]) {
      await expect(grants.connect(caller).consume(grantId, beijing.id, requester.id, APPLICATION, 1))
        .to.be.revertedWithCustomError(grants, 'NotAnswerLog')
        .withArgs(caller.address);
    }
    const consume = grants.interface.encodeFunctionData('consume', [
      grantId,
      beijing.id,
      requester.id,
      APPLICATION,
      1,
    ]);
    await expect(target.run(grants, consume))
      .to.be.revertedWithCustomError(grants, 'NotAnswerLog')
      .withArgs(await target.getAddress());
    // A log that was put out of force may no longer use anything; its successor may.
    await world.council(consortium, 'putInForce', id('AnswerLog'), await target.getAddress(), 2);
    await expect(target.run(grants, consume)).to.emit(grants, 'GrantUsed').withArgs(grantId, requester.id, 1);
    await target.run(grants, consume);
    await expect(target.run(grants, consume))
      .to.be.revertedWithCustomError(grants, 'GrantExhausted')
      .withArgs(grantId, 2);
    expect((await grants.grant(grantId)).uses).to.equal(2n);
    expect(await consortium.contractInForce(id('AnswerLog'))).to.not.equal(await answerLog.getAddress());
  });

  it('says why it may not be used', async () => {
    const { grants, beijing, tianjin, requester, hebei } = world;
    const grantId = await give();
    const later = await give({ validFrom: now + 1_000n });
    const check = grants.check.bind(grants);
    const refusals: [() => Promise<unknown>, string, unknown[]][] = [
      [() => check(id('x'), beijing.id, requester.id, APPLICATION, 1), 'UnknownGrant', [id('x')]],
      [() => check(grantId, tianjin.id, requester.id, APPLICATION, 1), 'GrantOfOther', [grantId, beijing.id]],
      [
        () => check(grantId, beijing.id, hebei.id, APPLICATION, 1),
        'GrantNotForRequester',
        [grantId, hebei.id],
      ],
      [
        () => check(grantId, beijing.id, requester.id, HISTORICAL_APPLICATION, 1),
        'GrantNotForApplication',
        [grantId, HISTORICAL_APPLICATION],
      ],
      [() => check(grantId, beijing.id, requester.id, APPLICATION, 3), 'GrantNotForClass', [grantId, 3]],
      [() => check(grantId, beijing.id, requester.id, APPLICATION, 0), 'GrantNotForClass', [grantId, 0]],
      [() => check(grantId, beijing.id, requester.id, APPLICATION, 8), 'GrantNotForClass', [grantId, 8]],
      [
        () => check(later, beijing.id, requester.id, APPLICATION, 1),
        'GrantNotYetValid',
        [later, now + 1_000n],
      ],
    ];
    for (const [attempt, error, operands] of refusals) {
      await expect(attempt())
        .to.be.revertedWithCustomError(grants, error)
        .withArgs(...operands);
    }
    expect(await check(grantId, beijing.id, requester.id, APPLICATION, 1)).to.equal(false);
    expect(await check(grantId, beijing.id, requester.id, APPLICATION, 2)).to.equal(false);
    await networkHelpers.time.increaseTo(now + BigInt(DAY));
    await check(grantId, beijing.id, requester.id, APPLICATION, 1);
    await networkHelpers.time.increaseTo(now + BigInt(DAY) + 1n);
    await expect(check(grantId, beijing.id, requester.id, APPLICATION, 1))
      .to.be.revertedWithCustomError(grants, 'GrantExpired')
      .withArgs(grantId, now + BigInt(DAY));
  });

  it('for a region is good for every member of it and for nobody else', async () => {
    const { grants, beijing, hebei, requester, tianjin } = world;
    const grantId = await give({ granteeKind: 2, grantee: 130_000 });
    for (const member of [hebei, requester]) {
      expect(await grants.check(grantId, beijing.id, member.id, APPLICATION, 1)).to.equal(false);
    }
    for (const memberId of [tianjin.id, 99n, 0n]) {
      await expect(grants.check(grantId, beijing.id, memberId, APPLICATION, 1))
        .to.be.revertedWithCustomError(grants, 'GrantNotForRequester')
        .withArgs(grantId, memberId);
    }
  });

  it('without a limit of uses is not exhausted', async () => {
    const { consortium, grants, beijing, requester, target } = world;
    const grantId = await give({ maxUses: 0 });
    await world.council(consortium, 'putInForce', id('AnswerLog'), await target.getAddress(), 2);
    const consume = grants.interface.encodeFunctionData('consume', [
      grantId,
      beijing.id,
      requester.id,
      APPLICATION,
      1,
    ]);
    for (let i = 0; i < 5; i += 1) await target.run(grants, consume);
    expect((await grants.grant(grantId)).uses).to.equal(5n);
  });

  it('says whether it needs consent', async () => {
    const { grants, beijing, requester } = world;
    const grantId = await give({ consentRequired: true });
    expect(await grants.check(grantId, beijing.id, requester.id, APPLICATION, 1)).to.equal(true);
  });
});
