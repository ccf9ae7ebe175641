import { describe, expect, it } from 'vitest';

import { simDriver } from '../../../src/hw/sim/index.js';
import { createVirtualClock } from '../../../src/virtual-clock.js';
import type { MachineHandle } from '../../../src/hw/contract.js';
import { settlePromises } from './rig.js';
import { fenceAndConnect, simWorld, type World } from './world.js';

/** Orders something of a machine and is dead before it hears the answer: the caller's own time stands still. */
async function orderAndDie(
  { rig }: World,
  machine: string,
  order: (machine: MachineHandle) => Promise<unknown> | undefined,
): Promise<void> {
  const driver = simDriver({ holder: rig.holder, clock: createVirtualClock() });
  const open = driver.open({ machines: [rig.active, rig.bystander, rig.backup], drives: rig.drives });
  void order(open.machine(machine));
  await settlePromises();
}

function snapshotAndDie(world: World): Promise<void> {
  const order = { operation: 'op-1', signal: world.signal, snapshot: 's-1', server: 'web-1', drive: 'd1' };
  return orderAndDie(world, 'web-1', ({ memory }) => memory?.snapshot(order));
}

describe('a snapshot whose caller was killed', () => {
  it('becomes complete, and is found when it is ordered again', async () => {
    const world = await simWorld();
    await snapshotAndDie(world);
    await world.rig.pass(10_000);
    const written = await world.run(world.storage('d1').inspect('s-1', world.signal));
    expect(await world.run(world.snapshot('s-1', 'd1'))).toEqual(written);
  });

  it('starts over when it is ordered again before it is complete', async () => {
    const world = await simWorld();
    await snapshotAndDie(world);
    await world.rig.pass(200);
    const orderedAt = world.rig.clock.now();
    const { takenAtMs } = await world.run(world.snapshot('s-1', 'd1'));
    expect(takenAtMs).toBeGreaterThanOrEqual(orderedAt);
    expect((await world.rack()).drives.flatMap(({ snapshots }) => snapshots)).toHaveLength(1);
  });

  it('leaves remains when it broke off, which the next order replaces and needs no space beside', async () => {
    const world = await simWorld();
    await world.control.apply({ kind: 'fill-drive', drive: 'd1', freeBytes: 6 * 2 ** 30 });
    await snapshotAndDie(world);
    await world.rig.pass(200);
    await world.control.apply({ kind: 'power-cut', machine: 'web-1' });
    await world.rig.pass(10_000);
    expect(await world.run(world.storage('d1').inspect('s-1', world.signal))).toBe('partial');
    await world.control.apply({ kind: 'power-restore', machine: 'web-1', start: true });
    await world.rig.pass(1_000);
    await world.run(world.snapshot('s-1', 'd1'));
    expect(await world.run(world.storage('d1').verify('s-1', world.signal))).toBe('ok');
  });
});

describe('a start whose caller was killed', () => {
  it('goes on, and is found when it is ordered again', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    const order = {
      operation: 'op-1',
      signal: world.signal,
      snapshot: 's-1',
      server: 'web-1',
      drive: 'd1',
      proof,
    };
    await orderAndDie(world, 'spare-1', ({ memory }) => memory?.resume(order));
    await world.rig.pass(5_000);
    const before = await world.control.memoryOf('spare-1');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    const after = await world.control.memoryOf('spare-1');
    expect(after?.ticks).toBeGreaterThanOrEqual(before?.ticks ?? Infinity);
    expect((await world.rack()).log.filter(({ change }) => change === 'start')).toHaveLength(3);
  });
});

describe('a start that is given up half way', () => {
  it('leaves the machine off', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    const giveUp = new AbortController();
    const resumed = world.memory('spare-1').resume({
      operation: 'op-1',
      signal: giveUp.signal,
      snapshot: 's-1',
      server: 'web-1',
      drive: 'd1',
      proof,
    });
    resumed.catch(() => undefined);
    await world.rig.pass(100);
    expect(await world.control.memoryOf('spare-1')).not.toBeNull();
    giveUp.abort(new Error('deadline'));
    expect(await world.codeOf(resumed)).toBe('aborted');
    await world.rig.pass(5_000);
    expect(await world.run(world.state('spare-1'))).toBe('off');
  });
});
