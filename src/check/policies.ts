import type { PolicySet, RestartPolicy, SnapshotRule } from '../engine/policy-set.js';
import { spoken } from '../engine/reason.js';
import { checkAges } from './ages.js';
import type { CheckFinding } from './finding.js';
import { type Governed, recording } from './governance.js';

/** Words of a RestartPolicy that stand for conditions and name none. */
const NOT_A_NAME: ReadonlySet<string> = new Set(['matching', 'any']);
/** What is recorded without a policy that names it. */
const ALWAYS_RECORDED: ReadonlySet<string> = new Set(['after-takeover']);

/** Policies, or parts of them, that can never do anything. */
export function checkPolicies(set: PolicySet, servers: readonly Governed[]): readonly CheckFinding[] {
  return [
    ...selectNobody(set, servers),
    ...shadowed(set, servers),
    ...unusedPlacements(set),
    ...set.restartPolicies.flatMap((policy) => checkChain(policy, servers)),
  ];
}

function selectNobody(set: PolicySet, servers: readonly Governed[]): readonly CheckFinding[] {
  const selecting = new Set(
    servers.flatMap(({ restarts, alerts, schedules }) => [...restarts, ...alerts, ...schedules]),
  );
  return [...set.alertPolicies, ...set.schedulePolicies, ...set.restartPolicies]
    .filter((policy) => !selecting.has(policy))
    .map(({ name, origin }) => ({
      code: 'SELECTOR_EMPTY',
      severity: 'warning',
      origin,
      message: `${name} selects no active server of the inventory, so it never does anything`,
      hint: 'compare its servers with the labels in the inventory',
    }));
}

function shadowed(set: PolicySet, servers: readonly Governed[]): readonly CheckFinding[] {
  return set.restartPolicies.flatMap((policy) => {
    const selected = servers.filter(({ restarts }) => restarts.includes(policy));
    const [before] = selected[0]?.restarts ?? [];
    if (before === undefined || selected.some(({ restarts }) => restarts[0] === policy)) return [];
    return [
      {
        code: 'RESTART_SHADOWED',
        severity: 'error',
        origin: policy.origin,
        message: `${policy.name} governs no server: each that it selects is governed by one that goes before it, as ${selected[0]?.server.name ?? ''} by ${before.name}`,
        hint: 'raise its priority, narrow the other, or remove it',
      } as const,
    ];
  });
}

function unusedPlacements(set: PolicySet): readonly CheckFinding[] {
  const used = new Set([
    ...[...set.alertPolicies, ...set.schedulePolicies].map(({ snapshot }) => snapshot.placement),
    ...set.restartPolicies.map(({ placement }) => placement),
  ]);
  return [...set.placementPolicies.values()]
    .filter(({ name }) => !used.has(name))
    .map(({ name, origin }) => ({
      code: 'PLACEMENT_UNUSED',
      severity: 'warning',
      origin,
      message: `no policy places snapshots by ${name}`,
      hint: 'name it as the placement of a policy, or remove it',
    }));
}

/** The links of the fallback chain, against what is ever recorded for the servers that it governs. */
function checkChain(policy: RestartPolicy, servers: readonly Governed[]): readonly CheckFinding[] {
  const governed = servers.filter(({ restarts }) => restarts[0] === policy);
  if (governed.length === 0) return [];
  const links = policy.snapshots.flatMap((rule, index) => {
    if (NOT_A_NAME.has(rule.condition) || ALWAYS_RECORDED.has(rule.condition)) return [];
    return [
      ...unrecorded(policy, { rule, index }, governed),
      ...belowInterval(policy, { rule, index }, governed),
    ];
  });
  return [...links, ...checkAges(policy, governed)];
}

interface Link {
  readonly rule: SnapshotRule;
  readonly index: number;
}

function unrecorded(
  { name, origin }: RestartPolicy,
  { rule: { condition }, index }: Link,
  governed: readonly Governed[],
): readonly CheckFinding[] {
  if (governed.some((one) => recording(one).some((policy) => policy.condition === condition))) return [];
  return [
    {
      code: 'CONDITION_UNRECORDED',
      severity: 'warning',
      origin,
      message: `${name}: snapshots[${index}] asks for the condition ${condition}, which no policy that enforces records for a server that ${name} governs`,
      hint: 'name a condition of an AlertPolicy or SchedulePolicy; as it stands only an order of an operator can record it',
    },
  ];
}

/** With a limit below the interval the link finds nothing for a part of every interval. */
function belowInterval(
  { name, origin }: RestartPolicy,
  { rule: { condition, maxAgeMs }, index }: Link,
  governed: readonly Governed[],
): readonly CheckFinding[] {
  const sources = governed.flatMap((one) =>
    recording(one).filter((policy) => policy.condition === condition),
  );
  const intervals = sources.flatMap((source) =>
    'timing' in source && 'everyMs' in source.timing ? [source.timing.everyMs] : [],
  );
  const shortest = Math.min(...intervals);
  if (maxAgeMs === null || intervals.length === 0 || intervals.length < sources.length) return [];
  if (maxAgeMs >= shortest) return [];
  return [
    {
      code: 'MAX_AGE_BELOW_INTERVAL',
      severity: 'warning',
      origin,
      message: `${name}: snapshots[${index}] takes ${condition} of at most ${spoken(maxAgeMs)}, but it is recorded only every ${spoken(shortest)}: for part of the time there is none`,
      hint: 'raise maxAge to the interval and what a snapshot takes, or take snapshots more often',
    },
  ];
}
