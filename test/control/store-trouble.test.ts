/** The store fails in the middle of an operation; nobody restarts the service. */
import { afterEach, describe, expect, it } from 'vitest';
import { perform } from '../../src/scenario/perform.js';
import { setStage, type Stage } from '../../src/scenario/stage.js';
import { createFaultyStore, type FaultyStore } from '../../src/simulation/faulty-store.js';
import { shippedPolicies } from '../simulation/support.js';

const HOUR_MS = 3_600_000;

const stages: Stage[] = [];

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.strike();
});

/** web-1 has a snapshot and fails; the store fails at the given commit after that. */
async function failing(
  how: 'full' | 'damaged',
  commit: number,
): Promise<{ stage: Stage; faulty: FaultyStore }> {
  const faulty = createFaultyStore(() => undefined);
  const origin = { file: 'it', line: 1 };
  const scenario = { name: 'it', origin, inventory: 'it', schedules: false, steps: [] };
  const stage = await setStage(await shippedPolicies(), scenario, {
    between: faulty.around,
    isMeant: faulty.isFault,
  });
  stages.push(stage);
  await perform(stage, { kind: 'snapshot', server: 'web-1', condition: 'it', drive: null }, 0);
  await stage.runOut(HOUR_MS);
  faulty.failAt({ commit, how, seenAfterMs: 0 });
  await stage.runTo(HOUR_MS);
  await perform(stage, { kind: 'failure', server: 'web-1', cause: 'power', subject: 'server' }, 1).catch(
    (error: unknown) => {
      if (!faulty.isFault(error)) throw error;
    },
  );
  await stage.runOut(2 * HOUR_MS);
  await stage.runTo(2 * HOUR_MS);
  return { stage, faulty };
}

/** Commits of the restart, after the one that accepts the failure: that is refused to who sends it. */
const COMMITS = [3, 4, 5, 8, 12, 17, 23];

describe('an operation whose step the store does not take', () => {
  it.each(COMMITS)('goes on when the store takes steps again: commit %i', async (commit) => {
    const { stage, faulty } = await failing('full', commit);
    expect(faulty.came).toBe(1);
    expect(await stage.store.unfinishedOperations()).toEqual([]);
    expect(await stage.rack.machinesRunning('web-1')).toHaveLength(1);
    expect((await stage.rack.state()).violations).toEqual([]);
  });

  it.each(COMMITS)('does nothing more while the store takes none: commit %i', async (commit) => {
    const { stage } = await failing('damaged', commit);
    const before = (await stage.rack.state()).log.length;
    await stage.runTo(3 * HOUR_MS);
    expect((await stage.rack.state()).log).toHaveLength(before);
    expect((await stage.rack.state()).violations).toEqual([]);
  });
});
