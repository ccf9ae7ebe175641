import type { Condition } from './condition.js';
import type { CauseClass } from './event.js';
import type { Mode, RestartSequence } from './decision.js';

/**
 * What the engine runs on: every document checked, every default filled, every duration in milliseconds,
 * every size in bytes, every condition compiled. Built once per load and never changed.
 */
export interface PolicySet {
  /** `sha256:` and the hex digest of the names and contents of all files. */
  readonly revision: string;
  /** Highest priority first, then by name. */
  readonly alertPolicies: readonly AlertPolicy[];
  readonly schedulePolicies: readonly SchedulePolicy[];
  readonly placementPolicies: ReadonlyMap<string, PlacementPolicy>;
  /** Highest priority first, then by name; the first that selects a server governs it. */
  readonly restartPolicies: readonly RestartPolicy[];
  readonly inventory: Inventory;
  readonly scenarios: readonly Scenario[];
}

/** Where in the files something is written. Line is 1-based. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

/** Labels that a server must have, all of them. Empty selects every active server. */
export type Selector = Readonly<Record<string, string>>;

interface PolicyBase {
  readonly name: string;
  readonly origin: Origin;
}

export interface AlertPolicy extends PolicyBase {
  readonly priority: number;
  readonly servers: Selector;
  readonly when: Condition;
  readonly repeated: { readonly times: number; readonly withinMs: number };
  readonly condition: string;
  readonly cause: CauseClass;
  readonly snapshot: SnapshotOrderSettings & { readonly cooldownMs: number };
  readonly mode: Mode;
  /** Digest of `when`, `servers` and `repeated`: matches counted under another digest are not ours. */
  readonly digest: string;
}

export interface SnapshotOrderSettings {
  /** Name of a PlacementPolicy of the set. */
  readonly placement: string;
  readonly deadlineMs: number;
}

export interface SchedulePolicy extends PolicyBase {
  readonly servers: Selector;
  readonly timing: { readonly everyMs: number } | { readonly cron: string };
  readonly condition: string;
  readonly snapshot: SnapshotOrderSettings;
}

export interface PlacementPolicy extends PolicyBase {
  readonly require: Condition | null;
  /** Name of the failure-domain label that must differ from the previous snapshot's drive; null: only the drive. */
  readonly apartFrom: string | null;
  readonly prefer: readonly DrivePreference[];
  readonly retain: Retention;
}

export type DrivePreference =
  | { readonly weight: number; readonly when: Condition }
  /** The weight times the drive's share of the largest value among the accepted drives. */
  | { readonly weight: number; readonly most: 'freeBytes' };

/** How many completed generations of each kind stay. */
export interface Retention {
  readonly scheduled: number;
  readonly additional: number;
  readonly 'after-takeover': number;
  readonly manual: number;
}

export interface RestartPolicy extends PolicyBase {
  readonly priority: number;
  readonly servers: Selector;
  readonly snapshots: readonly SnapshotRule[];
  /** Memory taken at or after the first symptom of such a cause is never started. */
  readonly never: readonly CauseClass[];
  readonly coldBoot: 'last-resort' | 'never';
  /** `armed`: the backup that would take over holds the snapshot that would be woken. */
  readonly standby: 'armed' | 'none';
  /** A symptom that was last seen longer ago than this does not announce the failure. */
  readonly symptomsWithinMs: number;
  readonly backups: { readonly require: Condition | null; readonly prefer: readonly BackupPreference[] };
  readonly sequence: RestartSequence;
  readonly afterTakeover: 'snapshot' | 'nothing';
  /** The PlacementPolicy of the snapshot after the takeover. */
  readonly placement: string;
  readonly guard: RestartGuard;
  readonly budget: RestartBudget;
  readonly mode: Mode;
}

/** One link of the fallback chain. */
export interface SnapshotRule {
  /** A condition name; `matching` is the condition of the alert that announced the failure; `any` is all of them. */
  readonly condition: string;
  /** True: only the newest that the rule describes. False: all of them, newest first. */
  readonly newest: boolean;
  readonly maxAgeMs: number | null;
  readonly before: 'first-symptom' | null;
}

export interface BackupPreference {
  readonly weight: number;
  readonly when: Condition;
}

/** The storm guard: when restarting more would do harm. */
export interface RestartGuard {
  readonly maxConcurrent: number;
  /** Share of the active servers that must be up, this one not counted, from 0 to 1. */
  readonly minHealthy: number;
  readonly cooldownMs: number;
}

/** What a failure may cost; no decision goes by it, `rekindle check` does. Null: anything. */
export interface RestartBudget {
  /** Age of the snapshot that is woken. */
  readonly maxLossMs: number | null;
  /** From the decision to a server that is seen to live. */
  readonly maxRestartMs: number | null;
}

/** What exists. */
export interface Inventory {
  readonly name: string;
  readonly origin: Origin;
  readonly devices: ReadonlyMap<string, Device>;
  readonly drives: ReadonlyMap<string, Drive>;
  readonly machines: ReadonlyMap<string, Machine>;
}

/** A disk device: a failure domain that holds drives. */
export interface Device {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Drive {
  readonly name: string;
  readonly device: string;
  /** The drive's own labels over those of its device. */
  readonly labels: Readonly<Record<string, string>>;
  readonly capacityBytes: number;
  /** Serial number or WWN where declared: two names of one drive are one drive to the law. */
  readonly serial: string | null;
  readonly quarantined: boolean;
  readonly driver: DriverReference;
}

/** An entry under `servers` of the inventory. */
export interface Machine {
  readonly name: string;
  readonly role: 'active' | 'backup';
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  /** The drive that an active server runs from; null for a backup. */
  readonly disk: string | null;
  /** Names of the devices to which it has a path. */
  readonly reaches: readonly string[];
  readonly driver: DriverReference;
  readonly origin: Origin;
}

export interface DriverReference {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What a driver can do, as far as documents are checked against it. Given to the loader as data. */
export type Capability = 'power' | 'memory' | 'storage' | 'standby';
export type DriverCatalogue = ReadonlyMap<string, DriverDescription>;

export interface DriverDescription {
  readonly capabilities: ReadonlySet<Capability>;
  /** JSON Schemas of what may stand under the driver's name in the inventory. */
  readonly settings: { readonly machine: object; readonly drive: object };
}

/** A test that lives beside the policies. Times in milliseconds from its start. */
export interface Scenario {
  readonly name: string;
  readonly origin: Origin;
  readonly inventory: string;
  /** Whether the schedules of the policies run. */
  readonly schedules: boolean;
  readonly steps: readonly ScenarioStep[];
}

export interface ScenarioStep {
  readonly origin: Origin;
  readonly atMs: number;
  readonly act: ScenarioAct | null;
  readonly expect: ScenarioExpectation | null;
}

export type ScenarioAct =
  | {
      readonly kind: 'snapshot';
      readonly server: string;
      readonly condition: string;
      readonly drive: string | null;
    }
  | {
      readonly kind: 'alert';
      readonly server: string;
      readonly status: 'firing' | 'resolved';
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
      readonly value: number | null;
    }
  | {
      readonly kind: 'failure';
      readonly server: string;
      readonly cause: string;
      readonly subject: 'server' | 'disk';
    }
  | { readonly kind: 'drive'; readonly drive: string; readonly health: 'ok' | 'degraded' | 'failed' }
  /** Scripted misbehaviour of the simulated rack. */
  | { readonly kind: 'misbehave'; readonly target: string; readonly fault: string }
  | { readonly kind: 'path'; readonly machine: string; readonly device: string; readonly isCut: boolean }
  | ScenarioCrash;

/** The service is killed at a step of the next operation of a kind, and started again. */
export interface ScenarioCrash {
  readonly kind: 'crash';
  readonly operation: 'snapshot' | 'restart';
  /** Counted from 1. */
  readonly step: number;
  readonly at: 'before-intent' | 'after-intent' | 'after-effect' | 'after-result';
  readonly downForMs: number;
}

export interface ScenarioExpectation {
  readonly outcome: 'snapshot' | 'restart' | 'refused' | 'none' | null;
  readonly reason: string | null;
  readonly snapshot: {
    readonly condition: string | null;
    readonly drive: string | null;
    readonly driveNot: string | null;
  } | null;
  readonly restart: {
    readonly condition: string | null;
    readonly backup: string | null;
    readonly drive: string | null;
    readonly snapshotTakenAtMs: number | null;
    /** Age of the snapshot when the server failed. */
    readonly maxLossMs: number | null;
  } | null;
  /** Server to the machine that must be running it. */
  readonly alive: Readonly<Record<string, string>> | null;
  /** Server to how many complete snapshots of it there are of each kind; null: not asked. */
  readonly retained: Readonly<Record<string, { readonly [K in keyof Retention]: number | null }>> | null;
}
