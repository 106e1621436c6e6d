import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Patience, sendPatiently } from '@credit-ledger/sdk/client';
import { LedgerError, type Operand } from '@credit-ledger/sdk/protocol';
import { ENDPOINTS } from '../api/index.ts';
import { loadConfig } from '../config.ts';
import { LOCAL_TOKENS_FILE, SERVING_FILE } from '../setup.ts';
import type { Surroundings } from './io.ts';

export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  /** The node's data directory, for what the two above leave open. */
  readonly dataDir: string;
  /** Told when the node says “later” and is waited for. */
  readonly onWait?: (seconds: number) => void;
}

/** A person is waiting: not longer than this each time, and not often. */
const PATIENCE: Patience = { retries: 3, mostSeconds: 30 };

export interface CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly json?: unknown;
  /** A raw body with its media type; streams are made anew each time, for a node that says “later”. */
  readonly raw?: {
    readonly body: string | Buffer<ArrayBuffer> | (() => BodyInit);
    readonly mediaType: string;
  };
  readonly reason?: string | undefined;
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A running node, over HTTP, like any client: endpoints by their name in the description. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #surroundings: Pick<Surroundings, 'environment' | 'signal'>;
  #url: string | undefined;

  constructor(options: ConnectionOptions, surroundings: Pick<Surroundings, 'environment' | 'signal'>) {
    this.#options = options;
    this.#surroundings = surroundings;
  }

  /**
   * Calls an endpoint. Statuses that its description has are answers; everything
   * else throws the problem as a LedgerError with its code.
   * Errors: `NODE_UNREACHABLE`, `TOKEN_MISSING`, and what the node tells.
   */
  async call<T>(id: string, options: CallOptions = {}): Promise<Answer<T>> {
    const response = await this.#send(id, options);
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
  }

  /** The bytes of an endpoint that gives a file. Errors as {@link call}. */
  async download(id: string, options: CallOptions = {}): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#send(id, options)).arrayBuffer());
  }

  /** As {@link download}, for a file that need not fit into memory. */
  async downloadStream(id: string, options: CallOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const { body } = await this.#send(id, options);
    return (body ?? new ReadableStream()) as unknown as AsyncIterable<Uint8Array>;
  }

  async #send(id: string, options: CallOptions): Promise<Response> {
    const endpoint = ENDPOINTS.find((candidate) => candidate.id === id);
    if (endpoint === undefined) throw new Error(`no endpoint ${id}`);
    const url = new URL(
      endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(options.params?.[name] ?? ''),
      ),
      await this.url(),
    );
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const headers: Record<string, string> = {};
    if (typeof endpoint.access !== 'string')
      headers['authorization'] = `Bearer ${await this.#token(endpoint.access)}`;
    if (options.reason !== undefined) headers['x-access-reason'] = encodeURIComponent(options.reason);
    let body: string | Buffer<ArrayBuffer> | (() => BodyInit) | undefined;
    if (options.raw !== undefined) {
      headers['content-type'] = options.raw.mediaType;
      body = options.raw.body;
    } else if (options.json !== undefined) {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(options.json);
    }
    let response: Response;
    try {
      const { signal } = this.#surroundings;
      const initOf = (): RequestInit =>
        ({
          method: endpoint.method.toUpperCase(),
          headers,
          signal,
          ...(body === undefined ? {} : { body: typeof body === 'function' ? body() : body, duplex: 'half' }),
        }) as RequestInit;
      response = await sendPatiently(
        () => fetch(url, initOf()),
        { ...PATIENCE, ...(this.#options.onWait === undefined ? {} : { onWait: this.#options.onWait }) },
        endpoint.method === 'get',
        signal,
      );
    } catch (cause) {
      if (this.#surroundings.signal.aborted) throw this.#surroundings.signal.reason;
      throw new LedgerError(
        'NODE_UNREACHABLE',
        { en: `No node answers at ${url.origin}.`, zh: `${url.origin} 处没有节点响应。` },
        { url: url.origin },
        { cause },
      );
    }
    if (Object.hasOwn(endpoint.replies, response.status)) return response;
    throw problemOf(response.status, await response.text());
  }

  /** The address of the node. */
  async url(): Promise<string> {
    this.#url ??=
      this.#options.url ?? this.#surroundings.environment['LEDGER_URL'] ?? (await this.#localUrl());
    return this.#url;
  }

  async #localUrl(): Promise<string> {
    const serving = await readJson(join(this.#options.dataDir, SERVING_FILE));
    if (typeof serving?.['url'] === 'string') return serving['url'];
    const { host, port } = await loadConfig(this.#options.dataDir, this.#surroundings.environment);
    return `http://${host}:${port}`;
  }

  /** The token given, or this machine's own for the first role that may. */
  async #token(roles: readonly string[]): Promise<string> {
    const given = this.#options.token ?? this.#surroundings.environment['LEDGER_TOKEN'];
    if (given !== undefined && given !== '') return given;
    const local = await readJson(join(this.#options.dataDir, LOCAL_TOKENS_FILE));
    for (const role of roles) {
      const token = local?.[role];
      if (typeof token === 'string') return token;
    }
    throw new LedgerError(
      'TOKEN_MISSING',
      {
        en: `An API token with the role ${roles.join(' or ')} is needed.`,
        zh: `需要角色为 ${roles.join('、')} 的 API 令牌。`,
      },
      { roles: [...roles] },
    );
  }
}

async function readJson(file: string): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  } catch {
    // Not there, not ours to read, or cut short: the same as not there, and said by who needs it.
    return undefined;
  }
}

function problemOf(status: number, text: string): LedgerError {
  try {
    const problem = JSON.parse(text) as {
      code?: unknown;
      detail?: unknown;
      detailZh?: unknown;
      operands?: Record<string, Operand>;
      requestId?: string;
    };
    if (typeof problem.code === 'string' && typeof problem.detail === 'string') {
      return new LedgerError(
        problem.code,
        { en: problem.detail, zh: typeof problem.detailZh === 'string' ? problem.detailZh : problem.detail },
        { ...problem.operands, requestId: problem.requestId },
      );
    }
  } catch {
    // Not a problem of ours: something else answers at this address.
  }
  return new LedgerError(
    'NODE_ANSWER_UNKNOWN',
    {
      en: `What answers there is not a node of this ledger (HTTP ${status}).`,
      zh: `该地址的服务不是本账本的节点（HTTP ${status}）。`,
    },
    { status },
  );
}
