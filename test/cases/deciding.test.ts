import {
  CASE_TRANSITIONS,
  type CaseAction,
  type CaseState,
  caseStateAfter,
  type CaseType,
  dayOfDate,
  type EntryBody,
  entryCommitmentOf,
  evaluate,
  type Hex,
  isCaseOpen,
  type OpenedEntry,
  parseCaseDecision,
  type Predicate,
  saltedHash,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import type { CaseStanding, CaseVerdict } from '../../node/src/cases/index.ts';
import { EntryStore, OutboxStore } from '../../node/src/store/index.ts';
import { type NewRecord, RecordStore, type StoredRecord } from '../../node/src/store/records.ts';
import { codeOf } from '../support/codes.ts';
import { rejection } from '../support/wait.ts';
import { CARRY_OUT_DAYS, DISPUTE_DAYS, REPAIR_DAYS } from './support/cases-chain.ts';
import {
  casesWorld,
  type CasesWorld,
  FILER,
  type Member,
  REGISTER,
  SOURCE,
  SUPERIOR,
} from './support/world.ts';

const MET = ['obligations-done', 'public-promise'] as const;
/** A general penalty of January 2026: repairable from April on by the rules of June. */
const REPAIRABLE: Partial<NewRecord> = { severity: 1, day: dayOfDate('2026-01-15') };
const NONE_UNREPAIRED: Predicate = {
  class: 1,
  clauses: [
    {
      kinds: 2n ** 64n - 1n,
      domains: 65_535,
      minSeverity: 0,
      maxAgeDays: 0,
      status: 'unrepaired',
      aggregate: 'count',
      comparison: 'at-most',
      threshold: 0n,
    },
  ],
};

describe('Deciding a case', function () {
  this.timeout(60_000);
  let world: CasesWorld;

  before(async () => {
    world = await casesWorld();
  });
  after(() => world.dispose());
  beforeEach(async () => {
    world.behaviour.clear();
    if (world.ledger.superiors.get(SOURCE) !== SUPERIOR) await world.setSuperior(SUPERIOR);
  });

  async function file(
    caseType: CaseType,
    record: StoredRecord,
    options: { insist?: boolean; by?: Member } = {},
  ): Promise<bigint> {
    const filer = options.by ?? world.filer;
    const { documentHash } = await filer.service.filings.file(
      {
        caseType,
        registerId: REGISTER,
        uscc: record.uscc as Uscc,
        record: { documentNumber: record.documentNumber, recordId: null, class: null },
        grounds: '请予核实',
        conditionsMet: caseType === 'repair' ? MET : [],
      },
      { insist: options.insist ?? false, by: 'officer-1' },
    );
    await world.mine();
    const all = await filer.service.list({ limit: 10_000 });
    return all.find((each) => each.documentHash === documentHash)?.caseId ?? 0n;
  }
  const standing = async (caseId: bigint): Promise<CaseStanding> =>
    (await world.source.service.get(caseId)).standing;
  const ops = async (record: StoredRecord): Promise<string> =>
    (await new EntryStore(world.source.db).ofRecord(record.id)).map(({ op }) => op).join('');
  const holds = async (
    record: StoredRecord,
    on = '2026-12-31',
  ): Promise<{ answer: boolean; disputed: boolean }> => {
    const entries = await new EntryStore(world.source.db).ofRecord(record.id);
    // The one record is the first of its chain here; predicates go by places in the chain.
    const chain = entries.map((entry) => ({ ...entry, packed: withRef(entry.packed) }));
    return evaluate(NONE_UNREPAIRED, chain as unknown as OpenedEntry[], dayOfDate(on));
  };
  const uphold: CaseVerdict = { outcome: 'upheld', reasons: '经核实无误' };
  const grant: CaseVerdict = { outcome: 'granted', reasons: '准予修复', conditionsMet: MET };

  describe('a dispute, by its source', () => {
    it('upheld: the entry is settled, and decision, entry and call are of one piece', async () => {
      const record = await world.record();
      const caseId = await file('dispute', record);
      await world.settle();
      expect(await ops(record)).to.equal('03');
      expect((await holds(record)).disputed).to.equal(true);
      await world.source.service.decide(caseId, uphold);
      await world.settle();
      expect(await ops(record)).to.equal('034');
      expect((await holds(record)).disputed).to.equal(false);
      const now = await standing(caseId);
      expect([now.state, now.decidedBy]).to.deep.equal(['upheld', SOURCE]);
      const { row } = await world.source.service.get(caseId);
      const settle = (await new EntryStore(world.source.db).ofRecord(record.id)).at(-1);
      expect(BigInt(row?.entry?.body ?? 0)).to.equal(settle?.body);
      expect(
        entryCommitmentOf((row?.entry?.salt ?? '0x') as Hex, REGISTER, settle?.body as EntryBody),
      ).to.equal(now.entryCommitment);
    });

    it('corrected: revoked and replaced in one batch, and the case names the replacement', async () => {
      const record = await world.record();
      const caseId = await file('dispute', record);
      await world.settle();
      await world.source.service.decide(caseId, {
        outcome: 'corrected',
        reasons: '金额有误',
        corrected: { amountFen: 500_000n },
      });
      await world.settle();
      expect((await standing(caseId)).state).to.equal('corrected');
      expect(await ops(record)).to.equal('031');
      const versions = await new RecordStore(world.source.db).list({ documentNumber: record.documentNumber });
      const [fresh] = await new EntryStore(world.source.db).ofRecord(versions.at(-1)?.id ?? 0n);
      const revoke = (await new EntryStore(world.source.db).ofRecord(record.id)).at(-1);
      expect(fresh?.bundle).to.equal(revoke?.bundle).and.not.equal(null);
      expect(BigInt((await world.source.service.get(caseId)).row?.entry?.body ?? 0)).to.equal(fresh?.body);
    });

    it('revoked: nothing of the record counts any more', async () => {
      const record = await world.record();
      const caseId = await file('dispute', record);
      await world.settle();
      expect((await holds(record)).answer).to.equal(false);
      await world.source.service.decide(caseId, { outcome: 'revoked', reasons: '处罚决定已撤销' });
      await world.settle();
      expect([(await standing(caseId)).state, await ops(record)]).to.deep.equal(['revoked', '031']);
      expect((await holds(record)).answer).to.equal(true);
    });

    it('and its reasons reach the filer, who believes them by the hash on the chain', async () => {
      const record = await world.record();
      const caseId = await file('dispute', record);
      await world.settle();
      await world.source.service.decide(caseId, uphold);
      await world.settle();
      const { row, standing: seen } = await world.filer.service.get(caseId);
      const decision = parseCaseDecision(row?.decision);
      expect(decision).to.deep.include({ outcome: 'upheld', reasons: '经核实无误', decidedBy: '1' });
      expect(saltedHash(decision)).to.equal(seen.decisionHash);
      expect(row?.entry).to.not.equal(null);
    });

    it('leaves the flag while another dispute about the entry is open', async () => {
      const record = await world.record();
      const first = await file('dispute', record);
      const second = await file('dispute', record, { by: world.superior });
      await world.settle();
      expect(await ops(record)).to.equal('03');
      await world.source.service.decide(first, uphold);
      await world.settle();
      expect(await ops(record)).to.equal('0343');
      expect((await holds(record)).disputed).to.equal(true);
      await world.source.service.decide(second, uphold);
      await world.settle();
      expect(await ops(record)).to.equal('03434');
      expect((await holds(record)).disputed).to.equal(false);
    });

    it('keeps its flag while it is open, though somebody settles or corrects the record beside the case', async () => {
      const record = await world.record();
      const caseId = await file('dispute', record);
      await world.settle();
      const beside = { recordId: record.id, day: '2026-06-10', reason: '径行办结' };
      await world.registers.service.operate({ ...beside, op: 'settle' });
      await world.settle();
      expect(await ops(record)).to.equal('0343');
      await world.registers.service.operate({ ...beside, op: 'settle', reason: '再次办结' });
      await world.settle();
      expect(await ops(record)).to.equal('034343');
      const corrected = { subjectName: '北京更名有限公司' };
      const done = await world.registers.service.operate({ ...beside, op: 'correct', corrected });
      await world.settle();
      const replacement = { ...record, id: done.correctedRecordId ?? 0n };
      expect(await ops(replacement)).to.equal('03');
      await world.source.service.decide(caseId, uphold);
      await world.settle();
      expect([await ops(replacement), (await standing(caseId)).state]).to.deep.equal(['034', 'upheld']);
    });

    it('that was insisted upon and fits after all can be upheld too: the entry says that it was looked into', async () => {
      const record = await world.record();
      const one = await file('dispute', record);
      const caseId = await file('dispute', record, { insist: true });
      await world.settle();
      expect((await world.source.service.get(caseId)).row?.objection).to.equal('CASE_ALREADY_OPEN');
      await world.source.service.decide(one, uphold);
      await world.source.service.decide(caseId, uphold);
      await world.settle();
      expect(await ops(record)).to.equal('03434');
      expect((await standing(caseId)).state).to.equal('upheld');
    });

    it('writes nothing when the entry cannot be made', async () => {
      const record = await world.record();
      const caseId = await file('dispute', record);
      await world.settle();
      const before = await ops(record);
      expect(
        await codeOf(
          world.source.service.decide(caseId, { outcome: 'corrected', reasons: 'x', corrected: {} }),
        ),
      ).to.equal('OPERATION_CORRECTION_EMPTY');
      const { row } = await world.source.service.get(caseId);
      expect([await ops(record), row?.decision, row?.decidedOutbox]).to.deep.equal([before, null, null]);
      await world.source.service.decide(caseId, uphold);
    });

    it('is dismissed or withdrawn without leaving a flag behind', async () => {
      const dismissed = await world.record();
      const withdrawn = await world.record();
      const one = await file('dispute', dismissed);
      const two = await file('dispute', withdrawn);
      await world.settle();
      await world.source.service.dismiss(one, 'MALFORMED');
      await world.filer.service.filings.withdraw(two);
      await world.settle();
      expect([(await standing(one)).state, (await standing(two)).state]).to.deep.equal([
        'dismissed',
        'withdrawn',
      ]);
      expect([await ops(dismissed), await ops(withdrawn)]).to.deep.equal(['034', '034']);
    });
  });

  describe('a repair', () => {
    it('granted by the source is carried out at once, and turns the answer', async () => {
      const record = await world.record(REPAIRABLE);
      const caseId = await file('repair', record);
      await world.settle();
      expect(await ops(record)).to.equal('0');
      expect((await holds(record)).answer).to.equal(false);
      await world.source.service.decide(caseId, grant);
      await world.settle();
      expect([(await standing(caseId)).state, await ops(record)]).to.deep.equal(['carried-out', '02']);
      expect((await holds(record)).answer).to.equal(true);
      expect((await holds(record, '2026-06-01')).answer).to.equal(false);
    });

    it('denied leaves the record as it is', async () => {
      const record = await world.record(REPAIRABLE);
      const caseId = await file('repair', record);
      await world.settle();
      await world.source.service.decide(caseId, { outcome: 'denied', reasons: '义务未履行' });
      await world.settle();
      expect([(await standing(caseId)).state, await ops(record)]).to.deep.equal(['denied', '0']);
    });

    it('is refused before its time, of kinds that are never repaired, and without its conditions; the source turns it away', async () => {
      const early = await world.record({ severity: 3, day: dayOfDate('2025-09-01') });
      const refused = await rejection(file('repair', early));
      expect([refused.code, refused.operands?.['earliestDate'], refused.operands?.['ruleSet']]).to.deep.equal(
        ['CASE_REPAIR_TOO_EARLY', '2026-09-01', '2026-36'],
      );
      const permit = await world.record({ class: 2, kind: 20 });
      expect(await codeOf(file('repair', permit))).to.equal('CASE_NOT_REPAIRABLE');
      const fine = await world.record(REPAIRABLE);
      const { filings } = world.filer.service;
      const wish = {
        caseType: 'repair' as const,
        registerId: REGISTER,
        uscc: fine.uscc as Uscc,
        record: { documentNumber: fine.documentNumber, recordId: null, class: null },
        grounds: '请予修复',
        conditionsMet: ['public-promise' as const],
      };
      const missing = await rejection(filings.file(wish, { insist: false, by: 'o' }));
      expect([missing.code, missing.operands?.['missing']]).to.deep.equal([
        'CASE_CONDITIONS_MISSING',
        ['obligations-done'],
      ]);
      await world.settle();
      expect(await ops(fine)).to.equal('0');
    });

    it('that was insisted upon is judged again by the rules of the day of its application when it is granted', async () => {
      const early = await world.record({ severity: 3, day: dayOfDate('2025-09-01') });
      const caseId = await file('repair', early, { insist: true });
      await world.settle();
      expect(await codeOf(world.source.service.decide(caseId, grant))).to.equal('OPERATION_REPAIR_TOO_EARLY');
      const fine = await world.record(REPAIRABLE);
      const other = await file('repair', fine);
      await world.settle();
      expect(await codeOf(world.source.service.decide(other, { ...grant, conditionsMet: [] }))).to.equal(
        'OPERATION_CONDITIONS_MISSING',
      );
      expect([await ops(early), await ops(fine)]).to.deep.equal(['0', '0']);
      await world.source.service.dismiss(caseId, 'TOO_EARLY');
      await world.settle();
      expect((await standing(caseId)).dismissalCode).to.equal(7);
    });

    it('granted by the superior is carried out by the source’s node by itself', async () => {
      const record = await world.record(REPAIRABLE);
      const caseId = await file('repair', record);
      await world.settle();
      expect((await world.superior.service.get(caseId)).row?.facts).to.deep.include({
        kind: record.kind,
        day: record.day,
      });
      await world.superior.service.decide(caseId, grant);
      await world.mine();
      expect(await standing(caseId)).to.deep.include({ state: 'granted', decidedBy: SUPERIOR });
      await world.settle();
      const now = await standing(caseId);
      expect([now.state, await ops(record)]).to.deep.equal(['carried-out', '02']);
      expect(now.entryCommitment).to.not.equal(null);
      expect((await world.source.service.get(caseId)).row?.decision).to.deep.include({ decidedBy: '3' });
      expect((await world.filer.service.get(caseId)).row?.decision).to.deep.include({ decidedBy: '3' });
    });

    it('that the source had entered already is carried out with that entry, and not twice', async () => {
      const record = await world.record(REPAIRABLE);
      const caseId = await file('repair', record);
      await world.settle();
      await world.registers.service.operate({
        op: 'repair',
        recordId: record.id,
        day: '2026-06-10',
        reason: '依职权修复',
        conditionsMet: MET,
      });
      await world.superior.service.decide(caseId, grant);
      await world.settle();
      expect([(await standing(caseId)).state, await ops(record)]).to.deep.equal(['carried-out', '02']);
    });

    it('granted by the superior against the rules is refused at its node; where the source has not told, the facts must be stated', async () => {
      world.behaviour.set(SUPERIOR, 'down');
      const record = await world.record(REPAIRABLE);
      const caseId = await file('repair', record);
      await world.settle();
      expect(await codeOf(world.superior.service.decide(caseId, grant))).to.equal('CASE_DOCUMENT_MISSING');
      world.behaviour.set(SUPERIOR, 'up');
      world.clock.shift(60_000);
      await world.settle();
      expect(await codeOf(world.superior.service.decide(caseId, { ...grant, conditionsMet: [] }))).to.equal(
        'CASE_CONDITIONS_MISSING',
      );
      const { row } = await world.superior.service.get(caseId);
      await world.superior.db.query('UPDATE cases SET facts = NULL WHERE id = $1', [row?.id ?? 0n]);
      expect(await codeOf(world.superior.service.decide(caseId, grant))).to.equal('CASE_FACTS_MISSING');
      const facts = {
        kind: 3,
        domain: 2,
        severity: 3 as const,
        severityBasis: '裁量基准',
        day: dayOfDate('2026-05-01') as number,
        until: 1_048_575,
      };
      expect(await codeOf(world.superior.service.decide(caseId, { ...grant, facts }))).to.equal(
        'CASE_REPAIR_TOO_EARLY',
      );
      await world.superior.service.decide(caseId, {
        ...grant,
        facts: { ...facts, severity: 1, day: record.day },
      });
      await world.settle();
      expect((await standing(caseId)).state).to.equal('carried-out');
    });

    it('is not prevented by what a source tells its superior of the record: her own findings go before', async () => {
      const record = await world.record(REPAIRABLE);
      const caseId = await file('repair', record);
      await world.settle();
      const { row } = await world.superior.service.get(caseId);
      const { kind, domain, severityBasis, day, until } = record;
      const untrue = { kind, domain, severity: 3, severityBasis, day: dayOfDate('2026-06-01'), until };
      await world.superior.db.query('UPDATE cases SET facts = $1 WHERE id = $2', [
        JSON.stringify(untrue),
        row?.id ?? 0n,
      ]);
      expect(await codeOf(world.superior.service.decide(caseId, grant))).to.equal('CASE_REPAIR_TOO_EARLY');
      const facts = { kind, domain, severity: 1 as const, severityBasis, day, until };
      await world.superior.service.decide(caseId, { ...grant, facts });
      await world.settle();
      // By its own record, which the source's node reads, it is carried out.
      expect((await standing(caseId)).state).to.equal('carried-out');
    });

    it('that the source cannot carry out stays granted, says why, and becomes overdue', async () => {
      const record = await world.record(REPAIRABLE);
      const caseId = await file('repair', record);
      await world.settle();
      await world.registers.service.operate({
        op: 'revoke',
        recordId: record.id,
        day: '2026-06-10',
        reason: '撤销',
      });
      await world.superior.service.decide(caseId, grant);
      await world.settle();
      expect((await world.source.service.get(caseId)).row?.trouble?.code).to.equal(
        'OPERATION_RECORD_REVOKED',
      );
      await world.passDays(CARRY_OUT_DAYS + 1);
      await world.settle();
      const late = await standing(caseId);
      expect([late.state, late.countedDueDays]).to.deep.equal(['granted', [late.dueDay]]);
    });
  });

  describe('late', () => {
    it('is counted by the node that filed, once, and listed for every member', async () => {
      const record = await world.record();
      world.behaviour.set(SOURCE, 'down');
      const caseId = await file('dispute', record);
      await world.passDays(DISPUTE_DAYS);
      await world.settle();
      expect((await standing(caseId)).countedDueDays).to.deep.equal([]);
      expect(await codeOf(world.superior.service.filings.markOverdue(caseId))).to.equal('CASE_NOT_OVERDUE');
      await world.passDays(1);
      await world.settle();
      await world.settle();
      for (const member of [world.source, world.filer, world.superior]) {
        const list = await member.service.list({ overdue: true, limit: 1_000 });
        expect(list.map((each) => each.caseId)).to.include(caseId);
      }
      const marks = (await new OutboxStore(world.filer.db).list(1_000)).filter(({ dedupeKey }) =>
        dedupeKey.startsWith(`case-overdue:${caseId}:`),
      );
      expect(marks.map(({ state }) => state)).to.deep.equal(['mined']);
      world.behaviour.set(SOURCE, 'up');
      world.clock.shift(3_600_000);
      await world.settle();
      await world.source.service.decide(caseId, uphold);
      await world.settle();
      const late = await world.superior.service.list({ overdue: true, open: false, limit: 1_000 });
      expect(late.map((each) => each.caseId)).to.include(caseId);
    });

    it('may be counted by anyone, of any case', async () => {
      const record = await world.record();
      world.behaviour.set(SOURCE, 'down');
      const caseId = await file('dispute', record);
      await world.passDays(DISPUTE_DAYS + 1);
      await world.superior.service.filings.markOverdue(caseId);
      await world.mine();
      expect((await standing(caseId)).countedDueDays).to.have.length(1);
      expect(await codeOf(world.superior.service.filings.markOverdue(caseId))).to.equal('CASE_NOT_OVERDUE');
    });
  });

  describe('who may take which step, and when', () => {
    /** A step as an officer takes it at a node; those that nodes take by themselves are not here. */
    const STEPS: Partial<Record<CaseAction, (member: Member, caseId: bigint) => Promise<unknown>>> = {
      uphold: ({ service }, id) => service.decide(id, uphold),
      correct: ({ service }, id) =>
        service.decide(id, { outcome: 'corrected', reasons: '更正', corrected: { amountFen: 1n } }),
      revoke: ({ service }, id) => service.decide(id, { outcome: 'revoked', reasons: '撤销' }),
      grant: ({ service }, id) => service.decide(id, grant),
      deny: ({ service }, id) => service.decide(id, { outcome: 'denied', reasons: '不予' }),
      dismiss: ({ service }, id) => service.dismiss(id, 'MALFORMED'),
      withdraw: ({ service }, id) => service.filings.withdraw(id),
      'mark-overdue': ({ service }, id) => service.filings.markOverdue(id),
    };
    const ROLES = ['source', 'superior', 'filer'] as const;
    const STATES: Record<CaseType, readonly CaseState[]> = {
      dispute: ['filed', 'received', 'upheld', 'corrected', 'revoked', 'dismissed', 'withdrawn'],
      repair: ['filed', 'received', 'denied', 'granted', 'carried-out', 'dismissed', 'withdrawn'],
    };

    /** Brings a new case to a state, late on request. */
    async function bring(caseType: CaseType, state: CaseState): Promise<bigint> {
      const record = await world.record(REPAIRABLE);
      world.behaviour.set(SOURCE, state === 'filed' ? 'down' : 'up');
      const caseId = await file(caseType, record);
      if (state === 'filed') return caseId;
      await world.settle();
      const { service } = world.source;
      if (state === 'upheld') await service.decide(caseId, uphold);
      if (state === 'corrected')
        await service.decide(caseId, { outcome: 'corrected', reasons: '更正', corrected: { amountFen: 1n } });
      if (state === 'revoked') await service.decide(caseId, { outcome: 'revoked', reasons: '撤销' });
      if (state === 'denied') await service.decide(caseId, { outcome: 'denied', reasons: '不予' });
      if (state === 'carried-out') await service.decide(caseId, grant);
      if (state === 'granted') await world.superior.service.decide(caseId, grant);
      if (state === 'dismissed') await service.dismiss(caseId, 'MALFORMED');
      if (state === 'withdrawn') await world.filer.service.filings.withdraw(caseId);
      await world.mine();
      expect((await standing(caseId)).state).to.equal(state);
      return caseId;
    }

    for (const caseType of ['dispute', 'repair'] as const) {
      for (const state of STATES[caseType]) {
        it(`${caseType}, ${state}: what the table allows is done, everything else refused and nothing of it queued`, async () => {
          const caseId = await bring(caseType, state);
          await world.passDays((caseType === 'dispute' ? DISPUTE_DAYS : REPAIR_DAYS) + CARRY_OUT_DAYS + 1);
          const queued = async (): Promise<number> =>
            (
              await Promise.all(
                [world.source, world.filer, world.superior].map(({ db }) =>
                  db.query<{ n: string }>('SELECT count(*) AS n FROM outbox'),
                ),
              )
            ).reduce((sum, [row]) => sum + Number(row?.n ?? 0), 0);
          const allowed: (() => Promise<unknown>)[] = [];
          for (const [action, step] of Object.entries(STEPS) as [
            CaseAction,
            (typeof STEPS)['grant'] & {},
          ][]) {
            for (const role of ROLES) {
              const may =
                action === 'mark-overdue'
                  ? isCaseOpen(state)
                  : caseStateAfter(caseType, action, state, role) !== undefined;
              if (may) {
                allowed.push(() => step(world[role], caseId));
                continue;
              }
              const before = await queued();
              const code = await codeOf(step(world[role], caseId));
              expect(code, `${role} ${action}`).to.be.oneOf([
                'CASE_NOT_THE_DECIDER',
                'CASE_NOT_THE_SOURCE',
                'CASE_NOT_THE_FILER',
                'CASE_OUTCOME_WRONG',
                'CASE_STATE_WRONG',
                'CASE_NOT_OVERDUE',
              ]);
              expect(await queued(), `${role} ${action}`).to.equal(before);
            }
          }
          const steps = CASE_TRANSITIONS.filter(
            (step) =>
              step.caseType === caseType &&
              step.from === state &&
              STEPS[step.action] !== undefined &&
              step.by !== 'anyone',
          );
          expect(allowed.length).to.equal(steps.length + (isCaseOpen(state) ? ROLES.length : 0));
          // One of them ends it; the same call again is refused.
          const [first] = allowed;
          if (first !== undefined) {
            await first();
            await world.mine();
            expect(await codeOf(first())).to.not.equal('nothing was refused');
          }
        });
      }
    }

    it('a case that is not there, a decision without the document, a code of the other type: each its own refusal', async () => {
      const { service } = world.source;
      expect(await codeOf(service.decide(9_999n, uphold))).to.equal('CASE_UNKNOWN');
      expect(await codeOf(service.dismiss(9_999n, 'MALFORMED'))).to.equal('CASE_UNKNOWN');
      const caseId = await bring('dispute', 'received');
      expect(await codeOf(service.dismiss(caseId, 'TOO_EARLY'))).to.equal('CASE_DISMISSAL_UNKNOWN');
      const { row } = await service.get(caseId);
      await world.source.db.query('UPDATE cases SET document_hash = $2 WHERE id = $1', [
        row?.id ?? 0n,
        new Uint8Array(32),
      ]);
      expect(await codeOf(service.decide(caseId, uphold))).to.equal('CASE_DOCUMENT_MISSING');
      await service.dismiss(caseId, 'NOT_DELIVERED');
      await world.settle();
      expect((await standing(caseId)).state).to.equal('dismissed');
    });

    it('a decision is made once: a second one is refused while the first is on its way, and one that failed goes again', async () => {
      const caseId = await bring('dispute', 'received');
      const outboxId = await world.source.service.decide(caseId, uphold);
      expect(
        await codeOf(world.source.service.decide(caseId, { outcome: 'revoked', reasons: 'x' })),
      ).to.equal('CASE_ALREADY_DECIDED');
      expect(await codeOf(world.source.service.dismiss(caseId, 'MALFORMED'))).to.equal(
        'CASE_ALREADY_DECIDED',
      );
      const refusal = { code: 'CHAIN_REVERTED', message: 'x', messageZh: 'x', operands: {} };
      await new OutboxStore(world.source.db).fail(outboxId, refusal, world.clock.now());
      expect(await world.source.service.decide(caseId, uphold)).to.equal(outboxId);
      await world.settle();
      expect((await standing(caseId)).state).to.equal('upheld');
    });

    it('a decision that crosses a withdrawal does nothing to the case', async () => {
      const caseId = await bring('dispute', 'received');
      await world.filer.service.filings.withdraw(caseId);
      const outboxId = await world.source.service.decide(caseId, uphold);
      world.ledger.call(FILER, (await withdrawal(caseId)) as Hex);
      await world.mine();
      expect(world.ledger.cases.get(caseId)?.state).to.equal('withdrawn');
      expect((await new OutboxStore(world.source.db).byId(outboxId))?.error?.message).to.equal('WrongState');
    });
  });

  async function withdrawal(caseId: bigint): Promise<string> {
    const row = await new OutboxStore(world.filer.db).byDedupeKey(`case-withdraw:${caseId}`);
    return `0x${Buffer.from(row?.data ?? []).toString('hex')}`;
  }

  it('a source that lost what it kept of a case gets it again from who filed it', async () => {
    const record = await world.record();
    const caseId = await file('dispute', record);
    await world.settle();
    const { row } = await world.source.service.get(caseId);
    await world.source.db.query('DELETE FROM cases WHERE id = $1', [row?.id ?? 0n]);
    expect(await codeOf(world.source.service.decide(caseId, uphold))).to.equal('CASE_DOCUMENT_MISSING');
    for (const _ of [1, 2]) {
      world.clock.shift(25 * 3_600_000);
      await world.settle();
    }
    await world.source.service.decide(caseId, uphold);
    await world.settle();
    expect([(await standing(caseId)).state, await ops(record)]).to.deep.equal(['upheld', '034']);
  });

  it('goes back when the chain does: what was read of lost blocks is forgotten', async () => {
    const record = await world.record();
    const block = world.source.chain.block;
    const caseId = await file('dispute', record);
    expect((await standing(caseId)).state).to.equal('filed');
    await world.source.chain.rollBackTo(block);
    await world.source.db.transaction((tx) => world.source.service.onRollback(tx));
    expect(await codeOf(world.source.service.get(caseId))).to.equal('CASE_UNKNOWN');
  });
});

/** The packed form with the reference to the first entry of the chain. */
function withRef(packed: bigint): bigint {
  return packed & ((1n << 124n) - 1n);
}
