import {
  addMonths,
  CASE_FILING_TYPES,
  CASE_TRANSITIONS,
  type CaseAction,
  type CaseState,
  caseStateAfter,
  type CaseType,
  dateOfDay,
  type Day,
  dayAt,
  type Hex,
  isCaseOpen,
  LedgerError,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { bytesToHex } from 'viem';
import { statusOfCode } from '../../node/src/api/status.ts';
import type { CaseDetail, CaseDraft, FiledCase } from '../../node/src/api/schemas/cases.ts';
import type { Rooms } from '../../node/src/api/rooms.ts';
import { Cases } from '../../node/src/api/wiring/cases.ts';
import { Reports } from '../../node/src/cases/index.ts';
import { ImportService } from '../../node/src/intake/index.ts';
import { OutboxStore } from '../../node/src/store/index.ts';
import { RecordStore, type StoredRecord } from '../../node/src/store/records.ts';
import { startApi, type TestApi } from '../api/support/api.ts';
import { penaltyCsv, penaltyRow } from '../intake/helpers.ts';
import { CARRY_OUT_DAYS, DISPUTE_DAYS, REPAIR_DAYS } from './support/cases-chain.ts';
import {
  CASES,
  casesWorld,
  type CasesWorld,
  DOMAIN,
  type Member,
  SOURCE,
  SUPERIOR,
} from './support/world.ts';

const ROLES = ['source', 'superior', 'filer'] as const;
type Role = (typeof ROLES)[number];
const STATES: Record<CaseType, readonly CaseState[]> = {
  dispute: ['filed', 'received', 'upheld', 'corrected', 'revoked', 'dismissed', 'withdrawn'],
  repair: ['filed', 'received', 'denied', 'granted', 'carried-out', 'dismissed', 'withdrawn'],
};
const MET = ['obligations-done', 'public-promise'];
/** What an officer posts to take a step; steps that nodes take by themselves are not here. */
const CALLS: Partial<Record<CaseAction, readonly [path: string, body: object | undefined]>> = {
  uphold: ['decision', { outcome: 'upheld', reasons: '经核实无误' }],
  correct: [
    'decision',
    {
      outcome: 'corrected',
      reasons: '金额有误',
      corrections: [{ column: '罚款金额（万元）', value: '0.5' }],
    },
  ],
  revoke: ['decision', { outcome: 'revoked', reasons: '处罚决定已撤销' }],
  grant: ['decision', { outcome: 'granted', reasons: '准予修复', conditionsMet: MET }],
  deny: ['decision', { outcome: 'denied', reasons: '义务未履行' }],
  dismiss: ['dismissal', { code: 'MALFORMED' }],
  withdraw: ['withdrawal', undefined],
  'mark-overdue': ['overdue', undefined],
};

interface Said {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

describe('Cases over HTTP', function () {
  this.timeout(120_000);
  let world: CasesWorld;
  let imports: ImportService;
  const apis = new Map<Role, TestApi>();

  before(async () => {
    world = await casesWorld();
    await world.setSuperior(SUPERIOR);
    imports = new ImportService(world.source.db, world.clock, async (tx, records) => {
      await world.registers.service.appendRecords(tx, records);
    });
    for (const role of ROLES)
      apis.set(role, await startApi(LIMITS, { cases: new Cases(roomsOf(world, world[role])) }));
  });
  after(async () => {
    for (const api of apis.values()) await api.close();
    await world.dispose();
  });
  beforeEach(() => world.behaviour.clear());

  const call = async (role: Role, path: string, body?: object, method = 'POST'): Promise<Said> => {
    const api = apis.get(role);
    if (api === undefined) throw new Error('no api');
    const response = await fetch(`${api.url}/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${api.tokens.officer}`,
        'content-type': 'application/json',
        'x-access-reason': encodeURIComponent('办理案件'),
      },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const get = (role: Role, path: string): Promise<Said> => call(role, path, undefined, 'GET');

  /** A penalty of a file, as the source has it: a correction is read by its template. */
  async function penalty(): Promise<StoredRecord> {
    const row = penaltyRow();
    await imports.importFile({ input: penaltyCsv([row]), fileName: 'a.csv', startedBy: 'test' });
    const documentNumber = row['行政处罚决定书文号'] ?? '';
    const [record] = await new RecordStore(world.source.db).withDocumentNumbers(1, [documentNumber]);
    if (record === undefined) throw new Error('no record');
    return record;
  }
  const wishOf = (caseType: CaseType, record: StoredRecord): Record<string, unknown> => ({
    type: caseType,
    register: '1',
    subject: record.uscc,
    documentNumber: record.documentNumber.replace('〔', '[').replace('〕', ']'),
    grounds: '请予核实',
    ...(caseType === 'repair' ? { conditionsMet: MET } : {}),
  });
  async function file(caseType: CaseType, record: StoredRecord): Promise<string> {
    const { status, body } = await call('filer', 'cases', wishOf(caseType, record));
    expect(status, JSON.stringify(body)).to.equal(201);
    return (body as unknown as FiledCase).case ?? '';
  }
  async function step(role: Role, action: CaseAction, caseId: string): Promise<Said> {
    const [path, body] = CALLS[action] ?? ['', undefined];
    return call(role, `cases/${caseId}/${path}`, body);
  }
  async function bring(caseType: CaseType, state: CaseState): Promise<string> {
    const record = await penalty();
    world.behaviour.set(SOURCE, state === 'filed' ? 'down' : 'up');
    const caseId = await file(caseType, record);
    if (state === 'filed') return caseId;
    await world.settle();
    const how = CASE_TRANSITIONS.find(
      ({ to, from, caseType: type, by }) =>
        to === state && from === 'received' && type === caseType && by !== 'anyone',
    );
    if (how !== undefined) {
      const taken = await step(how.by as Role, how.action, caseId);
      expect(taken.status, JSON.stringify(taken.body)).to.equal(200);
    }
    expect((await get('filer', `cases/${caseId}`)).body['state']).to.equal(state);
    return caseId;
  }

  for (const caseType of ['dispute', 'repair'] as const) {
    for (const state of STATES[caseType]) {
      it(`${caseType}, ${state}: each step of each node is done or refused as the table of steps says`, async () => {
        const caseId = await bring(caseType, state);
        await world.passDays((caseType === 'dispute' ? DISPUTE_DAYS : REPAIR_DAYS) + CARRY_OUT_DAYS + 1);
        const allowed: (readonly [Role, CaseAction])[] = [];
        for (const action of Object.keys(CALLS) as CaseAction[]) {
          for (const role of ROLES) {
            const isAllowed =
              action === 'mark-overdue'
                ? isCaseOpen(state)
                : caseStateAfter(caseType, action, state, role) !== undefined;
            if (isAllowed) {
              allowed.push([role, action]);
              continue;
            }
            const { status, body } = await step(role, action, caseId);
            const expected = refusalsOf(caseType, action, role);
            expect(body['code'], `${role} ${action}`).to.be.oneOf(expected);
            expect(status, `${role} ${action}`).to.equal(statusOfCode(String(body['code'])));
            expect(body['detailZh']).to.match(/\p{Script=Han}/u);
          }
        }
        const [first] = allowed.filter(([, action]) => action !== 'mark-overdue');
        const after = await get('filer', `cases/${caseId}`);
        expect(after.body['state']).to.equal(state);
        if (first === undefined) return;
        const [role, action] = first;
        const done = await step(role, action, caseId);
        expect([done.status, done.body['state']], JSON.stringify(done.body)).to.deep.equal([200, 'mined']);
        const to = caseStateAfter(caseType, action, state, role);
        expect((await get('filer', `cases/${caseId}`)).body['state']).to.equal(to);
        expect((await step(role, action, caseId)).status).to.equal(409);
      });
    }
  }

  it('a subject’s filing: drafted here, signed there, relayed, and shown as the subject’s', async () => {
    const record = await penalty();
    const bound = world.bind(record.uscc as Uscc);
    const drafted = await call('filer', 'cases/drafts', {
      ...wishOf('dispute', record),
      binding: bound.bindingId.toString(),
    });
    expect(drafted.status).to.equal(200);
    const { document, typedData } = drafted.body as unknown as CaseDraft & {
      typedData: { domain: { verifyingContract: Hex; chainId: number }; message: { documentHash: Hex } };
    };
    const signature = await bound.account.signTypedData({
      domain: { name: 'CreditLedger', version: '1', ...typedData.domain },
      types: CASE_FILING_TYPES,
      primaryType: 'CaseFiling',
      message: { bindingId: bound.bindingId, documentHash: typedData.message.documentHash },
    });
    const binding = { bindingId: bound.bindingId.toString(), salt: bound.salt, signature };
    const other = {
      ...binding,
      signature: `${signature.slice(0, -2)}${signature.endsWith('1b') ? '1c' : '1b'}`,
    };
    const refused = await call('filer', 'cases/signed', { document, binding: other, insist: true });
    expect([refused.status, refused.body['code']]).to.deep.equal([422, 'CASE_SIGNATURE_WRONG']);
    const filed = await call('filer', 'cases/signed', { document, binding });
    expect(filed.status, JSON.stringify(filed.body)).to.equal(201);
    const again = await call('filer', 'cases/signed', { document, binding });
    expect([again.status, again.body['code']]).to.deep.equal([409, 'CASE_DOCUMENT_FILED']);
    await world.settle();
    const { case: caseId, filing } = filed.body as unknown as FiledCase;
    const shown = (await get('source', `cases/${caseId}`)).body as unknown as CaseDetail;
    expect(shown.ourParts).to.deep.equal(['source']);
    expect(shown.private).to.deep.include({ signedBySubject: true, subject: record.uscc, objection: null });
    expect((await get('filer', `cases/filings/${filing}`)).body).to.deep.include({
      case: caseId,
      delivered: 'accepted',
    });
    expect((await get('filer', 'cases/filings/9999')).status).to.equal(404);
    expect((await get('superior', `cases/${caseId}`)).body['private']).to.equal(null);
  });

  it('a repair that the rules refuse says when, by which rule and what is missing, in both languages', async () => {
    const record = await penalty();
    const missing = await call('filer', 'cases', { ...wishOf('repair', record), conditionsMet: [] });
    expect([missing.status, missing.body['code']]).to.deep.equal([422, 'CASE_CONDITIONS_MISSING']);
    expect(missing.body['operands']).to.deep.include({ missing: MET, ruleSet: '2026-36' });
    const day = (dayAt(BigInt(Math.floor(world.clock.now().getTime() / 1000))) - 20) as Day;
    const row = penaltyRow({ 处罚决定日期: dateOfDay(day) });
    await imports.importFile({ input: penaltyCsv([row]), fileName: 'a.csv', startedBy: 'test' });
    const [young] = await new RecordStore(world.source.db).withDocumentNumbers(1, [
      row['行政处罚决定书文号'] ?? '',
    ]);
    const earliestDate = dateOfDay(addMonths(day, 3));
    for (const role of ['filer', 'source'] as const) {
      const early = await call(role, 'cases', wishOf('repair', young as StoredRecord));
      expect([early.status, early.body['code']]).to.deep.equal([422, 'CASE_REPAIR_TOO_EARLY']);
      expect(early.body['operands']).to.deep.include({ earliestDate, ruleSet: '2026-36' });
      expect(early.body['detail']).to.include(earliestDate);
      expect(early.body['detailZh']).to.include(earliestDate);
    }
  });

  it('the list shows due days, days left and what is late, of all members, and no subject', async () => {
    world.behaviour.set(SOURCE, 'down');
    const caseId = await file('dispute', await penalty());
    const fresh = (await get('superior', `cases?open=true&limit=500`)).body as unknown as {
      items: CaseDetail[];
    };
    const mine = fresh.items.find(({ id }) => id === caseId);
    expect(mine).to.deep.include({ daysLeft: DISPUTE_DAYS, overdue: false, counted: false, filedBy: '2' });
    await world.passDays(DISPUTE_DAYS + 1);
    const late = await get('superior', `cases?overdue=true&limit=500`);
    const listed = (late.body as unknown as { items: CaseDetail[] }).items.find(({ id }) => id === caseId);
    expect(listed).to.deep.include({ daysLeft: -1, overdue: true, counted: false });
    expect(JSON.stringify(late.body)).to.not.match(/uscc|subject|document"|grounds/);
    await world.settle();
    const counted = (await get('source', `cases/${caseId}`)).body;
    expect(counted).to.deep.include({ overdue: true, counted: true });
    const page = (await get('source', 'cases?limit=2')).body as { items: unknown[]; next: string };
    expect([page.items.length, page.next]).to.deep.equal([2, '2']);
  });

  it('what is no case, no code or no name is refused by the form', async () => {
    const record = await penalty();
    const wish = wishOf('dispute', record);
    expect((await call('filer', 'cases', { ...wish, documentNumber: undefined })).body['code']).to.equal(
      'REQUEST_INVALID',
    );
    expect(
      (await call('filer', 'cases', { ...wish, subject: `${record.uscc.slice(0, -1)}!` })).status,
    ).to.equal(400);
    expect((await call('source', 'cases/1/dismissal', { code: 'NO_SUCH' })).body['code']).to.equal(
      'REQUEST_INVALID',
    );
    expect(
      (await call('source', 'cases/1/decision', { outcome: 'annulled', reasons: 'x' })).body['code'],
    ).to.equal('REQUEST_INVALID');
    expect((await get('source', 'cases/99999')).body['code']).to.equal('CASE_UNKNOWN');
  });

  it('a report without a reason is not made; every look at a subject is in the access log, without its code', async () => {
    const record = await penalty();
    const api = apis.get('source');
    if (api === undefined) throw new Error('no api');
    const bare = await fetch(`${api.url}/v1/subjects/${record.uscc}/report`, {
      headers: { authorization: `Bearer ${api.tokens.officer}` },
    });
    expect([bare.status, ((await bare.json()) as { code: string }).code]).to.deep.equal([
      400,
      'ACCESS_REASON_MISSING',
    ]);
    expect((await get('source', `subjects/${record.uscc}/report`)).status).to.equal(200);
    const log = await api.query<{ action: string; detail: object }>('SELECT action, detail FROM access_log');
    const noted = log.filter(({ action }) => action === 'subject.report');
    expect(noted).to.have.length(1);
    expect(noted[0]?.detail).to.deep.include({ reason: '办理案件' });
    expect(JSON.stringify(log) + api.log()).to.not.include(record.uscc);
  });
});

const LIMITS = { requestsPerMinute: 1_000_000 };

/** What a node says to a step that the table does not allow: by who asks first, then by what, then by when. */
function refusalsOf(caseType: CaseType, action: CaseAction, role: Role): readonly string[] {
  if (action === 'mark-overdue') return ['CASE_NOT_OVERDUE'];
  if (action === 'withdraw') return [role === 'filer' ? 'CASE_STATE_WRONG' : 'CASE_NOT_THE_FILER'];
  if (action === 'dismiss') return [role === 'source' ? 'CASE_STATE_WRONG' : 'CASE_NOT_THE_SOURCE'];
  const decides = role === 'source' || (role === 'superior' && caseType === 'repair');
  if (!decides) return ['CASE_NOT_THE_DECIDER'];
  const isOfDispute = action === 'uphold' || action === 'correct' || action === 'revoke';
  return [isOfDispute === (caseType === 'dispute') ? 'CASE_STATE_WRONG' : 'CASE_OUTCOME_WRONG'];
}

/** As much of a node as stands behind the endpoints of cases. */
function roomsOf(world: CasesWorld, member: Member): Rooms {
  const outbox = new OutboxStore(member.db);
  const { db, service, signer } = member;
  return {
    db,
    clock: world.clock,
    config: { dataDir: '/nowhere' },
    deployment: { chainId: Number(DOMAIN.chainId), processes: { cases: CASES } },
    imports: { today: () => '2026-06-10' },
    cases: () => ({
      service,
      reports: new Reports({
        ...world.reportParts(member),
        db,
        clock: world.clock,
        memberId: member.id,
        signer,
      }),
    }),
    outbox: {
      get: (id: bigint) => outbox.byId(id),
      waitFor: async (id: bigint) => {
        await world.mine();
        const row = await outbox.byId(id);
        if (row?.txHash === undefined || row.txHash === null || row.state !== 'mined') {
          const message = row?.error?.message ?? 'not mined';
          throw new LedgerError(row?.error?.code ?? 'CHAIN_REVERTED', { en: message, zh: message });
        }
        return { id, txHash: bytesToHex(row.txHash), blockNumber: row.blockNumber, blockHash: '0x' };
      },
    },
    follower: { waitForBlock: async () => undefined },
  } as unknown as Rooms;
}
