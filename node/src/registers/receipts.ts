import { OP, type Op, unpackEntry } from '@credit-ledger/sdk/protocol';
import {
  BatchStore,
  type Database,
  type EntryRow,
  EntryStore,
  hexOf,
  TreeStore,
  wordBytes,
} from '../store/index.ts';
import { registerError } from './errors.ts';
import { type BatchStanding, standingOf } from './standing.ts';

const OP_NAMES: Record<Op, 'record' | 'revoke' | 'repair' | 'dispute' | 'settle'> = {
  [OP.RECORD]: 'record',
  [OP.REVOKE]: 'revoke',
  [OP.REPAIR]: 'repair',
  [OP.DISPUTE]: 'dispute',
  [OP.SETTLE]: 'settle',
};

/** What became of one entry. */
export interface EntryReceipt {
  readonly entryId: bigint;
  readonly op: (typeof OP_NAMES)[Op];
  /** Day of the decision, counted from 1970-01-01 at UTC+8. */
  readonly day: number;
  readonly subjectKey: `0x${string}`;
  /** Its place in the subject's chain, from 0. */
  readonly chainIndex: number;
  /**
   * `pending`: in no batch yet; `batched`: its batch waits to be appended; then as the
   * batch stands. After an annulment it is `batched` again until its entries came again.
   */
  readonly state: 'pending' | 'batched' | Exclude<BatchStanding['state'], 'annulled'>;
  readonly batch: EntryBatchReceipt | null;
}

export interface EntryBatchReceipt {
  /** Which of the agency's batches. */
  readonly ordinal: number;
  /** The entry's place in it, from 0. */
  readonly position: number;
  readonly size: number;
  readonly entriesHash: `0x${string}`;
  /** When its openings were durable in the journal. */
  readonly journalledAt: Date | null;
  /** Null while the batch does not stand on the chain. */
  readonly standing: BatchStanding | null;
  /** Standings that the council annulled. */
  readonly annulled: readonly BatchStanding[];
}

export interface Receipt {
  readonly recordId: bigint;
  readonly registerId: bigint | null;
  readonly entries: readonly EntryReceipt[];
}

/**
 * Where the entries of a record are. Derived each time: after a rollback of the chain it
 * says `batched` again. In the transaction of `db`, or it may mix two moments.
 * @throws LedgerError RECORD_UNKNOWN
 */
export async function receiptOf(db: Database, recordId: bigint): Promise<Receipt> {
  const rows = await new EntryStore(db).ofRecord(recordId);
  const [first] = rows;
  if (first === undefined) throw registerError('RECORD_UNKNOWN', { recordId });
  const register = (await new BatchStore(db).registers()).find(({ keyId }) => keyId === first.keyId);
  const registerId = register?.registerId ?? null;
  const batches = new Map<bigint, Omit<EntryBatchReceipt, 'position'>>();
  const entries: EntryReceipt[] = [];
  for (const row of rows) {
    const { batchId } = row;
    if (batchId !== null && !batches.has(batchId))
      batches.set(batchId, await batchReceipt(db, batchId, registerId));
    const batch = batchId === null ? undefined : batches.get(batchId);
    entries.push(entryReceipt(row, batch));
  }
  return { recordId, registerId, entries };
}

function entryReceipt(row: EntryRow, batch: Omit<EntryBatchReceipt, 'position'> | undefined): EntryReceipt {
  const standing = batch?.standing ?? null;
  return {
    entryId: row.id,
    op: OP_NAMES[row.op as Op],
    day: unpackEntry(row.packed).day,
    subjectKey: hexOf(wordBytes(row.subjectKey)),
    chainIndex: row.chainIndex,
    state:
      batch === undefined
        ? 'pending'
        : standing === null || standing.state === 'annulled'
          ? 'batched'
          : standing.state,
    batch: batch === undefined ? null : { ...batch, position: row.batchPosition ?? 0 },
  };
}

async function batchReceipt(
  db: Database,
  batchId: bigint,
  registerId: bigint | null,
): Promise<Omit<EntryBatchReceipt, 'position'>> {
  const own = await new BatchStore(db).byId(batchId);
  if (own === undefined) throw new RangeError(`batch ${batchId} is missing`);
  const trees = new TreeStore(db);
  const standing = registerId === null ? undefined : await trees.standingAt(registerId, own.ordinal);
  // A batch in our place that is not ours is none of our entries' standing.
  const ours = standing !== undefined && standing.entriesHash === own.entriesHash ? standing : undefined;
  const earlier = registerId === null ? [] : await trees.withEntries(registerId, own.entriesHash);
  return {
    ordinal: own.ordinal,
    size: own.size,
    entriesHash: hexOf(wordBytes(own.entriesHash)),
    journalledAt: own.journalledAt,
    standing: ours === undefined ? null : await standingOf(db, ours),
    annulled: await Promise.all(
      earlier.filter((row) => row.annulledAtBlock !== null).map((row) => standingOf(db, row)),
    ),
  };
}
