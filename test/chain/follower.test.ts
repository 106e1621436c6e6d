import { expect } from 'chai';
import { numberToHex, type Hex } from 'viem';
import { startAnvil, type Anvil } from '../../scripts/lib/anvil.ts';
import type { FollowedEvent } from '../../node/src/chain/events.ts';
import type { EventHandler } from '../../node/src/chain/follower.ts';
import type { FileKeyring } from '../../node/src/keys/index.ts';
import type { Database } from '../../node/src/store/database.ts';
import { EventStore } from '../../node/src/store/events.ts';
import { ChainStage, testKeyring } from '../support/chain.ts';
import { emptyTables, memoryDatabase, type TestDatabase } from '../support/database.ts';
import { deployer, deployProbe, noteData, probeAbi } from '../support/probe.ts';
import type { Fate } from '../support/rpc-proxy.ts';
import { rejection, waitFor } from '../support/wait.ts';

/** Keeps what it was told in the database, as a room would, so that undoing shows. */
class Recorder implements EventHandler<FollowedEvent> {
  readonly rollbacks: bigint[] = [];
  failNext: Error | undefined;

  async onEvents(db: Database, events: readonly FollowedEvent[]): Promise<void> {
    for (const { args, blockNumber } of events) {
      await db.query('INSERT INTO recorded VALUES ($1, $2)', [args['seq'] as bigint, blockNumber]);
    }
    const failure = this.failNext;
    this.failNext = undefined;
    if (failure !== undefined) throw failure;
  }

  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    this.rollbacks.push(toBlock);
    await db.query('DELETE FROM recorded WHERE block > $1', [toBlock]);
  }
}

describe('the follower', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let db: Database;
  let keyring: FileKeyring;
  let removeKeyring: () => Promise<void>;
  let stage: ChainStage;
  let recorder: Recorder;

  before(async () => {
    database = await memoryDatabase();
    db = database.db;
    await db.exec('CREATE TABLE recorded (seq bigint NOT NULL, block bigint NOT NULL)');
    ({ keyring, remove: removeKeyring } = await testKeyring());
  });
  after(async () => {
    await database.dispose();
    await removeKeyring();
  });
  beforeEach(async () => {
    await emptyTables(db);
    recorder = new Recorder();
    stage = await ChainStage.make(db, keyring);
  });
  afterEach(() => stage.dispose());

  const send = async (data: Hex, to = stage.probe): Promise<void> => {
    await stage.hand.impersonateAccount({ address: deployer.address });
    const hash = await stage.hand.sendUnsignedTransaction({
      from: deployer.address,
      to,
      data,
      gas: 300_000n,
    });
    // The chain takes it at once and puts it in a block a moment later.
    await waitFor('the transaction in a block', () =>
      stage.hand.getTransactionReceipt({ hash }).catch(() => undefined),
    );
  };
  /** Notes values from `from` up to before `to`, a block each. */
  const note = async (from: number, to: number): Promise<void> => {
    for (let value = from; value < to; value++) await send(noteData(value));
  };
  const mine = (blocks: number): Promise<unknown> =>
    stage.hand.request({ method: 'anvil_mine', params: [numberToHex(blocks)] } as never);
  const rollback = (blocks: number): Promise<unknown> =>
    stage.hand.request({ method: 'anvil_rollback', params: [blocks] } as never);
  const head = (): Promise<bigint> => stage.hand.getBlockNumber();
  const recorded = async (): Promise<number[]> =>
    (await db.query<{ seq: string }>('SELECT seq FROM recorded ORDER BY block, seq')).map(({ seq }) =>
      Number(seq),
    );
  const storedSeqs = async (): Promise<number[]> =>
    (await new EventStore(db).events()).map(({ seq }) => Number(seq));
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

  it('turns events into rows, decoded, with time and transaction of their block', async () => {
    await note(0, 1);
    const follower = stage.follower([recorder]);
    await follower.waitForBlock(await head());
    const [row] = await new EventStore(db).events();
    const block = await stage.hand.getBlock();
    expect(row).to.deep.include({
      blockNumber: block.number,
      blockTime: block.timestamp,
      contract: 'Probe',
      name: 'Noted',
      registerId: 7n,
      seq: 0n,
      memberId: null,
      args: {
        registerId: '7',
        seq: '0',
        from: deployer.address.toLowerCase(),
        items: [{ key: `0x${'00'.repeat(32)}`, weight: '0' }],
      },
    });
    expect(`0x${Buffer.from(row?.txHash ?? []).toString('hex')}`).to.equal(block.transactions[0]);
  });

  it('goes on where it stopped and tells nothing twice, in ranges of any size', async () => {
    await note(0, 5);
    const first = stage.follower([recorder], { rangeBlocks: 2 });
    await first.waitForBlock((await head()) - 2n);
    await first.stop();
    await note(5, 9);
    const second = stage.follower([recorder], { rangeBlocks: 3 });
    await second.waitForBlock(await head());
    expect(await recorded()).to.deep.equal(upTo(9));
    expect(await storedSeqs()).to.deep.equal(upTo(9));
    expect(recorder.rollbacks).to.deep.equal([]);
  });

  it('keeps nothing of a range when a handler fails, says so, and tries it again', async () => {
    await note(0, 3);
    recorder.failNext = new Error('the room was not ready');
    const seenWhileFailing: number[][] = [];
    const follower = stage.follower([recorder], {
      backoff: { firstMilliseconds: 200, mostMilliseconds: 200 },
    });
    await waitFor('trouble', () => follower.status().lastError);
    seenWhileFailing.push(await recorded(), await storedSeqs());
    expect(follower.status().lastError?.message).to.equal('the room was not ready');
    expect(seenWhileFailing).to.deep.equal([[], []]);
    await follower.waitForBlock(await head());
    expect(await recorded()).to.deep.equal(upTo(3));
    await waitFor('the trouble to be over', () => follower.status().lastError === null);
  });

  it('ignores the same event from another address', async () => {
    const impostor = await deployProbe(stage.anvil.url, stage.anvil.chainId);
    await note(0, 1);
    await send(noteData(0), impostor.address);
    await send(noteData(1), impostor.address);
    const follower = stage.follower([recorder]);
    await follower.waitForBlock(await head());
    expect(await recorded()).to.deep.equal([0]);
  });

  it("ignores another address's event even when the endpoint slips it in", async () => {
    const impostor = await deployProbe(stage.anvil.url, stage.anvil.chainId);
    await note(0, 1);
    await send(noteData(0), impostor.address);
    await send(noteData(1), impostor.address);
    stage.proxy.fate = async (method, params) => {
      if (method !== 'eth_getLogs') return 'pass';
      const { fromBlock, toBlock } = params[0] as { fromBlock: Hex; toBlock: Hex };
      const answer = await stage.hand.request({
        method: 'eth_getLogs',
        params: [{ fromBlock, toBlock }],
      } as never);
      return { answer };
    };
    const follower = stage.follower([recorder]);
    await follower.waitForBlock(await head());
    expect(await recorded()).to.deep.equal([0]);
  });

  it('stops at an event that it cannot decode instead of missing it', async () => {
    await note(0, 1);
    const abi = probeAbi.filter(({ type }) => type !== 'event');
    const client = stage.client({ contracts: [{ name: 'Probe', address: stage.probe, abi }] });
    const follower = stage.follower([recorder], { client });
    const error = await rejection(follower.waitForBlock(await head()));
    expect(error.code).to.equal('CHAIN_EVENT_UNDECODABLE');
    expect(follower.status().state).to.equal('stopped');
  });

  describe('when the chain changes', () => {
    it('undoes what is gone, tells its handlers, and reads what came instead', async () => {
      await note(0, 4);
      const follower = stage.follower([recorder]);
      await follower.waitForBlock(await head());
      const before = await head();
      await rollback(2);
      await mine(1);
      await note(2, 3);
      await mine(3);
      await follower.waitForBlock(await head());
      await waitFor('the new event', async () => (await storedSeqs()).length === 3);
      expect(recorder.rollbacks).to.deep.equal([before - 2n]);
      expect(await recorded()).to.deep.equal(upTo(3));
      const [, , third] = await new EventStore(db).events();
      expect(third?.blockNumber).to.equal(before);
    });

    it('undoes also when the chain is shorter than what was followed, and stays so', async () => {
      await note(0, 4);
      const follower = stage.follower([recorder]);
      await follower.waitForBlock(await head());
      await rollback(3);
      await waitFor('the events to be undone', async () => (await storedSeqs()).length === 1);
      expect(await recorded()).to.deep.equal([0]);
      expect(follower.status().followedBlock).to.equal(await head());
      expect(follower.status().lag).to.equal(0n);
    });

    it('undoes a reorganisation by blocks of the same numbers', async () => {
      await note(0, 4);
      const follower = stage.follower([recorder]);
      const last = await head();
      await follower.waitForBlock(last);
      await stage.hand.request({ method: 'anvil_reorg', params: [3, []] } as never);
      await waitFor('the events to be undone', async () => (await storedSeqs()).length === 1);
      expect(recorder.rollbacks).to.deep.equal([last - 3n]);
    });

    it('notices after a restart what changed while it was away', async () => {
      await note(0, 4);
      const first = stage.follower([recorder]);
      await first.waitForBlock(await head());
      await first.stop();
      await rollback(2);
      await mine(5);
      const second = stage.follower([recorder]);
      await second.waitForBlock(await head());
      expect(await recorded()).to.deep.equal(upTo(2));
    });

    it('goes back over many blocks of which few are kept', async () => {
      await note(0, 2);
      await mine(600);
      await note(2, 3);
      await mine(60);
      const follower = stage.follower([recorder], { denseBlocks: 8, rangeBlocks: 100 });
      await follower.waitForBlock(await head());
      expect(await new EventStore(db).countBlocks()).to.be.lessThan(25);
      // anvil keeps the state of some hundred blocks only.
      const third = (await head()) - 60n;
      await rollback(80);
      await mine(120);
      await waitFor('the fork to be undone', () => recorder.rollbacks.length > 0);
      await follower.waitForBlock(await head());
      // Empty blocks that were mined again are the same blocks; the one with the event is not.
      expect(recorder.rollbacks[0] !== undefined && recorder.rollbacks[0] < third).to.equal(true);
      expect(await recorded()).to.deep.equal(upTo(2));
      expect(await storedSeqs()).to.deep.equal(upTo(2));
    });

    it('undoes handlers in the reverse of their order, and all in one transaction', async () => {
      const order: string[] = [];
      const named = (name: string, fails: () => boolean): EventHandler<FollowedEvent> => ({
        onEvents: async () => void order.push(`+${name}`),
        onRollback: async () => {
          order.push(`-${name}`);
          if (fails()) throw new Error(`${name} cannot yet`);
        },
      });
      let failures = 1;
      await note(0, 2);
      const follower = stage.follower([recorder, named('a', () => failures-- > 0), named('b', () => false)]);
      await follower.waitForBlock(await head());
      order.length = 0;
      await rollback(1);
      await waitFor('the event to be undone', async () => (await storedSeqs()).length === 1);
      expect(order).to.deep.equal(['-b', '-a', '-b', '-a']);
      expect(await recorded()).to.deep.equal([0]);
    });

    it('is not deceived when the chain changes between its questions', async () => {
      await note(0, 2);
      let changed = false;
      stage.proxy.fate = async (method): Promise<Fate> => {
        // Blocks were asked for; before the events are, the chain becomes another one of the same length.
        if (method === 'eth_getLogs' && !changed) {
          changed = true;
          await rollback(1);
          await mine(1);
        }
        return 'pass';
      };
      const follower = stage.follower([recorder]);
      await follower.waitForBlock(await head());
      await mine(1);
      await follower.waitForBlock(await head());
      expect(changed).to.equal(true);
      expect(await recorded()).to.deep.equal([0]);
      const stored = await new EventStore(db).block(await head());
      expect(`0x${Buffer.from(stored?.hash ?? []).toString('hex')}`).to.equal(
        (await stage.hand.getBlock()).hash,
      );
    });

    it('keeps only blocks of which each continues the one before', async () => {
      await note(0, 6);
      const follower = stage.follower([recorder]);
      await follower.waitForBlock(await head());
      const broken = await db.query(
        `SELECT b.number FROM chain_blocks b JOIN chain_blocks p ON p.number = b.number - 1 WHERE p.hash <> b.parent_hash`,
      );
      expect(broken).to.deep.equal([]);
    });
  });

  describe('when the endpoint fails', () => {
    it('says that it is unreachable, keeps what it has, and catches up by itself', async () => {
      await note(0, 1);
      const follower = stage.follower([recorder]);
      await follower.waitForBlock(await head());
      stage.proxy.fate = () => 'drop';
      await note(1, 3);
      await waitFor('trouble', () => follower.status().lastError);
      expect(follower.status().lastError).to.have.property('code', 'CHAIN_UNREACHABLE');
      expect(follower.status().failingSince).to.be.instanceOf(Date);
      expect(await recorded()).to.deep.equal([0]);
      stage.proxy.fate = () => 'pass';
      await follower.waitForBlock(await head());
      expect(await recorded()).to.deep.equal(upTo(3));
    });

    it('asks for less at once when a range is refused as too large', async () => {
      await note(0, 9);
      stage.proxy.fate = (method, params) => {
        if (method !== 'eth_getLogs') return 'pass';
        const { fromBlock, toBlock } = params[0] as { fromBlock: Hex; toBlock: Hex };
        if (BigInt(toBlock) - BigInt(fromBlock) < 3n) return 'pass';
        return { error: { code: -32005, message: 'query returned more than 3 results' } };
      };
      const follower = stage.follower([recorder]);
      await follower.waitForBlock(await head());
      expect(await recorded()).to.deep.equal(upTo(9));
    });

    it('tells how far it is behind', async () => {
      await mine(50);
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const slow: EventHandler<FollowedEvent> = {
        onEvents: async () => undefined,
        onRollback: async () => undefined,
        onAdvance: () => held,
      };
      const follower = stage.follower([slow], { rangeBlocks: 10 });
      await waitFor('the head to be known', () => follower.status().headBlock);
      expect(follower.status().lag).to.equal(await head());
      release();
      await follower.waitForBlock(await head());
      expect(follower.status().lag).to.equal(0n);
    });
  });

  describe('when the chain is another one', () => {
    let other: Anvil | undefined;
    afterEach(async () => {
      await other?.kill();
      other = undefined;
    });

    /** Follows, then lets another chain answer under the same address; gives the error it ends with. */
    const endAfter = async (change: () => Promise<void>): Promise<{ code?: string }> => {
      await note(0, 2);
      const follower = stage.follower([recorder]);
      await follower.waitForBlock(await head());
      const ended = new Promise<Error | null>((resolve) => {
        follower.events.once('ended', resolve);
      });
      stage.proxy.fate = () => 'drop';
      await waitFor('trouble', () => follower.status().lastError);
      await change();
      stage.proxy.fate = () => 'pass';
      const error = await ended;
      expect(follower.status().state).to.equal('stopped');
      expect(follower.status().lastError).to.equal(error);
      expect((await rejection(follower.waitForBlock(1_000n))).message).to.equal(error?.message);
      // Nothing was papered over: what was known stays for whoever looks into it.
      expect(await recorded()).to.deep.equal(upTo(2));
      return error as { code?: string };
    };

    it('stops with CHAIN_WRONG_ID for another chain id', async () => {
      const error = await endAfter(async () => {
        other = await startAnvil({ chainId: 4221 });
        stage.proxy.target = other.url;
      });
      expect(error.code).to.be.oneOf(['CHAIN_WRONG_ID', 'CHAIN_REPLACED']);
    });

    it('stops with CHAIN_REPLACED for a chain that began anew under the same id', async () => {
      const error = await endAfter(async () => {
        const { timestamp } = await stage.hand.getBlock({ blockNumber: 0n });
        await waitFor(
          'another second, so that the new chain begins at another time',
          () => BigInt(Math.floor(Date.now() / 1000)) > timestamp,
        );
        other = await startAnvil();
        stage.proxy.target = other.url;
      });
      expect(error.code).to.equal('CHAIN_REPLACED');
    });

    it('does not believe an endpoint that serves another chain for a moment', async () => {
      await note(0, 2);
      const follower = stage.follower([recorder], { believedAfterMilliseconds: 60_000 });
      await follower.waitForBlock(await head());
      other = await startAnvil({ startAtSeconds: 1_700_000_000 });
      stage.proxy.target = other.url;
      let said = 0;
      follower.events.on('trouble', (error) => {
        if ((error as { code?: string }).code === 'CHAIN_REPLACED') said += 1;
      });
      await waitFor('it to be said again and again', () => said > 5);
      expect(follower.status().state).to.equal('following');
      stage.proxy.target = stage.anvil.url;
      await note(2, 3);
      await follower.waitForBlock(await head());
      expect(await recorded()).to.deep.equal(upTo(3));
      expect(recorder.rollbacks).to.deep.equal([]);
    });

    it('waits, and undoes nothing, while the endpoint gets the chain anew from before the contracts', async () => {
      await note(0, 3);
      const follower = stage.follower([recorder]);
      await follower.waitForBlock(await head());
      const followed = await recorded();
      const genesis = await stage.hand.request({
        method: 'eth_getBlockByNumber',
        params: ['0x0', false],
      } as never);
      stage.proxy.fate = (method, params) => {
        if (method !== 'eth_getBlockByNumber') return 'pass';
        return { answer: params[0] === 'latest' || params[0] === '0x0' ? genesis : null };
      };
      await waitFor(
        'it to say that the endpoint is behind',
        () => (follower.status().lastError as { code?: string } | null)?.code === 'CHAIN_BEHIND_DEPLOYMENT',
      );
      expect(follower.status().state).to.equal('following');
      expect(await recorded()).to.deep.equal(followed);
      stage.proxy.fate = () => 'pass';
      await note(3, 4);
      await follower.waitForBlock(await head());
      expect(await recorded()).to.deep.equal(upTo(4));
      expect(recorder.rollbacks).to.deep.equal([]);
    });

    it('stops with CHAIN_CONTRACTS_MISSING when there never were contracts at these addresses', async () => {
      const client = stage.client({
        contracts: [{ name: 'Probe', address: `0x${'ab'.repeat(20)}`, abi: probeAbi }],
      });
      const follower = stage.follower([recorder], { client });
      expect((await rejection(follower.waitForBlock(1n))).code).to.equal('CHAIN_CONTRACTS_MISSING');
    });

    it('waits for an endpoint that has not reached the contracts yet', async () => {
      const deployedAtBlock = (await head()) + 5n;
      const follower = stage.follower([recorder], { client: stage.client({ deployedAtBlock }) });
      await waitFor('it to say so', () => follower.status().lastError);
      expect(follower.status().lastError).to.have.property('code', 'CHAIN_BEHIND_DEPLOYMENT');
      expect(follower.status().state).to.equal('following');
      await mine(6);
      await follower.waitForBlock(await head());
    });
  });

  it('ends a wait when it is stopped or when the waiting is called off', async () => {
    const follower = stage.follower([recorder]);
    await follower.waitForBlock(await head());
    const abort = new AbortController();
    const calledOff = rejection(follower.waitForBlock(1_000n, abort.signal));
    const stopped = rejection(follower.waitForBlock(1_000n));
    abort.abort(new Error('enough'));
    expect((await calledOff).message).to.equal('enough');
    await follower.stop();
    expect((await stopped).code).to.equal('FOLLOWER_STOPPED');
  });
});
