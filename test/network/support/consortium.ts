import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseNetworkFile, verifyAnswer } from '@credit-ledger/sdk/answer';
import { consortiumAbi, creditRegistersAbi } from '@credit-ledger/sdk/chain';
import type { Hex } from '@credit-ledger/sdk/protocol';
import { createPublicClient, encodeFunctionData, http, type PublicClient } from 'viem';
import type { QuestionDetail } from '../../../node/src/api/schemas/answers.ts';
import type { ChainStatus, Receipt } from '../../../node/src/api/schemas/ledger.ts';
import type { Readiness } from '../../../node/src/api/schemas/system.ts';
import { loadConfig } from '../../../node/src/config.ts';
import type { Keyring, KeyRole } from '../../../node/src/keys/index.ts';
import { openKeyring } from '../../../node/src/setup.ts';
import { agenciesOf, type Play, playerOf, playOn } from '../../../scripts/lib/acts/play.ts';
import { expectationsOf, failures, onChain } from '../../../scripts/lib/acts/questions.ts';
import { fillRegisters, giveGrant } from '../../../scripts/lib/acts/registers.ts';
import { buildEngine } from '../../../scripts/lib/engine/build.ts';
import {
  startValidators,
  type Validator,
  type ValidatorNetwork,
} from '../../../scripts/lib/engine/validators.ts';
import { importFile, untilAnswered, untilWitnessed } from '../../../scripts/lib/errands.ts';
import { type CouncilCall, decideInCouncil, fundAccounts } from '../../../scripts/lib/found.ts';
import { Narrator } from '../../../scripts/lib/narrate.ts';
import { makeSamples } from '../../../scripts/lib/samples.ts';
import { setStage, type Stage, type StageNode } from '../../../scripts/lib/stage.ts';
import { dateOfDay, dayAt, isLedgerError } from '@credit-ledger/sdk/protocol';
import { ledger } from '../../cli/support.ts';
import { penaltyCsv, penaltyRow } from '../../intake/helpers.ts';
import { type RpcProxy, startRpcProxy } from '../../support/rpc-proxy.ts';
import { waitFor } from '../../support/wait.ts';

export const SLUGS = ['beijing', 'tianjin', 'hebei', 'bank'] as const;
export type Slug = (typeof SLUGS)[number];

/** So long may things take that need several blocks of a chain that has just been troubled. */
export const PATIENCE = { timeoutMilliseconds: 180_000, everyMilliseconds: 250 } as const;
/** After this the nodes say that the chain stands still. */
export const SILENCE_SECONDS = 10;

/** Registers are opened one after the other: each has the number of its member. A node cut off cannot be asked. */
const REGISTERS: Readonly<Record<Slug, string>> = { beijing: '1', tianjin: '2', hebei: '3', bank: '' };

const APPLICATION = 'procurement-qualification';
/** What a caller is told while a node is restarted. */
const AWAY: readonly string[] = [
  'NODE_UNREACHABLE',
  'NOT_A_MEMBER',
  'SHUTTING_DOWN',
  'CHAIN_UNREACHABLE',
  'CLOCK_OFF',
];
const PREDICATE = 'no-severe-default';

/** Four validators, four members' nodes, and between each node and its validator a link that can be troubled. */
export class Consortium {
  readonly network: ValidatorNetwork;
  readonly stage: Stage;
  readonly links: readonly RpcProxy[];
  readonly reader: PublicClient;
  readonly #play: Play;
  readonly #directory: string;
  readonly #newKeys = new Map<Slug, { readonly operator: Hex; readonly witness: Hex }>();
  #files = 0;

  private constructor(parts: {
    network: ValidatorNetwork;
    stage: Stage;
    links: readonly RpcProxy[];
    play: Play;
    directory: string;
  }) {
    this.network = parts.network;
    this.stage = parts.stage;
    this.links = parts.links;
    this.#play = parts.play;
    this.#directory = parts.directory;
    this.reader = createPublicClient({
      transport: http(parts.stage.chain.url),
      cacheTime: 0,
      pollingInterval: 200,
    });
  }

  /** Builds the engine, starts all of it, fills the registers and grants Hebei a question to Beijing. */
  static async make(directory: string): Promise<Consortium> {
    const binary = await buildEngine((text) => process.stdout.write(`    ${text}\n`));
    const samples = join(directory, 'samples');
    await mkdir(samples, { recursive: true });
    const today = dateOfDay(dayAt(Math.floor(Date.now() / 1000)));
    const cast = await makeSamples({ today, seed: 2021, dir: samples });
    const network = await startValidators({ directory: join(directory, 'chain'), binary, slugs: SLUGS });
    const links: RpcProxy[] = [];
    try {
      for (const { url } of network.validators) links.push(await startRpcProxy(url));
      const [first] = network.validators;
      const stage = await setStage({
        directory: join(directory, 'stage'),
        agencies: agenciesOf(cast),
        settings: { pollMilliseconds: 500, proverWorkers: 1, chainSilenceSeconds: SILENCE_SECONDS },
        chain: {
          url: first?.url ?? '',
          pids: [],
          deployer: network.treasurer,
          rpcUrlOf: (index) => links[index]?.url ?? '',
          stop: async () => {
            await Promise.all(links.map((link) => link.close()));
            await network.stop();
          },
        },
      });
      const play = playOn(stage, { narrator: new Narrator({ write: () => true }), cast, samples, directory });
      const consortium = new Consortium({ network, stage, links, play, directory });
      try {
        await fillRegisters(play);
        await giveGrant(play, playerOf(play, 'beijing'), playerOf(play, 'hebei'), APPLICATION, {
          region: 130_000,
        });
      } catch (error) {
        await consortium.end();
        throw error;
      }
      return consortium;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.stage.stop();
  }

  validator(slug: Slug): Validator {
    return at(this.network.validators, slug);
  }

  link(slug: Slug): RpcProxy {
    return at(this.links, slug);
  }

  node(slug: Slug): StageNode {
    return at(this.stage.nodes, slug);
  }

  /** Imports so many rows, which are then acknowledged, and asks for their being anchored; gives the new records. */
  async import(slug: Slug, rows: number): Promise<string[]> {
    const { connection } = this.node(slug);
    const file = join(this.#directory, `more-${++this.#files}.csv`);
    await writeFile(file, penaltyCsv(Array.from({ length: rows }, () => penaltyRow())));
    const done = await importFile(connection, file);
    if (done.records !== rows) throw new Error(`${done.records} of ${rows} rows became records`);
    await connection.call('anchor', { params: { id: REGISTERS[slug] } });
    const { body } = await connection.call<{ items: { id: string }[] }>('listImportRecords', {
      params: { id: done.id },
      query: { limit: String(rows) },
      reason: 'test',
    });
    return body.items.map(({ id }) => id);
  }

  /** Waits until every record is in exactly one standing batch that is witnessed, and all nodes have heard of all. */
  async untilAnchoredOnce(slug: Slug, records: readonly string[]): Promise<void> {
    await untilWitnessed(SLUGS.slice(0, 3).map((each) => this.node(each).connection));
    for (const id of records) {
      const { body } = await this.node(slug).connection.call<Receipt>('getReceipt', {
        params: { recordId: id },
        reason: 'test',
      });
      const [entry, ...more] = body.entries;
      if (more.length > 0 || entry?.state !== 'witnessed' || entry.batch?.annulled.length !== 0) {
        throw new Error(`record ${id} is not anchored once: ${JSON.stringify(body.entries)}`);
      }
    }
  }

  /** Hebei asks Beijing; gives the seconds until the answer had verified. */
  async ask(): Promise<number> {
    const started = performance.now();
    await this.answer();
    return (performance.now() - started) / 1000;
  }

  /** Hebei asks Beijing; gives the answer that verified. */
  async answer(): Promise<QuestionDetail> {
    const question = await untilAnswered(this.node('hebei').connection, this.#question());
    if (question.answer !== true) throw new Error(`answered ${String(question.answer)}`);
    return question;
  }

  /** The same by a caller who tries again when the connection breaks: as one question, which must be answered. */
  async answerAtLast(): Promise<void> {
    const { connection } = this.node('hebei');
    const json = { ...this.#question(), idempotencyKey: randomUUID() };
    await waitFor(
      'an answer',
      async () => {
        const asked = await connection
          .call<{ items: QuestionDetail[] }>('ask', { json })
          .catch((error: unknown) => {
            // Away for a moment, or not ready yet; whatever else it is ends the test.
            if (isLedgerError(error) && AWAY.includes(error.code)) return undefined;
            throw error;
          });
        const [question] = asked?.body.items ?? [];
        if (question?.state === 'refused' || question?.state === 'failed')
          throw new Error(JSON.stringify(question.refusal ?? question.error));
        return question?.state === 'answered';
      },
      PATIENCE,
    );
  }

  /** What a third party has against an answer now. */
  async troubles({ document }: QuestionDetail): Promise<string> {
    const network = parseNetworkFile((await this.node('hebei').connection.call('getNetwork')).body);
    const [company] = this.#play.cast.companies;
    if (company === undefined) throw new Error('no companies');
    const expected = await expectationsOf(this.#play, {
      from: this.node('hebei'),
      to: this.node('beijing'),
      company,
      application: APPLICATION,
      predicate: PREDICATE,
    });
    const wanted = { ...expected, maxAgeSeconds: 86_400 };
    return failures(
      await verifyAnswer(JSON.stringify(document), network, wanted, onChain(this.#play, network)),
    );
  }

  /** Makes new keys beside the running node, and lets the council put them in force so many blocks later. */
  async changeKeys(slug: Slug, leadBlocks: bigint): Promise<void> {
    const { dataDir, memberId } = this.node(slug);
    const made = await ledger(['keys', 'new', '--data', dataDir, '--json']);
    if (made.code !== 0) throw new Error(made.err);
    const keys = (JSON.parse(made.out) as { made: { role: KeyRole; address: Hex }[] }).made;
    const [operator, witness] = (['operator', 'witness'] as const).map(
      (role) => keys.find((key) => key.role === role)?.address ?? '0x',
    ) as [Hex, Hex];
    await fundAccounts(this.stage.chain.url, this.stage.chain.deployer, [operator, witness]);
    const fromBlock = (await this.reader.getBlockNumber()) + leadBlocks;
    await this.#decide('更换密钥', {
      target: this.stage.deployment.consortium,
      data: encodeFunctionData({
        abi: consortiumAbi,
        functionName: 'changeKeys',
        args: [memberId, operator, witness, fromBlock],
      }),
    });
    this.#newKeys.set(slug, { operator, witness });
  }

  /** Whether a node signs with the keys that it was given last. */
  async hasTurned(slug: Slug): Promise<boolean> {
    const { body } = await this.node(slug).connection.call<ChainStatus>('getChain');
    return body.operator === this.#newKeys.get(slug)?.operator.toLowerCase();
  }

  #question() {
    const [company] = this.#play.cast.companies;
    return {
      subject: company?.uscc ?? '',
      member: this.node('beijing').memberId.toString(),
      application: APPLICATION,
      predicate: PREDICATE,
      reason: 'test of the network',
    };
  }

  /** What a node says of its own readiness. */
  async readiness(slug: Slug): Promise<Readiness> {
    const response = await fetch(`${this.node(slug).url}/v1/ready`);
    return (await response.json()) as Readiness;
  }

  untilReady(slug: Slug): Promise<Readiness> {
    return waitFor(
      `${slug} to be ready`,
      async () => {
        const { process } = this.node(slug);
        if (process?.isRunning === false) throw new Error(`the node of ${slug} has ended`);
        const readiness = await this.readiness(slug).catch((error: unknown) => {
          if (error instanceof TypeError) return undefined; // not listening yet
          throw error;
        });
        return readiness?.ready === true ? readiness : undefined;
      },
      PATIENCE,
    );
  }

  /** Waits until a node says of the chain that this is in its way. */
  async untilSays(slug: Slug, code: string): Promise<void> {
    await waitFor(
      `${slug} to say ${code}`,
      async () => (await this.readiness(slug)).chain.detail === code,
      PATIENCE,
    );
  }

  /** Waits until these validators have made so many blocks more; gives the seconds that the first took. */
  async untilBlocksGoOn(slugs: readonly Slug[], more = 3n): Promise<number> {
    const started = performance.now();
    const from = (await Promise.all(slugs.map((slug) => this.validator(slug).blockNumber()))).reduce<bigint>(
      (most, number) => (number !== undefined && number > most ? number : most),
      0n,
    );
    let first: number | undefined;
    await waitFor(
      `${more} blocks after ${from} at ${slugs.join(', ')}`,
      async () => {
        const numbers = await Promise.all(slugs.map((slug) => this.validator(slug).blockNumber()));
        if (numbers.some((number) => (number ?? 0n) > from)) first ??= (performance.now() - started) / 1000;
        return numbers.every((number) => (number ?? 0n) >= from + more);
      },
      PATIENCE,
    );
    return first ?? 0;
  }

  /** Holds when no validator of these makes a block for so long. */
  async standsStill(slugs: readonly Slug[], seconds: number): Promise<void> {
    const numbers = (): Promise<(bigint | undefined)[]> =>
      Promise.all(slugs.map((slug) => this.validator(slug).blockNumber()));
    const before = await numbers();
    // Not a wait for something: that nothing happens can only be seen by looking for a while.
    await pause(seconds * 1000);
    const after = await numbers();
    if (JSON.stringify(before.map(String)) !== JSON.stringify(after.map(String))) {
      throw new Error(`the chain went on from ${before.join(', ')} to ${after.join(', ')}`);
    }
  }

  /** The keys of a member, for one that misuses them. */
  async keyring(slug: Slug): Promise<Keyring> {
    const keyring = await openKeyring(await loadConfig(this.node(slug).dataDir, {}), {});
    for (const [role, address] of Object.entries(this.#newKeys.get(slug) ?? {}))
      keyring.use(role as KeyRole, address);
    return keyring;
  }

  /** Sends with a member's key and without its node; gives whether the chain took it. */
  async sendAs(slug: Slug, role: KeyRole, data: Hex, via: Slug = 'beijing'): Promise<boolean> {
    const keyring = await this.keyring(slug);
    const account = role === 'operator' ? keyring.operatorAddress : keyring.witnessAddress;
    const client = createPublicClient({ transport: http(this.validator(via).url), pollingInterval: 200 });
    const block = await client.getBlock();
    const hash = await client.sendRawTransaction({
      serializedTransaction: await keyring.signTransaction(role, {
        type: 'eip1559',
        chainId: this.stage.deployment.chainId,
        to: this.stage.deployment.registers,
        data,
        nonce: await client.getTransactionCount({ address: account }),
        gas: 3_000_000n,
        maxFeePerGas: (block.baseFeePerGas ?? 0n) * 2n,
        maxPriorityFeePerGas: 0n,
      }),
    });
    return (await client.waitForTransactionReceipt({ hash, timeout: 60_000 })).status === 'success';
  }

  /** The council rules on the objections to a batch. */
  async rule(registerId: bigint, seq: bigint, upheld: boolean): Promise<void> {
    await this.#decide('ruling of a test', {
      target: this.stage.deployment.registers,
      data: encodeFunctionData({
        abi: creditRegistersAbi,
        functionName: 'rule',
        args: [registerId, seq, upheld, `0x${'00'.repeat(32)}`],
      }),
    });
  }

  async #decide(summary: string, call: CouncilCall): Promise<void> {
    const { deployment, seats, chain } = this.stage;
    await decideInCouncil({
      rpcUrl: chain.url,
      deployment,
      seats: [seats[0], seats[1]],
      summary,
      calls: [call],
    });
  }
}

function at<T>(all: readonly T[], slug: Slug): T {
  const found = all[SLUGS.indexOf(slug)];
  if (found === undefined) throw new RangeError(slug);
  return found;
}
