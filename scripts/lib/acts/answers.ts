import { readFile, writeFile } from 'node:fs/promises';
import {
  type Expectations,
  type NetworkFile,
  parseNetworkFile,
  type Source,
  type Verification,
  verifyAnswer,
} from '@credit-ledger/sdk/answer';
import { chainFacts, deploymentOf, LedgerView } from '@credit-ledger/sdk/chain';
import { dayAt } from '@credit-ledger/sdk/protocol';
import { untilAnswered } from '../errands.ts';
import type { CastMember } from '../samples.ts';
import {
  answerOf,
  chainTime,
  companyOf,
  inPlay,
  inWords,
  type Play,
  type Player,
  playerOf,
  readerOf,
} from './play.ts';
import { giveGrant } from './registers.ts';

const APPLICATION = 'procurement-qualification';
const PREDICATE = 'no-severe-default';
const REASON = 'demonstration: qualification of a supplier';
const MOST_AGE_SECONDS = 86_400;

export const ROLES: Readonly<Record<CastMember['role'], string>> = {
  clean: 'no entry at all 无任何记录',
  severe: 'severe penalty in force 严重处罚有效',
  repaired: 'severe penalty, repaired 严重处罚已修复',
  general: 'general penalty only 仅一般处罚',
  old: 'severe, before the window 严重处罚已超期限',
};

/** A question, as it was answered and as a third party judged the answer. */
export interface Told {
  readonly file: string;
  readonly role: CastMember['role'];
  readonly answer: string;
  readonly seconds: number;
  readonly online: Verification;
  readonly offline: Verification;
}

interface Asked {
  readonly role: CastMember['role'];
  readonly file: string;
  readonly answer: string;
  readonly seconds: number;
  readonly logId: string;
  readonly registerId: string;
}

/** Hebei asks Beijing about the five companies; a third party verifies online and offline, forgeries included. */
export async function askAboutFive(play: Play): Promise<readonly Told[]> {
  const { narrator: n, cast } = play;
  const beijing = playerOf(play, 'beijing');
  const hebei = playerOf(play, 'hebei');
  await n.step('Beijing grants Hebei one purpose: qualification of suppliers · 北京向河北授权一个用途', () =>
    giveGrant(play, beijing, hebei, APPLICATION, { region: 130_000 }),
  );
  n.say(`\nHebei asks Beijing: “${PREDICATE}”? · 河北向北京提问：近三年内无有效的严重失信记录？`);
  const asked: Asked[] = [];
  for (const company of cast.companies) asked.push(await askAbout(play, hebei, beijing, company));
  return n.step('A third party verifies, with the chain and without · 第三方在线、离线验证', (progress) =>
    verifyAll(play, asked, progress),
  );
}

/** Whether an answer is what the cast says of its company, and holds for everybody. */
export function isAsExpected(play: Play, { role, answer, online, offline }: Told): boolean {
  const right = companyOf(play, role).noSevereDefault ? 'YES' : 'NO';
  return answer === right && online.overall === 'VALID' && offline.overall === 'VALID';
}

/** The checks that an answer did not pass. */
export function failures({ checks }: Verification): string {
  return checks
    .filter(({ verdict }) => verdict === 'INVALID' || verdict === 'ERROR')
    .map(({ check, reason }) => `${check} ${reason}`)
    .join(', ');
}

/** The same question once more: what a later act has made of the answer. Verified against the chain. */
export async function askAgain(
  play: Play,
  role: CastMember['role'],
  suffix: string,
): Promise<{ readonly answer: string; readonly verified: boolean }> {
  const hebei = playerOf(play, 'hebei');
  const beijing = playerOf(play, 'beijing');
  const { file, answer } = await askAbout(play, hebei, beijing, companyOf(play, role), suffix);
  const network = parseNetworkFile((await hebei.connection.call('getNetwork')).body);
  const text = await readFile(file, 'utf8');
  const expected = await expectationsOf(play, role);
  const { overall } = await verifyAnswer(text, network, expected, onChain(play, network));
  return { answer, verified: overall === 'VALID' };
}

async function askAbout(
  play: Play,
  from: Player,
  to: Player,
  company: CastMember,
  suffix = '',
): Promise<Asked> {
  const { narrator: n } = play;
  const started = performance.now();
  const question = await n.step(`${company.name} (${ROLES[company.role]})`, (progress) => {
    progress('checked, proved, logged on chain, signed, verified');
    return untilAnswered(from.connection, {
      subject: company.uscc,
      member: to.memberId.toString(),
      application: APPLICATION,
      predicate: PREDICATE,
      reason: REASON,
    });
  });
  const file = inPlay(play, 'answers', `${company.role}${suffix}.json`);
  await writeFile(file, `${JSON.stringify(question.document, null, 2)}\n`);
  n.say(`  ${inWords(question)}`);
  const document = answerOf(question.document);
  return {
    role: company.role,
    file,
    answer: question.answer === true ? 'YES' : 'NO',
    seconds: (performance.now() - started) / 1000,
    logId: document.log.logId,
    registerId: document.request.registerId,
  };
}

async function verifyAll(
  play: Play,
  asked: readonly Asked[],
  progress: (text: string) => void,
): Promise<Told[]> {
  const { narrator: n } = play;
  const { connection } = playerOf(play, 'hebei');
  const network = (await connection.call<Record<string, unknown>>('getNetwork')).body;
  await writeFile(inPlay(play, 'network.json'), `${JSON.stringify(network, null, 2)}\n`);
  const checkpoint = (
    await connection.call<Record<string, unknown>>('makeCheckpoint', {
      json: { registerId: asked[0]?.registerId, logIds: asked.map(({ logId }) => logId) },
    })
  ).body;
  await writeFile(inPlay(play, 'checkpoint.json'), `${JSON.stringify(checkpoint, null, 2)}\n`);
  const pinned = parseNetworkFile(network);
  const chain = onChain(play, pinned);
  const told: Told[] = [];
  for (const { role, file, answer, seconds } of asked) {
    progress(file);
    const text = await readFile(file, 'utf8');
    const expected = await expectationsOf(play, role);
    told.push({
      file,
      role,
      answer,
      seconds,
      online: await verifyAnswer(text, pinned, expected, chain),
      offline: await verifyAnswer(text, pinned, expected, { checkpoint }),
    });
    if (role !== 'severe') continue;
    const forged = text.replace('"answer": false', '"answer": true');
    const verdict = await verifyAnswer(forged, pinned, expected, chain);
    n.say(
      `  somebody turns the NO into a YES · 有人把“否”改成“是”: ${verdict.overall}, ${failures(verdict)}`,
    );
    const other = { ...expected, subject: companyOf(play, 'general').uscc };
    const swapped = await verifyAnswer(text, pinned, other, chain);
    n.say(
      `  somebody shows it for another company · 冒用于另一企业: ${swapped.overall}, ${failures(swapped)}`,
    );
  }
  return told;
}

function onChain(play: Play, network: NetworkFile): Source {
  const deployment = deploymentOf(network, BigInt(play.deployment.deployedAtBlock));
  return { chain: chainFacts(new LedgerView(readerOf(play), deployment)) };
}

/** What a third party expects of an answer that Beijing gave Hebei today, by the time of the story. */
async function expectationsOf(play: Play, role: CastMember['role']): Promise<Expectations> {
  const now = await chainTime(play);
  return {
    subject: companyOf(play, role).uscc,
    predicate: { application: APPLICATION, predicate: PREDICATE },
    application: APPLICATION,
    asOfDay: dayAt(now),
    now,
    requester: playerOf(play, 'hebei').memberId,
    authority: playerOf(play, 'beijing').memberId,
    maxAgeSeconds: MOST_AGE_SECONDS,
  };
}
