import { once } from './once.js';
import type { Drive, Machine, PolicySet, Selector } from './policy-set.js';
import type { DriveView, MachineView, ServerView, SnapshotView, View } from './view.js';

/** An active server as a decision sees it: its identity, the machine it runs on, and what is known of both. */
export interface ActiveServer {
  readonly name: string;
  /** The inventory entry of the identity: labels and selectors go by it wherever it runs. */
  readonly identity: Machine;
  /** The inventory entry of the machine that runs it now. */
  readonly machine: Machine;
  readonly state: ServerView;
}

export type ServerLookup =
  | { readonly found: 'active'; readonly server: ActiveServer }
  /** A machine of the inventory that runs no server. */
  | { readonly found: 'machine' }
  | { readonly found: 'nothing' };

/** Finds the server that a report is about. Reports may name the server or the machine that runs it. */
export function findServer(policySet: PolicySet, view: View, name: string): ServerLookup {
  const state =
    view.servers.find((server) => server.name === name) ??
    view.servers.find((server) => server.machine === name);
  const identity = state && policySet.inventory.machines.get(state.name);
  const machine = state && policySet.inventory.machines.get(state.machine);
  if (state && identity && machine) {
    return { found: 'active', server: { name: state.name, identity, machine, state } };
  }
  return { found: policySet.inventory.machines.has(name) ? 'machine' : 'nothing' };
}

/** True when the server has every label of the selector. `role` and `name` count as labels. */
export function selects(selector: Selector, server: Machine): boolean {
  const labels = labelsOf(server);
  return Object.entries(selector).every(
    ([label, value]) => Object.hasOwn(labels, label) && labels[label] === value,
  );
}

/** Machines of an inventory never change, and each is asked about once for each policy and event. */
const labelsOf = once(({ labels, role, name }: Machine): Readonly<Record<string, string>> => ({
  ...labels,
  role,
  name,
}));

/** The fact `server` of conditions. */
export function serverFact(server: ActiveServer): object {
  return {
    name: server.name,
    labels: server.identity.labels,
    memoryBytes: server.machine.memoryBytes,
    disk: server.state.disk,
    machine: { name: server.machine.name, labels: server.machine.labels },
  };
}

/** The fact `drive` of conditions. */
export function driveFact(drive: Drive, state: DriveView): object {
  return {
    name: drive.name,
    device: drive.device,
    labels: drive.labels,
    capacityBytes: drive.capacityBytes,
    freeBytes: state.freeBytes,
    health: state.health,
  };
}

/** The fact `backup` of conditions. */
export function backupFact(machine: Machine): object {
  return {
    name: machine.name,
    labels: machine.labels,
    memoryBytes: machine.memoryBytes,
    reaches: machine.reaches,
  };
}

/** The fact `snapshot` of conditions; null before there is one. */
export function snapshotFact(snapshot: SnapshotView): object {
  const { id, kind, condition, cause, generation, takenAt, memoryBytes, diskBytes, drive } = snapshot;
  return { id, kind, condition, cause, generation, takenAt, memoryBytes, diskBytes, drive };
}

/**
 * What a reservation means to a decision about `server`. A running operation will end and give back what it
 * holds; a blocked one will not, until a restart of its own server proves that nothing runs there.
 */
export function holdOn(
  view: View,
  reservedBy: string | null,
  server: string,
): 'none' | 'busy' | 'in-doubt' | 'own-doubt' {
  if (reservedBy === null) return 'none';
  const holder = view.operations.find(({ id }) => id === reservedBy);
  if (holder?.state !== 'blocked') return 'busy';
  return holder.server === server ? 'own-doubt' : 'in-doubt';
}

/** The disk-table row of a drive; a drive that was never seen counts as empty and healthy. */
export function driveState(view: View, drive: Drive, inventory: PolicySet['inventory']): DriveView {
  return drivesByName(view.drives).get(drive.name) ?? initialDrive(drive, inventory);
}

const drivesByName = once(
  (rows: View['drives']): ReadonlyMap<string, DriveView> => new Map(rows.map((row) => [row.name, row])),
);

/** The view of a world in which nothing has happened yet: what the inventory says, and nothing more. */
export function initialView(inventory: PolicySet['inventory']): View {
  const machines = [...inventory.machines.values()].toSorted(byName);
  const servers = machines.flatMap((machine): ServerView[] =>
    machine.role === 'active' && machine.disk !== null
      ? [
          {
            name: machine.name,
            machine: machine.name,
            disk: machine.disk,
            state: 'up',
            failedAt: null,
            takenOverAt: null,
          },
        ]
      : [],
  );
  return {
    servers,
    machines: machines.map((machine): MachineView => ({
      name: machine.name,
      state: machine.role === 'active' ? 'serving' : 'idle',
      reservedBy: null,
    })),
    drives: [...inventory.drives.values()].toSorted(byName).map((drive) => initialDrive(drive, inventory)),
    snapshots: [],
    matches: [],
    symptoms: [],
    orders: [],
    operations: [],
  };
}

function initialDrive(drive: Drive, inventory: PolicySet['inventory']): DriveView {
  const owner = [...inventory.machines.values()].find((machine) => machine.disk === drive.name);
  return {
    name: drive.name,
    freeBytes: drive.capacityBytes,
    health: 'ok',
    role: owner ? 'active' : drive.quarantined ? 'quarantined' : 'snapshots',
    server: owner?.name ?? null,
    reservedBy: null,
  };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compareText(a.name, b.name);
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
