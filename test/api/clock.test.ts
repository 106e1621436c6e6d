import { expect } from 'chai';
import { CHAIN_CLOCK_TOLERANCE_SECONDS, ChainClock, type Clock, ShiftedClock } from '../../node/src/clock.ts';

const MACHINE = Date.UTC(2031, 0, 1);
const CHAIN = Date.UTC(2026, 5, 8, 1);
const seconds = (milliseconds: number): bigint => BigInt(milliseconds / 1000);

/** A machine whose time stands still unless it is moved. */
function machine(): ShiftedClock {
  const still: Clock = { now: () => new Date(MACHINE) };
  return new ShiftedClock(0, still);
}

describe('a clock that follows the chain', () => {
  it('is the machine’s until it has heard of a block', () => {
    expect(new ChainClock(machine()).now().getTime()).to.equal(MACHINE);
  });

  it('takes the chain’s time, and goes on with the machine’s between blocks', () => {
    const base = machine();
    const clock = new ChainClock(base);
    clock.follow(seconds(CHAIN));
    expect(clock.now().getTime()).to.equal(CHAIN);
    base.shift(5_000);
    expect(clock.now().getTime()).to.equal(CHAIN + 5_000);
  });

  it('moves with the chain, on and back', () => {
    const clock = new ChainClock(machine());
    for (const time of [CHAIN, CHAIN + 11 * 86_400_000, CHAIN - 86_400_000]) {
      clock.follow(seconds(time));
      expect(clock.now().getTime()).to.equal(time);
    }
  });

  it('does not go to and fro with blocks that are up to a minute away', () => {
    const clock = new ChainClock(machine());
    clock.follow(seconds(CHAIN));
    const tolerated = CHAIN_CLOCK_TOLERANCE_SECONDS * 1000;
    for (const time of [CHAIN - tolerated, CHAIN + tolerated]) {
      clock.follow(seconds(time));
      expect(clock.now().getTime()).to.equal(CHAIN);
    }
    clock.follow(seconds(CHAIN + tolerated + 1000));
    expect(clock.now().getTime()).to.equal(CHAIN + tolerated + 1000);
  });
});
