import { LedgerError, type Message, type Operand } from '@credit-ledger/sdk/protocol';

/** Why a whole file is refused. Nothing of it has been written then. */
const FILE_ERRORS = {
  FILE_EMPTY: { en: 'The file is empty.', zh: '文件为空。' },
  FILE_TOO_LARGE: { en: 'The file is larger than {limitMiB} MiB.', zh: '文件超过 {limitMiB} MiB。' },
  FILE_TYPE_UNSUPPORTED: {
    en: 'This is {found}. Save it as XLSX or CSV and import that.',
    zh: '该文件是{foundZh}，请另存为 XLSX 或 CSV 后再导入。',
  },
  FILE_ENCRYPTED: {
    en: 'The workbook is protected by a password. Save it without one.',
    zh: '工作簿已加密，请取消密码后另存再导入。',
  },
  FILE_ENCODING_UNKNOWN: {
    en: 'The text is neither UTF-8, UTF-16 nor GB18030.',
    zh: '文本编码不是 UTF-8、UTF-16 或 GB18030。',
  },
  FILE_ENCODING_BROKEN: {
    en: 'The text begins as UTF-8 and holds bytes that are not, near byte {offset}.',
    zh: '文本以 UTF-8 开头，但在第 {offset} 字节附近含有非法字节。',
  },
  CSV_QUOTES_BROKEN: {
    en: 'The quotes of the CSV file do not match, near line {line} (row {row}).',
    zh: 'CSV 文件的引号不配对，位置在第 {line} 行附近（第 {row} 条）。',
  },
  CELL_TOO_LARGE: {
    en: 'A cell or row holds more than {limitKiB} KiB of text, near row {row}.',
    zh: '第 {row} 行附近有单元格或整行内容超过 {limitKiB} KiB。',
  },
  TOO_MANY_COLUMNS: {
    en: 'Row {row} has more than {limit} columns.',
    zh: '第 {row} 行超过 {limit} 列。',
  },
  TOO_MANY_ROWS: { en: 'The file has more than {limit} rows.', zh: '文件超过 {limit} 行。' },
  XLSX_BROKEN: { en: 'The workbook is damaged: {reason}.', zh: '工作簿已损坏：{reason}。' },
  XLSX_TOO_LARGE: {
    en: 'The workbook unpacks to more than is allowed ({part}).',
    zh: '工作簿解压后超过允许的大小（{part}）。',
  },
  SHEETS_AMBIGUOUS: {
    en: 'More than one sheet holds a table: {sheets}. Keep one of them in the file.',
    zh: '多个工作表都含有数据表：{sheets}，请只保留一个。',
  },
  HEADER_NOT_FOUND: {
    en: 'No row among the first {rows} has the column names of a known template.',
    zh: '前 {rows} 行中没有找到已知模板的表头。',
  },
  COLUMNS_MISSING: {
    en: 'Columns are missing (profile {profile}): {missing}.',
    zh: '缺少列（模板 {profile}）：{missing}。',
  },
  COLUMNS_REPEATED: {
    en: 'Columns stand more than once: {repeated}.',
    zh: '列重复出现：{repeated}。',
  },
  HEADER_FORMULA: {
    en: 'The header cell {cell} holds a formula.',
    zh: '表头单元格 {cell} 含有公式。',
  },
  NO_ROWS: { en: 'The file has a header and no rows.', zh: '文件只有表头，没有数据行。' },
  PROFILE_UNKNOWN: {
    en: 'There is no profile “{profile}”. Known: {known}.',
    zh: '没有模板“{profile}”。可用：{known}。',
  },
  PROFILE_INVALID: { en: 'The profile is not valid: {reason}.', zh: '模板文件无效：{reason}。' },
  PROFILE_AMBIGUOUS: {
    en: 'The columns fit more than one profile: {profiles}. Say which with --profile.',
    zh: '表头同时符合多个模板：{profiles}，请用 --profile 指定。',
  },
  OPERATION_UNKNOWN_COLUMNS: {
    en: 'A file of operations has the columns: document number, op, day, reason.',
    zh: '操作文件应有列：决定书文号、操作、日期、原因。',
  },
} as const satisfies Record<string, Message>;

export type FileErrorCode = keyof typeof FILE_ERRORS;

/** The codes of all errors that refuse a whole file. */
export const FILE_ERROR_CODES = Object.keys(FILE_ERRORS) as readonly FileErrorCode[];

/** An error about a whole file, its operands filled into both messages. */
export function fileError(
  code: FileErrorCode,
  operands: Readonly<Record<string, Operand>> = {},
  options?: { readonly cause?: unknown },
): LedgerError {
  const message = FILE_ERRORS[code];
  return new LedgerError(
    code,
    { en: filled(message.en, operands), zh: filled(message.zh, operands) },
    operands,
    options,
  );
}

/** `{name}` in a message replaced by the operand of that name. */
export function filled(text: string, operands: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{(\w+)\}/gu, (whole, name: string) => {
    const value = operands[name];
    if (value === undefined || value === null) return whole;
    return Array.isArray(value) ? value.join('、') : String(value);
  });
}
