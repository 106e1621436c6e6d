import { availableParallelism } from 'node:os';
import {
  bodyOf,
  circuitInput,
  type Content,
  type Context,
  type Day,
  findPredicate,
  OP,
  OPEN_END,
  packEntry,
  parseUscc,
  randomNonce,
  randomSecret,
  RegisterTree,
  SEVERITY,
  subjectKeyOf,
} from '@credit-ledger/sdk/protocol';
import { loadCircuitKeys } from './circuit-keys.ts';
import { PooledProver } from './pooled-prover.ts';

export interface ProverMeasures {
  /** From nothing loaded to the first proof of claim(8): keys read and checked, worker started, proof. */
  readonly proveColdMs: number;
  readonly proveWarmP50Ms: number;
  readonly proveWarmP95Ms: number;
  readonly proofs: number;
  readonly processors: number;
}

/**
 * Measures proofs of claim(8) for a subject with one entry: the first with
 * everything still to be loaded, then `proofs` warm ones, one after another.
 */
export async function measureProver(keysDirectory: string, proofs = 12): Promise<ProverMeasures> {
  const input = sampleInput();
  const begun = performance.now();
  const prover = new PooledProver(await loadCircuitKeys(keysDirectory, { sizes: [8] }), { workers: 1 });
  try {
    await prover.prove(8, input);
    const proveColdMs = performance.now() - begun;
    const times: number[] = [];
    for (let i = 0; i < proofs; i += 1) {
      const start = performance.now();
      await prover.prove(8, input);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const percentile = (share: number): number =>
      Math.round(times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)] ?? 0);
    return {
      proveColdMs: Math.round(proveColdMs),
      proveWarmP50Ms: percentile(0.5),
      proveWarmP95Ms: percentile(0.95),
      proofs,
      processors: availableParallelism(),
    };
  } finally {
    await prover.close();
  }
}

function sampleInput(): ReturnType<typeof circuitInput> {
  const { predicate } = findPredicate('bank-credit-review', 'no-severe-default');
  // A valid code of a company that does not exist.
  const uscc = parseUscc('91110000MA0A00014Q');
  const secret = randomSecret();
  const entry = {
    op: OP.RECORD,
    packed: packEntry(OP.RECORD, {
      kind: 1,
      domain: 1,
      severity: SEVERITY.severe,
      day: 20_000 as Day,
      until: OPEN_END,
      amountFen: 1_000_000n,
      ref: 0,
    }),
    content: 1n as Content,
  };
  const key = subjectKeyOf(uscc, predicate.class, secret);
  const tree = new RegisterTree();
  tree.append([{ key, op: entry.op, body: bodyOf(entry.packed, entry.content) }], 1);
  return circuitInput({
    size: 8,
    uscc,
    secret,
    nonce: randomNonce(),
    predicate,
    chain: [entry],
    path: tree.path(key),
    root: tree.root(),
    asOfDay: 20_100 as Day,
    context: 1n as Context,
  });
}
