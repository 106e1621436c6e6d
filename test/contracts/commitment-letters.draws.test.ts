import { expect } from 'chai';
import fc from 'fast-check';
import { id, ZeroHash } from 'ethers';
import { type Hex, seedCommitOf, selectionOf } from '@credit-ledger/sdk/protocol';
import { CHECK, freshLetters, LETTER_ERRORS, type LetterStage } from './support/letters.ts';
import type { ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { DAY, HOUR, networkHelpers } from './support/world.ts';

const refusals = new Refusals(LETTER_ERRORS.draws);
const SEED = id('a random seed') as Hex;
const COMMIT = seedCommitOf(SEED);
const HALF = 5_000;
const REVEAL_SECONDS = 7 * DAY;

describe('Draws of letters to be checked', () => {
  let world: ProcessWorld;
  let stage: LetterStage;
  let closesAt: number;
  beforeEach(async () => {
    stage = await freshLetters();
    ({ world } = stage);
    closesAt = (await networkHelpers.time.latest()) + 2 * DAY;
  });

  const open = (commit: string = COMMIT, rate = HALF) => stage.letters.openDraw(commit, rate, closesAt);

  /** A letter that was promised in a draw. */
  const promisedIn = async (drawId: bigint) => stage.promised({ drawId, promiseBy: closesAt - 1 });

  const decidedIn = async (drawId: bigint) => {
    const promised = await promisedIn(drawId);
    await stage.letters.decide(promised.letterId, id('decision'), CHECK.routine, await stage.daysAhead(60));
    return promised;
  };

  describe('opening', () => {
    it('fixes seed and rate for an authority', async () => {
      const { letters, beijing } = world;
      await expect(open()).to.emit(letters, 'DrawOpened').withArgs(1, beijing.id, COMMIT, HALF, closesAt);
      expect([...(await letters.draw(1))]).to.deep.equal([
        beijing.id,
        COMMIT,
        ZeroHash,
        BigInt(HALF),
        BigInt(closesAt),
      ]);
      expect(await letters.drawCount()).to.equal(1n);
    });

    it('is for active authorities', async () => {
      const { letters, consortium, requester, association, stranger, beijing } = world;
      for (const member of [requester, association]) {
        await refusals.expect(
          letters.connect(member.operator).openDraw(COMMIT, HALF, closesAt),
          letters,
          'NotAnAuthority',
          member.id,
        );
      }
      await refusals.expect(
        letters.connect(stranger).openDraw(COMMIT, HALF, closesAt),
        consortium,
        'NotOperator',
        stranger.address,
      );
      await world.council(consortium, 'suspend', beijing.id, id('reason'));
      await refusals.expect(open(), consortium, 'MemberNotActive', beijing.id, 2);
    });

    it('is refused with a rate of none or of more than all', async () => {
      for (const rate of [0, 10_001, 65_535]) {
        await refusals.expect(open(COMMIT, rate), world.letters, 'InvalidRate', rate);
      }
      await open(id('one'), 1);
      await open(id('two'), 10_000);
    });

    it('is refused when it closes in less than an hour or more than 366 days', async () => {
      const { letters } = world;
      const at = (await networkHelpers.time.latest()) + 100;
      const [earliest, latest] = [at + HOUR, at + 366 * DAY];
      for (const wrong of [0, earliest - 1, latest + 1]) {
        await networkHelpers.time.setNextBlockTimestamp(at);
        const attempt = stage.letters.openDraw.staticCall(COMMIT, HALF, wrong, { blockTag: 'pending' });
        await refusals.expect(attempt, letters, 'InvalidDrawPeriod', wrong, earliest, latest);
      }
      await networkHelpers.time.setNextBlockTimestamp(at);
      await stage.letters.openDraw(COMMIT, HALF, earliest);
    });

    it('is refused without a seed, with the seed zero, and with one that the authority used before', async () => {
      const { letters, tianjin } = world;
      for (const commit of [ZeroHash, seedCommitOf(ZeroHash as Hex)]) {
        await refusals.expect(open(commit), letters, 'InvalidSeedCommit');
      }
      // Who copies a pending commitment is in nobody's way, and gains nothing: it cannot reveal it first.
      await letters.connect(tianjin.operator).openDraw(COMMIT, HALF, closesAt);
      await open();
      await refusals.expect(open(), letters, 'InvalidSeedCommit');
    });
  });

  describe('a letter', () => {
    it('is put in an open draw of its authority when the applicant is informed', async () => {
      const { letters, tianjin } = world;
      await open();
      await letters.connect(tianjin.operator).openDraw(COMMIT, HALF, closesAt);
      const letterId = await stage.offer();
      const inform = async (drawId: bigint, promiseBy = closesAt - 1) =>
        stage.letters.inform(letterId, await stage.notice({ drawId, promiseBy }));
      await refusals.expect(inform(3n), letters, 'UnknownDraw', 3);
      await refusals.expect(inform(2n), letters, 'NotDrawOwner', 2, stage.authority.id);
      const before = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(closesAt - 1);
      await inform(1n);
      expect((await letters.letter(letterId)).notice.drawId).to.equal(1n);
      await before.restore();
      await networkHelpers.time.setNextBlockTimestamp(closesAt);
      await refusals.expect(inform(1n, closesAt + 5), letters, 'DrawClosed', 1, closesAt);
    });

    it('is promised before its draw closes, while nobody can know the seed', async () => {
      const { letters } = world;
      await open();
      const letterId = await stage.offer();
      for (const promiseBy of [closesAt, closesAt + DAY]) {
        const at = (await networkHelpers.time.latest()) + 10;
        const notice = await stage.notice({ drawId: 1n, promiseBy });
        await networkHelpers.time.setNextBlockTimestamp(at);
        await refusals.expect(
          stage.letters.inform(letterId, notice),
          letters,
          'InvalidPromiseBy',
          promiseBy,
          at,
          closesAt - 1,
        );
      }
      await stage.inform(letterId, { drawId: 1n, promiseBy: closesAt - 1 });
      const promise = await stage.promiseArguments(letterId);
      await networkHelpers.time.setNextBlockTimestamp(closesAt);
      await refusals.expect(
        stage.letters.makePromise(...promise),
        letters,
        'PromiseTooLate',
        letterId,
        closesAt - 1,
      );
    });

    it('cannot be taken out of its draw, or put in another, by an authority that knows the seed', async () => {
      const { letters } = world;
      await open();
      await open(seedCommitOf(id('another seed') as Hex));
      const letterId = await stage.offer();
      await stage.inform(letterId, { drawId: 1n, promiseBy: closesAt - 1 });
      // Both copies are over the draw, so what the applicant signed holds for that draw alone.
      const message = await stage.message(letterId);
      expect(message['drawId']).to.equal(1n);
      const again = stage.letters.inform(
        letterId,
        await stage.notice({ drawId: 2n, promiseBy: closesAt - 1 }),
      );
      await refusals.expect(again, letters, 'WrongState', letterId, 2);
      await stage.letters.makePromise(...(await stage.promiseArguments(letterId)));
      await refusals.expect(
        stage.letters.decide(letterId, id('decision'), CHECK.exempt, 0),
        letters,
        'InvalidCheck',
        CHECK.exempt,
        0,
      );
      await stage.letters.decide(letterId, id('decision'), CHECK.routine, await stage.daysAhead(5));
      expect((await letters.letter(letterId)).notice.drawId).to.equal(1n);
    });

    it('that is decided after the seed was revealed is selected all the same', async () => {
      const { letters } = world;
      await open();
      const { letterId, applicantCopy } = await promisedIn(1n);
      await networkHelpers.time.increaseTo(closesAt);
      await stage.letters.revealDraw(1, SEED);
      await refusals.expect(
        stage.letters.decide(letterId, id('decision'), CHECK.exempt, 0),
        letters,
        'InvalidCheck',
        CHECK.exempt,
        0,
      );
      await stage.letters.decide(letterId, id('decision'), CHECK.onSite, await stage.daysAhead(5));
      const selected = selectionOf(SEED, letterId, applicantCopy, HALF);
      expect(await letters.selection(letterId)).to.deep.equal([true, selected]);
    });
  });

  describe('revealing', () => {
    it('is possible from the closing on, to the second', async () => {
      const { letters, beijing } = world;
      await open();
      await networkHelpers.time.setNextBlockTimestamp(closesAt - 1);
      await refusals.expect(stage.letters.revealDraw(1, SEED), letters, 'DrawStillOpen', 1, closesAt);
      await networkHelpers.time.setNextBlockTimestamp(closesAt);
      await expect(stage.letters.revealDraw(1, SEED))
        .to.emit(letters, 'DrawRevealed')
        .withArgs(1, beijing.id, SEED);
      expect((await letters.draw(1)).seed).to.equal(SEED);
    });

    it('takes the seed that was fixed, from its authority, once', async () => {
      const { letters, consortium, tianjin, stranger } = world;
      await open();
      await networkHelpers.time.increaseTo(closesAt);
      for (const seed of [ZeroHash, id('another seed'), COMMIT]) {
        await refusals.expect(stage.letters.revealDraw(1, seed), letters, 'WrongSeed', 1, COMMIT);
      }
      const byOther = letters.connect(tianjin.operator).revealDraw(1, SEED);
      await refusals.expect(byOther, letters, 'NotDrawOwner', 1, tianjin.id);
      const byStranger = letters.connect(stranger).revealDraw(1, SEED);
      await refusals.expect(byStranger, consortium, 'NotOperator', stranger.address);
      await refusals.expect(stage.letters.revealDraw(2, SEED), letters, 'UnknownDraw', 2);
      await stage.letters.revealDraw(1, SEED);
      await refusals.expect(stage.letters.revealDraw(1, SEED), letters, 'DrawAlreadyRevealed', 1);
    });

    it('is refused after seven days: by then every letter is selected, for good', async () => {
      const { letters } = world;
      await open(COMMIT, 1);
      const { letterId, applicantCopy } = await decidedIn(1n);
      expect(selectionOf(SEED, letterId, applicantCopy, 1)).to.equal(false);
      const last = closesAt + REVEAL_SECONDS;
      await networkHelpers.time.increaseTo(last - 10);
      const before = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(last);
      await stage.letters.revealDraw(1, SEED);
      expect(await letters.selection(letterId)).to.deep.equal([true, false]);
      await networkHelpers.time.increase(100 * DAY);
      expect(await letters.selection(letterId)).to.deep.equal([true, false]);
      await before.restore();
      await networkHelpers.time.increaseTo(last);
      expect(await letters.selection(letterId)).to.deep.equal([false, false]);
      await networkHelpers.time.increaseTo(last + 1);
      expect(await letters.selection(letterId)).to.deep.equal([true, true]);
      await refusals.expect(stage.letters.revealDraw(1, SEED), letters, 'RevealTooLate', 1, last);
      expect(await letters.selection(letterId)).to.deep.equal([true, true]);
    });
  });

  describe('the selection', () => {
    it('is unknown before the seed is, and then that of the SDK for every letter', async () => {
      const { letters } = world;
      await open();
      const decided = [];
      for (let i = 0; i < 12; i += 1) decided.push(await decidedIn(1n));
      for (const { letterId } of decided) {
        expect(await letters.selection(letterId)).to.deep.equal([false, false]);
      }
      await networkHelpers.time.increaseTo(closesAt);
      await stage.letters.revealDraw(1, SEED);
      const selections = [];
      for (const { letterId, applicantCopy } of decided) {
        const expected = selectionOf(SEED, letterId, applicantCopy, HALF);
        expect(await letters.selection(letterId)).to.deep.equal([true, expected]);
        selections.push(expected);
      }
      expect(new Set(selections)).to.deep.equal(new Set([true, false]));
    });

    it('stays after the check', async () => {
      await open();
      const { letterId, applicantCopy } = await decidedIn(1n);
      await networkHelpers.time.increaseTo(closesAt);
      await stage.letters.revealDraw(1, SEED);
      await stage.findBroken(letterId);
      const expected = selectionOf(SEED, letterId, applicantCopy, HALF);
      expect(await world.letters.selection(letterId)).to.deep.equal([true, expected]);
    });

    it('takes about the share that the rate says: none at 0, all at 10,000', () => {
      const copies = Array.from({ length: 4_000 }, (_, i) => id(`copy ${i}`) as Hex);
      const share = (rate: number) =>
        copies.filter((copy, i) => selectionOf(SEED, BigInt(i), copy, rate)).length / copies.length;
      expect(share(0)).to.equal(0);
      expect(share(10_000)).to.equal(1);
      expect(share(2_500)).to.be.within(0.22, 0.28);
    });

    it('only grows with the rate', () => {
      const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => id(bytes.join()) as Hex);
      const rate = fc.integer({ min: 0, max: 10_000 });
      fc.assert(
        fc.property(
          hex,
          fc.bigInt({ min: 1n, max: 1n << 64n }),
          hex,
          rate,
          rate,
          (seed, letterId, copy, a, b) => {
            const [low, high] = [Math.min(a, b), Math.max(a, b)];
            if (selectionOf(seed, letterId, copy, low)) {
              expect(selectionOf(seed, letterId, copy, high)).to.equal(true);
            }
          },
        ),
      );
    });
  });

  describe('the errors of the interface', () => {
    it('that draws are refused with were all provoked', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});
