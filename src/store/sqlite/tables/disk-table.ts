import type { DiskTable } from '../../store.js';
import { findDrive } from './drives.js';
import { enter, type Change } from './journal.js';
import { setMachineState } from './machines.js';
import { release, releaseAll, reserveDrive, reserveMachine } from './reservations.js';
import {
  beginDelete,
  beginSnapshot,
  completeSnapshot,
  failSnapshot,
  findSnapshot,
  listSnapshots,
  recordVerification,
  removeSnapshot,
} from './snapshots.js';
import { recordTakeover } from './takeover.js';

/** The disk table inside one transaction. */
export function openDiskTable(change: Change): DiskTable {
  return {
    drive: (name) => findDrive(change.sql, name),
    snapshot: (id) => findSnapshot(change.sql, id),
    snapshotsOf: (server) => listSnapshots(change.sql, { server }),
    reserveDrive: (drive, operation) => reserveDrive(change, drive, operation),
    reserveMachine: (machine, operation) => reserveMachine(change, machine, operation),
    release: (operation) => releaseAll(change, operation),
    releaseMachine: (machine, operation) => release(change, 'machine', machine, operation),
    releaseDrive: (drive, operation) => release(change, 'drive', drive, operation),
    beginSnapshot: (row) => beginSnapshot(change, row),
    completeSnapshot: (id, measured) => completeSnapshot(change, id, measured),
    failSnapshot: (id, reason) => failSnapshot(change, id, reason),
    recordVerification: (id, result, at) => recordVerification(change, id, result, at),
    beginDelete: (id) => beginDelete(change, id),
    removeSnapshot: (id) => removeSnapshot(change, id),
    recordTakeover: (takeover) => recordTakeover(change, takeover),
    setMachineState: (machine, state) => setMachineState(change, machine, state),
    recordIsolated: (operation, what) => enter(change, `operation:${operation}`, 'isolated', what),
  };
}
