import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { Inventory } from '../engine/policy-set.js';
import type { Instant } from '../engine/time.js';
import type { DriveHealth, SnapshotView, View } from '../engine/view.js';

/**
 * The administration server's memory: accepted events, the disk table, decisions, and the journal of
 * operations and steps. Everything that must survive `kill -9` goes through here, and when a method resolves
 * its change is on the disk. `sqlite/` is the embedded default. Methods queue behind each other: none may be
 * called from inside a `change` or `record`, which has the disk table in its hands instead.
 */
export interface Store {
  /**
   * Accepts events, all in one transaction. Resolving means: durable. Results stand in the order of `events`.
   * An event whose id is known is not stored again.
   */
  accept(events: readonly EngineEvent[], receivedAt: Instant): Promise<readonly Acceptance[]>;

  /** Events that are accepted and not finally decided, oldest first. */
  pending(): Promise<readonly EngineEvent[]>;

  /** How many events are accepted and not finally decided. */
  pendingCount(): Promise<number>;

  /**
   * The state to decide on, read in one transaction. Matches and symptoms last seen before `since` are left out;
   * of orders only the last one is kept, whatever its age. Drives, machines and servers that left the inventory
   * are not in it, their snapshots are.
   */
  view(since: Instant): Promise<View>;

  /**
   * Records a decision and everything that follows from it in one transaction: the decision, its memory, the
   * server's state, the operation that will execute it, and whether the event is finally decided or stays
   * pending. Recording the last decision about an event again changes nothing.
   * @returns the decision as it stands in the store. The first one about an event keeps the id that the engine
   * gave it; when a pending event is decided again, that decision replaces nothing and has an id of its own.
   * @throws {StoreRefusal} `no-such-row` when the event was never accepted, `wrong-state` when it is finally decided.
   */
  recordDecision(record: DecisionRecord): Promise<Decision>;

  /** Brings servers, machines and drives of the inventory into the tables; keeps what is known of them. */
  syncInventory(inventory: Inventory, at: Instant): Promise<void>;

  /** What the drivers measured. */
  updateDrives(measured: readonly DriveMeasurement[], at: Instant): Promise<void>;

  /** A sign of life that a server itself sent. */
  heartbeat(server: string, at: Instant): Promise<void>;
  lastHeartbeat(server: string): Promise<Instant | null>;

  /** Changes to the disk table outside any step. The change and its journal entries are one transaction. */
  change<T>(by: string, change: (table: DiskTable) => Promise<T>): Promise<T>;

  readonly steps: StepJournal;

  unfinishedOperations(): Promise<readonly Operation[]>;
  /**
   * Ends an operation, once. With `done` whatever it still had reserved is given back; with `blocked` it stays
   * reserved, since what the operation did not give back it could not prove to be free.
   */
  finishOperation(id: string, end: OperationEnd): Promise<void>;

  /** Newest first. */
  decisions(filter: DecisionFilter): Promise<readonly Decision[]>;
  decision(id: string): Promise<Decision | null>;
  /** Newest first. */
  operations(filter: { readonly server?: string; readonly limit: number }): Promise<readonly Operation[]>;
  operation(id: string): Promise<Operation | null>;
  /** The operation that executes a decision. */
  operationOf(decision: string): Promise<Operation | null>;
  event(id: string): Promise<EngineEvent | null>;
  /**
   * Finally decided events in the order of their last decision.
   * @param page.after `seq` of the last event of the page before; 0 begins with the first event of the store.
   */
  decidedEvents(page: { readonly after: number; readonly limit: number }): Promise<readonly DecidedEvent[]>;
  /** Every drive that is or ever was in the inventory, by name. */
  drives(): Promise<readonly DriveRow[]>;
  /** By server, then by generation. */
  snapshots(filter: { readonly server?: string }): Promise<readonly SnapshotRow[]>;
  /** The newest `limit` entries, oldest of them first. */
  journal(filter: { readonly subject?: string; readonly limit: number }): Promise<readonly JournalEntry[]>;

  /** SQLite's own version, for the start-up log. */
  readonly engineVersion: string;
  close(): Promise<void>;
}

export interface Acceptance {
  readonly id: string;
  /** `conflict`: an event with this id and another content was accepted before; this one is not stored. */
  readonly result: 'accepted' | 'duplicate' | 'conflict';
}

export interface DecidedEvent {
  /** Grows with each decision; an event that was decided again has that of the last one. */
  readonly seq: number;
  readonly event: EngineEvent;
}

export interface DecisionRecord {
  readonly event: EngineEvent;
  readonly decision: Decision;
  /** False keeps the event pending, to be decided again. */
  readonly final: boolean;
  /** The operation that executes the decision; null when nothing is to be done. */
  readonly operation: { readonly id: string; readonly kind: OperationKind } | null;
  /** The server is known to have failed from here on. */
  readonly serverFailed: boolean;
}

export type OperationKind = 'take-snapshot' | 'restart-server' | 'retire-snapshot';

/** One execution of a decision. */
export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly server: string;
  readonly decision: Decision;
  readonly state: 'running' | 'done' | 'blocked';
  readonly createdAt: Instant;
  readonly endedAt: Instant | null;
  /** With `blocked`: what a person can act on. */
  readonly reason: string | null;
  /** The backup, drive and snapshot that it ended with, as the action reported them. */
  readonly result: unknown;
}

export interface OperationEnd {
  readonly state: 'done' | 'blocked';
  readonly at: Instant;
  readonly reason: string | null;
  readonly result: unknown;
}

/** The write-ahead journal of steps. `intend` is durable before the effect, `conclude` before the next step. */
export interface StepJournal {
  /** In the order in which they were begun. */
  load(operation: string): Promise<readonly StepRecord[]>;
  intend(operation: string, step: string, at: Instant): Promise<void>;
  conclude(operation: string, step: string, end: StepEnd, at: Instant): Promise<void>;
  /** A step whose whole effect is a change of the disk table: change and result are one transaction. */
  record<T>(
    operation: string,
    step: string,
    at: Instant,
    change: (table: DiskTable) => Promise<T>,
  ): Promise<T>;
}

export interface StepRecord {
  readonly step: string;
  readonly state: 'intended' | 'done' | 'failed';
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  /** With `done`: what the step returned. */
  readonly result: unknown;
  /** With `failed`. */
  readonly error: StepFailure | null;
}

export type StepEnd =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: StepFailure };

export interface StepFailure {
  readonly code: string;
  readonly subject: string;
  readonly message: string;
}

/**
 * The disk table, inside a transaction. Each method that changes a row writes a journal entry. The laws that
 * must hold whatever the caller believes are checked here once more, on the rows themselves.
 */
export interface DiskTable {
  drive(name: string): Promise<DriveRow | null>;
  snapshot(id: string): Promise<SnapshotRow | null>;
  snapshotsOf(server: string): Promise<readonly SnapshotRow[]>;

  /** False when another operation holds it, or another server than the operation's runs from it. Already ours is true. */
  reserveDrive(drive: string, operation: string): Promise<boolean>;
  /** A backup to take over. False when another operation holds it or it is not idle. Already ours is true. */
  reserveMachine(machine: string, operation: string): Promise<boolean>;
  /** Gives back everything that the operation has reserved. */
  release(operation: string): Promise<void>;
  releaseMachine(machine: string, operation: string): Promise<void>;
  releaseDrive(drive: string, operation: string): Promise<void>;

  /**
   * Adds a row in state `writing` with the next generation of the server. An existing row of this id is returned as it is.
   * @throws {StoreRefusal} `holds-previous` when the drive, by name or serial number, holds the newest complete
   * snapshot of the server; `wrong-state` when its role is not `snapshots` or an unfinished snapshot of the server is on it.
   */
  beginSnapshot(row: NewSnapshot): Promise<SnapshotRow>;
  /** `writing` to `complete`. */
  completeSnapshot(id: string, measured: SnapshotMeasurement): Promise<void>;
  /** `writing` to `failed`. */
  failSnapshot(id: string, reason: string): Promise<void>;
  /** The checksum was read back. */
  recordVerification(id: string, result: 'ok' | 'failed', at: Instant): Promise<void>;
  /**
   * `complete` to `deleting`.
   * @throws {StoreRefusal} `wrong-state` when the newest complete snapshot that is left lies on a drive to which the next
   * one is being written.
   * @throws {StoreRefusal} `last-restorable` when no other complete snapshot of the server would remain that is
   * as good: one that failed its verification, or lies on a failed or missing drive, does not stand in for one
   * that could be started from.
   */
  beginDelete(id: string): Promise<void>;
  /** The row of a snapshot in state `deleting` or `failed` goes; the journal keeps what it was. */
  removeSnapshot(id: string): Promise<void>;

  /**
   * The server now runs on another machine from another drive: it is up there, the old machine is `fenced`, the
   * old drive `quarantined`, its symptoms and matches are forgotten.
   * @throws {StoreRefusal} `wrong-state` when it does not run where the takeover says, or another server runs there.
   */
  recordTakeover(takeover: Takeover): Promise<void>;
  setMachineState(machine: string, state: 'serving' | 'idle' | 'fenced' | 'failed'): Promise<void>;
  /** What the operation could not prove: a drive that did not answer was read back without the machine. An entry of the journal. */
  recordIsolated(
    operation: string,
    what: { readonly drive: string; readonly machine: string },
  ): Promise<void>;
}

export interface DriveRow {
  readonly name: string;
  readonly device: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacityBytes: number;
  readonly freeBytes: number;
  readonly health: DriveHealth;
  readonly role: 'active' | 'snapshots' | 'quarantined';
  readonly server: string | null;
  readonly reservedBy: string | null;
  /** Serial number where declared. */
  readonly serial: string | null;
  /** True when the inventory no longer has it; the rows of its snapshots stay. */
  readonly missing: boolean;
}

export interface SnapshotRow extends SnapshotView {
  readonly verifiedAt: Instant | null;
  readonly policyRevision: string;
  /** The event that caused it. */
  readonly event: string;
  readonly operation: string;
}

export interface NewSnapshot {
  readonly id: string;
  readonly server: string;
  readonly kind: SnapshotView['kind'];
  readonly condition: string;
  readonly cause: SnapshotView['cause'];
  readonly drive: string;
  readonly orderedAt: Instant;
  readonly pinned: boolean;
  readonly policyRevision: string;
  readonly event: string;
  readonly operation: string;
}

export interface SnapshotMeasurement {
  readonly takenAt: Instant;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly checksum: string;
}

export interface Takeover {
  readonly server: string;
  readonly fromMachine: string;
  readonly toMachine: string;
  readonly fromDrive: string;
  readonly toDrive: string;
  readonly at: Instant;
}

export interface DriveMeasurement {
  readonly drive: string;
  readonly freeBytes: number;
  readonly health: DriveHealth;
}

export interface DecisionFilter {
  readonly server?: string;
  readonly outcome?: string;
  readonly limit: number;
}

/** What a look at everything in a store found. */
export interface StoreCheck {
  /** What is wrong, worst first; empty for a store that is whole. */
  readonly damage: readonly string[];
  readonly journal: JournalHead;
}

/** Where the chain over the journal ends. Whoever notes it elsewhere can tell later that nothing before it was rewritten. */
export interface JournalHead {
  readonly entries: number;
  /** SHA-256, hex, over the last entry and the hash before it; empty for a journal without entries. */
  readonly hash: string;
}

/**
 * One change of one row of the disk table, one decision, or one thing that became of an operation. Never edited,
 * never deleted.
 */
export interface JournalEntry {
  readonly seq: number;
  readonly at: Instant;
  /** `snapshot:...`, `drive:...`, `machine:...`, `server:...`, `decision:...`, `operation:...`. */
  readonly subject: string;
  readonly change: string;
  /** The operation, the caller, the person who gave the order, or `policies`. */
  readonly by: string;
  readonly detail: unknown;
}

/** The store would break one of its laws and does not. Nothing was changed. */
export class StoreRefusal extends Error {
  readonly code: 'holds-previous' | 'last-restorable' | 'no-such-row' | 'wrong-state';

  constructor(code: StoreRefusal['code'], message: string) {
    super(message);
    this.name = 'StoreRefusal';
    this.code = code;
  }
}
