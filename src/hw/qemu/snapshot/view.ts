import { DISK_DEVICE, DISK_NODE } from '../command-line.js';
import type { TransactionAction } from '../qmp/commands.js';
import type { QmpConnection } from '../qmp/connection.js';
import { bitmapName, NODES, TODO } from './names.js';

/** Seconds that a write of the guest may wait until the old block has been saved; then the view is given up. */
const SAVE_SECONDS = 5;

export interface ViewOrder {
  readonly drive: string;
  readonly snapshot: string;
  /** Local file for blocks that the guest overwrites while the view is being copied. */
  readonly scratch: string;
  /** The snapshot on the same drive since which the changes are known; null: everything is copied. */
  readonly base: string | null;
}

/**
 * Freezes a view of the disk as it is while the machine is paused: a filter saves each block before the guest
 * overwrites it, to local scratch and not to the drive, so that the guest never waits for the drive. When the
 * scratch fails, the view breaks and the guest does not notice.
 */
export async function freezeView(
  control: QmpConnection,
  order: ViewOrder,
  signal: AbortSignal,
): Promise<void> {
  const { drive, snapshot, scratch, base } = order;
  await control.execute(
    'blockdev-add',
    { driver: 'raw', 'node-name': NODES.scratch, file: { driver: 'file', filename: scratch } },
    { signal },
  );
  await control.execute(
    'blockdev-add',
    {
      driver: 'copy-before-write',
      'node-name': NODES.filter,
      file: DISK_NODE,
      target: NODES.scratch,
      'on-cbw-error': 'break-snapshot',
      'cbw-timeout': SAVE_SECONDS,
    },
    { signal },
  );
  await control.execute('qom-set', { path: DISK_DEVICE, property: 'drive', value: NODES.filter }, { signal });
  await control.execute(
    'blockdev-add',
    { driver: 'snapshot-access', 'node-name': NODES.view, file: NODES.filter },
    { signal },
  );
  await control.execute('transaction', { actions: markChanges({ drive, snapshot, base }) }, { signal });
}

/**
 * From this instant a new bitmap marks what the drive will lack at its next snapshot. The one before goes on
 * marking until this snapshot is complete, so that a snapshot that fails changes nothing.
 */
function markChanges({ drive, snapshot, base }: Omit<ViewOrder, 'scratch'>): readonly TransactionAction[] {
  const since: TransactionAction = {
    type: 'block-dirty-bitmap-add',
    data: { node: DISK_NODE, name: bitmapName(drive, snapshot) },
  };
  if (base === null) return [since];
  return [
    since,
    { type: 'block-dirty-bitmap-add', data: { node: NODES.view, name: TODO, disabled: true } },
    {
      type: 'block-dirty-bitmap-merge',
      data: { node: NODES.view, target: TODO, bitmaps: [{ node: DISK_NODE, name: bitmapName(drive, base) }] },
    },
  ];
}
