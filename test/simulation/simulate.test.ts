import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generate, type Story } from '../../src/simulation/generate.js';
import { simulate } from '../../src/simulation/run.js';
import { shippedPolicies } from './support.js';

/** What is left of seeds that once failed or never ended: their stories, since a seed means another thing in time. */
const KEPT = new URL('../fixtures/simulation/', import.meta.url);

describe('a simulation', () => {
  it.each(readdirSync(KEPT))('ends well with what once did not: %s', async (name) => {
    const story = JSON.parse(readFileSync(new URL(name, KEPT), 'utf8')) as Story;
    expect((await simulate(await shippedPolicies(), story)).breaches).toEqual([]);
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
