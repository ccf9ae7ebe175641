import type { Decision, Memory } from '../../../engine/decision.js';
import type { EngineEvent } from '../../../engine/event.js';
import { toEpochMs, toInstant, type Instant } from '../../../engine/time.js';
import type { MatchView, OrderView, SymptomView } from '../../../engine/view.js';
import { MATCHES_KEPT_MS } from '../../kept.js';
import { flag, text, word } from '../columns.js';
import type { Sql } from '../connection.js';
import { CAUSES } from './rows.js';

const ACTIONS: Readonly<Record<OrderView['action'], true>> = { snapshot: true, restart: true };

/** Keeps what later decisions need to know of this one. */
export async function remember(
  sql: Sql,
  event: EngineEvent,
  decision: Decision,
  now: Instant,
): Promise<void> {
  const { matches, symptoms, closed, orders } = decision.remember;
  for (const policy of closed) await closeSymptom(sql, event.server, policy);
  for (const match of matches) await addMatch(sql, event, match);
  for (const symptom of symptoms) await openSymptom(sql, event, symptom);
  for (const order of orders) await addOrder(sql, event, order);
  if (matches.length > 0) await forgetOldMatches(sql, event.at < now ? event.at : now);
}

/** What was reported of a server before a takeover says nothing about the machine that runs it now. */
export async function forgetServer(sql: Sql, server: string): Promise<void> {
  await sql.run('DELETE FROM symptoms WHERE server = ?', [server]);
  await sql.run('DELETE FROM matches WHERE server = ?', [server]);
}

export function readMatches(sql: Sql, since: Instant): Promise<readonly MatchView[]> {
  return sql.all(
    'SELECT * FROM matches WHERE at >= ? ORDER BY at, server, policy, event',
    [since],
    (row) => ({
      event: text(row, 'event'),
      server: text(row, 'server'),
      policy: text(row, 'policy'),
      digest: text(row, 'digest'),
      at: text(row, 'at'),
    }),
  );
}

export function readSymptoms(sql: Sql, since: Instant): Promise<readonly SymptomView[]> {
  // Of a failed server all of them: a person may restart it long after, and they say what its memory is worth.
  const rows = `SELECT * FROM symptoms
    WHERE last_at >= ? OR server IN (SELECT name FROM servers WHERE state = 'failed')
    ORDER BY server, policy`;
  return sql.all(rows, [since], (row) => ({
    server: text(row, 'server'),
    condition: text(row, 'condition'),
    cause: word(row, 'cause', CAUSES),
    policy: text(row, 'policy'),
    firstAt: text(row, 'first_at'),
    lastAt: text(row, 'last_at'),
    met: flag(row, 'met'),
  }));
}

/** Only the last order is kept, so age is no reason to leave it out: a cooldown may be longer than any history. */
export function readOrders(sql: Sql): Promise<readonly OrderView[]> {
  return sql.all('SELECT * FROM orders ORDER BY server, policy, action', [], (row) => ({
    server: text(row, 'server'),
    policy: text(row, 'policy'),
    action: word(row, 'action', ACTIONS),
    at: text(row, 'at'),
  }));
}

async function addMatch(sql: Sql, event: EngineEvent, match: Memory['matches'][number]): Promise<void> {
  await sql.run(
    'INSERT INTO matches (event, server, policy, digest, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    [event.id, event.server, match.policy, match.digest, event.at],
  );
}

/** Events may arrive late: an open symptom grows at either end and never shrinks. */
async function openSymptom(sql: Sql, event: EngineEvent, symptom: Memory['symptoms'][number]): Promise<void> {
  await sql.run(
    `INSERT INTO symptoms (server, policy, condition, cause, first_at, last_at, met) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (server, policy) DO UPDATE SET
       condition = excluded.condition,
       cause = excluded.cause,
       first_at = min(first_at, excluded.first_at),
       last_at = max(last_at, excluded.last_at),
       met = max(met, excluded.met)`,
    [event.server, symptom.policy, symptom.condition, symptom.cause, event.at, event.at, symptom.met ? 1 : 0],
  );
}

async function closeSymptom(sql: Sql, server: string, policy: string): Promise<void> {
  await sql.run('DELETE FROM symptoms WHERE server = ? AND policy = ?', [server, policy]);
}

async function addOrder(sql: Sql, event: EngineEvent, order: Memory['orders'][number]): Promise<void> {
  await sql.run(
    `INSERT INTO orders (server, policy, action, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (server, policy, action) DO UPDATE SET at = max(at, excluded.at)`,
    [event.server, order.policy, order.action, event.at],
  );
}

async function forgetOldMatches(sql: Sql, before: Instant): Promise<void> {
  await sql.run('DELETE FROM matches WHERE at < ?', [toInstant(toEpochMs(before) - MATCHES_KEPT_MS)]);
}
