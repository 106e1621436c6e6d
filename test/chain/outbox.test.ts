import { expect } from 'chai';
import { parseEther, parseGwei, type Hex } from 'viem';
import { Outbox, type TransactionRequest } from '../../node/src/chain/outbox.ts';
import type { FileKeyring } from '../../node/src/keys/index.ts';
import type { Database } from '../../node/src/store/database.ts';
import { OutboxStore } from '../../node/src/store/outbox.ts';
import { ChainStage, testKeyring } from '../support/chain.ts';
import { emptyTables, memoryDatabase, type TestDatabase } from '../support/database.ts';
import { deployer, noteData, probeAbi, probeData } from '../support/probe.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection, waitFor } from '../support/wait.ts';
import { startAnvil } from '../../scripts/lib/anvil.ts';

describe('the outbox', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let db: Database;
  let keyring: FileKeyring;
  let removeKeyring: () => Promise<void>;
  let stage: ChainStage;

  before(async () => {
    database = await memoryDatabase();
    db = database.db;
    ({ keyring, remove: removeKeyring } = await testKeyring());
  });
  after(async () => {
    await database.dispose();
    await removeKeyring();
  });
  beforeEach(() => emptyTables(db));
  afterEach(() => stage.dispose());

  const stageWith = async (options: Parameters<typeof ChainStage.make>[2] = {}): Promise<void> => {
    stage = await ChainStage.make(db, keyring, options);
  };
  const request = (value: number, change: Partial<TransactionRequest> = {}): TransactionRequest => ({
    kind: 'note',
    dedupeKey: `note:${value}`,
    role: 'operator',
    to: stage.probe,
    data: noteData(value),
    ...change,
  });
  const enqueue = (outbox: Outbox, ...requests: TransactionRequest[]): Promise<bigint[]> =>
    db.transaction(async (tx) => {
      const ids: bigint[] = [];
      for (const one of requests) ids.push(await outbox.enqueue(tx, one));
      return ids;
    });
  const operatorCount = (): Promise<number> =>
    stage.hand.getTransactionCount({ address: keyring.operatorAddress });
  const stateOf = async (outbox: Outbox, id: bigint): Promise<string> => (await outbox.get(id)).state;
  const sends = (): number => stage.proxy.calls.get('eth_sendRawTransaction') ?? 0;
  /** Somebody else sends from the operator's account. */
  const stealNonce = async (): Promise<void> => {
    await stage.hand.impersonateAccount({ address: keyring.operatorAddress });
    await stage.hand.sendUnsignedTransaction({
      from: keyring.operatorAddress,
      to: deployer.address,
      value: 1n,
    });
    await stage.hand.stopImpersonatingAccount({ address: keyring.operatorAddress });
  };

  describe('when all goes well', () => {
    beforeEach(() => stageWith());

    it('sends in order and each once, also what waits for what comes before it', async () => {
      const outbox = stage.outbox();
      const ids = await enqueue(outbox, ...Array.from({ length: 8 }, (_, value) => request(value)));
      const mined = await Promise.all(ids.map((id) => outbox.waitFor(id)));
      expect(await stage.next()).to.equal(8n);
      expect(await operatorCount()).to.equal(8);
      const blocks = mined.map(({ blockNumber }) => blockNumber);
      expect(blocks).to.deep.equal([...blocks].sort((a, b) => Number(a - b)));
    });

    it('sends nothing that was asked for in a transaction that did not commit', async () => {
      const outbox = stage.outbox();
      await rejection(
        db.transaction(async (tx) => {
          await outbox.enqueue(tx, request(5, { dedupeKey: 'lost' }));
          throw new Error('changed my mind');
        }),
      );
      const [id = 0n] = await enqueue(outbox, request(0));
      await outbox.waitFor(id);
      expect(await operatorCount()).to.equal(1);
    });

    it('sends once what is asked for twice under one key, and refuses another thing under it', async () => {
      const outbox = stage.outbox();
      const [first = 0n] = await enqueue(outbox, request(0));
      const [again = 0n] = await enqueue(outbox, request(0));
      expect(again).to.equal(first);
      await outbox.waitFor(first);
      expect(await enqueue(outbox, request(0))).to.deep.equal([first]);
      for (const other of [
        request(0, { data: noteData(1) }),
        request(0, { role: 'witness' }),
        request(0, { kind: 'else' }),
        request(0, { to: deployer.address }),
      ]) {
        expect((await rejection(enqueue(outbox, other))).code).to.equal('OUTBOX_DEDUPE_CONFLICT');
      }
      expect(await operatorCount()).to.equal(1);
    });

    it('gives each role its own account and sequence: one does not wait for the other', async () => {
      await stage.hand.setBalance({ address: keyring.operatorAddress, value: 0n });
      const outbox = stage.outbox();
      const [blocked = 0n, free = 0n] = await enqueue(
        outbox,
        request(9, { dedupeKey: 'unfunded', data: '0x', to: deployer.address }),
        request(0, { role: 'witness' }),
      );
      await outbox.waitFor(free);
      expect(await stateOf(outbox, blocked)).not.to.equal('mined');
      const [event] = await stage.hand.getContractEvents({
        address: stage.probe,
        abi: probeAbi,
        fromBlock: 0n,
      });
      expect(event?.args.from).to.equal(keyring.witnessAddress);
    });

    it('refuses one key for both roles', async () => {
      const same = Object.create(keyring, {
        operatorAddress: { value: keyring.operatorAddress },
        witnessAddress: { value: keyring.operatorAddress },
      }) as FileKeyring;
      expect(() => new Outbox({ db, client: stage.client(), keyring: same, clock: stage.clock }))
        .to.throw()
        .with.property('code', 'OUTBOX_ONE_KEY_FOR_TWO_ROLES');
    });

    it('lets a wait be ended, and knows no transaction that it was not given', async () => {
      const outbox = stage.outbox();
      await outbox.stop();
      const [id = 0n] = await enqueue(outbox, request(0));
      const abort = new AbortController();
      const waiting = rejection(outbox.waitFor(id, abort.signal));
      abort.abort(new Error('enough'));
      expect((await waiting).message).to.equal('enough');
      expect((await rejection(outbox.waitFor(999n))).code).to.equal('OUTBOX_UNKNOWN');
    });
  });

  describe('when the contract refuses', () => {
    beforeEach(() => stageWith());

    it("fails with the contract's own error and its operands, sends nothing, and goes on with the next", async () => {
      const outbox = stage.outbox();
      const [wrong = 0n, forbidden = 0n, right = 0n] = await enqueue(
        outbox,
        request(5),
        request(6, { data: probeData('forbid') }),
        request(0),
      );
      const error = await rejection(outbox.waitFor(wrong));
      expect(error.code).to.equal('CHAIN_REVERTED');
      expect(error.operands).to.include({ error: 'NotNext', expected: '0', actual: '5' });
      expect((await rejection(outbox.waitFor(forbidden))).operands).to.include({ error: 'Forbidden' });
      await outbox.waitFor(right);
      expect(await operatorCount()).to.equal(1);
    });

    it('tries a failed one again only when asked to', async () => {
      const outbox = stage.outbox();
      const [id = 0n] = await enqueue(outbox, request(1));
      await rejection(outbox.waitFor(id));
      const [zero = 0n] = await enqueue(outbox, request(0));
      await outbox.waitFor(zero);
      await enqueue(outbox, request(1));
      expect(await stateOf(outbox, id)).to.equal('failed');
      expect(await enqueue(outbox, request(1, { ifFailed: 'retry' }))).to.deep.equal([id]);
      await outbox.waitFor(id);
      expect(await stage.next()).to.equal(2n);
    });

    it('fails what fits no block instead of trying it for ever', async () => {
      const outbox = stage.outbox();
      const [id = 0n, next = 0n] = await enqueue(
        outbox,
        request(1, { data: probeData('devour') }),
        request(0),
      );
      expect((await rejection(outbox.waitFor(id))).code).to.be.oneOf([
        'TRANSACTION_TOO_LARGE',
        'CHAIN_REVERTED',
      ]);
      await outbox.waitFor(next);
    });
  });

  it('fails with the decoded error what another transaction overtook, and can try it anew', async () => {
    await stageWith();
    await stage.hand.setAutomine(false);
    const outbox = stage.outbox();
    const [id = 0n] = await enqueue(outbox, request(0));
    await waitFor(
      'the transaction to be pending',
      async () => (await stage.hand.getTxpoolStatus()).pending === 1,
    );
    await stage.hand.impersonateAccount({ address: deployer.address });
    await stage.hand.sendUnsignedTransaction({
      from: deployer.address,
      to: stage.probe,
      data: noteData(0),
      gas: 200_000n,
      maxFeePerGas: parseGwei('500'),
      maxPriorityFeePerGas: parseGwei('100'),
    });
    await stage.hand.mine({ blocks: 1 });
    const error = await rejection(outbox.waitFor(id));
    expect(error.operands).to.include({ error: 'NotNext', expected: '1', actual: '0' });
    expect((await outbox.get(id)).blockNumber).to.equal(await stage.hand.getBlockNumber());

    await stage.hand.setAutomine(true);
    await stage.hand.setStorageAt({ address: stage.probe, index: 0, value: `0x${'00'.repeat(32)}` });
    await db.transaction((tx) => outbox.retry(tx, id));
    await outbox.waitFor(id);
    expect(await operatorCount()).to.equal(2);
  });

  describe('when the process is killed', () => {
    beforeEach(() => stageWith());

    it('before it signed: signs and sends after the restart', async () => {
      stage.proxy.fate = (method) => (method === 'eth_estimateGas' ? 'drop' : 'pass');
      const killed = stage.outbox();
      const [id = 0n] = await enqueue(killed, request(0));
      await waitFor('it to fail', async () => (await killed.status()).operator.lastError);
      await killed.stop();
      expect(await stateOf(killed, id)).to.equal('queued');
      stage.proxy.fate = () => 'pass';
      await stage.outbox().waitFor(id);
      expect(await stage.next()).to.equal(1n);
    });

    it('after it stored and before it sent: sends the very transaction that was stored', async () => {
      stage.proxy.fate = (method) => (method === 'eth_sendRawTransaction' ? 'drop' : 'pass');
      const killed = stage.outbox();
      const [id = 0n] = await enqueue(killed, request(0));
      await waitFor('it to fail to send', async () => (await killed.status()).operator.lastError);
      await killed.stop();
      const stored = await killed.get(id);
      expect(stored.state).to.equal('sent');
      expect(await operatorCount()).to.equal(0);
      stage.proxy.fate = () => 'pass';
      const restarted = stage.outbox();
      const mined = await restarted.waitFor(id);
      expect(mined.txHash).to.equal(`0x${Buffer.from(stored.txHash ?? []).toString('hex')}`);
      expect((await restarted.get(id)).attempts).to.equal(1);
    });

    it('long ago, after it stored: still sends what was stored and does not pay more for it', async () => {
      stage.proxy.fate = (method) => (method === 'eth_sendRawTransaction' ? 'drop' : 'pass');
      const killed = stage.outbox();
      const [id = 0n] = await enqueue(killed, request(0));
      await waitFor('it to fail to send', async () => (await killed.status()).operator.lastError);
      await killed.stop();
      stage.clock.shift(86_400_000);
      await stage.hand.setAutomine(false);
      stage.proxy.fate = () => 'pass';
      const restarted = stage.outbox();
      await waitFor('it to be pending', async () => (await stage.hand.getTxpoolStatus()).pending === 1);
      await waitFor(
        'it to be looked for again',
        () => (stage.proxy.calls.get('eth_getTransactionByHash') ?? 0) > 5,
      );
      await stage.hand.mine({ blocks: 1 });
      await restarted.waitFor(id);
      expect((await restarted.get(id)).attempts).to.equal(1);
    });

    it('after it sent and before it heard: finds the receipt and sends nothing again', async () => {
      let sent = false;
      stage.proxy.fate = (method) => {
        if (sent) return 'drop';
        if (method !== 'eth_sendRawTransaction') return 'pass';
        sent = true;
        return 'lose-answer';
      };
      const killed = stage.outbox();
      const [id = 0n] = await enqueue(killed, request(0));
      await waitFor('it to lose the answer', async () => (await killed.status()).operator.lastError);
      await killed.stop();
      stage.proxy.fate = () => 'pass';
      await stage.outbox().waitFor(id);
      expect(sends()).to.equal(1);
      expect([await operatorCount(), await stage.next()]).to.deep.equal([1, 1n]);
    });

    it('after it was mined and before it was noted: finds the receipt and sends nothing again', async () => {
      stage.proxy.fate = (method) =>
        sends() > 0 && method === 'eth_getTransactionReceipt' ? 'drop' : 'pass';
      const killed = stage.outbox();
      const [id = 0n, next = 0n] = await enqueue(killed, request(0), request(1));
      await waitFor('it to lose the receipt', async () => (await killed.status()).operator.lastError);
      await killed.stop();
      expect([await stateOf(killed, id), await stage.next()]).to.deep.equal(['sent', 1n]);
      stage.proxy.fate = () => 'pass';
      const restarted = stage.outbox();
      await restarted.waitFor(next);
      expect(sends()).to.equal(2);
      expect([await operatorCount(), await stage.next()]).to.deep.equal([2, 2n]);
    });
  });

  describe('when the nonce is taken by another', () => {
    beforeEach(() => stageWith());

    it('signs anew after its own transaction was stored but never sent', async () => {
      stage.proxy.fate = (method) => (method === 'eth_sendRawTransaction' ? 'drop' : 'pass');
      const killed = stage.outbox();
      const [id = 0n] = await enqueue(killed, request(0));
      await waitFor('it to fail to send', async () => (await killed.status()).operator.lastError);
      await killed.stop();
      await stealNonce();
      stage.proxy.fate = () => 'pass';
      const restarted = stage.outbox();
      await restarted.waitFor(id);
      const row = await restarted.get(id);
      expect([row.nonce, row.attempts]).to.deep.equal([1n, 2]);
      expect([await operatorCount(), await stage.next()]).to.deep.equal([2, 1n]);
    });

    it('goes on when others use the account between its transactions', async () => {
      const outbox = stage.outbox();
      const [first = 0n] = await enqueue(outbox, request(0));
      await outbox.waitFor(first);
      await stealNonce();
      const [second = 0n] = await enqueue(outbox, request(1));
      await outbox.waitFor(second);
      expect(await operatorCount()).to.equal(3);
    });
  });

  describe('when it cannot go on', () => {
    it('says that the chain is down, and goes on by itself when it is back', async () => {
      await stageWith();
      stage.proxy.fate = () => 'drop';
      const outbox = stage.outbox();
      const [id = 0n] = await enqueue(outbox, request(0));
      const status = await waitFor('trouble to show', async () => {
        const { operator } = await outbox.status();
        return operator.lastError === null ? undefined : operator;
      });
      expect(status.lastError?.code).to.equal('CHAIN_UNREACHABLE');
      expect(status.failingSince).to.be.instanceOf(Date);
      expect(status.queued).to.equal(1);
      stage.proxy.fate = () => 'pass';
      await outbox.waitFor(id);
      await waitFor(
        'the trouble to be over',
        async () => (await outbox.status()).operator.lastError === null,
      );
    });

    it('says that the account has no funds, and goes on when it has', async () => {
      await stageWith();
      await stage.hand.setBalance({ address: keyring.operatorAddress, value: 0n });
      const outbox = stage.outbox();
      const [id = 0n] = await enqueue(outbox, request(0));
      await waitFor(
        'the lack of funds to show',
        async () => (await outbox.status()).operator.lastError?.code === 'OUTBOX_ACCOUNT_UNFUNDED',
      );
      await stage.hand.setBalance({ address: keyring.operatorAddress, value: parseEther('1') });
      await outbox.waitFor(id);
    });

    it('raises the fee of what is stuck, with the same nonce, so that one of the two is mined', async () => {
      await stageWith();
      await stage.hand.setAutomine(false);
      const outbox = stage.outbox();
      const [id = 0n] = await enqueue(outbox, request(0));
      await waitFor(
        'the transaction to be pending',
        async () => (await stage.hand.getTxpoolStatus()).pending === 1,
      );
      await stage.hand.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei('300') });
      await stage.hand.mine({ blocks: 1 });
      expect(await stateOf(outbox, id)).to.equal('sent');
      stage.clock.shift(31_000);
      await waitFor('another to be signed', async () => (await outbox.get(id)).attempts > 1);
      await waitFor('it to be mined', async () => {
        await stage.hand.mine({ blocks: 1 });
        return (await stateOf(outbox, id)) === 'mined';
      });
      expect([(await outbox.get(id)).nonce, await operatorCount(), await stage.next()]).to.deep.equal([
        0n,
        1,
        1n,
      ]);
    });

    it('never signs a fee above its ceiling, and says so', async () => {
      await stageWith();
      await stage.hand.setAutomine(false);
      const outbox = stage.outbox({ maxFeePerGas: parseGwei('10') });
      const [id = 0n] = await enqueue(outbox, request(0));
      await waitFor(
        'the transaction to be pending',
        async () => (await stage.hand.getTxpoolStatus()).pending === 1,
      );
      await stage.hand.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei('300') });
      await stage.hand.mine({ blocks: 1 });
      stage.clock.shift(31_000);
      await waitFor(
        'the ceiling to show',
        async () => (await outbox.status()).operator.lastError?.code === 'OUTBOX_FEE_CEILING',
      );
      const signed = await new OutboxStore(db).attemptsOf(id);
      for (const { maxFeePerGas } of signed) expect(maxFeePerGas <= parseGwei('10')).to.equal(true);
    });
  });

  describe('when the chain rolls back', () => {
    /** Mines values 0, 1, 2 in blocks of their own, followed. */
    const mineThree = async (
      followed: boolean,
    ): Promise<{ outbox: Outbox; ids: bigint[]; hashes: Hex[] }> => {
      const outbox = stage.outbox();
      const follower = followed ? stage.follower([outbox]) : undefined;
      const ids = await enqueue(outbox, request(0), request(1), request(2));
      const mined = [];
      for (const id of ids) mined.push(await outbox.waitFor(id));
      const last = mined.at(-1)?.blockNumber ?? 0n;
      await follower?.waitForBlock(last);
      return { outbox, ids, hashes: mined.map(({ txHash }) => txHash) };
    };
    const expectAllAgain = async (outbox: Outbox, ids: bigint[], hashes: Hex[]): Promise<void> => {
      await waitFor('all to stand again', async () => {
        const states = await Promise.all(ids.map((id) => stateOf(outbox, id)));
        return states.every((state) => state === 'mined') && (await stage.next()) === 3n;
      });
      expect(await operatorCount()).to.equal(3);
      const again = await Promise.all(ids.map((id) => outbox.waitFor(id)));
      // The same transactions: nothing was signed anew, so nothing can be there twice.
      expect(again.map(({ txHash }) => txHash)).to.deep.equal(hashes);
      expect(again.map(({ blockNumber }) => blockNumber)).to.satisfy((blocks: bigint[]) =>
        blocks.every((block, index) => index === 0 || block >= (blocks[index - 1] ?? 0n)),
      );
    };

    it('sends again, once and in order, what the follower saw go', async () => {
      await stageWith();
      const { outbox, ids, hashes } = await mineThree(true);
      const gone: bigint[] = [];
      outbox.events.on('unsettled', (unsettled) => gone.push(...unsettled));
      await stage.hand.request({ method: 'anvil_rollback', params: [2] } as never);
      await waitFor('the loss to be noticed', () => gone.length >= 2);
      await expectAllAgain(outbox, ids, hashes);
      expect(gone.sort()).to.deep.equal([ids[1], ids[2]]);
    });

    it('sends again what stood in blocks that nobody had followed yet', async () => {
      await stageWith();
      const { outbox, ids, hashes } = await mineThree(false);
      await stage.hand.request({ method: 'anvil_rollback', params: [3] } as never);
      await expectAllAgain(outbox, ids, hashes);
    });

    it('sends again what is gone after a snapshot was restored', async () => {
      await stageWith();
      const snapshot = await stage.hand.snapshot();
      const { outbox, ids, hashes } = await mineThree(true);
      await stage.hand.revert({ id: snapshot });
      await expectAllAgain(outbox, ids, hashes);
    });

    it('survives a reorganisation of as many blocks with none of its transactions', async () => {
      await stageWith();
      const { outbox, ids, hashes } = await mineThree(true);
      await stage.hand.request({ method: 'anvil_reorg', params: [3, []] } as never);
      await expectAllAgain(outbox, ids, hashes);
    });

    it('sends again what a killed chain came back without', async () => {
      const directory = await makeTempDir();
      await stageWith({ stateFile: `${directory.path}/state.json` });
      await stage.anvil.stop(); // writes the state as it is now: before anything was sent
      stage.anvil = await startAnvil({ stateFile: `${directory.path}/state.json`, port: stage.anvil.port });
      const { outbox, ids, hashes } = await mineThree(true);
      await stage.anvil.kill();
      stage.anvil = await startAnvil({ stateFile: `${directory.path}/state.json`, port: stage.anvil.port });
      await expectAllAgain(outbox, ids, hashes);
      await directory.remove();
    });

    it('does not fail what is refused only because what came before it was lost', async () => {
      await stageWith();
      const { outbox, ids } = await mineThree(true);
      // Nobody watches: neither outbox nor follower is there when the chain rolls back.
      await stage.stopAll();
      await stage.hand.request({ method: 'anvil_rollback', params: [1] } as never);
      const [fourth = 0n] = await enqueue(outbox, request(3));
      const alone = stage.outbox();
      await alone.waitFor(fourth);
      expect([await stateOf(alone, ids[2] ?? 0n), await stage.next(), await operatorCount()]).to.deep.equal([
        'mined',
        4n,
        4,
      ]);
    });
  });
});
