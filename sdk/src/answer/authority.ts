import { parseCreditAnswer, type SignedRequestJson } from './document.ts';
import type { NetworkFile } from './network.ts';
import { memberOf } from './network.ts';
import { type Expectations, type Source, type Verification, verifyAnswer } from './verify.ts';

export interface AuthorityVerification {
  /** VALID only when every register of the authority gave an answer, each is VALID, and all are to one question. */
  readonly overall: 'VALID' | 'INVALID' | 'ERROR';
  readonly answers: readonly {
    readonly registerId: string | undefined;
    readonly verification: Verification;
  }[];
  /** Registers of the authority without an answer: no answer is never YES. */
  readonly missingRegisters: readonly string[];
  /**
   * Whether all answers are to one question: application, predicate, day and requester alike. That several are about
   * one subject is shown by the expected subject alone.
   */
  readonly sameQuestion: boolean;
  /** Whether the list of the authority's registers could be had. */
  readonly registersKnown: boolean;
}

/**
 * Verifies the answers of ALL registers of one authority to one question: a record may stand in any of
 * them (protocol §5). `expected.authority` is required; the chain is asked for registers that the
 * network file does not know yet.
 */
export async function verifyAuthorityAnswers(
  documents: readonly unknown[],
  network: NetworkFile,
  expected: Omit<Expectations, 'registerId'> & { readonly authority: bigint | number | string },
  source: Source,
): Promise<AuthorityVerification> {
  const { authority, ...rest } = expected;
  const answers: { registerId: string | undefined; verification: Verification }[] = [];
  const questions = new Set<string>();
  for (const document of documents) {
    const request = requestOf(document);
    const registerId = request?.registerId;
    if (request) questions.add(questionOf(request));
    const verification = await verifyAnswer(
      document,
      network,
      registerId === undefined ? expected : { ...rest, authority, registerId },
      source,
    );
    answers.push({ registerId, verification });
  }
  const pinned = memberOf(network, authority.toString())?.registers.map((register) => register.id) ?? [];
  const onChain = await registersOnChain(source, BigInt(authority));
  const answered = new Set(answers.map((each) => each.registerId));
  const all = new Set([...pinned, ...(onChain ?? [])]);
  const missingRegisters = [...all].filter((id) => !answered.has(id));
  const sameQuestion = questions.size <= 1 && (documents.length <= 1 || expected.subject !== undefined);
  const verdicts = answers.map((each) => each.verification.overall);
  const overall = verdicts.includes('INVALID')
    ? 'INVALID'
    : verdicts.includes('ERROR') ||
        missingRegisters.length > 0 ||
        onChain === undefined ||
        all.size === 0 ||
        !sameQuestion
      ? 'ERROR'
      : 'VALID';
  return { overall, answers, missingRegisters, sameQuestion, registersKnown: onChain !== undefined };
}

/** What must be alike in answers that are taken together; the tag never is. */
function questionOf(request: SignedRequestJson): string {
  const { applicationId, predicateHash, asOfDay, requester } = request;
  return JSON.stringify([applicationId, predicateHash, asOfDay, requester]);
}

function requestOf(document: unknown): SignedRequestJson | undefined {
  try {
    return parseCreditAnswer(document).request;
  } catch {
    // The verification of this document says what is wrong with it.
    return undefined;
  }
}

/** Offline only the network file knows the registers; a chain that is down knows none. */
async function registersOnChain(source: Source, authority: bigint): Promise<readonly string[] | undefined> {
  if (!('chain' in source)) return [];
  try {
    return (await source.chain.registersOf(authority)).map(String);
  } catch {
    return undefined;
  }
}
