/** Brings the rack up to a time: everything that became due happens, each at its own time. */
import { halt, comeOn, goOff } from './power.js';
import { endWrite, endsAtMs } from './snapshot-writes.js';
import { loseDisk } from './outage.js';
import { findDrive } from './edit.js';
import type { DriveState, MachineState, RackState } from './state.js';
import { watchTruth } from './truth.js';

interface Due {
  readonly atMs: number;
  readonly happen: (state: RackState) => RackState;
}

/** The state at `nowMs`; the very same object when nothing has become due. */
export function settle(state: RackState, nowMs: number): RackState {
  let settled = state;
  for (let due = nextDue(settled, nowMs); due; due = nextDue(settled, nowMs)) {
    settled = watchTruth(due.happen(settled), due.atMs);
  }
  return settled;
}

function nextDue(state: RackState, nowMs: number): Due | null {
  let next: Due | null = null;
  const consider = (all: readonly Due[]): void => {
    for (const due of all) if (due.atMs <= nowMs && (next === null || due.atMs < next.atMs)) next = due;
  };
  for (const machine of state.machines) consider(dueOfMachine(machine));
  for (const drive of state.drives) consider(dueOfDrive(drive));
  return next;
}

/** Every call asks before and after it what is due, and hardly ever is anything. */
const NOTHING: readonly Due[] = [];

function dueOfMachine({ name, power }: MachineState): readonly Due[] {
  if (power.is === 'off') {
    const atMs = power.turnsOnAtMs;
    return atMs === null ? NOTHING : [{ atMs, happen: (state) => comeOn(state, name, atMs) }];
  }
  const { turnsOff, guest } = power;
  if (turnsOff === null && (guest?.diesAtMs ?? null) === null) return NOTHING;
  const due: Due[] = [];
  if (turnsOff) {
    const { atMs, operation } = turnsOff;
    due.push({ atMs, happen: (state) => goOff(state, name, atMs, operation) });
  }
  const diesAtMs = guest?.diesAtMs ?? null;
  if (diesAtMs !== null) {
    due.push({ atMs: diesAtMs, happen: (state) => halt(state, name, diesAtMs, 'died') });
  }
  return due;
}

function dueOfDrive(drive: DriveState): readonly Due[] {
  if (!drive.snapshots.some(({ progress }) => progress.is === 'writing')) return NOTHING;
  return drive.snapshots.flatMap((snapshot) => {
    const atMs = snapshot.progress.is === 'writing' ? endsAtMs(snapshot.progress) : null;
    if (atMs === null) return [];
    const happen = (state: RackState): RackState => {
      const ended = endWrite(state, drive, snapshot);
      const failed = findDrive(ended, drive.name)?.health === 'failed' && drive.health !== 'failed';
      return failed ? loseDisk(ended, drive.name, atMs) : ended;
    };
    return [{ atMs, happen }];
  });
}
