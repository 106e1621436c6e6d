import { isLedgerError } from '@credit-ledger/sdk/protocol';
import type { Rooms } from '../rooms.ts';
import type { Readiness } from '../schemas/system.ts';
import type { HealthPort } from '../services.ts';
import type { Checks } from './checks.ts';
import { readGauges } from './gauges.ts';
import type { GaugeName } from '../gauges.ts';

/** Blocks that the follower may be behind and the node still be called ready. */
const MOST_LAG = 20n;

/** How the node fares. */
export class Health implements HealthPort {
  readonly #rooms: Rooms;
  readonly #checks: Pick<Checks, 'differences'>;

  constructor(rooms: Rooms, checks: Pick<Checks, 'differences'>) {
    this.#rooms = rooms;
    this.#checks = checks;
  }

  async readiness(): Promise<Readiness> {
    const [chain, store, journal] = await Promise.all([this.#chain(), this.#store(), this.#journal()]);
    const prover = this.#prover();
    return { ready: [chain, store, journal, prover].every(({ ok }) => ok), chain, store, journal, prover };
  }

  async gauges(): Promise<Partial<Record<GaugeName, number>>> {
    const { differences } = this.#checks;
    return {
      ...(await readGauges(this.#rooms, await this.readiness())),
      ...(differences === undefined ? {} : { check_differences: differences }),
    };
  }

  async #chain(): Promise<Readiness['chain']> {
    const { follower, config, inForce } = this.#rooms;
    const { state, lastError, lag, followedBlock, silentMilliseconds } = follower.status();
    if (lastError !== null || state !== 'following') return { ok: false, detail: codeOf(lastError) ?? state };
    if (followedBlock === null || lag === null) return { ok: false, detail: 'CHAIN_NOT_FOLLOWED_YET' };
    if (lag > MOST_LAG) return { ok: false, detail: `${lag} blocks behind` };
    if ((silentMilliseconds ?? 0) > config.chainSilenceSeconds * 1000)
      return { ok: false, detail: 'CHAIN_SILENT' };
    if (inForce.notUnderstood().length > 0) return { ok: false, detail: 'CONTRACTS_NOT_UNDERSTOOD' };
    if ((await this.#rooms.membership()) === undefined) return { ok: false, detail: 'NOT_A_MEMBER' };
    return { ok: true, detail: `block ${followedBlock}` };
  }

  async #store(): Promise<Readiness['store']> {
    try {
      await this.#rooms.db.query('SELECT 1 AS one');
      return { ok: true, detail: '' };
    } catch (error) {
      return { ok: false, detail: codeOf(error) ?? 'INTERNAL' };
    }
  }

  async #journal(): Promise<Readiness['journal']> {
    const { hindrance } = await this.#rooms.registers.status();
    if (hindrance === null) return { ok: true, detail: '' };
    return { ok: !hindrance.code.startsWith('JOURNAL_'), detail: hindrance.code };
  }

  #prover(): Readiness['prover'] {
    const { waiting, running } = this.#rooms.prover.load;
    return waiting >= this.#rooms.config.proverQueue
      ? { ok: false, detail: 'BUSY' }
      : { ok: true, detail: `${running} running, ${waiting} waiting` };
  }
}

function codeOf(error: unknown): string | undefined {
  if (error === null || error === undefined) return undefined;
  return isLedgerError(error) ? error.code : 'INTERNAL';
}
