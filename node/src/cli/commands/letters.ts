import { writeFile } from 'node:fs/promises';
import type { Message } from '@credit-ledger/sdk/protocol';
import type { Command } from 'commander';
import type {
  InformedLetter,
  Letter,
  LetterCopies,
  LetterDetail,
  LetterToSign,
  Relayed,
  Withdrawal,
} from '../../api/schemas/letters.ts';
import type { Book, Context } from '../command.ts';
import { table, wrongUsage } from '../io.ts';
import { requireWritable } from '../output-file.ts';
import { doneWords, jsonFile, toBeSigned } from '../signing-files.ts';
import { drawCommands, itemCommands } from './letter-items.ts';

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
      await toBeSigned(context, body, output);
    },
  );
  book.command<[string], { output?: string }>(
    letter,
    id('to-sign'),
    { en: 'what the applicant was given to sign, once more', zh: '重新导出待申请人签名的数据' },
    'ledger letter to-sign 7 --output to-sign.json',
    (command) => command.option(OUTPUT[0], words(OUTPUT[1])),
    async (context, { output }, letterId) => {
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { body } = await context.node.call<LetterToSign>('getLetterToSign', { params: { id: letterId } });
      await toBeSigned(context, body, output);
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
  book.command<[string], { finding: string; kept?: boolean; broken?: string }>(
    letter,
    id('check'),
    {
      en: 'what the check found; a false promise becomes an adverse record',
      zh: '登记核查结果；不实承诺同时形成失信记录',
    },
    'ledger letter check 7 --finding 与承诺一致 --kept',
    (command) =>
      command
        .requiredOption('--finding <text>', words({ en: 'what was found', zh: '核查认定' }))
        .option('--kept', words({ en: 'the promise was true', zh: '承诺属实' }))
        .option(
          '--broken <file>',
          words({
            en: 'the promise was false: JSON file with outcome, legalBasis and record',
            zh: '承诺不实：含 outcome、legalBasis、record 的 JSON 文件',
          }),
        ),
    async (context, { finding, kept, broken }, letterId) => {
      // The result is final: it is said, never read out of what else was typed or left out.
      if ((kept === true) === (broken !== undefined)) {
        throw wrongUsage({
          en: 'Say what the check found, for good: --kept, or --broken FILE; one of them.',
          zh: '核查结果登记后不可更改，请指明其一：--kept（属实）或 --broken 文件（不实）。',
        });
      }
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
      await toBeSigned(context, body, output);
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
