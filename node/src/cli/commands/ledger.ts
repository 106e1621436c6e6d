import { writeFile } from 'node:fs/promises';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Anchored, Grant, Register, Sent } from '../../api/schemas/ledger.ts';
import type { Book, Context } from '../command.ts';
import { counted, table, wrongUsage } from '../io.ts';
import { requireWritable } from '../output-file.ts';

interface GiveOptions {
  readonly member?: string;
  readonly region?: string;
  readonly application: string;
  readonly classes: string;
  readonly until: string;
  readonly from?: string;
  readonly maxUses?: string;
  readonly consent?: boolean;
}

export function ledgerCommands(book: Book): void {
  const register = book.group('register', { en: 'registers', zh: '登记册' });
  book.command<[], { promise?: string }>(
    register,
    'open',
    { en: "open the agency's register", zh: '开立本机构登记册' },
    'ledger register open --promise 86400',
    (command) =>
      command.option(
        '--promise <seconds>',
        book.words({ en: 'longest silence that it promises', zh: '承诺的最长沉默时间（秒）' }),
      ),
    async ({ node, out }, { promise }) => {
      const { body } = await node.call<Sent>('openRegister', {
        json: promise === undefined ? {} : { promiseSeconds: Number(promise) },
      });
      out.result(body, sentWords(out, body));
    },
  );
  book.command<[], object>(
    register,
    'list',
    { en: 'registers of all members', zh: '列出所有成员的登记册' },
    'ledger register list',
    (command) => command,
    async ({ node, out }) => {
      const { body } = await node.call<{ items: Register[] }>('listRegisters');
      const head =
        out.lang === 'zh'
          ? ['编号', '所属成员', '本机构', '批次', '条目', '争议']
          : ['id', 'owner', 'ours', 'batches', 'entries', 'contested'];
      out.result(
        body,
        table(
          head,
          body.items.map((item) => [
            item.id,
            item.owner,
            item.own ? '✔' : '',
            item.headSeq,
            item.entries,
            item.contested ? '✖' : '',
          ]),
        ),
      );
    },
  );
  book.command<[string], object>(
    register,
    'anchor <registerId>',
    { en: 'put what waits in batches and send them now', zh: '立即打包并上链' },
    'ledger register anchor 1',
    (command) => command,
    async ({ node, out }, _options, id) => {
      const { body } = await node.call<Anchored>('anchor', { params: { id } });
      out.result(
        body,
        out.words({
          en: `${counted(body.entries, 'entry', 'entries')} in ${counted(body.batches, 'batch', 'batches')} ${body.entries === 1 ? 'is' : 'are'} on the way.`,
          zh: `${body.batches} 个批次（${body.entries} 个条目）正在上链。`,
        }),
      );
    },
  );
  book.command<[string], object>(
    register,
    'heartbeat <registerId>',
    { en: 'stand by the current root', zh: '发送心跳' },
    'ledger register heartbeat 1',
    (command) => command,
    async ({ node, out }, _options, id) => {
      const { body } = await node.call<Sent>('heartbeat', { params: { id } });
      out.result(body, sentWords(out, body));
    },
  );

  const grant = book.group('grant', { en: 'sharing grants', zh: '共享授权' });
  book.command<[], GiveOptions>(
    grant,
    'give',
    { en: 'give a grant', zh: '授予共享授权' },
    'ledger grant give --member 2 --application procurement-qualification --classes 1 --until 2027-12-31',
    (command) =>
      command
        .option('--member <id>', book.words({ en: 'to one member', zh: '授予一个成员' }))
        .option(
          '--region <code>',
          book.words({ en: 'to all members of a region (GB/T 2260)', zh: '授予一个地区的全部成员' }),
        )
        .requiredOption(
          '--application <name>',
          book.words({ en: 'for which purpose (name in the catalogue)', zh: '用途（应用清单名称）' }),
        )
        .requiredOption(
          '--classes <list>',
          book.words({ en: 'ledger classes, such as 1,2', zh: '信息类别，如 1,2' }),
        )
        .requiredOption(
          '--until <date>',
          book.words({ en: 'last day, or a moment (ISO 8601)', zh: '截止日期或时间' }),
        )
        .option(
          '--from <date>',
          book.words({ en: 'first day, or a moment; now when left out', zh: '起始日期或时间，省略为现在' }),
        )
        .option(
          '--max-uses <n>',
          book.words({ en: 'how often it may be used; 0 = no limit', zh: '使用次数上限，0 为不限' }),
        )
        .option('--consent', book.words({ en: 'only with the consent of the subject', zh: '须经主体同意' })),
    async ({ node, out }, options) => {
      if ((options.member === undefined) === (options.region === undefined)) {
        throw wrongUsage({
          en: 'Give --member or --region, one of them.',
          zh: '请指定 --member 或 --region 之一。',
        });
      }
      const { body } = await node.call<Grant | Sent>('giveGrant', {
        json: {
          grantee:
            options.member === undefined ? { region: Number(options.region) } : { member: options.member },
          application: options.application,
          classes: options.classes.split(',').map(Number),
          validUntil: moment(options.until, 'end'),
          ...(options.from === undefined ? {} : { validFrom: moment(options.from, 'start') }),
          ...(options.maxUses === undefined ? {} : { maxUses: Number(options.maxUses) }),
          consentRequired: options.consent === true,
        },
      });
      out.result(body, 'id' in body ? body.id : sentWords(out, body));
    },
  );
  book.command<[], object>(
    grant,
    'list',
    { en: 'grants given by us or to us', zh: '列出授权' },
    'ledger grant list',
    (command) => command,
    async ({ node, out }) => {
      const { body } = await node.call<{ items: Grant[] }>('listGrants');
      const head =
        out.lang === 'zh'
          ? ['编号', '授权方', '被授权方', '应用', '截止', '已用', '状态']
          : ['id', 'grantor', 'grantee', 'application', 'until', 'uses', 'state'];
      out.result(
        body,
        table(
          head,
          body.items.map((item) => [
            item.id,
            item.grantor,
            granteeWords(out, item.grantee),
            item.application ?? item.applicationId,
            item.validUntil,
            item.maxUses === 0 ? String(item.uses) : `${item.uses}/${item.maxUses}`,
            item.revoked ? out.words({ en: 'revoked', zh: '已撤销' }) : '',
          ]),
        ),
      );
    },
  );
  book.command<[string], object>(
    grant,
    'revoke <grantId>',
    { en: 'revoke a grant of ours', zh: '撤销授权' },
    'ledger grant revoke 0x…',
    (command) => command,
    async ({ node, out }, _options, id) => {
      const { body } = await node.call<Sent>('revokeGrant', { params: { id } });
      out.result(body, sentWords(out, body));
    },
  );

  book.command<[], { output?: string }>(
    book.program,
    'network',
    { en: 'write the network file that verifiers pin', zh: '导出供验证方固定使用的网络文件' },
    'ledger network --output network.json',
    (command) =>
      command.option(
        '--output <file>',
        book.words({ en: 'file to write; standard output when left out', zh: '输出文件，省略为标准输出' }),
      ),
    async (context, { output }) => {
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { body } = await context.node.call<Record<string, unknown>>('getNetwork');
      await write(context, body, output);
    },
  );
  book.command<[string], { log?: string[]; output?: string }>(
    book.program,
    'checkpoint <registerId>',
    {
      en: 'make a checkpoint, signed by witnesses, for verifying offline',
      zh: '生成由见证方签名的检查点，供离线验证',
    },
    'ledger checkpoint 1 --log 5 --output checkpoint.json',
    (command) =>
      command
        .option(
          '--log <id...>',
          book.words({ en: 'entries of the answer log that it covers', zh: '所覆盖的应答日志编号' }),
        )
        .option(
          '--output <file>',
          book.words({ en: 'file to write; standard output when left out', zh: '输出文件，省略为标准输出' }),
        ),
    async (context, { log, output }, registerId) => {
      if (output !== undefined) await requireWritable(context.path(output), { mustBeNew: false });
      const { body } = await context.node.call<Record<string, unknown>>('makeCheckpoint', {
        json: { registerId, logIds: log ?? [] },
      });
      await write(context, body, output);
    },
  );
}

async function write({ out, path }: Context, document: unknown, output: string | undefined): Promise<void> {
  const text = JSON.stringify(document, null, 2);
  if (output === undefined) return out.result(document, text);
  await writeFile(path(output), `${text}\n`);
  out.result(
    { file: path(output) },
    out.words({ en: `Written: ${path(output)}`, zh: `已写入：${path(output)}` }),
  );
}

/** A member and a region are both numbers: the word says which. */
function granteeWords(out: Context['out'], grantee: Grant['grantee']): string {
  return 'member' in grantee
    ? out.words({ en: `member ${grantee.member}`, zh: `成员 ${grantee.member}` })
    : out.words({ en: `region ${grantee.region}`, zh: `地区 ${grantee.region}` });
}

function sentWords(out: Context['out'], sent: Sent): string {
  switch (sent.state) {
    case 'mined':
      return out.words({
        en: `Done in block ${sent.blockNumber}.${sent.registerId === null ? '' : ` Register ${sent.registerId}.`}`,
        zh: `已在区块 ${sent.blockNumber} 完成。${sent.registerId === null ? '' : `登记册 ${sent.registerId}。`}`,
      });
    case 'nothing-to-do':
      return out.words({ en: 'There was nothing to do.', zh: '无需处理。' });
    default:
      return out.words({ en: 'It is on its way; the node sees to it.', zh: '正在上链，节点会自行完成。' });
  }
}

/** A day of the command line as a moment: from its first second, or up to its last, at UTC+8. */
function moment(text: string, edge: 'start' | 'end'): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const date = new Date(isDay ? `${text}T${edge === 'start' ? '00:00:00' : '23:59:59'}+08:00` : text);
  if (Number.isNaN(date.getTime())) {
    throw new LedgerError(
      'DATE_INVALID',
      { en: `Not a day or moment: ${text}`, zh: `不是有效日期：${text}` },
      { read: text },
    );
  }
  return date.toISOString();
}
