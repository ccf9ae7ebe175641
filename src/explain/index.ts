import { decide } from '../engine/decide.js';
import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { PolicySet } from '../engine/policy-set.js';
import type { View } from '../engine/view.js';
import { findServer } from '../engine/world.js';
import { flipsOf, type Flip } from './flips.js';
import { explainAlert, type ExplainedPolicy } from './matching.js';
import { explainedBy, turnsTo } from './tree.js';

export type { Flip } from './flips.js';
export type { ExplainedPolicy } from './matching.js';
export type { ExplainedCondition } from './tree.js';
export type { Change } from './values.js';

/** A decision, what was asked for it, and what would have changed it. */
export interface Explanation {
  readonly decision: Decision;
  /** Of an alert: how it stands to every alert policy, the nearest first. */
  readonly policies: readonly ExplainedPolicy[];
  /** The smallest change first. */
  readonly flips: readonly Flip[];
}

/** Decides about an event and explains that. Pure, as the decision is. */
export async function explain(policySet: PolicySet, event: EngineEvent, view: View): Promise<Explanation> {
  const decision = await decide(policySet, event, view);
  return {
    decision,
    policies: await policiesFor(policySet, event, view),
    flips: await flipsOf(policySet, event, view, decision),
  };
}

/** How the alert policies judged an event whose decision was recorded, as far as the decision tells. */
export function recordedPolicies(
  { alertPolicies }: PolicySet,
  { reasons }: Decision,
): readonly ExplainedPolicy[] {
  return reasons.flatMap(({ code, policy: name, evidence }) => {
    const policy = alertPolicies.find((one) => one.name === name);
    if (policy === undefined || evidence === undefined) return [];
    const condition = explainedBy(policy.when.tree, evidence);
    const { file, line } = policy.origin;
    const missing = condition === null ? Infinity : turnsTo(condition, true).length;
    return [{ policy: policy.name, file, line, selects: code !== 'not-selected', condition, missing }];
  });
}

/** How an event stands to the alert policies; none for what is no firing alert of an active server. */
async function policiesFor(
  policySet: PolicySet,
  event: EngineEvent,
  view: View,
): Promise<readonly ExplainedPolicy[]> {
  const lookup = findServer(policySet, view, event.server);
  if (event.kind !== 'alert' || event.status !== 'firing' || lookup.found !== 'active') return [];
  return explainAlert(policySet, lookup.server, event);
}
