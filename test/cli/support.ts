import { run } from '../../node/src/cli/main.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line as a person would: what it printed and how it ended. */
export async function ledger(
  argv: readonly string[],
  options: {
    readonly directory?: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly tty?: boolean;
  } = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await run(argv, {
    environment: options.environment ?? {},
    directory: options.directory ?? '/nowhere',
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text), isTTY: options.tty ?? false },
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

/** The one JSON value of an output; fails when there is anything else. */
export function json<T>(ran: Ran): T {
  return JSON.parse(ran.out) as T;
}
