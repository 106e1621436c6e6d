export {
  checkpointMessageSchema,
  type CheckpointParts,
  Checkpoints,
  type CheckpointSignature,
  checkpointSignatureSchema,
} from './checkpoints.ts';
export { agreedTime, CLOCK_TOLERANCE_SECONDS } from './clock-check.ts';
export {
  consentError,
  type ConsentErrorName,
  consentErrorOf,
  type ConsentOpening,
  whyConsentNotUsable,
} from './consents.ts';
export { type RejectionCode, statusOfRejection } from './errors.ts';
export { Evidence } from './evidence.ts';
export { ChainLedgerReads } from './ledger-reads.ts';
export type {
  AnswerPreparer,
  ApplicationTerms,
  BindingFact,
  ConsentFact,
  ExchangeLog,
  GrantFact,
  LedgerReads,
  MemberFact,
  ReplayedRoots,
  Signer,
  Transactions,
} from './ports.ts';
export { type AnswerVerifier, type Ask, Requester, type RequesterParts } from './requester.ts';
export { Responder, type ResponderLimits, type ResponderParts } from './responder.ts';
export type { Wait } from './retry.ts';
export { mistakeInNetwork } from './peer-addresses.ts';
export {
  HttpTransport,
  type PeerCalls,
  type PeerResponse,
  type PeerTransport,
  type Resolver,
  type TransportOptions,
} from './transport.ts';
export { NodeVerifier } from './verifier.ts';
export {
  type FetchMessageJson,
  fetchMessageSchema,
  type FetchOutcome,
  fetchOutcomeSchema,
  type QuestionMessageJson,
  questionMessageSchema,
  refusalSchema,
  type SignedRefusal,
} from './wire.ts';
