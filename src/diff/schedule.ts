import type { Decision } from '../engine/decision.js';
import { decisionId } from '../engine/decide.js';
import type { ScheduleEvent } from '../engine/event.js';
import type { PolicySet, SchedulePolicy } from '../engine/policy-set.js';
import { reason } from '../engine/reason.js';
import { selects } from '../engine/world.js';

/** What a recorded schedule event is under a policy set that may have other schedules than the recorded ones. */
export type Due =
  | { readonly due: true; readonly event: ScheduleEvent }
  /** The policy is there, and is not for this server any more: the event would not have come. */
  | { readonly due: false; readonly decision: Decision };

/**
 * A schedule event names its policy. Under a set that has renamed the policy, or split it by servers, the event
 * would have come from the new one: one that the other set has not, for the same server, condition and times.
 */
export function underSchedules(policySet: PolicySet, other: PolicySet, event: ScheduleEvent): Due {
  const named = policySet.schedulePolicies.find(({ name }) => name === event.policy);
  if (named && isFor(policySet, named, event)) return { due: true, event };
  const former = named ?? other.schedulePolicies.find(({ name }) => name === event.policy);
  const known = new Set(other.schedulePolicies.map(({ name }) => name));
  const heir = policySet.schedulePolicies.find(
    (policy) =>
      former && !known.has(policy.name) && succeeds(policy, former) && isFor(policySet, policy, event),
  );
  if (heir) return { due: true, event: { ...event, policy: heir.name } };
  return named ? { due: false, decision: notDue(policySet, named, event) } : { due: true, event };
}

function succeeds(policy: SchedulePolicy, former: SchedulePolicy): boolean {
  return (
    policy.condition === former.condition && JSON.stringify(policy.timing) === JSON.stringify(former.timing)
  );
}

/** A server that the inventory does not have is for the engine to find. */
function isFor({ inventory }: PolicySet, policy: SchedulePolicy, { server }: ScheduleEvent): boolean {
  const identity = inventory.machines.get(server);
  return identity === undefined || selects(policy.servers, identity);
}

function notDue(
  policySet: PolicySet,
  policy: SchedulePolicy,
  { id, at, kind, server }: ScheduleEvent,
): Decision {
  return {
    id: decisionId(id),
    at,
    event: { kind, id, server },
    policyRevision: policySet.revision,
    outcome: 'none',
    mode: 'enforce',
    reasons: [reason('not-selected', policy, { text: `the policy does not select ${server}` })],
    remember: { matches: [], symptoms: [], closed: [], orders: [] },
  };
}
