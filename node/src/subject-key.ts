import { readPassphrase, SubjectKey } from './keys/index.ts';

export type { SubjectKey };

/** A new key under the passphrase of the environment. Errors as {@link SubjectKey.create}, `KEYRING_PASSPHRASE_MISSING`. */
export async function createSubjectKey(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SubjectKey> {
  return SubjectKey.create(file, await readPassphrase(environment));
}

/** A key by the passphrase of the environment. Errors as {@link SubjectKey.open}, `KEYRING_PASSPHRASE_MISSING`. */
export async function openSubjectKey(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SubjectKey> {
  return SubjectKey.open(file, await readPassphrase(environment));
}
