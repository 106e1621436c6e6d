import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { bytesToHex, encodeFunctionData, type Hex } from 'viem';
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts';
import { OutboxStore } from '../../node/src/store/index.ts';
import { waitFor } from '../support/wait.ts';
import { LedgerStage, type Member } from '../witness/support/stage.ts';

const NOTHING_TO_OBJECT_TO: Hex = `0x${'00'.repeat(32)}`;

describe('A member whose keys the council changes', function () {
  this.timeout(120_000);
  let stage: LedgerStage;

  before(async () => {
    stage = await LedgerStage.make();
  });
  afterEach(async () => {
    await stage.test.setAutomine(true);
    await stage.end();
  });
  after(() => stage.close());

  const head = (): Promise<bigint> => stage.public.getBlockNumber({ cacheTime: 0 });
  const newKeys = async ({ keyring }: Member): Promise<{ operator: Hex; witness: Hex }> => ({
    operator: await keyring.createKey('operator'),
    witness: await keyring.createKey('witness'),
  });
  const mineTo = async (block: bigint): Promise<void> => {
    const blocks = Number(block - (await head()));
    if (blocks > 0) await stage.test.mine({ blocks });
  };
  const anchored = async (member: Member): Promise<bigint> => {
    const [record] = await member.anchor({});
    await member.untilRecord(record?.id ?? 0n, 'witnessed');
    return record?.id ?? 0n;
  };
  /** The contracts' answer to a call with an operator key. */
  const answerTo = async (member: Member, from: Hex): Promise<unknown> => {
    const data = encodeFunctionData({
      abi: creditRegistersAbi,
      functionName: 'append',
      args: [1n, NOTHING_TO_OBJECT_TO, NOTHING_TO_OBJECT_TO, []],
    });
    const to = stage.deployment.registers;
    const error = await member.client.simulate({ from, to, data }, 'latest');
    return isLedgerError(error) ? error.operands['error'] : undefined;
  };
  /** A batch that was signed and that no block took; its writers stand still. */
  async function signedAndNotMined(member: Member): Promise<{ recordId: bigint; rowId: bigint; rawTx: Hex }> {
    await stage.test.setAutomine(false);
    const [record] = await member.anchor({});
    const row = await waitFor('the batch to be signed', async () => {
      const [latest] = await new OutboxStore(member.db).list(1);
      return latest?.kind === 'append' && latest.state === 'sent' ? latest : undefined;
    });
    await member.outbox.stop();
    const [attempt] = await new OutboxStore(member.db).attemptsOf(row.id);
    const hash = bytesToHex(attempt?.txHash ?? new Uint8Array());
    // Whether it had been sent by then or not: it is in no pool now.
    await stage.test.dropTransaction({ hash }).catch(() => undefined);
    return {
      recordId: record?.id ?? 0n,
      rowId: row.id,
      rawTx: bytesToHex(attempt?.rawTx ?? new Uint8Array()),
    };
  }

  it('goes on anchoring and witnessing under the new keys from their block on, everything once', async () => {
    const { beijing, tianjin } = await stage.begin();
    const registerId = await beijing.open();
    const former = { operator: beijing.keyring.operatorAddress, witness: tianjin.keyring.witnessAddress };
    await anchored(beijing);
    const keys = { beijing: await newKeys(beijing), tianjin: await newKeys(tianjin) };
    const fromBlock = await stage.changeKeys(beijing.memberId, keys.beijing, 16n);
    await stage.changeKeys(tianjin.memberId, keys.tianjin);
    await waitFor('the change to be shown', async () => beijing.ownKeys.status().next !== null);
    expect(beijing.ownKeys.status().next).to.deep.include({ fromBlock });
    expect(beijing.keyring.operatorAddress).to.equal(former.operator);

    let records = 1;
    for (; (await head()) < fromBlock + 4n; records += 1) await anchored(beijing);
    expect(await stage.register(registerId)).to.deep.include({
      headSeq: BigInt(records),
      size: BigInt(records),
    });
    expect(beijing.keyring.operatorAddress).to.equal(keys.beijing.operator);
    expect(tianjin.keyring.witnessAddress).to.equal(keys.tianjin.witness);
    expect(beijing.ownKeys.status()).to.deep.equal({ held: { operator: true, witness: true }, next: null });
    expect(await answerTo(beijing, former.operator)).to.equal('NotOperator');
    expect(await answerTo(beijing, keys.beijing.operator)).not.to.equal('NotOperator');
    const rows = await new OutboxStore(beijing.db).list(100, 'failed');
    expect(rows, 'transactions that failed').to.deep.equal([]);
    const { counts } = await nonces(beijing);
    expect(counts[keys.beijing.operator.toLowerCase()], 'the new key’s own nonces, from 0 on').to.equal(0);
  });

  /** The lowest nonce of each sender. */
  async function nonces(member: Member): Promise<{ counts: Record<string, number> }> {
    const counts: Record<string, number> = {};
    for (const row of await new OutboxStore(member.db).list(100, 'mined')) {
      for (const { sender, nonce } of await new OutboxStore(member.db).attemptsOf(row.id)) {
        counts[sender ?? ''] = Math.min(counts[sender ?? ''] ?? Infinity, Number(nonce));
      }
    }
    return { counts };
  }

  it('is known by its keys of the past, and signs with those of now, after a restart', async () => {
    const { beijing } = await stage.begin();
    const registerId = await beijing.open();
    const keys = await newKeys(beijing);
    await mineTo(await stage.changeKeys(beijing.memberId, keys));
    await waitFor('the keys to turn', async () => beijing.keyring.operatorAddress === keys.operator);
    // As a keyring that is opened anew: it does not know which of its keys holds.
    const [first] = beijing.keyring.addresses('operator');
    beijing.keyring.use('operator', first ?? '0x');
    const again = await stage.restart(beijing);
    await again.ownKeys.start();
    expect(again.keyring.operatorAddress).to.equal(keys.operator);
    again.start();
    await anchored(again);
    expect((await again.registers.status()).registerId).to.equal(registerId);
  });

  it('signs anew what the former key had signed and no block took', async () => {
    const { beijing } = await stage.begin();
    await beijing.open();
    const keys = await newKeys(beijing);
    const fromBlock = await stage.changeKeys(beijing.memberId, keys, 12n);
    const { recordId, rowId } = await signedAndNotMined(beijing);
    await mineTo(fromBlock);
    await waitFor('the keys to turn', async () => beijing.keyring.operatorAddress === keys.operator);
    await stage.test.setAutomine(true);
    beijing.outbox.start();
    await beijing.untilRecord(recordId, 'witnessed');
    const senders = (await new OutboxStore(beijing.db).attemptsOf(rowId)).map(({ sender }) => sender);
    expect(senders[0]).to.equal(keys.operator.toLowerCase());
    expect(senders.length).to.be.greaterThan(1);
  });

  it('signs anew what came into a block too late for the former key, and fails nothing', async () => {
    const { beijing } = await stage.begin();
    const registerId = await beijing.open();
    const keys = await newKeys(beijing);
    const fromBlock = await stage.changeKeys(beijing.memberId, keys, 12n);
    const { recordId, rowId, rawTx } = await signedAndNotMined(beijing);
    await mineTo(fromBlock - 1n);
    const hash = await stage.public.sendRawTransaction({ serializedTransaction: rawTx });
    await stage.test.mine({ blocks: 1 });
    const late = await stage.public.getTransactionReceipt({ hash });
    expect([late.status, late.blockNumber]).to.deep.equal(['reverted', fromBlock]);
    await stage.test.setAutomine(true);
    beijing.outbox.start();
    await beijing.untilRecord(recordId, 'witnessed');
    expect(await beijing.outbox.get(rowId)).to.deep.include({ state: 'mined', error: null });
    expect(await stage.register(registerId)).to.deep.include({ headSeq: 1n, size: 1n });
  });

  it('signs with the former keys again when the chain loses the change', async () => {
    const { beijing } = await stage.begin();
    await beijing.open();
    await anchored(beijing);
    const former = beijing.keyring.operatorAddress;
    const snapshot = await stage.test.snapshot();
    const keys = await newKeys(beijing);
    await mineTo(await stage.changeKeys(beijing.memberId, keys));
    await anchored(beijing);
    expect(beijing.keyring.operatorAddress).to.equal(keys.operator);
    await stage.test.revert({ id: snapshot });
    await stage.test.mine({ blocks: 1 });
    await waitFor('the former key', async () => beijing.keyring.operatorAddress === former);
    await anchored(beijing);
  });

  it('takes in a key that was made beside the running node', async () => {
    const { beijing } = await stage.begin();
    await beijing.open();
    const elsewhere = await stage.openKeys(beijing);
    const operator = await elsewhere.createKey('operator');
    const witness = await elsewhere.createKey('witness');
    expect(beijing.keyring.addresses('operator')).not.to.include(operator);
    await mineTo(await stage.changeKeys(beijing.memberId, { operator, witness }));
    await anchored(beijing);
    expect(beijing.keyring.operatorAddress).to.equal(operator);
  });

  it('waits and says so when it does not hold the keys in force, and goes on when it does', async () => {
    const { beijing } = await stage.begin();
    await beijing.open();
    const stranger = () => privateKeyToAddress(generatePrivateKey());
    const { witnessAddress: witness } = beijing.keyring;
    await mineTo(await stage.changeKeys(beijing.memberId, { operator: stranger(), witness }));
    await waitFor('the missing key to be noticed', async () => !beijing.ownKeys.status().held.operator);
    expect(beijing.ownKeys.status().held).to.deep.equal({ operator: false, witness: true });
    const [record] = await beijing.anchor({});
    const { lastError } = await waitFor('the writer to wait', async () => {
      const { operator } = await beijing.outbox.status();
      return operator.lastError === null ? undefined : operator;
    });
    expect(lastError?.code).to.equal('OUTBOX_KEY_NOT_IN_FORCE');
    const operator = await beijing.keyring.createKey('operator');
    await mineTo(await stage.changeKeys(beijing.memberId, { operator, witness }));
    await beijing.untilRecord(record?.id ?? 0n, 'witnessed');
    expect(beijing.ownKeys.status().held.operator).to.equal(true);
  });
});
