import type { Decision } from '../../engine/decision.js';
import type { EngineEvent } from '../../engine/event.js';
import type { Drive } from '../../engine/policy-set.js';
import type { Instant } from '../../engine/time.js';
import type { MachineView, MatchView, OrderView, ServerView, SymptomView } from '../../engine/view.js';
import type { AuditEntry } from '../audit.js';
import type { DriveRow, JournalEntry, Operation, SnapshotRow, StepRecord } from '../store.js';
import { createTable, type Table, type UndoLog } from './table.js';

/** Everything that the store holds. */
export interface Tables {
  readonly events: Table<EventRow>;
  /** By id. */
  readonly decisions: Table<DecisionRow>;
  /** The ids of the decisions about an event, oldest first. */
  readonly decisionsOf: Table<readonly string[]>;
  readonly operations: Table<Operation>;
  /** By operation, in the order in which they were begun. */
  readonly steps: Table<readonly StepRecord[]>;
  readonly drives: Table<KnownDrive>;
  readonly machines: Table<KnownMachine>;
  readonly servers: Table<KnownServer>;
  readonly snapshots: Table<SnapshotRow>;
  readonly matches: Table<MatchView>;
  readonly symptoms: Table<SymptomView>;
  readonly orders: Table<OrderView>;
  readonly journal: Table<JournalEntry>;
}

export interface EventRow {
  readonly event: EngineEvent;
  readonly decided: boolean;
}

export interface DecisionRow {
  readonly seq: number;
  readonly event: string;
  readonly server: string;
  readonly decision: Decision;
}

export interface KnownDrive {
  readonly row: DriveRow;
  readonly declaredQuarantined: Drive['quarantined'];
  /** The server whose memory on it must not run again. */
  readonly deadLineageOf: string | null;
}

export interface KnownMachine extends MachineView {
  readonly role: 'active' | 'backup';
  readonly missing: boolean;
}

export interface KnownServer extends ServerView {
  readonly missing: boolean;
  readonly heartbeatAt: Instant | null;
  readonly lastGeneration: number;
}

export function createTables(undo: UndoLog): Tables {
  return {
    events: createTable(undo),
    decisions: createTable(undo),
    decisionsOf: createTable(undo),
    operations: createTable(undo),
    steps: createTable(undo),
    drives: createTable(undo),
    machines: createTable(undo),
    servers: createTable(undo),
    snapshots: createTable(undo),
    matches: createTable(undo),
    symptoms: createTable(undo),
    orders: createTable(undo),
    journal: createTable(undo),
  };
}

/** A transaction that changes rows: who makes the change, and when. */
export interface Change {
  readonly tables: Tables;
  readonly at: Instant;
  readonly by: string;
}

type Subject = `${'snapshot' | 'drive' | 'machine' | 'server' | 'operation' | 'decision'}:${string}`;

/** Writes a journal entry. */
export function enter({ tables, at, by }: Change, subject: Subject, change: string, detail: unknown): void {
  const seq = tables.journal.size() + 1;
  tables.journal.put(String(seq), { seq, at, subject, change, by, detail });
}

export function audit(how: Change, { subject, change, detail }: AuditEntry): void {
  enter(how, subject, change, detail);
}
