import { expect } from 'chai';
import fc from 'fast-check';
import { bodyOf, contentOf, entriesHash, OP, type Content, wordHex } from '@credit-ledger/sdk/protocol';
import { inBatchOrder, publicEntry, takeWholeBundles } from '../../node/src/registers/batching.ts';
import { BatchStore, EntryStore } from '../../node/src/store/index.ts';
import { companyCode, type RegisterWorld, registerWorld } from './support/world.ts';

describe('What goes into a batch', () => {
  it('is at most the limit, oldest first, and never a part of a bundle', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }), // true: a correction (two entries), false: one entry
        fc.integer({ min: 2, max: 20 }),
        (kinds, limit) => {
          let id = 0;
          const waiting = kinds.flatMap((isCorrection, i) =>
            (isCorrection ? [0, 1] : [0]).map(() => ({
              id: (id += 1),
              bundle: isCorrection ? BigInt(i) : null,
            })),
          );
          const batches: { id: number; bundle: bigint | null }[][] = [];
          let rest = waiting;
          while (rest.length > 0) {
            const taken = takeWholeBundles(rest.slice(0, limit + 1), limit);
            expect(taken.length).to.be.within(1, limit);
            rest = rest.slice(taken.length);
            batches.push(taken);
          }
          expect(batches.flat()).to.deep.equal(waiting);
          for (const batch of batches) {
            for (const { bundle } of batch) {
              if (bundle === null) continue;
              expect(batch.filter((other) => other.bundle === bundle)).to.have.length(2);
            }
          }
        },
      ),
    );
  });

  it('is sorted by key, and keeps the order of one key', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 1n, max: 12n }), { maxLength: 200 }), (keys) => {
        const rows = keys.map((subjectKey, i) => ({ subjectKey, i }));
        const ordered = inBatchOrder(rows);
        expect(ordered.map(({ subjectKey }) => subjectKey)).to.deep.equal(
          [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
        );
        for (const key of new Set(keys)) {
          const places = ordered.filter(({ subjectKey }) => subjectKey === key).map(({ i }) => i);
          expect(places).to.deep.equal([...places].sort((a, b) => a - b));
        }
      }),
    );
  });
});

describe('Batches of a register', () => {
  let world: RegisterWorld;

  afterEach(() => world.dispose());

  async function open(coverEntries = 0): Promise<string> {
    world = await registerWorld({ coverEntries });
    await world.service.open(86_400);
    await world.settle();
    return (await world.service.status()).keyId ?? '';
  }

  it('hold 1,024 entries and no more', async function () {
    this.timeout(120_000);
    const keyId = await open();
    await world.record(...Array.from({ length: 1_025 }, () => ({})));
    expect(await world.service.anchorNow()).to.deep.equal({ batches: 2, entries: 1_025 });
    const batches = new BatchStore(world.db);
    expect([
      (await batches.byOrdinal(keyId, 1))?.size,
      (await batches.byOrdinal(keyId, 2))?.size,
    ]).to.deep.equal([1_024, 1]);
  });

  it('are not made of nothing', async () => {
    await open(3);
    expect(await world.service.anchorNow()).to.deep.equal({ batches: 0, entries: 0 });
  });

  it('hold cover entries that look like any other and whose openings are kept', async () => {
    const keyId = await open(5);
    await world.record({}, { uscc: companyCode(7) });
    expect(await world.service.anchorNow()).to.deep.equal({ batches: 1, entries: 7 });
    const batch = await new BatchStore(world.db).byOrdinal(keyId, 1);
    const rows = await new EntryStore(world.db).ofBatch(batch?.id ?? 0n);
    const cover = rows.filter(({ uscc }) => uscc === null);
    expect(cover).to.have.length(5);
    expect(new Set(rows.map(({ subjectKey }) => subjectKey)).size).to.equal(7);
    for (const row of rows) {
      expect(row.op).to.equal(OP.RECORD);
      expect(row.content).to.equal(contentOf(row.salts));
      expect(row.body).to.equal(bodyOf(row.packed, row.content as Content));
    }
    // Nothing but chance says where in the batch they are.
    expect(rows.map(({ subjectKey }) => subjectKey)).to.deep.equal(
      rows.map(({ subjectKey }) => subjectKey).sort((a, b) => (a < b ? -1 : 1)),
    );
    expect(wordHex(batch?.entriesHash ?? 0n)).to.equal(entriesHash(rows.map(publicEntry)));
  });

  it('are never changed: entries that come later go into the next one', async () => {
    const keyId = await open();
    await world.record({}, {});
    await world.service.anchorNow();
    await world.record({});
    await world.service.anchorNow();
    const batches = new BatchStore(world.db);
    const sizes = [1, 2].map(async (ordinal) => (await batches.byOrdinal(keyId, ordinal))?.size);
    expect(await Promise.all(sizes)).to.deep.equal([2, 1]);
  });
});
