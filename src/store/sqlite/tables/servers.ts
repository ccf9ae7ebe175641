import type { Instant } from '../../../engine/time.js';
import type { ServerView } from '../../../engine/view.js';
import { flag, nullable, text, word } from '../columns.js';
import type { Sql } from '../connection.js';
import type { Row } from '../handle.js';
import { enter } from './journal.js';

export interface ServerRow extends ServerView {
  readonly missing: boolean;
}

const STATES: Readonly<Record<ServerView['state'], true>> = { up: true, failed: true };

export function findServer(sql: Sql, name: string): Promise<ServerRow | null> {
  return sql.get('SELECT * FROM servers WHERE name = ?', [name], serverRow);
}

export function listServers(sql: Sql): Promise<readonly ServerRow[]> {
  return sql.all('SELECT * FROM servers ORDER BY name', [], serverRow);
}

export function viewServers(sql: Sql): Promise<readonly ServerView[]> {
  return sql.all('SELECT * FROM servers WHERE missing = 0 ORDER BY name', [], serverView);
}

/**
 * A sign of life that arrives late does not make the last one older. One that is younger than the failure, while
 * nobody restarts the server, says that the server is up after all.
 */
export async function recordHeartbeat(sql: Sql, server: string, at: Instant): Promise<void> {
  await sql.run("UPDATE servers SET heartbeat_at = max(coalesce(heartbeat_at, ''), ?) WHERE name = ?", [
    at,
    server,
  ]);
  const recovered = await sql.run(
    `UPDATE servers SET state = 'up', failed_at = NULL
     WHERE name = ?1 AND state = 'failed' AND failed_at < ?2
       AND NOT EXISTS (SELECT 1 FROM operations WHERE server = ?1 AND kind = 'restart-server' AND state = 'running')`,
    [server, at],
  );
  if (recovered > 0)
    await enter({ sql, at, by: 'heartbeat' }, `server:${server}`, 'recovered', { heartbeatAt: at });
}

export function lastHeartbeat(sql: Sql, server: string): Promise<Instant | null> {
  return sql.get('SELECT heartbeat_at FROM servers WHERE name = ?', [server], (row) =>
    nullable(row, 'heartbeat_at', text),
  );
}

function serverView(row: Row): ServerView {
  return {
    name: text(row, 'name'),
    machine: text(row, 'machine'),
    disk: text(row, 'disk'),
    state: word(row, 'state', STATES),
    failedAt: nullable(row, 'failed_at', text),
    takenOverAt: nullable(row, 'taken_over_at', text),
  };
}

function serverRow(row: Row): ServerRow {
  return { ...serverView(row), missing: flag(row, 'missing') };
}
