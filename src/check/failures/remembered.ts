import type { Comparison, Condition, Facts, Verdict } from '../../engine/condition.js';
import { resolvePath } from '../../engine/path.js';
import type { PlacementPolicy, PolicySet, RestartPolicy } from '../../engine/policy-set.js';
import { comparisonsIn } from '../truth.js';

/**
 * The same policy set, with conditions that remember what they have answered. The analysis asks each of them about
 * the same few drives and backups for every failure there is, and the answer depends only on the values that its
 * comparisons look at.
 */
export function withRemembered(policySet: PolicySet): PolicySet {
  return {
    ...policySet,
    placementPolicies: new Map(
      [...policySet.placementPolicies].map(([name, policy]) => [name, placement(policy)]),
    ),
    restartPolicies: policySet.restartPolicies.map(restart),
  };
}

function placement(policy: PlacementPolicy): PlacementPolicy {
  return {
    ...policy,
    require: policy.require && remembering(policy.require),
    prefer: policy.prefer.map((one) => ('when' in one ? { ...one, when: remembering(one.when) } : one)),
  };
}

function restart(policy: RestartPolicy): RestartPolicy {
  const { require, prefer } = policy.backups;
  return {
    ...policy,
    backups: {
      require: require && remembering(require),
      prefer: prefer.map((one) => ({ ...one, when: remembering(one.when) })),
    },
  };
}

function remembering(condition: Condition): Condition {
  const answers = new Map<string, Promise<Verdict>>();
  const looked = comparisonsIn(condition.tree).flatMap(placesOf);
  return {
    ...condition,
    holds(facts) {
      const key = JSON.stringify(looked.map((place) => place(facts)));
      const known = answers.get(key) ?? condition.holds(facts);
      answers.set(key, known);
      return known;
    },
  };
}

type Place = (facts: Facts) => unknown;

/** What a comparison looks at: a value, and another one when it is compared with a fact. */
function placesOf({ fact, path, value }: Comparison): readonly Place[] {
  const reference = referenceIn(value);
  return reference === null ? [placeOf(fact, path)] : [placeOf(fact, path), ...placesOf(reference)];
}

function referenceIn(value: unknown): Comparison | null {
  if (typeof value !== 'object' || value === null || !('fact' in value) || typeof value.fact !== 'string')
    return null;
  const path = 'path' in value && typeof value.path === 'string' ? value.path : '$';
  return { fact: value.fact, path, operator: '', value: null };
}

/** In a list, for what is missing is not null. */
function placeOf(fact: string, path: string): Place {
  return (facts) => {
    const value = resolvePath(Reflect.get(facts, fact), path);
    return value === undefined ? [] : [value];
  };
}
