import type { AlertPolicy, RestartPolicy, SnapshotRule } from '../engine/policy-set.js';
import { spoken } from '../engine/reason.js';
import type { CheckFinding } from './finding.js';
import { type Governed, recording } from './governance.js';

/**
 * Links of a fallback chain that take additional snapshots of less age than the cooldown lets there be. While the
 * alert goes on, the newest is as old as the cooldown before there is another one, and the failure may come then.
 */
export function checkAges(policy: RestartPolicy, governed: readonly Governed[]): readonly CheckFinding[] {
  return policy.snapshots.flatMap((rule, index) => {
    const [short] = sources(policy, governed).filter((source) => isTooOld(policy, rule, source));
    return short === undefined ? [] : [belowCooldown(policy, { rule, index }, short)];
  });
}

/** What an AlertPolicy has recorded, if nothing else records it and the policy may wake it. */
function sources({ never }: RestartPolicy, governed: readonly Governed[]): readonly AlertPolicy[] {
  return governed.flatMap((one) =>
    one.alerts.filter((alert) => {
      const same = recording(one).filter(({ condition }) => condition === alert.condition);
      // Memory of such a cause was taken after its first symptom, so that no link takes it at any age.
      if (never.includes(alert.cause) || !same.includes(alert)) return false;
      return same.every((other) => 'when' in other && other.snapshot.cooldownMs >= alert.snapshot.cooldownMs);
    }),
  );
}

function isTooOld({ snapshots }: RestartPolicy, rule: SnapshotRule, source: AlertPolicy): boolean {
  const { cooldownMs } = source.snapshot;
  // A link that takes older ones as well, further down, shows that the limit is a preference.
  const taking = snapshots.filter((one) => one.before === null && takes(one, source));
  return taking.includes(rule) && taking.every(({ maxAgeMs }) => maxAgeMs !== null && maxAgeMs < cooldownMs);
}

function takes({ condition }: SnapshotRule, source: AlertPolicy): boolean {
  return condition === 'any' || condition === 'matching' || condition === source.condition;
}

function belowCooldown(
  { name, origin }: RestartPolicy,
  { rule: { condition, maxAgeMs }, index }: { readonly rule: SnapshotRule; readonly index: number },
  { name: alert, snapshot }: AlertPolicy,
): CheckFinding {
  return {
    code: 'MAX_AGE_BELOW_COOLDOWN',
    severity: 'warning',
    origin,
    message: `${name}: snapshots[${index}] takes ${condition} of at most ${spoken(maxAgeMs ?? 0)}, but ${alert} takes one only every ${spoken(snapshot.cooldownMs)} while its alert goes on: for part of the time there is none`,
    hint: `raise maxAge to the cooldown of ${alert} and what a snapshot takes, or shorten the cooldown`,
  };
}
