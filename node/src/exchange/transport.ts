import { lookup as resolve, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import { refusedAddress } from './peer-addresses.ts';

/** What another member's node answered. */
export interface PeerResponse {
  readonly status: number;
  /** Parsed JSON; undefined when the body was empty. */
  readonly body: unknown;
}

/** Speaks to other members' nodes at the endpoints that the chain names. */
export interface PeerTransport {
  /**
   * Posts JSON. Errors: `PEER_ENDPOINT_REFUSED` (an address that a member must not name),
   * `PEER_UNREACHABLE`, `PEER_RESPONSE_INVALID` (too large, not JSON, a redirect).
   */
  post(endpoint: string, path: string, body: unknown, signal?: AbortSignal): Promise<PeerResponse>;
}

export interface TransportOptions {
  /** Plain HTTP and addresses of this machine: development only. */
  readonly development?: boolean;
  /** From the request to the last byte. 15 seconds by default. */
  readonly timeoutMilliseconds?: number;
  /** 512 KiB by default; an answer with a checkpoint takes about 10. */
  readonly maxResponseBytes?: number;
}

/**
 * An endpoint comes from the chain, so a hostile member can name anything: no redirects are
 * followed, no credentials sent, the address that is really connected to is checked after the
 * name was resolved, and time and size are limited.
 */
export class HttpTransport implements PeerTransport {
  readonly #development: boolean;
  readonly #timeoutMilliseconds: number;
  readonly #maxResponseBytes: number;

  constructor(options: TransportOptions = {}) {
    this.#development = options.development ?? false;
    this.#timeoutMilliseconds = options.timeoutMilliseconds ?? 15_000;
    this.#maxResponseBytes = options.maxResponseBytes ?? 512 * 1024;
  }

  async post(endpoint: string, path: string, body: unknown, signal?: AbortSignal): Promise<PeerResponse> {
    const url = this.#urlOf(endpoint, path);
    const timeout = AbortSignal.timeout(this.#timeoutMilliseconds);
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const payload = Buffer.from(JSON.stringify(body), 'utf8');
    const response = await this.#send(url, payload, either).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw asPeerError(url, error);
    });
    try {
      return { status: response.statusCode ?? 0, body: await this.#read(url, response) };
    } catch (error) {
      signal?.throwIfAborted();
      throw asPeerError(url, error);
    } finally {
      response.destroy();
    }
  }

  #urlOf(endpoint: string, path: string): URL {
    const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
    const schemes = this.#development ? ['https:', 'http:'] : ['https:'];
    if (url === undefined || !schemes.includes(url.protocol)) throw endpointRefused(endpoint, 'scheme');
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
      throw endpointRefused(url.origin, 'credentials, query or fragment');
    }
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0) this.#requireAddress(url, literal);
    url.pathname = url.pathname.replace(/\/$/, '') + path;
    return url;
  }

  #requireAddress(url: URL, address: string): void {
    const refused = refusedAddress(address, this.#development);
    if (refused !== undefined) throw endpointRefused(url.origin, refused);
  }

  #send(url: URL, payload: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((fulfil, reject) => {
      const request = send(url, {
        method: 'POST',
        signal,
        agent: false,
        headers: {
          'content-type': 'application/json',
          'content-length': payload.length,
          accept: 'application/json, application/problem+json',
          'user-agent': 'credit-ledger',
        },
        lookup: this.#lookup(url),
      });
      request.once('response', fulfil);
      request.once('error', reject);
      request.end(payload);
    });
  }

  /** Resolves names and refuses addresses in one step, so that nothing can change in between. */
  #lookup(url: URL): LookupFunction {
    return (hostname, options, callback) => {
      resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
        if (error !== null) {
          callback(error, '', 0);
          return;
        }
        try {
          for (const { address } of addresses) this.#requireAddress(url, address);
        } catch (refused) {
          callback(refused as Error, '', 0);
          return;
        }
        const [first] = addresses;
        if (options.all === true) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family ?? 0);
      });
    };
  }

  async #read(url: URL, response: IncomingMessage): Promise<unknown> {
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400) throw responseInvalid(url, 'a redirect');
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > this.#maxResponseBytes)
        throw responseInvalid(url, `more than ${this.#maxResponseBytes} bytes`);
      chunks.push(chunk);
    }
    if (size === 0) return undefined;
    try {
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    } catch {
      throw responseInvalid(url, 'not JSON');
    }
  }
}

function asPeerError(url: URL, error: unknown): Error {
  if (error instanceof LedgerError) return error;
  const reason = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.name : 'unknown');
  return new LedgerError(
    'PEER_UNREACHABLE',
    { en: `The node at ${url.origin} does not answer.`, zh: `节点 ${url.origin} 无响应。` },
    { endpoint: url.origin, reason },
    { cause: error },
  );
}

function endpointRefused(endpoint: string, why: string): LedgerError {
  return new LedgerError(
    'PEER_ENDPOINT_REFUSED',
    { en: `This endpoint is not one that a member may name (${why}).`, zh: `成员不得使用该端点（${why}）。` },
    { endpoint: endpoint.slice(0, 200), why },
  );
}

function responseInvalid(url: URL, why: string): LedgerError {
  return new LedgerError(
    'PEER_RESPONSE_INVALID',
    { en: `The node at ${url.origin} answered with ${why}.`, zh: `节点 ${url.origin} 的响应无效：${why}。` },
    { endpoint: url.origin, why },
  );
}
