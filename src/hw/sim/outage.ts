/** What a failed drive, a lost path and a withdrawn access do to the servers that need them. */
import { findMachine } from './edit.js';
import { guestOf, halt } from './power.js';
import { breakOffWritesOver, breakOffWritesTo } from './snapshot-writes.js';
import type { RackState } from './state.js';

/** The drive has failed: what runs from it halts, what is written to it breaks off. */
export function loseDisk(state: RackState, drive: string, atMs: number): RackState {
  const machines = state.machines.filter((machine) => guestOf(machine)?.drive === drive);
  const halted = machines.reduce((rack, { name }) => halt(rack, name, atMs, 'lost its disk'), state);
  return breakOffWritesTo(halted, drive);
}

/** The machine no longer reaches the device: it halts if its disk is there, and what it writes there breaks off. */
export function losePath(state: RackState, machine: string, device: string, atMs: number): RackState {
  const needed = state.drives.filter((drive) => drive.device === device);
  const halted = needed.reduce((rack, { name }) => loseAccess(rack, machine, name, atMs), state);
  return breakOffWritesOver(halted, machine, device);
}

/** The machine may no longer use the drive: it halts if that was its disk. */
export function loseAccess(state: RackState, machine: string, drive: string, atMs: number): RackState {
  const found = findMachine(state, machine);
  return found && guestOf(found)?.drive === drive ? halt(state, machine, atMs, 'lost its disk') : state;
}
