import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

type Listener = (event: { readonly data: unknown }) => void;

/** What a thread's own script expects of the world of a browser's worker. */
const PRELUDE = `
const { parentPort } = require('node:worker_threads');
const self = { postMessage: (data, transfer) => parentPort.postMessage(data, transfer), close: () => process.exit() };
globalThis.self = self;
parentPort.on('message', (data) => self.onmessage({ data }));
`;
const DATA_URL = 'data:application/javascript;base64,';

/** As much of the browser's Worker as the field arithmetic under snarkjs uses. */
class ThreadOfWorker {
  readonly #worker: Worker;

  constructor(url: string) {
    if (!url.startsWith(DATA_URL)) throw new TypeError('only inline scripts can be run in a thread');
    const script = Buffer.from(url.slice(DATA_URL.length), 'base64').toString('utf8');
    this.#worker = new Worker(PRELUDE + script, { eval: true, execArgv: [] });
  }

  addEventListener(type: 'message', listener: Listener): void {
    this.#worker.on(type, (data: unknown) => listener({ data }));
  }

  postMessage(data: unknown, transfer?: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(data, transfer);
  }

  terminate(): void {
    void this.#worker.terminate();
  }
}

/**
 * Lets snarkjs use threads when it is itself loaded in a worker thread. The
 * package through which it starts them takes any worker thread for one of its
 * own and breaks; so this puts a small replacement in its place. Call before
 * snarkjs is loaded; only for the module cache of the calling thread.
 */
export function allowNestedThreads(): void {
  const fromHere = createRequire(import.meta.url);
  const fromSnarkjs = createRequire(fromHere.resolve('snarkjs'));
  const fromArithmetic = createRequire(fromSnarkjs.resolve('ffjavascript'));
  const path = fromArithmetic.resolve('web-worker');
  const module = Object.assign(Object.create(null) as NodeJS.Module, {
    id: path,
    filename: path,
    loaded: true,
    children: [],
    paths: [],
    exports: ThreadOfWorker,
  });
  fromArithmetic.cache[path] = module;
}
