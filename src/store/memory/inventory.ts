import { isDeepStrictEqual } from 'node:util';
import type { Drive, Inventory, Machine } from '../../engine/policy-set.js';
import { compareText } from '../../engine/world.js';
import { refusal } from '../refusals.js';
import type { DriveRow } from '../store.js';
import { setDriveUse, setMachineState, type DriveUse } from './disk-table.js';
import { enter, type Change, type KnownDrive, type KnownMachine, type KnownServer } from './tables.js';
import type { Table } from './table.js';

/**
 * Brings the tables in line with what is declared. What is known from having acted is stronger than what is
 * declared; what left the inventory keeps its row, as missing.
 */
export function syncInventory(change: Change, { drives, machines }: Inventory): void {
  declareDrives(change, drives);
  declareMachines(change, machines);
  declareServers(change, machines);
  assignDriveRoles(change);
  assignMachineStates(change);
}

export function byName<R>(table: Table<R>, nameOf: (row: R) => string): readonly R[] {
  return table.all().toSorted((a, b) => compareText(nameOf(a), nameOf(b)));
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function declareDrives(change: Change, declared: Inventory['drives']): void {
  const { drives } = change.tables;
  const known = byName(drives, ({ row }) => row.name);
  for (const drive of declared.values()) {
    const before = drives.get(drive.name);
    if (before === undefined) addDrive(change, drive);
    else redeclareDrive(change, before, drive);
  }
  for (const { row } of known) {
    if (!row.missing && !declared.has(row.name)) markDrive(change, row.name, true);
  }
}

function addDrive(change: Change, drive: Drive): void {
  const { name, device, labels, capacityBytes, serial, quarantined } = drive;
  const row: DriveRow = {
    name,
    device,
    labels: { ...labels },
    capacityBytes,
    freeBytes: capacityBytes,
    health: 'ok',
    role: 'snapshots',
    server: null,
    reservedBy: null,
    serial,
    missing: false,
  };
  change.tables.drives.put(name, { row, declaredQuarantined: quarantined, deadLineageOf: null });
  enter(change, `drive:${name}`, 'added', declarationOf(drive));
}

function redeclareDrive(change: Change, known: KnownDrive, drive: Drive): void {
  const { name } = drive;
  if (known.row.missing) {
    markDrive(change, name, false);
    // Taking a drive out of the inventory and putting it back is how a person frees what a gone server left behind.
    if (known.row.role === 'active') setDriveUse(change, name, { role: 'snapshots', server: null });
  }
  const from = declarationOf({ ...known.row, quarantined: known.declaredQuarantined });
  const to = declarationOf(drive);
  if (isDeepStrictEqual(from, to)) return;
  const now = change.tables.drives.get(name) ?? known;
  const { device, labels, capacityBytes, serial, quarantined } = to;
  change.tables.drives.put(name, {
    ...now,
    declaredQuarantined: quarantined,
    row: {
      ...now.row,
      device,
      labels,
      capacityBytes,
      serial,
      freeBytes: Math.min(now.row.freeBytes, capacityBytes),
    },
  });
  enter(change, `drive:${name}`, 'declared', { from, to });
}

type Declaration = Pick<Drive, 'device' | 'labels' | 'capacityBytes' | 'serial' | 'quarantined'>;

function declarationOf({ device, labels, capacityBytes, serial, quarantined }: Declaration): Declaration {
  return { device, labels: { ...labels }, capacityBytes, serial, quarantined };
}

function markDrive(change: Change, name: string, missing: boolean): void {
  const known = change.tables.drives.get(name);
  if (known === undefined) return;
  change.tables.drives.put(name, { ...known, row: { ...known.row, missing } });
  enter(change, `drive:${name}`, missing ? 'missing' : 'returned', null);
}

function declareMachines(change: Change, declared: Inventory['machines']): void {
  const { machines } = change.tables;
  const known = byName(machines, nameOf);
  for (const { name, role } of declared.values()) {
    const before = machines.get(name);
    if (before === undefined) {
      machines.put(name, { name, role, state: 'idle', reservedBy: null, missing: false });
      enter(change, `machine:${name}`, 'added', { role });
    } else {
      redeclareMachine(change, before, role);
    }
  }
  for (const machine of known) {
    if (!machine.missing && !declared.has(machine.name)) markMachine(change, machine, true);
  }
}

function redeclareMachine(change: Change, known: KnownMachine, role: KnownMachine['role']): void {
  const { name } = known;
  if (known.missing) markMachine(change, known, false);
  if (known.role === role) return;
  change.tables.machines.put(name, { ...known, missing: false, role });
  enter(change, `machine:${name}`, 'declared', { from: { role: known.role }, to: { role } });
  // Its own server has left the inventory in the same edit: whoever wrote that says that nothing of worth runs here.
  if (role === 'backup' && known.state === 'serving') setMachineState(change, name, 'idle');
}

function markMachine(change: Change, known: KnownMachine, missing: boolean): void {
  change.tables.machines.put(known.name, { ...known, missing });
  enter(change, `machine:${known.name}`, missing ? 'missing' : 'returned', null);
}

/** Each machine with role `active` declares the server of its name, which at first runs on it. */
function declareServers(change: Change, declared: Inventory['machines']): void {
  const { servers } = change.tables;
  const known = byName(servers, nameOf);
  for (const machine of declared.values()) {
    if (machine.role !== 'active') continue;
    const before = servers.get(machine.name);
    if (before === undefined) addServer(change, machine);
    else redeclareServer(change, before, machine);
  }
  for (const server of known) {
    if (!server.missing && declared.get(server.name)?.role !== 'active') markServer(change, server, true);
  }
}

function addServer(change: Change, machine: Machine): void {
  const { name } = machine;
  const disk = requireDisk(machine);
  change.tables.servers.put(name, {
    name,
    machine: name,
    disk,
    state: 'up',
    failedAt: null,
    takenOverAt: null,
    missing: false,
    heartbeatAt: null,
    lastGeneration: 0,
  });
  enter(change, `server:${name}`, 'added', { machine: name, disk });
}

/** After a takeover the inventory no longer knows where the server runs; we do. */
function redeclareServer(change: Change, known: KnownServer, machine: Machine): void {
  if (known.missing) markServer(change, known, false);
  const disk = requireDisk(machine);
  if (known.takenOverAt !== null || known.disk === disk) return;
  change.tables.servers.put(known.name, { ...known, missing: false, disk });
  enter(change, `server:${known.name}`, 'declared', { from: { disk: known.disk }, to: { disk } });
}

function markServer(change: Change, known: KnownServer, missing: boolean): void {
  change.tables.servers.put(known.name, { ...known, missing });
  enter(change, `server:${known.name}`, missing ? 'missing' : 'returned', null);
}

function requireDisk({ name, disk }: Machine): string {
  if (disk === null) throw refusal.noDisk(name);
  return disk;
}

/** A drive is the active disk of the server that runs from it, else quarantined if anyone says so, else free. */
function assignDriveRoles(change: Change): void {
  const servers = change.tables.servers.all();
  const ownerOf = new Map(servers.filter(({ missing }) => !missing).map(({ disk, name }) => [disk, name]));
  const gone = new Set(servers.filter(({ missing }) => missing).map(nameOf));
  for (const known of byName(change.tables.drives, ({ row }) => row.name)) {
    const { name, server, missing } = known.row;
    if (missing) continue;
    // A server that left the inventory may still be running: its disk stays its own.
    const abandoned = server !== null && gone.has(server) ? server : null;
    setDriveUse(change, name, useOf(known, ownerOf.get(name) ?? abandoned));
  }
}

function useOf({ declaredQuarantined, deadLineageOf }: KnownDrive, server: string | null): DriveUse {
  if (server !== null) return { role: 'active', server };
  return { role: declaredQuarantined || deadLineageOf !== null ? 'quarantined' : 'snapshots', server: null };
}

/** A machine on which a declared server runs is not idle. The other states are learned by acting, not declared. */
function assignMachineStates(change: Change): void {
  const { servers, machines } = change.tables;
  const busy = new Set(
    servers
      .all()
      .filter(({ missing }) => !missing)
      .map(({ machine }) => machine),
  );
  for (const { name, state } of byName(machines, nameOf)) {
    if (state === 'idle' && busy.has(name)) setMachineState(change, name, 'serving');
  }
}
