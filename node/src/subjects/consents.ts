import { signerOf } from '@credit-ledger/sdk/answer';
import { subjectConsentsAbi } from '@credit-ledger/sdk/chain';
import {
  bindingCommitOf,
  type ConsentTerms,
  consentIdOf,
  consentRevocationDigest,
  type Hex,
  parseUscc,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData, hexToBytes } from 'viem';
import { type BindingFact, consentError } from '../exchange/index.ts';
import type { Database } from '../store/index.ts';
import { type ConsentRow, SubjectStore } from '../store/subjects.ts';
import { consentDomain, type SubjectParts } from './ports.ts';
import { enqueue, requireAccepted } from './sending.ts';

/** What opens the commitment of a binding. */
export interface BindingOpening {
  readonly uscc: string;
  readonly salt: Hex;
}

export type ConsentState = 'valid' | 'not-yet-valid' | 'expired' | 'exhausted' | 'revoked' | 'binding-ended';

/** A consent and what can be done with it at a time. */
export interface ConsentStatus extends ConsentRow {
  readonly state: ConsentState;
}

const RENAMED = { WrongSubjectSignature: 'WrongConsentSignature' };

/** Consents of subjects, relayed by this member; what they say stands on chain. */
export class Consents {
  readonly #parts: SubjectParts;

  constructor(parts: SubjectParts) {
    this.#parts = parts;
  }

  /**
   * Relays a consent. With an opening of its binding, that is kept, so that what concerns the subject can be
   * found by its code. Gives the consent's id and the transaction's number.
   * @throws LedgerError CONSENT_WRONG_SIGNER, CONSENT_KNOWN, CONSENT_REVOKED, CONSENT_EXPIRED, CONSENT_INVALID,
   *   CONSENT_OTHER_SUBJECT (the opening does not open the binding), BINDING_UNKNOWN, BINDING_ENDED, USCC_…, CHAIN_…
   */
  async give(
    terms: ConsentTerms,
    signature: Hex,
    opening: BindingOpening | undefined,
    by: string,
  ): Promise<{ readonly consentId: Hex; readonly outboxId: bigint }> {
    const { db, facts } = this.#parts;
    const binding = await facts.binding(terms.bindingId);
    if (binding === undefined) throw consentError('UnknownBinding', { bindingId: terms.bindingId });
    const consentId = consentIdOf(consentDomain(facts), terms);
    if (signerOf(consentId, signature) !== binding.subject) {
      throw consentError('WrongConsentSignature', { consentId });
    }
    const { time } = await facts.now();
    if (terms.validUntil < time) {
      throw consentError('ConsentExpired', { consentId, validUntil: terms.validUntil });
    }
    const data = encodeFunctionData({
      abi: subjectConsentsAbi,
      functionName: 'give',
      args: [terms, signature],
    });
    await requireAccepted(this.#parts, data, RENAMED);
    const outboxId = await db.transaction(async (tx) => {
      if (opening !== undefined) await this.#keepOpening(tx, binding, opening, by);
      return enqueue(this.#parts, tx, 'give-consent', data);
    });
    return { consentId, outboxId };
  }

  /**
   * Relays the revocation of a consent; also of one that was signed and not given yet, which then cannot be.
   * @throws LedgerError CONSENT_WRONG_SIGNER, CONSENT_UNKNOWN, CONSENT_REVOKED, CHAIN_…
   */
  async revoke(consentId: Hex, signature: Hex): Promise<bigint> {
    const { db, facts } = this.#parts;
    const consent = await facts.consent(consentId);
    if (consent !== undefined) {
      const binding = await facts.binding(consent.bindingId);
      const signer = signerOf(consentRevocationDigest(consentDomain(facts), consentId), signature);
      if (signer === undefined || signer !== binding?.subject) {
        throw consentError('WrongConsentSignature', { consentId });
      }
    }
    const data = encodeFunctionData({
      abi: subjectConsentsAbi,
      functionName: 'revoke',
      args: [consentId, signature],
    });
    await requireAccepted(this.#parts, data, RENAMED);
    return db.transaction((tx) => enqueue(this.#parts, tx, 'revoke-consent', data));
  }

  /** Consents to this member, about its registers, or by subjects that it knows; newest first. */
  async list(limit: number, offset = 0): Promise<ConsentStatus[]> {
    const { db, memberId } = this.#parts;
    const rows = await new SubjectStore(db).consents(memberId, limit, offset);
    return rows.map((row) => this.#status(row));
  }

  async get(consentId: Hex): Promise<ConsentStatus | undefined> {
    const row = await new SubjectStore(this.#parts.db).consent(consentId);
    return row === undefined ? undefined : this.#status(row);
  }

  #status(row: ConsentRow): ConsentStatus {
    const time = BigInt(Math.floor(this.#parts.clock.now().getTime() / 1000));
    return { ...row, state: stateOf(row, time) };
  }

  async #keepOpening(tx: Database, binding: BindingFact, opening: BindingOpening, by: string): Promise<void> {
    const uscc = parseUscc(opening.uscc);
    if (bindingCommitOf(uscc, opening.salt) !== binding.bindingCommit) throw consentError('NotTheSubjects');
    const kept = {
      voucher: binding.voucher,
      bindingCommit: hexToBytes(binding.bindingCommit),
      subject: binding.subject,
      uscc,
      salt: hexToBytes(opening.salt),
      outboxId: null,
      addedBy: by,
    };
    await new SubjectStore(tx).keepBinding(kept, this.#parts.clock.now());
  }
}

function stateOf(row: ConsentRow, time: bigint): ConsentState {
  if (row.revokedAt !== null) return 'revoked';
  if (row.bindingEndedAt !== null) return 'binding-ended';
  if (time > row.validUntil) return 'expired';
  if (row.uses >= row.maxUses) return 'exhausted';
  return time < row.validFrom ? 'not-yet-valid' : 'valid';
}
