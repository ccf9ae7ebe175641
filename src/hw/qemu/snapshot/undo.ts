import { rm } from 'node:fs/promises';
import { DISK_NODE } from '../command-line.js';
import { connectQmp, type QmpConnection } from '../qmp/connection.js';
import { letRunOn } from './let-run.js';
import { bitmapName } from './names.js';
import type { Receivers } from './receivers.js';
import { scratchFile, type Job } from './job.js';
import { bitmapsFor, takeOutView } from './tidy.js';

/** The server comes first and gets all the time it needs; the rest must not keep the caller waiting. */
const RUN_ON_MS = 60_000;
const TAKE_OUT_MS = 3_000;
const DISCARD_MS = 1_500;

/**
 * Undoes a snapshot that failed, in the order of what matters: the server runs on, its disk is taken back from
 * the filter, the drive is cleared. What cannot be done now, because the drive hangs, is done before the next
 * snapshot; nothing of it holds up the server.
 */
export async function undo(job: Job, control: QmpConnection, receivers: Receivers | null): Promise<void> {
  // What sends to a receiver that is gone fails at once, also a transfer or a copy that is stuck.
  await receivers?.end();
  await onMonitor(job, control, async (monitor) => {
    await letRunOn(monitor, AbortSignal.timeout(RUN_ON_MS));
    await takeBack(job, monitor, AbortSignal.timeout(TAKE_OUT_MS));
  });
  await discard(job);
}

/** A machine that is gone needs nothing; one whose monitor broke has another. */
async function onMonitor(
  { launch, machine }: Job,
  control: QmpConnection,
  work: (monitor: QmpConnection) => Promise<void>,
): Promise<void> {
  try {
    const monitor = control.isOpen ? control : await connectQmp(launch.monitor('guard'), machine.name);
    try {
      await work(monitor);
    } finally {
      if (monitor !== control) monitor.close();
    }
  } catch {
    // The failure that led here is the one to tell. What is left in the machine goes before the next snapshot.
  }
}

async function takeBack(job: Job, monitor: QmpConnection, signal: AbortSignal): Promise<void> {
  const { machine, drive, order } = job;
  await takeOutView(monitor, machine.name, signal);
  const name = bitmapName(drive.name, order.snapshot);
  if ((await bitmapsFor(monitor, drive.name, signal)).includes(name)) {
    await monitor.execute('block-dirty-bitmap-remove', { node: DISK_NODE, name }, { signal });
  }
  await rm(scratchFile(job), { force: true });
}

async function discard({ rack, drive, directory, order }: Job): Promise<void> {
  const { snapshot } = order;
  const args = { directory, snapshot };
  await rack.helper.call('discard', drive.name, args, AbortSignal.timeout(DISCARD_MS)).catch(() => {
    // The caller discards as well, and has longer patience with a drive.
  });
}
