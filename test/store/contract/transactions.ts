import { describe, expect, it } from 'vitest';
import type { DiskTable } from '../../../src/store/store.js';
import { LONG_AGO, alert, change, minute, rack, useStore, wanted, type OpenStore } from '../world.js';

export function testTransactions(open: OpenStore): void {
  describe('a change', () => {
    const rig = useStore(open);

    it('is made whole or not at all', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      const before = await rig.store.journal({ limit: 100 });
      const failing = change(rig.store, async (table) => {
        await table.beginSnapshot(wanted('s1', 'd1'));
        throw new Error('second thoughts');
      });
      await expect(failing).rejects.toThrow('second thoughts');
      expect(await rig.store.snapshots({})).toEqual([]);
      expect(await rig.store.journal({ limit: 100 })).toEqual(before);
    });

    it('does not take an accepted event with it when it is given up', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      const failing = change(rig.store, async (table) => {
        await table.reserveDrive('d1', 'op-1');
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('second thoughts');
      });
      const accepted = rig.store.accept([alert('a')], minute(0));
      await expect(failing).rejects.toThrow('second thoughts');
      expect(await accepted).toEqual([{ id: 'a', result: 'accepted' }]);
      expect(await rig.store.pendingCount()).toBe(1);
    });

    it('is not seen half made', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      const changing = change(rig.store, async (table) => {
        await table.reserveDrive('d1', 'op-1');
        await new Promise((resolve) => setImmediate(resolve));
        await table.reserveDrive('d2', 'op-1');
      });
      const { drives } = await rig.store.view(LONG_AGO);
      await changing;
      const held = drives.filter(({ reservedBy }) => reservedBy !== null).length;
      expect([0, 2]).toContain(held);
    });

    it('cannot be used once it has ended', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      const kept: DiskTable = await change(rig.store, async (table) => table);
      await expect(kept.reserveDrive('d1', 'op-1')).rejects.toThrow(/has ended/);
    });

    it('refuses a method of the store inside it, which would wait for itself', async () => {
      const nested = change(rig.store, async () => rig.store.pendingCount());
      await expect(nested).rejects.toThrow(/wait for itself/);
      expect(await rig.store.pendingCount()).toBe(0);
    });

    it('names who made it and when, by the clock of the store', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      rig.clock.advanceTo(Date.parse(minute(4)));
      await rig.store.change('operator', (table) => table.setMachineState('spare-1', 'failed'));
      const [entry] = await rig.store.journal({ limit: 1 });
      expect(entry).toMatchObject({
        at: minute(4),
        by: 'operator',
        subject: 'machine:spare-1',
        change: 'state',
        detail: { from: 'idle', to: 'failed' },
      });
    });

    it('is refused after the store was closed, which may be said twice', async () => {
      await rig.store.close();
      await rig.store.close();
      await expect(rig.store.pendingCount()).rejects.toThrow(/closed/);
    });
  });
}
