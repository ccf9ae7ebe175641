/** The hardware of an inventory: for each machine and drive what its driver can do with it. */
import {
  HardwareError,
  type Driver,
  type DriveEntry,
  type DriverEntries,
  type MachineEntry,
  type MemoryCapability,
  type OpenDriver,
  type HardwareReport,
  type PowerCapability,
  type ProbeProblem,
  type StandbyCapability,
  type StorageCapability,
} from './contract.js';

/** What the inventory says about the driver of a machine or drive. */
export interface DriverUse {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A machine or drive with the driver that serves it. */
export type HardwareEntry<Entry extends MachineEntry | DriveEntry> = Omit<Entry, 'settings'> & {
  readonly driver: DriverUse;
};

export interface HardwareInventory {
  readonly machines: ReadonlyMap<string, HardwareEntry<MachineEntry>>;
  readonly drives: ReadonlyMap<string, HardwareEntry<DriveEntry>>;
}

/** Each throws HardwareError: `unknown-name` outside the inventory, `unsupported` when the driver cannot do it. */
export interface Hardware {
  power(machine: string): PowerCapability;
  memory(machine: string): MemoryCapability;
  storage(drive: string): StorageCapability;
  /** Null when the driver of the machine cannot hold anything ready: a restart then does without. */
  standby(machine: string): StandbyCapability | null;
  /** What the hardware says by itself, from every driver that listens. Returns what ends it. */
  watch(tell: (report: HardwareReport) => void): () => void;
  close(): Promise<void>;
}

/**
 * Opens every driver that the inventory names, each with its own machines and drives.
 * @throws {HardwareError} `unsupported` for a driver that does not exist, `driver-settings` for settings that
 * make no sense. Nothing stays open then.
 */
export function openHardware(inventory: HardwareInventory, drivers: ReadonlyMap<string, Driver>): Hardware {
  const open = openAll(inventory, drivers);
  const opened = <E extends MachineEntry | DriveEntry>(
    what: 'machine' | 'drive',
    entry: HardwareEntry<E> | undefined,
    name: string,
  ): OpenDriver => {
    const driver = entry && open.get(entry.driver.name);
    if (driver) return driver;
    throw new HardwareError('unknown-name', name, `the inventory has no ${what} ${name}`);
  };
  const machine = (name: string): ReturnType<OpenDriver['machine']> =>
    opened('machine', inventory.machines.get(name), name).machine(name);
  const drive = (name: string): ReturnType<OpenDriver['drive']> =>
    opened('drive', inventory.drives.get(name), name).drive(name);
  return {
    power: (name) => machine(name).power ?? cannot(name, 'power'),
    memory: (name) => machine(name).memory ?? cannot(name, 'memory'),
    storage: (name) => drive(name).storage ?? cannot(name, 'storage'),
    standby: (name) => machine(name).standby ?? null,
    watch(tell) {
      const ends = [...open.values()].map((driver) => driver.watch?.(tell));
      return () => {
        for (const end of ends) end?.();
      };
    },
    async close() {
      await closeAll(open);
    },
  };
}

/** Has every driver look at what the inventory names for it; drivers that have nothing to look at are left out. */
export async function probeHardware(
  inventory: HardwareInventory,
  drivers: ReadonlyMap<string, Driver>,
): Promise<readonly ProbeProblem[]> {
  const probes = [...entriesByDriver(inventory)].map(
    async ([name, entries]) => (await drivers.get(name)?.probe?.(entries)) ?? [],
  );
  return (await Promise.all(probes)).flat();
}

function openAll(
  inventory: HardwareInventory,
  drivers: ReadonlyMap<string, Driver>,
): ReadonlyMap<string, OpenDriver> {
  const open = new Map<string, OpenDriver>();
  try {
    for (const [name, entries] of entriesByDriver(inventory)) {
      const driver = drivers.get(name);
      if (!driver) throw noSuchDriver(name, entries, drivers);
      open.set(name, driver.open(entries));
    }
  } catch (error) {
    void closeAll(open);
    throw error;
  }
  return open;
}

async function closeAll(open: ReadonlyMap<string, OpenDriver>): Promise<void> {
  await Promise.allSettled([...open.values()].map((driver) => driver.close()));
}

function entriesByDriver({ machines, drives }: HardwareInventory): Map<string, DriverEntries> {
  const names = new Set([...machines.values(), ...drives.values()].map(({ driver }) => driver.name));
  const withSettings = <E extends { readonly driver: DriverUse }>(
    entries: ReadonlyMap<string, E>,
    name: string,
  ): (E & Pick<DriverUse, 'settings'>)[] =>
    [...entries.values()]
      .filter(({ driver }) => driver.name === name)
      .map((entry) => ({ settings: entry.driver.settings, ...entry }));
  return new Map(
    [...names].map((name) => [
      name,
      { machines: withSettings(machines, name), drives: withSettings(drives, name) },
    ]),
  );
}

function noSuchDriver(
  name: string,
  { machines, drives }: DriverEntries,
  drivers: ReadonlyMap<string, Driver>,
): HardwareError {
  const users = [...machines, ...drives].map((entry) => entry.name);
  const known = [...drivers.keys()].join(', ');
  const text = `there is no driver "${name}", which ${users.join(', ')} asks for; there are ${known}`;
  return new HardwareError('unsupported', users[0] ?? name, text);
}

function cannot(name: string, capability: string): never {
  const text = `the driver of ${name} cannot do ${capability}; give ${name} a driver that can`;
  throw new HardwareError('unsupported', name, text);
}
