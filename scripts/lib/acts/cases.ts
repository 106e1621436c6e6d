import { isLedgerError, type RepairCondition } from '@credit-ledger/sdk/protocol';
import { setTimeout as pause } from 'node:timers/promises';
import type { CaseDetail, CaseDraft, FiledCase } from '../../../node/src/api/schemas/cases.ts';
import type { PublicRecords } from '../../../node/src/api/schemas/publicity.ts';
import type { CastMember } from '../samples.ts';
import { supplierWish } from './answers.ts';
import {
  chainDate,
  companyOf,
  inWords,
  type Outcome,
  type Play,
  type Player,
  playerOf,
  registerOf,
} from './play.ts';
import { askAndVerify } from './questions.ts';
import { anchorAll } from './registers.ts';
import { type BoundSubject, sign } from './subject-key.ts';

const POLL_MILLISECONDS = 100;
const FINES = 'fines-below-limit';
const SEVERE = 'no-severe-default';
/** What the company has to show under the rules of the day; the shortest period is computed. */
const CONDITIONS: readonly RepairCondition[] = ['obligations-done', 'public-promise'];

interface CaseWish {
  readonly type: 'dispute' | 'repair';
  readonly role: CastMember['role'];
  readonly subject: BoundSubject;
  readonly grounds: string;
}

/**
 * A company disputes the amount of its fine; while that is open the answers that rest on it say so; the source
 * corrects the record, and the answer changes with it.
 */
export async function disputeCorrects(play: Play, subject: BoundSubject): Promise<Outcome> {
  const { narrator: n } = play;
  const beijing = playerOf(play, 'beijing');
  const company = companyOf(play, 'severe');
  const wish = supplierWish(play, 'severe', FINES);
  n.say(`\n${company.name} disputes its fine: 6, not 60 · 异议：罚款应为 6 万元，而非 60 万元`);
  const caseId = await n.step(
    'Hebei relays what the company has signed; Beijing has it · 河北代为提交，北京受理',
    () =>
      file(play, {
        type: 'dispute',
        role: 'severe',
        subject,
        grounds: '处罚决定书所载罚款为6万元，录入有误',
      }),
  );
  await anchorAll(play);
  const during = await askAndVerify(
    play,
    wish,
    'Fines within a year below the limit? · 近一年罚款不超过十万元？',
    'dispute-open',
  );
  await n.step(
    'Beijing decides: corrected; the old record is revoked and replaced in one batch · 北京决定：更正',
    async () => {
      await decide(beijing, caseId, 'corrected', {
        reasons: '经核对决定书原件，罚款金额录入有误，予以更正',
        corrections: [
          { column: '罚款金额（万元）', value: '6' },
          { column: '处罚内容', value: '责令停产停业，罚款人民币6万元' },
        ],
      });
      await anchorAll(play);
    },
  );
  const after = await askAndVerify(play, wish, 'The same question · 同一问题', 'dispute-corrected');
  return {
    name: 'dispute',
    act: 'a dispute corrects a record 异议更正',
    subject: company.name,
    outcome: `${inWords(during.question)} → ${inWords(after.question)}`,
    asExpected:
      during.question.answer === false &&
      during.question.disputed === true &&
      after.question.answer === true &&
      after.question.disputed === false &&
      [during, after].every(({ verification }) => verification.overall === 'VALID'),
  };
}

/** A company asks for its repair before its time: the code that it is refused with, and the earliest day. */
export async function repairTooEarly(
  play: Play,
  subject: BoundSubject,
): Promise<{ code: string; earliestDate: string }> {
  const { narrator: n } = play;
  const title = `${companyOf(play, 'severe').name} asks for its repair, before its time · 提前申请信用修复`;
  const refused = await n.step(title, async () => {
    try {
      await file(play, repairWish(subject));
    } catch (error) {
      if (isLedgerError(error))
        return { code: error.code, earliestDate: String(error.operands['earliestDate']) };
      throw error;
    }
    throw new Error('a repair before its time was not refused');
  });
  n.say(`  refused 不予受理: ${refused.code}, from ${refused.earliestDate} on · 最早可于该日申请`);
  return refused;
}

/** When its time has come the repair is granted: the NO becomes a YES, and the publicity stops. */
export async function repairTurnsNoIntoYes(
  play: Play,
  subject: BoundSubject,
  earliestDate: string,
): Promise<Outcome> {
  const { narrator: n } = play;
  const beijing = playerOf(play, 'beijing');
  const company = companyOf(play, 'severe');
  const wish = supplierWish(play, 'severe', SEVERE);
  const today = await chainDate(play);
  const shownBefore = await published(beijing, company.uscc);
  const before = await askAndVerify(
    play,
    wish,
    'No severe default in force? · 无有效严重失信记录？',
    'repair-before',
  );
  await n.step(
    'The company asks again, in time; Beijing reviews and grants · 期满申请修复，北京审核同意',
    async () => {
      const caseId = await file(play, repairWish(subject));
      await decide(beijing, caseId, 'granted', {
        reasons: '已履行义务并作出公开承诺，准予信用修复',
        conditionsMet: CONDITIONS,
      });
      await anchorAll(play);
    },
  );
  const shownAfter = await published(beijing, company.uscc);
  n.say(`  published before 修复前公示: ${shownBefore}, after 修复后: ${shownAfter}`);
  const after = await askAndVerify(play, wish, 'The same question · 同一问题', 'repair-after');
  return {
    name: 'repair',
    act: 'a repair turns NO into YES 信用修复',
    subject: company.name,
    outcome: `${inWords(before.question)} → ${inWords(after.question)}`,
    asExpected:
      today === earliestDate &&
      before.question.answer === false &&
      after.question.answer === true &&
      shownBefore === 1 &&
      shownAfter === 0 &&
      [before, after].every(({ verification }) => verification.overall === 'VALID'),
  };
}

function repairWish(subject: BoundSubject): CaseWish {
  return { type: 'repair', role: 'severe', subject, grounds: '已停止违法行为、缴清罚款并公开承诺守信' };
}

/** The company signs what Hebei's officer drew up, and Hebei files it; gives the case once the source has it. */
async function file(play: Play, { type, role, subject, grounds }: CaseWish): Promise<string> {
  const { connection } = playerOf(play, 'hebei');
  const beijing = playerOf(play, 'beijing');
  const company = companyOf(play, role);
  const draft = (
    await connection.call<CaseDraft>('draftCase', {
      json: {
        type,
        register: await registerOf(beijing),
        subject: company.uscc,
        documentNumber: company.documentNumber,
        class: 1,
        grounds,
        binding: subject.bindingId,
        ...(type === 'repair' ? { conditionsMet: CONDITIONS } : {}),
      },
    })
  ).body;
  const signature = await sign(subject.account, draft.typedData);
  const { body: filed } = await connection.call<FiledCase>('fileSignedCase', {
    json: {
      document: draft.document,
      binding: { bindingId: subject.bindingId, salt: subject.salt, signature },
    },
  });
  if (filed.case === null) throw new Error('the case is not in a block yet');
  await untilState(beijing, filed.case, 'received');
  return filed.case;
}

async function decide(
  source: Player,
  id: string,
  outcome: 'corrected' | 'granted',
  decision: object,
): Promise<void> {
  await source.connection.call('decideCase', { params: { id }, json: { outcome, ...decision } });
  await untilState(source, id, outcome === 'granted' ? 'carried-out' : outcome);
}

/** Waits until a node knows a case in this state. */
async function untilState({ connection }: Player, id: string, state: CaseDetail['state']): Promise<void> {
  for (;;) {
    const found = await connection.call<CaseDetail>('getCase', { params: { id } }).catch((error: unknown) => {
      // Filed by another member: this node may not have followed so far.
      if (isLedgerError(error, 'CASE_UNKNOWN')) return undefined;
      throw error;
    });
    const trouble = found?.body.private?.trouble;
    if (trouble) throw new Error(`the case does not go on: ${JSON.stringify(trouble)}`);
    if (found?.body.state === state) return;
    await pause(POLL_MILLISECONDS);
  }
}

/** How many records the agency publishes of a company now. */
async function published({ connection }: Player, uscc: string): Promise<number> {
  const { body } = await connection.call<PublicRecords>('getPublicRecords', { query: { uscc } });
  return body.items.length;
}
