import type { Address } from 'viem';
import { startAnvil, type Anvil, type AnvilOptions } from '../../scripts/lib/anvil.ts';
import { ChainClient } from '../../node/src/chain/client.ts';
import type { FollowedEvent } from '../../node/src/chain/events.ts';
import { Follower, type EventHandler, type FollowerOptions } from '../../node/src/chain/follower.ts';
import { Outbox, type OutboxOptions } from '../../node/src/chain/outbox.ts';
import { ShiftedClock } from '../../node/src/clock.ts';
import { FileKeyring } from '../../node/src/keys/index.ts';
import type { Database } from '../../node/src/store/database.ts';
import { chainHand, deployProbe, fund, probeAbi, type ChainHand } from './probe.ts';
import { startRpcProxy, type RpcProxy } from './rpc-proxy.ts';
import { makeTempDir } from './temp.ts';

const QUICK = {
  backoff: { firstMilliseconds: 10, mostMilliseconds: 50 },
  pollMilliseconds: 10,
} as const;

/** A chain with a Probe on it, a node's database, and a line between them that can be disturbed. */
export class ChainStage {
  readonly db: Database;
  readonly keyring: FileKeyring;
  readonly proxy: RpcProxy;
  readonly probe: Address;
  readonly deployedAtBlock: bigint;
  readonly clock = new ShiftedClock();
  anvil: Anvil;
  hand: ChainHand;
  readonly #running: { stop(): Promise<void> }[] = [];

  private constructor(
    db: Database,
    keyring: FileKeyring,
    anvil: Anvil,
    proxy: RpcProxy,
    probe: { address: Address; block: bigint },
  ) {
    this.db = db;
    this.keyring = keyring;
    this.anvil = anvil;
    this.hand = chainHand(anvil.url);
    this.proxy = proxy;
    this.probe = probe.address;
    this.deployedAtBlock = probe.block;
  }

  static async make(db: Database, keyring: FileKeyring, options: AnvilOptions = {}): Promise<ChainStage> {
    const anvil = await startAnvil(options);
    await fund(anvil.url, keyring.operatorAddress, keyring.witnessAddress);
    const probe = await deployProbe(anvil.url, anvil.chainId);
    return new ChainStage(db, keyring, anvil, await startRpcProxy(anvil.url), probe);
  }

  client(change: Partial<ConstructorParameters<typeof ChainClient>[0]> = {}): ChainClient {
    return new ChainClient({
      rpcUrl: this.proxy.url,
      chainId: this.anvil.chainId,
      contracts: [{ name: 'Probe', address: this.probe, abi: probeAbi }],
      deployedAtBlock: this.deployedAtBlock,
      ...change,
    });
  }

  /** A started outbox on the stage's database: another object is what a restarted process would have. */
  outbox(options: Partial<OutboxOptions> = {}): Outbox {
    const outbox = new Outbox({
      db: this.db,
      client: this.client(),
      keyring: this.keyring,
      clock: this.clock,
      idleMilliseconds: 50,
      ...QUICK,
      ...options,
    });
    outbox.start();
    this.#running.push(outbox);
    return outbox;
  }

  follower(
    handlers: readonly EventHandler<FollowedEvent>[],
    options: Partial<FollowerOptions<FollowedEvent>> = {},
  ): Follower<FollowedEvent> {
    const follower = new Follower<FollowedEvent>({
      db: this.db,
      client: this.client(),
      clock: this.clock,
      handlers,
      believedAfterMilliseconds: 0,
      ...QUICK,
      ...options,
    });
    follower.start();
    this.#running.push(follower);
    return follower;
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((one) => one.stop()));
  }

  /** What the Probe says comes next: how many notes it has taken. */
  async next(): Promise<bigint> {
    return this.hand.readContract({ address: this.probe, abi: probeAbi, functionName: 'next' });
  }

  async dispose(): Promise<void> {
    this.proxy.fate = () => 'pass';
    await this.stopAll();
    await this.proxy.close();
    await this.anvil.kill();
  }
}

/** A keyring for tests, made once a file (its key derivation takes a while). */
export async function testKeyring(): Promise<{ keyring: FileKeyring; remove: () => Promise<void> }> {
  const directory = await makeTempDir();
  const keyring = await FileKeyring.create(`${directory.path}/keys`, 'only for tests, twelve', {
    scryptCost: 2 ** 14,
  });
  return { keyring, remove: directory.remove };
}
