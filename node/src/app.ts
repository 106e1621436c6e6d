import { createHmac } from 'node:crypto';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type NetworkFile, prepareNetwork } from '@credit-ledger/sdk/answer';
import { LedgerView, makeCheckpoint, makeNetworkFile, ProcessView } from '@credit-ledger/sdk/chain';
import { type Hex, isLedgerError, LedgerError } from '@credit-ledger/sdk/protocol';
import { AnswerService, loadCircuitKeys, type OwnRegisters, PooledProver } from './answers/index.ts';
import {
  closeHttpServer,
  createApi,
  createHttpServer,
  createLogger,
  type Logger,
  type NodeServices,
  Traffic,
} from './api/index.ts';
import type { CaseRooms, Exchange, Rooms, SubjectRooms } from './api/rooms.ts';
import { servicesOf } from './api/wiring/index.ts';
import { notAMember } from './api/wiring/words.ts';
import {
  ContractsInForce,
  type EventHandler,
  type FollowedEvent,
  Follower,
  ledgerClient,
  Outbox,
  OwnKeys,
} from './chain/index.ts';
import { CASE_LIMITS, CaseBoard, CaseService, Reports } from './cases/index.ts';
import { ChainClock, systemClock, type Clock } from './clock.ts';
import type { NodeConfig } from './config.ts';
import {
  ChainLedgerReads,
  Checkpoints,
  Evidence,
  HttpTransport,
  NodeVerifier,
  Requester,
  Responder,
} from './exchange/index.ts';
import { ImportService } from './intake/index.ts';
import { type AskPassphrase, type Keyring, refuseDevelopmentKeys } from './keys/index.ts';
import { agencyOf, Publicity } from './publicity/index.ts';
import { LettersRoom } from './letters/index.ts';
import {
  batchesAhead,
  OpeningsJournal,
  registerError,
  RegisterService,
  ThreadHasher,
} from './registers/index.ts';
import { openKeyring, openStore, readAuthorities, readDeployment, SERVING_FILE } from './setup.ts';
import { EventStore, hexOf, migrate, TreeStore, type Database } from './store/index.ts';
import { RecordStore } from './store/records.ts';
import { Bindings, Consents, Statements, SubjectQuestions } from './subjects/index.ts';
import { membershipOf, Witness, type OwnMembership } from './witness/index.ts';

export interface NodeOptions {
  /** Development only: a node in production mode refuses another than the system's. The setting `clock` otherwise. */
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Where the passphrase of the keys comes from; the process's by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Asks for the passphrase where the environment has none; see `readPassphrase`. */
  readonly askPassphrase?: AskPassphrase | undefined;
  /** Checks every reply of the API against its description. For tests. */
  readonly checkReplies?: boolean;
}

/** A node: every room, put together. */
export interface LedgerNode {
  /**
   * Starts all rooms. When the chain is down it starts all the same: what needs
   * no chain works, `/v1/ready` says what is missing, and the rest resumes by itself.
   */
  start(): Promise<void>;
  /** Ends everything in order; what was not finished goes on after the next start. */
  stop(): Promise<void>;
  /** Where it listens; only once it was started. */
  readonly url: string;
  readonly services: NodeServices;
  readonly rooms: Rooms;
}

const ENTRIES_AT_ONCE = 500;

/**
 * Opens store and keys and puts the rooms together; nothing runs yet.
 * One node a data directory (`STORE_IN_USE`).
 * Errors: `STORE_…`, `KEYRING_…`, `CHAIN_DEPLOYMENT_INVALID`, `DEPLOYMENT_NOT_FOUND`, `CIRCUIT_KEYS_…`,
 * `CLOCK_SHIFTED`, `KEYRING_DEVELOPMENT_KEY` in production mode.
 */
export async function createNode(config: NodeConfig, options: NodeOptions = {}): Promise<LedgerNode> {
  const chainClock = config.clock === 'chain' && options.clock === undefined ? new ChainClock() : undefined;
  const clock = options.clock ?? chainClock ?? systemClock;
  if (config.production && clock !== systemClock) {
    throw new LedgerError('CLOCK_SHIFTED', {
      en: 'A node in production mode runs on the system’s clock.',
      zh: '生产模式的节点必须使用系统时钟。',
    });
  }
  const logger = options.logger ?? createLogger(config.logLevel);
  const deployment = await readDeployment(config.deploymentPath);
  const keyring = await openKeyring(config, options.environment, options.askPassphrase);
  if (config.production) refuseDevelopmentKeys(keyring);
  const circuits = await loadCircuitKeys(config.circuitKeysDir, { production: config.production });
  const transport = new HttpTransport({
    development: !config.production,
    networks: config.peerNetworks,
    ...(config.peerAuthoritiesPath === undefined
      ? {}
      : { authorities: await readAuthorities(config.peerAuthoritiesPath) }),
  });
  const db = await openStore(config);
  try {
    await migrate(db, clock);
  } catch (error) {
    await db.close();
    throw error;
  }

  const chain = ledgerClient(config.rpcUrl, deployment, {
    furtherUrls: config.rpcUrls,
    quorum: config.rpcQuorum,
  });
  chain.watchEndpoints(({ host, trouble }) => {
    if (trouble === null) logger.info({ host }, 'the chain endpoint is asked again');
    else logger.warn({ host, trouble }, 'a chain endpoint is set aside');
  });
  const view = new LedgerView(chain.viem as never, deployment);
  const processes = new ProcessView(chain.viem as never, deployment.processes);
  const ownKeys = new OwnKeys({ db, keyring, log: logger });
  await ownKeys.start();
  const inForce = new ContractsInForce(deployment);
  await inForce.start(db);
  const requireFit = (): void => inForce.requireUnderstood();
  const outbox = new Outbox({ db, client: chain, keyring, clock, requireFit });
  const hasher = new ThreadHasher();
  const witness = new Witness({
    db,
    outbox,
    clock,
    appender: hasher,
    witnessAddresses: () => keyring.addresses('witness'),
    contract: deployment.registers,
  });
  const journal = new OpeningsJournal(config.journalPath, await keyring.journalKey());
  const registers = new RegisterService({
    db,
    keyring,
    clock,
    sender: outbox,
    trees: witness.replay,
    hasher,
    journal,
    settings: {
      contract: deployment.registers,
      anchorEverySeconds: config.batchEverySeconds,
      coverEntries: config.coverEntries,
      heartbeatPart: config.heartbeatEverySeconds / config.promiseSeconds,
    },
  });
  // True until it is known that every record has its entry; a crash may have come between.
  let recordsMayWait = true;
  const imports = new ImportService(db, clock, async (tx, records) => {
    try {
      await registers.appendRecords(tx, records);
    } catch (error) {
      if (!isLedgerError(error, 'REGISTER_NOT_OPEN')) throw error;
      // Records wait for the register: their entries are made as soon as it is open.
      tx.afterCommit(() => {
        recordsMayWait = true;
      });
    }
  });
  const publicity = new Publicity({
    db,
    clock,
    agency: async () => {
      const member = await membership();
      return member === undefined ? undefined : agencyOf(db, member.memberId);
    },
    mark: (recordId) => publicMark(keyring, recordId),
  });
  const prover = new PooledProver(circuits, {
    workers: config.proverWorkers,
    queueLimit: config.proverQueue,
  });
  const facts = new ChainLedgerReads({
    ...{ chain, view, processes, requireFit },
    events: new EventStore(db),
  });
  const networkKeeper = new NetworkKeeper(() =>
    makeNetworkFile(view, circuits, Math.floor(clock.now().getTime() / 1000)),
  );
  const membership = (handle: Database = db): Promise<OwnMembership | undefined> =>
    membershipOf(handle, {
      witness: keyring.addresses('witness'),
      operator: keyring.addresses('operator'),
    });

  const evidence = new Evidence(config.evidenceGraceSeconds);
  let exchange: Exchange | undefined;
  let subjects: SubjectRooms | undefined;
  let cases: CaseRooms | undefined;
  const late: EventHandler<FollowedEvent>[] = [];
  const letters: LettersRoom = new LettersRoom({
    db,
    clock,
    signer: keyring,
    transactions: outbox,
    followed: (blockNumber, signal) => follower.waitForBlock(blockNumber, signal),
    chainId: deployment.chainId,
    contracts: deployment.processes,
    followedContracts: chain.contracts,
    memberId: async (handle) => (await membership(handle))?.memberId,
    asker: () => rooms.exchange().requester,
    register: registers,
    chainTime: async () => (await facts.now()).time,
    log: logger.child({ room: 'letters' }),
  });
  const follower: Follower<FollowedEvent> = new Follower<FollowedEvent>({
    db,
    client: chain,
    clock,
    pollMilliseconds: config.pollMilliseconds,
    handlers: [
      inForce,
      ownKeys,
      outbox as EventHandler<FollowedEvent>,
      witness,
      registers as EventHandler<FollowedEvent>,
      networkKeeper,
      letters,
      forwardTo(late),
    ],
  });

  const rooms: Rooms = {
    config,
    clock,
    logger,
    db,
    keyring,
    ownKeys,
    inForce,
    evidence,
    deployment,
    chain,
    view,
    processes,
    outbox,
    follower,
    witness,
    registers,
    journal,
    imports,
    publicity,
    prover,
    letters,
    peers: transport,
    membership,
    network: () => networkKeeper.current(),
    exchange() {
      if (exchange === undefined) throw notAMember();
      return exchange;
    },
    subjects() {
      if (subjects === undefined) throw notAMember();
      return subjects;
    },
    cases() {
      if (cases === undefined) throw notAMember();
      return cases;
    },
  };
  const services = servicesOf(rooms);
  const traffic = new Traffic(config.requestsAtOnce);
  const api = createApi({
    services,
    config,
    clock,
    logger,
    traffic,
    checkReplies: options.checkReplies ?? false,
  });

  let server: Server | undefined;
  let url: string | undefined;
  let catchingUp: Promise<void> = Promise.resolve();
  let isStopping = false;

  /** After each advance: what depends on being a member, and on the register being open. */
  const onAdvanced = (): void => {
    catchingUp = catchingUp.then(async () => {
      if (isStopping) return;
      try {
        await beginExchange();
        if (recordsMayWait && (await registers.status()).state === 'open') {
          recordsMayWait = false;
          await enterWaitingRecords(db, registers);
        }
      } catch (error) {
        logger.error({ err: error }, 'catching up failed; it is tried again with the next block');
      }
    });
  };

  /** A clock that follows the chain hears its time: before anything starts, then with every block. */
  async function hearChainTime(): Promise<void> {
    try {
      chainClock?.follow((await facts.now()).time);
    } catch (error) {
      logger.warn({ err: error }, 'the chain’s time is not known; it is asked again with the next block');
    }
  }

  async function beginExchange(): Promise<void> {
    if (exchange !== undefined) return;
    const member = await membership();
    if (member === undefined) return;
    const { memberId } = member;
    const log = logger.child({ room: 'exchange' });
    const shared = { db, facts, clock, signer: keyring, memberId, log, transactions: outbox } as const;
    const made: Exchange = {
      facts,
      requester: new Requester({
        ...shared,
        transport,
        mostOpen: config.questionsOpen,
        verifier: new NodeVerifier({ network: () => networkKeeper.current(), view }),
      }),
      responder: new Responder({
        ...shared,
        evidence,
        answers: new AnswerService({ facts, own: ownRegisters(registers), prover }),
      }),
      checkpoints: new Checkpoints({
        ...shared,
        transport,
        make: (wish) => makeCheckpoint(view, wish),
        roots: { rootOf: (registerId, seq) => replayedRoot(db, registerId, seq) },
        circuitIds: circuits.map(({ circuitId }) => circuitId),
      }),
    };
    const parts = {
      ...{ db, facts, clock, memberId, transactions: outbox },
      simulate: (to: Hex, data: Hex) => chain.simulate({ from: keyring.operatorAddress, to, data }, 'latest'),
    };
    subjects = {
      bindings: new Bindings(parts),
      consents: new Consents(parts),
      questions: new SubjectQuestions(parts),
      statements: new Statements({ ...parts, registers }),
    };
    const board = new CaseBoard(db);
    const caseParts = { ...shared, transport, registers, board, contract: deployment.processes.cases };
    const service = new CaseService({
      ...caseParts,
      log: logger.child({ room: 'cases' }),
      limits: CASE_LIMITS,
    });
    cases = { service, reports: new Reports(caseParts) };
    late.push(
      made.responder as EventHandler<FollowedEvent>,
      made.requester,
      service as EventHandler<FollowedEvent>,
    );
    await made.responder.start();
    await made.requester.start();
    service.start();
    exchange = made;
    logger.info({ memberId: memberId.toString() }, 'this node is a member');
  }

  async function start(): Promise<void> {
    await mkdir(dirname(config.journalPath), { recursive: true, mode: 0o700 });
    if (chainClock !== undefined) {
      await hearChainTime();
      follower.events.on('advanced', () => void hearChainTime());
    }
    // Before anything is done with it: a database that is older than the journal would say and add what is not so.
    const ahead = await batchesAhead(db, journal);
    if (ahead > 0) throw registerError('JOURNAL_AHEAD', { batches: ahead });
    const interrupted = await imports.failInterrupted();
    if (interrupted > 0) logger.warn({ interrupted }, 'imports were interrupted; import the files again');
    watch(logger, rooms);
    outbox.start();
    witness.start();
    registers.start();
    services.checks.start();
    await letters.start();
    // Who was followed to be a member before is one from the first call on, even when the chain is down now: what it
    // says while it starts must not be taken for its last word.
    await beginExchange().catch((error: unknown) =>
      logger.error({ err: error }, 'the exchange did not begin; it is tried again with the next block'),
    );
    follower.events.on('advanced', onAdvanced);
    follower.start();
    onAdvanced();
    server = await new Promise<Server>((resolve, reject) => {
      const listening = createHttpServer(api, config, (code) => logger.debug({ code }, 'no request'));
      listening.once('listening', () => resolve(listening));
      listening.once('error', (cause) => reject(cannotListen(config, cause)));
      listening.listen(config.port, config.host);
    });
    const { port } = server.address() as AddressInfo;
    url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
    const serving = join(config.dataDir, SERVING_FILE);
    await writeFile(serving, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
    await chmod(serving, 0o600);
    logger.info({ url }, 'listening');
  }

  async function stop(): Promise<void> {
    if (isStopping) return;
    isStopping = true;
    const milliseconds = config.shutdownSeconds * 1000;
    logger.info({ requests: traffic.inFlight, imports: services.imports.taken }, 'stopping');
    traffic.end();
    await rm(join(config.dataDir, SERVING_FILE), { force: true });
    const [cut] = await Promise.all([
      server === undefined ? 0 : closeHttpServer(server, milliseconds),
      services.imports.stop(milliseconds),
    ]);
    if (cut > 0) logger.warn({ connections: cut }, 'connections were cut: their time had run out');
    await services.checks.stop();
    await follower.stop();
    await catchingUp;
    await letters.stop();
    await exchange?.requester.stop();
    await exchange?.responder.stop();
    await cases?.service.stop();
    await witness.stop();
    await registers.stop();
    await outbox.stop();
    await prover.close();
    await hasher.close();
    await journal.close();
    await db.close();
    logger.info('stopped');
  }

  return {
    start: async () => {
      try {
        await start();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    get url() {
      if (url === undefined) throw new Error('the node has not been started');
      return url;
    },
    services,
    rooms,
  };
}

/** The network file as of the latest change of members, circuits or registers. */
class NetworkKeeper implements EventHandler<FollowedEvent> {
  readonly #make: () => Promise<NetworkFile>;
  #current: Promise<NetworkFile> | undefined;

  constructor(make: () => Promise<NetworkFile>) {
    this.#make = make;
  }

  current(): Promise<NetworkFile> {
    this.#current ??= this.#make().then(
      (network) => {
        prepareNetwork(network);
        return network;
      },
      (error: unknown) => {
        this.#current = undefined;
        throw error;
      },
    );
    return this.#current;
  }

  async onEvents(db: Database, events: readonly FollowedEvent[]): Promise<void> {
    const changes = events.some(
      ({ contract, name }) =>
        contract === 'Consortium' || name === 'RegisterOpened' || name === 'ParametersSet',
    );
    if (changes) db.afterCommit(() => this.#forget());
  }

  async onRollback(db: Database): Promise<void> {
    db.afterCommit(() => this.#forget());
  }

  #forget(): void {
    this.#current = undefined;
  }
}

/** The public's name for a record: nobody without the pepper can make one, or tell what it stands for. */
async function publicMark(keyring: Pick<Keyring, 'tokenPepper'>, recordId: bigint): Promise<string> {
  return createHmac('sha256', await keyring.tokenPepper())
    .update(`public-record:${recordId}`)
    .digest('hex')
    .slice(0, 32);
}

/** Handlers that join while the follower runs. */
function forwardTo(handlers: readonly EventHandler<FollowedEvent>[]): EventHandler<FollowedEvent> {
  return {
    async onEvents(db, events) {
      for (const handler of handlers) await handler.onEvents(db, events);
    },
    async onRollback(db, toBlock) {
      for (const handler of [...handlers].reverse()) await handler.onRollback(db, toBlock);
    },
    async onAdvance(db, range) {
      for (const handler of handlers) await handler.onAdvance?.(db, range);
    },
  };
}

/** Records that came in before the register was open get their entries. */
async function enterWaitingRecords(db: Database, registers: RegisterService): Promise<void> {
  for (;;) {
    const entered = await db.transaction(async (tx) => {
      const waiting = await new RecordStore(tx).withoutEntry(ENTRIES_AT_ONCE);
      return registers.appendRecords(tx, waiting);
    });
    if (entered === 0) return;
  }
}

/** The registers room, as the answers room asks it. */
function ownRegisters(registers: RegisterService): OwnRegisters {
  return {
    chainOf: (uscc, ledgerClass, registerId, seq) => registers.chainOf(uscc, ledgerClass, registerId, seq),
    secretOf: (registerId) => registers.secretOf(registerId),
  };
}

async function replayedRoot(db: Database, registerId: bigint, seq: bigint): Promise<bigint | undefined> {
  const batch = await new TreeStore(db).bySeq(registerId, seq);
  return batch === undefined || batch.annulledAtBlock !== null ? undefined : batch.root;
}

/** What the rooms meet, for the operator: codes and ids. */
function watch(logger: Logger, { follower, outbox, witness, registers }: Rooms): void {
  follower.events.on('trouble', (error) =>
    logger.warn({ err: error }, 'following the chain failed; trying again'),
  );
  follower.events.on('rolled-back', ({ toBlock }) =>
    logger.warn({ toBlock: toBlock.toString() }, 'the chain went back'),
  );
  follower.events.on('ended', (error) => {
    if (error !== null) logger.error({ err: error }, 'the chain is not followed any more');
  });
  outbox.events.on('trouble', (role, error) =>
    logger.warn({ role, code: error.code }, 'sending failed; trying again'),
  );
  outbox.events.on('settled', (id) => {
    outbox.get(id).then(
      ({ kind, state, txHash, requestId, error }) =>
        logger.info(
          {
            outbox: id.toString(),
            kind,
            state,
            transaction: txHash === null ? null : hexOf(txHash),
            ...(requestId === null ? {} : { requestId }),
            ...(error === null ? {} : { code: error.code }),
          },
          'transaction settled',
        ),
      () => undefined, // the store went away meanwhile: said elsewhere
    );
  });
  witness.events.on('alarm', (alarm) =>
    logger.error({ err: alarm }, 'a register is not what its owner says'),
  );
  witness.events.on('trouble', (error) => logger.warn({ err: error }, 'witnessing failed; trying again'));
  registers.events.on('hindrance', (error) => {
    if (error === null) logger.info('nothing is in the way of the register any more');
    else logger.warn({ err: error }, 'something is in the way of the register');
  });
}

function cannotListen(config: NodeConfig, cause: Error): LedgerError {
  return new LedgerError(
    'CANNOT_LISTEN',
    {
      en: `The node cannot listen on ${config.host}:${config.port}; is the port taken?`,
      zh: `无法监听 ${config.host}:${config.port}，端口是否已被占用？`,
    },
    { host: config.host, port: config.port },
    { cause },
  );
}
