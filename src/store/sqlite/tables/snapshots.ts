import type { Instant } from '../../../engine/time.js';
import type { SnapshotState, SnapshotView } from '../../../engine/view.js';
import { refusal } from '../../refusals.js';
import type { NewSnapshot, SnapshotMeasurement, SnapshotRow } from '../../store.js';
import { integer } from '../columns.js';
import type { Sql } from '../connection.js';
import { matching } from './filter.js';
import { enter, type Change } from './journal.js';
import { requireNoWriteBesideRest, requireOtherDrive, requireOtherRestorable } from './laws.js';
import { snapshotRow, snapshotView } from './rows.js';

export function findSnapshot(sql: Sql, id: string): Promise<SnapshotRow | null> {
  return sql.get('SELECT * FROM snapshots WHERE id = ?', [id], snapshotRow);
}

export function listSnapshots(
  sql: Sql,
  filter: { readonly server?: string },
): Promise<readonly SnapshotRow[]> {
  const { where, params } = matching({ server: filter.server });
  return sql.all(`SELECT * FROM snapshots ${where} ORDER BY server, generation`, params, snapshotRow);
}

export function viewSnapshots(sql: Sql): Promise<readonly SnapshotView[]> {
  return sql.all('SELECT * FROM snapshots ORDER BY server, generation', [], snapshotView);
}

export async function beginSnapshot(change: Change, wanted: NewSnapshot): Promise<SnapshotRow> {
  const known = await findSnapshot(change.sql, wanted.id);
  if (known !== null) return known;
  await requireOtherDrive(change.sql, wanted.server, wanted.drive);
  await insertSnapshot(change.sql, wanted, await nextGeneration(change.sql, wanted.server));
  const begun = await requireSnapshot(change.sql, wanted.id, ['writing']);
  await enter(change, `snapshot:${begun.id}`, 'begun', begun);
  return begun;
}

export async function completeSnapshot(
  change: Change,
  id: string,
  measured: SnapshotMeasurement,
): Promise<void> {
  await requireSnapshot(change.sql, id, ['writing']);
  await change.sql.run(
    `UPDATE snapshots SET state = 'complete', taken_at = ?, memory_bytes = ?, disk_bytes = ?, checksum = ?
     WHERE id = ?`,
    [measured.takenAt, measured.memoryBytes, measured.diskBytes, measured.checksum, id],
  );
  await enter(change, `snapshot:${id}`, 'completed', measured);
}

export async function failSnapshot(change: Change, id: string, reason: string): Promise<void> {
  await requireSnapshot(change.sql, id, ['writing']);
  await setState(change.sql, id, 'failed');
  await enter(change, `snapshot:${id}`, 'failed', { reason });
}

export async function recordVerification(
  change: Change,
  id: string,
  result: 'ok' | 'failed',
  at: Instant,
): Promise<void> {
  await requireSnapshot(change.sql, id, ['complete']);
  await change.sql.run('UPDATE snapshots SET verified = ?, verified_at = ? WHERE id = ?', [result, at, id]);
  await enter(change, `snapshot:${id}`, 'verified', { result, at });
}

export async function beginDelete(change: Change, id: string): Promise<void> {
  const snapshot = await requireSnapshot(change.sql, id, ['complete']);
  await requireOtherRestorable(change.sql, snapshot);
  await requireNoWriteBesideRest(change.sql, snapshot);
  await setState(change.sql, id, 'deleting');
  await enter(change, `snapshot:${id}`, 'deleting', null);
}

export async function removeSnapshot(change: Change, id: string): Promise<void> {
  const snapshot = await requireSnapshot(change.sql, id, ['deleting', 'failed']);
  await change.sql.run('DELETE FROM snapshots WHERE id = ?', [id]);
  await enter(change, `snapshot:${id}`, 'removed', snapshot);
}

async function requireSnapshot(sql: Sql, id: string, states: readonly SnapshotState[]): Promise<SnapshotRow> {
  const snapshot = await findSnapshot(sql, id);
  if (snapshot === null) throw refusal.noRow('snapshot', id);
  if (!states.includes(snapshot.state)) {
    throw refusal.snapshotState(id, snapshot.state, states);
  }
  return snapshot;
}

async function setState(sql: Sql, id: string, state: SnapshotState): Promise<void> {
  await sql.run('UPDATE snapshots SET state = ? WHERE id = ?', [state, id]);
}

/** Counted at the server, not over its rows: a generation that was removed is not given again. */
async function nextGeneration(sql: Sql, server: string): Promise<number> {
  const generation = await sql.get(
    'UPDATE servers SET last_generation = last_generation + 1 WHERE name = ? RETURNING last_generation',
    [server],
    (row) => integer(row, 'last_generation'),
  );
  if (generation === null) throw refusal.noRow('server', server);
  return generation;
}

/** `taken_at` is when it was ordered, until the driver says of which instant the memory is. */
async function insertSnapshot(sql: Sql, wanted: NewSnapshot, generation: number): Promise<void> {
  await sql.run(
    `INSERT INTO snapshots (id, server, generation, kind, condition, cause, drive, taken_at, memory_bytes,
       disk_bytes, state, pinned, policy_revision, event, operation)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 'writing', ?, ?, ?, ?)`,
    [
      wanted.id,
      wanted.server,
      generation,
      wanted.kind,
      wanted.condition,
      wanted.cause,
      wanted.drive,
      wanted.orderedAt,
      wanted.pinned ? 1 : 0,
      wanted.policyRevision,
      wanted.event,
      wanted.operation,
    ],
  );
}
