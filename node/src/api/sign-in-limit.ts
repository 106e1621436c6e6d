import { LedgerError } from '@credit-ledger/sdk/protocol';
import { ipKeyGenerator } from 'express-rate-limit';

const WINDOW_MILLISECONDS = 60_000;
const MOST_ADDRESSES = 10_000;

interface Failures {
  count: number;
  readonly until: number;
}

/**
 * Counts sign-ins that failed, by address. Only failures count, and only once
 * they have happened: however many calls with a good token come at once, none
 * is held back.
 */
export class SignInLimit {
  readonly #perMinute: number;
  readonly #failures = new Map<string, Failures>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Errors: `TOO_MANY_REQUESTS` for an address that has failed too often within a minute. */
  check(address: string): void {
    const failures = this.#current(keyOf(address));
    if (failures === undefined || failures.count < this.#perMinute) return;
    throw new LedgerError(
      'TOO_MANY_REQUESTS',
      {
        en: 'Too many sign-ins have failed from this address; try again in a minute.',
        zh: '该地址登录失败次数过多，请一分钟后再试。',
      },
      { perMinute: this.#perMinute },
    );
  }

  failed(address: string): void {
    const key = keyOf(address);
    const failures = this.#current(key);
    if (failures !== undefined) {
      failures.count += 1;
      return;
    }
    // Somebody with very many addresses must not fill the memory: the oldest is forgotten.
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= MOST_ADDRESSES && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(key, { count: 1, until: performance.now() + WINDOW_MILLISECONDS });
  }

  #current(key: string): Failures | undefined {
    const failures = this.#failures.get(key);
    if (failures === undefined || performance.now() < failures.until) return failures;
    this.#failures.delete(key);
    return undefined;
  }
}

/** One network of IPv6 is one address: its owner has countless others. */
function keyOf(address: string): string {
  return address === '' ? 'unknown' : ipKeyGenerator(address);
}
