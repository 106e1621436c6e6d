import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { counted } from '../../node/src/cli/io.ts';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import { startApi, type TestApi } from '../api/support/api.ts';
import { HASH, roomDoubles } from '../api/support/doubles.ts';
import { penaltyCsv, penaltyRow } from '../intake/helpers.ts';
import { makeTempDir } from '../support/temp.ts';
import { ledger, type Ran } from './support.ts';

const ASK = [
  ...['ask', '--subject', '91110105MA00EXMP8L', '--application', 'a', '--predicate', 'p', '--reason', 'r'],
] as const;

describe('The words of the command line', () => {
  let api: TestApi;
  before(async () => {
    const doubles = roomDoubles();
    const [grant] = await doubles.grants.list();
    if (grant === undefined) throw new Error('no grant');
    api = await startApi(
      {},
      {
        grants: { ...doubles.grants, list: async () => [grant, { ...grant, grantee: { region: 120000 } }] },
        questions: {
          ...doubles.questions,
          ask: async () => {
            throw new LedgerError('MEMBER_UNKNOWN', { en: 'There is no member 9.', zh: '没有成员 9。' });
          },
        },
      },
    );
  });
  after(() => api.close());
  const run = (...words: string[]): Promise<Ran> =>
    ledger([...words, '--url', api.url, '--token', api.tokens.officer, '--lang', 'en']);

  it('count one thing as one', async () => {
    expect([counted(0, 'row'), counted(1, 'row'), counted(2, 'entry', 'entries')]).to.deep.equal([
      '0 rows',
      '1 row',
      '2 entries',
    ]);
    const temp = await makeTempDir();
    try {
      await writeFile(join(temp.path, 'one.csv'), penaltyCsv([penaltyRow()]));
      const { out } = await ledger(['import', 'one.csv', '--dry-run', '--lang', 'en'], {
        directory: temp.path,
      });
      expect(out).to.match(/^1 row: 1 record, 0 duplicates, 0 with issues\./);
    } finally {
      await temp.remove();
    }
  });

  it('say of a grant whether its number is a member or a region', async () => {
    const { out } = await run('grant', 'list');
    expect(out).to.include('member 2').and.include('region 120000').and.include(HASH);
    expect(
      (await ledger(['grant', 'list', '--url', api.url, '--token', api.tokens.officer, '--lang', 'zh'])).out,
    )
      .to.include('成员 2')
      .and.include('地区 120000');
  });

  it('end wrong usage within a command with 2, and what the node cannot do with 1', async () => {
    for (const words of [
      [...ASK],
      [...ASK, '--member', '1', '--register', '1'],
      [...ASK, '--member', '1', '--wait', 'soon'],
      [...ASK, '--member', 'one'],
      ['correct', '7', '--reason', 'r', '--set', '罚款金额'],
      ['correct', '7', '--reason', 'r', '--date', 'today', '--set', '罚款金额=1'],
      ['correct', 'seven', '--reason', 'r', '--set', '罚款金额=1'],
      ['grant', 'give', '--application', 'a', '--classes', '1', '--until', '2027-12-31'],
      // What is final is said, never read out of what was left out.
      ['letter', 'check', '7', '--finding', '不实'],
      ['letter', 'check', '7', '--finding', '属实', '--kept', '--broken', 'record.json'],
    ]) {
      const ran = await run(...words);
      expect([ran.code, ran.out], words.join(' ')).to.deep.equal([2, '']);
      expect(ran.err).to.match(/^Error (REQUEST|DATE)_INVALID: /);
    }
    const unknown = await run(...ASK, '--member', '9');
    expect([unknown.code, unknown.err]).to.deep.equal([1, 'Error MEMBER_UNKNOWN: There is no member 9.\n']);
  });
});
