import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** One process, not merely a number: pids are used again, and never with the same start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after the boot of the host (`proc(5)`, field 22 of `/proc/PID/stat`). */
  readonly startTime: number;
}

/**
 * The process with this pid, if its command line holds the given argument; null when there is none.
 * A zombie is none: it runs nothing and holds no file.
 */
export async function findProcess(pid: number, argument: string): Promise<ProcessIdentity | null> {
  const stat = await statOf(pid);
  if (stat === null) return null;
  const commandLine = await readOrNull(`/proc/${pid}/cmdline`);
  return commandLine?.split('\0').includes(argument) === true ? { pid, startTime: stat.startTime } : null;
}

/** Whether this very process still runs. */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await statOf(pid))?.startTime === startTime;
}

/** SIGKILL of this very process. That it is gone already is a success. */
export async function killProcess(process: ProcessIdentity): Promise<void> {
  if (await isAlive(process)) signal(process.pid, 'SIGKILL');
}

/** Resolves with whether the process is gone, after at most `withinMs`. */
export async function isGoneWithin(process: ProcessIdentity, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (await isAlive(process)) {
    if (performance.now() >= until) return false;
    await sleep(5);
  }
  return true;
}

async function statOf(pid: number): Promise<{ readonly startTime: number } | null> {
  const text = await readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The name stands in parentheses and may itself hold some; the fields begin after the last one.
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const startTime = Number(fields[18]);
  return state === 'Z' || state === 'X' || Number.isNaN(startTime) ? null : { startTime };
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // Gone between two looks is the same as never there.
    return null;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself meanwhile.
  }
}
