import {
  bodyOf,
  type Content,
  contentOf,
  entriesHash,
  type Hex,
  secretCommitOf,
} from '@credit-ledger/sdk/protocol';
import type { Clock } from '../clock.ts';
import type { Keyring } from '../keys/index.ts';
import {
  BatchStore,
  bytesOf,
  continueAllNumbers,
  type Database,
  EventStore,
  type NewEntryRow,
  RestoreStore,
} from '../store/index.ts';
import { publicEntry } from './batching.ts';
import { registerError } from './errors.ts';
import type { JournalledBatch, JournalledEntry, OpeningsJournal } from './journal.ts';

/** What of a journal a database did not have. */
export interface BroughtForward {
  readonly batches: number;
  readonly entries: number;
  readonly records: number;
}

/**
 * Brings a database that is older than its journal (restored from a backup, or empty because it was lost) up to the
 * journal: batches that it lacks, with their entries and records. Every opening is held against the body and the hash
 * that were anchored. What was never put in a batch is not in the journal: those files are imported again. To be
 * called in a transaction: all or nothing.
 * @throws LedgerError RESTORE_JOURNAL_DIFFERS (what is there is not what the journal says), OPENINGS_LOST, JOURNAL_*,
 *   KEYRING_SECRET_UNKNOWN
 */
export async function bringForward(
  tx: Database,
  journal: OpeningsJournal,
  keyring: Keyring,
  clock: Clock,
): Promise<BroughtForward> {
  const store = new RestoreStore(tx);
  const known = new Set((await new BatchStore(tx).registers()).map(({ keyId }) => keyId));
  const done = { batches: 0, entries: 0, records: 0 };
  for await (const batch of journal.readAll()) {
    requireConsistent(batch);
    if (!known.has(batch.keyId)) await restoreRegister(tx, batch.keyId, keyring, clock);
    known.add(batch.keyId);
    const records = batch.entries.flatMap(({ record, recordId }) =>
      record === null || recordId === null
        ? []
        : [{ ...record, id: BigInt(recordId), amountFen: BigInt(record.amountFen) }],
    );
    const restored = {
      keyId: batch.keyId,
      ordinal: batch.ordinal,
      entriesHash: BigInt(batch.entriesHash),
      createdAt: new Date(batch.createdAt),
      entries: batch.entries.map((entry) => rowOf(batch.keyId, entry)),
      records,
    };
    // A batch may have been written twice; the second says the same.
    const isNew = await store.insertBatch(restored, clock.now()).catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      throw registerError('RESTORE_JOURNAL_DIFFERS', { ordinal: batch.ordinal, why: error.message });
    });
    if (!isNew) continue;
    done.batches += 1;
    done.entries += batch.entries.length;
    done.records += records.length;
  }
  await continueAllNumbers(tx);
  return done;
}

/**
 * How many batches the journal has that the database lacks: more than none means that the database is older than the
 * journal, as after a restored backup, and must be brought forward before anything is done with it.
 */
export async function batchesAhead(db: Database, journal: OpeningsJournal): Promise<number> {
  const there = new Map<string, Set<number>>();
  const missing = new Set<string>();
  for await (const { keyId, ordinal } of journal.readAll()) {
    let ordinals = there.get(keyId);
    if (ordinals === undefined) there.set(keyId, (ordinals = await new RestoreStore(db).ordinals(keyId)));
    if (!ordinals.has(ordinal)) missing.add(`${keyId} ${ordinal}`);
  }
  return missing.size;
}

function requireConsistent(batch: JournalledBatch): void {
  const hash = entriesHash(
    batch.entries.map((entry) =>
      publicEntry({ subjectKey: BigInt(entry.subjectKey), op: entry.op, body: BigInt(entry.body) }),
    ),
  );
  const opens = batch.entries.every(
    (entry) =>
      contentOf(entry.salts) === BigInt(entry.content) &&
      bodyOf(BigInt(entry.packed), BigInt(entry.content) as Content) === BigInt(entry.body),
  );
  if (hash !== batch.entriesHash || !opens) throw registerError('OPENINGS_LOST', { ordinal: batch.ordinal });
}

async function restoreRegister(tx: Database, keyId: string, keyring: Keyring, clock: Clock): Promise<void> {
  const secretCommit = secretCommitOf(await keyring.registerSecret(keyId));
  const batches = new BatchStore(tx);
  await batches.insertRegister({ keyId, secretCommit, promiseSeconds: 0, createdAt: clock.now() });
  // Where the chain was followed already, its event will not come again.
  for (const { args, blockNumber } of await new EventStore(tx).events({ names: ['RegisterOpened'] })) {
    if (BigInt(args['secretCommit'] as Hex) !== secretCommit) continue;
    await batches.bindRegister(
      secretCommit,
      BigInt(String(args['registerId'])),
      Number(args['promiseSeconds']),
      blockNumber,
    );
  }
}

function rowOf(keyId: string, entry: JournalledEntry): NewEntryRow & { id: bigint } {
  return {
    id: BigInt(entry.id),
    keyId,
    recordId: entry.recordId === null ? null : BigInt(entry.recordId),
    op: entry.op,
    class: entry.class,
    uscc: entry.uscc,
    subjectKey: BigInt(entry.subjectKey),
    chainIndex: entry.chainIndex,
    packed: BigInt(entry.packed),
    content: BigInt(entry.content),
    body: BigInt(entry.body),
    salts: entry.salts,
    bundle: entry.bundle === null ? null : BigInt(entry.bundle),
    operationHash: entry.operationHash === null ? null : bytesOf(entry.operationHash),
    createdAt: new Date(entry.createdAt),
  };
}
