import type { PolicySet } from '../policy-set.js';
import type { SourceFile } from '../problem.js';
import { compareText } from '../world.js';
import { revisionOf } from './digest.js';
import { toInventory } from './normalise-inventory.js';
import { toAlertPolicy, toPlacementPolicy, toRestartPolicy, toSchedulePolicy } from './normalise-policies.js';
import { toScenario } from './normalise-scenario.js';
import { type Checked, ofKind } from './structure.js';

/** Documents that passed every check, as the engine runs on them. */
export function normalise(
  files: readonly SourceFile[],
  documents: readonly Checked[],
  inventory: Checked<'Inventory'>,
): PolicySet {
  const placements = ofKind(documents, 'PlacementPolicy').map(toPlacementPolicy);
  return deeplyFrozen({
    revision: revisionOf(files),
    alertPolicies: ofKind(documents, 'AlertPolicy').map(toAlertPolicy).toSorted(byPriority),
    schedulePolicies: ofKind(documents, 'SchedulePolicy').map(toSchedulePolicy).toSorted(byName),
    placementPolicies: new Map(placements.map((policy) => [policy.name, policy])),
    restartPolicies: ofKind(documents, 'RestartPolicy').map(toRestartPolicy).toSorted(byPriority),
    inventory: toInventory(inventory),
    scenarios: ofKind(documents, 'Scenario').map(toScenario),
  });
}

interface Named {
  readonly name: string;
}

function byName(a: Named, b: Named): number {
  return compareText(a.name, b.name);
}

function byPriority(
  a: Named & { readonly priority: number },
  b: Named & { readonly priority: number },
): number {
  return b.priority - a.priority || byName(a, b);
}

/** One set is shared by every decision that is made on it: whoever writes to it is told so. */
function deeplyFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  const children: readonly unknown[] = value instanceof Map ? [...value.values()] : Object.values(value);
  children.forEach(deeplyFrozen);
  return value;
}
