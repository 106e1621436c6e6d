// npm run forgeries: tampers with the five answers of the latest demonstration in every way, and shows each for
// something else. Online while the demonstration's chain runs, and offline.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Expectations,
  parseCheckpoint,
  parseCreditAnswer,
  parseNetworkFile,
  type Source,
  verifyAnswer,
} from '@credit-ledger/sdk/answer';
import { chainFacts, deploymentOf, LedgerView } from '@credit-ledger/sdk/chain';
import { createPublicClient, http } from 'viem';
import { root } from './lib/checks.ts';
import { forgeriesOf } from './lib/forge.ts';
import { Narrator } from './lib/narrate.ts';
import type { Cast } from './lib/samples.ts';

const directory = join(root, '.data', 'demo');

async function readJson<T>(...path: string[]): Promise<T> {
  try {
    return JSON.parse(await readFile(join(directory, ...path), 'utf8')) as T;
  } catch (cause) {
    throw new Error('There is nothing to tamper with yet. Run “npm run demo” first.', { cause });
  }
}

const n = new Narrator();
const cast = await readJson<Cast>('samples', 'cast.json');
const network = parseNetworkFile(await readJson('network.json'));
const checkpoint = await readJson('checkpoint.json');
const sources: Record<string, Source> = { offline: { checkpoint } };
const run = await readJson<{ rpcUrl: string }>('run.json').catch(() => undefined);
if (run === undefined) n.say('The demonstration’s chain has ended: offline only. 演示链已停止，仅离线验证。');
else {
  const client = createPublicClient({ transport: http(run.rpcUrl) });
  sources['online'] = { chain: chainFacts(new LedgerView(client, deploymentOf(network))) };
}

let accepted = 0;
const rows: string[][] = [];
for (const company of cast.companies) {
  const answer = await readJson<Record<string, unknown>>('answers', `${company.role}.json`);
  const { request } = parseCreditAnswer(answer);
  const expected: Expectations = {
    subject: company.uscc,
    predicate: request.predicateHash,
    asOfDay: request.asOfDay,
    requester: request.requester,
    registerId: request.registerId,
    // The demonstration has a time of its own: its answers are judged as of the day on which they were given.
    now: parseCheckpoint(checkpoint).time,
  };
  const other = cast.companies.find((candidate) => candidate.uscc !== company.uscc);
  const elsewhere: Record<string, Expectations> = {
    'another subject': { ...expected, subject: other?.uscc ?? '' },
    'another predicate': {
      ...expected,
      predicate: { application: 'procurement-qualification', predicate: 'no-market-ban' },
    },
    'another day': { ...expected, asOfDay: request.asOfDay - 1 },
    'another requester': { ...expected, requester: BigInt(request.requester) + 1n },
    'another register': { ...expected, registerId: BigInt(request.registerId) + 1n },
  };
  await n.step(company.name, async (progress) => {
    for (const [kind, source] of Object.entries(sources)) {
      const { overall } = await verifyAnswer(answer, network, expected, source);
      if (overall !== 'VALID') throw new Error(`the answer itself is ${overall}`);
      let tried = 0;
      let refused = 0;
      const judge = async (what: string, document: unknown, wish: Expectations): Promise<void> => {
        progress(`${kind}: ${what}`);
        tried += 1;
        if ((await verifyAnswer(document, network, wish, source)).overall === 'INVALID') refused += 1;
        else n.say(`  NOT REFUSED, ${kind}: ${what}`);
      };
      for (const { what, document } of forgeriesOf(answer)) await judge(what, document, expected);
      for (const [what, wish] of Object.entries(elsewhere)) await judge(`shown for ${what}`, answer, wish);
      accepted += tried - refused;
      rows.push([company.role, kind, String(tried), String(refused)]);
    }
  });
}
n.say('');
n.table(['answer', 'verified', 'forgeries', 'refused'], rows);
if (accepted > 0) process.exitCode = 1;
