import { expect } from 'chai';
import { bringForward, OpeningsJournal } from '../../node/src/registers/index.ts';
import { TreeStore } from '../../node/src/store/index.ts';
import { onBothEngines } from '../support/database.ts';
import { COMPANY, OTHER_COMPANY, registerWorld } from './support/world.ts';

onBothEngines('A register from record to proof', (open) => {
  it('keeps entries, batches, annulments, rollbacks and restored journals alike', async () => {
    const world = await registerWorld({ coverEntries: 2 }, open);
    try {
      await world.service.open(3_600);
      await world.settle();
      const [record] = await world.record({}, { uscc: OTHER_COMPANY });
      const recordId = record?.id ?? 0n;
      await world.service.anchorNow();
      await world.settle();
      const correction = {
        op: 'correct',
        recordId,
        day: '2026-01-05',
        reason: '更正',
        corrected: { severity: 1 },
      } as const;
      const done = await world.service.operate(correction);
      expect((await world.service.operate(correction)).entryIds).to.deep.equal(done.entryIds);
      await world.service.anchorNow();
      await world.settle();
      const block = world.chain.block;
      await world.chain.annulAfter(1n, 1n);
      await world.chain.rollBackTo(block);
      await world.chain.annulAfter(1n, 1n);
      await world.settle();
      const standing = await new TreeStore(world.db).standing(1n);
      expect(standing.map(({ seq, size }) => [seq, size])).to.deep.equal([
        [1n, 4],
        [3n, 4],
      ]);
      const receipt = await world.service.receipt(recordId);
      expect(receipt.entries.map(({ op, state }) => [op, state])).to.deep.equal([
        ['record', 'appended'],
        ['revoke', 'appended'],
      ]);
      const chain = await world.service.chainOf(COMPANY, 1, 1n, 3n);
      expect(chain.entries).to.have.length(3);

      await world.db.exec('TRUNCATE own_registers, own_batches, entries, records RESTART IDENTITY CASCADE');
      const journal = new OpeningsJournal(world.journalPath, world.journalKey);
      const restored = await world.db.transaction((tx) =>
        bringForward(tx, journal, world.keyring as never, world.clock),
      );
      expect(restored).to.deep.equal({ batches: 2, entries: 8, records: 3 });
      expect(await world.service.chainOf(COMPANY, 1, 1n, 3n)).to.deep.equal(chain);
    } finally {
      await world.dispose();
    }
  });
});
