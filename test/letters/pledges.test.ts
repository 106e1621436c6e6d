import { expect } from 'chai';
import type { PrivateKeyAccount } from 'viem';
import type { NewPledge } from '../../node/src/letters/index.ts';
import { codeOf } from '../support/codes.ts';
import { rejection } from '../support/wait.ts';
import {
  admit,
  BY,
  day,
  type LetterWorld,
  letterWorld,
  oneTimeKey,
  sign,
  SUBJECT,
  TODAY,
} from './support/world.ts';

const ASSOCIATION = 9n;

describe('Voluntary pledges', function () {
  this.timeout(60_000);
  let world: LetterWorld;
  let pledger: PrivateKeyAccount;
  beforeEach(async () => {
    world = await letterWorld();
    await admit(world, { id: ASSOCIATION, role: 3 });
    world.chain.member = ASSOCIATION;
    pledger = oneTimeKey();
  });
  afterEach(() => world.dispose());

  const pledge = (change: Partial<NewPledge> = {}): NewPledge => ({
    ...SUBJECT,
    kind: 'comprehensive',
    text: '依法经营，接受社会监督',
    scope: '协会网站',
    publicUntil: day('2027-06-01'),
    pledger: pledger.address,
    ...change,
  });

  async function published(): Promise<bigint> {
    const { id, typedData } = await world.room.pledges.drawUp(pledge(), BY);
    const { pledgeId } = await world.room.pledges.publish(id, await sign(pledger, typedData), BY);
    if (pledgeId === null) throw new Error('it was not published');
    return pledgeId;
  }

  it('are published through an association, with the company’s signature, and seen by the public', async () => {
    const pledgeId = await published();
    expect(await world.room.publicPledges()).to.deep.include.members([
      {
        pledgeId,
        kind: 'comprehensive',
        pledger: { name: SUBJECT.name, creditCode: SUBJECT.creditCode },
        text: '依法经营，接受社会监督',
        scope: '协会网站',
        from: TODAY,
        until: day('2027-06-01'),
        documentHash: (await world.room.pledges.list())[0]?.said.documentHash,
        observations: 0,
      },
    ]);
    const calldata = world.chain.sent.map(({ data }) => data).join('');
    for (const secret of [SUBJECT.creditCode, SUBJECT.name]) {
      expect(calldata).to.not.include(Buffer.from(secret).toString('hex'));
    }
  });

  it('are refused to whoever is no association, for a past day, and with another’s signature', async () => {
    expect(await codeOf(world.room.pledges.drawUp(pledge({ publicUntil: day('2026-05-31') }), BY))).to.equal(
      'PLEDGE_UNTIL_INVALID',
    );
    const { id, typedData } = await world.room.pledges.drawUp(pledge(), BY);
    expect(await codeOf(world.room.pledges.publish(id, await sign(oneTimeKey(), typedData), BY))).to.equal(
      'PLEDGE_WRONG_SIGNATURE',
    );
    expect(await codeOf(world.room.pledges.publish(77n, await sign(pledger, typedData), BY))).to.equal(
      'PLEDGE_UNKNOWN',
    );
    world.chain.member = 1n;
    expect(await codeOf(world.room.pledges.drawUp(pledge(), BY))).to.equal('PLEDGE_NOT_ASSOCIATION');
    expect(world.chain.sent).to.deep.equal([]);
  });

  it('are published once', async () => {
    const { id, typedData } = await world.room.pledges.drawUp(pledge(), BY);
    const signature = await sign(pledger, typedData);
    await world.room.pledges.publish(id, signature, BY);
    expect(await codeOf(world.room.pledges.publish(id, signature, BY))).to.equal('PLEDGE_KNOWN');
  });

  it('are told from those of an association that took up the same hash while ours was pending', async () => {
    const { id, typedData } = await world.room.pledges.drawUp(pledge(), BY);
    const args = {
      pledgeId: 77n,
      association: 88n,
      kind: 1,
      pledger: oneTimeKey().address,
      documentHash: typedData.message['documentHash'],
      scopeHash: typedData.message['scopeHash'],
      publicUntil: day('2027-06-01'),
    };
    await world.register.chain.mine([{ contract: 'VoluntaryPledges', name: 'PledgePublished', args }]);
    const done = await world.room.pledges.publish(id, await sign(pledger, typedData), BY);
    expect(done.pledgeId).to.equal(1n);
    expect((await world.room.publicPledges()).map(({ pledgeId }) => pledgeId)).to.deep.equal([1n]);
  });

  it('are taken back by the company’s own signature, by whoever relays it, and are then gone from the public', async () => {
    const pledgeId = await published();
    const typed = await world.room.pledges.drawUpWithdrawal(pledgeId);
    world.chain.member = 1n;
    expect(await codeOf(world.room.pledges.withdraw(pledgeId, await sign(oneTimeKey(), typed), BY))).to.equal(
      'PLEDGE_WRONG_SIGNATURE',
    );
    await world.room.pledges.withdraw(pledgeId, await sign(pledger, typed), BY);
    world.chain.member = ASSOCIATION;
    expect(await world.room.publicPledges()).to.deep.equal([]);
    const again = await rejection(world.room.pledges.withdraw(pledgeId, await sign(pledger, typed), BY));
    expect(again.code).to.equal('PLEDGE_WITHDRAWN');
    expect(again.message).to.include('2026-06-01');
    expect(await codeOf(world.room.pledges.observe(pledgeId, '太迟', BY))).to.equal('PLEDGE_WITHDRAWN');
    expect(await codeOf(world.room.pledges.drawUpWithdrawal(77n))).to.equal('PLEDGE_UNKNOWN');
  });

  it('are gone from the public after their last day', async () => {
    await published();
    world.pass(366 * 86_400);
    expect(await world.room.publicPledges()).to.deep.equal([]);
    expect((await world.room.pledges.list())[0]?.isPublic).to.equal(false);
  });

  it('get observations of other members, and none of the association itself', async () => {
    const pledgeId = await published();
    expect(await codeOf(world.room.pledges.observe(pledgeId, '很好', BY))).to.equal('PLEDGE_OWN');
    world.chain.member = 1n;
    expect(await codeOf(world.room.pledges.observe(pledgeId, ' ', BY))).to.equal('LETTER_REASON_MISSING');
    const { document } = await world.room.pledges.observe(pledgeId, '三月抽检不合格', BY);
    expect(document).to.include({ text: '三月抽检不合格' });
    const [view] = await world.room.pledges.list();
    expect(view?.said.observations.map(({ observer }) => observer)).to.deep.equal([1n]);
    // Of another association’s pledge no document is known here.
    expect(view?.row).to.equal(undefined);
  });
});
