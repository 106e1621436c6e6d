import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { QuestionDetail } from '../../api/schemas/answers.ts';
import type { Book } from '../command.ts';
import { requireWritable } from '../output-file.ts';
import { EXIT, wrongUsage } from '../io.ts';
import { textFile } from '../signing-files.ts';

interface AskOptions {
  readonly subject: string;
  readonly register?: string;
  readonly member?: string;
  readonly application: string;
  readonly predicate: string;
  readonly asOf?: string;
  readonly grant?: string;
  readonly reason: string;
  readonly consent?: string;
  readonly output?: string;
  readonly wait?: string;
}

const DEFAULT_WAIT_SECONDS = 120;

export function answerCommands(book: Book): void {
  book.command<[], AskOptions>(
    book.program,
    'ask',
    { en: 'ask another member about a subject', zh: '向其他成员询问某主体' },
    'ledger ask --member 1 --subject 91110105MA00EXMP8L --application procurement-qualification --predicate no-severe-default --reason "招标资格审查" --output answer.json',
    (command) =>
      command
        .requiredOption(
          '--subject <code>',
          book.words({ en: 'unified social credit code', zh: '统一社会信用代码' }),
        )
        .option('--member <id>', book.words({ en: 'whose register', zh: '向哪个成员询问' }))
        .option('--register <id>', book.words({ en: 'which register', zh: '向哪个登记册询问' }))
        .requiredOption(
          '--application <name>',
          book.words({ en: 'for which purpose', zh: '用途（应用清单名称）' }),
        )
        .requiredOption('--predicate <name>', book.words({ en: 'what is asked', zh: '判断条件' }))
        .option('--as-of <date>', book.words({ en: 'day; today when left out', zh: '基准日期，省略为今天' }))
        .option(
          '--grant <id>',
          book.words({ en: 'under which grant; found when left out', zh: '依据的授权，省略则自动查找' }),
        )
        .requiredOption(
          '--reason <text>',
          book.words({ en: 'why; goes into the access log', zh: '理由（记入访问日志）' }),
        )
        .option(
          '--consent <file>',
          book.words({
            en: 'the subject’s consent as it was signed, or {consentId, salt}',
            zh: '主体签署的授权文书，或含 consentId 与 salt 的文件',
          }),
        )
        .option(
          '--output <file>',
          book.words({ en: 'write the CreditAnswer here', zh: '把答案文件写到此处' }),
        )
        .option(
          '--wait <seconds>',
          book.words({
            en: `how long to wait (default ${DEFAULT_WAIT_SECONDS})`,
            zh: `最长等待秒数（默认 ${DEFAULT_WAIT_SECONDS}）`,
          }),
        ),
    async ({ node, out, path, exit, surroundings }, options) => {
      const waitSeconds = Number(options.wait ?? DEFAULT_WAIT_SECONDS);
      if (!Number.isFinite(waitSeconds) || waitSeconds < 0)
        throw wrongUsage({ en: '--wait takes a number of seconds.', zh: '--wait 应为秒数。' });
      if ((options.member === undefined) === (options.register === undefined)) {
        throw wrongUsage({
          en: 'Give --member or --register, one of them.',
          zh: '请指定 --member 或 --register 之一。',
        });
      }
      if (options.output !== undefined) await requireWritable(path(options.output), { mustBeNew: false });
      const asked = await node.call<{ items: QuestionDetail[] }>('ask', {
        json: {
          subject: options.subject,
          ...(options.register === undefined ? {} : { register: options.register }),
          ...(options.member === undefined ? {} : { member: options.member }),
          application: options.application,
          predicate: options.predicate,
          ...(options.asOf === undefined ? {} : { asOf: options.asOf }),
          ...(options.grant === undefined ? {} : { grant: options.grant }),
          ...(options.consent === undefined
            ? {}
            : { consent: consentOf(await textFile(path(options.consent))) }),
          reason: options.reason,
        },
      });
      const until = performance.now() + waitSeconds * 1000;
      const questions: QuestionDetail[] = [];
      for (let question of asked.body.items) {
        while (['created', 'sent'].includes(question.state)) {
          if (performance.now() > until) throw notThereYet(question.id);
          out.progress({ en: 'waiting for the answer …', zh: '等待应答……' });
          await pause(300, undefined, { signal: surroundings.signal });
          const { body } = await node.call<QuestionDetail>('getQuestion', {
            params: { id: question.id },
            reason: options.reason,
          });
          question = body;
        }
        questions.push(question);
      }
      if (options.output !== undefined) {
        for (const [i, { document }] of questions.entries()) {
          if (document === null) continue;
          await writeFile(path(numbered(options.output, i)), `${JSON.stringify(document, null, 2)}\n`);
        }
      }
      out.result({ items: questions }, questions.map((question) => describe(question, out.lang)).join('\n'));
      if (questions.some(({ state }) => state !== 'answered')) exit(EXIT.failed);
    },
  );
}

/** What a consent file says of consent and salt, whether signed document or the two alone. */
function consentOf(text: string): unknown {
  const { about, consentId, salt } = JSON.parse(text) as Record<string, unknown>;
  const from = (about ?? { consentId, salt }) as Record<string, unknown>;
  return { consentId: from['consentId'], salt: from['salt'] };
}

/** The authority has several registers: several answers, in files of their own. */
function numbered(file: string, i: number): string {
  return i === 0 ? file : file.replace(/(\.[^.]*)?$/, (ending) => `-${i + 1}${ending}`);
}

function notThereYet(id: string): LedgerError {
  return new LedgerError(
    'ANSWER_NOT_THERE_YET',
    {
      en: `There is no answer yet; the node goes on waiting (question ${id}).`,
      zh: `暂无答案，节点将继续等待（问题 ${id}）。`,
    },
    { id },
  );
}

function describe(question: QuestionDetail, lang: 'en' | 'zh'): string {
  if (question.state === 'answered' && question.answer !== null) {
    const disputed =
      question.disputed === true
        ? lang === 'zh'
          ? '（含异议中的记录）'
          : ' (rests on a disputed record)'
        : '';
    return `${question.answer ? 'YES' : 'NO'}${disputed}`;
  }
  if (question.refusal !== null) {
    const { name, code, message } = question.refusal;
    return `${lang === 'zh' ? '拒答' : 'Refused'} ${name ?? code}: ${message[lang]}`;
  }
  const failure = question.error;
  const why = failure === null ? '' : lang === 'zh' ? failure.messageZh : failure.message;
  return `${lang === 'zh' ? '没有答案：没有答案不等于 YES。' : 'No answer; no answer is never YES.'} ${why}`;
}
