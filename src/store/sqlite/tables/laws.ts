import { refusal } from '../../refusals.js';
import type { SnapshotRow } from '../../store.js';
import { flag, integer, text } from '../columns.js';
import type { Sql } from '../connection.js';
import { findDrive } from './drives.js';

/**
 * The laws of the disk table, asked of the rows themselves: they hold whatever the caller believes, because the
 * answer and the change that depends on it are one transaction.
 */

/** Two rows are one drive when they share the name or the serial number. */
const SAME_DRIVE = '(held.name = wanted.name OR held.serial = wanted.serial)';

/**
 * Law of the other drive: a snapshot is written beside the previous one, never onto the drive that holds it.
 * @throws {StoreRefusal} also for a drive that may not take snapshots at all.
 */
export async function requireOtherDrive(sql: Sql, server: string, drive: string): Promise<void> {
  await requireSnapshotDrive(sql, drive);
  const previous = await sql.get(
    `SELECT previous.id, held.name AS drive
     FROM (SELECT * FROM (SELECT id, drive FROM snapshots WHERE server = ?1 AND state = 'complete'
                          ORDER BY generation DESC LIMIT 1)
           UNION
           SELECT * FROM (SELECT id, drive FROM snapshots WHERE id IN (SELECT id FROM restorable WHERE server = ?1)
                          ORDER BY generation DESC LIMIT 1)) AS previous
     JOIN drives AS held ON held.name = previous.drive
     JOIN drives AS wanted ON wanted.name = ?2
     WHERE ${SAME_DRIVE}`,
    [server, drive],
    (row) => ({ id: text(row, 'id'), drive: text(row, 'drive') }),
  );
  if (previous !== null) {
    throw refusal.holdsPrevious({ drive, server, previous });
  }
  await requireNotBeingWritten(sql, server, drive);
}

/**
 * Law of the last one: a server that could be restarted from a snapshot can be so at every later instant. A
 * snapshot that cannot be started from (damaged, on a failed or missing drive) does not stand in for one that can.
 */
export async function requireOtherRestorable(sql: Sql, snapshot: SnapshotRow): Promise<void> {
  const counts = await sql.get(
    `SELECT
       (SELECT count(*) FROM snapshots WHERE server = ?2 AND state = 'complete' AND id <> ?1) AS complete,
       (SELECT count(*) FROM restorable WHERE server = ?2 AND id <> ?1) AS restorable,
       EXISTS (SELECT 1 FROM restorable WHERE id = ?1) AS counts`,
    [snapshot.id, snapshot.server],
    (row) => ({
      complete: integer(row, 'complete'),
      restorable: integer(row, 'restorable'),
      counts: flag(row, 'counts'),
    }),
  );
  const lost = counts === null || counts.complete === 0 || (counts.counts && counts.restorable === 0);
  if (lost) {
    throw refusal.lastRestorable(snapshot);
  }
}

/**
 * Law of the other drive, from its other side: deleting the newest snapshot must not make one the newest to whose drive
 * the next is being written.
 */
export async function requireNoWriteBesideRest(sql: Sql, { id, server }: SnapshotRow): Promise<void> {
  const beside = await sql.get(
    `SELECT writing.id, newest.drive
     FROM (SELECT drive, generation FROM snapshots WHERE server = ?2 AND state = 'complete' AND id <> ?1
           ORDER BY generation DESC LIMIT 1) AS newest
     JOIN snapshots AS writing
       ON writing.server = ?2 AND writing.state = 'writing' AND writing.generation > newest.generation
     JOIN drives AS held ON held.name = newest.drive
     JOIN drives AS wanted ON wanted.name = writing.drive
     WHERE ${SAME_DRIVE}`,
    [id, server],
    (row) => ({ writing: text(row, 'id'), drive: text(row, 'drive') }),
  );
  if (beside !== null) {
    throw refusal.besideBeingWritten({ id, ...beside });
  }
}

async function requireSnapshotDrive(sql: Sql, name: string): Promise<void> {
  const drive = await findDrive(sql, name);
  if (drive === null || drive.missing) {
    throw refusal.noDrive(name);
  }
  if (drive.role !== 'snapshots') {
    throw refusal.noSnapshotDrive(drive);
  }
}

/** Else the unfinished one could complete first, and this one would be on the drive of the previous. */
async function requireNotBeingWritten(sql: Sql, server: string, drive: string): Promise<void> {
  const writing = await sql.get(
    `SELECT snapshots.id
     FROM snapshots
     JOIN drives AS held ON held.name = snapshots.drive
     JOIN drives AS wanted ON wanted.name = ?
     WHERE snapshots.server = ? AND snapshots.state = 'writing' AND ${SAME_DRIVE}`,
    [drive, server],
    (row) => text(row, 'id'),
  );
  if (writing !== null) {
    throw refusal.beingWritten({ drive, server, writing });
  }
}
