import canonicalizeModule from 'canonicalize';
import { encodeAbiParameters, keccak256, stringToBytes, type Hex } from 'viem';
import type { SnarkVerificationKey } from './snarkjs.ts';

// The package is CommonJS; its types describe an ES module's default export.
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined;

/** The verification key as it is stored and hashed: exactly the fields that decide verification. */
export type VerificationKey = Omit<SnarkVerificationKey, 'vk_alphabeta_12'>;

/** Drops the pairing that snarkjs precomputes: it follows from alpha and beta. */
export function withoutDerivedFields(key: SnarkVerificationKey): VerificationKey {
  const { protocol, curve, nPublic, vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2, IC } = key;
  return { protocol, curve, nPublic, vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2, IC };
}

/** keccak256 of the JCS bytes of a verification key (protocol §9). */
export function verificationKeyHash(key: SnarkVerificationKey): Hex {
  const text = canonicalize(withoutDerivedFields(key));
  if (text === undefined) throw new Error('A verification key must be a JSON object');
  return keccak256(stringToBytes(text));
}

/** Circuit id = keccak256(abi.encode(name, size, vkHash)) (protocol §9). */
export function circuitId(name: string, size: number, vkHash: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'string' }, { type: 'uint256' }, { type: 'bytes32' }],
      [name, BigInt(size), vkHash],
    ),
  );
}
