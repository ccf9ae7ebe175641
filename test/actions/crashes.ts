/** Plays one operation again and again and lets the process die at each point of each of its steps. */
import { expect } from 'vitest';
import type { ActionEnd } from '../../src/actions/action.js';
import { SimulatedCrash } from '../../src/actions/crash.js';
import type { StepPoint } from '../../src/actions/durable.js';
import type { Operation } from '../../src/store/store.js';
import {
  expectFencedBeforeEachStart,
  expectNoHarm,
  expectNoRemains,
  expectRestorable,
  expectSnapshotsTrue,
  reserved,
} from './truth.js';
import type { World } from './world.js';

export interface Story {
  readonly name: string;
  open(): Promise<World>;
  order(world: World): Promise<Operation>;
  /** What must be true in the end, however often the process died. */
  expectEnd(world: World, end: ActionEnd): Promise<void>;
}

/** One crash, at every point there is. Returns how many there were. */
export async function dieEverywhere(story: Story): Promise<number> {
  const { live } = await play(story, []);
  expect(live.length).toBeGreaterThanOrEqual(8);
  for (const point of live) await play(story, [point]);
  return live.length;
}

/** A second crash while recovering from the first one, for every pair there is. Returns how many there were. */
export async function dieTwice(story: Story): Promise<number> {
  const { live } = await play(story, []);
  let pairs = 0;
  for (const first of live) {
    const recovery = await play(story, [first]);
    for (const second of recovery.live) await play(story, [first, second]);
    pairs += recovery.live.length;
  }
  return pairs;
}

interface Run {
  /** The points that were come by, in their order. */
  readonly live: readonly string[];
  /** Null: it died. */
  readonly end: ActionEnd | null;
}

/** Plays the story with a crash at each of the named points, one after the other. */
async function play(story: Story, crashes: readonly string[]): Promise<Run> {
  const world = await story.open();
  try {
    const operation = await story.order(world);
    for (const crash of crashes) {
      const died = await execute(world, operation, crash);
      expect(died.end, `alive after a crash ${crash}`).toBeNull();
      await expectNoHarm(world);
    }
    const run = await execute(world, operation, null);
    await expectAllWell(story, world, run.end);
    return run;
  } catch (error) {
    throw new Error(`${story.name}, dying ${crashes.join(' and ') || 'never'}`, { cause: error });
  } finally {
    await world.close();
  }
}

async function execute(world: World, operation: Operation, fatal: string | null): Promise<Run> {
  const live: string[] = [];
  try {
    const end = await world.execute(operation, {
      async observe(point) {
        live.push(nameOf(point));
        await expectRestorable(world);
        if (nameOf(point) === fatal) throw new SimulatedCrash(fatal);
      },
    });
    return { live, end };
  } catch (error) {
    if (error instanceof SimulatedCrash) return { live, end: null };
    throw error;
  }
}

const nameOf = ({ step, at }: StepPoint): string => `${at} ${step}`;

async function expectAllWell(story: Story, world: World, end: ActionEnd | null): Promise<void> {
  if (end === null) throw new Error('the operation has not ended');
  await story.expectEnd(world, end);
  await expectNoHarm(world);
  await expectFencedBeforeEachStart(world);
  await expectRestorable(world);
  await expectNoRemains(world);
  await expectSnapshotsTrue(world);
  if (end.state === 'done') expect(await reserved(world)).toEqual([]);
}

/** The machines that were started on an order, in their order. */
export async function startsIn(world: World): Promise<readonly string[]> {
  const log = await world.log();
  return log
    .filter(({ change, operation }) => change === 'start' && operation !== null)
    .map(({ machine }) => machine);
}
