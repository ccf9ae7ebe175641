import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/engine/policy-set.js';
import type { DriveRow } from '../../../src/store/store.js';
import {
  alert,
  decided,
  LONG_AGO,
  active,
  backup,
  change,
  completed,
  drive,
  inventory,
  minute,
  rack,
  useStore,
  type OpenStore,
} from '../world.js';

const TAKEOVER = {
  server: 'web-1',
  fromMachine: 'web-1',
  toMachine: 'spare-1',
  fromDrive: 'd0',
  toDrive: 'd1',
  at: minute(9),
};

export function testInventory(open: OpenStore): void {
  describe('the inventory in the tables', () => {
    const rig = useStore(open);
    const sync = (declared: Inventory, at = minute(0)) => rig.store.syncInventory(declared, at);
    const view = () => rig.store.view(LONG_AGO);
    const changes = async (subject: string) =>
      (await rig.store.journal({ subject, limit: 100 })).map((entry) => entry.change);
    const driveRow = async (name: string): Promise<DriveRow | undefined> =>
      (await rig.store.drives()).find((row) => row.name === name);
    const without = (name: string): Inventory => {
      const declared = rack();
      const keep = <T>(entries: ReadonlyMap<string, T>) =>
        new Map([...entries].filter(([key]) => key !== name));
      return { ...declared, drives: keep(declared.drives), machines: keep(declared.machines) };
    };

    it('makes each active entry a server that runs on the machine of its name', async () => {
      await sync(rack());
      expect((await view()).servers).toEqual([
        { name: 'web-1', machine: 'web-1', disk: 'd0', state: 'up', failedAt: null, takenOverAt: null },
        { name: 'web-2', machine: 'web-2', disk: 'e0', state: 'up', failedAt: null, takenOverAt: null },
      ]);
    });

    it('knows active machines as serving and backups as idle', async () => {
      await sync(rack());
      expect((await view()).machines.map(({ name, state }) => [name, state])).toEqual([
        ['spare-1', 'idle'],
        ['spare-2', 'idle'],
        ['web-1', 'serving'],
        ['web-2', 'serving'],
      ]);
    });

    it('gives drives their roles: active disk, quarantined, or for snapshots', async () => {
      await sync(
        inventory([active('web-1', 'd0')], [drive('d0'), drive('d1'), drive('d2', { quarantined: true })]),
      );
      expect((await view()).drives.map(({ name, role, server }) => [name, role, server])).toEqual([
        ['d0', 'active', 'web-1'],
        ['d1', 'snapshots', null],
        ['d2', 'quarantined', null],
      ]);
    });

    it('takes a fresh drive as empty and healthy until it is measured', async () => {
      await sync(rack());
      expect(await driveRow('d1')).toEqual({
        name: 'd1',
        device: 'array',
        labels: { enclosure: 'a' },
        capacityBytes: 1_000,
        freeBytes: 1_000,
        health: 'ok',
        role: 'snapshots',
        server: null,
        reservedBy: null,
        serial: null,
        missing: false,
      });
    });

    it('changes nothing and journals nothing when it is the same again', async () => {
      await sync(rack());
      const before = { view: await view(), journal: await rig.store.journal({ limit: 100 }) };
      await sync(rack(), minute(5));
      expect({ view: await view(), journal: await rig.store.journal({ limit: 100 }) }).toEqual(before);
    });

    it('keeps what a takeover has changed', async () => {
      await sync(rack());
      await change(rig.store, (table) => table.recordTakeover(TAKEOVER));
      const before = await view();
      await sync(rack(), minute(10));
      expect(await view()).toEqual(before);
    });

    it('keeps that a machine was fenced, though its server has not moved yet', async () => {
      await sync(rack());
      await change(rig.store, (table) => table.setMachineState('web-1', 'fenced'));
      await sync(rack(), minute(1));
      const machines = (await view()).machines;
      expect(machines.find(({ name }) => name === 'web-1')).toMatchObject({ state: 'fenced' });
    });

    it('keeps measurements and reservations', async () => {
      await sync(rack());
      await rig.store.updateDrives([{ drive: 'd1', freeBytes: 7, health: 'degraded' }], minute(1));
      await change(rig.store, (table) => table.reserveDrive('d1', 'op-1'));
      await sync(rack(), minute(2));
      expect(await driveRow('d1')).toMatchObject({ freeBytes: 7, health: 'degraded', reservedBy: 'op-1' });
    });

    it('takes over what is declared anew, and journals both sides', async () => {
      await sync(rack());
      const bigger = drive('d1', { capacityBytes: 5_000, serial: 'S1' });
      await sync({ ...rack(), drives: new Map([...rack().drives, ['d1', bigger]]) }, minute(1));
      expect(await driveRow('d1')).toMatchObject({ capacityBytes: 5_000, serial: 'S1' });
      const [entry] = (await rig.store.journal({ subject: 'drive:d1', limit: 1 })).slice(-1);
      expect(entry).toMatchObject({
        at: minute(1),
        change: 'declared',
        detail: { from: { capacityBytes: 1_000 }, to: { capacityBytes: 5_000 } },
      });
    });

    it('moves a server that was never taken over to another declared disk', async () => {
      await sync(rack());
      const moved = inventory([active('web-1', 'd3')], [...rack().drives.values()]);
      await sync(moved, minute(1));
      expect((await view()).servers).toMatchObject([{ name: 'web-1', disk: 'd3' }]);
      expect(await driveRow('d3')).toMatchObject({ role: 'active', server: 'web-1' });
      expect(await driveRow('d0')).toMatchObject({ role: 'snapshots', server: null });
    });

    it('drops from the view what left it, and keeps the row as missing', async () => {
      await sync(rack());
      await completed(rig.store, 's1', 'd1');
      await sync(without('d1'), minute(1));
      expect((await view()).drives.map(({ name }) => name)).not.toContain('d1');
      expect((await view()).snapshots.map(({ id }) => id)).toEqual(['s1']);
      expect(await driveRow('d1')).toMatchObject({ missing: true });
      expect(await changes('drive:d1')).toEqual(['added', 'missing']);
    });

    it('brings back what returns, with all that was known of it', async () => {
      await sync(rack());
      await rig.store.updateDrives([{ drive: 'd1', freeBytes: 7, health: 'degraded' }], minute(1));
      await sync(without('d1'), minute(2));
      await sync(rack(), minute(3));
      expect(await driveRow('d1')).toMatchObject({ missing: false, freeBytes: 7 });
      expect(await changes('drive:d1')).toEqual(['added', 'health', 'missing', 'returned']);
    });

    it('leaves the disk of a server that left it alone: the server may still run', async () => {
      await sync(rack());
      await sync(without('web-1'), minute(1));
      expect((await view()).servers.map(({ name }) => name)).toEqual(['web-2']);
      expect(await driveRow('d0')).toMatchObject({ role: 'active', server: 'web-1' });
    });

    it('frees the disk of a gone server once a person took it out and put it back', async () => {
      await sync(rack());
      const gone = without('web-1');
      await sync({ ...gone, drives: without('d0').drives }, minute(1));
      await sync(gone, minute(2));
      expect(await driveRow('d0')).toMatchObject({ role: 'snapshots', server: null, missing: false });
    });

    it('does not take a backup for idle while a server that left the inventory may run on it', async () => {
      await sync(rack());
      await change(rig.store, (table) => table.recordTakeover(TAKEOVER));
      await sync(without('web-1'), minute(10));
      const machines = (await view()).machines;
      expect(machines.find(({ name }) => name === 'spare-1')).toMatchObject({ state: 'serving' });
    });

    it('takes a machine that is declared a backup now for idle', async () => {
      await sync(rack());
      await sync(inventory([backup('web-1')], [...rack().drives.values()]), minute(1));
      expect((await view()).machines).toMatchObject([{ name: 'web-1', state: 'idle' }]);
      expect((await view()).servers).toEqual([]);
    });

    it('takes a backup that is declared active now for serving', async () => {
      await sync(rack());
      await sync(inventory([active('spare-1', 'd3')], [...rack().drives.values()]), minute(1));
      expect((await view()).machines).toMatchObject([{ name: 'spare-1', state: 'serving' }]);
    });

    it('keeps a quarantine that a takeover caused, and lifts one that was only declared', async () => {
      const quarantined = inventory(
        [active('web-1', 'd0'), backup('spare-1')],
        [drive('d0'), drive('d1'), drive('d2', { quarantined: true })],
      );
      await sync(quarantined);
      await change(rig.store, (table) => table.recordTakeover(TAKEOVER));
      await sync(
        { ...quarantined, drives: new Map(['d0', 'd1', 'd2'].map((n) => [n, drive(n)])) },
        minute(10),
      );
      expect(await driveRow('d0')).toMatchObject({ role: 'quarantined' });
      expect(await driveRow('d2')).toMatchObject({ role: 'snapshots' });
    });
  });

  describe('what drives and servers report', () => {
    const rig = useStore(open);

    it('is journaled for a drive only when its health changes', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await rig.store.updateDrives([{ drive: 'd1', freeBytes: 10, health: 'ok' }], minute(1));
      expect((await rig.store.drives()).find(({ name }) => name === 'd1')).toMatchObject({ freeBytes: 10 });
      await rig.store.updateDrives([{ drive: 'd1', freeBytes: 9, health: 'failed' }], minute(2));
      const journal = await rig.store.journal({ subject: 'drive:d1', limit: 10 });
      expect(journal.map(({ at, change }) => [at, change])).toEqual([
        [minute(0), 'added'],
        [minute(2), 'health'],
      ]);
      expect(journal.at(-1)?.detail).toEqual({ from: 'ok', to: 'failed' });
      const drives = (await rig.store.view(LONG_AGO)).drives;
      expect(drives.find(({ name }) => name === 'd1')).toMatchObject({ freeBytes: 9, health: 'failed' });
    });

    it('is ignored for a drive that nobody knows', async () => {
      await rig.store.updateDrives([{ drive: 'd9', freeBytes: 1, health: 'ok' }], minute(1));
      expect(await rig.store.drives()).toEqual([]);
    });

    it('is the latest sign of life of a server, also when an older one arrives after it', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      expect(await rig.store.lastHeartbeat('web-1')).toBeNull();
      await rig.store.heartbeat('web-1', minute(5));
      await rig.store.heartbeat('web-1', minute(3));
      expect(await rig.store.lastHeartbeat('web-1')).toBe(minute(5));
      expect(await rig.store.lastHeartbeat('web-2')).toBeNull();
    });

    it('says that a failed server is up after all, when it is younger than the failure', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await decided(rig.store, alert('down', { at: minute(3) }), { serverFailed: true });
      const state = async () =>
        (await rig.store.view(LONG_AGO)).servers.find(({ name }) => name === 'web-1')?.state;
      await rig.store.heartbeat('web-1', minute(2));
      expect(await state()).toBe('failed');
      await rig.store.heartbeat('web-1', minute(4));
      expect(await state()).toBe('up');
    });

    it('is no sign of life of a server that nobody knows', async () => {
      await rig.store.heartbeat('nobody', minute(1));
      expect(await rig.store.lastHeartbeat('nobody')).toBeNull();
    });
  });
}
