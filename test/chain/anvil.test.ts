import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { anvilBinary, moveChainTime, startAnvil } from '../../scripts/lib/anvil.ts';
import { chainHand } from '../support/probe.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection, waitFor } from '../support/wait.ts';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the local chain', function () {
  this.timeout(30_000);

  it('keeps its blocks over a stop and a start, and leaves no process behind', async () => {
    const directory = await makeTempDir();
    const stateFile = `${directory.path}/chain.json`;
    const first = await startAnvil({ stateFile, chainId: 4221 });
    expect(await chainHand(first.url).getChainId()).to.equal(4221);
    await chainHand(first.url).mine({ blocks: 3 });
    const block = await chainHand(first.url).getBlock();
    await first.stop();
    expect(isAlive(first.pid)).to.equal(false);
    expect((await readFile(stateFile)).length).to.be.greaterThan(0);
    const second = await startAnvil({ stateFile, chainId: 4221, port: first.port });
    expect((await chainHand(second.url).getBlock()).hash).to.equal(block.hash);
    await second.stop();
    await directory.remove();
  });

  it('loses what it had not written when it is killed', async () => {
    const directory = await makeTempDir();
    const stateFile = `${directory.path}/chain.json`;
    const first = await startAnvil({ stateFile });
    await first.stop();
    const second = await startAnvil({ stateFile });
    await chainHand(second.url).mine({ blocks: 3 });
    await second.kill();
    expect(isAlive(second.pid)).to.equal(false);
    const third = await startAnvil({ stateFile });
    expect(await chainHand(third.url).getBlockNumber()).to.equal(0n);
    await third.stop();
    await directory.remove();
  });

  it('makes blocks by the clock when asked to', async () => {
    const anvil = await startAnvil({ blockTimeSeconds: 1 });
    await waitFor('an empty block', async () => (await chainHand(anvil.url).getBlockNumber()) > 0n);
    await anvil.stop();
  });

  it('starts at a time that it is given, and goes on from where its time is moved to', async () => {
    const startAtSeconds = Date.UTC(2026, 5, 8, 1) / 1000;
    const anvil = await startAnvil({ startAtSeconds, blockTimeSeconds: 1, mixedMining: true });
    const hand = chainHand(anvil.url);
    expect(Number((await hand.getBlock({ blockNumber: 0n })).timestamp)).to.equal(startAtSeconds);
    const moved = await moveChainTime(anvil.url, 11 * 86_400);
    expect(Number(moved) - startAtSeconds).to.be.within(11 * 86_400, 11 * 86_400 + 20);
    const next = await waitFor('a block by the clock after it', async () => {
      const block = await hand.getBlock();
      return block.timestamp > moved ? block : undefined;
    });
    expect(Number(next.timestamp - moved)).to.be.below(20);
    await anvil.stop();
  });

  it('says what is wrong when it cannot start', async () => {
    const anvil = await startAnvil();
    expect((await rejection(startAnvil({ port: anvil.port }))).message).to.match(/before it listened/);
    await anvil.stop();
    expect(() => anvilBinary('sunos', 'mips')).to.throw(/no anvil for this machine/);
  });
});
