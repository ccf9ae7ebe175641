import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unprovenIn } from '../../src/actions/unproven.js';
import { perform } from '../../src/scenario/perform.js';
import { setStage, type Stage } from '../../src/scenario/stage.js';
import { shippedPolicies } from '../simulation/support.js';

const DISK = 'web-1-disk';
const HOUR_MS = 3_600_000;

let stage: Stage;

/** web-1 loses its power while its disk answers nothing, and is woken elsewhere. */
beforeEach(async () => {
  const origin = { file: 'it', line: 1 };
  const scenario = { name: 'it', origin, inventory: 'it', schedules: false, steps: [] };
  stage = await setStage(await shippedPolicies(), scenario, { mortal: true });
  await perform(stage, { kind: 'snapshot', server: 'web-1', condition: 'it', drive: null }, 0);
  await stage.runOut(HOUR_MS);
  await perform(stage, { kind: 'misbehave', target: DISK, fault: 'unanswered' }, 1);
  await perform(stage, { kind: 'failure', server: 'web-1', cause: 'power', subject: 'server' }, 2);
  await stage.runOut(HOUR_MS);
});

afterEach(() => stage.strike());

/** Lets the drives be asked how they are, and what follows from it happen. */
async function look(): Promise<void> {
  await stage.measure(DISK);
  await stage.runTo(stage.clock.now() - stage.startMs + 60_000);
}

const answers = (): Promise<null> =>
  stage.rack.apply({ kind: 'clear-faults', target: DISK }).then(() => null);

async function connected(): Promise<readonly string[]> {
  const { drives } = await stage.rack.state();
  return drives.find(({ name }) => name === DISK)?.connections ?? [];
}

async function entries(): Promise<readonly unknown[]> {
  const journal = await stage.store.journal({ limit: 1_000 });
  return journal.flatMap(({ change, detail }) => (change === 'isolated' ? [detail] : []));
}

describe('the drive of a server that was fenced while it did not answer', () => {
  it('is named by the restart, which goes on without it', async () => {
    const operations = await stage.store.operations({ limit: 10 });
    const restart = operations.find(({ kind }) => kind === 'restart-server');
    expect(restart?.state).toBe('done');
    expect(unprovenIn(restart?.result)).toEqual([{ drive: DISK, machine: 'web-1' }]);
    expect(await connected()).toEqual(['web-1']);
  });

  it('lets the machine in no more as soon as it answers, and the journal says so once', async () => {
    await look();
    expect(await connected()).toEqual(['web-1']);
    await answers();
    await look();
    expect(await connected()).toEqual([]);
    await look();
    expect(await entries()).toEqual([{ drive: DISK, machine: 'web-1' }]);
  });

  it('is remembered by a service that was killed meanwhile', async () => {
    stage.kill(1_000);
    await answers();
    await look();
    expect(await connected()).toEqual([]);
  });

  it('is not looked at again by a service that was killed after it was done', async () => {
    await answers();
    await look();
    stage.kill(1_000);
    await look();
    expect(await entries()).toHaveLength(1);
  });

  it('is left alone when the machine is in use again', async () => {
    await stage.store.change('a person', (table) => table.setMachineState('web-1', 'idle'));
    await answers();
    await look();
    expect(await connected()).toEqual(['web-1']);
    expect(await entries()).toEqual([]);
  });

  it('is asked again when it refuses', async () => {
    await answers();
    await perform(stage, { kind: 'misbehave', target: DISK, fault: 'disconnect-refused*1' }, 3);
    await look();
    await look();
    expect(await connected()).toEqual([]);
  });
});
