import { randomBytes } from 'node:crypto';
import {
  type Hex,
  bindingCommitOf,
  type CaseDocument,
  CASE_FILING_TYPES,
  isLedgerError,
  ledgerDomain,
  LedgerError,
  saltedHash,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex, hexToBytes } from 'viem';
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { statusOfCode } from '../../../node/src/api/status.ts';
import {
  CASE_LIMITS,
  CaseBoard,
  type CaseLimits,
  CaseService,
  type ReportParts,
  type SubjectFiling,
} from '../../../node/src/cases/index.ts';
import { silentLog } from '../../../node/src/exchange/ports.ts';
import type {
  LedgerReads,
  MemberFact,
  PeerResponse,
  PeerTransport,
} from '../../../node/src/exchange/index.ts';
import type { ShiftedClock } from '../../../node/src/clock.ts';
import type { RegisterService } from '../../../node/src/registers/index.ts';
import { type Database, OutboxStore } from '../../../node/src/store/index.ts';
import type { NewRecord, StoredRecord } from '../../../node/src/store/records.ts';
import { memoryDatabase } from '../../support/database.ts';
import { TestSigner } from '../../exchange/support/fake-ledger.ts';
import { PretendChain, type RegisterWorld, registerWorld } from '../../registers/support/world.ts';
import { CasesChain, event } from './cases-chain.ts';

export const CASES: Hex = `0x${'ca'.repeat(20)}`;
export const DOMAIN = { chainId: 31_337n, answerLog: `0x${'a0'.repeat(20)}` as Hex };
export const NOW = '2026-06-10T02:00:00.000Z';
export const SOURCE = 1n;
export const FILER = 2n;
export const SUPERIOR = 3n;
export const REGISTER = 1n;

/** One member's room with its database and its part of the chain. */
export interface Member {
  readonly id: bigint;
  readonly db: Database;
  readonly signer: TestSigner;
  readonly service: CaseService;
  readonly chain: PretendChain;
}

/** What a member's node does with messages, when it is not its room that answers. */
export type Behaviour = 'up' | 'down' | ((body: unknown, signal?: AbortSignal) => Promise<PeerResponse>);

export interface CasesWorld {
  readonly clock: ShiftedClock;
  readonly source: Member;
  readonly filer: Member;
  readonly superior: Member;
  readonly registers: RegisterWorld;
  readonly ledger: CasesChain;
  readonly behaviour: Map<bigint, Behaviour>;
  /** Everything that was sent between nodes, as JSON text. */
  readonly sent: { readonly to: bigint; readonly body: unknown }[];
  /** A record of the source, with its entry. */
  record(change?: Partial<NewRecord>): Promise<StoredRecord>;
  /** Mines what all members have queued, lets all rooms look, until nothing more happens. */
  settle(): Promise<void>;
  /** Mines what is queued now, nothing more. */
  mine(): Promise<void>;
  passDays(days: number): Promise<void>;
  setSuperior(superior: bigint): Promise<void>;
  bind(uscc: Uscc): { readonly bindingId: bigint; readonly account: PrivateKeyAccount; readonly salt: Hex };
  endBinding(bindingId: bigint, at: bigint): void;
  sign(document: CaseDocument, by: Bound): Promise<SubjectFiling>;
  /** What a member's reports read. */
  reportParts(member: Member): Pick<ReportParts, 'facts' | 'board'>;
  dispose(): Promise<void>;
}

export type Bound = ReturnType<CasesWorld['bind']>;

/** A source with a register, a member that files, and one that may be the source's superior; the chain pretended. */
export async function casesWorld(limits: Partial<CaseLimits> = {}): Promise<CasesWorld> {
  const registers = await registerWorld({}, memoryDatabase);
  const { clock } = registers;
  clock.shift(Date.parse(NOW) - Date.now());
  const ledger = new CasesChain(clock);
  ledger.owners.set(REGISTER, SOURCE);
  const bindings = new Map<bigint, NonNullable<Awaited<ReturnType<LedgerReads['binding']>>>>();
  const members = new Map<bigint, MemberFact>();
  const behaviour = new Map<bigint, Behaviour>();
  const sent: CasesWorld['sent'] = [];
  const services = new Map<bigint, CaseService>();
  const disposals: (() => Promise<void>)[] = [];

  const facts: ReportParts['facts'] = {
    domain: DOMAIN,
    member: async (memberId) => members.get(memberId),
    binding: async (bindingId) => bindings.get(bindingId),
  };
  const transport: PeerTransport = {
    async post(endpoint, path, body, signal) {
      const to = BigInt(endpoint.split('-')[1] ?? 0);
      const json: unknown = JSON.parse(JSON.stringify(body));
      sent.push({ to, body: json });
      const how = behaviour.get(to) ?? 'up';
      if (how === 'down') throw down();
      if (how !== 'up') return how(json, signal);
      if (path !== '/v1/exchange/cases') return { status: 404, body: {} };
      const service = services.get(to);
      if (service === undefined) throw down();
      try {
        return { status: 200, body: await service.receive(json) };
      } catch (error) {
        if (!isLedgerError(error)) throw error;
        return {
          status: statusOfCode(error.code),
          body: JSON.parse(JSON.stringify(error.toJSON())) as unknown,
        };
      }
    },
  };

  function join(id: bigint, db: Database, chain: PretendChain, register: RegisterService): Member {
    const signer = new TestSigner();
    members.set(id, {
      id,
      name: `member ${id}`,
      region: 110_000,
      role: 'authority',
      active: true,
      operator: signer.operatorAddress,
      witness: signer.witnessAddress,
      endpoint: `member-${id}`,
    });
    const service = new CaseService({
      db,
      clock,
      memberId: id,
      facts,
      registers: register,
      transactions: { enqueue: (tx, request) => enqueue(tx, request, clock) },
      transport,
      signer,
      board: new CaseBoard(db),
      contract: CASES,
      log: silentLog,
      limits: { ...CASE_LIMITS, firstWordMilliseconds: 200, ...limits },
    });
    services.set(id, service);
    return { id, db, signer, service, chain };
  }

  const noRegister = {
    operateIn: () => Promise.reject(new Error('no register here')),
  } as unknown as RegisterService;
  const others = await Promise.all([FILER, SUPERIOR].map(() => memoryDatabase()));
  const source = join(SOURCE, registers.db, registers.chain, registers.service);
  const [filer, superior] = others.map(({ db, dispose }, i) => {
    disposals.push(dispose);
    return join(BigInt(i + 2), db, new PretendChain(db, [], clock), noRegister);
  }) as [Member, Member];
  const all = [source, filer, superior];

  await registers.service.open(86_400);
  await registers.settle();
  const opened = {
    registerId: REGISTER,
    owner: SOURCE,
    secretCommit: `0x${'1'.repeat(64)}`,
    promiseSeconds: 86_400,
  };
  for (const member of [filer, superior]) {
    await member.chain.mine([{ name: 'RegisterOpened', args: opened }]);
  }

  /** One member's next call, done and told to all. False when there is none. */
  async function mineOne(member: Member): Promise<boolean> {
    const store = new OutboxStore(member.db);
    const row = await store.nextOpen('operator');
    if (row === undefined) return false;
    if (row.to !== CASES) return (await registers.chain.mineNext()) !== undefined;
    const txHash = randomBytes(32);
    const place = {
      txHash,
      nonce: row.id,
      blockNumber: member.chain.block + 1n,
      blockHash: randomBytes(32),
    };
    try {
      const events = ledger.call(member.id, bytesToHex(row.data));
      await store.settle(row.id, place, null, clock.now());
      for (const each of all) await each.chain.mine(events, bytesToHex(txHash));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const refusal = { code: 'CHAIN_REVERTED', message, messageZh: message, operands: {} };
      await store.settle(row.id, place, refusal, clock.now());
    }
    return true;
  }

  async function mine(): Promise<void> {
    for (const member of all) while (await mineOne(member));
  }

  return {
    clock,
    source,
    filer,
    superior,
    registers,
    ledger,
    behaviour,
    sent,
    record: async (change = {}) => {
      const [record] = await registers.record(change);
      if (record === undefined) throw new Error('no record');
      return record;
    },
    mine,
    settle: async () => {
      for (let calm = false; !calm;) {
        const before = await states(all);
        await mine();
        for (const member of all) await member.service.look();
        await mine();
        calm = before === (await states(all));
      }
    },
    passDays: async (days) => {
      clock.shift(days * 86_400_000);
      for (const each of all) await each.chain.mine([]);
    },
    setSuperior: async (id) => {
      ledger.superiors.set(SOURCE, id);
      for (const each of all) {
        await each.chain.mine([event('SuperiorSet', { memberId: SOURCE, superior: id })]);
      }
    },
    bind: (uscc) => {
      const account = privateKeyToAccount(generatePrivateKey());
      const bindingId = BigInt(bindings.size + 1);
      const salt = bytesToHex(randomBytes(32));
      bindings.set(bindingId, {
        subject: account.address.toLowerCase() as Hex,
        voucher: SOURCE,
        bindingCommit: bindingCommitOf(uscc, salt),
        boundAt: 1n,
        endedAt: 0n,
      });
      return { bindingId, account, salt };
    },
    endBinding: (bindingId, at) => {
      const binding = bindings.get(bindingId);
      if (binding !== undefined) bindings.set(bindingId, { ...binding, endedAt: at });
    },
    sign: async (document, { bindingId, account, salt }) => ({
      bindingId: bindingId.toString(),
      salt,
      signature: await account.signTypedData({
        domain: ledgerDomain(DOMAIN.chainId, CASES),
        types: CASE_FILING_TYPES,
        primaryType: 'CaseFiling',
        message: { bindingId, documentHash: saltedHash(document) },
      }),
    }),
    reportParts: ({ db }) => ({ facts, board: new CaseBoard(db) }),
    dispose: async () => {
      await Promise.all(all.map(({ service }) => service.stop()));
      await registers.dispose();
      await Promise.all(disposals.map((each) => each()));
    },
  };
}

/** As the outbox: the same intent once, a failed one anew when asked to. */
async function enqueue(
  tx: Database,
  request: { kind: string; dedupeKey: string; role: 'operator'; to: Hex; data: Hex },
  clock: ShiftedClock,
): Promise<bigint> {
  const store = new OutboxStore(tx);
  const row = { ...request, data: hexToBytes(request.data) };
  const made = await store.insert(row, clock.now());
  if (made !== undefined) return made;
  const known = await store.byDedupeKey(request.dedupeKey);
  if (known === undefined || bytesToHex(known.data) !== request.data)
    throw new Error(`conflict: ${request.dedupeKey}`);
  if (known.state === 'failed') await store.requeue(known.id, clock.now());
  return known.id;
}

async function states(members: readonly Member[]): Promise<string> {
  const all = await Promise.all(
    members.map(async ({ db, service }) => [
      (await service.list({ limit: 1_000 })).map(
        ({ caseId, state, countedDueDays }) => `${caseId} ${state} ${countedDueDays.join()}`,
      ),
      await new OutboxStore(db).countOpen(),
      (await db.query('SELECT id, accepted_at, ended FROM case_deliveries ORDER BY id')).length,
      await db.query('SELECT count(*)::text AS n FROM entries'),
      await db.query(
        'SELECT id, flag_entry, flag_ended, decision IS NOT NULL AS decided FROM cases ORDER BY id',
      ),
    ]),
  );
  return JSON.stringify(all, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

function down(): LedgerError {
  return new LedgerError('PEER_UNREACHABLE', { en: 'does not answer', zh: '无响应' });
}
