import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HardwareError } from '../contract.js';
import { layoutOf } from './drive/layout.js';
import { errorCode } from './files.js';
import { diskNode } from './launch.js';
import type { ImageNode } from './qmp/commands.js';
import type { QemuDrive, QemuRack } from './rack.js';

/**
 * The image that a server boots from on a drive: what it wrote since it was woken from there, else the image of
 * the drive.
 * @throws {HardwareError} `absent` when there is none.
 */
export async function bootDisk(
  rack: QemuRack,
  drive: QemuDrive,
  {
    server,
    operation,
    signal,
  }: { readonly server: string; readonly operation: string; readonly signal: AbortSignal },
): Promise<ImageNode> {
  const { name, settings } = drive;
  if (settings.kind === 'device') {
    await assertThere(settings.device, name);
    return diskNode(settings.device, 'raw', 'host_device');
  }
  const { directory, image, format } = settings;
  const run = await rack.helper.call('lastRun', name, { directory, server, operation }, signal);
  if (run !== null) return diskNode(layoutOf(directory).run(run.launch), 'qcow2', 'file');
  const file = join(directory, image);
  await assertThere(file, name);
  return diskNode(file, format, 'file');
}

async function assertThere(file: string, drive: string): Promise<void> {
  try {
    await stat(file);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const text = `${drive}: there is no disk image ${file}; create it, or name the right one in the inventory`;
    throw new HardwareError('absent', drive, text, { cause: error });
  }
}
