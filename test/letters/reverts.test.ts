import {
  commitmentItemsAbi,
  commitmentLettersAbi,
  incompleteFilingsAbi,
  voluntaryPledgesAbi,
} from '@credit-ledger/sdk/chain';
import { isLedgerError, LedgerError } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import type { Abi } from 'viem';
import { statusOfCode } from '../../node/src/api/status.ts';
import { asLetterError, codeOfRevert } from '../../node/src/letters/index.ts';
import type { StepAbout } from '../../node/src/store/letter-steps.ts';

const ABIS: readonly (readonly [StepAbout, Abi])[] = [
  ['item', commitmentItemsAbi],
  ['letter', commitmentLettersAbi],
  ['filing', incompleteFilingsAbi],
  ['pledge', voluntaryPledgesAbi],
];
/** What no call of a node can meet: the council's own, and what OpenZeppelin's base declares. */
const NOT_OURS = ['NotCouncil', 'InvalidEligibility', 'InvalidShortString', 'StringTooLong'];

const reverted = (error: string, operands = {}): LedgerError =>
  new LedgerError('CHAIN_REVERTED', { en: error, zh: error }, { error, ...operands });

describe('Refusals of the contracts of letters', () => {
  for (const [about, abi] of ABIS) {
    for (const item of abi) {
      if (item.type !== 'error' || NOT_OURS.includes(item.name)) continue;
      it(`${about}: ${item.name} has a code of this room with a status, in both languages`, () => {
        const told = asLetterError(reverted(item.name), about);
        if (!isLedgerError(told)) throw new Error('no error of ours');
        expect(told.code).to.equal(codeOfRevert(item.name, about));
        expect(told.code).to.not.equal('CHAIN_REVERTED');
        if (told.code !== 'LETTER_DRAW_SEED_WRONG') expect(statusOfCode(told.code)).to.be.below(500);
        expect(told.messageZh).to.match(/\p{Script=Han}/u);
      });
    }
  }

  it('keep what the contract said: states by name, times and days in words', () => {
    const told = (error: string, about: StepAbout, operands: object) =>
      asLetterError(reverted(error, operands), about) as LedgerError;
    expect(told('WrongState', 'letter', { letterId: '3', state: 4 }).operands).to.include({
      state: 'decided',
    });
    expect(told('WrongState', 'filing', { state: 3 }).operands).to.include({ state: 'overdue' });
    expect(told('PromiseTooLate', 'letter', { promiseBy: 1_780_279_200n }).message).to.include(
      '2026-06-01 10:00:00',
    );
    expect(told('NotYetOverdue', 'filing', { dueDay: 20_614 }).messageZh).to.include('2026-06-10');
  });

  it('of other contracts, and errors of another kind, stay as they are', () => {
    const other = reverted('NotAContract');
    expect(asLetterError(other, 'letter')).to.equal(other);
    const plain = new Error('x');
    expect(asLetterError(plain, 'letter')).to.equal(plain);
  });
});
