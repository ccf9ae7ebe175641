import type { TopLevelCondition } from 'json-rules-engine';
import { compileCondition } from '../../../src/engine/condition.js';
import type {
  AlertPolicy,
  Inventory,
  PlacementPolicy,
  PolicySet,
  RestartPolicy,
  SchedulePolicy,
  SnapshotRule,
} from '../../../src/engine/policy-set.js';
import { inventory } from './inventory.js';
import { HOUR, MINUTE, SECOND } from './time.js';

export interface Comparison {
  readonly fact: string;
  readonly path: string;
  readonly operator: string;
  readonly value: unknown;
}

export function compares(fact: string, path: string, operator: string, value: unknown): Comparison {
  return { fact, path, operator, value };
}

/** The alert has this label with this value. */
export function label(name: string, value: string): Comparison {
  return compares('alert', `$.labels.${name}`, 'equal', value);
}

/** The alert measured at least this. */
export function measured(value: number): Comparison {
  return compares('alert', '$.value', 'greaterThanInclusive', value);
}

interface AlertPolicySettings extends Partial<Omit<AlertPolicy, 'when' | 'snapshot'>> {
  readonly when?: TopLevelCondition;
  readonly placement?: string;
  readonly cooldownMs?: number;
  readonly deadlineMs?: number;
}

/** Met by the first alert with the label `alertname: TooHot`; at most one snapshot in ten minutes. */
export function alertPolicy(settings: AlertPolicySettings = {}): AlertPolicy {
  const {
    when,
    placement = 'spread',
    cooldownMs = 10 * MINUTE,
    deadlineMs = 60 * SECOND,
    ...rest
  } = settings;
  const name = rest.name ?? 'overheating';
  return {
    name,
    origin: { file: `${name}.yaml`, line: 4 },
    priority: 100,
    servers: {},
    when: compileCondition(when ?? { all: [label('alertname', 'TooHot')] }),
    repeated: { times: 1, withinMs: 0 },
    condition: name,
    cause: 'hardware',
    snapshot: { placement, cooldownMs, deadlineMs },
    mode: 'enforce',
    digest: `digest of ${name}`,
    ...rest,
  };
}

/** Due every fifteen minutes. */
export function schedulePolicy(settings: Partial<SchedulePolicy> = {}): SchedulePolicy {
  const name = settings.name ?? 'quarterly';
  return {
    name,
    origin: { file: `${name}.yaml`, line: 4 },
    servers: {},
    timing: { everyMs: 15 * MINUTE },
    condition: 'scheduled',
    snapshot: { placement: 'spread', deadlineMs: 60 * SECOND },
    ...settings,
  };
}

interface PlacementSettings extends Partial<Omit<PlacementPolicy, 'require' | 'retain'>> {
  readonly require?: TopLevelCondition;
  readonly retain?: Partial<PlacementPolicy['retain']>;
}

/** Wants nothing beyond the law; keeps three scheduled snapshots, two additional, one after a takeover, three manual. */
export function placementPolicy({ require, retain, ...settings }: PlacementSettings = {}): PlacementPolicy {
  const name = settings.name ?? 'spread';
  return {
    name,
    origin: { file: `${name}.yaml`, line: 4 },
    require: require ? compileCondition(require) : null,
    apartFrom: null,
    prefer: [],
    retain: { scheduled: 3, additional: 2, 'after-takeover': 1, manual: 3, ...retain },
    ...settings,
  };
}

export function rule(condition: string, more: Partial<SnapshotRule> = {}): SnapshotRule {
  return { condition, newest: true, maxAgeMs: null, before: null, ...more };
}

interface RestartPolicySettings extends Partial<Omit<RestartPolicy, 'backups' | 'guard'>> {
  readonly requireOfBackups?: TopLevelCondition;
  readonly preferBackups?: readonly { readonly weight: number; readonly when: TopLevelCondition }[];
  readonly guard?: Partial<RestartPolicy['guard']>;
}

/** The newest snapshot of the condition that announced the failure, else the newest of all. No cold boot, no guard. */
export function restartPolicy(settings: RestartPolicySettings = {}): RestartPolicy {
  const { requireOfBackups, preferBackups = [], guard, ...rest } = settings;
  const name = rest.name ?? 'web';
  return {
    name,
    origin: { file: `${name}.yaml`, line: 4 },
    priority: 100,
    servers: {},
    snapshots: [rule('matching'), rule('any')],
    never: [],
    coldBoot: 'never',
    standby: 'none',
    symptomsWithinMs: HOUR,
    backups: {
      require: requireOfBackups ? compileCondition(requireOfBackups) : null,
      prefer: preferBackups.map(({ weight, when }) => ({ weight, when: compileCondition(when) })),
    },
    sequence: {
      fence: { timeoutMs: 30 * SECOND, attempts: 3 },
      connect: { timeoutMs: 20 * SECOND, attempts: 2 },
      start: { timeoutMs: 2 * MINUTE, attempts: 1 },
      verify: { heartbeatWithinMs: 60 * SECOND },
    },
    afterTakeover: 'snapshot',
    placement: 'spread',
    guard: { maxConcurrent: 2, minHealthy: 0, cooldownMs: 0, ...guard },
    budget: { maxLossMs: null, maxRestartMs: null },
    mode: 'enforce',
    ...rest,
  };
}

interface Policies {
  readonly alerts?: readonly AlertPolicy[];
  readonly schedules?: readonly SchedulePolicy[];
  readonly placements?: readonly PlacementPolicy[];
  readonly restarts?: readonly RestartPolicy[];
  readonly inventory?: Inventory;
}

/** One policy of each kind unless told otherwise, in the order in which the loader puts them. */
export function policySet(policies: Policies = {}): PolicySet {
  const placements = policies.placements ?? [placementPolicy()];
  return {
    revision: 'sha256:0',
    alertPolicies: (policies.alerts ?? [alertPolicy()]).toSorted(byPriority),
    schedulePolicies: policies.schedules ?? [schedulePolicy()],
    placementPolicies: new Map(placements.map((policy) => [policy.name, policy])),
    restartPolicies: (policies.restarts ?? [restartPolicy()]).toSorted(byPriority),
    inventory: policies.inventory ?? inventory(),
    scenarios: [],
  };
}

interface Ranked {
  readonly priority: number;
  readonly name: string;
}

function byPriority(a: Ranked, b: Ranked): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : 1);
}
