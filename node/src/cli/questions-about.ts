import type { QuestionAbout } from '../api/schemas/subjects.ts';
import type { Context } from './command.ts';
import { table } from './io.ts';

/** The questions that were asked about a subject, as officers and the subject itself see them. */
export function showQuestionsAbout(
  { out }: Context,
  body: { readonly items: readonly QuestionAbout[] },
): void {
  const head =
    out.lang === 'zh'
      ? ['时间', '询问方', '登记册', '应用', '判断条件', '状态', '日志']
      : ['time', 'who asked', 'register', 'application', 'predicate', 'state', 'log'];
  const rows = body.items.map((item) => [
    item.at,
    item.requester,
    item.registerId,
    item.application ?? item.applicationId,
    item.predicate ?? item.predicateHash,
    item.refusal?.name ?? item.state,
    item.logId ?? '',
  ]);
  out.result(body, table(head, rows));
}
