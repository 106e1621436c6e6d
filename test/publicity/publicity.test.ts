import { type Day, dateOfDay, dayOfDate, OPEN_END } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import type { Rooms } from '../../node/src/api/rooms.ts';
import { PublicityOf } from '../../node/src/api/wiring/publicity.ts';
import { PUBLIC_FIELDS } from '../../node/src/publicity/index.ts';
import { PROFILES } from '../../node/src/intake/index.ts';
import type { NewRecord } from '../../node/src/store/records.ts';
import { startApi, type TestApi } from '../api/support/api.ts';
import { codeOf } from '../support/codes.ts';
import { onBothEngines } from '../support/database.ts';
import { COMPANY, companyCode, OTHER_COMPANY } from '../registers/support/world.ts';
import { fine, type PublicityWorld, publicityWorld } from './support/world.ts';

const NEVER_HEARD_OF = companyCode(77);
const EVERYTHING = { limit: 100 };
const REPAIR = { conditionsMet: ['obligations-done', 'public-promise'] } as const;
const MISSING_FIELD = { name: 'publicUntil', value: '2026-06-30' };
const FIGURES = ['inTime', 'late', 'due', 'overdue', 'calendarMissing'] as const;

describe('Publicity', function () {
  this.timeout(30_000);
  let world: PublicityWorld;

  beforeEach(async () => {
    world = await publicityWorld();
  });
  afterEach(() => world.dispose());

  const seen = async (uscc = COMPANY) => (await world.publicity.publicRecords({ uscc }, EVERYTHING)).items;
  const because = async (id: bigint) => {
    const visibility = (await world.publicity.stateOf(id))?.visibility;
    return visibility?.visible === false ? visibility.because : 'visible';
  };

  describe('shows', () => {
    it('of an adverse record the fields of the positive list, and the source’s severity with its basis', async () => {
      await world.anchored();
      const [record] = await seen();
      expect(record?.fields.map(({ name }) => name)).to.deep.equal([
        'violationType',
        'facts',
        'penaltyContent',
      ]);
      expect(record?.severity).to.deep.equal({ level: 1, basis: 'transport@1: any' });
      expect(record?.source.name).to.equal('示例市监局');
      expect(dateOfDay(record?.publicUntilDay ?? (0 as Day))).to.equal('2027-04-20');
      const text = JSON.stringify(record);
      for (const kept of ['内部备注', '110108000000001', 'raw', 'importId'])
        expect(text).to.not.include(kept);
    });

    it('permits until their own last day, and positive records never', async () => {
      const until = dayOfDate('2026-12-31');
      await world.anchored({
        class: 2,
        kind: 24,
        until,
        fields: [{ name: 'permitContent', value: '道路运输' }],
      });
      const positive = await world.anchored({ class: 3, kind: 40 });
      expect((await seen()).map((record) => [record.class, record.publicUntilDay])).to.deep.equal([
        [2, until],
      ]);
      expect(await because(positive)).to.equal('class-not-public');
    });

    it('a disputed record with its flag, until the dispute is settled', async () => {
      const id = await world.anchored();
      await world.operate('dispute', id);
      expect((await seen()).map(({ disputed }) => disputed)).to.deep.equal([true]);
      await world.operate('settle', id);
      expect((await seen()).map(({ disputed }) => disputed)).to.deep.equal([false]);
    });

    it('the correction in the place of what was corrected', async () => {
      const id = await world.anchored();
      await world.operate('correct', id, { corrected: { subjectName: '北京更名有限公司' } });
      await world.anchor();
      expect((await seen()).map(({ subjectName }) => subjectName)).to.deep.equal(['北京更名有限公司']);
    });

    it('nothing of what was withheld or repaired when it is corrected: the correction stays out too', async () => {
      const withheld = await world.anchored();
      await world.publicity.withhold(withheld, { reason: 'trade-secret', note: '涉及商业秘密' }, 'officer');
      const corrected = { corrected: { subjectName: '北京更名有限公司' } };
      const replacement = await world.operate('correct', withheld, corrected);
      const repaired = await world.anchored({ day: dayOfDate('2025-04-20') });
      await world.operate('repair', repaired, REPAIR);
      const other = await world.operate('correct', repaired, corrected);
      await world.anchor();
      expect(await seen()).to.deep.equal([]);
      expect([await because(replacement), await because(other)]).to.deep.equal(['withheld', 'repaired']);
    });

    it('a subject’s own statements apart, and only those that it asked for', async () => {
      const statement = { class: 3, kind: 46 } as const;
      const asked = [
        { name: 'content', value: '质量管理体系认证' },
        { name: 'publicityAsked', value: 'yes' },
      ];
      const silent = await world.anchored(statement);
      await world.anchored({ ...statement, fields: asked });
      const page = await world.publicity.publicRecords({ uscc: COMPANY }, EVERYTHING);
      expect(page.items).to.deep.equal([]);
      expect(page.selfDeclared.map(({ fields }) => fields.map(({ value }) => value))).to.deep.equal([
        ['质量管理体系认证'],
      ]);
      expect(await because(silent)).to.equal('not-asked-for');
    });

    it('nothing before it is anchored, and nothing any more when the chain loses the batch or the council annuls it', async () => {
      const [waiting] = await world.record(fine());
      expect(await seen()).to.deep.equal([]);
      expect(await because(waiting?.id ?? 0n)).to.equal('not-anchored');
      const before = world.chain.block;
      await world.anchor();
      expect(await seen()).to.have.length(1);
      await world.chain.rollBackTo(before);
      expect(await seen()).to.deep.equal([]);
      await world.settle();
      expect(await seen()).to.have.length(1);
      await world.chain.annulAfter(1n, 0n);
      expect(await seen()).to.deep.equal([]);
    });

    it('by document number what it shows by subject', async () => {
      await world.anchored({ documentNumber: '京交罚〔2026〕1号' });
      await world.anchored({ documentNumber: '京交罚〔2026〕2号' });
      const found = await world.publicity.publicRecords({ documentNumber: '京交罚〔2026〕1号' }, EVERYTHING);
      expect(found.items.map(({ documentNumber }) => documentNumber)).to.deep.equal(['京交罚〔2026〕1号']);
    });
  });

  describe('ends by itself', () => {
    const CASES: readonly [string, Partial<NewRecord>, string][] = [
      ['general', {}, '2027-04-20'],
      ['serious by the source’s label', { severity: 3 }, '2029-04-20'],
      ['serious by its kind', { kind: 6 }, '2029-04-20'],
      ['a listing with its own end', { kind: 12, until: dayOfDate('2027-01-31') }, '2027-01-31'],
      ['the source’s own last day, when that is earlier', { fields: [MISSING_FIELD] }, '2026-06-30'],
      [
        'the rules’ day, when the source’s own is later',
        { fields: [{ name: 'publicUntil', value: '2035-01-01' }] },
        '2027-04-20',
      ],
      [
        'the term of the template of 2015',
        { severity: 3, fields: [{ name: 'publicTerm', value: '1年' }] },
        '2027-04-20',
      ],
      ['a permit', { class: 2, kind: 24, until: dayOfDate('2026-12-31') }, '2026-12-31'],
    ];
    for (const [name, record, last] of CASES) {
      it(`after its last day: ${name}, ${last}`, async () => {
        const id = await world.anchored(record);
        world.goTo(last);
        expect(await seen()).to.have.length(1);
        world.goTo(dateOfDay((dayOfDate(last) + 1) as Day));
        expect(await seen()).to.deep.equal([]);
        expect(await because(id)).to.equal('ended');
      });
    }

    it('by the rules of the day of the look: the same fine was shown longer under the rules before', async () => {
      await world.anchored({ day: dayOfDate('2025-01-10') });
      world.goTo('2026-03-31');
      expect(await seen()).to.have.length(1);
      world.goTo('2026-04-01');
      expect(await seen()).to.deep.equal([]);
    });
  });

  describe('says nothing of what it does not show: the reply is, byte for byte, that for an unknown subject', () => {
    let api: TestApi;
    beforeEach(async () => {
      const publicity = new PublicityOf({ publicity: world.publicity } as unknown as Rooms);
      api = await startApi({ requestsPerMinute: 100_000 }, { publicity });
    });
    afterEach(() => api.close());

    async function reply(query: Record<string, string>): Promise<{ head: string; body: string }> {
      const url = `${api.url}/v1/public/records?${new URLSearchParams(query)}`;
      const response = await fetch(url, { headers: { 'x-request-id': 'the-same' } });
      // What counts requests and seconds is the caller's own doing.
      const own = new Set(['date', 'ratelimit', 'ratelimit-policy']);
      const head = [...response.headers].filter(([name]) => !own.has(name));
      return { head: JSON.stringify([response.status, ...head]), body: await response.text() };
    }
    const FATES: Record<string, () => Promise<unknown>> = {
      'never anchored': () => world.record(fine({ documentNumber: 'X-1' })),
      revoked: async () => world.operate('revoke', await world.anchored({ documentNumber: 'X-1' })),
      repaired: async () => {
        const id = await world.anchored({ documentNumber: 'X-1' });
        world.goTo('2026-08-01');
        await world.operate('repair', id, REPAIR);
      },
      'past its last day': async () => {
        await world.anchored({ documentNumber: 'X-1' });
        world.goTo('2027-04-21');
      },
      withheld: async () => {
        const id = await world.anchored({ documentNumber: 'X-1' });
        await world.publicity.withhold(id, { reason: 'trade-secret', note: '含工艺参数' }, '王芳');
      },
      'a warning, which the rules do not show': () => world.anchored({ kind: 1, documentNumber: 'X-1' }),
      positive: () => world.anchored({ class: 3, kind: 40, documentNumber: 'X-1' }),
      'its own statement that it did not ask to be shown': () =>
        world.anchored({ class: 3, kind: 46, documentNumber: 'X-1' }),
    };
    for (const [name, make] of Object.entries(FATES)) {
      it(`${name}: bytes, headers, figures and what the database is asked`, async () => {
        await world.anchored({ uscc: OTHER_COMPANY, documentNumber: 'X-2', severity: 3 });
        await make();
        const cursor = `2026-04-21.${'0'.repeat(32)}`;
        const pairs = [
          [{ uscc: COMPANY }, { uscc: NEVER_HEARD_OF }],
          [{ documentNumber: 'X-1' }, { documentNumber: 'X-9' }],
          [
            { uscc: COMPANY, limit: '1', after: cursor },
            { uscc: NEVER_HEARD_OF, limit: '1', after: cursor },
          ],
        ] as const;
        for (const [hidden, unknown] of pairs) {
          const counted = world.countStatements();
          const one = await reply(hidden);
          const asked = counted();
          const countedAgain = world.countStatements();
          const other = await reply(unknown);
          expect(countedAgain()).to.equal(asked);
          expect(one).to.deep.equal(other);
          expect(one.head).to.match(/^\[200/);
        }
        expect((await reply({ documentNumber: 'X-2' })).body).to.include(OTHER_COMPANY);
      });
    }

    it('and the published one’s reply tells no more when another record of the subject was hidden', async () => {
      await world.anchored({ documentNumber: 'X-1' });
      const before = await reply({ uscc: COMPANY });
      const hidden = await world.anchored({ documentNumber: 'X-2' });
      await world.operate('revoke', hidden);
      await world.anchored({ kind: 1, documentNumber: 'X-3' });
      expect(await reply({ uscc: COMPANY })).to.deep.equal(before);
    });

    it('refuses a code that is none, both questions at once, and neither', async () => {
      const problem = async (query: Record<string, string>) =>
        (JSON.parse((await reply(query)).body) as { code: string }).code;
      expect(await problem({ uscc: `${COMPANY.slice(0, -1)}!` })).to.match(/^USCC_/);
      expect(await problem({ uscc: COMPANY, documentNumber: 'X-1' })).to.equal('REQUEST_INVALID');
      expect(await problem({})).to.equal('REQUEST_INVALID');
      expect(await problem({ uscc: COMPANY, after: '5' })).to.equal('REQUEST_INVALID');
    });
  });

  describe('pages', () => {
    it('by the day and name of the last record shown, through all of them, once each', async () => {
      const days = ['2026-04-20', '2026-04-20', '2026-04-21', '2026-04-22', '2026-04-20'];
      for (const date of days) await world.anchored({ day: dayOfDate(date) });
      const marks: string[] = [];
      let after: string | undefined;
      do {
        const page = await world.publicity.publicRecords({ uscc: COMPANY }, { limit: 2, after });
        marks.push(...page.items.map(({ mark }) => mark));
        after = page.next ?? undefined;
      } while (after !== undefined);
      expect(new Set(marks).size).to.equal(5);
      expect(marks).to.have.length(5);
    });

    it('on from a record that has gone meanwhile', async () => {
      const ids = [];
      for (const date of ['2026-04-22', '2026-04-21', '2026-04-20'])
        ids.push(await world.anchored({ day: dayOfDate(date) }));
      const first = await world.publicity.publicRecords({ uscc: COMPANY }, { limit: 1 });
      await world.operate('revoke', ids[0] ?? 0n);
      const second = await world.publicity.publicRecords(
        { uscc: COMPANY },
        { limit: 5, after: first.next ?? undefined },
      );
      expect(second.items.map(({ decisionDay }) => dateOfDay(decisionDay))).to.deep.equal([
        '2026-04-21',
        '2026-04-20',
      ]);
      expect(second.next).to.equal(null);
    });
  });

  describe('withholding', () => {
    const order = { reason: 'trade-secret', note: '含工艺参数' } as const;

    it('hides at once, a release shows again, and the log keeps both with reason and name', async () => {
      const id = await world.anchored();
      const state = await world.publicity.withhold(id, order, '王芳');
      expect(state?.visibility).to.include({ visible: false, because: 'withheld' });
      expect(await seen()).to.deep.equal([]);
      const released = await world.publicity.release(id, '已删除参数', '李强');
      expect(await seen()).to.have.length(1);
      expect(released?.log.map(({ action, reason, note, by }) => [action, reason, note, by])).to.deep.equal([
        ['withhold', 'trade-secret', '含工艺参数', '王芳'],
        ['release', null, '已删除参数', '李强'],
      ]);
    });

    it('is refused twice, a release of what is not withheld likewise, and both write nothing', async () => {
      const id = await world.anchored();
      expect(await codeOf(world.publicity.release(id, 'x', 'a'))).to.equal('PUBLICITY_NOT_WITHHELD');
      const twice = await Promise.allSettled([
        world.publicity.withhold(id, order, 'a'),
        world.publicity.withhold(id, order, 'b'),
      ]);
      expect(twice.filter(({ status }) => status === 'rejected')).to.have.length(1);
      expect(await codeOf(world.publicity.withhold(id, order, 'a'))).to.equal('PUBLICITY_ALREADY_WITHHELD');
      expect((await world.publicity.stateOf(id))?.log).to.have.length(1);
    });

    it('of a record that is not there does nothing', async () => {
      expect(await world.publicity.withhold(999n, order, 'a')).to.equal(undefined);
      expect(await world.publicity.release(999n, 'x', 'a')).to.equal(undefined);
      expect(await world.publicity.stateOf(999n)).to.equal(undefined);
    });
  });

  describe('timeliness', () => {
    const figures = async (): Promise<string> => {
      world.clock.shift(61_000);
      const { months } = await world.publicity.timeliness();
      return months
        .map((month) => `${month.month} ${FIGURES.map((figure) => month[figure]).join(' ')}`)
        .join('; ');
    };

    it('is seven working days from the decision, its own day not counted', async () => {
      world.goTo('2026-04-29');
      await world.anchored();
      expect(await figures()).to.equal('2026-04 1 0 0 0 0');
      world.goTo('2026-04-30');
      await world.anchored();
      expect(await figures()).to.equal('2026-04 1 1 0 0 0');
    });

    it('counts what waits as due up to the due day and as overdue after, across holidays too', async () => {
      await world.record(fine({ day: dayOfDate('2026-04-27') }));
      world.goTo('2026-05-11');
      expect(await figures()).to.equal('2026-04 0 0 1 0 0');
      world.goTo('2026-05-12');
      expect(await figures()).to.equal('2026-04 0 0 0 1 0');
    });

    it('counts apart what the calendar does not cover', async () => {
      await world.anchored({ day: dayOfDate('2020-12-31') });
      await world.record(fine({ day: dayOfDate('2025-12-30') }), fine({ day: dayOfDate('2025-12-31') }));
      expect(await figures()).to.equal('2020-12 0 0 0 0 1; 2025-12 0 0 0 1 1');
    });

    it('counts permits, and not what the rules of the decision’s day do not show or what is not published', async () => {
      await world.anchored({ class: 2, kind: 24 });
      await world.anchored({ kind: 1 });
      await world.anchored({ class: 3, kind: 40 });
      expect(await figures()).to.equal('2026-04 1 0 0 0 0');
    });

    it('does not change when a published record is revoked, repaired, corrected, withheld or ends', async () => {
      const ids: bigint[] = [];
      for (let i = 0; i < 5; i += 1) ids.push(await world.anchored());
      const [revoked = 0n, repaired = 0n, corrected = 0n, withheld = 0n] = ids;
      const before = await figures();
      await world.operate('revoke', revoked);
      await world.operate('correct', corrected, { corrected: { severity: 2 } });
      await world.publicity.withhold(withheld, { reason: 'privacy', note: '个人信息' }, 'a');
      expect(await figures()).to.equal(before);
      world.goTo('2026-08-01');
      await world.operate('repair', repaired, REPAIR);
      await world.anchor();
      expect(await figures()).to.equal(before);
      world.goTo('2030-01-01');
      expect(await figures()).to.equal(before);
      expect(before).to.equal('2026-04 5 0 0 0 0');
    });

    it('excuses what was withheld before it was published, and a release brings the lateness back', async () => {
      const [record] = await world.record(fine());
      const id = record?.id ?? 0n;
      await world.publicity.withhold(id, { reason: 'public-security', note: '侦查中' }, 'a');
      expect(await figures()).to.equal('');
      await world.anchor();
      expect(await figures()).to.equal('');
      world.goTo('2026-05-20');
      await world.publicity.release(id, '侦查终结', 'a');
      expect(await figures()).to.equal('2026-04 0 1 0 0 0');
    });

    it('goes back with the chain', async () => {
      const before = world.chain.block;
      await world.anchored();
      expect(await figures()).to.equal('2026-04 1 0 0 0 0');
      await world.chain.rollBackTo(before);
      expect(await figures()).to.equal('2026-04 0 0 1 0 0');
    });
  });

  describe('deadlines at risk', () => {
    it('are the records due within so many working days or past, the most urgent first', async () => {
      const dates = ['2026-04-24', '2026-04-16', '2026-04-15', '2020-05-06', '2026-04-20'];
      const records = await world.record(...dates.map((date) => fine({ day: dayOfDate(date) })));
      await world.record(fine({ kind: 1 }));
      const lines = async (days: number) =>
        (await world.publicity.due(days)).items.map(
          ({ record, dueDay, state }) =>
            `${dateOfDay(record.day as Day)} ${dueDay === null ? '–' : dateOfDay(dueDay)} ${state}`,
        );
      expect(await lines(0)).to.deep.equal([
        '2026-04-15 2026-04-24 overdue',
        '2026-04-16 2026-04-27 due',
        '2020-05-06 – calendar-missing',
      ]);
      expect(await lines(2)).to.include('2026-04-20 2026-04-29 due');
      expect(await lines(30)).to.have.length(5);
      expect(await world.publicity.gauges()).to.deep.equal({ due: 2, overdue: 1, 'calendar-missing': 1 });
      const [, , overdue] = records;
      await world.publicity.withhold(overdue?.id ?? 0n, { reason: 'privacy', note: 'x' }, 'a');
      expect(await lines(0)).to.have.length(2);
      await world.anchor();
      expect(await lines(30)).to.deep.equal([]);
      expect(await world.publicity.gauges()).to.deep.equal({ due: 0, overdue: 0, 'calendar-missing': 0 });
    });
  });

  describe('the positive list', () => {
    it('names only fields that intake can read, and none that is a number of another registry, a remark or raw', () => {
      const known = new Set(PROFILES.flatMap((profile) => profile.columns.map(({ field }) => field)));
      for (const ledgerClass of [1, 2] as const) {
        const names = PUBLIC_FIELDS.classes[ledgerClass].map(({ name }) => name);
        // What a process writes has Chinese names.
        const fromIntake = names.filter((name) => /^[a-z]/i.test(name));
        expect(fromIntake.filter((name) => !known.has(name))).to.deep.equal([]);
        for (const never of [
          'remark',
          'taxNumber',
          'registrationNumber',
          'organisationCode',
          'areaCode',
          'exportedAt',
        ])
          expect(names).to.not.include(never);
      }
    });

    it('shows of a broken commitment what was found, and nothing that leads to its letter on the chain', async () => {
      const field = (name: string, value: string) => ({ name, value });
      await world.anchored({
        kind: 15,
        fields: [
          field('告知承诺书编号', '4711'),
          field('告知承诺书摘要', `0x${'ab'.repeat(32)}`),
          field('事项名称', '道路运输经营许可'),
          field('处理结果', '撤销行政决定'),
        ],
      });
      const [record] = await seen();
      expect(record?.fields.map(({ value }) => value)).to.deep.equal(['道路运输经营许可', '撤销行政决定']);
      expect(JSON.stringify(record)).to.not.include('4711').and.not.include('abab');
    });

    it('ends open publicity with no day: a listing without end has none', async () => {
      await world.anchored({ kind: 12, until: OPEN_END });
      expect((await seen()).map(({ publicUntilDay }) => publicUntilDay)).to.deep.equal([OPEN_END]);
    });
  });
});

onBothEngines('Publicity’s statements', (open) => {
  it('say the same: what is seen, what is due, how timely it was, what is withheld', async () => {
    const world = await publicityWorld([2026], open);
    try {
      const id = await world.anchored();
      await world.record(fine({ day: dayOfDate('2026-04-15') }));
      await world.publicity.withhold(id, { reason: 'privacy', note: 'x' }, 'a');
      await world.publicity.release(id, 'y', 'a');
      const { items } = await world.publicity.publicRecords({ uscc: COMPANY }, EVERYTHING);
      expect(items).to.have.length(1);
      expect((await world.publicity.due(0)).items.map(({ state }) => state)).to.deep.equal(['overdue']);
      const { months } = await world.publicity.timeliness();
      expect(months).to.deep.equal([
        { month: '2026-04', inTime: 1, late: 0, due: 0, overdue: 1, calendarMissing: 0 },
      ]);
    } finally {
      await world.dispose();
    }
  });
});
