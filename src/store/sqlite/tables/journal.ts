import type { Instant } from '../../../engine/time.js';
import type { AuditEntry } from '../../audit.js';
import type { JournalEntry } from '../../store.js';
import type { Sql } from '../connection.js';
import { encodeJson } from '../json.js';
import { matching } from './filter.js';
import { journalEntry } from './rows.js';

/** A transaction that changes rows: who makes the change, and when. */
export interface Change {
  readonly sql: Sql;
  readonly at: Instant;
  readonly by: string;
}

export type Subject = `${'snapshot' | 'drive' | 'machine' | 'server' | 'operation' | 'decision'}:${string}`;

/** Writes a journal entry, in the transaction that makes what it tells of. */
export async function enter(change: Change, subject: Subject, what: string, detail: unknown): Promise<void> {
  await change.sql.run('INSERT INTO journal (at, subject, change, made_by, detail) VALUES (?, ?, ?, ?, ?)', [
    change.at,
    subject,
    what,
    change.by,
    encodeJson(detail),
  ]);
}

export async function audit(change: Change, { subject, change: what, detail }: AuditEntry): Promise<void> {
  await enter(change, subject, what, detail);
}

export async function readJournal(
  sql: Sql,
  filter: { readonly subject?: string; readonly limit: number },
): Promise<readonly JournalEntry[]> {
  const { where, params } = matching({ subject: filter.subject });
  const newestFirst = await sql.all(
    `SELECT * FROM journal ${where} ORDER BY seq DESC LIMIT ?`,
    [...params, filter.limit],
    journalEntry,
  );
  return newestFirst.toReversed();
}
