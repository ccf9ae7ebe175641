import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/engine/policy-set.js';
import type { DiskTable, SnapshotRow } from '../../../src/store/store.js';
import {
  MEASURED,
  change,
  completed,
  drive,
  minute,
  rack,
  useStore,
  wanted,
  type OpenStore,
} from '../world.js';

export function testDiskTable(open: OpenStore): void {
  describe('a snapshot in the disk table', () => {
    const rig = useStore(open);
    const sync = (declared: Inventory = rack()) => rig.store.syncInventory(declared, minute(0));
    const table = <T>(work: (rows: DiskTable) => Promise<T>) => change(rig.store, work);
    const begin = (id: string, onDrive: string, server = 'web-1') =>
      table((rows) => rows.beginSnapshot(wanted(id, onDrive, { server })));
    const find = (id: string): Promise<SnapshotRow | null> => table((rows) => rows.snapshot(id));
    const statesOf = async (server: string) =>
      (await rig.store.snapshots({ server })).map(({ id, state }) => [id, state]);

    it('begins as being written, with what was ordered', async () => {
      await sync();
      const begun = await table((rows) => rows.beginSnapshot(wanted('s1', 'd1', { pinned: true })));
      expect(begun).toEqual({
        id: 's1',
        server: 'web-1',
        generation: 1,
        kind: 'additional',
        condition: 'overheating',
        cause: 'hardware',
        drive: 'd1',
        takenAt: minute(0),
        memoryBytes: 0,
        diskBytes: 0,
        state: 'writing',
        checksum: null,
        verified: null,
        pinned: true,
        verifiedAt: null,
        policyRevision: 'sha256:0',
        event: 'e-1',
        operation: 'op-1',
      });
      expect(await find('s1')).toEqual(begun);
    });

    it('is begun once: the row that is there is returned as it is', async () => {
      await sync();
      await completed(rig.store, 's1', 'd1');
      const again = await begin('s1', 'd2');
      expect(again).toMatchObject({ drive: 'd1', state: 'complete', generation: 1 });
    });

    it('is complete with what the driver measured', async () => {
      await sync();
      await completed(rig.store, 's1', 'd1');
      expect(await find('s1')).toMatchObject({ ...MEASURED, state: 'complete' });
    });

    it('gets the next generation of its server, also after the newest was removed', async () => {
      await sync();
      await begin('s1', 'd1');
      await begin('other', 'd2', 'web-2');
      await table(async (rows) => {
        await rows.failSnapshot('s1', 'no space');
        await rows.removeSnapshot('s1');
      });
      expect(await begin('s2', 'd1')).toMatchObject({ generation: 2 });
      expect(await find('other')).toMatchObject({ generation: 1 });
    });

    it('is verified or found damaged, at a time', async () => {
      await sync();
      await completed(rig.store, 's1', 'd1');
      await table((rows) => rows.recordVerification('s1', 'failed', minute(7)));
      expect(await find('s1')).toMatchObject({ verified: 'failed', verifiedAt: minute(7) });
    });

    it('keeps in the journal what an operation could prove later', async () => {
      await sync();
      const what = { drive: 'd1', machine: 'web-1' };
      await table((rows) => rows.recordIsolated('op-7', what));
      const [entry] = await rig.store.journal({ subject: 'operation:op-7', limit: 10 });
      expect(entry).toMatchObject({ change: 'isolated', detail: what });
    });

    it('goes in two steps: deleting, then gone', async () => {
      await sync();
      await completed(rig.store, 's1', 'd1');
      await completed(rig.store, 's2', 'd2');
      await table((rows) => rows.beginDelete('s1'));
      expect(await statesOf('web-1')).toEqual([
        ['s1', 'deleting'],
        ['s2', 'complete'],
      ]);
      await table((rows) => rows.removeSnapshot('s1'));
      expect(await statesOf('web-1')).toEqual([['s2', 'complete']]);
    });

    it('leaves what it was in the journal when its row goes', async () => {
      await sync();
      await begin('s1', 'd1');
      await table((rows) => rows.failSnapshot('s1', 'no space'));
      await table((rows) => rows.removeSnapshot('s1'));
      const journal = await rig.store.journal({ subject: 'snapshot:s1', limit: 10 });
      expect(journal.map(({ change: what, by }) => [what, by])).toEqual([
        ['begun', 'tester'],
        ['failed', 'tester'],
        ['removed', 'tester'],
      ]);
      expect(journal[1]?.detail).toEqual({ reason: 'no space' });
      expect(journal[2]?.detail).toMatchObject({
        id: 's1',
        drive: 'd1',
        condition: 'overheating',
        generation: 1,
      });
    });

    it.each([
      ['completed', (rows: DiskTable) => rows.completeSnapshot('s1', MEASURED)],
      ['failed', (rows: DiskTable) => rows.failSnapshot('s1', 'late')],
      ['removed', (rows: DiskTable) => rows.removeSnapshot('s1')],
    ])('is not %s once it is complete', async (_what, act) => {
      await sync();
      await completed(rig.store, 's1', 'd1');
      await expect(table(act)).rejects.toMatchObject({ name: 'StoreRefusal', code: 'wrong-state' });
      expect(await find('s1')).toMatchObject({ state: 'complete' });
    });

    it.each([
      ['verified', (rows: DiskTable) => rows.recordVerification('s1', 'ok', minute(1))],
      ['deleted', (rows: DiskTable) => rows.beginDelete('s1')],
      ['removed', (rows: DiskTable) => rows.removeSnapshot('s1')],
    ])('is not %s while it is being written', async (_what, act) => {
      await sync();
      await begin('s1', 'd1');
      await expect(table(act)).rejects.toMatchObject({ code: 'wrong-state' });
    });

    it.each([
      ['completed', (rows: DiskTable) => rows.completeSnapshot('s9', MEASURED)],
      ['failed', (rows: DiskTable) => rows.failSnapshot('s9', 'late')],
      ['verified', (rows: DiskTable) => rows.recordVerification('s9', 'ok', minute(1))],
      ['deleted', (rows: DiskTable) => rows.beginDelete('s9')],
      ['removed', (rows: DiskTable) => rows.removeSnapshot('s9')],
    ])('is not %s when nobody knows it', async (_what, act) => {
      await expect(table(act)).rejects.toMatchObject({ code: 'no-such-row' });
    });

    it('needs a server and a drive that are known', async () => {
      await sync();
      await expect(begin('s1', 'd9')).rejects.toMatchObject({ code: 'no-such-row' });
      await expect(begin('s1', 'd1', 'nobody')).rejects.toMatchObject({ code: 'no-such-row' });
    });

    it('is not written to a drive that left the inventory', async () => {
      await sync();
      const drives = new Map([...rack().drives].filter(([name]) => name !== 'd1'));
      await sync({ ...rack(), drives });
      await expect(begin('s1', 'd1')).rejects.toMatchObject({ code: 'no-such-row' });
    });

    it('is written neither to the active disk of a server nor to a quarantined drive', async () => {
      await sync({
        ...rack(),
        drives: new Map([...rack().drives, ['d2', drive('d2', { quarantined: true })]]),
      });
      await expect(begin('s1', 'e0')).rejects.toMatchObject({ code: 'wrong-state' });
      await expect(begin('s1', 'd2')).rejects.toMatchObject({ code: 'wrong-state' });
    });
  });

  describe('the law of the other drive', () => {
    const rig = useStore(open);
    const begin = (id: string, onDrive: string, server = 'web-1') =>
      change(rig.store, (rows) => rows.beginSnapshot(wanted(id, onDrive, { server })));

    it('refuses the drive of the newest complete snapshot, and changes nothing', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await expect(begin('s2', 'd1')).rejects.toMatchObject({ name: 'StoreRefusal', code: 'holds-previous' });
      expect(await rig.store.snapshots({})).toHaveLength(1);
      expect(await begin('s2', 'd2')).toMatchObject({ generation: 2 });
    });

    it('refuses the same drive under another name', async () => {
      const drives = new Map([
        ...rack().drives,
        ['d1', drive('d1', { serial: 'S7' })] as const,
        ['d2', drive('d2', { serial: 'S7' })] as const,
        ['d3', drive('d3', { serial: 'S8' })] as const,
      ]);
      await rig.store.syncInventory({ ...rack(), drives }, minute(0));
      await completed(rig.store, 's1', 'd1');
      await expect(begin('s2', 'd2')).rejects.toMatchObject({ code: 'holds-previous' });
      expect(await begin('s2', 'd3')).toMatchObject({ drive: 'd3' });
    });

    it('allows the drive of an older snapshot', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await completed(rig.store, 's2', 'd2');
      expect(await begin('s3', 'd1')).toMatchObject({ generation: 3 });
    });

    it('refuses to delete the newest while the next is written beside the one before it', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await completed(rig.store, 's2', 'd2');
      await begin('s3', 'd1');
      const drop = (id: string) => change(rig.store, (rows) => rows.beginDelete(id));
      await expect(drop('s2')).rejects.toMatchObject({ name: 'StoreRefusal', code: 'wrong-state' });
      await change(rig.store, (rows) => rows.failSnapshot('s3', 'no space'));
      await drop('s2');
      expect((await rig.store.snapshots({})).map(({ state }) => state)).toEqual([
        'complete',
        'deleting',
        'failed',
      ]);
    });

    it('is about each server alone', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1', 'web-2');
      expect(await begin('s2', 'd1')).toMatchObject({ drive: 'd1' });
    });

    it('does not count a snapshot that failed', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await begin('s1', 'd1');
      await change(rig.store, (rows) => rows.failSnapshot('s1', 'no space'));
      expect(await begin('s2', 'd1')).toMatchObject({ drive: 'd1' });
    });

    it('refuses a drive on which another one of the server is still being written', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await begin('s1', 'd1');
      await expect(begin('s2', 'd1')).rejects.toMatchObject({ code: 'wrong-state' });
    });
  });

  describe('the law of the last restorable snapshot', () => {
    const rig = useStore(open);
    const remove = (id: string) => change(rig.store, (rows) => rows.beginDelete(id));
    const REFUSED = { name: 'StoreRefusal', code: 'last-restorable' };

    it('refuses to delete the only complete one', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await change(rig.store, (rows) => rows.beginSnapshot(wanted('s2', 'd2')));
      await completed(rig.store, 'other', 'd3', 'web-2');
      await expect(remove('s1')).rejects.toMatchObject(REFUSED);
      expect(await rig.store.snapshots({ server: 'web-1' })).toMatchObject([{ state: 'complete' }, {}]);
    });

    it('allows to delete all but one, whichever stays', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await completed(rig.store, 's2', 'd2');
      await remove('s2');
      await expect(remove('s1')).rejects.toMatchObject(REFUSED);
    });

    it('does not count a damaged one as a substitute for a sound one', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await completed(rig.store, 's2', 'd2');
      await change(rig.store, (rows) => rows.recordVerification('s2', 'failed', minute(2)));
      await expect(remove('s1')).rejects.toMatchObject(REFUSED);
      await remove('s2');
    });

    it('does not count one on a failed drive', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await completed(rig.store, 's2', 'd2');
      await rig.store.updateDrives([{ drive: 'd2', freeBytes: 0, health: 'failed' }], minute(2));
      await expect(remove('s1')).rejects.toMatchObject(REFUSED);
    });

    it('does not count one on a drive that left the inventory', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await completed(rig.store, 's2', 'd2');
      const drives = new Map([...rack().drives].filter(([name]) => name !== 'd2'));
      await rig.store.syncInventory({ ...rack(), drives }, minute(3));
      await expect(remove('s1')).rejects.toMatchObject(REFUSED);
    });

    it('keeps even a damaged one when it is all there is', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      await change(rig.store, (rows) => rows.recordVerification('s1', 'failed', minute(2)));
      await expect(remove('s1')).rejects.toMatchObject(REFUSED);
    });
  });

  describe('the view of the disk table', () => {
    const rig = useStore(open);

    it('lists snapshots by server and generation', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 'b', 'd1', 'web-2');
      await completed(rig.store, 'z', 'd1');
      await completed(rig.store, 'a', 'd2');
      const { snapshots } = await rig.store.view(minute(0));
      expect(snapshots.map(({ id, generation }) => [id, generation])).toEqual([
        ['z', 1],
        ['a', 2],
        ['b', 1],
      ]);
      const rows = await change(rig.store, (table) => table.snapshotsOf('web-1'));
      expect(rows.map(({ id }) => id)).toEqual(['z', 'a']);
    });

    it('shows the newest entries of the journal, oldest of them first', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      const entries = await rig.store.journal({ limit: 2 });
      expect(entries.map(({ subject, change: what }) => [subject, what])).toEqual([
        ['snapshot:s1', 'begun'],
        ['snapshot:s1', 'completed'],
      ]);
    });
  });
}
