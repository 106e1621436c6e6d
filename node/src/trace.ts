import { AsyncLocalStorage } from 'node:async_hooks';

/** What a caller may name a request: short, and nothing that would be more than text in a log. */
const SANE = /^[A-Za-z0-9._-]{8,64}$/;

const current = new AsyncLocalStorage<string>();

/**
 * Runs work for the sake of one request. Whatever it sets off bears the request's id: lines of the log,
 * transactions in the outbox, calls to other members' nodes. One search for the id shows them all, at
 * every node that had to do with it. An id says nothing of who may do what: anybody can send any.
 */
export function traced<T>(requestId: string, work: () => T): T {
  return current.run(requestId, work);
}

/** The request that this is done for; undefined for what the node does of itself. */
export function currentRequestId(): string | undefined {
  return current.getStore();
}

/** True for an id that may be taken from a caller's `X-Request-Id`. */
export function isRequestId(given: unknown): given is string {
  return typeof given === 'string' && SANE.test(given);
}
