import type { Instant } from '../../../engine/time.js';
import type { OperationView } from '../../../engine/view.js';
import { auditOfEnd } from '../../audit.js';
import { refusal } from '../../refusals.js';
import type { Operation, OperationEnd, OperationKind } from '../../store.js';
import { text, word } from '../columns.js';
import type { Sql } from '../connection.js';
import { encodeJson } from '../json.js';
import { matching } from './filter.js';
import { audit } from './journal.js';
import { releaseAll } from './reservations.js';
import { OPERATION_KINDS, operationRow } from './rows.js';

interface NewOperation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly server: string;
  readonly decision: string;
}

const WITH_DECISION = `
  SELECT operations.*, decisions.body
  FROM operations JOIN decisions ON decisions.id = operations.decision`;

export async function addOperation(sql: Sql, operation: NewOperation, at: Instant): Promise<void> {
  const { id, kind, server, decision } = operation;
  await sql.run(
    "INSERT INTO operations (id, kind, server, decision, state, created_at) VALUES (?, ?, ?, ?, 'running', ?)",
    [id, kind, server, decision, at],
  );
}

/** An operation ends once; ending it the same way again changes nothing. */
export async function endOperation(sql: Sql, id: string, end: OperationEnd): Promise<void> {
  const changed = await sql.run(
    "UPDATE operations SET state = ?, ended_at = ?, reason = ?, result = ? WHERE id = ? AND state = 'running'",
    [end.state, end.at, end.reason, encodeJson(end.result), id],
  );
  if (changed === 0) {
    await requireEndedAs(sql, id, end.state);
    return;
  }
  const change = { sql, at: end.at, by: id };
  await audit(change, auditOfEnd(id, end));
  // What a blocked operation still holds, it could not prove to be free.
  if (end.state === 'done') await releaseAll(change, id);
}

export function unfinishedOperations(sql: Sql): Promise<readonly Operation[]> {
  return sql.all(
    `${WITH_DECISION} WHERE operations.state = 'running' ORDER BY operations.seq`,
    [],
    operationRow,
  );
}

export function viewOperations(sql: Sql): Promise<readonly OperationView[]> {
  return sql.all(
    `SELECT * FROM operations
     WHERE state = 'running'
       OR id IN (SELECT reserved_by FROM machines WHERE reserved_by IS NOT NULL)
       OR id IN (SELECT reserved_by FROM drives WHERE reserved_by IS NOT NULL)
     ORDER BY seq`,
    [],
    (row) => ({
      id: text(row, 'id'),
      kind: word(row, 'kind', OPERATION_KINDS),
      server: text(row, 'server'),
      state: text(row, 'state') === 'running' ? 'running' : 'blocked',
    }),
  );
}

export function listOperations(
  sql: Sql,
  filter: { readonly server?: string; readonly limit: number },
): Promise<readonly Operation[]> {
  const { where, params } = matching({ 'operations.server': filter.server });
  return sql.all(
    `${WITH_DECISION} ${where} ORDER BY operations.seq DESC LIMIT ?`,
    [...params, filter.limit],
    operationRow,
  );
}

export function findOperation(sql: Sql, id: string): Promise<Operation | null> {
  return sql.get(`${WITH_DECISION} WHERE operations.id = ?`, [id], operationRow);
}

export function findOperationOf(sql: Sql, decision: string): Promise<Operation | null> {
  return sql.get(`${WITH_DECISION} WHERE operations.decision = ?`, [decision], operationRow);
}

async function requireEndedAs(sql: Sql, id: string, expected: OperationEnd['state']): Promise<void> {
  const operation = await findOperation(sql, id);
  if (operation === null) throw refusal.noOperation(id);
  if (operation.state !== expected) {
    throw refusal.operationEnded(id, operation.state, expected);
  }
}
