import type {
  MachineEntry,
  MemoryCapability,
  OpenDriver,
  PowerCapability,
  SnapshotManifest,
  StandbyCapability,
  StorageCapability,
} from '../../../../src/hw/contract.js';
import type { FenceProof } from '../../../../src/hw/fence.js';
import { waitForConsole, type ConsoleReading } from './console.js';
import { MiB } from './qemu.js';
import { createSite, prove, startServer, type Site } from './site.js';

const NEVER = new AbortController().signal;

/** One server that runs, one backup, and two drives for snapshots; called without the service. */
export interface World {
  readonly site: Site;
  readonly open: OpenDriver;
  power(machine: string): PowerCapability;
  memory(machine: string): MemoryCapability;
  storage(drive: string): StorageCapability;
  standby(machine: string): StandbyCapability;
  snapshot(
    id: string,
    drive: string,
    more?: Partial<Parameters<MemoryCapability['snapshot']>[0]>,
  ): Promise<SnapshotManifest>;
  /** Ends the server's process as a crash would, and wakes the snapshot on the backup. */
  wake(snapshot: string, drive: string): Promise<void>;
  fence(): Promise<FenceProof>;
  /** Waits until the guest has counted on by a few from now. */
  goesOn(machine: string): Promise<ConsoleReading>;
  close(): Promise<void>;
}

export async function createWorld(
  more: { readonly backup?: Partial<MachineEntry>; readonly beforeOpen?: (site: Site) => void } = {},
): Promise<World> {
  const site = await createSite(['disk-1', 'd1', 'd2']);
  more.beforeOpen?.(site);
  const machines = [
    site.machine('web-1', { disk: 'disk-1' }),
    site.machine('spare-1', { role: 'backup', memoryBytes: 256 * MiB, ...more.backup }),
  ];
  const drives = [site.drive('disk-1', 'array-1'), site.drive('d1', 'array-1'), site.drive('d2', 'array-2')];
  const open = site.driver.open({ machines, drives });
  await startServer(site, open, 'web-1', 'disk-1');
  const world: World = {
    site,
    open,
    power: (machine) => present(open.machine(machine).power),
    memory: (machine) => present(open.machine(machine).memory),
    storage: (drive) => present(open.drive(drive).storage),
    standby: (machine) => present(open.machine(machine).standby),
    snapshot: (id, drive, order = {}) =>
      world
        .memory('web-1')
        .snapshot({ operation: 'op', signal: NEVER, snapshot: id, server: 'web-1', drive, ...order }),
    async fence() {
      await world.power('web-1').off({ operation: 'op', signal: NEVER });
      await world.storage('disk-1').disconnect({ operation: 'op', signal: NEVER, machine: 'web-1' });
      return prove(site, world.power('web-1'), 'web-1', 'op');
    },
    async wake(snapshot, drive) {
      const proof = await world.fence();
      await world.storage(drive).connect({ operation: 'op', signal: NEVER, machine: 'spare-1' });
      await world
        .memory('spare-1')
        .resume({ operation: 'op', signal: NEVER, server: 'web-1', snapshot, drive, proof });
    },
    async goesOn(machine) {
      const file = site.consoleOf(machine);
      const { ticks } = await waitForConsole(file, (reading) => reading.ticks.length > 0, 'a first tick');
      const seen = ticks.length;
      return waitForConsole(file, (reading) => reading.ticks.length >= seen + 12, `${machine} counting on`);
    },
    async close() {
      await open.close();
      site.close();
    },
  };
  return world;
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the driver offers no such capability');
  return value;
}
