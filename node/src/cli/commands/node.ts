import { once } from 'node:events';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { ChainStatus } from '../../api/schemas/ledger.ts';
import type { Readiness, Token } from '../../api/schemas/system.ts';
import { createNode } from '../../app.ts';
import { loadConfig } from '../../config.ts';
import { setUpNode } from '../../setup.ts';
import { backupCommands } from './backups.ts';
import type { Book } from '../command.ts';
import { counted, EXIT, type Output, table } from '../io.ts';

interface InitOptions {
  readonly rpc: string;
  readonly deployment: string;
  readonly host?: string;
  readonly port?: string;
  readonly journal?: string;
  readonly set?: string[];
}

export function nodeCommands(book: Book): void {
  book.command<[], InitOptions>(
    book.program,
    'init',
    { en: 'set a node up: settings, keys, database', zh: '初始化节点：配置、密钥、数据库' },
    'ledger init --data /srv/ledger --rpc http://127.0.0.1:8545 --deployment deployment.json --journal /mnt/second-disk/openings.journal',
    (command) =>
      command
        .requiredOption(
          '--rpc <url>',
          book.words({ en: 'JSON-RPC endpoint of the chain', zh: '链的 JSON-RPC 地址' }),
        )
        .requiredOption(
          '--deployment <file>',
          book.words({ en: 'deployment file of the ledger', zh: '账本部署文件' }),
        )
        .option('--host <address>', book.words({ en: 'address to listen on', zh: '监听地址' }))
        .option('--port <port>', book.words({ en: 'port to listen on', zh: '监听端口' }))
        .option(
          '--journal <file>',
          book.words({ en: 'journal of openings, on another disk', zh: '原文日志路径（应位于另一块磁盘）' }),
        )
        .option(
          '--set <name=value...>',
          book.words({ en: 'any other setting of ledger.json', zh: '其他配置项' }),
        ),
    async ({ out, dataDir, path, surroundings }, options) => {
      const settings: Record<string, unknown> = { rpcUrl: options.rpc };
      if (options.host !== undefined) settings['host'] = options.host;
      if (options.port !== undefined) settings['port'] = options.port;
      if (options.journal !== undefined) settings['journalPath'] = path(options.journal);
      for (const pair of options.set ?? []) {
        const at = pair.indexOf('=');
        settings[at === -1 ? pair : pair.slice(0, at)] = at === -1 ? '' : pair.slice(at + 1);
      }
      const made = await setUpNode({
        directory: dataDir,
        settings,
        deploymentFile: path(options.deployment),
        environment: surroundings.environment,
      });
      const lines = [
        out.words({
          en: `The node is set up in ${made.directory}.`,
          zh: `节点已在 ${made.directory} 初始化。`,
        }),
        out.words({ en: 'Hand these two addresses to the council:', zh: '请将以下两个地址提交理事会：' }),
        `  operator  ${made.operator}`,
        `  witness   ${made.witness}`,
        ...(made.passphraseFile === null
          ? []
          : [
              out.words({
                en: `A passphrase for the keys was made: ${made.passphraseFile}. Keep a copy elsewhere; without it the keys are lost.`,
                zh: `已生成密钥口令：${made.passphraseFile}。请另行备份，遗失则密钥无法恢复。`,
              }),
            ]),
        out.words({ en: `Journal of openings: ${made.journalPath}`, zh: `原文日志：${made.journalPath}` }),
        out.words({
          en: `Next: ledger serve --data ${made.directory}`,
          zh: `下一步：ledger serve --data ${made.directory}`,
        }),
      ];
      out.result(made, lines.join('\n'));
    },
  );

  book.command<[], object>(
    book.program,
    'serve',
    { en: 'run the node until it is told to stop', zh: '运行节点' },
    'ledger serve --data /srv/ledger',
    (command) => command,
    async ({ out, dataDir, surroundings }) => {
      const config = await loadConfig(dataDir, surroundings.environment);
      const node = await createNode(config, {
        environment: surroundings.environment,
        askPassphrase: surroundings.askPassphrase,
      });
      await node.start();
      out.result(
        { url: node.url },
        out.words({
          en: `The node listens at ${node.url}. Ctrl+C ends it.`,
          zh: `节点已在 ${node.url} 启动，按 Ctrl+C 结束。`,
        }),
      );
      if (!surroundings.signal.aborted) await once(surroundings.signal, 'abort');
      await inTime(node.stop(), config.shutdownSeconds + SLACK_SECONDS);
    },
  );

  book.command<[], object>(
    book.program,
    'status',
    { en: 'how the node fares', zh: '查看节点状态' },
    'ledger status --json',
    (command) => command,
    async ({ node, out, exit }) => {
      const ready = await node.call<Readiness>('getReadiness');
      const chain = await node.call<ChainStatus>('getChain');
      const parts = (['store', 'chain', 'journal', 'prover'] as const).map((part) => [
        part,
        ready.body[part].ok ? 'ok' : '✖',
        ready.body[part].detail,
      ]);
      const { followedBlock, headBlock, outbox, batches, memberId, endpoints } = chain.body;
      const aside = endpoints
        .filter(({ trouble }) => trouble !== null)
        .map(({ host, trouble, since }) => `${host} (${trouble ?? ''}, ${since ?? ''})`);
      const lines = [
        `${await node.url()}  ${out.words(ready.body.ready ? { en: 'ready', zh: '就绪' } : { en: 'NOT ready', zh: '未就绪' })}`,
        table(out.lang === 'zh' ? ['部分', '状态', '说明'] : ['part', 'state', 'detail'], parts),
        out.words({
          en: `member ${memberId ?? 'none yet'} · block ${followedBlock ?? '–'} of ${headBlock ?? '–'} · on the way: ${counted(outbox.operator + outbox.witness, 'transaction')}, ${counted(batches.unbatchedEntries, 'entry', 'entries')}, ${counted(batches.unanchored, 'batch', 'batches')}`,
          zh: `成员 ${memberId ?? '尚未加入'} · 区块 ${followedBlock ?? '–'} / ${headBlock ?? '–'} · 待上链：交易 ${outbox.operator + outbox.witness}，条目 ${batches.unbatchedEntries}，批次 ${batches.unanchored}`,
        }),
        ...keyLines(chain.body.keys, out),
        ...(chain.body.evidence.graceSeconds === 0
          ? []
          : [
              out.words({
                en: `while the chain cannot be asked, logged answers leave for ${chain.body.evidence.graceSeconds} s`,
                zh: `链不可查询时，已登记的答案仍可交付 ${chain.body.evidence.graceSeconds} 秒`,
              }),
            ]),
        ...(aside.length === 0
          ? []
          : [
              out.words({
                en: `set aside, of ${endpoints.length} chain endpoints: ${aside.join(', ')}`,
                zh: `${endpoints.length} 个链节点中已停用：${aside.join('、')}`,
              }),
            ]),
      ];
      out.result({ ...ready.body, ledger: chain.body }, lines.join('\n'));
      if (!ready.body.ready) exit(EXIT.failed);
    },
  );

  backupCommands(book);

  const token = book.group('token', { en: 'API tokens', zh: 'API 令牌' });
  book.command<[string], { role: string }>(
    token,
    'create <name>',
    { en: 'make a token; it is shown this once', zh: '创建令牌（仅显示一次）' },
    'ledger token create "王芳" --role officer',
    (command) => command.requiredOption('--role <role>', 'officer | auditor | operator'),
    async ({ node, out }, { role }, name) => {
      const { body } = await node.call<Token & { token: string }>('createToken', { json: { name, role } });
      out.result(body, body.token);
    },
  );
  book.command<[], object>(
    token,
    'list',
    { en: 'list the tokens', zh: '列出令牌' },
    'ledger token list',
    (command) => command,
    async ({ node, out }) => {
      const { body } = await node.call<{ items: Token[] }>('listTokens');
      const head =
        out.lang === 'zh'
          ? ['名称', '角色', '创建', '最近使用', '撤销']
          : ['name', 'role', 'created', 'last used', 'revoked'];
      out.result(
        body,
        table(
          head,
          body.items.map((item) => [
            item.name,
            item.role,
            item.createdAt,
            item.lastUsedAt ?? '–',
            item.revokedAt ?? '–',
          ]),
        ),
      );
    },
  );
  book.command<[string], object>(
    token,
    'revoke <name>',
    { en: 'revoke a token', zh: '撤销令牌' },
    'ledger token revoke "王芳"',
    (command) => command,
    async ({ node, out }, _options, name) => {
      if (name.trim() === '')
        throw new LedgerError('NOT_FOUND', { en: 'There is no such token.', zh: '没有该令牌。' });
      await node.call('revokeToken', { params: { name } });
      out.result(
        { name, revoked: true },
        out.words({ en: `“${name}” works no more.`, zh: `“${name}”已失效。` }),
      );
    },
  );
}

/** What comes after the requests and imports have ended: closing the store, ending the workers. */
const SLACK_SECONDS = 15;

/** @throws LedgerError SHUTDOWN_TOO_SLOW when the node does not end: whoever waits for the process must not wait for ever */
async function inTime(stopped: Promise<void>, seconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new LedgerError(
          'SHUTDOWN_TOO_SLOW',
          {
            en: `The node did not end within ${seconds} seconds and is left as it is; the next start goes on from what was committed.`,
            zh: `节点未能在 ${seconds} 秒内停止，进程直接结束；下次启动将从已提交的状态继续。`,
          },
          { seconds },
        ),
      );
    }, seconds * 1000);
  });
  try {
    await Promise.race([stopped, tooSlow]);
  } finally {
    clearTimeout(timer);
  }
}

/** Only what is out of the ordinary about the keys. */
function keyLines({ held, next }: ChainStatus['keys'], out: Output): string[] {
  const missing = (['operator', 'witness'] as const).filter((role) => !held[role]);
  return [
    ...missing.map((role) =>
      out.words({
        en: `the council has put a ${role} key in force that this node does not hold`,
        zh: `理事会启用的 ${role} 密钥不在本节点`,
      }),
    ),
    ...(next === null
      ? []
      : [
          out.words({
            en: `from block ${next.fromBlock} on: operator ${next.operator}, witness ${next.witness}`,
            zh: `自区块 ${next.fromBlock} 起：operator ${next.operator}，witness ${next.witness}`,
          }),
        ]),
  ];
}
