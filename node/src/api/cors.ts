import type { RequestHandler } from 'express';

const HEADERS = 'authorization, content-type, x-access-reason, x-request-id';
const SHOWN = 'retry-after, ratelimit, x-request-id';

/**
 * Lets pages of these origins call the node with a token that they hold; none by default. Cookies are
 * never taken, so a page gains nothing that its user's token does not give.
 */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  const allowed = new Set(origins);
  return (request, response, next) => {
    if (allowed.size === 0) return next();
    response.vary('origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) return next();
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', SHOWN);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      return next();
    }
    response.setHeader('access-control-allow-methods', 'GET, POST');
    response.setHeader('access-control-allow-headers', HEADERS);
    response.setHeader('access-control-max-age', '600');
    response.status(204).end();
  };
}
