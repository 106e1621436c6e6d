import type { Message } from '@credit-ledger/sdk/protocol';
import type {
  Filing,
  FilingDetail,
  FilingToSign,
  MemberFiling,
  Observed,
  Pledge,
  PledgeDone,
  PledgeDraft,
  PledgeToSign,
  TakenIn,
} from '../../api/schemas/filings.ts';
import type { Relayed } from '../../api/schemas/letters.ts';
import type { Book, Context } from '../command.ts';
import { table } from '../io.ts';
import { requireWritable } from '../output-file.ts';
import { doneWords, jsonFile, toBeSigned } from '../signing-files.ts';

/** The commands of incomplete filings and of voluntary pledges. */
export function filingCommands(book: Book): void {
  const words = (message: Message): string => book.words(message);
  const filing = book.group('filing', { en: 'incomplete filings', zh: '容缺受理' });
  book.command<
    [],
    {
      subject: string;
      name: string;
      matter: string;
      missing: string[];
      promise: string;
      applicant: string;
      output?: string;
    }
  >(
    filing,
    'take-in',
    {
      en: 'take a filing in that lacks documents; gives what the applicant signs',
      zh: '接收缺件申请，生成待签承诺',
    },
    'ledger filing take-in --subject 91110105MA00EXMP8L --name 示例公司 --matter 食品经营许可 --missing 健康证明 --promise 七个工作日内补齐 --applicant 0x…',
    (command) =>
      command
        .requiredOption(
          '--subject <code>',
          words({ en: 'credit code of the applicant', zh: '申请人统一社会信用代码' }),
        )
        .requiredOption('--name <name>', words({ en: 'name of the applicant', zh: '申请人名称' }))
        .requiredOption('--matter <text>', words({ en: 'what is applied for', zh: '申请事项' }))
        .requiredOption('--missing <name...>', words({ en: 'documents that are missing', zh: '所缺材料' }))
        .requiredOption('--promise <text>', words({ en: 'the written promise', zh: '书面承诺' }))
        .requiredOption(
          '--applicant <address>',
          words({ en: 'key made for this filing alone', zh: '本件专用密钥的地址' }),
        )
        .option(
          '--output <file>',
          words({ en: 'file for what is to be signed', zh: '待签名数据的输出文件' }),
        ),
    async (context, { output, ...json }) => {
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { subject, name, matter, missing, promise, applicant } = json;
      const { body } = await context.node.call<TakenIn>('takeInFiling', {
        json: { subject, name, matter, missing, promise, applicant },
      });
      await toBeSigned(context, body, output);
    },
  );
  book.command<[string], { output?: string }>(
    filing,
    'to-sign <filingId>',
    { en: 'what the applicant was given to sign, once more', zh: '重新导出待申请人签名的数据' },
    'ledger filing to-sign 7 --output to-sign.json',
    (command) =>
      command.option(
        '--output <file>',
        words({ en: 'file for what is to be signed', zh: '待签名数据的输出文件' }),
      ),
    async (context, { output }, id) => {
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { body } = await context.node.call<FilingToSign>('getFilingToSign', { params: { id } });
      await toBeSigned(context, body, output);
    },
  );
  book.command<[string], { signature: string }>(
    filing,
    'accept <filingId>',
    { en: 'accept a filing against the applicant’s signature', zh: '凭申请人签名容缺受理' },
    'ledger filing accept 7 --signature 0x…',
    (command) =>
      command.requiredOption(
        '--signature <hex>',
        words({ en: 'by the applicant’s key', zh: '申请人密钥的签名' }),
      ),
    async (context, { signature }, id) => {
      const { body } = await context.node.call<FilingDetail>('acceptFiling', {
        params: { id },
        json: { signature },
      });
      showFiling(context, body);
    },
  );
  book.command<[string], { document: string[] }>(
    filing,
    'supply <filingId>',
    { en: 'the missing documents came', zh: '登记补正材料' },
    'ledger filing supply 7 --document 健康证明',
    (command) => command.requiredOption('--document <name...>', words({ en: 'what came', zh: '补正材料' })),
    async (context, { document }, id) => {
      const { body } = await context.node.call<FilingDetail>('supplyFiling', {
        params: { id },
        json: { documents: document },
      });
      showFiling(context, body);
    },
  );
  book.command<[string, string], object>(
    filing,
    'record <filingId> <file>',
    {
      en: 'record the lateness: JSON file with legalBasis and record',
      zh: '登记逾期记录：含 legalBasis、record 的 JSON 文件',
    },
    'ledger filing record 7 breach.json',
    (command) => command,
    async (context, _options, id, file) => {
      const { body } = await context.node.call<FilingDetail>('recordFiling', {
        params: { id },
        json: await jsonFile(context, file),
      });
      showFiling(context, body);
    },
  );
  book.command<[string], object>(
    filing,
    'overdue <numberOnChain>',
    { en: 'mark any authority’s filing whose due day has passed', zh: '标记任一机关的逾期件' },
    'ledger filing overdue 3',
    (command) => command,
    async (context, _options, id) => {
      const { body } = await context.node.call<Relayed>('markFilingOverdue', { params: { id }, json: {} });
      context.out.result(body, doneWords(context, body, words({ en: 'overdue', zh: '逾期标记' })));
    },
  );
  book.command<[], { all?: boolean }>(
    filing,
    'list',
    { en: 'filings with due days and days left', zh: '列出容缺件及其期限' },
    'ledger filing list --all',
    (command) =>
      command.option(
        '--all',
        words({ en: 'of all authorities, as the chain has them', zh: '全部机关（链上信息）' }),
      ),
    async ({ node, out }, { all }) => {
      const { body } =
        all === true
          ? await node.call<{ items: (MemberFiling & Partial<Filing>)[] }>('listMemberFilings')
          : await node.call<{ items: (Filing & Partial<MemberFiling>)[] }>('listFilings');
      const head =
        out.lang === 'zh'
          ? ['编号', '链上编号', '机关', '状态', '截止日', '剩余天数', '逾期']
          : ['id', 'on chain', 'authority', 'state', 'due', 'days left', 'overdue'];
      const rows = body.items.map((item) => [
        item.id ?? '',
        item.filingId ?? '',
        item.authority ?? '',
        item.state,
        item.dueDay ?? '',
        item.daysLeft === null ? '' : String(item.daysLeft),
        item.overdue ? '✖' : '',
      ]);
      out.result(body, table(head, rows));
    },
  );
  book.command<[string], object>(
    filing,
    'show <filingId>',
    { en: 'where a filing stands', zh: '查看容缺件' },
    'ledger filing show 7',
    (command) => command,
    async (context, _options, id) => {
      const { body } = await context.node.call<FilingDetail>('getFiling', { params: { id } });
      showFiling(context, body);
    },
  );
  pledgeCommands(book);
}

function pledgeCommands(book: Book): void {
  const words = (message: Message): string => book.words(message);
  const pledge = book.group('pledge', { en: 'voluntary pledges', zh: '自律性信用承诺' });
  book.command<
    [],
    {
      subject: string;
      name: string;
      kind: string;
      text: string;
      scope: string;
      publicUntil: string;
      pledger: string;
      output?: string;
    }
  >(
    pledge,
    'draw-up',
    { en: 'draw a pledge up for the company to sign', zh: '拟定自律承诺，供企业签名' },
    'ledger pledge draw-up --subject 91110105MA00EXMP8L --name 示例公司 --kind comprehensive --text 依法经营 --scope 协会网站 --public-until 2027-06-30 --pledger 0x…',
    (command) =>
      command
        .requiredOption(
          '--subject <code>',
          words({ en: 'credit code of the company', zh: '企业统一社会信用代码' }),
        )
        .requiredOption('--name <name>', words({ en: 'name of the company', zh: '企业名称' }))
        .requiredOption(
          '--kind <kind>',
          words({ en: 'comprehensive or product-quality', zh: 'comprehensive 或 product-quality' }),
        )
        .requiredOption('--text <text>', words({ en: 'what it pledges', zh: '承诺内容' }))
        .requiredOption('--scope <text>', words({ en: 'where it is published', zh: '公示范围' }))
        .requiredOption('--public-until <date>', words({ en: 'last day of publication', zh: '公示截止日' }))
        .requiredOption('--pledger <address>', words({ en: 'address of its key', zh: '企业密钥地址' }))
        .option(
          '--output <file>',
          words({ en: 'file for what is to be signed', zh: '待签名数据的输出文件' }),
        ),
    async (context, { output, ...options }) => {
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { subject, name, kind, text, scope, publicUntil, pledger } = options;
      const { body } = await context.node.call<PledgeDraft>('drawUpPledge', {
        json: { subject, name, kind, text, scope, publicUntil, pledger },
      });
      await toBeSigned(context, body, output);
    },
  );
  const signed = { en: 'by the company’s key', zh: '企业密钥的签名' };
  book.command<[string], { signature: string }>(
    pledge,
    'publish <draftId>',
    { en: 'publish a pledge that was drawn up', zh: '发布已拟定的自律承诺' },
    'ledger pledge publish 7 --signature 0x…',
    (command) => command.requiredOption('--signature <hex>', words(signed)),
    async (context, { signature }, id) => {
      const { body } = await context.node.call<PledgeDone>('publishPledge', {
        params: { id },
        json: { signature },
      });
      const done = doneWords(context, body, words({ en: 'pledge', zh: '自律承诺' }));
      context.out.result(body, `${body.pledgeId ?? ''}\n${done}`);
    },
  );
  book.command<[string], { output?: string }>(
    pledge,
    'withdrawal <pledgeId>',
    { en: 'what the company signs to take its pledge back', zh: '生成撤回自律承诺的待签数据' },
    'ledger pledge withdrawal 3 --output to-sign.json',
    (command) =>
      command.option(
        '--output <file>',
        words({ en: 'file for what is to be signed', zh: '待签名数据的输出文件' }),
      ),
    async (context, { output }, id) => {
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { body } = await context.node.call<PledgeToSign>('drawUpPledgeWithdrawal', { params: { id } });
      await toBeSigned(context, body, output);
    },
  );
  book.command<[string], { signature: string }>(
    pledge,
    'withdraw <pledgeId>',
    { en: 'relay that a company takes its pledge back', zh: '转交企业撤回自律承诺' },
    'ledger pledge withdraw 3 --signature 0x…',
    (command) => command.requiredOption('--signature <hex>', words(signed)),
    async (context, { signature }, id) => {
      const { body } = await context.node.call<Relayed>('withdrawPledge', {
        params: { id },
        json: { signature },
      });
      context.out.result(body, doneWords(context, body, words({ en: 'withdrawal', zh: '撤回' })));
    },
  );
  book.command<[string], { text: string }>(
    pledge,
    'observe <pledgeId>',
    { en: 'attach an observation: ours, and no finding', zh: '提交意见（非认定）' },
    'ledger pledge observe 3 --text 三月抽检不合格',
    (command) => command.requiredOption('--text <text>', words({ en: 'the observation', zh: '意见内容' })),
    async (context, { text }, id) => {
      const { body } = await context.node.call<Observed>('observePledge', { params: { id }, json: { text } });
      context.out.result(body, doneWords(context, body, words({ en: 'observation', zh: '意见' })));
    },
  );
  book.command<[], object>(
    pledge,
    'list',
    { en: 'pledges of all associations', zh: '列出自律承诺' },
    'ledger pledge list',
    (command) => command,
    async ({ node, out }) => {
      const { body } = await node.call<{ items: Pledge[] }>('listPledges');
      const head =
        out.lang === 'zh'
          ? ['编号', '协会', '类型', '公示至', '公示中', '意见']
          : ['id', 'association', 'kind', 'until', 'public', 'observations'];
      const rows = body.items.map((each) => [
        each.pledgeId,
        each.association,
        each.kind,
        each.publicUntil,
        each.isPublic ? '✔' : '',
        String(each.observations.length),
      ]);
      out.result(body, table(head, rows));
    },
  );
}

function showFiling({ out }: Context, filing: FilingDetail): void {
  const zh = out.lang === 'zh';
  const error = filing.failed?.error;
  const lines = [
    zh
      ? `容缺件 ${filing.id}（链上 ${filing.filingId ?? '—'}）：${filing.state}，截止 ${filing.dueDay ?? '—'}`
      : `Filing ${filing.id} (on chain ${filing.filingId ?? '—'}): ${filing.state}, due ${filing.dueDay ?? '—'}`,
    error === undefined ? undefined : zh ? error.messageZh : error.message,
    filing.possible.length === 0
      ? undefined
      : `${zh ? '可办理' : 'Possible now'}: ${filing.possible.join(', ')}`,
  ];
  out.result(filing, lines.filter((line) => line !== undefined).join('\n'));
}
