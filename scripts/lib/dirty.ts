import type { Organisation } from './companies.ts';
import type { SampleRow } from './templates.ts';

/** What should become of a dirty row. */
export interface ExpectedOutcome {
  readonly becomes: 'record' | 'issue' | 'duplicate';
  /** Codes of its issues or, for a record, of its warnings. */
  readonly codes: readonly string[];
  readonly why: string;
}

/** One row of every kind of dirt that is seen in real files, each with what should become of it. */
export function dirtyRows(
  today: string,
  authority: Organisation,
  nextCode: () => string,
): { readonly row: SampleRow; readonly expected: ExpectedOutcome }[] {
  const rows: { row: SampleRow; expected: ExpectedOutcome }[] = [];
  const clean = (): SampleRow => ({
    行政相对人名称: `北京示例杂务有限公司（虚构${rows.length + 1}号）`,
    行政相对人类别: '法人及非法人组织',
    '行政相对人代码_1(统一社会信用代码)': nextCode(),
    法定代表人: '测试',
    法定代表人证件类型: '身份证',
    法定代表人证件号码: '110101190001010000',
    行政处罚决定书文号: `京示杂罚〔2025〕${rows.length + 1}号`,
    违法行为类型: '虚假宣传',
    违法事实: '示例事实',
    处罚依据: '示例依据',
    处罚类别: '罚款',
    处罚内容: '罚款1万元',
    '罚款金额（万元）': '1',
    处罚决定日期: '2025/06/01',
    处罚有效期: '2028/06/01',
    公示截止期: '2026/06/01',
    处罚机关: authority.name,
    处罚机关统一社会信用代码: authority.uscc,
    数据来源单位: authority.name,
    数据来源单位统一社会信用代码: authority.uscc,
  });
  const add = (
    becomes: ExpectedOutcome['becomes'],
    codes: readonly string[],
    why: string,
    change: SampleRow,
  ): void => {
    rows.push({ row: { ...clean(), ...change }, expected: { becomes, codes, why } });
  };
  const code = '行政相对人代码_1(统一社会信用代码)';
  const fine = '罚款金额（万元）';
  const wide = (text: string): string =>
    text.replace(/[!-~]/gu, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));

  add('record', [], 'nothing wrong', {});
  const repeated = rows[0]?.row ?? {};
  rows.push({ row: repeated, expected: { becomes: 'duplicate', codes: [], why: 'exact repetition' } });
  rows.push({
    row: { ...repeated, 处罚决定日期: '2025年6月1日', 行政处罚决定书文号: '京示杂罚[2025]1号' },
    expected: { becomes: 'duplicate', codes: [], why: 'the same content in another spelling' },
  });
  rows.push({
    row: { ...repeated, [fine]: '2', 处罚内容: '罚款2万元' },
    expected: { becomes: 'issue', codes: ['CONFLICTS_WITH_RECORD'], why: 'the same number, another fine' },
  });
  rows.push({
    row: { ...repeated, [code]: nextCode() },
    expected: { becomes: 'issue', codes: ['CONFLICTS_WITH_RECORD'], why: 'the same number, another subject' },
  });

  add('record', [], 'lower-case code', { [code]: nextCode().toLowerCase() });
  add('record', [], 'full-width code with blanks', { [code]: ` ${wide(nextCode())}\u3000` });
  add('record', ['REGION_HISTORICAL'], 'a code from before Miyun became a district', {
    [code]: '91110228MA00A0001Y',
  });
  add('issue', ['CODE_MISSING'], 'no code', { [code]: '/' });
  add('issue', ['USCC_LENGTH'], 'a code of 15 digits', { [code]: '110105000000000' });
  add('issue', ['USCC_CHARACTER'], 'letter O for zero', { [code]: `91110105MA00O${'0'.repeat(5)}` });
  add('issue', ['USCC_PREFIX'], 'all zeros pass the checksum', { [code]: '000000000000000000' });
  add('issue', ['USCC_ORGANISATION_CHECK'], 'position 17 wrong', { [code]: '91110108MA000ABC1K' });
  add('issue', ['USCC_CHECK'], 'position 18 wrong', { [code]: '91110108MA000ABC2L' });
  add('issue', ['CODE_SCIENTIFIC'], 'the spreadsheet took the code for a number', { [code]: '9.11101E+17' });
  add('issue', ['CATEGORY_CONTRADICTS_CODE'], 'an individual business with the code of a company', {
    行政相对人类别: '个体工商户',
  });
  add('issue', ['NATURAL_PERSON'], 'a natural person', {
    行政相对人名称: '测试',
    行政相对人类别: '自然人',
    [code]: '',
  });
  add('issue', ['NATURAL_PERSON_LIKELY'], 'a natural person without saying so', {
    行政相对人名称: '测试甲',
    行政相对人类别: '',
    [code]: '',
  });

  for (const spelling of [
    '2025.6.1',
    '20250601',
    '２０２５年６月１日',
    '二〇二五年六月一日',
    '2025-06-01 00:00:00',
    "'20250601",
  ])
    add('record', [], `date ${spelling}`, { 处罚决定日期: spelling });
  add('record', ['DATE_WRITTEN_ODDLY'], 'mixed separators', { 处罚决定日期: '2025-6/1' });
  add('record', [], 'open end', { 处罚有效期: '长期' });
  add('record', ['DATE_WRITTEN_ODDLY'], 'open end, oddly', { 处罚有效期: '9999-9-9' });
  add('record', [], 'a range in the column of the end', { 处罚有效期: '2025.06.01-2026.05.31' });
  add('issue', ['DATE_AMBIGUOUS'], 'day or month first', { 处罚决定日期: '01/02/2025' });
  add('issue', ['DATE_AMBIGUOUS'], 'year or day first', { 处罚决定日期: '25-06-01' });
  add('issue', ['DATE_NOT_A_DAY'], 'a month', { 处罚决定日期: '2025年6月' });
  add('issue', ['DATE_NO_YEAR'], 'no year', { 处罚决定日期: '6月1日' });
  add('issue', ['DATE_VAGUE'], 'no exact day', { 处罚决定日期: '2025年6月初' });
  add('issue', ['DATE_IN_THE_FUTURE'], 'later than today', {
    处罚决定日期: `${Number(today.slice(0, 4)) + 1}/01/01`,
    处罚有效期: '长期',
  });
  add('issue', ['DATE_PLACEHOLDER'], 'placeholder', { 处罚决定日期: '1900-01-01' });
  add('issue', ['DATE_IMPOSSIBLE'], 'no such day', { 处罚决定日期: '2025-02-30' });
  add('issue', ['DATE_OTHER_CALENDAR'], 'another era', { 处罚决定日期: '114年06月01日' });
  add('issue', ['DATE_IS_A_DURATION'], 'a length of time', { 处罚有效期: '三年' });
  add('issue', ['DATES_REVERSED'], 'ends before it begins', { 处罚有效期: '2024/06/01' });
  add('issue', ['VALUE_MISSING'], 'no day of decision', { 处罚决定日期: '— —' });

  add('record', [], 'amount with separators and unit', { [fine]: '12,345.67元' });
  add('issue', ['AMOUNT_FINER_THAN_FEN'], 'finer than a fen', { [fine]: '0.0000001' });
  add('issue', ['AMOUNT_UNREADABLE'], 'two amounts', { [fine]: '1万元、2万元' });
  add('issue', ['AMOUNT_NEGATIVE'], 'negative', { [fine]: '-1' });
  add('issue', ['AMOUNT_MISSING'], 'a fine without an amount', { [fine]: '无' });

  add('record', ['AGENCY_CODE_INVALID'], 'the agency code of a template left as it was', {
    处罚机关统一社会信用代码: '00000000000000000X',
  });
  add('issue', ['NAME_NOT_A_NAME'], 'the name of a system for an authority', {
    处罚机关: '示例执法办案系统',
  });
  add('issue', ['NAME_NOT_A_NAME'], 'a date for an authority', { 处罚机关: '2025-06-01' });
  add('record', ['SOURCE_NAME_REPLACED'], 'an identifier for a source', {
    数据来源单位: '9d1f0c5e-8a51-4f3c-9a55-1b2c3d4e5f60',
  });
  add('record', ['KIND_TAKEN_AS_OTHER'], 'a kind outside of the template', {
    处罚类别: '责令改正',
    [fine]: '',
  });
  add('record', [], 'line breaks and quotes in a text', { 违法事实: '第一行\n第二行，"引号"与逗号,都在' });
  add('record', ['PERSONAL_NUMBER_REMOVED'], 'a personal number in a text', {
    违法事实: '当事人电话13800000000',
  });
  return rows;
}
