// A worker that dies of every job.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', () => process.exit(9));
parentPort.postMessage({ ready: true });
