import { comparisonsIn, type Comparison, type Condition } from '../../engine/condition.js';
import type { Inventory, Machine, PolicySet } from '../../engine/policy-set.js';
import { compareText } from '../../engine/world.js';

/** Something that fails, with all that fails with it. */
export interface Failure {
  readonly kind: FailureKind;
  /** In words, for people: `drive d1`, `feed=left`. */
  readonly subject: string;
  readonly machines: ReadonlySet<string>;
  readonly drives: ReadonlySet<string>;
  readonly paths: readonly Path[];
}

export type FailureKind = 'server' | 'drive' | 'device' | 'domain' | 'path' | 'pair';

/** What a machine reaches a device through. */
interface Path {
  readonly machine: string;
  readonly device: string;
}

/**
 * Every single failure that the inventory knows of: each machine, drive and device, each value of a label that the
 * policies take for a failure domain, and each path. Equal sets give equal lists.
 */
export function singleFailures(policySet: PolicySet): readonly Failure[] {
  const { inventory } = policySet;
  const machines = byName(inventory.machines.values());
  const drives = byName(inventory.drives.values());
  return [
    ...machines.map(({ name }) => failure('server', `server ${name}`, { machines: [name] })),
    ...drives.map(({ name }) => failure('drive', `drive ${name}`, { drives: [name] })),
    ...byName(inventory.devices.values()).map(({ name }) =>
      failure('device', `device ${name}`, {
        drives: drives.filter(({ device }) => device === name).map((drive) => drive.name),
      }),
    ),
    ...domainLabels(policySet).flatMap((label) => domainsOf(inventory, label)),
    ...machines.flatMap((machine) => machine.reaches.map((device) => pathFailure(machine, device))),
  ];
}

/** Both at the same time. */
export function pairOf(first: Failure, second: Failure): Failure {
  return {
    kind: 'pair',
    subject: `${first.subject} and ${second.subject}`,
    machines: new Set([...first.machines, ...second.machines]),
    drives: new Set([...first.drives, ...second.drives]),
    paths: [...first.paths, ...second.paths],
  };
}

/** True when the server does not run on: its machine, its disk or the path between the two has failed. */
export function strikes(
  { machines, drives, paths }: Failure,
  server: Machine,
  { drives: known }: Inventory,
): boolean {
  return machines.has(server.name) || losesDisk({ drives, paths }, server, known);
}

/** True when nothing can be started from the disk of the server. */
export function losesDisk(
  { drives, paths }: Pick<Failure, 'drives' | 'paths'>,
  { name, disk }: Machine,
  known: Inventory['drives'],
): boolean {
  if (disk === null) return false;
  const device = known.get(disk)?.device;
  return drives.has(disk) || paths.some((path) => path.machine === name && path.device === device);
}

/**
 * Labels by which policies keep things apart: what `apartFrom` names, and what a condition compares with the same
 * label of the server.
 */
function domainLabels({ placementPolicies, restartPolicies }: PolicySet): readonly string[] {
  const placements = [...placementPolicies.values()];
  const conditions = [
    ...placements.flatMap(({ require, prefer }) => [
      require,
      ...prefer.map((one) => ('when' in one ? one.when : null)),
    ]),
    ...restartPolicies.flatMap(({ backups }) => [backups.require, ...backups.prefer.map(({ when }) => when)]),
  ];
  return [
    ...new Set([
      ...placements.flatMap(({ apartFrom }) => apartFrom ?? []),
      ...conditions.flatMap((condition) => comparedLabels(condition)),
    ]),
  ].toSorted(compareText);
}

function comparedLabels(condition: Condition | null): readonly string[] {
  if (condition === null) return [];
  return comparisonsIn(condition.tree).flatMap((comparison) => {
    const label = labelAt(comparison);
    return label !== null && isSameLabelOfServer(comparison) ? [label] : [];
  });
}

function labelAt({ path }: Pick<Comparison, 'path'>): string | null {
  return /^\$\.labels\.([\w-]+)$/.exec(path)?.[1] ?? null;
}

function isSameLabelOfServer({ path, value }: Comparison): boolean {
  if (typeof value !== 'object' || value === null || !('fact' in value) || !('path' in value)) return false;
  return value.fact === 'server' && value.path === path;
}

/** All that has the label with one value fails together. */
function domainsOf({ machines, devices, drives }: Inventory, label: string): readonly Failure[] {
  const things = [...machines.values(), ...devices.values(), ...drives.values()];
  const values = new Set(things.flatMap(({ labels }) => labels[label] ?? []));
  const having = <T extends { readonly name: string; readonly labels: Readonly<Record<string, string>> }>(
    all: Iterable<T>,
    value: string,
  ): readonly string[] => [...all].filter(({ labels }) => labels[label] === value).map(({ name }) => name);
  return [...values].toSorted(compareText).map((value) =>
    failure('domain', `${label}=${value}`, {
      machines: having(machines.values(), value),
      drives: having(drives.values(), value),
    }),
  );
}

function pathFailure({ name }: Machine, device: string): Failure {
  const path = { machine: name, device };
  return failure('path', `the path from ${name} to ${device}`, { paths: [path] });
}

function failure(
  kind: FailureKind,
  subject: string,
  {
    machines = [],
    drives = [],
    paths = [],
  }: {
    readonly machines?: readonly string[];
    readonly drives?: readonly string[];
    readonly paths?: readonly Path[];
  },
): Failure {
  return { kind, subject, machines: new Set(machines), drives: new Set(drives), paths };
}

function byName<T extends { readonly name: string }>(all: Iterable<T>): readonly T[] {
  return [...all].toSorted((a, b) => compareText(a.name, b.name));
}
