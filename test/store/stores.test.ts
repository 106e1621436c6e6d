import { expect } from 'chai';
import type { Database } from '../../node/src/store/database.ts';
import { EventStore, type EventRow } from '../../node/src/store/events.ts';
import { OutboxStore } from '../../node/src/store/outbox.ts';
import { UserStore } from '../../node/src/store/users.ts';
import { emptyTables, onBothEngines, type TestDatabase } from '../support/database.ts';

const NOW = new Date('2026-11-23T08:00:00Z');
const bytes = (...values: number[]): Uint8Array => new Uint8Array(32).map((_, index) => values[index] ?? 0);

onBothEngines('what the store keeps', (open) => {
  let test: TestDatabase;
  let db: Database;
  before(async () => {
    test = await open();
    db = test.db;
  });
  after(() => test?.dispose());
  beforeEach(() => emptyTables(db));

  describe('users', () => {
    it('finds an active token by its hash, and not after it was revoked', async () => {
      const users = new UserStore(db);
      const made = await users.createToken({ name: 'wang', role: 'officer', tokenHash: bytes(1) }, NOW);
      expect(await users.activeToken(bytes(1))).to.deep.equal(made);
      expect(await users.activeToken(bytes(2))).to.equal(undefined);
      expect(await users.revokeToken('wang', NOW)).to.equal(true);
      expect(await users.revokeToken('wang', NOW)).to.equal(false);
      expect(await users.activeToken(bytes(1))).to.equal(undefined);
    });

    it("does not give a revoked token's name to another", async () => {
      const users = new UserStore(db);
      await users.createToken({ name: 'wang', role: 'officer', tokenHash: bytes(1) }, NOW);
      await users.revokeToken('wang', NOW);
      expect(await users.createToken({ name: 'wang', role: 'auditor', tokenHash: bytes(2) }, NOW)).to.equal(
        undefined,
      );
    });

    it('never gives out the hash of a token', async () => {
      const users = new UserStore(db);
      await users.createToken({ name: 'wang', role: 'officer', tokenHash: bytes(0xab, 0xcd) }, NOW);
      expect(JSON.stringify(await users.listTokens(), (_, value: unknown) => String(value))).not.to.contain(
        '171',
      );
      expect(Object.keys((await users.listTokens())[0] ?? {})).not.to.include('tokenHash');
    });

    it('lists who did what, newest first, page by page', async () => {
      const users = new UserStore(db);
      for (const action of ['a', 'b', 'c']) {
        await users.logAccess({ at: NOW, tokenName: 'wang', action, detail: { id: '1' } });
      }
      const first = await users.listAccess(2);
      expect(first.map(({ action }) => action)).to.deep.equal(['c', 'b']);
      const rest = await users.listAccess(2, first[1]?.id);
      expect(rest.map(({ action }) => action)).to.deep.equal(['a']);
    });
  });

  describe('blocks and events', () => {
    const block = (number: number) => ({
      number: BigInt(number),
      hash: bytes(number),
      parentHash: bytes(number - 1),
      time: 1_700_000_000n,
    });
    const event = (blockNumber: number, logIndex: number, name = 'BatchAppended'): EventRow => ({
      blockNumber: BigInt(blockNumber),
      logIndex,
      txHash: bytes(9),
      blockTime: 1_700_000_000n,
      contract: 'CreditRegisters',
      name,
      registerId: 1n,
      seq: BigInt(blockNumber),
      memberId: null,
      args: { newRoot: '0x01', items: [{ weight: '5' }] },
    });

    it('gives events in the order of the chain, by filter and page', async () => {
      const store = new EventStore(db);
      const events = [event(2, 1, 'Heartbeat'), event(2, 0), event(10, 0), event(9, 3)];
      await store.insertEvents(events);
      const order = (rows: EventRow[]): string[] => rows.map((row) => `${row.blockNumber}.${row.logIndex}`);
      expect(order(await store.events())).to.deep.equal(['2.0', '2.1', '9.3', '10.0']);
      expect(order(await store.events({ names: ['BatchAppended'], fromBlock: 3n }))).to.deep.equal([
        '9.3',
        '10.0',
      ]);
      expect(order(await store.events({ registerId: 1n, seq: 9n }))).to.deep.equal(['9.3']);
      expect(order(await store.events({ after: { blockNumber: 2n, logIndex: 0 }, limit: 2 }))).to.deep.equal([
        '2.1',
        '9.3',
      ]);
      const [stored] = await store.events({ limit: 1 });
      expect({ ...stored, txHash: [...(stored?.txHash ?? [])] }).to.deep.equal({
        ...events[1],
        txHash: [...bytes(9)],
      });
    });

    it('forgets everything after a block and nothing before it', async () => {
      const store = new EventStore(db);
      await store.insertBlocks([1, 2, 3].map(block));
      await store.insertEvents([event(2, 0), event(3, 0)]);
      await store.deleteAfter(2n);
      expect((await store.lastBlock())?.number).to.equal(2n);
      expect((await store.events()).map(({ blockNumber }) => blockNumber)).to.deep.equal([2n]);
    });

    it('thins old blocks out to those with events and every so many one', async () => {
      const store = new EventStore(db);
      await store.insertBlocks(Array.from({ length: 20 }, (_, number) => block(number)));
      await store.insertEvents([event(7, 0)]);
      await store.pruneBlocks(17n, 8);
      const kept: bigint[] = [];
      for (let offset = 0; ; offset++) {
        const row = await store.storedBlock(offset);
        if (row === undefined) break;
        kept.push(row.number);
      }
      expect(kept).to.deep.equal([19n, 18n, 17n, 16n, 8n, 7n, 0n]);
    });
  });

  describe('the outbox', () => {
    const request = (dedupeKey: string) => ({
      role: 'operator' as const,
      kind: 'append',
      dedupeKey,
      to: '0x00000000000000000000000000000000000000aa',
      data: bytes(1),
    });
    const SENDER = `0x${'5e'.repeat(20)}`;
    const attempt = (nonce: number) => ({
      sender: SENDER,
      nonce: BigInt(nonce),
      txHash: bytes(7, nonce),
      rawTx: bytes(8, nonce),
      maxFeePerGas: 2n ** 70n,
      maxPriorityFeePerGas: 1n,
      gas: 21_000n,
      signedAt: NOW,
    });
    const place = (nonce: number, block: number) => ({
      txHash: bytes(7, nonce),
      nonce: BigInt(nonce),
      blockNumber: BigInt(block),
      blockHash: bytes(5, block),
    });

    it('takes a dedupe key once', async () => {
      const store = new OutboxStore(db);
      expect(await store.insert(request('a'), NOW)).to.be.a('bigint');
      expect(await store.insert(request('a'), NOW)).to.equal(undefined);
    });

    it('gives the oldest open row, also after a younger one was mined', async () => {
      const store = new OutboxStore(db);
      const a = (await store.insert(request('a'), NOW)) ?? 0n;
      const b = (await store.insert(request('b'), NOW)) ?? 0n;
      await store.addAttempt(b, attempt(1));
      await store.settle(b, place(1, 5), null, NOW);
      expect((await store.nextOpen('operator'))?.id).to.equal(a);
      expect(await store.nextOpen('witness')).to.equal(undefined);
      expect(await store.highestMinedNonce('operator', SENDER, false)).to.equal(1n);
      expect(await store.highestMinedNonce('operator', '0xother', false)).to.equal(-1n);
    });

    it('keeps every attempt, newest first, with fees beyond 64 bits', async () => {
      const store = new OutboxStore(db);
      const id = (await store.insert(request('a'), NOW)) ?? 0n;
      await store.addAttempt(id, attempt(1));
      await store.addAttempt(id, attempt(2));
      const attempts = await store.attemptsOf(id);
      expect(attempts.map(({ nonce, maxFeePerGas }) => [nonce, maxFeePerGas])).to.deep.equal([
        [2n, 2n ** 70n],
        [1n, 2n ** 70n],
      ]);
      expect((await store.byId(id))?.attempts).to.equal(2);
    });

    it('undoes what was mined, or mined and reverted, after a block; not what failed before it was sent', async () => {
      const store = new OutboxStore(db);
      const error = { code: 'CHAIN_REVERTED', message: '', messageZh: '', operands: {} };
      const ids: bigint[] = [];
      for (const key of ['a', 'b', 'c', 'd']) ids.push((await store.insert(request(key), NOW)) ?? 0n);
      const [a = 0n, b = 0n, c = 0n, d = 0n] = ids;
      await store.settle(a, place(1, 5), null, NOW);
      await store.settle(b, place(2, 6), null, NOW);
      await store.settle(c, place(3, 7), error, NOW);
      await store.fail(d, error, NOW);
      expect((await store.unsettleAfter(5n, NOW)).sort()).to.deep.equal([b, c]);
      const states = await Promise.all(ids.map(async (id) => (await store.byId(id))?.state));
      expect(states).to.deep.equal(['mined', 'sent', 'sent', 'failed']);
    });

    it('undoes what stands in a block that was not followed', async () => {
      const store = new OutboxStore(db);
      const a = (await store.insert(request('a'), NOW)) ?? 0n;
      const b = (await store.insert(request('b'), NOW)) ?? 0n;
      await store.settle(a, place(1, 5), null, NOW);
      await store.settle(b, place(2, 6), null, NOW);
      await new EventStore(db).insertBlocks([
        { number: 5n, hash: bytes(5, 5), parentHash: bytes(), time: 0n },
        { number: 6n, hash: bytes(66), parentHash: bytes(5, 5), time: 0n },
      ]);
      expect(await store.unsettleUnlessFollowed(5n, 6n, NOW)).to.deep.equal([b]);
    });
  });
});
