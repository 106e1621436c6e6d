import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { FileKeyring } from '../../../node/src/keys/index.ts';
import { Tokens } from '../../../node/src/api/auth.ts';
import { createLogger } from '../../../node/src/api/logging.ts';
import { createHttpServer } from '../../../node/src/api/http-server.ts';
import { createApi } from '../../../node/src/api/server.ts';
import type { NodeServices } from '../../../node/src/api/services.ts';
import { Traffic } from '../../../node/src/api/traffic.ts';
import { systemClock } from '../../../node/src/clock.ts';
import { checkConfig, type NodeConfig } from '../../../node/src/config.ts';
import { UserStore, type UserRole } from '../../../node/src/store/users.ts';
import { memoryDatabase } from '../../support/database.ts';
import { makeTempDir } from '../../support/temp.ts';
import { roomDoubles } from './doubles.ts';

export interface TestApi {
  readonly url: string;
  readonly tokens: Readonly<Record<UserRole, string>>;
  readonly services: NodeServices;
  readonly users: UserStore;
  readonly keyring: FileKeyring;
  /** Everything that was logged so far. */
  log(): string;
  query<T>(sql: string): Promise<T[]>;
  readonly traffic: Traffic;
  /** Another API with other settings over the same store and tokens; it ends with this one. */
  beside(settings?: Partial<NodeConfig>, override?: Partial<NodeServices>): Promise<TestApi>;
  close(): Promise<void>;
}

/** The API over a real store and real tokens; the rooms behind it are doubles. */
export async function startApi(
  settings: Partial<NodeConfig> = {},
  override: Partial<NodeServices> = {},
  logLevel = 'info',
): Promise<TestApi> {
  const temp = await makeTempDir();
  const { db, dispose } = await memoryDatabase();
  const keyring = await FileKeyring.create(`${temp.path}/keys`, 'a passphrase for tests', {
    scryptCost: 2 ** 14,
  });
  const users = new UserStore(db);
  const tokens = new Tokens(users, keyring, systemClock);
  const secrets = {
    officer: (await tokens.create('王芳', 'officer')).secret,
    auditor: (await tokens.create('auditor-1', 'auditor')).secret,
    operator: (await tokens.create('operator-1', 'operator')).secret,
  };
  const base = checkConfig({ rpcUrl: 'http://127.0.0.1:1' });
  const others: TestApi[] = [];

  async function listen(
    given: Partial<NodeConfig>,
    rooms: Partial<NodeServices>,
    release: () => Promise<void>,
  ): Promise<TestApi> {
    const config = { ...base, ...given };
    const services: NodeServices = { tokens, users, ...roomDoubles(), ...rooms };
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    });
    const traffic = new Traffic(config.requestsAtOnce);
    const logger = createLogger(logLevel, sink);
    const api = createApi({ services, config, clock: systemClock, logger, checkReplies: true, traffic });
    const server = createHttpServer(api, config);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const test: TestApi = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      tokens: secrets,
      services,
      users,
      keyring,
      traffic,
      log: () => lines.join(''),
      query: (sql) => db.query(sql),
      async beside(more = {}, moreRooms = {}) {
        const other = await listen(more, moreRooms, async () => undefined);
        others.push(other);
        return other;
      },
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await release();
      },
    };
    return test;
  }

  return listen(settings, override, async () => {
    for (const other of others) await other.close();
    await dispose();
    await temp.remove();
  });
}

/** The headers of a token. */
export function as(token: string, more: Record<string, string> = {}): { headers: Record<string, string> } {
  return { headers: { authorization: `Bearer ${token}`, ...more } };
}

/** A call with a JSON body. */
export function posting(token: string, body: unknown): RequestInit {
  return {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}
