import type { Clock } from '../clock.ts';
import { type Database, EntryStore, type NewEntryRow } from '../store/index.ts';
import type { MadeEntry } from './entry-maker.ts';
import { registerError } from './errors.ts';

/** The largest place that a reference can name (16 bits, protocol §4). */
const MAX_REF = 65_535;

/** What goes with entries that belong together. */
export interface EntryNote {
  /** They must be in one batch. */
  readonly together?: boolean;
  /** Recognises the operation; kept with the first entry. */
  readonly operationHash?: Uint8Array;
}

/**
 * Adds entries to the book, each at the end of its subject's chain, in the order given.
 * In the caller's transaction; returns their numbers.
 */
export async function enterInBook(
  db: Database,
  keyId: string,
  made: readonly MadeEntry[],
  clock: Clock,
  note: EntryNote = {},
): Promise<bigint[]> {
  if (made.length === 0) return [];
  const store = new EntryStore(db);
  const lengths = await store.chainLengths(keyId, [
    ...new Set(made.map((entry) => entry.subjectKey as bigint)),
  ]);
  const ids = await store.reserveIds(made.length);
  const createdAt = clock.now();
  const bundle = note.together === true ? (ids[0] ?? null) : null;
  const rows = made.map((entry, i): NewEntryRow & { id: bigint } => {
    const chainIndex = lengths.get(entry.subjectKey) ?? 0;
    lengths.set(entry.subjectKey, chainIndex + 1);
    return {
      id: ids[i] ?? 0n,
      keyId,
      recordId: entry.recordId,
      op: entry.op,
      class: entry.class,
      uscc: entry.uscc,
      subjectKey: entry.subjectKey,
      chainIndex,
      packed: entry.packed,
      content: entry.content,
      body: entry.body,
      salts: entry.salts,
      bundle,
      operationHash: i === 0 ? (note.operationHash ?? null) : null,
      createdAt,
    };
  });
  await store.insert(rows);
  return ids;
}

/** A reference to a place in a chain. @throws LedgerError OPERATION_CHAIN_FULL */
export function asRef(chainIndex: number): number {
  if (chainIndex > MAX_REF) throw registerError('OPERATION_CHAIN_FULL', { chainIndex, limit: MAX_REF });
  return chainIndex;
}
