import { REFUSAL } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { id, ZeroHash } from 'ethers';
import type { AnswerLog, SubjectConsents } from '../../types/index.ts';
import { Consenting } from './support/consenting.ts';
import { inOneBlock, UNESTIMATED } from './support/one-block.ts';
import type { ProcessWorld } from './support/processes.ts';
import { type Asking, giveGrant, type TestRequest } from './support/requests.ts';
import { CIRCUIT_8, CONSENT_APPLICATION, makeEntries, PREDICATE, TestRegister } from './support/world.ts';

describe('SubjectConsents, through the answer log', () => {
  let consenting: Consenting;
  let asking: Asking;
  let world: ProcessWorld;
  let consents: SubjectConsents;
  let answerLog: AnswerLog;
  beforeEach(async () => {
    consenting = await Consenting.fresh();
    ({ asking, world } = consenting);
    ({ consents, answerLog } = world);
  });

  const uses = async (consentId: string): Promise<bigint> => (await consents.consent(consentId)).uses;
  const refused = async (attempt: Promise<unknown>, error: string, ...operands: unknown[]) => {
    await expect(attempt)
      .to.be.revertedWithCustomError(consents, error)
      .withArgs(...operands);
  };
  /** Nothing of the question was logged, no grant was used, no tag taken. */
  const nothingLogged = async (request: TestRequest): Promise<void> => {
    const { requester, grants } = world;
    expect(
      await answerLog.logIdOf(request.registerId, request.grantId, requester.id, request.requestId),
    ).to.equal(0n);
    expect(await answerLog.requestOfTag(requester.id, request.subjectTag)).to.equal(ZeroHash);
    expect((await grants.grant(request.grantId)).uses).to.equal(0n);
  };

  it('an application behind the subject’s consent is refused without a citation and answered with one', async () => {
    const consentId = await consenting.give();
    const { request, digest } = await consenting.question();
    await refused(asking.log(request), 'ConsentNotCited', digest);
    await nothingLogged(request);
    await consenting.cite(consentId, digest);
    await expect(asking.log(request))
      .to.emit(consents, 'ConsentUsed')
      .withArgs(
        consentId,
        digest,
        world.requester.id,
        asking.register.id,
        CONSENT_APPLICATION,
        PREDICATE,
        request.subjectTag,
        1,
      );
    expect(await uses(consentId)).to.equal(1n);
    await expect(asking.log(request)).to.be.revertedWithCustomError(answerLog, 'AlreadyLogged').withArgs(1);
    expect(await uses(consentId)).to.equal(1n);
  });

  it('a grant that needs consent is refused without a citation and answered with one', async () => {
    const grantId = await giveGrant(world, { applicationId: CONSENT_APPLICATION, consentRequired: true });
    const consentId = await consenting.give();
    const { request, digest } = await consenting.question({ grantId });
    await refused(asking.log(request), 'ConsentNotCited', digest);
    await consenting.cite(consentId, digest);
    await asking.log(request);
    expect(await uses(consentId)).to.equal(1n);
  });

  it('every answer counts one use, and after the last one there is no answer', async () => {
    const consentId = await consenting.give({ maxUses: 2 });
    const questions = [await consenting.question(), await consenting.question(), await consenting.question()];
    for (const { digest } of questions) await consenting.cite(consentId, digest);
    const [first, second, third] = questions;
    if (!first || !second || !third) throw new Error('questions');
    await asking.log(first.request);
    await asking.log(second.request);
    await refused(asking.log(third.request), 'ConsentExhausted', consentId, 2);
    expect(await uses(consentId)).to.equal(2n);
    // Another consent does not help a question that has cited this one; a new question can cite it.
    const another = await consenting.give();
    await refused(consenting.cite(another, third.digest), 'AlreadyCited', third.digest, consentId);
    const { request, digest } = await consenting.question();
    await consenting.cite(another, digest);
    await asking.log(request);
  });

  it('a refusal uses up nothing, and needs no consent', async () => {
    const consentId = await consenting.give({ maxUses: 1 });
    const refusedOne = await consenting.question();
    await consenting.cite(consentId, refusedOne.digest);
    await asking.refuse(refusedOne.request, REFUSAL.BUSY);
    const uncited = await consenting.question();
    await asking.refuse(uncited.request, REFUSAL.CONSENT_MISSING);
    expect(await uses(consentId)).to.equal(0n);
    const { request, digest } = await consenting.question();
    await consenting.cite(consentId, digest);
    await asking.log(request);
    expect(await uses(consentId)).to.equal(1n);
  });

  it('an answer that fails for another reason uses up nothing', async () => {
    const consentId = await consenting.give({ maxUses: 1 });
    const { request, digest } = await consenting.question();
    await consenting.cite(consentId, digest);
    const attempts = [
      asking.log(request, { batchHash: id('no batch') }),
      asking.log(request, { circuitId: id('no circuit') }),
      asking.log(request, { commitment: ZeroHash }),
      asking.log(request, { caller: world.tianjin.operator }),
    ];
    for (const outcome of await Promise.allSettled(attempts)) expect(outcome.status).to.equal('rejected');
    expect(await uses(consentId)).to.equal(0n);
    await asking.log(request);
  });

  it('another requester’s citation does not serve, nor does one for a like question', async () => {
    const consentId = await consenting.give({ requester: world.hebei.id });
    const { request, digest } = await consenting.question();
    await consenting.cite(consentId, digest, world.hebei);
    await refused(asking.log(request), 'ConsentNotCited', digest);
    const own = await consenting.give();
    const like = { ...request, requestId: id('a like request') };
    await consenting.cite(own, await answerLog.requestDigest(like));
    await refused(asking.log(request), 'ConsentNotCited', digest);
    await nothingLogged(request);
    expect([await uses(consentId), await uses(own)]).to.deep.equal([0n, 0n]);
  });

  it('a consent to ask one register does not open another', async () => {
    const { tianjin } = world;
    const register = await TestRegister.open(world, tianjin);
    const { batchHash } = await register.appendWitnessed(makeEntries(2, 9));
    const grantId = await giveGrant(world, { applicationId: CONSENT_APPLICATION }, tianjin);
    const consentId = await consenting.give();
    const { request, digest } = await consenting.question({ registerId: register.id, grantId });
    await consenting.cite(consentId, digest);
    const log = (asked: TestRequest) => asking.log(asked, { batchHash, caller: tianjin.operator });
    await refused(log(request), 'ConsentNotForRegister', consentId, register.id);
    await nothingLogged(request);
    const right = await consenting.give({ registerId: register.id });
    const again = await consenting.question({ registerId: register.id, grantId });
    await consenting.cite(right, again.digest);
    await log(again.request);
    expect([await uses(consentId), await uses(right)]).to.deep.equal([0n, 1n]);
  });

  describe('in one block', () => {
    let consentId: string;
    let request: TestRequest;
    let digest: string;
    let signature: string;
    beforeEach(async () => {
      consentId = await consenting.give({ maxUses: 1 });
      ({ request, digest } = await consenting.question());
      signature = await asking.sign(request);
    });

    const log = () =>
      answerLog
        .connect(asking.owner.operator)
        .log(request, signature, asking.batchHash, CIRCUIT_8, id('commitment'), UNESTIMATED);
    const cite = () => consents.connect(world.requester.operator).cite(consentId, digest, UNESTIMATED);

    it('revoked first: nothing is logged', async () => {
      await consenting.cite(consentId, digest);
      const revocation = await consenting.signRevocation(consentId);
      const revoke = () => consents.connect(world.stranger).revoke(consentId, revocation, UNESTIMATED);
      expect(await inOneBlock(revoke, log)).to.deep.equal([true, false]);
      expect(await uses(consentId)).to.equal(0n);
      await nothingLogged(request);
      const { revokedAt } = await consents.consent(consentId);
      await refused(asking.log(request), 'ConsentIsRevoked', consentId, revokedAt);
    });

    it('logged first: the answer stands, and is the last', async () => {
      await consenting.cite(consentId, digest);
      const revocation = await consenting.signRevocation(consentId);
      const revoke = () => consents.connect(world.stranger).revoke(consentId, revocation, UNESTIMATED);
      expect(await inOneBlock(log, revoke)).to.deep.equal([true, true]);
      const consent = await consents.consent(consentId);
      expect([consent.uses, consent.revokedAt > 0n]).to.deep.equal([1n, true]);
    });

    it('the binding ended first: nothing is logged', async () => {
      await consenting.cite(consentId, digest);
      const end = () =>
        consents.connect(world.beijing.operator).endBinding(consenting.bindingId, UNESTIMATED);
      // The owner of the register vouched, so both are its transactions; the order is that of its nonces.
      expect(await inOneBlock(end, log)).to.deep.equal([true, false]);
      await nothingLogged(request);
    });

    it('cited first serves; cited afterwards does not', async () => {
      expect(await inOneBlock(log, cite)).to.deep.equal([false, true]);
      await nothingLogged(request);
      const other = await consenting.give({ maxUses: 1 });
      ({ request, digest } = await consenting.question());
      signature = await asking.sign(request);
      consentId = other;
      expect(await inOneBlock(cite, log)).to.deep.equal([true, true]);
      expect(await uses(other)).to.equal(1n);
    });

    it('the last use goes to who comes first', async () => {
      await consenting.cite(consentId, digest);
      const second = await consenting.question();
      await consenting.cite(consentId, second.digest);
      const secondSignature = await asking.sign(second.request);
      const logSecond = () =>
        answerLog
          .connect(asking.owner.operator)
          .log(second.request, secondSignature, asking.batchHash, CIRCUIT_8, id('commitment'), UNESTIMATED);
      expect(await inOneBlock(log, logSecond)).to.deep.equal([true, false]);
      expect(await uses(consentId)).to.equal(1n);
    });

    it('given and revoked: revoked before it is given, it is never given', async () => {
      const terms = await consenting.terms();
      const given = await consenting.sign(terms);
      const id_ = await consents.consentIdOf(terms);
      const revocation = await consenting.signRevocation(id_);
      const give = () => consents.connect(world.requester.operator).give(terms, given, UNESTIMATED);
      const revoke = () => consents.connect(world.stranger).revoke(id_, revocation, UNESTIMATED);
      expect(await inOneBlock(revoke, give)).to.deep.equal([true, false]);
      expect((await consents.consent(id_)).givenAt).to.equal(0n);
    });
  });
});
