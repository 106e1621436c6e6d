import { readFile } from 'node:fs/promises';
import { LedgerError } from '@credit-ledger/sdk/protocol';

/** Asks the person at the terminal, without showing what is typed. */
export type AskPassphrase = () => Promise<string>;

/**
 * The keyring's passphrase: from the file named in LEDGER_KEYS_PASSPHRASE_FILE
 * (one trailing line break is dropped), from LEDGER_KEYS_PASSPHRASE, or by
 * asking, where there is somebody to ask and neither is set.
 * Errors: `KEYRING_PASSPHRASE_MISSING`, also when the file cannot be read.
 */
export async function readPassphrase(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  ask?: AskPassphrase,
): Promise<string> {
  const path = environment['LEDGER_KEYS_PASSPHRASE_FILE'];
  const fromFile =
    path === undefined || path === ''
      ? undefined
      : await readFile(path, 'utf8').then(
          (text) => text.replace(/\r?\n$/, ''),
          () => undefined,
        );
  const named = path === undefined || path === '' ? environment['LEDGER_KEYS_PASSPHRASE'] : fromFile;
  const nothingNamed = (path === undefined || path === '') && (named === undefined || named === '');
  const passphrase = nothingNamed && ask !== undefined ? await ask() : named;
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
