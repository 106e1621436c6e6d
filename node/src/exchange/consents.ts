import {
  bindingCommitOf,
  type Hex,
  LedgerError,
  type Message,
  type Operand,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import type { BindingFact, ConsentFact, LedgerReads } from './ports.ts';

/** What a requester hands over with a question that needs consent; the salt is of the subject's binding. */
export interface ConsentOpening {
  readonly consentId: Hex;
  readonly salt: Hex;
}

export interface ConsentUse {
  readonly uscc: Uscc;
  readonly requester: bigint;
  readonly registerId: bigint;
  readonly applicationId: string;
  /** Unix seconds. */
  readonly time: bigint;
}

/** Why a consent does not cover a use of it; undefined when it does. In the words of the contract's errors. */
export function whyConsentNotUsable(
  consent: ConsentFact | undefined,
  binding: BindingFact | undefined,
  use: Omit<ConsentUse, 'uscc'>,
): string | undefined {
  if (consent === undefined || binding === undefined) return 'UnknownConsent';
  if (consent.revokedAt !== 0n) return 'ConsentIsRevoked';
  if (binding.endedAt !== 0n) return 'BindingHasEnded';
  if (use.time < consent.validFrom) return 'ConsentNotYetValid';
  if (use.time > consent.validUntil) return 'ConsentExpired';
  if (consent.uses >= consent.maxUses) return 'ConsentExhausted';
  if (consent.requester !== use.requester) return 'ConsentNotForRequester';
  if (consent.registerId !== use.registerId) return 'ConsentNotForRegister';
  return consent.applicationId === use.applicationId ? undefined : 'ConsentNotForApplication';
}

/**
 * The same with what no contract can see: that the consent is the asked subject's own, by the salt that
 * opens its binding. `NotTheSubjects` when it is another's.
 */
export async function whyConsentNotGiven(
  facts: LedgerReads,
  { consentId, salt }: ConsentOpening,
  use: ConsentUse,
): Promise<string | undefined> {
  const consent = await facts.consent(consentId);
  const binding = consent && (await facts.binding(consent.bindingId));
  const why = whyConsentNotUsable(consent, binding, use);
  if (why !== undefined) return why;
  return binding !== undefined && bindingCommitOf(use.uscc, salt) === binding.bindingCommit
    ? undefined
    : 'NotTheSubjects';
}

/** The contract's errors, and ours beside them: code, and what to do next. */
const ERRORS = {
  ConsentNotGiven: [
    'CONSENT_MISSING',
    {
      en: 'This may be asked only with the subject’s consent. Let the subject sign one for you, this register and this application (ledger subject consent), have it relayed (ledger consent give), and ask with its id and the binding’s salt.',
      zh: '此问题须经主体授权方可询问。请由主体签署以本机构、该登记册及该应用为对象的授权（ledger subject consent），提交上链（ledger consent give），再凭授权编号及绑定盐值提问。',
    },
  ],
  ConsentNotNeeded: [
    'CONSENT_NOT_NEEDED',
    {
      en: 'This question needs no consent; ask it without one, so that none is shown.',
      zh: '此问题无需授权，请勿附带授权后重新提问。',
    },
  ],
  NotTheSubjects: [
    'CONSENT_OTHER_SUBJECT',
    {
      en: 'This consent is not the asked subject’s, or the salt is not its binding’s; ask the subject for the right ones.',
      zh: '该授权不属于所询问的主体，或盐值与其绑定不符，请向主体索取正确的授权与盐值。',
    },
  ],
  UnknownConsent: [
    'CONSENT_UNKNOWN',
    {
      en: 'There is no such consent on the chain; have it relayed first (ledger consent give).',
      zh: '链上没有该授权，请先提交（ledger consent give）。',
    },
  ],
  ConsentIsRevoked: [
    'CONSENT_REVOKED',
    {
      en: 'The subject has revoked this consent; ask the subject for another.',
      zh: '主体已撤销该授权，请向主体索取新的授权。',
    },
  ],
  ConsentNotYetValid: [
    'CONSENT_NOT_YET_VALID',
    {
      en: 'This consent is not valid yet; wait for its first second.',
      zh: '该授权尚未生效，请待其生效后再用。',
    },
  ],
  ConsentExpired: [
    'CONSENT_EXPIRED',
    {
      en: 'This consent has expired; ask the subject for another.',
      zh: '该授权已过期，请向主体索取新的授权。',
    },
  ],
  ConsentExhausted: [
    'CONSENT_EXHAUSTED',
    {
      en: 'This consent has been used as often as it may be; ask the subject for another.',
      zh: '该授权的使用次数已用完，请向主体索取新的授权。',
    },
  ],
  ConsentNotForRequester: [
    'CONSENT_NOT_FOR_REQUESTER',
    {
      en: 'This consent is for another requester; ask the subject for one that names this member.',
      zh: '该授权的被授权方是其他成员，请向主体索取以本机构为被授权方的授权。',
    },
  ],
  ConsentNotForRegister: [
    'CONSENT_NOT_FOR_REGISTER',
    {
      en: 'This consent is for another register; ask that one, or the subject for another consent.',
      zh: '该授权针对其他登记册，请询问该登记册，或向主体索取新的授权。',
    },
  ],
  ConsentNotForApplication: [
    'CONSENT_NOT_FOR_APPLICATION',
    {
      en: 'This consent is for another application; ask the subject for one for this purpose.',
      zh: '该授权用于其他应用，请向主体索取用于此用途的授权。',
    },
  ],
  ConsentKnown: [
    'CONSENT_KNOWN',
    {
      en: 'This consent was given before; for another one the subject signs with another salt.',
      zh: '该授权此前已提交；如需另一份授权，请主体以新的盐值签署。',
    },
  ],
  InvalidConsent: [
    'CONSENT_INVALID',
    {
      en: 'This consent could never be used (see operand “field”): register, requester and application must exist, the last second must not be past, and there must be a use and a salt.',
      zh: '该授权无法使用（见操作数 field）：登记册、被授权方与应用须存在，截止时间不得已过，且须有使用次数和盐值。',
    },
  ],
  WrongConsentSignature: [
    'CONSENT_WRONG_SIGNER',
    {
      en: 'This is not signed by the key of the binding that it names, over exactly this; let the subject sign it again with that key.',
      zh: '签名不是由所述绑定的密钥就此内容签署，请主体用该密钥重新签署。',
    },
  ],
  AlreadyCited: [
    'CONSENT_ALREADY_CITED',
    {
      en: 'This question cites another consent already; ask anew.',
      zh: '该问题已引用另一份授权，请重新提问。',
    },
  ],
  BindingHasEnded: [
    'BINDING_ENDED',
    {
      en: 'The binding of this key has ended; let the subject bind another key.',
      zh: '该密钥的绑定已终止，请主体绑定新的密钥。',
    },
  ],
  UnknownBinding: [
    'BINDING_UNKNOWN',
    {
      en: 'There is no such binding on the chain; see ledger binding list.',
      zh: '链上没有该绑定，请查看 ledger binding list。',
    },
  ],
  KeyBound: [
    'BINDING_KEY_BOUND',
    {
      en: 'This key is bound, or was: a key is bound once, for good. Let the subject make another (ledger subject keygen).',
      zh: '该密钥已绑定或曾绑定，每个密钥只能绑定一次。请主体生成新的密钥（ledger subject keygen）。',
    },
  ],
  CommitUsed: [
    'BINDING_COMMIT_USED',
    {
      en: 'This salt was used for this subject before; take another.',
      zh: '该盐值此前已用于该主体，请更换盐值。',
    },
  ],
  InvalidCommit: [
    'BINDING_SALT_INVALID',
    { en: 'Use 32 random bytes as salt.', zh: '请使用 32 字节随机盐值。' },
  ],
  WrongBindingSignature: [
    'BINDING_WRONG_SIGNER',
    {
      en: 'This is not signed by the subject’s key for this member, code and salt; let the subject sign it again.',
      zh: '签名不是由主体密钥就本机构、该代码及盐值签署，请主体重新签署。',
    },
  ],
  NotAnAuthority: [
    'BINDING_NOT_AUTHORITY',
    {
      en: 'Only an authority vouches for a subject’s key; go to one.',
      zh: '只有行政机关成员可为主体密钥背书，请前往该类成员办理。',
    },
  ],
  NotVoucher: [
    'BINDING_NOT_OURS',
    {
      en: 'Another authority vouched for this key: it ends the binding, or the subject does by its signature.',
      zh: '该密钥由其他机构背书，须由该机构终止绑定，或由主体签名终止。',
    },
  ],
} as const satisfies Record<string, readonly [string, Message]>;

export type ConsentErrorName = keyof typeof ERRORS;

/** Our error for one of the contract's, by its name; undefined for a name that is of something else. */
export function consentErrorOf(
  name: string,
  operands: Readonly<Record<string, Operand>> = {},
): LedgerError | undefined {
  return Object.hasOwn(ERRORS, name) ? consentError(name as ConsentErrorName, operands) : undefined;
}

export function consentError(
  name: ConsentErrorName,
  operands: Readonly<Record<string, Operand>> = {},
): LedgerError {
  const [code, message] = ERRORS[name];
  return new LedgerError(code, message, operands);
}
