import { Command, CommanderError, Option } from 'commander';
import { VERSION } from '../api/version.ts';
import { Book, DEFAULT_DATA_DIR } from './command.ts';
import { answerCommands } from './commands/answers.ts';
import { caseCommands } from './commands/cases.ts';
import { checkCommands } from './commands/checks.ts';
import { filingCommands } from './commands/filings.ts';
import { intakeCommands } from './commands/intake.ts';
import { ledgerCommands } from './commands/ledger.ts';
import { keysCommands } from './commands/keys.ts';
import { letterCommands } from './commands/letters.ts';
import { nodeCommands } from './commands/node.ts';
import { publicityCommands } from './commands/publicity.ts';
import { subjectCommands } from './commands/subject.ts';
import { subjectsCommands } from './commands/subjects.ts';
import { EXIT, langOf, Output, type Surroundings } from './io.ts';
import { usageError } from './usage.ts';
import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { statusOfCode } from '../api/status.ts';

/**
 * Runs the command line and gives its exit code: 0 done or valid, 1 failed or
 * invalid, 2 wrong usage or could not be checked.
 */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const lang = langOf(askedLang(argv), surroundings.environment);
  const wantsJson = argv.includes('--json');
  const program = new Command('ledger');
  const book = new Book(program, lang, surroundings);
  program
    .description(
      book.words({
        en: 'The command line of a node of the credit ledger.',
        zh: '企业信用账本节点的命令行工具。',
      }),
    )
    .version(VERSION)
    .option(
      '--data <dir>',
      book.words({
        en: `data directory of the node (or LEDGER_DATA_DIR; default ${DEFAULT_DATA_DIR})`,
        zh: `节点数据目录（或 LEDGER_DATA_DIR，默认 ${DEFAULT_DATA_DIR}）`,
      }),
    )
    .option(
      '--url <url>',
      book.words({
        en: 'address of a running node (or LEDGER_URL)',
        zh: '运行中节点的地址（或 LEDGER_URL）',
      }),
    )
    .option(
      '--token <token>',
      book.words({ en: 'API token (better: LEDGER_TOKEN)', zh: 'API 令牌（建议使用 LEDGER_TOKEN）' }),
    )
    .option('--json', book.words({ en: 'print one JSON value and nothing else', zh: '只输出一个 JSON 值' }))
    .addOption(
      new Option('--lang <lang>', book.words({ en: 'language of messages', zh: '提示语言' })).choices([
        'en',
        'zh',
      ]),
    )
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void surroundings.stdout.write(text),
      writeErr: (text) => void surroundings.stderr.write(text),
      // Said below, in the person's language and with a code.
      outputError: () => undefined,
    });
  nodeCommands(book);
  intakeCommands(book);
  ledgerCommands(book);
  publicityCommands(book);
  answerCommands(book);
  caseCommands(book);
  subjectsCommands(book);
  subjectCommands(book);
  letterCommands(book);
  filingCommands(book);
  keysCommands(book);
  checkCommands(book);
  for (const command of program.commands) inherit(command);

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return book.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are ends, not errors.
      if (error.exitCode === 0) return EXIT.ok;
      // A group without a command has shown its help; a program wants an error all the same.
      if (error.code !== 'commander.help' || wantsJson)
        new Output(surroundings, lang, wantsJson).error(usageError(error));
      return EXIT.unable;
    }
    // Somebody has ended it: there is nothing to explain.
    if (surroundings.signal.aborted && !isLedgerError(error, 'SHUTDOWN_TOO_SLOW')) return EXIT.interrupted;
    const out = book.out ?? new Output(surroundings, lang, wantsJson);
    out.error(error);
    if (book.exitCode !== EXIT.ok) return book.exitCode;
    return isWrongUsage(error) ? EXIT.unable : EXIT.failed;
  }

  function inherit(command: Command): void {
    command.copyInheritedSettings(program);
    for (const inner of command.commands) inherit(inner);
  }
}

/** The call itself was wrong, whoever found it out: this program, or the node (HTTP 400). */
function isWrongUsage(error: unknown): boolean {
  return isLedgerError(error) && statusOfCode(error.code) === 400;
}

function askedLang(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('--lang');
  return at === -1 ? argv.find((arg) => arg.startsWith('--lang='))?.slice('--lang='.length) : argv[at + 1];
}
