import type { Decision, Mode, Outcome } from '../engine/decision.js';
import type { ReasonCode } from '../engine/reasons.js';
import type { Instant } from '../engine/time.js';

/**
 * In what two decisions about one event differ. `gained` and `lost`: only one side acts. `outcome` and `reason`:
 * neither acts, each for another reason, or what they do is of another kind. `drive`, `snapshot`, `backup`: what
 * is tried first. `fallback`: what is tried after that. `settings`: how long and how often it is tried.
 */
export const CHANGE_KINDS = [
  'gained',
  'lost',
  'outcome',
  'drive',
  'snapshot',
  'backup',
  'fallback',
  'settings',
  'reason',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A recorded event that the two policy sets decide differently. */
export interface DecisionChange {
  readonly event: Decision['event'];
  readonly at: Instant;
  /** In the order of {@link CHANGE_KINDS}; never empty. */
  readonly changes: readonly ChangeKind[];
  /** On the state that base has come to, head decides as base does: an earlier change is the whole cause. */
  readonly follows: boolean;
  readonly base: DecisionSide;
  readonly head: DecisionSide;
}

/** A failure of one thing, out of quiet times, that the two policy sets answer differently. */
export interface FailureChange {
  readonly failure: { readonly server: string; readonly subject: 'server' | 'disk' };
  readonly changes: readonly ChangeKind[];
  readonly base: DecisionSide;
  readonly head: DecisionSide;
}

/** What one policy set decides, as far as it is compared, and the policy that is responsible. */
export interface DecisionSide {
  readonly outcome: Outcome;
  readonly mode: Mode;
  readonly reason: ReasonCode | null;
  readonly text: string;
  /** Where the policy stands that decided this; null when none did. */
  readonly policy: PolicyPlace | null;
  /** Of the snapshot that is taken, or that is woken first. */
  readonly condition: string | null;
  readonly drive: string | null;
  readonly backup: string | null;
  /** The snapshots that are woken first or retired. */
  readonly snapshots: readonly string[];
  /** What is tried next, in its order. */
  readonly fallback: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface PolicyPlace {
  readonly name: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}
