import type { Inventory } from '../../../src/engine/policy-set.js';
import type {
  DriveView,
  MachineView,
  MatchView,
  OperationView,
  OrderView,
  ServerView,
  SnapshotView,
  SymptomView,
  View,
} from '../../../src/engine/view.js';
import { initialView } from '../../../src/engine/world.js';
import { GiB, inventory } from './inventory.js';
import { at } from './time.js';

/** Changes to one row that is there already, found by its name. */
type Row<T extends { readonly name: string }> = Pick<T, 'name'> & Partial<T>;

interface Contents {
  /** What the rows are made from before they are changed. */
  readonly inventory?: Inventory;
  readonly servers?: readonly Row<ServerView>[];
  readonly machines?: readonly Row<MachineView>[];
  readonly drives?: readonly Row<DriveView>[];
  readonly snapshots?: readonly SnapshotView[];
  readonly matches?: readonly MatchView[];
  readonly symptoms?: readonly SymptomView[];
  readonly orders?: readonly OrderView[];
  readonly operations?: readonly OperationView[];
}

/** The world of the inventory in which nothing has happened yet, but for what is said here. */
export function view({ inventory: declared = inventory(), ...contents }: Contents = {}): View {
  const initial = initialView(declared);
  return {
    ...initial,
    servers: changed(initial.servers, contents.servers ?? []),
    machines: changed(initial.machines, contents.machines ?? []),
    drives: changed(initial.drives, contents.drives ?? []),
    snapshots: contents.snapshots ?? [],
    matches: contents.matches ?? [],
    symptoms: contents.symptoms ?? [],
    orders: contents.orders ?? [],
    operations: contents.operations ?? [],
  };
}

function changed<T extends { readonly name: string }>(rows: readonly T[], changes: readonly Row<T>[]): T[] {
  for (const { name } of changes) {
    if (!rows.some((row) => row.name === name)) throw new Error(`the inventory of this test has no ${name}`);
  }
  return rows.map((row) => ({ ...row, ...changes.find(({ name }) => name === row.name) }));
}

/** A complete scheduled snapshot of `web-1`; its generation is the number in its id, and it was taken that long after noon. */
export function snapshot(id: string, drive: string, more: Partial<SnapshotView> = {}): SnapshotView {
  const generation = more.generation ?? Number(/\d+/.exec(id)?.[0] ?? 1);
  return {
    id,
    server: 'web-1',
    generation,
    kind: 'scheduled',
    condition: 'scheduled',
    cause: 'unknown',
    drive,
    takenAt: at(generation),
    memoryBytes: 4 * GiB,
    diskBytes: GiB,
    state: 'complete',
    checksum: 'sha256:1',
    verified: 'ok',
    pinned: false,
    ...more,
  };
}

/** `overheating` of `web-1`, met at noon. */
export function symptom(more: Partial<SymptomView> = {}): SymptomView {
  const policy = more.policy ?? 'overheating';
  const firstAt = more.firstAt ?? at(0);
  return {
    server: 'web-1',
    condition: policy,
    cause: 'hardware',
    policy,
    firstAt,
    lastAt: firstAt,
    met: true,
    ...more,
  };
}

/** An alert on `web-1` matched the policy `overheating` so many minutes after noon. */
export function match(minutes: number, more: Partial<MatchView> = {}): MatchView {
  const policy = more.policy ?? 'overheating';
  return {
    event: `earlier-${minutes}`,
    server: 'web-1',
    policy,
    digest: `digest of ${policy}`,
    at: at(minutes),
    ...more,
  };
}
