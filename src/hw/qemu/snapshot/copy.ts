import { HardwareError } from '../../contract.js';
import type { QmpConnection } from '../qmp/connection.js';
import { COPY_JOB, NODES, TODO } from './names.js';

export interface CopyOrder {
  readonly control: QmpConnection;
  readonly drive: string;
  /** Socket of the process that writes the image on the drive. */
  readonly target: string;
  /** Only what differs from the layer below. */
  readonly changesOnly: boolean;
  readonly signal: AbortSignal;
}

/**
 * Copies the frozen view of the disk onto the drive while the server runs.
 * @throws {HardwareError} `no-space`, or `drive-failed` with QEMU's own words.
 */
export async function copyDisk(order: CopyOrder): Promise<void> {
  const { control, drive, target, changesOnly, signal } = order;
  await control.execute(
    'blockdev-add',
    {
      driver: 'nbd',
      'node-name': NODES.target,
      server: { type: 'unix', path: target },
    },
    { signal },
  );
  const ended = control.next(
    ({ event, data }) =>
      (event === 'BLOCK_JOB_COMPLETED' || event === 'BLOCK_JOB_CANCELLED') && data.device === COPY_JOB,
    signal,
  );
  ended.catch(() => undefined);
  await control.execute(
    'blockdev-backup',
    {
      'job-id': COPY_JOB,
      device: NODES.view,
      target: NODES.target,
      'on-target-error': 'report',
      ...(changesOnly
        ? { sync: 'bitmap' as const, bitmap: TODO, 'bitmap-mode': 'never' as const }
        : { sync: 'full' as const }),
    },
    { signal },
  );
  const { event, data } = await ended;
  if (event === 'BLOCK_JOB_COMPLETED' && data.error === undefined) return;
  throw copyFailure(drive, typeof data.error === 'string' ? data.error : 'it was cancelled');
}

function copyFailure(drive: string, said: string): HardwareError {
  if (said.includes('No space left')) {
    return new HardwareError('no-space', drive, `${drive}: no space left for the disk of the snapshot`);
  }
  // The view refuses to be read once a block that the guest has overwritten could not be saved.
  if (said.includes('Permission denied')) {
    const text = `${drive}: the copy could not keep up with the server's writes, or the scratch is full: ${said}`;
    return new HardwareError('refused', drive, text);
  }
  return new HardwareError('drive-failed', drive, `${drive}: the disk could not be copied: ${said}`);
}
