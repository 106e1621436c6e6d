import type { Message } from '@credit-ledger/sdk/protocol';
import type { Draw, DrawDone, ItemDone, LetterItem } from '../../api/schemas/letters.ts';
import type { Book } from '../command.ts';
import { table } from '../io.ts';
import { doneWords, jsonFile } from '../signing-files.ts';

/** The commands of the list of items and their templates. */
export function itemCommands(book: Book): void {
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

/** The commands of draws. */
export function drawCommands(book: Book): void {
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
