/** How a machine writes a snapshot: begin, watch it grow, give it up. */
import type { SnapshotManifest } from '../contract.js';
import {
  answer,
  failure,
  machineCall,
  refuse,
  slowness,
  strikeDrive,
  type Reply,
  type Transition,
} from './call.js';
import { diskOf, memoryAt } from './content.js';
import { manifestOf } from './drive-calls.js';
import { freeBytes, noSuchDrive, unusable } from './drives.js';
import { findDrive, findSnapshot, withDrive, withSnapshot, withoutSnapshot } from './edit.js';
import { guestOf, isAlive } from './power.js';
import { planEnding } from './snapshot-faults.js';
import { endsAtMs, shareOf } from './snapshot-writes.js';
import type { DriveState, Failure, Guest, MachineState, RackState, StoredSnapshot } from './state.js';

export interface WriteOrder {
  readonly snapshot: string;
  readonly server: string;
  readonly drive: string;
}

/**
 * Answers as soon as the writing has begun; with the manifest when the snapshot is complete already. Remains of
 * the same snapshot are replaced.
 */
export function beginSnapshot(
  machineName: string,
  order: WriteOrder,
): Transition<Reply<SnapshotManifest | null>> {
  return machineCall(machineName, 'order', (state, machine, nowMs) => {
    const { answerMs } = machine.settings;
    const held = findDrive(state, order.drive);
    if (!held) return refuse(state, answerMs, noSuchDrive(order.drive));
    const existing = findSnapshot(held, order.snapshot);
    const manifest = existing && manifestOf(held, existing);
    if (manifest?.server === order.server) return answer(state, answerMs, manifest);
    if (manifest) return refuse(state, answerMs, takenId(manifest));
    const drive = withoutSnapshot(held, order.snapshot);
    const source = sourceOf(machine, order.server, nowMs);
    if (!source.ok) return refuse(state, answerMs, source.failure);
    const obstacle = unusable(machine, drive) ?? tooFull(drive, source.guest);
    if (obstacle) return refuse(state, answerMs, obstacle);
    const begun = begin(withDrive(state, drive), machine, source.guest, order, nowMs);
    return answer(begun, 0, null);
  });
}

function begin(
  state: RackState,
  machine: MachineState,
  guest: Guest,
  order: WriteOrder,
  nowMs: number,
): RackState {
  const planned = planEnding(state, machine.name, order);
  const slow = strikeDrive(planned.state, order.drive, 'slow');
  const drive = findDrive(slow.state, order.drive);
  if (!drive) return state;
  const takesMs = machine.settings.snapshotMs * slowness(machine) * (slow.fault?.value ?? 1);
  const stored: StoredSnapshot = {
    id: order.snapshot,
    server: order.server,
    machine: machine.name,
    takenAtMs: nowMs,
    memoryBytes: guest.size.memoryBytes,
    diskBytes: guest.size.diskBytes,
    memory: memoryAt(guest, nowMs),
    disk: diskOf(guest, nowMs),
    progress: { is: 'writing', beganAtMs: nowMs, takesMs, ending: planned.ending },
  };
  return withDrive(slow.state, withSnapshot(drive, stored));
}

export type Watched =
  /** `againMs`: after how long there will be something new to see. */
  | { readonly is: 'writing'; readonly share: number; readonly againMs: number }
  | { readonly is: 'complete'; readonly manifest: SnapshotManifest }
  | { readonly is: 'broken'; readonly failure: Failure };

/** A snapshot is looked at this many times while it is written, but not all the time. */
const TELLINGS = 10;
const SHORTEST_WATCH_MS = 100;

/** How far a snapshot is. */
export function watchSnapshot(driveName: string, id: string): Transition<Watched> {
  return (state, nowMs) => {
    const drive = findDrive(state, driveName);
    const stored = drive && findSnapshot(drive, id);
    return { state, result: stored ? watch(drive, stored, nowMs) : vanished(driveName, id) };
  };
}

function watch(drive: DriveState, stored: StoredSnapshot, nowMs: number): Watched {
  const { progress } = stored;
  if (progress.is === 'partial') return { is: 'broken', failure: progress.failure };
  const manifest = manifestOf(drive, stored);
  if (progress.is === 'complete')
    return manifest ? { is: 'complete', manifest } : vanished(drive.name, stored.id);
  const leftMs = (endsAtMs(progress) ?? Infinity) - nowMs;
  const againMs = Math.min(leftMs, Math.max(SHORTEST_WATCH_MS, progress.takesMs / TELLINGS));
  return { is: 'writing', share: shareOf(progress, nowMs), againMs };
}

function vanished(drive: string, snapshot: string): Watched {
  const text = `${snapshot} was removed from ${drive} while it was written`;
  return { is: 'broken', failure: failure('absent', snapshot, text) };
}

/** Removes what is left of a snapshot that did not become complete. A failed drive keeps it. */
export function dropRemains(driveName: string, id: string): Transition<null> {
  return (state) => {
    const drive = findDrive(state, driveName);
    const stored = drive && findSnapshot(drive, id);
    const stays = !stored || stored.progress.is === 'complete' || drive.health === 'failed';
    return { state: stays ? state : withDrive(state, withoutSnapshot(drive, id)), result: null };
  };
}

type Source =
  { readonly ok: true; readonly guest: Guest } | { readonly ok: false; readonly failure: Failure };

/** The running server whose memory is to be taken. */
function sourceOf(machine: MachineState, server: string, nowMs: number): Source {
  const guest = guestOf(machine);
  if (guest?.server === server && isAlive(guest, nowMs)) return { ok: true, guest };
  const runs =
    guest === null
      ? 'nothing'
      : `${guest.server}${isAlive(guest, nowMs) ? '' : ', not running yet or any more'}`;
  const text = `${machine.name} runs ${runs}; a snapshot of ${server} cannot be taken on it`;
  return { ok: false, failure: failure('refused', machine.name, text) };
}

function takenId({ snapshot, drive, server }: SnapshotManifest): Failure {
  return failure('refused', snapshot, `${drive} holds ${snapshot} of ${server} already`);
}

function tooFull(drive: DriveState, { server, size }: Guest): Failure | null {
  const needed = size.memoryBytes + size.diskBytes;
  const free = freeBytes(drive);
  if (free >= needed) return null;
  const text = `${drive.name} has ${free} bytes free; a snapshot of ${server} needs ${needed}`;
  return failure('no-space', drive.name, text);
}
