import type { Inventory, Machine } from '../../../engine/policy-set.js';
import { refusal } from '../../refusals.js';
import { enter, type Change } from '../tables/journal.js';
import { listServers, type ServerRow } from '../tables/servers.js';
import { markMissing, markPresent } from './presence.js';

/** Each machine with role `active` declares the server of its name, which at first runs on it. */
export async function declareServers(change: Change, machines: Inventory['machines']): Promise<void> {
  const known = await listServers(change.sql);
  const byName = new Map(known.map((server) => [server.name, server]));
  for (const machine of machines.values()) {
    if (machine.role !== 'active') continue;
    const row = byName.get(machine.name);
    if (row === undefined) await addServer(change, machine);
    else await redeclareServer(change, row, machine);
  }
  await markMissing(change, 'server', known, (name) => machines.get(name)?.role === 'active');
}

async function addServer(change: Change, machine: Machine): Promise<void> {
  const disk = requireDisk(machine);
  await change.sql.run("INSERT INTO servers (name, machine, disk, state) VALUES (?, ?, ?, 'up')", [
    machine.name,
    machine.name,
    disk,
  ]);
  await enter(change, `server:${machine.name}`, 'added', { machine: machine.name, disk });
}

/** After a takeover the inventory no longer knows where the server runs; we do. */
async function redeclareServer(change: Change, known: ServerRow, machine: Machine): Promise<void> {
  await markPresent(change, 'server', known);
  const disk = requireDisk(machine);
  if (known.takenOverAt !== null || known.disk === disk) return;
  await change.sql.run('UPDATE servers SET disk = ? WHERE name = ?', [disk, machine.name]);
  await enter(change, `server:${machine.name}`, 'declared', { from: { disk: known.disk }, to: { disk } });
}

function requireDisk({ name, disk }: Machine): string {
  if (disk === null) throw refusal.noDisk(name);
  return disk;
}
