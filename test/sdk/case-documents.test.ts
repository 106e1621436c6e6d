import {
  CASE_FILING_TYPES,
  type CaseDocument,
  caseFilingDigest,
  ledgerDomain,
  makeCaseDecision,
  makeCaseDocument,
  parseCaseDecision,
  parseCaseDocument,
  saltedHash,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { hashTypedData } from 'viem';
import { madeUpUscc } from '../answers/support/claims.ts';
import { codeOf } from '../support/codes.ts';

const USCC = madeUpUscc('91110000', 'MA0F0001');
const CONTRACT = `0x${'ca'.repeat(20)}` as const;

const made = (change: Partial<CaseDocument> = {}): CaseDocument =>
  makeCaseDocument({
    caseType: 'repair',
    registerId: '1',
    filedBy: '2',
    bindingId: '3',
    uscc: USCC,
    record: { documentNumber: '京示市监罚〔2026〕1号', recordId: null, class: null },
    grounds: '已整改',
    conditionsMet: ['obligations-done', 'public-promise'],
    ...change,
  });
const refused = (change: Record<string, unknown>): Promise<string> =>
  codeOf(Promise.resolve().then(() => parseCaseDocument({ ...made(), ...change })));

describe('Documents of cases', () => {
  it('are read as they were made, and two with one content have two hashes', () => {
    const document = made();
    expect(parseCaseDocument(JSON.parse(JSON.stringify(document)))).to.deep.equal(document);
    const { salt: _one, ...first } = document;
    const { salt: _two, ...second } = made();
    expect(first).to.deep.equal(second);
    expect(saltedHash(document)).to.not.equal(saltedHash(made()));
  });

  it('have one spelling of everything: another is refused, so that one meaning has one hash', async () => {
    const changes: Record<string, unknown>[] = [
      { format: 'credit-case/2' },
      { caseType: 'none' },
      { registerId: '0' },
      { registerId: 1 },
      { filedBy: '02' },
      { bindingId: '' },
      { uscc: `${USCC} ` },
      { uscc: '000000000000000000' },
      { grounds: 'a\u0007b' },
      { grounds: '\ud800' },
      { grounds: 'x'.repeat(2_001) },
      { record: { documentNumber: null, recordId: null, class: null } },
      { record: { documentNumber: 'x', recordId: null, class: 4 } },
      { record: { documentNumber: 'x', recordId: null } },
      { conditionsMet: ['public-promise', 'obligations-done'] },
      { conditionsMet: ['training', 'training'] },
      { conditionsMet: 'training' },
      { caseType: 'dispute' },
      { extra: 1 },
    ];
    for (const change of changes) {
      expect(await refused(change), JSON.stringify(change)).to.equal('CASE_DOCUMENT_MALFORMED');
    }
    expect(await refused({ salt: 'ab' })).to.equal('DOCUMENT_NOT_SALTED');
    expect(await refused({ salt: '0'.repeat(64) })).to.equal('DOCUMENT_NOT_SALTED');
    expect(await refused({ grounds: '一行\n又一行' })).to.equal('nothing was refused');
  });

  it('are signed as EIP-712 says', () => {
    const documentHash = saltedHash(made());
    const domain = ledgerDomain(31_337n, CONTRACT);
    expect(caseFilingDigest(domain, 3n, documentHash)).to.equal(
      hashTypedData({
        domain,
        types: CASE_FILING_TYPES,
        primaryType: 'CaseFiling',
        message: { bindingId: 3n, documentHash },
      }),
    );
  });

  it('of decisions are read strictly too', async () => {
    const decision = makeCaseDecision({
      documentHash: saltedHash(made()),
      filedBy: '2',
      decidedBy: '1',
      outcome: 'granted',
      date: '2026-06-10',
      reasons: '准予修复',
    });
    expect(parseCaseDecision(JSON.parse(JSON.stringify(decision)))).to.deep.equal(decision);
    for (const change of [
      { outcome: 'received' },
      { date: '2026-02-30' },
      { documentHash: '0x1' },
      { who: 1 },
    ]) {
      const read = Promise.resolve().then(() => parseCaseDecision({ ...decision, ...change }));
      expect(await codeOf(read), JSON.stringify(change)).to.equal('CASE_DOCUMENT_MALFORMED');
    }
  });

  it('never name a value in a refusal: it may be a subject', () => {
    try {
      parseCaseDocument({ ...made(), uscc: `${USCC}!` as Uscc });
      expect.fail('nothing was refused');
    } catch (error) {
      expect(JSON.stringify(error)).to.not.include(USCC);
    }
  });
});
