import { loadPolicySet } from '../../src/engine/load.js';
import type { PolicySet } from '../../src/engine/policy-set.js';
import { readPolicyFiles } from '../../src/files.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';

export async function shippedPolicies(): Promise<PolicySet> {
  const { files } = await readPolicyFiles(['policies/']);
  const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error('the shipped policies do not load');
  return loaded.policySet;
}
