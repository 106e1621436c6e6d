import { type LetterCopy, type LetterFacts, verifyLetterCopy } from '@credit-ledger/sdk/answer';
import {
  LETTER_STATES,
  LETTER_TRANSITIONS,
  type LetterAction,
  type LetterState,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { keccak256, type PrivateKeyAccount } from 'viem';
import { ENDPOINTS } from '../../node/src/api/endpoints/index.ts';
import type { FilingDetail, TakenIn } from '../../node/src/api/schemas/filings.ts';
import type { InformedLetter, LetterDetail, Withdrawal } from '../../node/src/api/schemas/letters.ts';
import { FilingsOf, PledgesOf } from '../../node/src/api/wiring/filings.ts';
import { LettersOf } from '../../node/src/api/wiring/letters.ts';
import type { Rooms } from '../../node/src/api/rooms.ts';
import { CHAIN_ID, CONTRACTS } from '../letters/support/pretend.ts';
import {
  admit,
  ITEM,
  type LetterWorld,
  letterWorld,
  oneTimeKey,
  setYear,
  sign,
  SUBJECT,
  TEXTS,
  WEEKDAYS_2026,
} from '../letters/support/world.ts';
import { posting, startApi, type TestApi } from './support/api.ts';

interface Answer<T> {
  readonly status: number;
  readonly body: T & {
    code?: string;
    detail?: string;
    detailZh?: string;
    operands?: Record<string, unknown>;
  };
}

/** A letter of a test: its number and who its applicant is. */
interface TestLetter {
  readonly id: string;
  readonly account: PrivateKeyAccount;
  readonly typedData?: InformedLetter['typedData'];
}

describe('Letters, filings and pledges through the API', function () {
  this.timeout(60_000);
  let world: LetterWorld;
  let api: TestApi;
  let item: { itemId: string; templateId: string };

  // One API for all, over whatever world a test has: starting one takes seconds.
  before(async () => {
    const rooms = {
      get letters() {
        return world.room;
      },
      get db() {
        return world.db;
      },
      membership: () => Promise.resolve({ memberId: world.chain.member, mayWitness: true }),
    } as unknown as Rooms;
    api = await startApi(
      { requestsPerMinute: 100_000 },
      { letters: new LettersOf(rooms), filings: new FilingsOf(rooms), pledges: new PledgesOf(rooms) },
    );
  });
  after(() => api.close());

  beforeEach(async () => {
    world = await letterWorld();
    const { touches: _, ...published } = ITEM;
    const { body } = await post<{ itemId: string }>(
      'publishLetterItem',
      {},
      {
        ...published,
        touchesStateSecurity: false,
        touchesPublicSafety: false,
        touchesLifeOrHealth: false,
      },
    );
    const template = await post<{ templateId: string }>('publishLetterTemplate', { id: body.itemId }, TEXTS);
    item = { itemId: body.itemId, templateId: template.body.templateId };
  });
  afterEach(() => world.dispose());

  function pathOf(id: string, params: Readonly<Record<string, string>>): string {
    const endpoint = ENDPOINTS.find((each) => each.id === id);
    if (endpoint === undefined) throw new Error(`no endpoint ${id}`);
    return endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
  }
  async function post<T>(
    id: string,
    params: Readonly<Record<string, string>>,
    body: unknown,
  ): Promise<Answer<T>> {
    const response = await fetch(api.url + pathOf(id, params), posting(api.tokens.officer, body));
    return { status: response.status, body: (await response.json()) as Answer<T>['body'] };
  }
  async function get<T>(
    id: string,
    params: Readonly<Record<string, string>> = {},
    query = '',
  ): Promise<Answer<T>> {
    const headers = { authorization: `Bearer ${api.tokens.auditor}` };
    const response = await fetch(api.url + pathOf(id, params) + query, { headers });
    return { status: response.status, body: (await response.json()) as Answer<T>['body'] };
  }

  const offering = { ...SUBJECT, subject: SUBJECT.creditCode };
  async function offer(): Promise<string> {
    const { creditCode: _, ...letter } = offering;
    const { status, body } = await post<LetterDetail>('offerLetter', {}, { ...letter, ...item });
    expect(status).to.equal(201);
    return body.id;
  }
  async function inform(id: string, account: PrivateKeyAccount): Promise<Answer<InformedLetter>> {
    return post<InformedLetter>('informApplicant', { id }, { applicant: account.address });
  }
  async function settled(): Promise<void> {
    await world.room.promises.idle();
    await world.chain.mineAll();
  }
  const stateOf = async (id: string): Promise<LetterState> =>
    (await get<LetterDetail>('getLetter', { id })).body.state;

  /** Each action with everything right but the state, and the letter's state after it. */
  const ACTIONS: Readonly<
    Record<Exclude<LetterAction, 'offer'>, (letter: TestLetter) => Promise<Answer<unknown>>>
  > = {
    inform: ({ id }) => inform(id, oneTimeKey()),
    'make-promise': async ({ id, account, typedData }) => {
      const signature =
        typedData === undefined ? `0x${'1'.repeat(130)}` : await sign(account, typedData as never);
      const answer = await post('promiseLetter', { id }, { signature });
      await settled();
      return answer;
    },
    decide: ({ id }) =>
      post('decideLetter', { id }, { decision: '准予许可', mode: 'routine', checkBy: '2026-07-01' }),
    check: ({ id }) => post('checkLetter', { id }, { kept: true, finding: '属实' }),
    withdraw: async ({ id, account }) => {
      const drawnUp = await post<Withdrawal>('drawUpWithdrawal', { id }, { reason: '改交材料' });
      if (drawnUp.status !== 200) return drawnUp;
      const signature = await sign(account, drawnUp.body.typedData as never);
      return post('withdrawLetter', { id }, { document: drawnUp.body.document, signature });
    },
    refuse: ({ id }) => post('refuseLetter', { id }, { reason: 'applicant-declined' }),
    terminate: ({ id }) => post('terminateLetter', { id }, { reason: '撤件' }),
  };

  const WAY: Readonly<Record<LetterState, readonly Exclude<LetterAction, 'offer'>[]>> = {
    none: [],
    offered: [],
    informed: ['inform'],
    promised: ['inform', 'make-promise'],
    decided: ['inform', 'make-promise', 'decide'],
    'checked-true': ['inform', 'make-promise', 'decide', 'check'],
    'checked-false': ['inform', 'make-promise', 'decide'],
    withdrawn: ['inform', 'withdraw'],
    refused: ['refuse'],
    terminated: ['inform', 'terminate'],
  };
  const BROKEN = {
    kept: false,
    finding: '现场核查不符',
    broken: {
      outcome: 'penalised',
      legalBasis: '《行政许可法》第七十九条',
      record: {
        severity: 2,
        severityBasis: '裁量基准',
        domain: 2,
        until: '2028-06-01',
        documentNumber: '京1号',
      },
    },
  };

  async function letterAt(state: LetterState): Promise<TestLetter> {
    let letter: TestLetter = { id: await offer(), account: oneTimeKey() };
    for (const action of WAY[state]) {
      if (action === 'inform') {
        const { body } = await inform(letter.id, letter.account);
        letter = { ...letter, typedData: body.typedData };
      } else expect((await ACTIONS[action](letter)).status).to.be.oneOf([200, 202]);
    }
    if (state === 'checked-false') await post('checkLetter', { id: letter.id }, BROKEN);
    expect(await stateOf(letter.id)).to.equal(state);
    return letter;
  }

  for (const state of LETTER_STATES.filter((each) => each !== 'none')) {
    for (const action of Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]) {
      const expected = LETTER_TRANSITIONS.filter((each) => each.action === action && each.from === state).map(
        ({ to }) => to as LetterState,
      );
      it(`${action} from ${state}: ${expected.length > 0 ? expected.join(' or ') : '409 LETTER_STATE_WRONG'}`, async () => {
        const letter = await letterAt(state);
        const { status, body } = await ACTIONS[action](letter);
        if (expected.length > 0) {
          expect(status).to.be.oneOf([200, 202]);
          expect(await stateOf(letter.id)).to.be.oneOf(expected);
          return;
        }
        expect(status).to.equal(409);
        expect((body as { code?: string }).code).to.equal('LETTER_STATE_WRONG');
        expect((body as { operands?: object }).operands).to.include({ state });
        expect(await stateOf(letter.id)).to.equal(state);
      });
    }
  }

  describe('refusals have their code and status', () => {
    it('of items: excluded, unknown registers, another’s, unknown', async () => {
      const { touches: _, ...published } = ITEM;
      const listing = { ...published, touchesStateSecurity: false, touchesPublicSafety: false };
      const excluded = await post('publishLetterItem', {}, { ...listing, touchesLifeOrHealth: true });
      expect([excluded.status, excluded.body.code]).to.deep.equal([422, 'LETTER_ITEM_EXCLUDED']);
      const silent = await post('publishLetterItem', {}, listing);
      expect([silent.status, silent.body.code]).to.deep.equal([400, 'REQUEST_INVALID']);
      const registers = await post(
        'publishLetterItem',
        {},
        {
          ...listing,
          touchesLifeOrHealth: false,
          registers: ['99'],
        },
      );
      expect([registers.status, registers.body.code]).to.deep.equal([422, 'LETTER_ITEM_REGISTERS_INVALID']);
      const unknown = await post('withdrawLetterItem', { id: `0x${'1'.repeat(64)}` }, {});
      expect([unknown.status, unknown.body.code]).to.deep.equal([404, 'LETTER_ITEM_UNKNOWN']);
      await admit(world, { id: 2n, role: 1 });
      world.chain.member = 2n;
      const others = await post('withdrawLetterItem', { id: item.itemId }, {});
      expect([others.status, others.body.code]).to.deep.equal([409, 'LETTER_ITEM_NOT_YOURS']);
    });

    it('of an incomplete template: the missing text is named in both languages', async () => {
      const { liability: _, ...told } = TEXTS.told as Record<string, string>;
      const { status, body } = await post('publishLetterTemplate', { id: item.itemId }, { ...TEXTS, told });
      expect([status, body.code]).to.deep.equal([422, 'LETTER_TEMPLATE_INCOMPLETE']);
      expect(body.detail).to.include('liability');
      expect(body.detailZh).to.include('不实承诺的责任');
    });

    it('of a wrong signature, a letter that there is not, and a credit code that is none', async () => {
      const letter = await letterAt('informed');
      const signature = await sign(oneTimeKey(), letter.typedData as never);
      const forged = await post('promiseLetter', { id: letter.id }, { signature });
      expect([forged.status, forged.body.code]).to.deep.equal([422, 'LETTER_WRONG_APPLICANT_SIGNATURE']);
      const unknown = await get('getLetter', { id: '99' });
      expect([unknown.status, unknown.body.code]).to.deep.equal([404, 'LETTER_UNKNOWN']);
      const { creditCode: _, ...rest } = offering;
      const code = await post('offerLetter', {}, { ...rest, ...item, subject: '91110105MA00EXMP8M' });
      expect([code.status, code.body.code]).to.deep.equal([400, 'USCC_CHECK']);
    });

    it('of a NO: the letter is shown as not eligible, with what to do, and no register', async () => {
      world.asker.says.set(1n, { answer: false });
      const letter = await letterAt('informed');
      expect((await ACTIONS['make-promise'](letter)).status).to.equal(202);
      const { body } = await get<LetterDetail>('getLetter', { id: letter.id });
      expect(body.eligibility?.state).to.equal('not-eligible');
      expect(body.eligibility?.error?.code).to.equal('LETTER_NOT_ELIGIBLE');
      expect(JSON.stringify(body.eligibility)).to.not.match(/register"/i);
      const again = await ACTIONS['make-promise'](letter);
      expect([again.status, again.body]).to.deep.include(409);
      expect((again.body as { code?: string }).code).to.equal('LETTER_NOT_ELIGIBLE');
    });

    it('of a check without an outcome or a legal basis, and of a step that the chain refuses', async () => {
      const letter = await letterAt('decided');
      const nothing = await post('checkLetter', { id: letter.id }, { kept: false, finding: '不符' });
      expect([nothing.status, nothing.body.code]).to.deep.equal([422, 'LETTER_OUTCOME_INVALID']);
      const baseless = { ...BROKEN, broken: { ...BROKEN.broken, legalBasis: '' } };
      const basis = await post('checkLetter', { id: letter.id }, baseless);
      expect([basis.status, basis.body.code]).to.deep.equal([422, 'LETTER_LEGAL_BASIS_MISSING']);
      world.chain.reverts.push({ error: 'WrongState', letterId: '1', state: 7 });
      const refused = await ACTIONS.check(letter);
      expect([refused.status, (refused.body as { code?: string }).code]).to.deep.equal([
        409,
        'LETTER_STATE_WRONG',
      ]);
      const { body } = await get<LetterDetail>('getLetter', { id: letter.id });
      expect(body.failed?.error.operands).to.include({ state: 'withdrawn' });
    });

    it('of draws', async () => {
      const closesAt = new Date((Number(world.chain.time) + 86_400) * 1000).toISOString();
      const rate = await post('openDraw', {}, { rateBasisPoints: 0, closesAt });
      expect([rate.status, rate.body.code]).to.deep.equal([422, 'LETTER_DRAW_RATE_INVALID']);
      const { body } = await post<{ drawId: string }>('openDraw', {}, { rateBasisPoints: 500, closesAt });
      const early = await post('revealDraw', { id: body.drawId }, {});
      expect([early.status, early.body.code]).to.deep.equal([409, 'LETTER_DRAW_OPEN']);
      const draws = await get<{ items: { state: string; seed: null }[] }>('listDraws');
      expect(draws.body.items[0]).to.include({ state: 'open', seed: null });
    });
  });

  it('refuses text that no database keeps, and documents without end, as invalid: nothing fails within', async () => {
    const { creditCode: _, ...letter } = offering;
    for (const name of ['示例\u0000公司', '示例\ud800公司']) {
      const refused = await post('offerLetter', {}, { ...letter, ...item, name });
      expect([refused.status, refused.body.code]).to.deep.equal([400, 'REQUEST_INVALID']);
      expect(refused.body.detail).to.include('body.name');
    }
    const { id, account } = await letterAt('informed');
    const named = { applicant: account.address, application: { ['\u0000']: 'x' } };
    expect((await post('informApplicant', { id }, named)).status).to.equal(400);
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const document = `{"format":"letter-withdrawal/1","salt":"${'ab'.repeat(32)}","more":${deep}}`;
    const init = posting(api.tokens.officer, {});
    const response = await fetch(api.url + pathOf('withdrawLetter', { id }), {
      ...init,
      body: `{"document":${document},"signature":"0x${'ab'.repeat(65)}"}`,
    });
    expect([response.status, ((await response.json()) as { code: string }).code]).to.deep.equal([
      400,
      'BODY_TOO_COMPLEX',
    ]);
  });

  it('gives the two copies, which a third party verifies', async () => {
    const letter = await letterAt('promised');
    const { body } = await get<{ items: Record<string, never>[] }>('getLetterCopies', { id: letter.id });
    const view = (await get<LetterDetail>('getLetter', { id: letter.id })).body;
    expect(body.items.map((copy) => copy['holder'])).to.deep.equal(['agency', 'applicant']);
    const signatures = body.items[0]?.['signatures'] as unknown as {
      applicant: `0x${string}`;
      agency: `0x${string}`;
    };
    const anchored = body.items[0]?.['anchored'] as unknown as LetterCopy['anchored'];
    const facts: LetterFacts = {
      letter: async () => ({ authority: 1n, state: view.state, digest: view.digest as `0x${string}` }),
      promise: async () => ({
        digest: view.digest as `0x${string}`,
        applicantCopy: keccak256(signatures.applicant),
        agencyCopy: keccak256(signatures.agency),
        transactionHash: anchored.transactionHash,
        blockNumber: BigInt(anchored.blockNumber),
        time: BigInt(anchored.time),
      }),
      operatorAt: async () => world.operator.address,
    };
    const pinned = { chainId: BigInt(CHAIN_ID), contract: CONTRACTS.letters };
    for (const copy of body.items) {
      expect((await verifyLetterCopy(JSON.stringify(copy), facts, pinned)).overall).to.equal('VALID');
    }
  });

  it('lists letters without their subjects, and notes who looked at one', async () => {
    await letterAt('offered');
    const { body } = await get<{ items: object[] }>('listLetters');
    expect(JSON.stringify(body)).to.not.include(SUBJECT.creditCode).and.to.not.include(SUBJECT.name);
    const own = await get<{ items: object[] }>('listLetters', {}, `?subject=${SUBJECT.creditCode}`);
    expect(own.body.items).to.have.length(1);
    const log = await api.query<{ action: string; detail: object }>(
      'SELECT action, detail FROM access_log ORDER BY id',
    );
    expect(log.map(({ action }) => action)).to.include.members([
      'letter.offer',
      'letters.find',
      'letter.read',
    ]);
    expect(JSON.stringify(log)).to.not.include(SUBJECT.creditCode);
  });

  describe('filings', () => {
    const matter = {
      subject: SUBJECT.creditCode,
      name: SUBJECT.name,
      matter: '食品经营许可',
      missing: ['健康证明'],
      promise: '补齐',
    };

    it('go from the counter to the record, with due days and days left', async () => {
      const uncovered = await post('takeInFiling', {}, { ...matter, applicant: oneTimeKey().address });
      expect([uncovered.status, uncovered.body.code]).to.deep.equal([409, 'FILING_CALENDAR_NOT_COVERED']);
      expect(uncovered.body.detailZh).to.include('理事会').and.to.include('2026');
      await setYear(world, 2026, WEEKDAYS_2026);
      const account = oneTimeKey();
      const taken = await post<TakenIn>('takeInFiling', {}, { ...matter, applicant: account.address });
      expect(taken.status).to.equal(201);
      const { id } = taken.body.filing;
      const signature = await sign(account, taken.body.typedData as never);
      const forged = await post(
        'acceptFiling',
        { id },
        { signature: await sign(oneTimeKey(), taken.body.typedData as never) },
      );
      expect([forged.status, forged.body.code]).to.deep.equal([422, 'FILING_WRONG_APPLICANT_SIGNATURE']);
      const accepted = await post<FilingDetail>('acceptFiling', { id }, { signature });
      expect(accepted.body).to.include({
        state: 'accepted',
        dueDay: '2026-06-10',
        daysLeft: 9,
        overdue: false,
      });
      const filingId = accepted.body.filingId ?? '';
      const early = await post('markFilingOverdue', { id: filingId }, {});
      expect([early.status, early.body.code]).to.deep.equal([409, 'FILING_NOT_YET_OVERDUE']);
      expect(early.body.detail).to.include('2026-06-10');
      world.pass(10 * 86_400);
      const members = await get<{ items: { overdue: boolean; state: string }[] }>('listMemberFilings');
      expect(members.body.items[0]).to.include({ overdue: true, state: 'accepted', own: true });
      expect(JSON.stringify(members.body)).to.not.include(SUBJECT.creditCode);
      expect((await post('markFilingOverdue', { id: filingId }, {})).status).to.equal(200);
      const breach = { legalBasis: '条例', record: BROKEN.broken.record };
      const recorded = await post<FilingDetail>('recordFiling', { id }, breach);
      expect(recorded.body).to.include({ state: 'overdue', isRecorded: true });
      expect(recorded.body.recordId).to.equal('1');
      const twice = await post('recordFiling', { id }, breach);
      expect([twice.status, twice.body.code]).to.deep.equal([409, 'FILING_ENTRY_KNOWN']);
      const late = await post<FilingDetail>('supplyFiling', { id }, { documents: ['健康证明'] });
      expect(late.body.state).to.equal('supplied-late');
      expect((await get('getFiling', { id: '99' })).body.code).to.equal('FILING_UNKNOWN');
    });
  });

  describe('pledges', () => {
    it('go from the draft to the observation and back', async () => {
      const pledger = oneTimeKey();
      const draft = {
        subject: SUBJECT.creditCode,
        name: SUBJECT.name,
        kind: 'product-quality',
        text: '产品合格',
        scope: '协会网站',
        publicUntil: '2027-06-01',
        pledger: pledger.address,
      };
      const refused = await post('drawUpPledge', {}, draft);
      expect([refused.status, refused.body.code]).to.deep.equal([409, 'PLEDGE_NOT_ASSOCIATION']);
      await admit(world, { id: 9n, role: 3 });
      world.chain.member = 9n;
      const drawn = await post<{ id: string; typedData: never }>('drawUpPledge', {}, draft);
      const signature = await sign(pledger, drawn.body.typedData);
      const { body } = await post<{ pledgeId: string }>(
        'publishPledge',
        { id: drawn.body.id },
        { signature },
      );
      const own = await post('observePledge', { id: body.pledgeId }, { text: '好' });
      expect([own.status, own.body.code]).to.deep.equal([409, 'PLEDGE_OWN']);
      world.chain.member = 1n;
      expect((await post('observePledge', { id: body.pledgeId }, { text: '抽检不合格' })).status).to.equal(
        200,
      );
      const toSign = await get<{ typedData: never }>('drawUpPledgeWithdrawal', { id: body.pledgeId });
      const back = await sign(pledger, toSign.body.typedData);
      expect((await post('withdrawPledge', { id: body.pledgeId }, { signature: back })).status).to.equal(200);
      const gone = await post('withdrawPledge', { id: body.pledgeId }, { signature: back });
      expect([gone.status, gone.body.code]).to.deep.equal([409, 'PLEDGE_WITHDRAWN']);
      const list = await get<{ items: { kind: string; isPublic: boolean; observations: object[] }[] }>(
        'listPledges',
      );
      expect(list.body.items[0]).to.include({ kind: 'product-quality', isPublic: false });
      expect(list.body.items[0]?.observations).to.have.length(1);
    });
  });
});
