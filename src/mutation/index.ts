import type { Loaded } from '../engine/load.js';
import type { Scenario } from '../engine/policy-set.js';
import { playScenario } from '../scenario/index.js';
import { type Mutant, mutantsOf } from './mutants.js';

export type { Mutant } from './mutants.js';

export interface Trial {
  readonly mutant: Omit<Mutant, 'policySet'>;
  /** The first scenario that fails on the mutant; null when it survives them all. */
  readonly killedBy: string | null;
}

/**
 * Plays the scenarios on every mutant of a policy set, until one of them fails. A mutant that survives is a line
 * of policy that could be otherwise without any test telling.
 *
 * The scenarios must pass on the set itself, or they would kill everything.
 */
export async function* tryMutants(
  loaded: Loaded,
  only: (scenario: Scenario) => boolean = () => true,
): AsyncGenerator<Trial> {
  // Who has killed much is asked first: most mutants die at once.
  const kills = new Map(loaded.policySet.scenarios.filter(only).map(({ name }) => [name, 0]));
  for (const { policySet, ...mutant } of mutantsOf(loaded)) {
    const order = policySet.scenarios
      .filter(({ name }) => kills.has(name))
      .toSorted((a, b) => (kills.get(b.name) ?? 0) - (kills.get(a.name) ?? 0));
    let killedBy: string | null = null;
    for (const scenario of order) {
      if ((await playScenario(policySet, scenario)).passed) continue;
      killedBy = scenario.name;
      kills.set(killedBy, (kills.get(killedBy) ?? 0) + 1);
      break;
    }
    yield { mutant, killedBy };
  }
}
