import { readFile } from 'node:fs/promises';
import { launchIn, type Launch } from './launch-folder.js';
import { readLaunchRecord, type LaunchRecord } from './launch-record.js';
import { findProcess, type ProcessIdentity } from './process.js';
import type { QemuMachine } from './rack.js';

/** What there is of a machine's last start. */
export interface Sighting {
  readonly record: LaunchRecord;
  readonly launch: Launch;
  /** Null: it is gone. */
  readonly process: ProcessIdentity | null;
}

/** A machine whose process is there. */
export interface LiveSighting extends Sighting {
  readonly process: ProcessIdentity;
}

/**
 * Looks at the record and at the process table, never at what was remembered.
 * @throws {HardwareError} `unclear` when the record cannot be read.
 */
export async function look(machine: QemuMachine): Promise<Sighting | null> {
  const record = await readLaunchRecord(machine.folder, machine.name);
  if (record === null) return null;
  const launch = launchIn(machine.folder, record.launch);
  return { record, launch, process: await processOf(record, launch) };
}

/** The live machine that runs, or may run, a server; null when none does. One that is only armed runs nothing. */
export async function lookRunning(machine: QemuMachine): Promise<LiveSighting | null> {
  const seen = await look(machine);
  return seen !== null && isLive(seen) && seen.record.phase === 'running' ? seen : null;
}

export function isLive(seen: Sighting): seen is LiveSighting {
  return seen.process !== null;
}

/** The folder of the launch stands in the command line of its process, and of no other. */
async function processOf({ pid }: LaunchRecord, { pidFile }: Launch): Promise<ProcessIdentity | null> {
  const recorded = pid === null ? null : await findProcess(pid, pidFile);
  if (recorded !== null) return recorded;
  // The service may have been killed between the start and the record of the pid; QEMU writes it too.
  const written = await pidIn(pidFile);
  return written === null ? null : findProcess(written, pidFile);
}

async function pidIn(file: string): Promise<number | null> {
  try {
    const pid = Number.parseInt(await readFile(file, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    // QEMU removes it when it ends in order.
    return null;
  }
}
