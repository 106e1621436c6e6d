import { type Hex, packYear } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import type { PrivateKeyAccount } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { FilingSaid, NewFiling } from '../../node/src/letters/index.ts';
import { RecordStore } from '../../node/src/store/records.ts';
import { codeOf } from '../support/codes.ts';
import { rejection, waitFor } from '../support/wait.ts';
import {
  admit,
  BY,
  day,
  type LetterWorld,
  letterWorld,
  oneTimeKey,
  setYear,
  sign,
  SUBJECT,
  WEEKDAYS_2026,
} from './support/world.ts';

const DAY_SECONDS = 86_400;
const BREACH = {
  legalBasis: '《优化营商环境条例》',
  record: {
    severity: 1 as const,
    severityBasis: '本机关裁量基准',
    domain: 2,
    until: day('2027-06-01'),
    documentNumber: '京市监容〔2026〕3号',
  },
};

describe('Incomplete filings', function () {
  this.timeout(60_000);
  let world: LetterWorld;
  beforeEach(async () => {
    world = await letterWorld();
  });
  afterEach(() => world.dispose());

  const filing = (applicant: PrivateKeyAccount): NewFiling => ({
    ...SUBJECT,
    subject: '食品经营许可',
    missing: ['健康证明'],
    promise: '七个工作日内补齐',
    applicant: applicant.address,
  });

  /** A filing that was accepted. */
  async function accepted(): Promise<bigint> {
    const account = oneTimeKey();
    const { id, typedData } = await world.room.filings.takeIn(filing(account), BY);
    await world.room.filings.accept(id, await sign(account, typedData), BY);
    return id;
  }
  const said = async (id: bigint): Promise<FilingSaid | undefined> =>
    (await world.room.filings.load(world.db, id)).said;

  it('are accepted against the applicant’s signature, due in seven working days', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    const account = oneTimeKey();
    const taken = await world.room.filings.takeIn(filing(account), BY);
    expect(taken.dueDay).to.equal(day('2026-06-10'));
    expect(await said(taken.id)).to.equal(undefined);
    expect(world.chain.sent).to.deep.equal([]);
    await world.room.filings.accept(taken.id, await sign(account, taken.typedData), BY);
    expect(await said(taken.id)).to.include({
      state: 'accepted',
      acceptedDay: day('2026-06-01'),
      dueDay: day('2026-06-10'),
    });
    const calldata = world.chain.sent.map(({ data }) => data).join('');
    for (const secret of [SUBJECT.creditCode, SUBJECT.name, '健康证明']) {
      expect(calldata).to.not.include(Buffer.from(secret).toString('hex'));
    }
  });

  it('are refused where the calendar does not reach, naming the year that the council must set', async () => {
    const account = oneTimeKey();
    const none = await rejection(world.room.filings.takeIn(filing(account), BY));
    expect(none.code).to.equal('FILING_CALENDAR_NOT_COVERED');
    expect(none.message).to.include('2026').and.to.include('council');
    expect((none as unknown as { messageZh: string }).messageZh).to.include('理事会');
    await setYear(world, 2026, WEEKDAYS_2026);
    world.pass(211 * DAY_SECONDS); // 29 December
    const end = await rejection(world.room.filings.takeIn(filing(account), BY));
    expect(end.code).to.equal('FILING_CALENDAR_NOT_COVERED');
    expect(end.operands).to.include({ year: 2027 });
    expect(world.chain.sent).to.deep.equal([]);
  });

  it('give the applicant what it signs once more', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    const { id, typedData, document } = await world.room.filings.takeIn(filing(oneTimeKey()), BY);
    expect(await world.room.filings.toSign(id)).to.deep.equal({ typedData, document });
  });

  it('that the chain keeps refusing to mark are left to people after three tries', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    await accepted();
    world.pass(10 * DAY_SECONDS);
    for (let tries = 0; tries < 5; tries += 1) {
      world.chain.reverts.push({ error: 'NotInForce' });
      await world.room.filings.markOwnOverdue();
      await world.chain.mineAll();
    }
    const marks = world.chain.sent.filter(({ kind }) => kind === 'filing-mark-overdue');
    expect(marks).to.have.length(3);
  });

  it('have the due day of the holidays that the council has set', async () => {
    const holidays = [day('2026-06-02'), day('2026-06-03')];
    await setYear(
      world,
      2026,
      packYear(2026, (each) => ![2, 3].includes(each % 7) && !holidays.includes(each)),
    );
    const { dueDay } = await world.room.filings.takeIn(filing(oneTimeKey()), BY);
    expect(dueDay).to.equal(day('2026-06-12'));
  });

  it('are not accepted with another’s signature, twice, or for a key that served another filing', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    const account = oneTimeKey();
    const { id, typedData } = await world.room.filings.takeIn(filing(account), BY);
    const forged = await sign(oneTimeKey(), typedData);
    expect(await codeOf(world.room.filings.accept(id, forged, BY))).to.equal(
      'FILING_WRONG_APPLICANT_SIGNATURE',
    );
    expect(await codeOf(world.room.filings.takeIn(filing(account), BY))).to.equal(
      'FILING_APPLICANT_KEY_USED',
    );
    const signature = await sign(account, typedData);
    await world.room.filings.accept(id, signature, BY);
    expect(await codeOf(world.room.filings.accept(id, signature, BY))).to.equal('FILING_STATE_WRONG');
    const members = privateKeyToAccount(`0x${'11'.repeat(32)}`);
    await admit(world, { id: 2n, role: 3, operator: members.address });
    expect(await codeOf(world.room.filings.takeIn(filing(members), BY))).to.equal('FILING_APPLICANT_INVALID');
    expect(await codeOf(world.room.filings.accept(99n, signature, BY))).to.equal('FILING_UNKNOWN');
  });

  it('are accepted by authorities', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    await admit(world, { id: 2n, role: 2 });
    world.chain.member = 2n;
    expect(await codeOf(world.room.filings.takeIn(filing(oneTimeKey()), BY))).to.equal(
      'LETTER_NOT_AUTHORITY',
    );
  });

  it('are supplied in time or late, once', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    const [inTime, late] = [await accepted(), await accepted()];
    await world.room.filings.supply(inTime, ['健康证明.pdf'], BY);
    expect(await said(inTime)).to.include({ state: 'supplied', suppliedDay: day('2026-06-01') });
    expect(await codeOf(world.room.filings.supply(inTime, ['再来'], BY))).to.equal('FILING_STATE_WRONG');
    expect(await codeOf(world.room.filings.record(inTime, BREACH, BY))).to.equal('FILING_STATE_WRONG');
    world.pass(10 * DAY_SECONDS);
    await world.room.filings.supply(late, ['健康证明.pdf'], BY);
    expect((await said(late))?.state).to.equal('supplied-late');
  });

  it('can be supplied only once they are accepted', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    const { id } = await world.room.filings.takeIn(filing(oneTimeKey()), BY);
    expect(await codeOf(world.room.filings.supply(id, ['x'], BY))).to.equal('FILING_STATE_WRONG');
  });

  it('are marked overdue after the due day, on no day before, by anybody', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    await accepted();
    world.pass(9 * DAY_SECONDS); // 10 June, the due day itself
    const early = await rejection(world.room.filings.markOverdue(1n, BY));
    expect(early.code).to.equal('FILING_NOT_YET_OVERDUE');
    expect(early.message).to.include('2026-06-10');
    expect(await codeOf(world.room.filings.markOverdue(77n, BY))).to.equal('FILING_UNKNOWN');
    world.pass(DAY_SECONDS);
    await admit(world, { id: 2n, role: 3 });
    world.chain.member = 2n;
    await world.room.filings.markOverdue(1n, BY);
    const [all] = await world.room.filings.all();
    expect(all?.state).to.equal('overdue');
    expect(await codeOf(world.room.filings.markOverdue(1n, BY))).to.equal('FILING_STATE_WRONG');
  });

  it('of our own are marked by the node itself, once, and not those of others', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    await accepted();
    await admit(world, { id: 2n, role: 1 });
    world.chain.member = 2n;
    await accepted();
    world.chain.member = 1n;
    const marks = (): number => world.chain.sent.filter(({ kind }) => kind === 'filing-mark-overdue').length;
    expect(await world.room.filings.markOwnOverdue()).to.equal(0);
    world.pass(10 * DAY_SECONDS);
    await world.db.transaction((tx) =>
      world.room.onAdvance(tx, { fromBlock: 1n, toBlock: 2n, time: world.chain.time }),
    );
    await waitFor('the mark to be queued', () => marks() === 1);
    expect(await world.room.filings.markOwnOverdue()).to.equal(0);
    await world.chain.mineAll();
    expect(await world.room.filings.markOwnOverdue()).to.equal(0);
    expect((await world.room.filings.all()).map(({ state }) => state)).to.deep.equal(['overdue', 'accepted']);
    expect(marks()).to.equal(1);
  });

  it('that came late become an adverse record with its entry, once', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    const id = await accepted();
    expect(await codeOf(world.room.filings.record(id, BREACH, BY))).to.equal('FILING_STATE_WRONG');
    world.pass(10 * DAY_SECONDS);
    await world.room.filings.markOverdue(1n, BY);
    for (const wrong of [
      { change: { legalBasis: '' }, code: 'LETTER_LEGAL_BASIS_MISSING' },
      { change: { record: { ...BREACH.record, severityBasis: ' ' } }, code: 'LETTER_ENTRY_MISSING' },
      {
        change: { record: { ...BREACH.record, until: day('2026-01-01') } },
        code: 'LETTER_RECORD_UNTIL_INVALID',
      },
    ]) {
      expect(await codeOf(world.room.filings.record(id, { ...BREACH, ...wrong.change }, BY))).to.equal(
        wrong.code,
      );
    }
    expect(await new RecordStore(world.db).count()).to.equal(0);
    await world.room.filings.record(id, BREACH, BY);
    const [record] = await new RecordStore(world.db).list({});
    expect(record).to.include({ class: 1, kind: 16, severity: 1, uscc: SUBJECT.creditCode });
    const fields = Object.fromEntries(record?.fields.map(({ name, value }) => [name, value]) ?? []);
    expect(fields).to.include({ 容缺受理编号: '1', 补正截止日: '2026-06-10', 法律依据: BREACH.legalBasis });
    expect((await said(id))?.entryCommitment).to.match(/^0x[0-9a-f]{64}$/);
    expect(await codeOf(world.room.filings.record(id, BREACH, BY))).to.equal('FILING_ENTRY_KNOWN');
    const receipt = await world.register.service.receipt(record?.id ?? 0n);
    expect(receipt.entries).to.have.length(1);
  });

  it('of another authority are not ours to supply', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    const id = await accepted();
    await admit(world, { id: 2n, role: 1 });
    world.chain.member = 2n;
    expect(await codeOf(world.room.filings.supply(id, ['x'], BY))).to.equal('FILING_NOT_YOURS');
  });

  it('that the chain refuses are told in this room’s words', async () => {
    await setYear(world, 2026, WEEKDAYS_2026);
    const account = oneTimeKey();
    const { id, typedData } = await world.room.filings.takeIn(filing(account), BY);
    const signature: Hex = await sign(account, typedData);
    world.chain.reverts.push({ error: 'DayNotCovered', day: 20_700, year: 2027 });
    expect(await codeOf(world.room.filings.accept(id, signature, BY))).to.equal(
      'FILING_CALENDAR_NOT_COVERED',
    );
    await world.room.filings.accept(id, signature, BY);
    expect((await said(id))?.state).to.equal('accepted');
  });
});
