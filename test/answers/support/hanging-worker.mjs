// A worker that takes jobs and never returns one.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', () => undefined);
parentPort.postMessage({ ready: true });
