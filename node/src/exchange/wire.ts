import { parseSignedRequest, signerOf, type SignedRequestJson, typedDigest } from '@credit-ledger/sdk/answer';
import {
  checkUscc,
  FETCH_TYPES,
  type Hex,
  ledgerDomain,
  type Nonce,
  REFUSAL_TYPES,
  refusalName,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import type { TypedDataDefinition } from 'viem';
import { z } from 'zod';
import type { ConsentOpening } from './consents.ts';
import { rejection, type RejectionCode } from './errors.ts';

/** Which ledger is spoken about. */
export interface LedgerDomain {
  readonly chainId: bigint;
  readonly answerLog: Hex;
}

const bytes32 = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Hex>;
const signature = z.string().regex(/^0x[0-9a-f]{128}1[bc]$/) as unknown as z.ZodType<Hex>;
const decimal = z.string().regex(/^(0|[1-9][0-9]{0,38})$/);
const unixSeconds = z.int().nonnegative();

/** A question on its way: what was signed, and what only the responder may know. */
export interface QuestionMessage {
  readonly request: SignedRequestJson;
  readonly uscc: Uscc;
  readonly nonce: Nonce;
  /** Where the application or the grant needs it. */
  readonly consent: ConsentOpening | undefined;
}

/** `POST {endpoint}/v1/exchange/questions` */
export const questionMessageSchema = z.strictObject({
  request: z.record(z.string(), z.unknown()),
  uscc: z.string().length(18),
  nonce: bytes32,
  consent: z
    .strictObject({ consentId: bytes32, salt: bytes32 })
    .optional()
    .meta({ description: 'The cited consent, and the salt that opens its binding.' }),
});
export type QuestionMessageJson = {
  request: SignedRequestJson;
  uscc: string;
  nonce: Hex;
  consent?: ConsentOpening;
};

/** `POST {endpoint}/v1/exchange/answers/{requestId}` */
export const fetchMessageSchema = z.strictObject({ registerId: decimal, time: unixSeconds, signature });
export type FetchMessageJson = { registerId: string; time: number; signature: Hex };

/** Which answer is fetched, and by whose signature. */
export type FetchMessage = FetchMessageJson & { readonly requestId: Hex };

/** A refusal that was logged, signed by the responder. */
export const refusalSchema = z.strictObject({
  format: z.literal('credit-refusal/1'),
  requestId: bytes32,
  code: z.int().min(1).max(65_535),
  name: z.string().max(64),
  logId: decimal,
  responder: z.strictObject({ member: decimal, signature }),
});
export type SignedRefusal = z.infer<typeof refusalSchema>;

/** What a fetch is answered with. */
export const fetchOutcomeSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('pending') }),
  z.object({ state: z.literal('answered'), answer: z.unknown() }),
  z.object({ state: z.literal('refused'), refusal: refusalSchema }),
]);
export type FetchOutcome =
  | { readonly state: 'pending' }
  | { readonly state: 'answered'; readonly answer: unknown }
  | { readonly state: 'refused'; readonly refusal: SignedRefusal };

/**
 * Reads a question strictly: one spelling of everything, the code already canonical.
 * Errors: `QUESTION_MALFORMED` (operand `path`; never a value: it may be a subject).
 */
export function readQuestion(body: unknown): QuestionMessage {
  const parsed = questionMessageSchema.safeParse(body);
  if (!parsed.success) throw malformed('QUESTION_MALFORMED', parsed.error);
  const { uscc, nonce, consent } = parsed.data;
  const request = attempt('QUESTION_MALFORMED', 'request', () => parseSignedRequest(parsed.data.request));
  const check = checkUscc(uscc);
  if (!check.ok || check.uscc !== uscc) throw rejection('QUESTION_MALFORMED', { path: 'uscc' });
  if (BigInt(nonce) >= 1n << 248n) throw rejection('QUESTION_MALFORMED', { path: 'nonce' });
  return { request, uscc: check.uscc, nonce: BigInt(nonce) as Nonce, consent };
}

/** Errors: `FETCH_MALFORMED`. */
export function readFetch(requestId: string, body: unknown): FetchMessage {
  const id = bytes32.safeParse(requestId);
  const parsed = fetchMessageSchema.safeParse(body);
  if (!id.success) throw malformed('FETCH_MALFORMED', id.error);
  if (!parsed.success) throw malformed('FETCH_MALFORMED', parsed.error);
  return { requestId: id.data, ...parsed.data };
}

export function attempt<T>(code: RejectionCode, path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw rejection(code, { path }, cause);
  }
}

export function malformed(code: RejectionCode, error: z.ZodError): Error {
  return rejection(code, {
    path: error.issues
      .map((issue) => issue.path.join('.'))
      .join(', ')
      .slice(0, 200),
  });
}

/** What the requester signs to fetch its answer. */
export function fetchTypedData(
  domain: LedgerDomain,
  { requestId, registerId, time }: Omit<FetchMessage, 'signature'>,
): TypedDataDefinition {
  return {
    domain: ledgerDomain(domain.chainId, domain.answerLog),
    types: FETCH_TYPES,
    primaryType: 'Fetch',
    message: { requestId, registerId: BigInt(registerId), time: BigInt(time) },
  };
}

export function fetchSigner(domain: LedgerDomain, fetch: FetchMessage): Hex | undefined {
  const { requestId, registerId, time } = fetch;
  const message = { requestId, registerId: BigInt(registerId), time };
  return signerOf(typedDigest(domain, 'Fetch', FETCH_TYPES.Fetch, message), fetch.signature);
}

/** What the responder signs of a refusal. */
export function refusalTypedData(
  domain: LedgerDomain,
  requestId: Hex,
  code: number,
  logId: bigint,
): TypedDataDefinition {
  return {
    domain: ledgerDomain(domain.chainId, domain.answerLog),
    types: REFUSAL_TYPES,
    primaryType: 'Refusal',
    message: { requestId, code, logId },
  };
}

export function refusalSigner(domain: LedgerDomain, refusal: SignedRefusal): Hex | undefined {
  const { requestId, code, logId } = refusal;
  const digest = typedDigest(domain, 'Refusal', REFUSAL_TYPES.Refusal, { requestId, code, logId });
  return signerOf(digest, refusal.responder.signature);
}

export function refusalDocument(
  requestId: Hex,
  code: number,
  logId: bigint,
  member: bigint,
  by: Hex,
): SignedRefusal {
  return {
    format: 'credit-refusal/1',
    requestId,
    code,
    name: refusalName(code) ?? 'UNKNOWN',
    logId: logId.toString(),
    responder: { member: member.toString(), signature: by },
  };
}
