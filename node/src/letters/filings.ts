import { incompleteFilingsAbi } from '@credit-ledger/sdk/chain';
import {
  type Day,
  dayAt,
  FILING_PROMISE_TYPES,
  FILING_STATE_NAMES,
  FILING_TRANSITIONS,
  FILING_WORKING_DAYS,
  type FilingAction,
  type Hex,
  parseUscc,
  saltedHash,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData, hexToBytes } from 'viem';
import { type Database, hexOf } from '../store/index.ts';
import { type FilingRow, FilingStore } from '../store/filings.ts';
import { type StepRow, StepStore } from '../store/letter-steps.ts';
import { FILING_OVERDUE, leftBehind, recordAdverse, type RecordTerms } from './adverse.ts';
import { dueDayIn, followedCalendar } from './calendar.ts';
import { type Desk, type PlannedStep, requireIdle, type Settling, standingStep } from './desk.ts';
import { type Salted, statement } from './documents.ts';
import { dayWords, letterError, letterErrorWith } from './errors.ts';
import { type FilingSaid, filingsSaid } from './filing-facts.ts';
import { isSignedBy, type TypedDocument, typedDocument } from './signatures.ts';

/** A filing that lacks documents, as it comes in. */
export interface NewFiling {
  readonly creditCode: string;
  readonly name: string;
  /** What is applied for. */
  readonly subject: string;
  /** The documents that are missing. */
  readonly missing: readonly string[];
  /** The written promise to supply them. */
  readonly promise: string;
  /** The address of the applicant's key for this filing alone. */
  readonly applicant: Hex;
}

/** A filing of ours with its steps and what the chain says. */
export interface LoadedFiling {
  readonly row: FilingRow;
  readonly steps: readonly StepRow[];
  readonly said: FilingSaid | undefined;
}

/** So often the node marks a filing by itself. */
const MOST_MARKS = 3;

/** Incomplete filings (容缺受理): accepted against a promise, due in seven working days. */
export class Filings {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /**
   * Takes a filing in and draws up the promise for the applicant to sign; nothing goes on chain. The due day
   * that is told counts from today.
   * Errors: `USCC_…`, `LETTER_NOT_AUTHORITY`, `FILING_APPLICANT_…`, `FILING_CALENDAR_NOT_COVERED`.
   */
  async takeIn(
    filing: NewFiling,
    by: string,
  ): Promise<{
    readonly id: bigint;
    readonly document: Salted;
    readonly typedData: TypedDocument;
    readonly dueDay: Day;
  }> {
    const uscc = parseUscc(filing.creditCode);
    const { db, clock } = this.#desk.parts;
    return db.transaction(async (tx) => {
      const self = await this.#desk.authority(tx);
      const applicant = filing.applicant.toLowerCase() as Hex;
      await this.#requireFreshApplicant(tx, applicant);
      const dueDay = await this.#dueDay(tx);
      const document = statement('filing-promise', 'filing', {
        authority: { member: self.id.toString(), name: self.name, creditCode: self.creditCode },
        applicant: { name: filing.name, creditCode: uscc },
        subject: filing.subject,
        missing: filing.missing,
        promise: filing.promise,
        workingDays: FILING_WORKING_DAYS,
      });
      const hash = saltedHash(document);
      const id = await new FilingStore(tx).insert({
        uscc,
        subjectName: filing.name,
        applicant,
        document,
        documentHash: hexToBytes(hash),
        madeBy: by,
        createdAt: clock.now(),
      });
      if (id === undefined) throw letterError('FILING_APPLICANT_KEY_USED', { applicant });
      return { id, document, typedData: this.#typed(self.id, hash), dueDay };
    });
  }

  /** What the applicant was given to sign, once more. Errors: `FILING_UNKNOWN`. */
  async toSign(id: bigint): Promise<{ readonly document: Salted; readonly typedData: TypedDocument }> {
    const { db } = this.#desk.parts;
    const { row } = await this.load(db, id);
    const self = await this.#desk.self(db);
    return { document: row.document as Salted, typedData: this.#typed(self.id, hexOf(row.documentHash)) };
  }

  /**
   * Accepts a filing against the applicant's signature. The due day that counts is the chain's.
   * Errors: `FILING_WRONG_APPLICANT_SIGNATURE`, `FILING_CALENDAR_NOT_COVERED`, `FILING_STATE_WRONG`,
   * `FILING_APPLICANT_…`, `STEP_ON_ITS_WAY`.
   */
  async accept(id: bigint, signature: Hex, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const filing = await this.load(tx, id);
      requireIdle(filing.steps);
      if (filing.said !== undefined) throw filingStateWrong(filing.said, 'accept');
      const { row } = filing;
      const promiseHash = hexOf(row.documentHash);
      if (!isSignedBy(this.#typed(self.id, promiseHash), signature, row.applicant as Hex)) {
        throw letterError('FILING_WRONG_APPLICANT_SIGNATURE', { id, applicant: row.applicant });
      }
      await this.#requireFreshApplicant(tx, row.applicant as Hex);
      await this.#dueDay(tx);
      await new FilingStore(tx).setSignature(id, signature);
      return this.#step(id, 'accept', {}, by, {
        functionName: 'accept',
        args: [promiseHash, row.applicant as Hex, signature],
      });
    });
    return this.#desk.settled(outboxId, 'filing');
  }

  /** The missing documents came. Errors: `FILING_STATE_WRONG`, `FILING_NOT_YOURS`, `STEP_ON_ITS_WAY`. */
  async supply(id: bigint, documents: readonly string[], by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const said = await this.#possible(tx, id, 'supply');
      const document = statement('filing-documents', `filing:${said.filingId}`, { documents });
      return this.#step(id, 'supply', { document }, by, {
        functionName: 'supply',
        args: [said.filingId, saltedHash(document)],
      });
    });
    return this.#desk.settled(outboxId, 'filing');
  }

  /**
   * Marks a filing of any authority whose due day has passed.
   * Errors: `FILING_UNKNOWN`, `FILING_STATE_WRONG`, `FILING_NOT_YET_OVERDUE` (says the day), `STEP_ON_ITS_WAY`.
   */
  async markOverdue(filingId: bigint, by: string): Promise<Settling> {
    const time = await this.#desk.parts.chainTime();
    const { outboxId } = await this.#desk.take((tx) => this.#overdueStep(tx, filingId, time, by));
    return this.#desk.settled(outboxId, 'filing');
  }

  /**
   * Records that the documents came late or not at all: an adverse record, its entry and the link to it, all or
   * nothing. Errors: `FILING_STATE_WRONG`, `FILING_ENTRY_KNOWN`, `FILING_NOT_YOURS`, `LETTER_ENTRY_MISSING`,
   * `LETTER_LEGAL_BASIS_MISSING`, `LETTER_RECORD_KNOWN`, `REGISTER_NOT_OPEN`.
   */
  async record(
    id: bigint,
    breach: { readonly legalBasis: string; readonly record: RecordTerms },
    by: string,
  ): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const said = await this.#possible(tx, id, 'record');
      if (said.entryCommitment !== null) throw letterError('FILING_ENTRY_KNOWN', { filingId: said.filingId });
      const legalBasis = breach.legalBasis.trim();
      if (legalBasis === '') throw letterError('LETTER_LEGAL_BASIS_MISSING');
      if (breach.record.severityBasis.trim() === '') throw letterError('LETTER_ENTRY_MISSING');
      const { row, steps } = await this.load(tx, id);
      const made = await recordAdverse(tx, this.#desk, {
        kind: FILING_OVERDUE,
        subject: { uscc: row.uscc, name: row.subjectName },
        source: self,
        terms: breach.record,
        day: this.#desk.today(),
        fields: [
          { name: '容缺受理编号', value: said.filingId.toString() },
          { name: '受理日期', value: dayWords(said.acceptedDay) },
          { name: '补正截止日', value: dayWords(said.dueDay) },
          { name: '补正日期', value: said.suppliedDay === null ? '' : dayWords(said.suppliedDay) },
          { name: '处理结果', value: FILING_STATE_NAMES[said.state].zh },
          { name: '法律依据', value: legalBasis },
        ],
        leftBehind: leftBehind(steps),
      });
      const entry = {
        registerId: made.registerId.toString(),
        entryId: made.entryId.toString(),
        salt: made.salt,
      };
      const step = this.#step(id, 'record', { entry }, by, {
        functionName: 'record',
        args: [said.filingId, made.entryCommitment],
      });
      return { ...step, recordId: made.recordId };
    });
    return this.#desk.settled(outboxId, 'filing');
  }

  /**
   * Marks the agency's own filings whose due day has passed, without anybody asking for it. Called again and
   * again; what is marked, or on its way, is passed over.
   */
  async markOwnOverdue(): Promise<number> {
    const { db, memberId, chainTime } = this.#desk.parts;
    const self = await memberId(db);
    if (self === undefined) return 0;
    const open = [...(await filingsSaid(db, this.#desk.followed)).values()].filter(
      ({ authority, state }) => authority === self && state === 'accepted',
    );
    if (open.length === 0) return 0;
    // The chain's own time: by a clock that runs ahead it would be refused.
    const time = await chainTime();
    const overdue = open.filter(({ dueDay }) => dayAt(time) > dueDay);
    let marked = 0;
    for (const { filingId } of overdue) {
      const steps = await new StepStore(db).of('filing', [overdueKey(filingId)]);
      // What the chain keeps refusing is for a person to look at.
      if (standingStep(steps, 'mark-overdue') !== undefined || steps.length >= MOST_MARKS) continue;
      await this.#desk.take((tx) => this.#overdueStep(tx, filingId, time, 'node'));
      marked += 1;
    }
    return marked;
  }

  /** @throws LedgerError FILING_UNKNOWN */
  async load(db: Database, id: bigint): Promise<LoadedFiling> {
    const row = await new FilingStore(db).byId(id);
    const [loaded] = row === undefined ? [] : await this.loadAll(db, [row]);
    if (loaded === undefined) throw letterError('FILING_UNKNOWN', { id });
    return loaded;
  }

  /** Filings of ours with their steps and what the chain says, in the order given. */
  async loadAll(db: Database, rows: readonly FilingRow[]): Promise<LoadedFiling[]> {
    const steps = await new StepStore(db).of(
      'filing',
      rows.map(({ id }) => id.toString()),
    );
    const byTx = new Map<string, bigint>();
    const of = (row: FilingRow): StepRow[] => steps.filter(({ aboutKey }) => aboutKey === row.id.toString());
    const txHashes = rows.flatMap((row) => standingStep(of(row), 'accept')?.sending.txHash ?? []);
    if (txHashes.length > 0) {
      const { followed } = this.#desk;
      const events = await followed.events(db, 'IncompleteFilings', { names: ['FilingAccepted'], txHashes });
      for (const event of events) {
        if (event.name === 'FilingAccepted') byTx.set(event.transactionHash, event.args.filingId);
      }
    }
    const said = byTx.size === 0 ? new Map() : await filingsSaid(db, this.#desk.followed, [...byTx.values()]);
    return rows.map((row) => {
      const txHash = standingStep(of(row), 'accept')?.sending.txHash;
      const filingId = txHash === null || txHash === undefined ? undefined : byTx.get(hexOf(txHash));
      return {
        row,
        steps: of(row),
        said: filingId === undefined ? undefined : (said.get(filingId) as FilingSaid | undefined),
      };
    });
  }

  /** Filings of all authorities, oldest first: what the chain says of them, and nothing of applicants. */
  async all(): Promise<FilingSaid[]> {
    return [...(await filingsSaid(this.#desk.parts.db, this.#desk.followed)).values()];
  }

  get #contract(): Hex {
    return this.#desk.parts.contracts.filings;
  }

  #typed(authority: bigint, promiseHash: Hex): TypedDocument {
    const ledger = { chainId: this.#desk.parts.chainId, contract: this.#contract };
    return typedDocument(ledger, FILING_PROMISE_TYPES, { authority, promiseHash });
  }

  async #dueDay(tx: Database): Promise<Day> {
    const calendar = await followedCalendar(tx, this.#desk.followed);
    return dueDayIn(calendar, this.#desk.today(), FILING_WORKING_DAYS);
  }

  async #possible(tx: Database, id: bigint, action: FilingAction): Promise<FilingSaid> {
    const self = await this.#desk.authority(tx);
    const { steps, said } = await this.load(tx, id);
    requireIdle(steps);
    if (said === undefined) {
      throw letterErrorWith(
        'FILING_STATE_WRONG',
        { en: 'It has not been accepted.', zh: '尚未受理。' },
        { state: 'none', action },
      );
    }
    if (said.authority !== self.id) throw letterError('FILING_NOT_YOURS', { filingId: said.filingId });
    if (!possibleFilingActions(said).includes(action)) throw filingStateWrong(said, action);
    return said;
  }

  async #overdueStep(tx: Database, filingId: bigint, time: bigint, by: string): Promise<PlannedStep> {
    const key = overdueKey(filingId);
    requireIdle(await new StepStore(tx).of('filing', [key]));
    const said = (await filingsSaid(tx, this.#desk.followed, [filingId])).get(filingId);
    if (said === undefined) throw letterError('FILING_UNKNOWN', { filingId });
    if (!possibleFilingActions(said).includes('mark-overdue')) throw filingStateWrong(said, 'mark-overdue');
    const today = dayAt(time);
    if (today <= said.dueDay) {
      throw letterErrorWith(
        'FILING_NOT_YET_OVERDUE',
        { en: `It is ${dayWords(said.dueDay)}.`, zh: `截止日为 ${dayWords(said.dueDay)}。` },
        { filingId, dueDay: said.dueDay, today },
      );
    }
    return {
      about: 'filing',
      key,
      action: 'mark-overdue',
      detail: {},
      to: this.#contract,
      data: encodeFunctionData({
        abi: incompleteFilingsAbi,
        functionName: 'markOverdue',
        args: [filingId],
      }),
      by,
    };
  }

  async #requireFreshApplicant(tx: Database, applicant: Hex): Promise<void> {
    const { followed } = this.#desk;
    if (BigInt(applicant) === 0n || (await followed.isMembersKey(tx, applicant))) {
      throw letterError('FILING_APPLICANT_INVALID', { applicant });
    }
    const [used] = await followed.events(tx, 'IncompleteFilings', {
      names: ['FilingAccepted'],
      arg: { name: 'applicant', values: [applicant] },
    });
    if (used !== undefined) throw letterError('FILING_APPLICANT_KEY_USED', { applicant });
  }

  #step(
    id: bigint,
    action: FilingAction,
    detail: Readonly<Record<string, unknown>>,
    by: string,
    call: FilingCall,
  ): PlannedStep {
    const data = encodeFunctionData({ abi: incompleteFilingsAbi, ...call } as Parameters<
      typeof encodeFunctionData
    >[0]);
    return { about: 'filing', key: id.toString(), action, detail, to: this.#contract, data, by };
  }
}

type FilingCall =
  | { readonly functionName: 'accept'; readonly args: readonly [Hex, Hex, Hex] }
  | { readonly functionName: 'supply' | 'record'; readonly args: readonly [bigint, Hex] };

/** What the chain would take from a filing as it stands; being late is not in it. */
export function possibleFilingActions({ state, entryCommitment }: FilingSaid): FilingAction[] {
  const actions = FILING_TRANSITIONS.filter(({ from }) => from === state).map(({ action }) => action);
  return [...new Set(actions)].filter((action) => action !== 'record' || entryCommitment === null);
}

function filingStateWrong(said: FilingSaid, action: FilingAction): Error {
  if (action === 'record' && said.entryCommitment !== null) {
    return letterError('FILING_ENTRY_KNOWN', { filingId: said.filingId });
  }
  const { en, zh } = FILING_STATE_NAMES[said.state];
  return letterErrorWith(
    'FILING_STATE_WRONG',
    { en: `It stands at “${en}”.`, zh: `当前状态为“${zh}”。` },
    { filingId: said.filingId, state: said.state, action, possible: possibleFilingActions(said) },
  );
}

/** Anybody's filing may be marked: it is named by its number on chain. */
function overdueKey(filingId: bigint): string {
  return `chain:${filingId}`;
}
