import type { PolicySet } from './policy-set.js';
import { planRestart } from './restart.js';
import type { Instant } from './time.js';
import type { View } from './view.js';
import { findServer, selects } from './world.js';

/** A backup that is to hold a snapshot ready, in case that a server fails. */
export interface StandbyPlan {
  readonly server: string;
  readonly backup: string;
  readonly snapshot: string;
  readonly drive: string;
}

/**
 * What each server would be woken from, and where, if it failed at this instant: the very choice of a restart,
 * but for the guards against storms, which only a failure can meet. A backup holds one snapshot, so servers come
 * by the priority of their policy and then by name, and a later one gets its next choice. A server that has
 * failed still counts: whoever restarts it is to find what was held ready for that.
 */
export async function planStandby(
  policySet: PolicySet,
  view: View,
  at: Instant,
): Promise<readonly StandbyPlan[]> {
  const plans: StandbyPlan[] = [];
  const taken = new Set<string>();
  for (const server of armedServers(policySet, view)) {
    const lookup = findServer(policySet, view, server);
    if (lookup.found !== 'active') continue;
    const supposed = {
      kind: 'restart-order',
      id: 'standby',
      at,
      server,
      by: 'standby',
      reason: 'standby',
    } as const;
    const { plan } = await planRestart(policySet, view, lookup.server, supposed);
    for (const { snapshot, drive, backup } of plan?.attempts ?? []) {
      if (snapshot === null || taken.has(backup)) continue;
      taken.add(backup);
      plans.push({ server, backup, snapshot, drive });
      break;
    }
  }
  return plans;
}

/** Servers whose policy asks for it, in the order in which they choose. */
function armedServers(policySet: PolicySet, view: View): readonly string[] {
  const { restartPolicies, inventory } = policySet;
  const governed = view.servers.flatMap(({ name }) => {
    const identity = inventory.machines.get(name);
    const place = restartPolicies.findIndex((policy) => identity && selects(policy.servers, identity));
    const policy = restartPolicies[place];
    return policy?.standby === 'armed' && policy.mode === 'enforce' ? [{ name, place }] : [];
  });
  return governed.toSorted((a, b) => a.place - b.place).map(({ name }) => name);
}
