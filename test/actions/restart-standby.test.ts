/** A restart whose backups can stand by: what they load, and when, and what becomes of it when they cannot. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ActionEnd } from '../../src/actions/action.js';
import { HardwareError, type StandbyCapability } from '../../src/hw/contract.js';
import type { Hardware } from '../../src/hw/index.js';
import { expectFencedBeforeEachStart, expectNoHarm } from './truth.js';
import { EARLY, LATE, openWorldWithFailure, restartPlan, SERVER, type World } from './world.js';

let world: World;
/** What was ordered from the hardware, in its order. */
let calls: string[];
/** What a backup has to say to the order to load. */
let arm: (machine: string, signal: AbortSignal) => Promise<void>;

beforeEach(async () => {
  world = await openWorldWithFailure();
  calls = [];
  arm = () => Promise.resolve();
});
afterEach(async () => {
  await expectNoHarm(world);
  await expectFencedBeforeEachStart(world);
  await world.close();
});

it('the first backup begins to load before the failed machine is off', async () => {
  expect((await restart()).state).toBe('done');
  expect(calls.slice(0, 2)).toEqual([`arm spare-1 ${LATE}`, `off ${SERVER}`]);
});

it('what the backup has read back while loading is not read a second time', async () => {
  expect((await restart()).state).toBe('done');
  expect(calls).not.toContain(`verify ${LATE}`);
});

it('a snapshot that reads back as damaged while it is loaded is not started; the next one is', async () => {
  arm = (machine) =>
    machine === 'spare-1'
      ? Promise.reject(new HardwareError('damaged', LATE, 'a bit flipped'))
      : Promise.resolve();
  expect((await restart()).result).toMatchObject({ snapshot: EARLY, backup: 'spare-2' });
  expect(calls).not.toContain('resume spare-1');
});

it('a backup that cannot load ahead is started all the same, after the snapshot was read back', async () => {
  arm = (machine) => Promise.reject(new HardwareError('refused', machine, 'no memory left'));
  expect((await restart()).result).toMatchObject({ snapshot: LATE, backup: 'spare-1' });
  expect(calls).toContain(`verify ${LATE}`);
});

it('the loading ends with a restart that goes no further', async () => {
  let stopped = false;
  arm = (_machine, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        stopped = true;
        reject(new HardwareError('aborted', SERVER, 'given up'));
      });
    });
  await world.fault(SERVER, 'off-refused');
  expect((await restart()).reason).toMatch(/^not-proven-off/);
  expect(stopped).toBe(true);
});

function restart(): Promise<ActionEnd> {
  return world.operate(
    'restart-server',
    { restart: restartPlan() },
    { hardware: withStandby(world.hardware) },
  );
}

function withStandby(hardware: Hardware): Hardware {
  return {
    ...hardware,
    power(machine) {
      const power = hardware.power(machine);
      return {
        ...power,
        off(order) {
          calls.push(`off ${machine}`);
          return power.off(order);
        },
      };
    },
    memory(machine) {
      const memory = hardware.memory(machine);
      return {
        ...memory,
        resume(order) {
          calls.push(`resume ${machine}`);
          return memory.resume(order);
        },
      };
    },
    storage(drive) {
      const storage = hardware.storage(drive);
      return {
        ...storage,
        verify(snapshot, signal) {
          calls.push(`verify ${snapshot}`);
          return storage.verify(snapshot, signal);
        },
      };
    },
    standby: standbyOf,
  };
}

function standbyOf(machine: string): StandbyCapability {
  return {
    arm({ snapshot, signal }) {
      calls.push(`arm ${machine} ${snapshot}`);
      return arm(machine, signal);
    },
    disarm: () => Promise.resolve(),
    armed: () => Promise.resolve(null),
  };
}
