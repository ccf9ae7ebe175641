import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionEnd } from '../../src/actions/action.js';
import { expectNoHarm, expectRestorable, reserved } from './truth.js';
import {
  EARLY,
  LATE,
  SERVER,
  openWorldWithSnapshots,
  retirePlan,
  snapshotPlan,
  type World,
} from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorldWithSnapshots();
});
afterEach(async () => {
  await expectNoHarm(world);
  await expectRestorable(world);
  await world.close();
});

const retire = (...snapshots: readonly (readonly [string, string])[]): Promise<ActionEnd> =>
  world.operate('retire-snapshot', { retire: retirePlan(...snapshots) });

async function rows(): Promise<readonly string[]> {
  return (await world.store.snapshots({ server: SERVER })).map(({ id, state }) => `${id} ${state}`);
}

describe('retiring snapshots', () => {
  it('removes them from their drives and from the disk table', async () => {
    const end = await retire([EARLY, 'd1']);
    expect(end).toEqual({
      state: 'done',
      reason: null,
      result: { kind: 'retire', removed: [EARLY], kept: [] },
    });
    expect(await rows()).toEqual([`${LATE} complete`]);
    expect(await world.rack.snapshotOf('d1', EARLY)).toBeNull();
    expect(await reserved(world)).toEqual([]);
  });

  it('keeps the last one that could be restarted from, whatever the plan says', async () => {
    const end = await retire([EARLY, 'd1'], [LATE, 'd2']);
    expect(end).toMatchObject({
      state: 'done',
      result: { removed: [EARLY], kept: [{ snapshot: LATE, code: 'last-restorable' }] },
    });
    expect(await world.rack.snapshotOf('d2', LATE)).not.toBeNull();
    expect(await reserved(world)).toEqual([]);
  });

  it('keeps what is on a drive that another operation has reserved', async () => {
    const other = await world.order('take-snapshot', { snapshot: snapshotPlan() });
    await world.store.change('test', (table) => table.reserveDrive('d1', other.id));
    const end = await retire([EARLY, 'd1']);
    expect(end).toMatchObject({ state: 'done', result: { removed: [], kept: [{ code: 'reserved' }] } });
    expect(await rows()).toContain(`${EARLY} complete`);
  });

  it('keeps what is gone from the disk table out of it', async () => {
    const end = await retire(['op-77-1', 'd1']);
    expect(end).toMatchObject({ state: 'done', result: { kept: [{ snapshot: 'op-77-1', code: 'absent' }] } });
  });

  it('ends blocked with the reason when a drive does not remove it, and goes on with the others', async () => {
    await world.operate('take-snapshot', { snapshot: snapshotPlan({ drives: ['d3'] }) });
    await world.fault('d1', 'unanswered');
    const end = await retire([EARLY, 'd1'], [LATE, 'd2']);
    expect(end).toMatchObject({ state: 'blocked', result: { removed: [LATE], kept: [{ snapshot: EARLY }] } });
    expect(end.reason).toContain(`${EARLY}: d1 did not answer`);
    expect(await rows()).toContain(`${EARLY} deleting`);
    expect(await reserved(world)).toEqual([]);
  });

  it('takes up again what got stuck before', async () => {
    await world.fault('d1', 'unanswered');
    await retire([EARLY, 'd1']);
    await world.fault('d1', 'none');
    const end = await retire([EARLY, 'd1']);
    expect(end).toMatchObject({ state: 'done', result: { removed: [EARLY] } });
    expect(await world.rack.snapshotOf('d1', EARLY)).toBeNull();
  });

  it('tries a drive again that does not answer at once', async () => {
    await world.fault('d1', 'unanswered*1');
    expect(await retire([EARLY, 'd1'])).toMatchObject({ state: 'done' });
  });
});
