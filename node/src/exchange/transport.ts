import { lookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isLedgerError, LedgerError } from '@credit-ledger/sdk/protocol';
import { parseStrictJson } from '../strict-json.ts';
import { currentRequestId } from '../trace.ts';
import { refusedAddress } from './peer-addresses.ts';
import { certificateError } from './peer-certificates.ts';

/** What another member's node answered. */
export interface PeerResponse {
  readonly status: number;
  /** Parsed JSON; undefined when the body was empty. */
  readonly body: unknown;
  /** How long the node asks to be left alone; absent when it does not say. */
  readonly retryAfterSeconds?: number;
}

/** Speaks to other members' nodes at the endpoints that the chain names. */
export interface PeerTransport {
  /**
   * Posts JSON. Errors: `PEER_ENDPOINT_REFUSED` (an address that a member must not name),
   * `PEER_UNREACHABLE`, `PEER_RESPONSE_INVALID` (too large, not JSON, a redirect), `PEER_CERTIFICATE_…`.
   */
  post(endpoint: string, path: string, body: unknown, signal?: AbortSignal): Promise<PeerResponse>;
}

/** Finds the addresses of a name, as `dns.lookup` with `all` does. */
export type Resolver = (
  hostname: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface TransportOptions {
  /** Plain HTTP, addresses of this machine and of private networks: development only. */
  readonly development?: boolean;
  /** The private networks where other members' nodes are, in CIDR notation. None by default. */
  readonly networks?: readonly string[];
  /** Certificates (PEM) of the authorities that vouch for other members' nodes; the system's by default. */
  readonly authorities?: string;
  /** For tests; the system's by default. */
  readonly resolver?: Resolver;
  /** From the request to the last byte. 15 seconds by default. */
  readonly timeoutMilliseconds?: number;
  /** 512 KiB by default; an answer with a checkpoint takes about 10. */
  readonly maxResponseBytes?: number;
}

/** What came of calls to other nodes so far: for metrics. */
export interface PeerCalls {
  /** By outcome: `ok`, or the code of the error. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** When the certificate that a node showed last ends, by endpoint. */
  readonly certificates: ReadonlyMap<string, Date>;
}

const MOST_ENDPOINTS = 512;
const JSON_TYPES = ['application/json', 'application/problem+json'];

/**
 * An endpoint comes from the chain, so a hostile member can name anything: no redirects are
 * followed, no credentials sent, the address that is really connected to is checked after the
 * name was resolved, and time and size are limited.
 */
export class HttpTransport implements PeerTransport {
  readonly #development: boolean;
  readonly #networks: readonly string[];
  readonly #authorities: string | undefined;
  readonly #resolver: Resolver;
  readonly #outcomes = new Map<string, number>();
  readonly #certificates = new Map<string, Date>();
  readonly #timeoutMilliseconds: number;
  readonly #maxResponseBytes: number;

  constructor(options: TransportOptions = {}) {
    this.#development = options.development ?? false;
    this.#networks = options.networks ?? [];
    this.#authorities = options.authorities;
    this.#resolver = options.resolver ?? ((name, callback) => lookup(name, { all: true }, callback));
    this.#timeoutMilliseconds = options.timeoutMilliseconds ?? 15_000;
    this.#maxResponseBytes = options.maxResponseBytes ?? 512 * 1024;
  }

  get calls(): PeerCalls {
    return { outcomes: this.#outcomes, certificates: this.#certificates };
  }

  async post(endpoint: string, path: string, body: unknown, signal?: AbortSignal): Promise<PeerResponse> {
    let outcome = 'ok';
    try {
      return await this.#post(endpoint, path, body, signal);
    } catch (error) {
      outcome = isLedgerError(error) ? error.code : 'ABORTED';
      throw error;
    } finally {
      this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    }
  }

  async #post(endpoint: string, path: string, body: unknown, signal?: AbortSignal): Promise<PeerResponse> {
    const url = this.#urlOf(endpoint, path);
    const timeout = AbortSignal.timeout(this.#timeoutMilliseconds);
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const payload = Buffer.from(JSON.stringify(body), 'utf8');
    const response = await this.#send(url, payload, either).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw asPeerError(url, error);
    });
    try {
      const retryAfter = Number(response.headers['retry-after'] ?? Number.NaN);
      return {
        status: response.statusCode ?? 0,
        body: await this.#read(url, response),
        ...(Number.isFinite(retryAfter) && retryAfter >= 0 ? { retryAfterSeconds: retryAfter } : {}),
      };
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
    const refused = refusedAddress(address, { development: this.#development, networks: this.#networks });
    if (refused !== undefined) throw endpointRefused(url.origin, refused);
  }

  #send(url: URL, payload: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const requestId = currentRequestId();
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
          ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
        },
        lookup: this.#lookup(url),
        ...(this.#authorities === undefined ? {} : { ca: this.#authorities }),
      });
      request.once('socket', (socket) => {
        socket.once('secureConnect', () => this.#noteCertificate(url, socket as TLSSocket));
      });
      request.once('response', fulfil);
      request.once('error', reject);
      request.end(payload);
    });
  }

  /** Of good ones only: one that is refused ends the connection before. */
  #noteCertificate(url: URL, socket: TLSSocket): void {
    const until = new Date(socket.getPeerCertificate().valid_to);
    if (Number.isNaN(until.getTime())) return;
    this.#certificates.delete(url.host);
    const [oldest] = this.#certificates.keys();
    if (this.#certificates.size >= MOST_ENDPOINTS && oldest !== undefined) this.#certificates.delete(oldest);
    this.#certificates.set(url.host, until);
  }

  /** Resolves names and refuses addresses in one step, so that nothing can change in between. */
  #lookup(url: URL): LookupFunction {
    return (hostname, options, callback) => {
      this.#resolver(hostname, (error, addresses) => {
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
        // A name without any address would make the socket choose one.
        if (addresses.length === 0) {
          callback(endpointRefused(url.origin, 'a name without an address'), '', 0);
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
    const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (!JSON_TYPES.includes(mediaType)) throw responseInvalid(url, 'another media type than JSON');
    try {
      return parseStrictJson(Buffer.concat(chunks));
    } catch (error) {
      throw responseInvalid(
        url,
        isLedgerError(error, 'BODY_MALFORMED') ? 'no JSON' : 'JSON that cannot be taken',
      );
    }
  }
}

function asPeerError(url: URL, error: unknown): Error {
  if (error instanceof LedgerError) return error;
  const ofCertificate = certificateError(url.origin, error);
  if (ofCertificate !== undefined) return ofCertificate;
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
