import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LedgerError } from '@credit-ledger/sdk/protocol';

/**
 * Makes sure that a file can be written, before the work whose outcome it shall hold: an outcome
 * must not be lost for want of a place. `mustBeNew` refuses to write over what is there.
 * @throws LedgerError OUTPUT_EXISTS, OUTPUT_NOT_WRITABLE
 */
export async function requireWritable(file: string, options: { readonly mustBeNew: boolean }): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there !== undefined && options.mustBeNew) {
    throw new LedgerError(
      'OUTPUT_EXISTS',
      {
        en: `${file} is there already and is not written over. Name another file.`,
        zh: `${file} 已存在，不会覆盖，请换一个文件名。`,
      },
      { file },
    );
  }
  try {
    if (there?.isDirectory() === true) throw new Error('it is a directory');
    await access(there === undefined ? dirname(file) : file, constants.W_OK);
  } catch (cause) {
    throw new LedgerError(
      'OUTPUT_NOT_WRITABLE',
      {
        en: `${file} cannot be written. Is its folder there, and may you write in it?`,
        zh: `无法写入 ${file}，请确认目录存在且有写权限。`,
      },
      { file },
      { cause },
    );
  }
}
