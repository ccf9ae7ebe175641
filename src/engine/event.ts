import type { Instant } from './time.js';

/** What can be decided about. Every source is brought into one of these forms before anything else looks at it. */
export type EngineEvent =
  AlertEvent | FailureEvent | ScheduleEvent | SnapshotOrder | RestartOrder | TakeoverEvent | RetentionEvent;

interface EventBase {
  /** Unique per event; a second event with this id is the same event. */
  readonly id: string;
  /** When it happened, by its source. All windows and ages in a decision are measured from here. */
  readonly at: Instant;
  /** Name of the server that the event is about. */
  readonly server: string;
}

/** A report about a server, from outside or from a driver. */
export interface AlertEvent extends EventBase {
  readonly kind: 'alert';
  readonly status: 'firing' | 'resolved';
  readonly source: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The measured value, when the source sends one. */
  readonly value?: number;
}

/** What kind of fault caused an alert or a failure: decides whether memory taken meanwhile can be trusted. */
export type CauseClass = 'hardware' | 'software' | 'unknown';

/** The event that a server or its active disk has failed. */
export interface FailureEvent extends EventBase {
  readonly kind: 'failure';
  readonly subject: 'server' | 'disk';
  /** What the source says failed: `power`, `panic`, ... Free text, for people. */
  readonly cause: string;
  readonly causeClass: CauseClass;
}

/** A periodic snapshot has become due. */
export interface ScheduleEvent extends EventBase {
  readonly kind: 'schedule';
  /** Name of the SchedulePolicy. */
  readonly policy: string;
}

/** A person asks for a snapshot. */
export interface SnapshotOrder extends EventBase {
  readonly kind: 'snapshot-order';
  readonly by: string;
  readonly condition: string;
  readonly pinned: boolean;
  /** Only this drive will do; the law of the other drive holds for it too. */
  readonly drive?: string;
}

/** A person asks to restart a server on a backup. */
export interface RestartOrder extends EventBase {
  readonly kind: 'restart-order';
  readonly by: string;
  readonly reason: string;
}

/** A takeover has completed (claim 2: the new state is worth a snapshot). */
export interface TakeoverEvent extends EventBase {
  readonly kind: 'takeover';
  /** The RestartPolicy that ordered the takeover. */
  readonly policy: string;
}

/** A snapshot has completed, so older ones may be beyond what retention keeps. */
export interface RetentionEvent extends EventBase {
  readonly kind: 'retention';
}
