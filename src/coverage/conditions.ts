import { comparisonsIn, type Condition } from '../engine/condition.js';
import type { Kind } from '../engine/documents/kinds.js';
import { formatPath } from '../engine/documents/place.js';
import type { PolicySet } from '../engine/policy-set.js';

/** A comparison of a condition was evaluated. */
export type Saw = (where: ConditionPlace, index: number, held: boolean) => void;

/** Where a condition is written: `AlertPolicy`, `overheating`, `spec.when`. */
export interface ConditionPlace {
  readonly kind: Kind;
  readonly policy: string;
  /** As {@link formatPath} writes it. */
  readonly path: string;
}

/** The same set, which decides the same, and tells of every comparison that it evaluates. */
export function watchedPolicies(set: PolicySet, saw: Saw): PolicySet {
  const watch = (kind: Kind, policy: string) => (condition: Condition, path: readonly (string | number)[]) =>
    watchedCondition(condition, (index, held) => {
      saw({ kind, policy, path: formatPath(path) }, index, held);
    });
  return {
    ...set,
    alertPolicies: set.alertPolicies.map((policy) => ({
      ...policy,
      when: watch('AlertPolicy', policy.name)(policy.when, ['spec', 'when']),
    })),
    placementPolicies: new Map(
      [...set.placementPolicies].map(([name, policy]) => {
        const watched = watch('PlacementPolicy', name);
        return [
          name,
          {
            ...policy,
            require: policy.require && watched(policy.require, ['spec', 'require']),
            prefer: policy.prefer.map((preference, index) =>
              'when' in preference
                ? { ...preference, when: watched(preference.when, ['spec', 'prefer', index, 'when']) }
                : preference,
            ),
          },
        ];
      }),
    ),
    restartPolicies: set.restartPolicies.map((policy) => {
      const watched = watch('RestartPolicy', policy.name);
      const { require, prefer } = policy.backups;
      return {
        ...policy,
        backups: {
          require: require && watched(require, ['spec', 'backups', 'require']),
          prefer: prefer.map((preference, index) => ({
            ...preference,
            when: watched(preference.when, ['spec', 'backups', 'prefer', index, 'when']),
          })),
        },
      };
    }),
  };
}

/** The evidence of a verdict stands in the order of the comparisons, and of all of them. */
function watchedCondition(condition: Condition, saw: (index: number, held: boolean) => void): Condition {
  return {
    tree: condition.tree,
    async holds(facts) {
      const verdict = await condition.holds(facts);
      verdict.evidence.forEach(({ held }, index) => {
        saw(index, held);
      });
      return verdict;
    },
    only(these) {
      const kept = comparisonsIn(condition.tree).flatMap((comparison, index) =>
        these(comparison) ? [index] : [],
      );
      const rest = condition.only(these);
      return (
        rest &&
        watchedCondition(rest, (index, held) => {
          saw(kept[index] ?? index, held);
        })
      );
    },
  };
}
