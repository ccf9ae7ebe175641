/** A backup that holds a snapshot ready, on real QEMU. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { describeSuite } from '../../support/require.js';
import { hardwareCode } from '../../hw/driver-contract.js';
import { QEMU } from './support/needs.js';
import { removeGolden } from './support/site.js';
import { createWorld, type World } from './support/world.js';

const NEVER = new AbortController().signal;

describeSuite('an armed QEMU machine', QEMU, () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.close());
  afterAll(removeGolden);

  const arm = (snapshot: string, drive: string): Promise<void> =>
    world.standby('spare-1').arm({ operation: 'op', signal: NEVER, server: 'web-1', snapshot, drive });

  it('runs nothing and counts as off', async () => {
    await world.snapshot('s-1', 'd1');
    await arm('s-1', 'd1');
    expect(await world.standby('spare-1').armed(NEVER)).toBe('s-1');
    expect(await world.power('spare-1').state(NEVER)).toBe('off');
    expect(await world.power('spare-1').guest(NEVER)).toBeNull();
  });

  it('goes on from what it holds when it is let run', async () => {
    await world.snapshot('s-1', 'd1');
    await arm('s-1', 'd1');
    const held = world.site.pidOf('spare-1');
    await world.goesOn('web-1');
    await world.wake('s-1', 'd1');
    const woken = await world.goesOn('spare-1');
    expect([woken.disagreements, woken.badChecks, world.site.pidOf('spare-1')]).toEqual([[], 0, held]);
  });

  it('takes over the newer snapshot when it is told to', async () => {
    await world.snapshot('s-1', 'd1');
    await arm('s-1', 'd1');
    await world.snapshot('s-2', 'd2');
    await arm('s-2', 'd2');
    expect(await world.standby('spare-1').armed(NEVER)).toBe('s-2');
  });

  it('lets go when it is told to, and of a snapshot that is discarded', async () => {
    await world.snapshot('s-1', 'd1');
    await arm('s-1', 'd1');
    await world.standby('spare-1').disarm({ operation: 'op', signal: NEVER });
    expect(await world.standby('spare-1').armed(NEVER)).toBeNull();
    await arm('s-1', 'd1');
    await world.storage('d1').discard({ operation: 'op', signal: NEVER, snapshot: 's-1' });
    expect(await world.standby('spare-1').armed(NEVER)).toBeNull();
  });

  it('wakes another snapshot than the one it holds from the drive', async () => {
    await world.snapshot('s-1', 'd1');
    await world.snapshot('s-2', 'd2');
    await arm('s-2', 'd2');
    await world.wake('s-1', 'd1');
    const woken = await world.goesOn('spare-1');
    expect([woken.disagreements, await world.standby('spare-1').armed(NEVER)]).toEqual([[], null]);
  });

  it('stops loading when another snapshot is to be woken there', async () => {
    await world.snapshot('s-1', 'd1');
    await world.snapshot('s-2', 'd2');
    const order = { operation: 'op', signal: NEVER, server: 'web-1', snapshot: 's-2', drive: 'd2' };
    const proof = await world.fence();
    await world.storage('d2').connect({ operation: 'op', signal: NEVER, machine: 'spare-1' });
    const arming = hardwareCode(arm('s-1', 'd1'));
    await world.memory('spare-1').resume({ ...order, proof });
    expect(await arming).toBe('aborted');
    const woken = await world.goesOn('spare-1');
    expect([woken.disagreements, await world.standby('spare-1').armed(NEVER)]).toEqual([[], null]);
  });

  it('holds nothing whose bytes are not what was stored', async () => {
    await world.snapshot('s-1', 'd1');
    // The file is of the right length, and QEMU may well load it.
    const memory = join(world.site.folder, 'd1/rekindle/snapshots/s-1/memory');
    const bytes = readFileSync(memory);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    writeFileSync(memory, bytes);
    expect(await hardwareCode(arm('s-1', 'd1'))).toBe('damaged');
    expect(await world.standby('spare-1').armed(NEVER)).toBeNull();
    expect(readdirSync(join(world.site.folder, 'd1/rekindle/runs'))).toEqual([]);
  });

  it('is no place to stand by when it runs a server', async () => {
    await world.snapshot('s-1', 'd1');
    const refused = world
      .standby('web-1')
      .arm({ operation: 'op', signal: NEVER, server: 'web-1', snapshot: 's-1', drive: 'd1' });
    expect(await hardwareCode(refused)).toBe('refused');
    await world.goesOn('web-1');
  });
});
