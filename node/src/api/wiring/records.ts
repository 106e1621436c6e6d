import { type LedgerClass, LedgerError } from '@credit-ledger/sdk/protocol';
import {
  type CanonicalRecord,
  type Correction,
  correctedRecord,
  type Issue as IntakeIssue,
  readOperations,
  readTable,
} from '../../intake/index.ts';
import type {
  BatchStanding,
  CorrectedFields,
  Operation as RegisterOperation,
  OperationOnVersion,
} from '../../registers/index.ts';
import { RecordStore, type StoredRecord } from '../../store/records.ts';
import { notFound } from '../problem.ts';
import type { Rooms } from '../rooms.ts';
import type { PageOf } from '../schemas/common.ts';
import type { CreditRecord, Issue, Operation, OperationResult, OperationsResult } from '../schemas/intake.ts';
import type { Receipt } from '../schemas/ledger.ts';
import type { RecordsPort, Upload } from '../services.ts';
import { issueView, pageFrom, profileOf, recordView } from './intake.ts';
import { dateText, momentOf, todayText } from './words.ts';

const MOST_VERSIONS = 100;

/** Records, what is done to them, and where they stand. */
export class Records implements RecordsPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async find(
    filter: { uscc?: string; documentNumber?: string; class?: number },
    page: { limit: number; after?: string | undefined },
  ): Promise<PageOf<CreditRecord>> {
    const rows = await new RecordStore(this.#rooms.db).list({
      ...filter,
      class: filter.class as LedgerClass | undefined,
      afterId: page.after === undefined ? undefined : BigInt(page.after),
      limit: page.limit + 1,
    });
    return pageFrom(rows, page.limit, recordView, ({ id }) => id);
  }

  async get(id: bigint): Promise<CreditRecord | undefined> {
    const found = await new RecordStore(this.#rooms.db).byId(id);
    return found === undefined ? undefined : recordView(found);
  }

  async operate(id: bigint, operation: Operation): Promise<OperationResult | undefined> {
    const stored = await new RecordStore(this.#rooms.db).byId(id);
    if (stored === undefined) return undefined;
    const corrections = operation.op === 'correct' ? operation.corrections : [];
    // What is the subject's own has no template of ours to be corrected by; the register says so.
    const corrects = operation.op === 'correct' && stored.origin === 'agency';
    const corrected = corrects ? await readCorrection(this.#rooms, stored, corrections) : undefined;
    if (corrected !== undefined && 'issues' in corrected) throw correctionRefused(corrected.issues);
    const done = await this.#rooms.registers.operate({
      op: operation.op,
      recordId: id,
      day: operation.date ?? todayText(this.#rooms.clock),
      reason: operation.reason,
      ...(operation.reference === undefined ? {} : { reference: operation.reference }),
      ...(corrected === undefined ? {} : { corrected: corrected.fields }),
      ...(operation.op === 'repair' ? { conditionsMet: operation.conditionsMet } : {}),
    });
    return {
      recordId: done.recordId.toString(),
      newRecordId: done.correctedRecordId?.toString() ?? null,
      entryIds: done.entryIds.map(String),
      alreadyDone: done.status === 'unchanged',
    };
  }

  async operateFile(upload: Upload): Promise<OperationsResult> {
    const table = await readTable(upload.stream, upload.fileName);
    try {
      const today = this.#rooms.imports.today();
      const issues: Issue[] = [];
      const rows: { row: number; operation: RegisterOperation | OperationOnVersion[] }[] = [];
      let count = 0;
      for await (const outcome of readOperations(table, { today })) {
        count += 1;
        if ('issues' in outcome) {
          issues.push(...outcome.issues.map(issueView));
          continue;
        }
        const { row, operation } = outcome;
        const base = {
          op: operation.op,
          documentNumber: operation.documentNumber,
          day: dateText(operation.day),
          reason: operation.reason,
          conditionsMet: operation.conditionsMet,
        };
        if (operation.op !== 'correct') {
          rows.push({ row, operation: base });
          continue;
        }
        // A document that was corrected before has several records; the register knows which is meant.
        const versions: OperationOnVersion[] = [];
        let refused: readonly IntakeIssue[] = [];
        for (const stored of await this.#versionsOf(operation.documentNumber)) {
          if (stored.origin !== 'agency') {
            // The subject’s own words: the register refuses, and says why.
            versions.push({ ...base, recordId: stored.id });
            continue;
          }
          const corrected = await readCorrection(this.#rooms, stored, operation.corrections);
          if ('issues' in corrected) refused = corrected.issues;
          else versions.push({ ...base, recordId: stored.id, corrected: corrected.fields });
        }
        if (versions.length === 0 && refused.length > 0) {
          issues.push(...refused.map((issue) => ({ ...issueView(issue), row })));
          continue;
        }
        // A document that is unknown is told by the register itself.
        rows.push({ row, operation: versions.length === 0 ? base : versions });
      }
      const report = await this.#rooms.registers.operateAll(rows);
      for (const result of report.results) {
        if (result.status !== 'issue') continue;
        const { code, message, messageZh } = result.issue;
        issues.push({
          row: result.row,
          column: null,
          code,
          read: null,
          message: { en: message, zh: messageZh },
          suggestion: null,
        });
      }
      issues.sort((a, b) => a.row - b.row);
      return { rows: count, done: report.done, alreadyDone: report.unchanged, issues };
    } finally {
      await table.close();
    }
  }

  async receipt(id: bigint): Promise<Receipt | undefined> {
    if ((await new RecordStore(this.#rooms.db).byId(id)) === undefined) return undefined;
    const receipt = await this.#rooms.registers.receipt(id);
    return {
      recordId: receipt.recordId.toString(),
      registerId: receipt.registerId?.toString() ?? null,
      entries: receipt.entries.map(({ entryId, op, day, subjectKey, chainIndex, state, batch }) => ({
        entryId: entryId.toString(),
        op,
        date: dateText(day),
        subjectKey,
        chainIndex,
        state,
        batch:
          batch === null
            ? null
            : {
                ordinal: batch.ordinal,
                position: batch.position,
                size: batch.size,
                entriesHash: batch.entriesHash,
                journalledAt: batch.journalledAt?.toISOString() ?? null,
                standing: batch.standing === null ? null : standingView(batch.standing),
                annulled: batch.annulled.map(standingView),
              },
      })),
    };
  }

  /** The records of a document, oldest first. */
  #versionsOf(documentNumber: string): Promise<StoredRecord[]> {
    return new RecordStore(this.#rooms.db).list({ documentNumber, limit: MOST_VERSIONS });
  }
}

/** What the record should say, by the same rules as a row of a file. */
async function readCorrection(
  rooms: Rooms,
  stored: StoredRecord,
  corrections: readonly Correction[],
): Promise<{ readonly fields: CorrectedFields } | { readonly issues: readonly IntakeIssue[] }> {
  const profile = await profileOf(rooms.config.dataDir, stored.sourceProfile.split('@')[0] ?? '');
  if (profile === undefined) throw new Error('a name was given');
  const outcome = await correctedRecord(stored, corrections, profile, rooms.imports.today());
  if ('issues' in outcome) return outcome;
  return { fields: correctedFields(outcome.record) };
}

/** The same for one record of ours. Errors: `CORRECTION_REFUSED`, `NOT_FOUND`. */
export async function correctedOf(
  rooms: Rooms,
  recordId: bigint,
  corrections: readonly Correction[],
): Promise<CorrectedFields> {
  const stored = await new RecordStore(rooms.db).byId(recordId);
  if (stored === undefined) throw notFound('record', recordId.toString());
  const corrected = await readCorrection(rooms, stored, corrections);
  if ('issues' in corrected) throw correctionRefused(corrected.issues);
  return corrected.fields;
}

function correctedFields(record: CanonicalRecord): CorrectedFields {
  const {
    class: ledgerClass,
    uscc,
    subjectName,
    kind,
    domain,
    severity,
    severityBasis,
    day,
    until,
    amountFen,
    fields,
  } = record;
  return {
    class: ledgerClass,
    uscc,
    subjectName,
    kind,
    domain,
    severity,
    severityBasis,
    day,
    until,
    amountFen,
    fields,
  };
}

function correctionRefused(issues: readonly IntakeIssue[]): LedgerError {
  const told = issues.map(({ column, message }) => `${column ?? ''}: ${message.en}`).join('; ');
  const toldZh = issues.map(({ column, message }) => `${column ?? ''}：${message.zh}`).join('；');
  return new LedgerError(
    'CORRECTION_REFUSED',
    { en: `The correction cannot be read: ${told}`, zh: `更正内容无法读取：${toldZh}` },
    { codes: issues.map(({ code }) => code) },
  );
}

function standingView(
  standing: BatchStanding,
): NonNullable<NonNullable<Receipt['entries'][number]['batch']>['standing']> {
  const votes = (of: BatchStanding['attestedBy']) =>
    of.map(({ memberId, region, blockNumber }) => ({
      member: memberId.toString(),
      region,
      blockNumber: blockNumber.toString(),
    }));
  return {
    registerId: standing.registerId.toString(),
    seq: standing.seq.toString(),
    place: standing.place,
    batchHash: standing.batchHash,
    entriesHash: standing.entriesHash,
    size: standing.size,
    root: standing.root,
    rootIsRight: standing.rootIsRight,
    transactionHash: standing.transactionHash,
    blockNumber: standing.blockNumber.toString(),
    time: momentOf(standing.time),
    state: standing.state,
    attestedBy: votes(standing.attestedBy),
    objectedBy: votes(standing.objectedBy),
  };
}
