import { describe, expect, it } from 'vitest';
import { LONG_AGO, change, minute, operationFor, rack, useStore, type OpenStore } from '../world.js';

export function testReservations(open: OpenStore): void {
  describe('reservations', () => {
    const rig = useStore(open);
    const reserveDrive = (name: string, operation: string) =>
      change(rig.store, (table) => table.reserveDrive(name, operation));
    const reserveMachine = (name: string, operation: string) =>
      change(rig.store, (table) => table.reserveMachine(name, operation));
    const holders = async () => {
      const { drives, machines } = await rig.store.view(LONG_AGO);
      return [...drives, ...machines]
        .filter((row) => row.reservedBy !== null)
        .map((row) => [row.name, row.reservedBy]);
    };

    it('are for one operation at a time', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      expect(await reserveDrive('d1', 'op-1')).toBe(true);
      expect(await reserveDrive('d1', 'op-2')).toBe(false);
      expect(await reserveMachine('spare-1', 'op-1')).toBe(true);
      expect(await reserveMachine('spare-1', 'op-2')).toBe(false);
      expect(await holders()).toEqual([
        ['d1', 'op-1'],
        ['spare-1', 'op-1'],
      ]);
    });

    it('may be asked for again by their holder, and are journaled once', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await reserveDrive('d1', 'op-1');
      expect(await reserveDrive('d1', 'op-1')).toBe(true);
      const journal = await rig.store.journal({ subject: 'drive:d1', limit: 10 });
      expect(journal.filter((entry) => entry.change === 'reserved')).toHaveLength(1);
    });

    it('are given back one by one or all at once, and only by their holder', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await reserveDrive('d1', 'op-1');
      await reserveDrive('d2', 'op-1');
      await reserveDrive('d3', 'op-2');
      await reserveMachine('spare-1', 'op-1');
      await change(rig.store, (table) => table.releaseDrive('d1', 'op-2'));
      expect(await holders()).toHaveLength(4);
      await change(rig.store, (table) => table.releaseDrive('d1', 'op-1'));
      await change(rig.store, (table) => table.releaseMachine('spare-1', 'op-1'));
      expect(await holders()).toEqual([
        ['d2', 'op-1'],
        ['d3', 'op-2'],
      ]);
      await change(rig.store, (table) => table.release('op-1'));
      expect(await holders()).toEqual([['d3', 'op-2']]);
    });

    it('are refused for a machine that is not idle', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      expect(await reserveMachine('web-2', 'op-1')).toBe(false);
      await change(rig.store, (table) => table.setMachineState('spare-1', 'failed'));
      expect(await reserveMachine('spare-1', 'op-1')).toBe(false);
    });

    it('stay with their holder while it starts the machine', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await reserveMachine('spare-1', 'op-1');
      await change(rig.store, (table) => table.setMachineState('spare-1', 'failed'));
      expect(await reserveMachine('spare-1', 'op-1')).toBe(true);
    });

    it('of the disk of a server are for operations on that server', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await operationFor(rig.store, 'op-web-1', 'web-1');
      await operationFor(rig.store, 'op-web-2', 'web-2');
      expect(await reserveDrive('d0', 'op-web-2')).toBe(false);
      expect(await reserveDrive('d0', 'op-web-1')).toBe(true);
    });

    it('are refused for what left the inventory', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await rig.store.syncInventory({ ...rack(), drives: new Map(), machines: new Map() }, minute(1));
      expect(await reserveDrive('d1', 'op-1')).toBe(false);
      expect(await reserveMachine('spare-1', 'op-1')).toBe(false);
    });

    it('of something that nobody knows are an error', async () => {
      await expect(reserveDrive('d9', 'op-1')).rejects.toMatchObject({ code: 'no-such-row' });
      await expect(reserveMachine('m9', 'op-1')).rejects.toMatchObject({ code: 'no-such-row' });
      const setState = change(rig.store, (table) => table.setMachineState('m9', 'fenced'));
      await expect(setState).rejects.toMatchObject({ code: 'no-such-row' });
    });
  });
}
