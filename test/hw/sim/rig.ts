import { createVirtualClock, type VirtualClock } from '../../../src/virtual-clock.js';
import {
  createRackControl,
  memoryRack,
  simDriver,
  type RackControl,
  type RackHolder,
} from '../../../src/hw/sim/index.js';
import { contractEntries } from '../contract-entries.js';
import type { DriverRig } from '../driver-contract.js';

/** Epoch ms at which simulated time begins: a round number, far from zero. */
const START_MS = 1_000_000;

/** The simulated rack on virtual time, with a hand in it. */
export interface SimRig extends DriverRig {
  readonly clock: VirtualClock;
  readonly holder: RackHolder;
  readonly control: RackControl;
}

/** A rig on the given holder; in memory by default. */
export function simRig(hold: (clock: VirtualClock) => RackHolder = memoryRack): SimRig {
  const clock = createVirtualClock(START_MS);
  const holder = hold(clock);
  const control = createRackControl(holder);
  return {
    ...contractEntries(),
    clock,
    holder,
    control,
    driver: simDriver({ holder, clock }),
    run: (work) => runUntilDone(clock, work),
    async pass(ms) {
      await clock.runUntil(clock.now() + ms, settlePromises);
    },
    async ask(machine) {
      const memory = await control.memoryOf(machine);
      if (memory === null) return null;
      const { machines } = await control.state();
      const power = machines.find(({ name }) => name === machine)?.power;
      const drive = power?.is === 'on' ? power.guest?.drive : undefined;
      const disk = drive === undefined ? null : await control.diskOf(drive);
      return {
        counted: memory.ticks,
        diskAgrees: disk?.writes === memory.writes && disk.boot === memory.boot,
      };
    },
    async close() {
      // A rack in memory goes with its rig.
    },
  };
}

/** Lets everything run that waits for no time. */
export function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Ends one sleep after the other until the work is done. */
async function runUntilDone<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  const progress = { ended: false };
  const end = (): void => {
    progress.ended = true;
  };
  work.then(end, end);
  await settlePromises();
  while (!progress.ended) {
    const next = clock.nextTimer();
    if (next === null) throw new Error('the work waits for something other than time');
    clock.advanceTo(next);
    await settlePromises();
  }
  return work;
}
