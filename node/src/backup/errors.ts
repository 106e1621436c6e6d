import { LedgerError, type Message, type Operand } from '@credit-ledger/sdk/protocol';

const MESSAGES = {
  BACKUP_INVALID: {
    en: 'The file is not a backup of this ledger, or it was cut off or altered. Take another one.',
    zh: '该文件不是本账本的备份，或已被截断、改动。请使用其他备份。',
  },
  BACKUP_WRONG_KEY: {
    en: 'The backup is of another node: its data were encrypted with other keys.',
    zh: '该备份属于其他节点：其数据由不同密钥加密。',
  },
  BACKUP_EXISTS: {
    en: 'There is a file of this name already; nothing was written over.',
    zh: '已有同名文件，未覆盖。',
  },
  RESTORE_KEYS_DIFFER: {
    en: 'The keys in the data directory are not those of the backup. Restore into another directory, or move these keys away.',
    zh: '数据目录中的密钥与备份不一致。请恢复到其他目录，或先移走这些密钥。',
  },
  RESTORE_DATABASE_NOT_EMPTY: {
    en: 'There is a database with something in it; a backup is put into an empty one only. Move it away (pgdata, or another database on the server) and keep it until the restored node runs well.',
    zh: '数据库非空，备份只能恢复到空数据库。请先移走现有数据库，并保留至恢复后的节点运行正常。',
  },
  RESTORE_SCHEMA_UNKNOWN: {
    en: 'The backup was made by a later version of the program. Restore it with that version.',
    zh: '该备份由更高版本的程序生成，请用相应版本恢复。',
  },
} as const satisfies Readonly<Record<string, Message>>;

export function backupError(
  code: keyof typeof MESSAGES,
  operands: Readonly<Record<string, Operand>> = {},
  cause?: unknown,
): LedgerError {
  return new LedgerError(code, MESSAGES[code], operands, cause === undefined ? undefined : { cause });
}
