import type { Proof } from '@credit-ledger/sdk/answer';
import {
  BASE_FIELD_MODULUS,
  type CircuitInput,
  type ClaimSize,
  type Hex,
  LedgerError,
  wordHex,
} from '@credit-ledger/sdk/protocol';
import type { CircuitKeys } from './circuit-keys.ts';

export interface Proved {
  readonly proof: Proof;
  /** The eight public signals in the circuit's order. */
  readonly publicSignals: readonly bigint[];
}

export interface ProveOptions {
  /** Gives the job up: it leaves the queue, or its worker is ended. */
  readonly signal?: AbortSignal;
}

/**
 * Makes proofs of the claim circuit; embedded first, a native one may take its
 * place. It is not believed: the answer service verifies what it returns.
 *
 * Errors: `BUSY` (the queue is full; ask again), `PROVER_TIMEOUT`, `PROVER_CANCELLED`,
 * `PROVER_CRASHED` (of this job; the prover goes on), `PROVER_CLOSED`,
 * `CLAIM_UNSATISFIABLE` (the input breaks a constraint: there is no proof),
 * `CIRCUIT_UNKNOWN`.
 */
export interface Prover {
  /** The circuits that it can prove, smallest first. */
  readonly circuits: readonly CircuitKeys[];
  prove(size: ClaimSize, input: CircuitInput, options?: ProveOptions): Promise<Proved>;
  /** Ends its workers; what is under way fails with `PROVER_CLOSED`. */
  close(): Promise<void>;
}

/** A proof as snarkjs writes it: decimal, real parts first, projective. */
export interface SnarkProof {
  readonly pi_a: readonly string[];
  readonly pi_b: readonly (readonly string[])[];
  readonly pi_c: readonly string[];
}

/** The one spelling of a proof that answers carry. @throws LedgerError PROVER_CRASHED for a malformed one */
export function canonicalProof(proof: SnarkProof): Proof {
  const coordinate = (text: string | undefined): Hex => {
    const value = text !== undefined && /^\d{1,78}$/.test(text) ? BigInt(text) : -1n;
    if (value < 0n || value >= BASE_FIELD_MODULUS) throw crashed('a coordinate of the proof is malformed');
    return wordHex(value);
  };
  const [b0, b1] = proof.pi_b;
  return {
    a: [coordinate(proof.pi_a[0]), coordinate(proof.pi_a[1])],
    b: [
      [coordinate(b0?.[1]), coordinate(b0?.[0])],
      [coordinate(b1?.[1]), coordinate(b1?.[0])],
    ],
    c: [coordinate(proof.pi_c[0]), coordinate(proof.pi_c[1])],
  };
}

export function crashed(reason: string, cause?: unknown): LedgerError {
  return new LedgerError(
    'PROVER_CRASHED',
    { en: 'The prover failed; it has been restarted.', zh: '证明程序出错，已重新启动。' },
    { reason },
    { cause },
  );
}
