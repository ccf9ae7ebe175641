import { describe, expect, it } from 'vitest';
import { dieEverywhere, dieTwice, startsIn, type Story } from './crashes.js';
import { completeSnapshots, connections } from './truth.js';
import {
  EARLY,
  LATE,
  SERVER,
  openWorldWithFailure,
  openWorldWithSnapshots,
  restartPlan,
  retirePlan,
  snapshotPlan,
} from './world.js';

const STORIES: readonly Story[] = [
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

describe.each(STORIES)('$name', (story) => {
  it('ends the same, whichever point of whichever step the process dies at', { timeout: 300_000 }, () =>
    dieEverywhere(story),
  );

  it('ends the same when the process dies again while it recovers', { timeout: 300_000 }, () =>
    dieTwice(story),
  );
});
