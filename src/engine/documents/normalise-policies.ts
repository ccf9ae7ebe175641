import { compileCondition } from '../condition.js';
import type { RestartSequence } from '../decision.js';
import type {
  AlertPolicy,
  DrivePreference,
  PlacementPolicy,
  RestartPolicy,
  Retention,
  SchedulePolicy,
  SnapshotRule,
} from '../policy-set.js';
import { DEFAULT_SCHEDULE_CONDITION, NAME_PATH } from './corpus.js';
import { digestOf } from './digest.js';
import type { Written } from './kinds.js';
import { milliseconds, originOf, share } from './normalise-values.js';
import type { Checked } from './structure.js';
import type { RootCondition } from './types.js';

/*
 * Every default of a policy, in one place. The schemas state the same defaults for editors; a test compares them.
 */

const DEFAULT_PRIORITY = 100;

function base(checked: Checked<'AlertPolicy' | 'SchedulePolicy' | 'PlacementPolicy' | 'RestartPolicy'>) {
  return { name: checked.body.metadata.name, origin: originOf(checked, NAME_PATH) };
}

export function toAlertPolicy(checked: Checked<'AlertPolicy'>): AlertPolicy {
  const { priority, servers = {}, when, repeated, condition, cause, snapshot, mode } = checked.body.spec;
  const counted = {
    times: repeated?.times ?? 1,
    withinMs: repeated?.within === undefined ? 0 : milliseconds(repeated.within),
  };
  return {
    ...base(checked),
    priority: priority ?? DEFAULT_PRIORITY,
    servers,
    when: compileCondition(when),
    repeated: counted,
    condition,
    cause: cause ?? 'unknown',
    snapshot: { ...snapshotSettings(snapshot), cooldownMs: milliseconds(snapshot.cooldown ?? '10m') },
    mode: mode ?? 'enforce',
    digest: digestOf({ servers, when, repeated: counted }),
  };
}

export function toSchedulePolicy(checked: Checked<'SchedulePolicy'>): SchedulePolicy {
  const { servers = {}, every, cron, condition, snapshot } = checked.body.spec;
  return {
    ...base(checked),
    servers,
    // The schema lets exactly one of the two pass.
    timing: every === undefined ? { cron: cron ?? '' } : { everyMs: milliseconds(every) },
    condition: condition ?? DEFAULT_SCHEDULE_CONDITION,
    snapshot: snapshotSettings(snapshot),
  };
}

function snapshotSettings({
  placement,
  deadline,
}: {
  placement: string;
  deadline?: string;
}): SchedulePolicy['snapshot'] {
  return { placement, deadlineMs: milliseconds(deadline ?? '5m') };
}

export function toPlacementPolicy(checked: Checked<'PlacementPolicy'>): PlacementPolicy {
  const { require, apartFrom, prefer = [], retain = {} } = checked.body.spec;
  return {
    ...base(checked),
    require: compiled(require),
    apartFrom: apartFrom?.previous ?? null,
    prefer: prefer.map(({ weight, when, most }): DrivePreference =>
      when === undefined ? { weight, most: most ?? 'freeBytes' } : { weight, when: compileCondition(when) },
    ),
    retain: toRetention(retain),
  };
}

function toRetention(retain: NonNullable<Written<'PlacementPolicy'>['spec']['retain']>): Retention {
  return {
    scheduled: retain.scheduled ?? 3,
    additional: retain.additional ?? 2,
    'after-takeover': retain.afterTakeover ?? 1,
    manual: retain.manual ?? 3,
  };
}

export function toRestartPolicy(checked: Checked<'RestartPolicy'>): RestartPolicy {
  const { spec } = checked.body;
  const { never = [], guard = {}, backups = {}, budget = {} } = spec;
  return {
    ...base(checked),
    priority: spec.priority ?? DEFAULT_PRIORITY,
    servers: spec.servers ?? {},
    snapshots: spec.snapshots.map(toSnapshotRule),
    never: [...new Set((Array.isArray(never) ? never : [never]).map(({ cause }) => cause))],
    coldBoot: spec.coldBoot ?? 'never',
    standby: spec.standby ?? 'none',
    symptomsWithinMs: milliseconds(spec.symptomsWithin ?? '24h'),
    backups: {
      require: compiled(backups.require),
      prefer: (backups.prefer ?? []).map(({ weight, when }) => ({ weight, when: compileCondition(when) })),
    },
    sequence: toSequence(spec.sequence ?? {}),
    afterTakeover: spec.afterTakeover ?? 'snapshot',
    // Left out only where `afterTakeover` is `nothing`, so that nobody asks for it.
    placement: spec.placement ?? '',
    guard: {
      maxConcurrent: guard.maxConcurrent ?? 2,
      minHealthy: share(guard.minHealthy ?? '50%'),
      cooldownMs: milliseconds(guard.cooldown ?? '15m'),
    },
    budget: { maxLossMs: limit(budget.maxLoss), maxRestartMs: limit(budget.maxRestart) },
    mode: spec.mode ?? 'enforce',
  };
}

function toSnapshotRule(rule: Written<'RestartPolicy'>['spec']['snapshots'][number]): SnapshotRule {
  return {
    condition: rule.condition,
    newest: rule.newest ?? false,
    maxAgeMs: limit(rule.maxAge),
    before: rule.before ?? null,
  };
}

function toSequence({
  fence,
  connect,
  start,
  verify,
}: NonNullable<Written<'RestartPolicy'>['spec']['sequence']>): RestartSequence {
  return {
    fence: { timeoutMs: milliseconds(fence?.timeout ?? '30s'), attempts: fence?.attempts ?? 3 },
    connect: { timeoutMs: milliseconds(connect?.timeout ?? '20s'), attempts: connect?.attempts ?? 2 },
    start: { timeoutMs: milliseconds(start?.timeout ?? '2m'), attempts: start?.attempts ?? 1 },
    verify: { heartbeatWithinMs: milliseconds(verify?.heartbeatWithin ?? '60s') },
  };
}

function limit(duration: string | undefined): number | null {
  return duration === undefined ? null : milliseconds(duration);
}

function compiled(condition: RootCondition | undefined) {
  return condition === undefined ? null : compileCondition(condition);
}
