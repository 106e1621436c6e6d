import { isLedgerError, LedgerError, type Message } from '@credit-ledger/sdk/protocol';
import type { AskPassphrase } from '../keys/index.ts';

export type Lang = 'en' | 'zh';

/** Wrong usage that the command line itself finds out: the program ends as with any other wrong usage. */
export function wrongUsage(message: Message): LedgerError {
  return new LedgerError('REQUEST_INVALID', message);
}

/** Exit codes: 0 done (or valid), 1 failed (or invalid), 2 could not be done (or checked) at all, 130 interrupted. */
export const EXIT = { ok: 0, failed: 1, unable: 2, interrupted: 130 } as const;

interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** The surroundings of one run, so that a test can give its own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Asks for the passphrase of the keys; only where there is a person at a terminal. */
  readonly askPassphrase?: AskPassphrase;
}

/** The language of a person: asked for, or of the machine. */
export function langOf(asked: string | undefined, environment: Surroundings['environment']): Lang {
  const from = asked ?? environment['LC_ALL'] ?? environment['LC_MESSAGES'] ?? environment['LANG'] ?? '';
  return from.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** What a command says, and where. Under `--json` nothing but one JSON value goes to standard output. */
export class Output {
  readonly lang: Lang;
  readonly json: boolean;
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  #progressShown = false;

  constructor(surroundings: Pick<Surroundings, 'stdout' | 'stderr'>, lang: Lang, json: boolean) {
    this.#stdout = surroundings.stdout;
    this.#stderr = surroundings.stderr;
    this.lang = lang;
    this.json = json;
  }

  words(message: Message): string {
    return message[this.lang];
  }

  /** The outcome: the value under `--json`, the text otherwise. */
  result(value: unknown, text: string): void {
    this.#clearProgress();
    this.#stdout.write(this.json ? `${JSON.stringify(value, plain, 2)}\n` : `${text}\n`);
  }

  /** Something beside the outcome. */
  note(message: Message): void {
    this.#clearProgress();
    this.#stderr.write(`${this.words(message)}\n`);
  }

  /** Progress, on one line that is written over; only where a person looks on. */
  progress(message: Message): void {
    if (this.#stderr.isTTY !== true) return;
    this.#stderr.write(`\r\u001b[2K${this.words(message)}`);
    this.#progressShown = true;
  }

  error(error: unknown): void {
    this.#clearProgress();
    const told = asLedgerError(error);
    if (this.json) this.#stdout.write(`${JSON.stringify({ error: told.toJSON() }, plain, 2)}\n`);
    const label = this.lang === 'zh' ? '错误' : 'Error';
    this.#stderr.write(`${label} ${told.code}: ${this.lang === 'zh' ? told.messageZh : told.message}\n`);
    const next = NEXT[told.code];
    if (next !== undefined) this.#stderr.write(`  → ${this.words(next)}\n`);
  }

  #clearProgress(): void {
    if (!this.#progressShown) return;
    this.#stderr.write('\r\u001b[2K');
    this.#progressShown = false;
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function asLedgerError(error: unknown): LedgerError {
  if (isLedgerError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new LedgerError(
    'UNEXPECTED',
    {
      en: `Something went wrong that the program did not expect: ${reason}`,
      zh: `程序遇到意外错误：${reason}`,
    },
    {},
    { cause: error },
  );
}

/** What to do next, for the errors that a person at a terminal can mend. */
const NEXT: Readonly<Record<string, Message>> = {
  NODE_UNREACHABLE: {
    en: 'Start it with "ledger serve", or name it with --url.',
    zh: '请用 "ledger serve" 启动节点，或用 --url 指定地址。',
  },
  TOKEN_MISSING: {
    en: 'Give --token or LEDGER_TOKEN, or --data with the directory of the node on this machine.',
    zh: '请提供 --token 或 LEDGER_TOKEN，或用 --data 指定本机节点目录。',
  },
  TOKEN_INVALID: {
    en: 'Ask an operator for a new one: ledger token create NAME --role ROLE.',
    zh: '请向运维人员申请新令牌：ledger token create 名称 --role 角色。',
  },
  ROLE_NOT_ALLOWED: {
    en: 'Use a token with the role that is named.',
    zh: '请使用具有相应角色的令牌。',
  },
  CONFIG_NOT_FOUND: { en: 'Run "ledger init" first.', zh: '请先运行 "ledger init"。' },
  CHAIN_UNREACHABLE: {
    en: 'Check rpcUrl. What waits is sent when the chain is back.',
    zh: '请检查 rpcUrl；链恢复后，待发送的交易会自动发送。',
  },
  CHAIN_NO_QUORUM: {
    en: 'See "ledger status" for what is wrong with which endpoint (rpcUrls).',
    zh: '请用 "ledger status" 查看各链节点（rpcUrls）的问题。',
  },
  STORE_IN_USE: {
    en: 'Another process serves this data directory; talk to it instead.',
    zh: '另一进程正在使用该数据目录，请直接访问该节点。',
  },
  KEYRING_PASSPHRASE_MISSING: {
    en: 'Set LEDGER_KEYS_PASSPHRASE_FILE to a file that only you can read.',
    zh: '请将 LEDGER_KEYS_PASSPHRASE_FILE 设为仅本人可读的文件。',
  },
  KEYRING_DEVELOPMENT_KEY: {
    en: 'Make a node with keys of its own: ledger init.',
    zh: '请用 ledger init 创建使用自有密钥的节点。',
  },
  NOT_READY: { en: 'See "ledger status".', zh: '请查看 "ledger status"。' },
};

/** A number with its English word: `1 row`, `2 rows`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A table for people. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Columns on a terminal: Chinese characters take two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text)
    columns += /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u.test(character) ? 2 : 1;
  return columns;
}
