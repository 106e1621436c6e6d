import { dayOfDate } from '@credit-ledger/sdk/protocol';
import { disputeCorrects, repairTooEarly, repairTurnsNoIntoYes } from './cases.ts';
import { askWithConsent } from './consent.ts';
import { acceptFiling, filingOverdue } from './filing.ts';
import { checkLetters, type PromisedLetters, promiseLetters } from './letters.ts';
import { chainDate, companyOf, letDaysPass, type Outcome, type Play, playerOf } from './play.ts';
import { bindKey, type BoundSubject } from './subject-key.ts';

const DAYS_TO_FILING = 3;
const DAYS_TO_CHECKS = 13;

/** The processes, act after act, in the order of their dates; registers are filled before. */
export async function playProcesses(play: Play): Promise<readonly Outcome[]> {
  const consent = await askWithConsent(play);
  const letters = await promiseLetters(play);
  // Its agency vouches for the key with which the company disputes now and asks for its repair in autumn.
  const subject = await bindKey(play, playerOf(play, 'beijing'), companyOf(play, 'severe'));
  const dispute = await disputeCorrects(play, subject);
  if (play.moveTime === undefined) return [...(await playToday(play, letters, subject)), dispute, consent];

  await letDaysPass(play, DAYS_TO_FILING, 'a filing comes in · 容缺申请');
  const filing = await acceptFiling(play);

  await letDaysPass(
    play,
    DAYS_TO_CHECKS,
    'seven working days, and a holiday in between · 跨端午节七个工作日',
  );
  const overdue = await filingOverdue(play, filing);
  const [kept, broken] = await checkLetters(play, letters);
  const { earliestDate } = await repairTooEarly(play, subject);

  const wait = dayOfDate(earliestDate) - dayOfDate(await chainDate(play));
  await letDaysPass(play, wait, 'until the shortest period of publicity is over · 最短公示期届满');
  const repair = await repairTurnsNoIntoYes(play, subject, earliestDate);
  return [kept, broken, letters.refused, overdue, dispute, repair, consent];
}

/** What can be played where the chain's time is everybody's: what needs days to pass is skipped, and said. */
async function playToday(
  play: Play,
  letters: PromisedLetters,
  subject: BoundSubject,
): Promise<readonly Outcome[]> {
  await acceptFiling(play);
  const [kept, broken] = await checkLetters(play, letters);
  const { earliestDate } = await repairTooEarly(play, subject);
  const { narrator: n } = play;
  n.say('\nSkipped here: time on this chain cannot be moved · 本链时间不可推进，以下环节跳过：');
  n.say('  the filing that falls overdue after seven working days · 容缺受理逾期（需七个工作日）');
  n.say(
    `  the repair that turns NO into YES, from ${earliestDate} on · 期满信用修复（最早 ${earliestDate}）`,
  );
  n.say('  npm run demo plays both · 见 npm run demo');
  return [kept, broken, letters.refused];
}
