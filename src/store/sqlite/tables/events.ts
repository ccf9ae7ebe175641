import type { EngineEvent } from '../../../engine/event.js';
import type { Instant } from '../../../engine/time.js';
import type { Acceptance, DecidedEvent } from '../../store.js';
import { integer, text } from '../columns.js';
import type { Sql } from '../connection.js';
import { contentDigest, encodeJson } from '../json.js';
import { eventRow } from './rows.js';

export async function acceptEvent(sql: Sql, event: EngineEvent, receivedAt: Instant): Promise<Acceptance> {
  const digest = contentDigest(event);
  const inserted = await sql.run(
    `INSERT INTO events (id, kind, server, at, received_at, digest, body) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
    [event.id, event.kind, event.server, event.at, receivedAt, digest, encodeJson(event)],
  );
  if (inserted === 1) return { id: event.id, result: 'accepted' };
  const known = await sql.get('SELECT digest FROM events WHERE id = ?', [event.id], (row) =>
    text(row, 'digest'),
  );
  return { id: event.id, result: known === digest ? 'duplicate' : 'conflict' };
}

export function undecidedEvents(sql: Sql): Promise<readonly EngineEvent[]> {
  return sql.all('SELECT * FROM events WHERE decided = 0 ORDER BY seq', [], eventRow);
}

export function decidedEvents(
  sql: Sql,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly DecidedEvent[]> {
  return sql.all(
    `SELECT events.*, decisions.seq AS decided_at
     FROM decisions JOIN events ON events.id = decisions.event
     WHERE decisions.seq > ? AND events.decided = 1
       AND NOT EXISTS (SELECT 1 FROM decisions later WHERE later.event = decisions.event AND later.seq > decisions.seq)
     ORDER BY decisions.seq LIMIT ?`,
    [after, limit],
    (row) => ({ seq: integer(row, 'decided_at'), event: eventRow(row) }),
  );
}

export async function countUndecided(sql: Sql): Promise<number> {
  const count = await sql.get('SELECT count(*) AS n FROM events WHERE decided = 0', [], (row) =>
    integer(row, 'n'),
  );
  return count ?? 0;
}

export function findEvent(sql: Sql, id: string): Promise<EngineEvent | null> {
  return sql.get('SELECT * FROM events WHERE id = ?', [id], eventRow);
}
