import { z } from 'zod';
import { Refusal } from './answers.ts';
import { Address, CreditCode, DateText, Hash, Id, Moment, pageOf, Signature } from './common.ts';

const UnixSeconds = z
  .int()
  .nonnegative()
  .meta({ description: 'Seconds since 1970, as they are signed.', example: 1_782_864_000 });

export const MakeBinding = z
  .strictObject({
    uscc: CreditCode,
    subject: Address.meta({ description: 'Address of the subject’s key, lower case.' }),
    salt: Hash.meta({ description: '32 random bytes, kept by subject and agency.' }),
    signature: Signature.meta({
      description:
        'EIP-712 Binding(uint256 voucher,bytes32 bindingCommit) by the subject’s key; bindingCommit = keccak256(abi.encode("credit-ledger/binding", uscc, salt)).',
    }),
  })
  .meta({ id: 'MakeBinding' });
export type MakeBinding = z.output<typeof MakeBinding>;

export const Binding = z
  .object({
    bindingId: Id.nullable().meta({ description: 'Null until the chain has it.' }),
    subject: Address,
    bindingCommit: Hash,
    voucher: Id,
    state: z.enum(['on-its-way', 'failed', 'holds', 'ended']),
    boundAt: Moment.nullable(),
    endedAt: Moment.nullable(),
  })
  .meta({ id: 'Binding', description: 'A subject’s key. Whose it is only the salt shows.' });
export type Binding = z.output<typeof Binding>;
export const Bindings = z.object({ items: z.array(Binding) }).meta({ id: 'Bindings' });
export const EndBinding = z
  .strictObject({
    signature: Signature.optional().meta({
      description: 'EIP-712 BindingEnd(uint256 bindingId) by the subject; without it the voucher ends it.',
    }),
  })
  .meta({ id: 'EndBinding' });
export type EndBinding = z.output<typeof EndBinding>;

export const ConsentInput = z
  .strictObject({
    bindingId: Id,
    applicationId: Hash,
    registerId: Id,
    requester: Id.meta({ description: 'Member who may ask.' }),
    validFrom: UnixSeconds,
    validUntil: UnixSeconds,
    maxUses: z.int().min(1).max(4_294_967_295),
    salt: Hash,
  })
  .meta({ id: 'ConsentInput', description: 'What the subject signed, field by field.' });
export type ConsentInput = z.output<typeof ConsentInput>;
export const GiveConsent = z
  .strictObject({
    input: ConsentInput,
    signature: Signature.meta({ description: 'EIP-712 Consent(…) by the key of the binding.' }),
    opening: z
      .strictObject({ uscc: CreditCode, salt: Hash })
      .optional()
      .meta({ description: 'Opens the binding, so that this node can find what concerns the subject.' }),
  })
  .meta({ id: 'GiveConsent' });
export type GiveConsent = z.output<typeof GiveConsent>;

export const Consent = z
  .object({
    id: Hash,
    bindingId: Id,
    applicationId: Hash,
    application: z.string().nullable(),
    registerId: Id,
    requester: Id,
    validFrom: Moment,
    validUntil: Moment,
    maxUses: z.int(),
    uses: z.int(),
    state: z.enum(['valid', 'not-yet-valid', 'expired', 'exhausted', 'revoked', 'binding-ended']),
    givenAt: Moment,
    revokedAt: Moment.nullable(),
  })
  .meta({ id: 'Consent', description: 'A subject’s consent as the chain has it.' });
export type Consent = z.output<typeof Consent>;
export const Consents = pageOf(Consent, 'Consents');
export const RevokeConsent = z
  .strictObject({
    signature: Signature.meta({
      description: 'EIP-712 ConsentRevocation(bytes32 consentId) by the key of the binding.',
    }),
  })
  .meta({ id: 'RevokeConsent' });
export type RevokeConsent = z.output<typeof RevokeConsent>;

export const QuestionAbout = z
  .object({
    direction: z.enum(['received', 'asked']).meta({
      description: 'Whether another member asked us, or we asked another.',
    }),
    requester: Id,
    registerId: Id,
    applicationId: Hash,
    application: z.string().nullable(),
    predicateHash: Hash,
    predicate: z.string().nullable(),
    asOf: DateText,
    grantId: Hash,
    consentId: Hash.nullable(),
    requestId: Hash,
    requestDigest: Hash,
    subjectTag: Hash.meta({
      description: 'How the question names the subject on chain: H3(3, code, nonce).',
    }),
    nonce: Hash,
    state: z.enum(['created', 'sent', 'received', 'proving', 'logging', 'answered', 'refused', 'failed']),
    refusal: Refusal.nullable(),
    logId: z.string().nullable().meta({ description: 'Entry of the answer log on chain.' }),
    at: Moment,
  })
  .meta({
    id: 'QuestionAbout',
    description: 'A question about a subject, with what lets the subject find it on chain.',
  });
export type QuestionAbout = z.output<typeof QuestionAbout>;
export const QuestionsAbout = pageOf(QuestionAbout, 'QuestionsAbout');

export const ReadOwnQuestions = z
  .strictObject({
    bindingId: Id,
    uscc: CreditCode,
    salt: Hash,
    time: UnixSeconds,
    signature: Signature.meta({
      description:
        'EIP-712 SubjectQuestions(uint256 bindingId,uint256 member,uint64 time), by the binding’s key.',
    }),
    limit: z.int().min(1).max(500).default(100),
    after: z
      .string()
      .regex(/^[0-9]{1,9}$/)
      .optional(),
  })
  .meta({ id: 'ReadOwnQuestions' });
export type ReadOwnQuestions = z.output<typeof ReadOwnQuestions>;

const StatementText = z.string().min(1).max(2_000);
export const StatementDocument = z
  .strictObject({
    format: z.literal('credit-statement/1'),
    kind: z.union([z.literal(46), z.literal(47), z.literal(48)]),
    uscc: z.string().length(18),
    subjectName: z.string().min(1).max(200),
    title: z.string().min(1).max(200),
    contents: StatementText,
    day: DateText,
    until: DateText.nullable(),
    publicityAsked: z.boolean(),
    promise: StatementText.meta({ description: 'The public promise of truth, to the letter.' }),
    salt: z.string().regex(/^[0-9a-f]{64}$/),
  })
  .meta({ id: 'StatementDocument', description: 'What a subject says of itself (自愿注册).' });
export const AddStatement = z
  .strictObject({
    bindingId: Id,
    document: StatementDocument,
    signature: Signature.meta({
      description: 'EIP-712 Statement(uint256 bindingId,bytes32 documentHash) by the binding’s key.',
    }),
    salt: Hash.optional().meta({ description: 'Of the binding, where this node does not know it.' }),
  })
  .meta({ id: 'AddStatement' });
export type AddStatement = z.output<typeof AddStatement>;
export const Statement = z
  .object({
    recordId: Id,
    origin: z.literal('self-declared'),
    documentHash: Hash,
    document: StatementDocument,
    bindingId: Id,
    signature: Signature,
    revoked: z.boolean(),
    createdAt: Moment,
  })
  .meta({
    id: 'Statement',
    description: 'A subject’s statement about itself, with its promise of truth. No agency vouches for it.',
  });
export type Statement = z.output<typeof Statement>;
export const Statements = z.object({ items: z.array(Statement) }).meta({ id: 'Statements' });
export const RevokeStatement = z
  .strictObject({
    bindingId: Id,
    signature: Signature.meta({
      description: 'EIP-712 StatementRevocation(uint256 bindingId,bytes32 documentHash), by a key bound now.',
    }),
    salt: Hash.optional(),
  })
  .meta({ id: 'RevokeStatement' });
export type RevokeStatement = z.output<typeof RevokeStatement>;
