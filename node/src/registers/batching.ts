import {
  type EntryBody,
  type Entry,
  entriesHash,
  MAX_BATCH_ENTRIES,
  type Op,
  sortForBatch,
  type SubjectKey,
} from '@credit-ledger/sdk/protocol';
import type { Clock } from '../clock.ts';
import { BatchStore, type Database, type EntryRow, EntryStore, type OwnBatchRow } from '../store/index.ts';
import { enterInBook } from './book.ts';
import { makeCoverEntries } from './entry-maker.ts';
import type { Hasher } from './hashing/hasher.ts';

/** An entry as the chain sees it. */
export function publicEntry(row: Pick<EntryRow, 'subjectKey' | 'op' | 'body'>): Entry {
  return { key: row.subjectKey as SubjectKey, op: row.op as Op, body: row.body as EntryBody };
}

/**
 * Takes the oldest entries that fit, and never a part of a bundle: a correction's
 * entries come in one batch. A bundle larger than a batch cannot be made.
 */
export function takeWholeBundles<T extends { readonly bundle: bigint | null }>(
  oldest: readonly T[],
  limit: number,
): T[] {
  if (oldest.length <= limit) return [...oldest];
  const cut = oldest[limit]?.bundle ?? null;
  const taken = oldest.slice(0, limit);
  while (cut !== null && taken.at(-1)?.bundle === cut) taken.pop();
  return taken;
}

/** In the order that the chain demands: by key, those of one key as they came. */
export function inBatchOrder<T extends { readonly subjectKey: bigint }>(rows: readonly T[]): T[] {
  return sortForBatch(rows.map((row) => ({ key: row.subjectKey as SubjectKey, row }))).map(({ row }) => row);
}

/**
 * Decides the next batch of a register: the oldest entries that are in none, with cover
 * entries among them; undefined when there is nothing to anchor. Once decided it is
 * never changed, so that it can be sent again after an annulment exactly as it was.
 */
export async function decideBatch(
  db: Database,
  keyId: string,
  options: { readonly coverEntries: number; readonly hasher: Hasher; readonly clock: Clock },
): Promise<OwnBatchRow | undefined> {
  const entries = new EntryStore(db);
  const cover = Math.min(Math.max(0, options.coverEntries), MAX_BATCH_ENTRIES - 2);
  const limit = MAX_BATCH_ENTRIES - cover;
  // One more than fit, to see whether a bundle would be cut.
  const oldest = await entries.unbatched(keyId, limit + 1);
  const taken = takeWholeBundles(oldest, limit);
  if (taken.length === 0) return undefined;
  if (cover > 0) {
    const made = await makeCoverEntries(cover, options.hasher);
    const ids = new Set(await enterInBook(db, keyId, made, options.clock));
    const waiting = await entries.unbatchedById(keyId, [...ids]);
    taken.push(...waiting);
  }
  const ordered = inBatchOrder(taken);
  const hash = entriesHash(ordered.map(publicEntry));
  const batch = await new BatchStore(db).insertBatch(
    keyId,
    BigInt(hash),
    ordered.length,
    options.clock.now(),
  );
  await entries.putInBatch(
    batch.id,
    ordered.map(({ id }) => id),
  );
  return batch;
}
