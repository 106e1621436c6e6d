import type { Message } from '@credit-ledger/sdk/protocol';
import { filled } from './errors.ts';
import { withoutPersonalNumbers } from './privacy.ts';

/** Why a row did not become a record, or what to look at in one that did. */
export interface Issue {
  /** As a spreadsheet numbers it. */
  readonly row: number;
  /** The column as the file names it; null for the row as a whole. */
  readonly column: string | null;
  readonly code: IssueCode;
  /** What was read, cut short; personal numbers never. */
  readonly read: string;
  readonly message: Message;
  readonly suggestion: Message;
}

interface Entry {
  readonly en: string;
  readonly zh: string;
  readonly doEn: string;
  readonly doZh: string;
}

/** Every code with its texts. `{hint}` is a reading that was likely meant. */
export const ISSUES = {
  VALUE_MISSING: {
    en: 'This column must have a value.',
    zh: '必填项为空。',
    doEn: 'Fill it in from the decision.',
    doZh: '请按决定书补填。',
  },
  VALUE_TOO_LONG: {
    en: 'The text is longer than {limit} characters.',
    zh: '文字超过 {limit} 个字符。',
    doEn: 'Shorten it.',
    doZh: '请精简。',
  },
  FORMULA_CELL: {
    en: 'Cell {cell} holds a formula; its result cannot be trusted.',
    zh: '单元格 {cell} 是公式，其结果不可采信。',
    doEn: 'Replace the formula by its value (copy, paste special, values).',
    doZh: '请用“选择性粘贴—数值”把公式换成值。',
  },
  ERROR_CELL: {
    en: 'Cell {cell} holds an error of the spreadsheet.',
    zh: '单元格 {cell} 是错误值。',
    doEn: 'Correct the cell.',
    doZh: '请更正该单元格。',
  },
  ROW_SHAPE: {
    en: 'The row has more cells than the header.',
    zh: '该行的单元格多于表头的列数。',
    doEn: 'Look for a comma or quote in a text that splits it in two.',
    doZh: '请检查文字中的逗号或引号是否把一格拆成了两格。',
  },
  NATURAL_PERSON: {
    en: 'The row is about a natural person, who is not a subject of this ledger. Nothing of it was kept.',
    zh: '该行的相对人是自然人，不属于本账本的主体，其内容未作任何保存。',
    doEn: 'Leave it out. If it is an organisation, correct its category and code.',
    doZh: '无需导入；若实为单位，请更正类别和统一社会信用代码。',
  },
  NATURAL_PERSON_LIKELY: {
    en: 'The row has no credit code and looks like one about a natural person. Nothing of it was kept.',
    zh: '该行没有统一社会信用代码，疑似自然人，其内容未作任何保存。',
    doEn: 'If it is an organisation, give its credit code.',
    doZh: '若为单位，请填写统一社会信用代码。',
  },
  CODE_MISSING: {
    en: 'The unified social credit code is missing.',
    zh: '缺少统一社会信用代码。',
    doEn: 'Look the code up by name in the public register of companies.',
    doZh: '请按名称在国家企业信用信息公示系统查询后补填。',
  },
  CODE_SCIENTIFIC: {
    en: 'The spreadsheet has turned the code into a number and lost its last digits.',
    zh: '代码被表格软件转成了数字，末几位已丢失。',
    doEn: 'Format the column as text and enter the code again.',
    doZh: '请把该列设为“文本”格式后重新填写。',
  },
  USCC_LENGTH: {
    en: 'A unified social credit code has 18 characters.',
    zh: '统一社会信用代码应为 18 位。',
    doEn: 'Compare with the licence.{hint}',
    doZh: '请对照营业执照核对。{hint}',
  },
  USCC_CHARACTER: {
    en: 'A unified social credit code holds digits and capital letters without I, O, S, V, Z.',
    zh: '统一社会信用代码只含数字和大写字母（不含 I、O、S、V、Z）。',
    doEn: 'Compare with the licence.{hint}',
    doZh: '请对照营业执照核对。{hint}',
  },
  USCC_PREFIX: {
    en: 'The first two characters name no registering authority and category.',
    zh: '统一社会信用代码第 1–2 位不是有效的登记管理部门和机构类别。',
    doEn: 'Compare with the licence.',
    doZh: '请对照营业执照核对。',
  },
  USCC_ORGANISATION_CHECK: {
    en: 'The check character of the organisation code (position 17) is wrong.',
    zh: '组织机构代码校验位（第 17 位）不正确。',
    doEn: 'A character was mistyped: compare with the licence.{hint}',
    doZh: '有字符录入错误，请对照营业执照核对。{hint}',
  },
  USCC_CHECK: {
    en: 'The check character (position 18) is wrong.',
    zh: '校验位（第 18 位）不正确。',
    doEn: 'A character was mistyped: compare with the licence.{hint}',
    doZh: '有字符录入错误，请对照营业执照核对。{hint}',
  },
  CATEGORY_CONTRADICTS_CODE: {
    en: 'The category of the subject and its credit code contradict each other.',
    zh: '行政相对人类别与统一社会信用代码不一致。',
    doEn: 'Codes of individual businesses begin with 92: correct one of the two.',
    doZh: '个体工商户的代码以 92 开头，请更正其中一项。',
  },
  NAME_NOT_A_NAME: {
    en: 'This is no name of an authority or organisation.',
    zh: '内容不像机关或单位名称。',
    doEn: 'Write the full name.',
    doZh: '请填写全称。',
  },
  DOCUMENT_NUMBER_INVALID: {
    en: 'This is no document number.',
    zh: '内容不是有效的文书号。',
    doEn: 'Write the number as it stands on the decision.',
    doZh: '请按决定书上的文号填写。',
  },
  DATE_AMBIGUOUS: {
    en: 'The date can be read in more than one way.',
    zh: '日期有多种读法。',
    doEn: 'Write it as YYYY/MM/DD.{hint}',
    doZh: '请按 YYYY/MM/DD 填写。{hint}',
  },
  DATE_NO_YEAR: {
    en: 'The date has no year.',
    zh: '日期缺少年份。',
    doEn: 'Write it as YYYY/MM/DD.',
    doZh: '请按 YYYY/MM/DD 填写。',
  },
  DATE_VAGUE: {
    en: 'The date is not exact.',
    zh: '日期不确切。',
    doEn: 'Write the exact day as YYYY/MM/DD.',
    doZh: '请按 YYYY/MM/DD 填写确切日期。',
  },
  DATE_UNREADABLE: {
    en: 'This is no date.',
    zh: '内容不是日期。',
    doEn: 'Write it as YYYY/MM/DD.',
    doZh: '请按 YYYY/MM/DD 填写。',
  },
  DATE_IN_THE_FUTURE: {
    en: 'The day of the decision lies in the future.',
    zh: '决定日期晚于今天。',
    doEn: 'Compare with the decision.',
    doZh: '请对照决定书核对。',
  },
  DATE_BEFORE_1949: {
    en: 'The day of the decision lies before 1 October 1949.',
    zh: '决定日期早于 1949 年 10 月 1 日。',
    doEn: 'Compare with the decision.',
    doZh: '请对照决定书核对。',
  },
  DATE_BEFORE_1970: {
    en: 'The ledger counts days from 1970 on.',
    zh: '账本的日期自 1970 年起计。',
    doEn: 'The record cannot be taken in.',
    doZh: '该记录无法导入。',
  },
  DATE_PLACEHOLDER: {
    en: 'The date stands for “no date”.',
    zh: '日期是占位值。',
    doEn: 'Write the real date, or leave the cell empty where that is allowed.',
    doZh: '请填写真实日期；非必填项可留空。',
  },
  DATE_IMPOSSIBLE: {
    en: 'There is no such day.',
    zh: '不存在该日期。',
    doEn: 'Compare with the decision.',
    doZh: '请对照决定书核对。',
  },
  DATE_IS_A_DURATION: {
    en: 'This is a length of time, no date.',
    zh: '内容是期限，不是日期。',
    doEn: 'Write the last day as YYYY/MM/DD.',
    doZh: '请按 YYYY/MM/DD 填写截止日期。',
  },
  DATE_OTHER_CALENDAR: {
    en: 'The date is of another calendar or era.',
    zh: '日期不是公历纪年。',
    doEn: 'Write it in the common calendar as YYYY/MM/DD.',
    doZh: '请按公历 YYYY/MM/DD 填写。',
  },
  DATE_RANGE_REVERSED: {
    en: 'The range ends before it begins.',
    zh: '起止日期颠倒。',
    doEn: 'Compare with the decision.',
    doZh: '请对照决定书核对。',
  },
  DATE_NOT_A_DAY: {
    en: 'One exact day is needed, and this is a month, a year, a range or an open end.',
    zh: '此处需要确切日期，而内容是月份、年份、区间或长期。',
    doEn: 'Write the day as YYYY/MM/DD.',
    doZh: '请按 YYYY/MM/DD 填写。',
  },
  DATES_REVERSED: {
    en: 'The record would end before its decision.',
    zh: '截止日期早于决定日期。',
    doEn: 'Compare both dates with the decision.',
    doZh: '请对照决定书核对两个日期。',
  },
  AMOUNT_UNREADABLE: {
    en: 'This is no amount.',
    zh: '内容不是金额。',
    doEn: 'Write a number in {unit}.',
    doZh: '请填写以{unit}为单位的数字。',
  },
  AMOUNT_NEGATIVE: {
    en: 'The amount is negative.',
    zh: '金额为负数。',
    doEn: 'Compare with the decision.',
    doZh: '请对照决定书核对。',
  },
  AMOUNT_FINER_THAN_FEN: {
    en: 'The amount is finer than a fen (0.01 yuan).',
    zh: '金额精度小于 1 分。',
    doEn: 'Write it with at most six decimals of 万元.{hint}',
    doZh: '以万元计最多保留 6 位小数。{hint}',
  },
  AMOUNT_SEPARATORS: {
    en: 'The commas do not part thousands.',
    zh: '金额中的逗号不是千分位。',
    doEn: 'Write the number without commas.',
    doZh: '请去掉逗号。',
  },
  AMOUNT_UNIT_UNCLEAR: {
    en: 'The currency sign and the unit of the column ({unit}) contradict each other.',
    zh: '货币符号与该列单位（{unit}）矛盾。',
    doEn: 'Write the number with its unit.{hint}',
    doZh: '请写明单位。{hint}',
  },
  AMOUNT_FOREIGN_CURRENCY: {
    en: 'The amount is in another currency.',
    zh: '金额不是人民币。',
    doEn: 'Write it in yuan.',
    doZh: '请折算为人民币填写。',
  },
  AMOUNT_TOO_LARGE: {
    en: 'The amount is too large to be true.',
    zh: '金额过大。',
    doEn: 'Check the unit.',
    doZh: '请核对单位。',
  },
  AMOUNT_MISSING: {
    en: 'The kind of penalty needs an amount here.',
    zh: '该处罚类别需要填写金额。',
    doEn: 'Fill it in from the decision.',
    doZh: '请按决定书补填。',
  },
  KIND_UNKNOWN: {
    en: 'The catalogue has no kind for this.',
    zh: '目录中没有对应的类别。',
    doEn: 'Write one of the kinds of the template.',
    doZh: '请按模板的可选值填写。',
  },
  KIND_SELF_DECLARED: {
    en: 'What a subject says of itself cannot come in an agency’s file: it is signed by the subject’s key.',
    zh: '自愿注册信息不能通过机关文件录入，须由主体密钥签署。',
    doEn: 'Let the subject sign a statement and relay it (ledger statement add).',
    doZh: '请由主体签署后提交（ledger statement add）。',
  },
  SEVERITY_UNKNOWN: {
    en: 'The severity is none of the source’s levels.',
    zh: '失信程度不是来源部门的有效等级。',
    doEn: 'Write one of: general, serious, severe.',
    doZh: '请填写：一般、较重、严重。',
  },
  CONFLICTS_WITH_RECORD: {
    en: 'There is a record with this document number and other content ({where}); it differs in {fields}.',
    zh: '已有相同文书号但内容不同的记录（{where}），不同项：{fields}。',
    doEn: 'If this row is right, correct the record (ledger correct); if not, correct the row.',
    doZh: '若本行正确，请对原记录执行更正；否则请修改本行。',
  },
  RECORD_REVOKED: {
    en: 'The record of this document ({where}) was revoked; importing it again does not bring it back.',
    zh: '该文书的记录（{where}）已撤销，再次导入不会恢复。',
    doEn: 'Leave this row out. A decision that was made anew has a document number of its own.',
    doZh: '请删除本行。重新作出的决定应使用新的文书号。',
  },
  OPERATION_UNKNOWN: {
    en: 'This is no operation on a record.',
    zh: '不是有效的操作。',
    doEn: 'Write one of: revoke, repair, correct, dispute, settle.',
    doZh: '请填写：撤销、修复、更正、异议、异议终结。',
  },
  OPERATION_CONDITION_UNKNOWN: {
    en: 'This is no condition of a repair.',
    zh: '不是信用修复的条件。',
    doEn: 'Write, separated by commas: obligations-done, public-promise, training, credit-report.',
    doZh: '请填写（用顿号分隔）：履行义务、信用承诺、修复培训、信用报告。',
  },
  COLUMN_UNKNOWN: {
    en: 'The template has no such column.',
    zh: '模板中没有该列。',
    doEn: 'Name the column as the template does.',
    doZh: '请按模板的列名填写。',
  },
  // What is only to be looked at: the row is a record.
  REGION_HISTORICAL: {
    en: 'The region of the code ({region}) is no longer in use.',
    zh: '代码中的行政区划（{region}）已撤销或更名。',
    doEn: 'Nothing, unless the code is new.',
    doZh: '老代码无需处理。',
  },
  REGION_UNKNOWN: {
    en: 'The region of the code is not in the list of the three provinces.',
    zh: '代码中的行政区划不在京津冀区划表中。',
    doEn: 'Compare with the licence.',
    doZh: '请对照营业执照核对。',
  },
  VALUE_ADVISED: {
    en: 'The template wants a value here.',
    zh: '模板要求填写此项。',
    doEn: 'Fill it in next time.',
    doZh: '建议补填。',
  },
  AGENCY_CODE_INVALID: {
    en: 'The authority’s credit code is not valid; it was left out.',
    zh: '机关统一社会信用代码无效，已略去。',
    doEn: 'Correct it in the source system.',
    doZh: '请在业务系统中更正。',
  },
  SOURCE_NAME_REPLACED: {
    en: 'The name of the source is no name; the authority that decided was taken.',
    zh: '数据来源单位不像单位名称，已用作出决定的机关代替。',
    doEn: 'Correct it in the source system.',
    doZh: '请在业务系统中更正。',
  },
  DATE_WRITTEN_ODDLY: {
    en: 'The date was read as {hint}; its spelling is unusual.',
    zh: '日期写法不规范，已读作 {hint}。',
    doEn: 'Compare with the decision.',
    doZh: '请核对。',
  },
  DATE_LEFT_OUT: {
    en: 'This is no exact date; the text was kept as it stands.',
    zh: '内容不是确切日期，已按原文保存。',
    doEn: 'Write it as YYYY/MM/DD next time.',
    doZh: '建议按 YYYY/MM/DD 填写。',
  },
  KIND_TAKEN_AS_OTHER: {
    en: 'The kind of penalty is not in the mapping; it was recorded as “other”.',
    zh: '处罚类别不在对照表中，已按“其他”记录。',
    doEn: 'Compare with the template’s kinds.',
    doZh: '请对照模板的可选值。',
  },
  COMPANION_MISSING: {
    en: 'The kind of penalty usually comes with a value here.',
    zh: '该处罚类别通常应填写此项。',
    doEn: 'Fill it in next time, if there is one.',
    doZh: '如有请补填。',
  },
  AMOUNT_FROM_TEXT: {
    en: 'The fine was read from the text: {hint} yuan.',
    zh: '罚款金额取自处罚内容：{hint} 元。',
    doEn: 'Compare with the decision; a column 罚款金额（万元） would win.',
    doZh: '请核对；也可增加“罚款金额（万元）”一列。',
  },
  PERSONAL_NUMBER_REMOVED: {
    en: 'A personal number in the text was left out.',
    zh: '文字中的身份证号或手机号已略去。',
    doEn: 'Leave such numbers out of free text.',
    doZh: '请勿在说明文字中填写个人号码。',
  },
} as const satisfies Record<string, Entry>;

export type IssueCode = keyof typeof ISSUES;

const READ_CHARS = 80;

/** An issue with its texts filled in; `read` is cut and freed of personal numbers. */
export function issueOf(
  at: { readonly row: number; readonly column?: string | null },
  code: IssueCode,
  read: string,
  operands: { readonly hint?: string | null } & Readonly<
    Record<string, string | number | null | undefined>
  > = {},
): Issue {
  const { en, zh, doEn, doZh } = ISSUES[code];
  const hint = operands.hint ?? null;
  const says = (text: string, hinted: string): string =>
    filled(text, {
      ...operands,
      hint: text.startsWith('{') || !/\{hint\}$/u.test(text) ? (hint ?? '') : hint === null ? '' : hinted,
    });
  const safe = withoutPersonalNumbers(read.replace(/\s+/gu, ' ').trim());
  return {
    row: at.row,
    column: at.column ?? null,
    code,
    read: safe.length > READ_CHARS ? `${safe.slice(0, READ_CHARS)}…` : safe,
    message: { en: says(en, ''), zh: says(zh, '') },
    suggestion: {
      en: says(doEn, ` Perhaps ${hint ?? ''} was meant.`),
      zh: says(doZh, `可能是 ${hint ?? ''}。`),
    },
  };
}
