import { expect } from 'chai';
import fc from 'fast-check';
import { readDate, readSerialDate, type DateProfile, type DateReading } from '../../node/src/intake/dates.ts';

/** A reading in one line: `A day 2020-01-01`, `Q AMBIGUOUS 2020-01-01`, `R IMPOSSIBLE`, `missing`. */
function brief(reading: DateReading): string {
  switch (reading.verdict) {
    case 'accept': {
      const warn = reading.warning === null ? '' : ` warn:${reading.warning.replace('DATE_', '')}`;
      if (reading.kind === 'day') return `A day ${reading.start}${warn}`;
      if (reading.kind === 'open') return `A open ${reading.start ?? ''}`.trim() + warn;
      return `A ${reading.kind} ${reading.start}..${reading.end}${warn}`;
    }
    case 'question':
      return `Q ${reading.code.replace('DATE_', '')} ${reading.suggestion ?? ''}`.trim();
    case 'reject':
      return `R ${reading.code.replace('DATE_', '')}`;
    case 'missing':
      return 'missing';
  }
}

const DAY = 'A day 2020-01-01';
const TODAY = '2026-11-23';

const TABLE: readonly (readonly [spelling: string, expected: string, profile?: DateProfile])[] = [
  ['2020-01-01', DAY],
  ['2020/1/1', DAY],
  ['2020/01/01', DAY],
  ['2020.1.1', DAY],
  ['2020.01.01.', DAY],
  ['20200101', DAY],
  ['20200101120000', DAY],
  ['2020年1月1日', DAY],
  ['2020年01月01日', DAY],
  ['2020年1月1号', DAY],
  ['2020年1月1', DAY],
  ['2020 年 1 月 1 日', DAY],
  ['２０２０年１月１日', DAY],
  ['２０２０－０１－０１', DAY],
  ['２０２０．０１．０１', DAY],
  ['2020—01—01', DAY],
  ['2020–01–01', DAY],
  ['2020―01―01', DAY],
  ['2020−01−01', DAY],
  ['2020 01 01', DAY],
  ['2020 - 01 - 01', DAY],
  ['2020-1/1', `${DAY} warn:MIXED_SEPARATORS`],
  ['2020年1-1', `${DAY} warn:MIXED_SEPARATORS`],
  ['二〇二〇年一月一日', DAY],
  ['二零二零年一月一日', DAY],
  ['二○二○年一月一日', DAY],
  ['二〇二〇年元月一日', DAY],
  ['二〇二〇年十二月三十一日', 'A day 2020-12-31'],
  ['二〇二〇年十二月卅一日', 'A day 2020-12-31'],
  ['二〇二〇年十月二十日', 'A day 2020-10-20'],
  ['二〇一九年十一月十五日', 'A day 2019-11-15'],
  ['二〇二〇 年 一 月 一 日', DAY],
  ['贰零贰零年壹月壹日', DAY],
  ['2020年一月一日', DAY],
  ['2020年元月1日', DAY],
  ['二千零二十年一月一日', `${DAY} warn:SPELLED_WITH_UNITS`],
  ['公元2020年1月1日', DAY],
  ['公元二〇二〇年一月一日', DAY],
  ['2020-01-01 00:00:00', DAY],
  ['2020-1-1 0:00', DAY],
  ['2020/1/1 9:05', DAY],
  ['2020/1/1 上午 9:05:00', DAY],
  ['2020-01-01 12:00:00.000', DAY],
  ['2020-01-01T12:00:00', DAY],
  ['2020年1月1日 10时30分', DAY],
  ['2020年1月1日10:30', DAY],
  ['2020-01-01 25:00:00', 'Q UNREADABLE'],
  ['2020-01-01T00:00:00+08:00', DAY],
  ['2020-01-01T00:00:00.000+0800', DAY],
  ['2019-12-31T16:00:00Z', DAY],
  ['2019-12-31T15:59:59Z', 'A day 2019-12-31'],
  ['2019-12-31T16:00:00.000Z', DAY],
  ['1577808000', DAY, { epoch: 's' }],
  ['1577808000000', DAY, { epoch: 'ms' }],
  ['1577807999', 'A day 2019-12-31', { epoch: 's' }],
  ['1577808000', 'Q AMBIGUOUS 2020-01-01'],
  ['1577808000000', 'Q AMBIGUOUS 2020-01-01'],
  ['43831', DAY, { serial: '1900' }],
  ['43831.75', DAY, { serial: '1900' }],
  ['42369', DAY, { serial: '1904' }],
  ['42369', 'A day 2015-12-31', { serial: '1900' }],
  ['43831', 'Q AMBIGUOUS 2020-01-01'],
  ["'20200101", DAY],
  ['\u00a02020-01-01\u3000\ufeff', DAY],
  ['2020-01-01\u200b', DAY],
  ['01-1月 -20', DAY, { oracle: true }],
  ['01-1月-20', DAY, { oracle: true }],
  ['31-12月-99', 'A day 1999-12-31', { oracle: true }],
  ['01-1月 -20 12.00.00.000000 上午', DAY, { oracle: true }],
  ['01-JAN-20', DAY, { oracle: true }],
  ['01-1月 -20', 'Q AMBIGUOUS 2020-01-01'],
  ['01-JAN-2020', DAY],
  ['Jan 1, 2020', DAY],
  ['1 January 2020', DAY],
  ['Wed Jan 01 00:00:00 CST 2020', DAY, { chinaStandardTime: true }],
  ['Wed Jan 01 00:00:00 CST 2020', 'Q AMBIGUOUS 2020-01-01'],
  ['Tue Dec 31 16:00:00 UTC 2019', DAY],
  ['Wed Jan 01 2020 00:00:00 GMT+0800 (中国标准时间)', DAY],
  ['Wed, 01 Jan 2020 00:00:00 +0800', DAY],
  ['20-01-01', 'Q AMBIGUOUS 2020-01-01'],
  ['20/1/1', 'Q AMBIGUOUS 2020-01-01'],
  ['20-01-01', DAY, { twoDigitYearsFrom: 1950, order: 'ymd' }],
  ['20年1月1日', DAY, { twoDigitYearsFrom: 1950 }],
  ['99年1月1日', 'A day 1999-01-01', { twoDigitYearsFrom: 1950 }],
  ['20年1月1日', 'Q AMBIGUOUS 2020-01-01'],
  ['二〇年一月一日', 'Q AMBIGUOUS 2020-01-01'],
  ['01/02/2020', 'Q AMBIGUOUS 2020-01-02'],
  ['13/02/2020', 'Q AMBIGUOUS 2020-02-13'],
  ['01/02/2020', 'A day 2020-02-01', { order: 'dmy' }],
  ['01/02/2020', DAY.replace('01-01', '01-02'), { order: 'mdy' }],
  ['200101', 'Q AMBIGUOUS 2020-01-01'],
  ['202001', 'Q AMBIGUOUS 2020-01'],
  ['2020年1月', 'A month 2020-01-01..2020-01-31'],
  ['2020年1月份', 'A month 2020-01-01..2020-01-31'],
  ['2020-02', 'A month 2020-02-01..2020-02-29'],
  ['2020.1', 'A month 2020-01-01..2020-01-31'],
  ['二〇二〇年二月', 'A month 2020-02-01..2020-02-29'],
  ['2020年', 'A year 2020-01-01..2020-12-31'],
  ['2020', 'A year 2020-01-01..2020-12-31'],
  ['2020年度', 'A year 2020-01-01..2020-12-31'],
  ['二〇二〇年', 'A year 2020-01-01..2020-12-31'],
  ['2020年1月1日至2021年1月1日', 'A range 2020-01-01..2021-01-01'],
  ['自2020年1月1日起至2021年1月1日止', 'A range 2020-01-01..2021-01-01'],
  ['2020.01.01-2020.12.31', 'A range 2020-01-01..2020-12-31'],
  ['2020-01-01 - 2020-12-31', 'A range 2020-01-01..2020-12-31'],
  ['2020-01-01-2020-12-31', 'A range 2020-01-01..2020-12-31'],
  ['2020-01-01 至 2020-12-31', 'A range 2020-01-01..2020-12-31'],
  ['2020/01/01～2020/12/31', 'A range 2020-01-01..2020-12-31'],
  ['2020-01-01/2020-12-31', 'A range 2020-01-01..2020-12-31'],
  ['20200101-20201231', 'A range 2020-01-01..2020-12-31'],
  ['2020年1月1日—2020年12月31日', 'A range 2020-01-01..2020-12-31'],
  ['二〇二〇年一月一日至二〇二〇年十二月三十一日', 'A range 2020-01-01..2020-12-31'],
  ['2020年1月至2020年3月', 'A range 2020-01-01..2020-03-31'],
  ['2020-2021', 'A range 2020-01-01..2021-12-31'],
  ['2020年1月1日至12月31日', 'A range 2020-01-01..2020-12-31 warn:YEAR_ELIDED'],
  ['2020年1月1日至2019年1月1日', 'R RANGE_REVERSED'],
  ['2020年1月1日至2020年2月30日', 'R IMPOSSIBLE'],
  ['2020年1月1日至今', 'A open 2020-01-01'],
  ['2020-01-01起', 'A open 2020-01-01'],
  ['2020年1月1日至长期', 'A open 2020-01-01'],
  ['2020年1月1日至2099年12月31日', 'A open 2020-01-01'],
  ['长期', 'A open'],
  ['长期有效', 'A open'],
  ['永久', 'A open'],
  ['无固定期限', 'A open'],
  ['2099-12-31', 'A open'],
  ['2099/12/31', 'A open'],
  ['20991231', 'A open'],
  ['2099年12月31日', 'A open'],
  ['9999-9-9', 'A open warn:STANDS_FOR_OPEN_END'],
  ['9999-12-31 00:00:00', 'A open warn:STANDS_FOR_OPEN_END'],
  ['1900-01-01', 'R PLACEHOLDER'],
  ['1900/1/1', 'R PLACEHOLDER'],
  ['1900-01-00', 'R PLACEHOLDER'],
  ['0000-00-00', 'R PLACEHOLDER'],
  ['0000-00-00 00:00:00', 'R PLACEHOLDER'],
  ['0001-01-01T00:00:00', 'R PLACEHOLDER'],
  ['1970-01-01', 'R PLACEHOLDER'],
  ['1970-01-01 08:00:00', 'R PLACEHOLDER'],
  ['0', 'R PLACEHOLDER', { epoch: 's' }],
  ['2020-02-30', 'R IMPOSSIBLE'],
  ['2021-02-29', 'R IMPOSSIBLE'],
  ['2020-13-01', 'R IMPOSSIBLE'],
  ['2020-1-32', 'R IMPOSSIBLE'],
  ['20201301', 'R IMPOSSIBLE'],
  ['2020年2月30日', 'R IMPOSSIBLE'],
  ['二〇二〇年二月三十日', 'R IMPOSSIBLE'],
  ['1月1日', 'Q NO_YEAR'],
  ['一月一日', 'Q NO_YEAR'],
  ['01-01', 'Q NO_YEAR'],
  ['2020年元旦', 'Q VAGUE'],
  ['年初', 'Q VAGUE'],
  ['2020年初', 'Q VAGUE'],
  ['2020年1月底', 'Q VAGUE'],
  ['月底', 'Q VAGUE'],
  ['近日', 'Q VAGUE'],
  ['2020年1月上旬', 'Q VAGUE'],
  ['三年', 'R IS_A_DURATION'],
  ['3个月', 'R IS_A_DURATION'],
  ['12', 'R IS_A_DURATION'],
  ['十日', 'R IS_A_DURATION'],
  ['一年半', 'R IS_A_DURATION'],
  ['三十六个月', 'R IS_A_DURATION'],
  ['十年', 'R IS_A_DURATION'],
  ['7个工作日', 'R IS_A_DURATION'],
  ['— —', 'missing'],
  ['/', 'missing'],
  ['无', 'missing'],
  ['N/A', 'missing'],
  ['待定', 'missing'],
  ['NULL', 'missing'],
  ['\\n', 'missing'],
  ['\n', 'missing'],
  ['', 'missing'],
  ['109年08月31日', 'R OTHER_CALENDAR'],
  ['109/08/31', 'R OTHER_CALENDAR'],
  ['民國109年', 'R OTHER_CALENDAR'],
  ['民国109年8月31日', 'R OTHER_CALENDAR'],
  ['令和2年', 'R OTHER_CALENDAR'],
  ['农历正月初一', 'R OTHER_CALENDAR'],
  ['见附件', 'Q UNREADABLE'],
  ['9d1f0c5e-8a51-4f3c-9a55-1b2c3d4e5f60', 'Q UNREADABLE'],
];

describe('intake: dates', () => {
  for (const [spelling, expected, profile] of TABLE) {
    const by = profile === undefined ? '' : ` with ${JSON.stringify(profile)}`;
    it(`reads ${JSON.stringify(spelling)}${by} as ${expected}`, () => {
      const reading = readDate(spelling, { profile });
      expect(brief(reading)).to.equal(expected);
      expect(reading.raw).to.equal(spelling);
    });
  }

  it('puts a decision after today, and one before the republic, to a person', () => {
    const decided = { decidedBy: TODAY };
    expect(brief(readDate('2026-11-23', decided))).to.equal('A day 2026-11-23');
    expect(brief(readDate('2026-11-24', decided))).to.equal('Q IN_THE_FUTURE');
    expect(brief(readDate('1949-10-01', decided))).to.equal('A day 1949-10-01');
    expect(brief(readDate('1949-09-30', decided))).to.equal('Q BEFORE_1949');
    expect(brief(readDate('2026-11-24'))).to.equal('A day 2026-11-24');
  });

  it('reads number cells by the flag of their workbook and by their format', () => {
    expect(brief(readSerialDate('43831', '1900', true))).to.equal(DAY);
    expect(brief(readSerialDate('43831', '1900', false))).to.equal(DAY);
    expect(brief(readSerialDate('42369', '1904', true))).to.equal(DAY);
    expect(brief(readSerialDate('42369', '1900', true))).to.equal('A day 2015-12-31');
    expect(brief(readSerialDate('43830.999999', '1900', true))).to.equal(DAY);
    expect(brief(readSerialDate('43831.5', '1900', true))).to.equal(DAY);
    expect(brief(readSerialDate('0', '1900', true))).to.equal('R PLACEHOLDER');
    expect(brief(readSerialDate('1', '1900', true))).to.equal('R PLACEHOLDER');
    expect(brief(readSerialDate('60', '1900', true))).to.equal('R IMPOSSIBLE');
    expect(brief(readSerialDate('59', '1900', true))).to.equal('A day 1900-02-28');
    expect(brief(readSerialDate('61', '1900', true))).to.equal('A day 1900-03-01');
    expect(brief(readSerialDate('20200101', '1900', false))).to.equal(DAY);
    expect(brief(readSerialDate('2020', '1900', false))).to.equal('A year 2020-01-01..2020-12-31');
    expect(brief(readSerialDate('2020.1', '1900', false))).to.equal('Q AMBIGUOUS');
    expect(brief(readSerialDate('12', '1900', false))).to.equal('R IS_A_DURATION');
    expect(brief(readSerialDate('1577808000', '1900', false, { profile: { epoch: 's' } }))).to.equal(DAY);
  });

  const HAN = '〇一二三四五六七八九';
  const numeral = (n: number): string =>
    n < 10
      ? HAN.charAt(n)
      : `${n < 20 ? '' : HAN.charAt(Math.floor(n / 10))}十${n % 10 === 0 ? '' : HAN.charAt(n % 10)}`;
  const pad = (n: number): string => String(n).padStart(2, '0');
  const wide = (s: string): string =>
    s.replace(/[0-9]/gu, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
  const SPELLINGS: readonly ((y: number, m: number, d: number) => string)[] = [
    (y, m, d) => `${y}-${pad(m)}-${pad(d)}`,
    (y, m, d) => `${y}/${m}/${d}`,
    (y, m, d) => `${y}.${m}.${d}`,
    (y, m, d) => `${y}${pad(m)}${pad(d)}`,
    (y, m, d) => `${y}年${m}月${d}日`,
    (y, m, d) => wide(`${y}年${m}月${d}日`),
    (y, m, d) => `${y} ${pad(m)} ${pad(d)}`,
    (y, m, d) => `${y}—${m}—${d}`,
    (y, m, d) =>
      `${[...String(y)].map((c) => HAN.charAt(Number(c))).join('')}年${numeral(m)}月${numeral(d)}日`,
    (y, m, d) => `${y}-${pad(m)}-${pad(d)} 23:59:59`,
    (y, m, d) => `${y}-${pad(m)}-${pad(d)}T00:00:00+08:00`,
    (y, m, d) => `公元${y}年${m}月${d}日`,
  ];
  const anyDay = fc.date({
    min: new Date('1949-10-01T00:00:00Z'),
    max: new Date('2098-12-31T00:00:00Z'),
    noInvalidDate: true,
  });

  it('reads back every day from every accepted spelling', () => {
    fc.assert(
      fc.property(anyDay, fc.constantFrom(...SPELLINGS), (date, spell) => {
        const iso = date.toISOString().slice(0, 10);
        fc.pre(iso !== '1970-01-01');
        const [y, m, d] = iso.split('-').map(Number) as [number, number, number];
        expect(brief(readDate(spell(y, m, d)))).to.equal(`A day ${iso}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads back every range from its two days', () => {
    fc.assert(
      fc.property(
        anyDay,
        anyDay,
        fc.constantFrom('至', '-', ' - ', '~', '到'),
        fc.constantFrom(...SPELLINGS.slice(0, 6)),
        (one, two, joint, spell) => {
          const [from, to] = [one.toISOString().slice(0, 10), two.toISOString().slice(0, 10)].sort() as [
            string,
            string,
          ];
          fc.pre(from !== '1970-01-01' && to !== '1970-01-01');
          const said = (iso: string): string =>
            spell(...(iso.split('-').map(Number) as [number, number, number]));
          expect(brief(readDate(`${said(from)}${joint}${said(to)}`))).to.equal(`A range ${from}..${to}`);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('reads back every day from a serial and from an epoch', () => {
    fc.assert(
      fc.property(anyDay, (date) => {
        const iso = date.toISOString().slice(0, 10);
        fc.pre(iso !== '1970-01-01');
        const days = Math.floor(date.getTime() / 86_400_000);
        const noonAtEight = days * 86_400 - 8 * 3600 + 43_200;
        expect(brief(readSerialDate(String(days + 25_569), '1900', true))).to.equal(`A day ${iso}`);
        expect(brief(readSerialDate(String(days + 24_107), '1904', true))).to.equal(`A day ${iso}`);
        if (noonAtEight > 100_000_000)
          expect(brief(readDate(String(noonAtEight), { profile: { epoch: 's' } }))).to.equal(`A day ${iso}`);
      }),
    );
  });

  it('never throws and never invents a day, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[0-9年月日至\-/. ]{1,24}$/u)),
        (text) => {
          const reading = readDate(text);
          if (reading.verdict !== 'accept') return;
          if (reading.start !== null)
            expect(new Date(`${reading.start}T00:00:00Z`).toISOString().slice(0, 10)).to.equal(reading.start);
          if (reading.start !== null && reading.end !== null)
            expect(reading.start <= reading.end).to.equal(true);
          expect(
            /[0-9〇零○一二三四五六七八九十元壹贰叁]|长期|永久|期限|不限/u.test(text.normalize('NFKC')),
          ).to.equal(true);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
