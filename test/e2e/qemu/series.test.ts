/** Snapshots in a row, on real QEMU: what moves, what stays, and that each of them can be woken. */
import { afterAll, afterEach, expect, it } from 'vitest';
import { describeSuite } from '../../support/require.js';
import { hardwareCode } from '../../hw/driver-contract.js';
import { QEMU } from './support/needs.js';
import { MiB } from './support/qemu.js';
import { removeGolden } from './support/site.js';
import { createWorld, type World } from './support/world.js';

const NEVER = new AbortController().signal;

describeSuite('snapshots of a QEMU machine in a row', QEMU, () => {
  let world: World | null = null;
  afterEach(async () => {
    await world?.close();
    world = null;
  });
  afterAll(removeGolden);

  it('alternate between two drives ten times, move only what changed, and each drive wakes', async () => {
    world = await createWorld();
    const sizes: number[] = [];
    for (let number = 1; number <= 10; number += 1) {
      const drive = number % 2 === 0 ? 'd2' : 'd1';
      sizes.push((await world.snapshot(`s-${number}`, drive)).diskBytes);
      expect(await world.storage(drive).verify(`s-${number}`, NEVER)).toBe('ok');
    }
    // The first on a drive is a whole copy; a guest that writes 2 MiB again and again changes at most those.
    expect(Math.max(...sizes.slice(2))).toBeLessThan(4 * MiB);
    for (let number = 1; number <= 10; number += 1) {
      const drive = number % 2 === 0 ? 'd2' : 'd1';
      expect(await world.storage(drive).verify(`s-${number}`, NEVER)).toBe('ok');
    }
    const server = await world.goesOn('web-1');
    expect([server.disagreements, server.badChecks]).toEqual([[], 0]);

    await world.wake('s-9', 'd1');
    const woken = await world.goesOn('spare-1');
    expect([woken.disagreements, woken.badChecks, woken.boots]).toEqual([[], 0, 0]);
    expect(woken.goodChecks).toBeGreaterThan(0);
    expect(woken.ticks[0]?.tick).toBeLessThan(server.ticks.at(-1)?.tick ?? 0);
  });

  it('can be given up in the middle of a series; the next one is whole', async () => {
    world = await createWorld();
    await world.snapshot('s-1', 'd1');
    await world.snapshot('s-2', 'd1');
    await world.storage('d1').discard({ operation: 'op', signal: NEVER, snapshot: 's-1' });
    await world.snapshot('s-3', 'd1');
    expect(await world.storage('d1').inspect('s-1', NEVER)).toBe('absent');
    await world.storage('d1').discard({ operation: 'op', signal: NEVER, snapshot: 's-2' });
    expect(await world.storage('d1').verify('s-3', NEVER)).toBe('ok');
    await world.wake('s-3', 'd1');
    const woken = await world.goesOn('spare-1');
    expect([woken.disagreements, woken.badChecks]).toEqual([[], 0]);
  });

  it('go on after a takeover, on the machine that runs the server now', async () => {
    world = await createWorld();
    await world.snapshot('s-1', 'd1');
    await world.wake('s-1', 'd1');
    await world.goesOn('spare-1');
    const order = { operation: 'op-2', signal: NEVER, snapshot: 's-2', server: 'web-1', drive: 'd2' };
    expect((await world.memory('spare-1').snapshot(order)).diskBytes).toBeLessThan(8 * MiB);
    expect(await world.storage('d2').verify('s-2', NEVER)).toBe('ok');
  });

  it('are not taken for nobody: without a backup that could wake them, they are refused', async () => {
    world = await createWorld({ backup: { memoryBytes: 64 * MiB } });
    expect(await hardwareCode(world.snapshot('s-1', 'd1'))).toBe('unsupported');
    await expect(world.snapshot('s-1', 'd1')).rejects.toThrow(/spare-1: it has 64 MiB of memory/);
    await world.goesOn('web-1');
  });
});
