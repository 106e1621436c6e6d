import { Transform, type Readable } from 'node:stream';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { parseStrictJson } from '../strict-json.ts';
import { bodyTooLarge } from './problem.ts';

export interface BodyLimits {
  /** Nothing more of a body comes for so long. */
  readonly idleMilliseconds: number;
  /** From its first byte to its last, of JSON bodies. */
  readonly jsonMilliseconds: number;
}

/** Refuses a body of another media type, in another encoding than none, or in another character set than UTF-8. */
export function mediaType(types: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    const encoding = request.headers['content-encoding'];
    // A packed body could be a bomb, and nobody needs one.
    const isPlain = encoding === undefined || encoding === 'identity';
    const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
    const isUtf8 = charset === undefined || !types.includes('application/json') || /^utf-?8$/i.test(charset);
    if (isPlain && isUtf8 && request.is([...types]) !== false) return next();
    next(
      new LedgerError(
        'MEDIA_TYPE_UNSUPPORTED',
        {
          en: `Send the body as ${types.join(' or ')}, unpacked${types.includes('application/json') ? ', in UTF-8' : ''}.`,
          zh: `请以 ${types.join(' 或 ')} 发送请求体，不压缩${types.includes('application/json') ? '，使用 UTF-8 编码' : ''}。`,
        },
        { supported: [...types] },
      ),
    );
  };
}

/** Reads a JSON body whole, within its limits, as a stranger's text. Errors: `BODY_…`. */
export function jsonBody(limitBytes: number): RequestHandler[] {
  return [
    express.raw({ limit: limitBytes, inflate: false, type: 'application/json' }),
    (request, _response, next) => {
      const bytes: unknown = request.body;
      request.body = bytes instanceof Uint8Array && bytes.length > 0 ? parseStrictJson(bytes) : undefined;
      next();
    },
  ];
}

/**
 * Ends a request whose body does not come: `refuse` is called once, with `BODY_TOO_SLOW`. What is slow is
 * told from the bytes of the connection, so that nothing of the body is read for it.
 */
export function watchBody(
  limits: BodyLimits,
  refuse: (error: LedgerError, request: Request, response: Response) => void,
): (kind: 'json' | 'raw') => RequestHandler {
  return (kind) => (request, response, next) => {
    if (request.readableEnded) return next();
    const begun = performance.now();
    let bytes = request.socket.bytesRead;
    let last = begun;
    const every = Math.min(1000, Math.max(10, limits.idleMilliseconds / 4));
    const timer = setInterval(() => {
      if (request.complete || request.readableEnded || response.writableEnded) return clearInterval(timer);
      const now = performance.now();
      if (request.socket.bytesRead !== bytes || request.isPaused()) {
        bytes = request.socket.bytesRead;
        last = now;
      }
      const isSlow =
        now - last > limits.idleMilliseconds || (kind === 'json' && now - begun > limits.jsonMilliseconds);
      if (!isSlow) return;
      clearInterval(timer);
      refuse(tooSlow(limits.idleMilliseconds), request, response);
    }, every);
    timer.unref();
    response.once('close', () => clearInterval(timer));
    next();
  };
}

function tooSlow(milliseconds: number): LedgerError {
  return new LedgerError(
    'BODY_TOO_SLOW',
    {
      en: 'The body came too slowly and was given up; nothing was done. Send it again.',
      zh: '请求体传输过慢，已放弃，未作任何处理。请重新发送。',
    },
    { idleSeconds: Math.round(milliseconds / 1000) },
  );
}

/** Passes bytes on up to a limit, then breaks off. Told by the announced length at once where there is one. */
export function limited(request: Request, limitBytes: number): Readable {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limitBytes) throw bodyTooLarge(limitBytes);
  let seen = 0;
  const gate = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > limitBytes) done(bodyTooLarge(limitBytes));
      else done(null, chunk);
    },
  });
  request.on('error', (error) => gate.destroy(error));
  request.on('aborted', () =>
    gate.destroy(
      new LedgerError('BODY_INCOMPLETE', {
        en: 'The body ended before its announced length.',
        zh: '请求体未传完。',
      }),
    ),
  );
  return request.pipe(gate);
}
