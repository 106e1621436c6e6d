import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { backupError, verifyBackup } from '../../backup/index.ts';
import { loadConfig } from '../../config.ts';
import { openKeyring, restoreNode } from '../../setup.ts';
import type { Book, Context } from '../command.ts';
import { counted, EXIT } from '../io.ts';
import type { StoreReport } from '../../api/schemas/system.ts';

/** Taking backups of a running node, looking through them, and bringing a node back. */
export function backupCommands(book: Book): void {
  book.command<[], { newest?: string }>(
    book.program,
    'check',
    {
      en: 'hold the running node’s store against itself, the journal, the tree and the chain; exit code 0 all holds, 1 something does not',
      zh: '核对运行中节点的数据库、日志、树与链；退出码 0 全部成立、1 有不成立',
    },
    'ledger check --data /srv/ledger',
    (command) =>
      command.option(
        '--newest <n>',
        book.words({ en: 'open only so many of the newest batches', zh: '仅核对最近 n 个批次' }),
      ),
    async ({ node, out, exit }, { newest }) => {
      const { body } = await node.call<StoreReport>('checkStore', { query: { newest } });
      const lines = body.checks.flatMap(({ check, holds, examined, about, difference, mend }) => [
        `${holds ? '✔' : '✖'} ${check.padEnd(9)} ${out.words(about)} (${examined})`,
        ...(holds ? [] : [`  ${JSON.stringify(difference)}`]),
        ...(mend === null ? [] : [`  → ${out.words(mend)}`]),
      ]);
      out.result(body, lines.join('\n'));
      if (!body.holds) exit(EXIT.failed);
    },
  );

  book.command<[string], object>(
    book.program,
    'backup <dir>',
    {
      en: 'write a sealed backup of the running node into a directory, and read it through',
      zh: '将运行中节点的加密备份写入目录并校验',
    },
    'ledger backup /mnt/backups --data /srv/ledger',
    (command) => command,
    async (context, _options, dir) => {
      const { node, out, path } = context;
      const directory = path(dir);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
      const file = join(directory, `credit-ledger-${stamp}.backup`);
      const part = `${file}.part`;
      const target = await open(part, 'wx', 0o600).catch((error: unknown) => {
        throw (error as NodeJS.ErrnoException).code === 'EEXIST'
          ? backupError('BACKUP_EXISTS', { file })
          : error;
      });
      try {
        for await (const chunk of await node.downloadStream('makeBackup'))
          await target.write(chunk as Uint8Array);
        await target.sync();
        await target.close();
        const verified = await verify(context, part);
        await rename(part, file);
        out.result(
          { file, ...verified },
          verified === null
            ? out.words({
                en: `${file}\nNOT read through: the keys are not on this machine. Run "ledger backup-verify" where they are.`,
                zh: `${file}\n未校验：本机没有密钥。请在有密钥的机器上运行 "ledger backup-verify"。`,
              })
            : `${file}\n${inWords(out, verified)}`,
        );
      } catch (error) {
        await target.close().catch(() => undefined);
        await rm(part, { force: true });
        throw error;
      }
    },
  );

  book.command<[string], object>(
    book.program,
    'backup-verify <file>',
    { en: 'read a backup through, to its last byte', zh: '完整校验备份文件' },
    'ledger backup-verify /mnt/backups/credit-ledger-20260101T000000Z.backup',
    (command) => command,
    async ({ out, path, dataDir, surroundings }, _options, file) => {
      const config = await loadConfig(dataDir, surroundings.environment);
      const keyring = await openKeyring(config, surroundings.environment, surroundings.askPassphrase);
      const verified = await verifyBackup(path(file), await keyring.journalKey());
      out.result({ file: path(file), ...verified }, inWords(out, verified));
    },
  );

  book.command<string[], object>(
    book.program,
    'restore [backup]',
    {
      en: 'bring a stopped node back: from a backup and the journal, or from the journal alone',
      zh: '恢复已停止的节点：由备份加原文日志，或仅由原文日志',
    },
    'ledger restore /mnt/backups/credit-ledger-20260101T000000Z.backup --data /srv/ledger',
    (command) => command,
    async ({ out, dataDir, surroundings, path }, _options, backup?: string) => {
      const restored = await restoreNode(dataDir, {
        backup: backup === undefined ? undefined : path(backup),
        environment: surroundings.environment,
        ask: surroundings.askPassphrase,
      });
      const { records, entries, batches } = restored;
      const after = out.words({
        en: `From the journal: ${counted(records, 'record')}, ${counted(entries, 'entry', 'entries')}, ${counted(batches, 'batch', 'batches')}. Start the node; import again what was in no batch yet.`,
        zh: `由日志恢复：记录 ${records}，条目 ${entries}，批次 ${batches}。请启动节点，并重新导入尚未打包的文件。`,
      });
      const from =
        restored.backup === null
          ? []
          : [
              out.words({
                en: `From the backup of ${restored.backup.createdAt}: ${restored.backup.rows} rows.`,
                zh: `由 ${restored.backup.createdAt} 的备份恢复：${restored.backup.rows} 行。`,
              }),
            ];
      out.result(restored, [...from, after].join('\n'));
    },
  );
}

type Verified = Awaited<ReturnType<typeof verifyBackup>>;

/** Null where the keys are not here: a backup may be fetched by another machine. */
async function verify({ dataDir, surroundings }: Context, file: string): Promise<Verified | null> {
  try {
    const config = await loadConfig(dataDir, surroundings.environment);
    const keyring = await openKeyring(config, surroundings.environment, surroundings.askPassphrase);
    return await verifyBackup(file, await keyring.journalKey());
  } catch (error) {
    const noKeys = ['CONFIG_NOT_FOUND', 'KEYRING_NOT_FOUND', 'KEYRING_PASSPHRASE_MISSING'];
    if (noKeys.some((code) => isLedgerError(error, code))) return null;
    throw error;
  }
}

function inWords(out: Context['out'], { rows, tables, journalLines }: Verified): string {
  return out.words({
    en: `Read through: ${counted(rows, 'row')} of ${counted(tables, 'table')}, ${counted(journalLines, 'line')} of the journal.`,
    zh: `已校验：${tables} 张表共 ${rows} 行，日志 ${journalLines} 行。`,
  });
}
