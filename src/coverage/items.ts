import type { Kind } from '../engine/documents/kinds.js';
import { formatPath, type Path, valueAt } from '../engine/documents/place.js';
import { positionOf } from '../engine/documents/problems.js';
import type { Checked } from '../engine/documents/structure.js';
import { writtenConditions } from '../engine/documents/written-conditions.js';
import type { PolicySet, RestartPolicy } from '../engine/policy-set.js';

/** Something in the policies that a scenario can show at work. */
export interface Item {
  /** Equal for equal things: how what was seen is found again. */
  readonly key: string;
  readonly kind: 'policy' | 'comparison' | 'branch';
  readonly file: string;
  /** Line and column are 1-based. */
  readonly line: number;
  readonly column: number;
  /** Kind and name: `AlertPolicy overheating`. */
  readonly policy: string;
  /** What was not seen, when nothing showed it. */
  readonly never: string;
}

/** The keys under which what was seen is written down. */
export const key = {
  policy: (kind: Kind, name: string) => `${kind} ${name}`,
  comparison: (kind: Kind, name: string, path: string, index: number, held: boolean) =>
    `${kind} ${name} ${path} ${index} ${held}`,
  rule: (policy: string, index: number) => `RestartPolicy ${policy} rule ${index}`,
  coldBoot: (policy: string) => `RestartPolicy ${policy} cold boot`,
  never: (policy: string) => `RestartPolicy ${policy} never`,
};

/** Everything in the documents that a scenario can show at work, in the order in which a person reads it. */
export function itemsOf(documents: readonly Checked[], set: PolicySet): readonly Item[] {
  return documents.flatMap((document) => {
    const { kind } = document.body;
    if (kind === 'Inventory' || kind === 'Scenario') return [];
    return [policyItem(document), ...comparisonItems(document), ...branchItems(document, set)];
  });
}

const NEVER_ACTS: Readonly<Partial<Record<Kind, string>>> = {
  AlertPolicy: 'never orders a snapshot',
  SchedulePolicy: 'never orders a snapshot',
  PlacementPolicy: 'never places a snapshot',
  RestartPolicy: 'never restarts a server',
};

function policyItem(document: Checked): Item {
  const { kind, metadata } = document.body;
  return {
    ...at(document, ['metadata', 'name']),
    kind: 'policy',
    key: key.policy(kind, metadata.name),
    never: NEVER_ACTS[kind] ?? 'is never used',
  };
}

function comparisonItems(document: Checked): readonly Item[] {
  const { kind, metadata } = document.body;
  return writtenConditions(document).flatMap(({ path, comparisons }) =>
    comparisons.flatMap((comparison, index) =>
      [true, false].map((held): Item => ({
        ...at(document, comparison),
        kind: 'comparison',
        key: key.comparison(kind, metadata.name, formatPath(path), index, held),
        never: `${inWords(valueAt(document.yaml.data, comparison))} is never ${held ? 'met' : 'unmet'}`,
      })),
    ),
  );
}

function inWords(comparison: unknown): string {
  const part = (name: string): string => String(valueAt(comparison, [name]));
  return `${part('fact')} ${part('path')} ${part('operator')} ${JSON.stringify(valueAt(comparison, ['value']))}`;
}

/** The ways that a restart policy leaves open. */
function branchItems(document: Checked, set: PolicySet): readonly Item[] {
  const { kind, metadata } = document.body;
  const policy = kind === 'RestartPolicy' ? restartPolicy(set, metadata.name) : undefined;
  if (policy === undefined) return [];
  const branch = (path: Path, keyed: string, never: string): Item => ({
    ...at(document, path),
    kind: 'branch',
    key: keyed,
    never,
  });
  return [
    ...policy.snapshots.map(({ condition }, index) =>
      branch(
        ['spec', 'snapshots', index],
        key.rule(policy.name, index),
        `nothing is ever woken by snapshots[${index}] (${condition})`,
      ),
    ),
    ...(policy.never.length === 0
      ? []
      : [branch(['spec', 'never'], key.never(policy.name), 'never keeps a snapshot from being woken')]),
    ...(policy.coldBoot === 'never'
      ? []
      : [branch(['spec', 'coldBoot'], key.coldBoot(policy.name), 'nothing is ever booted cold')]),
  ];
}

function restartPolicy({ restartPolicies }: PolicySet, name: string): RestartPolicy | undefined {
  return restartPolicies.find((policy) => policy.name === name);
}

function at({ yaml, body }: Checked, path: Path): Pick<Item, 'file' | 'line' | 'column' | 'policy'> {
  return {
    file: yaml.source.file,
    ...positionOf(yaml, path),
    policy: `${body.kind} ${body.metadata.name}`,
  };
}
