/** What a drive does when its driver asks: access, status, and the snapshots on it. */
import type { DriveStatus, SnapshotManifest } from '../contract.js';
import { answer, driveCall, failure, refuse, strikeDrive, type Reply, type Transition } from './call.js';
import { checksumOf } from './content.js';
import { failed, freeBytes, unusable } from './drives.js';
import { findMachine, findSnapshot, logged, withDrive, withoutSnapshot } from './edit.js';
import { loseAccess } from './outage.js';
import type { DriveState, StoredSnapshot } from './state.js';

export function connect(name: string, machine: string, operation: string): Transition<Reply<null>> {
  return driveCall(name, 'order', (state, drive, nowMs) => {
    const { connectMs } = drive.settings;
    if (drive.connections.includes(machine)) return answer(state, connectMs, null);
    const refused = strikeDrive(state, name, 'connect-refused');
    if (refused.fault) {
      const text = `${name} refuses to connect ${machine}`;
      return refuse(refused.state, connectMs, failure('refused', name, text));
    }
    const found = findMachine(state, machine);
    if (!found) {
      const text = `the simulated rack has no machine ${machine} to connect ${name} to`;
      return refuse(state, connectMs, failure('unknown-name', machine, text));
    }
    const obstacle = unusable(found, drive);
    if (obstacle) return refuse(state, connectMs, obstacle);
    const connections = [...drive.connections, machine].sort();
    const connected = withDrive(state, { ...drive, connections });
    const entry = { atMs: nowMs, change: 'connect', machine, drive: name, operation } as const;
    return answer(logged(connected, entry), connectMs, null);
  });
}

export function disconnect(name: string, machine: string, operation: string): Transition<Reply<null>> {
  return driveCall(name, 'order', (state, drive, nowMs) => {
    const { connectMs } = drive.settings;
    if (!drive.connections.includes(machine)) return answer(state, connectMs, null);
    const refused = strikeDrive(state, name, 'disconnect-refused');
    if (refused.fault) {
      const text = `${name} refuses to disconnect ${machine}`;
      return refuse(refused.state, connectMs, failure('refused', name, text));
    }
    const cut = loseAccess(state, machine, name, nowMs);
    const connections = drive.connections.filter((connected) => connected !== machine);
    const current = cut.drives.find((candidate) => candidate.name === name) ?? drive;
    const disconnected = withDrive(cut, { ...current, connections });
    const entry = { atMs: nowMs, change: 'disconnect', machine, drive: name, operation } as const;
    return answer(logged(disconnected, entry), connectMs, null);
  });
}

export function readConnections(name: string): Transition<Reply<readonly string[]>> {
  return driveCall(name, 'read', (state, drive) => answer(state, drive.settings.answerMs, drive.connections));
}

export function readStatus(name: string): Transition<Reply<DriveStatus>> {
  return driveCall(name, 'read', (state, drive) =>
    answer(state, drive.settings.answerMs, {
      capacityBytes: drive.capacityBytes,
      freeBytes: freeBytes(drive),
      health: drive.health,
    }),
  );
}

export function inspect(
  name: string,
  id: string,
): Transition<Reply<SnapshotManifest | 'partial' | 'absent'>> {
  return driveCall(name, 'read', (state, drive) => {
    const { answerMs } = drive.settings;
    if (drive.health === 'failed') return refuse(state, answerMs, failed(drive));
    const stored = findSnapshot(drive, id);
    return answer(state, answerMs, stored ? (manifestOf(drive, stored) ?? 'partial') : 'absent');
  });
}

export function verify(name: string, id: string): Transition<Reply<'ok' | 'damaged' | 'absent'>> {
  return driveCall(name, 'read', (state, drive) => {
    const { verifyMs } = drive.settings;
    if (drive.health === 'failed') return refuse(state, verifyMs, failed(drive));
    const stored = findSnapshot(drive, id);
    if (stored?.progress.is !== 'complete') return answer(state, verifyMs, 'absent');
    const intact = checksumOf(stored.memory, stored.disk) === stored.progress.checksum;
    return answer(state, verifyMs, intact ? 'ok' : 'damaged');
  });
}

export function discard(name: string, id: string): Transition<Reply<null>> {
  return driveCall(name, 'order', (state, drive) => {
    const { answerMs } = drive.settings;
    if (drive.health === 'failed') return refuse(state, answerMs, failed(drive));
    const held = findSnapshot(drive, id) !== undefined;
    return answer(held ? withDrive(state, withoutSnapshot(drive, id)) : state, answerMs, null);
  });
}

/** The manifest of a complete snapshot; null while there is none. */
export function manifestOf(drive: DriveState, stored: StoredSnapshot): SnapshotManifest | null {
  if (stored.progress.is !== 'complete') return null;
  return {
    snapshot: stored.id,
    server: stored.server,
    drive: drive.name,
    takenAtMs: stored.takenAtMs,
    memoryBytes: stored.memoryBytes,
    diskBytes: stored.diskBytes,
    checksum: stored.progress.checksum,
  };
}
