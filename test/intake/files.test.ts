import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { encodeGb18030 } from '../../scripts/lib/gb18030.ts';
import { PENALTY_COLUMNS } from '../../scripts/lib/templates.ts';
import { dryRun } from '../../node/src/intake/dry-run.ts';
import { DEFAULT_LIMITS } from '../../node/src/intake/limits.ts';
import { planTable } from '../../node/src/intake/plan.ts';
import { memorySource, streamSource } from '../../node/src/intake/source.ts';
import { readTable } from '../../node/src/intake/table.ts';
import {
  bareWorkbook,
  cellsOfTable,
  codeOf,
  exceljs,
  penaltyCsv,
  penaltyRow,
  sheetOf,
  TODAY,
  zipOf,
} from './helpers.ts';

const run = (bytes: Uint8Array | AsyncIterable<Uint8Array>, limits = DEFAULT_LIMITS): Promise<unknown> =>
  dryRun(bytes, { fileName: 'file', today: TODAY, limits });
const header = PENALTY_COLUMNS.join(',');

async function* repeated(prefix: string, piece: string, times: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from(prefix);
  const bytes = Buffer.from(piece);
  for (let i = 0; i < times; i++) yield bytes;
}

describe('intake: files', () => {
  describe('encodings', () => {
    const text = `${header}\r\n甲〔2025〕,"二,三"\r\n`;
    const utf16 = Buffer.from(text, 'utf16le');
    const spellings: readonly (readonly [name: string, bytes: Buffer, encoding: string])[] = [
      ['UTF-8', Buffer.from(text), 'utf-8'],
      ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`), 'utf-8'],
      ['GB18030', encodeGb18030(text), 'gb18030'],
      ['UTF-16LE with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), 'utf-16le'],
      [
        'UTF-16BE with a mark',
        Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()]),
        'utf-16be',
      ],
    ];
    for (const [name, bytes, encoding] of spellings) {
      it(`reads ${name}`, async () => {
        const table = await readTable(bytes, 'a.csv');
        expect(table.encoding).to.equal(encoding);
        const [first, second] = await cellsOfTable(table);
        expect(first?.[0]).to.equal('行政相对人名称');
        expect(second).to.deep.equal(['甲〔2025〕', '二,三']);
      });
    }

    it('reads GB18030 whose first 100 KB are ASCII, and characters cut by a chunk', async () => {
      const long = `a,b\n${'x,y\n'.repeat(30_000)}汉,字\n`;
      const rows = await cellsOfTable(await readTable(encodeGb18030(long), 'a.csv'));
      expect(rows.at(-1)).to.deep.equal(['汉', '字']);
      const han = `a,b\n${'汉字汉,字\n'.repeat(20_000)}`;
      const all = await cellsOfTable(await readTable(encodeGb18030(han), 'a.csv'));
      expect(all).to.have.length(20_001);
      expect(new Set(all.slice(1).map((cells) => cells.join()))).to.deep.equal(new Set(['汉字汉,字']));
    });

    it('does not take broken UTF-8 for GB18030', async () => {
      const broken = Buffer.concat([
        Buffer.from(`${header}\r\n甲`),
        Buffer.from([0xe4, 0xb8]),
        Buffer.from(',乙\r\n'),
      ]);
      expect(await codeOf(run(broken))).to.equal('FILE_ENCODING_BROKEN');
    });

    it('refuses text in no known encoding', async () => {
      expect(await codeOf(run(Buffer.from([0x41, 0x2c, 0xff, 0xff, 0xff, 0x0a, 0x80, 0xff])))).to.equal(
        'FILE_ENCODING_UNKNOWN',
      );
    });

    it('finds tabs and semicolons between columns', async () => {
      for (const delimiter of ['\t', ';', '|']) {
        const table = await readTable(
          Buffer.from(`甲${delimiter}乙\n"一,${delimiter}"${delimiter}二\n`),
          'a.csv',
        );
        expect(await cellsOfTable(table)).to.deep.equal([
          ['甲', '乙'],
          [`一,${delimiter}`, '二'],
        ]);
      }
    });
  });

  describe('what is refused as a whole', () => {
    const cases: readonly (readonly [name: string, bytes: Uint8Array, code: string])[] = [
      ['an empty file', new Uint8Array(0), 'FILE_EMPTY'],
      ['blanks', Buffer.from('\ufeff \r\n \n'), 'FILE_EMPTY'],
      ['a PDF', Buffer.from('%PDF-1.7\n…'), 'FILE_TYPE_UNSUPPORTED'],
      [
        'an old workbook',
        Buffer.concat([
          Buffer.from('d0cf11e0a1b11ae1', 'hex'),
          Buffer.alloc(600),
          Buffer.from('Workbook', 'utf16le'),
        ]),
        'FILE_TYPE_UNSUPPORTED',
      ],
      [
        'an encrypted workbook',
        Buffer.concat([
          Buffer.from('d0cf11e0a1b11ae1', 'hex'),
          Buffer.alloc(600),
          Buffer.from('EncryptedPackage', 'utf16le'),
        ]),
        'FILE_ENCRYPTED',
      ],
      ['a web page named .xls', Buffer.from('<html><table></table></html>'), 'FILE_TYPE_UNSUPPORTED'],
      ['JSON', Buffer.from('{"rows":[]}'), 'FILE_TYPE_UNSUPPORTED'],
      ['a program', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(100)]), 'FILE_TYPE_UNSUPPORTED'],
      [
        'a Word document',
        zipOf({
          '[Content_Types].xml': '<Types/>',
          '_rels/.rels':
            '<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="word/document.xml"/></Relationships>',
          'word/document.xml': '<w/>',
        }),
        'FILE_TYPE_UNSUPPORTED',
      ],
      [
        'an OpenDocument table',
        zipOf({ mimetype: 'application/vnd.oasis.opendocument.spreadsheet', 'content.xml': '<x/>' }),
        'FILE_TYPE_UNSUPPORTED',
      ],
      ['another archive', zipOf({ 'readme.txt': 'x' }), 'FILE_TYPE_UNSUPPORTED'],
      ['a header alone', Buffer.from(`${header}\r\n`), 'NO_ROWS'],
      ['a header with blank rows', Buffer.from(`${header}\r\n,,,\r\n\r\n`), 'NO_ROWS'],
      ['another table', Buffer.from('a,b,c\n1,2,3\n'), 'HEADER_NOT_FOUND'],
      ['a quote that never ends', Buffer.from(`${header}\r\n"甲,乙\r\n丙,丁\r\n`), 'CSV_QUOTES_BROKEN'],
      ['a quote in the middle', Buffer.from(`${header}\r\n甲,"乙"丙,丁\r\n`), 'CSV_QUOTES_BROKEN'],
      ['a truncated workbook', zipOf(bareWorkbook(sheetOf([['a']]))).subarray(0, 300), 'XLSX_BROKEN'],
      [
        'a workbook under a password of the archive',
        zipOf(bareWorkbook(sheetOf([['a']])), 1),
        'FILE_ENCRYPTED',
      ],
    ];
    for (const [name, bytes, code] of cases) {
      it(`${name}: ${code}`, async () => {
        expect(await codeOf(run(bytes))).to.equal(code);
      });
    }

    it('names all missing columns at once', async () => {
      const columns = PENALTY_COLUMNS.filter(
        (name) => !['处罚决定日期', '处罚机关', '违法事实'].includes(name),
      );
      try {
        await run(penaltyCsv([penaltyRow()], columns));
        expect.fail('must be refused');
      } catch (error) {
        expect(error).to.include({ code: 'COLUMNS_MISSING' });
        expect((error as { operands: { missing: string[] } }).operands.missing).to.have.members([
          '处罚决定日期',
          '处罚机关',
          '违法事实',
        ]);
      }
    });

    it('refuses a column that stands twice', async () => {
      expect(await codeOf(run(penaltyCsv([penaltyRow()], [...PENALTY_COLUMNS, '处罚决定日期'])))).to.equal(
        'COLUMNS_REPEATED',
      );
    });

    it('refuses too many columns, rows and bytes', async () => {
      const wide = Buffer.from(`${header}\r\n${'x,'.repeat(300)}\r\n`);
      expect(await codeOf(run(wide))).to.equal('TOO_MANY_COLUMNS');
      expect(
        await codeOf(
          run(penaltyCsv([penaltyRow(), penaltyRow(), penaltyRow()]), { ...DEFAULT_LIMITS, rows: 3 }),
        ),
      ).to.equal('TOO_MANY_ROWS');
      expect(
        await codeOf(run(repeated('a', 'b'.repeat(1000), 100), { ...DEFAULT_LIMITS, fileBytes: 50_000 })),
      ).to.equal('FILE_TOO_LARGE');
    });

    it('refuses a cell of 300 MB in a CSV file without holding it in memory', async function () {
      this.timeout(60_000);
      const before = process.memoryUsage();
      const cell = repeated(`${header}\r\n"`, 'x'.repeat(1024 * 1024), 300);
      expect(await codeOf(run(cell))).to.equal('CELL_TOO_LARGE');
      const after = process.memoryUsage();
      expect(after.heapUsed + after.external - before.heapUsed - before.external).to.be.below(
        120 * 1024 * 1024,
      );
    });
  });

  describe('workbooks', () => {
    it('reads strings, numbers, dates, rich text and escapes as they are shown', async () => {
      const strings =
        '<sst><si><t>甲</t></si><si><r><t>乙</t></r><r><t xml:space="preserve"> 丙</t></r><rPh><t>bing</t></rPh></si><si><t>a_x000D_b</t></si></sst>';
      const styles =
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/><numFmt numFmtId="165" formatCode="0.00&quot;days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>';
      const cells = [
        '<c t="s"><v>0</v></c>',
        '<c t="s"><v>1</v></c>',
        '<c t="s"><v>2</v></c>',
        '<c><v>1.5</v></c>',
        '<c s="1"><v>43831</v></c>',
        '<c s="2"><v>43831</v></c>',
        '<c s="3"><v>3</v></c>',
        '<c t="b"><v>1</v></c>',
        '<c t="e"><v>#N/A</v></c>',
        '<c><f>1+1</f><v>2</v></c>',
      ];
      const table = await readTable(
        zipOf(bareWorkbook(sheetOf([cells]), { sharedStrings: strings, styles })),
        'a.xlsx',
      );
      expect((await cellsOfTable(table))[0]).to.deep.equal([
        '甲',
        '乙 丙',
        'a\rb',
        { type: 'number', text: '1.5', isDate: false },
        { type: 'number', text: '43831', isDate: true },
        { type: 'number', text: '43831', isDate: true },
        { type: 'number', text: '3', isDate: false },
        { type: 'boolean', text: 'TRUE', isDate: false },
        { type: 'error', text: '#N/A', isDate: false },
        { type: 'formula', text: '2', isDate: false },
      ]);
    });

    it('keeps the columns of rows with gaps', async () => {
      const table = await readTable(
        zipOf(bareWorkbook(sheetOf([['甲', '', '', '丁'], [], ['', '乙']]))),
        'a.xlsx',
      );
      expect(await cellsOfTable(table)).to.deep.equal([
        ['甲', '', '', '丁'],
        ['', '乙'],
      ]);
    });

    it('reads dates by the 1904 flag of the workbook', async () => {
      const row = { ...penaltyRow(), 处罚决定日期: '<c><v>42369</v></c>' };
      const workbook = (pr: string): Buffer =>
        zipOf(
          bareWorkbook(
            sheetOf([PENALTY_COLUMNS, PENALTY_COLUMNS.map((name) => row[name as keyof typeof row] ?? '')]),
            { workbookPr: pr },
          ),
        );
      const dayOf = async (bytes: Buffer): Promise<string | undefined> => {
        const report = await dryRun(bytes, { fileName: 'a.xlsx', today: TODAY, withRecords: true });
        return report.recordList?.[0]?.fields.find(({ name }) => name === 'decisionDate')?.value;
      };
      expect(await dayOf(workbook('<workbookPr date1904="1"/>'))).to.equal('2020-01-01');
      expect(await dayOf(workbook(''))).to.equal('2015-12-31');
    });

    it('refuses a ZIP bomb by what it unpacks to, whatever it declares', async function () {
      this.timeout(30_000);
      const bomb = zipOf(
        bareWorkbook(`<worksheet><sheetData>${'<x/>'.repeat(2_000_000)}</sheetData></worksheet>`),
      );
      expect(bomb.length).to.be.below(100_000);
      expect(await codeOf(run(bomb))).to.equal('XLSX_TOO_LARGE');
      const styles = zipOf(
        bareWorkbook(sheetOf([['a']]), { styles: `<styleSheet>${'<xf/>'.repeat(1_000_000)}</styleSheet>` }),
      );
      expect(await codeOf(run(styles))).to.equal('XLSX_TOO_LARGE');
      const many = zipOf(
        bareWorkbook(sheetOf([['a']]), {
          more: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x${i}`, ''])),
        }),
      );
      expect(await codeOf(run(many))).to.equal('XLSX_TOO_LARGE');
    });

    it('refuses a part that lies about its size', async () => {
      const bytes = zipOf(
        bareWorkbook(`<worksheet><sheetData>${' '.repeat(100_000)}</sheetData></worksheet>`),
      );
      // The size in the central directory of the sheet, made smaller.
      const at = bytes.lastIndexOf('xl/worksheets/sheet1.xml') - 46;
      bytes.writeUInt32LE(100, at + 24);
      expect(await codeOf(run(bytes))).to.equal('XLSX_BROKEN');
    });

    it('refuses a cell without end, as text, shared string, CDATA, comment or attribute', async function () {
      this.timeout(30_000);
      const filler = Array.from({ length: 4096 }, (_, i) => `${i}–${(i * 2654435761) % 4294967296}`).join(
        ' ',
      );
      const long = filler.repeat(20);
      const sheet = (inner: string): Buffer =>
        zipOf(
          bareWorkbook(
            `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>${inner}</t></is></c></row></sheetData></worksheet>`,
          ),
        );
      for (const inner of [
        long,
        `<![CDATA[${long}]]>`,
        `<!--${long.replaceAll('–', '=')}-->`,
        `<x y="${long}"/>`,
      ]) {
        expect(await codeOf(run(sheet(inner)))).to.equal('CELL_TOO_LARGE');
      }
      expect(await codeOf(run(sheet('x</t><t>'.repeat(40_000))))).to.equal('CELL_TOO_LARGE');
      const shared = zipOf(
        bareWorkbook(sheetOf([['a']]), {
          sharedStrings: `<sst><si><t>${'长'.repeat(40_000)}</t></si></sst>`,
        }),
      );
      expect(await codeOf(run(shared))).to.equal('CELL_TOO_LARGE');
    });

    it('refuses entities of its own, deep nesting, rows out of order and strings that are not there', async () => {
      const laughs = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet/>';
      for (const xml of [
        laughs,
        '<a>'.repeat(100),
        '<worksheet><sheetData><row r="2"/><row r="1"/></sheetData></worksheet>',
        '<worksheet><sheetData><row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row></sheetData></worksheet>',
        '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>7</v></c></row></sheetData></worksheet>',
        '<worksheet><sheetData><row r="1"><c r="A1"><v>&undefined;</v></c></row></sheetData></worksheet>',
        '<worksheet><sheetData><row r="1">',
      ]) {
        expect(await codeOf(run(zipOf(bareWorkbook(xml)))), xml.slice(0, 80)).to.equal('XLSX_BROKEN');
      }
    });

    it('reads what exceljs writes, hidden and explaining sheets aside', async () => {
      const book = new exceljs.Workbook();
      book.addWorksheet('填表说明').addRow(['行政处罚', '说明']);
      const hidden = book.addWorksheet('旧表', { state: 'hidden' });
      hidden.addRow([...PENALTY_COLUMNS]);
      hidden.addRow(PENALTY_COLUMNS.map((name) => penaltyRow()[name] ?? ''));
      const sheet = book.addWorksheet('数据');
      sheet.addRow(['行政处罚信息公示表']);
      sheet.addRow([...PENALTY_COLUMNS]);
      sheet.addRow(PENALTY_COLUMNS.map((name) => penaltyRow()[name] ?? ''));
      const table = await readTable(new Uint8Array(await book.xlsx.writeBuffer()), 'a.xlsx');
      expect(await planTable(table)).to.deep.include({ sheet: '数据', headerRow: 2, firstRow: 3 });
      const second = book.addWorksheet('数据2');
      second.addRow([...PENALTY_COLUMNS]);
      second.addRow(PENALTY_COLUMNS.map((name) => penaltyRow()[name] ?? ''));
      expect(await codeOf(run(new Uint8Array(await book.xlsx.writeBuffer())))).to.equal('SHEETS_AMBIGUOUS');
    });

    it('refuses a formula in the header', async () => {
      const head = PENALTY_COLUMNS.map((name, i) =>
        i === 0 ? `<c t="str"><f>"x"</f><v>${name}</v></c>` : name,
      );
      const bytes = zipOf(bareWorkbook(sheetOf([head, PENALTY_COLUMNS.map(() => 'x')])));
      expect(await codeOf(run(bytes))).to.equal('HEADER_FORMULA');
    });
  });

  it('never throws anything but its own errors, whatever the bytes', async function () {
    this.timeout(30_000);
    const workbook = zipOf(
      bareWorkbook(
        sheetOf([
          ['甲', '乙'],
          ['1', '2'],
        ]),
        { sharedStrings: '<sst><si><t>x</t></si></sst>' },
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc
            .array(fc.tuple(fc.nat(workbook.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
            .map((changes) => {
              const bytes = Buffer.from(workbook);
              for (const [at, byte] of changes) bytes[at] = byte;
              return bytes;
            }),
        ),
        async (bytes) => {
          await codeOf(run(bytes));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps a large upload encrypted while it is read, and reads it from any place', async () => {
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'personal data ');
    async function* upload(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001);
    }
    const source = await streamSource(upload());
    const memory = memorySource(bytes);
    expect(source.size).to.equal(bytes.length);
    const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
      const all: Uint8Array[] = [];
      for await (const chunk of chunks) all.push(chunk);
      return Buffer.concat(all);
    };
    for (const [start, end] of [
      [0, bytes.length],
      [0, 1],
      [15, 17],
      [16, 33],
      [70_001, 200_003],
      [bytes.length - 5, bytes.length],
      [7, 7],
    ] as const) {
      expect(
        (await collect(source.chunks(start, end))).equals(await collect(memory.chunks(start, end))),
      ).to.equal(true);
    }
    await source.close();
  });

  it('reads every committed sample', async () => {
    const cast = JSON.parse(await readFile('test/samples/cast.json', 'utf8')) as {
      imports: Record<string, { files: { file: string }[] }>;
    };
    for (const { file } of Object.values(cast.imports).flatMap(({ files }) => files)) {
      const report = await dryRun(await readFile(`test/samples/${file}`), { fileName: file, today: TODAY });
      expect(report.rows, file).to.be.greaterThan(10);
      expect(report.records, file).to.equal(report.rows);
    }
  });
});
