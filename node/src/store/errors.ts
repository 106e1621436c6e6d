import { LedgerError } from '@credit-ledger/sdk/protocol';

/**
 * What a failed statement may say of itself. The server's own message and
 * detail can quote the values of a row, and rows hold what must not reach a
 * log, so only names and the SQLSTATE are carried over, and no `cause`.
 */
export function asStoreError(error: unknown): Error {
  if (error instanceof LedgerError) return error;
  const { code, constraint, table, column, severity } = (error ?? {}) as Record<string, unknown>;
  if (error instanceof TypeError || error instanceof RangeError) return error;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const sqlState = text(code);
  const fromServer = sqlState !== null && /^[0-9A-Z]{5}$/.test(sqlState) && severity !== undefined;
  // 57P01..57P03: the server is going down or not up yet; 08…: the connection broke.
  if (sqlState === 'ENOSPC') return diskFull(sqlState);
  if (!fromServer || sqlState.startsWith('08') || sqlState.startsWith('57P')) {
    return new LedgerError(
      'STORE_UNAVAILABLE',
      { en: 'The database cannot be reached or broke off.', zh: '数据库无法连接或连接中断。' },
      { reason: sqlState ?? (error instanceof Error ? error.message : String(error)) },
    );
  }
  if (sqlState === '53100' || sqlState === '58030') return diskFull(sqlState);
  const isDataError = sqlState.startsWith('22') || sqlState.startsWith('23');
  const reason = isDataError || !(error instanceof Error) ? null : error.message;
  const what = [sqlState, text(constraint), reason].filter((part) => part !== null).join(', ');
  return new LedgerError(
    'STORE_STATEMENT_REFUSED',
    { en: `The database refused a statement (${what}).`, zh: `数据库拒绝执行语句（${what}）。` },
    { sqlState, constraint: text(constraint), table: text(table), column: text(column) },
  );
}

/** Nothing of the transaction was kept; what was acknowledged before is safe. */
function diskFull(reason: string): LedgerError {
  return new LedgerError(
    'STORE_DISK_FULL',
    {
      en: 'The disk of the database is full or fails; nothing of this was kept. Make room, then try again: what was acknowledged before is safe.',
      zh: '数据库所在磁盘已满或故障，本次操作未保存。请清理空间后重试；此前已确认的数据不受影响。',
    },
    { reason },
  );
}

/** Nothing was done: so much waits that another would wait in vain. */
export function storeBusy(waiting: number): LedgerError {
  return new LedgerError(
    'STORE_BUSY',
    {
      en: 'Too much waits for the database already; nothing was done. Try again in a moment.',
      zh: '等待数据库的操作过多，本次未作任何处理，请稍后再试。',
    },
    { waiting },
  );
}

/** True when a statement failed because a row with this key exists already. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof LedgerError &&
    error.operands['sqlState'] === '23505' &&
    (constraint === undefined || error.operands['constraint'] === constraint)
  );
}

/** True when a statement failed because the row that this foreign key names is not there. */
export function isForeignKeyViolation(error: unknown, constraint: string): boolean {
  return (
    error instanceof LedgerError &&
    error.operands['sqlState'] === '23503' &&
    error.operands['constraint'] === constraint
  );
}
