import { setTimeout as sleep } from 'node:timers/promises';
import type { HardwareReport } from '../contract.js';
import { writeLaunchRecord, type LaunchRecord } from './launch-record.js';
import { isAlive } from './process.js';
import { connectQmp, type QmpConnection } from './qmp/connection.js';
import type { QmpEvent } from './qmp/commands.js';
import type { QemuMachine, QemuRack } from './rack.js';
import { goneReport, isOrderlyShutdown, reportOf } from './reports.js';
import { isLive, look, type LiveSighting, type Sighting } from './sighting.js';

/** How soon a start is noticed. That a machine is gone is noticed at once: its monitor breaks. */
const LOOK_MS = 300;
const AGAIN_MS = 50;

/** Listens to every machine of the rack until the returned function is called. */
export function watchRack(rack: QemuRack, tell: (report: HardwareReport) => void): () => void {
  const stop = new AbortController();
  for (const machine of rack.machines.values()) {
    void watchMachine({ rack, machine, tell, signal: stop.signal, ended: new Set() });
  }
  return () => {
    stop.abort(new Error('the watching ends'));
  };
}

interface Watch {
  readonly rack: QemuRack;
  readonly machine: QemuMachine;
  readonly tell: (report: HardwareReport) => void;
  readonly signal: AbortSignal;
  /** Launches whose end was told. */
  readonly ended: Set<string>;
}

async function watchMachine(watch: Watch): Promise<void> {
  let waitMs = LOOK_MS;
  while (await pause(waitMs, watch.signal)) {
    try {
      waitMs = await followOnce(watch);
    } catch {
      // A monitor that is held or a record that cannot be read: whoever needs the machine is told, here it is tried again.
      waitMs = LOOK_MS;
    }
  }
}

/** Follows one life of the machine to its end, if it has one. Answers how soon to look again. */
async function followOnce(watch: Watch): Promise<number> {
  const { machine } = watch;
  const seen = await look(machine);
  if (seen?.record.phase !== 'running') return LOOK_MS;
  if (!isLive(seen)) {
    await tellGone(watch, seen);
    return LOOK_MS;
  }
  const orderly = await listen(watch, seen);
  if (watch.signal.aborted || (await isAlive(seen.process))) return AGAIN_MS;
  if (orderly) await forget(watch, seen);
  return 0;
}

/** Listens until the monitor breaks. Answers whether the guest had said that it shuts itself down. */
async function listen({ machine, tell, signal }: Watch, seen: LiveSighting): Promise<boolean> {
  const monitor = await connectQmp(seen.launch.monitor('events'), machine.name, { signal });
  let orderly = false;
  monitor.onEvent((event: QmpEvent) => {
    orderly ||= isOrderlyShutdown(event);
    const report = reportOf(machine.name, seen.record, event);
    if (report !== null) tell(report);
  });
  await untilClosed(monitor, signal);
  return orderly;
}

async function untilClosed(monitor: QmpConnection, signal: AbortSignal): Promise<void> {
  const close = (): void => {
    monitor.close();
  };
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  await monitor.closed;
  signal.removeEventListener('abort', close);
}

/** When it was first seen to be gone is kept: told again after a restart of the service, it is the same occurrence. */
async function tellGone({ rack, machine, tell, ended }: Watch, { record }: Sighting): Promise<void> {
  if (record.orderedOffAtMs !== null || ended.has(record.launch)) return;
  const goneAtMs = record.goneAtMs ?? rack.clock.now();
  if (record.goneAtMs === null && !(await noteOfDead(machine, record.launch, { goneAtMs }))) return;
  ended.add(record.launch);
  tell(goneReport(machine.name, record, goneAtMs));
}

/** Ended as it wanted to: no failure, now or later. */
async function forget({ rack, machine }: Watch, { record }: Sighting): Promise<void> {
  await noteOfDead(machine, record.launch, { orderedOffAtMs: rack.clock.now() });
}

/** Answers false when it was ordered off after all, or started again. */
function noteOfDead(machine: QemuMachine, launch: string, note: Partial<LaunchRecord>): Promise<boolean> {
  return machine.locks.start.runExclusive(async () => {
    const now = await look(machine);
    if (now?.record.launch !== launch || isLive(now) || now.record.orderedOffAtMs !== null) return false;
    await writeLaunchRecord(machine.folder, { ...now.record, ...note });
    return true;
  });
}

async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  if (ms === 0) return true;
  return sleep(ms, true, { signal, ref: false }).catch(() => false);
}
