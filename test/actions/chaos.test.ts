/**
 * Whatever misbehaves, and whenever, and however often the process dies: a restart ends, harms nothing, and once
 * everything works again the next one succeeds.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionEnd, RestartResult } from '../../src/actions/action.js';
import { SimulatedCrash } from '../../src/actions/crash.js';
import { expectFencedBeforeEachStart, expectNoHarm, expectRestorable, reserved } from './truth.js';
import { DISK, EARLY, LATE, SERVER, openWorldWithFailure, restartPlan, type World } from './world.js';

const MACHINE_FAULTS = [
  'off-ignored',
  'off-refused',
  'off-unanswered',
  'off-done-unanswered',
  'off-late=3000',
  'comes-back=700',
  'state-unclear',
  'state-unanswered',
  'start-fails',
  'no-heartbeat',
  'dies-after-start',
  'unanswered',
  'reply-lost',
  'slow',
];
const DRIVE_FAULTS = ['connect-refused', 'disconnect-refused', 'unanswered', 'reply-lost', 'slow'];
const TARGETS = [SERVER, 'spare-1', 'spare-2', DISK, 'd1', 'd2'] as const;

/** A fault that strikes at the n-th point that the operation comes by, and for how often; 0 is for ever. */
const trouble = fc
  .record({
    at: fc.nat(45),
    target: fc.constantFrom(...TARGETS),
    machineFault: fc.constantFrom(...MACHINE_FAULTS),
    driveFault: fc.constantFrom(...DRIVE_FAULTS),
    times: fc.nat(3),
  })
  .map(({ at, target, machineFault, driveFault, times }) => {
    const isMachine = target === SERVER || target.startsWith('spare');
    const fault = isMachine ? machineFault : driveFault;
    return { at, target, fault: times === 0 ? fault : `${fault}*${times}` };
  });

const schedule = fc.record({
  troubles: fc.array(trouble, { maxLength: 3 }),
  deaths: fc.uniqueArray(fc.nat(45), { maxLength: 3 }),
});

type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

/** Executes until it ends, however often it dies on the way. */
async function survive(world: World, { troubles, deaths }: Schedule): Promise<ActionEnd> {
  const operation = await world.order('restart-server', { restart: restartPlan() });
  let points = 0;
  for (;;) {
    try {
      return await world.execute(operation, {
        async observe() {
          points += 1;
          for (const { at, target, fault } of troubles) if (at === points) await world.fault(target, fault);
          await expectRestorable(world);
          if (deaths.includes(points)) throw new SimulatedCrash(`at point ${points}`);
        },
      });
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
      await world.wait(1_000);
    }
  }
}

function resultOf(end: ActionEnd): RestartResult {
  if (end.result?.kind !== 'restart') throw new Error(`not the end of a restart: ${end.reason ?? 'done'}`);
  return end.result;
}

const MARKS: Readonly<Record<string, readonly string[]>> = { [LATE]: ['early', 'late'], [EARLY]: ['early'] };

/** The server runs where the operation says, with the memory that it says. */
async function expectRunsAsSaid(world: World, end: ActionEnd): Promise<void> {
  const { backup, snapshot } = resultOf(end);
  if (backup === null) throw new Error('done without a backup');
  expect(await world.rack.machinesRunning(SERVER)).toEqual([backup]);
  const marks = (await world.rack.memoryOf(backup))?.marks;
  expect(marks).toEqual(snapshot === null ? [] : MARKS[snapshot]);
  expect(await reserved(world)).toEqual([]);
}

async function expectEnded(world: World, end: ActionEnd): Promise<void> {
  if (end.state === 'done') {
    await expectRunsAsSaid(world, end);
    return;
  }
  expect(end.reason.length).toBeGreaterThan(20);
  const { inDoubt } = resultOf(end);
  const held = inDoubt.flatMap(({ machine, drive }) => [drive, machine]).sort();
  expect([...(await reserved(world))].sort()).toEqual(held);
}

/** Faults are over: what was blocked can be done now, and what was done still holds. */
async function expectRecovers(world: World, end: ActionEnd): Promise<void> {
  for (const target of TARGETS) await world.fault(target, 'none');
  await world.wait(5_000);
  if (end.state === 'done') return;
  const again = await world.operate('restart-server', { restart: restartPlan() });
  expect(again).toMatchObject({ state: 'done' });
  await expectRunsAsSaid(world, again);
}

/** More of them in a nightly run. */
const RUNS = Number(process.env.CHAOS_RUNS ?? 60);

describe('a restart on a rack that misbehaves', () => {
  it('ends, harms nothing, and succeeds once everything works again', { timeout: RUNS * 5_000 }, () =>
    fc.assert(
      fc.asyncProperty(schedule, async (faults) => {
        const world = await openWorldWithFailure();
        try {
          const end = await survive(world, faults);
          await expectNoHarm(world);
          await expectEnded(world, end);
          await expectRecovers(world, end);
          await expectNoHarm(world);
          await expectFencedBeforeEachStart(world);
        } finally {
          await world.close();
        }
      }),
      { numRuns: RUNS },
    ),
  );
});
