/** Operations from their order to their end, for tests that let something happen in the middle of them. */
import { expect } from 'vitest';
import { startsIn, type Story } from './crashes.js';
import { completeSnapshots, connections, reserved } from './truth.js';
import {
  EARLY,
  LATE,
  SERVER,
  openWorldWithFailure,
  openWorldWithSnapshots,
  restartPlan,
  retirePlan,
  snapshotPlan,
  type World,
} from './world.js';

/** In which nothing misbehaves. */
export const STRAIGHT: readonly Story[] = [
  {
    name: 'a snapshot',
    open: openWorldWithSnapshots,
    order: (world) => world.order('take-snapshot', { snapshot: snapshotPlan({ drives: ['d3', 'd1'] }) }),
    async expectEnd(world, end) {
      expect(end).toMatchObject({ state: 'done', result: { drive: 'd3', tried: [] } });
      expect((await completeSnapshots(world)).map(({ drive }) => drive)).toEqual(['d1', 'd2', 'd3']);
      expect(await world.rack.machinesRunning(SERVER)).toEqual([SERVER]);
    },
  },
  {
    name: 'a restart',
    open: openWorldWithFailure,
    order: (world) => world.order('restart-server', { restart: restartPlan() }),
    async expectEnd(world, end) {
      expect(end).toMatchObject({ state: 'done', result: { backup: 'spare-1', snapshot: LATE, tried: [] } });
      expect((await world.rack.memoryOf('spare-1'))?.marks).toEqual(['early', 'late']);
      expect(await startsIn(world)).toEqual(['spare-1']);
      expect(await connections(world)).toEqual({ d2: ['spare-1'] });
    },
  },
  {
    name: 'a retirement',
    open: openWorldWithSnapshots,
    order: (world) => world.order('retire-snapshot', { retire: retirePlan([EARLY, 'd1'], [LATE, 'd2']) }),
    async expectEnd(world, end) {
      expect(end).toMatchObject({ state: 'done', result: { removed: [EARLY], kept: [{ snapshot: LATE }] } });
      expect((await completeSnapshots(world)).map(({ id }) => id)).toEqual([LATE]);
    },
  },
];

const failing = async (target: string, ...faults: readonly string[]): Promise<World> => {
  const world = await openWorldWithFailure();
  await world.fault(target, ...faults);
  return world;
};

const restart: Story['order'] = (world) => world.order('restart-server', { restart: restartPlan() });

/** In which something does, so that what was done is undone. */
export const UNDONE: readonly Story[] = [
  {
    name: 'a snapshot that fails on its first drive',
    async open() {
      const world = await openWorldWithSnapshots();
      await world.fault('d3', 'snapshot-damaged');
      return world;
    },
    order: (world) => world.order('take-snapshot', { snapshot: snapshotPlan({ drives: ['d3', 'd1'] }) }),
    async expectEnd(world, end) {
      expect(end).toMatchObject({ state: 'done', result: { drive: 'd1', tried: [{ drive: 'd3' }] } });
      expect(await world.rack.snapshotOf('d3', 'op-3-1')).toBeNull();
    },
  },
  {
    name: 'a restart whose first attempt fails',
    open: () => failing('spare-1', 'no-heartbeat'),
    order: restart,
    async expectEnd(world, end) {
      expect(end).toMatchObject({ state: 'done', result: { backup: 'spare-2', snapshot: EARLY } });
      expect((await world.rack.memoryOf('spare-2'))?.marks).toEqual(['early']);
      expect(await startsIn(world)).toEqual(['spare-1', 'spare-2']);
      expect(await connections(world)).toEqual({ d1: ['spare-2'] });
    },
  },
  {
    name: 'a restart that ends blocked because its server cannot be fenced',
    open: () => failing(SERVER, 'off-ignored'),
    order: restart,
    async expectEnd(world, end) {
      expect(end).toMatchObject({ state: 'blocked', result: { backup: null } });
      expect(await startsIn(world)).toEqual([]);
    },
  },
  {
    name: 'a restart that ends blocked because its backup cannot be proven off again',
    open: () => failing('spare-1', 'no-heartbeat', 'off-ignored'),
    order: restart,
    async expectEnd(world, end) {
      expect(end).toMatchObject({ state: 'blocked', result: { inDoubt: [{ machine: 'spare-1' }] } });
      expect(await startsIn(world)).toEqual(['spare-1']);
      expect(await reserved(world)).toEqual(['d2', 'spare-1']);
    },
  },
];
