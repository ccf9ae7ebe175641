import { setTimeout as sleep } from 'node:timers/promises';
import { HardwareError } from '../../contract.js';
import { DISK_DEVICE, DISK_NODE } from '../command-line.js';
import type { BlockNode } from '../qmp/commands.js';
import type { QmpConnection } from '../qmp/connection.js';
import { QmpRefusal } from '../qmp/messages.js';
import { COPY_JOB, NODES, prefixOf } from './names.js';

/** Parts in the order in which they can be taken out: whoever stands on something goes first. */
const INNER_FIRST = [NODES.filter, NODES.scratch, NODES.target];
const POLL_MS = 10;

/**
 * Takes out of a machine whatever a snapshot has put in, this one or one that a crash left behind. The guest's
 * disk is taken back from the filter only when no copy is under way: to change it QEMU waits for the requests of
 * the copy, and the guest with it.
 * @throws {HardwareError} `refused` when a copy does not end; the guest runs on, and all stays as it is.
 */
export async function takeOutView(
  control: QmpConnection,
  machine: string,
  signal: AbortSignal,
): Promise<void> {
  await endCopy(control, machine, signal);
  const nodes = await nodesOf(control, signal);
  const has = (name: string): boolean => nodes.some((node) => node['node-name'] === name);
  const remove = async (name: string): Promise<void> => {
    if (has(name)) await control.execute('blockdev-del', { 'node-name': name }, { signal });
  };
  await remove(NODES.view);
  await takeBackDisk(control, signal);
  for (const name of INNER_FIRST) await remove(name);
}

/** QEMU 7.2 ends with a failed assertion, and the server with it, when a device is given the disk that it has. */
async function takeBackDisk(control: QmpConnection, signal: AbortSignal): Promise<void> {
  const drive = { path: DISK_DEVICE, property: 'drive' } as const;
  if ((await control.execute('qom-get', drive, { signal })) === DISK_NODE) return;
  await control.execute('qom-set', { ...drive, value: DISK_NODE }, { signal });
}

/** Whoever takes the copy may hang with its drive, and could not even be killed: the connection is broken first. */
async function endCopy(control: QmpConnection, machine: string, signal: AbortSignal): Promise<void> {
  for (let told = false; ; told = true) {
    const jobs = await control.execute('query-block-jobs', {}, { signal });
    if (!jobs.some(({ device }) => device === COPY_JOB)) return;
    if (!told) await breakOff(control, signal);
    try {
      await sleep(POLL_MS, undefined, { signal });
    } catch {
      const text = `${machine}: the copy of an earlier snapshot does not end; restore its drive or detach it`;
      throw new HardwareError('refused', machine, text);
    }
  }
}

async function breakOff(control: QmpConnection, signal: AbortSignal): Promise<void> {
  const instances = [{ type: 'block-node', 'node-name': NODES.target } as const];
  await unlessGone(control.execute('yank', { instances }, { signal }));
  await unlessGone(control.execute('block-job-cancel', { device: COPY_JOB, force: true }, { signal }));
}

/** It may end by itself at the very moment. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof QmpRefusal)) throw error;
  }
}

/** Removes the marks of changes for a drive, except the one that is kept. */
export async function removeBitmaps(
  control: QmpConnection,
  { drive, keep }: { readonly drive: string; readonly keep: string | null },
  signal: AbortSignal,
): Promise<void> {
  for (const name of await bitmapsFor(control, drive, signal)) {
    if (name !== keep)
      await control.execute('block-dirty-bitmap-remove', { node: DISK_NODE, name }, { signal });
  }
}

/** Names of the usable bitmaps for a drive. */
export async function bitmapsFor(
  control: QmpConnection,
  drive: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const disk = (await nodesOf(control, signal)).find((node) => node['node-name'] === DISK_NODE);
  const bitmaps = disk?.['dirty-bitmaps'] ?? [];
  return bitmaps.flatMap(({ name, inconsistent, busy }) =>
    name?.startsWith(prefixOf(drive)) === true && inconsistent !== true && !busy ? [name] : [],
  );
}

/** Bytes of the guest's disk. */
export async function diskSize(
  control: QmpConnection,
  machine: string,
  signal: AbortSignal,
): Promise<number> {
  const disk = (await nodesOf(control, signal)).find((node) => node['node-name'] === DISK_NODE);
  if (disk !== undefined) return disk.image['virtual-size'];
  throw new HardwareError(
    'unclear',
    machine,
    `${machine}: QEMU knows no block node ${DISK_NODE}; was it started by hand?`,
  );
}

function nodesOf(control: QmpConnection, signal: AbortSignal): Promise<readonly BlockNode[]> {
  return control.execute('query-named-block-nodes', { flat: true }, { signal });
}
