import { parentPort } from 'node:worker_threads';
import { encodeDelta } from '@credit-ledger/sdk/protocol';
import { TreeCopies } from './copies.ts';
import { poseidon } from './inline.ts';
import type { Answer, Job } from './thread.ts';

// The other side of thread.ts: one job at a time, in the order they come.
const copies = new TreeCopies();
const port = parentPort;

port?.on('message', ({ id, job }: { readonly id: number; readonly job: Job }) => {
  let answer: Answer;
  try {
    answer = { id, result: perform(job) };
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(answer);
});

function perform(job: Job): bigint[] | Uint8Array | undefined {
  switch (job.do) {
    case 'hash':
      return job.inputs.map(poseidon);
    case 'load':
      copies.load(job.registerId, job.deltas);
      return undefined;
    case 'append': {
      const delta = copies.append(job.base, job.entries, job.seq);
      return delta === undefined ? undefined : encodeDelta(delta);
    }
  }
}
