import { storedError } from '../exchange/errors.ts';
import type { Filings } from './filings.ts';
import type { RoomLog } from './ports.ts';

const MINUTE_MILLISECONDS = 60_000;

/** Marks the agency's own filings whose due day has passed, with each followed block and every so often. */
export class OverdueWatch {
  readonly #filings: Pick<Filings, 'markOwnOverdue'>;
  readonly #log: RoomLog;
  readonly #everyMilliseconds: number;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #waiting = false;

  constructor(
    filings: Pick<Filings, 'markOwnOverdue'>,
    log: RoomLog,
    everyMilliseconds: number = MINUTE_MILLISECONDS,
  ) {
    this.#filings = filings;
    this.#log = log;
    this.#everyMilliseconds = everyMilliseconds;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.wake(), this.#everyMilliseconds);
    this.#timer.unref();
    this.wake();
  }

  /** Ends after the look that is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#turn;
  }

  /** Looks soon; does nothing while this is not running. */
  wake(): void {
    if (this.#timer === undefined || this.#waiting) return;
    this.#waiting = true;
    this.#turn = this.#turn.then(async () => {
      this.#waiting = false;
      if (this.#timer === undefined) return;
      try {
        const marked = await this.#filings.markOwnOverdue();
        if (marked > 0) this.#log.info({ marked }, 'filings are overdue');
      } catch (error) {
        // The next block or minute tries again.
        this.#log.warn({ code: storedError(error).code }, 'filings were not looked through');
      }
    });
  }
}
