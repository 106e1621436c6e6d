import { LedgerError, type Message } from '@credit-ledger/sdk/protocol';
import type { CommanderError } from 'commander';

interface Fault {
  readonly code: string;
  /** From what commander has put into quotation marks, in its order. */
  say(first: string, second: string): Message;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'commander.unknownCommand': {
    code: 'USAGE_COMMAND_UNKNOWN',
    say: (command) => ({ en: `There is no command “${command}”.`, zh: `没有命令“${command}”。` }),
  },
  'commander.help': {
    code: 'USAGE_COMMAND_MISSING',
    say: () => ({ en: 'Say which command.', zh: '请指定命令。' }),
  },
  'commander.unknownOption': {
    code: 'USAGE_OPTION_UNKNOWN',
    say: (option) => ({ en: `There is no option ${option} here.`, zh: `此命令没有选项 ${option}。` }),
  },
  'commander.missingMandatoryOptionValue': {
    code: 'USAGE_OPTION_MISSING',
    say: (option) => ({ en: `The option ${option} is needed.`, zh: `缺少必需的选项 ${option}。` }),
  },
  'commander.optionMissingArgument': {
    code: 'USAGE_VALUE_MISSING',
    say: (option) => ({ en: `The option ${option} needs a value.`, zh: `选项 ${option} 需要取值。` }),
  },
  'commander.missingArgument': {
    code: 'USAGE_ARGUMENT_MISSING',
    say: (name) => ({ en: `<${name}> is missing.`, zh: `缺少参数 <${name}>。` }),
  },
  'commander.excessArguments': {
    code: 'USAGE_ARGUMENTS_TOO_MANY',
    say: () => ({
      en: 'There are more arguments than the command takes; put quotation marks around what has spaces.',
      zh: '参数过多；含空格的参数请加引号。',
    }),
  },
  'commander.invalidArgument': {
    code: 'USAGE_VALUE_INVALID',
    say: (option, value) => ({
      en: `${option} cannot be “${value}”.`,
      zh: `${option} 不能取值“${value}”。`,
    }),
  },
  'commander.conflictingOption': {
    code: 'USAGE_OPTIONS_CONFLICT',
    say: (one, other) => ({
      en: `${one} and ${other} cannot be given together.`,
      zh: `${one} 与 ${other} 不能同时使用。`,
    }),
  },
};

/** What commander refuses (in English, without a code of ours), as an error of ours in both languages. */
export function usageError(error: CommanderError): LedgerError {
  const fault = FAULTS[error.code];
  const [first = '', second = ''] = [...error.message.matchAll(/'([^']*)'/g)].map((match) => match[1] ?? '');
  const said = fault?.say(first, second) ?? {
    en: 'The command line is not right.',
    zh: '命令行用法有误。',
  };
  const meant = /Did you mean (?:one of )?([^?]+)\?/.exec(error.message)?.[1];
  const allowed = /Allowed choices are ([^.]+)\./.exec(error.message)?.[1];
  return new LedgerError(
    fault?.code ?? 'USAGE_INVALID',
    {
      en: [
        said.en,
        ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
        ...(allowed === undefined ? [] : [`It may be ${allowed}.`]),
        'See --help.',
      ].join(' '),
      zh: [
        said.zh,
        ...(meant === undefined ? [] : [`是否想输入 ${meant}？`]),
        ...(allowed === undefined ? [] : [`可取值：${allowed}。`]),
        '用法见 --help。',
      ].join(''),
    },
    { given: first, ...(meant === undefined ? {} : { meant }) },
  );
}
