import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { checkStore, STORE_CHECKS, type StoreReport } from '../../registers/index.ts';
import type { Rooms } from '../rooms.ts';
import type { StoreReport as StoreReportView } from '../schemas/system.ts';
import type { ChecksPort } from '../services.ts';

/** Batches that the check in the background opens; the whole register is for who asks. */
const NEWEST_IN_BACKGROUND = 20;

/** Holds the store against itself, the journal and the chain: when asked, and by itself now and then. */
export class Checks implements ChecksPort {
  readonly #rooms: Rooms;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<unknown> = Promise.resolve();
  /** Of the last look in the background; undefined before the first. */
  #differences: number | undefined;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  get differences(): number | undefined {
    return this.#differences;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), this.#rooms.config.checkEverySeconds * 1000);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#underWay;
  }

  async run(newest: number | undefined): Promise<StoreReportView> {
    return viewOf(await this.#check(newest));
  }

  #look(): void {
    const { logger } = this.#rooms;
    this.#underWay = this.#check(NEWEST_IN_BACKGROUND).then(
      ({ checks }) => {
        const differing = checks.filter(({ holds }) => !holds);
        this.#differences = differing.length;
        for (const { check } of differing)
          logger.error({ check }, 'the store does not hold: run "ledger check"');
      },
      (error: unknown) => logger.warn({ err: error }, 'the store could not be checked; it is tried again'),
    );
  }

  #check(newest: number | undefined): Promise<StoreReport> {
    const { db, keyring, journal, view } = this.#rooms;
    return checkStore(
      {
        db,
        keyring,
        journal,
        chainHead: async (registerId) => {
          try {
            const { seq, newRoot } = await view.registers.read.current([registerId]);
            return { seq, root: BigInt(newRoot) };
          } catch (error) {
            // A chain that is away says nothing of the store.
            if (isLedgerError(error)) return undefined;
            throw error;
          }
        },
      },
      newest,
    );
  }
}

function viewOf({ holds, checks }: StoreReport): StoreReportView {
  return {
    holds,
    checks: checks.map(({ check, holds: each, examined, difference }) => ({
      check,
      holds: each,
      examined,
      about: STORE_CHECKS[check].about,
      difference,
      mend: each ? null : STORE_CHECKS[check].mend,
    })),
  };
}
