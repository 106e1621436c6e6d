import { dayAt, type Day, type DismissalName, isCaseOpen, isLedgerError } from '@credit-ledger/sdk/protocol';
import { bytesToHex, hexToBytes } from 'viem';
import { CaseDeliveryStore, type CaseRow, CaseStore, type DeliveryRow } from '../store/cases.ts';
import { type Database, EventStore } from '../store/index.ts';
import { type CaseSnapshot, type CaseStanding, isOverdue } from './board.ts';
import { type CaseVerdict, Deciding } from './deciding.ts';
import { Deliveries, plain } from './deliveries.ts';
import { Filings } from './filings.ts';
import { required } from './filings.ts';
import type { CaseParts } from './ports.ts';
import { MEMORY_MILLISECONDS, Receiving } from './receiving.ts';
import type { CaseAccepted } from './wire.ts';

/** What a list is asked for. */
export interface CaseFilter {
  readonly overdue?: boolean | undefined;
  readonly open?: boolean | undefined;
  readonly registerId?: bigint | undefined;
  readonly filedBy?: bigint | undefined;
  /** Only cases with a larger id. */
  readonly after?: bigint | undefined;
  readonly limit: number;
}

/** A case with what this node keeps of it; `row` undefined for a case of others. */
export interface CaseDetail {
  readonly standing: CaseStanding;
  readonly row: CaseRow | undefined;
  readonly deliveries: readonly DeliveryRow[];
}

/**
 * Disputes and repairs: what is filed here, what arrives from other members, and what the source and its
 * superior do about it. Everything that follows by itself follows from {@link look}, which compares what the
 * chain says with what was done, and can be interrupted anywhere.
 */
export class CaseService {
  readonly filings: Filings;
  readonly #parts: CaseParts;
  readonly #receiving: Receiving;
  readonly #deciding: Deciding;
  readonly #deliveries: Deliveries;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #sending: Promise<void> | undefined;
  #lookQueued = false;

  constructor(parts: CaseParts) {
    this.#parts = parts;
    this.#deliveries = new Deliveries(parts);
    this.filings = new Filings(parts, this.#deliveries);
    this.#receiving = new Receiving(parts);
    this.#deciding = new Deciding(parts);
  }

  /** What another member's node hands over. Errors as `Receiving`. */
  async receive(body: unknown): Promise<CaseAccepted> {
    const accepted = await this.#receiving.receive(body);
    this.wake();
    return accepted;
  }

  /** Decides a case of ours, or of a subordinate; gives the number in the outbox. Errors as `Deciding`. */
  decide(caseId: bigint, verdict: CaseVerdict): Promise<bigint> {
    return this.#deciding.decide(caseId, verdict);
  }

  /** Errors as `Deciding`. */
  dismiss(caseId: bigint, code: DismissalName): Promise<bigint> {
    return this.#deciding.dismiss(caseId, code);
  }

  /** Cases of all members, by rising id: from the chain alone. */
  async list(filter: CaseFilter): Promise<readonly CaseStanding[]> {
    const today = this.today();
    const { cases } = await this.#parts.board.snapshot();
    return cases
      .filter(
        (each) =>
          (filter.overdue === undefined || isOverdue(each, today) === filter.overdue) &&
          (filter.open === undefined || isCaseOpen(each.state) === filter.open) &&
          (filter.registerId === undefined || each.registerId === filter.registerId) &&
          (filter.filedBy === undefined || each.filedBy === filter.filedBy) &&
          each.caseId > (filter.after ?? 0n),
      )
      .slice(0, filter.limit);
  }

  /** @throws LedgerError CASE_UNKNOWN */
  async get(caseId: bigint): Promise<CaseDetail> {
    const standing = required(await this.#parts.board.snapshot(), caseId);
    const { db } = this.#parts;
    const row = await new CaseStore(db).byKey({
      filedBy: standing.filedBy,
      documentHash: hexToBytes(standing.documentHash),
    });
    const deliveries = row === undefined ? [] : await new CaseDeliveryStore(db).ofCase(row.id);
    return { standing, row, deliveries };
  }

  /** What this node filed or received, with its standing once the chain has it; undefined for none. */
  async ofRow(
    rowId: bigint,
  ): Promise<{ readonly row: CaseRow; readonly standing: CaseStanding | undefined } | undefined> {
    const row = await new CaseStore(this.#parts.db).byId(rowId);
    if (row === undefined) return undefined;
    const snapshot = await this.#parts.board.snapshot();
    return { row, standing: snapshot.byKey(row.filedBy, bytesToHex(row.documentHash)) };
  }

  /** The civil day by the node's clock. */
  today(): Day {
    return dayAt(BigInt(Math.floor(this.#parts.clock.now().getTime() / 1000)));
  }

  /** Who decides of a case, for showing it. */
  async rolesIn(standing: CaseStanding): Promise<readonly ('filer' | 'source' | 'superior')[]> {
    const { memberId, board } = this.#parts;
    const snapshot = await board.snapshot();
    return [
      ...(standing.filedBy === memberId ? (['filer'] as const) : []),
      ...(standing.source === memberId ? (['source'] as const) : []),
      ...(standing.caseType === 'repair' && snapshot.superiorOf(standing.source) === memberId
        ? (['superior'] as const)
        : []),
    ];
  }

  start(): void {
    this.#timer ??= setInterval(() => this.wake(), this.#parts.limits.tickMilliseconds);
    this.wake();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stop.abort();
    await this.#turn;
    await this.#sending;
  }

  /** Looks soon. */
  wake(): void {
    if (this.#lookQueued || this.#timer === undefined) return;
    this.#lookQueued = true;
    void this.#inTurn(async () => {
      this.#lookQueued = false;
      await this.#lookOnce();
      this.#sendInBackground();
    });
  }

  /** One look at everything, and one round of deliveries, now: for tests. */
  async look(): Promise<void> {
    await this.#inTurn(() => this.#lookOnce());
    await this.#sending;
    await this.#deliveries.sendDue(await this.#parts.board.snapshot(), this.#stop.signal);
  }

  // ── what the follower tells ──────────────────────────────────────────────────

  async onEvents(): Promise<void> {
    // The board reads the events where they are stored.
  }

  async onRollback(db: Database): Promise<void> {
    db.afterCommit(() => {
      this.#parts.board.forget();
      this.wake();
    });
  }

  async onAdvance(db: Database): Promise<void> {
    db.afterCommit(() => this.wake());
  }

  // ── inside ───────────────────────────────────────────────────────────────────

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(async () => {
      if (!this.#stop.signal.aborted) await work();
    });
    this.#turn = turn.catch((error: unknown) => {
      this.#parts.log.warn({ code: plain(error).code }, 'looking after cases failed; it is tried again');
    });
    return this.#turn;
  }

  /** Slow nodes hold up nothing but each other. */
  #sendInBackground(): void {
    if (this.#sending !== undefined) return;
    this.#sending = this.#parts.board
      .snapshot()
      .then((snapshot) => this.#deliveries.sendDue(snapshot, this.#stop.signal))
      .catch((error: unknown) => {
        this.#parts.log.warn(
          { code: plain(error).code },
          'delivering case documents failed; it is tried again',
        );
      })
      .finally(() => {
        this.#sending = undefined;
      });
  }

  async #lookOnce(): Promise<void> {
    const snapshot = await this.#parts.board.snapshot();
    await this.#forgetUnfiled(snapshot);
    const open = snapshot.cases.filter(({ state }) => isCaseOpen(state));
    const store = new CaseStore(this.#parts.db);
    const rows = await store.withDocuments(open.map(({ documentHash }) => hexToBytes(documentHash)));
    for (const row of rows) {
      const standing = snapshot.byKey(row.filedBy, bytesToHex(row.documentHash));
      if (standing?.source === this.#parts.memberId) await this.#goOn(row, standing, snapshot);
    }
    for (const row of await store.flagged()) await this.#endFlagOfClosed(row, snapshot);
    const last = await new EventStore(this.#parts.db).lastBlock();
    // By the chain's time, which the contract goes by; a chain that stands still counts nothing.
    if (last !== undefined) await this.filings.markOwnOverdue(snapshot, dayAt(last.time));
  }

  /** What the source owes a case. A hindrance is kept with the case and looked at again next time. */
  async #goOn(row: CaseRow, standing: CaseStanding, snapshot: CaseSnapshot): Promise<void> {
    const store = new CaseStore(this.#parts.db);
    try {
      if (standing.state !== 'filed') await this.#deciding.follow(row.id, standing);
      if (standing.state === 'filed' && row.acknowledgedOutbox === null) {
        await this.#deciding.acknowledge(row.id, standing, snapshot);
      } else if (standing.state === 'granted' && row.carriedOutbox === null) {
        await this.#deciding.carryOut(row.id, standing);
      } else return;
      if (row.trouble !== null) await store.change(row.id, { trouble: null });
    } catch (error) {
      if (!isLedgerError(error) || /^STORE_/.test(error.code)) throw error;
      const trouble = plain(error);
      if (row.trouble?.code === trouble.code) return;
      this.#parts.log.warn(
        { caseId: standing.caseId.toString(), code: trouble.code },
        'a case does not go on',
      );
      await store.change(row.id, { trouble });
    }
  }

  /** A case that was withdrawn leaves no flag behind. */
  async #endFlagOfClosed(row: CaseRow, snapshot: CaseSnapshot): Promise<void> {
    const standing = snapshot.byKey(row.filedBy, bytesToHex(row.documentHash));
    if (standing === undefined || isCaseOpen(standing.state)) return;
    await this.#parts.db.transaction(async (tx) => {
      const now = await new CaseStore(tx).byId(row.id);
      if (now !== undefined) await this.#deciding.endFlag(tx, now, standing, snapshot);
    });
  }

  /** What was delivered and is not on chain after a day was never meant. */
  async #forgetUnfiled(snapshot: CaseSnapshot): Promise<void> {
    const { db, clock, memberId } = this.#parts;
    const store = new CaseStore(db);
    const before = new Date(clock.now().getTime() - MEMORY_MILLISECONDS);
    const old = await store.untouchedOfOthers(memberId, before);
    const unfiled = old.filter(
      ({ filedBy, documentHash }) => snapshot.byKey(filedBy, bytesToHex(documentHash)) === undefined,
    );
    if (unfiled.length > 0) await store.forget(unfiled.map(({ id }) => id));
  }
}
