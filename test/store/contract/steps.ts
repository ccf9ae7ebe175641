import { beforeEach, describe, expect, it } from 'vitest';
import { MEASURED, minute, operationFor, rack, useStore, wanted, type OpenStore } from '../world.js';

const FAILURE = { code: 'no-answer', subject: 'spare-1', message: 'no answer within 30 s' };

export function testSteps(open: OpenStore): void {
  describe('the journal of steps', () => {
    const rig = useStore(open);
    const load = () => rig.store.steps.load('op-1');

    beforeEach(async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await operationFor(rig.store, 'op-1');
    });

    it('holds an intent before it holds an end', async () => {
      await rig.store.steps.intend('op-1', 'fence', minute(1));
      expect(await load()).toEqual([
        {
          step: 'fence',
          state: 'intended',
          startedAt: minute(1),
          endedAt: null,
          result: undefined,
          error: null,
        },
      ]);
    });

    it.each([[{ off: true }], [[1, 'two', null]], [null], [0], ['']])(
      'gives back the result %j',
      async (result) => {
        await rig.store.steps.intend('op-1', 'fence', minute(1));
        await rig.store.steps.conclude('op-1', 'fence', { ok: true, result }, minute(2));
        expect(await load()).toEqual([
          { step: 'fence', state: 'done', startedAt: minute(1), endedAt: minute(2), result, error: null },
        ]);
      },
    );

    it('gives back that a step had no result', async () => {
      await rig.store.steps.intend('op-1', 'fence', minute(1));
      await rig.store.steps.conclude('op-1', 'fence', { ok: true, result: undefined }, minute(2));
      expect((await load())[0]).toMatchObject({ state: 'done', result: undefined });
    });

    it('gives back why a step failed', async () => {
      await rig.store.steps.intend('op-1', 'fence', minute(1));
      await rig.store.steps.conclude('op-1', 'fence', { ok: false, error: FAILURE }, minute(2));
      expect((await load())[0]).toMatchObject({ state: 'failed', endedAt: minute(2), error: FAILURE });
    });

    it('is in the order in which steps were begun, not in which they ended', async () => {
      await rig.store.steps.intend('op-1', 'z', minute(1));
      await rig.store.steps.intend('op-1', 'a', minute(1));
      await rig.store.steps.conclude('op-1', 'a', { ok: true, result: 1 }, minute(2));
      await rig.store.steps.conclude('op-1', 'z', { ok: true, result: 2 }, minute(3));
      expect((await load()).map(({ step }) => step)).toEqual(['z', 'a']);
    });

    it('is separate for each operation', async () => {
      await operationFor(rig.store, 'op-2');
      await rig.store.steps.intend('op-1', 'fence', minute(1));
      await rig.store.steps.intend('op-2', 'fence', minute(2));
      expect((await load()).map(({ startedAt }) => startedAt)).toEqual([minute(1)]);
    });

    it('keeps the first beginning of a step that begins again after a crash', async () => {
      await rig.store.steps.intend('op-1', 'fence', minute(1));
      await rig.store.steps.intend('op-1', 'fence', minute(9));
      expect(await load()).toMatchObject([{ state: 'intended', startedAt: minute(1) }]);
    });

    it('does not let a step that has ended begin or end again', async () => {
      const { steps } = rig.store;
      await steps.intend('op-1', 'fence', minute(1));
      await steps.conclude('op-1', 'fence', { ok: true, result: 1 }, minute(2));
      await expect(steps.intend('op-1', 'fence', minute(3))).rejects.toMatchObject({ code: 'wrong-state' });
      const again = steps.conclude('op-1', 'fence', { ok: true, result: 2 }, minute(3));
      await expect(again).rejects.toMatchObject({ code: 'wrong-state' });
      expect(await load()).toMatchObject([{ result: 1, endedAt: minute(2) }]);
    });

    it('does not let a step end that was never intended', async () => {
      const end = rig.store.steps.conclude('op-1', 'fence', { ok: true, result: 1 }, minute(2));
      await expect(end).rejects.toMatchObject({ code: 'no-such-row' });
    });

    it('takes no step of an operation that nobody knows or that has ended', async () => {
      await expect(rig.store.steps.intend('op-9', 'fence', minute(1))).rejects.toMatchObject({
        code: 'no-such-row',
      });
      await rig.store.finishOperation('op-1', { state: 'done', at: minute(2), reason: null, result: null });
      await expect(rig.store.steps.intend('op-1', 'fence', minute(3))).rejects.toMatchObject({
        code: 'wrong-state',
      });
    });

    it('records a change of the disk table and the end of its step together', async () => {
      const generation = await rig.store.steps.record('op-1', 'reserve', minute(1), async (table) => {
        await table.reserveDrive('d1', 'op-1');
        return (await table.beginSnapshot(wanted('s1', 'd1'))).generation;
      });
      expect(generation).toBe(1);
      expect(await load()).toMatchObject([{ step: 'reserve', state: 'done', result: 1, endedAt: minute(1) }]);
      const journal = await rig.store.journal({ subject: 'snapshot:s1', limit: 10 });
      expect(journal).toMatchObject([{ change: 'begun', by: 'op-1', at: minute(1) }]);
    });

    it('records neither the change nor the step when the change is refused', async () => {
      const refused = rig.store.steps.record('op-1', 'reserve', minute(1), async (table) => {
        await table.reserveDrive('d1', 'op-1');
        await table.completeSnapshot('s9', MEASURED);
      });
      await expect(refused).rejects.toMatchObject({ code: 'no-such-row' });
      expect(await load()).toEqual([]);
      expect((await rig.store.drives()).filter(({ reservedBy }) => reservedBy !== null)).toEqual([]);
    });

    it('makes a recorded change once', async () => {
      const record = () =>
        rig.store.steps.record('op-1', 'begin', minute(1), (table) =>
          table.beginSnapshot(wanted('s1', 'd1')),
        );
      await record();
      await expect(record()).rejects.toMatchObject({ code: 'wrong-state' });
    });
  });
}
