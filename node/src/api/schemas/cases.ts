import {
  CASE_STATES,
  CASE_TYPES,
  DISMISSAL,
  type DismissalName,
  REPAIR_CONDITIONS,
} from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import {
  Bilingual,
  CreditCode,
  DateText,
  Failure,
  Hash,
  Id,
  LedgerClass,
  Moment,
  pageOf,
  Signature,
} from './common.ts';
import { ConditionsMet, Correction } from './intake.ts';
import { Sent } from './ledger.ts';

const CaseType = z.enum(CASE_TYPES.filter((type) => type !== 'none'));
const CaseState = z.enum(CASE_STATES.filter((state) => state !== 'none'));
const Reasons = z.string().trim().min(1).max(500);
const DISMISSAL_CODES = Object.keys(DISMISSAL) as [DismissalName, ...DismissalName[]];

const named = {
  type: CaseType,
  register: Id.meta({ description: 'Register of the source.' }),
  subject: CreditCode,
  documentNumber: z.string().min(1).max(500).optional(),
  recordId: Id.optional().meta({
    description:
      'At the source’s own node, or for what the subject signs, enough without the document number.',
  }),
  class: LedgerClass.optional(),
  grounds: z.string().trim().min(1).max(2_000).meta({ description: 'Why.' }),
  conditionsMet: ConditionsMet.default([]),
};
const INSIST = z
  .boolean()
  .default(false)
  .meta({ description: 'File it on the chain without asking the source first.' });
const isNamed = (body: { documentNumber?: string | undefined; recordId?: string | undefined }): boolean =>
  body.documentNumber !== undefined || body.recordId !== undefined;
const NAMED = { message: 'documentNumber or recordId is needed' };

export const FileCase = z
  .strictObject({ ...named, insist: INSIST })
  .refine(isNamed, NAMED)
  .meta({
    id: 'FileCase',
    description: 'A dispute or the application for a repair, in the member’s own name.',
  });
export type FileCase = z.output<typeof FileCase>;
export const DraftCase = z
  .strictObject({ ...named, binding: Id.meta({ description: 'The subject’s binding.' }) })
  .refine(isNamed, NAMED)
  .meta({ id: 'DraftCase', description: 'What a subject wants to file.' });
export type DraftCase = z.output<typeof DraftCase>;

const Document = z.looseObject({ format: z.literal('credit-case/1') }).meta({
  id: 'CaseDocument',
  description: 'What is filed; its hash alone goes on the chain. It names the subject: keep it to yourself.',
});
export const CaseDraft = z
  .object({
    document: Document,
    documentHash: Hash,
    typedData: z
      .looseObject({ primaryType: z.literal('CaseFiling') })
      .meta({ description: 'EIP-712 data for the subject’s key to sign.' }),
  })
  .meta({ id: 'CaseDraft', description: 'A document to be signed; the node keeps nothing of it.' });
export type CaseDraft = z.output<typeof CaseDraft>;
export const FileSignedCase = z
  .strictObject({
    document: z.record(z.string(), z.unknown()),
    binding: z.strictObject({
      bindingId: Id,
      salt: Hash.meta({ description: 'Opens the binding’s commitment.' }),
      signature: Signature,
    }),
    insist: INSIST,
  })
  .meta({ id: 'FileSignedCase', description: 'What the subject’s bound key has signed.' });
export type FileSignedCase = z.output<typeof FileSignedCase>;

export const FiledCase = z
  .object({
    filing: Id.meta({ description: 'Of this node; the case has its number once it is in a block.' }),
    documentHash: Hash,
    delivered: z.enum(['own', 'accepted', 'later']).meta({
      description:
        'Whether the source has the document: `later`, when it did not answer; it is sent again and again.',
    }),
    case: Id.nullable(),
    sent: Sent,
  })
  .meta({ id: 'FiledCase' });
export type FiledCase = z.output<typeof FiledCase>;

const view = {
  id: Id,
  type: CaseType,
  state: CaseState,
  register: Id,
  source: Id.meta({ description: 'The member that owns the register.' }),
  filedBy: Id,
  documentHash: Hash,
  filedDate: DateText,
  dueDate: DateText.meta({
    description: 'Last day for the decision; after `granted`, for carrying the repair out.',
  }),
  daysLeft: z
    .int()
    .nullable()
    .meta({ description: 'Civil days; below 0 when late, null when it is closed.' }),
  overdue: z.boolean().meta({ description: 'Whether a due day has passed before what it was for.' }),
  counted: z.boolean().meta({ description: 'Whether the chain has counted that against the register.' }),
  decidedBy: Id.nullable(),
  decisionHash: Hash.nullable(),
  entryCommitment: Hash.nullable(),
  dismissal: z
    .object({ code: z.int(), name: z.string().nullable(), message: Bilingual.nullable() })
    .nullable(),
  changedAt: Moment,
};
export const Case = z
  .object(view)
  .meta({ id: 'Case', description: 'A case as the chain shows it to everybody.' });
export type Case = z.output<typeof Case>;
export const Cases = pageOf(Case, 'Cases');

const Facts = z.object({
  kind: z.int(),
  domain: z.int(),
  severity: z.object({ code: z.int(), source: Id, basis: z.string() }),
  date: DateText,
  until: DateText.nullable(),
});
export const CaseDetail = z
  .object({
    ...view,
    ourParts: z.array(z.enum(['filer', 'source', 'superior'])),
    private: z
      .object({
        filing: Id,
        subject: z.string(),
        record: z.object({
          documentNumber: z.string().nullable(),
          recordId: z.string().nullable(),
          class: LedgerClass.nullable(),
        }),
        ownRecordId: Id.nullable().meta({ description: 'At the source: the record that is meant.' }),
        grounds: z.string(),
        conditionsMet: z.array(z.enum(REPAIR_CONDITIONS)),
        signedBySubject: z.boolean().meta({ description: 'Otherwise it is the filing member’s own.' }),
        objection: z.string().nullable().meta({
          description:
            'At the source: the code with which it would have been turned away; for its own officers.',
        }),
        facts: Facts.nullable().meta({ description: 'At the superior: what the source says of the record.' }),
        decision: z
          .object({ outcome: z.string(), date: DateText, reasons: z.string(), decidedBy: Id })
          .nullable(),
        entry: z
          .object({ salt: Hash, body: Hash })
          .nullable()
          .meta({ description: 'Opens the commitment to the entry that followed.' }),
        deliveries: z.array(
          z.object({
            member: Id,
            kind: z.enum(['filing', 'decision']),
            acceptedAt: Moment.nullable(),
            attempts: z.int(),
            error: Failure.nullable(),
          }),
        ),
        trouble: Failure.nullable().meta({ description: 'Why the node does not go on by itself.' }),
        createdBy: z.string(),
        createdAt: Moment,
      })
      .nullable()
      .meta({ description: 'What this node keeps; null for a case of others.' }),
  })
  .meta({ id: 'CaseDetail' });
export type CaseDetail = z.output<typeof CaseDetail>;

export const CaseQuery = {
  overdue: z.enum(['true', 'false']).optional(),
  open: z.enum(['true', 'false']).optional(),
  register: Id.optional(),
  filedBy: Id.optional(),
};

export const DecideCase = z
  .discriminatedUnion('outcome', [
    z.strictObject({ outcome: z.enum(['upheld', 'revoked']), reasons: Reasons }),
    z.strictObject({
      outcome: z.literal('corrected'),
      reasons: Reasons,
      corrections: z.array(Correction).min(1).max(100),
    }),
    z.strictObject({ outcome: z.literal('denied'), reasons: Reasons }),
    z.strictObject({
      outcome: z.literal('granted'),
      reasons: Reasons,
      conditionsMet: ConditionsMet.default([]),
      facts: z
        .strictObject({
          kind: z.int().min(0).max(63),
          domain: z.int().min(0).max(15),
          severity: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
          severityBasis: z.string().min(1).max(2_000),
          date: DateText,
          until: DateText.nullable().default(null),
        })
        .optional()
        .meta({
          description:
            'By a superior, where the source has not told, or not told truly: what the record says.',
        }),
    }),
  ])
  .meta({
    id: 'DecideCase',
    description:
      'Of a dispute `upheld` (the record stands), `corrected` or `revoked`; of a repair `granted` or `denied`.',
  });
export type DecideCase = z.output<typeof DecideCase>;
export const DismissCase = z
  .strictObject({ code: z.enum(DISMISSAL_CODES) })
  .meta({ id: 'DismissCase', description: 'Why the case cannot be decided. Everybody sees the code.' });
export type DismissCase = z.output<typeof DismissCase>;

export const Report = z.looseObject({ format: z.literal('credit-report/1') }).meta({
  id: 'Report',
  description:
    'The agency’s own records about a subject with what has happened to them, signed by its operator key (EIP-712); good for 30 days.',
});
