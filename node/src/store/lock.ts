import { open, readFile, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LedgerError } from '@credit-ledger/sdk/protocol';

/** Directories locked by this process: its own lock file says nothing about itself. */
const heldHere = new Set<string>();

/**
 * Takes sole possession of a data directory; two processes writing one embedded
 * database would destroy it. The lock of a process that has died is taken over.
 * Returns the release. Errors: `STORE_IN_USE`.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(resolve(directory), 'store.lock');
  const mine = { pid: process.pid, startedAt: await startOf(process.pid) };
  for (let attempt = 0; ; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(JSON.stringify(mine));
      await file.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = await readHolder(path);
      const alive =
        holder.pid === process.pid ? heldHere.has(path) : await isAlive(holder.pid, holder.startedAt);
      if (alive || attempt > 0) {
        throw new LedgerError(
          'STORE_IN_USE',
          {
            en: `The database in ${directory} is in use by process ${holder.pid}.`,
            zh: `目录 ${directory} 中的数据库正被进程 ${holder.pid} 使用。`,
          },
          { directory, pid: holder.pid },
        );
      }
      await unlink(path);
    }
  }
  heldHere.add(path);
  return async () => {
    if (!heldHere.delete(path)) return;
    await unlink(path);
  };
}

interface Holder {
  readonly pid: number;
  readonly startedAt: string | null;
}

async function readHolder(path: string): Promise<Holder> {
  try {
    const read = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
    return { pid: Number(read.pid ?? 0), startedAt: read.startedAt ?? null };
  } catch {
    // Half-written by a process that died at it, or gone by now: nobody's.
    return { pid: 0, startedAt: null };
  }
}

async function isAlive(pid: number, startedAt: string | null): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // The number may have been given to another process since (always so after a container's restart).
  const now = await startOf(pid);
  return startedAt === null || now === null || now === startedAt;
}

/** When a process started, in an opaque spelling; null where the system does not tell. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The name in parentheses may hold spaces; start time is field 22 of the line.
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot.trim()}:${afterName[19] ?? ''}`;
  } catch {
    return null;
  }
}
