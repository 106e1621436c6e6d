import { z } from 'zod';
import { WITHHOLDING_REASONS } from '../../store/publicity.ts';
import { said } from './said.ts';
import { Bilingual, CreditCode, DateText, Hash, Id, LedgerClass, Moment, Page } from './common.ts';

const Coded = z.object({ code: z.int(), name: Bilingual });

export const AgencyStatement = z
  .object({
    member: Id,
    name: z.string(),
    uscc: z.string(),
    region: z.object({ code: z.int(), name: Bilingual.nullable() }),
  })
  .meta({ id: 'AgencyStatement', description: 'Whose publicity this is, as the consortium admitted it.' });

const publicFields = {
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .meta({ description: 'Stands for the record; says nothing about it.' }),
  subject: z.object({ uscc: z.string(), name: z.string() }),
  documentNumber: z.string(),
  kind: Coded,
  decisionDate: DateText,
  publicUntil: DateText.nullable().meta({ description: 'Last day of publicity; null for no end.' }),
  disputed: z.boolean().meta({ description: 'An objection to it is open.' }),
  source: z
    .object({ name: z.string(), uscc: z.string().nullable() })
    .meta({ description: 'Who decided, or says so.' }),
  fields: z
    .array(z.object({ name: z.string(), title: Bilingual, value: z.string() }))
    .meta({ description: 'The fields of a positive list; every other is left out.' }),
};
export const PublicRecord = z
  .object({
    ...publicFields,
    class: LedgerClass,
    domain: Coded,
    severity: z
      .object({
        code: z.int(),
        name: Bilingual,
        source: z.string().meta({ description: 'The authority whose label this is.' }),
        basis: z.string().meta({ description: 'The rule of that authority by which it was set.' }),
      })
      .nullable()
      .meta({ description: 'The source’s own label, repeated as it is; null when the source set none.' }),
  })
  .meta({ id: 'PublicRecord', description: 'A decision of this agency as the law wants it shown.' });
export type PublicRecord = z.output<typeof PublicRecord>;

export const OwnStatement = z
  .object({
    ...publicFields,
    statement: Bilingual.meta({ description: 'Says whose statement it is.' }),
  })
  .meta({ id: 'OwnStatement', description: 'What a subject says about itself; no agency has found it.' });
export type OwnStatement = z.output<typeof OwnStatement>;

export const PublicRecords = z
  .object({
    agency: AgencyStatement.nullable(),
    asOf: DateText,
    items: z.array(PublicRecord),
    selfDeclared: z
      .array(OwnStatement)
      .meta({ description: 'Statements of the subject itself, at its wish.' }),
    next: z.string().nullable().meta({ description: '`after` of the next page; null on the last.' }),
  })
  .meta({
    id: 'PublicRecords',
    description:
      'What this agency publishes now, newest decisions first. What is not published now leaves no trace in it.',
  });
export type PublicRecords = z.output<typeof PublicRecords>;

export const PublicQuery = Page.omit({ after: true }).extend({
  uscc: CreditCode.optional(),
  documentNumber: z.string().min(1).max(500).optional(),
  after: z
    .string()
    .regex(
      /^\d{4}-\d{2}-\d{2}\.[0-9a-f]{32}$/,
      said({ en: 'expected the next of a page before', zh: '应为上一页返回的 next' }),
    )
    .optional()
    .meta({ description: '`next` of the page before.' }),
});

const Enterprise = z.object({ uscc: z.string(), name: z.string() });
const publicPeriod = {
  scope: z.string().meta({ description: 'How far it is published.' }),
  from: DateText,
  until: DateText.meta({ description: 'Last day of publicity.' }),
};
export const PublicLetter = z
  .object({
    letterId: Id.meta({ description: 'Of the letter on the chain, as decimal text.' }),
    item: z.string().meta({ description: 'The matter that the letter is for.' }),
    applicant: Enterprise,
    reason: z
      .enum(['public-interest', 'third-parties', 'hard-to-check'])
      .meta({ description: 'Why it is published.' }),
    ...publicPeriod,
    digest: Hash.meta({ description: 'What both parties signed: by it a copy is checked.' }),
  })
  .meta({ id: 'PublicLetter', description: 'A commitment letter that is published for supervision.' });
export type PublicLetter = z.output<typeof PublicLetter>;
export const PublicLetters = z
  .object({
    agency: AgencyStatement.nullable(),
    items: z.array(PublicLetter),
    next: z.string().nullable().meta({ description: 'Null on the last page.' }),
  })
  .meta({ id: 'PublicLetters' });
export type PublicLetters = z.output<typeof PublicLetters>;

export const PublicPledge = z
  .object({
    pledgeId: Id.meta({ description: 'Of the pledge on the chain, as decimal text.' }),
    kind: z.enum(['comprehensive', 'productQuality']),
    pledger: Enterprise,
    text: z.string(),
    ...publicPeriod,
    documentHash: Hash,
    observations: z.int().meta({ description: 'How many third parties have attached an observation.' }),
  })
  .meta({ id: 'PublicPledge', description: 'A voluntary pledge: the pledger’s own statement, no finding.' });
export type PublicPledge = z.output<typeof PublicPledge>;
export const PublicPledges = z
  .object({
    agency: AgencyStatement.nullable(),
    items: z.array(PublicPledge),
    next: z.string().nullable().meta({ description: 'Null on the last page.' }),
  })
  .meta({ id: 'PublicPledges' });
export type PublicPledges = z.output<typeof PublicPledges>;

const figures = {
  inTime: z.int().meta({ description: 'Published within the working days.' }),
  late: z.int().meta({ description: 'Published later.' }),
  due: z.int().meta({ description: 'Not published yet, and in time so far.' }),
  overdue: z.int().meta({ description: 'Not published, and the due day has passed.' }),
  calendarMissing: z
    .int()
    .meta({ description: 'The calendar of working days does not cover the period: nobody can say.' }),
};
export const Timeliness = z
  .object({
    agency: AgencyStatement.nullable(),
    asOf: DateText,
    workingDays: z
      .int()
      .meta({ description: 'Within so many working days of the decision; its day is not counted.' }),
    months: z.array(z.object({ month: z.string().regex(/^\d{4}-\d{2}$/), ...figures })),
    total: z.object(figures),
  })
  .meta({
    id: 'Timeliness',
    description:
      'How timely this agency publishes, by month of decision: figures about the agency, never about a subject. ' +
      'What becomes of a record after it was published changes none of them.',
  });
export type Timeliness = z.output<typeof Timeliness>;

export const DueQuery = z.object({
  days: z.coerce
    .number()
    .int()
    .min(0)
    .max(30)
    .default(3)
    .meta({ description: 'Records due within so many working days; 0 for those due today or overdue.' }),
  limit: Page.shape.limit,
});
export const DuePublications = z
  .object({
    asOf: DateText,
    items: z.array(
      z.object({
        recordId: Id,
        class: LedgerClass,
        documentNumber: z.string(),
        decisionDate: DateText,
        dueDate: DateText.nullable().meta({ description: 'Null: the calendar does not cover it.' }),
        state: z.enum(['due', 'overdue', 'calendar-missing']),
      }),
    ),
    more: z.int().meta({ description: 'How many are not on this list for its limit.' }),
  })
  .meta({
    id: 'DuePublications',
    description: 'Records that are to be anchored in time; the most urgent first.',
  });
export type DuePublications = z.output<typeof DuePublications>;

export const WithholdingReason = z
  .enum(WITHHOLDING_REASONS)
  .meta({ description: 'What publicity would harm.' });
const note = z.string().trim().min(1).max(500).meta({ description: 'Why, in words; kept in the log.' });
export const Withhold = z.strictObject({ reason: WithholdingReason, note }).meta({ id: 'Withhold' });
export type Withhold = z.output<typeof Withhold>;
export const Release = z.strictObject({ note }).meta({ id: 'Release' });
export type Release = z.output<typeof Release>;

export const RecordPublicity = z
  .object({
    recordId: Id,
    visible: z.boolean(),
    because: z
      .enum([
        ...['class-not-public', 'not-asked-for', 'not-anchored', 'withheld'],
        ...['revoked', 'repaired', 'rules-do-not-show', 'ended'],
      ] as const)
      .nullable()
      .meta({ description: 'Why the public does not see it; null when it does.' }),
    publicUntil: DateText.nullable().meta({ description: 'Last day of publicity by the rules of today.' }),
    dueDate: DateText.nullable().meta({
      description: 'Null: none is owed, or the calendar does not cover it.',
    }),
    anchoredDate: DateText.nullable().meta({ description: 'Day of the block that anchored it.' }),
    log: z.array(
      z.object({
        action: z.enum(['withhold', 'release']),
        reason: WithholdingReason.nullable(),
        note: z.string(),
        by: z.string(),
        at: Moment,
      }),
    ),
  })
  .meta({
    id: 'RecordPublicity',
    description: 'Whether the public sees a record, and what officers said to it.',
  });
export type RecordPublicity = z.output<typeof RecordPublicity>;
