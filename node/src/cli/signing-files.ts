import { readFile, writeFile } from 'node:fs/promises';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Context } from './command.ts';

/** A JSON file of the command line. @throws LedgerError FILE_UNREADABLE */
export async function jsonFile({ path }: Context, file: string): Promise<unknown> {
  const text = await textFile(path(file));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LedgerError(
      'FILE_UNREADABLE',
      {
        en: `${path(file)} is no JSON; is it the file that was meant?`,
        zh: `${path(file)} 不是 JSON 格式，请核对文件。`,
      },
      { file: path(file) },
      { cause },
    );
  }
}

/** The text of a file, by its whole path. @throws LedgerError FILE_UNREADABLE */
export async function textFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new LedgerError(
      'FILE_UNREADABLE',
      {
        en: `${file} cannot be read (${reason}); look at its name and place.`,
        zh: `无法读取 ${file}（${reason}），请核对文件名和位置。`,
      },
      { file, reason },
      { cause },
    );
  }
}

/**
 * What is to be signed, into a file where one is named: `ledger subject sign FILE` shows and signs it. The
 * documents whose hashes are signed go along, so that nobody signs a hash of what it has not read.
 */
export async function toBeSigned(
  context: Context,
  body: { readonly typedData: object; readonly document?: unknown; readonly publicScope?: unknown },
  output: string | undefined,
): Promise<void> {
  const documents = [body.document, body.publicScope].filter((each) => each !== undefined && each !== null);
  const file = documents.length === 0 ? body.typedData : { ...body.typedData, about: { documents } };
  if (output === undefined) return context.out.result(body, JSON.stringify(file, null, 2));
  await writeFile(context.path(output), `${JSON.stringify(file, null, 2)}\n`);
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
