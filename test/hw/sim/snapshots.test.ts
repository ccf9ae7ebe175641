import { describe, expect, it } from 'vitest';

import { fenceAndConnect, simWorld } from './world.js';

describe('a snapshot', () => {
  it('of one server does not start another', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1', { machine: 'web-2', server: 'web-2' }));
    const proof = await fenceAndConnect(world, 'd1');
    expect(await world.codeOf(world.resume('spare-1', 's-1', 'd1', proof))).toBe('refused');
  });

  it('does not start on a machine with less memory', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    const { active, backup, drives } = world.rig;
    const small = { ...backup, memoryBytes: active.memoryBytes - 1 };
    await world.rig.driver.open({ machines: [active, small], drives }).close();
    const proof = await fenceAndConnect(world, 'd1');
    expect(await world.codeOf(world.resume('spare-1', 's-1', 'd1', proof))).toBe('refused');
  });

  it('is as large as the server, not as the machine that it was taken on', async () => {
    const world = await simWorld();
    const before = await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    const after = await world.run(world.snapshot('s-2', 'd2', { machine: 'spare-1' }));
    expect([after.memoryBytes, after.diskBytes]).toEqual([before.memoryBytes, before.diskBytes]);
  });

  it('cannot take the id of another server’s', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1', { machine: 'web-2', server: 'web-2' }));
    expect(await world.codeOf(world.snapshot('s-1', 'd1'))).toBe('refused');
  });
});
