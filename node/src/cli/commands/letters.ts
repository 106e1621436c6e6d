import { readFile, writeFile } from 'node:fs/promises';
import { LedgerError, type Message } from '@credit-ledger/sdk/protocol';
import type { Command } from 'commander';
import type {
  DrawDone,
  Draw,
  InformedLetter,
  ItemDone,
  Letter,
  LetterCopies,
  LetterDetail,
  LetterItem,
  Relayed,
  Withdrawal,
} from '../../api/schemas/letters.ts';
import type { Book, Context } from '../command.ts';
import { table } from '../io.ts';
import { requireWritable } from '../output-file.ts';

/** A JSON file of the command line. @throws LedgerError FILE_UNREADABLE */
export async function jsonFile({ path }: Context, file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path(file), 'utf8'));
  } catch (cause) {
    throw new LedgerError(
      'FILE_UNREADABLE',
      { en: `${path(file)} cannot be read as JSON.`, zh: `${path(file)} 无法按 JSON 读取。` },
      { file: path(file) },
      { cause },
    );
  }
}

/** What is to be signed, into a file where one is named: `ledger subject sign FILE` signs it. */
export async function toBeSigned(
  context: Context,
  body: unknown,
  typedData: unknown,
  output: string | undefined,
): Promise<void> {
  if (output === undefined) return context.out.result(body, JSON.stringify(typedData, null, 2));
  await writeFile(context.path(output), `${JSON.stringify(typedData, null, 2)}\n`);
  context.out.result(
    body,
    context.out.words({
      en: `To be signed by the applicant: ${context.path(output)}`,
      zh: `待申请人签名：${context.path(output)}`,
    }),
  );
}

/** Whether what was sent is there already, in words. */
export function doneWords({ out }: Context, done: { readonly onItsWay: boolean }, what: string): string {
  return done.onItsWay
    ? out.words({
        en: `${what}: on its way; the node sees to it.`,
        zh: `${what}：正在上链，节点会自行完成。`,
      })
    : out.words({ en: `${what}: done.`, zh: `${what}：已完成。` });
}

const OUTPUT: readonly [string, Message] = [
  '--output <file>',
  { en: 'file for what is to be signed', zh: '待签名数据的输出文件' },
];

/** The commands of items, letters and draws. */
export function letterCommands(book: Book): void {
  itemCommands(book);
  const letter = book.group('letter', { en: 'commitment letters', zh: '告知承诺书' });
  const id = (name: string): string => `${name} <letterId>`;
  const words = (message: Message): string => book.words(message);
  const signature = (command: Command): Command =>
    command.requiredOption(
      '--signature <hex>',
      words({ en: 'by the applicant’s key', zh: '申请人密钥的签名' }),
    );

  book.command<[], { item: string; template: string; subject: string; name: string }>(
    letter,
    'offer',
    { en: 'offer an applicant the letter of an item', zh: '向申请人提供告知承诺书' },
    'ledger letter offer --item 0x… --template 0x… --subject 91110105MA00EXMP8L --name 示例公司',
    (command) =>
      command
        .requiredOption('--item <id>', words({ en: 'the item', zh: '事项编号' }))
        .requiredOption('--template <id>', words({ en: 'a template of it', zh: '格式文本编号' }))
        .requiredOption(
          '--subject <code>',
          words({ en: 'credit code of the applicant', zh: '申请人统一社会信用代码' }),
        )
        .requiredOption('--name <name>', words({ en: 'name of the applicant', zh: '申请人名称' })),
    async (context, { item, template, subject, name }) => {
      const { body } = await context.node.call<LetterDetail>('offerLetter', {
        json: { itemId: item, templateId: template, subject, name },
      });
      showLetter(context, body);
    },
  );
  book.command<
    [string],
    {
      applicant: string;
      application?: string;
      promiseBy?: string;
      scope?: string;
      publicUntil?: string;
      draw?: string;
      output?: string;
    }
  >(
    letter,
    id('inform'),
    {
      en: 'inform the applicant of everything; gives what it signs',
      zh: '一次性告知申请人，并生成待签名数据',
    },
    'ledger letter inform 7 --applicant 0x… --output to-sign.json',
    (command) =>
      command
        .requiredOption(
          '--applicant <address>',
          words({ en: 'address of a key made for this letter alone', zh: '本次专用密钥的地址' }),
        )
        .option(
          '--application <file>',
          words({ en: 'JSON file of what was filled in', zh: '申请内容（JSON 文件）' }),
        )
        .option(
          '--promise-by <moment>',
          words({ en: 'last time for the promise (ISO 8601)', zh: '承诺期限' }),
        )
        .option('--scope <text>', words({ en: 'where it is published', zh: '公开范围' }))
        .option('--public-until <date>', words({ en: 'last day of publication', zh: '公开截止日' }))
        .option('--draw <id>', words({ en: 'draw that decides whether it is checked', zh: '所入抽查编号' }))
        .option(OUTPUT[0], words(OUTPUT[1])),
    async (context, options, letterId) => {
      const { application, promiseBy, scope, publicUntil, draw, output } = options;
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { body } = await context.node.call<InformedLetter>('informApplicant', {
        params: { id: letterId },
        json: {
          applicant: options.applicant,
          ...(application === undefined ? {} : { application: await jsonFile(context, application) }),
          ...(promiseBy === undefined ? {} : { promiseBy }),
          ...(scope === undefined && publicUntil === undefined
            ? {}
            : { publication: { scope: scope ?? '', until: publicUntil ?? '' } }),
          ...(draw === undefined ? {} : { drawId: draw }),
        },
      });
      await toBeSigned(context, body, body.typedData, output);
    },
  );
  book.command<[string], { signature: string; boundAddress?: string; boundSignature?: string }>(
    letter,
    id('promise'),
    { en: 'take the signature and ask the registers', zh: '接收申请人签名并查询资格' },
    'ledger letter promise 7 --signature 0x…',
    (command) =>
      signature(command)
        .option(
          '--bound-address <address>',
          words({ en: 'the bound key that co-signed', zh: '附加签名的绑定密钥地址' }),
        )
        .option('--bound-signature <hex>', words({ en: 'its signature', zh: '绑定密钥的签名' })),
    async (context, { signature: signed, boundAddress, boundSignature }, letterId) => {
      const bound =
        boundAddress === undefined
          ? {}
          : { boundSignature: { address: boundAddress, signature: boundSignature ?? '' } };
      const { body } = await context.node.call<LetterDetail>('promiseLetter', {
        params: { id: letterId },
        json: { signature: signed, ...bound },
      });
      showLetter(context, body);
    },
  );
  book.command<[string], { decision: string; mode: string; checkBy?: string }>(
    letter,
    id('decide'),
    { en: 'the application was decided, and how the promise is checked', zh: '办结，并确定核查方式' },
    'ledger letter decide 7 --decision 准予许可 --mode routine --check-by 2026-07-31',
    (command) =>
      command
        .requiredOption(
          '--decision <text>',
          words({ en: 'what was decided; it stays in the node', zh: '办理结果（不上链）' }),
        )
        .requiredOption(
          '--mode <mode>',
          words({ en: 'exempt, routine or on-site', zh: '核查方式：exempt、routine 或 on-site' }),
        )
        .option('--check-by <date>', words({ en: 'last day of the check', zh: '核查截止日' })),
    async (context, { decision, mode, checkBy }, letterId) => {
      const json = { decision, mode, ...(checkBy === undefined ? {} : { checkBy }) };
      const { body } = await context.node.call<LetterDetail>('decideLetter', {
        params: { id: letterId },
        json,
      });
      showLetter(context, body);
    },
  );
  book.command<[string], { finding: string; broken?: string }>(
    letter,
    id('check'),
    {
      en: 'what the check found; a false promise becomes an adverse record',
      zh: '登记核查结果；不实承诺同时形成失信记录',
    },
    'ledger letter check 7 --finding 属实',
    (command) =>
      command.requiredOption('--finding <text>', words({ en: 'what was found', zh: '核查认定' })).option(
        '--broken <file>',
        words({
          en: 'the promise was false: JSON file with outcome, legalBasis and record',
          zh: '承诺不实：含 outcome、legalBasis、record 的 JSON 文件',
        }),
      ),
    async (context, { finding, broken }, letterId) => {
      const { body } = await context.node.call<LetterDetail>('checkLetter', {
        params: { id: letterId },
        json: {
          kept: broken === undefined,
          finding,
          ...(broken === undefined ? {} : { broken: await jsonFile(context, broken) }),
        },
      });
      showLetter(context, body);
    },
  );
  book.command<[string], { reason: string; document: string; output?: string }>(
    letter,
    id('withdrawal'),
    { en: 'draw up a withdrawal for the applicant to sign', zh: '拟定撤回申请，供申请人签名' },
    'ledger letter withdrawal 7 --reason 改交材料 --document withdrawal.json --output to-sign.json',
    (command) =>
      command
        .requiredOption('--reason <text>', words({ en: 'why', zh: '理由' }))
        .requiredOption('--document <file>', words({ en: 'file for the document', zh: '撤回文书的输出文件' }))
        .option(OUTPUT[0], words(OUTPUT[1])),
    async (context, { reason, document, output }, letterId) => {
      for (const file of [document, output]) {
        if (file !== undefined) await requireWritable(context.path(file), { mustBeNew: false });
      }
      const { body } = await context.node.call<Withdrawal>('drawUpWithdrawal', {
        params: { id: letterId },
        json: { reason },
      });
      await writeFile(context.path(document), `${JSON.stringify(body.document, null, 2)}\n`);
      await toBeSigned(context, body, body.typedData, output);
    },
  );
  book.command<[string], { document: string; signature: string }>(
    letter,
    id('withdraw'),
    { en: 'relay the applicant’s withdrawal, before the decision', zh: '转交申请人的撤回（办结前）' },
    'ledger letter withdraw 7 --document withdrawal.json --signature 0x…',
    (command) =>
      signature(command).requiredOption('--document <file>', words({ en: 'the document', zh: '撤回文书' })),
    async (context, { document, signature: signed }, letterId) => {
      const { body } = await context.node.call<LetterDetail>('withdrawLetter', {
        params: { id: letterId },
        json: { document: await jsonFile(context, document), signature: signed },
      });
      showLetter(context, body);
    },
  );
  book.command<[string], { reasonHash: string; signature: string }>(
    letter,
    'relay-withdrawal <numberOnChain>',
    { en: 'relay the withdrawal of any authority’s letter', zh: '转交任一机关承诺书的撤回' },
    'ledger letter relay-withdrawal 3 --reason-hash 0x… --signature 0x…',
    (command) =>
      signature(command).requiredOption(
        '--reason-hash <hash>',
        words({ en: 'what was signed', zh: '所签理由哈希' }),
      ),
    async (context, { reasonHash, signature: signed }, letterId) => {
      const { body } = await context.node.call<Relayed>('relayWithdrawal', {
        json: { letterId, reasonHash, signature: signed },
      });
      context.out.result(body, doneWords(context, body, words({ en: 'withdrawal', zh: '撤回' })));
    },
  );
  book.command<[string], { reason: string }>(
    letter,
    id('refuse'),
    { en: 'the ordinary procedure is taken', zh: '转一般程序' },
    'ledger letter refuse 7 --reason not-eligible',
    (command) =>
      command.requiredOption(
        '--reason <reason>',
        words({ en: 'applicant-declined or not-eligible', zh: 'applicant-declined 或 not-eligible' }),
      ),
    async (context, { reason }, letterId) => {
      const { body } = await context.node.call<LetterDetail>('refuseLetter', {
        params: { id: letterId },
        json: { reason },
      });
      showLetter(context, body);
    },
  );
  book.command<[string], { reason: string }>(
    letter,
    id('terminate'),
    { en: 'end a letter before the decision', zh: '办结前终止' },
    'ledger letter terminate 7 --reason 申请人歇业',
    (command) => command.requiredOption('--reason <text>', words({ en: 'why', zh: '理由' })),
    async (context, { reason }, letterId) => {
      const { body } = await context.node.call<LetterDetail>('terminateLetter', {
        params: { id: letterId },
        json: { reason },
      });
      showLetter(context, body);
    },
  );
  book.command<[], { subject?: string }>(
    letter,
    'list',
    { en: 'letters, with states and deadlines', zh: '列出承诺书及其状态和期限' },
    'ledger letter list',
    (command) => command.option('--subject <code>', words({ en: 'of one subject', zh: '仅某一主体' })),
    async ({ node, out }, { subject }) => {
      const { body } = await node.call<{ items: Letter[] }>('listLetters', { query: { subject } });
      const head =
        out.lang === 'zh'
          ? ['编号', '链上编号', '事项', '状态', '承诺期限', '核查期限', '逾期']
          : ['id', 'on chain', 'item', 'state', 'promise by', 'check by', 'overdue'];
      const rows = body.items.map((item) => [
        item.id,
        item.letterId ?? '',
        item.itemTitle ?? '',
        item.state,
        item.promiseBy ?? '',
        item.checkBy ?? '',
        item.overdue.join(','),
      ]);
      out.result(body, table(head, rows));
    },
  );
  book.command<[string], object>(
    letter,
    id('show'),
    { en: 'where a letter stands and what is possible', zh: '查看承诺书状态和可办理事项' },
    'ledger letter show 7',
    (command) => command,
    async (context, _options, letterId) => {
      const { body } = await context.node.call<LetterDetail>('getLetter', { params: { id: letterId } });
      showLetter(context, body);
    },
  );
  book.command<[string], { output?: string }>(
    letter,
    id('copies'),
    { en: 'the two signed copies, each a receipt', zh: '导出两份已签承诺书' },
    'ledger letter copies 7 --output copies.json',
    (command) => command.option('--output <file>', words({ en: 'file to write', zh: '输出文件' })),
    async (context, { output }, letterId) => {
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { body } = await context.node.call<LetterCopies>('getLetterCopies', { params: { id: letterId } });
      const text = JSON.stringify(body.items, null, 2);
      if (output === undefined) return context.out.result(body, text);
      await writeFile(context.path(output), `${text}\n`);
      context.out.result(
        body,
        words({ en: `Written: ${context.path(output)}`, zh: `已写入：${context.path(output)}` }),
      );
    },
  );
  drawCommands(book);
}

function itemCommands(book: Book): void {
  const item = book.group('item', { en: 'items of the commitment list', zh: '告知承诺事项' });
  const words = (message: Message): string => book.words(message);
  book.command<[string], object>(
    item,
    'publish <file>',
    {
      en: 'publish an item from a JSON file (fields as in the API)',
      zh: '由 JSON 文件发布事项（字段同 API）',
    },
    'ledger item publish item.json',
    (command) => command,
    async (context, _options, file) => {
      const { body } = await context.node.call<ItemDone>('publishLetterItem', {
        json: await jsonFile(context, file),
      });
      context.out.result(
        body,
        `${body.itemId}\n${doneWords(context, body, words({ en: 'item', zh: '事项' }))}`,
      );
    },
  );
  book.command<[string], object>(
    item,
    'withdraw <itemId>',
    { en: 'take an item out of force', zh: '撤下事项' },
    'ledger item withdraw 0x…',
    (command) => command,
    async (context, _options, id) => {
      const { body } = await context.node.call<ItemDone>('withdrawLetterItem', { params: { id }, json: {} });
      context.out.result(body, doneWords(context, body, words({ en: 'item', zh: '事项' })));
    },
  );
  book.command<[string, string], object>(
    item,
    'template <itemId> <file>',
    {
      en: 'publish a template from a JSON file: seven texts to tell, four to confirm',
      zh: '由 JSON 文件发布格式文本：七项告知、四项承诺',
    },
    'ledger item template 0x… template.json',
    (command) => command,
    async (context, _options, id, file) => {
      const { body } = await context.node.call<ItemDone>('publishLetterTemplate', {
        params: { id },
        json: await jsonFile(context, file),
      });
      context.out.result(
        body,
        `${body.templateId ?? ''}\n${doneWords(context, body, words({ en: 'template', zh: '格式文本' }))}`,
      );
    },
  );
  book.command<[], object>(
    item,
    'list',
    { en: 'items of all authorities', zh: '列出全部事项' },
    'ledger item list',
    (command) => command,
    async ({ node, out }) => {
      const { body } = await node.call<{ items: LetterItem[] }>('listLetterItems');
      const head =
        out.lang === 'zh'
          ? ['编号', '机关', '名称', '版本', '有效', '格式文本']
          : ['id', 'owner', 'title', 'version', 'in force', 'templates'];
      const rows = body.items.map((each) => [
        each.id,
        each.owner,
        each.title,
        String(each.version),
        each.inForce ? '✔' : '',
        each.templates.map(({ id }) => id).join(' '),
      ]);
      out.result(body, table(head, rows));
    },
  );
}

function drawCommands(book: Book): void {
  const draw = book.group('draw', { en: 'draws of letters to be checked', zh: '核查抽查' });
  const words = (message: Message): string => book.words(message);
  book.command<[], { rate: string; closes: string }>(
    draw,
    'open',
    {
      en: 'open a draw; its seed stays in the node until it is revealed',
      zh: '开启抽查，种子在公布前留存本节点',
    },
    'ledger draw open --rate 500 --closes 2026-07-31T16:00:00Z',
    (command) =>
      command
        .requiredOption('--rate <n>', words({ en: 'of 10,000 letters', zh: '万分之几' }))
        .requiredOption('--closes <moment>', words({ en: 'when it closes (ISO 8601)', zh: '截止时间' })),
    async (context, { rate, closes }) => {
      const { body } = await context.node.call<DrawDone>('openDraw', {
        json: { rateBasisPoints: Number(rate), closesAt: closes },
      });
      context.out.result(
        body,
        `${body.drawId ?? ''}\n${doneWords(context, body, words({ en: 'draw', zh: '抽查' }))}`,
      );
    },
  );
  book.command<[string], object>(
    draw,
    'reveal <drawId>',
    { en: 'reveal the seed, within seven days from its closing', zh: '公布种子（截止后七日内）' },
    'ledger draw reveal 1',
    (command) => command,
    async (context, _options, id) => {
      const { body } = await context.node.call<DrawDone>('revealDraw', { params: { id }, json: {} });
      context.out.result(body, doneWords(context, body, words({ en: 'draw', zh: '抽查' })));
    },
  );
  book.command<[], object>(
    draw,
    'list',
    { en: 'draws of all authorities', zh: '列出全部抽查' },
    'ledger draw list',
    (command) => command,
    async ({ node, out }) => {
      const { body } = await node.call<{ items: Draw[] }>('listDraws');
      const head =
        out.lang === 'zh'
          ? ['编号', '机关', '万分比', '截止', '状态']
          : ['id', 'authority', 'of 10,000', 'closes', 'state'];
      const rows = body.items.map((each) => [
        each.id,
        each.authority,
        String(each.rateBasisPoints),
        each.closesAt,
        each.state,
      ]);
      out.result(body, table(head, rows));
    },
  );
}

function showLetter({ out }: Context, letter: LetterDetail): void {
  const zh = out.lang === 'zh';
  const told = (error: { message: string; messageZh: string } | null | undefined): string | undefined =>
    error === null || error === undefined ? undefined : zh ? error.messageZh : error.message;
  const lines = [
    zh
      ? `承诺书 ${letter.id}（链上 ${letter.letterId ?? '—'}）：${letter.state}`
      : `Letter ${letter.id} (on chain ${letter.letterId ?? '—'}): ${letter.state}`,
    letter.pending === null
      ? undefined
      : zh
        ? `${letter.pending.action} 正在上链`
        : `${letter.pending.action} is on its way`,
    letter.eligibility?.state === 'asking'
      ? zh
        ? '正在向登记册核查资格'
        : 'The registers are being asked'
      : undefined,
    told(letter.eligibility?.error),
    told(letter.failed?.error),
    letter.possible.length === 0
      ? undefined
      : `${zh ? '可办理' : 'Possible now'}: ${letter.possible.join(', ')}`,
  ];
  out.result(letter, lines.filter((line) => line !== undefined).join('\n'));
}
