import { letterDigestOf } from '@credit-ledger/sdk/answer';
import {
  commitmentItemsAbi,
  commitmentLettersAbi,
  incompleteFilingsAbi,
  voluntaryPledgesAbi,
} from '@credit-ledger/sdk/chain';
import {
  dayAt,
  FILING_WORKING_DAYS,
  type Hex,
  itemIdOf,
  LedgerError,
  letterRequestIdOf,
  PUBLIC_REASONS,
  templateIdOf,
  WorkingCalendar,
} from '@credit-ledger/sdk/protocol';
import { randomBytes } from 'node:crypto';
import { bytesToHex, decodeFunctionData, keccak256 } from 'viem';
import type { TransactionRequest } from '../../../node/src/chain/outbox.ts';
import type { ShiftedClock } from '../../../node/src/clock.ts';
import { type Database, OutboxStore } from '../../../node/src/store/index.ts';
import type { PretendChain } from '../../registers/support/world.ts';

interface Happening {
  readonly contract: string;
  readonly name: string;
  readonly args: Record<string, unknown>;
}

export const CHAIN_ID = 31_337;
export const CONTRACTS = {
  items: `0x${'c2'.repeat(20)}`,
  letters: `0x${'c3'.repeat(20)}`,
  filings: `0x${'c4'.repeat(20)}`,
  pledges: `0x${'c7'.repeat(20)}`,
} as const satisfies Record<string, Hex>;

/**
 * The queue of transactions and the contracts of this room, told apart from the real ones by not checking
 * anything: for tests of what the node decides and sends. Each transaction is mined when it is waited for,
 * or when a test says so; one that a test has refused fails as the outbox would have it.
 */
export class PretendProcesses {
  readonly sent: TransactionRequest[] = [];
  /** Names (and operands) of errors with which the next transactions are reverted. */
  readonly reverts: { readonly error: string; readonly [operand: string]: unknown }[] = [];
  /** Whose transactions these are. */
  member = 1n;
  isHeld = false;
  calendar = new WorkingCalendar(new Map());
  readonly #db: Database;
  readonly #chain: PretendChain;
  readonly #clock: ShiftedClock;
  #letters = 0n;
  #draws = 0n;
  #filings = 0n;
  #pledges = 0n;
  readonly #versions = new Map<string, number>();
  readonly #offers = new Map<
    bigint,
    { itemId: Hex; itemVersion: number; templateId: Hex; authority: bigint }
  >();
  readonly #informed = new Map<bigint, { digest: Hex; isPublic: boolean; notice: Record<string, unknown> }>();
  readonly #dueDays = new Map<bigint, number>();

  constructor(db: Database, chain: PretendChain, clock: ShiftedClock) {
    this.#db = db;
    this.#chain = chain;
    this.#clock = clock;
  }

  get time(): bigint {
    return BigInt(Math.floor(this.#clock.now().getTime() / 1000));
  }

  async enqueue(db: Database, request: TransactionRequest): Promise<bigint> {
    const row = { ...request, to: request.to.toLowerCase(), data: Buffer.from(request.data.slice(2), 'hex') };
    const id = await new OutboxStore(db).insert(row, this.#clock.now());
    if (id === undefined) throw new Error(`sent twice: ${request.dedupeKey}`);
    this.sent.push(request);
    return id;
  }

  async waitFor(id: bigint, signal?: AbortSignal): Promise<{ blockNumber: bigint }> {
    if (this.isHeld) {
      await new Promise((resolve) => {
        signal?.addEventListener('abort', resolve, { once: true });
      });
      signal?.throwIfAborted();
    }
    const row = await this.#mine(id);
    if (row.error !== null) {
      const { code, message, messageZh, operands } = row.error;
      throw new LedgerError(code, { en: message, zh: messageZh }, operands as never);
    }
    return { blockNumber: row.blockNumber ?? 0n };
  }

  /** Mines what waits in the queue of this room. */
  async mineAll(): Promise<void> {
    const open = await this.#db.query<{ id: string }>(
      "SELECT id FROM outbox WHERE state = 'queued' AND to_address = ANY($1::text[]) ORDER BY id",
      [Object.values(CONTRACTS)],
    );
    for (const { id } of open) await this.#mine(BigInt(id));
  }

  async #mine(id: bigint) {
    const store = new OutboxStore(this.#db);
    const row = await store.byId(id);
    if (row === undefined) throw new Error(`nothing was queued as ${id}`);
    if (row.state !== 'queued') return row;
    const txHash = randomBytes(32);
    const place = { txHash, nonce: id, blockNumber: this.#chain.block + 1n, blockHash: randomBytes(32) };
    const revert = this.reverts.shift();
    const error =
      revert === undefined
        ? null
        : {
            code: 'CHAIN_REVERTED',
            message: `The contract refused: ${revert.error}`,
            messageZh: `合约拒绝执行：${revert.error}`,
            operands: { ...revert },
          };
    await store.settle(id, place, error, this.#clock.now());
    const happenings = error === null ? this.#execute(row.to as Hex, bytesToHex(row.data)) : [];
    await this.#chain.mine(happenings, bytesToHex(txHash));
    const mined = await store.byId(id);
    if (mined === undefined) throw new Error('it was mined and is gone');
    return mined;
  }

  #execute(to: Hex, data: Hex): Happening[] {
    switch (to) {
      case CONTRACTS.items:
        return this.#items(data);
      case CONTRACTS.letters:
        return this.#lettersCall(data);
      case CONTRACTS.filings:
        return this.#filingsCall(data);
      default:
        return this.#pledgesCall(data);
    }
  }

  #items(data: Hex): Happening[] {
    const call = decodeFunctionData({ abi: commitmentItemsAbi, data });
    const of = (name: string, args: Record<string, unknown>): Happening[] => [
      { contract: 'CommitmentItems', name, args },
    ];
    const owner = this.member;
    switch (call.functionName) {
      case 'publishItem': {
        const [slug, input] = call.args;
        const itemId = itemIdOf(owner, slug);
        const version = (this.#versions.get(itemId) ?? 0) + 1;
        this.#versions.set(itemId, version);
        const { title, legalBasis, registers, claimMaxAgeSeconds, publicReason } = input;
        this.#public.set(itemId, PUBLIC_REASONS[publicReason] !== 'none' ? publicReason : 0);
        return of('ItemPublished', {
          itemId,
          owner,
          version,
          slug,
          title,
          legalBasis,
          registers,
          claimMaxAgeSeconds,
          publicReason,
        });
      }
      case 'withdrawItem':
        return of('ItemWithdrawn', {
          itemId: call.args[0],
          owner,
          version: this.#versions.get(call.args[0]) ?? 0,
        });
      case 'publishTemplate': {
        const [itemId, told, confirmed] = call.args;
        return of('TemplatePublished', {
          templateId: templateIdOf(itemId, told, confirmed),
          itemId,
          told,
          confirmed,
        });
      }
      default:
        throw new Error(`not a call of this room: ${call.functionName}`);
    }
  }

  readonly #public = new Map<string, number>();

  #lettersCall(data: Hex): Happening[] {
    const call = decodeFunctionData({ abi: commitmentLettersAbi, data });
    const authority = this.member;
    const of = (name: string, args: Record<string, unknown>): Happening => ({
      contract: 'CommitmentLetters',
      name,
      args: { authority, ...args },
    });
    switch (call.functionName) {
      case 'offer': {
        const [itemId, itemVersion, templateId] = call.args;
        const letterId = (this.#letters += 1n);
        this.#offers.set(letterId, { itemId, itemVersion, templateId, authority });
        return [of('LetterOffered', { letterId, itemId, itemVersion, templateId })];
      }
      case 'inform': {
        const [letterId, notice] = call.args;
        const digest = this.digestOf(letterId, notice);
        const reason = this.#public.get(this.#offers.get(letterId)?.itemId ?? '') ?? 0;
        this.#informed.set(letterId, { digest, isPublic: reason !== 0, notice });
        const requestId = letterRequestIdOf(BigInt(CHAIN_ID), CONTRACTS.letters, letterId);
        return [of('LetterInformed', { letterId, requestId, digest, notice })];
      }
      case 'makePromise': {
        const [letterId, applicant, agency, claims] = call.args;
        const informed = this.#informed.get(letterId);
        const promised = of('LetterPromised', {
          letterId,
          digest: informed?.digest,
          applicantCopy: keccak256(applicant),
          agencyCopy: keccak256(agency),
          logIds: claims.map(({ logId }) => logId),
        });
        if (informed?.isPublic !== true) return [promised];
        const { documentHash, publicScopeHash, publicUntil } = informed.notice;
        const reason = this.#public.get(this.#offers.get(letterId)?.itemId ?? '') ?? 0;
        return [
          promised,
          of('LetterPublished', { letterId, reason, documentHash, publicScopeHash, publicUntil }),
        ];
      }
      case 'decide': {
        const [letterId, decisionHash, checkMode, checkBy] = call.args;
        const drawId = this.#informed.get(letterId)?.notice['drawId'] ?? 0n;
        return [of('LetterDecided', { letterId, decisionHash, checkMode, checkBy, drawId })];
      }
      case 'check': {
        const [letterId, kept, findingHash, outcome, legalBasisHash, entryCommitment] = call.args;
        return [
          of('LetterChecked', {
            letterId,
            kept,
            findingHash,
            outcome,
            legalBasisHash,
            entryCommitment,
            late: false,
          }),
        ];
      }
      case 'withdraw':
        return [of('LetterWithdrawn', { letterId: call.args[0], reasonHash: call.args[1] })];
      case 'refuse':
        return [of('LetterRefused', { letterId: call.args[0], reason: call.args[1] })];
      case 'terminate':
        return [of('LetterTerminated', { letterId: call.args[0], reasonHash: call.args[1] })];
      case 'openDraw': {
        const [seedCommit, rateBasisPoints, closesAt] = call.args;
        return [of('DrawOpened', { drawId: (this.#draws += 1n), seedCommit, rateBasisPoints, closesAt })];
      }
      case 'revealDraw':
        return [of('DrawRevealed', { drawId: call.args[0], seed: call.args[1] })];
      default:
        throw new Error(`not a call of this room: ${call.functionName}`);
    }
  }

  /** The digest of a letter as the contract computes it. */
  digestOf(letterId: bigint, notice: Record<string, unknown>): Hex {
    const offer = this.#offers.get(letterId);
    if (offer === undefined) throw new Error(`letter ${letterId} was not offered`);
    return letterDigestOf({
      chainId: CHAIN_ID.toString(),
      contract: CONTRACTS.letters,
      document: {
        letterId: letterId.toString(),
        authority: { member: offer.authority.toString() },
        item: { id: offer.itemId, version: offer.itemVersion },
        template: { id: offer.templateId },
      },
      terms: Object.fromEntries(
        ['subjectTag', 'applicant', 'documentHash', 'publicScopeHash', 'publicUntil', 'drawId'].map(
          (name) => [name, notice[name]],
        ),
      ),
    } as never);
  }

  #filingsCall(data: Hex): Happening[] {
    const call = decodeFunctionData({ abi: incompleteFilingsAbi, data });
    const authority = this.member;
    const of = (name: string, args: Record<string, unknown>): Happening[] => [
      { contract: 'IncompleteFilings', name, args: { authority, ...args } },
    ];
    const today = dayAt(this.time);
    switch (call.functionName) {
      case 'accept': {
        const [promiseHash, applicant] = call.args;
        const filingId = (this.#filings += 1n);
        const dueDay = this.calendar.dueDay(today, FILING_WORKING_DAYS);
        this.#dueDays.set(filingId, dueDay);
        return of('FilingAccepted', { filingId, promiseHash, applicant, acceptedDay: today, dueDay });
      }
      case 'supply': {
        const [filingId, documentsHash] = call.args;
        const late = today > (this.#dueDays.get(filingId) ?? 0);
        return of('FilingSupplied', { filingId, documentsHash, day: today, late });
      }
      case 'markOverdue': {
        const [filingId] = call.args;
        return of('FilingOverdue', { filingId, dueDay: this.#dueDays.get(filingId) ?? 0 });
      }
      case 'record':
        return of('FilingRecorded', { filingId: call.args[0], entryCommitment: call.args[1] });
      default:
        throw new Error(`not a call of this room: ${call.functionName}`);
    }
  }

  #pledgesCall(data: Hex): Happening[] {
    const call = decodeFunctionData({ abi: voluntaryPledgesAbi, data });
    const association = this.member;
    const of = (name: string, args: Record<string, unknown>): Happening[] => [
      { contract: 'VoluntaryPledges', name, args },
    ];
    switch (call.functionName) {
      case 'publish': {
        const [kind, pledger, documentHash, scopeHash, publicUntil] = call.args;
        const pledgeId = (this.#pledges += 1n);
        return of('PledgePublished', {
          pledgeId,
          association,
          kind,
          pledger,
          documentHash,
          scopeHash,
          publicUntil,
        });
      }
      case 'withdraw':
        return of('PledgeWithdrawn', { pledgeId: call.args[0], association });
      case 'observe':
        return of('PledgeObserved', {
          pledgeId: call.args[0],
          observer: association,
          observationHash: call.args[1],
        });
      default:
        throw new Error(`not a call of this room: ${call.functionName}`);
    }
  }
}
