import { LedgerError, type Message, type Operand } from '@credit-ledger/sdk/protocol';

const MESSAGES = {
  REGISTER_NOT_OPEN: {
    en: 'This agency has no open register yet; open one first.',
    zh: '本机构尚未开立登记册，请先开立。',
  },
  REGISTER_ALREADY_OPEN: {
    en: 'This agency has opened its register already.',
    zh: '本机构已开立登记册。',
  },
  REGISTER_DIVERGED: {
    en: 'The chain shows a batch in our register that this node did not make. Nothing more is sent until an operator has found out why.',
    zh: '链上登记册中出现了本节点未生成的批次。查明原因前不再发送任何内容。',
  },
  REGISTER_ROOT_WRONG: {
    en: 'A batch of our register stands on the chain under a root that its entries do not have. Nothing more is sent until the council has annulled it.',
    zh: '本登记册的一个批次以与其条目不符的根上链。理事会撤销之前不再发送任何内容。',
  },
  REGISTER_CONTESTED: {
    en: 'A batch of our register is contested. New batches wait for the ruling.',
    zh: '本登记册有批次被异议，新批次等待裁定。',
  },
  SEND_REFUSED: {
    en: 'The chain refused the transaction; it will be tried again.',
    zh: '链拒绝了该交易，将重试。',
  },
  JOURNAL_UNWRITABLE: {
    en: 'The openings journal cannot be written. No batch is sent until it can.',
    zh: '开启信息日志无法写入。恢复之前不发送任何批次。',
  },
  JOURNAL_UNREADABLE: {
    en: 'The openings journal cannot be read.',
    zh: '开启信息日志无法读取。',
  },
  JOURNAL_WRONG_KEY: {
    en: 'The openings journal was written under another key.',
    zh: '开启信息日志是用另一把密钥写入的。',
  },
  JOURNAL_TAMPERED: {
    en: 'A line of the openings journal was altered, moved or removed.',
    zh: '开启信息日志中有行被改动、移动或删除。',
  },
  JOURNAL_FORMAT_UNKNOWN: {
    en: 'The file is not an openings journal of a version that this program knows.',
    zh: '该文件不是本程序所认识版本的开启信息日志。',
  },
  RESTORE_JOURNAL_DIFFERS: {
    en: 'The database and the journal of openings do not belong together: under one number they hold different things. Nothing was changed. Use the database, or the backup, that belongs to this journal.',
    zh: '数据库与原文日志不匹配：同一编号下内容不同，未作任何更改。请使用与该日志对应的数据库或备份。',
  },
  JOURNAL_AHEAD: {
    en: 'The database is older than the journal of openings, as after restoring an older backup: batches that it lacks are on the chain already. Run "ledger restore" once, with the node stopped; it brings the database up to the journal.',
    zh: '数据库早于原文日志（例如恢复了旧备份），缺少已上链的批次。请停止节点后运行一次 "ledger restore"，使数据库与日志一致。',
  },
  OPENINGS_LOST: {
    en: 'The openings kept here do not give the head that the register has for this subject. Nothing can be proved about it.',
    zh: '本地保存的开启信息与登记册中该主体的链头不符，无法证明。',
  },
  BATCH_NOT_STANDING: {
    en: 'There is no such batch in this register, or its root was annulled.',
    zh: '该登记册中没有此批次，或其根已被撤销。',
  },
  OPERATION_SELF_DECLARED: {
    en: 'What a subject says of itself is the subject’s to word: it can be revoked or disputed, not corrected or repaired.',
    zh: '主体自愿注册的信息由主体自行表述，只能撤销或提出异议，不能更正或修复。',
  },
  RECORD_UNKNOWN: { en: 'There is no such record.', zh: '没有此记录。' },
  OPERATION_RECORD_MISSING: {
    en: 'Name the record by its number or by its document number.',
    zh: '请用记录编号或文书号指明记录。',
  },
  OPERATION_RECORD_UNKNOWN: {
    en: 'No record with this number or document number is in the register.',
    zh: '登记册中没有该编号或文书号的记录。',
  },
  OPERATION_RECORD_AMBIGUOUS: {
    en: 'Several records have this document number; say which subject and class, or give the record number.',
    zh: '多条记录具有该文书号，请指明主体和类别，或给出记录编号。',
  },
  OPERATION_UNKNOWN: {
    en: 'The operation must be revoke, repair, correct, dispute or settle.',
    zh: '操作应为 revoke、repair、correct、dispute 或 settle。',
  },
  OPERATION_RECORD_REVOKED: {
    en: 'The record is revoked; nothing more can be done to it.',
    zh: '该记录已撤销，不能再对其操作。',
  },
  OPERATION_ALREADY_REVOKED: { en: 'The record is revoked already.', zh: '该记录已被撤销。' },
  OPERATION_ALREADY_REPAIRED: { en: 'The record is repaired already.', zh: '该记录已修复。' },
  OPERATION_NOT_REPAIRABLE: {
    en: 'Only adverse records can be repaired.',
    zh: '只有失信类记录可以修复。',
  },
  OPERATION_ALREADY_DISPUTED: {
    en: 'The record is disputed already; settle that first.',
    zh: '该记录已处于异议中，请先办结。',
  },
  OPERATION_NOT_DISPUTED: { en: 'The record is not disputed.', zh: '该记录没有未办结的异议。' },
  OPERATION_DAY_INVALID: {
    en: 'The day must be a real date, written YYYY-MM-DD.',
    zh: '日期应为有效日期，格式 YYYY-MM-DD。',
  },
  OPERATION_DAY_TOO_EARLY: {
    en: 'The operation cannot be dated before the decision that it acts on.',
    zh: '操作日期不能早于所针对决定的日期。',
  },
  OPERATION_DAY_IN_FUTURE: { en: 'The day has not come yet.', zh: '日期尚未到来。' },
  OPERATION_REASON_MISSING: {
    en: 'A reason of 1 to 500 characters is needed.',
    zh: '需要 1 至 500 个字的理由。',
  },
  OPERATION_CORRECTION_EMPTY: {
    en: 'The correction changes nothing.',
    zh: '更正没有改变任何内容。',
  },
  OPERATION_CORRECTION_CONFLICTS: {
    en: 'The corrected record is on file already.',
    zh: '更正后的记录已存在。',
  },
  OPERATION_CHAIN_FULL: {
    en: 'The subject has more entries than a reference can reach.',
    zh: '该主体的条目数超出引用范围。',
  },
  OPERATIONS_FILE_INVALID: {
    en: 'The operations file cannot be read.',
    zh: '操作文件无法读取。',
  },
} satisfies Record<string, Message>;

export type RegisterErrorCode = keyof typeof MESSAGES;

/** An error of this room: the code is stable, the operands say what was read or expected. */
export function registerError(
  code: RegisterErrorCode,
  operands: Readonly<Record<string, Operand>> = {},
  cause?: unknown,
): LedgerError {
  return new LedgerError(code, MESSAGES[code], operands, cause === undefined ? undefined : { cause });
}
