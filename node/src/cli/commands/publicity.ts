import { Option } from 'commander';
import {
  type DuePublications,
  type RecordPublicity,
  type Timeliness,
  WithholdingReason,
} from '../../api/schemas/publicity.ts';
import type { Book, Context } from '../command.ts';
import { table } from '../io.ts';

export function publicityCommands(book: Book): void {
  const publicity = book.group('publicity', { en: 'what the public sees, and when', zh: '信息公示' });
  book.command<[], { days?: string }>(
    publicity,
    'due',
    { en: 'records that soon have to be anchored, or had to', zh: '列出即将到期或者逾期未公示的记录' },
    'ledger publicity due --days 3',
    (command) =>
      command.option(
        '--days <n>',
        book.words({ en: 'due within so many working days (3)', zh: '几个工作日内到期（默认 3）' }),
      ),
    async ({ node, out }, { days }) => {
      const { body } = await node.call<DuePublications>('listDuePublications', { query: { days } });
      const head =
        out.lang === 'zh'
          ? ['记录', '决定书文号', '决定日期', '应公示日', '状态']
          : ['record', 'document number', 'decided', 'due', 'state'];
      const lines = body.items.map((item) => [
        item.recordId,
        item.documentNumber,
        item.decisionDate,
        item.dueDate ?? '–',
        out.words(DUE_STATES[item.state]),
      ]);
      const more = out.words({ en: `… and ${body.more} more`, zh: `……另有 ${body.more} 条` });
      const nothing = out.words({ en: 'Nothing is due.', zh: '没有即将到期或者逾期的记录。' });
      out.result(
        body,
        lines.length === 0 ? nothing : [table(head, lines), ...(body.more > 0 ? [more] : [])].join('\n'),
      );
    },
  );
  book.command<[], object>(
    publicity,
    'timeliness',
    { en: 'how timely this agency publishes', zh: '本机构公示及时性统计' },
    'ledger publicity timeliness',
    (command) => command,
    async ({ node, out }) => {
      const { body } = await node.call<Timeliness>('getTimeliness');
      const head =
        out.lang === 'zh'
          ? ['决定月份', '按期', '逾期公示', '未到期', '逾期未公示', '缺工作日历']
          : ['decided in', 'in time', 'late', 'due', 'overdue', 'no calendar'];
      const figures = (month: Omit<Timeliness['months'][number], 'month'>): string[] =>
        [month.inTime, month.late, month.due, month.overdue, month.calendarMissing].map(String);
      out.result(
        body,
        table(head, [
          ...body.months.map((month) => [month.month, ...figures(month)]),
          [out.words({ en: 'total', zh: '合计' }), ...figures(body.total)],
        ]),
      );
    },
  );
  book.command<[string], object>(
    publicity,
    'show <recordId>',
    { en: 'whether the public sees a record, and why not', zh: '查看记录的公示状态' },
    'ledger publicity show 17',
    (command) => command,
    async ({ node, out }, _options, id) => {
      const { body } = await node.call<RecordPublicity>('getRecordPublicity', { params: { id } });
      out.result(body, stateWords(out, body));
    },
  );
  book.command<[string], { ground: string; note: string }>(
    publicity,
    'withhold <recordId>',
    { en: 'keep a record out of publicity', zh: '不予公示某条记录' },
    'ledger publicity withhold 17 --ground trade-secret --note "含工艺参数"',
    (command) =>
      command
        .addOption(
          new Option(
            '--ground <ground>',
            book.words({ en: 'what publicity would harm', zh: '不予公示的法定事由' }),
          )
            .choices([...WithholdingReason.options])
            .makeOptionMandatory(),
        )
        .requiredOption('--note <text>', book.words({ en: 'why, in words', zh: '具体说明' })),
    async ({ node, out }, { ground, note }, id) => {
      const { body } = await node.call<RecordPublicity>('withholdRecord', {
        params: { id },
        json: { reason: ground, note },
      });
      out.result(body, stateWords(out, body));
    },
  );
  book.command<[string], { note: string }>(
    publicity,
    'release <recordId>',
    { en: 'let a withheld record back into publicity', zh: '恢复公示某条记录' },
    'ledger publicity release 17 --note "涉密内容已删除"',
    (command) => command.requiredOption('--note <text>', book.words({ en: 'why, in words', zh: '具体说明' })),
    async ({ node, out }, { note }, id) => {
      const { body } = await node.call<RecordPublicity>('releaseRecord', { params: { id }, json: { note } });
      out.result(body, stateWords(out, body));
    },
  );
}

const DUE_STATES = {
  due: { en: 'due', zh: '即将到期' },
  overdue: { en: 'overdue', zh: '逾期' },
  'calendar-missing': { en: 'no calendar of working days', zh: '缺工作日历' },
} as const;

const HIDDEN = {
  'class-not-public': { en: 'this class of record is not published', zh: '该类信息不公示' },
  'not-asked-for': { en: 'the subject has not asked for it', zh: '主体未要求公开' },
  'not-anchored': { en: 'it is not anchored yet', zh: '尚未上链' },
  withheld: { en: 'it is withheld', zh: '已设为不予公示' },
  revoked: { en: 'it was revoked', zh: '已撤销' },
  repaired: { en: 'it was repaired', zh: '已修复' },
  'rules-do-not-show': { en: 'the rules in force do not show it', zh: '现行规则不予公示' },
  ended: { en: 'its last day of publicity has passed', zh: '公示期已届满' },
} as const;

function stateWords(out: Context['out'], state: RecordPublicity): string {
  const until = state.publicUntil;
  const first =
    state.because === null
      ? out.words({
          en: until === null ? 'Published, without end.' : `Published, up to and with ${until}.`,
          zh: until === null ? '公示中，无截止日期。' : `公示中，公示至 ${until}（含当日）。`,
        })
      : out.words({
          en: `Not published: ${HIDDEN[state.because].en}.`,
          zh: `未公示：${HIDDEN[state.because].zh}。`,
        });
  const log = state.log.map(({ at, by, action, reason, note }) =>
    [at, by, action, ...(reason === null ? [] : [reason]), note].join('  '),
  );
  return [first, ...log].join('\n');
}
