import type { Mutex } from 'async-mutex';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../clock.js';
import { HardwareError, type DriveEntry, type DriverEntries, type MachineEntry } from '../contract.js';
import type { CompatibilityCache } from './compatibility.js';
import { definitionOf, type MachineDefinition } from './definition.js';
import type { DriveHelper } from './drive/helper.js';
import { MAX_SOCKET_PATH, launchIn } from './launch-folder.js';
import type { Loading } from './loading.js';
import { driveSettings, machineSettings, type DriveSettings, type MachineSettings } from './settings.js';
import type { Sinks } from './snapshot/sink.js';

/** A server of the inventory that is a QEMU process on this host. */
export interface QemuMachine {
  readonly name: string;
  readonly entry: MachineEntry;
  readonly settings: MachineSettings;
  readonly definition: MachineDefinition;
  /** Where its launches have their folders. */
  readonly folder: string;
  readonly locks: MachineLocks;
}

/** What may not be done twice at a time on one machine, whoever has opened the driver. */
export interface MachineLocks {
  /** Starting, waking, arming, switching off. */
  readonly start: Mutex;
  /** Snapshots. */
  readonly snapshot: Mutex;
  /** The monitor for short questions. */
  readonly status: Mutex;
  /** What is being loaded by whoever holds `start`. */
  readonly loading: Loading;
}

/** A drive of the inventory. */
export interface QemuDrive {
  readonly name: string;
  readonly device: string;
  readonly capacityBytes: number;
  readonly settings: DriveSettings;
  /** The machine whose disk it is by the inventory; null for a drive that holds snapshots. */
  readonly owner: string | null;
}

/** Everything that one opening of the driver works on. */
export interface QemuRack {
  readonly clock: Clock;
  /** Where the driver keeps what must outlive the service: records of starts, accesses, monitor sockets. */
  readonly root: string;
  /** Held while a disk that was not seen before is compared with those of the other drives. */
  readonly meeting: Mutex;
  readonly helper: DriveHelper;
  readonly sinks: Sinks;
  readonly compatibility: CompatibilityCache;
  readonly machines: ReadonlyMap<string, QemuMachine>;
  readonly drives: ReadonlyMap<string, QemuDrive>;
}

/** What outlives one opening of the driver within the process. */
export interface RackBase extends Pick<
  QemuRack,
  'clock' | 'root' | 'meeting' | 'helper' | 'sinks' | 'compatibility'
> {
  locksOf(machine: string): MachineLocks;
}

/** @throws {HardwareError} `driver-settings` for settings that make no sense. */
export function openRack(base: RackBase, { machines, drives }: DriverEntries): QemuRack {
  const rack: QemuRack = {
    ...base,
    machines: byName(machines.map((entry) => toMachine(base, entry))),
    drives: byName(drives.map((entry) => toDrive(entry, machines))),
  };
  assertApart([...rack.drives.values()]);
  return rack;
}

function toMachine(base: RackBase, entry: MachineEntry): QemuMachine {
  const { name } = entry;
  const settings = machineSettings(entry);
  if (entry.memoryBytes % 2 ** 20 !== 0) {
    throw new HardwareError(
      'driver-settings',
      name,
      `memory must be whole MiB, found ${entry.memoryBytes} bytes`,
    );
  }
  const folder = join(base.root, 'machines', shortened(name));
  const longest = launchIn(folder, '0'.repeat(LAUNCH_ID_LENGTH)).monitor('control').length;
  if (longest > MAX_SOCKET_PATH) {
    const text =
      `its monitor sockets would have paths of ${longest} characters, at most ${MAX_SOCKET_PATH} are possible; ` +
      'give the service a shorter --state-dir';
    throw new HardwareError('driver-settings', name, text);
  }
  return {
    name,
    entry,
    settings,
    definition: definitionOf(entry, settings),
    folder,
    locks: base.locksOf(name),
  };
}

/** Hex digits that name one start of a machine. */
export const LAUNCH_ID_LENGTH = 8;
const MAX_FOLDER_NAME = 24;

/** Names may be long and socket paths may not. */
function shortened(name: string): string {
  if (name.length <= MAX_FOLDER_NAME) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, MAX_FOLDER_NAME - 9)}-${digest}`;
}

function toDrive(entry: DriveEntry, machines: readonly MachineEntry[]): QemuDrive {
  const settings = driveSettings(entry);
  const owner = machines.find(({ disk }) => disk === entry.name)?.name ?? null;
  if (settings.kind === 'device' && owner === null) {
    const text =
      'a block device can be the disk of a server; snapshots need a directory: make a file system on it, ' +
      'mount it, and give its mount point as `directory`';
    throw new HardwareError('driver-settings', entry.name, text);
  }
  const { name, device, capacityBytes } = entry;
  return { name, device, capacityBytes, settings, owner };
}

/** Two names of one directory would let a snapshot go "to another drive" and stay where it is. */
function assertApart(drives: readonly QemuDrive[]): void {
  const places = new Map<string, string>();
  for (const { name, settings } of drives) {
    const place = settings.kind === 'device' ? settings.device : settings.directory.replace(/\/+$/, '');
    const [other] = [...places].filter(([known]) => isWithin(place, known) || isWithin(known, place));
    if (other !== undefined) {
      const text = `${place} and ${other[0]} of the drive ${other[1]} are one place; every drive needs a disk of its own`;
      throw new HardwareError('driver-settings', name, text);
    }
    places.set(place, name);
  }
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}

function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.name, one]));
}

/** @throws {HardwareError} `unknown-name` */
export function machineNamed({ machines }: QemuRack, name: string): QemuMachine {
  return known('machine', machines, name);
}

/** @throws {HardwareError} `unknown-name` */
export function driveNamed({ drives }: QemuRack, name: string): QemuDrive {
  return known('drive', drives, name);
}

function known<T>(what: string, all: ReadonlyMap<string, T>, name: string): T {
  const found = all.get(name);
  if (found !== undefined) return found;
  const names = [...all.keys()].join(', ') || 'none';
  throw new HardwareError(
    'unknown-name',
    name,
    `the qemu driver serves no ${what} ${name}; it serves ${names}`,
  );
}

/** @throws {HardwareError} `no-path` when the machine cannot use the drive. */
export function assertPath(machine: QemuMachine, drive: QemuDrive): void {
  if (machine.entry.reaches.includes(drive.device)) return;
  const text = `${machine.name} has no path to ${drive.device}, which holds ${drive.name}`;
  throw new HardwareError('no-path', drive.name, text);
}

/** @throws {HardwareError} `unsupported` for a drive that holds no snapshots. */
export function directoryOf({ name, settings }: QemuDrive): string {
  if (settings.kind === 'directory') return settings.directory;
  throw new HardwareError(
    'unsupported',
    name,
    `${name} is the block device ${settings.device}; it holds no snapshots`,
  );
}

/** @throws {HardwareError} `aborted` for an order that was given up before it was begun. */
export function assertWanted(signal: AbortSignal, subject: string): void {
  if (!signal.aborted) return;
  throw new HardwareError('aborted', subject, `${subject}: the order was given up before`, {
    cause: signal.reason,
  });
}
