import type { Day, Hex } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import type { Rooms } from '../../node/src/api/rooms.ts';
import type { PublicLetters, PublicPledges } from '../../node/src/api/schemas/publicity.ts';
import { PublicityOf } from '../../node/src/api/wiring/publicity.ts';
import type { PublicLetter, PublicPledge } from '../../node/src/letters/index.ts';
import { startApi, type TestApi } from '../api/support/api.ts';
import { HASH, SUBJECT_NAME, USCC } from '../api/support/doubles.ts';

const subject = { name: SUBJECT_NAME, creditCode: USCC };
const period = { scope: '网站公开', from: 20_600 as Day, until: 20_700 as Day };
const letter = (letterId: bigint): PublicLetter => ({
  letterId,
  itemTitle: '道路运输经营许可',
  applicant: subject,
  reason: 'third-parties',
  ...period,
  digest: HASH as Hex,
});
const pledge: PublicPledge = {
  pledgeId: 3n,
  kind: 'productQuality',
  pledger: subject,
  text: '保证产品质量',
  ...period,
  documentHash: HASH as Hex,
  observations: 2,
};

describe('Published letters and pledges', () => {
  let api: TestApi;
  before(async () => {
    const rooms = {
      letters: {
        publicLetters: async () => [letter(12n), letter(9n), letter(10n)],
        publicPledges: async () => [pledge],
      },
      publicity: {
        agency: async () => ({
          memberId: 1n,
          name: '北京市示例局',
          creditCode: '',
          regionCode: 110000,
          regionName: { zh: '北京市', en: 'Beijing' },
        }),
      },
    };
    api = await startApi({}, { publicity: new PublicityOf(rooms as unknown as Rooms) });
  });
  after(() => api.close());

  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(api.url + path);
    expect(response.status).to.equal(200);
    return (await response.json()) as T;
  };

  it('are open to everybody, page by page in the order of their numbers, with whose they are', async () => {
    const first = await get<PublicLetters>('/v1/public/letters?limit=2');
    expect(first.items.map(({ letterId }) => letterId)).to.deep.equal(['9', '10']);
    const second = await get<PublicLetters>(`/v1/public/letters?limit=2&after=${first.next}`);
    expect(second.items.map(({ letterId }) => letterId)).to.deep.equal(['12']);
    expect(second.next).to.equal(null);
    expect(first.agency?.name).to.equal('北京市示例局');
  });

  it('say why, how far and how long, and what both parties signed', async () => {
    const { items } = await get<PublicLetters>('/v1/public/letters?limit=1');
    expect(items[0]).to.deep.equal({
      letterId: '9',
      item: '道路运输经营许可',
      applicant: { uscc: USCC, name: SUBJECT_NAME },
      reason: 'third-parties',
      scope: '网站公开',
      from: '2026-05-27',
      until: '2026-09-04',
      digest: HASH,
    });
    const pledges = await get<PublicPledges>('/v1/public/pledges');
    expect(pledges.items[0]).to.include({ pledgeId: '3', kind: 'productQuality', observations: 2 });
  });
});
