import type { CreditAnswer } from '@credit-ledger/sdk/answer';
import { type LetterVerification, verifyLetterCopy } from '@credit-ledger/sdk/answer';
import { commitmentLettersAbi, letterFacts } from '@credit-ledger/sdk/chain';
import { type Hex, isLedgerError } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { encodeFunctionData, type PrivateKeyAccount } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { createLogger } from '../../node/src/api/logging.ts';
import type {
  FilingDetail,
  MemberFiling,
  Pledge,
  PledgeDone,
  PledgeDraft,
  TakenIn,
} from '../../node/src/api/schemas/filings.ts';
import type { CreditRecord } from '../../node/src/api/schemas/intake.ts';
import type { Grant, Receipt } from '../../node/src/api/schemas/ledger.ts';
import type {
  InformedLetter,
  ItemDone,
  LetterCopies,
  LetterDetail,
  Withdrawal,
} from '../../node/src/api/schemas/letters.ts';
import { createNode, type LedgerNode } from '../../node/src/app.ts';
import type { Connection } from '../../node/src/cli/connection.ts';
import { loadConfig } from '../../node/src/config.ts';
import { claimOf } from '../../node/src/letters/promises.ts';
import { QuestionStore } from '../../node/src/store/questions.ts';
import { untilGrantKnown, untilRegisterOpen, untilWitnessed } from '../../scripts/lib/errands.ts';
import { setStage, type Stage, type StageNode } from '../../scripts/lib/stage.ts';
import { madeUpUscc } from '../answers/support/claims.ts';
import { ITEM, sign, TEXTS } from '../letters/support/world.ts';
import { makeTempDir } from '../support/temp.ts';
import { waitFor } from '../support/wait.ts';

/** Ten in the morning in Beijing, a week before the Dragon Boat Festival of 2026 (19 June, a Friday). */
const START = new Date('2026-06-12T02:00:00Z');
const PATIENT = { timeoutMilliseconds: 180_000 };
const COMPANIES = {
  kept: { subject: madeUpUscc('91110000', 'MA0L0001'), name: '北京青屿食品有限公司' },
  broken: { subject: madeUpUscc('91110000', 'MA0L0002'), name: '北京云汀餐饮管理有限公司' },
  other: { subject: madeUpUscc('91110000', 'MA0L0003'), name: '北京禾序商贸有限公司' },
  leaving: { subject: madeUpUscc('91110000', 'MA0L0004'), name: '北京松间印刷有限公司' },
} as const;
const AGENCIES = [
  { slug: 'beijing', name: '北京示例市场监管局', regionCode: 110_000, creditCode: '11110101MAK0GYY85R' },
  { slug: 'tianjin', name: '天津示例生态环境局', regionCode: 120_000, creditCode: '11120101MAJNDYEF8Y' },
  { slug: 'hebei', name: '河北示例交通运输厅', regionCode: 130_000, creditCode: '11130102MA4C74F26Q' },
  {
    slug: 'association',
    name: '京津冀示例食品行业协会',
    regionCode: 110_000,
    creditCode: madeUpUscc('51110000', 'MJ0A0001'),
    role: 'association',
  },
] as const;
const RECORD = {
  severity: 2,
  severityBasis: '示例局行政处罚裁量基准',
  domain: 2,
  until: '2028-06-01',
  documentNumber: '京示市监撤〔2026〕1号',
};

interface SignedLetter {
  readonly id: string;
  readonly account: PrivateKeyAccount;
  readonly informed: InformedLetter;
}

describe('commitment letters between nodes on a chain', function () {
  this.timeout(400_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let stage: Stage;
  const nodes: LedgerNode[] = [];
  let beijing: Connection;
  let item: ItemDone;
  let templateId: string;

  const nodeOf = (slug: (typeof AGENCIES)[number]['slug']): StageNode => {
    const found = stage.nodes.find((each) => each.slug === slug);
    if (found === undefined) throw new Error(`no node ${slug}`);
    return found;
  };
  const call = async <T>(node: Connection, id: string, options = {}): Promise<T> =>
    (await node.call<T>(id, options)).body;
  const step = (id: string, letterId: string, json: unknown): Promise<LetterDetail> =>
    call<LetterDetail>(beijing, id, { params: { id: letterId }, json });
  const show = (id: string): Promise<LetterDetail> => call(beijing, 'getLetter', { params: { id } });
  const newKey = (): PrivateKeyAccount => privateKeyToAccount(generatePrivateKey());
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return 'nothing was refused';
    } catch (error) {
      if (!isLedgerError(error)) throw error;
      return error.code;
    }
  };

  async function informed(company: { subject: string; name: string }): Promise<SignedLetter> {
    const letter = await call<LetterDetail>(beijing, 'offerLetter', {
      json: { itemId: item.itemId, templateId, ...company },
    });
    const account = newKey();
    const told = await call<InformedLetter>(beijing, 'informApplicant', {
      params: { id: letter.id },
      json: { applicant: account.address, application: { 经营场所: '北京市示例路 1 号' } },
    });
    return { id: letter.id, account, informed: told };
  }

  /** Signs, promises, and waits for the outcome, whatever it is. */
  async function promise(letter: SignedLetter): Promise<LetterDetail> {
    const signature = await sign(letter.account, letter.informed.typedData as never);
    await step('promiseLetter', letter.id, { signature });
    return waitFor(
      'an outcome of the promise',
      async () => {
        const view = await show(letter.id);
        if (view.eligibility?.state === 'failed') throw new Error(JSON.stringify(view.eligibility.error));
        // The event may be known a moment before its own transaction counts as settled.
        const settled = view.pending === null;
        return (settled && view.state === 'promised') || view.eligibility?.state === 'not-eligible'
          ? view
          : undefined;
      },
      PATIENT,
    );
  }

  before(async () => {
    temp = await makeTempDir();
    stage = await setStage({
      directory: temp.path,
      agencies: AGENCIES,
      startAt: START,
      settings: { pollMilliseconds: 100, proverWorkers: 1, batchEverySeconds: 604_800 },
      startInProcess: async (dataDir) => {
        const node = await createNode(await loadConfig(dataDir, {}), {
          environment: {},
          checkReplies: true,
          logger: createLogger('silent'),
        });
        await node.start();
        nodes.push(node);
        return node;
      },
    });
    beijing = nodeOf('beijing').connection;
    for (const slug of ['beijing', 'tianjin'] as const) {
      const { connection } = nodeOf(slug);
      await call(connection, 'openRegister', { json: {} });
      await untilRegisterOpen(connection);
      const grant = await call<Grant>(connection, 'giveGrant', {
        json: {
          grantee: { member: nodeOf('beijing').memberId.toString() },
          application: 'commitment-eligibility',
          classes: [1],
          validUntil: '2027-06-01T00:00:00Z',
        },
      });
      await untilGrantKnown(beijing, grant.id);
    }
    const { touches: _, ...published } = ITEM;
    item = await waitFor('both registers to be known', async () => {
      const done = await call<ItemDone>(beijing, 'publishLetterItem', {
        json: {
          ...published,
          touchesStateSecurity: false,
          touchesPublicSafety: false,
          touchesLifeOrHealth: false,
          registers: ['1', '2'],
        },
      }).catch((error: unknown) => {
        if (isLedgerError(error, 'LETTER_ITEM_REGISTERS_INVALID')) return undefined;
        throw error;
      });
      return done;
    });
    const template = await call<ItemDone>(beijing, 'publishLetterTemplate', {
      params: { id: item.itemId },
      json: TEXTS,
    });
    templateId = template.templateId ?? '';
  });
  after(async () => {
    await stage?.stop();
    await temp?.remove();
  });

  /** As a third party does: over its own endpoint, by the contracts that it pinned. */
  async function verified(copy: unknown): Promise<LetterVerification> {
    const { view, processes, deployment } = (nodes[2] as LedgerNode).rooms;
    const pinned = { chainId: BigInt(deployment.chainId), contract: deployment.processes.letters };
    return verifyLetterCopy(JSON.stringify(copy), letterFacts(view, processes), pinned);
  }

  it('a letter is kept: proved eligible in two registers, promised, decided, checked; both copies verify', async () => {
    const letter = await informed(COMPANIES.kept);
    expect((await promise(letter)).state).to.equal('promised');
    await step('decideLetter', letter.id, { decision: '准予许可', mode: 'on-site', checkBy: '2026-07-31' });
    const kept = await step('checkLetter', letter.id, { kept: true, finding: '现场核查属实' });
    expect(kept).to.deep.include({ state: 'checked-true', outcome: 'none', recordId: null, overdue: [] });
    expect(kept.history.map(({ state }) => state)).to.deep.equal([
      'offered',
      'informed',
      'promised',
      'decided',
      'checked-true',
    ]);
    const { items } = await call<LetterCopies>(beijing, 'getLetterCopies', { params: { id: letter.id } });
    for (const copy of items) {
      const verification = await verified(copy);
      expect(verification.checks.filter(({ verdict }) => verdict === 'INVALID')).to.deep.equal([]);
      expect(verification).to.include({ overall: 'VALID', state: 'checked-true' });
      const terms = copy['terms'] as object;
      expect((await verified({ ...copy, terms: { ...terms, publicUntil: 5 } })).overall).to.equal('INVALID');
    }
  });

  it('a letter is broken: the record and its entry follow, and then a NO, which no register is told with', async () => {
    const letter = await informed(COMPANIES.broken);
    await promise(letter);
    await step('decideLetter', letter.id, { decision: '准予许可', mode: 'routine', checkBy: '2026-07-31' });
    const broken = await step('checkLetter', letter.id, {
      kept: false,
      finding: '经营场所与承诺不符',
      broken: { outcome: 'decision-revoked', legalBasis: '《行政许可法》第六十九条', record: RECORD },
    });
    expect(broken).to.include({ state: 'checked-false', outcome: 'decision-revoked' });
    const recordId = broken.recordId ?? '';
    const record = await call<CreditRecord>(beijing, 'getRecord', { params: { id: recordId } });
    expect(record).to.deep.include({
      kind: 15,
      class: 1,
      severity: 2,
      documentNumber: RECORD.documentNumber,
    });
    expect(record.fields).to.deep.include({ name: '告知承诺书编号', value: broken.letterId });
    await call(beijing, 'anchor', { params: { id: '1' } });
    await untilWitnessed([beijing]);
    const receipt = await call<Receipt>(beijing, 'getReceipt', { params: { recordId } });
    expect(receipt.entries[0]?.state).to.be.oneOf(['witnessed', 'final']);

    const next = await informed(COMPANIES.broken);
    const refused = await promise(next);
    expect(refused).to.include({ state: 'informed' });
    expect(refused.eligibility?.error?.code).to.equal('LETTER_NOT_ELIGIBLE');
    expect(refused.eligibility?.error?.operands).to.deep.equal({});
    const ended = await step('refuseLetter', next.id, { reason: 'not-eligible' });
    expect(ended.state).to.equal('refused');
  });

  it('the claims of another letter are refused by the contract, whoever sends them', async () => {
    const { rooms } = nodes[0] as LedgerNode;
    const questions = (await new QuestionStore(rooms.db).list(100))
      .filter(({ uscc, state }) => uscc === COMPANIES.kept.subject && state === 'answered')
      .sort((a, b) => Number(a.registerId - b.registerId));
    expect(questions).to.have.length(2);
    const letter = await informed(COMPANIES.other);
    const typed = letter.informed.typedData as never;
    const agency = await rooms.keyring.signTypedData('operator', typed);
    const data = encodeFunctionData({
      abi: commitmentLettersAbi,
      functionName: 'makePromise',
      args: [
        BigInt(letter.informed.letter.letterId ?? 0),
        await sign(letter.account, typed),
        agency,
        questions.map(({ answer }) => claimOf(answer as CreditAnswer)),
      ],
    });
    const from = rooms.keyring.operatorAddress;
    const refusal = await rooms.chain.simulate(
      { from, to: rooms.deployment.processes.letters, data },
      'latest',
    );
    expect(refusal?.operands['error']).to.equal('ClaimOfOtherLetter');
    // The same letter is promised with its own proofs: it was those that did not fit, and nothing else.
    expect((await promise(letter)).state).to.equal('promised');
  });

  it('a letter is withdrawn before the decision, and nothing adverse is left', async () => {
    const letter = await informed(COMPANIES.leaving);
    await promise(letter);
    const drawnUp = await call<Withdrawal>(beijing, 'drawUpWithdrawal', {
      params: { id: letter.id },
      json: { reason: '改为提交证明材料' },
    });
    const forged = await sign(newKey(), drawnUp.typedData as never);
    const withdraw = (signature: Hex): Promise<LetterDetail> =>
      step('withdrawLetter', letter.id, { document: drawnUp.document, signature });
    expect(await codeOf(withdraw(forged))).to.equal('LETTER_WRONG_APPLICANT_SIGNATURE');
    // Hebei relays it: the applicant does not depend on the authority that it withdraws from.
    await call(nodeOf('hebei').connection, 'relayWithdrawal', {
      json: {
        letterId: letter.informed.letter.letterId,
        reasonHash: drawnUp.reasonHash,
        signature: await sign(letter.account, drawnUp.typedData as never),
      },
    });
    await waitFor('the withdrawal to be followed', async () => (await show(letter.id)).state === 'withdrawn');
    const { items } = await call<{ items: CreditRecord[] }>(beijing, 'findRecords', {
      query: { subject: COMPANIES.leaving.subject },
    });
    expect(items).to.deep.equal([]);
    const late = step('decideLetter', letter.id, { decision: '准予', mode: 'exempt' });
    expect(await codeOf(late)).to.equal('LETTER_STATE_WRONG');
  });

  it('a pledge is published by an association’s node, which has no witness key, and observed by an authority', async () => {
    const { connection, memberId } = nodeOf('association');
    const company = newKey();
    const draft = await call<PledgeDraft>(connection, 'drawUpPledge', {
      json: {
        ...COMPANIES.kept,
        kind: 'comprehensive',
        text: '依法经营，接受社会监督',
        scope: '协会网站',
        publicUntil: '2027-06-01',
        pledger: company.address,
      },
    });
    const signature = await sign(company, draft.typedData as never);
    const { pledgeId } = await call<PledgeDone>(connection, 'publishPledge', {
      params: { id: draft.id },
      json: { signature },
    });
    const observe = (): Promise<unknown> =>
      call(beijing, 'observePledge', { params: { id: pledgeId ?? '' }, json: { text: '三月抽检不合格' } });
    await waitFor('the pledge to be followed', async () => (await codeOf(observe())) !== 'PLEDGE_UNKNOWN');
    const seen = await waitFor('the observation to be followed', async () => {
      const { items } = await call<{ items: Pledge[] }>(connection, 'listPledges');
      return items[0]?.observations.length === 1 ? items[0] : undefined;
    });
    expect(seen).to.deep.include({ association: memberId.toString(), own: true, isPublic: true });
    const [shown] = await (nodes[3] as LedgerNode).rooms.letters.publicPledges();
    expect(shown).to.include({ scope: '协会网站', observations: 1 });
    const item_ = call(connection, 'publishLetterItem', {
      json: {
        ...ITEM,
        touches: undefined,
        touchesStateSecurity: false,
        touchesPublicSafety: false,
        touchesLifeOrHealth: false,
      },
    });
    expect(await codeOf(item_)).to.equal('LETTER_NOT_AUTHORITY');
  });

  it('a filing is due in seven working days across a holiday; what does not come is marked and recorded', async () => {
    const account = newKey();
    const taken = await call<TakenIn>(beijing, 'takeInFiling', {
      json: {
        ...COMPANIES.other,
        matter: '食品经营许可',
        missing: ['健康证明'],
        promise: '七个工作日内补齐',
        applicant: account.address,
      },
    });
    const signature = await sign(account, taken.typedData as never);
    const { id } = taken.filing;
    const filing = await call<FilingDetail>(beijing, 'acceptFiling', { params: { id }, json: { signature } });
    expect(filing).to.include({
      state: 'accepted',
      acceptedDay: '2026-06-12',
      dueDay: '2026-06-24',
      daysLeft: 12,
    });
    const early = call(nodeOf('hebei').connection, 'markFilingOverdue', {
      params: { id: filing.filingId ?? '' },
      json: {},
    });
    expect(await codeOf(early)).to.be.oneOf(['FILING_NOT_YET_OVERDUE', 'FILING_UNKNOWN']);
    await stage.moveTime(13);
    await waitFor(
      'the node to mark it by itself',
      async () => {
        const view = await call<FilingDetail>(beijing, 'getFiling', { params: { id } });
        return view.state === 'overdue';
      },
      PATIENT,
    );
    const seen = await waitFor('Hebei to have followed it', async () => {
      const { items } = await call<{ items: MemberFiling[] }>(
        nodeOf('hebei').connection,
        'listMemberFilings',
      );
      return items[0]?.state === 'overdue' ? items[0] : undefined;
    });
    expect(seen).to.include({ own: false, overdue: true, authority: nodeOf('beijing').memberId.toString() });
    const recorded = await call<FilingDetail>(beijing, 'recordFiling', {
      params: { id },
      json: {
        legalBasis: '《优化营商环境条例》',
        record: { ...RECORD, documentNumber: '京示市监容〔2026〕2号' },
      },
    });
    expect(recorded).to.include({ isRecorded: true });
    const record = await call<CreditRecord>(beijing, 'getRecord', {
      params: { id: recorded.recordId ?? '' },
    });
    expect(record).to.include({ kind: 16, class: 1 });
  });

  it('the promise of a filing that no calendar covers is refused, with the year that is missing', async () => {
    await stage.moveTime(200); // The end of 2026: the year after is not known yet.
    const taken = call(beijing, 'takeInFiling', {
      json: {
        ...COMPANIES.other,
        matter: '食品经营许可',
        missing: ['健康证明'],
        promise: '补齐',
        applicant: newKey().address,
      },
    });
    expect(await codeOf(taken)).to.equal('FILING_CALENDAR_NOT_COVERED');
  });
});
