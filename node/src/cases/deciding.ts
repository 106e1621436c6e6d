import { randomBytes } from 'node:crypto';
import {
  type CaseDecision,
  dateOfDay,
  dayAt,
  DISMISSAL,
  dismissalAllowed,
  type DismissalName,
  type EntryBody,
  entryCommitmentOf,
  type Hex,
  isLedgerError,
  makeCaseDecision,
  OP,
  REPAIR_CONDITIONS,
  type RepairCondition,
  saltedHash,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex, hexToBytes } from 'viem';
import type { CorrectedFields, Operation } from '../registers/index.ts';
import { CaseDeliveryStore, type CaseRow, CaseStore } from '../store/cases.ts';
import { type Database, type EntryRow, EntryStore, OutboxStore } from '../store/index.ts';
import type { CaseSnapshot, CaseStanding } from './board.ts';
import {
  acknowledgeCall,
  carryOutCall,
  decideDisputeCall,
  decideRepairCall,
  dismissCall,
  queueCall,
} from './calls.ts';
import { caseError, caseStateWrong } from './errors.ts';
import { required } from './filings.ts';
import { documentOf, requireRepairAllowed } from './judging.ts';
import type { CaseParts } from './ports.ts';
import type { CaseFacts } from './wire.ts';

/** What an officer decides of a case. */
export interface CaseVerdict {
  readonly outcome: CaseDecision['outcome'];
  readonly reasons: string;
  /** Of `corrected`: what takes the place. */
  readonly corrected?: CorrectedFields | undefined;
  /** Of `granted`: what she has seen to be fulfilled. */
  readonly conditionsMet?: readonly RepairCondition[] | undefined;
  /** Of `granted` by a superior: what the record says, where the source has not told or not told truly. */
  readonly facts?: CaseFacts | undefined;
}

const DISPUTE_OUTCOMES: readonly string[] = ['upheld', 'corrected', 'revoked'];
/** What an operation says when the book has moved on: no reason to stop a case's own step. */
const MOVED_ON = ['OPERATION_ALREADY_DISPUTED', 'OPERATION_NOT_DISPUTED', 'OPERATION_RECORD_REVOKED'];

/** What the source does about a case, and its superior in its place. Entry, decision and call go together. */
export class Deciding {
  readonly #parts: CaseParts;

  constructor(parts: CaseParts) {
    this.#parts = parts;
  }

  /**
   * Decides. The entry that follows, the decision and the contract's call are one transaction of the database:
   * none is there without the others.
   * @throws LedgerError CASE_*, OPERATION_*, RULES_*
   */
  async decide(caseId: bigint, verdict: CaseVerdict): Promise<bigint> {
    const snapshot = await this.#parts.board.snapshot();
    const standing = required(snapshot, caseId);
    const { memberId, db } = this.#parts;
    const isSource = standing.source === memberId;
    const isSuperior =
      standing.caseType === 'repair' && snapshot.superiorOf(standing.source) === memberId && !isSource;
    if (!isSource && !isSuperior) throw caseError('CASE_NOT_THE_DECIDER', { caseId });
    if (DISPUTE_OUTCOMES.includes(verdict.outcome) !== (standing.caseType === 'dispute')) {
      throw caseError('CASE_OUTCOME_WRONG', { caseType: standing.caseType, outcome: verdict.outcome });
    }
    if (standing.state !== 'received') throw caseStateWrong(standing);
    return db.transaction(async (tx) => {
      const row = await rowOf(tx, standing);
      if (row === undefined) throw caseError('CASE_DOCUMENT_MISSING', { caseId });
      if (row.decidedOutbox !== null) return this.#again(tx, row, standing);
      return isSource
        ? this.#bySource(tx, row, standing, verdict, snapshot)
        : this.#bySuperior(tx, row, standing, verdict);
    });
  }

  /**
   * Dismisses what cannot be decided.
   * @throws LedgerError CASE_UNKNOWN, CASE_NOT_THE_SOURCE, CASE_STATE_WRONG, CASE_DISMISSAL_UNKNOWN,
   * CASE_ALREADY_DECIDED
   */
  async dismiss(caseId: bigint, name: DismissalName): Promise<bigint> {
    const snapshot = await this.#parts.board.snapshot();
    const standing = required(snapshot, caseId);
    if (standing.source !== this.#parts.memberId) throw caseError('CASE_NOT_THE_SOURCE', { caseId });
    if (standing.state !== 'filed' && standing.state !== 'received') {
      throw caseStateWrong(standing);
    }
    const code = DISMISSAL[name];
    if (!dismissalAllowed(standing.caseType, code)) {
      throw caseError('CASE_DISMISSAL_UNKNOWN', { caseType: standing.caseType, code: name });
    }
    return this.#parts.db.transaction(async (tx) => {
      const row = await rowOf(tx, standing);
      if (row !== undefined && row.decidedOutbox !== null) return this.#again(tx, row, standing);
      const outboxId = await queueCall(this.#parts, tx, dismissCall(caseId, code));
      if (row !== undefined) {
        await new CaseStore(tx).change(row.id, { decidedOutbox: outboxId });
        await this.endFlag(tx, row, standing, snapshot);
      }
      return outboxId;
    });
  }

  /**
   * The source has the document: it says so on chain, and the entry carries the flag from then on. Done once.
   * An entry that the filing does not fit carries no flag.
   */
  async acknowledge(rowId: bigint, standing: CaseStanding, snapshot: CaseSnapshot): Promise<void> {
    await this.#parts.db.transaction(async (tx) => {
      const store = new CaseStore(tx);
      const row = await store.byId(rowId);
      if (row === undefined || row.acknowledgedOutbox !== null) return;
      const { caseId } = standing;
      if (row.caseType === 'dispute' && row.recordId !== null && row.objection === null) {
        await this.#flag(tx, row, row.recordId, standing);
      }
      await store.change(row.id, {
        acknowledgedOutbox: await queueCall(this.#parts, tx, acknowledgeCall(caseId)),
      });
      const superior = row.caseType === 'repair' ? snapshot.superiorOf(standing.source) : undefined;
      if (superior !== undefined) await this.#tell(tx, row.id, superior, 'filing');
    });
  }

  /**
   * Makes the entry of a repair that the superior granted, unless it is there already, and says so on chain. Done once.
   * @throws LedgerError OPERATION_*, RULES_*: what hinders it, until it does not
   */
  async carryOut(rowId: bigint, standing: CaseStanding): Promise<void> {
    await this.#parts.db.transaction(async (tx) => {
      const store = new CaseStore(tx);
      const row = await store.byId(rowId);
      if (row === undefined || row.recordId === null || row.carriedOutbox !== null) return;
      const { caseId, registerId } = standing;
      const entries = await new EntryStore(tx).ofRecord(row.recordId);
      const before = entries.find(({ op }) => op === OP.REPAIR);
      const repair =
        before ??
        (await this.#operate(tx, row.recordId, standing, {
          op: 'repair',
          reason: '上级机关准予信用修复',
          conditionsMet: REPAIR_CONDITIONS,
          appliedDay: standing.filedDay,
        }));
      const entry = openingOf(repair);
      const carriedOutbox = await queueCall(
        this.#parts,
        tx,
        carryOutCall(caseId, entryCommitmentOf(entry.salt, registerId, BigInt(entry.body) as EntryBody)),
      );
      await store.change(row.id, { entry, carriedOutbox });
    });
  }

  /**
   * Stays with what a case is about: with the record that a correction puts in the place of its own, and with the
   * flag of an open dispute, whoever settled it beside the case.
   */
  async follow(rowId: bigint, standing: CaseStanding): Promise<void> {
    await this.#parts.db.transaction(async (tx) => {
      const row = await new CaseStore(tx).byId(rowId);
      if (row === undefined || row.recordId === null || row.decidedOutbox !== null) return;
      const entries = await new EntryStore(tx).ofRecord(row.recordId);
      const revoked = entries.find(({ op }) => op === OP.REVOKE);
      const recordId = revoked === undefined ? row.recordId : await replacementOf(tx, revoked);
      if (recordId === null) return;
      if (recordId !== row.recordId) await new CaseStore(tx).change(row.id, { recordId });
      if (row.flagEntry === null || row.flagEnded || (await isDisputed(tx, recordId))) return;
      // No two like ones a day would be done: the number of the settlement tells them apart.
      const place = entries.length;
      const reason = `异议尚未办结，恢复异议标注（${place}）`;
      const flag = await this.#operate(tx, recordId, standing, { op: 'dispute', reason });
      await new CaseStore(tx).change(row.id, { flagEntry: flag.id });
    });
  }

  /** Takes the flag from the entry when no other open dispute rests on it. */
  async endFlag(tx: Database, row: CaseRow, standing: CaseStanding, snapshot: CaseSnapshot): Promise<void> {
    if (row.flagEntry === null || row.flagEnded || row.recordId === null) return;
    await new CaseStore(tx).change(row.id, { flagEnded: true });
    if ((await othersFlagged(tx, row, snapshot)).length > 0) return;
    try {
      await this.#operate(tx, row.recordId, standing, { op: 'settle', reason: '异议案件终结' });
    } catch (error) {
      if (!isLedgerError(error) || !MOVED_ON.includes(error.code)) throw error;
    }
  }

  /** A decision that the chain refused is sent once more; one that is on its way stays. */
  async #again(tx: Database, row: CaseRow, standing: CaseStanding): Promise<bigint> {
    const outboxId = row.decidedOutbox ?? 0n;
    const sent = await new OutboxStore(tx).byId(outboxId);
    if (sent?.state !== 'failed') throw caseError('CASE_ALREADY_DECIDED', { caseId: standing.caseId });
    const { kind, dedupeKey, data } = sent;
    return queueCall(this.#parts, tx, { kind, dedupeKey, data: bytesToHex(data) });
  }

  async #bySource(
    tx: Database,
    row: CaseRow,
    standing: CaseStanding,
    verdict: CaseVerdict,
    snapshot: CaseSnapshot,
  ): Promise<bigint> {
    const { caseId, registerId } = standing;
    const store = new CaseStore(tx);
    const decision = this.#decision(standing, verdict);
    const decisionHash = saltedHash(decision);
    if (verdict.outcome === 'denied') {
      const call = decideRepairCall(caseId, false, decisionHash, null);
      const decidedOutbox = await queueCall(this.#parts, tx, call);
      await store.change(row.id, { decision, decidedOutbox });
      await this.#tellOthers(tx, row, [standing.filedBy]);
      return decidedOutbox;
    }
    if (row.recordId === null) throw caseError('CASE_ENTRY_UNKNOWN', { caseId });
    const made = await this.#entryOf(tx, row, row.recordId, standing, verdict);
    const entry = openingOf(made);
    const commitment = entryCommitmentOf(entry.salt, registerId, BigInt(entry.body) as EntryBody);
    const call =
      verdict.outcome === 'granted'
        ? decideRepairCall(caseId, true, decisionHash, commitment)
        : decideDisputeCall(caseId, verdict.outcome, decisionHash, commitment);
    const decidedOutbox = await queueCall(this.#parts, tx, call);
    await store.change(row.id, { decision, entry, decidedOutbox, flagEnded: true });
    if (verdict.outcome === 'upheld') await this.#flagAgain(tx, row, row.recordId, snapshot);
    await this.#tellOthers(tx, row, [standing.filedBy]);
    return decidedOutbox;
  }

  async #bySuperior(
    tx: Database,
    row: CaseRow,
    standing: CaseStanding,
    verdict: CaseVerdict,
  ): Promise<bigint> {
    const granted = verdict.outcome === 'granted';
    if (granted) {
      // Hers first: a source that does not want a repair could else prevent it by what it tells.
      const facts = verdict.facts ?? (row.facts as CaseFacts | null);
      if (facts === null) throw caseError('CASE_FACTS_MISSING', { caseId: standing.caseId });
      requireRepairAllowed({ class: 1, ...facts }, standing.filedDay, verdict.conditionsMet ?? []);
    }
    const decision = this.#decision(standing, verdict);
    const call = decideRepairCall(standing.caseId, granted, saltedHash(decision), null);
    const decidedOutbox = await queueCall(this.#parts, tx, call);
    await new CaseStore(tx).change(row.id, { decision, decidedOutbox });
    await this.#tellOthers(tx, row, [standing.filedBy, standing.source]);
    return decidedOutbox;
  }

  /** The entry that a decision of the source makes. */
  async #entryOf(
    tx: Database,
    row: CaseRow,
    recordId: bigint,
    standing: CaseStanding,
    verdict: CaseVerdict,
  ): Promise<EntryRow> {
    const { reasons: reason } = verdict;
    switch (verdict.outcome) {
      case 'corrected':
        return this.#operate(tx, recordId, standing, { op: 'correct', reason, corrected: verdict.corrected });
      case 'revoked':
        return this.#operate(tx, recordId, standing, { op: 'revoke', reason });
      case 'granted':
        return this.#operate(tx, recordId, standing, {
          op: 'repair',
          reason,
          conditionsMet: verdict.conditionsMet ?? [],
          appliedDay: standing.filedDay,
        });
      default:
        // A filing that was insisted upon set no flag; the settlement of one says that it was looked into.
        if (!(await isDisputed(tx, recordId))) await this.#flag(tx, row, recordId, standing);
        return this.#operate(tx, recordId, standing, { op: 'settle', reason });
    }
  }

  /** Does an operation under the case's number, today, and gives its entry: of a correction, the new record. */
  async #operate(
    tx: Database,
    recordId: bigint,
    standing: CaseStanding,
    operation: Pick<Operation, 'op' | 'reason'> &
      Partial<Pick<Operation, 'conditionsMet' | 'appliedDay'>> & { corrected?: CorrectedFields | undefined },
  ): Promise<EntryRow> {
    const { corrected, ...rest } = operation;
    const done = await this.#parts.registers.operateIn(tx, {
      ...rest,
      ...(corrected === undefined ? {} : { corrected }),
      recordId,
      day: dateOfDay(dayAt(BigInt(Math.floor(this.#parts.clock.now().getTime() / 1000)))),
      reference: `case:${standing.caseId}`,
    });
    const about = done.correctedRecordId ?? recordId;
    const entry = (await new EntryStore(tx).ofRecord(about)).find(({ id }) => done.entryIds.includes(id));
    if (entry === undefined) throw new RangeError('an operation made no entry');
    return entry;
  }

  /** Sets the flag; where another dispute has set it, that one stands for this case too. */
  async #flag(tx: Database, row: CaseRow, recordId: bigint, standing: CaseStanding): Promise<void> {
    const reason = documentOf(row).bindingId === null ? '成员对该条目提出异议' : '当事人对该条目提出异议';
    try {
      const entry = await this.#operate(tx, recordId, standing, { op: 'dispute', reason });
      await new CaseStore(tx).change(row.id, { flagEntry: entry.id });
    } catch (error) {
      if (!isLedgerError(error) || !MOVED_ON.includes(error.code)) throw error;
      const flag = (await new EntryStore(tx).ofRecord(recordId)).findLast(({ op }) => op === OP.DISPUTE);
      if (error.code === 'OPERATION_ALREADY_DISPUTED' && flag !== undefined) {
        await new CaseStore(tx).change(row.id, { flagEntry: flag.id });
      }
    }
  }

  /** A settlement ends every flag of the record; what is still open gets its own. */
  async #flagAgain(tx: Database, row: CaseRow, recordId: bigint, snapshot: CaseSnapshot): Promise<void> {
    const [other] = await othersFlagged(tx, row, snapshot);
    if (other !== undefined) await this.#flag(tx, other.row, recordId, other.standing);
  }

  #decision(standing: CaseStanding, verdict: CaseVerdict): CaseDecision {
    return makeCaseDecision({
      documentHash: standing.documentHash,
      filedBy: standing.filedBy.toString(),
      decidedBy: this.#parts.memberId.toString(),
      outcome: verdict.outcome,
      date: dateOfDay(dayAt(BigInt(Math.floor(this.#parts.clock.now().getTime() / 1000)))),
      reasons: verdict.reasons,
    });
  }

  async #tellOthers(tx: Database, row: CaseRow, members: readonly bigint[]): Promise<void> {
    for (const member of new Set(members)) {
      if (member !== this.#parts.memberId) await this.#tell(tx, row.id, member, 'decision');
    }
  }

  async #tell(tx: Database, caseId: bigint, toMember: bigint, kind: 'filing' | 'decision'): Promise<void> {
    const nextAt = this.#parts.clock.now();
    await new CaseDeliveryStore(tx).insert({ caseId, toMember, kind, acceptedAt: null, nextAt });
  }
}

function rowOf(tx: Database, standing: CaseStanding): Promise<CaseRow | undefined> {
  return new CaseStore(tx).byKey({
    filedBy: standing.filedBy,
    documentHash: hexToBytes(standing.documentHash),
  });
}

/** Other open cases whose flag stands on the same record. */
async function othersFlagged(
  tx: Database,
  row: CaseRow,
  snapshot: CaseSnapshot,
): Promise<{ readonly row: CaseRow; readonly standing: CaseStanding }[]> {
  const about = row.recordId === null ? [] : await new CaseStore(tx).aboutRecord(row.recordId);
  return about.flatMap((other) => {
    const standing = snapshot.byKey(other.filedBy, bytesToHex(other.documentHash));
    const isFlagged = other.id !== row.id && other.flagEntry !== null && !other.flagEnded;
    const isOpen = standing?.state === 'filed' || standing?.state === 'received';
    return isFlagged && isOpen && other.decidedOutbox === null && standing !== undefined
      ? [{ row: other, standing }]
      : [];
  });
}

/** The record that a correction put in the place of one; null when it was only revoked. */
async function replacementOf(tx: Database, { bundle }: EntryRow): Promise<bigint | null> {
  if (bundle === null) return null;
  const made = await new EntryStore(tx).ofBundle(bundle);
  return made.find(({ op }) => op === OP.RECORD)?.recordId ?? null;
}

async function isDisputed(tx: Database, recordId: bigint): Promise<boolean> {
  const entries = await new EntryStore(tx).ofRecord(recordId);
  return entries.findLast(({ op }) => op === OP.DISPUTE || op === OP.SETTLE)?.op === OP.DISPUTE;
}

/** What opens an entry's commitment, with a fresh salt. */
function openingOf(entry: EntryRow): { readonly salt: Hex; readonly body: Hex } {
  return { salt: bytesToHex(randomBytes(32)), body: toBytes32(entry.body) };
}
