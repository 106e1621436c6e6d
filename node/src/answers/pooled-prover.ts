import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type CircuitInput, type ClaimSize, LedgerError } from '@credit-ledger/sdk/protocol';
import type { CircuitKeys } from './circuit-keys.ts';
import type { ProveJob, WorkerKeys, WorkerMessage } from './prove-worker.ts';
import { crashed, type Proved, type ProveOptions, type Prover } from './prover.ts';

export interface PoolOptions {
  /** Worker threads. By default one for each four processors: a proof uses several threads itself. */
  readonly workers?: number;
  /** Jobs that may wait beside those under way; more are refused with `BUSY`. 32 by default. */
  readonly queueLimit?: number;
  /** Longest time for one job once it has started. 120 seconds by default. */
  readonly timeoutMilliseconds?: number;
  /** The program of a worker; for tests of what happens when one fails. */
  readonly workerProgram?: URL;
}

interface Job {
  readonly message: ProveJob;
  readonly resolve: (proved: Proved) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  /** Takes away the listener for cancelling. */
  release: () => void;
  timer: NodeJS.Timeout | undefined;
}

interface Slot {
  worker: Worker;
  /** Under way here. */
  job: Job | undefined;
  ready: boolean;
  /** Takes no more jobs; its exit, if still to come, is not a crash. */
  ended: boolean;
  /** Crashed too often to be replaced before the next job comes. */
  dead: boolean;
}

/** A worker that dies this often without a proof in between will not get better by itself. */
const CRASHES_IN_A_ROW = 5;

/**
 * Proves in worker threads with snarkjs. Keys are checked by whoever loads them
 * (`loadCircuitKeys`), loaded once, and shared by all workers.
 */
export class PooledProver implements Prover {
  readonly circuits: readonly CircuitKeys[];
  readonly #slots: Slot[] = [];
  readonly #queue: Job[] = [];
  readonly #queueLimit: number;
  readonly #timeoutMilliseconds: number;
  readonly #program: URL;
  readonly #threads: boolean;
  #jobs = 0;
  #crashesInARow = 0;
  #closed = false;

  constructor(circuits: readonly CircuitKeys[], options: PoolOptions = {}) {
    this.circuits = [...circuits].sort((a, b) => a.size - b.size);
    const workers = options.workers ?? Math.max(1, Math.floor(availableParallelism() / 4));
    this.#queueLimit = options.queueLimit ?? 32;
    this.#timeoutMilliseconds = options.timeoutMilliseconds ?? 120_000;
    this.#program = options.workerProgram ?? workerProgram();
    this.#threads = workers < availableParallelism();
    for (let i = 0; i < workers; i += 1) this.#slots.push(this.#start());
  }

  /** Jobs that wait or are under way: for metrics. */
  get load(): { readonly waiting: number; readonly running: number } {
    return {
      waiting: this.#queue.length,
      running: this.#slots.filter((slot) => slot.job !== undefined).length,
    };
  }

  prove(size: ClaimSize, input: CircuitInput, options: ProveOptions = {}): Promise<Proved> {
    if (this.#closed) return Promise.reject(closed());
    if (!this.circuits.some((circuit) => circuit.size === size)) return Promise.reject(unknownCircuit(size));
    if (options.signal?.aborted === true) return Promise.reject(cancelled());
    const running = this.#slots.filter((slot) => slot.job !== undefined).length;
    if (running === this.#slots.length && this.#queue.length >= this.#queueLimit) {
      return Promise.reject(busy(this.#queueLimit));
    }
    return new Promise<Proved>((resolve, reject) => {
      const job: Job = {
        message: { job: (this.#jobs += 1), size, input },
        resolve,
        reject,
        signal: options.signal,
        release: () => undefined,
        timer: undefined,
      };
      if (options.signal !== undefined) {
        const signal = options.signal;
        const cancel = (): void => this.#cancel(job);
        signal.addEventListener('abort', cancel, { once: true });
        job.release = () => signal.removeEventListener('abort', cancel);
      }
      this.#queue.push(job);
      this.#revive();
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const open = [...this.#queue.splice(0), ...this.#slots.flatMap((slot) => slot.job ?? [])];
    for (const slot of this.#slots) {
      slot.ended = true;
      slot.job = undefined;
    }
    for (const job of open) settle(job, closed());
    await Promise.all(this.#slots.map((slot) => slot.worker.terminate()));
  }

  #start(): Slot {
    const workerData: WorkerKeys = {
      circuits: this.circuits.map(({ size, provingKey, witnessProgram }) => ({
        size,
        provingKey,
        witnessProgram,
      })),
      threads: this.#threads,
    };
    const worker = new Worker(this.#program, { workerData });
    const slot: Slot = { worker, job: undefined, ready: false, ended: false, dead: false };
    let failure: unknown;
    worker.on('message', (message: WorkerMessage) => this.#onMessage(slot, message));
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', (code) => this.#onExit(slot, code, failure));
    return slot;
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (!slot.ready || slot.ended || slot.job !== undefined) continue;
      const job = this.#queue.shift();
      if (job === undefined) return;
      slot.job = job;
      job.timer = setTimeout(
        () => this.#abandon(slot, timedOut(this.#timeoutMilliseconds)),
        this.#timeoutMilliseconds,
      );
      slot.worker.postMessage(job.message);
    }
  }

  #onMessage(slot: Slot, message: WorkerMessage): void {
    if ('ready' in message) {
      slot.ready = true;
    } else {
      const { job } = slot;
      if (job === undefined || job.message.job !== message.job) return;
      slot.job = undefined;
      if ('failure' in message) {
        settle(job, message.failure === 'unsatisfiable' ? unsatisfiable() : crashed(message.reason));
      } else {
        this.#crashesInARow = 0;
        settle(job, { proof: message.proof, publicSignals: message.publicSignals.map(BigInt) });
      }
    }
    this.#dispatch();
  }

  #onExit(slot: Slot, code: number, failure: unknown): void {
    if (slot.ended) return;
    slot.ended = true;
    const job = slot.job;
    slot.job = undefined;
    this.#crashesInARow += 1;
    if (job !== undefined) settle(job, crashed(`a worker ended with ${code}`, failure));
    if (this.#crashesInARow < CRASHES_IN_A_ROW) {
      this.#replace(slot);
      return;
    }
    slot.dead = true;
    if (this.#slots.every((each) => each.dead)) {
      // Nothing is left that could take what waits, and waiting would be a silence.
      for (const waiting of this.#queue.splice(0)) settle(waiting, crashed('no worker is left', failure));
    }
  }

  /** A new job is a reason to try again with workers that were given up. */
  #revive(): void {
    for (const slot of this.#slots) if (slot.dead) this.#replace(slot);
  }

  #replace(slot: Slot): void {
    if (this.#closed) return;
    const at = this.#slots.indexOf(slot);
    if (at >= 0) this.#slots[at] = this.#start();
  }

  #cancel(job: Job): void {
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) {
      this.#queue.splice(waiting, 1);
      settle(job, cancelled());
      return;
    }
    const slot = this.#slots.find((each) => each.job === job);
    if (slot !== undefined) this.#abandon(slot, cancelled());
  }

  /** A proof under way cannot be told to stop: its worker is ended and another takes its place. */
  #abandon(slot: Slot, error: LedgerError): void {
    const job = slot.job;
    slot.ended = true;
    slot.job = undefined;
    if (job !== undefined) settle(job, error);
    void slot.worker.terminate().then(() => this.#replace(slot));
  }
}

function settle(job: Job, outcome: Proved | Error): void {
  clearTimeout(job.timer);
  job.release();
  if (outcome instanceof Error) job.reject(outcome);
  else job.resolve(outcome);
}

function workerProgram(): URL {
  // Beside this file, in the same language: source in development, compiled when installed.
  return new URL(
    import.meta.url.endsWith('.ts') ? './prove-worker.ts' : './prove-worker.js',
    import.meta.url,
  );
}

function busy(queueLimit: number): LedgerError {
  return new LedgerError(
    'BUSY',
    { en: 'Too many proofs are waiting; ask again later.', zh: '等待证明的请求过多，请稍后再问。' },
    { queueLimit },
  );
}

function timedOut(milliseconds: number): LedgerError {
  return new LedgerError(
    'PROVER_TIMEOUT',
    { en: 'The proof took too long and was given up.', zh: '证明超时，已放弃。' },
    { milliseconds },
  );
}

function cancelled(): LedgerError {
  return new LedgerError('PROVER_CANCELLED', { en: 'The proof was cancelled.', zh: '证明已取消。' });
}

function closed(): LedgerError {
  return new LedgerError('PROVER_CLOSED', { en: 'The prover is closed.', zh: '证明程序已关闭。' });
}

function unsatisfiable(): LedgerError {
  return new LedgerError('CLAIM_UNSATISFIABLE', {
    en: 'The circuit refuses this input: there is no proof of it.',
    zh: '电路拒绝该输入：无法证明。',
  });
}

function unknownCircuit(size: number): LedgerError {
  return new LedgerError(
    'CIRCUIT_UNKNOWN',
    { en: `There are no keys for a circuit of ${size} entries.`, zh: `没有 ${size} 条目电路的密钥。` },
    { size },
  );
}
