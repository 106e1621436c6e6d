import {
  type CreditAnswer,
  type ReasonCode,
  type Expectations,
  requestDigest,
  signerOf,
  type SignedRequestJson,
  type Verification,
} from '@credit-ledger/sdk/answer';
import {
  canonicalBytes,
  type Day,
  dayAt,
  findApplication,
  findPredicate,
  type Hex,
  isLedgerError,
  LedgerError,
  ledgerDomain,
  type Nonce,
  parseUscc,
  predicateHashOf,
  randomNonce,
  REQUEST_TYPES,
  subjectTagOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { randomBytes } from 'node:crypto';
import { bytesToHex, hexToBytes } from 'viem';
import type { Clock } from '../clock.ts';
import { GrantStore } from '../store/grants.ts';
import type { Database } from '../store/index.ts';
import { type AskedQuestion, QuestionStore } from '../store/questions.ts';
import { agreedTime, unixSeconds } from './clock-check.ts';
import {
  consentError,
  consentErrorOf,
  type ConsentOpening,
  type ConsentUse,
  whyConsentNotGiven,
} from './consents.ts';
import { consentNeeded, whyGrantNotUsable } from './eligibility.ts';
import { isChangingKeys } from './key-changes.ts';
import { rejection, storedError } from './errors.ts';
import { citeCall, lodgeCall, requestTuple } from './log-calls.ts';
import {
  type ExchangeLog,
  type LedgerReads,
  type MemberFact,
  type Signer,
  silentLog,
  type Transactions,
} from './ports.ts';
import { isTransient, pauseAfter, pauseWhilePending, realWait, type Wait } from './retry.ts';
import type { PeerResponse, PeerTransport } from './transport.ts';
import { fetchOutcomeSchema, fetchTypedData, refusalSigner, type SignedRefusal } from './wire.ts';

/** Verifies an answer against the pinned network file and the chain. */
export interface AnswerVerifier {
  verify(answer: unknown, expected: Expectations): Promise<Verification>;
}

export interface RequesterParts {
  readonly db: Database;
  readonly facts: LedgerReads;
  readonly transport: PeerTransport;
  readonly transactions: Transactions;
  readonly verifier: AnswerVerifier;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Who this node is. */
  readonly memberId: bigint;
  readonly log?: ExchangeLog;
  readonly wait?: Wait;
  readonly pauses?: { readonly firstMilliseconds: number; readonly mostMilliseconds: number };
  /** Questions that may be open; further ones are refused with `BUSY`. 1000 by default. */
  readonly mostOpen?: number;
}

/** A question as the agency's people put it. */
export interface Ask {
  /** Unified social credit code. */
  readonly subject: string;
  readonly registerId: bigint;
  /** Names in the catalogue. */
  readonly application: string;
  readonly predicate: string;
  /** The usable grant that ends last by default. */
  readonly grantId?: Hex;
  /** Today by default. */
  readonly asOfDay?: Day;
  /** Until when it may be answered; one hour by default, 30 days at most. */
  readonly expirySeconds?: number;
  /** The subject's consent, where the application or the grant needs one; refused where it does not. */
  readonly consent?: ConsentOpening;
  /** Also lodges the question on chain, so that silence is counted there. */
  readonly lodge?: boolean;
  /** The caller's own name for this question: asking again under it is the same question. */
  readonly clientKey?: string;
  /**
   * In place of random ones: a request of its own making that goes to several registers under one id
   * and one tag. Asked again under the same id and register, it is the same question.
   */
  readonly fixed?: { readonly requestId: Hex; readonly nonce: Nonce };
  /** Who asks, for the agency's own records. */
  readonly askedBy: string;
}

/** Each is pursued by itself, so their number is also that of calls to other nodes. */
const MOST_OPEN = 1000;
const HOUR_SECONDS = 3_600;
const MAX_EXPIRY_SECONDS = 30 * 86_400;
/** So long after its expiry a logged answer is still fetched from a responder that was away. */
const PATIENCE_SECONDS = 7n * 86_400n;
/** So long at a time the citation of a consent is waited for. */
const CITATION_WAIT_MILLISECONDS = 30_000;
/** Clocks that differ for a moment; a responder that starts, or that its council is about to admit. */
const PASSING = ['FETCH_TIME_OFF', 'NOT_A_MEMBER'];
/** What a responder says to a key that it does not know as ours. */
const OF_THE_KEY = ['QUESTION_NOT_AUTHENTIC', 'QUESTION_UNKNOWN'];
/**
 * An answer that does not stand where it says. When the chain has gone back, its log entry is on its
 * way again, or is in another block or under another number already, and the responder’s document
 * follows: it is asked for once more, as long as it counts. Another answer in that place is no such thing.
 */
const ELSEWHERE_IN_LOG: ReadonlySet<string> = new Set<ReasonCode>([
  'NOT_LOGGED',
  'LOGGED_ELSEWHERE',
  'LOGGED_OTHER_REQUEST',
]);
/** The log may take a block or two after the expiry until it is sure that nothing came. */
const LOG_SLACK_SECONDS = 120n;

/**
 * Asks other members' registers. A question is kept before it is sent and has one requestId for
 * good, whatever is restarted; an answer is believed only after it was verified. No answer is
 * never a YES.
 */
export class Requester {
  readonly #parts: RequesterParts;
  readonly #store: QuestionStore;
  readonly #log: ExchangeLog;
  readonly #wait: Wait;
  readonly #working = new Map<bigint, Promise<void>>();
  #stop: AbortController | undefined;

  constructor(parts: RequesterParts) {
    this.#parts = parts;
    this.#store = new QuestionStore(parts.db);
    this.#log = parts.log ?? silentLog;
    this.#wait = parts.wait ?? realWait;
  }

  /** Goes on with every question that has no outcome yet. */
  async start(): Promise<void> {
    this.#stop ??= new AbortController();
    for (const id of await this.#store.open()) this.#kick(id);
  }

  async onEvents(): Promise<void> {
    // What is answered is fetched and verified; events add nothing to it.
  }

  /**
   * Blocks after `toBlock` are gone: answers that were logged in them are not in the log any more, or under another
   * number. Their questions are open again, in the open, until the answer as it is logged now has been fetched.
   */
  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    const reopened = await new QuestionStore(db).unanswerAfter(toBlock, this.#parts.clock.now());
    db.afterCommit(() => {
      for (const id of reopened) this.#kick(id);
    });
  }

  /** Leaves what is open as it is; the next start goes on. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await Promise.all(this.#working.values());
    this.#stop = undefined;
  }

  /** Resolves when no question is being pursued. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working.values());
  }

  /**
   * Puts a question to one register and returns its number; the outcome comes by itself.
   * Errors: `USCC_…`, `APPLICATION_UNKNOWN`, `PREDICATE_UNKNOWN`, `PREDICATE_NOT_LISTED`,
   * `REGISTER_UNKNOWN`, `GRANT_MISSING`, `GRANT_NOT_USABLE`, `EXPIRY_INVALID`, `CLIENT_KEY_TAKEN`,
   * `REQUEST_ID_TAKEN`, `CONSENT_…`, `BINDING_ENDED`, `BUSY`, `CLOCK_OFF`, `CHAIN_…`.
   */
  async ask(ask: Ask): Promise<bigint> {
    const { facts, clock, db, transactions } = this.#parts;
    const uscc = parseUscc(ask.subject);
    const application = findApplication(ask.application);
    const { predicate } = findPredicate(ask.application, ask.predicate);
    const predicateHash = toBytes32(predicateHashOf(predicate));
    const known = await this.#asked(ask, uscc);
    if (known !== undefined) return known;
    if ((await this.#store.countOpen()) >= (this.#parts.mostOpen ?? MOST_OPEN)) throw rejection('BUSY');
    const { time } = await agreedTime(facts, clock);
    const register = await facts.register(ask.registerId);
    if (register === undefined) throw registerUnknown(ask.registerId);
    const terms = await facts.terms(application.id);
    const { version } = terms;
    const { listed } = await facts.listed(application.id, version, predicateHash);
    if (version === 0 || !listed) throw notListed(ask);
    const grantId = await this.#grantFor(ask, register.owner, application.id, predicate.class, time);
    const consent = await this.#consentFor(ask, consentNeeded(terms, await facts.grant(grantId)), {
      uscc,
      requester: this.#parts.memberId,
      registerId: ask.registerId,
      applicationId: application.id,
      time,
    });

    const nonce = ask.fixed?.nonce ?? randomNonce();
    const unsigned = {
      requestId: ask.fixed?.requestId ?? bytesToHex(randomBytes(32)),
      requester: this.#parts.memberId.toString(),
      registerId: ask.registerId.toString(),
      applicationId: application.id,
      applicationVersion: version,
      predicateHash,
      asOfDay: ask.asOfDay ?? dayAt(time),
      subjectTag: toBytes32(subjectTagOf(uscc, nonce)),
      grantId,
      expiry: Number(time) + expirySeconds(ask),
    };
    const request = await this.#signed(unsigned);
    const digest = requestDigest(facts.domain, request);
    // Kept before anything is sent; lodged if and only if it is kept.
    const id = await db.transaction(async (tx) => {
      const store = new QuestionStore(tx);
      const made = await store.insert(
        {
          clientKey: ask.clientKey ?? null,
          requestId: hexToBytes(request.requestId),
          requestDigest: hexToBytes(digest),
          responder: register.owner,
          registerId: ask.registerId,
          application: ask.application,
          predicate: ask.predicate,
          request,
          uscc,
          nonce: hexToBytes(toBytes32(nonce)),
          consentId: consent === undefined ? null : hexToBytes(consent.consentId),
          bindingSalt: consent === undefined ? null : hexToBytes(consent.salt),
          askedBy: ask.askedBy,
        },
        clock.now(),
      );
      if (made === undefined) return undefined;
      if (consent !== undefined) {
        const outboxId = await transactions.enqueue(tx, {
          kind: 'cite-consent',
          dedupeKey: `cite ${digest}`,
          role: 'operator',
          to: facts.contracts.consents,
          data: citeCall(consent.consentId, digest),
        });
        await store.citedBy(made, outboxId);
      }
      if (ask.lodge === true) {
        await transactions.enqueue(tx, {
          kind: 'lodge',
          dedupeKey: `lodge ${digest}`,
          role: 'operator',
          to: facts.contracts.answerLog,
          data: lodgeCall(
            digest,
            ask.registerId,
            BigInt(Math.max(request.expiry, Number(time) + 2 * HOUR_SECONDS)),
          ),
        });
      }
      return made;
    });
    if (id === undefined) {
      // Somebody asked under the same name or request id at the same moment.
      const other = await this.#asked(ask, uscc);
      if (other !== undefined) return other;
      throw clientKeyTaken(ask.clientKey ?? '');
    }
    this.#kick(id);
    return id;
  }

  /** Puts a question to every register of an authority: only all of them together are its answer. */
  async askMember(ask: Omit<Ask, 'registerId'> & { readonly memberId: bigint }): Promise<bigint[]> {
    const registers = await this.#parts.facts.registersOf(ask.memberId);
    if (registers.length === 0) {
      if ((await this.#parts.facts.member(ask.memberId)) === undefined) throw notAMember(ask.memberId);
      throw memberWithoutRegister(ask.memberId);
    }
    const ids: bigint[] = [];
    for (const registerId of registers) {
      const clientKey = ask.clientKey === undefined ? {} : { clientKey: `${ask.clientKey} ${registerId}` };
      ids.push(await this.ask({ ...ask, ...clientKey, registerId }));
    }
    return ids;
  }

  /** A question with its outcome, if it has one. */
  async question(id: bigint): Promise<AskedQuestion | undefined> {
    return this.#store.byId(id);
  }

  /** Resolves with the question once it has an outcome. @throws the signal's reason */
  async outcome(id: bigint, signal?: AbortSignal): Promise<AskedQuestion> {
    for (;;) {
      signal?.throwIfAborted();
      const working = this.#working.get(id);
      const question = await this.#store.byId(id);
      if (question === undefined) throw questionUnknown(id);
      if (question.state !== 'created' && question.state !== 'sent') return question;
      if (working === undefined) throw notPursued(id);
      await Promise.race([working, aborted(signal)]);
    }
  }

  /** The question that this asking repeats, if any: under the caller's name for it, or its fixed request id. */
  async #asked(ask: Ask, uscc: Uscc): Promise<bigint | undefined> {
    if (ask.clientKey !== undefined) {
      const known = await this.#store.byClientKey(ask.clientKey);
      if (known !== undefined) return sameQuestion(known, ask, uscc);
    }
    if (ask.fixed !== undefined) {
      const known = await this.#store.byRequest(hexToBytes(ask.fixed.requestId), ask.registerId);
      if (known !== undefined) return sameQuestion(known, ask, uscc);
    }
    return undefined;
  }

  // ── what a question is made of ───────────────────────────────────────────────

  async #grantFor(
    ask: Ask,
    owner: bigint,
    applicationId: Hex,
    ledgerClass: number,
    time: bigint,
  ): Promise<Hex> {
    const { facts, db, memberId } = this.#parts;
    const me = await facts.member(memberId);
    if (me === undefined) throw notAMember(memberId);
    const use = { owner, requester: me, applicationId, ledgerClass, time };
    if (ask.grantId !== undefined) {
      const why = whyGrantNotUsable(await facts.grant(ask.grantId), use);
      if (why !== undefined) throw grantNotUsable(ask.grantId, why);
      return ask.grantId;
    }
    const candidates = await new GrantStore(db).list({
      grantor: owner,
      applicationId,
      usableBy: { memberId, region: me.region },
    });
    const endingLast = candidates.sort((a, b) => (a.validUntil < b.validUntil ? 1 : -1));
    for (const { grantId } of endingLast) {
      // The chain has the last word: the follower may be behind.
      if (whyGrantNotUsable(await facts.grant(grantId as Hex), use) === undefined) return grantId as Hex;
    }
    throw grantMissing(owner, ask.application);
  }

  /** The consent that the question will cite; undefined where it needs none. */
  async #consentFor(ask: Ask, needed: boolean, use: ConsentUse): Promise<ConsentOpening | undefined> {
    const { facts } = this.#parts;
    const { consent } = ask;
    if (!needed) {
      if (consent !== undefined) throw consentError('ConsentNotNeeded', { application: ask.application });
      return undefined;
    }
    if (consent === undefined) {
      const { application, registerId } = ask;
      throw consentError('ConsentNotGiven', { application, registerId, requester: use.requester });
    }
    if (!(await facts.consentsInForce())) throw consentsNotInForce();
    const why = await whyConsentNotGiven(facts, consent, use);
    if (why === undefined) return consent;
    const { consentId } = consent;
    throw consentErrorOf(why, { consentId }) ?? consentError('UnknownConsent', { consentId, why });
  }

  async #signed(unsigned: Omit<SignedRequestJson, 'signature'>): Promise<SignedRequestJson> {
    const { facts, signer } = this.#parts;
    const signature = await signer.signTypedData('operator', {
      domain: ledgerDomain(facts.domain.chainId, facts.domain.answerLog),
      types: REQUEST_TYPES,
      primaryType: 'Request',
      message: requestTuple({ ...unsigned, signature: '0x' }),
    });
    return { ...unsigned, signature };
  }

  // ── getting it answered ──────────────────────────────────────────────────────

  #kick(id: bigint): void {
    if (this.#stop === undefined || this.#stop.signal.aborted || this.#working.has(id)) return;
    const work = this.#pursue(id, this.#stop.signal).finally(() => this.#working.delete(id));
    this.#working.set(id, work);
  }

  async #pursue(id: bigint, signal: AbortSignal): Promise<void> {
    const { firstMilliseconds, mostMilliseconds } = this.#parts.pauses ?? {
      firstMilliseconds: 200,
      mostMilliseconds: 10_000,
    };
    let turns = 0;
    while (!signal.aborted) {
      let pauseOf = pauseWhilePending;
      try {
        const question = await this.#store.byId(id);
        if (question === undefined) return;
        const before = question.state;
        if (before !== 'created' && before !== 'sent') return;
        if (await this.#step(question, signal)) {
          turns = 0;
          continue;
        }
        if (question.error !== null) await this.#store.trouble(id, null, this.#parts.clock.now());
      } catch (error) {
        if (signal.aborted) return;
        const stored = storedError(error);
        this.#log.warn({ question: id.toString(), code: stored.code }, 'a question does not go on');
        await this.#noteTrouble(id, error);
        pauseOf = pauseAfter;
      }
      await this.#wait(pauseOf(turns, firstMilliseconds, mostMilliseconds), signal).catch(() => undefined);
      turns += 1;
    }
  }

  async #noteTrouble(id: bigint, error: unknown): Promise<void> {
    try {
      await this.#store.trouble(id, storedError(error), this.#parts.clock.now());
      const question = await this.#store.byId(id);
      if (question !== undefined) await this.#endWhenTooLate(question);
    } catch (again) {
      // Store or chain are away as well; the question stays open and is pursued on.
      this.#log.warn(
        { question: id.toString(), code: storedError(again).code },
        'a trouble could not be noted',
      );
    }
  }

  /** One step; true when the question has moved on. */
  async #step(question: AskedQuestion, signal: AbortSignal): Promise<boolean> {
    const responder = await this.#parts.facts.member(question.responder);
    if (responder === undefined) throw notAMember(question.responder);
    if (await this.#signedAnew(question)) return true;
    if (question.state === 'created') {
      if (await this.#endWhenTooLate(question)) return true;
      if (!(await this.#cited(question, signal)))
        return (await this.question(question.id))?.state === 'failed';
      return this.#send(question, responder, signal);
    }
    if (await this.#fetch(question, responder, signal)) return true;
    return this.#endWhenTooLate(question);
  }

  /** Signs an open question again when this node's key has changed since; true when it is to be sent again. */
  async #signedAnew(question: AskedQuestion): Promise<boolean> {
    const { signer, clock } = this.#parts;
    const { signature, ...unsigned } = question.request as SignedRequestJson;
    const key = signer.operatorAddress.toLowerCase();
    if (signerOf(bytesToHex(question.requestDigest), signature) === key) return false;
    await this.#store.signedAnew(question.id, await this.#signed(unsigned), clock.now());
    this.#log.info({ question: question.id.toString() }, 'an open question is sent under another key');
    return true;
  }

  /**
   * Waits a while until the question's citation of its consent is in a block: a responder that was
   * asked before would see none. False when it is not, or never will be, and the question has ended.
   */
  async #cited(question: AskedQuestion, signal: AbortSignal): Promise<boolean> {
    const { transactions, clock } = this.#parts;
    if (question.citationOutboxId === null) return true;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(CITATION_WAIT_MILLISECONDS)]);
    try {
      await transactions.waitFor(question.citationOutboxId, patience);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (patience.aborted) return false;
      if (!isLedgerError(error) || isTransient(error)) throw error;
      const consentId = bytesToHex(question.consentId ?? new Uint8Array());
      const why = consentErrorOf(String(error.operands['error']), { consentId }) ?? error;
      await this.#store.failed(question.id, storedError(why), clock.now());
      return false;
    }
  }

  async #send(question: AskedQuestion, responder: MemberFact, signal: AbortSignal): Promise<boolean> {
    const { transport, clock } = this.#parts;
    const { consentId, bindingSalt } = question;
    const body = {
      request: question.request,
      uscc: question.uscc,
      nonce: bytesToHex(question.nonce),
      ...(consentId === null || bindingSalt === null
        ? {}
        : { consent: { consentId: bytesToHex(consentId), salt: bytesToHex(bindingSalt) } }),
    };
    const response = await transport.post(responder.endpoint, '/v1/exchange/questions', body, signal);
    // 409: it arrived before, and only its confirmation was lost. The requestId is ours, whoever else has one like it.
    if (response.status === 202 || codeOf(response) === 'REQUEST_REPLAYED') {
      await this.#store.toSent(question.id, clock.now());
      return true;
    }
    return this.#turnedAway(question, response);
  }

  async #fetch(question: AskedQuestion, responder: MemberFact, signal: AbortSignal): Promise<boolean> {
    const { transport, signer, facts, clock } = this.#parts;
    const requestId = bytesToHex(question.requestId);
    const time = Number(unixSeconds(clock));
    const fetch = { requestId, registerId: question.registerId.toString(), time };
    const body = {
      registerId: fetch.registerId,
      time,
      signature: await signer.signTypedData('operator', fetchTypedData(facts.domain, fetch)),
    };
    const response = await transport.post(
      responder.endpoint,
      `/v1/exchange/answers/${requestId}`,
      body,
      signal,
    );
    if (response.status !== 200 && response.status !== 202) return this.#turnedAway(question, response);
    const outcome = fetchOutcomeSchema.safeParse(response.body);
    if (!outcome.success) throw responseMalformed(responder.endpoint);
    switch (outcome.data.state) {
      case 'pending':
        return false;
      case 'answered':
        return this.#believe(question, outcome.data.answer);
      case 'refused':
        return this.#takeRefusal(question, responder, outcome.data.refusal as SignedRefusal);
    }
  }

  /** What the responder says of itself ends a question only when trying again cannot help. */
  async #turnedAway(question: AskedQuestion, response: PeerResponse): Promise<boolean> {
    const code = codeOf(response) ?? `HTTP_${response.status}`;
    const error = new LedgerError(
      'RESPONDER_TURNED_AWAY',
      { en: `The responder turned the question away: ${code}.`, zh: `应答方拒收该问题：${code}。` },
      { code, status: response.status },
    );
    const passing = response.status >= 500 || [408, 425, 429].includes(response.status);
    const final =
      code === 'QUESTION_FAILED' ||
      (!passing &&
        !PASSING.includes(code) &&
        !(OF_THE_KEY.includes(code) && (await isChangingKeys(this.#parts.facts, this.#parts.memberId))));
    if (!final) throw error;
    await this.#store.failed(question.id, storedError(error), this.#parts.clock.now());
    return true;
  }

  /** An answer is evidence until it has been verified for exactly this question. */
  async #believe(question: AskedQuestion, answer: unknown): Promise<boolean> {
    const { clock } = this.#parts;
    const request = question.request as SignedRequestJson;
    const verification = await this.#parts.verifier.verify(answer, {
      subject: question.uscc,
      predicate: { application: question.application, predicate: question.predicate },
      asOfDay: request.asOfDay,
      requester: request.requester,
      registerId: request.registerId,
      now: Number(unixSeconds(clock)),
    });
    if (verification.overall === 'ERROR') throw couldNotVerify(verification);
    const evidence = { answer, verdicts: plain(verification) };
    if (verification.overall === 'INVALID') {
      const invalid = verification.checks.filter(({ verdict }) => verdict === 'INVALID');
      const [first] = invalid;
      const isTimely = BigInt(request.expiry) > unixSeconds(clock);
      if (isTimely && invalid.length > 0 && invalid.every(({ reason }) => ELSEWHERE_IN_LOG.has(reason))) {
        this.#log.warn(
          { question: question.id.toString(), reason: first?.reason },
          'an answer is not in the log where it says',
        );
        return false;
      }
      await this.#store.failed(
        question.id,
        storedError(notBelieved(first?.check, first?.reason)),
        clock.now(),
        evidence,
      );
      this.#log.warn({ question: question.id.toString(), check: first?.check }, 'an answer was not believed');
      return true;
    }
    if (!sameRequest(answer as CreditAnswer, request)) {
      await this.#store.failed(
        question.id,
        storedError(notBelieved('context', 'REQUEST_OTHER')),
        clock.now(),
        evidence,
      );
      return true;
    }
    await this.#store.answered(question.id, answer, evidence.verdicts, clock.now());
    return true;
  }

  /** Signed by the responder, and logged on chain with the same code: else it is nothing. */
  async #takeRefusal(
    question: AskedQuestion,
    responder: MemberFact,
    refusal: SignedRefusal,
  ): Promise<boolean> {
    const { facts, clock } = this.#parts;
    const entry = await facts.logEntry(BigInt(refusal.logId));
    const key = entry && (await facts.operatorAt(responder.id, entry.blockNumber));
    const genuine =
      key !== undefined &&
      refusal.requestId === bytesToHex(question.requestId) &&
      refusal.responder.member === question.responder.toString() &&
      refusalSigner(facts.domain, refusal) === key &&
      entry?.requestDigest === bytesToHex(question.requestDigest) &&
      entry.refusalCode === refusal.code;
    if (!genuine) throw refusalNotGenuine();
    await this.#store.refused(question.id, refusal.code, refusal, clock.now());
    return true;
  }

  /** After its expiry a question that is not in the log can never be answered. */
  async #endWhenTooLate(question: AskedQuestion): Promise<boolean> {
    const { facts, clock } = this.#parts;
    const request = question.request as SignedRequestJson;
    const { time } = await facts.now();
    const expiry = BigInt(request.expiry);
    if (time <= expiry + LOG_SLACK_SECONDS) return false;
    const logId = await facts.logIdOf(
      question.registerId,
      request.grantId,
      BigInt(request.requester),
      request.requestId,
    );
    if (logId !== 0n && time <= expiry + PATIENCE_SECONDS) return false;
    const error = logId === 0n ? noAnswerInTime(request) : notDelivered(logId);
    await this.#store.failed(question.id, storedError(error), clock.now());
    return true;
  }
}

function expirySeconds(ask: Ask): number {
  const seconds = ask.expirySeconds ?? HOUR_SECONDS;
  if (Number.isSafeInteger(seconds) && seconds >= 60 && seconds < MAX_EXPIRY_SECONDS) return seconds;
  throw new LedgerError(
    'EXPIRY_INVALID',
    { en: 'A question is valid from one minute to 30 days.', zh: '问题有效期应为一分钟至三十天。' },
    { seconds },
  );
}

function sameQuestion(known: AskedQuestion, ask: Ask, uscc: string): bigint {
  const same =
    known.uscc === uscc &&
    known.registerId === ask.registerId &&
    known.application === ask.application &&
    known.predicate === ask.predicate &&
    (ask.fixed === undefined ||
      (bytesToHex(known.requestId) === ask.fixed.requestId &&
        BigInt(bytesToHex(known.nonce)) === ask.fixed.nonce));
  if (same) return known.id;
  throw ask.clientKey !== undefined && known.clientKey === ask.clientKey
    ? clientKeyTaken(ask.clientKey)
    : requestIdTaken(known.id);
}

/**
 * The request in the answer must be the one that was asked, to the last field but the signature: it may
 * have been logged under the former key, and verification has held it against the key of that block.
 */
function sameRequest(answer: CreditAnswer, request: SignedRequestJson): boolean {
  const bytes = ({ signature: _, ...asked }: SignedRequestJson): Buffer => Buffer.from(canonicalBytes(asked));
  return bytes(answer.request).equals(bytes(request));
}

function codeOf(response: PeerResponse): string | undefined {
  const { body } = response;
  if (typeof body !== 'object' || body === null || !('code' in body)) return undefined;
  return typeof body.code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(body.code) ? body.code : undefined;
}

/** Verdicts as JSON keeps them: large integers as decimal text. */
function plain(verification: Verification): unknown {
  return JSON.parse(
    JSON.stringify(verification, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  );
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function registerUnknown(registerId: bigint): LedgerError {
  return new LedgerError(
    'REGISTER_UNKNOWN',
    { en: 'There is no such register on the chain.', zh: '链上没有该登记册。' },
    { registerId },
  );
}

function memberWithoutRegister(memberId: bigint): LedgerError {
  return new LedgerError(
    'REGISTER_UNKNOWN',
    {
      en: `Member ${memberId} has opened no register yet: there is nothing to ask.`,
      zh: `成员 ${memberId} 尚未开立登记册，无可询问。`,
    },
    { memberId },
  );
}

function notListed(ask: Ask): LedgerError {
  return new LedgerError(
    'PREDICATE_NOT_LISTED',
    {
      en: `The application list in force does not let “${ask.application}” ask “${ask.predicate}”.`,
      zh: `现行应用清单不允许“${ask.application}”询问“${ask.predicate}”。`,
    },
    { application: ask.application, predicate: ask.predicate },
  );
}

function grantNotUsable(grantId: Hex, why: string): LedgerError {
  return new LedgerError(
    'GRANT_NOT_USABLE',
    { en: `This grant cannot be used for this question (${why}).`, zh: `该授权不能用于此问题（${why}）。` },
    { grantId, why },
  );
}

function grantMissing(grantor: bigint, application: string): LedgerError {
  return new LedgerError(
    'GRANT_MISSING',
    {
      en: 'That authority has given no grant that could be used for this question.',
      zh: '该机构未给予可用于此问题的共享授权。',
    },
    { grantor, application },
  );
}

function consentsNotInForce(): LedgerError {
  return new LedgerError('CONSENTS_NOT_IN_FORCE', {
    en: 'The council has put no contract for consents in force: what needs consent cannot be asked.',
    zh: '理事会尚未启用授权合约，需授权的问题暂时无法询问。',
  });
}

function clientKeyTaken(clientKey: string): LedgerError {
  return new LedgerError(
    'CLIENT_KEY_TAKEN',
    { en: 'Another question was asked under this name.', zh: '该名称已用于另一个问题。' },
    { clientKey },
  );
}

function requestIdTaken(id: bigint): LedgerError {
  return new LedgerError(
    'REQUEST_ID_TAKEN',
    {
      en: `Question ${id} to this register has this request id and says something else; use another id.`,
      zh: `向该登记册提出的问题 ${id} 已使用该请求编号且内容不同，请改用其他编号。`,
    },
    { id },
  );
}

function questionUnknown(id: bigint): LedgerError {
  return new LedgerError(
    'QUESTION_UNKNOWN',
    { en: 'There is no such question.', zh: '没有该问题。' },
    { id },
  );
}

function notPursued(id: bigint): LedgerError {
  return new LedgerError(
    'QUESTION_NOT_PURSUED',
    { en: 'The question is open, and the exchange is not running.', zh: '问题尚未了结，而交换服务未运行。' },
    { id },
  );
}

function notAMember(memberId: bigint): LedgerError {
  return new LedgerError(
    'MEMBER_UNKNOWN',
    { en: `There is no member ${memberId} on the chain.`, zh: `链上没有成员 ${memberId}。` },
    { memberId },
  );
}

function responseMalformed(endpoint: string): LedgerError {
  return new LedgerError(
    'PEER_RESPONSE_INVALID',
    { en: 'The responder answered with something else than an outcome.', zh: '应答方返回的内容无法识别。' },
    { endpoint },
  );
}

function couldNotVerify(verification: Verification): LedgerError {
  const open = verification.checks.filter(({ verdict }) => verdict === 'ERROR');
  return new LedgerError(
    'ANSWER_NOT_VERIFIED',
    {
      en: 'The answer could not be verified yet; it is not believed before.',
      zh: '暂时无法验证该答案，验证之前不予采信。',
    },
    { checks: open.map(({ check }) => check), reasons: open.map(({ reason }) => reason) },
  );
}

function notBelieved(check: string | undefined, reason: string | undefined): LedgerError {
  return new LedgerError(
    'ANSWER_NOT_BELIEVED',
    {
      en: `An answer came and did not stand verification (${check ?? 'unknown'}).`,
      zh: `收到的答案未通过验证（${check ?? '未知'}）。`,
    },
    { check: check ?? null, reason: reason ?? null },
  );
}

function refusalNotGenuine(): LedgerError {
  return new LedgerError('REFUSAL_NOT_GENUINE', {
    en: 'A refusal came that the responder did not sign or did not log.',
    zh: '收到的拒答未经应答方签名或未记入日志。',
  });
}

function noAnswerInTime(request: SignedRequestJson): LedgerError {
  return new LedgerError(
    'NO_ANSWER_IN_TIME',
    {
      en: 'The question expired without an answer or a refusal. No answer is never a YES.',
      zh: '问题已过期，未获应答或拒答。未获应答绝不等于“是”。',
    },
    { expiry: request.expiry },
  );
}

function notDelivered(logId: bigint): LedgerError {
  return new LedgerError(
    'ANSWER_NOT_DELIVERED',
    {
      en: 'An outcome was logged, and the responder never delivered it.',
      zh: '结果已记入日志，但应答方始终未交付。',
    },
    { logId },
  );
}
