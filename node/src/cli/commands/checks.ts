import {
  type CheckResult,
  type Expectations,
  parseNetworkFile,
  type Source,
  type Verification,
  verifyAnswer,
} from '@credit-ledger/sdk/answer';
import {
  auditChain,
  type AuditProgress,
  type AuditReport,
  chainFacts,
  deploymentOf,
  LedgerView,
} from '@credit-ledger/sdk/chain';
import { type Hex, LedgerError, type Message } from '@credit-ledger/sdk/protocol';
import { createPublicClient, http } from 'viem';
import type { Book } from '../command.ts';
import { EXIT, table, type Lang } from '../io.ts';
import { dayOption, textOf } from './intake.ts';

interface VerifyOptions {
  readonly network: string;
  readonly subject?: string;
  readonly application?: string;
  readonly predicate?: string;
  readonly asOf?: string;
  readonly requester?: string;
  readonly register?: string;
  readonly authority?: string;
  readonly maxAge?: string;
  readonly now?: string;
  readonly rpc?: string;
  readonly checkpoint?: string;
}

/** Commands that believe nobody: they need no node. */
export function checkCommands(book: Book): void {
  book.command<[string], VerifyOptions>(
    book.program,
    'verify <answer>',
    {
      en: 'verify a CreditAnswer alone; exit code 0 valid, 1 invalid, 2 could not be checked',
      zh: '独立验证答案文件；退出码 0 有效、1 无效、2 无法核对',
    },
    'ledger verify answer.json --network network.json --subject 91110105MA00EXMP8L --application procurement-qualification --predicate no-severe-default --as-of 2026-11-23 --requester 2 --register 1 --max-age 48 --rpc http://127.0.0.1:8545',
    (command) =>
      command
        .requiredOption(
          '--network <file>',
          book.words({ en: 'the network file that you pinned', zh: '事先固定的网络文件' }),
        )
        .option('--subject <code>', book.words({ en: 'whom you asked about', zh: '所问主体' }))
        .option('--application <name>', book.words({ en: 'for which purpose you asked', zh: '用途' }))
        .option(
          '--predicate <name>',
          book.words({
            en: 'what you asked (a name, with --application; or a hash)',
            zh: '判断条件（名称须配合 --application，或哈希）',
          }),
        )
        .option('--as-of <date>', book.words({ en: 'as of which day', zh: '基准日期' }))
        .option('--requester <member>', book.words({ en: 'who asked', zh: '提问成员' }))
        .option('--register <id>', book.words({ en: 'which register was asked', zh: '被问登记册' }))
        .option('--authority <member>', book.words({ en: 'which authority was asked', zh: '被问机构' }))
        .option(
          '--max-age <hours>',
          book.words({
            en: 'how long ago the authority may have stood by its register',
            zh: '登记册状态的最长时限（小时）',
          }),
        )
        .option(
          '--now <moment>',
          book.words({
            en: 'judge age and expiry as of this moment (ISO 8601); this machine’s time when left out',
            zh: '按此时刻判断时限与有效期（ISO 8601），省略则用本机时间',
          }),
        )
        .option('--rpc <url>', book.words({ en: 'check against the chain', zh: '对照链核对' }))
        .option(
          '--checkpoint <file>',
          book.words({
            en: 'check against a checkpoint; the one in the answer when neither is given',
            zh: '对照检查点核对；均未提供时使用答案内的检查点',
          }),
        ),
    async ({ out, path, exit }, options, file) => {
      // Until there is a verdict, nothing could be checked.
      exit(EXIT.unable);
      if (options.rpc !== undefined && options.checkpoint !== undefined) {
        throw new LedgerError('REQUEST_INVALID', {
          en: 'Give --rpc or --checkpoint, not both.',
          zh: '--rpc 与 --checkpoint 只能选一个。',
        });
      }
      const network = parseNetworkFile(await textOf(path(options.network)));
      const document = await textOf(path(file));
      const source: Source =
        options.rpc !== undefined
          ? {
              chain: chainFacts(
                new LedgerView(createPublicClient({ transport: http(options.rpc) }), deploymentOf(network)),
              ),
            }
          : options.checkpoint !== undefined
            ? { checkpoint: await textOf(path(options.checkpoint)) }
            : {};
      const expected = expectations(options);
      const verification = await verifyAnswer(document, network, expected, source);
      if (expected.now !== undefined) {
        const moment = new Date(expected.now * 1000).toISOString();
        out.note({
          en: `Judged as of ${moment}, not of now.`,
          zh: `按 ${moment} 判断，并非当前时间。`,
        });
      }
      out.result(verification, describe(verification, out.lang));
      exit({ VALID: EXIT.ok, INVALID: EXIT.failed, ERROR: EXIT.unable }[verification.overall]);
    },
  );

  book.command<[], { network: string; rpc: string; fromBlock?: string }>(
    book.program,
    'audit',
    {
      en: 'replay everything on the chain, trusting nobody, and say what holds; exit code 0 all holds, 1 something does not, 2 could not be checked',
      zh: '从头重放链上全部内容，不信任任何一方，报告结果；退出码 0 全部成立、1 有不成立、2 无法核对',
    },
    'ledger audit --network network.json --rpc http://127.0.0.1:8545',
    (command) =>
      command
        .requiredOption(
          '--network <file>',
          book.words({ en: 'the network file that you pinned', zh: '事先固定的网络文件' }),
        )
        .requiredOption('--rpc <url>', book.words({ en: 'endpoint of the chain', zh: '链的 JSON-RPC 地址' }))
        .option(
          '--from-block <n>',
          book.words({ en: 'block of the deployment; 0 when left out', zh: '合约部署区块，省略为 0' }),
        ),
    async ({ out, path, exit }, options) => {
      exit(EXIT.unable);
      const network = parseNetworkFile(await textOf(path(options.network)));
      const fromBlock = options.fromBlock ?? '0';
      if (!/^[0-9]{1,18}$/.test(fromBlock)) {
        throw new LedgerError('REQUEST_INVALID', {
          en: '--from-block is a number.',
          zh: '--from-block 应为数字。',
        });
      }
      const report = await auditChain(
        createPublicClient({ transport: http(options.rpc) }),
        deploymentOf(network, BigInt(fromBlock)),
        {
          circuits: network.circuits,
          progress: ({ step, done, total }) => {
            out.progress({
              en: `${STEPS[step].en}: ${done} of ${total}`,
              zh: `${STEPS[step].zh}：${done} / ${total}`,
            });
          },
        },
      );
      out.result(report, describeAudit(report, out.lang));
      exit(report.holds ? EXIT.ok : EXIT.failed);
    },
  );
}

function expectations(options: VerifyOptions): Expectations {
  const { subject, application, predicate, asOf, requester, register, authority, maxAge, now } = options;
  const isHash = predicate !== undefined && /^0x[0-9a-f]{64}$/.test(predicate);
  if (predicate !== undefined && !isHash && application === undefined) {
    throw new LedgerError('REQUEST_INVALID', {
      en: 'A predicate is named within its application: give --application too.',
      zh: '判断条件的名称属于某个应用，请同时提供 --application。',
    });
  }
  if (maxAge !== undefined && !(Number(maxAge) > 0)) {
    throw new LedgerError('REQUEST_INVALID', {
      en: '--max-age is a number of hours.',
      zh: '--max-age 应为小时数。',
    });
  }
  if (now !== undefined && Number.isNaN(Date.parse(now))) {
    throw new LedgerError('REQUEST_INVALID', {
      en: '--now is a moment such as 2026-06-08T09:00:00+08:00.',
      zh: '--now 应为时刻，例如 2026-06-08T09:00:00+08:00。',
    });
  }
  return {
    ...(now === undefined ? {} : { now: Math.floor(Date.parse(now) / 1000) }),
    ...(subject === undefined ? {} : { subject }),
    ...(application === undefined ? {} : { application }),
    ...(predicate === undefined
      ? {}
      : { predicate: isHash ? (predicate as Hex) : { application: application ?? '', predicate } }),
    ...(asOf === undefined ? {} : { asOfDay: dayOption(asOf) }),
    ...(requester === undefined ? {} : { requester }),
    ...(register === undefined ? {} : { registerId: register }),
    ...(authority === undefined ? {} : { authority }),
    ...(maxAge === undefined ? {} : { maxAgeSeconds: Math.floor(Number(maxAge) * 3600) }),
  };
}

const MARK: Readonly<Record<CheckResult['verdict'], string>> = {
  VALID: '✔',
  INVALID: '✖',
  ERROR: '?',
  SKIPPED: '–',
};

function describe(verification: Verification, lang: Lang): string {
  const rows = verification.checks.map(({ check, verdict, reason, message }) => [
    `${MARK[verdict]} ${check}`,
    verdict,
    reason,
    message[lang],
  ]);
  const lines = [
    table(
      lang === 'zh' ? ['检查', '结论', '代码', '说明'] : ['check', 'verdict', 'reason', 'in words'],
      rows,
    ),
  ];
  if (verification.notCompared.length > 0) {
    // Each is a sentence of its own.
    lines.push(verification.notCompared.map(({ message }) => message[lang]).join(lang === 'zh' ? '' : ' '));
  }
  const overall =
    verification.overall === 'VALID' && verification.proved !== undefined
      ? `VALID: ${verification.proved.answer ? 'YES' : 'NO'}${verification.proved.disputed ? (lang === 'zh' ? '（含异议中的记录）' : ' (rests on a disputed record)') : ''}`
      : verification.overall === 'ERROR'
        ? lang === 'zh'
          ? 'ERROR：无法核对；既不能视为有效，也不能视为无效。'
          : 'ERROR: could not be checked; neither valid nor invalid.'
        : verification.overall;
  return [...lines, overall].join('\n');
}

const STEPS: Readonly<Record<AuditProgress['step'], Message>> = {
  events: { en: 'reading blocks', zh: '读取区块' },
  times: { en: 'reading times', zh: '读取时间' },
  replay: { en: 'replaying', zh: '重放' },
  state: { en: 'comparing with the contracts', zh: '与合约核对' },
};

function describeAudit(report: AuditReport, lang: Lang): string {
  const rows = report.checks.map(({ holds, examined, differenceCount, message }) => [
    holds ? '✔' : '✖',
    message[lang],
    String(examined),
    String(differenceCount),
  ]);
  const lines = [
    lang === 'zh'
      ? `区块 ${report.fromBlock} 至 ${report.toBlock}`
      : `Blocks ${report.fromBlock} to ${report.toBlock}`,
    table(lang === 'zh' ? ['', '检查', '查看', '不符'] : ['', 'check', 'looked at', 'differences'], rows),
  ];
  for (const { differences } of report.checks) {
    for (const { message, operands, blockNumber } of differences.slice(0, 10)) {
      const where = Object.entries(operands)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' ');
      lines.push(`✖ ${message[lang]} ${where}${blockNumber === undefined ? '' : ` (${blockNumber})`}`);
    }
  }
  const verdict: Message = report.holds
    ? { en: 'All of it holds.', zh: '全部成立。' }
    : { en: 'Not all of it holds.', zh: '并非全部成立。' };
  return [...lines, verdict[lang]].join('\n');
}
