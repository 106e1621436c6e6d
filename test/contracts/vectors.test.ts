import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EMPTY_ROOT, toBytes32 } from '@credit-ledger/sdk/protocol';
import type { AnswerLog } from '../../types/index.ts';
import { ethers, freshWorld, networkHelpers, PROMISE_SECONDS, type World } from './support/world.ts';

interface TreeVectors {
  readonly registerId: string;
  readonly emptyRoot: string;
  readonly batches: readonly {
    readonly seq: string;
    readonly entries: { opAndKey: string; body: string }[];
    readonly entriesHash: string;
    readonly prevRoot: string;
    readonly newRoot: string;
    readonly batchHash: string;
  }[];
}

interface AnswerVectors {
  readonly chainId: string;
  readonly answerLog: string;
  readonly request: {
    requestId: string;
    requester: string;
    registerId: string;
    applicationId: string;
    applicationVersion: number;
    predicateHash: string;
    asOfDay: number;
    subjectTag: string;
    grantId: string;
    expiry: number;
  };
  readonly requestDigest: string;
  readonly context: string;
}

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** A vector may be a decimal text or a word. */
function word(value: string): string {
  return value.startsWith('0x') ? value : toBytes32(BigInt(value));
}

describe('Vectors that circuits, SDK and contracts share', () => {
  let world: World;
  before(async () => {
    world = await freshWorld();
  });

  it('the root of an empty register is the SDK’s', async () => {
    expect(await world.registers.EMPTY_ROOT()).to.equal(toBytes32(EMPTY_ROOT));
    expect(word(vectors<TreeVectors>('tree').emptyRoot)).to.equal(toBytes32(EMPTY_ROOT));
  });

  it('batches have the same entries hash and the same name', async () => {
    const { registers, beijing } = world;
    const { registerId, batches } = vectors<TreeVectors>('tree');
    expect(batches.length).to.be.greaterThan(0);
    for (let id = 1n; id <= BigInt(registerId); id += 1n) {
      await world.council(registers, 'openFor', beijing.id, toBytes32(900n + id), PROMISE_SECONDS);
    }
    for (const batch of batches) {
      await registers
        .connect(beijing.operator)
        .append(registerId, word(batch.prevRoot), word(batch.newRoot), batch.entries);
      const anchored = await registers.current(registerId);
      expect(anchored.seq).to.equal(BigInt(batch.seq));
      expect(anchored.entriesHash).to.equal(batch.entriesHash);
      expect(anchored.batchHash).to.equal(batch.batchHash);
    }
  });

  it('requests have the same digest and the same context', async () => {
    const { answerLog, requestDigest, context, request, chainId } = vectors<AnswerVectors>('answers');
    expect(BigInt(chainId)).to.equal((await ethers.provider.getNetwork()).chainId);
    // The contract's code at the vector's address: domain and context are computed from where it runs.
    await networkHelpers.setCode(answerLog, (await ethers.provider.getCode(world.answerLog)) as string);
    const there = world.answerLog.attach(answerLog) as AnswerLog;
    expect(await there.requestDigest(request)).to.equal(requestDigest);
    expect(toBytes32(await there.contextOf(request))).to.equal(word(context));
  });
});
