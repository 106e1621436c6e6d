import {
  answerCommitmentOf,
  catalogueHash,
  findApplication,
  findPredicate,
  type Hex,
  isLedgerError,
  LedgerError,
  type Message,
  type Nonce,
  type Operand,
  parseUscc,
  type Predicate,
  predicateHashOf,
  subjectTagOf,
  toBytes32,
} from '../protocol/index.ts';
import {
  contextOfRequest,
  type CreditAnswer,
  documentHash,
  parseCreditAnswer,
  predicateOfJson,
} from './document.ts';
import { type Evidence, finding, type Finding, type Question } from './evidence.ts';
import type { ChainFacts } from './facts.ts';
import { verifyProof } from './groth16.ts';
import { domainOf, type NetworkFile, registerOf } from './network.ts';
import { offlineEvidence } from './offline.ts';
import { onlineEvidence } from './online.ts';
import { type Check, CHECKS, type ReasonCode, REASONS, type Verdict } from './reasons.ts';
import { answerDigest, requestDigest, signerOf } from './signing.ts';

/**
 * What the verifier asked for; what is left out is not compared, and the result says so in words.
 * Member and register ids are decimal texts or integers.
 */
export interface Expectations {
  /** Unified social credit code of the subject. */
  readonly subject?: string;
  /** Catalogue names, a predicate itself, or its hash. Names imply the application. */
  readonly predicate?: { readonly application: string; readonly predicate: string } | Predicate | Hex;
  /** Catalogue name of the application, or its id. */
  readonly application?: string;
  /** Days since 1970-01-01 at UTC+8. */
  readonly asOfDay?: number;
  readonly requester?: bigint | number | string;
  readonly registerId?: bigint | number | string;
  /** The authority whose answer is wanted. With several registers, one answer is not enough. */
  readonly authority?: bigint | number | string;
  /** Longest time since the owner last stood by the root, in seconds. */
  readonly maxAgeSeconds?: number;
  /** Seconds since 1970; the platform's clock by default. */
  readonly now?: number;
  /** Offline: how many other regions must have signed the checkpoint; all of them by default. */
  readonly minWitnessRegions?: number;
  /** Checks that must be VALID: one of these that is SKIPPED makes the whole an ERROR. */
  readonly require?: readonly Check[];
}

/** Where facts come from: the chain, or a checkpoint (the one in the document when none is given). */
export type Source = { readonly chain: ChainFacts } | { readonly checkpoint?: unknown };

export interface CheckResult {
  readonly check: Check;
  readonly verdict: Verdict;
  /** Stable; see REASONS. */
  readonly reason: ReasonCode;
  readonly message: Message;
  readonly operands: Readonly<Record<string, Operand>>;
}

export interface Verification {
  /** INVALID when any check is; else ERROR when any could not be made; else VALID. */
  readonly overall: 'VALID' | 'INVALID' | 'ERROR';
  /** One for each check, in the order of CHECKS. */
  readonly checks: readonly CheckResult[];
  /** What the verifier did not say, and what therefore was not compared. */
  readonly notCompared: readonly { readonly expectation: keyof Expectations; readonly message: Message }[];
  /** What was proved; only there when the answer is VALID. */
  readonly proved?: { readonly answer: boolean; readonly disputed: boolean };
}

const NOT_COMPARED: readonly (readonly [keyof Expectations, Message])[] = [
  ['subject', { en: 'whom the answer is about', zh: '答案针对的主体' }],
  ['predicate', { en: 'what was asked', zh: '所问的判断条件' }],
  ['asOfDay', { en: 'as of which day', zh: '基准日期' }],
  ['application', { en: 'for which purpose', zh: '用途' }],
  ['requester', { en: 'who asked', zh: '提问方' }],
  ['registerId', { en: 'which register or authority answered', zh: '作答的登记册或机构' }],
  ['maxAgeSeconds', { en: 'how old the register’s state may be', zh: '登记册状态的最长时限' }],
];

/**
 * Verifies an answer against what the verifier knows by itself: the pinned network file, what it
 * expected, and the chain or a witnessed checkpoint. Never throws for a bad document; a chain that
 * is down gives ERROR, never INVALID and never VALID (protocol §8).
 *
 * @param document the answer, as JSON text (checked to the letter) or as a parsed value
 * @throws LedgerError VERIFICATION_KEY_MALFORMED when the network file's key is no key
 */
export async function verifyAnswer(
  document: unknown,
  network: NetworkFile,
  expected: Expectations,
  source: Source,
): Promise<Verification> {
  let answer: CreditAnswer;
  try {
    answer = parseCreditAnswer(document);
  } catch (error) {
    if (!isLedgerError(error) || !Object.hasOwn(REASONS, error.code)) throw error;
    return unreadable(finding(error.code as ReasonCode, error.operands), expected);
  }
  const domain = domainOf(network);
  const signals = answer.publicSignals.map(BigInt);
  const now = wholeSeconds(expected.now ?? Date.now() / 1000);
  const maxAgeSeconds =
    expected.maxAgeSeconds === undefined ? undefined : wholeSeconds(expected.maxAgeSeconds);
  const timed = now !== undefined && (expected.maxAgeSeconds === undefined || maxAgeSeconds !== undefined);
  const question: Question = {
    answer,
    network,
    pinned: registerOf(network, answer.request.registerId),
    requestDigest: requestDigest(domain, answer.request),
    answerCommitment: answerCommitmentOf({
      registerId: BigInt(answer.request.registerId),
      batchHash: answer.batchHash,
      circuitId: answer.circuitId,
      signals,
      nonce: BigInt(answer.nonce),
    }),
    now: now ?? 0,
    maxAgeSeconds,
    minWitnessRegions: expected.minWitnessRegions,
  };
  const evidence =
    'chain' in source
      ? await onlineEvidence(source.chain, question)
      : offlineEvidence(source.checkpoint, question);

  const found: Readonly<Record<Check, Finding>> = {
    format: finding('FORMAT_OK'),
    proof: checkProof(question, signals),
    'circuit-pinned': checkCircuit(question, evidence),
    'register-owner': checkOwner(question, evidence, expected),
    'register-secret': checkSecret(question, evidence),
    subject: checkSubject(answer, expected),
    predicate: checkPredicate(question, evidence, expected),
    'as-of-day': checkDay(answer, expected),
    context: checkContext(question, evidence, expected),
    expiry: evidence.expiry(),
    'root-known': evidence.rootKnown(),
    'root-witnessed': evidence.rootWitnessed(),
    'root-current': timed ? evidence.rootCurrent() : untimed(evidence.rootCurrent()),
    grant: evidence.grant(),
    'answer-logged': evidence.answerLogged(),
    'responder-signature': checkResponder(question, evidence),
  };
  return conclude(found, expected, answer);
}

/** Undefined for what is no time: compared with it, nothing would ever be too old. */
function wholeSeconds(seconds: number): number | undefined {
  const whole = Math.floor(seconds);
  return Number.isSafeInteger(whole) && whole >= 0 ? whole : undefined;
}

/** What may still be said of the root without the verifier's clock or limit: that it is refuted. */
function untimed(found: Finding): Finding {
  return REASONS[found.reason].verdict === 'INVALID' ? found : finding('EXPECTATION_MALFORMED');
}

function conclude(
  found: Readonly<Record<Check, Finding>>,
  expected: Expectations,
  answer?: CreditAnswer,
): Verification {
  const checks = CHECKS.map((check): CheckResult => {
    const { reason, operands } = found[check];
    const { verdict, en, zh } = REASONS[reason];
    return { check, verdict, reason, message: { en, zh }, operands: operands ?? {} };
  });
  const has = (verdict: Verdict): boolean => checks.some((each) => each.verdict === verdict);
  const missing = checks.some(
    (each) => each.verdict === 'SKIPPED' && (expected.require?.includes(each.check) ?? false),
  );
  const overall = has('INVALID') ? 'INVALID' : has('ERROR') || missing ? 'ERROR' : 'VALID';
  return {
    overall,
    checks,
    notCompared: notCompared(expected),
    ...(overall === 'VALID' && answer
      ? { proved: { answer: answer.answer, disputed: answer.disputed } }
      : {}),
  };
}

function notCompared(expected: Expectations): Verification['notCompared'] {
  const implied: Partial<Record<keyof Expectations, boolean>> = {
    application: typeof expected.predicate === 'object' && 'application' in expected.predicate,
    registerId: expected.authority !== undefined,
  };
  return NOT_COMPARED.filter(([name]) => expected[name] === undefined && !implied[name]).map(
    ([expectation, message]) => ({
      expectation,
      message: { en: `Not compared: ${message.en}.`, zh: `未比较：${message.zh}。` },
    }),
  );
}

function unreadable(format: Finding, expected: Expectations): Verification {
  const found = Object.fromEntries(CHECKS.map((check) => [check, finding('NOT_REACHED')]));
  return conclude({ ...(found as Record<Check, Finding>), format }, expected);
}

function checkProof({ answer, network }: Question, signals: readonly bigint[]): Finding {
  const bit = (value: boolean): bigint => (value ? 1n : 0n);
  if (signals[0] !== bit(answer.answer) || signals[1] !== bit(answer.disputed)) {
    return finding('PROOF_OF_OTHER_ANSWER');
  }
  const circuit = network.circuits.find((each) => each.id === answer.circuitId);
  if (!circuit) return finding('PROOF_NO_KEY', { circuitId: answer.circuitId });
  return finding(verifyProof(circuit.verificationKey, signals, answer.proof) ? 'PROOF_HOLDS' : 'PROOF_FAILS');
}

function checkCircuit({ answer, network }: Question, evidence: Evidence): Finding {
  if (!network.circuits.some((each) => each.id === answer.circuitId)) {
    return finding('CIRCUIT_NOT_PINNED', { circuitId: answer.circuitId });
  }
  return evidence.circuit() ?? finding('CIRCUIT_PINNED');
}

function checkOwner({ answer, pinned }: Question, evidence: Evidence, expected: Expectations): Finding {
  const { register, request, responder } = answer;
  if (register.id !== request.registerId) {
    return finding('REGISTER_NOT_ASKED', { asked: request.registerId, register: register.id });
  }
  const unlike = (id: bigint | number | string | undefined, actual: string): boolean =>
    id !== undefined && id.toString() !== actual;
  if (unlike(expected.registerId, register.id) || unlike(expected.authority, register.owner)) {
    return finding('REGISTER_NOT_EXPECTED', { register: register.id, owner: register.owner });
  }
  const disagreement = evidence.registerOwner();
  if (!pinned) return disagreement ?? finding('REGISTER_NOT_PINNED', { register: register.id });
  if (
    register.owner !== pinned.owner.id ||
    responder.member !== pinned.owner.id ||
    pinned.owner.role !== 'authority'
  ) {
    return finding('REGISTER_OF_OTHER_OWNER', { owner: pinned.owner.id });
  }
  if (disagreement) return disagreement;
  const unpinned = evidence.furtherRegisters();
  if ('reason' in unpinned) return unpinned;
  const further = [
    ...pinned.owner.registers.map((each) => each.id).filter((id) => id !== register.id),
    ...unpinned,
  ];
  if (further.length === 0) return finding('REGISTER_OWNER_OK');
  return expected.authority !== undefined && expected.registerId === undefined
    ? finding('AUTHORITY_HAS_FURTHER_REGISTERS', { further })
    : finding('REGISTER_OWNER_HAS_FURTHER', { further });
}

function checkSecret({ answer, pinned }: Question, evidence: Evidence): Finding {
  const committed = pinned?.register.secretCommit;
  if (answer.register.secretCommit !== committed || answer.publicSignals[3] !== committed) {
    return finding('SECRET_NOT_REGISTERED');
  }
  return evidence.registerSecret() ?? finding('REGISTER_SECRET_OK');
}

function checkSubject(answer: CreditAnswer, expected: Expectations): Finding {
  if (answer.publicSignals[4] !== answer.request.subjectTag) return finding('SUBJECT_TAG_NOT_PROVED');
  if (expected.subject === undefined) return finding('SUBJECT_NOT_EXPECTED');
  const subject = understood(() => parseUscc(expected.subject ?? ''));
  if ('reason' in subject) return subject;
  const tag = subjectTagOf(subject.value, BigInt(answer.nonce) as Nonce);
  return finding(toBytes32(tag) === answer.request.subjectTag ? 'SUBJECT_OK' : 'SUBJECT_OTHER');
}

function checkPredicate({ answer, network }: Question, evidence: Evidence, expected: Expectations): Finding {
  const { request } = answer;
  const stated = toBytes32(predicateHashOf(predicateOfJson(answer.predicate)));
  if (stated !== request.predicateHash || answer.publicSignals[5] !== request.predicateHash) {
    return finding('PREDICATE_NOT_PROVED');
  }
  const against = evidence.predicate();
  if (expected.predicate === undefined) return against ?? finding('PREDICATE_NOT_EXPECTED');
  const wanted = expectedPredicate(expected.predicate, network);
  if ('reason' in wanted) return wanted;
  if (wanted.value !== request.predicateHash) return finding('PREDICATE_OTHER');
  return against ?? finding('PREDICATE_OK');
}

function expectedPredicate(
  wanted: NonNullable<Expectations['predicate']>,
  network: NetworkFile,
): { readonly value: Hex } | Finding {
  if (typeof wanted === 'string') return { value: wanted };
  if ('application' in wanted && network.catalogue.hash !== catalogueHash()) {
    return finding('CATALOGUE_OTHER', { version: network.catalogue.version });
  }
  return understood(() =>
    toBytes32(
      predicateHashOf(
        'application' in wanted ? findPredicate(wanted.application, wanted.predicate).predicate : wanted,
      ),
    ),
  );
}

function checkDay(answer: CreditAnswer, expected: Expectations): Finding {
  const { asOfDay } = answer.request;
  if (BigInt(answer.publicSignals[6] ?? -1) !== BigInt(asOfDay)) return finding('DAY_NOT_PROVED');
  if (expected.asOfDay === undefined) return finding('DAY_NOT_EXPECTED');
  return finding(expected.asOfDay === asOfDay ? 'DAY_OK' : 'DAY_OTHER', { asOfDay });
}

function checkContext(question: Question, evidence: Evidence, expected: Expectations): Finding {
  const { answer, network } = question;
  const { request } = answer;
  const context = toBytes32(contextOfRequest(domainOf(network), request));
  if (answer.publicSignals[7] !== context) return finding('CONTEXT_OTHER');
  const { signature } = request;
  const unsigned = evidence.operator(
    request.requester,
    signerOf(question.requestDigest, signature),
    network.members.some((member) => member.id === request.requester)
      ? 'REQUEST_NOT_SIGNED'
      : 'REQUESTER_NOT_PINNED',
  );
  // A comparison that fails is INVALID even while the chain is down.
  if (expected.requester !== undefined && expected.requester.toString() !== request.requester) {
    return finding('REQUESTER_OTHER', { requester: request.requester });
  }
  const application = expectedApplication(expected);
  if (application && 'reason' in application) return application;
  if (application && application.value !== request.applicationId) {
    return finding('APPLICATION_OTHER', { applicationId: request.applicationId });
  }
  return unsigned ?? finding('CONTEXT_OK');
}

function expectedApplication(expected: Expectations): { readonly value: Hex } | Finding | undefined {
  const implied =
    typeof expected.predicate === 'object' && 'application' in expected.predicate
      ? expected.predicate.application
      : undefined;
  const name = expected.application ?? implied;
  if (name === undefined) return undefined;
  return understood(() => (/^0x[0-9a-f]{64}$/.test(name) ? (name as Hex) : findApplication(name).id));
}

function checkResponder(question: Question, evidence: Evidence): Finding {
  const { answer, network } = question;
  if (answer.responder.member !== answer.register.owner) {
    return finding('RESPONDER_NOT_OWNER', { member: answer.responder.member });
  }
  const digest = answerDigest(domainOf(network), documentHash(answer));
  return (
    evidence.operator(
      answer.responder.member,
      signerOf(digest, answer.responder.signature),
      'RESPONDER_NOT_SIGNED',
    ) ?? finding('RESPONDER_SIGNED')
  );
}

/** Reads what the caller expects; a caller's slip is an ERROR of that check, never a verdict on the answer. */
function understood<T>(read: () => T): { readonly value: T } | Finding {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof LedgerError) return finding('EXPECTATION_MALFORMED', { code: error.code });
    throw error;
  }
}
