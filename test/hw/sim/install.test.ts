import { describe, expect, it } from 'vitest';

import type { DriverEntries } from '../../../src/hw/contract.js';
import { simRig } from './rig.js';
import { fenceAndConnect, simWorld } from './world.js';

function entriesOf({ active, bystander, backup, drives }: ReturnType<typeof simRig>): DriverEntries {
  return { machines: [active, bystander, backup], drives };
}

describe('opening the simulated rack', () => {
  it('runs each active server on its disk and leaves backups off', async () => {
    const world = await simWorld();
    expect(await world.control.machinesRunning('web-1')).toEqual(['web-1']);
    expect(await world.control.memoryOf('spare-1')).toBeNull();
    expect((await world.control.diskOf('disk-1'))?.server).toBe('web-1');
    expect(await world.control.diskOf('d1')).toBeNull();
  });

  it('a second time changes nothing', async () => {
    const world = await simWorld();
    const before = await world.rack();
    await world.rig.driver.open(entriesOf(world.rig)).close();
    expect(await world.rack()).toEqual(before);
  });

  it('keeps a takeover: the old machine does not start again', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    await world.rig.driver.open(entriesOf(world.rig)).close();
    expect(await world.control.machinesRunning('web-1')).toEqual(['spare-1']);
  });

  it('does not start a new server whose disk is in use', async () => {
    const world = await simWorld();
    const { active, backup, drives } = world.rig;
    const twin = { ...active, name: 'web-3' };
    await world.rig.driver.open({ machines: [active, twin, backup], drives }).close();
    expect(await world.control.machinesRunning('web-3')).toEqual([]);
    expect((await world.rack()).violations).toEqual([]);
  });

  it('shows the disk of a server in what its drive has free', async () => {
    const world = await simWorld();
    const { capacityBytes, freeBytes } = await world.run(world.storage('disk-1').status(world.signal));
    const { diskBytes } = await world.run(world.snapshot('s-1', 'd1'));
    expect(capacityBytes - freeBytes).toBe(diskBytes);
  });

  it('brings new drives and changed settings in', async () => {
    const world = await simWorld();
    const { active, drives, first } = world.rig;
    const larger = drives.map((drive) => (drive === first ? { ...drive, capacityBytes: 2 ** 40 } : drive));
    const added = { ...first, name: 'd3' };
    await world.rig.driver.open({ machines: [active], drives: [...larger, added] }).close();
    const { capacityBytes } = await world.run(world.storage('d1').status(world.signal));
    expect(capacityBytes).toBe(2 ** 40);
    expect((await world.rack()).drives.map(({ name }) => name)).toContain('d3');
  });

  it.each([
    ['an unknown setting', { snapshotMS: 5 }],
    ['a negative time', { snapshotMs: -5 }],
    ['a fraction', { snapshotMs: 0.5 }],
    ['a text', { snapshotMs: '5s' }],
    ['a name of every object', { constructor: 1 }],
  ])('refuses %s', (_, settings) => {
    const rig = simRig();
    const machines = [{ ...rig.active, settings }];
    expect(() => rig.driver.open({ machines, drives: rig.drives })).toThrow(
      expect.objectContaining({ code: 'driver-settings', subject: 'web-1' }),
    );
  });

  it('refuses a server whose disk another driver serves', () => {
    const rig = simRig();
    expect(() => rig.driver.open({ machines: [rig.active], drives: [] })).toThrow(
      expect.objectContaining({ code: 'driver-settings', subject: 'web-1' }),
    );
  });

  it('waits as long as the settings say', async () => {
    const rig = simRig();
    const machines = [{ ...rig.active, settings: { snapshotMs: 3_000, diskBytes: 5 } }];
    const { memory } = rig.driver.open({ machines, drives: rig.drives }).machine('web-1');
    const { signal } = new AbortController();
    const order = { operation: 'op-1', signal, snapshot: 's-1', server: 'web-1', drive: 'd1' };
    const before = rig.clock.now();
    const manifest = await rig.run(memory?.snapshot(order) ?? Promise.reject(new Error('no memory')));
    expect(rig.clock.now() - before).toBe(3_000);
    expect(manifest.diskBytes).toBe(5);
  });
});
