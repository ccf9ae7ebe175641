/** Names of what a snapshot adds to a running machine, and takes away again. */
export const NODES = {
  scratch: 'rekindle-scratch',
  filter: 'rekindle-filter',
  view: 'rekindle-view',
  target: 'rekindle-target',
} as const;

export const COPY_JOB = 'rekindle-copy';

/** Name of the bitmap, on the view, of what differs from the drive's previous snapshot. */
export const TODO = 'rekindle-todo';

/** Name of the bitmap that marks what was written to the disk since the snapshot, for the drive that holds it. */
export function bitmapName(drive: string, snapshot: string): string {
  return `${prefixOf(drive)}${snapshot}`;
}

/** What the names of all bitmaps for a drive begin with. */
export function prefixOf(drive: string): string {
  return `rekindle/${drive}/`;
}
