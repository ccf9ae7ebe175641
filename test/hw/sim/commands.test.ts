import { describe, expect, it } from 'vitest';

import type { RackCommand } from '../../../src/hw/sim/index.js';
import { fenceAndConnect, simWorld } from './world.js';

describe('a power cut', () => {
  it('turns the machine off and keeps it from being started', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.control.apply({ kind: 'power-cut', machine: 'spare-1' });
    await world.control.apply({ kind: 'power-cut', machine: 'web-1' });
    expect(await world.run(world.state('web-1'))).toBe('off');
    const proof = await fenceAndConnect(world, 'd1');
    expect(await world.codeOf(world.resume('spare-1', 's-1', 'd1', proof))).toBe('refused');
  });

  it('loses the memory and keeps the disk as it was', async () => {
    const world = await simWorld();
    await world.rig.pass(1_000);
    const before = await world.control.diskOf('disk-1');
    await world.control.apply({ kind: 'power-cut', machine: 'web-1' });
    await world.rig.pass(1_000);
    expect(await world.control.memoryOf('web-1')).toBeNull();
    expect(await world.control.diskOf('disk-1')).toEqual(before);
  });

  it('leaves remains of the snapshot that was being written, which its caller removes', async () => {
    const world = await simWorld();
    const snapshot = world.codeOf(world.snapshot('s-1', 'd1'));
    await world.rig.pass(200);
    await world.control.apply({ kind: 'power-cut', machine: 'web-1' });
    expect(await world.run(world.storage('d1').inspect('s-1', world.signal))).toBe('partial');
    expect(await snapshot).toBe('refused');
    expect(await world.run(world.storage('d1').inspect('s-1', world.signal))).toBe('absent');
  });

  it('leaves the machine off when power is back, unless it is to start', async () => {
    const world = await simWorld();
    await world.control.apply({ kind: 'power-cut', machine: 'web-1' });
    await world.control.apply({ kind: 'power-restore', machine: 'web-1', start: false });
    expect(await world.run(world.state('web-1'))).toBe('off');
  });

  it('is followed by a boot from the disk when the machine is to start', async () => {
    const world = await simWorld();
    await world.rig.pass(1_000);
    await world.control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'lost' });
    const before = await world.control.memoryOf('web-1');
    await world.control.apply({ kind: 'power-cut', machine: 'web-1' });
    await world.control.apply({ kind: 'power-restore', machine: 'web-1', start: true });
    const after = await world.control.memoryOf('web-1');
    expect(after).toMatchObject({ ticks: 0, writes: before?.writes, marks: [] });
    expect(after?.boot).not.toBe(before?.boot);
  });

  it('ends a machine that would have come back by itself', async () => {
    const world = await simWorld();
    await world.misbehave('web-1', 'comes-back=2000');
    await world.run(world.off('web-1'));
    await world.rig.pass(100);
    await world.control.apply({ kind: 'power-cut', machine: 'web-1' });
    await world.rig.pass(10_000);
    expect(await world.run(world.state('web-1'))).toBe('off');
  });
});

describe('a panic', () => {
  it('stops the server and leaves the machine on', async () => {
    const world = await simWorld();
    await world.rig.pass(1_000);
    await world.control.apply({ kind: 'panic', machine: 'web-1' });
    const before = await world.control.memoryOf('web-1');
    const guest = await world.run(world.power('web-1').guest(world.signal));
    await world.rig.pass(5_000);
    expect(await world.run(world.state('web-1'))).toBe('on');
    expect(await world.control.memoryOf('web-1')).toEqual(before);
    expect(await world.run(world.power('web-1').guest(world.signal))).toEqual(guest);
    expect(await world.control.machinesRunning('web-1')).toEqual([]);
  });

  it('leaves nothing to take a snapshot of', async () => {
    const world = await simWorld();
    await world.control.apply({ kind: 'panic', machine: 'web-1' });
    expect(await world.codeOf(world.snapshot('s-1', 'd1'))).toBe('refused');
  });
});

describe('a mark in memory', () => {
  it('is in the snapshots taken after it and not in those before', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'leak' });
    await world.run(world.snapshot('s-2', 'd2'));
    expect((await world.control.snapshotOf('d1', 's-1'))?.memory?.marks).toEqual([]);
    expect((await world.control.snapshotOf('d2', 's-2'))?.memory?.marks).toEqual(['leak']);
  });

  it.each([
    ['s-1', 'd1', []],
    ['s-2', 'd2', ['leak']],
  ])('comes back, or not, with the memory of %s', async (snapshot, drive, marks) => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'leak' });
    await world.run(world.snapshot('s-2', 'd2'));
    const proof = await fenceAndConnect(world, drive);
    await world.run(world.resume('spare-1', snapshot, drive, proof));
    expect((await world.control.memoryOf('spare-1'))?.marks).toEqual(marks);
  });
});

describe('a failed drive', () => {
  it('stops the server that runs from it', async () => {
    const world = await simWorld();
    await world.control.apply({ kind: 'set-health', drive: 'disk-1', health: 'failed' });
    expect(await world.control.machinesRunning('web-1')).toEqual([]);
    expect(await world.control.machinesRunning('web-2')).toEqual(['web-2']);
  });

  it('breaks off the snapshot being written to it', async () => {
    const world = await simWorld();
    const snapshot = world.codeOf(world.snapshot('s-1', 'd1'));
    await world.rig.pass(200);
    await world.control.apply({ kind: 'set-health', drive: 'd1', health: 'failed' });
    expect(await snapshot).toBe('drive-failed');
  });

  it('takes no snapshot, no connection and no discard', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.control.apply({ kind: 'set-health', drive: 'd1', health: 'failed' });
    const discarded = world
      .storage('d1')
      .discard({ operation: 'op-1', signal: world.signal, snapshot: 's-1' });
    expect(await world.codeOf(discarded)).toBe('drive-failed');
    expect(await world.codeOf(world.snapshot('s-2', 'd1'))).toBe('drive-failed');
    expect(await world.codeOf(world.connect('d1', 'spare-1'))).toBe('drive-failed');
    expect(await world.codeOf(world.storage('d1').verify('s-1', world.signal))).toBe('drive-failed');
  });

  it('only tells when it is merely degraded', async () => {
    const world = await simWorld();
    await world.control.apply({ kind: 'set-health', drive: 'd1', health: 'degraded' });
    await world.run(world.snapshot('s-1', 'd1'));
    const { health } = await world.run(world.storage('d1').status(world.signal));
    expect(health).toBe('degraded');
  });
});

describe('a drive that was filled', () => {
  it('says how much is free and takes no snapshot that is larger', async () => {
    const world = await simWorld();
    await world.control.apply({ kind: 'fill-drive', drive: 'd1', freeBytes: 1_000 });
    const { freeBytes } = await world.run(world.storage('d1').status(world.signal));
    expect(freeBytes).toBe(1_000);
    expect(await world.codeOf(world.snapshot('s-1', 'd1'))).toBe('no-space');
  });
});

describe('a damaged snapshot', () => {
  it('is found by verify and by nothing else before it runs', async () => {
    const world = await simWorld();
    const manifest = await world.run(world.snapshot('s-1', 'd1'));
    const sound = await world.control.snapshotOf('d1', 's-1');
    await world.control.apply({ kind: 'damage-snapshot', drive: 'd1', snapshot: 's-1' });
    expect(await world.run(world.storage('d1').inspect('s-1', world.signal))).toEqual(manifest);
    expect(await world.run(world.storage('d1').verify('s-1', world.signal))).toBe('damaged');
    expect(await world.control.snapshotOf('d1', 's-1')).not.toEqual(sound);
  });

  it('runs with the wrong memory when it is started all the same', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.control.apply({ kind: 'damage-snapshot', drive: 'd1', snapshot: 's-1' });
    const proof = await fenceAndConnect(world, 'd1');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    const memory = await world.control.memoryOf('spare-1');
    expect(memory?.ticks).not.toBe(memory?.writes);
  });
});

describe('a cut path', () => {
  it('stops the server whose disk lies behind it', async () => {
    const world = await simWorld();
    await world.control.apply({ kind: 'cut-path', machine: 'web-1', device: 'array-1' });
    expect(await world.control.machinesRunning('web-1')).toEqual([]);
  });

  it('breaks off the snapshot that goes over it', async () => {
    const world = await simWorld();
    const snapshot = world.codeOf(world.snapshot('s-1', 'd2'));
    await world.rig.pass(200);
    await world.control.apply({ kind: 'cut-path', machine: 'web-1', device: 'array-2' });
    expect(await snapshot).toBe('no-path');
  });

  it('keeps a backup from being connected until it is restored', async () => {
    const world = await simWorld();
    await world.control.apply({ kind: 'cut-path', machine: 'spare-1', device: 'array-1' });
    expect(await world.codeOf(world.connect('d1', 'spare-1'))).toBe('no-path');
    await world.control.apply({ kind: 'restore-path', machine: 'spare-1', device: 'array-1' });
    await world.run(world.connect('d1', 'spare-1'));
  });
});

describe('access taken away', () => {
  it('stops the server that runs from the drive, and its disk stays as it was', async () => {
    const world = await simWorld();
    await world.rig.pass(1_000);
    await world.run(world.disconnect('disk-1', 'web-1'));
    const disk = await world.control.diskOf('disk-1');
    await world.rig.pass(1_000);
    await world.run(world.off('web-1'));
    expect(await world.control.diskOf('disk-1')).toEqual(disk);
    expect((await world.rack()).violations).toEqual([]);
  });
});

describe('a command', () => {
  it.each<RackCommand>([
    { kind: 'power-cut', machine: 'no-one' },
    { kind: 'panic', machine: 'd1' },
    { kind: 'set-health', drive: 'web-1', health: 'failed' },
    { kind: 'clear-faults', target: 'no-one' },
  ])('about what the rack does not have changes nothing: %o', async (order) => {
    const world = await simWorld();
    const before = await world.rack();
    await expect(world.control.apply(order)).rejects.toMatchObject({ code: 'unknown-name' });
    expect(await world.rack()).toEqual(before);
  });

  it('cannot damage a snapshot that is not there', async () => {
    const world = await simWorld();
    const damage = world.control.apply({ kind: 'damage-snapshot', drive: 'd1', snapshot: 's-1' });
    await expect(damage).rejects.toMatchObject({ code: 'absent', subject: 's-1' });
  });
});
