import { keccakHex, keccakWords } from './entry.ts';
import { type Hex, integerToBytes } from './field.ts';
import type { ledgerDomain } from './typed.ts';

/** The domain of {@link ledgerDomain}. */
export type TypedDomain = ReturnType<typeof ledgerDomain>;

const DOMAIN_FIELDS = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
] as const;

const encoder = new TextEncoder();
const hashOfText = (text: string): bigint => BigInt(keccakHex(encoder.encode(text)));

/**
 * EIP-712 digest of a struct whose fields are all single words (bytes32, uintN, address): everything that is signed on
 * the ledger is. Numbers are taken as they are: of one that its type does not hold, no contract makes this digest.
 * @throws LedgerError WORD_OUT_OF_RANGE for a value of more than 32 bytes
 */
export function structDigest<
  const Fields extends readonly { readonly name: string; readonly type: string }[],
>(
  domain: TypedDomain,
  struct: string,
  fields: Fields,
  message: Readonly<Record<Fields[number]['name'], bigint | number | string>>,
): Hex {
  const words = fields.map(({ name }) => BigInt(message[name as Fields[number]['name']]));
  const bytes = new Uint8Array(66);
  bytes.set([0x19, 0x01]);
  bytes.set(integerToBytes(separatorOf(domain), 32), 2);
  bytes.set(integerToBytes(BigInt(keccakWords([typeHash(struct, fields), ...words])), 32), 34);
  return keccakHex(bytes);
}

function typeHash(
  struct: string,
  fields: readonly { readonly name: string; readonly type: string }[],
): bigint {
  return hashOfText(`${struct}(${fields.map(({ name, type }) => `${type} ${name}`).join(',')})`);
}

function separatorOf(domain: TypedDomain): bigint {
  return BigInt(
    keccakWords([
      typeHash('EIP712Domain', DOMAIN_FIELDS),
      hashOfText(domain.name),
      hashOfText(domain.version),
      BigInt(domain.chainId),
      BigInt(domain.verifyingContract),
    ]),
  );
}
