import type { LogEntryFact, Standing } from '@credit-ledger/sdk/answer';
import { requestDigest } from '@credit-ledger/sdk/answer';
import { answerLogAbi, subjectConsentsAbi } from '@credit-ledger/sdk/chain';
import {
  EMPTY_ROOT,
  type Hex,
  keccakWords,
  LedgerError,
  type LedgerClass,
  type Predicate,
  predicateHashOf,
} from '@credit-ledger/sdk/protocol';
import { decodeFunctionData, type TypedDataDefinition } from 'viem';
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import type { TransactionRequest } from '../../../node/src/chain/outbox.ts';
import type {
  ApplicationTerms,
  BindingFact,
  ConsentFact,
  GrantFact,
  LedgerReads,
  MemberFact,
  Signer,
  Transactions,
} from '../../../node/src/exchange/index.ts';
import type { Database } from '../../../node/src/store/index.ts';

const address = (digit: string): Hex => `0x${digit.repeat(40)}`;
export const NO_HASH: Hex = `0x${'0'.repeat(64)}`;
export const word = (value: number | bigint): Hex => `0x${BigInt(value).toString(16).padStart(64, '0')}`;

/** A member with its keys. */
export class TestSigner implements Signer {
  #operator = privateKeyToAccount(generatePrivateKey());
  readonly #witness = privateKeyToAccount(generatePrivateKey());
  readonly #former: PrivateKeyAccount[] = [];

  get operatorAddress(): Hex {
    return this.#operator.address.toLowerCase() as Hex;
  }

  get witnessAddress(): Hex {
    return this.#witness.address.toLowerCase() as Hex;
  }

  /** Another operator key signs from now on; gives the former one's address. */
  changeKey(): Hex {
    const former = this.operatorAddress;
    this.#former.push(this.#operator);
    this.#operator = privateKeyToAccount(generatePrivateKey());
    return former;
  }

  async signTypedData(role: 'operator' | 'witness', typedData: TypedDataDefinition, as?: Hex): Promise<Hex> {
    const held = role === 'operator' ? [this.#operator, ...this.#former] : [this.#witness];
    const key = as === undefined ? held[0] : held.find(({ address }) => address.toLowerCase() === as);
    if (key === undefined) throw new Error(`the keyring does not hold ${as}`);
    return key.signTypedData(typedData);
  }
}

interface Logged extends LogEntryFact {
  readonly requestId: Hex;
  readonly grantId: Hex;
  readonly requester: bigint;
  readonly subjectTag: Hex;
  readonly transactionHash: Hex;
}

/** A ledger in memory that says what the contracts would say, and whatever a test wants it to say. */
export class FakeLedger implements LedgerReads {
  readonly domain = { chainId: 31337n, answerLog: address('5') };
  readonly contracts = {
    consortium: address('1'),
    registers: address('2'),
    applications: address('3'),
    grants: address('4'),
    answerLog: address('5'),
    consents: address('6'),
  };
  time = 0n;
  blockNumber = 100n;
  down = false;
  readonly members = new Map<bigint, MemberFact>();
  readonly registers = new Map<bigint, { owner: bigint; secretCommit: bigint }>();
  application: ApplicationTerms = { version: 1, gateway: 'government-sharing', historicalDays: false };
  readonly predicates = new Map<Hex, { class: LedgerClass; circuits: Hex[]; predicate: Predicate }>();
  readonly grants = new Map<Hex, GrantFact>();
  consents = false;
  readonly consentsGiven = new Map<Hex, ConsentFact>();
  readonly bindings = new Map<bigint, BindingFact>();
  readonly citations = new Map<string, Hex>();
  batch = { seq: 0n, batchHash: NO_HASH, root: EMPTY_ROOT as bigint };
  standing: Standing = 'current';
  standingReason = 'NotWitnessed';
  /** What the log says to whoever asks it beforehand. */
  callRefusal: string | undefined;
  entries: Logged[] = [];
  readonly calls: string[] = [];

  #reach<T>(value: T): Promise<T> {
    if (!this.down) return Promise.resolve(value);
    return Promise.reject(new LedgerError('CHAIN_UNREACHABLE', { en: 'down', zh: '断开' }));
  }

  addMember(id: bigint, signer: Signer, change: Partial<MemberFact> = {}): void {
    this.members.set(id, {
      id,
      name: `member ${id}`,
      region: 110000,
      role: 'authority',
      active: true,
      operator: signer.operatorAddress,
      witness: signer.witnessAddress,
      endpoint: `http://member-${id}.test`,
      ...change,
    });
  }

  list(predicate: Predicate, circuits: Hex[] = [word(8)]): Hex {
    const hash = word(predicateHashOf(predicate));
    this.predicates.set(hash, { class: predicate.class, circuits, predicate });
    return hash;
  }

  now() {
    return this.#reach({ blockNumber: this.blockNumber, time: this.time });
  }
  member(id: bigint) {
    return this.#reach(this.members.get(id));
  }
  /** The key that a member had before a block; it has the one of `members` from that block on. */
  readonly formerKeys = new Map<bigint, { readonly beforeBlock: bigint; readonly operator: Hex }>();

  /** The council has given a member's node, which signs with `signer`, another key from a block on. */
  changeKey(id: bigint, signer: TestSigner, fromBlock: bigint): void {
    this.formerKeys.set(id, { beforeBlock: fromBlock, operator: signer.changeKey() });
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`no member ${id}`);
    this.members.set(id, { ...member, operator: signer.operatorAddress });
  }

  operatorAt(id: bigint, blockNumber: bigint) {
    const former = this.formerKeys.get(id);
    const isFormer = former !== undefined && blockNumber < former.beforeBlock;
    return this.#reach(isFormer ? former.operator : this.members.get(id)?.operator);
  }
  witnessAt(id: bigint) {
    return this.#reach(this.members.get(id)?.witness);
  }
  memberCount() {
    return this.#reach(BigInt(this.members.size));
  }
  register(id: bigint) {
    return this.#reach(this.registers.get(id));
  }
  registersOf(memberId: bigint) {
    return this.#reach([...this.registers].filter(([, { owner }]) => owner === memberId).map(([id]) => id));
  }
  terms() {
    return this.#reach(this.application);
  }
  listed(_application: Hex, _version: number, hash: Hex) {
    const found = this.predicates.get(hash);
    return this.#reach({ listed: found !== undefined, class: found?.class ?? 1 });
  }
  circuitsFor(_application: Hex, _version: number, hash: Hex) {
    return this.#reach(this.predicates.get(hash)?.circuits ?? []);
  }
  predicate(_application: Hex, _version: number, hash: Hex) {
    return this.#reach(this.predicates.get(hash)?.predicate);
  }
  grant(grantId: Hex) {
    return this.#reach(this.grants.get(grantId) ?? noGrant());
  }
  consentsInForce() {
    return this.#reach(this.consents);
  }
  consent(consentId: Hex) {
    return this.#reach(this.consentsGiven.get(consentId));
  }
  binding(bindingId: bigint) {
    return this.#reach(this.bindings.get(bindingId));
  }
  citedConsent(requester: bigint, requestDigest: Hex) {
    return this.#reach(this.citations.get(`${requester} ${requestDigest}`));
  }
  latestWitnessed() {
    return this.#reach(this.batch);
  }
  usable() {
    return this.#reach(
      this.standing === 'not-usable'
        ? { standing: this.standing, reason: this.standingReason }
        : { standing: this.standing },
    );
  }
  logIdOf(registerId: bigint, grantId: Hex, requester: bigint, requestId: Hex) {
    const found = this.entries.findIndex(
      (each) =>
        each.registerId === registerId &&
        each.grantId === grantId &&
        each.requester === requester &&
        each.requestId === requestId,
    );
    return this.#reach(BigInt(found + 1));
  }
  requestOfTag(requester: bigint, tag: Hex) {
    const found = this.entries.find(
      (each) => each.requester === requester && each.subjectTag === tag && each.refusalCode === 0,
    );
    return this.#reach(found?.requestId);
  }
  logEntry(logId: bigint) {
    return this.#reach(this.entries[Number(logId) - 1]);
  }
  logTransaction(logId: bigint, blockNumber: bigint) {
    const entry = this.entries[Number(logId) - 1];
    return this.#reach(entry?.blockNumber === blockNumber ? entry.transactionHash : undefined);
  }
  refusalOfCall() {
    return this.#reach(this.callRefusal);
  }

  /** What the answer log does with a transaction: an entry, or the name of the error. */
  execute(data: Hex): string | undefined {
    const call = decodeFunctionData({ abi: [...answerLogAbi, ...subjectConsentsAbi], data });
    this.calls.push(call.functionName);
    if (call.functionName === 'cite') {
      const [consentId, requestDigest] = call.args;
      const consent = this.consentsGiven.get(consentId);
      if (consent === undefined) return 'UnknownConsent';
      if (consent.revokedAt !== 0n) return 'ConsentIsRevoked';
      this.citations.set(`${consent.requester} ${requestDigest}`, consentId);
      return undefined;
    }
    if (call.functionName !== 'log' && call.functionName !== 'refuse') return undefined;
    const request = call.args[0];
    const known = this.entries.some(
      (each) =>
        each.requestId === request.requestId &&
        each.grantId === request.grantId &&
        each.registerId === request.registerId &&
        each.requester === request.requester,
    );
    if (known) return 'AlreadyLogged';
    const answer = call.functionName === 'log' ? call.args : undefined;
    this.blockNumber += 1n;
    this.entries.push({
      requestId: request.requestId,
      grantId: request.grantId,
      requester: request.requester,
      subjectTag: request.subjectTag,
      requestDigest: requestDigest(this.domain, { ...request }),
      registerId: request.registerId,
      batchHash: answer?.[2] ?? NO_HASH,
      seq: this.batch.seq,
      standing: this.standing,
      circuitId: answer?.[3] ?? NO_HASH,
      answerCommitment: answer?.[4] ?? NO_HASH,
      refusalCode: call.functionName === 'refuse' ? call.args[2] : 0,
      time: this.time,
      blockNumber: this.blockNumber,
      transactionHash: keccakWords([this.blockNumber, BigInt(request.requestId)]),
    });
    return undefined;
  }
}

function noGrant(): GrantFact {
  return {
    grantor: 0n,
    grantee: { kind: 'member', id: 0n },
    applicationId: NO_HASH,
    classes: 0,
    validFrom: 0n,
    validUntil: 0n,
    maxUses: 0,
    consentRequired: false,
    uses: 0,
    revokedAt: 0n,
  };
}

/** The queue of transactions, which a test can hold, fail, and look into; it survives a "restart". */
export class FakeTransactions implements Transactions {
  readonly sent: TransactionRequest[] = [];
  readonly outcomes = new Map<bigint, { blockNumber: bigint } | LedgerError>();
  readonly #ledger: FakeLedger;
  #held: { readonly open: Promise<void>; readonly release: () => void } | undefined;
  /** Names of errors with which the next transactions are reverted; `undefined` lets one through. */
  readonly reverts: (string | undefined)[] = [];

  constructor(ledger: FakeLedger) {
    this.#ledger = ledger;
  }

  /** Nothing is mined until the function that this returns is called. */
  hold(): () => void {
    const { promise, resolve } = deferred();
    this.#held = { open: promise, release: resolve };
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  async enqueue(db: Database, request: TransactionRequest): Promise<bigint> {
    const known = this.sent.findIndex(({ dedupeKey }) => dedupeKey === request.dedupeKey);
    if (known >= 0) return BigInt(known + 1);
    this.sent.push(request);
    // A row as the outbox would make it: received_questions refers to it.
    const [row] = await db.query<{ id: string }>(
      `INSERT INTO outbox (role, kind, dedupe_key, to_address, data, state, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, 'queued', now(), now()) RETURNING id`,
      [request.role, request.kind, request.dedupeKey, request.to, Buffer.from(request.data.slice(2), 'hex')],
    );
    return BigInt(row?.id ?? 0);
  }

  async waitFor(id: bigint, signal?: AbortSignal): Promise<{ blockNumber: bigint }> {
    const held = this.#held;
    if (held !== undefined) {
      await Promise.race([held.open, untilAborted(signal)]);
    }
    signal?.throwIfAborted();
    let outcome = this.outcomes.get(id);
    if (outcome === undefined) {
      const request = this.sent[Number(id) - 1];
      if (request === undefined) throw new Error(`nothing was sent as ${id}`);
      const error = this.reverts.shift() ?? this.#ledger.execute(request.data);
      outcome =
        error === undefined
          ? { blockNumber: this.#ledger.blockNumber }
          : new LedgerError('CHAIN_REVERTED', { en: error, zh: error }, { error });
      this.outcomes.set(id, outcome);
    }
    if (outcome instanceof LedgerError) throw outcome;
    return outcome;
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A promise to be resolved from outside. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
