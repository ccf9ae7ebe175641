import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { PolicySet } from '../engine/policy-set.js';
import type { Problem } from '../engine/problem.js';
import type { Instant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import type {
  Acceptance,
  DecidedEvent,
  Operation,
  SnapshotRow,
  StepRecord,
  StoreCheck,
  DriveRow,
  JournalEntry,
  JournalHead,
} from '../store/store.js';

/**
 * What the HTTP routes may ask of the administration server. The routes translate between HTTP and this, and
 * hold no logic of their own.
 */
export interface Administration {
  /**
   * Stores events durably and queues them for decision. Resolving means: durable.
   * @throws {Overload} when the queue is full; nothing of the batch was stored.
   */
  accept(events: readonly EngineEvent[]): Promise<readonly Acceptance[]>;
  /** A sign of life from a server. False when the inventory has no such server. */
  heartbeat(server: string, at: Instant): Promise<boolean>;
  /** True when the inventory has an active server or a machine of this name. */
  knows(server: string): boolean;
  /** Counts an event that was accepted and ignored because of its unknown server. */
  ignored(reason: 'unknown-server', count: number): void;
  /** Epoch ms. */
  now(): number;
  /** A fresh id for an event whose source gives none. */
  newId(): string;

  policySet(): PolicySet;
  reload(): ReloadStatus;
  status(): Promise<ServiceStatus>;
  /** The state that the next decision would be made on; the input of `rekindle eval --state`. */
  view(): Promise<View>;
  drives(): Promise<readonly DriveRow[]>;
  snapshots(filter: { readonly server?: string }): Promise<readonly SnapshotRow[]>;
  decisions(filter: {
    readonly server?: string;
    readonly outcome?: string;
    readonly limit: number;
  }): Promise<readonly Decision[]>;
  decision(id: string): Promise<Decision | null>;
  operations(filter: { readonly server?: string; readonly limit: number }): Promise<readonly Operation[]>;
  operation(
    id: string,
  ): Promise<{ readonly operation: Operation; readonly steps: readonly StepRecord[] } | null>;
  /** The operation that executes a decision. */
  operationOf(decision: string): Promise<Operation | null>;
  event(id: string): Promise<EngineEvent | null>;
  /** Finally decided events in the order of their last decision, from after the one of this `seq`. */
  decidedEvents(page: { readonly after: number; readonly limit: number }): Promise<readonly DecidedEvent[]>;
  journal(filter: { readonly subject?: string; readonly limit: number }): Promise<readonly JournalEntry[]>;
  /** Looks at everything in the store. */
  checkStore(through: JournalHead | null): Promise<StoreCheck>;
  /** Returns the path of a new copy of the store, on the machine that the service runs on. */
  backUpStore(): Promise<string>;
  /** Prometheus text format and its content type. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** Why the service is not ready to act; empty when it is. */
  unready(): readonly string[];
}

/** What became of the last change to the policy files. */
export interface ReloadStatus {
  /** The set that decides. */
  readonly revision: string;
  readonly loadedAt: Instant;
  /** True while the files on disk are not the set that decides. */
  readonly stale: boolean;
  readonly lastAttemptAt: Instant;
  readonly lastAttemptOk: boolean;
  /** Why the files on disk were refused; empty when they were not. */
  readonly problems: readonly Problem[];
}

export interface ServiceStatus {
  readonly version: string;
  readonly startedAt: Instant;
  readonly policies: ReloadStatus;
  readonly pendingEvents: number;
  readonly runningOperations: number;
  readonly draining: boolean;
  readonly servers: readonly {
    readonly name: string;
    readonly state: 'up' | 'failed';
    readonly machine: string;
    readonly disk: string;
    readonly snapshots: number;
    /** The newest complete snapshot. */
    readonly newestSnapshotAt: Instant | null;
    readonly lastHeartbeatAt: Instant | null;
  }[];
}

/** The queue of undecided events is full. HTTP answers 503 with Retry-After. */
export class Overload extends Error {
  readonly retryAfterSeconds: number;

  constructor(pending: number, limit: number, retryAfterSeconds: number) {
    super(`${pending} events wait for a decision; the limit is ${limit}`);
    this.name = 'Overload';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
