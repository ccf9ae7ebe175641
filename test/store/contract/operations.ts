import { describe, expect, it } from 'vitest';
import { LONG_AGO, change, minute, operationFor, rack, useStore, type OpenStore } from '../world.js';

const DONE = { state: 'done', at: minute(5), reason: null, result: { drive: 'd1' } } as const;
const BLOCKED = {
  state: 'blocked',
  at: minute(5),
  reason: 'the fence does not answer',
  result: null,
} as const;

export function testOperations(open: OpenStore): void {
  describe('operations', () => {
    const rig = useStore(open);

    it('begin with the decision that orders them', async () => {
      rig.clock.advanceTo(Date.parse(minute(2)));
      await operationFor(rig.store, 'op-1');
      const operation = await rig.store.operation('op-1');
      expect(operation).toMatchObject({
        id: 'op-1',
        kind: 'take-snapshot',
        server: 'web-1',
        state: 'running',
        createdAt: minute(2),
        endedAt: null,
        reason: null,
      });
      expect(operation?.decision).toEqual(await rig.store.decision('d-cause-of-op-1'));
      expect(await rig.store.operationOf('d-cause-of-op-1')).toEqual(operation);
    });

    it('are unfinished, oldest first, until they end', async () => {
      for (const id of ['op-b', 'op-a', 'op-c']) await operationFor(rig.store, id);
      await rig.store.finishOperation('op-a', DONE);
      const ids = (await rig.store.unfinishedOperations()).map(({ id }) => id);
      expect(ids).toEqual(['op-b', 'op-c']);
      const { operations } = await rig.store.view(LONG_AGO);
      expect(operations).toEqual([
        { id: 'op-b', kind: 'take-snapshot', server: 'web-1', state: 'running' },
        { id: 'op-c', kind: 'take-snapshot', server: 'web-1', state: 'running' },
      ]);
    });

    it('stay in the view when they end blocked and still hold a drive', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await operationFor(rig.store, 'op-1');
      await rig.store.change('op-1', (rows) => rows.reserveDrive('d1', 'op-1'));
      await rig.store.finishOperation('op-1', BLOCKED);
      expect((await rig.store.view(LONG_AGO)).operations).toMatchObject([{ id: 'op-1', state: 'blocked' }]);
      await rig.store.change('op-1', (rows) => rows.release('op-1'));
      expect((await rig.store.view(LONG_AGO)).operations).toEqual([]);
    });

    it('end with a reason and a result', async () => {
      await operationFor(rig.store, 'op-1');
      await operationFor(rig.store, 'op-2');
      await rig.store.finishOperation('op-1', DONE);
      await rig.store.finishOperation('op-2', BLOCKED);
      expect(await rig.store.operation('op-1')).toMatchObject({ ...endOf(DONE), result: { drive: 'd1' } });
      expect(await rig.store.operation('op-2')).toMatchObject({ ...endOf(BLOCKED), result: null });
    });

    it('end once: the same end again changes nothing, another one is refused', async () => {
      await operationFor(rig.store, 'op-1');
      await rig.store.finishOperation('op-1', DONE);
      await rig.store.finishOperation('op-1', { ...DONE, at: minute(6) });
      expect(await rig.store.operation('op-1')).toMatchObject({ endedAt: minute(5) });
      await expect(rig.store.finishOperation('op-1', BLOCKED)).rejects.toMatchObject({ code: 'wrong-state' });
      await expect(rig.store.finishOperation('op-9', DONE)).rejects.toMatchObject({ code: 'no-such-row' });
    });

    it('give back what they still hold when they are done, and keep it when they are blocked', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await operationFor(rig.store, 'op-1');
      await operationFor(rig.store, 'op-2');
      await change(rig.store, async (table) => {
        await table.reserveDrive('d1', 'op-1');
        await table.reserveDrive('d2', 'op-2');
      });
      await rig.store.finishOperation('op-1', DONE);
      await rig.store.finishOperation('op-2', BLOCKED);
      const held = (await rig.store.drives()).filter(({ reservedBy }) => reservedBy !== null);
      expect(held.map(({ name }) => name)).toEqual(['d2']);
    });

    it('are listed newest first, by server, up to a limit', async () => {
      await operationFor(rig.store, 'op-1', 'web-1');
      await operationFor(rig.store, 'op-2', 'web-2');
      await operationFor(rig.store, 'op-3', 'web-1');
      const ids = async (filter: { server?: string; limit: number }) =>
        (await rig.store.operations(filter)).map(({ id }) => id);
      expect(await ids({ limit: 10 })).toEqual(['op-3', 'op-2', 'op-1']);
      expect(await ids({ limit: 1 })).toEqual(['op-3']);
      expect(await ids({ server: 'web-1', limit: 10 })).toEqual(['op-3', 'op-1']);
    });

    it('are null when nobody knows them', async () => {
      expect(await rig.store.operation('op-9')).toBeNull();
      expect(await rig.store.operationOf('d-9')).toBeNull();
    });
  });
}

function endOf(end: typeof DONE | typeof BLOCKED) {
  return { state: end.state, endedAt: end.at, reason: end.reason };
}
