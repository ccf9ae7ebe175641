import type { Inventory, Origin, PolicySet } from '../engine/policy-set.js';
import type { View } from '../engine/view.js';
import type { ServiceStatus } from './administration.js';

type Identity = Omit<ServiceStatus['servers'][number], 'name'>;

/** An entry under `servers` of the inventory, with its hardware and what runs on it. */
export interface ServerEntry {
  readonly name: string;
  readonly role: 'active' | 'backup';
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  readonly reaches: readonly string[];
  /** With role `active`: the server that clients know by this name, wherever it runs. */
  readonly identity: Identity | null;
  readonly machine: {
    readonly state: View['machines'][number]['state'] | null;
    readonly reservedBy: string | null;
    /** The server that runs on it. */
    readonly runs: string | null;
  };
}

export function serverEntries(
  inventory: Inventory,
  status: ServiceStatus,
  view: View,
): readonly ServerEntry[] {
  const entries = [...inventory.machines.values()].map((machine) => {
    const { name, role, labels, memoryBytes, reaches } = machine;
    const hardware = view.machines.find((one) => one.name === name);
    return {
      name,
      role,
      labels,
      memoryBytes,
      reaches,
      identity: identityOf(status, name),
      machine: {
        state: hardware?.state ?? null,
        reservedBy: hardware?.reservedBy ?? null,
        runs: view.servers.find((server) => server.machine === name)?.name ?? null,
      },
    };
  });
  return entries.sort(byName);
}

function identityOf(status: ServiceStatus, server: string): Identity | null {
  const found = status.servers.find(({ name }) => name === server);
  if (found === undefined) return null;
  const { state, machine, disk, snapshots, newestSnapshotAt, lastHeartbeatAt } = found;
  return { state, machine, disk, snapshots, newestSnapshotAt, lastHeartbeatAt };
}

/** A document of the policy set and where it is written. */
export interface PolicyEntry {
  readonly kind:
    'AlertPolicy' | 'Inventory' | 'PlacementPolicy' | 'RestartPolicy' | 'Scenario' | 'SchedulePolicy';
  readonly name: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

export function policyEntries(policySet: PolicySet): readonly PolicyEntry[] {
  return [
    ...entriesOf('AlertPolicy', policySet.alertPolicies),
    ...entriesOf('Inventory', [policySet.inventory]),
    ...entriesOf('PlacementPolicy', policySet.placementPolicies.values()),
    ...entriesOf('RestartPolicy', policySet.restartPolicies),
    ...entriesOf('Scenario', policySet.scenarios),
    ...entriesOf('SchedulePolicy', policySet.schedulePolicies),
  ];
}

function entriesOf(
  kind: PolicyEntry['kind'],
  documents: Iterable<{ readonly name: string; readonly origin: Origin }>,
): readonly PolicyEntry[] {
  return [...documents]
    .map(({ name, origin }) => ({ kind, name, file: origin.file, line: origin.line }))
    .sort(byName);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
