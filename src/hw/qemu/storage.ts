import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HardwareError, type DriveStatus, type StorageCapability } from '../contract.js';
import { connectionsOf, grantAccess, withdrawAccess } from './access.js';
import { errorCode, readIfThere, writeDurably } from './files.js';
import { describeManifest } from './manifest.js';
import {
  assertPath,
  assertWanted,
  directoryOf,
  machineNamed,
  type QemuDrive,
  type QemuRack,
} from './rack.js';
import { disarmSnapshot } from './armed.js';

/** Storage over a drive: a directory on a disk of its own, or a block device. */
export function qemuStorage(rack: QemuRack, drive: QemuDrive): StorageCapability {
  const { helper } = rack;
  const { name } = drive;
  return {
    async connect({ machine, signal }) {
      assertWanted(signal, name);
      assertPath(machineNamed(rack, machine), drive);
      await assertPresent(rack, drive, signal);
      await grantAccess(rack, drive, machine);
    },

    async disconnect({ machine, signal }) {
      assertWanted(signal, name);
      await withdrawAccess(rack, drive, machine);
    },

    connections: () => connectionsOf(rack, drive),

    async status(signal) {
      if (drive.settings.kind === 'device') return deviceStatus(drive);
      await assertPresent(rack, drive, signal);
      const { usedBytes, freeBytes } = await helper.call(
        'usage',
        name,
        { directory: directoryOf(drive) },
        signal,
      );
      const { capacityBytes } = drive;
      return {
        capacityBytes,
        freeBytes: Math.max(0, Math.min(capacityBytes - usedBytes, freeBytes)),
        health: 'ok',
      };
    },

    async inspect(snapshot, signal) {
      const args = { directory: directoryOf(drive), snapshot };
      const found = await helper.call('inspect', name, args, signal);
      return typeof found === 'string' ? found : describeManifest(found);
    },

    verify(snapshot, signal) {
      return helper.call('verify', name, { directory: directoryOf(drive), snapshot }, signal);
    },

    async discard({ snapshot, signal }) {
      assertWanted(signal, name);
      await disarmSnapshot(rack, snapshot);
      await helper.call('discard', name, { directory: directoryOf(drive), snapshot }, signal);
    },
  };
}

/**
 * The right drive is plugged in. An unmounted disk leaves an empty directory behind, and what is written into that
 * goes to another disk; a disk that is mounted a second time would be "another drive" and is the same.
 * @throws {HardwareError} `drive-failed` when it is not there, another one is, or it is another drive's disk as well.
 */
export async function assertPresent(rack: QemuRack, drive: QemuDrive, signal: AbortSignal): Promise<void> {
  if (drive.settings.kind === 'device') return;
  const { name } = drive;
  const { directory } = drive.settings;
  const found = await rack.helper.call('identify', name, { directory }, signal);
  const known = await knownDisk(rack, name);
  if (known === found) return;
  if (known === null) return rack.meeting.runExclusive(() => meet(rack, name, directory, found));
  const text = `${name}: ${directory} is not the disk that it was; is the drive mounted there? To use the new one, remove ${diskFile(rack, name)}`;
  throw new HardwareError('drive-failed', name, text);
}

/** Remembers which disk a drive is, which nobody else's may be. */
async function meet(rack: QemuRack, name: string, directory: string, disk: string): Promise<void> {
  for (const other of rack.drives.keys()) {
    if (other === name || (await knownDisk(rack, other)) !== disk) continue;
    const text = `${name}: ${directory} is the disk of the drive ${other}, and every drive needs a disk of its own. If it is a copy of that, remove its rekindle/drive.json`;
    throw new HardwareError('drive-failed', name, text);
  }
  await mkdir(join(rack.root, 'drives'), { recursive: true, mode: 0o700 });
  await writeDurably(diskFile(rack, name), `${JSON.stringify(disk)}\n`);
}

/** The id of the disk that a drive was when it was seen first; null before that. */
async function knownDisk(rack: QemuRack, name: string): Promise<string | null> {
  const text = await readIfThere(diskFile(rack, name));
  return text === null ? null : String(JSON.parse(text));
}

function diskFile({ root }: QemuRack, name: string): string {
  return join(root, 'drives', `${name}.json`);
}

async function deviceStatus({ name, capacityBytes, settings }: QemuDrive): Promise<DriveStatus> {
  if (settings.kind !== 'device') throw new TypeError(`${name} is no block device`);
  try {
    if ((await stat(settings.device)).isBlockDevice()) return { capacityBytes, freeBytes: 0, health: 'ok' };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  throw new HardwareError('drive-failed', name, `${name}: there is no block device ${settings.device}`);
}
