import { LedgerError } from '@credit-ledger/sdk/protocol';
import { mnemonicToAccount } from 'viem/accounts';
import type { Keyring } from './keyring.ts';

/** The mnemonic of development chains: everybody has its keys. */
const PUBLIC_MNEMONIC = 'test test test test test test test test test test test junk';
const ACCOUNTS = 20;

/**
 * For production: a node whose keys everybody has would sign for everybody.
 * Errors: `KEYRING_DEVELOPMENT_KEY`.
 */
export function refuseDevelopmentKeys(keyring: Pick<Keyring, 'addresses'>): void {
  const everybodys = new Set(
    Array.from({ length: ACCOUNTS }, (_, addressIndex) =>
      mnemonicToAccount(PUBLIC_MNEMONIC, { addressIndex }).address.toLowerCase(),
    ),
  );
  for (const role of ['operator', 'witness'] as const) {
    const address = keyring.addresses(role).find((each) => everybodys.has(each.toLowerCase()));
    if (address === undefined) continue;
    throw new LedgerError(
      'KEYRING_DEVELOPMENT_KEY',
      {
        en: `production, keysPath: the ${role} key ${address} is a development key that everybody has.`,
        zh: `production、keysPath：${role} 密钥 ${address} 是公开的开发密钥。`,
      },
      { role, address, settings: ['production', 'keysPath'] },
    );
  }
}
