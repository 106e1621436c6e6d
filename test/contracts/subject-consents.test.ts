import { subjectConsentsAbi } from '@credit-ledger/sdk/chain';
import { type ConsentTerms, consentIdOf, type Hex, ledgerDomain } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { id, Signature, ZeroAddress, ZeroHash } from 'ethers';
import type { SubjectConsents } from '../../types/index.ts';
import { CHAIN_ID, Consenting } from './support/consenting.ts';
import type { ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { highS } from './support/requests.ts';
import {
  APPLICATION,
  CONSENT_APPLICATION,
  DAY,
  deployContract,
  networkHelpers,
  STATUS,
  TestRegister,
} from './support/world.ts';

const refusals = new Refusals(subjectConsentsAbi);

describe('SubjectConsents', () => {
  let consenting: Consenting;
  let world: ProcessWorld;
  let consents: SubjectConsents;
  beforeEach(async () => {
    consenting = await Consenting.fresh();
    ({ world } = consenting);
    ({ consents } = world);
  });

  const refused = (attempt: Promise<unknown>, error: string, ...operands: unknown[]): Promise<void> =>
    refusals.expect(attempt, consents, error, ...operands);
  const refusedAsMember = async (
    attempt: Promise<unknown>,
    error: string,
    ...operands: unknown[]
  ): Promise<void> => {
    await expect(attempt)
      .to.be.revertedWithCustomError(world.consortium, error)
      .withArgs(...operands);
  };
  const now = async (): Promise<bigint> => BigInt(await networkHelpers.time.latest());
  const spare = (index: number) => {
    const found = world.spare[index];
    if (!found) throw new Error('too few accounts');
    return found;
  };
  /** Spellings of a signature that are no signature here: the other s, 64 bytes, one byte more, none. */
  const otherSpellings = (signature: string): string[] => [
    highS(signature),
    Signature.from(signature).compactSerialized,
    `${signature}00`,
    '0x',
  ];
  /** The same contract elsewhere, and the same place on another chain. */
  const otherDomains = async () => {
    const other = await deployContract<SubjectConsents>('SubjectConsents', world.consortium);
    return [
      ledgerDomain(CHAIN_ID, (await other.getAddress()) as Hex),
      ledgerDomain(CHAIN_ID, (await world.answerLog.getAddress()) as Hex),
      ledgerDomain(CHAIN_ID + 1n, consenting.domain.verifyingContract),
    ];
  };

  describe('binding a key', () => {
    const commit = id('a commitment');

    it('is done by an authority for a key that agrees, and says all of it', async () => {
      const subject = spare(1);
      const signature = await consenting.signBinding(subject, world.tianjin.id, commit);
      const operator = consents.connect(world.tianjin.operator);
      expect(await operator.bind.staticCall(subject, commit, signature)).to.equal(2n);
      await expect(operator.bind(subject, commit, signature))
        .to.emit(consents, 'SubjectBound')
        .withArgs(2, subject.address, world.tianjin.id, commit);
      const binding = await consents.binding(2);
      expect([
        binding.subject,
        binding.voucher,
        binding.bindingCommit,
        binding.boundAt,
        binding.endedAt,
      ]).to.deep.equal([subject.address, world.tianjin.id, commit, await now(), 0n]);
      expect(await consents.bindingOf(subject)).to.equal(2n);
      expect(await consents.bindingCount()).to.equal(2n);
      expect((await consents.binding(3)).subject).to.equal(ZeroAddress);
      expect(await consents.bindingOf(spare(2))).to.equal(0n);
    });

    it('is for active authorities only: no requester, no association, no witness key, not the subject alone', async () => {
      const { requester, association, beijing, stranger, consortium } = world;
      const subject = spare(1);
      for (const member of [requester, association]) {
        await refused(consenting.bind(member, subject, commit), 'NotAnAuthority', member.id);
      }
      const signature = await consenting.signBinding(subject, beijing.id, commit);
      for (const caller of [beijing.witness, stranger, subject]) {
        const attempt = consents.connect(caller).bind(subject, commit, signature);
        await refusedAsMember(attempt, 'NotOperator', caller.address);
      }
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      await refusedAsMember(
        consenting.bind(beijing, subject, commit),
        'MemberNotActive',
        beijing.id,
        STATUS.suspended,
      );
    });

    it('needs the key’s own signature, for this voucher, this commitment, this contract and this chain', async () => {
      const { beijing, tianjin } = world;
      const subject = spare(1);
      const attempt = (signature: string, key: string = subject.address) =>
        consents.connect(beijing.operator).bind(key, commit, signature);
      const other = await consenting.signBinding(spare(2), beijing.id, commit);
      await refused(attempt(other), 'WrongSubjectSignature', spare(2).address, subject.address);
      const good = await consenting.signBinding(subject, beijing.id, commit);
      for (const spelling of otherSpellings(good)) {
        await refused(attempt(spelling), 'WrongSubjectSignature', ZeroAddress, subject.address);
        // What nobody signed is not signed by the key zero.
        await refused(attempt(spelling, ZeroAddress), 'WrongSubjectSignature', ZeroAddress, ZeroAddress);
      }
      const signatures = [
        await consenting.signBinding(subject, tianjin.id, commit),
        await consenting.signBinding(subject, beijing.id, id('another commitment')),
        await consenting.signBindingEnd(subject, 1n),
      ];
      for (const domain of await otherDomains()) {
        signatures.push(await consenting.signBinding(subject, beijing.id, commit, domain));
      }
      for (const signature of signatures) {
        const anyone = (address: string): boolean => address !== subject.address;
        await refused(attempt(signature), 'WrongSubjectSignature', anyone, subject.address);
      }
      await attempt(good);
    });

    it('needs a commitment', async () => {
      await refused(consenting.bind(world.beijing, spare(1), ZeroHash), 'InvalidCommit');
    });

    it('happens to a key once, for good', async () => {
      const { beijing, tianjin } = world;
      const { subject, bindingId } = consenting;
      const again = [
        () => consenting.bind(beijing, subject, consenting.bindingCommit),
        () => consenting.bind(beijing, subject, commit),
        () => consenting.bind(tianjin, subject, commit),
      ];
      for (const attempt of again) await refused(attempt(), 'KeyBound', subject.address, bindingId);
      await consents.connect(beijing.operator).endBinding(bindingId);
      for (const attempt of again) await refused(attempt(), 'KeyBound', subject.address, bindingId);
    });

    it('uses a commitment of an authority once, and none is in another authority’s way', async () => {
      const { beijing, tianjin } = world;
      const { bindingCommit, bindingId } = consenting;
      await refused(
        consenting.bind(beijing, spare(1), bindingCommit),
        'CommitUsed',
        bindingCommit,
        bindingId,
      );
      await consenting.bind(tianjin, spare(1), bindingCommit);
      expect((await consents.binding(2)).voucher).to.equal(tianjin.id);
    });
  });

  describe('ending a binding', () => {
    it('is the right of the authority that vouched', async () => {
      const { beijing, tianjin, requester, stranger } = world;
      const { bindingId, subject } = consenting;
      for (const member of [tianjin, requester]) {
        const attempt = consents.connect(member.operator).endBinding(bindingId);
        await refused(attempt, 'NotVoucher', bindingId, member.id);
      }
      for (const caller of [stranger, subject, beijing.witness]) {
        const attempt = consents.connect(caller).endBinding(bindingId);
        await refusedAsMember(attempt, 'NotOperator', caller.address);
      }
      for (const unknown of [0n, 2n]) {
        await refused(consents.connect(beijing.operator).endBinding(unknown), 'UnknownBinding', unknown);
      }
      await expect(consents.connect(beijing.operator).endBinding(bindingId))
        .to.emit(consents, 'BindingEnded')
        .withArgs(bindingId, subject.address, false);
      const { endedAt } = await consents.binding(bindingId);
      expect(endedAt).to.equal(await now());
      expect(await consents.bindingOf(subject)).to.equal(0n);
      const signature = await consenting.signBindingEnd(subject, bindingId);
      const attempts = [
        () => consents.connect(beijing.operator).endBinding(bindingId),
        () => consents.endBindingBySubject(bindingId, signature),
      ];
      for (const attempt of attempts) await refused(attempt(), 'BindingHasEnded', bindingId, endedAt);
    });

    it('is the council’s too: a suspended authority cannot mend what it vouched for', async () => {
      const { consortium, beijing } = world;
      const { bindingId, subject } = consenting;
      await world.council(consortium, 'suspend', beijing.id, id('stolen keys'));
      await refusedAsMember(
        consents.connect(beijing.operator).endBinding(bindingId),
        'MemberNotActive',
        beijing.id,
        STATUS.suspended,
      );
      await expect(world.council(consents, 'endBinding', bindingId))
        .to.emit(consents, 'BindingEnded')
        .withArgs(bindingId, subject.address, false);
    });

    it('is the subject’s own right, whoever relays it', async () => {
      const { subject, bindingId } = consenting;
      const { stranger, beijing } = world;
      await consenting.bind(beijing, spare(1), id('another'));
      const relay = consents.connect(stranger);
      const good = await consenting.signBindingEnd(subject, bindingId);
      const other = await consenting.signBindingEnd(spare(1), bindingId);
      await refused(
        relay.endBindingBySubject(bindingId, other),
        'WrongSubjectSignature',
        spare(1).address,
        subject.address,
      );
      for (const spelling of otherSpellings(good)) {
        const attempt = relay.endBindingBySubject(bindingId, spelling);
        await refused(attempt, 'WrongSubjectSignature', ZeroAddress, subject.address);
      }
      const anyone = (address: string): boolean => address !== subject.address;
      await refused(
        relay.endBindingBySubject(bindingId, await consenting.signBindingEnd(subject, 2n)),
        'WrongSubjectSignature',
        anyone,
        subject.address,
      );
      for (const domain of await otherDomains()) {
        const signature = await consenting.signBindingEnd(subject, bindingId, domain);
        const attempt = relay.endBindingBySubject(bindingId, signature);
        await refused(attempt, 'WrongSubjectSignature', anyone, subject.address);
      }
      await refused(relay.endBindingBySubject(7n, good), 'UnknownBinding', 7n);
      await expect(relay.endBindingBySubject(bindingId, good))
        .to.emit(consents, 'BindingEnded')
        .withArgs(bindingId, subject.address, true);
      const { endedAt } = await consents.binding(bindingId);
      await refused(relay.endBindingBySubject(bindingId, good), 'BindingHasEnded', bindingId, endedAt);
    });

    it('ends what its consents are good for', async () => {
      const { bindingId, subject } = consenting;
      const { requester } = world;
      const consentId = await consenting.give();
      const { request, digest } = await consenting.question();
      await consenting.cite(consentId, digest);
      await consents.endBindingBySubject(bindingId, await consenting.signBindingEnd(subject, bindingId));
      const { endedAt } = await consents.binding(bindingId);
      const attempts = [
        () => consenting.give(),
        () => consents.check(consentId, requester.id, 1n, CONSENT_APPLICATION),
        () => consenting.cite(consentId, id('another question')),
        () => consenting.asking.log(request),
      ];
      for (const attempt of attempts) await refused(attempt(), 'BindingHasEnded', bindingId, endedAt);
    });
  });

  describe('giving a consent', () => {
    it('is signed by the subject, relayed by a member, and says all its terms', async () => {
      const terms = await consenting.terms();
      const signature = await consenting.sign(terms);
      const relay = consents.connect(world.association.operator);
      const consentId = consentIdOf(consenting.domain, terms);
      expect(await relay.give.staticCall(terms, signature)).to.equal(consentId);
      expect(await consents.consentIdOf(terms)).to.equal(consentId);
      await expect(relay.give(terms, signature))
        .to.emit(consents, 'ConsentGiven')
        .withArgs(consentId, terms.bindingId, (input: unknown[]) => {
          expect([...input].map(String)).to.deep.equal(Object.values(terms).map(String));
          return true;
        });
      const consent = await consents.consent(consentId);
      expect([...consent.input].map(String)).to.deep.equal(Object.values(terms).map(String));
      expect([consent.uses, consent.givenAt, consent.revokedAt]).to.deep.equal([0n, await now(), 0n]);
      expect((await consents.consent(id('x'))).givenAt).to.equal(0n);
    });

    it('is not relayed by the subject alone, by a stranger or by a suspended member', async () => {
      const { stranger, requester, consortium } = world;
      const terms = await consenting.terms();
      const signature = await consenting.sign(terms);
      for (const caller of [consenting.subject, stranger, world.beijing.witness]) {
        const attempt = consents.connect(caller).give(terms, signature);
        await refusedAsMember(attempt, 'NotOperator', caller.address);
      }
      await world.council(consortium, 'suspend', requester.id, id('x'));
      await refusedAsMember(consenting.give(), 'MemberNotActive', requester.id, STATUS.suspended);
    });

    it('refuses terms that could never be used', async () => {
      const time = await now();
      const refusedFields: [string, Partial<ConsentTerms>][] = [
        ['validUntil', { validFrom: time + 100n, validUntil: time + 99n }],
        ['validUntil', { validFrom: 1n, validUntil: time - 1n }],
        ['maxUses', { maxUses: 0 }],
        ['salt', { salt: ZeroHash as Hex }],
        ['requester', { requester: 0n }],
        ['requester', { requester: 99n }],
        ['registerId', { registerId: 0n }],
        ['registerId', { registerId: 99n }],
        ['applicationId', { applicationId: ZeroHash as Hex }],
        ['applicationId', { applicationId: id('application:unheard-of') as Hex }],
      ];
      for (const [field, changes] of refusedFields) {
        await refused(consenting.give(changes), 'InvalidConsent', field);
      }
      for (const bindingId of [0n, 2n]) {
        await refused(consenting.give({ bindingId }), 'UnknownBinding', bindingId);
      }
    });

    it('needs the signature of the binding’s key over these terms, for this contract and this chain', async () => {
      const { subject } = consenting;
      await consenting.bind(world.beijing, spare(1), id('another'));
      const terms = await consenting.terms();
      const relay = consents.connect(world.requester.operator);
      const attempt = (signature: string) => relay.give(terms, signature);
      const good = await consenting.sign(terms);
      await refused(
        attempt(await consenting.sign(terms, spare(1))),
        'WrongSubjectSignature',
        spare(1).address,
        subject.address,
      );
      for (const spelling of otherSpellings(good)) {
        await refused(attempt(spelling), 'WrongSubjectSignature', ZeroAddress, subject.address);
      }
      const anyone = (address: string): boolean => address !== subject.address;
      const changes: Partial<ConsentTerms>[] = [
        { applicationId: APPLICATION as Hex },
        { registerId: 2n },
        { requester: 5n },
        { validFrom: 1n },
        { validUntil: terms.validUntil + 1n },
        { maxUses: 1_000 },
        { salt: id('another salt') as Hex },
        { bindingId: 2n },
      ];
      for (const change of changes) {
        const signature = await consenting.sign({ ...terms, ...change });
        await refused(attempt(signature), 'WrongSubjectSignature', anyone, subject.address);
      }
      // The key of another binding cannot speak for this one, nor this one for the other.
      await refused(
        relay.give({ ...terms, bindingId: 2n }, await consenting.sign({ ...terms, bindingId: 2n })),
        'WrongSubjectSignature',
        subject.address,
        spare(1).address,
      );
      for (const domain of await otherDomains()) {
        const signature = await consenting.sign(terms, subject, domain);
        await refused(attempt(signature), 'WrongSubjectSignature', anyone, subject.address);
      }
      await attempt(good);
    });

    it('happens once; a like consent with another salt is another one', async () => {
      const terms = await consenting.terms();
      const signature = await consenting.sign(terms);
      const relay = consents.connect(world.requester.operator);
      await relay.give(terms, signature);
      const consentId = consentIdOf(consenting.domain, terms);
      await refused(relay.give(terms, signature), 'ConsentKnown', consentId);
      const like = await consenting.give({ ...terms, salt: id('another salt') as Hex });
      expect(like).to.not.equal(consentId);
      await consenting.revoke(consentId);
      // Taken back is not given again by whoever still holds the signature; the other consent stands.
      await refused(relay.give(terms, signature), 'ConsentKnown', consentId);
      await consents.check(like, world.requester.id, 1n, CONSENT_APPLICATION);
    });

    it('is refused when it was taken back before it was given', async () => {
      const { subject } = consenting;
      const terms = await consenting.terms();
      const signature = await consenting.sign(terms);
      const consentId = consentIdOf(consenting.domain, terms);
      const revocation = await consenting.signRevocation(consentId);
      await expect(consents.connect(world.stranger).revoke(consentId, revocation))
        .to.emit(consents, 'ConsentRevoked')
        .withArgs(consentId, consenting.bindingId);
      const revokedAt = await now();
      const relay = consents.connect(world.requester.operator);
      await refused(relay.give(terms, signature), 'ConsentIsRevoked', consentId, revokedAt);
      await refused(relay.revoke(consentId, revocation), 'ConsentIsRevoked', consentId, revokedAt);
      expect((await consents.consent(consentId)).givenAt).to.equal(0n);
      expect(await consents.bindingOf(subject)).to.equal(consenting.bindingId);
    });

    it('cannot be taken back ahead by anybody else', async () => {
      await consenting.bind(world.beijing, spare(1), id('another'));
      const terms = await consenting.terms();
      const consentId = consentIdOf(consenting.domain, terms);
      // A bound key may sign about any id, and only the binding's own key is heard.
      await consents.revoke(consentId, await consenting.signRevocation(consentId, spare(1)));
      await refused(
        consents.revoke(consentId, await consenting.signRevocation(consentId, spare(2))),
        'UnknownConsent',
        consentId,
      );
      await refused(consents.revoke(consentId, '0x'), 'UnknownConsent', consentId);
      await consents.connect(world.requester.operator).give(terms, await consenting.sign(terms));
      await consents.check(consentId, world.requester.id, 1n, CONSENT_APPLICATION);
    });
  });

  describe('revoking a consent', () => {
    it('is the subject’s alone, relayed by anyone, at once and for good', async () => {
      const { subject } = consenting;
      const { stranger, requester } = world;
      await consenting.bind(world.beijing, spare(1), id('another'));
      const consentId = await consenting.give();
      const other = await consenting.give();
      const relay = consents.connect(stranger);
      const good = await consenting.signRevocation(consentId);
      await refused(
        relay.revoke(consentId, await consenting.signRevocation(consentId, spare(1))),
        'WrongSubjectSignature',
        spare(1).address,
        subject.address,
      );
      for (const spelling of otherSpellings(good)) {
        await refused(
          relay.revoke(consentId, spelling),
          'WrongSubjectSignature',
          ZeroAddress,
          subject.address,
        );
      }
      const anyone = (address: string): boolean => address !== subject.address;
      const signatures = [await consenting.signRevocation(other)];
      for (const domain of await otherDomains()) {
        signatures.push(await consenting.signRevocation(consentId, subject, domain));
      }
      for (const signature of signatures) {
        await refused(relay.revoke(consentId, signature), 'WrongSubjectSignature', anyone, subject.address);
      }
      await expect(relay.revoke(consentId, good))
        .to.emit(consents, 'ConsentRevoked')
        .withArgs(consentId, consenting.bindingId);
      const { revokedAt } = await consents.consent(consentId);
      expect(revokedAt).to.equal(await now());
      const attempts = [
        () => relay.revoke(consentId, good),
        () => consents.check(consentId, requester.id, 1n, CONSENT_APPLICATION),
        () => consenting.cite(consentId, id('a question')),
      ];
      for (const attempt of attempts) await refused(attempt(), 'ConsentIsRevoked', consentId, revokedAt);
      await consents.check(other, requester.id, 1n, CONSENT_APPLICATION);
    });

    it('is possible after the consent expired and after the binding ended', async () => {
      const consentId = await consenting.give();
      await networkHelpers.time.increase(2 * DAY);
      await consents.connect(world.beijing.operator).endBinding(consenting.bindingId);
      await consenting.revoke(consentId);
      expect((await consents.consent(consentId)).revokedAt).to.equal(await now());
    });
  });

  describe('citing a consent', () => {
    it('is done by the requester that the consent names, and says so', async () => {
      const consentId = await consenting.give();
      const digest = id('a question');
      await expect(consenting.cite(consentId, digest))
        .to.emit(consents, 'ConsentCited')
        .withArgs(consentId, digest, world.requester.id);
      expect(await consents.citedBy(world.requester.id, digest)).to.equal(consentId);
      expect(await consents.citedBy(world.hebei.id, digest)).to.equal(ZeroHash);
      expect((await consents.consent(consentId)).uses).to.equal(0n);
    });

    it('is refused to everybody else', async () => {
      const { hebei, beijing, requester, stranger, consortium } = world;
      const consentId = await consenting.give();
      for (const member of [hebei, beijing]) {
        const attempt = consenting.cite(consentId, id('a question'), member);
        await refused(attempt, 'ConsentNotForRequester', consentId, member.id);
      }
      for (const caller of [stranger, consenting.subject]) {
        const attempt = consents.connect(caller).cite(consentId, id('a question'));
        await refusedAsMember(attempt, 'NotOperator', caller.address);
      }
      await world.council(consortium, 'suspend', requester.id, id('x'));
      await refusedAsMember(
        consenting.cite(consentId, id('a question')),
        'MemberNotActive',
        requester.id,
        STATUS.suspended,
      );
    });

    it('happens once a question, and nobody can be in the way with a citation of its own', async () => {
      const first = await consenting.give();
      const second = await consenting.give();
      const foreign = await consenting.give({ requester: world.hebei.id });
      const digest = id('a question');
      await consenting.cite(foreign, digest, world.hebei);
      await consenting.cite(first, digest);
      for (const consentId of [first, second]) {
        await refused(consenting.cite(consentId, digest), 'AlreadyCited', digest, first);
      }
      expect(await consents.citedBy(world.requester.id, digest)).to.equal(first);
    });

    it('is refused when the consent is not there, not yet valid, or expired', async () => {
      const time = await now();
      const digest = id('a question');
      await refused(consenting.cite(id('x'), digest), 'UnknownConsent', id('x'));
      const later = await consenting.give({ validFrom: time + 1_000n, validUntil: time + 2_000n });
      await refused(consenting.cite(later, digest), 'ConsentNotYetValid', later, time + 1_000n);
      await networkHelpers.time.setNextBlockTimestamp(time + 1_000n);
      await consenting.cite(later, digest);
      await networkHelpers.time.setNextBlockTimestamp(time + 2_000n);
      await consenting.cite(later, id('another'));
      await networkHelpers.time.setNextBlockTimestamp(time + 2_001n);
      await refused(consenting.cite(later, id('late')), 'ConsentExpired', later, time + 2_000n);
    });
  });

  describe('using a consent', () => {
    /** The council puts the test's contract in force as the answer log. */
    const asLog = async () => {
      await world.council(
        world.consortium,
        'putInForce',
        id('AnswerLog'),
        await world.target.getAddress(),
        2,
      );
      return (
        digest: string,
        changes: { requester?: bigint; registerId?: bigint; application?: string } = {},
      ) =>
        world.target.run(
          consents,
          consents.interface.encodeFunctionData('consume', [
            digest,
            changes.requester ?? world.requester.id,
            changes.registerId ?? 1n,
            changes.application ?? CONSENT_APPLICATION,
            id('a predicate'),
            id('a tag'),
            1,
          ]),
        );
    };

    it('is for the answer log in force alone', async () => {
      const { beijing, requester, seats, stranger, target } = world;
      const consentId = await consenting.give();
      await consenting.cite(consentId, id('a question'));
      for (const caller of [beijing.operator, requester.operator, seats[0], stranger, consenting.subject]) {
        const attempt = consents
          .connect(caller)
          .consume(id('a question'), requester.id, 1n, CONSENT_APPLICATION, id('p'), id('t'), 1);
        await refused(attempt, 'NotAnswerLog', caller.address);
      }
      const data = consents.interface.encodeFunctionData('consume', [
        id('a question'),
        requester.id,
        1n,
        CONSENT_APPLICATION,
        id('p'),
        id('t'),
        1,
      ]);
      await refused(target.run(consents, data), 'NotAnswerLog', await target.getAddress());
      await asLog();
      await target.run(consents, data);
      // The log that was put out of force uses nothing any more.
      const { request, digest } = await consenting.question();
      await consenting.cite(consentId, digest);
      await expect(consenting.asking.log(request)).to.be.revertedWithCustomError(
        world.answerLog,
        'NotInForce',
      );
      expect((await consents.consent(consentId)).uses).to.equal(1n);
    });

    it('needs a citation, and fits one requester, one register and one application', async () => {
      const { hebei } = world;
      await TestRegister.open(world, world.tianjin);
      const consentId = await consenting.give();
      const digest = id('a question');
      const consume = await asLog();
      await refused(consume(digest), 'ConsentNotCited', digest);
      await consenting.cite(consentId, digest);
      // Another requester has cited nothing, whatever others cited for the same digest.
      await refused(consume(digest, { requester: hebei.id }), 'ConsentNotCited', digest);
      await refused(consume(digest, { registerId: 2n }), 'ConsentNotForRegister', consentId, 2n);
      await refused(
        consume(digest, { application: APPLICATION }),
        'ConsentNotForApplication',
        consentId,
        APPLICATION,
      );
      const check = consents.check.bind(consents);
      await refused(
        check(consentId, hebei.id, 1n, CONSENT_APPLICATION),
        'ConsentNotForRequester',
        consentId,
        hebei.id,
      );
      await refused(check(id('x'), hebei.id, 1n, CONSENT_APPLICATION), 'UnknownConsent', id('x'));
      await expect(consume(digest))
        .to.emit(consents, 'ConsentUsed')
        .withArgs(
          consentId,
          digest,
          world.requester.id,
          1,
          CONSENT_APPLICATION,
          id('a predicate'),
          id('a tag'),
          1,
        );
      expect((await consents.consent(consentId)).uses).to.equal(1n);
    });

    it('is refused once the uses are spent, the time is over, or the consent is taken back', async () => {
      const consume = await asLog();
      const digest = id('a question');
      const spent = await consenting.give({ maxUses: 1 });
      await consenting.cite(spent, digest);
      await consenting.cite(spent, id('another'));
      await consume(digest);
      await refused(consume(id('another')), 'ConsentExhausted', spent, 1);
      await refused(consenting.cite(spent, id('a third')), 'ConsentExhausted', spent, 1);

      const revoked = await consenting.give();
      await consenting.cite(revoked, id('of the revoked'));
      await consenting.revoke(revoked);
      const revokedAt = await now();
      await refused(consume(id('of the revoked')), 'ConsentIsRevoked', revoked, revokedAt);

      const validUntil = (await now()) + 500n;
      const expired = await consenting.give({ validUntil });
      await consenting.cite(expired, id('in time'));
      await consenting.cite(expired, id('late'));
      await networkHelpers.time.setNextBlockTimestamp(validUntil);
      await consume(id('in time'));
      await networkHelpers.time.setNextBlockTimestamp(validUntil + 1n);
      await refused(consume(id('late')), 'ConsentExpired', expired, validUntil);
    });
  });

  // A suite of its own, so that it comes last.
  describe('the interface', () => {
    it('has no error that was not provoked above', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});
