import type { Inventory, Machine } from '../../../engine/policy-set.js';
import { enter, type Change } from '../tables/journal.js';
import { listMachines, setMachineState, type MachineRow } from '../tables/machines.js';
import { listServers } from '../tables/servers.js';
import { markMissing, markPresent } from './presence.js';

export async function declareMachines(change: Change, declared: Inventory['machines']): Promise<void> {
  const known = await listMachines(change.sql);
  const byName = new Map(known.map((machine) => [machine.name, machine]));
  for (const machine of declared.values()) {
    const row = byName.get(machine.name);
    if (row === undefined) await addMachine(change, machine);
    else await redeclareMachine(change, row, machine);
  }
  await markMissing(change, 'machine', known, (name) => declared.has(name));
}

/** A machine on which a declared server runs is not idle. The other states are learned by acting, not declared. */
export async function assignMachineStates(change: Change): Promise<void> {
  const servers = await listServers(change.sql);
  const busy = new Set(servers.filter((server) => !server.missing).map((server) => server.machine));
  for (const machine of await listMachines(change.sql)) {
    if (machine.state === 'idle' && busy.has(machine.name))
      await setMachineState(change, machine.name, 'serving');
  }
}

async function addMachine(change: Change, { name, role }: Machine): Promise<void> {
  await change.sql.run("INSERT INTO machines (name, role, state) VALUES (?, ?, 'idle')", [name, role]);
  await enter(change, `machine:${name}`, 'added', { role });
}

async function redeclareMachine(change: Change, known: MachineRow, { name, role }: Machine): Promise<void> {
  await markPresent(change, 'machine', known);
  if (known.role === role) return;
  await change.sql.run('UPDATE machines SET role = ? WHERE name = ?', [role, name]);
  await enter(change, `machine:${name}`, 'declared', { from: { role: known.role }, to: { role } });
  // Its own server has left the inventory in the same edit: whoever wrote that says that nothing of worth runs here.
  if (role === 'backup' && known.state === 'serving') await setMachineState(change, name, 'idle');
}
