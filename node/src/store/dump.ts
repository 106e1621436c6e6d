import type { Database } from './database.ts';

/** A table as it was dumped: its columns with their types, in the spelling of the database. */
export interface DumpedTable {
  readonly table: string;
  readonly columns: readonly string[];
  readonly types: readonly string[];
}

/** A row: every value as the database spells it. */
export type DumpedRow = readonly (string | null)[];

const ROWS_AT_ONCE = 500;
/** Made by migrations, and nothing that a backup may put back. */
const NOT_DUMPED = 'schema_migrations';
const NAME = /^[a-z_][a-z0-9_]*$/;
const TYPE = /^[a-z][a-z0-9 ,()[\]]*$/;

/**
 * Every table with its rows, in an order in which they can be put back. To be called in a transaction: what it gives
 * is then of one moment.
 */
export async function* dumpTables(
  tx: Database,
): AsyncGenerator<{ readonly head: DumpedTable } | { readonly rows: readonly DumpedRow[] }> {
  for (const head of await tablesOf(tx)) {
    yield { head };
    const columns = head.columns.map((name) => `${name}::text`).join(', ');
    await tx.exec(`DECLARE dump NO SCROLL CURSOR FOR SELECT ARRAY[${columns}] AS row FROM ${head.table}`);
    for (;;) {
      const rows = await tx.query<{ row: (string | null)[] }>(`FETCH ${ROWS_AT_ONCE} FROM dump`);
      if (rows.length === 0) break;
      yield { rows: rows.map(({ row }) => row) };
    }
    await tx.exec('CLOSE dump');
  }
}

/** Puts rows into a table under their old numbers. */
export async function loadRows(tx: Database, head: DumpedTable, rows: readonly DumpedRow[]): Promise<void> {
  const { table, columns, types } = head;
  // Names come from a file: nothing but a name may become part of a statement.
  const isSane =
    [table, ...columns].every((name) => NAME.test(name)) &&
    types.every((type) => TYPE.test(type)) &&
    types.length === columns.length;
  if (!isSane) throw new RangeError('not names of tables, columns and types');
  const values = types.map((type, i) => `($${i + 1}::text)::${type}`).join(', ');
  for (const row of rows) {
    await tx.query(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})`, [...row]);
  }
}

/** New rows get numbers after the highest that is there, in every table. */
export async function continueAllNumbers(tx: Database): Promise<void> {
  const serials = await tx.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
     WHERE table_schema = 'public' AND column_default LIKE 'nextval(%'`,
  );
  for (const { table, column } of serials) {
    await tx.query(
      `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), coalesce((SELECT max(${column}) FROM ${table}), 0) + 1, false)`,
    );
  }
}

/** Whether no table holds anything. */
export async function isEmptyStore(tx: Database): Promise<boolean> {
  for (const { table } of await tablesOf(tx)) {
    const [row] = await tx.query<{ some: boolean }>(`SELECT EXISTS (SELECT 1 FROM ${table}) AS some`);
    if (row?.some === true) return false;
  }
  return true;
}

/** Names of the migrations that were applied, in order. */
export async function schemaOf(db: Database): Promise<string[]> {
  const rows = await db.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY version');
  return rows.map(({ name }) => name);
}

/** Tables that others refer to come before those. */
async function tablesOf(tx: Database): Promise<DumpedTable[]> {
  const columns = await tx.query<{ table: string; column: string; type: string }>(
    `SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
       AND c.relname <> '${NOT_DUMPED}'
     ORDER BY c.relname, a.attnum`,
  );
  const references = await tx.query<{ from: string; to: string }>(
    `SELECT DISTINCT f.relname AS from, t.relname AS to FROM pg_constraint k
     JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
     WHERE k.contype = 'f' AND k.conrelid <> k.confrelid`,
  );
  const waiting = [...new Set(columns.map(({ table }) => table))];
  const ordered: string[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex((table) =>
      references.every(({ from, to }) => from !== table || ordered.includes(to)),
    );
    if (next === -1) throw new Error(`tables refer to each other in a circle: ${waiting.join(', ')}`);
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered.map((table) => {
    const own = columns.filter((column) => column.table === table);
    return { table, columns: own.map(({ column }) => column), types: own.map(({ type }) => type) };
  });
}
