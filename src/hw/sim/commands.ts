/** What happens to the rack from outside, past every driver: what a demo, a test or a scenario does to it. */
import { failure, type Answer, type Transition } from './call.js';
import { damaged } from './content.js';
import { freeBytes } from './drives.js';
import { findDrive, findMachine, findSnapshot, withDrive, withMachine, withSnapshot } from './edit.js';
import { fits, parseFault, withFault, type Fault, type FaultName } from './faults.js';
import { loseDisk, losePath } from './outage.js';
import { comeOn, goOff, halt } from './power.js';
import type { DriveState, MachineState, RackState } from './state.js';

export type RackCommand =
  /** The machine loses its mains: it is off and cannot be started. */
  | { readonly kind: 'power-cut'; readonly machine: string }
  /** The mains are back; `start` powers the machine on, and it boots what it ran last. */
  | { readonly kind: 'power-restore'; readonly machine: string; readonly start: boolean }
  /** What runs on the machine stands still; the machine stays on. */
  | { readonly kind: 'panic'; readonly machine: string }
  /** Puts a mark into the memory of what runs on the machine. */
  | { readonly kind: 'mark-memory'; readonly machine: string; readonly mark: string }
  | { readonly kind: 'set-health'; readonly drive: string; readonly health: DriveState['health'] }
  /** Leaves only so many bytes free. */
  | { readonly kind: 'fill-drive'; readonly drive: string; readonly freeBytes: number }
  /** Flips a bit of a complete snapshot. */
  | { readonly kind: 'damage-snapshot'; readonly drive: string; readonly snapshot: string }
  | { readonly kind: 'cut-path'; readonly machine: string; readonly device: string }
  | { readonly kind: 'restore-path'; readonly machine: string; readonly device: string }
  /** `target` is a machine or a drive. */
  | { readonly kind: 'set-fault'; readonly target: string; readonly fault: Fault }
  /** Without `fault`: all of them. */
  | { readonly kind: 'clear-faults'; readonly target: string; readonly fault?: FaultName };

/** The answer to a command; with `ok: false` nothing has changed. */
export function command(order: RackCommand): Transition<Answer<null>> {
  switch (order.kind) {
    case 'power-cut':
      return onMachine(order.machine, (state, machine, nowMs) =>
        goOff(
          withMachine(state, { ...machine, mains: false, power: withoutReturn(machine) }),
          machine.name,
          nowMs,
          null,
        ),
      );
    case 'power-restore':
      return onMachine(order.machine, (state, machine, nowMs) => {
        const restored = withMachine(state, { ...machine, mains: true });
        return order.start ? comeOn(restored, machine.name, nowMs) : restored;
      });
    case 'panic':
      return onMachine(order.machine, (state, { name }, nowMs) => halt(state, name, nowMs, 'panicked'));
    case 'mark-memory':
      return onMachine(order.machine, (state, machine) => mark(state, machine, order.mark));
    case 'set-health':
      return onDrive(order.drive, (state, drive, nowMs) => {
        const changed = withDrive(state, { ...drive, health: order.health });
        return order.health === 'failed' ? loseDisk(changed, drive.name, nowMs) : changed;
      });
    case 'fill-drive':
      return onDrive(order.drive, (state, drive) => {
        const taken = freeBytes(drive) - order.freeBytes;
        return withDrive(state, { ...drive, otherBytes: drive.otherBytes + taken });
      });
    case 'damage-snapshot':
      return damageSnapshot(order.drive, order.snapshot);
    case 'cut-path':
      return onMachine(order.machine, (state, machine, nowMs) => {
        const cutPaths = [...new Set([...machine.cutPaths, order.device])];
        return losePath(withMachine(state, { ...machine, cutPaths }), machine.name, order.device, nowMs);
      });
    case 'restore-path':
      return onMachine(order.machine, (state, machine) => {
        const cutPaths = machine.cutPaths.filter((device) => device !== order.device);
        return withMachine(state, { ...machine, cutPaths });
      });
    case 'set-fault':
      return setFault(order.target, order.fault);
    case 'clear-faults':
      return clearFaults(order.target, order.fault);
  }
}

/** The command behind a scenario's `misbehave`: a fault as {@link parseFault} reads it, or `none` to clear all. */
export function misbehave(
  target: string,
  text: string,
): { readonly ok: true; readonly command: RackCommand } | { readonly ok: false; readonly message: string } {
  if (text.trim() === 'none') return { ok: true, command: { kind: 'clear-faults', target } };
  const parsed = parseFault(text);
  if (!parsed.ok) return parsed;
  return { ok: true, command: { kind: 'set-fault', target, fault: parsed.fault } };
}

const DONE: Answer<null> = { ok: true, value: null };

function unknown(name: string): Answer<null> {
  const text = `the simulated rack has no ${name}`;
  return { ok: false, failure: failure('unknown-name', name, text) };
}

function onMachine(
  name: string,
  change: (state: RackState, machine: MachineState, nowMs: number) => RackState,
): Transition<Answer<null>> {
  return (state, nowMs) => {
    const machine = findMachine(state, name);
    if (!machine) return { state, result: unknown(name) };
    return { state: change(state, machine, nowMs), result: DONE };
  };
}

function onDrive(
  name: string,
  change: (state: RackState, drive: DriveState, nowMs: number) => RackState,
): Transition<Answer<null>> {
  return (state, nowMs) => {
    const drive = findDrive(state, name);
    if (!drive) return { state, result: unknown(name) };
    return { state: change(state, drive, nowMs), result: DONE };
  };
}

/** Without mains nothing comes on by itself. */
function withoutReturn({ power }: MachineState): MachineState['power'] {
  return power.is === 'off' ? { is: 'off', turnsOnAtMs: null } : power;
}

function mark(state: RackState, machine: MachineState, text: string): RackState {
  const { power } = machine;
  if (power.is === 'off' || !power.guest) return state;
  const memory = { ...power.guest.memory, marks: [...power.guest.memory.marks, text] };
  return withMachine(state, { ...machine, power: { ...power, guest: { ...power.guest, memory } } });
}

function damageSnapshot(name: string, id: string): Transition<Answer<null>> {
  return (state) => {
    const drive = findDrive(state, name);
    const stored = drive && findSnapshot(drive, id);
    if (!drive || !stored?.memory) {
      const text = `${name} holds no snapshot ${id} that could be damaged`;
      return { state, result: { ok: false, failure: failure('absent', id, text) } };
    }
    const worse = withSnapshot(drive, { ...stored, memory: damaged(stored.memory, 'flipped') });
    return { state: withDrive(state, worse), result: DONE };
  };
}

function setFault(target: string, fault: Fault): Transition<Answer<null>> {
  return (state) => {
    const machine = findMachine(state, target);
    if (machine && fits(fault.name, 'machine')) {
      const faults = withFault(machine.faults, fault);
      return { state: withMachine(state, { ...machine, faults }), result: DONE };
    }
    const drive = findDrive(state, target);
    if (drive && fits(fault.name, 'drive')) {
      const faults = withFault(drive.faults, fault);
      return { state: withDrive(state, { ...drive, faults }), result: DONE };
    }
    if (!machine && !drive) return { state, result: unknown(target) };
    const text = `the fault ${fault.name} cannot be set on the ${machine ? 'machine' : 'drive'} ${target}`;
    return { state, result: { ok: false, failure: failure('unsupported', target, text) } };
  };
}

function clearFaults(target: string, name: FaultName | undefined): Transition<Answer<null>> {
  const kept = (faults: readonly Fault[]): readonly Fault[] =>
    name === undefined ? [] : faults.filter((fault) => fault.name !== name);
  return (state) => {
    const machine = findMachine(state, target);
    const drive = findDrive(state, target);
    if (!machine && !drive) return { state, result: unknown(target) };
    const cleared = machine ? withMachine(state, { ...machine, faults: kept(machine.faults) }) : state;
    const both = drive ? withDrive(cleared, { ...drive, faults: kept(drive.faults) }) : cleared;
    return { state: both, result: DONE };
  };
}
