import {
  type CaseDocument,
  type CaseRecordName,
  type CaseType,
  dateOfDay,
  dayAt,
  type Day,
  type Hex,
  isLedgerError,
  makeCaseDocument,
  parseCaseDocument,
  type RepairCondition,
  saltedHash,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { hexToBytes } from 'viem';
import { CaseDeliveryStore, CaseStore, type NewCaseRow } from '../store/cases.ts';
import type { Database } from '../store/index.ts';
import { type CaseSnapshot, type CaseStanding, isLateNow } from './board.ts';
import { fileCall, markOverdueCall, queueCall, withdrawCall } from './calls.ts';
import { type Deliveries, filingBodyOf } from './deliveries.ts';
import { caseError, caseStateWrong } from './errors.ts';
import { judgeFiling, requireSigned } from './judging.ts';
import type { CaseParts } from './ports.ts';
import type { SubjectFiling } from './wire.ts';

/** What an officer, or a subject through her, wants to file. */
export interface CaseWish {
  readonly caseType: CaseType;
  readonly registerId: bigint;
  readonly uscc: Uscc;
  readonly record: CaseRecordName;
  readonly grounds: string;
  readonly conditionsMet: readonly RepairCondition[];
}

/** A case that was filed, and how far it has come. */
export interface CaseFiling {
  readonly rowId: bigint;
  readonly documentHash: Hex;
  readonly outboxId: bigint;
  /** Whether the source has the document: `later` when it did not answer, or was not asked first. */
  readonly delivered: 'own' | 'accepted' | 'later';
}

/** What is filed from this node: by the member itself, or by subjects through it. */
export class Filings {
  readonly #parts: CaseParts;
  readonly #deliveries: Deliveries;

  constructor(parts: CaseParts, deliveries: Deliveries) {
    this.#parts = parts;
    this.#deliveries = deliveries;
  }

  /**
   * A document for a subject to sign; nothing is kept.
   * @throws LedgerError CASE_REGISTER_UNKNOWN, CASE_DOCUMENT_MALFORMED
   */
  async draft(wish: CaseWish, bindingId: bigint | null): Promise<CaseDocument> {
    const snapshot = await this.#parts.board.snapshot();
    if (snapshot.ownerOf(wish.registerId) === undefined) throw unknownRegister(wish.registerId);
    return makeCaseDocument({
      caseType: wish.caseType,
      registerId: wish.registerId.toString(),
      filedBy: this.#parts.memberId.toString(),
      bindingId: bindingId?.toString() ?? null,
      uscc: wish.uscc,
      record: wish.record,
      grounds: wish.grounds,
      conditionsMet: wish.conditionsMet,
    });
  }

  /**
   * Files in the member's own name. The source is asked first and turns away what cannot be; with
   * `insist`, or when it does not answer, it is filed all the same and delivered later.
   * @throws LedgerError CASE_*, RULES_*
   */
  async file(
    wish: CaseWish,
    options: { readonly insist: boolean; readonly by: string },
  ): Promise<CaseFiling> {
    return this.#submit(await this.draft(wish, null), null, options);
  }

  /**
   * Files what a subject signed. What its key did not sign is not relayed, whoever insists.
   * @throws LedgerError CASE_*, RULES_*, DOCUMENT_NOT_SALTED
   */
  async fileSigned(
    given: { readonly document: unknown; readonly filing: SubjectFiling },
    options: { readonly insist: boolean; readonly by: string },
  ): Promise<CaseFiling> {
    const document = parseCaseDocument(given.document);
    if (document.filedBy !== this.#parts.memberId.toString()) {
      throw caseError('CASE_FILED_BY_ANOTHER', { filedBy: document.filedBy });
    }
    if (document.bindingId === null) throw caseError('CASE_SIGNATURE_WRONG');
    await requireSigned(this.#parts, document, given.filing, this.#now());
    return this.#submit(document, given.filing, options);
  }

  /** @throws LedgerError CASE_UNKNOWN, CASE_NOT_THE_FILER, CASE_STATE_WRONG */
  async withdraw(caseId: bigint): Promise<bigint> {
    const standing = required(await this.#parts.board.snapshot(), caseId);
    if (standing.filedBy !== this.#parts.memberId) throw caseError('CASE_NOT_THE_FILER', { caseId });
    if (standing.state !== 'filed' && standing.state !== 'received') {
      throw caseStateWrong(standing);
    }
    return this.#queue(withdrawCall(caseId));
  }

  /** Counts a due day that has passed; anyone may, of any case. @throws LedgerError CASE_UNKNOWN, CASE_NOT_OVERDUE */
  async markOverdue(caseId: bigint): Promise<bigint> {
    const standing = required(await this.#parts.board.snapshot(), caseId);
    if (
      !isLateNow(standing, dayAt(this.#now())) ||
      standing.countedDueDays.includes(standing.dueDay as number)
    ) {
      throw caseError('CASE_NOT_OVERDUE', { caseId, dueDate: dateOfDay(standing.dueDay) });
    }
    return this.#queue(markOverdueCall(caseId, standing.dueDay));
  }

  /** The cases that this node filed and whose due day has passed by the chain's own time are counted. */
  async markOwnOverdue(snapshot: CaseSnapshot, chainDay: Day): Promise<void> {
    for (const standing of snapshot.cases) {
      if (standing.filedBy !== this.#parts.memberId || !isLateNow(standing, chainDay)) continue;
      if (!standing.countedDueDays.includes(standing.dueDay as number)) {
        await this.#queue(markOverdueCall(standing.caseId, standing.dueDay));
      }
    }
  }

  async #submit(
    document: CaseDocument,
    filing: SubjectFiling | null,
    options: { readonly insist: boolean; readonly by: string },
  ): Promise<CaseFiling> {
    const parts = this.#parts;
    const snapshot = await parts.board.snapshot();
    const registerId = BigInt(document.registerId);
    const source = snapshot.ownerOf(registerId);
    if (source === undefined) throw unknownRegister(registerId);
    const documentHash = saltedHash(document);
    const key = { filedBy: parts.memberId, documentHash: hexToBytes(documentHash) };
    if ((await new CaseStore(parts.db).byKey(key)) !== undefined) throw caseError('CASE_DOCUMENT_FILED');
    const row: NewCaseRow = {
      ...key,
      caseType: document.caseType,
      registerId,
      document,
      uscc: document.uscc,
      filing,
      recordId: null,
      objection: null,
      facts: null,
      createdBy: options.by,
    };
    if (source === parts.memberId) {
      const judged = await judgeFiling(parts, snapshot, {
        document,
        filing,
        filedAt: this.#now(),
        filedDay: dayAt(this.#now()),
        isOwn: true,
      });
      if (judged.objection !== null && !options.insist) throw judged.objection;
      const own = { ...row, recordId: judged.recordId, objection: judged.objection?.code ?? null };
      return this.#keep(own, documentHash, snapshot, null, 'own');
    }
    const accepted = options.insist ? false : await this.#askFirst(row, source, documentHash);
    return this.#keep(row, documentHash, snapshot, source, accepted ? 'accepted' : 'later');
  }

  /** Whether the source took it in; what it says against it is thrown, and that it does not answer is not. */
  async #askFirst(row: NewCaseRow, source: bigint, documentHash: Hex): Promise<boolean> {
    const patience = AbortSignal.timeout(this.#parts.limits.firstWordMilliseconds);
    try {
      await this.#deliveries.send(source, filingBodyOf(row, { insist: false }), documentHash, patience);
      return true;
    } catch (error) {
      if (isLedgerError(error) && error.code.startsWith('CASE_')) throw error;
      if (!patience.aborted && !(isLedgerError(error) && /^(PEER|CHAIN)_/.test(error.code))) throw error;
      return false;
    }
  }

  async #keep(
    row: NewCaseRow,
    documentHash: Hex,
    snapshot: CaseSnapshot,
    source: bigint | null,
    delivered: CaseFiling['delivered'],
  ): Promise<CaseFiling> {
    const { db, clock } = this.#parts;
    return db.transaction(async (tx) => {
      const now = clock.now();
      const rowId = await new CaseStore(tx).insert(row, now);
      if (rowId === undefined) throw caseError('CASE_DOCUMENT_FILED');
      const outboxId = await queueCall(this.#parts, tx, fileCall(row.caseType, row.registerId, documentHash));
      await new CaseStore(tx).change(rowId, { filedOutbox: outboxId });
      await this.#deliverLater(tx, rowId, row, snapshot, source, delivered === 'accepted' ? now : null);
      return { rowId, documentHash, outboxId, delivered };
    });
  }

  /** The source's superior is told of a repair by the filer too: a source that is silent tells nobody. */
  async #deliverLater(
    tx: Database,
    caseId: bigint,
    row: NewCaseRow,
    snapshot: CaseSnapshot,
    source: bigint | null,
    acceptedAt: Date | null,
  ): Promise<void> {
    const deliveries = new CaseDeliveryStore(tx);
    const now = this.#parts.clock.now();
    if (source !== null) {
      const nextAt = new Date(now.getTime() + (acceptedAt === null ? 0 : 3_600_000));
      await deliveries.insert({ caseId, toMember: source, kind: 'filing', acceptedAt, nextAt });
      const superior = row.caseType === 'repair' ? snapshot.superiorOf(source) : undefined;
      if (superior !== undefined && superior !== this.#parts.memberId) {
        await deliveries.insert({
          caseId,
          toMember: superior,
          kind: 'filing',
          acceptedAt: null,
          nextAt: now,
        });
      }
    }
  }

  #queue(call: ReturnType<typeof withdrawCall>): Promise<bigint> {
    return this.#parts.db.transaction((tx) => queueCall(this.#parts, tx, call));
  }

  #now(): bigint {
    return BigInt(Math.floor(this.#parts.clock.now().getTime() / 1000));
  }
}

/** A case of the chain. @throws LedgerError CASE_UNKNOWN */
export function required(snapshot: CaseSnapshot, caseId: bigint): CaseStanding {
  const standing = snapshot.byId(caseId);
  if (standing === undefined) throw caseError('CASE_UNKNOWN', { caseId });
  return standing;
}

function unknownRegister(registerId: bigint): Error {
  return caseError('CASE_REGISTER_UNKNOWN', { registerId });
}
