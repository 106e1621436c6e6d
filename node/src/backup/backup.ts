import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Clock } from '../clock.ts';
import type { Keyring } from '../keys/index.ts';
import { type Database, dumpTables, schemaOf } from '../store/index.ts';
import { backupError } from './errors.ts';
import { SealedReader, SealedWriter } from './sealed-file.ts';

/** What a backup holds, counted while it was written. */
export interface BackupCounts {
  readonly tables: number;
  readonly rows: number;
  readonly journalLines: number;
}

export interface BackupParts {
  readonly db: Database;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly dataDir: string;
  readonly keysPath: string;
  readonly deploymentPath: string;
  readonly journalPath: string;
}

/**
 * Writes a backup of a running node: its keystores and settings as they are, and sealed under the journal's key every
 * table as of one moment and the journal of openings as of a moment after it. Transactions of the node wait while the
 * tables are read. The file is new, readable by its owner only, and whole when this resolves.
 * Errors: `BACKUP_EXISTS`, `STORE_…`, of the file system.
 */
export async function writeBackup(path: string, parts: BackupParts): Promise<BackupCounts> {
  const { db, keyring, clock } = parts;
  const writer = await SealedWriter.create(path, await keyring.journalKey(), {
    createdAt: clock.now().toISOString(),
    schema: await schemaOf(db),
    files: await smallFiles(parts),
  });
  const counts = { tables: 0, rows: 0, journalLines: 0 };
  try {
    await db.transaction(async (tx) => {
      for await (const part of dumpTables(tx)) {
        if ('head' in part) {
          counts.tables += 1;
          await writer.write(`${JSON.stringify(part.head)}\n`);
        } else {
          counts.rows += part.rows.length;
          await writer.write(part.rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        }
      }
    });
    for await (const line of journalLines(parts.journalPath)) {
      counts.journalLines += 1;
      await writer.write(`${JSON.stringify({ journal: line })}\n`);
    }
    await writer.write(`${JSON.stringify({ end: counts })}\n`);
    await writer.end();
  } catch (error) {
    await writer.abandon();
    await rm(path, { force: true });
    throw error;
  }
  return counts;
}

/**
 * Reads a backup from its first byte to its last, and gives what it holds.
 * Errors: `BACKUP_INVALID`, `BACKUP_WRONG_KEY`.
 */
export async function verifyBackup(
  path: string,
  journalKey: Uint8Array,
): Promise<BackupCounts & { readonly createdAt: string; readonly schema: readonly string[] }> {
  const reader = await SealedReader.open(path);
  try {
    const counted = { tables: 0, rows: 0, journalLines: 0 };
    let end: unknown;
    for await (const line of reader.lines(journalKey)) {
      const part = JSON.parse(line) as object;
      if (end !== undefined) throw backupError('BACKUP_INVALID', { path });
      if (Array.isArray(part)) counted.rows += 1;
      else if ('journal' in part) counted.journalLines += 1;
      else if ('end' in part) end = part.end;
      else counted.tables += 1;
    }
    if (JSON.stringify(end) !== JSON.stringify(counted)) throw backupError('BACKUP_INVALID', { path });
    const { createdAt, schema } = reader.header;
    return { ...counted, createdAt, schema };
  } finally {
    await reader.close();
  }
}

/** Lines of a journal that are whole: the last may be being written. */
export async function* journalLines(path: string): AsyncGenerator<string> {
  const input = createReadStream(path, { encoding: 'ascii' });
  let held: string | undefined;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (held !== undefined) yield held;
      held = line;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (held !== undefined && (await endsWithLineBreak(path))) yield held;
}

async function endsWithLineBreak(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const end = Buffer.alloc(1);
    await file.read(end, 0, 1, Math.max(0, size - 1));
    return end[0] === 0x0a;
  } finally {
    await file.close();
  }
}

async function smallFiles({
  dataDir,
  keysPath,
  deploymentPath,
}: BackupParts): Promise<Record<string, string>> {
  const files: Record<string, string> = {
    'ledger.json': await readFile(join(dataDir, 'ledger.json'), 'utf8'),
    'deployment.json': await readFile(deploymentPath, 'utf8'),
  };
  for (const name of await readdir(keysPath)) {
    if (name.endsWith('.json')) files[`keys/${name}`] = await readFile(join(keysPath, name), 'utf8');
  }
  return files;
}
