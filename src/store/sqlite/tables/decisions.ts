import type { Decision } from '../../../engine/decision.js';
import type { EngineEvent } from '../../../engine/event.js';
import type { Instant } from '../../../engine/time.js';
import { actorOf, auditOfDecision } from '../../audit.js';
import { refusal } from '../../refusals.js';
import type { DecisionFilter, DecisionRecord } from '../../store.js';
import { flag } from '../columns.js';
import type { Sql } from '../connection.js';
import { encodeJson } from '../json.js';
import { matching } from './filter.js';
import { audit, enter, type Change } from './journal.js';
import { remember } from './memory.js';
import { addOperation } from './operations.js';
import { decisionRow } from './rows.js';

/** One event decided: everything that follows from it, in one transaction. */
export async function recordDecision(sql: Sql, record: DecisionRecord, now: Instant): Promise<Decision> {
  const { operation } = record;
  // The event may have named the machine; what follows from it is about the server that runs there.
  const event = { ...record.event, server: record.decision.event.server };
  const known = await decisionsOf(sql, event.id);
  const last = known.at(-1);
  if (last !== undefined && isSame(last, record.decision)) return last;
  await requireUndecided(sql, event.id);
  const decision = withOwnId(record.decision, known.length);
  await addDecision(sql, event, decision);
  await audit({ sql, at: now, by: actorOf(event) }, auditOfDecision(decision, record));
  await remember(sql, event, decision, now);
  if (record.final) await sql.run('UPDATE events SET decided = 1 WHERE id = ?', [event.id]);
  if (record.serverFailed) await markFailed({ sql, at: now, by: decision.id }, event);
  if (operation !== null)
    await addOperation(sql, { ...operation, server: event.server, decision: decision.id }, now);
  return decision;
}

export function findDecision(sql: Sql, id: string): Promise<Decision | null> {
  return sql.get('SELECT * FROM decisions WHERE id = ?', [id], decisionRow);
}

export function listDecisions(sql: Sql, filter: DecisionFilter): Promise<readonly Decision[]> {
  const { where, params } = matching({ server: filter.server, outcome: filter.outcome });
  return sql.all(
    `SELECT * FROM decisions ${where} ORDER BY seq DESC LIMIT ?`,
    [...params, filter.limit],
    decisionRow,
  );
}

function decisionsOf(sql: Sql, event: string): Promise<readonly Decision[]> {
  return sql.all('SELECT * FROM decisions WHERE event = ? ORDER BY seq', [event], decisionRow);
}

function isSame(known: Decision, decision: Decision): boolean {
  return encodeJson(known) === encodeJson({ ...decision, id: known.id });
}

/** The engine derives the id from the event, and an event that stays pending is decided more than once. */
function withOwnId(decision: Decision, decidedBefore: number): Decision {
  return decidedBefore === 0 ? decision : { ...decision, id: `${decision.id}-${decidedBefore + 1}` };
}

async function requireUndecided(sql: Sql, event: string): Promise<void> {
  const decided = await sql.get('SELECT * FROM events WHERE id = ?', [event], (row) => flag(row, 'decided'));
  if (decided === null) throw refusal.noEvent(event);
  if (decided) throw refusal.eventDecided(event);
}

async function addDecision(sql: Sql, event: EngineEvent, decision: Decision): Promise<void> {
  await sql.run('INSERT INTO decisions (id, event, server, outcome, body) VALUES (?, ?, ?, ?, ?)', [
    decision.id,
    event.id,
    event.server,
    decision.outcome,
    encodeJson(decision),
  ]);
}

async function markFailed(change: Change, { server, at }: EngineEvent): Promise<void> {
  const changed = await change.sql.run(
    "UPDATE servers SET state = 'failed', failed_at = ? WHERE name = ? AND state = 'up'",
    [at, server],
  );
  if (changed > 0) await enter(change, `server:${server}`, 'failed', { failedAt: at });
}
