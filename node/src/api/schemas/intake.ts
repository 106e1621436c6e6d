import { REPAIR_CONDITIONS } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import {
  Bilingual,
  CreditCode,
  DateText,
  Failure,
  Fen,
  Id,
  LedgerClass,
  Moment,
  pageOf,
  ProfileName,
} from './common.ts';

export const Import = z
  .object({
    id: Id,
    fileName: z.string(),
    profile: z.string(),
    state: z.enum(['running', 'done', 'failed']),
    rows: z.int().meta({ description: 'rows = records + duplicates + rowsWithIssues' }),
    records: z.int(),
    duplicates: z.int(),
    rowsWithIssues: z.int(),
    error: Failure.nullable(),
    startedBy: z.string(),
    startedAt: Moment,
    endedAt: Moment.nullable(),
  })
  .meta({ id: 'Import', description: 'What became of a file.' });
export type Import = z.output<typeof Import>;
export const Imports = pageOf(Import, 'Imports');

export const Issue = z
  .object({
    row: z.int().meta({ description: 'Row of the file, the header being row 1.' }),
    column: z.string().nullable(),
    code: z.string(),
    read: z.string().nullable().meta({ description: 'What was read; personal columns are never repeated.' }),
    message: Bilingual,
    suggestion: Bilingual.nullable(),
  })
  .meta({ id: 'Issue', description: 'Why a row did not become a record.' });
export type Issue = z.output<typeof Issue>;
export const Issues = pageOf(Issue, 'Issues');

export const OP_NAMES = ['record', 'revoke', 'repair', 'dispute', 'settle'] as const;

export const CreditRecord = z
  .object({
    id: Id,
    class: LedgerClass,
    origin: z
      .enum(['agency', 'self-declared'])
      .meta({ description: 'Who says it: the agency, or the subject of itself.' }),
    subject: z.object({ uscc: z.string(), name: z.string() }),
    documentNumber: z.string(),
    kind: z.int(),
    domain: z.int(),
    severity: z.int(),
    severityBasis: z.string(),
    date: DateText.meta({ description: 'Day of the decision.' }),
    until: DateText.nullable().meta({ description: 'Last day of effect; null for no end.' }),
    amountFen: Fen,
    fields: z.array(z.object({ name: z.string(), value: z.string() })),
    sourceProfile: z.string(),
    sourceAgency: z.object({ name: z.string(), uscc: z.string().nullable() }),
    importId: Id.nullable(),
    importRow: z.int().nullable(),
    createdAt: Moment,
  })
  .meta({
    id: 'CreditRecord',
    description: 'A record as the agency holds it; it never leaves the node otherwise.',
  });
export type CreditRecord = z.output<typeof CreditRecord>;
export const CreditRecords = pageOf(CreditRecord, 'CreditRecords');

export const Row = z.record(z.string().min(1).max(200), z.string().max(20_000)).meta({
  id: 'Row',
  description: 'One row of a template: column title → text, exactly as in a file.',
});
export const AddRecords = z
  .strictObject({ profile: ProfileName.optional(), rows: z.array(Row).min(1).max(1000) })
  .meta({ id: 'AddRecords' });
export const AddRecordsResult = z
  .object({ import: Import, issues: z.array(Issue) })
  .meta({ id: 'AddRecordsResult' });
export type AddRecordsResult = z.output<typeof AddRecordsResult>;

export const Correction = z.strictObject({
  column: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Title of a column of the template, or name of a field.' }),
  value: z.string().max(20_000),
});
/** The shortest period is computed from the decision's day, and not for anybody to state. */
export const ConditionsMet = z
  .array(z.enum(REPAIR_CONDITIONS))
  .max(REPAIR_CONDITIONS.length)
  .meta({ description: 'Conditions of a repair that are fulfilled.' });
const operation = {
  date: DateText.optional().meta({
    description: 'Day of the decision to do this; today by the node’s clock when left out.',
  }),
  reason: z.string().min(1).max(500),
  reference: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Number of the document that it rests on.' }),
};
export const Operation = z
  .discriminatedUnion('op', [
    z.strictObject({ op: z.enum(['revoke', 'dispute', 'settle']), ...operation }),
    z.strictObject({ op: z.literal('repair'), ...operation, conditionsMet: ConditionsMet.default([]) }),
    z.strictObject({
      op: z.literal('correct'),
      ...operation,
      corrections: z.array(Correction).min(1).max(100),
    }),
  ])
  .meta({
    id: 'Operation',
    description:
      'What happens to a record. `correct` withdraws it and puts another in its place, in one batch.',
  });
export type Operation = z.output<typeof Operation>;
export const OperationResult = z
  .object({
    recordId: Id,
    newRecordId: Id.nullable().meta({ description: 'Of `correct`: the record that took the place.' }),
    entryIds: z.array(Id),
    alreadyDone: z.boolean().meta({ description: 'The very operation was there before; nothing changed.' }),
  })
  .meta({ id: 'OperationResult' });
export type OperationResult = z.output<typeof OperationResult>;
export const OperationsResult = z
  .object({ rows: z.int(), done: z.int(), alreadyDone: z.int(), issues: z.array(Issue) })
  .meta({ id: 'OperationsResult', description: 'rows = done + alreadyDone + rows with issues' });
export type OperationsResult = z.output<typeof OperationsResult>;

export const RecordQuery = {
  subject: CreditCode.optional(),
  documentNumber: z.string().min(1).max(500).optional(),
};
