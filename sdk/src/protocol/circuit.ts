import type { Day } from './days.ts';
import type { OpenedEntry } from './entry.ts';
import { keccakHex, keccakWords } from './entry.ts';
import { LedgerError } from './errors.ts';
import {
  bytesToInteger,
  type Context,
  type Hex,
  type Nonce,
  type RegisterRoot,
  type RegisterSecret,
} from './field.ts';
import { type LedgerClass, secretCommitOf, subjectTagOf } from './identity.ts';
import { canonicalBytes } from './jcs.ts';
import { packedClauses, type Predicate, predicateHashOf } from './predicate.ts';
import type { TreePath } from './tree.ts';
import { type Uscc, usccNumber } from './uscc.ts';

/** The sizes in which the claim circuit exists: how long a chain it can prove (protocol §7). */
export const CLAIM_SIZES = [8, 40] as const;
export type ClaimSize = (typeof CLAIM_SIZES)[number];

/** The public signals of a claim, in the circuit's order (protocol §7). */
export const SIGNAL_NAMES = [
  'answer',
  'disputed',
  'root',
  'secretCommit',
  'subjectTag',
  'predicateHash',
  'asOfDay',
  'context',
] as const;
export type SignalName = (typeof SIGNAL_NAMES)[number];

/** A Groth16 verification key as snarkjs writes it. */
export interface VerificationKey {
  readonly protocol: 'groth16';
  readonly curve: 'bn128';
  readonly nPublic: number;
  readonly vk_alpha_1: readonly string[];
  readonly vk_beta_2: readonly (readonly string[])[];
  readonly vk_gamma_2: readonly (readonly string[])[];
  readonly vk_delta_2: readonly (readonly string[])[];
  readonly IC: readonly (readonly string[])[];
}

/** Name of a circuit in force: its name, size and verification key, hashed (protocol §9). */
export function circuitIdOf(name: string, size: number, key: VerificationKey): Hex {
  const { protocol, curve, nPublic, IC, vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2 } = key;
  const keyHash = keccakHex(
    canonicalBytes({ protocol, curve, nPublic, IC, vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2 }),
  );
  const nameBytes = new TextEncoder().encode(name);
  const padded = new Uint8Array(Math.ceil(nameBytes.length / 32) * 32);
  padded.set(nameBytes);
  const words = Array.from({ length: padded.length / 32 }, (_, i) =>
    bytesToInteger(padded.subarray(i * 32, i * 32 + 32)),
  );
  // abi.encode(string, uint256, bytes32): offset, size, hash, then the string.
  return keccakWords([96n, BigInt(size), BigInt(keyHash), BigInt(nameBytes.length), ...words]);
}

/** Everything that a claim is made from; all of it but the public signals stays with the authority. */
export interface ClaimWitness {
  readonly size: ClaimSize;
  readonly uscc: Uscc;
  readonly secret: RegisterSecret;
  readonly nonce: Nonce;
  readonly predicate: Predicate;
  /** The subject's whole chain in this class, oldest first; empty when absent. */
  readonly chain: readonly OpenedEntry[];
  readonly path: TreePath;
  readonly root: RegisterRoot;
  readonly asOfDay: Day;
  readonly context: Context;
}

export type CircuitInput = Record<string, string | string[] | string[][]>;

/**
 * The circuit's input signals by name, as decimal strings.
 * @throws LedgerError CHAIN_TOO_LONG when the chain does not fit the size
 */
export function circuitInput(witness: ClaimWitness): CircuitInput {
  const { chain, size, path, predicate } = witness;
  if (chain.length > size) {
    throw new LedgerError(
      'CHAIN_TOO_LONG',
      { en: 'The chain has more entries than the circuit can prove.', zh: '条目链超过电路可证明的长度。' },
      { entries: chain.length, size },
    );
  }
  const slots = (read: (entry: OpenedEntry) => bigint): string[] =>
    Array.from({ length: size }, (_, i) => {
      const entry = chain[i];
      return entry ? read(entry).toString() : '0';
    });
  return {
    root: witness.root.toString(),
    secretCommit: secretCommitOf(witness.secret).toString(),
    subjectTag: subjectTagOf(witness.uscc, witness.nonce).toString(),
    predicateHash: predicateHashOf(predicate).toString(),
    asOfDay: witness.asOfDay.toString(),
    context: witness.context.toString(),
    uscc: usccNumber(witness.uscc).toString(),
    secret: witness.secret.toString(),
    nonce: witness.nonce.toString(),
    class: (predicate.class satisfies LedgerClass).toString(),
    count: chain.length.toString(),
    op: slots((entry) => BigInt(entry.op)),
    packed: slots((entry) => entry.packed),
    content: slots((entry) => entry.content),
    leafKey: path.leaf.key.toString(),
    leafNextKey: path.leaf.nextKey.toString(),
    leafHead: path.leaf.head.toString(),
    position: path.digits.map(String),
    siblings: path.siblings.map((level) => level.map(String)),
    clauses: packedClauses(predicate).map(String),
  };
}
