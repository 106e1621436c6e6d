import { writeFile } from 'node:fs/promises';
import {
  type CreditAnswer,
  type Expectations,
  type NetworkFile,
  parseCreditAnswer,
  parseNetworkFile,
  type Source,
  type Verification,
  verifyAnswer,
} from '@credit-ledger/sdk/answer';
import { chainFacts, deploymentOf, LedgerView } from '@credit-ledger/sdk/chain';
import { dayAt } from '@credit-ledger/sdk/protocol';
import type { QuestionDetail } from '../../../node/src/api/schemas/answers.ts';
import type { Organisation } from '../companies.ts';
import { untilAnswered } from '../errands.ts';
import { chainTime, inPlay, inWords, type Play, type Player, readerOf } from './play.ts';

/** How long ago an authority may have stood by its register, for a third party of the story. */
const MOST_AGE_SECONDS = 86_400;

/** Who asks whom about which company. */
export interface Wish {
  readonly from: Player;
  readonly to: Player;
  readonly company: Organisation;
  readonly application: string;
  readonly predicate: string;
}

/** An answer as its requester keeps it. */
export interface Given {
  readonly question: QuestionDetail;
  readonly answer: CreditAnswer;
  /** The file that it was written to, and what is in it. */
  readonly file: string;
  readonly text: string;
  readonly seconds: number;
}

/** Asks, waits for the answer, says it and writes it to `answers/NAME.json`. */
export async function ask(play: Play, wish: Wish, title: string, name: string): Promise<Given> {
  const { narrator: n } = play;
  const { from, to, company, application, predicate } = wish;
  const started = performance.now();
  const question = await n.step(title, (progress) => {
    progress('checked, proved, logged on chain, signed, verified');
    return untilAnswered(from.connection, {
      subject: company.uscc,
      member: to.memberId.toString(),
      application,
      predicate,
      reason: `demonstration: ${application}`,
    });
  });
  n.say(`  ${inWords(question)}`);
  const file = inPlay(play, 'answers', `${name}.json`);
  const text = `${JSON.stringify(question.document, null, 2)}\n`;
  await writeFile(file, text);
  const seconds = (performance.now() - started) / 1000;
  return { question, answer: parseCreditAnswer(text), file, text, seconds };
}

/** Asks, and has a third party verify the answer against the chain. */
export async function askAndVerify(
  play: Play,
  wish: Wish,
  title: string,
  name: string,
): Promise<Given & { readonly verification: Verification }> {
  const given = await ask(play, wish, title, name);
  const network = parseNetworkFile((await wish.from.connection.call('getNetwork')).body);
  const expected = await expectationsOf(play, wish);
  return {
    ...given,
    verification: await verifyAnswer(given.text, network, expected, onChain(play, network)),
  };
}

/** The chain of the story, as a third party asks it. */
export function onChain(play: Play, network: NetworkFile): Source {
  const deployment = deploymentOf(network, BigInt(play.deployment.deployedAtBlock));
  return { chain: chainFacts(new LedgerView(readerOf(play), deployment)) };
}

/** What a third party expects of an answer that was given today, by the time of the story. */
export async function expectationsOf(play: Play, wish: Wish): Promise<Expectations> {
  const now = await chainTime(play);
  const { from, to, company, application, predicate } = wish;
  return {
    subject: company.uscc,
    predicate: { application, predicate },
    application,
    asOfDay: dayAt(now),
    now,
    requester: from.memberId,
    authority: to.memberId,
    maxAgeSeconds: MOST_AGE_SECONDS,
  };
}

/** The checks that an answer did not pass. */
export function failures({ checks }: Verification): string {
  return checks
    .filter(({ verdict }) => verdict === 'INVALID' || verdict === 'ERROR')
    .map(({ check, reason }) => `${check} ${reason}`)
    .join(', ');
}
