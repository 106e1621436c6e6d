import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import { encodeEntry, type Hex, toBytes32, wordHex } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { decodeFunctionData, encodeFunctionData } from 'viem';
import { publicEntry } from '../../node/src/registers/batching.ts';
import type { TransactionOrder } from '../../node/src/registers/index.ts';
import { EntryStore, OutboxStore, type ReplayedBatchRow } from '../../node/src/store/index.ts';
import { OTHER_COMPANY } from '../registers/support/world.ts';
import { waitFor } from '../support/wait.ts';
import { LedgerStage, type Member, PARAMETERS, selectorOf } from '../witness/support/stage.ts';

const WRONG_ROOT = toBytes32(123_456_789n);
const hashOf = (batch: ReplayedBatchRow): Hex => wordHex(batch.batchHash);

/** An owner that anchors its n-th batch under a root that its entries do not have. */
function liarAtBatch(n: number): (order: TransactionOrder) => TransactionOrder {
  let appends = 0;
  return (order) => {
    if (order.kind !== 'append') return order;
    appends += 1;
    if (appends !== n) return order;
    const call = decodeFunctionData({ abi: creditRegistersAbi, data: order.data });
    if (call.functionName !== 'append') return order;
    const [registerId, prevRoot, , entries] = call.args;
    const data = encodeFunctionData({
      abi: creditRegistersAbi,
      functionName: 'append',
      args: [registerId, prevRoot, WRONG_ROOT, entries],
    });
    return { ...order, data };
  };
}

const objectData = (batchHash: Hex, root: Hex): Hex =>
  encodeFunctionData({ abi: creditRegistersAbi, functionName: 'object', args: [batchHash, root] });
const attestData = (...batchHashes: Hex[]): Hex =>
  encodeFunctionData({ abi: creditRegistersAbi, functionName: 'attest', args: [batchHashes] });

describe('Registers and witnesses on a chain', function () {
  this.timeout(120_000);
  let stage: LedgerStage;

  before(async () => {
    stage = await LedgerStage.make();
  });
  afterEach(() => stage.end());
  after(() => stage.close());

  const untilBatch = (
    registerId: bigint,
    seq: bigint,
    what: string,
    holds: (batch: Awaited<ReturnType<LedgerStage['batch']>>) => boolean,
  ) =>
    waitFor(`batch ${seq} ${what}`, async () => {
      const register = await stage.register(registerId);
      const last = (
        await stage.public.getContractEvents({
          address: stage.deployment.registers,
          abi: creditRegistersAbi,
          eventName: 'BatchAppended',
          args: { registerId, seq },
          fromBlock: 0n,
        })
      ).length;
      if (last === 0 || register.owner === 0n) return undefined;
      const batch = await stage.batch(registerId, seq);
      return holds(batch) ? batch : undefined;
    });
  const alarmsOf = async (member: Member) => (await member.witness.status()).alarms.map(({ code }) => code);

  it('records come to the chain, two members of other regions attest, and the receipt says so', async () => {
    const { beijing, tianjin, hebei } = await stage.begin();
    const registerId = await beijing.open();
    const [record] = await beijing.anchor({}, { uscc: OTHER_COMPANY });
    const receipt = await beijing.untilRecord(record?.id ?? 0n, 'witnessed');
    const standing = receipt.entries[0]?.batch?.standing;
    expect(standing?.attestedBy.map(({ memberId }) => memberId)).to.have.members([
      tianjin.memberId,
      hebei.memberId,
    ]);
    expect(standing?.attestedBy.map(({ region }) => region)).to.have.members([120_000, 130_000]);
    const onChain = await stage.batch(registerId, 1n);
    expect([standing?.batchHash, standing?.entriesHash]).to.deep.equal([
      onChain.batchHash,
      onChain.entriesHash,
    ]);
    expect(onChain.witnessed).to.equal(true);
    const transaction = await stage.public.getTransactionReceipt({ hash: standing?.transactionHash ?? '0x' });
    expect(transaction.blockNumber).to.equal(standing?.blockNumber);
  });

  it('a member never attests its own batches', async () => {
    const { beijing, tianjin } = await stage.begin();
    await Promise.all([beijing.open(), tianjin.open()]);
    const [[one], [two]] = await Promise.all([beijing.anchor({}), tianjin.anchor({})]);
    await beijing.untilRecord(one?.id ?? 0n, 'witnessed');
    await tianjin.untilRecord(two?.id ?? 0n, 'witnessed');
    const attested = await stage.public.getContractEvents({
      address: stage.deployment.registers,
      abi: creditRegistersAbi,
      eventName: 'BatchAttested',
      fromBlock: 0n,
      strict: true,
    });
    for (const { args } of attested) {
      const { owner } = await stage.register(args.registerId);
      expect(args.memberId).not.to.equal(owner);
    }
    expect(attested).to.have.length(4);
  });

  it('a wrong root is objected to and contested, answers under it are refused, the council annuls it, and the entries come again', async () => {
    const { beijing, tianjin, hebei } = await stage.begin({ beijing: { tamper: liarAtBatch(2) } });
    const registerId = await beijing.open();
    const [first] = await beijing.anchor({});
    await beijing.untilRecord(first?.id ?? 0n, 'witnessed');
    const logCall = await stage.answerCall(beijing, tianjin, registerId);
    const refusalOfLog = async (batchHash: Hex) =>
      stage.refusal(beijing, 'operator', await logCall(batchHash), stage.deployment.answerLog);
    const right = (await stage.batch(registerId, 1n)).batchHash;
    expect(await refusalOfLog(right)).to.equal(undefined);

    const [second] = await beijing.anchor({ uscc: OTHER_COMPANY });
    const wrong = await untilBatch(registerId, 2n, 'contested', ({ contested }) => contested);
    expect(wrong.newRoot).to.equal(WRONG_ROOT);
    await waitFor(
      'both to object',
      async () => (await tianjin.witness.status()).registers[0]?.openObjections === 2,
    );
    expect((await stage.batch(registerId, 2n)).attestations).to.equal(0);
    const objections = await stage.public.readContract({
      address: stage.deployment.registers,
      abi: creditRegistersAbi,
      functionName: 'openObjections',
      args: [registerId],
    });
    expect(objections.map(({ memberId }) => memberId)).to.have.members([tianjin.memberId, hebei.memberId]);
    // Each says which root it found, and they found the same.
    expect(new Set(objections.map(({ expectedRoot }) => expectedRoot)).size).to.equal(1);
    expect(await alarmsOf(tianjin)).to.deep.equal(['WITNESS_OBJECTION']);

    expect(await refusalOfLog(wrong.batchHash)).to.deep.include({
      error: 'BatchNotUsable',
      reason: selectorOf('BatchContested(uint256,uint64)'),
    });
    await beijing.untilRecord(second?.id ?? 0n, 'contested');
    const hindrance = await waitFor(
      'the owner to say why',
      async () => (await beijing.registers.status()).hindrance,
    );
    expect(hindrance.code).to.equal('REGISTER_ROOT_WRONG');

    await stage.rule(registerId, 2n, true);
    const again = await untilBatch(registerId, 3n, 'witnessed', ({ witnessed }) => witnessed);
    expect(again.entriesHash).to.equal(wrong.entriesHash);
    expect(again.newRoot).to.equal(objections[0]?.expectedRoot);
    expect((await stage.batch(registerId, 2n)).annulled).to.equal(true);
    expect(await refusalOfLog(wrong.batchHash)).to.deep.include({
      error: 'BatchNotUsable',
      reason: selectorOf('BatchAnnulled(bytes32)'),
    });
    expect(await refusalOfLog(again.batchHash)).to.equal(undefined);
    const receipt = await beijing.untilRecord(second?.id ?? 0n, 'witnessed');
    expect(receipt.entries[0]?.batch?.annulled.map(({ seq }) => seq)).to.deep.equal([2n]);
    await waitFor('the alarm to end', async () => (await alarmsOf(tianjin)).length === 0);

    const [third] = await beijing.anchor({});
    await beijing.untilRecord(third?.id ?? 0n, 'witnessed');
  });

  it('batches after a wrong root are attested by nobody and come again with it', async () => {
    const { beijing, tianjin } = await stage.begin({
      beijing: { tamper: liarAtBatch(1) },
      tianjin: { votes: false },
      hebei: { votes: false },
    });
    const registerId = await beijing.open();
    const [first] = await beijing.anchor({});
    const wrong = await untilBatch(registerId, 1n, 'there', () => true);
    // The liar builds on its own wrong root before anybody objects.
    const entry = { key: 77n, op: 0, body: 78n } as unknown as Parameters<typeof encodeEntry>[0];
    await stage.send(
      beijing,
      'operator',
      encodeFunctionData({
        abi: creditRegistersAbi,
        functionName: 'append',
        args: [registerId, WRONG_ROOT, toBytes32(5n), [encodeEntry(entry)]],
      }),
    );
    const honest = await stage.restart(tianjin);
    honest.start();
    await untilBatch(registerId, 1n, 'contested', ({ contested }) => contested);
    expect([
      (await stage.batch(registerId, 1n)).attestations,
      (await stage.batch(registerId, 2n)).attestations,
    ]).to.deep.equal([0, 0]);

    await stage.rule(registerId, 1n, true);
    // The owner's honest part comes again; what its node never made it does not know of, and it says so.
    const again = await untilBatch(registerId, 3n, 'attested', ({ attestations }) => attestations === 1);
    expect(again.entriesHash).to.equal(wrong.entriesHash);
    expect((await stage.register(registerId)).owedBatches).to.equal(1n);
    expect(
      (await beijing.untilRecord(first?.id ?? 0n, 'appended')).entries[0]?.batch?.standing?.seq,
    ).to.equal(3n);
  });

  it('an owner that leaves out entries after an annulment, or puts new ones first, is refused', async () => {
    const { beijing } = await stage.begin({ beijing: { tamper: liarAtBatch(1) } });
    const registerId = await beijing.open();
    await beijing.anchor({}, { uscc: OTHER_COMPANY });
    await untilBatch(registerId, 1n, 'contested', ({ contested }) => contested);
    const entries = (await new EntryStore(beijing.db).ofBatch(1n)).map(publicEntry).map(encodeEntry);
    await beijing.stop();
    await stage.rule(registerId, 1n, true);

    const emptyRoot = (await stage.register(registerId)).root;
    const append = (some: typeof entries) =>
      stage.refusal(
        beijing,
        'operator',
        encodeFunctionData({
          abi: creditRegistersAbi,
          functionName: 'append',
          args: [registerId, emptyRoot, toBytes32(99n), some],
        }),
      );
    expect((await append(entries.slice(0, 1)))?.['error']).to.equal('EntriesMustComeAgain');
    expect(
      (await append([{ opAndKey: toBytes32(5n), body: toBytes32(6n) }, ...entries]))?.['error'],
    ).to.be.oneOf(['EntriesMustComeAgain', 'EntriesOutOfOrder']);
    expect((await append([{ opAndKey: toBytes32(5n), body: toBytes32(6n) }]))?.['error']).to.equal(
      'EntriesMustComeAgain',
    );
    expect(await append(entries)).to.equal(undefined);
    const heartbeat = encodeFunctionData({
      abi: creditRegistersAbi,
      functionName: 'heartbeat',
      args: [registerId],
    });
    expect((await stage.refusal(beijing, 'operator', heartbeat))?.['error']).to.equal('EntriesOwed');
  });

  it('a lying objector is overruled, the batch is final, and that member may object there no more', async () => {
    const { beijing, tianjin, hebei } = await stage.begin({ hebei: { votes: false } });
    const registerId = await beijing.open();
    const [record] = await beijing.anchor({});
    const batch = await untilBatch(
      registerId,
      1n,
      'attested by Tianjin',
      ({ attestations }) => attestations === 1,
    );
    await stage.send(hebei, 'witness', objectData(batch.batchHash, WRONG_ROOT));
    await beijing.untilRecord(record?.id ?? 0n, 'contested');
    const [waiting] = await beijing.anchor({});
    const hindrance = await waitFor(
      'the owner to wait',
      async () => (await beijing.registers.status()).hindrance,
    );
    expect(hindrance.code).to.equal('REGISTER_CONTESTED');
    expect(await alarmsOf(tianjin)).to.deep.equal([]);

    await stage.rule(registerId, 1n, false);
    const next = await untilBatch(
      registerId,
      2n,
      'attested by Tianjin',
      ({ attestations }) => attestations === 1,
    );
    const first = await stage.batch(registerId, 1n);
    expect([first.isFinal, first.contested]).to.deep.equal([true, false]);
    expect(
      (await stage.refusal(hebei, 'witness', objectData(batch.batchHash, WRONG_ROOT)))?.['error'],
    ).to.equal('ObjectorBarred');
    expect(
      (await stage.refusal(hebei, 'witness', objectData(next.batchHash, WRONG_ROOT)))?.['error'],
    ).to.equal('ObjectorBarred');
    await beijing.untilRecord(waiting?.id ?? 0n, 'appended');
    expect((await beijing.registers.status()).hindrance).to.equal(null);
  });

  it('a member that is overruled though it computed otherwise says so and attests nothing more there', async () => {
    const { beijing, tianjin, hebei } = await stage.begin({ beijing: { tamper: liarAtBatch(1) } });
    const registerId = await beijing.open();
    await beijing.anchor({});
    await waitFor(
      'both to object',
      async () => (await tianjin.witness.status()).registers[0]?.openObjections === 2,
    );
    await stage.rule(registerId, 1n, false);
    for (const member of [tianjin, hebei]) {
      await waitFor('the alarm', async () => (await alarmsOf(member)).includes('WITNESS_OVERRULED'));
      expect((await member.witness.status()).registers[0]?.diverged).to.equal(true);
    }
    // The owner goes on from its wrong root by hand; nobody follows it there.
    const entry = { opAndKey: toBytes32(5n), body: toBytes32(6n) };
    const data = encodeFunctionData({
      abi: creditRegistersAbi,
      functionName: 'append',
      args: [registerId, WRONG_ROOT, toBytes32(7n), [entry]],
    });
    await stage.send(beijing, 'operator', data);
    await waitFor('it to be replayed', async () => (await tianjin.standing(registerId)).length === 2);
    await tianjin.witness.vote();
    const { attestations, contested } = await stage.batch(registerId, 2n);
    expect([attestations, contested]).to.deep.equal([0, false]);
    const votes = (await new OutboxStore(tianjin.db).list(20)).map(({ kind }) => kind);
    expect(votes).to.deep.equal(['object']);
  });

  it('an owner and one witness together cannot make a wrong root witnessed', async () => {
    const { beijing, tianjin } = await stage.begin({
      beijing: { tamper: liarAtBatch(1) },
      tianjin: { votes: false },
    });
    const registerId = await beijing.open();
    await beijing.anchor({});
    const wrong = await untilBatch(registerId, 1n, 'there', () => true);
    await stage.send(tianjin, 'witness', attestData(wrong.batchHash));
    await untilBatch(registerId, 1n, 'contested', ({ contested }) => contested);
    // The quiet time passes, and would have made one region of two enough.
    await stage.test.increaseTime({ seconds: PARAMETERS.quietSeconds + 60 });
    await stage.test.mine({ blocks: 1 });
    const after = await stage.batch(registerId, 1n);
    expect([after.attestations, after.regionsAttested !== 0, after.contested]).to.deep.equal([1, true, true]);
    const [, reason] = await stage.public.readContract({
      address: stage.deployment.registers,
      abi: creditRegistersAbi,
      functionName: 'usable',
      args: [registerId, wrong.batchHash],
    });
    expect(reason).to.equal(selectorOf('BatchContested(uint256,uint64)'));
  });

  it('one region and the quiet time are enough when nobody objects, and the receipt knows', async () => {
    const { beijing } = await stage.begin({ hebei: { votes: false } });
    const registerId = await beijing.open();
    const [record] = await beijing.anchor({});
    await untilBatch(registerId, 1n, 'attested', ({ attestations }) => attestations === 1);
    await beijing.untilRecord(record?.id ?? 0n, 'appended');
    expect((await stage.batch(registerId, 1n)).witnessed).to.equal(false);
    await stage.test.increaseTime({ seconds: PARAMETERS.quietSeconds + 1 });
    await stage.test.mine({ blocks: 1 });
    await beijing.untilRecord(record?.id ?? 0n, 'witnessed');
    expect((await stage.batch(registerId, 1n)).witnessed).to.equal(true);
    await stage.test.increaseTime({ seconds: PARAMETERS.finalSeconds });
    await stage.test.mine({ blocks: 1 });
    await beijing.untilRecord(record?.id ?? 0n, 'final');
    expect((await stage.batch(registerId, 1n)).isFinal).to.equal(true);
  });

  it('a member that was down catches up in order and attests what it missed', async () => {
    const { beijing, hebei } = await stage.begin();
    await hebei.stop();
    const registerId = await beijing.open();
    const ids: bigint[] = [];
    for (let i = 0; i < 3; i += 1) {
      const [record] = await beijing.anchor({}, {});
      ids.push(record?.id ?? 0n);
      await beijing.untilRecord(record?.id ?? 0n, 'appended');
    }
    const back = await stage.restart(hebei);
    back.start();
    for (const id of ids) await beijing.untilRecord(id, 'witnessed');
    const sent = (await new OutboxStore(back.db).list(20)).filter(({ kind }) => kind === 'attest');
    expect(sent).to.have.length(1); // all three in one transaction
    expect((await stage.batch(registerId, 3n)).witnessed).to.equal(true);
  });

  it('a chain that goes back undoes receipts and trees, and the batch is anchored exactly once again', async () => {
    const { beijing, tianjin, hebei } = await stage.begin();
    const registerId = await beijing.open();
    const [first] = await beijing.anchor({});
    await beijing.untilRecord(first?.id ?? 0n, 'witnessed');
    const snapshot = await stage.test.snapshot();
    const [second] = await beijing.anchor({ uscc: OTHER_COMPANY });
    await beijing.untilRecord(second?.id ?? 0n, 'witnessed');
    const before = await stage.batch(registerId, 2n);

    // Nothing is sent while one looks at what the rollback undid.
    await Promise.all([beijing, tianjin, hebei].map((member) => member.outbox.stop()));
    await stage.test.revert({ id: snapshot });
    await stage.test.mine({ blocks: 1 });
    await beijing.untilRecord(second?.id ?? 0n, 'batched');
    expect((await beijing.registers.receipt(first?.id ?? 0n)).entries[0]?.state).to.equal('witnessed');
    for (const member of [beijing, tianjin, hebei]) {
      await waitFor(
        `${member.slug} to go back`,
        async () => (await member.standing(registerId)).length === 1,
      );
      const tree = await member.db.transaction((tx) => member.witness.replay.tree(tx, registerId));
      expect(tree.root()).to.equal((await member.standing(registerId))[0]?.root);
    }

    for (const member of [beijing, tianjin, hebei]) member.outbox.start();
    await beijing.untilRecord(second?.id ?? 0n, 'witnessed');
    const again = await stage.batch(registerId, 2n);
    expect([again.entriesHash, again.newRoot]).to.deep.equal([before.entriesHash, before.newRoot]);
    const { headSeq, size } = await stage.register(registerId);
    expect([headSeq, size]).to.deep.equal([2n, 2n]);
    // The batch has the hash that it had: an attestation that is sent again may come before its sender has followed it.
    await waitFor(
      'tianjin to follow the batch once more',
      async () => (await tianjin.standing(registerId)).length === 2,
    );
    expect((await tianjin.standing(registerId)).map(hashOf)).to.deep.equal(
      (await beijing.standing(registerId)).map(hashOf),
    );
  });

  it('a council ruling that the chain loses is lost here, too', async () => {
    const { beijing, tianjin } = await stage.begin({ beijing: { tamper: liarAtBatch(1) } });
    const registerId = await beijing.open();
    await beijing.anchor({});
    await untilBatch(registerId, 1n, 'contested', ({ contested }) => contested);
    await waitFor(
      'both to object',
      async () => (await tianjin.witness.status()).registers[0]?.openObjections === 2,
    );
    await beijing.outbox.stop();
    const snapshot = await stage.test.snapshot();
    await stage.rule(registerId, 1n, true);
    await waitFor('the annulment', async () => (await tianjin.standing(registerId)).length === 0);
    await stage.test.revert({ id: snapshot });
    await stage.test.mine({ blocks: 1 });
    await waitFor(
      'the annulment to be undone',
      async () => (await tianjin.standing(registerId)).length === 1,
    );
    expect(await alarmsOf(tianjin)).to.deep.equal(['WITNESS_OBJECTION']);
    beijing.outbox.start();
    await stage.rule(registerId, 1n, true);
    const again = await untilBatch(registerId, 2n, 'witnessed', ({ witnessed }) => witnessed);
    expect(again.witnessed).to.equal(true);
  });

  it('a node that starts anew goes on where it was, under the same roots', async () => {
    const { beijing } = await stage.begin();
    const registerId = await beijing.open();
    const [first] = await beijing.anchor({}, {});
    await beijing.untilRecord(first?.id ?? 0n, 'witnessed');
    const again = await stage.restart(beijing);
    again.start();
    const [second] = await again.anchor({ documentNumber: '重启之后' });
    await again.untilRecord(second?.id ?? 0n, 'witnessed');
    expect((await stage.batch(registerId, 2n)).witnessed).to.equal(true);
    const chain = await again.registers.chainOf(first?.uscc ?? '', 1, registerId, 2n);
    expect(chain.entries).to.have.length(3);
  });
});
