import { describe, expect, it } from 'vitest';
import { loadPolicySet } from '../../src/engine/load.js';
import { readPolicyFiles } from '../../src/files.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { generate } from '../../src/simulation/generate.js';
import { simulate } from '../../src/simulation/run.js';

async function shippedPolicies() {
  const { files } = await readPolicyFiles(['policies/']);
  const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error('the shipped policies do not load');
  return loaded.policySet;
}

/** Seeds that once failed or never ended, for good. */
const KEPT = [16, 33, 116];

describe('a simulation', () => {
  it.each(KEPT)('breaks nothing with seed %i, which once did not end well', async (seed) => {
    const policySet = await shippedPolicies();
    expect((await simulate(policySet, generate(policySet, seed))).breaches).toEqual([]);
  });

  it('comes out the same each time', async () => {
    const policySet = await shippedPolicies();
    const run = () => simulate(policySet, generate(policySet, 7));
    expect(await run()).toEqual(await run());
  });
});
