import {
  AGGREGATE,
  canonicalBytes,
  type Clause,
  COMPARISON,
  type Context,
  contextOf,
  type Hex,
  keccakHex,
  type Predicate,
  STATUS,
  wordHex,
} from '../protocol/index.ts';
import { type Checkpoint, checkpointReader } from './checkpoint.ts';
import {
  address,
  bits16,
  bits64,
  boolean,
  bytes32,
  coordinate,
  decimal,
  fieldElement,
  integer,
  list,
  literal,
  nonce,
  nullable,
  object,
  pair,
  parseJsonStrictly,
  type ReadBy,
  signature,
  unixSeconds,
} from './read.ts';

export const ANSWER_FORMAT = 'credit-answer/1';

/** Largest day that fits the 20 bits of the circuit. */
const LAST_DAY = 1_048_575;

const clauseReader = object({
  kinds: bits64,
  domains: bits16,
  minSeverity: integer(15),
  maxAgeDays: integer(LAST_DAY),
  status: literal(...STATUS),
  aggregate: literal(...AGGREGATE),
  comparison: literal(...COMPARISON),
  threshold: decimal(70),
});

export const predicateReader = object({
  class: literal(1, 2, 3),
  clauses: list(clauseReader, 1, 2),
});

export const requestReader = object({
  requestId: bytes32,
  requester: decimal(256),
  registerId: decimal(256),
  applicationId: bytes32,
  applicationVersion: integer(0xffff_ffff),
  predicateHash: fieldElement,
  asOfDay: integer(LAST_DAY),
  subjectTag: fieldElement,
  grantId: bytes32,
  expiry: unixSeconds,
  signature,
});

const proofReader = object({
  a: pair(coordinate),
  b: pair(pair(coordinate)),
  c: pair(coordinate),
});

const answerReader = object({
  format: literal(ANSWER_FORMAT),
  request: requestReader,
  register: object({ id: decimal(256), owner: decimal(256), secretCommit: fieldElement }),
  batchHash: bytes32,
  seq: decimal(64),
  predicate: predicateReader,
  answer: boolean,
  disputed: boolean,
  nonce,
  circuitId: bytes32,
  proof: proofReader,
  publicSignals: list(fieldElement, 8, 8),
  log: object({
    contract: address,
    logId: decimal(256),
    transactionHash: bytes32,
    blockNumber: decimal(64),
    time: unixSeconds,
  }),
  responder: object({ member: decimal(256), signature }),
  /** Lets the document be verified without the chain; null when there is none. Not under the signature. */
  checkpoint: nullable(checkpointReader),
});

/** A clause of a predicate as documents write it. */
export type ClauseJson = ReadBy<typeof clauseReader>;
/** A predicate as documents write it. */
export type PredicateJson = ReadBy<typeof predicateReader>;
/** A question with its requester's signature, as documents write it. */
export type SignedRequestJson = ReadBy<typeof requestReader>;
/** A proved answer as it is stored, sent and shown (protocol §8). */
export type CreditAnswer = ReadBy<typeof answerReader>;

/**
 * Reads a CreditAnswer from JSON text or a parsed value; any unknown or missing field and any
 * other spelling is refused.
 * @throws LedgerError with a FORMAT_… code, naming the path
 */
export function parseCreditAnswer(document: unknown): CreditAnswer {
  return answerReader(typeof document === 'string' ? parseJsonStrictly(document) : document, '');
}

/**
 * Reads a signed question, as a responder receives it.
 * @throws LedgerError with a FORMAT_… code, naming the path
 */
export function parseSignedRequest(value: unknown): SignedRequestJson {
  return requestReader(value, '');
}

/**
 * Reads a predicate as documents write it.
 * @throws LedgerError with a FORMAT_… code
 */
export function parsePredicate(value: unknown): Predicate {
  return predicateOfJson(predicateReader(value, ''));
}

/** keccak256 of the JCS bytes of the answer without the responder's signature and the checkpoint: what is signed. */
export function documentHash(answer: CreditAnswer | UnsignedAnswer): Hex {
  const { checkpoint: _, responder, ...rest } = answer as CreditAnswer;
  return keccakHex(canonicalBytes({ ...rest, responder: { member: responder.member } }));
}

/** A CreditAnswer before its responder has signed it. */
export type UnsignedAnswer = Omit<CreditAnswer, 'responder' | 'checkpoint'> & {
  readonly responder: { readonly member: string };
};

/** A predicate as documents write it. */
export function predicateJson(predicate: Predicate): PredicateJson {
  return {
    class: predicate.class,
    clauses: predicate.clauses.map((clause) => ({
      kinds: `0x${clause.kinds.toString(16).padStart(16, '0')}` as const,
      domains: `0x${clause.domains.toString(16).padStart(4, '0')}` as const,
      minSeverity: clause.minSeverity,
      maxAgeDays: clause.maxAgeDays,
      status: clause.status,
      aggregate: clause.aggregate,
      comparison: clause.comparison,
      threshold: clause.threshold.toString(),
    })),
  };
}

function clauseOfJson(json: ClauseJson): Clause {
  return {
    ...json,
    kinds: BigInt(json.kinds),
    domains: Number(json.domains),
    threshold: BigInt(json.threshold),
  };
}

/** The predicate that a document writes. */
export function predicateOfJson(json: PredicateJson): Predicate {
  const [first, second] = json.clauses;
  if (!first) throw new RangeError('A read predicate has a clause.');
  return {
    class: json.class,
    clauses: second ? [clauseOfJson(first), clauseOfJson(second)] : [clauseOfJson(first)],
  };
}

/** What the proof of an answer to this question is bound to (protocol §7). */
export function contextOfRequest(
  domain: { readonly chainId: bigint; readonly answerLog: Hex },
  request: Pick<
    SignedRequestJson,
    'registerId' | 'requestId' | 'grantId' | 'requester' | 'applicationId' | 'expiry'
  >,
): Context {
  return contextOf({
    chainId: domain.chainId,
    answerLog: domain.answerLog,
    registerId: BigInt(request.registerId),
    requestId: request.requestId,
    grantId: request.grantId,
    requester: BigInt(request.requester),
    applicationId: request.applicationId,
    expiry: BigInt(request.expiry),
  });
}

/** A Groth16 proof as snarkjs gives it: decimal texts, B with real parts first. */
export interface SnarkProof {
  readonly pi_a: readonly string[];
  readonly pi_b: readonly (readonly string[])[];
  readonly pi_c: readonly string[];
}

/** The proof as documents and contracts write it: B with imaginary parts first. */
export function proofJson(proof: SnarkProof): CreditAnswer['proof'] {
  const word = (text: string | undefined): Hex => wordHex(BigInt(text ?? -1));
  const { pi_a: a, pi_b: b, pi_c: c } = proof;
  return {
    a: [word(a[0]), word(a[1])],
    b: [
      [word(b[0]?.[1]), word(b[0]?.[0])],
      [word(b[1]?.[1]), word(b[1]?.[0])],
    ],
    c: [word(c[0]), word(c[1])],
  };
}

/** Everything that an answer is put together from. */
export interface AnswerParts {
  readonly request: SignedRequestJson;
  readonly register: { readonly id: bigint; readonly owner: bigint; readonly secretCommit: bigint };
  readonly batchHash: Hex;
  readonly seq: bigint;
  readonly predicate: Predicate;
  readonly nonce: bigint;
  readonly circuitId: Hex;
  readonly proof: SnarkProof;
  /** In the circuit's order; answer and disputed are read from the first two. */
  readonly publicSignals: readonly (bigint | string)[];
  readonly log: {
    readonly contract: Hex;
    readonly logId: bigint;
    readonly transactionHash: Hex;
    readonly blockNumber: bigint;
    readonly time: bigint | number;
  };
}

/**
 * Puts an answer together; the responder then signs `answerDigest(domain, documentHash(answer))`
 * and `signedAnswer` adds the signature.
 * @throws LedgerError with a FORMAT_… code when a part is not what the format allows
 */
export function buildAnswer(parts: AnswerParts): UnsignedAnswer {
  const signals = parts.publicSignals.map((signal) => wordHex(BigInt(signal)));
  const bit = (signal: Hex | undefined): boolean => BigInt(signal ?? 0) === 1n;
  const {
    responder,
    checkpoint: _,
    ...rest
  } = parseCreditAnswer({
    format: ANSWER_FORMAT,
    request: parts.request,
    register: {
      id: parts.register.id.toString(),
      owner: parts.register.owner.toString(),
      secretCommit: wordHex(parts.register.secretCommit),
    },
    batchHash: parts.batchHash,
    seq: parts.seq.toString(),
    predicate: predicateJson(parts.predicate),
    answer: bit(signals[0]),
    disputed: bit(signals[1]),
    nonce: wordHex(parts.nonce),
    circuitId: parts.circuitId,
    proof: proofJson(parts.proof),
    publicSignals: signals,
    log: {
      contract: parts.log.contract,
      logId: parts.log.logId.toString(),
      transactionHash: parts.log.transactionHash,
      blockNumber: parts.log.blockNumber.toString(),
      time: Number(parts.log.time),
    },
    // The signature is not known yet; this one only lets the reader look at all the rest.
    responder: { member: parts.register.owner.toString(), signature: ANY_SIGNATURE },
    checkpoint: null,
  });
  return { ...rest, responder: { member: responder.member } };
}

const ANY_SIGNATURE = `0x${'1'.padStart(64, '0')}${'1'.padStart(64, '0')}1b`;

/**
 * The finished document.
 * @throws LedgerError with a FORMAT_… code for a signature in another spelling
 */
export function signedAnswer(
  answer: UnsignedAnswer,
  responderSignature: Hex,
  checkpoint: Checkpoint | null = null,
): CreditAnswer {
  return parseCreditAnswer({
    ...answer,
    responder: { ...answer.responder, signature: responderSignature },
    checkpoint,
  });
}
