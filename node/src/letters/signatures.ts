import { signerOf } from '@credit-ledger/sdk/answer';
import { type Hex, ledgerDomain } from '@credit-ledger/sdk/protocol';
import { hashTypedData } from 'viem';

/** EIP-712 data as any wallet signs it; plain JSON, whole numbers beyond JSON's range as decimal texts. */
export interface TypedDocument {
  readonly domain: {
    readonly name: string;
    readonly version: string;
    readonly chainId: number;
    readonly verifyingContract: Hex;
  };
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, string | number>>;
}

/** What is to be signed for a contract of the processes. */
export function typedDocument(
  ledger: { readonly chainId: number; readonly contract: Hex },
  types: TypedDocument['types'],
  message: Readonly<Record<string, string | number | bigint>>,
): TypedDocument {
  const [primaryType] = Object.keys(types);
  if (primaryType === undefined) throw new RangeError('no type to sign');
  return {
    domain: ledgerDomain(BigInt(ledger.chainId), ledger.contract),
    types,
    primaryType,
    message: Object.fromEntries(
      Object.entries(message).map(([name, value]) => [
        name,
        typeof value === 'bigint' ? value.toString() : value,
      ]),
    ),
  };
}

/** The EIP-712 digest of typed data. */
export function digestOf(typed: TypedDocument): Hex {
  return hashTypedData(typed as unknown as Parameters<typeof hashTypedData>[0]);
}

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** Whether a signature (65 bytes, low s, v 27 or 28: the one spelling that the contracts take) is by this address. */
export function isSignedBy(signed: Hex | TypedDocument, signature: Hex, address: Hex): boolean {
  if (!/^0x[0-9a-f]{128}(1b|1c)$/.test(signature)) return false;
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  if (s === 0n || s > HALF_ORDER) return false;
  const digest = typeof signed === 'string' ? signed : digestOf(signed);
  return signerOf(digest, signature) === address.toLowerCase();
}
