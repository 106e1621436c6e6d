import { readFile, writeFile } from 'node:fs/promises';
import { type CreditReport, type ReportAnnotation } from '@credit-ledger/sdk/answer';
import {
  CASE_STATE_NAMES,
  CASE_TYPE_NAMES,
  dateOfDay,
  type Day,
  REPAIR_CONDITIONS,
} from '@credit-ledger/sdk/protocol';
import type { Command } from 'commander';
import type { Case, CaseDetail, FiledCase } from '../../api/schemas/cases.ts';
import type { Sent } from '../../api/schemas/ledger.ts';
import type { Book, Context } from '../command.ts';
import { type Lang, table, wrongUsage } from '../io.ts';
import { requireWritable } from '../output-file.ts';
import { correctionsOf, operateOnRecord, type OperationOptions } from './operations.ts';

interface FileOptions extends OperationOptions {
  readonly register?: string;
  readonly subject?: string;
  readonly document?: string;
  readonly record?: string;
  readonly class?: string;
  readonly insist?: boolean;
  readonly binding?: string;
}

const EXAMPLES = {
  dispute:
    'ledger dispute --register 1 --subject 91110105MA00EXMP8L --document "京市监罚〔2026〕7号" --reason "金额与决定书不符"',
  repair:
    'ledger repair --register 1 --subject 91110105MA00EXMP8L --document "京市监罚〔2026〕7号" --reason "已整改" --met obligations-done public-promise',
} as const;
const HELP = {
  dispute: {
    en: 'file a dispute about an entry of any register (with --register), or note one on a record of ours',
    zh: '对任一登记册的条目提出异议（使用 --register），或登记本机构记录的异议',
  },
  repair: {
    en: 'apply for the repair of an entry of any register (with --register), or enter that of a record of ours',
    zh: '对任一登记册的条目申请信用修复（使用 --register），或登记本机构记录的修复',
  },
} as const;

/** Disputes, repairs and reports. */
export function caseCommands(book: Book): void {
  for (const op of ['dispute', 'repair'] as const) {
    book.command<string[], FileOptions>(
      book.program,
      `${op} [recordId]`,
      HELP[op],
      EXAMPLES[op],
      (command) => filingOptions(book, command, op === 'repair'),
      async (context, options, recordId) => {
        if (recordId !== undefined && options.register === undefined) {
          return operateOnRecord(context, op, recordId, options);
        }
        const { body } = await context.node.call<FiledCase>('fileCase', {
          json: { ...wishOf(op, options, recordId), insist: options.insist === true },
        });
        showFiled(context, body);
      },
    );
  }

  const group = book.group('case', { en: 'disputes and repairs', zh: '异议与信用修复案件' });
  book.command<
    [],
    { overdue?: boolean; open?: boolean; register?: string; filedBy?: string; after?: string }
  >(
    group,
    'list',
    { en: 'cases of all members with their due days', zh: '列出各成员的案件及期限' },
    'ledger case list --overdue',
    (command) =>
      command
        .option('--overdue', book.words({ en: 'only those that are or were late', zh: '仅列出超期案件' }))
        .option('--open', book.words({ en: 'only those that are not closed', zh: '仅列出未结案件' }))
        .option('--register <id>', book.words({ en: 'about this register', zh: '限于该登记册' }))
        .option('--filed-by <member>', book.words({ en: 'filed by this member', zh: '限于该成员提交' }))
        .option('--after <id>', book.words({ en: 'go on after this case', zh: '自该案件之后继续' })),
    async ({ node, out }, options) => {
      const { body } = await node.call<{ items: Case[]; next: string | null }>('listCases', {
        query: {
          ...(options.overdue === true ? { overdue: 'true' } : {}),
          ...(options.open === true ? { open: 'true' } : {}),
          register: options.register,
          filedBy: options.filedBy,
          after: options.after,
        },
      });
      out.result(body, caseTable(body.items, out.lang));
    },
  );
  book.command<[string], { reason?: string }>(
    group,
    'show <id>',
    { en: 'a case, with what this node keeps of it', zh: '查看案件及本节点保存的内容' },
    'ledger case show 12 --reason "办理异议"',
    (command) =>
      command.option(
        '--reason <text>',
        book.words({ en: 'why; goes into the access log', zh: '理由（记入访问日志）' }),
      ),
    async ({ node, out }, { reason }, id) => {
      const { body } = await node.call<CaseDetail>('getCase', { params: { id }, reason });
      out.result(body, describe(body, out.lang));
    },
  );
  book.command<[string], { outcome: string; reason: string; met?: string[]; set?: string[] }>(
    group,
    'decide <id>',
    {
      en: 'decide a case about our register, or a subordinate’s repair',
      zh: '对本登记册的案件或下级的修复作出决定',
    },
    'ledger case decide 12 --outcome corrected --reason "金额录入有误" --set "罚款金额=0.5"',
    (command) =>
      command
        .requiredOption(
          '--outcome <name>',
          book.words({
            en: 'dispute: upheld (the record stands), corrected, revoked; repair: granted, denied',
            zh: '异议：upheld（维持）、corrected（更正）、revoked（撤销）；修复：granted（准予）、denied（不予）',
          }),
        )
        .requiredOption('--reason <text>', book.words({ en: 'the reasons', zh: '理由' }))
        .option('--met <condition...>', conditionHelp(book))
        .option(
          '--set <column=value...>',
          book.words({ en: 'of corrected: a column and what it should say', zh: '更正时：列名及其正确内容' }),
        ),
    async (context, options, id) => {
      const { outcome } = options;
      await send(context, 'decideCase', id, {
        outcome,
        reasons: options.reason,
        ...(outcome === 'granted' ? { conditionsMet: options.met ?? [] } : {}),
        ...(outcome === 'corrected' ? { corrections: correctionsOf(options.set ?? []) } : {}),
      });
    },
  );
  book.command<[string], { code: string }>(
    group,
    'dismiss <id>',
    { en: 'dismiss a case that cannot be decided', zh: '驳回无法办理的案件' },
    'ledger case dismiss 12 --code ENTRY_UNKNOWN',
    (command) =>
      command.requiredOption(
        '--code <name>',
        book.words({
          en: 'why: ENTRY_UNKNOWN, NOT_THE_SUBJECTS, NOT_DELIVERED, MALFORMED, ALREADY_OPEN, NOT_REPAIRABLE, TOO_EARLY, CONDITIONS_NOT_MET',
          zh: '原因代码：ENTRY_UNKNOWN、NOT_THE_SUBJECTS、NOT_DELIVERED、MALFORMED、ALREADY_OPEN、NOT_REPAIRABLE、TOO_EARLY、CONDITIONS_NOT_MET',
        }),
      ),
    (context, { code }, id) => send(context, 'dismissCase', id, { code }),
  );
  book.command<[string], object>(
    group,
    'withdraw <id>',
    { en: 'take back a case that we filed', zh: '撤回本机构提交的案件' },
    'ledger case withdraw 12',
    (command) => command,
    (context, _options, id) => send(context, 'withdrawCase', id),
  );
  book.command<[string], object>(
    group,
    'overdue <id>',
    { en: 'have the chain count a due day that has passed', zh: '请求链上计入已超过的期限' },
    'ledger case overdue 12',
    (command) => command,
    (context, _options, id) => send(context, 'markCaseOverdue', id),
  );
  book.command<[string], FileOptions & { output: string }>(
    group,
    'draft <type>',
    { en: 'make the document that a subject signs', zh: '生成由主体签名的案件文书' },
    'ledger case draft dispute --register 1 --subject 91110105MA00EXMP8L --document "京市监罚〔2026〕7号" --binding 3 --reason "金额不符" --output to-sign.json',
    (command) =>
      filingOptions(book, command, true)
        .requiredOption('--binding <id>', book.words({ en: 'the subject’s binding', zh: '主体的绑定编号' }))
        .requiredOption('--output <file>', book.words({ en: 'write it here', zh: '写入此文件' })),
    async (context, options, type) => {
      const file = context.path(options.output);
      await requireWritable(file, { mustBeNew: true });
      const { body } = await context.node.call('draftCase', {
        json: { ...wishOf(type, options, undefined), binding: options.binding },
      });
      await writeFile(file, `${JSON.stringify(body, null, 2)}\n`, { mode: 0o600 });
      context.out.result(
        body,
        context.out.words({ en: `The document to be signed is in ${file}.`, zh: `待签文书已写入 ${file}。` }),
      );
    },
  );
  book.command<[string], { insist?: boolean }>(
    group,
    'relay <file>',
    { en: 'file what a subject has signed', zh: '转交主体已签名的案件' },
    'ledger case relay signed.json',
    (command) => command.option('--insist', insistHelp(book)),
    async (context, { insist }, file) => {
      const signed: unknown = JSON.parse(await readFile(context.path(file), 'utf8'));
      const { body } = await context.node.call<FiledCase>('fileSignedCase', {
        json: { ...(signed as object), insist: insist === true },
      });
      showFiled(context, body);
    },
  );

  book.command<[string], { reason: string; output?: string }>(
    book.program,
    'report <subject>',
    {
      en: 'our own records about a subject, signed, with what has happened to them',
      zh: '生成主体的信用报告（本机构记录及其标注，已签名）',
    },
    'ledger report 91110105MA00EXMP8L --reason "当事人申请" --output report.json',
    (command) =>
      command
        .requiredOption(
          '--reason <text>',
          book.words({ en: 'why; goes into the access log', zh: '理由（记入访问日志）' }),
        )
        .option('--output <file>', book.words({ en: 'write the report here', zh: '把报告写到此处' })),
    async ({ node, out, path }, { reason, output }, subject) => {
      if (output !== undefined) await requireWritable(path(output), { mustBeNew: false });
      const { body } = await node.call<CreditReport>('getReport', { params: { uscc: subject }, reason });
      if (output !== undefined) await writeFile(path(output), `${JSON.stringify(body, null, 2)}\n`);
      out.result(body, reportTable(body, out.lang));
    },
  );
}

function filingOptions(book: Book, command: Command, withConditions: boolean): Command {
  command
    .requiredOption('--reason <text>', book.words({ en: 'why', zh: '理由' }))
    .option('--register <id>', book.words({ en: 'register of the source', zh: '来源机构的登记册' }))
    .option('--subject <code>', book.words({ en: 'unified social credit code', zh: '统一社会信用代码' }))
    .option('--document <number>', book.words({ en: 'number of the document', zh: '文书号' }))
    .option(
      '--record <id>',
      book.words({ en: 'number of the record at the source', zh: '来源机构的记录编号' }),
    )
    .option(
      '--class <1|2|3>',
      book.words({ en: 'ledger class, where one document has several', zh: '类别（一份文书有多条记录时）' }),
    )
    .option('--insist', insistHelp(book))
    .option(
      '--date <YYYY-MM-DD>',
      book.words({ en: 'of a record of ours: day of the decision', zh: '本机构记录：决定日期' }),
    )
    .option(
      '--reference <number>',
      book.words({ en: 'of a record of ours: document that it rests on', zh: '本机构记录：所依据的文书号' }),
    );
  return withConditions ? command.option('--met <condition...>', conditionHelp(book)) : command;
}

function conditionHelp(book: Book): string {
  return book.words({
    en: `conditions that are fulfilled: ${REPAIR_CONDITIONS.join(', ')}`,
    zh: `已满足的修复条件：${REPAIR_CONDITIONS.join('、')}`,
  });
}

function insistHelp(book: Book): string {
  return book.words({
    en: 'file it on the chain without asking the source first',
    zh: '不先询问来源机构，直接在链上提交',
  });
}

function wishOf(type: string, options: FileOptions, recordId: string | undefined): Record<string, unknown> {
  const record = options.record ?? recordId;
  if (options.register === undefined || options.subject === undefined) {
    throw wrongUsage({
      en: 'Name a record of ours by its number, or an entry of any register by --register, --subject and --document.',
      zh: '请给出本机构记录编号，或用 --register、--subject、--document 指明任一登记册的条目。',
    });
  }
  return {
    type,
    register: options.register,
    subject: options.subject,
    grounds: options.reason,
    ...(options.document === undefined ? {} : { documentNumber: options.document }),
    ...(record === undefined ? {} : { recordId: record }),
    ...(options.class === undefined ? {} : { class: Number(options.class) }),
    ...(type === 'repair' ? { conditionsMet: options.met ?? [] } : {}),
  };
}

function showFiled({ out }: Context, filed: FiledCase): void {
  const where = filed.case === null ? '…' : filed.case;
  const delivered = {
    own: { en: 'It is about a register of ours.', zh: '涉及本机构登记册。' },
    accepted: { en: 'The source has the document.', zh: '来源机构已收到文书。' },
    later: {
      en: 'The source has not taken the document in yet; it is sent again.',
      zh: '来源机构尚未接收文书，将继续发送。',
    },
  }[filed.delivered];
  out.result(
    filed,
    `${out.words({ en: `Case ${where} (filing ${filed.filing}).`, zh: `案件 ${where}（提交编号 ${filed.filing}）。` })} ${out.words(delivered)}`,
  );
}

async function send({ node, out }: Context, endpoint: string, id: string, json?: object): Promise<void> {
  const { body } = await node.call<Sent>(endpoint, {
    params: { id },
    ...(json === undefined ? {} : { json }),
  });
  out.result(
    body,
    out.words(
      body.state === 'mined'
        ? { en: 'It is on the chain.', zh: '已上链。' }
        : { en: 'It is on its way to the chain.', zh: '正在发送上链。' },
    ),
  );
}

function caseTable(cases: readonly Case[], lang: Lang): string {
  const head =
    lang === 'zh'
      ? ['案件', '类型', '状态', '登记册', '来源', '提交方', '提交日', '期限', '剩余天数', '超期']
      : ['case', 'type', 'state', 'register', 'source', 'filed by', 'filed', 'due', 'days left', 'overdue'];
  return table(
    head,
    cases.map((each) => [
      each.id,
      CASE_TYPE_NAMES[each.type][lang],
      CASE_STATE_NAMES[each.state][lang],
      each.register,
      each.source,
      each.filedBy,
      each.filedDate,
      each.dueDate,
      each.daysLeft === null ? '–' : String(each.daysLeft),
      each.overdue ? (lang === 'zh' ? '是' : 'yes') : '',
    ]),
  );
}

function describe(detail: CaseDetail, lang: Lang): string {
  const kept = detail.private;
  const lines = [caseTable([detail], lang)];
  if (kept === null) return lines.join('\n');
  const say = (en: string, zh: string, value: string | null): void => {
    if (value !== null && value !== '') lines.push(`${lang === 'zh' ? zh : en}: ${value}`);
  };
  say('subject', '主体', kept.subject);
  say('document', '文书号', kept.record.documentNumber);
  say('record of ours', '本机构记录', kept.ownRecordId);
  say('grounds', '理由', kept.grounds);
  say('conditions met', '已满足条件', kept.conditionsMet.join(', '));
  say(
    'signed by',
    '签名',
    kept.signedBySubject
      ? lang === 'zh'
        ? '主体'
        : 'the subject'
      : lang === 'zh'
        ? '无（成员以自身名义提交）'
        : 'nobody: the member’s own',
  );
  say('objection', '不予受理的原因', kept.objection);
  say(
    'decision',
    '决定',
    kept.decision === null ? null : `${kept.decision.outcome}: ${kept.decision.reasons}`,
  );
  const trouble = kept.trouble;
  say('hindrance', '障碍', trouble === null ? null : lang === 'zh' ? trouble.messageZh : trouble.message);
  return lines.join('\n');
}

const STATES: Readonly<Record<ReportAnnotation['state'], { readonly en: string; readonly zh: string }>> = {
  'in-force': { en: 'in force since', zh: '有效，自' },
  expired: { en: 'expired on', zh: '已期满' },
  disputed: { en: 'disputed since', zh: '异议中，自' },
  repaired: { en: 'repaired on', zh: '已修复' },
};

function reportTable(report: CreditReport, lang: Lang): string {
  const head =
    lang === 'zh'
      ? ['文书号', '决定日期', '种类', '程度（来源、依据）', '标注']
      : ['document', 'date', 'kind', 'severity (source, basis)', 'annotations'];
  return table(
    head,
    report.records.map(({ documentNumber, decisionDay, kind, severity, annotations }) => [
      documentNumber,
      dateOfDay(decisionDay as Day),
      String(kind),
      `${severity.code} (${severity.source}, ${severity.basis})`,
      annotations
        .map(({ state, day, ruleSet }) =>
          [STATES[state][lang], dateOfDay(day as Day), ruleSet === null ? '' : `(${ruleSet})`]
            .join(' ')
            .trim(),
        )
        .join('; '),
    ]),
  );
}
