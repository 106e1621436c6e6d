import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type * as ExcelJS from 'exceljs';
import { join } from 'node:path';
import { once } from 'node:events';
import { dateOfDay, dayOfDate } from '@credit-ledger/sdk/protocol';
import { madeUpCode, madeUpCompany, type Organisation } from './companies.ts';
import { dirtyRows, type ExpectedOutcome } from './dirty.ts';
import { encodeGb18030 } from './gb18030.ts';
import { SeededRandom } from './random.ts';
import {
  cellsOf,
  csvLine,
  csvText,
  EXPORT_COLUMNS,
  OPERATION_COLUMNS,
  PENALTY_2015_COLUMNS,
  PENALTY_COLUMNS,
  PERMIT_2015_COLUMNS,
  PERMIT_COLUMNS,
  POSITIVE_COLUMNS,
  type SampleRow,
} from './templates.ts';

const exceljs = createRequire(import.meta.url)('exceljs') as typeof ExcelJS;

export interface SampleOptions {
  /** The day that the samples are written for, YYYY-MM-DD: what is in force is in force then. */
  readonly today: string;
  readonly seed: number;
  readonly dir: string;
}

/** The five companies of the demonstration and what the ledger should answer about each. */
export interface CastMember extends Organisation {
  readonly role: 'clean' | 'severe' | 'repaired' | 'general' | 'old';
  /** Of `procurement-qualification/no-severe-default`, once the files and the operations are in. */
  readonly noSevereDefault: boolean;
  readonly documentNumber: string | null;
}

export interface Cast {
  readonly today: string;
  readonly companies: readonly CastMember[];
  readonly authorities: Readonly<Record<'beijing' | 'tianjin' | 'hebei', Organisation>>;
  /** Which files go into which register, in order, and the operations after them. */
  readonly imports: Readonly<
    Record<
      'beijing' | 'tianjin' | 'hebei',
      {
        readonly files: readonly { readonly file: string; readonly profile?: string }[];
        readonly operations: string;
      }
    >
  >;
}

interface Setting {
  readonly random: SeededRandom;
  readonly today: number;
  readonly authorities: Cast['authorities'];
}

/**
 * Writes a set of sample files: the national templates, new and old, as CSV and
 * XLSX, for an authority in each of the three regions, with operations and
 * dirty rows. The same options give the same files.
 */
export async function makeSamples({ today, seed, dir }: SampleOptions): Promise<Cast> {
  await mkdir(dir, { recursive: true });
  const random = new SeededRandom(seed);
  const setting: Setting = {
    random,
    today: dayOfDate(today),
    authorities: {
      beijing: { name: '北京市示例区市场监督管理局', uscc: madeUpCode(random, '11', '110101') },
      tianjin: { name: '天津市示例生态环境局', uscc: madeUpCode(random, '11', '120101') },
      hebei: { name: '河北省示例交通运输局', uscc: madeUpCode(random, '11', '130102') },
    },
  };
  const companies = castOf(setting);
  const save = (name: string, bytes: string | Uint8Array): Promise<void> => writeFile(join(dir, name), bytes);

  const beijing = [...castPenalties(setting, companies), ...penalties(setting, 'beijing', 40)];
  await save('beijing-penalties.csv', `\ufeff${csvText(PENALTY_COLUMNS, beijing)}`);
  await save(
    'beijing-permits.xlsx',
    await workbook(PERMIT_COLUMNS, permits(setting, 'beijing', 30), '行政许可'),
  );
  await save('beijing-positive.csv', csvText(POSITIVE_COLUMNS, positives(setting, 'beijing', 20)));
  await save(
    'beijing-operations.csv',
    `\ufeff${csvText(OPERATION_COLUMNS, operations(setting, beijing, companies))}`,
  );

  const tianjin = penalties(setting, 'tianjin', 30);
  await save('tianjin-penalties.xlsx', await workbook(PENALTY_COLUMNS, tianjin, '行政处罚'));
  await save(
    'tianjin-permits-2015.csv',
    encodeGb18030(csvText(PERMIT_2015_COLUMNS, oldPermits(setting, 'tianjin', 20))),
  );
  await save('tianjin-export.csv', csvText(EXPORT_COLUMNS, exported(setting, 15)));
  await save('tianjin-operations.csv', csvText(OPERATION_COLUMNS, operations(setting, tianjin, [])));

  const hebei = oldPenalties(setting, 'hebei', 30);
  await save('hebei-penalties-2015.csv', encodeGb18030(csvText(PENALTY_2015_COLUMNS, hebei)));
  await save('hebei-permits.csv', csvText(PERMIT_COLUMNS, permits(setting, 'hebei', 30)));
  await save(
    'hebei-operations.csv',
    encodeGb18030(csvText(OPERATION_COLUMNS, operations(setting, hebei, []))),
  );

  const dirty = dirtyRows(today, setting.authorities.beijing, () => madeUpCode(random, '91', '110105'));
  await save(
    'dirty-penalties.csv',
    csvText(
      PENALTY_COLUMNS,
      dirty.map(({ row }) => row),
    ),
  );
  await save(
    'dirty-expected.json',
    `${JSON.stringify(expectedOf(dirty.map(({ expected }) => expected)), null, 2)}\n`,
  );
  await save(
    'dirty-formulas.xlsx',
    await workbook(PENALTY_COLUMNS, penalties(setting, 'beijing', 3), '行政处罚', {
      formulaIn: '罚款金额（万元）',
    }),
  );

  const cast: Cast = {
    today,
    companies,
    authorities: setting.authorities,
    imports: {
      beijing: {
        files: [
          { file: 'beijing-penalties.csv' },
          { file: 'beijing-permits.xlsx' },
          { file: 'beijing-positive.csv' },
        ],
        operations: 'beijing-operations.csv',
      },
      tianjin: {
        files: [
          { file: 'tianjin-penalties.xlsx' },
          { file: 'tianjin-permits-2015.csv' },
          { file: 'tianjin-export.csv', profile: 'example-ecology-export' },
        ],
        operations: 'tianjin-operations.csv',
      },
      hebei: {
        files: [{ file: 'hebei-penalties-2015.csv' }, { file: 'hebei-permits.csv' }],
        operations: 'hebei-operations.csv',
      },
    },
  };
  await save('cast.json', `${JSON.stringify(cast, null, 2)}\n`);
  return cast;
}

/**
 * Writes a CSV file of `rows` penalties in the national template, streamed: for
 * benchmarks. Every row is a record.
 */
export async function makeLargeFile(
  path: string,
  rows: number,
  options: { readonly today: string; readonly seed: number; readonly firstNumber?: number },
): Promise<void> {
  const { firstNumber = 1 } = options;
  const random = new SeededRandom(options.seed);
  const authority = { name: '北京市示例区市场监督管理局', uscc: madeUpCode(random, '11', '110101') };
  const setting: Setting = {
    random,
    today: dayOfDate(options.today),
    authorities: { beijing: authority, tianjin: authority, hebei: authority },
  };
  // One company in three rows: chains of more than one entry, as in a real register.
  const companies = Array.from({ length: Math.max(1, Math.ceil(rows / 3)) }, (_, i) =>
    madeUpCompany(random, '11', i + 1),
  );
  const output = createWriteStream(path);
  output.write(`\ufeff${csvLine(PENALTY_COLUMNS)}`);
  for (let i = 0; i < rows; i++) {
    const line = csvLine(
      cellsOf(
        PENALTY_COLUMNS,
        penalty(
          setting,
          authority,
          random.pick(companies),
          `京示市监罚〔${2020 + (i % 6)}〕${firstNumber + i}号`,
        ),
      ),
    );
    if (!output.write(line)) await once(output, 'drain');
  }
  output.end();
  await once(output, 'close');
}

// ── the cast ─────────────────────────────────────────────────────────────────

function castOf({ random }: Setting): CastMember[] {
  const named = (
    role: CastMember['role'],
    name: string,
    noSevereDefault: boolean,
    documentNumber: string | null,
  ): CastMember => ({
    role,
    name,
    uscc: madeUpCode(random, '91', '110108'),
    noSevereDefault,
    documentNumber,
  });
  return [
    named('clean', '北京示例清白信息技术有限公司', true, null),
    named('severe', '北京示例惊雷化工有限公司', false, '京示市监罚〔演示〕1号'),
    named('repaired', '北京示例重光食品有限公司', true, '京示市监罚〔演示〕2号'),
    named('general', '北京示例小过商贸有限公司', true, '京示市监罚〔演示〕3号'),
    named('old', '北京示例往事建材有限公司', true, '京示市监罚〔演示〕4号'),
  ];
}

function castPenalties(setting: Setting, companies: readonly CastMember[]): SampleRow[] {
  const severe = {
    违法行为类型: '生产经营不符合标准的产品',
    处罚类别: '罚款；责令停产停业',
    处罚内容: '责令停产停业，罚款人民币60万元',
    '罚款金额（万元）': '60',
  };
  const texts: Readonly<
    Record<
      CastMember['role'],
      { readonly daysAgo: number; readonly inForceFor: number; readonly said: SampleRow }
    >
  > = {
    clean: { daysAgo: 0, inForceFor: 0, said: {} },
    severe: { daysAgo: 200, inForceFor: 1095, said: severe },
    repaired: { daysAgo: 400, inForceFor: 1095, said: severe },
    general: {
      daysAgo: 120,
      inForceFor: 365,
      said: {
        违法行为类型: '未按规定明码标价',
        处罚类别: '警告；罚款',
        处罚内容: '警告，罚款0.5万元',
        '罚款金额（万元）': '0.5',
      },
    },
    old: { daysAgo: 1500, inForceFor: 3650, said: severe },
  };
  return companies
    .filter(({ role }) => role !== 'clean')
    .map((company) => {
      const { daysAgo, inForceFor, said } = texts[company.role];
      const day = setting.today - daysAgo;
      const row = penalty(setting, setting.authorities.beijing, company, company.documentNumber ?? '');
      return {
        ...row,
        '没收违法所得、没收非法财物的金额（万元）': '',
        暂扣或吊销证照名称及编号: '',
        ...said,
        处罚决定日期: slashed(day),
        处罚有效期: slashed(day + inForceFor),
        公示截止期: slashed(day + inForceFor),
      };
    });
}

// ── rows ─────────────────────────────────────────────────────────────────────

type Place = keyof Cast['authorities'];
const PROVINCE: Readonly<Record<Place, '11' | '12' | '13'>> = { beijing: '11', tianjin: '12', hebei: '13' };
const MARK: Readonly<Record<Place, string>> = { beijing: '京示市监', tianjin: '津示环', hebei: '冀示交' };
/** Placeholders in columns that intake drops. No person has this name or number. */
const PERSON = {
  法定代表人: '测试',
  法定代表人证件类型: '身份证',
  法定代表人证件号码: '110101190001010000',
} as const;

const OFFENCES: readonly { readonly type: string; readonly facts: string; readonly law: string }[] = [
  { type: '虚假宣传', facts: '在销售页面对产品性能作引人误解的说明', law: '《反不正当竞争法》第二十条' },
  { type: '违反大气污染防治管理', facts: '未按规定运行污染防治设施', law: '《大气污染防治法》第一百零八条' },
  { type: '超限运输', facts: '车辆超过核定载质量行驶', law: '《公路法》第七十六条' },
  { type: '未按规定公示价格', facts: '经营场所未明码标价', law: '《价格法》第四十二条' },
];

function penalty(
  { random, today }: Setting,
  authority: Organisation,
  company: Organisation,
  documentNumber: string,
): SampleRow {
  const offence = random.pick(OFFENCES);
  const day = today - random.integer(10, 1400);
  const sort = random.integer(1, 10);
  const fine =
    sort <= 7
      ? random.pick(['0.05', '0.2', '0.5', '1', '2', '3.5', '5', '9.9', '12.345678', '20', '60.0001', '120'])
      : '';
  const said: SampleRow =
    sort <= 5
      ? { 处罚类别: '罚款', 处罚内容: `罚款${fine}万元` }
      : sort <= 7
        ? { 处罚类别: '警告；罚款', 处罚内容: `警告，并罚款${fine}万元` }
        : sort === 8
          ? { 处罚类别: '警告', 处罚内容: '给予警告' }
          : sort === 9
            ? {
                处罚类别: '没收违法所得、没收非法财物',
                处罚内容: '没收违法所得',
                '没收违法所得、没收非法财物的金额（万元）': '1.25',
              }
            : {
                处罚类别: '暂扣或吊销许可证/执照',
                处罚内容: '吊销许可证',
                暂扣或吊销证照名称及编号: `示例许可证 ${random.integer(1000, 9999)}`,
              };
  return {
    行政相对人名称: company.name,
    行政相对人类别: company.uscc.startsWith('92') ? '个体工商户' : '法人及非法人组织',
    '行政相对人代码_1(统一社会信用代码)': company.uscc,
    ...PERSON,
    行政处罚决定书文号: documentNumber,
    违法行为类型: offence.type,
    违法事实: offence.facts,
    处罚依据: offence.law,
    '罚款金额（万元）': fine,
    ...said,
    处罚决定日期: slashed(day),
    处罚有效期: random.chance(0.2) ? '2099/12/31' : slashed(day + 1095),
    公示截止期: slashed(day + 365),
    处罚机关: authority.name,
    处罚机关统一社会信用代码: authority.uscc,
    数据来源单位: authority.name,
    数据来源单位统一社会信用代码: authority.uscc,
  };
}

function penalties(setting: Setting, place: Place, count: number): SampleRow[] {
  return Array.from({ length: count }, (_, i) =>
    penalty(
      setting,
      setting.authorities[place],
      madeUpCompany(setting.random, PROVINCE[place], i + 1),
      `${MARK[place]}罚〔2025〕${setting.random.integer(1, 9)}${String(i + 1).padStart(3, '0')}号`,
    ),
  );
}

function oldPenalties(setting: Setting, place: Place, count: number): SampleRow[] {
  return penalties(setting, place, count).map((row, i) => ({
    行政处罚决定书文号: row['行政处罚决定书文号'] ?? '',
    处罚名称: `${row['违法行为类型'] ?? ''}案`,
    处罚类别1: row['处罚类别'] ?? '',
    处罚事由: row['违法事实'] ?? '',
    处罚依据: row['处罚依据'] ?? '',
    行政相对人名称: row['行政相对人名称'] ?? '',
    '行政相对人代码_1 (统一社会信用代码)': row['行政相对人代码_1(统一社会信用代码)'] ?? '',
    '行政相对人代码_5 (居民身份证号)': '110101190001010000',
    法定代表人姓名: '测试',
    处罚结果: row['处罚内容'] ?? '',
    处罚决定日期: spelled(setting.random, row['处罚决定日期'] ?? ''),
    处罚截止期: row['处罚有效期'] ?? '',
    公示期限: '1年',
    处罚机关: row['处罚机关'] ?? '',
    当前状态: '0',
    地方编码: '130100',
    数据更新时间戳: `${row['公示截止期'] ?? ''} 10:00:0${i % 10}`,
  }));
}

function permits(setting: Setting, place: Place, count: number): SampleRow[] {
  const { random, today } = setting;
  const authority = setting.authorities[place];
  return Array.from({ length: count }, (_, i) => {
    const company = madeUpCompany(random, PROVINCE[place], 100 + i);
    const day = today - random.integer(30, 900);
    const number = `${MARK[place]}许〔2025〕${String(i + 1).padStart(4, '0')}号`;
    return {
      行政相对人名称: company.name,
      行政相对人类别: company.uscc.startsWith('92') ? '个体工商户' : '法人及非法人组织',
      '行政相对人代码_1(统一社会信用代码)': company.uscc,
      ...PERSON,
      行政许可决定文书名称: '准予行政许可决定书',
      行政许可决定文书号: number,
      许可类别: random.pick(['普通', '特许', '认可', '核准', '登记', '其他']),
      许可证书名称: '示例经营许可证',
      许可编号: `SL${random.integer(100000, 999999)}`,
      许可内容: random.pick(['道路货物运输', '食品经营', '排污许可', '计量器具检定']),
      许可决定日期: slashed(day),
      有效期自: slashed(day),
      有效期至: random.chance(0.3) ? '2099/12/31' : slashed(day + 1825),
      许可机关: authority.name,
      许可机关统一社会信用代码: authority.uscc,
      当前状态: '1',
      数据来源单位: authority.name,
      数据来源单位统一社会信用代码: authority.uscc,
    };
  });
}

function oldPermits(setting: Setting, place: Place, count: number): SampleRow[] {
  return permits(setting, place, count).map((row) => ({
    行政许可决定书文号: row['行政许可决定文书号'] ?? '',
    项目名称: row['许可内容'] ?? '',
    审批类别: row['许可类别'] ?? '',
    许可内容: row['许可内容'] ?? '',
    行政相对人名称: row['行政相对人名称'] ?? '',
    '行政相对人代码_1 (统一社会信用代码)': row['行政相对人代码_1(统一社会信用代码)'] ?? '',
    '行政相对人代码_4 (居民身份证号)': '110101190001010000',
    法定代表人姓名: '测试',
    许可决定日期: spelled(setting.random, row['许可决定日期'] ?? ''),
    许可截止期: row['有效期至'] ?? '',
    许可机关: row['许可机关'] ?? '',
    当前状态: '0',
    行政许可编码: row['许可编号'] ?? '',
    信息使用范围: '0',
    地方编码: '120000',
    数据更新时间戳: '2026/01/01 08:00:00',
  }));
}

function positives(setting: Setting, place: Place, count: number): SampleRow[] {
  const { random, today } = setting;
  const authority = setting.authorities[place];
  return Array.from({ length: count }, (_, i) => {
    const company = madeUpCompany(random, PROVINCE[place], 200 + i);
    const day = today - random.integer(10, 300);
    return {
      主体名称: company.name,
      统一社会信用代码: company.uscc,
      正面信息编号: `${MARK[place]}正〔2026〕${i + 1}号`,
      正面信息类别: random.pick([
        '按期纳税',
        '按期缴纳社保',
        '按期缴纳水电燃气',
        '诚实守信荣誉',
        '合同履行',
        '履行信用承诺',
      ]),
      正面信息内容: '按期履行',
      所属期: `${dateOfDay(day as ReturnType<typeof dayOfDate>).slice(0, 4)}年`,
      认定日期: slashed(day),
      认定单位: authority.name,
      认定单位统一社会信用代码: authority.uscc,
    };
  });
}

function exported(setting: Setting, count: number): SampleRow[] {
  const { random, today } = setting;
  return Array.from({ length: count }, (_, i) => {
    const company = madeUpCompany(random, '12', 300 + i);
    const day = today - random.integer(10, 700);
    const isFine = random.chance(0.7);
    return {
      ID: String(i + 1),
      DWMC: company.name,
      TYSHXYDM: company.uscc.toLowerCase(),
      FRDB: '测试',
      JDSBH: `津示环执〔2025〕${i + 1}号`,
      AJLX: random.pick(['01', '02', '03', '99']),
      AQ: '未按规定运行污染防治设施',
      CFZL: isFine ? 'FK' : random.pick(['JG', 'TC', 'ZK']),
      FKJE_YUAN: isFine ? `${random.integer(1, 400)}000.00` : '',
      JDSJ_MS: String(day * 86_400_000 - 8 * 3_600_000 + random.integer(0, 86_399_999)),
      JZRQ: oracleDate(day + 1095),
      SXDJ: random.pick(['A', 'A', 'B', 'C', '']),
      EXPORT_TS: '2026-01-01T00:00:00Z',
    };
  });
}

/** Longer ago than the longest of the shortest periods that any rules give for a repair, and the days of `operations`. */
const REPAIRABLE_AFTER_DAYS = 400;
/** The conditions of all rules. The shortest period is computed. */
const CONDITIONS_MET = '履行义务、信用承诺、修复培训、信用报告';

/** Operations on some of the rows: one of each kind, and the repair of the cast. All are lawful. */
function operations(
  { random, today }: Setting,
  rows: readonly SampleRow[],
  companies: readonly CastMember[],
): SampleRow[] {
  const repaired = companies.find(({ role }) => role === 'repaired');
  const numbers = rows
    .map((row) => row['行政处罚决定书文号'] ?? '')
    .filter((number) => !companies.some(({ documentNumber }) => documentNumber === number));
  const on = (index: number): string => numbers[index] ?? '';
  const others = [1, 2, 3, 4].map(on);
  const repairable = rows.find((row) => {
    const number = row['行政处罚决定书文号'] ?? '';
    const decided = decisionDay(row['处罚决定日期'] ?? '');
    return numbers.includes(number) && !others.includes(number) && decided <= today - REPAIRABLE_AFTER_DAYS;
  });
  const day = (): string => slashed(today - random.integer(0, 9));
  const made: SampleRow[] = [
    {
      决定书文号: repairable?.['行政处罚决定书文号'] ?? '',
      操作: 'repair',
      日期: day(),
      原因: '已整改并通过信用修复',
      已满足条件: CONDITIONS_MET,
    },
    { 决定书文号: on(1), 操作: 'revoke', 日期: day(), 原因: '行政复议撤销' },
    { 决定书文号: on(2), 操作: 'dispute', 日期: slashed(today - 9), 原因: '当事人提出异议' },
    { 决定书文号: on(3), 操作: 'dispute', 日期: slashed(today - 9), 原因: '当事人提出异议' },
    { 决定书文号: on(3), 操作: 'settle', 日期: slashed(today - 2), 原因: '核实无误，维持' },
    {
      决定书文号: on(4),
      操作: 'correct',
      日期: day(),
      原因: '文书笔误',
      更正项: '备注',
      更正值: '更正：原文书笔误',
    },
  ];
  return repaired === undefined || repaired.documentNumber === null
    ? made
    : [
        {
          决定书文号: repaired.documentNumber,
          操作: 'repair',
          日期: slashed(today - 30),
          原因: '整改完成，准予信用修复',
          已满足条件: CONDITIONS_MET,
        },
        ...made,
      ];
}

// ── spelling and writing ─────────────────────────────────────────────────────

function slashed(day: number): string {
  return dateOfDay(day as ReturnType<typeof dayOfDate>).replaceAll('-', '/');
}

/** The day of a date in any of the spellings of {@link spelled}. */
function decisionDay(text: string): number {
  const [, y = '', m = '', d = ''] = /^(\d{4})\D?(\d{1,2})\D?(\d{1,2})/u.exec(text) ?? [];
  return dayOfDate(`${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`);
}

/** A date as the old files write it: any of the accepted spellings. */
function spelled(random: SeededRandom, slash: string): string {
  const [y = '', m = '', d = ''] = slash.split('/');
  return random.pick([
    slash,
    `${y}-${m}-${d}`,
    `${y}.${Number(m)}.${Number(d)}`,
    `${y}${m}${d}`,
    `${y}年${Number(m)}月${Number(d)}日`,
    `${y}-${m}-${d} 00:00:00`,
  ]);
}

function oracleDate(day: number): string {
  const [y = '', m = '', d = ''] = dateOfDay(day as ReturnType<typeof dayOfDate>).split('-');
  return `${d}-${Number(m)}月 -${y.slice(2)}`;
}

/** A workbook as an office program writes it: dates as serials, amounts as numbers, the rest as text. */
async function workbook(
  columns: readonly string[],
  rows: readonly SampleRow[],
  sheetName: string,
  dirt: { readonly formulaIn?: string } = {},
): Promise<Uint8Array> {
  const book = new exceljs.Workbook();
  book.created = new Date('2026-01-01T00:00:00Z');
  book.modified = book.created;
  const sheet = book.addWorksheet(sheetName);
  sheet.addRow([...columns]);
  for (const row of rows) {
    const cells = cellsOf(columns, row).map((cell, i) => {
      const column = columns[i] ?? '';
      if (column === dirt.formulaIn) return { formula: 'SUM(1,1)', result: 2 };
      if (/日期|有效期|截止/u.test(column) && /^\d{4}\/\d{2}\/\d{2}$/u.test(cell))
        return new Date(`${cell.replaceAll('/', '-')}T00:00:00Z`);
      return /金额/u.test(column) && cell !== '' ? Number(cell) : cell === '' ? null : cell;
    });
    const line = sheet.addRow(cells);
    line.eachCell((cell) => {
      if (cell.value instanceof Date) cell.numFmt = 'yyyy/mm/dd';
    });
  }
  const guide = book.addWorksheet('填表说明');
  guide.addRow(['本文件为虚构的示例数据']);
  return withoutTimes(new Uint8Array(await book.xlsx.writeBuffer()));
}

/** A ZIP archive with the time stamps of its parts cleared, so that the same rows give the same bytes. */
function withoutTimes(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - 22; // these archives have no comment
  let at = view.getUint32(end + 16, true);
  for (let entry = 0; entry < view.getUint16(end + 10, true); entry++) {
    view.setUint32(at + 12, 0x00210000, true); // 1980-01-01
    view.setUint32(view.getUint32(at + 42, true) + 10, 0x00210000, true);
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return bytes;
}

function expectedOf(outcomes: readonly ExpectedOutcome[]): unknown {
  return { rows: outcomes.length, outcomes: outcomes.map((outcome, i) => ({ row: i + 2, ...outcome })) };
}
