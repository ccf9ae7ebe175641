import { stat } from 'node:fs/promises';
import { HardwareError } from '../contract.js';
import { connectQmp, type QmpConnection } from './qmp/connection.js';
import type { QemuMachine, QemuRack } from './rack.js';
import { lookRunning, type LiveSighting } from './sighting.js';

/** A machine that is asked often must not be waited for long. */
const STATUS_MS = 3_000;

/** Asks a short question on the machine's own monitor for them. */
export function onStatusMonitor<T>(
  { name, locks }: QemuMachine,
  { launch }: LiveSighting,
  ask: (monitor: QmpConnection) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return locks.status.runExclusive(async () => {
    const path = launch.monitor('status');
    const monitor = await connectQmp(path, name, { signal, timeoutMs: STATUS_MS });
    try {
      return await ask(monitor);
    } finally {
      monitor.close();
    }
  });
}

/** What runs on the machine as far as QEMU and the guest say. */
export async function guestOf(
  rack: QemuRack,
  machine: QemuMachine,
  signal: AbortSignal,
): Promise<{ readonly server: string; readonly heartbeatAt: number | null } | null> {
  const seen = await lookRunning(machine);
  if (seen === null) return null;
  const { server } = seen.record;
  try {
    const { running } = await onStatusMonitor(
      machine,
      seen,
      (monitor) => monitor.execute('query-status', {}, { signal, timeoutMs: STATUS_MS }),
      signal,
    );
    return { server, heartbeatAt: running ? await heartbeatAt(rack, machine, seen) : null };
  } catch (error) {
    // It may have ended between the look and the question.
    if (error instanceof HardwareError && (await lookRunning(machine)) === null) return null;
    throw error;
  }
}

/** The guest's own sign of life where there is one; else that QEMU says it runs. */
async function heartbeatAt(
  { clock }: QemuRack,
  { settings }: QemuMachine,
  { launch, record }: LiveSighting,
): Promise<number | null> {
  if (settings.heartbeat === 'none') return clock.now();
  const { size, mtimeMs } = await stat(launch.consoleLog);
  return size === 0 || mtimeMs < record.startedAtMs ? null : mtimeMs;
}
