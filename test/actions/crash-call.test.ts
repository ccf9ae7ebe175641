/**
 * The process dies in the middle of a step: right before or right after each single call to the hardware. After
 * a call, its effect is there and nobody has heard of it.
 */
import { describe, expect, it } from 'vitest';
import { SimulatedCrash } from '../../src/actions/crash.js';
import type { Hardware } from '../../src/hw/index.js';
import { intercepted } from './calls.js';
import { startsIn } from './crashes.js';
import {
  completeSnapshots,
  connections,
  expectFencedBeforeEachStart,
  expectNoHarm,
  expectNoRemains,
  reserved,
} from './truth.js';
import {
  LATE,
  openWorldWithFailure,
  openWorldWithSnapshots,
  restartPlan,
  snapshotPlan,
  type Plan,
  type World,
} from './world.js';
import type { OperationKind } from '../../src/store/store.js';

interface Death {
  /** Which call, counted from 1. */
  readonly call: number;
  readonly at: 'before' | 'after';
}

/** The hardware as a process sees it that dies at one call: dead, it calls nothing any more. */
function mortal(hardware: Hardware, death: Death | null): { readonly hardware: Hardware; calls(): number } {
  let calls = 0;
  let dead = false;
  const die = (what: string): never => {
    dead = true;
    throw new SimulatedCrash(what);
  };
  return {
    calls: () => calls,
    hardware: intercepted(hardware, async (call) => {
      if (dead) throw new SimulatedCrash('before');
      calls += 1;
      const mine = calls;
      if (death?.call === mine && death.at === 'before') die(`before call ${mine}`);
      const result = await call();
      if (death?.call === mine && death.at === 'after') die(`after call ${mine}`);
      return result;
    }),
  };
}

/** Executes with one death and once more without. Says how many calls the first run made. */
async function live(world: World, kind: OperationKind, plan: Plan, death: Death | null): Promise<number> {
  const operation = await world.order(kind, plan);
  const first = mortal(world.hardware, death);
  const run = world.execute(operation, { hardware: first.hardware });
  if (death === null) {
    expect(await run).toMatchObject({ state: 'done' });
  } else {
    await expect(run).rejects.toThrow(SimulatedCrash);
    expect(await world.execute(operation)).toMatchObject({ state: 'done' });
  }
  await expectNoHarm(world);
  await expectFencedBeforeEachStart(world);
  await expectNoRemains(world);
  expect(await reserved(world)).toEqual([]);
  return first.calls();
}

async function dieAtEachCall(
  open: () => Promise<World>,
  [kind, plan]: readonly [OperationKind, Plan],
  expectEnd: (world: World) => Promise<void>,
): Promise<void> {
  const once = async (death: Death | null): Promise<number> => {
    const world = await open();
    try {
      const calls = await live(world, kind, plan, death);
      await expectEnd(world);
      return calls;
    } catch (error) {
      throw new Error(`dying ${death?.at ?? 'never'} ${death?.call ?? ''}`, { cause: error });
    } finally {
      await world.close();
    }
  };
  const calls = await once(null);
  expect(calls).toBeGreaterThan(1);
  for (let call = 1; call <= calls; call += 1) {
    await once({ call, at: 'before' });
    await once({ call, at: 'after' });
  }
}

describe('a process that dies at a call to the hardware', () => {
  it('restarts the server once, on one backup', { timeout: 300_000 }, () =>
    dieAtEachCall(openWorldWithFailure, ['restart-server', { restart: restartPlan() }], async (world) => {
      expect(await startsIn(world)).toEqual(['spare-1']);
      expect(await connections(world)).toEqual({ d2: ['spare-1'] });
      expect((await world.rack.memoryOf('spare-1'))?.marks).toEqual(['early', 'late']);
    }),
  );

  it('takes one snapshot', { timeout: 300_000 }, () =>
    dieAtEachCall(openWorldWithSnapshots, ['take-snapshot', { snapshot: snapshotPlan() }], async (world) => {
      expect((await completeSnapshots(world)).map(({ id }) => id)).toEqual(['op-1-1', LATE, 'op-3-1']);
    }),
  );
});
