import type { SignedRequestJson } from '@credit-ledger/sdk/answer';
import { dayAt, type RefusalName } from '@credit-ledger/sdk/protocol';
import type { GrantFact, LedgerReads, MemberFact } from './ports.ts';

/** Why a question is refused: the name is logged, the reason is for the operator. */
export interface Ineligible {
  readonly name: RefusalName;
  readonly reason: string;
}

/**
 * Everything about the question, and nothing about the subject, that the answer log checks:
 * application, version, predicate, day, grant, consent (protocol §8). Judged at the chain's time.
 */
export async function whyIneligible(
  facts: LedgerReads,
  request: SignedRequestJson,
  parties: { readonly owner: bigint; readonly requester: MemberFact },
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
  if ((grant.consentRequired || terms.gateway === 'subject-consent') && !(await facts.consentsInForce())) {
    return { name: 'CONSENT_MISSING', reason: 'no contract for consents is in force' };
  }
  return undefined;
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
  // Nobody came to it in time.
  RequestExpired: 'BUSY',
};

/** The refusal that says to the requester why the log would not take an answer; undefined for another error. */
export function refusalOfRevert(errorName: string): RefusalName | undefined {
  return Object.hasOwn(REVERTS, errorName) ? REVERTS[errorName] : undefined;
}
