import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { MinuteCounter } from './minute-counter.ts';

const MOST_URL_CHARACTERS = 4096;
const MOST_HEADERS = 100;

/** Addresses and headers of a length that a call of ours has. */
export const saneHead: RequestHandler = (request, _response, next) => {
  if (request.originalUrl.length > MOST_URL_CHARACTERS) {
    throw new LedgerError(
      'URL_TOO_LONG',
      {
        en: `The address is longer than ${MOST_URL_CHARACTERS} characters.`,
        zh: `请求地址超过 ${MOST_URL_CHARACTERS} 个字符。`,
      },
      { most: MOST_URL_CHARACTERS },
    );
  }
  if (request.rawHeaders.length / 2 > MOST_HEADERS) throw headersTooLarge();
  next();
};

export function headersTooLarge(): LedgerError {
  return new LedgerError(
    'HEADERS_TOO_LARGE',
    {
      en: `The headers are larger than 16 KiB, or more than ${MOST_HEADERS}.`,
      zh: `请求头超过 16 KiB 或多于 ${MOST_HEADERS} 个。`,
    },
    { most: MOST_HEADERS },
  );
}

/** One network of IPv6 is one address: its owner has countless others. */
export function addressOf(request: Request): string {
  return request.ip === undefined || request.ip === '' ? 'unknown' : ipKeyGenerator(request.ip);
}

/** Refuses an address that has sent too many requests within a minute. */
export function limitByAddress(perMinute: number): RequestHandler {
  const counter = new MinuteCounter();
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: addressOf,
    // The library's own store keeps every address of the last minute, however many there are.
    store: {
      increment: (key) => {
        const totalHits = counter.add(key);
        return { totalHits, resetTime: new Date(Date.now() + counter.secondsLeft(key) * 1000) };
      },
      decrement: (key) => counter.takeBack(key),
      resetKey: (key) => counter.forget(key),
    },
    handler: (request, _response, next) => {
      next(tooManyRequests('address', perMinute, counter.secondsLeft(addressOf(request))));
    },
  });
}

/** Refuses a token with which too many requests were sent within a minute, from wherever. */
export class TokenLimit {
  readonly #perMinute: number;
  readonly #counter = new MinuteCounter();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Errors: `TOO_MANY_REQUESTS`. */
  count(tokenName: string): void {
    if (this.#counter.add(tokenName) <= this.#perMinute) return;
    throw tooManyRequests('token', this.#perMinute, this.#counter.secondsLeft(tokenName));
  }
}

/**
 * Counts sign-ins that failed, by address. Only failures count, and only once
 * they have happened: however many calls with a good token come at once, none
 * is held back.
 */
export class SignInLimit {
  readonly #perMinute: number;
  readonly #failures = new MinuteCounter();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Errors: `TOO_MANY_REQUESTS` for an address that has failed too often within a minute. */
  check(address: string): void {
    if (this.#failures.hits(address) < this.#perMinute) return;
    throw new LedgerError(
      'TOO_MANY_REQUESTS',
      {
        en: 'Too many sign-ins have failed from this address; try again in a minute.',
        zh: '该地址登录失败次数过多，请一分钟后再试。',
      },
      { perMinute: this.#perMinute, retryAfterSeconds: this.#failures.secondsLeft(address) },
    );
  }

  failed(address: string): void {
    this.#failures.add(address);
  }
}

function tooManyRequests(by: 'address' | 'token', perMinute: number, seconds: number): LedgerError {
  const operands = { by, perMinute, retryAfterSeconds: seconds };
  return new LedgerError(
    'TOO_MANY_REQUESTS',
    by === 'address'
      ? {
          en: `Too many requests from this address; try again in ${seconds} seconds.`,
          zh: `该地址请求过于频繁，请 ${seconds} 秒后再试。`,
        }
      : {
          en: `Too many requests with this token; try again in ${seconds} seconds.`,
          zh: `该令牌请求过于频繁，请 ${seconds} 秒后再试。`,
        },
    operands,
  );
}
