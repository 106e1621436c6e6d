import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mnemonicToAccount } from 'viem/accounts';
import { ANVIL_MNEMONIC, type Anvil, startAnvil } from '../../../scripts/lib/anvil.ts';
import type { StageChain } from '../../../scripts/lib/stage.ts';

interface Snapshot {
  readonly file: string;
  /** On the steady clock, when the chain had written it. */
  readonly at: number;
}

const EVERY_MILLISECONDS = 1_000;
/** A little more than the deepest rollback. */
const KEPT = 40;

/**
 * A chain that is killed and comes back older than it was: as of its last state on disk, about a second before, or as
 * of an earlier one, as when a validator is restored from a backup.
 */
export class KillableChain {
  readonly #directory: string;
  readonly #stateFile: string;
  readonly #snapshots: Snapshot[] = [];
  #anvil: Anvil;
  #taken = 0;
  #taking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(directory: string, anvil: Anvil) {
    this.#directory = directory;
    this.#stateFile = join(directory, 'state.json');
    this.#anvil = anvil;
  }

  static async make(directory: string): Promise<KillableChain> {
    await mkdir(directory, { recursive: true });
    return new KillableChain(directory, await startAnvil(optionsOf(join(directory, 'state.json'))));
  }

  get stage(): StageChain {
    return {
      url: this.#anvil.url,
      pids: [this.#anvil.pid],
      deployer: mnemonicToAccount(ANVIL_MNEMONIC),
      rpcUrlOf: () => this.#anvil.url,
      stop: async () => {
        clearInterval(this.#timer);
        await this.#taking;
        await this.#anvil.kill();
      },
    };
  }

  /** From now on the chain may come back as of any moment, and never as of one before. */
  async keepSnapshots(): Promise<void> {
    await this.#anvil.stop();
    await keepFirstGenesis(this.#stateFile);
    this.#anvil = await startAnvil({ ...optionsOf(this.#stateFile), port: this.#anvil.port });
    await this.#take();
    this.#timer = setInterval(() => {
      this.#taking = this.#taking.then(() => this.#take());
    }, EVERY_MILLISECONDS);
  }

  /** Kills it and starts it as of its last written state; gives how many seconds it lost, as far as known. */
  async kill(): Promise<void> {
    await this.#anvil.kill();
    this.#anvil = await this.#start(this.#snapshots.length - 1, this.#stateFile);
  }

  /** Kills it and starts it as of so many seconds ago, or as of the first snapshot; gives the seconds. */
  async rollBack(seconds: number): Promise<number> {
    await this.#taking;
    await this.#anvil.kill();
    const before = performance.now() - seconds * 1000;
    const index = Math.max(
      0,
      this.#snapshots.findLastIndex(({ at }) => at <= before),
    );
    const chosen = this.#snapshots[index];
    if (chosen === undefined) throw new Error('no snapshot was kept');
    // What was written later is of a chain that never was.
    this.#snapshots.splice(index + 1);
    this.#anvil = await this.#start(index);
    return (performance.now() - chosen.at) / 1000;
  }

  /** From a state that was being written when the kill came nothing starts: then from the one before. */
  async #start(index: number, first?: string): Promise<Anvil> {
    const files = [
      ...(first === undefined ? [] : [first]),
      ...this.#snapshots
        .slice(0, index + 1)
        .reverse()
        .map(({ file }) => file),
    ];
    const { port } = this.#anvil;
    for (const file of files) {
      // From half a file it would start another chain.
      if (!(await isWhole(file))) continue;
      if (file !== this.#stateFile) await copyFile(file, this.#stateFile);
      await keepFirstGenesis(this.#stateFile);
      return startAnvil({ ...optionsOf(this.#stateFile), port });
    }
    throw new Error('no whole state of the chain is left');
  }

  async #take(): Promise<void> {
    const written = await stat(this.#stateFile).catch(() => undefined);
    if (written === undefined) return;
    const file = join(this.#directory, `state-${++this.#taken}.json`);
    await copyFile(this.#stateFile, file);
    if (!(await isWhole(file))) return;
    this.#snapshots.push({ file, at: performance.now() - (Date.now() - written.mtimeMs) });
    if (this.#snapshots.length > KEPT) this.#snapshots.shift();
  }
}

function optionsOf(stateFile: string) {
  return { stateFile, stateIntervalSeconds: 1, blockTimeSeconds: 2, mixedMining: true } as const;
}

async function isWhole(file: string): Promise<boolean> {
  try {
    JSON.parse(await readFile(file, 'utf8'));
    return true;
  } catch {
    // Being written when it was looked at, or when the kill came.
    return false;
  }
}

interface State {
  blocks: { readonly header: { readonly number: string; readonly timestamp: string } }[];
}

/**
 * This chain makes a first block at every start, also when it reads its state from a file, and writes all of them: after
 * some restarts another than the first would be given out as the chain's first block.
 */
async function keepFirstGenesis(file: string): Promise<void> {
  const state = JSON.parse(await readFile(file, 'utf8')) as State;
  const firsts = state.blocks.filter(({ header }) => Number(header.number) === 0);
  const earliest = Math.min(...firsts.map(({ header }) => Number(header.timestamp)));
  state.blocks = state.blocks.filter(
    ({ header }) => Number(header.number) !== 0 || Number(header.timestamp) === earliest,
  );
  await writeFile(file, JSON.stringify(state));
}
