import { type Database, insertRows, json } from './database.ts';

export type ImportState = 'running' | 'done' | 'failed';

/** One import of one file, and how far it has come. */
export interface ImportRow {
  readonly id: bigint;
  readonly fileName: string;
  readonly fileSha256: Uint8Array;
  readonly profile: string;
  readonly state: ImportState;
  readonly rows: number;
  readonly records: number;
  readonly duplicates: number;
  readonly rowsWithIssues: number;
  readonly error: unknown;
  readonly startedBy: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

export interface ImportProgress {
  readonly rows: number;
  readonly records: number;
  readonly duplicates: number;
  readonly rowsWithIssues: number;
}

/** An issue or, where `isWarning`, something to look at in a row that became a record. */
export interface ImportIssueRow {
  readonly row: number;
  readonly column: string | null;
  readonly code: string;
  readonly read: string;
  readonly message: { readonly en: string; readonly zh: string };
  readonly suggestion: { readonly en: string; readonly zh: string };
}

/** The cells of a row that failed, without personal columns; null where nothing may be kept. */
export interface FailedRow {
  readonly row: number;
  readonly cells: readonly string[] | null;
}

interface Row {
  id: string;
  file_name: string;
  file_sha256: Uint8Array;
  profile: string;
  state: ImportState;
  rows_read: string;
  records: string;
  duplicates: string;
  rows_with_issues: string;
  error: unknown;
  started_by: string;
  started_at: Date;
  ended_at: Date | null;
}

const COLUMNS =
  'id, file_name, file_sha256, profile, state, rows_read, records, duplicates, rows_with_issues, error, started_by, started_at, ended_at';

/** Imports, their issues and the rows that failed. */
export class ImportStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async start(given: {
    readonly fileName: string;
    readonly fileSha256: Uint8Array;
    readonly profile: string;
    readonly columns: readonly string[];
    readonly startedBy: string;
    readonly startedAt: Date;
  }): Promise<bigint> {
    const [row] = await this.#db.query<{ id: string }>(
      `INSERT INTO imports (file_name, file_sha256, profile, columns, state, started_by, started_at)
       VALUES ($1, $2, $3, $4, 'running', $5, $6) RETURNING id`,
      [
        given.fileName,
        given.fileSha256,
        given.profile,
        json(given.columns),
        given.startedBy,
        given.startedAt,
      ],
    );
    return BigInt(row?.id ?? 0);
  }

  async progress(id: bigint, { rows, records, duplicates, rowsWithIssues }: ImportProgress): Promise<void> {
    await this.#db.query(
      'UPDATE imports SET rows_read = $2, records = $3, duplicates = $4, rows_with_issues = $5 WHERE id = $1',
      [id, rows, records, duplicates, rowsWithIssues],
    );
  }

  async end(id: bigint, state: 'done' | 'failed', endedAt: Date, error: unknown = null): Promise<void> {
    await this.#db.query('UPDATE imports SET state = $2, ended_at = $3, error = $4 WHERE id = $1', [
      id,
      state,
      endedAt,
      error === null ? null : json(error),
    ]);
  }

  /** Marks imports that a crash left running. What they wrote stands; importing the file again completes it. */
  async failInterrupted(endedAt: Date, error: unknown): Promise<number> {
    const rows = await this.#db.query<{ id: string }>(
      `UPDATE imports SET state = 'failed', ended_at = $1, error = $2 WHERE state = 'running' RETURNING id`,
      [endedAt, json(error)],
    );
    return rows.length;
  }

  async addIssues(id: bigint, issues: readonly ImportIssueRow[], isWarning: boolean): Promise<void> {
    await insertRows(
      this.#db,
      'import_issues',
      ['import_id', 'row', 'col', 'code', 'read', 'message', 'suggestion', 'is_warning'],
      issues.map((issue) => [
        id,
        issue.row,
        issue.column,
        issue.code,
        issue.read,
        json(issue.message),
        json(issue.suggestion),
        isWarning,
      ]),
    );
  }

  async addFailedRows(id: bigint, rows: readonly FailedRow[]): Promise<void> {
    await insertRows(
      this.#db,
      'import_failed_rows',
      ['import_id', 'row', 'cells'],
      rows.map(({ row, cells }) => [id, row, cells === null ? null : json(cells)]),
    );
  }

  async byId(id: bigint): Promise<ImportRow | undefined> {
    const [row] = await this.#db.query<Row>(`SELECT ${COLUMNS} FROM imports WHERE id = $1`, [id]);
    return row === undefined ? undefined : importOf(row);
  }

  /** The latest imports first; `before` goes on after that one. */
  async list(limit = 100, before?: bigint): Promise<ImportRow[]> {
    const rows = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM imports WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1`,
      [limit, before ?? null],
    );
    return rows.map(importOf);
  }

  /** Names of the columns whose cells failed rows keep. */
  async columnsOf(id: bigint): Promise<string[]> {
    const [row] = await this.#db.query<{ columns: string[] }>('SELECT columns FROM imports WHERE id = $1', [
      id,
    ]);
    return row?.columns ?? [];
  }

  /** Issues in the order of rows, a page at a time. */
  async issues(
    id: bigint,
    page: {
      readonly isWarning: boolean;
      readonly afterId?: bigint | undefined;
      readonly limit?: number | undefined;
    },
  ): Promise<(ImportIssueRow & { readonly id: bigint })[]> {
    const rows = await this.#db.query<
      Omit<ImportIssueRow, 'column' | 'row'> & { id: string; row: string; col: string | null }
    >(
      `SELECT id, row, col, code, read, message, suggestion FROM import_issues
       WHERE import_id = $1 AND is_warning = $2 AND id > $3 ORDER BY id LIMIT $4`,
      [id, page.isWarning, page.afterId ?? 0n, page.limit ?? 1000],
    );
    return rows.map(({ id: issueId, row, col, ...rest }) => ({
      ...rest,
      id: BigInt(issueId),
      row: Number(row),
      column: col,
    }));
  }

  /** Rows that failed, in their order, a page at a time. */
  async failedRows(id: bigint, afterRow: number, limit = 500): Promise<FailedRow[]> {
    const rows = await this.#db.query<{ row: string; cells: string[] | null }>(
      'SELECT row, cells FROM import_failed_rows WHERE import_id = $1 AND row > $2 ORDER BY row LIMIT $3',
      [id, afterRow, limit],
    );
    return rows.map(({ row, cells }) => ({ row: Number(row), cells }));
  }

  /** Issues of these rows. */
  async issuesOfRows(id: bigint, rows: readonly number[]): Promise<ImportIssueRow[]> {
    const found = await this.#db.query<
      Omit<ImportIssueRow, 'column' | 'row'> & { row: string; col: string | null }
    >(
      `SELECT row, col, code, read, message, suggestion FROM import_issues
       WHERE import_id = $1 AND NOT is_warning AND row = any($2::bigint[]) ORDER BY id`,
      [id, [...rows]],
    );
    return found.map(({ row, col, ...rest }) => ({ ...rest, row: Number(row), column: col }));
  }
}

function importOf(row: Row): ImportRow {
  return {
    id: BigInt(row.id),
    fileName: row.file_name,
    fileSha256: row.file_sha256,
    profile: row.profile,
    state: row.state,
    rows: Number(row.rows_read),
    records: Number(row.records),
    duplicates: Number(row.duplicates),
    rowsWithIssues: Number(row.rows_with_issues),
    error: row.error,
    startedBy: row.started_by,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
