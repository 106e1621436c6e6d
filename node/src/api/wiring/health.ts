import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { AnswerStore } from '../../store/answers.ts';
import { ImportStore } from '../../store/imports.ts';
import type { Rooms } from '../rooms.ts';
import type { Readiness } from '../schemas/system.ts';
import type { HealthPort } from '../services.ts';
import { unwitnessed } from './ledger.ts';

/** Blocks that the follower may be behind and the node still be called ready. */
const MOST_LAG = 20n;

/** How the node fares. */
export class Health implements HealthPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async readiness(): Promise<Readiness> {
    const [chain, store, journal] = await Promise.all([this.#chain(), this.#store(), this.#journal()]);
    const prover = this.#prover();
    return { ready: [chain, store, journal, prover].every(({ ok }) => ok), chain, store, journal, prover };
  }

  async gauges(): Promise<Record<string, number>> {
    const { chain, follower, outbox, prover, registers, publicity, db } = this.#rooms;
    const { followedBlock, headBlock, lag, state, silentMilliseconds } = follower.status();
    const writers = await outbox.status();
    const register = await registers.status();
    const [latest] = await new ImportStore(db).list(1);
    const publications = await publicity.gauges();
    return {
      chain_height: Number(headBlock ?? 0),
      chain_followed_block: Number(followedBlock ?? 0),
      chain_lag_blocks: Number(lag ?? 0),
      chain_silent_seconds: Math.floor((silentMilliseconds ?? 0) / 1000),
      chain_following: state === 'following' ? 1 : 0,
      chain_endpoints_aside: chain.endpoints().filter(({ trouble }) => trouble !== null).length,
      outbox_open_operator: writers.operator.queued + writers.operator.sent,
      outbox_open_witness: writers.witness.queued + writers.witness.sent,
      entries_unbatched: register.unbatchedEntries,
      batches_unanchored: register.waitingBatches,
      batches_unwitnessed: await unwitnessed(this.#rooms),
      prover_waiting: prover.load.waiting,
      prover_running: prover.load.running,
      questions_open: (await new AnswerStore(db).open()).length,
      publicity_at_risk: publications.due,
      publicity_overdue: publications.overdue,
      publicity_calendar_missing: publications['calendar-missing'],
      imports_total: Number(latest?.id ?? 0),
    };
  }

  async #chain(): Promise<Readiness['chain']> {
    const { follower, config } = this.#rooms;
    const { state, lastError, lag, followedBlock, silentMilliseconds } = follower.status();
    if (lastError !== null || state !== 'following') return { ok: false, detail: codeOf(lastError) ?? state };
    if (followedBlock === null || lag === null) return { ok: false, detail: 'CHAIN_NOT_FOLLOWED_YET' };
    if (lag > MOST_LAG) return { ok: false, detail: `${lag} blocks behind` };
    if ((silentMilliseconds ?? 0) > config.chainSilenceSeconds * 1000)
      return { ok: false, detail: 'CHAIN_SILENT' };
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
