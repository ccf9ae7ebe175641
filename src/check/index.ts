import type { PolicySet } from '../engine/policy-set.js';
import { compareText } from '../engine/world.js';
import { checkAlerts } from './alerts.js';
import { checkConditions } from './conditions.js';
import type { CheckFinding } from './finding.js';
import { analyseFailures, type Analysis } from './failures/analyse.js';
import { type FailureFinding, failureFindings } from './failures/findings.js';
import { governance } from './governance.js';
import { checkPolicies } from './policies.js';
import { checkServer } from './servers.js';

export type { CheckFinding } from './finding.js';
export { counterExample } from './failures/counter-example.js';
export type { FailureFinding } from './failures/findings.js';
export type { Analysis } from './failures/analyse.js';

/** What a policy set does not do, and what failures come to under it. */
export interface Checked {
  /** By file and line; equal sets give equal findings. */
  readonly findings: readonly (CheckFinding | FailureFinding)[];
  readonly analysis: Analysis;
}

/**
 * Looks at a policy set of which every document is right: as a whole, and for every single failure.
 *
 * @param pairs how many pairs of failures may be looked at as well.
 */
export async function check(
  policySet: PolicySet,
  options: { readonly pairs?: number } = {},
): Promise<Checked> {
  const servers = governance(policySet);
  const analysis = await analyseFailures(policySet, servers, options);
  return { findings: inOrder([...checkPolicySet(policySet), ...failureFindings(analysis)]), analysis };
}

/**
 * What is wrong with a policy set of which every document is right: policies that can never do anything, and
 * servers that no policy keeps. By file and line; equal sets give equal findings.
 */
export function checkPolicySet(set: PolicySet): readonly CheckFinding[] {
  const servers = governance(set);
  return inOrder([
    ...servers.flatMap(checkServer),
    ...checkPolicies(set, servers),
    ...checkConditions(set),
    ...checkAlerts(set, servers),
  ]);
}

function inOrder<F extends CheckFinding>(findings: readonly F[]): readonly F[] {
  return findings.toSorted(
    (a, b) =>
      compareText(a.origin.file, b.origin.file) ||
      a.origin.line - b.origin.line ||
      compareText(a.code, b.code),
  );
}
