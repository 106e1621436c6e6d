import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Ends processes: asks first, insists after ten seconds, returns when they have gone. */
export async function endProcesses(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGTERM');
  const impatient = performance.now() + 10_000;
  for (const pid of pids) {
    while (isAlive(pid)) {
      if (performance.now() > impatient) signal(pid, 'SIGKILL');
      await pause(25);
    }
  }
}

/** Whether a process lives; with `program`, and (where the system tells) its command line names that. */
export function isAlive(pid: number, program?: string): boolean {
  if (!signal(pid, 0)) return false;
  if (program === undefined || process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program);
  } catch {
    // It ended in between.
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    // No such process, or not ours: either way not one that we can wait for.
    return false;
  }
}
