import type { PolicySet } from '../engine/policy-set.js';
import type { DecisionChange, FailureChange } from './change.js';
import { changesOfEvents, type Recording } from './events.js';
import { changesOfFailures } from './failures.js';
import { changesOfSurvival, type SurvivalChange } from './survival.js';
import { remembering } from '../engine/remembering.js';

export type { DecisionChange, DecisionSide, FailureChange, PolicyPlace } from './change.js';
export type { Recording } from './events.js';
export type { Survival, SurvivalChange } from './survival.js';

/** Where two policy sets decide differently. */
export interface Diff {
  readonly events: readonly DecisionChange[];
  readonly failures: readonly FailureChange[];
  readonly survival: readonly SurvivalChange[];
}

/** Two sets that differ in names, order and files only, or say the same in other words, have an empty diff. */
export async function diffPolicySets(base: PolicySet, head: PolicySet, recording: Recording): Promise<Diff> {
  const remember = remembering();
  const [before, after] = [remember(base), remember(head)];
  return {
    events: await changesOfEvents(before, after, recording),
    failures: await changesOfFailures(before, after),
    survival: await changesOfSurvival(base, head),
  };
}
