import {
  LETTER_FORMAT,
  type LetterDocument,
  PUBLIC_SCOPE_FORMAT,
  type PublicScope,
} from '@credit-ledger/sdk/answer';
import { randomSalt256, type SaltedDocument } from '@credit-ledger/sdk/protocol';

// Documents whose hashes go on chain: each with 256 bits of salt of its own.

/** A document of any kind, salted: what it says is between the node and those to whom it shows it. */
export type Salted = SaltedDocument & Readonly<Record<string, unknown>>;

/** A letter's document with a fresh salt. */
export function letterDocument(parts: Omit<LetterDocument, 'format' | 'salt'>): LetterDocument {
  return { format: LETTER_FORMAT, salt: randomSalt256(), ...parts };
}

/** Where something is published, salted so that the hash tells nothing before it is shown. */
export function publicScope(scope: string): PublicScope {
  return { format: PUBLIC_SCOPE_FORMAT, salt: randomSalt256(), scope };
}

/** A decision, a finding, a reason, … about a letter or filing, with a fresh salt. */
export function statement(kind: string, about: string, content: Readonly<Record<string, unknown>>): Salted {
  return { format: `${kind}/1`, salt: randomSalt256(), about, ...content };
}
