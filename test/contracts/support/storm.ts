import { id, type Result } from 'ethers';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import {
  dayAt,
  EMPTY_ROOT,
  type Hex,
  ledgerDomain,
  REQUEST_TYPES,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import { SeededRandom } from '../../../scripts/lib/random.ts';
import { Asking, type TestRequest } from './requests.ts';
import {
  APPLICATION,
  CIRCUIT_8,
  CONSENT_APPLICATION,
  DAY,
  encoded,
  freshWorld,
  HOUR,
  madeUpRoot,
  makeEntries,
  networkHelpers,
  PARAMETERS,
  PREDICATE,
  PROMISE_SECONDS,
  type World,
} from './world.ts';

/** What a caller tried, and whether the contracts took it. */
export interface Step {
  readonly kind: string;
  readonly caller: string;
  readonly taken: boolean;
  /** What a check of this step needs to know. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly blockNumber: bigint;
}

/** A batch as it was when it came; it must never be another. */
export interface KnownBatch {
  readonly registerId: bigint;
  readonly seq: bigint;
  readonly batchHash: string;
  readonly fixed: string;
}

const REASON = id('a reason');

/**
 * Calls at random, by good and bad members, seats and a stranger, on the founded ledger: what anybody may send, in any
 * order. Knows what it has caused, so that invariants can be held against it.
 */
export class Storm {
  readonly world: World;
  readonly random: SeededRandom;
  readonly callers: readonly HardhatEthersSigner[];
  readonly batches: KnownBatch[] = [];
  readonly grantIds: string[] = [];
  /** Terms of each grant as it was given. */
  readonly grantTerms = new Map<string, string>();
  readonly entryHashes: string[] = [];
  readonly proposals: bigint[] = [];
  /** operator and witness of each member at blocks that are past. */
  readonly keysAt: { readonly memberId: bigint; readonly block: bigint; readonly keys: string }[] = [];
  #counter = 0;

  private constructor(world: World, random: SeededRandom) {
    this.world = world;
    this.random = random;
    const members = [
      world.beijing,
      world.tianjin,
      world.hebei,
      world.tianjin2,
      world.beijing2,
      world.requester,
    ];
    const keys = members.flatMap(({ operator, witness }) => [operator, witness]);
    this.callers = [...keys, ...world.seats, world.stranger, ...world.spare.slice(0, 4)];
    this.#signers = new Map([...keys, ...world.spare].map((signer) => [signer.address, signer]));
  }

  static async begin(seed: number): Promise<Storm> {
    const storm = new Storm(await freshWorld(), new SeededRandom(seed));
    // There is something to ask about from the start: a witnessed batch, and a grant to ask under.
    const { registers, grants, answerLog } = storm.world;
    const from = (await networkHelpers.time.latestBlock()) + 1;
    await Asking.prepare(storm.world);
    for (const { args } of await registers.queryFilter(registers.filters.BatchAppended(), from))
      await storm.#knowBatch(args.registerId, args.seq);
    for (const { args } of await grants.queryFilter(grants.filters.GrantGiven(), from))
      await storm.#knowGrant(args.grantId);
    if ((await answerLog.logCount()) !== 0n) throw new Error('the log is not empty at first');
    return storm;
  }

  async #knowBatch(registerId: bigint, seq: bigint): Promise<string> {
    const batch = await this.world.registers.batch(registerId, seq);
    const { batchHash, entriesHash } = batch;
    this.batches.push({ registerId, seq, batchHash, fixed: fixedOf(batch as never) });
    return entriesHash;
  }

  async #knowGrant(grantId: string): Promise<void> {
    this.grantIds.push(grantId);
    this.grantTerms.set(grantId, termsOf((await this.world.grants.grant(grantId)) as never));
  }

  /** One call of anybody; what the contracts refuse has changed nothing. */
  async step(): Promise<Step> {
    const kinds = [
      ...[
        'open',
        'append',
        'append',
        'append',
        'append',
        'attest',
        'attest',
        'attest',
        'object',
        'heartbeat',
      ],
      ...['give', 'revoke', 'log', 'log', 'log', 'refuse', 'lodge', 'denyReceipt', 'markOverdue'],
      ...['propose', 'propose', 'approve', 'approve', 'approve', 'withdraw', 'direct', 'direct', 'wait'],
    ] as const;
    const kind = this.random.pick(kinds);
    this.#counter += 1;
    // Where good members would be heard, they mostly are; a storm of refusals alone would test little.
    const good = this.random.chance(0.7) ? await this.#wellMeant(kind) : undefined;
    const caller = good?.caller ?? (await this.#callerFor(kind));
    const { about, send } = good ?? (await this.#call(kind, caller));
    let taken = true;
    try {
      await (await send()).wait();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      taken = false;
    }
    const blockNumber = BigInt(await networkHelpers.time.latestBlock());
    const step = { kind, caller: caller.address, taken, about, blockNumber };
    if (taken) await this.#remember(step);
    return step;
  }

  /** Mostly somebody who may; now and then anybody. */
  async #callerFor(kind: string): Promise<HardhatEthersSigner> {
    const { world, random } = this;
    if (random.chance(0.25)) return random.pick(this.callers);
    if (['propose', 'approve', 'withdraw'].includes(kind)) return random.pick(world.seats);
    const member = random.pick([world.beijing, world.tianjin, world.hebei, world.tianjin2, world.beijing2]);
    return ['attest', 'object'].includes(kind) ? member.witness : member.operator;
  }

  async #call(
    kind: string,
    caller: HardhatEthersSigner,
  ): Promise<{
    about: Record<string, unknown>;
    send: () => Promise<{ wait(): Promise<unknown> }>;
  }> {
    const { world, random } = this;
    const { registers, grants, answerLog, consortium } = world;
    const n = this.#counter;
    const registerId = await this.#registerFor(caller);
    const batchHash = this.batches.length === 0 ? id('none') : random.pick(this.batches.slice(-12)).batchHash;
    const grantId = this.grantIds.length === 0 ? id('none') : random.pick(this.grantIds);
    switch (kind) {
      case 'open':
        return {
          about: {},
          send: () =>
            registers.connect(caller).open(toBytes32(BigInt(random.integer(1, 6))), PROMISE_SECONDS),
        };
      case 'append': {
        const head = await registers.register(registerId).catch(() => undefined);
        const prevRoot = random.chance(0.9)
          ? (head?.root ?? toBytes32(EMPTY_ROOT))
          : madeUpRoot(random.integer(1, n));
        const newRoot = random.chance(0.9)
          ? madeUpRoot(1_000 + n)
          : madeUpRoot(random.integer(1_000, 1_000 + n));
        const owed = head === undefined ? [] : await registers.owed(registerId);
        // What is owed comes again only as it was: its seed is in its hash's memory.
        const seed = owed.length > 0 ? (this.#seeds.get(owed[0] ?? '') ?? n) : n;
        const entries = makeEntries(1 + (seed % 3), seed);
        return {
          about: { registerId, seed },
          send: () => registers.connect(caller).append(registerId, prevRoot, newRoot, encoded(entries)),
        };
      }
      case 'attest':
        return { about: { batchHash }, send: () => registers.connect(caller).attest([batchHash]) };
      case 'object':
        return {
          about: { batchHash },
          send: () => registers.connect(caller).object(batchHash, madeUpRoot(1)),
        };
      case 'heartbeat':
        return { about: { registerId }, send: () => registers.connect(caller).heartbeat(registerId) };
      case 'give': {
        const now = BigInt(await networkHelpers.time.latest());
        const terms = {
          granteeKind: 1,
          grantee: random.pick([world.requester.id, world.hebei.id]),
          applicationId: random.pick([APPLICATION, CONSENT_APPLICATION]),
          classes: random.pick([0b0010, 0b0110, 0b0001]),
          validFrom: now,
          validUntil: now + BigInt(random.integer(1, 60) * DAY),
          maxUses: random.pick([0, 1, 2, 3]),
          consentRequired: false,
        };
        return { about: { terms }, send: () => grants.connect(caller).give(terms) };
      }
      case 'revoke':
        return { about: { grantId }, send: () => grants.connect(caller).revoke(grantId) };
      case 'log':
      case 'refuse': {
        const request = await this.#request(registerId, grantId);
        const signer = random.chance(0.85) ? world.requester.operator : random.pick(this.callers);
        const domain = ledgerDomain(31_337n, (await answerLog.getAddress()) as Hex);
        const signature = await signer.signTypedData(
          domain,
          { Request: [...REQUEST_TYPES.Request] },
          request,
        );
        const own = this.batches.filter((batch) => batch.registerId === registerId);
        const basis = own.length > 0 && random.chance(0.9) ? (own.at(-1)?.batchHash ?? batchHash) : batchHash;
        const about = { request, signer: signer.address };
        return kind === 'log'
          ? {
              about,
              send: () =>
                answerLog.connect(caller).log(request, signature, basis, CIRCUIT_8, id(`commitment ${n}`)),
            }
          : {
              about,
              send: () => answerLog.connect(caller).refuse(request, signature, random.integer(0, 14)),
            };
      }
      case 'lodge':
        return {
          about: {},
          send: async () =>
            answerLog
              .connect(caller)
              .lodge(
                id(`digest ${n}`),
                registerId,
                BigInt(await networkHelpers.time.latest()) + BigInt(2 * HOUR),
              ),
        };
      case 'denyReceipt':
        return { about: {}, send: () => answerLog.connect(caller).denyReceipt(id(`digest ${n - 1}`)) };
      case 'markOverdue':
        return { about: {}, send: () => answerLog.connect(caller).markOverdue(id(`digest ${n - 2}`)) };
      case 'propose': {
        const call = await this.#councilCall(registerId);
        return { about: {}, send: () => consortium.connect(caller).propose([call], 'storm') };
      }
      case 'approve':
      case 'withdraw': {
        const proposal = this.proposals.length === 0 ? 999n : random.pick(this.proposals.slice(-3));
        return { about: { proposal }, send: () => consortium.connect(caller)[kind](proposal) };
      }
      case 'direct': {
        const { target, data } = await this.#councilCall(registerId);
        return { about: {}, send: () => caller.sendTransaction({ to: target, data }) };
      }
      default:
        return {
          about: {},
          send: async () => {
            await networkHelpers.time.increase(random.pick([1, HOUR, HOUR, DAY / 2, DAY / 2, 31 * DAY]));
            return { wait: () => Promise.resolve() };
          },
        };
    }
  }

  readonly #seeds = new Map<string, number>();
  readonly #signers: ReadonlyMap<string, HardhatEthersSigner>;

  /** A call as a good member makes it now; undefined when there is none to make. */
  async #wellMeant(kind: string): Promise<
    | {
        caller: HardhatEthersSigner;
        about: Record<string, unknown>;
        send: () => Promise<{ wait(): Promise<unknown> }>;
      }
    | undefined
  > {
    const { world, random } = this;
    const { registers, grants, answerLog, consortium } = world;
    const block = await networkHelpers.time.latestBlock();
    const operatorOf = async (memberId: bigint): Promise<HardhatEthersSigner | undefined> =>
      this.#signers.get(await consortium.operatorAt(memberId, block));
    const batch = this.batches.length === 0 ? undefined : random.pick(this.batches.slice(-6));
    if (kind === 'revoke') {
      const grantId = this.grantIds.at(-1);
      const caller =
        grantId === undefined ? undefined : await operatorOf((await grants.grant(grantId)).grantor);
      if (grantId === undefined || caller === undefined) return undefined;
      return { caller, about: { grantId }, send: () => grants.connect(caller).revoke(grantId) };
    }
    if (batch === undefined) return undefined;
    const owner = await registers.ownerOf(batch.registerId);
    if (kind === 'attest') {
      const other = random.pick(
        [world.beijing, world.tianjin, world.hebei].filter(({ id: each }) => each !== owner),
      );
      const caller = this.#signers.get(await consortium.witnessAt(other.id, block));
      if (caller === undefined) return undefined;
      return {
        caller,
        about: { batchHash: batch.batchHash },
        send: () => registers.connect(caller).attest([batch.batchHash]),
      };
    }
    if (kind !== 'log' && kind !== 'refuse' && kind !== 'give') return undefined;
    const caller = await operatorOf(owner);
    if (kind === 'give') {
      const now = BigInt(await networkHelpers.time.latest());
      const terms = {
        ...{ granteeKind: 1, grantee: world.requester.id, applicationId: APPLICATION, classes: 0b0010 },
        ...{
          validFrom: now,
          validUntil: now + BigInt(60 * DAY),
          maxUses: random.integer(1, 2),
          consentRequired: false,
        },
      };
      return caller && { caller, about: { terms }, send: () => grants.connect(caller).give(terms) };
    }
    const signer = await operatorOf(world.requester.id);
    const own = [];
    for (const grantId of this.grantIds) {
      const { grantor, grantee, applicationId, classes, maxUses } = await grants.grant(grantId);
      // Grants that can be used up come first: theirs are the uses that are counted.
      const fits = grantor === owner && grantee === world.requester.id && (classes & 0b0010n) !== 0n;
      if (fits && applicationId === APPLICATION)
        own.push(...(maxUses === 0n ? [grantId] : [grantId, grantId, grantId]));
    }
    if (caller === undefined || signer === undefined || own.length === 0) return undefined;
    const request = {
      ...(await this.#request(batch.registerId, random.pick(own))),
      requester: world.requester.id,
    };
    const domain = ledgerDomain(31_337n, (await answerLog.getAddress()) as Hex);
    const signature = await signer.signTypedData(domain, { Request: [...REQUEST_TYPES.Request] }, request);
    const { batchHash } = await registers.latestWitnessed(batch.registerId);
    const about = { request, signer: signer.address };
    return kind === 'log'
      ? {
          caller,
          about,
          send: () =>
            answerLog
              .connect(caller)
              .log(request, signature, batchHash, CIRCUIT_8, id(`commitment ${this.#counter}`)),
        }
      : {
          caller,
          about,
          send: () => answerLog.connect(caller).refuse(request, signature, random.integer(1, 12)),
        };
  }

  async #registerFor(caller: HardhatEthersSigner): Promise<bigint> {
    const { registers, consortium } = this.world;
    const count = await registers.registerCount();
    const memberId = await consortium.memberOfOperator(caller.address);
    const own = memberId === 0n ? [] : await registers.registersOf(memberId);
    if (own.length > 0 && this.random.chance(0.85)) return this.random.pick([...own]);
    return BigInt(this.random.integer(1, Number(count) + 1));
  }

  async #request(registerId: bigint, grantId: string): Promise<TestRequest> {
    const time = await networkHelpers.time.latest();
    const number = this.random.chance(0.8) ? this.#counter : this.random.integer(1, this.#counter);
    return {
      requestId: id(`request ${number}`),
      requester: this.random.chance(0.9) ? this.world.requester.id : this.world.hebei.id,
      registerId,
      applicationId: APPLICATION,
      applicationVersion: 1,
      predicateHash: PREDICATE,
      asOfDay: dayAt(time),
      subjectTag: toBytes32(9_000n + BigInt(number)),
      grantId,
      expiry: BigInt(time + this.random.pick([HOUR, HOUR, DAY, 0])),
    };
  }

  /** Something that only the council may do. */
  async #councilCall(registerId: bigint): Promise<{ target: string; data: string }> {
    const { world, random } = this;
    const { consortium, registers } = world;
    const memberId = BigInt(random.integer(1, 7));
    const block = BigInt(await networkHelpers.time.latestBlock());
    const batch = this.batches.length === 0 ? undefined : random.pick(this.batches.slice(-6));
    const on = async (contract: typeof consortium | typeof registers, method: string, args: unknown[]) => ({
      target: await contract.getAddress(),
      data: (
        contract.interface as { encodeFunctionData(method: string, args: unknown[]): string }
      ).encodeFunctionData(method, args),
    });
    const fresh = random.pick(world.spare).address;
    switch (
      random.pick([
        'keys',
        'keys',
        'suspend',
        'reinstate',
        'remove',
        'rule',
        'rule',
        'rule',
        'restore',
        'seat',
        'parameters',
        'openFor',
      ])
    ) {
      case 'keys':
        return on(consortium, 'changeKeys', [
          memberId,
          fresh,
          random.pick(world.spare).address,
          block + BigInt(random.integer(0, 8)),
        ]);
      case 'suspend':
        return on(consortium, 'suspend', [memberId, REASON]);
      case 'reinstate':
        return on(consortium, 'reinstate', [memberId]);
      case 'remove':
        return on(consortium, 'remove', [random.chance(0.9) ? 7n : memberId]);
      case 'restore':
        return on(registers, 'restoreObjector', [registerId, memberId]);
      case 'seat':
        return on(consortium, 'setSeat', [120_000, random.chance(0.1) ? fresh : world.seats[1].address]);
      case 'parameters':
        return on(registers, 'setParameters', [PARAMETERS]);
      case 'openFor':
        return on(registers, 'openFor', [
          memberId,
          toBytes32(BigInt(random.integer(50, 60))),
          PROMISE_SECONDS,
        ]);
      default:
        return on(registers, 'rule', [batch?.registerId ?? 1n, batch?.seq ?? 1n, random.chance(0.5), REASON]);
    }
  }

  async #remember(step: Step): Promise<void> {
    const { registers, grants, answerLog, consortium } = this.world;
    const block = Number(step.blockNumber);
    if (step.kind === 'append') {
      for (const { args } of await registers.queryFilter(registers.filters.BatchAppended(), block, block))
        this.#seeds.set(await this.#knowBatch(args.registerId, args.seq), Number(step.about['seed']));
    }
    if (step.kind === 'give') {
      for (const { args } of await grants.queryFilter(grants.filters.GrantGiven(), block, block))
        await this.#knowGrant(args.grantId);
    }
    if (step.kind === 'propose') {
      for (const event of await consortium.queryFilter(consortium.filters.ProposalMade(), block, block))
        this.proposals.push(event.args.id);
    }
    const logCount = Number(await answerLog.logCount());
    while (this.entryHashes.length < logCount)
      this.entryHashes.push(await answerLog.entryHash(this.entryHashes.length + 1));
    const memberId = BigInt(this.random.integer(1, 7));
    this.keysAt.push({
      memberId,
      block: step.blockNumber,
      keys: await keysOf(this.world, memberId, step.blockNumber),
    });
  }
}

/** What of a batch may never change. */
export const fixedOf = partsOf(
  ...['registerId', 'seq', 'batchHash', 'prevRoot', 'newRoot', 'entriesHash', 'size', 'time', 'blockNumber'],
);

/** What of a grant may never change. */
export const termsOf = partsOf(
  ...['grantor', 'granteeKind', 'grantee', 'applicationId', 'classes', 'validFrom', 'validUntil', 'maxUses'],
  ...['consentRequired', 'givenAt'],
);

function partsOf(...names: readonly string[]): (from: Result) => string {
  return (from) => names.map((name) => String((from as unknown as Record<string, unknown>)[name])).join(' ');
}

export async function keysOf({ consortium }: World, memberId: bigint, block: bigint): Promise<string> {
  return `${await consortium.operatorAt(memberId, block)} ${await consortium.witnessAt(memberId, block)}`;
}

/** A contract said no, by an error of its own or of the language; anything else is a fault of the test. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && /revert|custom error|out-of-bounds|overflow/i.test(error.message);
}
