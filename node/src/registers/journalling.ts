import { OP } from '@credit-ledger/sdk/protocol';
import type { Clock } from '../clock.ts';
import { BatchStore, type Database, EntryStore, hexOf, type OwnBatchRow, wordBytes } from '../store/index.ts';
import { RecordStore, type StoredRecord } from '../store/records.ts';
import type { JournalledBatch, JournalledEntry, JournalledRecord, OpeningsJournal } from './journal.ts';

/**
 * Sees to it that every batch's openings are in the journal, in order, before it may be
 * sent. When the journal's file is another than before (lost, replaced, an empty disk
 * mounted over it), what it lacks is written again.
 */
export class Journalling {
  readonly #db: Database;
  readonly #journal: OpeningsJournal;
  readonly #clock: Clock;
  #checkedIdentity: string | undefined;

  constructor(db: Database, journal: OpeningsJournal, clock: Clock) {
    this.#db = db;
    this.#journal = journal;
    this.#clock = clock;
  }

  /** Errors as OpeningsJournal.append; what was done until then is done. */
  async bringUpToDate(): Promise<void> {
    await this.#journal.prepare();
    if (this.#journal.identity !== this.#checkedIdentity) {
      await this.#writeWhatIsMissing();
      this.#checkedIdentity = this.#journal.identity;
    }
    for (const batch of await new BatchStore(this.#db).unjournalled()) {
      await this.#journal.append(await this.#openingsOf(batch));
      if (this.#journal.identity !== this.#checkedIdentity) return this.bringUpToDate();
      await new BatchStore(this.#db).markJournalled(batch.id, this.#clock.now());
    }
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  async #writeWhatIsMissing(): Promise<void> {
    const there = new Set<string>();
    for await (const { keyId, ordinal, entriesHash } of this.#journal.readAll()) {
      there.add(`${keyId}:${ordinal}:${entriesHash}`);
    }
    for (const batch of await new BatchStore(this.#db).journalled()) {
      const name = `${batch.keyId}:${batch.ordinal}:${hexOf(wordBytes(batch.entriesHash))}`;
      if (!there.has(name)) await this.#journal.append(await this.#openingsOf(batch));
    }
  }

  async #openingsOf(batch: OwnBatchRow): Promise<JournalledBatch> {
    const register = (await new BatchStore(this.#db).registers()).find(({ keyId }) => keyId === batch.keyId);
    const entries = await new EntryStore(this.#db).ofBatch(batch.id);
    const recordIds = entries.flatMap(({ op, recordId }) =>
      op === OP.RECORD && recordId !== null ? [recordId] : [],
    );
    const records = new Map(
      (await new RecordStore(this.#db).byIds(recordIds)).map((record) => [record.id, record]),
    );
    return {
      keyId: batch.keyId,
      registerId: register?.registerId?.toString() ?? null,
      ordinal: batch.ordinal,
      entriesHash: hexOf(wordBytes(batch.entriesHash)),
      createdAt: batch.createdAt.toISOString(),
      entries: entries.map((entry): JournalledEntry => ({
        id: entry.id.toString(),
        recordId: entry.recordId?.toString() ?? null,
        op: entry.op,
        class: entry.class,
        uscc: entry.uscc,
        subjectKey: entry.subjectKey.toString(),
        chainIndex: entry.chainIndex,
        packed: entry.packed.toString(),
        content: entry.content.toString(),
        body: entry.body.toString(),
        salts: entry.salts,
        bundle: entry.bundle?.toString() ?? null,
        operationHash: entry.operationHash === null ? null : hexOf(entry.operationHash),
        createdAt: entry.createdAt.toISOString(),
        record: entry.op === OP.RECORD ? journalledRecord(records.get(entry.recordId ?? -1n)) : null,
      })),
    };
  }
}

function journalledRecord(record: StoredRecord | undefined): JournalledRecord | null {
  if (record === undefined) return null;
  const {
    id: _id,
    importId: _importId,
    importRow: _importRow,
    createdAt: _createdAt,
    amountFen,
    ...rest
  } = record;
  return { ...rest, amountFen: amountFen.toString() };
}
