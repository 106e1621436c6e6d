import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { dateOfDay, dayAt, dayOfDate, type Day, LedgerError, OPEN_END } from '@credit-ledger/sdk/protocol';
import type { CreditRecord, Import, Issue, OperationsResult } from '../../api/schemas/intake.ts';
import type { Receipt } from '../../api/schemas/ledger.ts';
import { systemClock } from '../../clock.ts';
import { dryRun, fileSource, loadProfile, type ShownRecord } from '../../intake/index.ts';
import { requireWritable } from '../output-file.ts';
import { operateOnRecord, type OperationOptions, operationOptions } from './operations.ts';
import type { Book, Context } from '../command.ts';
import { counted, table } from '../io.ts';

/** What `import --json` prints: rows = records + duplicates + rows with issues. */
interface ImportOutcome {
  readonly rows: number;
  readonly records: number;
  readonly duplicates: number;
  readonly issues: readonly ShownIssue[];
  /** With `--records`. */
  readonly recordList?: readonly ListedRecord[];
}

interface ShownIssue {
  readonly row: number;
  readonly column: string | null;
  readonly code: string;
  readonly read: string | null;
  readonly message: string;
  readonly suggestion: string | null;
}

interface ListedRecord {
  readonly row: number | null;
  readonly class: number;
  readonly uscc: string;
  readonly subjectName: string;
  readonly documentNumber: string;
  readonly kind: number;
  readonly domain: number;
  readonly severity: number;
  readonly severityBasis: string;
  readonly date: string;
  readonly until: string | null;
  readonly amountFen: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly sourceProfile: string;
  readonly sourceAgency: { readonly name: string; readonly uscc: string | null };
}

interface ImportOptions {
  readonly profile?: string;
  readonly dryRun?: boolean;
  readonly records?: boolean;
  readonly report?: string;
}

const MEDIA_TYPE = 'application/octet-stream';
const PAGE = '500';

export function intakeCommands(book: Book): void {
  book.command<[string], ImportOptions>(
    book.program,
    'import <file>',
    { en: 'import a spreadsheet (CSV or XLSX)', zh: '导入表格文件（CSV 或 XLSX）' },
    'ledger import penalties.xlsx --report to-mend.xlsx',
    (command) =>
      command
        .option(
          '--profile <name>',
          book.words({
            en: 'mapping profile; recognised from the columns when left out',
            zh: '映射方案；省略时按列名识别',
          }),
        )
        .option(
          '--dry-run',
          book.words({
            en: 'say what would happen; needs no node and no chain',
            zh: '仅试运行，不需要节点和链',
          }),
        )
        .option(
          '--records',
          book.words({
            en: 'with --json: also each record (recordList)',
            zh: '与 --json 合用：同时输出每条记录（recordList）',
          }),
        )
        .option(
          '--report <xlsx>',
          book.words({
            en: 'write the rows with issues, to be mended and imported again',
            zh: '把有问题的行写成表格，修改后可再次导入',
          }),
        ),
    async (context, options, file) => {
      const path = context.path(file);
      const report = options.report === undefined ? undefined : context.path(options.report);
      if (report !== undefined) await requireWritable(report, { mustBeNew: true });
      const outcome = await (options.dryRun === true
        ? tryOut(context, path, options)
        : importInto(context, path, options));
      show(context, outcome);
      if (report !== undefined) {
        context.out.note({
          en: `The rows with issues are in ${report}.`,
          zh: `有问题的行已写入 ${report}。`,
        });
      }
    },
  );

  for (const op of ['revoke', 'settle', 'correct'] as const) {
    book.command<[string], OperationOptions>(
      book.program,
      `${op} <recordId>`,
      OPERATION_HELP[op],
      op === 'correct'
        ? 'ledger correct 17 --reason "金额录入有误" --set "罚款金额=0.5"'
        : `ledger ${op} 17 --reason "${OPERATION_REASON[op]}"`,
      (command) => {
        operationOptions(book, command);
        return op === 'correct'
          ? command.requiredOption(
              '--set <column=value...>',
              book.words({
                en: 'a column of the template and what it should say',
                zh: '模板列名及其正确内容',
              }),
            )
          : command;
      },
      (context, options, recordId) => operateOnRecord(context, op, recordId, options),
    );
  }

  book.command<[string], object>(
    book.program,
    'operations <file>',
    { en: 'do the operations in a file, one a row (CSV or XLSX)', zh: '按文件逐行办理（CSV 或 XLSX）' },
    'ledger operations repairs.csv',
    (command) => command,
    async ({ node, out, path }, _options, file) => {
      const { body } = await node.call<OperationsResult>('operateFile', {
        query: { fileName: basename(file) },
        raw: { body: await bodyOf(path(file)), mediaType: MEDIA_TYPE },
      });
      const counts = out.words({
        en: `${counted(body.rows, 'row')}: ${body.done} done, ${body.alreadyDone} done before, ${counted(body.issues.length, 'issue')}.`,
        zh: `共 ${body.rows} 行：办理 ${body.done}，此前已办理 ${body.alreadyDone}，问题 ${body.issues.length}。`,
      });
      const issues = body.issues.map((issue) => shownIssue(issue, out.lang));
      out.result(
        { ...body, issues },
        [counts, ...(issues.length === 0 ? [] : [issueTable(issues, out.lang)])].join('\n'),
      );
    },
  );

  book.command<[string], object>(
    book.program,
    'receipt <recordId>',
    { en: 'where the entries of a record stand on the chain', zh: '查看记录条目的上链凭证' },
    'ledger receipt 17 --json',
    (command) => command,
    async ({ node, out }, _options, recordId) => {
      const { body } = await node.call<Receipt>('getReceipt', { params: { recordId } });
      const head =
        out.lang === 'zh'
          ? ['操作', '日期', '状态', '批次', '位置', '区块', '见证']
          : ['op', 'day', 'state', 'batch', 'position', 'block', 'attested by'];
      out.result(
        body,
        table(
          head,
          body.entries.map(({ op, date, state, batch }) => [
            op,
            date,
            state,
            batch?.standing?.seq ?? '–',
            batch === null ? '–' : String(batch.position),
            batch?.standing?.blockNumber ?? '–',
            batch?.standing?.attestedBy.map(({ member, region }) => `${member} (${region})`).join(', ') ??
              '–',
          ]),
        ),
      );
    },
  );
}

const OPERATION_HELP = {
  revoke: { en: 'withdraw a record', zh: '撤销记录' },
  settle: { en: 'close an objection without change', zh: '异议办结（维持）' },
  correct: { en: 'withdraw a record and put a corrected one in its place', zh: '更正记录（撤销并重新登记）' },
} as const;
const OPERATION_REASON = { revoke: '处罚决定被撤销', settle: '异议不成立' } as const;

/** The whole file through intake on this machine: nothing is stored and no node is asked. */
async function tryOut(context: Context, path: string, options: ImportOptions): Promise<ImportOutcome> {
  await requireFile(path);
  const report = await dryRun(await fileSource(path), {
    fileName: basename(path),
    profile:
      options.profile === undefined ? undefined : await loadProfile(profilePath(context, options.profile)),
    today: today(),
    withRecords: options.records,
    failedRowsTo: options.report === undefined ? undefined : createWriteStream(context.path(options.report)),
    onProgress: (done, total) =>
      context.out.progress({ en: `${done} of ${counted(total, 'row')}`, zh: `${done} / ${total} 行` }),
  });
  warn(context, report.warnings.length);
  return {
    rows: report.rows,
    records: report.records,
    duplicates: report.duplicates,
    issues: report.issues.map((issue) => shownIssue(issue, context.out.lang)),
    ...(report.recordList === undefined ? {} : { recordList: report.recordList.map(listedOfDryRun) }),
  };
}

async function importInto(context: Context, path: string, options: ImportOptions): Promise<ImportOutcome> {
  await requireFile(path);
  const { node, out, surroundings } = context;
  const started = await node.call<Import>('startImport', {
    query: { fileName: basename(path), profile: options.profile },
    raw: { body: await bodyOf(path), mediaType: MEDIA_TYPE },
  });
  const params = { id: started.body.id };
  let current = started.body;
  while (current.state === 'running') {
    out.progress({ en: counted(current.rows, 'row'), zh: `${current.rows} 行` });
    await pause(200, undefined, { signal: surroundings.signal });
    current = (await node.call<Import>('getImport', { params })).body;
  }
  if (current.state === 'failed') {
    const { code, message, messageZh, operands } = current.error ?? {
      code: 'IMPORT_FAILED',
      message: 'The import failed.',
      messageZh: '导入失败。',
      operands: {},
    };
    throw new LedgerError(code, { en: message, zh: messageZh }, operands as Record<string, string>);
  }
  const issues = await all<Issue>(context, 'listIssues', params);
  const warnings = await all<Issue>(context, 'listIssues', params, { warnings: 'true' });
  warn(context, warnings.length);
  if (options.report !== undefined) {
    await writeFile(context.path(options.report), await node.download('getImportReport', { params }));
  }
  const records =
    options.records === true ? await all<CreditRecord>(context, 'listImportRecords', params) : undefined;
  return {
    rows: current.rows,
    records: current.records,
    duplicates: current.duplicates,
    issues: issues.map((issue) => shownIssue(issue, out.lang)),
    ...(records === undefined ? {} : { recordList: records.map(listedOfNode) }),
  };
}

async function all<T>(
  context: Context,
  id: string,
  params: Record<string, string>,
  query: Record<string, string> = {},
): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const { body } = await context.node.call<{ items: T[]; next: string | null }>(id, {
      params,
      query: { ...query, limit: PAGE, after },
    });
    items.push(...body.items);
    after = body.next ?? undefined;
  } while (after !== undefined);
  return items;
}

function show({ out }: Context, outcome: ImportOutcome): void {
  const failed = new Set(outcome.issues.map(({ row }) => row)).size;
  const counts = out.words({
    en: `${counted(outcome.rows, 'row')}: ${counted(outcome.records, 'record')}, ${counted(outcome.duplicates, 'duplicate')}, ${failed} with issues.`,
    zh: `共 ${outcome.rows} 行：记录 ${outcome.records}，重复 ${outcome.duplicates}，有问题 ${failed}。`,
  });
  out.result(
    outcome,
    outcome.issues.length === 0 ? counts : `${counts}\n${issueTable(outcome.issues, out.lang)}`,
  );
}

function warn({ out }: Context, count: number): void {
  if (count === 0) return;
  out.note({
    en: `${counted(count, 'remark')} about rows that became records.`,
    zh: `已入库的行中有 ${count} 处提示。`,
  });
}

function issueTable(issues: readonly ShownIssue[], lang: 'en' | 'zh'): string {
  const SHOWN = 50;
  const head =
    lang === 'zh'
      ? ['行', '列', '代码', '读到', '问题', '建议']
      : ['row', 'column', 'code', 'read', 'problem', 'what to do'];
  const rows = issues
    .slice(0, SHOWN)
    .map((issue) => [
      String(issue.row),
      issue.column ?? '–',
      issue.code,
      issue.read ?? '',
      issue.message,
      issue.suggestion ?? '',
    ]);
  const more = issues.length - SHOWN;
  const rest =
    more > 0
      ? [lang === 'zh' ? `……另有 ${more} 条（--json 可见全部）` : `… and ${more} more (--json shows all)`]
      : [];
  return [table(head, rows), ...rest].join('\n');
}

function shownIssue(
  issue: Pick<Issue, 'row' | 'column' | 'code' | 'read' | 'message' | 'suggestion'>,
  lang: 'en' | 'zh',
): ShownIssue {
  return {
    row: issue.row,
    column: issue.column,
    code: issue.code,
    read: issue.read,
    message: issue.message[lang],
    suggestion: issue.suggestion?.[lang] ?? null,
  };
}

function listedOfDryRun(record: ShownRecord): ListedRecord {
  return {
    row: record.row,
    class: record.class,
    uscc: record.uscc,
    subjectName: record.subjectName,
    documentNumber: record.documentNumber,
    kind: record.kind,
    domain: record.domain,
    severity: record.severity,
    severityBasis: record.severityBasis,
    date: dateOfDay(record.day as Day),
    until: record.until === OPEN_END ? null : dateOfDay(record.until as Day),
    amountFen: record.amountFen,
    fields: record.fields,
    sourceProfile: record.sourceProfile,
    sourceAgency: record.sourceAgency,
  };
}

function listedOfNode(record: CreditRecord): ListedRecord {
  return {
    row: record.importRow,
    class: record.class,
    uscc: record.subject.uscc,
    subjectName: record.subject.name,
    documentNumber: record.documentNumber,
    kind: record.kind,
    domain: record.domain,
    severity: record.severity,
    severityBasis: record.severityBasis,
    date: record.date,
    until: record.until,
    amountFen: record.amountFen,
    fields: record.fields,
    sourceProfile: record.sourceProfile,
    sourceAgency: record.sourceAgency,
  };
}

function profilePath(context: Context, profile: string): string {
  return /[./\\]/.test(profile) ? context.path(profile) : profile;
}

function today(): string {
  return dateOfDay(dayAt(Math.floor(systemClock.now().getTime() / 1000)));
}

/** A day of the command line as a number. Errors: `DATE_INVALID`. */
export function dayOption(text: string): number {
  return dayOfDate(text);
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return;
  throw new LedgerError(
    'FILE_NOT_FOUND',
    { en: `There is no file ${path}.`, zh: `找不到文件 ${path}。` },
    { path },
  );
}

/** A file as the body of a request, streamed. */
async function bodyOf(path: string): Promise<() => BodyInit> {
  await requireFile(path);
  return () => Readable.toWeb(createReadStream(path)) as unknown as BodyInit;
}

/** Reads a JSON file as text. Errors: `FILE_NOT_FOUND`. */
export async function textOf(path: string): Promise<string> {
  await requireFile(path);
  return readFile(path, 'utf8');
}
