import {
  type CaseDecision,
  type CaseDocument,
  dayAt,
  type EntryBody,
  entryCommitmentOf,
  type Hex,
  saltedHash,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex, hexToBytes } from 'viem';
import { CLOCK_TOLERANCE_SECONDS } from '../exchange/index.ts';
import { CaseMessageStore, CaseStore, type NewCaseRow } from '../store/cases.ts';
import type { CaseSnapshot } from './board.ts';
import { caseError } from './errors.ts';
import { isMiss, judgeFiling, requireSigned, toldToOthers } from './judging.ts';
import type { CaseParts } from './ports.ts';
import { type CaseAccepted, type CaseMessageBody, caseMessageSigner, readCaseMessage } from './wire.ts';

type FilingBody = Extract<CaseMessageBody, { kind: 'filing' }>;
type DecisionBody = Extract<CaseMessageBody, { kind: 'decision' }>;

/** Messages, and documents that nobody filed, are remembered for so long. */
export const MEMORY_MILLISECONDS = 24 * 3_600_000;

/** What other members' nodes hand to this one. */
export class Receiving {
  readonly #parts: CaseParts;
  /** By sender: what it sends at once is looked at one by one, or its limits would be those of one moment. */
  readonly #turns = new Map<bigint, Promise<unknown>>();

  constructor(parts: CaseParts) {
    this.#parts = parts;
  }

  /**
   * Takes a message in: `POST /v1/exchange/cases`. Says of a subject no more than that an entry which was named by
   * document number and credit code is there.
   * @throws LedgerError CASE_* (of those about the entry, CASE_ENTRY_UNKNOWN alone says that none was found), CHAIN_*
   */
  async receive(body: unknown): Promise<CaseAccepted> {
    const message = readCaseMessage(body);
    const digest = await this.#authenticate(message);
    const snapshot = await this.#parts.board.snapshot();
    const from = BigInt(message.from);
    const { body: told } = message;
    if (told.kind === 'decision') return this.#decision(told, from, snapshot);
    const before = this.#turns.get(from) ?? Promise.resolve();
    const turn = before.then(() => this.#filing(told, from, digest, snapshot));
    // The next one waits for this one, however it ends.
    this.#turns.set(
      from,
      turn.catch(() => undefined),
    );
    return turn;
  }

  /** By the operator key that the sender has now, for this node, now, and once. */
  async #authenticate(message: ReturnType<typeof readCaseMessage>): Promise<Uint8Array> {
    const { facts, clock, memberId, db } = this.#parts;
    const now = clock.now();
    const apart = Math.abs(Math.floor(now.getTime() / 1000) - message.time);
    if (apart > Number(CLOCK_TOLERANCE_SECONDS)) throw caseError('CASE_MESSAGE_TIME_OFF');
    const sender = await facts.member(BigInt(message.from));
    const { digest, signer } = caseMessageSigner(facts.domain, message);
    if (
      sender?.active !== true ||
      signer !== sender.operator ||
      message.to !== memberId.toString() ||
      message.from === message.to
    ) {
      throw caseError('CASE_MESSAGE_NOT_AUTHENTIC', { from: message.from });
    }
    const messages = new CaseMessageStore(db);
    await messages.forgetBefore(new Date(now.getTime() - MEMORY_MILLISECONDS));
    const bytes = hexToBytes(digest);
    if (!(await messages.note(bytes, sender.id, now))) throw caseError('CASE_MESSAGE_REPLAYED');
    return bytes;
  }

  async #filing(
    body: FilingBody,
    from: bigint,
    digest: Uint8Array,
    snapshot: CaseSnapshot,
  ): Promise<CaseAccepted> {
    const document = body.document as unknown as CaseDocument;
    const source = snapshot.ownerOf(BigInt(document.registerId));
    const filedBy = BigInt(document.filedBy);
    const { memberId } = this.#parts;
    const superior = source === undefined ? undefined : snapshot.superiorOf(source);
    const isSuperior = document.caseType === 'repair' && superior === memberId;
    if (source !== memberId && !isSuperior) throw caseError('CASE_REGISTER_NOT_OURS');
    if (from !== filedBy && !(isSuperior && from === source)) {
      throw caseError('CASE_MESSAGE_NOT_AUTHENTIC', { from });
    }
    const row: NewCaseRow = {
      filedBy,
      documentHash: hexToBytes(saltedHash(document)),
      caseType: document.caseType,
      registerId: BigInt(document.registerId),
      document,
      uscc: document.uscc,
      filing: body.filing,
      recordId: null,
      objection: null,
      facts: isSuperior && from === source ? body.facts : null,
      createdBy: `member ${from}`,
    };
    if (source === memberId) {
      await this.#asSource(row, body, from, digest, snapshot);
    } else {
      // What the source hands on in a filer's name is what that filer has filed: else it could fill our house.
      if (from !== filedBy && !isFiled(row, snapshot)) throw caseError('CASE_NOT_SEEN_YET');
      await this.#asSuperior(row, body, snapshot);
    }
    return { state: 'accepted', documentHash: saltedHash(document) };
  }

  /** The source looks at once, so that what cannot be is not filed. */
  async #asSource(
    row: NewCaseRow,
    body: FilingBody,
    from: bigint,
    digest: Uint8Array,
    snapshot: CaseSnapshot,
  ): Promise<void> {
    const { db, clock, limits } = this.#parts;
    const store = new CaseStore(db);
    if ((await store.byKey(row)) !== undefined) return;
    const messages = new CaseMessageStore(db);
    const yesterday = new Date(clock.now().getTime() - MEMORY_MILLISECONDS);
    const misses = body.insist ? 0 : await messages.countMissed(from, yesterday);
    if (misses >= limits.missesOfOne) throw caseError('CASE_TOO_MANY_UNKNOWN', { limit: limits.missesOfOne });
    const judged = await judgeFiling(this.#parts, snapshot, {
      document: row.document as CaseDocument,
      filing: body.filing,
      isOwn: false,
      ...this.#filedAt(row, snapshot),
    });
    if (judged.objection !== null && !body.insist) {
      if (isMiss(judged.objection)) await messages.markMissed(digest);
      throw toldToOthers(judged.objection);
    }
    await this.#requireRoom(row, snapshot);
    const objection = judged.objection?.code ?? null;
    await store.insert({ ...row, recordId: judged.recordId, objection }, clock.now());
  }

  async #asSuperior(row: NewCaseRow, body: FilingBody, snapshot: CaseSnapshot): Promise<void> {
    const { db, clock } = this.#parts;
    const store = new CaseStore(db);
    const known = await store.byKey(row);
    if (known !== undefined) {
      if (known.facts === null && row.facts !== null) await store.change(known.id, { facts: row.facts });
      return;
    }
    const { filedAt } = this.#filedAt(row, snapshot);
    await requireSigned(this.#parts, row.document as CaseDocument, body.filing, filedAt);
    await this.#requireRoom(row, snapshot);
    await store.insert(row, clock.now());
  }

  /** A case is as old as its filing on chain. */
  #filedAt(
    row: NewCaseRow,
    snapshot: CaseSnapshot,
  ): { readonly filedAt: bigint; readonly filedDay: ReturnType<typeof dayAt> } {
    const standing = snapshot.byKey(row.filedBy, bytesToHex(row.documentHash));
    const now = BigInt(Math.floor(this.#parts.clock.now().getTime() / 1000));
    return standing === undefined
      ? { filedAt: now, filedDay: dayAt(now) }
      : { filedAt: standing.filedAt, filedDay: standing.filedDay };
  }

  /** Documents cost their sender nothing until they are filed; what is filed always finds room. */
  async #requireRoom(row: NewCaseRow, snapshot: CaseSnapshot): Promise<void> {
    if (isFiled(row, snapshot)) return;
    const { db, limits } = this.#parts;
    const unfiled = (await new CaseStore(db).ofFiler(row.filedBy)).filter(
      (other) => !isFiled(other, snapshot),
    );
    if (unfiled.length >= limits.unfiledOfOne) {
      throw caseError('CASE_TOO_MANY_OPEN', { limit: limits.unfiledOfOne });
    }
  }

  /** Why a case was decided: believed when its hash is the one on chain. */
  async #decision(body: DecisionBody, from: bigint, snapshot: CaseSnapshot): Promise<CaseAccepted> {
    const store = new CaseStore(this.#parts.db);
    const key = { filedBy: BigInt(body.filedBy), documentHash: hexToBytes(body.documentHash) };
    const row = await store.byKey(key);
    if (row === undefined) throw caseError('CASE_UNKNOWN');
    const standing = snapshot.byKey(key.filedBy, body.documentHash);
    if (standing?.decisionHash === undefined || standing.decisionHash === null) {
      throw caseError('CASE_NOT_SEEN_YET');
    }
    const decision = body.decision as unknown as CaseDecision;
    if (standing.decidedBy !== from || saltedHash(decision) !== standing.decisionHash) {
      throw caseError('CASE_DECISION_WRONG', { caseId: standing.caseId });
    }
    const opens = ({ salt, body: entryBody }: { salt: Hex; body: Hex }): boolean =>
      entryCommitmentOf(salt, standing.registerId, BigInt(entryBody) as EntryBody) ===
      standing.entryCommitment;
    if (row.decision === null) {
      const entry = body.entry !== null && opens(body.entry) ? { entry: body.entry } : {};
      await store.change(row.id, { decision, ...entry });
    }
    return { state: 'accepted', documentHash: body.documentHash };
  }
}

/** Whether a document stands on the chain as a case of its filer. */
function isFiled(
  { filedBy, documentHash }: Pick<NewCaseRow, 'filedBy' | 'documentHash'>,
  snapshot: CaseSnapshot,
): boolean {
  return snapshot.byKey(filedBy, bytesToHex(documentHash)) !== undefined;
}
