import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dateOfDay, dayAt } from '@credit-ledger/sdk/protocol';
import { createLogger } from '../../../node/src/api/logging.ts';
import { createNode, type LedgerNode } from '../../../node/src/app.ts';
import { loadConfig } from '../../../node/src/config.ts';
import { agenciesOf, type Play, PLAY_STARTS_AT } from '../../../scripts/lib/acts/play.ts';
import { Narrator } from '../../../scripts/lib/narrate.ts';
import { makeSamples } from '../../../scripts/lib/samples.ts';
import { setStage, type Stage } from '../../../scripts/lib/stage.ts';
import { makeTempDir } from '../../support/temp.ts';

export interface TestPlay {
  readonly play: Play;
  readonly stage: Stage;
  /** In the order of the players. */
  readonly nodes: readonly LedgerNode[];
  /** What was narrated. */
  told(): string;
  /** What each node has written into its log, to the last detail. */
  readonly logs: ReadonlyMap<LedgerNode, readonly string[]>;
  dispose(): Promise<void>;
}

/** The demonstration's stage within the test: the same dates, files and settings, its nodes in this process. */
export async function testPlay(): Promise<TestPlay> {
  const temp = await makeTempDir();
  const samples = join(temp.path, 'samples');
  await mkdir(join(temp.path, 'answers'), { recursive: true });
  const today = dateOfDay(dayAt(PLAY_STARTS_AT.getTime() / 1000));
  const cast = await makeSamples({ today, seed: 2021, dir: samples });
  const nodes: LedgerNode[] = [];
  const logs = new Map<LedgerNode, readonly string[]>();
  let told = '';
  const stage = await setStage({
    directory: temp.path,
    startAt: PLAY_STARTS_AT,
    agencies: agenciesOf(cast),
    settings: { pollMilliseconds: 100, proverWorkers: 1 },
    startInProcess: async (dataDir) => {
      const lines: string[] = [];
      const node = await createNode(await loadConfig(dataDir, {}), {
        environment: {},
        checkReplies: true,
        logger: createLogger('trace', { write: (line) => void lines.push(line) }),
      });
      logs.set(node, lines);
      await node.start();
      nodes.push(node);
      return node;
    },
  });
  const play: Play = {
    narrator: new Narrator({ write: (text) => (told += text) }),
    players: stage.nodes,
    cast,
    samples,
    directory: temp.path,
    rpcUrl: stage.chain.url,
    deployment: stage.deployment,
    moveTime: (days) => stage.moveTime(days),
  };
  return {
    play,
    stage,
    nodes,
    told: () => told,
    logs,
    async dispose() {
      await stage.stop();
      await temp.remove();
    },
  };
}
