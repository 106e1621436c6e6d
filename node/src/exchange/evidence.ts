import { isLedgerError } from '@credit-ledger/sdk/protocol';

/** What says that the chain could not be asked: not that it says otherwise, and not that a clock is wrong. */
const NOT_ASKED = ['CHAIN_UNREACHABLE', 'CHAIN_NO_QUORUM'];

/**
 * Evidence first: an answer leaves only when the log was just seen to hold it, by the time that chain and clock agree
 * on. For how long it may leave without having been seen anew, because the chain cannot be asked, is a setting: none by
 * default. A chain that says otherwise, or a clock that is off, ends it at once.
 */
export class Evidence {
  readonly graceSeconds: number;
  readonly #elapsed: () => number;
  #confirmedAt: number | undefined;

  /** `elapsedMilliseconds` must not depend on the machine's clock, which is one of the things that may be wrong. */
  constructor(graceSeconds = 0, elapsedMilliseconds: () => number = () => performance.now()) {
    this.graceSeconds = graceSeconds;
    this.#elapsed = elapsedMilliseconds;
  }

  /** Chain and clock were asked, and agree. */
  confirm(): void {
    this.#confirmedAt = this.#elapsed();
  }

  /** They were asked, and do not: nothing leaves until they do. */
  withdraw(): void {
    this.#confirmedAt = undefined;
  }

  /** Seconds since chain and clock were last seen to agree; null when they never were, or do not. */
  get ageSeconds(): number | null {
    return this.#confirmedAt === undefined ? null : (this.#elapsed() - this.#confirmedAt) / 1000;
  }

  /** Whether what is logged may leave although asking for it has just failed with this error. */
  outlasts(error: unknown): boolean {
    if (!isLedgerError(error)) return false;
    if (!NOT_ASKED.includes(error.code)) {
      this.withdraw();
      return false;
    }
    const { ageSeconds } = this;
    return ageSeconds !== null && ageSeconds <= this.graceSeconds && this.graceSeconds > 0;
  }
}
