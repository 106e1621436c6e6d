import { open, rename, stat } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import {
  continueAllNumbers,
  type Database,
  type DumpedRow,
  type DumpedTable,
  isEmptyStore,
  knownSchema,
  loadRows,
  migrate,
} from '../store/index.ts';
import type { BackupCounts } from './backup.ts';
import { journalLines } from './backup.ts';
import { backupError } from './errors.ts';
import type { SealedReader } from './sealed-file.ts';

const ROWS_AT_ONCE = 200;

/**
 * Puts the tables of a backup into an empty database, all or nothing, and brings them to this program's schema; gives
 * the lines of its journal to `onJournal`.
 * Errors: `RESTORE_SCHEMA_UNKNOWN`, `BACKUP_INVALID`, `BACKUP_WRONG_KEY`, `STORE_…`; false when the database is not empty.
 */
export async function loadBackup(
  reader: SealedReader,
  journalKey: Uint8Array,
  db: Database,
  clock: Clock,
  onJournal: (line: string) => Promise<void>,
): Promise<BackupCounts | false> {
  const { schema } = reader.header;
  const known = await knownSchema();
  if (schema.some((name, i) => known[i] !== name))
    throw backupError('RESTORE_SCHEMA_UNKNOWN', { schema: [...schema] });
  await migrate(db, clock, undefined, schema.length);
  if (!(await isEmptyStore(db))) return false;
  const counts = { tables: 0, rows: 0, journalLines: 0 };
  let end: unknown;
  await db.transaction(async (tx) => {
    let head: DumpedTable | undefined;
    let rows: DumpedRow[] = [];
    const flush = async (): Promise<void> => {
      if (head !== undefined && rows.length > 0) await loadRows(tx, head, rows);
      rows = [];
    };
    for await (const line of reader.lines(journalKey)) {
      const part = JSON.parse(line) as DumpedRow | DumpedTable | { journal: string } | { end: unknown };
      if (Array.isArray(part)) {
        rows.push(part as DumpedRow);
        counts.rows += 1;
        if (rows.length >= ROWS_AT_ONCE) await flush();
        continue;
      }
      await flush();
      if ('journal' in part) {
        counts.journalLines += 1;
        await onJournal(part.journal);
      } else if ('end' in part) end = part.end;
      else {
        head = part as DumpedTable;
        counts.tables += 1;
      }
    }
    await flush();
    if (JSON.stringify(end) !== JSON.stringify(counts)) throw backupError('BACKUP_INVALID');
    await continueAllNumbers(tx);
  });
  await migrate(db, clock);
  return counts;
}

/** What became of the journal that was there. */
export type JournalOutcome = 'kept' | 'from-backup' | 'replaced';

/**
 * Settles which journal goes on: the one that is there when it begins with all that the backup's says (it may say
 * more, of after the backup), the backup's otherwise; one that says something else is set aside under another name.
 */
export class JournalMerge {
  readonly #path: string;
  readonly #lines: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  async settle(): Promise<JournalOutcome> {
    let at = 0;
    let differs = false;
    for await (const line of journalLines(this.#path)) {
      if (at < this.#lines.length && this.#lines[at] !== line) differs = true;
      if (differs) break;
      at += 1;
    }
    if (!differs && at >= this.#lines.length && at > 0) return 'kept';
    const isThere = await stat(this.#path).then(
      () => true,
      () => false,
    );
    if (isThere) await rename(this.#path, `${this.#path}.before-restore-${Date.now()}`);
    if (this.#lines.length > 0) {
      const file = await open(this.#path, 'wx', 0o600);
      try {
        for (const line of this.#lines) await file.write(`${line}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    return isThere ? 'replaced' : 'from-backup';
  }
}
