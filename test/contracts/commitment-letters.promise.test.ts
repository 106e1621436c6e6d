import { expect } from 'chai';
import { getBytes, id, keccak256, Signature, ZeroAddress } from 'ethers';
import { dayAt, LETTER_TYPES, toBytes32 } from '@credit-ledger/sdk/protocol';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import type { AnswerLog } from '../../types/index.ts';
import { freshLetters, LETTER_ERRORS, LetterStage, type TestClaim } from './support/letters.ts';
import { freshProcesses, type ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { giveGrant, highS } from './support/requests.ts';
import {
  DAY,
  deployContract,
  HISTORICAL_APPLICATION,
  HOUR,
  madeUpRoot,
  makeEntries,
  networkHelpers,
  PERMIT_PREDICATE,
  PREDICATE,
  STANDING,
} from './support/world.ts';

const refusals = new Refusals(LETTER_ERRORS.promise);

describe('Promising', () => {
  let world: ProcessWorld;
  let stage: LetterStage;
  let letterId: bigint;
  beforeEach(async () => {
    stage = await freshLetters();
    ({ world } = stage);
    letterId = await stage.offer();
    await stage.inform(letterId);
  });

  /** Attempts the promise with these claims or signatures; all else is right. */
  const attempt = async (
    change: { claims?: TestClaim[]; applicant?: string; agency?: string } = {},
    caller: HardhatEthersSigner = stage.authority.operator,
  ) => {
    const [, applicant, agency, claims] = await stage.promiseArguments(letterId, change.claims);
    return world.letters
      .connect(caller)
      .makePromise(letterId, change.applicant ?? applicant, change.agency ?? agency, claims);
  };

  /** What the letter is before a refusal it is after it, and the right promise can still be made. */
  const nothingWritten = async (attempts: () => Promise<void>): Promise<void> => {
    const before = await world.letters.letter(letterId);
    await attempts();
    expect(await world.letters.letter(letterId)).to.deep.equal(before);
    const promised = world.letters.filters.LetterPromised();
    expect(await world.letters.queryFilter(promised)).to.deep.equal([]);
  };

  it('keeps both copies as receipts, and names the log entries that it rests on', async () => {
    const { letters, beijing } = world;
    const [, applicantSignature, agencySignature, claims] = await stage.promiseArguments(letterId);
    const { digest } = await letters.letter(letterId);
    await expect(stage.letters.makePromise(letterId, applicantSignature, agencySignature, claims))
      .to.emit(letters, 'LetterPromised')
      .withArgs(
        letterId,
        beijing.id,
        digest,
        keccak256(applicantSignature),
        keccak256(agencySignature),
        claims.map(({ logId }) => logId),
      );
    expect(await stage.stateOf(letterId)).to.equal('promised');
  });

  it('is made once: neither again, nor with the same claims for another letter', async () => {
    const promise = await stage.promiseArguments(letterId);
    await stage.letters.makePromise(...promise);
    await expect(stage.letters.makePromise(...promise)).to.be.revertedWithCustomError(
      world.letters,
      'WrongState',
    );
    const other = await stage.offer();
    await stage.inform(other);
    const claims = promise[3];
    // Read before the attempt: a refusal that nobody awaits yet would end the process.
    const requestIds = [await world.letters.requestIdOf(other), await world.letters.requestIdOf(letterId)];
    await refusals.expect(
      stage.letters.makePromise(...(await stage.promiseArguments(other, claims))),
      world.letters,
      'ClaimOfOtherLetter',
      claims[0]?.logId,
      ...requestIds,
    );
  });

  describe('needs a claim for each register of the item', () => {
    it('and takes neither none nor one too many', async () => {
      const [claim] = await stage.claims(letterId);
      if (!claim) throw new Error('no claim');
      await nothingWritten(async () => {
        await refusals.expect(attempt({ claims: [] }), world.letters, 'WrongClaimCount', 1, 0);
        await refusals.expect(attempt({ claims: [claim, claim] }), world.letters, 'WrongClaimCount', 1, 2);
      });
    });

    it('in the order of the item', async () => {
      stage = await LetterStage.prepare(await freshProcesses(), 3);
      ({ world } = stage);
      letterId = await stage.offer();
      await stage.inform(letterId);
      const [one, two, three] = (await stage.claims(letterId)) as [TestClaim, TestClaim, TestClaim];
      const refused = (claims: TestClaim[], logId: bigint, expected: number, given: number) =>
        refusals.expect(attempt({ claims }), world.letters, 'ClaimOfOtherRegister', logId, expected, given);
      await nothingWritten(async () => {
        await refused([two, one, three], two.logId, 1, 2);
        await refused([one, three, two], three.logId, 2, 3);
        await refused([one, one, one], one.logId, 2, 1);
        await refusals.expect(attempt({ claims: [one, two] }), world.letters, 'WrongClaimCount', 3, 2);
      });
      await attempt({ claims: [one, two, three] });
      expect(await stage.stateOf(letterId)).to.equal('promised');
    });
  });

  describe('refuses a claim', () => {
    const refused = async (
      claim: TestClaim,
      contract: Parameters<Refusals['expect']>[1],
      error: string,
      ...operands: unknown[]
    ) => nothingWritten(() => refusals.expect(attempt({ claims: [claim] }), contract, error, ...operands));

    it('for another letter', async () => {
      const other = await stage.offer();
      await stage.inform(other);
      const claim = await stage.claim(other);
      const [expected, given] = [
        await world.letters.requestIdOf(letterId),
        await world.letters.requestIdOf(other),
      ];
      await refused(claim, world.letters, 'ClaimOfOtherLetter', claim.logId, expected, given);
    });

    it('for a request id that the authority made up', async () => {
      const requestId = id('made up');
      const claim = await stage.claim(letterId, 0, { requestId });
      const expected = await world.letters.requestIdOf(letterId);
      await refused(claim, world.letters, 'ClaimOfOtherLetter', claim.logId, expected, requestId);
    });

    it('about another subject', async () => {
      const { subjectTag } = (await world.letters.letter(letterId)).notice;
      const other = toBytes32(4_711n);
      const claim = await stage.claim(letterId, 0, { subjectTag: other });
      await refused(claim, world.letters, 'ClaimOfOtherSubject', claim.logId, subjectTag, other);
    });

    it('that another member asked for, who foresaw the request id', async () => {
      const { beijing, requester, tianjin, letters } = world;
      const grantId = await giveGrant(world, {}, tianjin);
      const change = { requester: requester.id, grantId };
      const claim = await stage.claim(letterId, 0, change, { signer: requester.operator });
      await refused(claim, letters, 'ClaimOfOtherRequester', claim.logId, beijing.id, requester.id);
      // It is in nobody's way.
      await attempt();
    });

    it('of another application', async () => {
      const { beijing, tianjin, letters } = world;
      const application = { applicationId: HISTORICAL_APPLICATION };
      const grantId = await giveGrant(world, { ...application, grantee: beijing.id }, tianjin);
      const claim = await stage.claim(letterId, 0, { ...application, grantId });
      const { applicationId } = await letters.letter(letterId);
      await refused(
        claim,
        letters,
        'ClaimOfOtherApplication',
        claim.logId,
        applicationId,
        HISTORICAL_APPLICATION,
      );
    });

    it('of another predicate', async () => {
      const grantId = await giveGrant(world, { grantee: world.beijing.id, classes: 0b0100 }, world.tianjin);
      const claim = await stage.claim(letterId, 0, { predicateHash: PERMIT_PREDICATE, grantId });
      await refused(claim, world.letters, 'ClaimOfOtherPredicate', claim.logId, PREDICATE, PERMIT_PREDICATE);
    });

    it('whose answer is NO', async () => {
      const claim = await stage.claim(letterId, 0, {}, { answer: false });
      await refused(claim, world.letters, 'ClaimNotProved', claim.logId);
    });

    it('whose proof is another’s, or says of the dispute what was not proved', async () => {
      const claim = await stage.claim(letterId);
      const zero: [bigint, bigint] = [0n, 0n];
      const proof: TestClaim['proof'] = { a: zero, b: [zero, zero], c: zero };
      await refused({ ...claim, proof }, world.letters, 'ClaimNotProved', claim.logId);
      await refused({ ...claim, disputed: true }, world.letters, 'ClaimNotProved', claim.logId);
      await attempt({ claims: [claim] });
    });

    it('that was refused by the register', async () => {
      const request = await stage.request(letterId);
      await world.answerLog
        .connect(world.tianjin.operator)
        .refuse(request, await stage.signRequest(request), 2);
      const zero: [bigint, bigint] = [0n, 0n];
      const claim = { logId: 1n, disputed: false, proof: { a: zero, b: [zero, zero], c: zero } };
      await refused(claim as TestClaim, world.answerLog, 'EntryIsRefusal', 1, 2);
    });

    it('that was never logged', async () => {
      const claim = await stage.claim(letterId);
      await refused({ ...claim, logId: 2n }, world.answerLog, 'UnknownLogEntry', 2);
    });

    it('that is older than the item allows', async () => {
      const claim = await stage.claim(letterId);
      const loggedAt = await networkHelpers.time.latest();
      const before = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(loggedAt + DAY);
      await attempt({ claims: [claim] });
      await before.restore();
      await networkHelpers.time.increaseTo(loggedAt + DAY + 100);
      await expect(attempt({ claims: [claim] })).to.be.revertedWithCustomError(world.letters, 'ClaimTooOld');
      await networkHelpers.time.setNextBlockTimestamp(loggedAt + DAY + 200);
      const [, applicant, agency] = await stage.promiseArguments(letterId, [claim]);
      await refusals.expect(
        stage.letters.makePromise.staticCall(letterId, applicant, agency, [claim], { blockTag: 'pending' }),
        world.letters,
        'ClaimTooOld',
        claim.logId,
        loggedAt,
        loggedAt + 200,
      );
    });

    it('under a root that was not current: the register had been silent', async () => {
      await networkHelpers.time.increase(2 * DAY);
      const claim = await stage.claim(letterId);
      await refused(claim, world.answerLog, 'RootNotCurrent', claim.logId, STANDING.stale);
      await world.registers.connect(world.tianjin.operator).heartbeat(1);
    });

    it('whose batch is contested, or was annulled, after it was logged', async () => {
      const { registers, hebei } = world;
      const { register } = stage.asked[0] as (typeof stage.asked)[0];
      // On a batch that nobody of Hebei has attested yet.
      const { batchHash, seq } = await register.append(makeEntries(2, 9));
      await registers.connect(world.beijing.witness).attest([batchHash]);
      await networkHelpers.time.increase(2 * HOUR);
      const claim = await stage.claim(letterId, 0, {}, { batchHash });
      await registers.connect(hebei.witness).object(batchHash, madeUpRoot(1));
      await refused(claim, registers, 'BatchContested', register.id, seq);
      await world.council(registers, 'rule', register.id, seq, true, id('reason'));
      await refused(claim, registers, 'BatchAnnulled', batchHash);
    });

    it('of an answer log that is no longer in force', async () => {
      const { consortium, registers } = world;
      const claim = await stage.claim(letterId);
      const successor = await deployContract<AnswerLog>('AnswerLog', consortium, registers);
      await world.council(consortium, 'putInForce', id('AnswerLog'), await successor.getAddress(), 2);
      await networkHelpers.mine();
      await refused(claim, successor, 'UnknownLogEntry', claim.logId);
    });
  });

  it('refuses an answer about a day long past, though the application permits it', async () => {
    world = await freshProcesses();
    const predicate = { application: HISTORICAL_APPLICATION, predicate: PREDICATE };
    stage = await LetterStage.prepare(world, 1, {}, predicate);
    letterId = await stage.offer();
    await stage.inform(letterId);
    const today = dayAt(await networkHelpers.time.latest());
    const before = await networkHelpers.takeSnapshot();
    for (const asOfDay of [today - 400, today - 2]) {
      const claim = await stage.claim(letterId, 0, { asOfDay });
      await nothingWritten(() =>
        refusals.expect(
          attempt({ claims: [claim] }),
          world.letters,
          'ClaimOfOtherDay',
          claim.logId,
          today,
          asOfDay,
        ),
      );
      await before.restore();
    }
    for (const asOfDay of [today - 1, today, today + 1]) {
      await attempt({ claims: [await stage.claim(letterId, 0, { asOfDay })] });
      await before.restore();
    }
  });

  describe('takes the copy of the applicant', () => {
    const refused = async (applicant: string, signer: string) =>
      nothingWritten(() =>
        refusals.expect(attempt({ applicant }), world.letters, 'WrongApplicantSignature', letterId, signer),
      );

    it('signed by its key for this letter, not by another or by the agency itself', async () => {
      const stranger = stage.freshApplicant();
      const before = await networkHelpers.takeSnapshot();
      await refused(await stage.sign(letterId, stranger), stranger.address);
      await before.restore();
      const { operator } = stage.authority;
      await refused(await stage.sign(letterId, operator), operator.address);
    });

    it('over this letter as it stands', async () => {
      const other = await stage.offer();
      await stage.inform(other);
      const before = await networkHelpers.takeSnapshot();
      const key = stage.applicantOf(letterId);
      const digest = await world.letters.letterDigest(letterId);
      for (const signature of [
        await stage.sign(other, key),
        await key.signMessage('I promise'),
        await key.signMessage(getBytes(digest)),
        await key.signTypedData(
          { ...(await stage.domain()), chainId: 1 },
          { Letter: [...LETTER_TYPES.Letter] },
          await stage.message(letterId),
        ),
        await key.signTypedData(
          await stage.domain(),
          { Letter: [...LETTER_TYPES.Letter] },
          { ...(await stage.message(letterId)), documentHash: id('another document') },
        ),
      ]) {
        await expect(attempt({ applicant: signature })).to.be.revertedWithCustomError(
          world.letters,
          'WrongApplicantSignature',
        );
        await before.restore();
      }
    });

    it('in its one spelling: 65 bytes, low s, v of 27 or 28', async () => {
      const right = await stage.sign(letterId, stage.applicantOf(letterId));
      const { r, s, yParity, compactSerialized } = Signature.from(right);
      const before = await networkHelpers.takeSnapshot();
      for (const signature of [
        highS(right),
        compactSerialized,
        `${r}${s.slice(2)}0${yParity}`,
        `${right}00`,
        '0x',
        `0x${'00'.repeat(65)}`,
      ]) {
        await refused(signature, ZeroAddress);
        await before.restore();
      }
    });
  });

  describe('takes the copy of the agency', () => {
    it('signed by its operator key of this block, in the same spelling', async () => {
      const { letters, beijing, tianjin } = world;
      const right = await stage.sign(letterId, beijing.operator);
      const applicant = stage.applicantOf(letterId);
      const before = await networkHelpers.takeSnapshot();
      for (const [agency, signer] of [
        [await stage.sign(letterId, tianjin.operator), tianjin.operator.address],
        [await stage.sign(letterId, beijing.witness), beijing.witness.address],
        [await stage.sign(letterId, applicant), applicant.address],
        [highS(right), ZeroAddress],
        [Signature.from(right).compactSerialized, ZeroAddress],
        ['0x', ZeroAddress],
      ] as const) {
        await nothingWritten(() =>
          refusals.expect(attempt({ agency }), letters, 'WrongAgencySignature', letterId, signer),
        );
        await before.restore();
      }
    });

    it('not signed by the key that it had before', async () => {
      const { consortium, letters, beijing, spare } = world;
      const [next] = spare;
      if (!next) throw new Error('no key');
      const [old, claims] = [await stage.sign(letterId, beijing.operator), await stage.claims(letterId)];
      const fromBlock = (await networkHelpers.time.latestBlock()) + 3;
      await world.council(
        consortium,
        'changeKeys',
        beijing.id,
        next.address,
        beijing.witness.address,
        fromBlock,
      );
      await networkHelpers.mineUpTo(fromBlock);
      await refusals.expect(
        attempt({ claims, agency: old }, next),
        letters,
        'WrongAgencySignature',
        letterId,
        beijing.operator.address,
      );
      await attempt({ claims, agency: await stage.sign(letterId, next) }, next);
    });
  });

  it('is refused after its time, to the second', async () => {
    const { letters } = world;
    const { promiseBy } = (await letters.letter(letterId)).notice;
    await networkHelpers.time.increaseTo(Number(promiseBy) - 300);
    await world.registers.connect(world.tianjin.operator).heartbeat(1);
    const promise = await stage.promiseArguments(letterId);
    const before = await networkHelpers.takeSnapshot();
    await networkHelpers.time.setNextBlockTimestamp(promiseBy + 1n);
    await refusals.expect(
      stage.letters.makePromise(...promise),
      letters,
      'PromiseTooLate',
      letterId,
      promiseBy,
    );
    await before.restore();
    await networkHelpers.time.setNextBlockTimestamp(promiseBy);
    await stage.letters.makePromise(...promise);
  });

  it('is refused with a key that has signed for another authority in the meantime', async () => {
    const { letters, tianjin } = world;
    const applicant = stage.applicantOf(letterId);
    const other = await stage.offerOf(tianjin);
    const notice = await stage.notice({ applicant: applicant.address });
    await letters.connect(tianjin.operator).inform(other, notice);
    await attempt();
    const copies = [await stage.sign(other, applicant), await stage.sign(other, tianjin.operator)] as const;
    await refusals.expect(
      letters.connect(tianjin.operator).makePromise(other, ...copies, []),
      letters,
      'ApplicantKeyUsed',
      applicant.address,
      letterId,
    );
  });

  describe('the errors of the interface', () => {
    it('that promises are refused with were all provoked', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});
