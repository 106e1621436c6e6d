import { expect } from 'chai';
import { id, ZeroAddress, ZeroHash } from 'ethers';
import { LETTER_STATES, type LetterState } from '@credit-ledger/sdk/protocol';
import { commitmentLettersAbi } from '../../sdk/src/chain/abi/index.ts';
import { CHECK, freshLetters, type LetterStage, OUTCOME, LETTER_ERRORS, REASON } from './support/letters.ts';
import type { ProcessWorld } from './support/processes.ts';
import { errorsOf, Refusals } from './support/refusals.ts';
import { DAY, networkHelpers } from './support/world.ts';

const refusals = new Refusals(LETTER_ERRORS.end);

describe('Commitment letters', () => {
  let world: ProcessWorld;
  let stage: LetterStage;
  beforeEach(async () => {
    stage = await freshLetters();
    ({ world } = stage);
  });

  const numberOf = (state: LetterState) => LETTER_STATES.indexOf(state);

  describe('deciding', () => {
    it('says how the promise is checked and until when', async () => {
      const { letters, beijing } = world;
      const { letterId } = await stage.promised();
      const checkBy = await stage.daysAhead(0);
      await expect(stage.letters.decide(letterId, id('decision'), CHECK.onSite, checkBy))
        .to.emit(letters, 'LetterDecided')
        .withArgs(letterId, beijing.id, id('decision'), CHECK.onSite, checkBy, 0);
      const view = await letters.letter(letterId);
      expect([view.checkMode, view.checkBy]).to.deep.equal([BigInt(CHECK.onSite), BigInt(checkBy)]);
    });

    it('needs a mode, and a last day exactly when there is a check', async () => {
      const { letters } = world;
      const { letterId } = await stage.promised();
      const today = await stage.daysAhead(0);
      for (const [mode, checkBy] of [
        [CHECK.none, 0],
        [CHECK.none, today],
        [CHECK.exempt, today],
        [CHECK.routine, 0],
        [CHECK.routine, today - 1],
        [CHECK.onSite, 0],
      ] as const) {
        const attempt = stage.letters.decide(letterId, id('decision'), mode, checkBy);
        await refusals.expect(attempt, letters, 'InvalidCheck', mode, checkBy);
      }
      await refusals.expect(
        stage.letters.decide(letterId, ZeroHash, CHECK.routine, today),
        letters,
        'InvalidHash',
        'decisionHash',
      );
      await stage.letters.decide(letterId, id('decision'), CHECK.exempt, 0);
      expect(await letters.selection(letterId)).to.deep.equal([true, false]);
    });
  });

  describe('the check', () => {
    it('of a kept promise has no outcome', async () => {
      const { letters, beijing } = world;
      const letterId = await stage.reach('decided');
      await expect(stage.findKept(letterId))
        .to.emit(letters, 'LetterChecked')
        .withArgs(letterId, beijing.id, true, id('finding'), OUTCOME.none, ZeroHash, ZeroHash, false);
    });

    it('of a false promise has an outcome with a legal basis and an entry', async () => {
      const { letters, beijing } = world;
      const letterId = await stage.reach('decided');
      await expect(stage.findBroken(letterId))
        .to.emit(letters, 'LetterChecked')
        .withArgs(letterId, beijing.id, false, id('finding'), OUTCOME.revoked, id('law'), id('entry'), false);
      const view = await letters.letter(letterId);
      expect([view.outcome, view.legalBasisHash, view.entryCommitment]).to.deep.equal([
        BigInt(OUTCOME.revoked),
        id('law'),
        id('entry'),
      ]);
    });

    it('is refused when finding, outcome, legal basis and entry do not fit each other', async () => {
      const { letters } = world;
      const letterId = await stage.reach('decided');
      const check = (kept: boolean, finding: string, outcome: number, law: string, entry: string) =>
        stage.letters.check(letterId, kept, finding, outcome, law, entry);
      const [finding, law, entry] = [id('finding'), id('law'), id('entry')];
      for (const [attempt, error, ...operands] of [
        [() => check(true, ZeroHash, OUTCOME.none, ZeroHash, ZeroHash), 'InvalidHash', 'findingHash'],
        [() => check(true, finding, OUTCOME.revoked, ZeroHash, ZeroHash), 'InvalidOutcome', OUTCOME.revoked],
        [() => check(false, finding, OUTCOME.none, law, entry), 'InvalidOutcome', OUTCOME.none],
        [() => check(true, finding, OUTCOME.none, law, ZeroHash), 'InvalidHash', 'legalBasisHash'],
        [() => check(false, finding, OUTCOME.revoked, ZeroHash, entry), 'LegalBasisMissing'],
        [() => check(false, finding, OUTCOME.revoked, law, ZeroHash), 'EntryMissing'],
      ] as const) {
        await refusals.expect(attempt(), letters, error, ...operands);
      }
      expect(await stage.stateOf(letterId)).to.equal('decided');
    });

    it('after its last day is late, and says so', async () => {
      const { letters } = world;
      const letterId = await stage.reach('decided');
      const lateAt = (Number((await letters.letter(letterId)).checkBy) + 1) * DAY - 8 * 3_600;
      const before = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(lateAt - 1);
      await expect(stage.findKept(letterId))
        .to.emit(letters, 'LetterChecked')
        .withArgs(...late(false));
      await before.restore();
      await networkHelpers.time.setNextBlockTimestamp(lateAt);
      await expect(stage.findKept(letterId))
        .to.emit(letters, 'LetterChecked')
        .withArgs(...late(true));
    });

    it('of an exempt letter is never late', async () => {
      const { letters } = world;
      const { letterId } = await stage.promised();
      await stage.letters.decide(letterId, id('decision'), CHECK.exempt, 0);
      await networkHelpers.time.increase(400 * DAY);
      await expect(stage.findKept(letterId))
        .to.emit(letters, 'LetterChecked')
        .withArgs(...late(false));
    });

    const late = (isLate: boolean): unknown[] => [
      1,
      world.beijing.id,
      true,
      id('finding'),
      OUTCOME.none,
      ZeroHash,
      ZeroHash,
      isLate,
    ];
  });

  describe('withdrawing', () => {
    it('takes the applicant’s signature, relayed by any active member, and leaves no finding', async () => {
      const { letters, beijing, tianjin, requester, association } = world;
      for (const relay of [beijing, tianjin, requester, association]) {
        const letterId = await stage.reach('promised');
        await expect(stage.withdraw(letterId, relay.operator))
          .to.emit(letters, 'LetterWithdrawn')
          .withArgs(letterId, beijing.id, id('reason'));
        const view = await letters.letter(letterId);
        expect([view.outcome, view.refusalReason, view.legalBasisHash, view.entryCommitment]).to.deep.equal([
          0n,
          0n,
          ZeroHash,
          ZeroHash,
        ]);
      }
    });

    it('is refused to strangers, suspended members and the applicant by itself', async () => {
      const { letters, consortium, tianjin, stranger, connection } = world;
      const letterId = await stage.reach('informed');
      const applicant = stage.applicantOf(letterId);
      const signature = await stage.signWithdrawal(letterId, id('reason'), applicant);
      await networkHelpers.setBalance(applicant.address, 10n ** 18n);
      const byItself = applicant.connect(connection.ethers.provider);
      await refusals.expect(
        letters.connect(byItself).withdraw(letterId, id('reason'), signature),
        consortium,
        'NotOperator',
        applicant.address,
      );
      await refusals.expect(
        letters.connect(stranger).withdraw(letterId, id('reason'), signature),
        consortium,
        'NotOperator',
        stranger.address,
      );
      await world.council(consortium, 'suspend', tianjin.id, id('reason'));
      await refusals.expect(
        stage.withdraw(letterId, tianjin.operator),
        consortium,
        'MemberNotActive',
        tianjin.id,
        2,
      );
    });

    it('is refused without a reason, or signed by another key, for another letter or reason', async () => {
      const { letters } = world;
      const [letterId, other] = [await stage.reach('informed'), await stage.reach('informed')];
      const applicant = stage.applicantOf(letterId);
      const withdraw = (reasonHash: string, signature: string) =>
        stage.letters.withdraw(letterId, reasonHash, signature);
      const unreasoned = await stage.signWithdrawal(letterId, ZeroHash, applicant);
      await refusals.expect(withdraw(ZeroHash, unreasoned), letters, 'InvalidHash', 'reasonHash');
      const byOther = await stage.signWithdrawal(letterId, id('reason'), stage.applicantOf(other));
      await refusals.expect(
        withdraw(id('reason'), byOther),
        letters,
        'WrongApplicantSignature',
        letterId,
        stage.applicantOf(other).address,
      );
      for (const signature of [
        await stage.signWithdrawal(other, id('reason'), applicant),
        await stage.signWithdrawal(letterId, id('another reason'), applicant),
        await stage.sign(letterId, applicant),
      ]) {
        await expect(withdraw(id('reason'), signature)).to.be.revertedWithCustomError(
          letters,
          'WrongApplicantSignature',
        );
      }
      for (const signature of ['0x', `0x${'00'.repeat(65)}`]) {
        await refusals.expect(
          withdraw(id('reason'), signature),
          letters,
          'WrongApplicantSignature',
          letterId,
          ZeroAddress,
        );
      }
      expect(await stage.stateOf(letterId)).to.equal('informed');
    });
  });

  describe('refusing and terminating', () => {
    it('say why', async () => {
      const { letters, beijing } = world;
      const letterId = await stage.reach('informed');
      await refusals.expect(stage.letters.refuse(letterId, REASON.none), letters, 'RefusalReasonMissing');
      await refusals.expect(
        stage.letters.terminate(letterId, ZeroHash),
        letters,
        'InvalidHash',
        'reasonHash',
      );
      await expect(stage.letters.refuse(letterId, REASON.notEligible))
        .to.emit(letters, 'LetterRefused')
        .withArgs(letterId, beijing.id, REASON.notEligible);
      expect((await letters.letter(letterId)).refusalReason).to.equal(BigInt(REASON.notEligible));
      const other = await stage.reach('promised');
      await expect(stage.letters.terminate(other, id('reason')))
        .to.emit(letters, 'LetterTerminated')
        .withArgs(other, beijing.id, id('reason'));
    });
  });

  describe('views', () => {
    it('of the digest need a letter that was informed', async () => {
      const { letters } = world;
      const letterId = await stage.reach('offered');
      await refusals.expect(letters.letterDigest(letterId), letters, 'WrongState', letterId, 1);
      await refusals.expect(letters.letterDigest(9), letters, 'UnknownLetter', 9);
      await stage.letters.refuse(letterId, REASON.declined);
      await refusals.expect(letters.letterDigest(letterId), letters, 'WrongState', letterId, 8);
      expect((await letters.letter(letterId)).digest).to.equal(ZeroHash);
    });

    it('of the selection need a letter that was decided', async () => {
      const { letters } = world;
      for (const state of [
        'offered',
        'informed',
        'promised',
        'withdrawn',
        'refused',
        'terminated',
      ] as const) {
        const letterId = await stage.reach(state);
        const attempt = letters.selection(letterId);
        await refusals.expect(attempt, letters, 'WrongState', letterId, numberOf(state));
      }
      for (const state of ['decided', 'checked-true', 'checked-false'] as const) {
        expect(await letters.selection(await stage.reach(state))).to.deep.equal([true, true]);
      }
      await refusals.expect(letters.selection(99), letters, 'UnknownLetter', 99);
    });

    it('of a letter that is not there are empty', async () => {
      expect((await world.letters.letter(7)).state).to.equal(0n);
      expect((await world.letters.draw(7)).authority).to.equal(0n);
    });
  });

  describe('the errors of the interface', () => {
    it('that ends are refused with were all provoked', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });

    it('are each the business of one of these files', () => {
      const known = Object.values(LETTER_ERRORS).flat();
      expect([...known].sort()).to.deep.equal([...errorsOf(commitmentLettersAbi)].sort());
    });
  });
});
