import { expect } from 'chai';
import fc from 'fast-check';
import { pauseAfter, pauseWhilePending } from '../../node/src/exchange/retry.ts';

describe('Pauses', () => {
  it('while pending let nobody learn of the end later than by a quarter of what it took, and a first pause', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40_000 }), (tookMilliseconds) => {
        let waited = 0;
        for (let turns = 0; waited < tookMilliseconds; turns += 1)
          waited += pauseWhilePending(turns, 200, 10_000);
        expect(waited - tookMilliseconds).to.be.at.most(tookMilliseconds / 4 + 200);
      }),
    );
  });

  it('never exceed the longest, however often something failed or was pending', () => {
    fc.assert(
      fc.property(fc.nat(), (turns) => {
        expect(pauseAfter(turns, 200, 10_000)).to.be.within(200, 10_000);
        expect(pauseWhilePending(turns, 200, 10_000)).to.be.within(200, 10_000);
      }),
    );
  });
});
