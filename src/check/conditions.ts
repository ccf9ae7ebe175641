import { comparisonsIn, type Condition, type ConditionTree } from '../engine/condition.js';
import type { AlertPolicy, Origin, PlacementPolicy, PolicySet, RestartPolicy } from '../engine/policy-set.js';
import { inOneLine } from './comparison.js';
import type { CheckFinding } from './finding.js';
import { alwaysHolds, canHold } from './truth.js';

/** Conditions that hold for nothing or for everything, so that what they are asked of makes no difference. */
export function checkConditions(set: PolicySet): readonly CheckFinding[] {
  return [
    ...set.alertPolicies.flatMap(inAlertPolicy),
    ...[...set.placementPolicies.values()].flatMap(inPlacementPolicy),
    ...set.restartPolicies.flatMap(inRestartPolicy),
  ].flatMap((place) => [...never(place), ...always(place)]);
}

/** Where a condition stands, and what follows when it tells nothing apart. */
interface Place {
  readonly policy: string;
  readonly origin: Origin;
  readonly path: string;
  readonly tree: ConditionTree;
  readonly ifNever: string;
  readonly ifAlways: string;
  /** A preference that nothing earns leaves the rest of the policy as it is. */
  readonly severityOfNever: CheckFinding['severity'];
}

function inAlertPolicy({ name, origin, when }: AlertPolicy): readonly Place[] {
  return [
    {
      policy: name,
      origin,
      path: 'when',
      tree: when.tree,
      ifNever: 'no alert ever meets it',
      ifAlways: 'every alert meets it',
      severityOfNever: 'error',
    },
  ];
}

function inPlacementPolicy({ name, origin, require, prefer }: PlacementPolicy): readonly Place[] {
  const preferred = prefer.map((preference) => ('when' in preference ? preference.when : null));
  return [
    ...required({ name, origin }, { path: 'require', condition: require, what: 'drive' }),
    ...preferences({ name, origin }, { path: 'prefer', conditions: preferred, what: 'drive' }),
  ];
}

function inRestartPolicy({ name, origin, backups }: RestartPolicy): readonly Place[] {
  const preferred = backups.prefer.map(({ when }) => when);
  return [
    ...required({ name, origin }, { path: 'backups.require', condition: backups.require, what: 'backup' }),
    ...preferences({ name, origin }, { path: 'backups.prefer', conditions: preferred, what: 'backup' }),
  ];
}

type Policy = Pick<PlacementPolicy, 'name' | 'origin'>;

function required(
  { name, origin }: Policy,
  {
    path,
    condition,
    what,
  }: { readonly path: string; readonly condition: Condition | null; readonly what: string },
): readonly Place[] {
  if (condition === null) return [];
  return [
    {
      policy: name,
      origin,
      path,
      tree: condition.tree,
      ifNever: `every ${what} is rejected`,
      ifAlways: `no ${what} is rejected`,
      severityOfNever: 'error',
    },
  ];
}

function preferences(
  { name, origin }: Policy,
  {
    path,
    conditions,
    what,
  }: { readonly path: string; readonly conditions: readonly (Condition | null)[]; readonly what: string },
): readonly Place[] {
  return conditions.flatMap((condition, index) =>
    condition === null
      ? []
      : {
          policy: name,
          origin,
          path: `${path}[${index}].when`,
          tree: condition.tree,
          ifNever: `no ${what} earns the weight`,
          ifAlways: `every ${what} earns the weight, so it prefers none`,
          severityOfNever: 'warning',
        },
  );
}

function never({ policy, origin, path, tree, ifNever, severityOfNever }: Place): readonly CheckFinding[] {
  if (canHold(tree) !== false) return [];
  return [
    {
      code: 'CONDITION_NEVER',
      severity: severityOfNever,
      origin,
      message: `${policy}: ${path} can never hold, so ${ifNever}: ${contradiction(tree)}`,
      hint: 'put alternatives into any, or mend the values',
    },
  ];
}

function always({ policy, origin, path, tree, ifAlways }: Place): readonly CheckFinding[] {
  if (alwaysHolds(tree) !== true) return [];
  return [
    {
      code: 'CONDITION_ALWAYS',
      severity: 'warning',
      origin,
      message: `${policy}: ${path} always holds, so ${ifAlways}: ${comparisonsIn(tree).map(inOneLine).join('; ')}`,
      hint: 'say what must hold; for any of notEqual write all, or notIn',
    },
  ];
}

/** What contradicts itself: of an outermost `all`, as few as already do. */
function contradiction(tree: ConditionTree): string {
  const conflicting = 'all' in tree ? fewest(tree.all) : [tree];
  return conflicting.flatMap(comparisonsIn).map(inOneLine).join('; ');
}

function fewest(children: readonly ConditionTree[]): readonly ConditionTree[] {
  return children.reduce((kept, child) => {
    const rest = kept.filter((one) => one !== child);
    return canHold({ all: rest }) === false ? rest : kept;
  }, children);
}
