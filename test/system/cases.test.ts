import { parseNetworkFile, verifyReport, type CreditReport } from '@credit-ledger/sdk/answer';
import { creditCasesAbi } from '@credit-ledger/sdk/chain';
import {
  addMonths,
  dateOfDay,
  type EntryBody,
  entryCommitmentOf,
  type Hex,
  isLedgerError,
  type LedgerError,
  dayOfDate,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { encodeFunctionData } from 'viem';
import type { Case, CaseDetail, CaseDraft, FiledCase } from '../../node/src/api/schemas/cases.ts';
import type { CreditRecord } from '../../node/src/api/schemas/intake.ts';
import type { Receipt, Sent } from '../../node/src/api/schemas/ledger.ts';
import { EventStore } from '../../node/src/store/index.ts';
import { chainTime, companyOf, type Player, playerOf, registerOf } from '../../scripts/lib/acts/play.ts';
import { anchorAll, fillRegisters, giveGrant } from '../../scripts/lib/acts/registers.ts';
import { bindKey, sign } from '../../scripts/lib/acts/subject-key.ts';
import { untilAnswered } from '../../scripts/lib/errands.ts';
import { decideInCouncil } from '../../scripts/lib/found.ts';
import type { CastMember } from '../../scripts/lib/samples.ts';
import { waitFor } from '../support/wait.ts';
import { testPlay, type TestPlay } from './support/play.ts';

const PATIENT = { timeoutMilliseconds: 60_000, everyMilliseconds: 100 };
const MET = ['obligations-done', 'public-promise'] as const;
const REASON = '系统测试';

describe('cases on a real chain, between three nodes', function () {
  this.timeout(600_000);
  let told: TestPlay;
  let beijing: Player;
  let tianjin: Player;
  let hebei: Player;
  let register: string;

  before(async () => {
    told = await testPlay();
    const { play, stage } = told;
    beijing = playerOf(play, 'beijing');
    tianjin = playerOf(play, 'tianjin');
    hebei = playerOf(play, 'hebei');
    await fillRegisters(play);
    register = await registerOf(beijing);
    for (const application of ['procurement-qualification', 'commitment-eligibility']) {
      await giveGrant(play, beijing, hebei, application);
    }
    const { deployment } = play;
    await decideInCouncil({
      rpcUrl: play.rpcUrl,
      deployment,
      seats: [stage.seats[0], stage.seats[1]],
      summary: 'Tianjin may decide repairs in Beijing’s place',
      calls: [
        {
          target: deployment.processes.cases,
          data: encodeFunctionData({
            abi: creditCasesAbi,
            functionName: 'setSuperior',
            args: [beijing.memberId, tianjin.memberId],
          }),
        },
      ],
    });
  });
  after(() => told?.dispose());

  const nodeOf = (player: Player) => {
    const node = told.nodes[told.play.players.indexOf(player)];
    if (node === undefined) throw new Error(`no node of ${player.name}`);
    return node;
  };
  const caseOf = async (player: Player, id: string): Promise<CaseDetail> =>
    (await player.connection.call<CaseDetail>('getCase', { params: { id }, reason: REASON })).body;
  const untilCase = (player: Player, id: string, state: Case['state']): Promise<CaseDetail> =>
    waitFor(
      `case ${id} ${state} at ${player.name}`,
      async () => {
        const found = await caseOf(player, id).catch((error: unknown) => {
          if (isLedgerError(error, 'CASE_UNKNOWN')) return undefined;
          throw error;
        });
        return found?.state === state ? found : undefined;
      },
      PATIENT,
    );
  const wishOf = (type: Case['type'], company: CastMember): Record<string, unknown> => ({
    type,
    register,
    subject: company.uscc,
    documentNumber: company.documentNumber,
    grounds: '请予核实',
    ...(type === 'repair' ? { conditionsMet: MET } : {}),
  });
  const file = async (player: Player, wish: Record<string, unknown>): Promise<string> => {
    const { body } = await player.connection.call<FiledCase>('fileCase', { json: wish });
    expect(body.sent.state).to.equal('mined');
    return body.case ?? '';
  };
  const decide = async (player: Player, id: string, decision: object): Promise<void> => {
    const { body } = await player.connection.call<Sent>('decideCase', { params: { id }, json: decision });
    expect(body.state).to.equal('mined');
  };
  const ask = async (company: CastMember, application: string, predicate: string): Promise<string> => {
    const { answer, disputed } = await untilAnswered(hebei.connection, {
      subject: company.uscc,
      member: beijing.memberId.toString(),
      application,
      predicate,
      reason: REASON,
    });
    return `${answer === true ? 'YES' : 'NO'}${disputed === true ? ' disputed' : ''}`;
  };
  const refusal = async (work: Promise<unknown>): Promise<LedgerError> => {
    try {
      await work;
    } catch (error) {
      if (isLedgerError(error)) return error;
      throw error;
    }
    throw new Error('nothing was refused');
  };
  const records = async (company: CastMember): Promise<CreditRecord[]> =>
    (
      await beijing.connection.call<{ items: CreditRecord[] }>('findRecords', {
        query: { subject: company.uscc },
        reason: REASON,
      })
    ).body.items;
  const ops = async (recordId: string): Promise<string[]> =>
    (await beijing.connection.call<Receipt>('getReceipt', { params: { recordId } })).body.entries.map(
      ({ op }) => op,
    );
  const report = async (company: CastMember): Promise<CreditReport> =>
    (
      await beijing.connection.call<CreditReport>('getReport', {
        params: { uscc: company.uscc },
        reason: REASON,
      })
    ).body;

  it('a dispute of another region’s member puts a flag on the answers until the source corrects the record', async () => {
    const severe = companyOf(told.play, 'severe');
    expect(await ask(severe, 'procurement-qualification', 'no-severe-default')).to.equal('NO');
    const id = await file(hebei, wishOf('dispute', severe));
    const received = await untilCase(beijing, id, 'received');
    expect(received.private).to.deep.include({
      subject: severe.uscc,
      signedBySubject: false,
      objection: null,
    });
    expect(received.daysLeft).to.be.greaterThan(7);
    await anchorAll(told.play);
    expect(await ask(severe, 'procurement-qualification', 'no-severe-default')).to.equal('NO disputed');
    const byOther = await refusal(
      tianjin.connection.call('decideCase', { params: { id }, json: { outcome: 'revoked', reasons: 'x' } }),
    );
    expect(byOther.code).to.equal('CASE_NOT_THE_DECIDER');
    await decide(beijing, id, {
      outcome: 'corrected',
      reasons: '罚款金额录入有误',
      corrections: [{ column: '罚款金额（万元）', value: '50' }],
    });
    await untilCase(hebei, id, 'corrected');
    await anchorAll(told.play);
    expect(await ask(severe, 'procurement-qualification', 'no-severe-default')).to.equal('NO');
    const versions = await records(severe);
    expect(versions.map(({ amountFen }) => amountFen)).to.deep.equal(['60000000', '50000000']);

    // The filer can find the entry that the decision speaks of among those on the chain, and nobody else can.
    const seen = await waitFor(
      'the reasons at the filer',
      async () => {
        const detail = await caseOf(hebei, id);
        return detail.private?.decision === null || detail.private === null ? undefined : detail;
      },
      PATIENT,
    );
    expect(seen.private?.decision?.reasons).to.equal('罚款金额录入有误');
    const entry = seen.private?.entry;
    const body = BigInt(entry?.body ?? 0) as EntryBody;
    expect(entryCommitmentOf((entry?.salt ?? '0x') as Hex, BigInt(register), body)).to.equal(
      seen.entryCommitment,
    );
    const batches = await new EventStore(nodeOf(hebei).rooms.db).events({ names: ['BatchAppended'] });
    expect(JSON.stringify(batches.map(({ args }) => args['entries']))).to.include(entry?.body);
  });

  it('a dispute that is upheld leaves the record, and the entry says that it was looked into', async () => {
    const general = companyOf(told.play, 'general');
    const id = await file(hebei, wishOf('dispute', general));
    await untilCase(beijing, id, 'received');
    await decide(beijing, id, { outcome: 'upheld', reasons: '经核实无误' });
    await untilCase(hebei, id, 'upheld');
    const [record] = await records(general);
    expect(await ops(record?.id ?? '')).to.deep.equal(['record', 'dispute', 'settle']);
  });

  it('a repair before its time is turned away by the source with the day from which it is possible', async () => {
    const severe = companyOf(told.play, 'severe');
    const count = async (): Promise<number> =>
      (await hebei.connection.call<{ items: Case[] }>('listCases')).body.items.length;
    const before = await count();
    const early = await refusal(hebei.connection.call('fileCase', { json: wishOf('repair', severe) }));
    const [record] = await records(severe);
    expect([early.code, early.operands['earliestDate']]).to.deep.equal([
      'CASE_REPAIR_TOO_EARLY',
      dateOfDay(addMonths(dayOfDate(record?.date ?? ''), 12)),
    ]);
    const guessed = await refusal(
      hebei.connection.call('fileCase', { json: { ...wishOf('repair', severe), documentNumber: '京猜1号' } }),
    );
    expect(guessed.code).to.equal('CASE_ENTRY_UNKNOWN');
    expect(await count()).to.equal(before);
  });

  it('a repair that the subject signed, granted by the source, turns NO into YES as soon as it is anchored', async () => {
    const old = companyOf(told.play, 'old');
    const { account, bindingId, salt } = await bindKey(told.play, beijing, old);
    const { body: draft } = await hebei.connection.call<CaseDraft>('draftCase', {
      json: { ...wishOf('repair', old), binding: bindingId },
    });
    const signature = await sign(account, draft.typedData);
    expect(await ask(old, 'commitment-eligibility', 'may-promise')).to.equal('NO');
    const { body: filed } = await hebei.connection.call<FiledCase>('fileSignedCase', {
      json: { document: draft.document, binding: { bindingId, salt, signature } },
    });
    expect(filed.delivered).to.equal('accepted');
    const id = filed.case ?? '';
    const received = await untilCase(beijing, id, 'received');
    expect(received.private?.signedBySubject).to.equal(true);
    await decide(beijing, id, { outcome: 'granted', reasons: '准予信用修复', conditionsMet: MET });
    await untilCase(hebei, id, 'carried-out');
    // The report says so at once; an answer is proved from what is on the chain.
    const annotated = await report(old);
    expect(
      annotated.records[0]?.annotations.map(({ state, ruleSet, anchored }) => [state, ruleSet, anchored]),
    ).to.deep.equal([['repaired', '2026-36', false]]);
    expect(await ask(old, 'commitment-eligibility', 'may-promise')).to.equal('NO');
    await anchorAll(told.play);
    expect(await ask(old, 'commitment-eligibility', 'may-promise')).to.equal('YES');

    const anchored = await report(old);
    expect(anchored.records[0]?.annotations[0]?.anchored).to.equal(true);
    const network = parseNetworkFile((await hebei.connection.call('getNetwork')).body);
    const expected = { now: await chainTime(told.play), subject: old.uscc };
    expect(verifyReport(anchored, network, expected).reason).to.equal('REPORT_VALID');
    const [record] = anchored.records;
    const altered = { ...anchored, records: [{ ...record, documentNumber: '京示市监罚〔演示〕9号' }] };
    expect(verifyReport(altered, network, expected).reason).to.equal('REPORT_SIGNATURE_WRONG');
  });

  it('a repair that the superior granted is carried out by the source’s node, without its officers', async () => {
    const general = companyOf(told.play, 'general');
    const id = await file(hebei, wishOf('repair', general));
    await untilCase(tianjin, id, 'received');
    const seen = await waitFor(
      'the facts at the superior',
      async () => {
        const { private: kept } = await caseOf(tianjin, id);
        return kept?.facts ?? undefined;
      },
      PATIENT,
    );
    expect(seen.severity.source).to.equal(beijing.memberId.toString());
    await decide(tianjin, id, { outcome: 'granted', reasons: '准予信用修复', conditionsMet: MET });
    const done = await untilCase(beijing, id, 'carried-out');
    expect(done.decidedBy).to.equal(tianjin.memberId.toString());
    const [record] = await records(general);
    expect(await ops(record?.id ?? '')).to.deep.equal(['record', 'dispute', 'settle', 'repair']);
    const again = await refusal(hebei.connection.call('fileCase', { json: wishOf('repair', general) }));
    expect(again.code).to.equal('CASE_ALREADY_REPAIRED');
  });

  it('a case that nobody decides in time is counted by who filed it, and every member sees it', async () => {
    const severe = companyOf(told.play, 'severe');
    const id = await file(hebei, wishOf('dispute', severe));
    await untilCase(beijing, id, 'received');
    const soon = await refusal(tianjin.connection.call('markCaseOverdue', { params: { id } }));
    expect(soon.code).to.equal('CASE_NOT_OVERDUE');
    await told.stage.moveTime(20);
    await waitFor('the chain’s count', async () => (await caseOf(hebei, id)).counted, PATIENT);
    for (const player of [beijing, tianjin, hebei]) {
      const { items } = (
        await player.connection.call<{ items: Case[] }>('listCases', { query: { overdue: 'true' } })
      ).body;
      const late = items.find((each) => each.id === id);
      expect(late?.daysLeft, player.name).to.be.lessThan(0);
    }
  });
});
