import { randomUUID } from 'node:crypto';
import { createServer, STATUS_CODES, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { NodeConfig } from '../config.ts';
import { headersTooLarge } from './limits.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problem.ts';

/** Larger ones are refused before anything of ours sees them. */
const MOST_HEADER_BYTES = 16 * 1024;

type ServerConfig = Pick<NodeConfig, 'headersSeconds' | 'requestSeconds' | 'connections'>;

/**
 * A server with every limit that comes before a request is one: connections, time for the headers and for
 * the whole request, size of the headers. What is refused here is told in the same form as everything else.
 */
export function createHttpServer(
  listener: RequestListener,
  config: ServerConfig,
  onRefused: (code: string) => void = () => undefined,
): Server {
  const server = createServer(
    {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: config.headersSeconds * 1000,
      requestTimeout: config.requestSeconds * 1000,
      connectionsCheckingInterval: Math.min(2_000, config.headersSeconds * 500),
      keepAliveTimeout: 15_000,
    },
    listener,
  );
  // The number is judged with the request, where it can be told.
  server.maxHeadersCount = 0;
  server.maxConnections = config.connections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const told = whatWasWrong(error);
    onRefused(told.code);
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const problem = problemOf(told, randomUUID());
    const body = JSON.stringify(problem);
    socket.end(
      [
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
        `content-type: ${PROBLEM_MEDIA_TYPE}`,
        `content-length: ${Buffer.byteLength(body)}`,
        `x-request-id: ${problem.requestId}`,
        'cache-control: no-store',
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  });
  return server;
}

/**
 * Takes no more connections, lets what is being answered end within the time, then closes what is left.
 * Returns how many connections had to be cut.
 */
export async function closeHttpServer(server: Server, withinMilliseconds: number): Promise<number> {
  let cut = 0;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that idles now, or after its answer, is closed at once: nobody's request is on it.
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  server.closeIdleConnections();
  const impatience = setTimeout(() => {
    server.getConnections((_error, count) => {
      cut = count;
      server.closeAllConnections();
    });
  }, withinMilliseconds);
  await closed;
  clearTimeout(impatience);
  clearInterval(sweep);
  return cut;
}

function whatWasWrong(error: NodeJS.ErrnoException): LedgerError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return headersTooLarge();
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new LedgerError('REQUEST_TOO_SLOW', {
        en: 'The request came too slowly and was given up; nothing was done.',
        zh: '请求传输过慢，已放弃，未作任何处理。',
      });
    default:
      return new LedgerError('REQUEST_MALFORMED', {
        en: 'This is no HTTP request.',
        zh: '不是有效的 HTTP 请求。',
      });
  }
}
