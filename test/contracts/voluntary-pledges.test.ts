import { voluntaryPledgesAbi } from '@credit-ledger/sdk/chain';
import {
  type Day,
  type Hex,
  ledgerDomain,
  PLEDGE_KIND,
  PLEDGE_TYPES,
  PLEDGE_WITHDRAWAL_TYPES,
  pledgeDigest,
  type PledgeTerms,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { id, Signature, TypedDataEncoder, ZeroAddress, ZeroHash } from 'ethers';
import type { VoluntaryPledges } from '../../types/index.ts';
import { CHAIN_ID } from './support/consenting.ts';
import { startOfDay, today } from './support/docket.ts';
import { inOneBlock, UNESTIMATED } from './support/one-block.ts';
import { freshProcesses, type ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { highS } from './support/requests.ts';
import { deployContract, networkHelpers, REGIONS, ROLE, STATUS } from './support/world.ts';

const refusals = new Refusals(voluntaryPledgesAbi);

describe('VoluntaryPledges', () => {
  let world: ProcessWorld;
  let pledges: VoluntaryPledges;
  let pledger: HardhatEthersSigner;
  let domain: ReturnType<typeof ledgerDomain>;
  let count = 0;
  beforeEach(async () => {
    world = await freshProcesses();
    ({ pledges } = world);
    const [key] = world.spare;
    if (!key) throw new Error('too few accounts');
    pledger = key;
    domain = ledgerDomain(CHAIN_ID, (await pledges.getAddress()) as Hex);
  });

  const refused = (attempt: Promise<unknown>, error: string, ...operands: unknown[]): Promise<void> =>
    refusals.expect(attempt, pledges, error, ...operands);
  const refusedAsMember = async (attempt: Promise<unknown>, error: string, ...operands: unknown[]) => {
    await expect(attempt)
      .to.be.revertedWithCustomError(world.consortium, error)
      .withArgs(...operands);
  };
  const terms = async (changes: Partial<PledgeTerms> = {}): Promise<PledgeTerms> => {
    count += 1;
    return {
      association: world.association.id,
      kind: PLEDGE_KIND.comprehensive,
      documentHash: id(`pledge ${count}`) as Hex,
      scopeHash: id('the association’s site') as Hex,
      publicUntil: (await today()) + 365,
      ...changes,
    };
  };
  const sign = (pledge: PledgeTerms, signer = pledger, at = domain): Promise<string> =>
    signer.signTypedData(at, { Pledge: [...PLEDGE_TYPES.Pledge] }, pledge);
  const signWithdrawal = (pledgeId: bigint, signer = pledger, at = domain): Promise<string> =>
    signer.signTypedData(
      at,
      { PledgeWithdrawal: [...PLEDGE_WITHDRAWAL_TYPES.PledgeWithdrawal] },
      { pledgeId },
    );
  const publish = (
    pledge: PledgeTerms,
    signature: string,
    caller = world.association.operator,
    key: string = pledger.address,
  ) =>
    pledges
      .connect(caller)
      .publish(pledge.kind, key, pledge.documentHash, pledge.scopeHash, pledge.publicUntil, signature);
  const published = async (changes: Partial<PledgeTerms> = {}): Promise<bigint> => {
    const pledge = await terms(changes);
    await publish(pledge, await sign(pledge));
    return pledges.pledgeCount();
  };
  const otherDomains = async () => {
    const other = await deployContract<VoluntaryPledges>('VoluntaryPledges', world.consortium);
    return [
      ledgerDomain(CHAIN_ID, (await other.getAddress()) as Hex),
      ledgerDomain(CHAIN_ID + 1n, domain.verifyingContract),
    ];
  };
  const otherSpellings = (signature: string): string[] => [
    highS(signature),
    Signature.from(signature).compactSerialized,
    `${signature}00`,
    '0x',
  ];
  const anyone = (address: string): boolean => address !== pledger.address;
  /** A second association, in Tianjin. */
  const secondAssociation = async (): Promise<{ id: bigint; operator: HardhatEthersSigner }> => {
    const operator = world.spare[1];
    if (!operator) throw new Error('too few accounts');
    await world.council(world.consortium, 'admit', {
      name: 'Tianjin association',
      regionCode: REGIONS[1] + 101,
      creditCode: '110000000000000099',
      role: ROLE.association,
      endpoint: '',
      operator: operator.address,
      witness: ZeroAddress,
    });
    return { id: await world.consortium.memberCount(), operator };
  };

  describe('publishing', () => {
    it('is done by an association for a company that signs, and says all of it', async () => {
      const pledge = await terms({ kind: PLEDGE_KIND.productQuality });
      const signature = await sign(pledge);
      await expect(publish(pledge, signature))
        .to.emit(pledges, 'PledgePublished')
        .withArgs(
          1,
          world.association.id,
          2,
          pledger.address,
          pledge.documentHash,
          pledge.scopeHash,
          pledge.publicUntil,
        );
      expect([...(await pledges.pledge(1))]).to.deep.equal([
        world.association.id,
        2n,
        pledger.address,
        pledge.documentHash,
        pledge.scopeHash,
        BigInt(pledge.publicUntil),
        BigInt(await networkHelpers.time.latest()),
        0n,
        0n,
      ]);
      expect(await pledges.pledgeCount()).to.equal(1n);
      expect((await pledges.pledge(2)).association).to.equal(0n);
      expect(pledgeDigest(domain, pledge)).to.equal(
        TypedDataEncoder.hash(domain, { Pledge: [...PLEDGE_TYPES.Pledge] }, pledge),
      );
    });

    it('is for active associations only: no authority, no requester, not the company alone', async () => {
      const { beijing, requester, association, stranger, consortium } = world;
      for (const member of [beijing, requester]) {
        const pledge = await terms({ association: member.id });
        await refused(publish(pledge, await sign(pledge), member.operator), 'NotAnAssociation', member.id);
      }
      const pledge = await terms();
      const signature = await sign(pledge);
      for (const caller of [stranger, pledger, beijing.witness]) {
        await refusedAsMember(publish(pledge, signature, caller), 'NotOperator', caller.address);
      }
      await world.council(consortium, 'suspend', association.id, id('x'));
      await refusedAsMember(publish(pledge, signature), 'MemberNotActive', association.id, STATUS.suspended);
    });

    it('needs a kind, a document, a scope and a last day that has not passed', async () => {
      const day = await today();
      const attempt = async (changes: object) => {
        const pledge = { ...(await terms()), ...changes };
        return publish(pledge, await sign(pledge));
      };
      await refused(attempt({ kind: 0 }), 'InvalidKind');
      await expect(attempt({ kind: 3 })).to.be.revertedWithoutReason(world.connection.ethers);
      await refused(attempt({ documentHash: ZeroHash }), 'InvalidHash', 'documentHash');
      await refused(attempt({ scopeHash: ZeroHash }), 'InvalidHash', 'scopeHash');
      await refused(attempt({ publicUntil: day - 1 }), 'InvalidPublicUntil', day - 1, day);
      await refused(attempt({ publicUntil: 0 }), 'InvalidPublicUntil', 0, day);
      await attempt({ publicUntil: day });
      // The day is that of UTC+8: its last second counts, the first of the next does not.
      const pledge = await terms({ publicUntil: day });
      const signature = await sign(pledge);
      await networkHelpers.time.setNextBlockTimestamp(startOfDay(day + 1) - 1);
      await pledges
        .connect(world.association.operator)
        .publish.staticCall(1, pledger, pledge.documentHash, pledge.scopeHash, day, signature);
      await networkHelpers.mine();
      await networkHelpers.time.setNextBlockTimestamp(startOfDay((day + 1) as Day));
      await refused(publish(pledge, signature), 'InvalidPublicUntil', day, day + 1);
    });

    it('needs the company’s signature over these terms, for this contract and this chain', async () => {
      const pledge = await terms();
      const good = await sign(pledge);
      await refused(
        publish(pledge, await sign(pledge, world.stranger)),
        'WrongPledgerSignature',
        world.stranger.address,
        pledger.address,
      );
      for (const spelling of otherSpellings(good)) {
        await refused(publish(pledge, spelling), 'WrongPledgerSignature', ZeroAddress, pledger.address);
        await refused(
          publish(pledge, spelling, world.association.operator, ZeroAddress),
          'WrongPledgerSignature',
          ZeroAddress,
          ZeroAddress,
        );
      }
      const changes: Partial<PledgeTerms>[] = [
        { association: 1n },
        { kind: PLEDGE_KIND.productQuality },
        { documentHash: id('another document') as Hex },
        { scopeHash: id('another scope') as Hex },
        { publicUntil: pledge.publicUntil + 1 },
      ];
      for (const change of changes) {
        const signature = await sign({ ...pledge, ...change });
        await refused(publish(pledge, signature), 'WrongPledgerSignature', anyone, pledger.address);
      }
      for (const at of await otherDomains()) {
        const signature = await sign(pledge, pledger, at);
        await refused(publish(pledge, signature), 'WrongPledgerSignature', anyone, pledger.address);
      }
      await publish(pledge, good);
    });

    it('happens once for a document, also after it was taken back, and no association is in another’s way', async () => {
      const second = await secondAssociation();
      const pledge = await terms();
      const elsewhere = { ...pledge, association: second.id };
      // A signature for one association is none for another.
      await refused(
        publish(elsewhere, await sign(pledge), second.operator),
        'WrongPledgerSignature',
        anyone,
        pledger.address,
      );
      await publish(elsewhere, await sign(elsewhere), second.operator);
      const signature = await sign(pledge);
      await publish(pledge, signature);
      await refused(publish(pledge, signature), 'PledgeKnown', pledge.documentHash, 2);
      await pledges.withdraw(2, await signWithdrawal(2n));
      await refused(publish(pledge, signature), 'PledgeKnown', pledge.documentHash, 2);
      expect((await pledges.pledge(1)).association).to.equal(second.id);
    });
  });

  describe('taking back', () => {
    it('is the company’s own right, whoever relays it, once', async () => {
      const first = await published();
      const second = await published();
      const relay = pledges.connect(world.stranger);
      const good = await signWithdrawal(first);
      await refused(
        relay.withdraw(first, await signWithdrawal(first, world.stranger)),
        'WrongPledgerSignature',
        world.stranger.address,
        pledger.address,
      );
      for (const spelling of otherSpellings(good)) {
        await refused(relay.withdraw(first, spelling), 'WrongPledgerSignature', ZeroAddress, pledger.address);
      }
      const signatures = [await signWithdrawal(second)];
      for (const at of await otherDomains()) signatures.push(await signWithdrawal(first, pledger, at));
      for (const signature of signatures) {
        await refused(relay.withdraw(first, signature), 'WrongPledgerSignature', anyone, pledger.address);
      }
      for (const unknown of [0n, 9n]) {
        await refused(relay.withdraw(unknown, await signWithdrawal(unknown)), 'UnknownPledge', unknown);
      }
      await expect(relay.withdraw(first, good))
        .to.emit(pledges, 'PledgeWithdrawn')
        .withArgs(first, world.association.id);
      const { withdrawnAt } = await pledges.pledge(first);
      expect(withdrawnAt).to.equal(BigInt(await networkHelpers.time.latest()));
      await refused(relay.withdraw(first, good), 'PledgeIsWithdrawn', first, withdrawnAt);
      expect((await pledges.pledge(second)).withdrawnAt).to.equal(0n);
    });

    it('needs no association: also while it is suspended, and after the last day', async () => {
      const pledgeId = await published({ publicUntil: await today() });
      await world.council(world.consortium, 'suspend', world.association.id, id('x'));
      await networkHelpers.time.increase(10 * 86_400);
      await pledges.connect(world.stranger).withdraw(pledgeId, await signWithdrawal(pledgeId));
      expect((await pledges.pledge(pledgeId)).withdrawnAt).to.not.equal(0n);
    });
  });

  describe('observing', () => {
    it('is open to every other active member, and each observation is its own', async () => {
      const { beijing, requester } = world;
      const second = await secondAssociation();
      const pledgeId = await published();
      let observations = 0n;
      for (const observer of [beijing, requester, second]) {
        await expect(pledges.connect(observer.operator).observe(pledgeId, id('an observation')))
          .to.emit(pledges, 'PledgeObserved')
          .withArgs(pledgeId, observer.id, id('an observation'));
        observations += 1n;
        expect((await pledges.pledge(pledgeId)).observations).to.equal(observations);
      }
      await refused(
        pledges.connect(beijing.operator).observe(pledgeId, id('an observation')),
        'ObservationKnown',
        pledgeId,
        beijing.id,
        id('an observation'),
      );
      await pledges.connect(beijing.operator).observe(pledgeId, id('a second one'));
      expect((await pledges.pledge(pledgeId)).observations).to.equal(observations + 1n);
    });

    it('is not for the association itself, the company, strangers or suspended members', async () => {
      const { association, beijing, stranger, consortium } = world;
      const pledgeId = await published();
      await refused(
        pledges.connect(association.operator).observe(pledgeId, id('praise')),
        'OwnPledge',
        pledgeId,
        association.id,
      );
      for (const caller of [stranger, pledger, beijing.witness]) {
        await refusedAsMember(
          pledges.connect(caller).observe(pledgeId, id('x')),
          'NotOperator',
          caller.address,
        );
      }
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      await refusedAsMember(
        pledges.connect(beijing.operator).observe(pledgeId, id('x')),
        'MemberNotActive',
        beijing.id,
        STATUS.suspended,
      );
    });

    it('needs a pledge that stands, and a hash; after the last day it still stands', async () => {
      const operator = pledges.connect(world.beijing.operator);
      const pledgeId = await published({ publicUntil: await today() });
      await refused(operator.observe(pledgeId, ZeroHash), 'InvalidHash', 'observationHash');
      await refused(operator.observe(7, id('x')), 'UnknownPledge', 7);
      await networkHelpers.time.increase(10 * 86_400);
      await operator.observe(pledgeId, id('it was not kept'));
      await pledges.withdraw(pledgeId, await signWithdrawal(pledgeId));
      const { withdrawnAt } = await pledges.pledge(pledgeId);
      await refused(operator.observe(pledgeId, id('x')), 'PledgeIsWithdrawn', pledgeId, withdrawnAt);
    });

    it('in the block in which it is taken back counts when it comes before', async () => {
      const send = async (pledgeId: bigint) => {
        const signature = await signWithdrawal(pledgeId);
        return {
          observe: () => pledges.connect(world.beijing.operator).observe(pledgeId, id('seen'), UNESTIMATED),
          withdraw: () => pledges.connect(world.stranger).withdraw(pledgeId, signature, UNESTIMATED),
        };
      };
      const first = await send(await published());
      expect(await inOneBlock(first.observe, first.withdraw)).to.deep.equal([true, true]);
      const second = await send(await published());
      expect(await inOneBlock(second.withdraw, second.observe)).to.deep.equal([true, false]);
      expect((await pledges.pledge(2)).observations).to.equal(0n);
    });
  });

  // A suite of its own, so that it comes last.
  describe('the interface', () => {
    it('has no error that was not provoked above', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});
