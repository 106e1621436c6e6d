import type { Command } from 'commander';
import type { OperationResult } from '../../api/schemas/intake.ts';
import type { Book, Context } from '../command.ts';
import { wrongUsage } from '../io.ts';

/** What an operation on a record of one's own is given on the command line. */
export interface OperationOptions {
  readonly date?: string;
  readonly reason: string;
  readonly reference?: string;
  readonly set?: string[];
  readonly met?: string[];
}

/** The options that all operations have. */
export function operationOptions(book: Book, command: Command): Command {
  return command
    .requiredOption('--reason <text>', book.words({ en: 'why', zh: '理由' }))
    .option(
      '--date <YYYY-MM-DD>',
      book.words({ en: 'day of the decision; today when left out', zh: '决定日期，省略为今天' }),
    )
    .option(
      '--reference <number>',
      book.words({ en: 'number of the document that it rests on', zh: '所依据的文书号' }),
    );
}

/** Does one operation on a record of this agency and says what became of it. */
export async function operateOnRecord(
  context: Context,
  op: 'revoke' | 'repair' | 'correct' | 'dispute' | 'settle',
  recordId: string,
  options: OperationOptions,
): Promise<void> {
  const { body } = await context.node.call<OperationResult>('operate', {
    params: { id: recordId },
    json: {
      op,
      ...(options.date === undefined ? {} : { date: options.date }),
      reason: options.reason,
      ...(options.reference === undefined ? {} : { reference: options.reference }),
      ...(op === 'correct' ? { corrections: correctionsOf(options.set ?? []) } : {}),
      ...(op === 'repair' ? { conditionsMet: options.met ?? [] } : {}),
    },
  });
  const done = context.out.words(
    body.alreadyDone
      ? { en: 'This was done before; nothing changed.', zh: '此前已办理，未作改动。' }
      : { en: 'Stored; it is anchored with the next batch.', zh: '已保存，将随下一批次上链。' },
  );
  const next =
    body.newRecordId === null
      ? ''
      : context.out.words({
          en: ` New record: ${body.newRecordId}.`,
          zh: ` 新记录：${body.newRecordId}。`,
        });
  context.out.result(body, done + next);
}

/** Columns and what they should say, as `--set` gives them. @throws a LedgerError of wrong usage */
export function correctionsOf(pairs: readonly string[]): { column: string; value: string }[] {
  return pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw wrongUsage({
        en: `Write --set as column=value, not “${pair}”; an empty value is column=.`,
        zh: `--set 应写作“列名=内容”，而不是“${pair}”；内容为空时写作“列名=”。`,
      });
    }
    return { column: pair.slice(0, at), value: pair.slice(at + 1) };
  });
}
