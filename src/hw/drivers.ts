import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../clock.js';
import type { Driver } from './contract.js';
import { QEMU_DRIVER, qemuDriver, type QemuPrograms } from './qemu/index.js';
import { fileRack, SIM_DRIVER, simDriver } from './sim/index.js';

/** What a driver can do and be told: all that checking a document needs. */
export type DriverDescription = Pick<Driver, 'capabilities' | 'settings'>;

/** The drivers of this build, described. Each is one folder beside this file. */
export const DRIVER_CATALOGUE: ReadonlyMap<string, DriverDescription> = new Map([
  [SIM_DRIVER.name, SIM_DRIVER],
  [QEMU_DRIVER.name, QEMU_DRIVER],
]);

/** Where the simulated rack of a service keeps itself: it outlives the service. */
export function rackFile(stateDir: string): string {
  return join(stateDir, 'rack.json');
}

/** They stand beside this file when it is compiled. */
const QEMU_PROGRAMS: QemuPrograms = {
  driveHelper: program('qemu/drive/helper-main.js'),
  sink: program('qemu/snapshot/sink-main.js'),
};

function program(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** The drivers of this build, ready to be opened. */
export function createDrivers({
  stateDir,
  clock,
}: {
  readonly stateDir: string;
  readonly clock: Clock;
}): ReadonlyMap<string, Driver> {
  const holder = fileRack({ file: rackFile(stateDir), clock });
  return new Map([
    [SIM_DRIVER.name, simDriver({ holder, clock })],
    [QEMU_DRIVER.name, qemuDriver({ root: join(stateDir, 'qemu'), clock, programs: QEMU_PROGRAMS })],
  ]);
}
