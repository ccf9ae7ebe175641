import type { RackState } from '../../hw/sim/index.js';
import { toInstant } from '../../engine/time.js';
import type { Paint } from '../terminal.js';
import { table, type Cell } from './table.js';
import { roughly, safe, sizeText, timeText } from './text.js';

type Machine = RackState['machines'][number];
type Drive = RackState['drives'][number];
type Guest = NonNullable<Extract<Machine['power'], { is: 'on' }>['guest']>;

/**
 * The simulated rack as one would see it standing before it.
 * @param nowMs epoch ms; the state's own time is that of its last change.
 */
export function rackText(state: RackState, nowMs: number, paint: Paint): string {
  const machines = state.machines.map((machine) => machineRow(machine, nowMs, paint));
  const drives = state.drives.map((drive) => driveRow(drive, state, paint));
  const head = { paintHead: paint.dim, indent: '  ' };
  return [
    paint.bold(`simulated rack at ${timeText(toInstant(nowMs))}\n`),
    table(machines, { head: ['machine', 'power', 'runs', 'from', 'memory', 'misbehaves'], ...head }),
    table(drives, {
      head: ['drive', 'device', 'health', 'free', 'connected to', 'holds', 'misbehaves'],
      ...head,
    }),
    ...state.violations.map(({ atMs, text }) =>
      paint.red(`  VIOLATION at ${timeText(toInstant(atMs))}: ${safe(text)}\n`),
    ),
  ].join('');
}

function machineRow(machine: Machine, nowMs: number, paint: Paint): Cell[] {
  const guest = machine.power.is === 'on' ? machine.power.guest : null;
  return [
    machine.name,
    powerCell(machine, paint),
    guest === null ? '' : guestCell(guest, nowMs, paint),
    guest === null ? '' : guest.drive,
    guest === null ? '' : memoryText(guest),
    faultsText(machine.faults),
  ];
}

function powerCell({ mains, power }: Machine, paint: Paint): Cell {
  if (!mains) return { text: 'no power', paint: paint.red };
  return power.is === 'on' ? { text: 'on', paint: paint.green } : { text: 'off', paint: paint.dim };
}

function guestCell({ server, runsFromMs, haltedAtMs }: Guest, nowMs: number, paint: Paint): Cell {
  if (haltedAtMs !== null)
    return { text: `${server}, halted for ${roughly(nowMs - haltedAtMs)}`, paint: paint.red };
  if (runsFromMs > nowMs) return { text: `${server}, starting`, paint: paint.yellow };
  return { text: `${server}, for ${roughly(nowMs - runsFromMs)}`, paint: paint.green };
}

/** Where its memory came from: what tells a server that was woken from one that was booted. */
function memoryText({ snapshot, memory }: Guest): string {
  const from = snapshot === null ? 'booted' : `woken from ${snapshot}`;
  return memory.marks.length === 0 ? from : `${from}, marks ${memory.marks.join(' ')}`;
}

function driveRow(drive: Drive, { machines }: RackState, paint: Paint): Cell[] {
  const paints = { ok: paint.green, degraded: paint.yellow, failed: paint.red };
  const holds = [
    ...diskOf(drive, machines),
    ...drive.snapshots.map(({ id, progress }) =>
      progress.is === 'complete' ? id : `${id} (${progress.is})`,
    ),
  ];
  return [
    drive.name,
    drive.device,
    { text: drive.health, paint: paints[drive.health] },
    `${sizeText(freeBytes(drive))} of ${sizeText(drive.capacityBytes)}`,
    drive.connections.join(', '),
    holds.join(', '),
    faultsText(drive.faults),
  ];
}

/** The disk that a server runs from, or ran from last. */
function diskOf({ name, disk }: Drive, machines: readonly Machine[]): readonly string[] {
  const guests = machines.flatMap(({ power }) =>
    power.is === 'on' && power.guest !== null ? [power.guest] : [],
  );
  const server = guests.find(({ drive }) => drive === name)?.server ?? disk?.server;
  return server === undefined ? [] : [`disk of ${server}`];
}

function freeBytes({ capacityBytes, otherBytes, snapshots }: Drive): number {
  const used = snapshots.reduce(
    (sum, { memoryBytes, diskBytes }) => sum + memoryBytes + diskBytes,
    otherBytes,
  );
  return Math.max(0, capacityBytes - used);
}

function faultsText(faults: Machine['faults']): string {
  return faults
    .map(
      ({ name, value, remaining }) =>
        `${name}${value === 0 ? '' : `=${value}`}${remaining === null ? '' : `*${remaining}`}`,
    )
    .join(', ');
}
