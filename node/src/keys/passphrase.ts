import { readFile } from 'node:fs/promises';
import { LedgerError } from '@credit-ledger/sdk/protocol';

/**
 * The keyring's passphrase: from the file named in LEDGER_KEYS_PASSPHRASE_FILE
 * (one trailing line break is dropped) or from LEDGER_KEYS_PASSPHRASE.
 * Errors: `KEYRING_PASSPHRASE_MISSING`, also when the file cannot be read.
 */
export async function readPassphrase(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const path = environment['LEDGER_KEYS_PASSPHRASE_FILE'];
  const fromFile =
    path === undefined || path === ''
      ? undefined
      : await readFile(path, 'utf8').then(
          (text) => text.replace(/\r?\n$/, ''),
          () => undefined,
        );
  const passphrase = path === undefined || path === '' ? environment['LEDGER_KEYS_PASSPHRASE'] : fromFile;
  if (passphrase === undefined || passphrase === '') {
    throw new LedgerError(
      'KEYRING_PASSPHRASE_MISSING',
      {
        en: 'No passphrase for the key file: set LEDGER_KEYS_PASSPHRASE_FILE (or LEDGER_KEYS_PASSPHRASE).',
        zh: '缺少密钥文件口令：请设置 LEDGER_KEYS_PASSPHRASE_FILE（或 LEDGER_KEYS_PASSPHRASE）。',
      },
      { file: path ?? null },
    );
  }
  return passphrase;
}
