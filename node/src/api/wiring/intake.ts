import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { canonicalBytes, LedgerError } from '@credit-ledger/sdk/protocol';
import {
  findProfile,
  loadProfile,
  planTable,
  PROFILES,
  streamSource,
  tableOfRows,
  type ImportRequest,
  type Profile,
} from '../../intake/index.ts';
import { ImportStore, type ImportRow } from '../../store/imports.ts';
import { RecordStore, type StoredRecord } from '../../store/records.ts';
import type { Logger } from '../logging.ts';
import type { Rooms } from '../rooms.ts';
import type { PageOf } from '../schemas/common.ts';
import type { CreditRecord, Import, Issue } from '../schemas/intake.ts';
import type { ImportsPort, Upload } from '../services.ts';
import { busy, endingSoon } from '../traffic.ts';
import { dateText, endText, failureOf } from './words.ts';

const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/** Imports: an upload is taken in whole, then worked through while the caller is free to go. */
export class Imports implements ImportsPort {
  readonly #rooms: Rooms;
  readonly #logger: Logger;
  readonly #running = new Set<Promise<unknown>>();
  readonly #interrupt = new AbortController();
  /** Being read, waiting or under way. */
  #taken = 0;
  #ending = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#logger = rooms.logger;
  }

  async start(upload: Upload): Promise<Import> {
    const giveBack = this.#take();
    try {
      return await this.#started(upload, giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async #started(upload: Upload, giveBack: () => void): Promise<Import> {
    const profile = await profileOf(this.#rooms.config.dataDir, upload.profile);
    // Readable again and again, yet never at rest on a disk in the clear: uploads hold personal columns.
    const source = await streamSource(upload.stream, this.#rooms.config.maxImportMebibytes * 1024 * 1024);
    const request = { input: source, fileName: upload.fileName, profile, startedBy: upload.by };
    return this.#begin({ ...request, signal: this.#interrupt.signal }, async () => {
      giveBack();
      await source.close();
    });
  }

  async addRows(
    rows: readonly Readonly<Record<string, string>>[],
    profileName: string | undefined,
    by: string,
  ): Promise<{ import: Import; issues: Issue[] }> {
    const header = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const table = tableOfRows(
      header,
      rows.map((row) => header.map((name) => row[name] ?? '')),
    );
    const plan = await planTable(table, await profileOf(this.#rooms.config.dataDir, profileName));
    const sha256 = createHash('sha256')
      .update(canonicalBytes({ rows, profile: plan.profile.id }))
      .digest();
    const giveBack = this.#take();
    const done = await this.#inTurn(() => this.#rooms.imports.importTable(table, plan, by, sha256)).finally(
      giveBack,
    );
    const found = await this.get(done.importId);
    if (found === undefined) throw new Error('an import is missing that was just made');
    const issues = await this.#rooms.imports.issues(done.importId, { limit: 10_000 });
    return { import: found, issues: issues.map(issueView) };
  }

  async list(page: { limit: number; after?: string | undefined }): Promise<PageOf<Import>> {
    await this.#rooms.imports.tellEnds();
    const rows = await new ImportStore(this.#rooms.db).list(
      page.limit + 1,
      page.after === undefined ? undefined : BigInt(page.after),
    );
    return pageFrom(rows, page.limit, importView, ({ id }) => id);
  }

  async get(id: bigint): Promise<Import | undefined> {
    const row = await this.#rooms.imports.find(id);
    return row === undefined ? undefined : importView(row);
  }

  async issues(
    id: bigint,
    page: { limit: number; after?: string | undefined },
    warnings: boolean,
  ): Promise<PageOf<Issue> | undefined> {
    if ((await this.#rooms.imports.find(id)) === undefined) return undefined;
    const rows = await this.#rooms.imports.issues(id, {
      isWarning: warnings,
      limit: page.limit + 1,
      ...(page.after === undefined ? {} : { afterId: BigInt(page.after) }),
    });
    return pageFrom(rows, page.limit, issueView, ({ id: issueId }) => issueId);
  }

  async records(
    id: bigint,
    page: { limit: number; after?: string | undefined },
  ): Promise<PageOf<CreditRecord> | undefined> {
    if ((await this.#rooms.imports.find(id)) === undefined) return undefined;
    const rows = await new RecordStore(this.#rooms.db).list({
      importId: id,
      limit: page.limit + 1,
      ...(page.after === undefined ? {} : { afterId: BigInt(page.after) }),
    });
    return pageFrom(rows, page.limit, recordView, ({ id: recordId }) => recordId);
  }

  async report(id: bigint): Promise<{ bytes: Uint8Array; mediaType: string; name: string } | undefined> {
    if ((await this.#rooms.imports.find(id)) === undefined) return undefined;
    const through = new PassThrough();
    const [bytes] = await Promise.all([buffer(through), this.#rooms.imports.writeFailedRows(id, through)]);
    return { bytes, mediaType: SPREADSHEET, name: `import-${id}-to-mend.xlsx` };
  }

  /** Imports that are being read, wait or are under way: for metrics. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes nothing more in, and ends what is under way: by itself within the time, or else after the rows
   * that are being written. An import that was cut short says `IMPORT_INTERRUPTED`; importing its file
   * again completes it.
   */
  async stop(withinMilliseconds: number): Promise<void> {
    this.#ending = true;
    const impatience = setTimeout(() => this.#interrupt.abort(), withinMilliseconds);
    await this.idle();
    clearTimeout(impatience);
  }

  /** Errors: `BUSY`, `SHUTTING_DOWN`; nothing of the file has been read then. */
  #take(): () => void {
    if (this.#ending) throw endingSoon();
    const most = this.#rooms.config.importsWaiting;
    if (this.#taken > most) throw busy('imports', most);
    this.#taken += 1;
    let given = false;
    return () => {
      if (!given) this.#taken -= 1;
      given = true;
    };
  }

  /** Resolves when no import is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running]);
  }

  /** Starts an import; resolves when it has a number, rejects when the file is refused as a whole. */
  #begin(request: ImportRequest, release: () => Promise<void>): Promise<Import> {
    return new Promise<Import>((resolve, reject) => {
      const onStarted = (id: bigint): void => {
        this.get(id).then(
          (made) => (made === undefined ? reject(new Error('no import')) : resolve(made)),
          reject,
        );
      };
      const running = this.#inTurn(() => {
        // What has not begun is not begun any more: its caller is told so.
        if (this.#ending) throw endingSoon();
        return this.#rooms.imports.importFile({ ...request, onStarted });
      })
        .then(
          ({ importId, rows, records }) => {
            this.#logger.info({ import: importId.toString(), rows, records }, 'import done');
          },
          (error: unknown) => {
            // Told to the caller when the file was refused; to whoever asks for the import otherwise.
            reject(error);
            this.#logger.warn({ err: error }, 'import failed');
          },
        )
        .finally(release);
      this.#running.add(running);
      void running.finally(() => this.#running.delete(running));
    });
  }

  /** One after the other: two imports at once would not see each other's documents. */
  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/**
 * A profile that comes with the node, or one that its operator has put into
 * `<dataDir>/profiles`. The name cannot be a path: a caller must not name other
 * files of this machine.
 */
export async function profileOf(dataDir: string, name: string | undefined): Promise<Profile | undefined> {
  if (name === undefined) return undefined;
  const known = findProfile(name);
  if (known !== undefined) return known;
  const path = join(dataDir, 'profiles', `${name}.json`);
  if (/^[a-z0-9][a-z0-9-]{1,63}$/.test(name) && existsSync(path)) return loadProfile(path);
  throw new LedgerError(
    'PROFILE_UNKNOWN',
    { en: `This node has no profile “${name}”.`, zh: `本节点没有映射方案“${name}”。` },
    { profile: name, known: PROFILES.map(({ id }) => id) },
  );
}

export function pageFrom<T, V>(
  rows: readonly T[],
  limit: number,
  view: (row: T) => V,
  idOf: (row: T) => bigint,
): PageOf<V> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(view),
    next: rows.length > limit && last !== undefined ? idOf(last).toString() : null,
  };
}

function importView(row: ImportRow): Import {
  return {
    id: row.id.toString(),
    fileName: row.fileName,
    profile: row.profile,
    state: row.state,
    rows: row.rows,
    records: row.records,
    duplicates: row.duplicates,
    rowsWithIssues: row.rowsWithIssues,
    error: failureOf(row.error),
    startedBy: row.startedBy,
    startedAt: row.startedAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  };
}

export function issueView(issue: Issue): Issue {
  const { row, column, code, read, message, suggestion } = issue;
  return { row, column, code, read, message, suggestion };
}

export function recordView(record: StoredRecord): CreditRecord {
  return {
    id: record.id.toString(),
    class: record.class,
    origin: record.origin,
    subject: { uscc: record.uscc, name: record.subjectName },
    documentNumber: record.documentNumber,
    kind: record.kind,
    domain: record.domain,
    severity: record.severity,
    severityBasis: record.severityBasis,
    date: dateText(record.day),
    until: endText(record.until),
    amountFen: record.amountFen.toString(),
    fields: [...record.fields],
    sourceProfile: record.sourceProfile,
    sourceAgency: record.sourceAgency,
    importId: record.importId?.toString() ?? null,
    importRow: record.importRow,
    createdAt: record.createdAt.toISOString(),
  };
}
