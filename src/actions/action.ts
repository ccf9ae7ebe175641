import type { Clock } from '../clock.js';
import type { Decision } from '../engine/decision.js';
import type { Instant } from '../engine/time.js';
import type { Hardware } from '../hw/index.js';
import type { OperationKind } from '../store/store.js';
import { StepError, type StepContext } from './context.js';
import type { Unproven } from './unproven.js';

/** One kind of operation: how a decision is carried out, step by step. */
export interface Action {
  readonly kind: OperationKind;
  run(ctx: StepContext, decision: Decision, hardware: Hardware, deps: ActionDeps): Promise<ActionEnd>;
}

/** What an action asks the administration server besides its hardware and its steps. */
export interface ActionDeps {
  readonly clock: Clock;
  /** The machine that runs the server now; null for a server that nothing is known of. */
  machineOf(server: string): Promise<string | null>;
  /** Names of all drives. */
  drives(): Promise<readonly string[]>;
  /** The last sign of life that the server itself sent. */
  lastHeartbeat(server: string): Promise<Instant | null>;
  /** Which of these machines and drives are held by an operation that runs, and so will give them back. */
  heldForNow(names: readonly string[]): Promise<readonly string[]>;
  /** What earlier restarts of the server left behind that may still run it. */
  inDoubt(server: string): Promise<readonly InDoubt[]>;
  /**
   * Machines that earlier restarts of the server fenced while a drive did not say whether they still have access to it,
   * and that no reading has cleared since. Somebody may have switched them on.
   */
  unproven(server: string): Promise<readonly string[]>;
}

/** A backup that was started and could not be proven off again. It may run the server. */
export interface InDoubt {
  readonly machine: string;
  readonly drive: string | null;
  /** The operation that left it, and still holds the reservations of both. */
  readonly operation: string;
}

/** How an operation ended. `blocked` says what a person can act on. */
export type ActionEnd =
  | { readonly state: 'done'; readonly reason: null; readonly result: ActionResult }
  | { readonly state: 'blocked'; readonly reason: string; readonly result: ActionResult | null };

export type ActionResult = SnapshotResult | RestartResult | RetireResult;

export interface SnapshotResult {
  readonly kind: 'snapshot';
  readonly snapshot: string | null;
  readonly drive: string | null;
  /** Drives that did not take it, in the order tried. */
  readonly tried: readonly { readonly drive: string; readonly code: string; readonly reason: string }[];
}

export interface RestartResult {
  readonly kind: 'restart';
  readonly backup: string | null;
  /** Null with a backup: a cold boot. */
  readonly snapshot: string | null;
  readonly drive: string | null;
  /** Attempts that failed, in the order tried. */
  readonly tried: readonly FailedAttempt[];
  /** Drives on which the access of a machine that was fenced or given up could not be proven taken away. */
  readonly unproven: readonly (Unproven & { readonly reason: string })[];
  readonly inDoubt: readonly InDoubt[];
}

export interface FailedAttempt {
  readonly snapshot: string | null;
  readonly drive: string;
  readonly backup: string;
  readonly code: string;
  readonly reason: string;
}

export interface RetireResult {
  readonly kind: 'retire';
  readonly removed: readonly string[];
  readonly kept: readonly { readonly snapshot: string; readonly code: string; readonly reason: string }[];
}

export function done(result: ActionResult): ActionEnd {
  return { state: 'done', reason: null, result };
}

export function blocked(reason: string, result: ActionResult | null): ActionEnd {
  return { state: 'blocked', reason, result };
}

/** The end of a step as a value, for callers that go on after a failure. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: StepError };

/**
 * Waits for a step. Catches the failure of a step and nothing else: a store that does not work, or a crash,
 * must not look like hardware that said no.
 */
export async function outcomeOf<T>(step: Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await step };
  } catch (error) {
    if (error instanceof StepError) return { ok: false, error };
    throw error;
  }
}
