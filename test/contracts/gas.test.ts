import { expect } from 'chai';
import { measureGas, type GasFigures } from '../../scripts/lib/gas.ts';

describe('Gas', () => {
  let figures: GasFigures;
  before(async () => {
    figures = await measureGas();
  });

  it('of an entry is at most 3,000 at 1,000 a batch, all data on chain', () => {
    expect(figures.gasPerEntry).to.be.greaterThan(1_500).and.at.most(3_000);
  });

  it('of a claim verified on chain is at most 300,000', () => {
    expect(figures.gasVerifyClaim).to.be.greaterThan(200_000).and.at.most(300_000);
  });
});
