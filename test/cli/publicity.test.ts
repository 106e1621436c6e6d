import { expect } from 'chai';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { RecordPublicity } from '../../node/src/api/schemas/publicity.ts';
import { startApi, type TestApi } from '../api/support/api.ts';
import { roomDoubles } from '../api/support/doubles.ts';
import { json, ledger, type Ran } from './support.ts';

const STATE: RecordPublicity = {
  recordId: '7',
  visible: false,
  because: 'withheld',
  publicUntil: '2027-04-20',
  dueDate: '2026-04-29',
  anchoredDate: '2026-04-27',
  log: [
    {
      action: 'withhold',
      reason: 'trade-secret',
      note: '含工艺参数',
      by: '王芳',
      at: '2026-04-28T01:00:00.000Z',
    },
  ],
};

describe('ledger publicity', () => {
  let api: TestApi;
  const told: unknown[] = [];
  before(async () => {
    api = await startApi(
      {},
      {
        publicity: {
          ...roomDoubles().publicity,
          due: async (days, limit) => {
            told.push([days, limit]);
            return {
              asOf: '2026-04-27',
              items: [
                {
                  recordId: '7',
                  class: 1,
                  documentNumber: '京交罚〔2026〕1号',
                  decisionDate: '2026-04-15',
                  dueDate: '2026-04-24',
                  state: 'overdue',
                },
              ],
              more: 2,
            };
          },
          withhold: async (id, order, by) => {
            told.push([id, order, by]);
            return STATE;
          },
          release: async (_id, _note, _by) => {
            throw new LedgerError('PUBLICITY_NOT_WITHHELD', {
              en: 'It is not withheld.',
              zh: '未被设为不予公示。',
            });
          },
        },
      },
    );
  });
  after(() => api.close());

  const run = (...words: string[]): Promise<Ran> =>
    ledger(['publicity', ...words, '--url', api.url, '--token', api.tokens.officer]);

  it('due: what is at risk, how many more there are, in both languages and as JSON', async () => {
    const chinese = await run('due', '--days', '5', '--lang', 'zh');
    expect(chinese.out).to.include('京交罚〔2026〕1号').and.include('逾期').and.include('另有 2 条');
    expect((await run('due', '--lang', 'en')).out)
      .to.include('overdue')
      .and.include('and 2 more');
    expect(json<{ more: number }>(await run('due', '--json')).more).to.equal(2);
    expect(told[0]).to.deep.equal([5, 100]);
  });

  it('withhold: sends ground and note, and says how the record stands', async () => {
    const ran = await run(
      'withhold',
      '7',
      '--ground',
      'trade-secret',
      '--note',
      '含工艺参数',
      '--lang',
      'zh',
    );
    expect(ran.code).to.equal(0);
    expect(ran.out).to.include('未公示：已设为不予公示。').and.include('王芳').and.include('含工艺参数');
    expect(told.at(-1)).to.deep.equal([7n, { reason: 'trade-secret', note: '含工艺参数' }, '王芳']);
  });

  it('withhold: refuses a ground that the law does not know, and none at all, as wrong usage', async () => {
    for (const words of [['--ground', 'embarrassing'], []]) {
      const ran = await run('withhold', '7', '--note', 'x', ...words);
      expect(ran.code).to.equal(2);
    }
  });

  it('release, show and timeliness: the node’s word', async () => {
    const refused = await run('release', '7', '--note', 'x', '--lang', 'en');
    expect([refused.code, refused.err]).to.deep.equal([
      1,
      'Error PUBLICITY_NOT_WITHHELD: It is not withheld.\n',
    ]);
    expect((await run('show', '7', '--lang', 'en')).out).to.equal('Not published: it is not anchored yet.\n');
    expect((await run('timeliness', '--lang', 'en')).out).to.match(/2026-10 +1 +0 +0 +0 +0\ntotal +1/);
  });
});
