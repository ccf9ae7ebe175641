/**
 * Each single call to the hardware fails in each way a call can fail, and each single commit of the store. Whatever
 * comes of the operation, nothing is harmed, and once all works again the server can be restarted.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { ActionEnd } from '../../src/actions/action.js';
import { HardwareError } from '../../src/hw/contract.js';
import type { Hardware } from '../../src/hw/index.js';
import { createFaultyStore, type StoreFault } from '../../src/simulation/faulty-store.js';
import { intercepted, type Call } from './calls.js';
import type { Story } from './crashes.js';
import { STRAIGHT } from './stories.js';
import { expectFencedBeforeEachStart, expectNoHarm, expectRestorable } from './truth.js';
import { restartPlan, SERVER, type World } from './world.js';
import { figure } from '../support/figures.js';

/** What can become of a call. */
const WAYS: Readonly<Record<string, (call: Call, world: World) => Promise<unknown>>> = {
  'is refused': () => Promise.reject(new HardwareError('refused', 'it', 'no')),
  'is not answered': () => Promise.reject(new HardwareError('no-answer', 'it', 'silence')),
  'is done and not answered': async (call) => {
    await call().catch(() => undefined);
    throw new HardwareError('no-answer', 'it', 'the reply was lost');
  },
  'is done twice': async (call) => {
    await call().catch(() => undefined);
    return call();
  },
  'never ends': () => new Promise(() => undefined),
  'is answered long after': async (call, { clock }) => {
    const answer = await call();
    await clock.sleep(120_000);
    return answer;
  },
  'is answered with nonsense': () => Promise.resolve({ state: 'purple', nonsense: [null] }),
  'throws what no driver should': () => Promise.reject(new TypeError('x is not a function')),
};

const tried = { calls: 0, commits: 0 };

afterAll(() => {
  figure(`failing calls to the hardware: ${tried.calls}; failing commits: ${tried.commits}`);
});

/** The hardware with one call that fails. */
function failing(
  world: World,
  number: number,
  way: (call: Call, world: World) => Promise<unknown>,
): { hardware: Hardware; calls: () => number } {
  let calls = 0;
  const hardware = intercepted(world.hardware, (call) => {
    calls += 1;
    return calls === number ? way(call, world) : call();
  });
  return { hardware, calls: () => calls };
}

async function expectSafe(world: World): Promise<void> {
  await expectNoHarm(world);
  await expectFencedBeforeEachStart(world);
  await expectRestorable(world);
}

/** A blocked operation says why, and a person who orders the restart of a server that does not run gets one. */
async function expectRecovers(world: World, end: ActionEnd): Promise<void> {
  if (end.state === 'blocked') expect(end.reason.length).toBeGreaterThan(20);
  await world.wait(200_000);
  await expectSafe(world);
  if ((await world.rack.machinesRunning(SERVER)).length > 0 && end.state === 'done') return;
  const again = await world.operate('restart-server', { restart: restartPlan() });
  expect(again).toMatchObject({ state: 'done' });
  await expectSafe(world);
}

async function inWorld<T>(story: Story, what: string, run: (world: World) => Promise<T>): Promise<T> {
  const world = await story.open();
  try {
    return await run(world);
  } catch (error) {
    throw new Error(`${story.name}, ${what}`, { cause: error });
  } finally {
    await world.close();
  }
}

const OPERATIONS = STRAIGHT.filter(({ name }) => name !== 'a retirement');

describe.each(OPERATIONS)('in $name', (story) => {
  it.each(Object.entries(WAYS))(
    'any single call to the hardware %s',
    { timeout: 300_000 },
    async (what, way) => {
      for (let number = 1; ; number += 1) {
        const came = await inWorld(story, `call ${number} ${what}`, async (world) => {
          const operation = await story.order(world);
          const faulty = failing(world, number, way);
          const end = await world.execute(operation, { hardware: faulty.hardware });
          if (faulty.calls() < number) return false;
          await expectSafe(world);
          await expectRecovers(world, end);
          return true;
        });
        if (!came) {
          expect(number).toBeGreaterThan(2);
          return;
        }
        tried.calls += 1;
      }
    },
  );
});

describe.each(STRAIGHT)('in $name', (story) => {
  it.each(['full', 'damaged', 'unknown'] as const)(
    'any single commit fails: %s',
    { timeout: 300_000 },
    async (how) => {
      for (let commit = 1; ; commit += 1) {
        const came = await inWorld(story, `commit ${commit}`, (world) =>
          failCommit(story, world, { commit, how, seenAfterMs: 0 }),
        );
        if (!came) {
          expect(commit).toBeGreaterThan(3);
          return;
        }
        tried.commits += 1;
      }
    },
  );
});

/** Whether the operation had so many commits. */
async function failCommit(story: Story, world: World, fault: StoreFault): Promise<boolean> {
  const operation = await story.order(world);
  const faulty = createFaultyStore(() => undefined);
  const open = faulty.around(world.store);
  faulty.failAt(fault);
  const first = await world.execute(operation, { store: open }).catch((error: unknown) => {
    if (!faulty.isFault(error)) throw error;
    return null;
  });
  if (faulty.came === 0) return false;
  // The store did not take a step, so the operation stopped dead there; the store is opened again and it goes on.
  expect(first).toBeNull();
  await expectSafe(world);
  const end = await world.execute(operation, { store: faulty.around(world.store) });
  await expectSafe(world);
  await story.expectEnd(world, end);
  return true;
}
