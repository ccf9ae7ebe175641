import type { Machine, PolicySet } from '../../engine/policy-set.js';
import { selects } from '../../engine/world.js';

/**
 * The part of a policy set that can have a say in what becomes of one server: decisions about it are the same under
 * the part as under the whole, and take a fraction of the time.
 */
export function surroundingsOf(policySet: PolicySet, server: Machine): PolicySet {
  const { inventory } = policySet;
  const reached = new Set(server.reaches);
  const drives = new Map(
    [...inventory.drives].filter(([name, { device }]) => reached.has(device) || name === server.disk),
  );
  const machines = new Map(
    [...inventory.machines].filter(
      ([name, { role, reaches }]) =>
        name === server.name || (role === 'backup' && reaches.some((device) => reached.has(device))),
    ),
  );
  const selecting = <P extends { readonly servers: Readonly<Record<string, string>> }>(
    policies: readonly P[],
  ): readonly P[] => policies.filter((policy) => selects(policy.servers, server));
  return {
    ...policySet,
    alertPolicies: selecting(policySet.alertPolicies),
    schedulePolicies: selecting(policySet.schedulePolicies),
    restartPolicies: selecting(policySet.restartPolicies),
    inventory: { ...inventory, drives, machines },
  };
}
