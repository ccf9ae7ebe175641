import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fileRack } from '../../../src/hw/sim/index.js';
import { testDriverContract } from '../driver-contract.js';
import { simRig } from './rig.js';

testDriverContract('the simulated rack in memory', async () => simRig());

testDriverContract('the simulated rack in a file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rekindle-rack-'));
  const rig = simRig((clock) => fileRack({ file: join(directory, 'rack.json'), clock }));
  return {
    ...rig,
    async close() {
      rmSync(directory, { recursive: true });
    },
  };
});
