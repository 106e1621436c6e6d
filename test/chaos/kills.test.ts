// npm run test:chaos: nodes, store and chain killed at random while rows are imported and questions asked.
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parseNetworkFile, verifyAnswer } from '@credit-ledger/sdk/answer';
import { auditChain, deploymentOf } from '@credit-ledger/sdk/chain';
import { expect } from 'chai';
import pg from 'pg';
import { expectationsOf, onChain } from '../../scripts/lib/acts/questions.ts';
import { readerOf } from '../../scripts/lib/acts/play.ts';
import { SeededRandom } from '../../scripts/lib/random.ts';
import { makeTempDir } from '../support/temp.ts';
import { APPLICATION, ChaosWorld, PREDICATE } from './support/world.ts';

const ROUNDS = Number(process.env['CHAOS_ROUNDS'] ?? 5);
const ROWS = Number(process.env['CHAOS_ROWS'] ?? 10_000);
const SEED = Number(process.env['CHAOS_SEED'] ?? randomInt(2 ** 31));
const FILES_A_ROUND = 2;
const DEEPEST_ROLLBACK_SECONDS = 30;

type Fault =
  | { readonly kills: 'owner' | 'asker' | 'witness' | 'store' | 'chain' | 'owner and store' | 'everything' }
  | { readonly kills: 'rollback'; readonly seconds: number };

describe(`The kill matrix: ${ROUNDS} rounds, ${ROWS} rows, seed ${SEED}`, function () {
  this.timeout(0);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let world: ChaosWorld;
  const random = new SeededRandom(SEED);
  const faults = new Map<string, number>();
  const say = (text: string): void => void process.stdout.write(`    ${text}\n`);

  before(async () => {
    temp = await makeTempDir();
    world = await ChaosWorld.make(temp.path);
  });
  let passed = false;
  after(async () => {
    await world.end();
    if (passed) await temp.remove();
    else say(`logs and data are left in ${temp.path}`);
  });

  /** Every kind comes up, in random order, rollbacks most often. */
  function faultOf(round: number): Fault {
    const kinds: Fault['kills'][] = ['owner', 'rollback', 'store', 'chain', 'rollback', 'asker', 'witness'];
    kinds.push('rollback', 'owner and store', 'everything');
    const kills = round < 5 ? kinds[round] : random.pick(kinds);
    if (kills === 'rollback') return { kills, seconds: random.integer(1, DEEPEST_ROLLBACK_SECONDS) };
    return { kills: kills ?? 'owner' };
  }

  async function strike(fault: Fault): Promise<string> {
    const down = random.integer(0, 2_000);
    switch (fault.kills) {
      case 'owner':
        await world.killNode('beijing', down);
        return 'Beijing’s node';
      case 'asker':
        await world.killNode('hebei', down);
        return 'Hebei’s node';
      case 'witness':
        await world.killNode('tianjin', down);
        return 'Tianjin’s node';
      case 'store':
        await world.killServer(down);
        return 'Beijing’s store';
      case 'chain':
        await world.chain.kill();
        return 'the chain';
      case 'rollback':
        return `the chain, back ${(await world.chain.rollBack(fault.seconds)).toFixed(0)} s`;
      case 'owner and store':
        await Promise.all([world.killNode('beijing', down), world.killServer(down)]);
        return 'Beijing’s node and store';
      case 'everything':
        await Promise.all([
          ...['beijing', 'tianjin', 'hebei', 'bank'].map((slug) => world.killNode(slug, down)),
          world.killServer(down),
          world.chain.kill(),
        ]);
        return 'all nodes, the store and the chain';
    }
  }

  it('loses nothing that was acknowledged, and does nothing twice', async () => {
    const started = performance.now();
    let round = 0;
    const rowsAFile = Math.ceil(ROWS / (ROUNDS * FILES_A_ROUND));
    const importing = world.importAll(ROWS, rowsAFile, async (file) => {
      while (file >= (round + 1) * FILES_A_ROUND) await pause(50);
    });
    const askers = new AbortController();
    const asking = world.askOn(
      askers.signal,
      world.play.cast.companies.map(({ uscc }) => uscc),
    );
    const failed = Promise.race([importing.then(() => new Promise(() => undefined)), asking]);
    const recoveries: number[] = [];
    for (; round < ROUNDS; round++) {
      await Promise.race([pause(random.integer(500, 4_000)), failed]);
      const fault = faultOf(round);
      const what = await strike(fault);
      faults.set(fault.kills, (faults.get(fault.kills) ?? 0) + 1);
      const seconds = await Promise.race([world.untilAllReady(), failed.then(() => 0)]);
      recoveries.push(seconds);
      say(
        `round ${round + 1}: killed ${what}; ready again after ${seconds.toFixed(1)} s; ${world.imported.rows} rows, ${world.questions.filter(({ end }) => end !== undefined).length} questions`,
      );
    }
    await Promise.race([importing, failed]);
    askers.abort();
    await asking;
    await world.untilWitnessed();
    say(`everything witnessed after ${((performance.now() - started) / 1000).toFixed(0)} s`);

    // Once in the store, as one record with one entry in one batch, and nothing but the samples beside it.
    const client = new pg.Client({ connectionString: world.server.url });
    await client.connect();
    const one = async (sql: string): Promise<number> =>
      Number((await client.query<{ n: string }>(sql)).rows[0]?.n);
    const ofRows = "records WHERE document_number LIKE '京检罚〔2025〕%'";
    const records = await one(`SELECT count(*) AS n FROM ${ofRows}`);
    const entries = await one('SELECT count(*) AS n FROM entries WHERE batch_id IS NOT NULL');
    const twice = await one(
      'SELECT count(*) AS n FROM (SELECT record_id FROM entries WHERE op = 0 GROUP BY record_id HAVING count(*) > 1) AS t',
    );
    const without = await one(
      'SELECT count(*) AS n FROM records r WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.record_id = r.id AND e.op = 0)',
    );
    expect(records, 'acknowledged rows that are records').to.equal(ROWS);
    expect(twice, 'records entered twice').to.equal(0);
    expect(without, 'records without an entry').to.equal(0);

    // Once on the chain: an audit that trusts nobody replays every batch.
    const network = parseNetworkFile((await world.node('hebei').connection.call('getNetwork')).body);
    const deployment = deploymentOf(network, BigInt(world.stage.deployment.deployedAtBlock));
    const report = await auditChain(readerOf(world.play), deployment, { circuits: network.circuits });
    expect(report.firstDifference, 'the first difference of the audit').to.equal(undefined);
    const { body: registers } = await world
      .node('tianjin')
      .connection.call<{ items: { id: string; entries: string }[] }>('listRegisters');
    const onChainEntries = Number(registers.items.find(({ id }) => id === '1')?.entries);
    expect(onChainEntries, 'entries on the chain, as another member counts them').to.equal(entries);

    // Every answer is logged, and holds for a third party.
    const ends = new Map<string, number>();
    let valid = 0;
    for (const put of world.questions) {
      // As it stands now: an answer whose log entry went with the chain was fetched again under its new place.
      const end = await world.endOf(put);
      const kind =
        end.state === 'answered' ? 'answered' : `${end.state} ${end.refusal?.name ?? end.error?.code ?? ''}`;
      ends.set(kind, (ends.get(kind) ?? 0) + 1);
      if (end.state !== 'answered') continue;
      const company = world.play.cast.companies.find(({ uscc }) => uscc === put.subject);
      if (company === undefined) throw new Error(put.subject);
      expect(end.answer, put.subject).to.equal(company.noSevereDefault);
      const expected = await expectationsOf(world.play, {
        from: world.node('hebei'),
        to: world.node('beijing'),
        company,
        application: APPLICATION,
        predicate: PREDICATE,
      });
      const verdict = await verifyAnswer(
        JSON.stringify(end.document),
        network,
        { ...expected, maxAgeSeconds: 86_400 },
        onChain(world.play, network),
      );
      expect(
        verdict.checks.filter(({ verdict: each }) => each === 'INVALID' || each === 'ERROR'),
        `the answer to question ${end.id}`,
      ).to.deep.equal([]);
      valid += 1;
    }

    // Counted last: what a rollback had taken along may just have been logged again.
    const answersAtHome = await one("SELECT count(*) AS n FROM received_questions WHERE state = 'answered'");
    await client.end();
    expect(answersAtHome, 'answers that Beijing has given').to.be.at.least(valid);

    const longest = Math.max(...recoveries);
    const told = [...world.told].map(([code, n]) => `${code} ${n}`).join(', ');
    say('');
    say(`rounds                       ${ROUNDS}: ${[...faults].map(([k, n]) => `${k} ${n}`).join(', ')}`);
    say(`rows acknowledged            ${world.imported.rows}, each one record with one entry`);
    say(`files imported again         ${world.imported.again} times, after: ${told}`);
    say(`entries on the chain         ${onChainEntries}, none twice; audit clean to block ${report.toBlock}`);
    say(`questions                    ${[...ends].map(([k, n]) => `${k} ${n}`).join(', ')}`);
    say(`answers                      ${valid} logged and VALID; ${answersAtHome} given by Beijing`);
    say(`longest until ready again    ${longest.toFixed(1)} s`);
    say(`in all                       ${((performance.now() - started) / 1000).toFixed(0)} s`);
    expect(valid, 'answers').to.be.greaterThan(0);
    expect(
      [...ends.keys()].filter((kind) => kind.startsWith('failed')),
      'questions failed',
    ).to.deep.equal([]);
    passed = true;
  });
});
