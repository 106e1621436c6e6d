import { consortiumAbi, LedgerView, ProcessView } from '@credit-ledger/sdk/chain';
import type { Hex } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { encodeFunctionData, keccak256, stringToBytes } from 'viem';
import { ChainLedgerReads } from '../../node/src/exchange/index.ts';
import { EventStore } from '../../node/src/store/index.ts';
import { codeOf } from '../support/codes.ts';
import { waitFor } from '../support/wait.ts';
import { LedgerStage, type Member } from '../witness/support/stage.ts';

describe('A contract that the council puts in force and the node does not know', function () {
  this.timeout(120_000);
  let stage: LedgerStage;

  before(async () => {
    stage = await LedgerStage.make();
  });
  afterEach(() => stage.end());
  after(() => stage.close());

  const putInForce = (name: string, address: Hex, version: number): Promise<void> =>
    stage.decide(
      '启用新合约',
      stage.deployment.consortium,
      encodeFunctionData({
        abi: consortiumAbi,
        functionName: 'putInForce',
        args: [keccak256(stringToBytes(name)), address, version],
      }),
    );
  const untilNotUnderstood = (member: Member): Promise<unknown> =>
    waitFor('the node to see it', async () => member.inForce.notUnderstood().length > 0);

  it('stops all that it would write or answer, says why, keeps following, and goes on when the chain loses it', async () => {
    const { beijing, tianjin } = await stage.begin();
    await beijing.open();
    const snapshot = await stage.test.snapshot();
    // Another contract under the name, as an upgrade would be.
    await putInForce('CreditRegisters', stage.deployment.grants, 2);
    await untilNotUnderstood(beijing);
    expect(beijing.inForce.notUnderstood()).to.deep.equal([
      { name: 'CreditRegisters', version: 2, address: stage.deployment.grants.toLowerCase() },
    ]);
    const [record] = await beijing.anchor({});
    await waitFor(
      'the writer to say so',
      async () => (await beijing.outbox.status()).operator.lastError?.code === 'CONTRACTS_NOT_UNDERSTOOD',
    );
    const client = beijing.client.viem as never;
    const facts = new ChainLedgerReads({
      chain: beijing.client,
      view: new LedgerView(client, stage.deployment),
      processes: new ProcessView(client, stage.deployment.processes),
      events: new EventStore(beijing.db),
      requireFit: () => beijing.inForce.requireUnderstood(),
    });
    expect(await codeOf(facts.now())).to.equal('CONTRACTS_NOT_UNDERSTOOD');
    await stage.test.mine({ blocks: 2 });
    const head = await stage.public.getBlockNumber({ cacheTime: 0 });
    await beijing.follower.waitForBlock(head);

    await untilNotUnderstood(tianjin);
    await stage.test.revert({ id: snapshot });
    await stage.test.mine({ blocks: 1 });
    await beijing.untilRecord(record?.id ?? 0n, 'witnessed');
    expect(beijing.inForce.notUnderstood()).to.deep.equal([]);
    expect(await codeOf(facts.now())).to.equal('nothing was refused');
  });

  it('stops for a version that it does not know, though the contract is the one that it knows', async () => {
    const { beijing } = await stage.begin();
    await putInForce('AnswerLog', stage.deployment.answerLog, 7);
    await untilNotUnderstood(beijing);
    expect(beijing.inForce.notUnderstood()[0]).to.deep.include({ name: 'AnswerLog', version: 7 });
    const again = await stage.restart(beijing);
    await again.inForce.start(again.db);
    expect(again.inForce.notUnderstood(), 'before anything was followed anew').to.have.length(1);
  });

  it('is not troubled by a name that it has nothing to do with', async () => {
    const { beijing } = await stage.begin();
    await putInForce('SomethingElse', stage.deployment.grants, 1);
    await beijing.open();
    expect(beijing.inForce.notUnderstood()).to.deep.equal([]);
  });
});
