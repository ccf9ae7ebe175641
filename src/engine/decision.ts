import type { CauseClass, EngineEvent } from './event.js';
import type { ReasonCode } from './reasons.js';
import type { Instant } from './time.js';
import type { SnapshotKind } from './view.js';

/**
 * What the policies say to do about one event, and why, and why not otherwise. Plain data: a dry run, the
 * running service, the log and `rekindle why` are readers of the same value.
 */
export interface Decision {
  /** Derived from the event's id, so that the same event is decided under the same id everywhere. */
  readonly id: string;
  readonly at: Instant;
  /** `server` is the server that the event is about, also when the event named the machine that runs it. */
  readonly event: { readonly kind: EngineEvent['kind']; readonly id: string; readonly server: string };
  readonly policyRevision: string;
  readonly outcome: Outcome;
  /** With `observe` the decision is recorded and nothing is done. */
  readonly mode: Mode;
  readonly reasons: readonly Reason[];
  readonly snapshot?: SnapshotPlan;
  readonly restart?: RestartPlan;
  readonly retire?: RetirePlan;
  /** What the administration server has to remember of this event for later decisions. */
  readonly remember: Memory;
}

export type Outcome = 'snapshot' | 'restart' | 'retire' | 'refused' | 'none';
export type Mode = 'enforce' | 'observe';

/** One named reason, with the place in the policy files that it comes from. */
export interface Reason {
  readonly code: ReasonCode;
  readonly policy?: string;
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  readonly text: string;
  /** The leaves of the condition with the values they met. */
  readonly evidence?: readonly Evidence[];
}

/** One leaf of a condition, evaluated. */
export interface Evidence {
  readonly fact: string;
  readonly path: string;
  readonly operator: string;
  readonly expected: unknown;
  readonly found: unknown;
  readonly held: boolean;
}

/** Order one snapshot of `server` onto the first of `drives` that takes it. */
export interface SnapshotPlan {
  readonly policy: string;
  readonly kind: SnapshotKind;
  readonly condition: string;
  readonly cause: CauseClass;
  readonly pinned: boolean;
  /** The best drive; null when none was accepted. */
  readonly drive: string | null;
  /** Accepted drives, best first; `drive` is the first of them. */
  readonly drives: readonly string[];
  /** The snapshot beside which this one is taken. */
  readonly previous: { readonly snapshot: string; readonly drive: string } | null;
  readonly estimatedBytes: number;
  readonly deadlineMs: number;
  readonly candidates: readonly DriveCandidate[];
}

export type DriveCandidate =
  | { readonly drive: string; readonly accepted: true; readonly score: number }
  | {
      readonly drive: string;
      readonly accepted: false;
      readonly reason: ReasonCode;
      readonly text: string;
      readonly evidence?: readonly Evidence[];
    };

/** Fence `machine`, then try `attempts` in their order until one runs. */
export interface RestartPlan {
  readonly policy: string;
  /** The machine that runs the failed server and must be proven off. */
  readonly machine: string;
  /** The drive that the failed server ran from. */
  readonly disk: string;
  /** The condition of the alerts that announced the failure; null when none did. */
  readonly condition: string | null;
  readonly cause: CauseClass;
  readonly firstSymptomAt: Instant | null;
  readonly attempts: readonly RestartAttempt[];
  /** Step 6, extract: every snapshot of the server; step 7, select: its rank or why it was rejected. */
  readonly candidates: readonly SnapshotCandidate[];
  readonly backups: readonly BackupCandidate[];
  readonly sequence: RestartSequence;
  readonly afterTakeover: 'snapshot' | 'nothing';
}

/** `snapshot: null` is a cold boot from the drive: the disk is kept, the memory is lost. */
export interface RestartAttempt {
  readonly snapshot: string | null;
  readonly condition: string | null;
  readonly drive: string;
  readonly backup: string;
  readonly score: number;
}

export type SnapshotCandidate =
  | {
      readonly snapshot: string;
      readonly drive: string;
      readonly condition: string;
      readonly takenAt: Instant;
      readonly accepted: true;
      /** 1 is tried first. */
      readonly rank: number;
      /** Index of the rule of the restart policy that asked for it, from 0. */
      readonly rule: number;
    }
  | {
      readonly snapshot: string;
      readonly drive: string;
      readonly condition: string;
      readonly takenAt: Instant;
      readonly accepted: false;
      readonly reason: ReasonCode;
      readonly text: string;
    };

export type BackupCandidate =
  | { readonly backup: string; readonly accepted: true; readonly score: number }
  | {
      readonly backup: string;
      readonly accepted: false;
      readonly reason: ReasonCode;
      readonly text: string;
      readonly evidence?: readonly Evidence[];
    };

/** How carefully each step of a restart is done. Times in milliseconds. */
export interface RestartSequence {
  readonly fence: { readonly timeoutMs: number; readonly attempts: number };
  readonly connect: { readonly timeoutMs: number; readonly attempts: number };
  readonly start: { readonly timeoutMs: number; readonly attempts: number };
  readonly verify: { readonly heartbeatWithinMs: number };
}

/** Which snapshots of a server retention gives up, and why each other one stays. */
export interface RetirePlan {
  readonly snapshots: readonly { readonly snapshot: string; readonly drive: string; readonly text: string }[];
  readonly kept: readonly { readonly snapshot: string; readonly reason: ReasonCode; readonly text: string }[];
}

/** Changes to the decision memory, recorded together with the decision. */
export interface Memory {
  /** Policies that this alert matched: what `repeated` will count. */
  readonly matches: readonly { readonly policy: string; readonly digest: string }[];
  /** Symptoms opened or seen again. */
  readonly symptoms: readonly {
    readonly condition: string;
    readonly cause: CauseClass;
    readonly policy: string;
    readonly met: boolean;
  }[];
  /** Policies whose symptom is over. */
  readonly closed: readonly string[];
  /** What was ordered, for cooldowns and schedules. */
  readonly orders: readonly { readonly policy: string; readonly action: 'snapshot' | 'restart' }[];
}
