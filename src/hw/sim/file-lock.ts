/**
 * A lock between processes, made of files beside the one it guards. Every contender puts down a file of its own
 * and then looks who else is there: alone, it holds the lock; otherwise it takes its file away and comes back
 * later. Since a file's name says whose it is, that of a dead process can be removed by anyone at any moment
 * and never be mistaken for that of a living one, which a single lock file that gets replaced does not allow.
 */
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pid, platform } from 'node:process';
import { threadId } from 'node:worker_threads';

export interface HeldLock {
  /** Our own lock file: may be written and renamed over the guarded file, which publishes and releases at once. */
  readonly path: string;
  release(): void;
}

/** The lock, or the process that has it. Never waits. */
export function tryLock(file: string): HeldLock | { readonly heldBy: number } {
  const directory = dirname(file);
  const prefix = `${basename(file)}.lock.`;
  const ours = `${prefix}${pid}.${startOf(pid) ?? 'unknown'}.${threadId}`;
  const path = join(directory, ours);
  const release = (): void => {
    rmSync(path, { force: true });
  };
  closeSync(openSync(path, 'w'));
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(prefix) || name === ours) continue;
    const owner = ownerOf(name.slice(prefix.length));
    if (isAlive(owner)) {
      release();
      return { heldBy: owner.pid };
    }
    rmSync(join(directory, name), { force: true });
  }
  return { path, release };
}

interface Owner {
  readonly pid: number;
  /** When that process started, as the kernel counts; tells it from a later one with the same number. */
  readonly start: string | undefined;
}

function ownerOf(suffix: string): Owner {
  const [number, start] = suffix.split('.');
  return { pid: Number(number), start };
}

function isAlive(owner: Owner): boolean {
  if (!Number.isSafeInteger(owner.pid) || owner.pid <= 0) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
  if (platform !== 'linux' || owner.start === 'unknown') return true;
  return startOf(owner.pid) === owner.start;
}

/** Start time of a process in clock ticks since boot; null when it is gone or a zombie, or no Linux tells. */
function startOf(process: number): string | null {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, 'utf8');
    // The second field is the name in parentheses and may hold anything: proc_pid_stat(5), fields 3 and 22.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}
