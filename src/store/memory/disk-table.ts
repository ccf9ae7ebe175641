import type { SnapshotState } from '../../engine/view.js';
import { refusal } from '../refusals.js';
import type { DiskTable, DriveRow, NewSnapshot, SnapshotRow, Takeover } from '../store.js';
import { requireNoWriteBesideRest, requireOtherDrive, requireOtherRestorable, snapshotsOf } from './laws.js';
import { enter, type Change, type KnownMachine } from './tables.js';

/** The disk table inside one transaction; `during` throws once that has ended. */
export function openDiskTable(change: Change, during: () => void): DiskTable {
  const { tables } = change;
  /** As a promise, and refused like one. */
  const inside = async <T>(work: () => T): Promise<T> => {
    during();
    return work();
  };
  return {
    drive: (name) => inside(() => tables.drives.get(name)?.row ?? null),
    snapshot: (id) => inside(() => tables.snapshots.get(id) ?? null),
    snapshotsOf: (server) => inside(() => snapshotsOf(tables, server)),
    reserveDrive: (drive, operation) => inside(() => reserveDrive(change, drive, operation)),
    reserveMachine: (machine, operation) => inside(() => reserveMachine(change, machine, operation)),
    release: (operation) =>
      inside(() => {
        releaseAll(change, operation);
      }),
    releaseMachine: (machine, operation) =>
      inside(() => {
        releaseMachine(change, machine, operation);
      }),
    releaseDrive: (drive, operation) =>
      inside(() => {
        releaseDrive(change, drive, operation);
      }),
    beginSnapshot: (row) => inside(() => beginSnapshot(change, row)),
    completeSnapshot: (id, measured) =>
      inside(() => {
        edit(change, id, ['writing'], { state: 'complete', ...measured });
        enter(change, `snapshot:${id}`, 'completed', measured);
      }),
    failSnapshot: (id, reason) =>
      inside(() => {
        edit(change, id, ['writing'], { state: 'failed' });
        enter(change, `snapshot:${id}`, 'failed', { reason });
      }),
    recordVerification: (id, result, at) =>
      inside(() => {
        edit(change, id, ['complete'], { verified: result, verifiedAt: at });
        enter(change, `snapshot:${id}`, 'verified', { result, at });
      }),
    beginDelete: (id) =>
      inside(() => {
        const snapshot = requireSnapshot(change, id, ['complete']);
        requireOtherRestorable(tables, snapshot);
        requireNoWriteBesideRest(tables, snapshot);
        edit(change, id, ['complete'], { state: 'deleting' });
        enter(change, `snapshot:${id}`, 'deleting', null);
      }),
    removeSnapshot: (id) =>
      inside(() => {
        const snapshot = requireSnapshot(change, id, ['deleting', 'failed']);
        tables.snapshots.drop(id);
        enter(change, `snapshot:${id}`, 'removed', snapshot);
      }),
    recordTakeover: (takeover) =>
      inside(() => {
        recordTakeover(change, takeover);
      }),
    setMachineState: (machine, state) =>
      inside(() => {
        setMachineState(change, machine, state);
      }),
    recordIsolated: (operation, what) =>
      inside(() => {
        enter(change, `operation:${operation}`, 'isolated', what);
      }),
  };
}

function reserveDrive(change: Change, name: string, operation: string): boolean {
  const { drives, operations } = change.tables;
  const known = drives.get(name);
  if (known === undefined) throw refusal.noRow('drive', name);
  const { reservedBy, missing, server } = known.row;
  if (reservedBy === operation) return true;
  if (reservedBy !== null || missing) return false;
  if (server !== null && server !== operations.get(operation)?.server) return false;
  drives.put(name, { ...known, row: { ...known.row, reservedBy: operation } });
  enter(change, `drive:${name}`, 'reserved', { operation });
  return true;
}

function reserveMachine(change: Change, name: string, operation: string): boolean {
  const { machines } = change.tables;
  const machine = requireMachine(change, name);
  if (machine.reservedBy === operation) return true;
  if (machine.reservedBy !== null || machine.missing || machine.state !== 'idle') return false;
  machines.put(name, { ...machine, reservedBy: operation });
  enter(change, `machine:${name}`, 'reserved', { operation });
  return true;
}

/** Gives back everything that the operation has reserved. */
export function releaseAll(change: Change, operation: string): void {
  const { drives, machines } = change.tables;
  const held = <R>(
    rows: readonly R[],
    of: (row: R) => { name: string; reservedBy: string | null },
  ): string[] =>
    rows
      .map(of)
      .filter(({ reservedBy }) => reservedBy === operation)
      .map(({ name }) => name)
      .toSorted();
  for (const name of held(drives.all(), ({ row }) => row)) releaseDrive(change, name, operation);
  for (const name of held(machines.all(), (row) => row)) releaseMachine(change, name, operation);
}

function releaseDrive(change: Change, name: string, operation: string): void {
  const known = change.tables.drives.get(name);
  if (known?.row.reservedBy !== operation) return;
  change.tables.drives.put(name, { ...known, row: { ...known.row, reservedBy: null } });
  enter(change, `drive:${name}`, 'released', { operation });
}

function releaseMachine(change: Change, name: string, operation: string): void {
  const known = change.tables.machines.get(name);
  if (known?.reservedBy !== operation) return;
  change.tables.machines.put(name, { ...known, reservedBy: null });
  enter(change, `machine:${name}`, 'released', { operation });
}

function beginSnapshot(change: Change, wanted: NewSnapshot): SnapshotRow {
  const { snapshots, servers } = change.tables;
  const known = snapshots.get(wanted.id);
  if (known !== undefined) return known;
  requireOtherDrive(change.tables, wanted.server, wanted.drive);
  const server = servers.get(wanted.server);
  if (server === undefined) throw refusal.noRow('server', wanted.server);
  // Counted at the server, not over its rows: a generation that was removed is not given again.
  const generation = server.lastGeneration + 1;
  servers.put(server.name, { ...server, lastGeneration: generation });
  const { id, kind, condition, cause, drive, orderedAt, pinned, policyRevision, event, operation } = wanted;
  const begun: SnapshotRow = {
    id,
    server: server.name,
    generation,
    kind,
    condition,
    cause,
    drive,
    // When it was ordered, until the driver says of which instant the memory is.
    takenAt: orderedAt,
    memoryBytes: 0,
    diskBytes: 0,
    state: 'writing',
    checksum: null,
    verified: null,
    pinned,
    verifiedAt: null,
    policyRevision,
    event,
    operation,
  };
  snapshots.put(id, begun);
  enter(change, `snapshot:${id}`, 'begun', begun);
  return begun;
}

function edit(
  change: Change,
  id: string,
  states: readonly SnapshotState[],
  to: Partial<
    Pick<
      SnapshotRow,
      'state' | 'takenAt' | 'memoryBytes' | 'diskBytes' | 'checksum' | 'verified' | 'verifiedAt'
    >
  >,
): void {
  change.tables.snapshots.put(id, { ...requireSnapshot(change, id, states), ...to });
}

function requireSnapshot({ tables }: Change, id: string, states: readonly SnapshotState[]): SnapshotRow {
  const snapshot = tables.snapshots.get(id);
  if (snapshot === undefined) throw refusal.noRow('snapshot', id);
  if (!states.includes(snapshot.state)) throw refusal.snapshotState(id, snapshot.state, states);
  return snapshot;
}

function requireMachine({ tables }: Change, name: string): KnownMachine {
  const machine = tables.machines.get(name);
  if (machine === undefined) throw refusal.noRow('machine', name);
  return machine;
}

export function setMachineState(change: Change, name: string, state: KnownMachine['state']): void {
  const machine = requireMachine(change, name);
  if (machine.state === state) return;
  change.tables.machines.put(name, { ...machine, state });
  enter(change, `machine:${name}`, 'state', { from: machine.state, to: state });
}

export interface DriveUse {
  readonly role: DriveRow['role'];
  readonly server: string | null;
}

export function setDriveUse(change: Change, name: string, { role, server }: DriveUse): void {
  const known = change.tables.drives.get(name);
  if (known === undefined) throw refusal.noRow('drive', name);
  const from = { role: known.row.role, server: known.row.server };
  if (from.role === role && from.server === server) return;
  change.tables.drives.put(name, { ...known, row: { ...known.row, role, server } });
  enter(change, `drive:${name}`, 'role', { from, to: { role, server } });
}

/** The backup server has become the active one under the failed server's identity. */
function recordTakeover(change: Change, takeover: Takeover): void {
  const { servers, symptoms, matches } = change.tables;
  const { server: name, fromMachine, toMachine, fromDrive, toDrive, at } = takeover;
  const server = servers.get(name);
  if (server === undefined) throw refusal.noRow('server', name);
  if (server.machine !== fromMachine || server.disk !== fromDrive)
    throw refusal.runsElsewhere(server, takeover);
  requireMachine(change, toMachine);
  if (change.tables.drives.get(toDrive) === undefined) throw refusal.noRow('drive', toDrive);
  // Two identities on one machine, or on one drive, would destroy each other.
  const other = servers
    .all()
    .find((one) => one.name !== name && (one.machine === toMachine || one.disk === toDrive));
  if (other !== undefined) throw refusal.inUse(takeover, other.name);
  servers.put(name, {
    ...server,
    machine: toMachine,
    disk: toDrive,
    state: 'up',
    failedAt: null,
    takenOverAt: at,
  });
  enter(change, `server:${name}`, 'takeover', { fromMachine, toMachine, fromDrive, toDrive, at });
  setMachineState(change, fromMachine, 'fenced');
  setMachineState(change, toMachine, 'serving');
  moveDisk(change, takeover);
  // What was reported of it before says nothing about the machine that runs it now.
  for (const { policy, ...one } of symptoms.all())
    if (one.server === name) symptoms.drop(symptomKey(name, policy));
  for (const { event, policy, ...one } of matches.all())
    if (one.server === name) matches.drop(matchKey(event, policy));
}

/** The drive left behind holds a lineage that must not run again: it waits for a person to look at it. */
function moveDisk(change: Change, { server, fromDrive, toDrive }: Takeover): void {
  if (fromDrive !== toDrive) {
    setLineage(change, fromDrive, server);
    setDriveUse(change, fromDrive, { role: 'quarantined', server: null });
  }
  setLineage(change, toDrive, null);
  setDriveUse(change, toDrive, { role: 'active', server });
}

function setLineage({ tables }: Change, drive: string, deadLineageOf: string | null): void {
  const known = tables.drives.get(drive);
  if (known !== undefined) tables.drives.put(drive, { ...known, deadLineageOf });
}

export function symptomKey(server: string, policy: string): string {
  return `${server} ${policy}`;
}

export function matchKey(event: string, policy: string): string {
  return `${event} ${policy}`;
}
