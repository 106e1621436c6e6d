import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { privateKeyToAccount, generatePrivateKey, mnemonicToAccount } from 'viem/accounts';
import type { LocalAccount } from 'viem';
import { Connection } from '../../node/src/cli/connection.ts';
import { setUpNode } from '../../node/src/setup.ts';
import { ANVIL_MNEMONIC, type AnvilOptions, moveChainTime, startAnvil } from './anvil.ts';
import { deployLedger, type Deployment, type RegisterParameters } from './deploy.ts';
import { untilStoodBySince, untilWitnessed } from './errands.ts';
import { type FoundingMember, foundLedger, fundAccounts } from './found.ts';
import { root } from './checks.ts';
import { endProcesses } from './processes.ts';

/** An agency on the stage: a node of its own, with its own database, keys and port. */
export interface Agency {
  /** Short name, also of its folder. */
  readonly slug: string;
  readonly name: string;
  readonly regionCode: number;
  readonly creditCode: string;
  /** An authority by default, with a register and a witness. */
  readonly role?: 'authority' | 'requester' | 'association';
}

export interface StageNode extends Agency {
  readonly memberId: bigint;
  readonly url: string;
  readonly dataDir: string;
  readonly logFile: string;
  /** Its own process; undefined when it runs in this one. */
  readonly process: NodeProcess | undefined;
  /** Calls the node over HTTP with the local token of the role that the endpoint needs. */
  readonly connection: Connection;
}

/** The chain that a stage stands on. */
export interface StageChain {
  /** The endpoint through which the council founds the ledger, and the story reads. */
  readonly url: string;
  /** Of its processes. */
  readonly pids: readonly number[];
  /** Holds enough coin to deploy the contracts and to fund every account. */
  readonly deployer: LocalAccount;
  /** The endpoint of the node with this place among the agencies: of its own validator, where every member has one. */
  rpcUrlOf(index: number): string;
  /** Ends it; waits until it has gone. */
  stop(): Promise<void>;
}

export interface Stage {
  readonly directory: string;
  readonly chain: StageChain;
  readonly deployment: Deployment;
  /** Keys of the council's seats, made for this stage only. */
  readonly seats: readonly [LocalAccount, LocalAccount, LocalAccount];
  readonly nodes: readonly StageNode[];
  /**
   * Moves the time of chain and nodes on by so many days, and waits until every node has followed, every
   * register was stood by again (after days of silence nobody may believe it) and all batches are witnessed.
   * Only on a stage with `startAt`. Gives the chain's time.
   */
  moveTime(days: number): Promise<Date>;
  /** Ends nodes and chain; waits until they have gone. */
  stop(): Promise<void>;
}

export interface StageOptions {
  readonly directory: string;
  readonly agencies: readonly Agency[];
  readonly parameters?: RegisterParameters;
  /** A chain that runs already, and that the stage ends with itself; one of its own on anvil by default. */
  readonly chain?: StageChain;
  /** The time at which chain and nodes start, from where it goes on; this machine's time by default. */
  readonly startAt?: Date;
  /** Settings of every node, besides those that differ. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Settings of one agency's node, on top. */
  readonly settingsOf?: (agency: Agency) => Readonly<Record<string, unknown>>;
  /**
   * Starts a node in this process, for tests: the chain then ends with it too. By default each node is a process
   * of its own, which like the chain outlives this one.
   */
  readonly startInProcess?: (dataDir: string) => Promise<{ stop(): Promise<void> }>;
  /** Called before each part. */
  readonly onPart?: (part: 'chain' | 'contracts' | 'nodes') => void;
}

const SEAT_REGIONS = [110_000, 120_000, 130_000] as const;
const READY_SECONDS = 60;
const SECONDS_A_DAY = 86_400;

/**
 * Starts a chain, deploys and founds the ledger on it, and starts a node for each agency. Everything lives in
 * `directory` and listens on free ports until `stop` is called.
 */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { directory, agencies, startAt, startInProcess } = options;
  await mkdir(directory, { recursive: true });
  options.onPart?.('chain');
  const chain =
    options.chain ??
    (await startOwnChain({
      ...(startInProcess === undefined ? { detachedLog: join(directory, 'chain.log') } : {}),
      ...(startAt === undefined ? {} : { startAtSeconds: Math.floor(startAt.getTime() / 1000) }),
    }));
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    // The chain last: the nodes have things to finish on it.
    await Promise.all(running.splice(0).map((node) => node.stop()));
    await chain.stop();
  };
  try {
    options.onPart?.('contracts');
    const seats = [newKey(), newKey(), newKey()] as const;
    const deployment = await deployLedger({
      rpcUrl: chain.url,
      deployer: chain.deployer,
      regions: [...SEAT_REGIONS],
      seats: [seats[0].address, seats[1].address, seats[2].address],
      ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
    });
    const deploymentFile = join(directory, 'deployment.json');
    await writeFile(deploymentFile, `${JSON.stringify(deployment, null, 2)}\n`);

    options.onPart?.('nodes');
    const prepared = await Promise.all(
      agencies.map(async (agency, i) => {
        const port = await freePort();
        const dataDir = join(directory, agency.slug);
        const keys = await setUpNode({
          directory: dataDir,
          settings: {
            rpcUrl: chain.rpcUrlOf(i),
            port,
            pollMilliseconds: 200,
            ...(startAt === undefined ? {} : { clock: 'chain' }),
            ...options.settings,
            ...options.settingsOf?.(agency),
          },
          deploymentFile,
        });
        return { agency, dataDir, keys, url: `http://127.0.0.1:${port}` };
      }),
    );
    const members: FoundingMember[] = prepared.map(({ agency, keys, url }) => ({
      name: agency.name,
      regionCode: agency.regionCode,
      creditCode: agency.creditCode,
      role: agency.role ?? 'authority',
      endpoint: url,
      operator: keys.operator,
      ...((agency.role ?? 'authority') === 'authority' ? { witness: keys.witness } : {}),
    }));
    await fundAccounts(chain.url, chain.deployer, [
      ...seats.map((seat) => seat.address),
      ...prepared.flatMap(({ keys }) => [keys.operator, keys.witness]),
    ]);
    const { memberIds } = await foundLedger({
      rpcUrl: chain.url,
      deployment,
      seats: [seats[0], seats[1]],
      members,
    });

    const nodes: StageNode[] = [];
    for (const [i, { agency, dataDir, url }] of prepared.entries()) {
      const memberId = memberIds[i];
      if (memberId === undefined) throw new Error(`${agency.name} was not admitted`);
      const logFile = join(directory, `${agency.slug}.log`);
      let own: NodeProcess | undefined;
      if (startInProcess === undefined) {
        own = new NodeProcess(dataDir, logFile);
        own.start();
        running.push(own);
      } else running.push(await startInProcess(dataDir));
      nodes.push({
        ...agency,
        memberId,
        url,
        dataDir,
        logFile,
        process: own,
        connection: new Connection(
          { url, dataDir },
          { environment: {}, signal: new AbortController().signal },
        ),
      });
    }
    await Promise.all(nodes.map((node) => untilReady(node)));
    const moveTime = async (days: number): Promise<Date> => {
      if (startAt === undefined) throw new Error('this stage keeps the machine’s time');
      const time = await moveChainTime(chain.url, days * SECONDS_A_DAY);
      const moved = new Date(Number(time) * 1000);
      await Promise.all(nodes.map(({ connection }) => untilStoodBySince(connection, moved)));
      await untilWitnessed(nodes.map(({ connection }) => connection));
      return moved;
    };
    return { directory, chain, deployment, seats, nodes, moveTime, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startOwnChain(options: AnvilOptions): Promise<StageChain> {
  // A block for each transaction, and one now and then, so that the chain's time goes on.
  const anvil = await startAnvil({ blockTimeSeconds: 5, mixedMining: true, ...options });
  return {
    url: anvil.url,
    pids: [anvil.pid],
    deployer: mnemonicToAccount(ANVIL_MNEMONIC),
    rpcUrlOf: () => anvil.url,
    stop: () => endProcesses([anvil.pid]),
  };
}

/** The process of a node: like a supervisor's, started again as often as one likes. It outlives this process. */
export class NodeProcess {
  readonly #dataDir: string;
  readonly #logFile: string;
  #child: ChildProcess | undefined;

  constructor(dataDir: string, logFile: string) {
    this.#dataDir = dataDir;
    this.#logFile = logFile;
  }

  /** 0 before its first start. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  start(): void {
    const log = openSync(this.#logFile, 'a', 0o600);
    this.#child = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--disable-warning=ExperimentalWarning',
        join(root, 'node/src/cli/start.ts'),
        'serve',
        '--data',
        this.#dataDir,
      ],
      { cwd: root, detached: true, stdio: ['ignore', log, log] },
    );
    closeSync(log);
    this.#child.unref();
  }

  /** Ends it at once, as a power failure would; resolves when it has gone. */
  async kill(): Promise<void> {
    if (!this.isRunning || this.#child === undefined) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    if (this.isRunning) await endProcesses([this.pid]);
  }
}

async function untilReady(node: StageNode): Promise<void> {
  const until = performance.now() + READY_SECONDS * 1000;
  for (;;) {
    const ready = await fetch(`${node.url}/v1/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    if ((node.process !== undefined && !node.process.isRunning) || performance.now() > until) {
      const log = await readFile(node.logFile, 'utf8');
      throw new Error(`the node of ${node.name} did not become ready:\n${log.slice(-3_000)}`);
    }
    await pause(100);
  }
}

function newKey(): LocalAccount {
  return privateKeyToAccount(generatePrivateKey());
}

async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}
