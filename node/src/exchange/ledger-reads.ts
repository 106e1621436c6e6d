import {
  chainFacts,
  type LedgerView,
  ledgerErrorsAbi,
  type ProcessView,
  ROLES,
  revertedWith,
} from '@credit-ledger/sdk/chain';
import { type ChainFacts, type LogEntryFact, STANDINGS } from '@credit-ledger/sdk/answer';
import {
  GATEWAYS,
  type Hex,
  isLedgerError,
  type LedgerClass,
  type Predicate,
  predicateByHash,
  predicateHashOf,
  unpackClause,
} from '@credit-ledger/sdk/protocol';
import {
  type Abi,
  BaseError,
  decodeErrorResult,
  isHex,
  keccak256,
  type PublicClient,
  stringToBytes,
  toFunctionSelector,
  zeroAddress,
} from 'viem';
import type { BatchChoice, BatchUse } from '../answers/index.ts';
import type { ChainClient } from '../chain/client.ts';
import type { EventStore } from '../store/events.ts';
import type {
  ApplicationTerms,
  BindingFact,
  ConsentFact,
  GrantFact,
  LedgerReads,
  MemberFact,
} from './ports.ts';

const SUBJECT_CONSENTS = keccak256(stringToBytes('SubjectConsents'));
const NO_ADDRESS = '0x0000000000000000000000000000000000000000';
const NO_HASH = `0x${'0'.repeat(64)}`;
const ACTIVE = 1;

/** What the exchange reads, through the node's chain client and what its follower has stored. */
export class ChainLedgerReads implements LedgerReads {
  readonly domain: { readonly chainId: bigint; readonly answerLog: Hex };
  readonly contracts: LedgerReads['contracts'];
  readonly #chain: ChainClient;
  readonly #view: LedgerView;
  readonly #processes: ProcessView;
  readonly #facts: ChainFacts;
  readonly #events: EventStore;
  readonly #requireFit: () => void;

  constructor(parts: {
    readonly chain: ChainClient;
    readonly view: LedgerView;
    readonly processes: ProcessView;
    readonly events: EventStore;
    /** Throws why nothing may be asked or answered now (`ContractsInForce`). */
    readonly requireFit?: () => void;
  }) {
    this.#requireFit = parts.requireFit ?? ((): void => undefined);
    this.#chain = parts.chain;
    this.#view = parts.view;
    this.#processes = parts.processes;
    this.#events = parts.events;
    this.#facts = chainFacts(parts.view);
    const { consortium, registers, applications, grants, answerLog, chainId } = parts.view.deployment;
    const lower = (address: Hex): Hex => address.toLowerCase() as Hex;
    this.contracts = {
      consortium: lower(consortium),
      registers: lower(registers),
      applications: lower(applications),
      grants: lower(grants),
      answerLog: lower(answerLog),
      consents: lower(parts.processes.addresses.consents),
    };
    this.domain = { chainId: BigInt(chainId), answerLog: lower(answerLog) };
  }

  async now(): Promise<{ readonly blockNumber: bigint; readonly time: bigint }> {
    this.#requireFit();
    const [head, pendingTime] = await Promise.all([this.#chain.head(), this.#pendingTime()]);
    // A chain that makes blocks only when there is something to put in them is late by its last block.
    const time = pendingTime !== undefined && pendingTime > head.time ? pendingTime : head.time;
    return { blockNumber: head.number, time };
  }

  async register(registerId: bigint): Promise<{ owner: bigint; secretCommit: bigint } | undefined> {
    return this.#facts.register(registerId);
  }

  registersOf(memberId: bigint): Promise<readonly bigint[]> {
    return this.#facts.registersOf(memberId);
  }

  async member(memberId: bigint): Promise<MemberFact | undefined> {
    const member = await this.#noneIf(() => this.#view.consortium.read.member([memberId]), 'UnknownMember');
    const role = member && ROLES[member.role];
    if (member === undefined || role === undefined || role === 'none') return undefined;
    return {
      id: memberId,
      name: member.name,
      region: member.region,
      role,
      active: member.status === ACTIVE,
      operator: member.operator.toLowerCase() as Hex,
      witness: member.witness.toLowerCase() as Hex,
      endpoint: member.endpoint,
    };
  }

  async operatorAt(memberId: bigint, blockNumber: bigint): Promise<Hex | undefined> {
    return keyOf(await this.#read(() => this.#view.consortium.read.operatorAt([memberId, blockNumber])));
  }

  async witnessAt(memberId: bigint, blockNumber: bigint): Promise<Hex | undefined> {
    return keyOf(await this.#read(() => this.#view.consortium.read.witnessAt([memberId, blockNumber])));
  }

  memberCount(): Promise<bigint> {
    return this.#read(() => this.#view.consortium.read.memberCount());
  }

  async latestWitnessed(registerId: bigint): Promise<BatchChoice> {
    const batch = await this.#read(() => this.#view.registers.read.latestWitnessed([registerId]));
    return { seq: batch.seq, batchHash: batch.batchHash, root: BigInt(batch.newRoot) };
  }

  async usable(registerId: bigint, batchHash: Hex): Promise<BatchUse> {
    const [standing, reason] = await this.#read(() =>
      this.#view.registers.read.usable([registerId, batchHash]),
    );
    const known = STANDINGS[standing] ?? 'not-usable';
    return known === 'not-usable'
      ? { standing: known, reason: errorOfSelector(reason) }
      : { standing: known };
  }

  async terms(applicationId: Hex): Promise<ApplicationTerms> {
    const [version, gateway, historicalDays] = await this.#read(() =>
      this.#view.applications.read.terms([applicationId]),
    );
    return { version, gateway: GATEWAYS[gateway] ?? 'subject-consent', historicalDays };
  }

  async listed(
    applicationId: Hex,
    version: number,
    predicateHash: Hex,
  ): Promise<{ listed: boolean; class: LedgerClass }> {
    const [listed, ledgerClass] = await this.#read(() =>
      this.#view.applications.read.predicate([applicationId, version, predicateHash]),
    );
    return { listed, class: ledgerClass as LedgerClass };
  }

  async circuitsFor(applicationId: Hex, version: number, predicateHash: Hex): Promise<readonly Hex[]> {
    const [listed, , circuits] = await this.#read(() =>
      this.#view.applications.read.predicate([applicationId, version, predicateHash]),
    );
    if (!listed) return [];
    const inForce = await Promise.all(
      circuits.map((id) => this.#read(() => this.#view.consortium.read.circuitInForce([id]))),
    );
    return circuits.filter((_, i) => inForce[i]);
  }

  /** Preimages are public: whoever names one is believed, since its hash is computed again. */
  async predicate(applicationId: Hex, version: number, predicateHash: Hex): Promise<Predicate | undefined> {
    const known = predicateByHash(predicateHash)?.predicate;
    if (known !== undefined) return known;
    const published = await this.#events.events({
      contract: 'ApplicationList',
      names: ['ApplicationPublished'],
    });
    for (const { args } of published) {
      if (args['applicationId'] !== applicationId || Number(args['version']) !== version) continue;
      const found = (args['predicates'] as readonly PublishedPredicate[]).map(predicateOf);
      const match = found.find((each) => predicateHashOf(each) === BigInt(predicateHash));
      if (match !== undefined) return match;
    }
    return undefined;
  }

  async grant(grantId: Hex): Promise<GrantFact> {
    const grant = await this.#read(() => this.#view.grants.read.grant([grantId]));
    return {
      grantor: grant.grantor,
      grantee: { kind: grant.granteeKind === 1 ? 'member' : 'region', id: grant.grantee },
      applicationId: grant.applicationId,
      classes: grant.classes,
      validFrom: grant.validFrom,
      validUntil: grant.validUntil,
      maxUses: grant.maxUses,
      consentRequired: grant.consentRequired,
      uses: grant.uses,
      revokedAt: grant.revokedAt,
    };
  }

  async consentsInForce(): Promise<boolean> {
    const inForce = await this.#read(() => this.#view.consortium.read.contractInForce([SUBJECT_CONSENTS]));
    return inForce.toLowerCase() === this.contracts.consents;
  }

  async consent(consentId: Hex): Promise<ConsentFact | undefined> {
    const { input, uses, givenAt, revokedAt } = await this.#read(() =>
      this.#processes.consents.read.consent([consentId]),
    );
    if (givenAt === 0n) return undefined;
    const { bindingId, applicationId, registerId, requester, validFrom, validUntil, maxUses } = input;
    return {
      bindingId,
      applicationId,
      registerId,
      requester,
      validFrom,
      validUntil,
      maxUses,
      uses,
      revokedAt,
    };
  }

  async binding(bindingId: bigint): Promise<BindingFact | undefined> {
    const { subject, voucher, bindingCommit, boundAt, endedAt } = await this.#read(() =>
      this.#processes.consents.read.binding([bindingId]),
    );
    if (subject === NO_ADDRESS) return undefined;
    return { subject: subject.toLowerCase() as Hex, voucher, bindingCommit, boundAt, endedAt };
  }

  async citedConsent(requester: bigint, requestDigest: Hex): Promise<Hex | undefined> {
    const consentId = await this.#read(() =>
      this.#processes.consents.read.citedBy([requester, requestDigest]),
    );
    return consentId === NO_HASH ? undefined : consentId;
  }

  logIdOf(registerId: bigint, grantId: Hex, requester: bigint, requestId: Hex): Promise<bigint> {
    return this.#read(() => this.#view.answerLog.read.logIdOf([registerId, grantId, requester, requestId]));
  }

  async requestOfTag(requester: bigint, subjectTag: Hex): Promise<Hex | undefined> {
    const requestId = await this.#read(() => this.#view.answerLog.read.requestOfTag([requester, subjectTag]));
    return requestId === NO_HASH ? undefined : requestId;
  }

  logEntry(logId: bigint): Promise<LogEntryFact | undefined> {
    return this.#facts.logEntry(logId);
  }

  async logTransaction(logId: bigint, blockNumber: bigint): Promise<Hex | undefined> {
    const there = await this.#logTransactionIn(logId, blockNumber, blockNumber);
    if (there !== undefined) return there;
    // A development chain that was restored from its file counts blocks one less inside of contracts than outside.
    const head = await this.#read((client) => client.getBlockNumber({ cacheTime: 0 }));
    return blockNumber < head ? this.#logTransactionIn(logId, blockNumber + 1n, blockNumber + 1n) : undefined;
  }

  async #logTransactionIn(logId: bigint, fromBlock: bigint, toBlock: bigint): Promise<Hex | undefined> {
    const range = { fromBlock, toBlock } as const;
    const [logged, refused] = await this.#read(() =>
      Promise.all([
        this.#view.answerLog.getEvents.AnswerLogged({ logId }, range),
        this.#view.answerLog.getEvents.AnswerRefused({ logId }, range),
      ]),
    );
    return (logged[0] ?? refused[0])?.transactionHash;
  }

  async refusalOfCall(from: Hex, data: Hex): Promise<string | undefined> {
    const call = { account: from, to: this.contracts.answerLog, data } as const;
    try {
      // As of the next block where the endpoint has one, so that times are judged as the log will.
      await this.#read((client) => client.call({ ...call, blockTag: 'pending' }));
      return undefined;
    } catch (error) {
      if (!isLedgerError(error)) throw error;
      if (error.code === 'CHAIN_REVERTED') return errorNameOf(error.operands);
      if (error.code !== 'CHAIN_REFUSED_REQUEST') throw error;
    }
    try {
      await this.#read((client) => client.call(call));
      return undefined;
    } catch (error) {
      if (isLedgerError(error, 'CHAIN_REVERTED')) return errorNameOf(error.operands);
      throw error;
    }
  }

  async #pendingTime(): Promise<bigint | undefined> {
    try {
      return (await this.#read((client) => client.getBlock({ blockTag: 'pending' }))).timestamp;
    } catch (error) {
      // Engines without a pending block are no worse than their last one.
      const unknown = isLedgerError(error, 'CHAIN_UNREACHABLE') || isLedgerError(error, 'CHAIN_NO_QUORUM');
      if (isLedgerError(error) && !unknown) return undefined;
      if (error instanceof BaseError) return undefined;
      throw error;
    }
  }

  #read<T>(ask: (client: PublicClient) => Promise<T>): Promise<T> {
    return this.#chain.read(ask);
  }

  /** Undefined when the contract says by this error that there is none. */
  async #noneIf<T>(ask: () => Promise<T>, errorName: string): Promise<T | undefined> {
    let none = false;
    const result = await this.#read(async () => {
      try {
        return await ask();
      } catch (error) {
        if (revertedWith(error) !== errorName) throw error;
        none = true;
        return undefined;
      }
    });
    return none ? undefined : result;
  }
}

interface PublishedPredicate {
  readonly class: string | number;
  readonly clause0: string;
  readonly clause1: string;
}

function predicateOf(published: PublishedPredicate): Predicate {
  const first = unpackClause(BigInt(published.clause0));
  const second = BigInt(published.clause1);
  return {
    class: Number(published.class) as LedgerClass,
    clauses: second === 0n ? [first] : [first, unpackClause(second)],
  };
}

const ERROR_BY_SELECTOR = new Map(
  (ledgerErrorsAbi as Abi).flatMap((item) =>
    item.type === 'error'
      ? [
          [
            toFunctionSelector(`${item.name}(${item.inputs.map(({ type }) => type).join(',')})`),
            item.name,
          ] as const,
        ]
      : [],
  ),
);

function errorOfSelector(selector: Hex): string {
  return ERROR_BY_SELECTOR.get(selector) ?? selector;
}

function errorNameOf(operands: Readonly<Record<string, unknown>>): string {
  const { error, data } = operands;
  if (typeof error === 'string') return error;
  // An error of a contract that this one called: the client knows only the followed contracts' own.
  if (typeof data === 'string' && isHex(data) && data.length >= 10) {
    try {
      return decodeErrorResult({ abi: ledgerErrorsAbi as Abi, data }).errorName;
    } catch {
      return data.slice(0, 10);
    }
  }
  return 'unknown';
}

function keyOf(address: Hex): Hex | undefined {
  return address === zeroAddress ? undefined : (address.toLowerCase() as Hex);
}
