import { Mutex } from 'async-mutex';
import type { Clock } from '../../clock.js';
import type { Driver, OpenDriver } from '../contract.js';
import { createCompatibilityCache } from './compatibility.js';
import { createDriveHelper } from './drive/helper.js';
import { createLoading } from './loading.js';
import { qemuPower } from './power.js';
import { driveNamed, machineNamed, openRack, type MachineLocks, type RackBase } from './rack.js';
import { SETTINGS_SCHEMAS } from './settings.js';
import { createSinks } from './snapshot/sink.js';
import { takeSnapshot } from './snapshot/take.js';
import { qemuStandby } from './standby.js';
import { qemuStorage } from './storage.js';
import { wake } from './wake.js';
import { watchRack } from './watch.js';
import { probeRack } from './probe.js';

export interface QemuDriverOptions {
  /** Where records of starts and monitor sockets are kept; they must outlive the service. */
  readonly root: string;
  readonly clock: Clock;
  /** Compiled programs that run in processes of their own. */
  readonly programs: QemuPrograms;
}

export interface QemuPrograms {
  readonly driveHelper: string;
  readonly sink: string;
}

/** What documents are checked against; known without any QEMU. */
export const QEMU_DRIVER: Pick<Driver, 'name' | 'capabilities' | 'settings'> = {
  name: 'qemu',
  capabilities: new Set(['power', 'memory', 'storage', 'standby'] as const),
  settings: SETTINGS_SCHEMAS,
};

/** The driver of servers that are QEMU processes on this host. */
export function qemuDriver({ root, clock, programs }: QemuDriverOptions): Driver {
  const locks = new Map<string, MachineLocks>();
  const base: Omit<RackBase, 'helper' | 'sinks'> = {
    root,
    clock,
    meeting: new Mutex(),
    compatibility: createCompatibilityCache(),
    locksOf(machine) {
      const known = locks.get(machine) ?? {
        start: new Mutex(),
        snapshot: new Mutex(),
        status: new Mutex(),
        loading: createLoading(machine),
      };
      locks.set(machine, known);
      return known;
    },
  };
  return {
    ...QEMU_DRIVER,
    open(entries) {
      const helper = createDriveHelper(programs.driveHelper);
      const sinks = createSinks(programs.sink);
      const rack = openRack({ ...base, helper, sinks }, entries);
      return {
        machine(name) {
          const machine = machineNamed(rack, name);
          return {
            power: qemuPower(rack, machine),
            memory: {
              snapshot: (order) => takeSnapshot(rack, machine, order),
              resume: (order) => wake(rack, machine, order),
            },
            standby: qemuStandby(rack, machine),
          };
        },
        drive: (name) => ({ storage: qemuStorage(rack, driveNamed(rack, name)) }),
        watch: (tell) => watchRack(rack, tell),
        async close() {
          helper.close();
          sinks.close();
        },
      } satisfies OpenDriver;
    },
    probe: (entries) => probeRack(base, entries),
  };
}
