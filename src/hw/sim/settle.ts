/** Brings the rack up to a time: everything that became due happens, each at its own time. */
import { halt, comeOn, goOff } from './power.js';
import { endWrite, endsAtMs } from './snapshot-writes.js';
import { loseDisk } from './outage.js';
import { findDrive } from './edit.js';
import type { DriveState, MachineState, RackState } from './state.js';
import { watchTruth } from './truth.js';

interface Due {
  readonly atMs: number;
  readonly happen: Happening;
}

/** @param atMs when it happens, which may be before anyone looks. */
type Happening = (state: RackState, atMs: number) => RackState;

/** Told of everything that will happen at a known time; null: it will not. */
type Consider = (atMs: number | null, happen: Happening) => void;

/** The state at `nowMs`; the very same object when nothing has become due. */
export function settle(state: RackState, nowMs: number): RackState {
  let settled = state;
  for (let due = nextDue(settled, nowMs); due; due = nextDue(settled, nowMs)) {
    settled = watchTruth(due.happen(settled, due.atMs), due.atMs);
  }
  return settled;
}

function nextDue(state: RackState, nowMs: number): Due | null {
  let next: Due | null = null;
  const consider: Consider = (atMs, happen) => {
    if (atMs !== null && atMs <= nowMs && (next === null || atMs < next.atMs)) next = { atMs, happen };
  };
  for (const machine of state.machines) considerMachine(machine, consider);
  for (const drive of state.drives) considerDrive(drive, consider);
  return next;
}

function considerMachine({ name, power }: MachineState, consider: Consider): void {
  if (power.is === 'off') {
    consider(power.turnsOnAtMs, (state, atMs) => comeOn(state, name, atMs));
    return;
  }
  const { turnsOff, guest } = power;
  if (turnsOff !== null) {
    consider(turnsOff.atMs, (state, atMs) => goOff(state, name, atMs, turnsOff.operation));
  }
  consider(guest?.diesAtMs ?? null, (state, atMs) => halt(state, name, atMs, 'died'));
}

function considerDrive(drive: DriveState, consider: Consider): void {
  for (const snapshot of drive.snapshots) {
    if (snapshot.progress.is !== 'writing') continue;
    consider(endsAtMs(snapshot.progress), (state, atMs) => {
      const ended = endWrite(state, drive, snapshot);
      const failed = findDrive(ended, drive.name)?.health === 'failed' && drive.health !== 'failed';
      return failed ? loseDisk(ended, drive.name, atMs) : ended;
    });
  }
}
