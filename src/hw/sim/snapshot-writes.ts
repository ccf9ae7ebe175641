/** Snapshots while they are being written, and how they end. */
import { checksumOf, damaged } from './content.js';
import { failed } from './drives.js';
import { withDrive, withSnapshot } from './edit.js';
import type { DriveState, Failure, RackState, SnapshotProgress, StoredSnapshot } from './state.js';

type Writing = Extract<SnapshotProgress, { is: 'writing' }>;

/** When a snapshot being written ends by itself; null when it never does. */
export function endsAtMs(writing: Writing): number | null {
  switch (writing.ending.kind) {
    case 'complete':
      return writing.beganAtMs + writing.takesMs;
    case 'fail':
      return writing.beganAtMs + writing.takesMs * writing.ending.atShare;
    case 'stall':
      return null;
  }
}

/** The share done, from 0 to 1. */
export function shareOf(writing: Writing, nowMs: number): number {
  const share = writing.takesMs === 0 ? 1 : (nowMs - writing.beganAtMs) / writing.takesMs;
  return Math.min(Math.max(share, 0), mostOf(writing.ending));
}

/** What is written of it at most. */
function mostOf(ending: Writing['ending']): number {
  switch (ending.kind) {
    case 'complete':
      return 1;
    case 'fail':
      return ending.atShare;
    case 'stall':
      return 0.5;
  }
}

/** Brings a snapshot to the end that was laid down for it. */
export function endWrite(state: RackState, drive: DriveState, snapshot: StoredSnapshot): RackState {
  const { progress } = snapshot;
  if (progress.is !== 'writing' || progress.ending.kind === 'stall') return state;
  if (progress.ending.kind === 'complete') {
    const checksum = checksumOf(snapshot.memory, snapshot.disk);
    const { damage } = progress.ending;
    const memory = damage && snapshot.memory ? damaged(snapshot.memory, damage) : snapshot.memory;
    return withDrive(
      state,
      withSnapshot(drive, { ...snapshot, memory, progress: { is: 'complete', checksum } }),
    );
  }
  const { failure, driveFails } = progress.ending;
  const broken = withSnapshot(drive, { ...snapshot, progress: { is: 'partial', failure } });
  return withDrive(state, driveFails ? { ...broken, health: 'failed' } : broken);
}

/** The machine can write no more. */
export function breakOffWritesOf(state: RackState, machine: string, why: string): RackState {
  return breakOff(state, (_drive, snapshot) =>
    snapshot.machine === machine
      ? { code: 'refused', subject: machine, message: `${machine} ${why} while it wrote ${snapshot.id}` }
      : null,
  );
}

/** The drive takes no more. */
export function breakOffWritesTo(state: RackState, name: string): RackState {
  return breakOff(state, (drive) => (drive.name === name ? failed(drive) : null));
}

/** The machine no longer reaches the device. */
export function breakOffWritesOver(state: RackState, machine: string, device: string): RackState {
  return breakOff(state, (drive, snapshot) =>
    snapshot.machine === machine && drive.device === device
      ? { code: 'no-path', subject: drive.name, message: `${machine} lost its path to ${drive.name}` }
      : null,
  );
}

function breakOff(
  state: RackState,
  failureOf: (drive: DriveState, snapshot: StoredSnapshot) => Failure | null,
): RackState {
  let after = state;
  for (const drive of state.drives) {
    let changed = drive;
    for (const snapshot of drive.snapshots) {
      const failure = snapshot.progress.is === 'writing' ? failureOf(drive, snapshot) : null;
      if (failure) changed = withSnapshot(changed, { ...snapshot, progress: { is: 'partial', failure } });
    }
    if (changed !== drive) after = withDrive(after, changed);
  }
  return after;
}
