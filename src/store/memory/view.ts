import type { Instant } from '../../engine/time.js';
import type { SnapshotView, View } from '../../engine/view.js';
import { compareText } from '../../engine/world.js';
import type { SnapshotRow } from '../store.js';
import { byName } from './inventory.js';
import { allSnapshots } from './laws.js';
import { openOperations } from './operations.js';
import type { Tables } from './tables.js';

/** Servers, machines and drives are those of the current inventory; snapshots are all, wherever they lie. */
export function readView(tables: Tables, since: Instant): View {
  const failed = new Set(
    tables.servers
      .all()
      .filter(({ state }) => state === 'failed')
      .map(({ name }) => name),
  );
  return {
    servers: byName(tables.servers, ({ name }) => name)
      .filter(({ missing }) => !missing)
      .map(({ name, machine, disk, state, failedAt, takenOverAt }) => ({
        name,
        machine,
        disk,
        state,
        failedAt,
        takenOverAt,
      })),
    machines: byName(tables.machines, ({ name }) => name)
      .filter(({ missing }) => !missing)
      .map(({ name, state, reservedBy }) => ({ name, state, reservedBy })),
    drives: byName(tables.drives, ({ row }) => row.name)
      .filter(({ row }) => !row.missing)
      .map(({ row: { name, freeBytes, health, role, server, reservedBy } }) => ({
        name,
        freeBytes,
        health,
        role,
        server,
        reservedBy,
      })),
    snapshots: allSnapshots(tables).map(withoutRecord),
    matches: tables.matches
      .all()
      .filter(({ at }) => at >= since)
      .toSorted(
        (a, b) =>
          compareText(a.at, b.at) ||
          compareText(a.server, b.server) ||
          compareText(a.policy, b.policy) ||
          compareText(a.event, b.event),
      ),
    // Of a failed server all of them: a person may restart it long after, and they say what its memory is worth.
    symptoms: tables.symptoms
      .all()
      .filter(({ lastAt, server }) => lastAt >= since || failed.has(server))
      .toSorted((a, b) => compareText(a.server, b.server) || compareText(a.policy, b.policy)),
    orders: tables.orders
      .all()
      .toSorted(
        (a, b) =>
          compareText(a.server, b.server) ||
          compareText(a.policy, b.policy) ||
          compareText(a.action, b.action),
      ),
    operations: openOperations(tables).map(({ id, kind, server, state }) => ({
      id,
      kind,
      server,
      state: state === 'running' ? 'running' : 'blocked',
    })),
  };
}

/** What decisions are made on; by which event and operation it came about is not. */
function withoutRecord(row: SnapshotRow): SnapshotView {
  const { id, server, generation, kind, condition, cause, drive, takenAt, memoryBytes, diskBytes } = row;
  const { state, checksum, verified, pinned } = row;
  return {
    id,
    server,
    generation,
    kind,
    condition,
    cause,
    drive,
    takenAt,
    memoryBytes,
    diskBytes,
    state,
    checksum,
    verified,
    pinned,
  };
}
