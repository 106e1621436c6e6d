import {
  type CreditReport,
  type NetworkFile,
  parseReport,
  REPORT_LIFE_SECONDS,
  REPORT_REASONS,
  REPORT_TYPES,
  reportHash,
  verifyReport,
} from '@credit-ledger/sdk/answer';
import { dayOfDate, ledgerDomain, type Uscc } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { Reports } from '../../node/src/cases/index.ts';
import type { NewRecord, StoredRecord } from '../../node/src/store/records.ts';
import { companyCode } from '../registers/support/world.ts';
import { casesWorld, type CasesWorld, DOMAIN, REGISTER, SOURCE } from './support/world.ts';

const MET = ['obligations-done', 'public-promise'] as const;
const TODAY = dayOfDate('2026-06-10');

describe('A report of a subject', function () {
  this.timeout(60_000);
  let world: CasesWorld;
  let reports: Reports;
  let number = 100;

  before(async () => {
    world = await casesWorld();
    const { db, id: memberId, signer } = world.source;
    reports = new Reports({ ...world.reportParts(world.source), db, clock: world.clock, memberId, signer });
  });
  after(() => world.dispose());

  const company = (): Uscc => companyCode((number += 1)) as Uscc;
  const make = (uscc: Uscc): Promise<CreditReport> => reports.make(uscc);
  const recordOf = (uscc: Uscc, change: Partial<NewRecord> = {}): Promise<StoredRecord> =>
    world.record({ uscc, severity: 1, day: dayOfDate('2026-01-15'), ...change });
  const annotations = (report: CreditReport): string[] =>
    report.records.map((record) =>
      record.annotations
        .map(({ state, day, ruleSet }) => `${state} ${day}${ruleSet === null ? '' : ` ${ruleSet}`}`)
        .join(', '),
    );
  async function file(caseType: 'dispute' | 'repair', record: StoredRecord): Promise<bigint> {
    await world.filer.service.filings.file(
      {
        caseType,
        registerId: REGISTER,
        uscc: record.uscc as Uscc,
        record: { documentNumber: record.documentNumber, recordId: null, class: null },
        grounds: '请予核实',
        conditionsMet: caseType === 'repair' ? MET : [],
      },
      { insist: false, by: 'o' },
    );
    await world.settle();
    return (await world.source.service.list({ limit: 1_000 })).at(-1)?.caseId ?? 0n;
  }

  it('tells every standing record with its facts, whose label the severity is, and nothing that judges', async () => {
    const uscc = company();
    const record = await recordOf(uscc, { until: dayOfDate('2029-01-14'), amountFen: 123n });
    const report = parseReport(JSON.stringify(await make(uscc)));
    expect(report.subject).to.equal(uscc);
    expect(report.records).to.have.length(1);
    expect(report.records[0]).to.deep.include({
      documentNumber: record.documentNumber,
      decisionDay: record.day,
      untilDay: dayOfDate('2029-01-14'),
      amountFen: '123',
      severity: { code: 1, source: record.sourceAgency.name, basis: record.severityBasis },
      fields: record.fields,
    });
    expect(annotations(report)).to.deep.equal([`in-force ${record.day}`]);
    expect(JSON.stringify(report)).to.not.match(/score|grade|rating|评分|等级/);
  });

  it('of a subject without records is an empty one, not a refusal', async () => {
    expect((await make(company())).records).to.deep.equal([]);
  });

  it('says what has expired, and leaves out what was revoked or corrected', async () => {
    const uscc = company();
    await recordOf(uscc, { until: dayOfDate('2026-06-09') });
    const revoked = await recordOf(uscc);
    const wrong = await recordOf(uscc);
    await world.registers.service.operate({
      op: 'revoke',
      recordId: revoked.id,
      day: '2026-06-10',
      reason: 'x',
    });
    await world.registers.service.operate({
      op: 'correct',
      recordId: wrong.id,
      day: '2026-06-10',
      reason: 'x',
      corrected: { amountFen: 7n },
    });
    const report = await make(uscc);
    expect(annotations(report)).to.deep.equal([`expired ${TODAY}`, `in-force ${wrong.day}`]);
    expect(report.records.map(({ amountFen }) => amountFen)).to.include('7');
    expect(report.records.some(({ documentNumber }) => documentNumber === revoked.documentNumber)).to.equal(
      false,
    );
  });

  it('is annotated as soon as a dispute or a repair is entered, and says when the chain has it', async () => {
    const uscc = company();
    const record = await recordOf(uscc);
    const dispute = await file('dispute', record);
    expect(annotations(await make(uscc))).to.deep.equal([`in-force ${record.day}, disputed ${TODAY}`]);
    await world.source.service.decide(dispute, { outcome: 'upheld', reasons: '无误' });
    expect(annotations(await make(uscc))).to.deep.equal([`in-force ${record.day}`]);
    const repair = await file('repair', record);
    await world.source.service.decide(repair, { outcome: 'granted', reasons: '准予', conditionsMet: MET });
    const before = await make(uscc);
    expect(annotations(before)).to.deep.equal([`repaired ${TODAY} 2026-36`]);
    expect(before.records[0]?.annotations[0]?.anchored).to.equal(false);
    await anchor();
    const after = await make(uscc);
    expect(after.records[0]?.annotations[0]?.anchored).to.equal(true);
    expect(after.records[0]?.anchored).to.equal(true);
    expect(after.register).to.deep.include({ id: REGISTER.toString() });
    expect(Number(after.register?.seq)).to.be.greaterThan(Number(before.register?.seq ?? 0));
  });

  it('names the rules of the day of the application, not of the entry', async () => {
    const uscc = company();
    const record = await recordOf(uscc, { day: dayOfDate('2025-01-15') });
    await world.registers.service.operate({
      op: 'repair',
      recordId: record.id,
      day: '2026-03-31',
      reason: '修复',
      conditionsMet: MET,
    });
    expect(annotations(await make(uscc))).to.deep.equal([`repaired ${dayOfDate('2026-03-31')} 2023-58`]);
  });

  describe('is believed by a pinned network file alone', () => {
    let report: CreditReport;
    let uscc: Uscc;
    before(async () => {
      uscc = company();
      await recordOf(uscc);
      await anchor();
      report = await make(uscc);
    });

    const network = (change: { toBlock?: string; registers?: string[] } = {}): NetworkFile =>
      ({
        chainId: DOMAIN.chainId.toString(),
        contracts: { answerLog: DOMAIN.answerLog },
        members: [
          {
            id: SOURCE.toString(),
            operatorKeys: [
              {
                address: world.source.signer.operatorAddress,
                fromBlock: '1',
                toBlock: change.toBlock ?? null,
              },
            ],
            registers: (change.registers ?? [REGISTER.toString()]).map((id) => ({ id })),
          },
          {
            id: '2',
            operatorKeys: [{ address: world.filer.signer.operatorAddress, fromBlock: '1', toBlock: null }],
            registers: [],
          },
        ],
      }) as unknown as NetworkFile;
    const now = (): number => report.madeAt + 10;
    const reason = (document: unknown, change: Parameters<typeof network>[0] = {}, expected = {}) => {
      const {
        verdict,
        reason: why,
        message,
      } = verifyReport(document, network(change), { now: now(), ...expected });
      expect(message).to.equal(REPORT_REASONS[why]);
      return `${verdict} ${why}`;
    };

    it('as made, as text too, and about the subject that was meant', () => {
      expect(reason(report)).to.equal('VALID REPORT_VALID');
      expect(reason(JSON.stringify(report), {}, { subject: uscc })).to.equal('VALID REPORT_VALID');
      expect(reason(report, {}, { subject: companyCode(1) })).to.equal('INVALID REPORT_OF_ANOTHER_SUBJECT');
    });

    it('and not when anything in it was altered, left out or added', () => {
      const [record] = report.records;
      if (record === undefined || report.register === null) throw new Error('no record');
      const altered: unknown[] = [
        { ...report, records: [] },
        { ...report, records: [{ ...record, amountFen: '1' }] },
        {
          ...report,
          records: [{ ...record, annotations: [{ ...record.annotations[0], state: 'repaired' }] }],
        },
        { ...report, expiry: report.expiry - 1 },
        { ...report, register: null },
        { ...report, register: { ...report.register, seq: '999' } },
        { ...report, agency: { ...report.agency, name: '某局' } },
        { ...report, subject: companyCode(1) },
      ];
      for (const each of altered) expect(reason(each)).to.equal('INVALID REPORT_SIGNATURE_WRONG');
      expect(reason({ ...report, extra: 1 })).to.equal('INVALID REPORT_FORMAT');
      expect(reason({ ...report, format: 'credit-report/2' })).to.equal('INVALID REPORT_FORMAT');
      expect(reason('{')).to.equal('INVALID REPORT_FORMAT');
    });

    it('nor of another network, an agency that is not in it, another’s register, or another’s key', async () => {
      expect(reason({ ...report, chainId: '5' })).to.equal('INVALID REPORT_OF_ANOTHER_NETWORK');
      expect(reason({ ...report, agency: { ...report.agency, member: '9' } })).to.equal(
        'INVALID REPORT_AGENCY_UNKNOWN',
      );
      expect(reason(report, { registers: [] })).to.equal('INVALID REPORT_REGISTER_NOT_THE_AGENCYS');
      const forged = await signedBy(world.filer.signer, report);
      expect(reason(forged)).to.equal('INVALID REPORT_SIGNATURE_WRONG');
    });

    it('nor after 30 days, before it was made, with a longer life, or by a key that was replaced since', async () => {
      const at = (seconds: number) => verifyReport(report, network(), { now: seconds }).reason;
      expect(at(report.madeAt + REPORT_LIFE_SECONDS)).to.equal('REPORT_VALID');
      expect(at(report.madeAt + REPORT_LIFE_SECONDS + 1)).to.equal('REPORT_EXPIRED');
      expect(at(report.madeAt - 301)).to.equal('REPORT_NOT_YET_MADE');
      const long = await signedBy(world.source.signer, { ...report, expiry: report.expiry + 1 });
      expect(reason(long)).to.equal('INVALID REPORT_LIVES_TOO_LONG');
      expect(reason(report, { toBlock: '9' })).to.equal('ERROR REPORT_KEY_CLOSED');
    });
  });

  async function anchor(): Promise<void> {
    await world.mine();
    await world.registers.service.anchorNow();
    await world.registers.service.look();
    await world.mine();
  }

  async function signedBy(
    signer: CasesWorld['source']['signer'],
    report: CreditReport,
  ): Promise<CreditReport> {
    const signature = await signer.signTypedData('operator', {
      domain: ledgerDomain(DOMAIN.chainId, DOMAIN.answerLog),
      types: REPORT_TYPES,
      primaryType: 'Report',
      message: { documentHash: reportHash(report) },
    });
    return { ...report, signature };
  }
});
