import { expect } from 'chai';
import fc from 'fast-check';
import { ZeroHash } from 'ethers';
import {
  FILING_STATES,
  FILING_TRANSITIONS,
  type FilingAction,
  type FilingState,
} from '@credit-ledger/sdk/protocol';
import { incompleteFilingsAbi } from '../../sdk/src/chain/abi/index.ts';
import { ENTRY, type FilingStage, freshFilings } from './support/filings.ts';
import type { ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { DAY, networkHelpers } from './support/world.ts';

const refusals = new Refusals(incompleteFilingsAbi);
const ACTIONS = [...new Set(FILING_TRANSITIONS.map(({ action }) => action))];

describe('Steps of incomplete filings', () => {
  let world: ProcessWorld;
  let stage: FilingStage;
  beforeEach(async () => {
    stage = await freshFilings();
    ({ world } = stage);
  });

  describe('take every step that the table of the SDK names, and no other', () => {
    for (const [index, state] of FILING_STATES.entries()) {
      for (const late of [false, true]) {
        // Overdue and supplied late are reached after the due day only.
        if (!late && (state === 'overdue' || state === 'supplied-late')) continue;
        it(`from ${state}, ${late ? 'after' : 'before the end of'} the due day`, async () => {
          const filingId = await stage.reach(state);
          if (late && state !== 'none') await networkHelpers.time.increase(30 * DAY);
          for (const action of ACTIONS) {
            const rows = FILING_TRANSITIONS.filter((row) => row.action === action && row.from === state);
            // `supply` is late after the due day, and only then; overdue can only be what is late.
            const to =
              action === 'mark-overdue' && !late
                ? undefined
                : rows.find((row) => row.action !== 'supply' || (row.to === 'supplied-late') === late)?.to;
            const before = await networkHelpers.takeSnapshot();
            const attempt = stage.take(action, filingId, world.beijing.operator);
            if (to !== undefined) {
              await attempt;
              expect(await stage.stateOf(filingId), action).to.equal(to);
            } else if (action === 'accept') {
              await attempt;
              expect(await stage.stateOf(filingId)).to.equal(state);
            } else if (state === 'none') {
              await refusals.expect(attempt, world.filings, 'UnknownFiling', filingId);
            } else if (action === 'mark-overdue' && state === 'accepted') {
              await expect(attempt).to.be.revertedWithCustomError(world.filings, 'NotYetOverdue');
            } else {
              await refusals.expect(attempt, world.filings, 'WrongState', filingId, index);
            }
            await before.restore();
          }
        });
      }
    }
  });

  it('go no other ways on random walks through time, whoever tries', async () => {
    const { filings, consortium, beijing, tianjin, requester, stranger } = world;
    const callers = [beijing, beijing, tianjin, requester];
    const before = await networkHelpers.takeSnapshot();
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.constantFrom<FilingAction | 'wait'>(...ACTIONS, 'wait'),
            fc.constantFrom(...callers, undefined),
            fc.integer({ min: 0, max: 2 }),
          ),
          { minLength: 5, maxLength: 20 },
        ),
        async (walk) => {
          await before.restore();
          const model: { state: FilingState; dueDay: number; recorded: boolean }[] = [];
          for (const [action, member, pick] of walk) {
            if (action === 'wait') {
              await networkHelpers.time.increase((pick + 1) * 3 * DAY);
              continue;
            }
            const caller = member?.operator ?? stranger;
            const index = model.length === 0 ? 0 : pick % model.length;
            const filingId = BigInt(index + 1);
            const filing = model[index];
            const today = Number(await world.calendar.today());
            const attempt = stage.take(action, filingId, caller);
            if (action === 'accept') {
              if (member === beijing) {
                await attempt;
                const dueDay = await stage.dueDayOf(BigInt(model.length + 1));
                model.push({ state: 'accepted', dueDay, recorded: false });
              } else await expect(attempt).to.be.revert(world.connection.ethers);
              continue;
            }
            if (action !== 'mark-overdue' && member === undefined) {
              await refusals.expect(attempt, consortium, 'NotOperator', stranger.address);
              continue;
            }
            if (!filing) {
              await refusals.expect(attempt, filings, 'UnknownFiling', filingId);
              continue;
            }
            if (action !== 'mark-overdue' && member !== beijing) {
              await refusals.expect(attempt, filings, 'NotFilingAuthority', filingId, member?.id);
              continue;
            }
            const late = today > filing.dueDay;
            const rows = FILING_TRANSITIONS.filter(
              (row) => row.action === action && row.from === filing.state,
            );
            if (rows.length === 0) {
              const number = FILING_STATES.indexOf(filing.state);
              await refusals.expect(attempt, filings, 'WrongState', filingId, number);
            } else if (action === 'mark-overdue' && !late) {
              await refusals.expect(attempt, filings, 'NotYetOverdue', filingId, filing.dueDay, today);
            } else if (action === 'record' && filing.recorded) {
              await refusals.expect(attempt, filings, 'EntryKnown', filingId);
            } else {
              await attempt;
              if (action === 'supply') filing.state = late ? 'supplied-late' : 'supplied';
              if (action === 'mark-overdue') filing.state = 'overdue';
              if (action === 'record') filing.recorded = true;
            }
          }
          for (const [index, { state, recorded }] of model.entries()) {
            const filingId = BigInt(index + 1);
            expect(await stage.stateOf(filingId)).to.equal(state);
            const { entryCommitment } = await filings.filing(filingId);
            expect(entryCommitment).to.equal(recorded ? ENTRY : ZeroHash);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
