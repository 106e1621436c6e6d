import { expect } from 'chai';
import {
  batchHash,
  encodeEntry,
  type Entry,
  type EntryBody,
  entriesHash,
  EMPTY_ROOT,
  type Hex,
  type RegisterRoot,
  RegisterTree,
  sortForBatch,
  type SubjectKey,
  random248,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import { toEventRow, type FollowedEvent } from '../../node/src/chain/events.ts';
import { ShiftedClock } from '../../node/src/clock.ts';
import { InlineHasher } from '../../node/src/registers/index.ts';
import { type Database, EventStore, OutboxStore, TreeStore } from '../../node/src/store/index.ts';
import { RegisterReplay, Witness } from '../../node/src/witness/index.ts';
import { codeOf } from '../support/codes.ts';
import { emptyTables, onBothEngines } from '../support/database.ts';

const OPERATOR: Hex = `0x${'0a'.repeat(20)}`;
const WITNESS: Hex = `0x${'0b'.repeat(20)}`;
const WRONG: Hex = toBytes32(42n);

/** What an owner anchors, as the contract would tell of it. */
class Owner {
  readonly tree = new RegisterTree();
  readonly registerId: bigint;
  seq = 0n;
  claimed: Hex = toBytes32(EMPTY_ROOT);

  constructor(registerId: bigint) {
    this.registerId = registerId;
  }

  append(count: number, lie?: Hex): Record<string, unknown> {
    const entries: Entry[] = sortForBatch(
      Array.from({ length: count }, () => ({
        key: random248() as SubjectKey,
        op: 0 as const,
        body: random248() as bigint as EntryBody,
      })),
    );
    this.seq += 1n;
    const prevRoot = this.claimed;
    const right = toBytes32(this.tree.append(entries, Number(this.seq)).root);
    this.claimed = lie ?? right;
    const hash = entriesHash(entries);
    const word = (root: Hex): RegisterRoot => BigInt(root) as RegisterRoot;
    return {
      registerId: this.registerId,
      seq: this.seq,
      prevRoot,
      newRoot: this.claimed,
      entriesHash: hash,
      batchHash: batchHash(this.registerId, this.seq, word(prevRoot), word(this.claimed), hash),
      entries: entries.map(encodeEntry),
    };
  }
}

onBothEngines('Replaying registers', (open) => {
  let dispose: () => Promise<void>;
  let db: Database;
  let block: bigint;
  let clock: ShiftedClock;
  let replay: RegisterReplay;
  let witness: Witness;
  let owner: Owner;
  let handler: { onEvents(db: Database, events: readonly FollowedEvent[]): Promise<void> };

  before(async () => {
    ({ db, dispose } = await open());
  });
  after(() => dispose());
  beforeEach(async () => {
    await emptyTables(db);
    block = 0n;
    clock = new ShiftedClock();
    witness = new Witness({
      db,
      clock,
      appender: new InlineHasher(),
      witnessAddresses: () => [WITNESS],
      contract: `0x${'c0'.repeat(20)}`,
      outbox: {
        enqueue: async (tx, request) => {
          const row = { ...request, data: Buffer.from(request.data.slice(2), 'hex') };
          const id = await new OutboxStore(tx).insert(row, clock.now());
          if (id === undefined) throw new Error(`sent twice: ${request.dedupeKey}`);
          return id;
        },
      },
    });
    replay = witness.replay;
    handler = witness;
    owner = new Owner(7n);
    await mine(
      {
        contract: 'Consortium',
        name: 'MemberAdmitted',
        args: { memberId: 1n, role: 1, region: 110_000, operator: OPERATOR, witness: WITNESS },
      },
      opened(7n, 2n),
    );
  });

  const opened = (registerId: bigint, member: bigint) => ({
    name: 'RegisterOpened',
    args: { registerId, owner: member, secretCommit: toBytes32(registerId), promiseSeconds: 60 },
  });
  const appended = (args: Record<string, unknown>) => ({ name: 'BatchAppended', args });

  /** One block with these events, followed in one transaction; `fail` breaks it off at its end. */
  async function mine(
    ...events: { contract?: string; name: string; args: Record<string, unknown> }[]
  ): Promise<void> {
    const number = block + 1n;
    const followed = events.map(({ contract, name, args }, logIndex): FollowedEvent => ({
      contract: contract ?? 'CreditRegisters',
      name,
      args,
      blockNumber: number,
      blockTime: 1_700_000_000n + number,
      transactionHash: toBytes32(number),
      logIndex,
    }));
    await db.transaction(async (tx) => {
      const store = new EventStore(tx);
      const hash = Buffer.from(toBytes32(number).slice(2), 'hex');
      await store.insertBlocks([{ number, hash, parentHash: hash, time: 1_700_000_000n + number }]);
      await store.insertEvents(followed.map(toEventRow));
      await handler.onEvents(tx, followed);
    });
    block = number;
  }
  const rootHere = () => db.transaction(async (tx) => (await replay.tree(tx, 7n)).root());
  const sent = async () => (await new OutboxStore(db).list(20)).map(({ kind }) => kind).reverse();
  const settleAs = async (state: 'failed' | 'mined') => {
    const store = new OutboxStore(db);
    for (
      let row = await store.nextOpen('witness');
      row !== undefined;
      row = await store.nextOpen('witness')
    ) {
      const error = { code: 'CHAIN_REVERTED', message: 'no', messageZh: '否', operands: {} };
      if (state === 'failed') await store.fail(row.id, error, clock.now());
      else
        await store.settle(
          row.id,
          { txHash: Buffer.alloc(32), nonce: 0n, blockNumber: block + 1n, blockHash: Buffer.alloc(32) },
          null,
          clock.now(),
        );
    }
  };

  it('comes to the owner’s root, in one go, in parts and after starting anew', async () => {
    await mine(appended(owner.append(3)), appended(owner.append(2)));
    await mine(appended(owner.append(4)));
    expect(await rootHere()).to.equal(owner.tree.root());
    replay = new RegisterReplay(db, new InlineHasher());
    expect(await rootHere()).to.equal(owner.tree.root());
  });

  it('does not keep in memory what a failed transaction did', async () => {
    await mine(appended(owner.append(2)));
    const before = owner.tree.root();
    const honest = handler;
    handler = {
      onEvents: async (tx, events) => {
        await honest.onEvents(tx, events);
        throw new Error('the disk is full');
      },
    };
    const next = owner.append(2);
    const failed = await mine(appended(next)).then(
      () => 'committed',
      (error: Error) => error.message,
    );
    expect(failed).to.equal('the disk is full');
    expect(await rootHere()).to.equal(before);
    handler = honest;
    await mine(appended(next));
    expect(await rootHere()).to.equal(owner.tree.root());
  });

  const lies: readonly [string, (args: Record<string, unknown>) => Record<string, unknown>][] = [
    ['entries that were left out', (args) => ({ ...args, entries: (args['entries'] as unknown[]).slice(1) })],
    ['another entries hash', (args) => ({ ...args, entriesHash: toBytes32(1n) })],
    ['another batch hash', (args) => ({ ...args, batchHash: toBytes32(1n) })],
    ['another root than the batch hash names', (args) => ({ ...args, newRoot: toBytes32(1n) })],
    [
      'a body that is no field element',
      (args) => ({ ...args, entries: [{ opAndKey: toBytes32(1n), body: `0x${'ff'.repeat(32)}` }] }),
    ],
  ];
  for (const [what, lie] of lies) {
    it(`follows no endpoint that gives ${what}`, async () => {
      expect(await codeOf(mine(appended(lie(owner.append(3)))))).to.equal('BATCH_EVENT_INCONSISTENT');
      expect(await new TreeStore(db).registerIds()).to.deep.equal([]);
    });
  }

  it('notices that an event was left out', async () => {
    await mine(appended(owner.append(2)));
    owner.append(2);
    expect(await codeOf(mine(appended(owner.append(2))))).to.equal('REPLAY_GAP');
  });

  it('attests what it found right: all waiting batches of a register at once, each once', async () => {
    await mine(appended(owner.append(2)), appended(owner.append(1)), appended(owner.append(1)));
    expect(await witness.vote()).to.equal(3);
    expect(await witness.vote()).to.equal(0);
    await settleAs('mined');
    // Mined and not followed yet.
    expect(await witness.vote()).to.equal(0);
    expect(await sent()).to.deep.equal(['attest']);
  });

  it('tries again one by one after a refusal, and not at once', async () => {
    await mine(appended(owner.append(2)), appended(owner.append(1)));
    await witness.vote();
    await settleAs('failed');
    expect(await witness.vote()).to.equal(0);
    clock.shift(1_500);
    expect(await witness.vote()).to.equal(2);
    expect(await sent()).to.deep.equal(['attest', 'attest', 'attest']);
  });

  it('objects to a wrong root once, attests what came before it and nothing after it', async () => {
    await mine(appended(owner.append(2)), appended(owner.append(1, WRONG)), appended(owner.append(1)));
    expect(await witness.vote()).to.equal(2);
    expect((await sent()).sort()).to.deep.equal(['attest', 'object']);
    expect((await witness.status()).alarms.map(({ code }) => code)).to.deep.equal(['WITNESS_OBJECTION']);
    await settleAs('mined');
    await mine({
      name: 'BatchObjected',
      args: { registerId: 7n, seq: 2n, batchHash: WRONG, memberId: 1n, expectedRoot: WRONG },
    });
    expect(await witness.vote()).to.equal(1); // the attestation whose event never came; no second objection
    expect((await sent()).filter((kind) => kind === 'object')).to.have.length(1);
  });

  it('does not object again after the council has ruled against it', async () => {
    await mine(appended(owner.append(1, WRONG)));
    await mine({
      name: 'BatchRuled',
      args: { registerId: 7n, seq: 1n, batchHash: WRONG, upheld: false, reasonHash: WRONG },
    });
    expect(await witness.vote()).to.equal(0);
    expect((await witness.status()).alarms.map(({ code }) => code)).to.deep.equal(['WITNESS_OVERRULED']);
    expect((await witness.status()).registers[0]?.diverged).to.equal(true);
  });

  it('votes neither on its own register nor as a member that is suspended or no authority', async () => {
    const own = new Owner(8n);
    await mine(opened(8n, 1n), appended(own.append(1)));
    expect(await witness.vote()).to.equal(0);
    await mine(appended(owner.append(1)), {
      contract: 'Consortium',
      name: 'MemberSuspended',
      args: { memberId: 1n, reasonHash: WRONG, fromBlock: 1n },
    });
    expect(await witness.vote()).to.equal(0);
    await mine({ contract: 'Consortium', name: 'MemberReinstated', args: { memberId: 1n, fromBlock: 1n } });
    expect(await witness.vote()).to.equal(1);
  });

  it('goes back with the chain and forward again on another branch', async () => {
    await mine(appended(owner.append(2)));
    const [root, claimed] = [owner.tree.root(), owner.claimed];
    await mine(appended(owner.append(2)));
    await db.transaction(async (tx) => {
      await witness.onRollback(tx, block - 1n);
      await new EventStore(tx).deleteAfter(block - 1n);
    });
    block -= 1n;
    expect(await rootHere()).to.equal(root);
    owner.tree.rollbackTo(1);
    owner.seq = 1n;
    owner.claimed = claimed;
    await mine(appended(owner.append(3)));
    expect(await rootHere()).to.equal(owner.tree.root());
  });
});
