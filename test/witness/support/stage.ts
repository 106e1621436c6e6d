import { answerLogAbi, consortiumAbi, creditRegistersAbi, sharingGrantsAbi } from '@credit-ledger/sdk/chain';
import {
  dayAt,
  findPredicate,
  findApplication,
  type Hex,
  isLedgerError,
  ledgerDomain,
  type Operand,
  predicateHashOf,
  REQUEST_TYPES,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  bytesToHex,
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  http,
  keccak256,
  type LocalAccount,
  stringToBytes,
} from 'viem';
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
import {
  type ChainClient,
  ContractsInForce,
  type FollowedEvent,
  Follower,
  ledgerClient,
  Outbox,
  OwnKeys,
  parseDeployment,
} from '../../../node/src/chain/index.ts';
import { ShiftedClock } from '../../../node/src/clock.ts';
import { FileKeyring } from '../../../node/src/keys/index.ts';
import {
  InlineHasher,
  OpeningsJournal,
  type Receipt,
  RegisterService,
  type TransactionOrder,
} from '../../../node/src/registers/index.ts';
import { type Database, type ReplayedBatchRow, TreeStore } from '../../../node/src/store/index.ts';
import { type NewRecord, RecordStore, type StoredRecord } from '../../../node/src/store/records.ts';
import { Witness } from '../../../node/src/witness/index.ts';
import { ANVIL_MNEMONIC, type Anvil, startAnvil } from '../../../scripts/lib/anvil.ts';
import { deployLedger, type Deployment, type RegisterParameters } from '../../../scripts/lib/deploy.ts';
import { decideInCouncil, foundLedger, fundAccounts } from '../../../scripts/lib/found.ts';
import { sampleRecord } from '../../registers/support/world.ts';
import { emptyTables, memoryDatabase } from '../../support/database.ts';
import { makeTempDir } from '../../support/temp.ts';
import { waitFor } from '../../support/wait.ts';

export const PARAMETERS: RegisterParameters = {
  quorumRegions: 1,
  quietSeconds: 3_600,
  finalSeconds: 30 * 86_400,
  graceSeconds: 600,
};
const PLACES = [
  { slug: 'beijing', name: '北京示例市场监管局', regionCode: 110_108, creditCode: '11110101MAK0GYY85R' },
  { slug: 'tianjin', name: '天津示例生态环境局', regionCode: 120_101, creditCode: '11120101MAJNDYEF8Y' },
  { slug: 'hebei', name: '河北示例交通运输厅', regionCode: 130_102, creditCode: '11130102MA4C74F26Q' },
] as const;
export type Slug = (typeof PLACES)[number]['slug'];
const APPLICATION = findApplication('procurement-qualification');
const PREDICATE = findPredicate('procurement-qualification', 'no-severe-default');
const QUICK = { pollMilliseconds: 50, backoff: { firstMilliseconds: 20, mostMilliseconds: 200 } } as const;
const PASSPHRASE = 'correct horse battery';
const SCRYPT_COST = 2 ** 14;
export const PROMISE_SECONDS = 86_400;

/** How a member of a test departs from an honest one. */
export interface Character {
  /** False: it replays and says nothing. */
  readonly votes?: boolean;
  /** What it does to its operator's transactions before they go out. */
  readonly tamper?: (order: TransactionOrder) => TransactionOrder;
}

/** One member's node, as far as registers and witnessing go. */
export class Member {
  readonly slug: Slug;
  readonly memberId: bigint;
  readonly db: Database;
  readonly keyring: FileKeyring;
  readonly client: ChainClient;
  readonly clock = new ShiftedClock();
  readonly inForce: ContractsInForce;
  readonly ownKeys: OwnKeys;
  readonly outbox: Outbox;
  readonly witness: Witness;
  readonly registers: RegisterService;
  readonly follower: Follower<FollowedEvent>;
  #numbers = 0;

  constructor(parts: {
    readonly slug: Slug;
    readonly memberId: bigint;
    readonly db: Database;
    readonly keyring: FileKeyring;
    readonly journal: OpeningsJournal;
    readonly rpcUrl: string;
    readonly deployment: Deployment;
    readonly character: Character;
  }) {
    const { db, keyring, deployment, character } = parts;
    const { clock } = this;
    this.slug = parts.slug;
    this.memberId = parts.memberId;
    this.db = db;
    this.keyring = keyring;
    this.client = ledgerClient(parts.rpcUrl, parseDeployment(deployment));
    const requireFit = (): void => this.inForce.requireUnderstood();
    this.inForce = new ContractsInForce(parseDeployment(deployment));
    this.outbox = new Outbox({
      ...{ db, client: this.client, keyring, clock, requireFit, idleMilliseconds: 200 },
      ...QUICK,
    });
    this.ownKeys = new OwnKeys({ db, keyring, log: { info: () => undefined, warn: () => undefined } });
    const hasher = new InlineHasher();
    const contract = deployment.registers.toLowerCase() as Hex;
    this.witness = new Witness({
      db,
      outbox: this.outbox,
      clock,
      appender: hasher,
      witnessAddresses: () => keyring.addresses('witness'),
      contract,
      votes: character.votes ?? true,
      tickMilliseconds: 500,
    });
    const tamper = character.tamper ?? ((order) => order);
    this.registers = new RegisterService({
      db,
      keyring,
      clock,
      sender: { enqueue: (tx, order) => this.outbox.enqueue(tx, tamper(order)) },
      trees: this.witness.replay,
      hasher,
      journal: parts.journal,
      settings: { contract, anchorEverySeconds: 86_400, coverEntries: 0, tickMilliseconds: 500 },
    });
    this.follower = new Follower<FollowedEvent>({
      db,
      client: this.client,
      clock,
      handlers: [this.inForce, this.ownKeys, this.outbox as never, this.witness, this.registers],
      ...QUICK,
    });
  }

  start(): void {
    this.outbox.start();
    this.witness.start();
    this.registers.start();
    this.follower.start();
  }

  async stop(): Promise<void> {
    await this.follower.stop();
    await this.witness.stop();
    await this.registers.stop();
    await this.outbox.stop();
  }

  /** Opens its register and waits until it is followed. */
  async open(): Promise<bigint> {
    await this.registers.open(PROMISE_SECONDS);
    return waitFor(`${this.slug}’s register`, async () => (await this.registers.status()).registerId);
  }

  /** Takes in records, each with a document number of its own, and starts anchoring them in one batch. */
  async anchor(...records: Partial<NewRecord>[]): Promise<StoredRecord[]> {
    const stored = await this.db.transaction(async (tx) => {
      const made = records.map((record) => {
        this.#numbers += 1;
        return { ...sampleRecord(this.#numbers), ...record, importRow: null };
      });
      const rows = await new RecordStore(tx).insert(made, null, this.clock.now());
      await this.registers.appendRecords(tx, rows);
      return rows;
    });
    await this.registers.anchorNow();
    return stored;
  }

  standing(registerId: bigint): Promise<ReplayedBatchRow[]> {
    return new TreeStore(this.db).standing(registerId);
  }

  /** Waits until a record's first entry is in a state. */
  async untilRecord(recordId: bigint, state: Receipt['entries'][number]['state']): Promise<Receipt> {
    return waitFor(`record ${recordId} ${state}`, async () => {
      const receipt = await this.registers.receipt(recordId);
      return receipt.entries[0]?.state === state ? receipt : undefined;
    });
  }
}

/** A chain with the founded ledger and three members in three regions; put back for each test. */
export class LedgerStage {
  readonly anvil: Anvil;
  readonly deployment: Deployment;
  readonly #seats: readonly [LocalAccount, LocalAccount];
  readonly #keyrings: readonly FileKeyring[];
  readonly #memberIds: readonly bigint[];
  readonly #databases: readonly Database[];
  readonly #temp: { path: string; remove: () => Promise<void> };
  readonly test;
  readonly public;
  #snapshot: Hex;
  #runs = 0;
  #members: Member[] = [];

  private constructor(parts: {
    anvil: Anvil;
    deployment: Deployment;
    seats: readonly [LocalAccount, LocalAccount];
    keyrings: readonly FileKeyring[];
    memberIds: readonly bigint[];
    databases: readonly Database[];
    temp: { path: string; remove: () => Promise<void> };
    snapshot: Hex;
  }) {
    this.anvil = parts.anvil;
    this.deployment = parts.deployment;
    this.#seats = parts.seats;
    this.#keyrings = parts.keyrings;
    this.#memberIds = parts.memberIds;
    this.#databases = parts.databases;
    this.#temp = parts.temp;
    this.#snapshot = parts.snapshot;
    this.test = createTestClient({ mode: 'anvil', transport: http(parts.anvil.url) });
    this.public = createPublicClient({ transport: http(parts.anvil.url), pollingInterval: 20 });
  }

  static async make(): Promise<LedgerStage> {
    const temp = await makeTempDir();
    const anvil = await startAnvil();
    const deployer = mnemonicToAccount(ANVIL_MNEMONIC);
    const seats = [newKey(), newKey(), newKey()] as const;
    const deployment = await deployLedger({
      rpcUrl: anvil.url,
      deployer,
      regions: [110_000, 120_000, 130_000],
      seats: [seats[0].address, seats[1].address, seats[2].address],
      parameters: PARAMETERS,
    });
    const keyrings = await Promise.all(
      PLACES.map(({ slug }) =>
        FileKeyring.create(join(temp.path, `${slug}.json`), PASSPHRASE, { scryptCost: SCRYPT_COST }),
      ),
    );
    await fundAccounts(anvil.url, deployer, [
      ...seats.map(({ address }) => address),
      ...keyrings.flatMap(({ operatorAddress, witnessAddress }) => [operatorAddress, witnessAddress]),
    ]);
    const { memberIds } = await foundLedger({
      rpcUrl: anvil.url,
      deployment,
      seats: [seats[0], seats[1]],
      members: PLACES.map(({ name, regionCode, creditCode }, i) => ({
        name,
        regionCode,
        creditCode,
        role: 'authority' as const,
        endpoint: `http://127.0.0.1:${4_001 + i}`,
        operator: keyrings[i]?.operatorAddress ?? '0x',
        witness: keyrings[i]?.witnessAddress ?? '0x',
      })),
    });
    const databases = [];
    for (const _ of PLACES) databases.push((await memoryDatabase()).db);
    const snapshot = await createTestClient({ mode: 'anvil', transport: http(anvil.url) }).snapshot();
    return new LedgerStage({
      anvil,
      deployment,
      seats: [seats[0], seats[1]],
      keyrings,
      memberIds,
      databases,
      temp,
      snapshot,
    });
  }

  /** Three members at the founding, with empty databases, started. */
  async begin(characters: Partial<Record<Slug, Character>> = {}): Promise<Record<Slug, Member>> {
    await this.end();
    await this.test.revert({ id: this.#snapshot });
    this.#snapshot = await this.test.snapshot();
    this.#runs += 1;
    for (const db of this.#databases) await emptyTables(db);
    this.#members = PLACES.map(({ slug }, i) => this.#member(i, characters[slug] ?? {}));
    for (const member of this.#members) member.start();
    const [beijing, tianjin, hebei] = this.#members as [Member, Member, Member];
    return { beijing, tianjin, hebei };
  }

  /** A member as a new process would find it: same database, keys and journal. */
  async restart(member: Member, character: Character = {}): Promise<Member> {
    await member.stop();
    const i = PLACES.findIndex(({ slug }) => slug === member.slug);
    const again = this.#member(i, character);
    this.#members[i] = again;
    return again;
  }

  async end(): Promise<void> {
    const members = this.#members;
    this.#members = [];
    await Promise.all(members.map((member) => member.stop()));
  }

  async close(): Promise<void> {
    await this.end();
    await Promise.all(this.#databases.map((db) => db.close()));
    await this.anvil.stop();
    await this.#temp.remove();
  }

  #member(i: number, character: Character): Member {
    const place = PLACES[i];
    const db = this.#databases[i];
    const keyring = this.#keyrings[i];
    const memberId = this.#memberIds[i];
    if (!place || !db || !keyring || memberId === undefined) throw new Error(`no member ${i}`);
    const journal = new OpeningsJournal(
      join(this.#temp.path, `${place.slug}-${this.#runs}.journal`),
      new Uint8Array(32).fill(i + 1),
    );
    return new Member({
      slug: place.slug,
      memberId,
      db,
      keyring,
      journal,
      rpcUrl: this.anvil.url,
      deployment: this.deployment,
      character,
    });
  }

  /** A member's keys, as another process would open them. */
  openKeys(member: Member): Promise<FileKeyring> {
    return FileKeyring.open(join(this.#temp.path, `${member.slug}.json`), PASSPHRASE, SCRYPT_COST);
  }

  /** The council rules on the objections to a batch. */
  async rule(registerId: bigint, seq: bigint, upheld: boolean): Promise<void> {
    const data = encodeFunctionData({
      abi: creditRegistersAbi,
      functionName: 'rule',
      args: [registerId, seq, upheld, keccak256(stringToBytes('reason'))],
    });
    await this.decide(upheld ? '异议成立' : '异议不成立', this.deployment.registers, data);
  }

  /** The council gives a member other keys, from a few blocks later on; they get coin to send with. */
  async changeKeys(
    memberId: bigint,
    keys: { readonly operator: Hex; readonly witness: Hex },
    leadBlocks = 6n,
  ): Promise<bigint> {
    await fundAccounts(this.anvil.url, mnemonicToAccount(ANVIL_MNEMONIC), [keys.operator, keys.witness]);
    const fromBlock = (await this.public.getBlockNumber({ cacheTime: 0 })) + leadBlocks;
    const data = encodeFunctionData({
      abi: consortiumAbi,
      functionName: 'changeKeys',
      args: [memberId, keys.operator, keys.witness, fromBlock],
    });
    await this.decide('更换密钥', this.deployment.consortium, data);
    return fromBlock;
  }

  async decide(summary: string, target: Hex, data: Hex): Promise<void> {
    await decideInCouncil({
      rpcUrl: this.anvil.url,
      deployment: this.deployment,
      seats: this.#seats,
      summary,
      calls: [{ target, data }],
      pollMilliseconds: 20,
    });
  }

  /** Sends a transaction with a member's key, past everything that its node would do. */
  async send(
    member: Member,
    role: 'operator' | 'witness',
    data: Hex,
    to: Hex = this.deployment.registers,
  ): Promise<void> {
    const from = role === 'operator' ? member.keyring.operatorAddress : member.keyring.witnessAddress;
    const refusal = await member.client.simulate({ from, to, data }, 'latest');
    if (refusal !== undefined) throw refusal;
    await this.test.impersonateAccount({ address: from });
    const wallet = createWalletClient({ transport: http(this.anvil.url) });
    const hash = await wallet.sendTransaction({ account: from, to, data, chain: null });
    const receipt = await this.public.waitForTransactionReceipt({ hash });
    await this.test.stopImpersonatingAccount({ address: from });
    if (receipt.status !== 'success') throw new Error(`the transaction ${hash} failed`);
  }

  /** The contract's error with which a member's call would be refused; undefined when it would not be. */
  async refusal(
    member: Member,
    role: 'operator' | 'witness',
    data: Hex,
    to: Hex = this.deployment.registers,
  ): Promise<Readonly<Record<string, Operand>> | undefined> {
    const from = role === 'operator' ? member.keyring.operatorAddress : member.keyring.witnessAddress;
    const error = await member.client.simulate({ from, to, data }, 'latest');
    if (error === undefined) return undefined;
    if (!isLedgerError(error)) throw error;
    return error.operands;
  }

  /** A batch as the contract has it. */
  batch(registerId: bigint, seq: bigint) {
    return this.public.readContract({
      address: this.deployment.registers,
      abi: creditRegistersAbi,
      functionName: 'batch',
      args: [registerId, seq],
    });
  }

  register(registerId: bigint) {
    return this.public.readContract({
      address: this.deployment.registers,
      abi: creditRegistersAbi,
      functionName: 'register',
      args: [registerId],
    });
  }

  /** A grant of the owner for the asker, and the call that would log an answer under a batch. */
  async answerCall(
    owner: Member,
    asker: Member,
    registerId: bigint,
  ): Promise<(batchHash: Hex) => Promise<Hex>> {
    const { time } = await this.#now();
    await this.send(
      owner,
      'operator',
      encodeFunctionData({
        abi: sharingGrantsAbi,
        functionName: 'give',
        args: [
          {
            granteeKind: 1,
            grantee: asker.memberId,
            applicationId: APPLICATION.id,
            classes: 2,
            validFrom: time,
            validUntil: time + 30n * 86_400n,
            maxUses: 0,
            consentRequired: false,
          },
        ],
      }),
      this.deployment.grants,
    );
    const [given] = await this.public.getContractEvents({
      address: this.deployment.grants,
      abi: sharingGrantsAbi,
      eventName: 'GrantGiven',
      fromBlock: 0n,
      strict: true,
    });
    if (given === undefined) throw new Error('no grant was given');
    const circuit = this.deployment.circuits.find(({ size }) => PREDICATE.circuitSizes.includes(size));
    return async (batchHash) => {
      const now = await this.#now();
      const request = {
        requestId: bytesToHex(randomBytes(32)),
        requester: asker.memberId,
        registerId,
        applicationId: APPLICATION.id,
        applicationVersion: 1,
        predicateHash: toBytes32(predicateHashOf(PREDICATE.predicate)),
        asOfDay: dayAt(now.time),
        subjectTag: toBytes32(BigInt(bytesToHex(randomBytes(31)))),
        grantId: given.args.grantId,
        expiry: now.time + 3_600n,
      };
      const signature = await asker.keyring.signTypedData('operator', {
        domain: ledgerDomain(BigInt(this.deployment.chainId), this.deployment.answerLog),
        types: REQUEST_TYPES,
        primaryType: 'Request',
        message: request,
      });
      return encodeFunctionData({
        abi: answerLogAbi,
        functionName: 'log',
        args: [request, signature, batchHash, circuit?.id ?? '0x', bytesToHex(randomBytes(32))],
      });
    };
  }

  async #now(): Promise<{ time: bigint }> {
    const block = await this.public.getBlock();
    return { time: block.timestamp };
  }
}

function newKey(): LocalAccount {
  return privateKeyToAccount(generatePrivateKey());
}

/** The first four bytes of an error's hash, as the contracts name reasons. */
export function selectorOf(signature: string): Hex {
  return keccak256(stringToBytes(signature)).slice(0, 10) as Hex;
}
