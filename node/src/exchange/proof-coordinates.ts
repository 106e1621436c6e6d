import type { Proof, SnarkProof } from '@credit-ledger/sdk/answer';

const decimal = (hex: string): string => BigInt(hex).toString();

/** A proof in the verifier's order as the document builder takes it: decimal, real parts first. */
export function snarkProof({ a, b, c }: Proof): SnarkProof {
  return {
    pi_a: a.map(decimal),
    pi_b: b.map(([imaginary, real]) => [decimal(real), decimal(imaginary)]),
    pi_c: c.map(decimal),
  };
}
