import { describe, expect, it } from 'vitest';
import { dieEverywhere, startsIn, type Story } from './crashes.js';
import { connections, reserved } from './truth.js';
import {
  EARLY,
  SERVER,
  openWorldWithFailure,
  openWorldWithSnapshots,
  restartPlan,
  snapshotPlan,
  type World,
} from './world.js';

const failing = async (target: string, ...faults: readonly string[]): Promise<World> => {
  const world = await openWorldWithFailure();
  await world.fault(target, ...faults);
  return world;
};

const restart: Story['order'] = (world) => world.order('restart-server', { restart: restartPlan() });

const STORIES: readonly Story[] = [
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

describe.each(STORIES)('$name', (story) => {
  it('ends the same, whichever point of whichever step the process dies at', { timeout: 300_000 }, () =>
    dieEverywhere(story),
  );
});
