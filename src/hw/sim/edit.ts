/** Looking things up in the rack's state, and putting changed ones back. */
import type { DriveState, LogEntry, MachineState, RackState, StoredSnapshot } from './state.js';

/** How many log entries are kept. */
const LOG_LIMIT = 2_000;

export function findMachine(state: RackState, name: string): MachineState | undefined {
  return state.machines.find((machine) => machine.name === name);
}

export function findDrive(state: RackState, name: string): DriveState | undefined {
  return state.drives.find((drive) => drive.name === name);
}

export function findSnapshot(drive: DriveState, id: string): StoredSnapshot | undefined {
  return drive.snapshots.find((snapshot) => snapshot.id === id);
}

export function withMachine(state: RackState, machine: MachineState): RackState {
  return { ...state, machines: put(state.machines, machine) };
}

export function withDrive(state: RackState, drive: DriveState): RackState {
  return { ...state, drives: put(state.drives, drive) };
}

export function withSnapshot(drive: DriveState, snapshot: StoredSnapshot): DriveState {
  const others = drive.snapshots.filter(({ id }) => id !== snapshot.id);
  return { ...drive, snapshots: [...others, snapshot] };
}

export function withoutSnapshot(drive: DriveState, id: string): DriveState {
  return { ...drive, snapshots: drive.snapshots.filter((snapshot) => snapshot.id !== id) };
}

export function logged(
  state: RackState,
  entry: Pick<LogEntry, 'atMs' | 'change' | 'machine'> &
    Partial<Pick<LogEntry, 'drive' | 'server' | 'operation'>>,
): RackState {
  const number = state.logged + 1;
  const full: LogEntry = { number, drive: null, server: null, operation: null, ...entry };
  return { ...state, logged: number, log: [...state.log, full].slice(-LOG_LIMIT) };
}

/** Replaces the item of the same name in its place; a new one is put in by name. */
function put<T extends { readonly name: string }>(items: readonly T[], item: T): readonly T[] {
  if (items.some(({ name }) => name === item.name)) {
    return items.map((existing) => (existing.name === item.name ? item : existing));
  }
  return [...items, item].sort((a, b) => (a.name < b.name ? -1 : 1));
}
