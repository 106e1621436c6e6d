import { expect } from 'chai';
import { freshProcesses } from './support/processes.ts';

describe('The calendar of working days', () => {
  it('is in force', async () => {
    const { calendar, consortium } = await freshProcesses();
    expect(await calendar.consortium()).to.equal(await consortium.getAddress());
  });
});
