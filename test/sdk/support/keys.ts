import { readFileSync } from 'node:fs';
import { circuitIdOf, type Hex, type VerificationKey } from '@credit-ledger/sdk/protocol';

const folder = new URL('../../../circuits/keys/', import.meta.url);

/** The reference keys of a claim circuit. */
export interface ReferenceCircuit {
  readonly id: Hex;
  readonly name: 'claim';
  readonly size: 8 | 40;
  readonly verificationKey: VerificationKey;
  readonly wasm: string;
  readonly zkey: string;
}

export function referenceCircuit(size: 8 | 40): ReferenceCircuit {
  const read = JSON.parse(readFileSync(new URL(`claim${size}.vkey.json`, folder), 'utf8')) as VerificationKey;
  const { protocol, curve, nPublic, IC, vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2 } = read;
  const verificationKey = { protocol, curve, nPublic, IC, vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2 };
  return {
    id: circuitIdOf('claim', size, verificationKey),
    name: 'claim',
    size,
    verificationKey,
    wasm: new URL(`claim${size}.wasm`, folder).pathname,
    zkey: new URL(`claim${size}.zkey`, folder).pathname,
  };
}
