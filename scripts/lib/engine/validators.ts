import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Address, createPublicClient, type Hex, http, type LocalAccount } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { endProcesses, isAlive } from '../processes.ts';
import {
  type ChainDescription,
  identityOf,
  kaiaGenesis,
  kaiaStaticNodes,
  type ValidatorDescription,
} from './description.ts';

/** One running validator: a process of its own, which can be made to fail in every way that one fails. */
export class Validator {
  readonly description: ValidatorDescription;
  readonly url: string;
  readonly directory: string;
  readonly logFile: string;
  readonly #binary: string;
  readonly #chainId: number;
  readonly #rpcPort: number;
  #pid = 0;

  constructor(options: {
    readonly binary: string;
    readonly chainId: number;
    readonly description: ValidatorDescription;
    readonly rpcPort: number;
    readonly directory: string;
  }) {
    this.description = options.description;
    this.directory = options.directory;
    this.logFile = `${options.directory}.log`;
    this.url = `http://127.0.0.1:${options.rpcPort}`;
    this.#binary = options.binary;
    this.#chainId = options.chainId;
    this.#rpcPort = options.rpcPort;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Writes what it needs before its first start; also after {@link wipe}. */
  async prepare(genesisFile: string, nodeKey: Hex, staticNodes: readonly string[]): Promise<void> {
    await mkdir(join(this.directory, 'klay'), { recursive: true, mode: 0o700 });
    const made = spawnSync(this.#binary, ['--datadir', this.directory, 'init', genesisFile], {
      encoding: 'utf8',
    });
    if (made.status !== 0) {
      throw new Error(
        `the validator ${this.description.slug} could not be made: ${made.stderr.slice(-2_000)}`,
      );
    }
    await writeFile(join(this.directory, 'klay', 'nodekey'), nodeKey.slice(2), { mode: 0o600 });
    await writeFile(
      join(this.directory, 'klay', 'static-nodes.json'),
      `${JSON.stringify(staticNodes, null, 2)}\n`,
    );
  }

  /** Starts its process, which outlives this one; does not wait for it to listen. */
  start(): void {
    if (this.#pid !== 0 && isAlive(this.#pid, 'kcn')) return;
    const log = openSync(this.logFile, 'a', 0o600);
    const child = spawn(
      this.#binary,
      [
        ...['--datadir', this.directory, '--networkid', String(this.#chainId), '--nodiscover'],
        ...['--port', String(this.description.p2pPort), '--rpc', '--rpcaddr', '127.0.0.1'],
        ...['--rpcport', String(this.#rpcPort), '--rpcapi', 'eth,net,web3,istanbul', '--rpcvhosts', '*'],
        ...['--nodekey', join(this.directory, 'klay', 'nodekey'), '--rewardbase', this.description.address],
        ...['--syncmode', 'full', '--verbosity', '2'],
      ],
      { detached: true, stdio: ['ignore', log, log] },
    );
    closeSync(log);
    child.unref();
    this.#pid = child.pid ?? 0;
  }

  /** Ends it at once, as a power failure would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await endProcesses([this.#pid]);
  }

  /** SIGSTOP and SIGCONT: it neither works nor closes its connections, and then goes on as if nothing had been. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.#pid, name);
  }

  /** Removes everything that it knows, but for its key. Only when it does not run. */
  async wipe(): Promise<void> {
    await rm(join(this.directory, 'klay'), { recursive: true, force: true });
  }

  /** Its newest block, or undefined when it does not answer within two seconds. */
  async blockNumber(): Promise<bigint | undefined> {
    try {
      return await createPublicClient({
        cacheTime: 0,
        transport: http(this.url, { retryCount: 0, timeout: 2_000 }),
      }).getBlockNumber();
    } catch {
      // Down, stopped, or not listening yet: all the same to who asks how far it is.
      return undefined;
    }
  }

  /** How many other validators it is connected to; undefined when it does not answer. */
  async peers(): Promise<number | undefined> {
    try {
      const client = createPublicClient({ transport: http(this.url, { retryCount: 0, timeout: 2_000 }) });
      return Number(await client.request({ method: 'net_peerCount' } as never));
    } catch {
      // As above.
      return undefined;
    }
  }
}

/** A consortium chain of several validators on this machine. */
export interface ValidatorNetwork {
  readonly directory: string;
  readonly description: ChainDescription;
  readonly validators: readonly Validator[];
  /** Holds coin; made for this network only. */
  readonly treasurer: LocalAccount;
  /** Starts one anew from nothing: it has to get the whole chain from the others. */
  startAnew(index: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ValidatorNetworkOptions {
  /** Is emptied first. */
  readonly directory: string;
  /** The engine's program. */
  readonly binary: string;
  readonly slugs: readonly string[];
  readonly chainId?: number;
}

const CHAIN_ID = 4221;
const START_SECONDS = 90;
const TREASURE_WEI = 10n ** 27n;

/**
 * Makes a chain with fresh keys, starts its validators and waits until all of them make blocks together.
 * @throws Error when they do not within ninety seconds; nothing is left running then
 */
export async function startValidators(options: ValidatorNetworkOptions): Promise<ValidatorNetwork> {
  const { directory, binary, slugs } = options;
  const chainId = options.chainId ?? CHAIN_ID;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const treasurerKey = generatePrivateKey();
  const treasurer = privateKeyToAccount(treasurerKey);
  const keys = slugs.map(() => generatePrivateKey());
  const ports = await freePorts(slugs.length * 2);
  const portAt = (index: number): number => {
    const port = ports[index];
    if (port === undefined) throw new Error('no port');
    return port;
  };
  const alloc: Record<Address, bigint> = { [treasurer.address]: TREASURE_WEI };
  const description: ChainDescription = {
    chainId,
    timestamp: Math.floor(Date.now() / 1000),
    alloc,
    validators: keys.map((key, i) => ({
      slug: slugs[i] ?? `validator-${i + 1}`,
      ...identityOf(key),
      host: '127.0.0.1',
      p2pPort: portAt(i),
    })),
  };
  const genesisFile = join(directory, 'genesis.json');
  await writeFile(genesisFile, `${JSON.stringify(kaiaGenesis(description), null, 2)}\n`);
  // Kept for who starts a validator again by hand; worth nothing beyond this network.
  await writeFile(join(directory, 'treasurer.key'), `${treasurerKey}\n`, { mode: 0o600 });
  const validators = description.validators.map(
    (validator, i) =>
      new Validator({
        binary,
        chainId,
        description: validator,
        rpcPort: portAt(slugs.length + i),
        directory: join(directory, validator.slug),
      }),
  );
  const prepare = async (i: number): Promise<void> => {
    const [validator, key] = [validators[i], keys[i]];
    if (validator === undefined || key === undefined) throw new RangeError(`there is no validator ${i}`);
    await validator.prepare(genesisFile, key, kaiaStaticNodes(description));
  };
  const stop = async (): Promise<void> => {
    const pids = validators.map(({ pid }) => pid).filter((pid) => pid !== 0);
    // One that was stopped with SIGSTOP would not hear that it should end.
    for (const validator of validators) if (isAlive(validator.pid, 'kcn')) validator.signal('SIGCONT');
    await endProcesses(pids);
  };
  try {
    for (const i of validators.keys()) await prepare(i);
    for (const validator of validators) validator.start();
    await untilAllAt(validators, 2n, START_SECONDS);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    directory,
    description,
    validators,
    treasurer,
    startAnew: async (i) => {
      await prepare(i);
      validators[i]?.start();
    },
    stop,
  };
}

/** Waits until these validators have a block. @throws Error with the end of a log when they do not in time */
export async function untilAllAt(
  validators: readonly Validator[],
  block: bigint,
  seconds: number,
): Promise<void> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    const numbers = await Promise.all(validators.map((validator) => validator.blockNumber()));
    const late = validators.filter((_, i) => (numbers[i] ?? -1n) < block);
    if (late.length === 0) return;
    if (performance.now() > until) {
      const [worst] = late;
      const log = worst === undefined ? '' : await readFile(worst.logFile, 'utf8');
      throw new Error(
        `validators ${late.map(({ description }) => description.slug).join(', ')} did not reach block ${block} in ${seconds} s:\n${log.slice(-2_000)}`,
      );
    }
    await pause(200);
  }
}

/** Held together until all are known, so that none is given twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
