import { setTimeout as sleep } from 'node:timers/promises';
import type { HardwareReport } from '../contract.js';
import { writeLaunchRecord, type LaunchRecord } from './launch-record.js';
import { switchOff } from './power.js';
import { isAlive } from './process.js';
import { connectQmp } from './qmp/connection.js';
import type { QemuMachine, QemuRack } from './rack.js';
import { goneReport, isOrderlyShutdown, reportOf, reportOfState } from './reports.js';
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
  const end = await listen(watch, seen);
  if (end === 'shutdown') await finishShutdown(watch, seen);
  return watch.signal.aborted || (await isAlive(seen.process)) ? AGAIN_MS : 0;
}

/** Listens until the monitor breaks, or the guest has shut itself down: then nothing more is to be heard. */
async function listen(
  { rack, machine, tell, signal }: Watch,
  { launch, record }: LiveSighting,
): Promise<'broken' | 'shutdown'> {
  const report = (told: HardwareReport | null): void => {
    if (told !== null) tell(told);
  };
  const monitor = await connectQmp(launch.monitor('events'), machine.name, { signal });
  try {
    const end = monitor.next(isOrderlyShutdown, signal).then(
      () => 'shutdown' as const,
      () => 'broken' as const,
    );
    monitor.onEvent((event) => {
      report(reportOf(machine.name, record, event));
    });
    // What happened while nobody listened shows in the state that the machine is in.
    const { status } = await monitor.execute('query-status', {}, { signal });
    report(reportOfState(machine.name, record, { status, atMs: rack.clock.now() }));
    return status === 'shutdown' ? 'shutdown' : await end;
  } finally {
    monitor.close();
  }
}

/** When it was first seen to be gone is kept: told again after a restart of the service, it is the same occurrence. */
async function tellGone({ rack, machine, tell, ended }: Watch, { record }: Sighting): Promise<void> {
  if (record.orderedOffAtMs !== null || ended.has(record.launch)) return;
  const goneAtMs = record.goneAtMs ?? rack.clock.now();
  if (record.goneAtMs === null && !(await noteOfDead(machine, record.launch, { goneAtMs }))) return;
  ended.add(record.launch);
  tell(goneReport(machine.name, record, goneAtMs));
}

/** The guest is off; the process that still stands for it ends as if that had been ordered. */
function finishShutdown({ rack, machine }: Watch, { record }: LiveSighting): Promise<void> {
  return machine.locks.start.runExclusive(async () => {
    const now = await look(machine);
    if (now?.record.launch === record.launch) await switchOff(rack, machine);
  });
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
