/** A value that may stand for `$1`, `$2`, … in a statement. */
export type Parameter =
  string | number | bigint | boolean | null | Date | Uint8Array | JsonParameter | readonly Parameter[];

/** A value for a `jsonb` parameter, made by {@link json}. */
export interface JsonParameter {
  readonly json: string;
}

/**
 * Marks a value as JSON. Needed because an array means an SQL array otherwise.
 * Integers beyond JSON's range must be strings already: a bigint throws.
 */
export function json(value: unknown): JsonParameter {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError('undefined is not a JSON value');
  return { json: text };
}

/**
 * The node's database, embedded or a server, one dialect (PostgreSQL).
 *
 * Results, the same on both engines: `bigint`/`count(*)` and `numeric` come as
 * decimal strings, `integer`/`smallint` as numbers, `bytea` as Uint8Array,
 * `timestamptz` as Date, `date` as text, `jsonb` parsed. Parameters: see
 * {@link Parameter}; arrays are SQL arrays (`= any($1::bytea[])`).
 *
 * Errors are LedgerErrors: `STORE_STATEMENT_REFUSED` (operands sqlState,
 * constraint, table, column, never values of a row), `STORE_UNAVAILABLE`,
 * `STORE_CLOSED`, `STORE_WRONG_HANDLE`.
 */
export interface Database {
  /** Runs one statement. */
  query<T>(sql: string, parameters?: readonly Parameter[]): Promise<T[]>;

  /** Runs several statements without parameters. */
  exec(sql: string): Promise<void>;

  /**
   * Runs `work` in a transaction: all of it or nothing. Transactions of one
   * node run one after another on either engine, so what is read in one holds
   * until it commits. Inside, use only the handle given to `work`; any other
   * handle is refused with `STORE_WRONG_HANDLE`, since it would wait for ever
   * (embedded) or write outside (server). A transaction within a transaction
   * is the same one. After a statement or an inner transaction has failed,
   * nothing is committed, even when the failure was caught.
   */
  transaction<T>(work: (db: Database) => Promise<T>): Promise<T>;

  /** Calls back once the current transaction has committed; at once outside of one. */
  afterCommit(callback: () => void): void;

  /** Waits for what is running and closes. */
  close(): Promise<void>;
}

export type DatabaseLocation =
  /** Embedded, in `<dataDir>/pgdata`; one process at a time (`STORE_IN_USE`). */
  | { readonly dataDir: string }
  /** A PostgreSQL server; one node a database (`STORE_IN_USE`). */
  | { readonly url: string }
  /** Embedded, in memory: for tests and dry runs. */
  | { readonly memory: true };

/**
 * Opens the database and takes sole possession of it. Does not migrate.
 * Errors: `STORE_IN_USE`, `STORE_UNAVAILABLE`.
 */
export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  // Imported on demand: a node on a server should not load the embedded engine.
  if ('url' in location) {
    const { openServerDatabase } = await import('./server.ts');
    return openServerDatabase(location.url);
  }
  const { openEmbeddedDatabase } = await import('./embedded.ts');
  return openEmbeddedDatabase('dataDir' in location ? location.dataDir : undefined);
}

/**
 * Inserts rows of equal shape, many a statement. Table and column names come
 * from code, never from input. Returns the number of rows inserted (fewer than
 * given when `onConflict` is `'DO NOTHING'` and some existed).
 */
export async function insertRows(
  db: Database,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Parameter[])[],
  onConflict?: string,
): Promise<number> {
  const MAX_PARAMETERS = 30_000; // the wire format counts them in 16 bits
  const rowsAtOnce = Math.max(1, Math.floor(MAX_PARAMETERS / columns.length));
  let inserted = 0;
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const chunk = rows.slice(start, start + rowsAtOnce);
    let next = 1;
    const tuples = chunk.map((row) => {
      if (row.length !== columns.length) {
        throw new TypeError(`a row for ${table} has ${row.length} values for ${columns.length} columns`);
      }
      return `(${row.map(() => `$${next++}`).join(', ')})`;
    });
    const made = await db.query<{ made: number }>(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${tuples.join(', ')}
       ${onConflict === undefined ? '' : `ON CONFLICT ${onConflict}`} RETURNING 1 AS made`,
      chunk.flat(),
    );
    inserted += made.length;
  }
  return inserted;
}
