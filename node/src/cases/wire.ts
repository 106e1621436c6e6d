import { signerOf } from '@credit-ledger/sdk/answer';
import {
  canonicalBytes,
  type Hex,
  keccakHex,
  ledgerDomain,
  parseCaseDecision,
  parseCaseDocument,
  structDigest,
} from '@credit-ledger/sdk/protocol';
import type { TypedDataDefinition } from 'viem';
import { z } from 'zod';
import type { LedgerReads } from '../exchange/index.ts';
import { caseError } from './errors.ts';

const bytes32 = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Hex>;
const signature = z.string().regex(/^0x[0-9a-f]{128}1[bc]$/) as unknown as z.ZodType<Hex>;
const id = z.string().regex(/^[1-9][0-9]{0,18}$/);

/** How a subject shows that a filing is its own: the binding, the salt that opens it, and the signature. */
export const subjectFilingSchema = z.strictObject({ bindingId: id, salt: bytes32, signature });
export type SubjectFiling = z.output<typeof subjectFilingSchema>;

/** What a source tells its superior of a record: as much as the rules read. */
export const factsSchema = z.strictObject({
  kind: z.int().min(0).max(63),
  domain: z.int().min(0).max(15),
  severity: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  /** The rule of the source's own that set the severity. */
  severityBasis: z.string().min(1).max(2_000),
  /** Of the decision, since 1970. */
  day: z.int().min(0).max(1_048_575),
  until: z.int().min(0).max(1_048_575),
});
export type CaseFacts = z.output<typeof factsSchema>;

const entrySchema = z.strictObject({ salt: bytes32, body: bytes32 });

const filingBody = z.strictObject({
  kind: z.literal('filing'),
  document: z.record(z.string(), z.unknown()),
  filing: subjectFilingSchema.nullable(),
  /** It is, or will be, filed on chain whatever the receiver thinks of it. */
  insist: z.boolean(),
  /** Only from the source to its superior. */
  facts: factsSchema.nullable(),
});
const decisionBody = z.strictObject({
  kind: z.literal('decision'),
  filedBy: id,
  documentHash: bytes32,
  decision: z.record(z.string(), z.unknown()),
  /** Opens the entry's commitment. */
  entry: entrySchema.nullable(),
});

/** `POST {endpoint}/v1/exchange/cases` */
export const caseMessageSchema = z.strictObject({
  messageId: bytes32,
  from: id,
  to: id,
  time: z.int().nonnegative(),
  body: z.discriminatedUnion('kind', [filingBody, decisionBody]),
  signature,
});
export type CaseMessage = z.output<typeof caseMessageSchema>;
export type CaseMessageBody = CaseMessage['body'];

/** What a message is answered with when it was taken in. */
export const caseAcceptedSchema = z.object({ state: z.literal('accepted'), documentHash: bytes32 });
export type CaseAccepted = z.output<typeof caseAcceptedSchema>;

/** By this the sending member's operator key vouches for a message to one other member. */
const CASE_MESSAGE_TYPES = {
  CaseMessage: [
    { name: 'messageId', type: 'bytes32' },
    { name: 'from', type: 'uint256' },
    { name: 'to', type: 'uint256' },
    { name: 'time', type: 'uint64' },
    { name: 'bodyHash', type: 'bytes32' },
  ],
} as const;

type Domain = LedgerReads['domain'];
type Unsigned = Omit<CaseMessage, 'signature'>;

const signedFields = (message: Unsigned) => ({
  messageId: message.messageId,
  from: BigInt(message.from),
  to: BigInt(message.to),
  time: BigInt(message.time),
  bodyHash: keccakHex(canonicalBytes(message.body)),
});

/** What the sender signs. */
export function caseMessageTypedData(domain: Domain, message: Unsigned): TypedDataDefinition {
  return {
    domain: ledgerDomain(domain.chainId, domain.answerLog),
    types: CASE_MESSAGE_TYPES,
    primaryType: 'CaseMessage',
    message: signedFields(message),
  };
}

/** The digest of a message, which names it, and the address whose key signed it. */
export function caseMessageSigner(
  domain: Domain,
  message: CaseMessage,
): { readonly digest: Hex; readonly signer: Hex | undefined } {
  const digest = structDigest(
    ledgerDomain(domain.chainId, domain.answerLog),
    'CaseMessage',
    CASE_MESSAGE_TYPES.CaseMessage,
    signedFields(message),
  );
  return { digest, signer: signerOf(digest, message.signature) };
}

/**
 * Reads a message strictly, its document included, before anything of it is hashed.
 * @throws LedgerError CASE_MESSAGE_MALFORMED, CASE_DOCUMENT_MALFORMED (operand `path`, never a value), DOCUMENT_NOT_SALTED
 */
export function readCaseMessage(body: unknown): CaseMessage {
  const parsed = caseMessageSchema.safeParse(body);
  if (!parsed.success) {
    const path = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw caseError('CASE_MESSAGE_MALFORMED', { path: path.slice(0, 200) });
  }
  const message = parsed.data;
  const read =
    message.body.kind === 'filing'
      ? { ...message.body, document: { ...parseCaseDocument(message.body.document) } }
      : { ...message.body, decision: { ...parseCaseDecision(message.body.decision) } };
  return { ...message, body: read };
}
