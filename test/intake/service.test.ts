import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Day, dayOfDate } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { PENALTY_COLUMNS, type SampleRow } from '../../scripts/lib/templates.ts';
import type { Clock } from '../../node/src/clock.ts';
import { correctedRecord, readOperations, type Operation } from '../../node/src/intake/operations.ts';
import { findProfile } from '../../node/src/intake/profile.ts';
import { type ImportResult, ImportService, type OnRecords } from '../../node/src/intake/service.ts';
import { readTable, tableOfRows } from '../../node/src/intake/table.ts';
import { judgeRepair } from '../../node/src/registers/index.ts';
import { type Database, migrate, openDatabase } from '../../node/src/store/index.ts';
import { RecordStore } from '../../node/src/store/records.ts';
import { anyCode, cellsOfTable, codeOf, penaltyCsv, penaltyRow } from './helpers.ts';

const CODE = '行政相对人代码_1(统一社会信用代码)';
const clock: Clock = { now: () => new Date('2026-11-23T10:00:00+08:00') };

describe('intake: the import service', function () {
  this.timeout(60_000);
  let db: Database;
  let service: ImportService;
  const seen: bigint[] = [];
  const onRecords: OnRecords = async (_, records) => {
    seen.push(...records.map(({ id }) => id));
  };

  before(async () => {
    db = await openDatabase({ memory: true });
    await migrate(db);
  });
  after(() => db.close());
  beforeEach(async () => {
    await db.exec('TRUNCATE imports, records, import_issues, import_failed_rows RESTART IDENTITY CASCADE');
    seen.length = 0;
    service = new ImportService(db, clock, onRecords);
  });

  const importRows = (rows: readonly SampleRow[], by = service): Promise<ImportResult> =>
    by.importFile({ input: penaltyCsv(rows), fileName: 'a.csv', startedBy: 'test' });
  const counts = ({ rows, records, duplicates, rowsWithIssues }: ImportResult): number[] => {
    expect(rows).to.equal(records + duplicates + rowsWithIssues);
    return [rows, records, duplicates, rowsWithIssues];
  };
  const everything = async (): Promise<string> => {
    const tables = await db.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const texts = await Promise.all(
      tables.map(({ name }) => db.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`)),
    );
    return texts
      .flat()
      .map(({ text }) => text)
      .join('\n');
  };

  it('stores records as they were converted, and tells who follows them in the same transaction', async () => {
    const row = penaltyRow({ '罚款金额（万元）': '123456.789012' });
    const result = await importRows([row, penaltyRow()]);
    expect(counts(result)).to.deep.equal([2, 2, 0, 0]);
    const [record, other] = await new RecordStore(db).list();
    expect(record).to.deep.include({
      uscc: row[CODE],
      amountFen: 123456789012n,
      day: dayOfDate('2025-06-01'),
      importId: result.importId,
      importRow: 2,
    });
    expect(record?.fields.map(({ name }) => name)).to.include.members([
      'facts',
      'legalBasis',
      'authorityName',
    ]);
    expect(seen).to.deep.equal([record?.id, other?.id]);
    expect(await service.find(result.importId)).to.deep.include({
      state: 'done',
      rows: 2,
      records: 2,
      startedBy: 'test',
      profile: 'shuanggongshi-penalty@1',
    });
  });

  it('changes nothing when the same file is imported again, in another format or spelling too', async () => {
    const rows = Array.from({ length: 30 }, () => penaltyRow());
    expect(counts(await importRows(rows))).to.deep.equal([30, 30, 0, 0]);
    const before = await new RecordStore(db).list();
    expect(counts(await importRows(rows))).to.deep.equal([30, 0, 30, 0]);
    const respelled = rows.map((row) => ({
      ...row,
      处罚决定日期: '2025年6月1日',
      [CODE]: (row[CODE] ?? '').toLowerCase(),
      '罚款金额（万元）': '10000元',
    }));
    expect(counts(await importRows(respelled))).to.deep.equal([30, 0, 30, 0]);
    expect(await new RecordStore(db).list()).to.deep.equal(before);
    expect(seen).to.have.length(30);
  });

  it('says that a record was revoked when its file comes again, and nothing of one that was corrected', async () => {
    const rows = [penaltyRow(), penaltyRow(), penaltyRow()];
    await importRows(rows);
    const revoke = async (recordId: number, bundle: number | null): Promise<unknown> =>
      db.query(
        `INSERT INTO entries (key_id, record_id, op, class, subject_key, chain_index, packed, content, body, salts,
           bundle, created_at) VALUES ('k', $1, 1, 1, $2, 1, $2, $2, $2, '[]', $3, now())`,
        [recordId, new Uint8Array([recordId]), bundle],
      );
    await db.query(`INSERT INTO own_registers (key_id, secret_commit, promise_seconds, created_at)
                    VALUES ('k', '\\x01', 60, now()) ON CONFLICT DO NOTHING`);
    await revoke(2, null);
    await revoke(3, 17);
    const again = await importRows([...rows.slice(0, 1), { ...rows[1], 违法事实: '其他' }, ...rows.slice(1)]);
    expect(counts(again)).to.deep.equal([4, 0, 2, 2]);
    const issues = await service.issues(again.importId);
    expect(issues.map(({ code, row }) => [code, row])).to.deep.equal([
      ['RECORD_REVOKED', 3],
      ['CONFLICTS_WITH_RECORD', 4],
    ]);
    const alone = await service.issues((await importRows(rows)).importId);
    expect(alone.map(({ code, row }) => [code, row])).to.deep.equal([['RECORD_REVOKED', 3]]);
    expect(alone[0]?.message.zh).to.equal('该文书的记录（记录 2 / record 2）已撤销，再次导入不会恢复。');
  });

  it('never makes a second record of one document: other content is an issue that names the differences', async () => {
    const row = penaltyRow();
    await importRows([row]);
    const change: SampleRow[] = [
      { ...row, '罚款金额（万元）': '2', 处罚内容: '罚款2万元' },
      { ...row, [CODE]: anyCode() },
      {
        ...row,
        行政处罚决定书文号: (row['行政处罚决定书文号'] ?? '').replace('〔', '（').replace('〕', '）'),
        违法事实: '其他',
      },
    ];
    const result = await importRows(change);
    expect(counts(result)).to.deep.equal([3, 0, 0, 3]);
    const issues = await service.issues(result.importId);
    expect(issues.map(({ code }) => code)).to.deep.equal(Array(3).fill('CONFLICTS_WITH_RECORD'));
    expect(issues[0]?.message.en).to.contain('differs in 处罚内容、罚款金额（万元）').and.contain('record 1');
    expect(issues[0]?.message.zh).to.contain('不同项：处罚内容、罚款金额（万元）。');
    expect(issues[1]?.message.en).to.contain('it differs in 主体 / subject');
    expect(await new RecordStore(db).count()).to.equal(1);
  });

  it('recognises repeats across the chunks of one file', async () => {
    const rows = Array.from({ length: 1200 }, () => penaltyRow());
    const [first] = rows;
    const result = await importRows([...rows, first ?? {}, { ...first, 违法事实: '别的' }]);
    expect(counts(result)).to.deep.equal([1202, 1200, 1, 1]);
  });

  it('keeps one number in two classes apart', async () => {
    const row = penaltyRow();
    await importRows([row]);
    const positive = tableOfRows(
      [
        '主体名称',
        '统一社会信用代码',
        '正面信息编号',
        '正面信息类别',
        '正面信息内容',
        '认定日期',
        '认定单位',
        '认定单位统一社会信用代码',
      ],
      [
        [
          '北京示例有限公司',
          row[CODE] ?? '',
          row['行政处罚决定书文号'] ?? '',
          '按期纳税',
          'x',
          '2025-01-01',
          '示例税务局',
          '',
        ],
      ],
    );
    const { planTable } = await import('../../node/src/intake/plan.ts');
    expect(
      counts(await service.importTable(positive, await planTable(positive), 'api', new Uint8Array(32))),
    ).to.deep.equal([1, 1, 0, 0]);
  });

  it('completes a file after a crash half-way, without a double', async () => {
    const rows = Array.from({ length: 1300 }, (_, i) =>
      penaltyRow(i % 100 === 7 ? { 处罚决定日期: '近日' } : {}),
    );
    let chunks = 0;
    const crashing = new ImportService(db, clock, async (_, records) => {
      if (++chunks === 2) throw new Error('power cut');
      seen.push(...records.map(({ id }) => id));
    });
    let thrown: unknown;
    await importRows(rows, crashing).catch((error: unknown) => (thrown = error));
    expect(String(thrown)).to.contain('power cut');
    const half = await new RecordStore(db).count();
    expect(half).to.be.greaterThan(400).and.below(500);
    const again = await importRows(rows);
    expect(counts(again)).to.deep.equal([1300, 1287 - half, half, 13]);
    expect(new Set(seen).size).to.equal(1287);
    expect(await new RecordStore(db).count()).to.equal(1287);
  });

  it('marks what a crash left running, and keeps what it wrote', async () => {
    await db.query(
      `INSERT INTO imports (file_name, file_sha256, profile, columns, state, started_by, started_at) VALUES ('x', $1, 'p', '[]', 'running', 'me', $2)`,
      [new Uint8Array(32), clock.now()],
    );
    expect(await service.failInterrupted()).to.equal(1);
    expect(await service.failInterrupted()).to.equal(0);
    expect(await service.find(1n)).to.deep.include({
      state: 'failed',
      error: { code: 'IMPORT_INTERRUPTED' },
    });
  });

  it('writes nothing of a file that turns out broken at its end', async () => {
    const good = penaltyCsv(Array.from({ length: 1200 }, () => penaltyRow()));
    const broken = Buffer.concat([good, Buffer.from('"never closed,\r\n')]);
    expect(
      await codeOf(service.importFile({ input: broken, fileName: 'a.csv', startedBy: 'test' })),
    ).to.equal('CSV_QUOTES_BROKEN');
    const huge = Buffer.concat([good, Buffer.from(`"${'x'.repeat(40_000)}"\r\n`)]);
    expect(await codeOf(service.importFile({ input: huge, fileName: 'a.csv', startedBy: 'test' }))).to.equal(
      'CELL_TOO_LARGE',
    );
    expect(await new RecordStore(db).count()).to.equal(0);
    expect(await db.query('SELECT 1 FROM imports')).to.deep.equal([]);
    expect(seen).to.deep.equal([]);
  });

  it('lets no personal column, number or person into the database or the report', async () => {
    const canaries = [
      '金丝雀甲',
      '金丝雀乙',
      '金丝雀丙',
      '11010519491231002X',
      'CANARY-PASSPORT',
      '13912345678',
      '金丝雀丁',
      '金丝雀戊',
    ];
    const personal: SampleRow = {
      法定代表人: '金丝雀甲',
      法定代表人证件类型: 'CANARY-PASSPORT',
      法定代表人证件号码: '11010519491231002X',
      证件类型: 'CANARY-PASSPORT',
      证件号码: '11010519491231002X',
    };
    const rows = [
      penaltyRow(personal),
      penaltyRow({ ...personal, 处罚决定日期: '近日' }),
      penaltyRow({
        ...personal,
        行政相对人名称: '金丝雀乙',
        行政相对人类别: '自然人',
        [CODE]: '',
        违法事实: '金丝雀丙',
      }),
      penaltyRow({ 行政相对人名称: '金丝雀丁', 行政相对人类别: '', [CODE]: '11010519491231002X' }),
      penaltyRow({ 违法事实: '联系电话13912345678，身份证11010519491231002X', 备注: '1.1.13912345678' }),
      penaltyRow({ 违法事实: '电话13912345678', 处罚有效期: '见11010519491231002X' }),
    ];
    const bytes = Buffer.from(
      penaltyCsv(rows)
        .toString()
        .replace('备注\r\n', '备注,联系人\r\n')
        .replace(/\r\n(?!$)/gu, ',金丝雀戊\r\n')
        .replace('联系人,金丝雀戊', '联系人'),
    );
    const result = await service.importFile({ input: bytes, fileName: 'a.csv', startedBy: 'test' });
    expect(counts(result)).to.deep.equal([6, 2, 0, 4]);
    const output = new PassThrough();
    const collected = buffer(output);
    await service.writeFailedRows(result.importId, output);
    const report = JSON.stringify(await cellsOfTable(await readTable(await collected, 'r.xlsx')));
    const stored = await everything();
    expect(stored).to.contain('北京示例检验有限公司');
    for (const canary of canaries) {
      expect(stored, canary).not.to.contain(canary);
      expect(report, canary).not.to.contain(canary);
    }
  });

  it('writes the failed rows of an import as a workbook that it takes back', async () => {
    const rows = [penaltyRow(), penaltyRow({ 处罚决定日期: '2025-02-30' }), penaltyRow({ 处罚类别: '' })];
    const result = await importRows(rows);
    const output = new PassThrough();
    const collected = buffer(output);
    await service.writeFailedRows(result.importId, output);
    const bytes = await collected;
    const cells = await cellsOfTable(await readTable(bytes, 'r.xlsx'));
    expect(cells).to.have.length(3);
    expect(JSON.stringify(cells[1])).to.contain('DATE_IMPOSSIBLE');
    const again = await service.importFile({ input: bytes, fileName: 'r.xlsx', startedBy: 'test' });
    expect(counts(again)).to.deep.equal([2, 0, 0, 2]);
  });

  it('tells how far it is', async () => {
    const heard: [number, number][] = [];
    await service.importFile({
      input: penaltyCsv(Array.from({ length: 1100 }, () => penaltyRow())),
      fileName: 'a.csv',
      startedBy: 'test',
      onProgress: ({ rows }, total) => heard.push([rows, total]),
    });
    expect(heard).to.deep.equal([
      [500, 1100],
      [1000, 1100],
      [1100, 1100],
    ]);
  });

  it('imports every sample of the cast and finds its companies', async () => {
    const cast = JSON.parse(await readFile('test/samples/cast.json', 'utf8')) as {
      companies: { role: string; uscc: string }[];
      imports: { beijing: { files: { file: string }[] } };
    };
    for (const { file } of cast.imports.beijing.files) {
      const result = await service.importFile({
        input: await readFile(`test/samples/${file}`),
        fileName: file,
        startedBy: 'test',
      });
      expect(result.records, file).to.equal(result.rows);
    }
    const today = dayOfDate('2026-11-23');
    for (const { role, uscc } of cast.companies) {
      const records = await new RecordStore(db).list({ uscc, class: 1 });
      expect(records.length, role).to.equal(role === 'clean' ? 0 : 1);
      const [record] = records;
      if (record === undefined) continue;
      expect(record.severity, role).to.equal(role === 'general' ? 1 : 3);
      expect(record.until, role).to.be.greaterThan(today);
      expect(today - record.day > 1095, role).to.equal(role === 'old');
    }
  });

  describe('operations', () => {
    const read = async (file: string): Promise<Operation[]> => {
      const operations: Operation[] = [];
      for await (const outcome of readOperations(
        await readTable(await readFile(`test/samples/${file}`), file),
        { today: '2026-11-23' },
      )) {
        if (!('operation' in outcome)) throw new Error(JSON.stringify(outcome));
        operations.push(outcome.operation);
      }
      return operations;
    };

    it('are read from the samples, and name documents that the samples hold', async () => {
      await service.importFile({
        input: await readFile('test/samples/beijing-penalties.csv'),
        fileName: 'b',
        startedBy: 'test',
      });
      const operations = await read('beijing-operations.csv');
      expect(operations.map(({ op }) => op)).to.deep.equal([
        'repair',
        'repair',
        'revoke',
        'dispute',
        'dispute',
        'settle',
        'correct',
      ]);
      for (const { documentNumber, day } of operations) {
        const [record] = await new RecordStore(db).withDocumentNumbers(1, [documentNumber]);
        expect(record?.day).to.be.at.most(day);
      }
      expect((await read('hebei-operations.csv')).map(({ op }) => op)).to.include('correct');
    });

    it('of the samples repair only what the rules of their days allow', async () => {
      const files = ['beijing-penalties.csv', 'tianjin-penalties.xlsx', 'hebei-penalties-2015.csv'];
      for (const file of files) {
        await service.importFile({
          input: await readFile(`test/samples/${file}`),
          fileName: file,
          startedBy: 'test',
        });
      }
      let repairs = 0;
      for (const place of ['beijing', 'tianjin', 'hebei']) {
        for (const { op, documentNumber, day, conditionsMet } of await read(`${place}-operations.csv`)) {
          if (op !== 'repair') continue;
          repairs += 1;
          const [record] = await new RecordStore(db).withDocumentNumbers(1, [documentNumber]);
          if (record === undefined) throw new Error(documentNumber);
          expect(judgeRepair(record, day as Day, conditionsMet).refusal, documentNumber).to.equal(null);
          expect(judgeRepair(record, day as Day, []).refusal, documentNumber).to.equal('conditions');
        }
      }
      expect(repairs).to.equal(4);
    });

    it('make a corrected record by the rules of a row, and refuse a correction that is none', async () => {
      const profile = findProfile('shuanggongshi-penalty');
      if (profile === undefined) throw new Error('no profile');
      await importRows([penaltyRow({ 处罚有效期: '长期', 处罚类别: '警告；罚款' })]);
      const [stored] = await new RecordStore(db).list();
      if (stored === undefined) throw new Error('no record');
      const same = await correctedRecord(stored, [], profile, '2026-11-23');
      expect('record' in same && same.record.contentHash).to.equal(stored.contentHash);
      const corrected = await correctedRecord(
        stored,
        [{ column: '罚款金额(万元)', value: '60' }],
        profile,
        '2026-11-23',
      );
      expect('record' in corrected && corrected.record).to.deep.include({
        amountFen: 60_000_000n,
        severity: 3,
        documentNumber: stored.documentNumber,
        until: stored.until,
      });
      const wrong = await correctedRecord(
        stored,
        [{ column: '处罚决定日期', value: '近日' }],
        profile,
        '2026-11-23',
      );
      expect('issues' in wrong && wrong.issues[0]?.code).to.equal('DATE_VAGUE');
      const unknown = await correctedRecord(
        stored,
        [{ column: '法定代表人', value: 'x' }],
        profile,
        '2026-11-23',
      );
      expect('issues' in unknown && unknown.issues[0]?.code).to.equal('COLUMN_UNKNOWN');
    });

    it('can correct every record of every sample into itself', async () => {
      for (const file of [
        'beijing-penalties.csv',
        'beijing-permits.xlsx',
        'beijing-positive.csv',
        'hebei-penalties-2015.csv',
        'tianjin-permits-2015.csv',
        'tianjin-export.csv',
      ]) {
        await db.exec(
          'TRUNCATE imports, records, import_issues, import_failed_rows RESTART IDENTITY CASCADE',
        );
        await service.importFile({
          input: await readFile(`test/samples/${file}`),
          fileName: file,
          startedBy: 'test',
        });
        for (const stored of await new RecordStore(db).list()) {
          const profile = findProfile(stored.sourceProfile.split('@')[0] ?? '');
          if (profile === undefined) throw new Error('no profile');
          const same = await correctedRecord(stored, [], profile, '2026-11-23');
          expect(
            'record' in same ? same.record.contentHash : JSON.stringify(same),
            `${file} ${stored.documentNumber}`,
          ).to.equal(stored.contentHash);
        }
      }
    });

    it('become issues where they cannot be read, and a file without their columns is refused', async () => {
      const outcomes: string[] = [];
      const table = tableOfRows(
        ['决定书文号', '操作', '日期', '原因', '已满足条件'],
        [
          ['京罚1号', '修复', '2026-01-01', '', '履行义务、训练'],
          ['京罚1号', '修复', '2026-01-01', '', ' 履行义务，training '],
          ['京罚1号', '删除', '2026-01-01', ''],
          ['', '撤销', '2026-01-01', ''],
          ['京罚1号', '修复', '2027-01-01', ''],
          ['京罚1号', '更正', '', ''],
          ['京罚 1 号', '撤销', '', '复议'],
        ],
      );
      for await (const outcome of readOperations(table, { today: '2026-11-23' }))
        outcomes.push(
          'issues' in outcome
            ? outcome.issues.map(({ code }) => code).join()
            : `${outcome.operation.op} ${outcome.operation.documentNumber} ${outcome.operation.day} ${outcome.operation.conditionsMet.join()}`.trim(),
        );
      expect(outcomes).to.deep.equal([
        'OPERATION_CONDITION_UNKNOWN',
        `repair 京罚1号 ${dayOfDate('2026-01-01')} obligations-done,training`,
        'OPERATION_UNKNOWN',
        'VALUE_MISSING',
        'DATE_IN_THE_FUTURE',
        'VALUE_MISSING',
        `revoke 京罚1号 ${dayOfDate('2026-11-23')}`,
      ]);
      const wrong = async (): Promise<void> => {
        for await (const _ of readOperations(tableOfRows([...PENALTY_COLUMNS], []), { today: '2026-11-23' }));
      };
      expect(await codeOf(wrong())).to.equal('OPERATION_UNKNOWN_COLUMNS');
    });
  });
});
