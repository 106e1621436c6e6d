import { resolve } from 'node:path';
import type { Message } from '@credit-ledger/sdk/protocol';
import type { Command } from 'commander';
import { Connection } from './connection.ts';
import { EXIT, Output, type Lang, type Surroundings } from './io.ts';

/** Where a node's data is when nothing else is said. */
export const DEFAULT_DATA_DIR = '.data/node';

interface GlobalOptions {
  readonly json?: boolean;
  readonly data?: string;
  readonly url?: string;
  readonly token?: string;
}

/** What a command has to work with. */
export interface Context {
  readonly out: Output;
  readonly node: Connection;
  readonly dataDir: string;
  readonly surroundings: Surroundings;
  /** A path of the command line, from where the person stands. */
  path(given: string): string;
  /** Sets the exit code; 0 unless told otherwise. */
  exit(code: number): void;
}

/** The commands of one run, in one language. */
export class Book {
  readonly program: Command;
  readonly lang: Lang;
  readonly #surroundings: Surroundings;
  exitCode: number = EXIT.ok;
  /** Whether the outcome has been said, an error included. */
  out: Output | undefined;

  constructor(program: Command, lang: Lang, surroundings: Surroundings) {
    this.program = program;
    this.lang = lang;
    this.#surroundings = surroundings;
  }

  words(message: Message): string {
    return message[this.lang];
  }

  /** A group of commands, such as `token`. */
  group(name: string, about: Message): Command {
    return this.program.command(name).description(this.words(about));
  }

  /** A command with its example. `options` adds its own; `run` does it. */
  command<A extends string[], O>(
    parent: Command,
    usage: string,
    about: Message,
    example: string,
    options: (command: Command) => Command,
    run: (context: Context, options: O, ...args: A) => Promise<void>,
  ): void {
    const heading = this.words({ en: 'Example:', zh: '示例：' });
    options(parent.command(usage).description(this.words(about)))
      .addHelpText('after', `\n${heading}\n  ${example}`)
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        const own = given.at(-2) as O;
        const args = given.slice(0, -2).filter((arg) => arg !== undefined) as A;
        await run(this.#context(command.optsWithGlobals<GlobalOptions>()), own, ...args);
      });
  }

  #context(globals: GlobalOptions): Context {
    const from = this.#surroundings.directory;
    const out = new Output(this.#surroundings, this.lang, globals.json === true);
    this.out = out;
    const dataDir = resolve(
      from,
      globals.data ?? this.#surroundings.environment['LEDGER_DATA_DIR'] ?? DEFAULT_DATA_DIR,
    );
    return {
      out,
      node: new Connection(
        {
          url: globals.url,
          token: globals.token,
          dataDir,
          onWait: (seconds) =>
            out.note({
              en: `The node is busy; it is asked again in ${seconds} seconds.`,
              zh: `节点繁忙，${seconds} 秒后重试。`,
            }),
        },
        this.#surroundings,
      ),
      dataDir,
      surroundings: this.#surroundings,
      path: (given) => resolve(from, given),
      exit: (code) => {
        this.exitCode = code;
      },
    };
  }
}
