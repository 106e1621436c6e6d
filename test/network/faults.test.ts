// npm run test:network: what a consortium chain goes through, on four real validators. Not part of npm test.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import { type Hex, toBytes32 } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { encodeFunctionData } from 'viem';
import { ledger } from '../cli/support.ts';
import { makeTempDir } from '../support/temp.ts';
import { waitFor } from '../support/wait.ts';
import { Consortium, PATIENCE, SILENCE_SECONDS, type Slug, SLUGS } from './support/consortium.ts';

const ROWS = 25;
/** So far ahead the council decides: its two transactions take blocks of their own. */
const KEY_CHANGE_BLOCKS = 24n;
const BEIJING = 1n;
const HEBEI = 3n;

describe('The ledger on a consortium chain of four validators', function () {
  this.timeout(600_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let c: Consortium;
  /** Members whose nodes stay cut off from one scenario to the next. */
  const cutOff = new Set<Slug>();
  const figures: [what: string, seconds: number][] = [];
  const note = (what: string, seconds: number): void => void figures.push([what, seconds]);

  before(async () => {
    temp = await makeTempDir();
    c = await Consortium.make(temp.path);
  });
  // One scenario must not begin in the ruins of another.
  beforeEach(async () => {
    for (const slug of SLUGS) if (!cutOff.has(slug)) await c.untilReady(slug);
  });
  after(async () => {
    await c.end();
    await temp.remove();
    for (const [what, seconds] of figures)
      process.stdout.write(`    ${seconds.toFixed(1).padStart(6)} s  ${what}\n`);
  });

  const batchOf = (registerId: bigint) =>
    c.reader.readContract({
      address: c.stage.deployment.registers,
      abi: creditRegistersAbi,
      functionName: 'current',
      args: [registerId],
    });
  const anchored = async (slug: Slug, work: () => Promise<string[]>): Promise<void> => {
    const started = performance.now();
    const records = await work();
    await c.untilAnchoredOnce(slug, records);
    note(`${records.length} rows imported, anchored, witnessed`, (performance.now() - started) / 1000);
  };

  it('works when nothing is wrong: rows are anchored and witnessed, a question is answered', async () => {
    await anchored('beijing', () => c.import('beijing', ROWS));
    note('a question answered and verified', await c.ask());
  });

  it('one validator down: work goes on everywhere else, and its own member says what it lacks', async () => {
    await c.validator('tianjin').kill();
    note('first block after one of four was killed', await c.untilBlocksGoOn(['beijing', 'hebei', 'bank']));
    await c.untilSays('tianjin', 'CHAIN_UNREACHABLE');
    const records = await c.import('beijing', ROWS);
    await waitFor(
      'the batch to be witnessed by the one region that is left',
      async () => (await batchOf(BEIJING)).attestations >= 1,
      PATIENCE,
    );
    note('a question answered with one validator down', await c.ask());
    c.validator('tianjin').start();
    const started = performance.now();
    await c.untilReady('tianjin');
    note('until the killed validator’s member was ready again', (performance.now() - started) / 1000);
    await c.untilAnchoredOnce('beijing', records);
  });

  it('two validators down: the chain stands still, the nodes say so, nothing is lost, and work resumes by itself', async () => {
    await c.validator('hebei').kill();
    await c.validator('bank').kill();
    await c.standsStill(['beijing', 'tianjin'], SILENCE_SECONDS);
    // Rows are acknowledged all the same: they wait.
    const records = await c.import('beijing', ROWS);
    await Promise.all([
      c.untilSays('beijing', 'CHAIN_SILENT'),
      c.untilSays('tianjin', 'CHAIN_SILENT'),
      c.untilSays('hebei', 'CHAIN_UNREACHABLE'),
    ]);
    c.validator('hebei').start();
    note('first block after one of two came back', await c.untilBlocksGoOn(['beijing', 'tianjin', 'hebei']));
    c.validator('bank').start();
    await c.untilAnchoredOnce('beijing', records);
    note('a question answered afterwards', await c.ask());
  });

  it('two validators frozen and continued: the same, without a restart', async () => {
    for (const slug of ['tianjin', 'bank'] as const) c.validator(slug).signal('SIGSTOP');
    const records = await c.import('beijing', ROWS);
    await c.untilSays('beijing', 'CHAIN_SILENT');
    for (const slug of ['tianjin', 'bank'] as const) c.validator(slug).signal('SIGCONT');
    note('first block after two were continued', await c.untilBlocksGoOn(SLUGS));
    await c.untilAnchoredOnce('beijing', records);
  });

  it('a member’s node cut off from its chain and back: it catches up, and what it had to send goes out once', async () => {
    c.link('beijing').fate = () => 'drop';
    await c.untilSays('beijing', 'CHAIN_UNREACHABLE');
    const records = await c.import('beijing', ROWS);
    const meanwhile = await c.import('hebei', ROWS);
    await waitFor(
      'the third member to witness',
      async () => (await batchOf(HEBEI)).attestations >= 1,
      PATIENCE,
    );
    c.link('beijing').fate = () => 'pass';
    await c.untilReady('beijing');
    await c.untilAnchoredOnce('beijing', records);
    await c.untilAnchoredOnce('hebei', meanwhile);
  });

  it('a slow and lossy link between a node and its chain: slower, and nothing twice', async () => {
    let seed = 7;
    const chance = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    c.link('beijing').line = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50 + 250 * chance()));
      const luck = chance();
      return luck < 0.1 ? 'drop' : luck < 0.2 ? 'lose-answer' : 'pass';
    };
    await anchored('beijing', () => c.import('beijing', ROWS));
    note('a question answered over a lossy link', await c.ask());
    c.link('beijing').line = () => 'pass';
  });

  it('a validator wiped and synchronised anew: it has the same chain, and its member works on', async () => {
    const index = SLUGS.indexOf('hebei');
    await c.validator('hebei').kill();
    await c.validator('hebei').wipe();
    const started = performance.now();
    await c.network.startAnew(index);
    await c.untilBlocksGoOn(['hebei']);
    await c.untilReady('hebei');
    note('until the wiped validator’s member was ready again', (performance.now() - started) / 1000);
    await anchored('hebei', () => c.import('hebei', ROWS));
  });

  it('the council changes a member’s keys while it anchors and asks: work goes on, former answers stay valid', async () => {
    const before = await c.answer();
    for (const slug of ['beijing', 'hebei'] as const) await c.changeKeys(slug, KEY_CHANGE_BLOCKS);
    const started = performance.now();
    let questions = 0;
    do {
      await c.ask();
      questions += 1;
      await c.untilAnchoredOnce('beijing', await c.import('beijing', 1));
    } while (!(await c.hasTurned('beijing')) || !(await c.hasTurned('hebei')));
    note(`${questions} questions asked while keys changed`, (performance.now() - started) / 1000);
    await anchored('beijing', () => c.import('beijing', ROWS));
    for (const answer of [before, await c.answer()]) expect(await c.troubles(answer)).to.equal('');
  });

  it('the nodes are restarted one after the other while questions are asked: not one is lost', async () => {
    let restarting = true;
    const asking = Promise.all(
      ['a', 'b'].map(async () => {
        let count = 0;
        for (; restarting; count += 1) await c.answerAtLast();
        return count;
      }),
    );
    for (const slug of SLUGS) {
      const { process } = c.node(slug);
      await process?.stop();
      process?.start();
      await c.untilReady(slug);
    }
    restarting = false;
    const counts = await asking;
    const answered = counts.reduce((sum, count) => sum + count, 0);
    note(`${answered} questions answered while all four nodes were restarted`, 0);
    expect(answered).to.be.greaterThan(0);
  });

  it('after all of this an audit from the first block finds nothing wrong', async () => {
    const { body } = await c.node('hebei').connection.call('getNetwork');
    const file = join(temp.path, 'network.json');
    await writeFile(file, JSON.stringify(body));
    const audit = await ledger(['audit', '--network', file, '--rpc', c.stage.chain.url, '--lang', 'en']);
    expect(audit.code, audit.out + audit.err).to.equal(0);
  });

  it('a liar objects: answers under the batch stop, the council dismisses the lie, and answers go on', async () => {
    const { batchHash, seq } = await batchOf(BEIJING);
    // Who has attested a batch cannot object to it: the lie must come before the truth.
    expect(await c.sendAs('tianjin', 'witness', objectData(batchHash))).to.equal(false);
    c.link('tianjin').fate = () => 'drop';
    await c.untilSays('tianjin', 'CHAIN_UNREACHABLE');
    await c.import('beijing', ROWS);
    const next = await waitFor(
      'the next batch',
      async () => {
        const batch = await batchOf(BEIJING);
        return batch.seq > seq ? batch : undefined;
      },
      PATIENCE,
    );
    expect(await c.sendAs('tianjin', 'witness', objectData(next.batchHash))).to.equal(true);
    const refused = await c.ask().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    expect(refused, 'an answer left under a contested root').to.match(/REGISTER_CONTESTED|CONTESTED/);
    await c.rule(BEIJING, next.seq, false);
    c.link('tianjin').fate = () => 'pass';
    await c.untilReady('tianjin');
    await waitFor('the batch to stand', async () => !(await batchOf(BEIJING)).contested, PATIENCE);
    note('a question answered after the lie was dismissed', await c.ask());
  });

  it('a member equivocates: of two batches on one root one is taken, and every node has that one', async () => {
    const before = await batchOf(HEBEI);
    c.link('hebei').fate = () => 'drop';
    cutOff.add('hebei');
    await c.untilSays('hebei', 'CHAIN_UNREACHABLE');
    const first = await c.sendAs('hebei', 'operator', appendData(HEBEI, before.newRoot, 1n), 'beijing');
    const second = await c.sendAs('hebei', 'operator', appendData(HEBEI, before.newRoot, 2n), 'tianjin');
    expect([first, second]).to.deep.equal([true, false]);
  });

  it('and what was taken has a wrong root: the others object, and nobody can be answered under it', async () => {
    await waitFor(
      'the other members to object',
      async () => {
        const batch = await batchOf(HEBEI);
        return batch.contested && batch.attestations === 0;
      },
      PATIENCE,
    );
    const objections = await c.reader.readContract({
      address: c.stage.deployment.registers,
      abi: creditRegistersAbi,
      functionName: 'openObjections',
      args: [HEBEI],
    });
    expect(new Set(objections.map(({ memberId }) => memberId))).to.deep.equal(new Set([1n, 2n]));
    expect(new Set(objections.map(({ expectedRoot }) => expectedRoot)).size).to.equal(1);
    const { seq } = await batchOf(HEBEI);
    await c.rule(HEBEI, seq, true);
    expect((await batchOf(HEBEI)).seq).to.equal(seq - 1n);
    c.link('hebei').fate = () => 'pass';
  });
});

function objectData(batchHash: Hex): Hex {
  return encodeFunctionData({
    abi: creditRegistersAbi,
    functionName: 'object',
    args: [batchHash, toBytes32(666n)],
  });
}

/** One entry under a root that it does not have. */
function appendData(registerId: bigint, prevRoot: Hex, newRoot: bigint): Hex {
  return encodeFunctionData({
    abi: creditRegistersAbi,
    functionName: 'append',
    args: [registerId, prevRoot, toBytes32(newRoot), [{ opAndKey: toBytes32(5n), body: toBytes32(6n) }]],
  });
}
