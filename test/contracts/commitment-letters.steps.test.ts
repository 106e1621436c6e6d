import { expect } from 'chai';
import fc from 'fast-check';
import { id, type Wallet, ZeroHash } from 'ethers';
import {
  LETTER_STATES,
  LETTER_TRANSITIONS,
  type LetterAction,
  type LetterState,
} from '@credit-ledger/sdk/protocol';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import type { CommitmentLetters } from '../../types/index.ts';
import { CHECK, freshLetters, type LetterStage, OUTCOME, LETTER_ERRORS, REASON } from './support/letters.ts';
import type { ProcessWorld } from './support/processes.ts';
import { Refusals } from './support/refusals.ts';
import { deployContract, networkHelpers } from './support/world.ts';

const refusals = new Refusals(LETTER_ERRORS.steps);
const ACTIONS = [...new Set(LETTER_TRANSITIONS.map(({ action }) => action))];
/** `check` by what it finds. */
type Step = Exclude<LetterAction, 'check'> | 'find-kept' | 'find-broken';
const STEPS: readonly Step[] = [
  ...ACTIONS.filter((action) => action !== 'check'),
  'find-kept',
  'find-broken',
];

/** Where the SDK's table says that a step leads from a state. */
function expected(step: Step, from: LetterState): LetterState | undefined {
  const action: LetterAction = step === 'find-kept' || step === 'find-broken' ? 'check' : step;
  const rows = LETTER_TRANSITIONS.filter((row) => row.action === action && row.from === from);
  if (action !== 'check') return rows[0]?.to;
  return rows.find(({ to }) => to === (step === 'find-kept' ? 'checked-true' : 'checked-false'))?.to;
}

describe('Steps of commitment letters', () => {
  let world: ProcessWorld;
  let stage: LetterStage;
  beforeEach(async () => {
    stage = await freshLetters();
    ({ world } = stage);
  });

  const latest = () => networkHelpers.time.latest();
  const as = (caller: HardhatEthersSigner) => world.letters.connect(caller);
  const numberOf = (state: LetterState) => LETTER_STATES.indexOf(state);

  /** Takes a step with arguments that are right wherever the step is. */
  async function take(step: Step, letterId: bigint, caller: HardhatEthersSigner, applicant: Wallet) {
    const letters = as(caller);
    switch (step) {
      case 'offer':
        return letters.offer(stage.itemId, 1, stage.templateId);
      case 'inform':
        return letters.inform(letterId, await stage.notice());
      case 'make-promise': {
        const state = await stage.stateOf(letterId);
        if (state !== 'informed') return letters.makePromise(letterId, '0x', '0x', []);
        return letters.makePromise(
          letterId,
          await stage.sign(letterId, applicant),
          await stage.sign(letterId, stage.authority.operator),
          await stage.claims(letterId),
        );
      }
      case 'decide':
        return letters.decide(letterId, id('decision'), CHECK.routine, await stage.daysAhead(3));
      case 'find-kept':
        return letters.check(letterId, true, id('finding'), OUTCOME.none, ZeroHash, ZeroHash);
      case 'find-broken':
        return letters.check(letterId, false, id('finding'), OUTCOME.revoked, id('law'), id('entry'));
      case 'withdraw':
        return letters.withdraw(
          letterId,
          id('reason'),
          await stage.signWithdrawal(letterId, id('reason'), applicant),
        );
      case 'refuse':
        return letters.refuse(letterId, REASON.declined);
      case 'terminate':
        return letters.terminate(letterId, id('reason'));
    }
  }

  describe('take every step that the table of the SDK names, and no other', () => {
    for (const [index, state] of LETTER_STATES.entries()) {
      it(`from ${state}`, async () => {
        const letterId = await stage.reach(state);
        expect((await world.letters.letter(letterId)).state).to.equal(BigInt(index));
        const applicant = state === 'none' ? stage.freshApplicant() : await applicantOf(stage, letterId);
        for (const step of STEPS) {
          const to = expected(step, state);
          const before = await networkHelpers.takeSnapshot();
          const attempt = take(step, letterId, stage.authority.operator, applicant);
          if (to !== undefined) {
            await attempt;
            expect(await stage.stateOf(letterId), step).to.equal(to);
            expect((await world.letters.letter(letterId)).changedAt).to.equal(BigInt(await latest()));
          } else if (step === 'offer') {
            // Makes another letter, and leaves this one alone.
            await attempt;
            expect(await stage.stateOf(letterId)).to.equal(state);
          } else if (state === 'none') {
            await refusals.expect(attempt, world.letters, 'UnknownLetter', letterId);
          } else {
            await refusals.expect(attempt, world.letters, 'WrongState', letterId, index);
            expect(await stage.stateOf(letterId)).to.equal(state);
          }
          await before.restore();
        }
      });
    }
  });

  it('go no other ways on random walks, whoever tries', async () => {
    const { beijing, tianjin, requester, association, stranger, consortium, letters } = world;
    const callers = [
      beijing.operator,
      beijing.operator,
      beijing.operator,
      beijing.operator,
      tianjin.operator,
      requester.operator,
      association.operator,
      stranger,
      beijing.witness,
    ];
    const memberOf = new Map(
      [beijing, tianjin, requester, association].map(({ id: memberId, operator }) => [
        operator.address,
        memberId,
      ]),
    );
    const before = await networkHelpers.takeSnapshot();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.constantFrom(...callers), fc.constantFrom(0, 1, 2)), {
          minLength: 6,
          maxLength: 24,
        }),
        async (walk) => {
          await before.restore();
          const states: LetterState[] = [];
          for (const [step, caller, pick] of walk) {
            const index = states.length === 0 ? 0 : pick % (states.length + 1);
            const letterId = BigInt(index + 1);
            const from = states[index] ?? 'none';
            const applicant = await applicantOf(stage, letterId);
            const memberId = memberOf.get(caller.address);
            if (step === 'offer') {
              const attempt = as(caller).offer(stage.itemId, 1, stage.templateId);
              if (caller === beijing.operator) {
                await attempt;
                states.push('offered');
              } else await expect(attempt).to.be.revert(world.connection.ethers);
              continue;
            }
            if (step === 'inform' && from === 'offered' && caller === beijing.operator) {
              // With a key that later steps can find again.
              await stage.inform(letterId);
              states[index] = 'informed';
              continue;
            }
            const attempt = take(step, letterId, caller, applicant);
            const to = expected(step, from);
            if (memberId === undefined) {
              await refusals.expect(attempt, consortium, 'NotOperator', caller.address);
            } else if (from === 'none') {
              await refusals.expect(attempt, letters, 'UnknownLetter', letterId);
            } else if (step !== 'withdraw' && caller !== beijing.operator) {
              await refusals.expect(attempt, letters, 'NotDecidingAuthority', letterId, memberId);
            } else if (to === undefined) {
              await refusals.expect(attempt, letters, 'WrongState', letterId, numberOf(from));
            } else {
              await attempt;
              states[index] = to;
            }
          }
          expect(await letters.letterCount()).to.equal(BigInt(states.length));
          for (const [index, state] of states.entries()) {
            expect(await stage.stateOf(BigInt(index + 1))).to.equal(state);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  describe('who acts', () => {
    it('is the deciding authority: no other authority, requester, association or stranger', async () => {
      const { letters, consortium, tianjin, requester, association, stranger, beijing } = world;
      for (const [state, step] of [
        ['offered', 'inform'],
        ['offered', 'refuse'],
        ['informed', 'make-promise'],
        ['informed', 'terminate'],
        ['promised', 'decide'],
        ['promised', 'terminate'],
        ['decided', 'find-kept'],
        ['decided', 'find-broken'],
      ] as const) {
        const letterId = await stage.reach(state);
        const applicant = await applicantOf(stage, letterId);
        const before = await networkHelpers.takeSnapshot();
        for (const member of [tianjin, requester, association]) {
          const attempt = take(step, letterId, member.operator, applicant);
          await refusals.expect(attempt, letters, 'NotDecidingAuthority', letterId, member.id);
          await before.restore();
        }
        for (const caller of [stranger, beijing.witness]) {
          const attempt = take(step, letterId, caller, applicant);
          await refusals.expect(attempt, consortium, 'NotOperator', caller.address);
          await before.restore();
        }
        expect(await stage.stateOf(letterId)).to.equal(state);
      }
    });

    it('is an active member: nobody while suspended, and again once reinstated', async () => {
      const { consortium, beijing } = world;
      const letterId = await stage.reach('offered');
      await world.council(consortium, 'suspend', beijing.id, id('reason'));
      const applicant = stage.freshApplicant();
      for (const step of STEPS) {
        const attempt = take(step, letterId, beijing.operator, applicant);
        await refusals.expect(attempt, consortium, 'MemberNotActive', beijing.id, 2);
      }
      await world.council(consortium, 'reinstate', beijing.id);
      await stage.inform(letterId);
      expect(await stage.stateOf(letterId)).to.equal('informed');
    });

    it('acts by the operator key of this block', async () => {
      const { consortium, beijing, spare } = world;
      const letterId = await stage.reach('offered');
      const [next] = spare;
      if (!next) throw new Error('no key');
      const fromBlock = (await networkHelpers.time.latestBlock()) + 3;
      await world.council(
        consortium,
        'changeKeys',
        beijing.id,
        next.address,
        beijing.witness.address,
        fromBlock,
      );
      await networkHelpers.mineUpTo(fromBlock);
      await refusals.expect(
        as(beijing.operator).refuse(letterId, REASON.declined),
        consortium,
        'NotOperator',
        beijing.operator.address,
      );
      await as(next).refuse(letterId, REASON.declined);
    });

    it('acts through the contract in force only', async () => {
      const { letters, consortium, beijing } = world;
      const letterId = await stage.reach('informed');
      const applicant = stage.applicantOf(letterId);
      const successor = await deployContract<CommitmentLetters>('CommitmentLetters', consortium);
      const name = id('CommitmentLetters');
      await world.council(consortium, 'putInForce', name, await successor.getAddress(), 2);
      const place = await successor.getAddress();
      for (const step of STEPS) {
        const attempt = take(step, letterId, beijing.operator, applicant);
        await refusals.expect(attempt, letters, 'NotInForce', name, place);
      }
      for (const attempt of [
        () => stage.letters.openDraw(id('seed'), 100, 0),
        () => stage.letters.revealDraw(1, id('seed')),
      ]) {
        await refusals.expect(attempt(), letters, 'NotInForce', name, place);
      }
      // What was written stays readable.
      expect(await stage.stateOf(letterId)).to.equal('informed');
      expect(await letters.letterDigest(letterId)).to.not.equal(ZeroHash);
    });
  });

  describe('the errors of the interface', () => {
    it('that steps are refused with were all provoked', () => {
      expect(refusals.unprovoked).to.deep.equal([]);
    });
  });
});

async function applicantOf(stage: LetterStage, letterId: bigint): Promise<Wallet> {
  const { notice } = await stage.world.letters.letter(letterId);
  return BigInt(notice.applicant) === 0n ? stage.freshApplicant() : stage.applicantOf(letterId);
}
