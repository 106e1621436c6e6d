import { creditCasesAbi } from '@credit-ledger/sdk/chain';
import {
  CASE_ACTIONS,
  CASE_STATES,
  CASE_TRANSITIONS,
  type CaseAction,
  type CaseState,
  caseStateAfter,
  type CaseType,
  type Day,
  dateOfDay,
  dayOfDate,
  DISMISSAL,
  dismissalAllowed,
  isCaseOpen,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { id, ZeroAddress, ZeroHash } from 'ethers';
import type { CreditCases } from '../../types/index.ts';
import { goTo } from './support/calendar.ts';
import {
  CALENDAR,
  caseStateNumber,
  caseTypeNumber,
  Docket,
  RULES,
  startOfDay,
  statesOf,
  today,
} from './support/docket.ts';
import { inOneBlock, UNESTIMATED } from './support/one-block.ts';
import { freshProcesses, type ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { deployContract, freshWorld, networkHelpers, STATUS, TestRegister } from './support/world.ts';

const refusals = new Refusals(creditCasesAbi);
const CASE_FIELDS = [
  ...(['caseType', 'state', 'registerId', 'source', 'filedBy', 'documentHash', 'filedDay'] as const),
  ...(['dueDay', 'overdue', 'dismissalCode', 'decidedBy', 'decisionHash', 'entryCommitment'] as const),
  'changedAt' as const,
];
const TYPES = ['dispute', 'repair'] as const;

describe('CreditCases', () => {
  let docket: Docket;
  let world: ProcessWorld;
  let cases: CreditCases;
  beforeEach(async () => {
    docket = await Docket.fresh();
    ({ world, cases } = docket);
  });

  const refused = (attempt: Promise<unknown>, error: string, ...operands: unknown[]): Promise<void> =>
    refusals.expect(attempt, cases, error, ...operands);
  const refusedAsMember = async (
    attempt: Promise<unknown>,
    error: string,
    ...operands: unknown[]
  ): Promise<void> => {
    await expect(attempt)
      .to.be.revertedWithCustomError(world.consortium, error)
      .withArgs(...operands);
  };

  describe('rules', () => {
    it('are set by the council alone, each 1 to 250 working days', async () => {
      const { beijing, tianjin, seats, stranger } = world;
      for (const caller of [beijing.operator, tianjin.operator, seats[0], stranger]) {
        await refused(cases.connect(caller).setRules(RULES), 'NotCouncil', caller.address);
      }
      for (const name of ['disputeDays', 'repairDays', 'carryOutDays']) {
        for (const days of [0, 251]) {
          await refused(world.council(cases, 'setRules', { ...RULES, [name]: days }), 'InvalidRules');
        }
      }
      await expect(world.council(cases, 'setRules', { disputeDays: 1, repairDays: 250, carryOutDays: 2 }))
        .to.emit(cases, 'RulesSet')
        .withArgs(1, 250, 2);
      expect([...(await cases.rules())]).to.deep.equal([1n, 250n, 2n]);
    });

    it('hold for cases to come; due days that were given stay', async () => {
      const before = await docket.file('dispute');
      const { dueDay } = await cases.caseOf(before);
      await world.council(cases, 'setRules', { ...RULES, disputeDays: 1 });
      const after = await docket.file('dispute');
      expect((await cases.caseOf(before)).dueDay).to.equal(dueDay);
      expect((await cases.caseOf(after)).dueDay).to.equal(BigInt(CALENDAR.dueDay(await today(), 1)));
    });

    it('are needed before anything is filed', async () => {
      const bare = await freshProcesses();
      await TestRegister.open(bare, bare.beijing);
      const attempt = bare.cases.connect(bare.requester.operator).file(1, 1n, id('document'));
      await refusals.expect(attempt, bare.cases, 'InvalidRules');
    });
  });

  describe('superiors', () => {
    it('are set by the council alone, authority over authority', async () => {
      const { beijing, tianjin, hebei, requester, association, seats, stranger } = world;
      for (const caller of [beijing.operator, tianjin.operator, seats[1], stranger]) {
        const attempt = cases.connect(caller).setSuperior(hebei.id, beijing.id);
        await refused(attempt, 'NotCouncil', caller.address);
      }
      const wrong: [bigint, bigint][] = [
        [hebei.id, hebei.id],
        [hebei.id, requester.id],
        [hebei.id, association.id],
        [hebei.id, 99n],
        [requester.id, hebei.id],
        [requester.id, 0n],
        [99n, hebei.id],
        [0n, 0n],
      ];
      for (const [memberId, superior] of wrong) {
        const attempt = world.council(cases, 'setSuperior', memberId, superior);
        await refused(attempt, 'InvalidSuperior', memberId, superior);
      }
      await expect(world.council(cases, 'setSuperior', hebei.id, beijing.id))
        .to.emit(cases, 'SuperiorSet')
        .withArgs(hebei.id, beijing.id);
      expect(await cases.superiorOf(hebei.id)).to.equal(beijing.id);
      expect(await cases.superiorOf(beijing.id)).to.equal(tianjin.id);
    });

    it('decide in their own member’s cases only, and no longer once another or nobody is named', async () => {
      const { beijing, tianjin, tianjin2, hebei } = world;
      const about = await docket.file('repair', { registerId: 2n });
      await cases.connect(hebei.operator).acknowledge(about);
      await refused(
        docket.step('deny', about, tianjin.operator).attempt(),
        'NotSourceOrSuperior',
        about,
        tianjin.id,
      );
      const caseId = await docket.caseIn('repair', 'received');
      await docket.step('deny', caseId, tianjin.operator).attempt();
      for (const next of [tianjin2.id, 0n]) {
        await world.council(cases, 'setSuperior', beijing.id, next);
        await refused(
          docket.step('deny', caseId, tianjin.operator).attempt(),
          'NotSourceOrSuperior',
          caseId,
          tianjin.id,
        );
      }
    });
  });

  describe('filing', () => {
    it('is open to every active member, and says type, source, document and due day', async () => {
      const { beijing, tianjin, requester, association } = world;
      const days = { dispute: RULES.disputeDays, repair: RULES.repairDays } as const;
      for (const caseType of TYPES) {
        // The source itself may file, of its own accord or for a subject.
        for (const member of [requester, association, tianjin, beijing]) {
          const documentHash = docket.newHash('document');
          const operator = cases.connect(member.operator);
          const caseId = (await cases.caseCount()) + 1n;
          const filedDay = await today();
          const dueDay = CALENDAR.dueDay(filedDay, days[caseType]);
          const typed = caseTypeNumber(caseType);
          expect(await operator.file.staticCall(typed, 1n, documentHash)).to.equal(caseId);
          await expect(operator.file(typed, 1n, documentHash))
            .to.emit(cases, 'CaseFiled')
            .withArgs(caseId, 1, member.id, typed, documentHash, filedDay, dueDay);
          const shown = await cases.caseOf(caseId);
          expect(Object.fromEntries(CASE_FIELDS.map((name) => [name, shown[name]]))).to.deep.equal({
            caseType: BigInt(typed),
            state: BigInt(caseStateNumber('filed')),
            registerId: 1n,
            source: beijing.id,
            filedBy: member.id,
            documentHash,
            filedDay: BigInt(filedDay),
            dueDay: BigInt(dueDay),
            overdue: false,
            dismissalCode: 0n,
            decidedBy: 0n,
            decisionHash: ZeroHash,
            entryCommitment: ZeroHash,
            changedAt: BigInt(await networkHelpers.time.latest()),
          });
          expect(await cases.caseOfDocument(member.id, documentHash)).to.equal(caseId);
          expect(await cases.caseCount()).to.equal(caseId);
        }
      }
      expect((await cases.caseOf(99)).caseType).to.equal(0n);
      expect(await cases.caseOfDocument(requester.id, id('x'))).to.equal(0n);
    });

    it('counts working days as the calendar does: over the Spring Festival of 2021', async () => {
      await world.council(cases, 'setRules', { ...RULES, disputeDays: 7 });
      const caseId = await docket.file('dispute');
      const { filedDay, dueDay } = await cases.caseOf(caseId);
      const dates = [filedDay, dueDay].map((day) => dateOfDay(Number(day) as Day));
      expect(dates).to.deep.equal(['2021-02-05', '2021-02-20']);
    });

    it('is refused to strangers, to the subject alone, and to suspended members', async () => {
      const { stranger, beijing, requester, spare, consortium } = world;
      const [subject] = spare;
      if (!subject) throw new Error('too few accounts');
      for (const caller of [stranger, subject, beijing.witness]) {
        const attempt = cases.connect(caller).file(1, 1n, id('document'));
        await refusedAsMember(attempt, 'NotOperator', caller.address);
      }
      await world.council(consortium, 'suspend', requester.id, id('x'));
      await refusedAsMember(docket.file('dispute'), 'MemberNotActive', requester.id, STATUS.suspended);
    });

    it('needs a type, a register that is there, and a document', async () => {
      const operator = cases.connect(world.requester.operator);
      await refused(operator.file(0, 1n, id('document')), 'InvalidCaseType');
      await expect(operator.file(3, 1n, id('document'))).to.be.revertedWithoutReason(world.connection.ethers);
      for (const registerId of [0n, 3n, 2n ** 255n]) {
        await refused(operator.file(1, registerId, id('document')), 'UnknownRegister', registerId);
      }
      await refused(operator.file(1, 1n, ZeroHash), 'InvalidHash', 'documentHash');
    });

    it('takes a document of a member once, for good, and no other member can be in its way', async () => {
      const { requester, hebei } = world;
      const documentHash = id('document');
      const foreign = await docket.file('repair', { by: hebei, registerId: 2n, documentHash });
      const caseId = await docket.file('dispute', { documentHash });
      const again = () => docket.file('dispute', { documentHash });
      await refused(again(), 'DocumentFiled', documentHash, caseId);
      await refused(
        docket.file('repair', { documentHash, registerId: 2n }),
        'DocumentFiled',
        documentHash,
        caseId,
      );
      await docket.take('withdraw', caseId, 'filer');
      await refused(again(), 'DocumentFiled', documentHash, caseId);
      expect(await cases.caseOfDocument(requester.id, documentHash)).to.equal(caseId);
      expect(await cases.caseOfDocument(hebei.id, documentHash)).to.equal(foreign);
    });

    it('goes to the contract in force; what is open in the old one is finished there', async () => {
      const caseId = await docket.caseIn('repair', 'received');
      const next = await deployContract<CreditCases>('CreditCases', world.consortium);
      await world.council(world.consortium, 'putInForce', id('CreditCases'), await next.getAddress(), 2);
      await refused(docket.file('repair'), 'NotInForce', id('CreditCases'), await next.getAddress());
      await docket.take('grant', caseId, 'superior');
      await docket.take('carry-out', caseId, 'source');
      expect(await docket.stateOf(caseId)).to.equal('carried-out');
    });

    it('is refused without a calendar, or for days that it does not cover, and nothing is written', async () => {
      const bare = await freshWorld();
      const alone = await deployContract<CreditCases>('CreditCases', bare.consortium);
      await bare.council(bare.consortium, 'putInForce', id('CreditCases'), await alone.getAddress(), 1);
      await bare.council(alone, 'setRules', RULES);
      await TestRegister.open(bare, bare.beijing);
      const file = (contract: CreditCases) =>
        contract.connect(bare.requester.operator).file(1, 1n, id('document'));
      await refusals.expect(file(alone), alone, 'NotInForce', id('WorkingCalendar'), ZeroAddress);

      docket = await Docket.fresh();
      ({ world, cases } = docket);
      await goTo('2023-12-20');
      await expect(docket.file('dispute'))
        .to.be.revertedWithCustomError(world.calendar, 'DayNotCovered')
        .withArgs(dayOfDate('2024-01-01'), 2024);
      expect(await cases.caseCount()).to.equal(0n);
      expect((await cases.caseOf(1)).caseType).to.equal(0n);
    });
  });

  describe('steps', () => {
    /** What a caller may be in a case, apart from being anyone. */
    const rolesOf = (name: string): ('source' | 'superior' | 'filer')[] =>
      (['source', 'superior', 'filer'] as const).filter((role) => role === name);
    const callers = () => ({
      source: docket.actor('source'),
      superior: docket.actor('superior'),
      filer: docket.actor('filer'),
      'another authority': world.hebei.operator,
      'an association': world.association.operator,
      'a stranger': world.stranger,
      'the source’s witness key': world.beijing.witness,
    });
    const STEPS = CASE_ACTIONS.filter((action) => action !== 'file');

    /** Why the contract refuses, and with which operands; undefined when it must not. */
    const refusalOf = (
      caseType: CaseType,
      state: CaseState,
      action: Exclude<CaseAction, 'file'>,
      caller: string,
      caseId: bigint,
      memberId: bigint,
      address: string,
    ): { contract: 'cases' | 'consortium'; error: string; operands: unknown[] } | undefined => {
      const by = (error: string, ...operands: unknown[]) => ({ contract: 'cases' as const, error, operands });
      const allowed = [...rolesOf(caller), 'anyone' as const].some(
        (role) => caseStateAfter(caseType, action, state, role) !== undefined,
      );
      if (allowed) return undefined;
      if (action !== 'mark-overdue' && memberId === 0n) {
        return { contract: 'consortium', error: 'NotOperator', operands: [address] };
      }
      const repairDecision = action === 'grant' || action === 'deny';
      if (action === 'withdraw' && caller !== 'filer') return by('NotFiler', caseId, memberId);
      if (repairDecision && caller !== 'source' && caller !== 'superior') {
        return by('NotSourceOrSuperior', caseId, memberId);
      }
      const sourceOnly = !['withdraw', 'mark-overdue'].includes(action) && !repairDecision;
      if (sourceOnly && caller !== 'source') return by('NotSource', caseId, memberId);
      const ofType =
        repairDecision || action === 'carry-out'
          ? 'repair'
          : ['uphold', 'correct', 'revoke'].includes(action)
            ? 'dispute'
            : caseType;
      return ofType === caseType
        ? by('WrongState', caseId, caseStateNumber(state))
        : by('WrongCaseType', caseId, caseTypeNumber(caseType));
    };

    for (const caseType of TYPES) {
      it(`of a ${caseType}: in every state, every step is allowed to whom the table says, and to nobody else`, async function () {
        this.timeout(300_000);
        let allowed = 0;
        let denied = 0;
        for (const state of statesOf(caseType)) {
          const caseId = await docket.caseIn(caseType, state);
          // Late, so that marking it is a step that can be taken.
          if (isCaseOpen(state)) await docket.passDueDay(caseId);
          for (const action of STEPS) {
            for (const [name, caller] of Object.entries(callers())) {
              const what = `${state}, ${action} by ${name}`;
              const memberId = await world.consortium.memberOfOperator(caller);
              const step = docket.step(action, caseId, caller);
              const refusal = refusalOf(caseType, state, action, name, caseId, memberId, caller.address);
              if (refusal) {
                denied += 1;
                if (refusal.contract === 'cases') {
                  await refused(step.attempt(), refusal.error, ...refusal.operands);
                } else {
                  await refusedAsMember(step.attempt(), refusal.error, ...refusal.operands);
                }
                continue;
              }
              allowed += 1;
              const before = await networkHelpers.takeSnapshot();
              await step.send();
              const next = [...rolesOf(name), 'anyone' as const]
                .map((role) => caseStateAfter(caseType, action, state, role))
                .find((found) => found !== undefined);
              expect(await docket.stateOf(caseId), what).to.equal(next);
              await before.restore();
            }
          }
        }
        // Marking is for each caller; every other row of the table is for one.
        const rows = CASE_TRANSITIONS.filter((row) => row.caseType === caseType && row.action !== 'file');
        const callerCount = Object.keys(callers()).length;
        expect(allowed).to.equal(rows.reduce((sum, { by }) => sum + (by === 'anyone' ? callerCount : 1), 0));
        expect(denied).to.be.greaterThan(400);
      });
    }

    it('on a case that is not there are refused', async () => {
      for (const caseId of [0n, 1n]) {
        for (const action of STEPS) {
          for (const caller of Object.values(callers())) {
            await refused(docket.step(action, caseId, caller).attempt(), 'UnknownCase', caseId);
          }
        }
      }
    });

    it('cannot be taken by a suspended source, and what it leaves lying is late all the same', async () => {
      const { consortium, beijing, stranger } = world;
      const caseId = await docket.caseIn('repair', 'received');
      await world.council(consortium, 'suspend', beijing.id, id('x'));
      const grant = () => docket.step('grant', caseId, beijing.operator).send();
      await refusedAsMember(grant(), 'MemberNotActive', beijing.id, STATUS.suspended);
      await docket.passDueDay(caseId);
      await cases.connect(stranger).markOverdue(caseId);
      await world.council(consortium, 'reinstate', beijing.id);
      await networkHelpers.mine();
      await grant();
      expect(await cases.overdueCount(1)).to.equal(1n);
    });

    it('of two in one block, the first counts and the second finds it done', async () => {
      const superior = docket.actor('superior');
      const source = docket.actor('source');
      const filer = docket.actor('filer');
      const send = (action: 'deny' | 'grant' | 'withdraw', caseId: bigint, by: typeof source) => () =>
        docket.step(action, caseId, by).send(UNESTIMATED);
      const first = await docket.caseIn('repair', 'received');
      expect(await inOneBlock(send('deny', first, superior), send('grant', first, source))).to.deep.equal([
        true,
        false,
      ]);
      expect(await docket.stateOf(first)).to.equal('denied');
      const second = await docket.caseIn('repair', 'received');
      expect(await inOneBlock(send('grant', second, source), send('withdraw', second, filer))).to.deep.equal([
        true,
        false,
      ]);
      expect(await docket.stateOf(second)).to.equal('carried-out');
      const third = await docket.caseIn('repair', 'received');
      expect(await inOneBlock(send('withdraw', third, filer), send('grant', third, source))).to.deep.equal([
        true,
        false,
      ]);
      expect(await docket.stateOf(third)).to.equal('withdrawn');
    });
  });

  describe('decisions', () => {
    it('on a dispute name the outcome, a salted decision and the entry that follows', async () => {
      const { beijing } = world;
      const source = cases.connect(beijing.operator);
      const caseId = await docket.caseIn('dispute', 'received');
      const { dueDay } = await cases.caseOf(caseId);
      const decide = (state: CaseState, decision = id('decision'), entry = id('entry')) =>
        source.decideDispute(caseId, caseStateNumber(state), decision, entry);
      for (const state of CASE_STATES) {
        if (state === 'upheld' || state === 'corrected' || state === 'revoked') continue;
        await refused(decide(state), 'InvalidDecision', caseStateNumber(state));
      }
      await refused(decide('revoked', ZeroHash), 'InvalidHash', 'decisionHash');
      await refused(decide('revoked', id('decision'), ZeroHash), 'EntryMissing', caseId);
      await expect(decide('corrected'))
        .to.emit(cases, 'CaseDecided')
        .withArgs(caseId, 1, beijing.id, caseStateNumber('corrected'), id('decision'), id('entry'), dueDay);
      const shown = await cases.caseOf(caseId);
      expect([shown.decidedBy, shown.decisionHash, shown.entryCommitment, shown.overdue]).to.deep.equal([
        beijing.id,
        id('decision'),
        id('entry'),
        false,
      ]);
    });

    it('on a repair name the entry when the owner grants it, and then it is carried out at once', async () => {
      const { beijing } = world;
      const source = cases.connect(beijing.operator);
      const caseId = await docket.caseIn('repair', 'received');
      const decide = (granted: boolean, decision = id('decision'), entry = id('entry')) =>
        source.decideRepair(caseId, granted, decision, entry);
      await refused(decide(true, ZeroHash), 'InvalidHash', 'decisionHash');
      await refused(decide(true, id('decision'), ZeroHash), 'EntryMissing', caseId);
      await refused(decide(false), 'EntryNotExpected', caseId);
      await expect(decide(true))
        .to.emit(cases, 'CaseDecided')
        .withArgs(
          caseId,
          1,
          beijing.id,
          caseStateNumber('carried-out'),
          id('decision'),
          id('entry'),
          (await cases.caseOf(caseId)).dueDay,
        );
      expect((await cases.caseOf(caseId)).entryCommitment).to.equal(id('entry'));
    });

    it('of a superior name no entry: only the owner of the register can make one, by a second due day', async () => {
      const { beijing, tianjin } = world;
      const superior = cases.connect(tianjin.operator);
      const caseId = await docket.caseIn('repair', 'received');
      for (const granted of [true, false]) {
        const attempt = superior.decideRepair(caseId, granted, id('decision'), id('entry'));
        await refused(attempt, 'EntryNotExpected', caseId);
      }
      const dueDay = CALENDAR.dueDay(await today(), RULES.carryOutDays);
      await expect(superior.decideRepair(caseId, true, id('decision'), ZeroHash))
        .to.emit(cases, 'CaseDecided')
        .withArgs(caseId, 1, tianjin.id, caseStateNumber('granted'), id('decision'), ZeroHash, dueDay);
      const granted = await cases.caseOf(caseId);
      expect([granted.decidedBy, granted.dueDay, granted.entryCommitment]).to.deep.equal([
        tianjin.id,
        BigInt(dueDay),
        ZeroHash,
      ]);
      await refused(superior.carryOut(caseId, id('entry')), 'NotSource', caseId, tianjin.id);
      const source = cases.connect(beijing.operator);
      await refused(source.carryOut(caseId, ZeroHash), 'EntryMissing', caseId);
      await expect(source.carryOut(caseId, id('entry')))
        .to.emit(cases, 'CaseCarriedOut')
        .withArgs(caseId, 1, id('entry'));
      const done = await cases.caseOf(caseId);
      expect([done.decidedBy, done.entryCommitment, done.overdue]).to.deep.equal([
        tianjin.id,
        id('entry'),
        false,
      ]);
    });

    it('of a superior never touch a dispute', async () => {
      const { tianjin } = world;
      const caseId = await docket.caseIn('dispute', 'received');
      const superior = cases.connect(tianjin.operator);
      await refused(superior.dismiss(caseId, 1), 'NotSource', caseId, tianjin.id);
      await refused(
        superior.decideRepair(caseId, false, id('decision'), ZeroHash),
        'WrongCaseType',
        caseId,
        caseTypeNumber('dispute'),
      );
      for (const state of ['upheld', 'corrected', 'revoked'] as const) {
        const attempt = superior.decideDispute(caseId, caseStateNumber(state), id('decision'), id('entry'));
        await refused(attempt, 'NotSource', caseId, tianjin.id);
      }
    });

    it('are not wanted where a case is dismissed, with a code that fits its type', async () => {
      const source = cases.connect(world.beijing.operator);
      for (const caseType of TYPES) {
        for (const code of [0, ...Object.values(DISMISSAL), 9, 65_535]) {
          const caseId = await docket.file(caseType);
          if (!dismissalAllowed(caseType, code)) {
            await refused(source.dismiss(caseId, code), 'UnknownDismissalCode', code);
            continue;
          }
          await expect(source.dismiss(caseId, code))
            .to.emit(cases, 'CaseDismissed')
            .withArgs(caseId, 1, code);
          expect((await cases.caseOf(caseId)).dismissalCode).to.equal(BigInt(code));
        }
      }
    });

    it('are told of with receipt and withdrawal', async () => {
      const caseId = await docket.file('dispute');
      await expect(docket.step('acknowledge', caseId, docket.actor('source')).send())
        .to.emit(cases, 'CaseReceived')
        .withArgs(caseId, 1);
      await expect(docket.step('withdraw', caseId, docket.actor('filer')).send())
        .to.emit(cases, 'CaseWithdrawn')
        .withArgs(caseId, 1);
    });
  });

  describe('due days', () => {
    const setNext = (time: number): Promise<void> => networkHelpers.time.setNextBlockTimestamp(time);

    it('end with their last second; from the next on anyone may count the case, once', async () => {
      const { stranger, requester } = world;
      const caseId = await docket.file('repair');
      const dueDay = Number((await cases.caseOf(caseId)).dueDay);
      const day = await today();
      await refused(cases.markOverdue(caseId), 'NotYetOverdue', caseId, dueDay, day);
      await networkHelpers.time.increaseTo(startOfDay(dueDay + 1) - 2);
      await setNext(startOfDay(dueDay + 1) - 1);
      await refused(
        cases.connect(stranger).markOverdue(caseId, UNESTIMATED),
        'NotYetOverdue',
        caseId,
        dueDay,
        dueDay,
      );
      await setNext(startOfDay(dueDay + 1));
      await expect(cases.connect(stranger).markOverdue(caseId))
        .to.emit(cases, 'CaseOverdue')
        .withArgs(caseId, 1, dueDay, 1);
      for (const caller of [stranger, requester.operator]) {
        await refused(cases.connect(caller).markOverdue(caseId), 'AlreadyOverdue', caseId);
      }
      expect((await cases.caseOf(caseId)).overdue).to.equal(true);
      expect(await cases.overdueCount(1)).to.equal(1n);
      expect(await cases.overdueCount(2)).to.equal(0n);
    });

    const closing: [CaseType, CaseState, Exclude<CaseAction, 'file'>, 'source' | 'superior' | 'filer'][] = [
      ['dispute', 'received', 'uphold', 'source'],
      ['dispute', 'received', 'correct', 'source'],
      ['dispute', 'received', 'revoke', 'source'],
      ['dispute', 'filed', 'dismiss', 'source'],
      ['dispute', 'received', 'withdraw', 'filer'],
      ['repair', 'received', 'grant', 'source'],
      ['repair', 'received', 'grant', 'superior'],
      ['repair', 'received', 'deny', 'source'],
      ['repair', 'received', 'deny', 'superior'],
      ['repair', 'granted', 'carry-out', 'source'],
      ['repair', 'filed', 'withdraw', 'filer'],
      ['repair', 'received', 'dismiss', 'source'],
    ];
    for (const [caseType, state, action, by] of closing) {
      it(`count a ${caseType} that is late at ${action} by the ${by}, marked or not, and none in time`, async () => {
        const prompt = await docket.caseIn(caseType, state);
        const late = await docket.caseIn(caseType, state);
        const marked = await docket.caseIn(caseType, state);
        const { dueDay } = await cases.caseOf(late);
        await goTo(dateOfDay(Number(dueDay) as Day));
        await docket.take(action, prompt, by);
        expect([(await cases.caseOf(prompt)).overdue, await cases.overdueCount(1)]).to.deep.equal([
          false,
          0n,
        ]);
        await docket.passDueDay(late);
        await cases.markOverdue(marked);
        await expect(docket.step(action, late, docket.actor(by)).send())
          .to.emit(cases, 'CaseOverdue')
          .withArgs(late, 1, dueDay, 2);
        expect((await cases.caseOf(late)).overdue).to.equal(true);
        await expect(docket.step(action, marked, docket.actor(by)).send()).to.not.emit(cases, 'CaseOverdue');
        expect(await cases.overdueCount(1)).to.equal(2n);
        const after = await docket.stateOf(late);
        if (after !== 'granted') {
          await refused(cases.markOverdue(late), 'WrongState', late, caseStateNumber(after as CaseState));
        }
      });
    }

    it('are two for a repair that a superior grants, and each is counted', async () => {
      const caseId = await docket.caseIn('repair', 'received');
      await docket.passDueDay(caseId);
      await docket.take('grant', caseId, 'superior');
      expect(await cases.overdueCount(1)).to.equal(1n);
      const { dueDay, overdue } = await cases.caseOf(caseId);
      expect([dueDay, overdue]).to.deep.equal([
        BigInt(CALENDAR.dueDay(await today(), RULES.carryOutDays)),
        true,
      ]);
      const day = await today();
      await refused(cases.markOverdue(caseId), 'NotYetOverdue', caseId, dueDay, day);
      await docket.passDueDay(caseId);
      await cases.markOverdue(caseId);
      await refused(cases.markOverdue(caseId), 'AlreadyOverdue', caseId);
      await docket.take('carry-out', caseId, 'source');
      expect(await cases.overdueCount(1)).to.equal(2n);
    });

    it('of a repair that was granted in time: only the second is counted', async () => {
      const caseId = await docket.caseIn('repair', 'granted');
      await docket.passDueDay(caseId);
      await docket.take('carry-out', caseId, 'source');
      expect(await cases.overdueCount(1)).to.equal(1n);
    });
  });

  // A suite of its own, so that it comes last.
  describe('the interface', () => {
    it('has no error that was not provoked above', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});
