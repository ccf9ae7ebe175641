import type { AlertPolicy, PolicySet } from '../engine/policy-set.js';
import type { CheckFinding } from './finding.js';
import type { Governed } from './governance.js';
import { canHold, implies } from './truth.js';

/**
 * AlertPolicies that never order a snapshot, since one that goes before always may when they may. One that only
 * observes is left alone: it is there to be counted, and is.
 */
export function checkAlerts(
  { alertPolicies }: PolicySet,
  servers: readonly Governed[],
): readonly CheckFinding[] {
  const enforced = alertPolicies.filter(({ mode }) => mode === 'enforce');
  return enforced.flatMap((policy, index) => {
    const selected = servers.filter(({ alerts }) => alerts.includes(policy));
    // What never holds implies everything; that it never holds is found by itself.
    if (selected.length === 0 || canHold(policy.when.tree) === false) return [];
    const before = enforced
      .slice(0, index)
      .find((one) => selected.every(({ alerts }) => alerts.includes(one)) && alwaysMay(one, policy));
    return before === undefined ? [] : [shadowed(policy, before)];
  });
}

/** Whether the one that goes first may order whenever the other may. */
function alwaysMay(first: AlertPolicy, other: AlertPolicy): boolean {
  return (
    isReachedBefore(first, other) &&
    isCoolOnlyWith(first, other) &&
    implies(other.when.tree, first.when.tree) === true
  );
}

/** What matches the other matches the first too, so it has counted as many by then, if it looks as far back. */
function isReachedBefore({ repeated: first }: AlertPolicy, { repeated: other }: AlertPolicy): boolean {
  return first.times === 1 || (first.times <= other.times && first.withinMs >= other.withinMs);
}

/**
 * Cooling down goes by the name of the condition: under another name, the other orders while the first may not.
 * Not even a cooldown of nothing helps: an alert that arrives late is always inside of it.
 */
function isCoolOnlyWith(first: AlertPolicy, other: AlertPolicy): boolean {
  return first.condition === other.condition && first.snapshot.cooldownMs <= other.snapshot.cooldownMs;
}

function shadowed({ name, origin }: AlertPolicy, before: AlertPolicy): CheckFinding {
  return {
    code: 'ALERT_SHADOWED',
    severity: 'warning',
    origin,
    message: `${name} never orders a snapshot: whatever meets it meets ${before.name}, which goes before it`,
    hint: `raise its priority above ${before.priority}, narrow ${before.name}, or remove it`,
  };
}
