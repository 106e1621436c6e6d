import { bn254 } from '@noble/curves/bn254.js';
import { BASE_FIELD_MODULUS, type Hex, LedgerError, type VerificationKey } from '../protocol/index.ts';

const { Fp12 } = bn254.fields;
const G1 = bn254.G1.Point;
const G2 = bn254.G2.Point;
type G1Point = InstanceType<typeof G1>;
type G2Point = InstanceType<typeof G2>;
type Lines = ReturnType<typeof bn254.utils.calcPairingPrecomputes>;
type Gt = ReturnType<typeof bn254.pairing>;

/** A Groth16 proof as the chain's verifier takes it: B with imaginary parts first. */
export interface Proof {
  readonly a: readonly [Hex, Hex];
  readonly b: readonly [readonly [Hex, Hex], readonly [Hex, Hex]];
  readonly c: readonly [Hex, Hex];
}

/** A verification key made ready: what does not depend on the proof is computed once. */
interface PreparedKey {
  readonly inputs: readonly G1Point[];
  readonly gamma: Lines;
  readonly delta: Lines;
  /** Miller value of (−alpha, beta). */
  readonly alphaBeta: Gt;
}

function malformedKey(cause?: unknown): LedgerError {
  return new LedgerError(
    'VERIFICATION_KEY_MALFORMED',
    { en: 'The verification key does not hold points of the curve.', zh: '验证密钥不是曲线上的点。' },
    {},
    { cause },
  );
}

function coordinate(text: string | undefined): bigint {
  if (text === undefined || !/^(0|[1-9][0-9]*)$/.test(text)) throw malformedKey();
  const value = BigInt(text);
  if (value >= BASE_FIELD_MODULUS) throw malformedKey();
  return value;
}

function checked<P extends G1Point | G2Point>(point: P): P {
  if (point.is0()) throw malformedKey();
  // On the curve, and for G2 in the subgroup of order r.
  point.assertValidity();
  return point;
}

function g1Of(key: readonly string[]): G1Point {
  return checked(G1.fromAffine({ x: coordinate(key[0]), y: coordinate(key[1]) }));
}

function g2Of(key: readonly (readonly string[])[]): G2Point {
  const x = { c0: coordinate(key[0]?.[0]), c1: coordinate(key[0]?.[1]) };
  const y = { c0: coordinate(key[1]?.[0]), c1: coordinate(key[1]?.[1]) };
  return checked(G2.fromAffine({ x, y }));
}

function lines(point: G2Point): Lines {
  return bn254.utils.calcPairingPrecomputes(point);
}

function miller(pairs: readonly (readonly [Lines, G1Point])[]): Gt {
  return bn254.millerLoopBatch(
    pairs.map(([ell, point]) => {
      const { x, y } = point.toAffine();
      return [ell, x, y];
    }),
  );
}

function prepare(key: VerificationKey): PreparedKey {
  try {
    return {
      inputs: key.IC.map(g1Of),
      gamma: lines(g2Of(key.vk_gamma_2)),
      delta: lines(g2Of(key.vk_delta_2)),
      alphaBeta: miller([[lines(g2Of(key.vk_beta_2)), g1Of(key.vk_alpha_1).negate()]]),
    };
  } catch (cause) {
    throw malformedKey(cause);
  }
}

const prepared = new WeakMap<VerificationKey, PreparedKey>();

/**
 * Makes a verification key ready ahead of the first proof.
 * @throws LedgerError VERIFICATION_KEY_MALFORMED
 */
export function prepareVerificationKey(key: VerificationKey): void {
  preparedKey(key);
}

function preparedKey(key: VerificationKey): PreparedKey {
  let ready = prepared.get(key);
  if (!ready) {
    ready = prepare(key);
    prepared.set(key, ready);
  }
  return ready;
}

/** The points of a proof, or undefined where one is not on the curve, not in the subgroup, or at infinity. */
function pointsOf(proof: Proof): { a: G1Point; b: G2Point; c: G1Point } | undefined {
  try {
    const [[bxImaginary, bxReal], [byImaginary, byReal]] = proof.b;
    return {
      a: checked(G1.fromAffine({ x: BigInt(proof.a[0]), y: BigInt(proof.a[1]) })),
      b: checked(
        G2.fromAffine({
          x: { c0: BigInt(bxReal), c1: BigInt(bxImaginary) },
          y: { c0: BigInt(byReal), c1: BigInt(byImaginary) },
        }),
      ),
      c: checked(G1.fromAffine({ x: BigInt(proof.c[0]), y: BigInt(proof.c[1]) })),
    };
  } catch {
    return undefined;
  }
}

/**
 * Whether a Groth16 proof over BN254 holds for these public signals (each already below r).
 * The points are checked to be on their curves and in the subgroup. A proof has other valid
 * spellings, such as (−A, −B): that this one is the one that was sent is the signature's to show.
 * @throws LedgerError VERIFICATION_KEY_MALFORMED
 */
export function verifyProof(key: VerificationKey, signals: readonly bigint[], proof: Proof): boolean {
  const { inputs, gamma, delta, alphaBeta } = preparedKey(key);
  if (inputs.length !== signals.length + 1) return false;
  const points = pointsOf(proof);
  if (!points) return false;
  let sum = inputs[0] ?? G1.ZERO;
  signals.forEach((signal, i) => {
    const base = inputs[i + 1];
    if (base && signal !== 0n) sum = sum.add(base.multiplyUnsafe(signal));
  });
  const pairs: [Lines, G1Point][] = [
    [lines(points.b), points.a],
    [delta, points.c.negate()],
  ];
  if (!sum.is0()) pairs.push([gamma, sum.negate()]);
  // e(A, B) · e(−alpha, beta) · e(−sum, gamma) · e(−C, delta) = 1
  const product = Fp12.mul(miller(pairs), alphaBeta);
  return Fp12.eql(Fp12.finalExponentiate(product), Fp12.ONE);
}
