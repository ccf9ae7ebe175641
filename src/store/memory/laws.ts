import { compareText } from '../../engine/world.js';
import { refusal } from '../refusals.js';
import type { SnapshotRow } from '../store.js';
import type { Tables } from './tables.js';

/** The laws of the disk table, asked of the rows themselves: they hold whatever the caller believes. */

/**
 * Law of the other drive: a snapshot is written beside the previous one, never onto the drive that holds it.
 * @throws {StoreRefusal} also for a drive that may not take snapshots at all.
 */
export function requireOtherDrive(tables: Tables, server: string, drive: string): void {
  requireSnapshotDrive(tables, drive);
  const own = snapshotsOf(tables, server);
  const previous = [
    own.findLast(({ state }) => state === 'complete'),
    own.findLast((row) => isRestorable(tables, row)),
  ].find((row) => row !== undefined && isSameDrive(tables, row.drive, drive));
  if (previous !== undefined) throw refusal.holdsPrevious({ drive, server, previous });
  // Else the unfinished one could complete first, and this one would be on the drive of the previous.
  const writing = own.find(
    ({ state, drive: held }) => state === 'writing' && isSameDrive(tables, held, drive),
  );
  if (writing !== undefined) throw refusal.beingWritten({ drive, server, writing: writing.id });
}

/** Law of the last one: a server that could be restarted from a snapshot can be so at every later instant. */
export function requireOtherRestorable(tables: Tables, snapshot: SnapshotRow): void {
  const others = snapshotsOf(tables, snapshot.server).filter(
    ({ id, state }) => id !== snapshot.id && state === 'complete',
  );
  const counts = isRestorable(tables, snapshot);
  if (others.length === 0 || (counts && !others.some((row) => isRestorable(tables, row))))
    throw refusal.lastRestorable(snapshot);
}

/**
 * Law of the other drive, from its other side: deleting the newest snapshot must not make one the newest to whose drive
 * the next is being written.
 */
export function requireNoWriteBesideRest(tables: Tables, { id, server }: SnapshotRow): void {
  const others = snapshotsOf(tables, server).filter((row) => row.id !== id);
  const newest = others.findLast(({ state }) => state === 'complete');
  if (newest === undefined) return;
  const writing = others.find(
    ({ state, generation, drive }) =>
      state === 'writing' && generation > newest.generation && isSameDrive(tables, drive, newest.drive),
  );
  if (writing !== undefined)
    throw refusal.besideBeingWritten({ id, drive: newest.drive, writing: writing.id });
}

/** By generation. */
export function snapshotsOf(tables: Tables, server: string): readonly SnapshotRow[] {
  return tables.snapshots
    .all()
    .filter((row) => row.server === server)
    .toSorted((a, b) => a.generation - b.generation);
}

/** By server, then by generation. */
export function allSnapshots(tables: Tables): readonly SnapshotRow[] {
  return tables.snapshots
    .all()
    .toSorted((a, b) => compareText(a.server, b.server) || a.generation - b.generation);
}

/** What a failed server could be restarted from, as far as the table knows. */
function isRestorable({ drives }: Tables, { state, verified, drive }: SnapshotRow): boolean {
  const on = drives.get(drive)?.row;
  return (
    state === 'complete' && verified !== 'failed' && on !== undefined && on.health !== 'failed' && !on.missing
  );
}

/** Two rows are one drive when they share the name or the serial number. */
function isSameDrive({ drives }: Tables, held: string, wanted: string): boolean {
  const serial = drives.get(held)?.row.serial ?? null;
  return held === wanted || (serial !== null && serial === drives.get(wanted)?.row.serial);
}

function requireSnapshotDrive({ drives }: Tables, name: string): void {
  const drive = drives.get(name)?.row;
  if (drive === undefined || drive.missing) throw refusal.noDrive(name);
  if (drive.role !== 'snapshots') throw refusal.noSnapshotDrive(drive);
}
