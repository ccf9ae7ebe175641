import { refusal } from '../../refusals.js';
import type { Takeover } from '../../store.js';
import { text } from '../columns.js';
import { findDrive, setDriveUse, type DriveUse } from './drives.js';
import { enter, type Change } from './journal.js';
import { findMachine, setMachineState } from './machines.js';
import { forgetServer } from './memory.js';
import { findServer } from './servers.js';

/** The backup server has become the active one under the failed server's identity. */
export async function recordTakeover(change: Change, takeover: Takeover): Promise<void> {
  await requireRunsAsSaid(change, takeover);
  await requireFree(change, takeover);
  await moveServer(change, takeover);
  await setMachineState(change, takeover.fromMachine, 'fenced');
  await setMachineState(change, takeover.toMachine, 'serving');
  await moveDisk(change, takeover);
  await forgetServer(change.sql, takeover.server);
}

async function requireRunsAsSaid(change: Change, takeover: Takeover): Promise<void> {
  const server = await findServer(change.sql, takeover.server);
  if (server === null) throw refusal.noRow('server', takeover.server);
  if (server.machine !== takeover.fromMachine || server.disk !== takeover.fromDrive) {
    throw refusal.runsElsewhere(server, takeover);
  }
}

/** Two identities on one machine, or on one drive, would destroy each other. */
async function requireFree(change: Change, takeover: Takeover): Promise<void> {
  const { server, toMachine, toDrive } = takeover;
  if ((await findMachine(change.sql, toMachine)) === null) throw refusal.noRow('machine', toMachine);
  if ((await findDrive(change.sql, toDrive)) === null) throw refusal.noRow('drive', toDrive);
  const other = await change.sql.get(
    'SELECT name FROM servers WHERE name <> ? AND (machine = ? OR disk = ?)',
    [server, toMachine, toDrive],
    (row) => text(row, 'name'),
  );
  if (other !== null) {
    throw refusal.inUse(takeover, other);
  }
}

async function moveServer(change: Change, takeover: Takeover): Promise<void> {
  const { server, fromMachine, toMachine, fromDrive, toDrive, at } = takeover;
  await change.sql.run(
    "UPDATE servers SET machine = ?, disk = ?, state = 'up', failed_at = NULL, taken_over_at = ? WHERE name = ?",
    [toMachine, toDrive, at, server],
  );
  await enter(change, `server:${server}`, 'takeover', { fromMachine, toMachine, fromDrive, toDrive, at });
}

/** The drive left behind holds a lineage that must not run again: it waits for a person to look at it. */
async function moveDisk(change: Change, { server, fromDrive, toDrive }: Takeover): Promise<void> {
  if (fromDrive !== toDrive) {
    await change.sql.run('UPDATE drives SET dead_lineage_of = ? WHERE name = ?', [server, fromDrive]);
    await useDrive(change, fromDrive, { role: 'quarantined', server: null });
  }
  await change.sql.run('UPDATE drives SET dead_lineage_of = NULL WHERE name = ?', [toDrive]);
  await useDrive(change, toDrive, { role: 'active', server });
}

async function useDrive(change: Change, name: string, use: DriveUse): Promise<void> {
  const drive = await findDrive(change.sql, name);
  if (drive === null) throw refusal.noRow('drive', name);
  await setDriveUse(change, name, drive, use);
}
