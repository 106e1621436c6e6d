import { z } from 'zod';
import { said } from './said.ts';
import { Bilingual, CreditCode, DateText, Failure, Hash, Id, Moment, pageOf } from './common.ts';
import { Checkpoint } from './ledger.ts';

export const CreditAnswer = z.looseObject({ format: z.string() }).meta({
  id: 'CreditAnswer',
  description: 'A proved answer: a document of its own, checked by its own rules.',
});

export const Check = z
  .object({
    check: z.string(),
    verdict: z.enum(['VALID', 'INVALID', 'ERROR', 'SKIPPED']),
    reason: z.string().meta({ description: 'Stable code.' }),
    message: Bilingual,
    operands: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Check' });
export const Verification = z
  .object({
    overall: z.enum(['VALID', 'INVALID', 'ERROR']),
    checks: z.array(Check),
    notCompared: z
      .array(z.object({ expectation: z.string(), message: Bilingual }))
      .meta({ description: 'What the verifier did not say and what therefore was not compared.' }),
    proved: z
      .object({ answer: z.boolean(), disputed: z.boolean() })
      .optional()
      .meta({ description: 'Only there when the answer is VALID.' }),
  })
  .meta({ id: 'Verification', description: 'One verdict a check; never a bare boolean.' });
export type Verification = z.output<typeof Verification>;
export const Expected = z
  .strictObject({
    subject: CreditCode.optional(),
    application: z.string().max(100).optional().meta({ description: 'Name in the catalogue.' }),
    predicate: z
      .string()
      .max(100)
      .optional()
      .meta({ description: 'Name in the catalogue (with application), or a predicate hash.' }),
    asOf: DateText.optional(),
    requester: Id.optional(),
    register: Id.optional(),
    maxAgeHours: z.number().positive().max(87_600).optional(),
  })
  .meta({
    id: 'Expected',
    description: 'What the verifier knows by itself; what is left out is SKIPPED and said so.',
  });
export type Expected = z.output<typeof Expected>;
export const Verify = z
  .strictObject({ answer: CreditAnswer, expected: Expected.default({}), checkpoint: Checkpoint.optional() })
  .meta({ id: 'Verify' });
export type Verify = z.output<typeof Verify>;

export const Ask = z
  .strictObject({
    subject: CreditCode,
    register: Id.optional(),
    member: Id.optional().meta({ description: 'Whose register; needed when no register is named.' }),
    application: z.string().min(1).max(100),
    predicate: z.string().min(1).max(100),
    asOf: DateText.optional().meta({ description: 'Today when left out.' }),
    grant: Hash.optional().meta({ description: 'Found among the grants in force when left out.' }),
    consent: z.strictObject({ consentId: Hash, salt: Hash }).optional().meta({
      description: 'The subject’s consent and the salt of its binding, where the question needs one.',
    }),
    reason: z.string().min(1).max(500).meta({ description: 'Why; goes into the access log.' }),
    idempotencyKey: z.string().min(8).max(100).optional().meta({
      description:
        'A name that the caller gives this asking. Asked again under it (after a lost connection, say), it is the same question, and nothing is asked twice.',
    }),
  })
  .refine(
    (ask) => (ask.register === undefined) !== (ask.member === undefined),
    said({ en: 'give register or member, one of them', zh: '请指定 register 或 member 之一' }),
  )
  .refine(
    (ask) => ask.consent === undefined || ask.register !== undefined,
    said({ en: 'a consent is for one register: name it', zh: '授权仅针对一个登记册，请指定 register' }),
  )
  .meta({ id: 'Ask' });
export type Ask = z.output<typeof Ask>;

export const Refusal = z.object({ code: z.int(), name: z.string().nullable(), message: Bilingual });
export const Question = z
  .object({
    id: Id,
    requestId: Hash,
    responder: Id,
    registerId: Id,
    application: z.string(),
    predicate: z.string(),
    asOf: DateText,
    state: z.enum(['created', 'sent', 'answered', 'refused', 'failed']),
    answer: z
      .boolean()
      .nullable()
      .meta({ description: 'Null until there is one that verified. No answer is never YES.' }),
    disputed: z.boolean().nullable(),
    refusal: Refusal.nullable(),
    error: Failure.nullable(),
    askedBy: z.string(),
    askedAt: Moment,
  })
  .meta({ id: 'Question', description: 'A question of ours to another member.' });
export type Question = z.output<typeof Question>;
export const Questions = pageOf(Question, 'Questions');
export const QuestionDetail = Question.extend({
  subject: z.string(),
  document: CreditAnswer.nullable().meta({ description: 'The CreditAnswer, to be kept and handed on.' }),
  verification: Verification.nullable(),
}).meta({ id: 'QuestionDetail' });
export type QuestionDetail = z.output<typeof QuestionDetail>;
export const Asked = z.object({ items: z.array(QuestionDetail) }).meta({ id: 'Asked' });

export const GivenAnswer = z
  .object({
    id: Id,
    requestId: Hash,
    requester: Id,
    registerId: Id,
    logId: z.string().nullable(),
    state: z.enum(['received', 'proving', 'logging', 'answered', 'refused', 'failed']),
    refusal: Refusal.nullable(),
    error: Failure.nullable(),
    receivedAt: Moment,
  })
  .meta({ id: 'GivenAnswer', description: 'A question of another member to us, and what became of it.' });
export type GivenAnswer = z.output<typeof GivenAnswer>;
export const GivenAnswers = pageOf(GivenAnswer, 'GivenAnswers');
export const GivenAnswerDetail = GivenAnswer.extend({
  subject: z.string(),
  application: z.string().nullable(),
  predicate: z.string().nullable(),
  asOf: DateText,
  document: CreditAnswer.nullable(),
}).meta({ id: 'GivenAnswerDetail' });
export type GivenAnswerDetail = z.output<typeof GivenAnswerDetail>;
