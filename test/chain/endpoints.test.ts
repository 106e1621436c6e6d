import { expect } from 'chai';
import { numberToHex } from 'viem';
import { type ChainClient } from '../../node/src/chain/client.ts';
import type { FollowedEvent } from '../../node/src/chain/events.ts';
import { Endpoints, majorityOf } from '../../node/src/chain/endpoints.ts';
import type { EventHandler } from '../../node/src/chain/follower.ts';
import type { FileKeyring } from '../../node/src/keys/index.ts';
import type { Database } from '../../node/src/store/database.ts';
import { ChainStage, testKeyring } from '../support/chain.ts';
import { emptyTables, memoryDatabase, type TestDatabase } from '../support/database.ts';
import { noteData, probeAbi } from '../support/probe.ts';
import { startRpcProxy, type Fate, type RpcProxy } from '../support/rpc-proxy.ts';
import { rejection, waitFor } from '../support/wait.ts';

const WRONG_HASH = `0x${'66'.repeat(32)}`;

describe('several chain endpoints behind one client', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let db: Database;
  let keyring: FileKeyring;
  let removeKeyring: () => Promise<void>;
  let stage: ChainStage;
  /** Three roads to one chain; the first is the stage's own. */
  let roads: RpcProxy[];

  before(async () => {
    database = await memoryDatabase();
    db = database.db;
    ({ keyring, remove: removeKeyring } = await testKeyring());
  });
  after(async () => {
    await database.dispose();
    await removeKeyring();
  });
  beforeEach(async () => {
    await emptyTables(db);
    stage = await ChainStage.make(db, keyring);
    roads = [stage.proxy, await startRpcProxy(stage.anvil.url), await startRpcProxy(stage.anvil.url)];
  });
  afterEach(async () => {
    for (const road of roads) road.fate = () => 'pass';
    await stage.dispose();
    await Promise.all(roads.slice(1).map((road) => road.close()));
  });

  const road = (index: number): RpcProxy => {
    const found = roads[index];
    if (found === undefined) throw new Error(`there is no road ${index}`);
    return found;
  };
  const endpoints = (change: Partial<ConstructorParameters<typeof Endpoints>[0]> = {}): Endpoints =>
    new Endpoints({
      urls: roads.map(({ url }) => url),
      quorum: 2,
      chainId: stage.anvil.chainId,
      timeoutMilliseconds: 500,
      ...change,
    });
  const client = (): ChainClient =>
    stage.client({ furtherUrls: [road(1).url, road(2).url], timeoutMilliseconds: 500 });
  const troubles = (all: Endpoints): (string | null)[] => all.status().map(({ trouble }) => trouble);
  const mine = (blocks: number): Promise<unknown> =>
    stage.hand.request({ method: 'anvil_mine', params: [numberToHex(blocks)] } as never);
  /** A road that gives another hash for every block. */
  const lie = async (method: string): Promise<Fate> => {
    if (method !== 'eth_getBlockByNumber') return 'pass';
    const block = await stage.hand.request({
      method: 'eth_getBlockByNumber',
      params: ['latest', false],
    } as never);
    return { answer: { ...(block as object), hash: WRONG_HASH } };
  };

  it('needs more than half by default, and of two both', () => {
    expect([1, 2, 3, 4, 5].map(majorityOf)).to.deep.equal([1, 2, 2, 3, 3]);
    expect(() => endpoints({ quorum: 4 })).to.throw(RangeError);
    expect(() => endpoints({ quorum: 0 })).to.throw(RangeError);
  });

  it('reads the same with one of three down, sets it aside visibly, and takes it back', async () => {
    const all = endpoints({ setAsideMilliseconds: 50 });
    road(1).fate = () => 'drop';
    const block = (await all.request('eth_getBlockByNumber', ['0x0', false])) as { number: string };
    expect(block.number).to.equal('0x0');
    await waitFor('the lost one set aside', () => troubles(all)[1] === 'unreachable');
    expect(all.status()[1]?.since).to.be.an.instanceof(Date);

    road(1).fate = () => 'pass';
    await waitFor('the lost one back', async () => {
      await all.request('eth_blockNumber');
      return troubles(all).every((trouble) => trouble === null);
    });
  });

  it('with two of three down says that they cannot be reached, and nothing else', async () => {
    road(0).fate = () => 'drop';
    road(1).fate = () => 'drop';
    const error = await rejection(client().head());
    expect(error.code).to.equal('CHAIN_UNREACHABLE');
  });

  it('does not believe one that lies about a block, and does not ask it again soon', async () => {
    const all = endpoints();
    road(0).fate = lie;
    const told = (await all.request('eth_getBlockByNumber', ['0x1', false])) as { hash: string };
    expect(told.hash).not.to.equal(WRONG_HASH);
    await waitFor('the liar set aside', () => troubles(all)[0] === 'contradicts');
    const before = road(0).calls.get('eth_getBlockByNumber');
    await all.request('eth_getBlockByNumber', ['0x1', false]);
    expect(road(0).calls.get('eth_getBlockByNumber')).to.equal(before);
  });

  it('believes nobody when two disagree: CHAIN_NO_QUORUM with what to look at', async () => {
    const two = stage.client({ furtherUrls: [road(1).url] });
    road(1).fate = lie;
    const error = await rejection(two.block(0n));
    expect(error.code).to.equal('CHAIN_NO_QUORUM');
    expect(error.operands).to.include({ answered: 2, quorum: 2, endpoints: 2 });
    // In a typed read of the library too, whose errors wrap ours.
    const wrapped = await rejection(
      two.read((viem) => viem.readContract({ address: stage.probe, abi: probeAbi, functionName: 'next' })),
    );
    expect(wrapped.code).to.equal('CHAIN_NO_QUORUM');
  });

  it('is not led on by one that tells of blocks that nobody else has', async () => {
    road(2).fate = (method) => (method === 'eth_blockNumber' ? { answer: '0xffffff' } : 'pass');
    const head = await client().head();
    expect(head.number).to.equal(await stage.hand.getBlockNumber());
  });

  it('is not held up by one that tells of an old block, however quick it is', async () => {
    const all = endpoints();
    await all.request('eth_blockNumber');
    const frozen = numberToHex(await stage.hand.getBlockNumber());
    road(0).fate = (method) => (method === 'eth_blockNumber' ? { answer: frozen } : 'pass');
    await mine(3);
    expect(await all.request('eth_blockNumber')).to.equal(numberToHex(await stage.hand.getBlockNumber()));
  });

  it('sets aside one that stays far behind', async () => {
    const all = endpoints({ mostLag: 5n });
    road(0).fate = (method) => (method === 'eth_blockNumber' ? { answer: '0x1' } : 'pass');
    await mine(20);
    await waitFor('the slow one set aside', async () => {
      await all.request('eth_blockNumber');
      return troubles(all)[0] === 'lagging';
    });
  });

  it('never asks one of another chain', async () => {
    const all = endpoints();
    road(1).fate = (method) => (method === 'eth_chainId' ? { answer: '0x7' } : 'pass');
    await all.request('eth_blockNumber');
    expect(troubles(all)).to.deep.equal([null, 'wrong-chain', null]);
    expect(road(1).calls.get('eth_blockNumber') ?? 0).to.equal(0);
  });

  it('does not wait for one that hangs when the others have said it', async () => {
    const all = endpoints({ timeoutMilliseconds: 20_000 });
    await all.request('eth_blockNumber');
    let release = (): void => undefined;
    const held = new Promise<Fate>((resolve) => {
      release = () => resolve('pass');
    });
    road(2).fate = () => held;
    const asked = [all.request('eth_getBlockByNumber', ['0x1', false]), all.request('eth_blockNumber')];
    const answers = await Promise.race([Promise.all(asked), held]);
    expect(answers).to.be.an('array');
    release();
  });

  it('says of a contract’s refusal what a quorum says of it, and not what one invents', async () => {
    road(0).fate = (method) =>
      method === 'eth_call'
        ? { error: { code: 3, message: 'execution reverted: nobody else says so' } }
        : 'pass';
    const next = await client().read((viem) =>
      viem.readContract({ address: stage.probe, abi: probeAbi, functionName: 'next' }),
    );
    expect(next).to.equal(0n);
  });

  it('sends to all: one that swallows a transaction does not keep it from the chain', async () => {
    road(0).fate = (method) => (method === 'eth_sendRawTransaction' ? { answer: WRONG_HASH } : 'pass');
    const outbox = stage.outbox({ client: client() });
    const recorder: EventHandler<FollowedEvent> = {
      onEvents: () => Promise.resolve(),
      onRollback: () => Promise.resolve(),
    };
    stage.follower([outbox as EventHandler<FollowedEvent>, recorder], { client: client() });
    await db.transaction((tx) =>
      outbox.enqueue(tx, {
        role: 'operator',
        kind: 'note',
        dedupeKey: 'one',
        to: stage.probe,
        data: noteData(0),
      }),
    );
    await waitFor('the note on the chain', async () => (await stage.next()) === 1n);
  });

  it('a node follows the chain through three endpoints though one lies about every block', async () => {
    road(1).fate = lie;
    const seen: bigint[] = [];
    const follower = stage.follower(
      [
        {
          onEvents: (_db, events) => {
            seen.push(...events.map(({ args }) => args['seq'] as bigint));
            return Promise.resolve();
          },
          onRollback: () => Promise.resolve(),
        },
      ],
      { client: client() },
    );
    await mine(30);
    const head = await stage.hand.getBlockNumber();
    await follower.waitForBlock(head);
    expect(follower.status().lastError).to.equal(null);
  });
});
