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
