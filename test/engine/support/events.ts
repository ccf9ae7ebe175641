import type {
  AlertEvent,
  FailureEvent,
  RestartOrder,
  RetentionEvent,
  ScheduleEvent,
  SnapshotOrder,
  TakeoverEvent,
} from '../../../src/engine/event.js';
import { at } from './time.js';

/** `TooHot` fires on `web-1` so many minutes after noon. */
export function alert(minutes = 0, more: Partial<AlertEvent> = {}): AlertEvent {
  return {
    kind: 'alert',
    id: `alert-${minutes}`,
    at: at(minutes),
    server: 'web-1',
    status: 'firing',
    source: 'test',
    labels: { alertname: 'TooHot' },
    annotations: {},
    value: 91,
    ...more,
  };
}

/** `web-1` loses its power so many minutes after noon. */
export function failure(minutes = 0, more: Partial<FailureEvent> = {}): FailureEvent {
  return {
    kind: 'failure',
    id: `failure-${minutes}`,
    at: at(minutes),
    server: 'web-1',
    subject: 'server',
    cause: 'power',
    causeClass: 'unknown',
    ...more,
  };
}

export function scheduleDue(minutes = 0, more: Partial<ScheduleEvent> = {}): ScheduleEvent {
  return {
    kind: 'schedule',
    id: `schedule-${minutes}`,
    at: at(minutes),
    server: 'web-1',
    policy: 'quarterly',
    ...more,
  };
}

export function snapshotOrder(minutes = 0, more: Partial<SnapshotOrder> = {}): SnapshotOrder {
  return {
    kind: 'snapshot-order',
    id: `snapshot-order-${minutes}`,
    at: at(minutes),
    server: 'web-1',
    by: 'jane',
    condition: 'manual',
    pinned: false,
    ...more,
  };
}

export function restartOrder(minutes = 0, more: Partial<RestartOrder> = {}): RestartOrder {
  return {
    kind: 'restart-order',
    id: `restart-order-${minutes}`,
    at: at(minutes),
    server: 'web-1',
    by: 'jane',
    reason: 'maintenance',
    ...more,
  };
}

export function takeoverDone(minutes = 0, more: Partial<TakeoverEvent> = {}): TakeoverEvent {
  return {
    kind: 'takeover',
    id: `takeover-${minutes}`,
    at: at(minutes),
    server: 'web-1',
    policy: 'web',
    ...more,
  };
}

export function retentionDue(minutes = 0, more: Partial<RetentionEvent> = {}): RetentionEvent {
  return { kind: 'retention', id: `retention-${minutes}`, at: at(minutes), server: 'web-1', ...more };
}
