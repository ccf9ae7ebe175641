import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HardwareError } from '../contract.js';
import { readIfThere, writeDurably } from './files.js';
import type { QemuDrive, QemuRack } from './rack.js';
import { lookRunning } from './sighting.js';

/**
 * Which machines may start from a drive. On one host every process could open every file, so the access is a
 * record that this driver keeps and obeys: nothing is started from a drive that its machine is not connected to.
 * A machine that runs from the drive has access, whatever the record says.
 */
export async function connectionsOf(rack: QemuRack, drive: QemuDrive): Promise<readonly string[]> {
  const allowed = await readAccess(rack, drive);
  const running: string[] = [];
  for (const machine of rack.machines.values()) {
    if ((await lookRunning(machine))?.record.drive === drive.name) running.push(machine.name);
  }
  return [...new Set([...allowed, ...running])].sort();
}

export async function grantAccess(rack: QemuRack, drive: QemuDrive, machine: string): Promise<void> {
  await writeAccess(rack, drive, [...(await readAccess(rack, drive)), machine]);
}

/** @throws {HardwareError} `refused` while the machine runs from the drive: that ends with the machine only. */
export async function withdrawAccess(rack: QemuRack, drive: QemuDrive, machine: string): Promise<void> {
  const used = rack.machines.get(machine);
  const seen = used === undefined ? null : await lookRunning(used);
  if (seen?.record.drive === drive.name) {
    const text = `${machine} runs ${seen.record.server} from ${drive.name} (pid ${seen.process.pid}); switch it off first`;
    throw new HardwareError('refused', drive.name, text);
  }
  await writeAccess(
    rack,
    drive,
    (await readAccess(rack, drive)).filter((one) => one !== machine),
  );
}

/** @throws {HardwareError} `not-connected` */
export async function assertConnected(rack: QemuRack, drive: QemuDrive, machine: string): Promise<void> {
  if ((await readAccess(rack, drive)).includes(machine)) return;
  const text = `${machine} has no access to ${drive.name}; connect it first`;
  throw new HardwareError('not-connected', drive.name, text);
}

async function readAccess(rack: QemuRack, drive: QemuDrive): Promise<readonly string[]> {
  const text = await readIfThere(fileOf(rack, drive));
  // Until somebody has changed it, a server has access to its own disk and nobody to anything else.
  if (text === null) return drive.owner === null ? [] : [drive.owner];
  const parsed: unknown = JSON.parse(text);
  if (Array.isArray(parsed) && parsed.every((one) => typeof one === 'string')) return parsed;
  const why = `${fileOf(rack, drive)} does not say which machines have access; mend or remove it`;
  throw new HardwareError('unclear', drive.name, why);
}

async function writeAccess(rack: QemuRack, drive: QemuDrive, machines: readonly string[]): Promise<void> {
  await mkdir(join(rack.root, 'access'), { recursive: true, mode: 0o700 });
  await writeDurably(fileOf(rack, drive), `${JSON.stringify([...new Set(machines)].sort())}\n`);
}

function fileOf(rack: QemuRack, drive: QemuDrive): string {
  return join(rack.root, 'access', `${drive.name}.json`);
}
