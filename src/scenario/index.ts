import type { PolicySet, Scenario } from '../engine/policy-set.js';
import { playScenario, type ScenarioResult } from './play.js';
import type { Audience } from './stage.js';

export { playScenario, type ScenarioResult, type StepResult } from './play.js';
export type { Audience } from './stage.js';
export { startedBy } from './started.js';

/**
 * Plays the Scenario documents of a policy set: the same engine, actions and journal as the service, on the
 * simulated rack and virtual time. Each scenario has a world of its own.
 */
export async function* runScenarios(
  policySet: PolicySet,
  options: { readonly only?: (scenario: Scenario) => boolean; readonly audience?: Audience } = {},
): AsyncGenerator<ScenarioResult> {
  for (const scenario of policySet.scenarios) {
    if (options.only?.(scenario) === false) continue;
    yield await playScenario(policySet, scenario, options.audience);
  }
}
