// The body of one prover thread: keys are loaded once, then one job at a time.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { Proof } from '@credit-ledger/sdk/answer';
import type { CircuitInput } from '@credit-ledger/sdk/protocol';
import { allowNestedThreads } from './nested-threads.ts';
import { canonicalProof, type SnarkProof } from './prover.ts';
import { NoWitness, WitnessProgram } from './witness-program.ts';

/** What a worker is started with. */
export interface WorkerKeys {
  readonly circuits: readonly {
    readonly size: number;
    readonly provingKey: Uint8Array;
    readonly witnessProgram: Uint8Array;
  }[];
  /** More than one thread a proof: when there are fewer workers than processors. */
  readonly threads: boolean;
}

export interface ProveJob {
  readonly job: number;
  readonly size: number;
  readonly input: CircuitInput;
}

export type WorkerMessage =
  | { readonly ready: true }
  | { readonly job: number; readonly proof: Proof; readonly publicSignals: readonly string[] }
  | { readonly job: number; readonly failure: 'unsatisfiable' | 'crashed'; readonly reason: string };

interface Groth16 {
  prove(
    zkey: { type: 'mem'; data: Uint8Array },
    wtns: { type: 'mem'; data: Uint8Array },
    logger: undefined,
    options: { singleThread: boolean },
  ): Promise<{ proof: SnarkProof; publicSignals: string[] }>;
}

if (parentPort === null) throw new Error('prove-worker runs as a worker thread only');
const port = parentPort;
const keys = workerData as WorkerKeys;
if (keys.threads) allowNestedThreads();
const { groth16 } = createRequire(import.meta.url)('snarkjs') as { groth16: Groth16 };

const circuits = new Map(
  keys.circuits.map(({ size, provingKey, witnessProgram }) => [
    size,
    { provingKey, program: new WitnessProgram(witnessProgram) },
  ]),
);

async function prove({ job, size, input }: ProveJob): Promise<WorkerMessage> {
  const circuit = circuits.get(size);
  if (circuit === undefined) return { job, failure: 'crashed', reason: `no circuit of size ${size}` };
  let witness: Uint8Array | undefined;
  try {
    witness = circuit.program.run(input);
    const { proof, publicSignals } = await groth16.prove(
      { type: 'mem', data: circuit.provingKey },
      { type: 'mem', data: witness },
      undefined,
      { singleThread: !keys.threads },
    );
    return { job, proof: canonicalProof(proof), publicSignals };
  } catch (error) {
    // A reason may name a place in the circuit or the program, never a value of the input.
    if (error instanceof NoWitness) return { job, failure: 'unsatisfiable', reason: error.message };
    return { job, failure: 'crashed', reason: error instanceof Error ? error.name : 'unknown' };
  } finally {
    witness?.fill(0);
  }
}

port.on('message', (job: ProveJob) => {
  void prove(job).then((message) => port.postMessage(message));
});
port.postMessage({ ready: true } satisfies WorkerMessage);
