import { describe, expect, it } from 'vitest';
import { generate, type Step } from '../../src/simulation/generate.js';
import { simulate } from '../../src/simulation/run.js';
import { shippedPolicies } from './support.js';

/** What is left of seeds that once failed or never ended: steps, since a seed means another thing in time. */
const KEPT: readonly { readonly what: string; readonly acts: readonly [number, Step['act']][] }[] = [
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
  it.each(KEPT)('ends well after $what', async ({ acts }) => {
    const policySet = await shippedPolicies();
    const steps = acts.map(([atMs, act]) => ({ atMs, act }));
    expect((await simulate(policySet, { schedules: true, steps })).breaches).toEqual([]);
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
