import type { DriveView } from '../../../engine/view.js';
import type { DriveMeasurement, DriveRow } from '../../store.js';
import type { Sql } from '../connection.js';
import { enter, type Change } from './journal.js';
import { driveRow } from './rows.js';

export function findDrive(sql: Sql, name: string): Promise<DriveRow | null> {
  return sql.get('SELECT * FROM drives WHERE name = ?', [name], driveRow);
}

export function listDrives(sql: Sql): Promise<readonly DriveRow[]> {
  return sql.all('SELECT * FROM drives ORDER BY name', [], driveRow);
}

export function viewDrives(sql: Sql): Promise<readonly DriveView[]> {
  return sql.all('SELECT * FROM drives WHERE missing = 0 ORDER BY name', [], (row) => {
    const { name, freeBytes, health, role, server, reservedBy } = driveRow(row);
    return { name, freeBytes, health, role, server, reservedBy };
  });
}

/** Free space changes all the time; only a change of health is worth a journal entry. */
export async function updateDrive(change: Change, measured: DriveMeasurement): Promise<void> {
  const { drive, freeBytes, health } = measured;
  const known = await findDrive(change.sql, drive);
  if (known === null || (known.freeBytes === freeBytes && known.health === health)) return;
  await change.sql.run('UPDATE drives SET free_bytes = ?, health = ? WHERE name = ?', [
    freeBytes,
    health,
    drive,
  ]);
  if (known.health !== health)
    await enter(change, `drive:${drive}`, 'health', { from: known.health, to: health });
}

export interface DriveUse {
  readonly role: DriveRow['role'];
  readonly server: string | null;
}

export async function setDriveUse(change: Change, name: string, from: DriveUse, to: DriveUse): Promise<void> {
  if (from.role === to.role && from.server === to.server) return;
  await change.sql.run('UPDATE drives SET role = ?, server = ? WHERE name = ?', [to.role, to.server, name]);
  await enter(change, `drive:${name}`, 'role', {
    from: { role: from.role, server: from.server },
    to: { role: to.role, server: to.server },
  });
}
