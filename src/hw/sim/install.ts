/** Brings the inventory into the rack: what is new is put in, what is there keeps its state. */
import { isDeepStrictEqual } from 'node:util';
import { HardwareError, type DriveEntry, type DriverEntries, type MachineEntry } from '../contract.js';
import type { Transition } from './call.js';
import { findDrive, findMachine, logged, withDrive, withMachine } from './edit.js';
import { startUp } from './power.js';
import { driveSettings, machineSettings, type DriveSettings, type MachineSettings } from './settings.js';
import type { RackState } from './state.js';

/** Entries whose settings were checked. */
export interface CheckedEntries {
  readonly machines: readonly CheckedMachine[];
  readonly drives: readonly CheckedDrive[];
}

type CheckedMachine = Omit<MachineEntry, 'settings'> & { readonly settings: MachineSettings };
type CheckedDrive = Omit<DriveEntry, 'settings'> & { readonly settings: DriveSettings };

/** @throws {HardwareError} `driver-settings` */
export function checkEntries({ machines, drives }: DriverEntries): CheckedEntries {
  const known = new Set(drives.map(({ name }) => name));
  for (const { name, disk } of machines) {
    if (disk !== null && !known.has(disk)) {
      const text = `${name} runs from ${disk}, which is no drive of the sim driver; give that drive \`driver: { sim: {} }\``;
      throw new HardwareError('driver-settings', name, text);
    }
  }
  return {
    machines: machines.map((entry) => ({
      ...entry,
      settings: machineSettings(entry.name, entry.settings, entry.memoryBytes),
    })),
    drives: drives.map((entry) => ({ ...entry, settings: driveSettings(entry.name, entry.settings) })),
  };
}

/** An active server that the rack has never seen is running on its disk from here on. */
export function install({ machines, drives }: CheckedEntries): Transition<null> {
  return (state, nowMs) => {
    const withDrives = drives.reduce(installDrive, state);
    const installed = machines.reduce((rack, entry) => installMachine(rack, entry, nowMs), withDrives);
    return { state: isDeepStrictEqual(installed, state) ? state : installed, result: null };
  };
}

function installDrive(state: RackState, entry: CheckedDrive): RackState {
  const { name, device, capacityBytes, settings } = entry;
  const existing = findDrive(state, name);
  if (existing) return withDrive(state, { ...existing, device, capacityBytes, settings });
  return withDrive(state, {
    name,
    device,
    capacityBytes,
    settings,
    otherBytes: settings.usedBytes,
    health: 'ok',
    connections: [],
    disk: null,
    diskBytes: 0,
    snapshots: [],
    faults: [],
  });
}

function installMachine(state: RackState, entry: CheckedMachine, nowMs: number): RackState {
  const { name, memoryBytes, reaches, settings } = entry;
  const existing = findMachine(state, name);
  if (existing) return withMachine(state, { ...existing, memoryBytes, reaches, settings });
  const installed = withMachine(state, {
    name,
    memoryBytes,
    reaches,
    cutPaths: [],
    settings,
    mains: true,
    power: { is: 'off', turnsOnAtMs: null },
    bootsFrom: null,
    faults: [],
  });
  return entry.role === 'active' && entry.disk !== null
    ? switchOn(installed, entry, entry.disk, nowMs)
    : installed;
}

/** Connects a new server to its disk and lets it run, unless the disk is in use already. */
function switchOn(state: RackState, entry: CheckedMachine, disk: string, nowMs: number): RackState {
  const { name, memoryBytes, settings } = entry;
  const drive = findDrive(state, disk);
  if (!drive || drive.connections.length > 0) return state;
  const connected = withDrive(state, { ...drive, connections: [name] });
  const noted = logged(connected, { atMs: nowMs, change: 'connect', machine: name, drive: disk });
  return startUp(noted, name, nowMs, {
    server: name,
    drive: disk,
    size: { memoryBytes, diskBytes: settings.diskBytes },
    operation: null,
    snapshot: null,
    runsFromMs: nowMs,
    content: null,
  });
}
