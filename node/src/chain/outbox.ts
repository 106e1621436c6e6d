import { EventEmitter } from 'node:events';
import { isLedgerError, LedgerError, type Operand } from '@credit-ledger/sdk/protocol';
import { bytesToHex, hexToBytes, keccak256, type Address, type Hex } from 'viem';
import type { Clock } from '../clock.ts';
import type { KeyRole, Keyring } from '../keys/keyring.ts';
import type { Database } from '../store/database.ts';
import { currentRequestId } from '../trace.ts';
import { EventStore } from '../store/events.ts';
import { OutboxStore, type OutboxAttempt, type OutboxError, type OutboxRow } from '../store/outbox.ts';
import type { BlockHeader, CallRequest, ChainClient, ChainReceipt } from './client.ts';
import { refusalOf, revertedError } from './errors.ts';
import type { BlockRange, EventHandler } from './follower.ts';
import { Backoff, Pause } from './pause.ts';

/** A transaction that the node wants on the chain. */
export interface TransactionRequest {
  /** What it is, for people and metrics: `append`, `attest`, … */
  readonly kind: string;
  /** Names the intent: the same intent is sent once, however often it is asked for. */
  readonly dedupeKey: string;
  readonly role: KeyRole;
  readonly to: Address;
  readonly data: Hex;
  /** Whether asking again for what has failed tries it once more. `keep` by default. */
  readonly ifFailed?: 'keep' | 'retry';
}

export interface MinedTransaction {
  readonly id: bigint;
  readonly txHash: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
}

export interface OutboxOptions {
  readonly db: Database;
  readonly client: ChainClient;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** How often a sent transaction is looked for. */
  readonly pollMilliseconds?: number;
  /** How often an idle writer looks whether what it sent still stands. */
  readonly idleMilliseconds?: number;
  readonly backoff?: { readonly firstMilliseconds: number; readonly mostMilliseconds: number };
  /** After so long without a receipt the fee is raised. */
  readonly stuckMilliseconds?: number;
  /** No fee above this is ever signed. No ceiling by default. */
  readonly maxFeePerGas?: bigint;
  /** Throws why nothing new may be signed now; the writers wait, and say it. */
  readonly requireFit?: () => void;
}

/** How a writer fares. */
export interface WriterStatus {
  readonly queued: number;
  readonly sent: number;
  /** What keeps it from going on; it tries again by itself. */
  readonly lastError: OutboxError | null;
  readonly failingSince: Date | null;
}

interface OutboxEvents {
  /** A row was mined or has failed. */
  settled: [id: bigint];
  /** Rows whose block is gone: they will be sent again. */
  unsettled: [ids: readonly bigint[]];
  /** A writer could not go on; it tries again by itself. */
  trouble: [role: KeyRole, error: OutboxError];
}

const ROLES: readonly KeyRole[] = ['operator', 'witness'];
/** An estimate holds for the state it was made on; the next block's may take a little more. */
const GAS_MARGIN_PERCENT = 25n;
/** Nodes take a replacement only when it pays a tenth more. */
const FEE_RAISE_PERCENT = 13n;
const RECHECKED_AT_ONCE = 50;

/**
 * Sends the node's transactions: durable, in order, each exactly once.
 *
 * One writer a role, one transaction of a role at a time. A transaction is
 * signed and stored before it is sent; whatever happens then, its receipt is
 * looked up before anything is sent again, and what is sent again is the same
 * signed transaction. Another one is signed only when the nonce was used by
 * somebody else, or with the same nonce and a higher fee. Every transaction
 * ever signed for a row is kept and looked up.
 *
 * `queued → sent → mined | failed`. `failed` is final: the contract refuses it
 * (`CHAIN_REVERTED`) or it fits no block (`TRANSACTION_TOO_LARGE`). A role's key may change while it runs
 * (`OwnKeys`): nonces are counted for each key, what the former key has signed and no block took is signed
 * anew, and what came too late for its key too. `mined` is
 * derived from the chain: when its block goes, the row is `sent` again.
 * Everything else (chain down, no funds) is tried again by itself, with
 * growing pauses, and shown in {@link status}.
 */
export class Outbox implements EventHandler {
  readonly events = new EventEmitter<OutboxEvents>();
  readonly #db: Database;
  readonly #store: OutboxStore;
  readonly #client: ChainClient;
  readonly #keyring: Keyring;
  readonly #clock: Clock;
  readonly #options: Required<Omit<OutboxOptions, 'maxFeePerGas'>> & Pick<OutboxOptions, 'maxFeePerGas'>;
  readonly #writers: Readonly<Record<KeyRole, Writer>>;

  constructor(options: OutboxOptions) {
    const { keyring } = options;
    if (keyring.operatorAddress.toLowerCase() === keyring.witnessAddress.toLowerCase()) {
      // Two writers with one nonce sequence would take each other's nonces.
      throw new LedgerError('OUTBOX_ONE_KEY_FOR_TWO_ROLES', {
        en: 'Operator and witness must have different keys.',
        zh: '操作密钥与见证密钥必须不同。',
      });
    }
    this.#db = options.db;
    this.#store = new OutboxStore(options.db);
    this.#client = options.client;
    this.#keyring = keyring;
    this.#clock = options.clock;
    this.#options = {
      pollMilliseconds: 250,
      idleMilliseconds: 2_000,
      backoff: { firstMilliseconds: 250, mostMilliseconds: 15_000 },
      stuckMilliseconds: 30_000,
      requireFit: () => undefined,
      ...options,
    };
    this.#writers = { operator: this.#makeWriter('operator'), witness: this.#makeWriter('witness') };
    this.events.setMaxListeners(0); // one a waiting caller
  }

  /**
   * Takes a transaction in, within the caller's database transaction: it will
   * be sent if and only if that commits. Asking again under the same key gives
   * the same id. Errors: `OUTBOX_DEDUPE_CONFLICT` when the key stands for
   * something else.
   */
  async enqueue(db: Database, request: TransactionRequest): Promise<bigint> {
    const store = new OutboxStore(db);
    const row = {
      role: request.role,
      kind: request.kind,
      dedupeKey: request.dedupeKey,
      to: request.to.toLowerCase(),
      data: hexToBytes(request.data),
      requestId: currentRequestId() ?? null,
    };
    const made = await store.insert(row, this.#clock.now());
    if (made !== undefined) {
      db.afterCommit(() => this.#writers[request.role].pause.wake());
      return made;
    }
    const existing = await store.byDedupeKey(request.dedupeKey);
    if (
      existing === undefined ||
      existing.role !== row.role ||
      existing.kind !== row.kind ||
      existing.to !== row.to ||
      !sameBytes(existing.data, row.data)
    ) {
      throw new LedgerError(
        'OUTBOX_DEDUPE_CONFLICT',
        {
          en: `The key ${request.dedupeKey} already stands for another transaction.`,
          zh: `去重键 ${request.dedupeKey} 已对应另一笔交易。`,
        },
        { dedupeKey: request.dedupeKey, id: existing?.id ?? null },
      );
    }
    if (existing.state === 'failed' && request.ifFailed === 'retry') await this.retry(db, existing.id);
    return existing.id;
  }

  /** Puts a failed transaction back in the queue. Does nothing to one that has not failed. */
  async retry(db: Database, id: bigint): Promise<void> {
    const store = new OutboxStore(db);
    const row = await this.#existing(store, id);
    if (row.state !== 'failed') return;
    // What was mined and reverted would be found again and taken for the new try.
    await store.abandonAttempts(id, this.#clock.now());
    await store.requeue(id, this.#clock.now());
    db.afterCommit(() => this.#writers[row.role].pause.wake());
  }

  /** Errors: `OUTBOX_UNKNOWN`. */
  async get(id: bigint): Promise<OutboxRow> {
    return this.#existing(this.#store, id);
  }

  /**
   * Waits until a transaction is mined. Rejects with the error that made it
   * fail (`CHAIN_REVERTED`, …), with `OUTBOX_UNKNOWN`, or with the signal's
   * reason. Not to be called inside a database transaction.
   */
  async waitFor(id: bigint, signal?: AbortSignal): Promise<MinedTransaction> {
    for (;;) {
      signal?.throwIfAborted();
      let onSettled = (_settled: bigint): void => undefined;
      let onAbort = (): void => undefined;
      const changed = new Promise<void>((resolve) => {
        onSettled = (settled) => {
          if (settled === id) resolve();
        };
        onAbort = resolve;
      });
      this.events.on('settled', onSettled);
      signal?.addEventListener('abort', onAbort);
      try {
        const row = await this.#existing(this.#store, id);
        if (row.state === 'failed') throw asError(row.error);
        if (row.state === 'mined' && row.txHash && row.blockHash && row.blockNumber !== null) {
          return {
            id,
            txHash: bytesToHex(row.txHash),
            blockNumber: row.blockNumber,
            blockHash: bytesToHex(row.blockHash),
          };
        }
        await changed;
      } finally {
        this.events.off('settled', onSettled);
        signal?.removeEventListener('abort', onAbort);
      }
    }
  }

  async status(): Promise<Record<KeyRole, WriterStatus>> {
    const counts = await this.#store.countOpen();
    const of = (role: KeyRole): WriterStatus => ({
      ...counts[role],
      lastError: this.#writers[role].lastError,
      failingSince: this.#writers[role].failingSince,
    });
    return { operator: of('operator'), witness: of('witness') };
  }

  /** Starts sending what is in the queue. */
  start(): void {
    for (const role of ROLES) {
      const writer = this.#writers[role];
      if (writer.running !== undefined) continue;
      writer.stopping = false;
      writer.running = this.#run(role).finally(() => {
        writer.running = undefined;
      });
    }
  }

  /** Ends after the step that is under way; what was not finished goes on after the next start. */
  async stop(): Promise<void> {
    for (const role of ROLES) {
      this.#writers[role].stopping = true;
      this.#writers[role].pause.wake();
    }
    for (const role of ROLES) await this.#writers[role].running;
  }

  // ── what the follower tells ──────────────────────────────────────────────────

  async onEvents(): Promise<void> {
    // Receipts say more than events: nothing is taken from these.
  }

  /** Blocks after `toBlock` are gone: what they held is to be sent again. */
  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    const ids = await new OutboxStore(db).unsettleAfter(toBlock, this.#clock.now());
    this.#announceUnsettled(db, ids);
  }

  /** Blocks were followed: what was believed to stand in others of these numbers does not. */
  async onAdvance(db: Database, range: BlockRange): Promise<void> {
    const ids = await new OutboxStore(db).unsettleUnlessFollowed(
      range.fromBlock,
      range.toBlock,
      this.#clock.now(),
    );
    this.#announceUnsettled(db, ids);
  }

  // ── the writers ──────────────────────────────────────────────────────────────

  #makeWriter(role: KeyRole): Writer {
    const { firstMilliseconds, mostMilliseconds } = this.#options.backoff;
    return {
      role,
      address: this.#signingAddress(role),
      pause: new Pause(),
      backoff: new Backoff(firstMilliseconds, mostMilliseconds),
      running: undefined,
      stopping: false,
      lastError: null,
      failingSince: null,
      nonceSeenTaken: undefined,
      recheckedAt: -Infinity,
      sent: undefined,
    };
  }

  async #run(role: KeyRole): Promise<void> {
    const writer = this.#writers[role];
    while (!writer.stopping) {
      try {
        const wait = await this.#step(writer);
        writer.lastError = null;
        writer.failingSince = null;
        writer.backoff.reset();
        if (wait > 0 && !writer.stopping) await writer.pause.wait(wait);
      } catch (error) {
        writer.lastError = toPlain(error);
        writer.failingSince ??= this.#clock.now();
        this.events.emit('trouble', role, writer.lastError);
        // New work does not cut this short (it would hammer an endpoint that is down); stopping does.
        await writer.pause.sleep(writer.backoff.next(), () => writer.stopping);
      }
    }
  }

  /** Brings the oldest open row one step on; returns how long to wait before the next. */
  async #step(writer: Writer): Promise<number> {
    // One key for the whole step, whatever the chain says meanwhile.
    writer.address = this.#signingAddress(writer.role);
    await this.#recheckBeyondFollowed(writer);
    const row = await this.#store.nextOpen(writer.role);
    if (row === undefined) return this.#options.idleMilliseconds;
    const attempts = await this.#store.attemptsOf(row.id);
    if (await this.#settleIfMined(row, attempts)) return 0;
    return row.state === 'queued' ? this.#prepare(writer, row) : this.#bringOn(writer, row, attempts);
  }

  #signingAddress(role: KeyRole): Address {
    return role === 'operator' ? this.#keyring.operatorAddress : this.#keyring.witnessAddress;
  }

  #senderOf(role: KeyRole, attempt: OutboxAttempt): Address {
    return (attempt.sender ?? this.#firstAddress(role)) as Address;
  }

  #firstAddress(role: KeyRole): Address {
    return this.#keyring.addresses(role)[0] ?? this.#signingAddress(role);
  }

  /** Estimates, signs and stores; sending is the next step's. */
  async #prepare(writer: Writer, row: OutboxRow): Promise<number> {
    this.#options.requireFit();
    const call = callOf(writer.address, row);
    const head = await this.#client.head();
    let estimate: bigint;
    try {
      estimate = await this.#client.estimateGas(call);
    } catch (error) {
      const isTooLarge = refusalOf(error) === 'too-large';
      if (!isLedgerError(error, 'CHAIN_REVERTED') && !isTooLarge) throw error;
      // Not for what it says: the council has not put this key in force (yet, or any more), or the endpoint is behind.
      if (isKeyRefused(error)) throw keyNotInForce(writer, error);
      // It may be refused only because what went before it has just been lost with its block.
      if (await this.#recheckNewest(writer)) return 0;
      await this.#fail(row, isTooLarge ? tooLarge(null, head) : error);
      return 0;
    }
    if (head.gasLimit > 0n && estimate > head.gasLimit) {
      await this.#fail(row, tooLarge(estimate, head));
      return 0;
    }
    const margin = (estimate * (100n + GAS_MARGIN_PERCENT)) / 100n;
    const gas = head.gasLimit > 0n && margin > head.gasLimit ? head.gasLimit : margin;
    const counted = await this.#client.transactionCount(writer.address);
    const from = writer.address.toLowerCase();
    const isFirst = from === this.#firstAddress(writer.role).toLowerCase();
    const own = (await this.#store.highestMinedNonce(writer.role, from, isFirst)) + 1n;
    // An endpoint that lags counts too few.
    const nonce = counted > own ? counted : own;
    await this.#sign(writer, row, { nonce, gas, ...(await this.#fees(head)) });
    return 0;
  }

  /** A signed transaction that has no receipt: sends it, waits for it, or replaces it. */
  async #bringOn(writer: Writer, row: OutboxRow, attempts: readonly OutboxAttempt[]): Promise<number> {
    const latest = attempts[0];
    if (latest === undefined) {
      await this.#store.requeue(row.id, this.#clock.now());
      return 0;
    }
    if (this.#senderOf(writer.role, latest).toLowerCase() !== writer.address.toLowerCase()) {
      // The key has changed, and the next block refuses the former one. What it signed is still looked up.
      await this.#store.requeue(row.id, this.#clock.now());
      return 0;
    }
    const counted = await this.#client.transactionCount(writer.address);
    if (counted > latest.nonce) return this.#onNonceTaken(writer, row, attempts, latest);
    writer.nonceSeenTaken = undefined;
    const known = await this.#client.knows(bytesToHex(latest.txHash));
    if (counted < latest.nonce) {
      // What came before it may have been lost with its block, and is then to be sent first.
      if (await this.#recheckNewest(writer)) return 0;
      // Somebody's transactions with this key were lost with their blocks. Ours was never taken in, so another may stand for it.
      if (!known) {
        await this.#store.requeue(row.id, this.#clock.now());
        return 0;
      }
      throw new LedgerError(
        'OUTBOX_NONCE_GAP',
        {
          en: `The transaction waits for nonce ${counted} of ${writer.address}, which nobody sends.`,
          zh: `交易在等待 ${writer.address} 的 nonce ${counted}，但无人发送。`,
        },
        { id: row.id, nonce: latest.nonce, next: counted },
      );
    }
    // First what is stored goes out, however old it is; only what waits for too long is replaced.
    if (!known) return this.#send(writer, row, latest);
    if (this.#isStuck(writer, latest)) return this.#raiseFee(writer, row, latest);
    return this.#options.pollMilliseconds;
  }

  async #send(
    writer: Writer,
    row: OutboxRow,
    attempt: OutboxAttempt,
    ifUnderpriced: 'raise' | 'report' = 'raise',
  ): Promise<number> {
    try {
      await this.#client.send(bytesToHex(attempt.rawTx));
      writer.sent = { nonce: attempt.nonce, at: this.#clock.now() };
      return 1; // it may be in a block already
    } catch (error) {
      switch (refusalOf(error)) {
        case 'already-known':
          return this.#options.pollMilliseconds;
        case 'replacement-underpriced': // another transaction with our nonce waits: it is mined, or outbid in time
          if (this.#isStuck(writer, attempt) && ifUnderpriced === 'raise')
            return this.#raiseFee(writer, row, attempt);
          return this.#options.pollMilliseconds;
        case 'nonce-too-low': // mined by now, or taken: the next step looks
          return 1;
        case 'underpriced':
          // Raised once a step, so that the pauses between steps bound how fast a fee can grow.
          if (ifUnderpriced === 'report') throw error;
          return this.#raiseFee(writer, row, attempt);
        case 'unfunded':
          throw new LedgerError(
            'OUTBOX_ACCOUNT_UNFUNDED',
            {
              en: `The ${writer.role} account ${writer.address} cannot pay for its transactions.`,
              zh: `${writer.role} 账户 ${writer.address} 余额不足，无法支付交易费用。`,
            },
            { role: writer.role, address: writer.address },
          );
        default:
          throw error;
      }
    }
  }

  /** The account's count is beyond our nonce, and no transaction of ours has a receipt. */
  async #onNonceTaken(
    writer: Writer,
    row: OutboxRow,
    attempts: readonly OutboxAttempt[],
    latest: OutboxAttempt,
  ): Promise<number> {
    // The receipt may have come between the two questions, or come late: asked once more, and then again later.
    if (await this.#settleIfMined(row, attempts)) return 0;
    if (writer.nonceSeenTaken !== latest.nonce) {
      writer.nonceSeenTaken = latest.nonce;
      return this.#options.pollMilliseconds;
    }
    writer.nonceSeenTaken = undefined;
    await this.#store.requeue(row.id, this.#clock.now());
    return 0;
  }

  #isStuck(writer: Writer, attempt: OutboxAttempt): boolean {
    // After a restart or a rollback it waits since it was sent again, not since it was signed.
    const sentAt = writer.sent?.nonce === attempt.nonce ? writer.sent.at : attempt.signedAt;
    return this.#clock.now().getTime() - sentAt.getTime() >= this.#options.stuckMilliseconds;
  }

  /** Signs the same transaction, same nonce, with a higher fee. */
  async #raiseFee(writer: Writer, row: OutboxRow, latest: OutboxAttempt): Promise<number> {
    const fees = await this.#fees(await this.#client.head());
    const raised = {
      maxFeePerGas: larger(fees.maxFeePerGas, raise(latest.maxFeePerGas)),
      maxPriorityFeePerGas: larger(fees.maxPriorityFeePerGas, raise(latest.maxPriorityFeePerGas)),
    };
    const { maxFeePerGas: ceiling } = this.#options;
    if (ceiling !== undefined && raised.maxFeePerGas > ceiling) {
      throw new LedgerError(
        'OUTBOX_FEE_CEILING',
        {
          en: `The chain asks for a fee of ${raised.maxFeePerGas} wei a gas; the ceiling is ${ceiling}.`,
          zh: `链要求的单位费用为 ${raised.maxFeePerGas} wei，上限为 ${ceiling}。`,
        },
        { id: row.id, maxFeePerGas: raised.maxFeePerGas, ceiling },
      );
    }
    const attempt = await this.#sign(writer, row, { nonce: latest.nonce, gas: latest.gas, ...raised });
    return this.#send(writer, row, attempt, 'report');
  }

  async #fees(head: BlockHeader): Promise<Fees> {
    const maxPriorityFeePerGas = await this.#client.suggestedPriorityFee();
    // Twice the base fee outlasts six full blocks.
    const wanted = 2n * (head.baseFeePerGas ?? 0n) + maxPriorityFeePerGas;
    const ceiling = this.#options.maxFeePerGas;
    const maxFeePerGas = ceiling !== undefined && wanted > ceiling ? ceiling : wanted;
    return {
      maxFeePerGas,
      maxPriorityFeePerGas: maxPriorityFeePerGas > maxFeePerGas ? maxFeePerGas : maxPriorityFeePerGas,
    };
  }

  /** Signs, and stores what was signed: before anything goes out. */
  async #sign(
    writer: Writer,
    row: OutboxRow,
    terms: Fees & { nonce: bigint; gas: bigint },
  ): Promise<OutboxAttempt> {
    const { from, to, data } = callOf(writer.address, row);
    const transaction = {
      type: 'eip1559',
      chainId: this.#client.chainId,
      to,
      data,
      nonce: Number(terms.nonce),
      gas: terms.gas,
      maxFeePerGas: terms.maxFeePerGas,
      maxPriorityFeePerGas: terms.maxPriorityFeePerGas,
    } as const;
    const raw = await this.#keyring.signTransaction(writer.role, transaction, from);
    const attempt: OutboxAttempt = {
      ...terms,
      sender: from.toLowerCase(),
      rawTx: hexToBytes(raw),
      txHash: hexToBytes(keccak256(raw)),
      signedAt: this.#clock.now(),
    };
    await this.#db.transaction((tx) => new OutboxStore(tx).addAttempt(row.id, attempt));
    return attempt;
  }

  /** Looks up every transaction ever signed for a row; true when one is in a block. */
  async #settleIfMined(row: OutboxRow, attempts: readonly OutboxAttempt[]): Promise<boolean> {
    for (const attempt of attempts) {
      const receipt = await this.#client.receipt(bytesToHex(attempt.txHash));
      if (receipt === null) continue;
      const error = receipt.succeeded
        ? null
        : await this.#whyReverted(this.#senderOf(row.role, attempt), row, receipt);
      if (error !== null && isKeyRefused(error)) {
        // It came a block too late for its key. It has done nothing, so another may be signed for it.
        await this.#db.transaction(async (tx) => {
          await new OutboxStore(tx).abandonAttempt(row.id, attempt.txHash, this.#clock.now());
          await new OutboxStore(tx).requeue(row.id, this.#clock.now());
        });
        return true;
      }
      await this.#store.settle(
        row.id,
        {
          txHash: attempt.txHash,
          nonce: attempt.nonce,
          blockNumber: receipt.blockNumber,
          blockHash: hexToBytes(receipt.blockHash),
        },
        error,
        this.#clock.now(),
      );
      this.events.emit('settled', row.id);
      return true;
    }
    return false;
  }

  /** Runs a reverted transaction again where it was mined, for the contract's error. */
  async #whyReverted(from: Address, row: OutboxRow, receipt: ChainReceipt): Promise<OutboxError> {
    // What came before it in its block may matter, or not be there any more: both states are asked.
    const call = callOf(from, row);
    const why =
      (await this.#client.simulate(call, receipt.blockNumber)) ??
      (await this.#client.simulate(call, receipt.blockNumber - 1n));
    return toPlain(why ?? revertedError([], undefined, 'reverted in its block, for a reason that is gone'));
  }

  /** Fails a row, unless one before it has come open again meanwhile: that one is to be sent first. */
  async #fail(row: OutboxRow, error: unknown): Promise<void> {
    const failed = await this.#db.transaction(async (tx) => {
      const store = new OutboxStore(tx);
      if ((await store.nextOpen(row.role))?.id !== row.id) return false;
      await store.fail(row.id, toPlain(error), this.#clock.now());
      return true;
    });
    if (failed) this.events.emit('settled', row.id);
  }

  /**
   * Looks whether what was mined in blocks that the follower has not reached
   * still stands: of their loss nobody else would tell.
   */
  async #recheckBeyondFollowed(writer: Writer): Promise<void> {
    const now = performance.now();
    if (now - writer.recheckedAt < this.#options.idleMilliseconds) return;
    writer.recheckedAt = now;
    const followed = (await new EventStore(this.#db).lastBlock())?.number ?? -1n;
    for (const row of await this.#store.settledBeyond(followed, writer.role, RECHECKED_AT_ONCE)) {
      await this.#recheck(row);
    }
  }

  /** Looks back over a writer's mined transactions until one still stands; true when some have gone. */
  async #recheckNewest(writer: Writer): Promise<boolean> {
    let lost = false;
    for (const row of await this.#store.settledBeyond(-1n, writer.role, RECHECKED_AT_ONCE)) {
      if (!(await this.#recheck(row))) return lost;
      lost = true;
    }
    return lost;
  }

  async #recheck(row: OutboxRow): Promise<boolean> {
    if (row.txHash === null || row.blockHash === null) return false;
    const receipt = await this.#client.receipt(bytesToHex(row.txHash));
    if (receipt !== null && receipt.blockHash === bytesToHex(row.blockHash)) return false;
    const ids = await this.#store.unsettle(row.id, this.#clock.now());
    this.#announceUnsettled(this.#db, ids);
    return true;
  }

  #announceUnsettled(db: Database, ids: readonly bigint[]): void {
    if (ids.length === 0) return;
    db.afterCommit(() => {
      this.events.emit('unsettled', ids);
      for (const role of ROLES) this.#writers[role].pause.wake();
    });
  }

  async #existing(store: OutboxStore, id: bigint): Promise<OutboxRow> {
    const row = await store.byId(id);
    if (row !== undefined) return row;
    throw new LedgerError(
      'OUTBOX_UNKNOWN',
      { en: `There is no transaction ${id} in the outbox.`, zh: `发件箱中没有交易 ${id}。` },
      { id },
    );
  }
}

interface Writer {
  readonly role: KeyRole;
  /** The key that signs in the step that is under way. */
  address: Address;
  readonly pause: Pause;
  readonly backoff: Backoff;
  running: Promise<void> | undefined;
  stopping: boolean;
  lastError: OutboxError | null;
  failingSince: Date | null;
  nonceSeenTaken: bigint | undefined;
  recheckedAt: number;
  /** What this process sent last. */
  sent: { readonly nonce: bigint; readonly at: Date } | undefined;
}

interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

function callOf(from: Address, row: OutboxRow): CallRequest {
  return { from, to: row.to as Address, data: bytesToHex(row.data) };
}

/** The contracts' errors for a key that is no member's in that block. */
const KEY_REFUSED: ReadonlySet<unknown> = new Set(['NotOperator', 'NotWitness']);

function isKeyRefused(error: unknown): boolean {
  const { code, operands } = error as Partial<OutboxError>;
  return code === 'CHAIN_REVERTED' && KEY_REFUSED.has(operands?.['error']);
}

function keyNotInForce({ role, address }: Writer, cause: unknown): LedgerError {
  return new LedgerError(
    'OUTBOX_KEY_NOT_IN_FORCE',
    {
      en: `The ${role} key ${address} is no member's on the chain now; its transactions wait until the council has put it, or another key of this node, in force.`,
      zh: `${role} 密钥 ${address} 目前不属于链上任何成员；理事会启用该密钥或本节点的其他密钥之前，交易将等待。`,
    },
    { role, address },
    { cause },
  );
}

function tooLarge(estimate: bigint | null, head: BlockHeader): LedgerError {
  return new LedgerError(
    'TRANSACTION_TOO_LARGE',
    {
      en: `The transaction needs more gas than a block has (${head.gasLimit}).`,
      zh: `交易所需 gas 超过区块上限（${head.gasLimit}）。`,
    },
    { gas: estimate, blockGasLimit: head.gasLimit },
  );
}

function raise(fee: bigint): bigint {
  return (fee * (100n + FEE_RAISE_PERCENT)) / 100n + 1n;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** An error as it is kept and shown. */
function toPlain(error: unknown): OutboxError {
  if (isLedgerError(error)) return error.toJSON();
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message, messageZh: '内部错误', operands: {} };
}

function asError(error: OutboxError | null): LedgerError {
  const { code, message, messageZh, operands } = error ?? toPlain(new Error('failed without a reason'));
  return new LedgerError(code, { en: message, zh: messageZh }, operands as Record<string, Operand>);
}
