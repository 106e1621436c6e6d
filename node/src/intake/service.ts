import { dateOfDay, dayAt, isLedgerError, LedgerError } from '@credit-ledger/sdk/protocol';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Database } from '../store/database.ts';
import { EntryStore } from '../store/entries.ts';
import { type ImportRow, ImportStore } from '../store/imports.ts';
import { RecordStore, type StoredRecord } from '../store/records.ts';
import { type CanonicalRecord, convertRows, documentColumn, type RowOutcome } from './convert.ts';
import { fileError } from './errors.ts';
import { type Issue, issueOf } from './issues.ts';
import { DEFAULT_LIMITS, type IntakeLimits } from './limits.ts';
import { type Plan, planTable } from './plan.ts';
import type { Profile } from './profile.ts';
import { type FailedRowReport, reportColumns, writeFailedRows } from './report.ts';
import { type ByteSource, memorySource, sha256Of, streamSource } from './source.ts';
import { cellText, readTable, type Table } from './table.ts';

const CHUNK_ROWS = 500;

/**
 * Called in the transaction that writes the records, so that a record and what
 * follows from it (its entry in the register) are written together or not at all.
 */
export type OnRecords = (db: Database, records: readonly StoredRecord[]) => Promise<void>;

export interface ImportRequest {
  readonly input: Uint8Array | AsyncIterable<Uint8Array> | ByteSource;
  readonly fileName: string;
  /** Found from the columns where it is not given. */
  readonly profile?: Profile | undefined;
  /** Who asked: the name of a token, for the record of imports. */
  readonly startedBy: string;
  /** Told the import's number as soon as it has one: the file has been checked as a whole by then. */
  readonly onStarted?: ((importId: bigint) => void) | undefined;
  /** Aborted, the import ends after the rows that are being written, as `IMPORT_INTERRUPTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each chunk; `total` is known from the check of the whole file. */
  readonly onProgress?: ((done: ImportCounts, total: number) => void) | undefined;
}

export interface ImportCounts {
  readonly rows: number;
  readonly records: number;
  readonly duplicates: number;
  readonly rowsWithIssues: number;
}

export interface ImportResult extends ImportCounts {
  readonly importId: bigint;
  readonly profile: string;
  readonly ignoredColumns: readonly string[];
  readonly droppedColumns: readonly string[];
}

type Counts = { -readonly [K in keyof ImportCounts]: number };

/**
 * Imports files into the store. A file is checked as a whole before its first
 * row is written, so a file that cannot be read leaves nothing behind. Rows are
 * written in chunks, each in one transaction with the import's progress and
 * whatever `onRecords` does; after a crash, importing the file again completes
 * it, since what is there already is recognised.
 */
export class ImportService {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #onRecords: OnRecords;
  readonly #limits: IntakeLimits;
  /** How imports ended that the store could not be told of: it was away. Told as soon as anybody looks. */
  readonly #untold = new Map<bigint, { readonly state: 'done' | 'failed'; readonly error: unknown }>();

  constructor(
    db: Database,
    clock: Clock,
    onRecords: OnRecords = async () => {},
    limits: IntakeLimits = DEFAULT_LIMITS,
  ) {
    this.#db = db;
    this.#clock = clock;
    this.#onRecords = onRecords;
    this.#limits = limits;
  }

  /** The civil day at UTC+8 by the node's clock. */
  today(): string {
    return dateOfDay(dayAt(Math.floor(this.#clock.now().getTime() / 1000)));
  }

  /** Marks imports that a crash left running. Called once at start. Returns how many. */
  failInterrupted(): Promise<number> {
    return new ImportStore(this.#db).failInterrupted(this.#clock.now(), { code: 'IMPORT_INTERRUPTED' });
  }

  /** Tells the store how imports ended while it was away; until then they would seem to be running. Errors: `STORE_…`. */
  async tellEnds(): Promise<void> {
    for (const [importId, { state, error }] of this.#untold) {
      await new ImportStore(this.#db).end(importId, state, this.#clock.now(), error);
      this.#untold.delete(importId);
    }
  }

  /**
   * Imports one file.
   * @throws LedgerError for a file that is refused as a whole (nothing written), or what the store or `onRecords` threw
   */
  async importFile(request: ImportRequest): Promise<ImportResult> {
    const source = await sourceOf(request.input, this.#limits);
    const table = await readTable(source, request.fileName, this.#limits);
    try {
      const plan = await planTable(table, request.profile);
      const total = await checkedRows(table, plan);
      return await this.#write(request, table, plan, total, await sha256Of(source));
    } finally {
      await table.close();
    }
  }

  /** Records that come from a program instead of a file, under a profile's column names. */
  async importTable(table: Table, plan: Plan, startedBy: string, sha256: Uint8Array): Promise<ImportResult> {
    return this.#write(
      { input: new Uint8Array(0), fileName: table.fileName, startedBy },
      table,
      plan,
      await checkedRows(table, plan),
      sha256,
    );
  }

  async find(importId: bigint): Promise<ImportRow | undefined> {
    await this.tellEnds();
    return new ImportStore(this.#db).byId(importId);
  }

  /** Issues of an import, or its warnings, a page at a time. */
  async issues(
    importId: bigint,
    page: { readonly isWarning?: boolean; readonly afterId?: bigint; readonly limit?: number } = {},
  ): Promise<(Issue & { readonly id: bigint })[]> {
    const rows = await new ImportStore(this.#db).issues(importId, { isWarning: false, ...page });
    return rows as (Issue & { readonly id: bigint })[];
  }

  /** Writes the rows of an import that failed as a workbook that can be mended and imported again. */
  async writeFailedRows(importId: bigint, output: Writable): Promise<void> {
    const store = new ImportStore(this.#db);
    await writeFailedRows(output, await store.columnsOf(importId), failedRows(store, importId));
  }

  async #write(
    request: ImportRequest,
    table: Table,
    plan: Plan,
    total: number,
    fileSha256: Uint8Array,
  ): Promise<ImportResult> {
    const profile = `${plan.profile.id}@${plan.profile.version}`;
    const importId = await new ImportStore(this.#db).start({
      fileName: request.fileName.slice(0, 255),
      fileSha256,
      profile,
      columns: reportColumns(plan),
      startedBy: request.startedBy,
      startedAt: this.#clock.now(),
    });
    request.onStarted?.(importId);
    const counts: Counts = { rows: 0, records: 0, duplicates: 0, rowsWithIssues: 0 };
    try {
      for await (const chunk of chunks(convertRows(table, plan, { today: this.today() }), CHUNK_ROWS)) {
        const after = await this.#db.transaction((db) => this.#writeChunk(db, importId, plan, chunk, counts));
        Object.assign(counts, after);
        request.onProgress?.({ ...counts }, total);
        if (request.signal?.aborted === true && counts.rows < total) throw interrupted(counts.rows, total);
      }
    } catch (error) {
      this.#untold.set(importId, {
        state: 'failed',
        error: isLedgerError(error) ? error.toJSON() : { code: 'INTERNAL' },
      });
      // What ended it is what the caller is told, and not that the store is away, which it may have been.
      await this.tellEnds().catch(() => undefined);
      throw error;
    }
    this.#untold.set(importId, { state: 'done', error: null });
    await this.tellEnds();
    return {
      importId,
      profile,
      ...counts,
      ignoredColumns: plan.ignoredColumns,
      droppedColumns: plan.personalColumns,
    };
  }

  /** One chunk in one transaction: records, issues, what follows from the records, and how far the import has come. */
  async #writeChunk(
    db: Database,
    importId: bigint,
    plan: Plan,
    chunk: readonly RowOutcome[],
    before: ImportCounts,
  ): Promise<ImportCounts> {
    const records = new RecordStore(db);
    const imports = new ImportStore(db);
    const outcomes = await againstStore(db, plan, chunk);
    const fresh = outcomes.filter((outcome) => 'record' in outcome);
    const failed = outcomes.filter((outcome) => 'issues' in outcome);
    const stored = await records.insert(
      fresh.map(({ record, row }) => ({ ...record, importRow: row })),
      importId,
      this.#clock.now(),
    );
    if (stored.length > 0) await this.#onRecords(db, stored);
    await imports.addIssues(
      importId,
      failed.flatMap(({ issues }) => issues),
      false,
    );
    await imports.addIssues(
      importId,
      fresh.flatMap(({ warnings }) => warnings),
      true,
    );
    await imports.addFailedRows(
      importId,
      failed.map(({ row, original }) => ({ row, cells: original })),
    );
    const after = {
      rows: before.rows + outcomes.length,
      records: before.records + fresh.length,
      duplicates: before.duplicates + (outcomes.length - fresh.length - failed.length),
      rowsWithIssues: before.rowsWithIssues + failed.length,
    };
    await imports.progress(importId, after);
    return after;
  }
}

function interrupted(rows: number, total: number): LedgerError {
  return new LedgerError(
    'IMPORT_INTERRUPTED',
    {
      en: `The node was stopped after ${rows} of ${total} rows. Import the file again: what is there already is recognised, and the rest is added.`,
      zh: `节点停止时已导入 ${rows}/${total} 行。请重新导入该文件：已导入的行会被识别，其余继续导入。`,
    },
    { rows, total },
  );
}

type StoreOutcome =
  Exclude<RowOutcome, { duplicateOf: unknown }> | { readonly row: number; readonly duplicateOf: unknown };

/**
 * Compares with what is stored: the same content is a duplicate, another one under the same number an issue,
 * and so is a document whose record was revoked: nobody shall think that it stands again.
 */
async function againstStore(db: Database, plan: Plan, chunk: readonly RowOutcome[]): Promise<StoreOutcome[]> {
  const { profile } = plan;
  const numbers = new Set(
    chunk.flatMap((outcome) => ('record' in outcome ? [outcome.record.documentNumber] : [])),
  );
  const known = grouped(
    await new RecordStore(db).withDocumentNumbers(profile.class, [...numbers]),
    ({ documentNumber }) => documentNumber,
  );
  const revoked = await new EntryStore(db).revoked([...known.values()].flat().map(({ id }) => id));
  return chunk.map((outcome) => {
    if (!('record' in outcome)) return outcome;
    const { record, row } = outcome;
    const others = (known.get(record.documentNumber) ?? []).filter(
      ({ uscc }) => !profile.severalSubjectsPerDocument || uscc === record.uscc,
    );
    const same = others.find(({ contentHash }) => contentHash === record.contentHash);
    const last = others.at(-1);
    if (last === undefined) return outcome;
    const at = { row, column: documentColumn(plan) };
    const where = `记录 ${last.id} / record ${last.id}`;
    // Of a document that was corrected, the last version stands; when that was revoked, none does.
    if (revoked.get(last.id)?.corrected === false) {
      const issue = issueOf(at, 'RECORD_REVOKED', record.documentNumber, { where });
      return { row, issues: [issue], original: outcome.original };
    }
    if (same !== undefined) return { row, duplicateOf: { recordId: same.id } };
    const issue = issueOf(at, 'CONFLICTS_WITH_RECORD', record.documentNumber, {
      where,
      fields: differing(record, last)
        .map((field) => columnOf(plan, field))
        .join('、'),
    });
    return { row, issues: [issue], original: outcome.original };
  });
}

/** The fields in which two records of one document differ. */
function differing(record: CanonicalRecord, stored: CanonicalRecord): string[] {
  const valuesOf = ({ fields }: CanonicalRecord): Map<string, string> =>
    new Map(fields.filter(({ name }) => !name.endsWith('.raw')).map(({ name, value }) => [name, value]));
  const [one, two] = [valuesOf(record), valuesOf(stored)];
  return [...new Set([...one.keys(), ...two.keys()])].filter((name) => one.get(name) !== two.get(name));
}

/** A field as the officer knows it: by the column of the file, or else of the template. */
function columnOf(plan: Plan, field: string): string {
  const inFile = plan.columns.find(({ spec }) => spec.field === field)?.header;
  return inFile ?? plan.profile.columns.find((column) => column.field === field)?.names[0] ?? field;
}

/** Reads the whole file once without converting it: a file that breaks off later writes nothing. Returns its data rows. */
export async function checkedRows(table: Table, plan: Plan): Promise<number> {
  let rows = 0;
  for await (const row of table.rows(plan.sheet)) {
    if (row.row >= plan.firstRow && row.cells.some((cell) => cellText(cell).trim() !== '')) rows++;
  }
  if (rows === 0) throw fileError('NO_ROWS');
  return rows;
}

async function* failedRows(store: ImportStore, importId: bigint): AsyncGenerator<FailedRowReport> {
  let after = 0;
  for (;;) {
    const page = await store.failedRows(importId, after);
    if (page.length === 0) return;
    const issues = grouped(
      await store.issuesOfRows(
        importId,
        page.map(({ row }) => row),
      ),
      ({ row }) => row,
    );
    for (const { row, cells } of page) {
      yield { row, cells, issues: (issues.get(row) ?? []) as unknown as FailedRowReport['issues'] };
      after = row;
    }
  }
}

function grouped<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

async function* chunks<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length >= size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

async function sourceOf(input: ImportRequest['input'], limits: IntakeLimits): Promise<ByteSource> {
  if (input instanceof Uint8Array) return memorySource(input);
  return 'chunks' in input ? input : streamSource(input, limits.fileBytes);
}
