import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type NetworkFile, parseSignedRequest, type SignedRequestJson } from '@credit-ledger/sdk/answer';
import {
  creditRegistersAbi,
  LedgerView,
  makeCheckpoint,
  makeNetworkFile,
  ProcessView,
  sharingGrantsAbi,
} from '@credit-ledger/sdk/chain';
import {
  batchHash,
  bodyOf,
  EMPTY_ROOT,
  encodeEntry,
  entriesHash,
  type Hex,
  isLedgerError,
  LEDGER_CLASS,
  ledgerDomain,
  type LedgerClass,
  type OpenedEntry,
  randomSecret,
  REQUEST_TYPES,
  RegisterTree,
  type RegisterRoot,
  secretCommitOf,
  sortForBatch,
  subjectKeyOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { createTestClient, encodeFunctionData, http, type LocalAccount, type TestClient } from 'viem';
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
import {
  AnswerService,
  type CircuitKeys,
  loadCircuitKeys,
  type OwnRegisters,
  PooledProver,
  type ProvableChain,
} from '../../../node/src/answers/index.ts';
import {
  type ChainClient,
  Follower,
  ledgerClient,
  Outbox,
  type EventHandler,
  type FollowedEvent,
} from '../../../node/src/chain/index.ts';
import { ShiftedClock } from '../../../node/src/clock.ts';
import {
  type AnswerPreparer,
  ChainLedgerReads,
  Checkpoints,
  HttpTransport,
  NodeVerifier,
  Requester,
  Responder,
  statusOfRejection,
} from '../../../node/src/exchange/index.ts';
import { requestTuple } from '../../../node/src/exchange/log-calls.ts';
import type { FileKeyring } from '../../../node/src/keys/index.ts';
import { type Database, EventStore } from '../../../node/src/store/index.ts';
import { ANVIL_MNEMONIC, type Anvil, startAnvil } from '../../../scripts/lib/anvil.ts';
import { deployLedger, type Deployment } from '../../../scripts/lib/deploy.ts';
import { decideInCouncil, foundLedger, fundAccounts } from '../../../scripts/lib/found.ts';
import { madeUpUscc } from '../../answers/support/claims.ts';
import { testKeyring } from '../../support/chain.ts';
import { memoryDatabase, type TestDatabase } from '../../support/database.ts';

const KEYS = fileURLToPath(new URL('../../../circuits/keys/', import.meta.url));
const QUICK = {
  pollMilliseconds: 10,
  backoff: { firstMilliseconds: 10, mostMilliseconds: 50 },
} as const;
export const PROMISE_SECONDS = 86_400;

/** The rooms of one member that take part in an exchange, on a real chain, with a port of their own. */
export class Agency {
  readonly id: bigint;
  readonly keyring: FileKeyring;
  readonly clock = new ShiftedClock();
  readonly chain: ChainClient;
  readonly view: LedgerView;
  readonly processes: ProcessView;
  readonly facts: ChainLedgerReads;
  readonly db: Database;
  outbox: Outbox;
  responder: Responder | undefined;
  requester: Requester | undefined;
  checkpoints: Checkpoints | undefined;
  follower: Follower<FollowedEvent> | undefined;

  constructor(id: bigint, keyring: FileKeyring, db: Database, rpcUrl: string, deployment: Deployment) {
    this.id = id;
    this.keyring = keyring;
    this.db = db;
    this.chain = ledgerClient(rpcUrl, { ...deployment, deployedAtBlock: BigInt(deployment.deployedAtBlock) });
    this.view = new LedgerView(this.chain.viem as never, deployment);
    this.processes = new ProcessView(this.chain.viem as never, deployment.processes);
    const { chain, view, processes } = this;
    this.facts = new ChainLedgerReads({ chain, view, processes, events: new EventStore(db) });
    this.outbox = this.makeOutbox();
  }

  makeOutbox(): Outbox {
    return new Outbox({
      db: this.db,
      client: this.chain,
      keyring: this.keyring,
      clock: this.clock,
      idleMilliseconds: 50,
      ...QUICK,
    });
  }

  get signer() {
    const { keyring } = this;
    return {
      operatorAddress: keyring.operatorAddress.toLowerCase() as Hex,
      witnessAddress: keyring.witnessAddress.toLowerCase() as Hex,
      signTypedData: keyring.signTypedData.bind(keyring),
    };
  }

  /** Sends and waits; every transaction of an agency goes through its outbox. */
  async send(role: 'operator' | 'witness', to: Hex, data: Hex): Promise<Hex> {
    const id = await this.db.transaction((tx) =>
      this.outbox.enqueue(tx, { kind: 'test', dedupeKey: crypto.randomUUID(), role, to, data }),
    );
    return (await this.outbox.waitFor(id)).txHash;
  }

  follow(handlers: readonly EventHandler<FollowedEvent>[]): Follower<FollowedEvent> {
    this.follower = new Follower<FollowedEvent>({
      db: this.db,
      client: this.chain,
      clock: this.clock,
      handlers: [this.outbox as EventHandler<FollowedEvent>, ...handlers],
      ...QUICK,
    });
    this.follower.start();
    return this.follower;
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
    await this.requester?.stop();
    await this.responder?.stop();
    await this.outbox.stop();
  }
}

/** The first agency's register, kept in memory: batches, openings and the tree, as on the chain. */
export class MemoryRegister implements OwnRegisters {
  readonly registerId: bigint;
  readonly secret;
  readonly tree = new RegisterTree();
  readonly #chains = new Map<string, { seq: number; entry: OpenedEntry }[]>();

  constructor(registerId: bigint, secret: ReturnType<typeof randomSecret>) {
    this.registerId = registerId;
    this.secret = secret;
  }

  /** The next batch: what goes on the chain. */
  next(records: readonly (readonly [Uscc, OpenedEntry])[]): {
    prevRoot: RegisterRoot;
    newRoot: RegisterRoot;
    entries: ReturnType<typeof encodeEntry>[];
    hash: Hex;
  } {
    const seq = this.tree.seq + 1;
    const prevRoot = this.tree.root();
    const entries = sortForBatch(
      records.map(([uscc, { op, packed, content }]) => ({
        key: subjectKeyOf(uscc, LEDGER_CLASS.adverse, this.secret),
        op,
        body: bodyOf(packed, content),
      })),
    );
    this.tree.append(entries, seq);
    for (const [uscc, entry] of records) {
      const chain = this.#chains.get(uscc) ?? [];
      chain.push({ seq, entry });
      this.#chains.set(uscc, chain);
    }
    const newRoot = this.tree.root();
    return {
      prevRoot,
      newRoot,
      entries: entries.map(encodeEntry),
      hash: batchHash(this.registerId, BigInt(seq), prevRoot, newRoot, entriesHash(entries)),
    };
  }

  chainOf(uscc: Uscc, ledgerClass: LedgerClass, _registerId: bigint, seq: bigint): Promise<ProvableChain> {
    const at = Number(seq);
    return Promise.resolve({
      entries: (this.#chains.get(uscc) ?? []).filter((each) => each.seq <= at).map(({ entry }) => entry),
      path: this.tree.path(subjectKeyOf(uscc, ledgerClass, this.secret), at),
      root: at === 0 ? EMPTY_ROOT : this.tree.root(at),
    });
  }

  secretOf(): Promise<ReturnType<typeof randomSecret>> {
    return Promise.resolve(this.secret);
  }
}

/** Three agencies on one chain: Beijing answers, Tianjin asks, all but the owner witness. */
export class Stage {
  readonly anvil: Anvil;
  readonly deployment: Deployment;
  readonly circuits: CircuitKeys[];
  readonly prover: PooledProver;
  readonly beijing: Agency;
  readonly tianjin: Agency;
  readonly hebei: Agency;
  readonly register: MemoryRegister;
  readonly test: TestClient;
  readonly #seats: readonly [LocalAccount, LocalAccount, LocalAccount];
  readonly #cleanUp: (() => Promise<void>)[];

  private constructor(parts: {
    anvil: Anvil;
    deployment: Deployment;
    circuits: CircuitKeys[];
    agencies: readonly [Agency, Agency, Agency];
    register: MemoryRegister;
    seats: readonly [LocalAccount, LocalAccount, LocalAccount];
    cleanUp: (() => Promise<void>)[];
  }) {
    this.anvil = parts.anvil;
    this.deployment = parts.deployment;
    this.circuits = parts.circuits;
    this.prover = new PooledProver(parts.circuits, { workers: 1 });
    [this.beijing, this.tianjin, this.hebei] = parts.agencies;
    this.register = parts.register;
    this.#seats = parts.seats;
    this.#cleanUp = parts.cleanUp;
    this.test = createTestClient({ mode: 'anvil', transport: http(parts.anvil.url) });
  }

  static async make(): Promise<Stage> {
    const cleanUp: (() => Promise<void>)[] = [];
    const anvil = await startAnvil();
    cleanUp.push(() => anvil.kill());
    const funder = mnemonicToAccount(ANVIL_MNEMONIC);
    const seat = (): LocalAccount => privateKeyToAccount(generatePrivateKey());
    const seats = [seat(), seat(), seat()] as const;
    const keyrings = await Promise.all([0, 1, 2].map(() => testKeyring()));
    const servers = await Promise.all([0, 1, 2].map(() => listen()));
    const databases = await Promise.all([0, 1, 2].map(() => memoryDatabase()));
    await fundAccounts(anvil.url, funder, [
      ...seats.map(({ address }) => address),
      ...keyrings.flatMap(({ keyring }) => [keyring.operatorAddress, keyring.witnessAddress]),
    ]);
    const deployment = await deployLedger({
      rpcUrl: anvil.url,
      deployer: funder,
      regions: [110_000, 120_000, 130_000],
      seats: [seats[0].address, seats[1].address, seats[2].address],
    });
    await foundLedger({
      rpcUrl: anvil.url,
      deployment,
      seats: [seats[0], seats[1]],
      members: keyrings.map(({ keyring }, i) => ({
        name: ['北京', '天津', '河北'][i] ?? '',
        regionCode: 110_101 + i * 10_000,
        creditCode: madeUpUscc('11110101', `MA0C000${i}`),
        role: 'authority' as const,
        endpoint: servers[i]?.url ?? '',
        operator: keyring.operatorAddress,
        witness: keyring.witnessAddress,
      })),
    });
    const agencies = keyrings.map(({ keyring, remove }, i) => {
      const { db, dispose } = databases[i] as TestDatabase;
      const agency = new Agency(BigInt(i + 1), keyring, db, anvil.url, deployment);
      agency.outbox.start();
      servers[i]?.serve(agency);
      cleanUp.unshift(
        () => agency.stop(),
        dispose,
        remove,
        () => servers[i]?.close() ?? Promise.resolve(),
      );
      return agency;
    }) as unknown as readonly [Agency, Agency, Agency];
    const [owner] = agencies;
    const secret = randomSecret();
    await owner.send(
      'operator',
      deployment.registers,
      encodeFunctionData({
        abi: creditRegistersAbi,
        functionName: 'open',
        args: [toBytes32(secretCommitOf(secret)), PROMISE_SECONDS],
      }),
    );
    const [registerId = 0n] = await owner.facts.registersOf(owner.id);
    const stage = new Stage({
      anvil,
      deployment,
      circuits: await loadCircuitKeys(KEYS),
      agencies,
      register: new MemoryRegister(registerId, secret),
      seats,
      cleanUp,
    });
    await stage.#start();
    return stage;
  }

  async #start(): Promise<void> {
    const { beijing, tianjin, hebei } = this;
    beijing.responder = this.makeResponder();
    await beijing.responder.start();
    beijing.follow([
      {
        onEvents: () => Promise.resolve(),
        onRollback: async (db, toBlock) => beijing.responder?.onRollback(db, toBlock),
      },
    ]);
    tianjin.requester = new Requester({
      db: tianjin.db,
      facts: tianjin.facts,
      transport: new HttpTransport({ development: true }),
      transactions: tianjin.outbox,
      verifier: new NodeVerifier({ network: () => this.network(), view: tianjin.view }),
      signer: tianjin.signer,
      clock: tianjin.clock,
      memberId: tianjin.id,
      pauses: { firstMilliseconds: 20, mostMilliseconds: 100 },
    });
    await tianjin.requester.start();
    tianjin.follow([]);
    for (const agency of [beijing, tianjin, hebei]) {
      agency.checkpoints = new Checkpoints({
        make: (wish) => makeCheckpoint(agency.view, wish),
        roots: { rootOf: (_, seq) => Promise.resolve(this.register.tree.root(Number(seq))) },
        facts: agency.facts,
        transport: new HttpTransport({ development: true }),
        signer: agency.signer,
        clock: agency.clock,
        memberId: agency.id,
        circuitIds: this.circuits.map(({ circuitId }) => circuitId),
      });
    }
  }

  /** A responder of Beijing; with other answers than the honest ones, a malicious one. */
  makeResponder(answers: AnswerPreparer = this.answers()): Responder {
    const { beijing } = this;
    return new Responder({
      db: beijing.db,
      facts: beijing.facts,
      answers,
      transactions: beijing.outbox,
      signer: beijing.signer,
      clock: beijing.clock,
      memberId: beijing.id,
    });
  }

  answers(own: OwnRegisters = this.register): AnswerService {
    return new AnswerService({ facts: this.beijing.facts, own, prover: this.prover });
  }

  /** Replaces Beijing's responder, as a restart of its node would. */
  async restart(answers?: AnswerPreparer): Promise<void> {
    await this.beijing.responder?.stop();
    this.beijing.responder = this.makeResponder(answers);
    await this.beijing.responder.start();
  }

  network(): Promise<NetworkFile> {
    return makeNetworkFile(this.tianjin.view, this.circuits, Math.floor(Date.now() / 1000));
  }

  /** Anchors records; the others attest unless told not to. Returns the batch hash. */
  async append(records: readonly (readonly [Uscc, OpenedEntry])[], attest = true): Promise<Hex> {
    const { prevRoot, newRoot, entries, hash } = this.register.next(records);
    await this.beijing.send(
      'operator',
      this.deployment.registers,
      encodeFunctionData({
        abi: creditRegistersAbi,
        functionName: 'append',
        args: [this.register.registerId, toBytes32(prevRoot), toBytes32(newRoot), entries],
      }),
    );
    if (attest) await this.attest(hash);
    return hash;
  }

  async attest(hash: Hex): Promise<void> {
    const data = encodeFunctionData({ abi: creditRegistersAbi, functionName: 'attest', args: [[hash]] });
    await Promise.all(
      [this.tianjin, this.hebei].map((agency) => agency.send('witness', this.deployment.registers, data)),
    );
  }

  async object(hash: Hex): Promise<void> {
    const data = encodeFunctionData({
      abi: creditRegistersAbi,
      functionName: 'object',
      args: [hash, toBytes32(5n)],
    });
    await this.hebei.send('witness', this.deployment.registers, data);
  }

  /** The council closes an objection. */
  async rule(seq: bigint, upheld: boolean): Promise<void> {
    const data = encodeFunctionData({
      abi: creditRegistersAbi,
      functionName: 'rule',
      args: [this.register.registerId, seq, upheld, toBytes32(1n)],
    });
    await decideInCouncil({
      rpcUrl: this.anvil.url,
      deployment: this.deployment,
      seats: [this.#seats[0], this.#seats[1]],
      calls: [{ target: this.deployment.registers, data }],
      summary: 'Ruling on an objection',
    });
  }

  /** A grant of Beijing to Tianjin's region. */
  async grant(terms: {
    readonly applicationId: Hex;
    readonly maxUses?: number;
    readonly validSeconds?: bigint;
    readonly consentRequired?: boolean;
  }): Promise<Hex> {
    const { time } = await this.beijing.facts.now();
    const data = encodeFunctionData({
      abi: sharingGrantsAbi,
      functionName: 'give',
      args: [
        {
          granteeKind: 2,
          grantee: 120_000n,
          applicationId: terms.applicationId,
          classes: 1 << LEDGER_CLASS.adverse,
          validFrom: time - 60n,
          validUntil: time + (terms.validSeconds ?? 30n * 86_400n),
          maxUses: terms.maxUses ?? 0,
          consentRequired: terms.consentRequired ?? false,
        },
      ],
    });
    const hash = await this.beijing.send('operator', this.deployment.grants, data);
    const { logs } = await this.beijing.chain.viem.getTransactionReceipt({ hash });
    const [log] = logs.filter(
      ({ address }) => address.toLowerCase() === this.deployment.grants.toLowerCase(),
    );
    return log?.topics[1] ?? '0x';
  }

  /** Moves the chain's time and every clock. */
  async passTime(seconds: number): Promise<void> {
    await this.test.increaseTime({ seconds });
    await this.test.mine({ blocks: 1 });
    for (const { clock } of [this.beijing, this.tianjin, this.hebei]) clock.shift(seconds * 1000);
  }

  /** A request signed by Tianjin, of whatever content. */
  async signed(unsigned: Omit<SignedRequestJson, 'signature'>): Promise<SignedRequestJson> {
    const { facts, signer } = this.tianjin;
    const signature = await signer.signTypedData('operator', {
      domain: ledgerDomain(facts.domain.chainId, facts.domain.answerLog),
      types: REQUEST_TYPES,
      primaryType: 'Request',
      message: requestTuple({ ...unsigned, signature: '0x' }),
    });
    return parseSignedRequest({ ...unsigned, signature });
  }

  async dispose(): Promise<void> {
    await this.prover.close();
    for (const step of this.#cleanUp) await step();
  }
}

interface Listening {
  readonly url: string;
  serve(agency: Agency): void;
  close(): Promise<void>;
}

/** As much HTTP as members need of each other. */
async function listen(): Promise<Listening> {
  let agency: Agency | undefined;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const reply = (status: number, body: unknown): void =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      const path = request.url ?? '';
      const work = async (): Promise<void> => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        if (path === '/v1/exchange/questions') reply(202, await agency?.responder?.receive(body));
        else if (path === '/v1/exchange/checkpoints') reply(200, await agency?.checkpoints?.sign(body));
        else {
          const outcome = await agency?.responder?.answerFor(path.split('/').at(-1) ?? '', body);
          reply(outcome?.state === 'pending' ? 202 : 200, outcome);
        }
      };
      work().catch((error: unknown) => {
        const code = isLedgerError(error) ? error.code : 'INTERNAL';
        reply(statusOfRejection(error) ?? 503, { code });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (served) => {
      agency = served;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
