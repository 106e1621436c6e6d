import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { dateOfDay, dayAt } from '@credit-ledger/sdk/protocol';
import type { Ask, QuestionDetail } from '../../node/src/api/schemas/answers.ts';
import type { Import, OperationsResult } from '../../node/src/api/schemas/intake.ts';
import type { ChainStatus, Grant, Register } from '../../node/src/api/schemas/ledger.ts';
import type { Connection } from '../../node/src/cli/connection.ts';

// What an officer does with a running node, over its API, with waiting included.

const POLL_MILLISECONDS = 100;

/** Imports a file and waits until every row has become a record, a duplicate or an issue. */
export async function importFile(node: Connection, path: string, profile?: string): Promise<Import> {
  let { body } = await node.call<Import>('startImport', {
    query: { fileName: basename(path), profile },
    raw: { body: await readFile(path), mediaType: 'application/octet-stream' },
  });
  while (body.state === 'running') {
    await pause(POLL_MILLISECONDS);
    ({ body } = await node.call<Import>('getImport', { params: { id: body.id } }));
  }
  if (body.state === 'failed') throw new Error(`${basename(path)}: ${JSON.stringify(body.error)}`);
  return body;
}

/** Carries out the operations of a file. */
export async function operateFile(node: Connection, path: string): Promise<OperationsResult> {
  const { body } = await node.call<OperationsResult>('operateFile', {
    query: { fileName: basename(path) },
    raw: { body: await readFile(path), mediaType: 'application/octet-stream' },
  });
  return body;
}

/** Waits until the node's own register is open, and gives its id. */
export async function untilRegisterOpen(node: Connection): Promise<string> {
  for (;;) {
    const { body } = await node.call<{ items: Register[] }>('listRegisters');
    const own = body.items.find((register) => register.own);
    if (own !== undefined) return own.id;
    await pause(POLL_MILLISECONDS);
  }
}

/** Waits until everything that these nodes hold is anchored and witnessed. */
export async function untilWitnessed(
  nodes: readonly Connection[],
  progress: (text: string) => void = () => undefined,
): Promise<void> {
  for (;;) {
    const all = await Promise.all(
      nodes.map(async (node) => (await node.call<ChainStatus>('getChain')).body.batches),
    );
    const sum = (part: keyof ChainStatus['batches']): number =>
      all.reduce((total, batches) => total + batches[part], 0);
    const [entries, unanchored, unwitnessed] = [
      sum('unbatchedEntries'),
      sum('unanchored'),
      sum('unwitnessed'),
    ];
    if (entries + unanchored + unwitnessed === 0) return;
    progress(`${entries} entries and ${unanchored} batches wait, ${unwitnessed} batches not witnessed yet`);
    await pause(POLL_MILLISECONDS);
  }
}

/** Waits until a node has followed a day's blocks and heard that every open register was stood by since a moment of it. */
export async function untilStoodBySince(node: Connection, moment: Date): Promise<void> {
  const date = dateOfDay(dayAt(Math.floor(moment.getTime() / 1000)));
  for (;;) {
    const { followedDate } = (await node.call<ChainStatus>('getChain')).body;
    const { items } = (await node.call<{ items: Register[] }>('listRegisters')).body;
    const hasFollowed = followedDate !== null && followedDate >= date;
    if (hasFollowed && items.every(({ lastStoodAt }) => new Date(lastStoodAt) >= moment)) return;
    await pause(POLL_MILLISECONDS);
  }
}

/** Waits until a node has heard of a grant. */
export async function untilGrantKnown(node: Connection, grantId: string): Promise<void> {
  for (;;) {
    const { body } = await node.call<{ items: Grant[] }>('listGrants');
    if (body.items.some((grant) => grant.id === grantId)) return;
    await pause(POLL_MILLISECONDS);
  }
}

/** A question of ours: of the member or the register that is named. */
export type Question = Omit<Ask, 'member' | 'register'> &
  ({ readonly member: string } | { readonly register: string });

/** Asks, and waits for an answer that verified. @throws Error when it is refused or fails */
export async function untilAnswered(node: Connection, ask: Question): Promise<QuestionDetail> {
  const question = await untilSettled(node, ask);
  if (question.state !== 'answered') {
    throw new Error(`no answer: ${question.state} ${JSON.stringify(question.refusal ?? question.error)}`);
  }
  return question;
}

/** Asks, and waits until there is an answer that verified, a refusal, or an error. */
export async function untilSettled(node: Connection, ask: Question): Promise<QuestionDetail> {
  const asked = await node.call<{ items: QuestionDetail[] }>('ask', { json: ask });
  let [body] = asked.body.items;
  if (body === undefined) throw new Error('no register was asked');
  while (body.state === 'created' || body.state === 'sent') {
    await pause(POLL_MILLISECONDS);
    ({ body } = await node.call<QuestionDetail>('getQuestion', {
      params: { id: body.id },
      reason: ask.reason,
    }));
  }
  return body;
}
