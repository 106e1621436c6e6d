import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { dateOfDay, dayAt, isLedgerError } from '@credit-ledger/sdk/protocol';
import type { QuestionDetail } from '../../../node/src/api/schemas/answers.ts';
import { agenciesOf, type Play, playerOf, playOn } from '../../../scripts/lib/acts/play.ts';
import { fillRegisters, giveGrant } from '../../../scripts/lib/acts/registers.ts';
import { importFile, untilWitnessed } from '../../../scripts/lib/errands.ts';
import { Narrator } from '../../../scripts/lib/narrate.ts';
import { makeSamples } from '../../../scripts/lib/samples.ts';
import { setStage, type Stage, type StageNode } from '../../../scripts/lib/stage.ts';
import { penaltyCsv, penaltyRow } from '../../intake/helpers.ts';
import { killableServer, type KillableServer } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';
import { KillableChain } from './chain.ts';

export const APPLICATION = 'procurement-qualification';
export const PREDICATE = 'no-severe-default';
const REASON = 'kill matrix';
const ASKERS = 3;
/** So long may a node take to be ready after what was killed is back. */
const PATIENCE = { timeoutMilliseconds: 120_000, everyMilliseconds: 100 } as const;

/** A question that was put, by the key under which it was put: asked again under it, it is the same question. */
export interface Put {
  readonly subject: string;
  id: string | undefined;
  end: QuestionDetail | undefined;
}

/**
 * Three authorities and a bank. Beijing, whose register fills, keeps its store on a PostgreSQL server; the others have
 * embedded ones. Chain, server and nodes can be killed.
 */
export class ChaosWorld {
  readonly chain: KillableChain;
  readonly server: KillableServer;
  readonly stage: Stage;
  readonly play: Play;
  /** Rows that Beijing has acknowledged, and what it took. */
  readonly imported = { files: 0, rows: 0, again: 0 };
  readonly questions: Put[] = [];
  /** What callers were told when something was down, by code. */
  readonly told = new Map<string, number>();
  readonly #directory: string;

  private constructor(parts: {
    chain: KillableChain;
    server: KillableServer;
    stage: Stage;
    play: Play;
    directory: string;
  }) {
    this.chain = parts.chain;
    this.server = parts.server;
    this.stage = parts.stage;
    this.play = parts.play;
    this.#directory = parts.directory;
  }

  static async make(directory: string): Promise<ChaosWorld> {
    const samples = join(directory, 'samples');
    await mkdir(samples, { recursive: true });
    const today = dateOfDay(dayAt(Math.floor(Date.now() / 1000)));
    const cast = await makeSamples({ today, seed: 2021, dir: samples });
    const server = await killableServer();
    const chain = await KillableChain.make(join(directory, 'chain'));
    const stage = await setStage({
      directory: join(directory, 'stage'),
      agencies: agenciesOf(cast),
      settings: { pollMilliseconds: 200, proverWorkers: 1, batchEverySeconds: 2 },
      settingsOf: ({ slug }) => (slug === 'beijing' ? { databaseUrl: server.url } : {}),
      chain: chain.stage,
    });
    const play = playOn(stage, { narrator: new Narrator({ write: () => true }), cast, samples, directory });
    await fillRegisters(play);
    const [beijing, hebei] = [playerOf(play, 'beijing'), playerOf(play, 'hebei')];
    await giveGrant(play, beijing, hebei, APPLICATION, { region: 130_000 });
    await chain.keepSnapshots();
    return new ChaosWorld({ chain, server, stage, play, directory });
  }

  node(slug: string): StageNode {
    const found = this.stage.nodes.find((node) => node.slug === slug);
    if (found === undefined) throw new RangeError(slug);
    return found;
  }

  async end(): Promise<void> {
    await this.server.start();
    await this.stage.stop();
    await this.server.kill();
  }

  /** Kills a node and starts it again, as a supervisor does. */
  async killNode(slug: string, downMilliseconds: number): Promise<void> {
    const { process } = this.node(slug);
    await process?.kill();
    await pause(downMilliseconds);
    process?.start();
  }

  async killServer(downMilliseconds: number): Promise<void> {
    await this.server.kill();
    await pause(downMilliseconds);
    await this.server.start();
  }

  /** Waits until every node says that it is ready; gives the seconds. */
  async untilAllReady(): Promise<number> {
    const started = performance.now();
    await Promise.all(
      this.stage.nodes.map((node) =>
        waitFor(
          `${node.slug} to be ready`,
          async () => {
            // A node that ends by itself is not what is tested: whoever starts it again hides it.
            if (node.process?.isRunning === false) throw new Error(`the node of ${node.slug} has ended`);
            return fetch(`${node.url}/v1/ready`).then(
              ({ ok }) => ok,
              () => false, // not listening yet
            );
          },
          PATIENCE,
        ),
      ),
    );
    return (performance.now() - started) / 1000;
  }

  /** Imports files of so many rows until all are acknowledged. `mayGoOn` holds the next file back. */
  async importAll(rows: number, rowsAFile: number, mayGoOn: (file: number) => Promise<void>): Promise<void> {
    const { connection } = this.node('beijing');
    for (let from = 0, file = 0; from < rows; from += rowsAFile, file++) {
      await mayGoOn(file);
      const count = Math.min(rowsAFile, rows - from);
      const path = join(this.#directory, `rows-${file}.csv`);
      await writeFile(path, penaltyCsv(Array.from({ length: count }, () => penaltyRow())));
      for (;;) {
        try {
          const done = await importFile(connection, path);
          if (done.records + done.duplicates !== count) throw new Error(JSON.stringify(done));
          break;
        } catch (error) {
          this.#note(error);
          this.imported.again += 1;
          await pause(200);
        }
      }
      this.imported.files += 1;
      this.imported.rows += count;
    }
  }

  /** Hebei asks Beijing about one company after another, several at once, until it is told to end. */
  async askOn(signal: AbortSignal, subjects: readonly string[]): Promise<void> {
    await Promise.all(Array.from({ length: ASKERS }, (_, asker) => this.#askOn(signal, subjects, asker)));
  }

  async #askOn(signal: AbortSignal, subjects: readonly string[], asker: number): Promise<void> {
    const { connection } = this.node('hebei');
    const ask = { member: this.node('beijing').memberId.toString(), application: APPLICATION };
    for (let i = 0; !signal.aborted; i++) {
      const subject = subjects[i % subjects.length] ?? '';
      const put: Put = { subject, id: undefined, end: undefined };
      this.questions.push(put);
      const key = `chaos-${asker}-${i}-${subject}`;
      while (put.end === undefined) {
        try {
          if (put.id === undefined) {
            const { body } = await connection.call<{ items: QuestionDetail[] }>('ask', {
              json: { ...ask, predicate: PREDICATE, subject, reason: REASON, idempotencyKey: key },
            });
            put.id = body.items[0]?.id;
          }
          const { body } = await connection.call<QuestionDetail>('getQuestion', {
            params: { id: put.id ?? '' },
            reason: REASON,
          });
          if (body.state !== 'created' && body.state !== 'sent') put.end = body;
        } catch (error) {
          this.#note(error);
        }
        if (put.end === undefined) await pause(200);
      }
    }
  }

  /** A question as it stands now, once it is not open again. */
  async endOf({ id }: Put): Promise<QuestionDetail> {
    if (id === undefined) throw new Error('a question that was never put');
    const { connection } = this.node('hebei');
    return waitFor(
      `question ${id} to end`,
      async () => {
        const { body } = await connection.call<QuestionDetail>('getQuestion', {
          params: { id },
          reason: REASON,
        });
        return body.state === 'created' || body.state === 'sent' ? undefined : body;
      },
      PATIENCE,
    );
  }

  async untilWitnessed(): Promise<void> {
    await untilWitnessed(['beijing', 'tianjin', 'hebei'].map((slug) => this.node(slug).connection));
  }

  /** What a caller was told while something was down must have a code; everything else ends the run. */
  #note(error: unknown): void {
    const failedImport = /^rows-\d+\.csv: .*"code":"(\w+)"/.exec(error instanceof Error ? error.message : '');
    const lost = error instanceof TypeError || (error instanceof Error && error.message === 'terminated');
    const code =
      failedImport?.[1] ?? (lost ? 'CONNECTION_LOST' : isLedgerError(error) ? error.code : undefined);
    if (code === undefined || code === 'INTERNAL') throw error;
    this.told.set(code, (this.told.get(code) ?? 0) + 1);
  }
}
