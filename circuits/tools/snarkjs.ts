import { createRequire } from 'node:module';

/** A logger as snarkjs wants it. */
export interface SnarkLogger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** A verification key as snarkjs exports it. */
export interface SnarkVerificationKey {
  protocol: string;
  curve: string;
  nPublic: number;
  vk_alpha_1: string[];
  vk_beta_2: string[][];
  vk_gamma_2: string[][];
  vk_delta_2: string[][];
  vk_alphabeta_12?: string[][][];
  IC: string[][];
}

export interface Groth16Proof {
  pi_a: string[];
  pi_b: string[][];
  pi_c: string[];
  protocol: string;
  curve: string;
}

/** The part of snarkjs that the key tools and the circuit tests use; the package ships no types. */
export interface SnarkJs {
  zKey: {
    newZKey(r1cs: string, ptau: string, zkey: string, logger?: SnarkLogger): Promise<Uint8Array | -1>;
    contribute(
      from: string,
      to: string,
      name: string,
      entropy: string,
      logger?: SnarkLogger,
    ): Promise<Uint8Array>;
    beacon(
      from: string,
      to: string,
      name: string,
      beaconHex: string,
      iterationsExp: number,
      logger?: SnarkLogger,
    ): Promise<Uint8Array | false>;
    verifyFromR1cs(r1cs: string, ptau: string, zkey: string, logger?: SnarkLogger): Promise<boolean>;
    exportVerificationKey(zkey: string, logger?: SnarkLogger): Promise<SnarkVerificationKey>;
    exportSolidityVerifier(
      zkey: string,
      templates: { groth16: string },
      logger?: SnarkLogger,
    ): Promise<string>;
  };
  powersOfTau: { verify(ptau: string, logger?: SnarkLogger): Promise<boolean> };
  groth16: {
    fullProve(
      input: unknown,
      wasm: string,
      zkey: string,
    ): Promise<{ proof: Groth16Proof; publicSignals: string[] }>;
    prove(zkey: string, wtns: unknown): Promise<{ proof: Groth16Proof; publicSignals: string[] }>;
    verify(vkey: unknown, publicSignals: string[], proof: Groth16Proof): Promise<boolean>;
  };
  curves: { getCurveFromName(name: string): Promise<{ terminate(): Promise<void> }> };
}

const require = createRequire(import.meta.url);

/** snarkjs, with the types of the part that is used here. */
export const snarkjs = require('snarkjs') as SnarkJs;

/** Path of snarkjs's Solidity template for Groth16. */
export function solidityTemplatePath(): string {
  return require.resolve('snarkjs').replace(/build[\\/]main\.cjs$/, 'templates/verifier_groth16.sol.ejs');
}

/** Ends the worker threads of the curve, without which a script does not exit. */
export async function endSnarkWorkers(): Promise<void> {
  const curve = await snarkjs.curves.getCurveFromName('bn128');
  await curve.terminate();
}
