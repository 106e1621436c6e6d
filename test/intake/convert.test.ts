import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CATALOGUE, OPEN_END, dayOfDate } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { PENALTY_COLUMNS, type SampleRow } from '../../scripts/lib/templates.ts';
import { makeLargeFile, makeSamples } from '../../scripts/make-samples.ts';
import { convertRows } from '../../node/src/intake/convert.ts';
import { dryRun, type DryRunReport } from '../../node/src/intake/dry-run.ts';
import { FILE_ERROR_CODES } from '../../node/src/intake/errors.ts';
import { headerKey } from '../../node/src/intake/headers.ts';
import { ISSUES } from '../../node/src/intake/issues.ts';
import { planTable } from '../../node/src/intake/plan.ts';
import { isPersonalHeader, isResidentId, withoutPersonalNumbers } from '../../node/src/intake/privacy.ts';
import { findProfile, loadProfile, parseProfile, PROFILES } from '../../node/src/intake/profile.ts';
import { formulaSafe } from '../../node/src/intake/report.ts';
import { fileSource } from '../../node/src/intake/source.ts';
import { readTable, tableOfRows } from '../../node/src/intake/table.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  anyCode,
  bareWorkbook,
  cellsOfTable,
  codeOf,
  penaltyCsv,
  penaltyRow,
  sheetOf,
  TODAY,
  zipOf,
} from './helpers.ts';

const CODE = '行政相对人代码_1(统一社会信用代码)';

async function runRows(
  rows: readonly SampleRow[],
  columns: readonly string[] = PENALTY_COLUMNS,
): Promise<DryRunReport> {
  const report = await dryRun(penaltyCsv(rows, columns), {
    fileName: 'a.csv',
    today: TODAY,
    withRecords: true,
  });
  expect(report.rows).to.equal(report.records + report.duplicates + report.rowsWithIssues);
  return report;
}

const codes = (report: DryRunReport): string[] => report.issues.map(({ code }) => code);

describe('intake: conversion', () => {
  it('makes a canonical record of a row of the penalty template', async () => {
    const uscc = anyCode();
    const row = penaltyRow({
      行政相对人名称: '北京示例(检验)有限公司',
      [CODE]: uscc.toLowerCase(),
      行政处罚决定书文号: '京检罚[2025]第 9 号',
      处罚类别: '警告；罚款',
      '罚款金额（万元）': '0.123456',
      '没收违法所得、没收非法财物的金额（万元）': '1',
      处罚决定日期: '2025年6月1日',
      处罚有效期: '2099/12/31',
    });
    const { recordList } = await runRows([row]);
    const record = recordList?.[0];
    expect(record).to.deep.include({
      row: 2,
      class: 1,
      uscc,
      subjectName: '北京示例（检验）有限公司',
      documentNumber: '京检罚〔2025〕第9号',
      domain: 1,
      severity: 1,
      day: dayOfDate('2025-06-01'),
      until: OPEN_END,
      amountFen: '1123456',
      sourceProfile: 'shuanggongshi-penalty@1',
      severityBasis: 'penalty-severities@1/market#any (市场监管部门标准)',
    });
    expect(CATALOGUE.kinds.find(({ code }) => code === record?.kind)?.slug).to.equal('fine');
    expect(record?.fields).to.deep.include({ name: 'decisionDate', value: '2025-06-01' });
    expect(record?.fields).to.deep.include({ name: 'decisionDate.raw', value: '2025年6月1日' });
    expect(record?.fields).to.deep.include({ name: 'fine', value: '1234.56元' });
  });

  it('gives every dirty sample the outcome that is expected of it', async () => {
    const expected = JSON.parse(await readFile('test/samples/dirty-expected.json', 'utf8')) as {
      outcomes: { row: number; becomes: string; codes: string[]; why: string }[];
    };
    const report = await dryRun(await readFile('test/samples/dirty-penalties.csv'), {
      fileName: 'dirty',
      today: TODAY,
      withRecords: true,
    });
    const records = new Set(report.recordList?.map(({ row }) => row));
    for (const { row, becomes, codes: wanted, why } of expected.outcomes) {
      const issues = report.issues.filter((issue) => issue.row === row);
      const warnings = report.warnings.filter((issue) => issue.row === row);
      const got = records.has(row) ? 'record' : issues.length > 0 ? 'issue' : 'duplicate';
      expect(
        `${row} ${why}: ${got} ${(got === 'record' ? warnings : issues).map(({ code }) => code).join()}`,
      ).to.equal(`${row} ${why}: ${becomes} ${wanted.join()}`);
    }
    expect(report.rows).to.equal(expected.outcomes.length);
  });

  it('takes no statement of a subject about itself from an agency’s file: those are signed by its key', async () => {
    const head =
      '主体名称,统一社会信用代码,正面信息编号,正面信息类别,正面信息内容,认定日期,认定单位,认定单位统一社会信用代码';
    const rows = ['自愿注册：资质证书', '自愿注册：合同履行', '自愿注册：社会公益', '按期纳税'].map(
      (type, i) =>
        `北京示例有限公司,${anyCode()},京正〔2026〕${i}号,${type},内容,2026/01/05,北京市示例区市场监督管理局,${anyCode('11')}`,
    );
    const report = await dryRun(Buffer.from([head, ...rows].join('\n')), {
      fileName: 'positive.csv',
      today: TODAY,
      withRecords: true,
    });
    expect(report.issues.map(({ row, code }) => [row, code])).to.deep.equal([
      [2, 'KIND_SELF_DECLARED'],
      [3, 'KIND_SELF_DECLARED'],
      [4, 'KIND_SELF_DECLARED'],
    ]);
    expect(report.recordList?.map(({ row }) => row)).to.deep.equal([5]);
  });

  it('names the cell of a formula and does not trust its result', async () => {
    const report = await dryRun(await readFile('test/samples/dirty-formulas.xlsx'), {
      fileName: 'f.xlsx',
      today: TODAY,
    });
    expect(report.records).to.equal(0);
    expect(report.issues[0]).to.deep.include({ row: 2, column: '罚款金额（万元）', code: 'FORMULA_CELL' });
    expect(report.issues[0]?.message.en).to.contain('T2');
  });

  it('collects every problem of a row at once, with what was read and what to do in both languages', async () => {
    const { issues } = await runRows([
      penaltyRow({ [CODE]: '91110108MA000ABC2L', 处罚决定日期: '01/02/2025', '罚款金额（万元）': '-1' }),
    ]);
    expect(issues.map(({ column, code }) => [column, code])).to.deep.equal([
      [CODE, 'USCC_CHECK'],
      ['罚款金额（万元）', 'AMOUNT_NEGATIVE'],
      ['处罚决定日期', 'DATE_AMBIGUOUS'],
    ]);
    expect(issues[2]).to.deep.include({ row: 2, read: '01/02/2025' });
    expect(issues[2]?.suggestion.en).to.contain('2025-01-02');
    for (const { message, suggestion } of issues)
      for (const text of [message.en, message.zh, suggestion.en, suggestion.zh])
        expect(text).to.match(/\S/u).and.not.match(/[{}]/u);
  });

  it('suggests the code that letters O and I were likely to mean', async () => {
    const code = '91110108MA000ABC2K';
    const { issues } = await runRows([penaltyRow({ [CODE]: code.replace('1110', 'I11O') })]);
    expect(issues[0]?.suggestion.zh).to.contain(code);
  });

  describe('headers', () => {
    it('does not mind their dirt, their order or their language', async () => {
      const row = penaltyRow();
      const dirty: Record<string, string> = {
        [CODE]: '行政相对人代码＿1 （统一社会信用代码） *',
        '没收违法所得、没收非法财物的金额（万元）': '没收违法所得、没收非法财务的金额(万元)',
        处罚决定日期: '处罚\n决定日期（必填，格式YYYY/MM/DD）',
        行政处罚决定书文号: 'CF_WSH',
        处罚类别: ' 处 罚 类 别 ',
        处罚机关: 'cf_cfjg',
      };
      const columns = [...PENALTY_COLUMNS].reverse();
      const cells = columns.map((name) => row[name] ?? '');
      const table = tableOfRows(
        columns.map((name) => dirty[name] ?? name),
        [cells],
      );
      const plan = await planTable(table);
      expect(plan.profile.id).to.equal('shuanggongshi-penalty');
      expect(plan.columns).to.have.length(PENALTY_COLUMNS.length - 5);
    });

    it('finds them below a title and above a line of field codes', async () => {
      const header = [...PENALTY_COLUMNS];
      const spec = findProfile('shuanggongshi-penalty');
      const second = header.map(
        (name) => spec?.columns.find(({ names }) => names.includes(name))?.names.at(-1) ?? '',
      );
      const csv = `行政处罚信息,,,\n\n${header.map((name) => `"${name}"`).join(',')}\n${second.map((name) => `"${name}"`).join(',')}\n`;
      const bytes = Buffer.concat([
        Buffer.from(csv),
        penaltyCsv([penaltyRow()]).subarray(penaltyCsv([]).length),
      ]);
      const report = await dryRun(bytes, { fileName: 'a.csv', today: TODAY, withRecords: true });
      expect(report).to.deep.include({ rows: 1, records: 1 });
      expect(report.recordList?.[0]?.row).to.equal(5);
    });

    it('takes the unit that the header states over that of the template', async () => {
      const columns = PENALTY_COLUMNS.map((name) => (name === '罚款金额（万元）' ? '罚款金额（元）' : name));
      const { recordList } = await runRows([{ ...penaltyRow(), '罚款金额（元）': '5000' }], columns);
      expect(recordList?.[0]?.amountFen).to.equal('500000');
    });

    it('are known by each of their names, however mangled', () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...PROFILES.flatMap(({ columns }) => columns.flatMap(({ names }) => names))),
          fc.array(
            fc.tuple(
              fc.nat(40),
              fc.constantFrom(' ', '\n', '_', '＿', '（', '）', '*', '：', '\u3000', '\ufeff'),
            ),
            { maxLength: 5 },
          ),
          (name, noise) => {
            const mangled = noise.reduce((text, [at, c]) => text.slice(0, at) + c + text.slice(at), name);
            expect(headerKey(mangled)).to.equal(headerKey(name));
          },
        ),
      );
    });
  });

  describe('profiles', () => {
    it('are found from the columns of every template', async () => {
      const detected: Record<string, string> = {
        'beijing-penalties.csv': 'shuanggongshi-penalty',
        'beijing-permits.xlsx': 'shuanggongshi-permit',
        'hebei-penalties-2015.csv': 'shuanggongshi-penalty-2015',
        'tianjin-permits-2015.csv': 'shuanggongshi-permit-2015',
        'beijing-positive.csv': 'positive',
        'tianjin-export.csv': 'example-ecology-export',
      };
      for (const [file, profile] of Object.entries(detected)) {
        const table = await readTable(await readFile(`test/samples/${file}`), file);
        expect((await planTable(table)).profile.id, file).to.equal(profile);
      }
    });

    it('bring in a foreign file: codes, epochs, Oracle dates, yuan, its own severity', async () => {
      const report = await dryRun(await readFile('test/samples/tianjin-export.csv'), {
        fileName: 'e',
        today: TODAY,
        withRecords: true,
      });
      expect(report.records).to.equal(15);
      expect(report.droppedColumns).to.deep.equal(['FRDB']);
      for (const record of report.recordList ?? []) {
        const field = (name: string): string | undefined =>
          record.fields.find((one) => one.name === name)?.value;
        expect(field('decisionDate.raw')).to.match(/^\d{13}$/u);
        expect(field('validUntil.raw')).to.match(/^\d\d-\d+月 -\d\d$/u);
        expect(record.until - record.day).to.equal(1095);
        expect(record.sourceAgency.name).to.equal('天津市示例生态环境局');
        const label = field('severity.raw');
        if (label !== undefined)
          expect(record)
            .to.include({ severity: label.charCodeAt(0) - 64 })
            .and.have.property('severityBasis')
            .that.contains('来源部门标定');
      }
    });

    it('are loaded by name or path, and refused when wrong', async () => {
      expect((await loadProfile('positive')).class).to.equal(3);
      expect((await loadProfile('node/src/intake/profiles/positive.json')).id).to.equal('positive');
      expect(await codeOf(loadProfile('nothing'))).to.equal('PROFILE_UNKNOWN');
      expect(await codeOf(loadProfile('./nothing.json'))).to.equal('PROFILE_UNKNOWN');
      expect(
        await codeOf(
          loadProfile('README.md').catch(() => loadProfile('node/src/store/migrations/0001_ledger.sql')),
        ),
      ).to.equal('PROFILE_INVALID');
      const positive = findProfile('positive');
      const invalid = async (change: object): Promise<string> =>
        codeOf((async () => parseProfile({ ...structuredClone(positive), ...change }))());
      expect(await invalid({ class: 4 })).to.equal('PROFILE_INVALID');
      expect(await invalid({ surprise: 1 })).to.equal('PROFILE_INVALID');
      expect(await invalid({ record: { ...positive?.record, day: 'nothing' } })).to.equal('PROFILE_INVALID');
    });

    it('cannot map a personal column', async () => {
      const positive = structuredClone(findProfile('positive'));
      positive?.columns.push({
        names: ['法定代表人证件号码'],
        field: 'remark2',
        type: 'text',
        required: 'no',
        volatile: false,
      });
      expect(await codeOf((async () => parseProfile(positive))())).to.equal('PROFILE_INVALID');
    });

    it('map to kinds of their own class only', async () => {
      const kindClass = new Map(CATALOGUE.kinds.map(({ slug, class: of }) => [slug, of]));
      for (const { kinds, class: of } of PROFILES) {
        const mapping = JSON.parse(await readFile(`node/src/intake/mappings/${kinds}.json`, 'utf8')) as {
          rules: { kind: string }[];
          otherwise: string | null;
        };
        for (const kind of [
          ...mapping.rules.map((rule) => rule.kind),
          ...(mapping.otherwise === null ? [] : [mapping.otherwise]),
        ])
          expect(kindClass.get(kind), kind).to.equal(of);
      }
    });

    it('give "today" by the clock that they are told', async () => {
      const profile = parseProfile({
        ...structuredClone(findProfile('positive')),
        id: 'today-profile',
        columns: findProfile('positive')?.columns.filter(({ field }) => field !== 'decisionDate'),
        fixed: { decisionDate: 'today' },
      });
      const table = tableOfRows(
        [
          '主体名称',
          '统一社会信用代码',
          '正面信息编号',
          '正面信息类别',
          '正面信息内容',
          '认定单位',
          '认定单位统一社会信用代码',
        ],
        [['北京示例有限公司', anyCode(), '正1号', '按期纳税', 'x', '示例税务局', '']],
      );
      for await (const outcome of convertRows(table, await planTable(table, profile), {
        today: '2026-01-02',
      })) {
        expect('record' in outcome && outcome.record.day).to.equal(dayOfDate('2026-01-02'));
      }
    });
  });

  describe('severity and kind', () => {
    const outcome = async (change: SampleRow): Promise<string> => {
      const { recordList } = await runRows([penaltyRow(change)]);
      const record = recordList?.[0];
      return `${CATALOGUE.kinds.find(({ code }) => code === record?.kind)?.slug ?? ''} ${record?.severity ?? ''} ${/#(\S+)/u.exec(record?.severityBasis ?? '')?.[1] ?? record?.severityBasis ?? ''}`;
    };

    it('are set by the standard of the authority that decided', async () => {
      const fine = { '罚款金额（万元）': '50' };
      expect(await outcome(fine)).to.equal('fine 3 fine-500000');
      expect(await outcome({ ...fine, 处罚机关: '天津市示例生态环境局' })).to.equal('fine 2 fine-200000');
      expect(await outcome({ ...fine, 处罚机关: '河北省示例交通运输局' })).to.equal('fine 2 fine-30000');
      expect(await outcome({ ...fine, 处罚机关: '示例统计局' })).to.equal('fine 2 fine-100000');
      expect(await outcome({ '罚款金额（万元）': '49.999999' })).to.equal('fine 2 fine-100000');
    });

    it('follow the gravest kind, and the text where the template does not say which', async () => {
      expect(await outcome({ 处罚类别: '罚款；责令停产停业' })).to.equal(
        'production-stopped 3 stop-or-revoke',
      );
      expect(await outcome({ 处罚类别: '暂扣或吊销许可证/执照', 处罚内容: '吊销营业执照' })).to.equal(
        'licence-revoked 3 stop-or-revoke',
      );
      expect(await outcome({ 处罚类别: '暂扣或吊销许可证/执照', 处罚内容: '暂扣许可证三个月' })).to.equal(
        'licence-suspended 2 restrict-or-suspend',
      );
    });

    it('are taken from the source where it labels its records', async () => {
      const { recordList } = await runRows(
        [{ ...penaltyRow({ '罚款金额（万元）': '999' }), 失信程度: '一般' }],
        [...PENALTY_COLUMNS, '失信程度'],
      );
      expect(recordList?.[0]).to.include({ severity: 1 });
      expect(recordList?.[0]?.severityBasis).to.contain('来源部门标定');
      expect(
        codes(await runRows([{ ...penaltyRow(), 失信程度: '中等' }], [...PENALTY_COLUMNS, '失信程度'])),
      ).to.deep.equal(['SEVERITY_UNKNOWN']);
    });

    it('read the fine of the old template from its text, and only when it names one amount', async () => {
      const columns = [
        '行政处罚决定书文号',
        '处罚名称',
        '处罚类别1',
        '处罚事由',
        '处罚依据',
        '行政相对人名称',
        '行政相对人代码_1',
        '处罚结果',
        '处罚决定日期',
        '处罚截止期',
        '处罚机关',
        '处罚类别2',
        '公示期限',
        '当前状态',
        '地方编码',
        '数据更新时间戳',
      ];
      const row = (result: string): SampleRow => ({
        行政处罚决定书文号: '冀罚〔2020〕1号',
        处罚名称: 'x',
        处罚类别1: '罚款',
        处罚事由: 'x',
        处罚依据: 'x',
        行政相对人名称: '示例运输有限公司',
        行政相对人代码_1: anyCode('91', '130102'),
        处罚结果: result,
        处罚决定日期: '2020-01-01',
        处罚机关: '河北省示例交通运输局',
      });
      const amount = async (result: string): Promise<string> => {
        const report = await runRows([row(result)], columns);
        return report.recordList?.[0]?.amountFen ?? codes(report).join();
      };
      expect(await amount('罚款人民币伍仟元整')).to.equal('500000');
      expect(await amount('处以罚款：20,000元')).to.equal('2000000');
      expect(await amount('罚款1.5万元')).to.equal('1500000');
      expect(await amount('罚款1万元，对负责人罚款2万元')).to.equal('AMOUNT_MISSING');
      expect(await amount('罚款若干')).to.equal('AMOUNT_MISSING');
    });
  });

  describe('persons', () => {
    const idNumber = '11010519491231002X';

    it('are no subjects: nothing of their rows is shown', async () => {
      const canary = '金丝雀';
      for (const change of [
        { 行政相对人名称: canary, 行政相对人类别: '自然人', [CODE]: '' },
        { 行政相对人名称: canary, [CODE]: idNumber },
        { 行政相对人名称: canary, 行政相对人类别: '', [CODE]: '无' },
        { 行政相对人名称: idNumber, [CODE]: '' },
      ]) {
        const output = new PassThrough();
        const bytes = buffer(output);
        const report = await dryRun(
          penaltyCsv([penaltyRow({ ...change, 违法事实: canary, 法定代表人: canary })]),
          { fileName: 'a', today: TODAY, withRecords: true, failedRowsTo: output },
        );
        expect(codes(report)).to.have.length(1);
        expect(codes(report)[0]).to.match(/^NATURAL_PERSON/u);
        const cells = await cellsOfTable(await readTable(await bytes, 'report.xlsx'));
        for (const text of [JSON.stringify(report), JSON.stringify(cells)])
          expect(text).not.to.contain(canary).and.not.contain(idNumber);
      }
    });

    it('do not hide in an individual business, which is an organisation', async () => {
      const report = await runRows([
        penaltyRow({ 行政相对人名称: '张三', 行政相对人类别: '个体工商户', [CODE]: anyCode('92') }),
      ]);
      expect(report.records).to.equal(1);
    });

    it('are kept out of free text and of issues', async () => {
      const report = await runRows([
        penaltyRow({ 违法事实: `当事人（身份证${idNumber}，电话１３８００００００００）` }),
        penaltyRow({ 处罚决定日期: `见${idNumber}` }),
      ]);
      expect(JSON.stringify(report)).not.to.contain(idNumber).and.not.contain('13800000000');
      expect(report.warnings.map(({ code }) => code)).to.include('PERSONAL_NUMBER_REMOVED');
    });

    it('are kept out of the tax number of an individual business, which was its owner’s', async () => {
      const column = '行政相对人代码_4(税务登记号)';
      for (const number of [idNumber, `${idNumber}00`, `${idNumber}L1`]) {
        const report = await runRows([penaltyRow({ [column]: number })]);
        expect(report.records).to.equal(1);
        expect(JSON.stringify(report)).not.to.contain(idNumber);
      }
    });

    it('are recognised by the check character of their number', () => {
      expect(isResidentId(idNumber)).to.equal(true);
      expect(isResidentId('110105194912310021')).to.equal(false);
      expect(isResidentId('91110108MA000ABC2K')).to.equal(false);
      expect(withoutPersonalNumbers('文号 110105194912310021')).to.equal('文号 110105194912310021');
    });

    it('have their columns dropped in every template', () => {
      for (const name of [
        '法定代表人',
        '法定代表人姓名',
        '法定代表人证件类型',
        '法定代表人证件号码',
        '证件类型',
        '证件号码',
        '行政相对人代码_5 (居民身份证号)',
        'CF_FRDB',
        'XK_FRDB',
        'CF_FR_SFZH',
        'XK_FR_ZJLX',
        'XK_XDR_ZJLX',
        '联系电话',
        '法 定 代 表 人',
      ])
        expect(isPersonalHeader(name), name).to.equal(true);
      for (const profile of PROFILES)
        for (const { names } of profile.columns)
          for (const name of names) expect(isPersonalHeader(name), name).to.equal(false);
    });
  });

  describe('the report', () => {
    it('can be mended and imported again as it is', async () => {
      const rows = [
        penaltyRow(),
        penaltyRow({ 处罚决定日期: '01/02/2025' }),
        penaltyRow({ [CODE]: '' }),
        penaltyRow({ 违法事实: '=HYPERLINK("http://x")', '罚款金额（万元）': '-1' }),
      ];
      const output = new PassThrough();
      const collected = buffer(output);
      const report = await dryRun(penaltyCsv(rows), {
        fileName: 'a.csv',
        today: TODAY,
        failedRowsTo: output,
      });
      expect(report.rowsWithIssues).to.equal(3);
      const bytes = await collected;
      const cells = await cellsOfTable(await readTable(bytes, 'r.xlsx'));
      expect(cells[0]?.filter((cell) => String(cell).startsWith('※'))).to.have.length(6);
      expect(JSON.stringify(cells)).to.contain('DATE_AMBIGUOUS').and.contain('日期有多种读法');
      // As it is, the same rows fail again, for the same reasons, and the appended columns do not matter.
      const again = await dryRun(bytes, { fileName: 'r.xlsx', today: TODAY });
      expect(codes(again)).to.deep.equal(codes(report));
      expect(again.ignoredColumns).to.deep.equal([]);
      // Mended, they are records.
      const header = (cells[0] ?? []).map(String);
      const fixes: Record<string, string> = {
        处罚决定日期: '2025/02/01',
        [CODE]: anyCode(),
        '罚款金额（万元）': '1',
      };
      const mended = cells
        .slice(1)
        .map((row) =>
          header.map((name, i) => fixes[name] ?? (typeof row[i] === 'object' ? row[i].text : (row[i] ?? ''))),
        );
      const table = tableOfRows(
        header,
        mended.map((row) => row.map(String)),
      );
      let records = 0;
      for await (const outcome of convertRows(table, await planTable(table), { today: TODAY })) {
        expect(
          'record' in outcome,
          JSON.stringify(outcome, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
        ).to.equal(true);
        records++;
        if ('record' in outcome && outcome.row === 4)
          expect(outcome.record.fields.find(({ name }) => name === 'facts')?.value).to.equal(
            '=HYPERLINK("http://x")',
          );
      }
      expect(records).to.equal(3);
    });

    it('holds no text that a spreadsheet could take for a formula', async () => {
      for (const text of [
        '=1+1',
        '+1+1',
        '-2+3',
        '@SUM(A1)',
        '\t=1',
        ' =1',
        '|calc',
        '%0A',
        "=cmd|' /C calc'!A0",
      ])
        expect(formulaSafe(text)).to.equal(`'${text}`);
      for (const text of ['-1', '1.5', '北京', 'a=b', '']) expect(formulaSafe(text)).to.equal(text);
      const output = new PassThrough();
      const collected = buffer(output);
      await dryRun(penaltyCsv([penaltyRow({ 违法事实: '=1+1', 备注: '@x', 行政处罚决定书文号: '+无' })]), {
        fileName: 'a',
        today: TODAY,
        failedRowsTo: output,
      });
      for (const row of await cellsOfTable(await readTable(await collected, 'r.xlsx'))) {
        for (const cell of row)
          expect(typeof cell === 'string' ? cell : cell.type === 'number' ? '' : cell.type).not.to.match(
            /^[=+@]|formula/u,
          );
      }
    });

    it('is explained in the documentation, code by code', async () => {
      const text = await readFile('docs/intake.md', 'utf8');
      for (const code of [...Object.keys(ISSUES), ...FILE_ERROR_CODES])
        expect(text).to.contain(`\`${code}\``);
      for (const { id } of PROFILES) expect(text).to.contain(`\`${id}\``);
    });

    it('has texts in both languages for every code', () => {
      for (const [code, { en, zh, doEn, doZh }] of Object.entries(ISSUES)) {
        for (const text of [en, doEn]) expect(text, code).to.match(/[a-z]/u);
        for (const text of [zh, doZh]) expect(text, code).to.match(/\p{Script=Han}/u);
      }
    });
  });

  it('counts every row as a record, a duplicate or a row with issues, whatever is in it', async function () {
    this.timeout(30_000);
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom(
        '',
        '/',
        '2025/06/01',
        '1',
        '罚款',
        '自然人',
        '91110108MA000ABC2K',
        '=1+1',
        '京罚〔2025〕1号',
        '北京示例有限公司',
        '长期',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(cell, { minLength: 30, maxLength: 31 }), { minLength: 1, maxLength: 6 }),
        async (rows) => {
          fc.pre(rows.some((cells) => cells.some((text) => text.trim() !== '')));
          const table = tableOfRows(PENALTY_COLUMNS, rows);
          let outcomes = 0;
          for await (const outcome of convertRows(
            table,
            await planTable(table, findProfile('shuanggongshi-penalty')),
            { today: TODAY },
          )) {
            outcomes++;
            const is = ['record' in outcome, 'issues' in outcome, 'duplicateOf' in outcome].filter(
              Boolean,
            ).length;
            expect(is).to.equal(1);
            if ('issues' in outcome) expect(outcome.issues.length).to.be.greaterThan(0);
          }
          expect(outcomes).to.equal(rows.filter((cells) => cells.some((text) => text.trim() !== '')).length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('holds less than 200 bytes for each row that it has read', async function () {
    this.timeout(60_000);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const dir = await mkdtemp(join(tmpdir(), 'large-'));
    const path = join(dir, 'large.csv');
    const rows = 20_000;
    await makeLargeFile(path, rows, { today: TODAY, seed: 1 });
    const table = await readTable(await fileSource(path), path);
    try {
      const plan = await planTable(table);
      let read = 0;
      let before = 0;
      let after = 0;
      const held = (): number => {
        collect();
        const { heapUsed, external } = process.memoryUsage();
        return heapUsed + external;
      };
      for await (const outcome of convertRows(table, plan, { today: TODAY })) {
        read++;
        expect('record' in outcome).to.equal(true);
        if (read === 4000) before = held();
        if (read === rows - 1) after = held();
      }
      expect(read).to.equal(rows);
      expect((after - before) / (rows - 4000)).to.be.below(200);
    } finally {
      await table.close();
      await rm(dir, { recursive: true });
    }
  });

  it('takes the cells of a workbook as the same content as those of a CSV file', async () => {
    const row = penaltyRow({ '罚款金额（万元）': '0.3' });
    const typed: SampleRow = {
      ...row,
      '罚款金额（万元）': '<c><v>0.30000000000000004</v></c>',
      处罚决定日期: '<c><v>45809</v></c>',
    };
    const workbook = zipOf(
      bareWorkbook(sheetOf([PENALTY_COLUMNS, PENALTY_COLUMNS.map((name) => typed[name] ?? '')])),
    );
    const one = await runRows([row]);
    const two = await dryRun(workbook, { fileName: 'a.xlsx', today: TODAY, withRecords: true });
    expect(two.recordList?.[0]?.contentHash).to.equal(one.recordList?.[0]?.contentHash);
  });

  it('makes the same samples from the same seed, and other companies from another', async function () {
    this.timeout(30_000);
    const dirs = await Promise.all([1, 2, 3].map(() => mkdtemp(join(tmpdir(), 'samples-'))));
    const [a = '', b = '', c = ''] = dirs;
    try {
      await makeSamples({ today: TODAY, seed: 1, dir: a });
      await makeSamples({ today: TODAY, seed: 1, dir: b });
      const other = await makeSamples({ today: '2027-03-01', seed: 2, dir: c });
      for (const file of ['beijing-penalties.csv', 'beijing-permits.xlsx', 'cast.json']) {
        expect((await readFile(join(a, file))).equals(await readFile(join(b, file))), file).to.equal(true);
        expect(
          (await readFile(join(a, file))).equals(await readFile(`test/samples/${file}`)),
          `${file} as committed`,
        ).to.equal(true);
      }
      for (const { file } of Object.values(other.imports).flatMap(({ files }) => files)) {
        const report = await dryRun(await readFile(join(c, file)), { fileName: file, today: '2027-03-01' });
        expect(report.rowsWithIssues, file).to.equal(0);
      }
    } finally {
      await Promise.all(dirs.map((dir) => rm(dir, { recursive: true })));
    }
  });
});
