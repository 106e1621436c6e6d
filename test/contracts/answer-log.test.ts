import { STANDINGS } from '@credit-ledger/sdk/answer';
import { expect } from 'chai';
import { id, type Result, TypedDataEncoder } from 'ethers';
import {
  contextOf,
  dayAt,
  FIELD_MODULUS,
  type Hex,
  ledgerDomain,
  REQUEST_TYPES,
  toBytes32,
  wordHex,
} from '@credit-ledger/sdk/protocol';
import type { MockSubjectConsents } from '../../types/test/index.ts';
import { Asking, giveGrant, highS, mockProof, type TestRequest } from './support/requests.ts';
import {
  allRefused,
  APPLICATION,
  CIRCUIT_40,
  CIRCUIT_8,
  CONSENT_APPLICATION,
  DAY,
  deployContract,
  ethers,
  freshWorld,
  HISTORICAL_APPLICATION,
  HOUR,
  madeUpRoot,
  makeEntries,
  networkHelpers,
  PARAMETERS,
  PERMIT_PREDICATE,
  PROMISE_SECONDS,
  selectorOf,
  STANDING,
  STATUS,
  TestRegister,
  type World,
} from './support/world.ts';

const ZERO = wordHex(0n);

/** The contract's numbers and the SDK's names are one list. */
const named = (standing: bigint): string | undefined => STANDINGS[Number(standing)];

describe('AnswerLog', () => {
  let world: World;
  let asking: Asking;
  beforeEach(async () => {
    world = await freshWorld();
    asking = await Asking.prepare(world);
  });

  const latest = async (): Promise<bigint> => BigInt(await networkHelpers.time.latest());
  const refused = (attempt: Promise<unknown>, error: string, ...operands: unknown[]): PromiseLike<void> =>
    expect(attempt)
      .to.be.revertedWithCustomError(world.answerLog, error)
      .withArgs(...operands);

  describe('log', () => {
    it('stores the request, the batch, the circuit and the commitment, and counts the use of the grant', async () => {
      const { answerLog, grants, registers, requester } = world;
      const request = await asking.request();
      const transaction = await asking.log(request);
      const digest = await answerLog.requestDigest(request);
      await expect(transaction)
        .to.emit(answerLog, 'AnswerLogged')
        .withArgs(
          1,
          1,
          requester.id,
          digest,
          (emitted: TestRequest) =>
            emitted.requestId === request.requestId && emitted.subjectTag === request.subjectTag,
          asking.batchHash,
          1,
          STANDING.current,
          CIRCUIT_8,
          id('commitment'),
        );
      await expect(transaction).to.emit(grants, 'GrantUsed').withArgs(asking.grantId, requester.id, 1);
      const entry = await answerLog.entry(1);
      expect({
        ...(entry.request as unknown as Result).toObject(),
        applicationVersion: 1,
        asOfDay: request.asOfDay,
      }).to.deep.equal({
        ...request,
      });
      expect(entry.requestDigest).to.equal(digest);
      expect(entry.batchHash).to.equal(asking.batchHash);
      expect([entry.seq, entry.standing, entry.refusalCode]).to.deep.equal([1n, STANDING.current, 0n]);
      expect(entry.circuitId).to.equal(CIRCUIT_8);
      expect(entry.answerCommitment).to.equal(id('commitment'));
      expect(entry.time).to.equal(await latest());
      expect(await answerLog.logIdOf(1, asking.grantId, requester.id, request.requestId)).to.equal(1n);
      expect(await answerLog.requestOfTag(requester.id, request.subjectTag)).to.equal(request.requestId);
      expect(await answerLog.logCount()).to.equal(1n);
      expect((await registers.batch(1, 1)).batchHash).to.equal(entry.batchHash);
      expect(await answerLog.entryHash(1)).to.equal(
        ethers.keccak256(
          ethers.AbiCoder.defaultAbiCoder().encode(
            ['uint256', 'bytes32', 'bytes32', 'bytes32', 'bytes32', 'uint64'],
            [1, digest, asking.batchHash, CIRCUIT_8, id('commitment'), entry.time],
          ),
        ),
      );
    });

    it('computes digest and context as every member does', async () => {
      const { answerLog } = world;
      const request = await asking.request();
      const address = (await answerLog.getAddress()) as Hex;
      expect(await answerLog.requestDigest(request)).to.equal(
        TypedDataEncoder.hash(
          ledgerDomain(31_337n, address),
          { Request: [...REQUEST_TYPES.Request] },
          request,
        ),
      );
      expect(await answerLog.contextOf(request)).to.equal(
        contextOf({
          chainId: 31_337n,
          answerLog: address,
          registerId: request.registerId,
          requestId: request.requestId as Hex,
          grantId: request.grantId as Hex,
          requester: request.requester,
          applicationId: request.applicationId as Hex,
          expiry: request.expiry,
        }),
      );
    });

    it('takes answers under the empty register by batch hash zero', async () => {
      const { answerLog, tianjin } = world;
      const empty = await TestRegister.open(world, tianjin);
      const grantId = await giveGrant(world, {}, tianjin);
      const request = await asking.request({ registerId: empty.id, grantId });
      await asking.log(request, { caller: tianjin.operator, batchHash: ZERO });
      const entry = await answerLog.entry(1);
      expect([entry.seq, entry.batchHash, entry.standing]).to.deep.equal([0n, ZERO, STANDING.current]);
    });

    it("is for the register's owner alone", async () => {
      const { consortium, tianjin, requester, stranger, beijing } = world;
      const request = await asking.request();
      await refused(asking.log(request, { caller: tianjin.operator }), 'NotRegisterOwner', 1, tianjin.id);
      await refused(asking.log(request, { caller: requester.operator }), 'NotRegisterOwner', 1, requester.id);
      for (const caller of [stranger, beijing.witness]) {
        await expect(asking.log(request, { caller }))
          .to.be.revertedWithCustomError(consortium, 'NotOperator')
          .withArgs(caller.address);
      }
      await refused(asking.log(await asking.request({ registerId: 9n })), 'UnknownRegister', 9);
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      await expect(asking.log(request))
        .to.be.revertedWithCustomError(consortium, 'MemberNotActive')
        .withArgs(beijing.id, STATUS.suspended);
    });

    it("takes only the requester's own signature, over exactly this request, in one spelling", async () => {
      const { answerLog, requester, hebei, beijing } = world;
      const request = await asking.request();
      const digest = await answerLog.requestDigest(request);
      const signature = await asking.sign(request);
      await refused(asking.log(request, { signature: highS(signature) }), 'InvalidSignature', digest);
      await refused(asking.log(request, { signature: '0x' }), 'InvalidSignature', digest);
      await refused(asking.log(request, { signature: `${signature}00` }), 'InvalidSignature', digest);
      // The compact spelling of 64 bytes.
      await refused(
        asking.log(request, { signature: ethers.Signature.from(signature).compactSerialized }),
        'InvalidSignature',
        digest,
      );
      await refused(
        asking.log(request, { signature: `${signature.slice(0, -2)}1d` }),
        'InvalidSignature',
        digest,
      );
      for (const signer of [hebei.operator, beijing.operator, requester.witness]) {
        await refused(
          asking.log(request, { signature: await asking.sign(request, signer) }),
          'WrongSigner',
          signer.address,
          requester.id,
        );
      }
      // Every field is under the signature.
      for (const change of [
        { requestId: id('other') },
        { asOfDay: request.asOfDay - 1 },
        { subjectTag: toBytes32(1n) },
        { expiry: request.expiry + 1n },
        { predicateHash: PERMIT_PREDICATE },
        { applicationVersion: 2 },
        { applicationId: HISTORICAL_APPLICATION },
        { grantId: id('other') },
        { requester: hebei.id },
      ]) {
        await expect(asking.log({ ...request, ...change }, { signature })).to.be.revertedWithCustomError(
          answerLog,
          'WrongSigner',
        );
      }
      // A member that does not exist has no key, and no signature is from nobody.
      await refused(
        asking.log(
          { ...request, requester: 0n },
          { signature: await asking.sign({ ...request, requester: 0n }) },
        ),
        'WrongSigner',
        requester.operator.address,
        0,
      );
    });

    it("judges the requester's key and status in this block", async () => {
      const { consortium, requester, spare } = world;
      const [operator] = spare;
      if (!operator) throw new Error('no spare key');
      const request = await asking.request();
      const block = BigInt(await ethers.provider.getBlockNumber());
      await world.council(
        consortium,
        'changeKeys',
        requester.id,
        operator.address,
        ethers.ZeroAddress,
        block + 3n,
      );
      await refused(asking.log(request), 'WrongSigner', requester.operator.address, requester.id);
      await asking.log(request, { signature: await asking.sign(request, operator) });
      await world.council(consortium, 'suspend', requester.id, id('x'));
      const next = await asking.request();
      await refused(
        asking.log(next, { signature: await asking.sign(next, operator) }),
        'RequesterNotActive',
        requester.id,
      );
    });

    it('logs one entry for a request: a replay is refused, a refusal after an answer as well', async () => {
      const request = await asking.request();
      await asking.log(request);
      await refused(asking.log(request), 'AlreadyLogged', 1);
      await refused(asking.log(request, { commitment: id('another answer') }), 'AlreadyLogged', 1);
      await refused(asking.refuse(request, 9), 'AlreadyLogged', 1);
      // The same id under another signature is still the same request.
      const changed = await asking.request({ requestId: request.requestId });
      await refused(asking.log(changed), 'AlreadyLogged', 1);
      await refused(asking.log(await asking.request({ requestId: ZERO })), 'InvalidRequestId');
    });

    it('counts one use of a grant for each answer, and none for what was refused or undone', async () => {
      const { grants } = world;
      const grantId = await giveGrant(world, { maxUses: 2 });
      await asking.log(await asking.request({ grantId }));
      await asking.refuse(await asking.request({ grantId }), 9);
      const late = await asking.request({ grantId, asOfDay: 1 });
      await expect(asking.log(late)).to.be.revert(ethers);
      expect((await grants.grant(grantId)).uses).to.equal(1n);
      await asking.log(await asking.request({ grantId }));
      await expect(asking.log(await asking.request({ grantId })))
        .to.be.revertedWithCustomError(grants, 'GrantExhausted')
        .withArgs(grantId, 2);
    });

    it('keeps a tag with one request for good', async () => {
      const { answerLog, requester } = world;
      const first = await asking.request();
      await asking.log(first);
      const second = await asking.request({ subjectTag: first.subjectTag });
      await refused(asking.log(second), 'TagOfOtherRequest', first.subjectTag, first.requestId);
      expect(await answerLog.requestOfTag(requester.id, first.subjectTag)).to.equal(first.requestId);
    });

    it('lets several registers answer one request about one subject', async () => {
      const { answerLog, tianjin } = world;
      const other = await TestRegister.open(world, tianjin);
      const { batchHash } = await other.appendWitnessed(makeEntries(1));
      const grantId = await giveGrant(world, {}, tianjin);
      const first = await asking.request();
      await asking.log(first);
      await asking.log({ ...first, registerId: other.id, grantId }, { caller: tianjin.operator, batchHash });
      expect(await answerLog.logCount()).to.equal(2n);
    });

    it("does not let another requester take up somebody's tag and be in its way", async () => {
      const { hebei } = world;
      const grantId = await giveGrant(world, { grantee: hebei.id });
      const mine = await asking.request();
      // Seen in a pending transaction, signed by somebody else, and logged first.
      const copied = await asking.request({ requester: hebei.id, grantId, subjectTag: mine.subjectTag });
      await asking.log(copied, { signature: await asking.sign(copied, hebei.operator) });
      await asking.log(mine);
    });

    it('does not let another requester take up a request id that can be foreseen', async () => {
      const { answerLog, hebei, requester } = world;
      const grantId = await giveGrant(world, { grantee: hebei.id });
      const mine = await asking.request();
      const squatted = [
        // Answered under a grant of its own, or refused under the victim's: either closes the squatter's own request.
        await asking.request({ requester: hebei.id, grantId, requestId: mine.requestId }),
        await asking.request({ requester: hebei.id, requestId: mine.requestId }),
      ] as const;
      await asking.log(squatted[0], { signature: await asking.sign(squatted[0], hebei.operator) });
      await answerLog
        .connect(asking.owner.operator)
        .refuse(squatted[1], await asking.sign(squatted[1], hebei.operator), 7);
      expect(await answerLog.logIdOf(1, mine.grantId, requester.id, mine.requestId)).to.equal(0n);
      await asking.log(mine);
      expect(await answerLog.logIdOf(1, mine.grantId, requester.id, mine.requestId)).to.equal(3n);
      expect(await answerLog.logIdOf(1, mine.grantId, hebei.id, mine.requestId)).to.equal(2n);
    });

    it('refuses tags that are no field elements', async () => {
      for (const tag of [0n, FIELD_MODULUS, FIELD_MODULUS + 5n, 2n ** 256n - 1n]) {
        await refused(
          asking.log(await asking.request({ subjectTag: wordHex(tag) })),
          'InvalidTag',
          wordHex(tag),
        );
      }
    });

    it('refuses an expired request and one that would never expire', async () => {
      const time = (await latest()) + 100n;
      const expired = await asking.request({ expiry: time });
      await networkHelpers.time.setNextBlockTimestamp(time + 1n);
      await refused(asking.log(expired), 'RequestExpired', time, time + 1n);
      const far = await asking.request({ expiry: time + 40n * BigInt(DAY) });
      const next = time + 200n;
      await networkHelpers.time.setNextBlockTimestamp(next);
      await refused(asking.log(far), 'ExpiryTooFar', far.expiry, next + 30n * BigInt(DAY));
      const last = await asking.request({ expiry: next + 500n });
      await networkHelpers.time.setNextBlockTimestamp(next + 500n);
      await asking.log(last);
    });

    it('accepts the day of the block at UTC+8, give or take one', async () => {
      const { registers, beijing } = world;
      // One second before midnight in Beijing, and midnight itself.
      const today = dayAt(Number(await latest())) + 3;
      const midnight = BigInt(today) * 86_400n - 28_800n;
      for (const [time, day] of [
        [midnight - 1n, today - 1],
        [midnight, today],
      ] as const) {
        for (const offset of [-2, -1, 0, 1, 2]) {
          const snapshot = await networkHelpers.takeSnapshot();
          const request = await asking.request({ asOfDay: day + offset, expiry: midnight + 100n });
          const signature = await asking.sign(request);
          await networkHelpers.time.setNextBlockTimestamp(time);
          const attempt = asking.log(request, { signature });
          if (Math.abs(offset) <= 1) await attempt;
          else await refused(attempt, 'DayNotAllowed', day + offset, day, false);
          await snapshot.restore();
        }
      }
      expect(await registers.ownerOf(1)).to.equal(beijing.id);
    });

    it('accepts other days for an application that permits them, never a coming one', async () => {
      const grantId = await giveGrant(world, { applicationId: HISTORICAL_APPLICATION });
      const today = dayAt(Number(await latest()));
      for (const asOfDay of [0, today - 5_000, today, today + 1]) {
        await asking.log(await asking.request({ applicationId: HISTORICAL_APPLICATION, grantId, asOfDay }));
      }
      for (const asOfDay of [today + 2, 2 ** 32 - 1]) {
        await refused(
          asking.log(await asking.request({ applicationId: HISTORICAL_APPLICATION, grantId, asOfDay })),
          'DayNotAllowed',
          asOfDay,
          today,
          true,
        );
        await refused(asking.log(await asking.request({ asOfDay })), 'DayNotAllowed', asOfDay, today, false);
      }
    });

    it('refuses an application that is unknown, withdrawn, or in another version', async () => {
      const { applications } = world;
      const unknown = id('application:none');
      await refused(
        asking.log(await asking.request({ applicationId: unknown })),
        'ApplicationNotInForce',
        unknown,
        1,
        0,
      );
      await refused(
        asking.log(await asking.request({ applicationId: unknown, applicationVersion: 0 })),
        'ApplicationNotInForce',
        unknown,
        0,
        0,
      );
      await refused(
        asking.log(await asking.request({ applicationVersion: 2 })),
        'ApplicationNotInForce',
        APPLICATION,
        2,
        1,
      );
      const predicates = [
        { predicateHash: toBytes32(41n), class: 1, clause0: 1n, clause1: 0n, circuits: [CIRCUIT_8] },
      ];
      await world.council(applications, 'publish', APPLICATION, '第二版', id('law'), 0, false, predicates);
      await refused(asking.log(await asking.request()), 'ApplicationNotInForce', APPLICATION, 1, 2);
      await asking.log(await asking.request({ applicationVersion: 2 }));
      await world.council(applications, 'withdraw', APPLICATION);
      await refused(
        asking.log(await asking.request({ applicationVersion: 2 })),
        'ApplicationNotInForce',
        APPLICATION,
        2,
        0,
      );
    });

    it('refuses what is not listed: predicate, or circuit for the predicate, or a circuit out of force', async () => {
      const { consortium } = world;
      await refused(
        asking.log(await asking.request({ predicateHash: toBytes32(43n) })),
        'PredicateNotListed',
        APPLICATION,
        toBytes32(43n),
      );
      const grantId = await giveGrant(world, { classes: 0b0110 });
      const permits = await asking.request({ predicateHash: PERMIT_PREDICATE, grantId });
      await refused(
        asking.log(permits, { circuitId: CIRCUIT_40 }),
        'CircuitNotAllowed',
        PERMIT_PREDICATE,
        CIRCUIT_40,
      );
      await refused(
        asking.log(permits, { circuitId: id('mine') }),
        'CircuitNotAllowed',
        PERMIT_PREDICATE,
        id('mine'),
      );
      await asking.log(permits);
      await world.council(consortium, 'retireCircuit', CIRCUIT_8);
      const request = await asking.request();
      await refused(asking.log(request), 'CircuitNotAllowed', request.predicateHash, CIRCUIT_8);
      await asking.log(request, { circuitId: CIRCUIT_40 });
    });

    it('refuses a grant that is not for this question', async () => {
      const { grants, hebei, tianjin, beijing } = world;
      const cases: [string, string, (grantId: string) => unknown[]][] = [
        [id('none'), 'UnknownGrant', (g) => [g]],
        [ZERO, 'UnknownGrant', (g) => [g]],
        [
          await giveGrant(world, { grantee: hebei.id }),
          'GrantNotForRequester',
          (g) => [g, world.requester.id],
        ],
        [await giveGrant(world, { classes: 0b1100 }), 'GrantNotForClass', (g) => [g, 1]],
        [
          await giveGrant(world, { applicationId: HISTORICAL_APPLICATION }),
          'GrantNotForApplication',
          (g) => [g, APPLICATION],
        ],
        // Given by an authority that does not own the register.
        [await giveGrant(world, {}, tianjin), 'GrantOfOther', (g) => [g, tianjin.id]],
      ];
      for (const [grantId, error, operands] of cases) {
        await expect(asking.log(await asking.request({ grantId })))
          .to.be.revertedWithCustomError(grants, error)
          .withArgs(...operands(grantId));
      }
      await grants.connect(beijing.operator).revoke(asking.grantId);
      await expect(asking.log(await asking.request())).to.be.revertedWithCustomError(
        grants,
        'GrantIsRevoked',
      );
      const expiring = await giveGrant(world, { validUntil: (await latest()) + 100n });
      await networkHelpers.time.increase(200);
      await expect(asking.log(await asking.request({ grantId: expiring }))).to.be.revertedWithCustomError(
        grants,
        'GrantExpired',
      );
      const early = await giveGrant(world, { validFrom: (await latest()) + 1_000n });
      await expect(asking.log(await asking.request({ grantId: early }))).to.be.revertedWithCustomError(
        grants,
        'GrantNotYetValid',
      );
    });

    it('refuses what needs consent while there is no consent, by grant or by gateway', async () => {
      const byGrant = await giveGrant(world, { consentRequired: true });
      await refused(asking.log(await asking.request({ grantId: byGrant })), 'ConsentNotAvailable', byGrant);
      const byGateway = await giveGrant(world, { applicationId: CONSENT_APPLICATION });
      await refused(
        asking.log(await asking.request({ applicationId: CONSENT_APPLICATION, grantId: byGateway })),
        'ConsentNotAvailable',
        byGateway,
      );
    });

    it('uses a consent once there is a contract for it', async () => {
      const { consortium } = world;
      const consents = await deployContract<MockSubjectConsents>('MockSubjectConsents');
      await world.council(consortium, 'putInForce', id('SubjectConsents'), await consents.getAddress(), 1);
      const grantId = await giveGrant(world, { consentRequired: true });
      const request = await asking.request({ grantId });
      await expect(asking.log(request))
        .to.be.revertedWithCustomError(consents, 'NoConsent')
        .withArgs(request.subjectTag);
      await consents.give(request.subjectTag);
      await asking.log(request);
      expect(await consents.consents(request.subjectTag)).to.equal(0n);
    });

    it('refuses an empty commitment', async () => {
      await refused(asking.log(await asking.request(), { commitment: ZERO }), 'InvalidAnswerCommitment');
    });

    it('logs nothing when it is not the log in force, or its registers are not', async () => {
      const { answerLog, registers, consortium, target } = world;
      const other = await target.getAddress();
      const snapshot = await networkHelpers.takeSnapshot();
      await world.council(consortium, 'putInForce', id('CreditRegisters'), other, 2);
      await refused(asking.log(await asking.request()), 'NotInForce', id('CreditRegisters'), other);
      await snapshot.restore();
      await world.council(consortium, 'putInForce', id('AnswerLog'), other, 2);
      await refused(asking.log(await asking.request()), 'NotInForce', id('AnswerLog'), other);
      await refused(asking.refuse(await asking.request(), 9), 'NotInForce', id('AnswerLog'), other);
      await refused(
        answerLog.connect(world.requester.operator).lodge(id('x'), 1, (await latest()) + 7_200n),
        'NotInForce',
        id('AnswerLog'),
        other,
      );
      expect(await answerLog.registers()).to.equal(await registers.getAddress());
    });
  });

  describe('the root that an answer rests on', () => {
    const notUsable = (reason: string, hash: string = asking.batchHash): [string, string, string] => [
      'BatchNotUsable',
      hash,
      selectorOf(world.registers, reason),
    ];

    it('must be known, and of this register', async () => {
      const { tianjin } = world;
      await refused(
        asking.log(await asking.request(), { batchHash: id('none') }),
        ...notUsable('UnknownBatch', id('none')),
      );
      const other = await TestRegister.open(world, tianjin);
      const { batchHash } = await other.appendWitnessed(makeEntries(1));
      await refused(
        asking.log(await asking.request(), { batchHash }),
        ...notUsable('UnknownBatch', batchHash),
      );
    });

    it('must be witnessed', async () => {
      const { registers, tianjin, hebei } = world;
      const next = await asking.register.append(makeEntries(1, 9));
      await refused(
        asking.log(await asking.request(), { batchHash: next.batchHash }),
        ...notUsable('NotWitnessed', next.batchHash),
      );
      await registers.connect(tianjin.witness).attest([next.batchHash]);
      await refused(
        asking.log(await asking.request(), { batchHash: next.batchHash }),
        ...notUsable('NotWitnessed', next.batchHash),
      );
      await registers.connect(hebei.witness).attest([next.batchHash]);
      await asking.log(await asking.request(), { batchHash: next.batchHash });
    });

    it('may be superseded within grace, not beyond', async () => {
      const { answerLog, registers } = world;
      await asking.register.append(makeEntries(1, 9));
      const { supersededAt } = await registers.batch(1, 1);
      await asking.log(await asking.request());
      expect(named((await answerLog.entry(1)).standing)).to.equal('within-grace');
      const request = await asking.request();
      const signature = await asking.sign(request);
      await networkHelpers.time.setNextBlockTimestamp(supersededAt + BigInt(PARAMETERS.graceSeconds) + 1n);
      await refused(asking.log(request, { signature }), ...notUsable('Superseded'));
      // Nor may the empty register be answered under when it is long superseded.
      await refused(
        asking.log(await asking.request(), { batchHash: ZERO }),
        ...notUsable('Superseded', ZERO),
      );
    });

    it('must not be contested; the last uncontested one still answers, and the entry says so', async () => {
      const { answerLog, registers, hebei } = world;
      const next = await asking.register.append(makeEntries(1, 9));
      await registers.connect(hebei.witness).object(next.batchHash, madeUpRoot(1));
      await refused(
        asking.log(await asking.request(), { batchHash: next.batchHash }),
        ...notUsable('BatchContested', next.batchHash),
      );
      await networkHelpers.time.increase(2 * PARAMETERS.graceSeconds);
      await asking.log(await asking.request());
      expect(named((await answerLog.entry(1)).standing)).to.equal('contested');
    });

    it('must not be annulled, and the register must not owe entries', async () => {
      const { registers, hebei } = world;
      const entries = makeEntries(2, 9);
      const wrong = await asking.register.append(entries, madeUpRoot(1));
      await registers.connect(hebei.witness).object(wrong.batchHash, madeUpRoot(2));
      await world.council(registers, 'rule', 1, 2, true, id('x'));
      await refused(
        asking.log(await asking.request(), { batchHash: wrong.batchHash }),
        ...notUsable('BatchAnnulled', wrong.batchHash),
      );
      await refused(asking.log(await asking.request()), ...notUsable('EntriesOwed'));
      const again = await asking.register.appendWitnessed(entries);
      await asking.log(await asking.request(), { batchHash: again.batchHash });
    });

    it('is marked stale when the owner has been silent longer than it promised', async () => {
      const { answerLog } = world;
      await networkHelpers.time.increase(PROMISE_SECONDS + 100);
      await asking.log(await asking.request());
      expect(named((await answerLog.entry(1)).standing)).to.equal('stale');
    });
  });

  describe('refuse', () => {
    it('logs each code, and neither grant nor tag is used up', async () => {
      const { answerLog, grants, requester } = world;
      const request = await asking.request();
      await expect(asking.refuse(request, 1))
        .to.emit(answerLog, 'AnswerRefused')
        .withArgs(
          1,
          1,
          requester.id,
          await answerLog.requestDigest(request),
          (emitted: TestRequest) => emitted.requestId === request.requestId,
          1,
        );
      const entry = await answerLog.entry(1);
      expect([entry.refusalCode, entry.batchHash, entry.standing]).to.deep.equal([
        1n,
        ZERO,
        STANDING.notUsable,
      ]);
      expect((await grants.grant(asking.grantId)).uses).to.equal(0n);
      expect(await answerLog.requestOfTag(requester.id, request.subjectTag)).to.equal(ZERO);
      expect(named(entry.standing)).to.equal('not-usable');
      for (let code = 2; code <= 10; code += 1) await asking.refuse(await asking.request(), code);
      for (const code of [0, 11, 65_535]) {
        await refused(asking.refuse(await asking.request(), code), 'UnknownRefusalCode', code);
      }
    });

    it('takes requests that could never be answered', async () => {
      const { answerLog } = world;
      const request = await asking.request({
        asOfDay: 2 ** 32 - 1,
        expiry: 2n ** 64n - 1n,
        grantId: id('none'),
        subjectTag: wordHex(2n ** 256n - 1n),
        applicationId: id('none'),
        applicationVersion: 2 ** 32 - 1,
      });
      await asking.refuse(request, 7);
      const stored = (await answerLog.entry(1)).request;
      expect([stored.asOfDay, stored.expiry, stored.applicationVersion]).to.deep.equal([
        2n ** 32n - 1n,
        2n ** 64n - 1n,
        2n ** 32n - 1n,
      ]);
      expect((await answerLog.entry(1)).requestDigest).to.equal(await answerLog.requestDigest(request));
    });

    it('is for the owner alone, over a request that was really signed, once', async () => {
      const { answerLog, tianjin, hebei } = world;
      const request = await asking.request();
      await refused(asking.refuse(request, 9, tianjin.operator), 'NotRegisterOwner', 1, tianjin.id);
      await refused(
        answerLog
          .connect(asking.owner.operator)
          .refuse(request, await asking.sign(request, hebei.operator), 9),
        'WrongSigner',
        hebei.operator.address,
        world.requester.id,
      );
      await asking.refuse(request, 9);
      await refused(asking.refuse(request, 9), 'AlreadyLogged', 1);
      await refused(asking.log(request), 'AlreadyLogged', 1);
    });
  });

  describe('lodged questions', () => {
    const lodge = async (
      request: TestRequest,
      deadline: bigint,
      registerId = request.registerId,
    ): Promise<string> => {
      const { answerLog, requester } = world;
      const digest = await answerLog.requestDigest(request);
      await answerLog.connect(requester.operator).lodge(digest, registerId, deadline);
      return answerLog.questionIdOf(digest, registerId, requester.id);
    };

    it('are settled by the answer', async () => {
      const { answerLog, requester } = world;
      const request = await asking.request();
      const deadline = (await latest()) + 7_200n;
      const digest = await answerLog.requestDigest(request);
      await expect(answerLog.connect(requester.operator).lodge(digest, 1, deadline))
        .to.emit(answerLog, 'QuestionLodged')
        .withArgs(await answerLog.questionIdOf(digest, 1, requester.id), 1, requester.id, digest, deadline);
      const questionId = await answerLog.questionIdOf(digest, 1, requester.id);
      await expect(asking.log(request)).to.emit(answerLog, 'QuestionSettled').withArgs(questionId, 1, 1);
      const question = await answerLog.question(questionId);
      expect([question.settledAt, question.overdue]).to.deep.equal([await latest(), false]);
      await networkHelpers.time.increase(10_000);
      await refused(answerLog.markOverdue(questionId), 'AlreadySettled', questionId);
      expect(await answerLog.overdueCount(1)).to.equal(0n);
    });

    it('are settled by a refusal', async () => {
      const { answerLog } = world;
      const request = await asking.request();
      const questionId = await lodge(request, (await latest()) + 7_200n);
      await expect(asking.refuse(request, 9))
        .to.emit(answerLog, 'QuestionSettled')
        .withArgs(questionId, 1, 1);
    });

    it('are counted once when overdue, by anyone', async () => {
      const { answerLog, stranger } = world;
      const deadline = (await latest()) + 7_200n;
      const questionId = await lodge(await asking.request(), deadline);
      await networkHelpers.time.setNextBlockTimestamp(deadline);
      await refused(
        answerLog.connect(stranger).markOverdue(questionId),
        'NotYetOverdue',
        questionId,
        deadline,
      );
      await networkHelpers.time.setNextBlockTimestamp(deadline + 1n);
      await expect(answerLog.connect(stranger).markOverdue(questionId))
        .to.emit(answerLog, 'QuestionOverdue')
        .withArgs(questionId, 1, 1);
      await refused(answerLog.markOverdue(questionId), 'AlreadyOverdue', questionId);
      expect(await answerLog.overdueCount(1)).to.equal(1n);
      await refused(answerLog.markOverdue(id('x')), 'UnknownQuestion', id('x'));
    });

    it('count as overdue when answered late, though nobody had marked them', async () => {
      const { answerLog } = world;
      const request = await asking.request({ expiry: (await latest()) + 20_000n });
      const questionId = await lodge(request, (await latest()) + 7_200n);
      await networkHelpers.time.increase(8_000);
      await asking.log(request);
      expect(await answerLog.overdueCount(1)).to.equal(1n);
      expect((await answerLog.question(questionId)).overdue).to.equal(true);
      await refused(answerLog.markOverdue(questionId), 'AlreadySettled', questionId);
    });

    it('cannot be lodged after their answer or refusal, and so be overdue for good', async () => {
      const { answerLog, requester } = world;
      const answered = await asking.request();
      await asking.log(answered);
      const turnedDown = await asking.request();
      await asking.refuse(turnedDown, 9);
      const deadline = (await latest()) + 7_200n;
      for (const request of [answered, turnedDown]) {
        const digest = await answerLog.requestDigest(request);
        const questionId = await answerLog.questionIdOf(digest, 1, requester.id);
        await refused(
          answerLog.connect(requester.operator).lodge(digest, 1, deadline),
          'AlreadySettled',
          questionId,
        );
        await refused(answerLog.markOverdue(questionId), 'UnknownQuestion', questionId);
      }
      expect(await answerLog.overdueCount(1)).to.equal(0n);
    });

    it('cannot be lodged by somebody else first and so be kept from their owner', async () => {
      const { answerLog, hebei } = world;
      const request = await asking.request();
      const digest = await answerLog.requestDigest(request);
      const deadline = (await latest()) + 7_200n;
      await answerLog.connect(hebei.operator).lodge(digest, 1, deadline + 86_400n);
      const mine = await lodge(request, deadline);
      await asking.log(request);
      expect((await answerLog.question(mine)).settledAt).to.not.equal(0n);
    });

    it('that never arrived can be denied by the owner, which is counted apart', async () => {
      const { answerLog, beijing, tianjin } = world;
      const deadline = (await latest()) + 7_200n;
      // A hash of nothing.
      await answerLog.connect(world.requester.operator).lodge(id('nothing'), 1, deadline);
      const questionId = await answerLog.questionIdOf(id('nothing'), 1, world.requester.id);
      await refused(
        answerLog.connect(tianjin.operator).denyReceipt(questionId),
        'NotRegisterOwner',
        1,
        tianjin.id,
      );
      await expect(answerLog.connect(beijing.operator).denyReceipt(questionId))
        .to.emit(answerLog, 'QuestionDenied')
        .withArgs(questionId, 1, 11);
      await allRefused(
        [
          () => answerLog.connect(beijing.operator).denyReceipt(questionId),
          () => answerLog.markOverdue(questionId),
        ],
        answerLog,
        'AlreadySettled',
        questionId,
      );
      expect(await answerLog.overdueCount(1)).to.equal(0n);
      expect(await answerLog.deniedCount(1)).to.equal(1n);
      await refused(answerLog.connect(beijing.operator).denyReceipt(id('x')), 'UnknownQuestion', id('x'));
    });

    it('are overdue when denied late', async () => {
      const { answerLog, beijing } = world;
      const questionId = await lodge(await asking.request(), (await latest()) + 7_200n);
      await networkHelpers.time.increase(8_000);
      await answerLog.connect(beijing.operator).denyReceipt(questionId);
      expect(await answerLog.overdueCount(1)).to.equal(1n);
    });

    it('need an active member, a known register, a fair deadline, and are lodged once', async () => {
      const { answerLog, consortium, requester, stranger } = world;
      const mine = answerLog.connect(requester.operator);
      const time = (await latest()) + 50n;
      for (const deadline of [0n, time + 3_599n, time + 30n * 86_400n + 1n]) {
        await networkHelpers.time.setNextBlockTimestamp(time);
        const snapshot = await networkHelpers.takeSnapshot();
        await refused(
          mine.lodge(id('x'), 1, deadline),
          'InvalidDeadline',
          deadline,
          time + 3_600n,
          time + 30n * 86_400n,
        );
        await snapshot.restore();
      }
      await refused(mine.lodge(id('x'), 9, time + 7_200n), 'UnknownRegister', 9);
      await expect(
        answerLog.connect(stranger).lodge(id('x'), 1, time + 7_200n),
      ).to.be.revertedWithCustomError(consortium, 'NotOperator');
      await mine.lodge(id('x'), 1, time + 7_200n);
      const questionId = await answerLog.questionIdOf(id('x'), 1, requester.id);
      await refused(mine.lodge(id('x'), 1, time + 9_000n), 'AlreadyLodged', questionId);
      await world.council(consortium, 'suspend', requester.id, id('x'));
      await expect(mine.lodge(id('y'), 1, time + 9_000n)).to.be.revertedWithCustomError(
        consortium,
        'MemberNotActive',
      );
    });
  });

  describe('verifyClaim', () => {
    const signalsOf = async (request: TestRequest, answer = 1n, disputed = 0n): Promise<bigint[]> => {
      const { registers, answerLog } = world;
      const { secretCommit } = await registers.register(request.registerId);
      return [
        answer,
        disputed,
        BigInt((await registers.batch(request.registerId, 1)).newRoot),
        BigInt(secretCommit),
        BigInt(request.subjectTag),
        BigInt(request.predicateHash),
        BigInt(request.asOfDay),
        await answerLog.contextOf(request),
      ];
    };

    it('passes the verifier all eight signals, of which only two are the caller’s', async () => {
      const { answerLog } = world;
      const request = await asking.request();
      await asking.log(request);
      const signals = await signalsOf(request);
      expect(await answerLog.verifyClaim(1, true, false, mockProof(signals))).to.equal(true);
      expect(await answerLog.verifyClaim(1, false, false, mockProof(signals))).to.equal(false);
      expect(await answerLog.verifyClaim(1, true, true, mockProof(signals))).to.equal(false);
      for (let i = 0; i < signals.length; i += 1) {
        const forged = signals.map((signal, j) => (i === j ? signal + 1n : signal));
        expect(await answerLog.verifyClaim(1, true, false, mockProof(forged)), `signal ${i}`).to.equal(false);
      }
      const no = await signalsOf(request, 0n, 1n);
      expect(await answerLog.verifyClaim(1, false, true, mockProof(no))).to.equal(true);
    });

    it('refuses an entry that is not there, or is a refusal', async () => {
      const { answerLog } = world;
      const proof = mockProof([0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]);
      await allRefused(
        [
          () => answerLog.verifyClaim(1, true, false, proof),
          () => answerLog.entry(1),
          () => answerLog.entryHash(1),
        ],
        answerLog,
        'UnknownLogEntry',
        1,
      );
      await asking.refuse(await asking.request(), 4);
      await refused(answerLog.verifyClaim(1, true, false, proof), 'EntryIsRefusal', 1, 4);
    });

    it('still checks a claim whose root was superseded, whose circuit was retired, whose owner was suspended', async () => {
      const { answerLog, consortium, beijing } = world;
      const request = await asking.request();
      await asking.log(request);
      const proof = mockProof(await signalsOf(request));
      await asking.register.append(makeEntries(1, 9));
      await world.council(consortium, 'retireCircuit', CIRCUIT_8);
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      await networkHelpers.time.increase(100 * DAY);
      expect(await answerLog.verifyClaim(1, true, false, proof)).to.equal(true);
    });

    it('refuses a claim whose batch is contested or annulled now', async () => {
      const { answerLog, registers, hebei } = world;
      const next = await asking.register.append(makeEntries(1, 9));
      const { tianjin, tianjin2 } = world;
      // Witnessed by Tianjin and, after the quiet time, by quorum; answered under; then somebody replays it.
      await registers.connect(tianjin.witness).attest([next.batchHash]);
      await networkHelpers.time.increase(HOUR + 1);
      const request = await asking.request();
      await asking.log(request, { batchHash: next.batchHash });
      const proof = mockProof(await signalsOf(request));
      await registers.connect(hebei.witness).object(next.batchHash, madeUpRoot(1));
      await expect(answerLog.verifyClaim(1, true, false, proof))
        .to.be.revertedWithCustomError(registers, 'BatchContested')
        .withArgs(1, 2);
      await world.council(registers, 'rule', 1, 2, true, id('x'));
      await expect(answerLog.verifyClaim(1, true, false, proof))
        .to.be.revertedWithCustomError(registers, 'BatchAnnulled')
        .withArgs(next.batchHash);
      expect(tianjin2.region).to.equal(tianjin.region);
    });

    it('refuses a claim whose root was not current when it was logged', async () => {
      const { answerLog, registers, hebei } = world;
      const stale = await asking.request();
      const snapshot = await networkHelpers.takeSnapshot();
      await networkHelpers.time.increase(PROMISE_SECONDS + 100);
      const late = await asking.request();
      await asking.log(late);
      await refused(
        answerLog.verifyClaim(1, true, false, mockProof(await signalsOf(late))),
        'RootNotCurrent',
        1,
        STANDING.stale,
      );
      await snapshot.restore();
      const next = await asking.register.append(makeEntries(1, 9));
      await registers.connect(hebei.witness).object(next.batchHash, madeUpRoot(1));
      await asking.log(stale);
      await refused(
        answerLog.verifyClaim(1, true, false, mockProof(await signalsOf(stale))),
        'RootNotCurrent',
        1,
        STANDING.contested,
      );
    });

    it('works for other contracts', async () => {
      const { answerLog, target } = world;
      const request = await asking.request();
      await asking.log(request);
      const data = answerLog.interface.encodeFunctionData('verifyClaim', [
        1,
        true,
        false,
        mockProof(await signalsOf(request)),
      ]);
      const result = await target.run.staticCall(answerLog, data);
      expect(BigInt(result)).to.equal(1n);
    });
  });
});
