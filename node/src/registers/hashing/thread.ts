import { Worker } from 'node:worker_threads';
import { decodeDelta, type Entry, LedgerError, type TreeDelta } from '@credit-ledger/sdk/protocol';
import type { Hasher, TreeBase } from './hasher.ts';
import { historyInconsistent } from './inline.ts';

/** What the thread is asked. */
export type Job =
  | { readonly do: 'hash'; readonly inputs: readonly (readonly bigint[])[] }
  | { readonly do: 'load'; readonly registerId: bigint; readonly deltas: readonly Uint8Array[] }
  | {
      readonly do: 'append';
      readonly base: TreeBase;
      readonly entries: readonly Entry[];
      readonly seq: number;
    };

/** What it answers. */
export interface Answer {
  readonly id: number;
  readonly result?: bigint[] | Uint8Array | undefined;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (result: Answer['result']) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Hashes in a thread of its own, so that the node answers while it replays. A thread
 * that ended is started again at the next job; the jobs it had fail with HASHER_ENDED.
 */
export class ThreadHasher implements Hasher {
  #worker: Worker | undefined;
  #waiting = new Map<number, Waiting>();
  #next = 0;
  #closed = false;

  async hash(inputs: readonly (readonly bigint[])[]): Promise<bigint[]> {
    return inputs.length === 0 ? [] : ((await this.#ask({ do: 'hash', inputs })) as bigint[]);
  }

  async append(
    base: TreeBase,
    entries: readonly Entry[],
    seq: number,
    history: () => Promise<readonly Uint8Array[]>,
  ): Promise<TreeDelta> {
    const job: Job = { do: 'append', base, entries, seq };
    let delta = (await this.#ask(job)) as Uint8Array | undefined;
    if (delta === undefined) {
      const deltas = await history();
      // Posted together, so that no other job for this register comes between.
      const [, appended] = await Promise.all([
        this.#ask({ do: 'load', registerId: base.registerId, deltas }),
        this.#ask(job),
      ]);
      delta = appended as Uint8Array | undefined;
    }
    if (delta === undefined) throw historyInconsistent(base);
    return decodeDelta(delta);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#fail(ended());
  }

  #ask(job: Job): Promise<Answer['result']> {
    if (this.#closed) return Promise.reject(ended());
    const worker = (this.#worker ??= this.#start());
    const id = (this.#next += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, job });
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    worker.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      // An idle thread must not keep the program from ending.
      if (this.#waiting.size === 0) worker.unref();
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    const gone = (cause?: unknown): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#fail(ended(cause));
    };
    worker.on('error', gone);
    worker.on('exit', () => gone());
    return worker;
  }

  #fail(error: Error): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

function ended(cause?: unknown): LedgerError {
  return new LedgerError(
    'HASHER_ENDED',
    { en: 'The hashing thread has ended.', zh: '哈希线程已结束。' },
    {},
    { cause },
  );
}
