import { createRequire } from 'node:module';
import type * as ExcelJS from 'exceljs';
import { deflateRawSync, crc32 } from 'node:zlib';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { madeUpCode } from '../../scripts/lib/companies.ts';
import { SeededRandom } from '../../scripts/lib/random.ts';
import { csvText, PENALTY_COLUMNS, type SampleRow } from '../../scripts/lib/templates.ts';
import type { Cell, Table } from '../../node/src/intake/table.ts';

export const TODAY = '2026-11-23';
export const exceljs = createRequire(import.meta.url)('exceljs') as typeof ExcelJS;

const random = new SeededRandom(7);

/** A valid made-up code, another one each time. */
export const anyCode = (prefix = '91', region = '110105'): string => madeUpCode(random, prefix, region);

let made = 0;

/** A penalty in the national template with nothing wrong in it, apart from the changes. */
export function penaltyRow(change: SampleRow = {}): SampleRow {
  made++;
  return {
    行政相对人名称: `北京示例检验有限公司（虚构${made}号）`,
    行政相对人类别: '法人及非法人组织',
    '行政相对人代码_1(统一社会信用代码)': anyCode(),
    行政处罚决定书文号: `京检罚〔2025〕${made}号`,
    违法行为类型: '虚假宣传',
    违法事实: '事实',
    处罚依据: '依据',
    处罚类别: '罚款',
    处罚内容: '罚款1万元',
    '罚款金额（万元）': '1',
    处罚决定日期: '2025/06/01',
    处罚有效期: '2028/06/01',
    公示截止期: '2026/06/01',
    处罚机关: '北京市示例区市场监督管理局',
    处罚机关统一社会信用代码: '11110000MA00AAAAXX',
    数据来源单位: '北京市示例区市场监督管理局',
    数据来源单位统一社会信用代码: '',
    ...change,
  };
}

export function penaltyCsv(rows: readonly SampleRow[], columns: readonly string[] = PENALTY_COLUMNS): Buffer {
  return Buffer.from(csvText(columns, rows));
}

/** A ZIP archive of these parts, written here so that a test can also write a wrong one. */
export function zipOf(parts: Readonly<Record<string, string | Uint8Array>>, flags = 0): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(parts)) {
    const data = Buffer.from(content);
    const packed = deflateRawSync(data);
    const nameBytes = Buffer.from(name);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(flags, 2);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(0x00210000, 6);
    head.writeUInt32LE(crc32(data), 10);
    head.writeUInt32LE(packed.length, 14);
    head.writeUInt32LE(data.length, 18);
    head.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), head, nameBytes, packed]);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), head, entry, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

const NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

/** The least that is a workbook, with these parts replaced or added. */
export function bareWorkbook(
  sheetXml: string,
  given: {
    readonly sharedStrings?: string;
    readonly styles?: string;
    readonly workbookPr?: string;
    readonly more?: Readonly<Record<string, string | Uint8Array>>;
  } = {},
): Record<string, string | Uint8Array> {
  const relation = (id: string, type: string, target: string): string =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const relations = (inner: string): string =>
    `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${inner}</Relationships>`;
  return {
    '[Content_Types].xml': '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    '_rels/.rels': relations(relation('r1', 'officeDocument', 'xl/workbook.xml')),
    'xl/workbook.xml': `<workbook ${NS} xmlns:r="${OFFICE}">${given.workbookPr ?? ''}<sheets><sheet name="表" sheetId="1" r:id="r1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations(
      relation('r1', 'worksheet', 'worksheets/sheet1.xml') +
        relation('r2', 'sharedStrings', 'sharedStrings.xml') +
        relation('r3', 'styles', 'styles.xml'),
    ),
    'xl/worksheets/sheet1.xml': sheetXml,
    ...(given.sharedStrings === undefined ? {} : { 'xl/sharedStrings.xml': given.sharedStrings }),
    ...(given.styles === undefined ? {} : { 'xl/styles.xml': given.styles }),
    ...given.more,
  };
}

/** Sheet XML with these rows of inline strings; a cell that begins with `<` is taken as XML of its own. */
export function sheetOf(rows: readonly (readonly string[])[]): string {
  const column = (index: number): string =>
    (index < 26 ? '' : String.fromCharCode(64 + Math.floor(index / 26))) +
    String.fromCharCode(65 + (index % 26));
  const cell = (text: string, at: string): string =>
    text.startsWith('<')
      ? text.replace('<c', `<c r="${at}"`)
      : `<c r="${at}" t="inlineStr"><is><t>${text}</t></is></c>`;
  return `<worksheet ${NS}><sheetData>${rows.map((cells, i) => `<row r="${i + 1}">${cells.map((text, j) => (text === '' ? '' : cell(text, `${column(j)}${i + 1}`))).join('')}</row>`).join('')}</sheetData></worksheet>`;
}

export async function cellsOfTable(table: Table, sheet?: string): Promise<(readonly Cell[])[]> {
  const rows: (readonly Cell[])[] = [];
  for await (const { cells } of table.rows(sheet)) rows.push(cells);
  return rows;
}

/** The code of the LedgerError that a promise ends with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    expect(error).to.be.instanceOf(LedgerError);
    const { code, message, messageZh } = error as LedgerError;
    expect(message, 'operands are filled in').not.to.match(/\{\w+\}/u);
    expect(messageZh).not.to.match(/\{\w+\}/u);
    return code;
  }
  return 'no error';
}
