import {
  batchHash,
  checkUscc,
  decodeEntries,
  EMPTY_ROOT,
  entriesHash,
  type Hex,
  isSelfDeclaredKind,
  randomSecret,
  type RegisterRoot,
  type RegisterSecret,
  secretCommitOf,
  toBytes32,
  USCC_ALPHABET,
} from '@credit-ledger/sdk/protocol';
import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { decodeFunctionData, bytesToHex } from 'viem';
import { toEventRow, type FollowedEvent } from '../../../node/src/chain/events.ts';
import { ShiftedClock } from '../../../node/src/clock.ts';
import type { Keyring, KeyRole } from '../../../node/src/keys/index.ts';
import {
  InlineHasher,
  type JournalledBatch,
  OpeningsJournal,
  RegisterService,
  type RegisterSettings,
  type TransactionSender,
} from '../../../node/src/registers/index.ts';
import { type Database, EventStore, OutboxStore, TreeStore } from '../../../node/src/store/index.ts';
import { type NewRecord, RecordStore, type StoredRecord } from '../../../node/src/store/records.ts';
import { RegisterReplay } from '../../../node/src/witness/index.ts';
import { emptyTables, memoryDatabase } from '../../support/database.ts';
import { makeTempDir } from '../../support/temp.ts';

export const CONTRACT: Hex = `0x${'c0'.repeat(20)}`;
export const OPERATOR: Hex = `0x${'0a'.repeat(20)}`;
const WITNESS: Hex = `0x${'0b'.repeat(20)}`;

/** A made-up company's code with both check characters right. */
export function companyCode(number: number): string {
  const stem = `91110108${String(number).padStart(8, '0')}`;
  for (const one of USCC_ALPHABET) {
    for (const two of USCC_ALPHABET) if (checkUscc(stem + one + two).ok) return stem + one + two;
  }
  throw new Error(`no code for ${number}`);
}

/** The agency's own code. */
export const AGENCY_CODE = '11110101MAK0GYY85R';
export const COMPANY = companyCode(1);
export const OTHER_COMPANY = companyCode(2);

/** A keyring in memory. */
export class TestKeyring implements Pick<
  Keyring,
  'registerSecret' | 'createRegisterSecret' | 'operatorAddress' | 'addresses'
> {
  readonly operatorAddress = OPERATOR;
  readonly witnessAddress = WITNESS;
  readonly secrets = new Map<string, RegisterSecret>();

  addresses(role: KeyRole): readonly Hex[] {
    return [role === 'operator' ? OPERATOR : WITNESS];
  }

  async registerSecret(keyId: string): Promise<RegisterSecret> {
    const secret = this.secrets.get(keyId);
    if (secret === undefined) throw new Error(`no secret ${keyId}`);
    return secret;
  }

  async createRegisterSecret(): Promise<{ keyId: string; secretCommit: ReturnType<typeof secretCommitOf> }> {
    const keyId = `register-${this.secrets.size + 1}`;
    const secret = randomSecret();
    this.secrets.set(keyId, secret);
    return { keyId, secretCommit: secretCommitOf(secret) };
  }
}

interface AppendCall {
  readonly registerId: bigint;
  readonly prevRoot: Hex;
  readonly newRoot: Hex;
  readonly entries: readonly { readonly opAndKey: Hex; readonly body: Hex }[];
}

type PretendHandlers = readonly {
  onEvents(db: Database, events: readonly FollowedEvent[]): Promise<void>;
  onRollback(db: Database, toBlock: bigint): Promise<void>;
}[];

/**
 * A chain that does what the contract would do with the operator's transactions, told
 * apart from it by being small: for tests of what the node decides.
 */
export class PretendChain {
  block = 1n;
  readonly #db: Database;
  readonly #handlers: PretendHandlers;
  readonly #clock: ShiftedClock;

  constructor(db: Database, handlers: PretendHandlers, clock: ShiftedClock) {
    this.#db = db;
    this.#handlers = handlers;
    this.#clock = clock;
  }

  /** One block with these events, followed. */
  async mine(
    events: readonly { contract?: string; name: string; args: Record<string, unknown> }[],
    txHash: Hex = bytesToHex(randomBytes(32)),
  ): Promise<void> {
    this.block += 1n;
    const time = BigInt(Math.floor(this.#clock.now().getTime() / 1000));
    const followed = events.map((event, logIndex): FollowedEvent => ({
      contract: event.contract ?? 'CreditRegisters',
      name: event.name,
      args: event.args,
      blockNumber: this.block,
      blockTime: time,
      transactionHash: txHash,
      logIndex,
    }));
    await this.#db.transaction(async (tx) => {
      const store = new EventStore(tx);
      await store.insertBlocks([
        { number: this.block, hash: randomBytes(32), parentHash: randomBytes(32), time },
      ]);
      await store.insertEvents(followed.map(toEventRow));
      for (const handler of this.#handlers) await handler.onEvents(tx, followed);
    });
  }

  /** Takes the oldest transaction from the outbox and does what it says; undefined when there is none. */
  async mineNext(): Promise<string | undefined> {
    const store = new OutboxStore(this.#db);
    const row = await store.nextOpen('operator');
    if (row === undefined) return undefined;
    const txHash = randomBytes(32);
    const call = decodeFunctionData({ abi: creditRegistersAbi, data: bytesToHex(row.data) });
    const settle = { txHash, nonce: row.id, blockNumber: this.block + 1n, blockHash: randomBytes(32) };
    await store.settle(row.id, settle, null, this.#clock.now());
    if (call.functionName === 'open') {
      const [secretCommit, promiseSeconds] = call.args;
      await this.mine([
        { name: 'RegisterOpened', args: { registerId: 1n, owner: 1n, secretCommit, promiseSeconds } },
      ]);
    } else if (call.functionName === 'append') {
      const [registerId, prevRoot, newRoot, entries] = call.args;
      await this.append({ registerId, prevRoot, newRoot, entries });
    } else if (call.functionName === 'heartbeat') {
      await this.mine([
        { name: 'Heartbeat', args: { registerId: call.args[0], root: toBytes32(EMPTY_ROOT), time: 0n } },
      ]);
    }
    return call.functionName;
  }

  /** A batch of a register, whoever appended it. */
  async append(call: AppendCall): Promise<void> {
    const trees = new TreeStore(this.#db);
    const seq = (await trees.lastSeq(call.registerId)) + 1n;
    const prev = (await trees.head(call.registerId))?.claimedRoot ?? EMPTY_ROOT;
    if (BigInt(call.prevRoot) !== prev) throw new Error('WrongPrevRoot');
    const hash = entriesHash(decodeEntries(call.entries));
    await this.mine([
      {
        name: 'BatchAppended',
        args: {
          registerId: call.registerId,
          seq,
          prevRoot: call.prevRoot,
          newRoot: call.newRoot,
          entries: call.entries,
          entriesHash: hash,
          batchHash: batchHash(
            call.registerId,
            seq,
            BigInt(call.prevRoot) as RegisterRoot,
            BigInt(call.newRoot) as RegisterRoot,
            hash,
          ),
        },
      },
    ]);
  }

  /** The council annuls the roots after a seq. */
  async annulAfter(registerId: bigint, headSeq: bigint): Promise<void> {
    await this.mine([
      {
        name: 'RootsAnnulled',
        args: { registerId, fromPosition: 0n, annulledBatches: 0n, headSeq, root: '0x' },
      },
    ]);
  }

  /** The chain loses everything after a block; what was mined there is sent again. */
  async rollBackTo(block: bigint): Promise<void> {
    await this.#db.transaction(async (tx) => {
      for (const handler of this.#handlers) await handler.onRollback(tx, block);
      await new OutboxStore(tx).unsettleAfter(block, this.#clock.now());
      await new EventStore(tx).deleteAfter(block);
    });
    this.block = block;
  }
}

export interface RegisterWorld {
  readonly db: Database;
  readonly clock: ShiftedClock;
  readonly keyring: TestKeyring;
  readonly replay: RegisterReplay;
  readonly service: RegisterService;
  readonly chain: PretendChain;
  /** The same node's register as a new process would find it. */
  restarted(): RegisterService;
  readonly journalPath: string;
  readonly journalKey: Uint8Array;
  /** Puts records in the store and their entries in the book. */
  record(...records: Partial<NewRecord>[]): Promise<StoredRecord[]>;
  /** Lets the service look, and the chain take what it sends, until neither does anything more. */
  settle(): Promise<void>;
  journalled(): Promise<JournalledBatch[]>;
  dispose(): Promise<void>;
}

let shared: Promise<{ db: Database }> | undefined;
let inUse = false;

/** One database for all, emptied: opening one takes seconds. A second world at the same time gets its own. */
async function emptyDatabase(): Promise<{ db: Database; dispose: () => Promise<void> }> {
  if (inUse) return memoryDatabase();
  inUse = true;
  shared ??= memoryDatabase();
  const { db } = await shared;
  await emptyTables(db);
  return {
    db,
    dispose: async () => {
      inUse = false;
    },
  };
}

/** A node's register over a database in memory and a chain that is pretended. */
export async function registerWorld(
  settings: Partial<RegisterSettings> = {},
  open: () => Promise<{ db: Database; dispose: () => Promise<void> }> = emptyDatabase,
): Promise<RegisterWorld> {
  const { db, dispose } = await open();
  const temp = await makeTempDir();
  const clock = new ShiftedClock();
  const keyring = new TestKeyring();
  const replay = new RegisterReplay(db, new InlineHasher());
  const journalPath = join(temp.path, 'second', 'openings.journal');
  const journalKey = randomBytes(32);
  const sender: TransactionSender = {
    enqueue: async (tx, order) => {
      const row = { ...order, data: Buffer.from(order.data.slice(2), 'hex') };
      const id = await new OutboxStore(tx).insert(row, clock.now());
      if (id === undefined) throw new Error(`sent twice: ${order.dedupeKey}`);
      return id;
    },
  };
  const serviceOn = (trees: RegisterReplay): RegisterService =>
    new RegisterService({
      db,
      keyring: keyring as unknown as Keyring,
      clock,
      sender,
      trees,
      hasher: new InlineHasher(),
      journal: new OpeningsJournal(journalPath, journalKey),
      settings: {
        contract: CONTRACT,
        anchorEverySeconds: 3_600,
        coverEntries: 0,
        tickMilliseconds: 3_600_000,
        ...settings,
      },
    });
  const service = serviceOn(replay);
  const chain = new PretendChain(db, [replay, service], clock);
  const restarted = (): RegisterService => serviceOn(new RegisterReplay(db, new InlineHasher()));
  await chain.mine([
    {
      contract: 'Consortium',
      name: 'MemberAdmitted',
      args: {
        memberId: 1n,
        name: '示例市监局',
        regionCode: 110101,
        region: 110000,
        creditCode: AGENCY_CODE,
        role: 1,
        endpoint: '',
        operator: OPERATOR,
        witness: WITNESS,
      },
    },
  ]);
  let number = 0;
  return {
    db,
    clock,
    keyring,
    replay,
    service,
    restarted,
    chain,
    journalPath,
    journalKey,
    record: (...records) =>
      db.transaction(async (tx) => {
        const made = records.map((record) => {
          number += 1;
          const origin = isSelfDeclaredKind(record.kind ?? 0)
            ? ('self-declared' as const)
            : ('agency' as const);
          return { ...sampleRecord(number), origin, ...record, importRow: null };
        });
        const stored = await new RecordStore(tx).insert(made, null, clock.now());
        await service.appendRecords(tx, stored);
        return stored;
      }),
    settle: async () => {
      for (;;) {
        await service.look();
        if ((await chain.mineNext()) === undefined) return;
      }
    },
    journalled: async () => {
      const all: JournalledBatch[] = [];
      for await (const batch of new OpeningsJournal(journalPath, journalKey).readAll()) all.push(batch);
      return all;
    },
    dispose: async () => {
      await service.stop();
      await dispose();
      await temp.remove();
    },
  };
}

/** A severe penalty about a company, with a document number of its own. */
export function sampleRecord(number: number): NewRecord {
  return {
    class: 1,
    uscc: COMPANY,
    subjectName: '北京示例有限公司',
    documentNumber: `京市监罚〔2026〕${number}号`,
    kind: 3,
    domain: 2,
    severity: 3,
    severityBasis: 'test',
    day: 20_000,
    until: 1_048_575,
    amountFen: 1_000_000n,
    fields: [{ name: '处罚事由', value: `事由 ${number}` }],
    sourceProfile: 'test',
    sourceAgency: { name: '示例市监局', uscc: null },
    contentHash: `0x${randomBytes(32).toString('hex')}`,
  };
}
