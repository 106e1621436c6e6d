import type { SignedRequestJson } from '@credit-ledger/sdk/answer';
import { dayAt, type Hex, LedgerError, type RefusalName, type Uscc } from '@credit-ledger/sdk/protocol';
import { type ConsentOpening, whyConsentNotGiven } from './consents.ts';
import type { ApplicationTerms, GrantFact, LedgerReads, MemberFact } from './ports.ts';

/** Why a question is refused: the name is logged, the reason is for the operator. */
export interface Ineligible {
  readonly name: RefusalName;
  readonly reason: string;
}

/** What came with the question besides the request, as far as it decides whether it may be answered. */
export interface QuestionFacts {
  readonly requestDigest: Hex;
  readonly uscc: Uscc;
  readonly consent: ConsentOpening | undefined;
  /** Whether the citation of a consent may still be on its way to this node's endpoint. */
  readonly citationMayCome: boolean;
}

/**
 * Everything that the answer log checks of the question, application, version, predicate, day, grant,
 * consent (protocol §8), and what no contract can see: that the consent is the asked subject's own.
 * Judged at the chain's time.
 * @throws LedgerError CITATION_NOT_SEEN (look again), CHAIN_…
 */
export async function whyIneligible(
  facts: LedgerReads,
  request: SignedRequestJson,
  parties: { readonly owner: bigint; readonly requester: MemberFact },
  question: QuestionFacts,
  time: bigint,
): Promise<Ineligible | undefined> {
  const { applicationId, applicationVersion, predicateHash, asOfDay, grantId } = request;
  const terms = await facts.terms(applicationId);
  if (terms.version === 0 || terms.version !== applicationVersion) {
    return {
      name: 'PREDICATE_NOT_LISTED',
      reason: `version ${applicationVersion}, in force ${terms.version}`,
    };
  }
  const today = dayAt(time);
  if (asOfDay > today + 1 || (!terms.historicalDays && asOfDay + 1 < today)) {
    return { name: 'DAY_NOT_ALLOWED', reason: `day ${asOfDay}, today ${today}` };
  }
  const { listed, class: ledgerClass } = await facts.listed(applicationId, applicationVersion, predicateHash);
  if (!listed) return { name: 'PREDICATE_NOT_LISTED', reason: 'not a predicate of this application' };

  const grant = await facts.grant(grantId);
  const reason = whyGrantNotUsable(grant, {
    owner: parties.owner,
    requester: parties.requester,
    applicationId,
    ledgerClass,
    time,
  });
  if (reason !== undefined) return { name: 'GRANT_NOT_USABLE', reason };
  if (!consentNeeded(terms, grant)) return undefined;
  const missing = await whyConsentMissing(facts, request, question, time);
  return missing === undefined ? undefined : { name: 'CONSENT_MISSING', reason: missing };
}

/** Whether the gateway or the grant wants the subject's consent. */
export function consentNeeded(terms: ApplicationTerms, grant: GrantFact): boolean {
  return grant.consentRequired || terms.gateway === 'subject-consent';
}

async function whyConsentMissing(
  facts: LedgerReads,
  request: SignedRequestJson,
  { requestDigest, uscc, consent, citationMayCome }: QuestionFacts,
  time: bigint,
): Promise<string | undefined> {
  if (!(await facts.consentsInForce())) return 'no contract for consents is in force';
  if (consent === undefined) return 'no consent came with the question';
  const requester = BigInt(request.requester);
  const why = await whyConsentNotGiven(facts, consent, {
    uscc,
    requester,
    registerId: BigInt(request.registerId),
    applicationId: request.applicationId,
    time,
  });
  if (why !== undefined) return why;
  const cited = await facts.citedConsent(requester, requestDigest);
  if (cited === undefined && citationMayCome) throw citationNotSeen();
  if (cited === undefined) return 'ConsentNotCited';
  return cited === consent.consentId ? undefined : 'the question cites another consent';
}

function citationNotSeen(): LedgerError {
  return new LedgerError('CITATION_NOT_SEEN', {
    en: 'The endpoint does not show yet that the question cites its consent; it is looked at again.',
    zh: '节点尚未返回该问题引用授权的记录，将再次查看。',
  });
}

/** Why a grant does not cover a use of it; undefined when it does. In the words of the contract's errors. */
export function whyGrantNotUsable(
  grant: GrantFact,
  use: {
    readonly owner: bigint;
    readonly requester: Pick<MemberFact, 'id' | 'region'>;
    readonly applicationId: string;
    readonly ledgerClass: number;
    readonly time: bigint;
  },
): string | undefined {
  if (grant.grantor === 0n) return 'UnknownGrant';
  if (grant.grantor !== use.owner) return 'GrantOfOther';
  if (grant.revokedAt !== 0n) return 'GrantIsRevoked';
  if (use.time < grant.validFrom) return 'GrantNotYetValid';
  if (use.time > grant.validUntil) return 'GrantExpired';
  if (grant.maxUses !== 0 && grant.uses >= grant.maxUses) return 'GrantExhausted';
  if (grant.applicationId !== use.applicationId) return 'GrantNotForApplication';
  if ((grant.classes & (1 << use.ledgerClass)) === 0) return 'GrantNotForClass';
  const grantee = grant.grantee.kind === 'member' ? use.requester.id : BigInt(use.requester.region);
  return grant.grantee.id === grantee ? undefined : 'GrantNotForRequester';
}

const REVERTS: Readonly<Record<string, RefusalName>> = {
  ApplicationNotInForce: 'PREDICATE_NOT_LISTED',
  PredicateNotListed: 'PREDICATE_NOT_LISTED',
  DayNotAllowed: 'DAY_NOT_ALLOWED',
  UnknownGrant: 'GRANT_NOT_USABLE',
  GrantOfOther: 'GRANT_NOT_USABLE',
  GrantIsRevoked: 'GRANT_NOT_USABLE',
  GrantNotYetValid: 'GRANT_NOT_USABLE',
  GrantExpired: 'GRANT_NOT_USABLE',
  GrantExhausted: 'GRANT_NOT_USABLE',
  GrantNotForApplication: 'GRANT_NOT_USABLE',
  GrantNotForClass: 'GRANT_NOT_USABLE',
  GrantNotForRequester: 'GRANT_NOT_USABLE',
  ConsentNotAvailable: 'CONSENT_MISSING',
  ConsentNotCited: 'CONSENT_MISSING',
  UnknownConsent: 'CONSENT_MISSING',
  UnknownBinding: 'CONSENT_MISSING',
  BindingHasEnded: 'CONSENT_MISSING',
  ConsentIsRevoked: 'CONSENT_MISSING',
  ConsentNotYetValid: 'CONSENT_MISSING',
  ConsentExpired: 'CONSENT_MISSING',
  ConsentExhausted: 'CONSENT_MISSING',
  ConsentNotForRequester: 'CONSENT_MISSING',
  ConsentNotForRegister: 'CONSENT_MISSING',
  ConsentNotForApplication: 'CONSENT_MISSING',
  // Nobody came to it in time.
  RequestExpired: 'BUSY',
};

/** The refusal that says to the requester why the log would not take an answer; undefined for another error. */
export function refusalOfRevert(errorName: string): RefusalName | undefined {
  return Object.hasOwn(REVERTS, errorName) ? REVERTS[errorName] : undefined;
}
