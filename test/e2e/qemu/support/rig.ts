import { setTimeout as sleep } from 'node:timers/promises';
import { wallClock, type Clock } from '../../../../src/clock.js';
import { PROOF_VALID_MS } from '../../../../src/hw/fence.js';
import type { DriverRig } from '../../../hw/driver-contract.js';
import { consoleIn, waitForConsole } from './console.js';
import { MiB } from './qemu.js';
import { createSite, startServer } from './site.js';

const DRIVES = ['disk-1', 'disk-2', 'd1', 'd2', 'd9'];

/** The contract's rack as real QEMU machines. */
export async function qemuRig(): Promise<DriverRig> {
  let ahead = 0;
  const clock: Clock = {
    ...wallClock,
    now: () => wallClock.now() + ahead,
    monotonic: () => wallClock.monotonic() + ahead,
  };
  const site = await createSite(DRIVES, clock);
  const active = { ...site.machine('web-1', { disk: 'disk-1' }), disk: 'disk-1' };
  const bystander = { ...site.machine('web-2', { disk: 'disk-2' }), disk: 'disk-2' };
  const backup = site.machine('spare-1', { role: 'backup', memoryBytes: 256 * MiB });
  const [first, second] = [site.drive('d1', 'array-1'), site.drive('d2', 'array-2')];
  const outOfReach = site.drive('d9', 'array-9');
  const drives = [
    site.drive('disk-1', 'array-1'),
    site.drive('disk-2', 'array-1'),
    first,
    second,
    outOfReach,
  ];
  const open = site.driver.open({ machines: [active, bystander, backup], drives });
  await startServer(site, open, 'web-1', 'disk-1');
  await startServer(site, open, 'web-2', 'disk-2');
  return {
    active,
    bystander,
    backup,
    drives,
    first,
    second,
    outOfReach,
    clock,
    driver: site.driver,
    run: (work) => work,
    async pass(ms) {
      // A proof grows old by the clock alone; whatever a guest does takes real time, and little of it.
      if (ms > PROOF_VALID_MS) ahead += ms;
      else await sleep(Math.min(ms, 300));
    },
    async ask(machine) {
      if ((await open.machine(machine).power?.state(new AbortController().signal)) !== 'on') return null;
      const file = site.consoleOf(machine);
      const { ticks } = await waitForConsole(
        file,
        (reading) => reading.ticks.length > 0,
        `a sign of ${machine}`,
      );
      const reading = await consoleIn(file);
      return {
        counted: (reading.ticks.at(-1) ?? ticks[0])?.tick ?? 0,
        diskAgrees: reading.disagreements.length === 0 && reading.badChecks === 0,
      };
    },
    async close() {
      await open.close();
      site.close();
    },
  };
}
