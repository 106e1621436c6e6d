import {
  CHECK_MODES,
  LETTER_OUTCOMES,
  LETTER_REFUSAL_REASONS,
  LETTER_STATES,
  PUBLIC_REASONS,
} from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { CONFIRMED, TOLD } from '../../letters/index.ts';
import { Address, CreditCode, DateText, Failure, Hash, Id, Moment, pageOf, Signature } from './common.ts';

const Text = z.string().min(1).max(2_000);
const Name = z.string().min(1).max(200);
/** An address as wallets spell it. */
export const AnyAddress = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .meta({ description: 'An address, in any letter case.' });
const OnItsWay = z
  .boolean()
  .meta({ description: 'True: the transaction is not in a block yet; the node sees to it.' });

export const TypedData = z
  .object({
    domain: z.object({ name: z.string(), version: z.string(), chainId: z.int(), verifyingContract: Address }),
    types: z.record(z.string(), z.array(z.object({ name: z.string(), type: z.string() }))),
    primaryType: z.string(),
    message: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .meta({ id: 'TypedData', description: 'EIP-712 data, to be signed by any wallet.' });
export const SaltedDocument = z
  .looseObject({ format: z.string(), salt: z.string().regex(/^[0-9a-f]{64}$/) })
  .meta({ id: 'SaltedDocument', description: 'A document whose hash, with its salt in it, is on chain.' });
export type SaltedDocument = z.output<typeof SaltedDocument>;
export const ById = z.object({ id: Id });
export const ByItem = z.object({ id: Hash });
export const Signed = z.strictObject({ signature: Signature }).meta({ id: 'Signed' });

// ── items ──────────────────────────────────────────────────────────────────────

const texts = <const N extends readonly { readonly name: string; readonly words: { readonly zh: string } }[]>(
  names: N,
) =>
  Object.fromEntries(
    names.map(({ name, words }) => [name, z.string().max(10_000).optional().meta({ description: words.zh })]),
  ) as Record<N[number]['name'], z.ZodOptional<z.ZodString>>;
const given = <const N extends readonly { readonly name: string }[]>(names: N) =>
  Object.fromEntries(names.map(({ name }) => [name, z.string()])) as Record<N[number]['name'], z.ZodString>;

export const PublishItem = z
  .strictObject({
    slug: z.string().max(64).meta({ description: 'The authority’s own short name of the item.' }),
    title: z.string().max(256),
    legalBasis: z.string().max(512),
    touchesStateSecurity: z.boolean(),
    touchesPublicSafety: z.boolean(),
    touchesLifeOrHealth: z.boolean(),
    registers: z.array(Id).max(8).optional().meta({
      description: 'In which the applicant must be eligible; all that there are, up to 8, by default.',
    }),
    claimMaxAgeSeconds: z.int().default(86_400),
    publicReason: z.enum(PUBLIC_REASONS).default('none'),
  })
  .meta({ id: 'PublishItem', description: 'An item of the list to which commitment letters apply.' });
export type PublishItem = z.output<typeof PublishItem>;
export const PublishTemplate = z
  .strictObject({ told: z.strictObject(texts(TOLD)), confirmed: z.strictObject(texts(CONFIRMED)) })
  .meta({
    id: 'PublishTemplate',
    description: 'The seven things to tell and the four to confirm: all are needed.',
  });
export type PublishTemplate = z.output<typeof PublishTemplate>;

const Template = z.object({
  id: Hash,
  publishedAt: Moment,
  told: z.object(given(TOLD)).nullable().meta({ description: 'Null for another authority’s.' }),
  confirmed: z.object(given(CONFIRMED)).nullable(),
});
export const LetterItem = z
  .object({
    id: Hash,
    owner: Id,
    own: z.boolean(),
    slug: z.string(),
    version: z.int(),
    inForce: z.boolean(),
    title: z.string(),
    legalBasis: z.string(),
    registers: z.array(Id),
    claimMaxAgeSeconds: z.int(),
    publicReason: z.enum(PUBLIC_REASONS),
    publishedAt: Moment,
    blockNumber: Id,
    templates: z.array(Template),
  })
  .meta({ id: 'LetterItem', description: 'An item as it was published last.' });
export type LetterItem = z.output<typeof LetterItem>;
export const LetterItems = z.object({ items: z.array(LetterItem) }).meta({ id: 'LetterItems' });
export const ItemDone = z
  .object({ onItsWay: OnItsWay, itemId: Hash, templateId: Hash.nullable() })
  .meta({ id: 'ItemDone' });
export type ItemDone = z.output<typeof ItemDone>;

// ── letters ────────────────────────────────────────────────────────────────────

export const OfferLetter = z
  .strictObject({
    itemId: Hash,
    templateId: Hash,
    subject: CreditCode,
    name: Name.meta({ description: 'The applicant’s name; it stays in the node.' }),
  })
  .meta({ id: 'OfferLetter' });
export type OfferLetter = z.output<typeof OfferLetter>;
export const InformApplicant = z
  .strictObject({
    applicant: AnyAddress.meta({ description: 'The applicant’s key, made for this letter alone.' }),
    application: z.record(z.string().max(100), z.string().max(10_000)).default({}),
    promiseBy: Moment.optional().meta({ description: 'In seven days by default; 30 at most.' }),
    publication: z.strictObject({ scope: Text, until: DateText }).optional(),
    drawId: Id.optional(),
  })
  .meta({ id: 'InformApplicant', description: 'Everything at once, and once: it is fixed with this.' });
export type InformApplicant = z.output<typeof InformApplicant>;
export const PromiseLetter = z
  .strictObject({
    signature: Signature.meta({ description: 'By the applicant’s key, over the typed data of the letter.' }),
    boundSignature: z.strictObject({ address: AnyAddress, signature: Signature }).optional().meta({
      description: 'By the key that is bound to the applicant’s credit code; kept with both copies.',
    }),
  })
  .meta({ id: 'PromiseLetter' });
export type PromiseLetter = z.output<typeof PromiseLetter>;
const Modes = z.enum(CHECK_MODES.slice(1) as ['exempt', 'routine', 'on-site']);
export const DecideLetter = z
  .strictObject({ decision: Text, mode: Modes, checkBy: DateText.optional() })
  .meta({ id: 'DecideLetter' });
export type DecideLetter = z.output<typeof DecideLetter>;
export const RecordOfBreach = z
  .strictObject({
    severity: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
    severityBasis: z
      .string()
      .max(500)
      .meta({ description: 'The agency’s own rule, which the severity follows.' }),
    domain: z.int().min(0).max(15).meta({ description: 'Catalogue code of the area of regulation.' }),
    until: DateText.optional().meta({ description: 'Last day of effect; without end when left out.' }),
    documentNumber: z.string().min(1).max(200),
  })
  .meta({ id: 'RecordOfBreach', description: 'The adverse record that follows, attributed to this agency.' });
export type RecordOfBreach = z.output<typeof RecordOfBreach>;
export const CheckLetter = z
  .strictObject({
    kept: z.boolean(),
    finding: Text,
    broken: z
      .strictObject({
        outcome: z.enum(LETTER_OUTCOMES.slice(1) as [(typeof LETTER_OUTCOMES)[1]]),
        legalBasis: z.string().max(2_000),
        record: RecordOfBreach,
      })
      .optional()
      .meta({ description: 'Exactly when the promise was false.' }),
  })
  .meta({ id: 'CheckLetter' });
export type CheckLetter = z.output<typeof CheckLetter>;
export const RefuseLetter = z
  .strictObject({ reason: z.enum(LETTER_REFUSAL_REASONS.slice(1) as ['applicant-declined', 'not-eligible']) })
  .meta({ id: 'RefuseLetter' });
export type RefuseLetter = z.output<typeof RefuseLetter>;
export const WithReason = z.strictObject({ reason: z.string().max(2_000) }).meta({ id: 'WithReason' });
export const WithdrawLetter = z
  .strictObject({ document: SaltedDocument, signature: Signature })
  .meta({ id: 'WithdrawLetter' });
export type WithdrawLetter = z.output<typeof WithdrawLetter>;
export const RelayWithdrawal = z
  .strictObject({ letterId: Id, reasonHash: Hash, signature: Signature })
  .meta({ id: 'RelayWithdrawal', description: 'Of any authority’s letter, by its number on chain.' });
export type RelayWithdrawal = z.output<typeof RelayWithdrawal>;

export const Happening = z.object({
  event: z.string(),
  state: z.string(),
  time: Moment,
  blockNumber: Id,
  transactionHash: Hash,
});
export const StepError = z.object({ action: z.string(), error: Failure });

export const Letter = z
  .object({
    id: Id,
    letterId: Id.nullable().meta({ description: 'Its number on chain; null until the offer is there.' }),
    itemId: Hash,
    itemVersion: z.int(),
    itemTitle: z.string().nullable(),
    templateId: Hash,
    state: z.enum(LETTER_STATES),
    possible: z.array(z.string()).meta({ description: 'What may be done now.' }),
    pending: z
      .object({ action: z.string(), state: z.string() })
      .nullable()
      .meta({ description: 'A step on its way to the chain.' }),
    failed: StepError.nullable().meta({ description: 'The last step, when the chain refused it.' }),
    eligibility: z
      .object({ state: z.enum(['asking', 'not-eligible', 'failed', 'sent']), error: Failure.nullable() })
      .nullable()
      .meta({ description: 'How far the promise has come.' }),
    promiseBy: Moment.nullable(),
    checkMode: z.enum(CHECK_MODES),
    checkBy: DateText.nullable(),
    publicUntil: DateText.nullable(),
    overdue: z.array(z.enum(['promise', 'check'])),
    drawId: Id.nullable(),
    selection: z
      .object({ known: z.boolean(), selected: z.boolean() })
      .nullable()
      .meta({ description: 'Whether it is to be checked; null before the decision.' }),
    outcome: z.enum(LETTER_OUTCOMES),
    recordId: Id.nullable().meta({ description: 'The adverse record that followed.' }),
    digest: Hash.nullable(),
    history: z.array(Happening),
    offeredBy: z.string(),
    createdAt: Moment,
  })
  .meta({ id: 'Letter', description: 'A commitment letter, without its subject.' });
export type Letter = z.output<typeof Letter>;
export const EntryOpening = z
  .object({ registerId: Id, entryId: Id, salt: Hash })
  .meta({ id: 'EntryOpening', description: 'Opens the commitment to the entry, together with the entry.' });
export const StepDocuments = z
  .array(z.object({ action: z.string(), document: SaltedDocument }))
  .meta({ description: 'The documents behind the hashes on chain, with their salts.' });
export const LetterDetail = Letter.extend({
  subject: z.object({ uscc: z.string(), name: z.string() }),
  entry: EntryOpening.nullable(),
  documents: StepDocuments,
}).meta({ id: 'LetterDetail' });
export type LetterDetail = z.output<typeof LetterDetail>;
export const Letters = pageOf(Letter, 'Letters');
export const LetterToSign = z
  .object({
    document: SaltedDocument,
    publicScope: SaltedDocument.nullable(),
    digest: Hash,
    typedData: TypedData,
  })
  .meta({ id: 'LetterToSign', description: 'What the applicant reads and signs.' });
export type LetterToSign = z.output<typeof LetterToSign>;
export const InformedLetter = LetterToSign.extend({ letter: LetterDetail }).meta({
  id: 'InformedLetter',
  description: 'What the applicant reads and signs, and how the letter stands.',
});
export type InformedLetter = z.output<typeof InformedLetter>;
export const Withdrawal = z
  .object({ document: SaltedDocument, reasonHash: Hash, typedData: TypedData })
  .meta({ id: 'Withdrawal', description: 'What the applicant signs to withdraw.' });
export type Withdrawal = z.output<typeof Withdrawal>;
export const LetterCopies = z
  .object({ items: z.array(z.looseObject({ format: z.literal('letter-copy/1') })).length(2) })
  .meta({
    id: 'LetterCopies',
    description: 'The agency’s copy and the applicant’s: each can be checked by whoever holds it.',
  });
export type LetterCopies = z.output<typeof LetterCopies>;
export const Relayed = z.object({ onItsWay: OnItsWay }).meta({ id: 'Relayed' });
export type Relayed = z.output<typeof Relayed>;

// ── draws ──────────────────────────────────────────────────────────────────────

export const OpenDraw = z
  .strictObject({
    rateBasisPoints: z.int().meta({ description: 'How many of 10,000 letters are checked.' }),
    closesAt: Moment,
  })
  .meta({ id: 'OpenDraw' });
export type OpenDraw = z.output<typeof OpenDraw>;
export const Draw = z
  .object({
    id: Id,
    authority: Id,
    own: z.boolean(),
    state: z.enum(['open', 'to-be-revealed', 'revealed', 'not-revealed']),
    seedCommit: Hash,
    seed: Hash.nullable(),
    rateBasisPoints: z.int(),
    openedAt: Moment,
    closesAt: Moment,
    revealBy: Moment,
  })
  .meta({
    id: 'Draw',
    description: 'A draw of letters to be checked; the seed was fixed before any was signed.',
  });
export type Draw = z.output<typeof Draw>;
export const Draws = z.object({ items: z.array(Draw) }).meta({ id: 'Draws' });
export const DrawDone = z.object({ onItsWay: OnItsWay, drawId: Id.nullable() }).meta({ id: 'DrawDone' });
export type DrawDone = z.output<typeof DrawDone>;
