import { expect } from 'chai';
import {
  dateOfDay,
  type Day,
  dayAt,
  dayOfDate,
  evaluate,
  OP,
  type OpenedEntry,
  type Predicate,
  unpackEntry,
} from '@credit-ledger/sdk/protocol';
import { isLedgerError } from '@credit-ledger/sdk/protocol';
import type { Operation } from '../../node/src/registers/index.ts';
import { EntryStore } from '../../node/src/store/index.ts';
import { RecordStore } from '../../node/src/store/records.ts';
import { codeOf } from '../support/codes.ts';
import { rejection } from '../support/wait.ts';
import { COMPANY, OTHER_COMPANY, type RegisterWorld, registerWorld } from './support/world.ts';

const NO_SEVERE: Predicate = {
  class: 1,
  clauses: [
    {
      kinds: 2n ** 64n - 1n,
      domains: 65_535,
      minSeverity: 3,
      maxAgeDays: 0,
      status: 'unrepaired',
      aggregate: 'count',
      comparison: 'at-most',
      threshold: 0n,
    },
  ],
};
const DAY = '2026-01-15';
const MET = ['obligations-done', 'public-promise'] as const;

describe('Operations on records', () => {
  let world: RegisterWorld;
  let recordId: bigint;

  beforeEach(async () => {
    world = await registerWorld();
    await world.service.open(86_400);
    await world.settle();
    const [record] = await world.record({});
    recordId = record?.id ?? 0n;
  });
  afterEach(() => world.dispose());

  const operate = (op: Operation['op'], more: Partial<Operation> = {}) =>
    world.service.operate({
      op,
      recordId,
      day: DAY,
      reason: '核查属实',
      ...(op === 'repair' ? { conditionsMet: MET } : {}),
      ...more,
    });
  const refusal = (op: Operation['op'], more: Partial<Operation> = {}) => codeOf(operate(op, more));
  const entries = () => new EntryStore(world.db).ofRecord(recordId);

  it('adds an entry with the day, a reference to its record and a salted reason', async () => {
    await world.record({}, {}); // two more of the same company: the reference is the record's own place
    const [third] = (await world.record({})).map(({ id }) => id);
    await operate('repair', { recordId: third ?? 0n, reason: '信用修复' });
    const [, repair] = await new EntryStore(world.db).ofRecord(third ?? 0n);
    expect(repair?.op).to.equal(OP.REPAIR);
    expect(unpackEntry(repair?.packed ?? 0n).ref).to.equal(3);
    expect(dateOfDay(unpackEntry(repair?.packed ?? 0n).day)).to.equal(DAY);
    expect(repair?.salts.find(({ name }) => name === 'reason')?.value).to.equal('信用修复');
    expect(repair?.salts.every(({ salt }) => /^[0-9a-f]{32}$/.test(salt))).to.equal(true);
  });

  it('never uses a salt twice', async () => {
    await world.record(...Array.from({ length: 20 }, () => ({})));
    const rows = await new EntryStore(world.db).unbatched((await world.service.status()).keyId ?? '', 100);
    const salts = rows.flatMap((row) => row.salts.map(({ salt }) => salt));
    expect(new Set(salts).size).to.equal(salts.length);
  });

  it('lets a repaired record count no longer, and a revoked one neither', async () => {
    const today = dayAt(BigInt(Math.floor(world.clock.now().getTime() / 1000)));
    const answer = async () =>
      evaluate(NO_SEVERE, (await entries()) as unknown as OpenedEntry[], today as Day).answer;
    expect(await answer()).to.equal(false);
    await operate('repair');
    expect(await answer()).to.equal(true);
  });

  it('refuses a record that is not there, by number and by document number', async () => {
    expect(await refusal('revoke', { recordId: 999n })).to.equal('OPERATION_RECORD_UNKNOWN');
    expect(
      await codeOf(world.service.operate({ op: 'revoke', documentNumber: '无此号', day: DAY, reason: 'x' })),
    ).to.equal('OPERATION_RECORD_UNKNOWN');
    expect(await codeOf(world.service.operate({ op: 'revoke', day: DAY, reason: 'x' }))).to.equal(
      'OPERATION_RECORD_MISSING',
    );
    expect(await refusal('revoke', { documentNumber: 'another number' })).to.equal(
      'OPERATION_RECORD_UNKNOWN',
    );
  });

  it('refuses a document number that means several records, until subject or class tell them apart', async () => {
    await world.record({ documentNumber: '共用号' }, { documentNumber: '共用号', uscc: OTHER_COMPANY });
    const revoke = { op: 'revoke', documentNumber: '共用号', day: DAY, reason: 'x' } as const;
    expect(await codeOf(world.service.operate(revoke))).to.equal('OPERATION_RECORD_AMBIGUOUS');
    expect((await world.service.operate({ ...revoke, uscc: OTHER_COMPANY.toLowerCase() })).status).to.equal(
      'done',
    );
    expect((await world.service.operate({ ...revoke, uscc: COMPANY })).status).to.equal('done');
  });

  it('refuses everything on a revoked record', async () => {
    await operate('revoke');
    expect(await refusal('revoke', { reason: 'again' })).to.equal('OPERATION_ALREADY_REVOKED');
    for (const op of ['repair', 'dispute', 'settle', 'correct'] as const) {
      expect(await refusal(op, { corrected: { severity: 1 } })).to.equal('OPERATION_RECORD_REVOKED');
    }
  });

  it('refuses a second repair, and the repair of what is not adverse', async () => {
    await operate('repair');
    expect(await refusal('repair', { reason: 'again' })).to.equal('OPERATION_ALREADY_REPAIRED');
    const [permit] = await world.record({ class: 2 });
    expect(await refusal('repair', { recordId: permit?.id ?? 0n })).to.equal('OPERATION_NOT_REPAIRABLE');
  });

  it('refuses a repair before its time, and names the day from which it is possible', async () => {
    // Order 58 of 2023: three months; order 36, in force from 2026-04-01: twelve for a severe penalty.
    const [recent, severe] = await world.record(
      { day: dayOfDate('2025-12-01') },
      { day: dayOfDate('2025-06-01') },
    );
    const early = await rejection(operate('repair', { recordId: recent?.id ?? 0n }));
    expect([early.code, early.operands?.['earliestDate']]).to.deep.equal([
      'OPERATION_REPAIR_TOO_EARLY',
      '2026-03-01',
    ]);
    expect(early.message).to.include('2026-03-01');
    const ofSevere = { recordId: severe?.id ?? 0n };
    const after = await rejection(operate('repair', { ...ofSevere, day: '2026-05-20' }));
    expect([after.code, after.operands?.['earliestDate'], after.operands?.['ruleSet']]).to.deep.equal([
      'OPERATION_REPAIR_TOO_EARLY',
      '2026-06-01',
      '2026-36',
    ]);
    // The rules are those of the day of the application, not of the decision on it.
    await operate('repair', { ...ofSevere, day: '2026-05-20', appliedDay: dayOfDate('2026-03-31') });
  });

  it('refuses the repair of what its rules never allow, and says by which', async () => {
    const [stopped] = await world.record({ kind: 8, domain: 2, day: dayOfDate('2019-08-01') });
    const refused = await rejection(operate('repair', { recordId: stopped?.id ?? 0n, day: '2022-09-01' }));
    expect([refused.code, refused.operands?.['ruleSet']]).to.deep.equal([
      'OPERATION_NOT_REPAIRABLE',
      '2019-527',
    ]);
    expect(refused.message).to.include('527');
  });

  it('refuses a repair whose conditions nobody states, and names them', async () => {
    const refused = await rejection(operate('repair', { conditionsMet: ['public-promise'] }));
    expect([refused.code, refused.operands?.['missing']]).to.deep.equal([
      'OPERATION_CONDITIONS_MISSING',
      ['obligations-done'],
    ]);
    // That the shortest period has passed is computed: stating it changes nothing.
    const [recent] = await world.record({ day: dayOfDate('2025-12-01') });
    const stated = { recordId: recent?.id ?? 0n, conditionsMet: ['minimum-reached', ...MET] as const };
    expect(await refusal('repair', stated)).to.equal('OPERATION_REPAIR_TOO_EARLY');
    expect(await entries()).to.have.length(1);
  });

  it('refuses a repair on a day that no rules cover', async () => {
    const [old] = await world.record({ day: dayOfDate('2018-01-01') });
    expect(await refusal('repair', { recordId: old?.id ?? 0n, day: '2019-06-30' })).to.equal(
      'RULES_NOT_COVERED',
    );
  });

  it('takes dispute and settlement in turn only', async () => {
    expect(await refusal('settle')).to.equal('OPERATION_NOT_DISPUTED');
    await operate('dispute');
    expect(await refusal('dispute', { reason: 'again' })).to.equal('OPERATION_ALREADY_DISPUTED');
    await operate('settle');
    expect(await refusal('settle', { reason: 'again' })).to.equal('OPERATION_NOT_DISPUTED');
    await operate('dispute', { reason: 'once more' });
  });

  it('refuses days that are no dates, lie before the decision, or have not come', async () => {
    expect(await refusal('revoke', { day: '2026-02-30' })).to.equal('OPERATION_DAY_INVALID');
    expect(await refusal('revoke', { day: '15.01.2026' })).to.equal('OPERATION_DAY_INVALID');
    expect(await refusal('revoke', { day: dateOfDay(19_999 as Day) })).to.equal('OPERATION_DAY_TOO_EARLY');
    expect(await refusal('revoke', { day: '2099-01-01' })).to.equal('OPERATION_DAY_IN_FUTURE');
  });

  it('refuses a missing or endless reason, and an operation that there is not', async () => {
    expect(await refusal('revoke', { reason: '  ' })).to.equal('OPERATION_REASON_MISSING');
    expect(await refusal('revoke', { reason: '长'.repeat(501) })).to.equal('OPERATION_REASON_MISSING');
    expect(await refusal('erase' as 'revoke')).to.equal('OPERATION_UNKNOWN');
  });

  it('writes nothing when it refuses', async () => {
    const before = await entries();
    await refusal('settle');
    await refusal('correct', { corrected: { kind: 64 } });
    await refusal('correct', { corrected: { uscc: '911100007109310001' } });
    expect(await entries()).to.deep.equal(before);
    expect(await new RecordStore(world.db).count()).to.equal(1);
  });

  it('corrects by a revocation and a new record in one bundle, under the other subject where that was wrong', async () => {
    const done = await operate('correct', { corrected: { uscc: OTHER_COMPANY, severity: 1 } });
    const revoked = await entries();
    const replacement = await new EntryStore(world.db).ofRecord(done.correctedRecordId ?? 0n);
    expect(revoked.map(({ op }) => op)).to.deep.equal([OP.RECORD, OP.REVOKE]);
    expect(replacement.map(({ op, uscc }) => [op, uscc])).to.deep.equal([[OP.RECORD, OTHER_COMPANY]]);
    expect(replacement[0]?.subjectKey).not.to.equal(revoked[0]?.subjectKey);
    expect(replacement[0]?.bundle).to.equal(revoked[1]?.bundle).and.not.equal(null);
    expect(unpackEntry(replacement[0]?.packed ?? 0n).severity).to.equal(1);
  });

  it('lets a repaired record that is corrected count as little as before, of the same day', async () => {
    await operate('repair', { day: '2026-01-10' });
    const done = await operate('correct', { corrected: { subjectName: '北京更名有限公司' } });
    const replacement = await new EntryStore(world.db).ofRecord(done.correctedRecordId ?? 0n);
    expect(replacement.map(({ op }) => op)).to.deep.equal([OP.RECORD, OP.REPAIR]);
    expect(dateOfDay(unpackEntry(replacement[1]?.packed ?? 0n).day)).to.equal('2026-01-10');
    expect(
      new Set([...(await entries()).slice(2), ...replacement].map(({ bundle }) => bundle)).size,
    ).to.equal(1);
    const chain = [...(await entries()), ...replacement] as unknown as OpenedEntry[];
    expect(evaluate(NO_SEVERE, chain, dayOfDate('2026-01-20')).answer).to.equal(true);
    expect(evaluate(NO_SEVERE, chain, dayOfDate('2026-01-09')).answer).to.equal(false);
    // And so on, however often: the repair is not done a second time.
    const again = { recordId: done.correctedRecordId ?? 0n };
    expect(await refusal('repair', { ...again, reason: 'again' })).to.equal('OPERATION_ALREADY_REPAIRED');
    const next = await operate('correct', { ...again, corrected: { subjectName: '北京再更名有限公司' } });
    const last = await new EntryStore(world.db).ofRecord(next.correctedRecordId ?? 0n);
    expect(last.map(({ op }) => op)).to.deep.equal([OP.RECORD, OP.REPAIR]);
  });

  it('lets no repair pass to what its rules would not have repaired that day, nor to another subject', async () => {
    const ops = async (corrected: NonNullable<Operation['corrected']>) => {
      const [record] = await world.record({});
      const about = { recordId: record?.id ?? 0n };
      await operate('repair', about);
      const done = await operate('correct', { ...about, corrected });
      const made = await new EntryStore(world.db).ofRecord(done.correctedRecordId ?? 0n);
      return made.map(({ op }) => op);
    };
    // Repaired as an old decision, corrected into one of a month before the repair.
    expect(await ops({ day: dayOfDate('2025-12-20') })).to.deep.equal([OP.RECORD]);
    expect(await ops({ uscc: OTHER_COMPANY })).to.deep.equal([OP.RECORD]);
  });

  it('refuses a correction that changes nothing', async () => {
    expect(await refusal('correct', { corrected: {} })).to.equal('OPERATION_CORRECTION_EMPTY');
    expect(await refusal('correct', { corrected: { severity: 3, uscc: COMPANY } })).to.equal(
      'OPERATION_CORRECTION_EMPTY',
    );
  });

  it('does a file of operations, each row done, unchanged or an issue, and again without effect', async () => {
    const [second, third] = await world.record({ documentNumber: '二号' }, { documentNumber: '三号' });
    const rows = [
      { row: 2, operation: { op: 'revoke', recordId, day: DAY, reason: '撤销' } },
      {
        row: 3,
        operation: { op: 'repair', documentNumber: '二号', day: DAY, reason: '修复', conditionsMet: MET },
      },
      { row: 4, operation: { op: 'settle', documentNumber: '三号', day: DAY, reason: '办结' } },
      {
        row: 5,
        operation: {
          op: 'correct',
          documentNumber: '三号',
          day: DAY,
          reason: '更正',
          corrected: { severity: 2 },
        },
      },
      { row: 6, operation: { op: 'revoke', documentNumber: '没有', day: DAY, reason: '撤销' } },
    ] as const;
    const first = await world.service.operateAll(rows);
    expect([first.rows, first.done, first.unchanged, first.issues]).to.deep.equal([5, 3, 0, 2]);
    const issues = first.results.flatMap((result) =>
      result.status === 'issue' ? [[result.row, result.issue.code]] : [],
    );
    expect(issues).to.deep.equal([
      [4, 'OPERATION_NOT_DISPUTED'],
      [6, 'OPERATION_RECORD_UNKNOWN'],
    ]);
    for (const { status, ...result } of first.results) {
      if (status === 'issue' && 'issue' in result) expect(result.issue.messageZh).to.match(/[一-鿿]/);
    }
    const before = (await world.service.status()).unbatchedEntries;
    const again = await world.service.operateAll(rows);
    expect([again.done, again.unchanged, again.issues]).to.deep.equal([0, 3, 2]);
    expect((await world.service.status()).unbatchedEntries).to.equal(before);
    expect([second, third].every(Boolean)).to.equal(true);
  });

  it('corrects a document again and again: what was done on an old version stays done, else the one that stands is meant', async () => {
    const onVersions = async (severity: 0 | 1 | 2) => {
      const named = (await new RecordStore(world.db).list({ documentNumber: '四号' })).map(({ id }) => id);
      const operation = named.map((id) => ({
        op: 'correct' as const,
        recordId: id,
        day: DAY,
        reason: `更正为 ${severity}`,
        corrected: { severity },
      }));
      return (await world.service.operateAll([{ row: 2, operation }])).results[0];
    };
    await world.record({ documentNumber: '四号' });
    expect((await onVersions(1))?.status).to.equal('done');
    expect((await onVersions(1))?.status).to.equal('unchanged');
    expect((await onVersions(2))?.status).to.equal('done');
    expect((await onVersions(1))?.status).to.equal('unchanged');
    const records = await new RecordStore(world.db).list({ documentNumber: '四号' });
    expect(records.map(({ severity }) => severity)).to.deep.equal([3, 1, 2]);
  });

  it('keeps one record at one entry however often it is given', async () => {
    const records = await new RecordStore(world.db).list();
    const made = await world.db.transaction((tx) => world.service.appendRecords(tx, records));
    expect(made).to.equal(0);
    expect(await entries()).to.have.length(1);
  });

  it('takes no record before the register is open', async () => {
    const fresh = await registerWorld();
    try {
      const error = await fresh.record({}).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      expect(isLedgerError(error, 'REGISTER_NOT_OPEN')).to.equal(true);
      expect(await new RecordStore(fresh.db).count()).to.equal(0);
    } finally {
      await fresh.dispose();
    }
  });
});
