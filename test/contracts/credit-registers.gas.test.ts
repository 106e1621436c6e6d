import { expect } from 'chai';
import { encoded, freshWorld, makeEntries, TestRegister } from './support/world.ts';

describe('CreditRegisters: price of an entry', () => {
  it('costs at most 3,000 gas an entry at 1,000 a batch, all data on chain', async () => {
    const world = await freshWorld();
    const register = await TestRegister.open(world, world.beijing);
    await register.append(makeEntries(10, 7));
    const entries = makeEntries(1_000);
    const root = register.tree.append(entries, 2).root;
    const transaction = await world.registers
      .connect(world.beijing.operator)
      .append(register.id, (await world.registers.register(register.id)).root, `0x${root.toString(16).padStart(64, '0')}`, encoded(entries));
    const receipt = await transaction.wait();
    const gas = Number(receipt?.gasUsed) / 1_000;
    console.log(gas);
    expect(gas).to.be.at.most(3_000);
  });
});
