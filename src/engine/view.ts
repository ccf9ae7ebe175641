import type { CauseClass } from './event.js';
import type { Instant } from './time.js';

/**
 * The state that a decision is made on: plain data, read from the store in one transaction, or from the
 * file given to `rekindle eval --state`. Lists are ordered by name, generation or time, never by chance.
 */
export interface View {
  readonly servers: readonly ServerView[];
  readonly machines: readonly MachineView[];
  readonly drives: readonly DriveView[];
  readonly snapshots: readonly SnapshotView[];
  readonly matches: readonly MatchView[];
  readonly symptoms: readonly SymptomView[];
  readonly orders: readonly OrderView[];
  readonly operations: readonly OperationView[];
}

/** An active server: the identity that clients know, wherever it runs. */
export interface ServerView {
  readonly name: string;
  /** The machine that runs it; a takeover changes this. */
  readonly machine: string;
  /** The drive it runs from. */
  readonly disk: string;
  readonly state: 'up' | 'failed';
  readonly failedAt: Instant | null;
  /** When the last takeover of it completed. */
  readonly takenOverAt: Instant | null;
}

/** A piece of hardware of the inventory: an entry under `servers`, whatever runs on it. */
export interface MachineView {
  readonly name: string;
  /** `idle`: a backup that may be used. `fenced`: proven off. `failed`: of no use until a person looks at it. */
  readonly state: 'serving' | 'idle' | 'fenced' | 'failed';
  /** The operation that has reserved it. */
  readonly reservedBy: string | null;
}

export type DriveHealth = 'ok' | 'degraded' | 'failed';

/** A row of the disk table: one drive. */
export interface DriveView {
  readonly name: string;
  readonly freeBytes: number;
  readonly health: DriveHealth;
  readonly role: 'active' | 'snapshots' | 'quarantined';
  /** With role `active`: the server that runs from it. */
  readonly server: string | null;
  readonly reservedBy: string | null;
}

export type SnapshotKind = 'scheduled' | 'additional' | 'after-takeover' | 'manual';
export type SnapshotState = 'writing' | 'complete' | 'failed' | 'deleting';

/** A row of the disk table: one snapshot, the drive that holds it and the condition it was taken under. */
export interface SnapshotView {
  readonly id: string;
  readonly server: string;
  /** Grows by one with each snapshot of the server; orders them whatever the clocks say. */
  readonly generation: number;
  readonly kind: SnapshotKind;
  readonly condition: string;
  readonly cause: CauseClass;
  readonly drive: string;
  readonly takenAt: Instant;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly state: SnapshotState;
  readonly checksum: string | null;
  readonly verified: 'ok' | 'failed' | null;
  readonly pinned: boolean;
}

/** One alert that matched one alert policy: what `repeated` counts. */
export interface MatchView {
  /** Id of the alert: one that is decided again does not count twice. */
  readonly event: string;
  readonly server: string;
  readonly policy: string;
  /** Digest of the policy's condition and selector: an edited policy starts counting anew. */
  readonly digest: string;
  readonly at: Instant;
}

/** An open condition of a server: it announces the failure that may follow. */
export interface SymptomView {
  readonly server: string;
  readonly condition: string;
  readonly cause: CauseClass;
  readonly policy: string;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** True once the policy's `repeated` was reached: only then the condition is met. */
  readonly met: boolean;
}

/** The last time that a policy ordered something for a server: what cooldowns and schedules look at. */
export interface OrderView {
  readonly server: string;
  readonly policy: string;
  readonly action: 'snapshot' | 'restart';
  readonly at: Instant;
}

/** An operation that has not ended, or that has ended blocked and still holds what it could not prove free. */
export interface OperationView {
  readonly id: string;
  readonly kind: 'take-snapshot' | 'restart-server' | 'retire-snapshot';
  readonly server: string;
  readonly state: 'running' | 'blocked';
}

/** The state of a world in which nothing has happened yet. */
export const EMPTY_VIEW: View = {
  servers: [],
  machines: [],
  drives: [],
  snapshots: [],
  matches: [],
  symptoms: [],
  orders: [],
  operations: [],
};
