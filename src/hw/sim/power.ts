/** What happens to a machine and to what runs on it when power comes and goes. Every change is logged. */
import { diskAt, unusable } from './drives.js';
import { booted, diskOf, type ServerContent } from './content.js';
import { findDrive, findMachine, logged, withDrive, withMachine } from './edit.js';
import { takeFault } from './faults.js';
import { breakOffWritesOf } from './snapshot-writes.js';
import type { Guest, MachineState, RackState, ServerSize } from './state.js';

/** What runs on a machine or is being started on it, halted or not. */
export function guestOf(machine: MachineState): Guest | null {
  return machine.power.is === 'on' ? machine.power.guest : null;
}

/** Is the server really running: started up and not halted? */
export function isAlive(guest: Guest, nowMs: number): boolean {
  return guest.haltedAtMs === null && nowMs >= guest.runsFromMs;
}

/** Epoch ms of the last sign of life; null when there was none. */
export function lastHeartbeat(machine: MachineState, guest: Guest, nowMs: number): number | null {
  const untilMs = Math.min(nowMs, guest.haltedAtMs ?? nowMs);
  if (!guest.heartbeats || untilMs < guest.runsFromMs) return null;
  const everyMs = Math.max(1, machine.settings.heartbeatMs);
  return guest.runsFromMs + Math.floor((untilMs - guest.runsFromMs) / everyMs) * everyMs;
}

/** The server stands still where it is: its disk stays as it was, a snapshot of it breaks off. */
export function halt(state: RackState, name: string, atMs: number, why: string): RackState {
  const machine = findMachine(state, name);
  if (machine?.power.is !== 'on' || machine.power.guest === null) return state;
  const { guest } = machine.power;
  if (guest.haltedAtMs !== null) return state;
  const halted = { ...guest, haltedAtMs: atMs, diesAtMs: null };
  const stopped = withMachine(state, { ...machine, power: { ...machine.power, guest: halted } });
  const drive = findDrive(stopped, guest.drive);
  const kept = drive ? withDrive(stopped, { ...drive, disk: diskOf(halted, atMs) }) : stopped;
  const entry = { atMs, change: 'halt', machine: name, server: guest.server, drive: guest.drive } as const;
  return breakOffWritesOf(logged(kept, entry), name, why);
}

/** The machine is off from here on; memory is lost. */
export function goOff(state: RackState, name: string, atMs: number, operation: string | null): RackState {
  const halted = halt(state, name, atMs, 'lost power');
  const machine = findMachine(halted, name);
  if (machine?.power.is !== 'on') return halted;
  const untouched = { fault: null, faults: machine.faults };
  const { fault, faults } = machine.mains ? takeFault(machine.faults, 'comes-back') : untouched;
  const turnsOnAtMs = fault && atMs + fault.value;
  const off = withMachine(halted, { ...machine, faults, power: { is: 'off', turnsOnAtMs } });
  const server = machine.power.guest?.server ?? null;
  return logged(off, { atMs, change: 'power-off', machine: name, server, operation });
}

/** The machine is on from here on and boots what it ran last, if it still can. */
export function comeOn(state: RackState, name: string, atMs: number): RackState {
  const machine = findMachine(state, name);
  if (machine?.power.is !== 'off' || !machine.mains) return state;
  const on = withMachine(state, { ...machine, power: { is: 'on', guest: null, turnsOff: null } });
  const powered = logged(on, { atMs, change: 'power-on', machine: name });
  const { bootsFrom } = machine;
  const drive = bootsFrom && findDrive(powered, bootsFrom.drive);
  if (!bootsFrom || !drive?.connections.includes(name) || unusable(machine, drive)) return powered;
  const runsFromMs = atMs + machine.settings.bootMs;
  return startUp(powered, name, atMs, {
    ...bootsFrom,
    operation: null,
    snapshot: null,
    runsFromMs,
    content: null,
  });
}

export interface StartUp {
  readonly server: string;
  readonly drive: string;
  readonly size: ServerSize;
  readonly operation: string | null;
  readonly snapshot: string | null;
  readonly runsFromMs: number;
  /** What it starts from; null boots with new memory on the disk that the drive holds. */
  readonly content: ServerContent | null;
}

/** Puts a server on a machine, with the faults that strike a start. The caller has checked that it can run. */
export function startUp(state: RackState, name: string, atMs: number, order: StartUp): RackState {
  const machine = findMachine(state, name);
  const drive = findDrive(state, order.drive);
  if (!machine || !drive) return state;
  const { content, ...start } = order;
  const { server, size, operation } = start;
  const silent = takeFault(machine.faults, 'no-heartbeat');
  const dying = takeFault(silent.faults, 'dies-after-start');
  const boots = content ? state.boots : state.boots + 1;
  const guest: Guest = {
    heartbeats: silent.fault === null,
    diesAtMs: dying.fault && start.runsFromMs + dying.fault.value,
    haltedAtMs: null,
    ...start,
    ...(content ?? booted(server, `boot-${boots}`, diskAt(state, drive, atMs))),
  };
  const entry = { atMs, machine: name, operation } as const;
  const powered = machine.power.is === 'on' ? state : logged(state, { change: 'power-on', ...entry });
  const occupied = withDrive({ ...powered, boots }, { ...drive, diskBytes: size.diskBytes });
  const started = withMachine(occupied, {
    ...machine,
    faults: dying.faults,
    power: { is: 'on', guest, turnsOff: null },
    bootsFrom: { server, drive: drive.name, size },
  });
  return logged(started, { change: 'start', server, drive: drive.name, ...entry });
}
