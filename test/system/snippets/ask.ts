import { LedgerClient } from '@credit-ledger/sdk/client';

/** Asks another member about a company, through one's own node, and waits for the answer. */
export async function ask(node: string, token: string, subject: string, member: string) {
  const client = new LedgerClient({ baseUrl: node, token });
  const { items } = await client.call((api) =>
    api.POST('/v1/questions', {
      body: {
        subject,
        member,
        application: 'procurement-qualification',
        predicate: 'no-severe-default',
        reason: '招标资格审查',
      },
    }),
  );
  const id = items[0]?.id ?? '';
  for (;;) {
    const question = await client.call((api) => api.GET('/v1/questions/{id}', { params: { path: { id } } }));
    // `answer` is true or false only when the answer verified. Everything else is no answer, and never YES.
    if (question.state !== 'created' && question.state !== 'sent') return question;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
