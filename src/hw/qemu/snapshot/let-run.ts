import { setTimeout as sleep } from 'node:timers/promises';
import type { RunState } from '../qmp/commands.js';
import type { QmpConnection } from '../qmp/connection.js';
import { QmpRefusal } from '../qmp/messages.js';

/** States in which a machine is because a snapshot holds it. In all others it is for a reason of its own. */
const HELD: ReadonlySet<RunState> = new Set<RunState>([
  'paused',
  'postmigrate',
  'finish-migrate',
  'prelaunch',
]);
const MIGRATING: ReadonlySet<string> = new Set(['setup', 'active', 'device', 'cancelling']);
const AGAIN_MS = 20;

/**
 * Lets the server run on, whatever a snapshot had done to it: a transfer that is under way is cancelled, and a
 * paused machine continues. Resolves when it runs, or stands still for a reason of its own.
 * @throws {HardwareError} when QEMU does not answer; the signal ends the trying.
 */
export async function letRunOn(monitor: QmpConnection, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { status } = await monitor.execute('query-status', {}, { signal });
    if (!HELD.has(status)) return;
    const transfer = await monitor.execute('query-migrate', {}, { signal });
    if (MIGRATING.has(transfer.status ?? 'none')) await monitor.execute('migrate_cancel', {}, { signal });
    if (await continued(monitor, signal)) continue;
    await sleep(AGAIN_MS, undefined, { signal });
  }
}

/** A transfer that has not quite ended refuses; the next try comes soon. */
async function continued(monitor: QmpConnection, signal: AbortSignal): Promise<boolean> {
  try {
    await monitor.execute('cont', {}, { signal });
    return true;
  } catch (error) {
    if (error instanceof QmpRefusal) return false;
    throw error;
  }
}
