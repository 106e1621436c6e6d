import {
  FILING_STATES,
  isLedgerError,
  type LedgerError,
  LETTER_STATES,
  type Operand,
} from '@credit-ledger/sdk/protocol';
import type { StepAbout } from '../store/letter-steps.ts';
import { dayWords, letterError, type LetterErrorCode, letterErrorWith, momentWords } from './errors.ts';

/** The contracts' refusals that mean one thing wherever they come from. */
const COMMON: Readonly<Record<string, LetterErrorCode>> = {
  NotInForce: 'PROCESS_NOT_IN_FORCE',
  NotAnAuthority: 'LETTER_NOT_AUTHORITY',
  NotOperator: 'LETTER_NOT_AUTHORITY',
  MemberNotActive: 'LETTER_NOT_AUTHORITY',
  InvalidHash: 'LETTER_HASH_INVALID',
  InvalidText: 'LETTER_ITEM_TEXT_INVALID',
  // items
  UnknownItem: 'LETTER_ITEM_UNKNOWN',
  NotItemOwner: 'LETTER_ITEM_NOT_YOURS',
  ItemNotInForce: 'LETTER_ITEM_NOT_IN_FORCE',
  ItemExcluded: 'LETTER_ITEM_EXCLUDED',
  InvalidRegisters: 'LETTER_ITEM_REGISTERS_INVALID',
  UnknownRegister: 'LETTER_ITEM_REGISTERS_INVALID',
  InvalidClaimAge: 'LETTER_ITEM_CLAIM_AGE_INVALID',
  TemplateIncomplete: 'LETTER_TEMPLATE_INCOMPLETE',
  TemplateKnown: 'LETTER_TEMPLATE_KNOWN',
  TemplateOfOtherItem: 'LETTER_TEMPLATE_UNKNOWN',
  EligibilityNotSet: 'LETTER_ELIGIBILITY_NOT_SET',
  // letters
  UnknownLetter: 'LETTER_UNKNOWN',
  NotDecidingAuthority: 'LETTER_NOT_YOURS',
  InvalidTag: 'LETTER_TAG_USED',
  TagUsed: 'LETTER_TAG_USED',
  InvalidPublication: 'LETTER_PUBLICATION_INVALID',
  InvalidPromiseBy: 'LETTER_PROMISE_BY_INVALID',
  PromiseTooLate: 'LETTER_TOO_LATE',
  WrongAgencySignature: 'LETTER_WRONG_AGENCY_SIGNATURE',
  WrongClaimCount: 'LETTER_CLAIM_WRONG',
  ClaimOfOtherRegister: 'LETTER_CLAIM_WRONG',
  ClaimOfOtherLetter: 'LETTER_CLAIM_WRONG',
  ClaimOfOtherRequester: 'LETTER_CLAIM_WRONG',
  ClaimOfOtherSubject: 'LETTER_CLAIM_WRONG',
  ClaimOfOtherApplication: 'LETTER_CLAIM_WRONG',
  ClaimOfOtherPredicate: 'LETTER_CLAIM_WRONG',
  ClaimOfOtherDay: 'LETTER_CLAIM_WRONG',
  ClaimNotProved: 'LETTER_CLAIM_WRONG',
  UnknownLogEntry: 'LETTER_CLAIM_WRONG',
  EntryIsRefusal: 'LETTER_CLAIM_WRONG',
  RootNotCurrent: 'LETTER_CLAIM_WRONG',
  BatchContested: 'LETTER_CLAIM_WRONG',
  BatchAnnulled: 'LETTER_CLAIM_WRONG',
  ClaimTooOld: 'LETTER_CLAIMS_STALE',
  RefusalReasonMissing: 'LETTER_REASON_MISSING',
  InvalidCheck: 'LETTER_CHECK_INVALID',
  InvalidOutcome: 'LETTER_OUTCOME_INVALID',
  LegalBasisMissing: 'LETTER_LEGAL_BASIS_MISSING',
  EntryMissing: 'LETTER_ENTRY_MISSING',
  InvalidRate: 'LETTER_DRAW_RATE_INVALID',
  InvalidDrawPeriod: 'LETTER_DRAW_PERIOD_INVALID',
  InvalidSeedCommit: 'LETTER_DRAW_SEED_WRONG',
  UnknownDraw: 'LETTER_DRAW_UNKNOWN',
  NotDrawOwner: 'LETTER_DRAW_NOT_YOURS',
  DrawClosed: 'LETTER_DRAW_CLOSED',
  DrawStillOpen: 'LETTER_DRAW_OPEN',
  DrawAlreadyRevealed: 'LETTER_DRAW_REVEALED',
  RevealTooLate: 'LETTER_DRAW_TOO_LATE',
  WrongSeed: 'LETTER_DRAW_SEED_WRONG',
  // filings
  UnknownFiling: 'FILING_UNKNOWN',
  NotFilingAuthority: 'FILING_NOT_YOURS',
  NotYetOverdue: 'FILING_NOT_YET_OVERDUE',
  EntryKnown: 'FILING_ENTRY_KNOWN',
  DayNotCovered: 'FILING_CALENDAR_NOT_COVERED',
  // pledges
  NotAnAssociation: 'PLEDGE_NOT_ASSOCIATION',
  InvalidKind: 'PLEDGE_KIND_INVALID',
  InvalidPublicUntil: 'PLEDGE_UNTIL_INVALID',
  WrongPledgerSignature: 'PLEDGE_WRONG_SIGNATURE',
  PledgeKnown: 'PLEDGE_KNOWN',
  UnknownPledge: 'PLEDGE_UNKNOWN',
  PledgeIsWithdrawn: 'PLEDGE_WITHDRAWN',
  OwnPledge: 'PLEDGE_OWN',
  ObservationKnown: 'PLEDGE_OBSERVATION_KNOWN',
};

/** Those that two contracts have and mean differently. */
const ABOUT: Readonly<Partial<Record<StepAbout, Readonly<Record<string, LetterErrorCode>>>>> = {
  filing: {
    WrongState: 'FILING_STATE_WRONG',
    InvalidApplicant: 'FILING_APPLICANT_INVALID',
    ApplicantKeyUsed: 'FILING_APPLICANT_KEY_USED',
    WrongApplicantSignature: 'FILING_WRONG_APPLICANT_SIGNATURE',
  },
  letter: {
    WrongState: 'LETTER_STATE_WRONG',
    InvalidApplicant: 'LETTER_APPLICANT_INVALID',
    ApplicantKeyUsed: 'LETTER_APPLICANT_KEY_USED',
    WrongApplicantSignature: 'LETTER_WRONG_APPLICANT_SIGNATURE',
  },
};

/** The codes that a contract's refusal of a step can become, for the table's test. */
export function codeOfRevert(errorName: string, about: StepAbout): LetterErrorCode | undefined {
  const particular = ABOUT[about];
  if (particular !== undefined && Object.hasOwn(particular, errorName)) return particular[errorName];
  return Object.hasOwn(COMMON, errorName) ? COMMON[errorName] : undefined;
}

/**
 * What the chain refused, in this room's words: whoever is told it hears the same code as when the room
 * had seen it beforehand. Errors of other kinds stay as they are.
 */
export function asLetterError(error: unknown, about: StepAbout): unknown {
  if (!isLedgerError(error, 'CHAIN_REVERTED')) return error;
  const { error: name } = error.operands;
  const code = typeof name === 'string' ? codeOfRevert(name, about) : undefined;
  return code === undefined ? error : refused(code, error, about);
}

function refused(code: LetterErrorCode, error: LedgerError, about: StepAbout): LedgerError {
  const operands = Object.fromEntries(
    Object.entries(error.operands).filter(([name]) => name !== 'data' && name !== 'error'),
  );
  const number = (name: string): number => Number(operands[name] ?? 0);
  switch (code) {
    case 'LETTER_TOO_LATE':
      return letterErrorWith(code, until(momentWords(number('promiseBy'))), operands);
    case 'LETTER_DRAW_CLOSED':
    case 'LETTER_DRAW_OPEN':
      return letterErrorWith(code, until(momentWords(number('closesAt'))), operands);
    case 'FILING_NOT_YET_OVERDUE':
      return letterErrorWith(code, until(dayWords(number('dueDay'))), operands);
    case 'LETTER_STATE_WRONG':
    case 'FILING_STATE_WRONG':
      return letterError(code, { ...operands, state: stateName(number('state'), about) });
    default:
      return letterError(code, operands, error);
  }
}

function stateName(ordinal: number, about: StepAbout): Operand {
  return (about === 'filing' ? FILING_STATES : LETTER_STATES)[ordinal] ?? null;
}

function until(words: string): { en: string; zh: string } {
  return { en: `It is ${words}.`, zh: `该时间为 ${words}。` };
}
