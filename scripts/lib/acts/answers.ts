import { writeFile } from 'node:fs/promises';
import { parseNetworkFile, type Verification, verifyAnswer } from '@credit-ledger/sdk/answer';
import type { CastMember } from '../samples.ts';
import { companyOf, inPlay, type Play, playerOf } from './play.ts';
import { ask, expectationsOf, failures, type Given, onChain, type Wish } from './questions.ts';
import { giveGrant } from './registers.ts';

const APPLICATION = 'procurement-qualification';
const PREDICATE = 'no-severe-default';

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
  readonly wish: Wish;
  readonly role: CastMember['role'];
  readonly given: Given;
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
  for (const company of cast.companies) {
    const wish = supplierWish(play, company.role);
    const title = `${company.name} (${ROLES[company.role]})`;
    asked.push({ wish, role: company.role, given: await ask(play, wish, title, company.role) });
  }
  return n.step('A third party verifies, with the chain and without · 第三方在线、离线验证', (progress) =>
    verifyAll(play, asked, progress),
  );
}

/** Hebei’s question to Beijing about a supplier of the cast. */
export function supplierWish(play: Play, role: CastMember['role'], predicate = PREDICATE): Wish {
  const [from, to] = [playerOf(play, 'hebei'), playerOf(play, 'beijing')];
  return { from, to, company: companyOf(play, role), application: APPLICATION, predicate };
}

/** Whether an answer is what the cast says of its company, and holds for everybody. */
export function isAsExpected(play: Play, { role, answer, online, offline }: Told): boolean {
  const right = companyOf(play, role).noSevereDefault ? 'YES' : 'NO';
  return answer === right && online.overall === 'VALID' && offline.overall === 'VALID';
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
      json: {
        registerId: asked[0]?.given.answer.request.registerId,
        logIds: asked.map(({ given }) => given.answer.log.logId),
      },
    })
  ).body;
  await writeFile(inPlay(play, 'checkpoint.json'), `${JSON.stringify(checkpoint, null, 2)}\n`);
  const pinned = parseNetworkFile(network);
  const chain = onChain(play, pinned);
  const told: Told[] = [];
  for (const { wish, role, given } of asked) {
    const { file, text, seconds, question } = given;
    progress(file);
    const expected = await expectationsOf(play, wish);
    told.push({
      file,
      role,
      answer: question.answer === true ? 'YES' : 'NO',
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
