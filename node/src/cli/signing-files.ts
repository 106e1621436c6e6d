import { readFile, writeFile } from 'node:fs/promises';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Context } from './command.ts';

/** A JSON file of the command line. @throws LedgerError FILE_UNREADABLE */
export async function jsonFile({ path }: Context, file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path(file), 'utf8'));
  } catch (cause) {
    throw new LedgerError(
      'FILE_UNREADABLE',
      { en: `${path(file)} cannot be read as JSON.`, zh: `${path(file)} 无法按 JSON 读取。` },
      { file: path(file) },
      { cause },
    );
  }
}

/** What is to be signed, into a file where one is named: `ledger subject sign FILE` signs it. */
export async function toBeSigned(
  context: Context,
  body: unknown,
  typedData: unknown,
  output: string | undefined,
): Promise<void> {
  if (output === undefined) return context.out.result(body, JSON.stringify(typedData, null, 2));
  await writeFile(context.path(output), `${JSON.stringify(typedData, null, 2)}\n`);
  context.out.result(
    body,
    context.out.words({
      en: `To be signed by the applicant: ${context.path(output)}`,
      zh: `待申请人签名：${context.path(output)}`,
    }),
  );
}

/** Whether what was sent is there already, in words. */
export function doneWords({ out }: Context, done: { readonly onItsWay: boolean }, what: string): string {
  return done.onItsWay
    ? out.words({
        en: `${what}: on its way; the node sees to it.`,
        zh: `${what}：正在上链，节点会自行完成。`,
      })
    : out.words({ en: `${what}: done.`, zh: `${what}：已完成。` });
}
