import type { PolicySet } from '../../src/engine/policy-set.js';
import { loadPolicySet } from '../../src/engine/load.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { playScenario, type ScenarioResult } from '../../src/scenario/index.js';
import { BASE_INVENTORY, BASE_POLICIES, textFile } from '../engine/documents/support.js';

/** The smallest set that is right, with a scenario of these steps. */
function setWith(steps: readonly string[], more = '', policies = BASE_POLICIES): PolicySet {
  const scenario = `apiVersion: rekindle/v1
kind: Scenario
metadata: { name: it }
spec:
  inventory: small
${more}  steps:
${steps.map((step) => `    - ${step}\n`).join('')}`;
  const loaded = loadPolicySet([BASE_INVENTORY, policies, textFile('it.yaml', scenario)], DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.policySet;
}

/** Plays these steps. */
export async function play(steps: readonly string[], more?: string): Promise<ScenarioResult> {
  const policySet = setWith(steps, more);
  const [scenario] = policySet.scenarios;
  if (scenario === undefined) throw new Error('there is no scenario');
  return playScenario(policySet, scenario);
}

/** What was not as expected: `what: expected, actual`. */
export function mismatches({ steps }: ScenarioResult): readonly string[] {
  return steps.flatMap((step) =>
    step.mismatches.map(({ what, expected, actual }) => `${what}: ${expected}, ${actual}`),
  );
}
