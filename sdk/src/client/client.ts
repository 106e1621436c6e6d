import createClient, { type Client } from 'openapi-fetch';
import { LedgerError, type Operand } from '../protocol/index.ts';
import { DEFAULT_PATIENCE, type Patience, sendPatiently } from './patience.ts';
import type { components, paths } from './schema.ts';

/** Data types of the API by name, as its description has them. */
export type ApiTypes = components['schemas'];
type Problem = ApiTypes['Problem'];

export interface LedgerClientOptions {
  /** Where the node listens, such as `http://127.0.0.1:8645`. */
  readonly baseUrl: string;
  /** API token, sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** For tests and unusual platforms; the platform's fetch by default. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Longest wait for one response; 30 s by default. */
  readonly timeoutMilliseconds?: number;
  /** How a node that says “later” (429 or 503 with `Retry-After`) is waited for: three times a minute at most. */
  readonly patience?: Partial<Patience>;
}

interface Outcome<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * A node's API with the types of its description: `api.GET('/v1/records', …)` gives data or an error;
 * `call` turns the error into a LedgerError with the node's own code.
 */
export class LedgerClient {
  readonly api: Client<paths>;

  constructor(options: LedgerClientOptions) {
    const timeout = options.timeoutMilliseconds ?? 30_000;
    const patience: Patience = { ...DEFAULT_PATIENCE, ...options.patience };
    const send = options.fetch ?? ((request: Request) => globalThis.fetch(request));
    this.api = createClient<paths>({
      baseUrl: options.baseUrl.replace(/\/+$/, ''),
      ...(options.token === undefined ? {} : { headers: { Authorization: `Bearer ${options.token}` } }),
      fetch: (request) => {
        const sendOnce = (once: Request): Promise<Response> =>
          send(new Request(once, { signal: AbortSignal.any([once.signal, AbortSignal.timeout(timeout)]) }));
        // A file is not kept a second time in memory for the case that it is to be sent again.
        const type = request.headers.get('content-type');
        if (request.body !== null && type?.startsWith('application/json') !== true) return sendOnce(request);
        const isReading = request.method === 'GET' || request.method === 'HEAD';
        return sendPatiently(() => sendOnce(request.clone()), patience, isReading, request.signal);
      },
    });
  }

  /**
   * The data of a response: `client.call((api) => api.GET('/v1/health'))`.
   * @throws LedgerError with the code of the node's problem details; NODE_UNREACHABLE; NODE_RESPONSE_UNKNOWN
   */
  async call<T>(request: (api: Client<paths>) => Promise<Outcome<T>>): Promise<T> {
    let outcome: Outcome<T>;
    try {
      outcome = await request(this.api);
    } catch (cause) {
      throw new LedgerError(
        'NODE_UNREACHABLE',
        { en: 'The node did not answer.', zh: '节点没有响应。' },
        { reason: cause instanceof Error ? cause.message : String(cause) },
        { cause },
      );
    }
    if (outcome.response.ok) return outcome.data as T;
    if (isProblem(outcome.error)) {
      const { code, detail, detailZh, operands, status, requestId } = outcome.error;
      throw new LedgerError(
        code,
        { en: detail, zh: detailZh },
        { ...(operands as Record<string, Operand>), status, requestId },
      );
    }
    throw new LedgerError(
      'NODE_RESPONSE_UNKNOWN',
      { en: 'What answered is no node of the ledger.', zh: '响应方不是账本节点。' },
      { status: outcome.response.status },
    );
  }
}

function isProblem(error: unknown): error is Problem {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'string' &&
    'detail' in error &&
    'detailZh' in error
  );
}
