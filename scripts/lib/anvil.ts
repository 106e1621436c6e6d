import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { createTestClient, http, publicActions } from 'viem';

export interface AnvilOptions {
  /** 31337 by default. */
  readonly chainId?: number;
  /** A free port by default. */
  readonly port?: number;
  /** The chain is read from this file when it exists and written to it on stopping. */
  readonly stateFile?: string;
  /** Also written this often; a kill loses what came after. Only with `stateFile`. */
  readonly stateIntervalSeconds?: number;
  /** A block every so many seconds; without it, one for each transaction. */
  readonly blockTimeSeconds?: number;
  /** With `blockTimeSeconds`: a block for each transaction as well. */
  readonly mixedMining?: boolean;
  /** Outlives this process and writes what it says to this file. */
  readonly detachedLog?: string;
  /** The chain's time at its first block, unix seconds, from where it goes on as fast as any clock; now by default. */
  readonly startAtSeconds?: number;
  /** Blocks only on request (`evm_mine`). */
  readonly manualMining?: boolean;
  /** Funded development accounts, from the well-known mnemonic. 10 by default. */
  readonly accounts?: number;
}

export interface Anvil {
  readonly url: string;
  readonly chainId: number;
  readonly port: number;
  readonly pid: number;
  /** Ends it so that it writes its state; resolves when it has gone. */
  stop(): Promise<void>;
  /** Ends it at once, as a power failure would. */
  kill(): Promise<void>;
}

/** The mnemonic of anvil's development accounts: public, so never for anything of worth. */
export const ANVIL_MNEMONIC = 'test test test test test test test test test test test junk';

const STOP_MILLISECONDS = 15_000;

/**
 * Starts a local chain and waits until it listens. It ends with this process.
 * Fails when the binary is missing, the port is taken or the state file cannot be read.
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const chainId = options.chainId ?? 31337;
  if (options.detachedLog !== undefined) return startDetached(options, options.detachedLog, chainId);
  const child = spawn(anvilBinary(), anvilArguments(options, chainId), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const endWithParent = (): void => void child.kill('SIGINT');
  process.once('exit', endWithParent);
  child.once('exit', () => process.off('exit', endWithParent));
  const port = await listeningPort(child);
  return {
    url: `http://127.0.0.1:${port}`,
    chainId,
    port,
    pid: child.pid ?? 0,
    stop: () => end(child, 'SIGINT'),
    kill: () => end(child, 'SIGKILL'),
  };
}

/**
 * Moves a local chain's time on and makes a block at the new time, which it gives (unix seconds).
 * From there the chain's time goes on by itself, however blocks are made.
 */
export async function moveChainTime(url: string, seconds: number): Promise<bigint> {
  const client = createTestClient({ mode: 'anvil', transport: http(url) }).extend(publicActions);
  await client.increaseTime({ seconds });
  await client.mine({ blocks: 1 });
  return (await client.getBlock()).timestamp;
}

/**
 * The platform's own binary. Not the npm wrapper: a signal to the wrapper would
 * leave the chain running.
 */
export function anvilBinary(platform = process.platform, architecture = process.arch): string {
  const machine = architecture === 'x64' ? 'amd64' : architecture;
  const name = `@foundry-rs/anvil-${platform}-${machine}`;
  const require = createRequire(import.meta.url);
  try {
    const directory = dirname(require.resolve(`${name}/package.json`));
    return join(directory, 'bin', platform === 'win32' ? 'anvil.exe' : 'anvil');
  } catch (error) {
    throw new Error(`there is no anvil for this machine (${name} is not installed)`, { cause: error });
  }
}

function anvilArguments(options: AnvilOptions, chainId: number): string[] {
  const given: [string, string | number | undefined][] = [
    ['--chain-id', chainId],
    ['--port', options.port ?? 0],
    ['--accounts', options.accounts],
    ['--state', options.stateFile],
    ['--state-interval', options.stateIntervalSeconds],
    ['--block-time', options.blockTimeSeconds],
    ['--timestamp', options.startAtSeconds],
  ];
  return [
    '--host',
    '127.0.0.1',
    '--hardfork',
    'cancun',
    ...(options.manualMining === true ? ['--no-mining'] : []),
    ...(options.mixedMining === true ? ['--mixed-mining'] : []),
    ...given.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)])),
  ];
}

async function startDetached(options: AnvilOptions, logFile: string, chainId: number): Promise<Anvil> {
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(anvilBinary(), anvilArguments(options, chainId), {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  let failure: unknown;
  child.once('error', (error) => (failure = error));
  for (;;) {
    const said = readFileSync(logFile, 'utf8');
    const port = LISTENING.exec(said)?.[1];
    if (port !== undefined) {
      return {
        url: `http://127.0.0.1:${port}`,
        chainId,
        port: Number(port),
        pid: child.pid ?? 0,
        stop: () => end(child, 'SIGINT'),
        kill: () => end(child, 'SIGKILL'),
      };
    }
    if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`anvil ended before it listened: ${said.slice(-2_000).trim()}`, { cause: failure });
    }
    await pause(20);
  }
}

const LISTENING = /^Listening on .*:(\d+)\s*$/m;

async function listeningPort(child: ChildProcess): Promise<number> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('anvil has no output to read');
  // Both are read to the end, or a full pipe would stop the chain.
  let complaint = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const lines = createInterface({ input: stdout });
  return new Promise<number>((resolve, reject) => {
    lines.on('line', (line) => {
      const match = LISTENING.exec(line);
      if (match?.[1] !== undefined) resolve(Number(match[1]));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new Error(`anvil ended with ${code ?? signal} before it listened: ${complaint.trim()}`));
    });
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS);
  await gone;
  clearTimeout(impatience);
}
