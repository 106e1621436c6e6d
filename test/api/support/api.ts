import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { FileKeyring } from '../../../node/src/keys/index.ts';
import { Tokens } from '../../../node/src/api/auth.ts';
import { createLogger } from '../../../node/src/api/logging.ts';
import { createApi } from '../../../node/src/api/server.ts';
import type { NodeServices } from '../../../node/src/api/services.ts';
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
  const keyring = await FileKeyring.create(`${temp.path}/keys.json`, 'a passphrase for tests', {
    scryptCost: 2 ** 14,
  });
  const users = new UserStore(db);
  const tokens = new Tokens(users, keyring, systemClock);
  const services: NodeServices = { tokens, users, ...roomDoubles(), ...override };
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const config = checkConfig({ rpcUrl: 'http://127.0.0.1:1' });
  const api = createApi({
    services,
    config: { ...config, ...settings },
    clock: systemClock,
    logger: createLogger(logLevel, sink),
    checkReplies: true,
  });
  const server = await new Promise<Server>((resolve) => {
    const listening = api.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const secrets = {
    officer: (await tokens.create('王芳', 'officer')).secret,
    auditor: (await tokens.create('auditor-1', 'auditor')).secret,
    operator: (await tokens.create('operator-1', 'operator')).secret,
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens: secrets,
    services,
    users,
    keyring,
    log: () => lines.join(''),
    query: (sql) => db.query(sql),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await dispose();
      await temp.remove();
    },
  };
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
