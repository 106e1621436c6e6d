import {
  type Nonce,
  random248,
  type RegisterSecret,
  type SecretCommit,
  type SubjectKey,
  type SubjectTag,
  trunc248,
} from './field.ts';
import { H2, H3, H4 } from './poseidon.ts';
import { type Uscc, usccNumber } from './uscc.ts';

/** Ledger classes: a subject has one chain of entries in each (protocol §3). */
export const LEDGER_CLASS = { adverse: 1, permit: 2, positive: 3 } as const;
export type LedgerClass = (typeof LEDGER_CLASS)[keyof typeof LEDGER_CLASS];

const SECRET_DOMAIN = 1n;
const KEY_DOMAIN = 2n;
const TAG_DOMAIN = 3n;

/** A new secret for a register: 248 random bits. */
export function randomSecret(): RegisterSecret {
  return random248() as RegisterSecret;
}

/** A fresh blinding for one request: 248 random bits. Never use one twice. */
export function randomNonce(): Nonce {
  return random248() as Nonce;
}

/** What of a register's secret goes on chain, and never changes. */
export function secretCommitOf(secret: RegisterSecret): SecretCommit {
  return H2(SECRET_DOMAIN, secret) as bigint as SecretCommit;
}

/** The one key of a subject in a register and class; not guessable without the secret. */
export function subjectKeyOf(uscc: Uscc, ledgerClass: LedgerClass, secret: RegisterSecret): SubjectKey {
  return trunc248(H4(KEY_DOMAIN, usccNumber(uscc), BigInt(ledgerClass), secret)) as SubjectKey;
}

/** How one request names its subject; whoever lacks the nonce cannot test guesses against it. */
export function subjectTagOf(uscc: Uscc, nonce: Nonce): SubjectTag {
  return H3(TAG_DOMAIN, usccNumber(uscc), nonce) as bigint as SubjectTag;
}
