import { setTimeout as pause } from 'node:timers/promises';
import type { FilingDetail, MemberFiling, TakenIn } from '../../../node/src/api/schemas/filings.ts';
import { chainDate, companyOf, dateFromNow, type Outcome, type Play, playerOf } from './play.ts';
import { anchorAll } from './registers.ts';
import { oneTimeKey, sign } from './subject-key.ts';

const POLL_MILLISECONDS = 100;
/** A year less a day: how long the record counts, by the authority's own rules. */
const RECORD_DAYS = 364;

/** Beijing accepts a filing that lacks a document; the chain computes the due day across the Dragon Boat holiday. */
export async function acceptFiling(play: Play): Promise<FilingDetail> {
  const { narrator: n } = play;
  const { connection } = playerOf(play, 'beijing');
  const company = companyOf(play, 'old');
  const filing = await n.step(
    `${company.name} lacks a document, promises it in seven working days, and is accepted · 容缺受理`,
    async () => {
      const key = oneTimeKey();
      const taken = (
        await connection.call<TakenIn>('takeInFiling', {
          json: {
            subject: company.uscc,
            name: company.name,
            matter: '企业名称变更登记',
            missing: ['经营场所使用证明'],
            promise: '承诺在七个工作日内补齐所缺材料',
            applicant: key.address,
          },
        })
      ).body;
      const { id } = taken.filing;
      const signature = await sign(key, taken.typedData);
      return (await connection.call<FilingDetail>('acceptFiling', { params: { id }, json: { signature } }))
        .body;
    },
  );
  n.say(`  accepted 受理 ${filing.acceptedDay ?? '–'}, due 补齐期限 ${filing.dueDay ?? '–'}`);
  return filing;
}

/** The due day has passed and nothing came: it is marked by itself, every member sees it, and it is recorded. */
export async function filingOverdue(play: Play, accepted: FilingDetail): Promise<Outcome> {
  const { narrator: n } = play;
  const beijing = playerOf(play, 'beijing');
  const params = { id: accepted.id };
  const recorded = await n.step(
    'Nothing came by the due day: the filing is overdue, and becomes an entry · 逾期未补，记入信用记录',
    async () => {
      for (;;) {
        const { body } = await beijing.connection.call<FilingDetail>('getFiling', { params });
        if (body.failed !== null) throw new Error(`the chain refused a step: ${JSON.stringify(body.failed)}`);
        if (body.state === 'overdue' && body.pending === null) break;
        await pause(POLL_MILLISECONDS);
      }
      const { body } = await beijing.connection.call<FilingDetail>('recordFiling', {
        params,
        json: {
          legalBasis: '《北京市优化营商环境条例》第五十六条',
          record: {
            severity: 1,
            severityBasis: '《北京市示例区容缺受理管理办法》第九条：逾期未补为一般失信',
            domain: 1,
            until: await dateFromNow(play, RECORD_DAYS),
            documentNumber: '京示市监容〔2026〕1号',
          },
        },
      });
      await anchorAll(play);
      return body;
    },
  );
  const { items } = (
    await playerOf(play, 'tianjin').connection.call<{ items: MemberFiling[] }>('listMemberFilings')
  ).body;
  const seen = items.find(({ filingId }) => filingId === recorded.filingId);
  n.say(
    `  it is ${await chainDate(play)}; Tianjin sees 天津可见: filing ${seen?.filingId ?? '–'} ${seen?.state ?? 'unknown'}`,
  );
  return {
    name: 'filing-overdue',
    act: 'a filing overdue 容缺受理逾期',
    subject: recorded.subject.name,
    outcome: `due ${recorded.dueDay ?? '–'} → ${recorded.state}, record 记录 ${recorded.recordId ?? '–'}`,
    asExpected:
      recorded.dueDay === '2026-06-23' &&
      recorded.state === 'overdue' &&
      recorded.recordId !== null &&
      seen?.state === 'overdue',
  };
}
