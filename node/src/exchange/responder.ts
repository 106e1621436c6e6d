import {
  answerDigest,
  buildAnswer,
  documentHash,
  type LogEntryFact,
  predicateOfJson,
  requestDigest,
  signedAnswer,
  signerOf,
  type SignedRequestJson,
  type UnsignedAnswer,
} from '@credit-ledger/sdk/answer';
import {
  ANSWER_TYPES,
  type Hex,
  isLedgerError,
  ledgerDomain,
  LedgerError,
  type Nonce,
  parseUscc,
  REFUSAL,
  type RefusalName,
  subjectTagOf,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex, hexToBytes, type TypedDataDefinition } from 'viem';
import type { PreparedAnswer } from '../answers/index.ts';
import type { Clock } from '../clock.ts';
import { AnswerStore, type ReceivedQuestion } from '../store/answers.ts';
import type { Database } from '../store/index.ts';
import { agreedTime, CLOCK_TOLERANCE_SECONDS, unixSeconds } from './clock-check.ts';
import type { ConsentOpening } from './consents.ts';
import { refusalOfRevert, whyIneligible } from './eligibility.ts';
import { rejection, storedError } from './errors.ts';
import { Evidence } from './evidence.ts';
import { isOperatorOf } from './key-changes.ts';
import { denyReceiptCall, logCall, refuseCall } from './log-calls.ts';
import { snarkProof } from './proof-coordinates.ts';
import {
  type AnswerPreparer,
  type ExchangeLog,
  type LedgerReads,
  type Signer,
  silentLog,
  type Transactions,
} from './ports.ts';
import { isTransient, pauseAfter, realWait, type Wait } from './retry.ts';
import {
  type FetchMessage,
  type FetchOutcome,
  fetchSigner,
  readFetch,
  readQuestion,
  refusalDocument,
  refusalTypedData,
} from './wire.ts';

export interface ResponderParts {
  readonly db: Database;
  readonly facts: LedgerReads;
  readonly answers: AnswerPreparer;
  readonly transactions: Transactions;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Who this node is. */
  readonly memberId: bigint;
  readonly log?: ExchangeLog;
  readonly wait?: Wait;
  readonly limits?: Partial<ResponderLimits>;
  /** How long logged answers leave while the chain cannot be asked; not at all by default. */
  readonly evidence?: Evidence;
}

export interface ResponderLimits {
  /** Questions that may be open; further ones are turned away with `BUSY`. */
  readonly open: number;
  /** Of those, of one requester. */
  readonly openOfOne: number;
  /** Questions worked on at the same time. */
  readonly atOnce: number;
  /** So long after its arrival the citation of a question's consent is waited for. */
  readonly citationSeconds: number;
}

const LIMITS: ResponderLimits = { open: 256, openOfOne: 64, atOnce: 4, citationSeconds: 60 };
/** Furthest expiry that the contract takes. */
const MAX_LEAD_SECONDS = 30n * 86_400n;
/** So long before the deadline of a lodged question that never came, the chain is told. */
const DENIAL_SECONDS = 600n;
/** Lodging costs its sender little: denials must not fill the queue before batches, heartbeats and answers. */
const DENIALS_AT_ONCE = 8;
/** After so many failures that waiting does not explain, the question is refused. */
const TRIES = 4;
/** Transactions for one question: a root may become unusable while its proof is made. */
const MAX_ATTEMPTS = 6;
/** The chain gives the next block a later time than the last one's; these are judged at `now` instead. */
const JUDGED_BY_TIME = ['GrantNotYetValid', 'ConsentNotYetValid', 'DayNotAllowed'];

/**
 * Answers other members' questions. A question is turned away with an error, and
 * leaves no trace, when it is malformed, not authentic or a repetition. Otherwise it
 * is kept, checked, proved (or refused), logged on chain, and only then is there
 * anything to be fetched. Every step can be interrupted and goes on after a restart.
 */
export class Responder {
  readonly #parts: ResponderParts;
  readonly #store: AnswerStore;
  readonly #log: ExchangeLog;
  readonly #wait: Wait;
  readonly #limits: ResponderLimits;
  readonly #evidence: Evidence;
  readonly #working = new Map<bigint, Promise<void>>();
  readonly #waiting: bigint[] = [];
  /** Asked for again while it was worked on. */
  readonly #again = new Set<bigint>();
  #stop: AbortController | undefined;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
    this.#store = new AnswerStore(parts.db);
    this.#log = parts.log ?? silentLog;
    this.#wait = parts.wait ?? realWait;
    this.#limits = { ...LIMITS, ...parts.limits };
    this.#evidence = parts.evidence ?? new Evidence();
  }

  /** Goes on with whatever was open when the node stopped. */
  async start(): Promise<void> {
    this.#stop ??= new AbortController();
    for (const id of await this.#store.open()) this.#kick(id);
  }

  /** Leaves what is open as it is; the next start goes on. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#waiting.length = 0;
    await Promise.all(this.#working.values());
    this.#stop = undefined;
  }

  /** Resolves when nothing is being worked on: for tests and for shutting down. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working.values());
  }

  /**
   * Takes a question in: `POST /v1/exchange/questions`, to be answered with 202.
   * Says nothing about the subject, whoever it is.
   * Errors: `QUESTION_MALFORMED`, `QUESTION_NOT_AUTHENTIC`, `REGISTER_NOT_OURS`, `TAG_MISMATCH`,
   * `REQUEST_EXPIRED`, `REQUEST_EXPIRY_TOO_FAR`, `REQUEST_REPLAYED`, `BUSY`, `CLOCK_OFF`, `CHAIN_…`.
   */
  async receive(body: unknown): Promise<{ readonly requestId: Hex; readonly state: 'received' }> {
    const message = readQuestion(body);
    const { request } = message;
    const { facts, clock, db } = this.#parts;
    const { time } = await agreedTime(facts, clock);
    const digest = requestDigest(facts.domain, request);
    await this.#authenticate(request, digest);
    await this.#requireOurs(BigInt(request.registerId));
    requireTimely(request, time);
    if (toBytes32(subjectTagOf(message.uscc, message.nonce)) !== request.subjectTag)
      throw rejection('TAG_MISMATCH');
    if (await this.#signedAnew(request, digest)) return { requestId: request.requestId, state: 'received' };
    await this.#requireNew(request);
    await this.#requireRoom(BigInt(request.requester));
    const id = await new AnswerStore(db).insert(
      {
        requestId: hexToBytes(request.requestId),
        requestDigest: hexToBytes(digest),
        requester: BigInt(request.requester),
        registerId: BigInt(request.registerId),
        subjectTag: hexToBytes(request.subjectTag),
        request,
        uscc: message.uscc,
        nonce: hexToBytes(toBytes32(message.nonce)),
        consentId: message.consent === undefined ? null : hexToBytes(message.consent.consentId),
        bindingSalt: message.consent === undefined ? null : hexToBytes(message.consent.salt),
      },
      clock.now(),
    );
    if (id === undefined) throw rejection('REQUEST_REPLAYED');
    this.#log.info({ question: request.requestId, requester: request.requester }, 'question received');
    this.#kick(id);
    return { requestId: request.requestId, state: 'received' };
  }

  /**
   * What became of a question, for its requester alone: `POST /v1/exchange/answers/{requestId}`.
   * A request id may be of several members and to several registers: who signs, and which register
   * the signed fetch names, says which question it is.
   * The log entry is looked up once more: an answer whose entry the chain has lost is withheld
   * until it is logged again. When the chain cannot be asked, it leaves as long as {@link Evidence} allows.
   * Errors: `FETCH_MALFORMED`, `FETCH_TIME_OFF`, `QUESTION_UNKNOWN` (also to everyone who is not
   * the requester), `QUESTION_FAILED`, `CLOCK_OFF`, `CHAIN_…`.
   */
  async answerFor(requestId: string, body: unknown): Promise<FetchOutcome> {
    const fetch = readFetch(requestId, body);
    const { facts, clock } = this.#parts;
    const own = unixSeconds(clock);
    const apart = own > BigInt(fetch.time) ? own - BigInt(fetch.time) : BigInt(fetch.time) - own;
    if (apart > CLOCK_TOLERANCE_SECONDS) throw rejection('FETCH_TIME_OFF');
    try {
      await agreedTime(facts, clock);
      this.#evidence.confirm();
    } catch (error) {
      if (this.#evidence.outlasts(error)) return this.#unseenFor(fetch, error);
      throw error;
    }
    const question = await this.#questionOf(fetch);
    if (question === undefined) throw rejection('QUESTION_UNKNOWN');
    if (question.state === 'failed')
      throw rejection('QUESTION_FAILED', { reason: question.error?.code ?? null });
    if (question.state !== 'answered' && question.state !== 'refused') return { state: 'pending' };
    if (!(await this.#stillLogged(question))) {
      await this.#store.withhold(question.id, clock.now());
      this.#log.warn({ question: fetch.requestId }, 'the log entry is gone; the answer is withheld');
      this.#kick(question.id);
      return { state: 'pending' };
    }
    return outcomeOf(question);
  }

  /**
   * What was logged, without the log having been seen again: to the key that asked, since which keys hold now cannot
   * be asked either. @throws the error that kept the chain from being asked, for what is not logged yet
   */
  async #unseenFor(fetch: FetchMessage, error: unknown): Promise<FetchOutcome> {
    const { facts } = this.#parts;
    const signer = fetchSigner(facts.domain, fetch);
    const known = await this.#store.ofRequest(hexToBytes(fetch.requestId), BigInt(fetch.registerId));
    const question = known.find(({ requestDigest: digest, request }) => {
      const { signature } = request as SignedRequestJson;
      return signer !== undefined && signerOf(bytesToHex(digest), signature) === signer;
    });
    if (question === undefined) throw rejection('QUESTION_UNKNOWN');
    if (question.state !== 'answered' && question.state !== 'refused') throw error;
    this.#log.warn({ question: fetch.requestId }, 'an answer leaves while the chain cannot be asked');
    return outcomeOf(question);
  }

  /** The question that whoever signed the fetch asked; undefined for everyone else's. */
  async #questionOf(fetch: FetchMessage): Promise<ReceivedQuestion | undefined> {
    const { facts } = this.#parts;
    const signer = fetchSigner(facts.domain, fetch);
    if (signer === undefined) return undefined;
    for (const question of await this.#store.ofRequest(
      hexToBytes(fetch.requestId),
      BigInt(fetch.registerId),
    )) {
      const requester = await facts.member(question.requester);
      if (requester?.active === true && (await isOperatorOf(facts, requester, signer))) return question;
    }
    return undefined;
  }

  // ── what the follower tells ──────────────────────────────────────────────────

  async onEvents(): Promise<void> {
    // An entry of the log is looked up through its transaction; events say nothing more.
  }

  /** Blocks after `toBlock` are gone: what was logged in them is withheld until it is logged again. */
  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    const withheld = await new AnswerStore(db).withholdAfter(toBlock, this.#parts.clock.now());
    db.afterCommit(() => {
      for (const id of withheld) this.#kick(id);
    });
  }

  /**
   * A question that was lodged on chain and never arrived cannot be answered; shortly before its
   * deadline the chain is told so, lest its hash alone put this agency in arrears.
   */
  async onAdvance(db: Database, range: { readonly time: bigint }): Promise<void> {
    const { transactions, facts } = this.#parts;
    const lodged = await new AnswerStore(db).lodgedNotReceived(
      range.time,
      range.time + DENIAL_SECONDS,
      DENIALS_AT_ONCE,
    );
    for (const questionId of lodged) {
      await transactions.enqueue(db, {
        kind: 'deny-receipt',
        dedupeKey: `deny ${questionId}`,
        role: 'operator',
        to: facts.contracts.answerLog,
        data: denyReceiptCall(questionId as Hex),
      });
    }
  }

  // ── checks before a question is taken in ─────────────────────────────────────

  /** By the operator key that the requester has now, or is about to have; the contract judges at its block. */
  async #authenticate(request: SignedRequestJson, digest: Hex): Promise<void> {
    const { facts } = this.#parts;
    const requester = await facts.member(BigInt(request.requester));
    const signer = signerOf(digest, request.signature);
    if (
      requester?.active !== true ||
      signer === undefined ||
      !(await isOperatorOf(facts, requester, signer))
    ) {
      throw rejection('QUESTION_NOT_AUTHENTIC', { requester: request.requester });
    }
  }

  /** Whether a question that waits here came again under another key of its requester, which has changed it. */
  async #signedAnew(request: SignedRequestJson, digest: Hex): Promise<boolean> {
    const known = await this.#store.byKey({
      requester: BigInt(request.requester),
      requestId: hexToBytes(request.requestId),
      registerId: BigInt(request.registerId),
    });
    if (known === undefined || bytesToHex(known.requestDigest) !== digest) return false;
    const former = (known.request as SignedRequestJson).signature;
    // The same key signs a thing in many ways: that is a repetition.
    if (signerOf(digest, former) === signerOf(digest, request.signature)) return false;
    if (!(await this.#store.signedAnew(known.id, request, former, this.#parts.clock.now()))) return false;
    this.#log.info({ question: request.requestId }, 'a question came again under another key');
    this.#kick(known.id);
    return true;
  }

  async #requireOurs(registerId: bigint): Promise<void> {
    const register = await this.#parts.facts.register(registerId);
    if (register?.owner !== this.#parts.memberId) throw rejection('REGISTER_NOT_OURS', { registerId });
  }

  async #requireNew(request: SignedRequestJson): Promise<void> {
    const { facts } = this.#parts;
    const [logId, ofTag] = await Promise.all([
      facts.logIdOf(
        BigInt(request.registerId),
        request.grantId,
        BigInt(request.requester),
        request.requestId,
      ),
      facts.requestOfTag(BigInt(request.requester), request.subjectTag),
    ]);
    // One request may go to several registers with its one tag; a tag of another request is used up.
    if (logId !== 0n || (ofTag !== undefined && ofTag !== request.requestId)) {
      throw rejection('REQUEST_REPLAYED');
    }
  }

  async #requireRoom(requester: bigint): Promise<void> {
    const { all, ofOne } = await this.#store.countOpen(requester);
    if (all >= this.#limits.open || ofOne >= this.#limits.openOfOne) throw rejection('BUSY');
  }

  // ── working on a question ────────────────────────────────────────────────────

  #kick(id: bigint): void {
    if (this.#stop === undefined || this.#stop.signal.aborted) return;
    if (this.#working.has(id)) {
      this.#again.add(id);
      return;
    }
    if (this.#working.size >= this.#limits.atOnce) {
      if (!this.#waiting.includes(id)) this.#waiting.push(id);
      return;
    }
    const { signal } = this.#stop;
    const work = this.#pursue(id, signal).finally(() => {
      this.#working.delete(id);
      const again = this.#again.delete(id);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#kick(next);
      if (again) this.#kick(id);
    });
    this.#working.set(id, work);
  }

  /** Takes steps until there is an outcome; what fails is tried again, then refused. */
  async #pursue(id: bigint, signal: AbortSignal): Promise<void> {
    let failures = 0;
    let unexplained = 0;
    while (!signal.aborted) {
      try {
        const question = await this.#store.byId(id);
        if (question === undefined || !(await this.#step(question, signal))) return;
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (!isTransient(error)) unexplained += 1;
        const stored = storedError(error);
        this.#log.warn({ question: id.toString(), code: stored.code }, 'a question does not go on');
        try {
          await this.#store.trouble(id, stored, this.#parts.clock.now());
          if (unexplained >= TRIES) {
            await this.#giveUp(id, error);
            unexplained = 0;
          }
        } catch (storing) {
          // The database is away as well; the question is open and will be found again.
          this.#log.warn(
            { question: id.toString(), code: storedError(storing).code },
            'a trouble could not be noted',
          );
        }
        await this.#wait(pauseAfter(failures, 250, 15_000), signal).catch(() => undefined);
      }
    }
  }

  /** One step; false when the question has its outcome. */
  async #step(question: ReceivedQuestion, signal: AbortSignal): Promise<boolean> {
    switch (question.state) {
      case 'received':
      case 'proving':
        await this.#decide(question, signal);
        return true;
      case 'logging':
        return this.#bringToLog(question, signal);
      case 'answered':
      case 'refused':
      case 'failed':
        return false;
    }
  }

  /** Checks all that the log checks, proves, and queues what is to be logged: an answer or a refusal. */
  async #decide(question: ReceivedQuestion, signal: AbortSignal): Promise<void> {
    const { facts, answers, clock } = this.#parts;
    const request = question.request as SignedRequestJson;
    const { time } = await agreedTime(facts, clock);
    if (time > BigInt(request.expiry)) {
      await this.#refuse(question, 'BUSY', 'the question expired before it was answered');
      return;
    }
    const ineligible = await this.#whyIneligible(question, time);
    if (ineligible !== undefined) {
      await this.#refuse(question, ineligible.name, ineligible.reason);
      return;
    }
    if (question.state !== 'proving') await this.#store.toProving(question.id, clock.now());
    const nonce = BigInt(bytesToHex(question.nonce)) as Nonce;
    const outcome = await answers.prepare(request, parseUscc(question.uscc), nonce, { signal });
    if (outcome.kind === 'refusal') {
      await this.#refuse(question, outcome.name, outcome.reason);
      return;
    }
    await this.#queueAnswer(question, outcome.prepared);
  }

  async #whyIneligible(
    question: ReceivedQuestion,
    time: bigint,
  ): Promise<{ readonly name: RefusalName; readonly reason: string } | undefined> {
    const { facts, memberId, signer, clock } = this.#parts;
    const request = question.request as SignedRequestJson;
    const requester = await facts.member(question.requester);
    if (requester === undefined) throw requesterGone(question.requester);
    const waited = clock.now().getTime() - question.receivedAt.getTime();
    const about = {
      requestDigest: bytesToHex(question.requestDigest),
      uscc: parseUscc(question.uscc),
      consent: consentOf(question),
      citationMayCome: waited < this.#limits.citationSeconds * 1000,
    };
    const known = await whyIneligible(facts, request, { owner: memberId, requester }, about, time);
    if (known !== undefined) return known;
    // The log itself is asked, with a commitment to nothing: whatever else it checks, it says now.
    const [batch, [circuitId]] = await Promise.all([
      facts.latestWitnessed(question.registerId),
      facts.circuitsFor(request.applicationId, request.applicationVersion, request.predicateHash),
    ]);
    if (circuitId === undefined)
      return { name: 'PREDICATE_NOT_LISTED', reason: 'no circuit of it is in force' };
    const data = logCall(request, { batchHash: batch.batchHash, circuitId, answerCommitment: toBytes32(1n) });
    const error = await facts.refusalOfCall(signer.operatorAddress, data);
    if (error === undefined || JUDGED_BY_TIME.includes(error)) return undefined;
    // What is wrong with the root is for the answers room to say.
    if (error === 'BatchNotUsable') return undefined;
    const name = refusalOfRevert(error);
    if (name !== undefined) return { name, reason: error };
    if (error === 'AlreadyLogged') return undefined;
    // The requester has changed its key since, and sends the question again under the new one.
    if (error === 'WrongSigner') throw signatureStale(question);
    throw notLoggable(error);
  }

  async #queueAnswer(question: ReceivedQuestion, prepared: PreparedAnswer): Promise<void> {
    const { db, transactions, clock, facts } = this.#parts;
    const request = question.request as SignedRequestJson;
    // In one transaction: what will be released is kept if and only if its log entry will be sent.
    await db.transaction(async (tx) => {
      const outboxId = await transactions.enqueue(tx, {
        kind: 'log-answer',
        dedupeKey: answerKey(question),
        role: 'operator',
        to: facts.contracts.answerLog,
        data: logCall(request, prepared),
      });
      await new AnswerStore(tx).toLogging(question.id, prepared, outboxId, clock.now());
    });
  }

  async #refuse(question: ReceivedQuestion, name: RefusalName, reason: string): Promise<void> {
    const { db, transactions, clock, facts } = this.#parts;
    const request = question.request as SignedRequestJson;
    this.#log.info({ question: request.requestId, refusal: name, reason }, 'question refused');
    await db.transaction(async (tx) => {
      const outboxId = await transactions.enqueue(tx, {
        kind: 'log-refusal',
        dedupeKey: answerKey(question),
        role: 'operator',
        to: facts.contracts.answerLog,
        data: refuseCall(request, REFUSAL[name]),
      });
      const why = { code: name, message: reason, messageZh: reason };
      await new AnswerStore(tx).toRefusing(question.id, REFUSAL[name], why, outboxId, clock.now());
    });
  }

  /** Nothing explains why it does not go on: the requester is told so, on chain, unless that fails as well. */
  async #giveUp(id: bigint, error: unknown): Promise<void> {
    const question = await this.#store.byId(id);
    if (question === undefined) return;
    if (question.state === 'logging') await this.#store.fail(id, storedError(error), this.#parts.clock.now());
    else await this.#refuse(question, 'INTERNAL', storedError(error).code);
  }

  /** Waits for the transaction, then makes the document out of what the log says; false when done. */
  async #bringToLog(question: ReceivedQuestion, signal: AbortSignal): Promise<boolean> {
    const { transactions } = this.#parts;
    if (question.outboxId === null) throw logDiffers(question, 'nothing was sent to the log');
    try {
      await transactions.waitFor(question.outboxId, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isLedgerError(error) || isTransient(error)) throw error;
      return this.#afterFailure(question, error);
    }
    await this.#settle(question);
    return true;
  }

  /** The log refused the transaction for good. */
  async #afterFailure(question: ReceivedQuestion, error: LedgerError): Promise<boolean> {
    const { clock } = this.#parts;
    const name = typeof error.operands['error'] === 'string' ? error.operands['error'] : '';
    if (name === 'AlreadyLogged') {
      // An earlier transaction of this question got there after all: what it logged is released.
      if (await this.#isInLog(question)) await this.#settle(question);
      // The chain has gone back since, and took it along: the question is decided anew.
      else await this.#store.backToReceived(question.id, storedError(error), clock.now());
      return true;
    }
    if (name === 'WrongSigner') {
      await this.#store.backToReceived(question.id, storedError(signatureStale(question)), clock.now());
      return true;
    }
    if (question.refusalCode !== null) {
      await this.#store.fail(question.id, storedError(error), clock.now());
      return false;
    }
    if (question.attempt >= MAX_ATTEMPTS) {
      await this.#refuse(question, 'INTERNAL', name);
      return true;
    }
    if (name === 'BatchNotUsable' || name === 'CircuitNotAllowed' || name === 'ApplicationNotInForce') {
      // What was true when it was proved is not any more: it is decided anew.
      await this.#store.backToReceived(question.id, storedError(error), clock.now());
      return true;
    }
    await this.#refuse(question, refusalOfRevert(name) ?? 'INTERNAL', name === '' ? error.code : name);
    return true;
  }

  async #settle(question: ReceivedQuestion): Promise<void> {
    const { facts, clock } = this.#parts;
    const request = question.request as SignedRequestJson;
    await agreedTime(facts, clock);
    const logId = await facts.logIdOf(
      question.registerId,
      request.grantId,
      question.requester,
      request.requestId,
    );
    const entry = logId === 0n ? undefined : await facts.logEntry(logId);
    const transactionHash = entry && (await facts.logTransaction(logId, entry.blockNumber));
    if (entry === undefined || transactionHash === undefined) throw entryNotSeen(request.requestId);
    if (entry.requestDigest !== bytesToHex(question.requestDigest))
      throw logDiffers(question, 'another request');
    const log = {
      logId: logId.toString(),
      transactionHash,
      blockNumber: entry.blockNumber.toString(),
      time: Number(entry.time),
    };
    if (entry.refusalCode !== 0) {
      const refusal = await this.#signedRefusal(request.requestId, entry, logId);
      await this.#store.settle(question.id, 'refused', refusal, log, clock.now());
    } else {
      const asLogged = await this.#requestAsLogged(question, entry);
      const answer = await this.#signedAnswer(question, asLogged, entry, { ...log, logId });
      await this.#store.settle(question.id, 'answered', answer, log, clock.now());
    }
    this.#log.info({ question: request.requestId, logId: log.logId }, 'question settled');
  }

  async #signedRefusal(requestId: Hex, entry: LogEntryFact, logId: bigint): Promise<unknown> {
    const { facts, memberId } = this.#parts;
    const { refusalCode: code, blockNumber } = entry;
    const typed = refusalTypedData(facts.domain, requestId, code, logId);
    return refusalDocument(requestId, code, logId, memberId, await this.#signAsOf(typed, blockNumber));
  }

  /** By the operator key of the log entry's block, which whoever reads it later will look for. */
  async #signAsOf(typedData: TypedDataDefinition, blockNumber: bigint): Promise<Hex> {
    const { signer, facts, memberId } = this.#parts;
    return signer.signTypedData('operator', typedData, await facts.operatorAt(memberId, blockNumber));
  }

  /** With the signature that held in the block of its log entry, should its requester have changed its key meanwhile. */
  async #requestAsLogged(question: ReceivedQuestion, entry: LogEntryFact): Promise<SignedRequestJson> {
    const request = question.request as SignedRequestJson;
    if (question.formerSignatures.length === 0) return request;
    const key = await this.#parts.facts.operatorAt(question.requester, entry.blockNumber);
    const digest = bytesToHex(question.requestDigest);
    const signature = [request.signature, ...(question.formerSignatures as Hex[])].find(
      (each) => signerOf(digest, each) === key,
    );
    return signature === undefined ? request : { ...request, signature };
  }

  /** The answer whose commitment the log holds: no other is ever released. */
  async #signedAnswer(
    question: ReceivedQuestion,
    request: SignedRequestJson,
    entry: LogEntryFact,
    log: { readonly logId: bigint; readonly transactionHash: Hex },
  ): Promise<unknown> {
    const { facts, memberId } = this.#parts;
    const prepared = (question.prepared as readonly PreparedAnswer[]).find(
      (each) => each.answerCommitment === entry.answerCommitment && each.circuitId === entry.circuitId,
    );
    if (prepared === undefined || prepared.batchHash !== entry.batchHash) {
      throw logDiffers(question, 'the log holds another answer');
    }
    const answer: UnsignedAnswer = buildAnswer({
      request,
      register: {
        id: BigInt(prepared.register.id),
        owner: BigInt(prepared.register.owner),
        secretCommit: BigInt(prepared.register.secretCommit),
      },
      batchHash: prepared.batchHash,
      seq: BigInt(prepared.seq),
      predicate: predicateOfJson(prepared.predicate),
      nonce: BigInt(bytesToHex(question.nonce)),
      circuitId: prepared.circuitId,
      proof: snarkProof(prepared.proof),
      publicSignals: prepared.publicSignals,
      log: {
        contract: facts.contracts.answerLog,
        logId: log.logId,
        transactionHash: log.transactionHash,
        blockNumber: entry.blockNumber,
        time: entry.time,
      },
    });
    const hash = documentHash(answer);
    const typedData = {
      domain: ledgerDomain(facts.domain.chainId, facts.domain.answerLog),
      types: ANSWER_TYPES,
      primaryType: 'Answer',
      message: { documentHash: hash },
    };
    const signature = await this.#signAsOf(typedData, entry.blockNumber);
    const key = await facts.operatorAt(memberId, entry.blockNumber);
    if (signerOf(answerDigest(facts.domain, hash), signature) !== key) {
      throw new LedgerError('SIGNATURE_WRONG', {
        en: 'The keyring signed with another key than it names.',
        zh: '密钥环使用的密钥与其声明不符。',
      });
    }
    return signedAnswer(answer, signature);
  }

  async #isInLog(question: ReceivedQuestion): Promise<boolean> {
    const { grantId, requestId } = question.request as SignedRequestJson;
    const { facts } = this.#parts;
    return (await facts.logIdOf(question.registerId, grantId, question.requester, requestId)) !== 0n;
  }

  async #stillLogged(question: ReceivedQuestion): Promise<boolean> {
    const { log } = question;
    if (log === null) return false;
    const entry = await this.#parts.facts.logEntry(BigInt(log.logId));
    return (
      entry !== undefined &&
      entry.requestDigest === bytesToHex(question.requestDigest) &&
      entry.blockNumber === BigInt(log.blockNumber) &&
      (await this.#parts.facts.logTransaction(BigInt(log.logId), entry.blockNumber)) === log.transactionHash
    );
  }
}

/** Of a question that is answered or refused. */
function outcomeOf({ state, answer }: ReceivedQuestion): FetchOutcome {
  return state === 'answered'
    ? { state, answer }
    : { state: 'refused', refusal: answer as Extract<FetchOutcome, { state: 'refused' }>['refusal'] };
}

/** By the digest, which is one question's alone; a request id may be of several. */
function answerKey({ requestDigest: digest, attempt }: ReceivedQuestion): string {
  return `answer ${bytesToHex(digest)} ${attempt + 1}`;
}

/** What came with the question to show its subject's consent. */
function consentOf({ consentId, bindingSalt }: ReceivedQuestion): ConsentOpening | undefined {
  if (consentId === null || bindingSalt === null) return undefined;
  return { consentId: bytesToHex(consentId), salt: bytesToHex(bindingSalt) };
}

function requireTimely(request: SignedRequestJson, time: bigint): void {
  const expiry = BigInt(request.expiry);
  if (expiry < time) throw rejection('REQUEST_EXPIRED', { expiry, time });
  if (expiry > time + MAX_LEAD_SECONDS) throw rejection('REQUEST_EXPIRY_TOO_FAR', { expiry, time });
}

function requesterGone(requester: bigint): LedgerError {
  return new LedgerError(
    'REQUESTER_UNKNOWN',
    { en: 'The requester is no member any more.', zh: '请求方已不是成员。' },
    { requester },
  );
}

function notLoggable(error: string): LedgerError {
  return new LedgerError(
    'ANSWER_NOT_LOGGABLE',
    { en: `The answer log would refuse this answer: ${error}.`, zh: `应答日志将拒绝该应答：${error}。` },
    { error },
  );
}

function signatureStale({ requester }: ReceivedQuestion): LedgerError {
  return new LedgerError(
    'REQUEST_SIGNATURE_STALE',
    {
      en: `Member ${requester} has another operator key than it signed this question with; it is to send it again.`,
      zh: `成员 ${requester} 的操作密钥已不是签署该问题时的密钥，须由其重新签署发送。`,
    },
    { requester },
  );
}

function entryNotSeen(requestId: Hex): LedgerError {
  return new LedgerError(
    'LOG_ENTRY_NOT_SEEN',
    {
      en: 'The transaction is in a block, and the endpoint does not show its log entry yet.',
      zh: '交易已入块，但节点尚未返回对应的日志条目。',
    },
    { requestId },
  );
}

function logDiffers(question: ReceivedQuestion, reason: string): LedgerError {
  return new LedgerError(
    'LOG_DIFFERS',
    {
      en: `What the log holds is not what this node sent (${reason}); nothing is released.`,
      zh: `日志内容与本节点发送的不符（${reason}），不予放行。`,
    },
    { requestId: bytesToHex(question.requestId), reason },
  );
}
