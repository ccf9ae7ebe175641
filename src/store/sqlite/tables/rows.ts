import type { CauseClass, EngineEvent } from '../../../engine/event.js';
import type { Decision } from '../../../engine/decision.js';
import type { DriveView, MachineView, SnapshotView } from '../../../engine/view.js';
import type { DriveRow, JournalEntry, Operation, SnapshotRow, StepFailure, StepRecord } from '../../store.js';
import { flag, integer, nullable, text, word } from '../columns.js';
import type { Row } from '../handle.js';
import { decodeOwnJson } from '../json.js';

/** Whole rows of the tables that more than one module reads. */

export const CAUSES: Readonly<Record<CauseClass, true>> = { hardware: true, software: true, unknown: true };
const HEALTH: Readonly<Record<DriveView['health'], true>> = { ok: true, degraded: true, failed: true };
const DRIVE_ROLES: Readonly<Record<DriveView['role'], true>> = {
  active: true,
  snapshots: true,
  quarantined: true,
};
export const MACHINE_STATES: Readonly<Record<MachineView['state'], true>> = {
  serving: true,
  idle: true,
  fenced: true,
  failed: true,
};
export const OPERATION_KINDS: Readonly<Record<Operation['kind'], true>> = {
  'take-snapshot': true,
  'restart-server': true,
  'retire-snapshot': true,
};
const OPERATION_STATES: Readonly<Record<Operation['state'], true>> = {
  running: true,
  done: true,
  blocked: true,
};
const SNAPSHOT_KINDS: Readonly<Record<SnapshotView['kind'], true>> = {
  scheduled: true,
  additional: true,
  'after-takeover': true,
  manual: true,
};
const SNAPSHOT_STATES: Readonly<Record<SnapshotView['state'], true>> = {
  writing: true,
  complete: true,
  failed: true,
  deleting: true,
};
const VERIFICATIONS: Readonly<Record<NonNullable<SnapshotView['verified']>, true>> = {
  ok: true,
  failed: true,
};
const STEP_STATES: Readonly<Record<StepRecord['state'], true>> = { intended: true, done: true, failed: true };

export function eventRow(row: Row): EngineEvent {
  return decodeOwnJson<EngineEvent>(text(row, 'body'));
}

export function decisionRow(row: Row): Decision {
  return decodeOwnJson<Decision>(text(row, 'body'));
}

export function driveRow(row: Row): DriveRow {
  return {
    name: text(row, 'name'),
    device: text(row, 'device'),
    labels: decodeOwnJson<Readonly<Record<string, string>>>(text(row, 'labels')),
    capacityBytes: integer(row, 'capacity_bytes'),
    freeBytes: integer(row, 'free_bytes'),
    health: word(row, 'health', HEALTH),
    role: word(row, 'role', DRIVE_ROLES),
    server: nullable(row, 'server', text),
    reservedBy: nullable(row, 'reserved_by', text),
    serial: nullable(row, 'serial', text),
    missing: flag(row, 'missing'),
  };
}

export function snapshotView(row: Row): SnapshotView {
  return {
    id: text(row, 'id'),
    server: text(row, 'server'),
    generation: integer(row, 'generation'),
    kind: word(row, 'kind', SNAPSHOT_KINDS),
    condition: text(row, 'condition'),
    cause: word(row, 'cause', CAUSES),
    drive: text(row, 'drive'),
    takenAt: text(row, 'taken_at'),
    memoryBytes: integer(row, 'memory_bytes'),
    diskBytes: integer(row, 'disk_bytes'),
    state: word(row, 'state', SNAPSHOT_STATES),
    checksum: nullable(row, 'checksum', text),
    verified: nullable(row, 'verified', (of, column) => word(of, column, VERIFICATIONS)),
    pinned: flag(row, 'pinned'),
  };
}

export function snapshotRow(row: Row): SnapshotRow {
  return {
    ...snapshotView(row),
    verifiedAt: nullable(row, 'verified_at', text),
    policyRevision: text(row, 'policy_revision'),
    event: text(row, 'event'),
    operation: text(row, 'operation'),
  };
}

/** Of `operations` joined with the `body` of its decision. */
export function operationRow(row: Row): Operation {
  return {
    id: text(row, 'id'),
    kind: word(row, 'kind', OPERATION_KINDS),
    server: text(row, 'server'),
    decision: decisionRow(row),
    state: word(row, 'state', OPERATION_STATES),
    createdAt: text(row, 'created_at'),
    endedAt: nullable(row, 'ended_at', text),
    reason: nullable(row, 'reason', text),
    result: jsonOrNothing(row, 'result'),
  };
}

export function stepRow(row: Row): StepRecord {
  return {
    step: text(row, 'step'),
    state: word(row, 'state', STEP_STATES),
    startedAt: text(row, 'started_at'),
    endedAt: nullable(row, 'ended_at', text),
    result: jsonOrNothing(row, 'result'),
    error: nullable(row, 'error_code', () => stepFailure(row)),
  };
}

export function journalEntry(row: Row): JournalEntry {
  return {
    seq: integer(row, 'seq'),
    at: text(row, 'at'),
    subject: text(row, 'subject'),
    change: text(row, 'change'),
    by: text(row, 'made_by'),
    detail: jsonOrNothing(row, 'detail'),
  };
}

function stepFailure(row: Row): StepFailure {
  return {
    code: text(row, 'error_code'),
    subject: text(row, 'error_subject'),
    message: text(row, 'error_message'),
  };
}

/** NULL is what JSON makes of `undefined`; the JSON text `null` is null. */
function jsonOrNothing(row: Row, column: string): unknown {
  const encoded = nullable(row, column, text);
  return encoded === null ? undefined : decodeOwnJson<unknown>(encoded);
}
