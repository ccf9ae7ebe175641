/** The driver of QEMU machines keeps what every driver promises, on real QEMU. */
import { afterAll } from 'vitest';
import { testDriverContract } from '../../hw/driver-contract.js';
import { describeSuite } from '../../support/require.js';
import { qemuRig } from './support/rig.js';
import { QEMU } from './support/needs.js';
import { removeGolden } from './support/site.js';

describeSuite('QEMU machines', QEMU, () => {
  afterAll(removeGolden);
  testDriverContract('the qemu driver', qemuRig);
});
