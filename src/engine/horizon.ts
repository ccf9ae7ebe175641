import type { PolicySet } from './policy-set.js';

/** How long matches and symptoms can matter to any policy of the set. */
export function memoryHorizonMs(policySet: PolicySet): number {
  return Math.max(
    0,
    ...policySet.alertPolicies.map((policy) => policy.repeated.withinMs),
    ...policySet.restartPolicies.map((policy) => policy.symptomsWithinMs),
  );
}
