import { signerOf } from '@credit-ledger/sdk/answer';
import { subjectConsentsAbi } from '@credit-ledger/sdk/chain';
import {
  bindingCommitOf,
  bindingDigest,
  bindingEndDigest,
  type Hex,
  parseUscc,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData, hexToBytes } from 'viem';
import { consentError } from '../exchange/index.ts';
import { type BindingRow, SubjectStore } from '../store/subjects.ts';
import { consentDomain, type SubjectParts } from './ports.ts';
import { enqueue, requireAccepted } from './sending.ts';

/** What a subject brings to be bound: its code, its key's address, and what that key signed. */
export interface BindingRequest {
  readonly uscc: string;
  /** Lower case. */
  readonly subject: Hex;
  /** 32 random bytes. */
  readonly salt: Hex;
  /** EIP-712 `Binding(voucher, bindingCommit)`, naming this member. */
  readonly signature: Hex;
}

const RENAMED = { WrongSubjectSignature: 'WrongBindingSignature' };

/** Keys of subjects. On chain is a salted commitment; the code and the salt stay here and with the subject. */
export class Bindings {
  readonly #parts: SubjectParts;

  constructor(parts: SubjectParts) {
    this.#parts = parts;
  }

  /**
   * Vouches for a subject's key. The officer has seen that it is the subject's; the signature shows that who
   * holds the key wants this. Gives the commitment and the transaction's number.
   * @throws LedgerError USCC_…, BINDING_WRONG_SIGNER, BINDING_KEY_BOUND, BINDING_COMMIT_USED,
   *   BINDING_SALT_INVALID, BINDING_NOT_AUTHORITY, CHAIN_…
   */
  async bind(
    request: BindingRequest,
    by: string,
  ): Promise<{ readonly bindingCommit: Hex; readonly outboxId: bigint }> {
    const { db, facts, memberId, clock } = this.#parts;
    const uscc = parseUscc(request.uscc);
    // A salt of zeros, or of one digit, was never drawn; anybody could try codes against it.
    if (new Set(request.salt.slice(2)).size === 1) throw consentError('InvalidCommit');
    const bindingCommit = bindingCommitOf(uscc, request.salt);
    const digest = bindingDigest(consentDomain(facts), memberId, bindingCommit);
    if (signerOf(digest, request.signature) !== request.subject) throw consentError('WrongBindingSignature');
    const data = encodeFunctionData({
      abi: subjectConsentsAbi,
      functionName: 'bind',
      args: [request.subject, bindingCommit, request.signature],
    });
    await requireAccepted(this.#parts, data, RENAMED);
    // In one transaction: what is on chain can be opened, if and only if it will be sent.
    const outboxId = await db.transaction(async (tx) => {
      const id = await enqueue(this.#parts, tx, 'bind-subject', data);
      const kept = {
        voucher: memberId,
        bindingCommit: hexToBytes(bindingCommit),
        subject: request.subject,
        uscc,
        salt: hexToBytes(request.salt),
        outboxId: id,
        addedBy: by,
      };
      await new SubjectStore(tx).keepBinding(kept, clock.now());
      return id;
    });
    return { bindingCommit, outboxId };
  }

  /**
   * Ends a binding: as the authority that vouched, or by the subject's own signature, which any member relays.
   * @throws LedgerError BINDING_UNKNOWN, BINDING_ENDED, BINDING_NOT_OURS, BINDING_WRONG_SIGNER, CHAIN_…
   */
  async end(bindingId: bigint, signature?: Hex): Promise<bigint> {
    const { db, facts } = this.#parts;
    const binding = await facts.binding(bindingId);
    if (binding === undefined) throw consentError('UnknownBinding', { bindingId });
    if (signature !== undefined) {
      const signer = signerOf(bindingEndDigest(consentDomain(facts), bindingId), signature);
      if (signer !== binding.subject) throw consentError('WrongBindingSignature', { bindingId });
    }
    const data =
      signature === undefined
        ? encodeFunctionData({ abi: subjectConsentsAbi, functionName: 'endBinding', args: [bindingId] })
        : encodeFunctionData({
            abi: subjectConsentsAbi,
            functionName: 'endBindingBySubject',
            args: [bindingId, signature],
          });
    await requireAccepted(this.#parts, data, RENAMED);
    return db.transaction((tx) => enqueue(this.#parts, tx, 'end-binding', data));
  }

  /** Bindings that this member vouched for or can open; of one subject when its code is given. */
  async list(uscc?: string): Promise<BindingRow[]> {
    const { db, memberId } = this.#parts;
    return new SubjectStore(db).bindings(memberId, uscc === undefined ? undefined : parseUscc(uscc));
  }

  /** One of this member's own, as far as it has come. */
  async ofCommit(bindingCommit: Hex): Promise<BindingRow | undefined> {
    return new SubjectStore(this.#parts.db).bindingByCommit(this.#parts.memberId, bindingCommit);
  }
}
