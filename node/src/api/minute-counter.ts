const WINDOW_MILLISECONDS = 60_000;
const MOST_KEYS = 10_000;

interface Count {
  hits: number;
  /** Of the monotonic clock: whoever sets the machine's time sets no limit back. */
  readonly until: number;
}

/** Counts by key within a minute. Somebody with very many keys does not fill the memory: the oldest is forgotten. */
export class MinuteCounter {
  readonly #counts = new Map<string, Count>();
  readonly #mostKeys: number;

  constructor(mostKeys = MOST_KEYS) {
    this.#mostKeys = mostKeys;
  }

  /** Counts one more and gives how many there are now. */
  add(key: string): number {
    const count = this.#current(key);
    if (count !== undefined) return (count.hits += 1);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size >= this.#mostKeys && oldest !== undefined) this.#counts.delete(oldest);
    this.#counts.set(key, { hits: 1, until: performance.now() + WINDOW_MILLISECONDS });
    return 1;
  }

  hits(key: string): number {
    return this.#current(key)?.hits ?? 0;
  }

  /** Until the count of a key begins anew. */
  secondsLeft(key: string): number {
    const count = this.#current(key);
    return count === undefined ? 0 : Math.max(1, Math.ceil((count.until - performance.now()) / 1000));
  }

  get size(): number {
    return this.#counts.size;
  }

  takeBack(key: string): void {
    const count = this.#current(key);
    if (count !== undefined) count.hits -= 1;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }

  #current(key: string): Count | undefined {
    const count = this.#counts.get(key);
    if (count === undefined || performance.now() < count.until) return count;
    this.#counts.delete(key);
    return undefined;
  }
}
