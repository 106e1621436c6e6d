import type { Message } from './errors.ts';
import type { ProcessTransition } from './letters.ts';

/** States of an incomplete filing (容缺受理), in the order of the contract's enum. */
export const FILING_STATES = ['none', 'accepted', 'supplied', 'overdue', 'supplied-late'] as const;
export type FilingState = (typeof FILING_STATES)[number];

/** What people call the states. */
export const FILING_STATE_NAMES: Readonly<Record<FilingState, Message>> = {
  none: { zh: '无', en: 'None' },
  accepted: { zh: '已容缺受理', en: 'Accepted' },
  supplied: { zh: '已补齐', en: 'Supplied' },
  overdue: { zh: '逾期未补', en: 'Overdue' },
  'supplied-late': { zh: '逾期补齐', en: 'Supplied late' },
};

/** Every step that a filing can take; there is no other. `supply` is late after the due day. */
export const FILING_TRANSITIONS = [
  { action: 'accept', from: 'none', to: 'accepted', by: 'deciding-authority' },
  { action: 'supply', from: 'accepted', to: 'supplied', by: 'deciding-authority' },
  { action: 'supply', from: 'accepted', to: 'supplied-late', by: 'deciding-authority' },
  { action: 'supply', from: 'overdue', to: 'supplied-late', by: 'deciding-authority' },
  { action: 'mark-overdue', from: 'accepted', to: 'overdue', by: 'anyone' },
  { action: 'record', from: 'overdue', to: 'overdue', by: 'deciding-authority' },
  { action: 'record', from: 'supplied-late', to: 'supplied-late', by: 'deciding-authority' },
] as const satisfies readonly ProcessTransition<string, FilingState>[];
export type FilingAction = (typeof FILING_TRANSITIONS)[number]['action'];

/** Working days within which the missing documents must come. */
export const FILING_WORKING_DAYS = 7;

/** What an applicant signs with its key for one filing; domain: `ledgerDomain` with the filings' contract. */
export const FILING_PROMISE_TYPES = {
  FilingPromise: [
    { name: 'authority', type: 'uint256' },
    { name: 'promiseHash', type: 'bytes32' },
  ],
} as const;
