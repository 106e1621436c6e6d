import { expect } from 'chai';
import { id, ZeroAddress, ZeroHash } from 'ethers';
import {
  FIELD_MODULUS,
  itemIdOf,
  LETTER_TYPES,
  letterRequestIdOf,
  structDigest,
  type Hex,
  wordHex,
} from '@credit-ledger/sdk/protocol';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import type { CommitmentItems } from '../../types/index.ts';
import {
  CONFIRMED,
  freshLetters,
  type LetterStage,
  makeItem,
  LETTER_ERRORS,
  PUBLIC,
  SLUG,
  TOLD,
} from './support/letters.ts';
import type { ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import {
  APPLICATION,
  DAY,
  deployContract,
  networkHelpers,
  PERMIT_PREDICATE,
  PREDICATE,
} from './support/world.ts';

const refusals = new Refusals(LETTER_ERRORS.notice);

describe('Offering commitment letters and informing of them', () => {
  let world: ProcessWorld;
  let stage: LetterStage;
  beforeEach(async () => {
    stage = await freshLetters();
    ({ world } = stage);
  });

  const latest = () => networkHelpers.time.latest();
  const as = (caller: HardhatEthersSigner) => world.letters.connect(caller);

  describe('offering', () => {
    const offer = (itemId: string, version: number, templateId: string) =>
      stage.letters.offer(itemId, version, templateId);

    it('counts letters and says of which version and template they are', async () => {
      const { letters, beijing } = world;
      for (const letterId of [1, 2]) {
        await expect(offer(stage.itemId, 1, stage.templateId))
          .to.emit(letters, 'LetterOffered')
          .withArgs(letterId, beijing.id, stage.itemId, 1, stage.templateId);
      }
      const view = await letters.letter(2);
      expect([view.authority, view.itemId, view.itemVersion, view.templateId]).to.deep.equal([
        beijing.id,
        stage.itemId,
        1n,
        stage.templateId,
      ]);
      expect([view.digest, view.notice.applicant]).to.deep.equal([ZeroHash, ZeroAddress]);
    });

    it('is for authorities, of their own items', async () => {
      const { letters, tianjin, requester, association } = world;
      for (const member of [requester, association]) {
        const attempt = as(member.operator).offer(stage.itemId, 1, stage.templateId);
        await refusals.expect(attempt, letters, 'NotAnAuthority', member.id);
      }
      const attempt = as(tianjin.operator).offer(stage.itemId, 1, stage.templateId);
      await refusals.expect(attempt, letters, 'NotItemOwner', stage.itemId, tianjin.id);
    });

    it('takes the version in force only', async () => {
      const { letters, items, beijing } = world;
      const refused = (itemId: string, version: number, inForce: number) =>
        refusals.expect(
          offer(itemId, version, stage.templateId),
          letters,
          'ItemNotInForce',
          itemId,
          version,
          inForce,
        );
      await refused(stage.itemId, 0, 1);
      await refused(stage.itemId, 2, 1);
      await refused(id('unknown'), 0, 0);
      await refused(id('unknown'), 1, 0);
      await stage.publish();
      await refused(stage.itemId, 1, 2);
      await items.connect(beijing.operator).withdrawItem(stage.itemId);
      await refused(stage.itemId, 2, 0);
      await refused(stage.itemId, 0, 0);
    });

    it('takes a template of the item only', async () => {
      const { letters, items, tianjin } = world;
      const other = itemIdOf(tianjin.id, SLUG);
      await items.connect(tianjin.operator).publishItem(SLUG, makeItem([1n]));
      await items.connect(tianjin.operator).publishTemplate(other, TOLD, CONFIRMED);
      const templateOfOther = await items
        .connect(tianjin.operator)
        .publishTemplate.staticCall(other, TOLD, [...CONFIRMED].reverse() as typeof CONFIRMED);
      await items
        .connect(tianjin.operator)
        .publishTemplate(other, TOLD, [...CONFIRMED].reverse() as typeof CONFIRMED);
      for (const templateId of [id('unknown'), templateOfOther, ZeroHash]) {
        const attempt = offer(stage.itemId, 1, templateId);
        await refusals.expect(attempt, letters, 'TemplateOfOtherItem', templateId, stage.itemId);
      }
    });

    it('stays what it was when the item changes, is withdrawn, or the list is replaced', async () => {
      const { letters, items, consortium, beijing } = world;
      const letterId = await stage.offer();
      // The next version asks for other registers and is published: nothing of that concerns this letter.
      await stage.publish({
        registers: [1n],
        publicReason: PUBLIC.publicInterest,
        claimMaxAgeSeconds: 3_600,
      });
      await items.connect(beijing.operator).withdrawItem(stage.itemId);
      await stage.inform(letterId);
      const successor = await deployContract<CommitmentItems>('CommitmentItems', consortium);
      await world.council(consortium, 'putInForce', id('CommitmentItems'), await successor.getAddress(), 2);
      await networkHelpers.mine();
      await letters.connect(beijing.operator).makePromise(...(await stage.promiseArguments(letterId)));
      expect(await stage.stateOf(letterId)).to.equal('promised');
      // New letters need the new list.
      await refusals.expect(
        offer(stage.itemId, 3, stage.templateId),
        letters,
        'ItemNotInForce',
        stage.itemId,
        3,
        0,
      );
    });
  });

  describe('informing', () => {
    it('fixes tag, key, document, eligibility and the digest of both copies', async () => {
      const { letters, beijing } = world;
      const letterId = await stage.offer();
      const notice = await stage.notice();
      const transaction = stage.letters.inform(letterId, notice);
      await transaction;
      const view = await letters.letter(letterId);
      expect([...view.notice]).to.deep.equal(
        Object.values(notice).map((value) => (typeof value === 'number' ? BigInt(value) : value)),
      );
      expect([view.applicationId, view.predicateHash]).to.deep.equal([APPLICATION, PREDICATE]);
      const place = (await letters.getAddress()) as Hex;
      const requestId = letterRequestIdOf(31_337n, place, letterId);
      expect(await letters.requestIdOf(letterId)).to.equal(requestId);
      const digest = structDigest(await stage.domain(), 'Letter', LETTER_TYPES.Letter, {
        ...notice,
        letterId,
        authority: beijing.id,
        itemId: stage.itemId,
        itemVersion: 1,
        templateId: stage.templateId,
      });
      expect(view.digest).to.equal(digest);
      expect(await letters.letterDigest(letterId)).to.equal(digest);
      await expect(transaction)
        .to.emit(letters, 'LetterInformed')
        .withArgs(letterId, beijing.id, requestId, digest, Object.values(notice));
    });

    it('needs a rule of eligibility, and keeps the one that was in force', async () => {
      const { letters, items } = world;
      const letterId = await stage.offer();
      await stage.inform(letterId);
      await world.council(items, 'setEligibility', APPLICATION, PERMIT_PREDICATE);
      expect((await letters.letter(letterId)).predicateHash).to.equal(PREDICATE);
      await letters
        .connect(stage.authority.operator)
        .makePromise(...(await stage.promiseArguments(letterId)));
      const next = await stage.offer();
      await stage.inform(next);
      expect((await letters.letter(next)).predicateHash).to.equal(PERMIT_PREDICATE);
    });

    it('is refused while the council has set no eligibility', async () => {
      const { letters, consortium } = world;
      const letterId = await stage.offer();
      const successor = await deployContract<CommitmentItems>('CommitmentItems', consortium);
      await world.council(consortium, 'putInForce', id('CommitmentItems'), await successor.getAddress(), 2);
      await networkHelpers.mine();
      await refusals.expect(
        stage.letters.inform(letterId, await stage.notice()),
        letters,
        'EligibilityNotSet',
      );
    });

    it('takes a tag that is a field element, once for each authority', async () => {
      const { letters } = world;
      const letterId = await stage.offer();
      for (const subjectTag of [ZeroHash, wordHex(FIELD_MODULUS), wordHex(2n ** 256n - 1n)]) {
        const attempt = stage.letters.inform(letterId, await stage.notice({ subjectTag }));
        await refusals.expect(attempt, letters, 'InvalidTag', subjectTag);
      }
      const subjectTag = wordHex(FIELD_MODULUS - 1n);
      await stage.inform(letterId, { subjectTag });
      const next = await stage.offer();
      const again = stage.letters.inform(next, await stage.notice({ subjectTag }));
      await refusals.expect(again, letters, 'TagUsed', subjectTag, letterId);
      // Another authority that copies the tag is in nobody's way.
      const other = await stage.offerOf(world.tianjin);
      await as(world.tianjin.operator).inform(other, await stage.notice({ subjectTag }));
    });

    it('takes an applicant’s key that is nobody’s else', async () => {
      const { letters, beijing, tianjin } = world;
      const letterId = await stage.offer();
      for (const applicant of [
        ZeroAddress,
        beijing.operator.address,
        beijing.witness.address,
        tianjin.operator.address,
      ]) {
        const attempt = stage.letters.inform(letterId, await stage.notice({ applicant }));
        await refusals.expect(attempt, letters, 'InvalidApplicant');
      }
      const { letterId: promised } = await stage.promised();
      const used = stage.applicantOf(promised).address;
      const again = async () => stage.notice({ applicant: used });
      await refusals.expect(
        stage.letters.inform(letterId, await again()),
        letters,
        'ApplicantKeyUsed',
        used,
        promised,
      );
      // A key that has signed is used for every authority.
      const other = await stage.offerOf(tianjin);
      await refusals.expect(
        as(tianjin.operator).inform(other, await again()),
        letters,
        'ApplicantKeyUsed',
        used,
        promised,
      );
    });

    it('of a key seen in a pending transaction is in nobody’s way', async () => {
      const { letters, tianjin } = world;
      const [applicant, letterId] = [stage.freshApplicant(), await stage.offer()];
      const other = await stage.offerOf(tianjin);
      // The other authority is first; it has no signature of that key.
      await as(tianjin.operator).inform(other, await stage.notice({ applicant: applicant.address }));
      await stage.letters.inform(letterId, await stage.notice({ applicant: applicant.address }));
      const next = await stage.offer();
      await refusals.expect(
        stage.letters.inform(next, await stage.notice({ applicant: applicant.address })),
        letters,
        'ApplicantKeyUsed',
        applicant.address,
        letterId,
      );
    });

    it('needs the document’s hash', async () => {
      const { letters } = world;
      const attempt = stage.letters.inform(
        await stage.offer(),
        await stage.notice({ documentHash: ZeroHash }),
      );
      await refusals.expect(attempt, letters, 'InvalidHash', 'documentHash');
    });

    it('sets a time for the promise of at most 30 days', async () => {
      const { letters } = world;
      const letterId = await stage.offer();
      const at = (await latest()) + 100;
      for (const promiseBy of [0, at - 1, at + 30 * DAY + 1]) {
        const notice = await stage.notice({ promiseBy });
        await networkHelpers.time.setNextBlockTimestamp(at);
        const attempt = stage.letters.inform.staticCall(letterId, notice, { blockTag: 'pending' });
        await refusals.expect(attempt, letters, 'InvalidPromiseBy', promiseBy, at, at + 30 * DAY);
      }
      await networkHelpers.time.setNextBlockTimestamp(at);
      await stage.inform(letterId, { promiseBy: at + 30 * DAY });
    });
  });

  describe('publication', () => {
    it('has scope and end exactly when the item says why, and is announced with the promise', async () => {
      const { letters, beijing } = world;
      await stage.publish({ publicReason: PUBLIC.publicInterest });
      const letterId = await stage.offer();
      const today = await stage.daysAhead(0);
      const scope = { publicScopeHash: id('scope') };
      const inform = async (changes: object) => stage.letters.inform(letterId, await stage.notice(changes));
      await refusals.expect(inform({ publicUntil: today }), letters, 'InvalidHash', 'publicScopeHash');
      for (const publicUntil of [0, today - 1]) {
        await refusals.expect(
          inform({ ...scope, publicUntil }),
          letters,
          'InvalidPublication',
          PUBLIC.publicInterest,
          publicUntil,
        );
      }
      await stage.inform(letterId, { ...scope, publicUntil: today });
      const { documentHash } = (await letters.letter(letterId)).notice;
      await expect(stage.letters.makePromise(...(await stage.promiseArguments(letterId))))
        .to.emit(letters, 'LetterPublished')
        .withArgs(letterId, beijing.id, PUBLIC.publicInterest, documentHash, id('scope'), today);
    });

    it('has neither where the item gives no reason, and is not announced', async () => {
      const { letters } = world;
      const letterId = await stage.offer();
      const inform = async (changes: object) => stage.letters.inform(letterId, await stage.notice(changes));
      await refusals.expect(
        inform({ publicScopeHash: id('scope') }),
        letters,
        'InvalidHash',
        'publicScopeHash',
      );
      const publicUntil = await stage.daysAhead(1);
      await refusals.expect(inform({ publicUntil }), letters, 'InvalidPublication', PUBLIC.none, publicUntil);
      await stage.inform(letterId);
      await expect(stage.letters.makePromise(...(await stage.promiseArguments(letterId)))).to.not.emit(
        letters,
        'LetterPublished',
      );
    });
  });

  describe('the errors of the interface', () => {
    it('that notices are refused with were all provoked', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});
