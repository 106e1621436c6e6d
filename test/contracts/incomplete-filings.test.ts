import { expect } from 'chai';
import { id, Signature, ZeroAddress, ZeroHash } from 'ethers';
import {
  type Day,
  dayOfDate,
  FILING_PROMISE_TYPES,
  FILING_TRANSITIONS,
  FILING_WORKING_DAYS,
  type Hex,
  ledgerDomain,
  structDigest,
  WorkingCalendar as CalendarTwin,
} from '@credit-ledger/sdk/protocol';
import type { IncompleteFilings } from '../../types/index.ts';
import { incompleteFilingsAbi } from '../../sdk/src/chain/abi/index.ts';
import { yearBitmap } from '../../scripts/lib/calendar.ts';
import { goTo, startOf } from './support/calendar.ts';
import { DOCUMENTS, ENTRY, FilingStage, freshFilings, PROMISE } from './support/filings.ts';
import type { ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { highS } from './support/requests.ts';
import { DAY, deployContract, freshWorld, networkHelpers } from './support/world.ts';

const refusals = new Refusals(incompleteFilingsAbi);
const ACTIONS = [...new Set(FILING_TRANSITIONS.map(({ action }) => action))];

describe('Incomplete filings', () => {
  let world: ProcessWorld;
  let stage: FilingStage;
  beforeEach(async () => {
    stage = await freshFilings();
    ({ world } = stage);
  });

  describe('accepting', () => {
    it('computes the due day: seven working days, over every holiday of the year', async () => {
      const { filings, beijing } = world;
      for (const [from, to] of [
        ['2020-12-31', '2021-01-12'],
        ['2021-02-05', '2021-02-20'],
        ['2025-12-31', '2026-01-12'],
        ['2026-02-13', '2026-03-02'],
        ['2026-04-30', '2026-05-13'],
        ['2026-09-30', '2026-10-15'],
      ] as const) {
        await goTo(from);
        const applicant = stage.freshApplicant();
        const filingId = (await filings.filingCount()) + 1n;
        await expect(stage.accept(applicant))
          .to.emit(filings, 'FilingAccepted')
          .withArgs(filingId, beijing.id, PROMISE, applicant.address, dayOfDate(from), dayOfDate(to));
        const view = await filings.filing(filingId);
        expect([view.acceptedDay, view.dueDay, view.suppliedDay, view.entryCommitment]).to.deep.equal([
          BigInt(dayOfDate(from)),
          BigInt(dayOfDate(to)),
          0n,
          ZeroHash,
        ]);
        expect([view.authority, view.applicant, view.promiseHash]).to.deep.equal([
          beijing.id,
          applicant.address,
          PROMISE,
        ]);
      }
    });

    it('counts from the day at UTC+8', async () => {
      for (const [second, day] of [
        [startOf('2026-03-06') - 1, '2026-03-05'],
        [startOf('2026-03-06'), '2026-03-06'],
      ] as const) {
        await networkHelpers.time.setNextBlockTimestamp(second);
        await stage.accept();
        const { acceptedDay, dueDay } = await world.filings.filing(await world.filings.filingCount());
        expect(acceptedDay).to.equal(BigInt(dayOfDate(day)));
        const twin = new CalendarTwin(new Map([[2026, yearBitmap(2026)]]));
        expect(dueDay).to.equal(BigInt(twin.dueDay(Number(acceptedDay) as Day, FILING_WORKING_DAYS)));
      }
    });

    it('is refused when the calendar does not reach to the due day', async () => {
      const { filings, calendar } = world;
      await goTo('2026-12-22');
      await stage.accept();
      await goTo('2026-12-23');
      await refusals.expect(stage.accept(), calendar, 'DayNotCovered', dayOfDate('2027-01-01'), 2027);
      await goTo('2027-03-01');
      await refusals.expect(stage.accept(), calendar, 'DayNotCovered', dayOfDate('2027-03-02'), 2027);
      expect(await filings.filingCount()).to.equal(1n);
    });

    it('is refused while no calendar is in force', async () => {
      const bare = await freshWorld();
      const filings = await deployContract<IncompleteFilings>('IncompleteFilings', bare.consortium);
      await bare.council(
        bare.consortium,
        'putInForce',
        id('IncompleteFilings'),
        await filings.getAddress(),
        1,
      );
      stage = new FilingStage({ ...world, ...bare, filings });
      await refusals.expect(stage.accept(), filings, 'NotInForce', id('WorkingCalendar'), ZeroAddress);
    });

    it('is for active authorities', async () => {
      const { filings, consortium, beijing, requester, association, stranger } = world;
      for (const member of [requester, association]) {
        await refusals.expect(
          stage.accept(stage.freshApplicant(), member),
          filings,
          'NotAnAuthority',
          member.id,
        );
      }
      const applicant = stage.freshApplicant();
      const signature = await stage.sign(applicant);
      for (const caller of [stranger, beijing.witness]) {
        await refusals.expect(
          filings.connect(caller).accept(PROMISE, applicant.address, signature),
          consortium,
          'NotOperator',
          caller.address,
        );
      }
      await world.council(consortium, 'suspend', beijing.id, id('reason'));
      await refusals.expect(stage.accept(), consortium, 'MemberNotActive', beijing.id, 2);
    });

    it('needs a promise and an applicant’s key of its own', async () => {
      const { filings, beijing, tianjin } = world;
      const applicant = stage.freshApplicant();
      const signature = await stage.sign(applicant);
      await refusals.expect(
        stage.filings.accept(ZeroHash, applicant.address, signature),
        filings,
        'InvalidHash',
        'promiseHash',
      );
      for (const key of [ZeroAddress, beijing.operator.address, tianjin.witness.address]) {
        await refusals.expect(stage.filings.accept(PROMISE, key, signature), filings, 'InvalidApplicant');
      }
      await stage.accept(applicant);
      for (const by of [beijing, tianjin]) {
        await refusals.expect(stage.accept(applicant, by), filings, 'ApplicantKeyUsed', applicant.address, 1);
      }
    });

    it('takes the applicant’s signature over this promise to this authority, in its one spelling', async () => {
      const { filings, beijing, tianjin } = world;
      const [applicant, other] = [stage.freshApplicant(), stage.freshApplicant()];
      const right = await stage.sign(applicant);
      const { r, s, yParity, compactSerialized } = Signature.from(right);
      const attempt = (signature: string) => stage.filings.accept(PROMISE, applicant.address, signature);
      await refusals.expect(
        attempt(await stage.sign(other)),
        filings,
        'WrongApplicantSignature',
        other.address,
        applicant.address,
      );
      for (const signature of [
        highS(right),
        compactSerialized,
        `${r}${s.slice(2)}0${yParity}`,
        `${right}00`,
        '0x',
        `0x${'00'.repeat(65)}`,
      ]) {
        await refusals.expect(
          attempt(signature),
          filings,
          'WrongApplicantSignature',
          ZeroAddress,
          applicant.address,
        );
      }
      for (const signature of [
        await stage.sign(applicant, tianjin.id),
        await stage.sign(applicant, beijing.id, id('another promise')),
        await applicant.signMessage('I promise'),
      ]) {
        await expect(attempt(signature)).to.be.revertedWithCustomError(filings, 'WrongApplicantSignature');
      }
      // What another authority sees in a pending transaction is of no use to it.
      await refusals.expect(
        filings.connect(tianjin.operator).accept(PROMISE, ZeroAddress, right),
        filings,
        'InvalidApplicant',
      );
      await expect(
        filings.connect(tianjin.operator).accept(PROMISE, applicant.address, right),
      ).to.be.revertedWithCustomError(filings, 'WrongApplicantSignature');
      await attempt(right);
    });

    it('checks the digest that everybody computes', async () => {
      const { filings, beijing } = world;
      const domain = ledgerDomain(31_337n, (await filings.getAddress()) as Hex);
      expect(await filings.promiseDigest(beijing.id, PROMISE)).to.equal(
        structDigest(domain, 'FilingPromise', FILING_PROMISE_TYPES.FilingPromise, {
          authority: beijing.id,
          promiseHash: PROMISE,
        }),
      );
      expect(await filings.SUPPLY_WORKING_DAYS()).to.equal(BigInt(FILING_WORKING_DAYS));
    });

    it('keeps a due day that was given, whatever the council sets later', async () => {
      const { filings, calendar } = world;
      await goTo('2026-03-02');
      await stage.accept();
      const due = await stage.dueDayOf(1n);
      const everyDay = (1n << 256n) - 1n;
      await world.council(calendar, 'setYear', 2026, everyDay, (1n << 40n) - 1n, id('another notice'));
      expect(await stage.dueDayOf(1n)).to.equal(due);
      await stage.accept();
      expect(await stage.dueDayOf(2n)).to.be.lessThan(due);
      expect(await filings.filingCount()).to.equal(2n);
    });
  });

  describe('supplying', () => {
    it('is in time until the end of the due day, and late from then on, marked or not', async () => {
      const { filings, beijing } = world;
      const filingId = await stage.reach('accepted');
      const due = await stage.dueDayOf(filingId);
      const before = await networkHelpers.takeSnapshot();
      await stage.atEndOf(due);
      await expect(stage.filings.supply(filingId, DOCUMENTS))
        .to.emit(filings, 'FilingSupplied')
        .withArgs(filingId, beijing.id, DOCUMENTS, due, false);
      expect([await stage.stateOf(filingId), (await filings.filing(filingId)).suppliedDay]).to.deep.equal([
        'supplied',
        BigInt(due),
      ]);
      await before.restore();
      await stage.afterEndOf(due);
      await expect(stage.filings.supply(filingId, DOCUMENTS))
        .to.emit(filings, 'FilingSupplied')
        .withArgs(filingId, beijing.id, DOCUMENTS, due + 1, true);
      expect(await stage.stateOf(filingId)).to.equal('supplied-late');
    });

    it('after it was marked overdue is late', async () => {
      const filingId = await stage.reach('overdue');
      await stage.filings.supply(filingId, DOCUMENTS);
      expect(await stage.stateOf(filingId)).to.equal('supplied-late');
    });

    it('is for the accepting authority, while it is active, and says what came', async () => {
      const { filings, consortium, beijing, tianjin, association, stranger } = world;
      const filingId = await stage.reach('accepted');
      for (const member of [tianjin, association]) {
        await refusals.expect(
          filings.connect(member.operator).supply(filingId, DOCUMENTS),
          filings,
          'NotFilingAuthority',
          filingId,
          member.id,
        );
      }
      await refusals.expect(
        filings.connect(stranger).supply(filingId, DOCUMENTS),
        consortium,
        'NotOperator',
        stranger.address,
      );
      await refusals.expect(
        stage.filings.supply(filingId, ZeroHash),
        filings,
        'InvalidHash',
        'documentsHash',
      );
      await world.council(consortium, 'suspend', beijing.id, id('reason'));
      await refusals.expect(
        stage.filings.supply(filingId, DOCUMENTS),
        consortium,
        'MemberNotActive',
        beijing.id,
        2,
      );
      expect(await stage.stateOf(filingId)).to.equal('accepted');
    });
  });

  describe('marking overdue', () => {
    it('is for anyone, after the due day, once', async () => {
      const { filings, beijing, stranger } = world;
      const filingId = await stage.reach('accepted');
      const due = await stage.dueDayOf(filingId);
      const byAnyone = filings.connect(stranger);
      await stage.atEndOf(due);
      await refusals.expect(byAnyone.markOverdue(filingId), filings, 'NotYetOverdue', filingId, due, due);
      await stage.afterEndOf(due);
      await expect(byAnyone.markOverdue(filingId))
        .to.emit(filings, 'FilingOverdue')
        .withArgs(filingId, beijing.id, due);
      await refusals.expect(byAnyone.markOverdue(filingId), filings, 'WrongState', filingId, 3);
    });

    it('does not hit what was supplied, in time or late', async () => {
      const { filings } = world;
      for (const [state, number] of [
        ['supplied', 2],
        ['supplied-late', 4],
      ] as const) {
        const filingId = await stage.reach(state);
        await networkHelpers.time.increase(60 * DAY);
        await refusals.expect(filings.markOverdue(filingId), filings, 'WrongState', filingId, number);
      }
    });
  });

  describe('linking the entry', () => {
    it('is possible once, while overdue or after it came late', async () => {
      const { filings, beijing } = world;
      for (const state of ['overdue', 'supplied-late'] as const) {
        const filingId = await stage.reach(state);
        await refusals.expect(
          stage.filings.record(filingId, ZeroHash),
          filings,
          'InvalidHash',
          'entryCommitment',
        );
        await expect(stage.filings.record(filingId, ENTRY))
          .to.emit(filings, 'FilingRecorded')
          .withArgs(filingId, beijing.id, ENTRY);
        expect((await filings.filing(filingId)).entryCommitment).to.equal(ENTRY);
        await refusals.expect(stage.filings.record(filingId, id('another')), filings, 'EntryKnown', filingId);
        expect(await stage.stateOf(filingId)).to.equal(state);
      }
    });

    it('stays when the documents come after it', async () => {
      const filingId = await stage.reach('overdue');
      await stage.filings.record(filingId, ENTRY);
      await stage.filings.supply(filingId, DOCUMENTS);
      expect((await world.filings.filing(filingId)).entryCommitment).to.equal(ENTRY);
      await refusals.expect(stage.filings.record(filingId, ENTRY), world.filings, 'EntryKnown', filingId);
    });

    it('is refused for what is not late, though its due day may have passed unmarked', async () => {
      const { filings } = world;
      const filingId = await stage.reach('accepted');
      await refusals.expect(stage.filings.record(filingId, ENTRY), filings, 'WrongState', filingId, 1);
      await networkHelpers.time.increase(60 * DAY);
      await refusals.expect(stage.filings.record(filingId, ENTRY), filings, 'WrongState', filingId, 1);
      await filings.connect(world.stranger).markOverdue(filingId);
      await stage.filings.record(filingId, ENTRY);
    });

    it('is for the accepting authority', async () => {
      const { filings, tianjin } = world;
      const filingId = await stage.reach('overdue');
      await refusals.expect(
        filings.connect(tianjin.operator).record(filingId, ENTRY),
        filings,
        'NotFilingAuthority',
        filingId,
        tianjin.id,
      );
    });
  });

  it('change through the contract in force only, and stay readable', async () => {
    const { filings, consortium } = world;
    const filingId = await stage.reach('overdue');
    const successor = await deployContract<IncompleteFilings>('IncompleteFilings', consortium);
    const place = await successor.getAddress();
    await world.council(consortium, 'putInForce', id('IncompleteFilings'), place, 2);
    await networkHelpers.mine();
    for (const action of ACTIONS) {
      const attempt = stage.take(action, filingId, world.beijing.operator);
      await refusals.expect(attempt, filings, 'NotInForce', id('IncompleteFilings'), place);
    }
    expect(await stage.stateOf(filingId)).to.equal('overdue');
  });

  it('that are not there are empty, and cannot be changed', async () => {
    const { filings, beijing } = world;
    expect((await filings.filing(5)).state).to.equal(0n);
    expect(await filings.filingCount()).to.equal(0n);
    for (const action of ['supply', 'mark-overdue', 'record'] as const) {
      await refusals.expect(stage.take(action, 1n, beijing.operator), filings, 'UnknownFiling', 1);
    }
  });

  describe('the errors of the interface', () => {
    it('were all provoked', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});
