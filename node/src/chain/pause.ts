/** A pause that can be cut short: by a call that there is work, or that it is over. */
export class Pause {
  #end: (() => void) | undefined;
  #woken = false;

  /** Waits so long, or until woken; at once when woken since the last pause. */
  async wait(milliseconds: number): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#end = undefined;
    this.#woken = false;
  }

  /** Waits so long whatever wakes it, unless it is over. */
  async sleep(milliseconds: number, isOver: () => boolean): Promise<void> {
    const until = performance.now() + milliseconds;
    for (let left = milliseconds; left > 0 && !isOver(); left = until - performance.now()) {
      await this.wait(left);
    }
  }

  wake(): void {
    this.#woken = true;
    this.#end?.();
  }
}

/** Waiting times that double up to a limit. */
export class Backoff {
  readonly #first: number;
  readonly #most: number;
  #next: number;

  constructor(firstMilliseconds: number, mostMilliseconds: number) {
    this.#first = firstMilliseconds;
    this.#most = mostMilliseconds;
    this.#next = firstMilliseconds;
  }

  next(): number {
    const wait = this.#next;
    this.#next = Math.min(this.#next * 2, this.#most);
    return wait;
  }

  reset(): void {
    this.#next = this.#first;
  }
}
