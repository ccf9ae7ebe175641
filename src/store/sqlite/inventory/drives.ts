import { isDeepStrictEqual } from 'node:util';
import type { Drive, Inventory } from '../../../engine/policy-set.js';
import type { DriveRow } from '../../store.js';
import { flag, nullable, text } from '../columns.js';
import { encodeJson } from '../json.js';
import { setDriveUse, type DriveUse } from '../tables/drives.js';
import { enter, type Change } from '../tables/journal.js';
import { driveRow } from '../tables/rows.js';
import { listServers } from '../tables/servers.js';
import { markMissing, markPresent } from './presence.js';

interface KnownDrive extends DriveRow {
  readonly declaredQuarantined: boolean;
  readonly deadLineageOf: string | null;
}

export async function declareDrives(change: Change, declared: Inventory['drives']): Promise<void> {
  const known = await knownDrives(change);
  const byName = new Map(known.map((drive) => [drive.name, drive]));
  for (const drive of declared.values()) {
    const row = byName.get(drive.name);
    if (row === undefined) await addDrive(change, drive);
    else await redeclareDrive(change, row, drive);
  }
  await markMissing(change, 'drive', known, (name) => declared.has(name));
}

/** A drive is the active disk of the server that runs from it, else quarantined if anyone says so, else free. */
export async function assignDriveRoles(change: Change): Promise<void> {
  const servers = await listServers(change.sql);
  const present = servers.filter((server) => !server.missing);
  const ownerOf = new Map(present.map((server) => [server.disk, server.name]));
  const gone = new Set(servers.filter((server) => server.missing).map((server) => server.name));
  for (const drive of await knownDrives(change)) {
    if (drive.missing) continue;
    // A server that left the inventory may still be running: its disk stays its own.
    const abandoned = drive.server !== null && gone.has(drive.server) ? drive.server : null;
    await setDriveUse(change, drive.name, drive, useOf(drive, ownerOf.get(drive.name) ?? abandoned));
  }
}

function useOf(drive: KnownDrive, server: string | null): DriveUse {
  if (server !== null) return { role: 'active', server };
  const quarantined = drive.declaredQuarantined || drive.deadLineageOf !== null;
  return { role: quarantined ? 'quarantined' : 'snapshots', server: null };
}

function knownDrives(change: Change): Promise<readonly KnownDrive[]> {
  return change.sql.all('SELECT * FROM drives ORDER BY name', [], (row) => ({
    ...driveRow(row),
    declaredQuarantined: flag(row, 'declared_quarantined'),
    deadLineageOf: nullable(row, 'dead_lineage_of', text),
  }));
}

async function addDrive(change: Change, drive: Drive): Promise<void> {
  await change.sql.run(
    `INSERT INTO drives (name, device, labels, capacity_bytes, free_bytes, health, serial, declared_quarantined, role)
     VALUES (?, ?, ?, ?, ?, 'ok', ?, ?, 'snapshots')`,
    [
      drive.name,
      drive.device,
      encodeJson(drive.labels),
      drive.capacityBytes,
      drive.capacityBytes,
      drive.serial,
      drive.quarantined ? 1 : 0,
    ],
  );
  await enter(change, `drive:${drive.name}`, 'added', declarationOf(drive));
}

async function redeclareDrive(change: Change, known: KnownDrive, drive: Drive): Promise<void> {
  const returned = await markPresent(change, 'drive', known);
  // Taking a drive out of the inventory and putting it back is how a person frees what a gone server left behind.
  if (returned && known.role === 'active') {
    await setDriveUse(change, drive.name, known, { role: 'snapshots', server: null });
  }
  const from = declarationOf({ ...known, quarantined: known.declaredQuarantined });
  const to = declarationOf(drive);
  if (isDeepStrictEqual(from, to)) return;
  await change.sql.run(
    `UPDATE drives SET device = ?, labels = ?, capacity_bytes = ?, free_bytes = min(free_bytes, ?), serial = ?,
       declared_quarantined = ?
     WHERE name = ?`,
    [
      drive.device,
      encodeJson(drive.labels),
      drive.capacityBytes,
      drive.capacityBytes,
      drive.serial,
      drive.quarantined ? 1 : 0,
      drive.name,
    ],
  );
  await enter(change, `drive:${drive.name}`, 'declared', { from, to });
}

type Declaration = Pick<Drive, 'device' | 'labels' | 'capacityBytes' | 'serial' | 'quarantined'>;

function declarationOf({ device, labels, capacityBytes, serial, quarantined }: Declaration): Declaration {
  return { device, labels: { ...labels }, capacityBytes, serial, quarantined };
}
