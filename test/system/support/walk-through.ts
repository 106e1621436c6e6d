import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../node/src/cli/main.ts';
import { waitFor } from '../../support/wait.ts';

/** A line of the walk-through: a command, or a value for the commands after it. */
type Line =
  | { readonly name: string; readonly value: string }
  | {
      readonly words: readonly string[];
      /** Field of the outcome that is kept under a name. */
      readonly keep?: { readonly field: string; readonly name: string };
      /** The command is repeated until the outcome says so. */
      readonly until?: Awaits;
    };

interface Awaits {
  readonly field: string;
  readonly value: string;
}

/** The walk-through of docs/processes/README.md: its files by name, and its lines in order. */
export function readWalkThrough(): { files: ReadonlyMap<string, string>; lines: readonly Line[] } {
  const page = readFileSync(new URL('../../../docs/processes/README.md', import.meta.url), 'utf8');
  const files = new Map(
    [...page.matchAll(/`(\w+\.json)`:\n\n```json\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [
      name,
      text,
    ]),
  );
  const lines = [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map(readLine);
  return { files, lines };
}

/**
 * Types the walk-through in a directory, in which `.data/demo` is the demonstration's. Gives the outcome of every
 * command, by its words. @throws Error with what a command said when it ends otherwise than well
 */
export async function walkThrough(directory: string, demo: string): Promise<ReadonlyMap<string, unknown>> {
  const { files, lines } = readWalkThrough();
  for (const [name, text] of files) await writeFile(join(directory, name), text);
  const environment: Record<string, string> = {};
  const kept = new Map<string, string>();
  const outcomes = new Map<string, unknown>();
  /** A node may not have followed so far, and says so by a refusal: that is “not yet” as well. */
  const untilSaid = (words: readonly string[], { field, value }: Awaits): Promise<unknown> =>
    waitFor(
      `“ledger ${words.join(' ')}” to say that ${field} is ${value}`,
      async () => {
        const said = await typed(words, directory, environment).catch((refusal: unknown) => refusal);
        return fieldOf(said, field) === value ? (said as object) : undefined;
      },
      PATIENT,
    );
  for (const line of lines) {
    if ('value' in line) {
      environment[line.name] = line.value.replace('.data/demo', demo);
      continue;
    }
    const words = line.words.map((word) =>
      word
        .replace('.data/demo', demo)
        .replaceAll(/\$([A-Z]+)/g, (_, name: string) => kept.get(name) ?? `no ${name}`),
    );
    const { keep, until } = line;
    const said =
      until === undefined ? () => typed(words, directory, environment) : () => untilSaid(words, until);
    const outcome = await said();
    if (keep !== undefined) kept.set(keep.name, fieldOf(outcome, keep.field));
    outcomes.set(line.words.slice(0, 2).join(' '), outcome);
  }
  return outcomes;
}

/** Proofs take as long as the machine is busy. */
const PATIENT = { timeoutMilliseconds: 180_000, everyMilliseconds: 200 };

function readLine(text: string): Line {
  const set = /^export (\w+)=(\S+)$/.exec(text);
  if (set !== null) return { name: set[1] ?? '', value: set[2] ?? '' };
  const [, command, remark = ''] = /^ledger ([^#]+?)\s*(?:#\s*(.*))?$/.exec(text) ?? [];
  if (command === undefined) throw new Error(`not a line of a walk-through: ${text}`);
  const kept = /^([\w.]+) → ([A-Z]+)$/.exec(remark);
  const until = /^until (\w+) is (\S+)$/.exec(remark);
  if (remark !== '' && kept === null && until === null) throw new Error(`not a remark: ${remark}`);
  return {
    words: command.split(/\s+/),
    ...(kept === null ? {} : { keep: { field: kept[1] ?? '', name: kept[2] ?? '' } }),
    ...(until === null ? {} : { until: { field: until[1] ?? '', value: until[2] ?? '' } }),
  };
}

async function typed(
  words: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>>,
): Promise<unknown> {
  let out = '';
  let err = '';
  const code = await run([...words, '--json', '--lang', 'en'], {
    environment,
    directory,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    signal: new AbortController().signal,
  });
  if (code !== 0) throw new Error(`ledger ${words.join(' ')} ended with ${code}: ${out}${err}`);
  return JSON.parse(out);
}

function fieldOf(outcome: unknown, path: string): string {
  const found = path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name], outcome);
  return String(found);
}
