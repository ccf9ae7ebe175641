/** The negative control: a guest whose memory and disk are not of one instant says so. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { describeSuite } from '../../support/require.js';
import { waitForConsole } from './support/console.js';
import { QEMU } from './support/needs.js';
import { removeGolden } from './support/site.js';
import { createWorld, type World } from './support/world.js';

describeSuite('the guest of these tests', QEMU, () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
    await world.snapshot('earlier', 'd1');
    await world.goesOn('web-1');
    await world.snapshot('later', 'd1');
  });
  afterEach(() => world.close());
  afterAll(removeGolden);

  it('finds nothing when memory and disk are of one instant', async () => {
    await world.wake('earlier', 'd1');
    const woken = await world.goesOn('spare-1');
    expect([woken.disagreements, woken.badChecks]).toEqual([[], 0]);
  });

  it('finds the disagreement when the disk is of a later instant than the memory', async () => {
    const manifest = (id: string): string =>
      join(world.site.folder, 'd1/rekindle/snapshots', id, 'manifest.json');
    const read = (id: string) => JSON.parse(readFileSync(manifest(id), 'utf8')) as Record<string, unknown>;
    writeFileSync(manifest('earlier'), JSON.stringify({ ...read('earlier'), layers: read('later').layers }));
    await world.wake('earlier', 'd1');
    const woken = await waitForConsole(
      world.site.consoleOf('spare-1'),
      ({ disagreements, badChecks }) => disagreements.length > 0 && badChecks > 0,
      'a guest that finds its disk to be another one',
    );
    expect(woken.boots).toBe(0);
  });
});
