import { join } from 'node:path';
import type { SnapshotOrder } from '../../contract.js';
import type { DriveLayout } from '../drive/layout.js';
import type { Launch } from '../launch-folder.js';
import type { QemuDrive, QemuMachine, QemuRack } from '../rack.js';
import type { LiveSighting } from '../sighting.js';

/** What one snapshot works on. */
export interface Job {
  readonly rack: QemuRack;
  readonly machine: QemuMachine;
  readonly drive: QemuDrive;
  readonly directory: string;
  readonly layout: DriveLayout;
  readonly order: SnapshotOrder;
  readonly launch: Launch;
  readonly seen: LiveSighting;
}

/** Local file for the blocks that the server overwrites while they are being copied. */
export function scratchFile({ machine, launch }: Job): string {
  return join(machine.settings.scratch ?? launch.folder, `${launch.id}.scratch`);
}
