/** How a machine starts a server when its driver asks: from a disk, or from the memory and disk of a snapshot. */
import {
  answer,
  failure,
  machineCall,
  refuse,
  slowness,
  strikeMachine,
  type CallOutcome,
  type Reply,
  type Transition,
} from './call.js';
import type { ServerContent } from './content.js';
import { diskAt, noSuchDrive, unusable } from './drives.js';
import { findDrive, findMachine, findSnapshot } from './edit.js';
import { goOff, guestOf, isAlive, startUp, type StartUp } from './power.js';
import type { DriveState, Failure, MachineState, RackState, ServerSize } from './state.js';

export interface StartOrder {
  readonly operation: string;
  readonly server: string;
  readonly drive: string;
}

/** Answers when the boot is accepted. */
export function boot(name: string, order: StartOrder): Transition<Reply<null>> {
  return machineCall(name, 'order', (state, machine, nowMs) => {
    const { answerMs, bootMs } = machine.settings;
    if (runsFor(machine, { ...order, snapshot: null })) return answer(state, answerMs, null);
    const obstacle = occupied(machine) ?? inaccessible(state, machine, order.drive);
    if (obstacle) return refuse(state, answerMs, obstacle);
    const drive = findDrive(state, order.drive);
    const disk = drive && diskAt(state, drive, nowMs);
    if (disk?.server !== order.server) {
      const holds = disk ? `holds the disk of ${disk.server}` : 'holds no disk';
      const text = `${order.drive} ${holds}; ${order.server} cannot boot from it`;
      return refuse(state, answerMs, failure('absent', order.drive, text));
    }
    const runsFromMs = nowMs + bootMs * slowness(machine);
    const size = sizeOf(state, order.server, machine);
    return start(state, machine, nowMs, answerMs, {
      ...order,
      size,
      snapshot: null,
      runsFromMs,
      content: null,
    });
  });
}

/** Answers when the server runs, or when the machine has given up. */
export function resume(
  name: string,
  order: StartOrder & { readonly snapshot: string },
): Transition<Reply<null>> {
  return machineCall(name, 'order', (state, machine, nowMs) => {
    const { answerMs, resumeMs } = machine.settings;
    if (runsFor(machine, order)) {
      const leftMs = Math.max(0, (guestOf(machine)?.runsFromMs ?? nowMs) - nowMs);
      return answer(state, Math.max(answerMs, leftMs), null);
    }
    const obstacle = occupied(machine) ?? inaccessible(state, machine, order.drive);
    if (obstacle) return refuse(state, answerMs, obstacle);
    const drive = findDrive(state, order.drive);
    if (!drive) return refuse(state, answerMs, noSuchDrive(order.drive));
    const found = loadable(drive, machine, order);
    if (!found.ok) return refuse(state, answerMs, found.failure);
    const { content, size } = found;
    const runsFromMs = nowMs + resumeMs * slowness(machine);
    return start(state, machine, nowMs, resumeMs, { size, runsFromMs, content, ...order });
  });
}

/** Undoes a start that has not come up yet: its caller has given up. */
export function cancelStart(name: string, operation: string): Transition<null> {
  return (state, nowMs) => {
    const machine = findMachine(state, name);
    const guest = machine && guestOf(machine);
    const starting = guest?.operation === operation && nowMs < guest.runsFromMs;
    return { state: starting ? goOff(state, name, nowMs, operation) : state, result: null };
  };
}

/** Has the started server come up, and is it still there? */
export function cameUp(name: string, order: StartOrder & { readonly snapshot: string }): Transition<boolean> {
  return (state, nowMs) => {
    const machine = findMachine(state, name);
    const guest = machine && runsFor(machine, order) ? guestOf(machine) : null;
    return { state, result: guest !== null && isAlive(guest, nowMs) };
  };
}

function start(
  state: RackState,
  machine: MachineState,
  nowMs: number,
  answerMs: number,
  order: StartUp,
): CallOutcome<null> {
  const { name } = machine;
  const fails = strikeMachine(state, name, 'start-fails');
  if (fails.fault) {
    const text = `${name} tried to start ${order.server} and failed; it is off`;
    return refuse(goOff(fails.state, name, nowMs, order.operation), answerMs, failure('refused', name, text));
  }
  return answer(startUp(fails.state, name, nowMs, order), answerMs, null);
}

/** Does the machine already run, or start, exactly this for this operation? */
function runsFor(machine: MachineState, order: StartOrder & { readonly snapshot: string | null }): boolean {
  const guest = guestOf(machine);
  return (
    guest?.haltedAtMs === null &&
    guest.operation === order.operation &&
    guest.server === order.server &&
    guest.drive === order.drive &&
    guest.snapshot === order.snapshot
  );
}

/** A server is as large as the machine that bears its name. */
function sizeOf(state: RackState, server: string, machine: MachineState): ServerSize {
  const { memoryBytes, settings } = findMachine(state, server) ?? machine;
  return { memoryBytes, diskBytes: settings.diskBytes };
}

function occupied(machine: MachineState): Failure | null {
  const { name } = machine;
  if (!machine.mains) return failure('refused', name, `${name} has no mains power`);
  const guest = guestOf(machine);
  if (guest === null) return null;
  const how = guest.haltedAtMs === null ? 'runs' : 'holds the halted';
  return failure('refused', name, `${name} ${how} ${guest.server}; power it off first`);
}

function inaccessible(state: RackState, machine: MachineState, name: string): Failure | null {
  const drive = findDrive(state, name);
  if (!drive) return noSuchDrive(name);
  const obstacle = unusable(machine, drive);
  if (obstacle) return obstacle;
  if (drive.connections.includes(machine.name)) return null;
  return failure('not-connected', name, `${machine.name} is not connected to ${name}; connect it first`);
}

type Loadable =
  | { readonly ok: true; readonly content: ServerContent; readonly size: ServerSize }
  | { readonly ok: false; readonly failure: Failure };

/** The content to start from. A flipped bit is not noticed here, only by `verify`; a missing end is. */
function loadable(
  drive: DriveState,
  machine: MachineState,
  order: StartOrder & { readonly snapshot: string },
): Loadable {
  const stored = findSnapshot(drive, order.snapshot);
  if (stored?.progress.is !== 'complete') {
    const text = `${drive.name} holds no complete snapshot ${order.snapshot}`;
    return { ok: false, failure: failure('absent', order.snapshot, text) };
  }
  if (stored.server !== order.server) {
    const text = `${order.snapshot} is of ${stored.server}, not of ${order.server}`;
    return { ok: false, failure: failure('refused', order.snapshot, text) };
  }
  if (stored.memoryBytes > machine.memoryBytes) {
    const text = `${order.snapshot} needs ${stored.memoryBytes} bytes of memory; ${machine.name} has ${machine.memoryBytes}`;
    return { ok: false, failure: failure('refused', machine.name, text) };
  }
  if (stored.memory === null) {
    const text = `${machine.name} cannot load ${order.snapshot}: its memory ends too early`;
    return { ok: false, failure: failure('damaged', order.snapshot, text) };
  }
  const { memory, disk, memoryBytes, diskBytes } = stored;
  return { ok: true, content: { memory, disk }, size: { memoryBytes, diskBytes } };
}
