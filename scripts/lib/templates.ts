/** Columns of the national templates, in their order. */
export const PENALTY_COLUMNS = [
  '行政相对人名称',
  '行政相对人类别',
  '行政相对人代码_1(统一社会信用代码)',
  '行政相对人代码_2(工商注册号)',
  '行政相对人代码_3(组织机构代码)',
  '行政相对人代码_4(税务登记号)',
  '行政相对人代码_5(事业单位证书号)',
  '行政相对人代码_6(社会组织登记证号)',
  '法定代表人',
  '法定代表人证件类型',
  '法定代表人证件号码',
  '证件类型',
  '证件号码',
  '行政处罚决定书文号',
  '违法行为类型',
  '违法事实',
  '处罚依据',
  '处罚类别',
  '处罚内容',
  '罚款金额（万元）',
  '没收违法所得、没收非法财物的金额（万元）',
  '暂扣或吊销证照名称及编号',
  '处罚决定日期',
  '处罚有效期',
  '公示截止期',
  '处罚机关',
  '处罚机关统一社会信用代码',
  '数据来源单位',
  '数据来源单位统一社会信用代码',
  '备注',
] as const;

export const PERMIT_COLUMNS = [
  '行政相对人名称',
  '行政相对人类别',
  '行政相对人代码_1(统一社会信用代码)',
  '行政相对人代码_2(工商注册号)',
  '行政相对人代码_3(组织机构代码)',
  '行政相对人代码_4(税务登记号)',
  '行政相对人代码_5(事业单位证书号)',
  '行政相对人代码_6(社会组织登记证号)',
  '法定代表人',
  '法定代表人证件类型',
  '法定代表人证件号码',
  '证件类型',
  '证件号码',
  '行政许可决定文书名称',
  '行政许可决定文书号',
  '许可类别',
  '许可证书名称',
  '许可编号',
  '许可内容',
  '许可决定日期',
  '有效期自',
  '有效期至',
  '许可机关',
  '许可机关统一社会信用代码',
  '当前状态',
  '数据来源单位',
  '数据来源单位统一社会信用代码',
  '备注',
] as const;

export const PENALTY_2015_COLUMNS = [
  '行政处罚决定书文号',
  '处罚名称',
  '处罚类别1',
  '处罚类别2',
  '处罚事由',
  '处罚依据',
  '行政相对人名称',
  '行政相对人代码_1 (统一社会信用代码)',
  '行政相对人代码_2 (组织机构代码)',
  '行政相对人代码_3 (工商登记码)',
  '行政相对人代码_4 (税务登记号)',
  '行政相对人代码_5 (居民身份证号)',
  '法定代表人姓名',
  '处罚结果',
  '处罚决定日期',
  '处罚截止期',
  '公示期限',
  '处罚机关',
  '当前状态',
  '地方编码',
  '数据更新时间戳',
  '备注',
] as const;

export const PERMIT_2015_COLUMNS = [
  '行政许可决定书文号',
  '项目名称',
  '审批类别',
  '许可内容',
  '行政相对人名称',
  '行政相对人代码_1 (统一社会信用代码)',
  '行政相对人代码_2 (组织机构代码)',
  '行政相对人代码_3 (工商登记码)',
  '行政相对人代码_4 (居民身份证号)',
  '法定代表人姓名',
  '许可决定日期',
  '许可截止期',
  '许可机关',
  '当前状态',
  '行政许可编码',
  '信息使用范围',
  '地方编码',
  '数据更新时间戳',
  '备注',
] as const;

export const POSITIVE_COLUMNS = [
  '主体名称',
  '统一社会信用代码',
  '正面信息编号',
  '正面信息类别',
  '正面信息内容',
  '所属期',
  '认定日期',
  '有效期至',
  '金额（万元）',
  '认定单位',
  '认定单位统一社会信用代码',
  '备注',
] as const;

/** The export of an agency's own system, read with the profile `example-ecology-export`. */
export const EXPORT_COLUMNS = [
  'ID',
  'DWMC',
  'TYSHXYDM',
  'FRDB',
  'JDSBH',
  'AJLX',
  'AQ',
  'CFZL',
  'FKJE_YUAN',
  'JDSJ_MS',
  'JZRQ',
  'SXDJ',
  'EXPORT_TS',
] as const;

export const OPERATION_COLUMNS = [
  '决定书文号',
  '操作',
  '日期',
  '原因',
  '更正项',
  '更正值',
  '已满足条件',
] as const;

export type SampleRow = Readonly<Record<string, string>>;

/** Cells in the order of the columns; what a row does not name is empty. */
export function cellsOf(columns: readonly string[], row: SampleRow): string[] {
  return columns.map((column) => row[column] ?? '');
}

/** CSV text of rows, CRLF, quoted where needed. */
export function csvText(columns: readonly string[], rows: readonly SampleRow[]): string {
  return [columns, ...rows.map((row) => cellsOf(columns, row))].map(csvLine).join('');
}

export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`;
}
