import type { PolicySet } from '../engine/policy-set.js';
import { checkAlerts } from './alerts.js';
import { checkConditions } from './conditions.js';
import type { CheckFinding } from './finding.js';
import { governance } from './governance.js';
import { checkPolicies } from './policies.js';
import { checkServer } from './servers.js';

export type { CheckFinding } from './finding.js';

/**
 * What is wrong with a policy set of which every document is right: policies that can never do anything, and
 * servers that no policy keeps. By file and line; equal sets give equal findings.
 */
export function checkPolicySet(set: PolicySet): readonly CheckFinding[] {
  const servers = governance(set);
  return [
    ...servers.flatMap(checkServer),
    ...checkPolicies(set, servers),
    ...checkConditions(set),
    ...checkAlerts(set, servers),
  ].toSorted(
    (a, b) =>
      compare(a.origin.file, b.origin.file) || a.origin.line - b.origin.line || compare(a.code, b.code),
  );
}

/** By code units: the same order on every machine. */
function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
