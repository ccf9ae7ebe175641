import type { Instant } from '../../../engine/time.js';
import { auditOfIntent, auditOfStepEnd } from '../../audit.js';
import { refusal } from '../../refusals.js';
import type { DiskTable, StepEnd, StepRecord } from '../../store.js';
import type { Sql } from '../connection.js';
import { encodeJson } from '../json.js';
import { openDiskTable } from './disk-table.js';
import { audit } from './journal.js';
import { findOperation } from './operations.js';
import { stepRow } from './rows.js';

export interface StepKey {
  readonly operation: string;
  readonly step: string;
}

export function loadSteps(sql: Sql, operation: string): Promise<readonly StepRecord[]> {
  return sql.all('SELECT * FROM steps WHERE operation = ? ORDER BY seq', [operation], stepRow);
}

/** A step that was begun before a crash is begun again: its first begin stays. */
export async function intendStep(sql: Sql, key: StepKey, at: Instant): Promise<void> {
  const known = await findStep(sql, key);
  if (known?.state === 'intended') return;
  if (known !== null) throw refusal.stepOver(key, known.state);
  await requireOperation(sql, key);
  await sql.run("INSERT INTO steps (operation, step, state, started_at) VALUES (?, ?, 'intended', ?)", [
    key.operation,
    key.step,
    at,
  ]);
  await audit({ sql, at, by: key.operation }, auditOfIntent(key));
}

export async function concludeStep(sql: Sql, key: StepKey, end: StepEnd, at: Instant): Promise<void> {
  const known = await findStep(sql, key);
  if (known === null) throw refusal.stepNotBegun(key);
  if (known.state !== 'intended') throw refusal.stepConcluded(key, known.state);
  const error = end.ok ? null : end.error;
  await sql.run(
    `UPDATE steps SET state = ?, ended_at = ?, result = ?, error_code = ?, error_subject = ?, error_message = ?
     WHERE operation = ? AND step = ?`,
    [
      end.ok ? 'done' : 'failed',
      at,
      end.ok ? encodeJson(end.result) : null,
      error?.code ?? null,
      error?.subject ?? null,
      error?.message ?? null,
      key.operation,
      key.step,
    ],
  );
  await audit({ sql, at, by: key.operation }, auditOfStepEnd(key, end));
}

/** Change and end of the step in one transaction, so the change is made once whatever happens. */
export async function recordStep<T>(
  sql: Sql,
  key: StepKey,
  at: Instant,
  change: (table: DiskTable) => Promise<T>,
): Promise<T> {
  await intendStep(sql, key, at);
  const result = await change(openDiskTable({ sql, at, by: key.operation }));
  await concludeStep(sql, key, { ok: true, result }, at);
  return result;
}

function findStep(sql: Sql, key: StepKey): Promise<StepRecord | null> {
  return sql.get('SELECT * FROM steps WHERE operation = ? AND step = ?', [key.operation, key.step], stepRow);
}

async function requireOperation(sql: Sql, key: StepKey): Promise<void> {
  const operation = await findOperation(sql, key.operation);
  if (operation === null) throw refusal.noOperation(key.operation);
  if (operation.state !== 'running') {
    throw refusal.operationOver(key.operation);
  }
}
