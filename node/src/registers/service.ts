import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import {
  isLedgerError,
  type Hex,
  type LedgerClass,
  LedgerError,
  type RegisterSecret,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import { EventEmitter } from 'node:events';
import { encodeFunctionData } from 'viem';
import type { Clock } from '../clock.ts';
import type { Keyring } from '../keys/index.ts';
import {
  BatchStore,
  bytesOf,
  type Database,
  EntryStore,
  EventStore,
  type OwnRegisterRow,
  SendStore,
  TreeStore,
  wordOf,
} from '../store/index.ts';
import { decideBatch } from './batching.ts';
import { enterInBook } from './book.ts';
import { chainOf, type SubjectChain } from './chains.ts';
import { makeRecordEntries, type RegisterRecord, SubjectKeys } from './entry-maker.ts';
import { registerError } from './errors.ts';
import type { Hasher } from './hashing/hasher.ts';
import type { OpeningsJournal } from './journal.ts';
import { Journalling } from './journalling.ts';
import {
  type Operation,
  type OperationDone,
  type OperationOnVersion,
  performOnVersions,
  performOperation,
} from './operations.ts';
import { Planner } from './planner.ts';
import type { RegisterEvent, RegisterTrees, TransactionSender } from './ports.ts';
import { type Receipt, receiptOf } from './receipts.ts';

/** How a node keeps its own register. */
export interface RegisterSettings {
  /** Address of CreditRegisters. */
  readonly contract: Hex;
  /** New entries are put in a batch this often; on a schedule and not on arrival (protocol §5). */
  readonly anchorEverySeconds: number;
  /** Cover entries in each batch. */
  readonly coverEntries: number;
  /** A heartbeat comes after this part of the promise without a batch. */
  readonly heartbeatPart?: number;
  /** How often the schedule is looked at. */
  readonly tickMilliseconds?: number;
}

export interface RegisterServiceOptions {
  readonly db: Database;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly sender: TransactionSender;
  readonly trees: RegisterTrees;
  readonly hasher: Hasher;
  readonly journal: OpeningsJournal;
  readonly settings: RegisterSettings;
}

/** How the agency's register fares; what is in the way is said, and gone when it is gone. */
export interface RegisterStatus {
  readonly state: 'none' | 'opening' | 'open';
  readonly keyId: string | null;
  readonly registerId: bigint | null;
  readonly promiseSeconds: number | null;
  /** Entries that are in no batch yet. */
  readonly unbatchedEntries: number;
  /** Batches decided that do not stand on the chain. */
  readonly waitingBatches: number;
  /** Batches that stand on the chain. */
  readonly standingBatches: number;
  readonly headSeq: bigint;
  /** When the owner last stood by the root, unix seconds of the chain. */
  readonly lastStoodAt: bigint | null;
  /** Why nothing is sent; null when nothing is in the way. */
  readonly hindrance: LedgerError | null;
  readonly hinderedSince: Date | null;
}

/** What one row of an operations file became. */
export type OperationResult =
  | ({ readonly row: number } & OperationDone)
  | { readonly row: number; readonly status: 'issue'; readonly issue: LedgerError };

export interface OperationsReport {
  readonly rows: number;
  readonly done: number;
  readonly unchanged: number;
  readonly issues: number;
  readonly results: readonly OperationResult[];
}

interface ServiceEvents {
  /** Something in the way appeared, changed or went. */
  hindrance: [error: LedgerError | null];
}

const HEARTBEAT_PART = 0.4;
const ROWS_AT_ONCE = 100;
/** Codes that say what is in the way, and go away by themselves or by somebody's doing. */
const HINDRANCES = ['REGISTER_', 'JOURNAL_', 'SEND_', 'STORE_', 'HASHER_'];

/** One operation; the same on each version of a document; or why the row is none. */
type RowOperation = Operation | readonly OperationOnVersion[] | LedgerError;

function isVersions(
  operation: Operation | readonly OperationOnVersion[],
): operation is readonly OperationOnVersion[] {
  return Array.isArray(operation);
}

/**
 * The agency's own register: entries from records and operations, batches, the journal,
 * sending in order, heartbeats, receipts, and the chains that answers are proved from.
 */
export class RegisterService {
  readonly events = new EventEmitter<ServiceEvents>();
  readonly #db: Database;
  readonly #keyring: Keyring;
  readonly #clock: Clock;
  readonly #sender: TransactionSender;
  readonly #trees: RegisterTrees;
  readonly #hasher: Hasher;
  readonly #settings: RegisterSettings;
  readonly #planner: Planner;
  readonly #journalling: Journalling;
  readonly #keys = new Map<string, SubjectKeys>();
  #turn: Promise<unknown> = Promise.resolve();
  #pumpQueued = false;
  #timer: NodeJS.Timeout | undefined;
  #lastAnchoredAt: number | undefined;
  #hindrance: LedgerError | null = null;
  #hinderedSince: Date | null = null;

  constructor(options: RegisterServiceOptions) {
    this.#db = options.db;
    this.#keyring = options.keyring;
    this.#clock = options.clock;
    this.#sender = options.sender;
    this.#trees = options.trees;
    this.#hasher = options.hasher;
    this.#settings = options.settings;
    this.#planner = new Planner({ ...options, contract: options.settings.contract });
    this.#journalling = new Journalling(options.db, options.journal, options.clock);
  }

  /**
   * Opens the agency's register: makes its secret and sends `open`. The register's id is
   * known when the event has been followed. Asking again while it is under way sends
   * nothing more; after a refusal it tries again.
   * @throws LedgerError REGISTER_ALREADY_OPEN
   */
  async open(promiseSeconds: number): Promise<{ readonly keyId: string; readonly outboxId: bigint }> {
    return this.#inTurn(async () => {
      const known = await new BatchStore(this.#db).registers();
      const opened = known.find(({ registerId }) => registerId !== null);
      if (opened !== undefined) {
        throw registerError('REGISTER_ALREADY_OPEN', { registerId: opened.registerId });
      }
      const pending = await this.#usable(known);
      const { keyId, secretCommit } = pending ?? (await this.#keyring.createRegisterSecret());
      return this.#db.transaction(async (tx) => {
        if (pending === undefined) {
          await new BatchStore(tx).insertRegister({
            keyId,
            secretCommit,
            promiseSeconds,
            createdAt: this.#clock.now(),
          });
        }
        const subject = `open:${keyId}`;
        const sends = new SendStore(tx);
        const before = (await sends.latest([subject])).get(subject);
        if (before !== undefined && before.state !== 'failed') return { keyId, outboxId: before.outboxId };
        const outboxId = await this.#sender.enqueue(tx, {
          kind: 'open',
          dedupeKey: `${subject}:${(before?.sends ?? 0) + 1}`,
          role: 'operator',
          to: this.#settings.contract,
          data: encodeFunctionData({
            abi: creditRegistersAbi,
            functionName: 'open',
            args: [toBytes32(secretCommit), pending?.promiseSeconds ?? promiseSeconds],
          }),
        });
        await sends.note([subject], outboxId);
        return { keyId, outboxId };
      });
    });
  }

  /**
   * Makes the RECORD entries of records in the caller's transaction; records that have
   * theirs already are passed over. Returns how many entries were made.
   * @throws LedgerError REGISTER_NOT_OPEN, ENTRY_FIELD_OUT_OF_RANGE
   */
  async appendRecords(db: Database, records: readonly RegisterRecord[]): Promise<number> {
    if (records.length === 0) return 0;
    const { keyId } = await this.#openRegister(db);
    const done = await new EntryStore(db).recordsWithEntry(
      keyId,
      records.map(({ id }) => id),
    );
    const fresh = records.filter(({ id }) => !done.has(id));
    const made = await makeRecordEntries(fresh, await this.#keysOf(keyId), this.#hasher);
    await enterInBook(db, keyId, made, this.#clock);
    return made.length;
  }

  /** Does one operation. @throws LedgerError REGISTER_NOT_OPEN, OPERATION_*, RULES_*, USCC_* */
  async operate(operation: Operation): Promise<OperationDone> {
    return this.#db.transaction(async (tx) => this.#perform(tx, operation));
  }

  /** Does one operation in the caller's transaction. Errors as {@link operate}. */
  async operateIn(tx: Database, operation: Operation): Promise<OperationDone> {
    return this.#perform(tx, operation);
  }

  /**
   * Does many operations, such as a file of them. A list stands for one operation on a document that
   * has several versions. Each row is done, was done before, or is
   * an issue with a code; a row with an issue changes nothing and holds up no other.
   */
  async operateAll(
    rows: Iterable<{ readonly row: number; readonly operation: RowOperation }>,
  ): Promise<OperationsReport> {
    const results: OperationResult[] = [];
    const waiting = [...rows];
    while (waiting.length > 0) {
      const some = waiting.splice(0, ROWS_AT_ONCE);
      results.push(
        ...(await this.#db.transaction(async (tx) => {
          const done: OperationResult[] = [];
          for (const { row, operation } of some) done.push(await this.#rowResult(tx, row, operation));
          return done;
        })),
      );
    }
    const count = (status: OperationResult['status']): number =>
      results.filter((result) => result.status === status).length;
    return {
      rows: results.length,
      done: count('done'),
      unchanged: count('unchanged'),
      issues: count('issue'),
      results,
    };
  }

  /**
   * Puts everything that waits into batches now and starts sending them. Resolves when the
   * batches are decided, not when they are anchored.
   * @throws LedgerError REGISTER_NOT_OPEN
   */
  async anchorNow(): Promise<{ readonly batches: number; readonly entries: number }> {
    const decided = await this.#inTurn(() => this.#decideAll());
    this.wake();
    return decided;
  }

  /**
   * Stands by the current root now, whatever the schedule says. False when a batch is due or
   * on its way, which stands by its root as well.
   * @throws LedgerError REGISTER_NOT_OPEN
   */
  async heartbeatNow(): Promise<boolean> {
    return this.#inTurn(async () => {
      const register = await this.#openRegister(this.#db);
      const stoodAt = await new TreeStore(this.#db).lastStoodAt(register.registerId);
      return stoodAt === undefined ? false : this.#planner.sendHeartbeat(register, stoodAt);
    });
  }

  /** Where the entries of a record are. @throws LedgerError RECORD_UNKNOWN */
  async receipt(recordId: bigint): Promise<Receipt> {
    return this.#db.transaction((tx) => receiptOf(tx, recordId));
  }

  /**
   * A subject's chain under a batch (seq 0: the empty register), for proving. Entries that
   * came later are not in it. Errors: see chains.ts.
   */
  async chainOf(
    uscc: string,
    ledgerClass: LedgerClass,
    registerId: bigint,
    seq: bigint,
  ): Promise<SubjectChain> {
    return this.#db.transaction((tx) =>
      chainOf(tx, this.#keyring, this.#trees, { uscc, class: ledgerClass, registerId, seq }),
    );
  }

  /** The secret of one of the agency's registers; for proving, and never to leave the process. @throws LedgerError REGISTER_NOT_OPEN */
  async secretOf(registerId: bigint): Promise<RegisterSecret> {
    const register = (await new BatchStore(this.#db).registers()).find(
      (row) => row.registerId === registerId,
    );
    if (register === undefined) throw registerError('REGISTER_NOT_OPEN', { registerId });
    return this.#keyring.registerSecret(register.keyId);
  }

  async status(): Promise<RegisterStatus> {
    return this.#db.transaction(async (tx) => {
      const batches = new BatchStore(tx);
      const registers = await batches.registers();
      const register = registers.find(({ registerId }) => registerId !== null) ?? registers.at(-1);
      const registerId = register?.registerId ?? null;
      const trees = new TreeStore(tx);
      const standing = registerId === null ? 0 : await trees.countStanding(registerId);
      const decided = register === undefined ? 0 : await batches.countBatches(register.keyId);
      return {
        state: register === undefined ? 'none' : registerId === null ? 'opening' : 'open',
        keyId: register?.keyId ?? null,
        registerId,
        promiseSeconds: register?.promiseSeconds ?? null,
        unbatchedEntries:
          register === undefined ? 0 : await new EntryStore(tx).countUnbatched(register.keyId),
        waitingBatches: Math.max(0, decided - standing),
        standingBatches: standing,
        headSeq: registerId === null ? 0n : ((await trees.head(registerId))?.seq ?? 0n),
        lastStoodAt: registerId === null ? null : ((await trees.lastStoodAt(registerId)) ?? null),
        hindrance: this.#hindrance,
        hinderedSince: this.#hinderedSince,
      };
    });
  }

  /** Starts the schedule: batches, sending, heartbeats. */
  start(): void {
    this.#timer ??= setInterval(() => this.wake(), this.#settings.tickMilliseconds ?? 1_000);
    this.wake();
  }

  /** Ends the schedule after what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#inTurn(() => this.#journalling.close());
  }

  /** One look at everything, now: what is due is done, what is in the way is noted in the status. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#pump());
  }

  /** Looks soon whether there is something to do. */
  wake(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    void this.#inTurn(async () => {
      this.#pumpQueued = false;
      await this.#pump();
    });
  }

  // ── what the follower tells ──────────────────────────────────────────────────

  /** To be called after the replay of the same events. */
  async onEvents(db: Database, events: readonly RegisterEvent[]): Promise<void> {
    for (const event of events) {
      if (event.contract !== 'CreditRegisters' || event.name !== 'RegisterOpened') continue;
      const { registerId, secretCommit, promiseSeconds } = event.args as {
        registerId: bigint;
        secretCommit: Hex;
        promiseSeconds: number;
        owner: bigint;
      };
      // Somebody else may have copied our commitment: then it is taken, and not ours.
      if (!(await this.#isOurs(db, event))) continue;
      await new BatchStore(db).bindRegister(
        wordOf(bytesOf(secretCommit)),
        registerId,
        Number(promiseSeconds),
        event.blockNumber,
      );
    }
    db.afterCommit(() => this.#wakeIfRunning());
  }

  /** The chain has gone back. */
  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    await new BatchStore(db).unbindAfter(toBlock);
    db.afterCommit(() => this.#wakeIfRunning());
  }

  /** Blocks were followed: what was mined may now be known. */
  async onAdvance(db: Database): Promise<void> {
    db.afterCommit(() => this.#wakeIfRunning());
  }

  // ── inside ───────────────────────────────────────────────────────────────────

  #wakeIfRunning(): void {
    if (this.#timer !== undefined) this.wake();
  }

  /** Whether the member that opened a register is the one that has, or had, an operator key of ours. */
  async #isOurs(db: Database, event: RegisterEvent): Promise<boolean> {
    const owner = String(event.args['owner']);
    const ours = this.#keyring.addresses('operator').map((address) => address.toLowerCase());
    const events = await new EventStore(db).events({ names: ['MemberAdmitted', 'KeysChanged'] });
    return events.some(
      ({ args }) =>
        String(args['memberId']) === owner && ours.includes(String(args['operator']).toLowerCase()),
    );
  }

  /** A register whose opening is under way and can still succeed: nobody has taken its commitment. */
  async #usable(known: readonly OwnRegisterRow[]): Promise<OwnRegisterRow | undefined> {
    const taken = new Set(
      (await new EventStore(this.#db).events({ names: ['RegisterOpened'] })).map(({ args }) =>
        wordOf(bytesOf(String(args['secretCommit']))),
      ),
    );
    return known.findLast(({ secretCommit }) => !taken.has(secretCommit));
  }

  async #openRegister(db: Database): Promise<OwnRegisterRow & { readonly registerId: bigint }> {
    for (const register of await new BatchStore(db).registers()) {
      const { registerId } = register;
      if (registerId !== null) return { ...register, registerId };
    }
    throw registerError('REGISTER_NOT_OPEN');
  }

  async #keysOf(keyId: string): Promise<SubjectKeys> {
    const known = this.#keys.get(keyId);
    if (known !== undefined) return known;
    const keys = new SubjectKeys(await this.#keyring.registerSecret(keyId), this.#hasher);
    this.#keys.set(keyId, keys);
    return keys;
  }

  async #perform(tx: Database, operation: Operation | readonly OperationOnVersion[]): Promise<OperationDone> {
    const { keyId } = await this.#openRegister(tx);
    const context = {
      db: tx,
      keyId,
      keys: await this.#keysOf(keyId),
      hasher: this.#hasher,
      clock: this.#clock,
    };
    return isVersions(operation)
      ? performOnVersions(context, operation)
      : performOperation(context, operation);
  }

  async #rowResult(tx: Database, row: number, operation: RowOperation): Promise<OperationResult> {
    if (operation instanceof Error) return { row, status: 'issue', issue: operation };
    try {
      return { row, ...(await this.#perform(tx, operation)) };
    } catch (error) {
      // Only what the row itself is at fault for; what the store or the register lacks ends it all.
      if (!isLedgerError(error) || !/^(OPERATION_|USCC_|ENTRY_|DATE_|RULES_)/.test(error.code)) throw error;
      return { row, status: 'issue', issue: error };
    }
  }

  async #decideAll(): Promise<{ batches: number; entries: number }> {
    const { keyId } = await this.#openRegister(this.#db);
    this.#lastAnchoredAt = this.#clock.now().getTime();
    let batches = 0;
    let entries = 0;
    for (;;) {
      const batch = await this.#db.transaction((tx) =>
        decideBatch(tx, keyId, {
          coverEntries: this.#settings.coverEntries,
          hasher: this.#hasher,
          clock: this.#clock,
        }),
      );
      if (batch === undefined) return { batches, entries };
      batches += 1;
      entries += batch.size;
    }
  }

  async #pump(): Promise<void> {
    try {
      const registers = (await new BatchStore(this.#db).registers()).filter(
        ({ registerId }) => registerId !== null,
      );
      if (registers.length > 0 && this.#isAnchoringDue()) await this.#decideAll();
      if (registers.length > 0) await this.#journalling.bringUpToDate();
      for (const register of registers) {
        await this.#planner.sendNext(register);
        await this.#heartbeatIfDue(register);
      }
      this.#note(null);
    } catch (error) {
      this.#note(asHindrance(error));
    }
  }

  #isAnchoringDue(): boolean {
    const now = this.#clock.now().getTime();
    this.#lastAnchoredAt ??= now;
    return now - this.#lastAnchoredAt >= this.#settings.anchorEverySeconds * 1000;
  }

  async #heartbeatIfDue(register: OwnRegisterRow): Promise<void> {
    if (register.registerId === null) return;
    const stoodAt = await new TreeStore(this.#db).lastStoodAt(register.registerId);
    if (stoodAt === undefined) return;
    const part = this.#settings.heartbeatPart ?? HEARTBEAT_PART;
    const silence = this.#clock.now().getTime() / 1000 - Number(stoodAt);
    if (silence >= register.promiseSeconds * part) await this.#planner.sendHeartbeat(register, stoodAt);
  }

  #note(error: LedgerError | null): void {
    if (error?.code === this.#hindrance?.code && error?.message === this.#hindrance?.message) {
      this.#hindrance = error;
      return;
    }
    this.#hindrance = error;
    this.#hinderedSince = error === null ? null : this.#clock.now();
    this.events.emit('hindrance', error);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** What ended a look at the register, as an error that can be shown. */
function asHindrance(error: unknown): LedgerError {
  if (isLedgerError(error) && HINDRANCES.some((prefix) => error.code.startsWith(prefix))) return error;
  return new LedgerError(
    isLedgerError(error) ? error.code : 'INTERNAL',
    isLedgerError(error)
      ? { en: error.message, zh: error.messageZh }
      : { en: error instanceof Error ? error.message : String(error), zh: '内部错误' },
    {},
    { cause: error },
  );
}
