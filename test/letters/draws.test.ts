import { seedCommitOf } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { decodeFunctionData } from 'viem';
import { commitmentLettersAbi } from '@credit-ledger/sdk/chain';
import { codeOf } from '../support/codes.ts';
import { rejection } from '../support/wait.ts';
import { admit, BY, day, inform, type LetterWorld, letterWorld, offer, promise } from './support/world.ts';

const DAY_SECONDS = 86_400;

describe('Draws of letters to be checked', function () {
  this.timeout(60_000);
  let world: LetterWorld;
  beforeEach(async () => {
    world = await letterWorld();
  });
  afterEach(() => world.dispose());

  const inDays = (days: number): bigint => world.chain.time + BigInt(days * DAY_SECONDS);
  const open = async (rateBasisPoints = 5_000, days = 10): Promise<bigint> => {
    const { drawId } = await world.room.draws.open({ rateBasisPoints, closesAt: inDays(days) }, BY);
    if (drawId === null) throw new Error('it was not opened');
    return drawId;
  };

  /** A letter in a draw, decided. */
  async function decided(drawId: bigint): Promise<bigint> {
    const letter = await inform(world, await offer(world), { drawId });
    await promise(world, letter);
    await world.room.checks.decide(
      letter.id,
      { decision: '准予', mode: 'routine', checkBy: day('2026-07-31') },
      BY,
    );
    return letter.id;
  }

  it('fix their seed when they are opened, and no row of the database holds it before it is revealed', async () => {
    const drawId = await open();
    world.pass(11 * DAY_SECONDS);
    await world.room.draws.reveal(drawId, BY);
    const [opened, revealed] = world.chain.sent.map(({ data }) =>
      decodeFunctionData({ abi: commitmentLettersAbi, data }),
    );
    const seed = revealed?.args?.[1] as `0x${string}`;
    expect(opened?.args?.[0]).to.equal(seedCommitOf(seed));
    const steps = await world.db.query("SELECT detail, about_key FROM letter_steps WHERE about = 'draw'");
    expect(JSON.stringify(steps)).to.not.include(seed.slice(2));
    const [draw] = await world.room.draws.list();
    expect(draw).to.include({ drawId, seed, state: 'revealed', own: true });
  });

  it('have a seed each', async () => {
    await open();
    await open();
    const commits = (await world.room.draws.list()).map(({ seedCommit }) => seedCommit);
    expect(new Set(commits).size).to.equal(2);
  });

  it('are refused with no rate, more than all, or a closing too near or too far', async () => {
    const opening = (rateBasisPoints: number, closesAt: bigint): Promise<string> =>
      codeOf(world.room.draws.open({ rateBasisPoints, closesAt }, BY));
    expect(await opening(0, inDays(5))).to.equal('LETTER_DRAW_RATE_INVALID');
    expect(await opening(10_001, inDays(5))).to.equal('LETTER_DRAW_RATE_INVALID');
    expect(await opening(100, world.chain.time + 60n)).to.equal('LETTER_DRAW_PERIOD_INVALID');
    expect(await opening(100, inDays(367))).to.equal('LETTER_DRAW_PERIOD_INVALID');
    expect(world.chain.sent).to.deep.equal([]);
  });

  it('are revealed from their closing on, within seven days, once, by their authority', async () => {
    const drawId = await open();
    const early = await rejection(world.room.draws.reveal(drawId, BY));
    expect(early.code).to.equal('LETTER_DRAW_OPEN');
    expect(early.message).to.include('2026-06-11');
    expect(await codeOf(world.room.draws.reveal(77n, BY))).to.equal('LETTER_DRAW_UNKNOWN');
    world.pass(11 * DAY_SECONDS);
    expect((await world.room.draws.list())[0]?.state).to.equal('to-be-revealed');
    await admit(world, { id: 2n, role: 1 });
    world.chain.member = 2n;
    expect(await codeOf(world.room.draws.reveal(drawId, BY))).to.equal('LETTER_DRAW_NOT_YOURS');
    world.chain.member = 1n;
    await world.room.draws.reveal(drawId, BY);
    expect(await codeOf(world.room.draws.reveal(drawId, BY))).to.equal('LETTER_DRAW_REVEALED');
  });

  it('that were not revealed in time select every letter, for good', async () => {
    const drawId = await open(1);
    const id = await decided(drawId);
    expect((await world.room.views.get(id)).selection).to.deep.equal({ known: false, selected: false });
    world.pass(18 * DAY_SECONDS);
    expect((await world.room.views.get(id)).selection).to.deep.equal({ known: true, selected: true });
    expect(await codeOf(world.room.draws.reveal(drawId, BY))).to.equal('LETTER_DRAW_TOO_LATE');
    expect((await world.room.draws.list())[0]?.state).to.equal('not-revealed');
  });

  it('at the full rate select every letter once they are revealed', async () => {
    const drawId = await open(10_000);
    const id = await decided(drawId);
    world.pass(11 * DAY_SECONDS);
    await world.room.draws.reveal(drawId, BY);
    expect((await world.room.views.get(id)).selection).to.deep.equal({ known: true, selected: true });
  });

  it('take no letter after their closing, nor one that could be promised after it', async () => {
    const drawId = await open(5_000, 2);
    const id = await offer(world);
    const informing = (change: object): Promise<string> => codeOf(inform(world, id, { drawId, ...change }));
    expect(await informing({ drawId: 77n })).to.equal('LETTER_DRAW_UNKNOWN');
    expect(await informing({ promiseBy: inDays(3) })).to.equal('LETTER_PROMISE_BY_INVALID');
    world.pass(3 * DAY_SECONDS);
    expect(await informing({})).to.equal('LETTER_DRAW_CLOSED');
  });

  it('cannot be got round by exempting a letter that is in one', async () => {
    const letter = await inform(world, await offer(world), { drawId: await open() });
    await promise(world, letter);
    expect(
      await codeOf(world.room.checks.decide(letter.id, { decision: '准予', mode: 'exempt' }, BY)),
    ).to.equal('LETTER_CHECK_INVALID');
  });

  it('apart, a letter is checked by its mode alone', async () => {
    for (const [mode, selected] of [
      ['exempt', false],
      ['on-site', true],
    ] as const) {
      const letter = await inform(world, await offer(world));
      await promise(world, letter);
      const checkBy = mode === 'exempt' ? undefined : day('2026-07-01');
      await world.room.checks.decide(letter.id, { decision: '准予', mode, checkBy }, BY);
      expect((await world.room.views.get(letter.id)).selection).to.deep.equal({ known: true, selected });
    }
  });
});
