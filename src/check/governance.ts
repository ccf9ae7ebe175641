import type { AlertPolicy, Machine, PolicySet, RestartPolicy, SchedulePolicy } from '../engine/policy-set.js';
import { selects } from '../engine/world.js';

/** An active server with the policies that select it. */
export interface Governed {
  readonly server: Machine;
  /** In the order of precedence; the first governs. */
  readonly restarts: readonly RestartPolicy[];
  readonly alerts: readonly AlertPolicy[];
  readonly schedules: readonly SchedulePolicy[];
}

/** Every active server, with who selects it. */
export function governance({
  inventory,
  restartPolicies,
  alertPolicies,
  schedulePolicies,
}: PolicySet): readonly Governed[] {
  const active = [...inventory.machines.values()].filter(({ role }) => role === 'active');
  return active.map((server) => {
    const selecting = <P extends { readonly servers: RestartPolicy['servers'] }>(policies: readonly P[]) =>
      policies.filter((policy) => selects(policy.servers, server));
    return {
      server,
      restarts: selecting(restartPolicies),
      alerts: selecting(alertPolicies),
      schedules: selecting(schedulePolicies),
    };
  });
}

/** Policies that have snapshots taken of the server. One that only observes takes none. */
export function recording({ alerts, schedules }: Governed): readonly (AlertPolicy | SchedulePolicy)[] {
  return [...alerts.filter(({ mode }) => mode === 'enforce'), ...schedules];
}
