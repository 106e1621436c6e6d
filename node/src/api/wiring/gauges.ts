import { AnswerStore } from '../../store/answers.ts';
import { ImportStore } from '../../store/imports.ts';
import { OutboxStore } from '../../store/outbox.ts';
import { unwitnessedOf } from '../../registers/index.ts';
import type { GaugeName } from '../gauges.ts';
import type { Readiness } from '../schemas/system.ts';
import type { Rooms } from '../rooms.ts';

/** The values now. What the store holds is left out when the store is away: the rest is then the more wanted. */
export async function readGauges(
  rooms: Rooms,
  readiness: Readiness,
): Promise<Partial<Record<GaugeName, number>>> {
  const { chain, follower, prover, config } = rooms;
  const { followedBlock, headBlock, lag, state, silentMilliseconds, clockOffsetSeconds } = follower.status();
  const bit = (value: boolean): number => (value ? 1 : 0);
  return {
    ready: bit(readiness.ready),
    ready_chain: bit(readiness.chain.ok),
    ready_store: bit(readiness.store.ok),
    ready_journal: bit(readiness.journal.ok),
    ready_prover: bit(readiness.prover.ok),
    chain_height: Number(headBlock ?? 0),
    chain_followed_block: Number(followedBlock ?? 0),
    chain_lag_blocks: Number(lag ?? 0),
    chain_silent_seconds: Math.floor((silentMilliseconds ?? 0) / 1000),
    chain_following: bit(state === 'following'),
    chain_endpoints_aside: chain.endpoints().filter(({ trouble }) => trouble !== null).length,
    keys_missing: Object.values(rooms.ownKeys.status().held).filter((held) => !held).length,
    clock_offset_seconds: clockOffsetSeconds ?? 0,
    prover_waiting: prover.load.waiting,
    prover_running: prover.load.running,
    prover_queue: config.proverQueue,
    ...(readiness.store.ok ? await fromStore(rooms) : {}),
  };
}

async function fromStore(rooms: Rooms): Promise<Partial<Record<GaugeName, number>>> {
  const { clock, outbox, registers, witness, publicity, db } = rooms;
  const writers = await outbox.status();
  const oldest = await new OutboxStore(db).oldestOpen();
  const register = await registers.status();
  const watched = await witness.status();
  const [latest] = await new ImportStore(db).list(1);
  const publications = await publicity.gauges();
  const { registerId } = register;
  const unwitnessed =
    registerId === null ? { count: 0, oldestAt: null } : await unwitnessedOf(db, registerId);
  const since = (moment: number | undefined): number =>
    moment === undefined ? 0 : Math.max(0, Math.floor((clock.now().getTime() - moment) / 1000));
  const objections = (own: boolean): number =>
    watched.registers
      .filter((each) => (each.registerId === registerId) === own)
      .reduce((total, { openObjections }) => total + openObjections, 0);
  return {
    outbox_open_operator: writers.operator.queued + writers.operator.sent,
    outbox_open_witness: writers.witness.queued + writers.witness.sent,
    outbox_oldest_seconds_operator: since(oldest.operator?.getTime()),
    outbox_oldest_seconds_witness: since(oldest.witness?.getTime()),
    outbox_failing: [writers.operator, writers.witness].filter(({ lastError }) => lastError !== null).length,
    entries_unbatched: register.unbatchedEntries,
    batches_unanchored: register.waitingBatches,
    batches_unwitnessed: unwitnessed.count,
    batches_unwitnessed_oldest_seconds: since(
      unwitnessed.oldestAt === null ? undefined : Number(unwitnessed.oldestAt) * 1000,
    ),
    register_hindered: register.hindrance === null ? 0 : 1,
    register_contested: objections(true),
    witness_objections_open: objections(false),
    witness_alarms: watched.alarms.length,
    questions_open: (await new AnswerStore(db).open()).length,
    publicity_at_risk: publications.due,
    publicity_overdue: publications.overdue,
    publicity_calendar_missing: publications['calendar-missing'],
    imports_total: Number(latest?.id ?? 0),
  };
}
