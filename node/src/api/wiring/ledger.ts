import { ROLES, sharingGrantsAbi } from '@credit-ledger/sdk/chain';
import {
  applicationIdOf,
  CATALOGUE,
  findApplication,
  type Hex,
  LedgerError,
  type LedgerClass,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex, encodeFunctionData } from 'viem';
import { unwitnessedOf } from '../../registers/index.ts';
import { GrantStore, type GrantRow } from '../../store/grants.ts';
import { OutboxStore } from '../../store/outbox.ts';
import { EventStore } from '../../store/index.ts';
import type { Rooms } from '../rooms.ts';
import type {
  Anchored,
  ChainStatus,
  GiveGrant,
  Grant,
  Member,
  OutboxItem,
  Register,
  Sent,
} from '../schemas/ledger.ts';
import type { CheckpointsPort, GrantsPort, LedgerPort, MembersPort, RegistersPort } from '../services.ts';
import { eventOf, queue, settled } from './sending.ts';
import { dateText, momentOf } from './words.ts';
import { dayAt } from '@credit-ledger/sdk/protocol';

const STATUSES = ['none', 'active', 'suspended', 'left'] as const;
const MEMBER = 1;
const REGION = 2;
const ALL_CLASSES: readonly LedgerClass[] = [1, 2, 3];

/** Registers: read from the chain; ours are driven by the registers room. */
export class Registers implements RegistersPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async list(): Promise<Register[]> {
    const { chain, view } = this.#rooms;
    const own = (await this.#rooms.registers.status()).registerId;
    const count = await chain.read(() => view.registers.read.registerCount());
    return Promise.all(
      Array.from({ length: Number(count) }, async (_, i) => {
        const id = BigInt(i + 1);
        const register = await chain.read(() => view.registers.read.register([id]));
        return {
          id: id.toString(),
          owner: register.owner.toString(),
          own: id === own,
          secretCommit: register.secretCommit,
          promiseSeconds: register.promiseSeconds,
          openedAt: momentOf(register.openedAt),
          headSeq: register.headSeq.toString(),
          root: register.root,
          entries: register.size.toString(),
          lastStoodAt: momentOf(register.lastStoodAt),
          contested: register.contested,
          owedBatches: register.owedBatches.toString(),
        };
      }),
    );
  }

  async open(promiseSeconds: number | undefined): Promise<Sent> {
    const { outboxId } = await this.#rooms.registers.open(
      promiseSeconds ?? this.#rooms.config.promiseSeconds,
    );
    const sent = await settled(this.#rooms, outboxId);
    return { ...sent, registerId: (await this.#rooms.registers.status()).registerId?.toString() ?? null };
  }

  async anchor(registerId: bigint): Promise<Anchored> {
    await this.#requireOwn(registerId);
    return this.#rooms.registers.anchorNow();
  }

  async heartbeat(registerId: bigint): Promise<Sent> {
    await this.#requireOwn(registerId);
    const queued = await this.#rooms.registers.heartbeatNow();
    return {
      state: queued ? 'queued' : 'nothing-to-do',
      transactionHash: null,
      blockNumber: null,
      registerId: registerId.toString(),
    };
  }

  async #requireOwn(registerId: bigint): Promise<void> {
    if ((await this.#rooms.registers.status()).registerId === registerId) return;
    throw new LedgerError(
      'REGISTER_NOT_OURS',
      { en: `Register ${registerId} is not kept by this node.`, zh: `登记册 ${registerId} 不由本节点维护。` },
      { registerId },
    );
  }
}

/** Grants: as the followed events tell them; given and revoked through the outbox. */
export class Grants implements GrantsPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async list(): Promise<Grant[]> {
    return (await new GrantStore(this.#rooms.db).list()).map(grantView);
  }

  async give(grant: GiveGrant): Promise<Grant | Sent> {
    const application = findApplication(grant.application);
    const validFrom = grant.validFrom === undefined ? this.#rooms.clock.now() : new Date(grant.validFrom);
    const outboxId = await queue(this.#rooms, {
      kind: 'grant',
      dedupeKey: `grant:${crypto.randomUUID()}`,
      role: 'operator',
      to: this.#rooms.deployment.grants,
      data: encodeFunctionData({
        abi: sharingGrantsAbi,
        functionName: 'give',
        args: [
          {
            granteeKind: 'member' in grant.grantee ? MEMBER : REGION,
            grantee: BigInt('member' in grant.grantee ? grant.grantee.member : grant.grantee.region),
            applicationId: application.id,
            classes: grant.classes.reduce((mask, each) => mask | (1 << each), 0),
            validFrom: BigInt(Math.floor(validFrom.getTime() / 1000)),
            validUntil: BigInt(Math.floor(new Date(grant.validUntil).getTime() / 1000)),
            maxUses: grant.maxUses,
            consentRequired: grant.consentRequired,
          },
        ],
      }),
    });
    const sent = await settled(this.#rooms, outboxId);
    const given = await eventOf(this.#rooms, sent, 'GrantGiven');
    const grantId = given?.args['grantId'];
    const [row] = typeof grantId === 'string' ? await new GrantStore(this.#rooms.db).list({ grantId }) : [];
    return row === undefined ? sent : grantView(row);
  }

  async revoke(grantId: string): Promise<Sent> {
    const outboxId = await queue(this.#rooms, {
      kind: 'revoke-grant',
      dedupeKey: `revoke-grant:${grantId}`,
      role: 'operator',
      to: this.#rooms.deployment.grants,
      data: encodeFunctionData({ abi: sharingGrantsAbi, functionName: 'revoke', args: [grantId as Hex] }),
      ifFailed: 'retry',
    });
    return settled(this.#rooms, outboxId);
  }
}

function grantView(row: GrantRow): Grant {
  return {
    id: row.grantId,
    grantor: row.grantor.toString(),
    grantee:
      row.granteeKind === MEMBER ? { member: row.grantee.toString() } : { region: Number(row.grantee) },
    application:
      CATALOGUE.applications.find(({ slug }) => applicationIdOf(slug) === row.applicationId)?.slug ?? null,
    applicationId: row.applicationId,
    classes: ALL_CLASSES.filter((each) => (row.classes & (1 << each)) !== 0),
    validFrom: momentOf(row.validFrom),
    validUntil: momentOf(row.validUntil),
    maxUses: Number(row.maxUses),
    uses: row.uses,
    consentRequired: row.consentRequired,
    revoked: row.revoked,
    blockNumber: row.blockNumber.toString(),
  };
}

/** What the node knows of chain and members. */
export class Ledger implements LedgerPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async status(): Promise<ChainStatus> {
    const { follower, outbox, keyring, ownKeys, evidence, registers, db } = this.#rooms;
    const { next } = ownKeys.status();
    const { followedBlock, headBlock, lag, lastError, state } = follower.status();
    const [membership, writers, register, last] = await Promise.all([
      this.#rooms.membership(),
      outbox.status(),
      registers.status(),
      new EventStore(db).lastBlock(),
    ]);
    return {
      reachable: lastError === null && state === 'following' && headBlock !== null,
      chainId: this.#rooms.deployment.chainId.toString(),
      headBlock: headBlock?.toString() ?? null,
      followedBlock: (followedBlock ?? last?.number)?.toString() ?? null,
      followedDate: last === undefined ? null : dateText(dayAt(last.time)),
      lag: lag?.toString() ?? null,
      memberId: membership?.memberId.toString() ?? null,
      operator: keyring.operatorAddress.toLowerCase(),
      witness: keyring.witnessAddress.toLowerCase(),
      keys: {
        held: ownKeys.status().held,
        next: next && {
          fromBlock: next.fromBlock.toString(),
          operator: next.operator.toLowerCase(),
          witness: next.witness.toLowerCase(),
        },
      },
      evidence: { graceSeconds: evidence.graceSeconds, ageSeconds: evidence.ageSeconds },
      outbox: {
        operator: writers.operator.queued + writers.operator.sent,
        witness: writers.witness.queued + writers.witness.sent,
      },
      batches: {
        unbatchedEntries: register.unbatchedEntries,
        unanchored: register.waitingBatches,
        unwitnessed: await unwitnessed(this.#rooms),
      },
      endpoints: this.#rooms.chain.endpoints().map(({ index, host, headBlock, trouble, since }) => ({
        index,
        host,
        headBlock: headBlock?.toString() ?? null,
        trouble,
        since: since?.toISOString() ?? null,
      })),
    };
  }

  async outbox(state: 'queued' | 'sent' | 'mined' | 'failed' | undefined): Promise<OutboxItem[]> {
    const rows = await new OutboxStore(this.#rooms.db).list(100, state);
    return rows.map((row) => ({
      id: row.id.toString(),
      role: row.role,
      kind: row.kind,
      state: row.state,
      transactionHash: row.txHash === null ? null : bytesToHex(row.txHash),
      blockNumber: row.blockNumber?.toString() ?? null,
      attempts: row.attempts,
      error: row.error,
      requestId: row.requestId,
    }));
  }

  async network(): Promise<Record<string, unknown>> {
    return { ...(await this.#rooms.network()) };
  }

  async members(): Promise<Member[]> {
    const { chain, view } = this.#rooms;
    const own = (await this.#rooms.membership())?.memberId;
    const count = await chain.read(() => view.consortium.read.memberCount());
    return Promise.all(
      Array.from({ length: Number(count) }, async (_, i) => {
        const id = BigInt(i + 1);
        const [member, registers] = await chain.read(() =>
          Promise.all([view.consortium.read.member([id]), view.registers.read.registersOf([id])]),
        );
        return {
          id: id.toString(),
          own: id === own,
          name: member.name,
          regionCode: member.regionCode,
          region: member.region,
          creditCode: member.creditCode,
          role: ROLES[member.role] as Member['role'],
          status: STATUSES[member.status] as Member['status'],
          endpoint: member.endpoint,
          operator: member.operator.toLowerCase(),
          witness: member.witness.toLowerCase(),
          registers: registers.map(String),
        };
      }),
    );
  }
}

async function unwitnessed(rooms: Rooms): Promise<number> {
  const { registerId } = await rooms.registers.status();
  return registerId === null ? 0 : (await unwitnessedOf(rooms.db, registerId)).count;
}

export class CheckpointsOf implements CheckpointsPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async make(registerId: bigint, logIds: readonly bigint[]): Promise<Record<string, unknown>> {
    return { ...(await this.#rooms.exchange().checkpoints.issue(registerId, logIds)) };
  }
}

/** What other members' nodes ask of this one. */
export class BetweenMembers implements MembersPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async receiveQuestion(body: unknown): Promise<{ status: number; json: unknown }> {
    return { status: 202, json: await this.#rooms.exchange().responder.receive(body) };
  }

  async fetchAnswer(requestId: string, body: unknown): Promise<{ status: number; json: unknown }> {
    const outcome = await this.#rooms.exchange().responder.answerFor(requestId, body);
    return { status: outcome.state === 'pending' ? 202 : 200, json: outcome };
  }

  async signCheckpoint(body: unknown): Promise<{ status: number; json: unknown }> {
    return { status: 200, json: await this.#rooms.exchange().checkpoints.sign(body) };
  }
}
