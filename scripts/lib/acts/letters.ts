import { setTimeout as pause } from 'node:timers/promises';
import { verifyLetterCopy } from '@credit-ledger/sdk/answer';
import { LedgerView, letterFacts, ProcessView } from '@credit-ledger/sdk/chain';
import type {
  InformedLetter,
  ItemDone,
  LetterCopies,
  LetterDetail,
  RecordOfBreach,
} from '../../../node/src/api/schemas/letters.ts';
import type { CastMember } from '../samples.ts';
import {
  companyOf,
  dateFromNow,
  inWords,
  type Outcome,
  type Play,
  type Player,
  playerOf,
  readerOf,
  registerOf,
} from './play.ts';
import { askAndVerify } from './questions.ts';
import { anchorAll, giveGrant } from './registers.ts';
import { oneTimeKey, sign } from './subject-key.ts';

const APPLICATION = 'commitment-eligibility';
const PREDICATE = 'may-promise';
const POLL_MILLISECONDS = 100;
/** An item of which titles and legal bases are public; nothing in it is about an applicant. */
const ITEM = {
  slug: 'taxi-operator-permit',
  title: '巡游出租汽车经营许可（告知承诺）',
  legalBasis: '《巡游出租汽车经营服务管理规定》第十条',
  touchesStateSecurity: false,
  touchesPublicSafety: false,
  touchesLifeOrHealth: false,
};
const TEMPLATE = {
  told: {
    subject: ITEM.title,
    basis: ITEM.legalBasis,
    purpose: '证明具备与经营规模相适应的停车场地',
    manner: '书面承诺，一式两份',
    liability: '不实承诺的，依法终止办理、责令整改、撤销决定或者予以处罚，并记入信用记录',
    checking: '办结后两个月内核查',
    publication: '不公开',
  },
  confirmed: {
    aware: '已知晓告知事项',
    qualified: '已符合告知的条件、标准和要求',
    liable: '愿意承担不实承诺的法律责任',
    sincere: '所作承诺是真实意思表示',
  },
} as const;
const DAYS_TO_CHECK = 60;
/** Three years, as the authority's own rules have it. */
const BREACH_DAYS = 1_095;
const BREACH: Omit<RecordOfBreach, 'until'> = {
  severity: 2,
  severityBasis: '《河北省示例交通运输信用管理办法》第八条：不实承诺为较重失信',
  domain: 3,
  documentNumber: '冀示交承〔2026〕1号',
};

/** Letters that were promised and decided, to be checked later. */
export interface PromisedLetters {
  readonly kept: string;
  readonly broken: string;
  readonly refused: Outcome;
}

/**
 * Hebei offers three companies a letter. Each signs with a key made for it alone, and must prove in Beijing's and
 * Tianjin's registers that it may promise: two can, one cannot, and nobody has seen a record.
 */
export async function promiseLetters(play: Play): Promise<PromisedLetters> {
  const { narrator: n } = play;
  const hebei = playerOf(play, 'hebei');
  n.say(`\nCommitment letters: ${ITEM.title} · 告知承诺`);
  const item = await n.step(
    'Hebei lists the item with its template: seven things to tell, four to confirm · 公布事项与告知承诺书格式文本',
    () => publishItem(play, hebei),
  );
  const offered = await n.step(
    'Three applicants are informed, and sign with a key for this letter alone · 三家企业被一次性告知并签署承诺',
    () =>
      Promise.all(
        (['clean', 'general', 'severe'] as const).map((role) => signLetter(play, hebei, item, role)),
      ),
  );
  const [kept = '', broken = '', barred = ''] = offered;
  await n.step(
    'May they promise? Both registers are asked, and their proofs checked on chain · 两地登记册零知识核查适用资格',
    () =>
      Promise.all([kept, broken].map((id) => untilLetter(hebei, id, ({ state }) => state === 'promised'))),
  );
  const refused = await n.step(
    'One may not: the ordinary procedure is taken · 一家不适用，转一般程序',
    async () => {
      await untilLetter(hebei, barred, ({ eligibility }) => eligibility?.state === 'not-eligible');
      return step(hebei, barred, 'refuseLetter', { reason: 'not-eligible' });
    },
  );
  n.say(`  ${refused.subject.name}: ${refused.state}`);
  const checkBy = await dateFromNow(play, DAYS_TO_CHECK);
  await n.step('The two applications are decided, without certificates · 两家当场办结', () =>
    Promise.all(
      [kept, broken].map((id) =>
        step(hebei, id, 'decideLetter', { decision: '准予许可', mode: 'on-site', checkBy }),
      ),
    ),
  );
  return {
    kept,
    broken,
    refused: {
      name: 'letter-refused',
      act: 'a letter refused: not eligible 不适用告知承诺',
      subject: refused.subject.name,
      outcome: `${refused.eligibility?.state ?? 'promised'} → ${refused.state}`,
      asExpected: refused.state === 'refused' && refused.eligibility?.state === 'not-eligible',
    },
  };
}

/** What the checks find: one promise was kept; one was false, which becomes an entry, and the next answer a NO. */
export async function checkLetters(
  play: Play,
  { kept: keptId, broken: brokenId }: PromisedLetters,
): Promise<readonly [Outcome, Outcome]> {
  const { narrator: n } = play;
  const hebei = playerOf(play, 'hebei');
  const tianjin = playerOf(play, 'tianjin');
  const until = await dateFromNow(play, BREACH_DAYS);
  const [kept, broken] = await n.step(
    'Hebei checks on site: one promise was kept, one was false · 现场核查：一家属实，一家不实',
    async () => {
      const checked = await Promise.all([
        step(hebei, keptId, 'checkLetter', { kept: true, finding: '停车场地与承诺一致' }),
        step(hebei, brokenId, 'checkLetter', {
          kept: false,
          finding: '未具备停车场地',
          broken: {
            outcome: 'decision-revoked',
            legalBasis: '《行政许可法》第六十九条',
            record: { ...BREACH, until },
          },
        }),
      ]);
      await anchorAll(play);
      await giveGrant(play, hebei, tianjin, APPLICATION);
      return checked;
    },
  );
  const copies = await copiesHold(play, hebei, keptId);
  n.say(`  ${kept.subject.name}: ${kept.state}, both copies verified 双方文本验证 ${copies ? '✔' : '✖'}`);
  n.say(`  ${broken.subject.name}: ${broken.outcome}, record 记录 ${broken.recordId ?? '–'}`);
  const company = companyOf(play, 'general');
  const wish = { from: tianjin, to: hebei, company, application: APPLICATION, predicate: PREDICATE };
  const next = await askAndVerify(
    play,
    wish,
    `${company.name}: may it promise again, Tianjin asks Hebei · 能否再次适用告知承诺？`,
    'letter-broken',
  );
  return [
    {
      name: 'letter-kept',
      act: 'a letter kept 承诺属实',
      subject: kept.subject.name,
      outcome: kept.state,
      asExpected: kept.state === 'checked-true' && kept.recordId === null && copies,
    },
    {
      name: 'letter-broken',
      act: 'a letter broken, and the NO that follows 承诺不实',
      subject: broken.subject.name,
      outcome: `${broken.state} → ${inWords(next.question)}`,
      asExpected:
        broken.state === 'checked-false' &&
        broken.recordId !== null &&
        next.question.answer === false &&
        next.verification.overall === 'VALID',
    },
  ];
}

/** Whether the agency's copy and the applicant's both hold, for anyone who has one and asks the chain. */
async function copiesHold(play: Play, { connection }: Player, id: string): Promise<boolean> {
  const { items } = (await connection.call<LetterCopies>('getLetterCopies', { params: { id } })).body;
  const { deployment } = play;
  const reader = readerOf(play);
  const view = new LedgerView(reader, { ...deployment, deployedAtBlock: BigInt(deployment.deployedAtBlock) });
  const facts = letterFacts(view, new ProcessView(reader, deployment.processes));
  const pinned = { chainId: BigInt(deployment.chainId), contract: deployment.processes.letters };
  const checked = await Promise.all(items.map((copy) => verifyLetterCopy(copy, facts, pinned)));
  return checked.length === 2 && checked.every(({ overall }) => overall === 'VALID');
}

interface Item {
  readonly itemId: string;
  readonly templateId: string;
}

/** With the grants under which Hebei may ask whether an applicant is eligible. */
async function publishItem(play: Play, hebei: Player): Promise<Item> {
  const asked = [playerOf(play, 'beijing'), playerOf(play, 'tianjin')];
  await Promise.all(asked.map((authority) => giveGrant(play, authority, hebei, APPLICATION)));
  const registers = await Promise.all(asked.map(registerOf));
  const { itemId } = (
    await hebei.connection.call<ItemDone>('publishLetterItem', { json: { ...ITEM, registers } })
  ).body;
  const { templateId } = (
    await hebei.connection.call<ItemDone>('publishLetterTemplate', { params: { id: itemId }, json: TEMPLATE })
  ).body;
  if (templateId === null) throw new Error('the template is not in a block yet');
  return { itemId, templateId };
}

/** From the offer to the applicant's signature, by which the registers are asked; gives the letter's number. */
async function signLetter(
  play: Play,
  { connection }: Player,
  item: Item,
  role: CastMember['role'],
): Promise<string> {
  const company = companyOf(play, role);
  const { id } = (
    await connection.call<LetterDetail>('offerLetter', {
      json: { ...item, subject: company.uscc, name: company.name },
    })
  ).body;
  const key = oneTimeKey();
  const { typedData } = (
    await connection.call<InformedLetter>('informApplicant', {
      params: { id },
      json: { applicant: key.address, application: { 车辆数: '20', 停车场地: '承诺具备' } },
    })
  ).body;
  const signature = await sign(key, typedData);
  await connection.call('promiseLetter', { params: { id }, json: { signature } });
  return id;
}

/** A step by an officer; gives the letter once it is in a block. */
async function step(player: Player, id: string, endpoint: string, json: object): Promise<LetterDetail> {
  await player.connection.call<LetterDetail>(endpoint, { params: { id }, json });
  return untilLetter(player, id, ({ pending }) => pending === null);
}

async function untilLetter(
  { connection }: Player,
  id: string,
  holds: (letter: LetterDetail) => boolean,
): Promise<LetterDetail> {
  for (;;) {
    const { body } = await connection.call<LetterDetail>('getLetter', { params: { id } });
    if (body.failed !== null) throw new Error(`the chain refused a step: ${JSON.stringify(body.failed)}`);
    if (body.eligibility?.state === 'failed') {
      throw new Error(`eligibility could not be asked: ${JSON.stringify(body.eligibility.error)}`);
    }
    if (holds(body)) return body;
    await pause(POLL_MILLISECONDS);
  }
}
