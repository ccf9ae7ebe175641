/** Facts about drives that follow from the state. */
import { diskOf, type DiskContent } from './content.js';
import type { DriveState, Failure, MachineState, RackState } from './state.js';

function usedBytes({ otherBytes, diskBytes, snapshots }: DriveState): number {
  const ofSnapshots = snapshots.map((snapshot) => snapshot.memoryBytes + snapshot.diskBytes);
  return ofSnapshots.reduce((sum, bytes) => sum + bytes, otherBytes + diskBytes);
}

export function freeBytes(drive: DriveState): number {
  return Math.max(0, drive.capacityBytes - usedBytes(drive));
}

/** The disk on a drive at one instant; it advances while a server runs from it. */
export function diskAt(state: RackState, drive: DriveState, nowMs: number): DiskContent | null {
  for (const { power } of state.machines) {
    const guest = power.is === 'on' ? power.guest : null;
    if (guest?.drive === drive.name && guest.haltedAtMs === null) return diskOf(guest, nowMs);
  }
  return drive.disk;
}

function hasPath(machine: MachineState, drive: DriveState): boolean {
  return machine.reaches.includes(drive.device) && !machine.cutPaths.includes(drive.device);
}

/** Why a machine cannot use a drive; null when it can, access aside. */
export function unusable(machine: MachineState, drive: DriveState): Failure | null {
  if (!hasPath(machine, drive)) {
    return {
      code: 'no-path',
      subject: drive.name,
      message: `${machine.name} has no path to ${drive.name} on ${drive.device}`,
    };
  }
  return drive.health === 'failed' ? failed(drive) : null;
}

export function failed(drive: DriveState): Failure {
  return { code: 'drive-failed', subject: drive.name, message: `${drive.name} has failed` };
}

export function noSuchDrive(name: string): Failure {
  return { code: 'unknown-name', subject: name, message: `the simulated rack has no drive ${name}` };
}
