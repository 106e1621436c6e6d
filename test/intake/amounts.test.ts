import { expect } from 'chai';
import fc from 'fast-check';
import {
  readAmount,
  readNumberAmount,
  yuanOfFen,
  type AmountReading,
  type AmountUnit,
} from '../../node/src/intake/amounts.ts';

const brief = (reading: AmountReading): string =>
  reading.verdict === 'accept'
    ? String(reading.fen)
    : reading.verdict === 'missing'
      ? 'missing'
      : `${reading.code}${reading.suggestion === null ? '' : ` ${reading.suggestion}`}`;

const TABLE: readonly (readonly [text: string, unit: AmountUnit, expected: string])[] = [
  ['1', '万元', '1000000'],
  ['0', '万元', '0'],
  ['0.000001', '万元', '1'],
  ['0.1', '万元', '100000'],
  ['0.3', '万元', '300000'],
  ['123456.789012', '万元', '123456789012'],
  ['1.2300000', '万元', '1230000'],
  ['１．５', '万元', '1500000'],
  ['1,234.5', '万元', '1234500000'],
  ['1，234', '万元', '1234000000'],
  ['.5', '万元', '500000'],
  ['5.', '万元', '5000000'],
  [' 5 万元 ', '万元', '5000000'],
  ['5万', '元', '5000000'],
  ['50000元', '万元', '5000000'],
  ['50,000.01元', '万元', '5000001'],
  ['1.2亿元', '万元', '12000000000'],
  ['人民币5万元整', '万元', '5000000'],
  ['伍万元整', '万元', '5000000'],
  ['五千元', '万元', '500000'],
  ['¥50000元', '万元', '5000000'],
  ['50000', '元', '5000000'],
  ['50000.5', '元', '5000050'],
  ['1e-3', '万元', '1000'],
  ['无', '万元', 'missing'],
  ['/', '万元', 'missing'],
  ['— —', '万元', 'missing'],
  ['', '万元', 'missing'],
  ['0.0000001', '万元', 'AMOUNT_FINER_THAN_FEN 0元'],
  ['0.0000015', '万元', 'AMOUNT_FINER_THAN_FEN 0.02元'],
  ['0.005', '元', 'AMOUNT_FINER_THAN_FEN 0.01元'],
  ['-1', '万元', 'AMOUNT_NEGATIVE'],
  ['1,23', '万元', 'AMOUNT_SEPARATORS'],
  ['12,34,567', '万元', 'AMOUNT_SEPARATORS'],
  ['¥5', '万元', 'AMOUNT_UNIT_UNCLEAR 5元'],
  ['¥5', '元', '500'],
  ['5美元', '万元', 'AMOUNT_FOREIGN_CURRENCY'],
  ['$5', '元', 'AMOUNT_FOREIGN_CURRENCY'],
  ['警告', '万元', 'AMOUNT_UNREADABLE'],
  ['5万元、3万元', '万元', 'AMOUNT_UNREADABLE'],
  ['1.2.3', '万元', 'AMOUNT_UNREADABLE'],
  ['五', '万元', '5000000'],
  ['99999999999999999999', '万元', 'AMOUNT_TOO_LARGE'],
  ['1e999', '万元', 'AMOUNT_TOO_LARGE'],
];

describe('intake: amounts', () => {
  for (const [text, unit, expected] of TABLE) {
    it(`reads ${JSON.stringify(text)} in a column of ${unit} as ${expected}`, () => {
      expect(brief(readAmount(text, unit))).to.equal(expected);
    });
  }

  it('reads number cells at the 15 digits that a spreadsheet keeps', () => {
    expect(brief(readNumberAmount('1.1000000000000001', '万元'))).to.equal('1100000');
    expect(brief(readNumberAmount('0.30000000000000004', '万元'))).to.equal('300000');
    expect(brief(readNumberAmount('2.9999999999999999E-2', '万元'))).to.equal('30000');
    expect(brief(readNumberAmount('1E-7', '万元'))).to.equal('AMOUNT_FINER_THAN_FEN 0元');
  });

  it('brings every amount of fen back from its 万元 and 元 spellings, beyond what a float holds', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.boolean(), (fen, separators) => {
        const text = fen.toString().padStart(7, '0');
        const whole = text.slice(0, -6).replace(/^0+(?=\d)/u, '');
        const grouped = separators ? whole.replace(/\B(?=(\d{3})+$)/gu, ',') : whole;
        expect(brief(readAmount(`${grouped}.${text.slice(-6)}`, '万元'))).to.equal(String(fen));
        expect(brief(readAmount(`${yuanOfFen(fen)}元`, '万元'))).to.equal(String(fen));
      }),
    );
  });

  it('never rounds: one digit below a fen is an issue', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.integer({ min: 1, max: 9 }), (fen, below) => {
        const text = fen.toString().padStart(7, '0');
        const reading = readAmount(`${text.slice(0, -6)}.${text.slice(-6)}${below}`, '万元');
        expect(reading.verdict === 'issue' && reading.code).to.equal('AMOUNT_FINER_THAN_FEN');
      }),
    );
  });
});
