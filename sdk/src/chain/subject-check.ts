import { type Hex, tagIsOf, type Uscc } from '../protocol/index.ts';
import { lowerCase } from './deployment.ts';
import type { ProcessView } from './processes.ts';
import { asked, type LedgerView } from './view.ts';

/** A question as an agency tells the subject of it (`POST /v1/subject/questions`). */
export interface ToldQuestion {
  /** Member id of who asked; decimal, as all ids are. */
  readonly requester: string;
  readonly registerId: string;
  readonly applicationId: string;
  readonly predicateHash: string;
  readonly requestDigest: string;
  readonly subjectTag: string;
  readonly nonce: string;
  readonly logId: string | null;
}

/**
 * What the chain says of a told question: it was answered or refused; it is not in the log; its tag is not
 * the subject's; or the log says something else than the agency.
 */
export type ToldVerdict = 'answered' | 'refused' | 'not-logged' | 'tag-of-another' | 'log-differs';

export interface CheckedQuestion {
  readonly question: ToldQuestion;
  readonly verdict: ToldVerdict;
  /** Where the chain has it; null where it has not. */
  readonly logId: bigint | null;
}

/** A question about the subject that stands on chain, and of which its agency did not tell. */
export interface UntoldQuestion {
  /** By a use of a consent of the subject's, or by a tag of another question about it. */
  readonly foundBy: 'consent' | 'tag';
  readonly consentId: Hex | null;
  readonly requestDigest: Hex;
  readonly requester: bigint;
  readonly registerId: bigint;
  readonly applicationId: Hex;
  readonly predicateHash: Hex;
  readonly subjectTag: Hex;
  readonly blockNumber: bigint;
  readonly transactionHash: Hex;
}

export interface SubjectCheck {
  readonly told: readonly CheckedQuestion[];
  readonly untold: readonly UntoldQuestion[];
}

interface Logged extends Omit<UntoldQuestion, 'foundBy' | 'consentId'> {
  readonly logId: bigint;
  readonly refused: boolean;
}

/** Blocks asked for at once. */
const BLOCKS_AT_ONCE = 2_000n;

/**
 * What a subject does with the list that its agency gave it: holds every question against the chain, and
 * looks for those that are missing, by the uses of its own consents and by its tags. Needs a chain endpoint
 * and no trust in the agency. Questions that need no consent and that the agency keeps quiet cannot be
 * found by anybody: their tags tell nothing without the nonce.
 * @throws LedgerError CHAIN_UNREACHABLE
 */
export async function checkSubjectQuestions(
  view: LedgerView,
  processes: ProcessView,
  subject: { readonly uscc: Uscc; readonly bindingIds: readonly bigint[] },
  told: readonly ToldQuestion[],
): Promise<SubjectCheck> {
  const toBlock = await asked(view.client.getBlockNumber({ cacheTime: 0 }));
  const requesters = [...new Set(told.map(({ requester }) => BigInt(requester)))];
  const logged = requesters.length === 0 ? [] : await loggedBy(view, requesters, toBlock);
  const byDigest = new Map(logged.map((entry) => [entry.requestDigest, entry]));
  const known = new Set(told.map(({ requestDigest }) => requestDigest.toLowerCase()));
  const checked = told.map((question) => check(question, subject.uscc, byDigest));
  const ownTags = new Set(
    checked
      .filter(({ verdict }) => verdict !== 'tag-of-another')
      .map(({ question }) => `${question.requester} ${question.subjectTag.toLowerCase()}`),
  );
  const byTag = logged
    .filter(({ requester, subjectTag }) => ownTags.has(`${requester} ${subjectTag}`))
    .map(({ logId: _, refused: __, ...entry }) => ({ ...entry, foundBy: 'tag' as const, consentId: null }));
  const byConsent = await consentUses(processes, view, subject.bindingIds, toBlock);
  const untold = new Map<Hex, UntoldQuestion>();
  for (const found of [...byConsent, ...byTag]) {
    if (!known.has(found.requestDigest) && !untold.has(found.requestDigest)) {
      untold.set(found.requestDigest, found);
    }
  }
  return { told: checked, untold: [...untold.values()] };
}

function check(question: ToldQuestion, uscc: Uscc, logged: ReadonlyMap<Hex, Logged>): CheckedQuestion {
  const entry = logged.get(lowerCase(question.requestDigest));
  const logId = entry?.logId ?? null;
  if (!tagIsOf(uscc, lowerCase(question.nonce), lowerCase(question.subjectTag))) {
    return { question, verdict: 'tag-of-another', logId };
  }
  if (entry === undefined) {
    return { question, verdict: question.logId === null ? 'not-logged' : 'log-differs', logId };
  }
  const same =
    (question.logId === null || BigInt(question.logId) === entry.logId) &&
    entry.subjectTag === lowerCase(question.subjectTag) &&
    entry.requester === BigInt(question.requester) &&
    entry.registerId === BigInt(question.registerId) &&
    entry.applicationId === lowerCase(question.applicationId) &&
    entry.predicateHash === lowerCase(question.predicateHash);
  return { question, verdict: !same ? 'log-differs' : entry.refused ? 'refused' : 'answered', logId };
}

/** Every answer and refusal that these members were given. */
async function loggedBy(view: LedgerView, requesters: readonly bigint[], toBlock: bigint): Promise<Logged[]> {
  const found: Logged[] = [];
  for (const range of ranges(view, toBlock)) {
    const args = { requester: [...requesters] };
    const [answered, refused] = await asked(
      Promise.all([
        view.answerLog.getEvents.AnswerLogged(args, range),
        view.answerLog.getEvents.AnswerRefused(args, range),
      ]),
    );
    for (const event of [...answered, ...refused]) {
      const { logId, requestDigest, request } = event.args;
      if (logId === undefined || requestDigest === undefined || request === undefined) continue;
      found.push({
        logId,
        refused: event.eventName === 'AnswerRefused',
        requestDigest: lowerCase(requestDigest),
        requester: request.requester,
        registerId: request.registerId,
        applicationId: lowerCase(request.applicationId),
        predicateHash: lowerCase(request.predicateHash),
        subjectTag: lowerCase(request.subjectTag),
        blockNumber: event.blockNumber,
        transactionHash: event.transactionHash,
      });
    }
  }
  return found;
}

/** Every use of every consent that was given by these bindings. */
async function consentUses(
  processes: ProcessView,
  view: LedgerView,
  bindingIds: readonly bigint[],
  toBlock: bigint,
): Promise<UntoldQuestion[]> {
  if (bindingIds.length === 0) return [];
  const consentIds: Hex[] = [];
  for (const range of ranges(view, toBlock)) {
    const given = await asked(
      processes.consents.getEvents.ConsentGiven({ bindingId: [...bindingIds] }, range),
    );
    consentIds.push(...given.flatMap(({ args }) => (args.consentId === undefined ? [] : [args.consentId])));
  }
  if (consentIds.length === 0) return [];
  const uses: UntoldQuestion[] = [];
  for (const range of ranges(view, toBlock)) {
    const used = await asked(processes.consents.getEvents.ConsentUsed({ consentId: consentIds }, range));
    for (const { args, blockNumber, transactionHash } of used) {
      uses.push({
        foundBy: 'consent',
        consentId: args.consentId ?? null,
        requestDigest: lowerCase(args.requestDigest ?? ''),
        requester: args.requester ?? 0n,
        registerId: args.registerId ?? 0n,
        applicationId: lowerCase(args.applicationId ?? ''),
        predicateHash: lowerCase(args.predicateHash ?? ''),
        subjectTag: lowerCase(args.subjectTag ?? ''),
        blockNumber,
        transactionHash,
      });
    }
  }
  return uses;
}

function* ranges(view: LedgerView, toBlock: bigint): Generator<{ fromBlock: bigint; toBlock: bigint }> {
  for (let from = BigInt(view.deployment.deployedAtBlock); from <= toBlock; from += BLOCKS_AT_ONCE) {
    const last = from + BLOCKS_AT_ONCE - 1n;
    yield { fromBlock: from, toBlock: last < toBlock ? last : toBlock };
  }
}
