/** The one source of time of a node: what has a deadline asks it, never `Date.now()`. */
export interface Clock {
  now(): Date;
}

/** The machine's own time. */
export const systemClock: Clock = { now: () => new Date() };

/**
 * The machine's time, moved. For development and tests: deadlines can be tried
 * without waiting. A node in production mode refuses to be given one.
 */
export class ShiftedClock implements Clock {
  #shiftMilliseconds: number;
  readonly #base: Clock;

  constructor(shiftMilliseconds = 0, base: Clock = systemClock) {
    this.#shiftMilliseconds = shiftMilliseconds;
    this.#base = base;
  }

  /** Moves the clock on (or back, when negative). */
  shift(milliseconds: number): void {
    this.#shiftMilliseconds += milliseconds;
  }

  now(): Date {
    return new Date(this.#base.now().getTime() + this.#shiftMilliseconds);
  }
}

/** How far a chain clock lets the chain's newest block be from it before it is set anew. */
export const CHAIN_CLOCK_TOLERANCE_SECONDS = 60;

/**
 * The machine's time, moved to where a chain's time is: time that is moved on the chain moves the node.
 * For development only: a node in production mode refuses it, since whoever makes the blocks would say
 * what the time is. Between two looks it goes on with the machine's time.
 */
export class ChainClock implements Clock {
  #shiftMilliseconds = 0;
  readonly #base: Clock;

  constructor(base: Clock = systemClock) {
    this.#base = base;
  }

  /**
   * Tells the time of the chain's newest block (unix seconds), as soon as it is the newest. Less than a
   * minute away from this clock it changes nothing, so that the clock does not go to and fro with the blocks.
   */
  follow(chainSeconds: bigint): void {
    const chain = Number(chainSeconds) * 1000;
    const base = this.#base.now().getTime();
    if (Math.abs(chain - base - this.#shiftMilliseconds) > CHAIN_CLOCK_TOLERANCE_SECONDS * 1000) {
      this.#shiftMilliseconds = chain - base;
    }
  }

  now(): Date {
    return new Date(this.#base.now().getTime() + this.#shiftMilliseconds);
  }
}
