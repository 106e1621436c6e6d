export { refuseDevelopmentKeys } from './development-keys.ts';
export type { KeyRole, Keyring } from './keyring.ts';
export { FileKeyring, type FileKeyringOptions } from './file-keyring.ts';
export { decryptSecret, encryptSecret } from './keystore.ts';
export { type AskPassphrase, readPassphrase } from './passphrase.ts';
export { SubjectKey } from './subject-key.ts';
