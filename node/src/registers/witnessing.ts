import { EventStore, TreeStore, type Database } from '../store/index.ts';
import { standingOf } from './standing.ts';

/** Batches of ours that stand on the chain and that nobody has made witnessed. */
export interface Unwitnessed {
  readonly count: number;
  /** When the oldest of them was appended, unix seconds of the chain. */
  readonly oldestAt: bigint | null;
}

/** Each is looked at by itself; more than these are counted without. */
const LOOKED_AT = 200;

/**
 * Who attests a batch has replayed those before it, so only batches after the last one that members of all other
 * regions attested are looked at; of these, what one region and the quiet time made witnessed (which emits no event)
 * is not counted.
 */
export async function unwitnessedOf(db: Database, registerId: bigint): Promise<Unwitnessed> {
  const trees = new TreeStore(db);
  const standing = await trees.countStanding(registerId);
  let place = (await lastWitnessedPlace(db, registerId)) + 1;
  let count = 0;
  let oldestAt: bigint | null = null;
  for (let looked = 0; place <= standing && looked < LOOKED_AT; place++, looked++) {
    const batch = await trees.standingAt(registerId, place);
    if (batch === undefined) break;
    const { state, time } = await standingOf(db, batch);
    if (state !== 'appended' && state !== 'contested') continue;
    count += 1;
    oldestAt ??= time;
  }
  return { count: count + Math.max(0, standing - place + 1), oldestAt };
}

async function lastWitnessedPlace(db: Database, registerId: bigint): Promise<number> {
  const trees = new TreeStore(db);
  const events = await new EventStore(db).events({ registerId, names: ['BatchWitnessed'] });
  for (const { seq } of events.reverse()) {
    if (seq === null || (await trees.bySeq(registerId, seq))?.annulledAtBlock !== null) continue;
    return trees.countStanding(registerId, seq);
  }
  return 0;
}
