import { expect } from 'chai';
import type { FileKeyring } from '../../node/src/keys/index.ts';
import { EventStore } from '../../node/src/store/events.ts';
import { ChainStage, testKeyring } from '../support/chain.ts';
import { onBothEngines, type TestDatabase } from '../support/database.ts';
import { noteData } from '../support/probe.ts';
import { waitFor } from '../support/wait.ts';

onBothEngines('outbox and follower together', (open) => {
  let test: TestDatabase;
  let keyring: FileKeyring;
  let remove: () => Promise<void>;
  let stage: ChainStage;

  before(async () => {
    test = await open();
    ({ keyring, remove } = await testKeyring());
    stage = await ChainStage.make(test.db, keyring);
  });
  after(async () => {
    await stage?.dispose();
    await test?.dispose();
    await remove?.();
  });

  it('send, follow, lose blocks in the middle of the work, and end with each thing once and in order', async () => {
    const outbox = stage.outbox();
    const follower = stage.follower([outbox]);
    const count = 12;
    const ids = await test.db.transaction(async (tx) => {
      const made: bigint[] = [];
      for (let value = 0; value < count; value++) {
        const request = {
          kind: 'note',
          dedupeKey: `note:${value}`,
          role: 'operator',
          to: stage.probe,
        } as const;
        made.push(await outbox.enqueue(tx, { ...request, data: noteData(value) }));
      }
      return made;
    });
    let rollbacks = 0;
    await waitFor('all to be on the chain', async () => {
      if (rollbacks < 3 && (await stage.next()) > BigInt(3 * (rollbacks + 1))) {
        rollbacks++;
        await stage.hand.request({ method: 'anvil_rollback', params: [2] } as never);
      }
      const states = await Promise.all(ids.map(async (id) => (await outbox.get(id)).state));
      return (await stage.next()) === BigInt(count) && states.every((state) => state === 'mined');
    });
    await follower.waitForBlock(await stage.hand.getBlockNumber());
    expect(rollbacks).to.equal(3);
    const events = await new EventStore(test.db).events();
    expect(events.map(({ seq }) => Number(seq))).to.deep.equal(
      Array.from({ length: count }, (_, seq) => seq),
    );
    expect(await stage.hand.getTransactionCount({ address: keyring.operatorAddress })).to.equal(count);
  });
});
