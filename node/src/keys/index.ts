export type { KeyRole, Keyring } from './keyring.ts';
export { FileKeyring, type FileKeyringOptions } from './file-keyring.ts';
export { readPassphrase } from './passphrase.ts';
export { SubjectKey } from './subject-key.ts';
