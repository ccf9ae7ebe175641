import type { Comparison, Condition, ConditionTree, Facts, Verdict } from './condition.js';
import { resolvePath } from './path.js';
import type { PlacementPolicy, PolicySet, RestartPolicy } from './policy-set.js';

/** Enough for every label, and for measured values that wander; what came first is forgotten first. */
const VERDICTS = 16_384;

/**
 * Makes policy sets that decide as the given ones do, and evaluate each condition once for each combination of
 * the values that it looks at. A condition is a function of those values, and a recording repeats them: without
 * this nearly all the time of a replay goes into conditions. Conditions that stand in several sets are shared.
 */
export function remembering(): (policySet: PolicySet) => PolicySet {
  const known = new Map<string, Condition>();
  const remembered = (condition: Condition): Condition => {
    const text = JSON.stringify(condition.tree);
    const same = known.get(text) ?? withMemory(condition);
    known.set(text, same);
    return same;
  };
  return (policySet) => ({
    ...policySet,
    alertPolicies: policySet.alertPolicies.map((policy) => ({ ...policy, when: remembered(policy.when) })),
    placementPolicies: new Map(
      [...policySet.placementPolicies].map(([name, policy]) => [name, ofPlacement(policy, remembered)]),
    ),
    restartPolicies: policySet.restartPolicies.map((policy) => ofRestart(policy, remembered)),
  });
}

type Remembered = (condition: Condition) => Condition;

function ofPlacement(policy: PlacementPolicy, remembered: Remembered): PlacementPolicy {
  return {
    ...policy,
    require: policy.require && remembered(policy.require),
    prefer: policy.prefer.map((preference) =>
      'when' in preference ? { ...preference, when: remembered(preference.when) } : preference,
    ),
  };
}

function ofRestart(policy: RestartPolicy, remembered: Remembered): RestartPolicy {
  const { require, prefer } = policy.backups;
  return {
    ...policy,
    backups: {
      require: require && remembered(require),
      prefer: prefer.map((preference) => ({ ...preference, when: remembered(preference.when) })),
    },
  };
}

function withMemory(condition: Condition): Condition {
  const places = placesIn(condition.tree);
  const verdicts = new Map<string, Promise<Verdict>>();
  const parts = new Map<(comparison: Comparison) => boolean, Condition | null>();
  return {
    tree: condition.tree,
    holds(facts) {
      const values = valuesAt(places, facts);
      const verdict = verdicts.get(values) ?? condition.holds(facts);
      if (!verdicts.has(values)) keep(verdicts, values, verdict);
      return verdict;
    },
    only(these) {
      const known = parts.get(these);
      if (known !== undefined) return known;
      const part = condition.only(these);
      const made = part && withMemory(part);
      parts.set(these, made);
      return made;
    },
  };
}

function keep(verdicts: Map<string, Promise<Verdict>>, values: string, verdict: Promise<Verdict>): void {
  const [oldest] = verdicts.size < VERDICTS ? [] : verdicts.keys();
  if (oldest !== undefined) verdicts.delete(oldest);
  verdicts.set(values, verdict);
}

interface Place {
  readonly fact: string;
  readonly path: string;
}

/** Everything that a condition looks at. */
function placesIn(tree: ConditionTree): readonly Place[] {
  if ('all' in tree) return tree.all.flatMap(placesIn);
  if ('any' in tree) return tree.any.flatMap(placesIn);
  if ('not' in tree) return placesIn(tree.not);
  const { fact, path, value } = tree;
  return isReference(value)
    ? [
        { fact, path },
        { path: '$', ...value },
      ]
    : [{ fact, path }];
}

function isReference(value: unknown): value is { readonly fact: string; readonly path?: string } {
  return typeof value === 'object' && value !== null && 'fact' in value && typeof value.fact === 'string';
}

/** What is not there is told from null, which is a value. */
function valuesAt(places: readonly Place[], facts: Facts): string {
  const byName: Readonly<Record<string, unknown>> = facts;
  const values = places.map(({ fact, path }) => {
    const value = resolvePath(byName[fact], path);
    return value === undefined ? [] : [value];
  });
  return JSON.stringify(values);
}
