import { beforeEach, describe, expect, it } from 'vitest';
import type { Takeover } from '../../../src/store/store.js';
import {
  LONG_AGO,
  alert,
  change,
  completed,
  decided,
  decisionAbout,
  minute,
  rack,
  useStore,
  type OpenStore,
} from '../world.js';

const TAKEOVER: Takeover = {
  server: 'web-1',
  fromMachine: 'web-1',
  toMachine: 'spare-1',
  fromDrive: 'd0',
  toDrive: 'd1',
  at: minute(9),
};

export function testTakeover(open: OpenStore): void {
  describe('a takeover', () => {
    const rig = useStore(open);
    const takeOver = (changes: Partial<Takeover> = {}) =>
      change(rig.store, (table) => table.recordTakeover({ ...TAKEOVER, ...changes }));
    const view = () => rig.store.view(LONG_AGO);

    beforeEach(async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await completed(rig.store, 's1', 'd1');
      const failure = alert('f', { at: minute(8) });
      const symptom = { policy: 'hot', condition: 'overheating', cause: 'hardware', met: true } as const;
      const memory = { symptoms: [symptom], matches: [{ policy: 'hot', digest: 'x' }] };
      await decided(rig.store, failure, { decision: decisionAbout(failure, memory), serverFailed: true });
    });

    it('makes the backup the server: up, from the drive of the snapshot', async () => {
      await takeOver();
      expect((await view()).servers[0]).toEqual({
        name: 'web-1',
        machine: 'spare-1',
        disk: 'd1',
        state: 'up',
        failedAt: null,
        takenOverAt: minute(9),
      });
    });

    it('leaves the old machine fenced and the new one serving', async () => {
      await takeOver();
      expect((await view()).machines.map(({ name, state }) => [name, state])).toEqual([
        ['spare-1', 'serving'],
        ['spare-2', 'idle'],
        ['web-1', 'fenced'],
        ['web-2', 'serving'],
      ]);
    });

    it('quarantines the old disk and makes the new drive the active disk', async () => {
      await takeOver();
      const roles = (await view()).drives.map(({ name, role, server }) => [name, role, server]);
      expect(roles).toContainEqual(['d0', 'quarantined', null]);
      expect(roles).toContainEqual(['d1', 'active', 'web-1']);
    });

    it('keeps the disk active when the server was booted from its own', async () => {
      const before = await rig.store.journal({ subject: 'drive:d0', limit: 100 });
      await takeOver({ toDrive: 'd0' });
      expect(await rig.store.journal({ subject: 'drive:d0', limit: 100 })).toEqual(before);
      const roles = (await view()).drives.map(({ name, role, server }) => [name, role, server]);
      expect(roles).toContainEqual(['d0', 'active', 'web-1']);
    });

    it('forgets the symptoms and matches of the server, and of no other', async () => {
      const other = alert('o', { server: 'web-2', at: minute(8) });
      const memory = { matches: [{ policy: 'hot', digest: 'x' }] };
      await decided(rig.store, other, { decision: decisionAbout(other, memory) });
      await takeOver();
      expect((await view()).symptoms).toEqual([]);
      expect((await view()).matches.map(({ server }) => server)).toEqual(['web-2']);
    });

    it('writes a journal entry for every row it changes', async () => {
      const before = (await rig.store.journal({ limit: 100 })).length;
      await takeOver();
      const entries = (await rig.store.journal({ limit: 100 })).slice(before);
      expect(entries.map(({ subject, change: what }) => `${subject} ${what}`).sort()).toEqual([
        'drive:d0 role',
        'drive:d1 role',
        'machine:spare-1 state',
        'machine:web-1 state',
        'server:web-1 takeover',
      ]);
    });

    it('can be followed by another one', async () => {
      await takeOver();
      await takeOver({
        fromMachine: 'spare-1',
        toMachine: 'spare-2',
        fromDrive: 'd1',
        toDrive: 'd2',
        at: minute(20),
      });
      expect((await view()).servers[0]).toMatchObject({
        machine: 'spare-2',
        disk: 'd2',
        takenOverAt: minute(20),
      });
      expect((await view()).machines.find(({ name }) => name === 'spare-1')).toMatchObject({
        state: 'fenced',
      });
    });

    it.each([
      ['from a machine that does not run the server', { fromMachine: 'spare-2' }],
      ['from a drive that the server does not run from', { fromDrive: 'd2' }],
      ['to a machine that runs another server', { toMachine: 'web-2' }],
      ['to a drive that another server runs from', { toDrive: 'e0' }],
    ])('is refused %s, and changes nothing', async (_what, changes) => {
      const before = await view();
      await expect(takeOver(changes)).rejects.toMatchObject({ name: 'StoreRefusal', code: 'wrong-state' });
      expect(await view()).toEqual(before);
    });

    it.each([
      ['of a server', { server: 'nobody' }],
      ['to a machine', { toMachine: 'm9' }],
      ['to a drive', { toDrive: 'd9' }],
    ])('is refused %s that nobody knows', async (_what, changes) => {
      await expect(takeOver(changes)).rejects.toThrow();
      expect((await view()).servers[0]).toMatchObject({ machine: 'web-1', state: 'failed' });
    });
  });
}
