import { describe, expect, it } from 'vitest';
import type { ScenarioAct } from '../../src/engine/policy-set.js';
import { generate } from '../../src/simulation/generate.js';
import { simulate } from '../../src/simulation/run.js';
import { shippedPolicies } from './support.js';

/** What is left of seeds that once failed or never ended: steps, since a seed means another thing in time. */
const KEPT: readonly { readonly what: string; readonly acts: readonly [number, ScenarioAct][] }[] = [
  {
    what: 'a service that dies while its drives are measured',
    acts: [
      [492_796, { kind: 'crash', operation: 'restart', step: 12, at: 'before-intent', downForMs: 53_052 }],
      [1_403_016, { kind: 'misbehave', target: 'db-1', fault: 'state-unclear*3' }],
      [2_071_176, { kind: 'failure', server: 'db-1', cause: 'panic', subject: 'server' }],
      [2_074_541, { kind: 'misbehave', target: 'web-1-disk', fault: 'slow*3' }],
    ],
  },
];

describe('a simulation', () => {
  it.each(KEPT)('ends well after $what', async ({ what, acts }) => {
    const policySet = await shippedPolicies();
    const origin = { file: 'kept', line: 1 };
    const steps = acts.map(([atMs, act]) => ({ origin, atMs, act, expect: null }));
    const scenario = { name: what, origin, inventory: policySet.inventory.name, schedules: true, steps };
    expect((await simulate(policySet, scenario)).breaches).toEqual([]);
  });

  it('breaks nothing with any of the first seeds', async () => {
    const policySet = await shippedPolicies();
    for (let seed = 1; seed <= 10; seed += 1)
      expect({ seed, ...(await simulate(policySet, generate(policySet, seed))) }).toMatchObject({
        seed,
        breaches: [],
      });
  });

  it('comes out the same each time', async () => {
    const policySet = await shippedPolicies();
    const run = () => simulate(policySet, generate(policySet, 7));
    expect(await run()).toEqual(await run());
  });
});
