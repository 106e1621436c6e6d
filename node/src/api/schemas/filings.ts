import { FILING_STATES } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { Address, CreditCode, DateText, Hash, Id, Moment, pageOf } from './common.ts';
import {
  AnyAddress,
  EntryOpening,
  Happening,
  RecordOfBreach,
  SaltedDocument,
  StepDocuments,
  StepError,
  TypedData,
} from './letters.ts';

const Text = z.string().min(1).max(2_000);
const Name = z.string().min(1).max(200);

export const TakeInFiling = z
  .strictObject({
    subject: CreditCode,
    name: Name,
    matter: Text.meta({ description: 'What is applied for.' }),
    missing: z.array(Name).min(1).max(50).meta({ description: 'The documents that are missing.' }),
    promise: Text.meta({ description: 'The written promise to supply them.' }),
    applicant: AnyAddress.meta({ description: 'The applicant’s key, made for this filing alone.' }),
  })
  .meta({ id: 'TakeInFiling' });
export type TakeInFiling = z.output<typeof TakeInFiling>;
export const SupplyFiling = z
  .strictObject({ documents: z.array(Name).min(1).max(50).meta({ description: 'What came.' }) })
  .meta({ id: 'SupplyFiling' });
export type SupplyFiling = z.output<typeof SupplyFiling>;
export const RecordFiling = z
  .strictObject({ legalBasis: z.string().max(2_000), record: RecordOfBreach })
  .meta({ id: 'RecordFiling' });
export type RecordFiling = z.output<typeof RecordFiling>;

const facts = {
  filingId: Id.nullable().meta({ description: 'Its number on chain; null until it is accepted there.' }),
  state: z.enum(FILING_STATES),
  acceptedDay: DateText.nullable(),
  dueDay: DateText.nullable().meta({ description: 'The last of seven working days; the chain’s.' }),
  daysLeft: z.int().nullable().meta({ description: 'Calendar days until the due day, while it is open.' }),
  overdue: z.boolean().meta({ description: 'The due day has passed and nothing came.' }),
  suppliedDay: DateText.nullable(),
  isRecorded: z.boolean().meta({ description: 'The lateness is an adverse record.' }),
  history: z.array(Happening),
};
export const Filing = z
  .object({
    id: Id,
    ...facts,
    matter: z.string(),
    missing: z.array(z.string()),
    applicant: Address,
    possible: z.array(z.string()),
    pending: z.object({ action: z.string(), state: z.string() }).nullable(),
    failed: StepError.nullable(),
    recordId: Id.nullable(),
    madeBy: z.string(),
    createdAt: Moment,
  })
  .meta({ id: 'Filing', description: 'An incomplete filing of ours, without its subject.' });
export type Filing = z.output<typeof Filing>;
export const FilingDetail = Filing.extend({
  subject: z.object({ uscc: z.string(), name: z.string() }),
  entry: EntryOpening.nullable(),
  documents: StepDocuments,
}).meta({ id: 'FilingDetail' });
export type FilingDetail = z.output<typeof FilingDetail>;
export const Filings = pageOf(Filing, 'Filings');
export const FilingToSign = z
  .object({ document: SaltedDocument, typedData: TypedData })
  .meta({ id: 'FilingToSign', description: 'What the applicant reads and signs.' });
export type FilingToSign = z.output<typeof FilingToSign>;
export const TakenIn = z
  .object({
    filing: FilingDetail,
    document: SaltedDocument,
    typedData: TypedData,
    dueDayIfAcceptedToday: DateText,
  })
  .meta({ id: 'TakenIn', description: 'What the applicant reads and signs.' });
export type TakenIn = z.output<typeof TakenIn>;
export const MemberFiling = z
  .object({ authority: Id, own: z.boolean(), ...facts })
  .meta({ id: 'MemberFiling', description: 'A filing of any authority: what the chain says of it.' });
export type MemberFiling = z.output<typeof MemberFiling>;
export const MemberFilings = z.object({ items: z.array(MemberFiling) }).meta({ id: 'MemberFilings' });

export const DrawUpPledge = z
  .strictObject({
    subject: CreditCode,
    name: Name,
    kind: z.enum(['comprehensive', 'product-quality']),
    text: Text.meta({ description: 'What the company pledges.' }),
    scope: Text.meta({ description: 'Where it is published.' }),
    publicUntil: DateText,
    pledger: AnyAddress.meta({ description: 'The company’s key.' }),
  })
  .meta({ id: 'DrawUpPledge' });
export type DrawUpPledge = z.output<typeof DrawUpPledge>;
export const PledgeDraft = z
  .object({ id: Id, document: SaltedDocument, typedData: TypedData })
  .meta({ id: 'PledgeDraft', description: 'What the company reads and signs.' });
export type PledgeDraft = z.output<typeof PledgeDraft>;
export const PledgeDone = z
  .object({ onItsWay: z.boolean(), pledgeId: Id.nullable() })
  .meta({ id: 'PledgeDone' });
export type PledgeDone = z.output<typeof PledgeDone>;
export const ObservePledge = z.strictObject({ text: z.string().max(2_000) }).meta({ id: 'ObservePledge' });
export const Observed = z
  .object({ onItsWay: z.boolean(), document: SaltedDocument })
  .meta({ id: 'Observed', description: 'The observation, which is ours and no finding.' });
export type Observed = z.output<typeof Observed>;
export const PledgeToSign = z.object({ typedData: TypedData }).meta({ id: 'PledgeToSign' });
export type PledgeToSign = z.output<typeof PledgeToSign>;
export const Pledge = z
  .object({
    pledgeId: Id,
    association: Id,
    own: z.boolean(),
    kind: z.enum(['comprehensive', 'product-quality']),
    pledger: Address,
    documentHash: Hash,
    scopeHash: Hash,
    publicUntil: DateText,
    publishedAt: Moment,
    withdrawnAt: Moment.nullable(),
    isPublic: z.boolean(),
    document: SaltedDocument.nullable().meta({ description: 'Null for another association’s.' }),
    observations: z.array(z.object({ observer: Id, observationHash: Hash, time: Moment })),
  })
  .meta({ id: 'Pledge', description: 'A voluntary pledge; public by purpose, and no tool of approval.' });
export type Pledge = z.output<typeof Pledge>;
export const Pledges = z.object({ items: z.array(Pledge) }).meta({ id: 'Pledges' });
