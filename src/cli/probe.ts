import { wallClock } from '../clock.js';
import type { PolicySet } from '../engine/policy-set.js';
import type { Problem } from '../engine/problem.js';
import { createDrivers } from '../hw/drivers.js';
import { probeHardware } from '../hw/index.js';

/** What of the inventory is not usable on this host, each at the entry that names it. */
export async function probePolicySet(
  { inventory }: PolicySet,
  stateDir: string,
): Promise<readonly Problem[]> {
  const found = await probeHardware(inventory, createDrivers({ stateDir, clock: wallClock }));
  return found.map(({ subject, setting, message, hint }) => {
    const { file, line } = inventory.machines.get(subject)?.origin ?? inventory.origin;
    return {
      code: 'NOT_USABLE',
      file,
      line,
      column: 1,
      path: setting,
      message: `${subject}: ${message}`,
      hint,
      excerpt: '',
    };
  });
}
