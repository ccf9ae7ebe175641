import type { Clock } from '../../clock.js';
import { HardwareError, type Driver, type DriverEntries, type OpenDriver } from '../contract.js';
import { simDrive } from './drive.js';
import { checkEntries, install } from './install.js';
import { openLine } from './line.js';
import { simMachine } from './machine.js';
import type { RackHolder } from './rack.js';
import { SETTINGS_SCHEMAS } from './settings.js';

export interface SimDriverOptions {
  /** The rack that this driver drives. Others may hold the same one. */
  readonly holder: RackHolder;
  /** What answers are waited for by: the holder's own clock, or one that agrees with it. */
  readonly clock: Clock;
}

/** What documents are checked against; known without a rack. */
export const SIM_DRIVER: Pick<Driver, 'name' | 'capabilities' | 'settings'> = {
  name: 'sim',
  capabilities: new Set(['power', 'memory', 'storage'] as const),
  settings: SETTINGS_SCHEMAS,
};

/** The driver of the simulated rack. */
export function simDriver({ holder, clock }: SimDriverOptions): Driver {
  return {
    ...SIM_DRIVER,
    open(entries) {
      const checked = checkEntries(entries);
      const ready = holder.apply(install(checked));
      // Whoever calls first is told; without a caller there is nobody to tell.
      ready.catch(() => undefined);
      const line = openLine(holder, clock, ready);
      return {
        machine: (name) => simMachine(known('machine', entries.machines, name), line),
        drive: (name) => simDrive(known('drive', entries.drives, name), line),
        async close() {
          await ready.catch(() => undefined);
        },
      } satisfies OpenDriver;
    },
  };
}

function known(
  what: 'machine' | 'drive',
  entries: DriverEntries['machines'] | DriverEntries['drives'],
  name: string,
): string {
  if (entries.some((entry) => entry.name === name)) return name;
  const names = entries.map((entry) => entry.name).join(', ');
  throw new HardwareError(
    'unknown-name',
    name,
    `the sim driver serves no ${what} ${name}; it serves ${names}`,
  );
}
